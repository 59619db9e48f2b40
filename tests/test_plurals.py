"""The forms of plurals, compared with Babel's copy of Unicode's rules."""

from __future__ import annotations

import pytest
from babel import Locale

from palma_wizard import plurals
from palma_wizard.guide import LANGUAGES

NUMBERS = [*range(250), 999, 1000, 1001, 1002, 1111, 100_000]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_takes_the_form_that_unicode_says(language: str) -> None:
    rule = Locale.parse(language).plural_form
    assert [plurals.form(language, n) for n in NUMBERS] == [rule(n) for n in NUMBERS]


@pytest.mark.parametrize("count", [-1, 1.5, "3", None])
def test_what_is_no_whole_number_takes_the_last_form(count: object) -> None:
    assert plurals.form("ru", count) == "other"
