"""The answer to "who gets in with this list?", for a list about to be saved and for one the exchange reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from palma_wizard.exchanges import PALMABOT_ADDRESS
from palma_wizard.guide import Guide
from palma_wizard.ui import theme
from palma_wizard.ui.page import TONE_ICONS, announce, button, icon_label, label, named

if TYPE_CHECKING:
    from palma_wizard.exchanges.whitelist import Rehearsal

_SHOWN = 6
"""Entries with something to say that are shown at once; the rest is counted."""


class RehearsalView(QFrame):
    """`copied` carries the corrected list, one entry a line."""

    copied = Signal(str)

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self._guide, self._say = guide, guide.say
        self._corrected = ""
        named(self, "card")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        outer.setSpacing(theme.S)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(theme.XS)
        outer.addLayout(self._lines)
        self._caption = label(self._say("rehearsal.corrected"), "strong")
        outer.addWidget(self._caption)
        self._list = label("", "mono")
        self._list.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._list.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = button(self._say("rehearsal.copy"), icon="copy", name="copy-corrected")
        self.copy.clicked.connect(lambda: self.copied.emit(self._corrected))
        outer.addWidget(self._list)
        outer.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)

    def show_answer(self, found: Rehearsal) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            if (inner := item.layout()) is not None:
                while (part := inner.takeAt(0)) is not None:
                    if (widget := part.widget()) is not None:
                        widget.hide()
                        widget.deleteLater()
        said = self._verdict(found)
        told = [(entry, entry.problems) for entry in found.entries if entry.problems]
        for entry, problems in told[:_SHOWN]:
            tone = "warn" if any(problem.matters for problem in problems) else "info"
            words = " ".join(self._say(f"problem.{problem.value}") for problem in problems)
            said.append((tone, f"“{self._guide.written(entry.text)}”: {words}"))
        if len(told) > _SHOWN:
            said.append(("warn", self._say("rehearsal.more", count=len(told) - _SHOWN)))
        for tone, text in said:
            row = QHBoxLayout()
            row.setSpacing(theme.S)
            row.addWidget(icon_label(TONE_ICONS[tone], tone), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label(text), 1)
            self._lines.addLayout(row)
        self._corrected = "\n".join(found.corrected)
        offers = bool(found.corrected and found.you) and not found.safe and not found.problems
        self._list.setText(self._corrected)
        for shown in (self._caption, self._list):
            shown.setVisible(offers)
        self.copy.setVisible(offers)
        if said[0][1] != self.accessibleName():
            announce(self, said[0][1])
        self.setAccessibleName(said[0][1])
        self.setAccessibleDescription(" ".join(text for _, text in said[1:]))

    def _verdict(self, found: Rehearsal) -> list[tuple[str, str]]:
        if found.problems:  # not all of it was read: who gets in is not known
            return [("warn", self._say(f"problem.{problem.value}")) for problem in found.problems]
        if found.empty:
            return [("info", self._say("rehearsal.empty"))]
        if found.safe:
            first = ("good", self._say("rehearsal.safe"))
        elif not found.you:
            first = ("warn", self._say("rehearsal.own-unknown"))
        elif not any(found.you.values()):
            first = ("bad", self._say("rehearsal.locked-out"))
        elif not all(found.you.values()):
            first = ("bad", self._say("rehearsal.half-locked-out"))
        else:
            first = ("warn", self._say("rehearsal.not-yet"))
        said = [first, self._who(self._say("rehearsal.palmabot", address=PALMABOT_ADDRESS), lets_in=found.palmabot)]
        for kind, lets_in in found.you.items():
            said.append(self._who(self._say(f"rehearsal.you-{kind}"), lets_in=lets_in))
        return said

    def _who(self, name: str, *, lets_in: bool) -> tuple[str, str]:
        words = self._say("rehearsal.gets-in" if lets_in else "rehearsal.kept-out", name=name)
        return ("good" if lets_in else "bad"), words
