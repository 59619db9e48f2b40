"""What a person's hands and eyes do with the window, for the tests that drive it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from palma_wizard.exchanges import Verdict
from palma_wizard.ui.wizard import CHECK, DATA, Wizard


def find(window: QWidget, name: str) -> QPushButton:
    found = window.findChild(QPushButton, name)
    assert found is not None, name
    return found


def click(widget: QWidget | None) -> None:
    assert widget is not None
    assert widget.isVisible(), widget.objectName()
    assert widget.isEnabled(), widget.objectName()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


async def until(condition: Callable[[], object], what: str, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


async def press_test(window: Wizard) -> Verdict:
    """On the last page, once it may be pressed: the verdict, when the check is over."""
    window.go(CHECK)
    await until(window.check_page.run.isEnabled, "the test cannot be pressed")
    click(window.check_page.run)
    await until(lambda: window.draft.verdict is not None and window.check_page.cancel.isHidden(), "no verdict")
    assert window.draft.verdict is not None
    return window.draft.verdict


async def try_practice_key(window: Wizard) -> Verdict:
    window.go(DATA)
    click(find(window, "practice-fill"))
    return await press_test(window)


def visible_words(window: QWidget) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def note_what_is_opened(monkeypatch: pytest.MonkeyPatch, *, browser_opens: bool = True) -> list[str]:
    opened: list[str] = []

    def note(url: QUrl) -> bool:
        opened.append(url.toString())
        return browser_opens

    monkeypatch.setattr("palma_wizard.ui.page.QDesktopServices.openUrl", note)
    return opened
