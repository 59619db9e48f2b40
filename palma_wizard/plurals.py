"""Which form of its words a language takes with a number: the cardinal rules of Unicode's CLDR, for whole
numbers below a million."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FORMS: Final = ("zero", "one", "two", "few", "many", "other")


def is_forms(table: Mapping[str, object]) -> bool:
    return "other" in table and table.keys() <= set(FORMS)


def form(language: str, count: object) -> str:
    """One of FORMS; "other" for what is no whole number from zero on."""
    if not isinstance(count, int) or count < 0:
        return "other"
    rule = _RULES.get(language)
    return rule(count) if rule else "one" if count == 1 else "other"


def _none(_: int) -> str:
    return "other"


def _with_zero(n: int) -> str:
    return "one" if n < 2 else "other"


def _two(n: int) -> str:
    return {1: "one", 2: "two"}.get(n, "other")


def _slovenian(n: int) -> str:
    return {1: "one", 2: "two", 3: "few", 4: "few"}.get(n % 100, "other")


def _east_slavic(n: int) -> str:
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if n % 10 in {2, 3, 4} and n % 100 not in {12, 13, 14} else "many"


def _polish(n: int) -> str:
    return "one" if n == 1 else "many" if n % 10 == 1 else _east_slavic(n)


def _arabic(n: int) -> str:
    if n < 3:
        return ("zero", "one", "two")[n]
    return "few" if 3 <= n % 100 <= 10 else "many" if n % 100 >= 11 else "other"


_RULES: Final = {
    "fr": _with_zero,
    "pt_BR": _with_zero,
    "zh_CN": _none,
    "ja": _none,
    "he": _two,
    "sl": _slovenian,
    "ru": _east_slavic,
    "uk": _east_slavic,
    "pl": _polish,
    "ar": _arabic,
}
