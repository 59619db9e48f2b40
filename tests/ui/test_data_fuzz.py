"""The form at step 9 under random hands: whatever is pasted, typed, dropped or pressed, fields and draft stay one."""

from __future__ import annotations

import asyncio
import logging
import os
import string
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QAccessible,
    QClipboard,
    QDrag,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from palma_wizard import entry
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.practice import KEYS
from palma_wizard.secrecy import writings
from palma_wizard.ui.page import Page
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import DATA, START, Wizard
from tests.hands import click, find, visible_words

INPUTS = int(os.environ.get("PALMA_FORM_INPUTS", "60"))
"""Texts that are put into the form in one of the ways."""

TEXTS_IN_A_ROW: Final = 6
LONGEST_STEP: Final = 3.0
"""Seconds."""

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Hit = tuple[Qt.Key, Qt.KeyboardModifier]

NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
K = Qt.Key
NAMES: Final = ("key", "secret", "user_id")
OWN: Final = {text for own in KEYS.values() for text in (own.key, own.secret, own.user_id)}

EDITS: Final[list[Hit]] = [
    *((K.Key_Backspace, NONE), (K.Key_Delete, NONE), (K.Key_Backspace, CTRL), (K.Key_Delete, CTRL)),
    *((K.Key_A, CTRL), (K.Key_K, CTRL), (K.Key_U, CTRL), (K.Key_Z, CTRL), (K.Key_Z, CTRL | SHIFT), (K.Key_Y, CTRL)),
    *((K.Key_Home, NONE), (K.Key_End, NONE), (K.Key_Left, NONE), (K.Key_Right, NONE), (K.Key_Home, SHIFT)),
    *((K.Key_Left, SHIFT), (K.Key_Right, SHIFT), (K.Key_Right, CTRL | SHIFT), (K.Key_Return, NONE)),
    *((K.Key_Escape, NONE), (K.Key_Tab, NONE), (K.Key_Up, NONE), (K.Key_Space, NONE)),
]
COPIES: Final[list[Hit]] = [
    *((K.Key_C, CTRL), (K.Key_X, CTRL), (K.Key_Insert, CTRL), (K.Key_Delete, SHIFT), (K.Key_K, CTRL), (K.Key_U, CTRL)),
]
PASTES: Final[list[Hit]] = [(K.Key_V, CTRL), (K.Key_Insert, SHIFT), (K.Key_Insert, CTRL | SHIFT)]

# -- what is put in --

PIECES: Final = [
    *("a", "Z9", "-_", " ", "\t", "\r\n", "\u00a0", "\u3000", "\u2028", "\x1c", "\x85"),
    *("\0", "\x1b[2J", "\x7f", "\u200b", "\ufeff", "\u00ad", "\ue000", "\uffff", "\U000e0041"),
    *("\u202e", "\u200f", "\u2067", "\u0633\u0644", "\u05d0", "e\u0301", "\u0e01\u0e33", "\u0301" * 30),
    *("🔑", "👩\u200d👩\u200d👧", "🇩🇪", "\U0010ffff", "\ud83d", "\udd11", "\ud800", "\udfff"),
    *('"', "'", "“", "’", "«", "`", "key:", "Secret = ", "name@example.com", "practice"),
    *("<b>bold</b>", "<img src=x onerror=alert(1)>", "&amp;", "</p>", "<!--", "%s%n{0}", "[link](x)", "\\x00"),
]
pieces = st.sampled_from(PIECES)
plain = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=64)
mixed = st.lists(pieces | plain, max_size=8).map("".join)
anything = st.text(st.characters(), max_size=60)
long = st.builds(
    lambda front, piece, size, back: (front + piece * (size // len(piece)))[: size - len(back)] + back,
    st.sampled_from(["", "a", "🔑", '"']),
    pieces,
    st.sampled_from([300, 511, 512, 513, 4095, 4096, 4097, 32_767, 32_768, 100_000]),
    st.sampled_from(["", "b", '"', "🔑", ' "b']),
)
edge = st.builds(lambda size, piece, back: "a" * size + piece + back, st.integers(505, 515), pieces, st.just("bcd"))
texts = st.one_of(plain, mixed, mixed, anything, long, edge)
secrets = st.text(string.ascii_letters + string.digits, min_size=8, max_size=40).map("zq7".__add__)

# -- what hands do --

fields = st.sampled_from(NAMES)


def action(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *arguments)


putting_in = st.one_of(
    action("paste", fields, texts),
    action("paste", st.just("secret"), secrets),
    action("paste_with_keys", fields, texts, st.sampled_from(PASTES), st.booleans()),
    action("paste_with_keys", st.just("secret"), secrets, st.sampled_from(PASTES), st.booleans()),
    action("paste_with_middle_button", fields, texts),
    action("strike", fields, pieces | st.characters()),
    action("compose", fields, texts, st.integers(0, 3)),
    action("drop", fields, texts, st.sampled_from(["text", "html", "urls", "bytes", "nothing"])),
    action("drop", st.just("secret"), secrets, st.just("text")),
)
other = st.one_of(
    action("hit", fields, st.sampled_from(EDITS)),
    action("hit", fields, st.sampled_from(EDITS)),
    action("put_cursor", fields, st.integers(0, 40)),
    action("copy_out", fields, st.sampled_from(COPIES)),
    action("drag_out", fields),
    action("choose_from_menu", fields, st.integers(0, 9)),
    action("reveal"),
    action("reveal", st.just(True)),
    action("let_go"),
    action("choose_exchange", st.integers(0, len(EXCHANGES) - 1)),
    action("fill"),
    action("practise"),
    action("stop_practising"),
    action("leave", st.integers(START, 11)),
    action("leave", st.integers(START, 11)),
    action("minimise"),
)
rows = st.lists(st.tuples(putting_in, st.lists(other, max_size=3)), min_size=TEXTS_IN_A_ROW, max_size=TEXTS_IN_A_ROW)
Row = list[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]


def units(text: str) -> int:
    """As Qt counts."""
    return len(text.encode("utf-16-le")) // 2


class Hands:
    """Does one thing after the other, and after each looks whether all still holds."""

    def __init__(self, window: Wizard, folder: Path, settings: Settings, log: pytest.LogCaptureFixture) -> None:
        self.window, self.page, self.folder, self.settings, self.log = window, window.data_page, folder, settings, log
        self.lines = {name: self._line(name) for name in NAMES}
        self.bugs: list[object] = []
        self.held = False
        self.inputs = 0
        self.slowest = 0.0
        window.tasks.failed.connect(lambda: self.bugs.append("a task failed"))
        self.secrets: dict[str, list[str]] = {}
        self.shown = Credentials("", "")

    def _line(self, name: str) -> QLineEdit:
        found = self.page.findChild(QLineEdit, name)
        assert found is not None
        return found

    async def anew(self) -> None:
        self.let_go()
        if self.window.draft.practice:
            self.window._leave_practice()
        self.window.go(START)
        self.window._choose_exchange(next(iter(EXCHANGES)))
        self.window.draft.clear()
        self.window.go(DATA)
        self.secrets.clear()
        self.log.clear()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def do(self, name: str, *arguments: Any) -> None:
        begun = time.monotonic()
        came = getattr(self, name)(*arguments)
        if came is not None:
            await came
        await self.settle()
        took = time.monotonic() - begun
        self.slowest = max(self.slowest, took)
        self.holds()
        assert took < LONGEST_STEP, f"{name} took {took:.2f} s"

    # -- what must be so at any time --

    def holds(self) -> None:
        assert self.bugs == []
        draft = self.window.draft.entry
        if self.page.isVisible():
            for name, line in self.lines.items():
                self.field_holds(line, getattr(draft, name))
            self.shown = draft
        else:
            assert [line.text() for line in self.lines.values()] == [""] * 3, "left behind on a page nobody sees"
            self.nothing_to_undo()
        if not self.held:
            assert self.lines["secret"].echoMode() is QLineEdit.EchoMode.Password
        self.secret_stays_in(draft.secret)

    def field_holds(self, line: QLineEdit, entered: str) -> None:
        text = line.text()
        # Lists, so that a failure shows no long comparison of texts.
        assert [entered] == [text], "the draft holds something else than the field shows"
        assert [entry.clean(text).text] == [text], "what cannot belong to it was kept"
        assert len(text) <= entry.LENGTH_LIMIT
        told = QAccessible.queryAccessibleInterface(line).textInterface()
        assert told.characterCount() == units(text), "half a character, which Python is not told of"
        text.encode("utf-16-le")[: line.cursorPosition() * 2].decode("utf-16-le")

    def nothing_to_undo(self) -> None:
        for line in self.lines.values():
            assert not line.isUndoAvailable()
            assert not line.isRedoAvailable()

    def secret_stays_in(self, secret: str) -> None:
        if len(secret) >= 8 and not any(secret in own for own in OWN):
            self.secrets.setdefault(secret, [each for each in writings(secret) if len(each) >= 8])
        line = self.lines["secret"]
        told = []
        if line.echoMode() is not QLineEdit.EchoMode.Normal:
            interface = QAccessible.queryAccessibleInterface(line)
            told = [interface.text(kind) for kind in QAccessible.Text]
            told.append(interface.textInterface().text(0, line.cursorPosition() + 1))
        told += [self.window.windowTitle(), visible_words(self.window)]
        told += [f"{record.getMessage()} {record.args!r}" for record in self.log.records]
        told += [file.read_bytes().decode("latin-1") for file in self.folder.iterdir() if file.is_file()]
        everything = "\n".join(told)
        for each in self.secrets.values():
            assert not any(written in everything for written in each), "a secret is to be read"

    # -- hands --

    def line(self, name: str) -> QLineEdit:
        """With the keyboard on it, back on the page where need be; the user ID of a form that asks none is the key."""
        if not self.page.isVisible():
            self.come_back()
        line = self.lines[name] if self.lines[name].isVisible() else self.lines["key"]
        line.setFocus()
        assert line.hasFocus()
        return line

    def come_back(self) -> None:
        before = self.window.draft.entry
        self.window.go(DATA)
        assert self.page.isVisible()
        assert [line.text() for line in self.lines.values()] == [before.key, before.secret, before.user_id]
        self.nothing_to_undo()
        assert self.lines["secret"].echoMode() is QLineEdit.EchoMode.Password
        QTest.keyClick(self.lines["key"], K.Key_Z, CTRL)
        assert self.window.draft.entry == before

    def paste(self, name: str, text: str) -> None:
        self.inputs += 1
        line = self.line(name)
        QGuiApplication.clipboard().setText(text)
        told = QGuiApplication.clipboard().text()
        before = line.text()
        click(find(self.page, f"paste-{line.objectName().replace('_', '-')}"))
        assert [line.text()] == [entry.clean(told).text or before]

    def paste_with_keys(self, name: str, text: str, hit: Hit, replaces: bool) -> None:
        self.inputs += 1
        line = self.line(name)
        for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
            QGuiApplication.clipboard().setText(text, mode)
        if replaces:
            QTest.keyClick(line, K.Key_A, CTRL)
            for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
                QGuiApplication.clipboard().setText(text, mode)
        before = line.text()
        QTest.keyClick(line, *hit)
        if replaces and len(text) < 16_000:
            # Where nothing of it can be part of a key, nothing is pasted.
            assert [line.text()] == [entry.clean(text).text or before]

    def paste_with_middle_button(self, name: str, text: str) -> None:
        self.inputs += 1
        line = self.line(name)
        QGuiApplication.clipboard().setText(text, QClipboard.Mode.Selection)
        QTest.mouseClick(line, Qt.MouseButton.MiddleButton)

    def strike(self, name: str, text: str) -> None:
        self.inputs += 1
        line = self.line(name)
        for character in text:
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                QApplication.sendEvent(line, QKeyEvent(kind, 0, NONE, character))

    def compose(self, name: str, text: str, takes_away: int) -> None:
        """As an input method does: shown first, then committed, perhaps in place of what stands before."""
        self.inputs += 1
        line = self.line(name)
        QApplication.sendEvent(line, QInputMethodEvent(text[:20], []))
        done = QInputMethodEvent()
        done.setCommitString(text, -takes_away, takes_away)
        QApplication.sendEvent(line, done)

    def drop(self, name: str, text: str, kind: str) -> None:
        self.inputs += 1
        line = self.line(name)
        data = QMimeData()
        if kind == "text":
            data.setText(text)
        elif kind == "html":
            data.setHtml(text)
        elif kind == "urls":
            data.setUrls([QUrl.fromLocalFile("/tmp/" + text[:50].replace("\0", "")), QUrl(text[:50])])
        elif kind == "bytes":
            data.setData("text/plain", text.encode("utf-16", "surrogatepass"))
            data.setData("application/x-color", b"\xff")
        actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
        where, left = line.rect().center(), Qt.MouseButton.LeftButton
        entering = QDragEnterEvent(where, actions, data, left, NONE)
        QApplication.sendEvent(line, entering)
        QApplication.sendEvent(line, QDragMoveEvent(where, actions, data, left, NONE))
        QApplication.sendEvent(line, QDropEvent(QPointF(where), actions, data, left, NONE))

    def hit(self, name: str, hit: Hit) -> None:
        QTest.keyClick(self.line(name), *hit)

    def put_cursor(self, name: str, place: int) -> None:
        line = self.line(name)
        QTest.keyClick(line, K.Key_Home)
        for _ in range(place):
            QTest.keyClick(line, K.Key_Right)

    def copy_out(self, name: str, hit: Hit) -> None:
        line = self.line(name)
        clipboard = QGuiApplication.clipboard()
        for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
            clipboard.setText("what was there", mode)
        QTest.keyClick(line, K.Key_A, CTRL)
        selected = line.selectedText()
        QTest.keyClick(line, *hit)
        if line is self.lines["secret"]:
            assert line.echoMode() is QLineEdit.EchoMode.Password, "the keyboard is on it while it can be read"
            for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
                assert clipboard.text(mode) == "what was there"
        elif hit[0] is K.Key_C and selected:
            assert clipboard.text() == selected

    def drag_out(self, name: str) -> None:
        line = self.line(name)
        assert not line.dragEnabled()
        clipboard = QGuiApplication.clipboard()
        clipboard.setText("what was there", QClipboard.Mode.Selection)
        QTest.keyClick(line, K.Key_A, CTRL)
        begun: list[QDrag] = []

        def stop_it() -> None:
            begun.extend(line.findChildren(QDrag))
            QDrag.cancel()

        watch = QTimer(interval=0)
        watch.timeout.connect(stop_it)
        watch.start()
        inside, outside = QPoint(12, line.height() // 2), QPoint(300, 200)
        QTest.mousePress(line, Qt.MouseButton.LeftButton, NONE, inside)
        for where in (QPoint(40, line.height() // 2), outside):
            moved = QMouseEvent(
                QEvent.Type.MouseMove,
                QPointF(where),
                QPointF(line.mapToGlobal(where)),
                Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton,
                NONE,
            )
            QApplication.sendEvent(line, moved)
        QTest.mouseRelease(line, Qt.MouseButton.LeftButton, NONE, outside)
        watch.stop()
        assert begun == []
        if line is self.lines["secret"]:
            assert clipboard.text(QClipboard.Mode.Selection) in {"what was there", ""}

    def choose_from_menu(self, name: str, number: int) -> None:
        line = self.line(name)
        clipboard = QGuiApplication.clipboard()
        clipboard.setText("what was there")
        menu = line.createStandardContextMenu()
        actions = menu.actions()
        actions[number % len(actions)].trigger()
        menu.deleteLater()
        if line is self.lines["secret"]:
            assert clipboard.text() == "what was there"

    def _eye(self) -> QPushButton:
        return find(self.page, "reveal")

    def reveal(self, with_key: bool = False) -> None:
        self.line("secret")
        self.let_go()
        if with_key:
            self._eye().setFocus()
            QTest.keyPress(self._eye(), K.Key_Space)
        else:
            QTest.mousePress(self._eye(), Qt.MouseButton.LeftButton)
        self.held = True
        assert self.lines["secret"].echoMode() is QLineEdit.EchoMode.Normal

    def let_go(self) -> None:
        if self.held:
            QTest.keyRelease(self._eye(), K.Key_Space)
            QTest.mouseRelease(self._eye(), Qt.MouseButton.LeftButton)
            self.held = False

    def choose_exchange(self, number: int) -> None:
        self.line("key")
        before = self.window.draft.exchange
        self.page.exchange.setCurrentIndex(number)
        if self.window.draft.exchange != before:
            assert self.window.draft.entry == Credentials("", "")
            self.nothing_to_undo()

    def fill(self) -> None:
        self.practise()
        click(find(self.page, "practice-fill"))
        own = KEYS[self.window.draft.exchange]
        assert self.window.draft.entry == Credentials(own.key, own.secret, own.user_id)

    def practise(self) -> None:
        if not self.window.draft.practice:
            self.window.go(START)
            click(self.window.start_page.choice("practise"))
            assert self.window.draft.entry == Credentials("", "")
        self.line("key")

    def stop_practising(self) -> None:
        if self.window.draft.practice:
            self.line("key")
            click(find(self.page, "leave-practice"))
            assert self.window.draft.entry == Credentials("", "")
            self.nothing_to_undo()

    def leave(self, number: int) -> None:
        before = self.window.draft.entry
        if self.window.currentId() != DATA:
            self.come_back()
        self.window.go(number)
        assert self.page.isVisible() is (number == DATA)
        assert self.window.draft.entry == before
        current = self.window.currentPage()
        assert isinstance(current, Page)

    async def minimise(self) -> None:
        self.window.showMinimized()
        await self.settle()
        self.holds()
        self.window.showNormal()


def test_whatever_hands_do_to_the_form_field_and_draft_stay_one(  # noqa: PLR0917
    window: Wizard,
    run: Runner,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hands = Hands(window, tmp_path, window._settings, caplog)
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: hands.bugs.append(error))
    monkeypatch.setattr(sys, "unraisablehook", lambda failed: hands.bugs.append(failed.exc_value))
    window.activateWindow()

    async def walk(row: Row) -> None:
        await hands.anew()
        for first, rest in row:
            for one in (first, *rest):
                await hands.do(*one)

    @settings(
        max_examples=-(-INPUTS // TEXTS_IN_A_ROW),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(rows)
    def tries(row: Row) -> None:
        hands.bugs.clear()
        run(walk(row))
        said = "".join(capsys.readouterr())
        assert not any(written in said for each in hands.secrets.values() for written in each)

    begun = time.monotonic()
    with caplog.at_level(logging.DEBUG):
        tries()
    assert hands.inputs >= INPUTS
    logging.getLogger(__name__).info(
        "%d inputs in %.0f s, slowest step %.2f s", hands.inputs, time.monotonic() - begun, hands.slowest
    )
