"""The first page: what this is, the keys that are stored, and the ways to begin."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from palma_wizard import entry
from palma_wizard.draft import Draft
from palma_wizard.exchanges import EXCHANGES
from palma_wizard.guide import Guide
from palma_wizard.ui import theme
from palma_wizard.ui.clipboard import Clipboard
from palma_wizard.ui.news import News
from palma_wizard.ui.page import Notice, Page, announce, ask, button, empty, icon_label, in_turn, label, named
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.tasks import Tasks

if TYPE_CHECKING:
    from palma_wizard.ui.copy_panel import CopyPanel
    from palma_wizard.vault import Saved

_OLD: Final = 90
"""Days after which a key's age is worth a word."""


class StartPage(Page):
    """Signals say what was chosen; the wizard knows where that leads."""

    begin = Signal()
    have_key = Signal()
    practise = Signal()
    resume = Signal()
    check_saved = Signal(str)
    replace_saved = Signal(str)

    def __init__(
        self,
        guide: Guide,
        draft: Draft,
        tasks: Tasks,
        clipboard: Clipboard,
        services: Callable[[], Awaitable[Mapping[str, Sequence[str]] | None]],
        *,
        settings: Settings,
    ) -> None:
        super().__init__(guide, guide.say("start.title"))
        self._draft, self._tasks, self._clipboard, self._services = draft, tasks, clipboard, services
        self._may_look = False
        self._round = 0
        self._seen: dict[bool, list[str]] = {}
        self._intro = label("")
        self.body.addWidget(self._intro)
        promise = QHBoxLayout()
        promise.setSpacing(theme.S)
        promise.addWidget(icon_label("shield", "good"), 0, Qt.AlignmentFlag.AlignTop)
        promise.addWidget(label(self.say("start.promise")), 1)
        self.body.addLayout(promise)
        self.body.addSpacing(theme.S)

        self.exchange = named(QComboBox(), "exchange")
        for name in EXCHANGES:
            self.exchange.addItem(guide.terms(name)["exchange"], name)
        self.exchange.setCurrentIndex(self.exchange.findData(draft.exchange))
        self.exchange.setFixedWidth(260)
        caption = label(self.say("start.exchange"), "strong")
        caption.setBuddy(self.exchange)
        self.exchange.setAccessibleName(self.say("start.exchange"))
        self.exchange.currentIndexChanged.connect(lambda: self.exchange_chosen.emit(self.exchange.currentData()))
        self.body.addWidget(caption)
        self.body.addWidget(self.exchange)

        self.saved = QWidget()
        self._accounts = QVBoxLayout(self.saved)
        self._accounts.setContentsMargins(0, 0, 0, 0)
        self._accounts.setSpacing(theme.S)
        self.saved.hide()
        self._looking = label(self.say("data.store-looking"), "quiet")
        self._looking.hide()
        self._slow = QTimer(self, singleShot=True, interval=500)
        self._slow.timeout.connect(self._looking.show)
        self.body.addWidget(self._looking)
        self.body.addWidget(self.saved)
        self._make_notices(settings)
        self.body.addSpacing(theme.S)

        self._choices = [
            self._choice("resume", "play", "start.resume-text", self.resume),
            self._choice(
                "begin", "arrow-left" if guide.right_to_left else "arrow-right", "start.begin-text", self.begin
            ),
            self._choice("have-key", "key", "start.have-key-text", self.have_key),
            self._choice("practise", "refresh", "start.practise-text", self.practise),
        ]
        self.resume_button = self._choices[0]
        self.resume_button.hide()
        self.body.addStretch(1)
        self.body.addWidget(self.news.choice)

    def _make_notices(self, settings: Settings) -> None:
        self.removed = Notice("info", "", name="removed")
        self._at_the_exchange = button("", icon="external-link", flat=True, name="removed-open")
        self._at_the_exchange.clicked.connect(self._open_keys)
        self.removed.add_action(self._at_the_exchange)
        self.removed.hide()
        self.body.addWidget(self.removed)
        self.moved = Notice("bad", "", name="address-changed")
        self.moved.hide()
        self.body.addWidget(self.moved)
        self.news = News(self.guide, self._tasks, settings)
        self.news.open_page.connect(self.open_address)
        self.body.addWidget(self.news)

    def _choice(self, name: str, icon: str, explanation: str, signal: SignalInstance) -> QPushButton:
        title = "" if name == "resume" else self.say(f"start.{name}")
        made = _Choice()
        made.setObjectName("choice")
        made.setProperty("choice", name)
        made.setAutoDefault(False)
        made.setAccessibleName(title)
        made.setAccessibleDescription(self.say(explanation))
        row = made.row
        row.setContentsMargins(theme.L, theme.S, theme.L, theme.S)
        row.setSpacing(theme.L)
        row.addWidget(icon_label(icon, "good", 24))
        words = QVBoxLayout()
        words.setSpacing(2)
        heading, text = label(title, "strong"), label(self.say(explanation), "quiet")
        for part in (heading, text):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            words.addWidget(part)
        row.addLayout(words, 1)
        made.setProperty("heading", heading)
        made.clicked.connect(signal)
        self.body.addWidget(made)
        return made

    def choice(self, name: str) -> QPushButton:
        return next(made for made in self._choices if made.property("choice") == name)

    def set_practice(self, practising: bool) -> None:
        super().set_practice(practising)
        self.choice("practise").setVisible(not practising)
        self.news.set_practice(practising)

    def set_compact(self, compact: bool) -> None:
        super().set_compact(compact)
        self.news.set_compact(compact)

    def offer_resume(self, step: str) -> None:
        """With nothing to go on with, the button is hidden."""
        self.resume_button.setVisible(bool(step))
        text = self.say("start.resume", step=step)
        self.resume_button.property("heading").setText(text)
        self.resume_button.setAccessibleName(text)

    def entered(self) -> None:
        if self._draft.is_saved or self._draft.is_stored:
            self._draft.clear()
        self.removed.hide()
        self.show_exchange(self._draft.exchange)
        self.news.look()

    def take_over(self, other: StartPage) -> None:
        """What that page knows beside the draft."""
        self._seen = other._seen
        self.news.take_over(other.news)

    def start_looking(self) -> None:
        """From now on the keyring may be asked: not before the first paint, since that reads in much more than Qt."""
        self._may_look = True
        self.look_for_saved()
        self.news.start_looking()

    def look_for_saved(self) -> None:
        """Ask the keyring, without which the page works as well."""
        self._round += 1
        self.saved.hide()
        self.moved.hide()
        self._looking.hide()
        if self._may_look:
            self._slow.start()
            self._tasks.start(self._look_for_saved())

    async def _look_for_saved(self) -> None:
        from palma_wizard import vault

        asked, exchange, practice = self._round, self._draft.exchange, self._draft.practice
        try:
            found = await vault.use(lambda store: store.accounts(exchange), practice=practice)
        except vault.VaultError as error:
            if asked == self._round:
                self._found_out()
                self._show_trouble(error.trouble.value)
            return
        if asked != self._round:
            return
        self._found_out()
        self._draft.taken = tuple(account.label for account in found)
        empty(self._accounts)
        for account in found:
            title = account.label if len(found) > 1 or account.label != entry.DEFAULT_LABEL else ""
            self._accounts.addWidget(self._account_row(account.label, title, *self._account_words(account)))
        in_turn([self.exchange, *self.saved.findChildren(QWidget)])
        self.saved.setVisible(bool(found))
        for account in found:
            if account.let_in:
                await self._compare_address(account.let_in, asked)

    def _found_out(self) -> None:
        self._slow.stop()
        self._looking.hide()

    def _show_trouble(self, trouble: str) -> None:
        """A damaged item can be removed; a store that cannot be used is told before somebody types a secret."""
        empty(self._accounts)
        if trouble == "broken-item":
            row = self._account_row(entry.DEFAULT_LABEL, "", "bad", self.say("vault.broken-item"))
        else:
            row = Notice("info", f"{self.guide.trouble(trouble)} {self.say('start.no-store')}", name="no-store")
        self._accounts.addWidget(row)
        self.saved.show()

    def _account_words(self, account: Saved) -> tuple[str, str]:
        terms = self.guide.terms(self._draft.exchange)
        words = "start.saved-practice" if self._draft.practice else "start.saved"
        said = self.say(words, **terms, date=account.saved_on)
        days = (datetime.datetime.now().astimezone().date() - account.saved_on).days
        if days < _OLD:
            return "good", said
        return "info", f"{said} {self.say('start.saved-old', **terms, count=days)}"

    def _account_row(self, label: str, title: str, tone: str, words: str) -> Notice:
        """Its name stands above only where there is something to tell apart."""
        from palma_wizard.ui.flow import Flow  # not before the first paint

        row = Notice(tone, words, title=title, name="saved-key")
        row.setProperty("account", label)
        copies = self._copies(label)
        actions = Flow()
        for name, act in (
            ("copy", lambda _: copies.setVisible(copies.isHidden())),
            ("check", self.check_saved.emit),
            ("replace", self.replace_saved.emit),
            ("remove", self._ask_to_remove),
        ):
            if name in {"copy", "check"} and tone == "bad":
                continue
            action = button(self.say(f"start.saved-{name}"), flat=True, name=f"saved-{name}")
            action.setAccessibleName(f"{action.text()}: {label}")
            action.clicked.connect(lambda _=False, act=act: act(label))
            actions.addWidget(action)
        row.words.addLayout(actions)
        row.words.addWidget(copies)
        return row

    def _copies(self, label: str) -> CopyPanel:
        from palma_wizard.ui.copy_panel import CopyPanel, from_keyring  # not before the first paint

        exchange, practice = self._draft.exchange, self._draft.practice
        fetch = functools.partial(from_keyring, exchange, label, practice=practice)
        copies = CopyPanel(self.guide, self._tasks, self._clipboard, fetch)
        copies.set_practice(practice)
        copies.offer_user_id(EXCHANGES[exchange].user_id_pattern is not None)
        copies.said.connect(lambda words: self.show_state(message=words))
        copies.failed.connect(lambda words: self.show_state(error=words))
        copies.hide()
        return copies

    async def _compare_address(self, let_in: Sequence[str], asked: int) -> None:
        """Say it before the person finds out by being locked out; silent where nothing is known.

        What the services saw is taken again at the next return to this page, as long as it fits.
        """
        from palma_wizard import address
        from palma_wizard.exchanges import whitelist

        exchange, practice = self._draft.exchange, self._draft.practice
        now = self._seen.get(practice, [])
        if whitelist.changed(let_in, now) is not whitelist.Standing.SAME:
            try:
                services = await self._services()
                seen = await address.look_up(services or address.SERVICES)
            except OSError:
                return
            now = self._seen[practice] = [text for sighting in seen.values() for text in sighting.seen]
        if asked == self._round and whitelist.changed(let_in, now) is whitelist.Standing.CHANGED:
            words = {**self.guide.terms(exchange), "listed": ", ".join(let_in), "now": ", ".join(now)}
            self.moved.show_words("bad", self.say("standing.changed", **words))
            self.moved.show()
            announce(self, self.moved.text())

    def _ask_to_remove(self, label: str) -> None:
        text = "practice.remove-text" if self._draft.practice else "start.remove-text"
        keys = ("start.remove-title", text, "start.remove-yes", "start.remove-no")
        words = [self.say(key, account=label) for key in keys]
        ask(self, "remove-question", words, lambda: self._tasks.start(self._remove(label), holds=True))

    async def _remove(self, label: str) -> None:
        from palma_wizard import vault

        exchange = self._draft.exchange
        try:
            removed = await vault.use(lambda store: store.forget(exchange, label), practice=self._draft.practice)
        except vault.VaultError as error:
            self.show_state(error=self.guide.trouble(error.trouble.value), complete=self.isComplete())
            return
        self._draft.taken = tuple(each for each in self._draft.taken if each != label)
        self.look_for_saved()
        link = self.guide.keys_link(exchange)
        words = "start.removed-practice" if self._draft.practice else "start.removed"
        words = words if removed else "start.removed-nothing"
        self.removed.show_words("info", self.say(words, **self.guide.terms(exchange), account=label))
        self._at_the_exchange.setText("" if link is None else link.label)
        self._at_the_exchange.setVisible(link is not None and not self._draft.practice)
        self.removed.show()
        announce(self, self.removed.text())

    def _open_keys(self) -> None:
        if (link := self.guide.keys_link(self._draft.exchange)) is not None:
            self.open_address(link.url)

    def show_exchange(self, exchange: str) -> None:
        with QSignalBlocker(self.exchange):
            self.exchange.setCurrentIndex(self.exchange.findData(exchange))
        self._intro.setText(self.say("start.intro", count=len(self.guide.steps[exchange])))
        self.removed.hide()
        self.show_state()
        if self.isVisible():  # chosen on the form, it is looked for when this page is shown again
            self.look_for_saved()


class _Choice(QPushButton):
    """A button as high as the words in it need."""

    def __init__(self) -> None:
        super().__init__()
        self.row = QHBoxLayout(self)
        policy = self.sizePolicy()
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max(62, self.row.totalHeightForWidth(width))

    def sizeHint(self) -> QSize:
        return self.row.totalSizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(self.row.totalMinimumSize().width(), 62)
