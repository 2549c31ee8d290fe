"""The catalogue: both languages say the same things, numbers and plurals follow the language."""

from __future__ import annotations

import string

import pytest

from geo_access.diagnosis.model import Confidence, FlagReason, Level
from geo_access.errors import InputError
from geo_access.routing.query import MODES
from geo_access.words.catalogue import LANGUAGES, catalogue
from geo_access.words.words import format_number, plural, text


def fields(entry: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(entry) if name}


def test_both_languages_have_the_same_entries_with_the_same_values() -> None:
    french, english = catalogue("fr"), catalogue("en")
    assert french.keys() == english.keys()
    assert {key for key in french if fields(french[key]) != fields(english[key])} == set()


def test_every_level_reason_and_mode_has_words() -> None:
    wanted = [f"level.{level.value}" for level in Level] + [f"confidence.{item.value}" for item in Confidence]
    wanted += [f"reason.{reason.name}" for reason in FlagReason] + [f"mode.{mode}" for mode in MODES]
    wanted += [f"remedy.{reason.name}" for reason in FlagReason if reason is not FlagReason.REACHES]
    for language in LANGUAGES:
        assert [key for key in wanted if key not in catalogue(language)] == []


def test_french_typography() -> None:
    """A no-break space before double punctuation and %, the curly apostrophe in pages and sheets."""
    wrong = [entry for entry in catalogue("fr").values() if any(f" {mark}" in entry for mark in ":;?!%»")]
    assert wrong == []
    assert [entry for entry in catalogue("fr").values() if "'" in entry] == []


def test_plural_follows_the_language() -> None:
    assert plural("places", 0) == "0 place"
    assert plural("places", 0, "en") == "0 places"
    assert plural("places", 2) == "2 places"


def test_numbers_follow_the_language() -> None:
    assert format_number(1234567.25, decimals=2) == "1\u202f234\u202f567,25"
    assert format_number(1234567.25, "en", decimals=2) == "1,234,567.25"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: text("levl.fragile"), "did you mean"),
        (lambda: text("level.fragile", "de"), "one of fr, en"),
        (lambda: text("band"), "minutes"),
    ],
)
def test_wrong_keys_languages_and_values_are_refused(call, said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
