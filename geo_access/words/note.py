"""A note: what was repaired, dropped, assumed or not covered, as a key and values until somebody reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geo_access.words.words import text

__all__ = ["Note", "note"]


@dataclass(frozen=True)
class Note:
    """Something that a reader of the results should know.

    Attributes
    ----------
    key : str
        Entry ``note.<key>`` of the catalogue.
    values : tuple of (str, object)
        What the entry puts in its braces; numbers, texts and dates, by name.

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
        return text(f"note.{self.key}", language, **dict(self.values))

    def __str__(self) -> str:
        """Words in English, for programs' logs and for reading in a console."""
        return self.told("en")

    def to_dict(self) -> dict[str, object]:
        """Plain values for a manifest or a saved network."""
        return {"key": self.key, "values": dict(self.values)}

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> Note:
        """Read what `to_dict` wrote."""
        values = content.get("values")
        pairs = tuple(values.items()) if isinstance(values, Mapping) else ()
        return cls(str(content["key"]), pairs)


def note(key: str, **values: object) -> Note:
    """Write a note.

    Parameters
    ----------
    key : str
        Entry ``note.<key>`` of the catalogue.
    **values : object
        All that the entry has in braces.

    Returns
    -------
    Note
    """
    return Note(key, tuple(values.items()))
