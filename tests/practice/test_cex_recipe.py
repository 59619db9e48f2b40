"""CEX.IO's recipes without a server: the Spot API and the older one, from requests written out by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palma_wizard.practice.cex import (
    OLDER_PRIVATE,
    SPOT_PRIVATE,
    SPOT_PUBLIC,
    ApiKey,
    Permission,
    answer_older,
    answer_spot,
)
from palma_wizard.practice.nonces import Nonces
from palma_wizard.practice.wire import Reply, Request

NOW = 1_760_000_000_000
SECONDS = NOW // 1000
KEY = "madeupkeyof26characters001"
SECRET = "madeupsecretof27characters1"
USER_ID = "up100000001"
HOLDER = ApiKey(KEY, SECRET, USER_ID, frozenset({Permission.READ}))
BALANCE = "get_my_wallet_balance"


def signature(message: str, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()).decode()


def headers(action: str = BALANCE, body: str = "{}", at: object = SECONDS, **changed: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-aggr-key": changed.get("key", KEY),
        "x-aggr-timestamp": str(at),
        "x-aggr-signature": changed.get("signature", signature(f"{action}{at}{body}", changed.get("secret", SECRET))),
    }


def spot(
    sent: Mapping[str, str],
    body: str = "{}",
    action: str = BALANCE,
    *,
    holder: ApiKey = HOLDER,
    kind: str = "rest",
    method: str = "POST",
) -> Reply:
    request = Request(method, f"/api/spot/{kind}/{action}", sent, body.encode())
    return answer_spot(request, {holder.key: holder}, NOW)


def told(reply: Reply) -> tuple[int, str]:
    """The HTTP status, and the words of the error or ""."""
    document = json.loads(reply.body)
    if reply.status == 200:
        assert document["ok"] == "ok"
        return 200, ""
    assert document["statusCode"] == reply.status
    return reply.status, document["error"]


OK = (200, "")
UNKNOWN = (401, "API key not passed or incorrect")
REFUSED = (401, "Authorization Failed")


def test_a_spot_signature_printed_beforehand_is_accepted() -> None:
    # by openssl dgst -sha256 -hmac -binary and base64, from get_my_wallet_balance1760000000{}
    assert told(spot(headers(signature="A0g7wU6HeBgHiBLuo9ixAKKAxU077+tGZrU4kK43s2s="))) == OK


@pytest.mark.parametrize(
    "sent, body, expected",
    [
        pytest.param(headers(), "{}", OK, id="signed"),
        pytest.param(headers(body='{"a": 1}'), '{"a": 1}', OK, id="body signed as sent"),
        pytest.param(headers(body='{"a":1}'), '{"a": 1}', REFUSED, id="body signed in another spelling"),
        pytest.param(headers(action="get_my_orders"), "{}", REFUSED, id="another action signed"),
        pytest.param(headers(action=f"/api/spot/rest/{BALANCE}"), "{}", REFUSED, id="a path signed"),
        pytest.param(headers(secret="x"), "{}", REFUSED, id="another secret"),
        pytest.param(headers(signature=""), "{}", REFUSED, id="no signature"),
        pytest.param(headers(signature="\u20ac"), "{}", REFUSED, id="signature not ascii"),
        pytest.param(
            headers(signature=base64.b64decode(headers()["x-aggr-signature"]).hex()), "{}", REFUSED, id="in hex"
        ),
        pytest.param(headers(key="unknown"), "{}", UNKNOWN, id="an unknown key"),
        pytest.param({"content-type": "application/json"}, "{}", UNKNOWN, id="nothing"),
        pytest.param(headers(at=NOW), "{}", REFUSED, id="timestamp in milliseconds"),
        pytest.param(headers(at="soon"), "{}", REFUSED, id="timestamp not a number"),
        pytest.param(headers(at=""), "{}", REFUSED, id="no timestamp"),
        pytest.param(headers(body=""), "", (400, "Bad Request"), id="no body"),
        pytest.param(headers(body="[]"), "[]", (400, "Bad Request"), id="a list"),
        pytest.param(headers(body="a=1"), "a=1", (400, "Bad Request"), id="a form"),
        pytest.param(headers() | {"content-type": "text/plain"}, "{}", (400, "Bad Request"), id="plain text"),
    ],
)
def test_a_spot_call_is_let_in_or_turned_down_by_its_headers(
    sent: Mapping[str, str], body: str, expected: tuple[int, str]
) -> None:
    assert told(spot(sent, body)) == expected


@pytest.mark.parametrize("off_by, expected", [(20, OK), (-20, OK), (21, REFUSED), (-21, REFUSED)])
def test_a_spot_timestamp_may_be_20_seconds_off(off_by: int, expected: tuple[int, str]) -> None:
    assert told(spot(headers(at=SECONDS + off_by))) == expected


@pytest.mark.parametrize("action", SPOT_PRIVATE)
@pytest.mark.parametrize(
    "change, expected",
    [
        ({}, OK),
        ({"permissions": frozenset(Permission) - {Permission.READ}}, REFUSED),
        ({"activated": False}, UNKNOWN),
        ({"allowed_ips": ("46.19.9.48",)}, REFUSED),
        ({"allowed_ips": ("46.19.9.48", "203.0.113.7")}, OK),
    ],
)
def test_a_spot_key_works_only_when_active_with_read_and_from_its_addresses(
    action: str, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert told(spot(headers(action), action=action, holder=replace(HOLDER, **change))) == expected


def test_the_private_spot_calls_are_the_six_that_read() -> None:
    assert set(SPOT_PRIVATE) == {
        *("get_my_account_status_v3", "get_my_wallet_balance", "get_my_orders", "get_my_current_fee"),
        *("get_my_volume", "get_fee_strategy"),
    }


@pytest.mark.parametrize(
    "action",
    [
        *("do_create_account", "do_my_new_order", "do_cancel_my_order", "do_cancel_all_orders"),
        *("do_my_internal_transfer", "do_deposit_funds_from_wallet", "do_withdrawal_funds_to_wallet"),
        *("get_deposit_address", "", f"{BALANCE}/", "get_server_time"),
    ],
)
def test_no_other_spot_call_exists(action: str) -> None:
    assert told(spot(headers(action), action=action)) == (404, "Not Found")


@pytest.mark.parametrize("kind, action", [("rest-public", BALANCE), ("other", BALANCE), ("", "")])
def test_no_other_spot_folder_exists(kind: str, action: str) -> None:
    assert spot(headers(), action=action, kind=kind).status == 404


@pytest.mark.parametrize("action", SPOT_PUBLIC)
def test_public_spot_calls_need_no_key(action: str) -> None:
    sent = {"content-type": "application/json"}
    assert told(spot(sent, action=action, kind="rest-public")) == OK
    assert spot(sent, action=action, kind="rest-public", method="GET").status == 405


def test_the_spot_server_tells_its_time() -> None:
    reply = spot({"content-type": "application/json"}, action="get_server_time", kind="rest-public")
    assert json.loads(reply.body)["data"] == {"timestamp": str(NOW), "ISODate": "2025-10-09T08:53:20.000Z"}


def test_archived_orders_are_not_open_ones() -> None:
    body = '{"archived": true}'
    reply = spot(headers("get_my_orders", body), body, "get_my_orders")
    assert json.loads(reply.body)["data"] == []


@given(st.fixed_dictionaries({}, optional={name: st.text() for name in headers()}), st.binary())
def test_nothing_whatever_opens_or_breaks_spot(sent: dict[str, str], body: bytes) -> None:
    for content in (body, b"{}"):
        request = Request("POST", f"/api/spot/rest/{BALANCE}", {"x-aggr-key": KEY, **sent}, content)
        assert answer_spot(request, {KEY: HOLDER}, NOW).status in (400, 401)


# -- the older API --


def fields(nonce: object = "1760000000000", user_id: str = USER_ID, key: str = KEY) -> dict[str, Any]:
    digest = hmac.new(SECRET.encode(), f"{nonce}{user_id}{key}".encode(), hashlib.sha256).hexdigest()
    return {"key": key, "signature": digest.upper(), "nonce": nonce}


def older(
    body: str, name: str = "balance/", holder: ApiKey = HOLDER, nonces: Nonces | None = None, method: str = "POST"
) -> Reply:
    request = Request(method, f"/api/{name}", {"content-type": "application/json"}, body.encode())
    return answer_older(request, {holder.key: holder}, nonces or Nonces(), NOW)


def error(reply: Reply) -> str:
    assert reply.status == 200
    document = json.loads(reply.body)
    return str(document.get("error", "")) if isinstance(document, dict) else ""


def test_an_older_signature_printed_beforehand_is_accepted() -> None:
    # printf %s 1760000000000up100000001madeupkeyof26characters001 | openssl sha256 -hmac madeupsecretof27characters1
    printed = "A0A672A22978FC15B372FEEECF7CA2C19A3E0B0844365171C0D17BECBA4C204A"
    assert error(older(json.dumps({"key": KEY, "signature": printed, "nonce": 1760000000000}))) == ""


@pytest.mark.parametrize(
    "body, expected",
    [
        pytest.param(json.dumps(fields()), "", id="json"),
        pytest.param(json.dumps(fields(nonce=5)), "", id="nonce a number"),
        pytest.param(urlencode(fields()), "", id="form"),
        pytest.param(json.dumps(fields() | {"signature": fields()["signature"].lower()}), "", id="small letters"),
        pytest.param(json.dumps(fields(key="unknown")), "Invalid API key", id="an unknown key"),
        pytest.param("", "Invalid API key", id="nothing"),
        pytest.param("{", "Invalid API key", id="half a document"),
        pytest.param(json.dumps(fields(user_id="up1")), "Invalid signature", id="another user"),
        pytest.param(json.dumps(fields() | {"signature": "x"}), "Invalid signature", id="another signature"),
        pytest.param(json.dumps({"key": KEY}), "Invalid signature", id="no signature"),
        pytest.param(json.dumps(fields(nonce="-1")), "Invalid signature", id="nonce below zero"),
        pytest.param(json.dumps(fields() | {"signature": "\ud800"}), "Invalid signature", id="half a character"),
        pytest.param(json.dumps(fields(nonce="x") | {"nonce": "\ud800"}), "Invalid signature", id="half of another"),
    ],
)
def test_an_older_call_is_let_in_or_turned_down_by_its_body(body: str, expected: str) -> None:
    assert error(older(body)) == expected


def test_a_nonce_has_to_grow_with_each_key() -> None:
    nonces = Nonces()
    other = replace(HOLDER, key="z" * 26)
    for nonce, expected in ((7, ""), (7, "again"), (6, "again"), (8, ""), (1760000000000, ""), (1760000000, "again")):
        reply = older(json.dumps(fields(nonce)), nonces=nonces)
        assert error(reply) == ("Nonce must be incremented" if expected else "")
    assert error(older(json.dumps(fields(1, key=other.key)), holder=other, nonces=nonces)) == ""


def test_a_nonce_counts_only_with_a_good_signature() -> None:
    nonces = Nonces()
    assert error(older(json.dumps(fields(9, user_id="x")), nonces=nonces)) == "Invalid signature"
    assert error(older(json.dumps(fields(1)), nonces=nonces)) == ""


@pytest.mark.parametrize("name", OLDER_PRIVATE)
@pytest.mark.parametrize(
    "change, expected",
    [
        ({"activated": False}, "API key is not activated"),
        ({"permissions": frozenset({Permission.TRADE})}, "Permission denied"),
        ({"allowed_ips": ("46.19.9.48",)}, "Permission denied"),
        ({"allowed_ips": ("46.19.9.48", "203.0.113.7")}, ""),
    ],
)
def test_an_older_key_works_only_when_active_with_read_and_from_its_addresses(
    name: str, change: dict[str, Any], expected: str
) -> None:
    assert error(older(json.dumps(fields()), name, replace(HOLDER, **change))) == expected


def test_the_older_balance_has_the_published_shape() -> None:
    document = json.loads(older(json.dumps(fields())).body)
    assert (document.pop("timestamp"), document.pop("username")) == (str(SECONDS), USER_ID)
    assert all(set(row) == {"available", "orders"} for row in document.values())


@pytest.mark.parametrize(
    "name", ["place_order/BTC/USD/", "cancel_order/", "get_address/", "open_position/BTC/USD/", "balance", ""]
)
def test_no_other_older_call_exists(name: str) -> None:
    assert older(json.dumps(fields()), name).status == 404


def test_an_older_call_is_posted_if_private_and_got_if_public() -> None:
    assert older("", method="GET").status == 405
    for name in ("ticker/BTC/USD", "ticker/BTC/USD/", "currency_profile", "currency_limits/"):
        assert error(older("", name, method="GET")) == ""
        assert older("", name).status == 405
    assert error(older("", "ticker/NO/NE", method="GET")) != ""


@given(st.dictionaries(st.sampled_from(["key", "signature", "nonce"]), st.text() | st.integers() | st.none()))
def test_no_body_opens_or_breaks_the_older_api(body: dict[str, object]) -> None:
    for content in (json.dumps({"key": KEY, **body}), "key=" + KEY + "&" + urlencode(body, errors="replace")):
        assert error(older(content)) != ""


def test_a_secret_shows_in_no_repr() -> None:
    assert SECRET not in repr(HOLDER)
