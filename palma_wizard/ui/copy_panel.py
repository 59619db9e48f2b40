"""The buttons that hand a key over to PalmaBot, part by part, by way of the clipboard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from palma_wizard.exchanges import Credentials
from palma_wizard.guide import Guide
from palma_wizard.ui import theme
from palma_wizard.ui.clipboard import Clipboard
from palma_wizard.ui.flow import Flow
from palma_wizard.ui.page import button, label
from palma_wizard.ui.tasks import Tasks


async def from_keyring(exchange: str, label: str, *, practice: bool) -> Credentials | None:
    """An account's key, None where it is gone. Raises VaultError."""
    from palma_wizard import vault

    found = await vault.use(lambda store: store.load(exchange, label), practice=practice)
    return None if found is None else found.credentials


class CopyPanel(QWidget):
    """`fetch` gives the key anew at each press, None where it is gone, and may raise VaultError: nothing is kept here.

    `said` and `failed` carry what came of a press, in words.
    """

    said = Signal(str)
    failed = Signal(str)

    def __init__(
        self, guide: Guide, tasks: Tasks, clipboard: Clipboard, fetch: Callable[[], Awaitable[Credentials | None]]
    ) -> None:
        super().__init__()
        self._guide, self._tasks, self._clipboard, self._fetch = guide, tasks, clipboard, fetch
        self._stop: Callable[[], object] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        row = Flow()
        for name in ("key", "secret", "user-id"):
            copy = button(guide.say(f"saved.copy-{name}"), icon="copy", name=f"copy-{name}")
            copy.clicked.connect(lambda _=False, n=name: self._start(n))
            row.addWidget(copy)
            self._user_id = copy
        column.addLayout(row)
        self._note = label("", "quiet")
        column.addWidget(self._note)
        self.set_practice(False)

    def set_practice(self, practising: bool) -> None:
        self._note.setText(self._guide.say("practice.copy-note" if practising else "saved.copy-note"))

    def offer_user_id(self, offered: bool) -> None:
        self._user_id.setVisible(offered)

    def hideEvent(self, event: QHideEvent) -> None:
        """Whoever has left would not expect a secret on the clipboard."""
        super().hideEvent(event)
        if self._stop is not None:
            self._stop()

    def _start(self, name: str) -> None:
        if self._stop is None:
            self._stop = self._tasks.start(self._copy(name), self._ended)

    def _ended(self) -> None:
        self._stop = None

    async def _copy(self, name: str) -> None:
        from palma_wizard import vault

        try:
            entry = await self._fetch()
        except vault.VaultError as error:
            self.failed.emit(self._guide.trouble(error.trouble.value))
            return
        if entry is None:
            self.failed.emit(self._guide.say("saved.gone"))
            return
        self._clipboard.put_secret({"key": entry.key, "secret": entry.secret, "user-id": entry.user_id}[name])
        self.said.emit(self._guide.say("saved.copied", what=self._guide.say(f"data.{name}")))
