"""Writes a picture of every page, from the real window, to .gallery/: in three sets of colours, four languages, and at
100 % and 200 %.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from palma_wizard.guide import Guide
from tests.stage import perform

OUT = Path(".gallery")
COLOURS = {"light": "LIGHT", "dark": "DARK", "strong": "STRONG_DARK"}
LANGUAGES = ("en", "de", "ar", "zh_CN")


async def walk(name: str, words: Guide) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QDialog, QWidget

    from palma_wizard import vault
    from palma_wizard.exchanges import Credentials
    from palma_wizard.practice import SCENARIOS
    from palma_wizard.ui.settings import Settings
    from palma_wizard.ui.wizard import CHECK, Wizard
    from tests.announcements import tell_of_a_newer
    from tests.hands import press_test, until

    app = QApplication.instance()
    assert app is not None

    async def settle(seconds: float = 0.05) -> None:
        await asyncio.sleep(seconds)

    with tempfile.TemporaryDirectory() as folder:
        window = Wizard(words, Settings(Path(folder) / "window.json"), None)
        window.show()
        await settle(0.3)

        def shoot(page: str) -> None:
            window.grab().save(str(OUT / f"{page}+{name}.png"))

        async def check() -> None:
            await press_test(window)
            await settle()

        shoot("00-start")
        await tell_of_a_newer(window)
        await settle()
        shoot("00-start-newer")
        window.rebuild()
        await settle()
        for number in range(1, 11):
            window.go(number)
            await settle(0.2)
            shoot(f"{number:02}-{window._step(number).id}")
            for part in range(1, len(window._step(number).parts)):
                window.guide_pages[number - 1].validatePage()
                await settle(0.2)
                shoot(f"{number:02}-{window._step(number).id}-{part + 1}")
        window.go(8)
        await settle(0.3)
        view = window.currentPage().findChild(QWidget, "picture")
        assert view is not None
        QTest.keyClick(view, Qt.Key.Key_Return)
        viewer = window.currentPage().findChild(QDialog, "viewer")
        assert viewer is not None
        await settle(0.3)
        viewer.grab().save(str(OUT / f"08v-viewer+{name}.png"))
        QTest.keyClick(viewer, Qt.Key.Key_2)
        await settle(0.1)
        viewer.grab().save(str(OUT / f"08v-viewer-200+{name}.png"))
        viewer.accept()
        window._practise()
        await settle(0.3)
        shoot("01p-practice")
        window.go(5)
        await settle(0.3)
        shoot("05p-practice")
        window.go(9)
        window.data_page._fill()
        await settle()
        shoot("09p-practice-data")
        window.go(10)
        window.notice_page.look_up.click()
        await settle(1.2)
        window.notice_page.understood.setChecked(True)
        shoot("10p-practice-notice")
        window.go(CHECK)
        await settle()
        shoot("11-check-before")
        for scenario in SCENARIOS:
            if scenario in {"slow", "hangs"}:
                continue
            window._set_scenario(scenario)
            await check()
            shoot(f"11-check-{scenario}")
        window._set_scenario("works")
        await check()
        window.check_page.save.click()
        await until(window.check_page.done.isVisible, "it was not saved")
        await settle()
        shoot("12-saved")
        old = datetime.date.today() - datetime.timedelta(120)  # noqa: DTZ011
        vault.open_vault(practice=True).save("hitbtc2", Credentials("a" * 32, "b" * 32), old, label="second")
        window.start_page.start_looking()
        window.go(0)
        await settle(0.8)
        shoot("12-accounts")
        for label in ("second", "main"):
            await window.start_page._remove(label)
        await settle(0.5)
        shoot("12-removed")
        window.go(9)
        for number, trouble in enumerate((vault.Trouble.LOCKED, vault.Trouble.GIVEN_UP)):
            window.draft.no_store = trouble.value
            window.data_page._store_asked()
            await settle(0.2)
            shoot(f"09-store-{number}-{trouble.value}")
        window.draft.no_store = ""
        window._open_help()
        await settle()
        help_dialog = window.findChild(QDialog, "help-dialog")
        assert help_dialog is not None
        help_dialog.grab().save(str(OUT / f"13-help+{name}.png"))
        help_dialog.close()
        for exchange in ("bitstamp", "cex"):
            window._choose_exchange(exchange)
            for number in (1, 3, 9):
                window.go(number)
                await settle(0.2)
                shoot(f"14-{exchange}-{number:02}")
            window.data_page._fill()
            window.go(10)
            window.notice_page.look_up.click()
            await settle(1.2)
            window.notice_page.list.setPlainText("46.19.9.48, 192.168.1.5")
            await settle()
            bar = window.notice_page.area.verticalScrollBar()
            bar.setValue(bar.maximum())
            shoot(f"14-{exchange}-10-list")
            window.go(CHECK)
            await check()
            shoot(f"14-{exchange}-11-check")
        window.check_page.report.click()
        await settle(0.3)
        report = window.check_page.findChild(QDialog, "report-dialog")
        assert report is not None
        report.grab().save(str(OUT / f"15-report+{name}.png"))
        report.close()
        window._choose_exchange("hitbtc2")
        window.data_page._fill()
        window.go(CHECK)
        await check()
        window._set_compact(True)
        for number in (0, 1, 8, 9, 10, CHECK):
            window.go(number)
            await settle(0.3)
            shoot(f"16-beside-{number:02}")
        window._leaving = True
        window.close()


def index(looks: list[str], before: Path) -> str:
    """One page: what has changed since the last time beside what it was, then all, a row a page."""
    files = {file.name: file for file in sorted(OUT.glob("*.png"))}
    pages = sorted({file.name.rpartition("+")[0] for file in files.values()})
    old = {file.name: file for file in before.glob("*.png")}
    changed = [name for name in files if name in old and old[name].read_bytes() != files[name].read_bytes()]
    new = [name for name in files if name not in old] if old else []

    def shown(name: str, folder: str = "") -> str:
        return f'<a href="{folder}{name}"><img src="{folder}{name}" loading="lazy" alt="{name}"></a>'

    rows = [f"<h2>Changed: {len(changed)} of {len(files)}, new: {len(new)}</h2>"]
    rows += [f"<h3>{name}</h3><p>{shown(name, f'{before.name}/')} {shown(name)}</p>" for name in changed]
    for page in pages:
        cells = "".join(f"<td>{shown(f'{page}+{look}.png')}</td>" for look in looks if f"{page}+{look}.png" in files)
        rows.append(f"<h3>{page}</h3><table><tr>{cells}</tr></table>")
    style = "<style>img { width: 300px; border: 1px solid #888 }</style>"
    head = f'<!doctype html><meta charset="utf-8"><title>Gallery</title>{style}'
    return "\n".join([head, f"<p>{' · '.join(looks)}</p>", *rows])


def take(look: str) -> int:
    """Each look in a process of its own, with a screen, a keyring and a home of its own."""
    scale = look.rpartition("-")[2].removesuffix("x")
    return perform([sys.executable, "-m", "tests.gallery"], {"QT_SCALE_FACTOR": scale, "PALMA_LOOK": look})


def main() -> int:
    """Words that are given must all be in the name of a look: "dark ar" takes dark-ar-1x and dark-ar-2x."""
    if look := os.environ.get("PALMA_LOOK"):
        return walk_in(look)
    before = OUT / "before"
    wanted = [f"{c}-{language}-{s}" for s in ("1x", "2x") for language in LANGUAGES for c in COLOURS]
    looks = [look for look in wanted if set(sys.argv[1:]) <= set(look.split("-"))]
    shutil.rmtree(before, ignore_errors=True)
    before.mkdir(parents=True)
    for file in OUT.glob("*.png"):
        file.rename(before / file.name)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [look for look, code in zip(looks, pool.map(take, looks), strict=True) if code]
    (OUT / "index.html").write_text(index(looks, before), "utf-8")
    print(f"{len(list(OUT.glob('*.png')))} pictures in {OUT}/index.html" + f"; failed: {failed}" * bool(failed))
    return len(failed)


def walk_in(look: str) -> int:
    colours, language, _ = look.split("-")
    os.environ["QT_API"] = "pyside6"
    import qasync

    from palma_wizard.ui import app, theme
    from palma_wizard.ui.language import speak

    application = app.make_application()
    words = speak(application, language)
    theme.apply(application, getattr(theme, COLOURS[colours]))
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        loop.run_until_complete(walk(look, words))
    return 0


if __name__ == "__main__":
    sys.exit(main())
