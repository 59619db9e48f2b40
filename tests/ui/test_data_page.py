"""The form at step 9: what random hands found there, each as a case of its own."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from palma_wizard import guide
from palma_wizard.exchanges import Credentials
from palma_wizard.ui.wizard import DATA, Wizard
from tests.hands import click, find, visible_words


def line_of(window: Wizard, name: str) -> QLineEdit:
    found = window.data_page.findChild(QLineEdit, name)
    assert found is not None
    return found


@pytest.mark.parametrize("exchange, names", [("hitbtc2", ["key", "secret"]), ("cex", ["key", "secret", "user_id"])])
def test_the_fields_stay_filled_when_the_form_becomes_complete(window: Wizard, exchange: str, names: list[str]) -> None:
    window.go(DATA)
    window.data_page.exchange.setCurrentIndex(window.data_page.exchange.findData(exchange))
    for name in names:
        QGuiApplication.clipboard().setText(f"madeup-{name}")
        click(find(window, f"paste-{name.replace('_', '-')}"))
    assert window.data_page.isComplete()
    assert [line_of(window, name).text() for name in names] == [f"madeup-{name}" for name in names]
    QTest.keyClick(line_of(window, "key"), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(line_of(window, "key"), Qt.Key.Key_Delete)
    assert not window.data_page.isComplete()
    assert line_of(window, "secret").text() == window.draft.entry.secret == "madeup-secret"


def test_an_undo_that_empties_the_secret_empties_it_in_the_draft(window: Wizard) -> None:
    window.go(DATA)
    secret = line_of(window, "secret")
    QTest.keyClicks(secret, "madeup-secret")
    QTest.keyClick(secret, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert secret.text() == ""
    assert window.draft.entry == Credentials("", "")


def test_a_space_typed_between_wide_characters_leaves_the_cursor_between_them(window: Wizard) -> None:
    window.go(DATA)
    key = line_of(window, "key")
    key.setText("🔑🔑")
    key.setCursorPosition(2)
    QTest.keyClicks(key, " ")
    assert (key.text(), key.cursorPosition()) == ("🔑🔑", 2)
    QTest.keyClicks(key, "x")
    assert key.text() == window.draft.entry.key == "🔑x🔑"


def test_half_a_character_is_not_left_in_the_field(window: Wizard) -> None:
    """PySide leaves it out of the text that Python sees, but Qt shows it."""
    window.go(DATA)
    key = line_of(window, "key")
    typed = QInputMethodEvent()
    typed.setCommitString("ab\ud83dc")
    QApplication.sendEvent(key, typed)
    assert key.text() == window.draft.entry.key == "abc"
    assert QAccessible.queryAccessibleInterface(key).textInterface().characterCount() == 3
    assert guide.load().say("removed.invisible") in visible_words(window)
