"""The narrow window beside a browser, and what is remembered of the window."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QWizard

from palma_wizard import guide
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.wizard import DATA, Wizard
from tests.conftest import Runner
from tests.hands import click, find

WORDS = guide.load()


def test_beside_a_browser_it_is_narrow_high_and_above_other_windows(window: Wizard) -> None:
    window.go(DATA)
    before = window.size()
    click(window.rail.beside_button)
    room = window.screen().availableGeometry()
    assert window.width() <= 440
    assert window.height() >= 0.9 * room.height()
    assert window.geometry().right() >= room.right() - 20
    assert window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
    assert not window.rail.isVisible()
    assert window.currentId() == DATA
    helps = window.button(QWizard.WizardButton.HelpButton)
    assert (helps.text(), helps.accessibleName()) == ("?", WORDS.say("button.help"))
    assert find(window.data_page, "paste-key").text() == ""
    assert find(window.data_page, "paste-key").accessibleName()
    window.rebuild()
    assert not window.rail.isVisible()
    assert find(window.data_page, "paste-key").text() == ""
    click(window.button(QWizard.WizardButton.CustomButton1))
    assert window.size() == before
    assert window.rail.isVisible()
    assert not window.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
    assert find(window.data_page, "paste-key").text() == WORDS.say("button.paste")
    assert not window.button(QWizard.WizardButton.CustomButton1).isVisible()
    assert window.button(QWizard.WizardButton.HelpButton).text() == WORDS.say("button.help")


def test_a_window_that_filled_the_screen_is_narrow_too(window: Wizard) -> None:
    window.setWindowState(Qt.WindowState.WindowMaximized)
    window._set_compact(True)
    assert not window.isMaximized()
    assert window.width() <= 440


def test_size_and_place_are_remembered_and_the_narrow_window_is_not(
    window: Wizard, settings: Settings, run: Runner
) -> None:
    window.resize(911, 655)
    window._set_compact(True)
    window._leave()
    again = Wizard(WORDS, settings)
    again.show()
    assert again.size() == QSize(911, 655)
    again.close()


def test_settings_come_back_and_are_forgotten_by_an_empty_text(tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    settings = Settings(file)
    settings.set("step", "3")
    settings.set("language", "de")
    assert (Settings(file).get("step"), Settings(file).get("language"), Settings(file).get("x")) == ("3", "de", "")
    settings.set("step", "")
    assert json.loads(file.read_text()) == {"language": "de"}
    assert [each.name for each in tmp_path.iterdir()] == ["window.json"]


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"step": 4}', b"\xff", b"[" * 100_000, b'{"step": "4"'])
def test_settings_that_cannot_be_read_are_forgotten(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    file.write_bytes(content)
    assert Settings(file).get("step") == ""
