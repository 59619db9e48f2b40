"""One after the other: threads of this program, and programs of this person."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_PAUSE: Final = 0.01
"""Seconds between two looks whether it is one's turn."""


class Turns:
    """A lock between threads and, with a `file`, between processes; not to be taken twice by one thread.

    The event stands for who holds it: once it is set, that one no longer counts, even while stuck in what it did.

    The file stays empty. The system holds the lock on it, so that it
    goes when a process ends, however it ends. A stuck thread that has given up keeps it for its process: later threads
    of that process get their turn, other processes have to wait until the thread comes back or the process ends.
    """

    def __init__(self, file: Callable[[], Path] | None = None) -> None:
        self._file = file
        self._lock: int | None = None
        self._inside: list[threading.Event] = []
        self._door = threading.Lock()

    @contextlib.contextmanager
    def taken(self, given_up: threading.Event, patience: float = math.inf) -> Iterator[bool]:
        """Wait for a turn: until `given_up`, or for `patience` seconds. Whether nobody else is at it.

        False where the wait ended without a turn, and where no lock can be had: a folder that cannot be written to, a
        file system without locks. Then other threads are kept apart, other processes are not.
        """
        end = time.monotonic() + patience
        while not (inside := self._enter(given_up)) and not given_up.is_set() and time.monotonic() < end:
            time.sleep(_PAUSE)
        try:
            yield inside and (self._file is None or self._lock is not None)
        finally:
            if inside:
                self._leave(given_up)

    def _enter(self, given_up: threading.Event) -> bool:
        with self._door:
            if not all(each.is_set() for each in self._inside):
                return False
            if self._file is not None and self._lock is None:
                try:
                    self._lock = locked(self._file())
                except BlockingIOError:
                    return False
                except (OSError, RuntimeError):  # RuntimeError: nobody knows where home is
                    pass
            self._inside.append(given_up)
            return True

    def _leave(self, given_up: threading.Event) -> None:
        with self._door:
            self._inside.remove(given_up)
            if self._lock is not None and not self._inside:
                os.close(self._lock)
                self._lock = None


def locked(path: Path) -> int:
    """The open file, to be closed; BlockingIOError where another process has it, OSError where no lock can be had."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            try:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                raise BlockingIOError from None
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino != os.fstat(file).st_ino:  # it was replaced while it was waited for
                raise BlockingIOError
    except BaseException:
        os.close(file)
        raise
    return file
