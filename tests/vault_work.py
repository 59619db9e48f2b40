"""One operation on the vault, and a process of its own for it that is ended, or loses its store, in the middle."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import secretstorage

from palma_wizard import vault
from palma_wizard.entry import DEFAULT_LABEL
from palma_wizard.exchanges import Credentials
from palma_wizard.vault import Saved, Vault

Entry = tuple[str, str, str, str, str, tuple[str, ...]]
"""An account in plain texts: label, key, secret, User ID, day, allowed addresses."""

CALLS: Final = ("set_password", "get_password", "delete_password")


@dataclass(frozen=True)
class Work:
    """What is done: to save takes the whole entry, to load and to forget its label alone."""

    name: str
    exchange: str
    practice: bool
    entry: Entry


@dataclass(frozen=True)
class Blow:
    """What happens before the `step`-th call of the store; at 0 nothing, or somebody else deals it."""

    kind: str = ""
    step: int = 0
    keyring: int = 0


@dataclass(frozen=True)
class Answer:
    """What came of it: what it handed back, or the trouble."""

    value: object = None
    trouble: str = ""


def entry_of(saved: Saved) -> Entry:
    entry = saved.credentials
    return saved.label, entry.key, entry.secret, entry.user_id, saved.saved_on.isoformat(), saved.let_in


def perform(open_store: Callable[[], Vault], work: Work) -> Answer:
    label, key, secret, user_id, day, let_in = work.entry
    try:
        store = open_store()
        if work.name == "probe":
            store.probe()
        elif work.name == "save":
            entry = Credentials(key, secret, user_id)
            store.save(work.exchange, entry, datetime.date.fromisoformat(day), let_in, label=label, replace=True)
        elif work.name == "load":
            saved = store.load(work.exchange, label)
            return Answer(saved and entry_of(saved))
        elif work.name == "accounts":
            return Answer([entry_of(saved) for saved in store.accounts(work.exchange)])
        elif work.name == "forget":
            return Answer(store.forget(work.exchange, label))
        else:
            raise ValueError(work.name)
    except vault.VaultError as error:
        return Answer(trouble=error.trouble.value)
    return Answer()


def as_text(value: object) -> str:
    """How two answers are compared: a list and a tuple are the same in it."""
    return json.dumps(value, default=dataclasses.asdict)


def lock() -> None:
    with secretstorage.dbus_init() as connection:
        secretstorage.get_default_collection(connection).lock()


def hammer(name: str, rounds: int) -> None:
    """Replace an account of its own and one that others replace too, and miss neither."""
    today = datetime.date(2026, 3, 4)
    for number in range(rounds):
        entry = Credentials(name, str(number))
        store = vault.open_vault()
        for label in (name, DEFAULT_LABEL):
            store.save("hitbtc2", entry, today, label=label, replace=True)
            time.sleep(random.uniform(0, 0.03))
        assert store.load("hitbtc2", name) == Saved(name, entry, today)
        labels = {account.label for account in store.accounts("hitbtc2")}
        assert labels >= {name, DEFAULT_LABEL}, labels


def _deal(blow: Blow) -> None:
    if blow.kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif blow.kind == "locked":
        lock()
    else:
        os.kill(blow.keyring, signal.SIGKILL)


def main() -> None:
    """Say that it is ready, read the work and the blow from standard input, and answer on standard output."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    asked = json.loads(sys.stdin.readline())
    work, blow = Work(**asked["work"]), Blow(**asked["blow"])
    left = blow.step

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: object) -> object:
            nonlocal left
            left -= 1
            if not left:
                _deal(blow)
            return call(*arguments)

        return counting

    store = vault._find(practice=work.practice)[0]
    for name in CALLS:
        setattr(store._backend, name, counted(getattr(store._backend, name)))
    sys.stdout.write(as_text(perform(lambda: store, work)))


if __name__ == "__main__":
    main()
