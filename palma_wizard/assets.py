"""Where the files are; the only module that knows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """A file below resources/, in an installed package or a checkout. It may not exist: the reader says so."""
    packaged = _PACKAGE / "resources"
    root = packaged if packaged.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)
