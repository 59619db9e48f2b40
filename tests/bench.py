"""Measures how fast and how small the program is; run by `make bench`. One table: medians, each beside what it is
compared with, measured in turns with it in the same run.

What each step gave, in ms, on 2 processors with little else running:
  certificates read while connections are made          click to verdict 361 -> 335; 8 bare requests at once need 329
  the next page built, its picture read ahead           first showing, p95 45 -> 18
  garbage collected once a page is painted              turning, p95 8.8 -> 8.0
  keyring, report, addresses imported where asked for   cold command line, with the certificates, 550 -> 490; ccxt 669
  a check's page laid out once for all that it shows    longest stall during a save 16.8 -> 15.1
  threads taking turns each 0.1 ms, not 0.5             longest stall, check 14.4 -> 13.6, save 14.3 -> 13.6
Of the 490, Python with ssl and sockets alone and the 8 bare requests take 361, which is more than half of ccxt's time.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palma_wizard.practice import KEYS
from tests.far import HOST, TRIP
from tests.stage import perform

if TYPE_CHECKING:
    from palma_wizard.ui.wizard import Wizard

ROOT = Path(__file__).parents[1]
FROZEN = ROOT / "build" / "bench"
STARTS, COLD, WALKS = 21, 7, 5
FRAME = 1000 / 60
OWN = KEYS["hitbtc2"]
IDLE = 10
"""Seconds."""


def main() -> int:
    """On the stage all is measured; `window WHAT` is the program that measures itself there."""
    if sys.argv[1:2] == ["window"]:
        return in_the_window(sys.argv[2])
    if sys.argv[1:] != ["staged"]:
        wanted = {name: "" for name in os.environ if name.lower().endswith("_proxy") or name.startswith("PYTHON")}
        return perform([sys.executable, "-m", "tests.bench", "staged"], wanted | {"LC_ALL": "C.UTF-8"})
    with far_exchange() as far:
        rows = [*starts(), *frozen_starts(), *turns(), *checks(far), *commands(far), *idle(), *sizes()]
    show(rows)
    return 0


Row = tuple[str, str, str, str]
"""What was measured, how much it is, what it is compared with, and the target."""


def show(rows: Sequence[Row]) -> None:
    table = [("what", "measured", "reference, same run", "must reach"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[1]:.1f}: where others work too, only ratios tell much")


def starts() -> Iterator[Row]:
    """What each step came to, in times the bare wizard of its run: median first paint, most memory; 11 to 15 starts.

    2.53, 1.55  all pages made, and what they import, before the first paint
    1.88, 1.39  the first page alone; no garbage looked for while importing (20 ms), nor when it is shown
    1.74, 1.30  practice exchange, copy panel, signal and flow (QStyle's enumerations: 4 ms) imported later
    1.59, 1.29  Fusion as an argument: set later, another style is made before it (8 ms); the guide kept parsed (7 ms,
                13 in most languages); records of it and of the exchanges NamedTuples: a dataclass takes 0.35 ms to
                make (6 ms with their module); the window's icon after the paint (2 ms)
    1.50, 1.29  the same, measured last, beside its floor of 1.35, 1.23: as many widgets, words, subclasses and steps
                of the rail with the same style sheet and size, and nothing else
    -,    1.26  PySide's own import, which reads the source of all modules, put back: 10 ms of CPU time, too

    1.27 of that floor is left without Qt's namespace, whose enumerations are made all at once at its first use (11 ms);
    alignments and policies would have to be named by texts that nothing checks. The rest is 70 widgets instead of a
    few, their fonts and their sheet; so 1.20 is out of reach. PySide compiles its shibokensupport each time (13 ms);
    with SBK_EMBED=0 it would keep it as files, but for the bare wizard as well.
    """
    program = [sys.executable, str(ROOT / "tests" / "timed.py")]
    bare, wizard = measured_starts({name: [*program, name] for name in ("bare", "wizard")})
    for place, (what, unit, most_times) in enumerate(
        (
            ("start to first paint event", "ms", 1.2),
            ("start to all of it drawn", "ms", 1.2),
            ("peak memory", "MB", 1.25),
        )
    ):
        yield compared(what, (wizard[place], bare[place]), "bare QWizard", unit, most_times)


def frozen_starts() -> Iterator[Row]:
    """Of the program as it is installed, but for the launcher: tests/timed.py stands in for it."""
    bare, wizard = measured_starts({name: [str(FROZEN / name / name), name] for name in ("bare", "wizard")})
    yield compared("the same, installed: first paint event", (wizard[0], bare[0]), "frozen alike", "ms", 1.2)
    yield compared("  all of it drawn", (wizard[1], bare[1]), "frozen alike", "ms", 1.2)


def measured_starts(programs: dict[str, list[str]]) -> list[list[float]]:
    """Of each program the medians until its first paint event and until all was drawn (ms), and of its memory (MB)."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in programs}
    for round_ in range(STARTS + 1):
        for name, program in programs.items():
            began = time.monotonic()
            said = subprocess.run(program, check=True, capture_output=True, text=True).stdout
            painted, drawn, most = map(float, said.split())
            if round_:  # the first writes bytecode, and reads the files from disk
                found[name].append((1000 * (painted - began), 1000 * (drawn - began), most / 1024))
    return [[statistics.median(column) for column in zip(*times, strict=True)] for times in found.values()]


def compared(what: str, both: tuple[float, float], other: str, unit: str, most_times: float) -> Row:
    ours, theirs = both
    return (what, f"{ours:.0f} {unit} ({ours / theirs:.2f} x)", f"{other} {theirs:.0f} {unit}", f"{most_times:.2f} x")


def sizes() -> Iterator[Row]:
    """Of what was built for this run (tests/frozen.py); for Windows, of what `make packages-windows` built last."""
    theirs = (FROZEN / "default.tar.xz").stat().st_size / 1e6
    for kind in ("deb", "tar.xz"):
        (package,) = (FROZEN / "dist").glob(f"*.{kind}")
        yield compared(f"Linux, .{kind}", (package.stat().st_size / 1e6, theirs), "PyInstaller's default", "MB", 0.6)
    installed = size(ROOT / "build" / "linux" / "palma-wizard"), size(FROZEN / "default")
    yield compared("  installed", installed, "PyInstaller's default", "MB", 0.6)
    setup = next(iter((ROOT / "dist").glob("*-windows-x64-setup*.exe")), None)
    if setup is None:
        yield ("Windows, setup.exe", "not built", "make packages-windows builds it", "25 MB")
        return
    yield ("Windows, setup.exe", f"{setup.stat().st_size / 1e6:.1f} MB", "-", "25 MB")
    yield ("  installed", f"{size(ROOT / 'build' / 'windows' / 'program'):.1f} MB", "-", "75 MB")


def size(folder: Path) -> float:
    """In MB, of the files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def timed(*words: str, given: str = "", **more: str) -> str:
    """What one of the programs in tests/timed.py printed."""
    program = [sys.executable, str(ROOT / "tests" / "timed.py"), *words]
    environment = os.environ | more
    return subprocess.run(program, check=True, capture_output=True, text=True, input=given, env=environment).stdout


def window(what: str) -> Any:
    program = [sys.executable, "-m", "tests.bench", "window", what]
    return json.loads(subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)


def turns() -> Iterator[Row]:
    found = [window("turn") for _ in range(WALKS)]
    first = [ms for walk in found for ms in walk["first"]]
    again = [ms for walk in found for ms in walk["again"]]
    yield ("turning a page, picture included, p95", f"{p95(again):.1f} ms", f"{len(again)} turns", f"{FRAME:.1f} ms")
    yield (
        "  its first showing, p95",
        f"{p95(first):.1f} ms",
        f"{len(first)} turns, worst {max(first):.1f} ms",
        "50 ms",
    )


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


@contextmanager
def far_exchange() -> Iterator[Callable[[], dict[str, int]]]:
    """Gives what asks it for its counts; programs find it by the environment."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "trusted.pem")
        with subprocess.Popen(
            [sys.executable, "-m", "tests.far", file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            os.environ["SSL_CERT_FILE"] = file
            os.environ["PALMA_FAR"] = server.stdout.readline().strip()

            def counts() -> dict[str, int]:
                print(file=server.stdin, flush=True)
                return dict(json.loads(server.stdout.readline()))  # type: ignore[union-attr]

            yield counts
            server.stdin.close()


def one_request() -> float:
    """Milliseconds of the least that can be asked there, with nothing but sockets: TCP, TLS and one request."""
    trust = ssl.create_default_context()
    began = time.monotonic()
    with (
        socket.create_connection(("127.0.0.1", int(os.environ["PALMA_FAR"]))) as plain,
        trust.wrap_socket(plain, server_hostname=HOST) as secure,
    ):
        secure.sendall(
            f"GET /api/3/public/symbol/BTCUSDT HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
        )
        secure.recv(1)
    return 1000 * (time.monotonic() - began)


def checks(far: Callable[[], dict[str, int]]) -> Iterator[Row]:
    least, found, trips = [], [], []
    for _ in range(WALKS):
        least.append(one_request())
        far()
        found.append(window("check"))
        trips.append(far())
    middle = {name: statistics.median(walk[name] for walk in found) for name in found[0]}
    used = max(trip["trips"] for trip in trips)
    connections = max(trip["connections"] for trip in trips)
    for name, what in (("check", "longest stall during a check"), ("save", "  during a save")):
        yield (what, f"{middle[name]:.1f} ms", f"idle window {middle['idle']:.1f} ms", f"{FRAME:.1f} ms")
    yield (
        f"click to verdict, {1000 * TRIP:.0f} ms a round trip",
        f"{middle['verdict']:.0f} ms",
        f"one bare request {statistics.median(least):.0f} ms",
        f"{3 * 1000 * TRIP + 100:.0f} ms",
    )
    yield ("  round trips of its longest connection", str(used), f"{connections} connections", "3")


def commands(far: Callable[[], dict[str, int]]) -> Iterator[Row]:
    port = os.environ["PALMA_FAR"]
    entry = json.dumps({"key": OWN.key, "secret": OWN.secret})
    client = str(ROOT / ".venv" / "ccxt-4.5.90")
    ours, theirs, used = [], [], []
    for _ in range(COLD + 1):
        began = time.monotonic()
        timed("check", port, given=entry)
        ours.append(1000 * (time.monotonic() - began))
        far()
        began = time.monotonic()
        timed("ccxt", port, OWN.key, OWN.secret, PYTHONPATH=client)
        theirs.append(1000 * (time.monotonic() - began))
        used.append(far()["trips"])
    mine, other = statistics.median(ours[1:]), statistics.median(theirs[1:])
    yield (
        "the same, cold process, command line",
        f"{mine:.0f} ms ({mine / other:.2f} x)",
        f"ccxt, one balance {other:.0f} ms, {max(used)} trips",
        "0.50 x",
    )


def idle() -> Iterator[Row]:
    found = window("idle")
    yield (f"idle, {IDLE} s: CPU time", f"{found['cpu']:.1f} ms", "-", "10 ms")
    yield ("  timers that fired", str(found["timers"]), "-", "none")
    yield ("  times the window's thread woke", str(found["woke"]), "-", "-")


def in_the_window(what: str) -> int:
    """The whole program, with a walk through it once all is loaded; prints what the walk found."""
    from PySide6.QtCore import QTimer

    from palma_wizard import __main__
    from palma_wizard.ui.wizard import Wizard
    from tests.timed import lead_to

    lead_to(int(os.environ["PALMA_FAR"]))
    walk = {"turn": walk_through, "check": walk_check, "idle": walk_idle}[what]
    usual = Wizard.background_work

    def begin(self: Wizard) -> None:
        usual(self)
        QTimer.singleShot(0, self, lambda: finish(self))

    def finish(self: Wizard) -> None:
        wait_until(lambda: self.start_page._may_look)
        wait(1)
        print(json.dumps(walk(self)), flush=True)
        os._exit(0)

    Wizard.background_work = begin  # type: ignore[method-assign]
    return __main__.main([])


def wait_until(condition: Callable[[], object]) -> None:
    """The window lives on meanwhile. Not a coroutine: inside one, no other would go on."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    deadline = time.monotonic() + 30
    tick = QTimer(interval=5)
    tick.start()
    while not condition():
        assert time.monotonic() < deadline
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def wait(seconds: float) -> None:
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def walk_through(window: Wizard) -> dict[str, list[float]]:
    """Milliseconds from the click until the page is painted, with its picture where it has one."""
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication, QPushButton, QWidget, QWizard

    from palma_wizard.ui.guide_page import GuidePage
    from palma_wizard.ui.picture import PictureView
    from palma_wizard.ui.wizard import DATA

    class Painted(QObject):
        def __init__(self, on: QWidget) -> None:
            super().__init__()
            self.seen = False
            on.installEventFilter(self)

        def eventFilter(self, on: QObject, event: QEvent) -> bool:
            there = not isinstance(on, PictureView) or not on._image.isNull()
            self.seen = self.seen or (event.type() is QEvent.Type.Paint and there)
            return False

    def turn(button: QPushButton) -> float:
        began = time.monotonic()
        button.click()
        page = window.currentPage()
        assert isinstance(page, GuidePage)
        part = page._parts.currentWidget()
        assert part is not None
        picture = part.findChild(PictureView)
        painted = Painted(picture or part)
        while not painted.seen:
            assert time.monotonic() < began + 5, (window.currentId(), page.part)
            QApplication.processEvents()
        took = 1000 * (time.monotonic() - began)
        painted.deleteLater()
        wait(0.03)
        return took

    def can_go_on() -> bool:
        page = window.currentPage()
        return window.currentId() + 1 < DATA or (isinstance(page, GuidePage) and page.part + 1 < page._parts.count())

    def there() -> list[float]:
        return [turn(window.button(QWizard.WizardButton.NextButton)) for _ in iter(can_go_on, False)]  # type: ignore[arg-type]

    window.start_page.choice("begin").setFocus()
    first, again = [turn(window.start_page.choice("begin"))], []
    first += there()
    for _ in range(3):
        while window.currentId() > 1:
            again.append(turn(window.button(QWizard.WizardButton.BackButton)))  # type: ignore[arg-type]
        again += there()
    return {"first": first, "again": again}


class Pulse:
    """The longest time between two ticks of a timer of 1 ms, in ms: how long the window stood still."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._timer = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self.longest, self._last = 0.0, time.monotonic()

    def _tick(self) -> None:
        now = time.monotonic()
        self.longest, self._last = max(self.longest, now - self._last), now

    def take(self) -> float:
        longest, self.longest = self.longest, 0.0
        return 1000 * longest


def walk_check(window: Wizard) -> dict[str, float]:
    from palma_wizard import vault
    from palma_wizard.exchanges import Credentials
    from palma_wizard.ui.wizard import CHECK

    window.draft.enter(Credentials(OWN.key, OWN.secret))
    window.go(CHECK)
    wait(0.5)
    page, pulse = window.check_page, Pulse()
    wait(1)
    idle = pulse.take()
    began = time.monotonic()
    page.run.click()
    wait_until(page.verdict.isVisible)
    verdict = 1000 * (time.monotonic() - began)
    wait(0.2)
    check = pulse.take()
    page.save.click()
    wait_until(page.done.isVisible)
    wait(0.2)
    save = pulse.take()
    vault.open_vault().forget(window.draft.exchange, window.draft.label)
    return {"idle": idle, "check": check, "verdict": verdict, "save": save}


def walk_idle(_: Wizard) -> dict[str, float]:
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication

    class Fired(QObject):
        count = 0

        def eventFilter(self, _: QObject, event: QEvent) -> bool:
            self.count += event.type() is QEvent.Type.Timer
            return False

    def woke() -> int:
        status = Path("/proc/thread-self/status").read_text("ascii")
        return int(status.partition("voluntary_ctxt_switches:")[2].split()[0])

    wait(2)
    fired = Fired()
    QApplication.instance().installEventFilter(fired)  # type: ignore[union-attr]
    cpu, before = time.process_time(), woke()
    wait(IDLE)
    cpu, after = time.process_time() - cpu, woke()
    # The end of the wait is a timer of its own, and wakes the thread.
    return {"cpu": 1000 * cpu, "timers": max(0, fired.count - 1), "woke": after - before - 1}


if __name__ == "__main__":
    sys.exit(main())
