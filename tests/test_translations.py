"""Every language's file beside the English one: nothing missing, nothing left in English, nothing smuggled in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from babel import Locale

from palma_wizard import assets, guide, plurals
from palma_wizard.exchanges import EXCHANGES
from palma_wizard.guide import ENGLISH, LANGUAGES, RIGHT_TO_LEFT

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
WORDS = guide.load()


def document(language: str) -> dict[str, Any]:
    return tomllib.loads(assets.path("guide", f"{language}.toml").read_text("utf-8"))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text with its place; the forms of a plural stand under one place, as "place|form"."""
    if isinstance(value, dict) and plurals.is_forms(value):
        for form, text in value.items():
            yield f"{path}|{form}", text
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and "mark" in value:
                yield from leaves(inner, path)
            elif key not in guide.SHARED:
                yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


EN = dict(leaves(document(ENGLISH)))
EN_PLACES = {path.partition("|")[0]: text for path, text in EN.items()}


def holes(text: str) -> set[str]:
    return set(re.findall(r"\{([a-z-]+)\}", text))


def test_there_is_a_file_for_each_language_and_no_other() -> None:
    assert {file.stem for file in assets.path("guide").iterdir() if file.is_file()} == set(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_is_read_whole_and_has_what_english_has(language: str) -> None:
    raw = document(language)
    assert guide.load(language).language == language
    found = {path.partition("|")[0] for path, _ in leaves(raw)}
    assert found == EN_PLACES.keys()
    shared = [key for key in guide.SHARED if re.search(rf"['\"]{key}['\"]: ", repr(raw))]
    assert shared == [], "addresses, files and marks are English's alone"


@pytest.mark.parametrize("language", OTHERS)
def test_the_same_is_filled_in_and_each_form_of_a_plural_is_there(language: str) -> None:
    forms: dict[str, set[str]] = {}
    for path, text in leaves(document(language)):
        place, _, form = path.partition("|")
        if form:
            forms.setdefault(place, set()).add(form)
            assert holes(text) <= holes(EN_PLACES[place]), path
            if form not in {"zero", "one", "two"}:
                assert holes(text) == holes(EN_PLACES[place]), path
        else:
            assert holes(text) == holes(EN_PLACES[place]), path
    needed = {plurals.form(language, number) for number in range(1000)} | {"other"}
    assert forms.keys() == {path.partition("|")[0] for path in EN if "|" in path}
    for place, found in forms.items():
        assert needed <= found | {"zero"}, place


QUOTED = re.compile(r"“([^”]+)”")
OURS = {text: key for key, text in WORDS.words.items() if key.startswith(("start.", "check.", "button.", "notice."))}
"""What buttons of this program say, by what they say."""
AT_THE_SITE = {
    name
    for path, text in EN.items()
    for name in QUOTED.findall(text)
    if name not in OURS and "{" not in name and not path.startswith(".words.cli") and name not in {"key:", "up"}
}
NOT_A_NAME = {"whitelist", "continue anyway", "Yes", "No"}


@pytest.mark.parametrize("language", OTHERS)
def test_names_on_an_exchanges_pages_stay_and_ours_are_as_we_say_them(language: str) -> None:
    theirs = dict(leaves(document(language)))
    words = {key: text.lstrip("\u200f") for key, text in guide.load(language).words.items()}
    wrong = []
    for path, english in EN.items():
        if "|" in path:
            continue
        for name in QUOTED.findall(english):
            if name in AT_THE_SITE - NOT_A_NAME and name not in theirs[path]:
                wrong.append((path, name))
            if name in OURS and words[OURS[name]] not in theirs[path]:
                wrong.append((path, words[OURS[name]]))
    assert wrong == []


SAME = re.compile(
    r"HitBTC|Bitstamp|CEX\.IO|PalmaBot|hitbtc\.com|bitstamp\.net|cex\.io|API|IPv[46]|VPN|OK|ms|SCENARIO|KYC|ID|"
    r"[\d.:,%·()“”\"' –-]|\{[a-z-]+\}"
)
NAMES = {
    *(f".words.terms.{exchange}.{term}" for exchange in EXCHANGES for term in ("read", "trade", "withdraw")),
    *(path for path in EN if path.startswith(".words.right.")),
}
"""Names on an exchange's pages."""


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_was_left_in_english(language: str) -> None:
    same = [
        path
        for path, text in leaves(document(language))
        if text == EN.get(path) and SAME.sub("", text).strip() and path not in NAMES and len(text.split()) > 1
    ]
    assert same == []
    texts = [text for _, text in leaves(document(language))]
    english = re.compile(r"\b(the|your|with|this|that|from|and then|you)\b")
    left = [text for text in texts if len(english.findall(QUOTED.sub("", text))) > 2]
    assert left == []


ADDRESS = re.compile(r"\b[\w-]+\.(?:com|net|org|io|de|app|me|ru|cn|pro)\b|https?:|\b\d+\.\d+\.\d+\.\d+\b|@")


@pytest.mark.parametrize("language", OTHERS)
def test_no_address_is_new_or_gone(language: str) -> None:
    for path, text in leaves(document(language)):
        place = path.partition("|")[0]
        assert set(ADDRESS.findall(text)) == set(ADDRESS.findall(EN_PLACES[place])), path
        whole = {each.group() for each in ADDRESS.finditer(text)}
        assert whole == {each.group() for each in ADDRESS.finditer(EN_PLACES[place])}, path


SCRIPTS = {
    "ru": "Ѐ-ӿ", "uk": "Ѐ-ӿ", "zh_CN": "一-鿿", "ja": "぀-ヿ一-鿿", "ar": "؀-ۿ", "he": "֐-׿",
}  # fmt: skip


@pytest.mark.parametrize("language", SCRIPTS)
def test_a_language_is_written_in_its_script(language: str) -> None:
    letters = re.compile(f"[{SCRIPTS[language]}]")
    without = [
        path
        for path, text in leaves(document(language))
        if not letters.search(text) and SAME.sub("", text).strip() and path not in NAMES
    ]
    assert [path for path in without if EN.get(path) not in {"FILE", "NAME"}] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_those_from_right_to_left_are_known(language: str) -> None:
    assert (Locale.parse(language).character_order == "right-to-left") is (language in RIGHT_TO_LEFT)
