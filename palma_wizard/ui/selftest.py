"""What of an installation only the window can tell: whether Qt reads the pictures, speaks the languages, draws them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtGui import QFont, QImageReader, QTextLayout
from PySide6.QtWidgets import QApplication

from palma_wizard import assets, guide, selftest
from palma_wizard.ui import language

_BUILT_IN = frozenset({guide.ENGLISH, "sl"})
"""Qt's own words are English, and there are none in Slovenian."""


def run(app: QApplication) -> int:
    return selftest.run((("drawing", _drawing), ("Qt's words", _qt_words), ("fonts", lambda: _fonts(app))))


def _drawing() -> list[str]:
    files = [*assets.path("pictures").glob("*.png"), *assets.path("icons").glob("*.svg")]
    return [file.name for file in sorted(files) if not _is_drawn(file)]


def _is_drawn(file: Path) -> bool:
    reader = QImageReader(str(file))
    reader.setDecideFormatFromContent(True)
    return not reader.read().isNull()


def _qt_words() -> list[str]:
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    needed = [each for each in guide.LANGUAGES if each not in _BUILT_IN]
    return [each for each in needed if not QTranslator().load(QLocale(each), "qtbase", "_", folder)]


def _fonts(app: QApplication) -> list[str]:
    """Only the letters of its own language are needed; what else cannot be drawn is told and is no failure."""
    own = language.of_the_system()
    missing = [each for each in guide.LANGUAGES if not can_be_drawn(each, app.font())]
    for each in missing:
        if each != own:
            print(f"fonts: no font here draws all letters of {guide.LANGUAGES[each]} ({each})")
    return [f"no font here draws all letters of {own}"] if own in missing else []


def can_be_drawn(language: str, font: QFont) -> bool:
    texts = "".join(guide.load(language).words.values())
    layout = QTextLayout("".join(sorted(letter for letter in set(texts) if letter.isprintable())), font)
    layout.beginLayout()
    while layout.createLine().isValid():
        pass
    layout.endLayout()
    return not any(0 in run.glyphIndexes() for run in layout.glyphRuns())
