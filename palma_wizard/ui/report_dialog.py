"""Shows a report before it goes anywhere, and saves it where the person says."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from palma_wizard import report
from palma_wizard.exchanges import Verdict
from palma_wizard.guide import Guide
from palma_wizard.ui import theme
from palma_wizard.ui.clipboard import Clipboard
from palma_wizard.ui.page import Notice, button, label, named
from palma_wizard.ui.tick import Tick


def open_report(parent: QWidget, guide: Guide, clipboard: Clipboard, verdict: Verdict, own: Sequence[str]) -> None:
    _Report(parent, guide, clipboard, verdict, own).open()


class _Report(QDialog):
    def __init__(
        self, parent: QWidget, guide: Guide, clipboard: Clipboard, verdict: Verdict, own: Sequence[str]
    ) -> None:
        super().__init__(parent)
        self._say, self._verdict, self._own = guide.say, verdict, own
        self._when = datetime.datetime.now().astimezone()
        self.setObjectName("report-dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self._say("report.title"))
        self.resize(720, 520)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.XL, theme.XL, theme.XL, theme.L)
        column.setSpacing(theme.M)
        column.addWidget(label(self._say("report.title"), "heading"))
        column.addWidget(label(self._say("report.text")))
        self._text = named(QPlainTextEdit(readOnly=True), "report-text")
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setTabChangesFocus(True)
        self._text.setAccessibleName(self._say("report.title"))
        column.addWidget(self._text, 1)
        self._addresses = named(Tick(self._say("report.addresses")), "report-addresses")
        self._addresses.toggled.connect(self._write)
        column.addWidget(self._addresses)
        self._result = Notice("info", "", name="report-result")
        self._result.hide()
        column.addWidget(self._result)
        row = QHBoxLayout()
        copy = button(self._say("report.copy"), icon="copy", name="report-copy")
        copy.clicked.connect(lambda: clipboard.put(self._text.toPlainText()))
        save = button(self._say("report.save"), main=True, name="report-save")
        save.clicked.connect(self._choose)
        close = button(self._say("report.close"), name="report-close")
        close.clicked.connect(self.accept)
        row.addWidget(copy)
        row.addStretch(1)
        row.addWidget(close)
        row.addWidget(save)
        column.addLayout(row)
        self._write()
        save.setFocus()

    def _write(self) -> None:
        own = self._own if self._addresses.isChecked() else None
        self._text.setPlainText(report.write(self._verdict, self._when, own))

    def _choose(self) -> None:
        chooser = QFileDialog(self, self._say("report.save"), str(Path.home() / "palmabot-report.txt"))
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setNameFilter(f"{self._say('report.file-kind')} (*.txt)")
        chooser.setDefaultSuffix("txt")
        chooser.selectFile("palmabot-report.txt")
        chooser.fileSelected.connect(self.save_to)
        chooser.open()

    def save_to(self, file: str) -> None:
        try:
            Path(file).write_text(self._text.toPlainText(), "utf-8")
        except OSError:
            self._result.show_words("bad", self._say("report.not-saved"))
        else:
            self._result.show_words("good", self._say("report.saved", file=file))
        self._result.show()
