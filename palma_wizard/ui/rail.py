"""The list of steps: where you are, what is done, and the way back to it; below, language and width."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from palma_wizard.guide import LANGUAGES, Guide
from palma_wizard.ui import theme
from palma_wizard.ui.page import in_turn

_MARK = 24
_GAP = theme.S + _MARK + theme.M


class Rail(QWidget):
    """`chosen` carries the number of a visited step that was pressed, `language_chosen` the code of a language."""

    beside = Signal()
    chosen = Signal(int)
    language_chosen = Signal(str)

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(theme.RAIL)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.M, theme.L, theme.M, theme.L)
        layout.setSpacing(2)
        held = QWidget()
        self._steps = QVBoxLayout(held)
        self._steps.setContentsMargins(0, 0, 0, 0)
        self._steps.setSpacing(2)
        self._steps.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(held)
        layout.addWidget(area, 1)
        self._items: dict[int, _Item] = {}
        self.beside_button = _Item("", "", "beside")
        self.beside_button.setObjectName("beside")
        self.beside_button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.beside_button.clicked.connect(self.beside)
        layout.addWidget(self.beside_button)
        layout.addSpacing(theme.XS)
        self._globe = QLabel()
        self.language = QComboBox()
        self._globe.setBuddy(self.language)
        self.language.setObjectName("language")
        for code, name in LANGUAGES.items():
            self.language.addItem(name, code)
        self.language.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.language.activated.connect(lambda: self.language_chosen.emit(self.language.currentData()))
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addWidget(self._globe)
        row.addWidget(self.language, 1)
        layout.addLayout(row)
        self.speak(guide)

    def speak(self, guide: Guide) -> None:
        self.setAccessibleName(guide.say("rail.label"))
        self.setProperty("mirrored", guide.right_to_left)
        self.style().unpolish(self)
        self.style().polish(self)
        self._words = {name: guide.say(f"rail.{name}") for name in ("done", "current", "ahead")}
        self.beside_button.setText(guide.say("rail.beside"))
        self.beside_button.updateGeometry()
        self._globe.setPixmap(theme.pixmap("globe", theme.colours().quiet))
        for widget in (self._globe, self.language):
            widget.setAccessibleName(guide.say("rail.language"))
        self.language.setToolTip(guide.say("rail.language"))
        with QSignalBlocker(self.language):
            self.language.setCurrentIndex(self.language.findData(guide.language))

    def show_steps(self, names: Mapping[int, str]) -> None:
        """By the number of the page; all but the first and the last are numbered from one."""
        for item in self._items.values():
            item.hide()
            item.deleteLater()
        self._items = {}
        for place, (page, name) in enumerate(names.items()):
            item = _Item(name, str(place) if 0 < place < len(names) - 1 else "")
            item.setObjectName(f"rail-{page}")
            item.clicked.connect(lambda _=False, n=page: self.chosen.emit(n))
            self._steps.insertWidget(place, item)
            self._items[page] = item

    def show_progress(self, current: int, visited: set[int]) -> None:
        for number, item in self._items.items():
            state = "current" if number == current else "done" if number in visited else "ahead"
            item.show_state(state, self._words[state])
        in_turn([*self._items.values(), self.beside_button, self.language])


class _Item(QAbstractButton):
    """A mark, and words that go on in the next line where they are long."""

    def __init__(self, name: str, number: str, icon: str = "") -> None:
        super().__init__()
        self._name, self._number, self._icon, self._state = name, number, icon, "ahead"
        self.setText(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def show_state(self, state: str, word: str) -> None:
        self._state = state
        self.setEnabled(state != "ahead")
        self.setCursor(Qt.CursorShape.PointingHandCursor if state == "done" else Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(f"{self._number} {self._name}, {word}".strip())
        self.update()

    def needed_height(self) -> int:
        font = self.font()
        font.setBold(True)
        room = QRectF(0, 0, theme.RAIL - 2 * theme.M - 2 - _GAP - theme.S, 1000)
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
        return max(30, math.ceil(QFontMetricsF(font).boundingRect(room, flags, self.text()).height()) + 4)

    def sizeHint(self) -> QSize:
        return QSize(theme.RAIL - 2 * theme.M, self.needed_height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        c = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self._state == "current" or (self.underMouse() and self.isEnabled()):
            painter.setPen(QColor(c.text) if c.strong else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.rail))
            painter.drawRoundedRect(whole, theme.RADIUS, theme.RADIUS)
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(whole, theme.RADIUS, theme.RADIUS)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = whole.right() - theme.S - _MARK if rtl else whole.left() + theme.S
        mark = QRectF(left, whole.center().y() - _MARK / 2, _MARK, _MARK)
        if self._icon:
            painter.drawPixmap(mark.topLeft() + QPointF(2, 2), theme.pixmap(self._icon, c.accent))
        else:
            self._paint_mark(painter, mark)
        font = self.font()
        font.setBold(self._state == "current")
        painter.setFont(font)
        painter.setPen(QColor(c.accent if self._icon else c.quiet if self._state == "ahead" else c.text))
        text = whole.adjusted(theme.S, 0, -_GAP, 0) if rtl else whole.adjusted(_GAP, 0, -theme.S, 0)
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            text, flags | (Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft), self.text()
        )

    def _paint_mark(self, painter: QPainter, mark: QRectF) -> None:
        c = theme.colours()
        filled = self._state == "current"
        painter.setBrush(QColor(c.accent) if filled else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(c.field_line if self._state == "ahead" else c.accent), 1.5))
        painter.drawEllipse(mark.adjusted(1, 1, -1, -1))
        if self._state == "done":
            pen = QPen(QColor(c.accent), 2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            x, y = mark.center().x(), mark.center().y()
            painter.drawPolyline([QPointF(x - 5, y), QPointF(x - 1.5, y + 3.5), QPointF(x + 5, y - 4)])
            return
        font = self.font()
        font.setPixelSize(12)
        font.setBold(filled)
        painter.setFont(font)
        painter.setPen(QColor(c.on_accent if filled else c.quiet))
        painter.drawText(mark, Qt.AlignmentFlag.AlignCenter, self._number or "•")
