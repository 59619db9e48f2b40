"""The self-test: quiet where all is whole, and each part noticed that is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from palma_wizard import assets, cli, news, transport, vault
from palma_wizard.practice import PracticeExchange

PARTS = ["languages", "pictures", "icons", "certificates", "announcements", "keyring", "practice exchange"]
Patch = pytest.MonkeyPatch


def _cut(name: str) -> Callable[[Patch, Path], None]:
    def cut(patch: Patch, place: Path) -> None:
        shutil.copytree(assets.path(), place / "resources")
        file = place / "resources" / name
        file.write_bytes(file.read_bytes()[:-40] + b'"')
        patch.setattr(assets, "path", lambda *parts: place.joinpath("resources", *parts))

    return cut


def _no_store(patch: Patch, place: Path) -> None:
    patch.setattr(vault, "_STORES", {"linux": (("keyring.backends.nothing", "Keyring", "Secret Service"),)})
    patch.setattr("sys.platform", "linux")


def _no_certificates(patch: Patch, place: Path) -> None:
    patch.setattr(transport, "knows_certificates", lambda: False)


def _no_signatures(patch: Patch, place: Path) -> None:
    patch.setattr(news, "_has_signed", lambda *_: True)


def _wrong_key(patch: Patch, place: Path) -> None:
    start = PracticeExchange.start

    def start_in_trouble(self: PracticeExchange) -> None:
        start(self)
        self.scenario = "wrong-key"

    patch.setattr(PracticeExchange, "start", start_in_trouble)


def _nothing(patch: Patch, place: Path) -> None:
    pass


@pytest.mark.parametrize(
    "part, harm",
    [
        ("", _nothing),
        ("languages", _cut("guide/he.toml")),
        ("pictures", _cut("pictures/01-sign-up.png")),
        ("icons", _cut("icons/zoom.svg")),
        ("certificates", _no_certificates),
        ("announcements", _cut("updates.toml")),
        ("announcements", _no_signatures),
        ("keyring", _no_store),
        ("practice exchange", _wrong_key),
    ],
)
def test_each_part_is_looked_at(
    part: str,
    harm: Callable[[Patch, Path], None],
    monkeypatch: Patch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    harm(monkeypatch, tmp_path)
    code = cli.main(["--self-test"])
    said = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert said == [f"{each}: {'failed' if each == part else 'ok'}" for each in PARTS]
    assert code == (1 if part else 0)
