"""The one door to the network: it opens only to listed calls, on one host, for a bounded time and size."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any, Final

import requests
import requests.adapters
import truststore
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
from requests.utils import get_environ_proxies

from palma_wizard import __version__
from palma_wizard.exchanges import Call, Fault, Reply

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 10.0
BODY_LIMIT: Final = 1024 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class CallNotListedError(Exception):
    """Somebody asked for a call that is not on the door's list: a bug, and nothing was sent."""


class Door:
    """Sends listed calls to one host, from any number of threads.

    Redirects are not followed; netrc and environment certificates are not read; the system's proxies and certificate
    store are used. Loopback is reached directly. `close` ends every request that is under way.
    """

    def __init__(self, base_url: str, calls: Iterable[Call], trust: ssl.SSLContext | None = None) -> None:
        parts = urllib.parse.urlsplit(base_url)
        loopback = parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not loopback:
            raise ValueError("only loopback may be spoken to without TLS")
        self._base_url = base_url
        self._calls = frozenset(calls)
        self._proxies = {} if loopback else get_environ_proxies(base_url)
        self._lifelines = _Lifelines()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers = requests.structures.CaseInsensitiveDict(
            {
                "User-Agent": f"PalmaBotSetupWizard/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            }
        )
        adapter = _Adapter(trust or truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), self._lifelines)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, call: Call, headers: Mapping[str, str]) -> Reply | Fault:
        """Blocks for at most the time limits. Never raises for anything the network does."""
        if call not in self._calls:
            raise CallNotListedError(call.id)
        try:
            with self._session.request(
                call.method,
                self._base_url + call.target,
                headers=dict(headers),
                allow_redirects=False,
                stream=True,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                proxies=self._proxies,
            ) as response:
                arrived = time.time()
                body = _bounded(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return _fault(error)
        except ValueError:
            return Fault.PROXY  # the listed addresses are well formed: only a proxy's can be wrong
        if body is None:
            return Fault.TOO_LARGE
        if response.status_code == 407:
            return Fault.PROXY
        return Reply(
            response.status_code,
            body,
            _clock_error(response.headers.get("Date"), arrived),
            _seconds(response.headers.get("Retry-After")),
        )

    def close(self) -> None:
        """Idempotent, callable from any thread."""
        self._lifelines.cut()
        self._session.close()


class _Lifelines:
    """A second handle on every open socket, so that a request blocked on it can be ended from outside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def attach(self, connection: socket.socket) -> None:
        with self._lock:
            if self._is_cut:
                connection.close()
                raise ConnectionAbortedError("the check was ended")
            self._sockets.append(connection.dup())

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            for handle in self._sockets:
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)
                handle.close()
            self._sockets.clear()


class _Adapter(requests.adapters.HTTPAdapter):
    """requests over the system's trust store, every socket on a lifeline."""

    def __init__(self, trust: ssl.SSLContext, lifelines: _Lifelines) -> None:
        class Plain(urllib3.connection.HTTPConnection):
            def _new_conn(self) -> socket.socket:
                connection = super()._new_conn()
                lifelines.attach(connection)
                return connection

        class Secure(urllib3.connection.HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                connection = super()._new_conn()
                lifelines.attach(connection)
                return connection

        class PlainPool(urllib3.connectionpool.HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
            ConnectionCls = Secure

        self._trust = trust
        self._pools = {"http": PlainPool, "https": SecurePool}
        super().__init__(pool_connections=2, pool_maxsize=16, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._trust, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context holds the certificates; requests would add its own bundle to them."""


def _bounded(response: requests.Response) -> bytes | None:
    body = bytearray()
    for chunk in response.iter_content(16 * 1024):
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)


_FAULTS: Final[tuple[tuple[type[BaseException], Fault], ...]] = (
    (requests.exceptions.ProxyError, Fault.PROXY),
    (urllib3.exceptions.ProxyError, Fault.PROXY),
    (requests.exceptions.InvalidProxyURL, Fault.PROXY),
    (requests.exceptions.InvalidSchema, Fault.PROXY),
    (requests.exceptions.InvalidURL, Fault.PROXY),
    (urllib3.exceptions.URLSchemeUnknown, Fault.PROXY),
    (urllib3.exceptions.ProxySchemeUnknown, Fault.PROXY),
    (urllib3.exceptions.LocationParseError, Fault.PROXY),
    (ssl.SSLCertVerificationError, Fault.UNTRUSTED),
    (urllib3.exceptions.NameResolutionError, Fault.NAME_NOT_FOUND),
    (socket.gaierror, Fault.NAME_NOT_FOUND),
    (urllib3.exceptions.NewConnectionError, Fault.UNREACHABLE),  # a kind of time-out to urllib3
    (requests.exceptions.Timeout, Fault.TIMED_OUT),
    (urllib3.exceptions.TimeoutError, Fault.TIMED_OUT),
    (TimeoutError, Fault.TIMED_OUT),
    (ssl.SSLEOFError, Fault.BROKEN_OFF),
    (ssl.SSLError, Fault.UNTRUSTED),
)


def _fault(error: BaseException) -> Fault:
    """Reads the type of an exception and of all it was raised from; its text may name a proxy's password."""
    chain: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and link not in chain:
            chain.append(link)
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    for kind, fault in _FAULTS:
        if any(isinstance(link, kind) for link in chain):
            return fault
    return Fault.BROKEN_OFF


def _clock_error(date: str | None, arrived: float) -> float | None:
    """A Date header is cut to the second, so half a second is added to it."""
    try:
        return arrived - (email.utils.parsedate_to_datetime(date or "").timestamp() + 0.5)
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
