"""Whether the system lets things move: some people are made unwell by what moves on a screen."""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

from PySide6.QtWidgets import QApplication

_CLIENT_AREA_ANIMATION: Final = 0x1042  # SPI_GETCLIENTAREAANIMATION of winuser.h
_PORTAL_KEYS: Final = (  # and the answer that allows motion
    ("org.gnome.desktop.interface", "enable-animations", True),
    ("org.freedesktop.appearance", "reduced-motion", 0),
)


class _Heard:
    """What the system said; it changes only in `ask`."""

    allowed = False


def allowed() -> bool:
    """Still until the system was heard to allow it."""
    return _Heard.allowed


def ask() -> None:
    """Returns at once; `allowed` follows when the system has answered. macOS is not asked: there all stays still."""
    if sys.platform == "win32":
        import ctypes

        answer = ctypes.c_int(0)
        ctypes.windll.user32.SystemParametersInfoW(_CLIENT_AREA_ANIMATION, 0, ctypes.byref(answer), 0)
        _Heard.allowed = bool(answer)
    elif sys.platform == "linux":
        _ask_the_portal()


def _ask_the_portal() -> None:
    """Linux desktops answer through their portal. All that is heard must agree, and something must be heard."""
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusVariant

    bus = QDBusConnection.sessionBus()
    heard: list[bool | None] = []

    def note(watcher: QDBusPendingCallWatcher, allows: object) -> None:
        value, *_ = watcher.reply().arguments() or [None]
        while isinstance(value, QDBusVariant):
            value = value.variant()
        heard.append(None if watcher.isError() else value == allows)
        watcher.deleteLater()
        if len(heard) == len(_PORTAL_KEYS):
            _Heard.allowed = False not in heard and True in heard

    for space, key, allows in _PORTAL_KEYS:
        question = QDBusMessage.createMethodCall(
            "org.freedesktop.portal.Desktop",
            "/org/freedesktop/portal/desktop",
            "org.freedesktop.portal.Settings",
            "Read",
        )
        question.setArguments([space, key])
        watcher = QDBusPendingCallWatcher(bus.asyncCall(question), QApplication.instance())
        watcher.finished.connect(partial(note, watcher, allows))
