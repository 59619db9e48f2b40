"""The first page: what this is, and the three ways to begin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMessageBox, QPushButton, QVBoxLayout

from palma_wizard.draft import Draft
from palma_wizard.exchanges import EXCHANGES
from palma_wizard.guide import Guide
from palma_wizard.ui import theme
from palma_wizard.ui.page import Notice, Page, announce, button, icon_label, label, named
from palma_wizard.ui.tasks import Tasks


class StartPage(Page):
    """Signals say what was chosen; the wizard knows where that leads."""

    begin = Signal()
    have_key = Signal()
    practise = Signal()
    resume = Signal()
    check_saved = Signal()
    replace_saved = Signal()

    def __init__(
        self,
        guide: Guide,
        draft: Draft,
        tasks: Tasks,
        services: Callable[[], Awaitable[Mapping[str, Sequence[str]] | None]],
    ) -> None:
        super().__init__(guide, guide.say("start.title"), scrolls=True)
        self._draft, self._tasks, self._services = draft, tasks, services
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

        self.saved = Notice("good", "", name="saved-key")
        self._saved_actions: list[QPushButton] = []
        for text, signal in (
            ("start.saved-check", self.check_saved),
            ("start.saved-replace", self.replace_saved),
        ):
            action = button(self.say(text), flat=True, name=text.partition(".")[2])
            action.clicked.connect(signal)
            self.saved.add_action(action)
            self._saved_actions.append(action)
        remove = button(self.say("start.saved-remove"), flat=True, name="saved-remove")
        remove.clicked.connect(self._ask_to_remove)
        self.saved.add_action(remove)
        self.saved.hide()
        self.body.addWidget(self.saved)
        self.moved = Notice("bad", "", name="address-changed")
        self.moved.hide()
        self.body.addWidget(self.moved)
        self.body.addSpacing(theme.S)

        self._choices = [
            self._choice("resume", "play", "start.resume-text", self.resume),
            self._choice("begin", "arrow-right", "start.begin-text", self.begin),
            self._choice("have-key", "key", "start.have-key-text", self.have_key),
            self._choice("practise", "refresh", "start.practise-text", self.practise),
        ]
        self.resume_button = self._choices[0]
        self.resume_button.hide()
        self.body.addStretch(1)

    def _choice(self, name: str, icon: str, explanation: str, signal: SignalInstance) -> QPushButton:
        title = "" if name == "resume" else self.say(f"start.{name}")
        made = QPushButton()
        made.setObjectName("choice")
        made.setProperty("choice", name)
        made.setAutoDefault(False)
        made.setMinimumHeight(62)
        made.setAccessibleName(title)
        made.setAccessibleDescription(self.say(explanation))
        row = QHBoxLayout(made)
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

    def offer_resume(self, step: str) -> None:
        """With nothing to go on with, the button is hidden."""
        self.resume_button.setVisible(bool(step))
        text = self.say("start.resume", step=step)
        self.resume_button.property("heading").setText(text)
        self.resume_button.setAccessibleName(text)

    def entered(self) -> None:
        self.show_exchange(self._draft.exchange)

    def start_looking(self) -> None:
        """From now on the keyring may be asked: not before the first paint, since that reads in much more than Qt."""
        self._may_look = True
        self.look_for_saved()

    def look_for_saved(self) -> None:
        """Ask the keyring, without which the page works as well."""
        self._round += 1
        self.saved.hide()
        self.moved.hide()
        if self._may_look:
            self._tasks.start(self._look_for_saved())

    async def _look_for_saved(self) -> None:
        from palma_wizard import vault

        asked, exchange, practice = self._round, self._draft.exchange, self._draft.practice
        try:
            found = await vault.use(lambda store: store.load(exchange), practice=practice)
        except vault.VaultError as error:
            if error.trouble is vault.Trouble.BROKEN_ITEM and asked == self._round:
                self.saved.show_words("bad", self.say("vault.broken-item"))
                self._saved_actions[0].hide()
                self.saved.show()
            return
        if found is not None and asked == self._round:
            self._saved_actions[0].show()
            self.saved.show()
            day = found.saved_on.isoformat()
            words = "start.saved-practice" if practice else "start.saved"
            self.saved.show_words("good", self.say(words, **self.guide.terms(exchange), date=day))
            if found.let_in:
                await self._compare_address(found.let_in, asked)

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

    def _ask_to_remove(self) -> None:
        box = QMessageBox(self)
        box.setObjectName("remove-question")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setText(self.say("start.remove-title"))
        box.setInformativeText(self.say("start.remove-text"))
        yes = box.addButton(self.say("start.remove-yes"), QMessageBox.ButtonRole.DestructiveRole)
        no = box.addButton(self.say("start.remove-no"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        yes.clicked.connect(lambda: self._tasks.start(self._remove()))
        box.open()

    async def _remove(self) -> None:
        from palma_wizard import vault

        exchange = self._draft.exchange
        try:
            await vault.use(lambda store: store.forget(exchange), practice=self._draft.practice)
        except vault.VaultError as error:
            self.show_state(error=self.guide.trouble(error.trouble.value), complete=self.isComplete())
            return
        self._draft.forget_stored()
        self._round += 1
        self.saved.hide()
        self.moved.hide()
        self.show_state(message=self.say("start.removed", **self.guide.terms(exchange)))

    def show_exchange(self, exchange: str) -> None:
        with QSignalBlocker(self.exchange):
            self.exchange.setCurrentIndex(self.exchange.findData(exchange))
        self._intro.setText(self.say("start.intro", count=len(self.guide.steps[exchange])))
        self.show_state()
        if self.isVisible():  # chosen on the form, it is looked for when this page is shown again
            self.look_for_saved()
