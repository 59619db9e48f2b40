"""A report for whoever helps: built from closed sets of words, numbers and versions, so that no secret can be in it."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections.abc import Sequence
from typing import Final

from palma_wizard import __version__, secrecy
from palma_wizard.exchanges import Verdict, whitelist

_PACKAGES: Final = ("PySide6-Essentials", "requests", "urllib3", "truststore", "keyring", "qasync")


def write(verdict: Verdict, when: datetime.datetime, own: Sequence[str] | None = None) -> str:
    """The whole text. `own` are this computer's addresses; None leaves all addresses out, those of the key's list too.

    Nothing in it was written by the exchange: its replies enter as the program's own words for them, as numbers, and as
    addresses that were read and written anew.
    """
    reading = verdict.reading
    lines = [
        f"PalmaBot Setup Wizard {__version__}, report of {when.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"system      {platform.platform()}",
        f"versions    Python {platform.python_version()}, {', '.join(_versions())}",
        f"exchange    {verdict.exchange}{' (practice)' if verdict.practice else ''}",
        f"outcome     {verdict.outcome.value}",
        f"causes      {', '.join(cause.value for cause in reading.causes) or 'none'}",
        f"rights      {', '.join(f'{right.value} {state.value}' for right, state in reading.rights.items())}",
        f"clock       {'not measured' if reading.clock_error is None else f'{reading.clock_error:+.1f} s'}",
    ]
    if reading.retry_after is not None:
        lines.append(f"asks for    {reading.retry_after} s of waiting")
    lines += ["", "check          what it came to       time   what came back"]
    lines += [f"{each.id:<12}   {each.state.value:<16} {each.ms:>7} ms   {each.sign}" for each in verdict.checks]
    if own is not None:
        listed = reading.allowed_addresses
        told = "not told" if listed is None else ", ".join(_meant(listed)) or "any"
        lines += ["", f"own address     {', '.join(own) or 'not known'}", f"allowed         {told}"]
    return secrecy.redact("\n".join(lines) + "\n")


def _meant(listed: Sequence[str]) -> list[str]:
    return [entry.meant or "(not public)" for entry in whitelist.rehearse("\n".join(listed), ()).entries]


def _versions() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} ?")
    return found
