"""A check box whose words go on in the next line where they are long."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from palma_wizard.ui import theme
from palma_wizard.ui.page import label

BOX = 24


class Tick(QCheckBox):
    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._words = label("")
        self._words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        space = QWidget()  # where the box is drawn
        space.setFixedWidth(BOX)
        space.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, theme.XS, 0, theme.XS)
        self._row.setSpacing(theme.S)
        self._row.addWidget(space)
        self._row.addWidget(self._words, 1)
        policy = self.sizePolicy()
        policy.setHorizontalPolicy(policy.Policy.Expanding)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setText(text)

    def setText(self, text: str) -> None:
        self._words.setText(text)
        self.setAccessibleName(text)

    def text(self) -> str:
        return self._words.text()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._row.totalHeightForWidth(width)

    def sizeHint(self) -> QSize:
        return self._row.totalSizeHint()

    def minimumSizeHint(self) -> QSize:
        return self._row.totalMinimumSize()
