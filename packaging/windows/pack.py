"""Puts together what is installed on Windows, and what the installer is told of it.

pack.py fill WHEELS PYTHON TARGET    puts Python, the packages and the program into TARGET/lib
pack.py zip TARGET                   after they are compiled: puts what needs no folder of its own into one file
pack.py licences WHEELS PYTHON       prints whose work is installed, with the texts of all licences
pack.py parts WHEELS PYTHON          prints the same as rows for ../sbom.py
pack.py icon PICTURES FILE           puts the pictures that ../linux/pack.py drew into one icon
pack.py side PICTURES FILE           draws what stands beside the installer's last page
pack.py script FOLDER FILE           writes what to install and to remove, and the installer's words
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

import frozen  # noqa: E402
from licences import DOCUMENTS, IS_LICENCE, SYSTEM_TEXTS, Part, Texts, read, rows, written  # noqa: E402

from palma_wizard import guide  # noqa: E402

EPOCH = (1980, 1, 1, 0, 0, 0)
PYTHON_FILES = re.compile(
    r"python3(11)?\.dll|python311\.zip|lib(crypto|ssl|ffi)-\d\.dll|(select|unicodedata)\.pyd"
    r"|_(asyncio|bz2|ctypes|decimal|hashlib|lzma|overlapped|queue|socket|ssl|uuid|zoneinfo)\.pyd"
)
RUNTIME = re.compile(r"(msvcp140(_[12])?|vcruntime140(_1)?)\.dll")
"""Microsoft's C++ library, in the version that Qt brings; Python's own copy is older."""
PATH_FILE = "python311.zip\n.\n"
"""Beside python311.dll: where it looks for modules, and nowhere else."""
NOT_OF_PYTHON = (
    "__hello__", "__phello__", "_aix_support", "_bootsubprocess", "_osx_support", "_pydecimal", "_pyio", "aifc",
    "antigravity", "asynchat", "asyncore", "bdb", "cProfile", "cgi", "cgitb", "chunk", "colorsys", "compileall",
    "crypt", "curses", "dbm", "distutils", "doctest", "ensurepip", "filecmp", "fileinput", "ftplib", "idlelib",
    "imaplib", "imghdr", "lib2to3", "mailbox", "mailcap", "modulefinder", "msilib", "multiprocessing", "nntplib",
    "optparse", "pdb", "pickletools", "pipes", "plistlib", "poplib", "profile", "pstats", "pty", "pyclbr", "pydoc",
    "pydoc_data", "sched", "shelve", "smtpd", "smtplib", "sndhdr", "sqlite3", "sunau", "symtable", "tabnanny",
    "telnetlib", "this", "timeit", "trace", "turtle", "unittest", "uu", "venv", "wave", "wsgiref", "xdrlib", "xml",
    "xmlrpc", "zipapp",
)  # fmt: skip
MODULES = ("QtCore", "QtGui", "QtNetwork", "QtSvg", "QtWidgets")
PLUGINS = ("iconengines/qsvgicon", "imageformats/qsvg", "platforms/qoffscreen", "platforms/qwindows")
QT_FILES = {
    *(f"PySide6/{name}.pyd" for name in MODULES),
    *(f"PySide6/Qt6{name.removeprefix('Qt')}.dll" for name in MODULES),
    *(f"PySide6/plugins/{name}.dll" for name in PLUGINS),
    *(f"PySide6/translations/qtbase_{language}.qm" for language in guide.LANGUAGES),
    *(f"PySide6/{name}.py" for name in ("__init__", "_config", "_git_pyside_version", "support/__init__")),
    "PySide6/pyside6.abi3.dll",
}
LEFT_OUT = re.compile(
    r"certifi/__main__|charset_normalizer/(cli/|__main__)|setuptools/|werkzeug/(debug|middleware)/|.*/tests?/"
    r"|keyring/(backends/(SecretService|chainer|kwallet|libsecret|macOS|null)|cli|completion|devpi_client|testing)\b"
)
METADATA = ".dist-info/METADATA"
"""Werkzeug looks up its own version there."""
NEEDS_ITS_PLACE = ("certifi", "palma_wizard")
"""Requests asks for a file of certifi when it is imported, though nothing here uses it: it is not there."""
NSIS_LANGUAGES = {
    "en": "English", "de": "German", "sl": "Slovenian", "es": "SpanishInternational", "fr": "French", "it": "Italian",
    "pt_BR": "PortugueseBR", "pl": "Polish", "tr": "Turkish", "ru": "Russian", "uk": "Ukrainian",
    "zh_CN": "SimpChinese", "ja": "Japanese", "ar": "Arabic", "he": "Hebrew",
}  # fmt: skip
SIZES = (16, 24, 32, 48, 64, 128, 256)


def fill(wheels: Path, python: Path, target: Path) -> None:
    lib = target / "lib"
    lib.mkdir(parents=True)
    for file in sorted(python.iterdir()):
        if PYTHON_FILES.fullmatch(file.name):
            shutil.copyfile(file, lib / file.name)
    (lib / "python311._pth").write_text(PATH_FILE, "utf-8")
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                if (place := _placed(name)) and not name.endswith("/"):
                    file = lib / place
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(archive.read(name))
    missing = [name for name in QT_FILES if not (lib / name).is_file() and not name.endswith(("_en.qm", "_sl.qm"))]
    if missing:
        raise SystemExit(f"PySide6 no longer has {', '.join(sorted(missing))}")
    shutil.copytree(ROOT / "palma_wizard", lib / "palma_wizard", ignore=shutil.ignore_patterns("__pycache__"))
    for source, place in frozen.resources(target.parent):
        (lib / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(source, lib / place)


def _placed(name: str) -> str | None:
    """Where a file of a wheel goes below lib; None where it is not needed."""
    package, _, rest = name.partition("/")
    if RUNTIME.fullmatch(rest):
        return rest if package == "PySide6" else None
    if package == "PySide6":
        return name if name in QT_FILES else None
    if package == "shiboken6" and rest.endswith(".dll"):
        return name if rest.endswith(".abi3.dll") else None
    return name if name.endswith((".py", ".pyd", ".dll", METADATA)) and not LEFT_OUT.match(name) else None


def zip_modules(target: Path) -> None:
    """Windows opens one file faster than hundreds. Compressed, it starts 10 ms later and is 6 MB smaller."""
    lib = target / "lib"
    archive = lib / "python311.zip"
    with zipfile.ZipFile(archive) as official:
        content = {
            name: official.read(name)
            for name in official.namelist()
            if name.endswith(".pyc") and re.split(r"[/.]", name)[0] not in NOT_OF_PYTHON
        }
    for entry in sorted(lib.iterdir()):
        files = {file.relative_to(lib).as_posix(): file for file in (entry, *entry.rglob("*")) if file.is_file()}
        if entry.name not in NEEDS_ITS_PLACE and all(name.endswith((".pyc", METADATA)) for name in files):
            content |= {name: file.read_bytes() for name, file in files.items()}
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    # A package without __init__ is found only where its folder is listed.
    content |= {f"{folder}/": b"" for name in content for folder in PurePosixPath(name).parents if folder.name}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in sorted(content.items()):
            new.writestr(zipfile.ZipInfo(name, EPOCH), data, zipfile.ZIP_DEFLATED)


def parts(wheels: Path, python: Path) -> list[Part]:
    version = re.search(rb"tags/v(3\.11\.\d+)", (python / "python311.dll").read_bytes())
    if version is None:
        raise SystemExit("python311.dll does not say which Python it is")
    number = version[1].decode()
    texts = read(python / "LICENSE.txt")
    found = [Part("Python", number, f"pkg:generic/python@{number}", texts, "with Microsoft's C++ library")]
    for wheel in sorted(wheels.glob("*.whl"), key=lambda each: each.name.lower()):
        name, number = wheel.name.split("-")[:2]
        purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{number}"
        found.append(Part(name, number, purl, _texts(name, wheel)))
    for name, of, package in (
        ("NSIS", "uninstall.exe", "nsis"),
        ("MinGW-w64", "palma-wizard.exe and palma-check.exe", "mingw-w64-common"),
    ):
        number = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${Version}", package], capture_output=True, text=True, check=True
        ).stdout
        purl = f"pkg:deb/debian/{package}@{quote(number, safe=':')}"
        found.append(Part(name, number, purl, read(DOCUMENTS / package / "copyright"), f"in {of}"))
    return found


def _texts(name: str, wheel: Path) -> Texts:
    if name.lower().startswith(("pyside6", "shiboken6")):
        return read(SYSTEM_TEXTS / "LGPL-3", SYSTEM_TEXTS / "GPL-3")
    with zipfile.ZipFile(wheel) as archive:
        named = [file for file in sorted(archive.namelist()) if _is_licence(file)]
        return [(PurePosixPath(file).name, archive.read(file)) for file in named]


def _is_licence(file: str) -> bool:
    path = PurePosixPath(file)
    return bool(IS_LICENCE.search(path.name)) and path.suffix not in {".py", ".pyi"} and ".dist-info" in path.parts[0]


def icon(pictures: Path, file: Path) -> None:
    """A table of what is in it, then each picture as PNG."""
    drawn = [(pictures / f"{size}x{size}" / "apps" / "palma-wizard.png").read_bytes() for size in SIZES]
    place = 6 + 16 * len(drawn)
    table = struct.pack("<HHH", 0, 1, len(drawn))
    for size, data in zip(SIZES, drawn, strict=True):
        table += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), place)
        place += len(data)
    file.write_bytes(table + b"".join(drawn))


def side(pictures: Path, file: Path) -> None:
    from PySide6.QtGui import QImage, QPainter

    drawn = QImage(164, 314, QImage.Format.Format_RGB888)
    drawn.fill("#E7F4EE")
    painter = QPainter(drawn)
    painter.drawImage(50, 48, QImage(str(pictures / "64x64" / "apps" / "palma-wizard.png")))
    painter.end()
    if not drawn.save(str(file)):
        raise SystemExit("the picture was not drawn")


def script(folder: Path) -> Iterator[str]:
    """NSIS would take the files in the order in which the disk has them."""
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    places = sorted({parent for file in files for parent in file.parents if parent.name}, reverse=True)
    size = sum((folder / file).stat().st_size for file in files)
    yield f"!define SIZE {size // 1024}"
    yield "!macro INSTALL"
    last = None
    for file in files:
        if file.parent != last:
            last = file.parent
            yield f'  SetOutPath "{_below(last)}"'
        yield f'  File "{folder / file}"'
    yield "!macroend"
    yield "!macro REMOVE"
    yield from (f'  Delete "{_below(file)}"' for file in files)
    yield from (f'  RMDir "{_below(place)}"' for place in places)
    yield "!macroend"
    yield from (f'!insertmacro MUI_LANGUAGE "{name}"' for name in NSIS_LANGUAGES.values())
    for language, name in NSIS_LANGUAGES.items():
        for key, text in guide.load(language).under("installer").items():
            if text.find("{") >= 0:
                raise SystemExit(f"{language}: {key} has a place to fill in")
            name_of_text = key.replace("-", "_")
            quoted = text.replace("$", "$$").replace('"', '$\\"')
            yield f'LangString {name_of_text} ${{LANG_{name.upper()}}} "{quoted}"'


def _below(place: Path) -> str:
    return "\\".join(["$INSTDIR", *place.parts])


def main(task: str, *given: Path) -> None:
    if task == "fill":
        fill(*given)
    elif task == "zip":
        zip_modules(*given)
    elif task == "licences":
        sys.stdout.buffer.write(written(parts(*given), "lib\\PySide6 and lib\\shiboken6").encode())
    elif task == "parts":
        print(rows(parts(*given)))
    elif task == "icon":
        icon(*given)
    elif task == "side":
        side(*given)
    else:
        given[1].write_text("\n".join(script(given[0])) + "\n", "utf-8-sig")


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
