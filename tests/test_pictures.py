"""The pictures that are kept, beside the ones that the practice site gives now."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from palma_wizard import assets
from tests.pictures import BUDGET, SCALE, SIZE, take_all

Places = dict[str, dict[str, list[float]]]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taken")
    take_all(folder)
    return folder


def places(folder: Path) -> Places:
    return tomllib.loads((folder / "callouts.toml").read_text("utf-8"))


def test_taken_twice_they_are_the_same_bytes(taken: Path, tmp_path: Path) -> None:
    take_all(tmp_path)
    assert {file.name: file.read_bytes() for file in taken.iterdir()} == {
        file.name: file.read_bytes() for file in tmp_path.iterdir()
    }


def test_the_ones_that_are_kept_show_the_pages_as_they_are_now(taken: Path) -> None:
    """Places are compared within two hundredths of a picture: another version of a font moves them a little."""
    kept = places(assets.path("pictures"))
    now = places(taken)
    assert {name: set(spots) for name, spots in kept.items()} == {name: set(spots) for name, spots in now.items()}
    for name, spots in kept.items():
        for spot, place in spots.items():
            assert place == pytest.approx(now[name][spot], abs=0.02), f"{name}.{spot}: run make pictures"


def test_the_ones_that_are_kept_are_at_twice_their_size_and_within_the_budget() -> None:
    files = list(assets.path("pictures").glob("*.png"))
    for file in files:
        assert QImage(str(file)).size().toTuple() == (SIZE["width"] * SCALE, SIZE["height"] * SCALE)
    assert sum(file.stat().st_size for file in files) <= BUDGET
