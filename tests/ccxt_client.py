"""ccxt, a client that shares no code with this program, as a program of its own: two versions fit no one process.

Run it with `.venv/ccxt-4.5.90` or `.venv/ccxt-1.50.1` on PYTHONPATH. It reads JSON from standard input, to its end, and
writes JSON to standard output. No connection is made but to the practice exchange; another one ends it with an error.

`ccxt_client.py sign` takes a list of jobs and gives back a list of what ccxt's own `sign()` returned, in that order:

    in   [{"exchange": "bitstamp",            ccxt's name: hitbtc, bitstamp or cex
           "path": "account_balances/",       as in ccxt's own table of calls, {name} filled in from params
           "api": "private",                  which of the exchange's tables
           "method": "POST",
           "params": {},
           "apiKey": "…", "secret": "…", "uid": "…",
           "ms": 1760000000000,               the time: milliseconds(), seconds() and, made of these, nonce()
           "uuid": "…",                       what uuid() returns
           "options": {}}, …]                 over ccxt's own, such as {"auth": "v1"} for Bitstamp's older scheme
    out  [{"url": "https://…", "method": "POST", "headers": {…} or null, "body": "…" or null}, …]

`params`, `uid`, `uuid` and `options` may be left out.

`ccxt_client.py fetch` takes one job and has ccxt load the markets, the balance and the open orders:

    in   {"exchange", "apiKey", "secret", "uid", "options": as above, "practice": the URL of the practice exchange}
    out  {"version": ccxt's, "free": {"BTC": 0.0152, …}, "total": {…},
          "orders": [{"id", "symbol", "side", "price", "amount", "status"}, …],
          "asked": [["POST", "https://www.bitstamp.net/api/v2/…"], …] as ccxt addressed them}
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

HOSTS = {"api.hitbtc.com", "www.bitstamp.net", "trade.cex.io", "cex.io"}

ccxt: Any = importlib.import_module("ccxt")  # by name: it is in neither of the environments that are type-checked


class StrayError(Exception):
    """No OSError: ccxt and requests would take that for a network that is down."""


class ToPractice(HTTPAdapter):
    """Sends what is for a real exchange to the practice exchange: once it is signed, and with no other change."""

    def __init__(self, practice: str) -> None:
        super().__init__()
        self.practice = urlsplit(practice)
        self.asked: list[tuple[str | None, str]] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        url = request.url or ""
        self.asked.append((request.method, url))
        meant = urlsplit(url)
        if meant.scheme != "https" or meant.netloc not in HOSTS:
            raise StrayError(f"ccxt asked {url}")
        request.url = urlunsplit((self.practice.scheme, self.practice.netloc, meant.path, meant.query, ""))
        return super().send(request, *args, **kwargs)


def stay_at(practice: str) -> None:
    """From now on this process reaches no other address, and asks for no other name's; with "" none at all."""
    here = urlsplit(practice)

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and args[1] != (here.hostname, here.port):
            raise StrayError(f"a connection to {args[1]}")
        if event == "socket.getaddrinfo" and args[0] != here.hostname:
            raise StrayError(f"the address of {args[0]}")

    sys.addaudithook(watch)


def open_exchange(job: Mapping[str, Any]) -> Any:
    return getattr(ccxt, job["exchange"])(
        {
            "apiKey": job["apiKey"],
            "secret": job["secret"],
            "uid": job.get("uid", ""),
            "options": job.get("options", {}),
            "enableRateLimit": False,
        }
    )


def sign(job: Mapping[str, Any]) -> dict[str, Any]:
    exchange = open_exchange(job)
    exchange.milliseconds = lambda: job["ms"]
    exchange.seconds = lambda: job["ms"] // 1000
    exchange.uuid = lambda *_: job.get("uuid", "")
    api = job["api"] if ccxt.__version__.startswith("1.") else [job["api"]]
    signed = exchange.sign(job["path"], api, job["method"], job.get("params", {}))
    return {name: signed[name] for name in ("url", "method", "headers", "body")}


def fetch(job: Mapping[str, Any]) -> dict[str, Any]:
    exchange = open_exchange(job)
    to_practice = ToPractice(job["practice"])
    exchange.session.mount("https://", to_practice)
    exchange.session.mount("http://", to_practice)
    balance = exchange.fetch_balance()
    orders = exchange.fetch_open_orders()
    exchange.session.close()
    told = ("id", "symbol", "side", "price", "amount", "status")
    return {
        "version": ccxt.__version__,
        "free": balance["free"],
        "total": balance["total"],
        "orders": [{name: order[name] for name in told} for order in orders],
        "asked": to_practice.asked,
    }


def main() -> None:
    jobs = json.load(sys.stdin)
    stay_at(jobs["practice"] if sys.argv[1] == "fetch" else "")
    done = fetch(jobs) if sys.argv[1] == "fetch" else [sign(job) for job in jobs]
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
