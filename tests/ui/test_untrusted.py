"""What others wrote - an exchange, the keyring, a settings file - is plain text, bounded, and starts nothing."""

from __future__ import annotations

import asyncio
import random
import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget

from palma_wizard import guide
from palma_wizard.exchanges import Check, CheckState, Credentials, Outcome, Reading, Right, RightState, Verdict
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import CHECK, START, Wizard
from tests.conftest import Runner
from tests.hands import click, until, visible_words

WORDS = guide.load()
MARKUP = "<b>198.51.100.9</b><img src=x>"


def labels(widget: QWidget) -> list[QLabel]:
    return widget.findChildren(QLabel)


def test_every_label_of_every_page_shows_plain_text(window: Wizard) -> None:
    for number in range(12):
        window.go(number)
    assert len(labels(window)) > 60
    assert [
        made.text() for made in labels(window) if made.text() and made.textFormat() is not Qt.TextFormat.PlainText
    ] == []


def test_what_an_exchange_lists_is_shown_as_it_is_and_no_more(window: Wizard, run: Runner) -> None:
    async def walk() -> None:
        window.draft.enter(Credentials("a" * 32, "b" * 32))
        rights = dict.fromkeys((Right.READ, Right.TRADE), RightState.CONFIRMED)
        reading = Reading(Outcome.WORKS, rights, allowed_addresses=(MARKUP, *["203.0.113.7"] * 255))
        row = Check("read", CheckState.GRANTED, 1, "HTTP 200")
        assert window.draft.finish(window.draft.begin(), Verdict("hitbtc2", False, reading, (row,)))
        window.go(CHECK)
        await until(lambda: MARKUP in visible_words(window), "it is not shown")
        shown = [made for made in labels(window.check_page) if "img src" in made.text()]
        assert all(made.textFormat() is Qt.TextFormat.PlainText for made in shown)
        assert max(len(made.text()) for made in labels(window.check_page)) < 2000

    run(walk())


def test_a_question_shows_the_name_of_an_account_as_plain_text(window: Wizard) -> None:
    window.start_page._ask_to_remove(MARKUP)
    (box,) = window.findChildren(QMessageBox, "remove-question")
    assert box.textFormat() is Qt.TextFormat.PlainText
    assert MARKUP in box.text()
    box.close()


SETTINGS = {
    "nothing of ours": b"\x00\xff\xfe" * 1000,
    "a list": b'["step", 4]',
    "objects": b'{"step": {"a": 4}, "exchange": ["hitbtc2"], "language": null, "geometry": 7}',
    "numbers without end": b'{"step": "' + b"9" * 50_000 + b'", "exchange": "hitbtc2"}',
    "longer than is read": b'{"step": "4", "exchange": "' + b"h" * 100_000 + b'"}',
    "nested without end": b"[" * 60_000,
    "a negative step": b'{"step": "-3", "exchange": "hitbtc2"}',
    "another exchange": b'{"step": "4", "exchange": "<b>nobody</b>"}',
    "a size that is none": b'{"geometry": "AAAA"}',
    "half a character": b'{"geometry": "\\ud800", "step": "\\ud800"}',
    "another language": b'{"language": "../../etc/passwd"}',
    "noise": random.Random(5).randbytes(20_000),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_broken_settings_file_is_no_reason_to_fail(name: str, app: object, run: Runner, tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    file.write_bytes(SETTINGS[name])

    async def walk() -> None:
        window = Wizard(WORDS, Settings(file))
        failed: list[bool] = []
        window.tasks.failed.connect(lambda: failed.append(True))
        window.show()
        await asyncio.sleep(0.05)
        assert window.currentId() == START
        if window.start_page.resume_button.isVisible():
            click(window.start_page.resume_button)
        for number in (3, START):
            window.go(number)
        assert failed == []
        window._leave()
        window.deleteLater()
        await asyncio.sleep(0.05)

    run(walk())


def test_a_settings_file_that_cannot_be_written_is_no_reason_to_fail(app: object, run: Runner, tmp_path: Path) -> None:
    async def walk() -> None:
        window = Wizard(WORDS, Settings(tmp_path))  # a folder
        window.show()
        window.go(3)
        assert window.currentId() == 3
        window._leave()
        window.deleteLater()
        await asyncio.sleep(0.05)

    run(walk())


def test_nothing_secret_is_among_the_settings() -> None:
    """The few things remembered from one start to the next."""
    source = (Path(guide.__file__).parent / "ui" / "wizard.py").read_text()
    assert set(re.findall(r"_settings\.set\((.*?),", source)) == {'"step"', '"exchange"', '"language"', '"geometry"'}


def test_settings_are_read_and_never_run() -> None:
    """PySide's own would unpickle them."""
    sources = (Path(guide.__file__).parent).rglob("*.py")
    assert not any(re.search(r"import .*(QSettings|pickle|marshal|shelve)", file.read_text()) for file in sources)
