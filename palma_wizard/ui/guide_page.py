"""One page class for all documented steps: words, picture, action."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from palma_wizard.guide import Guide, Line, Part, Step
from palma_wizard.ui import theme
from palma_wizard.ui.page import Page, button, icon_label, label

_MARKS = {
    "do": ("check", "good"),
    "optional": ("question", "quiet"),
    "never": ("cross", "bad"),
    "": ("dot", "quiet"),
}


class GuidePage(Page):
    """A step with several parts turns them with Next before the wizard goes on."""

    def __init__(self, guide: Guide, step: Step, number: int) -> None:
        super().__init__(guide, step.title, guide.say("step-of", number=number))
        self.step = step
        self._number = number
        self._parts = QStackedWidget()
        self._built = False
        self.body.addWidget(self._parts, 1)

    def initializePage(self) -> None:
        """Pictures are read when a page is first shown, not at start."""
        if not self._built:
            self._built = True
            for part in self.step.parts:
                self._parts.addWidget(self._part(part))
            if self.step.link is not None:
                self._add_link(self.step.link.label, self.step.link.url)

    def entered(self) -> None:
        self._show_part(0)

    def validatePage(self) -> bool:
        following = self._parts.currentIndex() + 1
        if following >= self._parts.count():
            return True
        self._show_part(following)
        return False

    def turn_back(self) -> bool:
        """To the part before, as `validatePage` turns to the next; False on the first."""
        if self._parts.currentIndex() <= 0:
            return False
        self._show_part(self._parts.currentIndex() - 1)
        return True

    def set_practice(self, practising: bool) -> None:
        super().set_practice(practising)
        if self.step.link is not None:
            self.show_state(message=self.say("practice.step") if practising else "")

    def _show_part(self, index: int) -> None:
        self._parts.setCurrentIndex(index)
        count = self._parts.count()
        over = self.say("step-of", number=self._number)
        if count > 1:
            over += "  ·  " + self.say("part.of", number=index + 1, count=count)
        self.over.setText(over)

    def _part(self, part: Part) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        for line in part.lines:
            column.addLayout(_line(line))
        column.addSpacing(theme.XS)
        if part.picture is not None:
            from palma_wizard.ui import picture

            shown = part.picture
            view = picture.PictureView(self.guide, shown)
            view.opened.connect(lambda: picture.enlarge(self, self.guide, shown))
            column.addWidget(view, 1)
        return made

    def _add_link(self, text: str, url: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.M)
        action = button(text, icon="external-link", name="open-link")
        action.clicked.connect(lambda: self._open(url))
        row.addWidget(action)
        address = label(url, "quiet")
        address.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(address, 1)
        self.body.addLayout(row)

    def _open(self, url: str) -> None:
        if not QDesktopServices.openUrl(QUrl(url)):
            self.show_state(error=self.say("error.browser", url=url))


def _line(line: Line) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.S)
    icon, tone = _MARKS[line.mark]
    row.addWidget(icon_label(icon, tone), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(line.text), 1)
    return row
