"""Announcements of newer versions: only what the right key signed, in exactly one form, is believed."""

from __future__ import annotations

import asyncio
import datetime
import importlib.util
import re
import ssl
import stat
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from palma_wizard import __version__, assets, news
from palma_wizard.news import Announcement, read
from tests.announcements import KEY, signed, source
from tests.servers import (
    Authority,
    Server,
    never_ends,
    nobody,
    replies,
    resets,
    says,
    waits,
)

PUBLIC = KEY.verify_key.encode()
OTHER = SigningKey(bytes(range(1, 33)))
LINE = "1.2.3 2026-11-28"
FILE = signed(LINE)
DAY = datetime.date(2026, 11, 28)
REPLIES = replies(FILE)


def test_what_the_key_signed_is_read() -> None:
    assert read(FILE, [PUBLIC]) == Announcement((1, 2, 3), DAY)
    assert str(read(FILE, [PUBLIC])) == LINE


def test_while_one_key_takes_the_others_place_both_count() -> None:
    keys = [OTHER.verify_key.encode(), PUBLIC]
    assert read(FILE, keys) == read(signed(LINE, OTHER), keys) == Announcement((1, 2, 3), DAY)


def test_another_key_or_none_is_not_believed() -> None:
    assert read(FILE, [OTHER.verify_key.encode()]) is None
    assert read(signed(LINE, OTHER), [PUBLIC]) is None
    assert read(FILE, []) is None


def test_every_change_of_a_bit_and_every_cut_is_noticed() -> None:
    changed = [
        FILE[:place] + bytes([FILE[place] ^ (1 << bit)]) + FILE[place + 1 :]
        for place in range(len(FILE))
        for bit in range(8)
    ]
    cut = [FILE[:place] for place in range(len(FILE))]
    without = [FILE[:place] + FILE[place + 1 :] for place in range(len(FILE))]
    found = [each for each in (*changed, *cut, *without) if each != FILE and read(each, [PUBLIC]) is not None]
    assert found == []


@given(st.integers(0, len(FILE)), st.binary(min_size=1, max_size=300))
def test_nothing_may_be_put_in(place: int, more: bytes) -> None:
    assert read(FILE[:place] + more + FILE[place:], [PUBLIC]) is None


@given(st.binary(max_size=600))
@example(b"")
@example(b"\n")
@example(LINE.encode() + b"\n" + b"0" * 128 + b"\n")
def test_whatever_comes_is_ignored_without_a_fault(file: bytes) -> None:
    assert read(file, [PUBLIC]) is None


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[0-9.]{1,12} [0-9-]{8,12}", fullmatch=True)))
@example("9999.9999.9999 9999-12-31")
def test_a_signature_does_not_make_good_what_is_not_written_as_it_should(line: str) -> None:
    """Nothing but digits, dots and a day comes out, whoever signed what."""
    found = read(signed(line), [PUBLIC])
    assert found is None or (str(found) == line and re.fullmatch(r"[0-9.]{5,14} [0-9-]{10}", line, re.ASCII))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1.2.3",
        "1.2 2026-11-28",
        "1.2.3.4 2026-11-28",
        "01.2.3 2026-11-28",
        "1.2.03 2026-11-28",
        "1.2.-3 2026-11-28",
        "1.2.3rc1 2026-11-28",
        "v1.2.3 2026-11-28",
        "1.2.10000 2026-11-28",
        f"{'9' * 60}.0.0 2026-11-28",
        "\u0661.\u0662.\u0663 2026-11-28",
        "1.2.3 2026-11-31",
        "1.2.3 2026-W48-6",
        "1.2.3 20261128",
        "1.2.3 0000-01-01",
        "1.2.3  2026-11-28",
        "1.2.3 2026-11-28 ",
        " 1.2.3 2026-11-28",
        "1.2.3 2026-11-28 https://downloads.example/",
        "<b>1.2.3</b> 2026-11-28",
        "1.2.3\u202e 2026-11-28",
        "1.2.3 2026-11-28\r",
    ],
)
def test_other_forms_are_ignored_even_when_signed(line: str) -> None:
    assert read(signed(line), [PUBLIC]) is None


def test_bytes_that_are_no_text_are_ignored_even_when_signed() -> None:
    assert read(signed(b"\xff\xfe1.2.3 2026-11-28"), [PUBLIC]) is None


def test_a_long_file_is_not_even_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "_has_signed", lambda *_: pytest.fail("it was verified"))
    assert read(signed(LINE + " " * news.LONGEST), [PUBLIC]) is None


def test_what_was_signed_for_something_else_is_no_announcement() -> None:
    bare = LINE.encode() + b"\n" + KEY.sign(LINE.encode()).signature.hex().encode() + b"\n"
    assert read(bare, [PUBLIC]) is None


def test_it_is_verified_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "parse", lambda _: pytest.fail("it was parsed"))
    assert read(signed(LINE, OTHER), [PUBLIC]) is None


@pytest.mark.parametrize(
    "version, than, newer",
    [
        ("1.2.3", "1.2.2", True),
        ("1.10.0", "1.9.9", True),
        ("10.0.0", "9.9999.9999", True),
        ("1.2.3", "1.2.3", False),
        ("1.2.2", "1.2.3", False),
        ("0.9.0", "1.0.0", False),
        ("1.2.3", "1.2.3.dev1", False),
        ("1.2.3", "", False),
    ],
)
def test_newer_is_told_by_the_numbers(version: str, than: str, newer: bool) -> None:
    found = news.parse(f"{version} 2026-11-28")
    assert found is not None
    assert found.is_newer(than) is newer


def test_an_announcement_of_this_version_or_an_older_one_tells_nothing() -> None:
    own = news.parse(f"{__version__} 2026-11-28")
    assert own is not None, "the version of this program is three numbers"
    assert not own.is_newer()
    oldest = news.parse("0.0.0 2026-11-28")
    assert oldest is not None
    assert not oldest.is_newer()


def test_as_shipped_nobody_is_asked_and_the_addresses_are_invented() -> None:
    """Until the project has a place of its own: whoever lists a key here also has the addresses to put beside it."""
    shipped = news.source()
    assert shipped.keys == ()
    assert shipped.host.endswith(".example")
    assert shipped.page.partition("/")[2].partition("/")[2].partition("/")[0].endswith(".example")


ADDRESSES = 'announcement = "https://downloads.example/a.txt"\npage = "https://downloads.example/"\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "keys = []",
        ADDRESSES,
        ADDRESSES + 'keys = "00"',
        ADDRESSES + "keys = [7]",
        ADDRESSES + 'keys = ["00"]',
        ADDRESSES + f'keys = ["{"A0" * 32}"]',
        ADDRESSES.replace("https:", "http:") + "keys = []",
        ADDRESSES.replace("downloads.example/a", "user@downloads.example/a") + "keys = []",
        ADDRESSES.replace("downloads.example/a", "downloads.example:8443/a") + "keys = []",
        ADDRESSES.replace("a.txt", "a.txt?who=me") + "keys = []",
        ADDRESSES + "keys = [",
    ],
)
def test_a_damaged_list_of_keys_is_noticed(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists(tmp_path, monkeypatch, text)
    with pytest.raises(ValueError, match=r"updates\.toml|TOML|Invalid|Unclosed|array"):
        news.source()


def lists(place: Path, patch: pytest.MonkeyPatch, text: str) -> None:
    (place / "updates.toml").write_text(text)
    patch.setattr(assets, "path", place.joinpath)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that this computer trusts, as it trusts others: through its own store."""
    made = Authority()
    made.ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    return made


def asked_of(address: str) -> Announcement | None:
    return asyncio.run(news.ask(source(address)))


def test_it_is_asked_for_over_tls_and_nothing_is_told_of_the_person(authority: Authority) -> None:
    with Server(REPLIES, authority.serving("127.0.0.1")) as server:
        assert asked_of(f"{server.secure_url}/wizard/announcement.txt") == Announcement((1, 2, 3), DAY)
    (asked,) = server.asked
    first, *headers = asked.decode().removesuffix("\r\n\r\n").split("\r\n")
    assert first == "GET /wizard/announcement.txt HTTP/1.1"
    assert dict(each.split(": ", 1) for each in headers) == {
        "Host": f"127.0.0.1:{server.port}",
        "User-Agent": f"PalmaBotSetupWizard/{__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }


PLAYS = {
    "not found": replies(FILE, status="404 Not Found"),
    "out of order": replies(FILE, status="500 Internal Server Error"),
    "elsewhere": replies(b"", "Location: /other", status="302 Found"),
    "cut off": replies(FILE, length=len(FILE) + 1),
    "one byte more": replies(FILE + b"\n"),
    "another key": replies(signed(LINE, OTHER)),
    "a log-in page": replies(b"<!DOCTYPE html><title>Log in</title>"),
    "no text": replies(b"\xff" * 300),
    "nothing": replies(b""),
    "without end": never_ends(),
    "no HTTP": says(b"\x00\x00\x00"),
    "hung up": resets,
}


@pytest.mark.parametrize("name", PLAYS)
def test_whatever_else_comes_back_is_nothing(name: str, authority: Authority) -> None:
    with Server(PLAYS[name], authority.serving("127.0.0.1")) as server:
        assert asked_of(server.secure_url + "/a.txt") is None
    assert len(server.asked) == 1, "a redirect is not followed, and nothing is asked twice"


def strangers(_: Authority) -> ssl.SSLContext:
    return Authority().serving("127.0.0.1")


def of_another_name(authority: Authority) -> ssl.SSLContext:
    return authority.serving("downloads.example")


def expired(authority: Authority) -> ssl.SSLContext:
    return authority.serving("127.0.0.1", days=(-30, -1))


@pytest.mark.parametrize("certificate", [strangers, of_another_name, expired])
def test_a_host_that_is_not_the_one_is_not_even_asked(
    certificate: Callable[[Authority], ssl.SSLContext], authority: Authority
) -> None:
    with Server(REPLIES, certificate(authority)) as server:
        assert asked_of(server.secure_url + "/a.txt") is None
    assert server.asked == []


def test_no_network_is_no_announcement_and_no_exception() -> None:
    with nobody() as port:
        assert asked_of(f"https://127.0.0.1:{port}/a.txt") is None


def test_giving_up_ends_the_connection() -> None:
    async def give_up(address: str) -> None:
        asking = asyncio.create_task(news.ask(source(address)))
        while not server.asked:
            await asyncio.sleep(0.01)
        asking.cancel()

    with Server(waits) as server:
        begun = time.monotonic()
        asyncio.run(give_up(server.url + "/a.txt"))
        assert server.ended.wait(2)
    assert time.monotonic() - begun < 3


@pytest.fixture
def announce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The script that makes announcements, in a folder of its own."""
    spec = importlib.util.spec_from_file_location("announce", Path(__file__).parent.parent / "packaging/announce.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    monkeypatch.setattr(made, "ROOT", tmp_path)
    return made


def test_what_the_script_signs_the_program_believes(
    announce: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    private = tmp_path / "practice-key"
    announce.new_key(str(private))
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    shown = re.search(r"keys = \[.*\]", capsys.readouterr().out)
    assert shown is not None
    assert private.read_text().strip() not in shown.group()
    lists(tmp_path, monkeypatch, ADDRESSES + shown.group())
    announce.keys()
    announce.sign("1.2.3", "2026-01-02", str(private))
    file = tmp_path / "build" / "a.txt"
    assert read(file.read_bytes(), news.source().keys) == Announcement((1, 2, 3), datetime.date(2026, 1, 2))
    assert "1.2.3" in capsys.readouterr().out
    file.write_bytes(file.read_bytes().replace(b"1.2.3", b"1.2.4"))
    with pytest.raises(SystemExit, match="ignore"):
        announce.verify(str(file))
    with pytest.raises(SystemExit, match="there already"):
        announce.new_key(str(private))


@pytest.mark.parametrize(
    "announced, named",
    [
        ("1.2 2026-01-02", "three numbers"),
        ("1.2.3 2.1.2026", "three numbers"),
        ("1.2.3 9999-01-01", "not to come"),
        ("1.2.3 2026-01-02", "does not list this key"),
    ],
)
def test_the_script_signs_nothing_that_no_program_would_believe(
    announced: str, named: str, announce: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "practice-key"
    announce.new_key(str(private))
    lists(tmp_path, monkeypatch, ADDRESSES + "keys = []")
    with pytest.raises(SystemExit, match=named):
        announce.sign(*announced.split(), str(private))
    assert not (tmp_path / "build").exists()


def test_a_build_without_keys_says_so(announce: types.ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    announce.keys()
    assert "does not offer" in capsys.readouterr().out
