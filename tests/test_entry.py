"""What a person pasted: what is taken away from it, and what is doubted about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palma_wizard.entry import LENGTH_LIMIT, LONGEST_LABEL, Doubt, Removed, clean, doubts, is_label
from palma_wizard.exchanges import EXCHANGES, Credentials
from palma_wizard.practice import KEYS

KEY, SECRET = KEYS["hitbtc2"].key, KEYS["hitbtc2"].secret

GOOD = "Vt3xQ_hN81sLw-Kd0aZpRy7MfUj5Eb2G"
OTHER = "nH4_cX9vTq0-LsYwB6dEr1KzJm8PfGa7"
SPACES, QUOTES, INVISIBLE, TOO_LONG = Removed.SPACES, Removed.QUOTES, Removed.INVISIBLE, Removed.TOO_LONG


@pytest.mark.parametrize(
    "pasted, text, removed",
    [
        (GOOD, GOOD, ()),
        ("", "", ()),
        (f"  {GOOD}\r\n", GOOD, (SPACES,)),
        ("abc def\tghi\njkl", "abcdefghijkl", (SPACES,)),
        ("abc\u00a0def\u2003ghi\u3000", "abcdefghi", (SPACES,)),
        (f'"{GOOD}"', GOOD, (QUOTES,)),
        (f"'{GOOD}'", GOOD, (QUOTES,)),
        (f"“{GOOD}”", GOOD, (QUOTES,)),
        (f"`{GOOD}`", GOOD, (QUOTES,)),
        (f"« {GOOD} »", GOOD, (SPACES, QUOTES)),
        ('ab"cd', 'ab"cd', ()),
        ("\ufeffabc\u200bdef\u200d\u2060", "abcdef", (INVISIBLE,)),
        ("abc\x00def\x1b\x7f", "abcdef", (INVISIBLE,)),
        ("\u202eabc\u202c", "abc", (INVISIBLE,)),
        ("abc\ud800def", "abcdef", (INVISIBLE,)),
        ("abc\u00addef", "abcdef", (INVISIBLE,)),
        (' "\u200babc" \n', "abc", (INVISIBLE, SPACES, QUOTES)),
        ("\x00\x00", "", (INVISIBLE,)),
        ('""', "", (QUOTES,)),
        ("🔑abc", "🔑abc", ()),
        (f"key: {GOOD}", f"key:{GOOD}", (SPACES,)),
        ("a" * LENGTH_LIMIT, "a" * LENGTH_LIMIT, ()),
        ("a" * (LENGTH_LIMIT + 1), "a" * LENGTH_LIMIT, (TOO_LONG,)),
        ("a" * 100_000, "a" * LENGTH_LIMIT, (TOO_LONG,)),
        (" " * 100_000, "", (TOO_LONG, SPACES)),
        ("a" * (LENGTH_LIMIT - 1) + '"b', "a" * (LENGTH_LIMIT - 1), (TOO_LONG,)),
    ],
    ids=ascii,
)
def test_what_cannot_belong_is_removed_and_named(pasted: str, text: str, removed: tuple[Removed, ...]) -> None:
    cleaned = clean(pasted)
    assert (cleaned.text, cleaned.removed) == (text, removed)


@given(st.text())
def test_cleaning_twice_changes_nothing_more(pasted: str) -> None:
    once = clean(pasted).text
    assert clean(once).text == once
    assert len(once) <= LENGTH_LIMIT
    assert not any(character.isspace() for character in once)
    once.encode()


@given(st.text())
def test_a_change_is_always_named_and_nothing_else_is(pasted: str) -> None:
    cleaned = clean(pasted)
    assert bool(cleaned.removed) is (cleaned.text != pasted)


UUID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    "exchange, entry, expected",
    [
        ("hitbtc2", Credentials(GOOD, OTHER), {}),
        ("hitbtc2", Credentials("", ""), {}),
        ("hitbtc2", Credentials(GOOD[:-1], OTHER), {"key": Doubt.LENGTH}),
        ("hitbtc2", Credentials(GOOD, OTHER + "x"), {"secret": Doubt.LENGTH}),
        ("hitbtc2", Credentials(GOOD[:-1] + "é", OTHER), {"key": Doubt.ALPHABET}),
        ("hitbtc2", Credentials("🔑", OTHER), {"key": Doubt.ALPHABET}),
        ("hitbtc2", Credentials(GOOD, GOOD), {"secret": Doubt.SAME_AS_KEY}),
        ("hitbtc2", Credentials("short", "short"), {"key": Doubt.LENGTH, "secret": Doubt.SAME_AS_KEY}),
        ("hitbtc2", Credentials(GOOD, UUID), {"secret": Doubt.UUID}),
        ("hitbtc2", Credentials(GOOD, UUID.upper()), {"secret": Doubt.UUID}),
        ("hitbtc2", Credentials("me@example.com", OTHER), {"key": Doubt.EMAIL}),
        ("hitbtc2", Credentials(f"key:{GOOD}", OTHER), {"key": Doubt.LABEL_IN_FRONT}),
        ("hitbtc2", Credentials(f"APIkey:{GOOD}", OTHER), {"key": Doubt.LABEL_IN_FRONT}),
        ("hitbtc2", Credentials(GOOD, f"Secret={OTHER}"), {"secret": Doubt.LABEL_IN_FRONT}),
        ("hitbtc2", Credentials(GOOD, f"secret_key:{OTHER}"), {"secret": Doubt.LABEL_IN_FRONT}),
        ("hitbtc2", Credentials(KEY, SECRET), {"key": Doubt.PRACTICE, "secret": Doubt.PRACTICE}),
        ("hitbtc2", Credentials(GOOD, OTHER, "anything"), {}),
        ("bitstamp", Credentials("a" * 32, "b" * 32, "1234567"), {}),
        ("bitstamp", Credentials("a" * 32, "b" * 32, "up12"), {"user_id": Doubt.NOT_A_NUMBER}),
        ("bitstamp", Credentials("a_" * 16, "b" * 32, ""), {"key": Doubt.LENGTH}),
        ("cex", Credentials("a" * 27, "b" * 25, "up123456789"), {}),
        ("cex", Credentials("a" * 27, "b" * 25, "123456789"), {"user_id": Doubt.NOT_A_NUMBER}),
        ("cex", Credentials("a" * 24, "b" * 33, ""), {"key": Doubt.LENGTH, "secret": Doubt.LENGTH}),
    ],
)
def test_doubtful_shapes_are_doubted(exchange: str, entry: Credentials, expected: dict[str, Doubt]) -> None:
    assert doubts(exchange, entry, practice=False) == expected


def test_the_practice_key_is_not_doubted_while_practising() -> None:
    assert doubts("hitbtc2", Credentials(KEY, SECRET), practice=True) == {}


@given(st.sampled_from(list(EXCHANGES)), st.text(), st.text(), st.text(), st.booleans())
def test_no_text_is_too_strange_to_be_doubted(exchange: str, key: str, secret: str, user: str, practice: bool) -> None:
    found = doubts(exchange, Credentials(key, secret, user), practice=practice)
    assert found.keys() <= {"key", "secret", "user_id"}


@pytest.mark.parametrize(
    "text, may_be",
    [
        ("main", True),
        ("two words", True),
        ("7", True),
        ("\u00e9t\u00e9", True),
        ("e\u0301te\u0301", True),
        ("\u0627\u0644\u062d\u0633\u0627\u0628 \u0627\u0644\u0631\u0626\u064a\u0633\u064a", True),
        ("\u05d7\u05e9\u05d1\u05d5\u05df", True),
        ("\u4e3b\u8d26\u6237", True),
        ("\u0433\u043b\u0430\u0432\u043d\u044b\u0439", True),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", True),
        ("\ud55c\uad6d\uc5b4", True),
        ("\U0001f511 1", True),
        ("m" * LONGEST_LABEL, True),
        ("e\u0301" * LONGEST_LABEL, True),
        ("m" * (LONGEST_LABEL + 1), False),
        ("\u0958" * (LONGEST_LABEL // 2 + 1), False),
        ("", False),
        (" ", False),
        (" main", False),
        ("main\n", False),
        ("...", False),
        ("\U0001f511", False),
        ("\u2800", False),
        ("main\u2800", False),
        ("\u3164", False),
        ("main\u3164", False),
        ("\uffa0\u115f\u1160", False),
        ("\u0301\u0302", False),
        ("main\u034f", False),
        ("main\ufe0f", False),
        ("main\U000e0100", False),
        ("ma\u200bin", False),
        ("\u202emain", False),
        ("\u2066main\u2069", False),
        ("main\u200f", False),
        ("main\u061c", False),
        ("main\ud800", False),
    ],
    ids=ascii,
)
def test_a_label_can_be_seen_and_told_from_others(text: str, may_be: bool) -> None:
    assert is_label(text) is may_be
