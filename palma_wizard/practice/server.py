"""The play on a loopback port: a Flask app, the thread it runs on, and the faults that lie below a reply."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, HTTPException, InternalServerError, MisdirectedRequest, NotFound
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from palma_wizard.practice import site
from palma_wizard.practice.stage import Stage
from palma_wizard.practice.wire import CALLER_IPV4, CALLER_IPV6, Reply, Request

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HOST = "127.0.0.1"
ADDRESSES = {"ipv4": CALLER_IPV4, "ipv6": CALLER_IPV6}
TIME_TO_ASK: Final = 10.0
"""Seconds that a request may take to come."""
LONGEST_HANG: Final = 30.0
"""Longer than any check waits."""
MOST_CONNECTIONS: Final = 64
MOST_SENT: Final = 1024 * 1024
"""Bytes on one connection; what of them may be a form or an API's body is the site's MAX_CONTENT_LENGTH."""


class Server(ThreadedWSGIServer):
    """Listens from the moment it is made. Writes no log: a request's header may hold a secret."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        # A socket of our own: werkzeug's looks up the host's name, and ends the program where it fails.
        with socket.create_server((HOST, 0), backlog=128) as listening:
            port = listening.getsockname()[1]
            super().__init__(HOST, port, _make_app(self, port), _Handler, fd=listening.fileno())
        self.url = f"http://{HOST}:{port}"
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="practice-exchange", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening and drops every connection, answered or not."""
        self.shutdown()
        self._thread.join()
        for connection in tuple(self._connections):
            _drop(connection)
        self.closing.set()  # only now: what waits for this must find its connection gone

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def verify_request(self, *_: object) -> bool:
        return len(self._connections) <= MOST_CONNECTIONS

    def close_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().close_request(request)

    def log(self, *_: object) -> None:
        pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def _drop(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Sent(RawIOBase):
    """What comes on a connection, within its limits. A time-out of the socket alone would let it drip for ever."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = time.monotonic() + TIME_TO_ASK
        self._room = MOST_SENT

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        remaining = self._until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        if self._room <= 0:
            raise ConnectionAbortedError
        self._connection.settimeout(remaining)
        count = self._connection.recv_into(buffer)
        self._room -= count
        return count


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = BufferedReader(_Sent(self.connection))

    def version_string(self) -> str:
        return "practice exchange"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.stage.clock() if timestamp is None else timestamp)

    def log(self, *_: object) -> None:
        pass


def _make_app(server: Server, port: int) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    names = {f"{HOST}:{port}", f"localhost:{port}"}

    # Before routing, so that every verb comes by, and every path as it was sent.
    @app.before_request
    def receive() -> Response | None:
        is_api = request.environ["RAW_URI"].startswith("/api/")
        asked = Request(
            request.method,
            request.environ["RAW_URI"],
            {name.lower(): value for name, value in request.headers.items()},
            # 413 where it is longer than a form may be; the forms of the pages are read by the pages
            request.get_data() if is_api else b"",
        )
        server.stage.note(asked)
        # Without this any web page could ask, under a name that it made to point here.
        if request.environ.get("HTTP_HOST", "").lower() not in names:
            raise MisdirectedRequest
        # A browser says so of what any other page asks, one on another port of this computer included.
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise Forbidden
        if not is_api:
            return None
        if "origin" in asked.headers and asked.method != "GET":  # a web page's form; programs send no origin
            raise Forbidden
        return _answer(server, asked)

    @app.get("/address/<service>/<kind>")
    def tell_address(service: str, kind: str) -> Response:
        if service not in ("first", "second") or kind not in ADDRESSES:
            raise NotFound
        return Response(ADDRESSES[kind], mimetype="text/plain")

    @app.errorhandler(Exception)
    def fail(error: Exception) -> HTTPException:
        return error if isinstance(error, HTTPException) else InternalServerError()

    site.add_to(app, server.stage, names)
    return app


def _answer(server: Server, asked: Request) -> Response:
    play = server.stage.play
    if play.hangs:
        server.closing.wait(LONGEST_HANG)
        _drop(request.environ["werkzeug.socket"])
    if play.delay:
        server.closing.wait(play.delay)
    response = _respond(server.stage.answer(asked))
    if play.cuts:
        whole = response.get_data()
        response.set_data(whole[: len(whole) // 2])
        response.content_length = len(whole)
    return response


def _respond(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), content_type=reply.content_type)
