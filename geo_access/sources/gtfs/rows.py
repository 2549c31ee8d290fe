"""CSV as operators write it: any encoding, rows too short or too long, quotes that nobody closed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from geo_access.errors import InputError
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.sizes import check_parsed
from geo_access.sources.gtfs.uneven import EvenRows, even_rows
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = ["RawTable", "read_raw"]

_CELL = re.compile(r'("(?:[^"]|"(?!,|$))*"|[^,]*)(,|$)')
# Separators of programs that write a comma as the decimal mark.
_OTHER_SEPARATORS = (";", "\t", "|")
# A name or a note over more lines than this is a quote that nobody closed.
_LONGEST_CELL_LINES = 30
# More rows of another length than this are evened in bulk; with quotes they are read one by one, up to the second.
_MANY_ODD, _MOST_ODD = 20_000, 400_000


@dataclass(frozen=True, eq=False)
class RawTable:
    """One table as text.

    Attributes
    ----------
    file : str
        Such as ``stops.txt``.
    columns : mapping of str to pyarrow.Array
        Dictionary-encoded text without surrounding blanks, "" where empty.
    row : ndarray of int64, shape (n,)
        Record of the file that each row was, the header being 1.
    """

    file: str
    columns: Mapping[str, pa.DictionaryArray]
    row: np.ndarray

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.row)

    def text(self, name: str) -> np.ndarray:
        """Column as an object array of str, shape (n,); all "" where the column is missing."""
        if name not in self.columns:
            return np.full(len(self), "", dtype=object)
        values, codes = self.coded(name)
        return values[codes] if len(values) else np.full(len(self), "", dtype=object)

    def coded(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Distinct texts (object) and, per row, which one it is (int32)."""
        if name not in self.columns:
            return np.array([""], dtype=object), np.zeros(len(self), dtype=np.int32)
        column = self.columns[name]
        values = column.dictionary.to_numpy(zero_copy_only=False).astype(object)
        return values, column.indices.to_numpy(zero_copy_only=False).astype(np.int32)

    def frame(self) -> pd.DataFrame:
        """All columns as text, with the record number in `row`."""
        frame = pd.DataFrame({name: self.text(name) for name in self.columns}, dtype=object)
        return frame.assign(row=self.row)


def _as_utf8(data: bytes, file: str, notices: NoticeBook) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        notices.add(Notice("text_encoding", "WARNING", file, action="repaired", says=note("gtfs.utf16")))
        return data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        notices.add(Notice("text_encoding", "WARNING", file, action="repaired", says=note("gtfs.latin1")))
        return data.decode("cp1252", errors="replace").encode()
    return data


def _with_commas(data: bytes, file: str, notices: NoticeBook) -> bytes:
    """Write a table anew whose header is separated by something else than commas."""
    head = re.split(rb"[\r\n]", data[:10_000], maxsplit=1)[0].decode("utf-8", errors="replace")
    mark = next((mark for mark in _OTHER_SEPARATORS if mark in head and "," not in head), None)
    if mark is None:
        return data
    lines = data.decode("utf-8", errors="replace").splitlines()
    said = note("gtfs.other_separator", mark="tab" if mark == "\t" else mark)
    notices.add(Notice("other_separator", "WARNING", file, action="repaired", says=said))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(csv.reader(lines, delimiter=mark))
    return buffer.getvalue().encode()


def _header(data: bytes, file: str, notices: NoticeBook) -> tuple[list[str], int]:
    """Column names, and where the first row starts; lines may end as on any system, old Macintoshes included."""
    ends = [place for place in (data.find(b"\n"), data.find(b"\r")) if place >= 0]
    end = min(ends, default=len(data))
    start = end + (2 if data[end : end + 2] == b"\r\n" else 1)
    line = data[:end].decode("utf-8")
    if line.count('"') % 2:
        notices.add(Notice("unclosed_quote", "ERROR", file, row=1, action="repaired", says=note("gtfs.unclosed_quote")))
        line = line.replace('"', "")
    try:
        names = next(csv.reader([line]), [])
    except csv.Error as error:
        raise refusal("gtfs.header", file=file, why=error) from error
    cleaned, seen = [], set()
    for place, name in enumerate(names):
        plain = name.strip().lower()
        if plain in seen:
            notices.add(
                Notice(
                    "duplicated_column", "ERROR", file, 1, plain, action="dropped", says=note("gtfs.duplicated_column")
                )
            )
            plain = f"{plain}#{place}"
        seen.add(plain)
        cleaned.append(plain)
    return cleaned, start


def read_raw(table: str, data: bytes, notices: NoticeBook, *, columns: tuple[str, ...] | None = None) -> RawTable:
    r"""Parse one CSV table to text columns.

    Cells left off at the end of a row are blank, cells beyond the header are dropped, and a quote that is not closed
    ends with its line: each with a notice that names the row.

    Parameters
    ----------
    table : str
        Such as ``stops``.
    data : bytes
        The file.
    notices : NoticeBook
    columns : tuple of str, optional
        Read only these (those that exist); all by default.

    Returns
    -------
    RawTable

    Examples
    --------
    >>> book = NoticeBook()
    >>> raw = read_raw("stops", b'stop_name,stop_id\n"a, b",7\n', book)
    >>> raw.text("stop_name").tolist(), raw.row.tolist()
    (['a, b'], [2])
    """
    file = f"{table}.txt"
    data = _as_utf8(data, file, notices).lstrip(b"\r\n")
    if not data or data.isspace():
        notices.add(Notice("empty_file", "WARNING", file, action="dropped", says=note("gtfs.empty_file")))
        return RawTable(file, {}, np.empty(0, np.int64))
    data = _with_commas(data, file, notices)
    names, start = _header(data, file, notices)
    if not data[start : start + 64].strip() and not data[start:].strip():
        empty = pa.array([], pa.string()).dictionary_encode()
        return RawTable(file, dict.fromkeys(names, empty), np.empty(0, np.int64))
    wanted = [name for name in names if "#" not in name and (columns is None or name in columns)]
    try:
        parsed, odd = _parse(data, start, names, wanted, file, notices)
    except _ManyOddError:
        made = even_rows(data[start:], len(names))
        _tell_uneven(made, file, notices)
        data, start = made.body, 0
        parsed, odd = _parse(data, start, names, wanted, file, notices)
    texts = {}
    for name in wanted:
        texts[name], spaced = _trimmed(parsed.column(name))
        if spaced:
            notices.add(
                Notice(
                    "leading_or_trailing_whitespaces",
                    "INFO",
                    file,
                    entity=name,
                    action="repaired",
                    says=note("gtfs.blanks_around", column=name),
                    count=spaced,
                )
            )
    check_parsed(file, texts.values(), parsed.num_rows)
    # Reading starts below the header, so that the parser's record n is our n + 1.
    rows = np.arange(2, parsed.num_rows + len(odd) + 2)
    apart = np.array([number for number, _ in odd], dtype=np.int64)
    rows = rows[~np.isin(rows, apart)][: parsed.num_rows]
    if odd:
        cut_off = not data.endswith((b"\n", b"\r"))
        texts, rows = _put_back(texts, rows, odd, names, _Told(file, notices, cut_off))
    return RawTable(file, texts, rows)


def _parse(
    data: bytes, start: int, names: list[str], wanted: list[str], file: str, notices: NoticeBook
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """Rows that have as many cells as the header; the others as (record, text)."""
    body = pa.py_buffer(data).slice(start)
    quoted = data.find(b'"', start) >= 0
    try:
        parsed, odd = _parse_once(body, names, wanted, file, quoted=quoted)
        if not quoted or parsed.num_rows + len(odd) >= _filled_lines(data, start):
            return parsed, odd
    except pa.ArrowInvalid as error:
        if not quoted:
            raise _not_csv(file, error) from error
    # Some record spans several lines: by right, or because a quote was not closed.
    mended = _close_quotes(data[start:], len(names), file, notices)
    try:
        return _parse_once(pa.py_buffer(mended), names, wanted, file, quoted=True)
    except pa.ArrowInvalid as error:
        raise _not_csv(file, error) from error


class _ManyOddError(Exception):
    """Too many rows of another length to take them one by one."""


def _tell_uneven(made: EvenRows, file: str, notices: NoticeBook) -> None:
    for rows, says, severity in ((made.short, "row_short", "WARNING"), (made.long, "row_long", "ERROR")):
        if len(rows):
            notices.add_rows(
                Notice("invalid_row_length", severity, file, action="repaired", says=note(f"gtfs.{says}")),
                rows,
                made.entities(rows),
            )


def _not_csv(file: str, error: Exception) -> InputError:
    return refusal("gtfs.not_csv", file=file, why=error)


def _parse_once(
    body: pa.Buffer, names: list[str], wanted: list[str], file: str, *, quoted: bool
) -> tuple[pa.Table, list[tuple[int, str]]]:
    odd: list[tuple[int, str]] = []
    most = _MOST_ODD if quoted else _MANY_ODD

    def apart(row: arrow_csv.InvalidRow) -> str:
        if len(odd) >= most:
            odd.append((-1, ""))
            return "error"
        odd.append((int(row.number) + 1 if row.number is not None else -1, row.text))
        return "skip"

    try:
        return _read(body, names, wanted, apart, quoted=quoted), odd
    except pa.ArrowInvalid:
        if len(odd) <= most:
            raise
        if quoted:
            raise refusal("gtfs.rows_uneven", file=file, n=most) from None
        raise _ManyOddError from None


def _read(
    body: pa.Buffer, names: list[str], wanted: list[str], apart: Callable[[arrow_csv.InvalidRow], str], *, quoted: bool
) -> pa.Table:
    return arrow_csv.read_csv(
        pa.BufferReader(body),
        read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 22),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=quoted, invalid_row_handler=apart),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=wanted,
            column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in wanted},
            strings_can_be_null=False,
        ),
    )


def _filled_lines(data: bytes, start: int) -> int:
    """Lines below the header that are not blank."""
    mark = b"\n" if data.find(b"\n", start) >= 0 else b"\r"
    lines = data.count(mark, start) + (not data.endswith(mark))
    # Runs of blank lines are counted only where there is one: the rare case.
    if data.find(b"\n\n", start - 1) < 0 and data.find(b"\r\n\r\n", max(start - 2, 0)) < 0 and mark == b"\n":
        return lines
    return sum(1 for line in data[start:].split(mark) if line.strip(b"\r"))


def _close_quotes(body: bytes, n: int, file: str, notices: NoticeBook) -> bytes:
    """Close each quote that its line leaves open, unless the record really goes on over the next lines."""
    text = body.decode("utf-8", errors="replace")
    mark = "\n" if "\n" in text else "\r"
    lines = [line.rstrip("\r") for line in text.split(mark)]
    out: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if '"' not in line or not _split(line).left_open:
            out.append(line)
            place += 1
            continue
        end = _last_line(lines, place, n)
        if end is None:
            cells = _cells(line, n)
            _tell_open(file, notices, place + 2, cells)
            out.append(_written(cells))
            end = place
        else:
            out.append("\n".join(lines[place : end + 1]))
        place = end + 1
    return "\n".join(out).encode()


def _tell_open(file: str, notices: NoticeBook, row: int, cells: Sequence[str]) -> None:
    name = cells[0][:40] if cells else ""
    notices.add(
        Notice(
            "unclosed_quote", "ERROR", file, row=row, entity=name, action="repaired", says=note("gtfs.unclosed_quote")
        )
    )


def _last_line(lines: Sequence[str], place: int, n: int) -> int | None:
    """Last line of a record that rightly spans several; None where its quote was meant to close in its own line."""
    record = lines[place]
    whole = len(_split(record, literal=_split(record).opened[-1]).cells) == n
    for end in range(place + 1, min(place + _LONGEST_CELL_LINES, len(lines))):
        if whole and len(_split(lines[end]).cells) == n:
            return None
        record += "\n" + lines[end]
        found = _split(record)
        if not found.left_open:
            return end if found.clean and len(found.cells) == n else None
    return None


@dataclass(frozen=True)
class _Split:
    """Cells of a record, where quoted ones open, whether the last is left open, whether each closes at its end."""

    cells: list[str]
    opened: list[int]
    left_open: bool
    clean: bool


def _split(record: str, literal: int = -1) -> _Split:
    """Split a record; a quote opens at the start of a cell only, but at `literal` none, and once closed is text."""
    cells: list[str] = []
    opened: list[int] = []
    place, size, clean = 0, len(record), True
    while True:
        cell = ""
        if place < size and record[place] == '"' and place != literal:
            opened.append(place)
            place += 1
            while True:
                end = record.find('"', place)
                if end < 0:
                    return _Split([*cells, cell + record[place:]], opened, True, False)
                cell += record[place:end]
                place = end + 1
                if place >= size or record[place] != '"':
                    break
                cell += '"'
                place += 1
            clean &= place >= size or record[place] == ","
        end = record.find(",", place)
        if end < 0:
            return _Split([*cells, cell + record[place:]], opened, False, clean)
        cells.append(cell + record[place:end])
        place = end + 1


def _cells(record: str, n: int) -> list[str]:
    """Cells of a record whose quotes may be wrong: that reading which gives as many as the header has."""
    found = _split(record)
    if not found.left_open and (len(found.cells) == n or not found.opened):
        return found.cells
    unescaped = _unescaped(record)
    if len(unescaped) == n and not any(cell.startswith('"') for cell in unescaped):
        return unescaped
    for one in found.opened:
        tried = _split(record, literal=one)
        if not tried.left_open and len(tried.cells) == n:
            return [cell.removeprefix('"') for cell in tried.cells]
    if found.left_open:
        return [cell.removeprefix('"') for cell in _split(record, literal=found.opened[-1]).cells]
    return found.cells


def _unescaped(record: str) -> list[str]:
    """Cells of a record that has quotes inside of quoted cells: one closes before a comma, or at the end, only."""
    found = []
    for match in _CELL.finditer(record):
        cell, mark = match.groups()
        quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
        found.append(cell[1:-1].replace('""', '"') if quoted else cell)
        if not mark:
            break
    return found


def _written(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


@dataclass(frozen=True)
class _Told:
    file: str
    notices: NoticeBook
    cut_off: bool


def _put_back(
    texts: dict[str, pa.DictionaryArray], rows: np.ndarray, odd: list[tuple[int, str]], names: list[str], told: _Told
) -> tuple[dict[str, pa.DictionaryArray], np.ndarray]:
    """Rows of another length than the header's, filled up or cut, in their places."""
    n = len(names)
    short: list[tuple[int, str]] = []
    long: list[tuple[int, str]] = []
    records: list[list[str]] = []
    numbers: list[int] = []
    for number, text in odd:
        line = text.rstrip("\r\n")
        cells = _cells(line, n)
        last = number == len(rows) + len(odd) + 1
        if len(cells) < n and last and told.cut_off and len(odd) == 1 and len(rows):
            told.notices.add(
                Notice(
                    "invalid_row_length",
                    "ERROR",
                    told.file,
                    number,
                    cells[0][:40],
                    action="dropped",
                    says=note("gtfs.row_cut_off"),
                )
            )
            continue
        if _split(line).left_open:
            _tell_open(told.file, told.notices, number, cells)
        if len(cells) != n:
            (short if len(cells) < n else long).append((number, cells[0][:40]))
        records.append([*cells, *[""] * (n - len(cells))][:n])
        numbers.append(number)
    for found, says in ((short, "row_short"), (long, "row_long")):
        if found:
            told.notices.add_rows(
                Notice(
                    "invalid_row_length",
                    "WARNING" if says == "row_short" else "ERROR",
                    told.file,
                    action="repaired",
                    says=note(f"gtfs.{says}"),
                ),
                [number for number, _ in found],
                [name for _, name in found],
            )
    every = np.concatenate((rows, np.array(numbers, dtype=np.int64)))
    order = np.argsort(every, kind="stable")
    out = {}
    for name, column in texts.items():
        place = names.index(name)
        added = pa.array([record[place].strip() for record in records], pa.string()).dictionary_encode()
        both = pa.chunked_array([column, added]).unify_dictionaries().combine_chunks()
        whole = both.chunk(0) if isinstance(both, pa.ChunkedArray) else both
        out[name] = pa.DictionaryArray.from_arrays(pc.take(whole.indices, pa.array(order)), whole.dictionary)
    return out, every[order]


def _trimmed(column: pa.ChunkedArray) -> tuple[pa.DictionaryArray, int]:
    """Text without the blanks around it, and how many cells had some."""
    one = column.unify_dictionaries().combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(one, pa.ChunkedArray):
        one = one.chunk(0) if one.num_chunks else pa.array([""], pa.string()).dictionary_encode()[:0]
    values = pc.utf8_trim_whitespace(one.dictionary)
    if values.equals(one.dictionary):
        return pa.DictionaryArray.from_arrays(one.indices, values), 0
    spaced = int(pc.sum(pc.take(pc.not_equal(values, one.dictionary), one.indices)).as_py() or 0)
    if len(pc.unique(values)) == len(values):
        return pa.DictionaryArray.from_arrays(one.indices, values), spaced
    again = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(pc.take(again.indices, one.indices), again.dictionary), spaced
