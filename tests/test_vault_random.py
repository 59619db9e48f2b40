"""Random work on the keyring, ended in the middle, with the store locked or killed: what lies there is what must."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import gc
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import secretstorage
from jeepney import DBusErrorResponse, HeaderFields  # type: ignore[import-untyped]
from secretstorage.util import DBusAddressWrapper, format_secret, open_session

from palma_wizard import vault
from palma_wizard.entry import DEFAULT_LABEL, LONGEST_LABEL, composed, is_label
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.vault import MOST_ACCOUNTS, PRACTICE_SERVICE, PROBE_SERVICE, SERVICE, SIZE_LIMIT, Trouble
from tests.conftest import _needed
from tests.vault_work import Answer, Blow, Entry, Work, as_text, lock, perform

# keyring leaves its connection to the collector where the store is locked.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

OPERATIONS: Final = int(os.environ.get("PALMA_OPERATIONS", "60"))
SEED: Final = int(os.environ.get("PALMA_SEED", "1"))

PASSWORD: Final = b"invented-keyring-password"
ALIEN: Final = ("What another program keeps", {"service": "another program", "username": "somebody"}, b"not ours")
LABELS: Final = (
    *(DEFAULT_LABEL, "MAIN", "second", "1", "null", "{1}", "../up", "%s", 'quote"\\', "two  spaces"),
    *("é", "e\u0301", "日本", "1" + "🔑" * (LONGEST_LABEL - 1), "l" * LONGEST_LABEL),
)
PLACES: Final = [(exchange, practice) for exchange in EXCHANGES for practice in (False, True)]
GARBAGE: Final = ("", "damaged", "{}", '{"version": 1, "label": "main", "order": 9, "key": "k"}')
LATER: Final = '{"version": 2}'
FOUND_AT: Final = {
    f"{PRACTICE_SERVICE if practice else SERVICE} {exchange} {slot}": (exchange, practice, slot)
    for exchange, practice in PLACES
    for slot in range(1, MOST_ACCOUNTS + 2)
}
BUS: Final = """
<busconfig>
  <type>session</type>
  <listen>unix:dir={home}/run</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{home}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
SERVICE_FILE: Final = """
[D-BUS Service]
Name=org.freedesktop.secrets
Exec={program} --start --foreground --components=secrets
"""
SPEC: Final = "org.freedesktop.Secret"


class Store:
    """A gnome-keyring with a password, on a bus of its own; `wakes`: the bus starts it again, locked, when asked.

    Version 42.1 at times ends by itself, some time after a process that used it was killed (GLib: "assertion failed:
    (error != NULL)" in invoke_get_property_in_idle_cb). That counts as killed.
    """

    def __init__(self, home: Path, *, wakes: bool) -> None:
        self.wakes = wakes
        self._program = _needed("gnome-keyring-daemon", "gnome-keyring")
        self._keyring: subprocess.Popen[bytes] | None = None
        (home / "bus.conf").write_text(BUS.format(home=home))
        (home / "services").mkdir()
        if wakes:
            (home / "services" / "it.service").write_text(SERVICE_FILE.format(program=self._program))
        self._bus = subprocess.Popen(
            [_needed("dbus-daemon", "dbus"), f"--config-file={home}/bus.conf", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._bus.stdout is not None
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = self._bus.stdout.readline().strip()
        self._bus.stdout.close()
        self.connection = secretstorage.dbus_init()
        self._dbus = DBusAddressWrapper("/org/freedesktop/DBus", "org.freedesktop.DBus", self.connection)
        self._dbus.bus_name = "org.freedesktop.DBus"
        self.start(unlocked=True)

    def close(self) -> None:
        self.kill()
        self.connection.close()
        self._bus.kill()
        self._bus.wait()

    def start(self, *, unlocked: bool) -> None:
        self._keyring = subprocess.Popen(
            [self._program, "--foreground", "--components=secrets", *(["--unlock"] if unlocked else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._keyring.stdin is not None
        self._keyring.stdin.write(PASSWORD if unlocked else b"")
        self._keyring.stdin.close()
        _until(lambda: bool(self.pid()))
        if unlocked:
            _until(lambda: not secretstorage.get_default_collection(self.connection).is_locked())

    def pid(self) -> int:
        """The keyring's process, 0 where there is none."""
        try:
            return int(self._dbus.call("GetConnectionUnixProcessID", "s", "org.freedesktop.secrets")[0])
        except DBusErrorResponse:
            return 0

    def kill(self) -> None:
        running = self.pid()
        if running:
            with contextlib.suppress(ProcessLookupError):  # it was killed a moment ago
                os.kill(running, signal.SIGKILL)
        if self._keyring is not None:
            self._keyring.wait(10)
            self._keyring = None
        _until(lambda: not self.pid())

    def revive(self, *, unlocked: bool = True) -> None:
        if not self.wakes:
            self.start(unlocked=unlocked)
        if unlocked:
            self.unlock()

    def unlock(self) -> None:
        way = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
        secrets = DBusAddressWrapper("/org/freedesktop/secrets", way, self.connection)
        secret = format_secret(open_session(self.connection), PASSWORD, "text/plain")
        login = "/org/freedesktop/secrets/collection/login"
        secrets.call("UnlockWithMasterPassword", "o(oayays)", login, secret)

    def names(self) -> set[str]:
        return set(self._dbus.call("ListNames", "")[0])

    def settle(self, before: set[str]) -> None:
        """What a killed process asked for last is done by the keyring before anything that is asked from now on."""
        _until(lambda: self.names() <= before)

    def items(self) -> list[tuple[dict[str, str], bytes]]:
        """Attributes and secret of all that lies there, in every collection."""
        running = self.pid()
        try:
            return self._items()
        except (AssertionError, DBusErrorResponse, secretstorage.SecretStorageException):
            if self.pid() == running:
                raise
        self.kill()
        self.revive()
        return self._items()

    def _items(self) -> list[tuple[dict[str, str], bytes]]:
        paths = [
            path
            for each in secretstorage.get_all_collections(self.connection)
            for path in self._at(each.collection_path, "Collection").get_property("Items")
        ]
        service = self._at("/org/freedesktop/secrets", "Service")
        _, session = service.call("OpenSession", "sv", "plain", ("s", ""))
        (secrets,) = service.call("GetSecrets", "aoo", paths, session)
        self._at(session, "Session").call("Close", "")
        assert secrets.keys() == set(paths)
        return [(self._at(path, "Item").get_property("Attributes"), bytes(secrets[path][2])) for path in paths]

    def _at(self, path: str, interface: str) -> DBusAddressWrapper:
        return DBusAddressWrapper(path, f"{SPEC}.{interface}", self.connection)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@dataclass(frozen=True)
class Place:
    """What lies at an exchange: accounts by label, older ones that a save did not come to remove, the unreadable."""

    accounts: dict[str, Entry] = field(default_factory=dict)
    older: list[Entry] = field(default_factory=list)
    damaged: int = 0
    later: int = 0
    """Items of a later version, with no label that could be read."""


def foreseen(place: Place, work: Work) -> tuple[Answer, Place]:
    """What the work must answer, and leave."""
    label, accounts = composed(work.entry[0]), place.accounts
    clean = replace(place, older=[])
    unreadable = place.damaged + place.later
    if work.name == "probe":
        return Answer(), place
    if work.name == "save":
        items = len(accounts) + unreadable
        if items > MOST_ACCOUNTS or (items == MOST_ACCOUNTS and label not in accounts):
            return Answer(trouble="full"), clean
        if len(work.entry[1]) > SIZE_LIMIT:
            return Answer(trouble="too-large"), clean
        return Answer(), replace(clean, accounts={**accounts, label: (label, *work.entry[1:])})
    if work.name == "accounts":
        if unreadable and not accounts:
            return Answer(trouble="broken-item"), clean
        return Answer([accounts[each] for each in sorted(accounts)]), clean
    if work.name == "load":
        if label not in accounts and unreadable:
            return Answer(trouble="broken-item"), clean
        return Answer(accounts.get(label)), clean
    left = {each: entry for each, entry in accounts.items() if each != label}
    if label == DEFAULT_LABEL and label not in accounts:
        return Answer(bool(place.damaged)), replace(clean, damaged=0)
    return Answer(label in accounts), replace(clean, accounts=left)


class Trial:
    """Random work, one after the other, and what must lie there after each."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(f"{seed} {store.wakes}")
        self.places = {place: Place() for place in PLACES}
        self.slots: dict[tuple[str, bool, str], int] = {}
        self.free: dict[tuple[str, bool], list[int]] = {}
        self.unreadable: dict[tuple[str, bool], list[str]] = {}
        self.canary = False
        """Whether a probe that was ended may have left one."""
        self.counted: collections.Counter[str] = collections.Counter()
        self.history: collections.deque[str] = collections.deque(maxlen=12)
        self._numbers = itertools.count(1)
        self._child = self._next_child()
        self._look()

    def close(self) -> None:
        self._child.kill()
        self._child.communicate()

    # -- what is chosen --

    def step(self) -> int:
        """Some work; how many operations it was."""
        chance = self.random.random()
        if chance < 0.08:
            return self._while_locked()
        if chance < 0.16:
            return self._while_dead()
        if chance < 0.20:
            self._damage()
        elif chance < 0.55:
            self._struck(self._work())
        else:
            self._well(self._work())
        return 1

    def _work(self) -> Work:
        pick = self.random
        exchange, practice = PLACES[0] if pick.random() < 0.6 else pick.choice(PLACES)
        name = pick.choices(("save", "load", "accounts", "forget", "probe"), (50, 12, 10, 18, 10))[0]
        label = pick.choice(LABELS)
        known = sorted(self.places[exchange, practice].accounts)
        if known and pick.random() < 0.4:
            label = pick.choice(known)
        number = next(self._numbers)
        key = f"invented-key-{number}-{'🔑' * pick.randrange(3)}" + "k" * (SIZE_LIMIT * (pick.random() < 0.03))
        day = f"20{pick.randrange(10, 99)}-0{pick.randrange(1, 10)}-1{pick.randrange(10)}"
        let_in = tuple(f"203.0.113.{pick.randrange(256)}" for _ in range(pick.randrange(5)))
        entry = (label, key, f'invented "secret"\\{number}', pick.choice(("", "up1234567")), day, let_in)
        return Work(name, exchange, practice, entry)

    # -- what is done --

    def _note(self, what: str, work: Work | None = None) -> None:
        self.counted[what] += 1
        self.history.append(f"{what}: {work.name} {work.exchange} {work.practice} {work.entry[0]!a}" if work else what)

    def _well(self, work: Work) -> None:
        self._note("undisturbed", work)
        running = self.store.pid()
        answer = perform(partial(vault.open_vault, practice=work.practice), work)
        if self.store.pid() != running:
            self._note("the store ended by itself")
            self._after(work, answer, "store killed", by_itself=False)
            return
        self._came_to_its_end(work, answer)
        self.canary = False
        self._look()

    def _came_to_its_end(self, work: Work, answer: Answer) -> None:
        expected, left = foreseen(self.places[work.exchange, work.practice], work)
        assert as_text(answer) == as_text(expected)
        self.places[work.exchange, work.practice] = left
        if work.name == "probe":
            self.canary = False

    def _while_locked(self) -> int:
        lock()
        self._note("locked")
        return self._in_vain({Trouble.LOCKED}, self.store.unlock)

    def _while_dead(self) -> int:
        """The bus may start the keyring anew, and then it is locked."""
        self.store.kill()
        self._note("dead")
        if self.random.random() < 0.3:
            self.store.revive(unlocked=False)
            return self._in_vain({Trouble.LOCKED}, self.store.unlock)
        expected = {Trouble.LOCKED} if self.store.wakes else {Trouble.NO_STORE, Trouble.REFUSED}
        return self._in_vain(expected, self.store.revive)

    def _in_vain(self, expected: set[Trouble], end: Callable[[], None]) -> int:
        number, running = self.random.randrange(1, 4), self.store.pid()
        found = vault.Vault(_backend(), "one that was found before")
        for _ in range(number):
            work = self._work()
            found._service = PRACTICE_SERVICE if work.practice else SERVICE
            anew = self.random.random() < 0.5
            answer = perform(partial(vault.open_vault, practice=work.practice) if anew else lambda: found, work)
            self._note(f"in vain, {'opened anew' if anew else 'found before'}, {answer.trouble}", work)
            if running and self.store.pid() != running:
                self._note("the store ended by itself")
                expected = {Trouble.LOCKED, Trouble.REFUSED, Trouble.NO_STORE}
            assert answer.trouble in {trouble.value for trouble in expected}
        if running and self.store.pid() != running:
            self.store.kill()
            self.store.revive()
        else:
            end()
        self._look()
        return number

    def _damage(self) -> None:
        """Somebody writes nonsense, or what a later version would, into a free slot or over an account; or mends it."""
        exchange, practice = self.random.choice(PLACES[:3])
        place = self.places[exchange, practice]
        accounts = dict(place.accounts)
        if place.older:
            return
        if place.damaged + place.later > 1:
            self._note("mended")
            for service in self.unreadable[exchange, practice]:
                _backend().delete_password(service, vault._USER)
            self.places[exchange, practice] = replace(place, damaged=0, later=0)
            self._look()
            return
        if accounts and self.random.random() < 0.5:
            label = self.random.choice(sorted(accounts))
            slot = self.slots[exchange, practice, label]
            del accounts[label]
        elif self.free[exchange, practice]:
            slot = self.random.choice(self.free[exchange, practice])
        else:
            return
        self._note("damage")
        service = f"{PRACTICE_SERVICE if practice else SERVICE} {exchange} {slot}"
        text = self.random.choice((*GARBAGE, LATER))
        _backend().set_password(service, vault._USER, text)
        later = text == LATER
        self.places[exchange, practice] = Place(accounts, [], place.damaged + (not later), place.later + later)
        self._look()

    def _next_child(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.vault_work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _struck(self, work: Work) -> None:
        """In a process of its own: it is killed, or the store is locked or killed, before a call or at any moment."""
        kind = self.random.choices(("killed", "locked", "store killed"), (6, 2, 2))[0]
        step = self.random.choice((*[0] * 10, *range(1, 15)))
        if work.name == "save" and self.random.random() < 0.5:
            step = self.random.choice((10, 11, 12, 12, 13))  # nine are read; one is written, read back, one removed
        moment = self.random.uniform(0, 0.06 if work.name in ("load", "accounts", "probe") else 0.15)
        child, self._child = self._child, self._next_child()
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        names, keyring = self.store.names(), self.store.pid()
        child.stdin.write(as_text({"work": work, "blow": Blow(kind, step, keyring)}) + "\n")
        child.stdin.flush()
        if not step:
            time.sleep(moment)
            if kind == "killed":
                child.kill()
            elif kind == "locked":
                lock()
            else:
                os.kill(keyring, signal.SIGKILL)
        said, wrong = child.communicate(timeout=30)
        self._note(f"{kind} {'before a call' if step else 'at a moment'}", work)
        if child.returncode == -signal.SIGKILL and kind == "killed":
            self.store.settle(names)
            answer = None
        elif not step and "IndexError" in wrong:  # the store was gone before the work looked for it
            answer = Answer(trouble=Trouble.NO_STORE.value)
        else:
            assert (child.returncode, wrong) == (0, "")
            answer = Answer(**json.loads(said))
        if kind != "store killed" and self.store.pid() != keyring:
            self._note("the store ended by itself")
            kind = "store killed"
        self._after(work, answer, kind, by_itself=bool(step))

    def _after(self, work: Work, answer: Answer | None, kind: str, *, by_itself: bool) -> None:
        if kind == "locked":
            self.store.unlock()
        elif kind == "store killed":
            self.store.kill()  # the next one, that the bus started; or the same, where the work ended before
            self.store.revive()
        before = self.places[work.exchange, work.practice]
        expected, after = foreseen(before, work)
        done = answer is not None and as_text(answer) == as_text(expected)
        if done:
            self.counted[f"{kind}, done in spite of it or before"] += 1
        elif answer is not None:
            allowed = {Trouble.LOCKED} if by_itself else {Trouble.LOCKED, Trouble.REFUSED}
            if kind == "store killed":
                allowed = {Trouble.LOCKED, Trouble.REFUSED, Trouble.NO_STORE}
            if work.name == "save":
                allowed |= {Trouble.UNSURE}
            assert answer.trouble in {trouble.value for trouble in allowed}
            self.counted[f"{kind}, {answer.trouble}"] += 1
        self.canary = (self.canary or work.name == "probe") and not (done and work.name == "probe")
        found = self._found()[work.exchange, work.practice]
        assert found.later == before.later
        if done or found.accounts != before.accounts:
            assert (found.accounts, found.damaged) == (after.accounts, after.damaged)
            if answer is not None and not done:
                self.counted[f"done, and called a trouble: {work.name}, {kind}, {answer.trouble}"] += 1
                assert work.name == "forget" or answer.trouble == Trouble.UNSURE.value
        else:
            # Killed in its own write, gnome-keyring was once seen to leave an item with nothing in it.
            half = kind == "store killed" and work.name == "save"
            assert after.damaged <= found.damaged <= before.damaged + half
        possible = [*before.older]
        label = composed(work.entry[0])
        if work.name == "save" and label in before.accounts and found.accounts == after.accounts:
            possible.append(before.accounts[label])
        assert all(entry in possible for entry in found.older)
        assert len(found.older) <= max(1, len(before.older))
        assert not done or not found.older or kind != "killed"
        self.counted["an older one left"] += bool(found.older)
        self.places[work.exchange, work.practice] = found
        self._look()
        if self.random.random() < 0.5:
            self._well(Work("accounts", work.exchange, work.practice, work.entry))

    # -- what lies there --

    def _look(self) -> None:
        assert self._found() == self.places

    def _found(self) -> dict[tuple[str, bool], Place]:
        """Read past the vault. Nothing lies there but accounts, damaged items, at times a canary, and the alien's."""
        whole: dict[tuple[str, bool], list[tuple[int, int, Entry]]] = {place: [] for place in PLACES}
        damaged: collections.Counter[tuple[str, bool]] = collections.Counter()
        later: collections.Counter[tuple[str, bool]] = collections.Counter()
        unreadable: dict[tuple[str, bool], list[str]] = {place: [] for place in PLACES}
        canaries = aliens = 0
        taken = set()
        for attributes, secret in self.store.items():
            service = attributes["service"]
            if (service, secret) == (ALIEN[1]["service"], ALIEN[2]):
                aliens += 1
                continue
            assert attributes["username"] == vault._USER
            if service == PROBE_SERVICE:
                canaries += 1
                continue
            exchange, practice, slot = FOUND_AT[service]
            assert service not in taken
            taken.add(service)
            if secret.decode() in (*GARBAGE, LATER):
                (later if secret.decode() == LATER else damaged)[exchange, practice] += 1
                unreadable[exchange, practice].append(service)
                continue
            fields = json.loads(secret)
            assert fields.pop("version") == 1
            order, let_in = fields.pop("order"), tuple(fields.pop("let_in"))
            texts = [fields.pop(name) for name in ("label", "key", "secret", "user_id", "saved_on")]
            assert not fields
            whole[exchange, practice].append((order, slot, (texts[0], *texts[1:], let_in)))
        assert aliens == 1
        assert canaries <= self.canary
        self.counted["a canary left"] += canaries
        self.unreadable = unreadable
        self.slots = {(*place, entry[0]): slot for place, lying in whole.items() for _, slot, entry in sorted(lying)}
        self.free = {
            place: [slot for service, (*at, slot) in FOUND_AT.items() if (*at,) == place and service not in taken]
            for place in PLACES
        }
        found = {}
        for place, lying in whole.items():
            accounts = {entry[0]: entry for _, _, entry in sorted(lying)}
            older = [entry for _, _, entry in lying if accounts[entry[0]] != entry]
            assert len(accounts) + len(older) == len(lying), "the same twice"
            found[place] = Place(accounts, older, damaged[place], later[place])
        return found

    def clear(self) -> None:
        """Forget all, the way the window does; opening sends a last probe."""
        later = 0
        for (exchange, practice), place in self.places.items():
            store = vault.open_vault(practice=practice)
            for label in (*place.accounts, DEFAULT_LABEL):
                store.forget(exchange, label)
            later += place.later
        assert sorted(secret for _, secret in self.store.items()) == sorted([ALIEN[2], *[LATER.encode()] * later])


def _backend() -> Any:
    from keyring.backends.SecretService import Keyring

    return Keyring()  # type: ignore[no-untyped-call]


@pytest.fixture(params=[False, True], ids=["that stays dead", "that the bus starts again"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    (tmp_path / "run").mkdir(mode=0o700)
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "")
    made = Store(tmp_path, wakes=request.param)
    secretstorage.get_default_collection(made.connection).create_item(*ALIEN)
    yield made
    made.close()
    gc.collect()


def test_the_labels_are_valid() -> None:
    assert all(is_label(label) for label in LABELS)


def test_whatever_happens_what_was_saved_lies_there_and_nothing_else(store: Store) -> None:
    trial = Trial(store, SEED)
    done = 0
    try:
        while done < OPERATIONS / 2:
            done += trial.step()
        trial.clear()
    except BaseException as error:
        error.add_note(f"PALMA_SEED={SEED} PALMA_OPERATIONS={OPERATIONS}, operation {done}; the last ones:")
        error.add_note("\n".join(trial.history))
        raise
    finally:
        trial.close()
        print(done, *sorted(trial.counted.items()), sep="\n")  # noqa: T201


def test_a_store_that_ends_at_its_prompt_holds_up_nobody_else(store: Store) -> None:
    """The first one waits for an answer that will never come."""
    lock()
    with secretstorage.dbus_init() as silent:
        bus = DBusAddressWrapper("/org/freedesktop/DBus", "org.freedesktop.DBus", silent)
        bus.bus_name = "org.freedesktop.DBus"
        bus.call("RequestName", "su", "org.gnome.keyring.SystemPrompter", 0)

        async def walk() -> None:
            stuck = asyncio.ensure_future(vault.use(lambda opened: None, practice=True))
            asked = ""
            while asked != "BeginPrompting":
                message = await asyncio.to_thread(silent.receive, timeout=10)
                asked = message.header.fields.get(HeaderFields.member)
            store.kill()
            await asyncio.sleep(0.5)
            assert not stuck.done()
            stuck.cancel()
            store.revive()
            found = await asyncio.wait_for(vault.use(lambda opened: opened.accounts("cex"), practice=True), 10)
            assert found == []
            assert stuck.cancelled()

        asyncio.run(walk())


ROUNDS: Final = 6


def test_of_what_two_programs_save_at_once_nothing_is_lost_or_seen_absent(store: Store) -> None:
    for _ in range(20):
        running = store.pid()
        troubles = _hammered()
        if store.pid() == running and not any("refused" in trouble for trouble in troubles):
            assert troubles == []
            break
        store.kill()  # it had ended by itself, or refused what it takes at other times
        store.revive()
    else:
        pytest.fail("the store ended by itself, or refused, each time")
    accounts = {account.label: account.credentials for account in vault.open_vault().accounts("hitbtc2")}
    assert accounts.pop(DEFAULT_LABEL) in accounts.values()
    assert accounts == {name: Credentials(name, str(ROUNDS - 1)) for name in ("first", "second")}
    assert len(store.items()) == 3 + 1, "an older one, or a canary, is left"


def _hammered() -> list[str]:
    """Two programs save and look, and so does this one. What went wrong."""
    wrong = []
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", f"from tests.vault_work import hammer; hammer({name!r}, {ROUNDS})"],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("first", "second")
    ]
    try:
        saved = None
        while any(program.poll() is None for program in programs):
            before, saved = saved, vault.open_vault().load("hitbtc2")
            if saved is None and before is not None:
                wrong.append("seen absent")
            time.sleep(random.uniform(0, 0.03))
    except vault.VaultError as error:
        wrong.append(error.trouble.value)
    return wrong + [said for program in programs for said in program.communicate() if said]
