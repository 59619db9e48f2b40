"""That a secret stays where it is: in its type, out of logs, tracebacks, files, arguments and core dumps."""

from __future__ import annotations

import base64
import copy
import dataclasses
import datetime
import html
import json
import logging
import os
import pickle
import re
import subprocess
import sys
import textwrap
import time
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palma_wizard import report, secrecy
from palma_wizard.exchanges import Check, CheckState, Credentials, Moment, Outcome, Reading, Signed, Verdict, hitbtc
from palma_wizard.practice import SCENARIOS
from palma_wizard.secrecy import HIDDEN, redact, writings
from palma_wizard.vault import Saved
from tests.sentinel import KEY, SECRET, USER_ID, found_in, found_under

ENTRY = Credentials(KEY, SECRET, USER_ID)
SIGNED = hitbtc.sign(hitbtc.PALMABOT, ENTRY, Moment(0, ""))


# -- the type --


HOLDERS = {"entry": ENTRY, "header": SIGNED, "body": Signed({"X": SECRET}, SECRET.encode())}


@dataclasses.dataclass
class Holder:
    held: object


@pytest.mark.parametrize("name", HOLDERS)
def test_the_types_show_nothing(name: str) -> None:
    held = HOLDERS[name]
    shown = [
        repr(held),
        str(held),
        f"{held}",
        f"{held!s:>40}",
        "%s %r" % (held, held),  # noqa: UP031
        str([held]),
        repr(Holder(held)),
        str(dataclasses.asdict(Holder(held))),
        repr(copy.copy(held)),
        repr(copy.deepcopy(held)),
        ascii(held),
    ]
    assert not any(found_in(text) for text in shown)
    for serialise in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError) as caught:
            serialise(held)
        assert not found_in(str(caught.value))
    assert not hasattr(held, "__dict__")
    with pytest.raises(TypeError):
        hash(held)


def test_a_saved_account_shows_nothing() -> None:
    assert not found_in(repr(Saved("main", ENTRY, datetime.date(2026, 1, 2))))


def test_a_failing_test_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_fails.py").write_text(
        textwrap.dedent(
            """
            import datetime
            from palma_wizard.exchanges import Credentials
            from palma_wizard.vault import Saved
            from tests.sentinel import KEY, SECRET, USER_ID

            def test_fails():
                today = datetime.date(2026, 1, 2)
                one, other = Credentials(KEY, SECRET, USER_ID), Credentials(SECRET, KEY)
                assert Saved("main", one, today) == Saved("main", other, today) and one == other
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-vv", "--showlocals", "-p", "no:cacheprovider", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed" in done.stdout
    assert not found_in(done.stdout + done.stderr)


# -- the two layers --


@given(st.text(min_size=8, max_size=60), st.binary(max_size=4), st.binary(max_size=4))
def test_a_living_secret_is_hidden_in_every_writing(secret: str, before: bytes, after: bytes) -> None:
    held = Credentials("", secret)
    raw = secret.encode("utf-8", "surrogatepass")
    for written in (
        secret,
        json.dumps({"secret": secret}),
        json.dumps([secret])[2:-2],
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(before + raw + after).decode(),
        base64.urlsafe_b64encode(before + raw + after).decode(),
    ):
        hidden = redact(f"<<{written}>>")
        assert written not in hidden or written == HIDDEN
        assert not any(len(each) > 8 and each in hidden for each in writings(secret))
    assert held.secret == secret


ODD = "a/b+c?\"d'e&f<g>\\é~"
"""Each sign of it is written otherwise somewhere."""
RAW = ODD.encode()
WRITTEN = {
    "plain": ODD,
    "json": json.dumps({"x": ODD}),
    "json with its own letters": json.dumps({"x": ODD}, ensure_ascii=False),
    "json with slashes escaped": json.dumps({"x": ODD}).replace("/", "\\/"),
    "percent": urllib.parse.quote(ODD, safe=""),
    "percent in small letters": re.sub("%..", lambda code: code[0].lower(), urllib.parse.quote(ODD, safe="")),
    "percent in a path": urllib.parse.quote(ODD),
    "percent in a form": urllib.parse.urlencode({"x": ODD}),
    "html": html.escape(ODD),
    "html of templates": html.escape(ODD).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "xml": html.escape(ODD).replace("&#x27;", "&apos;"),
    "html between tags": html.escape(ODD, quote=False),
    "repr": repr([ODD]),
    "repr in a text with both quotes": repr(f"'\"{ODD}"),
    "ascii": ascii(ODD),
    "repr of bytes": repr(RAW),
    "hex": RAW.hex(),
    "hex in capitals": RAW.hex().upper(),
    "utf-16": ODD.encode("utf-16-le").decode("latin-1"),
    **{
        f"{name} after {ahead}{padded}": kind(b"." * ahead + RAW).decode().rstrip("=" if padded else "")
        for name, kind in {"base64": base64.b64encode, "url-safe base64": base64.urlsafe_b64encode}.items()
        for ahead in range(3)
        for padded in ("", ", bare")
    },
    "base64 in a url": urllib.parse.quote(base64.b64encode(RAW + b"\xfb\xef\xff").decode(), safe=""),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_log_record_holds_a_living_secret_in_no_writing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrecy, "_TOKEN", re.compile("(?!)"))  # which hides much that the first layer has to
    held = Credentials("", ODD)
    record = secrecy._Record("any", logging.DEBUG, "", 1, "<%s>", (WRITTEN[name],), None)
    assert HIDDEN in record.msg
    third = len(WRITTEN[name]) // 3
    assert WRITTEN[name][third:-third] not in record.msg
    assert held.secret == ODD


@pytest.mark.parametrize(
    "text, hides",
    [
        ("user_id=2026", True),
        ("user_id%3d2026&x=1", True),
        ('{"owner": 2026}', True),
        ('{"owner":"2026"}', True),
        ("https://api.example/v1/2026/orders?of=2026", True),
        ("account 2026.", True),
        ("'one\\n2026'", True),
        ("2026-11-24 12:00:00,123", False),
        ("24/11/2026", False),
        ("127.0.0.1:2026", False),
        ("[::1]:2026", False),
        ("https://api.example:2026/v1", False),
        ("took 2026.25 or 0.2026", False),
        ("order 12026, id a2026", False),
    ],
)
def test_a_short_user_id_is_hidden_and_what_only_looks_like_it_is_not(
    text: str, hides: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrecy, "living_secrets", lambda: {"2026"})  # those of other tests may still live
    assert redact(text) == (text.replace("2026", HIDDEN) if hides else text)


def test_a_secret_that_is_gone_is_not_kept_for_hiding_it() -> None:
    held = Credentials("", "soon gone 123")
    assert redact("soon gone 123") == HIDDEN
    del held
    assert redact("soon gone 123") == "soon gone 123"


UNKNOWN = "Vt3xQ-hN81sLw_Kd0aZpRy7MfUj5Eb2G"
PASSWORD = "correct.horse"
"""Nothing about it looks random: only its place tells."""


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Basic {base64.b64encode(UNKNOWN.encode()).decode()}",
        f"{{'Authorization': 'HS256 {UNKNOWN}'}}",
        f"X-Auth: BITSTAMP {UNKNOWN.lower()}",
        f"X-Auth-Signature: {UNKNOWN.lower()}",
        f'{{"X-AGGR-KEY":"{UNKNOWN.lower()}"}}',
        f"key={UNKNOWN.lower()}&signature=abc",
        f'{{"secret": "{UNKNOWN.lower()}"}}',
        f"api_key: {UNKNOWN.lower()}",
        f"Set-Cookie: session={UNKNOWN}",
        f"something {UNKNOWN} else",
        f"digest {'0123456789abcdef' * 4}",
        f'b\'"password": b"{UNKNOWN.lower()}"\'',
        *(f"{name}={PASSWORD}" for name in ("client_secret", "secretKey", "apiSecret", "api_key", "HTTP_PROXY_PASSWD")),
        *(
            f"{name}: {PASSWORD}"
            for name in ("KC-API-PASSPHRASE", "KC-API-SIGN", "X-MBX-APIKEY", "CB-ACCESS-SIGN", "X-Auth")
        ),
        *(f"Authorization: {scheme} {PASSWORD}" for scheme in ("Basic", "Bearer", "HS256", "Digest")),
        f'HTTP_AUTHORIZATION=Digest username="someone", response="{PASSWORD}"',
        f'Cookie: theme="dark"; id={PASSWORD}',
        f"{{'Set-Cookie': 'theme=\"dark\"; id={PASSWORD}; Secure'}}",
        f'{{"secret": "ab,{PASSWORD}"}}',
        f'"{{\\"apiKey\\": \\"ab;{PASSWORD}\\"}}"',
        f"private_key%3d{PASSWORD}",
        f"proxy http://someone:{PASSWORD}@proxy.example:3128 failed",
        f"socks5h://some@one:{PASSWORD}@proxy.example",
    ],
)
def test_what_looks_like_a_secret_is_hidden_though_nobody_knows_it(text: str) -> None:
    hidden = redact(text)
    assert HIDDEN in hidden
    assert UNKNOWN not in hidden
    assert UNKNOWN.lower() not in hidden
    assert "0123456789abcdef" not in hidden
    assert PASSWORD not in hidden
    assert redact(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "Starting new HTTPS connection (1): api.hitbtc.com:443",
        'https://api.hitbtc.com:443 "GET /api/3/public/symbol/BTCUSDT HTTP/1.1" 200 512',
        "palma_wizard.ui.tasks a task ended with RuntimeError",
        "Linux-6.1.0-13-amd64-x86_64-with-glibc2.36",
        "2026-11-24 12:00:00,123 DEBUG 1700000000",
        "KeyError: 'symbol'",
        "https://docs.example/a@b?next=://c",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrecy, "living_secrets", set)  # those of other tests may still live
    assert redact(text) == text


# -- wherever an error may surface --


def python(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


START = """
from palma_wizard import secrecy
from palma_wizard.exchanges import Credentials
from tests.sentinel import KEY, SECRET, USER_ID
entry = Credentials(KEY, SECRET, USER_ID)
secrecy.install()
said = f"lost: {entry.secret}"
"""
SURFACES = {
    "an exception": "raise RuntimeError(said)",
    "with a cause": "try:\n    raise ValueError(said)\nexcept ValueError as error:\n    raise OSError(said) from error",
    "with a note": "error = RuntimeError('x')\nerror.add_note(said)\nraise error",
    "a group": "raise ExceptionGroup(said, [ValueError(said)])",
    "a thread": "import threading\nthread = threading.Thread(target=lambda: 1 / len(said[:0]), name=said)\n"
    "thread.run = lambda: int(said)\nthread.start()\nthread.join()",
    "a finaliser": "class Broken:\n    def __del__(self):\n        raise RuntimeError(said)\nBroken()",
    "a warning": "import warnings\nwarnings.warn(said)",
    "a log": "import logging\nlogging.basicConfig(level=0)\nlogging.getLogger('any.where').error('%s', said)",
    "a log of objects": "import logging\nlogging.basicConfig(level=0)\nlogging.error('%s %r', [said], {'a': said})",
    "a log of an exception": "import logging\nlogging.basicConfig(level=0)\ntry:\n    raise ValueError(said)\n"
    "except ValueError:\n    logging.exception('caught')",
    "a log that cannot be written": "import logging\nlogging.basicConfig(level=0)\nlogging.error('%d', said)",
    "a log of a stack": "import logging\nlogging.basicConfig(level=0)\nlogging.error('stack', stack_info=True)",
    "a task": "import asyncio\nasync def work():\n    raise RuntimeError(said)\nasync def main():\n"
    "    task = asyncio.ensure_future(work())\n    await asyncio.sleep(0.1)\nasyncio.run(main())",
    "a slow task": "import asyncio, time\nasync def work(text):\n    time.sleep(0.2)\n"
    "asyncio.run(work(said), debug=True)",
}


@pytest.mark.parametrize("name", SURFACES)
def test_wherever_an_error_surfaces_it_shows_no_secret(name: str) -> None:
    done = python(START + SURFACES[name], "-X", "dev")
    assert done.stderr
    assert not found_in(done.stdout + done.stderr)
    if name not in {"a log that cannot be written", "a log of a stack", "a slow task"}:
        assert HIDDEN in done.stderr


@pytest.mark.parametrize(
    "text", ["a-", "key", "key:'", "key\\'", "cookie:\"'", "://", "://a", "2026", "\\", "x-auth-", "user "]
)
@pytest.mark.parametrize("end", ["", " ", "@"])
def test_a_long_text_is_redacted_in_time(text: str, end: str) -> None:
    """Twice as long takes twice as long: with a square in it, this would take minutes."""
    held = Credentials("", "", "2026")
    begun = time.monotonic()
    redact(text * 100_000 + end * 100_000)
    assert time.monotonic() - begun < 3
    assert held.user_id


def test_an_argument_that_is_a_secret_is_not_said_again() -> None:
    code = f"from palma_wizard import cli\nraise SystemExit(cli.main(['--practice', '--secret={SECRET}', {SECRET!r}]))"
    done = python(code)
    assert done.returncode == 2
    assert not found_in(done.stdout + done.stderr)


def test_a_report_is_redacted_whatever_got_into_it() -> None:
    row = Check("read", CheckState.REFUSED, 12, f"HTTP 403 {ENTRY.secret}")
    leaky = Verdict("hitbtc2", False, Reading(Outcome.WRONG_KEY, {}), (row,))
    text = report.write(leaky, datetime.datetime.now().astimezone())
    assert HIDDEN in text
    assert not found_in(text)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("guarded", [True, False])
def test_a_crash_leaves_no_core_dump(guarded: bool, tmp_path: Path) -> None:
    import resource

    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("this system allows no core dumps at all")
    code = f"""
        import os, resource, signal
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        os.chdir({str(tmp_path)!r})
        if {guarded}:
            from palma_wizard import secrecy
            secrecy.install()
        child = os.fork()
        if not child:
            os.kill(os.getpid(), signal.SIGSEGV)
        print(os.WCOREDUMP(os.waitpid(child, 0)[1]))
        """
    if not guarded and python(code).stdout.strip() == "False":
        pytest.skip("this system writes no core dumps even where it is asked to")
    assert python(code).stdout.strip() == ("False" if guarded else "True")


def test_logs_are_redacted_at_every_level_and_logger(caplog: pytest.LogCaptureFixture) -> None:
    former = logging.getLogRecordFactory()
    secrecy.install()
    try:
        for name in ("urllib3.connectionpool", "qasync", "asyncio", "keyring", "", "any.other"):
            logger = logging.getLogger(name)
            with caplog.at_level(logging.DEBUG, logger=name):
                logger.debug("asked with %r", {"secret": ENTRY.secret})
        assert caplog.text.count(HIDDEN) >= 6
        assert not found_in(caplog.text)
    finally:
        logging.setLogRecordFactory(former)


# -- the whole product, with everything at DEBUG --


@pytest.mark.parametrize("exchange", ["hitbtc2", "bitstamp", "cex"])
def test_the_command_line_leaves_no_secret_behind(exchange: str, tmp_path: Path, keyring_session: None) -> None:
    """Success and every failure: with the practice exchange's own key replaced by one that is looked for afterwards."""
    everywhere = ("works", "wrong-key", "closes-half-way", "older-switched-off")
    for scenario in (each for each in SCENARIOS if each != "hangs" and (exchange == "hitbtc2" or each in everywhere)):
        done = python(
            f"""
            from tests import sentinel
            raise SystemExit(sentinel.command_line({exchange!r}, {scenario!r}))
            """,
            *("-X", "dev"),
            HOME=str(tmp_path),
            TMPDIR=str(tmp_path),
            XDG_CONFIG_HOME=str(tmp_path / "config"),
            XDG_DATA_HOME=str(tmp_path / "data"),
            XDG_CACHE_HOME=str(tmp_path / "cache"),
        )
        assert "DEBUG:" in done.stderr
        assert not found_in(done.stdout + done.stderr), scenario
    assert list(tmp_path.rglob("report-*.txt"))
    assert not found_under(tmp_path)


def test_the_window_leaves_no_secret_behind(tmp_path: Path, keyring_session: None, screen: None) -> None:
    done = python(
        """
        from tests import sentinel
        raise SystemExit(sentinel.window())
        """,
        *("-X", "dev"),
        HOME=str(tmp_path),
        TMPDIR=str(tmp_path),
        XDG_CONFIG_HOME=str(tmp_path / "config"),
        XDG_DATA_HOME=str(tmp_path / "data"),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert "the walk is over" in done.stdout, done.stdout + done.stderr
    assert "DEBUG:" in done.stderr
    assert not found_in(done.stdout + done.stderr)
    assert not found_under(tmp_path)


def test_the_search_finds_a_secret_in_every_writing(tmp_path: Path) -> None:
    """What looks for the sentinel is itself tried, so that it cannot be blind."""
    for number, written in enumerate(writings(SECRET)):
        assert found_in(f"xx{written}yy")
        (tmp_path / str(number)).write_bytes(f"xx{written}yy".encode("latin-1"))
        assert found_under(tmp_path)
        (tmp_path / str(number)).unlink()
    assert found_in(urllib.parse.quote(KEY))
    assert found_in(base64.b64encode(f"{KEY}:{SECRET}".encode()).decode())
    (tmp_path / "wide").write_bytes(SECRET.encode("utf-16-le"))
    assert found_under(tmp_path)
