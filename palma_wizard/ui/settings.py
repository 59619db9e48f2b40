"""What the window remembers from one start to the next: a few texts, and nothing secret."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Final

_MOST: Final = 64_000
"""Characters of the file that are read."""


class Settings:
    """One JSON file. What cannot be read is forgotten, and what cannot be written is not remembered.

    Not QSettings: PySide unpickles what it finds in one, and runs what is put there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._values: dict[str, str] = {}
        try:
            with file.open(encoding="utf-8") as read:
                found = json.loads(read.read(_MOST))
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(found, dict):
            self._values = {name: value for name, value in found.items() if isinstance(value, str)}

    def get(self, name: str) -> str:
        return self._values.get(name, "")

    def set(self, name: str, value: str) -> None:
        """Nothing is kept of an empty text."""
        before = dict(self._values)
        self._values.pop(name, None)
        if value:
            self._values[name] = value
        if self._values == before:
            return
        new = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):
            new.write_text(json.dumps(self._values), "utf-8")
            new.replace(self._file)
