"""Somebody else's client gets in: ccxt, the new one and one of 2021, reads its account from each practice API."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from palma_wizard.practice import KEYS, PracticeExchange
from tests.oracle import ROOT, ccxt

NEW, OLD = "4.5.90", "1.50.1"


def account(practice: PracticeExchange, exchange: str, **options: str) -> dict[str, Any]:
    """A job of the mode "fetch", with the practice key."""
    theirs = KEYS["hitbtc2" if exchange == "hitbtc" else exchange]
    return {
        "exchange": exchange,
        "apiKey": theirs.key,
        "secret": theirs.secret,
        "uid": theirs.user_id,
        "options": options,
        "practice": practice.url,
    }


def fetched(version: str, job: object) -> dict[str, Any]:
    done = ccxt(version, "fetch", job)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["version"] == version
    return document


@pytest.fixture
def practice() -> Iterator[PracticeExchange]:
    with PracticeExchange() as started:
        yield started


def schemes(practice: PracticeExchange) -> dict[str, str]:
    """How each private call was authorized."""
    return {each.path: each.scheme for each in practice.requests if each.authorized}


SELL = {"side": "sell", "symbol": "BTC/USD", "price": 72000, "amount": 0.001, "status": "open"}


def without_id(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert all(order["id"] for order in orders)
    return [{name: value for name, value in order.items() if name != "id"} for order in orders]


def test_hitbtc(practice: PracticeExchange) -> None:
    got = fetched(NEW, account(practice, "hitbtc"))
    assert got["free"] == {"BTC": 0.0152, "ETH": 10, "USDT": 250.75}
    assert got["orders"] == []
    assert schemes(practice) == {"/api/3/spot/balance": "HS256", "/api/3/spot/order": "HS256"}


@pytest.mark.parametrize(
    "version, scheme, balance",
    [(NEW, "v2", "account_balances/"), (OLD, "v2", "balance/"), (OLD, "older", "balance/")],
)
def test_bitstamp(practice: PracticeExchange, version: str, scheme: str, balance: str) -> None:
    got = fetched(version, account(practice, "bitstamp", **({"auth": "v1"} if scheme == "older" else {})))
    assert got["free"] == {"BTC": 0.0152, "ETH": 2.5, "USD": 250.75}
    assert got["total"] == {"BTC": 0.0162, "ETH": 2.5, "USD": 250.75}
    assert without_id(got["orders"]) == [SELL]
    assert schemes(practice) == {f"/api/v2/{balance}": scheme, "/api/v2/open_orders/all/": scheme}


@pytest.mark.parametrize("version", [NEW, OLD])
def test_cex(practice: PracticeExchange, version: str) -> None:
    got = fetched(version, account(practice, "cex"))
    assert got["total"] == {"BTC": 0.0162, "ETH": 2.5, "USD": 250.75}
    assert without_id(got["orders"]) == [SELL]
    assert schemes(practice) == (
        {"/api/spot/rest/get_my_wallet_balance": "spot", "/api/spot/rest/get_my_orders": "spot"}
        if version == NEW
        else {"/api/balance/": "older", "/api/open_orders/": "older"}
    )


@pytest.mark.parametrize("exchange, version", [("hitbtc", NEW), ("bitstamp", NEW), ("cex", NEW), ("cex", OLD)])
def test_what_was_asked_of_the_real_exchange_came_here_unchanged(
    practice: PracticeExchange, exchange: str, version: str
) -> None:
    asked = fetched(version, account(practice, exchange))["asked"]
    assert [(each.method, each.path) for each in practice.requests] == [
        (method, urlsplit(url).path) for method, url in asked
    ]


@pytest.mark.parametrize(
    "scenario, exchange, version, error",
    [
        ("wrong-secret", "hitbtc", NEW, "AuthenticationError"),
        ("wrong-secret", "bitstamp", NEW, "AuthenticationError"),
        ("wrong-key", "bitstamp", NEW, "AuthenticationError"),
        ("clock-off", "bitstamp", NEW, "API0017"),
        ("address-not-allowed", "bitstamp", NEW, "PermissionDenied"),
        ("no-trade-right", "bitstamp", NEW, "PermissionDenied"),
        ("maintenance", "bitstamp", NEW, "OnMaintenance"),
        ("rate-limited", "bitstamp", NEW, "Request rate limit exceeded"),
        ("wrong-key", "cex", NEW, "AuthenticationError"),
        ("wrong-secret", "cex", NEW, "Authorization Failed"),
        ("rate-limited", "cex", NEW, "RateLimitExceeded"),
        ("wrong-key", "cex", OLD, "AuthenticationError"),
        ("wrong-user-id", "cex", OLD, "Invalid signature"),
        ("rate-limited", "cex", OLD, "RateLimitExceeded"),
        ("older-switched-off", "cex", OLD, "NullResponse"),  # what it makes of any web page
        ("not-in-this-country", "cex", NEW, "451"),
    ],
)
def test_ccxt_understands_how_it_was_refused(
    practice: PracticeExchange, scenario: str, exchange: str, version: str, error: str
) -> None:
    practice.scenario = scenario
    done = ccxt(version, "fetch", account(practice, exchange))
    assert done.returncode == 1
    assert error in done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("scenario, error", [("wrong-user-id", "invalid signature"), ("older-switched-off", "API0012")])
def test_ccxt_understands_why_bitstamps_older_scheme_fails(
    practice: PracticeExchange, scenario: str, error: str
) -> None:
    practice.scenario = scenario
    done = ccxt(OLD, "fetch", account(practice, "bitstamp", auth="v1"))
    assert done.returncode == 1
    assert error in done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "attempt",
    [
        "session.get('https://example.org/')",
        "session.get('http://api.hitbtc.com/')",
        "requests.get('http://127.0.0.1:1/')",
        "requests.get('https://api.hitbtc.com/')",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 53))",
    ],
)
def test_ccxt_reaches_no_other_address(practice: PracticeExchange, attempt: str) -> None:
    program = f"""
import runpy, socket, requests
client = runpy.run_path({str(ROOT / "tests" / "ccxt_client.py")!r})
session = requests.Session()
for scheme in ("https://", "http://"):
    session.mount(scheme, client["ToPractice"]({practice.url!r}))
client["stay_at"]({practice.url!r})
print(session.get("https://cex.io/api/ticker/BTC/USD").status_code)
try:
    {attempt}
except client["StrayError"]:
    print("turned back")
"""
    folder = ROOT / ".venv" / f"ccxt-{NEW}"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["200", "turned back", ""]
    assert len(practice.requests) == 1


def test_signing_needs_no_exchange_and_stands_still() -> None:
    job = {
        "exchange": "cex",
        "path": "balance/",
        "api": "private",
        "method": "POST",
        "apiKey": "key",
        "secret": "secret",
        "uid": "up1",
        "ms": 1760000000123,
    }
    done = ccxt(OLD, "sign", [job, job])
    assert done.returncode == 0, done.stderr
    one, two = json.loads(done.stdout)
    assert one == two
    assert one["url"] == "https://cex.io/api/balance/"
    assert json.loads(one["body"])["nonce"] == "1760000000123"
