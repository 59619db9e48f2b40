"""Every word a person reads: that it is there, that it fits, and what a broken file says of itself."""

from __future__ import annotations

import ast
import marshal
import re
import string
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import palma_wizard
from palma_wizard import assets, guide, plurals
from palma_wizard.address import Agreement
from palma_wizard.entry import Doubt, Removed
from palma_wizard.exchanges import EXCHANGES, Cause, CheckState, Credentials, Fault, Outcome, RightState
from palma_wizard.exchanges.registry import BY_NAME
from palma_wizard.exchanges.whitelist import Problem, Standing
from palma_wizard.guide import Guide, GuideError
from palma_wizard.practice import PAGES, SCENARIOS
from palma_wizard.vault import Trouble

ENGLISH = assets.path("guide", "en.toml").read_text("utf-8")
PLACES = assets.path("pictures", "callouts.toml").read_text("utf-8")
WORDS = guide.load()
SOURCES = sorted(Path(palma_wizard.__file__).parent.rglob("*.py"))


def test_what_was_kept_of_a_file_counts_only_while_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "words.toml"
    file.write_text('hello = "there"')
    assert guide._parsed(file) == {"hello": "there"}
    (kept,) = (tmp_path / "__pycache__").iterdir()
    whole = kept.read_bytes()
    other_magic, nothing, a_number = b"\0" + whole[1:], whole[:16], whole[:16] + marshal.dumps(7)
    a_code = whole[:16] + marshal.dumps(compile("'hello'", "x", "eval"))
    no_constant = whole[:16] + marshal.dumps(compile("", "x", "exec").replace(co_consts=()))
    for content in (other_magic, nothing, a_number, a_code, no_constant, whole[:-1], b"", b"garbage"):
        kept.write_bytes(content)
        assert guide._parsed(file) == {"hello": "there"}, content


def test_there_are_exactly_ten_steps_with_a_title_and_help() -> None:
    assert len(WORDS.steps["hitbtc2"]) == 10
    assert len({step.id for step in WORDS.steps["hitbtc2"]}) == 10
    for step in WORDS.steps["hitbtc2"]:
        assert step.help, step.id
    assert [step.id for step in WORDS.steps["hitbtc2"][-2:]] == ["api-data", "notice"]
    assert all(step.parts for step in WORDS.steps["hitbtc2"][:-2])


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_every_guide_ends_with_the_two_pages_and_each_step_has_help(exchange: str) -> None:
    steps = WORDS.steps[exchange]
    assert len({step.id for step in steps}) == len(steps) <= 10
    assert all(step.help for step in steps)
    assert all(step.parts for step in steps[:-2])
    assert [step.id for step in steps[-2:]] == ["api-data", "notice"]
    assert any(line.mark == "never" for step in steps for part in step.parts for line in part.lines)


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_the_words_all_exchanges_share_ask_for_no_term_that_one_does_not_have(exchange: str) -> None:
    terms = WORDS.terms(exchange)
    for outcome in Outcome:
        assert all("{" not in text for text in WORDS.outcome(outcome, exchange))
    for cause in Cause:
        assert all("{" not in text for text in WORDS.cause(cause, exchange))
    assert terms.keys() == WORDS.terms("hitbtc2").keys()
    others = [WORDS.terms(other)["exchange"] for other in EXCHANGES if other != exchange]
    said = " ".join(WORDS.outcome(Outcome.WORKS, exchange))
    assert not any(name in said for name in others)


@pytest.mark.parametrize("exchange", BY_NAME)
def test_every_right_of_an_exchange_has_its_name(exchange: str) -> None:
    silent = dict.fromkeys((call.id for call in BY_NAME[exchange].calls), Fault.TIMED_OUT)
    rights = BY_NAME[exchange].read(silent, Credentials("k", "s", "u")).rights
    prefix = f"right.{exchange}."
    named = {key.removeprefix(prefix) for key in WORDS.words if key.startswith(prefix)}
    assert named == {right.value for right in rights}


def test_the_links_are_exactly_the_documented_addresses() -> None:
    links = [step.link.url for name in EXCHANGES for step in WORDS.steps[name] if step.link]
    assert links == [
        *("https://hitbtc.com", "https://hitbtc.com/settings/api-keys"),
        *("https://www.bitstamp.net", "https://cex.io"),
    ]
    everywhere = set(re.findall(r"https?://[^\s\"”]+", ENGLISH))
    assert everywhere == set(links)


PICTURES = [part.picture for step in WORDS.steps["hitbtc2"] for part in step.parts if part.picture]


def test_every_picture_has_a_file_and_says_what_it_shows() -> None:
    assert len(PICTURES) == 10
    for picture in PICTURES:
        assert assets.path("pictures", picture.file).is_file(), picture.file
        assert picture.description
        assert picture.callouts
        assert len({callout.id for callout in picture.callouts}) == len(picture.callouts)


def test_no_picture_is_left_over() -> None:
    files = {file.name for file in assets.path("pictures").iterdir() if file.is_file()}
    assert files == {picture.file for picture in PICTURES} | {"callouts.toml"}


def test_every_browser_step_and_the_notice_have_a_practice_page() -> None:
    assert PAGES["hitbtc2"].keys() - {"check"} == {step.id for step in WORDS.steps["hitbtc2"]} - {"api-data"}


def test_withdrawing_is_marked_never_and_the_two_needed_rights_are_marked_to_do() -> None:
    lines = [
        line
        for part in next(step for step in WORDS.steps["hitbtc2"] if step.id == "permissions").parts
        for line in part.lines
    ]
    assert next(line.text for line in lines if line.mark == "never").startswith("“Withdraw cryptocurrencies”")
    assert len([line for line in lines if line.mark == "do"]) == 2
    assert len([line for line in lines if line.mark == "optional"]) == 1


def test_outcomes_and_causes_have_words_and_no_words_are_left_over() -> None:
    assert WORDS.outcomes.keys() == {outcome.value for outcome in Outcome}
    assert WORDS.causes.keys() == {cause.value for cause in Cause}


@pytest.mark.parametrize(
    "prefix, names",
    [
        ("state", {each.value for each in CheckState}),
        ("right-state", {each.value for each in RightState}),
        ("vault", {each.value for each in Trouble}),
        ("vault-do", {each.value for each in Trouble}),
        ("removed", {each.value for each in Removed}),
        ("doubt", {each.value for each in Doubt}),
        ("scenario", set(SCENARIOS)),
        ("ask", {call.id for exchange in BY_NAME.values() for call in exchange.calls}),
        ("problem", {each.value for each in Problem}),
        ("standing", {each.value for each in Standing}),
    ],
)
def test_every_member_has_its_words_and_no_words_are_left_over(prefix: str, names: set[str]) -> None:
    under = {key.split(".")[1] for key in WORDS.words if key.startswith(f"{prefix}.")}
    assert under == names


def test_every_agreement_of_the_address_services_has_words() -> None:
    for agreement in Agreement:
        assert WORDS.say(f"notice.{agreement.value}", addresses="198.51.100.7")


def test_every_literal_key_that_the_program_says_exists() -> None:
    found = {
        (source.name, key)
        for source in SOURCES
        for key in re.findall(r"""\b_?say\(\s*["']([^"'{}]+)["']""", source.read_text("utf-8"))
    }
    assert len(found) > 100
    assert {pair for pair in found if not forms(pair[1])} == set()


def says() -> list[tuple[str, ast.Call]]:
    calls = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in {"say", "_say"}:
                    calls.append((source.name, node))
    return calls


def choices(node: ast.expr) -> list[str]:
    """The texts an argument may be, where it says so: "a", or "a" if x else "b"."""
    if isinstance(node, ast.IfExp):
        return choices(node.body) + choices(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def forms(key: str) -> list[str]:
    """The texts of a key: one, or one for each form that goes with a number."""
    names = {key, *(f"{key}.{form}" for form in plurals.FORMS)}
    return [text for name, text in WORDS.words.items() if name in names]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_key_is_said_with_exactly_the_values_that_its_words_hold() -> None:
    wrong = []
    for source, call in says():
        given = {keyword.arg for keyword in call.keywords}
        for key in choices(call.args[0]):
            if not forms(key):
                wrong.append((source, key, "is not there"))
            elif None not in given and set().union(*map(placeholders, forms(key))) != given:
                wrong.append((source, key, f"is given {given}"))
    assert wrong == []


def test_every_composed_key_begins_like_some_key() -> None:
    for source, call in says():
        argument = call.args[0]
        if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
            prefix = str(argument.values[0].value)
            assert any(key.startswith(prefix) for key in WORDS.words), (source, prefix)


def test_an_unknown_key_is_a_bug_and_an_unknown_language_is_english() -> None:
    with pytest.raises(KeyError):
        WORDS.say("no.such.key")
    assert guide.load("xx") == WORDS
    assert WORDS.language == "en"


@pytest.mark.parametrize("language", ["", ".", "..", "../guide/en", "en\x00", "日本", "a" * 100])
def test_a_strange_language_is_english(language: str) -> None:
    assert guide.load(language).steps == WORDS.steps


def test_a_language_too_long_for_a_file_name_is_english() -> None:
    assert guide.load("a" * 300) == WORDS


# -- broken files --


def cut(start: str, text: str = ENGLISH) -> str:
    """Without the line that starts so."""
    lines = text.splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith(start))
    return "".join(lines[:first] + lines[first + 1 :])


def swap(old: str, new: str) -> str:
    assert old in ENGLISH
    return ENGLISH.replace(old, new, 1)


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "an empty file": ("", "en.toml, guides: a table is missing"),
    "not TOML": ("this is = = no toml", "en.toml is damaged: "),
    "cut off": (ENGLISH[:5000], "en.toml is damaged: "),
    "not UTF-8": (ENGLISH.encode("utf-16"), "en.toml is damaged: "),
    "nothing but NUL": (b"\x00" * 100, "en.toml is damaged: "),
    "no guide for an exchange": (
        ENGLISH.replace("[[guides.cex]]", "[[guides.other]]"),
        "en.toml, guides.cex: a list is expected",
    ),
    "eleven steps": (
        swap("[[guides.bitstamp]]", '[[guides.hitbtc2]]\nid = "x"\ntitle = "x"\nrail = "x"\n[[guides.bitstamp]]'),
        "en.toml, hitbtc2: at most 10 steps",
    ),
    "no page for the key": (swap('id = "api-data"', 'id = "data"'), "hitbtc2: at most 10 steps are expected, ending"),
    "steps that are no list": ("[guides]\nhitbtc2 = 7", "en.toml, guides.hitbtc2: a list is expected"),
    "a step that is a text": ('[guides]\nhitbtc2 = ["hello"]', "en.toml, hitbtc2, step 1.id: a text is missing"),
    "a step without a title": (
        cut('title = "Complete the security'),
        "en.toml, hitbtc2, step 2.title: a text is missing",
    ),
    "a step without an id": (cut('id = "gear"'), "en.toml, hitbtc2, step 5.id: a text is missing"),
    "a step without words for the rail": (
        cut('rail = "New API key"'),
        "en.toml, hitbtc2, step 7.rail: a text is missing",
    ),
    "a title that is a number": (swap('"Open the settings"', "7"), "en.toml, hitbtc2, step 5.title: a text is missing"),
    "a title of spaces": (swap('"Open the settings"', '"  "'), "en.toml, hitbtc2, step 5.title: a text is missing"),
    "a link that is not safe": (
        swap("https://hitbtc.com/s", "http://hitbtc.com/s"),
        "en.toml, hitbtc2, step 6.url: an https",
    ),
    "a link to a script": (swap('"https://hitbtc.com"', '"javascript:1"'), "en.toml, hitbtc2, step 1.url: an https"),
    "a link that is a text": (
        swap('{ label = "Open hitbtc.com", url = "https://hitbtc.com" }', '"x"'),
        "en.toml, hitbtc2, step 1.link: a table is missing",
    ),
    "help without an answer": (
        swap('{ see = "There is no gear.", do =', '{ see = "There is no gear.", did ='),
        "en.toml, hitbtc2, step 5.do: a text is missing",
    ),
    "an unknown mark": (
        swap('mark = "never"', 'mark = "always"'),
        "en.toml, hitbtc2, step 8.mark: 'always' is not one of",
    ),
    "a line that is a number": (swap('"Press the blue button “New API key”."', "7"), "en.toml, hitbtc2, step 7."),
    "a picture without a description": (
        cut('description = "A grey box'),
        "en.toml, hitbtc2, step 4.description: a text",
    ),
    "a picture without a file": (cut('file = "02-'), "en.toml, hitbtc2, step 2.file: a text is missing"),
    "a picture that is a text": (
        swap("[guides.hitbtc2.parts.picture]\nfile", 'picture = "a.png"\n[guides.hitbtc2.parts.other]\nfile'),
        "en.toml, hitbtc2, step 1.",
    ),
    "a call-out that the picture has no place for": (
        swap('{ id = "gear", label', '{ id = "wheel", label'),
        "en.toml, hitbtc2, step 5.callouts: the picture has no place for 'wheel'",
    ),
    "a picture without places": (
        swap('file = "05-settings-gear.png"', 'file = "05-settings.png"'),
        "en.toml, hitbtc2, step 5.callouts: the picture has no place for 'gear'",
    ),
    "an unknown side": (
        swap('tag = "inside"', 'tag = "outside"'),
        "en.toml, hitbtc2, step 8.tag: 'outside' is not one of",
    ),
    "a call-out without a label": (
        swap('{ id = "gear", label = "The gear" }', '{ id = "gear" }'),
        "en.toml, hitbtc2, step 5.label: a text is missing",
    ),
    "an outcome without a next step": (
        cut('next = "Save it on this computer."'),
        "en.toml, outcomes.works.next: a text is missing",
    ),
    "a cause without words": (cut('text = "The key is switched off."'), "en.toml, causes.key-inactive.text: a text"),
    "a word that is a list": (swap('"PalmaBot Setup Wizard"', "[]"), "en.toml, words.name: a text is missing"),
    "a word that is empty": (swap('back = "Back"', 'back = ""'), "en.toml, words.button.back: a text is missing"),
    "a word without end": (swap('back = "Back"', f'back = "{"b" * 5000}"'), "en.toml, words.button.back: at most"),
    "a word that turns round": (swap('back = "Back"', 'back = "\\u202eBack"'), "en.toml, words.button.back: at most"),
    "a word with a line break": (swap('back = "Back"', 'back = "Ba\\nck"'), "en.toml, words.button.back: at most"),
    "a place that reaches in": (
        swap("Type {url} into", "Type {url.__class__} into"),
        "en.toml, words.practice.opened: a place in braces",
    ),
    "a place that indexes": (swap("Type {url} into", "Type {url[0]} into"), "en.toml, words.practice.opened: a place"),
    "a place without a name": (swap("Type {url} into", "Type {} into"), "en.toml, words.practice.opened: a place"),
    "a brace alone": (swap("Type {url} into", "Type {url into"), "en.toml, words.practice.opened: a place"),
    "no words": (ENGLISH[: ENGLISH.index("[words]")], "en.toml, words: a table is missing"),
    "no outcomes": (ENGLISH[: ENGLISH.index("[outcomes.works]")], "en.toml, outcomes: a table is missing"),
}


@pytest.fixture
def load_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Guide]:
    def load(content: str | bytes, places: str = PLACES) -> Guide:
        (tmp_path / "guide").mkdir()
        (tmp_path / "pictures").mkdir()
        (tmp_path / "pictures" / "callouts.toml").write_text(places, "utf-8")
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "guide" / "en.toml").write_bytes(data)
        monkeypatch.setattr(assets, "path", tmp_path.joinpath)
        return guide.load()

    return load


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_which_file_and_where(name: str, load_broken: Callable[..., Guide]) -> None:
    content, message = BROKEN[name]
    with pytest.raises(GuideError) as caught:
        load_broken(content)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "place",
    [
        *("[0.9, 0.1, 0.2, 0.1]", "[0.1, 0.95, 0.1, 0.1]", "[1.1, 0, 0, 0]", "[-0.1, 0, 0, 0]", "[nan, 0, 0, 0]"),
        *("[true, 0, 0, 0]", "[0.1, 0.1, 0.1]", "[]", "7", '"here"'),
    ],
)
def test_a_place_beyond_its_picture_says_which_file_and_where(place: str, load_broken: Callable[..., Guide]) -> None:
    with pytest.raises(GuideError, match=r"callouts\.toml, 05-settings-gear\.gear: a place inside"):
        load_broken(ENGLISH, f"[05-settings-gear]\ngear = {place}\n")


@pytest.mark.parametrize(
    "places, message",
    [
        ("gear = [", "is damaged"),
        ("gear = " + "[" * 3000, "is damaged"),
        ("gear = " + "9" * 5000, "is damaged"),
        ("05-settings-gear = 7", "a table is missing"),
    ],
)
def test_broken_places_say_which_file(places: str, message: str, load_broken: Callable[..., Guide]) -> None:
    with pytest.raises(GuideError, match=rf"callouts\.toml.*{message}"):
        load_broken(ENGLISH, places)


@pytest.mark.parametrize("value", ["7", '"text"', "[1]", "true"])
def test_help_of_the_wrong_kind_says_which_file_and_where(value: str, load_broken: Callable[..., Guide]) -> None:
    start, end = ENGLISH.index("start = [\n"), ENGLISH.index("check = [\n")
    with pytest.raises(GuideError, match=r"en\.toml, help"):
        load_broken(f"{ENGLISH[:start]}start = {value}\n{ENGLISH[end:]}")


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "path", tmp_path.joinpath)
    for language in ("en", "de"):
        with pytest.raises(GuideError, match=r"en\.toml cannot be read"):
            guide.load(language)


def test_a_folder_in_its_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "guide" / "en.toml").mkdir(parents=True)
    monkeypatch.setattr(assets, "path", tmp_path.joinpath)
    with pytest.raises(GuideError, match=r"en\.toml cannot be read"):
        guide.load()
