"""The installer for Windows in wine: installed, used, replaced and removed as a person would, with wine's own vault.

The walk through the window is one through Windows' own kind, on a screen of Xvfb's; the self-test draws offscreen.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from palma_wizard import __version__, guide
from palma_wizard.practice import KEYS

ROOT = Path(__file__).parent.parent.parent
DIST = ROOT / "dist"
BUILT = ROOT / "build" / "windows"
NAME = "PalmaBot Setup Wizard"
WORDS = guide.load()
RUNNING, KEYS_STAY = 4, 5
"""Exit codes of the installer, beside NSIS's own."""


def _setup() -> Path:
    found = list(DIST.glob(f"palma-wizard-{__version__}-windows-x64-setup*.exe"))
    assert len(found) == 1, "make packages-windows builds one"
    return found[0]


class Windows:
    """A fresh Windows of wine's."""

    def __init__(self, folder: Path) -> None:
        hidden = {"WAYLAND_DISPLAY", "LC_ALL"}
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        quiet = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
        self.environment = {**kept, **quiet, "WINEPREFIX": str(folder), "LANG": "C.UTF-8"}
        subprocess.run(["wineboot", "--init"], env=self.environment, capture_output=True, timeout=120, check=True)
        self.drive = folder / "drive_c"
        self.person = next(each for each in (self.drive / "users").iterdir() if each.name != "Public")
        self.programs = self.person / "AppData" / "Local" / "Programs" / NAME
        self.settings = self.person / "AppData" / "Local" / "palma-wizard"
        self.shortcut = self.person / f"AppData/Roaming/Microsoft/Windows/Start Menu/Programs/{NAME}.lnk"
        self.desktop = self.person / "Desktop" / f"{NAME}.lnk"
        library = self.drive / "windows" / "system32" / "icuuc.dll"
        source = Path(__file__).parent / "wine_icuuc.c"
        compiler = ["x86_64-w64-mingw32-gcc", "-shared", "-nostdlib", "-Wl,--entry=0"]
        subprocess.run([*compiler, "-o", library, source], check=True)
        # Wine keeps Qt's variables to itself, but not what is set in its own registry.
        for name, value in (("PLATFORM", "offscreen"), ("FONTDIR", "Z:\\usr\\share\\fonts\\truetype\\dejavu")):
            self.run("reg", "add", r"HKCU\Environment", "/v", f"QT_QPA_{name}", "/d", value, "/f")

    def run(self, *command: str | Path, given: str = "", seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["wine", *command],
            input=given,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            env=self.environment,
            check=False,
        )

    def install(self, setup: Path | None = None, *options: str) -> int:
        return self.run(setup or _setup(), "/S", *options).returncode

    def uninstall(self, *options: str, folder: Path | None = None) -> None:
        """It copies itself elsewhere and goes on there, so nobody hears its exit code."""
        place = folder or self.programs
        assert self.run(place / "uninstall.exe", "/S", *options).returncode == 0
        deadline = time.monotonic() + 60
        while place.exists():
            assert time.monotonic() < deadline, sorted(place.rglob("*"))
            time.sleep(0.1)

    def refused_to_uninstall(self, *options: str) -> int:
        """Told where it is, it stays there; the exit code. What comes last must not be quoted, which wine would do."""
        place, line = _seen_from_inside(self.programs), self.drive / "line.bat"
        line.write_text(f'@"{place}\\uninstall.exe" /S {" ".join(options)} _?={place}\r\n', "utf-8", newline="")
        code = self.run("cmd", "/c", "C:\\line.bat").returncode
        line.unlink()
        return code

    def check(self, *options: str, given: str = "", folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run((folder or self.programs) / "palma-check.exe", "--lang", "en", *options, given=given)

    def registered(self) -> dict[str, str]:
        """What the list of installed programs shows."""
        said = self.run("reg", "query", rf"HKCU\{UNINSTALL}").stdout
        return dict(re.findall(r"^ +(\w+) +REG_\w+ +(.*?)\r?$", said, re.MULTILINE))

    def in_the_vault(self) -> list[str]:
        said = self.run("reg", "query", r"HKCU\Software\Wine\Credential Manager", "/s").stdout
        return re.findall(r"PalmaBot[\w ]+", said)

    def files(self) -> set[str]:
        """But for what Windows writes on its own."""
        found = {str(path.relative_to(self.drive)) for path in self.drive.rglob("*")}
        return {name for name in found if not re.search(r"/Temp\b|^windows/", name)}


UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\PalmaBotSetupWizard"


def _seen_from_inside(path: Path) -> str:
    return "C:" + str(path).partition("drive_c")[2].replace("/", "\\")


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory, screen: None) -> Iterator[Windows]:
    made = Windows(tmp_path_factory.mktemp("wine") / "prefix")
    yield made
    subprocess.run(["wineserver", "--kill"], env=made.environment, check=False)


@pytest.fixture
def installed(windows: Windows) -> Windows:
    """It stays: installing takes longer than most tests."""
    if not windows.programs.is_dir():
        assert windows.install() == 0
    return windows


@contextlib.contextmanager
def _python_beside(windows: Windows) -> Iterator[Path]:
    """Windows' own Python with what is installed, for as long as a test needs it."""
    python = windows.programs / "lib" / "python.exe"
    shutil.copyfile(BUILT / "cp311" / "python.exe", python)
    try:
        yield python
    finally:
        python.unlink()


def _assert_whole(result: subprocess.CompletedProcess[str], parts: int) -> None:
    lines = result.stdout.splitlines()
    assert result.returncode == 0, result.stdout + result.stderr
    assert [line for line in lines if line.endswith(": failed")] == []
    assert len([line for line in lines if line.endswith(": ok")]) == parts
    assert result.stderr == ""


def test_it_is_small(installed: Windows) -> None:
    assert _setup().stat().st_size <= 25_000_000
    assert sum(file.stat().st_size for file in installed.programs.rglob("*") if file.is_file()) <= 75_000_000


def test_it_is_in_the_menu_and_in_the_list_of_programs(installed: Windows) -> None:
    assert {file.name for file in installed.programs.iterdir()} == {
        "lib", "licences.txt", "palma-check.exe", "palma-wizard.exe", "uninstall.exe",
    }  # fmt: skip
    assert installed.shortcut.is_file()
    assert not installed.desktop.exists(), "only where it is asked for"
    found = installed.registered()
    place = _seen_from_inside(installed.programs)
    assert found.pop("EstimatedSize").startswith("0x")
    assert found == {
        "DisplayName": NAME,
        "DisplayVersion": __version__,
        "DisplayIcon": rf"{place}\palma-wizard.exe",
        "Publisher": "The PalmaBot Setup Wizard authors",
        "InstallLocation": place,
        "UninstallString": rf'"{place}\uninstall.exe"',
        "QuietUninstallString": rf'"{place}\uninstall.exe" /S',
        "NoModify": "0x1",
        "NoRepair": "0x1",
    }


def test_each_program_has_its_name_and_number_and_only_one_a_console(installed: Windows) -> None:
    graphic, console = 2, 3
    for file, kind in (
        (_setup(), graphic),
        (installed.programs / "palma-wizard.exe", graphic),
        (installed.programs / "palma-check.exe", console),
    ):
        content = file.read_bytes()
        (header,) = struct.unpack_from("<I", content, 0x3C)
        assert struct.unpack_from("<H", content, header + 0x5C) == (kind,), file.name
        assert all(text.encode("utf-16-le") in content for text in (NAME, __version__)), file.name
        assert (BUILT / "pictures/256x256/apps/palma-wizard.png").read_bytes() in content, "its icon"
    assert b"PerMonitorV2" in (installed.programs / "palma-wizard.exe").read_bytes()


def test_both_programs_are_whole(installed: Windows) -> None:
    _assert_whole(installed.run(installed.programs / "palma-check.exe", "--self-test"), 7)
    _assert_whole(installed.run(installed.programs / "palma-wizard.exe", "--self-test"), 10)


def test_it_has_the_files_of_the_checkout_and_nothing_left_over(installed: Windows) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*.*")
            if path.is_file() and path.suffix != ".pyc"
        }

    assert files(installed.programs / "lib" / "palma_wizard" / "resources") == files(ROOT / "resources")
    names = [path.name for path in installed.programs.rglob("*")]
    unwanted = r"Qml|Quick|Pdf|OpenGL|opengl|WebEngine|DBus|cacert\.pem|python\w*\.exe|\.pyi?$|icuuc|^tests?$"
    assert [name for name in names if re.search(unwanted, name)] == []


def test_a_missing_file_is_told(installed: Windows) -> None:
    def without(name: str, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        file = installed.programs / "lib" / name
        away = file.rename(file.with_suffix(".away"))
        try:
            return installed.run(installed.programs / program, *words)
        finally:
            away.rename(file)

    for name in ("python311.zip", "python311.dll", "palma_wizard/cli.pyc"):
        result = without(name, "palma-check.exe", "--help")
        assert (result.returncode, "is missing or damaged" in result.stderr) == (6, True), name
    result = without("PySide6/Qt6Widgets.dll", "palma-wizard.exe", "--self-test")
    assert (result.returncode, result.stdout.splitlines()[0]) == (1, "window: failed")


def test_it_practises(installed: Windows) -> None:
    result = installed.check("--practice", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["outcome"] == "works"


def test_what_is_typed_and_piped_arrives_and_the_exit_code_comes_back(installed: Windows) -> None:
    own = KEYS["hitbtc2"]
    entry = json.dumps({"key": own.key, "secret": own.secret})
    name = 'Übung „練習“ *.* "q" \\'
    assert installed.check("--practice", "--save", "--account", name, given=entry).returncode == 0
    listed = installed.check("--practice", "--accounts")
    assert name in listed.stdout
    wrong = json.dumps({"key": own.key, "secret": "practice-key-that-is-wrong"})
    assert installed.check("--practice", given=wrong).returncode == 10
    assert installed.check("--nonsense").returncode == 2
    assert installed.check("--accounts").returncode == 3


def test_it_runs_from_anywhere(windows: Windows) -> None:
    place = windows.drive / "Ein Ort für Prögramme 練習" / "x y"
    setup = "Z:" + str(_setup()).replace("/", "\\")
    assert windows.run("cmd", "/c", f"{setup} /S /D={_seen_from_inside(place)}").returncode == 0
    _assert_whole(windows.run(place / "palma-wizard.exe", "--self-test"), 10)
    assert json.loads(windows.check("--practice", "--json", folder=place).stdout)["outcome"] == "works"
    windows.uninstall(folder=place)


def _walk_to_a_saved_key(windows: Windows, tmp_path: Path) -> None:
    result = tmp_path / "said.txt"
    with _python_beside(windows) as python:
        done = windows.run(python, Path(__file__).with_name("windows_walk.py"), result)
    said = result.read_text("utf-8") if result.is_file() else "nothing"
    assert (said, done.returncode) == ("saved", 0), done.stderr


def _assert_kept(windows: Windows) -> None:
    listed = windows.check("--practice", "--accounts")
    assert listed.returncode == 0, listed.stderr
    assert "Windows Credential Manager" in listed.stdout
    assert windows.check("--practice", "--saved").returncode == 0
    assert windows.in_the_vault() != []


def test_the_window_leads_to_a_key_in_windows_own_vault_that_outlives_an_upgrade(
    windows: Windows, tmp_path: Path
) -> None:
    if windows.programs.is_dir():
        windows.uninstall("/KEYS")
    before = windows.files()
    assert windows.install(_older(tmp_path)) == 0
    assert windows.registered()["DisplayVersion"] == "0.0.9"
    _walk_to_a_saved_key(windows, tmp_path)
    _assert_kept(windows)
    shutil.copyfile(windows.shortcut, windows.desktop)
    old = windows.programs / "lib" / "of_the_older_version.pyc"
    assert old.is_file()

    assert windows.install() == 0
    assert windows.registered()["DisplayVersion"] == __version__
    assert not old.exists()
    assert windows.desktop.is_file()
    _assert_kept(windows)

    damaged = windows.programs / "lib" / "palma_wizard" / "cli.pyc"
    damaged.unlink()
    assert windows.install() == 0, "once more: it repairs"
    _assert_kept(windows)

    windows.uninstall()
    assert windows.in_the_vault() != [], "keys stay where they are not asked for"
    assert windows.settings.is_dir()
    assert windows.install() == 0
    _assert_kept(windows)

    windows.uninstall("/KEYS")
    assert windows.in_the_vault() == []
    assert windows.registered() == {}
    assert windows.files() - before == set()


def _older(folder: Path) -> Path:
    """The same program under another number, with a file that is not in this one."""
    program, files, setup = folder / "older", folder / "files.nsh", folder / "older.exe"
    shutil.copytree(BUILT / "program", program)
    (program / "lib" / "of_the_older_version.pyc").touch()
    python, pack = ROOT / ".venv/package/bin/python", ROOT / "packaging/windows/pack.py"
    subprocess.run([python, pack, "script", program, files], check=True)
    defined = [f"-D{name}" for name in ("VERSION=0.0.9", "NUMBERS=0.0.9.0", "QUICK", f"FILES={files}", f"OUT={setup}")]
    command = ["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", "-NOCD", *defined, "packaging/windows/setup.nsi"]
    subprocess.run(command, cwd=ROOT, check=True)
    return setup


def test_while_it_runs_it_is_neither_replaced_nor_removed(installed: Windows) -> None:
    with (
        _python_beside(installed) as python,
        subprocess.Popen(
            ["wine", python, "-c", "print('here', flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=installed.environment,
        ) as waiting,
    ):
        assert waiting.stdout is not None
        assert waiting.stdout.readline().strip() == b"here"
        assert installed.install() == RUNNING
        assert installed.refused_to_uninstall() == RUNNING
        waiting.communicate(b"\n", 60)
    assert waiting.returncode == 0
    assert installed.install() == 0


def test_where_the_keys_cannot_be_removed_the_program_stays(installed: Windows) -> None:
    away = installed.programs / "lib" / "palma_wizard" / "vault.pyc"
    moved = away.rename(away.with_suffix(".away"))
    code = installed.refused_to_uninstall("/KEYS")
    moved.rename(away)
    assert code == KEYS_STAY
    _assert_whole(installed.run(installed.programs / "palma-check.exe", "--self-test"), 7)


def test_with_a_certificate_all_that_runs_is_signed(windows: Windows, tmp_path: Path) -> None:
    """Last, as it builds anew."""
    key, certificate, both, password = (tmp_path / name for name in ("key.pem", "cert.pem", "both.pfx", "password.txt"))
    password.write_text("practice-password", "utf-8")
    request: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=Practice Signer",
    ]
    use: list[str | Path] = ["-addext", "extendedKeyUsage=codeSigning", "-addext", "keyUsage=digitalSignature"]
    subprocess.run([*request, *use, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    export: list[str | Path] = [
        "openssl",
        "pkcs12",
        "-export",
        "-inkey",
        key,
        "-in",
        certificate,
        "-passout",
        f"file:{password}",
    ]
    subprocess.run([*export, "-out", both], check=True)
    given = {"PALMA_PFX": str(both), "PALMA_PFX_PASSWORD": str(password), "QUICK": "1"}
    build: list[str | Path] = ["bash", ROOT / "packaging/windows/build.sh", tmp_path / "dist"]
    done = subprocess.run(build, env={**os.environ, **given}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (setup,) = (tmp_path / "dist").iterdir()
    assert setup.name == f"palma-wizard-{__version__}-windows-x64-setup.exe"
    if windows.programs.is_dir():
        windows.uninstall("/KEYS")
    assert windows.install(setup) == 0
    for file in (setup, *sorted(windows.programs.glob("*.exe"))):
        said = subprocess.run(
            ["osslsigncode", "verify", "-ignore-crl", "-CAfile", certificate, "-in", file],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stdout
        assert "CN=Practice Signer" in said.stdout
    _assert_whole(windows.run(windows.programs / "palma-check.exe", "--self-test"), 7)
    windows.uninstall()
