"""What this program puts on the clipboard, marked as secret where it is, and taken back again."""

from __future__ import annotations

import sys

from PySide6.QtCore import QMimeData, QObject, QTimer
from PySide6.QtGui import QGuiApplication

SECONDS = 30

_CONCEALED = {
    "x-kde-passwordManagerHint": b"secret",
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': b"1",  # whatever it holds
    'application/x-qt-windows-mime;value="CanIncludeInClipboardHistory"': b"\0\0\0\0",
    'application/x-qt-windows-mime;value="CanUploadToCloudClipboard"': b"\0\0\0\0",
}


class Clipboard(QObject):
    """Takes back only what is still ours."""

    def __init__(self) -> None:
        super().__init__()
        self._secret = ""
        self._timer = QTimer(self, singleShot=True, interval=SECONDS * 1000)
        self._timer.timeout.connect(self.take_back)

    def text(self) -> str:
        return QGuiApplication.clipboard().text()

    def put(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)

    def put_secret(self, text: str) -> None:
        if sys.platform == "darwin":
            _put_on_pasteboard(text)
        else:
            content = QMimeData()
            content.setText(text)
            for kind, value in _CONCEALED.items():
                content.setData(kind, value)
            QGuiApplication.clipboard().setMimeData(content)
        self._secret = text
        self._timer.start()

    def empty(self) -> None:
        """Whoever put something there: the person asked for it."""
        self._timer.stop()
        self._secret = ""
        QGuiApplication.clipboard().clear()

    def take_back(self) -> None:
        self._timer.stop()
        if self._secret and self.text() == self._secret:
            QGuiApplication.clipboard().clear()
        self._secret = ""


def _put_on_pasteboard(text: str) -> None:
    """A secret on macOS' clipboard, and before it the mark (nspasteboard.org), so that it never stands there without.

    Qt would call the mark com.trolltech.anymime.org.nspasteboard.ConcealedType, which no program looks for, and
    QUtiMimeConverter, which could put that right, is not in PySide.
    """
    from AppKit import NSPasteboard

    board = NSPasteboard.generalPasteboard()
    board.clearContents()
    board.setString_forType_("", "org.nspasteboard.ConcealedType")
    board.setString_forType_(text, "public.utf8-plain-text")
