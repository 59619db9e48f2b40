"""Whose work is in what is packed, and under which licence: the texts, each once, and the same as rows for sbom.py."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
SYSTEM_TEXTS: Final = ROOT / "packaging" / "texts"
"""Licences, named as Debian names them; the texts of single works, named as these are."""
DOCUMENTS: Final = Path("/usr/share/doc")
IS_LICENCE: Final = re.compile(r"licen[cs]e|copying|notice|authors", re.IGNORECASE)
QT: Final = """Qt 6 and Qt for Python (PySide6, shiboken6), (C) The Qt Company Ltd. and other contributors, are used
under the GNU Lesser General Public License, version 3, whose text is below, as is that of the GNU General Public
License that it builds on: {versions}, as published, not changed.
They lie in the folder as shared libraries of their own ({place}). You may change them and put yours in
their place, under the same names: nothing in this program prevents it, and you may take it apart to find what is wrong
with them then.
Their complete source code is published under the same version numbers by the Qt Project:
https://download.qt.io/official_releases/qt/ (qtbase, qtsvg, qtwayland, qttranslations) and
https://download.qt.io/official_releases/QtForPython/pyside6/
What others gave to Qt is listed below as Debian lists it for its own, older versions of the same parts of Qt."""
LINKED: Final = """Some parts have others linked into them, as they say themselves; those are named below with their
authors and licences. Where there is a choice, the licence whose text is below is the one chosen. With Rust crates goes
Rust's standard library, (C) The Rust Project Contributors, MIT or Apache-2.0; its own parts are not told."""
OWN_TEXTS: Final = {"asn1_derive": "asn1"}
"""Crates that have the text of another one; the others have one of their own name, where they need one."""

Texts = Sequence[tuple[str, bytes]]
"""Files' names, and what is in them."""


@dataclass(frozen=True)
class Part:
    """Something that somebody made and a package holds."""

    name: str
    version: str
    purl: str
    texts: Texts
    remark: str = ""
    inside: str = ""
    """The purl of the part that it is linked in."""

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"


def read(*files: Path) -> Texts:
    return [(file.name, file.read_bytes()) for file in files]


def of_qt() -> dict[str, Texts]:
    """What others gave to the parts of Qt that are used."""
    names = ("qtbase", "qtsvg", "qtwayland", "icu")
    return {f"what others gave to Qt: {name}": read(SYSTEM_TEXTS / f"{name}.txt") for name in names}


def sources(work: Path) -> set[str]:
    """The files that went into a frozen folder, as PyInstaller wrote them down."""
    found = set()
    for name in ("PYZ-00.toc", "COLLECT-00.toc"):
        for table in ast.literal_eval((work / name).read_text(encoding="utf-8")):
            if isinstance(table, list):
                found |= {str(row[1]) for row in table if isinstance(row, tuple) and len(row) > 2}
    return found


def python_parts(used: set[str]) -> Iterator[Part]:
    """Python, and the installed packages that these files are of."""
    version = sys.version.split()[0]
    text = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    if not text.is_file():
        text = DOCUMENTS / f"python{version.rpartition('.')[0]}" / "copyright"
    yield Part("Python", version, f"pkg:generic/python@{version}", read(text))
    for each in sorted(importlib.metadata.distributions(), key=lambda each: each.name.lower()):
        paths = [Path(str(each.locate_file(file))) for file in each.files or []]
        if each.name != "pyinstaller" and used.isdisjoint(map(str, paths)):
            continue
        texts = [path for path in paths if IS_LICENCE.search(path.name) and path.suffix not in {".py", ".pyc"}]
        if each.name.lower().startswith(("pyside6", "shiboken6")):
            texts = [SYSTEM_TEXTS / "LGPL-3", SYSTEM_TEXTS / "GPL-3"]
        name = re.sub(r"[-_.]+", "-", each.name).lower()
        part = Part(each.name, each.version, f"pkg:pypi/{name}@{each.version}", read(*texts))
        yield part
        for listed in sorted(path for path in paths if path.parent.name == "sboms"):
            yield from linked(json.loads(listed.read_text(encoding="utf-8"))["components"], part)


def linked(listed: Sequence[Mapping[str, Any]], within: Part) -> Iterator[Part]:
    """What a package's own list of parts (CycloneDX) says was linked into it; fails where there is no text for it."""
    for row in listed:
        name, version = row["name"], row["version"]
        if row.get("scope") == "excluded" or name.startswith(f"{within.name}-"):
            continue  # only built with it, or a piece of the package itself
        told = [each["expression"] for each in row.get("licenses", ())]
        licence = told[0] if told or name != "openssl" else "Apache-2.0"  # since OpenSSL's version 3
        own = SYSTEM_TEXTS / f"{OWN_TEXTS.get(name, name)}.txt"
        texts = [SYSTEM_TEXTS / "Apache-2.0"] if re.search(r"Apache-2\.0(?! WITH)", licence) else []
        texts += [own] if own.is_file() else []
        if not texts or (" AND " in licence and not own.is_file()):
            raise SystemExit(f"no licence text of {name} {version}, in {within.title}: {licence}")
        remark = f"in {within.name}; {row.get('author', 'authors not told')}; {licence}"
        yield Part(name, version, row["purl"].partition("?")[0], read(*texts), remark, within.purl)


def written(parts: Sequence[Part], place: str, remark: str = "") -> str:
    """The file that goes with a package; place is where Qt lies in it."""
    versions = ", ".join(part.title for part in parts if part.name.lower().startswith(("pyside6", "shiboken6")))
    head = QT.format(versions=versions, place=place) + f"\n{remark}".rstrip() + f"\n\n{LINKED}"
    pieces = {"PalmaBot Setup Wizard": read(ROOT / "LICENSE")}
    pieces |= {f"{part.title}: {part.remark}".removesuffix(": "): part.texts for part in parts}
    return together(head, pieces | of_qt())


def rows(parts: Sequence[Part]) -> str:
    """The same for sbom.py."""
    told = [{key: value for key, value in vars(part).items() if key != "texts"} for part in parts]
    return json.dumps(told, indent=1)


def together(head: str, pieces: Mapping[str, Texts]) -> str:
    """The texts of each work, with their files' names; one that was shown before is only named."""
    text = [head]
    shown: dict[bytes, str] = {}
    for name, licences in pieces.items():
        if not licences:
            raise SystemExit(f"no licence text of {name}")
        for file, content in licences:
            here = f"{name}, {file}"
            first = shown.setdefault(content, here)
            body = content.decode("utf-8", "replace").strip() if first == here else f"As above: {first}"
            text.append(f"{'=' * 78}\n{name}\n\n{body}")
    return "\n\n".join(text) + "\n"
