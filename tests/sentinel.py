"""Secrets that are looked for afterwards, and the walks through the product that they are planted in."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from palma_wizard.practice import KEYS
from palma_wizard.secrecy import writings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

KEY = "sentinelKEYof-a-test_0123456789aB"
SECRET = "sentinelSECRETof-a-test_9876543210Zy"
USER_ID = "up987654321"
PLANTED = (
    *(KEY, SECRET, USER_ID),
    *(text for own in KEYS.values() for text in (own.key, own.secret)),
    KEYS["cex"].user_id,  # Bitstamp's is seven digits: any number may hold them
)
_SOUGHT = re.compile("|".join(re.escape(each) for text in PLANTED for each in writings(text) if len(each) >= 8))


def found_in(text: str) -> str:
    found = _SOUGHT.search(text)
    return "" if found is None else found[0]


def found_under(folder: Path) -> list[tuple[str, str]]:
    """Every file with a planted secret in its name or its bytes, in any writing."""
    return [
        (str(file), found)
        for file in folder.rglob("*")
        if (found := found_in(str(file.relative_to(folder))) or (found_in(_bytes_of(file)) if file.is_file() else ""))
    ]


def _bytes_of(file: Path) -> str:
    return file.read_bytes().decode("latin-1")


def _everything_at_debug() -> None:
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s:%(name)s:%(message)s")


def command_line(exchange: str, scenario: str) -> int:
    """Check, save and report; where that works, check again, forget, and ask with keys that nobody knows."""
    from palma_wizard import cli

    _everything_at_debug()
    usual = ["--practice", scenario, "--exchange", exchange]
    report = str(Path.home() / f"report-{scenario}.txt")
    with Path(os.devnull).open() as sys.stdin:
        cli.main([*usual, "--save", "--report", report, "--with-addresses"])
        if scenario != "works":
            return 0
        cli.main([*usual, "--saved", "--json"])
        cli.main([*usual, "--forget"])
    for given in (
        {"key": KEY, "secret": SECRET, "user_id": USER_ID},
        {"key": SECRET, "secret": KEY, "user_id": USER_ID},
        {"key": KEY, "secret": [SECRET], "user_id": USER_ID},
        {"key": KEY, "secret": SECRET, "uid": USER_ID},
    ):
        sys.stdin = io.TextIOWrapper(io.BytesIO(json.dumps(given).encode()))
        cli.main([*usual, "--save"])
    return 0


def window() -> int:
    """The window: a key of nobody for real, then practice in every way a check can end, a save, a copy, a report."""
    os.environ |= {"QT_API": "pyside6", "HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}
    from palma_wizard import secrecy
    from palma_wizard.ui.app import make_application

    secrecy.install()
    _everything_at_debug()
    app = make_application()
    import qasync

    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    with loop:
        loop.set_debug(True)
        loop.run_until_complete(_walk())
    return 0


async def _walk() -> None:
    from PySide6.QtWidgets import QLineEdit

    from palma_wizard import guide
    from palma_wizard.ui.report_dialog import _Report
    from palma_wizard.ui.settings import Settings
    from palma_wizard.ui.wizard import DATA, NOTICE, START, Wizard
    from tests.hands import click, find, press_test, until

    settings = Settings(Path.home() / "window.json")
    made = Wizard(guide.load(), settings)
    made.show()
    made.background_work()

    async def tested() -> None:
        await press_test(made)
        assert not found_in("".join(_told_to_assistive_tools(made.check_page)))

    made.go(DATA)
    await until(lambda: made.data_page._proven, "the keyring was not proven")
    for name, text in (("key", KEY), ("secret", SECRET)):
        made.clipboard.put(text)
        click(find(made, f"paste-{name}"))
    made.clipboard.empty()
    assert made.draft.entry.secret == SECRET
    told = "".join(_told_to_assistive_tools(made.data_page))
    assert SECRET not in told
    await tested()
    for page in (NOTICE, START):
        made.go(page)
        fields = [line.text() for line in made.data_page.findChildren(QLineEdit) if not line.isReadOnly()]
        assert not found_in("".join([*fields, made.windowTitle()]))
        assert not any(line.isUndoAvailable() for line in made.data_page.findChildren(QLineEdit))
    for exchange in KEYS:
        made._set_practice(True)
        made.start_page.exchange_chosen.emit(exchange)
        for scenario in (
            "wrong-key",
            "can-withdraw",
            "closes-half-way",
            "html-instead-of-json",
            "maintenance",
            "works",
        ):
            made._set_scenario(scenario)
            made.go(DATA)
            click(find(made, "practice-fill"))
            await tested()
        click(made.check_page.report)
        dialog = made.check_page.findChild(_Report, "report-dialog")
        assert dialog is not None
        dialog.save_to(str(Path.home() / f"report-{exchange}.txt"))
        dialog.close()
        made.check_page.consent.setChecked(True)
        click(made.check_page.save)
        await until(made.check_page.done.isVisible, "it was not saved")
        assert not found_in("".join(_told_to_assistive_tools(made.check_page)))
        click(find(made.check_page, "copy-secret"))
        await until(lambda: bool(made.clipboard._secret), "it was not copied")
        made.clipboard.take_back()
        label = made.draft.label
        made.go(START)
        await made.start_page._remove(label)
    made.draft.clear()
    made._leave()
    await asyncio.sleep(0.1)
    print("the walk is over")


def _told_to_assistive_tools(widget: QWidget) -> Iterator[str]:
    """Every text of the accessibility tree below a widget."""
    from PySide6.QtGui import QAccessible

    waiting = [QAccessible.queryAccessibleInterface(widget)]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        for kind in QAccessible.Text:
            yield one.text(kind)
        waiting += [one.child(number) for number in range(one.childCount())]
