"""Describes the frozen folder: which Debian packages it needs, whose work is in it under which licence, and its icons.

pack.py depends FOLDER             prints the Depends field; fails where a library comes from no listed package
pack.py copyright WORK             prints whose work the folder holds, with the texts of all licences
pack.py parts WORK                 prints the same as rows for ../sbom.py
pack.py icons TARGET               writes the icon in the sizes of desktops below TARGET
pack.py words FILE                 prints a file for desktops, its @words of the guide@ in all languages
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

from licences import DOCUMENTS, Part, python_parts, read, rows, sources, written  # noqa: E402

from palma_wizard import guide  # noqa: E402

RUN_LIST = ROOT / "packaging" / "linux" / "apt-run.txt"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
LIBC = {"libc6", "libgcc-s1", "libstdc++6"}
ICU = "The library libicudata in lib/PySide6/Qt/lib is an empty one of this project; ICU's own can be put in its place."


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


def parts(work: Path) -> list[Part]:
    used = sources(work)
    system = re.search(r"^ID=(\w+)", Path("/etc/os-release").read_text("utf-8"), re.MULTILINE)
    found = list(python_parts(used))
    libraries: dict[str, list[str]] = {}
    for library in sorted(path for path in used if path.startswith(("/lib/", "/usr/lib/"))):
        if Path(library).is_file() and "/python3" not in library:
            libraries.setdefault(owner(library), []).append(Path(library).name)
    for package, names in libraries.items():
        version = output("dpkg-query", "--show", "--showformat=${Version}", package)
        purl = f"pkg:deb/{system[1] if system else 'debian'}/{package}@{quote(version, safe=':')}"
        texts = read(DOCUMENTS / package / "copyright")
        found.append(Part(package, version, purl, texts, f"Debian's package, of it {', '.join(names)}"))
    return found


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


def words(file: Path) -> str:
    """A line is a value of a desktop entry (Name=@name@) or an element of its own (<name>@name@</name>)."""
    lines = []
    for line in file.read_text(encoding="utf-8").splitlines():
        key = re.search(r"@([a-z.]+)@", line)
        lines += [line] if key is None else [spoken(line, key[1], language) for language in guide.LANGUAGES]
    return "\n".join(lines) + "\n"


def spoken(line: str, key: str, language: str) -> str:
    said = guide.load(language).say(key)
    if line.lstrip().startswith("<"):
        said = html.escape(said, quote=False)
        line = line if language == "en" else line.replace(">", f' xml:lang="{language.replace("_", "-")}">', 1)
    elif language != "en":
        line = line.replace("=", f"[{language}]=", 1)
    return line.replace(f"@{key}@", said)


if __name__ == "__main__":
    task, *given = sys.argv[1], *map(Path, sys.argv[2:])
    if task == "depends":
        print(depends(*given))
    elif task == "copyright":
        print(written(parts(*given), "lib/PySide6 and lib/shiboken6", ICU), end="")
    elif task == "parts":
        print(rows(parts(*given)))
    elif task == "words":
        print(words(*given), end="")
    else:
        icons(*given)
