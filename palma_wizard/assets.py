"""Where the files are; the only module that knows."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """A file below resources/, in an installed package or a checkout. It may not exist: the reader says so."""
    packaged = _PACKAGE / "resources"
    root = packaged if packaged.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)


def own_folder() -> Path:
    """Where this program keeps its settings and locks; nothing secret. Qt's AppConfigLocation, found without Qt."""
    if sys.platform == "win32":
        parent = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        parent = Path.home() / "Library" / "Preferences"
    else:
        parent = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return parent / "palma-wizard"
