"""Bitstamp's side of its own recipe, in both its ways of signing: with headers, and the older one in the body."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from palma_wizard.practice.nonces import Nonces
from palma_wizard.practice.wire import CALLER_IPV4, Reply, Request, admits, is_same, json_reply, page

PREFIX: Final = "/api/v2/"
HOST: Final = "www.bitstamp.net"  # part of what is signed, whatever name this server is called by
WINDOW_MS: Final = 150_000
NONCE_LIFE_MS: Final = 300_000
LONGEST_QUERY: Final = 2000
FORM: Final = "application/x-www-form-urlencoded"


class Permission(StrEnum):
    ACCOUNT_BALANCE = "Account balance"
    USER_TRANSACTIONS = "User transactions"
    ORDERS = "Orders"
    WITHDRAWALS = "Withdrawals"
    DEPOSITS = "Deposits"
    TRANSFERS = "Transfers"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of the account with the customer number `user_id`. Empty `allowed_ips` let every address in."""

    key: str
    secret: str = field(repr=False)
    user_id: str
    permissions: frozenset[Permission]
    allowed_ips: tuple[str, ...] = ()
    activated: bool = True
    frozen: bool = False


class RefusedError(Exception):
    """A call turned down, by one of the codes of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


REASONS: Final[Mapping[str, str]] = {
    "API0000": "Missing key, signature and nonce parameters",
    "API0001": "API key not found",
    "API0002": "IP address not allowed",
    "API0003": "No permission found",
    "API0004": "Invalid nonce",
    "API0005": "Invalid signature",
    "API0006": "Your account is frozen",
    "API0010": "Invalid version",
    "API0011": "Wrong API key format",
    "API0012": "X-Auth header is required",
    "API0013": "X-Auth-Signature header is required",
    "API0014": "X-Auth-Nonce header is required",
    "API0015": "X-Auth-Timestamp header is required",
    "API0016": "X-Auth-Version header is required",
    "API0017": "X-Auth-Timestamp out of boundaries",
    "API0018": "X-Auth-Timestamp invalid",
    "API0019": "Content-Type not accepted",
    "API0020": "Content-Type should not be present",
    "API0021": "URL query string is too long",
}
REQUIRED: Final[Mapping[str, str]] = {
    "x-auth": "API0012",
    "x-auth-signature": "API0013",
    "x-auth-nonce": "API0014",
    "x-auth-timestamp": "API0015",
    "x-auth-version": "API0016",
}

# The wording of 400.002 is published nowhere; ccxt knows that of the maintenance.
RATE_LIMITED: Final = json_reply(
    429, {"status": "error", "reason": "Request rate limit exceeded", "response_code": "400.002"}, {"Retry-After": "3"}
)
MAINTENANCE: Final = json_reply(503, {"error": "Bitstamp.net is under scheduled maintenance. We'll be back soon."})


def refuse(code: str) -> Reply:
    return json_reply(403, {"status": "error", "reason": REASONS[code], "code": code})


def answer(
    request: Request, keys: Mapping[str, ApiKey], nonces: Nonces, now_ms: int, *, older_scheme: bool = True
) -> Reply:
    """Answers one call as Bitstamp would; without `older_scheme` only signed headers count."""
    name = request.path.removeprefix(PREFIX)
    document = _public(name, now_ms)
    if document is not None:
        return json_reply(200, document) if request.method == "GET" else page(405, {"Allow": "GET"})
    call = PRIVATE.get(name)
    if call is None:
        return page(404)
    if request.method != "POST":
        return page(405, {"Allow": "POST"})
    try:
        if older_scheme and "x-auth" not in request.headers and _names_a_key(request):
            return _let_in(_authenticate_form(request, keys, nonces), call)
        caller = _authenticate_headers(request, keys, nonces, now_ms)
    except RefusedError as refused:
        return refuse(refused.code)
    return _sign(_let_in(caller, call), request, caller)


def _authenticate_headers(request: Request, keys: Mapping[str, ApiKey], nonces: Nonces, now_ms: int) -> ApiKey:
    for name, code in REQUIRED.items():
        if not request.headers.get(name):
            raise RefusedError(code)
    auth, signature, nonce, timestamp, version = (request.headers[name] for name in REQUIRED)
    if version != "v2":
        raise RefusedError("API0010")
    if not auth.startswith("BITSTAMP "):
        raise RefusedError("API0011")
    known = _find(auth.removeprefix("BITSTAMP "), keys)
    if not re.fullmatch(r"[0-9]{1,15}", timestamp):
        raise RefusedError("API0018")
    if abs(now_ms - int(timestamp)) > WINDOW_MS:
        raise RefusedError("API0017")
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", nonce):
        raise RefusedError("API0004")
    if not request.body and "content-type" in request.headers:
        raise RefusedError("API0020")
    if request.body and request.media_type != FORM:
        raise RefusedError("API0019")
    if len(request.target.partition("?")[2]) > LONGEST_QUERY:
        raise RefusedError("API0021")
    content_type = request.headers.get("content-type", "")
    signed = f"{auth}{request.method}{HOST}{request.target}{content_type}{nonce}{timestamp}{version}"
    # The published examples print it in small letters (Python) and in capitals (Java).
    if not is_same(_digest(known, signed.encode() + request.body), signature.lower()):
        raise RefusedError("API0005")
    if not nonces.takes_unused(known.key, nonce, now_ms, NONCE_LIFE_MS):
        raise RefusedError("API0004")
    return known


def _names_a_key(request: Request) -> bool:
    return request.media_type == FORM and bool({"key", "signature", "nonce"} & set(request.form))


def _authenticate_form(request: Request, keys: Mapping[str, ApiKey], nonces: Nonces) -> ApiKey:
    form = request.form
    if not (form.get("key") and form.get("signature") and form.get("nonce")):
        raise RefusedError("API0000")
    known = _find(form["key"], keys)
    nonce = form["nonce"]
    if not re.fullmatch(r"[0-9]{1,20}", nonce):
        raise RefusedError("API0004")
    if not is_same(_digest(known, f"{nonce}{known.user_id}{known.key}".encode()).upper(), form["signature"]):
        raise RefusedError("API0005")
    if not nonces.takes_higher(known.key, int(nonce)):
        raise RefusedError("API0004")
    return known


def _find(key: str, keys: Mapping[str, ApiKey]) -> ApiKey:
    """That a key which was not activated is answered like an unknown one is a reading of what users wrote."""
    if not re.fullmatch(r"[A-Za-z0-9]{32}", key):
        raise RefusedError("API0011")
    known = keys.get(key)
    if known is None or not known.activated:
        raise RefusedError("API0001")
    return known


def _digest(known: ApiKey, message: bytes) -> str:
    return hmac.new(known.secret.encode(), message, hashlib.sha256).hexdigest()


def _let_in(caller: ApiKey, call: PrivateCall) -> Reply:
    if caller.frozen:
        return refuse("API0006")
    if not admits(caller.allowed_ips, CALLER_IPV4):
        return refuse("API0002")
    if call.permission is not None and call.permission not in caller.permissions:
        return refuse("API0003")
    return json_reply(200, call.document)


def _sign(reply: Reply, request: Request, caller: ApiKey) -> Reply:
    before = request.headers["x-auth-nonce"] + request.headers["x-auth-timestamp"] + reply.content_type
    signature = _digest(caller, before.encode() + reply.body)
    return replace(reply, headers={**reply.headers, "X-Server-Auth-Signature": signature})


# -- what there is to ask --

PAIRS: Final = {"btcusd": ("BTC", "USD", "64250", 0), "ethusd": ("ETH", "USD", "3097.5", 1)}
NAMES: Final = {"BTC": "Bitcoin", "ETH": "Ether", "USD": "U.S. dollar"}


def _public(name: str, now_ms: int) -> object | None:
    if name == "ticker/":
        return [_ticker(pair, now_ms) for pair in PAIRS]
    if ticker := re.fullmatch(r"ticker/([a-z]+)/", name):
        return _ticker(ticker[1], now_ms) if ticker[1] in PAIRS else None
    return PUBLIC.get(name)


def _ticker(pair: str, now_ms: int) -> dict[str, str]:
    base, quote, price, _ = PAIRS[pair]
    prices = dict.fromkeys(("last", "high", "low", "vwap", "bid", "ask", "open", "open_24"), price)
    return {
        "timestamp": str(now_ms // 1000),
        **prices,
        "volume": "120.5",
        "percent_change_24": "0.00",
        "pair": f"{base}/{quote}",
    }


PUBLIC: Final[Mapping[str, object]] = {
    "currencies/": [
        {
            "name": name,
            "currency": currency,
            "type": "fiat" if currency == "USD" else "crypto",
            "decimals": 2 if currency == "USD" else 8,
            "deposit": "Enabled",
            "withdrawal": "Enabled",
        }
        for currency, name in NAMES.items()
    ],
    "markets/": [
        {
            "name": f"{base}/{quote}",
            "market_symbol": pair,
            "base_currency": base,
            "base_decimals": 8,
            "counter_currency": quote,
            "counter_decimals": decimals,
            "minimum_order_value": "10",
            "trading": "Enabled",
            "instant_order_counter_decimals": 2,
            "instant_and_market_orders": "Enabled",
            "description": f"{NAMES[base]} / {NAMES[quote]}",
            "market_type": "SPOT",
        }
        for pair, (base, quote, _, decimals) in PAIRS.items()
    ],
    "trading-pairs-info/": [
        {
            "name": f"{base}/{quote}",
            "url_symbol": pair,
            "base_decimals": 8,
            "counter_decimals": decimals,
            "minimum_order": f"10.0 {quote}",
            "trading": "Enabled",
            "instant_and_market_orders": "Enabled",
            "description": f"{NAMES[base]} / {NAMES[quote]}",
        }
        for pair, (base, quote, _, decimals) in PAIRS.items()
    ],
}

BALANCES: Final = [
    {"currency": "btc", "total": "0.01620000", "available": "0.01520000", "reserved": "0.00100000"},
    {"currency": "eth", "total": "2.50000000", "available": "2.50000000", "reserved": "0.00000000"},
    {"currency": "usd", "total": "250.75", "available": "250.75", "reserved": "0.00"},
]
WITHDRAW_FEES: Final = {"btc": ("0.00008000", "bitcoin"), "eth": ("0.00300000", "ethereum")}
FLAT_BALANCE: Final = {
    **{
        f"{row['currency']}_{ours}": row[theirs]
        for row in BALANCES
        for ours, theirs in (("balance", "total"), ("available", "available"), ("reserved", "reserved"))
    },
    **{f"{currency}_withdrawal_fee": fee for currency, (fee, _) in WITHDRAW_FEES.items()},
    **{f"{pair}_fee": "0.400" for pair in PAIRS},
}
ORDERS: Final = [
    {
        "id": "1893460027342849",
        "client_order_id": "",
        "datetime": "2026-01-12 09:30:00",
        "type": "1",
        "price": "72000",
        "amount": "0.00100000",
        "currency_pair": "BTC/USD",
    }
]
TRANSACTIONS: Final = [
    {
        "id": 421337001,
        "datetime": "2026-01-11 18:02:11.000000",
        "type": "2",
        "fee": "2.56",
        "btc": "0.01000000",
        "usd": "-640.00",
        "btc_usd": "64000",
        "order_id": 1893460027342848,
    }
]


@dataclass(frozen=True, slots=True)
class PrivateCall:
    """A call that needs a key, the permission it needs too (None: any key will do), and its answer."""

    permission: Permission | None
    document: object


PRIVATE: Final[Mapping[str, PrivateCall]] = {
    "account_balances/": PrivateCall(Permission.ACCOUNT_BALANCE, BALANCES),
    "balance/": PrivateCall(Permission.ACCOUNT_BALANCE, FLAT_BALANCE),
    "user_transactions/": PrivateCall(Permission.USER_TRANSACTIONS, TRANSACTIONS),
    "open_orders/all/": PrivateCall(Permission.ORDERS, ORDERS),
    # Which permission the lists of fees need is published nowhere; here any key will do.
    "fees/trading/": PrivateCall(
        None,
        [{"currency_pair": pair, "market": pair, "fees": {"maker": "0.30000", "taker": "0.40000"}} for pair in PAIRS],
    ),
    "fees/withdrawal/": PrivateCall(
        None,
        [{"currency": currency, "fee": fee, "network": network} for currency, (fee, network) in WITHDRAW_FEES.items()],
    ),
}
