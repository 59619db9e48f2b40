"""The program's front door: reads the arguments and opens the window, or hands "check" to the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from palma_wizard import guide, secrecy


def main(arguments: list[str] | None = None) -> int:
    secrecy.install()
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["check"]:
        from palma_wizard import cli

        return cli.main(words[1:])
    if words == ["--self-test"]:
        if not _has_screen():
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
        try:
            from palma_wizard.ui import app, selftest
        except ImportError as error:
            print(f"window: failed\n  {error}")
            return 1
        return selftest.run(app.make_application())
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--practice", nargs="?", const="works", choices=_scenarios() if words else ())
    parser.add_argument("--lang", default="")
    try:
        chosen, rest = parser.parse_known_args(words)
    except argparse.ArgumentError:
        chosen, rest = None, words
    if rest or chosen is None:
        asked = rest in (["-h"], ["--help"])
        _tell(words, sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    if not _has_screen():
        print(_guide(words).say("cli.no-screen"), file=sys.stderr)
        return 1
    from palma_wizard.ui import app

    return app.run(practice=chosen.practice, wanted=chosen.lang)


def _tell(words: list[str], where: TextIO) -> None:
    """What can be added, to whoever asked or was not understood; what was typed is not said again."""
    say = _guide(words).say
    practice = say("cli.option.practice", scenarios=", ".join(_scenarios()))
    spoken = say("cli.option.lang", languages=", ".join(guide.LANGUAGES))
    for line in (
        say("cli.wizard"),
        f"  --practice [{say('cli.place.scenario')}]\n      {practice}",
        f"  --lang {say('cli.place.language')}\n      {spoken}",
    ):
        print(line, file=where)


def _scenarios() -> Sequence[str]:
    from palma_wizard.practice import SCENARIOS  # not before the first paint

    return SCENARIOS


def _guide(words: list[str]) -> guide.Guide:
    return guide.load(guide.asked_for(words) or guide.spoken_here())


def _has_screen() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
