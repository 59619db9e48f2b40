"""What is being set up, and the one rule about it: only the entry that passed may be saved."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from palma_wizard.entry import DEFAULT_LABEL
from palma_wizard.exchanges import EXCHANGES, Cause, Credentials, Outcome, Verdict

if TYPE_CHECKING:
    from palma_wizard.vault import Saved, Vault


class NotTestedError(Exception):
    """Storing was asked for an entry that has not passed: a bug, and nothing was written."""


class Ticket(NamedTuple):
    """Stands for the entry as it was when a check began."""

    revision: int


class Passed(NamedTuple):
    """An entry that passed its test, as it is to be stored. Only `Draft.passed` makes one."""

    exchange: str
    practice: bool
    label: str
    entry: Credentials
    let_in: tuple[str, ...] | None
    replace: bool
    revision: int

    def store(self, vault: Vault, today: datetime.date) -> str:
        """Where it is stored. Blocks, and raises VaultError, as `Vault.save` does; may run on a thread of its own."""
        if vault.practice != self.practice:
            raise NotTestedError
        vault.save(self.exchange, self.entry, today, self.let_in, label=self.label, replace=self.replace)
        return vault.name


class Draft:
    """One exchange, one entry, and the verdict on exactly that entry.

    `own` are this computer's public addresses as far as known, `tried` the entries that let them in of a list somebody
    is about to save at the exchange. `label` is the account that a save writes, `replaces` the one whose key it may
    replace, and `taken` the names that accounts have already, as far as known. `no_store` is why the keyring cannot be
    used, the value of a `vault.Trouble`, where that is known.
    """

    def __init__(self, *, exchange: str = "hitbtc2", practice: bool = False) -> None:
        self._exchange = exchange
        self._practice = practice
        self._entry = Credentials("", "")
        self._revision = 0
        self._verdict: Verdict | None = None
        self._withdrawal_accepted = False
        self._saved = False
        self._stored: Saved | None = None
        self.own: tuple[str, ...] = ()
        self.tried: tuple[str, ...] = ()
        self._label: str | None = None
        self.replaces = ""
        self.taken: tuple[str, ...] = ()
        self.no_store = ""

    @property
    def label(self) -> str:
        """Where nobody gave a name, the first that is free."""
        if self._label is not None:
            return self._label
        return next(name for name in _names() if name not in self.taken)

    @label.setter
    def label(self, label: str) -> None:
        self._label = label

    @property
    def exchange(self) -> str:
        return self._exchange

    @property
    def practice(self) -> bool:
        return self._practice

    @property
    def entry(self) -> Credentials:
        return self._entry

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the entry as it is now, or None."""
        return self._verdict

    @property
    def let_in(self) -> tuple[str, ...]:
        """Which allowed addresses let this computer in, to be kept with the key: a later start compares them.

        As the exchange listed them for this key; where it does not tell, or has no list yet, as they were tried.
        """
        listed = None if self._verdict is None else self._verdict.reading.allowed_addresses
        if not listed:
            return self.tried
        from palma_wizard.exchanges import whitelist

        return whitelist.covering(listed, self.own)

    @property
    def is_complete(self) -> bool:
        """Whether every field is filled that PalmaBot's form asks for this exchange."""
        asks_user_id = EXCHANGES[self._exchange].user_id_pattern is not None
        return bool(self._entry.key and self._entry.secret and (self._entry.user_id or not asks_user_id))

    @property
    def is_saved(self) -> bool:
        return self._saved

    @property
    def may_lose(self) -> bool:
        """Whether closing would lose something a person typed, other than practice."""
        return bool(self._entry.key or self._entry.secret) and self._stored is None and not self._practice

    @property
    def is_stored(self) -> bool:
        """Whether the keyring held this entry from before, and nothing new is known of its list."""
        return self._stored is not None and self.let_in in {(), self._stored.let_in}

    def take_stored(self, saved: Saved) -> None:
        """What was just read from the keyring, to be checked again."""
        self.clear()
        self.enter(saved.credentials)
        self._stored, self.label = saved, saved.label

    def choose(self, exchange: str, *, practice: bool) -> None:
        """An entry is of one exchange: its secret must not be sent to another."""
        if (exchange, practice) == (self._exchange, self._practice):
            return
        if practice != self._practice:
            self.own = ()
        entry = Credentials("", "") if exchange != self._exchange else self._entry
        self.clear()
        self.taken = ()
        self._exchange, self._practice, self._entry = exchange, practice, entry

    def enter(self, entry: Credentials) -> None:
        if entry == self._entry:
            return
        if entry.key != self._entry.key:
            self.tried = ()
        self._change()
        self._entry = entry

    def clear(self) -> None:
        """Let go of the secret, and of all that was about it."""
        self._change()
        self._entry = Credentials("", "")
        self.tried = ()
        self._label, self.replaces = None, ""

    def begin(self) -> Ticket:
        self.drop_verdict()
        return Ticket(self._revision)

    def drop_verdict(self) -> None:
        """What was found out so far no longer counts, nor does a check that is under way."""
        self._revision += 1
        self._verdict = None
        self._withdrawal_accepted = False

    def finish(self, ticket: Ticket, verdict: Verdict) -> bool:
        """Take a verdict in; False where the entry has changed since, and the verdict is dropped."""
        if ticket.revision != self._revision or (verdict.exchange, verdict.practice) != (
            self._exchange,
            self._practice,
        ):
            return False
        self._verdict = verdict
        self._withdrawal_accepted = False
        return True

    @property
    def is_unseen(self) -> bool:
        """Whether nobody but the person can see that this key, which passed, may not move money."""
        return (
            self._verdict is not None
            and self._verdict.passed
            and Cause.WITHDRAW_UNKNOWN in self._verdict.reading.causes
        )

    @property
    def needs_consent(self) -> bool:
        """While practising there is no page to look at."""
        can_withdraw = self._verdict is not None and self._verdict.outcome is Outcome.CAN_WITHDRAW
        return can_withdraw or (self.is_unseen and not self._practice)

    def accept_withdrawal(self, *, accepted: bool) -> None:
        """The person's explicit word: a key that may withdraw shall be stored, or they looked where nobody else can."""
        self._withdrawal_accepted = accepted

    @property
    def may_save(self) -> bool:
        if self._verdict is None or not self._verdict.passed or not self.is_complete:
            return False
        return self._withdrawal_accepted or not self.needs_consent

    def passed(self) -> Passed:
        """What may be stored now. Raises NotTestedError where that is nothing."""
        if self._verdict is None or not self.may_save:
            raise NotTestedError
        listed = self._verdict.reading.allowed_addresses
        nothing_new = not self.let_in and (listed is None or (bool(listed) and not self.own))
        return Passed(
            self._exchange,
            self._practice,
            self.label,
            self._entry,
            None if nothing_new else self.let_in,
            self.label == self.replaces,
            self._revision,
        )

    def stored(self, passed: Passed) -> None:
        """It is in the keyring: what was typed is let go of, where it is still that."""
        if passed.revision == self._revision:
            self._entry, self._stored, self._saved = Credentials("", ""), None, True
            self._label = passed.label
            self.taken = tuple(dict.fromkeys((*self.taken, passed.label)))
            self.no_store = ""

    def _change(self) -> None:
        self.drop_verdict()
        self._saved = False
        self._stored = None


def _names() -> Iterator[str]:
    yield DEFAULT_LABEL
    for number in itertools.count(2):
        yield f"{DEFAULT_LABEL} {number}"
