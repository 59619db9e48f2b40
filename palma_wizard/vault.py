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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import keyring.backend
import keyring.errors

from palma_wizard import assets, workers
from palma_wizard.entry import DEFAULT_LABEL, composed, is_label
from palma_wizard.exchanges import Credentials
from palma_wizard.turns import Turns

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
_MOST_ALIKE: Final = 16
_PATIENCE: Final = 2
"""Seconds that a reader or a probe waits for others, who need some tenths of one unless a prompt is open."""

_one_prompt: Final = Turns()
_writing: Final = Turns(lambda: assets.own_folder() / "writing.lock")
_probing: Final = Turns(lambda: assets.own_folder() / "probe.lock")
_claimed: Final[list[str]] = []
"""Services that a thread of this process writes or removes, or will when what it is stuck in comes back."""
_STORES: Final = {
    "win32": (("keyring.backends.Windows", "WinVaultKeyring", "Windows Credential Manager"),),
    "darwin": (("keyring.backends.macOS", "Keyring", "macOS Keychain"),),
    "linux": (
        ("keyring.backends.SecretService", "Keyring", "Secret Service"),
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
    UNSURE = "unsure"
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
    """What lies in a slot; `saved` is None where it cannot be read. Of two with one label, the higher `order` is newer.

    `later`: a later version of this program wrote it. `label` is empty where that cannot be read, and where the
    item is damaged.
    """

    slot: int
    saved: Saved | None = None
    order: int = 0
    label: str = ""
    later: bool = False


class Vault:
    """The accounts of each exchange, in one system store. Every method may block while the system asks for a password.

    An account is one item in a numbered slot. A new one is written to a free slot and read back before the old one is
    removed: whatever ends the program at whatever moment, one of them is whole, and the newer counts.

    Who saves or forgets waits until no other program of this person does, or until `given_up`. Where no lock can be had
    (see Turns), two that save in the same moment may choose the same slot, and then only one key is kept. A reader
    waits no longer than _PATIENCE, and then reads twice instead.
    """

    def __init__(self, backend: keyring.backend.KeyringBackend, name: str, *, practice: bool = False) -> None:
        self._backend = backend
        self.name = name
        self.practice = practice
        self._service = PRACTICE_SERVICE if practice else SERVICE
        self.given_up = threading.Event()
        """Once set, nothing more is stored or forgotten, and what was just written is taken out again where it can."""

    def probe(self) -> None:
        """Write, read and remove a canary: a store that cannot do that must not be given a secret."""
        trouble = Trouble.NOT_KEPT
        with _probing.taken(self.given_up, _PATIENCE):
            for _ in range(3):  # another program may be at it in the same moment all the same
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

        After a VaultError the old one is there, whole. EXISTS: another key has that label, and is not to be replaced.
        FULL: the exchange has MOST_ACCOUNTS accounts already. TOO_LARGE: the store would not hold it. UNSURE: the store
        failed behind the write, and again when it was to be taken out; if the new one was written, it counts.
        """
        label = composed(label)
        with self._turn():
            items = self._tidy(exchange, self._scan(exchange))
            named = [item for item in items if item.label == label]
            known = [item.saved for item in named if item.saved is not None and item.saved.credentials == credentials]
            if named and len(known) < len(named) and not replace:
                raise VaultError(Trouble.EXISTS)
            if let_in is None and known:
                let_in = known[0].let_in
            taken = {item.slot for item in items}
            free = [each for each in _SLOTS if each not in taken and self._slot(exchange, each) not in _claimed]
            if not free or (not named and len(items) >= MOST_ACCOUNTS):
                raise VaultError(Trouble.FULL)
            text = json.dumps(
                {
                    "version": 1,
                    "order": max((item.order for item in named), default=0) + 1,
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
            if _item(free[0], text).saved is None:
                raise VaultError(Trouble.NOT_KEPT)
            self._put(self._slot(exchange, free[0]), text)
            for item in named:
                with contextlib.suppress(VaultError):  # the new one counts, and whoever comes next removes the old one
                    self._discard(exchange, item)

    def accounts(self, exchange: str) -> list[Saved]:
        """All that can be read, by label. BROKEN_ITEM only where something lies there and none of it can be read."""
        items = self._items(exchange)
        whole = sorted((item.saved for item in items if item.saved is not None), key=lambda saved: saved.label)
        if items and not whole:
            raise VaultError(Trouble.BROKEN_ITEM)
        return whole

    def load(self, exchange: str, label: str = DEFAULT_LABEL) -> Saved | None:
        """None where nothing is stored; BROKEN_ITEM where something lies there that may be it and cannot be read."""
        label = composed(label)
        items = self._items(exchange)
        for item in items:
            if item.saved is not None and item.label == label:
                return item.saved
        if any(item.label in ("", label) for item in items):
            raise VaultError(Trouble.BROKEN_ITEM)
        return None

    def forget(self, exchange: str, label: str = DEFAULT_LABEL) -> bool:
        """Remove an account; False where there was nothing. After a VaultError it is there as before, or gone.

        Damaged items have no name: they are removed with DEFAULT_LABEL, and only where no account has that name.
        """
        label = composed(label)
        with self._turn():
            items = self._tidy(exchange, self._scan(exchange))
            gone = [item for item in items if item.label == label]
            if not gone and label == DEFAULT_LABEL:
                gone = [item for item in items if item.saved is None and not item.later]
            for item in gone:
                self._discard(exchange, item)
        return bool(gone)

    def forget_all(self, exchange: str) -> int:
        """How many items were removed: every account, and what cannot be read. After a VaultError some may be left."""
        with self._turn():
            items = self._scan(exchange)
            for item in items:
                self._discard(exchange, item)
        return len(items)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with _writing.taken(self.given_up):
            self._go_on()
            yield

    def _items(self, exchange: str) -> list[_Item]:
        """What counts, for a reader: the old one or the new one of what another program replaces meanwhile."""
        with _writing.taken(self.given_up, _PATIENCE) as alone:
            lying = self._scan(exchange)
            if not alone:  # a slot may have been filled behind the look at it, and the old one emptied before
                return _counting([*lying, *self._scan(exchange)])
            with contextlib.suppress(VaultError):
                self._tidy(exchange, lying)
            return _counting(lying)

    def _scan(self, exchange: str) -> list[_Item]:
        texts = ((slot, self._read(self._slot(exchange, slot))) for slot in _SLOTS)
        return [_item(slot, text) for slot, text in texts if text is not None]

    def _tidy(self, exchange: str, lying: list[_Item]) -> list[_Item]:
        """What counts, after an older one that a save did not come to remove is removed."""
        items = _counting(lying)
        for item in lying:
            if item not in items:
                self._discard(exchange, item)
        return items

    def _put(self, service: str, text: str) -> None:
        """Write to a free slot and read back, or take it out again."""
        written, ours = False, True
        with _claim(service):
            self._go_on()
            try:
                self._write(service, text)
                written = True
                found = self._read(service)
                if found != text:  # a whole item that another program, which knows of no lock, saved there stays
                    ours = found is None or _item(0, found).saved is None
                    raise VaultError(Trouble.NOT_KEPT)
                self._go_on()
            except VaultError as error:
                if not ours or (error.trouble is Trouble.LOCKED and not written):  # a store asks before it writes
                    raise
                try:
                    self._remove(service)
                except VaultError:
                    raise VaultError(Trouble.UNSURE) from None
                raise

    def _discard(self, exchange: str, item: _Item) -> None:
        service = self._slot(exchange, item.slot)
        with _claim(service):
            self._go_on()
            self._remove(service)

    def _slot(self, exchange: str, slot: int) -> str:
        """Each slot is a service of its own: Windows moves an item aside when another user of its service comes."""
        return f"{self._service} {exchange} {slot}"

    def _write(self, service: str, text: str) -> None:
        with _translated():
            self._backend.set_password(service, _USER, text)

    def _read(self, service: str) -> str | None:
        """Once more where it was refused: another program may have removed what was found, before it was read."""
        try:
            return self._read_once(service)
        except VaultError as error:
            if error.trouble is not Trouble.REFUSED:
                raise
        return self._read_once(service)

    def _read_once(self, service: str) -> str | None:
        with _translated():
            try:
                return self._backend.get_password(service, _USER)
            except UnicodeDecodeError:
                return ""  # nobody's item: damaged

    def _remove(self, service: str) -> None:
        """All that lies there: of several items alike, a store may remove one at a time."""
        for _ in range(_MOST_ALIKE):
            try:
                with _translated():
                    self._backend.delete_password(service, _USER)
            except VaultError:
                if self._read(service) is not None:  # else another window was quicker
                    raise
                return
            if self._read(service) is None:
                return
        raise VaultError(Trouble.REFUSED)

    def _go_on(self) -> None:
        if self.given_up.is_set():
            raise VaultError(Trouble.GIVEN_UP)


def _item(slot: int, text: str) -> _Item:
    """What lies there may have been written by anybody."""
    try:
        if len(text) > SIZE_LIMIT:
            raise ValueError
        fields = json.loads(text)
        version = fields["version"]
        if type(version) is int and version > 1:
            given = fields.get("label")
            known = isinstance(given, str) and is_label(given)
            return _Item(slot, label=composed(given) if known else "", later=True)
        if version != 1:
            raise ValueError
        texts = [fields[name] for name in ("label", "key", "secret", "user_id")]
        let_in = fields["let_in"]
        if not all(isinstance(each, str) for each in (*texts, *let_in)) or not texts[1] or not texts[2]:
            raise ValueError
        if not all(each.isprintable() for each in texts):
            raise ValueError
        fits = all(each.isprintable() and len(each) <= _LONGEST_LET_IN for each in let_in)
        if not is_label(texts[0]) or not isinstance(let_in, list) or len(let_in) > _MOST_LET_IN or not fits:
            raise ValueError
        order = fields["order"]
        if type(order) is not int or not 0 <= order < _HIGHEST_ORDER:
            raise ValueError
        saved_on = datetime.date.fromisoformat(fields["saved_on"])
        label = composed(texts[0])
        return _Item(slot, Saved(label, Credentials(*texts[1:]), saved_on, tuple(let_in)), order, label)
    except (ValueError, TypeError, KeyError, RecursionError):
        return _Item(slot)


def _counting(lying: Sequence[_Item]) -> list[_Item]:
    """The newest for each label, and all that cannot be read."""
    items: dict[str | int, _Item] = {}
    for item in sorted(lying, key=lambda each: each.order):
        items[item.slot if item.saved is None else item.label] = item
    return list(items.values())


@contextlib.contextmanager
def _claim(service: str) -> Iterator[None]:
    """Claimed before one looks whether one has given up: who gets the next turn sees it, or nothing is done."""
    _claimed.append(service)
    try:
        yield
    finally:
        _claimed.remove(service)


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


def broken_stores() -> list[str]:
    """Those of this system's stores whose classes cannot be imported, or what they stand on; for the self-test."""
    broken = []
    for module, kind, name in _STORES.get(sys.platform, ()):
        try:
            getattr(importlib.import_module(module), kind)
            if name == "Secret Service":
                importlib.import_module("secretstorage")
        except Exception as error:  # noqa: BLE001 - as in _find
            broken.append(f"{name}: {type(error).__name__}")
    return broken


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
    prompt, and nothing is written or removed after it; the next one does not wait for that thread.
    """
    given_up = threading.Event()

    def on_a_thread() -> T:
        with _one_prompt.taken(given_up):  # a second one would only confuse
            if given_up.is_set():
                raise VaultError(Trouble.GIVEN_UP)
            found = _find(practice=practice)
            for vault in found:
                vault.given_up = given_up
            return work(_first_that_keeps(found))

    try:
        return await workers.run(on_a_thread)
    except asyncio.CancelledError:
        given_up.set()
        raise


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turns whatever a backend raises into a VaultError that quotes nothing."""
    try:
        yield
    except keyring.errors.KeyringLocked:
        raise VaultError(Trouble.LOCKED) from None
    except (keyring.errors.InitError, keyring.errors.NoKeyringError):
        raise VaultError(Trouble.NO_STORE) from None
    except Exception as error:  # noqa: BLE001 - a backend raises what it likes
        gone = "NotAvailable" in type(error).__name__
        raise VaultError(Trouble.NO_STORE if gone else Trouble.REFUSED) from None
