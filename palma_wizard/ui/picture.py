"""A step's picture with its call-outs, real buttons placed as fractions of it, and the viewer to look closer."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import (
    QAbstractAnimation,
    QEasingCurve,
    QEvent,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSequentialAnimationGroup,
    QSize,
    QSizeF,
    Qt,
    QVariantAnimation,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QImage,
    QImageReader,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from palma_wizard import assets, workers
from palma_wizard.guide import Callout, Guide, Picture
from palma_wizard.ui import motion, theme
from palma_wizard.ui.page import button, label
from palma_wizard.ui.tasks import Tasks

_PIXELS: Final = 2  # the files are taken at twice their natural size
_USUAL: Final = QSizeF(720, 405)  # for a file that does not tell its size
_EDGE: Final = 2  # room for the line around the picture and, with focus, the ring
_STEP: Final = 64  # how far an arrow moves the picture
_WIDEST: Final = 24  # how far a ring that draws the eye stands out
_NOTCH: Final = 120  # what Qt counts for one notch of a wheel
FIT: Final = 0
LARGEST: Final = 2


class _PictureWidget(QLabel):
    """Draws the picture where `_place` says, pixel by pixel, with its call-outs over it.

    The file is decoded by a worker; until it has arrived, an empty frame stands in its place.
    """

    def __init__(self, guide: Guide, picture: Picture, tasks: Tasks) -> None:
        super().__init__()
        self._say = guide.say
        self._image = QImage()
        self._drawn = QImage()
        self._missing = False
        file = str(assets.path("pictures", picture.file))
        size = QImageReader(file).size()
        self._natural = QSizeF(size) / _PIXELS if size.isValid() else _USUAL
        self.setPixmap(QPixmap(1, 1))  # which makes it a picture to assistive tools, as a label that shows one
        self.setAccessibleName(picture.description)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.callouts = [CalloutButton(self, callout, first=not n) for n, callout in enumerate(picture.callouts)]
        for callout in self.callouts:
            callout.hide()
        tasks.start(self._load(file))

    async def _load(self, file: str) -> None:
        image = await workers.run(_decode, file)
        if isValid(self):
            self._arrived(image)

    def _arrived(self, image: QImage) -> None:
        self._image = image
        if image.isNull():
            self._missing = True
            self.setAccessibleName(f"{self._say('error.picture')} {self.accessibleName()}")
            self.setEnabled(False)
        else:
            self._place_callouts()
            for callout in self.callouts:
                callout.show()
        self.update()

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)

    def _fit(self) -> float:
        """The scale at which the whole picture is seen."""
        area = self._area()
        return min(area.width() / self._natural.width(), area.height() / self._natural.height())

    def _place(self) -> QRectF:
        raise NotImplementedError

    def frame(self) -> QRectF:
        """Where the picture lies: `_place`, moved onto whole device pixels of the window."""
        ratio, place = self.devicePixelRatioF(), self._place()
        origin = QPointF(self.mapTo(self.window(), QPoint()))
        corner = (origin + place.topLeft()) * ratio
        size = QSizeF(max(1, round(place.width() * ratio)), max(1, round(place.height() * ratio)))
        return QRectF(QPointF(round(corner.x()), round(corner.y())) / ratio - origin, size / ratio)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c, ratio, frame = theme.colours(), self.devicePixelRatioF(), self.frame()
        seen = frame & self._area().adjusted(-0.5, -0.5, 0.5, 0.5)  # how far `frame` may move it
        if self._missing:
            painter.fillRect(seen, QColor(c.rail))
            painter.setPen(QColor(c.quiet))
            painter.drawText(seen, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._say("error.picture"))
            return
        painter.scale(1 / ratio, 1 / ratio)  # from here on in device pixels
        seen = QRectF(seen.topLeft() * ratio, seen.size() * ratio)
        focus = self.hasFocus()
        line = round((2 if focus else 1) * ratio)
        painter.fillRect(seen.adjusted(-line, -line, line, line), QColor(c.accent if focus else c.line))
        painter.fillRect(seen, QColor(c.rail))
        if not self._image.isNull():
            size = (frame.size() * ratio).toSize()
            if self._drawn.size() != size:
                self._drawn = self._image.scaled(
                    size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
                )
            painter.setClipRect(seen)
            painter.drawImage(frame.topLeft() * ratio, self._drawn)

    def _place_callouts(self) -> None:
        frame = self.frame()
        for callout in self.callouts:
            callout.place(frame)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place_callouts()

    def event(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            self._place_callouts()
        return super().event(event)


def _decode(file: str) -> QImage:
    """Null where the file is missing, broken, or larger than Qt agrees to read."""
    image = QImage(file)
    alpha = image.hasAlphaChannel()
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied if alpha else QImage.Format.Format_RGB32)


class PictureView(_PictureWidget):
    """The picture on a page: fitted to its space, never beyond the file's own pixels; every click or Enter opens it."""

    opened = Signal()

    def __init__(self, guide: Guide, picture: Picture, tasks: Tasks) -> None:
        super().__init__(guide, picture, tasks)
        self.setObjectName("picture")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumSize(320, 180)
        self._came_into_view = False
        for callout in self.callouts:
            callout.clicked.connect(self.opened)
        self._closer = _icon_button("zoom", guide.say("viewer.open"), "picture-zoom")
        self._closer.setParent(self)
        self._closer.hide()
        self._closer.clicked.connect(self.opened)

    def _place(self) -> QRectF:
        scale = min(self._fit(), _PIXELS / self.devicePixelRatioF())
        place = QRectF(QPointF(), self._natural * scale)
        place.moveCenter(self._area().center())
        place.moveTop(self._area().top())
        return place

    def _place_callouts(self) -> None:
        super()._place_callouts()
        inside = self.frame().adjusted(theme.S, theme.S, -theme.S - theme.CONTROL, -theme.S - theme.CONTROL)
        corners = [inside.bottomRight(), inside.topRight(), inside.bottomLeft(), inside.topLeft()]
        self._closer.move(next(filter(self._is_free, corners), corners[0]).toPoint())

    def _is_free(self, corner: QPointF) -> bool:
        """The button to look closer must not cover what a call-out points at."""
        place = QRect(corner.toPoint(), QSize(theme.CONTROL, theme.CONTROL))
        return not any(place.intersects(callout.geometry()) for callout in self.callouts)

    def _arrived(self, image: QImage) -> None:
        super()._arrived(image)
        self._closer.setVisible(not image.isNull())
        self._draw_the_eye()

    def showEvent(self, event: QShowEvent) -> None:
        self._draw_the_eye()

    def _draw_the_eye(self) -> None:
        """To the call-out that matters, once: when the picture is there and seen for the first time."""
        if self._came_into_view or self._image.isNull() or not self.isVisible():
            return
        self._came_into_view = True
        if self.callouts and motion.allowed():
            self.callouts[0].settle()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.opened.emit()
        else:
            super().keyPressEvent(event)


class CalloutButton(QAbstractButton):
    """A ring around a place on the picture, with its words on a tag beside it; `reached` by the keyboard."""

    reached = Signal()

    def __init__(self, parent: QWidget, callout: Callout, *, first: bool) -> None:
        super().__init__(parent)
        self._callout, self._first = callout, first
        self._frame = QRectF()
        self._swell = 1.0
        self.setText(callout.label)
        self.setObjectName(f"callout-{callout.id}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def place(self, frame: QRectF) -> None:
        """Cover ring and tag together; a tag that would leave the picture is moved back into it."""
        self._frame = frame
        spot = self._callout
        ring = QRectF(
            frame.x() + spot.x * frame.width(),
            frame.y() + spot.y * frame.height(),
            spot.w * frame.width(),
            spot.h * frame.height(),
        ).adjusted(-4, -4, 4, 4)
        tag = QRectF(0, 0, QFontMetricsF(self._font()).horizontalAdvance(spot.label) + 20, 24)
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
        more = (self._swell - 1) / 2
        x, y = (min(_WIDEST, side * more) for side in (ring.width(), ring.height()))
        ring.adjust(-x, -y, x, y)
        whole = ring.united(tag).adjusted(-2, -2, 2, 2).toAlignedRect()
        self.setGeometry(whole)
        self._ring = ring.translated(-whole.x(), -whole.y())
        self._tag = tag.translated(-whole.x(), -whole.y())

    def settle(self) -> None:
        """The ring stands wide for a moment and then comes to rest on its place."""
        coming = QSequentialAnimationGroup(self)
        coming.addPause(250)
        move = QVariantAnimation(
            duration=200, startValue=1.35, endValue=1.0, easingCurve=QEasingCurve(QEasingCurve.Type.OutCubic)
        )
        move.valueChanged.connect(self._set_swell)
        coming.addAnimation(move)
        self._set_swell(1.35)
        coming.start(QAbstractAnimation.DeletionPolicy.DeleteWhenStopped)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}:
            self.reached.emit()

    def _set_swell(self, swell: float) -> None:
        self._swell = swell
        self.place(self._frame)

    def _font(self) -> QFont:
        font = self.font()
        font.setPixelSize(theme.SMALL)
        font.setBold(True)
        return font

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
        painter.setFont(self._font())
        painter.setPen(QColor("#201600"))
        painter.drawText(self._tag, Qt.AlignmentFlag.AlignCenter, self.text())


class _Canvas(_PictureWidget):
    """The picture at a chosen scale, moved with mouse, wheel or keys; `moved` tells that scale or place changed."""

    moved = Signal()

    def __init__(self, guide: Guide, picture: Picture, tasks: Tasks) -> None:
        super().__init__(guide, picture, tasks)
        self.setObjectName("viewer-picture")
        self.setMinimumSize(320, 180)
        self.chosen = FIT
        self._centre = QPointF(0.5, 0.5)
        self._grip = QPointF()
        self._turned = 0
        self._keys = {
            Qt.Key.Key_Left: lambda: self.look(-_STEP, 0),
            Qt.Key.Key_Right: lambda: self.look(_STEP, 0),
            Qt.Key.Key_Up: lambda: self.look(0, -_STEP),
            Qt.Key.Key_Down: lambda: self.look(0, _STEP),
            Qt.Key.Key_PageUp: lambda: self.look(0, -self._area().height()),
            Qt.Key.Key_PageDown: lambda: self.look(0, self._area().height()),
            Qt.Key.Key_Home: lambda: self.look(-self._place().width(), -self._place().height()),
            Qt.Key.Key_End: lambda: self.look(self._place().width(), self._place().height()),
        }
        for callout in self.callouts:
            callout.clicked.connect(partial(self._closer, callout))
            callout.reached.connect(partial(self._reveal, callout))

    def sizeHint(self) -> QSize:
        return (self._natural * LARGEST).toSize() + QSize(_EDGE, _EDGE) * 2

    def _fit(self) -> float:
        return min(super()._fit(), LARGEST)

    def _scale(self) -> float:
        return self._fit() if self.chosen == FIT else self.chosen

    def _place(self) -> QRectF:
        area, size = self._area(), self._natural * self._scale()
        x = _begin(area.width(), size.width(), self._centre.x())
        y = _begin(area.height(), size.height(), self._centre.y())
        return QRectF(area.topLeft() + QPointF(x, y), size)

    def choose(self, scale: int, at: QPointF | None = None) -> None:
        """FIT, or how many times the natural size; what is seen `at` a place, else in the middle, stays there."""
        middle, before = self._area().center(), self._place()
        held = middle if at is None else at
        spot = held - before.topLeft()
        self.chosen = scale
        growth = self._natural.width() * self._scale() / before.width()
        self._put(QRectF(held - spot * growth, self._natural * self._scale()))

    def step(self, *, closer: bool, at: QPointF | None = None) -> None:
        """To the next larger or smaller of the three scales."""
        now, scales = self._scale(), {self._fit(): FIT, 1.0: 1, 2.0: 2}
        further = [scale for scale in scales if (scale > now if closer else scale < now)]
        if further:
            self.choose(scales[min(further) if closer else max(further)], at)

    def look(self, x: float, y: float) -> None:
        """Move what is seen to the right and down."""
        self._put(self._place().translated(-x, -y))

    def more(self) -> tuple[bool, bool, bool, bool]:
        """Is there more to see to the left, right, up and down?"""
        area, place = self._area(), self._place()
        return (
            place.left() < area.left() - 0.5,
            place.right() > area.right() + 0.5,
            place.top() < area.top() - 0.5,
            place.bottom() > area.bottom() + 0.5,
        )

    def _put(self, place: QRectF) -> None:
        self._centre = _fraction(self._area().center(), place)
        self._place_callouts()
        self.update()
        self.moved.emit()

    def _closer(self, callout: CalloutButton) -> None:
        self.choose(LARGEST)
        self._reveal(callout)

    def _reveal(self, callout: CalloutButton) -> None:
        area, place = self._area(), QRectF(callout.geometry())
        if not area.contains(place):
            away = place.center() - area.center()
            self.look(away.x(), away.y())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._put(self._place())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and any(self.more()):
            self._grip = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.cursor().shape() is Qt.CursorShape.ClosedHandCursor:
            way = self._grip - event.position()
            self._grip = event.position()
            self.look(way.x(), way.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.show_hand()

    def show_hand(self) -> None:
        shape = Qt.CursorShape.OpenHandCursor if any(self.more()) else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def wheelEvent(self, event: QWheelEvent) -> None:
        way = event.angleDelta()
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.look(-way.x() * _STEP / _NOTCH, -way.y() * _STEP / _NOTCH)
            return
        self._turned += way.y()
        if abs(self._turned) >= _NOTCH:
            self.step(closer=self._turned > 0, at=event.position())
            self._turned = 0

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._keys.get(Qt.Key(event.key()))
        if action is None:
            super().keyPressEvent(event)
        else:
            action()


def _begin(room: float, length: float, centre: float) -> float:
    """Where a picture begins in its room: in the middle, or with no gap beside it and `centre` as near as can be."""
    if length <= room:
        return (room - length) / 2
    return min(0.0, max(room - length, room / 2 - centre * length))


def _fraction(point: QPointF, place: QRectF) -> QPointF:
    return QPointF((point.x() - place.x()) / place.width(), (point.y() - place.y()) / place.height())


class Viewer(QDialog):
    """The picture in a window of its own, with what chooses its scale and moves it."""

    def __init__(self, parent: QWidget, guide: Guide, picture: Picture, tasks: Tasks) -> None:
        super().__init__(parent)
        self.setObjectName("viewer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(guide.say("viewer.open"))
        self.canvas = canvas = _Canvas(guide, picture, tasks)
        self._scales = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        for scale, words in ((FIT, "viewer.fit"), (1, "viewer.natural"), (2, "viewer.double")):
            made = button(guide.say(words), name=f"viewer-scale-{scale}")
            made.setCheckable(True)
            self._scales.addButton(made, scale)
            row.addWidget(made)
        self._scales.idClicked.connect(canvas.choose)
        row.addSpacing(theme.L)
        self._arrows: list[QPushButton] = []
        for name, x, y in (("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)):
            arrow = _icon_button(f"arrow-{name}", guide.say(f"viewer.{name}"), f"viewer-{name}")
            arrow.setAutoRepeat(True)
            arrow.clicked.connect(partial(canvas.look, x * _STEP, y * _STEP))
            self._arrows.append(arrow)
            row.addWidget(arrow)
        row.addStretch(1)
        close = button(guide.say("button.close"), main=True, name="viewer-close")
        close.clicked.connect(self.accept)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.XL, theme.XL, theme.XL, theme.L)
        column.setSpacing(theme.M)
        column.addWidget(canvas, 1)
        column.addWidget(label(picture.description, "quiet"))
        column.addLayout(row)
        canvas.moved.connect(self._show_state)
        space = parent.screen().availableGeometry().size() - QSize(theme.XXL, theme.XXL) * 2
        self.resize(self.sizeHint().boundedTo(space))

    def _show_state(self) -> None:
        canvas = self.canvas
        self._scales.button(canvas.chosen).setChecked(True)
        for arrow, more in zip(self._arrows, canvas.more(), strict=True):
            if arrow.hasFocus() and not more:
                canvas.setFocus()
            arrow.setEnabled(more)
        if canvas.cursor().shape() is not Qt.CursorShape.ClosedHandCursor:
            canvas.show_hand()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_0 | Qt.Key.Key_1 | Qt.Key.Key_2:
                self.canvas.choose(event.key() - Qt.Key.Key_0)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.canvas.step(closer=True)
            case Qt.Key.Key_Minus:
                self.canvas.step(closer=False)
            case _:
                super().keyPressEvent(event)


def enlarge(parent: QWidget, guide: Guide, picture: Picture, tasks: Tasks) -> QDialog:
    """Opens the viewer over the window of `parent`; the one that is open already, if there is one."""
    viewer = parent.findChild(Viewer) or Viewer(parent, guide, picture, tasks)
    viewer.open()
    return viewer


def _icon_button(icon: str, words: str, name: str) -> QPushButton:
    """A square one; its words are heard, and seen when the mouse rests on it."""
    made = button("", icon=icon, square=True, name=name)
    made.setAccessibleName(words)
    made.setToolTip(words)
    return made
