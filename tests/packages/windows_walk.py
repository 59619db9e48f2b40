"""Goes through the installed window on Windows to a saved practice key, in Windows' own Python beside the program.

windows_walk.py FILE: writes "saved" to FILE once the window says so, or what went wrong.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QWizard

from palma_wizard.ui import app
from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, Wizard

Wish = Callable[[], object]


def click(button: QAbstractButton | None) -> None:
    assert button is not None
    assert button.isVisible(), button.objectName()
    assert button.isEnabled(), button.objectName()
    button.click()


def walk() -> Iterator[Wish]:
    """Each yield waits until its wish has come true."""
    assert QApplication.platformName() == "windows"
    yield lambda: any(isinstance(widget, Wizard) for widget in QApplication.topLevelWidgets())
    (window,) = (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, Wizard))
    forward = window.button(QWizard.WizardButton.NextButton)
    click(window.start_page.choice("practise"))
    turned = 0
    while window.currentId() != DATA:
        assert turned < 40, "the steps do not end"
        turned += 1
        yield forward.isEnabled
        click(forward)
    click(window.findChild(QAbstractButton, "practice-fill"))
    click(forward)
    assert window.currentId() == NOTICE
    click(window.notice_page.look_up)
    yield lambda: window.notice_page.own.text() == "203.0.113.7"
    window.notice_page.understood.click()
    click(forward)
    assert window.currentId() == CHECK
    yield window.check_page.run.isEnabled
    click(window.check_page.run)
    yield window.check_page.save.isVisible
    click(window.check_page.save)
    yield lambda: window.draft.is_saved
    yield window.check_page.done.isVisible
    click(window.button(QWizard.WizardButton.FinishButton))


class Walker:
    def __init__(self, result: Path) -> None:
        self._result = result
        self._steps = walk()
        self._wish: Wish = lambda: True
        self._timer = QTimer(interval=20)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def _go_on(self) -> None:
        try:
            if self._wish():
                self._wish = next(self._steps)
        except StopIteration:
            self._end("saved")
        except Exception:  # noqa: BLE001 - whoever started this reads it
            self._end(traceback.format_exc())
            QApplication.exit(1)

    def _end(self, said: str) -> None:
        self._timer.stop()
        self._result.write_text(said, "utf-8")


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "windows"
    app.make_application()
    walker = Walker(Path(sys.argv[1]))
    sys.exit(app.run(wanted="en"))
