"""A large territory decided block by block of points: times of points × sites are never held, only set aside on disk.

What a point can reach is its own affair, but for the places that it shares with all who reach them: those are shared
once every block is known, from the times that were set aside.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from typing import IO, Any

import numpy as np

from geo_access.diagnosis.coverage import UncoveredTowns
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.evidence import Task, TimesSources, gather_evidence
from geo_access.diagnosis.model import FlagRules, Threshold
from geo_access.diagnosis.points import PointFlags, flag_points, shared_places
from geo_access.diagnosis.residents import Residents
from geo_access.errors import CapacityError
from geo_access.times.round_trip import RoundTrip
from geo_access.words.told import refusal

__all__ = ["decide_points", "point_blocks"]

# A pair takes 26 bytes of times, and about as much again for each thing that varies: some 1.5 GB a block.
_BLOCK_PAIRS = 16_000_000


def decide_points(
    task: Task, thresholds: Sequence[Threshold], residents: Residents, rules: FlagRules, sources: TimesSources
) -> tuple[RoundTrip, list[PointFlags]]:
    """Compute the times of one profile and schedule, and decide every point for each case and threshold.

    Parameters
    ----------
    task : Task
    thresholds : sequence of Threshold
    residents : Residents
    rules : FlagRules
    sources : TimesSources

    Returns
    -------
    RoundTrip
        (n_points, n_sites); of a large territory its arrays are mapped from a file without a name.
    list of PointFlags
        Cases of the task, each with all thresholds.

    Raises
    ------
    CapacityError
        When the disk is too small for the times of a large territory.
    """
    n_points = len(residents.point_ids)
    cuts = point_blocks(n_points, len(task.sites))
    if len(cuts) <= 1:
        return _decided(task, thresholds, residents, rules, sources)
    blocks = []
    with ExitStack() as files:
        aside = _Aside(files)
        for block in cuts:
            trip, flags = _decided(task, thresholds, residents.take(block), rules, _around(sources, block))
            aside.add(trip)
            blocks.append(flags)
        trip = aside.trip(n_points)
    found = []
    for number, (offers, threshold) in enumerate(_cases(task, thresholds)):
        whole = _joined([flags[number] for flags in blocks])
        shared = shared_places(residents, offers, trip, Beside(threshold, residents.xy, task.sites.xy))
        found.append(replace(whole, places_per_candidate=shared))
    return trip, found


def point_blocks(n_points: int, n_sites: int) -> list[slice]:
    """Cut points so that those of a block × all sites are no more pairs than are held at once.

    Examples
    --------
    >>> point_blocks(50_000, 800)
    [slice(0, 20000, None), slice(20000, 40000, None), slice(40000, 50000, None)]
    """
    rows = max(1, _BLOCK_PAIRS // max(1, n_sites))
    return [slice(start, min(start + rows, n_points)) for start in range(0, n_points, rows)]


def _cases(task: Task, thresholds: Sequence[Threshold]) -> Iterator[tuple[Any, Threshold]]:
    for _, offers in task.cases:
        for threshold in thresholds:
            yield offers, threshold


def _decided(
    task: Task, thresholds: Sequence[Threshold], residents: Residents, rules: FlagRules, sources: TimesSources
) -> tuple[RoundTrip, list[PointFlags]]:
    """Decide some points at once."""
    evidence = gather_evidence(task, thresholds, residents, rules, sources)
    return evidence.trip, [
        flag_points(residents, task.sites, offers, evidence, threshold=threshold, rules=rules)
        for offers, threshold in _cases(task, thresholds)
    ]


def _around(sources: TimesSources, block: slice) -> TimesSources:
    """Return the sources for some points: towns are told by point."""
    if sources.towns is None:
        return sources
    return replace(sources, towns=UncoveredTowns(sources.towns.towns, sources.towns.points[block]))


def _joined(blocks: Sequence[PointFlags]) -> PointFlags:
    """Put blocks of points one under the other."""
    arrays = {
        field.name: np.concatenate([getattr(block, field.name) for block in blocks])
        for field in fields(PointFlags)
        if field.name not in ("doubts", "lifts") and getattr(blocks[0], field.name) is not None
    }
    doubts = tuple(
        replace(same[0], reached=np.concatenate([doubt.reached for doubt in same]))
        for same in zip(*(block.doubts for block in blocks), strict=True)
    )
    # Where nobody of a block is left to be helped a limit is not lifted there: who would reach are those who do.
    names = max((tuple(block.lifts) for block in blocks), key=len)
    lifts = {name: np.concatenate([block.lifts.get(name, block.reached) for block in blocks]) for name in names}
    return PointFlags(**arrays, doubts=doubts, lifts=lifts)


class _Aside:
    """Times of blocks, written one after the other to files without a name, gone with the last who reads them."""

    def __init__(self, files: ExitStack) -> None:
        self._files = files
        self._columns: dict[str, _Column] = {}
        self._points: list[np.ndarray | None] = []
        self._sites: np.ndarray | None = None
        self._written = 0

    def add(self, trip: RoundTrip) -> None:
        if trip.unsnapped_sites is not None:
            # Told by the points that are on the network: none of a block may be.
            self._sites = trip.unsnapped_sites if self._sites is None else self._sites | trip.unsnapped_sites
        self._points.append(trip.unsnapped_points)
        for field in fields(RoundTrip):
            array = getattr(trip, field.name)
            if isinstance(array, np.ndarray) and array.ndim == 2:
                if field.name not in self._columns:
                    self._columns[field.name] = _Column(self._files.enter_context(_file()), array.dtype, array.shape[1])
                self._write(self._columns[field.name].file, array)

    def _write(self, file: IO[bytes], array: np.ndarray) -> None:
        try:
            file.write(np.ascontiguousarray(array).data)
            file.flush()
        except OSError as error:
            raise refusal(
                "diagnosis.aside_full", CapacityError, folder=tempfile.gettempdir(), gb=round(self._written / 1e9, 1)
            ) from error
        self._written += array.nbytes

    def trip(self, n_points: int) -> RoundTrip:
        arrays = {name: column.mapped(n_points) for name, column in self._columns.items()}
        known = [points for points in self._points if points is not None]
        points = np.concatenate(known) if len(known) == len(self._points) else None
        return RoundTrip(**arrays, unsnapped_points=points, unsnapped_sites=self._sites)


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile()


@dataclass(frozen=True, eq=False)
class _Column:
    """One array of times in a file of its own."""

    file: IO[bytes]
    dtype: np.dtype[Any]
    n_sites: int

    def mapped(self, n_points: int) -> np.ndarray:
        # Private pages that may be written: compiled searches take them for the arrays that they know.
        return np.asarray(np.memmap(self.file, self.dtype, mode="c", shape=(n_points, self.n_sites)))
