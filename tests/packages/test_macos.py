"""The application for macOS: its recipe, icon and scripts anywhere; itself on a Mac alone. The latter was never run."""

from __future__ import annotations

import json
import os
import plistlib
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtGui import QImageReader

from palma_wizard import __version__, vault
from palma_wizard.guide import LANGUAGES

ROOT = Path(__file__).parent.parent.parent
HERE = ROOT / "packaging" / "macos"
KEPT = [
    "PySide6/QtCore.abi3.so",
    "PySide6/Qt/plugins/iconengines/libqsvgicon.dylib",
    "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
    "PySide6/Qt/plugins/platforms/libqoffscreen.dylib",
    "PySide6/Qt/plugins/styles/libqmacstyle.dylib",
    "PySide6/Qt/plugins/imageformats/libqsvg.dylib",
    "PySide6/Qt/lib/QtCore.framework/Versions/A/QtCore",
    "PySide6/Qt/lib/QtDBus.framework/Versions/A/QtDBus",
    "PySide6/Qt/lib/QtWidgets.framework/Resources",
    "PySide6/Qt/translations/qtbase_de.qm",
    "palma_wizard/resources/icons/app.svg",
]
LEFT_OUT = [
    "PySide6/Qt/plugins/imageformats/libqpdf.dylib",
    "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.dylib",
    "PySide6/Qt/lib/QtQuick.framework/Versions/A/QtQuick",
    "PySide6/Qt/lib/QtPdf.framework/Resources/Info.plist",
    "PySide6/Qt/qml/QtQuick/libqtquick2plugin.dylib",
    "PySide6/Qt/translations/qtbase_bg.qm",
    "PySide6/Qt/translations/qt_de.qm",
    "certifi/cacert.pem",
    "keyring-0.0.1.dist-info/RECORD",
]


class Recipe:
    """Runs it with names that take down what it asks of PyInstaller."""

    def __init__(self, scratch: Path, more: list[tuple[str, str, str]]) -> None:
        self.asked: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        library = ROOT / ".venv" / "lib" / "python"
        entries = [(place, str(library / place), "BINARY") for place in (*KEPT, *LEFT_OUT)]
        seen = SimpleNamespace(binaries=[*entries, *more], datas=[], scripts=["launcher"], pure=self._modules())
        (scratch / "palma-wizard.icns").touch()
        names = {name: self._taker(name, None) for name in ("PYZ", "EXE", "COLLECT", "BUNDLE")}
        names |= {"Analysis": self._taker("Analysis", seen), "SPECPATH": str(HERE)}
        runpy.run_path(str(HERE / "palma-wizard.spec"), names)

    def _taker(self, name: str, back: object) -> object:
        def take(*given: Any, **named: Any) -> object:
            self.asked[f"{name} {named['name']}" if name == "EXE" else name] = (given, named)
            return back

        return take

    @staticmethod
    def _modules() -> list[tuple[str, str, str]]:
        names = ("PySide6.QtCore", "shiboken6", "keyring", "requests", "flask")
        found = [(name, find_spec(name)) for name in names]
        return [(name, str(spec.origin), "PYMODULE") for name, spec in found if spec is not None]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recipe]:
    monkeypatch.setenv("PALMA_SCRATCH", str(tmp_path))
    monkeypatch.setenv("PALMA_CODESIGN_IDENTITY", "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield Recipe(tmp_path, [])
    for name in ("frozen", "licences"):
        sys.modules.pop(name, None)


class TestRecipe:
    def test_it_takes_what_is_needed_of_qt_and_no_more(self, recipe: Recipe) -> None:
        (_, _, kept), _ = recipe.asked["COLLECT"]
        assert [place for place, _, _ in kept] == KEPT

    def test_both_programs_are_in_it(self, recipe: Recipe) -> None:
        assert recipe.asked["EXE palma-wizard"][1]["console"] is False
        assert recipe.asked["EXE palma-check"][1]["console"] is True
        (([launcher],), named) = recipe.asked["Analysis"]
        assert 'Path(sys.argv[0]).name == "palma-check"' in Path(launcher).read_text("utf-8")
        given = {f"{place}/{Path(file).name}" for file, place in named["datas"] if Path(file).is_file()}
        needed = ("icons/app.svg", "guide/en.toml", "updates.toml")
        assert given >= {f"palma_wizard/resources/{name}" for name in needed}

    def test_the_keyring_of_macos_is_in_it_and_no_other(self, recipe: Recipe) -> None:
        named = recipe.asked["Analysis"][1]
        (store,) = (module for module, _, _ in vault._STORES["darwin"])
        assert store in named["hiddenimports"]
        spec = find_spec("keyring.backends")
        assert spec is not None
        names = {file.stem for file in Path(str(spec.origin)).parent.glob("*.py")} - {"__init__", "fail"}
        others = {f"keyring.backends.{name}" for name in names} - {store}
        assert others <= set(named["excludes"])

    def test_all_that_is_named_to_be_left_out_exists(self, recipe: Recipe) -> None:
        ours = [name for name in recipe.asked["Analysis"][1]["excludes"] if name.startswith(("keyring.", "werkzeug."))]
        assert ours
        assert [name for name in ours if find_spec(name) is None] == []

    def test_its_property_list_is_whole(self, recipe: Recipe) -> None:
        told = recipe.asked["BUNDLE"][1]
        listed = plistlib.loads(plistlib.dumps(told["info_plist"]))
        assert told["version"] == listed["CFBundleVersion"] == __version__
        assert listed["CFBundleExecutable"] == "palma-wizard"
        assert listed["LSBackgroundOnly"] is False
        assert len(listed["CFBundleLocalizations"]) == len(LANGUAGES)
        assert {"zh-Hans", "pt-BR", "sl"} <= set(listed["CFBundleLocalizations"])

    def test_licences_and_parts_go_with_it(self, recipe: Recipe, tmp_path: Path) -> None:
        (_, ((name, file, kind),)), _ = recipe.asked["BUNDLE"]
        text = Path(file).read_text("utf-8")
        assert (name, kind) == ("LICENCES.txt", "DATA")
        assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
        purls = {row["purl"].partition("@")[0] for row in json.loads((tmp_path / "parts.json").read_text("utf-8"))}
        assert {"pkg:generic/python", "pkg:pypi/keyring", "pkg:pypi/pyside6-essentials"} <= purls

    def test_a_library_of_nobody_known_stops_it(self, recipe: Recipe, tmp_path: Path) -> None:
        """The recipe is run once more: what Python brings along is known, what else is found is not."""
        Recipe(tmp_path, [("libssl.3.dylib", "/Library/Python/lib/libssl.3.dylib", "BINARY")])
        rows = json.loads((tmp_path / "parts.json").read_text("utf-8"))
        assert "pkg:generic/openssl@3" in {row["purl"] for row in rows}
        with pytest.raises(SystemExit, match=r"libodd\.1\.dylib"):
            Recipe(tmp_path, [("libodd.1.dylib", "/opt/lib/libodd.1.dylib", "BINARY")])


def test_the_entitlements_are_a_property_list() -> None:
    allowed = plistlib.loads((HERE / "entitlements.plist").read_bytes())
    assert allowed == {"com.apple.security.cs.allow-unsigned-executable-memory": True}


def test_the_icon_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "icon.icns"
    subprocess.run([sys.executable, HERE / "icon.py", file], check=True)
    reader = QImageReader(str(file))
    assert bytes(reader.format().data()) == b"icns"
    sizes = []
    for place in range(reader.imageCount()):
        assert reader.jumpToImage(place)
        image = reader.read()
        sizes.append(image.width())
        assert image.pixelColor(image.width() // 2, 0).alpha() == 0
        assert image.pixelColor(image.width() // 2, image.height() // 4).alpha() == 255
    assert sorted(sizes) == [16, 32, 32, 64, 128, 256, 256, 512, 512, 1024]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
@pytest.mark.parametrize(
    "script",
    [*ROOT.glob("packaging/**/*.sh"), ROOT / ".ci" / "run"],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_scripts_are_sound(script: Path) -> None:
    subprocess.run(["shellcheck", "--external-sources", "--severity=warning", script], cwd=ROOT, check=True)


@pytest.mark.skipif(sys.platform != "darwin", reason="needs a Mac, and the disk image that make packages-macos builds")
class TestApplication:
    @pytest.fixture(scope="class")
    def programs(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """As somebody has them who dragged the application out of the image."""
        (image,) = (ROOT / "dist").glob(f"*-macos-{os.uname().machine}*.dmg")
        place = tmp_path_factory.mktemp("image")
        subprocess.run(["hdiutil", "attach", "-quiet", "-nobrowse", "-mountpoint", place, image], check=True)
        copied = tmp_path_factory.mktemp("applications") / "PalmaBot Setup Wizard.app"
        subprocess.run(["ditto", place / copied.name, copied], check=True)
        subprocess.run(["hdiutil", "detach", "-quiet", place], check=True)
        return copied / "Contents" / "MacOS"

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        return subprocess.run(
            command, input="", capture_output=True, text=True, timeout=120, env=environment, check=False
        )

    @pytest.mark.parametrize("program,parts", [("palma-check", 7), ("palma-wizard", 10)])
    def test_it_is_whole(self, programs: Path, program: str, parts: int) -> None:
        said = self._run(programs / program, "--self-test")
        assert said.returncode == 0, said.stdout + said.stderr
        assert len(re.findall(r": ok$", said.stdout, re.MULTILINE)) == parts

    def test_a_practice_key_is_kept_in_the_keychain(self, programs: Path) -> None:
        check = programs / "palma-check"
        saved = self._run(check, "--practice", "--json", "--save", "--replace")
        assert saved.returncode == 0, saved.stderr
        assert json.loads(saved.stdout)["outcome"] == "works"
        assert self._run(check, "--practice", "--saved").returncode == 0
        assert self._run(check, "--practice", "--forget").returncode == 0
        assert self._run(check, "--practice", "--saved").returncode == 3

    def test_its_seal_is_whole(self, programs: Path) -> None:
        subprocess.run(["codesign", "--verify", "--deep", "--strict", programs.parent.parent], check=True)
