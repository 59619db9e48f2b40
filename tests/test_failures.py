"""Everything that goes wrong on the way, by whole checks of all exchanges over real sockets, TLS and proxies."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import email.utils
import gzip
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from palma_wizard import report, transport, verify
from palma_wizard.exchanges import (
    Auth,
    Cause,
    CheckState,
    Credentials,
    Exchange,
    Fault,
    Outcome,
    Reply,
    Verdict,
    failures,
)
from palma_wizard.exchanges.registry import BY_NAME
from tests import test_bitstamp, test_cex, test_hitbtc
from tests.servers import (
    Authority,
    Play,
    Server,
    by_target,
    drips,
    drips_headers,
    never_ends,
    never_ends_in_chunks,
    nobody,
    overrun,
    replies,
    resets,
    says,
    says_and_resets,
    tunnel,
    waits,
)

KEY, SECRET, USER_ID = "SentinelKeyOfTheTestxxxxxxxxxx01", "SentinelSecretOfTestxxxxxxxxxx02", "up918273645"
ENTRY: Final = Credentials(KEY, SECRET, USER_ID)
WHEN: Final = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.UTC)
HEAD: Final = b"HTTP/1.1 200 OK\r\n"
PAGE: Final = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
NOWHERE: Final = "https://exchange.invalid"

Causes = tuple[Cause, ...]
Meaning = tuple[Outcome, Causes]
Sign = CheckState | Fault

MEANS: dict[Sign, Meaning] = {
    CheckState.FOREIGN: (Outcome.ADDRESS_NOT_ALLOWED, (Cause.ADDRESS_LIST,)),
    CheckState.BLOCKED: (Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_BLOCKED,)),
    CheckState.INCOMPLETE: (Outcome.ACCOUNT_NOT_READY, (Cause.ACCOUNT_INCOMPLETE,)),
    CheckState.LIMITED: (Outcome.RATE_LIMITED, (Cause.TOO_MANY_REQUESTS,)),
    CheckState.DOWN: (Outcome.EXCHANGE_DOWN, (Cause.MAINTENANCE,)),
    CheckState.ELSEWHERE: (Outcome.NOT_OFFERED_HERE, (Cause.NOT_IN_THIS_COUNTRY, Cause.BLOCKED_ON_THE_WAY)),
    CheckState.COUNTER: (Outcome.NOT_UNDERSTOOD, (Cause.COUNTER_USED,)),
    Fault.CERTIFICATE_EXPIRED: (Outcome.UNTRUSTED_CONNECTION, (Cause.CERTIFICATE_EXPIRED, Cause.INTERCEPTED)),
    Fault.CERTIFICATE_NAME: (Outcome.UNTRUSTED_CONNECTION, (Cause.LOGIN_PAGE, Cause.INTERCEPTED)),
    Fault.UNTRUSTED: (Outcome.UNTRUSTED_CONNECTION, (Cause.INTERCEPTED, Cause.LOGIN_PAGE, Cause.CERTIFICATE_EXPIRED)),
    Fault.TLS_TOO_OLD: (Outcome.UNTRUSTED_CONNECTION, (Cause.TLS_TOO_OLD, Cause.INTERCEPTED)),
    Fault.PROXY_PASSWORD: (Outcome.NO_CONNECTION, (Cause.PROXY_PASSWORD,)),
    Fault.PROXY_REFUSES: (Outcome.NO_CONNECTION, (Cause.PROXY_REFUSES, Cause.MAINTENANCE)),
    Fault.PROXY_MISSING: (Outcome.NO_CONNECTION, (Cause.PROXY_MISSING, Cause.OFFLINE)),
    Fault.NAME_NOT_FOUND: (Outcome.NO_CONNECTION, (Cause.OFFLINE, Cause.NAME_NOT_FOUND)),
    Fault.UNREACHABLE: (Outcome.NO_CONNECTION, (Cause.OFFLINE, Cause.BLOCKED_ON_THE_WAY)),
    Fault.REFUSED: (Outcome.NO_CONNECTION, (Cause.BLOCKED_ON_THE_WAY, Cause.MAINTENANCE)),
    Fault.RESET: (Outcome.NO_CONNECTION, (Cause.BLOCKED_ON_THE_WAY, Cause.BROKEN_OFF)),
    Fault.BROKEN_OFF: (Outcome.NO_CONNECTION, (Cause.BROKEN_OFF, Cause.BLOCKED_ON_THE_WAY)),
    Fault.TIMED_OUT: (Outcome.TIMED_OUT, (Cause.SLOW_NETWORK, Cause.MAINTENANCE)),
    CheckState.PAGE: (Outcome.NOT_UNDERSTOOD, (Cause.LOGIN_PAGE, Cause.EXCHANGE_CHANGED)),
    CheckState.GONE: (Outcome.NOT_UNDERSTOOD, (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)),
    Fault.TOO_LARGE: (Outcome.NOT_UNDERSTOOD, (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)),
    CheckState.UNREADABLE: (Outcome.NOT_UNDERSTOOD, (Cause.EXCHANGE_CHANGED, Cause.LOGIN_PAGE)),
}
"""What each sign comes to, the clearest first, written down a second time."""


@dataclass(frozen=True)
class Place:
    """Where a check is sent: an address, and whom it trusts."""

    authority: Authority
    trust: ssl.SSLContext
    patch: pytest.MonkeyPatch
    usual: ssl.SSLContext

    @contextlib.contextmanager
    def server(self, play: Play, tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[str]:
        with Server(play, None if at_once else tls or self.usual, at_once=at_once) as server:
            yield server.secure_url

    @contextlib.contextmanager
    def proxy(self, play: Play) -> Iterator[str]:
        with Server(play) as proxy, self.patch.context() as patch:
            patch.setenv("HTTPS_PROXY", proxy.url)
            yield NOWHERE

    def limit(self, **seconds: float) -> None:
        for name, value in seconds.items():
            self.patch.setattr(verify if name == "TIME_LIMIT" else transport, name, value)


Setting = Callable[[Place], contextlib.AbstractContextManager[str]]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def contexts(authority: Authority) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return authority.trust, authority.serving("127.0.0.1")


@pytest.fixture
def place(
    authority: Authority, contexts: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> Place:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return Place(authority, contexts[0], monkeypatch, contexts[1])


Check = Callable[..., Verdict]


@pytest.fixture
def check(
    place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Callable[[Exchange, str], Verdict]:
    """A whole check; whatever it comes to, no secret may be anywhere that others read."""

    def checked(exchange: Exchange, url: str, entry: Credentials = ENTRY) -> Verdict:
        caplog.set_level(logging.DEBUG)
        caplog.clear()
        verdict = asyncio.run(verify.check(exchange, entry, practice_url=url, trust=place.trust))
        shown = [
            *(caplog.text, *(str(vars(record)) for record in caplog.records), *capfd.readouterr()),
            *(repr(verdict), report.write(verdict, WHEN), report.write(verdict, WHEN, ["192.0.2.7"])),
        ]
        for secret in secrets_of(entry):
            assert not any(secret in text for text in shown), secret[:8]
        assert [row.id for row in verdict.checks] == [call.id for call in exchange.calls]
        return verdict

    return checked


def secrets_of(entry: Credentials) -> list[str]:
    whole = base64.b64encode(f"{entry.key}:{entry.secret}".encode()).decode()
    return [entry.key, entry.secret, entry.user_id.removeprefix("up"), whole[:40]]


def meaning(verdict: Verdict) -> Meaning:
    return verdict.outcome, verdict.reading.causes


exchanges = pytest.mark.parametrize("exchange", BY_NAME.values(), ids=BY_NAME)


# -- instead of a reply --


def answering(play: Play) -> Setting:
    return lambda place: place.server(play)


def in_the_handshake(play: Play) -> Setting:
    """After the hello: earlier, a reset may overtake the connection itself, and CPython 3.11 leaves that one to gc."""

    def after_the_hello(connection: socket.socket, asked: bytes) -> None:
        connection.recv(65536)
        play(connection, asked)

    return lambda place: place.server(after_the_hello, at_once=True)


def shows(serving: Callable[[Authority], ssl.SSLContext]) -> Setting:
    return lambda place: place.server(replies(), serving(place.authority))


def dated(*days: int) -> Setting:
    return shows(lambda ours: ours.serving("127.0.0.1", days=(days[0], days[1])))


def behind(play: Play) -> Setting:
    return lambda place: place.proxy(play)


def limited(setting: Setting, **seconds: float) -> Setting:
    def shortened(place: Place) -> contextlib.AbstractContextManager[str]:
        place.limit(**seconds)
        return setting(place)

    return shortened


def at(url: str) -> Setting:
    return lambda _: contextlib.nullcontext(url)


@contextlib.contextmanager
def at_nobody(_: Place) -> Iterator[str]:
    with nobody() as port:
        yield f"https://127.0.0.1:{port}"


@contextlib.contextmanager
def at_a_full_queue(_: Place) -> Iterator[str]:
    with overrun() as port:
        yield f"https://127.0.0.1:{port}"


@contextlib.contextmanager
def behind_nobody(place: Place) -> Iterator[str]:
    with nobody() as port:
        place.patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        yield NOWHERE


def behind_one_that_reads_along(place: Place) -> contextlib.AbstractContextManager[str]:
    return place.proxy(tunnel(Authority().serving("exchange.invalid")))


def behind_one_that_leads_elsewhere(place: Place) -> contextlib.AbstractContextManager[str]:
    return place.proxy(tunnel(place.authority.serving("login.invalid")))


def old(tls: ssl.SSLContext) -> ssl.SSLContext:
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    return tls


@contextlib.contextmanager
def without_a_name_server(place: Place) -> Iterator[str]:
    answered = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answered.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "no name server")

    with place.patch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield NOWHERE
        answered.set()


BOMB: Final = gzip.compress(b" " * 8 * transport.BODY_LIMIT, 1)

FAULTS: dict[str, tuple[Setting, Fault]] = {
    "the name is not found": (at(NOWHERE), Fault.NAME_NOT_FOUND),
    "nobody listens": (at_nobody, Fault.REFUSED),
    "no route leads there": (at("https://255.255.255.255"), Fault.UNREACHABLE),
    "reset in the handshake": (in_the_handshake(resets), Fault.RESET),
    "closed in the handshake": (in_the_handshake(says(b"")), Fault.RESET),
    "reset before the reply": (answering(resets), Fault.RESET),
    "closed before the reply": (answering(says(b"")), Fault.RESET),
    "reset in the headers": (answering(says_and_resets(HEAD + b"X: y\r\n")), Fault.BROKEN_OFF),
    "reset in the body": (answering(says_and_resets(HEAD + b"Content-Length: 9\r\n\r\nhalf")), Fault.BROKEN_OFF),
    "shorter than its length": (answering(replies(b"half", length=100)), Fault.BROKEN_OFF),
    "two lengths": (answering(replies(b"four", "Content-Length: 5")), Fault.BROKEN_OFF),
    "a bad chunk": (answering(says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nnone\r\n")), Fault.BROKEN_OFF),
    "no HTTP": (answering(says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")), Fault.BROKEN_OFF),
    "no TLS": (in_the_handshake(says(b"SSH-2.0-OpenSSH_9.6\r\n")), Fault.BROKEN_OFF),
    "packed badly": (answering(replies(b"not gzip", "Content-Encoding: gzip")), Fault.BROKEN_OFF),
    "an endless body": (answering(never_ends()), Fault.TOO_LARGE),
    "endless chunks": (answering(never_ends_in_chunks), Fault.TOO_LARGE),
    "an endless log-in page": (answering(never_ends("Location: /", status="302 Found")), Fault.TOO_LARGE),
    "a bomb": (answering(replies(BOMB, "Content-Encoding: gzip")), Fault.TOO_LARGE),
    "the body drips": (limited(answering(drips), TOTAL_TIMEOUT=0.25), Fault.TIMED_OUT),
    "the headers drip": (limited(answering(drips_headers), TOTAL_TIMEOUT=0.25), Fault.TIMED_OUT),
    "the body drips past the whole check": (limited(answering(drips), TIME_LIMIT=0.25), Fault.TIMED_OUT),
    "silence": (limited(answering(waits), READ_TIMEOUT=0.2), Fault.TIMED_OUT),
    "silence in the handshake": (limited(in_the_handshake(waits), TOTAL_TIMEOUT=0.2), Fault.TIMED_OUT),
    "nobody lets in": (limited(at_a_full_queue, CONNECT_TIMEOUT=0.2), Fault.TIMED_OUT),
    "no name server": (limited(without_a_name_server, TOTAL_TIMEOUT=0.2), Fault.TIMED_OUT),
    "a certificate that ran out": (dated(-9, -1), Fault.CERTIFICATE_EXPIRED),
    "a certificate of the future": (dated(1, 9), Fault.CERTIFICATE_EXPIRED),
    "a certificate of another host": (shows(lambda ours: ours.serving("login.invalid")), Fault.CERTIFICATE_NAME),
    "a certificate of nobody": (shows(lambda _: Authority().serving("127.0.0.1")), Fault.UNTRUSTED),
    "TLS 1.1 at most": (shows(lambda ours: old(ours.serving("127.0.0.1"))), Fault.TLS_TOO_OLD),
    "a proxy that is not there": (behind_nobody, Fault.PROXY_MISSING),
    "a proxy that is none": (behind(says(b"SSH-2.0-OpenSSH_9.6\r\n")), Fault.PROXY_MISSING),
    "a proxy wants a password": (behind(replies(PAGE, status="407 Authenticate")), Fault.PROXY_PASSWORD),
    "the answer wants a proxy's password": (answering(replies(b"", status="407 x")), Fault.PROXY_PASSWORD),
    "a proxy refuses": (behind(replies(PAGE, status="403 Forbidden")), Fault.PROXY_REFUSES),
    "a proxy finds nobody": (behind(replies(b"", status="502 Bad Gateway")), Fault.PROXY_REFUSES),
    "a proxy hangs up": (behind(says(b"")), Fault.PROXY_REFUSES),
    "a proxy reads along": (behind_one_that_reads_along, Fault.UNTRUSTED),
    "a proxy leads elsewhere": (behind_one_that_leads_elsewhere, Fault.CERTIFICATE_NAME),
}  # fmt: skip


@exchanges
@pytest.mark.parametrize("name", FAULTS)
def test_what_comes_instead_of_replies_has_its_outcome_and_causes(
    exchange: Exchange, name: str, place: Place, check: Check
) -> None:
    setting, fault = FAULTS[name]
    with setting(place) as url:
        begun = time.monotonic()
        verdict = check(exchange, url)
        assert time.monotonic() - begun < 3
    assert {row.sign for row in verdict.checks} == {fault.value}
    assert meaning(verdict) == MEANS[fault]


# -- a reply to every call alike --

JSON_ERROR: Final = b'{"error":"words","message":"words"}'
ANSWERS: dict[str, tuple[str, bytes, tuple[str, ...], CheckState]] = {
    "a hotel's page": ("200 OK", PAGE, (), CheckState.PAGE),
    "a page after a mark": ("200 OK", b"\xef\xbb\xbf\r\n" + PAGE, (), CheckState.PAGE),
    "led to a hotel's page": ("302 Found", b"", ("Location: https://login.invalid/",), CheckState.PAGE),
    "led there, with a page": ("302 Found", PAGE, ("Location: /login",), CheckState.PAGE),
    "moved": ("301 Moved", b"", ("Location: https://elsewhere.invalid/",), CheckState.PAGE),
    "sign in to the network": ("511 Network Authentication Required", PAGE, (), CheckState.PAGE),
    "not for this country": ("451 Unavailable", b"", (), CheckState.ELSEWHERE),
    "not for this country, in JSON": ("451 Unavailable", JSON_ERROR, (), CheckState.ELSEWHERE),
    "a firewall's page": ("403 Forbidden", PAGE, (), CheckState.ELSEWHERE),
    "maintenance in JSON": ("503 Service Unavailable", JSON_ERROR, (), CheckState.DOWN),
    "maintenance on a page": ("503 Service Unavailable", PAGE, (), CheckState.DOWN),
    "too often": ("429 Too Many Requests", b"", ("Retry-After: 7",), CheckState.LIMITED),
    "too often, on a page": ("429 Too Many Requests", PAGE, (), CheckState.LIMITED),
    "nothing in it": ("200 OK", b"", (), CheckState.UNREADABLE),
    "bad JSON": ("200 OK", b'[{"a":', (), CheckState.UNREADABLE),
    "bytes that are no text": ("200 OK", b"\xff\xfe\x00\xd8", (), CheckState.UNREADABLE),
    "too deep": ("200 OK", b"[" * 100_000, (), CheckState.UNREADABLE),
    "too large a number": ("200 OK", b"9" * 10_000, (), CheckState.UNREADABLE),
    "words": ("200 OK", b'"fine"', (), CheckState.UNREADABLE),
    "a number": ("200 OK", b"7", (), CheckState.UNREADABLE),
    "null": ("200 OK", b"null", (), CheckState.UNREADABLE),
    "no content": ("204 No Content", b"", (), CheckState.UNREADABLE),
}  # fmt: skip


@exchanges
@pytest.mark.parametrize("name", ANSWERS)
def test_a_reply_that_says_nothing_about_the_key_has_its_outcome_and_causes(
    exchange: Exchange, name: str, place: Place, check: Check
) -> None:
    status, body, headers, state = ANSWERS[name]
    with place.server(replies(body, *headers, status=status)) as url:
        verdict = check(exchange, url)
    assert {row.state for row in verdict.checks} == {state}
    assert {row.sign for row in verdict.checks} == {f"HTTP {status[:3]}"}
    assert meaning(verdict) == MEANS[state]
    assert verdict.reading.retry_after == (7 if name == "too often" else None)


@exchanges
def test_an_object_of_the_wrong_shape_is_not_understood(exchange: Exchange, place: Place, check: Check) -> None:
    with place.server(replies(b'{"weather":"fine"}')) as url:
        assert meaning(check(exchange, url)) == MEANS[CheckState.UNREADABLE]


GONE, DOWN = {404, 410}, {500, 501, 502, 503, 504}
STATUSES = (*range(400, 407), *range(408, 411), 413, 418, 421, 422, 423, 425, 426, 428, 429, 431, 451, *range(500, 505))
REFUSED_BY_CEX = (Outcome.ADDRESS_NOT_ALLOWED, (Cause.READ_NOT_TICKED, Cause.ADDRESS_LIST, Cause.KEY_NOT_ACTIVATED))
UNKNOWN_TO_CEX = (
    Outcome.WRONG_KEY,
    (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_NOT_ACTIVATED, Cause.KEY_DELETED, Cause.ADDRESS_LIST),
)
OF_ITS_OWN: dict[tuple[str, int], Meaning] = {("cex", 401): UNKNOWN_TO_CEX, ("cex", 403): REFUSED_BY_CEX}
"""CEX.IO has no codes: with JSON, these statuses are words of its own."""


@exchanges
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", [b"", JSON_ERROR, PAGE], ids=["nothing", "JSON", "a page"])
def test_every_status_has_its_outcome_and_causes(
    exchange: Exchange, status: int, body: bytes, place: Place, check: Check
) -> None:
    state = CheckState.PAGE if body is PAGE else CheckState.UNREADABLE
    if status == 451 or (status == 403 and body is PAGE):
        state = CheckState.ELSEWHERE
    elif status in GONE | DOWN:
        state = CheckState.GONE if status in GONE else CheckState.DOWN
    elif status == 429:
        state = CheckState.LIMITED
    expected = OF_ITS_OWN.get((exchange.id, status), MEANS[state]) if body is JSON_ERROR else MEANS[state]
    with Server(replies(body, status=f"{status} Said")) as server:  # without TLS, for there are many
        assert meaning(check(exchange, server.url)) == expected


# -- the exchanges' own codes, from every call alike --


def hitbtc_says(code: object, status: int) -> tuple[int, object]:
    return status, {"error": {"code": code, "message": f"{KEY} {SECRET} {USER_ID}"}}


def bitstamp_says(code: str, status: int = 403, name: str = "code") -> tuple[int, object]:
    return status, {"status": "error", "reason": f"{KEY} {SECRET} {USER_ID}", name: code}


def cex_says(words: str, status: int = 200) -> tuple[int, object]:
    code = {} if status == 200 else {"statusCode": status}
    return status, {"error": words, "about": f"{KEY} {SECRET} {USER_ID}", **code}


UNCLEAR = MEANS[CheckState.UNREADABLE]
LIMITED = MEANS[CheckState.LIMITED]
BLOCKED, INCOMPLETE = MEANS[CheckState.BLOCKED], MEANS[CheckState.INCOMPLETE]
NO_LONGER, COUNTED = MEANS[CheckState.GONE], MEANS[CheckState.COUNTER]
H_WRONG = (Outcome.WRONG_KEY, (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED))
H_ADDRESS = (Outcome.ADDRESS_NOT_ALLOWED, (Cause.EMAIL_NOT_CONFIRMED, Cause.ADDRESS_LIST, Cause.KEY_INACTIVE))
B_WRONG = (Outcome.WRONG_KEY, (Cause.KEY_MISTYPED, Cause.KEY_NOT_ACTIVATED, Cause.KEY_DELETED))
B_ADDRESS = (Outcome.ADDRESS_NOT_ALLOWED, (Cause.ADDRESS_LIST,))
C_INACTIVE = (Outcome.WRONG_KEY, (Cause.KEY_NOT_ACTIVATED,))
B_MISSING = (Outcome.MISSING_RIGHT, (Cause.READ_NOT_TICKED, Cause.TRADE_DOUBTED, Cause.KEY_NOT_ACTIVATED))

CODES: dict[str, tuple[str, tuple[int, object], str, Meaning]] = {
    **{
        f"hitbtc {code}, HTTP {status}": ("hitbtc2", hitbtc_says(code, status), str(code), meant)
        for code, status, meant in [
            (403, 401, BLOCKED), (429, 429, LIMITED), (429, 400, LIMITED), (500, 500, MEANS[CheckState.DOWN]),
            (503, 503, MEANS[CheckState.DOWN]), (504, 504, MEANS[CheckState.DOWN]), (600, 400, UNCLEAR),
            (800, 404, MEANS[CheckState.GONE]), (1001, 401, H_WRONG), (1002, 401, H_WRONG), (1002, 403, H_WRONG),
            (1003, 403, H_ADDRESS), (1004, 401, H_WRONG), (1005, 401, H_WRONG), (1006, 400, H_ADDRESS),
            (2001, 400, UNCLEAR), (10001, 400, UNCLEAR), (10021, 400, BLOCKED), (20001, 400, UNCLEAR),
            (20044, 400, UNCLEAR), (21003, 400, BLOCKED), (21004, 400, BLOCKED), ("1002", 401, H_WRONG),
            ("1003", 403, H_ADDRESS), ("429", 400, LIMITED),
        ]
    },
    **{
        f"bitstamp {code}": ("bitstamp", bitstamp_says(code), code, meant)
        for code, meant in [
            ("API0000", NO_LONGER), ("API0001", B_WRONG), ("API0002", B_ADDRESS),
            ("API0003", B_MISSING), ("API0004", COUNTED), ("API0005", (Outcome.WRONG_KEY, (Cause.SECRET_MISTYPED,))),
            ("API0006", BLOCKED), ("API0008", B_WRONG), ("API0009", INCOMPLETE), ("API0010", NO_LONGER),
            ("API0011", B_WRONG), *((f"API00{number}", NO_LONGER) for number in range(12, 17)),
            ("API0017", (Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG,))),
            *((f"API00{number}", UNCLEAR) for number in range(18, 22)), ("403.001", INCOMPLETE), ("403.004", BLOCKED),
            ("400.002", LIMITED), ("400.067", LIMITED),
        ]
    },
    "bitstamp, the other name": ("bitstamp", bitstamp_says("API0005", name="response_code"), "API0005",
                                 (Outcome.WRONG_KEY, (Cause.SECRET_MISTYPED,))),
    "bitstamp without a code": ("bitstamp", (403, {"error": "No permission found"}), "", B_MISSING),
    "cex, key": ("cex", cex_says("API key not passed or incorrect", 401), "401", UNKNOWN_TO_CEX),
    "cex, key, in a 200": ("cex", cex_says("Invalid API key"), "", UNKNOWN_TO_CEX),
    "cex, not activated": ("cex", cex_says("Key is not activated"), "", C_INACTIVE),
    "cex, counter": ("cex", cex_says("Nonce must be incremented"), "", COUNTED),
    "cex, permission": ("cex", cex_says("Permission denied"), "", REFUSED_BY_CEX),
    "cex, too often": ("cex", cex_says("API rate limit reached"), "", LIMITED),
    "cex, too often, the older words": ("cex", cex_says("Rate limit exceeded", 422), "422", LIMITED),
    "cex, other words": ("cex", cex_says("Something else", 422), "422", UNCLEAR),
}  # fmt: skip


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_an_exchange_has_its_outcome_and_causes(name: str, place: Place, check: Check) -> None:
    exchange, (status, document), code, expected = CODES[name]
    with place.server(replies(json.dumps(document).encode(), status=f"{status} Said")) as url:
        verdict = check(BY_NAME[exchange], url)
    assert meaning(verdict) == expected
    assert {row.sign for row in verdict.checks} == {f"HTTP {status} {code}".strip()}


def test_signatures_refused_by_both_of_cex_are_a_wrong_secret(place: Place, check: Check) -> None:
    status, document = cex_says("Invalid signature", 401)
    with place.server(replies(json.dumps(document).encode(), status=f"{status} Said")) as url:
        verdict = check(BY_NAME["cex"], url)
    assert verdict.outcome is Outcome.WRONG_KEY
    assert verdict.reading.causes[0] is Cause.SECRET_MISTYPED


# -- replies that differ from call to call --

WELL: Final[Mapping[str, Mapping[str, Reply | Fault]]] = {
    "hitbtc2": test_hitbtc.WELL | {"rights": test_hitbtc.listed(test_hitbtc.row(api_key_first_six=KEY[:6]))},
    "bitstamp": test_bitstamp.WELL,
    "cex": test_cex.WELL,
}


def played(exchange: Exchange, changes: Mapping[str, Reply | Fault], *headers: str) -> Play:
    plays: dict[str, Play] = {}
    for call in exchange.calls:
        answer = {**WELL[exchange.id], **changes}[call.id]
        assert isinstance(answer, Reply)
        plays[call.target] = replies(answer.body, *headers, status=f"{answer.status} Said")
    return by_target(plays)


H, K1002, K1003 = "hitbtc2", test_hitbtc.K1002, test_hitbtc.K1003
NO_MORE = Reply(404, PAGE)
OWN = test_hitbtc.row(api_key_first_six=KEY[:6])
WORKS_NOTES: dict[str, Causes] = {
    "hitbtc2": (),
    "bitstamp": (Cause.WITHDRAW_UNKNOWN,),
    "cex": (Cause.TRADE_UNKNOWN, Cause.WITHDRAW_UNKNOWN),
}

MIXED: dict[str, tuple[str, Mapping[str, Reply | Fault], Meaning]] = {
    **{f"{name} is well": (name, {}, (Outcome.WORKS, notes)) for name, notes in WORKS_NOTES.items()},
    "some 1003": (
        H,
        {"trade": K1003, "rights": K1003},
        (Outcome.MISSING_RIGHT, (Cause.TRADE_NOT_TICKED, Cause.EMAIL_NOT_CONFIRMED)),
    ),
    "v2 is gone": (H, {"withdraw": NO_MORE, "palmabot": NO_MORE}, (Outcome.WORKS, (Cause.OLDER_SWITCHED_OFF,))),
    "the list of keys is missing": (H, {"rights": NO_MORE}, (Outcome.WORKS, ())),
    "two keys begin alike and v2 is gone": (
        H,
        {"rights": test_hitbtc.listed(OWN, OWN), "withdraw": NO_MORE, "palmabot": NO_MORE},
        (Outcome.WORKS, (Cause.WITHDRAW_UNKNOWN, Cause.OLDER_SWITCHED_OFF)),
    ),
    "v3 refuses and v2 opens": (
        H,
        dict.fromkeys(("account", "rights", "read", "trade", "payment"), K1002),
        (Outcome.WRONG_SIGNATURE, (Cause.SIGNATURE_REFUSED, Cause.CLOCK_WRONG)),
    ),
    "it may withdraw": (
        H,
        {"withdraw": Reply(200, b'{"fee":"0.1"}')},
        (Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,)),
    ),
    "the estimate fails on its arguments": (
        H,
        {"withdraw": test_hitbtc.refusal(10001, 400)},
        (Outcome.CAN_WITHDRAW, (Cause.WITHDRAW_TICKED,)),
    ),
    "bitstamp's user id": (
        "bitstamp",
        {"palmabot": test_bitstamp.refusal("API0005")},
        (Outcome.WRONG_USER_ID, (Cause.USER_ID_WRONG, Cause.OLDER_SWITCHED_OFF)),
    ),
    "bitstamp's counter": (
        "bitstamp",
        {"palmabot": test_bitstamp.refusal("API0004")},
        (Outcome.WORKS, (Cause.WITHDRAW_UNKNOWN, Cause.COUNTER_USED)),
    ),
    "cex's user id": (
        "cex",
        {"palmabot": test_cex.refusal("Invalid signature")},
        (Outcome.WRONG_USER_ID, (Cause.USER_ID_WRONG, Cause.OLDER_SWITCHED_OFF)),
    ),
    "cex's spot is closed": (
        "cex",
        {"read": NO_MORE},
        (Outcome.WORKS, (Cause.TRADE_UNKNOWN, Cause.WITHDRAW_UNKNOWN, Cause.NEWER_UNKNOWN)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
def test_replies_that_differ_come_to_one_outcome(name: str, place: Place, check: Check) -> None:
    exchange, changes, expected = MIXED[name]
    with place.server(played(BY_NAME[exchange], changes)) as url:
        assert meaning(check(BY_NAME[exchange], url)) == expected


DAY = 24 * 60 * 60


@exchanges
@pytest.mark.parametrize("seconds", [4, -4, 6, -6, 300, -300, DAY, -DAY])
def test_a_clock_that_is_off_is_told_whatever_else_works(
    exchange: Exchange, seconds: int, place: Place, check: Check
) -> None:
    date = f"Date: {email.utils.formatdate(time.time() - seconds, usegmt=True)}"
    with place.server(played(exchange, {}, date)) as url:
        verdict = check(exchange, url)
    assert verdict.reading.clock_error == pytest.approx(seconds, abs=0.9)
    note = (Cause.CLOCK_WRONG,) if abs(seconds) > 5 else ()
    assert meaning(verdict) == (Outcome.WORKS, WORKS_NOTES[exchange.id] + note)


REJECTS: dict[str, tuple[tuple[int, object], Causes]] = {
    "hitbtc2": (hitbtc_says(1002, 401), (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)),
    "bitstamp": (bitstamp_says("API0017"), ()),
    "cex": (cex_says("API key not passed or incorrect", 401), (Cause.KEY_OR_SECRET_MISTYPED, Cause.KEY_DELETED)),
}


@exchanges
@pytest.mark.parametrize("seconds", [6, -6, 300, -300, DAY, -DAY])
def test_a_clock_that_is_off_comes_first_where_the_key_is_refused(
    exchange: Exchange, seconds: int, place: Place, check: Check
) -> None:
    (status, document), others = REJECTS[exchange.id]
    date = f"Date: {email.utils.formatdate(time.time() - seconds, usegmt=True)}"
    with place.server(replies(json.dumps(document).encode(), date, status=f"{status} Said")) as url:
        verdict = check(exchange, url)
    assert meaning(verdict) == (Outcome.CLOCK_OFF, (Cause.CLOCK_WRONG, *others))


def knows_the_key_alone(exchange: Exchange) -> Play:
    """An exchange that opens where it finds KEY in the place of a key."""
    wells = played(exchange, {})
    rejected = {"bitstamp": bitstamp_says("API0001")}.get(exchange.id, REJECTS[exchange.id][0])
    rejects = replies(json.dumps(rejected[1]).encode(), status=f"{rejected[0]} Said")

    def play(connection: socket.socket, asked: bytes) -> None:
        _, _, marks = asked.partition(b"Authorization: HS256 ")
        opened = base64.b64decode(marks.partition(b"\r\n")[0]) if marks else asked
        (wells if KEY.encode() in opened else rejects)(connection, asked)

    return play


@exchanges
def test_a_swap_of_key_and_secret_is_found_out_where_the_secret_is_sent_anyway(
    exchange: Exchange, place: Place, check: Check
) -> None:
    with place.server(knows_the_key_alone(exchange)) as url:
        verdict = check(exchange, url, Credentials(SECRET, KEY, USER_ID))
    assert verdict.outcome is Outcome.WRONG_KEY
    assert (verdict.reading.causes[0] is Cause.SWAPPED) is (exchange.id == "hitbtc2")


# -- secrets --


def repeats(connection: socket.socket, asked: bytes) -> None:
    """Sends back what it was sent, where headers belong and where none do."""
    connection.sendall(HEAD + asked.partition(b"\r\n")[2].replace(b"\r\n\r\n", b"\r\n") + b"\r\n\r\n" + asked)


@exchanges
def test_an_exchange_that_repeats_what_it_was_sent_makes_nothing_show_it(
    exchange: Exchange, place: Place, check: Check
) -> None:
    with Server(repeats, place.usual) as server:
        verdict = check(exchange, server.secure_url)
        sent = b"".join(server.asked)
    assert not verdict.passed
    assert KEY.encode() in sent or base64.b64encode(KEY.encode())[:40] in sent


@exchanges
def test_a_loop_in_debug_mode_shows_no_secret(
    exchange: Exchange, place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with place.server(played(exchange, {})) as url:
        asyncio.run(verify.check(exchange, ENTRY, practice_url=url, trust=place.trust), debug=True)
    shown = "".join([caplog.text, *capfd.readouterr()])
    assert not any(secret in shown for secret in secrets_of(ENTRY))


# -- cancelling --

HANGING: dict[str, Setting] = {
    "looking up the name": without_a_name_server,
    "connecting": at_a_full_queue,
    "the handshake": in_the_handshake(waits),
    "waiting for an answer": answering(waits),
    "the headers": answering(drips_headers),
    "the body": answering(drips),
    "asking the proxy": behind(waits),
}


@exchanges
@pytest.mark.parametrize("name", HANGING)
def test_a_check_that_hangs_is_cancelled_within_half_a_second(
    exchange: Exchange, name: str, place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def cancelled(url: str) -> float:
        running = asyncio.create_task(verify.check(exchange, ENTRY, practice_url=url, trust=place.trust))
        await asyncio.sleep(0.1)
        assert not running.done()
        begun = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return time.monotonic() - begun

    caplog.set_level(logging.DEBUG)
    with HANGING[name](place) as url:
        assert asyncio.run(cancelled(url)) < 0.5
        until = time.monotonic() + 0.5
        while (
            left := [each for each in threading.enumerate() if each.name == "palma-worker"]
        ) and time.monotonic() < until:
            time.sleep(0.01)
        assert not left
    shown = "".join([caplog.text, *capfd.readouterr()])
    assert not any(secret in shown for secret in secrets_of(ENTRY))


# -- the table as a whole --


def test_the_table_is_the_one_written_here_in_the_same_order() -> None:
    assert list(failures.TABLE.items()) == list(MEANS.items())


OF_SOME: Final = {CheckState.FOREIGN, CheckState.BLOCKED, CheckState.INCOMPLETE, CheckState.COUNTER}
"""Only some exchanges have words for these: their own tables mix them with others."""
SIGNS = [sign for sign in MEANS if sign not in OF_SOME]


@exchanges
@pytest.mark.parametrize("clear, vague", [(a, b) for i, a in enumerate(SIGNS) for b in SIGNS[i + 1 :]])
def test_the_clearest_sign_counts_where_calls_fail_differently(exchange: Exchange, clear: Sign, vague: Sign) -> None:
    answers: dict[str, Reply | Fault] = dict.fromkeys((call.id for call in exchange.calls), as_answer(vague))
    (asked, *_) = [call.id for call in exchange.calls if call.auth is Auth.SIGNED]
    reading = exchange.read({**answers, asked: as_answer(clear)}, ENTRY)
    assert (reading.outcome, reading.causes) == MEANS[clear]


def as_answer(sign: Sign) -> Reply | Fault:
    if isinstance(sign, Fault):
        return sign
    status, body, _, _ = next(row for row in ANSWERS.values() if row[3] is sign) if sign in ANSWERED else NOT_THERE
    return Reply(int(status[:3]), body)


ANSWERED = {row[3] for row in ANSWERS.values()}
NOT_THERE = ("404 Not Found", PAGE, (), CheckState.GONE)


def test_every_fault_and_every_state_of_the_table_is_reached() -> None:
    assert {fault for _, fault in FAULTS.values()} == set(Fault)
    reached = {*(fault for _, fault in FAULTS.values()), *ANSWERED, CheckState.GONE}
    assert reached == set(failures.TABLE) - OF_SOME


def test_every_state_is_reached_by_some_exchanges_answers() -> None:
    """Those that only one exchange knows are reached in the tables of its own."""
    reached = {*ANSWERED, CheckState.GONE}
    tables: dict[str, Iterable[Mapping[str, Reply | Fault]]] = {
        "hitbtc2": [row[0] for row in test_hitbtc.CASES.values()],
        "bitstamp": [row[0] for row in test_bitstamp.CASES.values()],
        "cex": [row[0] for row in test_cex.CASES.values()],
    }
    for name, rows in tables.items():
        for row in rows:
            answers = {**WELL[name], **row}
            reached |= {BY_NAME[name].state(call, answers[call.id]) for call in BY_NAME[name].calls}
    assert set(CheckState) - reached == set()


def test_every_cause_is_reached_by_some_row() -> None:
    reached = {Cause.SWAPPED}  # test_a_swap_of_key_and_secret_is_found_out
    reached |= {cause for _, causes in MEANS.values() for cause in causes}
    reached |= {cause for *_, (_, causes) in CODES.values() for cause in causes}
    reached |= {cause for *_, (_, causes) in MIXED.values() for cause in causes}
    for row in (*test_hitbtc.CASES.values(), *test_bitstamp.CASES.values(), *test_cex.CASES.values()):
        reached |= set(row[2])
    assert set(Cause) - reached == set()


def test_every_reply_of_a_well_key_is_granted_or_as_it_should_be() -> None:
    for name, exchange in BY_NAME.items():
        for call in exchange.calls:
            granted = exchange.state(call, WELL[name][call.id]) is CheckState.GRANTED
            assert granted is (call.wanted is not False)


def test_a_quiet_reply_keeps_its_own_clock_out_of_the_others() -> None:
    quick, slow = Reply(200, b"", 0.25), Reply(200, b"", 9.0)
    assert failures.clock_error(quick, [slow]) == 0.25
    assert failures.clock_error(quick._replace(clock_error=None), [Fault.RESET, slow]) == 9.0
    assert failures.clock_error(Fault.RESET, [Fault.RESET]) is None
