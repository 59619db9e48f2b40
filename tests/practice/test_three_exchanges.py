"""The three exchanges on one port, over the wire: every scenario on each, what is kept of a request, and its bounds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from palma_wizard.practice import KEYS, PracticeExchange, bitstamp, cex
from palma_wizard.practice.stage import BITSTAMP_KEY, CEX_KEY, Api, api_of

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.fixture
def practice() -> Iterator[PracticeExchange]:
    with PracticeExchange() as started:
        yield started


def send(
    practice: PracticeExchange, path: str, headers: dict[str, str], body: bytes = b"", method: str = "POST"
) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, practice.url + path, headers=headers, data=body, timeout=5)


def sign(message: str, secret: str) -> Any:
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256)


nonces = iter(range(1_760_000_000_000, 1_770_000_000_000))


def bitstamp_v2(practice: PracticeExchange, call: str = "open_orders/all/") -> requests.Response:
    mine, path, nonce, now = KEYS["bitstamp"], f"/api/v2/{call}", str(uuid.uuid4()), str(int(time.time() * 1000))
    message = f"BITSTAMP {mine.key}POSTwww.bitstamp.net{path}{nonce}{now}v2"
    headers = {
        "X-Auth": f"BITSTAMP {mine.key}",
        "X-Auth-Signature": sign(message, mine.secret).hexdigest(),
        "X-Auth-Nonce": nonce,
        "X-Auth-Timestamp": now,
        "X-Auth-Version": "v2",
    }
    return send(practice, path, headers)


def older_fields(exchange: str) -> dict[str, str]:
    mine, nonce = KEYS[exchange], str(next(nonces))
    signature = sign(f"{nonce}{mine.user_id}{mine.key}", mine.secret).hexdigest().upper()
    return {"key": mine.key, "signature": signature, "nonce": nonce}


def bitstamp_older(practice: PracticeExchange) -> requests.Response:
    fields = older_fields("bitstamp")
    return send(practice, "/api/v2/balance/", {"Content-Type": FORM}, urlencode(fields).encode())


def cex_spot(practice: PracticeExchange) -> requests.Response:
    mine, now, action = KEYS["cex"], str(int(time.time())), "get_my_orders"
    headers = {
        "Content-Type": JSON,
        "X-AGGR-KEY": mine.key,
        "X-AGGR-TIMESTAMP": now,
        "X-AGGR-SIGNATURE": base64.b64encode(sign(f"{action}{now}{{}}", mine.secret).digest()).decode(),
    }
    return send(practice, f"/api/spot/rest/{action}", headers, b"{}")


def cex_older(practice: PracticeExchange) -> requests.Response:
    return send(practice, "/api/balance/", {"Content-Type": JSON}, json.dumps(older_fields("cex")).encode())


CALLS: dict[str, Callable[[PracticeExchange], requests.Response]] = {
    "bitstamp v2": bitstamp_v2,
    "bitstamp older": bitstamp_older,
    "cex spot": cex_spot,
    "cex older": cex_older,
}
HTML = "a web page"
COMES_TO: dict[str, tuple[Any, ...]] = {
    "works": (200, 200, 200, 200),
    "wrong-key": ("API0001", "API0001", "API key not passed or incorrect", "Invalid API key"),
    "wrong-secret": ("API0005", "API0005", "Authorization Failed", "Invalid signature"),
    "wrong-user-id": (200, "API0005", 200, "Invalid signature"),
    "clock-off": ("API0017", 200, "Authorization Failed", 200),
    "address-not-allowed": ("API0002", "API0002", "Authorization Failed", "Permission denied"),
    "email-not-confirmed": ("API0001", "API0001", "API key not passed or incorrect", "API key is not activated"),
    "no-trade-right": ("API0003", 200, 200, 200),
    "can-withdraw": (200, 200, 200, 200),
    "rate-limited": (
        *("Request rate limit exceeded", "Request rate limit exceeded"),
        *("API rate limit reached", "rate limit exceeded"),
    ),
    "maintenance": (*(bitstamp.MAINTENANCE.body,) * 2, "Service Unavailable", "Service Unavailable"),
    "older-switched-off": (200, "API0012", 200, (404, HTML)),
    "not-in-this-country": ((451, HTML),) * 4,
    "html-instead-of-json": ((200, HTML),) * 4,
    "slow": (200, 200, 200, 200),
}


def comes_to(reply: requests.Response) -> object:
    """What was told of an error, by its code or its words; else the status."""
    if reply.headers["Content-Type"].startswith("text/html"):
        return reply.status_code, HTML
    if reply.content == bitstamp.MAINTENANCE.body:
        return reply.content
    document = reply.json()
    if isinstance(document, dict) and (told := document.get("code") or document.get("error") or document.get("reason")):
        return told
    return reply.status_code


@pytest.mark.parametrize("scenario", COMES_TO)
def test_a_scenario_is_played_on_each_exchange(practice: PracticeExchange, scenario: str) -> None:
    practice.scenario = scenario
    started = time.monotonic()
    assert tuple(comes_to(call(practice)) for call in CALLS.values()) == COMES_TO[scenario]
    assert (time.monotonic() - started >= 4 * 1.5) == (scenario == "slow")


@pytest.mark.parametrize(
    "path, method",
    [
        ("/api/v2/ticker/btcusd/", "GET"),
        ("/api/spot/rest-public/get_server_time", "POST"),
        ("/api/ticker/BTC/USD", "GET"),
        ("/api/3/public/symbol/BTCUSDT", "GET"),
    ],
)
def test_public_calls_play_along_too(practice: PracticeExchange, path: str, method: str) -> None:
    body, headers = (b"{}", {"Content-Type": JSON}) if method == "POST" else (b"", {})
    for scenario, status in (("works", 200), ("address-not-allowed", 200), ("not-in-this-country", 451)):
        practice.scenario = scenario
        assert send(practice, path, headers, body, method).status_code == status
    practice.scenario = "rate-limited"
    assert send(practice, path, headers, body, method).headers["Retry-After"] == "3"


@pytest.mark.parametrize("name", CALLS)
def test_faults_below_a_reply_are_played_on_each_exchange(practice: PracticeExchange, name: str) -> None:
    practice.scenario = "closes-half-way"
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        CALLS[name](practice)
    practice.scenario = "rate-limited"
    reply = CALLS[name](practice)
    assert (reply.status_code, reply.headers["Retry-After"]) == (200 if name == "cex older" else 429, "3")
    practice.scenario = "maintenance"
    assert CALLS[name](practice).status_code == 503


def test_nonces_are_remembered_from_call_to_call(practice: PracticeExchange) -> None:
    fields = older_fields("cex")
    body = json.dumps(fields).encode()
    told = [comes_to(send(practice, "/api/balance/", {"Content-Type": JSON}, body)) for _ in range(2)]
    assert told == [200, "Nonce must be incremented"]
    body = urlencode(older_fields("bitstamp")).encode()
    told = [comes_to(send(practice, "/api/v2/balance/", {"Content-Type": FORM}, body)) for _ in range(2)]
    assert told == [200, "API0004"]


@pytest.mark.parametrize(
    "path, api",
    [
        ("/api/2/order", Api.HITBTC_2),
        ("/api/3/spot/balance", Api.HITBTC_3),
        ("/api/v2/balance/", Api.BITSTAMP),
        ("/api/spot/rest/get_my_orders", Api.CEX_SPOT),
        ("/api/spot/rest-public/get_ticker", Api.CEX_SPOT),
        ("/api/balance/", Api.CEX_OLDER),
        ("/api/place_order/BTC/USD/", Api.CEX_OLDER),
        ("/api/", Api.HITBTC_3),
    ],
)
def test_a_path_tells_whose_it_is(path: str, api: Api) -> None:
    assert api_of(path) == api


def test_the_practice_keys_have_the_shape_of_real_ones() -> None:
    assert {name: (len(each.key), len(each.secret)) for name, each in KEYS.items()} == {
        "hitbtc2": (32, 32),
        "bitstamp": (32, 32),
        "cex": (26, 27),
    }
    for name in ("bitstamp", "cex"):
        assert re.fullmatch(r"[A-Za-z0-9]+", KEYS[name].key + KEYS[name].secret)
    assert KEYS["hitbtc2"].user_id == ""
    assert re.fullmatch(r"[0-9]+", KEYS["bitstamp"].user_id)
    assert re.fullmatch(r"up[0-9]{9}", KEYS["cex"].user_id)
    for each in KEYS.values():
        assert each.secret not in repr(each)


def test_a_key_of_any_exchange_can_be_added(practice: PracticeExchange) -> None:
    practice.scenario = "wrong-key"
    practice.add_key(replace(BITSTAMP_KEY, permissions=frozenset({bitstamp.Permission.ACCOUNT_BALANCE})))
    practice.add_key(replace(CEX_KEY, permissions=frozenset({cex.Permission.TRADE})))
    told = {name: comes_to(call(practice)) for name, call in CALLS.items()}
    assert told == {
        "bitstamp v2": "API0003",
        "bitstamp older": 200,
        "cex spot": "Authorization Failed",
        "cex older": "Permission denied",
    }


def test_it_remembers_how_a_call_was_signed_and_nothing_of_it(practice: PracticeExchange) -> None:
    for call in CALLS.values():
        call(practice)
    mine = KEYS["cex"]
    send(practice, "/api/3/spot/balance", {"Content-Type": FORM}, urlencode(older_fields("cex")).encode())
    send(practice, "/api/v2/ticker/", {}, method="GET")
    send(practice, "/api/v2/ticker/", {"Authorization": "Basic x"}, method="GET")
    send(practice, "/api/v2/ticker/", {"Authorization": ""}, method="GET")
    assert [(each.method, each.scheme, each.authorized) for each in practice.requests] == [
        ("POST", "v2", True),
        ("POST", "older", True),
        ("POST", "spot", True),
        ("POST", "older", True),
        ("POST", "older", True),
        ("GET", "", False),
        ("GET", "Basic", True),
        ("GET", "", True),
    ]
    for each in KEYS.values():
        assert each.key not in repr(practice.requests)
        assert each.secret not in repr(practice.requests)
    assert mine.user_id not in repr(practice.requests)


@pytest.mark.parametrize("path", ["/api/v2/balance/", "/api/spot/rest/get_my_orders", "/api/balance/"])
def test_a_body_is_bounded(practice: PracticeExchange, path: str) -> None:
    assert send(practice, path, {"Content-Type": FORM}, b"a" * 64 * 1024).status_code != 413
    assert send(practice, path, {"Content-Type": FORM}, b"a" * (64 * 1024 + 1)).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b"a" * 8192

    with requests.Session() as session:
        session.trust_env = False
        reply = session.post(practice.url + path, data=endless(), timeout=5)
    assert comes_to(reply) in ("API0012", "Bad Request", "Invalid API key")  # it was cut off, and is no signed call
    assert bitstamp_v2(practice).status_code == 200


@pytest.mark.parametrize("path", ["/api/v2/balance/", "/api/spot/rest/get_my_orders", "/api/balance/"])
def test_a_form_of_a_web_page_gets_nothing(practice: PracticeExchange, path: str) -> None:
    for origin in ("https://evil.example", "null", practice.url):
        assert send(practice, path, {"Content-Type": FORM, "Origin": origin}, b"{}").status_code == 403


@pytest.mark.parametrize("path", ["/api/v2/balance/", "/api/spot/rest/get_my_orders", "/api/balance/"])
def test_a_foreign_host_name_gets_nothing(practice: PracticeExchange, path: str) -> None:
    port = urlsplit(practice.url).port
    assert send(practice, path, {"Host": f"www.bitstamp.net:{port}"}).status_code == 421


def test_a_post_to_hitbtc_is_refused_in_every_scenario(practice: PracticeExchange) -> None:
    for scenario in COMES_TO:
        practice.scenario = scenario
        if scenario != "slow":
            assert send(practice, "/api/3/spot/order", {"Content-Type": JSON}, b"{}").status_code == 405
