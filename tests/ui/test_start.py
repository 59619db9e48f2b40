"""What there is at the first paint, what comes after it, and that a person may be faster than that."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWizard

from palma_wizard import guide
from palma_wizard.ui import language
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, START, Wizard
from tests.conftest import Runner
from tests.hands import click, until, visible_words

ALL = [*range(12)]


@pytest.fixture
def fresh(app: QApplication, run: Runner, settings: Settings) -> Iterator[Wizard]:
    """As it is when it is painted for the first time."""
    made = Wizard(guide.load(), settings)
    made.show()
    assert QTest.qWaitForWindowExposed(made)
    assert [*made._pages] == [START]
    yield made
    made._leaving = True
    for dialog in made.findChildren(QDialog):
        dialog.close()
    made.close()
    run(asyncio.sleep(0))
    made.deleteLater()
    QApplication.processEvents()
    language.speak(app, "en")


def test_before_the_first_paint_there_are_qt_and_the_first_page_alone(screen: None, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from palma_wizard import __main__, guide
from palma_wizard.ui import app, wizard
from palma_wizard.ui.settings import Settings
application = app.make_application()
window = wizard.Wizard(guide.load(), Settings(Path(sys.argv[1])))
window.show()
application.processEvents()
print(*window.pageIds())
print(*sys.modules)
import linecache
print(*linecache.cache)
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code, str(tmp_path / "window.json")]
    subprocess.run(command, capture_output=True, check=True, env=environment)  # keeps the guide parsed
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    pages, modules, sources = done.stdout.split("\n", 2)
    assert "palma_wizard" not in sources, "PySide reads the source of what is imported"
    assert pages == str(START)
    others = {"requests", "urllib3", "keyring", "asyncio", "qasync", "flask", "nacl", "tomllib", "dataclasses", "html"}
    own = {"practice", "verify", "vault", "address", "news", "transport"}
    ui = {"check_page", "data_page", "notice_page", "guide_page", "picture", "copy_panel", "flow"}
    late = others | {f"palma_wizard.{name}" for name in own} | {f"palma_wizard.ui.{name}" for name in ui}
    assert not late & set(modules.split()), done.stderr


@pytest.mark.parametrize("soon", [0, 1, 20, 100])
def test_closed_at_once_it_ends(screen: None, tmp_path: Path, soon: int) -> None:
    code = f"""
from PySide6.QtCore import QTimer
from palma_wizard import __main__
from palma_wizard.ui.wizard import Wizard
usual = Wizard.showEvent
def show(self, event):
    usual(self, event)
    QTimer.singleShot({soon}, self, self.close)
Wizard.showEvent = show
raise SystemExit(__main__.main([]))
"""
    environment = os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_other_pages_follow_and_nothing_is_seen_of_it(fresh: Wizard, run: Runner) -> None:
    async def walk() -> None:
        words, seen, titles = visible_words(fresh), fresh.grab().toImage(), fresh.windowTitle()
        focus = fresh.focusWidget()
        fresh.background_work()
        await until(lambda: fresh.pageIds() == ALL, "the other pages were not made")
        assert (fresh.currentId(), fresh.windowTitle(), fresh.focusWidget()) == (START, titles, focus)
        assert visible_words(fresh) == words
        assert fresh.grab().toImage() == seen
        assert [*fresh._pages] == [START, DATA, NOTICE, CHECK, *range(1, DATA)]

    run(walk())


def test_the_window_lives_while_the_other_pages_are_made(fresh: Wizard, run: Runner) -> None:
    async def walk() -> None:
        fresh.background_work()
        await until(lambda: len(fresh.pageIds()) > 1, "no other page was made")
        assert fresh.pageIds() != ALL
        fresh.start_page.choice("begin").click()
        assert fresh.pageIds() == ALL
        assert fresh.currentId() == 1
        await until(lambda: fresh.start_page._may_look, "what waits for the first paint was forgotten")
        assert fresh.currentId() == 1

    run(walk())


@pytest.mark.parametrize(
    "choice, page",
    {
        "begin": (lambda w: click(w.start_page.choice("begin")), 1),
        "have a key": (lambda w: click(w.start_page.choice("have-key")), DATA),
        "practise": (lambda w: click(w.start_page.choice("practise")), 1),
        "next": (lambda w: w.next(), 1),
        "another exchange": (lambda w: w.start_page.exchange.setCurrentIndex(1), START),
        "another language": (lambda w: w.rail.language_chosen.emit("de"), START),
        "other colours": (lambda w: w.rebuild(), START),
        "beside the browser": (lambda w: w._set_compact(True), START),
        "help": (lambda w: w._open_help(), START),
    }.items(),
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_whoever_is_faster_than_the_other_pages_gets_them_at_once(
    fresh: Wizard, run: Runner, choice: str, page: tuple[Callable[[Wizard], object], int]
) -> None:
    act, number = page
    act(fresh)
    assert fresh.currentId() == number
    fresh.complete()
    last = [DATA, NOTICE, CHECK]
    assert fresh.pageIds() == [START, *range(1, len(fresh._guide.steps[fresh.draft.exchange]) - 1), *last]
    practising, compact = choice == "practise", choice == "beside the browser"
    for each in fresh._pages.values():
        assert each.banner.isVisibleTo(each) == practising
        assert each.guide is fresh._guide
        assert each._side == (16 if compact else 32)


def test_the_next_page_is_the_one_that_will_be_there(fresh: Wizard, run: Runner) -> None:
    for exchange in fresh._guide.steps:
        fresh._choose_exchange(exchange)
        for number in fresh.pageIds():
            fresh.go(number)
            assert fresh.nextId() == QWizard.nextId(fresh)


def test_closing_before_the_other_pages_are_made_is_quick_and_makes_none(fresh: Wizard, run: Runner) -> None:
    closed: list[bool] = []
    fresh.closed.connect(lambda: closed.append(True))
    fresh.close()
    assert closed == [True]
    assert fresh.pageIds() == [START]
