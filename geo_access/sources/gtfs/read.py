"""GTFS files as they come: a zip or a folder, tables deep inside or not, hostile or not."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from geo_access.errors import CapacityError, InputError, MissingFileError
from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.sizes import MOST_BYTES, text_bytes
from geo_access.words.told import refusal

__all__ = ["TABLES", "read_files"]

TABLES = (
    "agency", "stops", "routes", "trips", "stop_times", "calendar", "calendar_dates", "frequencies", "transfers",
    "pathways", "feed_info", "location_groups", "location_group_stops", "booking_rules", "locations.geojson",
)  # fmt: skip

# The rest of GTFS, which says nothing about travel times.
_NOT_USED = (
    "areas", "attributions", "cars", "fare_attributes", "fare_leg_join_rules", "fare_leg_rules", "fare_media",
    "fare_products", "fare_rules", "fare_transfer_rules", "levels", "networks", "rider_categories", "route_networks",
    "stop_areas", "timeframes", "translations",
)  # fmt: skip

# A whole country's stop_times.txt is below 2 GB; beyond, the file is a mistake or an attack.
_LARGEST_TABLE_BYTES = 2 << 30
# No country's other tables come near: a million trips are 100 MB, 500,000 stops 50 MB.
_LARGEST_LONG_TABLE_BYTES = 256 << 20
# As tables in memory they take some ten times their bytes: these stay below 1 GB.
_LARGEST_SMALL_TABLE_BYTES = 80 << 20
_LARGEST_FEED_BYTES = 4 << 30
# Held in memory, twice while it is put together.
_LARGEST_INNER_ZIP_BYTES = 256 << 20
_MOST_MEMBERS = 10_000
_DEEPEST = 4
_READ_BYTES = 1 << 22
_BLANK_LINES = re.compile(rb"(?:\r?\n)[\r\n]+")


@dataclass(frozen=True)
class _Member:
    """A file of the container: its name there, its size, and how to open it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name.replace("\\", "/"))


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
        Not a zip, no stops.txt, several feeds in one file, encrypted or damaged.
    CapacityError
        Unpacks to more than any real feed.
    """
    if not path.exists():
        raise MissingFileError(
            f"{path}: no such GTFS file or folder → check the path", key="gtfs_missing", values={"file": path}
        )
    if path.is_dir():
        return _read_members(list(_in_folder(path)), path, notices, tables)
    if not path.is_file():
        raise InputError(
            f"{path}: a device, no file → give a GTFS zip or folder", key="gtfs_no_file", values={"file": path}
        )
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_members(_in_zip(archive, path), path, notices, tables)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError) as error:
        raise InputError(
            f"{path.name}: not a readable zip ({error}) → download it again, or give a folder",
            key="gtfs_not_zip",
            values={"file": path.name, "why": error},
        ) from error
    except (NotImplementedError, RuntimeError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise refusal("gtfs.unpack", file=path.name, why=error) from error


def _in_folder(path: Path) -> Iterator[_Member]:
    root = path.resolve()
    count = 0
    for here, folders, files in os.walk(root):
        place = Path(here)
        folders[:] = sorted(folders) if len(place.relative_to(root).parts) < _DEEPEST else []
        for name in sorted(files):
            entry = place / name
            if not entry.is_file() or not entry.resolve().is_relative_to(root):
                continue
            count += 1
            if count > _MOST_MEMBERS:
                raise _too_many(path, count)
            yield _Member(entry.relative_to(root).as_posix(), entry.stat().st_size, lambda e=entry: e.open("rb"))  # type: ignore[misc]


def _too_many(path: Path, count: int) -> CapacityError:
    return refusal("gtfs.many_files", CapacityError, file=path.name, n=count)


def _in_zip(archive: zipfile.ZipFile, path: Path) -> list[_Member]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) > _MOST_MEMBERS:
        raise _too_many(path, len(members))
    return [_Member(info.filename, info.file_size, lambda i=info: archive.open(i)) for info in members]  # type: ignore[misc]


def _safe(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in path.parts[0] if path.parts else False


def _read_members(
    members: Sequence[_Member], path: Path, notices: NoticeBook, tables: tuple[str, ...], *, depth: int = 0
) -> dict[str, bytes]:
    for member in members:
        if not _safe(member.name):
            notices.add(
                "unsafe_file_name", "WARNING", path.name, action="dropped", entity=member.name[:80], says="unsafe_name"
            )
    usable = [member for member in members if _safe(member.name) and "__MACOSX" not in member.name]
    homes = _homes(usable)
    zips = [member for member in usable if member.path.suffix.lower() == ".zip"]
    if not homes and zips:
        return _inside_zip(zips, path, notices, tables, depth)
    if not homes:
        raise refusal("gtfs.no_stops_file", file=path.name)
    if len(homes) > 1:
        raise _several(path, [f"{home}/" if home != "." else "./" for home in homes])
    home = homes[0]
    if home != ".":
        notices.add("invalid_input_files_in_subfolder", "WARNING", path.name, action="kept", entity=home,
                    says="in_subfolder")  # fmt: skip
    picked = _pick(usable, home, notices)
    chosen = {table: member for table, member in picked.items() if table in tables}
    _check_sizes(path, {table: member.size for table, member in chosen.items()})
    return {table: _unpack(member, path) for table, member in chosen.items()}


def _homes(members: Iterable[_Member]) -> list[str]:
    """Folders that hold a feed; where none is whole, that with a stops.txt nearest the top."""
    inside: dict[str, set[str]] = {}
    for member in members:
        inside.setdefault(str(member.path.parent), set()).add(member.path.name.lower())
    whole = [home for home, names in inside.items() if {"trips.txt", "stop_times.txt"} <= names]
    partial = [home for home, names in inside.items() if "stops.txt" in names]
    if not whole:
        return sorted(partial, key=lambda home: (home.count("/"), home))[:1]
    return sorted(whole)


def _several(path: Path, found: Sequence[str]) -> InputError:
    named = ", ".join(found[:20])
    return InputError(
        f"{path.name}: {len(found)} feeds in one file: {named} → unpack it and name each that is wanted in gtfs",
        key="gtfs_several",
        values={"file": path.name, "n": len(found), "feeds": named},
    )


def _inside_zip(
    zips: Sequence[_Member], path: Path, notices: NoticeBook, tables: tuple[str, ...], depth: int
) -> dict[str, bytes]:
    """Read the feed of the only zip inside."""
    if len(zips) > 1:
        raise _several(path, sorted(member.name for member in zips))
    inner = zips[0]
    if depth >= _DEEPEST or inner.size > _LARGEST_INNER_ZIP_BYTES:
        raise refusal("gtfs.zip_in_zip", CapacityError, file=path.name, inner=inner.name)
    notices.add("invalid_input_files_in_subfolder", "WARNING", path.name, action="kept", entity=inner.name,
                says="in_inner_zip")  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(_unpack(inner, path))) as archive:
        return _read_members(_in_zip(archive, path), path, notices, tables, depth=depth + 1)


def _pick(members: Sequence[_Member], home: str, notices: NoticeBook) -> dict[str, _Member]:
    """Table name → member of the feed's folder; names all from which nothing is read."""
    picked: dict[str, _Member] = {}
    for member in members:
        name = member.path.name.lower()
        stem, _, ending = name.rpartition(".")
        if str(member.path.parent) != home:
            notices.add("unknown_file", "INFO", member.name, action="dropped", says="file_elsewhere")
        elif ending == "txt" and stem in (*TABLES, "shapes"):
            if stem in picked:
                notices.add("duplicate_member", "ERROR", name, action="dropped", entity=picked[stem].name,
                            says="duplicate_member")  # fmt: skip
            picked[stem] = member
        elif name in TABLES:
            picked[name] = member
        elif ending == "txt" and stem in _NOT_USED:
            notices.add("file_not_used", "INFO", name, action="dropped", says="file_not_used")
        else:
            notices.add("unknown_file", "INFO", name, action="dropped", says="unknown_file")
    return picked


def _check_sizes(path: Path, sizes: dict[str, int]) -> None:
    for table, size in sizes.items():
        if size > _most_bytes(table):
            raise refusal("gtfs.table_unpacks_to", CapacityError, file=path.name, table=table, gb=round(size / 1e9, 1))
    if sum(sizes.values()) > _LARGEST_FEED_BYTES:
        raise refusal("gtfs.unpacks_to", CapacityError, file=path.name, gb=round(sum(sizes.values()) / 1e9, 1))


def _most_bytes(table: str) -> int:
    if table in ("stop_times", "shapes"):
        return _LARGEST_TABLE_BYTES
    long = table in ("trips", "calendar_dates")
    return min(_LARGEST_TABLE_BYTES, _LARGEST_LONG_TABLE_BYTES if long else _LARGEST_SMALL_TABLE_BYTES)


def _unpack(member: _Member, path: Path) -> bytes:
    blocks, total, cost = [], 0, 0
    with member.open() as stream:
        while block := stream.read(_READ_BYTES):
            total += len(block)
            # The size that the archive declares may lie.
            if total > max(member.size, 1):
                raise refusal("gtfs.archive", CapacityError, file=path.name, member=member.name)
            block = _dense(block)
            cost += text_bytes(member.path.name, block)
            if cost > MOST_BYTES:
                raise refusal("gtfs.table_too_large", CapacityError, file=path.name, member=member.name)
            blocks.append(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _dense(block: bytes) -> bytes:
    """Take most of the blank lines out: gigabytes of them say as much as one."""
    if block.isspace():
        return b"\n"
    if block.count(b"\n\n") * 8 < len(block) and block.count(b"\r\n\r\n") * 16 < len(block):
        return block
    return _BLANK_LINES.sub(b"\n", block)
