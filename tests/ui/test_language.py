"""Another language, or other colours, on any page: what was typed stays, and what was shown is shown."""

from __future__ import annotations

import asyncio
import datetime
import gc
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QWizard

from palma_wizard import assets, guide
from palma_wizard.exchanges import Outcome
from palma_wizard.practice import KEYS
from palma_wizard.ui.guide_page import GuidePage
from palma_wizard.ui.language import speak
from palma_wizard.ui.settings import Settings
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


@pytest.fixture
def english_again(app: QApplication) -> Iterator[None]:
    yield
    speak(app, "en")


@pytest.mark.usefixtures("english_again")
@pytest.mark.parametrize("code", ["de", "ar"])
def test_the_language_is_chosen_on_any_page_and_remembered(window: Wizard, settings: Settings, code: str) -> None:
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "key")
    assert line is not None
    line.setText("a" * 32)
    chooser = window.rail.language
    chooser.setCurrentIndex(chooser.findData(code))
    chooser.activated.emit(chooser.currentIndex())
    words = guide.load(code)
    assert words.language == code
    assert words.steps["hitbtc2"][8].title in visible_words(window)
    assert window.button(QWizard.WizardButton.NextButton).text() == words.say("button.next")
    assert settings.get("language") == code
    assert window.isRightToLeft() is (code == "ar")
    line = window.data_page.findChild(QLineEdit, "key")
    assert line is not None
    assert line.text() == "a" * 32
    assert QApplication.translate("QLineEdit", "&Undo") != "&Undo", "Qt's own words stay English"
    next_keys = window.button(QWizard.WizardButton.NextButton).shortcut().toString()
    assert next_keys == ("Alt+Left" if code == "ar" else "Alt+Right")


@pytest.mark.usefixtures("english_again")
def test_dates_and_numbers_are_written_as_the_language_has_it(app: QApplication) -> None:
    day = datetime.date(2026, 3, 4)
    written = {code: (speak(app, code).date(day), speak(app, code).number(12345)) for code in ("en", "de", "ja", "ar")}
    assert written["en"] == ("March 4, 2026", "12,345")
    assert written["de"] == ("4. März 2026", "12.345")
    assert written["ja"][0] == "2026年3月4日"
    assert written["ar"] == ("4 مارس 2026", "12,345")


@pytest.mark.parametrize(
    "wanted, found",
    [
        (["de-AT"], "de"),
        (["pt-PT"], "pt_BR"),
        (["zh-Hans-SG", "en"], "zh_CN"),
        (["zh-Hant-TW", "ja"], "ja"),
        (["ru_RU.UTF-8"], "ru"),
        (["xx", "yy"], "en"),
        ([""], "en"),
        ([], "en"),
        (["../de", "de@euro"], "de"),
    ],
)
def test_the_best_language_of_those_that_somebody_reads(wanted: list[str], found: str) -> None:
    assert guide.best_of(wanted) == found


def test_what_is_filled_in_does_not_turn_the_words_around_it() -> None:
    said = guide.load("ar").say("start.saved", exchange="HitBTC", date="2001:db8::7")
    assert "\u20682001:db8::7\u2069" in said
    assert said.startswith("\u200f")
    assert "\u2068" not in WORDS.say("start.saved", exchange="HitBTC", date="2001:db8::7")


def test_a_broken_language_is_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(assets.path("guide"), tmp_path / "guide")
    shutil.copytree(assets.path("pictures"), tmp_path / "pictures")
    (tmp_path / "guide" / "de.toml").write_text("[words]\nname = 7\n", "utf-8")
    monkeypatch.setattr(assets, "path", tmp_path.joinpath)
    assert guide.load("de") == WORDS
    assert guide.load("sl").language == "sl"


def test_the_terminals_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    assert guide.spoken_here() == "en"
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert guide.spoken_here() == "de"
    monkeypatch.setenv("LANGUAGE", "sl:de")
    assert guide.spoken_here() == "sl"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert guide.spoken_here() == "en"


def test_no_secret_stands_in_a_page_that_was_made_anew_unseen(window: Wizard) -> None:
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "secret")
    assert line is not None
    line.setText("b" * 32)
    window.go(NOTICE)
    window.rebuild()
    assert [each.text() for each in window.data_page.findChildren(QLineEdit) if not each.isReadOnly()] == [""] * 3
    assert window.draft.entry.secret == "b" * 32
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "secret")
    assert line is not None
    assert line.text() == "b" * 32


def test_the_focus_stays_where_one_types(window: Wizard) -> None:
    window.activateWindow()
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "secret")
    assert line is not None
    line.setFocus()
    line.setText("abcdef")
    line.setCursorPosition(3)
    window.rebuild()
    there = window.focusWidget()
    assert isinstance(there, QLineEdit)
    assert (there.objectName(), there.cursorPosition(), there is line) == ("secret", 3, False)
    window.rail.language.setFocus()
    window.rebuild()
    assert window.focusWidget() is window.rail.language


def test_old_pages_are_let_go_of_however_often_they_are_replaced(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        window.background_work()
        for _ in range(3):
            window.rebuild()
        await until(lambda: len(window.findChildren(type(window.data_page))) == 1, "old pages are kept")
        await until(lambda: window.start_page._may_look, "what waits for the first paint was forgotten")

    run(walk())


def test_of_old_pages_the_last_at_most_are_left_in_memory(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        window.background_work()
        replaced = []
        for _ in range(4):
            await until(lambda: window.start_page._may_look, "what waits for the first paint was forgotten")
            replaced.append([weakref.ref(page) for page in window._pages.values()])
            window.rebuild()
        old = [page for pages in replaced[:-1] for page in pages]
        await until(lambda: gc.collect() >= 0 and not any(page() for page in old), "old pages are kept")

    run(walk())


def test_under_a_dialog_it_waits(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        page = window.start_page
        window._open_help()
        await asyncio.sleep(0.05)
        window.rebuild()
        assert window.start_page is page
        dialog = window.findChild(QDialog, "help-dialog")
        assert dialog is not None
        dialog.close()
        await asyncio.sleep(0.05)
        await until(lambda: window.start_page is not page, "it was forgotten")

    run(walk())


def test_while_a_key_is_removed_it_waits(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        page, ends = window.start_page, asyncio.Event()

        async def work() -> None:
            await ends.wait()

        window.tasks.start(work(), holds=True)
        window.rebuild()
        assert window.start_page is page
        ends.set()
        await until(lambda: window.start_page is not page, "it was forgotten")

    run(walk())
