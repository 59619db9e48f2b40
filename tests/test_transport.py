"""The one door to the network, against real sockets, real TLS and a real proxy on loopback."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
import trustme

from palma_wizard import __version__, transport
from palma_wizard.exchanges import Call, Credentials, Fault, Reply, hitbtc
from palma_wizard.transport import BODY_LIMIT, CallNotListedError, Door

CALL = Call("here", "/here?currency=BTC&amount=0.01")
Play = Callable[[socket.socket], None]


class Server:
    """Plays one thing to every connection on a loopback port, and keeps what it was asked."""

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self.ended = threading.Event()
        self._play = play
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in tuple(self._threads):
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        # Who hangs up in a handshake or a reply is what some of the tests are about.
        with connection, contextlib.suppress(OSError):
            if self._tls is None:
                self._talk(connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as secure:
                    self._talk(secure)
        self.ended.set()

    def _talk(self, connection: socket.socket) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            more = connection.recv(4096)
            if not more:
                return
            asked += more
        self.asked.append(asked)
        self._play(connection)


def replies(body: bytes = b"[]", *headers: str, status: str = "200 OK", length: int | None = None) -> Play:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
    return lambda connection: connection.sendall(head + body)


def says(words: bytes) -> Play:
    return lambda connection: connection.sendall(words)


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def never_ends(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def never_ends_in_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"8000\r\n" + b" " * 0x8000 + b"\r\n")


def drips(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def waits(connection: socket.socket) -> None:
    connection.recv(1)  # until the other side hangs up


def ask(url: str, call: Call = CALL, trust: ssl.SSLContext | None = None) -> Reply | Fault:
    door = Door(url, [call], trust)
    try:
        return door.send(call, {})
    finally:
        door.close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_a_listed_call_is_sent_byte_for_byte_with_modest_headers() -> None:
    with Server(replies(b'{"a":1}')) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert (answer.status, answer.body) == (200, b'{"a":1}')
    line, *headers = server.asked[0].decode().rstrip().split("\r\n")
    assert line == "GET /here?currency=BTC&amount=0.01 HTTP/1.1"
    sent = dict(header.lower().split(": ", 1) for header in headers)
    assert sent == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": f"palmabotsetupwizard/{__version__}",
        "accept": "application/json",
        "accept-encoding": "identity",
    }


@pytest.mark.parametrize(
    "call",
    [
        Call("here", "/elsewhere"),
        Call("here", CALL.target, method="POST"),
        Call("here", CALL.target + "0"),
        Call("withdraw", "/api/3/wallet/crypto/withdraw", method="POST"),
    ],
)
def test_a_call_that_is_not_listed_is_refused_and_nothing_is_sent(call: Call) -> None:
    with Server(replies()) as server:
        door = Door(server.url, [CALL])
        with pytest.raises(CallNotListedError):
            door.send(call, {})
        door.close()
        assert server.connections == 0


def test_every_call_of_hitbtc_arrives_as_it_was_signed_and_the_public_one_without_a_key() -> None:
    with Server(replies()) as server:
        door = Door(server.url, hitbtc.calls)
        for call in hitbtc.calls:
            door.send(call, hitbtc.headers(call, Credentials("the-key", "the-secret"), 1_700_000_000_000))
        door.close()
    for call, asked in zip(hitbtc.calls, server.asked, strict=True):
        assert asked.startswith(f"GET {call.target} HTTP/1.1\r\n".encode())
        assert (b"authorization" in asked.lower()) is (call.id != "reach")


@pytest.mark.parametrize(
    "play, fault",
    [
        (resets, Fault.BROKEN_OFF),
        (says(b""), Fault.BROKEN_OFF),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Fault.BROKEN_OFF),
        (says(b"\x00\xff" * 100 + b"\r\n\r\n"), Fault.BROKEN_OFF),
        (says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), Fault.BROKEN_OFF),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), Fault.BROKEN_OFF),
        (replies(b"half", length=100), Fault.BROKEN_OFF),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), Fault.BROKEN_OFF),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\nab"), Fault.BROKEN_OFF),
        (replies(b"not gzip at all", "Content-Encoding: gzip"), Fault.BROKEN_OFF),
        (never_ends, Fault.TOO_LARGE),
        (never_ends_in_chunks, Fault.TOO_LARGE),
        (replies(b" " * (BODY_LIMIT + 1)), Fault.TOO_LARGE),
        (replies(gzip.compress(b" " * (BODY_LIMIT * 50)), "Content-Encoding: gzip"), Fault.TOO_LARGE),
        (replies(b"", status="407 Proxy Authentication Required"), Fault.PROXY),
    ],
    ids=[
        *("reset before the reply", "closed before the reply", "another protocol", "noise"),
        *("too many headers", "too long a header", "broken in mid body", "broken in a chunk", "a bad chunk"),
        *("broken gzip", "endless", "endless chunks", "one byte too many", "gzip bomb", "407"),
    ],
)
def test_what_comes_instead_of_a_reply_is_a_fault(play: Play, fault: Fault) -> None:
    with Server(play) as server:
        begun = time.monotonic()
        assert ask(server.url) is fault
        assert time.monotonic() - begun < 3


def test_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert ask(f"http://127.0.0.1:{port}") is Fault.UNREACHABLE


def test_a_name_that_does_not_exist_is_not_found() -> None:
    assert ask("https://no-such-name.invalid") is Fault.NAME_NOT_FOUND


@pytest.mark.parametrize("answers", [waits, says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")], ids=["no", "half"])
def test_silence_ends_at_the_time_limit(answers: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(connection: socket.socket) -> None:
        answers(connection)
        waits(connection)

    monkeypatch.setattr(transport, "READ_TIMEOUT", 0.2)
    with Server(play) as server:
        begun = time.monotonic()
        assert ask(server.url) is Fault.TIMED_OUT
        assert time.monotonic() - begun < 1


def test_the_documented_limits_stand() -> None:
    assert (transport.CONNECT_TIMEOUT, transport.READ_TIMEOUT, transport.BODY_LIMIT) == (5.0, 10.0, 1024 * 1024)


@pytest.mark.parametrize("size", [0, 1, BODY_LIMIT])
def test_a_body_up_to_the_limit_is_taken_whole(size: int) -> None:
    with Server(replies(b"x" * size)) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert len(answer.body) == size


def test_gzip_is_unpacked_though_it_was_not_asked_for() -> None:
    with Server(replies(gzip.compress(b"[1,2]"), "Content-Encoding: gzip")) as server:
        answer = ask(server.url)
    assert isinstance(answer, Reply)
    assert answer.body == b"[1,2]"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with Server(replies()) as elsewhere, Server(replies(b"", f"Location: {elsewhere.url}/", status=status)) as server:
        answer = ask(server.url)
        assert isinstance(answer, Reply)
        assert answer.status == int(status[:3])
        assert (server.connections, elsewhere.connections) == (1, 0)


@pytest.mark.parametrize("play", [drips, waits], ids=["drips", "says nothing"])
def test_closing_the_door_ends_a_request_at_once(play: Play) -> None:
    with Server(play) as server:
        door = Door(server.url, [CALL])
        got: list[Reply | Fault] = []
        asking = threading.Thread(target=lambda: got.append(door.send(CALL, {})), daemon=True)
        asking.start()
        while not server.asked:
            time.sleep(0.005)
        time.sleep(0.05)
        begun = time.monotonic()
        door.close()
        asking.join(2)
        assert got == [Fault.BROKEN_OFF]
        assert time.monotonic() - begun < 0.2
        assert server.ended.wait(1)


def test_a_closed_door_stays_closed() -> None:
    with Server(replies()) as server:
        door = Door(server.url, [CALL])
        door.close()
        door.close()
        assert door.send(CALL, {}) is Fault.BROKEN_OFF
        assert not server.asked


@pytest.mark.parametrize("url", ["http://api.hitbtc.com", "http://192.0.2.1", "ftp://example.com", "http://127.0.0.2"])
def test_only_loopback_may_be_spoken_to_without_tls(url: str) -> None:
    with pytest.raises(ValueError, match="without TLS"):
        Door(url, [])


@pytest.mark.parametrize(
    "header, seconds",
    [("3", 3), (" 60 ", 60), ("0", 0), ("-1", None), ("1.5", None), ("soon", None), ("9" * 7, None), ("٣", None)],
)
def test_retry_after_is_read_as_seconds_or_not_at_all(header: str, seconds: int | None) -> None:
    assert transport._seconds(header) == seconds


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


class Authority:
    """A certificate authority of our own, and servers it vouches for."""

    def __init__(self) -> None:
        self.ca = trustme.CA()

    @property
    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context

    def serving(self, *names: str, expires: datetime.datetime | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names, not_after=expires).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@contextlib.contextmanager
def secure_server(tls: ssl.SSLContext, play: Play | None = None) -> Iterator[tuple[Server, str]]:
    with Server(play or replies(b"[7]"), tls) as server:
        yield server, f"https://127.0.0.1:{server.port}"


def test_a_trusted_authority_is_trusted(authority: Authority) -> None:
    with secure_server(authority.serving("127.0.0.1")) as (_, url):
        answer = ask(url, trust=authority.trust)
        assert isinstance(answer, Reply)
        assert answer.body == b"[7]"


def test_nothing_is_sent_over_a_connection_that_is_not_trusted(authority: Authority) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    cases: dict[str, tuple[ssl.SSLContext, ssl.SSLContext | None]] = {
        "unknown authority": (Authority().serving("127.0.0.1"), authority.trust),
        "the system's own store": (authority.serving("127.0.0.1"), None),
        "another host's certificate": (authority.serving("exchange.invalid"), authority.trust),
        "expired": (authority.serving("127.0.0.1", expires=yesterday), authority.trust),
    }
    found = {}
    for name, (tls, trust) in cases.items():
        with secure_server(tls) as (server, url):
            found[name] = (ask(url, trust=trust), server.asked)
    assert found == {name: (Fault.UNTRUSTED, []) for name in cases}


def test_the_environment_cannot_name_another_bundle(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.ca.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(bundle))
    with secure_server(authority.serving("127.0.0.1")) as (server, url):
        assert ask(url) is Fault.UNTRUSTED
        assert not server.asked


def test_a_server_without_tls_on_a_tls_port_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(replies()) as server:
        monkeypatch.setattr(server, "_talk", says(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        assert ask(f"https://127.0.0.1:{server.port}") is Fault.UNTRUSTED


def test_a_handshake_that_is_cut_off_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(replies()) as server:
        monkeypatch.setattr(server, "_talk", lambda connection: connection.recv(5))
        assert ask(f"https://127.0.0.1:{server.port}") is Fault.BROKEN_OFF


def test_closing_the_door_ends_a_request_under_tls(authority: Authority) -> None:
    with secure_server(authority.serving("127.0.0.1"), drips) as (server, url):
        door = Door(url, [CALL], authority.trust)
        closing = threading.Timer(0.2, door.close)
        closing.start()
        begun = time.monotonic()
        assert door.send(CALL, {}) is Fault.BROKEN_OFF
        assert time.monotonic() - begun < 1
        assert server.ended.wait(1)


# -- a system proxy --


def tunnel(tls: ssl.SSLContext, body: bytes) -> Play:
    """A proxy that is the far end as well: it agrees to CONNECT and shows the far end's certificate."""

    def play(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with tls.wrap_socket(connection, server_side=True) as secure:
            while not secure.recv(65536).endswith(b"\r\n\r\n"):
                pass
            replies(body)(secure)

    return play


def test_the_systems_proxy_is_used_for_the_exchange(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(tunnel(authority.serving("exchange.invalid"), b"through")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        answer = ask("https://exchange.invalid", trust=authority.trust)
        assert isinstance(answer, Reply)
        assert answer.body == b"through"
    assert proxy.asked[0].startswith(b"CONNECT exchange.invalid:443 HTTP/1.")
    assert b"/here" not in proxy.asked[0]


def test_a_proxy_that_reads_along_is_not_trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(tunnel(Authority().serving("exchange.invalid"), b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert ask("https://exchange.invalid", trust=authority.trust) is Fault.UNTRUSTED


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
def test_a_proxy_that_refuses_is_named(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(replies(b"", status=status)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert ask("https://exchange.invalid") is Fault.PROXY


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://no-such-proxy.invalid:3128", "nonsense://x", "http://["]
)
def test_a_proxy_that_is_not_there_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    assert ask("https://exchange.invalid") is Fault.PROXY
