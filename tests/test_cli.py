"""The command line as a person or a script runs it: its own process, the practice exchange, a real keyring."""

from __future__ import annotations

import datetime
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

import palma_wizard
from palma_wizard import assets, guide, vault
from palma_wizard.cli import EXIT_CODES
from palma_wizard.exchanges import EXCHANGES, Credentials, Outcome
from palma_wizard.exchanges.registry import BY_NAME
from palma_wizard.practice import KEYS, SCENARIOS

KEY, SECRET = KEYS["hitbtc2"].key, KEYS["hitbtc2"].secret

WORDS = guide.load()
TERMS = WORDS.terms("hitbtc2")
CHECK = (sys.executable, "-m", "palma_wizard", "check")
# The same program with a short limit, for the one scenario that would otherwise use up the whole of it.
HURRIED = (
    *(sys.executable, "-c"),
    "import sys; from palma_wizard import cli, verify; verify.TIME_LIMIT = 0.5; sys.exit(cli.main(sys.argv[1:]))",
)
# And in a language of wide letters alone, where whatever is not of the guide stands out.
WIDE = (
    *(sys.executable, "-c"),
    r"""import re, sys
from palma_wizard import cli, guide
def wide(text):
    return re.sub(r"(\{.*?\})|([!-~])", lambda found: found[1] or chr(ord(found[2]) + 0xFEE0), text) + "%"
def widened(table):
    return {name: type(words)(*map(wide, words))
        for name, words in table.items()}
english = guide.load()
words = {key: wide(text) for key, text in english.words.items()}
other = english._replace(words=words, outcomes=widened(english.outcomes), causes=widened(english.causes))
guide.load = lambda *_: other
sys.exit(cli.main(sys.argv[1:]))""",
)
# Whatever goes wrong in a test, nothing leaves this computer; loopback is reached past the proxy.
NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1", "NO_PROXY": "", "no_proxy": ""}
NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"}
COMES_TO = {
    "works": Outcome.WORKS,
    "wrong-key": Outcome.WRONG_KEY,
    "wrong-secret": Outcome.WRONG_KEY,
    "clock-off": Outcome.CLOCK_OFF,
    "address-not-allowed": Outcome.ADDRESS_NOT_ALLOWED,
    "email-not-confirmed": Outcome.ADDRESS_NOT_ALLOWED,
    "no-trade-right": Outcome.MISSING_RIGHT,
    "can-withdraw": Outcome.CAN_WITHDRAW,
    "rate-limited": Outcome.RATE_LIMITED,
    "maintenance": Outcome.EXCHANGE_DOWN,
    "older-switched-off": Outcome.WORKS,
    "slow": Outcome.WORKS,
    "hangs": Outcome.TIMED_OUT,
    "closes-half-way": Outcome.NO_CONNECTION,
    "html-instead-of-json": Outcome.NOT_UNDERSTOOD,
    "wrong-user-id": Outcome.WORKS,
    "not-in-this-country": Outcome.NOT_OFFERED_HERE,
}
# The cases of a long table, started together, each in a process of its own.
Runs = dict[str, "Future[subprocess.CompletedProcess[str]]"]
SENTINEL_KEY, SENTINEL_SECRET = "SentinelKey_0123456789abcdefghij", "SentinelSecret_0123456789abcdefg"
SENTINEL = json.dumps({"key": SENTINEL_KEY, "secret": SENTINEL_SECRET})
BAD_INPUT_SAID = WORDS.say("cli.bad-input", example='{"key": "...", "secret": "..."}')


def run(
    *arguments: str, text: str | bytes = "", program: tuple[str, ...] = CHECK, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*program, *arguments],
        input=text.encode() if isinstance(text, str) else text,
        capture_output=True,
        env={**os.environ, **NOWHERE, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=30,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What stands on standard error, and nothing on the other."""
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    return done.stderr.strip()


def test_every_outcome_has_an_exit_code_of_its_own() -> None:
    assert EXIT_CODES.keys() == set(Outcome)
    assert len(set(EXIT_CODES.values())) == len(Outcome)
    assert EXIT_CODES[Outcome.WORKS] == 0
    assert not {1, 2, 3, 4, 5, 6, 130} & set(EXIT_CODES.values())
    assert COMES_TO.keys() == set(SCENARIOS)


@pytest.fixture(scope="module")
def scenario_runs() -> Iterator[Runs]:
    with ThreadPoolExecutor(4) as pool:
        yield {
            name: pool.submit(run, f"--practice={name}", program=HURRIED if name == "hangs" else CHECK)
            for name in COMES_TO
        }


@pytest.mark.parametrize("scenario", COMES_TO)
def test_every_scenario_has_its_exit_code_and_its_words(scenario: str, scenario_runs: Runs) -> None:
    outcome = COMES_TO[scenario]
    done = scenario_runs[scenario].result()
    assert (done.returncode, done.stderr) == (EXIT_CODES[outcome], "")
    words = WORDS.outcome(outcome, "hitbtc2")
    lines = done.stdout.splitlines()
    assert lines[0] == f"Practice – not the real exchange ({WORDS.say(f'scenario.{scenario}')})."
    verdict = lines.index(f"Verdict: {words.title}")
    assert lines[verdict + 1] == f"  {words.cause}"
    assert lines[verdict + 2] == (WORDS.say("cli.next-save") if outcome is Outcome.WORKS else f"Next: {words.next}")
    assert (lines[-1] == WORDS.say("check.retry", **TERMS, count=3)) is (scenario == "rate-limited")
    for call in BY_NAME["hitbtc2"].calls:
        assert f"  {WORDS.say(f'ask.{call.id}', **TERMS)} " in done.stdout
    for right in ("read", "trade", "payment", "withdraw"):
        assert f"  {WORDS.say(f'right.hitbtc2.{right}')} " in done.stdout
    assert KEY not in done.stdout
    assert SECRET not in done.stdout


@pytest.mark.parametrize("scenario", ["works", "address-not-allowed"])
def test_json_is_one_object_with_exactly_the_documented_keys(scenario: str) -> None:
    done = run(f"--practice={scenario}", "--json")
    assert (done.returncode, done.stderr) == (EXIT_CODES[COMES_TO[scenario]], "")
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert list(found) == [
        *("exchange", "practice", "outcome", "rights", "allowed_addresses", "causes", "checks", "own_address"),
    ]
    assert found["own_address"] is None
    assert (found["exchange"], found["practice"], found["outcome"]) == ("hitbtc2", True, COMES_TO[scenario].value)
    assert list(found["rights"]) == ["read", "trade", "payment", "withdraw"]
    assert set(found["rights"].values()) <= {"confirmed", "refused", "inferred", "unknown"}
    assert found["allowed_addresses"] == ([] if scenario == "works" else None)
    assert [row["id"] for row in found["checks"]] == [call.id for call in BY_NAME["hitbtc2"].calls]
    assert all(set(row) == {"id", "state", "ms", "sign"} and isinstance(row["ms"], int) for row in found["checks"])


def hides(done: subprocess.CompletedProcess[str]) -> bool:
    everything = done.stdout + done.stderr
    return not any(secret in everything for secret in (SENTINEL_KEY, SENTINEL_SECRET))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--practice"],
        ["--practice", "--json"],
        ["--practice=closes-half-way", "--json"],
        ["--practice", "--save"],
        ["--exchange", "bitstamp"],
    ],
    ids=" ".join,
)
def test_neither_key_nor_secret_is_ever_shown(arguments: list[str]) -> None:
    done = run(*arguments, text=SENTINEL, PYTHONDEVMODE="1", PYTHONASYNCIODEBUG="1", program=CHECK, **NO_BUS)
    assert done.returncode in {2, 10, 18, 21}
    assert hides(done)


def test_a_key_from_standard_input_is_cleaned_and_checked() -> None:
    done = run("--practice", text=json.dumps({"key": f' "{KEY}"\n', "secret": f"\u200b{SECRET} ", "user_id": None}))
    assert done.returncode == 0


def test_a_swapped_key_and_secret_is_named() -> None:
    done = run("--practice", "--json", text=json.dumps({"key": SECRET, "secret": KEY}))
    assert done.returncode == EXIT_CODES[Outcome.WRONG_KEY]
    assert json.loads(done.stdout)["causes"][0] == "swapped"


BAD_INPUT: dict[str, str | bytes] = {
    "no JSON": "key secret",
    "half JSON": SENTINEL[:-1],
    "100 kB": "a" * 100_000,
    "100 kB of JSON": json.dumps({"key": "a" * 100_000, "secret": SENTINEL_SECRET}),
    "NUL": "\x00" * 10,
    "NUL around": f"\x00{SENTINEL}\x00",
    "emoji": "🔑🔑",
    "a list": f'["{SENTINEL_KEY}", "{SENTINEL_SECRET}"]',
    "a text": '"text"',
    "a number": "7" * 5000,
    "deep": "[" * 50_000,
    "nothing in it": "{}",
    "no secret": json.dumps({"key": SENTINEL_KEY}),
    "one field too many": json.dumps({"key": SENTINEL_KEY, "secret": SENTINEL_SECRET, "password": "x"}),
    "a key that is a number": json.dumps({"key": 7, "secret": SENTINEL_SECRET}),
    "a key that is null": json.dumps({"key": None, "secret": SENTINEL_SECRET}),
    "empty fields": json.dumps({"key": "", "secret": ""}),
    "fields of nothing but rubbish": json.dumps({"key": "\x00\u200b", "secret": ' "" '}),
}


@pytest.fixture(scope="module")
def bad_input_runs() -> Iterator[Runs]:
    with ThreadPoolExecutor(4) as pool:
        yield {name: pool.submit(run, text=text) for name, text in BAD_INPUT.items()}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_one_sentence_and_wrong_usage(name: str, bad_input_runs: Runs) -> None:
    done = bad_input_runs[name].result()
    assert done.returncode == 2
    assert one_sentence(done) in {BAD_INPUT_SAID, WORDS.say("cli.empty")}
    assert hides(done)


def test_a_megabyte_that_begins_well_is_bad_input() -> None:
    done = run(text=SENTINEL + " " * 1_000_000 + "x")
    assert done.returncode == 2
    assert one_sentence(done) == BAD_INPUT_SAID


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text, code", [('{"key": "k",\r\n"secret": "s"}\r\n', 10), ("\r\n", 0)], ids=["wrong key", "nothing"]
)
def test_input_may_come_as_windows_writes_it(text: str, code: int, encoding: str) -> None:
    assert run("--practice", text=text.encode(encoding)).returncode == code


@pytest.mark.parametrize("name", ["no JSON", "NUL"])
def test_bad_input_is_not_taken_for_the_practice_key(name: str) -> None:
    done = run("--practice", text=BAD_INPUT[name])
    assert done.returncode == 2
    assert one_sentence(done) in {BAD_INPUT_SAID, WORDS.say("cli.empty")}


def test_no_input_at_all_is_one_sentence_without_practice() -> None:
    done = run()
    assert done.returncode == 2
    assert one_sentence(done) == WORDS.say("cli.no-terminal", example='{"key": "...", "secret": "..."}')


@pytest.mark.parametrize("practice", [["--practice"], []], ids=["practice", "real"])
def test_input_that_is_not_text_is_bad_input(practice: list[str]) -> None:
    done = run(*practice, text=b'{"key": "\xff\xfe", "secret": "x"}')
    assert done.returncode == 2
    assert one_sentence(done) == BAD_INPUT_SAID


WRONG_USAGE = {
    f"--practice={SENTINEL_SECRET}": "--practice was not understood. It means: ask the practice exchange",
    f"--exchange {SENTINEL_SECRET}": "--exchange was not understood. It means: which exchange: hitbtc2, bitstamp, cex",
    f"--save={SENTINEL_SECRET}": "--save was not understood. It means: save the key if it passes.",
    f"--help={SENTINEL_SECRET}": "--help was not understood.",
    f"--account {SENTINEL_SECRET}{SENTINEL_KEY}": WORDS.say("cli.wrong.no-name", longest=40),
    "--account": "--account was not understood.",
    "--save --saved": WORDS.say("cli.wrong.choose-one"),
    "--forget --accounts": WORDS.say("cli.wrong.choose-one"),
    "--forget --json": WORDS.say("cli.wrong.no-check"),
    "--practice --with-addresses": WORDS.say("cli.wrong.no-report"),
    "--saved --replace": WORDS.say("cli.wrong.no-save"),
    "--all": WORDS.say("cli.wrong.all"),
    "--saved --all": WORDS.say("cli.wrong.all"),
    "--forget --all --exchange hitbtc2": WORDS.say("cli.wrong.all"),
    "--forget --all --account main": WORDS.say("cli.wrong.all"),
    "--prac": WORDS.say("cli.wrong-usage"),
    SENTINEL_SECRET: WORDS.say("cli.wrong-usage"),
    f"--secret={SENTINEL_SECRET}": WORDS.say("cli.wrong-usage"),
}


@pytest.mark.parametrize("arguments", WRONG_USAGE)
def test_wrong_usage_is_two_and_one_sentence_that_repeats_nothing(arguments: str) -> None:
    done = run(*arguments.split())
    assert done.returncode == 2
    assert one_sentence(done).startswith(WRONG_USAGE[arguments])
    assert hides(done)


def test_help_needs_nothing_and_names_every_option_of_which_the_words_speak() -> None:
    done = run("--help")
    assert done.returncode == 0
    unwrapped = "".join(done.stdout.split())
    assert all(scenario in unwrapped for scenario in SCENARIOS)
    options = set(re.findall(r"^  (?:-h, )?--([a-z-]+)", done.stdout, re.MULTILINE))
    assert options == WORDS.under("cli.option").keys()
    cli = " ".join(text for key, text in WORDS.words.items() if key.startswith("cli."))
    assert set(re.findall(r"--([a-z-]+)", cli)) <= options


@pytest.mark.parametrize(
    "arguments, own",
    [
        (
            "--help",
            r"-h|--[a-z-]+|hitbtc2|bitstamp|cex|"
            + "|".join(SCENARIOS)
            + "|main|"
            + "|".join(sorted(guide.LANGUAGES, key=len, reverse=True)),
        ),
        ("--practice", ""),
        ("--practice=rate-limited", ""),
        ("--exchange mtgox", "--exchange|hitbtc2|bitstamp|cex"),
        ("surplus", ""),
    ],
)
def test_whatever_is_said_is_of_the_guide(arguments: str, own: str) -> None:
    done = run(*arguments.split(), program=WIDE, COLUMNS="500")
    said = re.sub(own, "", done.stdout + done.stderr)
    assert re.findall("[A-Za-z]+", said) == []
    assert len(said) > 50


def test_a_table_of_wide_letters_is_straight() -> None:
    lines = run("--practice", program=WIDE, COLUMNS="150").stdout.splitlines()
    rows = lines[2 : 2 + len(BY_NAME["hitbtc2"].calls)]
    assert all("  " in row for row in rows)
    assert len({sum(1 + (sign > "\uff00") for sign in row) for row in rows}) == 1


@pytest.mark.parametrize("columns", [40, 60, 79])
def test_a_table_fits_a_narrow_terminal(columns: int) -> None:
    lines = run("--practice", "--exchange", "bitstamp", COLUMNS=str(columns)).stdout.splitlines()
    rows = lines[lines.index("Rights:") - 3 : lines.index("Rights:") + 3]
    assert max(map(len, rows)) <= max(columns, 48)
    assert (rows[-1].startswith("    ")) is (columns < 79)


def test_an_object_for_programs_is_the_same_in_every_language() -> None:
    found, again = (json.loads(run("--practice=rate-limited", "--json", program=each).stdout) for each in (CHECK, WIDE))
    for told in (found, again):
        told["checks"] = sorted((row["id"], row["state"], row["sign"]) for row in told["checks"])
    assert found == again


@pytest.mark.parametrize("exchange", ["bitstamp", "cex"])
def test_the_other_exchanges_are_checked_too_and_what_was_counted_is_told(exchange: str) -> None:
    done = run("--practice", "--exchange", exchange)
    assert done.returncode == 0
    assert WORDS.terms(exchange)["exchange"] in done.stdout
    assert re.search(r"the number 1[0-9]{9} ", done.stdout)
    assert KEYS[exchange].secret not in done.stdout


@pytest.mark.parametrize("exchange", ["bitstamp", "cex"])
def test_a_missing_user_id_is_asked_for_where_the_form_asks_for_it(exchange: str) -> None:
    done = run("--practice", "--exchange", exchange, text=json.dumps({"key": "k", "secret": "s"}))
    assert done.returncode == 2
    assert one_sentence(done) == WORDS.say("cli.no-user-id", **WORDS.terms(exchange))


def test_a_report_is_shown_saved_and_holds_nothing_secret(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    own = KEYS["bitstamp"]
    plain = run("--practice", "--exchange", "bitstamp", "--report", str(file))
    assert file.read_text() in plain.stdout
    assert "203.0.113.7" not in file.read_text()
    with_addresses = run("--practice", "--exchange", "bitstamp", "--report", str(file), "--with-addresses")
    assert "203.0.113.7" in file.read_text()
    for secret in (own.key, own.secret, own.user_id):
        assert secret not in plain.stdout + with_addresses.stdout + file.read_text()


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    done = run("--practice", "--report", str(tmp_path / "no" / "such.txt"))
    assert done.returncode == 2
    assert done.stderr.strip() == WORDS.say("report.not-saved")
    assert not done.stdout, "said before anything is asked"


# -- with a keyring --


@pytest.fixture
def _empty_keyring(keyring_session: object) -> Iterator[None]:
    def empty() -> None:
        for practice in (False, True):
            store = vault.open_vault(practice=practice)
            for exchange in EXCHANGES:
                store.forget_all(exchange)

    empty()
    yield
    empty()


@pytest.mark.usefixtures("_empty_keyring")
def test_a_practice_key_is_saved_checked_again_and_forgotten() -> None:
    assert run("--practice", "--saved").returncode == 3
    saved = run("--practice", "--save")
    assert saved.returncode == 0
    store = vault.open_vault(practice=True)
    told = [WORDS.say("cli.saved-practice", store=store.name), WORDS.say("cli.next-practised")]
    assert saved.stdout.splitlines()[-2:] == told
    assert saved.stdout.count("Next: ") == 1
    kept = store.load("hitbtc2")
    assert kept is not None
    assert kept.credentials == Credentials(KEY, SECRET)
    assert vault.open_vault().load("hitbtc2") is None
    again = run("--practice", "--saved")
    assert (again.returncode, re.findall("Next: .*", again.stdout)) == (0, [WORDS.say("cli.next-is-saved")])
    assert run("--practice=wrong-key", "--saved").returncode == 10
    gone = run("--practice", "--forget")
    assert (gone.returncode, gone.stdout.strip()) == (
        0,
        WORDS.say("cli.forgotten-practice", account="main", store=store.name),
    )
    assert store.load("hitbtc2") is None
    again = run("--practice", "--forget")
    assert (again.returncode, again.stdout) == (0, "No practice key is saved for HitBTC.\n")
    assert run("--practice", "--saved").returncode == 3


@pytest.mark.usefixtures("_empty_keyring")
def test_accounts_are_listed_with_nothing_secret() -> None:
    none = run("--accounts")
    assert (none.returncode, one_sentence(none)) == (3, "No key is saved for HitBTC.")
    store = vault.open_vault()
    for label, day in (("second", 5), ("main", 4)):
        store.save(
            "hitbtc2", Credentials(f"{SENTINEL_KEY}{day}", SENTINEL_SECRET), datetime.date(2026, 3, day), label=label
        )
    assert run("--practice", "--accounts").returncode == 3
    both = run("--accounts")
    listed = ["  main, saved on 2026-03-04", "  second, saved on 2026-03-05"]
    assert (both.returncode, both.stdout.splitlines()) == (
        0,
        [f"Keys for HitBTC on this computer ({store.name}):", *listed],
    )
    gone = run("--forget")
    assert gone.stdout.startswith("The saved key “main” was removed from")
    assert gone.stdout.endswith("\nStill saved: second.\n")
    other = run("--saved")
    assert (other.returncode, one_sentence(other)) == (
        3,
        WORDS.say("cli.no-such-account", **TERMS, others="second"),
    )
    unknown = run("--forget", "--account", SENTINEL_SECRET)
    assert (unknown.returncode, unknown.stdout) == (0, other.stderr)
    assert all(map(hides, (both, gone, other, unknown)))


@pytest.mark.usefixtures("_empty_keyring")
@pytest.mark.parametrize("scenario", ["wrong-key", "can-withdraw"])
def test_a_key_that_did_not_pass_or_got_no_yes_is_not_saved(scenario: str) -> None:
    done = run(f"--practice={scenario}", "--save")
    assert done.returncode == EXIT_CODES[COMES_TO[scenario]]
    why = WORDS.say("cli.no-consent", yes="YES") if scenario == "can-withdraw" else WORDS.say("cli.not-passed")
    assert done.stdout.splitlines()[-1] == WORDS.say("cli.not-saved", why=why)
    assert vault.open_vault(practice=True).load("hitbtc2") is None


@pytest.mark.usefixtures("_empty_keyring")
def test_saving_keeps_json_on_standard_output_alone() -> None:
    done = run("--practice", "--save", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["outcome"] == "works"
    assert done.stderr.startswith("Saved in ")


@pytest.mark.usefixtures("_empty_keyring")
def test_practice_never_reads_nor_removes_a_real_key() -> None:
    vault.open_vault().save("hitbtc2", Credentials("real", "real-secret"), datetime.date(2026, 3, 4))
    assert run("--practice", "--saved").returncode == 3
    assert run("--practice", "--forget").returncode == 0
    assert run("--practice", "--save").returncode == 0
    kept = vault.open_vault().load("hitbtc2")
    assert kept is not None
    assert kept.credentials.key == "real"
    done = run("--forget")
    assert done.returncode == 0
    assert vault.open_vault().load("hitbtc2") is None
    assert vault.open_vault(practice=True).load("hitbtc2") is not None


@pytest.mark.usefixtures("_empty_keyring")
@pytest.mark.parametrize("practising", [False, True], ids=["real", "practice"])
def test_all_keys_of_every_exchange_and_name_are_forgotten_at_once_and_practice_apart(*, practising: bool) -> None:
    kinds = {kind: vault.open_vault(practice=kind) for kind in (False, True)}
    for store in kinds.values():
        for exchange in EXCHANGES:
            for label in ("main", "second"):
                entry = Credentials("practice-key", label, "practice-id")
                store.save(exchange, entry, datetime.date(2026, 3, 4), label=label)
        store._write(store._slot("cex", 5), "damaged")
    options = ["--practice"] if practising else []
    gone = run(*options, "--forget", "--all")
    said = "cli.forgotten-all-practice" if practising else "cli.forgotten-all"
    assert (gone.returncode, gone.stdout.strip()) == (0, WORDS.say(said, store=kinds[False].name))
    slots = [(exchange, slot) for exchange in EXCHANGES for slot in vault._SLOTS]
    left = {kind: [place for place in slots if store._read(store._slot(*place))] for kind, store in kinds.items()}
    assert {kind: len(places) for kind, places in left.items()} == {practising: 0, not practising: 7}
    again = run(*options, "--forget", "--all")
    nothing = "cli.nothing-saved-practice" if practising else "cli.nothing-saved"
    assert again.returncode == 0
    assert again.stdout.splitlines() == [WORDS.say(nothing, **WORDS.terms(exchange)) for exchange in EXCHANGES]


@pytest.mark.usefixtures("_empty_keyring")
def test_a_broken_item_says_what_to_do() -> None:
    store = vault.open_vault(practice=True)
    store._write(store._slot("hitbtc2", 1), "rubbish")
    done = run("--practice", "--saved")
    assert done.returncode == 4
    assert one_sentence(done) == f"{WORDS.say('vault.broken-item')} {WORDS.say('cli.do.broken-item')}"


def at_a_terminal(arguments: list[str], *talk: tuple[str, str], out: IO[str] | None = None) -> tuple[int, str]:
    """Runs the program at a terminal of its own, typing each answer at its prompt: exit code and what was shown."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*CHECK, *arguments],
        stdin=slave,
        stdout=slave if out is None else out,
        stderr=slave,
        env={**os.environ, **NOWHERE},
        start_new_session=True,
    )
    os.close(slave)
    shown, waiting, until = b"", list(talk), time.monotonic() + 10
    try:
        while time.monotonic() < until:
            if not select.select([master], [], [], 0.1)[0]:
                continue
            try:
                more = os.read(master, 4096)
            except OSError:  # how Linux says that the other side is gone
                break
            shown += more
            if waiting and waiting[0][0].strip().encode() in shown:
                time.sleep(0.1)  # until the prompt has thrown away what was typed too early
                os.write(master, waiting.pop(0)[1].encode())
        return process.wait(5), shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.usefixtures("_empty_keyring")
@pytest.mark.parametrize("answer, kept", [("YES\n", True), ("yes\n", False)], ids=["YES", "yes"])
def test_a_key_that_may_withdraw_is_saved_after_a_yes_at_a_terminal(answer: str, kept: bool) -> None:
    code, shown = at_a_terminal(["--practice=can-withdraw", "--save"], (WORDS.say("cli.consent", yes="YES"), answer))
    assert code == EXIT_CODES[Outcome.CAN_WITHDRAW]
    assert ("Nothing was saved." in shown) is not kept
    assert (vault.open_vault(practice=True).load("hitbtc2") is not None) is kept


@pytest.mark.usefixtures("_empty_keyring")
def test_the_question_is_put_at_the_terminal_where_the_output_goes_to_a_file(tmp_path: Path) -> None:
    arguments = ["--practice=can-withdraw", "--save", "--json"]
    with (tmp_path / "out.json").open("w") as out:
        at_a_terminal(arguments, (WORDS.say("cli.consent", yes="YES"), "YES\n"), out=out)
    assert json.loads((tmp_path / "out.json").read_text())["outcome"] == "can-withdraw"
    assert vault.open_vault(practice=True).load("hitbtc2") is not None


@pytest.mark.usefixtures("_empty_keyring")
def test_another_key_is_replaced_only_where_that_is_asked_for() -> None:
    other = Credentials("another-key", "another-secret")
    vault.open_vault(practice=True).save("hitbtc2", other, datetime.date(2026, 3, 4))
    assert WORDS.say("cli.do.exists") in run("--practice", "--save").stdout
    kept = vault.open_vault(practice=True).load("hitbtc2")
    assert kept is not None
    assert kept.credentials == other
    assert WORDS.say("cli.do.exists") not in run("--practice", "--save", "--replace").stdout
    kept = vault.open_vault(practice=True).load("hitbtc2")
    assert kept is not None
    assert kept.credentials.key == KEYS["hitbtc2"].key


def test_what_is_typed_at_the_prompt_is_not_shown() -> None:
    code, shown = at_a_terminal([], (WORDS.say("cli.key"), f"{SENTINEL_KEY}\n"), (WORDS.say("cli.secret"), "\n"))
    assert code == 2
    assert WORDS.say("cli.secret").strip() in shown
    assert WORDS.say("cli.empty") in shown
    assert SENTINEL_KEY not in shown


# -- without a keyring --


def test_practice_without_a_keyring_says_that_nothing_was_saved_and_why() -> None:
    done = run("--practice", "--save", program=CHECK, **NO_BUS)
    assert (done.returncode, done.stderr) == (0, "")
    why = f"{WORDS.say('vault.no-store')} {WORDS.say('vault-do.no-store')}"
    assert done.stdout.splitlines()[-1] == WORDS.say("cli.not-saved", why=why)


def test_practice_without_a_keyring_has_nothing_to_forget() -> None:
    done = run("--practice", "--forget", program=CHECK, **NO_BUS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No practice key is saved for HitBTC. ")


@pytest.mark.parametrize(
    "arguments",
    [["--saved"], ["--forget"], ["--forget", "--all"], ["--accounts"], ["--practice", "--saved"]],
    ids=" ".join,
)
def test_without_a_keyring_what_needs_one_is_four(arguments: list[str]) -> None:
    done = run(*arguments, program=CHECK, **NO_BUS)
    assert done.returncode == 4
    assert one_sentence(done).startswith(WORDS.say("vault.no-store"))


# -- faults --


# The program with a keyring that never comes to an end.
BUSY = (
    *(sys.executable, "-c"),
    """import sys, time
from palma_wizard import cli, vault
vault._first_that_keeps = lambda found: (print('At work', flush=True), time.sleep(30))
sys.exit(cli.main(sys.argv[1:]))""",
)


@pytest.mark.parametrize(
    "program, arguments, begins, said",
    [
        (CHECK, ["--practice=hangs"], "Asking", "cli.cancelled"),
        (BUSY, ["--saved"], "At work", "cli.cancelled"),
        (BUSY, ["--practice", "--save"], "At work", "cli.cancelled-keyring"),
        (BUSY, ["--practice", "--forget"], "At work", "cli.cancelled-keyring"),
    ],
    ids=["check", "load", "save", "forget"],
)
def test_ctrl_c_ends_what_hangs_with_a_sentence_that_is_true(
    program: tuple[str, ...], arguments: list[str], begins: str, said: str
) -> None:
    process = subprocess.Popen(
        [*program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A background job is born with Ctrl+C ignored, and so would be the program in it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    with process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(begins):
            assert process.poll() is None
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err.strip()) == (130, WORDS.say(said))
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_a_missing_or_broken_file_is_a_sentence(damage: str, tmp_path: Path) -> None:
    package = Path(palma_wizard.__file__).parent
    shutil.copytree(package, tmp_path / "palma_wizard", ignore=shutil.ignore_patterns("__pycache__", "ui"))
    guide_folder = tmp_path / "resources" / "guide"
    guide_folder.mkdir(parents=True)
    (tmp_path / "resources" / "pictures").mkdir()
    shutil.copy(assets.path("pictures", "callouts.toml"), tmp_path / "resources" / "pictures")
    if damage == "broken":
        whole = assets.path("guide", "en.toml").read_text("utf-8")
        (guide_folder / "en.toml").write_text(whole.replace('title = "Open the settings"\n', ""), "utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from palma_wizard import cli; sys.exit(cli.main())"
    done = run("--practice", program=(sys.executable, "-c", code))
    assert done.returncode == 6
    assert ("en.toml, hitbtc2, step 5.title" if damage == "broken" else "en.toml cannot be read") in one_sentence(done)


def test_a_terminal_that_cannot_show_every_sign_is_no_traceback() -> None:
    done = run("--practice", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*CHECK, "--practice"],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )
    finally:
        os.close(writing)
    assert b"Traceback" not in done.stderr


def test_the_window_without_a_screen_names_the_command_line() -> None:
    done = run("--practice", program=CHECK[:-1], DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.returncode == 1
    assert "palma-check" in one_sentence(done)


def test_a_reader_that_goes_away_in_mid_check_is_no_traceback() -> None:
    process = subprocess.Popen(
        [*CHECK, "--practice=slow"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.usefixtures("_empty_keyring")
@pytest.mark.parametrize(
    "let_in, standing",
    [
        ((), None),
        (("203.0.113.0/24",), "same"),
        (("198.51.100.9",), "changed"),
        (("198.51.100.9", "2001:db8::7"), "changed"),
    ],
)
def test_a_saved_key_is_checked_with_the_address_it_was_let_in_from(
    let_in: tuple[str, ...], standing: str | None
) -> None:
    entry = Credentials(KEYS["hitbtc2"].key, KEYS["hitbtc2"].secret)
    vault.open_vault(practice=True).save("hitbtc2", entry, datetime.date(2026, 1, 2), let_in)
    told = json.loads(run("--practice", "--saved", "--json").stdout)
    assert told["own_address"] == standing
    if standing == "changed":
        said = run("--practice", "--saved").stdout
        assert "198.51.100.9" in said
        assert "203.0.113.7" in said


@pytest.mark.parametrize("language", ["de", "ja", "ar"])
def test_it_speaks_the_language_that_is_asked_for(language: str) -> None:
    words = guide.load(language)
    assert words.language == language
    done = run("--practice", "--lang", language)
    assert words.outcome(Outcome.WORKS, "hitbtc2").title in done.stdout
    assert words.say("right-state.confirmed") in done.stdout
    by_the_terminal = run("--practice=wrong-key", LC_ALL="", LANG=f"{language}.UTF-8")
    assert words.outcome(Outcome.WRONG_KEY, "hitbtc2").title in by_the_terminal.stdout
