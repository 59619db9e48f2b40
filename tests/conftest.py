"""The real parts that tests stand on: a screen, a D-Bus session, a keyring. A missing one fails and is named."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from palma_wizard.ui.settings import Settings
    from palma_wizard.ui.wizard import Wizard

Runner = Callable[[Coroutine[Any, Any, Any]], Any]


def _needed(program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is missing: install the Debian package {package} (make test does)", pytrace=False)
    return found


@pytest.fixture(scope="session", autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test reads or writes the home folder of whoever runs it, nor speaks their language."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(home / name.lower()))
        (home / "run").mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
        patch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        patch.setenv("LC_ALL", "C.UTF-8")
        yield home


@pytest.fixture(scope="session")
def keyring_session(_private_home: Path) -> Iterator[None]:
    """A D-Bus session of its own with a real, unlocked gnome-keyring on it."""
    daemon = _needed("dbus-daemon", "dbus")
    keyring = _needed("gnome-keyring-daemon", "gnome-keyring")
    bus = subprocess.Popen(
        [daemon, "--session", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert bus.stdout is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().strip())
        store = subprocess.Popen(
            [keyring, "--foreground", "--unlock", "--components=secrets"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert store.stdin is not None
        store.stdin.write(b"\n")
        store.stdin.close()
        _wait_for_keyring()
        yield
        for process in (store, bus):
            process.terminate()
            process.wait()
    bus.stdout.close()


def _wait_for_keyring() -> None:
    """Nobody asks for it before it is there: the bus would start another one then, a locked one."""
    from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
    from jeepney.io.blocking import Proxy, open_dbus_connection  # type: ignore[import-untyped]

    from palma_wizard import vault

    deadline = time.monotonic() + 30
    with open_dbus_connection() as connection:
        while not Proxy(message_bus, connection).NameHasOwner("org.freedesktop.secrets")[0]:
            assert time.monotonic() < deadline, "the keyring did not start"
            time.sleep(0.05)
    while True:
        try:
            vault.open_vault(practice=True)
        except vault.VaultError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def screen() -> Iterator[None]:
    """A virtual screen of its own, so that windows are real and nobody's desktop is touched."""
    program = _needed("Xvfb", "xvfb")
    read, write = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(write), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as number, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", f":{number.readline().strip()}")
        patch.setenv("QT_QPA_PLATFORM", "xcb")
        yield
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def app(screen: None) -> QApplication:
    from palma_wizard.ui.app import make_application

    return make_application()


@pytest.fixture
def run(app: QApplication) -> Iterator[Runner]:
    """Runs a coroutine on the loop that the window uses."""
    os.environ["QT_API"] = "pyside6"
    import qasync

    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)

    def until_complete(work: Coroutine[Any, Any, Any]) -> Any:
        return loop.run_until_complete(asyncio.wait_for(work, 90))

    yield until_complete
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    gc.collect()
    asyncio.set_event_loop(None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    from palma_wizard.ui.settings import Settings

    return Settings(tmp_path / "window.json")


@pytest.fixture
def window(run: Runner, settings: Settings) -> Iterator[Wizard]:
    """The whole program's window, on the screen."""
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from palma_wizard import guide
    from palma_wizard.ui.wizard import Wizard

    made = Wizard(guide.load(), settings)
    made.show()
    assert QTest.qWaitForWindowExposed(made)
    made.complete()
    yield made
    made._leaving = True
    made.close()
    run(asyncio.sleep(0))
    made.deleteLater()
    QApplication.processEvents()
