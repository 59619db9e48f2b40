"""The one door to the keyring: the system's own stores and nothing else."""

from __future__ import annotations

import asyncio
import datetime
import enum
import importlib
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import keyring.backend
import keyring.errors

from palma_wizard import workers
from palma_wizard.exchanges import Credentials

T = TypeVar("T")

SERVICE: Final = "PalmaBot"
PRACTICE_SERVICE: Final = "PalmaBot practice"
SIZE_LIMIT: Final = 1280
"""Characters of one item: what Windows Credential Manager holds."""

PROBE_TIME_LIMIT: Final = 3.0
USE_TIME_LIMIT: Final = 120.0
"""Seconds that `use` waits for a store to be found, and for the work with it: the system may ask for a password."""

_STORES: Final = {
    "win32": (("keyring.backends.Windows", "WinVaultKeyring", "Windows Credential Manager"),),
    "darwin": (("keyring.backends.macOS", "Keyring", "macOS Keychain"),),
    "linux": (
        ("keyring.backends.SecretService", "Keyring", "the system keyring (Secret Service)"),
        ("keyring.backends.kwallet", "DBusKeyring", "KWallet"),
    ),
}


class Trouble(enum.Enum):
    """Why the keyring could not do it; the guide words each."""

    NO_STORE = "no-store"
    LOCKED = "locked"
    REFUSED = "refused"
    NOT_KEPT = "not-kept"
    BROKEN_ITEM = "broken-item"
    TOO_LARGE = "too-large"
    TIMED_OUT = "timed-out"


class VaultError(Exception):
    """Carries the trouble alone: a backend's own text may quote what it was given."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Saved:
    """What was stored for an exchange, on which day, and which allowed addresses let this computer in then."""

    credentials: Credentials
    saved_on: datetime.date
    let_in: tuple[str, ...] = ()


class Vault:
    """One item an exchange, in one system store. Every method may block while the system asks for a password."""

    def __init__(self, backend: keyring.backend.KeyringBackend, name: str, *, practice: bool = False) -> None:
        self._backend = backend
        self.name = name
        self.practice = practice
        self._service = PRACTICE_SERVICE if practice else SERVICE

    def probe(self) -> None:
        """Write, read and remove a canary: a store that cannot do that must not be given a secret."""
        canary = secrets.token_hex(8)
        user = f"probe-{canary}"
        self._write(user, canary)
        kept = self._read(user) == canary
        self._remove(user)
        if not kept:
            raise VaultError(Trouble.NOT_KEPT)

    def save(self, exchange: str, credentials: Credentials, today: datetime.date, let_in: Sequence[str] = ()) -> None:
        """Store and read back. NOT_KEPT: it did not come back as it went in, and the old item is gone."""
        item = json.dumps(
            {
                "version": 1,
                "key": credentials.key,
                "secret": credentials.secret,
                "user_id": credentials.user_id,
                "saved_on": today.isoformat(),
                "let_in": list(let_in),
            },
        )
        if len(item) > SIZE_LIMIT:
            raise VaultError(Trouble.TOO_LARGE)
        self._write(exchange, item)
        if self._read(exchange) != item:
            raise VaultError(Trouble.NOT_KEPT)

    def load(self, exchange: str) -> Saved | None:
        """None where nothing is stored; BROKEN_ITEM where something else lies in its place."""
        item = self._read(exchange)
        if item is None:
            return None
        try:
            fields = json.loads(item)
            if fields["version"] != 1:
                raise ValueError
            texts = [fields[name] for name in ("key", "secret", "user_id")]
            if not all(isinstance(text, str) for text in texts) or not texts[0] or not texts[1]:
                raise ValueError
            "".join(texts).encode()
            let_in = fields.get("let_in", [])
            if not isinstance(let_in, list) or not all(isinstance(text, str) and len(text) < 100 for text in let_in):
                raise ValueError
            return Saved(Credentials(*texts), datetime.date.fromisoformat(fields["saved_on"]), tuple(let_in[:4]))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise VaultError(Trouble.BROKEN_ITEM) from None

    def forget(self, exchange: str) -> bool:
        """Remove; False where there was nothing."""
        if self._read(exchange) is None:
            return False
        self._remove(exchange)
        return True

    def _write(self, user: str, item: str) -> None:
        with _translated():
            self._backend.set_password(self._service, user, item)

    def _read(self, user: str) -> str | None:
        with _translated():
            return self._backend.get_password(self._service, user)

    def _remove(self, user: str) -> None:
        with _translated():
            self._backend.delete_password(self._service, user)


def open_vault(*, practice: bool = False) -> Vault:
    """The first of this system's stores that keeps a canary.

    The class is named here and instantiated directly, so neither an environment variable nor a keyring configuration
    can put another one in its place.
    """
    return _first_that_keeps(_find(practice=practice))


def _find(*, practice: bool) -> list[Vault]:
    found = []
    for module, kind, name in _STORES.get(sys.platform, ()):
        try:
            backend_class = getattr(importlib.import_module(module), kind)
            if not backend_class.viable:
                continue
            backend = backend_class()
        except Exception:  # nosec B112 # noqa: BLE001, S112 - a backend may fail to import or start in any way it likes
            continue
        found.append(Vault(backend, name, practice=practice))
    return found


def _first_that_keeps(found: list[Vault]) -> Vault:
    trouble = Trouble.NO_STORE
    for vault in found:
        try:
            vault.probe()
        except VaultError as error:
            if trouble is Trouble.NO_STORE:
                trouble = error.trouble
            continue
        return vault
    raise VaultError(trouble)


async def use(work: Callable[[Vault], T], *, practice: bool) -> T:
    """Find the store, prove it with a canary and work with it, on threads and within the time limits.

    The canary counts as work: a locked store asks for the person's password there. Raises VaultError.

    A store that answers too late may still carry out what it was asked; nothing is ever written elsewhere instead.
    """
    try:
        async with asyncio.timeout(PROBE_TIME_LIMIT):
            found = await workers.run(_find, practice=practice)
        async with asyncio.timeout(USE_TIME_LIMIT):
            return await workers.run(lambda: work(_first_that_keeps(found)))
    except TimeoutError:
        raise VaultError(Trouble.TIMED_OUT) from None


class _translated:  # noqa: N801 - reads as a phrase where it is used
    """Turns whatever a backend raises into a VaultError that quotes nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or not isinstance(error, Exception):
            return
        if isinstance(error, keyring.errors.KeyringLocked):
            raise VaultError(Trouble.LOCKED) from None
        if (
            isinstance(error, keyring.errors.InitError | keyring.errors.NoKeyringError)
            or "NotAvailable" in type(error).__name__
        ):
            raise VaultError(Trouble.NO_STORE) from None
        raise VaultError(Trouble.REFUSED) from None
