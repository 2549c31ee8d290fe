"""GTFS files as they come: a zip or a folder, any encoding, any column order, hostile or not."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from geo_access.errors import CapacityError, InputError, MissingFileError
from geo_access.sources.gtfs.notices import NoticeBook

__all__ = ["TABLES", "RawTable", "read_files", "read_raw"]

TABLES = (
    "agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates", "frequencies", "transfers",
    "pathways", "feed_info", "shapes",
)  # fmt: skip

# GTFS-Flex: zones and groups of stops served on request.
_FLEXIBLE = ("locations.geojson", "location_groups.txt", "location_group_stops.txt", "booking_rules.txt")
# The rest of GTFS, which says nothing about travel times.
_NOT_USED = (
    "areas", "attributions", "cars", "fare_attributes", "fare_leg_join_rules", "fare_leg_rules", "fare_media",
    "fare_products", "fare_rules", "fare_transfer_rules", "levels", "networks", "rider_categories", "route_networks",
    "stop_areas", "timeframes", "translations",
)  # fmt: skip

# A whole country's stop_times.txt is below 2 GB; beyond, the file is a mistake or an attack.
_LARGEST_TABLE_BYTES = 2 << 30
_LARGEST_FEED_BYTES = 4 << 30
_MOST_MEMBERS = 10_000
_READ_BYTES = 1 << 22


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


def _safe(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in path.parts[0] if path.parts else False


def _pick(names: list[str], path: Path, notices: NoticeBook) -> dict[str, str]:
    """Table name → member, all from the folder that holds stops.txt nearest the top."""
    for name in names:
        if not _safe(name):
            notices.add("unsafe_file_name", "WARNING", path.name, action="dropped", entity=name[:80],
                        message="a name that leaves the archive: the member was not read")  # fmt: skip
    usable = [name for name in names if _safe(name) and "__MACOSX" not in name]
    parts = {name: PurePosixPath(name.replace("\\", "/")) for name in usable}
    homes = sorted(
        (len(parts[name].parts), str(parts[name].parent)) for name in usable if parts[name].name.lower() == "stops.txt"
    )
    if not homes:
        raise InputError(
            f"{path.name}: no stops.txt in it → give a GTFS zip or folder (stops.txt, trips.txt, stop_times.txt…)"
        )
    home = homes[0][1]
    if home != ".":
        notices.add("invalid_input_files_in_subfolder", "WARNING", path.name, action="kept", entity=home,
                    message="the tables lie in a folder inside: read from there")  # fmt: skip
    here = [name for name in usable if str(parts[name].parent) == home]
    _left_aside([parts[name].name.lower() for name in here], notices)
    return {parts[name].stem.lower(): name for name in here if parts[name].suffix.lower() == ".txt"}


def _left_aside(names: list[str], notices: NoticeBook) -> None:
    """Name the files that nothing is read from."""
    for name in sorted(names):
        stem, _, ending = name.rpartition(".")
        if name in _FLEXIBLE:
            notices.add("flexible_service_not_used", "WARNING", name, action="dropped",
                        message="service on request between zones or groups of stops: in no search")  # fmt: skip
        elif stem in _NOT_USED and ending == "txt":
            notices.add("file_not_used", "INFO", name, action="dropped", message="says nothing about travel times")
        elif stem not in TABLES:
            notices.add("unknown_file", "INFO", name, action="dropped", message="no file of GTFS")


def read_files(path: Path, notices: NoticeBook, *, tables: tuple[str, ...] = TABLES) -> dict[str, bytes]:
    """Bytes of the tables of a zip or folder; nothing is written to disk.

    Parameters
    ----------
    path : pathlib.Path
    notices : NoticeBook
        Receives what is odd about the container.
    tables : tuple of str
        Which ones to read.

    Returns
    -------
    dict of str to bytes
        By table name, without ``.txt``.

    Raises
    ------
    MissingFileError
        No such file.
    InputError
        Not a zip, no stops.txt, encrypted or damaged.
    CapacityError
        Unpacks to more than any real feed.
    """
    if not path.exists():
        raise MissingFileError(
            f"{path}: no such GTFS file or folder → check the path", key="gtfs_missing", values={"file": path}
        )
    if path.is_dir():
        return _read_folder(path, notices, tables)
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_zip(archive, path, notices, tables)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError) as error:
        raise InputError(
            f"{path.name}: not a readable zip ({error}) → download it again, or give a folder",
            key="gtfs_not_zip",
            values={"file": path.name, "why": error},
        ) from error
    except (NotImplementedError, RuntimeError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name}: {error} → unpack it yourself and give the folder") from error


def _read_folder(path: Path, notices: NoticeBook, tables: tuple[str, ...]) -> dict[str, bytes]:
    root = path.resolve()
    inside = [
        entry for entry in sorted(root.rglob("*.txt")) if entry.is_file() and entry.resolve().is_relative_to(root)
    ]
    names = {entry.relative_to(root).as_posix(): entry for entry in inside[:_MOST_MEMBERS]}
    picked = _pick(list(names), path, notices)
    chosen = {table: names[member] for table, member in picked.items() if table in tables}
    _check_sizes(path, {table: entry.stat().st_size for table, entry in chosen.items()})
    return {table: entry.read_bytes() for table, entry in chosen.items()}


def _read_zip(archive: zipfile.ZipFile, path: Path, notices: NoticeBook, tables: tuple[str, ...]) -> dict[str, bytes]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) > _MOST_MEMBERS:
        raise CapacityError(f"{path.name}: {len(members)} files in it → a GTFS file has a dozen; check what this is")
    info_of = {info.filename: info for info in members}
    picked = _pick(list(info_of), path, notices)
    chosen = {table: info_of[member] for table, member in picked.items() if table in tables}
    _check_sizes(path, {table: info.file_size for table, info in chosen.items()})
    return {table: _unpack(archive, info, path) for table, info in chosen.items()}


def _check_sizes(path: Path, sizes: dict[str, int]) -> None:
    for table, size in sizes.items():
        if size > _LARGEST_TABLE_BYTES:
            raise CapacityError(
                f"{path.name}: {table}.txt unpacks to {size / 1e9:.1f} GB, beyond any real feed → check the file"
            )
    if sum(sizes.values()) > _LARGEST_FEED_BYTES:
        raise CapacityError(f"{path.name}: unpacks to {sum(sizes.values()) / 1e9:.1f} GB → check the file, or crop it")


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    blocks, total = [], 0
    with archive.open(info) as stream:
        while block := stream.read(_READ_BYTES):
            total += len(block)
            # The size that the archive declares may lie.
            if total > max(info.file_size, 1):
                raise CapacityError(
                    f"{path.name}: {info.filename} is larger than it says → a damaged or hostile archive"
                )
            blocks.append(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _as_utf8(data: bytes, file: str, notices: NoticeBook) -> bytes:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        notices.add("text_encoding", "WARNING", file, action="repaired", message="UTF-16 text, read as such")
        return data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        notices.add(
            "text_encoding", "WARNING", file, action="repaired", message="not UTF-8: read as Windows-1252 (Latin-1)"
        )
        return data.decode("cp1252", errors="replace").encode()
    return data


def _header(data: bytes, file: str, notices: NoticeBook) -> tuple[list[str], int]:
    """Column names, and where the first row starts; lines may end as on any system, old Macintoshes included."""
    ends = [place for place in (data.find(b"\n"), data.find(b"\r")) if place >= 0]
    end = min(ends, default=len(data))
    start = end + (2 if data[end : end + 2] == b"\r\n" else 1)
    try:
        names = next(csv.reader([data[:end].decode("utf-8")]), [])
    except csv.Error as error:
        raise InputError(f"{file}: the header is not readable ({error}) → open it and look at line 1") from error
    cleaned, seen = [], set()
    for place, name in enumerate(names):
        plain = name.strip().lower()
        if plain in seen:
            notices.add("duplicated_column", "ERROR", file, action="dropped", entity=plain, row=1,
                        message="a column that is there twice: the first counts")  # fmt: skip
            plain = f"{plain}#{place}"
        seen.add(plain)
        cleaned.append(plain)
    return cleaned, start


def _trimmed(column: pa.ChunkedArray) -> pa.DictionaryArray:
    one = column.unify_dictionaries().combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(one, pa.ChunkedArray):
        one = one.chunk(0) if one.num_chunks else pa.array([""], pa.string()).dictionary_encode()[:0]
    values = pc.utf8_trim_whitespace(one.dictionary)
    if values.equals(one.dictionary) or len(pc.unique(values)) == len(values):
        return pa.DictionaryArray.from_arrays(one.indices, values)
    again = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(pc.take(again.indices, one.indices), again.dictionary)


def read_raw(table: str, data: bytes, notices: NoticeBook, *, columns: tuple[str, ...] | None = None) -> RawTable:
    r"""Parse one CSV table to text columns.

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
    if not data.strip():
        notices.add("empty_file", "WARNING", file, action="dropped", message="nothing in it")
        return RawTable(file, {}, np.empty(0, np.int64))
    names, start = _header(data, file, notices)
    if not data[start : start + 64].strip() and not data[start:].strip():
        empty = pa.array([], pa.string()).dictionary_encode()
        return RawTable(file, dict.fromkeys(names, empty), np.empty(0, np.int64))
    bad: list[int] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        bad.append(int(row.number) if row.number is not None else -1)
        return "skip"

    wanted = [name for name in names if "#" not in name and (columns is None or name in columns)]
    parsed = _parse(data, start, names, wanted, skip, file)
    texts = {name: _trimmed(parsed.column(name)) for name in wanted}
    # Reading starts below the header, so that the parser's record n is our n + 1.
    rows = np.arange(2, parsed.num_rows + len(bad) + 2)
    known = np.array([number + 1 for number in bad if number > 0], dtype=np.int64)
    rows = rows[~np.isin(rows, known)][: parsed.num_rows]
    if bad:
        notices.add_rows(
            "invalid_row_length", "ERROR", file, [number + 1 for number in bad], [""] * len(bad), action="dropped",
            message="more or fewer cells than the header",
        )  # fmt: skip
    return RawTable(file, texts, rows)


def _parse(data: bytes, start: int, names: list[str], wanted: list[str], skip: object, file: str) -> pa.Table:
    quoted = b'"' in data
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(data).slice(start)),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 22),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=quoted, invalid_row_handler=skip),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted,
                column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in wanted},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"{file}: not readable as CSV ({error}) → open it and look at the lines named") from error
