"""This computer's public address, asked of services on loopback."""

from __future__ import annotations

import asyncio
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from palma_wizard import address, guide
from palma_wizard.address import (
    SERVICES,
    AddressKind,
    Agreement,
    Sighting,
    kind_of,
    look_up,
    parse,
)
from palma_wizard.exchanges import Call, Fault, Reply
from palma_wizard.practice import PracticeExchange

FIRST, SECOND = "198.51.100.7", "203.0.113.9"


@contextmanager
def service(*answers: tuple[int, bytes]) -> Iterator[tuple[str, ...]]:
    """One address for each answer; an answer with status 0 never comes."""
    released = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[int(self.path[1:])]
            if not status:
                released.wait(5)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield tuple(f"http://127.0.0.1:{server.server_port}/{number}" for number in range(len(answers)))
        released.set()
        server.shutdown()


def seen(kind: str, *answers: tuple[int, bytes]) -> Sighting:
    with service(*answers) as urls:
        return asyncio.run(look_up({kind: urls}))[kind]


def ok(text: str) -> tuple[int, bytes]:
    return 200, text.encode()


NONE = Sighting(Agreement.NONE, ())
PORTAL = 200, b"<!DOCTYPE html><html><title>Free Wi-Fi</title><p>Log in, 203.0.113.9</p></html>"


@pytest.mark.parametrize(
    "kind, first, second, expected",
    [
        ("ipv4", ok(FIRST), ok(FIRST), Sighting(Agreement.BOTH, (FIRST,))),
        ("ipv4", ok(FIRST), ok(FIRST + "\n"), Sighting(Agreement.BOTH, (FIRST,))),
        ("ipv4", ok(FIRST), ok(SECOND), Sighting(Agreement.DIFFERENT, (FIRST, SECOND))),
        ("ipv4", ok(FIRST), (503, b""), Sighting(Agreement.ONE, (FIRST,))),
        ("ipv4", ok("<html>Log in</html>"), ok(SECOND), Sighting(Agreement.ONE, (SECOND,))),
        ("ipv4", PORTAL, PORTAL, NONE),
        ("ipv4", PORTAL, ok(FIRST), Sighting(Agreement.ONE, (FIRST,))),
        ("ipv4", ok(f"<p>{FIRST}</p>"), ok(f"{FIRST}<br>"), NONE),
        ("ipv4", (302, b""), (404, b""), NONE),
        ("ipv4", (500, FIRST.encode()), ok(""), NONE),
        ("ipv4", ok("2001:db8::7"), ok("2001:db8::7"), NONE),
        ("ipv4", ok(FIRST + " " * 100), ok(f"{FIRST}, {SECOND}"), NONE),
        ("ipv4", (200, b"\xff\xfe\x00"), ok("198.51.100.07"), NONE),
        ("ipv6", ok("2001:db8::7"), ok("2001:DB8:0:0::7"), Sighting(Agreement.BOTH, ("2001:db8::7",))),
        ("ipv6", ok("2001:db8::7"), ok("2001:db8::8"), Sighting(Agreement.DIFFERENT, ("2001:db8::7", "2001:db8::8"))),
        ("ipv6", ok("2001:db8::7"), ok(FIRST), Sighting(Agreement.ONE, ("2001:db8::7",))),
        ("ipv6", ok("::ffff:203.0.113.7"), ok("2001:db8::7%1"), NONE),
    ],
)
def test_what_two_services_say_is_put_together(
    kind: str, first: tuple[int, bytes], second: tuple[int, bytes], expected: Sighting
) -> None:
    assert seen(kind, first, second) == expected


@pytest.mark.parametrize(
    "kind, text",
    [
        ("ipv4", "192.168.1.20"),
        ("ipv4", "100.64.0.1"),
        ("ipv4", "127.0.0.1"),
        ("ipv4", "0.0.0.0"),
        ("ipv6", "fe80::1"),
        ("ipv6", "::1"),
    ],
)
def test_an_address_that_cannot_be_public_is_not_taken_for_one(kind: str, text: str) -> None:
    assert seen(kind, ok(text), ok(text)) == NONE


def test_a_service_that_hangs_costs_its_limit_and_not_the_other_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "TIME_LIMIT", 0.3)
    begun = time.monotonic()
    with service(ok(FIRST), (0, b"")) as urls:
        found = asyncio.run(look_up({"ipv4": urls}))
        assert time.monotonic() - begun < 1
    assert found == {"ipv4": Sighting(Agreement.ONE, (FIRST,))}


def test_all_four_questions_are_asked_at_once_and_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "TIME_LIMIT", 0.5)
    begun = time.monotonic()
    with service((0, b""), (0, b""), (0, b""), (0, b"")) as urls:
        found = asyncio.run(look_up({"ipv4": urls[:2], "ipv6": urls[2:]}))
        assert time.monotonic() - begun < 1
    assert found == {"ipv4": NONE, "ipv6": NONE}


def test_a_connection_with_ipv6_alone_shows() -> None:
    with service((404, b""), (404, b""), ok("2001:db8::7"), ok("2001:db8::7")) as urls:
        found = asyncio.run(look_up({"ipv4": urls[:2], "ipv6": urls[2:]}))
    assert found == {"ipv4": NONE, "ipv6": Sighting(Agreement.BOTH, ("2001:db8::7",))}


def test_the_services_are_asked_over_https_by_host_and_nothing_is_told_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str | None, Call, tuple[object, ...]]] = []
    closed: list[Recorder] = []

    class Recorder:
        def __init__(self, calls: list[Call], *, base_url: str | None = None) -> None:
            self.calls, self.base_url = calls, base_url

        def send(self, call: Call, *signed: object) -> Reply | Fault:
            assert self.calls == [call]
            sent.append((self.base_url, call, signed))
            return Fault.NAME_NOT_FOUND if "6" in call.host else Reply(200, FIRST.encode())

        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr(address, "Door", Recorder)
    found = asyncio.run(look_up())
    assert found == {"ipv4": Sighting(Agreement.BOTH, (FIRST,)), "ipv6": NONE}
    assert {(base, f"https://{call.host}{call.target}", signed) for base, call, signed in sent} == {
        (None, url, ()) for urls in SERVICES.values() for url in urls
    }
    assert len(closed) == 4


def test_practice_plays_both_services_for_both_kinds() -> None:
    with PracticeExchange() as practice:
        found = asyncio.run(look_up(practice.address_urls))
        asked = [each.path for each in practice.requests]
        authorized = [each for each in practice.requests if each.authorized]
    assert found == {
        "ipv4": Sighting(Agreement.BOTH, ("203.0.113.7",)),
        "ipv6": Sighting(Agreement.BOTH, ("2001:db8::7",)),
    }
    assert len(asked) == 4
    assert not authorized


def test_no_network_is_no_address_and_no_exception() -> None:
    with PracticeExchange() as practice:
        urls = dict(practice.address_urls)
    assert asyncio.run(look_up(urls)) == {"ipv4": NONE, "ipv6": NONE}


def test_two_independent_services_are_asked_over_https_and_named() -> None:
    for urls in SERVICES.values():
        hosts = [urlsplit(url).hostname or "" for url in urls]
        assert len(hosts) == len(set(hosts)) == 2
        assert all(host.partition(".")[2] in guide.load().say("notice.look-up-who") for host in hosts)
        assert {urlsplit(url).scheme for url in urls} == {"https"}


@pytest.mark.parametrize(
    "text, version, expected",
    [
        ("203.0.113.7", None, "203.0.113.7"),
        (" 203.0.113.7\n", 4, "203.0.113.7"),
        ("2001:DB8::0007", None, "2001:db8::7"),
        ("2001:db8::7", 4, None),
        ("203.0.113.7", 6, None),
        ("203.0.113.0/24", None, None),
        ("203.0.113", None, None),
        ("203.0.113.7:80", None, None),
        ("203.0.113.07", None, None),
        ("3405803783", None, None),
        ("localhost", None, None),
        ("", None, None),
        ("\x00", None, None),
        ("🙂", None, None),
        ("203.0.113.7 203.0.113.8", None, None),
        ("1" * 100_000, None, None),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_single_address_is_parsed_and_nothing_else(text: str, version: int | None, expected: str | None) -> None:
    assert parse(text, version) == expected


@pytest.mark.parametrize("text", ["fe80::1%eth0", "2001:db8::7%<b>", "::1%two words"])
def test_an_address_with_a_zone_is_not_one_that_an_exchange_can_list(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("203.0.113.7", AddressKind.PUBLIC),
        (" 2001:DB8::7\n", AddressKind.PUBLIC),
        ("192.168.1.20", AddressKind.PRIVATE),
        ("fd00::7", AddressKind.PRIVATE),
        ("100.64.0.1", AddressKind.CGNAT),
        ("127.0.0.1", AddressKind.LOOPBACK),
        ("169.254.10.1", AddressKind.LINK_LOCAL),
        ("fe80::1", AddressKind.LINK_LOCAL),
        ("fe80::1%eth0", AddressKind.LINK_LOCAL),
        ("fe80::1%12", AddressKind.LINK_LOCAL),
        ("0.0.0.0", AddressKind.RESERVED),
        ("255.255.255.255", AddressKind.RESERVED),
        ("::ffff:203.0.113.7", AddressKind.RESERVED),
        ("ff02::1", AddressKind.RESERVED),
        ("fe80::1%", None),
        ("2001:db8::7%eth0", None),
        ("203.0.113.7%", None),
        ("203.0.113.0/24", None),
        ("203.0.113", None),
        ("palmabot", None),
        ("%", None),
        ("", None),
        ("1" * 100_000, None),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_an_address_typed_by_hand_tells_what_kind_it_is(text: str, expected: AddressKind | None) -> None:
    assert kind_of(text) is expected
