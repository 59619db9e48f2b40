"""The packages for Linux as a person has them: unpacked anywhere, or installed in a clean Debian and removed again."""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from palma_wizard import guide

ROOT = Path(__file__).parent.parent.parent
DIST = ROOT / "dist"
CLEAN = ROOT / "build" / "debian"
"""A Debian made once by debootstrap, with what the package depends on."""
QUIET = {"var/cache", "var/lib/apt", "var/lib/dpkg", "var/log", "dev", "proc", "sys", "tmp"}
"""Where a Debian keeps its own records."""


def _only(pattern: str) -> Path:
    found = list(DIST.glob(pattern))
    assert len(found) == 1, f"dist has {len(found)} files like {pattern}: make packages-linux builds one"
    return found[0]


def _run(*command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **settings}
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, env=environment, check=False
    )


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somewhere that nobody thought of."""
    place = tmp_path_factory.mktemp("an odd plače")
    subprocess.run(["tar", "--extract", "--file", _only("*.tar.xz"), "--directory", place], check=True)
    (folder,) = place.iterdir()
    return folder


def _assert_whole(result: subprocess.CompletedProcess[str], parts: int) -> None:
    said = [line for line in result.stdout.splitlines() if re.fullmatch(r"[\w' ]+: (ok|failed)", line)]
    assert result.returncode == 0, result.stdout + result.stderr
    assert [line for line in said if not line.endswith(": ok")] == []
    assert len(said) == parts
    assert result.stderr == ""


def _assert_practised(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["outcome"] == "works"


class TestFolder:
    def test_it_is_whole(self, unpacked: Path) -> None:
        _assert_whole(_run(unpacked / "palma-check", "--self-test"), 7)
        _assert_whole(_run(unpacked / "palma-wizard", "--self-test", QT_QPA_PLATFORM="offscreen"), 10)

    def test_it_practises(self, unpacked: Path) -> None:
        _assert_practised(_run(unpacked / "palma-check", "--practice", "--json"))

    def test_a_missing_file_is_noticed(self, unpacked: Path) -> None:
        for name in ("guide/ja.toml", "pictures/04-two-factor.png", "icons/app.svg"):
            file = unpacked / "lib" / "palma_wizard" / "resources" / name
            away = file.rename(file.with_suffix(".away"))
            result = _run(unpacked / "palma-check", "--self-test")
            away.rename(file)
            assert result.returncode == 1
            assert f"{name.partition('/')[0].replace('guide', 'languages')}: failed" in result.stdout

    def test_it_has_the_files_of_the_checkout(self, unpacked: Path) -> None:
        def files(folder: Path) -> dict[str, bytes]:
            return {
                str(path.relative_to(folder)): path.read_bytes()
                for path in folder.rglob("*.*")
                if path.is_file() and path.suffix != ".pyc"
            }

        assert files(unpacked / "lib" / "palma_wizard" / "resources") == files(ROOT / "resources")

    def test_the_desktop_is_told_its_name_in_every_language(self, unpacked: Path) -> None:
        entry = (unpacked / "share" / "applications" / "palma-wizard.desktop").read_text("utf-8").splitlines()
        (file,) = (unpacked / "share" / "metainfo").iterdir()
        told = ElementTree.parse(file).getroot().findall("name")
        for language in guide.LANGUAGES:
            name = guide.load(language).say("name")
            assert f"Name[{language}]={name}".replace("[en]", "") in entry
            assert name in {each.text for each in told}
        assert len(told) == len(guide.LANGUAGES)

    def test_nothing_of_it_is_left_over_from_qt(self, unpacked: Path) -> None:
        names = [path.name for path in unpacked.rglob("*")]
        assert [
            name for name in names if re.search(r"Qml|Quick|Pdf|OpenGL|WebEngine|EglFS|gtk3|cacert\.pem", name)
        ] == []
        assert [path for path in unpacked.rglob("*") if path.is_symlink() and not path.exists()] == []
        assert sum(path.stat().st_size for path in unpacked.rglob("*") if not path.is_symlink()) < 110_000_000

    def test_the_window_opens_and_closes(self, unpacked: Path, screen: None, tmp_path: Path) -> None:
        environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
        with subprocess.Popen(
            [unpacked / "palma-wizard", "--lang", "en"], stderr=subprocess.PIPE, text=True, env=environment
        ) as program:
            try:
                search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "PalmaBot"]
                window = subprocess.run(search, capture_output=True, text=True, timeout=30, check=True).stdout.split()[
                    0
                ]
                time.sleep(2)  # what loads behind the first page
                _ask_to_close(int(window))
                _, said = program.communicate(timeout=15)
            finally:
                program.kill()
        assert program.returncode == 0
        assert said == ""
        assert (tmp_path / "config" / "palma-wizard" / "window.json").is_file()


def _ask_to_close(window: int) -> None:
    """What a window manager sends for a click on the cross; there is none on this screen."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    protocols, delete = (x11.XInternAtom(display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    event = (ctypes.c_long * 24)(33, 0, 1, 0, window, protocols, 32, delete)
    x11.XSendEvent(display, ctypes.c_ulong(window), 0, ctypes.c_long(0), event)
    x11.XCloseDisplay(display)


class TestDebian:
    """Root is needed to make a Debian inside this one."""

    @pytest.fixture
    def package(self) -> Iterator[Path]:
        """Where the package lies inside the clean Debian."""
        if os.geteuid() != 0:
            pytest.skip("only root can install in a clean Debian")
        if not (CLEAN / "ready").is_file():
            _make_clean()
        needed = subprocess.check_output(["dpkg-deb", "--field", _only("*.deb"), "Depends"], text=True).strip()
        done = _inside("apt-get", "satisfy", "--yes", "--quiet", "--no-install-recommends", needed)
        assert done.returncode == 0, done.stderr
        inside = CLEAN / "tmp" / "palma-wizard.deb"
        inside.write_bytes(_only("*.deb").read_bytes())
        yield Path("/tmp") / inside.name
        _inside("dpkg", "--purge", "palma-wizard")

    def test_it_installs_runs_and_leaves_nothing(self, package: Path) -> None:
        before = _listed()
        installed = _inside("dpkg", "--install", package)
        assert installed.returncode == 0, installed.stderr
        assert {"usr/bin/palma-wizard", "usr/bin/palma-check"} <= _listed() - before
        _assert_whole(_inside("palma-check", "--self-test"), 7)
        _assert_whole(_inside("palma-wizard", "--self-test", QT_QPA_PLATFORM="offscreen"), 10)
        _assert_practised(_inside("palma-check", "--practice", "--json"))
        libraries = [str(path).removeprefix(str(CLEAN)) for path in (CLEAN / "usr/lib/palma-wizard").rglob("*.so*")]
        assert "not found" not in _inside("ldd", *libraries).stdout
        assert _inside("dpkg", "--purge", "palma-wizard").returncode == 0
        assert _listed() ^ before == set()


def _make_clean() -> None:
    system = dict(re.findall(r'^(\w+)="?(.*?)"?$', Path("/etc/os-release").read_text(), re.MULTILINE))
    sites = subprocess.check_output(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)"], text=True)
    name = system["VERSION_CODENAME"]
    site = next(line.split()[0] for line in sites.splitlines() if line.endswith(f" {name}"))
    subprocess.run(["rm", "-rf", CLEAN], check=True)
    subprocess.run(["debootstrap", "--variant=minbase", name, CLEAN, site], check=True, capture_output=True)
    (CLEAN / "ready").touch()


def _inside(*command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    around = ("unshare", "--mount", "--pid", "--fork", f"--root={CLEAN}", "--wd=/", "--mount-proc")
    clean = {"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    words = [f"{name}={value}" for name, value in {**clean, "DEBIAN_FRONTEND": "noninteractive", **settings}.items()]
    kept = [f"{name}={value}" for name, value in os.environ.items() if name.lower().endswith("_proxy")]
    return _run(*around, "env", "-i", *kept, *words, *command)


def _listed() -> set[str]:
    found = set()
    for folder, folders, files in os.walk(CLEAN):
        place = os.path.relpath(folder, CLEAN)
        folders[:] = [each for each in folders if os.path.normpath(f"{place}/{each}") not in QUIET]
        found |= {os.path.normpath(f"{place}/{each}") for each in (*folders, *files)}
    return found
