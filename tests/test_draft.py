"""The one rule: only the entry that passed may be saved. The vault is real, its store keeps things in memory."""

from __future__ import annotations

import datetime
import json

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from palma_wizard.draft import Draft, NotTestedError
from palma_wizard.exchanges import Credentials, Outcome, Reading, Right, RightState, Verdict
from palma_wizard.vault import PRACTICE_SERVICE, SERVICE, Saved, Trouble, Vault, VaultError

TODAY = datetime.date(2026, 3, 4)
ENTRY = Credentials("key-a", "secret-a")
OTHER = Credentials("key-b", "secret-b")


class MemoryStore(KeyringBackend):
    """A keyring that keeps its items in a dictionary."""

    priority = 1

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], str] = {}
        super().__init__()  # type: ignore[no-untyped-call]

    def set_password(self, service: str, username: str, password: str) -> None:
        self.items[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        del self.items[service, username]


class LockedStore(MemoryStore):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(password)


def verdict(
    outcome: Outcome = Outcome.WORKS,
    *,
    exchange: str = "hitbtc2",
    practice: bool = False,
    listed: tuple[str, ...] | None = None,
) -> Verdict:
    reading = Reading(outcome, dict.fromkeys(Right, RightState.UNKNOWN), allowed_addresses=listed)
    return Verdict(exchange, practice, reading, ())


def draft_after(outcome: Outcome = Outcome.WORKS, *, practice: bool = False) -> Draft:
    draft = Draft(practice=practice)
    draft.enter(ENTRY)
    assert draft.finish(draft.begin(), verdict(outcome, practice=practice))
    return draft


def save(draft: Draft, vault: Vault) -> None:
    passed = draft.passed()
    passed.store(vault, TODAY)
    draft.stored(passed)


def refuses_to_save(draft: Draft, *, practice: bool = False) -> bool:
    store = MemoryStore()
    with pytest.raises(NotTestedError):
        save(draft, Vault(store, "memory", practice=practice))
    return not store.items and not draft.is_saved


def test_an_entry_that_passed_is_saved_exactly_as_it_was() -> None:
    draft, store = draft_after(), MemoryStore()
    assert draft.may_save
    save(draft, Vault(store, "memory"))
    assert draft.is_saved
    assert not draft.may_lose
    ((service, _), item) = next(iter(store.items.items()))
    assert service.startswith(f"{SERVICE} hitbtc2")
    item = json.loads(item)
    assert (item["key"], item["secret"], item["saved_on"]) == ("key-a", "secret-a", "2026-03-04")


def test_nothing_is_saved_before_a_test() -> None:
    draft = Draft()
    assert refuses_to_save(draft)
    draft.enter(ENTRY)
    assert refuses_to_save(draft)
    draft.begin()
    assert refuses_to_save(draft)


@pytest.mark.parametrize("outcome", [each for each in Outcome if each not in {Outcome.WORKS, Outcome.CAN_WITHDRAW}])
def test_an_entry_that_failed_is_never_saved(outcome: Outcome) -> None:
    draft = draft_after(outcome)
    draft.accept_withdrawal(accepted=True)
    assert not draft.may_save
    assert refuses_to_save(draft)


def test_a_verdict_for_an_older_entry_is_ignored() -> None:
    draft = Draft()
    draft.enter(ENTRY)
    ticket = draft.begin()
    draft.enter(OTHER)
    assert not draft.finish(ticket, verdict())
    assert draft.verdict is None
    assert refuses_to_save(draft)


def test_a_verdict_is_ignored_even_when_the_old_entry_came_back() -> None:
    draft = Draft()
    draft.enter(ENTRY)
    ticket = draft.begin()
    draft.enter(OTHER)
    draft.enter(ENTRY)
    assert not draft.finish(ticket, verdict())


@pytest.mark.parametrize("entry", [OTHER, Credentials("key-a", "secret-a", "1"), Credentials("", "")])
def test_an_edit_after_the_test_makes_the_entry_untested(entry: Credentials) -> None:
    draft = draft_after()
    draft.enter(entry)
    assert draft.verdict is None
    assert refuses_to_save(draft)


def test_entering_the_same_again_changes_nothing() -> None:
    draft = draft_after()
    draft.enter(Credentials("key-a", "secret-a"))
    assert draft.may_save


def test_a_new_test_takes_the_old_verdict_away_at_once() -> None:
    draft = draft_after()
    draft.begin()
    assert refuses_to_save(draft)


@pytest.mark.parametrize("exchange, practice", [("bitstamp", False), ("hitbtc2", True)])
def test_another_exchange_makes_the_entry_untested(exchange: str, practice: bool) -> None:
    draft = draft_after()
    draft.choose("hitbtc2", practice=False)
    assert draft.may_save
    draft.choose(exchange, practice=practice)
    assert refuses_to_save(draft, practice=practice)


@pytest.mark.parametrize("of_draft, of_verdict", [(False, True), (True, False)])
def test_a_practice_verdict_and_a_real_draft_never_meet(of_draft: bool, of_verdict: bool) -> None:
    draft = Draft(practice=of_draft)
    draft.enter(ENTRY)
    assert not draft.finish(draft.begin(), verdict(practice=of_verdict))
    assert refuses_to_save(draft, practice=of_draft)


def test_a_verdict_on_another_exchange_does_not_count() -> None:
    draft = Draft()
    draft.enter(ENTRY)
    assert not draft.finish(draft.begin(), verdict(exchange="bitstamp"))


@pytest.mark.parametrize("practice", [False, True])
def test_a_passed_draft_is_not_saved_in_the_wrong_vault(practice: bool) -> None:
    assert refuses_to_save(draft_after(practice=practice), practice=not practice)


def test_practice_is_saved_apart() -> None:
    draft, store = draft_after(practice=True), MemoryStore()
    save(draft, Vault(store, "memory", practice=True))
    assert all(service.startswith(f"{PRACTICE_SERVICE} hitbtc2") for service, _ in store.items)
    assert len(store.items) == 1


def test_a_key_that_may_withdraw_needs_an_explicit_yes() -> None:
    draft = draft_after(Outcome.CAN_WITHDRAW)
    assert draft.needs_consent
    assert refuses_to_save(draft)
    draft.accept_withdrawal(accepted=True)
    assert draft.may_save
    draft.accept_withdrawal(accepted=False)
    assert refuses_to_save(draft)
    draft.accept_withdrawal(accepted=True)
    save(draft, Vault(MemoryStore(), "memory"))
    assert draft.is_saved


def test_a_yes_counts_for_one_entry_and_one_test() -> None:
    draft = draft_after(Outcome.CAN_WITHDRAW)
    draft.accept_withdrawal(accepted=True)
    draft.finish(draft.begin(), verdict(Outcome.CAN_WITHDRAW))
    assert refuses_to_save(draft)
    draft.accept_withdrawal(accepted=True)
    draft.enter(OTHER)
    draft.finish(draft.begin(), verdict(Outcome.CAN_WITHDRAW))
    assert refuses_to_save(draft)


def test_a_yes_before_the_verdict_is_no_yes_to_it() -> None:
    draft = Draft()
    draft.enter(ENTRY)
    ticket = draft.begin()
    draft.accept_withdrawal(accepted=True)
    draft.finish(ticket, verdict(Outcome.CAN_WITHDRAW))
    assert not draft.may_save


def test_a_store_that_refuses_leaves_the_draft_unsaved_and_still_savable() -> None:
    draft = draft_after()
    with pytest.raises(VaultError) as caught:
        save(draft, Vault(LockedStore(), "locked"))
    assert caught.value.trouble is Trouble.LOCKED
    assert not draft.is_saved
    assert draft.may_lose
    assert draft.may_save


def test_closing_loses_only_what_was_typed_and_not_saved() -> None:
    draft = Draft()
    assert not draft.may_lose
    draft.enter(Credentials("", "s"))
    assert draft.may_lose
    assert not draft.is_complete
    draft = draft_after()
    save(draft, Vault(MemoryStore(), "memory"))
    assert draft.is_saved
    assert draft.entry == Credentials("", "")
    assert not draft.may_lose
    assert not draft.may_save


def test_what_was_read_from_the_keyring_is_saved_again_only_with_something_new() -> None:
    draft = Draft()
    saved = Saved("second", ENTRY, TODAY, (OWN,))
    draft.take_stored(saved)
    assert draft.is_stored
    assert not draft.may_lose
    assert draft.label == "second"
    assert draft.finish(draft.begin(), verdict())
    assert draft.is_stored
    draft.tried = ("198.51.100.9",)
    assert not draft.is_stored, "its list changed"
    draft.enter(OTHER)
    assert not draft.is_stored
    assert draft.may_lose
    draft.take_stored(saved)
    draft.choose("bitstamp", practice=False)
    assert (draft.entry, draft.label) == (Credentials("", ""), "main")


OWN = "203.0.113.7"


@pytest.mark.parametrize(
    "listed, let_in",
    [
        (None, ("198.51.100.0/24",)),  # not told: as it was tried
        ((), ("198.51.100.0/24",)),  # told that there is no list yet
        (("46.19.9.48", "203.0.113.0/28"), ("203.0.113.0/28",)),
        (("46.19.9.48",), ()),
    ],
)
def test_what_lets_this_computer_in_is_kept_with_the_key(
    listed: tuple[str, ...] | None, let_in: tuple[str, ...]
) -> None:
    draft, store = Draft(), MemoryStore()
    draft.enter(ENTRY)
    draft.own, draft.tried = (OWN,), ("198.51.100.0/24",)
    assert draft.finish(draft.begin(), verdict(listed=listed))
    assert draft.let_in == let_in
    save(draft, Vault(store, "memory"))
    saved = Vault(store, "memory").load("hitbtc2")
    assert saved is not None
    assert saved.let_in == let_in


def test_the_list_of_one_key_is_not_kept_with_another() -> None:
    draft = Draft()
    draft.own = (OWN,)
    draft.enter(ENTRY)
    draft.tried = (OWN,)
    assert draft.finish(draft.begin(), verdict(listed=(OWN,)))
    assert OWN in draft.let_in
    draft.enter(OTHER)
    assert draft.finish(draft.begin(), verdict())
    assert draft.let_in == ()


@pytest.mark.parametrize(
    "entry, listed, kept",
    [(ENTRY, None, (OWN,)), (ENTRY, ("203.0.113.0/24",), (OWN,)), (ENTRY, (), ()), (OTHER, None, ())],
    ids=["same", "own address not known", "open", "another"],
)
def test_saved_again_without_a_word_on_its_list_a_key_keeps_what_was_known(
    entry: Credentials, listed: tuple[str, ...] | None, kept: tuple[str, ...]
) -> None:
    vault = Vault(MemoryStore(), "memory")
    vault.save("hitbtc2", ENTRY, TODAY, (OWN,))
    draft = Draft()
    draft.replaces = "main"
    draft.enter(entry)
    assert draft.finish(draft.begin(), verdict(listed=listed))
    save(draft, vault)
    saved = vault.load("hitbtc2")
    assert saved is not None
    assert saved.let_in == kept


def test_the_account_is_the_one_that_save_was_pressed_for() -> None:
    """Another exchange chosen in the middle takes the name of the account back to its default."""
    draft = draft_after()

    class Slow(MemoryStore):
        def get_password(self, service: str, username: str) -> str | None:
            draft.label = "main"
            return super().get_password(service, username)

    vault = Vault(Slow(), "slow")
    draft.label = "second"
    save(draft, vault)
    assert [account.label for account in vault.accounts("hitbtc2")] == ["second"]


def test_let_go_of_nothing_counts_as_saved_or_tested() -> None:
    draft = draft_after()
    save(draft, Vault(MemoryStore(), "memory"))
    draft.clear()
    assert not draft.is_saved
    assert draft.verdict is None


def test_another_key_is_replaced_only_by_a_second_word() -> None:
    vault = Vault(MemoryStore(), "memory")
    vault.save("hitbtc2", OTHER, TODAY)
    draft = draft_after()
    with pytest.raises(VaultError) as caught:
        save(draft, vault)
    assert caught.value.trouble is Trouble.EXISTS
    assert draft.may_save
    vault.save("hitbtc2", OTHER, TODAY, label="second")
    draft.replaces, draft.label = "main", "second"
    with pytest.raises(VaultError):
        save(draft, vault)  # the word was about another name
    draft.replaces = "second"
    save(draft, vault)
    assert [account.label for account in vault.accounts("hitbtc2")] == ["main", "second"]


def test_a_damaged_item_does_not_stand_in_the_way_of_a_new_one() -> None:
    draft, store = draft_after(), MemoryStore()
    store.items[f"{SERVICE} hitbtc2 1", "PalmaBot Setup Wizard"] = "damaged"
    save(draft, Vault(store, "memory"))
    assert draft.is_saved


def test_an_edit_while_it_is_stored_stays_unsaved() -> None:
    draft, store = draft_after(), MemoryStore()
    passed = draft.passed()
    draft.enter(OTHER)
    passed.store(Vault(store, "memory"), TODAY)
    draft.stored(passed)
    assert not draft.is_saved
    assert draft.entry == OTHER
    saved = Vault(store, "memory").load("hitbtc2")
    assert saved is not None
    assert saved.credentials == ENTRY, "what passed is what is stored"
