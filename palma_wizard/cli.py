"""The headless check: the same words as the window, and an exit code for every outcome."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import getpass
import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from palma_wizard import address, entry, guide, report, secrecy, vault, verify
from palma_wizard.draft import Draft
from palma_wizard.exchanges import EXCHANGES, Check, Credentials, Outcome, Verdict, whitelist
from palma_wizard.exchanges.registry import BY_NAME
from palma_wizard.practice import KEYS, SCENARIOS, PracticeExchange

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
"""--saved found no key."""
KEYRING_TROUBLE: Final = 4
"""The keyring could not be used, or refused; also where a key passed and --save did not store it."""
PROGRAM_DAMAGED: Final = 6
CANCELLED: Final = 130
INPUT_LIMIT: Final = 100_000
"""Bytes read from standard input; more is no key."""


class Stop(Exception):  # noqa: N818 - not an error: a sentence for the person, and the way out
    """Ends the program with a sentence and an exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    secrecy.install()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace", line_buffering=True)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except* BrokenPipeError:
        # Whoever read the output went away; Python would complain of it once more at exit.
        code = CANCELLED
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _run(arguments: list[str] | None) -> int:
    try:
        words = guide.load()
    except guide.GuideError as error:
        print(
            f"A file of this program is missing or damaged: {error}. Please install it again.",
            file=sys.stderr,
        )
        return PROGRAM_DAMAGED
    parser = _parser(words)
    chosen = parser.parse_args(arguments)
    if chosen.saved and chosen.save:
        parser.error("--save stores what was just entered and --saved takes what is stored: choose one")
    if chosen.with_addresses and chosen.report is None:
        parser.error("--with-addresses says what --report may hold: name a FILE")
    if chosen.replace and not chosen.save:
        parser.error("--replace says what --save may do: add it")
    if chosen.forget and (chosen.saved or chosen.save):
        parser.error("--forget stands alone")
    try:
        return _Session(words, chosen).run()
    except Stop as stop:
        print(stop.sentence, file=sys.stderr)
        return stop.code
    except (KeyboardInterrupt, EOFError):
        print("\n" + words.say("cli.cancelled"), file=sys.stderr)
        return CANCELLED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """What was typed may be a secret in the wrong place: it is not said again."""
        super().error(message.partition(":")[0] if "unrecognized" in message or "invalid" in message else message)


def _parser(words: guide.Guide) -> argparse.ArgumentParser:
    parser = _Parser("palma-check", description=words.say("cli.description"), allow_abbrev=False)
    parser.add_argument("--exchange", choices=list(EXCHANGES), default="hitbtc2")
    parser.add_argument(
        "--practice",
        nargs="?",
        const="works",
        choices=SCENARIOS,
        metavar="SCENARIO",
        help="ask the practice exchange instead of the real one: " + ", ".join(SCENARIOS),
    )
    parser.add_argument("--saved", action="store_true", help="check the key that is stored")
    parser.add_argument("--save", action="store_true", help="store the key if it passes")
    parser.add_argument("--replace", action="store_true", help="--save may replace another key of that account")
    parser.add_argument("--forget", action="store_true", help="remove the stored key from this computer")
    parser.add_argument(
        "--account",
        metavar="NAME",
        type=_label,
        default=entry.DEFAULT_LABEL,
        help="which account of the exchange, where several are stored (default: %(default)s)",
    )
    parser.add_argument("--report", metavar="FILE", help="print a report for whoever helps you and save it in FILE")
    parser.add_argument("--with-addresses", action="store_true", help="internet addresses may be in the report")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    return parser


def _label(text: str) -> str:
    if not entry.is_label(text):
        raise argparse.ArgumentTypeError(f"a name of at most {entry.LONGEST_LABEL} characters")
    return text


class _Session:
    """One run of the command."""

    def __init__(self, words: guide.Guide, chosen: argparse.Namespace) -> None:
        self._words = words
        self._say = words.say
        self._terms = words.terms(chosen.exchange)
        self._exchange: str = chosen.exchange
        self._account: str = chosen.account
        self._scenario: str | None = chosen.practice
        self._saved: bool = chosen.saved
        self._save: bool = chosen.save
        self._replace: bool = chosen.replace
        self._forget: bool = chosen.forget
        self._json: bool = chosen.json
        self._report: str | None = chosen.report
        self._with_addresses: bool = chosen.with_addresses
        self._let_in: tuple[str, ...] = ()
        self._standing: whitelist.Standing | None = None
        self._own: tuple[str, ...] = ()

    @property
    def _asks_user_id(self) -> bool:
        return EXCHANGES[self._exchange].user_id_pattern is not None

    @property
    def _practising(self) -> bool:
        return self._scenario is not None

    def run(self) -> int:
        if self._forget:
            return self._forget_saved()
        if self._report is not None:
            self._try_to_write(Path(self._report))
        with ExitStack() as open_things:
            practice = None
            if self._scenario is not None:
                practice = open_things.enter_context(_practice(self._scenario, self._words))
            draft = Draft(exchange=self._exchange, practice=self._practising)
            draft.label = self._account
            draft.replaces = self._account if self._replace else ""
            draft.enter(self._entry(practice))
            verdict = asyncio.run(self._check(draft, practice))
        code = EXIT_CODES[verdict.outcome]
        if self._json:
            standing = self._standing.value if self._standing else None
            print(json.dumps({**as_json(verdict), "own_address": standing}))
        else:
            self._print_verdict(verdict)
        if self._save:
            code = self._store(draft, code)
        if self._report is not None:
            self._write_report(verdict, self._report)
        return code

    def _entry(self, practice: PracticeExchange | None) -> Credentials:
        if self._saved:
            return self._load_saved()
        text = self._standard_input()
        if practice is not None and not text:
            own = KEYS[self._exchange]
            return Credentials(own.key, own.secret, own.user_id)
        found = self._prompted() if text is None else _from_json(text, self._words)
        found = Credentials(*(entry.clean(value).text for value in (found.key, found.secret, found.user_id)))
        if not found.key or not found.secret:
            raise Stop(self._say("cli.empty"), 2)
        if self._asks_user_id and not found.user_id:
            raise Stop(self._say("cli.no-user-id", **self._terms), 2)
        return found

    def _standard_input(self) -> str | None:
        """What came on standard input; None where a person sits there, or nobody."""
        if sys.stdin is None or sys.stdin.isatty():
            return None
        try:
            data = sys.stdin.buffer.read(INPUT_LIMIT + 1)
            text = data.decode("utf-8-sig")
        except (OSError, ValueError):
            raise Stop(self._say("cli.bad-input"), 2) from None
        if len(data) > INPUT_LIMIT:
            raise Stop(self._say("cli.bad-input"), 2)
        return text.strip()

    def _prompted(self) -> Credentials:
        if sys.stdin is None:
            raise Stop(self._say("cli.no-terminal"), 2)
        key = getpass.getpass(self._say("cli.key"))
        secret = getpass.getpass(self._say("cli.secret"))
        user_id = input(self._say("cli.user-id")) if self._asks_user_id else ""
        return Credentials(key, secret, user_id)

    def _load_saved(self) -> Credentials:
        saved = self._with_keyring(lambda store: store.load(self._exchange, self._account))
        if saved is None:
            raise Stop(self._say("cli.nothing-saved", exchange=self._exchange, account=self._account), NOTHING_SAVED)
        self._let_in = saved.let_in
        return saved.credentials

    def _forget_saved(self) -> int:
        try:
            store, removed = self._with_keyring(lambda store: (store, store.forget(self._exchange, self._account)))
        except Stop as stop:
            if not self._practising:
                raise
            print(self._say("cli.nothing-saved", exchange=self._exchange, account=self._account), stop.sentence)
            return 0
        if removed:
            print(self._say("cli.forgotten", store=store.name))
        else:
            print(self._say("cli.nothing-saved", exchange=self._exchange, account=self._account))
        return 0

    async def _check(self, draft: Draft, practice: PracticeExchange | None) -> Verdict:
        if not self._json:
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
        if self._save and verdict.passed and verdict.reading.allowed_addresses:
            if not self._own and not self._json:
                print(self._say("practice.look-up" if practice else "notice.look-up-who"))
            draft.own = self._own = self._own or await self._seen_from_outside(practice)
        return verdict

    async def _look_up_own_address(self, practice: PracticeExchange | None) -> None:
        """Asks the services only where there is something to compare, or a report that the address is wanted in."""
        if self._let_in or self._with_addresses:
            self._own = await self._seen_from_outside(practice)
        if self._let_in:
            self._standing = whitelist.changed(self._let_in, self._own)

    @staticmethod
    async def _seen_from_outside(practice: PracticeExchange | None) -> tuple[str, ...]:
        seen = await address.look_up(practice.address_urls if practice else address.SERVICES)
        return tuple(text for sighting in seen.values() for text in sighting.seen)

    def _try_to_write(self, file: Path) -> None:
        """Better said before the check than after it."""
        try:
            file.open("a").close()
        except OSError:
            raise Stop(self._say("report.not-saved"), 2) from None

    def _write_report(self, verdict: Verdict, file: str) -> None:
        text = report.write(verdict, datetime.datetime.now().astimezone(), self._own if self._with_addresses else None)
        print(text, file=sys.stderr if self._json else sys.stdout)
        try:
            Path(file).write_text(text, "utf-8")
        except OSError:
            raise Stop(self._say("report.not-saved"), 2) from None

    def _print_check(self, check: Check) -> None:
        if not self._json:
            asked, came = self._say(f"ask.{check.id}", **self._terms), self._say(f"state.{check.state.value}")
            print(f"  {asked:<46} {came:<20} {check.ms:>6} ms")

    def _print_verdict(self, verdict: Verdict) -> None:
        reading, words = verdict.reading, self._words.outcome(verdict.outcome, verdict.exchange)
        print(self._say("cli.rights"))
        for right, state in reading.rights.items():
            name = self._say(f"right.{verdict.exchange}.{right.value}")
            print(f"  {name:<46} {self._words.right_state(right.value, state.value)}")
        if reading.allowed_addresses is None:
            addresses = self._say("cli.addresses-unknown")
        else:
            addresses = self._words.listed(reading.allowed_addresses) or self._say("cli.addresses-any")
        print(self._say("cli.addresses", addresses=addresses))
        print(self._say("cli.verdict", title=words.title))
        print(f"  {words.cause}")
        for number, cause in enumerate(reading.causes, 1):
            named = self._words.cause(cause, verdict.exchange)
            print(f"  {number}. {named.text} {named.do}")
        print(self._say("cli.next", next=words.next))
        if reading.retry_after is not None:
            print(self._say("check.retry", **self._terms, count=reading.retry_after))
        if verdict.counter is not None:
            print(self._say("check.counted", counter=verdict.counter))
        if self._standing is not None:
            places = {**self._terms, "listed": ", ".join(self._let_in), "now": ", ".join(self._own)}
            print(self._say(f"standing.{self._standing.value}", **places))

    def _store(self, draft: Draft, code: int) -> int:
        """The exit code of the check, unless a key that passed could not be stored; practice shrugs at that."""
        out = sys.stderr if self._json else sys.stdout
        try:
            if draft.verdict is None or not draft.verdict.passed:
                raise Stop(self._say("cli.not-passed"), code)
            if draft.needs_consent:
                self._ask_consent(draft, code)
            passed, today = draft.passed(), datetime.datetime.now().astimezone().date()
            name = self._with_keyring(lambda store: passed.store(store, today))
        except Stop as stop:
            print(self._say("cli.not-saved", why=stop.sentence), file=out)
            return code if self._practising else stop.code
        print(self._say("cli.saved-practice" if self._practising else "cli.saved", store=name), file=out)
        if draft.let_in:
            print(self._say("check.kept", listed=", ".join(draft.let_in)), file=out)
        return code

    def _ask_consent(self, draft: Draft, code: int) -> None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise Stop(self._say("cli.no-consent"), code)
        draft.accept_withdrawal(accepted=input(self._say("cli.consent")).strip() == "YES")
        if not draft.may_save:
            raise Stop(self._say("cli.no-consent"), code)

    def _with_keyring(self, work: Callable[[vault.Vault], T]) -> T:
        try:
            return asyncio.run(vault.use(work, practice=self._practising))
        except vault.VaultError as error:
            exists = error.trouble is vault.Trouble.EXISTS
            sentence = self._say("cli.exists") if exists else self._words.trouble(error.trouble.value)
            raise Stop(sentence, KEYRING_TROUBLE) from None


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


def _practice(scenario: str, words: guide.Guide) -> PracticeExchange:
    practice = PracticeExchange(scenario)
    try:
        practice.start()
    except OSError:
        raise Stop(words.say("practice.no-server"), PROGRAM_DAMAGED) from None
    return practice


def _from_json(text: str, words: guide.Guide) -> Credentials:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    fields = {"key", "secret", "user_id"}
    if not isinstance(found, dict) or not found.keys() <= fields or not {"key", "secret"} <= found.keys():
        raise Stop(words.say("cli.bad-input"), 2) from None
    user_id = found.get("user_id")
    values = [found["key"], found["secret"], "" if user_id is None else user_id]
    if not all(isinstance(value, str) for value in values):
        raise Stop(words.say("cli.bad-input"), 2)
    return Credentials(*values)
