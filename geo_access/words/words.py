"""The one catalogue of words shown to readers: French by default, English on request."""

from __future__ import annotations

import difflib
import re
import string
from datetime import date

from geo_access.errors import InputError
from geo_access.words.catalogue import LANGUAGES, catalogue

__all__ = ["LANGUAGES", "catalogue", "format_number", "plural", "text", "told_value", "written_date"]

NARROW_SPACE = "\u202f"
_LEADING = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


class _Counts(string.Formatter):
    """Puts values in, and where an entry holds ``{n:ligne|lignes}``, the form that goes with the number."""

    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: object, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if not bar:
            return str(format(value, format_spec))
        return one if _single(value, self._language) else many


def _single(count: object, language: str) -> bool:
    """Tell if a count takes the singular: below 2 in French, only 1 in English; a number, or one written at a start."""
    mark, group = (",", NARROW_SPACE) if language == "fr" else (".", ",")
    written = str(count) if isinstance(count, int | float) else str(count).replace(group, "").replace(mark, ".")
    found = _LEADING.match(written.replace("−", "-"))
    if found is None:
        return False
    number = abs(float(found[0]))
    return number < 2 if language == "fr" else number == 1


def text(key: str, language: str = "fr", /, **values: object) -> str:
    """Words of one entry, with its values put in.

    Parameters
    ----------
    key : str
        Entry of the catalogue.
    language : str
        ``fr`` or ``en``.
    **values : object
        What stands in braces in the entry; all of it, and nothing else. ``{n} {n:ligne|lignes}`` takes the form that
        goes with the number `n`: in French the singular covers all below 2, in English only 1.

    Returns
    -------
    str
        Plain text: escape it where it goes into HTML.

    Raises
    ------
    InputError
        For an unknown language or key, or values that do not fit the entry.

    Examples
    --------
    >>> text("level.inadéquat"), text("band", "en", minutes=30)
    ('Inadéquat', '30 min')
    """
    entries = catalogue(language)
    if key not in entries:
        near = difflib.get_close_matches(key, entries, n=1)
        raise InputError(f"no entry {key!r} in the catalogue" + (f" → did you mean {near[0]!r}?" if near else ""))
    try:
        return _Counts(language).vformat(entries[key], (), values)
    except (KeyError, IndexError) as error:
        raise InputError(f"entry {key!r} needs the value {error}") from error


def plural(key: str, count: float, language: str = "fr", **values: object) -> str:
    r"""Words of an entry that has a singular ``key.one`` and a plural ``key.many``, with the count put in.

    Parameters
    ----------
    key : str
        Entry without its ending.
    count : float
        In French the singular covers all below 2, in English only 1.
    language : str
    **values : object
        Further values.

    Examples
    --------
    >>> plural("places", 1), plural("places", 1200)
    ('1 place', '1\u202f200 places')
    """
    return text(
        f"{key}.{'one' if _single(count, language) else 'many'}", language, n=format_number(count, language), **values
    )


def format_number(value: float, language: str = "fr", *, decimals: int = 0) -> str:
    r"""Write a number as the language does: narrow spaces and a comma in French, a true minus sign, and no minus zero.

    Parameters
    ----------
    value : float
    language : str
    decimals : int
        Digits after the decimal mark.

    Examples
    --------
    >>> format_number(12345.6, decimals=1), format_number(12345.6, "en")
    ('12\u202f345,6', '12,346')
    >>> format_number(-2), format_number(-0.04, decimals=1)
    ('−2', '0,0')
    """
    catalogue(language)
    written = f"{value:z,.{decimals}f}".replace("-", "−")
    if language == "fr":
        written = written.replace(",", NARROW_SPACE).replace(".", ",")
    return written


def written_date(day: date, language: str = "fr") -> str:
    """Write a date out.

    Examples
    --------
    >>> written_date(date(2026, 3, 17)), written_date(date(2026, 5, 1)), written_date(date(2026, 3, 17), "en")
    ('mardi 17 mars 2026', 'vendredi 1er mai 2026', 'Tuesday 17 March 2026')
    """
    weekday = text("report.weekdays", language).split()[day.weekday()]
    month = text("report.months", language).split()[day.month - 1]
    number = "1er" if day.day == 1 and language == "fr" else str(day.day)
    return f"{weekday} {number} {month} {day.year}"


def told_value(value: object, language: str = "fr") -> str:
    r"""Write a value of a message as the language does: whole numbers grouped, days written out, texts as they are.

    Examples
    --------
    >>> told_value(4707), told_value(1.25), told_value(date(2026, 3, 17)), told_value("H2902"), told_value(1.25, "en")
    ('4\u202f707', '1,25', 'mardi 17 mars 2026', 'H2902', '1.25')
    """
    if isinstance(value, date):
        return written_date(value, language)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return format_number(value, language)
    return f"{value:g}".replace(".", "," if language == "fr" else ".")
