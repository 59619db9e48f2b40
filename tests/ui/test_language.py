"""Another language, or other colours, on any page: what was typed stays, and what was shown is shown."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLineEdit, QWizard

from palma_wizard import guide
from palma_wizard.exchanges import Outcome
from palma_wizard.practice import KEYS
from palma_wizard.ui.guide_page import GuidePage
from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, START, Wizard
from tests.conftest import Runner
from tests.hands import click, find, try_practice_key, until, visible_words

WORDS = guide.load()
OWN = KEYS["hitbtc2"]


@pytest.mark.parametrize("number", [START, 1, 8, DATA, NOTICE, CHECK])
def test_a_page_made_anew_is_the_same_page(window: Wizard, number: int) -> None:
    window.go(1)
    window.go(number)
    page = window.currentPage()
    if isinstance(page, GuidePage):
        page.validatePage()
    part = page.part if isinstance(page, GuidePage) else None
    before, visited = visible_words(window), set(window._visited)
    window.rebuild()
    again = window.currentPage()
    assert again is not page
    assert window.currentId() == number
    assert (again.part if isinstance(again, GuidePage) else None) == part
    assert visible_words(window) == before
    assert window._visited == visited
    back = window.button(QWizard.WizardButton.BackButton)
    assert back.isEnabled() is (number != START)
    if number not in {START, 8}:
        click(back)
        assert window.currentId() < number


def test_what_was_typed_stays(window: Wizard) -> None:
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "secret")
    assert line is not None
    line.setText("b" * 32)
    window.rebuild()
    line = window.data_page.findChild(QLineEdit, "secret")
    assert line is not None
    assert line.text() == "b" * 32
    window.go(NOTICE)
    window.notice_page.own.setText("203.0.113.7")
    window.notice_page.list.setPlainText("203.0.113.7 46.19.9.48")
    window.notice_page.understood.setChecked(True)
    tried = window.draft.tried
    window.rebuild()
    page = window.notice_page
    assert (page.own.text(), page.list.toPlainText()) == ("203.0.113.7", "203.0.113.7 46.19.9.48")
    assert page.isComplete()
    assert window.draft.tried == tried != ()
    assert WORDS.say("rehearsal.safe") in page.rehearsal.accessibleName()


def test_a_verdict_stays_and_can_be_saved(window: Wizard, run: Runner, keyring_session: None) -> None:
    async def walk() -> None:
        window._set_practice(True)
        await window._warm_up()
        await try_practice_key(window)
        before = visible_words(window.check_page)
        window.rebuild()
        await until(lambda: visible_words(window.check_page) == before, "the verdict is gone")
        click(window.check_page.save)
        await until(window.check_page.done.isVisible, "it was not saved")
        saved = visible_words(window.check_page)
        window.rebuild()
        await until(lambda: visible_words(window.check_page) == saved, "it is not told any more")
        await window.start_page._remove("main")

    run(walk())


def test_a_check_that_runs_is_ended(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        window._set_practice(True)
        window._set_scenario("hangs")
        await window._warm_up()
        window.go(DATA)
        click(find(window, "practice-fill"))
        window.go(CHECK)
        click(window.check_page.run)
        await until(lambda: WORDS.say("check.asking") in visible_words(window), "it does not ask")
        window.rebuild()
        await until(window.check_page.run.isEnabled, "it cannot be tested again")
        assert window.draft.verdict is None
        window._set_scenario("works")
        click(window.check_page.run)
        await until(lambda: window.draft.verdict is not None, "no verdict")
        assert window.draft.verdict is not None
        assert window.draft.verdict.outcome is Outcome.WORKS

    run(walk())
