"""Step 10: the two addresses, and the one mistake that locks people out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPlainTextEdit, QWidget

from palma_wizard.draft import Draft
from palma_wizard.exchanges import PALMABOT_ADDRESS
from palma_wizard.guide import Guide
from palma_wizard.practice import PAGES
from palma_wizard.ui import theme
from palma_wizard.ui.clipboard import Clipboard
from palma_wizard.ui.page import Notice, Page, announce, button, label, named, switch
from palma_wizard.ui.rehearsal import RehearsalView
from palma_wizard.ui.tasks import Tasks
from palma_wizard.ui.tick import Tick

if TYPE_CHECKING:
    from palma_wizard.address import Sighting
    from palma_wizard.exchanges.whitelist import Rehearsal

Services = Mapping[str, Sequence[str]]


class NoticePage(Page):
    """`services` gives the practice services while practising, else None for the real ones."""

    def __init__(
        self,
        guide: Guide,
        draft: Draft,
        tasks: Tasks,
        clipboard: Clipboard,
        services: Callable[[], Awaitable[Services | None]],
    ) -> None:
        super().__init__(guide, "")
        self._draft, self._tasks, self._clipboard, self._services = draft, tasks, clipboard, services
        self._complete = False
        self._practising = False
        self._round = 0
        self._undecided: dict[str, tuple[str, ...]] = {}
        self._sightings: tuple[Sighting, ...] = ()
        self.body.addWidget(label(self.say("notice.why")))
        danger = Notice("bad", self.say("notice.danger"), title=self.say("notice.danger-title"), name="danger")
        self.danger = danger.tab_stop()
        self.body.addWidget(danger)

        self._try_it = Notice("info", self.say("practice.whitelist"), name="try-it")
        open_site = button(self.say("practice.open"), icon="external-link", name="open-practice")
        open_site.clicked.connect(self.open_practice)
        self._try_it.add_action(open_site)
        self._try_it.hide()
        self.body.addWidget(self._try_it)

        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.S)
        grid.setVerticalSpacing(theme.XS)
        grid.setColumnStretch(0, 1)
        self._rows: list[tuple[QWidget, ...]] = []
        self.palmabot = self._address(grid, 0, "palmabot", self.say("notice.palmabot"), PALMABOT_ADDRESS)
        self.palmabot.setReadOnly(True)
        self.own = self._address(grid, 1, "own", self.say("notice.own"), "")
        self.own.setPlaceholderText(self.say("notice.own-placeholder"))
        self.own.textEdited.connect(lambda text: self._typed("ipv4", self.own, text))
        self.own6 = self._address(grid, 2, "own6", self.say("notice.own") + " (IPv6)", "")
        self.own6.textEdited.connect(lambda text: self._typed("ipv6", self.own6, text))
        self._show_ipv6(False)
        self.body.addLayout(grid)

        self.look_up = button(self.say("notice.look-up"), icon="refresh", name="look-up")
        self.look_up.clicked.connect(lambda: self._tasks.start(self._look_up()))
        self.body.addWidget(self.look_up, 0, Qt.AlignmentFlag.AlignLeft)
        for_real = self.say("notice.look-up-who")
        self._asked = {False: for_real, True: self.say("practice.look-up")}
        self._who = label(for_real, "quiet")
        self.body.addWidget(self._who)
        self.result = Notice("info", "", name="look-up-result")
        self.result.hide()
        self.body.addWidget(self.result)
        self._make_rehearsal()
        self.body.addStretch(1)
        self.understood = named(Tick(self.say("notice.understand")), "understood")
        self.understood.setAccessibleDescription(self.say("notice.danger"))
        self.understood.toggled.connect(self._ask_for_the_tick)
        self.column.insertWidget(self.column.indexOf(self.state_line), self.understood)

    def _make_rehearsal(self) -> None:
        self.body.addWidget(label(self.say("notice.list-title"), "strong"))
        self.body.addWidget(label(self.say("notice.list-text"), "quiet"))
        self.list = named(QPlainTextEdit(), "address-list")
        self.list.setPlaceholderText(self.say("notice.list-placeholder"))
        self.list.setAccessibleName(self.say("notice.list-label"))
        self.list.setTabChangesFocus(True)
        self.list.setFixedHeight(76)
        self.list.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # as addresses are read everywhere
        self.list.textChanged.connect(self._rehearse)
        self.body.addWidget(self.list)
        self.rehearsal = RehearsalView(self.guide)
        self.rehearsal.copied.connect(self._copy)
        self.rehearsal.hide()
        self.body.addWidget(self.rehearsal)
        self._kept = label(self.say("notice.kept"), "quiet")
        self._kept.hide()
        self.body.addWidget(self._kept)

    def set_practice(self, practising: bool) -> None:
        """A practice address must never be taken for the person's own: nothing is kept across the change."""
        super().set_practice(practising)
        self._try_it.setVisible(practising and self._draft.exchange in PAGES)
        self._who.setText(self._asked[practising])
        if practising != self._practising:
            self._practising = practising
            self._round += 1
            self._undecided, self._sightings = {}, ()
            self.own.clear()
            self.own6.clear()
            self.list.clear()
            self._show_ipv6(False)
            self.result.hide()
            self.understood.setChecked(False)
            self._ask_for_the_tick()

    def entered(self) -> None:
        """The key may be another one since."""
        self._rehearse()

    def take_over(self, other: NoticePage) -> None:
        """What was typed and found on that page."""
        if other._sightings:
            self._show_sightings(*other._sightings)
        self._undecided = dict(other._undecided)
        for line, typed in ((self.own, other.own), (self.own6, other.own6)):
            line.setText(typed.text())
        self._show_ipv6(bool(self.own6.text()))
        self.list.setPlainText(other.list.toPlainText())
        self._rehearse()
        self.understood.setChecked(other.understood.isChecked())

    def _ask_for_the_tick(self) -> None:
        """Say what opens Next, as long as it is shut."""
        may, ticked = self.understood.isEnabled(), self.understood.isChecked()
        words = "" if ticked else self.say("notice.tick" if may else "notice.no-tick")
        self.show_state(message=words, complete=ticked)

    def show_exchange(self, exchange: str) -> None:
        """A list tried for one exchange says nothing of another's."""
        self.list.clear()
        self._try_it.setVisible(self._practising and exchange in PAGES)
        self._rehearse()

    def _rehearse(self) -> None:
        """Answers at each change of the list and of the own addresses."""
        text = self.list.toPlainText()
        self._draft.own = self._draft.tried = ()
        if not (text.strip() or self.own.text() or self.own6.text() or self._undecided):
            self._show_rehearsal(None)  # as at the start, when only Qt may be read in
            return
        from palma_wizard import address
        from palma_wizard.exchanges import whitelist

        typed = [address.parse(line.text()) for line in (self.own, self.own6)]
        public = [each for each in typed if each and address.kind_of(each) is address.AddressKind.PUBLIC]
        undecided = [each for seen in self._undecided.values() for each in seen]
        self._draft.own = tuple(dict.fromkeys((*public, *undecided)))
        found = whitelist.rehearse(text, self._draft.own) if text.strip() else None
        if found is not None and undecided:  # one of them is not the person's, and goes on no list
            found = replace(found, corrected=())
        self._show_rehearsal(found)
        if found is not None and found.safe:
            self._draft.tried = whitelist.covering(found.corrected, self._draft.own)
            self._kept.setVisible(bool(self._draft.tried))

    def _show_rehearsal(self, found: Rehearsal | None) -> None:
        self.rehearsal.setVisible(found is not None)
        self._kept.hide()
        locks_out = found is not None and not found.problems and not all(found.you.values())
        self.understood.setEnabled(not locks_out)
        if locks_out:
            self.understood.setChecked(False)
        self._ask_for_the_tick()
        if found is not None:
            self.rehearsal.show_answer(found)
        self.list.setAccessibleDescription("" if found is None else self.rehearsal.accessibleName())

    def _address(self, grid: QGridLayout, row: int, name: str, title: str, value: str) -> QLineEdit:
        line = named(QLineEdit(value), f"{name}-address")
        line.setAccessibleName(title)
        line.setMaxLength(64)
        caption = label(title, "strong")
        caption.setBuddy(line)
        copy = button(self.say("button.copy"), icon="copy", name=f"copy-{name}")
        copy.setAccessibleName(f"{self.say('button.copy')}: {title}")
        copy.clicked.connect(lambda: self._copy(line.text()))
        grid.addWidget(caption, 2 * row, 0, 1, 2)
        grid.addWidget(line, 2 * row + 1, 0)
        grid.addWidget(copy, 2 * row + 1, 1)
        self._rows.append((caption, line, copy))
        return line

    def _show_ipv6(self, shown: bool) -> None:
        for widget in self._rows[-1]:
            widget.setVisible(shown)

    def _copy(self, text: str) -> None:
        if text.strip():
            self._clipboard.put(text.strip())
            self.show_state(
                message=f"{self.say('button.copied')}: {self.guide.written(text.strip())}", complete=self._complete
            )

    def _typed(self, kind: str, line: QLineEdit, text: str) -> None:
        from palma_wizard import address

        self._undecided.pop(kind, None)
        wrong = bool(text.strip()) and address.parse(text) is None
        words = {
            None: "not-an-address" if wrong else "",
            address.AddressKind.PUBLIC: "",
            address.AddressKind.PRIVATE: "private",
            address.AddressKind.CGNAT: "cgnat",
        }.get(address.kind_of(text), "not-yours")
        told = self.say(f"notice.{words}") if words else ""
        if words:
            self.result.show_words("warn", told)
        if told and told != line.accessibleDescription():
            announce(self, told)
        line.setAccessibleDescription(told)
        self.result.setVisible(bool(words))
        self._rehearse()

    async def _look_up(self) -> None:
        from palma_wizard import address

        self._round += 1
        asked = self._round
        switch(self.look_up, False)
        self.result.show_words("info", self.say("notice.looking"))
        self.result.show()
        try:
            services = await self._services()
            seen = await address.look_up(services or address.SERVICES)
        except OSError:
            self._found("bad", self.say("practice.no-server"))
            return
        finally:
            switch(self.look_up, True)
        if asked != self._round:
            return
        self._show_sightings(seen["ipv4"], seen["ipv6"])

    def _show_sightings(self, four: Sighting, six: Sighting) -> None:
        """What was typed stays where nothing was seen; where the services disagree, both have to get in."""
        self._sightings = (four, six)
        if not four.seen and not six.seen:
            self._found("bad", self.say("notice.none"))
            return
        for name, line, kind in (("ipv4", self.own, four), ("ipv6", self.own6, six)):
            self._undecided.pop(name, None)
            if len(kind.seen) > 1:
                self._undecided[name] = kind.seen
            if kind.seen:
                line.setText("" if len(kind.seen) > 1 else kind.seen[0])
        self._show_ipv6(bool(self.own6.text()))
        found: dict[str, list[str]] = {}
        for kind in (four, six):
            if kind.seen:
                found.setdefault(kind.agreement.value, []).extend(kind.seen)
        sentences = [self.say(f"notice.{each}", addresses=", ".join(seen)) for each, seen in found.items()]
        if not (four.seen and six.seen):
            sentences.append(self.say("notice.none-of-kind" if four.seen else "notice.only-ipv6"))
        self._found("good" if [*found] == ["both"] else "warn", " ".join(sentences))
        self._rehearse()

    def _found(self, tone: str, words: str) -> None:
        self.result.show_words(tone, words)
        announce(self, words)
