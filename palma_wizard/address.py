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
from palma_wizard.exchanges import Call, Fault, Reply
from palma_wizard.exchanges.whitelist import AddressKind, kind
from palma_wizard.transport import Door

__all__ = [
    "SERVICES",
    "TIME_LIMIT",
    "AddressKind",
    "Agreement",
    "Sighting",
    "kind_of",
    "look_up",
    "parse",
]

SERVICES: Final[Mapping[str, tuple[str, str]]] = {
    "ipv4": ("https://api4.ipify.org/", "https://ipv4.icanhazip.com/"),
    "ipv6": ("https://api6.ipify.org/", "https://ipv6.icanhazip.com/"),
}
TIME_LIMIT: Final = 12.0
LONGEST_ANSWER: Final = 64


class Agreement(enum.Enum):
    """DIFFERENT: one of the services is reached another way, through a VPN or a proxy, say."""

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
    """Ask all services at once, and take what came within TIME_LIMIT, for "ipv4" and "ipv6" apart.

    A computer without IPv6 has NONE there; one with IPv6 alone has NONE for "ipv4".
    """
    kinds = list(services)
    sightings = await asyncio.gather(*(_sighting(services[each], 4 if each == "ipv4" else 6) for each in kinds))
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
    call = Call("address", parts.hostname or "", parts.path)
    door = Door([call], base_url=None if parts.scheme == "https" else f"{parts.scheme}://{parts.netloc}")
    try:
        async with asyncio.timeout(TIME_LIMIT):
            answer = await workers.run(door.send, call)
    except TimeoutError:
        return None
    finally:
        door.close()
    return _address(answer, version)


def _address(answer: Reply | Fault, version: int) -> str | None:
    """Strict: exactly one address of the kind that was asked for, which the internet can see, and nothing else.

    The page of a network that wants a log-in first is no answer.
    """
    if isinstance(answer, Fault) or answer.status != 200 or len(answer.body) > LONGEST_ANSWER:
        return None
    text = parse(answer.body.decode("ascii", "replace"), version)
    return text if text is not None and kind_of(text) is AddressKind.PUBLIC else None


def parse(text: str, version: int | None = None) -> str | None:
    """The address in its usual writing, or None for anything that is not a single address."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if "%" in text or version not in {None, address.version}:
        return None
    return str(address)


def kind_of(text: str) -> AddressKind | None:
    """Where an address typed by hand has a meaning, or None for anything that is not a single address.

    A link-local address may carry its zone, as in "fe80::1%eth0": that is how a computer shows its own.
    """
    bare, _, zone = text.partition("%")
    address = parse(bare)
    if address is None:
        return None
    found = kind(ipaddress.ip_address(address))
    return None if "%" in text and (not zone.strip() or found is not AddressKind.LINK_LOCAL) else found
