"""What this program puts on the clipboard: marked as secret, and taken back while it is still there."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from palma_wizard.ui import clipboard
from palma_wizard.ui.clipboard import Clipboard
from tests.conftest import Runner

SECRET = "a-secret-of-a-test"
MARKS = {
    "x-kde-passwordManagerHint": b"secret",
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': b"1",
    'application/x-qt-windows-mime;value="CanIncludeInClipboardHistory"': bytes(4),
    'application/x-qt-windows-mime;value="CanUploadToCloudClipboard"': bytes(4),
}


@pytest.fixture
def board(app: QApplication) -> Iterator[Clipboard]:
    made = Clipboard()
    yield made
    made.empty()


def test_a_secret_carries_every_systems_mark_and_a_text_does_not(board: Clipboard) -> None:
    board.put_secret(SECRET)
    held = QGuiApplication.clipboard().mimeData()
    assert held.text() == SECRET
    assert {kind: bytes(held.data(kind).data()) for kind in MARKS if held.hasFormat(kind)} == MARKS
    board.put("no secret")
    assert not any(QGuiApplication.clipboard().mimeData().hasFormat(kind) for kind in MARKS)


def test_a_secret_is_taken_back_after_half_a_minute(board: Clipboard, run: Runner) -> None:
    async def walk() -> None:
        board.put_secret(SECRET)
        assert board._timer.interval() == clipboard.SECONDS * 1000 == 30_000
        board._timer.setInterval(50)
        await asyncio.sleep(0.3)
        assert QGuiApplication.clipboard().text() == ""
        assert board._secret == ""

    run(walk())


@pytest.mark.parametrize("when", ["at once", "after a text of ours"])
def test_what_somebody_else_copied_meanwhile_is_left_alone(board: Clipboard, when: str) -> None:
    board.put_secret(SECRET)
    if when == "after a text of ours":
        board.put("an address")
    QGuiApplication.clipboard().setText("what somebody else copied")
    board.take_back()
    assert QGuiApplication.clipboard().text() == "what somebody else copied"


class ObjectiveC:
    """As much of macOS' runtime as is called, at real addresses: everything is a text, and the board a list."""

    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self._held: list[ctypes.Array[ctypes.c_char]] = []
        self.board: list[tuple[str, str]] = [("public.utf8-plain-text", "what was there before")]
        self.objc_getClass = ctypes.CFUNCTYPE(pointer, ctypes.c_char_p)(self._hold)
        self.sel_registerName = ctypes.CFUNCTYPE(pointer, ctypes.c_char_p)(self._hold)
        self.objc_getClass.restype = self.sel_registerName.restype = ctypes.c_int  # as of any that ctypes loads
        self.objc_msgSend = ctypes.CFUNCTYPE(pointer, *[pointer] * 4)(self._answer)

    def _hold(self, text: bytes) -> int:
        self._held.append(ctypes.create_string_buffer(text))
        return ctypes.addressof(self._held[-1])

    def _answer(self, to: int, message: int, first: int, second: int) -> int:
        match ctypes.string_at(to), ctypes.string_at(message):
            case b"NSString", b"stringWithUTF8String:":
                return self._hold(ctypes.string_at(first))
            case b"NSPasteboard", b"generalPasteboard":
                return self._hold(b"board")
            case b"board", b"clearContents":
                self.board.clear()
            case b"board", b"setString:forType:":
                self.board.append((ctypes.string_at(second).decode(), ctypes.string_at(first).decode()))
        return 1


def test_on_macos_the_mark_is_there_before_the_secret_is() -> None:
    """Of the calls themselves; no macOS was at hand."""
    objc = ObjectiveC()
    clipboard.put_on_pasteboard(objc, f"{SECRET}é")
    assert objc.board == [("org.nspasteboard.ConcealedType", ""), ("public.utf8-plain-text", f"{SECRET}é")]
