"""Rows of nothing: blank lines and lines of separators alone, by the gigabyte, taken out before they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["Sieve"]

# A disk that was full, or a copy that was cut off, leaves a tail of zeros; UTF-16 has single ones.
_ZEROS = re.compile(rb"\0{16,}")
_SIXTEEN_ZEROS = b"\0" * 16
_LINE, _RETURN, _QUOTE, _COMMA = 10, 13, 34, 44
_NOTHING = np.zeros(256, dtype=bool)
_NOTHING[list(b', \t\r\n"')] = True
_LONG_BLANK_BYTES = 1 << 16
# A line longer than this is no row of a table.
_LONGEST_LINE_BYTES = 4 << 20


@dataclass
class Sieve:
    r"""Takes rows of nothing out of a text that comes in blocks, and counts them.

    Attributes
    ----------
    empty_rows : int
        Lines of separators, blanks and quoted nothings; lines that are blank are no rows, and not counted.
    zero_bytes : int
        Zeros that no text holds, taken out.
    endless : bool
        Whether it stopped at a line longer than any row.

    Examples
    --------
    >>> sieve = Sieve()
    >>> b"".join(sieve.kept([b"a,b\n,\n1,", b"2\n , \n\"\",\n"])), sieve.empty_rows
    (b'a,b\n1,2\n', 3)
    """

    empty_rows: int = 0
    zero_bytes: int = 0
    endless: bool = False

    def kept(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what is left, in whole lines."""
        rest = b""
        wide = False
        for given in blocks:
            block = given
            wide = wide or block[:2] in (b"\xff\xfe", b"\xfe\xff")
            if wide:
                yield block
                continue
            if _SIXTEEN_ZEROS in block:
                block = _ZEROS.sub(b"", given)
                self.zero_bytes += len(given) - len(block)
            if len(block) > _LONG_BLANK_BYTES and block.isspace():
                block = next((end for end in (b"\n", b"\r") if end in block), b" ")
            whole, rest = _whole_lines(rest + block)
            yield self._without(whole)
            if len(rest) > _LONG_BLANK_BYTES and rest.endswith(b" "):
                rest = rest.rstrip(b" ") + b" "
            self.endless = len(rest) > _LONGEST_LINE_BYTES
            if self.endless:
                return
        yield self._without(rest)

    def _without(self, text: bytes) -> bytes:
        if not text:
            return text
        block = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(block == (_LINE if b"\n" in text else _RETURN))
        ends = np.append(ends, len(block) - 1) if not len(ends) or ends[-1] < len(block) - 1 else ends
        starts = np.concatenate(([0], ends[:-1] + 1))
        first, second = block[starts], block[np.minimum(starts + 1, len(block) - 1)]
        nothing = np.where(first == _QUOTE, second == _QUOTE, _NOTHING[first])
        if not nothing.any():
            return text
        # An odd quote opens or closes a cell that spans lines.
        nothing &= (_per_line(~_NOTHING[block], starts) == 0) & (_per_line(block == _QUOTE, starts) % 2 == 0)
        empty = nothing & (_per_line((block == _COMMA) | (block == _QUOTE), starts) > 0)
        self.empty_rows += int(empty.sum())
        if 2 * int((nothing & ~empty).sum()) < len(nothing):
            # A few blank lines do no harm, and may lie within a cell.
            nothing = empty
        return block[np.repeat(~nothing, ends - starts + 1)].tobytes() if nothing.any() else text


def _per_line(mask: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """How many bytes of each line a mask holds."""
    return np.add.reduceat(mask, starts, dtype=np.int32)


def _whole_lines(text: bytes) -> tuple[bytes, bytes]:
    """Split after the last line that has ended."""
    end = max(text.rfind(b"\n"), text.rfind(b"\r", 0, -1)) + 1
    return text[:end], text[end:]
