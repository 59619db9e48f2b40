"""Accounts in the window: the keyring is proven first, several have names, and a key is removed with a reminder."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMessageBox, QPushButton, QWizard

from palma_wizard import guide, vault
from palma_wizard.exchanges import Credentials, Outcome
from palma_wizard.practice import KEYS
from palma_wizard.ui.page import Notice
from palma_wizard.ui.wizard import CHECK, DATA, START, Wizard
from palma_wizard.vault import Trouble, VaultError
from tests.conftest import Runner
from tests.hands import click, find, try_practice_key, until, visible_words

WORDS = guide.load()
OWN = KEYS["hitbtc2"]
ENTRY = Credentials(OWN.key, OWN.secret)
TODAY = datetime.datetime.now().astimezone().date()


@pytest.fixture
def store(keyring_session: None) -> Iterator[vault.Vault]:
    made = vault.open_vault(practice=True)
    yield made
    for account in made.accounts("hitbtc2"):
        made.forget("hitbtc2", account.label)


def rows(window: Wizard) -> dict[str, Notice]:
    found = window.start_page.saved.findChildren(Notice)
    return {each.property("account"): each for each in found if each.isVisible()}


def press_in(row: Notice, name: str) -> None:
    action = row.findChild(QPushButton, name)
    assert action is not None
    click(action)


async def look(window: Wizard, count: int) -> None:
    window._set_practice(True)
    window.start_page.start_looking()
    await until(lambda: len(rows(window)) == count, "the accounts are not shown")


def test_one_account_is_told_without_a_name_and_an_old_one_with_a_word(
    window: Wizard, run: Runner, store: vault.Vault
) -> None:
    async def walk() -> None:
        store.save("hitbtc2", ENTRY, TODAY - datetime.timedelta(89))
        await look(window, 1)
        words = WORDS.say("start.saved-practice", exchange="HitBTC", date=(TODAY - datetime.timedelta(89)).isoformat())
        assert rows(window)["main"].text() == words
        store.save("hitbtc2", ENTRY, TODAY - datetime.timedelta(90))
        window.start_page.look_for_saved()
        old = WORDS.say("start.saved-old", count=90)
        await until(lambda: old in visible_words(window), "its age is not told")

    run(walk())


def test_of_several_accounts_each_is_checked_replaced_and_removed_by_its_name(
    window: Wizard, run: Runner, store: vault.Vault
) -> None:
    async def walk() -> None:
        store.save("hitbtc2", Credentials("a" * 32, "b" * 32), TODAY)
        store.save("hitbtc2", ENTRY, TODAY, label="trading")
        await look(window, 2)
        assert rows(window)["trading"].heading() == "trading"
        press_in(rows(window)["trading"], "saved-check")
        await until(lambda: window.draft.verdict is not None, "no verdict")
        assert window.draft.verdict is not None
        assert window.draft.verdict.outcome is Outcome.WORKS
        stored = WORDS.say("check.stored", account="trading")
        await until(lambda: stored in visible_words(window), "it is not told that it is stored")
        assert not window.check_page.save.isVisible(), "it is stored already"
        click(find(window.check_page, "copy-secret"))
        await until(lambda: QGuiApplication.clipboard().text() == OWN.secret, "the stored key was not copied")
        assert window.check_page.isComplete()
        window.go(START)
        assert window.draft.entry == Credentials("", ""), "let go of when the check is left"
        await until(lambda: len(rows(window)) == 2, "the accounts are gone")
        press_in(rows(window)["main"], "saved-replace")
        assert window.currentId() == DATA
        assert WORDS.say("data.replaces", account="main") in visible_words(window)
        await try_practice_key(window)
        assert window.check_page.label.text() == "main"
        assert WORDS.say("check.label-replaces") in visible_words(window)
        saved = store.load("hitbtc2")
        assert saved is not None
        assert saved.credentials.key == "a" * 32, "the old one stays until the new one is saved"
        click(window.check_page.save)
        await until(window.check_page.done.isVisible, "it was not saved")
        saved = store.load("hitbtc2")
        assert saved is not None
        assert saved.credentials == ENTRY
        window.go(START)
        await until(lambda: len(rows(window)) == 2, "the accounts are gone")
        press_in(rows(window)["trading"], "saved-remove")
        (box,) = window.findChildren(QMessageBox, "remove-question")
        assert "trading" in box.text()
        click(next(b for b in box.buttons() if b.text() == WORDS.say("start.remove-yes")))
        assert window.tasks.hold, "its end would not be told on a page made anew"
        await until(lambda: list(rows(window)) == ["main"], "it stayed")
        assert window.start_page.removed.isVisible()
        assert [account.label for account in store.accounts("hitbtc2")] == ["main"]

    run(walk())


def test_after_a_removal_the_way_to_the_exchange_is_offered(
    window: Wizard, run: Runner, store: vault.Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    async def walk() -> None:
        real = vault.open_vault()
        real.save("hitbtc2", ENTRY, TODAY)
        monkeypatch.setattr(window.start_page, "open_address", opened.append)
        await window.start_page._remove("main")
        assert real.accounts("hitbtc2") == []
        assert WORDS.say("start.removed", exchange="HitBTC", account="main") in visible_words(window)
        click(find(window, "removed-open"))

    run(walk())
    assert opened == ["https://hitbtc.com/settings/api-keys"]


def test_a_second_account_gets_a_name_of_its_own(window: Wizard, run: Runner, store: vault.Vault) -> None:
    async def walk() -> None:
        store.save("hitbtc2", Credentials("a" * 32, "b" * 32), TODAY)
        window._set_practice(True)
        await try_practice_key(window)
        click(window.check_page.save)
        await until(lambda: WORDS.trouble("exists") in window.check_page.state_line.text(), "replaced without a word")
        assert WORDS.say("check.label-replaces") in visible_words(window)
        label = window.check_page.label
        for text, saves in (("", False), ("   ", False), ("second", True)):
            label.selectAll()
            QTest.keyClicks(label, text) if text else label.clear()
            label.textEdited.emit(label.text())
            assert window.check_page.save.isEnabled() is saves, repr(text)
        assert WORDS.say("check.label-replaces") not in visible_words(window)
        click(window.check_page.save)
        await until(window.check_page.done.isVisible, "it was not saved")
        assert [account.label for account in store.accounts("hitbtc2")] == ["main", "second"]
        click(find(window.check_page, "copy-key"))
        await until(lambda: QGuiApplication.clipboard().text() == OWN.key, "the saved key was not copied")

    run(walk())


def test_a_name_that_is_free_is_suggested(window: Wizard, run: Runner, store: vault.Vault) -> None:
    async def walk() -> None:
        store.save("hitbtc2", Credentials("a" * 32, "b" * 32), TODAY)
        await look(window, 1)
        await try_practice_key(window)
        assert window.check_page.label.text() == "main 2"
        assert WORDS.say("check.label-others", accounts="main") in visible_words(window)
        click(window.check_page.save)
        await until(window.check_page.done.isVisible, "it was not saved")
        assert [account.label for account in store.accounts("hitbtc2")] == ["main", "main 2"]

    run(walk())


def test_a_stored_key_is_copied_from_the_first_page(window: Wizard, run: Runner, store: vault.Vault) -> None:
    async def walk() -> None:
        store.save("hitbtc2", ENTRY, TODAY)
        await look(window, 1)
        press_in(rows(window)["main"], "saved-copy")
        await until(find(window.start_page, "copy-secret").isVisible, "there is nothing to copy with")
        click(find(window.start_page, "copy-secret"))
        await until(lambda: QGuiApplication.clipboard().text() == OWN.secret, "it was not copied")
        assert WORDS.say("saved.copied", what=WORDS.say("data.secret")) in visible_words(window)
        store.forget("hitbtc2")
        click(find(window.start_page, "copy-key"))
        await until(lambda: WORDS.say("saved.gone") in visible_words(window), "it is not said that it is gone")

    run(walk())


# -- before a secret is typed --


class Prompting:
    """In the place of the store: waits, as for a person's password, until it is let go on."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.trouble: Trouble | None = None

    def __call__(self, _: object) -> vault.Vault:
        self.answered.wait(20)
        raise VaultError(self.trouble or Trouble.LOCKED)


@pytest.fixture
def prompting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Prompting]:
    made = Prompting()
    monkeypatch.setattr(vault, "_first_that_keeps", made)
    yield made
    made.answered.set()


def typing(window: Wizard) -> bool:
    line = window.data_page.findChild(QLineEdit, "secret")
    assert line is not None
    return not line.isReadOnly()


def test_with_a_working_keyring_nothing_is_said(window: Wizard, run: Runner, store: vault.Vault) -> None:
    async def walk() -> None:
        window.data_page.start_looking()
        window.go(DATA)
        await until(lambda: window.data_page._proven, "it was not asked")
        await until(lambda: typing(window), "typing is not let")
        assert not window.data_page.store.isVisible()

    run(walk())


def test_while_the_system_asks_for_a_password_it_is_waited_for_and_can_be_given_up(
    window: Wizard, run: Runner, prompting: Prompting
) -> None:
    async def walk() -> None:
        window.data_page.start_looking()
        window.go(DATA)
        await until(lambda: WORDS.say("data.store-looking") in visible_words(window), "it is not said")
        assert not typing(window)
        await asyncio.sleep(4)
        assert not typing(window), "a password takes as long as it takes"
        click(find(window, "store-skip"))
        await until(lambda: typing(window), "typing is not let")
        assert WORDS.say("data.store-without") in window.data_page.store.text()

    run(walk())


@pytest.mark.parametrize("trouble", [Trouble.LOCKED, Trouble.NO_STORE, Trouble.NO_SESSION, Trouble.REFUSED])
def test_a_keyring_that_cannot_be_used_is_named_and_testing_stays_possible(
    window: Wizard, run: Runner, prompting: Prompting, trouble: Trouble
) -> None:
    async def walk() -> None:
        prompting.trouble = trouble
        prompting.answered.set()
        window._set_practice(True)
        window.start_page.start_looking()
        await until(lambda: WORDS.say("start.no-store") in visible_words(window), "it is not told at the start")
        window.data_page.start_looking()
        window.go(DATA)
        await until(window.data_page.store.isVisible, "the reason is not told")
        await until(lambda: WORDS.trouble(trouble.value) in visible_words(window), "the reason is not told")
        assert typing(window)
        await try_practice_key(window)
        assert window.draft.verdict is not None
        assert WORDS.say("saved.by-hand-title") in visible_words(window)
        click(find(window.check_page, "copy-secret"))
        await until(lambda: QGuiApplication.clipboard().text() == OWN.secret, "it cannot be copied by hand")
        click(window.check_page.save)
        await until(lambda: WORDS.trouble(trouble.value) in window.check_page.state_line.text(), "why is not told")
        assert not window.draft.is_saved
        assert window.button(QWizard.WizardButton.FinishButton).isEnabled()
        window.go(DATA)
        assert window.draft.entry.secret == OWN.secret, "nothing that was typed is lost"

    run(walk())


def test_a_key_that_cannot_be_stored_is_not_lost_without_a_question(window: Wizard) -> None:
    window.draft.enter(ENTRY)
    window.draft.no_store = "no-store"
    window.accept()
    box = window.findChild(QMessageBox, "close-question")
    assert box is not None
    assert box.informativeText() == WORDS.say("close.by-hand-text")
    click(next(b for b in box.buttons() if b.text() == WORDS.say("close.no")))
    assert window.isVisible()


def test_a_save_that_waits_for_a_password_can_be_cancelled(
    window: Wizard, run: Runner, store: vault.Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def walk() -> None:
        window._set_practice(True)
        await try_practice_key(window)
        prompting = Prompting()
        monkeypatch.setattr(vault, "_first_that_keeps", prompting)
        click(window.check_page.save)
        await until(lambda: WORDS.say("check.saving") in visible_words(window), "it is not said")
        assert not window.check_page.run.isEnabled()
        assert window.tasks.hold
        for leave in (window._go_back, window._leave_practice, lambda: window.go(START)):
            leave()
            assert window.currentId() == CHECK, "what comes of the save would not be told"
        assert WORDS.say("check.still-saving") in visible_words(window)
        click(window.check_page.cancel)
        await until(lambda: WORDS.say("check.save-cancelled") in visible_words(window), "it is not cancelled")
        assert window.check_page.save.isEnabled()
        assert window.draft.entry.secret == OWN.secret
        prompting.answered.set()

    run(walk())
    assert store.accounts("hitbtc2") == []


def test_no_secret_stays_in_a_field_that_is_not_seen(window: Wizard, run: Runner, store: vault.Vault) -> None:
    async def walk() -> None:
        window._set_practice(True)
        window.go(DATA)
        click(find(window, "practice-fill"))
        line = window.data_page.findChild(QLineEdit, "secret")
        assert line is not None
        reveal = find(window, "reveal")
        QTest.mousePress(reveal, Qt.MouseButton.LeftButton)
        window.go(CHECK)
        assert line.text() == ""
        assert not line.isUndoAvailable()
        window.go(DATA)
        assert line.text() == OWN.secret
        assert line.echoMode() is QLineEdit.EchoMode.Password
        QTest.mouseRelease(reveal, Qt.MouseButton.LeftButton)

    run(walk())


def test_a_form_that_becomes_complete_keeps_what_is_in_it(window: Wizard) -> None:
    """QWizard hides its pages for a moment then."""
    window.go(DATA)
    key, line = (window.data_page.findChild(QLineEdit, name) for name in ("key", "secret"))
    assert key is not None
    assert line is not None
    QTest.keyClicks(key, "a" * 32)
    QTest.keyClicks(line, "b" * 32)
    assert window.draft.entry == Credentials("a" * 32, "b" * 32)
    assert window.data_page.isComplete()
    QTest.keyClicks(line, "c")
    assert window.draft.entry.secret == "b" * 32 + "c"


def test_the_clipboard_is_emptied_when_the_person_asks(window: Wizard, run: Runner, store: vault.Vault) -> None:
    async def walk() -> None:
        window._set_practice(True)
        await try_practice_key(window)
        click(window.check_page.save)
        await until(window.check_page.done.isVisible, "it was not saved")
        QGuiApplication.clipboard().setText("what a browser left")
        click(find(window, "clear-clipboard"))
        assert QGuiApplication.clipboard().text() == ""

    run(walk())
