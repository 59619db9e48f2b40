"""The one door to the keyring: the system's own stores and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import enum
import importlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import keyring.backend
import keyring.errors

from palma_wizard import workers
from palma_wizard.entry import DEFAULT_LABEL, is_label
from palma_wizard.exchanges import Credentials

T = TypeVar("T")

SERVICE: Final = "PalmaBot"
PRACTICE_SERVICE: Final = "PalmaBot practice"
PROBE_SERVICE: Final = "PalmaBot probe"
MOST_ACCOUNTS: Final = 8
"""Accounts of one exchange. There is one slot more, so that a new key is written before the old one goes."""
SIZE_LIMIT: Final = 1280
"""Characters of one item: what Windows Credential Manager holds."""
_USER: Final = "PalmaBot Setup Wizard"
_SLOTS: Final = range(1, MOST_ACCOUNTS + 2)
_HIGHEST_ORDER: Final = 10**9
_MOST_LET_IN: Final = 4
_LONGEST_LET_IN: Final = 100

_one_at_a_time: Final = threading.Lock()
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

    NO_SESSION = "no-session"
    NO_STORE = "no-store"
    LOCKED = "locked"
    REFUSED = "refused"
    NOT_KEPT = "not-kept"
    BROKEN_ITEM = "broken-item"
    TOO_LARGE = "too-large"
    FULL = "full"
    EXISTS = "exists"
    GIVEN_UP = "given-up"


class VaultError(Exception):
    """Carries the trouble alone: a backend's own text may quote what it was given."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Saved:
    """What was stored for an account, on which day, and which allowed addresses let this computer in then."""

    label: str
    credentials: Credentials
    saved_on: datetime.date
    let_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Item:
    """What lies in a slot; `saved` is None where it is damaged. Of two with one label, the higher `order` is newer."""

    slot: int
    saved: Saved | None
    order: int = 0


class Vault:
    """The accounts of each exchange, in one system store. Every method may block while the system asks for a password.

    An account is one item in a numbered slot. A new one is written to a free slot and read back before the old one is
    removed: whatever ends the program at whatever moment, one of them is whole, and the newer counts.
    """

    def __init__(self, backend: keyring.backend.KeyringBackend, name: str, *, practice: bool = False) -> None:
        self._backend = backend
        self.name = name
        self.practice = practice
        self._service = PRACTICE_SERVICE if practice else SERVICE
        self.given_up = threading.Event()
        """Once set, nothing is stored or forgotten any more, and what was just written is taken out again."""

    def probe(self) -> None:
        """Write, read and remove a canary: a store that cannot do that must not be given a secret."""
        trouble = Trouble.NOT_KEPT
        for _ in range(3):  # another program may be at it in the same moment
            canary = secrets.token_hex(8)
            try:
                self._write(PROBE_SERVICE, canary)
                kept = self._read(PROBE_SERVICE) == canary
                self._remove(PROBE_SERVICE)
            except VaultError as error:
                if error.trouble is not Trouble.REFUSED:
                    raise
                trouble = error.trouble
            else:
                if kept:
                    return
        raise VaultError(trouble)

    def save(
        self,
        exchange: str,
        credentials: Credentials,
        today: datetime.date,
        let_in: Sequence[str] | None = None,
        *,
        label: str = DEFAULT_LABEL,
        replace: bool = False,
    ) -> None:
        """Store and read back. With None for `let_in`, the same key stored again keeps what it had.

        After a VaultError the old one is there, or, where the store went away behind the write, the new one: whole.

        EXISTS: another key has that label, and is not to be replaced. FULL: the exchange has MOST_ACCOUNTS accounts
        already. TOO_LARGE: the store would not hold it.
        """
        items = self._items(exchange)
        before = next((item for item in items if item.saved is not None and item.saved.label == label), None)
        if before is not None and before.saved is not None and before.saved.credentials == credentials:
            let_in = before.saved.let_in if let_in is None else let_in
        elif before is not None and not replace:
            raise VaultError(Trouble.EXISTS)
        taken = {item.slot for item in items}
        free = [slot for slot in _SLOTS if slot not in taken]
        if not free or (before is None and len(items) >= MOST_ACCOUNTS):
            raise VaultError(Trouble.FULL)
        text = json.dumps(
            {
                "version": 1,
                "order": max((item.order for item in items), default=0) + 1,
                "label": label,
                "key": credentials.key,
                "secret": credentials.secret,
                "user_id": credentials.user_id,
                "saved_on": today.isoformat(),
                "let_in": list((let_in or ())[:_MOST_LET_IN]),
            },
        )
        if len(text) > SIZE_LIMIT:
            raise VaultError(Trouble.TOO_LARGE)
        service = self._slot(exchange, free[0])
        self._go_on()
        try:
            self._write(service, text)
            if self._read(service) != text:
                raise VaultError(Trouble.NOT_KEPT)
            self._go_on()
        except VaultError:
            with contextlib.suppress(VaultError):
                self._remove(service)
            raise
        if before is not None:
            self._remove(self._slot(exchange, before.slot))

    def accounts(self, exchange: str) -> list[Saved]:
        """All that can be read, by label. Raises BROKEN_ITEM only where nothing but damaged items lies there."""
        items = self._items(exchange)
        whole = sorted((item.saved for item in items if item.saved is not None), key=lambda saved: saved.label)
        if items and not whole:
            raise VaultError(Trouble.BROKEN_ITEM)
        return whole

    def load(self, exchange: str, label: str = DEFAULT_LABEL) -> Saved | None:
        """None where nothing is stored; BROKEN_ITEM where nothing can be read and something damaged lies there."""
        items = self._items(exchange)
        for item in items:
            if item.saved is not None and item.saved.label == label:
                return item.saved
        if any(item.saved is None for item in items):
            raise VaultError(Trouble.BROKEN_ITEM)
        return None

    def forget(self, exchange: str, label: str = DEFAULT_LABEL) -> bool:
        """Remove an account, and all damaged items of the exchange with it; False where there was nothing."""
        gone = [item for item in self._items(exchange) if item.saved is None or item.saved.label == label]
        self._go_on()
        for item in gone:
            self._remove(self._slot(exchange, item.slot))
        return bool(gone)

    def _items(self, exchange: str) -> list[_Item]:
        """One for each label; an older one that a save did not come to remove is removed."""
        newest: dict[str, _Item] = {}
        items: list[_Item] = []
        for slot in _SLOTS:
            text = self._read(self._slot(exchange, slot))
            if text is None:
                continue
            item = _item(slot, text)
            if item.saved is None:
                items.append(item)
                continue
            other = newest.setdefault(item.saved.label, item)
            if other is not item:
                older, newest[item.saved.label] = sorted((other, item), key=lambda each: each.order)
                self._remove(self._slot(exchange, older.slot))
        return [*items, *newest.values()]

    def _slot(self, exchange: str, slot: int) -> str:
        """Each slot is a service of its own: Windows moves an item aside when another user of its service comes."""
        return f"{self._service} {exchange} {slot}"

    def _write(self, service: str, text: str) -> None:
        with _translated():
            self._backend.set_password(service, _USER, text)

    def _read(self, service: str) -> str | None:
        with _translated():
            try:
                return self._backend.get_password(service, _USER)
            except UnicodeDecodeError:
                return ""  # nobody's item: damaged

    def _remove(self, service: str) -> None:
        try:
            with _translated():
                self._backend.delete_password(service, _USER)
        except VaultError:
            if self._read(service) is not None:  # else another window was quicker
                raise

    def _go_on(self) -> None:
        if self.given_up.is_set():
            raise VaultError(Trouble.GIVEN_UP)


def _item(slot: int, text: str) -> _Item:
    """What lies there may have been written by anybody."""
    try:
        fields = json.loads(text)
        if fields["version"] != 1:
            raise ValueError
        texts = [fields[name] for name in ("label", "key", "secret", "user_id")]
        let_in = fields["let_in"]
        if not all(isinstance(each, str) for each in (*texts, *let_in)) or not texts[1] or not texts[2]:
            raise ValueError
        "".join(texts).encode()
        fits = all(each.isprintable() and len(each) <= _LONGEST_LET_IN for each in let_in)
        if not is_label(texts[0]) or not isinstance(let_in, list) or len(let_in) > _MOST_LET_IN or not fits:
            raise ValueError
        order = fields["order"]
        if type(order) is not int or not 0 <= order < _HIGHEST_ORDER:
            raise ValueError
        saved_on = datetime.date.fromisoformat(fields["saved_on"])
        return _Item(slot, Saved(texts[0], Credentials(*texts[1:]), saved_on, tuple(let_in)), order)
    except (ValueError, TypeError, KeyError, RecursionError):
        return _Item(slot, None)


def open_vault(*, practice: bool = False) -> Vault:
    """The first of this system's stores that keeps a canary. Raises VaultError.

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
            backend = type(kind, (backend_class,), {"set_properties_from_env": _nothing_from_outside})()
            if sys.platform == "win32":
                backend.persist = "local machine"  # else it roams to other computers of the domain
        except Exception:  # nosec B112 # noqa: BLE001, S112 - a backend may fail to import or start in any way it likes
            continue
        found.append(Vault(backend, name, practice=practice))
    return found


def _nothing_from_outside(_: object) -> None:
    """KEYRING_PROPERTY_… in the environment would choose another collection or keychain file."""


def _first_that_keeps(found: list[Vault]) -> Vault:
    without_session = sys.platform == "linux" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    trouble = Trouble.NO_SESSION if without_session else Trouble.NO_STORE
    for number, vault in enumerate(found):
        try:
            vault.probe()
        except VaultError as error:
            if error.trouble is Trouble.LOCKED:
                raise  # a prompt that was turned down is no wish for another store
            if not number:
                trouble = error.trouble
            continue
        return vault
    raise VaultError(trouble)


async def use(work: Callable[[Vault], T], *, practice: bool) -> T:
    """Find the store, prove it with a canary and work with it, on a thread, for as long as the person needs.

    A locked store asks for the person's password at the canary. Raises VaultError. Cancelling leaves the thread to its
    prompt, and nothing is written or removed after it.
    """
    given_up = threading.Event()

    def on_a_thread() -> T:
        with _one_at_a_time:  # a second prompt would only confuse
            found = _find(practice=practice)
            for vault in found:
                vault.given_up = given_up
            return work(_first_that_keeps(found))

    try:
        return await workers.run(on_a_thread)
    except asyncio.CancelledError:
        given_up.set()
        raise


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
