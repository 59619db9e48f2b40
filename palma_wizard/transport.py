"""The one door to the network: it opens only to listed calls, each on its own host, for a bounded time and size."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import http.client
import io
import math
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import requests
import requests.adapters
import truststore
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions
from requests.utils import get_environ_proxies

from palma_wizard import __version__
from palma_wizard.exchanges import Call, Fault, Reply, Signed

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 10.0
TOTAL_TIMEOUT: Final = 15.0
"""Seconds for one call, from looking up the name to the last byte of the reply."""
BODY_LIMIT: Final = 1024 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ASKED_EACH_TIME: Final = {"win32", "darwin"}
"""Systems whose certificates cannot be read once for all calls."""
_HOST_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class CallNotListedError(Exception):
    """Somebody asked for a call that is not on the door's list: a bug, and nothing was sent."""


class Door:
    """Sends listed calls, from any number of threads; each to its own host, or all to `base_url`.

    Redirects are not followed; neither netrc nor the certificates that the environment names for requests are read; the
    system's proxies and certificate store are used. Loopback is reached directly. Each call has a connection of its
    own: one kept open may have been closed at the other end meanwhile, and that would look like a network that resets.
    `close` ends every call that is under way, whatever it waits for.
    """

    def __init__(
        self, calls: Iterable[Call], *, base_url: str | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        self._calls = frozenset(calls)
        for call in self._calls:
            if not _HOST_NAME.fullmatch(call.host) or not call.target.startswith("/"):
                raise ValueError(f"not a host and a path on it: {call.host!r} {call.target!r}")
        base = urllib.parse.urlsplit(base_url or "https:")
        if base.scheme != "https" and base.hostname not in _LOOPBACK:
            raise ValueError("only loopback may be spoken to without TLS")
        self._base_url = base_url
        self._trust = trust
        self._reading_trust = threading.Lock()
        self._lock = threading.Lock()
        self._lines: set[_Line] = set()
        self._closed = False
        if base.scheme == "https" and sys.platform not in _ASKED_EACH_TIME:
            # While the first connections are being made.
            threading.Thread(target=self._read_ahead, name="palma-trust", daemon=True).start()

    def send(self, call: Call, signed: Signed = Signed()) -> Reply | Fault:  # noqa: B008 - it is frozen and empty
        """Blocks for at most the total time. Never raises for anything the network does."""
        if call not in self._calls:
            raise CallNotListedError(call.id)
        line = _Line()
        with self._lock:
            if self._closed:
                return Fault.BROKEN_OFF
            self._lines.add(line)
        try:
            # Nobody can end a name look-up: it is left behind on its thread.
            threading.Thread(target=self._work, args=(line, call, signed), name="palma-door", daemon=True).start()
            return line.outcome(TOTAL_TIMEOUT)
        finally:
            with self._lock:
                self._lines.discard(line)

    def close(self) -> None:
        """Idempotent, callable from any thread."""
        with self._lock:
            self._closed = True
            lines = tuple(self._lines)
        for line in lines:
            line.end(Fault.BROKEN_OFF)

    def _work(self, line: _Line, call: Call, signed: Signed) -> None:
        _here.line, _here.trusted = line, self._trusted
        try:
            line.end(self._ask(line, call, signed))
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            line.end(error)

    def _ask(self, line: _Line, call: Call, signed: Signed) -> Reply | Fault:
        url = (self._base_url or f"https://{call.host}") + call.target
        proxies: dict[str, str] = {}
        try:
            target = urllib.parse.urlsplit(url)
            if target.hostname not in _LOOPBACK:
                proxies = get_environ_proxies(url)
            with contextlib.closing(_Adapter()) as adapter:
                return self._exchange(adapter, proxies, url, call.method, signed)
        except _TunnelError as error:
            return error.fault
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            return _fault(error, line)
        except ValueError:
            # The listed addresses are well formed: only a proxy's can be wrong.
            return Fault.PROXY_MISSING if proxies and not line.tunnelled else Fault.BROKEN_OFF

    def _read_ahead(self) -> None:
        with contextlib.suppress(OSError):  # it is told by the calls, which try again
            self._trusted()

    def _trusted(self) -> ssl.SSLContext:
        """Windows and macOS are asked about each certificate by truststore, which lets one handshake after the other
        through a context, the slow ones as well: there each call has one of its own. Elsewhere all calls share what is
        read from a file within some 20 ms; where it is not in its usual place, truststore knows others.
        """
        with self._reading_trust:
            if self._trust is None and sys.platform not in _ASKED_EACH_TIME:
                found = _at_least_tls_1_2(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
                found.set_default_verify_paths()
                self._trust = found if found.cert_store_stats()["x509_ca"] else None
            return self._trust or _at_least_tls_1_2(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def _exchange(
        self, adapter: _Adapter, proxies: dict[str, str], url: str, method: str, signed: Signed
    ) -> Reply | Fault:
        """The adapter without its session: that one reads a redirect's body to the end, however long it is."""
        headers: dict[str, str | bytes] = {
            "User-Agent": f"PalmaBotSetupWizard/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        headers |= {name: value.encode("utf-8", "replace") for name, value in signed.headers.items()}
        request = requests.Request(method, url, headers=headers, data=signed.body).prepare()
        timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
        with adapter.send(request, stream=True, timeout=timeout, proxies=proxies) as response:
            arrived = time.time()
            body = _bounded(response)
        if body is None:
            return Fault.TOO_LARGE
        if response.status_code == 407:
            return Fault.PROXY_PASSWORD
        sent = _moment(response.headers.get("Date"))
        # A Date header is cut to the second, so half a second is added to it.
        clock_error = None if sent is None else arrived - (sent + 0.5)
        retry_after = _seconds(response.headers.get("Retry-After"), arrived if sent is None else sent)
        return Reply(response.status_code, body, clock_error, retry_after)


class _Line:
    """One call under way: a second handle on its socket, so that it can be ended from outside, and how far it came."""

    def __init__(self) -> None:
        self.heard = False
        """Whether a byte of the answer came."""
        self.tunnelled = False
        """Whether a proxy let it through: what goes wrong from here on is not the proxy's."""
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._handles: list[socket.socket] = []
        self._outcome: Reply | Fault | BaseException | None = None

    def attach(self, connection: socket.socket) -> None:
        with self._lock:
            if self._outcome is not None:
                connection.close()
                raise ConnectionAbortedError("the call was ended")
            self._handles.append(connection.dup())

    def end(self, outcome: Reply | Fault | BaseException) -> None:
        """Whoever ends it first has said what came of it."""
        with self._lock:
            self._outcome = self._outcome or outcome
            handles, self._handles = self._handles, []
        for handle in handles:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)
            handle.close()
        self._ended.set()

    def outcome(self, seconds: float) -> Reply | Fault:
        if not self._ended.wait(seconds):
            self.end(Fault.TIMED_OUT)
        if isinstance(self._outcome, Reply | Fault):
            return self._outcome
        raise self._outcome or AssertionError


class _Here(threading.local):
    """Each call has a thread of its own; urllib3 has no place for what belongs to a call."""

    line: _Line
    trusted: Callable[[], ssl.SSLContext]
    """Blocks while the certificates are being read."""


_here: Final = _Here()


class _Ear(io.BufferedReader):
    """Notes when an answer begins, and does not take its breaking off for the end of the headers."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self.in_headers = True

    def readline(self, size: int | None = -1, /) -> bytes:
        line = _here.line
        line.heard = line.heard or bool(self.peek(1))
        read = super().readline(size)
        if self.in_headers and line.heard and not read:
            raise http.client.IncompleteRead(b"")
        return read


class _Answer(http.client.HTTPResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ear = _Ear(self.fp.detach())
        self.fp: Any = self._ear

    def begin(self) -> None:
        super().begin()
        self._ear.in_headers = False
        # urllib3 logs what it cannot read of the headers; a server may repeat in there what it was sent.
        self.msg.defects.clear()
        self.msg.set_payload("")


def knows_certificates() -> bool:
    """Whether this system's certificates can be loaded and, where they are files, whether there are any."""
    trust = _at_least_tls_1_2(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    ready = trust.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    folder = ssl.get_default_verify_paths().capath
    in_files = ready.context.cert_store_stats()["x509_ca"] or (folder and any(Path(folder).glob("*.[0-9]")))
    return bool(in_files) or sys.platform in _ASKED_EACH_TIME


def _at_least_tls_1_2(trust: ssl.SSLContext) -> ssl.SSLContext:
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    return trust


class _TunnelError(Exception):
    """The proxy did not lead to the exchange; never holds what the proxy said."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class _Plain(urllib3.connection.HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _here.line.attach(connection)
        return connection


class _Secure(urllib3.connection.HTTPSConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _here.line.attach(connection)
        self.ssl_context = _here.trusted()  # only now: they are read while the connection is being made
        return connection

    def _tunnel(self) -> None:
        try:
            super()._tunnel()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise _TunnelError(_tunnel_fault(error)) from None
        _here.line.heard = False
        _here.line.tunnelled = True


def _tunnel_fault(error: Exception) -> Fault:
    if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
        return Fault.PROXY_MISSING  # something answers there, but it is no proxy
    # The status is nowhere but in the text.
    return Fault.PROXY_PASSWORD if str(error).startswith("Tunnel connection failed: 407") else Fault.PROXY_REFUSES


class _PlainPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(requests.adapters.HTTPAdapter):
    """requests with every socket on its call's line."""

    def __init__(self) -> None:
        self._pools = {"http": _PlainPool, "https": _SecurePool}
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, proxy_ssl_context=_here.trusted(), **kwargs)
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


_CERTIFICATE_FAULTS: Final = {
    9: Fault.CERTIFICATE_EXPIRED,  # OpenSSL: not valid yet
    10: Fault.CERTIFICATE_EXPIRED,
    62: Fault.CERTIFICATE_NAME,
    64: Fault.CERTIFICATE_NAME,  # an IP address
    0x800B0101: Fault.CERTIFICATE_EXPIRED,  # Windows: CERT_E_EXPIRED, which is not valid yet as well
    0x800B010F: Fault.CERTIFICATE_NAME,  # CERT_E_CN_NO_MATCH
    -67818: Fault.CERTIFICATE_EXPIRED,  # macOS: errSecCertificateExpired
    -67819: Fault.CERTIFICATE_EXPIRED,  # errSecCertificateNotValidYet
    -67602: Fault.CERTIFICATE_NAME,  # errSecHostNameMismatch
}

_NOTHING_IN_COMMON: Final = frozenset(
    {
        "UNSUPPORTED_PROTOCOL",
        "NO_PROTOCOLS_AVAILABLE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "NO_CIPHERS_AVAILABLE",
        "WRONG_CIPHER_RETURNED",
        "DH_KEY_TOO_SMALL",
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
    }
)

_PROXY_FAULTS: Final[tuple[type[BaseException], ...]] = (
    urllib3.exceptions.ProxyError,
    # No address but a proxy's can be wrong.
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    urllib3.exceptions.LocationValueError,
)

_FAULTS: Final[tuple[tuple[type[BaseException], Fault], ...]] = (
    (socket.gaierror, Fault.NAME_NOT_FOUND),
    (ConnectionRefusedError, Fault.REFUSED),
    (ConnectionError, Fault.RESET),
    (urllib3.exceptions.NewConnectionError, Fault.UNREACHABLE),
    (TimeoutError, Fault.TIMED_OUT),
    (ssl.SSLEOFError, Fault.RESET),
    (ssl.SSLZeroReturnError, Fault.RESET),
)


def _fault(error: BaseException, line: _Line) -> Fault:
    """Reads the type of an exception and of all it was raised from; its text may name a proxy's password."""
    chain: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and link not in chain:
            chain.append(link)
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return _CERTIFICATE_FAULTS.get(getattr(link, "verify_code", 0), Fault.UNTRUSTED)
        if isinstance(link, ssl.SSLError) and link.reason in _NOTHING_IN_COMMON:
            return Fault.TLS_TOO_OLD
    # A connection that was let through and then lost is taken for the proxy's own by urllib3.
    if not line.tunnelled and any(isinstance(link, _PROXY_FAULTS) for link in chain):
        return Fault.PROXY_MISSING
    for kind, fault in _FAULTS:
        if any(isinstance(link, kind) for link in chain):
            return Fault.BROKEN_OFF if fault is Fault.RESET and line.heard else fault
    return Fault.BROKEN_OFF


def _moment(date: str | None) -> float | None:
    """A date in HTTP is in GMT, though it may not say so."""
    try:
        moment = email.utils.parsedate_to_datetime(date or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(value: str | None, now: float) -> int | None:
    """A Retry-After header in either of its forms: seconds, or a date that is compared with `now`."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 7 else None
    until = _moment(text)
    if until is None:
        return None
    seconds = max(0, math.ceil(until - now))
    return seconds if seconds < 1_000_000 else None
