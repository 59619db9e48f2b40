"""The practice exchange over the wire: every scenario, the faults, and how it starts and stops."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import re
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from palma_wizard.practice import KEYS as PRACTICE_KEYS
from palma_wizard.practice import SCENARIOS, PracticeExchange, server
from palma_wizard.practice.hitbtc import ApiKey, Right
from palma_wizard.practice.wire import Request
from palma_wizard.verify import TIME_LIMIT

KEY, SECRET = PRACTICE_KEYS["hitbtc2"].key, PRACTICE_KEYS["hitbtc2"].secret

PUBLIC = "/api/3/public/symbol/BTCUSDT"
KEYS = "/api/3/user/api-keys"
READ = "/api/3/spot/balance"
TRADE = "/api/3/spot/order"
PAYMENT = "/api/3/wallet/balance"
NO_RIGHT = "/api/3/sub-account"
V2_PUBLIC = "/api/2/public/symbol/ETHBTC"
V2_READ = "/api/2/trading/balance"
V2_TRADE = "/api/2/order"
V2_PAYMENT = "/api/2/account/balance"
V2_WITHDRAW = "/api/2/account/crypto/estimate-withdraw?currency=BTC&amount=0.01"
V2_NO_RIGHT = "/api/2/sub-acc"

CALLS = (
    *(PUBLIC, KEYS, READ, TRADE, PAYMENT, NO_RIGHT),
    *(V2_PUBLIC, V2_READ, V2_TRADE, V2_PAYMENT, V2_WITHDRAW, V2_NO_RIGHT),
)
# What each of CALLS comes to, in that order: the HTTP status, or the number of the error where there is one.
WORKS = (200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 1003, 200)
NOT_KNOWN = (200, 1002, 1002, 1002, 1002, 1002, 200, 1002, 1002, 1002, 1002, 1002)
NOT_ALLOWED = (200, 1003, 1003, 1003, 1003, 1003, 200, 1003, 1003, 1003, 1003, 1003)
COMES_TO = {
    "works": WORKS,
    "wrong-key": NOT_KNOWN,
    "wrong-secret": NOT_KNOWN,
    "wrong-user-id": WORKS,
    "clock-off": (200, 1002, 1002, 1002, 1002, 1002, *WORKS[6:]),
    "address-not-allowed": NOT_ALLOWED,
    "email-not-confirmed": NOT_ALLOWED,
    "no-trade-right": (200, 200, 200, 1003, 200, 200, 200, 200, 1003, 200, 1003, 200),
    "can-withdraw": (200,) * 12,
    "rate-limited": (429,) * 12,
    "maintenance": (503,) * 12,
    "older-switched-off": (*WORKS[:6], *(404,) * 6),
    "not-in-this-country": (451,) * 12,
    "html-instead-of-json": (200,) * 12,
    "slow": WORKS,
}


def authorization(target: str, key: str = KEY, secret: str = SECRET, at_ms: int | None = None) -> dict[str, str]:
    """HS256 for API 3, Basic for API 2, nothing for public calls."""
    if "/public/" in target:
        return {}
    if target.startswith("/api/2/"):
        return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}
    at = str(int(time.time() * 1000) if at_ms is None else at_ms)
    digest = hmac.new(secret.encode(), f"GET{target}{at}".encode(), hashlib.sha256).hexdigest()
    return {"Authorization": "HS256 " + base64.b64encode(f"{key}:{digest}:{at}".encode()).decode()}


def ask(
    exchange: PracticeExchange, target: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> requests.Response:
    sent = authorization(target) if headers is None else headers
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, exchange.url + target, headers=sent, timeout=5)


def number(reply: requests.Response) -> int:
    if reply.status_code == 200 or not reply.headers["Content-Type"].startswith("application/json"):
        return reply.status_code
    code = reply.json()["error"]["code"]
    assert isinstance(code, int)
    return code


def talk(exchange: PracticeExchange, sent: bytes) -> bytes:
    """Sends bytes as they are and reads until the other side closes."""
    port = urlsplit(exchange.url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=5) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


def wait_until_only_these_are_left(threads: set[threading.Thread]) -> None:
    deadline = time.monotonic() + 0.6
    while set(threading.enumerate()) - threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(threading.enumerate()) <= threads


@pytest.fixture(scope="module")
def shared() -> Iterator[PracticeExchange]:
    with PracticeExchange() as started:
        yield started


@pytest.fixture
def exchange(shared: PracticeExchange) -> PracticeExchange:
    shared.scenario = "works"
    return shared


@pytest.fixture
def fresh_exchange() -> Iterator[PracticeExchange]:
    with PracticeExchange() as started:
        yield started


def test_the_scenarios_are_the_promised_ones() -> None:
    assert (
        *("works", "wrong-key", "wrong-secret", "wrong-user-id", "clock-off", "address-not-allowed"),
        *("email-not-confirmed", "no-trade-right", "can-withdraw", "rate-limited", "maintenance"),
        *("older-switched-off", "not-in-this-country", "slow", "hangs", "closes-half-way", "html-instead-of-json"),
    ) == SCENARIOS
    assert set(SCENARIOS) == set(COMES_TO) | {"hangs", "closes-half-way"}


@pytest.mark.parametrize("value", [KEY, SECRET])
def test_the_practice_key_and_secret_have_the_shape_of_real_ones(value: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", value)


@pytest.mark.parametrize("scenario", [name for name in COMES_TO if name != "slow"])
def test_a_scenario_answers_each_call_in_its_own_way(exchange: PracticeExchange, scenario: str) -> None:
    exchange.scenario = scenario
    assert tuple(number(ask(exchange, target)) for target in CALLS) == COMES_TO[scenario]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_address_services_answer_in_every_scenario(exchange: PracticeExchange, scenario: str) -> None:
    exchange.scenario = scenario
    assert set(exchange.address_urls) == {"ipv4", "ipv6"}
    started = time.monotonic()
    for kind, address in (("ipv4", "203.0.113.7"), ("ipv6", "2001:db8::7")):
        one, two = exchange.address_urls[kind]
        assert one != two
        for url in (one, two):
            reply = ask(exchange, url.removeprefix(exchange.url), {})
            assert (reply.status_code, reply.text) == (200, address)
            assert reply.headers["Content-Type"].startswith("text/plain")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("path", ["/nothing", "/address/third/ipv4", "/address/first/ipv5", "/api"])
def test_what_is_not_played_is_not_found(exchange: PracticeExchange, path: str) -> None:
    assert ask(exchange, path, {}).status_code == 404


def test_another_spelling_of_a_path_is_not_found(exchange: PracticeExchange) -> None:
    port = urlsplit(exchange.url).port
    for path in ("/%61pi/3/sub-account", "/api/3/sub%2Daccount"):
        reply = talk(exchange, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert reply.split(b" ")[1] == b"404"


def test_the_list_shows_the_rights_of_two_keys(exchange: PracticeExchange) -> None:
    mine, other = ask(exchange, KEYS).json()
    assert mine["api_key_first_six"] == KEY[:6] != other["api_key_first_six"]
    assert {name: mine[name] for name in ("exchange_read", "exchange_trade", "bank_read", "bank_withdraw")} == {
        "exchange_read": True,
        "exchange_trade": True,
        "bank_read": True,
        "bank_withdraw": False,
    }
    assert mine["allowed_ips"] == []
    assert mine["is_active"] is True
    assert set(mine) == set(other)
    assert {"key_name", "created_at", "updated_at"} <= set(mine)
    exchange.scenario = "no-trade-right"
    assert ask(exchange, KEYS).json()[0]["exchange_trade"] is False
    exchange.scenario = "can-withdraw"
    assert ask(exchange, KEYS).json()[0]["bank_withdraw"] is True


def test_a_rate_limited_reply_says_when_to_come_back(exchange: PracticeExchange) -> None:
    exchange.scenario = "rate-limited"
    reply = ask(exchange, PUBLIC)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "3")


def test_html_comes_where_json_is_expected(exchange: PracticeExchange) -> None:
    exchange.scenario = "html-instead-of-json"
    for target in CALLS:
        reply = ask(exchange, target)
        assert reply.headers["Content-Type"].startswith("text/html")
        assert "Log in" in reply.text
    exchange.scenario = "older-switched-off"
    assert ask(exchange, V2_READ).headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("scenario", ["works", "clock-off"])
@pytest.mark.parametrize("target", [PUBLIC, KEYS, V2_WITHDRAW, "/api/3/nothing"])
def test_every_reply_tells_the_time_of_the_exchange(exchange: PracticeExchange, scenario: str, target: str) -> None:
    exchange.scenario = scenario
    date = ask(exchange, target).headers["Date"]  # two headers would be joined by a comma, and not parse
    ahead = parsedate_to_datetime(date).timestamp() - time.time()
    assert ahead == pytest.approx(300 if scenario == "clock-off" else 0, abs=2)


def test_a_client_on_the_time_of_the_exchange_gets_in(exchange: PracticeExchange) -> None:
    exchange.scenario = "clock-off"
    theirs = authorization(READ, at_ms=int((time.time() + 300) * 1000))
    assert ask(exchange, READ, theirs).status_code == 200


def test_slow_takes_a_second_and_a_half_longer(exchange: PracticeExchange) -> None:
    exchange.scenario = "slow"
    started = time.monotonic()
    assert ask(exchange, READ).status_code == 200
    assert 1.5 <= time.monotonic() - started < 2.5


def test_calls_are_answered_side_by_side(exchange: PracticeExchange) -> None:
    exchange.scenario = "slow"
    started = time.monotonic()
    threads = [threading.Thread(target=ask, args=(exchange, target)) for target in CALLS]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("target", [PUBLIC, READ, TRADE, V2_WITHDRAW])
def test_a_reply_that_closes_half_way_promises_more_than_it_sends(exchange: PracticeExchange, target: str) -> None:
    exchange.scenario = "closes-half-way"
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(exchange.url).port, timeout=5)
    connection.request("GET", target, headers=authorization(target))
    reply = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as broken:
        reply.read()
    connection.close()
    assert broken.value.partial
    assert broken.value.expected


@pytest.mark.parametrize("scenario", ["hangs", "slow"])
def test_stop_returns_at_once_while_calls_are_pending(scenario: str) -> None:
    before = set(threading.enumerate())
    exchange = PracticeExchange(scenario)
    exchange.start()
    ended: list[str] = []

    def call() -> None:
        try:
            ask(exchange, READ)
        except requests.ConnectionError:
            ended.append("dropped")

    callers = [threading.Thread(target=call) for _ in range(5)]
    for each in callers:
        each.start()
    while len(exchange.requests) < 5:
        time.sleep(0.01)
    time.sleep(0.3)
    assert not ended
    started = time.monotonic()
    exchange.stop()
    assert time.monotonic() - started < 0.5
    for each in callers:
        each.join(1)
    assert ended == ["dropped"] * 5
    wait_until_only_these_are_left(before)


def test_stop_drops_a_connection_that_never_asked_anything() -> None:
    before = set(threading.enumerate())
    exchange = PracticeExchange()
    exchange.start()
    with socket.create_connection(("127.0.0.1", urlsplit(exchange.url).port or 0), timeout=5) as silent:
        silent.sendall(b"GET /api/3/sub-acc")
        time.sleep(0.2)
        exchange.stop()
        assert silent.recv(100) == b""
    wait_until_only_these_are_left(before)


def test_it_starts_quickly_and_stops_as_often_as_asked() -> None:
    exchange = PracticeExchange()
    exchange.stop()
    started = time.monotonic()
    exchange.start()
    assert time.monotonic() - started < 0.5
    assert ask(exchange, PUBLIC).status_code == 200
    first = exchange.url
    exchange.start()
    assert exchange.url == first
    exchange.stop()
    exchange.stop()
    with pytest.raises(requests.ConnectionError):
        ask(exchange, PUBLIC)
    assert exchange.url == first
    exchange.start()
    assert ask(exchange, PUBLIC).status_code == 200
    exchange.stop()


def test_without_its_pages_it_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("palma_wizard.assets.path", tmp_path.joinpath)
    with pytest.raises(OSError, match="pages of the practice site are missing"):
        PracticeExchange().start()


def test_it_has_no_url_before_it_starts() -> None:
    with pytest.raises(RuntimeError, match="not been started"):
        _ = PracticeExchange().url


def test_an_unknown_scenario_is_refused_with_the_known_ones(exchange: PracticeExchange) -> None:
    with pytest.raises(ValueError, match=r"'wroks'.*works, wrong-key"):
        PracticeExchange("wroks")
    with pytest.raises(ValueError, match="html-instead-of-json"):
        exchange.scenario = ""
    assert exchange.scenario == "works"


def test_a_key_added_later_works(fresh_exchange: PracticeExchange) -> None:
    exchange = fresh_exchange
    added = ApiKey("a-key-made-on-the-practice-site1", "its-secret", frozenset({Right.READ}))
    theirs = authorization(READ, added.key, added.secret)
    assert number(ask(exchange, READ, theirs)) == 1002
    exchange.add_key(added)
    assert number(ask(exchange, READ, theirs)) == 200
    assert number(ask(exchange, TRADE, authorization(TRADE, added.key, added.secret))) == 1003
    assert [row["api_key_first_six"] for row in ask(exchange, KEYS).json()][2:] == ["a-key-"]
    exchange.scenario = "wrong-key"
    assert number(ask(exchange, READ, theirs)) == 200


def test_a_key_added_here_is_not_known_to_another_exchange(fresh_exchange: PracticeExchange) -> None:
    fresh_exchange.add_key(ApiKey("one", "two", frozenset(Right)))
    with PracticeExchange() as another:
        assert number(ask(another, READ, authorization(READ, "one", "two"))) == 1002


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize("scenario", ["works", "maintenance", "html-instead-of-json", "older-switched-off"])
def test_a_verb_other_than_get_is_refused(exchange: PracticeExchange, method: str, scenario: str) -> None:
    exchange.scenario = scenario
    for target in CALLS:
        reply = ask(exchange, target, method=method)
        assert (reply.status_code, number(reply), reply.headers["Allow"]) == (405, 405, "GET")


def test_head_is_refused_too(exchange: PracticeExchange) -> None:
    assert ask(exchange, READ, method="HEAD").status_code == 405


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "localhost",
        "localhost:1",
        "127.0.0.2:{port}",
        "[::1]:{port}",
        "127.0.0.1:{port}.evil.example",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}\r\nHost: evil.example",
        "",
        "]:[",
    ],
)
@pytest.mark.parametrize("path", [PUBLIC, "/address/first/ipv4", "/"])
def test_a_foreign_host_name_gets_nothing(exchange: PracticeExchange, host: str, path: str) -> None:
    named = host.format(port=urlsplit(exchange.url).port)
    reply = talk(exchange, f"GET {path} HTTP/1.1\r\nHost: {named}\r\n\r\n".encode())
    assert reply.split(b" ")[1] == b"421"


def test_a_request_without_host_gets_nothing(exchange: PracticeExchange) -> None:
    assert talk(exchange, f"GET {PUBLIC} HTTP/1.0\r\n\r\n".encode()).split(b" ")[1] == b"421"


def test_localhost_is_as_good_as_its_address(exchange: PracticeExchange) -> None:
    port = urlsplit(exchange.url).port
    assert ask(exchange, PUBLIC, {"Host": f"localhost:{port}"}).status_code == 200
    assert re.fullmatch(rf"http://127\.0\.0\.1:{port}", exchange.url)


@pytest.mark.parametrize("path", [PUBLIC, KEYS, "/address/first/ipv4", "/"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "", "none, same-origin"])
def test_what_a_browser_asks_for_another_page_is_refused(exchange: PracticeExchange, path: str, site: str) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        reply = ask(exchange, path, authorization(path) | {"Sec-Fetch-Site": site}, method)
        assert reply.status_code == 403


@pytest.mark.parametrize("path", [PUBLIC, KEYS, "/address/first/ipv4", "/"])
@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_a_person_or_a_page_of_its_own_asks_is_answered(exchange: PracticeExchange, path: str, site: str) -> None:
    assert ask(exchange, path, authorization(path) | {"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize("scenario", ["works", "html-instead-of-json", "maintenance"])
@pytest.mark.parametrize(
    "path, headers",
    [
        *((path, None) for path in (PUBLIC, KEYS, "/address/first/ipv4", "/api/nothing", "/%61pi/nothing", "/nothing")),
        *((path, {"Host": "evil.example"}) for path in (PUBLIC, "/")),
    ],
)
def test_every_reply_has_the_headers_that_keep_it_to_itself(
    exchange: PracticeExchange, path: str, headers: dict[str, str] | None, scenario: str
) -> None:
    exchange.scenario = scenario
    reply = ask(exchange, path, headers)
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in reply.headers


HALVES = {
    "nothing": "",
    "half a line": "GET / HT",
    "half a head": "GET / HTTP/1.1\r\nHost: {host}\r\nX: ",
    "half a form": "POST /sign-up HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 500\r\n\r\n",
    "half a body": "POST /api/v2/balance/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 500\r\n\r\n",
    "half a body that nobody reads": "GET /address/first/ipv4 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 500\r\n\r\na",
}


@pytest.mark.parametrize("drips", [False, True])
@pytest.mark.parametrize("half", HALVES)
def test_a_request_that_does_not_come_to_its_end_is_dropped(
    fresh_exchange: PracticeExchange, monkeypatch: pytest.MonkeyPatch, half: str, drips: bool
) -> None:
    assert server.TIME_TO_ASK == 10
    monkeypatch.setattr(server, "TIME_TO_ASK", 0.4)
    before = set(threading.enumerate())
    host = urlsplit(fresh_exchange.url).netloc
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", int(host.partition(":")[2])), timeout=3) as connection:
        connection.sendall(HALVES[half].format(host=host).encode())
        with contextlib.suppress(ConnectionError):
            while drips and time.monotonic() - started < 3:
                connection.sendall(b"a")
                time.sleep(0.005)
            while connection.recv(65536):
                pass
        assert time.monotonic() - started < 2
        wait_until_only_these_are_left(before)
    assert ask(fresh_exchange, PUBLIC).status_code == 200


def test_a_call_hangs_no_longer_than_anybody_waits(
    fresh_exchange: PracticeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TIME_LIMIT < server.LONGEST_HANG == 30
    monkeypatch.setattr(server, "LONGEST_HANG", 0.3)
    fresh_exchange.scenario = "hangs"
    before = set(threading.enumerate())
    with pytest.raises(requests.ConnectionError):
        ask(fresh_exchange, READ)
    wait_until_only_these_are_left(before)


def test_only_so_many_connections_are_held_at_once(
    fresh_exchange: PracticeExchange, capfd: pytest.CaptureFixture[str]
) -> None:
    assert server.MOST_CONNECTIONS == 64
    port = urlsplit(fresh_exchange.url).port or 0
    before = len(threading.enumerate())
    with contextlib.ExitStack() as held:
        for _ in range(server.MOST_CONNECTIONS):
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        for _ in range(20):
            with pytest.raises(requests.ConnectionError):
                ask(fresh_exchange, PUBLIC)
        assert len(threading.enumerate()) - before <= server.MOST_CONNECTIONS
    deadline = time.monotonic() + 2
    while len(threading.enumerate()) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ask(fresh_exchange, PUBLIC).status_code == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "head, more",
    [
        (
            "POST /sign-up HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 9999999999\r\n\r\n",
            b"a" * 60_000,
        ),
        ("POST /api/v2/balance/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9999999999\r\n\r\n", b"a" * 60_000),
        (
            "POST /api/v2/balance/ HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"f000\r\n" + b"a" * 0xF000 + b"\r\n",
        ),
        ("GET / HTTP/1.1\r\nHost: {host}\r\n", b"X: " + b"a" * 60_000 + b"\r\n"),
    ],
    ids=["a form", "a body", "in chunks", "a head"],
)
def test_what_is_far_too_long_is_not_read_to_its_end(exchange: PracticeExchange, head: str, more: bytes) -> None:
    host = urlsplit(exchange.url).netloc
    sent = 0
    with socket.create_connection(("127.0.0.1", int(host.partition(":")[2])), timeout=5) as connection:
        connection.sendall(head.format(host=host).encode())
        with contextlib.suppress(ConnectionError):
            while sent < 64 * server.MOST_SENT:
                connection.sendall(more)
                sent += len(more)
    assert sent < 16 * server.MOST_SENT  # the system's own buffers take some of it
    assert ask(exchange, PUBLIC).status_code == 200


def test_a_body_over_the_limit_is_refused_by_the_api(exchange: PracticeExchange) -> None:
    body = b"a" * (64 * 1024 + 1)
    with requests.Session() as session:
        session.trust_env = False
        assert session.post(f"{exchange.url}/api/v2/balance/", data=body, timeout=5).status_code == 413


@pytest.mark.parametrize(
    "sent", [b"<u>typed</u>\r\n\r\n", b"GET / <u>typed</u>\r\n\r\n", b"GET /<u>typed</u> HTTP/9.9\r\n\r\n"]
)
def test_what_is_not_http_is_not_shown_as_markup(exchange: PracticeExchange, sent: bytes) -> None:
    assert b"<u>" not in talk(exchange, sent)


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\n\r\n",
        b"GET /api/3/\xff\xfe HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_what_is_not_http_is_survived_in_silence(
    exchange: PracticeExchange, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(ConnectionError):
        talk(exchange, sent)
    assert ask(exchange, PUBLIC).status_code == 200
    assert capfd.readouterr() == ("", "")


def test_no_header_breaks_it_on_the_wire() -> None:
    with PracticeExchange() as exchange:
        port = urlsplit(exchange.url).port

        @settings(max_examples=60, deadline=None)
        @given(st.sampled_from([b"", b"HS256 ", b"Basic "]), st.binary(max_size=200))
        def send(scheme: bytes, content: bytes) -> None:
            value = scheme + content.replace(b"\r", b"").replace(b"\n", b"")
            head = f"GET {READ} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: ".encode()
            reply = talk(exchange, head + value + b"\r\n\r\n")
            body = json.loads(reply.partition(b"\r\n\r\n")[2])
            assert reply.split(b" ")[1] == b"401"
            assert body["error"]["code"] in (1001, 1002, 1004)

        send()


def test_it_remembers_what_was_asked_but_no_header(fresh_exchange: PracticeExchange) -> None:
    exchange = fresh_exchange
    ask(exchange, V2_WITHDRAW)
    ask(exchange, READ)
    ask(exchange, PUBLIC)
    ask(exchange, READ, {"Authorization": SECRET})
    ask(exchange, READ, {"Authorization": f"basic{SECRET}"}, method="POST")
    assert [(each.method, each.path, each.authorized, each.scheme) for each in exchange.requests] == [
        ("GET", V2_WITHDRAW.partition("?")[0], True, "Basic"),
        ("GET", READ, True, "HS256"),
        ("GET", PUBLIC, False, ""),
        ("GET", READ, True, "other"),
        ("POST", READ, True, "other"),
    ]
    assert SECRET not in repr(exchange.requests)


def test_it_remembers_no_more_than_a_thousand_and_no_long_path(fresh_exchange: PracticeExchange) -> None:
    stage = fresh_exchange._stage
    for number in range(1500):
        stage.note(Request("GET", f"/{number:05}" + "x" * 60_000))
    assert len(fresh_exchange.requests) == 1000
    assert fresh_exchange.requests[-1].path == "/01499" + "x" * 194


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "hangs"])
def test_it_prints_and_logs_nothing(
    scenario: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with PracticeExchange(scenario) as exchange:
        for target in (READ, V2_WITHDRAW, "/nothing"):
            try:
                ask(exchange, target)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                assert scenario == "closes-half-way"
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if not record.name.startswith("urllib3")]


def test_a_caller_that_leaves_early_is_met_with_silence(capfd: pytest.CaptureFixture[str]) -> None:
    with PracticeExchange("slow") as exchange:
        port = urlsplit(exchange.url).port or 0
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(f"GET {PUBLIC} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        time.sleep(1.8)
    assert capfd.readouterr() == ("", "")


def run_apart(code: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Runs code in another interpreter, development warnings on; tells how long its exit took."""
    program = textwrap.dedent(code) + "\nimport time; print(repr(time.time()))\n"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    return done, time.time() - float(done.stdout.split()[-1])


@pytest.mark.parametrize("last", ["exchange.stop()", "pass"])
@pytest.mark.parametrize("scenario", ["works", "hangs"])
def test_the_interpreter_exits_at_once_with_and_without_stop(last: str, scenario: str) -> None:
    done, exit_took = run_apart(f"""
        import socket, time
        from palma_wizard.practice import PracticeExchange
        exchange = PracticeExchange({scenario!r})
        exchange.start()
        port = int(exchange.url.rpartition(":")[2])
        pending = socket.create_connection(("127.0.0.1", port))
        pending.sendall(b"GET /api/3/sub-account HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\n\\r\\n" % port)
        while not exchange.requests:
            time.sleep(0.01)
        time.sleep(0.1)
        pending.close()
        {last}
    """)
    assert exit_took < 2
    assert done.stderr == ""


def test_flask_is_imported_only_when_it_starts() -> None:
    done, _ = run_apart("""
        import sys
        from palma_wizard.practice import PracticeExchange
        exchange = PracticeExchange()
        assert not {"flask", "werkzeug"} & set(sys.modules)
        started = __import__("time").monotonic()
        exchange.start()
        assert __import__("time").monotonic() - started < 2
        assert "flask" in sys.modules
        names = {"exchanges", "verify", "transport"}
        assert not {f"palma_wizard.{name}" for name in names} & set(sys.modules)
        exchange.stop()
    """)
    assert done.stderr == ""


def test_all_its_pages_and_calls_reach_no_keyring() -> None:
    run_apart("""
        import asyncio, sys
        from palma_wizard import verify
        from palma_wizard.exchanges import Credentials
        from palma_wizard.exchanges.registry import BY_NAME
        from palma_wizard.practice import KEYS, SCENARIOS, PracticeExchange
        from tests.practice.test_site import Visitor, visit_everything
        with PracticeExchange() as exchange:
            with (visitor := Visitor(exchange)).session:
                visit_everything(visitor, {})
        for scenario in sorted(set(SCENARIOS) - {"slow", "hangs"}):
            with PracticeExchange(scenario) as exchange:
                for name, mine in KEYS.items():
                    entry = Credentials(mine.key, mine.secret, mine.user_id)
                    asyncio.run(verify.check(BY_NAME[name], entry, practice_url=exchange.url))
        assert "flask" in sys.modules and "palma_wizard.transport" in sys.modules
        roots = {"keyring", "secretstorage", "jeepney", "win32ctypes"}
        assert not [name for name in sys.modules if name.split(".")[0] in roots or name == "palma_wizard.vault"]
    """)
