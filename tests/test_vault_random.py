"""Random operations on a real gnome-keyring that is locked, killed and restarted: nothing is lost, none left."""

from __future__ import annotations

import datetime
import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import secretstorage

from palma_wizard import vault
from palma_wizard.entry import DEFAULT_LABEL
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.vault import MOST_ACCOUNTS, Saved, Trouble, VaultError
from tests.conftest import _needed

OPERATIONS: Final = int(os.environ.get("PALMA_OPERATIONS", "0"))
SEED: Final = int(os.environ.get("PALMA_SEED", str(random.randrange(1_000_000))))
PASSWORD: Final = b"not-a-real-password"
BUS: Final = """<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"""
"""A bus that starts nothing by itself: a daemon that was killed stays dead until it is started."""
LABELS: Final = (DEFAULT_LABEL, "second", "Zürich 🔑", "<b>bold</b>", "x" * 40, "a/b:c", "日本")
TODAY: Final = datetime.date(2026, 3, 4)
PLACES: Final = [(practice, exchange) for practice in (False, True) for exchange in EXCHANGES]
Model = dict[tuple[bool, str], dict[str, Saved]]


class Keyring:
    """A daemon of its own, with a password, on a bus and in a home of its own."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        (home / "run").mkdir(mode=0o700)
        (home / "bus.conf").write_text(BUS)
        for name, value in (("HOME", home), ("XDG_DATA_HOME", home / "data"), ("XDG_RUNTIME_DIR", home / "run")):
            patch.setenv(name, str(value))
        self._bus = subprocess.Popen(
            [_needed("dbus-daemon", "dbus"), f"--config-file={home / 'bus.conf'}", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._bus.stdout is not None
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", self._bus.stdout.readline().strip())
        self.start()

    def start(self) -> None:
        self._daemon = subprocess.Popen(
            [
                _needed("gnome-keyring-daemon", "gnome-keyring"),
                "--foreground",
                "--unlock",
                "--components=secrets",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(PASSWORD)
        self._daemon.stdin.close()
        until = time.monotonic() + 10
        while True:
            try:
                vault.open_vault(practice=True)
            except VaultError:
                assert time.monotonic() < until, "gnome-keyring does not answer"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        self._daemon.send_signal(signal.SIGKILL)
        self._daemon.wait()

    def lock(self) -> None:
        with secretstorage.dbus_init() as bus:
            secretstorage.get_default_collection(bus).lock()

    def labels(self) -> list[str]:
        """Of every item that lies in it, whose ever it is."""
        with secretstorage.dbus_init() as bus:
            return [item.get_label() for item in secretstorage.get_default_collection(bus).get_all_items()]

    def stop(self) -> None:
        self.kill()
        self._bus.terminate()
        self._bus.wait()
        assert self._bus.stdout is not None
        self._bus.stdout.close()


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyring]:
    made = Keyring(tmp_path, monkeypatch)
    yield made
    made.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # keyring leaves its line to a locked store open
        gc.collect()


def stored(place: tuple[bool, str]) -> dict[str, Saved]:
    practice, exchange = place
    return {account.label: account for account in vault.open_vault(practice=practice).accounts(exchange)}


def as_code(place: tuple[bool, str], saved: Saved, *, forgets: bool, calls: int) -> str:
    """The same operation in a process that kills itself before its n-th call of the store."""
    entry, exchange = saved.credentials, place[1]
    work = (
        f"store.forget({exchange!r}, {saved.label!r})"
        if forgets
        else f"store.save({exchange!r}, Credentials({entry.key!r}, {entry.secret!r}), "
        f"datetime.date(2026, 3, 4), label={saved.label!r})"
    )
    return textwrap.dedent(
        f"""
        import datetime, os, signal
        from keyring.backends import SecretService
        from palma_wizard import vault
        from palma_wizard.exchanges import Credentials
        left = {calls}
        def counted(call):
            def counting(*arguments):
                global left
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments)
            return counting
        for name in ("set_password", "get_password", "delete_password"):
            setattr(SecretService.Keyring, name, counted(getattr(SecretService.Keyring, name)))
        store = vault.open_vault(practice={place[0]})
        {work}
        """
    )


class Walk:
    """Does one thing after the other; `model` says what must lie there."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self.chance = random.Random(SEED)
        self.model: Model = {place: {} for place in PLACES}

    def one(self) -> str:
        ways: list[tuple[Callable[[tuple[bool, str], Saved], None], int]] = [
            *((self.save, 30), (self.forget, 18), (self.load, 10), (self.probe, 4)),
            *((self.killed, 10), (self.locked, 3), (self.daemon_killed, 4)),
        ]
        way = self.chance.choices([each for each, _ in ways], [weight for _, weight in ways])[0]
        place, label = self.chance.choice(PLACES), self.chance.choice(LABELS)
        text = "".join(self.chance.choices("abcXYZ0189_-é🔑", k=self.chance.randint(1, 64)))
        way(place, Saved(label, Credentials(f"made-up-{text}", text[::-1]), TODAY))
        assert stored(place) == self.model[place], way.__name__
        return way.__name__

    def save(self, place: tuple[bool, str], saved: Saved) -> None:
        store, there = vault.open_vault(practice=place[0]), self.model[place]
        assert len({*LABELS}) < MOST_ACCOUNTS
        store.save(place[1], saved.credentials, TODAY, label=saved.label)
        there[saved.label] = saved

    def forget(self, place: tuple[bool, str], saved: Saved) -> None:
        there = self.model[place]
        assert vault.open_vault(practice=place[0]).forget(place[1], saved.label) is (saved.label in there)
        there.pop(saved.label, None)

    def load(self, place: tuple[bool, str], saved: Saved) -> None:
        assert vault.open_vault(practice=place[0]).load(place[1], saved.label) == self.model[place].get(saved.label)

    def probe(self, place: tuple[bool, str], saved: Saved) -> None:
        vault.open_vault(practice=place[0]).probe()
        assert not any("probe" in label for label in self.keyring.labels())

    def killed(self, place: tuple[bool, str], saved: Saved) -> None:
        forgets = self.chance.random() < 0.3
        before = dict(self.model[place])
        after = {label: each for label, each in before.items() if label != saved.label}
        if not forgets:
            after[saved.label] = saved
        code = as_code(place, saved, forgets=forgets, calls=self.chance.randint(1, 16))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
        there = stored(place)
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()
        assert there in ([after] if done.returncode == 0 else [before, after]), "neither the old nor the new"
        self.model[place] = there

    def locked(self, place: tuple[bool, str], saved: Saved) -> None:
        self.keyring.lock()
        with pytest.raises(VaultError) as caught:
            vault.open_vault(practice=place[0]).save(place[1], saved.credentials, TODAY, label=saved.label)
        assert caught.value.trouble is Trouble.LOCKED
        self.keyring.kill()
        self.keyring.start()

    def daemon_killed(self, place: tuple[bool, str], saved: Saved) -> None:
        store = vault.open_vault(practice=place[0])
        self.keyring.kill()
        with pytest.raises(VaultError) as caught:
            store.load(place[1], saved.label)
        assert caught.value.trouble is not Trouble.BROKEN_ITEM
        self.keyring.start()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # keyring leaves a locked one's line open
@pytest.mark.skipif(not OPERATIONS, reason="takes minutes: make fuzz does it")
def test_whatever_happens_in_between_nothing_is_lost_and_nothing_is_left(keyring: Keyring) -> None:
    walk = Walk(keyring)
    done: list[str] = []
    try:
        for number in range(OPERATIONS):
            done.append(walk.one())
            if number % 50 == 49:
                assert {place: stored(place) for place in PLACES} == walk.model
        assert {place: stored(place) for place in PLACES} == walk.model
        for practice, exchange in PLACES:
            store = vault.open_vault(practice=practice)
            for label in walk.model[practice, exchange]:
                assert store.forget(exchange, label)
        assert keyring.labels() == [], "something is left behind"
    except BaseException as error:
        error.add_note(f"PALMA_SEED={SEED} PALMA_OPERATIONS={OPERATIONS}, after {len(done)}: {done[-5:]}")
        raise
