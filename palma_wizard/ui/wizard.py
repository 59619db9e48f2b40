"""The wizard: which pages there are, how one moves between them, and how one leaves."""

from __future__ import annotations

import functools
import gc
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget, QWizard

from palma_wizard import workers
from palma_wizard.draft import Draft
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.guide import Guide, Hint, Step
from palma_wizard.ui import language, motion, theme
from palma_wizard.ui.clipboard import Clipboard
from palma_wizard.ui.page import Page, ask, button, in_turn, label
from palma_wizard.ui.rail import Rail
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.start_page import StartPage
from palma_wizard.ui.tasks import Tasks

if TYPE_CHECKING:
    import asyncio

    from PySide6.QtGui import QCloseEvent, QKeyEvent

    from palma_wizard.practice import PracticeExchange
    from palma_wizard.ui.check_page import CheckPage
    from palma_wizard.ui.data_page import DataPage
    from palma_wizard.ui.guide_page import GuidePage
    from palma_wizard.ui.notice_page import NoticePage

START, DATA, NOTICE, CHECK = 0, 9, 10, 11
"""Numbers of pages; those between the first two are the chosen exchange's steps in the browser, at most eight."""
_USUAL, _SMALLEST, _NARROWEST = QSize(1000, 700), QSize(800, 600), QSize(400, 480)
_BESIDE = 440
"""How wide the window is beside a browser."""


class Wizard(QWizard):
    """`closed` is sent once, when the window is gone and nothing typed is left in it.

    Only the first page is made before it is painted. The others, and what they import, are made one after the other
    while it is being read; whatever needs one of them before calls `complete`.
    """

    closed = Signal()
    data_page: DataPage
    notice_page: NoticePage
    check_page: CheckPage
    guide_pages: list[GuidePage]

    def __init__(self, guide: Guide, settings: Settings, practice: str | None = None) -> None:
        super().__init__()
        self._guide, self._say, self._settings = guide, guide.say, settings
        last = settings.get("exchange")
        self.draft = Draft(exchange=last if last in EXCHANGES else next(iter(EXCHANGES)), practice=practice is not None)
        self.tasks = Tasks()
        self.clipboard = Clipboard()
        self._scenario = practice or "works"
        self._visited: set[int] = set()
        self._leaving = False
        self._jumping = False
        self._warming = self._due = False
        self._wide = QByteArray()

        self.setWizardStyle(
            QWizard.WizardStyle.MacStyle if sys.platform == "darwin" else QWizard.WizardStyle.ModernStyle
        )
        self.setOption(QWizard.WizardOption.IndependentPages)
        self.setOption(QWizard.WizardOption.HaveHelpButton)
        self.setOption(QWizard.WizardOption.NoBackButtonOnStartPage)
        self._compact = False
        self.setMinimumSize(_SMALLEST)
        if not self.restoreGeometry(QByteArray.fromBase64(settings.get("geometry").encode("ascii", "ignore"))):
            self.resize(_USUAL.boundedTo(self.screen().availableSize()))
        self.rail = Rail(guide)
        self.rail.beside.connect(lambda: self._set_compact(True))
        self.rail.chosen.connect(self.go)
        self.rail.language_chosen.connect(self._speak)
        self.setSideWidget(self.rail)
        self._make_pages()
        self._make_buttons()
        self.currentIdChanged.connect(self._page_shown)
        self.helpRequested.connect(self._open_help)
        self.tasks.failed.connect(self._something_failed)
        self.tasks.released.connect(self._catch_up)
        QApplication.instance().focusChanged.connect(self._bring_into_view)  # type: ignore[union-attr]
        self._set_practice(practice is not None)

    def _make_pages(self) -> None:
        self._pages: dict[int, Page] = {}
        start = self.start_page = StartPage(
            self._guide, self.draft, self.tasks, self.clipboard, self._address_services, settings=self._settings
        )
        start.begin.connect(lambda: self._begin(1))
        start.have_key.connect(lambda: self._begin(DATA))
        start.practise.connect(self._practise)
        start.resume.connect(lambda: self.go(self._resume_step()))
        start.check_saved.connect(self._start_checking_saved)
        start.replace_saved.connect(self._replace_saved)
        self._add_page(START, start)
        self._show_steps()
        self._others = self._make_others()

    def _make_others(self) -> Iterator[None]:
        from palma_wizard.ui.check_page import CheckPage
        from palma_wizard.ui.data_page import DataPage
        from palma_wizard.ui.notice_page import NoticePage

        yield
        guide, shared = self._guide, (self.draft, self.tasks, self.clipboard)
        self.data_page = DataPage(guide, *shared, self._set_scenario)
        with QSignalBlocker(self.data_page.scenario):
            self.data_page.scenario.setCurrentIndex(self.data_page.scenario.findData(self._practice.scenario))
        self._add_page(DATA, self.data_page)
        yield
        self.notice_page = NoticePage(guide, *shared, self._address_services)
        self._add_page(NOTICE, self.notice_page)
        yield
        self.check_page = CheckPage(guide, *shared, self._practice_url)
        self.check_page.change_entry.connect(lambda: self.go(DATA))
        self._add_page(CHECK, self.check_page)
        yield
        yield from self._make_guide_pages()

    def _make_guide_pages(self) -> Iterator[None]:
        """The chosen exchange's steps, between the first page and the last three."""
        from palma_wizard.practice import PAGES
        from palma_wizard.ui.guide_page import GuidePage

        exchange = self.draft.exchange
        steps = self._guide.steps[exchange]
        self.data_page.show_step(steps[-2], len(steps) - 1, len(steps))
        self.notice_page.show_step(steps[-1], len(steps), len(steps))
        self.guide_pages = []
        for number, step in enumerate(steps[:-2], 1):
            page = GuidePage(self._guide, step, number, len(steps), self.tasks, has_site=exchange in PAGES)
            self.guide_pages.append(page)
            self._add_page(number, page)
            yield

    def complete(self) -> None:
        """All pages are there after that."""
        for _ in self._others:
            pass

    def _add_page(self, number: int, page: Page) -> None:
        self._pages[number] = page
        page.set_compact(self._compact)
        page.show_exchange(self.draft.exchange)
        page.set_practice(self.draft.practice)
        self.setPage(number, page)
        page.leave_practice.connect(self._leave_practice)
        page.open_practice.connect(lambda: self.tasks.start(self._open_practice(number)))
        page.exchange_chosen.connect(self._choose_exchange)

    def _choose_exchange(self, exchange: str) -> None:
        self.complete()
        self.check_page.stop()
        self.draft.choose(exchange, practice=self.draft.practice)
        for number, page in [(n, p) for n, p in self._pages.items() if START < n < DATA]:
            del self._pages[number]
            self.removePage(number)
            page.deleteLater()
        for page in self._pages.values():
            page.show_exchange(exchange)
        self._others = self._make_guide_pages()
        self.complete()
        self._show_steps()

    def _show_steps(self) -> None:
        steps, current = self._guide.steps[self.draft.exchange], max(self.currentId(), START)
        names = {number: step.rail for number, step in enumerate(steps[:-2], 1)}
        ends = {DATA: steps[-2].rail, NOTICE: steps[-1].rail, CHECK: self._say("rail.check")}
        self.rail.show_steps({START: self._say("rail.start"), **names, **ends})
        self._visited = {START, current}
        self.rail.show_progress(current, self._visited)
        step = self._resume_step()
        self.start_page.offer_resume(self._step(step).rail if step > 1 else "")

    def _step(self, number: int) -> Step:
        steps = self._guide.steps[self.draft.exchange]
        return {DATA: steps[-2], NOTICE: steps[-1]}.get(number) or steps[number - 1]

    def _make_buttons(self) -> None:
        which = QWizard.WizardButton
        ahead, behind = ("Left", "Right") if self._guide.right_to_left else ("Right", "Left")
        for kind, name, keys in (
            (which.HelpButton, "help", "F1"),
            (which.CancelButton, "close", ""),
            (which.BackButton, "back", f"Alt+{behind}"),
            (which.NextButton, "next", f"Alt+{ahead}"),
            (which.FinishButton, "finish", ""),
        ):
            words = self._say(f"button.{name}")
            made = button(words, main=name in {"next", "finish"}, flat=name == "help", name=name)
            made.setMinimumHeight(theme.CONTROL)
            made.setShortcut(QKeySequence(keys))
            made.setToolTip(made.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
            self.setButton(kind, made)
            self.setButtonText(kind, words)
        widen = button("", icon="widen", square=True, name="widen")
        widen.setToolTip(self._say("rail.widen"))
        widen.setAccessibleName(self._say("rail.widen"))
        widen.clicked.connect(lambda: self._set_compact(False))
        self.setButton(which.CustomButton1, widen)
        back = self.button(which.BackButton)
        back.clicked.disconnect()
        back.clicked.connect(self._go_back)
        self._lay_buttons()

    def _lay_buttons(self) -> None:
        which = QWizard.WizardButton
        self.setOption(QWizard.WizardOption.HaveCustomButton1, self._compact)
        helps = self.button(which.HelpButton)
        self.setButtonText(which.HelpButton, "?" if self._compact else self._say("button.help"))
        helps.setAccessibleName(self._say("button.help"))
        left = [which.HelpButton, which.CustomButton1 if self._compact else which.CancelButton]
        self.button(which.CustomButton1).setVisible(self._compact)  # QWizard leaves one without a place in view
        self.setButtonLayout([*left, which.Stretch, which.BackButton, which.NextButton, which.FinishButton])

    def _set_compact(self, compact: bool) -> None:
        """Narrow, at the side of the screen where its words end, and above other windows where the desktop lets it."""
        if compact == self._compact:
            return
        if compact:
            self._wide = self.saveGeometry()
        self._compact = compact
        self.rail.setVisible(not compact)
        for page in self._pages.values():
            page.set_compact(compact)
        self._lay_buttons()
        self.setMinimumSize(_NARROWEST if compact else _SMALLEST)
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint, compact)
        if compact:
            self.setWindowState(
                self.windowState() & ~(Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen)
            )
            room = self.screen().availableGeometry()
            frame = self.frameSize() - self.size()
            self.resize(_BESIDE, room.height() - frame.height())
            self.move(
                room.left() if self._guide.right_to_left else room.right() - self.width() - frame.width() + 1,
                room.top(),
            )
        else:
            self.showNormal()
            self.restoreGeometry(self._wide)
        self.show()
        (self.button(QWizard.WizardButton.CustomButton1) if compact else self.rail.beside_button).setFocus()

    def _speak(self, code: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication) and code != self._guide.language and not self._held_by_a_save():
            self._guide = language.speak(app, code)
            self._say = self._guide.say
            self._settings.set("language", self._guide.language)
            self.rebuild()
        self.rail.speak(self._guide)

    def rebuild(self) -> None:
        """All pages anew, in the language and colours of now; what was typed stays, and a running check ends.

        Not under a dialog, nor while something is under way whose end its page has to tell: as soon as that is over.
        """
        under_a_dialog = QApplication.activeModalWidget() is not None
        self._due = self.tasks.hold or under_a_dialog
        if under_a_dialog:
            QTimer.singleShot(300, self._catch_up)
        if self._due:
            return
        self.complete()
        number, old, ending = self.currentId(), self._pages, self.tasks.cancel_all()
        visited, focus, scrolled = (
            self._visited,
            _Focus(self.focusWidget()),
            old[number].area.verticalScrollBar().value(),
        )
        self.setUpdatesEnabled(False)
        self._jumping = True
        try:
            for each in sorted(old, reverse=True):  # the first stays to the last, else QWizard shows each in turn
                self.removePage(each)
            self.rail.speak(self._guide)
            self._make_pages()
            self.complete()
            self._make_buttons()
            self._set_practice(self.draft.practice)
            for each, page in self._pages.items():
                page.take_over(old[each])
            self.restart()
            first = (each for each in self.start_page.findChildren(QWidget) if each.window() is self)
            in_turn([self.rail.language, *first])  # QWizard puts its buttons before them
        finally:
            self._jumping = False
            self.setUpdatesEnabled(True)
        self.go(number)
        self._visited = visited
        self.rail.show_progress(number, visited)
        self._pages[number].area.verticalScrollBar().setValue(scrolled)
        focus.give_to(self.currentPage(), self)
        self._let_go([*old.values()], ending)
        if self._warming:
            self.background_work()

    @staticmethod
    def _let_go(pages: Collection[Page], ending: Collection[asyncio.Task[None]]) -> None:
        """Of old pages, once the tasks that were cancelled have spoken to them a last time."""

        def gone(_: object = None) -> None:
            for page in pages:
                page.deleteLater()

        if ending:
            import asyncio  # not before the first paint

            asyncio.gather(*ending, return_exceptions=True).add_done_callback(gone)
        else:
            gone()

    def background_work(self) -> None:
        """What may wait until the first page is painted."""
        self._warming = True
        self.tasks.start(self._warm_up())

    async def _warm_up(self) -> None:
        import asyncio  # not before the first paint

        motion.ask()
        await workers.run(_import_the_rest)
        for _ in self._others:
            await asyncio.sleep(0)  # the window lives on
        gc.unfreeze()  # pages that were made anew since then
        gc.collect()
        gc.freeze()  # what is there now stays, and need not be looked through at each turn of a page
        self.start_page.start_looking()
        self.data_page.start_looking()
        self._prepare_next()

    def go(self, number: int) -> None:
        """To any page: back through the ones passed, or ahead over the ones between."""
        if self._held_by_a_save():
            return
        self.complete()
        self.setUpdatesEnabled(False)
        self._jumping = True
        try:
            while self.currentId() > number:
                self.back()
            if self.currentId() < number:
                self.setCurrentId(number)
        finally:
            self._jumping = False
            self.setUpdatesEnabled(True)
        self._page_shown(self.currentId())

    def _go_back(self) -> None:
        page = self.currentPage()
        if not self._held_by_a_save() and not (isinstance(page, Page) and page.turn_back()):
            self.back()

    def _held_by_a_save(self) -> bool:
        """What comes of a save is told on its page; Cancel there lets go of it."""
        saving = CHECK in self._pages and self.check_page.is_saving
        if saving:
            self.check_page.show_state(busy=True, message=self._say("check.still-saving"), complete=False)
        return saving

    def validateCurrentPage(self) -> bool:
        """Only Next turns the parts of a page; a jump leaves them all behind."""
        self.complete()
        return self._jumping or super().validateCurrentPage()

    @property
    def _last_in_the_browser(self) -> int:
        return len(self._guide.steps[self.draft.exchange]) - 2

    def nextId(self) -> int:
        """As if all pages were there."""
        number = self.currentId()
        return -1 if number == CHECK else DATA if number == self._last_in_the_browser else number + 1

    def help_for(self, number: int) -> Sequence[Hint]:
        about = Hint(self._say("practice.help-see"), self._say("practice.help-do"))
        return [*([about] if self.draft.practice else []), *self._hints(number)]

    def _hints(self, number: int) -> Sequence[Hint]:
        if number in {START, CHECK}:
            return self._guide.help["start" if number == START else "check"]
        return self._step(number).help

    def _page_shown(self, number: int) -> None:
        if number < 0 or self._jumping:
            return
        if self._warming:
            QTimer.singleShot(0, self, self._once_painted)
        self._visited.add(number)
        self._pages[number].body.invalidate()  # laid out while it was hidden, it may be as wide as it was before
        self._pages[number].area.verticalScrollBar().setValue(0)
        self._pages[number].entered()
        self.rail.show_progress(number, self._visited)
        if number != CHECK and CHECK in self._pages:
            self.check_page.stop()
        if number not in {START, CHECK} and not self.draft.practice:
            self._settings.set("step", str(number))
            self._settings.set("exchange", self.draft.exchange)
        if number == START:
            self.start_page.choice("begin").setFocus()
        elif number == DATA:
            self.data_page.key.focus()
        elif number == NOTICE:
            self.notice_page.danger.setFocus()  # at the top: the focus of a button below would scroll it away
        elif number == CHECK:
            self.check_page.run.setFocus()
        else:
            self.button(QWizard.WizardButton.NextButton).setFocus()
        self._pages[number].tell()

    def _once_painted(self) -> None:
        gc.collect()
        self._prepare_next()

    def _prepare_next(self) -> None:
        """The next page is built, and its picture read, while this one is being read."""
        following = self._pages.get(self.nextId())
        if following is not None:
            following.initializePage()

    def _catch_up(self) -> None:
        if self._due:
            self.rebuild()

    def _bring_into_view(self, _: QWidget | None, focused: QWidget | None) -> None:
        """Qt scrolls to what Tab comes to only within the area; under a mouse button nothing may move."""
        page = self.currentPage()
        if isinstance(page, Page) and page.area.isAncestorOf(focused) and not QApplication.mouseButtons():  # type: ignore[arg-type]
            page.area.ensureWidgetVisible(focused)  # type: ignore[arg-type]

    def _resume_step(self) -> int:
        try:
            step = int(self._settings.get("step"))
        except ValueError:
            return 0
        if self._settings.get("exchange") != self.draft.exchange:
            return 0
        if step in {DATA, NOTICE}:
            return DATA
        return step if START < step <= self._last_in_the_browser else 0

    def _begin(self, number: int) -> None:
        """With nothing done yet."""
        self._visited = {START}
        self.go(number)

    def _start_checking_saved(self, label: str) -> None:
        self.tasks.start(self._check_saved(label), holds=True)

    async def _check_saved(self, label: str) -> None:
        from palma_wizard import vault

        asked = exchange, practice = self.draft.exchange, self.draft.practice
        try:
            found = await vault.use(lambda store: store.load(exchange, label), practice=practice)
        except vault.VaultError as error:
            self.start_page.show_state(error=self._guide.trouble(error.trouble.value))
            return
        if asked != (self.draft.exchange, self.draft.practice) or self.currentId() != START:
            return
        if found is None:
            self.start_page.look_for_saved()
            return
        self.draft.take_stored(found)
        self.go(CHECK)
        self.check_page.start()

    def _replace_saved(self, label: str) -> None:
        self.draft.clear()
        self.draft.label = self.draft.replaces = label
        self._begin(DATA)

    def _practise(self) -> None:
        self._set_practice(True)
        self.go(1)

    def _leave_practice(self) -> None:
        if self._held_by_a_save():
            return
        self._set_practice(False)
        self.go(START)

    def _set_practice(self, practising: bool) -> None:
        if self.draft.practice != practising:
            self.complete()
            self.check_page.stop()
            self.draft.enter(Credentials("", ""))
            self.data_page.clear()
            self._visited = {START}
        self.draft.choose(self.draft.exchange, practice=practising)
        title = self._say("name")
        self.setWindowTitle(f"{title} – {re.split('[.。]', self._say('practice.banner'))[0]}" if practising else title)
        for page in self._pages.values():
            page.set_practice(practising)

    @functools.cached_property
    def _practice(self) -> PracticeExchange:
        from palma_wizard.practice import PracticeExchange

        return PracticeExchange(self._scenario)

    def _set_scenario(self, scenario: str) -> None:
        self._practice.scenario = scenario
        self.draft.drop_verdict()

    async def _practice_url(self) -> str | None:
        if not self.draft.practice:
            return None
        await workers.run(self._practice.start)
        return self._practice.url

    async def _open_practice(self, number: int) -> None:
        page = self._pages[number]
        try:
            url = await self._practice_url()
        except OSError:
            page.show_state(error=self._say("practice.no-server"), complete=page.isComplete())
            return
        if url is not None and self.draft.practice:
            from palma_wizard.practice import PAGES

            site = PAGES[self.draft.exchange]
            page.open_address(url + site["check" if number == CHECK else self._step(number).id])

    async def _address_services(self) -> Mapping[str, Sequence[str]] | None:
        return self._practice.address_urls if await self._practice_url() else None

    def _open_help(self) -> None:
        from PySide6.QtWidgets import QDialog

        dialog = QDialog(self)
        dialog.setObjectName("help-dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self._say("help.title"))
        dialog.resize(560, 460)
        outer = QVBoxLayout(dialog)
        outer.setContentsMargins(theme.XL, theme.XL, theme.XL, theme.L)
        outer.setSpacing(theme.M)
        outer.addWidget(label(self._say("help.title"), "heading"))
        if START < self.currentId() < DATA:
            outer.addWidget(label(self._say("help.intro"), "quiet"))
        content, area = QWidget(), QScrollArea(widgetResizable=True)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, theme.M, 0)
        column.setSpacing(theme.XS)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for hint in self.help_for(self.currentId()):
            column.addWidget(label(hint.see, "strong"))
            answer = label(hint.do)
            answer.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # so that it can be heard, and scrolls into view
            answer.setAccessibleName(f"{hint.see}\n{hint.do}")
            column.addWidget(answer)
            column.addSpacing(theme.M)
        column.addStretch(1)
        area.setWidget(content)
        outer.addWidget(area, 1)
        close = button(self._say("button.ok"), main=True, name="help-close")
        close.clicked.connect(dialog.accept)
        outer.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        dialog.open()
        close.setFocus()

    def _something_failed(self) -> None:
        page = self.currentPage()
        if isinstance(page, Page):
            page.show_state(error=self._say("error.unexpected"), complete=page.isComplete())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape would close a dialog; here it would lose work."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._leaving or not self.draft.may_lose:
            self._leave()
            event.accept()
            return
        event.ignore()
        self._ask_to_leave()

    def reject(self) -> None:
        self.close()

    def accept(self) -> None:
        if not self.draft.practice:
            self._settings.set("step", "")
        self.close()

    def _ask_to_leave(self) -> None:
        text = "saving-text" if self.check_page.is_saving else "by-hand-text" if self.draft.no_store else "text"
        words = [self._say(f"close.{each}") for each in ("title", text, "yes", "no")]
        ask(self, "close-question", words, self._leave_for_good)

    def _leave_for_good(self) -> None:
        self._leaving = True
        self.close()

    def _leave(self) -> None:
        self._leaving = True
        geometry = self._wide if self._compact else self.saveGeometry()
        self._settings.set("geometry", geometry.toBase64().toStdString())
        self.tasks.cancel_all()
        self.clipboard.take_back()
        self.draft.clear()
        if DATA in self._pages:
            self.data_page.clear()
            self._practice.stop()
        self.closed.emit()


class _Focus:
    """What had it, to be given to what stands in its place."""

    def __init__(self, widget: QWidget | None) -> None:
        from PySide6.QtWidgets import QLineEdit

        self._name = "" if widget is None else widget.objectName()
        self._cursor = widget.cursorPosition() if isinstance(widget, QLineEdit) else 0

    def give_to(self, *places: QWidget) -> None:
        """In the first of the places that has it."""
        from PySide6.QtWidgets import QLineEdit

        for place in places:
            there = place.findChild(QWidget, self._name) if self._name else None
            if there is not None and there.isVisible():
                there.setFocus()
                if isinstance(there, QLineEdit):
                    there.setCursorPosition(self._cursor)
                return


def _import_the_rest() -> None:
    """What the window needs only once something is asked: read in while the first page is being read."""
    from palma_wizard import address, vault, verify  # noqa: F401
