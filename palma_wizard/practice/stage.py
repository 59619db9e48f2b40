"""What is being played: the scenarios, the keys that exist in each, and what was asked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from palma_wizard.practice.account import Account
from palma_wizard.practice.hitbtc import ApiKey, Reply, Request, Right, answer, refuse

KEY = "practice-key-for-hitbtc2-0000001"
SECRET = "practice-secret-for-hitbtc2-0001"  # noqa: S105 - opens nothing but this play

PRACTICE_KEY = ApiKey(KEY, SECRET, frozenset({Right.READ, Right.TRADE, Right.PAYMENT}))
OTHER_KEY = ApiKey(
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
GONE_PAGE = Reply(
    404,
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>\n",
    "text/html; charset=utf-8",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way the exchange can be; as it stands, all is well.

    `key` is the practice key as the exchange knows it, if it does; `instead` answers every call, `v2_instead`
    those of API 2.0. `clock_ahead` and `delay` are in seconds.
    """

    key: ApiKey | None = PRACTICE_KEY
    clock_ahead: int = 0
    instead: Reply | None = None
    v2_instead: Reply | None = None
    delay: float = 0
    hangs: bool = False
    cuts: bool = False


ALL_SCENARIOS: Mapping[str, Scenario] = {
    "works": Scenario(),
    "wrong-key": Scenario(key=None),
    "wrong-secret": Scenario(key=replace(PRACTICE_KEY, secret=SECRET[::-1])),
    "clock-off": Scenario(clock_ahead=300),
    "address-not-allowed": Scenario(key=replace(PRACTICE_KEY, allowed_ips=(PALMABOT_ADDRESS,))),
    "email-not-confirmed": Scenario(key=replace(PRACTICE_KEY, confirmed=False)),
    "no-trade-right": Scenario(key=replace(PRACTICE_KEY, rights=PRACTICE_KEY.rights - {Right.TRADE})),
    "can-withdraw": Scenario(key=replace(PRACTICE_KEY, rights=frozenset(Right))),
    "rate-limited": Scenario(instead=refuse(429, headers={"Retry-After": "3"})),
    "maintenance": Scenario(instead=refuse(503)),
    "v2-switched-off": Scenario(v2_instead=GONE_PAGE),
    "slow": Scenario(delay=1.5),
    "hangs": Scenario(hangs=True),
    "closes-half-way": Scenario(cuts=True),
    "html-instead-of-json": Scenario(instead=LOGIN_PAGE),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in. `scheme` is Basic, HS256, "other" or empty; the header is not kept."""

    method: str
    path: str
    authorized: bool
    scheme: str


class Stage:
    """The exchange being played: its scenario, its keys, its clock, and the account on its site."""

    def __init__(self, scenario: str, chance: Random) -> None:
        self._chance = chance
        self.open_account()
        self.asked: deque[Asked] = deque(maxlen=1000)
        self._added: dict[str, ApiKey] = {}
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
    def keys(self) -> dict[str, ApiKey]:
        theirs = [self.play.key, OTHER_KEY]
        return {each.key: each for each in theirs if each is not None} | self._added | self.account.api_keys()

    def add_key(self, key: ApiKey) -> None:
        self._added = {**self._added, key.key: key}

    def open_account(self) -> None:
        """A new one in place of the old, whose keys are gone with it."""
        self.account = Account(self._chance)

    def clock(self) -> float:
        """The exchange's time, in seconds since 1970."""
        return time.time() + self.play.clock_ahead

    def note(self, request: Request) -> None:
        scheme = (request.authorization or "").strip().partition(" ")[0].lower()
        known = {"": "", "basic": "Basic", "hs256": "HS256"}
        self.asked.append(
            Asked(request.method, request.path[:200], request.authorization is not None, known.get(scheme, "other"))
        )

    def answer(self, request: Request) -> Reply:
        play = self.play
        if request.method == "GET":
            if play.instead is not None:
                return play.instead
            if play.v2_instead is not None and request.path.startswith("/api/2/"):
                return play.v2_instead
        return answer(request, self.keys, int(self.clock() * 1000), self.account.used)
