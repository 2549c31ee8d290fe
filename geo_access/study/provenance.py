"""The files of a study as they were read: their hashes, and the certainty that nobody changed them meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from geo_access.errors import Fault, raise_faults
from geo_access.manifest import sha256_file
from geo_access.sources.gtfs.read import container_of
from geo_access.study.file import StudyFile
from geo_access.study.sections import Table

__all__ = ["Watched", "named_files", "need_sources", "study_tables", "table_files", "watch"]

_State = tuple[int, int, int]


def study_tables(file: StudyFile) -> dict[str, Table]:
    """Tables that a study names, by what they hold."""
    tables: dict[str, Table] = {"zones": file.origins.zones, "points": file.origins.points}
    tables |= {f"zones {number}": table for number, table in enumerate(file.origins.more_zones, start=2)}
    named = {"training": file.training, "employers": file.employers, "employment": file.employment}
    return {**tables, **{key: table for key, table in named.items() if table is not None}}


def need_sources(file: StudyFile) -> dict[str, str]:
    """Where each table of ``[needs]`` comes from: its source, else its file."""
    named = {} if file.needs is None else file.needs.named
    return {f"needs.{key}": table.source or table.file.name for key, table in named.items()}


def table_files(file: StudyFile) -> set[Path]:
    """Every table that a study names, whatever for; streets, timetables and holidays are no tables."""
    needs = () if file.needs is None else tuple(file.needs.named.values())
    sections = (
        *study_tables(file).values(),
        file.flows,
        file.carpool,
        file.mismatch,
        file.publication,
        *file.profiles,
        *file.zonings,
        *needs,
    )
    return {path for section in sections if section is not None for _, path in section if isinstance(path, Path)}


def named_files(paths: Iterable[Path]) -> dict[str, Path]:
    """Name files by their own names, and by those of their folders where two have the same.

    Examples
    --------
    >>> sorted(named_files([Path("/s/a/points.csv"), Path("/s/b/points.csv"), Path("/s/zones.gpkg")]))
    ['a/points.csv', 'b/points.csv', 'zones.gpkg']
    """
    files = sorted(set(paths))
    names = [path.name for path in files]
    found: dict[str, Path] = {}
    for path in files:
        base = name = path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}"
        number = 2
        while name in found:
            name, number = f"{base}#{number}", number + 1
        found[name] = path
    return found


def _state(path: Path) -> tuple[_State, ...]:
    entries = [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
    stats = (entry.stat() for entry in entries)
    return tuple((stat.st_size, stat.st_mtime_ns, stat.st_ino) for stat in stats)


@dataclass(frozen=True, eq=False)
class Watched:
    """Files of a study, from before they were read.

    Attributes
    ----------
    hashes : mapping of str to str
        SHA-256 of each table by name, taken before it was read.
    """

    hashes: Mapping[str, str]
    _states: Mapping[Path, tuple[_State, ...]]

    def confirm(self) -> None:
        """Make sure that what was read is what was hashed.

        Raises
        ------
        InputError
            With every file that changed since.
        """
        raise_faults(
            Fault(path.name, "the file changed while it was read", "run again", key="changed_while_read")
            for path, state in self._states.items()
            if not path.exists() or _state(path) != state
        )


def watch(file: StudyFile) -> Watched:
    """Hash the tables of a study, and note the state of all its files.

    Parameters
    ----------
    file : StudyFile

    Returns
    -------
    Watched
    """
    tables = table_files(file)
    feeds = [container_of(path)[0] for path in file.network.gtfs]
    others = [path for path in (*file.network.osm, *feeds, file.network.school_breaks) if path is not None]
    # The state first: a change after it is seen, even one during the hashing.
    states = {path: _state(path) for path in sorted({*tables, *others})}
    return Watched({name: sha256_file(path) for name, path in named_files(tables).items()}, states)
