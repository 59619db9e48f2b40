"""The one way from a click to asynchronous work, so that no exception is lost and none is left running."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    import asyncio

_log = logging.getLogger(__name__)


class Tasks(QObject):
    """Starts coroutines and keeps them; `failed` tells that one ended in a bug, `released` that none holds any more."""

    failed = Signal()
    released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._running: set[asyncio.Task[None]] = set()
        self._holding: set[asyncio.Task[None]] = set()

    @property
    def hold(self) -> bool:
        """Whether something is under way whose end its page has to tell."""
        return bool(self._holding)

    def start(
        self, work: Coroutine[Any, Any, None], ended: Callable[[], None] | None = None, *, holds: bool = False
    ) -> Callable[[], object]:
        """Returns what cancels it; `ended` is called once it is over, in whatever way, and before `failed`."""
        import asyncio  # a window is painted before it is needed

        task = asyncio.get_event_loop().create_task(work)
        self._running.add(task)
        if holds:
            self._holding.add(task)
        if ended is not None:
            task.add_done_callback(lambda _: ended())
        task.add_done_callback(self._ended)
        return task.cancel

    def cancel_all(self) -> Collection[asyncio.Task[None]]:
        """Those that are to end now."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        return running

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task in self._holding:
            self._holding.discard(task)
            if not self._holding:
                self.released.emit()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a task ended with %s", type(error).__name__)
            self.failed.emit()
