"""Very many rows of another length than the header's: filled up or cut in bulk, not one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["EvenRows", "even_rows"]

_BLOCK_BYTES = 8 << 20
_LINE, _RETURN, _COMMA = 10, 13, 44
# More than a book of notices lists one by one.
_NAMED, _NAME_BYTES = 1_000, 160


@dataclass(frozen=True, eq=False)
class EvenRows:
    """A table whose rows all have as many cells as its header.

    Attributes
    ----------
    body : bytes
        The rows, below the header.
    short, long : ndarray of int64
        Records that were filled up, and cut; the header is 1.
    names : dict of int to str
        First cell of some of them.
    """

    body: bytes
    short: np.ndarray
    long: np.ndarray
    names: dict[int, str]

    def entities(self, rows: np.ndarray) -> list[str]:
        """First cells of the first of some records."""
        return [self.names.get(int(row), "") for row in rows[:_NAMED]]


def even_rows(body: bytes, n_cells: int) -> EvenRows:
    r"""Give every row as many cells as the header; for text without quotes.

    Parameters
    ----------
    body : bytes
        Rows below the header, without a quote.
    n_cells : int
        Cells of the header.

    Returns
    -------
    EvenRows

    Examples
    --------
    >>> made = even_rows(b"a,1\nb\n\nc,2,3\n", 2)
    >>> made.body, made.short.tolist(), made.long.tolist(), made.names
    (b'a,1\nb,\n\nc,2\n', [3], [4], {3: 'b', 4: 'c'})
    """
    if b"\n" not in body:
        body = body.replace(b"\r", b"\n")
    if not body.endswith(b"\n"):
        body += b"\n"
    pieces: list[bytes] = []
    short: list[np.ndarray] = []
    long: list[np.ndarray] = []
    names: dict[int, str] = {}
    place, record = 0, 2
    while place < len(body):
        end = body.rfind(b"\n", place, place + _BLOCK_BYTES) + 1
        end = end if end > place else body.find(b"\n", place) + 1
        block = np.frombuffer(body, np.uint8, end - place, place)
        line = _Lines(block)
        number = record + np.cumsum(line.filled) - 1
        few, many = line.filled & (line.commas < n_cells - 1), line.filled & (line.commas > n_cells - 1)
        for wrong, found in ((few, short), (many, long)):
            so_far = sum(map(len, found))
            found.append(number[wrong])
            for k in np.flatnonzero(wrong)[: max(0, _NAMED - so_far)].tolist():
                names[int(number[k])] = line.name(k)
        pieces.append(_evened(block, line, n_cells))
        record += int(line.filled.sum())
        place = end
    return EvenRows(b"".join(pieces), np.concatenate(short), np.concatenate(long), names)


class _Lines:
    """Lines of a block that ends with one: where they end, how many commas they have, whether they hold anything."""

    def __init__(self, block: np.ndarray) -> None:
        self.block = block
        self.end = np.flatnonzero(block == _LINE)
        self.start = np.concatenate(([0], self.end[:-1] + 1))
        before = np.concatenate(([0], np.cumsum(block == _COMMA, dtype=np.int32)))
        self.commas = before[self.end] - before[self.start]
        # Where the text ends: before a carriage return, where there is one.
        returned = (self.end > self.start) & (block[np.maximum(self.end - 1, 0)] == _RETURN)
        self.text_end = self.end - returned
        self.filled = self.text_end > self.start
        self._before = before

    def rank(self) -> np.ndarray:
        """How many commas of its own line stand before each byte, the byte itself included."""
        length = self.end - self.start + 1
        return self._before[1:] - np.repeat(self._before[self.start], length)

    def name(self, line: int) -> str:
        """First cell."""
        text = self.block[self.start[line] : min(self.text_end[line], self.start[line] + _NAME_BYTES)].tobytes()
        return text.split(b",")[0].decode("utf-8", errors="replace")[:40]


def _evened(block: np.ndarray, line: _Lines, n_cells: int) -> bytes:
    """Rows cut after their last cell, and commas put before the end of those that lack some."""
    missing = np.where(line.filled, np.maximum(n_cells - 1 - line.commas, 0), 0)
    length = line.end - line.start + 1
    ends = np.zeros(len(block), dtype=bool)
    ends[line.end] = True
    ends[line.text_end] = True
    keep = (line.rank() < n_cells) | ends
    shift = np.repeat(np.cumsum(missing) - missing, length)
    shift += np.where(ends, np.repeat(missing, length), 0)
    place = (np.cumsum(keep) - 1 + shift)[keep]
    out = np.full(int(keep.sum() + missing.sum()), _COMMA, np.uint8)
    out[place] = block[keep]
    return out.tobytes()
