"""The language of the window: its words, its direction, its dates and numbers, and what Qt itself says."""

from __future__ import annotations

import datetime
import re

from PySide6.QtCore import QDate, QLibraryInfo, QLocale, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from palma_wizard import guide
from palma_wizard.guide import Guide


def of_the_system() -> str:
    return guide.best_of(QLocale.system().uiLanguages())


def speak(app: QApplication, language: str) -> Guide:
    """Sets the direction, Qt's own words and how dates and numbers are written; gives the words. Raises GuideError."""
    words = guide.load(language)
    # Where addresses and keys are in Latin digits, so are other numbers: as in the Emirates.
    locale = QLocale("ar_AE" if words.language == "ar" else words.language)
    QLocale.setDefault(locale)
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if words.right_to_left else Qt.LayoutDirection.LeftToRight)
    for old in app.findChildren(QTranslator):
        app.removeTranslator(old)
        old.deleteLater()
    translator = QTranslator(app)
    if translator.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
    without_weekday = re.sub(r"[\s,،]*dddd[\s,،]*", " ", locale.dateFormat(QLocale.FormatType.LongFormat)).strip()

    def written(date: datetime.date) -> str:
        return locale.toString(QDate(date.year, date.month, date.day), without_weekday)

    return words._replace(number=locale.toString, date=written)
