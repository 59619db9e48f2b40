"""The program's front door: reads the arguments and opens the window, or hands "check" to the command line."""

from __future__ import annotations

import argparse
import os
import sys

from palma_wizard import guide, secrecy
from palma_wizard.practice import SCENARIOS


def main(arguments: list[str] | None = None) -> int:
    secrecy.install()
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["check"]:
        from palma_wizard import cli

        return cli.main(words[1:])
    if words == ["--self-test"]:
        from palma_wizard.ui import app, selftest

        return selftest.run(app.make_application())
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--practice", nargs="?", const="works", choices=SCENARIOS)
    parser.add_argument("--lang", default="")
    try:
        chosen, rest = parser.parse_known_args(words)
    except argparse.ArgumentError:
        chosen, rest = argparse.Namespace(lang=""), words
    if rest:
        say = _guide(chosen.lang).say
        practice = say("cli.option.practice", scenarios=", ".join(SCENARIOS))
        spoken = say("cli.option.lang", languages=", ".join(guide.LANGUAGES))
        print(say("cli.wizard"))
        print(f"  --practice [{say('cli.place.scenario')}]\n      {practice}")
        print(f"  --lang {say('cli.place.language')}\n      {spoken}")
        return 0 if rest in (["-h"], ["--help"]) else 2
    if not _has_screen():
        print(_guide(chosen.lang).say("cli.no-screen"), file=sys.stderr)
        return 1
    from palma_wizard.ui import app

    return app.run(practice=chosen.practice, wanted=chosen.lang)


def _guide(language: str) -> guide.Guide:
    return guide.load(guide.best_of([language]) if language else guide.spoken_here())


def _has_screen() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
