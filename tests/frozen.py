"""Builds once what `make bench` compares the installed program with, below build/bench: `python -m tests.frozen`.

bare, wizard    tests/timed.py by the recipe of the packages; the first without the program in it
default         the program as PyInstaller freezes it by itself, nothing left out, and the same as .tar.xz
dist            the packages
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = ROOT / "build" / "bench"
HERE: Final = ROOT / "packaging" / "linux"


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    print("Building what the installed program is compared with (some minutes, once)...", flush=True)
    for name in ("bare", "wizard"):
        freeze_timed(name)
    freeze_by_default()
    run("bash", HERE / "build.sh", TARGET / "dist")


def freeze_timed(name: str) -> None:
    recipe = (HERE / "palma-wizard.spec").read_text("utf-8")
    changes = [
        (r"frozen\.LAUNCHER", repr(str(ROOT / "tests" / "timed.py"))),
        (r'name="palma-wizard"', f'name="{name}"'),
    ]
    if name == "bare":
        changes += [(r"datas=\[.*\]", "datas=[]"), (r"hiddenimports=\[.*\]", "hiddenimports=[]")]
        changes += [(r"excludes=\[", 'excludes=["palma_wizard", ')]
    else:
        changes += [(r"hiddenimports=\[", 'hiddenimports=["palma_wizard.__main__", ')]
    for old, new in changes:
        recipe, times = re.subn(old, new.replace("\\", r"\\"), recipe)
        assert times, f"the recipe has no {old}"
    changed = TARGET / f"{name}.spec"
    changed.write_text(recipe, "utf-8")
    run("bash", HERE / "freeze.sh", changed, TARGET, TARGET / "work", name, PYTHONPATH=str(ROOT / "packaging"))


def freeze_by_default() -> None:
    run(
        *(ROOT / ".venv" / "package" / "bin" / "python", "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"),
        *("--onedir", "--windowed", "--name", "default", "--add-data", f"{ROOT / 'resources'}:palma_wizard/resources"),
        *("--paths", ROOT, "--hidden-import", "keyring.backends.SecretService", "--distpath", TARGET),
        *("--workpath", TARGET / "work", "--specpath", TARGET, ROOT / "packaging" / "launcher.py"),
    )
    run("tar", "--create", "--file", TARGET / "default.tar.xz", "--use-compress-program", "xz -6 -T2",
        "--directory", TARGET, "default")  # fmt: skip


def run(*command: str | Path, **settings: str) -> None:
    subprocess.run(command, check=True, env=os.environ | settings)


if __name__ == "__main__":
    main()
