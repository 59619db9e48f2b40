"""What is being played: the scenarios, the keys that exist in each, and what was asked."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Final, TypeVar

from palma_wizard.practice import bitstamp, cex, hitbtc
from palma_wizard.practice.account import Account
from palma_wizard.practice.hitbtc import Right
from palma_wizard.practice.nonces import Nonces
from palma_wizard.practice.wire import Reply, Request, page


@dataclass(frozen=True, slots=True)
class PracticeKey:
    """What a user of the practice exchange types in. HitBTC has no user id."""

    key: str
    secret: str = field(repr=False)
    user_id: str = ""


KEYS: Final[Mapping[str, PracticeKey]] = {
    "hitbtc2": PracticeKey("practice-key-for-hitbtc2-0000001", "practice-secret-for-hitbtc2-0001"),
    "bitstamp": PracticeKey("practicekeyforbitstamp0000000001", "practicesecretforbitstamp0000001", "1234567"),
    "cex": PracticeKey("practicekeyforcex000000001", "practicesecretforcex0000001", "up123456789"),
}

AnyKey = hitbtc.ApiKey | bitstamp.ApiKey | cex.ApiKey
Key = TypeVar("Key", hitbtc.ApiKey, bitstamp.ApiKey, cex.ApiKey)

HITBTC_KEY: Final = hitbtc.ApiKey(
    KEYS["hitbtc2"].key, KEYS["hitbtc2"].secret, frozenset({Right.READ, Right.TRADE, Right.PAYMENT})
)
BITSTAMP_KEY: Final = bitstamp.ApiKey(
    KEYS["bitstamp"].key,
    KEYS["bitstamp"].secret,
    KEYS["bitstamp"].user_id,
    frozenset({bitstamp.Permission.ACCOUNT_BALANCE, bitstamp.Permission.USER_TRANSACTIONS, bitstamp.Permission.ORDERS}),
)
CEX_KEY: Final = cex.ApiKey(
    KEYS["cex"].key,
    KEYS["cex"].secret,
    KEYS["cex"].user_id,
    frozenset({cex.Permission.READ, cex.Permission.TRADE}),
)
OTHER_HITBTC_KEY: Final = hitbtc.ApiKey(
    "Vt3xQ_hN81sLw-Kd0aZpRy7MfUj5Eb2G",
    "nH4_cX9vTq0-LsYwB6dEr1KzJm8PfGa7",
    frozenset({Right.READ}),
    allowed_ips=("198.51.100.20",),
    name="portfolio viewer",
)

PALMABOT_ADDRESS = "46.19.9.48"

LOGIN_PAGE = Reply(
    200,
    b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><h1>Log in</h1>"
    b'<form method="post" action="/login"><input name="user"><input name="password" type="password">'
    b"<button>Log in</button></form></body></html>\n",
    "text/html; charset=utf-8",
)


class Api(StrEnum):
    """The APIs that are played on the one port. Their paths tell them apart."""

    HITBTC_2 = "HitBTC, API 2.0"
    HITBTC_3 = "HitBTC, API 3.0"
    BITSTAMP = "Bitstamp"
    CEX_SPOT = "CEX.IO Spot"
    CEX_OLDER = "CEX.IO, the older API"


HITBTC: Final = frozenset({Api.HITBTC_2, Api.HITBTC_3})


def api_of(path: str) -> Api:
    """What no other claims is HitBTC's where a version's number leads it, and CEX.IO's where a word does."""
    if path.startswith(bitstamp.PREFIX):
        return Api.BITSTAMP
    if path.startswith(cex.SPOT_PREFIX):
        return Api.CEX_SPOT
    if path.startswith("/api/2/"):
        return Api.HITBTC_2
    return Api.CEX_OLDER if re.match(r"/api/[a-z]", path) else Api.HITBTC_3


def _everywhere(reply: Reply) -> Mapping[Api, Reply]:
    return dict.fromkeys(Api, reply)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way the exchanges can be; as it stands, all is well.

    The keys are the practice keys as the exchanges know them, if they do; `instead` answers every call of an API.
    `clock_ahead` and `delay` are in seconds.
    """

    hitbtc_key: hitbtc.ApiKey | None = HITBTC_KEY
    bitstamp_key: bitstamp.ApiKey | None = BITSTAMP_KEY
    cex_key: cex.ApiKey | None = CEX_KEY
    clock_ahead: int = 0
    instead: Mapping[Api, Reply] = field(default_factory=dict)
    bitstamp_older_scheme: bool = True
    delay: float = 0
    hangs: bool = False
    cuts: bool = False


ALL_SCENARIOS: Mapping[str, Scenario] = {
    "works": Scenario(),
    "wrong-key": Scenario(hitbtc_key=None, bitstamp_key=None, cex_key=None),
    "wrong-secret": Scenario(
        hitbtc_key=replace(HITBTC_KEY, secret=HITBTC_KEY.secret[::-1]),
        bitstamp_key=replace(BITSTAMP_KEY, secret=BITSTAMP_KEY.secret[::-1]),
        cex_key=replace(CEX_KEY, secret=CEX_KEY.secret[::-1]),
    ),
    "wrong-user-id": Scenario(
        bitstamp_key=replace(BITSTAMP_KEY, user_id="7654321"), cex_key=replace(CEX_KEY, user_id="up987654321")
    ),
    "clock-off": Scenario(clock_ahead=300),
    "address-not-allowed": Scenario(
        hitbtc_key=replace(HITBTC_KEY, allowed_ips=(PALMABOT_ADDRESS,)),
        bitstamp_key=replace(BITSTAMP_KEY, allowed_ips=(PALMABOT_ADDRESS,)),
        cex_key=replace(CEX_KEY, allowed_ips=(PALMABOT_ADDRESS,)),
    ),
    "email-not-confirmed": Scenario(
        hitbtc_key=replace(HITBTC_KEY, confirmed=False),
        bitstamp_key=replace(BITSTAMP_KEY, activated=False),
        cex_key=replace(CEX_KEY, activated=False),
    ),
    "no-trade-right": Scenario(
        hitbtc_key=replace(HITBTC_KEY, rights=HITBTC_KEY.rights - {Right.TRADE}),
        bitstamp_key=replace(BITSTAMP_KEY, permissions=BITSTAMP_KEY.permissions - {bitstamp.Permission.ORDERS}),
        cex_key=replace(CEX_KEY, permissions=CEX_KEY.permissions - {cex.Permission.TRADE}),
    ),
    "can-withdraw": Scenario(
        hitbtc_key=replace(HITBTC_KEY, rights=frozenset(Right)),
        bitstamp_key=replace(BITSTAMP_KEY, permissions=frozenset(bitstamp.Permission)),
        cex_key=replace(CEX_KEY, permissions=frozenset(cex.Permission)),
    ),
    "rate-limited": Scenario(
        instead={
            **dict.fromkeys(HITBTC, hitbtc.refuse(429, headers={"Retry-After": "3"})),
            Api.BITSTAMP: bitstamp.RATE_LIMITED,
            Api.CEX_SPOT: cex.RATE_LIMITED,
            Api.CEX_OLDER: cex.OLDER_RATE_LIMITED,
        }
    ),
    "maintenance": Scenario(
        instead={
            **dict.fromkeys(HITBTC, hitbtc.refuse(503)),
            Api.BITSTAMP: bitstamp.MAINTENANCE,
            Api.CEX_SPOT: cex.MAINTENANCE,
            Api.CEX_OLDER: cex.OLDER_MAINTENANCE,
        }
    ),
    "older-switched-off": Scenario(
        instead={Api.HITBTC_2: page(404), Api.CEX_OLDER: page(404)}, bitstamp_older_scheme=False
    ),
    "not-in-this-country": Scenario(instead=_everywhere(page(451))),
    "slow": Scenario(delay=1.5),
    "hangs": Scenario(hangs=True),
    "closes-half-way": Scenario(cuts=True),
    "html-instead-of-json": Scenario(instead=_everywhere(LOGIN_PAGE)),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in. What it was authorized with is not kept, only whether, and by what `scheme`.

    That is Basic or HS256 (HitBTC), v2 (Bitstamp's headers), spot (CEX.IO's), older (a signature in the body), "other"
    (any other Authorization header) or empty.
    """

    method: str
    path: str
    authorized: bool
    scheme: str


def _scheme(request: Request) -> str:
    """Looked for in every request, so that a key which goes to the wrong exchange shows."""
    if "x-auth" in request.headers:
        return "v2"
    if "x-aggr-key" in request.headers:
        return "spot"
    if authorization := request.headers.get("authorization", "").strip():
        return {"basic": "Basic", "hs256": "HS256"}.get(authorization.partition(" ")[0].lower(), "other")
    return "older" if {"key", "signature"} <= set(request.fields) else ""


class Stage:
    """The exchange being played: its scenario, its keys, its clock, and the account on its site."""

    def __init__(self, scenario: str, chance: Random) -> None:
        self._chance = chance
        self.open_account()
        self.asked: deque[Asked] = deque(maxlen=1000)
        self._added: tuple[AnyKey, ...] = ()
        self._bitstamp_nonces = Nonces()
        self._cex_nonces = Nonces()
        self.scenario = scenario

    @property
    def scenario(self) -> str:
        return self._name

    @scenario.setter
    def scenario(self, name: str) -> None:
        if name not in ALL_SCENARIOS:
            raise ValueError(f"no scenario is called {name!r}; there are {', '.join(ALL_SCENARIOS)}")
        self._name = name

    @property
    def play(self) -> Scenario:
        return ALL_SCENARIOS[self._name]

    @property
    def hitbtc_keys(self) -> dict[str, hitbtc.ApiKey]:
        return self._known(hitbtc.ApiKey, self.play.hitbtc_key, OTHER_HITBTC_KEY) | self.account.api_keys()

    def _known(self, kind: type[Key], *theirs: Key | None) -> dict[str, Key]:
        """The keys of one exchange, by their public part; one that was added takes the place of its like."""
        return {each.key: each for each in (*theirs, *self._added) if isinstance(each, kind)}

    def add_key(self, key: AnyKey) -> None:
        self._added = (*self._added, key)

    def open_account(self) -> None:
        """A new one in place of the old, whose keys are gone with it."""
        self.account = Account(self._chance)

    def clock(self) -> float:
        """The exchange's time, in seconds since 1970."""
        return time.time() + self.play.clock_ahead

    def note(self, request: Request) -> None:
        scheme = _scheme(request)
        authorized = bool(scheme) or "authorization" in request.headers
        self.asked.append(Asked(request.method, request.path[:200], authorized, scheme))

    def answer(self, request: Request) -> Reply:
        play, api = self.play, api_of(request.path)
        now_ms = int(self.clock() * 1000)
        # HitBTC's API is read with GET alone, whatever else is the matter.
        if api in play.instead and request.method in ({"GET"} if api in HITBTC else {"GET", "POST"}):
            return play.instead[api]
        if api == Api.BITSTAMP:
            keys = self._known(bitstamp.ApiKey, play.bitstamp_key)
            return bitstamp.answer(
                request, keys, self._bitstamp_nonces, now_ms, older_scheme=play.bitstamp_older_scheme
            )
        if api == Api.CEX_SPOT:
            return cex.answer_spot(request, self._known(cex.ApiKey, play.cex_key), now_ms)
        if api == Api.CEX_OLDER:
            return cex.answer_older(request, self._known(cex.ApiKey, play.cex_key), self._cex_nonces, now_ms)
        return hitbtc.answer(request, self.hitbtc_keys, now_ms, self.account.used)
