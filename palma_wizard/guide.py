"""The words of the program: each exchange's steps and all else a person reads, from resources/guide/<language>.toml.

English has it all. Another language's file has the same shape and its own texts; what it leaves out (addresses, names
of files, marks, sides of call-outs) is taken from English, and so is a text that it lacks.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final, NamedTuple

from palma_wizard import assets, plurals
from palma_wizard.exchanges import EXCHANGES, Cause, Outcome

ENGLISH: Final = "en"
LANGUAGES: Final = {
    "en": "English",
    "de": "Deutsch",
    "sl": "Slovenščina",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "pt_BR": "Português (Brasil)",
    "pl": "Polski",
    "tr": "Türkçe",
    "ru": "Русский",
    "uk": "Українська",
    "zh_CN": "简体中文",
    "ja": "日本語",
    "ar": "العربية",
    "he": "עברית",
}
"""What each is called by those who speak it; the keys are names of files, and of Qt's locales."""
RIGHT_TO_LEFT: Final = frozenset({"ar", "he"})
LONGEST_TEXT: Final = 1000
MOST_LISTED: Final = 12
_PLACE: Final = re.compile(r"[a-z][a-z0-9-]*")
"""A place in a text that is filled in; with a dot or a bracket it would reach into what is filled in."""
MOST_STEPS: Final = 10
TAGS: Final = frozenset({"below", "above", "left", "right", "inside"})
SHARED: Final = frozenset({"id", "url", "file", "mark", "tag"})
"""What a translation has from English."""
_SPACES: Final = str.maketrans("\u00a0\u202f", "  ")
"""Spaces that keep a line together, as before a French colon."""
Place = tuple[float, float, float, float]
Places = Mapping[str, Mapping[str, Place]]
MARKS: Final = frozenset({"", "do", "optional", "never"})


class GuideError(Exception):
    """A guide file that cannot be used; the text names the file and the place in it."""


class Callout(NamedTuple):
    """A place on a picture, as fractions of its width and height; `tag` says on which side its words stand.

    The words are of a language; the place is measured when the picture is taken, and kept beside it.
    """

    id: str
    label: str
    x: float
    y: float
    w: float
    h: float
    tag: str


class Picture(NamedTuple):
    """`description` says in words what the picture shows, for whoever does not see it."""

    file: str
    description: str
    callouts: tuple[Callout, ...]


class Line(NamedTuple):
    """One sentence; its mark tells what to tick, what is up to the person, and what never to tick."""

    text: str
    mark: str


class Part(NamedTuple):
    """What is on the page at one time; most steps have one. One without a title has that of its step."""

    title: str
    lines: tuple[Line, ...]
    picture: Picture | None


class Link(NamedTuple):
    label: str
    url: str


class Hint(NamedTuple):
    """Help for a step: what a person may see, and what to do then."""

    see: str
    do: str


class Step(NamedTuple):
    id: str
    title: str
    rail: str
    parts: tuple[Part, ...]
    link: Link | None
    help: tuple[Hint, ...]


class OutcomeWords(NamedTuple):
    title: str
    cause: str
    next: str


class CauseWords(NamedTuple):
    text: str
    do: str


class Guide(NamedTuple):
    """One language's words. `steps` are by exchange: those done in the browser, then those of the two pages for the key
    and for the addresses. `say` raises KeyError for a key that no file has: a bug that a test finds.

    `number` and `date` write those that are filled in, the way of the language.
    """

    language: str
    steps: Mapping[str, tuple[Step, ...]]
    outcomes: Mapping[str, OutcomeWords]
    causes: Mapping[str, CauseWords]
    words: Mapping[str, str]
    help: Mapping[str, tuple[Hint, ...]]
    number: Callable[[float], str] = str
    date: Callable[[datetime.date], str] = datetime.date.isoformat

    @property
    def right_to_left(self) -> bool:
        return self.language in RIGHT_TO_LEFT

    def terms(self, exchange: str) -> dict[str, str]:
        """What an exchange calls things, for the words that all exchanges share."""
        return self.under(f"terms.{exchange}")

    def under(self, table: str) -> dict[str, str]:
        """The words of one table, by what follows its name."""
        prefix = f"{table}."
        return {key.removeprefix(prefix): text for key, text in self.words.items() if key.startswith(prefix)}

    def keys_link(self, exchange: str) -> Link | None:
        """Where a person finds the keys of their account, or at least signs in."""
        links = {step.id: step.link for step in self.steps[exchange]}
        return links.get("api-keys") or links.get("sign-in")

    def outcome(self, outcome: Outcome, exchange: str) -> OutcomeWords:
        words, terms = self.outcomes[outcome.value], self.terms(exchange)
        return OutcomeWords(*(self._filled(text, terms) for text in (words.title, words.cause, words.next)))

    def cause(self, cause: Cause, exchange: str) -> CauseWords:
        words, terms = self.causes[cause.value], self.terms(exchange)
        return CauseWords(self._filled(words.text, terms), self._filled(words.do, terms))

    def say(self, key: str, **values: object) -> str:
        """Words that depend on a number have it as `count`."""
        if key not in self.words and "count" in values:
            form = f"{key}.{plurals.form(self.language, values['count'])}"
            key = form if form in self.words else f"{key}.other"
        return self._filled(self.words[key], values) if values else self.words[key]

    def _filled(self, text: str, values: Mapping[str, object]) -> str:
        return text.format_map({name: self.written(value) for name, value in values.items()})

    def written(self, value: object) -> str:
        """As it stands among words of this language."""
        if isinstance(value, datetime.date):
            return self.date(value)
        if isinstance(value, int | float):
            return self.number(value)
        if self.right_to_left and value:  # else what is filled in may turn the order of the words around it
            return f"\u2068{value}\u2069"
        return str(value)

    def listed(self, addresses: Sequence[str]) -> str:
        """As many of them as somebody would read; nothing where there are none."""
        shown = ", ".join(addresses[:MOST_LISTED])
        left = len(addresses) - MOST_LISTED
        return f"{shown} {self.say('check.addresses-more', count=left)}" if left > 0 else shown

    def trouble(self, name: str) -> str:
        """What went wrong with the keyring, and what to do."""
        return f"{self.say(f'vault.{name}')} {self.say(f'vault-do.{name}')}"

    def right_state(self, right: str, state: str) -> str:
        """How a right stands. To be allowed to withdraw is bad news, so that one is worded apart."""
        return self.say(f"withdraw-state.{state}" if right == "withdraw" else f"right-state.{state}")


def best_of(wanted: Sequence[str]) -> str:
    """The first that there is of those somebody reads, as systems name them: "pt-BR", "de_AT.UTF-8"."""
    for name in wanted:
        parts = re.split(r"[-_.@]", name.lower())
        if parts[0] == "zh" and {"hant", "tw", "hk", "mo"}.intersection(parts):
            continue  # not the same script
        for language in LANGUAGES:
            if language.partition("_")[0] == parts[0]:
                return language
    return ENGLISH


def asked_for(arguments: Sequence[str]) -> str:
    """The language that --lang names among what was typed, or nothing: it is known before anything is said."""
    for place, argument in enumerate(arguments):
        if argument == "--lang" or argument.startswith("--lang="):
            return best_of([argument.partition("=")[2] or "".join(arguments[place + 1 : place + 2])])
    return ""


def spoken_here() -> str:
    """The language of the terminal or of the system, as far as that can be told without Qt."""
    if sys.platform == "win32":
        import ctypes
        import locale

        return best_of([locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")])
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if wanted := os.environ.get(name):
            first = [] if wanted.startswith(("C", "POSIX")) else os.environ.get("LANGUAGE", "").split(":")
            return best_of([*first, wanted])
    return ENGLISH


def load(language: str = ENGLISH) -> Guide:
    """Raises GuideError where English cannot be read. A language that cannot is replaced by English."""
    english = _parsed(assets.path("guide", f"{ENGLISH}.toml"))
    if language in LANGUAGES and language != ENGLISH:
        file = assets.path("guide", f"{language}.toml")
        with contextlib.suppress(GuideError):
            return _read(file.name, _overlaid(english, _parsed(file), file.name), language)
    return _read(f"{ENGLISH}.toml", english, ENGLISH)


def _overlaid(english: Any, other: Any, where: str) -> Any:
    """English with the texts of another language in their places."""
    if isinstance(english, dict) and isinstance(other, dict):
        if plurals.is_forms(english) and plurals.is_forms(other):
            return other
        return {
            key: value if key in SHARED or key not in other else _overlaid(value, other[key], f"{where}.{key}")
            for key, value in english.items()
        }
    if isinstance(english, list) and isinstance(other, list) and len(english) == len(other):
        return [_overlaid(*pair, where) for pair in zip(english, other, strict=True)]
    if isinstance(english, dict) and isinstance(other, str) and "mark" in english:
        return {**english, "text": other}
    if isinstance(english, str) and isinstance(other, str):
        return other
    raise GuideError(f"{where}: not of the same shape as in English")


def _read(file: str, document: dict[str, Any], language: str) -> Guide:
    reader = _Reader(file, _places(), "\u200f" if language in RIGHT_TO_LEFT else "")
    guides = reader.table(document, "guides", "")
    steps = {
        name: tuple(
            reader.step(item, f"{name}, step {number}")
            for number, item in enumerate(reader.tables(guides, name, "guides"), 1)
        )
        for name in EXCHANGES
    }
    for name, found in steps.items():
        if not 2 < len(found) <= MOST_STEPS or [step.id for step in found[-2:]] != ["api-data", "notice"]:
            raise GuideError(f"{file}, {name}: at most {MOST_STEPS} steps are expected, ending with the two pages")
    outcomes = {
        name: OutcomeWords(*(reader.text(table, key, f"outcomes.{name}") for key in ("title", "cause", "next")))
        for name, table in reader.table(document, "outcomes", "").items()
    }
    causes = {
        name: CauseWords(*(reader.text(table, key, f"causes.{name}") for key in ("text", "do")))
        for name, table in reader.table(document, "causes", "").items()
    }
    for table, members in (("outcomes", Outcome), ("causes", Cause)):
        for missing in {member.value for member in members} - document[table].keys():
            raise GuideError(f"{file}, {table}.{missing}: a table is missing")
    pages = reader.table(document, "help", "")
    extra_help = {
        name: tuple(reader.hint(item, f"help.{name}") for item in reader.tables(pages, name, "help")) for name in pages
    }
    words = dict(reader.flat(reader.table(document, "words", ""), ""))
    return Guide(language, steps, outcomes, causes, words, extra_help)


def _places() -> Places:
    """Where each picture's call-outs are: x, y, width and height by picture and call-out."""
    file = assets.path("pictures", "callouts.toml")
    places: dict[str, dict[str, Place]] = {}
    for picture, spots in _parsed(file).items():
        if not isinstance(spots, dict):
            raise GuideError(f"{file.name}, {picture}: a table is missing")
        for spot, place in spots.items():
            if not _is_inside(place):
                raise GuideError(f"{file.name}, {picture}.{spot}: a place inside the picture is expected")
            x, y, w, h = map(float, place)
            places.setdefault(picture, {})[spot] = (x, y, w, h)
    return places


def _is_inside(place: object) -> bool:
    if not isinstance(place, list) or len(place) != 4:
        return False
    if not all(isinstance(value, float | int) and not isinstance(value, bool) and 0 <= value <= 1 for value in place):
        return False
    x, y, w, h = place
    return bool(x + w <= 1 and y + h <= 1)


class Loader(SourceFileLoader):
    """Keeps what is in a TOML file as Python keeps a module's bytecode: in __pycache__ beside it, where that can be
    written, until the file changes. To parse one takes 7 ms, and most languages have two.
    """

    def source_to_code(self, data: Any, path: Any, **_: Any) -> CodeType:  # type: ignore[override]
        import tomllib

        return compile("", path, "exec").replace(co_consts=(tomllib.loads(data.decode()),))


def _parsed(file: Path) -> dict[str, Any]:
    loader = Loader(file.stem, str(file))
    try:
        try:
            code = loader.get_code(file.stem)
            return dict(code.co_consts[0]) if code else {}
        except OSError:
            raise
        except Exception:  # noqa: BLE001 - what was kept is damaged, in whatever way
            return dict(loader.source_to_code(loader.get_data(str(file)), str(file)).co_consts[0])
    except OSError as error:
        raise GuideError(f"{file.name} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise GuideError(f"{file.name} is damaged: {error}") from None


class _Reader:
    """Takes values out of a parsed file and says where one is missing or of the wrong kind."""

    def __init__(self, file: str, places: Places, first: str) -> None:
        """`first` goes before each text: the direction of one that begins with a Latin name is its language's still."""
        self._file, self._places, self._first = file, places, first

    def _wrong(self, where: str, key: str, problem: str) -> GuideError:
        place = f"{where}.{key}" if where else key
        return GuideError(f"{self._file}, {place}: {problem}")

    def text(self, table: Any, key: str, where: str, *, default: str | None = None) -> str:
        value = table.get(key, default) if isinstance(table, dict) else None
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self._wrong(where, key, "a text is missing")
        if len(value) > LONGEST_TEXT or not (value.isprintable() or value.translate(_SPACES).isprintable()):
            raise self._wrong(where, key, f"at most {LONGEST_TEXT} characters that can be seen are expected")
        if "{" in value or "}" in value:
            try:
                names = [name for _, name, *_ in string.Formatter().parse(value) if name is not None]
            except ValueError:
                names = [""]
            if not all(_PLACE.fullmatch(name) for name in names):
                raise self._wrong(where, key, "a place in braces is not a plain name")
        return value if key in SHARED or not value else self._first + value

    def table(self, table: Any, key: str, where: str) -> dict[str, Any]:
        value = table.get(key) if isinstance(table, dict) else None
        if not isinstance(value, dict):
            raise self._wrong(where, key, "a table is missing")
        return value

    def tables(self, table: Any, key: str, where: str) -> list[Any]:
        value = table.get(key, []) if isinstance(table, dict) else None
        if not isinstance(value, list):
            raise self._wrong(where, key, "a list is expected")
        return value

    def flat(self, table: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        for key, value in table.items():
            if isinstance(value, dict):
                pairs += self.flat(value, f"{prefix}{key}.")
            else:
                pairs.append((prefix + key, self.text(table, key, f"words.{prefix}".rstrip("."))))
        return pairs

    def step(self, table: Any, where: str) -> Step:
        link = self.table(table, "link", where) if isinstance(table, dict) and "link" in table else None
        return Step(
            self.text(table, "id", where),
            self.text(table, "title", where),
            self.text(table, "rail", where),
            tuple(self.part(part, where) for part in self.tables(table, "parts", where)),
            Link(self.text(link, "label", where), self.https(link, where)) if link else None,
            tuple(self.hint(item, where) for item in self.tables(table, "help", where)),
        )

    def hint(self, table: Any, where: str) -> Hint:
        return Hint(self.text(table, "see", where), self.text(table, "do", where))

    def https(self, table: dict[str, Any], where: str) -> str:
        url = self.text(table, "url", where)
        if not url.startswith("https://"):
            raise self._wrong(where, "url", "an https address is expected")
        return url

    def part(self, table: Any, where: str) -> Part:
        lines = []
        for item in self.tables(table, "lines", where):
            line = {"text": item} if isinstance(item, str) else item
            mark = self.text(line, "mark", where, default="")
            if mark not in MARKS:
                raise self._wrong(where, "mark", f"{mark!r} is not one of {sorted(MARKS)}")
            lines.append(Line(self.text(line, "text", where), mark))
        picture = self.picture(table["picture"], where) if "picture" in table else None
        return Part(self.text(table, "title", where, default=""), tuple(lines), picture)

    def picture(self, table: Any, where: str) -> Picture:
        file = self.text(table, "file", where)
        places = self._places.get(file.removesuffix(".png"), {})
        return Picture(
            file,
            self.text(table, "description", where),
            tuple(self.callout(item, where, places) for item in self.tables(table, "callouts", where)),
        )

    def callout(self, table: Any, where: str, places: Mapping[str, Place]) -> Callout:
        name = self.text(table, "id", where)
        if name not in places:
            raise self._wrong(where, "callouts", f"the picture has no place for {name!r}")
        tag = self.text(table, "tag", where, default="below")
        if tag not in TAGS:
            raise self._wrong(where, "tag", f"{tag!r} is not one of {sorted(TAGS)}")
        return Callout(name, self.text(table, "label", where), *places[name], tag)
