"""The practice exchange: plays the exchanges' APIs and HitBTC's pages on this computer, from what is published.

It shares no code with the client: a fake that signs with the client's own code would prove nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from random import Random, SystemRandom
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from palma_wizard import assets
from palma_wizard.practice.stage import ALL_SCENARIOS, KEYS, PracticeKey, Stage

if TYPE_CHECKING:
    from palma_wizard.practice.server import Server
    from palma_wizard.practice.stage import AnyKey, Asked

__all__ = ["KEYS", "PAGES", "SCENARIOS", "PracticeExchange", "PracticeKey"]

SCENARIOS: Final[tuple[str, ...]] = tuple(ALL_SCENARIOS)
PAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "hitbtc2": {
        "sign-up": "/",
        "captcha": "/security-check",
        "sign-in": "/sign-in",
        "two-factor": "/two-factor",
        "gear": "/trading",
        "api-keys": "/settings",
        "new-key": "/settings/api-keys",
        "permissions": "/settings/api-keys",
        "notice": "/settings/whitelist",
        "check": "/settings/api-keys",
    },
}
"""Where on the practice site of an exchange a step is done, by the step's id, and where what the check complains of is
mended. Only HitBTC has such a site here.
"""


class PracticeExchange:
    """A server on a free loopback port, from `start` (OSError where there is none) to `stop`.

    `chance` makes the keys and codes of the site, for pictures that come out the same each time.
    """

    def __init__(self, scenario: str = "works", chance: Random | None = None) -> None:
        self._stage = Stage(scenario, chance or SystemRandom())
        self._server: Server | None = None
        self._url = ""
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        with self._lock:
            if self._server is None:
                self._open()

    def _open(self) -> None:
        from palma_wizard.practice.server import Server  # Flask is slow to import and rarely needed

        if not assets.path("practice", "base.html").is_file():
            raise FileNotFoundError("the pages of the practice site are missing")
        server = Server(self._stage)
        self._url, self._server = server.url, server

    def stop(self) -> None:
        """Returns at once, whatever is still being answered; those connections are dropped."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    @property
    def url(self) -> str:
        """Where it listens; after `stop`, where it last did."""
        if not self._url:
            raise RuntimeError("the practice exchange has not been started")
        return self._url

    @property
    def address_urls(self) -> Mapping[str, tuple[str, str]]:
        return {
            kind: (f"{self.url}/address/first/{kind}", f"{self.url}/address/second/{kind}") for kind in ("ipv4", "ipv6")
        }

    @property
    def scenario(self) -> str:
        return self._stage.scenario

    @scenario.setter
    def scenario(self, name: str) -> None:
        self._stage.scenario = name

    @property
    def requests(self) -> list[Asked]:
        """The last thousand that were asked, in order; never what authorized them."""
        return list(self._stage.asked)

    def add_key(self, key: AnyKey) -> None:
        """Makes a key of any of the exchanges work from now on, in place of one with the same public part."""
        self._stage.add_key(key)
