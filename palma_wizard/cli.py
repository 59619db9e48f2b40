"""The headless check: the same words as the window, and an exit code for every outcome."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import getpass
import io
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from palma_wizard import entry, guide, secrecy, verify
from palma_wizard.draft import Draft
from palma_wizard.exchanges import EXCHANGES, Check, Credentials, Outcome, Verdict
from palma_wizard.exchanges.registry import BY_NAME
from palma_wizard.practice import KEYS, SCENARIOS, PracticeExchange

if TYPE_CHECKING:
    from palma_wizard.exchanges.whitelist import Standing
    from palma_wizard.vault import Vault

T = TypeVar("T")

EXIT_CODES: Final = {
    Outcome.WORKS: 0,
    Outcome.WRONG_KEY: 10,
    Outcome.WRONG_SIGNATURE: 11,
    Outcome.ADDRESS_NOT_ALLOWED: 12,
    Outcome.MISSING_RIGHT: 13,
    Outcome.CAN_WITHDRAW: 14,
    Outcome.CLOCK_OFF: 15,
    Outcome.RATE_LIMITED: 16,
    Outcome.EXCHANGE_DOWN: 17,
    Outcome.NO_CONNECTION: 18,
    Outcome.UNTRUSTED_CONNECTION: 19,
    Outcome.TIMED_OUT: 20,
    Outcome.NOT_UNDERSTOOD: 21,
    Outcome.WRONG_USER_ID: 22,
    Outcome.NOT_OFFERED_HERE: 23,
    Outcome.ACCOUNT_NOT_READY: 24,
}
NOTHING_SAVED: Final = 3
"""--saved or --accounts found no key."""
KEYRING_TROUBLE: Final = 4
"""The keyring could not be used, or refused; also where a key passed and --save did not store it."""
PROGRAM_DAMAGED: Final = 6
CANCELLED: Final = 130
YES: Final = "YES"
"""What is typed for a yes, in every language."""
INPUT_LIMIT: Final = 100_000
"""Bytes read from standard input; more is no key."""


class Stop(Exception):  # noqa: N818 - not an error: a sentence for the person, and the way out
    """Ends the program with a sentence and an exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    secrecy.install()
    typed = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)
    try:
        code = _look_at_itself() if typed == ["--self-test"] else _run(typed)
        sys.stdout.flush()
    except* BrokenPipeError:
        # Whoever read the output went away; Python would complain of it once more at exit.
        code = CANCELLED
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _look_at_itself() -> int:
    from palma_wizard import selftest

    return selftest.run()


def _run(arguments: list[str]) -> int:
    try:
        words = guide.load(guide.asked_for(arguments) or guide.spoken_here())
    except guide.GuideError as error:
        print(f"A file of this program is missing or damaged: {error}. Please install it again.", file=sys.stderr)
        return PROGRAM_DAMAGED
    try:
        return _Session(words, _understood(words, arguments)).run()
    except Stop as stop:
        print(stop, file=sys.stderr)
        return stop.code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise argparse.ArgumentError(None, message)


def _understood(words: guide.Guide, arguments: list[str]) -> argparse.Namespace:
    """Argparse's own messages are never shown: they are English, and repeat what may be a secret in the wrong place."""
    try:
        chosen = _parser(words).parse_args(arguments)
    except argparse.ArgumentError as error:
        if error.argument_name is None:
            raise Stop(words.say("cli.wrong-usage"), 2) from None
        name = error.argument_name.rpartition("--")[2]
        raise Stop(words.say("cli.wrong-option", option=f"--{name}", help=_help(words, name)), 2) from None
    one = chosen.exchange is not None or chosen.account is not None
    if chosen.exchange is None:
        chosen.exchange = next(iter(EXCHANGES))
    if chosen.account is None:
        chosen.account = entry.DEFAULT_LABEL
    check = not (chosen.accounts or chosen.forget)
    for is_wrong, why in (
        (chosen.saved + chosen.save + chosen.accounts + chosen.forget > 1, "choose-one"),
        (not check and (chosen.json or chosen.report is not None), "no-check"),
        (chosen.with_addresses and chosen.report is None, "no-report"),
        (chosen.replace and not chosen.save, "no-save"),
        (chosen.all and (one or not chosen.forget), "all"),
        (not entry.is_label(chosen.account), "no-name"),
    ):
        if is_wrong:
            raise Stop(words.say(f"cli.wrong.{why}", longest=entry.LONGEST_LABEL), 2)
    return chosen


def _parser(words: guide.Guide) -> argparse.ArgumentParser:
    parser = _Parser(
        usage=argparse.SUPPRESS,
        description=words.say("cli.description"),
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=6),
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
    )
    group = parser.add_argument_group(words.say("cli.options"))

    def option(name: str, *short: str, **settings: Any) -> None:
        group.add_argument(*short, f"--{name}", help=_help(words, name).replace("%", "%%"), **settings)

    option("help", "-h", action="help")
    option("exchange", choices=list(EXCHANGES), metavar=words.say("cli.place.exchange"))
    option("account", metavar=words.say("cli.place.name"))
    option("practice", nargs="?", const="works", choices=SCENARIOS, metavar=words.say("cli.place.scenario"))
    option("report", metavar=words.say("cli.place.target"))
    option("lang", metavar=words.say("cli.place.language"))
    for name in ("with-addresses", "save", "replace", "saved", "accounts", "forget", "all", "json"):
        option(name, action="store_true")
    return parser


def _help(words: guide.Guide, option: str) -> str:
    return words.say(
        f"cli.option.{option}",
        exchanges=", ".join(EXCHANGES),
        scenarios=", ".join(SCENARIOS),
        account=entry.DEFAULT_LABEL,
        languages=", ".join(guide.LANGUAGES),
    )


class _Session:
    """One run of the command."""

    def __init__(self, words: guide.Guide, chosen: argparse.Namespace) -> None:
        self._words = words
        self._say = words.say
        self._terms = words.terms(chosen.exchange)
        self._chosen = chosen
        self._exchange: str = chosen.exchange
        self._account: str = chosen.account
        self._scenario: str | None = chosen.practice
        self._practising = self._scenario is not None
        self._asks_user_id = EXCHANGES[self._exchange].user_id_pattern is not None
        fields = ("key", "secret", "user_id") if self._asks_user_id else ("key", "secret")
        self._example = json.dumps(dict.fromkeys(fields, "..."))
        self._cancelled = words.say("cli.cancelled")
        questions = [self._say(f"ask.{call.id}", **self._terms) for call in BY_NAME[self._exchange].calls]
        self._left = max(map(_width, (*questions, *words.under(f"right.{self._exchange}").values())))
        self._middle = max(map(_width, words.under("state").values()))
        self._aside = sys.stderr if chosen.json else sys.stdout
        self._let_in: tuple[str, ...] = ()
        self._standing: Standing | None = None
        self._own: tuple[str, ...] = ()

    def run(self) -> int:
        try:
            if self._chosen.accounts:
                return self._list_accounts()
            if self._chosen.all:
                return self._forget_all()
            return self._forget_saved() if self._chosen.forget else self._check_key()
        except (KeyboardInterrupt, EOFError):
            raise Stop("\n" + self._cancelled, CANCELLED) from None

    def _check_key(self) -> int:
        if self._chosen.report is not None:
            self._write_report("", "a")  # better said before the check than after it
        with ExitStack() as open_things:
            try:
                practice = open_things.enter_context(PracticeExchange(self._scenario)) if self._scenario else None
            except OSError:
                raise Stop(self._say("practice.no-server"), PROGRAM_DAMAGED) from None
            draft = Draft(exchange=self._exchange, practice=self._practising)
            draft.label = self._account
            draft.replaces = self._account if self._chosen.replace else ""
            draft.enter(self._entry(practice))
            verdict = asyncio.run(self._check(draft, practice))
        code = EXIT_CODES[verdict.outcome]
        if self._chosen.json:
            standing = self._standing.value if self._standing else None
            print(json.dumps({**as_json(verdict), "own_address": standing}))
        else:
            self._print_verdict(verdict)
        if self._chosen.save:
            code = self._store(draft, code)
        if self._chosen.report is not None:
            from palma_wizard import report

            own = self._own if self._chosen.with_addresses else None
            text = report.write(verdict, datetime.datetime.now().astimezone(), own)
            print(text, file=self._aside)
            self._write_report(text, "w")
        return code

    def _entry(self, practice: PracticeExchange | None) -> Credentials:
        if self._chosen.saved:
            return self._load_saved()
        found = self._from_standard_input()
        if practice is not None and found is None:
            own = KEYS[self._exchange]
            return Credentials(own.key, own.secret, own.user_id)
        found = found or self._prompted()
        found = Credentials(*(entry.clean(value).text for value in (found.key, found.secret, found.user_id)))
        if not found.key or not found.secret:
            raise Stop(self._say("cli.empty"), 2)
        if self._asks_user_id and not found.user_id:
            raise Stop(self._say("cli.no-user-id", **self._terms), 2)
        return found

    def _from_standard_input(self) -> Credentials | None:
        """JSON in UTF-8, 16 or 32; None where a person sits there, or nothing came."""
        if sys.stdin is None or sys.stdin.isatty():
            return None
        try:
            data = sys.stdin.buffer.read(INPUT_LIMIT + 1)
            text = data.decode(json.detect_encoding(data)).strip()
            if not text:
                return None
            found = json.loads(text)
            values = [found["key"], found["secret"], found.pop("user_id", None) or ""]
            if len(data) > INPUT_LIMIT or len(found) > 2 or not all(isinstance(value, str) for value in values):
                raise ValueError
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            raise Stop(self._say("cli.bad-input", example=self._example), 2) from None
        return Credentials(*values)

    def _prompted(self) -> Credentials:
        if sys.stdin is None or not sys.stdin.isatty():
            raise Stop(self._say("cli.no-terminal", example=self._example), 2)
        key = getpass.getpass(self._say("cli.key"))
        secret = getpass.getpass(self._say("cli.secret"))
        user_id = _typed(self._say("cli.user-id")) if self._asks_user_id else ""
        return Credentials(key, secret, user_id)

    def _load_saved(self) -> Credentials:
        _, found = self._with_keyring(lambda store: store.load(self._exchange, self._account) or self._labels(store))
        if isinstance(found, list):
            raise Stop(self._nothing_saved(found), NOTHING_SAVED)
        self._let_in = found.let_in
        return found.credentials

    def _labels(self, store: Vault) -> list[str]:
        """Of the accounts that can be read; what the person asked for was done without them."""
        from palma_wizard import vault

        try:
            return [saved.label for saved in store.accounts(self._exchange)]
        except vault.VaultError:
            return []

    def _nothing_saved(self, others: list[str]) -> str:
        """What was typed is not said again."""
        if others:
            return self._say("cli.no-such-account", **self._terms, others=self._words.listed(others))
        return self._say("cli.nothing-saved-practice" if self._practising else "cli.nothing-saved", **self._terms)

    def _list_accounts(self) -> int:
        store, accounts = self._with_keyring(lambda store: store.accounts(self._exchange))
        if not accounts:
            raise Stop(self._nothing_saved([]), NOTHING_SAVED)
        print(self._say("cli.stored-practice" if self._practising else "cli.stored", **self._terms, store=store))
        for saved in accounts:
            print("  " + self._say("cli.account", account=saved.label, date=saved.saved_on))
        return 0

    def _forget_saved(self) -> int:
        self._cancelled = self._say("cli.cancelled-keyring")
        try:
            store, (removed, others) = self._with_keyring(
                lambda store: (store.forget(self._exchange, self._account), self._labels(store))
            )
        except Stop as stop:
            if not self._practising:
                raise
            print(self._nothing_saved([]), stop)
            return 0
        if not removed:
            print(self._nothing_saved(others))
            return 0
        said = "cli.forgotten-practice" if self._practising else "cli.forgotten"
        print(self._say(said, **self._terms, account=self._account, store=store))
        if others:
            print(self._say("cli.others", others=self._words.listed(others)))
        return 0

    def _forget_all(self) -> int:
        self._cancelled = self._say("cli.cancelled-keyring")

        store, removed = self._with_keyring(lambda store: sum([store.forget_all(name) for name in EXCHANGES]))
        if removed:
            print(self._say("cli.forgotten-all-practice" if self._practising else "cli.forgotten-all", store=store))
        else:
            nothing = "cli.nothing-saved-practice" if self._practising else "cli.nothing-saved"
            for name in EXCHANGES:
                print(self._say(nothing, **self._words.terms(name)))
        return 0

    async def _check(self, draft: Draft, practice: PracticeExchange | None) -> Verdict:
        if not self._chosen.json:
            if self._scenario is not None:
                print(self._say("cli.practice", scenario=self._say(f"scenario.{self._scenario}")))
            print(self._say("cli.asks", **self._terms))
        ticket = draft.begin()
        verdict, _ = await asyncio.gather(
            verify.check(
                BY_NAME[self._exchange],
                draft.entry,
                practice_url=practice.url if practice else None,
                on_check=self._print_check,
            ),
            self._look_up_own_address(practice),
        )
        draft.finish(ticket, verdict)
        if self._chosen.save and verdict.passed and verdict.reading.allowed_addresses:
            if not self._own and not self._chosen.json:
                print(self._say("practice.look-up" if practice else "notice.look-up-who"))
            draft.own = self._own = self._own or await self._seen_from_outside(practice)
        return verdict

    async def _look_up_own_address(self, practice: PracticeExchange | None) -> None:
        """Asks the services only where there is something to compare, or a report that the address is wanted in."""
        if self._let_in or self._chosen.with_addresses:
            self._own = await self._seen_from_outside(practice)
        if self._let_in:
            from palma_wizard.exchanges import whitelist

            self._standing = whitelist.changed(self._let_in, self._own)

    @staticmethod
    async def _seen_from_outside(practice: PracticeExchange | None) -> tuple[str, ...]:
        from palma_wizard import address

        seen = await address.look_up(practice.address_urls if practice else address.SERVICES)
        return tuple(text for sighting in seen.values() for text in sighting.seen)

    def _write_report(self, text: str, mode: str) -> None:
        try:
            with Path(self._chosen.report).open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError:
            raise Stop(self._say("report.not-saved"), 2) from None

    def _print_check(self, check: Check) -> None:
        if not self._chosen.json:
            state, took = self._say(f"state.{check.state.value}"), self._say("check.took", ms=check.ms)
            took = " " * (8 - _width(took)) + took
            self._print_row(self._say(f"ask.{check.id}", **self._terms), f"{_padded(state, self._middle)} {took}")

    def _print_row(self, left: str, right: str) -> None:
        """Where the terminal is too narrow for a table, what belongs on the right comes below."""
        if 2 + self._left + 1 + self._middle + 1 + 8 > shutil.get_terminal_size().columns:
            print(f"  {left}\n    {right}")
        else:
            print(f"  {_padded(left, self._left)} {right}")

    def _print_verdict(self, verdict: Verdict) -> None:
        reading, words = verdict.reading, self._words.outcome(verdict.outcome, verdict.exchange)
        print(self._say("cli.rights"))
        for right, state in reading.rights.items():
            name = self._say(f"right.{verdict.exchange}.{right.value}")
            self._print_row(name, self._words.right_state(right.value, state.value))
        if reading.allowed_addresses is None:
            addresses = self._say("cli.addresses-unknown")
        else:
            addresses = self._words.listed(reading.allowed_addresses) or self._say("cli.addresses-any")
        print(self._say("cli.addresses", addresses=addresses))
        print(self._say("cli.verdict", title=words.title))
        print(f"  {words.cause}")
        if verdict.outcome is not Outcome.WORKS:
            print(self._say("cli.next", next=words.next))
        elif not self._chosen.save:
            print(self._say("cli.next-is-saved" if self._chosen.saved else "cli.next-save"))
        for number, cause in enumerate(reading.causes, 1):
            named = self._words.cause(cause, verdict.exchange)
            print(f"  {number}. {named.text} {named.do}")
        if reading.retry_after is not None:
            print(self._say("check.retry", **self._terms, count=reading.retry_after))
        if verdict.counter is not None:
            print(self._say("check.counted", counter=verdict.counter))
        if self._standing is not None:
            places = {**self._terms, "listed": ", ".join(self._let_in), "now": ", ".join(self._own)}
            print(self._say(f"standing.{self._standing.value}", **places))

    def _store(self, draft: Draft, code: int) -> int:
        """The exit code of the check, unless a key that passed could not be stored; practice shrugs at that."""
        try:
            if draft.verdict is None or not draft.verdict.passed:
                raise Stop(self._say("cli.not-passed"), code)
            if draft.needs_consent:
                self._ask_consent(draft, code)
            self._cancelled = self._say("cli.cancelled-keyring")
            passed, today = draft.passed(), datetime.datetime.now().astimezone().date()
            store, _ = self._with_keyring(lambda store: passed.store(store, today))
        except Stop as stop:
            print(self._say("cli.not-saved", why=stop), file=self._aside)
            return code if self._practising else stop.code
        print(self._say("cli.saved-practice" if self._practising else "cli.saved", store=store), file=self._aside)
        if draft.let_in:
            print(self._say("check.kept", listed=", ".join(draft.let_in)), file=self._aside)
        if not code:
            print(self._say("cli.next-practised" if self._practising else "cli.next-saved"), file=self._aside)
        return code

    def _ask_consent(self, draft: Draft, code: int) -> None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise Stop(self._say("cli.not-looked" if draft.is_unseen else "cli.no-consent", yes=YES), code)
        words = "cli.looked" if draft.is_unseen else "cli.consent"
        draft.accept_withdrawal(accepted=_typed(self._say(words, **self._terms, yes=YES)).strip() == YES)
        if not draft.may_save:
            raise Stop(self._say("cli.no-consent", yes=YES), code)

    def _with_keyring(self, work: Callable[[Vault], T]) -> tuple[str, T]:
        """The store's name, and what came of the work with it."""
        from palma_wizard import vault

        try:
            return asyncio.run(vault.use(lambda store: (store.name, work(store)), practice=self._practising))
        except vault.VaultError as error:
            trouble = error.trouble.value
            do = self._words.under("cli.do").get(trouble) or self._say(f"vault-do.{trouble}")
            raise Stop(f"{self._say(f'vault.{trouble}')} {do}", KEYRING_TROUBLE) from None


def as_json(verdict: Verdict) -> dict[str, object]:
    """The documented object: never a key, a secret or a balance."""
    reading = verdict.reading
    allowed = reading.allowed_addresses
    return {
        "exchange": verdict.exchange,
        "practice": verdict.practice,
        "outcome": verdict.outcome.value,
        "rights": {right.value: state.value for right, state in reading.rights.items()},
        "allowed_addresses": None if allowed is None else list(allowed),
        "causes": [cause.value for cause in reading.causes],
        "checks": [
            {"id": check.id, "state": check.state.value, "ms": check.ms, "sign": check.sign} for check in verdict.checks
        ],
    }


def _typed(prompt: str) -> str:
    """Standard output may be a file, or JSON for a program."""
    print(prompt, end="", file=sys.stderr, flush=True)
    return input()


def _width(text: str) -> int:
    """Columns of a terminal: Chinese and Japanese signs take two, combining marks none."""
    seen = [sign for sign in text if unicodedata.category(sign) not in {"Mn", "Me", "Cf"}]
    return len(seen) + sum(unicodedata.east_asian_width(sign) in "WF" for sign in seen)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
