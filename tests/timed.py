"""The programs that `make bench` times from their start, each in a process of its own: `timed.py NAME ARGUMENT...`.

Imports nothing that they do not need themselves.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any


def bare() -> None:
    """The least that can be compared with: a QWizard with one label."""
    from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWizard, QWizardPage

    class Wizard(QWizard):
        pass

    app = QApplication([])
    stop_when_painted(Wizard)
    window, page = Wizard(), QWizardPage()
    QVBoxLayout(page).addWidget(QLabel("One label"))
    window.addPage(page)
    window.show()
    app.exec()


def wizard() -> None:
    from palma_wizard import __main__
    from palma_wizard.ui.wizard import Wizard

    stop_when_painted(Wizard)
    __main__.main([])


def stop_when_painted(window: Any) -> None:
    """Prints when the window's first paint event came and when all in it was drawn, in seconds of the monotonic clock,
    and the most memory there was until then, in kB; ends the process.
    """
    from PySide6.QtWidgets import QWidget

    paint, show = window.paintEvent, window.showEvent
    began = 0.0

    class Last(QWidget):
        """Above all others, so it is drawn after them."""

        def paintEvent(self, _: Any) -> None:
            drawn = time.monotonic()
            with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is one import more
                most = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
            print(began, drawn, most, flush=True)
            os._exit(0)

    def show_event(self: Any, event: Any) -> None:
        show(self, event)
        last = Last(self)
        last.resize(1, 1)
        last.show()

    def paint_event(self: Any, event: Any) -> None:
        nonlocal began
        began = began or time.monotonic()
        paint(self, event)

    window.showEvent, window.paintEvent = show_event, paint_event


def lead_to(port: int) -> None:
    """From now on every name is that of the server on this loopback port."""
    import socket

    usual = socket.getaddrinfo
    socket.getaddrinfo = lambda _, __, *rest, **named: usual("127.0.0.1", port, *rest, **named)


def check(port: str) -> None:
    lead_to(int(port))
    from palma_wizard import cli

    sys.exit(cli.main([]))


def ccxt(port: str, key: str, secret: str) -> None:
    lead_to(int(port))
    import ccxt as client  # type: ignore[import-not-found,unused-ignore]

    exchange = client.hitbtc({"apiKey": key, "secret": secret})
    exchange.validateServerSsl = os.environ["SSL_CERT_FILE"]  # it has no other place for a certificate
    print(exchange.fetch_balance()["total"])


if __name__ == "__main__":
    {program.__name__: program for program in (bare, wizard, check, ccxt)}[sys.argv[1]](*sys.argv[2:])
