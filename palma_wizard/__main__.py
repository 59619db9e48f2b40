"""The program's front door: reads the arguments and opens the window, or hands "check" to the command line."""

from __future__ import annotations

import argparse
import os
import sys

from palma_wizard import secrecy
from palma_wizard.guide import LANGUAGES
from palma_wizard.practice import SCENARIOS


def main(arguments: list[str] | None = None) -> int:
    secrecy.install()
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["check"]:
        from palma_wizard import cli

        return cli.main(words[1:])
    parser = argparse.ArgumentParser(
        "palma-wizard", description="Connect your exchange account to PalmaBot, step by step."
    )
    parser.add_argument("--practice", nargs="?", const="works", choices=SCENARIOS, metavar="SCENARIO")
    parser.add_argument("--lang", default="", metavar="XX", help=f"the language: {', '.join(LANGUAGES)}")
    chosen = parser.parse_args(words)
    if not _has_screen():
        print(
            "There is no screen here. In a terminal, use palma-check instead (palma-check --help).",
            file=sys.stderr,
        )
        return 1
    from palma_wizard.ui import app

    return app.run(practice=chosen.practice, wanted=chosen.lang)


def _has_screen() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
