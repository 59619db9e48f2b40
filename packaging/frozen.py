"""What PyInstaller's recipes for Linux and macOS share."""

from __future__ import annotations

import importlib.util
import marshal
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from palma_wizard.guide import LANGUAGES, Loader  # noqa: E402

LAUNCHER: Final = str(ROOT / "packaging" / "launcher.py")
EXCLUDED: Final = [
    *("PySide6.QtOpenGL", "PySide6.QtPdf", "PySide6.QtQml", "PySide6.QtQuick", "PySide6.scripts"),
    *("PySide6.support.deprecated", "certifi.__main__", "charset_normalizer.cli", "curses", "ensurepip", "idlelib"),
    *("keyring.backends.Windows", "keyring.backends.chainer", "keyring.backends.libsecret", "keyring.backends.null"),
    *("keyring.cli", "keyring.completion", "keyring.devpi_client", "keyring.testing", "lib2to3", "pdb", "pip"),
    *("pydoc_data", "readline", "setuptools", "sqlite3", "test", "tkinter", "turtledemo", "unittest", "venv"),
    *("werkzeug.debug", "wheel", "xmlrpc"),
]


def resources(scratch: Path) -> Iterator[tuple[str, str]]:
    """Each file and its folder; beside TOML what the program would keep there, and the same bytes each time."""
    for file in sorted((ROOT / "resources").rglob("*.*")):
        place = Path("palma_wizard") / file.relative_to(ROOT)
        if file.is_file() and file.parent.name != "__pycache__":
            yield str(file), str(place.parent)
        if file.suffix == ".toml":
            source = file.read_bytes()
            code = Loader(file.stem, file.name).source_to_code(source, file.name)
            kept = Path(importlib.util.cache_from_source(place))
            made = scratch / kept
            made.parent.mkdir(parents=True, exist_ok=True)
            unchecked = (1).to_bytes(4, "little")
            header = importlib.util.MAGIC_NUMBER + unchecked + importlib.util.source_hash(source)
            made.write_bytes(header + marshal.dumps(code))
            yield str(made), str(kept.parent)


def is_kept(place: str, plugins: Collection[str]) -> bool:
    """By its place in the folder: of Qt only these plugins, and its words in the languages that the program speaks."""
    if "/Qt/plugins/" in place:
        return place.partition("/Qt/plugins/")[2] in plugins
    if "/Qt/translations/" in place:
        return Path(place).name in {f"qtbase_{language}.qm" for language in LANGUAGES}
    if place.endswith(".dist-info/RECORD"):
        return False  # it has sums of scripts, and those name the folder they were installed in
    return "/Qt/qml/" not in place and not place.startswith(("setuptools", "certifi"))
