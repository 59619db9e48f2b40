"""CEX.IO's side of its own recipes: the Spot API with signed headers, and the older API with a signed body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from palma_wizard.practice.nonces import Nonces
from palma_wizard.practice.wire import CALLER_IPV4, Reply, Request, admits, is_same, json_reply, page

SPOT_PREFIX: Final = "/api/spot/"
# Spot's window is not published; an older client says of its own requests that they are good for about 20 seconds.
WINDOW_SECONDS: Final = 20


class Permission(StrEnum):
    READ = "Read"
    TRADE = "Trade"
    FUNDS_INTERNAL = "Funds Internal"
    FUNDS_WALLET = "Funds Wallet"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, good at both APIs, of the account called `user_id`. Empty `allowed_ips` let every address in.

    Of the older API no names of permissions are published; it goes by those of Spot.
    """

    key: str
    secret: str = field(repr=False)
    user_id: str
    permissions: frozenset[Permission]
    allowed_ips: tuple[str, ...] = ()
    activated: bool = True


# -- Spot --


def refuse(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    return json_reply(status, {"error": message, "statusCode": status}, headers)


UNKNOWN_KEY: Final = refuse(401, "API key not passed or incorrect")
# Published is the status alone, and only for a wrong key or signature. What an address that is not on the key's list, a
# missing permission or a clock that is off are answered is not published; here they are answered alike.
NOT_AUTHORIZED: Final = refuse(401, "Authorization Failed")
RATE_LIMITED: Final = refuse(429, "API rate limit reached", {"Retry-After": "3"})
MAINTENANCE: Final = refuse(503, "Service Unavailable")


def answer_spot(request: Request, keys: Mapping[str, ApiKey], now_ms: int) -> Reply:
    """Answers one call as CEX.IO's Spot API would."""
    kind, _, action = request.path.removeprefix(SPOT_PREFIX).partition("/")
    calls = {"rest": SPOT_PRIVATE, "rest-public": SPOT_PUBLIC}.get(kind, {})
    if action not in calls:
        return refuse(404, "Not Found")
    if request.method != "POST":
        return refuse(405, "Method Not Allowed", {"Allow": "POST"})
    document = request.document
    if document is None or request.media_type != "application/json":
        return refuse(400, "Bad Request")
    refused = _turn_away(request, action, keys, now_ms) if kind == "rest" else None
    return refused or json_reply(200, {"ok": "ok", "data": calls[action](document, now_ms)})


def _turn_away(request: Request, action: str, keys: Mapping[str, ApiKey], now_ms: int) -> Reply | None:
    """What a caller is told who may not ask this; None for the others. All calls played here need Read."""
    known = keys.get(request.headers.get("x-aggr-key", ""))
    if known is None or not known.activated:
        return UNKNOWN_KEY
    timestamp = request.headers.get("x-aggr-timestamp", "")
    message = f"{action}{timestamp}".encode() + request.body
    # The text of the documentation would decode the secret first; its own sample and the official client do not.
    expected = base64.b64encode(hmac.new(known.secret.encode(), message, hashlib.sha256).digest()).decode()
    if not is_same(expected, request.headers.get("x-aggr-signature", "")):
        return NOT_AUTHORIZED
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(now_ms / 1000 - int(timestamp)) > WINDOW_SECONDS:
        return NOT_AUTHORIZED
    if not admits(known.allowed_ips, CALLER_IPV4) or Permission.READ not in known.permissions:
        return NOT_AUTHORIZED
    return None


PAIRS: Final = {("BTC", "USD"): "64250.1", ("ETH", "USD"): "3097.52"}
CURRENCIES: Final = ("BTC", "ETH", "USD")
BLOCKCHAINS: Final = {"BTC": ("Bitcoin", "bitcoin"), "ETH": ("Ethereum", "ethereum")}
BALANCES: Final = {"BTC": ("0.01620000", "0.00100000"), "ETH": ("2.50000000", "0.00000000"), "USD": ("250.75", "0.00")}
"""In total, and held back for orders."""


def _ticker(document: Mapping[str, object], _now_ms: int) -> object:
    asked = document.get("pairs")
    return {
        f"{base}-{quote}": {
            **dict.fromkeys(("bestBid", "bestAsk", "low", "high", "last"), price),
            "volume": "120.736000",
            "quoteVolume": "7757300.07",
        }
        for (base, quote), price in PAIRS.items()
        if not isinstance(asked, list) or f"{base}-{quote}" in asked
    }


def _server_time(_document: Mapping[str, object], now_ms: int) -> object:
    return {
        "timestamp": str(now_ms),
        "ISODate": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_ms / 1000)) + f".{now_ms % 1000:03}Z",
    }


def _orders(document: Mapping[str, object], _now_ms: int) -> object:
    """Open ones, unless those of the past are asked for; there are none of those."""
    return [] if document.get("archived") else [SPOT_ORDER]


SPOT_ORDER: Final = {
    "orderId": "1313003",
    "clientOrderId": "037F0AFEB93A",
    "clientId": "up123456789",
    "accountId": None,
    "status": "NEW",
    "statusIsFinal": False,
    "currency1": "BTC",
    "currency2": "USD",
    "side": "SELL",
    "orderType": "Limit",
    "timeInForce": "GTC",
    "comment": None,
    "rejectCode": None,
    "rejectReason": None,
    "initialOnHoldAmountCcy1": "0.00100000",
    "initialOnHoldAmountCcy2": None,
    "executedAmountCcy1": None,
    "executedAmountCcy2": None,
    "requestedAmountCcy1": "0.00100000",
    "requestedAmountCcy2": None,
    "price": "72000.0",
    "averagePrice": None,
    "clientCreateTimestamp": "1768210200000",
    "serverCreateTimestamp": "1768210200012",
    "lastUpdateTimestamp": "1768210200012",
    "expireTime": None,
    "effectiveTime": None,
}

Data = Callable[[Mapping[str, object], int], object]


def _always(data: object) -> Data:
    return lambda _document, _now_ms: data


SPOT_PUBLIC: Final[Mapping[str, Data]] = {
    "get_server_time": _server_time,
    "get_ticker": _ticker,
    "get_currencies_info": _always(
        [
            {
                "currency": currency,
                "fiat": currency not in BLOCKCHAINS,
                "precision": "8" if currency in BLOCKCHAINS else "2",
                "walletPrecision": "8" if currency in BLOCKCHAINS else "2",
                "walletDeposit": True,
                "walletWithdrawal": True,
            }
            for currency in CURRENCIES
        ]
    ),
    "get_pairs_info": _always(
        [
            {
                "base": base,
                "quote": quote,
                "baseMin": "0.0001",
                "baseMax": "50",
                "baseLotSize": "0.00000001",
                "quoteMin": "10",
                "quoteMax": "1000000",
                "quoteLotSize": "0.01000000",
                "basePrecision": "8",
                "quotePrecision": "8",
                "pricePrecision": "1",
                "minPrice": "10",
                "maxPrice": "1000000",
            }
            for base, quote in PAIRS
        ]
    ),
    "get_processing_info": _always(
        {
            currency: {
                "name": name,
                "blockchains": {
                    chain: {
                        "type": "coin",
                        "deposit": "enabled",
                        "minDeposit": "0.001",
                        "withdrawal": "enabled",
                        "minWithdrawal": "0.002",
                        "withdrawalFee": "0.0005",
                        "withdrawalFeePercent": "0",
                        "depositConfirmations": "3",
                    }
                },
            }
            for currency, (name, chain) in BLOCKCHAINS.items()
        }
    ),
}
SPOT_PRIVATE: Final[Mapping[str, Data]] = {
    "get_my_account_status_v3": _always(
        {
            "convertedCurrency": "USD",
            "balancesPerAccounts": {
                "": {
                    currency: {"balance": total, "balanceOnHold": held} for currency, (total, held) in BALANCES.items()
                }
            },
        }
    ),
    "get_my_wallet_balance": _always({currency: {"balance": total} for currency, (total, _) in BALANCES.items()}),
    "get_my_orders": _orders,
    "get_my_current_fee": _always({"tradingFee": {f"{base}-{quote}": {"percent": "0.25"} for base, quote in PAIRS}}),
    # No example of the last two was seen: that their data is an object is all that is known.
    "get_my_volume": _always({"period30d": {"USD": "0.00"}}),
    "get_fee_strategy": _always({"volume": {"0": "0.25"}}),
}


# -- the older API --

OLDER_RATE_LIMITED: Final = json_reply(200, {"error": "rate limit exceeded"}, {"Retry-After": "3"})
OLDER_MAINTENANCE: Final = json_reply(503, {"error": "Service Unavailable"})


class RefusedError(Exception):
    """A call of the older API turned down, in the words that are answered."""


def answer_older(request: Request, keys: Mapping[str, ApiKey], nonces: Nonces, now_ms: int) -> Reply:
    """Answers one call as CEX.IO's older API would: an error has the status 200 too."""
    name = request.path.removeprefix("/api/")
    document = _older_public(name, now_ms)
    if document is not None:
        return json_reply(200, document) if request.method == "GET" else page(405, {"Allow": "GET"})
    call = OLDER_PRIVATE.get(name)
    if call is None:
        return page(404)
    if request.method != "POST":
        return page(405, {"Allow": "POST"})
    try:
        caller = _authenticate(request, keys, nonces)
    except RefusedError as refused:
        return json_reply(200, {"error": str(refused)})
    return json_reply(200, call(caller, now_ms))


def _authenticate(request: Request, keys: Mapping[str, ApiKey], nonces: Nonces) -> ApiKey:
    fields = request.fields
    known = keys.get(fields.get("key", ""))
    if known is None:
        raise RefusedError("Invalid API key")
    nonce = fields.get("nonce", "")
    message = f"{nonce}{known.user_id}{known.key}".encode(errors="replace")
    expected = hmac.new(known.secret.encode(), message, hashlib.sha256).hexdigest()
    # Capitals are published; CEX.IO's own client sends small letters.
    if not re.fullmatch(r"[0-9]{1,20}", nonce) or not is_same(expected, fields.get("signature", "").lower()):
        raise RefusedError("Invalid signature")
    if not nonces.takes_higher(known.key, int(nonce)):
        raise RefusedError("Nonce must be incremented")
    if not known.activated:
        raise RefusedError("API key is not activated")
    # Of addresses and permissions no wording is published.
    if not admits(known.allowed_ips, CALLER_IPV4) or Permission.READ not in known.permissions:
        raise RefusedError("Permission denied")
    return known


def _older_public(name: str, now_ms: int) -> object | None:
    if ticker := re.fullmatch(r"ticker/([A-Z]+)/([A-Z]+)/?", name):
        price = PAIRS.get((ticker[1], ticker[2]))
        if price is None:
            return {"error": "Invalid Symbols Pair"}
        prices = {**dict.fromkeys(("low", "high", "last"), price), "bid": float(price), "ask": float(price)}
        return {"timestamp": str(now_ms // 1000), **prices, "volume": "120.5", "pair": f"{ticker[1]}:{ticker[2]}"}
    return OLDER_PUBLIC.get(name)


OLDER_PUBLIC: Final[Mapping[str, object]] = {
    "currency_profile": {
        "e": "currency_profile",
        "ok": "ok",
        "data": {
            "symbols": [
                {
                    "code": currency,
                    "contract": False,
                    "commodity": False,
                    "fiat": currency not in BLOCKCHAINS,
                    "description": "",
                    "precision": 8 if currency in BLOCKCHAINS else 2,
                    "scale": 0,
                    "minimumCurrencyAmount": "0.00000001" if currency in BLOCKCHAINS else "0.01",
                    "minimalWithdrawalAmount": 0.002,
                }
                for currency in CURRENCIES
            ],
            "pairs": [
                {
                    "symbol1": base,
                    "symbol2": quote,
                    "pricePrecision": 1,
                    "priceScale": "/1000000",
                    "minLotSize": 0.002,
                    "minLotSizeS2": 20,
                }
                for base, quote in PAIRS
            ],
        },
    },
    "currency_limits/": {
        "e": "currency_limits",
        "ok": "ok",
        "data": {
            "pairs": [
                {
                    "symbol1": base,
                    "symbol2": quote,
                    "minLotSize": 0.002,
                    "minLotSizeS2": 20,
                    "maxLotSize": 30,
                    "minPrice": "10",
                    "maxPrice": "1000000",
                }
                for base, quote in PAIRS
            ]
        },
    },
}


def _older_balance(caller: ApiKey, now_ms: int) -> object:
    return {
        "timestamp": str(now_ms // 1000),
        "username": caller.user_id,
        "BTC": {"available": "0.01520000", "orders": "0.00100000"},
        "ETH": {"available": "2.50000000", "orders": "0.00000000"},
        "USD": {"available": "250.75", "orders": "0.00"},
    }


def _older_orders(_caller: ApiKey, _now_ms: int) -> object:
    return [
        {
            "id": "13837040",
            "time": "1768210200012",
            "type": "sell",
            "price": "72000.0",
            "amount": "0.00100000",
            "pending": "0.00100000",
            "symbol1": "BTC",
            "symbol2": "USD",
        }
    ]


OLDER_PRIVATE: Final[Mapping[str, Callable[[ApiKey, int], object]]] = {
    "balance/": _older_balance,
    "open_orders/": _older_orders,
}
