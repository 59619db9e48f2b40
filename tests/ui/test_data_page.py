"""The form at step 9: what random hands found there, and what leaves its fields, each as a case of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QClipboard, QContextMenuEvent, QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

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


FIELDS = ["key", "secret", "user_id"]


def shown(window: Wizard, name: str) -> QLineEdit:
    """The field, filled and selected, with what it holds to be seen."""
    window.go(DATA)
    window.data_page.exchange.setCurrentIndex(window.data_page.exchange.findData("cex"))
    line = line_of(window, name)
    line.setEchoMode(QLineEdit.EchoMode.Normal)
    line.setText("madeup-value")
    window.activateWindow()
    line.setFocus()
    line.selectAll()
    return line


def from_the_menu(line: QLineEdit, name: str) -> None:
    place = line.rect().center()
    QApplication.sendEvent(
        line,
        QContextMenuEvent(
            QContextMenuEvent.Reason.Mouse, place, line.mapToGlobal(place), Qt.KeyboardModifier.NoModifier
        ),
    )
    menu = line.findChild(QMenu)
    assert menu is not None
    for action in menu.actions():
        if action.objectName() == name:
            action.trigger()
    menu.close()


CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
AWAY: dict[str, tuple[Callable[[QLineEdit], object], str]] = {
    "Ctrl+C": (lambda line: QTest.keyClick(line, Qt.Key.Key_C, CTRL), "madeup-value"),
    "Ctrl+Insert": (lambda line: QTest.keyClick(line, Qt.Key.Key_Insert, CTRL), "madeup-value"),
    "Ctrl+X": (lambda line: QTest.keyClick(line, Qt.Key.Key_X, CTRL), ""),
    "Shift+Delete": (lambda line: QTest.keyClick(line, Qt.Key.Key_Delete, SHIFT), ""),
    "Ctrl+U": (lambda line: QTest.keyClick(line, Qt.Key.Key_U, CTRL), ""),
    "Ctrl+K": (lambda line: [QTest.keyClick(line, Qt.Key.Key_Home), QTest.keyClick(line, Qt.Key.Key_K, CTRL)], ""),
    "copy in the menu": (lambda line: from_the_menu(line, "edit-copy"), "madeup-value"),
    "cut in the menu": (lambda line: from_the_menu(line, "edit-cut"), ""),
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("way", AWAY)
def test_what_is_copied_out_of_a_field_is_marked_and_taken_back(window: Wizard, name: str, way: str) -> None:
    line = shown(window, name)
    copy, left = AWAY[way]
    QGuiApplication.clipboard().setText("something else")
    copy(line)
    held = QGuiApplication.clipboard().mimeData()
    assert (held.text(), line.text()) == ("madeup-value", left)
    assert held.hasFormat("x-kde-passwordManagerHint")
    window.clipboard.take_back()
    assert QGuiApplication.clipboard().text() == ""


@pytest.mark.parametrize("way", AWAY)
def test_a_covered_secret_is_not_copied_and_a_field_that_waits_is_not_cut(window: Wizard, way: str) -> None:
    line = shown(window, "secret")
    line.setEchoMode(QLineEdit.EchoMode.Password)
    line.setReadOnly(True)
    QGuiApplication.clipboard().setText("something else")
    AWAY[way][0](line)
    assert QGuiApplication.clipboard().text() == "something else"
    assert line.text() == "madeup-value"


SELECTED: dict[str, Callable[[QLineEdit], object]] = {
    "keys": lambda line: QTest.keyClick(line, Qt.Key.Key_Home, SHIFT),
    "all": lambda line: QTest.keyClick(line, Qt.Key.Key_A, CTRL),
    "two clicks": lambda line: (
        QTest.mouseDClick(line, Qt.MouseButton.LeftButton, pos=QPoint(20, 10)),
        QTest.mouseRelease(line, Qt.MouseButton.LeftButton, pos=QPoint(20, 10)),
    ),
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("way", SELECTED)
def test_what_is_selected_in_a_field_is_not_pasted_by_the_middle_button(window: Wizard, name: str, way: str) -> None:
    line = shown(window, name)
    line.deselect()
    board, selection = QGuiApplication.clipboard(), QClipboard.Mode.Selection
    assert board.supportsSelection()
    board.setText("something else", selection)
    SELECTED[way](line)
    assert line.selectedText()
    assert board.text(selection) in {"", "something else"}
    assert not line.dragEnabled()


PASTED: dict[str, Callable[[QLineEdit], object]] = {
    "the button": lambda line: click(find(line.window(), f"paste-{line.objectName().replace('_', '-')}")),
    "Ctrl+V": lambda line: QTest.keyClick(line, Qt.Key.Key_V, CTRL),
    "the menu": lambda line: from_the_menu(line, "edit-paste"),
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("way", PASTED)
@pytest.mark.parametrize("text", ["\u200b\u2060", " \n", '""'])
def test_a_paste_of_nothing_that_can_be_seen_leaves_the_field(window: Wizard, name: str, way: str, text: str) -> None:
    line = shown(window, name)
    QGuiApplication.clipboard().setText(text)
    PASTED[way](line)
    assert line.text() == "madeup-value"
    assert getattr(window.draft.entry, name) == "madeup-value"
    assert guide.load().say("data.paste-empty") in visible_words(window)
    QGuiApplication.clipboard().setText("another")
    line.selectAll()
    PASTED[way](line)
    assert line.text() == "another"
    assert guide.load().say("data.paste-empty") not in visible_words(window)
