"""Colours, sizes and icons: the one place that decides how things look."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from palma_wizard import assets

XS, S, M, L, XL, XXL = 4, 8, 12, 16, 24, 32
SMALL, BODY, HEADING, TITLE = 13, 15, 20, 26
RADIUS: Final = 8
CONTROL: Final = 36
RAIL: Final = 232
WIDEST: Final = 1000
_TURNED: Final = frozenset({"beside", "external-link", "play"})
"""Icons that point where the words go on. The arrows that move a picture point where it moves."""
WITH_GAP: Final = QSize(24, 18)
"""An icon and the space between it and words."""


class Colours(NamedTuple):
    """Every text colour holds 4.5:1 on `window` and `base`, in the two `strong` sets 7:1; those know no tints."""

    window: str
    base: str
    rail: str
    text: str
    quiet: str
    line: str
    field_line: str
    accent: str
    accent_hover: str
    on_accent: str
    good: str
    warn: str
    bad: str
    good_back: str
    warn_back: str
    bad_back: str
    info_back: str
    dark: bool = False
    strong: bool = False


LIGHT: Final = Colours(
    "#FFFFFF", "#FFFFFF", "#F1F3EF", "#1D2421", "#56605B", "#DDE2DD", "#7D8983", "#1F7A5C", "#17644B", "#FFFFFF",
    "#1F7A5C", "#8A5A00", "#B3261E", "#E7F4EE", "#FFF4DC", "#FCE9E7", "#EAF1F7",
)  # fmt: skip
DARK: Final = Colours(
    "#1B1F1D", "#232826", "#161A18", "#ECF0EE", "#A9B4AF", "#363D3A", "#7F8B85", "#4CC29A", "#6AD3AE", "#0C1F18",
    "#4CC29A", "#F0B849", "#FF8A80", "#1C332A", "#3A2F17", "#40211F", "#1F2C36", dark=True,
)  # fmt: skip
STRONG_LIGHT: Final = Colours(
    "#FFFFFF", "#FFFFFF", "#FFFFFF", "#000000", "#000000", "#000000", "#000000", "#00472F", "#000000", "#FFFFFF",
    "#00472F", "#553300", "#8A0000", "#FFFFFF", "#FFFFFF", "#FFFFFF", "#FFFFFF", strong=True,
)  # fmt: skip
STRONG_DARK: Final = Colours(
    "#000000", "#000000", "#000000", "#FFFFFF", "#FFFFFF", "#FFFFFF", "#FFFFFF", "#5CFFC4", "#FFFFFF", "#000000",
    "#5CFFC4", "#FFD75E", "#FF9C94", "#000000", "#000000", "#000000", "#000000", dark=True, strong=True,
)  # fmt: skip


class _Current:
    """The set in use; it changes only in `apply`."""

    colours = LIGHT


def colours() -> Colours:
    return _Current.colours


def of_the_system() -> Colours:
    hints = QGuiApplication.styleHints()
    dark = hints.colorScheme() == Qt.ColorScheme.Dark
    if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
        return STRONG_DARK if dark else STRONG_LIGHT
    return DARK if dark else LIGHT


def apply(app: QApplication, chosen: Colours | None = None) -> None:
    """Give the whole program its palette and style sheet: as the system has it, or as said."""
    c = _Current.colours = chosen or of_the_system()
    palette = QPalette()
    for role, value in (
        (QPalette.ColorRole.Window, c.window),
        (QPalette.ColorRole.WindowText, c.text),
        (QPalette.ColorRole.Base, c.window),
        (QPalette.ColorRole.AlternateBase, c.rail),
        (QPalette.ColorRole.Text, c.text),
        (QPalette.ColorRole.Button, c.base),
        (QPalette.ColorRole.ButtonText, c.text),
        (QPalette.ColorRole.ToolTipBase, c.base),
        (QPalette.ColorRole.ToolTipText, c.text),
        (QPalette.ColorRole.PlaceholderText, c.quiet),
        (QPalette.ColorRole.Highlight, c.accent),
        (QPalette.ColorRole.HighlightedText, c.on_accent),
        (QPalette.ColorRole.Link, c.accent),
    ):
        palette.setColor(role, QColor(value))
    app.setPalette(palette)
    app.setStyleSheet(_sheet(c))


def _sheet(c: Colours) -> str:
    edge = "2px solid" if c.strong else "0 solid"
    off = "dashed" if c.strong else "solid"
    return f"""
    QWidget {{ font-size: {BODY}px; color: {c.text}; }}
    QWizard, QDialog, QWizardPage, QScrollArea, QScrollArea > QWidget > QWidget {{ background: {c.window}; }}
    QScrollArea {{ border: none; }}
    QLabel {{ background: transparent; }}
    QLabel:focus {{ border: 2px solid {c.accent}; border-radius: {RADIUS}px; padding: {XS}px; }}
    QLabel#title {{ font-size: {TITLE}px; font-weight: 600; }}
    QLabel#heading {{ font-size: {HEADING}px; font-weight: 600; }}
    QLabel#strong {{ font-weight: 600; }}
    QLabel#step, QLabel#quiet {{ font-size: {SMALL}px; color: {c.quiet}; }}
    QLabel#mono {{ font-family: monospace; }}
    QPushButton, QComboBox, QLineEdit {{ min-height: {CONTROL - 12}px; padding: 5px {M}px; border-radius: {RADIUS}px;
        border: 1px solid {c.field_line}; background: {c.base}; }}
    QLineEdit, QPlainTextEdit {{ placeholder-text-color: {c.quiet}; }}
    QPushButton {{ padding: 5px {L}px; }}
    QPushButton:hover, QComboBox:hover {{ border-color: {c.accent}; }}
    QPushButton:pressed {{ background: {c.good_back}; }}
    QPushButton:focus, QComboBox:focus, QLineEdit:focus {{ border: 2px solid {c.accent}; padding: 4px {M - 1}px; }}
    QPlainTextEdit {{ padding: {XS}px {S}px; border-radius: {RADIUS}px; border: 1px solid {c.field_line}; background: {c.base}; }}
    QPlainTextEdit:focus {{ border: 2px solid {c.accent}; }}
    QPushButton:focus {{ padding: 4px {L - 1}px; }}
    QPushButton:disabled {{ color: {c.quiet}; border: 1px {off} {c.line}; background: transparent; }}
    QPushButton[main="true"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent}; font-weight: 600; }}
    QPushButton[main="true"]:hover {{ background: {c.accent_hover}; }}
    QPushButton[main="true"]:focus {{ border: 2px solid {c.text}; }}
    QPushButton[main="true"]:disabled {{ background: {c.window if c.strong else c.line}; color: {c.quiet}; }}
    QPushButton:checked {{ background: {c.good_back}; border-color: {c.accent}; font-weight: 600; }}
    QPushButton[square="true"] {{ padding: 5px; min-width: {CONTROL - 12}px; }}
    QPushButton[square="true"]:focus {{ padding: 4px; }}
    QPushButton[flat="true"] {{ border-color: transparent; background: transparent; color: {c.accent}; padding: 5px {S}px; }}
    QPushButton[flat="true"]:hover {{ border-color: {c.line}; }}
    QPushButton[flat="true"]:focus {{ border: 2px solid {c.accent}; padding: 4px {S - 1}px; }}
    QPushButton[flat="true"]:disabled {{ color: {c.quiet}; }}
    QPushButton#choice {{ text-align: left; padding: {M}px {L}px; min-height: 40px; background: {c.base}; border: 1px solid {c.line}; }}
    QPushButton#choice:hover {{ border-color: {c.accent}; }}
    QPushButton#choice:focus {{ border: 2px solid {c.accent}; padding: {M - 1}px {L - 1}px; }}
    QComboBox::drop-down {{ border: none; width: 32px; }}
    QComboBox::down-arrow {{ image: url("{_drawn("chevron", c)}"); width: 18px; height: 18px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; border: none; }}
    QScrollBar::handle:vertical {{ background: {c.field_line}; border-radius: 3px; min-height: 32px; margin: 0 2px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; border: none; background: none; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
    QComboBox QAbstractItemView {{ background: {c.base}; border: 1px solid {c.line}; selection-background-color: {c.accent};
        selection-color: {c.on_accent}; }}
    QMessageBox QLabel#qt_msgbox_label {{ font-weight: 600; }}
    QMessageBox QLabel#qt_msgbox_informativelabel {{ min-width: 380px; }}
    QCheckBox {{ spacing: {S}px; min-height: 28px; }}
    QCheckBox::indicator {{ width: 20px; height: 20px; border: 2px solid {c.field_line}; border-radius: 4px; background: {c.base}; }}
    QCheckBox::indicator:disabled {{ border: 2px {off} {c.line}; background: {c.rail}; }}
    QCheckBox QLabel:disabled {{ color: {c.quiet}; }}
    QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: url("{_drawn("tick", c)}"); }}
    QCheckBox::indicator:checked:focus {{ border-color: {c.text}; }}
    QFrame#card {{ background: {c.base}; border: 1px solid {c.line}; border-radius: {RADIUS}px; }}
    QFrame#good {{ background: {c.good_back}; border: {edge} {c.good}; border-radius: {RADIUS}px; }}
    QFrame#warn {{ background: {c.warn_back}; border: {edge} {c.warn}; border-radius: {RADIUS}px; }}
    QFrame#bad {{ background: {c.bad_back}; border: {edge} {c.bad}; border-radius: {RADIUS}px; }}
    QFrame#info {{ background: {c.info_back}; border: {edge} {c.text}; border-radius: {RADIUS}px; }}
    QWidget#rail {{ background: {c.window}; border-right: 1px solid {c.line}; }}
    QWidget#rail[mirrored="true"] {{ border-right: none; border-left: 1px solid {c.line}; }}
    QToolTip {{ background: {c.base}; color: {c.text}; border: 1px solid {c.line}; padding: {XS}px; }}
    """


def _drawn(name: str, c: Colours) -> str:
    """A style sheet cannot recolour a picture, so these come in two."""
    return assets.path("icons", f"{name}-{'dark' if c.dark else 'light'}.svg").as_posix()


def tone_colour(tone: str) -> str:
    c = colours()
    return {"good": c.good, "warn": c.warn, "bad": c.bad, "info": c.accent, "quiet": c.quiet}[tone]


def icon(name: str, colour: str) -> QIcon:
    return QIcon(pixmap(name, colour))


def icon_before_words(name: str, colour: str) -> QIcon:
    """With the gap that Qt does not leave: to be shown WITH_GAP."""
    drawn = pixmap(name, colour, WITH_GAP.height())
    ratio = drawn.devicePixelRatio()
    wide = QPixmap(WITH_GAP * ratio)
    wide.setDevicePixelRatio(ratio)
    wide.fill(Qt.GlobalColor.transparent)
    painter = QPainter(wide)
    gap = WITH_GAP.width() - WITH_GAP.height()
    painter.drawPixmap(gap if QGuiApplication.isRightToLeft() else 0, 0, drawn)
    painter.end()
    return QIcon(wide)


def pixmap(name: str, colour: str, size: int = 20) -> QPixmap:
    """One of resources/icons in one colour, sharp on this screen; empty where the file is missing."""
    ratio = max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)
    return _icon_drawn(name, colour, size, ratio, turned=name in _TURNED and QGuiApplication.isRightToLeft())


@functools.lru_cache(256)
def _icon_drawn(name: str, colour: str, size: int, ratio: float, *, turned: bool) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    try:
        source = assets.path("icons", f"{name}.svg").read_bytes()
    except OSError:
        return picture
    painter = QPainter(picture)
    if turned:
        painter.translate(size, 0)
        painter.scale(-1, 1)
    QSvgRenderer(QByteArray(source.replace(b"#000", colour.encode()))).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture
