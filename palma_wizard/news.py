"""Whether a newer version of this program exists, from a small signed file. No newer version is ever fetched.

The file is two lines: version and day, as in "1.2.3 2026-11-28", and an Ed25519 signature in small hexadecimal digits
over PREFIX and the first line.
"""

from __future__ import annotations

import datetime
import re
import tomllib
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from palma_wizard import __version__, assets, workers
from palma_wizard.exchanges import Call, Fault

PREFIX: Final = b"palma-wizard announcement v1\n"
"""Goes before what is signed, so that nothing else that a key has signed passes for an announcement."""
LONGEST: Final = 256
"""Bytes; no announcement is longer."""
_NUMBER: Final = r"(0|[1-9][0-9]{0,3})"
_VERSION: Final = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SIGNATURE: Final = re.compile(rb"[0-9a-f]{128}\n")
_ADDRESS: Final = re.compile(r"https://[a-z0-9]+([.-][a-z0-9]+)*/[A-Za-z0-9./_-]*")
_KEY: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Announcement:
    numbers: tuple[int, int, int]
    day: datetime.date
    """On which it was signed."""
    file: bytes = field(default=b"", repr=False, compare=False)
    """What it was read from, to be kept and read again: a key that is no longer listed then no longer counts."""

    @property
    def version(self) -> str:
        return ".".join(map(str, self.numbers))

    def is_newer(self, than: str = __version__) -> bool:
        """Nothing is newer than a version that is not three numbers."""
        own = _numbers(than)
        return own is not None and own < self.numbers

    def __str__(self) -> str:
        return f"{self.version} {self.day}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where announcements are asked for, the page that a newer version is on, and the public keys that count."""

    address: str
    page: str
    keys: tuple[bytes, ...]

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.address).hostname or ""


def source() -> Source:
    """What resources/updates.toml says; OSError or ValueError where it cannot be read."""
    table = tomllib.loads(assets.path("updates.toml").read_text("utf-8"))
    address, page, keys = table.get("announcement", ""), table.get("page", ""), table.get("keys")
    if not _fits(_ADDRESS, address, page):
        raise ValueError("updates.toml: two https addresses are expected")
    if not isinstance(keys, list) or not _fits(_KEY, *keys):
        raise ValueError("updates.toml: public keys of 64 small hexadecimal digits are expected")
    return Source(address, page, tuple(map(bytes.fromhex, keys)))


def _fits(pattern: re.Pattern[str], *values: object) -> bool:
    return all(isinstance(value, str) and pattern.fullmatch(value) for value in values)


async def ask(source: Source) -> Announcement | None:
    """None for whatever goes wrong. Nothing is sent but the program's name and version, as with every question."""
    from palma_wizard.transport import Door  # a window is painted before it is needed

    parts = urllib.parse.urlsplit(source.address)
    call = Call("announcement", source.host, parts.path)
    door = Door([call], base_url=f"{parts.scheme}://{parts.netloc}")
    try:
        answer = await workers.run(door.send, call)
    finally:
        door.close()
    if isinstance(answer, Fault) or answer.status != 200:
        return None
    return await workers.run(read, answer.body, source.keys)


def read(file: bytes, keys: Sequence[bytes]) -> Announcement | None:
    """What one of the keys has signed; None for anything else."""
    line, _, signature = file.partition(b"\n")
    if len(file) > LONGEST or not _SIGNATURE.fullmatch(signature):
        return None
    if not any(_has_signed(key, PREFIX + line, bytes.fromhex(signature.decode())) for key in keys):
        return None
    found = parse(line.decode("ascii", "replace"))
    return found and replace(found, file=file)


def parse(line: str) -> Announcement | None:
    """Version and day, as an announcement writes itself."""
    version, _, day = line.partition(" ")
    numbers = _numbers(version)
    if numbers is None or not _DAY.fullmatch(day):
        return None
    try:
        return Announcement(numbers, datetime.date.fromisoformat(day))
    except ValueError:
        return None


def _numbers(version: str) -> tuple[int, int, int] | None:
    if (found := _VERSION.fullmatch(version)) is None:
        return None
    first, second, third = map(int, found.groups())
    return first, second, third


def _has_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(key).verify(message, signature)
    except BadSignatureError:
        return False
    return True
