"""« 1 ligne », never « 1 lignes »: every entry that holds a count says 0, 1 and 2 as its language does."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import geo_access
from geo_access.words.catalogue import LANGUAGES, catalogue
from geo_access.words.words import format_number, text
from tests.browser import Page, browser

# Words that end like a plural and are none: they may follow a 1.
SINGULAR = {
    "fr": {"pas", "cas", "fois", "dans", "plus", "mois", "sous", "moins", "sans", "vers", "des", "flux", "px"},
    "en": {"is", "has", "was", "as", "less", "across", "its", "this", "plus", "px", "towards", "holds", "says", "means"}
    | {"loses", "becomes", "gains", "differs", "counts", "does", "leaves", "lies", "looks", "needs", "runs", "cuts"}
    | {"service", "speaks", "distorts", "takes", "waits", "lets", "always"},
}
# Entries never told with 1: the plural half of a pair; limits of the program; what was found at least twice.
SEVERAL = {
    "error.diagnosis.places_order",
    "error.edit.several_lines",
    "error.edit.several_stops",
    "error.edit.several_trips",
    "error.gtfs_several",
    "error.supply.too_many",
    "error.supply.xml_course",
    "error.surfaces.grid",
    "error.table.long_cell",
    "error.table.rows",
    "error.table.texts",
    "error.timetable.too_many_runs",
    "error.times.memory",
    "error.times.memory_part",
    "note.streets.islands",
    "person.more",
}
PLURAL_AFTER_ONE = re.compile(r"(?<![\w,.–-])1[\s\u202f]+([^\W\d_]+[sx])\b")


def forms(entry: str) -> list[tuple[str, str]]:
    return [(name, spec) for _, name, spec, _ in string.Formatter().parse(entry) if name and spec and "|" in spec]


def names(entry: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(entry) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_says_a_plural_after_1(language: str) -> None:
    wrong = {}
    for key, entry in catalogue(language).items():
        if key in SEVERAL or key.endswith(".many") or key.startswith(("help.", "key.")):
            continue
        said = text(key, language, **dict.fromkeys(names(entry), "1"))
        found = [word for word in PLURAL_AFTER_ONE.findall(said) if word.lower() not in SINGULAR[language]]
        if found:
            wrong[key] = found
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_of_the_catalogue_follows_0_1_and_2(language: str) -> None:
    """Each form stands beside its own number, has two wordings, and takes the one of the language."""
    found = 0
    for key, entry in catalogue(language).items():
        for name, spec in forms(entry):
            one, _, many = spec.partition("|")
            assert "" != one != many != "", f"{key}: {spec}"
            assert re.search(rf"{{{name}}}", entry), f"{key}: the number {name} itself is not said"
            for count, form in ((0, one if language == "fr" else many), (1, one), (2, many)):
                said = text(key, language, **{**dict.fromkeys(names(entry), "many"), name: count})
                pattern = re.sub(
                    r"\\{(\w+)(?::[^{}]*?)?\\}", ".*?", re.escape(entry.replace(f"{{{name}:{spec}}}", "\0", 1))
                )
                assert re.fullmatch(pattern.replace("\0", re.escape(form)), said, re.DOTALL), f"{key}, {count}: {said}"
                found += 1
    assert found > 300


@given(count=st.one_of(st.integers(0, 10**7), st.floats(0, 5000, allow_nan=False)))
def test_a_number_already_written_takes_the_form_of_the_number(count: float) -> None:
    """Counts come as numbers or as a page writes them: « 1 200 », "1,200"."""
    decimals = 0 if isinstance(count, int) else 1
    shown = round(count, decimals)
    for language, form in (("fr", "zone" if shown < 2 else "zones"), ("en", "zone" if shown == 1 else "zones")):
        written = format_number(count, language, decimals=decimals)
        assert f"{written} {form} " in text("web.unmeasured_zones", language, n=written)


def test_what_is_no_number_takes_the_plural() -> None:
    # A number with its own word is a number: « 1 zone sur 134 est inadéquate ».
    assert " 1 zone sur 9 est " in text("report.metier.reach", share="5 %", count="12", inadequate="1 zone", all="9")
    assert text("cli.check_stops", "en", n="many") == "many stops"


# The two scripts that put values into entries themselves, each with the lines around its own function.
WORKSHOP = """{script}
setWords({{ k: "{{n}} {{n:ligne|lignes}}" }}, "{language}");
const said = (n) => t("k", {{ n }});"""
MAP = """const data = {{ language: "{language}" }}, words = {{ k: "{{n}} {{n:ligne|lignes}}" }};
{script}
const said = (n) => say("k", {{ n }});"""


def of_the_workshop(language: str) -> str:
    script = (Path(geo_access.__file__).parent / "web" / "page" / "words.js").read_text("utf-8")
    return WORKSHOP.format(script=re.sub(r"^export ", "", script, flags=re.MULTILINE), language=language)


def of_the_map(language: str) -> str:
    script = (Path(geo_access.__file__).parent / "maps" / "page" / "map.js").read_text("utf-8")
    start, end = script.index("const say"), script.index("const element")
    return MAP.format(script=script[start:end], language=language)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        opened.goto("about:blank")
        yield opened


@pytest.mark.parametrize("script", [of_the_workshop, of_the_map])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ["0 ligne", "1 ligne", "1,5 ligne", "2 lignes", "1\u202f200 lignes"]),
        ("en", ["0 lignes", "1 ligne", "1.5 lignes", "2 lignes", "1,200 lignes"]),
    ],
)
def test_the_pages_own_scripts_count_alike(
    page: Page, script: Callable[[str], str], language: str, said: list[str]
) -> None:
    counts = "[0, 1, 1.5, 2, 1200].map((n) => said(number(n, n === 1.5 ? 1 : 0)))"
    assert page.run(f"{script(language)}\nreturn {counts};") == said
