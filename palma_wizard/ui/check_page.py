"""The last page: the test, its verdict, and saving what passed."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from palma_wizard.draft import Draft, Passed, Ticket
from palma_wizard.entry import LONGEST_LABEL, is_label
from palma_wizard.exchanges import EXCHANGES, Cause, Check, CheckState, Credentials, Outcome, Right, RightState, Verdict
from palma_wizard.exchanges.registry import BY_NAME
from palma_wizard.guide import Guide
from palma_wizard.practice import PAGES
from palma_wizard.ui import theme
from palma_wizard.ui.clipboard import Clipboard
from palma_wizard.ui.copy_panel import CopyPanel, from_keyring
from palma_wizard.ui.flow import Flow
from palma_wizard.ui.page import TONE_ICONS, Notice, Page, announce, button, empty, icon_label, label, named, switch
from palma_wizard.ui.rehearsal import RehearsalView
from palma_wizard.ui.tasks import Tasks
from palma_wizard.ui.tick import Tick

_AT_THE_SITE = {
    Outcome.WRONG_KEY,
    Outcome.MISSING_RIGHT,
    Outcome.CAN_WITHDRAW,
    Outcome.ADDRESS_NOT_ALLOWED,
    Outcome.ACCOUNT_NOT_READY,
}
_WARNINGS = {
    Cause.OLDER_SWITCHED_OFF,
    Cause.OLDER_REFUSED,
    Cause.OLDER_UNKNOWN,
    Cause.NEWER_REFUSED,
    Cause.NEWER_UNKNOWN,
    Cause.COUNTER_USED,
    Cause.PALMABOT_NOT_ALLOWED,
    Cause.TRADE_UNKNOWN,
    Cause.WITHDRAW_UNKNOWN,
}
_LONGEST_WAIT = 3600
"""Seconds that the button stays off, however long the exchange says."""


class CheckPage(Page):
    """`practice_url` gives the practice exchange's address while practising, else None."""

    change_entry = Signal()

    def __init__(
        self,
        guide: Guide,
        draft: Draft,
        tasks: Tasks,
        clipboard: Clipboard,
        practice_url: Callable[[], Awaitable[str | None]],
    ) -> None:
        super().__init__(guide, guide.say("check.title"))
        self._draft, self._tasks, self._clipboard, self._practice_url = draft, tasks, clipboard, practice_url
        self._running: Callable[[], object] | None = None
        self._refreshing = False
        self._wait_until: dict[tuple[str, bool], float] = {}
        self._waiting = QTimer(self, interval=250)
        self._waiting.timeout.connect(self._count_down)
        self._saving: Callable[[], object] | None = None
        self._problem = ""
        self._given_up = False
        self._store = ""
        self._complete = False

        self._intro = label("")
        self.body.addWidget(self._intro)
        controls = Flow()
        self.run = button(self.say("check.run"), main=True, name="run-check")
        self.run.clicked.connect(self.start)
        self.cancel = button(self.say("check.cancel"), name="cancel-check")
        self.cancel.clicked.connect(self._cancel)
        controls.addWidget(self.run)
        controls.addWidget(self.cancel)
        self.body.addLayout(controls)

        self._make_outcome()
        self.body.addWidget(self.done)
        self.rights = named(QFrame(), "card")
        self._rights_grid = QGridLayout(self.rights)
        self._rights_grid.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        self._rights_grid.setHorizontalSpacing(theme.M)
        self._rights_grid.setVerticalSpacing(theme.XS)
        self.body.addWidget(self.rights)
        self._listed_title = label("", "strong")
        self.body.addWidget(self._listed_title)
        self.listed = RehearsalView(guide)
        self.listed.copied.connect(self._copy_list)
        self.body.addWidget(self.listed)
        self.rows: dict[str, _Row] = {}
        box = named(QFrame(), "card")
        self._rows_column = QVBoxLayout(box)
        self._rows_column.setContentsMargins(theme.L, theme.S, theme.L, theme.S)
        self._rows_column.setSpacing(0)
        self.body.addWidget(box)
        self._counted = label("", "quiet")
        self.body.addWidget(self._counted)
        self.report = button(self.say("report.open"), flat=True, name="open-report")
        self.report.clicked.connect(self._open_report)
        self.body.addWidget(self.report, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)

    def take_over(self, other: CheckPage) -> None:
        """What that page knows beside the draft."""
        self._wait_until, self._store = other._wait_until, other._store
        with QSignalBlocker(self.consent):
            self.consent.setChecked(other.consent.isChecked())

    def _make_outcome(self) -> None:
        """The verdict with what can be done about it, and what comes after saving."""
        self.verdict = Notice("info", "", name="verdict")
        self.causes = QVBoxLayout()
        self.causes.setSpacing(theme.S)
        self.verdict.words.addLayout(self.causes)
        self.body.addWidget(self.verdict)
        mending = Flow()
        self.open_site = button("", icon="external-link", name="open-site")
        self.open_site.clicked.connect(self._open_site)
        self.change = button(self.say("check.change-entry"), name="change-entry")
        self.change.clicked.connect(self.change_entry)
        mending.addWidget(self.change)
        mending.addWidget(self.open_site)
        self.body.addLayout(mending)
        self.consent = named(Tick(self.say("check.consent")), "consent")
        self.consent.toggled.connect(self._consented)
        self.body.addWidget(self.consent)
        self._account = QWidget()
        column = QVBoxLayout(self._account)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        account = Flow()
        caption = label(self.say("check.label"), "strong")
        caption.setWordWrap(False)
        caption.setMinimumHeight(theme.CONTROL)
        self.label = named(QLineEdit(), "account-label")
        self.label.setMaxLength(LONGEST_LABEL)
        self.label.setFixedWidth(220)
        self.label.setAccessibleName(self.say("check.label"))
        self.label.textEdited.connect(self._labelled)
        caption.setBuddy(self.label)
        self._label_note = label("", "quiet")
        account.addWidget(caption)
        account.addWidget(self.label)
        column.addLayout(account)
        column.addWidget(self._label_note)
        self.body.addWidget(self._account)
        self.save = button(self.say("check.save"), main=True, name="save-key")
        self.save.clicked.connect(self._start_saving)
        self.body.addWidget(self.save, 0, Qt.AlignmentFlag.AlignLeft)
        self._kept = label("", "quiet")
        self.body.addWidget(self._kept)
        self.done = self._make_done()

    def show_exchange(self, exchange: str) -> None:
        terms = self.guide.terms(exchange)
        self._intro.setText(self.say("check.intro", **terms))
        empty(self._rows_column)
        self.rows = {call.id: _Row(self.say(f"ask.{call.id}", **terms)) for call in BY_NAME[exchange].calls}
        for row in self.rows.values():
            self._rows_column.addWidget(row)
        self._todo_name.setText("2.  " + self.say("saved.todo-2", name=exchange))
        self._remove.setText(self.say("saved.remove", **terms))
        asks_user_id = EXCHANGES[exchange].user_id_pattern is not None
        self._todo_user_id.setVisible(asks_user_id)
        self._copies.offer_user_id(asks_user_id)
        self.refresh()

    def set_practice(self, practising: bool) -> None:
        super().set_practice(practising)
        self.refresh()

    def entered(self) -> None:
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Not only a page that is turned to: a window that was minimised as well."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        self._waiting.stop()
        super().hideEvent(event)

    def refresh(self) -> None:
        """Show the draft as it is: an entry edited since its test is untested again."""
        if self._refreshing:  # where a page becomes complete, QWizard shows it anew
            return
        self._refreshing = True
        self.body.setEnabled(False)  # laid out once, not with each part that is shown
        try:
            self._refresh()
        finally:
            self._refreshing = False
            self.body.setEnabled(True)
            self.body.activate()

    def _refresh(self) -> None:
        running = self._running is not None
        verdict = self._draft.verdict
        if self._seconds_left and self.isVisible():
            self._waiting.start()
        busy = running or self._saving is not None
        if busy:
            self.cancel.show()  # before what has the focus goes off: it goes there
        switch(self.run, self._may_start)
        self.run.setText(self._run_words)
        self.run.setVisible(self._draft.is_complete or not self._draft.is_saved)
        self._make_main(self.run, not (verdict and verdict.passed))
        self._intro.setVisible(verdict is None)
        if not running and verdict is None:
            for row in self.rows.values():
                row.show_words("quiet", self.say("check.waiting"), "")
        for check in verdict.checks if verdict is not None else ():
            self._show_check(check)
        passed = verdict is not None and verdict.passed
        celebrates = self._draft.is_saved and (verdict is None or passed)
        stored = self._draft.is_stored and passed
        unsaved = passed and self._draft.is_complete and not self._draft.is_stored
        self.verdict.setVisible(verdict is not None and not celebrates)
        self.rights.setVisible(verdict is not None)
        self._show_consent(asked=unsaved)
        self.save.setVisible(unsaved)
        self.save.setText(self.say("check.save-anyway" if self._draft.no_store else "check.save"))
        self._make_main(self.save, not self._draft.no_store)
        self._account.setVisible(unsaved and not self._draft.no_store)
        self._show_label()
        self._kept.setText(self.say("check.kept", listed=", ".join(self._draft.let_in)))
        self._kept.setVisible(not self.save.isHidden() and bool(self._draft.let_in))
        outcome = verdict.outcome if verdict else None
        terms = self.guide.terms(self._draft.exchange)
        site = self.say("practice.open") if self._draft.practice else self.say("check.open-site", site=terms["site"])
        self.open_site.setText(site)
        has_site = not self._draft.practice or self._draft.exchange in PAGES
        self.open_site.setVisible((outcome in _AT_THE_SITE or self._draft.is_unseen) and has_site and not celebrates)
        self.change.setVisible(outcome in {Outcome.WRONG_KEY, Outcome.WRONG_SIGNATURE, Outcome.WRONG_USER_ID})
        self.report.setVisible(verdict is not None)
        shows_list = verdict is not None and bool(verdict.reading.allowed_addresses)
        self._listed_title.setVisible(shows_list)
        self.listed.setVisible(shows_list)
        self._counted.setVisible(verdict is not None and verdict.counter is not None)
        by_hand = unsaved and bool(self._draft.no_store) and self._draft.may_save and self._saving is None
        self._show_done(celebrates=celebrates, stored=stored, by_hand=by_hand)
        if verdict is not None:
            self._show_verdict(verdict)
        self._show_progress(complete=celebrates or stored or by_hand)
        self.cancel.blockSignals(False)
        self.cancel.setVisible(busy)

    def _show_progress(self, *, complete: bool) -> None:
        running, message = self._running is not None, ""
        if running:
            message = self.say("check.running", **self.guide.terms(self._draft.exchange))
        elif self._saving is not None:
            message = self.say("check.saving")
        elif not self._draft.is_complete and not self._draft.is_saved:
            message = self.say("check.nothing-entered")
        elif self._draft.verdict is not None and not complete:
            message = self.say("check.to-finish")
        busy = running or self._saving is not None
        self.show_state(busy=busy, message=message, complete=complete and not busy)

    def _show_consent(self, *, asked: bool) -> None:
        """The person's own word, where one is needed before the key may be stored."""
        words = "check.looked" if self._draft.is_unseen else "check.consent"
        self.consent.setText(self.say(words, **self.guide.terms(self._draft.exchange)))
        self.consent.setVisible(asked and self._draft.needs_consent)
        self.consent.setEnabled(self._saving is None and self._running is None)

    @property
    def _may_start(self) -> bool:
        idle = self._running is None and self._saving is None
        return idle and self._draft.is_complete and not self._seconds_left

    @property
    def _seconds_left(self) -> int:
        """Until this exchange may be asked again, where it said so."""
        until = self._wait_until.get((self._draft.exchange, self._draft.practice), 0.0)
        return max(0, math.ceil(until - time.monotonic()))

    @property
    def _run_words(self) -> str:
        if left := self._seconds_left:
            return self.say("check.again-in", seconds=left)
        return self.say("check.again" if self._draft.verdict else "check.run")

    def _count_down(self) -> None:
        if not self._seconds_left:
            self._waiting.stop()
        self.run.setText(self._run_words)
        switch(self.run, self._may_start)

    def start(self) -> None:
        if self._may_start:
            self.consent.setChecked(False)
            self._problem = self.say("check.cancelled")
            self._running = self._tasks.start(self._check(self._draft.begin()), self._check_ended)
            self.refresh()

    def stop(self) -> None:
        """End a running check; nothing of it is kept."""
        if self._running is not None:
            self._running()

    def _cancel(self) -> None:
        self.stop()
        if self._saving is not None:
            self._saving()
        self.cancel.blockSignals(True)  # once is enough; switched off, it would lose the focus

    async def _check(self, ticket: Ticket) -> None:
        import asyncio  # not before the first paint

        from palma_wizard import verify

        for row in self.rows.values():
            row.show_words("quiet", self.say("check.asking"), "", waiting=True)
        problem = ""
        try:
            url = await self._practice_url()
            found = await verify.check(
                BY_NAME[self._draft.exchange],
                self._draft.entry,
                practice_url=url,
                on_check=self._show_check,
            )
            self._draft.finish(ticket, found)
            if found.reading.retry_after:
                wait = min(found.reading.retry_after, _LONGEST_WAIT)
                self._wait_until[found.exchange, found.practice] = time.monotonic() + wait
        except asyncio.CancelledError:
            problem = self.say("check.cancelled")
        except OSError:
            problem = self.say("practice.no-server")
        self._problem = problem

    def _check_ended(self) -> None:
        """However it ended, cancelled before its first step included."""
        self._running = None
        self.refresh()
        self.area.verticalScrollBar().setValue(0)
        if self._problem:
            self.show_state(message=self._problem, complete=False)
        elif self._draft.verdict is not None:
            announce(self, f"{self.verdict.heading()}\n{self.verdict.text()}")

    def _show_check(self, check: Check) -> None:
        """A refused withdrawal is good news only where nothing else was the reason."""
        verdict, tone, state = self._draft.verdict, self._tone(check), self.say(f"state.{check.state.value}")
        shield = check.state is CheckState.REFUSED and self._wanted(check) is False
        if shield and verdict is not None and verdict.reading.rights.get(Right.WITHDRAW) is RightState.UNKNOWN:
            shield, tone, state = False, "quiet", self.say("right-state.unknown")
        time = self.say("check.took", ms=check.ms)
        self.rows[check.id].show_words(tone, state, time, icon="shield" if shield else "")

    def _wanted(self, check: Check) -> bool | None:
        return next(call.wanted for call in BY_NAME[self._draft.exchange].calls if call.id == check.id)

    def _tone(self, check: Check) -> str:
        wanted = self._wanted(check)
        granted = {CheckState.GRANTED: True, CheckState.PAST_THE_DOOR: True, CheckState.REFUSED: False}.get(check.state)
        if granted is None:
            return "bad" if wanted is True and check.id != "palmabot" else "warn"
        if wanted is None:
            return "good" if granted else "quiet"
        return "good" if granted is wanted else "bad"

    def _show_verdict(self, verdict: Verdict) -> None:
        words = self.guide.outcome(verdict.outcome, verdict.exchange)
        reading, terms = verdict.reading, self.guide.terms(verdict.exchange)
        if verdict.counter is not None:
            self._counted.setText(self.say("check.counted", counter=str(verdict.counter)))
        tone = {Outcome.WORKS: "good", Outcome.CAN_WITHDRAW: "warn"}.get(verdict.outcome, "bad")
        if tone == "good" and _WARNINGS.intersection(reading.causes):
            tone = "warn"
        text, after = [words.cause], words.next
        if self._draft.is_stored and verdict.outcome is Outcome.WORKS:
            after = self.say("check.stored", account=self._draft.label)
        elif self._draft.is_unseen:
            unseen = self.guide.cause(Cause.WITHDRAW_UNKNOWN, verdict.exchange)
            after = f"{unseen.text} {unseen.do}"
        elif verdict.passed and self._draft.no_store:
            after = ""
        if verdict.outcome is Outcome.CLOCK_OFF and reading.clock_error is not None:
            text.append(self.say("check.clock", count=abs(round(reading.clock_error))))
        if reading.retry_after is not None:
            text.append(self.say("check.retry", **terms, count=reading.retry_after))
        self.verdict.show_words(tone, " ".join([*text, after]), words.title)
        empty(self.causes)
        told = {Cause.WITHDRAW_UNKNOWN} if self._draft.is_unseen and not self._draft.is_stored else set()
        causes = [cause for cause in reading.causes if cause not in told]
        if (verdict.outcome is Outcome.WORKS and causes) or len(causes) > 1:
            self.causes.addWidget(label(self.say("check.notes" if verdict.passed else "check.causes"), "quiet"))
        for number, cause in enumerate(causes, 1):
            named = self.guide.cause(cause, verdict.exchange)
            self.causes.addWidget(label(f"{number}.  {named.text}  {named.do}", f"cause-{cause.value}"))
        empty(self._rights_grid)
        self._rights_grid.addWidget(label(self.say("check.rights"), "strong"), 0, 0, 1, 3)
        for row, (right, state) in enumerate(reading.rights.items(), 1):
            wanted = {"read": True, "trade": True, "transfer": False, "withdraw": False}.get(right.value)
            has = {
                RightState.CONFIRMED: True,
                RightState.INFERRED: True,
                RightState.REFUSED: False,
                RightState.DOUBTED: False,
            }.get(state)
            tone = "quiet" if has is None else "info" if wanted is None else "good" if has is wanted else "bad"
            icon = "shield" if tone == "good" and wanted is False else TONE_ICONS[tone]
            self._rights_grid.addWidget(icon_label(icon, tone), row, 0)
            self._rights_grid.addWidget(label(self.say(f"right.{verdict.exchange}.{right.value}")), row, 1)
            self._rights_grid.addWidget(label(self.guide.right_state(right.value, state.value), "quiet"), row, 2)
        if reading.allowed_addresses is not None:
            addresses = self.guide.listed(reading.allowed_addresses) or self.say("check.addresses-any")
            last = len(reading.rights) + 1
            self._rights_grid.addWidget(label(self.say("check.addresses")), last, 1)
            self._rights_grid.addWidget(label(addresses, "quiet"), last, 2)
        self._rights_grid.setColumnStretch(1, 3)
        self._rights_grid.setColumnStretch(2, 2)
        if reading.allowed_addresses:
            from palma_wizard.exchanges import whitelist

            self._listed_title.setText(self.say("check.listed", **terms))
            found = whitelist.rehearse("\n".join(reading.allowed_addresses), self._draft.own)
            self.listed.show_answer(found)

    def _copy_list(self, text: str) -> None:
        self._clipboard.put(text)
        self.show_state(message=self.say("button.copied"), complete=self.isComplete())

    def _open_report(self) -> None:
        from palma_wizard.ui import report_dialog

        if self._draft.verdict is not None:
            report_dialog.open_report(self, self.guide, self._clipboard, self._draft.verdict, self._draft.own)

    def _open_site(self) -> None:
        if self._draft.practice:
            self.open_practice.emit()
            return
        if (link := self.guide.keys_link(self._draft.exchange)) is not None:
            self.open_address(link.url)

    def _consented(self, on: bool) -> None:
        self._draft.accept_withdrawal(accepted=on)
        self.refresh()

    def _labelled(self, text: str) -> None:
        self._draft.label = text.strip()
        self._show_label()

    def _show_label(self) -> None:
        """Whether the account may be called that, and what saving it would replace."""
        label = self._draft.label
        if self.label.text().strip() != label:
            self.label.setText(label)
        self.label.setEnabled(self._saving is None)
        named_well = is_label(label)
        note = "" if named_well else self.say("check.label-wrong", count=LONGEST_LABEL)
        if label == self._draft.replaces:
            note = self.say("check.label-replaces")
        elif named_well and label not in self._draft.taken and self._draft.taken:
            note = self.say("check.label-others", accounts=", ".join(self._draft.taken))
        elif named_well:
            note = self.say("check.label-note")
        self._label_note.setText(note)
        self.label.setAccessibleDescription(note)
        idle = self._saving is None and self._running is None
        switch(self.save, named_well and self._draft.may_save and idle)

    @property
    def is_saving(self) -> bool:
        return self._saving is not None

    def _start_saving(self) -> None:
        if self._saving is None and self.save.isEnabled():
            self._given_up = True  # unless something comes of it
            self._draft.label = self.label.text().strip()  # as it is shown, whatever is found in the keyring meanwhile
            self._saving = self._tasks.start(self._save(self._draft.passed()), self._save_ended, holds=True)
            self.refresh()

    async def _save(self, passed: Passed) -> None:
        from palma_wizard import vault

        today = datetime.datetime.now().astimezone().date()
        try:
            store = await vault.use(lambda store: passed.store(store, today), practice=passed.practice)
        except vault.VaultError as error:
            self._given_up = False
            self._problem = self.guide.trouble(error.trouble.value)
            if error.trouble is vault.Trouble.EXISTS:
                self._draft.label = self._draft.replaces = passed.label
                self._draft.taken = (*self._draft.taken, passed.label)
            elif error.trouble not in {vault.Trouble.UNSURE, vault.Trouble.FULL, vault.Trouble.TOO_LARGE}:
                self._draft.no_store = error.trouble.value
        else:
            self._given_up, self._problem = False, ""
            self._draft.stored(passed)
            self._store = store
            self._clipboard.take_back()

    def _save_ended(self) -> None:
        """However it ended, cancelled included."""
        self._saving = None
        self.refresh()
        if self._given_up:
            self.show_state(message=self.say("check.save-cancelled"), complete=self.isComplete())
        elif self._problem:
            self.show_state(error=self._problem, complete=self.isComplete())
        else:
            self.area.verticalScrollBar().setValue(0)
            if self.done.isVisible() and self.window().focusWidget() is self.save.property("stand-in"):
                next(made for made in self.done.findChildren(QPushButton) if made.isVisible()).setFocus()
            announce(self, f"{self._done_words.heading()}\n{self._done_words.text()}")

    def _show_done(self, *, celebrates: bool, stored: bool, by_hand: bool) -> None:
        """What comes after the test, where the key is stored now, was stored before, or cannot be."""
        practising = self._draft.practice
        self.done.setVisible(celebrates or stored or by_hand)
        self._done_words.setVisible(celebrates or by_hand)
        if by_hand:
            title, trouble = self.say("saved.by-hand-title"), self.guide.trouble(self._draft.no_store)
            words = self.say("practice.by-hand" if practising else "saved.by-hand")
            self._done_words.show_words("warn", f"{trouble} {words}", title)
        elif celebrates and practising:
            words = self.say("saved.practice-text", store=self._store)
            self._done_words.show_words("good", words, self.say("practice.finished"))
        elif celebrates:
            words = self.say("saved.text", store=self._store, account=self._draft.label)
            self._done_words.show_words("good", words, self.say("saved.title"))
        self._todo_title.setText(self.say("practice.later" if practising else "saved.todo-title"))
        self._for_real.setVisible(practising and (celebrates or by_hand))
        self._remove.setVisible(not practising and not by_hand)
        self._copies.set_practice(practising)

    def _make_done(self) -> QFrame:
        box = named(QFrame(), "card")
        column = QVBoxLayout(box)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        self._done_words = Notice("good", "", title=self.say("saved.title"), name="saved")
        column.addWidget(self._done_words)
        self._for_real = button(self.say("practice.for-real"), main=True, name="start-for-real")
        self._for_real.clicked.connect(self.leave_practice)
        column.addWidget(self._for_real, 0, Qt.AlignmentFlag.AlignLeft)
        self._todo_title = label(self.say("saved.todo-title"), "strong")
        column.addWidget(self._todo_title)
        column.addWidget(label(f"1.  {self.say('saved.todo-1')}"))
        self._todo_name = label("")
        column.addWidget(self._todo_name)
        self._copies = CopyPanel(self.guide, self._tasks, self._clipboard, self._fetch)
        self._copies.said.connect(lambda words: self.show_state(message=words, complete=self.isComplete()))
        self._copies.failed.connect(lambda words: self.show_state(error=words, complete=self.isComplete()))
        column.addWidget(self._copies)
        self._todo_user_id = label(self.say("saved.todo-2-user-id"))
        column.addWidget(self._todo_user_id)
        column.addWidget(label(f"3.  {self.say('saved.todo-3')}"))
        column.addWidget(label(self.say("saved.fake"), "quiet"))
        column.addWidget(label(self.say("saved.clipboard"), "quiet"))
        clear = button(self.say("saved.clear-clipboard"), name="clear-clipboard")
        clear.clicked.connect(self._clear_clipboard)
        column.addWidget(clear, 0, Qt.AlignmentFlag.AlignLeft)
        self._remove = label("", "quiet")
        column.addWidget(self._remove)
        return box

    async def _fetch(self) -> Credentials | None:
        """From the keyring once it is saved: nothing secret is kept here then."""
        if self._draft.entry.key:
            return self._draft.entry
        return await from_keyring(self._draft.exchange, self._draft.label, practice=self._draft.practice)

    def _clear_clipboard(self) -> None:
        self._clipboard.empty()
        self.show_state(message=self.say("saved.clipboard-empty"), complete=self.isComplete())

    @staticmethod
    def _make_main(made: QWidget, main: bool) -> None:
        if made.property("main") != main:
            made.setProperty("main", main)
            made.style().unpolish(made)
            made.style().polish(made)


class _Row(QWidget):
    """One check: icon, what was asked, what came back, and the time in a lighter tone."""

    def __init__(self, asked: str) -> None:
        super().__init__()
        self._asked = asked
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 5, 0, 5)
        row.setSpacing(theme.M)
        self._icon = QLabel()
        self._icon.setFixedWidth(20)
        self.state = label("", "strong")
        self._time = label("", "quiet")
        self._time.setFixedWidth(76)
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._icon)
        row.addWidget(label(asked), 3)
        row.addWidget(self.state, 2)
        row.addWidget(self._time)

    def show_words(self, tone: str, state: str, time: str, *, waiting: bool = False, icon: str = "") -> None:
        icon = icon or ("circle" if tone == "quiet" and not time else TONE_ICONS[tone])
        self._icon.setPixmap(theme.pixmap("clock" if waiting else icon, theme.tone_colour(tone)))
        self.state.setText(state)
        self._time.setText(time)
        self.setAccessibleName(f"{self._asked} {state}")
