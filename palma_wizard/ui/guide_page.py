"""One page class for all documented steps: words, picture, action."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from palma_wizard.guide import Guide, Line, Part, Step
from palma_wizard.ui import theme
from palma_wizard.ui.page import Page, button, icon_label, in_turn, label
from palma_wizard.ui.tasks import Tasks

_MARKS = {
    "do": ("check", "good"),
    "optional": ("question", "quiet"),
    "never": ("cross", "bad"),
    "": ("dot", "quiet"),
}


class GuidePage(Page):
    """A step with several parts turns them with Next before the wizard goes on."""

    def __init__(self, guide: Guide, step: Step, number: int, count: int, tasks: Tasks, *, has_site: bool) -> None:
        super().__init__(guide, step.title, guide.say("step-of", number=number, count=count))
        self.step = step
        self._over = guide.say("step-of", number=number, count=count)
        self._has_site = has_site
        self._tasks = tasks
        self._parts = QStackedWidget()
        self._built = False
        self._first = 0
        self.body.addWidget(self._parts, 1)
        self._practising = False
        self._open = button("", icon="external-link", name="open-link")
        self._open.clicked.connect(self._open_site)
        self._address = label("", "quiet")
        self._address.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        foot = QVBoxLayout()
        foot.setSpacing(theme.XS)
        foot.addWidget(self._open, 0, Qt.AlignmentFlag.AlignLeft)
        foot.addWidget(self._address)
        self.column.insertLayout(self.column.indexOf(self.state_line), foot)

    def initializePage(self) -> None:
        """Not at start: while the page before is being read, or when this one is first shown."""
        if not self._built:
            self._built = True
            for part in self.step.parts:
                self._parts.addWidget(self._part(part))
            in_turn([*self.banner.findChildren(QWidget), *self._parts.findChildren(QWidget), self._open])

    def entered(self) -> None:
        self.show_part(self._first)
        self._first = 0

    @property
    def part(self) -> int:
        return self._parts.currentIndex()

    def take_over(self, other: GuidePage) -> None:
        """The part that page shows is the first that this one shows."""
        self._first = max(0, other.part)

    def validatePage(self) -> bool:
        following = self._parts.currentIndex() + 1
        if following >= self._parts.count():
            return True
        self.show_part(following)
        self.tell()
        return False

    def turn_back(self) -> bool:
        if self._parts.currentIndex() <= 0:
            return False
        self.show_part(self._parts.currentIndex() - 1)
        self.tell()
        return True

    def words(self) -> list[str]:
        return [line.text for line in self.step.parts[self.part].lines]

    def set_practice(self, practising: bool) -> None:
        """While practising every step has its page to open, where there is a practice site; else only the steps that
        the instructions give an address for.
        """
        super().set_practice(practising)
        self._practising = practising
        self.show_state(message="" if not practising or self._has_site else self.say("practice.no-site"))
        link = self.step.link
        self._open.setVisible(self._has_site if practising else link is not None)
        self._address.setVisible(self._has_site if practising else link is not None)
        if practising:
            self._open.setText(self.say("practice.open"))
            self._address.setText(self.say("practice.open-note"))
        elif link is not None:
            self._open.setText(link.label)
            self._address.setText("\u200f" * self.guide.right_to_left + self.guide.written(link.url))

    def show_part(self, index: int) -> None:
        self._parts.setCurrentIndex(index)
        self.area.verticalScrollBar().setValue(0)
        count = self._parts.count()
        over = self._over
        if count > 1:
            over += "  ·  " + self.say("part.of", number=index + 1, count=count)
        self.over.setText(over)
        title = (self.step.parts[index].title if count else "") or self.step.title
        self.title_label.setText(title)
        self.setAccessibleName(title)

    def _part(self, part: Part) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        for line in part.lines:
            column.addLayout(_line(line))
        if part.picture is not None:
            from palma_wizard.ui import picture

            column.addSpacing(theme.XS)
            column.addWidget(label(self.say("picture.caption"), "quiet"))
            shown = part.picture
            view = picture.PictureView(self.guide, shown, self._tasks)
            view.opened.connect(lambda: picture.enlarge(self, self.guide, shown, self._tasks))
            column.addWidget(view, 1)
        else:
            column.addStretch(1)
        return made

    def open_address(self, url: str) -> None:
        super().open_address(url)
        if self._practising:
            self._address.setText(self.say("practice.opened", url=url))

    def _open_site(self) -> None:
        if self._practising:
            self.open_practice.emit()
        elif self.step.link is not None:
            self.open_address(self.step.link.url)


def _line(line: Line) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.S)
    icon, tone = _MARKS[line.mark]
    row.addWidget(icon_label(icon, tone), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(line.text), 1)
    return row
