"""Nothing is cut off, sticks out or lies on something else, on any page: see tests/layout.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from palma_wizard.guide import LANGUAGES
from palma_wizard.ui.selftest import can_be_drawn
from tests.layout import PSEUDO, stretched

NAMES = list(LANGUAGES)


@pytest.mark.parametrize(
    "languages, scale",
    [(PSEUDO, 1), (PSEUDO, 2), (NAMES[:5], 1), (NAMES[5:10], 1), (NAMES[10:], 1)],
    ids=lambda value: "-".join(value) if isinstance(value, list | tuple) else f"{value}x",
)
def test_every_page_shows_its_words_whole(languages: list[str], scale: int, screen: None, tmp_path: Path) -> None:
    private = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "QT_SCALE_FACTOR": str(scale)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.layout", *languages],
        env=os.environ | private,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_can_be_drawn(language: str, app: QApplication) -> None:
    """Else the pages above were looked at with boxes in place of words."""
    assert can_be_drawn(language, app.font())


def test_a_stretched_text_is_half_as_long_again_and_keeps_what_is_filled_in() -> None:
    text = "Look on {page}, and tick {trade}."
    assert {"{page}", "{trade}"} <= set(stretched(text).replace(",", " ").replace(".", " ").split())
    assert len(stretched(text)) >= 1.4 * len(text)
