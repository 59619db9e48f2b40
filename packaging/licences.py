"""Whose work is in what is packed: the texts of all licences, each once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

SYSTEM_TEXTS: Final = Path("/usr/share/common-licenses")
DOCUMENTS: Final = Path("/usr/share/doc")
IS_LICENCE: Final = re.compile(r"licen[cs]e|copying|notice|authors", re.IGNORECASE)
QT: Final = """\
Qt 6 and Qt for Python (PySide6, shiboken6), (C) The Qt Company Ltd. and other contributors, are used under the
GNU Lesser General Public License, version 3. They lie in the folder as shared libraries of their own ({place})
and can be replaced by others that fit; their source code is published by the Qt Project under the same
version numbers: {versions}."""


def together(head: str, pieces: Mapping[str, Sequence[tuple[str, bytes]]]) -> str:
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
