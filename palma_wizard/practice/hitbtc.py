"""HitBTC's side of its own recipe: who is calling, what their key may do, and what is answered."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from palma_wizard.practice.wire import CALLER_IPV4, Reply, Request, admits, json_reply

DEFAULT_WINDOW_MS = 10_000
LARGEST_WINDOW_MS = 60_000


class Right(StrEnum):
    """The four boxes of the API keys page, by the names in the list of keys."""

    READ = "exchange_read"
    TRADE = "exchange_trade"
    PAYMENT = "bank_read"
    WITHDRAW = "bank_withdraw"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of the account. An empty `allowed_ips` lets every address in."""

    key: str
    secret: str = field(repr=False)
    rights: frozenset[Right]
    allowed_ips: tuple[str, ...] = ()
    confirmed: bool = True
    active: bool = True
    name: str = "practice"


class RefusedError(Exception):
    """A call turned down, by one of the numbers of ERRORS."""

    def __init__(self, code: int, description: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.description = description


# code: HTTP status, message. Both versions of the API share the numbers.
ERRORS: Mapping[int, tuple[int, str]] = {
    405: (405, "Method not allowed"),
    429: (429, "Too many requests"),
    500: (500, "Internal Server Error"),
    503: (503, "Service Unavailable"),
    800: (404, "Resource not found"),
    1001: (401, "Authorization required"),
    1002: (401, "Authorization is required or has been failed"),
    1003: (403, "Action is forbidden for this API key"),
    1004: (401, "Unsupported authorization method"),
    2001: (400, "Symbol not found"),
    2002: (400, "Currency not found"),
    10001: (400, "Validation error"),
}


def refuse(code: int, description: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    status, message = ERRORS[code]
    error = {"code": code, "message": message, "description": description}
    return json_reply(status, {"error": error}, headers)


def answer(
    request: Request, keys: Mapping[str, ApiKey], now_ms: int, used: Callable[[ApiKey], None] = lambda _: None
) -> Reply:
    """Answers one call as HitBTC would; `keys` are all keys of the one account, by their public part.

    `used` hears of a key whose secret was right, whatever it may do.
    """
    if request.method != "GET":
        return refuse(405, headers={"Allow": "GET"})
    try:
        return json_reply(200, _document(request, keys, now_ms, used))
    except RefusedError as refused:
        return refuse(refused.code, refused.description)


def _document(request: Request, keys: Mapping[str, ApiKey], now_ms: int, used: Callable[[ApiKey], None]) -> object:
    version, _, path = request.path.removeprefix("/api/").partition("/")
    if path.startswith("public/"):
        return _public(version, path, now_ms)
    call = PRIVATE.get(f"{version}/{path}")
    if call is None:
        raise RefusedError(800)
    caller = authenticate(request, keys, now_ms)
    used(caller)
    _admit(caller, call.right)
    return call.document(request.query, keys.values())


def authenticate(request: Request, keys: Mapping[str, ApiKey], now_ms: int) -> ApiKey:
    """Finds whose call it is. Neither the reply nor its time tells a wrong key from a wrong secret."""
    authorization = request.headers.get("authorization", "")
    if not authorization:
        raise RefusedError(1001)
    scheme, _, parameters = authorization.strip().partition(" ")
    if scheme.lower() == "basic":
        return _authenticate_basic(parameters, keys)
    if scheme.lower() == "hs256" and not request.path.startswith("/api/2/"):
        return _authenticate_signed(parameters, request, keys, now_ms)
    raise RefusedError(1004, "Use Basic authentication")


def _authenticate_basic(parameters: str, keys: Mapping[str, ApiKey]) -> ApiKey:
    key, _, secret = _decode(parameters).partition(":")
    known = keys.get(key)
    matches = hmac.compare_digest(_stored_secret(known), secret.encode())
    if known is None or not matches:
        raise RefusedError(1002)
    return known


def _authenticate_signed(parameters: str, request: Request, keys: Mapping[str, ApiKey], now_ms: int) -> ApiKey:
    """Takes `key:signature:timestamp[:window]`; the numbers are signed as they are sent."""
    key, *rest = _decode(parameters).split(":")
    if len(rest) not in (2, 3):
        raise RefusedError(1002)
    signature, *times = rest
    if not all(re.fullmatch(r"[0-9]{1,15}", number) for number in times):
        raise RefusedError(1002)
    # A GET has no body; for other verbs it would follow the target.
    message = request.method + request.target + "".join(times)
    known = keys.get(key)
    expected = hmac.new(_stored_secret(known), message.encode(), hashlib.sha256).hexdigest()
    matches = hmac.compare_digest(expected.encode(), signature.encode())
    if known is None or not matches:
        raise RefusedError(1002)
    timestamp, window = int(times[0]), int(times[1]) if len(times) > 1 else DEFAULT_WINDOW_MS
    if abs(now_ms - timestamp) > min(window, LARGEST_WINDOW_MS):
        raise RefusedError(1002, "invalid time window value")
    return known


def _stored_secret(known: ApiKey | None) -> bytes:
    return known.secret.encode() if known else b"no such key"


def _decode(parameters: str) -> str:
    try:
        return base64.b64decode(parameters.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise RefusedError(1002) from None


def _admit(caller: ApiKey, right: Right | None) -> None:
    hint = "Check permissions for API key, whitelists, or any security feature that might block this request"
    if not (caller.active and caller.confirmed):
        raise RefusedError(1003, hint)
    if not admits(caller.allowed_ips, CALLER_IPV4):
        raise RefusedError(1003, hint)
    if right is not None and right not in caller.rights:
        raise RefusedError(1003, hint)


# -- what there is to ask --


def _public(version: str, path: str, now_ms: int) -> object:
    """One thing by its name, or all of them: API 2.0 lists them, API 3.0 names each."""
    _, kind, *names = path.split("/")
    if version not in ("2", "3") or kind not in ("symbol", "ticker", "currency") or len(names) > 1:
        raise RefusedError(800)
    known: Iterable[str] = WITHDRAW_FEES if kind == "currency" else SYMBOLS
    if not names:
        every = {name: _describe(version, kind, name, now_ms) for name in known}
        return list(every.values()) if version == "2" else every
    if names[0].upper() not in known:
        raise RefusedError(2002 if kind == "currency" else 2001)
    return _describe(version, kind, names[0].upper(), now_ms)


def _describe(version: str, kind: str, name: str, now_ms: int) -> dict[str, object]:
    if kind == "currency":
        return {"id": name, "crypto": True} if version == "2" else {"crypto": True, "payin_enabled": True}
    base, quote, price = SYMBOLS[name]
    if kind == "ticker":
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now_ms / 1000))
        ticker: dict[str, object] = {"ask": price, "bid": price, "last": price, "timestamp": when}
        return ticker | ({"symbol": name} if version == "2" else {})
    if version == "2":
        return {
            "id": name,
            "baseCurrency": base,
            "quoteCurrency": quote,
            "quantityIncrement": "0.001",
            "tickSize": "0.000001",
            "takeLiquidityRate": "0.0025",
            "provideLiquidityRate": "0.001",
            "feeCurrency": quote,
        }
    return {
        "type": "spot",
        "base_currency": base,
        "quote_currency": quote,
        "status": "working",
        "quantity_increment": "0.00001",
        "tick_size": "0.01",
        "take_rate": "0.0025",
        "make_rate": "0.001",
        "fee_currency": quote,
        "margin_trading": False,
    }


SYMBOLS = {"BTCUSDT": ("BTC", "USDT", "64250.10"), "ETHBTC": ("ETH", "BTC", "0.048213")}
WITHDRAW_FEES = {"BTC": "0.0008", "ETH": "0.0042", "USDT": "12.5"}

SPOT_BALANCES = [
    {"currency": "BTC", "available": "0.015200000", "reserved": "0.001000000", "reserved_margin": "0"},
    {"currency": "ETH", "available": "10.000000000", "reserved": "0.56", "reserved_margin": "0"},
    {"currency": "USDT", "available": "250.75", "reserved": "0", "reserved_margin": "0"},
]
WALLET_BALANCES = [
    {"currency": "BTC", "available": "0.002500000", "reserved": "0"},
    {"currency": "USDT", "available": "40.00", "reserved": "0"},
]
FEES = [{"symbol": name, "take_rate": "0.0025", "make_rate": "0.001"} for name in SYMBOLS]

Document = Callable[[Mapping[str, str], Iterable[ApiKey]], object]


@dataclass(frozen=True, slots=True)
class PrivateCall:
    """A call that needs a key, the right it needs too (None: any key will do), and its answer."""

    right: Right | None
    document: Document


def _always(document: object) -> Document:
    return lambda _query, _keys: document


def _list_keys(_query: Mapping[str, str], keys: Iterable[ApiKey]) -> object:
    return [
        {
            "api_key_first_six": each.key[:6],
            "key_name": each.name,
            **{right.value: right in each.rights for right in Right},
            "allowed_ips": list(each.allowed_ips),
            "is_active": each.active and each.confirmed,
            "created_at": "2026-01-12T09:30:00.000Z",
            "updated_at": "2026-01-12T09:30:00.000Z",
        }
        for each in keys
    ]


def _estimate_withdraw(query: Mapping[str, str], _keys: Iterable[ApiKey]) -> object:
    amount = query.get("amount", "")
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,18})?", amount) or not float(amount):
        raise RefusedError(10001, "amount must be a positive number")
    if query.get("currency") not in WITHDRAW_FEES:
        raise RefusedError(2002)
    return {"fee": WITHDRAW_FEES[query["currency"]]}


PRIVATE: Mapping[str, PrivateCall] = {
    # Which right the list of keys needs is published nowhere; here any key will do.
    "3/user/api-keys": PrivateCall(None, _list_keys),
    "3/sub-account": PrivateCall(None, _always({"result": []})),
    "3/spot/balance": PrivateCall(Right.READ, _always(SPOT_BALANCES)),
    "3/spot/history/order": PrivateCall(Right.READ, _always([])),
    "3/spot/history/trade": PrivateCall(Right.READ, _always([])),
    "3/spot/order": PrivateCall(Right.TRADE, _always([])),
    "3/spot/fee": PrivateCall(Right.TRADE, _always(FEES)),
    "3/wallet/balance": PrivateCall(Right.PAYMENT, _always(WALLET_BALANCES)),
    "3/wallet/transactions": PrivateCall(Right.PAYMENT, _always([])),
    "2/sub-acc": PrivateCall(None, _always({"result": []})),
    "2/trading/balance": PrivateCall(
        Right.READ,
        _always([{name: row[name] for name in ("currency", "available", "reserved")} for row in SPOT_BALANCES]),
    ),
    "2/history/order": PrivateCall(Right.READ, _always([])),
    "2/history/trades": PrivateCall(Right.READ, _always([])),
    "2/order": PrivateCall(Right.TRADE, _always([])),
    "2/account/balance": PrivateCall(Right.PAYMENT, _always(WALLET_BALANCES)),
    "2/account/transactions": PrivateCall(Right.PAYMENT, _always([])),
    "2/account/crypto/estimate-withdraw": PrivateCall(Right.WITHDRAW, _estimate_withdraw),
}
