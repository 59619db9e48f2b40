"""A step's picture with its call-outs: real buttons, placed as fractions of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QDialog, QSizePolicy, QVBoxLayout, QWidget

from palma_wizard import assets
from palma_wizard.guide import Callout, Guide, Picture
from palma_wizard.ui import theme
from palma_wizard.ui.page import button, label


class PictureView(QWidget):
    """Fitted to its space, never stretched; a click or Enter opens it larger."""

    opened = Signal()

    def __init__(self, guide: Guide, picture: Picture) -> None:
        super().__init__()
        self._say = guide.say
        self._renderer = QSvgRenderer(str(assets.path("pictures", picture.file)))
        self._cache = QPixmap()
        self.setObjectName("picture")
        self.setAccessibleName(picture.description)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumSize(320, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._callouts = [_CalloutButton(self, callout, first=not n) for n, callout in enumerate(picture.callouts)]
        for callout in self._callouts:
            callout.clicked.connect(self.opened)
            callout.setVisible(self._renderer.isValid())

    def sizeHint(self) -> QSize:
        return QSize(640, 360)

    def _frame(self) -> QRectF:
        """Where the picture is drawn: the largest 16:9 box that fits, in the middle."""
        width = min(self.width() - 2.0, (self.height() - 2.0) * 16 / 9)
        height = width * 9 / 16
        return QRectF((self.width() - width) / 2, 1, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame, c = self._frame(), theme.colours()
        if self._renderer.isValid():
            ratio = self.devicePixelRatioF()
            size = QSize(round(frame.width() * ratio), round(frame.height() * ratio))
            if self._cache.size() != size:
                self._cache = QPixmap(size)
                self._cache.fill(Qt.GlobalColor.transparent)
                inside = QPainter(self._cache)
                self._renderer.render(inside)
                inside.end()
            painter.drawPixmap(frame, self._cache, QRectF(self._cache.rect()))
            self._paint_mark(painter, frame)
        else:
            painter.setPen(QColor(c.quiet))
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, self._say("error.picture"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(c.accent if self.hasFocus() else c.line), 2 if self.hasFocus() else 1))
        painter.drawRect(frame)

    def _paint_mark(self, painter: QPainter, frame: QRectF) -> None:
        """The honest word that this is a drawing, on a plate of its own at the lower left."""
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        text = self._say("sketch.mark")
        plate = QRectF(painter.fontMetrics().boundingRect(text)).adjusted(-8, -3, 8, 3)
        plate.moveBottomLeft(frame.bottomLeft())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 190))
        painter.drawRect(plate)
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        for callout in self._callouts:
            callout.place(self._frame())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        return super().event(event)


class _CalloutButton(QAbstractButton):
    """A ring around a place on the picture, with its words on a tag beside it."""

    def __init__(self, parent: PictureView, callout: Callout, *, first: bool) -> None:
        super().__init__(parent)
        self._callout, self._first = callout, first
        self.setText(callout.label)
        self.setObjectName(f"callout-{callout.id}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def place(self, frame: QRectF) -> None:
        """Cover ring and tag together; a tag that would leave the picture is moved back into it."""
        spot = self._callout
        ring = QRectF(
            frame.x() + spot.x * frame.width(),
            frame.y() + spot.y * frame.height(),
            spot.w * frame.width(),
            spot.h * frame.height(),
        ).adjusted(-4, -4, 4, 4)
        font = self.font()
        font.setPixelSize(13)
        font.setBold(True)
        tag = QRectF(0, 0, QFontMetricsF(font).horizontalAdvance(spot.label) + 20, 24)
        tag.moveCenter(ring.center())
        if spot.tag == "below":
            tag.moveTop(ring.bottom() + 3)
        elif spot.tag == "above":
            tag.moveBottom(ring.top() - 3)
        elif spot.tag == "left":
            tag.moveRight(ring.left() - 4)
        elif spot.tag == "right":
            tag.moveLeft(ring.right() + 4)
        else:
            tag.moveBottomRight(ring.bottomRight() - QPointF(7, 7))
        tag.moveLeft(min(max(tag.left(), frame.left() + 2), frame.right() - tag.width() - 2))
        tag.moveTop(min(max(tag.top(), frame.top() + 2), frame.bottom() - tag.height() - 2))
        whole = ring.united(tag).adjusted(-2, -2, 2, 2).toAlignedRect()
        self.setGeometry(whole)
        self._ring = ring.translated(-whole.x(), -whole.y())
        self._tag = tag.translated(-whole.x(), -whole.y())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor("#FFB224") if self._first else QColor("#FFE2A8")
        painter.setPen(
            QPen(
                QColor("#FFFFFF") if self.hasFocus() else colour,
                4 if self.hasFocus() else 3 if self._first else 2,
            )
        )
        painter.drawRoundedRect(self._ring.adjusted(2, 2, -2, -2), 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(self._tag, 6, 6)
        font = self.font()
        font.setPixelSize(13)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor("#201600"))
        painter.drawText(self._tag, Qt.AlignmentFlag.AlignCenter, self.text())


def enlarge(parent: QWidget, guide: Guide, picture: Picture) -> QDialog:
    """The picture as large as the screen allows; Escape closes it."""
    dialog = QDialog(parent)
    dialog.setObjectName("viewer")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(guide.say("name"))
    layout = QVBoxLayout(dialog)
    view = PictureView(guide, picture)
    view.opened.connect(dialog.accept)
    layout.addWidget(view, 1)
    layout.addWidget(label(picture.description))
    close = button(guide.say("button.close"), main=True)
    close.clicked.connect(dialog.accept)
    layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
    space = parent.screen().availableGeometry()
    dialog.resize(min(1240, space.width() - 40), min(800, space.height() - 60))
    dialog.open()
    return dialog
