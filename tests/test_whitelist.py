"""The rehearsal of a list of allowed addresses: what is understood, what is said, and who would get in."""

from __future__ import annotations

import ipaddress
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palma_wizard.exchanges import PALMABOT_ADDRESS as BOT
from palma_wizard.exchanges.whitelist import (
    LONGEST_ENTRY,
    MOST_CHARACTERS,
    MOST_ENTRIES,
    AddressKind,
    Entry,
    Problem,
    Standing,
    changed,
    covering,
    kind,
    rehearse,
)

OWN, OWN6 = "203.0.113.7", "2001:db8::7"
OTHER = "198.51.100.9"
P = Problem


def named(problems: tuple[Problem, ...]) -> set[str]:
    return {problem.name for problem in problems}


def networks_of(entry: Entry) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [] if entry.written is None else list(entry.written.networks())


def full_width(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


# -- taking a text apart --


@pytest.mark.parametrize(
    "text",
    [
        f"{BOT}\n{OWN}",
        f"{BOT}\r\n\r\n{OWN}\r\n",
        f"  {BOT}\t{OWN} ",
        f"{BOT},{OWN}",
        f"{BOT}; {OWN};",
        f"{BOT} | {OWN}",
        f"{BOT}、{OWN}",
        f"{BOT}\u00a0{OWN}",
        f"{BOT}\u2028{OWN}",
        f"{BOT}\u3000{OWN}",
        f"{BOT} and {OWN}",
        f"{BOT} AND\n& {OWN}",
        f"1. {BOT}\n2. {OWN}",
        f"1) {BOT}\n(2){OWN}",
        f"1.\n{BOT}\n2.\n{OWN}",
        f"- {BOT}\n-{OWN}",
        f"* {BOT}\n• {OWN}",
        f"•{BOT}•{OWN}",
        f"– {BOT}\n— {OWN}",
        f"----------\n{BOT}\n==========\n{OWN}\n>\n#\n~~~",
        f"| {BOT} | {OWN} |",
    ],
    ids=ascii,
)
def test_whatever_stands_between_entries_is_no_part_of_them(text: str) -> None:
    found = rehearse(text, [OWN])
    assert [entry.text for entry in found.entries] == [BOT, OWN]
    assert (found.palmabot, found.you, found.safe) == (True, {"ipv4": True}, True)
    assert found.corrected == (BOT, OWN)


@pytest.mark.parametrize(
    "text",
    [
        f'"{BOT}", "{OWN}"',
        f"['{BOT}', '{OWN}']",
        f"“{BOT}” «{OWN}»",
        f"[{BOT}] ({OWN})",
        f"<{BOT}> {{{OWN}}}",
        f"{BOT} and {OWN}.",
        f"{full_width(BOT)} {full_width(OWN)}",
        "46。19。9。48,203.0.113.7",
        "٤٦.١٩.٩.٤٨ 203.0.113.7",
        f"\ufeff{BOT}\n{OWN}",
        f"{BOT}\u200b\n{OWN}",
        f"46.19.\u200b9.48\n{OWN}",
        f"\u202a{BOT}\u202c\n{OWN}\x00",
    ],
    ids=ascii,
)
def test_characters_an_exchange_need_not_take_are_understood_and_said(text: str) -> None:
    found = rehearse(text, [OWN])
    assert found.palmabot
    assert found.you == {"ipv4": True}
    assert "CHARACTERS" in {problem.name for entry in found.entries for problem in entry.problems}
    assert not found.safe
    assert found.corrected == (BOT, OWN)


@pytest.mark.parametrize("text", ["", " \n\t\u00a0\u200b\x00", ",;|", "1.\n- \n•", "and", '""', "-----"], ids=ascii)
def test_a_list_without_entries_is_empty_and_lets_everybody_in(text: str) -> None:
    found = rehearse(text, [OWN, OWN6])
    assert found.empty
    assert (found.entries, found.palmabot, found.you) == ((), True, {"ipv4": True, "ipv6": True})
    assert found.safe
    assert found.corrected == (BOT, OWN, OWN6)


# -- one entry --


@pytest.mark.parametrize(
    "text, meant, problems",
    [
        ("203.0.113.9", "203.0.113.9", ""),
        ("2001:DB8:0:0::9", "2001:db8::9", ""),
        ("203.0.113.9/32", "203.0.113.9", ""),
        ("203.0.113.0/24", "203.0.113.0/24", ""),
        ("203.0.113.0 / 24", "203.0.113.0/24", ""),
        ("203.0.113.0 /24", "203.0.113.0/24", ""),
        ("2001:db8:1::/48", "2001:db8:1::/48", ""),
        ("2001:db8::9/128", "2001:db8::9", ""),
        ("203.0.113.7-203.0.113.20", "203.0.113.7-203.0.113.20", ""),
        ("203.0.113.7 - 203.0.113.20", "203.0.113.7-203.0.113.20", ""),
        ("203.0.113.7 -20", "203.0.113.7-203.0.113.20", ""),
        ("203.0.113.7-7", "203.0.113.7", ""),
        ("203.0.113.7 – 20", "203.0.113.7-203.0.113.20", "CHARACTERS"),
        ("203.0.113.7—203.0.113.20", "203.0.113.7-203.0.113.20", "CHARACTERS"),
        ("203.0.113.8-15", "203.0.113.8/29", ""),
        ("2001:db8::8 - 2001:db8::f", "2001:db8::8/125", ""),
        ("1.1.1.1 - 1.1.1.3", "1.1.1.1-1.1.1.3", ""),
        # not an address
        ("PalmaBot", "", "NOT_AN_ADDRESS"),
        ("3405803785", "", "NOT_AN_ADDRESS"),
        ("203.0.113.9.1", "", "NOT_AN_ADDRESS"),
        ("203..113.9", "", "NOT_AN_ADDRESS"),
        ("2O3.0.113.9", "", "NOT_AN_ADDRESS"),
        ("203.0.113.9²", "", "NOT_AN_ADDRESS"),
        ("①203.0.113.9", "", "NOT_AN_ADDRESS"),
        ("203.0.113.9/33", "", "NOT_AN_ADDRESS"),
        ("203.0.113.0/024", "", "NOT_AN_ADDRESS"),
        ("203.0.113.0/255.255.255.0", "", "NOT_AN_ADDRESS"),
        ("203.0.113.9/198.51.100.9", "", "NOT_AN_ADDRESS"),
        ("2001:db8::9/129", "", "NOT_AN_ADDRESS"),
        ("2001:db8::9::1", "", "NOT_AN_ADDRESS"),
        ("203.0.113.1-203.0.113.2-203.0.113.3", "", "NOT_AN_ADDRESS"),
        ("203.0.113.0/28-203.0.113.16/28", "", "NOT_AN_ADDRESS"),
        ("203.0.113.9-", "", "NOT_AN_ADDRESS"),
        ("2001:db8::9-20", "", "NOT_AN_ADDRESS"),
        ("🙂", "", "NOT_AN_ADDRESS"),
        ("1" * 5000, "", "NOT_AN_ADDRESS"),
        ("2" * 5000 + ".0.0.1", "", "NOT_AN_ADDRESS"),
        # not the whole, or not the right numbers
        ("203.0.113", "", "INCOMPLETE"),
        ("203.0.113.", "", "INCOMPLETE"),
        ("203.0.113.*", "", "INCOMPLETE"),
        ("203.0.x.x", "", "INCOMPLETE"),
        ("203.0.113/24", "", "INCOMPLETE"),
        ("203.0.113-203.0.114", "", "INCOMPLETE"),
        ("203.0.113.256", "", "NUMBER_TOO_LARGE"),
        ("2030.0.113.9", "", "NUMBER_TOO_LARGE"),
        ("203.0.113.9-300", "", "NUMBER_TOO_LARGE"),
        ("203.0.113.09", "203.0.113.9", "LEADING_ZERO"),
        ("203.000.113.007", "203.0.113.7", "LEADING_ZERO"),
        ("203.0.113.010", "", "LEADING_ZERO"),
        ("203.0.113.018", "203.0.113.18", "LEADING_ZERO"),
        ("046.019.009.055", "46.19.9.55", "LEADING_ZERO"),
        ("203.0.113.020-203.0.113.30", "", "LEADING_ZERO"),
        # not on the internet
        ("192.168.1.20", "", "PRIVATE"),
        ("10.0.0.0/8", "", "PRIVATE"),
        ("172.31.255.255", "", "PRIVATE"),
        ("fd00::1", "", "PRIVATE"),
        ("192.168.1.1-192.168.1.9", "", "PRIVATE"),
        ("100.64.0.1", "", "CGNAT"),
        ("127.0.0.1", "", "LOOPBACK"),
        ("::1", "", "LOOPBACK"),
        ("0.0.0.0", "", "RESERVED"),
        ("::", "", "RESERVED"),
        ("224.0.0.1", "", "RESERVED"),
        ("ff02::1", "", "RESERVED"),
        ("255.255.255.255", "", "RESERVED"),
        ("169.254.1.1", "", "RESERVED"),
        ("fe80::1", "", "RESERVED"),
        ("64:ff9b::1", "", "RESERVED"),
        ("223.255.255.254-224.0.0.9", "223.255.255.254/31", "RESERVED"),
        ("10.255.255.255-11.0.0.0", "11.0.0.0", "PRIVATE"),
        # written for something else
        ("fe80::1%eth0", "", "RESERVED ZONE"),
        ("2001:db8::9%eth0", "2001:db8::9", "ZONE"),
        ("%eth0", "", "NOT_AN_ADDRESS"),
        ("203.0.113.9:443", "203.0.113.9", "PORT"),
        ("[2001:db8::9]:443", "2001:db8::9", "PORT"),
        ("192.168.1.1:80", "", "PORT PRIVATE"),
        ("https://203.0.113.9/", "203.0.113.9", "WEB_ADDRESS"),
        ("https://203.0.113.9:8443", "203.0.113.9", "WEB_ADDRESS"),
        ("https://203.0.113.9/24", "", "WEB_ADDRESS"),
        ("https://hitbtc.com/settings", "", "WEB_ADDRESS"),
        ("https://hitbtc.com/" + "a" * 200, "", "WEB_ADDRESS"),
        ("api.hitbtc.com", "", "WEB_ADDRESS"),
        ("my-host.example.com:443/path", "", "WEB_ADDRESS"),
        ("::ffff:203.0.113.9", "203.0.113.9", "MAPPED"),
        ("::ffff:203.0.113.9/120", "203.0.113.0/24", "HOST_BITS MAPPED"),
        ("::ffff:192.168.1.1", "", "MAPPED PRIVATE"),
        # more, or other, than somebody may think
        ("203.0.113.9/24", "203.0.113.0/24", "HOST_BITS"),
        ("2001:db8::9/64", "2001:db8::/64", "HOST_BITS"),
        ("203.0.0.0/16", "203.0.0.0/16", ""),
        ("203.0.113.9/15", "", "HOST_BITS TOO_WIDE"),
        ("2001:db8::/32", "2001:db8::/32", ""),
        ("2001:db8::/31", "", "TOO_WIDE"),
        ("0.0.0.0/0", "", "TOO_WIDE"),
        ("::/0", "", "TOO_WIDE"),
        ("203.0.113.9/0", "", "HOST_BITS TOO_WIDE"),
        ("46.19.9.1-203.0.113.9", "", "TOO_WIDE"),
        ("0.0.0.0-255.255.255.255", "", "TOO_WIDE"),
        ("203.0.0.0-203.0.255.255", "203.0.0.0/16", ""),
        ("203.0.0.0-203.1.0.0", "", "TOO_WIDE"),
        ("203.0.113.20-203.0.113.7", "", "BACKWARDS"),
        ("203.0.113.20-7", "", "BACKWARDS"),
        ("203.0.113.9-2001:db8::9", "", "MIXED"),
        # a slip
        ("46.19.9.84", "", "NEARLY_PALMABOT"),
        ("46.91.9.48", "", "NEARLY_PALMABOT"),
        ("49.16.9.48", "", "NEARLY_PALMABOT"),
        ("46.19.9.47", "", "NEARLY_PALMABOT"),
        ("46.19.9.4", "", "NEARLY_PALMABOT"),
        ("46.19.9.148", "", "NEARLY_PALMABOT"),
        ("46.19.9.480", "", "NUMBER_TOO_LARGE NEARLY_PALMABOT"),
        ("46.19.948", "", "NUMBER_TOO_LARGE NEARLY_PALMABOT"),
        ("46.19.9.48.", "46.19.9.48", "CHARACTERS"),
        ("46.19.9.55", "46.19.9.55", ""),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_an_entry_means_one_thing_or_nothing_and_its_problems_are_said(text: str, meant: str, problems: str) -> None:
    (entry,) = rehearse(text, []).entries
    assert (entry.meant, named(entry.problems)) == (meant, set(problems.split()))


@pytest.mark.parametrize(
    "text, networks",
    [
        ("203.0.113.9", ["203.0.113.9/32"]),
        ("203.0.113.9/24", ["203.0.113.0/24"]),
        ("203.0.113.7-9", ["203.0.113.7/32", "203.0.113.8/31"]),
        ("192.168.0.0/16", ["192.168.0.0/16"]),
        ("203.0.113.9:443", []),
        ("203.0.113.09", []),
        ("::ffff:203.0.113.9", []),
        ("::ffff:203.0.113.9/120", []),
        ("::ffff:203.0.113.1-::ffff:203.0.113.9", []),
        ("https://203.0.113.9", []),
        ("2001:db8::9%eth0", []),
        ("nothing", []),
    ],
)
def test_only_what_is_written_as_an_address_lets_somebody_in(text: str, networks: list[str]) -> None:
    (entry,) = rehearse(text, []).entries
    assert [str(network) for network in networks_of(entry)] == networks


@pytest.mark.parametrize(
    "text, meant",
    [
        ("PalmaBot - 46.19.9.48", ["", "", BOT]),
        ("1 - 46.19.9.48", ["", "", BOT]),
        ("PalmaBot: 46.19.9.48 (bot)", ["", BOT, ""]),
        ("203.0.113.9 / 198.51.100.9", ["203.0.113.9", "", OTHER]),
        ("203.0.113.1\n- 203.0.113.9", ["203.0.113.1", "203.0.113.9"]),
        ("203,0,113,9", ["", "", "", ""]),
        ("5 203.0.113.9", ["", "203.0.113.9"]),
    ],
)
def test_what_stands_beside_an_address_does_not_hide_it(text: str, meant: list[str]) -> None:
    found = rehearse(text, [])
    assert [entry.meant for entry in found.entries] == meant


@pytest.mark.parametrize(
    "text, own, problems",
    [
        ("203.0.113.8", [OWN], "NEARLY_YOURS"),
        ("203.0.113.77", [OWN], "NEARLY_YOURS"),
        ("203.0.131.7", [OWN], "NEARLY_YOURS"),
        ("203.0.113.7.", [OWN], "CHARACTERS"),
        ("203.0.113.7", [OWN, "203.0.113.8"], ""),
        ("203.0.113.9", ["198.51.100.7"], ""),
        (BOT, ["46.19.9.84"], ""),
        ("46.19.9.84", ["46.19.9.84"], ""),
        ("46.19.9.84", [BOT], "NEARLY_PALMABOT NEARLY_YOURS"),
        ("2001:db8::8", [OWN6], ""),
    ],
)
def test_a_slip_in_the_own_address_is_said(text: str, own: list[str], problems: str) -> None:
    assert named(rehearse(text, own).entries[0].problems) == set(problems.split())


def test_a_neighbour_of_the_own_address_may_be_on_purpose_once_the_own_one_is_there() -> None:
    found = rehearse(f"{BOT} {OWN} 203.0.113.8", [OWN])
    assert found.safe
    assert found.corrected == (BOT, OWN, "203.0.113.8")


@pytest.mark.parametrize(
    "text",
    [f"{OWN} {OWN}", "203.0.113.0/24 203.0.113.9/24", "203.0.113.8-15,203.0.113.8/29", f"{OWN} {OWN}:443", "::1 0::1"],
)
def test_what_means_the_same_as_an_earlier_entry_is_a_duplicate(text: str) -> None:
    first, second = rehearse(text, []).entries
    assert P.DUPLICATE not in first.problems
    assert P.DUPLICATE in second.problems


# -- who gets in, and the list to copy --


@pytest.mark.parametrize(
    "text, own, palmabot, you, safe, corrected",
    [
        (f"{BOT} {OWN}", [OWN], True, {"ipv4": True}, True, [BOT, OWN]),
        (BOT, [OWN], True, {"ipv4": False}, False, [BOT, OWN]),
        (OWN, [OWN], False, {"ipv4": True}, False, [OWN, BOT]),
        (f"{BOT} {OWN}", [OWN, OWN6], True, {"ipv4": True, "ipv6": False}, False, [BOT, OWN, OWN6]),
        (f"{BOT} 2001:db8::/64", [OWN6], True, {"ipv6": True}, True, [BOT, "2001:db8::/64"]),
        (f"{BOT} {OWN}", [OWN, "203.0.113.9"], True, {"ipv4": False}, False, [BOT, OWN, "203.0.113.9"]),
        ("46.19.9.0/24 203.0.113.0/24", [OWN], True, {"ipv4": True}, True, ["46.19.9.0/24", "203.0.113.0/24"]),
        (f"{BOT} 203.0.113.7-20", [OWN], True, {"ipv4": True}, True, [BOT, "203.0.113.7", "203.0.113.8/29",
                                                                      "203.0.113.16/30", "203.0.113.20"]),
        (f"{BOT} 203.0.113.1-30", [OWN], True, {"ipv4": True}, True, [BOT, "203.0.113.1-203.0.113.30"]),
        ("46.19.9.41-48", [OWN], True, {"ipv4": False}, False, ["46.19.9.41-46.19.9.48", OWN]),
        (f"{BOT} {OWN} {OWN} 203.0.113.0/24", [OWN], True, {"ipv4": True}, True, [BOT, OWN, "203.0.113.0/24"]),
        (f"{BOT} 0.0.0.0/0", [OWN], True, {"ipv4": True}, False, [BOT, OWN]),
        (f"{BOT} 192.168.1.7", [OWN], True, {"ipv4": False}, False, [BOT, OWN]),
        (f"{BOT} {OWN} 192.168.1.7", [OWN], True, {"ipv4": True}, False, [BOT, OWN]),
        (f"46.19.9.84 {OWN}", [OWN], False, {"ipv4": True}, False, [OWN, BOT]),
        (f"{BOT} 203.0.113.8", [OWN], True, {"ipv4": False}, False, [BOT, OWN]),
        (f"{BOT} 203.0.113.8 {OWN}", [OWN], True, {"ipv4": True}, True, [BOT, "203.0.113.8", OWN]),
        (f"{BOT}:443 {OWN}", [OWN], False, {"ipv4": True}, False, [BOT, OWN]),
        (f"{BOT} 203.0.113.9/24", [OWN], True, {"ipv4": True}, True, [BOT, "203.0.113.0/24"]),
        ("hello", [OWN], False, {"ipv4": False}, False, [BOT, OWN]),
        # the own address unknown: nothing is safe, and PalmaBot alone is no list to copy
        (f"{BOT} {OWN}", [], True, {}, False, [BOT, OWN]),
        (OWN, [], False, {}, False, [OWN, BOT]),
        (BOT, [], True, {}, False, []),
        ("", [], True, {}, False, []),
        (f"{BOT} {OWN}", ["192.168.1.7", "nothing", "fe80::1%eth0", "::ffff:1.2.3.4"], True, {}, False, [BOT, OWN]),
    ],
)  # fmt: skip
def test_who_gets_in_and_what_to_copy(
    text: str, own: list[str], *, palmabot: bool, you: dict[str, bool], safe: bool, corrected: list[str]
) -> None:
    found = rehearse(text, own)
    assert (found.palmabot, found.you, found.safe, list(found.corrected)) == (palmabot, you, safe, corrected)


def test_every_problem_but_two_keeps_a_list_from_being_safe() -> None:
    assert {problem for problem in Problem if not problem.matters} == {P.HOST_BITS, P.DUPLICATE}


# -- bounds --


@pytest.mark.parametrize(
    "count, read, problems, corrected",
    [(48, 48, (), 50), (49, 49, (P.TOO_MANY,), 50), (50, 50, (P.TOO_MANY,), 50), (51, 50, (P.TOO_MANY,), 50)],
)
def test_the_list_to_copy_has_room_for_whom_it_must_let_in(
    count: int, read: int, problems: tuple[Problem, ...], corrected: int
) -> None:
    found = rehearse("\n".join(f"198.51.100.{number}" for number in range(count)), [OWN])
    assert (len(found.entries), found.problems, len(found.corrected)) == (read, problems, corrected)
    assert {BOT, OWN} < set(found.corrected)


def test_more_own_addresses_than_anybody_has_come_to_an_end() -> None:
    found = rehearse(BOT, [f"203.0.113.{number}" for number in range(200)])
    assert len(found.corrected) == 9


def test_ranges_stay_ranges_where_their_blocks_would_not_fit() -> None:
    found = rehearse("\n".join([BOT, OWN, *(f"198.51.{number}.7-20" for number in range(40))]), [OWN])
    assert len(found.corrected) == 42
    assert found.corrected[2] == "198.51.0.7-198.51.0.20"


def test_what_is_too_long_is_not_read_to_the_end_nor_cut_inside_an_entry() -> None:
    found = rehearse(f"{BOT}".ljust(MOST_CHARACTERS - len(OWN) + 1) + OWN + "7", [OWN])
    assert [entry.text for entry in found.entries] == [BOT]
    assert found.problems == (P.TOO_MANY,)
    assert not found.safe


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a" * 500, "a" * (LONGEST_ENTRY - 1) + "…"),
        ("46.19.\u200b9.48", BOT),
        (full_width(BOT), full_width(BOT)),
        ("\u202ebot\ud800", "bot"),
        ("203.0.113.7\u00a0– 20", "203.0.113.7 – 20"),
        ("<b>bold</b>", "<b>bold</b>"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_an_entry_is_shown_as_written_but_short_and_visible(text: str, shown: str) -> None:
    assert rehearse(text, []).entries[0].text == shown


def _wide_range(number: int) -> str:
    start = int(ipaddress.ip_address("2001:db8::")) + (number << 100) + 1
    return f"{ipaddress.ip_address(start)}-{ipaddress.ip_address(start + (1 << 96) - 3)}"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(_wide_range(number) for number in range(60)).ljust(MOST_CHARACTERS),
        *(piece * (MOST_CHARACTERS // len(piece)) for piece in (
            " ", "\n", "\x00", "-", ".", ":", "/", '"', "(", "1", "a", "a-", "a ", "1. ", "1)\n", "1/ ", "\x00a",
            "and ", "aaaaaa" + " " * 60 + "- ", "1.1.1.1 - ", "-a.", "%", "a.", "https://",
        )),
        "".join(chr(0x4E00 + number) for number in range(MOST_CHARACTERS)),
        "[2001:db8::7]:443 " * 1000,
    ],
    ids=lambda value: ascii(value)[:30],
)  # fmt: skip
def test_the_longest_text_takes_no_time(text: str) -> None:
    took = []
    for _ in range(3):
        begun = time.thread_time()
        rehearse(text, [OWN, OWN6])
        took.append(time.thread_time() - begun)
    assert min(took) < 0.05


# -- any text at all --

_DIGITS = st.integers(0, 300).map(str)
_ADDRESS = st.one_of(
    st.sampled_from([BOT, OWN, OWN6, OTHER, "192.168.1.7", "10.0.0.1", "::ffff:203.0.113.7", "0.0.0.0", "46.19.9.84"]),
    st.lists(_DIGITS, min_size=3, max_size=5).map(".".join),
    st.integers(0, 2**32 - 1).map(lambda value: str(ipaddress.IPv4Address(value))),
    st.integers(0, 2**128 - 1).map(lambda value: str(ipaddress.IPv6Address(value))),
    # ends of ranges close to each other, to the edges of what is public, and to PalmaBot
    st.builds(
        lambda base, near: str(ipaddress.ip_address(base) + near),
        st.sampled_from(
            ["203.0.113.32", "46.19.9.38", "223.255.255.240", "192.167.255.250", "2001:db8::", "::", "1fff:ffff::"],
        ),
        st.integers(0, 40),
    ),
)  # fmt: skip
_ENTRY = st.one_of(
    _ADDRESS,
    st.tuples(_ADDRESS, st.integers(0, 130)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    st.tuples(_ADDRESS, st.sampled_from(["-", " - ", "–", " — "]), st.one_of(_ADDRESS, _DIGITS)).map("".join),
    st.tuples(_ADDRESS, st.sampled_from([":443", "%eth0", ".", "\u200b", '"', "]:80"])).map("".join),
    st.text(max_size=8),
)
_BETWEEN = st.sampled_from([" ", "\n", ",", "; ", "|", "\u00a0", " and ", "\n- ", "\n1. ", "•", "\t", "/"])
_LIST = st.lists(st.tuples(_ENTRY, _BETWEEN).map("".join), max_size=70).map("".join)
_OWN = st.lists(st.sampled_from([OWN, OWN6, OTHER, "46.19.9.84", "203.0.113.33"]), min_size=1, max_size=2)


@given(st.one_of(st.text(), _LIST), _OWN)
def test_any_list_is_read_and_the_one_to_copy_is_safe_and_stays_as_it_is(text: str, own: list[str]) -> None:
    found = rehearse(text, own)
    assert len(found.entries) <= MOST_ENTRIES
    assert all(len(entry.text) <= LONGEST_ENTRY for entry in found.entries)
    assert not found.empty or found.safe
    again = rehearse("\n".join(found.corrected), own)
    assert again.safe
    assert again.corrected == found.corrected


@given(st.one_of(st.text(), _LIST), st.lists(st.text(), max_size=2))
def test_nothing_at_all_raises(text: str, own: list[str]) -> None:
    found = rehearse(text, own)
    kept = covering(found.corrected, own)
    assert len(kept) <= 4
    assert changed(kept, own) in Standing
    covering([text], own)
    changed([text], own)


# An oracle that shares no code: every address of an entry, one by one, as text.
_BASES = {4: "203.0.113.0", 6: "2001:db8::", 1: "46.19.9.32"}


def _nth(base: int, number: int) -> str:
    return str(ipaddress.ip_address(_BASES[base]) + number)


@st.composite
def _listed(draw: st.DrawFn) -> tuple[str, set[str]]:
    base = draw(st.sampled_from([4, 6, 1]))
    low, high = sorted((draw(st.integers(0, 31)), draw(st.integers(0, 31))))
    form = draw(st.sampled_from(["one", "block", "range", "short"]))
    if form == "one":
        return _nth(base, low), {_nth(base, low)}
    if form == "block":
        size = draw(st.sampled_from([1, 2, 4, 8, 16, 32]))
        length = (128 if base == 6 else 32) + 1 - size.bit_length()
        start = low - low % size
        return f"{_nth(base, low)}/{length}", {_nth(base, number) for number in range(start, start + size)}
    dash = draw(st.sampled_from(["-", " - ", "–", " —"]))
    last = _nth(base, high)
    if form == "short" and base != 6:
        last = last.rpartition(".")[2]
    return f"{_nth(base, low)}{dash}{last}", {_nth(base, number) for number in range(low, high + 1)}


def _enumerated(entry: str) -> set[str]:
    first, dash, last = entry.partition("-")
    if not dash:
        return {str(address) for address in ipaddress.ip_network(entry)}
    count = int(ipaddress.ip_address(last)) - int(ipaddress.ip_address(first))
    return {str(ipaddress.ip_address(first) + number) for number in range(count + 1)}


@given(st.lists(_listed(), min_size=1, max_size=8), st.integers(0, 31), st.sampled_from([4, 6, 1]), st.data())
def test_who_is_let_in_agrees_with_listing_every_address(
    listed: list[tuple[str, set[str]]], number: int, base: int, data: st.DataObject
) -> None:
    own = _nth(base, number)
    found = rehearse("".join(text + data.draw(st.sampled_from(["\n", ", ", " | "])) for text, _ in listed), [own])
    everybody = set().union(*(addresses for _, addresses in listed))
    assert found.palmabot == (BOT in everybody)
    assert found.you == {"ipv6" if base == 6 else "ipv4": own in everybody}
    assert [{str(each) for network in networks_of(entry) for each in network} for entry in found.entries] == [
        addresses for _, addresses in listed
    ]
    slips = [entry for entry in found.entries if {P.NEARLY_PALMABOT, P.NEARLY_YOURS}.intersection(entry.problems)]
    wanted = set().union(
        *(pair[1] for pair, entry in zip(listed, found.entries, strict=True) if entry not in slips), {BOT, own}
    )
    assert set().union(*map(_enumerated, found.corrected)) == wanted
    assert all(len(networks_of(entry)) == 1 for entry in slips)
    let_in = set().union(*map(_enumerated, covering([text for text, _ in listed], [own])), set())
    assert (own in let_in) == (own in everybody)


# -- remembering --


@pytest.mark.parametrize(
    "entries, own, expected",
    [
        ([BOT, OWN], [OWN], (OWN,)),
        ([BOT, "203.0.113.9/24"], [OWN], ("203.0.113.0/24",)),
        ([BOT, "203.0.113.1 – 30"], [OWN], ("203.0.113.1-203.0.113.30",)),
        ([BOT, " 2001:DB8::7 ", OWN], [OWN, OWN6], (OWN, "2001:db8::7")),
        ([BOT, OTHER], [OWN], ()),
        ([], [OWN], ()),
        ([OWN], [], ()),
        ([OWN, OWN, f"{OWN}/32"], [OWN], (OWN,)),
        ([OWN, "203.0.113.0/24", "203.0.113.0/25", "203.0.113.0/26", "203.0.113.0/27", OWN6], [OWN, OWN6],
         (OWN, OWN6, "203.0.113.0/24", "203.0.113.0/25")),
        (["nothing", "", "203.0.113.7:443", "1" * 5000], [OWN], ()),
        (["0.0.0.0/0"], [OWN], ("0.0.0.0/0",)),
    ],
)  # fmt: skip
def test_what_lets_the_own_address_in_is_remembered(
    entries: list[str], own: list[str], expected: tuple[str, ...]
) -> None:
    assert covering(entries, own) == expected


@pytest.mark.parametrize(
    "remembered, now, expected",
    [
        ([OWN], {"ipv4": [OWN]}, Standing.SAME),
        ([OWN], {"ipv4": [OTHER]}, Standing.CHANGED),
        (["203.0.113.0/24"], {"ipv4": ["203.0.113.200"]}, Standing.SAME),
        (["203.0.113.1-203.0.113.30"], {"ipv4": ["203.0.113.31"]}, Standing.CHANGED),
        ([OWN], {"ipv4": [OWN], "ipv6": [OWN6]}, Standing.SAME),
        ([OWN], {"ipv4": [], "ipv6": [OWN6]}, Standing.UNKNOWN),
        ([OWN, OWN6], {"ipv4": [OWN], "ipv6": []}, Standing.SAME),
        ([OWN, OWN6], {"ipv4": [OWN], "ipv6": ["2001:db8::8"]}, Standing.CHANGED),
        ([OWN, OWN6], {"ipv4": [], "ipv6": []}, Standing.UNKNOWN),
        ([OWN, OWN6], {}, Standing.UNKNOWN),
        ([], {"ipv4": [OWN]}, Standing.UNKNOWN),
        (["nothing"], {"ipv4": [OWN]}, Standing.UNKNOWN),
        ([OWN], {"ipv4": ["192.168.1.7", "nothing"]}, Standing.UNKNOWN),
        # two services that disagree
        ([OWN], {"ipv4": [OWN, OTHER]}, Standing.UNKNOWN),
        ([OWN, OTHER], {"ipv4": [OWN, OTHER]}, Standing.SAME),
        ([OWN], {"ipv4": [OTHER, "198.51.100.10"]}, Standing.CHANGED),
        ([OWN, OWN6], {"ipv4": [OWN, OTHER], "ipv6": [OWN6]}, Standing.UNKNOWN),
        ([OWN, OWN6], {"ipv4": [OWN, OTHER], "ipv6": ["2001:db8::8"]}, Standing.CHANGED),
    ],
)
def test_whether_the_own_address_is_still_let_in(
    remembered: list[str], now: dict[str, list[str]], expected: Standing
) -> None:
    assert changed(remembered, [each for seen in now.values() for each in seen]) is expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("203.0.113.7", AddressKind.PUBLIC),
        ("198.51.100.7", AddressKind.PUBLIC),
        ("192.0.2.7", AddressKind.PUBLIC),
        ("2001:db8::7", AddressKind.PUBLIC),
        ("9.255.255.255", AddressKind.PUBLIC),
        ("172.32.0.0", AddressKind.PUBLIC),
        ("100.128.0.0", AddressKind.PUBLIC),
        ("3fff::", AddressKind.PUBLIC),
        ("172.16.0.0", AddressKind.PRIVATE),
        ("100.127.255.255", AddressKind.CGNAT),
        ("127.255.255.255", AddressKind.LOOPBACK),
        ("169.254.0.0", AddressKind.LINK_LOCAL),
        ("febf::1", AddressKind.LINK_LOCAL),
        ("fec0::1", AddressKind.RESERVED),
        ("4000::", AddressKind.RESERVED),
        ("198.19.0.0", AddressKind.RESERVED),
        ("240.0.0.1", AddressKind.RESERVED),
    ],
)
def test_each_address_is_of_one_kind(text: str, expected: AddressKind) -> None:
    assert kind(ipaddress.ip_address(text)) is expected
