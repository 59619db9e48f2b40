"""The one door to the network, against real sockets, real TLS and a real proxy on loopback."""

from __future__ import annotations

import contextlib
import email.utils
import errno
import gzip
import logging
import socket
import ssl
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3.exceptions
from hypothesis import given, settings
from hypothesis import strategies as st

from palma_wizard import __version__, transport
from palma_wizard.exchanges import Call, Fault, Reply, Signed
from palma_wizard.transport import BODY_LIMIT, CallNotListedError, Door
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

HOST = "exchange.invalid"
CALL = Call("here", HOST, "/here?currency=BTC&amount=0.01")
POST = Call("there", HOST, "/there", method="POST")
PLANTED = "planted-secret"


def ask(
    url: str | None, call: Call = CALL, signed: Signed | None = None, trust: ssl.SSLContext | None = None
) -> Reply | Fault:
    door = Door([call], base_url=url, trust=trust)
    try:
        return door.send(call, signed or Signed())
    finally:
        door.close()


def headers_of(asked: bytes) -> dict[str, str]:
    head = asked.partition(b"\r\n\r\n")[0].decode("latin-1")
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in head.split("\r\n")[1:])}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


# -- what is sent --


def test_a_listed_call_is_sent_byte_for_byte_with_modest_headers() -> None:
    with Server(replies(b'{"a":1}')) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body) == (200, b'{"a":1}')
    assert server.asked[0].startswith(b"GET /here?currency=BTC&amount=0.01 HTTP/1.1\r\n")
    assert server.asked[0].endswith(b"\r\n\r\n")
    assert headers_of(server.asked[0]) == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": f"PalmaBotSetupWizard/{__version__}",
        "accept": "application/json",
        "accept-encoding": "identity",
    }


@pytest.mark.parametrize(
    "headers, body, sent",
    [
        ({}, b"", {"content-length": "0"}),
        ({"Content-Type": "application/json"}, b"", {"content-length": "0", "content-type": "application/json"}),
        ({"X-Auth": "key"}, b"a=\xff%20\r\n", {"content-length": "8", "x-auth": "key"}),
        ({"content-type": "a/b"}, b"{}" * 50_000, {"content-length": "100000", "content-type": "a/b"}),
    ],
)
def test_a_post_carries_its_body_byte_for_byte(headers: Mapping[str, str], body: bytes, sent: dict[str, str]) -> None:
    with Server(replies()) as server:
        assert isinstance(ask(server.url, POST, Signed(headers, body)), Reply)
    assert server.asked[0].startswith(b"POST /there HTTP/1.1\r\n")
    assert server.asked[0].partition(b"\r\n\r\n")[2] == body
    got = headers_of(server.asked[0])
    assert {name: got.get(name) for name in ("content-length", "content-type", "x-auth")} == {
        name: sent.get(name) for name in ("content-length", "content-type", "x-auth")
    }


@pytest.mark.parametrize(
    "call",
    [
        Call("here", HOST, "/elsewhere"),
        Call("here", HOST, CALL.target, method="POST"),
        Call("here", HOST, CALL.target + "0"),
        Call("here", "else.invalid", CALL.target),
        Call("withdraw", HOST, "/api/3/wallet/crypto/withdraw", method="POST"),
    ],
)
def test_a_call_that_is_not_listed_is_refused_and_nothing_is_sent(call: Call) -> None:
    with Server(replies()) as server:
        door = Door([CALL], base_url=server.url)
        with pytest.raises(CallNotListedError) as raised:
            door.send(call, Signed({"X": PLANTED}, PLANTED.encode()))
        door.close()
        assert server.connections == 0
        assert PLANTED not in str(raised.value)


@pytest.mark.parametrize(
    "host", ["", "a/b", "a@b", "a:1", "a b", "a\n", "a?b", "a#b", "[::1]", ".a", "a..b", "-a.b", "é.com", "a" * 64]
)
def test_a_host_is_a_plain_name(host: str) -> None:
    with pytest.raises(ValueError, match="not a host"):
        Door([CALL, Call("x", host, "/")])


@pytest.mark.parametrize("target", ["", "here", "@else.invalid/", ".else.invalid/", ":1/"])
def test_a_target_is_a_path_and_leads_to_no_other_host(target: str) -> None:
    with pytest.raises(ValueError, match="not a host"):
        Door([Call("x", HOST, target)])


@pytest.mark.parametrize("url", ["http://api.hitbtc.com", "http://192.0.2.1", "ftp://example.com", "http://127.0.0.2"])
def test_only_loopback_may_be_spoken_to_without_tls(url: str) -> None:
    with pytest.raises(ValueError, match="without TLS"):
        Door([], base_url=url)


@pytest.mark.parametrize(
    "value, sent",
    [
        ("🔑\x00", "🔑\x00".encode()), ("é", "é".encode()), ("\ud800", b"?"), ("", b""), ("\x7f", b"\x7f"),
        ("x\r\nY: z", None), ("x\n", None), ("\r", None), ("x\r\n y", None), (" x", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("proxied", [False, True])
def test_a_strange_header_is_sent_as_one_header_or_not_at_all(
    value: str, sent: bytes | None, proxied: bool, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    def play(connection: socket.socket, asked: bytes) -> None:
        heard.append(asked)
        replies()(connection, asked)

    with Server(tunnel(authority.serving(HOST), play) if proxied else play) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        url = None if proxied else server.url
        answer = ask(url, POST, Signed({"X-Auth": value}, b"body"), authority.trust)
        if sent is None:
            assert (answer, server.connections) == (Fault.BROKEN_OFF, 0)
        else:
            assert isinstance(answer, Reply)
            assert b"\r\nX-Auth: " + sent + b"\r\n" in heard[0]


def test_no_header_whatever_makes_the_door_raise() -> None:
    with Server(replies()) as server:

        @settings(max_examples=100, deadline=None, database=None)
        @given(st.text(alphabet=st.characters(), max_size=20))
        def sends(value: str) -> None:
            assert isinstance(ask(server.url, CALL, Signed({"X-Auth": value})), Reply | Fault)

        sends()


def test_calls_side_by_side_each_get_their_own_answer() -> None:
    calls = [Call(f"{number}", HOST, f"/{number}") for number in range(16)]
    with Server(by_target({call.target: replies(call.id.encode()) for call in calls})) as server:
        door = Door(calls, base_url=server.url)
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(door.send, calls))
        door.close()
    assert [answer.body for answer in answers if isinstance(answer, Reply)] == [call.id.encode() for call in calls]


# -- what comes instead of a reply --

HEAD = b"HTTP/1.1 200 OK\r\n"


def bomb(wbits: int) -> bytes:
    """Two hundred mebibytes in two hundred kibibytes."""
    packing = zlib.compressobj(wbits=wbits)
    return b"".join([*(packing.compress(b" " * BODY_LIMIT) for _ in range(200)), packing.flush()])


GZIP_BOMB = bomb(31)

PLAYS: dict[str, tuple[Play, Fault]] = {
    "reset before the reply": (resets, Fault.RESET),
    "closed before the reply": (says(b""), Fault.RESET),
    "reset in the status line": (says_and_resets(b"HTTP/1"), Fault.BROKEN_OFF),
    "reset in the headers": (says_and_resets(HEAD + b"X: y\r\n"), Fault.BROKEN_OFF),
    "reset in the body": (says_and_resets(HEAD + b"Content-Length: 9\r\n\r\nhalf"), Fault.BROKEN_OFF),
    "closed in the status line": (says(b"HTTP/1"), Fault.BROKEN_OFF),
    "closed after the status line": (says(HEAD), Fault.BROKEN_OFF),
    "closed in the headers": (says(HEAD + b"Content-Le"), Fault.BROKEN_OFF),
    "closed in the body": (replies(b"half", length=100), Fault.BROKEN_OFF),
    "two lengths": (replies(b"four", "Content-Length: 5"), Fault.BROKEN_OFF),
    "closed in a chunk": (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), Fault.BROKEN_OFF),
    "a bad chunk": (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nno number\r\nab"), Fault.BROKEN_OFF),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Fault.BROKEN_OFF),
    "another HTTP": (says(b"HTTP/2.0 200 OK\r\n\r\n"), Fault.BROKEN_OFF),
    "a bad status": (says(b"HTTP/1.1 fine\r\n\r\n"), Fault.BROKEN_OFF),
    "noise": (says(b"\x00\xff" * 100 + b"\r\n\r\n"), Fault.BROKEN_OFF),
    "too many headers": (says(HEAD + b"X: y\r\n" * 500 + b"\r\n"), Fault.BROKEN_OFF),
    "too long a header": (says(HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n"), Fault.BROKEN_OFF),
    "broken gzip": (replies(b"not gzip at all", "Content-Encoding: gzip"), Fault.BROKEN_OFF),
    "endless": (never_ends(), Fault.TOO_LARGE),
    "endless chunks": (never_ends_in_chunks, Fault.TOO_LARGE),
    "one byte too many": (replies(b" " * (BODY_LIMIT + 1)), Fault.TOO_LARGE),
    "gzip bomb": (replies(GZIP_BOMB, "Content-Encoding: gzip"), Fault.TOO_LARGE),
    "deflate bomb": (replies(bomb(15), "Content-Encoding: deflate"), Fault.TOO_LARGE),
    "bomb in a bomb": (replies(gzip.compress(GZIP_BOMB), "Content-Encoding: gzip, gzip"), Fault.TOO_LARGE),
    "endless redirect": (never_ends("Location: /", status="302 Found"), Fault.TOO_LARGE),
    "407": (replies(b"", status="407 Proxy Authentication Required"), Fault.PROXY_PASSWORD),
}


@pytest.mark.parametrize("play, fault", PLAYS.values(), ids=PLAYS)
def test_what_comes_instead_of_a_reply_is_a_fault(play: Play, fault: Fault) -> None:
    with Server(play) as server:
        begun = time.monotonic()
        assert ask(server.url) is fault
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize("name", ["gzip bomb", "deflate bomb", "bomb in a bomb", "endless redirect", "endless chunks"])
def test_no_reply_takes_much_memory(name: str) -> None:
    with Server(PLAYS[name][0]) as server:
        tracemalloc.start()
        try:
            assert ask(server.url) is Fault.TOO_LARGE
            assert tracemalloc.get_traced_memory()[1] < 4 * BODY_LIMIT
        finally:
            tracemalloc.stop()


def test_nobody_listening_refuses() -> None:
    with nobody() as port:
        assert ask(f"http://127.0.0.1:{port}") is Fault.REFUSED


def test_an_address_without_a_route_is_unreachable() -> None:
    assert ask("https://255.255.255.255") is Fault.UNREACHABLE  # no connection ever leads to everybody


def test_a_name_that_does_not_exist_is_not_found() -> None:
    assert ask(None) is Fault.NAME_NOT_FOUND


def test_nobody_letting_in_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    with overrun() as port:
        assert ask(f"http://127.0.0.1:{port}") is Fault.TIMED_OUT


@pytest.mark.parametrize(
    "number, fault",
    [
        (errno.ECONNREFUSED, Fault.REFUSED),
        (errno.ENETUNREACH, Fault.UNREACHABLE),
        (errno.EHOSTUNREACH, Fault.UNREACHABLE),
        (errno.ENETDOWN, Fault.UNREACHABLE),
        (errno.EADDRNOTAVAIL, Fault.UNREACHABLE),
        (errno.EACCES, Fault.UNREACHABLE),
        (errno.ECONNRESET, Fault.RESET),
        (errno.ETIMEDOUT, Fault.TIMED_OUT),
    ],
)
def test_what_the_system_says_of_a_connection(number: int, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> socket.socket:
        raise OSError(number, "said by the system")

    monkeypatch.setattr("urllib3.util.connection.create_connection", fails)
    assert ask(None) is fault


@pytest.mark.parametrize("words", [b"", HEAD + b"X: ", HEAD + b"Content-Length: 9\r\n\r\n"], ids=["no", "head", "body"])
def test_silence_ends_at_the_time_limit(words: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(words)
        waits(connection, asked)

    monkeypatch.setattr(transport, "READ_TIMEOUT", 0.2)
    with Server(play) as server:
        begun = time.monotonic()
        assert ask(server.url) is Fault.TIMED_OUT
        assert time.monotonic() - begun < 1


def test_the_documented_limits_stand() -> None:
    limits = (transport.CONNECT_TIMEOUT, transport.READ_TIMEOUT, transport.TOTAL_TIMEOUT, transport.BODY_LIMIT)
    assert limits == (5.0, 10.0, 15.0, 1024 * 1024)


# -- a reply --


@pytest.mark.parametrize("size", [0, 1, BODY_LIMIT])
def test_a_body_up_to_the_limit_is_taken_whole(size: int) -> None:
    with Server(replies(b"x" * size)) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert len(answer.body) == size


@pytest.mark.parametrize(
    "encoding, body",
    [
        ("gzip", gzip.compress(b"[1,2]")),
        ("deflate", zlib.compress(b"[1,2]")),
        ("gzip, gzip", gzip.compress(gzip.compress(b"[1,2]"))),
        ("identity", b"[1,2]"),
        ("of its own", b"[1,2]"),
    ],
)
def test_a_packed_body_is_unpacked_though_it_was_not_asked_for(encoding: str, body: bytes) -> None:
    with Server(replies(body, f"Content-Encoding: {encoding}")) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert answer.body == b"[1,2]"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
@pytest.mark.parametrize("where", ["{}/login", "/login", "http://[", "https://login.invalid/?a=b", "\x00"])
def test_a_redirect_is_a_reply_and_not_followed(status: str, where: str) -> None:
    with Server(replies()) as elsewhere:
        location = f"Location: {where.format(elsewhere.url)}"
        with Server(replies(b"<p>Sign in", location, "Set-Cookie: a=b", status=status)) as server:
            answer = ask(server.url)
            assert isinstance(answer, Reply)
            assert (answer.status, answer.body) == (int(status[:3]), b"<p>Sign in")
            assert (server.connections, elsewhere.connections) == (1, 0)


NOON = "Mon, 05 Jan 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("3", 3), (" 60 ", 60), ("0", 0), ("-1", None), ("1.5", None), ("soon", None), ("9" * 6, 999_999),
        ("9" * 7, None), ("٣", None), ("", None), (None, None),
        ("Mon, 05 Jan 2026 12:00:30 GMT", 30), ("Monday, 05-Jan-26 12:01:00 GMT", 60), ("Mon Jan  5 12:00:05 2026", 5),
        (NOON, 0), ("Mon, 05 Jan 2026 11:00:00 GMT", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Tue, 05 Jan 2027 12:00:00 GMT", None), ("Mon, 99 Foo 2026 99:99:99 GMT", None), ("x" * 60_000, None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_its_forms_or_not_at_all(header: str | None, seconds: int | None) -> None:
    noon = email.utils.parsedate_to_datetime(NOON).timestamp()
    assert transport._seconds(header, noon) == seconds


def test_a_date_without_a_zone_is_in_gmt_wherever_this_computer_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ-9")
        time.tzset()
        assert transport._moment("Thu Jan  1 00:01:00 1970") == 60
    time.tzset()


@settings(max_examples=500, deadline=None, database=None)
@given(st.one_of(st.text(max_size=60), st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ ?[-+A-Z\d]*")))
def test_no_date_whatever_is_too_much(text: str) -> None:
    found = transport._seconds(text, 0.0)
    assert found is None or 0 <= found < 1_000_000


def test_a_retry_date_is_compared_with_the_replys_own_date_and_else_with_our_clock() -> None:
    ahead = time.time() + 5000
    until = f"Retry-After: {email.utils.formatdate(ahead + 30, usegmt=True)}"
    with Server(replies(b"", f"Date: {email.utils.formatdate(ahead, usegmt=True)}", until, status="503 No")) as server:
        by_theirs = ask(server.url)
    with Server(replies(b"", until, status="429 Slow down")) as server:
        by_ours = ask(server.url)
    assert isinstance(by_theirs, Reply)
    assert isinstance(by_ours, Reply)
    assert by_theirs.retry_after == 30
    assert by_ours.retry_after == pytest.approx(5030, abs=3)


@pytest.mark.parametrize("ahead", [0, 300, -300])
def test_the_clock_is_compared_with_the_date_header(ahead: int) -> None:
    date = email.utils.formatdate(time.time() + ahead, usegmt=True)
    with Server(replies(b"", f"Date: {date}", "Retry-After: 3", status="503 No")) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert answer.clock_error == pytest.approx(-ahead, abs=1.5)
    assert answer.retry_after == 3


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"])
def test_an_unusable_date_tells_nothing_about_the_clock(date: str | None) -> None:
    with Server(replies(b"[]", *([] if date is None else [f"Date: {date}"]))) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert answer.clock_error is None


# -- ended from outside, or by the whole time running out, at every stage --


@contextlib.contextmanager
def playing(play: Play, authority: Authority, *, at_once: bool = False, tls: bool = False) -> Iterator[str]:
    with Server(play, authority.serving("127.0.0.1") if tls else None, at_once=at_once) as server:
        yield server.secure_url if at_once or tls else server.url


@contextlib.contextmanager
def no_name_server(authority: Authority) -> Iterator[None]:
    answered = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answered.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "no name server")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield
        answered.set()


@contextlib.contextmanager
def full(authority: Authority) -> Iterator[str]:
    with overrun() as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def proxied(authority: Authority, play: Play) -> Iterator[None]:
    with Server(play) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", proxy.url)
        yield


Stage = Callable[[Authority], contextlib.AbstractContextManager[str | None]]
STAGES: dict[str, Stage] = {
    "looking up the name": no_name_server,
    "connecting": full,
    "the handshake": lambda authority: playing(waits, authority, at_once=True),
    "waiting for an answer": lambda authority: playing(waits, authority),
    "the headers": lambda authority: playing(drips_headers, authority),
    "the body": lambda authority: playing(drips, authority),
    "waiting for an answer, under TLS": lambda authority: playing(waits, authority, tls=True),
    "the headers, under TLS": lambda authority: playing(drips_headers, authority, tls=True),
    "the body, under TLS": lambda authority: playing(drips, authority, tls=True),
    "asking the proxy": lambda authority: proxied(authority, waits),
    "the body, through the proxy": lambda authority: proxied(authority, tunnel(authority.serving(HOST), drips)),
}


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_closing_the_door_ends_a_call_at_once(stage: Stage, authority: Authority) -> None:
    with stage(authority) as url:
        door = Door([CALL], base_url=url, trust=authority.trust)
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(door.send, CALL, Signed({"X-Auth": PLANTED}))
            time.sleep(0.3)
            assert not asking.done()
            begun = time.monotonic()
            door.close()
            assert asking.result(2) is Fault.BROKEN_OFF
            assert time.monotonic() - begun < 0.3
            assert door.send(CALL) is Fault.BROKEN_OFF


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_the_whole_time_is_limited(stage: Stage, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOTAL_TIMEOUT", 0.5)
    with stage(authority) as url:
        begun = time.monotonic()
        assert ask(url, trust=authority.trust) is Fault.TIMED_OUT
        assert 0.5 <= time.monotonic() - begun < 1.5  # the servers' own limit is 5


@pytest.mark.parametrize("play", [drips, waits], ids=["drips", "says nothing"])
def test_the_other_end_sees_a_closed_door(play: Play) -> None:
    with Server(play) as server:
        door = Door([CALL], base_url=server.url)
        closing = threading.Timer(0.1, door.close)
        closing.start()
        assert door.send(CALL) is Fault.BROKEN_OFF
        assert server.ended.wait(1)


def test_nothing_is_sent_once_the_door_is_closed() -> None:
    looked_up = threading.Event()
    look_up = socket.getaddrinfo
    with Server(replies()) as server, pytest.MonkeyPatch.context() as patch:

        def slowly(*args: object, **kwargs: object) -> object:
            looked_up.wait(5)
            return look_up(*args, **kwargs)  # type: ignore[arg-type]

        patch.setattr(socket, "getaddrinfo", slowly)
        door = Door([CALL], base_url=server.url)
        threading.Timer(0.1, door.close).start()
        assert door.send(CALL) is Fault.BROKEN_OFF
        (left,) = (thread for thread in threading.enumerate() if thread.name == "palma-door")
        assert left.daemon
        looked_up.set()
        left.join(2)
        assert not left.is_alive()
        assert not server.asked


def test_a_closed_door_stays_closed() -> None:
    with Server(replies()) as server:
        door = Door([CALL], base_url=server.url)
        door.close()
        door.close()
        assert door.send(CALL) is Fault.BROKEN_OFF
        assert not server.connections


# -- what the environment says --


def test_a_netrc_never_adds_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password planted\ndefault login x password planted\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with Server(replies()) as server:
        assert isinstance(ask(server.url), Reply)
    assert b"authorization" not in server.asked[0].lower()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_loopback_is_reached_past_every_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(replies(b"proxy")) as proxy, Server(replies(b"direct")) as server:
        monkeypatch.setenv(name, proxy.url)
        answer = ask(server.url)
        assert isinstance(answer, Reply)
        assert (answer.body, proxy.connections) == (b"direct", 0)


# -- TLS --


def test_a_trusted_authority_is_trusted(authority: Authority) -> None:
    with Server(replies(b"[7]"), authority.serving("127.0.0.1")) as server:
        answer = ask(server.secure_url, trust=authority.trust)
    assert isinstance(answer, Reply)
    assert answer.body == b"[7]"


def old(tls: ssl.SSLContext) -> ssl.SSLContext:
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    return tls


def weak(tls: ssl.SSLContext) -> ssl.SSLContext:
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")  # speaks TLS 1.2, and encrypts nothing
    return tls


def by_another(_: Authority) -> ssl.SSLContext:
    return Authority().serving("127.0.0.1")


CERTIFICATES: dict[str, tuple[Callable[[Authority], ssl.SSLContext], Fault]] = {
    "of an authority nobody knows": (by_another, Fault.UNTRUSTED),
    "of another host": (lambda ours: ours.serving("else.invalid"), Fault.CERTIFICATE_NAME),
    "of another address": (lambda ours: ours.serving("127.0.0.2"), Fault.CERTIFICATE_NAME),
    "run out": (lambda ours: ours.serving("127.0.0.1", days=(-9, -1)), Fault.CERTIFICATE_EXPIRED),
    "not valid yet": (lambda ours: ours.serving("127.0.0.1", days=(1, 9)), Fault.CERTIFICATE_EXPIRED),
    "TLS 1.1 at most": (lambda ours: old(ours.serving("127.0.0.1")), Fault.TLS_TOO_OLD),
    "no cipher in common": (lambda ours: weak(ours.serving("127.0.0.1")), Fault.TLS_TOO_OLD),
}


@pytest.mark.parametrize("serving, fault", CERTIFICATES.values(), ids=CERTIFICATES)
def test_nothing_is_sent_over_a_connection_that_is_not_trusted(
    serving: Callable[[Authority], ssl.SSLContext], fault: Fault, authority: Authority
) -> None:
    with Server(replies(), serving(authority)) as server:
        assert ask(server.secure_url, trust=authority.trust) is fault
        assert not server.asked


@pytest.mark.parametrize("serving, fault", CERTIFICATES.values(), ids=CERTIFICATES)
def test_the_systems_own_store_trusts_none_of_them(
    serving: Callable[[Authority], ssl.SSLContext], fault: Fault, authority: Authority
) -> None:
    with Server(replies(), serving(authority)) as server:
        assert ask(server.secure_url) is (fault if fault is Fault.TLS_TOO_OLD else Fault.UNTRUSTED)
        assert not server.asked


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there the system is asked about each certificate")
def test_the_systems_store_is_read_once_for_all_calls_and_anew_for_the_next_check(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = tmp_path / "trusted.pem"
    authority.ca.cert_pem.write_to_path(str(store))
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    with Server(replies(b"[7]"), authority.serving("127.0.0.1")) as server:
        with contextlib.closing(Door([CALL], base_url=server.secure_url)) as first:
            assert isinstance(first.send(CALL), Reply)
            Authority().ca.cert_pem.write_to_path(str(store))
            assert isinstance(first.send(CALL), Reply)
        assert ask(server.secure_url) is Fault.UNTRUSTED


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there the system is asked about each certificate")
def test_the_systems_store_is_read_while_connections_are_being_made(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[bool] = []

    def read(trust: ssl.SSLContext) -> None:
        deadline = time.monotonic() + 2
        while not server.connections and time.monotonic() < deadline:
            time.sleep(0.005)
        connected.append(bool(server.connections))
        authority.ca.configure_trust(trust)

    monkeypatch.setattr(ssl.SSLContext, "set_default_verify_paths", read)
    with Server(replies(), authority.serving("127.0.0.1")) as server:
        assert isinstance(ask(server.secure_url), Reply)
    assert connected == [True]


def test_a_name_is_compared_with_the_certificates_names(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(tunnel(authority.serving("else.invalid"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert ask(None, trust=authority.trust) is Fault.CERTIFICATE_NAME


@pytest.mark.parametrize(
    "code, fault",
    [
        (0x800B0101, Fault.CERTIFICATE_EXPIRED),
        (0x800B010F, Fault.CERTIFICATE_NAME),
        (0x800B0109, Fault.UNTRUSTED),
        (-67818, Fault.CERTIFICATE_EXPIRED),
        (-67602, Fault.CERTIFICATE_NAME),
        (-67843, Fault.UNTRUSTED),
        (5, Fault.UNTRUSTED),
        (None, Fault.UNTRUSTED),
    ],
)
def test_what_other_systems_say_of_a_certificate(code: int | None, fault: Fault) -> None:
    error = ssl.SSLCertVerificationError("said by the system")
    if code is not None:
        error.verify_code = code
    assert transport._fault(urllib3.exceptions.SSLError(error), transport._Line()) is fault


def test_the_environment_cannot_name_another_bundle(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.ca.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(bundle))
    with Server(replies(), authority.serving("127.0.0.1")) as server:
        assert ask(server.secure_url) is Fault.UNTRUSTED
        assert not server.asked


def alerts(number: int) -> Play:
    """Answers a handshake with a fatal alert, as servers do that are newer, older or elsewhere."""
    return says(b"\x15\x03\x03\x00\x02\x02" + bytes([number]))


def listens_and(play: Play) -> Play:
    def after_the_hello(connection: socket.socket, asked: bytes) -> None:
        connection.recv(65536)
        play(connection, asked)

    return after_the_hello


HANDSHAKES: dict[str, tuple[Play, Fault]] = {
    "HTTP spoken": (listens_and(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")), Fault.BROKEN_OFF),
    "SSH spoken": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), Fault.BROKEN_OFF),
    "closed": (listens_and(says(b"")), Fault.RESET),
    "closed at once": (says(b""), Fault.RESET),
    "reset": (listens_and(resets), Fault.RESET),
    "a hello in TLS 1.0": (
        listens_and(says(b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + b"r" * 32 + b"\x00\xc0\x09\x00")),
        Fault.TLS_TOO_OLD,
    ),
    "closed half-way": (listens_and(says(b"\x16\x03\x03\x00\x7a\x02")), Fault.RESET),
    "closed in good order": (listens_and(says(b"\x15\x03\x03\x00\x02\x01\x00")), Fault.RESET),
    "alert: handshake failure": (listens_and(alerts(40)), Fault.TLS_TOO_OLD),
    "alert: protocol version": (listens_and(alerts(70)), Fault.TLS_TOO_OLD),
    "alert: insufficient security": (listens_and(alerts(71)), Fault.TLS_TOO_OLD),
    "alert: internal error": (listens_and(alerts(80)), Fault.BROKEN_OFF),
}


@pytest.mark.parametrize("play, fault", HANDSHAKES.values(), ids=HANDSHAKES)
@pytest.mark.parametrize("system", [False, True], ids=["given trust", "the system's trust"])
def test_a_handshake_that_fails_says_why(play: Play, fault: Fault, system: bool, authority: Authority) -> None:
    with Server(play, at_once=True) as server:
        assert ask(server.secure_url, trust=None if system else authority.trust) is fault


def test_a_slow_handshake_holds_up_no_other() -> None:
    arrivals = iter([waits, says(b"")])

    def play(connection: socket.socket, asked: bytes) -> None:
        next(arrivals)(connection, asked)

    with Server(play, at_once=True) as server:
        door = Door([CALL], base_url=server.secure_url)
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(door.send, CALL)
            while not server.connections:
                time.sleep(0.005)
            time.sleep(0.3)
            begun = time.monotonic()
            assert door.send(CALL) is Fault.RESET
            assert time.monotonic() - begun < 1
            door.close()
            assert slow.result(1) is Fault.BROKEN_OFF


@pytest.mark.parametrize("name", ["closed before the reply", "closed in the headers", "closed in the body", "noise"])
def test_an_answer_breaks_off_under_tls_as_without(name: str, authority: Authority) -> None:
    play, fault = PLAYS[name]
    with Server(play, authority.serving("127.0.0.1")) as server:
        assert ask(server.secure_url, trust=authority.trust) is fault


# -- a system proxy --


def test_the_systems_proxy_is_used_for_the_exchange(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(tunnel(authority.serving(HOST), replies(b"through"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:word@"))
        answer = ask(None, POST, Signed({"X-Auth": PLANTED}, PLANTED.encode()), trust=authority.trust)
        assert isinstance(answer, Reply)
        assert answer.body == b"through"
    assert proxy.asked[0].startswith(b"CONNECT exchange.invalid:443 HTTP/1.")
    assert headers_of(proxy.asked[0])["proxy-authorization"] == "Basic dXNlcjp3b3Jk"
    assert b"/there" not in proxy.asked[0]
    assert PLANTED.encode() not in proxy.asked[0]


def test_a_proxy_may_be_spoken_to_under_tls(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(replies(b"", status="403 Forbidden"), authority.serving("127.0.0.1")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.secure_url)
        assert ask(None, trust=authority.trust) is Fault.PROXY_REFUSES
        assert ask(None) is Fault.UNTRUSTED


PROXIES: dict[str, tuple[Callable[[Authority], Play], Fault]] = {
    "407": (lambda _: replies(b"", status="407 Proxy Authentication Required"), Fault.PROXY_PASSWORD),
    "407 and a page": (lambda _: replies(b"<p>", "Proxy-Authenticate: NTLM", status="407 x"), Fault.PROXY_PASSWORD),
    "403": (lambda _: replies(b"", status="403 Forbidden 407"), Fault.PROXY_REFUSES),
    "502": (lambda _: replies(b"", status="502 Bad Gateway"), Fault.PROXY_REFUSES),
    "204": (lambda _: replies(b"", status="204 No Content"), Fault.PROXY_REFUSES),
    "302 to its own page": (lambda _: replies(b"", "Location: http://x/", status="302 Found"), Fault.PROXY_REFUSES),
    "hangs up": (lambda _: says(b""), Fault.PROXY_REFUSES),
    "resets": (lambda _: resets, Fault.PROXY_REFUSES),
    "is no proxy": (lambda _: says(b"SSH-2.0-OpenSSH_9.6\r\n"), Fault.PROXY_MISSING),
    "reads along": (lambda _: tunnel(Authority().serving(HOST)), Fault.UNTRUSTED),
    "lets through, then a reset handshake": (
        lambda _: says(b"HTTP/1.1 200 Connection established\r\n\r\n"),
        Fault.RESET,
    ),
    "lets through, then no answer": (lambda ours: tunnel(ours.serving(HOST), says(b"")), Fault.RESET),
    "lets through, then half an answer": (lambda ours: tunnel(ours.serving(HOST), says(HEAD)), Fault.BROKEN_OFF),
    "lets through, then noise": (lambda ours: tunnel(ours.serving(HOST), says(b"\x00\r\n\r\n")), Fault.BROKEN_OFF),
}


@pytest.mark.parametrize("play, fault", PROXIES.values(), ids=PROXIES)
def test_what_a_proxy_does_is_told_apart(
    play: Callable[[Authority], Play], fault: Fault, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(play(authority)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert ask(None, trust=authority.trust) is fault


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "127.0.0.1:{port}", "http://no-such-proxy.invalid:3128",
        "http://255.255.255.255:1", "nonsense://x", "http://[", "http://", "http://x:port", "socks5://127.0.0.1:{port}",
        "http://" + "x" * 70, "http://user:word@127.0.0.1:{port}", "http:// /", "é://", "http://user:€@127.0.0.1:{port}",
    ],
)  # fmt: skip
def test_a_proxy_that_is_not_there_is_missing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as port:
        monkeypatch.setenv("HTTPS_PROXY", address.format(port=port))
        assert ask(None) is Fault.PROXY_MISSING


def test_a_proxy_that_lets_nobody_in_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    with overrun() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        assert ask(None) is Fault.PROXY_MISSING


def test_a_proxy_without_tls_where_tls_was_named_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(listens_and(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")), at_once=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.secure_url)
        assert ask(None) is Fault.PROXY_MISSING


def test_a_proxy_that_says_nothing_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    with Server(waits) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert ask(None) is Fault.TIMED_OUT


# -- secrets --


def repeats(connection: socket.socket, asked: bytes) -> None:
    """Sends back what it was sent, where headers belong and where none do."""
    connection.sendall(HEAD + asked.partition(b"\r\n")[2].replace(b"\r\n\r\n", b"\r\n") + b"\r\n\r\n" + asked)


@pytest.mark.parametrize("play", [*(play for play, _ in PLAYS.values()), repeats], ids=[*PLAYS, "repeats"])
def test_nothing_logs_a_secret(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(play) as server:
        ask(server.url, POST, Signed({"X-Auth": PLANTED, "Authorization": f"Basic {PLANTED}"}, PLANTED.encode()))
        assert PLANTED.encode() in server.asked[0]
    assert "urllib3.connectionpool" in {record.name for record in caplog.records}
    assert PLANTED not in caplog.text
    assert not any(PLANTED in str(vars(record)) for record in caplog.records)
    assert not any(record.levelno > logging.DEBUG for record in caplog.records)  # would show on a terminal


@pytest.mark.parametrize(
    "value", [f"{PLANTED}\n", f"{PLANTED}\r\nX: y", f" {PLANTED}", f"{PLANTED}\x00", f"🔑{PLANTED}"]
)
def test_nothing_logs_a_secret_that_cannot_be_sent(value: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(replies()) as server:
        ask(server.url, POST, Signed({"X-Auth": value}, PLANTED.encode()))
    assert PLANTED not in caplog.text


def test_a_proxys_password_is_not_logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(replies(b"", status="407 No")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", f"//user:{PLANTED}@"))
        assert ask(None) is Fault.PROXY_PASSWORD
    assert PLANTED not in caplog.text
