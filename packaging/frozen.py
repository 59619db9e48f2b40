"""What the packages for all systems share, and PyInstaller's recipes for Linux and macOS."""

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
        if file.suffix == ".toml" and file.parent.name in {"guide", "pictures"}:  # those that are read by guide.Loader
            source = file.read_bytes()
            code = Loader(file.stem, file.name).source_to_code(source, file.name)
            kept = Path(importlib.util.cache_from_source(place))
            made = scratch / kept
            made.parent.mkdir(parents=True, exist_ok=True)
            checked = 0b11.to_bytes(4, "little")  # by its hash, not by a time: whoever edits the file gets what it says
            header = importlib.util.MAGIC_NUMBER + checked + importlib.util.source_hash(source)
            made.write_bytes(header + marshal.dumps(code))
            yield str(made), str(kept.parent)


def demand(plugins: Collection[str], entries: Collection[tuple[str, str, str]]) -> None:
    """Stops a build that lacks one of the plugins: nothing else would notice on a desktop without tests."""
    places = {place.partition("/Qt/plugins/")[2] for place, _source, _kind in entries}
    if missing := sorted(set(plugins) - places):
        raise SystemExit(f"PySide6 no longer has {', '.join(missing)}")


def is_kept(place: str, plugins: Collection[str]) -> bool:
    """By its place in the folder: of Qt only these plugins, and its words in the languages that the program speaks."""
    if "/Qt/plugins/" in place:
        return place.partition("/Qt/plugins/")[2] in plugins
    if "/Qt/translations/" in place:
        return Path(place).name in {f"qtbase_{language}.qm" for language in LANGUAGES}
    if place.endswith(".dist-info/RECORD"):
        return False  # it has sums of scripts, and those name the folder they were installed in
    return "/Qt/qml/" not in place and not place.startswith(("setuptools", "certifi"))
