"""More pairs than memory holds: block by block of origins, to a folder of parquet parts or to a reduction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from geo_access.errors import CapacityError, InputError
from geo_access.manifest import Manifest
from geo_access.routing.query import Query
from geo_access.times.address import Place, read_table
from geo_access.times.parts import claim_folder, one_type, sound_parts, write_ledger, write_part
from geo_access.times.points import Points, select_points
from geo_access.times.result import TravelTimes
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = [
    "StreamedTimes",
    "Streaming",
    "bytes_per_pair",
    "check_capacity",
    "reduce_blocks",
    "row_blocks",
    "storable",
    "write_blocks",
]

_BLOCK_BYTES = 192 << 20
# Every block of origins sweeps the timetable from all destinations again: several parts are computed together.
_COMPUTED_BYTES = 512 << 20
_FRAME_BYTES = 48
_NAMED = 5
_LOG = logging.getLogger("geo_access")

Compute = Callable[[Points], TravelTimes]
WriteParts = Callable[[list[Points], list[Place], bool], Iterator[tuple[int, dict[str, Any]]]]


@dataclass(frozen=True, eq=False)
class StreamedTimes:
    """Travel times on disk.

    Attributes
    ----------
    folder : Path or Address
        Holds ``manifest.json``, ``part-00000.parquet`` … with one row per pair as in `TravelTimes.to_frame`, and
        ``parts.json``: rows and SHA-256 of each part.
    parts : tuple of Path or Address
    query : Query
    manifest : Manifest
    notes : tuple of Note
        Parts that were damaged and computed again; ids that a table can only keep as text.
    """

    folder: Place
    parts: tuple[Place, ...]
    query: Query
    manifest: Manifest
    notes: tuple[Note, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Read all parts back; with the same columns where no pair can be within the limit.

        Raises
        ------
        InputError
            When a part is no longer what was written.
        """
        sound = sound_parts(self.folder, self.parts, self.manifest.id)
        lost = [part.name for part in self.parts if part.name not in sound]
        if lost:
            named = ", ".join(lost[:_NAMED])
            raise InputError(
                f"{self.folder}: {named} changed since it was written → run again: what is sound is kept",
                key="stream.damaged",
                values={"folder": self.folder, "parts": named},
            )
        if not self.parts:
            nobody, nothing = np.empty(0, object), np.empty((0, 0))
            seconds = np.empty((0, 0, len(self.query.percentiles)), np.float32)
            found = seconds, nothing.astype(np.uint8), nothing.astype(np.float32)
            return TravelTimes(nobody, nobody, self.query, *found, self.manifest).to_frame()
        return pd.concat([read_table(part) for part in self.parts], ignore_index=True)


def bytes_per_pair(query: Query) -> int:
    """Return the memory that one pair takes while it is computed [bytes].

    Examples
    --------
    >>> bytes_per_pair(Query("walk"))
    28
    """
    return 4 * len(query.percentiles) + 24


def check_capacity(n_origins: int, n_destinations: int, query: Query, *, memory_gb: float) -> float:
    """Say how much memory a matrix takes, and refuse one that does not fit.

    Returns
    -------
    float
        Estimate [GB].

    Raises
    ------
    CapacityError
        When the estimate is above `memory_gb`.
    """
    estimate_gb = n_origins * n_destinations * bytes_per_pair(query) / 1e9
    _LOG.info("%d × %d pairs: about %.2f GB", n_origins, n_destinations, estimate_gb)
    if estimate_gb > memory_gb:
        raise refusal(
            "times.memory",
            CapacityError,
            n=n_origins,
            sites=n_destinations,
            gb=round(estimate_gb, 1),
            limit_gb=memory_gb,
        )
    return estimate_gb


def row_blocks(n_origins: int, n_destinations: int, query: Query) -> list[slice]:
    """Cut the origins so that a block with all its destinations stays small, whatever the machine."""
    per_row = max(1, n_destinations) * (bytes_per_pair(query) + _FRAME_BYTES)
    rows = max(1, _BLOCK_BYTES // per_row)
    return [slice(start, min(start + rows, n_origins)) for start in range(0, n_origins, rows)]


def _estimate_gb(rows: int, n_destinations: int, query: Query) -> float:
    """Memory beside the network [GB]: the block that was just written stays alive while the next one is computed."""
    return (2 * rows * n_destinations * bytes_per_pair(query) + _BLOCK_BYTES) / 1e9


def _together(cuts: list[slice], n_destinations: int, query: Query, memory_gb: float) -> list[list[int]]:
    """Group cuts that follow each other, as many as the memory of one computation holds."""
    largest = max((cut.stop - cut.start for cut in cuts), default=0)
    least_gb = _estimate_gb(largest, n_destinations, query)
    if least_gb > memory_gb:
        raise refusal(
            "times.memory_part",
            CapacityError,
            n=largest,
            sites=n_destinations,
            gb=round(least_gb, 2),
            limit_gb=memory_gb,
        )
    allowed = min(_COMPUTED_BYTES, (memory_gb * 1e9 - _BLOCK_BYTES) / 2)
    rows = max(1, int(allowed // (max(1, n_destinations) * bytes_per_pair(query))))
    groups: list[list[int]] = []
    for number, cut in enumerate(cuts):
        if groups and cuts[groups[-1][-1]].stop == cut.start and cut.stop - cuts[groups[-1][0]].start <= rows:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


@dataclass(frozen=True, eq=False)
class Streaming:
    """All pairs of a question, to be computed block by block of origins.

    Attributes
    ----------
    compute : callable
        From a block of origins to their `TravelTimes`.
    origins : Points
    n_destinations : int
    query : Query
    memory_gb : float
        Most that may be held at once beside the network [GB]; it decides how many parts are computed together.
    progress : bool
        Show a bar on the error stream.
    """

    compute: Compute
    origins: Points
    n_destinations: int
    query: Query
    memory_gb: float = 4.0
    progress: bool = False

    @property
    def cuts(self) -> list[slice]:
        """The parts: rows of the origins."""
        return row_blocks(len(self.origins.ids), self.n_destinations, self.query)


def _blocks(asked: Streaming, cuts: list[slice]) -> Iterator[tuple[int, TravelTimes]]:
    """Compute some parts, several at once where they follow each other, and hand each out with its number."""
    origins, n_destinations, query = asked.origins, asked.n_destinations, asked.query
    groups = _together(cuts, n_destinations, query, asked.memory_gb)
    peak_rows = max((cuts[group[-1]].stop - cuts[group[0]].start for group in groups), default=0)
    said = (
        f"{len(origins.ids)} × {n_destinations} pairs in {len(cuts)} parts, {len(groups)} computations: "
        f"about {_estimate_gb(peak_rows, n_destinations, query):.2f} GB beside the network"
    )
    _LOG.info(said)
    screen = Console(stderr=True)
    if asked.progress:
        screen.print(said)
    for group in track(groups, description="travel times", console=screen, disable=not asked.progress):
        first = cuts[group[0]].start
        many = asked.compute(select_points(origins, slice(first, cuts[group[-1]].stop)))
        for number in group:
            rows = slice(cuts[number].start - first, cuts[number].stop - first)
            yield (
                number,
                replace(
                    many,
                    origin_ids=many.origin_ids[rows],
                    seconds=many.seconds[rows],
                    reason=many.reason[rows],
                    feasible_share=many.feasible_share[rows],
                ),
            )


def write_blocks(
    asked: Streaming, manifest: Manifest, folder: Place, *, elsewhere: WriteParts | None = None
) -> StreamedTimes:
    """Write all pairs to a folder; parts already there are kept when they are whole and of the same run.

    Parameters
    ----------
    asked : Streaming
    manifest : Manifest
        Its `id` says which run the folder belongs to.
    folder : Path or Address
    elsewhere : callable, optional
        Computes and writes the parts in place of this process: from blocks of origins, their files and whether ids
        keep their type, to each part's number and entry in the ledger, in any order.

    Returns
    -------
    StreamedTimes

    Raises
    ------
    InputError
        When the folder holds another run, or is something else.
    CapacityError
        When not even one part fits `memory_gb`.
    """
    cuts, origins = asked.cuts, asked.origins
    parts = [folder / f"part-{number:05d}.parquet" for number in range(len(cuts))]
    kept = one_type(origins.ids)
    kinds = "text" if not kept else type(next(iter(origins.ids.tolist()), "")).__name__
    manifest = replace(manifest, extra={**manifest.extra, "origin_ids": kinds})
    claim_folder(folder, manifest)
    ledger = sound_parts(folder, parts, manifest.id)
    damaged = [part.name for part in parts if part.exists() and part.name not in ledger]
    notes = [note("stream.computed_again", n=len(damaged), parts=", ".join(damaged[:_NAMED]))] if damaged else []
    notes += [] if kept else [note("stream.ids_as_text")]
    todo = [number for number, part in enumerate(parts) if part.name not in ledger]
    wanted = [cuts[number] for number in todo]
    done: Iterator[tuple[int, dict[str, Any]]]
    if elsewhere is None:
        done = ((k, write_part(storable(times, kept), parts[todo[k]])) for k, times in _blocks(asked, wanted))
    else:
        blocks = [select_points(origins, cut) for cut in wanted]
        done = elsewhere(blocks, [parts[number] for number in todo], kept)
    for k, entry in done:
        ledger[parts[todo[k]].name] = entry
        write_ledger(folder, ledger, manifest.id)
    for said in notes:
        _LOG.warning("%s", said)
    return StreamedTimes(folder, tuple(parts), asked.query, manifest, tuple(notes))


def storable(times: TravelTimes, origins_kept: bool) -> pd.DataFrame:
    """Return the pairs as a table, with ids as text where one column cannot hold them in their own types."""
    frame = times.to_frame()
    if not origins_kept:
        frame["origin_id"] = frame["origin_id"].map(str)
    if not one_type(times.destination_ids):
        frame["destination_id"] = frame["destination_id"].map(str)
    return frame


def reduce_blocks(asked: Streaming, reduce: Callable[[TravelTimes], Any]) -> Any:
    """Keep only what `reduce` makes of each block of origins.

    Returns
    -------
    Any
        Arrays and frames end to end in the order of the origins, anything else as a list.

    Raises
    ------
    CapacityError
        When not even one part fits `memory_gb`.
    """
    values = [reduce(times) for _, times in _blocks(asked, asked.cuts)]
    if values and all(isinstance(value, np.ndarray) for value in values):
        return np.concatenate(values)
    if values and all(isinstance(value, pd.DataFrame | pd.Series) for value in values):
        return pd.concat(values)
    return values
