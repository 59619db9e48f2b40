"""This computer's public address, as two services that know nothing of each other see it."""

from __future__ import annotations

import asyncio
import enum
import ipaddress
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from palma_wizard import workers
from palma_wizard.exchanges import Call, Fault, Reply, allows
from palma_wizard.transport import Door

SERVICES: Final[Mapping[str, tuple[str, str]]] = {
    "ipv4": ("https://api4.ipify.org/", "https://ipv4.icanhazip.com/"),
    "ipv6": ("https://api6.ipify.org/", "https://ipv6.icanhazip.com/"),
}
SERVICE_NAMES: Final = ("ipify.org", "icanhazip.com")
TIME_LIMIT: Final = 12.0

_NOT_PUBLIC: Final = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "224.0.0.0/3", "::/127", "::ffff:0:0/96", "fc00::/7", "fe80::/10", "ff00::/8",
)  # fmt: skip
"""Addresses that no service on the internet can have seen; the ones for documentation are left to practice."""


class Agreement(enum.Enum):
    BOTH = "both"
    ONE = "one"
    DIFFERENT = "different"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the services saw of one kind of address; `seen` holds each different answer once."""

    agreement: Agreement
    seen: tuple[str, ...]


async def look_up(services: Mapping[str, Sequence[str]] = SERVICES) -> dict[str, Sighting]:
    """Ask all services at once, for "ipv4" and "ipv6" apart. A computer without IPv6 simply has none there."""
    kinds = list(services)
    sightings = await asyncio.gather(*(_sighting(services[kind], 4 if kind == "ipv4" else 6) for kind in kinds))
    return dict(zip(kinds, sightings, strict=True))


async def _sighting(urls: Sequence[str], version: int) -> Sighting:
    answers = await asyncio.gather(*(_ask(url, version) for url in urls))
    heard = [answer for answer in answers if answer is not None]
    seen = tuple(dict.fromkeys(heard))
    if not seen:
        return Sighting(Agreement.NONE, seen)
    if len(seen) > 1:
        return Sighting(Agreement.DIFFERENT, seen)
    return Sighting(Agreement.BOTH if len(heard) == len(urls) else Agreement.ONE, seen)


async def _ask(url: str, version: int) -> str | None:
    parts = urllib.parse.urlsplit(url)
    call = Call("address", parts.path)
    door = Door(f"{parts.scheme}://{parts.netloc}", [call])
    try:
        async with asyncio.timeout(TIME_LIMIT):
            answer = await workers.run(door.send, call, {})
    except TimeoutError:
        return None
    finally:
        door.close()
    return _address(answer, version)


def _address(answer: Reply | Fault, version: int) -> str | None:
    """Strict: exactly one address of the kind that was asked for, which the internet can see, and nothing else."""
    if isinstance(answer, Fault) or answer.status != 200 or len(answer.body) > 64:
        return None
    text = parse(answer.body.decode("ascii", "replace").strip(), version)
    return None if text is None or allows(_NOT_PUBLIC, text) else text


def parse(text: str, version: int | None = None) -> str | None:
    """The address in its usual writing, or None for anything that is not a single address."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if "%" in text or version not in {None, address.version}:
        return None
    return str(address)
