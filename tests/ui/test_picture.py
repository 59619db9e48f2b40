"""Pictures: how sharp they are, where their call-outs stand, and how one looks closer. On a real screen."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractAnimation, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QAccessible, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QPushButton, QWidget
from shiboken6 import isValid

from palma_wizard import guide
from palma_wizard.guide import Callout, Picture
from palma_wizard.ui import motion, picture, theme
from palma_wizard.ui.picture import FIT, CalloutButton, PictureView, Viewer
from palma_wizard.ui.settings import Settings
from palma_wizard.ui.tasks import Tasks
from palma_wizard.ui.wizard import Wizard
from tests.hands import until

WORDS = guide.load()
Runner = Callable[[Awaitable[object]], object]
Make = Callable[..., PictureView]

CALLOUTS = (
    Callout("first", "Press this", 0.1, 0.2, 0.15, 0.1, "below"),
    Callout("corner", "And then this one", 0.9, 0.02, 0.09, 0.1, "left"),
    Callout("last", "Never this", 0.02, 0.9, 0.06, 0.08, "above"),
)
LEFT = Qt.MouseButton.LeftButton


def drawn(folder: Path, width: int = 1440, height: int = 810) -> str:
    """A file with black and white pixels in turn: the hardest to draw unchanged."""
    rows = b"\0\xff" * width
    grey = b"".join(rows[y % 2 : width + y % 2] for y in range(height))
    image = QImage(grey, width, height, width, QImage.Format.Format_Grayscale8)
    file = folder / f"{width}x{height}.png"
    assert image.save(str(file))
    return str(file)


@pytest.fixture(scope="module")
def file(app: QApplication, tmp_path_factory: pytest.TempPathFactory) -> str:
    return drawn(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def tasks(run: Runner) -> Iterator[Tasks]:
    made = Tasks()
    failed: list[bool] = []
    made.failed.connect(lambda: failed.append(True))
    yield made
    made.cancel_all()
    assert not failed


@pytest.fixture
def window(run: Runner) -> Iterator[QWidget]:
    made = QWidget()
    made.resize(1560, 1000)
    made.show()
    assert QTest.qWaitForWindowExposed(made)
    yield made
    made.close()
    made.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def make(window: QWidget, tasks: Tasks) -> Make:
    def make(file: str, width: int = 740, height: int = 420, callouts: tuple[Callout, ...] = CALLOUTS) -> PictureView:
        view = PictureView(WORDS, Picture(file, "What it shows.", callouts), tasks)
        view.setParent(window)
        view.setGeometry(7, 5, width, height)
        view.show()
        return view

    return make


@pytest.fixture
def show(make: Make, run: Runner) -> Make:
    """A view whose picture has arrived."""

    def show(*args: object, **keywords: object) -> PictureView:
        view = make(*args, **keywords)
        run(until(lambda: not view._image.isNull(), "it did not arrive"))
        return view

    return show


def ring(callout: CalloutButton) -> QRectF:
    return callout._ring.translated(QPointF(callout.pos()))


@pytest.mark.parametrize("size", [(320, 180), (741, 420), (500, 900), (1500, 500), (1500, 990)])
@pytest.mark.parametrize("pixels", [(1440, 810), (700, 1001), (1440, 90)])
def test_a_picture_fits_its_space_and_is_never_stretched(
    show: Make, tmp_path: Path, pixels: tuple[int, int], size: tuple[int, int]
) -> None:
    view = show(drawn(tmp_path, *pixels), *size)
    frame = view.frame()
    assert QRectF(view.rect()).contains(frame)
    assert frame.width() <= pixels[0]
    assert abs(frame.height() - frame.width() * pixels[1] / pixels[0]) <= 1
    assert abs(frame.center().x() - QRectF(view.rect()).center().x()) <= 1
    assert frame.top() <= 3
    assert frame.width() > size[0] - 6 or frame.height() > size[1] - 6 or frame.width() == pixels[0]


def test_a_smaller_picture_is_averaged_and_not_thinned_out(show: Make, window: QWidget, file: str) -> None:
    view = show(file, 724, 420, callouts=())
    frame = view.frame().toRect()
    assert frame.size().toTuple() == (720, 405)
    view._closer.hide()
    seen = view.grab().toImage()
    greys = {seen.pixelColor(frame.x() + x, frame.y() + y).red() for x in range(0, 720, 7) for y in range(0, 405, 7)}
    assert greys <= set(range(125, 131))


SHARP = """
import asyncio, json, os, sys
from palma_wizard.ui.app import make_application
app = make_application()
os.environ["QT_API"] = "pyside6"
import qasync
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from palma_wizard import guide
from palma_wizard.ui.picture import PictureView
from palma_wizard.ui.tasks import Tasks
loop = qasync.QEventLoop(app)
asyncio.set_event_loop(loop)
source = QImage(sys.argv[1]).convertToFormat(QImage.Format.Format_RGB32)

async def look(x, y, width, height):
    window = QWidget()
    window.resize(760, 560)
    tasks = Tasks()
    view = PictureView(guide.load(), guide.Picture(sys.argv[1], "", ()), tasks)
    view.setParent(window)
    view.setGeometry(x, y, width, height)
    window.show()
    while view._image.isNull() or not window.windowHandle().isExposed():
        await asyncio.sleep(0.01)
    view._closer.hide()
    await asyncio.sleep(0.1)
    ratio = view.devicePixelRatioF()
    frame, origin = view.frame(), view.pos()
    place = [(origin.x() + frame.x()) * ratio, (origin.y() + frame.y()) * ratio]
    size = [frame.width() * ratio, frame.height() * ratio]
    whole = all(abs(value - round(value)) < 1e-6 for value in place + size)
    seen = window.screen().grabWindow(window.winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)
    seen.setDevicePixelRatio(1)
    same = seen.copy(*map(round, place + size)) == source
    window.close()
    return [ratio, whole, same, *map(round, size)]

async def main():
    print(json.dumps([await look(*map(int, place.split(","))) for place in sys.argv[2:]]))

with loop:
    loop.run_until_complete(main())
"""


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_at_its_own_size_every_pixel_is_drawn_as_it_is_in_the_file(screen: None, tmp_path: Path, ratio: float) -> None:
    places = ("0,0,700,500", "7,5,701,503", "8,3,700,441", "3,3,331,200")
    done = subprocess.run(
        [sys.executable, "-c", SHARP, drawn(tmp_path, 640, 361), *places],
        env=os.environ | {"QT_SCALE_FACTOR": str(ratio)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    *large, small = json.loads(done.stdout or done.stderr)
    assert large == [[ratio, True, True, 640, 361]] * 3
    _, whole, same, width, height = small
    assert whole
    assert same == (ratio == 2)
    assert abs(height - width * 361 / 640) <= 1


@pytest.mark.parametrize("size", [(320, 180), (740, 420), (500, 900), (1500, 990)])
def test_the_call_outs_stand_on_their_places_at_every_size(show: Make, file: str, size: tuple[int, int]) -> None:
    view = show(file)
    view.resize(*size)
    frame = view.frame()
    for spot, callout in zip(CALLOUTS, view.callouts, strict=True):
        centre = ring(callout).center()
        assert abs(centre.x() - frame.x() - (spot.x + spot.w / 2) * frame.width()) < 1
        assert abs(centre.y() - frame.y() - (spot.y + spot.h / 2) * frame.height()) < 1
        assert frame.contains(callout._tag.translated(QPointF(callout.pos())))
        assert callout.isVisible()
        assert QAccessible.queryAccessibleInterface(callout).text(QAccessible.Text.Name) == spot.label


@pytest.mark.parametrize("size", [(340, 200), (740, 420), (1500, 990)])
def test_the_button_to_look_closer_covers_no_call_out(show: Make, file: str, size: tuple[int, int]) -> None:
    free = show(file, *size, callouts=CALLOUTS[:1])
    corner = free.frame().bottomRight() - QPointF(free._closer.geometry().bottomRight())
    assert corner.manhattanLength() <= theme.S * 2 + 2
    view = show(file, *size)
    closer = view._closer.geometry()
    assert min(closer.size().toTuple()) >= 32
    assert view.frame().contains(QRectF(closer))
    assert not any(closer.intersects(callout.geometry()) for callout in view.callouts)


def _huge() -> bytes:
    """The head of a PNG of 60000 x 60000 pixels, which would take 14 GB."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    )  # fmt: skip


@pytest.mark.parametrize("content", [None, b"", b"not a picture", b"\x89PNG\r\n\x1a\n\0\0\0", _huge()])
def test_a_file_that_cannot_be_read_is_told_and_has_no_call_outs(
    make: Make, run: Runner, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "broken.png"
    if content is not None:
        file.write_bytes(content)
    view = make(str(file))
    opened: list[bool] = []
    view.opened.connect(lambda: opened.append(True))
    run(until(lambda: WORDS.say("error.picture") in view.accessibleName(), "nothing was told"))
    seen = view.grab().toImage()
    middle = {seen.pixel(x, view.height() // 2 + y) for x in range(view.width()) for y in range(-6, 6)}
    assert len(middle) > 5, "no words"
    assert not [child for child in view.findChildren(QWidget) if child.isVisible()]
    QTest.mouseClick(view, LEFT)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert not opened


def test_turning_a_page_does_not_wait_for_its_picture(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = picture._decode

    def slowly(file: str) -> QImage:
        time.sleep(0.6)
        return decode(file)

    monkeypatch.setattr(picture, "_decode", slowly)
    window = Wizard(WORDS, Settings(tmp_path / "window.json"))
    window.show()
    assert QTest.qWaitForWindowExposed(window)

    async def walk() -> None:
        begun = time.perf_counter()
        window.go(1)
        assert time.perf_counter() - begun < 0.3
        view = window.currentPage().findChild(PictureView)
        assert view is not None
        assert not [child for child in view.findChildren(QWidget) if child.isVisible()]
        empty = view.grab().toImage()
        inside = view.frame().toRect().adjusted(2, 2, -2, -2)
        assert len({empty.pixel(x, y) for x in range(inside.left(), inside.right()) for y in (80, 150, 200)}) == 1
        before, gaps, last = view.frame(), [0.0], time.perf_counter()
        while not view.callouts[0].isVisible():
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now
        assert last - begun > 0.6
        assert max(gaps) < 0.1
        assert all(callout.isVisible() for callout in view.callouts)
        assert view.frame() == before

    run(walk())
    window._leaving = True
    window.close()
    run(asyncio.sleep(0))
    window.deleteLater()


def test_a_view_that_is_gone_before_its_picture_comes_is_no_bug(make: Make, run: Runner, file: str) -> None:
    make(file).deleteLater()
    run(asyncio.sleep(0.3))


def test_every_part_of_the_picture_opens_it(show: Make, file: str) -> None:
    view = show(file)
    opened: list[bool] = []
    view.opened.connect(lambda: opened.append(True))
    for widget in (view, view._closer, *view.callouts):
        QTest.mouseClick(widget, LEFT)
        for key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            QTest.keyClick(widget, key)
    assert len(opened) == 4 * (2 + len(CALLOUTS))
    QTest.mouseClick(view, Qt.MouseButton.RightButton)
    QTest.keyClick(view, Qt.Key.Key_A)
    assert len(opened) == 4 * (2 + len(CALLOUTS))


def test_all_of_it_is_reached_by_tab(show: Make, file: str) -> None:
    view = show(file)
    view.window().activateWindow()
    view.setFocus()
    reached = []
    for _ in range(4):
        QTest.keyClick(view.window().focusWidget(), Qt.Key.Key_Tab)
        reached.append(view.window().focusWidget())
    assert reached == [*view.callouts, view._closer]


def moving(view: QWidget) -> list[QAbstractAnimation]:
    return [
        one
        for one in view.findChildren(QAbstractAnimation)
        if one.group() is None and one.state() is QAbstractAnimation.State.Running
    ]


def test_the_first_call_out_settles_once_and_nothing_runs_afterwards(
    show: Make, run: Runner, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motion._Heard, "allowed", True)
    view = show(file)
    assert len(moving(view)) == 1
    wide, others = ring(view.callouts[0]), [ring(callout) for callout in view.callouts[1:]]
    begun = time.monotonic()
    run(until(lambda: not moving(view), "it does not end"))
    assert time.monotonic() - begun < 0.6
    still = ring(view.callouts[0])
    assert wide.width() == pytest.approx(still.width() * 1.35, abs=2)
    assert [ring(callout) for callout in view.callouts[1:]] == others
    view.hide()
    view.show()
    run(asyncio.sleep(0.05))
    assert ring(view.callouts[0]) == still
    assert not view.findChildren(QAbstractAnimation)
    assert not view.findChildren(QTimer)
    view.resize(view.size() + view.size())
    view.resize(view.size() / 2)
    assert ring(view.callouts[0]) == still


def test_a_picture_not_yet_in_view_waits_with_its_motion(
    make: Make, run: Runner, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motion._Heard, "allowed", True)
    view = make(file)
    view.hide()
    run(until(lambda: not view._image.isNull(), "it did not arrive"))
    assert not moving(view)
    view.show()
    assert len(moving(view)) == 1


def test_where_motion_is_not_allowed_everything_stands_still(show: Make, run: Runner, file: str) -> None:
    assert not motion.allowed()
    view = show(file)
    before = ring(view.callouts[0])
    assert not view.findChildren(QAbstractAnimation)
    run(asyncio.sleep(0.3))
    assert ring(view.callouts[0]) == before


PORTAL = """
import json, sys, time
from jeepney import MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
answers = json.loads(sys.argv[1])
bus = open_dbus_connection()
bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.portal.Desktop"))
print("ready", flush=True)
while True:
    asked = bus.receive()
    if asked.header.message_type is MessageType.method_call:
        time.sleep(0.2)
        kind, value = answers.get(asked.body[1], ("", None))
        if kind:
            bus.send(new_method_return(asked, "v", (("v", (kind, value)),)))
        else:
            bus.send(new_error(asked, "org.freedesktop.portal.Error.NotFound"))
"""
LISTENER = """
import sys, time
from palma_wizard.ui import app, motion
application = app.make_application()
begun = time.perf_counter()
motion.ask()
took = time.perf_counter() - begun
assert took < 0.2, took
assert not motion.allowed()
deadline = time.monotonic() + float(sys.argv[1])
while not motion.allowed() and time.monotonic() < deadline:
    application.processEvents()
print(motion.allowed())
"""


@pytest.mark.parametrize(
    "answers,allowed",
    [
        ({"enable-animations": ("b", True)}, True),
        ({"enable-animations": ("b", False)}, False),
        ({"reduced-motion": ("u", 0)}, True),
        ({"reduced-motion": ("u", 1)}, False),
        ({"enable-animations": ("b", True), "reduced-motion": ("u", 1)}, False),
        ({"enable-animations": ("b", False), "reduced-motion": ("u", 0)}, False),
        ({}, False),
    ],
)
def test_linux_is_asked_through_its_portal(
    keyring_session: None, answers: dict[str, tuple[str, object]], allowed: bool
) -> None:
    portal = subprocess.Popen([sys.executable, "-c", PORTAL, json.dumps(answers)], stdout=subprocess.PIPE, text=True)
    try:
        assert portal.stdout is not None
        assert portal.stdout.readline() == "ready\n"
        assert _heard(10 if allowed else 1) == str(allowed)
        portal.stdout.close()
    finally:
        portal.terminate()
        portal.wait()


def test_without_a_portal_or_a_bus_nothing_moves(
    keyring_session: None, screen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _heard(0.7) == "False"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    assert _heard(0.1) == "False"


def _heard(seconds: float) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LISTENER, str(seconds)],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout.strip() or done.stderr


@pytest.fixture
def viewer(show: Make, run: Runner, file: str, tasks: Tasks) -> Iterator[Viewer]:
    """Opened from a focused picture, and small, so that there is something to move."""
    view = show(file)
    view.window().activateWindow()
    view.setFocus()
    view.opened.connect(lambda: picture.enlarge(view, WORDS, Picture(file, "What it shows.", CALLOUTS), tasks))
    QTest.keyClick(view, Qt.Key.Key_Return)
    made = view.findChild(QDialog, "viewer")
    assert isinstance(made, Viewer)
    assert QTest.qWaitForWindowExposed(made)
    made.resize(800, 600)
    run(until(lambda: not made.canvas._image.isNull() and made.width() == 800, "it did not arrive"))
    yield made
    if isValid(made):
        made.close()


def part(viewer: Viewer, name: str) -> QPushButton:
    found = viewer.findChild(QPushButton, name)
    assert found is not None, name
    return found


def chosen(viewer: Viewer) -> int:
    return viewer._scales.checkedId()


def scale(viewer: Viewer) -> float:
    return viewer.canvas.frame().width() / 720


def arrows(viewer: Viewer) -> dict[str, bool]:
    return {name: part(viewer, f"viewer-{name}").isEnabled() for name in ("left", "right", "up", "down")}


def test_the_viewer_opens_with_the_whole_picture_and_the_focus_on_it(viewer: Viewer) -> None:
    assert viewer.focusWidget() is viewer.canvas
    assert chosen(viewer) == FIT
    area = QRectF(viewer.canvas.rect())
    assert area.contains(viewer.canvas.frame())
    assert viewer.canvas.frame().width() > area.width() * 0.98
    assert not any(arrows(viewer).values())
    assert viewer.canvas.cursor().shape() is Qt.CursorShape.ArrowCursor
    assert all(callout.isVisible() for callout in viewer.canvas.callouts)
    assert viewer.windowModality() is not Qt.WindowModality.NonModal
    space = viewer.screen().availableGeometry()
    assert viewer.sizeHint().boundedTo(space.size()) == viewer.sizeHint()
    assert viewer.minimumSizeHint().width() <= 800
    assert viewer.minimumSizeHint().height() <= 600


@pytest.mark.parametrize("way", ["escape", "close"])
def test_closing_the_viewer_gives_the_focus_back(viewer: Viewer, run: Runner, way: str) -> None:
    view = viewer.parentWidget()
    assert view is not None
    gone: list[bool] = []
    viewer.destroyed.connect(lambda: gone.append(True))
    if way == "escape":
        QTest.keyClick(viewer.canvas, Qt.Key.Key_Escape)
    else:
        QTest.mouseClick(part(viewer, "viewer-close"), LEFT)
    run(until(lambda: gone, "it stayed"))
    assert view.window().focusWidget() is view
    view.window().activateWindow()
    run(until(view.hasFocus, "the focus is gone"))


def test_keys_choose_the_scale(viewer: Viewer) -> None:
    fit = scale(viewer)
    assert 1 < fit < 2
    for key, which, factor in (("1", 1, 1), ("2", 2, 2), ("0", FIT, fit)):
        QTest.keyClicks(viewer.canvas, key)
        assert chosen(viewer) == which
        assert scale(viewer) == pytest.approx(factor, abs=0.01)


def test_plus_and_minus_go_to_the_next_larger_and_smaller_scale(viewer: Viewer) -> None:
    QTest.keyClicks(viewer.canvas, "1")
    seen = [chosen(viewer)]
    for key in "-++--":
        QTest.keyClicks(part(viewer, "viewer-close"), key)
        seen.append(chosen(viewer))
    assert seen == [1, 1, FIT, 2, FIT, 1]


def test_buttons_choose_the_scale_and_only_one_is_on(viewer: Viewer) -> None:
    for which in (2, 1, FIT):
        QTest.mouseClick(part(viewer, f"viewer-scale-{which}"), LEFT)
        assert viewer.canvas.chosen == which
        assert [n for n in (0, 1, 2) if part(viewer, f"viewer-scale-{n}").isChecked()] == [which]


def test_arrow_buttons_move_the_picture_and_are_off_where_there_is_no_more(viewer: Viewer) -> None:
    QTest.keyClicks(viewer.canvas, "2")
    assert all(arrows(viewer).values())
    for name, x, y in (("left", 64, 0), ("up", 0, 64), ("right", -64, 0), ("down", 0, -64)):
        before = viewer.canvas.frame().topLeft()
        QTest.mouseClick(part(viewer, f"viewer-{name}"), LEFT)
        assert viewer.canvas.frame().topLeft() - before == QPointF(x, y)
    button = part(viewer, "viewer-right")
    button.setFocus()
    for _ in range(30):
        QTest.keyClick(viewer.focusWidget(), Qt.Key.Key_Space)
    assert arrows(viewer) == {"left": True, "right": False, "up": True, "down": True}
    assert viewer.focusWidget() is viewer.canvas
    assert viewer.canvas.frame().right() == pytest.approx(viewer.canvas.width() - 2, abs=1)


def test_keys_move_the_picture_up_to_its_edges(viewer: Viewer) -> None:
    canvas = viewer.canvas
    QTest.keyClicks(canvas, "2")
    for key, x, y in (
        (Qt.Key.Key_Left, 64, 0),
        (Qt.Key.Key_Right, -64, 0),
        (Qt.Key.Key_Up, 0, 64),
        (Qt.Key.Key_Down, 0, -64),
    ):
        before = canvas.frame().topLeft()
        QTest.keyClick(canvas, key)
        assert canvas.frame().topLeft() - before == QPointF(x, y)
    QTest.keyClick(canvas, Qt.Key.Key_Home)
    assert arrows(viewer) == {"left": False, "right": True, "up": False, "down": True}
    before = canvas.frame().topLeft()
    QTest.keyClick(canvas, Qt.Key.Key_PageDown)
    assert canvas.frame().top() < before.y() - 64
    QTest.keyClick(canvas, Qt.Key.Key_PageUp)
    assert canvas.frame().topLeft() == before
    QTest.keyClick(canvas, Qt.Key.Key_End)
    assert arrows(viewer) == {"left": True, "right": False, "up": True, "down": False}
    assert viewer.focusWidget() is canvas


def test_the_mouse_drags_the_picture(viewer: Viewer) -> None:
    canvas = viewer.canvas
    QTest.keyClicks(canvas, "2")
    assert canvas.cursor().shape() is Qt.CursorShape.OpenHandCursor
    start, before = QPoint(400, 250), canvas.frame().topLeft()
    QTest.mousePress(canvas, LEFT, pos=start)
    assert canvas.cursor().shape() is Qt.CursorShape.ClosedHandCursor
    QTest.mouseMove(canvas, start + QPoint(30, -20))
    QTest.mouseMove(canvas, start + QPoint(70, -50))
    assert canvas.cursor().shape() is Qt.CursorShape.ClosedHandCursor
    QTest.mouseRelease(canvas, LEFT, pos=start + QPoint(70, -50))
    assert canvas.frame().topLeft() - before == QPointF(70, -50)
    assert canvas.cursor().shape() is Qt.CursorShape.OpenHandCursor
    QTest.mouseMove(canvas, start)
    assert canvas.frame().topLeft() - before == QPointF(70, -50)
    QTest.keyClicks(canvas, "0")
    assert canvas.cursor().shape() is Qt.CursorShape.ArrowCursor


def turn(viewer: Viewer, notches: float, place: QPointF, held: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        place,
        QPointF(viewer.canvas.mapToGlobal(place)),
        QPoint(),
        QPoint(0, round(notches * 120)),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewer.canvas, event)


def test_the_wheel_with_ctrl_looks_closer_at_what_is_under_the_mouse(viewer: Viewer) -> None:
    canvas, ctrl, place = viewer.canvas, Qt.KeyboardModifier.ControlModifier, QPointF(300, 180)
    before = picture._fraction(place, canvas._place())
    turn(viewer, 0.5, place, ctrl)
    assert chosen(viewer) == FIT
    turn(viewer, 0.5, place, ctrl)
    assert chosen(viewer) == 2
    after = picture._fraction(place, canvas._place())
    assert (after - before).manhattanLength() < 1e-6
    turn(viewer, -1, place, Qt.KeyboardModifier.NoModifier)
    assert chosen(viewer) == 2
    assert canvas._place().top() < 180 - before.y() * 810 - 60
    turn(viewer, -2, place, ctrl)
    assert chosen(viewer) == FIT


def test_a_call_out_out_of_sight_is_brought_into_view(viewer: Viewer) -> None:
    canvas = viewer.canvas
    QTest.keyClicks(canvas, "2")
    QTest.keyClick(canvas, Qt.Key.Key_End)
    assert not canvas.rect().intersects(canvas.callouts[0].geometry())
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert viewer.focusWidget() is canvas.callouts[0]
    assert canvas.rect().contains(canvas.callouts[0].geometry())
    QTest.keyClicks(canvas, "0")
    QTest.mouseClick(canvas.callouts[1], LEFT)
    assert chosen(viewer) == 2
    assert canvas.rect().contains(canvas.callouts[1].geometry())


def test_everything_in_the_viewer_has_a_name(viewer: Viewer) -> None:
    for widget in (viewer, viewer.canvas, *viewer.findChildren(QAbstractButton)):
        name = QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
        assert name.strip(), widget.objectName()


def test_a_larger_window_keeps_what_is_in_the_middle(viewer: Viewer, run: Runner) -> None:
    canvas = viewer.canvas
    QTest.keyClicks(canvas, "2")
    middle = picture._fraction(canvas._area().center(), canvas._place())
    viewer.resize(1000, 700)
    run(until(lambda: viewer.width() == 1000, "it kept its size"))
    after = picture._fraction(canvas._area().center(), canvas._place())
    assert (after - middle).manhattanLength() < 1e-6
    viewer.resize(1560, 1100)
    run(until(lambda: viewer.width() == 1560, "it kept its size"))
    assert not any(arrows(viewer).values())


def test_the_smallest_viewer_still_shows_the_picture(viewer: Viewer, run: Runner) -> None:
    viewer.resize(1, 1)
    QApplication.processEvents()
    assert viewer.canvas.frame().height() >= 170
    for scale in (1, 2, FIT):
        viewer.canvas.choose(scale)


def test_there_is_one_viewer_however_often_it_is_asked_for(viewer: Viewer, file: str, tasks: Tasks) -> None:
    view = viewer.parentWidget()
    assert view is not None
    again = picture.enlarge(view, WORDS, Picture(file, "What it shows.", CALLOUTS), tasks)
    assert again is viewer
