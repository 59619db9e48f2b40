"""Looks over every page for what is cut off, sticks out or lies on something else: in real and in pseudo languages.

Run by tests/ui/test_layout.py in processes of their own: `python -m tests.layout LANGUAGE...`. "stretched" is English
made half as long again, "mirrored" the same from right to left.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PSEUDO = ("stretched", "mirrored")


def stretched(text: str) -> str:
    """Half as long again, in words of its own letters, with what is filled in left alone."""
    parts = re.split(r"(\{[^}]*\})", text)
    words = [word for part in parts[::2] for word in part.split()]
    more: list[str] = []
    wanted = sum(len(word) for word in words) / 2
    for word in itertools.cycle(words or ["x"]):
        if sum(len(each) for each in more) >= wanted:
            break
        more.append(word[::-1])
    return " ".join(["".join(part.translate(_ACCENTS) if n % 2 == 0 else part for n, part in enumerate(parts)), *more])


_ACCENTS = str.maketrans("aeiouyAEIOU", "àéîöûÿÀÉÎÖÛ")


def pseudo(value: Any) -> Any:
    """A copy of anything in a guide with its texts stretched; names, files and addresses stay."""
    if isinstance(value, str):
        return stretched(value)
    if isinstance(value, dict):
        return {key: pseudo(inner) for key, inner in value.items()}
    if hasattr(value, "_asdict"):  # a record
        kept = {"id", "file", "url", "mark", "tag"}
        changes = {
            name: pseudo(each) for name, each in value._asdict().items() if name not in kept and not callable(each)
        }
        return value._replace(**changes)
    if isinstance(value, tuple):
        return tuple(map(pseudo, value))
    return value


def faults(window: Any) -> Iterator[str]:
    """What a person would see as broken on the page shown."""
    from PySide6.QtCore import QPoint, QRect
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QPlainTextEdit

    from palma_wizard.ui.picture import CalloutButton
    from palma_wizard.ui.start_page import _Choice
    from palma_wizard.ui.tick import Tick

    page = window.currentPage()
    view = page.area.viewport()
    leaves: list[tuple[str, QRect]] = []
    for widget in window.findChildren(object):
        if not isinstance(widget, QLabel | QAbstractButton | QLineEdit | QComboBox | QPlainTextEdit):
            continue
        text = widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""
        is_empty = isinstance(widget, QLabel) and not text and widget.pixmap().isNull()
        if not widget.isVisible() or is_empty or isinstance(widget, CalloutButton) or "qt_" in widget.objectName():
            continue
        name = f"{widget.objectName() or type(widget).__name__} {text[:40]!r}"
        place = QRect(widget.mapTo(window, QPoint()), widget.size())
        inside = page.area.isAncestorOf(widget)
        room = QRect(view.mapTo(window, QPoint()), view.size()) if inside else window.rect()
        out = max(room.left() - place.left(), place.right() - room.right())
        if not inside and not window.rail.isAncestorOf(widget):
            out = max(out, place.bottom() - room.bottom())
        if out > 0:
            yield f"{name} sticks out by {out}"
        yield from (f"{name} {fault}" for fault in _too_small(widget, text))
        beneath = isinstance(widget.parentWidget(), Tick | _Choice | QComboBox | QPlainTextEdit | QLineEdit)
        seen = widget.visibleRegion().boundingRect().translated(place.topLeft())
        if not beneath and type(widget.parentWidget()).__name__ != "PictureView" and not seen.isEmpty():
            leaves.append((name, seen))
    for (one, here), (other, there) in itertools.combinations(leaves, 2):
        both = here & there
        if both.width() > 2 and both.height() > 2:
            yield f"{one} lies on {other}"


def _too_small(widget: Any, text: str) -> Iterator[str]:
    from PySide6.QtWidgets import QLabel, QPushButton

    from palma_wizard.ui.rail import _Item
    from palma_wizard.ui.start_page import _Choice

    width = height = 0
    if isinstance(widget, QLabel) and text and widget.wordWrap():
        height = widget.heightForWidth(widget.width())
        words = re.split(r"[\s\u3000-\u9fff\uff00-\uffef-]", text)  # Chinese and Japanese may break anywhere
        width = max(widget.fontMetrics().horizontalAdvance(word) for word in words)
    elif (isinstance(widget, QLabel) and text) or (isinstance(widget, QPushButton) and not isinstance(widget, _Choice)):
        width = widget.sizeHint().width()
    elif isinstance(widget, _Item):
        height = widget.needed_height()
    if width > widget.width() + 1:
        yield f"is {widget.width()} wide and needs {width}"
    if height > widget.height() + 1:
        yield f"is {widget.height()} high and needs {height}"


async def walk(language: str, words: Any) -> list[str]:
    from PySide6.QtWidgets import QDialog

    from palma_wizard.ui.settings import Settings
    from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, START, Wizard
    from tests.announcements import tell_of_a_newer
    from tests.hands import press_test, until

    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        window = Wizard(words, Settings(Path(folder) / "window.json"))
        window.show()

        async def look(what: str) -> None:
            await asyncio.sleep(0.02)
            if [*faults(window)]:  # it may still be laying itself out
                await asyncio.sleep(0.1)
            found.extend(f"{language}, {what}, {where}: {fault}" for fault in faults(window))

        for where in ("1000x700", "800x600") if language in PSEUDO else ("800x600", "beside"):
            if where == "beside":
                window._set_compact(True)
            else:
                window.resize(*map(int, where.split("x")))
            await asyncio.sleep(0.05)
            for practising in (False, True) if language in PSEUDO else (True,):
                window._set_practice(practising)
                for number in sorted(window._pages):
                    window.go(number)
                    await look(f"page {number}{' in practice' * practising}")
                    for part in range(1, len(window._step(number).parts) if START < number < DATA else 0):
                        window.guide_pages[number - 1].show_part(part)
                        await look(f"page {number}, part {part + 1}")
            window._choose_exchange("bitstamp")
            for number in (1, 2, 3, DATA):
                window.go(number)
                await look(f"Bitstamp, page {number}")
            window._choose_exchange("hitbtc2")
            window.go(NOTICE)
            window.notice_page._show_ipv6(True)
            window.notice_page.own.setText("203.0.113.7")
            window.notice_page.list.setPlainText("46.19.9.48, 192.168.1.5, 203.0.113.70")
            await look("a list")
            for scenario in ("works", "can-withdraw", "address-not-allowed", "clock-off"):
                window._set_scenario(scenario)
                window.go(DATA)
                window.data_page._fill()
                await press_test(window)
                await look(f"after a check, {scenario}")
            window._set_scenario("works")
            await press_test(window)
            window.draft.no_store = "no-store"
            window.check_page.refresh()
            await look("nowhere to save")
            window.draft.no_store = ""
            window.go(CHECK)
            window._open_help()
            help_dialog = window.findChild(QDialog, "help-dialog")
            assert help_dialog is not None
            await until(help_dialog.isVisible, "no help")
            help_dialog.close()
            window._leave_practice()
            await tell_of_a_newer(window)
            await look("a newer version")
        window._leaving = True
        window.close()
    return found


def main() -> int:
    os.environ["QT_API"] = "pyside6"
    import qasync

    from palma_wizard.ui import app
    from palma_wizard.ui.language import speak

    application = app.make_application()
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    found = []
    with loop:
        for language in sys.argv[1:]:
            words = speak(application, {"stretched": "en", "mirrored": "ar"}.get(language, language))
            if language in PSEUDO:
                english = speak(application, "en")
                speak(application, words.language)
                words = pseudo(english)._replace(language=words.language)
            found += loop.run_until_complete(walk(language, words))
    sys.stdout.write("".join(f"{each}\n" for each in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
