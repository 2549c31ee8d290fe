"""What a table takes in memory, told from its text and once parsed: beyond a gigabyte it is refused by name.

The weights were measured on tables of 60 MiB: a cell some 24 bytes (its code, and a reference
in each of two frames), a row 120, a text that no other cell has 200 (the object, and its places in look-ups).
stop_times.txt and shapes.txt, which a whole country fills, have limits of their own, see `read`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from geo_access.errors import CapacityError
from geo_access.words.told import refusal

__all__ = ["MOST_BYTES", "check_parsed", "text_bytes"]

MOST_BYTES = 850_000_000
_CELL_BYTES = 24
_ROW_BYTES = 120
_TEXT_BYTES = 200
# Of GeoJSON: a list or a number, an object.
_ITEM_BYTES = 80
_OBJECT_BYTES = 240
_OF_A_COUNTRY = frozenset(("stop_times.txt", "shapes.txt"))


def text_bytes(name: str, block: bytes) -> int:
    r"""Estimate from below what a part of a file takes once read [bytes]; 0 for what is held as it is.

    Examples
    --------
    >>> text_bytes("stops.txt", b"a,b\n1,2\n"), text_bytes("stop_times.txt", b"a,b\n1,2\n")
    (96, 0)
    """
    low = name.lower()
    if low.endswith(".geojson"):
        return _ITEM_BYTES * block.count(b",") + _OBJECT_BYTES * block.count(b"{")
    if not low.endswith(".txt") or low in _OF_A_COUNTRY:
        return 0
    return _CELL_BYTES * (block.count(b",") + block.count(b"\n"))


def check_parsed(file: str, columns: Iterable[pa.DictionaryArray], n: int) -> None:
    """Refuse a parsed table of `n` rows that would take more than a gigabyte as columns of text.

    Raises
    ------
    CapacityError
        Naming the file.
    """
    if file in _OF_A_COUNTRY:
        return
    held = list(columns)
    cost = n * (_ROW_BYTES + _CELL_BYTES * len(held)) + _TEXT_BYTES * sum(len(column.dictionary) for column in held)
    if cost > MOST_BYTES:
        raise refusal("gtfs.table_too_large", CapacityError, file=file, member=file)
