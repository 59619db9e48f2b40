"""A newer version is told of quietly, and nobody is asked for one but by those who want it, once a day."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Callable, Iterator

import pytest
from nacl.signing import SigningKey
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtTest import QTest

from palma_wizard import __version__, guide, news
from palma_wizard.news import Source
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import START, Wizard
from tests.announcements import PAGE, hear, signed, source
from tests.conftest import Runner
from tests.hands import click, find, note_what_is_opened, until, visible_words
from tests.servers import Server, never_ends, replies, resets, waits
from tests.ui.test_accessibility import by_tab, disorder, faults

WORDS = guide.load()
Opened = Callable[[Source], Wizard]


def there(version: str) -> str:
    return WORDS.say("start.news-there", version=version)


@pytest.fixture
def opened(run: Runner, settings: Settings, monkeypatch: pytest.MonkeyPatch, keyring_session: None) -> Iterator[Opened]:
    """Opens the window of a program that believes the given source, as it is after its first paint."""
    made: list[Wizard] = []

    def open_window(believed: Source) -> Wizard:
        monkeypatch.setattr(news, "source", lambda: believed)
        window = Wizard(WORDS, settings)
        made.append(window)
        window.show()
        assert QTest.qWaitForWindowExposed(window)
        return window

    yield open_window
    for window in made:
        run(at_rest(window))
        window._leaving = True
        window.close()
        run(asyncio.sleep(0))
        window.deleteLater()


async def at_rest(window: Wizard) -> None:
    """The keyring has answered, too."""
    await until(lambda: not window.tasks._running, "a question goes on")


@contextlib.contextmanager
def announcing(line: str) -> Iterator[Server]:
    with Server(replies(signed(line))) as server:
        yield server


def of(server: Server) -> Source:
    return source(f"{server.url}/a.txt")


async def wait_in_vain(window: Wizard, server: Server) -> None:
    """Long enough for a question on loopback to be asked and answered."""
    window.background_work()
    await asyncio.sleep(1)
    assert not window.start_page.news.isVisible()
    assert server.connections == 0


def today(days: int = 0) -> str:
    return (datetime.datetime.now().astimezone().date() + datetime.timedelta(days)).isoformat()


def test_as_shipped_the_choice_is_not_offered_and_nobody_is_asked(
    settings: Settings, opened: Opened, run: Runner
) -> None:
    hear(settings, asked=today(-1))
    with announcing("9.9.9 2026-01-01") as server:
        window = opened(Source(f"{server.url}/a.txt", PAGE, ()))
        run(wait_in_vain(window, server))
        assert not window.start_page.news.choice.isVisible()


def test_nobody_is_asked_who_did_not_say_so(settings: Settings, opened: Opened, run: Runner) -> None:
    with announcing("9.9.9 2026-01-01") as server:
        window = opened(of(server))
        run(wait_in_vain(window, server))
        tick = window.start_page.news.tick
        assert tick.isVisible()
        assert not tick.isChecked()
        assert "127.0.0.1" in tick.accessibleDescription()
        assert settings.get("news-asked") == ""


def test_a_tick_asks_at_once_and_a_newer_version_is_told_without_taking_the_focus(
    settings: Settings, opened: Opened, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def note(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            told.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", note)
    browser = note_what_is_opened(monkeypatch)

    async def walk() -> None:
        window.background_work()
        tick = window.start_page.news.tick
        tick.setFocus()
        QTest.keyClick(tick, Qt.Key.Key_Space)
        await until(lambda: there("9.9.9") in visible_words(window), "it is not told")
        assert told.count(there("9.9.9")) == 1
        assert window.focusWidget() is tick
        window.go(1)
        window.go(START)
        await asyncio.sleep(0.3)
        assert there("9.9.9") in visible_words(window)
        assert told.count(there("9.9.9")) == 1, "it was told already"
        press = find(window, "news-open")
        press.setFocus()
        QTest.keyClick(press, Qt.Key.Key_Space)
        assert browser == [PAGE]
        assert window.currentId() == START

    with announcing("9.9.9 2026-01-01") as server:
        window = opened(of(server))
        run(walk())
        assert len(server.asked) == 1
    assert settings.get("news") == "yes"
    assert settings.get("news-asked") == today()


@pytest.mark.parametrize("asked, questions", [(0, 0), (-1, 1), (-400, 1), (400, 1)])
def test_it_is_asked_once_a_day_and_a_clock_set_back_does_not_end_that(
    asked: int, questions: int, settings: Settings, opened: Opened, run: Runner
) -> None:
    hear(settings, "8.8.8 2026-01-01", asked=today(asked))

    async def walk() -> None:
        window.background_work()
        await until(lambda: there("9.9.9" if questions else "8.8.8") in visible_words(window), "it is not told")
        window.go(1)
        window.go(START)
        await asyncio.sleep(0.3)

    with announcing("9.9.9 2026-01-02") as server:
        window = opened(of(server))
        run(walk())
        assert len(server.asked) == questions


FAILURES = {
    "this version": replies(signed(f"{__version__} 2026-01-01")),
    "an older one": replies(signed("0.0.1 2026-01-01")),
    "not found": replies(b"", status="404 Not Found"),
    "not signed": replies(b"9.9.9 2026-01-01\n"),
    "without end": never_ends(),
    "hung up": resets,
}


@pytest.mark.parametrize("name", FAILURES)
def test_where_there_is_nothing_to_tell_nothing_is_said(
    name: str, settings: Settings, opened: Opened, run: Runner
) -> None:
    settings.set("news", "yes")

    async def walk() -> None:
        window.background_work()
        await until(lambda: server.asked, "nobody was asked")
        await until(lambda: window.start_page.news._stop is None, "it does not end")
        assert settings.get("news-asked") == today()
        assert not window.start_page.news.isVisible()
        assert window.start_page.state_line.isHidden()

    with Server(FAILURES[name]) as server:
        window = opened(of(server))
        run(walk())


def test_what_was_heard_stays_until_something_later_is(settings: Settings, opened: Opened, run: Runner) -> None:
    """One from before it, played again, does not count; a later one may take it back."""
    hear(settings, "9.9.9 2026-03-01", asked=today(-1))

    async def ask(server: Server, ends_with: str) -> None:
        window.background_work()
        await until(lambda: server.asked, "nobody was asked")
        await until(lambda: settings.get("news-heard") == signed(ends_with).decode(), "another is kept")
        await until(lambda: window.start_page.news._stop is None, "it does not end")

    with announcing("9.9.8 2026-02-28") as server:
        window = opened(of(server))
        run(ask(server, "9.9.9 2026-03-01"))
        assert there("9.9.9") in visible_words(window)
    settings.set("news-asked", today(-1))
    with announcing("0.0.1 2026-03-01") as server:
        window = opened(of(server))
        run(ask(server, "0.0.1 2026-03-01"))
        assert not window.start_page.news.isVisible()


def test_while_practising_nobody_is_asked(settings: Settings, opened: Opened, run: Runner) -> None:
    hear(settings, asked=today(-1))

    async def walk() -> None:
        window._leave_practice()
        await until(window.start_page.news.isVisible, "it is not told after practising")

    with announcing("9.9.9 2026-01-01") as server:
        window = opened(of(server))
        window._set_practice(True)
        run(wait_in_vain(window, server))
        assert not window.start_page.news.choice.isVisible()
        run(walk())


def test_without_the_tick_it_is_gone_and_a_question_under_way_ends(
    settings: Settings, opened: Opened, run: Runner
) -> None:
    hear(settings, asked=today(-1))

    async def walk() -> None:
        window.background_work()
        await until(window.start_page.news.isVisible, "what was heard is not told")
        await until(lambda: server.asked, "nobody was asked")
        click(window.start_page.news.tick)
        assert not window.start_page.news.isVisible()
        await until(server.ended.is_set, "the question goes on", seconds=3)

    with Server(waits) as server:
        window = opened(of(server))
        run(walk())
    assert settings.get("news") == ""
    assert settings.get("news-asked") == today(-1), "a question that was given up is no question"


@pytest.mark.parametrize("compact", [False, True])
def test_it_can_be_heard_and_worked_with_the_keyboard(
    compact: bool, settings: Settings, opened: Opened, run: Runner
) -> None:
    hear(settings)

    async def walk() -> None:
        window._set_compact(compact)
        window.background_work()
        await until(window.start_page.news.isVisible, "it is not told")
        assert [*faults(window), *disorder(window)] == []
        assert {window.start_page.news.tick, find(window, "news-open")} <= set(by_tab(window))

    window = opened(source())
    run(walk())


def test_what_a_key_said_that_no_longer_counts_is_not_told_and_does_not_stand_before_what_another_says(
    settings: Settings, opened: Opened, run: Runner
) -> None:
    hear(settings, "9.9.9 9999-12-31", key=SigningKey(bytes(32)), asked=today(-1))

    async def walk() -> None:
        window.background_work()
        await until(lambda: there("9.9.8") in visible_words(window), "it is not told")

    with announcing("9.9.8 2026-01-01") as server:
        window = opened(of(server))
        run(walk())
    assert settings.get("news-heard") == signed("9.9.8 2026-01-01").decode()


@pytest.mark.parametrize("kept", ["9.9.9 2026-01-01", f"9.9.9 2026-01-01\n{'0' * 128}\n", "9" * 5000, "\ud800"])
def test_what_somebody_wrote_into_the_settings_is_not_shown(
    kept: str, settings: Settings, opened: Opened, run: Runner
) -> None:
    hear(settings)
    settings.set("news-heard", kept)
    with announcing("9.9.9 2026-01-01") as server:
        run(wait_in_vain(opened(of(server)), server))


def test_a_damaged_list_of_keys_keeps_nobody_from_the_window(window: Wizard, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> Source:
        raise ValueError("updates.toml")

    monkeypatch.setattr(news, "source", damaged)
    window.rebuild()
    assert window.start_page.choice("begin").isVisible()
    assert not window.start_page.news.choice.isVisible()
