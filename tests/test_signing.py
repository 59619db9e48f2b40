"""Signing against what others made of the same keys: ccxt's own sign(), run without a network, and published vectors.

ccxt shares no line with this program, but it is Python too: HMAC, base64, JSON and percent encoding come from the same
standard library. What it shows is which text is signed, in which order and bytes, and where the signature goes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from palma_wizard.exchanges import Auth, Call, Credentials, Exchange, Moment, bitstamp, cex, hitbtc
from tests.oracle import ccxt

ROOT: Final = Path(__file__).parents[1]
VECTORS: Final = ROOT / "tests" / "vectors"
NEW: Final = "4.5.90"
OLD: Final = "1.50.1"
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

Theirs = Mapping[str, Any]
"""What ccxt's sign() returned: url, method, headers and body."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A call as ccxt is asked for it. `query` goes where ccxt puts it: behind the path of a GET, or into the body."""

    path: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way of signing. `own` has ccxt's path for each of our calls that are signed in this way."""

    version: str
    exchange: Exchange
    auth: Auth
    name: str
    agree: Callable[[Call, Credentials, Moment, Theirs], None]
    own: Mapping[str, Ask]
    others: tuple[Ask, ...]
    options: Mapping[str, str] = field(default_factory=dict)

    def job(self, ask: Ask, entry: Credentials, moment: Moment) -> dict[str, object]:
        """As tests/ccxt_client.py wants it."""
        return {
            "exchange": self.name,
            "path": ask.path,
            "api": "private",
            "method": ask.method,
            "params": dict(ask.query),
            "apiKey": self.text(entry.key),
            "secret": self.text(entry.secret),
            "uid": self.text(entry.user_id),
            # Both older schemes count: ccxt in milliseconds, we in seconds. Whatever ccxt is told, it takes as it is.
            "ms": moment.seconds if self.auth is Auth.OLDER else moment.ms,
            "uuid": moment.uuid,
            "options": dict(self.options),
        }

    def text(self, ours: str) -> str:
        """ccxt of 2021 signs Latin-1 and ends with an error beyond that.

        Here it gets each byte of our UTF-8 as a character of its own, and so has to sign the very bytes that we sign.
        That the exchanges take UTF-8 is thereby not shown; ccxt of today at least holds it so for all three.
        """
        return ours.encode().decode("latin-1") if self.version == OLD else ours


def ours_again(theirs: str) -> str:
    """Undoes Scheme.text() for the old ccxt."""
    return theirs.encode("latin-1").decode()


def ccxt_signs(version: str, jobs: Iterable[object]) -> list[Theirs]:
    """All jobs in one process: starting ccxt is what takes the time."""
    done = ccxt(version, "sign", list(jobs))
    assert done.returncode == 0, done.stderr
    signed: list[Theirs] = json.loads(done.stdout)
    return signed


def call_of(theirs: Theirs, auth: Auth) -> Call:
    """Our record of the call that ccxt signed: the same host, the same target, byte for byte."""
    url = urlsplit(theirs["url"])
    target = theirs["url"].removeprefix(f"https://{url.netloc}")
    return Call("any", url.netloc, target, auth, method=theirs["method"])


def hitbtc_hs256(call: Call, entry: Credentials, moment: Moment, theirs: Theirs) -> None:
    # None of our calls has a body, and ccxt gives all but GET one: "{}" at least. It signs it right behind the target,
    # so a target that ends with it must come to the same signature. A body of our own would need a look of its own.
    ours = hitbtc.sign(call._replace(target=call.target + (theirs["body"] or "")), entry, moment)
    assert {"Content-Type": JSON, **ours.headers} == theirs["headers"]  # the type describes no body, and is not signed
    assert ours.body == b""


def hitbtc_basic(call: Call, entry: Credentials, moment: Moment, theirs: Theirs) -> None:
    ours = hitbtc.sign(call, entry, moment)
    assert {"Content-Type": JSON, **ours.headers} == theirs["headers"]
    assert ours.body == b""


def bitstamp_recipe(
    entry: Credentials, theirs: Theirs, headers: Mapping[str, str], content_type: str, body: str
) -> str:
    message = (
        headers["X-Auth"]
        + theirs["method"]
        + theirs["url"].removeprefix("https://")
        + content_type
        + headers["X-Auth-Nonce"]
        + headers["X-Auth-Timestamp"]
        + headers["X-Auth-Version"]
        + body
    )
    return hmac.new(entry.secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def bitstamp_headers(
    call: Call, entry: Credentials, moment: Moment, theirs: Theirs, read: Callable[[str], str]
) -> None:
    """Without a body, that is for all methods but POST, every header has to be the same.

    To a POST ccxt always gives a body, foo=bar at least, and a Content-Type. We send neither, as Bitstamp documents it:
    "If the request body is empty, the Content-Type header has to be removed both from the headers and from the
    signature." ccxt has no such call to compare with. So its own signature shows that the recipe here is ccxt's, and
    the same recipe, less the type and the body, is what ours has to be. That Bitstamp accepts an empty POST, ccxt does
    not show: it says in its source that Bitstamp answered one with API0020 once.
    """
    ours = bitstamp.sign(call, entry, moment)
    headers = {name: read(value) for name, value in theirs["headers"].items()}
    assert ours.body == b""
    if theirs["method"] == "POST":
        signature = headers.pop("X-Auth-Signature")
        assert signature == bitstamp_recipe(entry, theirs, headers, headers.pop("Content-Type"), theirs["body"])
        headers["X-Auth-Signature"] = bitstamp_recipe(entry, theirs, headers, "", "")
    assert dict(ours.headers) == headers


def bitstamp_new(call: Call, entry: Credentials, moment: Moment, theirs: Theirs) -> None:
    bitstamp_headers(call, entry, moment, theirs, str)


def bitstamp_old(call: Call, entry: Credentials, moment: Moment, theirs: Theirs) -> None:
    bitstamp_headers(call, entry, moment, theirs, ours_again)


def bitstamp_form(call: Call, entry: Credentials, moment: Moment, theirs: Theirs) -> None:
    ours = bitstamp.sign(call, entry, moment)
    assert dict(ours.headers) == theirs["headers"] == {"Content-Type": FORM}
    if entry.key.isascii():
        assert ours.body.decode() == theirs["body"]
    named = parse_qsl(theirs["body"], keep_blank_values=True, strict_parsing=True)
    read = [(name, ours_again(value)) for name, value in named]
    assert parse_qsl(ours.body.decode(), keep_blank_values=True, strict_parsing=True) == read
    assert [name for name, _ in read] == ["key", "signature", "nonce"]


def cex_spot(call: Call, entry: Credentials, moment: Moment, theirs: Theirs) -> None:
    ours = cex.sign(call, entry, moment)
    assert dict(ours.headers) == theirs["headers"]
    assert ours.body.decode() == theirs["body"] == "{}"


def cex_older(call: Call, entry: Credentials, moment: Moment, theirs: Theirs) -> None:
    ours = cex.sign(call, entry, moment)
    assert dict(ours.headers) == theirs["headers"] == {"Content-Type": JSON}
    if entry.key.isascii():
        assert ours.body.decode() == theirs["body"]
    read = {name: ours_again(value) for name, value in json.loads(theirs["body"]).items()}
    assert json.loads(ours.body) == read
    assert list(read) == ["key", "signature", "nonce"]


QUERY: Final = {"symbol": "BTC/USDT", "from": "2024-01-01T00:00:00.000Z", "by": "a b&c=d+e?f#g", "name": "Zoë Ωμέγα €"}
BITSTAMP_OTHERS: Final = (
    Ask("user_transactions/"),
    Ask("user_transactions/?offset=1&limit=5&sort=asc"),
    Ask("user_transactions/btcusd/?q=a%20b%26c%3Dd%2Be%3Ff%23g&name=Zo%C3%AB+%E2%82%AC"),
    Ask("earn/strategies/", "DELETE"),
    Ask("travel_rule/contacts/f93c979d-b00d-43a9-9b9c-fd4cd9547fa6/?page=2", "PUT"),
    Ask("user_transactions/", "POST", {"offset": "1"}),
    Ask("user_transactions/", "POST", QUERY),
    Ask("open_orders/btcusd/?a=1", "POST"),
    Ask("buy/limit/btcusd/", "POST", {"amount": "0.001", "price": "72000"}),
)
BITSTAMP_OWN: Final = {
    "read": Ask("account_balances/", "POST"),
    "history": Ask("user_transactions/", "POST"),
    "orders": Ask("open_orders/all/", "POST"),
}
SCHEMES: Final = {
    "hitbtc hs256": Scheme(
        NEW,
        hitbtc,
        Auth.SIGNED,
        "hitbtc",
        hitbtc_hs256,
        {
            "account": Ask("sub-account"),
            "rights": Ask("user/api-keys"),
            "read": Ask("spot/balance"),
            "trade": Ask("spot/order"),
            "payment": Ask("wallet/balance"),
        },
        (
            Ask("spot/history/order", query={"symbol": "BTCUSDT"}),
            Ask("spot/history/trade", query=QUERY),
            Ask("spot/fee/BTCUSDT"),
            Ask("spot/order/a_b-c~d"),
            Ask("spot/order", "POST", {"symbol": "BTCUSDT", "side": "buy", "quantity": "0.1", "note": "a b"}),
            Ask("spot/order", "DELETE"),
            Ask("spot/order/1", "PATCH", {"quantity": "2"}),
            Ask("margin/account/isolated/BTCUSDT", "PUT", {"margin": "1"}),
        ),
    ),
    "hitbtc basic": Scheme(
        OLD,
        hitbtc,
        Auth.OLDER,
        "hitbtc",
        hitbtc_basic,
        {
            "withdraw": Ask("account/crypto/estimate-withdraw", query={"currency": "BTC", "amount": "0.01"}),
            "palmabot": Ask("trading/balance"),
        },
        (Ask("history/trades", query=QUERY), Ask("order", "POST", {"symbol": "BTCUSD"}), Ask("order", "DELETE")),
    ),
    "bitstamp v2": Scheme(NEW, bitstamp, Auth.SIGNED, "bitstamp", bitstamp_new, BITSTAMP_OWN, BITSTAMP_OTHERS),
    "bitstamp v2 of 2021": Scheme(OLD, bitstamp, Auth.SIGNED, "bitstamp", bitstamp_old, BITSTAMP_OWN, BITSTAMP_OTHERS),
    "bitstamp older": Scheme(
        OLD,
        bitstamp,
        Auth.OLDER,
        "bitstamp",
        bitstamp_form,
        {"palmabot": Ask("balance/", "POST")},
        (Ask("balance/btcusd/", "POST"), Ask("open_orders/all/", "POST"), Ask("user_transactions/?a=1", "POST")),
        {"auth": "v1"},
    ),
    "cex spot": Scheme(
        NEW,
        cex,
        Auth.SIGNED,
        "cex",
        cex_spot,
        {"read": Ask("get_my_wallet_balance", "POST")},
        (Ask("get_my_orders", "POST"), Ask("get_my_transaction_history", "POST"), Ask("do_my_new_order", "POST")),
    ),
    "cex older": Scheme(
        OLD,
        cex,
        Auth.OLDER,
        "cex",
        cex_older,
        {"palmabot": Ask("balance/", "POST")},
        (Ask("open_orders/", "POST"), Ask("archived_orders/BTC/USD/", "POST"), Ask("get_myfee", "POST")),
    ),
}
ALL: Final = pytest.mark.parametrize("name", SCHEMES)

PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F)))
ENTRIES: Final = (
    Credentials("Vt3xQ_hN81sLw-Kd0aZpRy7MfUj5Eb2G", "nH4_cX9vTq0-LsYwB6dEr1KzJm8PfGa7", "up123456789"),
    Credentials("VT3XQHN81SLWKD0AZPRY7MFUJ5EB2GAA", "NH4CX9VTQ0LSYWB6DER1KZJM8PFGA7AA", "123456"),
    Credentials(PRINTABLE, PRINTABLE[::-1], string.punctuation),
    Credentials(" k ", " s ", " 1 "),
    Credentials("a:b:c", ":", "::"),
    Credentials("a+b/c==", "d+e/f==", "+/="),
    Credentials("\"'\\%22%27%", "'\"\\\\", '"\\'),
    Credentials("k&key=x&nonce=1", "s&signature=", "{id}"),
    Credentials("{name}", "{path}", "https://"),
    Credentials("Schlüssel", "Geheimnis ß £", "Nº 1"),
    Credentials("κλειδί €", "секрет 秘密", "日本 7"),
    Credentials("🔑", "🤫" * 20, "e\u0301\u00e9"),
    Credentials("k", "s" * 64, "1"),
    Credentials("k", "s" * 65, "1"),  # longer than a block of SHA-256, so HMAC hashes it first
)
UUID: Final = "6f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f"
MOMENTS: Final = (
    Moment(1_760_000_000_000, UUID),
    Moment(1_760_000_000_001, "00000000-0000-4000-8000-000000000000"),
    Moment(1_760_000_000_999, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
    Moment(999_999_999_999, UUID),
    Moment(4_102_444_800_500, UUID),
)

LETTERS: Final = st.sampled_from(PRINTABLE) | st.characters(exclude_categories=["Cs"])
# ccxt turns an empty key, secret or uid down before it signs; a wizard's entry is never empty either.
ANY_ENTRY: Final = st.builds(
    Credentials,
    st.text(LETTERS, min_size=1, max_size=40),
    st.text(LETTERS, min_size=1, max_size=80),
    st.text(LETTERS, min_size=1, max_size=12),
)
ANY_MOMENT: Final = st.builds(Moment, st.integers(0, 10**13), st.uuids(version=4).map(str))


def check(scheme: Scheme, cases: Iterable[tuple[Ask, Credentials, Moment]]) -> None:
    """Has ccxt sign all cases, and then sees whether ours are alike."""
    listed = list(cases)
    signed = ccxt_signs(scheme.version, [scheme.job(*case) for case in listed])
    for (ask, entry, moment), theirs in zip(listed, signed, strict=True):
        assert theirs["method"] == ask.method
        scheme.agree(call_of(theirs, scheme.auth), entry, moment, theirs)


@ALL
def test_every_method_path_query_and_character_is_signed_as_ccxt_signs_it(name: str) -> None:
    scheme = SCHEMES[name]
    asks = (*scheme.own.values(), *scheme.others)
    times = [(ask, entry, moment) for ask in asks for entry in ENTRIES[:2] for moment in MOMENTS]
    check(scheme, times + [(ask, entry, MOMENTS[0]) for ask in asks for entry in ENTRIES])


@ALL
@settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(cases=st.data())
def test_any_credentials_at_any_time_are_signed_as_ccxt_signs_them(name: str, cases: st.DataObject) -> None:
    scheme = SCHEMES[name]
    asks = st.sampled_from((*scheme.own.values(), *scheme.others))
    many = st.lists(st.tuples(asks, ANY_ENTRY, ANY_MOMENT), min_size=40, max_size=40)  # each example starts a process
    check(scheme, cases.draw(many))


@ALL
def test_our_own_calls_go_where_ccxt_goes_and_are_signed_alike(name: str) -> None:
    scheme = SCHEMES[name]
    calls = {call.id: call for call in scheme.exchange.calls if call.auth is scheme.auth}
    assert calls.keys() == scheme.own.keys()
    signed = ccxt_signs(scheme.version, [scheme.job(ask, ENTRIES[0], MOMENTS[2]) for ask in scheme.own.values()])
    for call, theirs in zip((calls[id_] for id_ in scheme.own), signed, strict=True):
        assert (call.method, f"https://{call.host}{call.target}") == (theirs["method"], theirs["url"])
        scheme.agree(call, ENTRIES[0], MOMENTS[2], theirs)


def test_every_way_of_signing_has_ccxt_beside_it() -> None:
    ways = {(exchange.id, call.auth) for exchange in (hitbtc, bitstamp, cex) for call in exchange.calls}
    unsigned = {(exchange.id, Auth.NONE) for exchange in (hitbtc, bitstamp, cex)}
    assert {(scheme.exchange.id, scheme.auth) for scheme in SCHEMES.values()} == ways - unsigned


def test_a_call_without_a_key_carries_nothing_of_it() -> None:
    for exchange in (hitbtc, bitstamp, cex):
        signed = exchange.sign(exchange.REACH, ENTRIES[0], MOMENTS[0])
        sent = f"{dict(signed.headers)} {signed.body.decode()}"
        assert sent == ("{'Content-Type': 'application/json'} {}" if exchange is cex else "{} ")


def test_a_missing_ccxt_fails_with_the_command_that_installs_it() -> None:
    with pytest.raises(AssertionError, match="make test installs it"):
        ccxt_signs("0.0.0", [])


def published(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))


@pytest.mark.parametrize("signed", published("cex-websocket.json")["signatures"], ids=lambda one: str(one["timestamp"]))
def test_the_signatures_of_cex_own_client_come_out_of_the_older_scheme(signed: Mapping[str, Any]) -> None:
    """CEX.IO's WebSocket API signs the time and the key; the older REST API has the User ID between the two.

    So with an empty one the digest is the same, but for its capitals. ccxt is what shows the place of the User ID.
    """
    vector = published("cex-websocket.json")
    moment = Moment(signed["timestamp"] * 1000 + 999, UUID)
    ours = json.loads(cex.sign(cex.PALMABOT, Credentials(vector["key"], vector["secret"]), moment).body)
    assert ours == {
        "key": vector["key"],
        "signature": signed["signature"].upper(),
        "nonce": str(signed["timestamp"]),
    }


@pytest.mark.parametrize("example", published("basic-rfc7617.json")["headers"], ids=lambda one: str(one["user"]))
def test_the_examples_of_the_standard_come_out_of_hitbtcs_basic_scheme(example: Mapping[str, str]) -> None:
    signed = hitbtc.sign(hitbtc.PALMABOT, Credentials(example["user"], example["password"]), MOMENTS[0])
    assert dict(signed.headers) == {"Authorization": example["header"]}
