"""Starts the window: paints first, then loads the rest, and lets one instance run at a time."""

from __future__ import annotations

import gc
import os
import sys
import zlib
from pathlib import Path

from PySide6.QtCore import (
    QEventLoop,
    QMessageLogContext,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from palma_wizard import __version__, assets, guide, secrecy, turns
from palma_wizard.ui import language, theme
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import Wizard


def run(*, practice: str | None = None, wanted: str = "") -> int:
    """Blocks until the window is closed; 0, or 1 where it could not be opened.

    `wanted` is a language for this time; else it is the one that was chosen last, or the system's.
    """
    app = make_application()
    place = assets.own_folder()
    settings = Settings(place / "window.json")
    chosen = guide.best_of([wanted]) if wanted else settings.get("language") or language.of_the_system()
    try:
        words = language.speak(app, chosen)
    except guide.GuideError as error:
        return _cannot_start(f"A file of this program is missing or damaged: {error}. Please install it again.")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return _cannot_start(words.say("error.no-folder", folder=place))
    try:
        lock = turns.locked(place / "window.lock")
    except BlockingIOError:
        _raise_the_other()
        print(words.say("error.second"), file=sys.stderr)
        return 0
    except OSError:
        return _cannot_start(words.say("error.no-folder", folder=place))
    sys.setswitchinterval(0.0001)  # the window's thread waits less for those that ask an exchange or the keyring
    window = Wizard(words, settings, practice)

    def change_colours() -> None:
        theme.apply(app)
        window.rebuild()

    soon = QTimer(window, singleShot=True, interval=0)  # a system may tell of both at once
    soon.timeout.connect(change_colours)

    def notice(_: object) -> None:
        soon.start()

    hints = QGuiApplication.styleHints()
    hints.colorSchemeChanged.connect(notice)
    hints.accessibility().contrastPreferenceChanged.connect(notice)
    window.show()
    app.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)  # until there is a loop for what it starts
    app.setWindowIcon(QIcon(str(assets.path("icons", "app.svg"))))
    gc.freeze()
    code = _live(app, window) if window.isVisible() else 0
    os.close(lock)
    return code


def make_application() -> QApplication:
    qInstallMessageHandler(_qt_says)
    existing = QApplication.instance()
    style = [] if sys.platform == "darwin" else ["-style", "fusion"]  # given later, another is made before it
    app = existing if isinstance(existing, QApplication) else QApplication([*sys.argv[:1], *style])
    app.setApplicationName("palma-wizard")
    app.setApplicationVersion(__version__)
    QGuiApplication.setDesktopFileName("palma-wizard")
    app.setQuitOnLastWindowClosed(False)
    theme.apply(app)
    return app


def _qt_says(_kind: QtMsgType, _where: QMessageLogContext, text: str) -> None:
    if sys.stderr is not None:
        print(secrecy.redact(text), file=sys.stderr)


def _live(app: QApplication, window: Wizard) -> int:
    """The asyncio loop on Qt's, imported after the first paint."""
    os.environ["QT_API"] = "pyside6"
    import asyncio
    import signal

    import qasync

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in the terminal it was started from
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    server = _listen(window)
    window.closed.connect(lambda: QTimer.singleShot(0, loop.stop))
    QTimer.singleShot(0, window.background_work)
    with loop:
        loop.run_forever()
    server.close()
    return 0


_INSTANCE = f"palma-wizard-{zlib.crc32(str(Path.home()).encode()):08x}"


def _listen(window: Wizard):  # type: ignore[no-untyped-def]
    """A second start asks this one to come to the front."""
    from PySide6.QtNetwork import QLocalServer

    def come_forward() -> None:
        while (connection := server.nextPendingConnection()) is not None:
            connection.deleteLater()
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.raise_()
        window.activateWindow()

    server = QLocalServer()
    server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
    QLocalServer.removeServer(_INSTANCE)
    server.listen(_INSTANCE)
    server.newConnection.connect(come_forward)
    return server


def _raise_the_other() -> None:
    from PySide6.QtNetwork import QLocalSocket

    connection = QLocalSocket()
    connection.connectToServer(_INSTANCE)
    connection.waitForConnected(500)
    connection.disconnectFromServer()


def _cannot_start(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    QMessageBox.critical(None, "PalmaBot Setup Wizard", sentence)
    return 1
