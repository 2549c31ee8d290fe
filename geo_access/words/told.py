"""Errors and faults made from the catalogue: the sentence is written there once, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, overload

from geo_access.errors import Fault, GeoAccessError, InputError
from geo_access.words.note import Note, told_in
from geo_access.words.words import text

__all__ = ["fault", "refusal", "told_values"]

Error = TypeVar("Error", bound=GeoAccessError)


def told_values(values: Mapping[str, object], language: str) -> dict[str, object]:
    """Values of a message as the language writes them.

    Examples
    --------
    >>> told_values({"n": 1200, "file": "a.csv"}, "en")
    {'n': '1,200', 'file': 'a.csv'}
    """
    return {name: _lines(value, language) for name, value in values.items()}


def _lines(value: object, language: str) -> str:
    """Write a value as the language does; a tuple of (key, values) as lines of their own."""
    if isinstance(value, tuple) and value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
        lines = (text(f"error.{key}", language, **told_values(values, language)) for key, values in value)
        return "\n".join(lines)
    return told_in(value, language)


@overload
def refusal(key: str, /, **values: object) -> InputError: ...
@overload
def refusal(key: str, kind: type[Error], /, **values: object) -> Error: ...
def refusal(key: str, kind: type[GeoAccessError] = InputError, /, **values: object) -> GeoAccessError:
    """Make the error of an entry ``error.<key>``, its message in English; `error_text` tells it in another language.

    Parameters
    ----------
    key : str
        Entry without ``error.``: what, where, what to do.
    kind : type of GeoAccessError
        Class of the error.
    **values : object
        All that the entry has in braces. Whole numbers are grouped; a code, a year, a CRS is passed as text.

    Returns
    -------
    GeoAccessError
        Of class `kind`, to be raised.

    Examples
    --------
    >>> raise refusal("no_such_file", file="x.csv")
    Traceback (most recent call last):
    ...
    geo_access.errors.InputError: x.csv: no such file → check the path
    """
    return kind(text(f"error.{key}", "en", **told_values(values, "en")), key=key, values=values)


def fault(where: str | Note, key: str, /, **values: object) -> Fault:
    """Make the fault of an entry ``error.<key>``, which says what is wrong and, after an arrow, what to do.

    Parameters
    ----------
    where : str or Note
        File, key or id; a note where it has words.
    key : str
        Entry without ``error.``.
    **values : object
        All that the entry has in braces.

    Returns
    -------
    Fault

    Examples
    --------
    >>> print(fault("zones.csv: id 3", "id_twice"))
    zones.csv: id 3: given twice → give each point its own id
    """
    what, _, remedy = text(f"error.{key}", "en", **told_values(values, "en")).partition(" → ")
    place = where if isinstance(where, Note) else None
    return Fault(str(where), what, remedy, key=key, values=values, place=place)
