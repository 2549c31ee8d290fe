"""A note: what was repaired, dropped, assumed or not covered, as a key and values until somebody reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from geo_access.words.words import text, told_value

__all__ = ["Note", "note", "notes_of", "notes_plain", "told_in"]


@dataclass(frozen=True)
class Note:
    """Something that a reader of the results should know.

    Attributes
    ----------
    key : str
        Entry ``note.<key>`` of the catalogue.
    values : tuple of (str, object)
        What the entry puts in its braces, by name: numbers, texts, days, notes and tuples of notes.

    Examples
    --------
    >>> note("imputed", n=12).told("fr")
    '12 points portent des chiffres estimés par leur source'
    >>> str(note("imputed", n=12))
    '12 points hold imputed figures'
    """

    key: str
    values: tuple[tuple[str, object], ...] = ()

    def told(self, language: str = "fr") -> str:
        """Words of the note in a language."""
        return text(f"note.{self.key}", language, **{name: told_in(value, language) for name, value in self.values})

    def __str__(self) -> str:
        """Words in English, for programs' logs and for reading in a console."""
        return self.told("en")

    def to_dict(self) -> dict[str, object]:
        """Plain values for a manifest or a saved network, with the English words for who reads the file."""
        return {"key": self.key, "values": {name: _plain(value) for name, value in self.values}, "text": str(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> Note:
        """Read what `to_dict` wrote."""
        values = content.get("values")
        pairs = values.items() if isinstance(values, Mapping) else ()
        return cls(str(content["key"]), tuple((str(name), _lived(value)) for name, value in pairs))


def note(key: str, /, **values: object) -> Note:
    """Write a note.

    Parameters
    ----------
    key : str
        Entry ``note.<key>`` of the catalogue.
    **values : object
        All that the entry has in braces. Numbers are written as the reader's language does: a code or a year is no
        number but a text.

    Returns
    -------
    Note
    """
    return Note(key, tuple((name, value.item() if hasattr(value, "item") else value) for name, value in values.items()))


def notes_plain(notes: Iterable[Note]) -> list[dict[str, object]]:
    """Plain values of several notes, ready for JSON.

    Examples
    --------
    >>> notes_plain([note("imputed", n=3)])
    [{'key': 'imputed', 'values': {'n': 3}, 'text': '3 points hold imputed figures'}]
    """
    return [item.to_dict() for item in notes]


def notes_of(content: Iterable[Mapping[str, object]]) -> tuple[Note, ...]:
    """Read notes from plain values.

    Examples
    --------
    >>> notes_of(notes_plain([note("imputed", n=3)])) == (note("imputed", n=3),)
    True
    """
    return tuple(Note.from_dict(item) for item in content)


def told_in(value: object, language: str) -> str:
    """Write a value of a message as the language does: a note in its words, several with semicolons, numbers, days.

    Examples
    --------
    >>> told_in((note("imputed", n=2), 1200), "en")
    '2 points hold imputed figures; 1,200'
    """
    if isinstance(value, Note):
        return value.told(language)
    if isinstance(value, tuple):
        return text("semicolon", language).join(told_in(item, language) for item in value)
    return told_value(value, language)


def _plain(value: object) -> object:
    if isinstance(value, Note):
        return value.to_dict()
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _lived(value: object) -> object:
    if isinstance(value, Mapping):
        return date.fromisoformat(str(value["day"])) if "day" in value else Note.from_dict(value)
    return tuple(_lived(item) for item in value) if isinstance(value, list) else value
