"""What this program puts on the clipboard: marked as secret, and taken back while it is still there."""

from __future__ import annotations

import asyncio
import sys
import types
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


class Pasteboard(list[tuple[str, str]]):
    """In the place of macOS' own."""

    generalPasteboard = property(lambda self: lambda: self)  # noqa: N815
    clearContents = list.clear  # noqa: N815

    def setString_forType_(self, text: str, kind: str) -> None:
        self.append((kind, text))


def test_on_macos_the_mark_is_there_before_the_secret(board: Clipboard, monkeypatch: pytest.MonkeyPatch) -> None:
    pasteboard = Pasteboard([("public.utf8-plain-text", "what was there before")])
    monkeypatch.setitem(sys.modules, "AppKit", types.SimpleNamespace(NSPasteboard=pasteboard))
    monkeypatch.setattr(sys, "platform", "darwin")
    board.put_secret(SECRET)
    assert pasteboard == [("org.nspasteboard.ConcealedType", ""), ("public.utf8-plain-text", SECRET)]
    assert board._secret == SECRET
