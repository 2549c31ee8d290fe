"""GTFS files as they come: a zip or a folder, tables deep inside or not, hostile or not."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from geo_access.errors import CapacityError, InputError, MissingFileError
from geo_access.sources.gtfs.blanks import Sieve
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.sizes import MOST_BYTES, text_bytes
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = ["TABLES", "container_of", "feeds_inside", "read_files"]

TABLES = (
    "agency",
    "stops",
    "routes",
    "trips",
    "stop_times",
    "calendar",
    "calendar_dates",
    "frequencies",
    "transfers",
    "pathways",
    "feed_info",
    "location_groups",
    "location_group_stops",
    "booking_rules",
    "locations.geojson",
)

# The rest of GTFS, which says nothing about travel times.
_NOT_USED = (
    "areas",
    "attributions",
    "cars",
    "fare_attributes",
    "fare_leg_join_rules",
    "fare_leg_rules",
    "fare_media",
    "fare_products",
    "fare_rules",
    "fare_transfer_rules",
    "levels",
    "networks",
    "rider_categories",
    "route_networks",
    "stop_areas",
    "timeframes",
    "translations",
)

# A whole country's stop_times.txt is below 2 GB; beyond, the file is a mistake or an attack.
_LARGEST_TABLE_BYTES = 2 << 30
# No country's other tables come near: a million trips are 100 MB, 500,000 stops 50 MB.
_LARGEST_LONG_TABLE_BYTES = 160 << 20
# Parsed, a text takes some five times its bytes: these stay below 1 GB.
_LARGEST_SMALL_TABLE_BYTES = 80 << 20
_LARGEST_FEED_BYTES = 4 << 30
# Held in memory, twice while it is put together.
_LARGEST_INNER_ZIP_BYTES = 256 << 20
_MOST_MEMBERS = 10_000
_DEEPEST = 4
_READ_BYTES = 1 << 22


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
        Of the zip or folder, or of one feed among several in it: ``file.zip/folder``, ``file.zip/inner.zip``.
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
    with _opened(path) as (members, inside):
        return _read_members(members, path, notices, _Wanted(tables, inside))


def feeds_inside(path: Path) -> list[Path]:
    """Name each feed of a zip or folder, so that `read_files` takes it alone.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    list of pathlib.Path
        The path itself where it holds one feed (or none); else ``file.zip/folder``, ``file.zip/inner.zip``, or a table
        of the feed that lies at the top.

    Raises
    ------
    GeoAccessError
        As `read_files`.
    """
    with _opened(path) as (members, inside):
        chosen, rest = _within(members, inside, path)
        found = [] if rest else _names(chosen, path, depth=0)
    return [path] if len(found) < 2 else [container_of(path)[0] / name for name in found]


def container_of(path: Path) -> tuple[Path, str]:
    """Split ``file.zip/folder`` into the file that is there and what to look for in it, "" for all of it."""
    # A name that no file can have is no error here: there is no such file.
    if os.path.exists(path):  # noqa: PTH110
        # A table names the feed of its folder.
        return (path.parent, path.name) if path.is_file() and path.suffix.lower() == ".txt" else (path, "")
    for parent in path.parents:
        if parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return path, ""


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Sequence[_Member], str]]:
    """Members of the file or folder that `path` names or lies in, and what of them is meant."""
    container, inside = container_of(path)
    if not os.path.exists(container):  # noqa: PTH110
        raise MissingFileError(
            f"{path}: no such GTFS file or folder → check the path", key="gtfs_missing", values={"file": path}
        )
    if container.is_dir():
        yield list(_in_folder(container)), inside
        return
    if not container.is_file():
        raise InputError(
            f"{path}: a device, no file → give a GTFS zip or folder", key="gtfs_no_file", values={"file": path}
        )
    try:
        with zipfile.ZipFile(container) as archive:
            yield _in_zip(archive, path), inside
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


def _within(members: Sequence[_Member], inside: str, path: Path) -> tuple[Sequence[_Member], str]:
    """Members that `inside` means (a folder, a table's folder, a zip), and what to look for in the zip."""
    if not inside:
        return members, ""
    for member in members:
        name = member.path.as_posix()
        if member.path.suffix.lower() == ".zip" and (name == inside or inside.startswith(f"{name}/")):
            return [member], inside[len(name) + 1 :]
        if name == inside:
            return [other for other in members if other.path.parent == member.path.parent], ""
    under = [member for member in members if member.path.as_posix().startswith(f"{inside}/")]
    if not under:
        named = ", ".join(_names(members, path, depth=0)[:20]) or "–"
        raise refusal("gtfs.not_inside", MissingFileError, file=path, inside=inside, feeds=named)
    return under, ""


def _usable(members: Sequence[_Member]) -> list[_Member]:
    return [member for member in members if _safe(member.name) and "__MACOSX" not in member.name]


def _names(members: Sequence[_Member], path: Path, *, depth: int) -> list[str]:
    """Name the feeds among members: their folder or zip, a table of that at the top; "" for one alone."""
    usable = _usable(members)
    homes = _homes(usable)
    at_top = next((member.name for member in usable if member.name.lower() == "stop_times.txt"), "")
    found = [home if home != "." else at_top for home in homes]
    for inner in (member for member in usable if member.path.suffix.lower() == ".zip"):
        try:
            with _inner(inner, path, depth) as deeper:
                names = _names(deeper, path, depth=depth + 1)
        except zipfile.BadZipFile:
            # Beside a feed, what cannot be unpacked is a file that is not used; alone, it is told when it is read.
            names = [""] if not homes else []
        found += [f"{inner.path.as_posix()}/{name}".rstrip("/") for name in names]
    return found if len(found) > 1 else [""] * len(found)


@contextmanager
def _inner(inner: _Member, path: Path, depth: int) -> Iterator[Sequence[_Member]]:
    if depth >= _DEEPEST or inner.size > _LARGEST_INNER_ZIP_BYTES:
        raise refusal("gtfs.zip_in_zip", CapacityError, file=path.name, inner=inner.name)
    with zipfile.ZipFile(io.BytesIO(b"".join(_blocks(inner, path)))) as archive:
        yield _in_zip(archive, path)


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


@dataclass(frozen=True)
class _Wanted:
    """Which tables, and of which feed: its folder or zip, "" for the only one."""

    tables: tuple[str, ...]
    inside: str


def _read_members(
    members: Sequence[_Member], path: Path, notices: NoticeBook, wanted: _Wanted, *, depth: int = 0
) -> dict[str, bytes]:
    members, rest = _within(members, wanted.inside, path)
    for member in members:
        if not _safe(member.name):
            notices.add(
                Notice(
                    "unsafe_file_name",
                    "WARNING",
                    path.name,
                    entity=member.name[:80],
                    action="dropped",
                    says=note("gtfs.unsafe_name"),
                )
            )
    usable = _usable(members)
    homes = _homes(usable)
    zips = [member for member in usable if member.path.suffix.lower() == ".zip"]
    if not homes and zips:
        if len(zips) > 1:
            raise _several(path, sorted(member.name for member in zips))
        notices.add(
            Notice(
                "invalid_input_files_in_subfolder",
                "WARNING",
                path.name,
                entity=zips[0].name,
                action="kept",
                says=note("gtfs.in_inner_zip"),
            )
        )
        with _inner(zips[0], path, depth) as deeper:
            return _read_members(deeper, path, notices, replace(wanted, inside=rest), depth=depth + 1)
    if not homes:
        raise refusal("gtfs.no_stops_file", file=path.name)
    if wanted.inside in homes:
        homes = [wanted.inside]
    if len(homes) > 1:
        raise _several(path, [f"{home}/" if home != "." else "./" for home in homes])
    if zips and not wanted.inside and len(names := _names(members, path, depth=depth)) > 1:
        raise _several(path, names)
    home = homes[0]
    if home != "." and home != wanted.inside:
        notices.add(
            Notice(
                "invalid_input_files_in_subfolder",
                "WARNING",
                path.name,
                entity=home,
                action="kept",
                says=note("gtfs.in_subfolder"),
            )
        )
    picked = _pick(usable, home, notices)
    chosen = {table: member for table, member in picked.items() if table in wanted.tables}
    _check_sizes(path, {table: member.size for table, member in chosen.items()})
    return {table: _unpack(member, path, notices) for table, member in chosen.items()}


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
        f"{path.name}: {len(found)} feeds in one file: {named} → name one, such as {path.name}/{_named(found)}",
        key="gtfs_several",
        values={"file": path.name, "n": len(found), "feeds": named, "one": f"{path.name}/{_named(found)}"},
    )


def _named(found: Sequence[str]) -> str:
    return next(name.rstrip("/") for name in found if name != "./")


def _pick(members: Sequence[_Member], home: str, notices: NoticeBook) -> dict[str, _Member]:
    """Table name → member of the feed's folder; names all from which nothing is read."""
    picked: dict[str, _Member] = {}
    for member in members:
        name = member.path.name.lower()
        stem, _, ending = name.rpartition(".")
        if str(member.path.parent) != home:
            notices.add(Notice("unknown_file", "INFO", member.name, action="dropped", says=note("gtfs.file_elsewhere")))
        elif ending == "txt" and stem in (*TABLES, "shapes"):
            if stem in picked:
                notices.add(
                    Notice(
                        "duplicate_member",
                        "ERROR",
                        name,
                        entity=picked[stem].name,
                        action="dropped",
                        says=note("gtfs.duplicate_member"),
                    )
                )
            picked[stem] = member
        elif name in TABLES:
            picked[name] = member
        elif ending == "txt" and stem in _NOT_USED:
            notices.add(Notice("file_not_used", "INFO", name, action="dropped", says=note("gtfs.file_not_used")))
        else:
            notices.add(Notice("unknown_file", "INFO", name, action="dropped", says=note("gtfs.unknown_file")))
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


def _unpack(member: _Member, path: Path, notices: NoticeBook) -> bytes:
    blocks, cost = [], 0
    sieve = Sieve()
    read = _blocks(member, path)
    for block in sieve.kept(read) if member.path.suffix.lower() == ".txt" else read:
        cost += text_bytes(member.path.name, block)
        if cost > MOST_BYTES:
            raise refusal("gtfs.table_too_large", CapacityError, file=path.name, member=member.name)
        blocks.append(block)
    file = member.path.name.lower()
    if sieve.endless:
        raise refusal("gtfs.endless_line", file=path.name, member=member.name)
    if sieve.empty_rows:
        notices.add(
            Notice("empty_row", "WARNING", file, action="dropped", says=note("gtfs.empty_row"), count=sieve.empty_rows)
        )
    if sieve.zero_bytes:
        said = note("gtfs.zero_bytes", n=sieve.zero_bytes)
        notices.add(Notice("zero_bytes", "ERROR", file, action="dropped", says=said))
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _blocks(member: _Member, path: Path) -> Iterator[bytes]:
    total = 0
    with member.open() as stream:
        while block := stream.read(_READ_BYTES):
            total += len(block)
            # The size that the archive declares may lie.
            if total > max(member.size, 1):
                raise refusal("gtfs.archive", CapacityError, file=path.name, member=member.name)
            yield block
