"""Describes the frozen folder: which Debian packages it needs, whose work is in it under which licence, and its icons.

pack.py depends FOLDER             prints the Depends field; fails where a library comes from no listed package
pack.py copyright WORK             prints whose work the folder holds, with the texts of all licences
pack.py icons TARGET               writes the icon in the sizes of desktops below TARGET
"""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "packaging"))

from licences import DOCUMENTS, IS_LICENCE, QT, SYSTEM_TEXTS, together  # noqa: E402

RUN_LIST = ROOT / "packaging" / "linux" / "apt-run.txt"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
LIBC = {"libc6", "libgcc-s1", "libstdc++6"}
ICU = """\
The library libicudata in lib/PySide6/Qt/lib is an empty one made by this project; ICU's own can be put in its place."""


def elf_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}).stdout


def owner(library: str) -> str:
    """The Debian package that a library of this machine is from."""
    for place in (library, library.removeprefix("/usr"), f"/usr{library}"):
        found = subprocess.run(["dpkg", "-S", place], capture_output=True, text=True, check=False).stdout
        if found:
            return found.partition(":")[0]
    raise SystemExit(f"no Debian package has {library}")


def depends(folder: Path) -> str:
    rows = [line.partition("#")[0].strip() for line in RUN_LIST.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row]
    listed = {name.strip() for row in rows for name in row.split("|")}
    files = list(elf_files(folder))
    here = {path.name for path in files}
    cache = dict(re.findall(r"^\t(\S+) \(libc6,x86-64.*?=> (\S+)$", output("/sbin/ldconfig", "-p"), re.MULTILINE))
    glibc = (0, 0)
    wrong = []
    for path in files:
        described = output("objdump", "-p", path)
        for name in re.findall(r"NEEDED +(\S+)", described):
            if name not in here and name not in cache:
                wrong.append(f"{path} needs {name}, which is not on this machine")
            elif name not in here and (package := owner(cache[name])) not in LIBC | listed:
                wrong.append(f"{path} needs {name} of {package}, which {RUN_LIST.name} does not list")
        glibc = max(glibc, *((int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", described)), (0, 0))
    if wrong:
        raise SystemExit("\n".join(wrong))
    core = [f"libc6 (>= {glibc[0]}.{glibc[1]})", "libgcc-s1", "libstdc++6", "ca-certificates"]
    return ", ".join([*core, *(row for row in rows if not row.startswith("fonts-"))])


def sources(work: Path) -> set[str]:
    """The files that went into the folder, as PyInstaller wrote them down."""
    found = set()
    for name in ("PYZ-00.toc", "COLLECT-00.toc"):
        for table in ast.literal_eval((work / name).read_text(encoding="utf-8")):
            if isinstance(table, list):
                found |= {str(row[1]) for row in table if isinstance(row, tuple) and len(row) > 2}
    return found


def copyright_file(work: Path) -> str:
    used = sources(work)
    pieces: dict[str, list[Path]] = {"PalmaBot Setup Wizard": [ROOT / "LICENSE"]}
    python = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    pieces[f"Python {sys.version.split()[0]}"] = [
        python if python.is_file() else DOCUMENTS / "python3.11" / "copyright"
    ]
    versions = []
    for each in sorted(importlib.metadata.distributions(), key=lambda each: each.name.lower()):
        files = each.files or []
        if each.name == "pyinstaller" or any(str(each.locate_file(file)) in used for file in files):
            named = [file for file in files if IS_LICENCE.search(file.name) and file.suffix not in {".py", ".pyc"}]
            texts = [Path(str(each.locate_file(file))) for file in named]
            if each.name.lower().startswith(("pyside6", "shiboken6")):
                versions.append(f"{each.name} {each.version}")
                texts = [SYSTEM_TEXTS / "LGPL-3", SYSTEM_TEXTS / "GPL-3"]
            pieces[f"{each.name} {each.version}"] = texts
    for library in sorted(path for path in used if path.startswith(("/lib/", "/usr/lib/"))):
        if Path(library).is_file() and "/python3" not in library:
            package = owner(library)
            pieces[f"{Path(library).name} (Debian package {package})"] = [DOCUMENTS / package / "copyright"]
    icu, core = (
        next(iter(sorted(DOCUMENTS.glob(f"{name}/copyright"))), None) for name in ("libicu[0-9]*", "libqt6core6*")
    )
    if icu is None or core is None:
        raise SystemExit("the licences of ICU and of what Qt holds are read from Debian's libicu and libqt6core6")
    pieces["ICU, in Qt's libraries"], pieces["what others gave to Qt"] = [icu], [core]
    head = QT.format(versions=", ".join(versions), place="lib/PySide6 and lib/shiboken6") + "\n" + ICU
    return together(head, {name: [(file.name, file.read_bytes()) for file in files] for name, files in pieces.items()})


def icons(target: Path) -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QGuiApplication, QIcon

    app = QGuiApplication([])
    source = ROOT / "resources" / "icons" / "app.svg"
    for size in SIZES:
        folder = target / f"{size}x{size}" / "apps"
        folder.mkdir(parents=True)
        picture = QIcon(str(source)).pixmap(QSize(size, size)).toImage()
        if picture.width() != size or not picture.save(str(folder / "palma-wizard.png")):
            raise SystemExit(f"the icon was not drawn in {size} px")
    folder = target / "scalable" / "apps"
    folder.mkdir(parents=True)
    (folder / "palma-wizard.svg").write_bytes(source.read_bytes())
    del app


if __name__ == "__main__":
    task, *given = sys.argv[1], *map(Path, sys.argv[2:])
    if task == "depends":
        print(depends(*given))
    elif task == "copyright":
        print(copyright_file(*given), end="")
    else:
        icons(*given)
