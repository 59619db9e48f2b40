"""Contrast as it is on the screen, in every set of colours: 4.5 to 1 for words, 7 in the strong sets, 3 for icons."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget

from palma_wizard.ui import theme
from palma_wizard.ui.rail import _Item
from palma_wizard.ui.wizard import CHECK, DATA, NOTICE, START, Wizard
from tests.announcements import tell_of_a_newer
from tests.conftest import Runner
from tests.hands import click, find, press_test

SETS = {"light": theme.LIGHT, "dark": theme.DARK, "strong-light": theme.STRONG_LIGHT, "strong-dark": theme.STRONG_DARK}


def luminance(pixel: int) -> float:
    parts = [(pixel >> shift & 255) / 255 for shift in (16, 8, 0)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: int, other: int) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def strongest(picture: QImage, place: QRect) -> float:
    """Of what is drawn there, against what most of it is: antialiased edges are weaker than the stroke itself."""
    seen = place & picture.rect()
    pixels = Counter(
        picture.pixel(x, y) & 0xFFFFFF
        for x in range(seen.left(), seen.right())
        for y in range(seen.top(), seen.bottom())
    )
    if len(pixels) < 2:
        return 1
    ground = pixels.most_common(1)[0][0]
    return max(contrast(ground, pixel) for pixel in pixels)


def too_weak(window: Wizard, least: float) -> Iterator[str]:
    picture = window.grab().toImage()
    for widget in window.findChildren(QWidget):
        if not isinstance(widget, QLabel | QPushButton | QLineEdit | _Item) or not widget.isVisible():
            continue
        if widget.objectName() == "picture":
            continue  # of the exchange's page, and perhaps not read yet
        seen = widget.visibleRegion().boundingRect()
        is_words = isinstance(widget, QLabel) and bool(widget.text())
        is_drawn = isinstance(widget, QLabel) and not widget.pixmap().isNull()
        if seen.isEmpty() or seen.height() < 12 or (isinstance(widget, QLabel) and not is_words and not is_drawn):
            continue
        if isinstance(widget, QPushButton) and not widget.isEnabled():
            continue  # nothing to be read in haste; the strong sets have them dashed
        needs = least if not is_drawn else 3
        if isinstance(widget, QPushButton | QLineEdit):
            seen.adjust(4, 4, -4, -4)  # its border is no words
            if isinstance(widget, QLineEdit) and not (widget.text() or widget.placeholderText()):
                continue
        found = strongest(picture, seen.translated(widget.mapTo(window, QPoint())))
        if found < needs:
            text = widget.text() if isinstance(widget, QLabel | QPushButton | _Item) else ""
            yield f"{widget.objectName()} {text[:40]!r} has {found:.2f}, needs {needs}"


@pytest.fixture
def coloured(app: QApplication) -> Iterator[None]:
    yield
    theme.apply(app, theme.LIGHT)


@pytest.mark.usefixtures("coloured")
@pytest.mark.parametrize("name", SETS)
def test_every_page_can_be_read(name: str, window: Wizard, app: QApplication, run: Runner) -> None:
    theme.apply(app, SETS[name])
    window.rebuild()
    least = 7 if SETS[name].strong else 4.5
    weak: list[str] = []

    async def walk() -> None:
        for number in (START, 1, 8, DATA, NOTICE, CHECK):
            window.go(number)
            await asyncio.sleep(0.05)
            weak.extend(f"page {number}: {each}" for each in too_weak(window, least))
        window.go(START)
        await tell_of_a_newer(window)
        weak.extend(f"a newer version: {each}" for each in too_weak(window, least))
        window._set_practice(True)
        for scenario in ("works", "can-withdraw", "address-not-allowed"):
            window._set_scenario(scenario)
            window.go(DATA)
            click(find(window, "practice-fill"))
            weak.extend(f"practice: {each}" for each in too_weak(window, least))
            await press_test(window)
            weak.extend(f"{scenario}: {each}" for each in too_weak(window, least))

    run(walk())
    assert weak == []


def test_contrast_is_measured_as_defined() -> None:
    assert contrast(0x000000, 0xFFFFFF) == pytest.approx(21)
    assert contrast(0x777777, 0xFFFFFF) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", SETS)
def test_lines_around_fields_and_the_ring_of_the_focus_are_seen(name: str) -> None:
    c = SETS[name]
    for line in (c.field_line, c.accent):
        for ground in (c.window, c.base):
            assert contrast(int(line[1:], 16), int(ground[1:], 16)) >= 3, (line, ground)
