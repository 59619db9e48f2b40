"""Bitstamp's recipe without a server: both ways of signing, from requests written out by hand."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palma_wizard.practice.bitstamp import PRIVATE, REASONS, ApiKey, Permission, answer
from palma_wizard.practice.nonces import Nonces
from palma_wizard.practice.wire import Reply, Request

NOW = 1_760_000_000_000
KEY = "madeupkeyof32characters000000001"
SECRET = "madeupsecretof32characters000001"
USER_ID = "4711"
HOLDER = ApiKey(KEY, SECRET, USER_ID, frozenset(Permission))
BALANCES = "/api/v2/account_balances/"
NONCE = "f93c979d-b00d-43a9-9b9c-fd4cd9547fa6"
FORM = "application/x-www-form-urlencoded"


def digest(message: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def headers(path: str = BALANCES, body: str = "", **changed: str | None) -> dict[str, str]:
    """The five headers, signed as published; a change counts for the signature too, but not one of `signature`."""
    parts: dict[str, str | None] = {
        "auth": f"BITSTAMP {KEY}",
        "method": "POST",
        "host": "www.bitstamp.net",
        "content_type": FORM if body else "",
        "nonce": NONCE,
        "timestamp": str(NOW),
        "version": "v2",
        **changed,
    }
    part = {name: value or "" for name, value in parts.items()}
    message = (
        part["auth"] + part["method"] + part["host"] + path + part["content_type"]
        + part["nonce"] + part["timestamp"] + part["version"] + body
    )  # fmt: skip
    sent = {
        "x-auth": parts["auth"],
        "x-auth-signature": parts.get("signature", digest(message, part.get("secret", SECRET))),
        "x-auth-nonce": parts["nonce"],
        "x-auth-timestamp": parts["timestamp"],
        "x-auth-version": parts["version"],
        "content-type": parts["content_type"] or None,
    }
    return {name: value for name, value in sent.items() if value is not None}


def form(**changed: str | None) -> str:
    nonce = changed.get("nonce", "1760000000000")
    fields = {
        "key": KEY,
        "signature": digest(f"{nonce}{changed.pop('user_id', USER_ID)}{changed.get('key', KEY)}").upper(),
        "nonce": nonce,
        **changed,
    }
    return "&".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def post(
    sent: Mapping[str, str],
    body: str = "",
    path: str = BALANCES,
    *,
    holder: ApiKey = HOLDER,
    nonces: Nonces | None = None,
    now: int = NOW,
    **more: Any,
) -> Reply:
    request = Request("POST", path, sent, body.encode())
    return answer(request, {holder.key: holder}, nonces or Nonces(), now, **more)


def post_form(body: str, path: str = BALANCES, holder: ApiKey = HOLDER, nonces: Nonces | None = None) -> str:
    return code(post({"content-type": FORM}, body, path, holder=holder, nonces=nonces))


def code(reply: Reply) -> str:
    """ "" where it was answered."""
    if reply.status == 200:
        return ""
    document = json.loads(reply.body)
    assert reply.status == 403
    assert document == {"status": "error", "reason": REASONS[document["code"]], "code": document["code"]}
    return str(document["code"])


def test_signatures_printed_beforehand_are_accepted() -> None:
    # by openssl sha256 -hmac, from the key, POST, the host, the path, the nonce, the time and v2 in one line
    printed = "a63922b5fc29c15720b11429fc3fa663a4f77500f710f9f52979fad78efa10b6"
    assert code(post(headers(signature=printed))) == ""
    # the same, from 17600000000004711madeupkeyof32characters000000001, in capitals
    printed = "CDACD8D5BCDAEE92048379DF5CC69AE4E6AEDE08169D24D9019D21D6A8197328"
    assert post_form(form(signature=printed)) == ""


@pytest.mark.parametrize(
    "sent, body, expected",
    [
        pytest.param(headers(), "", "", id="signed"),
        pytest.param(headers(body="foo=bar"), "foo=bar", "", id="with a body"),
        pytest.param(headers(signature=headers()["x-auth-signature"].upper()), "", "", id="in capitals"),
        pytest.param(headers(auth=None), "", "API0012", id="no key"),
        pytest.param({}, "", "API0012", id="nothing"),
        pytest.param(headers(signature=None), "", "API0013", id="no signature"),
        pytest.param(headers(nonce=None), "", "API0014", id="no nonce"),
        pytest.param(headers(timestamp=None), "", "API0015", id="no timestamp"),
        pytest.param(headers(version=None), "", "API0016", id="no version"),
        pytest.param(headers(version="v1"), "", "API0010", id="another version"),
        pytest.param(headers(auth=KEY), "", "API0011", id="a bare key"),
        pytest.param(headers(auth=f"BITSTAMP {KEY} "), "", "API0011", id="white space behind the key"),
        pytest.param(headers(auth=f"BITSTAMP {KEY[:-1]}"), "", "API0011", id="a key too short"),
        pytest.param(headers(auth="BITSTAMP " + "x" * 32), "", "API0001", id="an unknown key"),
        pytest.param(headers(timestamp="soon"), "", "API0018", id="timestamp not a number"),
        pytest.param(headers(timestamp=str(NOW // 1000)), "", "API0017", id="timestamp in seconds"),
        pytest.param(headers(nonce=NONCE.upper()), "", "API0004", id="nonce in capitals"),
        pytest.param(headers(nonce=NONCE.replace("-", "")), "", "API0004", id="nonce without its dashes"),
        pytest.param(headers(content_type=FORM), "", "API0020", id="content type without a body"),
        pytest.param(headers(body="a=1", content_type=""), "a=1", "API0019", id="body without a content type"),
        pytest.param(headers(body="{}", content_type="application/json"), "{}", "API0019", id="json"),
        pytest.param(headers(secret="x" * 32), "", "API0005", id="another secret"),
        pytest.param(headers(host="127.0.0.1"), "", "API0005", id="another host"),
        pytest.param(headers(method="GET"), "", "API0005", id="another method"),
        pytest.param(headers("/account_balances/"), "", "API0005", id="another path"),
        pytest.param(headers(body="foo=bar"), "foo=baz", "API0005", id="another body"),
        pytest.param(headers(signature="\u00e9"), "", "API0005", id="signature not ascii"),
        pytest.param(headers(auth=None) | {"content-type": FORM}, form(), "", id="the older scheme"),
        pytest.param(headers(body=form(), signature="x"), form(), "API0005", id="headers before the older scheme"),
    ],
)
def test_a_call_is_let_in_or_turned_down_by_its_headers(sent: Mapping[str, str], body: str, expected: str) -> None:
    assert code(post(sent, body)) == expected


@pytest.mark.parametrize(
    "off_by, expected", [(150_000, ""), (-150_000, ""), (150_001, "API0017"), (-150_001, "API0017")]
)
def test_a_timestamp_may_be_150_seconds_off(off_by: int, expected: str) -> None:
    assert code(post(headers(timestamp=str(NOW + off_by)))) == expected


@pytest.mark.parametrize("later, expected", [(0, "API0004"), (300_000, "API0004"), (300_001, "")])
def test_a_nonce_may_come_again_after_300_seconds(later: int, expected: str) -> None:
    nonces = Nonces()
    assert code(post(headers(), nonces=nonces)) == ""
    assert code(post(headers(timestamp=str(NOW + later)), nonces=nonces, now=NOW + later)) == expected
    assert code(post(headers(nonce=str(uuid.UUID(int=1))), nonces=nonces)) == ""


def test_a_nonce_counts_only_with_a_good_signature() -> None:
    nonces = Nonces()
    assert code(post(headers(signature="x"), nonces=nonces)) == "API0005"
    assert code(post(headers(), nonces=nonces)) == ""


def test_a_query_is_signed_as_sent_and_may_not_be_endless() -> None:
    assert code(post(headers(f"{BALANCES}?a=%20"), path=f"{BALANCES}?a=%20")) == ""
    assert code(post(headers(), path=f"{BALANCES}?a=%20")) == "API0005"
    long = f"{BALANCES}?{'a' * 2001}"
    assert code(post(headers(long), path=long)) == "API0021"
    assert code(post(headers(long[:-1]), path=long[:-1])) == ""


@pytest.mark.parametrize("path, holder", [(BALANCES, HOLDER), (BALANCES, replace(HOLDER, permissions=frozenset()))])
def test_the_reply_to_signed_headers_is_signed_too(path: str, holder: ApiKey) -> None:
    reply = post(headers(path), path=path, holder=holder)
    expected = digest(f"{NONCE}{NOW}{reply.content_type}{reply.body.decode()}")
    assert reply.headers["X-Server-Auth-Signature"] == expected
    assert "X-Server-Auth-Signature" not in post(headers(secret="x")).headers
    assert "X-Server-Auth-Signature" not in post({"content-type": FORM}, form()).headers


@pytest.mark.parametrize(
    "body, expected",
    [
        pytest.param(form(), "", id="signed"),
        pytest.param(form(limit="1"), "", id="with a parameter"),
        pytest.param(form(signature=digest(f"1760000000000{USER_ID}{KEY}")), "API0005", id="in small letters"),
        pytest.param(form(user_id="4712"), "API0005", id="another customer's number"),
        pytest.param(form(user_id=""), "API0005", id="no customer's number"),
        pytest.param(form(signature="x"), "API0005", id="no signature at all"),
        pytest.param(form(signature=None), "API0000", id="without a signature"),
        pytest.param(form(nonce=""), "API0000", id="without a nonce"),
        pytest.param(form(key=None), "API0000", id="without a key"),
        pytest.param(form(nonce="1.5"), "API0004", id="nonce not a number"),
        pytest.param(form(key="short"), "API0011", id="a key too short"),
        pytest.param(form(key="y" * 32), "API0001", id="an unknown key"),
        pytest.param("foo=bar", "API0012", id="nothing of it"),
    ],
)
def test_a_call_is_let_in_or_turned_down_by_its_form(body: str, expected: str) -> None:
    assert post_form(body) == expected


def test_an_older_nonce_has_to_grow_with_each_key() -> None:
    nonces = Nonces()
    other = replace(HOLDER, key="z" * 32)
    for nonce, expected in (("7", ""), ("7", "API0004"), ("6", "API0004"), ("8", ""), ("1760000000000000", "")):
        assert post_form(form(nonce=nonce), nonces=nonces) == expected
    assert post_form(form(nonce="9", user_id="x"), nonces=nonces) == "API0005"
    assert post_form(form(nonce="9"), nonces=nonces) == "API0004"
    assert post_form(form(nonce="1", key=other.key), holder=other, nonces=nonces) == ""


def test_without_the_older_scheme_the_headers_are_missed() -> None:
    assert code(post({"content-type": FORM}, form(), older_scheme=False)) == "API0012"
    assert code(post(headers(), older_scheme=False)) == ""


NEEDS = {
    "account_balances/": Permission.ACCOUNT_BALANCE,
    "balance/": Permission.ACCOUNT_BALANCE,
    "user_transactions/": Permission.USER_TRANSACTIONS,
    "open_orders/all/": Permission.ORDERS,
    "fees/trading/": None,
    "fees/withdrawal/": None,
}


def test_the_table_of_permissions_names_every_private_call() -> None:
    assert set(NEEDS) == set(PRIVATE)


@pytest.mark.parametrize("name", NEEDS)
@pytest.mark.parametrize("older", [False, True])
def test_a_call_needs_its_own_permission_and_no_other(name: str, older: bool) -> None:
    def ask(holder: ApiKey) -> str:
        path = f"/api/v2/{name}"
        return post_form(form(), path, holder) if older else code(post(headers(path), path=path, holder=holder))

    needed = NEEDS[name]
    assert ask(replace(HOLDER, permissions=frozenset() if needed is None else frozenset({needed}))) == ""
    if needed is not None:
        assert ask(replace(HOLDER, permissions=frozenset(Permission) - {needed})) == "API0003"


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"activated": False}, "API0001"),
        ({"frozen": True}, "API0006"),
        ({"allowed_ips": ("46.19.9.48",)}, "API0002"),
        ({"allowed_ips": ("46.19.9.48",), "permissions": frozenset()}, "API0002"),
        ({"allowed_ips": ("46.19.9.48", "203.0.113.0/24")}, ""),
    ],
)
def test_a_key_works_only_when_active_and_from_its_addresses(change: dict[str, Any], expected: str) -> None:
    holder = replace(HOLDER, **change)
    assert code(post(headers(), holder=holder)) == expected
    assert post_form(form(), holder=holder) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("revoke_all_api_keys/", "cancel_all_orders/", "cancel_order/", "buy/btcusd/", "sell/market/btcusd/"),
        *("btc_withdrawal/", "withdrawal/open/", "transfer-to-main/", "btc_address/", "balance", "", "BALANCE/"),
    ],
)
def test_no_other_call_exists(name: str) -> None:
    path = f"/api/v2/{name}"
    assert post(headers(path), path=path).status == 404


@pytest.mark.parametrize("name", ["ticker/", "ticker/btcusd/", "currencies/", "markets/", "trading-pairs-info/"])
def test_public_calls_need_no_key(name: str) -> None:
    reply = answer(Request("GET", f"/api/v2/{name}"), {}, Nonces(), NOW)
    assert reply.status == 200
    assert json.loads(reply.body)
    assert post({}, path=f"/api/v2/{name}").status == 405


def test_an_unknown_pair_is_not_found() -> None:
    assert answer(Request("GET", "/api/v2/ticker/nonenone/"), {}, Nonces(), NOW).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_private_call_is_posted(method: str) -> None:
    reply = answer(Request(method, BALANCES, headers(method=method)), {KEY: HOLDER}, Nonces(), NOW)
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


@given(
    st.fixed_dictionaries(
        {},
        optional={name: st.text() for name in (*headers(), "content-type")},
    ),
    st.binary(),
)
def test_nothing_whatever_opens_or_breaks_it(sent: dict[str, str], body: bytes) -> None:
    assert code(answer(Request("POST", BALANCES, sent, body), {KEY: HOLDER}, Nonces(), NOW)) in REASONS


@given(st.text(), st.text())
def test_no_form_opens_or_breaks_it(signature: str, nonce: str) -> None:
    body = f"key={KEY}&signature={signature}&nonce={nonce}".encode(errors="replace")
    assert code(answer(Request("POST", BALANCES, {"content-type": FORM}, body), {KEY: HOLDER}, Nonces(), NOW)) != ""


def test_a_secret_shows_in_no_repr() -> None:
    assert SECRET not in repr(HOLDER)
    shown = repr(Request("POST", BALANCES, headers(), form().encode()))
    assert headers()["x-auth-signature"] not in shown
    assert KEY not in shown
