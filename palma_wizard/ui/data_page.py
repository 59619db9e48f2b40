"""Step 9: the same form as PalmaBot's own, with help for imprecise copying."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QClipboard,
    QContextMenuEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from palma_wizard import entry
from palma_wizard.draft import Draft
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.guide import Guide
from palma_wizard.practice import KEYS, PAGES, SCENARIOS
from palma_wizard.ui import theme
from palma_wizard.ui.clipboard import Clipboard
from palma_wizard.ui.page import Notice, Page, button, icon_label, label, named
from palma_wizard.ui.tasks import Tasks


class DataPage(Page):
    """Keeps the draft's entry equal to what the fields show."""

    def __init__(
        self,
        guide: Guide,
        draft: Draft,
        tasks: Tasks,
        clipboard: Clipboard,
        set_scenario: Callable[[str], None],
    ) -> None:
        super().__init__(guide, "")
        self._draft, self._tasks, self._clipboard = draft, tasks, clipboard
        self._may_look = False
        self._proven = False
        self._stop_proving: Callable[[], object] | None = None
        self._intro = label("")
        self.body.addWidget(self._intro)
        self.store = Notice("info", "", name="store")
        self._go_without = button(self.say("data.store-skip"), flat=True, name="store-skip")
        self._go_without.clicked.connect(self._stop)
        self._look_again = button(self.say("data.store-again"), flat=True, name="store-again")
        self._look_again.clicked.connect(self._prove)
        self.store.add_action(self._go_without)
        self.store.add_action(self._look_again)
        self.store.hide()
        self.body.addWidget(self.store)
        self.replaces = Notice("info", "", name="replaces")
        self.replaces.hide()
        self.body.addWidget(self.replaces)

        self._slow = QTimer(self, singleShot=True, interval=300)
        self._slow.timeout.connect(self.store.show)
        form = QGridLayout()
        form.setHorizontalSpacing(theme.S)
        form.setVerticalSpacing(theme.S)
        self.exchange = named(QComboBox(), "data-exchange")
        for name in EXCHANGES:
            shown = self.say("data.exchange-name", exchange=guide.terms(name)["exchange"], name=name)
            self.exchange.addItem(shown, name)
        self.exchange.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.exchange.currentIndexChanged.connect(lambda: self.exchange_chosen.emit(self.exchange.currentData()))
        caption = label(self.say("data.exchange"), "strong")
        caption.setBuddy(self.exchange)
        self.exchange.setAccessibleName(self.say("data.exchange"))
        form.addWidget(caption, 0, 0)
        form.addWidget(self.exchange, 1, 0, 1, 3)
        self.key = _Field(self, clipboard, "key", form, 2)
        self.secret = _Field(self, clipboard, "secret", form, 5, secret=True)
        self.user_id = _Field(self, clipboard, "user_id", form, 8)
        form.setColumnStretch(0, 1)
        self.body.addLayout(form)
        stays = QHBoxLayout()
        stays.setSpacing(theme.S)
        stays.addWidget(icon_label("lock", "good"), 0, Qt.AlignmentFlag.AlignTop)
        self._stays = label("", "quiet")
        stays.addWidget(self._stays, 1)
        self.body.addLayout(stays)
        self._practice_box = self._make_practice_box(set_scenario)
        self.body.addWidget(self._practice_box)
        self.body.addStretch(1)

    def entered(self) -> None:
        """Show what the draft holds: nothing for a new key, the stored one where it was checked again."""
        held = self._draft.entry
        for field, text in ((self.key, held.key), (self.secret, held.secret), (self.user_id, held.user_id)):
            field.show_text(text)
        account = self._draft.replaces
        self.replaces.show_words("info", self.say("data.replaces", account=account))
        self.replaces.setVisible(bool(account) and not self._draft.is_stored)
        self.changed()
        self._prove_once()

    def take_over(self, other: DataPage) -> None:
        """What that page knows beside the draft."""
        self._proven = other._proven

    def start_looking(self) -> None:
        """From now on the keyring may be asked: not before the first paint, since that reads in much more than Qt."""
        self._may_look = True
        if self.isVisible():
            self._prove_once()

    def _prove_once(self) -> None:
        if self._may_look and self._stop_proving is None and not self._proven:
            self._prove()

    def _prove(self) -> None:
        """A canary goes into the keyring and out again before a secret is typed."""
        self._let_type(False)
        self._look_again.hide()
        self._go_without.show()
        self.store.show_words("info", self.say("data.store-looking"))
        self._slow.start()
        self._stop_proving = self._tasks.start(self._ask_the_store(), self._store_asked)

    async def _ask_the_store(self) -> None:
        from palma_wizard import vault

        try:
            await vault.use(lambda _: None, practice=self._draft.practice)
        except vault.VaultError as error:
            self._draft.no_store = error.trouble.value
        else:
            self._draft.no_store = ""
            self._proven = True

    def _store_asked(self) -> None:
        """However it ended, given up included."""
        self._stop_proving = None
        self._slow.stop()
        self._let_type(True)
        self._go_without.hide()
        trouble = self._draft.no_store
        if trouble:
            self.store.show_words("warn", f"{self.guide.trouble(trouble)} {self.say('data.store-without')}")
        self._look_again.setVisible(bool(trouble))
        self.store.setVisible(bool(trouble))

    def _stop(self) -> None:
        if self._stop_proving is not None:
            self._draft.no_store = "given-up"
            self._stop_proving()

    def _let_type(self, may: bool) -> None:
        for field in (self.key, self.secret, self.user_id):
            field.let_type(may)

    def hideEvent(self, event: QHideEvent) -> None:
        """No secret stays in a field that nobody sees; the draft keeps what was entered.

        QWizard hides all pages for a moment, against flicker, where a form becomes complete: that is no leaving.
        """
        super().hideEvent(event)
        if self.isHidden():
            self.clear()

    def show_exchange(self, exchange: str) -> None:
        """What was typed for another exchange is gone, as it is from the draft."""
        with QSignalBlocker(self.exchange):
            self.exchange.setCurrentIndex(self.exchange.findData(exchange))
        terms = self.guide.terms(exchange)
        asks_user_id = EXCHANGES[exchange].user_id_pattern is not None
        intro = self.say("data.intro", **terms)
        self._intro.setText(f"{intro} {self.say('data.intro-user-id', **terms)}" if asks_user_id else intro)
        self._show_where_it_goes()
        for field in (self.key, self.secret, self.user_id):
            field.show_terms(terms)
        self.user_id.set_visible(asks_user_id)
        own = KEYS[exchange]
        self._practice_title.setText(self.say("practice.data" if exchange in PAGES else "practice.data-no-site"))
        for value, text in zip(self._practice_values, (own.key, own.secret, own.user_id), strict=True):
            value.setText(text)
            value.home(False)
        self._practice_user_id.setVisible(bool(own.user_id))
        if self.isVisible():
            self.entered()
        else:
            self._judge()

    def set_practice(self, practising: bool) -> None:
        super().set_practice(practising)
        self._practice_box.setVisible(practising)
        self._show_where_it_goes()
        self._judge()

    def set_compact(self, compact: bool) -> None:
        super().set_compact(compact)
        for field in (self.key, self.secret, self.user_id):
            field.set_compact(compact)

    def _show_where_it_goes(self) -> None:
        words = "practice.stays" if self._draft.practice else "data.stays"
        self._stays.setText(self.say(words, **self.guide.terms(self._draft.exchange)))

    def paste(self) -> str:
        return self._clipboard.text()

    def changed(self) -> None:
        """A field has a new text: the draft follows, and the hints with it."""
        self._draft.enter(Credentials(self.key.text(), self.secret.text(), self.user_id.text()))
        self._judge()

    def clear(self) -> None:
        for field in (self.key, self.secret, self.user_id):
            field.show_text("")

    def _judge(self) -> None:
        found = entry.doubts(self._draft.exchange, self._draft.entry, practice=self._draft.practice)
        for name, field in (("key", self.key), ("secret", self.secret), ("user_id", self.user_id)):
            doubt = found.get(name)
            field.show_doubt(self.say(f"doubt.{doubt.value}", count=len(field.text())) if doubt else "")
        complete = self._draft.is_complete
        waits = complete or self._stop_proving is not None
        self.show_state(message="" if waits else self.say("data.missing"), complete=complete)

    def _make_practice_box(self, set_scenario: Callable[[str], None]) -> QFrame:
        box = named(QFrame(), "card")
        column = QVBoxLayout(box)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        self._practice_title = label("", "strong")
        column.addWidget(self._practice_title)
        self._practice_values: list[QLineEdit] = []
        for name in ("key", "secret", "user-id"):
            held = QWidget()
            row = QHBoxLayout(held)
            row.setContentsMargins(0, 0, 0, 0)
            value = named(QLineEdit(readOnly=True), f"practice-{name}")
            value.setAccessibleName(self.say(f"data.{name}"))
            row.addWidget(value, 1)
            copy = button(self.say("button.copy"), icon="copy", flat=True, name=f"practice-copy-{name}")
            copy.setAccessibleName(f"{self.say('button.copy')}: {self.say(f'data.{name}')}")
            copy.clicked.connect(lambda _=False, v=value: self._clipboard.put(v.text()))
            row.addWidget(copy)
            column.addWidget(held)
            self._practice_values.append(value)
            self._practice_user_id = held
        row = QHBoxLayout()
        fill = button(self.say("practice.fill"), name="practice-fill")
        fill.clicked.connect(self._fill)
        row.addWidget(fill)
        row.addStretch(1)
        column.addLayout(row)
        self.scenario = named(QComboBox(), "scenario")
        caption = label(self.say("practice.scenario"), "quiet")
        caption.setBuddy(self.scenario)
        column.addWidget(caption)
        for scenario in SCENARIOS:
            self.scenario.addItem(self.say(f"scenario.{scenario}"), scenario)
        self.scenario.setAccessibleName(self.say("practice.scenario"))
        self.scenario.currentIndexChanged.connect(lambda: set_scenario(self.scenario.currentData()))
        self.scenario.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        column.addWidget(self.scenario)
        box.hide()
        return box

    def _fill(self) -> None:
        own = KEYS[self._draft.exchange]
        for field, text in ((self.key, own.key), (self.secret, own.secret), (self.user_id, own.user_id)):
            field.show_text(text)
        self.changed()


class _Field:
    """A line to type or paste into, its buttons, and the hint below it."""

    def __init__(
        self, page: DataPage, clipboard: Clipboard, name: str, form: QGridLayout, row: int, *, secret: bool = False
    ) -> None:
        words = name.replace("_", "-")
        self._page = page
        self._line = named(_Line(clipboard), name)
        self._placeholder = f"data.{words}-placeholder"
        self._line.setAccessibleName(page.say(f"data.{words}"))
        self._line.setMinimumWidth(80)  # else as wide as the widest letter of the font
        self._line.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self._line.nothing_to_paste.connect(self._say_nothing_to_paste)
        self._line.textChanged.connect(self._take)  # textEdited is silent on an undo in a password field
        self._caption = label(page.say(f"data.{words}"), "strong")
        self._caption.setBuddy(self._line)
        paste = button(page.say("button.paste"), icon="paste", name=f"paste-{words}")
        paste.setAccessibleName(f"{page.say('button.paste')}: {page.say(f'data.{words}')}")
        paste.clicked.connect(self._paste)
        self._paste_button = paste
        self._note = Notice("info", "", name=f"{words}-note")
        self._note.hide()
        self._cleaned = ""
        self._secret = secret
        self._widgets: list[QWidget] = [self._caption, self._line, paste]
        if secret:
            reveal = button("", icon="eye", square=True, name="reveal")
            reveal.setAccessibleName(page.say("button.reveal"))
            reveal.setToolTip(page.say("button.reveal"))
            reveal.pressed.connect(lambda: self._line.setEchoMode(QLineEdit.EchoMode.Normal))
            reveal.released.connect(lambda: self._line.setEchoMode(QLineEdit.EchoMode.Password))
            self._widgets.append(reveal)
        paste.setToolTip(paste.text())
        form.addWidget(self._caption, row, 0)
        for column, widget in enumerate(self._widgets[1:]):  # Tab goes as they are added
            form.addWidget(widget, row + 1, column)
        form.addWidget(self._note, row + 2, 0, 1, 3)

    def text(self) -> str:
        return self._line.text()

    def focus(self) -> None:
        self._line.setFocus()

    def show_text(self, text: str) -> None:
        if self._secret:
            self._line.setEchoMode(QLineEdit.EchoMode.Password)
        self._put(text)
        self._line.home(False)
        self._cleaned = ""

    def show_terms(self, terms: Mapping[str, str]) -> None:
        self._line.setPlaceholderText(self._page.say(self._placeholder, **terms))

    def let_type(self, may: bool) -> None:
        self._line.setReadOnly(not may)
        self._paste_button.setEnabled(may)

    def set_compact(self, compact: bool) -> None:
        """Room for what is typed: the icons of the buttons say enough."""
        self._paste_button.setText("" if compact else self._paste_button.toolTip())

    def set_visible(self, visible: bool) -> None:
        for widget in self._widgets:
            widget.setVisible(visible)

    def show_doubt(self, doubt: str) -> None:
        words = " ".join(part for part in (self._cleaned, doubt) if part)
        self._note.show_words("warn" if doubt else "info", words)
        self._note.setVisible(bool(words) and self._line.isVisibleTo(self._page))
        self._line.setAccessibleDescription(words)

    def _paste(self) -> None:
        text = self._page.paste()
        if not entry.clean(text).text:
            self._say_nothing_to_paste()
            return
        self._take(text)
        self._line.end(False)
        self._line.setFocus()

    def _say_nothing_to_paste(self) -> None:
        self._cleaned = self._page.say("data.paste-empty")
        self._page.changed()

    def _take(self, text: str) -> None:
        cleaned = entry.clean(text)
        removed = list(cleaned.removed)
        halves = self._holds_halves(text)
        if halves and entry.Removed.INVISIBLE not in removed:
            removed.insert(0, entry.Removed.INVISIBLE)
        if halves or cleaned.text != self._line.text():
            before = text.encode("utf-16-le", "surrogatepass")[: 2 * self._line.cursorPosition()].decode(
                "utf-16-le", "ignore"
            )
            self._put(cleaned.text)
            self._line.setCursorPosition(_units(entry.clean(before).text))
        self._cleaned = " ".join(self._page.say(f"removed.{what.value}") for what in removed)
        self._page.changed()

    def _put(self, text: str) -> None:
        with QSignalBlocker(self._line):
            self._line.setText(text)

    def _holds_halves(self, text: str) -> bool:
        """Whether the line shows lone halves of a character, which PySide leaves out of what it hands to Python."""
        line = QAccessible.queryAccessibleInterface(self._line).textInterface()
        return text == self._line.text() and line.characterCount() > _units(text)


class _Line(QLineEdit):
    """Gives its text away as a secret alone: on the clipboard marked and for a while, and never by X11's selection."""

    nothing_to_paste = Signal()

    def __init__(self, clipboard: Clipboard) -> None:
        super().__init__()
        self._clipboard = clipboard
        self.setDragEnabled(False)
        QGuiApplication.clipboard().selectionChanged.connect(self._leave_selection)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Whatever of Qt's own keys would copy, Ctrl+K and Ctrl+U included."""
        keys = QKeySequence.StandardKey
        for key, answer in (
            (keys.Copy, self.copy),
            (keys.Cut, self.cut),
            (keys.Paste, self.paste),
            (keys.DeleteEndOfLine, self._cut_rest),
            (keys.DeleteCompleteLine, self._cut_all),
        ):
            if event.matches(key):
                answer()
                return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        answers = {"edit-copy": self.copy, "edit-cut": self.cut, "edit-paste": self.paste}
        for action in menu.actions():
            if answer := answers.get(action.objectName()):
                action.triggered.disconnect()
                action.triggered.connect(answer)
        menu.popup(event.globalPos())

    def copy(self) -> None:
        if self.hasSelectedText() and self.echoMode() == QLineEdit.EchoMode.Normal:
            self._clipboard.put_secret(self.selectedText())

    def cut(self) -> None:
        if self.hasSelectedText() and not self.isReadOnly():
            self.copy()
            self.del_()

    def paste(self) -> None:
        if self.isReadOnly():
            return
        if entry.clean(self._clipboard.text()).text:
            super().paste()
        else:
            self.nothing_to_paste.emit()

    def _cut_rest(self) -> None:
        self.deselect()
        self.end(True)
        self.cut()

    def _cut_all(self) -> None:
        self.selectAll()
        self.cut()

    def _leave_selection(self) -> None:
        """Qt puts what is selected there; it is gone again before another program can be answered."""
        board = QGuiApplication.clipboard()
        selection = QClipboard.Mode.Selection
        if board.ownsSelection() and self.hasSelectedText() and board.text(selection) == self.selectedText():
            board.clear(selection)


def _units(text: str) -> int:
    """As Qt counts the places in a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
