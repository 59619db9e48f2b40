"""Servers on loopback that misbehave as networks do: over real sockets, real TLS and as a real proxy."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Self

import trustme

Play = Callable[[socket.socket, bytes], None]
"""What a server does with a connection, once it was asked."""


class Server:
    """Plays one thing to every connection on a loopback port, and keeps what it was asked, bodies included.

    `at_once` plays without waiting to be asked.
    """

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self.ended = threading.Event()
        self._play = play
        self._tls = tls
        self._at_once = at_once
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.secure_url = f"https://127.0.0.1:{self.port}"
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
        if self._at_once:
            self._play(connection, b"")
        elif asked := hears(connection):
            self.asked.append(asked)
            self._play(connection, asked)


def hears(connection: socket.socket) -> bytes:
    """A whole request, or nothing where the other side hung up."""
    asked, length = b"", 0
    while b"\r\n\r\n" not in asked or len(asked.partition(b"\r\n\r\n")[2]) < length:
        more = connection.recv(4096)
        if not more:
            return b""
        asked += more
        for line in asked.partition(b"\r\n\r\n")[0].lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
    return asked


def replies(body: bytes = b"[]", *headers: str, status: str = "200 OK", length: int | None = None) -> Play:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return says("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)


def says(words: bytes) -> Play:
    return lambda connection, _: connection.sendall(words)


def by_target(plays: Mapping[str, Play], otherwise: Play | None = None) -> Play:
    """Plays what stands for the asked target, its query included, or for the target without its query."""

    def play(connection: socket.socket, asked: bytes) -> None:
        target = asked.split(b" ", 2)[1].decode()
        chosen = plays.get(target) or plays.get(target.partition("?")[0]) or otherwise
        (chosen or replies(b"", status="404 Not Found"))(connection, asked)

    return play


def resets(connection: socket.socket, _: bytes = b"") -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says_and_resets(words: bytes) -> Play:
    def play(connection: socket.socket, _: bytes) -> None:
        connection.sendall(words)
        time.sleep(0.1)  # a reset overtakes what was not read yet
        resets(connection)

    return play


def never_ends(*headers: str, status: str = "200 OK") -> Play:
    def play(connection: socket.socket, _: bytes) -> None:
        connection.sendall("\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode())
        while True:
            connection.sendall(b" " * 65536)

    return play


def never_ends_in_chunks(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"8000\r\n" + b" " * 0x8000 + b"\r\n")


def drips(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def drips_headers(connection: socket.socket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"y")
        time.sleep(0.02)


def waits(connection: socket.socket, _: bytes) -> None:
    connection.recv(65536)
    connection.recv(1)  # until the other side hangs up


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """A port that nobody listens on, and nobody else gets meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def overrun() -> Iterator[int]:
    """A port that lets nobody in and turns nobody away: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, contextlib.ExitStack() as queue:
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        time.sleep(0.05)
        yield listening.getsockname()[1]


class Authority:
    """A certificate authority of our own, and servers it vouches for."""

    def __init__(self) -> None:
        self.ca = trustme.CA()

    @property
    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context

    def serving(self, *names: str, days: tuple[int, int] | None = None) -> ssl.SSLContext:
        """`days` are the first and the last day of the certificate, counted from now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        since, until = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(day) for day in days or (-1, 30))
        self.ca.issue_cert(*names, not_before=since, not_after=until).configure_cert(context)
        return context


def tunnel(tls: ssl.SSLContext, play: Play | None = None) -> Play:
    """A proxy that is the far end as well: it agrees to CONNECT and shows the far end's certificate."""

    def proxy(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with tls.wrap_socket(connection, server_side=True) as secure:
            asked = hears(secure)
            (play or replies())(secure, asked)

    return proxy
