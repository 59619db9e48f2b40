"""The recipe without a server: signatures, rights and error numbers, from requests written out by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palma_wizard.practice.hitbtc import PRIVATE, ApiKey, Right, answer
from palma_wizard.practice.wire import Request

NOW = 1_760_000_000_000
KEY = "made-up-key-of-32-characters-0001"
SECRET = "made-up-secret-of-32-characters-1"
ALL_RIGHTS = frozenset(Right)
HOLDER = ApiKey(KEY, SECRET, ALL_RIGHTS)
BALANCE = "/api/3/spot/balance"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def signature(message: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def signed(target: str, at: int = NOW, window: str = "", method: str = "GET", secret: str = SECRET) -> str:
    parts = [KEY, signature(f"{method}{target}{at}{window}", secret), str(at)] + ([window] if window else [])
    return "HS256 " + encoded(":".join(parts))


def basic(key: str = KEY, secret: str = SECRET) -> str:
    return "Basic " + encoded(f"{key}:{secret}")


def asked(target: str, authorization: str | None, method: str = "GET") -> Request:
    return Request(method, target, {} if authorization is None else {"authorization": authorization})


def ask(target: str, authorization: str | None, holder: ApiKey = HOLDER, method: str = "GET") -> tuple[int, int]:
    """The HTTP status, and the number of the error or 0."""
    reply = answer(asked(target, authorization, method), {holder.key: holder}, NOW)
    document = json.loads(reply.body)
    if reply.status == 200:
        return 200, 0
    assert set(document) == {"error"}
    assert set(document["error"]) == {"code", "message", "description"}
    return reply.status, document["error"]["code"]


OK = (200, 0)
UNAUTHORIZED = (401, 1002)
FORBIDDEN = (403, 1003)


def test_a_signature_printed_beforehand_is_accepted() -> None:
    # printf %s GET/api/3/spot/balance1760000000000 | openssl sha256 -hmac made-up-secret-of-32-characters-1
    printed = "df9f4779eae64b85b5c59c67bab6b7ad4297158f62123a51c992dbe1de1c179c"
    assert ask(BALANCE, "HS256 " + encoded(f"{KEY}:{printed}:{NOW}")) == OK


@pytest.mark.parametrize(
    "target, authorization, expected",
    [
        pytest.param(BALANCE, signed(BALANCE), OK, id="signed"),
        pytest.param(BALANCE, basic(), OK, id="basic on v3"),
        pytest.param("/api/2/trading/balance", basic(), OK, id="basic on v2"),
        pytest.param(BALANCE, "hs256" + signed(BALANCE)[5:], OK, id="scheme in small letters"),
        pytest.param(f"{BALANCE}?a=1&b=%20x", signed(f"{BALANCE}?a=1&b=%20x"), OK, id="query signed as sent"),
        pytest.param(f"{BALANCE}?a=1", signed(BALANCE), UNAUTHORIZED, id="query not signed"),
        pytest.param(f"{BALANCE}?a=1", signed(f"{BALANCE}a=1"), UNAUTHORIZED, id="query signed without its mark"),
        pytest.param(f"{BALANCE}?b=%20x", signed(f"{BALANCE}?b= x"), UNAUTHORIZED, id="query signed decoded"),
        pytest.param(BALANCE, signed(BALANCE, method="POST"), UNAUTHORIZED, id="another method signed"),
        pytest.param(BALANCE, signed(BALANCE, method="get"), UNAUTHORIZED, id="method in small letters"),
        pytest.param(BALANCE, signed("/spot/balance"), UNAUTHORIZED, id="path without /api/3"),
        pytest.param(BALANCE, signed("/api/3/spot/order"), UNAUTHORIZED, id="another path signed"),
        pytest.param(BALANCE, signed(BALANCE, secret="x" * 32), UNAUTHORIZED, id="another secret"),
        pytest.param(BALANCE, basic(secret="x" * 32), UNAUTHORIZED, id="basic with another secret"),
        pytest.param(BALANCE, basic(key="x" * 32), UNAUTHORIZED, id="basic with an unknown key"),
        pytest.param(BALANCE, basic(key=SECRET, secret=KEY), UNAUTHORIZED, id="key and secret swapped"),
        pytest.param(BALANCE, basic(secret=""), UNAUTHORIZED, id="empty secret"),
        pytest.param(BALANCE, basic("x", "no such key"), UNAUTHORIZED, id="the stand-in for no key"),
        pytest.param(BALANCE, None, (401, 1001), id="no header"),
        pytest.param(BALANCE, "", (401, 1001), id="empty header"),
        pytest.param(BALANCE, "Bearer abc", (401, 1004), id="another scheme"),
        pytest.param(BALANCE, KEY, (401, 1004), id="a bare key"),
        pytest.param("/api/2/order", signed("/api/2/order"), (401, 1004), id="signed on v2"),
        pytest.param(BALANCE, "HS256", UNAUTHORIZED, id="scheme alone"),
        pytest.param(BALANCE, "Basic", UNAUTHORIZED, id="basic alone"),
        pytest.param(BALANCE, "HS256 !!!", UNAUTHORIZED, id="not base64"),
        pytest.param(BALANCE, basic()[:9] + "*" + basic()[9:], UNAUTHORIZED, id="more than base64"),
        pytest.param(
            BALANCE,
            "HS256 " + encoded(f"{KEY}:{signature(f'GET{BALANCE}{NOW}10001')}:{NOW}:1000:1"),
            UNAUTHORIZED,
            id="a part too many",
        ),
        pytest.param(BALANCE, "HS256 " + base64.b64encode(b"\xff\xfe:").decode(), UNAUTHORIZED, id="not utf-8"),
        pytest.param(BALANCE, "Basic \u20ac", UNAUTHORIZED, id="not ascii"),
        pytest.param(BALANCE, "Basic " + encoded("nocolon"), UNAUTHORIZED, id="no colon"),
        pytest.param(BALANCE, "HS256 " + encoded(f"{KEY}:abc"), UNAUTHORIZED, id="no timestamp"),
        pytest.param(BALANCE, "HS256 " + encoded(f"{KEY}:\u00e9:{NOW}"), UNAUTHORIZED, id="signature not ascii"),
        pytest.param(
            BALANCE,
            "HS256 " + encoded(f"{KEY}:{signature(f'GET{BALANCE}{NOW}').upper()}:{NOW}"),
            UNAUTHORIZED,
            id="signature in capitals",
        ),
        pytest.param(
            BALANCE,
            "HS256 " + encoded(f"{KEY}:{signature(f'GET{BALANCE}{NOW}')}:{NOW}:5000"),
            UNAUTHORIZED,
            id="window not signed",
        ),
        pytest.param(
            BALANCE,
            "HS256 " + encoded(f"{KEY}:{signature(f'GET{BALANCE}soon')}:soon"),
            UNAUTHORIZED,
            id="timestamp not a number",
        ),
        pytest.param(BALANCE, signed(BALANCE, NOW // 1000), UNAUTHORIZED, id="timestamp in seconds"),
        pytest.param(BALANCE, signed(BALANCE, window="5000") + "\t", OK, id="white space behind"),
        pytest.param("/api/3/spot/nothing", basic(), (404, 800), id="unknown call"),
        pytest.param("/api/3/spot%2Fbalance", basic(), (404, 800), id="another spelling of a path"),
        pytest.param("/api/4/spot/balance", basic(), (404, 800), id="unknown version"),
        pytest.param("/api/", basic(), (404, 800), id="nothing asked"),
    ],
)
def test_a_call_is_let_in_or_turned_down_by_its_header(
    target: str, authorization: str | None, expected: tuple[int, int]
) -> None:
    assert ask(target, authorization) == expected


@pytest.mark.parametrize(
    "off_by, window, expected",
    [
        (10_000, "", OK),
        (-10_000, "", OK),
        (10_001, "", UNAUTHORIZED),
        (-10_001, "", UNAUTHORIZED),
        (50, "50", OK),
        (51, "50", UNAUTHORIZED),
        (30_000, "60000", OK),
        (-60_001, "999999999", UNAUTHORIZED),
    ],
)
def test_a_timestamp_counts_only_within_its_window(off_by: int, window: str, expected: tuple[int, int]) -> None:
    assert ask(BALANCE, signed(BALANCE, NOW + off_by, window)) == expected


def test_a_wrong_key_and_a_wrong_secret_get_the_very_same_reply() -> None:
    wrong_secret = answer(asked(BALANCE, signed(BALANCE, secret="x")), {KEY: HOLDER}, NOW)
    wrong_key = answer(asked(BALANCE, signed(BALANCE)), {}, NOW)
    assert wrong_key == wrong_secret


@given(st.one_of(st.none(), st.text(), st.builds("{} {}".format, st.sampled_from(["HS256", "Basic"]), st.text())))
def test_no_header_whatever_opens_or_breaks_it(header: str | None) -> None:
    assert ask(BALANCE, header) in [(401, 1001), (401, 1002), (401, 1004)]


@given(st.sampled_from(["HS256", "Basic"]), st.binary(), st.text(alphabet=":0123456789abcdef"))
def test_no_content_of_a_header_opens_or_breaks_it(scheme: str, content: bytes, behind: str) -> None:
    for value in (content, f"{KEY}:{behind}".encode(), f"{KEY}:".encode() + content):
        assert ask(BALANCE, f"{scheme} {base64.b64encode(value).decode()}") == UNAUTHORIZED


NEEDS = {
    "/api/3/user/api-keys": None,
    "/api/3/sub-account": None,
    "/api/3/spot/balance": Right.READ,
    "/api/3/spot/history/order": Right.READ,
    "/api/3/spot/history/trade": Right.READ,
    "/api/3/spot/order": Right.TRADE,
    "/api/3/spot/fee": Right.TRADE,
    "/api/3/wallet/balance": Right.PAYMENT,
    "/api/3/wallet/transactions": Right.PAYMENT,
    "/api/2/sub-acc": None,
    "/api/2/trading/balance": Right.READ,
    "/api/2/history/order": Right.READ,
    "/api/2/history/trades": Right.READ,
    "/api/2/order": Right.TRADE,
    "/api/2/account/balance": Right.PAYMENT,
    "/api/2/account/transactions": Right.PAYMENT,
    "/api/2/account/crypto/estimate-withdraw?currency=BTC&amount=0.01": Right.WITHDRAW,
}


def test_the_table_of_rights_names_every_private_call() -> None:
    assert {target.partition("?")[0].removeprefix("/api/") for target in NEEDS} == set(PRIVATE)


@pytest.mark.parametrize("target", NEEDS)
def test_a_call_needs_its_own_right_and_no_other(target: str) -> None:
    right = NEEDS[target]
    only = replace(HOLDER, rights=frozenset() if right is None else frozenset({right}))
    assert ask(target, basic(), only) == OK
    if right is not None:
        assert ask(target, basic(), replace(HOLDER, rights=ALL_RIGHTS - {right})) == FORBIDDEN


@pytest.mark.parametrize("target", NEEDS)
@pytest.mark.parametrize(
    "change, expected",
    [
        ({"confirmed": False}, FORBIDDEN),
        ({"active": False}, FORBIDDEN),
        ({"allowed_ips": ("46.19.9.48",)}, FORBIDDEN),
        ({"allowed_ips": ("2001:db8::7",)}, FORBIDDEN),
        ({"allowed_ips": ("46.19.9.48", "203.0.113.7")}, OK),
    ],
)
def test_a_key_works_only_when_active_and_from_its_addresses(
    target: str, change: dict[str, object], expected: tuple[int, int]
) -> None:
    assert ask(target, basic(), replace(HOLDER, **change)) == expected  # type: ignore[arg-type]


def test_a_key_that_is_not_known_never_learns_about_addresses() -> None:
    assert ask(BALANCE, basic(secret="x"), replace(HOLDER, allowed_ips=("46.19.9.48",))) == UNAUTHORIZED


@pytest.mark.parametrize(
    "target, expected",
    [
        ("/api/3/public/symbol/BTCUSDT", OK),
        ("/api/3/public/ticker/BTCUSDT", OK),
        ("/api/3/public/currency/BTC", OK),
        ("/api/2/public/symbol/ETHBTC", OK),
        ("/api/2/public/ticker/ETHBTC", OK),
        ("/api/2/public/currency/BTC", OK),
        ("/api/3/public/symbol/NONE", (400, 2001)),
        ("/api/3/public/currency/NONE", (400, 2002)),
        ("/api/3/public/symbol", OK),
        ("/api/3/public/currency", OK),
        ("/api/2/public/symbol", OK),
        ("/api/3/public/nothing", (404, 800)),
        ("/api/3/public/symbol/BTCUSDT/more", (404, 800)),
        ("/api/9/public/symbol/BTCUSDT", (404, 800)),
        ("/api/3/public/", (404, 800)),
    ],
)
def test_public_calls_need_no_key(target: str, expected: tuple[int, int]) -> None:
    assert ask(target, None) == expected


@pytest.mark.parametrize(
    "query, expected",
    [
        ("", (400, 10001)),
        ("?currency=BTC", (400, 10001)),
        ("?currency=BTC&amount=0", (400, 10001)),
        ("?currency=BTC&amount=-1", (400, 10001)),
        ("?currency=BTC&amount=1e3", (400, 10001)),
        ("?amount=0.01", (400, 2002)),
        ("?currency=NONE&amount=0.01", (400, 2002)),
        ("?currency=BTC&amount=0.01", OK),
    ],
)
def test_an_estimate_looks_at_the_right_before_the_values(query: str, expected: tuple[int, int]) -> None:
    target = f"/api/2/account/crypto/estimate-withdraw{query}"
    assert ask(target, basic()) == expected
    assert ask(target, basic(), replace(HOLDER, rights=ALL_RIGHTS - {Right.WITHDRAW})) == FORBIDDEN


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", "BREW"])
def test_only_get_is_played(method: str) -> None:
    assert ask(BALANCE, basic(), method=method) == (405, 405)
    assert ask("/api/3/public/symbol/BTCUSDT", None, method=method) == (405, 405)


@pytest.mark.parametrize("target", ["/api/3/spot/balance", "/api/3/wallet/balance", "/api/2/trading/balance"])
def test_balances_are_lists_of_strings(target: str) -> None:
    reply = answer(asked(target, basic()), {KEY: HOLDER}, NOW)
    rows = json.loads(reply.body)
    assert rows
    for row in rows:
        assert {"currency", "available", "reserved"} <= set(row)
        assert all(isinstance(value, str) for value in row.values())


def test_a_key_shows_its_secret_in_no_repr() -> None:
    assert SECRET not in repr(HOLDER)
    assert signed(BALANCE) not in repr(asked(BALANCE, signed(BALANCE)))
