"""One after the other: threads, and processes. The keyring's own use of it is in test_vault."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths

from palma_wizard import assets, turns
from palma_wizard.turns import Turns

HOLD = """import sys, pathlib
from palma_wizard import turns
turns.locked(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()"""


def test_a_second_thread_waits_and_goes_on_when_the_first_has_given_up() -> None:
    both, first, second = Turns(), threading.Event(), threading.Event()
    with both.taken(first) as turn:
        assert turn
        with both.taken(second, patience=0.05) as no_turn:
            assert not no_turn
        first.set()
        with both.taken(second) as turn_of_second:
            assert turn_of_second


def test_a_wait_can_be_given_up() -> None:
    both, given_up = Turns(), threading.Event()
    with both.taken(threading.Event()):
        threading.Timer(0.1, given_up.set).start()
        began = time.monotonic()
        with both.taken(given_up) as alone:
            assert not alone
        assert time.monotonic() - began < 5


def test_another_process_is_kept_out_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "some.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError):
            turns.locked(file)
        other.kill()
        other.wait()
    os.close(turns.locked(file))


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "some.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        turns.locked(tmp_path / "some.lock")
    assert not (tmp_path / "elsewhere").exists()


def test_an_empty_file_left_behind_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "some.lock").write_text("")
    os.close(turns.locked(tmp_path / "some.lock"))


def test_the_own_folder_is_the_one_qt_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    assert assets.own_folder() == Path(place) / "palma-wizard"
