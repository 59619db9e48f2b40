"""What this program puts on the clipboard, marked as secret where it is, and taken back again."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

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
            put_on_pasteboard(ctypes.CDLL("/usr/lib/libobjc.A.dylib"), text)
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


def put_on_pasteboard(objc: Any, text: str) -> None:
    """A secret on macOS' clipboard, and before it the mark (nspasteboard.org), so that it never stands there without.

    Qt would call the mark com.trolltech.anymime.org.nspasteboard.ConcealedType, which no program looks for, and
    QUtiMimeConverter, which could put that right, is not in PySide.
    """
    objc.objc_getClass.restype = objc.sel_registerName.restype = ctypes.c_void_p
    address = ctypes.cast(objc.objc_msgSend, ctypes.c_void_p).value or 0

    def send(to: int, message: bytes, *arguments: int | bytes) -> int:
        kinds = (ctypes.c_char_p if isinstance(each, bytes) else ctypes.c_void_p for each in arguments)
        method = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, *kinds)(address)
        return method(to, objc.sel_registerName(message), *arguments) or 0

    def string(content: str) -> int:
        return send(objc.objc_getClass(b"NSString"), b"stringWithUTF8String:", content.encode("utf-8", "replace"))

    board = send(objc.objc_getClass(b"NSPasteboard"), b"generalPasteboard")
    send(board, b"clearContents")
    for kind, content in (("org.nspasteboard.ConcealedType", ""), ("public.utf8-plain-text", text)):
        send(board, b"setString:forType:", string(content), string(kind))
