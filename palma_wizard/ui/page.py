"""What all pages share: the frame of a page, its four-word state, and the few widgets they are built from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QElapsedTimer, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
    QWizardPage,
)

from palma_wizard.guide import Guide, Step
from palma_wizard.ui import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent
    from PySide6.QtWidgets import QGridLayout

W = TypeVar("W", bound=QWidget)

TONE_ICONS = {"good": "check", "warn": "warning", "bad": "cross", "info": "info", "quiet": "question"}


class Page(QWizardPage):
    """Title, banner while practising, body, and one line for messages and errors.

    The whole state of a page is `busy`, `message`, `error` and `complete`; `show_state` turns it into widgets.
    `open_practice` asks for the page's own part of the practice site; `exchange_chosen` names another exchange.
    """

    leave_practice = Signal()
    open_practice = Signal()
    exchange_chosen = Signal(str)

    def __init__(self, guide: Guide, title: str, over: str = "") -> None:
        super().__init__()
        self.guide = guide
        self.say = guide.say
        self.setAccessibleName(title)
        self._complete = True
        self._since_opening = QElapsedTimer()
        self.banner = Notice("info", self.say("practice.banner"), name="practice-banner")
        leave = button(self.say("practice.leave"), flat=True, name="leave-practice")
        leave.clicked.connect(self.leave_practice)
        self.banner.add_action(leave, beside=True)
        self.banner.hide()
        self.over = label(over, "step")
        self.over.setVisible(bool(over))
        self.title_label = label(title, "title")
        self.state_line = Notice("info", "", name="page-message")
        self.state_line.hide()

        content = QWidget()
        self.body = QVBoxLayout(content)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.body.setSpacing(theme.M)
        self.column = outer = QVBoxLayout(self)
        self._side = theme.XXL
        outer.setSpacing(theme.S)
        outer.addWidget(self.banner)
        outer.addWidget(self.over)
        outer.addWidget(self.title_label)
        outer.addSpacing(theme.XS)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        beside_the_bar = (theme.M, 0, 0, 0) if guide.right_to_left else (0, 0, theme.M, 0)
        self.body.setContentsMargins(*beside_the_bar)
        self.area.setWidget(content)
        outer.addWidget(self.area, 1)
        outer.addWidget(self.state_line)

    def set_practice(self, practising: bool) -> None:
        self.banner.setVisible(practising)

    def set_compact(self, compact: bool) -> None:
        """As narrow as fits beside a browser, or as usual."""
        self._side = theme.L if compact else theme.XXL
        self._set_margins()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_margins()

    def _set_margins(self) -> None:
        """Lines no longer than can be read: on a wide window the page stands in its middle."""
        side = max(self._side, (self.width() - theme.WIDEST) // 2)
        self.column.setContentsMargins(side, theme.L, side, theme.S)

    def show_exchange(self, exchange: str) -> None:
        """Another exchange was chosen, or the first."""

    def show_step(self, step: Step, number: int, count: int) -> None:
        """Which of the documented steps this page is, and of how many."""
        self.over.setText(self.say("step-of", number=number, count=count))
        self.over.show()
        self.title_label.setText(step.title)
        self.setAccessibleName(step.title)

    def take_over(self, other: Any) -> None:
        """What the page that this one replaces has beside the draft."""

    def turn_back(self) -> bool:
        """To the part before, on a page of several parts; False on the first."""
        return False

    def entered(self) -> None:
        """The page has come into view, for the first time or again."""

    def words(self) -> list[str]:
        """What is heard with the title when the page is turned to: on most pages, the first sentence."""
        first = self.body.itemAt(0)
        made = None if first is None else first.widget()
        return [made.text()] if isinstance(made, QLabel) else []

    def tell(self) -> None:
        """Where one is now, for those who do not see it."""
        announce(self, "\n".join(filter(None, [self.over.text(), self.title_label.text(), *self.words()])))

    def isComplete(self) -> bool:
        return self._complete

    def open_address(self, url: str) -> None:
        """In the person's browser, once for a double click; where that fails, show the address to copy."""
        if self._since_opening.isValid() and self._since_opening.elapsed() < QApplication.doubleClickInterval():
            return
        self._since_opening.start()
        opened = QDesktopServices.openUrl(QUrl(url))
        self.show_state(error="" if opened else self.say("error.browser", url=url), complete=self._complete)

    def show_state(self, *, busy: bool = False, message: str = "", error: str = "", complete: bool = True) -> None:
        words = error or message
        is_new = words != self.state_line.text() or self.state_line.isHidden()
        self.state_line.show_words("bad" if error else "info", words)
        self.state_line.setVisible(bool(words))
        self.setCursor(Qt.CursorShape.BusyCursor if busy else Qt.CursorShape.ArrowCursor)
        if words and is_new:
            announce(self, words)
        if complete != self._complete:
            self._complete = complete
            self.completeChanged.emit()


class Notice(QFrame):
    """A tinted box: icon, words, and room for a button."""

    def __init__(self, tone: str, text: str, *, title: str = "", name: str = "") -> None:
        super().__init__()
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        row.setSpacing(theme.M)
        self._icon = QLabel()
        self._icon.setFixedWidth(20)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        self.words = QVBoxLayout()
        self.words.setSpacing(theme.XS)
        self._title = label(title, "strong")
        self._title.setVisible(bool(title))
        self._text = label(text)
        self._text.setObjectName(f"{name}-text" if name else "")
        self.words.addWidget(self._title)
        self.words.addWidget(self._text)
        row.addLayout(self.words, 1)
        self.show_words(tone, text)
        self.setProperty("part", name)

    def show_words(self, tone: str, text: str, title: str | None = None) -> None:
        self.setObjectName(tone)
        self._tone = tone
        self._text.setText(text)
        self._text.setVisible(bool(text))
        if title is not None:
            self._title.setText(title)
            self._title.setVisible(bool(title))
        self.setAccessibleName(self._title.text() or text)
        self._icon.setPixmap(theme.pixmap(TONE_ICONS[tone], theme.tone_colour(tone)))
        self.style().unpolish(self)
        self.style().polish(self)

    def tab_stop(self) -> QLabel:
        """Its words as a place for the focus, where they are to be heard before anything can be done."""
        self._text.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._text.setAccessibleName(f"{self.heading()}\n{self.text()}")
        return self._text

    def text(self) -> str:
        return self._text.text()

    def heading(self) -> str:
        return self._title.text()

    def add_action(self, widget: QWidget, *, beside: bool = False) -> None:
        """Beside the words or below them; again, to move it."""
        which = Qt.AlignmentFlag
        self._row.setAlignment(self._icon, which.AlignVCenter if beside else which.AlignTop)
        if beside:
            self._row.addWidget(widget)
        else:
            self.words.addWidget(widget, 0, which.AlignLeft)


def named(widget: W, name: str) -> W:
    """Tests, style sheet and assistive tools find a widget by its object name."""
    widget.setObjectName(name)
    return widget


def label(text: str, kind: str = "") -> QLabel:
    """Plain text, wrapped."""
    made = QLabel(text)
    if QGuiApplication.isRightToLeft():  # Qt moves a wrapped line to the left by the space that ends it, out of sight
        made.setContentsMargins(theme.S, 0, 0, 0)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setObjectName(kind)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    return made


def button(
    text: str, *, icon: str = "", main: bool = False, flat: bool = False, square: bool = False, name: str = ""
) -> QPushButton:
    """A square one has an icon and no words, so it needs an accessible name."""
    made = QPushButton(text)
    made.setProperty("square", square)
    made.setObjectName(name)
    made.setProperty("main", main)
    made.setProperty("flat", flat)
    made.setAutoDefault(False)
    if icon:
        c = theme.colours()
        colour = c.on_accent if main else c.accent if flat else c.text
        made.setIcon(theme.icon(icon, colour) if square else theme.icon_before_words(icon, colour))
        made.setIconSize(theme.WITH_GAP)
    return made


def in_turn(widgets: Iterable[QWidget]) -> None:
    """Tab goes from each to the next: Qt's own order is that in which they were made."""
    for one, other in pairwise(each for each in widgets if each.focusPolicy() & Qt.FocusPolicy.TabFocus):
        QWidget.setTabOrder(one, other)


def switch(made: QWidget, on: bool) -> None:
    """On, or off for a while: the focus that it had comes back to it, unless it was moved on meanwhile."""
    window = made.window()
    focused = window.focusWidget()
    if made.isEnabled() and not on and focused is made:
        made.setEnabled(False)
        made.setProperty("stand-in", window.focusWidget())
    elif on and not made.isEnabled():
        made.setEnabled(True)
        if focused is made.property("stand-in"):
            made.setFocus()
        made.setProperty("stand-in", None)
    else:
        made.setEnabled(on)


def icon_label(name: str, tone: str, size: int = 20) -> QLabel:
    made = QLabel()
    made.setPixmap(theme.pixmap(name, theme.tone_colour(tone), size))
    made.setFixedWidth(size)
    return made


def empty(layout: QVBoxLayout | QGridLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def ask(parent: QWidget, name: str, words: Sequence[str], act: Callable[[], object]) -> None:
    """A question: its title, its text, and its answers yes and no. Enter and Escape give the safe one, no."""
    from PySide6.QtWidgets import QMessageBox

    title, text, yes, no = words
    if parent.findChild(QMessageBox, name) is not None:
        return
    box = QMessageBox(parent)
    box.setObjectName(name)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(title)
    box.setInformativeText(text)
    box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole).clicked.connect(act)
    stay = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.open()


def announce(source: QWidget, text: str) -> None:
    """Tell assistive tools without moving the focus. A page that is not shown says nothing."""
    if not source.isVisible():
        return
    from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

    event = QAccessibleAnnouncementEvent(source, text)
    QAccessible.updateAccessibility(event)
