"""A line that tells of a newer version, and the tick without which nobody is asked for one."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from palma_wizard import workers
from palma_wizard.guide import Guide
from palma_wizard.ui import theme
from palma_wizard.ui.page import Notice, announce, button, label, named
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.tasks import Tasks
from palma_wizard.ui.tick import BOX, Tick

if TYPE_CHECKING:
    from palma_wizard.news import Announcement, Source


class News(Notice):
    """Hidden unless there is something to tell; `choice` is hidden where no announcement could be believed.

    While practising nobody is asked. `open_page` has the address of the page that newer versions are on.
    """

    open_page = Signal(str)

    def __init__(self, guide: Guide, tasks: Tasks, settings: Settings) -> None:
        super().__init__("info", "", name="news")
        self._say, self._tasks, self._settings = guide.say, tasks, settings
        self._practising = False
        self._source: Source | None = None
        self._stop: Callable[[], object] | None = None
        self._told = ""
        self.open = button(guide.say("start.news-open"), icon="external-link", flat=True, name="news-open")
        self.open.clicked.connect(self._open)
        self.add_action(self.open, beside=True)
        self.hide()

        self.choice = QWidget()
        column = QVBoxLayout(self.choice)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tick = named(Tick(guide.say("start.news-tick")), "news-tick")
        self.tick.setChecked(bool(settings.get("news")))
        self.tick.toggled.connect(self._choose)
        column.addWidget(self.tick)
        self._who = label("", "quiet")
        below_the_words = QHBoxLayout()
        below_the_words.addSpacing(BOX + theme.S)
        below_the_words.addWidget(self._who, 1)
        column.addLayout(below_the_words)
        self.choice.hide()

    def set_compact(self, compact: bool) -> None:
        self.add_action(self.open, beside=not compact)

    def set_practice(self, practising: bool) -> None:
        self._practising = practising
        self.choice.setVisible(self._source is not None and not practising)
        self.look()

    def start_looking(self) -> None:
        """From now on somebody may be asked: not before the first paint, since that reads in much more than Qt."""
        from palma_wizard import news

        try:
            self._offer(news.source())
        except (OSError, ValueError):
            return  # the self-test tells

    def take_over(self, other: News) -> None:
        self._told = other._told
        if other._source is not None:
            self._offer(other._source)

    def _offer(self, source: Source) -> None:
        if source.keys:
            self._source = source
            self._who.setText(self._say("start.news-who", host=source.host))
            self.tick.setAccessibleDescription(self._who.text())
            self.set_practice(self._practising)

    def look(self) -> None:
        """Tell what was heard, and ask where nobody was asked today."""
        if self._source is None or self._practising or not self.tick.isChecked():
            self.hide()
            if self._stop is not None:
                self._stop()
        elif self._stop is None:
            self._stop = self._tasks.start(self._look(self._source), self._looked)

    def _looked(self) -> None:
        self._stop = None

    async def _look(self, source: Source) -> None:
        from palma_wizard import news

        kept = self._settings.get("news-heard").encode("ascii", "replace")
        heard = await workers.run(news.read, kept, source.keys)
        self._tell(heard)
        today = datetime.datetime.now().astimezone().date().isoformat()
        if self._settings.get("news-asked") == today:
            return
        now = await news.ask(source)
        self._settings.set("news-asked", today)
        if now is not None and (heard is None or heard.day <= now.day):
            self._settings.set("news-heard", now.file.decode())
            self._tell(now)

    def _tell(self, heard: Announcement | None) -> None:
        if heard is None or not heard.is_newer():
            self.hide()
            return
        self.show_words("info", self._say("start.news-there", version=heard.version))
        self.show()
        if self.isVisible() and self._told != self.text():
            self._told = self.text()
            announce(self, self._told)

    def _choose(self, wanted: bool) -> None:
        self._settings.set("news", "yes" if wanted else "")
        self.look()

    def _open(self) -> None:
        if self._source is not None:
            self.open_page.emit(self._source.page)
