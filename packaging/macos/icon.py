"""Draws the icon as macOS keeps it: icon.py FILE.icns"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).resolve().parent.parent.parent / "resources" / "icons" / "app.svg"
KINDS: Final = {
    b"icp4": 16, b"ic11": 32, b"icp5": 32, b"ic12": 64, b"ic07": 128, b"ic13": 256, b"ic08": 256, b"ic14": 512,
    b"ic09": 512, b"ic10": 1024,
}  # fmt: skip
"""Pixels of each kind of picture in such a file; two of one size are for one and for two pixels a point."""
MARGIN: Final = 100 / 1024
"""What macOS's own icons leave free at each side."""


def icns() -> bytes:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QBuffer, QRectF, Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    app = QGuiApplication([])
    drawing = QSvgRenderer(str(SOURCE))
    pieces = []
    for kind, size in KINDS.items():
        image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        edge = size * MARGIN
        drawing.render(painter, QRectF(edge, edge, size - 2 * edge, size - 2 * edge))
        painter.end()
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        if not drawing.isValid() or not image.save(buffer, "PNG"):
            raise SystemExit(f"the icon was not drawn in {size} px")
        data = bytes(buffer.data().data())
        pieces.append(kind + struct.pack(">I", len(data) + 8) + data)
    del app
    content = b"".join(pieces)
    return b"icns" + struct.pack(">I", len(content) + 8) + content


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(icns())
