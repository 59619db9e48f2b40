"""What lies beside the packages: their sums, the list of what they hold, and signatures where there is a key."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DIST = ROOT / "dist"
PACKAGES = ("palma-wizard_0.0.1_amd64-unsigned.deb", "palma-wizard-0.0.1-linux-x86_64-unsigned.tar.xz")
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()) or "valid")
"""


def _held() -> dict[str, dict[str, str]]:
    """What the list says of the packages for Linux, and of what was linked into that."""
    (file,) = DIST.glob("*.cdx.json")
    told = json.loads(file.read_text("utf-8"))
    needs = {each["ref"]: each["dependsOn"] for each in told["dependencies"]}
    refs = set(needs["palma-wizard for Linux"])
    refs |= {ref for each in refs for ref in needs.get(each, ())}
    return {each["bom-ref"]: each for each in told["components"] if each["bom-ref"] in refs}


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the .deb puts into a system."""
    place = tmp_path_factory.mktemp("deb")
    (package,) = DIST.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, place], check=True)
    return place / "usr"


def _assert_summed_up(folder: Path) -> None:
    listed = {line.split(maxsplit=1)[1] for line in (folder / "SHA256SUMS").read_text("ascii").splitlines()}
    assert listed == {file.name for file in folder.iterdir() if not file.name.startswith("SHA256SUMS")}
    assert any(name.endswith(".cdx.json") for name in listed)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_all_that_is_given_away_is_summed_up() -> None:
    _assert_summed_up(DIST)


class TestParts:
    def test_the_list_is_as_its_schema_wants_it(self) -> None:
        (file,) = DIST.glob("*.cdx.json")
        python = ROOT / ".venv" / "audit" / "bin" / "python"
        said = subprocess.check_output([python, "-c", VALIDATE], input=file.read_text("utf-8"), text=True)
        assert said == "valid\n"

    def test_it_has_what_lies_in_the_package(self, inside: Path) -> None:
        held = _held().values()
        names = {
            word for each in held for word in (each["name"], *each.get("description", "").replace(",", "").split())
        }
        library = inside / "lib" / "palma-wizard" / "lib"
        brought = {
            path.name for path in library.glob("lib*.so*") if not path.is_symlink() and "python" not in path.name
        }
        assert brought
        assert brought <= names
        assert {"Python", "PySide6_Essentials", "shiboken6", "cryptography", "pyinstaller"} <= names

    def test_it_has_what_was_linked_into_those(self) -> None:
        assert {"asn1", "pyo3", "openssl"} <= {each["name"] for each in _held().values()}

    def test_the_package_has_the_licence_of_each(self, inside: Path) -> None:
        text = (inside / "share" / "doc" / "palma-wizard" / "copyright").read_text("utf-8")
        titles = {line.partition(": ")[0] for line in text.splitlines()}
        assert [each for each in _held().values() if f"{each['name']} {each['version']}" not in titles] == []
        for piece in (
            "GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 3",
            "GNU GENERAL PUBLIC LICENSE\n                       Version 3",
            "what others gave to Qt: qtbase",
            "what others gave to Qt: qtsvg",
            "what others gave to Qt: qtwayland",
            "download.qt.io/official_releases/QtForPython",
        ):
            assert piece in text

    @pytest.mark.parametrize(
        "licence,texts",
        [
            ("MIT OR Apache-2.0", ["Apache-2.0"]),
            ("MIT", None),
            ("Apache-2.0 WITH LLVM-exception", None),
            ("Apache-2.0 AND Unicode-3.0", None),
        ],
    )
    def test_what_is_linked_has_its_licence_or_stops_the_build(
        self, licence: str, texts: list[str] | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.syspath_prepend(ROOT / "packaging")
        licences = importlib.import_module("licences")
        within = licences.Part("cryptography", "0.0.1", "pkg:pypi/cryptography@0.0.1", [])
        crate = {"name": "odd", "version": "1", "purl": "pkg:cargo/odd@1", "licenses": [{"expression": licence}]}
        excluded, own = crate | {"scope": "excluded"}, crate | {"name": "cryptography-odd"}
        if texts is None:
            with pytest.raises(SystemExit, match="odd 1, in cryptography"):
                list(licences.linked([crate], within))
        else:
            (part,) = licences.linked([excluded, own, crate], within)
            assert [name for name, _ in part.texts] == texts

    def test_a_part_that_is_not_pinned_is_refused(self, tmp_path: Path) -> None:
        parts = tmp_path / "parts.json"
        parts.write_text(json.dumps([{"name": "keyring", "version": "0.0.1", "purl": "pkg:pypi/keyring@0.0.1"}]))
        done = _run("python3", ROOT / "packaging" / "sbom.py", tmp_path / "out.json", f"Linux={parts}")
        assert done.returncode == 1
        assert "pkg:pypi/keyring@0.0.1" in done.stderr


def _run(*command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PALMA_GPG_KEY": "", **settings}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


class TestSigning:
    @pytest.fixture
    def home(self) -> Iterator[str]:
        """gpg's folder with a key to throw away; its sockets bear no long path."""
        with tempfile.TemporaryDirectory() as home:
            made = _run(
                *("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "release@palmabot.example", "ed25519"),
                GNUPGHOME=home,
            )
            assert made.returncode == 0, made.stderr
            yield home
            _run("gpgconf", "--kill", "all", GNUPGHOME=home)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in PACKAGES:
            (tmp_path / name).write_text(f"in place of {name}")
        return tmp_path

    def _finish(self, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        return _run("bash", ROOT / "packaging" / "finish.sh", folder, **settings)

    def test_without_a_key_the_names_say_so(self, folder: Path) -> None:
        assert self._finish(folder).returncode == 0
        names = {file.name for file in folder.iterdir() if file.suffix != ".json"}
        assert names == {*PACKAGES, "SHA256SUMS"}
        _assert_summed_up(folder)

    def test_with_a_key_all_is_signed(self, folder: Path, home: str) -> None:
        done = self._finish(folder, GNUPGHOME=home, PALMA_GPG_KEY="release@palmabot.example")
        assert done.returncode == 0, done.stderr
        signed = [*(name.replace("-unsigned", "") for name in PACKAGES), "SHA256SUMS"]
        names = {file.name for file in folder.iterdir() if file.suffix != ".json"}
        assert names == {each for name in signed for each in (name, f"{name}.asc")}
        _assert_summed_up(folder)
        for name in signed:
            assert _run("gpg", "--verify", folder / f"{name}.asc", folder / name, GNUPGHOME=home).returncode == 0
            with (folder / name).open("a") as file:
                file.write("!")
            assert _run("gpg", "--verify", folder / f"{name}.asc", folder / name, GNUPGHOME=home).returncode != 0

    def test_with_a_key_that_is_not_there_nothing_passes_for_signed(self, folder: Path, home: str) -> None:
        done = self._finish(folder, GNUPGHOME=home, PALMA_GPG_KEY="nobody@palmabot.example")
        assert done.returncode != 0
        assert {file.name for file in folder.glob("*.deb*")} == {PACKAGES[0]}
        assert not (folder / "SHA256SUMS").exists()

    def test_the_same_packages_give_the_same_list(self, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        other = tmp_path_factory.mktemp("other")
        shutil.copytree(folder, other, dirs_exist_ok=True)
        lists = []
        for place in (folder, other):
            assert self._finish(place).returncode == 0
            lists += [file.read_bytes() for file in place.glob("*.cdx.json")]
        assert len(lists) == 2
        assert lists[0] == lists[1]
