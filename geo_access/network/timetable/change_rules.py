"""``transfers.txt`` between stops, routes and trips: which row holds for which change of vehicle.

GTFS lets a row hold for two stops (stations stand for their platforms), and for certain routes or trips only. Of the
rows that hold for a pair of trips the most specific one alone counts: both trips; a trip and a route; one trip; both
routes; one route; stops only. Among equals, one that names platforms goes before one that names their station, then a
forbidden change before others, then the later row.

The search knows changes between stops, nothing finer. So the calls that a row for routes or trips is about are moved
to a *copy* of their stop, which has changes of its own: every rule then is one between two stops, and exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from geo_access.arrays import ends_run, grouped, indptr_of, places_in_rows, rows_of
from geo_access.network.model import SparseTimes
from geo_access.sources.gtfs.model import Feed
from geo_access.words.note import Note, note

__all__ = ["Calls", "Rule", "Split", "StopTable", "Winners", "read_rules", "resolve", "split_stops"]

# By what the row gives for the two sides: 0 nothing, 1 a route, 2 a trip.
_SPECIFICITY = {(0, 0): 0, (0, 1): 1, (1, 1): 2, (0, 2): 3, (1, 2): 4, (2, 2): 5}
# Rows of stops × stops beyond this are a mistake; a country's feed stays below a tenth of it.
_MOST_PAIRS = 20_000_000


@dataclass(frozen=True)
class Side:
    """Stops of one side of a rule, and which trips there: all, those of a route, or a single one."""

    stops: tuple[int, ...]
    route: str = ""
    trip: int = -1

    @property
    def level(self) -> int:
        """0 for all trips, 1 for those of a route, 2 for a single one."""
        return 2 if self.trip >= 0 else 1 if self.route else 0


@dataclass(frozen=True)
class Rule:
    """One row of transfers.txt.

    Attributes
    ----------
    feed : int
    kind : int
        ``transfer_type`` 0–3.
    seconds : int
        ``min_transfer_time``, −1 where not given [s].
    before, after : Side
        Of the vehicle that one leaves, and of the one that is boarded.
    rank : int
        Greater where more specific.
    """

    feed: int
    kind: int
    seconds: int
    before: Side
    after: Side
    rank: int


@dataclass(frozen=True, eq=False)
class Calls:
    """Calls of the vehicles of one feed: row of ``Feed.trips`` and stop of each, shape (n,)."""

    trip: np.ndarray
    stop: np.ndarray


@dataclass(frozen=True, eq=False)
class Split:
    """Stops with their copies.

    Attributes
    ----------
    original : ndarray of int64, shape (n_all,)
        Stop that each is a copy of; the first ones are the stops themselves.
    calls : tuple of ndarray of int32
        Per feed, the stop or copy of each call.
    before, after : mapping of int to list of int
        By rule for single routes or trips: stops and copies that it holds for, on either side.
    """

    original: np.ndarray
    calls: tuple[np.ndarray, ...]
    before: dict[int, list[int]] = field(default_factory=dict)
    after: dict[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Winners:
    """The rule that counts for each pair of stops, shape (k,): stops, ``transfer_type`` and seconds (−1 for none)."""

    a: np.ndarray
    b: np.ndarray
    kind: np.ndarray
    seconds: np.ndarray


def read_rules(feeds: Sequence[Feed], stops: StopTable) -> list[Rule]:
    """Read the rules of types 0–3.

    Parameters
    ----------
    feeds : sequence of Feed
    stops : StopTable

    Returns
    -------
    list of Rule
        In the order of the files.
    """
    rules: list[Rule] = []
    for number, feed in enumerate(feeds):
        rows = feed.transfers[feed.transfers["transfer_type"] <= 3]
        if rows.empty:
            continue
        platforms = _platforms(feed, stops, number)
        own = set(feed.stops["stop_id"].to_numpy()[stops.row[stops.feed == number]])
        trip_row = {name: index for index, name in enumerate(feed.trips["trip_id"])}
        sides = [
            [
                Side(platforms.get(stop, ()), "" if trip else route, trip_row[trip] if trip else -1)
                for stop, route, trip in zip(
                    *(rows[f"{way}_{what}_id"] for what in ("stop", "route", "trip")), strict=True
                )
            ]
            for way in ("from", "to")
        ]
        detail = rows["from_stop_id"].isin(own).astype(int) + rows["to_stop_id"].isin(own)
        for before, after, kind, seconds, named in zip(
            *sides, rows["transfer_type"].tolist(), rows["min_transfer_s"].tolist(), detail.tolist(), strict=True
        ):
            if before.stops and after.stops:
                low, high = sorted((before.level, after.level))
                rank = (_SPECIFICITY[low, high] * 3 + named) * 2 + (kind == 3)
                rules.append(Rule(number, kind, seconds, before, after, rank))
    return rules


def _platforms(feed: Feed, stops: StopTable, number: int) -> dict[str, tuple[int, ...]]:
    """Find the stops of the timetable under each id of the feed: itself, and the platforms of a station."""
    mine = np.flatnonzero(stops.feed == number)
    ids = feed.stops["stop_id"].to_numpy()[stops.row[mine]]
    parents = feed.stops["parent_station"].to_numpy()[stops.row[mine]]
    under: dict[str, tuple[int, ...]] = {}
    for stop, own, parent in zip(mine.tolist(), ids, parents, strict=True):
        under[own] = (*under.get(own, ()), stop)
        if parent:
            under[parent] = (*under.get(parent, ()), stop)
    return under


def split_stops(feeds: Sequence[Feed], calls: Sequence[Calls], rules: Sequence[Rule], n_stops: int) -> Split:
    """Give the calls that rules for single routes or trips are about copies of their stops.

    Parameters
    ----------
    feeds : sequence of Feed
    calls : sequence of Calls
        One per feed.
    rules : sequence of Rule
    n_stops : int

    Returns
    -------
    Split
        Without copies where no rule is for single routes or trips.
    """
    original = list(range(n_stops))
    moved: list[np.ndarray] = []
    members: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
    for number, (feed, part) in enumerate(zip(feeds, calls, strict=True)):
        marks = _marks(rules, number)
        if not marks:
            moved.append(part.stop.astype(np.int32))
            continue
        route_of = feed.trips["route_id"].to_numpy()
        pairs, place = np.unique(part.trip.astype(np.int64) * n_stops + part.stop, return_inverse=True)
        becomes = (pairs % n_stops).astype(np.int32)
        known: dict[tuple[int, tuple[tuple[int, int], ...]], int] = {}
        marked = np.unique(np.array([stop for stop, *_ in marks], dtype=np.int64))
        for at in np.flatnonzero(np.isin(becomes, marked)).tolist():
            stop, trip = int(becomes[at]), int(pairs[at] // n_stops)
            held = (*marks.get((stop, route_of[trip], -1), ()), *marks.get((stop, "", trip), ()))
            if not held:
                continue
            key = (stop, tuple(sorted(held)))
            if key not in known:
                known[key] = len(original)
                original.append(stop)
                for rule, side in held:
                    members[side].setdefault(rule, []).append(known[key])
            becomes[at] = known[key]
        moved.append(becomes[place.ravel()])
    return Split(np.array(original, dtype=np.int64), tuple(moved), *members)


def _marks(rules: Sequence[Rule], feed: int) -> dict[tuple[int, str, int], tuple[tuple[int, int], ...]]:
    """By stop and route or trip: the rules about it, with the side (0 before, 1 after)."""
    found: dict[tuple[int, str, int], list[tuple[int, int]]] = {}
    for number, rule in enumerate(rules):
        for side, part in enumerate((rule.before, rule.after)):
            if rule.feed == feed and part.level:
                for stop in part.stops:
                    found.setdefault((stop, part.route, part.trip), []).append((number, side))
    return {key: tuple(held) for key, held in found.items()}


def resolve(rules: Sequence[Rule], split: Split, notes: list[Note]) -> Winners:
    """Find the rule that counts for each pair of stops and copies.

    Parameters
    ----------
    rules : sequence of Rule
    split : Split
    notes : list of Note
        Receives what is too much to apply.

    Returns
    -------
    Winners
    """
    n = len(split.original)
    copies: dict[int, list[int]] = {}
    for stop, original in enumerate(split.original.tolist()):
        copies.setdefault(original, []).append(stop)
    a: list[int] = []
    b: list[int] = []
    counts = np.zeros(len(rules), dtype=np.int64)
    for number, rule in enumerate(rules):
        before = _members(rule.before, split.before.get(number, []), copies)
        after = _members(rule.after, split.after.get(number, []), copies)
        if len(a) + len(before) * len(after) > _MOST_PAIRS:
            notes.append(note("rules_beyond", n=len(rules) - number, most=_MOST_PAIRS))
            break
        a += [stop for stop in before for _ in after]
        b += after * len(before)
        counts[number] = len(before) * len(after)
    which = np.repeat(np.arange(len(rules)), counts)
    key = np.array(a, dtype=np.int64) * n + np.array(b, dtype=np.int64)
    rank = np.array([rule.rank for rule in rules], dtype=np.int64)[which]
    order = np.lexsort((which, rank, key))
    last = ends_run(key[order])
    key, which = key[order][last], which[order][last]
    kind, seconds = (
        np.array([getattr(rule, name) for rule in rules], dtype=np.int64)[which] for name in ("kind", "seconds")
    )
    # A change of type 1 is waited for, however short; type 2 without a time says nothing more than type 0.
    seconds = np.where(kind == 1, 0, np.where(kind == 2, seconds, -1))
    return Winners(key // n, key % n, kind, seconds)


def _members(side: Side, special: list[int], copies: dict[int, list[int]]) -> list[int]:
    return special if side.level else [copy for stop in side.stops for copy in copies[stop]]


def with_copies(footpaths: SparseTimes, original: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries (row, column, seconds) of walks among stops and their copies, which lie in one place.

    Parameters
    ----------
    footpaths : SparseTimes
        Among the stops themselves.
    original : ndarray of int64, shape (n_all,)

    Returns
    -------
    tuple of ndarray of int64
    """
    n = footpaths.n_rows
    rows = rows_of(footpaths.indptr)
    columns, seconds = footpaths.indices.astype(np.int64), footpaths.seconds.astype(np.int64)
    if len(original) == n:
        return rows, columns, seconds
    start, by_original = grouped(original, n)
    count = np.diff(start)
    own = np.flatnonzero(count > 1)
    rows, columns = np.concatenate((rows, own)), np.concatenate((columns, own))
    seconds = np.concatenate((seconds, np.zeros(len(own), dtype=np.int64)))
    times = count[rows] * count[columns]
    entry, within = rows_of(indptr_of(times)), places_in_rows(indptr_of(times))
    wide = count[columns[entry]]
    return (
        by_original[start[rows[entry]] + within // wide],
        by_original[start[columns[entry]] + within % wide],
        seconds[entry],
    )


def is_among(a: np.ndarray, b: np.ndarray, pairs: np.ndarray, n: int) -> np.ndarray:
    """Tell which pairs (a, b) are rows of `pairs`, shape (k, 2), of `n` stops."""
    return np.isin(a.astype(np.int64) * n + b, pairs[:, 0].astype(np.int64) * n + pairs[:, 1])


@dataclass(frozen=True, eq=False)
class StopTable:
    """The stops of all feeds, in the order of the timetable.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        [m].
    feed : ndarray of int32, shape (n,)
        Which feed.
    row : ndarray of int32, shape (n,)
        Row of that feed's ``stops``.
    station : ndarray of int64, shape (n,)
        Stops with the same number ≥ 0 lie in the same station; −1 for none.
    """

    x: np.ndarray
    y: np.ndarray
    feed: np.ndarray
    row: np.ndarray
    station: np.ndarray

    def taken(self, which: np.ndarray) -> StopTable:
        """Return some of the stops, or several times the same."""
        return StopTable(*(getattr(self, name)[which] for name in StopTable.__dataclass_fields__))
