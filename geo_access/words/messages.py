"""Errors and notes in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache

from geo_access.errors import Fault, GeoAccessError
from geo_access.words.note import Note
from geo_access.words.words import catalogue, text

__all__ = ["error_text", "note_text"]

_FIELDS = {"n": r"[\d,]+", "code": r"[a-z0-9_]+", "file": r"[^()]+?", "action": r"[a-z]+"}


def _told(key: str, values: Mapping[str, object], english: str, language: str) -> str:
    """Words of an entry, or the error's own words where the catalogue has none that fit."""
    entry = f"error.{key}"
    if not key or entry not in catalogue(language):
        return english
    return text(entry, language, **{name: _value(value, language) for name, value in values.items()})


def _value(value: object, language: str) -> object:
    """Days with their weekday; a tuple of (key, values) as lines of their own."""
    if isinstance(value, date):
        return f"{text('report.weekdays', language).split()[value.weekday()]} {value.isoformat()}"
    if isinstance(value, tuple) and all(isinstance(item, tuple) and len(item) == 2 for item in value):
        return "\n".join(_told(key, values, key, language) for key, values in value)
    return value


def _fault(fault: Fault, language: str) -> str:
    own = str(fault).removeprefix(f"{fault.where}: ")
    colon = text("colon", language)
    return f"{fault.where}{colon} {_told(fault.key, fault.values, own, language)}"


def error_text(error: BaseException, language: str = "fr") -> str:
    r"""Message of an error in a language; in English where the catalogue does not know it.

    Parameters
    ----------
    error : BaseException
        A `GeoAccessError` carries keys and values; another is told in its own words.
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    str
        One or several lines of plain text.

    Examples
    --------
    >>> error_text(GeoAccessError("x: empty", faults=[Fault("x.csv", "empty", "add rows", key="study.missing")]))
    'x.csv\u202f: cette clé manque → ajoutez-la'
    """
    if not isinstance(error, GeoAccessError):
        return str(error)
    if error.key:
        return _told(error.key, error.values, str(error), language)
    if not error.faults:
        return str(error)
    lines = [_fault(fault, language) for fault in error.faults]
    head = [text("error.faults", language, n=len(lines))] if len(lines) > 1 else []
    return "\n  ".join([*head, *lines])


@cache
def _shapes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Patterns of the notes that have an entry, from their English shape."""
    found = []
    for key, shape in catalogue("en").items():
        if key.startswith("note.") and not key.startswith("note.action."):
            parts = re.split(r"\{(\w+)\}", shape)
            body = "".join(
                f"(?P<{part}>{_FIELDS.get(part, '.+?')})" if i % 2 else re.escape(part) for i, part in enumerate(parts)
            )
            found.append((key, re.compile(body, re.DOTALL)))
    return tuple(found)


def note_text(note: Note | str, language: str = "fr") -> tuple[str, bool]:
    r"""Tell a note of the readings or of the network in a language.

    Parameters
    ----------
    note : Note or str
        With its key and values, or as written in English.
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    (str, bool)
        The note, and whether it is in that language: one without an entry stays English.

    Examples
    --------
    >>> note_text("12 points hold imputed figures"), note_text("odd")
    (('12 points portent des chiffres estimés par leur source', True), ('odd', False))
    """
    if isinstance(note, Note):
        return note.told(language), True
    if language == "en":
        return note, True
    for key, shape in _shapes():
        match = shape.fullmatch(note)
        if match is not None:
            values = match.groupdict()
            action = f"note.action.{values.get('action', '')}"
            if action in catalogue(language):
                values["action"] = text(action, language)
            return text(key, language, **values), True
    return note, False
