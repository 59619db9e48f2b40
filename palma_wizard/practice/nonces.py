"""The numbers used once: which ones an exchange has seen. Calls come side by side, so it takes one at a time."""

from __future__ import annotations

import threading


class Nonces:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._highest: dict[str, int] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def takes_higher(self, key: str, nonce: int) -> bool:
        """Whether it is above all that came with this key; if so, the next has to be above it."""
        with self._lock:
            if nonce <= self._highest.get(key, -1):
                return False
            self._highest[key] = nonce
            return True

    def takes_unused(self, key: str, nonce: str, now_ms: int, within_ms: int) -> bool:
        """Whether it did not come with this key lately; if so, it has now."""
        with self._lock:
            self._seen = {each: at for each, at in self._seen.items() if now_ms - at <= within_ms}
            if (key, nonce) in self._seen:
                return False
            self._seen[key, nonce] = now_ms
            return True
