"""The real window on a real screen, driven with mouse and keyboard as a person would."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QMessageBox, QWizard

from palma_wizard import guide, vault
from palma_wizard.cli import EXIT_CODES
from palma_wizard.exchanges import Credentials, Outcome
from palma_wizard.practice import KEYS, PAGES, SCENARIOS, PracticeExchange
from palma_wizard.ui.page import Page
from palma_wizard.ui.picture import PictureView
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, START, Wizard
from tests.hands import click, find, note_what_is_opened, until, visible_words

KEY, SECRET = KEYS["hitbtc2"].key, KEYS["hitbtc2"].secret

WORDS = guide.load()
Runner = Callable[[Awaitable[object]], object]


def press(window: Wizard, which: QWizard.WizardButton) -> None:
    click(window.button(which))


def to_check_page(window: Wizard, scenario: str = "works") -> None:
    if not window.draft.practice:
        click(window.start_page.choice("practise"))
    window.go(DATA)
    window.data_page.scenario.setCurrentIndex(SCENARIOS.index(scenario))
    click(find(window, "practice-fill"))
    press(window, QWizard.WizardButton.NextButton)
    window.notice_page.understood.setChecked(True)
    press(window, QWizard.WizardButton.NextButton)
    assert window.currentId() == CHECK


async def verdict_of(window: Wizard) -> Outcome:
    click(window.check_page.run)
    await until(lambda: window.draft.verdict is not None and window.check_page.run.isEnabled(), "no verdict")
    assert window.draft.verdict is not None
    return window.draft.verdict.outcome


def test_the_whole_path_from_start_to_a_key_that_can_be_loaded_back(
    window: Wizard, run: Runner, keyring_session: None
) -> None:
    async def walk() -> None:
        assert window.currentId() == START
        click(window.start_page.choice("practise"))
        for number, step in enumerate(WORDS.steps["hitbtc2"][:8], 1):
            assert window.currentId() == number
            assert window.currentPage().accessibleName() == step.title
            assert window.currentPage().banner.isVisible()  # type: ignore[attr-defined]
            for _ in step.parts:
                press(window, QWizard.WizardButton.NextButton)
        assert window.currentId() == DATA
        assert not window.button(QWizard.WizardButton.NextButton).isEnabled()
        for name in ("key", "secret"):
            click(find(window, f"practice-copy-{name}"))
            click(find(window, f"paste-{name}"))
        assert window.draft.entry.key == KEY
        assert window.draft.entry.secret == SECRET
        press(window, QWizard.WizardButton.NextButton)
        assert window.currentId() == NOTICE
        click(window.notice_page.look_up)
        await until(lambda: window.notice_page.own.text() == "203.0.113.7", "the address was not found")
        assert window.notice_page.own6.text() == "2001:db8::7"
        assert not window.button(QWizard.WizardButton.NextButton).isEnabled()
        window.notice_page.understood.setFocus()
        QTest.keyClick(window.notice_page.understood, Qt.Key.Key_Space)
        press(window, QWizard.WizardButton.NextButton)
        assert await verdict_of(window) is Outcome.WORKS
        assert not window.button(QWizard.WizardButton.FinishButton).isEnabled()
        click(window.check_page.save)
        await until(lambda: window.draft.is_saved, "it was not saved")
        await until(window.check_page.done.isVisible, "no congratulations")
        assert WORDS.say("practice.finished") in visible_words(window)
        saved = vault.open_vault(practice=True).load("hitbtc2")
        assert saved is not None
        assert (saved.credentials.key, saved.credentials.secret) == (KEY, SECRET)
        assert vault.open_vault().load("hitbtc2") is None
        assert window.draft.entry == Credentials("", ""), "what is saved is let go of"
        click(find(window.check_page, "copy-secret"))
        await until(lambda: window.clipboard._secret == SECRET, "it was not copied")
        assert QGuiApplication.clipboard().text() == SECRET
        closed: list[bool] = []
        window.closed.connect(lambda: closed.append(True))
        press(window, QWizard.WizardButton.FinishButton)
        await until(lambda: closed, "the window stayed")
        assert QGuiApplication.clipboard().text() != SECRET
        assert window.draft.entry.secret == ""

    run(walk())
    assert vault.open_vault(practice=True).forget("hitbtc2")


OUTCOMES = {
    "works": Outcome.WORKS,
    "wrong-key": Outcome.WRONG_KEY,
    "wrong-secret": Outcome.WRONG_KEY,
    "clock-off": Outcome.CLOCK_OFF,
    "address-not-allowed": Outcome.ADDRESS_NOT_ALLOWED,
    "email-not-confirmed": Outcome.ADDRESS_NOT_ALLOWED,
    "no-trade-right": Outcome.MISSING_RIGHT,
    "can-withdraw": Outcome.CAN_WITHDRAW,
    "rate-limited": Outcome.RATE_LIMITED,
    "maintenance": Outcome.EXCHANGE_DOWN,
    "older-switched-off": Outcome.WORKS,
    "slow": Outcome.WORKS,
    "hangs": Outcome.TIMED_OUT,
    "closes-half-way": Outcome.NO_CONNECTION,
    "html-instead-of-json": Outcome.NOT_UNDERSTOOD,
    "wrong-user-id": Outcome.WORKS,
    "not-in-this-country": Outcome.NOT_OFFERED_HERE,
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_ends_in_its_own_words(window: Wizard, run: Runner, scenario: str) -> None:
    async def walk() -> None:
        to_check_page(window, scenario)
        outcome = await verdict_of(window)
        assert outcome is OUTCOMES[scenario]
        assert window.check_page.verdict.heading() == WORDS.outcome(outcome, "hitbtc2").title
        assert window.draft.verdict is not None
        for cause in window.draft.verdict.reading.causes:
            text = WORDS.cause(cause, "hitbtc2").text
            while text not in visible_words(window):
                await asyncio.sleep(0.01)
        assert window.check_page.save.isVisible() == (EXIT_CODES[outcome] in {0, EXIT_CODES[Outcome.CAN_WITHDRAW]})
        assert SECRET not in visible_words(window)

    run(walk())


def test_a_key_that_may_withdraw_needs_a_second_yes(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        to_check_page(window, "can-withdraw")
        await verdict_of(window)
        page = window.check_page
        assert not page.save.isEnabled()
        page.consent.setFocus()
        QTest.keyClick(page.consent, Qt.Key.Key_Space)
        assert page.save.isEnabled()
        QTest.keyClick(page.consent, Qt.Key.Key_Space)
        assert not page.save.isEnabled()

    run(walk())


def test_an_entry_edited_after_it_passed_is_untested_again(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        to_check_page(window)
        await verdict_of(window)
        assert window.check_page.save.isEnabled()
        window.go(DATA)
        line = window.data_page.findChild(QLineEdit, "secret")
        assert line is not None
        QTest.keyClicks(line, "x")
        window.go(CHECK)
        assert not window.check_page.save.isVisible()
        assert not window.draft.may_save

    run(walk())


def test_cancel_ends_a_hanging_check_at_once(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        to_check_page(window, "hangs")
        click(window.check_page.run)
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        click(window.check_page.cancel)
        await until(window.check_page.run.isEnabled, "it went on")
        assert time.monotonic() - begun < 0.5
        assert window.check_page.state_line.text() == WORDS.say("check.cancelled")
        assert window.draft.verdict is None

    run(walk())


def test_the_window_stays_alive_during_a_check(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        to_check_page(window, "slow")
        gaps: list[float] = []
        click(window.check_page.run)
        await asyncio.sleep(0.3)  # the practice server shares this process and imports its framework first
        last = time.perf_counter()
        while window.draft.verdict is None:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now
        assert max(gaps) < 0.1

    run(walk())


@pytest.mark.parametrize(
    "typed,kept,told",
    [
        ("  abc\n def ", "abcdef", "spaces"),
        ("“abc”", "abc", "quotes"),
        ("a\u200bb\ufeffc\x00", "abc", "invisible"),
        ("x" * 100_000, "x" * 512, "too-long"),
    ],
)
def test_what_cannot_belong_to_a_key_is_taken_away_and_told(window: Wizard, typed: str, kept: str, told: str) -> None:
    window.go(DATA)
    QGuiApplication.clipboard().setText(typed)
    click(find(window, "paste-key"))
    assert window.draft.entry.key == kept
    note = next(n for n in window.data_page.findChildren(QLabel, "key-note-text"))
    assert WORDS.say(f"removed.{told}") in note.text()


@pytest.mark.parametrize("typed", ["", "\0", "🔑" * 40, "key: abc", "name@example.com"])
def test_doubtful_input_never_breaks_or_blocks(window: Wizard, typed: str) -> None:
    window.go(DATA)
    for name in ("key", "secret"):
        QGuiApplication.clipboard().setText(typed)
        click(find(window, f"paste-{name}"))
    complete = bool(window.draft.entry.key and window.draft.entry.secret)
    assert window.button(QWizard.WizardButton.NextButton).isEnabled() == complete


def test_the_user_id_is_asked_only_where_the_form_asks_it(window: Wizard) -> None:
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "user_id")
    assert line is not None
    assert not line.isVisible()
    for name, shown in (("bitstamp", True), ("cex", True), ("hitbtc2", False)):
        window.data_page.exchange.setCurrentIndex(window.data_page.exchange.findData(name))
        assert line.isVisible() == shown


def test_closing_half_way_asks_once_and_only_where_something_would_be_lost(window: Wizard, run: Runner) -> None:
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "key")
    assert line is not None
    QTest.keyClicks(line, "practice-key-typed-by-hand")
    window.close()
    window.close()
    questions = window.findChildren(QMessageBox, "close-question")
    assert len(questions) == 1
    assert window.isVisible()
    QTest.keyClick(questions[0], Qt.Key.Key_Escape)
    assert window.isVisible()
    assert window.draft.entry.key == "practice-key-typed-by-hand"


def test_escape_loses_nothing(window: Wizard) -> None:
    window.go(3)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.isVisible()
    assert window.currentId() == 3


def test_the_next_start_offers_to_go_on_and_no_secret_was_written(
    window: Wizard, settings: Settings, run: Runner, tmp_path: Path
) -> None:
    window.go(DATA)
    line = window.data_page.findChild(QLineEdit, "secret")
    assert line is not None
    QTest.keyClicks(line, "practice-secret-typed")
    assert "practice-secret-typed" not in (tmp_path / "window.json").read_text()
    again = Wizard(WORDS, settings)
    again.show()
    assert again.start_page.resume_button.isVisible()
    click(again.start_page.resume_button)
    assert again.currentId() == DATA
    again.close()


@pytest.mark.parametrize("content", [b"\0\xff[[[", b'{"step": "nonsense"}', b'{"step": "-5"}', b'{"step": 4}', b"[]"])
def test_a_broken_progress_file_is_no_matter(run: Runner, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.ini"
    file.write_bytes(content)
    made = Wizard(WORDS, Settings(file))
    made.show()
    assert made.currentId() == START
    assert not made.start_page.resume_button.isVisible()
    made.close()


def test_the_rail_leads_back_and_ahead_to_visited_steps_only(window: Wizard) -> None:
    for number in range(1, 5):
        window.go(number)
    items = {n: window.rail._items[n] for n in (2, 4, 7)}
    assert not items[7].isEnabled()
    click(items[2])
    assert window.currentId() == 2
    click(items[4])
    assert window.currentId() == 4


def test_every_page_has_its_help_at_the_same_place(window: Wizard) -> None:
    places = set()
    for number in range(12):
        window.go(number)
        QApplication.processEvents()
        button = window.button(QWizard.WizardButton.HelpButton)
        assert button.isVisible()
        places.add(button.mapTo(window, button.rect().topLeft()).toTuple())
        press(window, QWizard.WizardButton.HelpButton)
        (dialog,) = [found for found in window.findChildren(QDialog, "help-dialog") if found.isVisible()]
        for hint in window.help_for(number):
            assert hint.do in visible_words(dialog)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert len(places) == 1


def test_the_browser_is_opened_on_exactly_the_documented_address(
    window: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = note_what_is_opened(monkeypatch)
    window.go(1)
    click(find(window.currentPage(), "open-link"))
    assert opened == ["https://hitbtc.com"]
    assert "https://hitbtc.com" in visible_words(window.currentPage())


def test_while_practising_each_step_opens_its_page_of_the_practice_site(
    window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = note_what_is_opened(monkeypatch)

    async def walk() -> None:
        click(window.start_page.choice("practise"))
        for number in (*range(1, 9), NOTICE):
            window.go(number)
            click(find(window.currentPage(), "open-practice" if number == NOTICE else "open-link"))
            await until(lambda number=number: len(opened) >= min(number, 9), "nothing was opened")  # type: ignore[misc]

    run(walk())
    host = re.compile(r"http://127\.0\.0\.1:\d+")
    assert [host.sub("", url) for url in opened] == [page for step, page in PAGES["hitbtc2"].items() if step != "check"]
    assert not any("hitbtc" in url for url in opened)


def test_only_the_steps_with_an_address_have_something_to_open_for_real(window: Wizard) -> None:
    shown = []
    for number in range(1, 9):
        window.go(number)
        shown.append(find(window.currentPage(), "open-link").isVisible())
    assert shown == [step.link is not None for step in WORDS.steps["hitbtc2"][:8]]
    window.go(NOTICE)
    assert not find(window.currentPage(), "open-practice").isVisible()


def test_where_the_browser_does_not_open_the_practice_address_is_shown_to_copy(
    window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = note_what_is_opened(monkeypatch, browser_opens=False)

    async def walk() -> None:
        click(window.start_page.choice("practise"))
        window.go(7)
        click(find(window.currentPage(), "open-link"))
        await until(lambda: opened, "nothing was opened")
        sentence = WORDS.say("error.browser", url=opened[0])
        await until(lambda: sentence in visible_words(window.currentPage()), "no sentence")
        assert window.button(QWizard.WizardButton.NextButton).isEnabled()
        for opens in (True, False):
            note_what_is_opened(monkeypatch, browser_opens=opens)
            await asyncio.sleep(1.5 * QApplication.doubleClickInterval() / 1000)
            click(find(window.currentPage(), "open-link"))
            await until(lambda opens=opens: (sentence in visible_words(window.currentPage())) is not opens, "it stayed")  # type: ignore[misc]
            assert opened[0] in visible_words(window.currentPage())
        window._leave_practice()
        window.go(7)
        assert opened[0] not in visible_words(window.currentPage())

    run(walk())


def test_a_double_click_opens_the_practice_site_once(
    window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = note_what_is_opened(monkeypatch)

    async def walk() -> None:
        click(window.start_page.choice("practise"))
        for _ in range(2):
            click(find(window.currentPage(), "open-link"))
        await until(lambda: opened, "nothing was opened")
        await asyncio.sleep(0.2)

    run(walk())
    assert len(opened) == 1


def test_the_practice_site_is_not_opened_once_practice_was_left(
    window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = note_what_is_opened(monkeypatch)
    start = PracticeExchange.start

    def start_slowly(exchange: PracticeExchange) -> None:
        time.sleep(0.3)
        start(exchange)

    monkeypatch.setattr(PracticeExchange, "start", start_slowly)

    async def walk() -> None:
        click(window.start_page.choice("practise"))
        click(find(window.currentPage(), "open-link"))
        await asyncio.sleep(0.1)
        window._leave_practice()
        await asyncio.sleep(0.6)

    run(walk())
    assert opened == []


def test_what_the_check_complains_of_is_mended_on_the_practice_site_while_practising(
    window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = note_what_is_opened(monkeypatch)

    async def walk() -> None:
        to_check_page(window, "no-trade-right")
        assert await verdict_of(window) is Outcome.MISSING_RIGHT
        click(window.check_page.open_site)
        await until(lambda: opened, "nothing was opened")

    run(walk())
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/settings/api-keys", opened[0])


def test_a_practice_site_that_cannot_start_is_said(
    window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("palma_wizard.practice.PracticeExchange.start", refuse)

    async def walk() -> None:
        click(window.start_page.choice("practise"))
        click(find(window.currentPage(), "open-link"))
        await until(lambda: WORDS.say("practice.no-server") in visible_words(window.currentPage()), "no sentence")

    run(walk())


def test_testing_stays_possible_without_a_keyring(window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk() -> None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        to_check_page(window)
        assert await verdict_of(window) is Outcome.WORKS
        click(window.check_page.save)
        await until(lambda: WORDS.say("vault.no-store") in window.check_page.state_line.text(), "no sentence")
        assert not window.draft.is_saved
        assert window.check_page.save.isEnabled()

    run(walk())


def test_no_secret_reaches_the_log(window: Wizard, run: Runner, caplog: pytest.LogCaptureFixture) -> None:
    async def walk() -> None:
        to_check_page(window)
        await verdict_of(window)

    with caplog.at_level(logging.DEBUG):
        run(walk())
    assert SECRET not in caplog.text
    assert "Authorization" not in caplog.text


def _start(*arguments: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "palma_wizard", *arguments],
        env=os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_instance_says_so_and_leaves(screen: None, tmp_path: Path) -> None:
    first = _start(home=tmp_path)
    try:
        deadline = time.monotonic() + 10
        while not list(tmp_path.rglob("window.lock")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = _start(home=tmp_path)
        _, err = second.communicate(timeout=15)
        assert second.returncode == 0
        assert WORDS.say("error.second") in err
        assert first.poll() is None
    finally:
        first.terminate()
        first.communicate(timeout=10)


def test_without_a_screen_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}}
    done = subprocess.run(
        [sys.executable, "-m", "palma_wizard"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "palma-check" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_rail_leads_on_from_a_page_of_several_parts(window: Wizard) -> None:
    window.go(DATA)
    click(window.rail._items[0])
    window.go(8)
    window.go(DATA)
    assert window.currentId() == DATA


def test_the_next_picture_is_read_while_a_page_is_being_read(window: Wizard, run: Runner) -> None:
    def read(number: int) -> list[PictureView]:
        page = window._pages[number]
        return [view for view in page.findChildren(PictureView) if not view.isVisible() and not view._image.isNull()]

    async def walk() -> None:
        assert not read(1)
        window.background_work()
        await until(lambda: read(1), "the first was not read ahead")
        assert not read(2)
        window.go(1)
        await until(lambda: read(2), "the second was not read ahead")
        assert not read(3)

    run(walk())


def test_a_stored_key_is_checked_again_and_removed_from_the_start_page(
    window: Wizard, run: Runner, keyring_session: None
) -> None:
    async def walk() -> None:
        vault.open_vault(practice=True).save("hitbtc2", Credentials(KEY, SECRET), datetime.date(2026, 1, 2))
        window._set_practice(True)
        window.background_work()
        await until(window.start_page.saved.isVisible, "the stored key was not found")
        assert "2026-01-02" in visible_words(window)
        click(find(window, "saved-check"))
        await until(lambda: window.draft.verdict is not None and window.check_page.run.isEnabled(), "no verdict")
        assert window.currentId() == CHECK
        assert window.check_page.verdict.heading() == WORDS.outcomes["works"].title
        assert not window.check_page.save.isVisible()
        assert not window.draft.may_lose
        window.go(START)
        await until(window.start_page.saved.isVisible, "it is gone")
        click(find(window, "saved-remove"))
        (box,) = window.findChildren(QMessageBox, "remove-question")
        click(next(b for b in box.buttons() if b.text() == WORDS.say("start.remove-yes")))
        await until(lambda: not window.start_page.saved.isVisible(), "it stayed")
        assert vault.open_vault(practice=True).load("hitbtc2") is None

    run(walk())


def test_a_practice_address_is_never_left_in_the_real_form(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        to_check_page(window)
        window.go(NOTICE)
        click(window.notice_page.look_up)
        await until(lambda: window.notice_page.own.text() == "203.0.113.7", "not found")
        window._leave_practice()
        assert window.notice_page.own.text() == ""
        assert window.notice_page.own6.text() == ""
        assert not window.notice_page.understood.isChecked()

    run(walk())


def test_what_comes_of_a_save_is_worked_out_once(
    window: Wizard, run: Runner, keyring_session: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, under_way = window.check_page, [0]
    usual = page._refresh

    def refresh() -> None:
        under_way.append(under_way[-1] + 1)
        usual()
        under_way.append(under_way[-1] - 1)

    async def walk() -> None:
        to_check_page(window)
        await verdict_of(window)
        monkeypatch.setattr(page, "_refresh", refresh)
        click(page.save)
        await until(page.done.isVisible, "it was not saved")
        assert max(under_way) == 1
        assert page.body.isEnabled()

    run(walk())


def test_a_failing_test_after_a_save_is_shown(window: Wizard, run: Runner, keyring_session: None) -> None:
    async def walk() -> None:
        to_check_page(window)
        await verdict_of(window)
        click(window.check_page.save)
        await until(window.check_page.done.isVisible, "it was not saved")
        assert window.draft.entry == Credentials("", "")
        window._set_scenario("wrong-key")
        window.go(START)
        await window._check_saved("main")
        await until(lambda: window.draft.verdict is not None, "no verdict")
        assert window.draft.verdict is not None
        assert window.draft.verdict.outcome is Outcome.WRONG_KEY
        await until(window.check_page.verdict.isVisible, "the failure is not shown")
        assert not window.check_page.done.isVisible()
        assert not window.button(QWizard.WizardButton.FinishButton).isEnabled()

    run(walk())
    assert vault.open_vault(practice=True).forget("hitbtc2")


def test_going_back_keeps_the_remembered_step_to_the_page_shown(window: Wizard, settings: Settings) -> None:
    window.go(7)
    window.go(START)
    assert settings.get("step") == "7"


def test_back_turns_the_parts_of_a_page_as_next_does(window: Wizard) -> None:
    window.go(8)
    press(window, QWizard.WizardButton.NextButton)
    assert "2 of 3" in visible_words(window.currentPage())
    press(window, QWizard.WizardButton.BackButton)
    assert window.currentId() == 8
    assert "1 of 3" in visible_words(window.currentPage())
    press(window, QWizard.WizardButton.BackButton)
    assert window.currentId() < 8


def test_an_exchange_that_cannot_be_checked_offers_no_test(window: Wizard, run: Runner) -> None:
    to_check_page(window)
    window.data_page.exchange.setCurrentIndex(window.data_page.exchange.findData("cex"))
    window.check_page.refresh()
    assert not window.check_page.run.isEnabled()
    window.go(START)
    assert window.start_page.exchange.currentData() == "cex"


def test_a_bug_during_a_check_is_called_one_and_leaves_the_page_usable(
    window: Wizard, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object, **keywords: object) -> None:
        raise ZeroDivisionError

    async def walk() -> None:
        monkeypatch.setattr("palma_wizard.verify.check", broken)
        to_check_page(window)
        click(window.check_page.run)
        await until(lambda: window.check_page.state_line.text() == WORDS.say("error.unexpected"), "no sentence")
        assert window.check_page.run.isEnabled()

    run(walk())


def test_a_check_cancelled_before_its_first_step_leaves_the_page_usable(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        to_check_page(window)
        window.check_page.start()
        window.check_page.stop()
        await until(window.check_page.run.isEnabled, "the page is stuck")

    run(walk())


def test_nothing_is_cut_off_at_the_side_of_the_smallest_window(window: Wizard, run: Runner) -> None:
    window.resize(window.minimumSize())

    async def it_fits() -> None:
        await asyncio.sleep(0.05)
        page = window.currentPage()
        assert isinstance(page, Page)
        content = page.area.widget()
        assert content is not None
        assert content.width() <= page.area.viewport().width(), page.title_label.text()

    async def walk() -> None:
        for practising in (False, True):
            window._set_practice(practising)
            for number in range(12):
                window.go(number)
                await it_fits()
        window._leave_practice()
        for scenario in ("can-withdraw", "wrong-key"):
            to_check_page(window, scenario)
            await verdict_of(window)
            await it_fits()
            window.go(START)

    run(walk())


def test_what_was_done_while_practising_is_not_done_for_real(window: Wizard) -> None:
    click(window.start_page.choice("practise"))
    window.go(5)
    window._leave_practice()
    assert not any(window.rail._items[number].isEnabled() for number in range(1, 12))
