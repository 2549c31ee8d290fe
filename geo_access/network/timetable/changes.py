"""Changing between stops: the walk along the streets, what the feeds say about it on top.

In this order, later ones over earlier ones:

1. the walk along the streets, doors of the stops included; a straight line times the detour where there are no
   streets to walk on;
2. stops of one station, and stops of several feeds that are the same place: the straight line where it is shorter;
3. ``pathways.txt`` inside stations: the shortest way through the pathways;
4. ``transfers.txt`` (see `transfer_rules` for which row counts): the time of type 2 is all that the change takes,
   walk and margin included, as GTFS defines it, for whoever walks at whatever speed; at type 1 the vehicle waits, so
   that it takes no time; type 0 makes sure that there is a walk; type 3 forbids the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from geo_access.arrays import ends_run, indptr_of_rows, rows_of
from geo_access.network.model import CrowFly, SparseTimes, Streets
from geo_access.network.search.links import link_points
from geo_access.network.search.search import nearby
from geo_access.network.timetable.change_rules import Rule, Split, StopTable, is_among, resolve, with_copies
from geo_access.sources.gtfs.model import Feed
from geo_access.words.note import Note, note

__all__ = ["Transfers", "Walking", "pack_times", "stop_transfers", "walks_with_new_stops"]

# Straight-line walks where a network of streets is given but does not reach the stops.
_DETOUR = 1.3
_WALK_MPS = 1 / 3.6


@dataclass(frozen=True, eq=False)
class Transfers:
    """Changes between stops.

    Attributes
    ----------
    footpaths : SparseTimes
    min_transfer_s : ndarray of int32, shape (n_stops,)
    forbidden : ndarray of int32, shape (k, 2)
    notes : tuple of Note
    stated : ndarray of int32, shape (k, 2)
        Pairs whose time the operator gives; of a stop with itself, the time is in `min_transfer_s`.
    """

    footpaths: SparseTimes
    min_transfer_s: np.ndarray
    forbidden: np.ndarray
    notes: tuple[Note, ...]
    stated: np.ndarray


Entries = tuple[np.ndarray, np.ndarray, np.ndarray]


def pack_times(rows: np.ndarray, columns: np.ndarray, seconds: np.ndarray, n: int) -> SparseTimes:
    """Pack entries to CSR: no diagonal, the last of equal places counts.

    Parameters
    ----------
    rows, columns : ndarray of int, shape (k,)
    seconds : ndarray of int, shape (k,)
        [s].
    n : int
        Number of rows and of columns.

    Returns
    -------
    SparseTimes

    Examples
    --------
    >>> packed = pack_times(np.array([0, 0, 1]), np.array([1, 1, 1]), np.array([60, 50, 0]), 2)
    >>> packed.indptr.tolist(), packed.seconds.tolist()
    ([0, 1, 1], [50])
    """
    key = rows.astype(np.int64) * n + columns
    order = np.argsort(key, kind="stable")
    key = key[order]
    last = ends_run(key)
    order, key = order[last], key[last]
    rows, columns, seconds = rows[order], columns[order], seconds[order]
    off = rows != columns
    return SparseTimes(
        indptr_of_rows(rows[off], n),
        columns[off].astype(np.int32),
        seconds[off].astype(np.int32),
        n,
    )


@dataclass(frozen=True)
class Walking:
    """How one walks from a stop to another.

    Attributes
    ----------
    kmh : float
        [km/h].
    max_s : int
        Longest walk [s]; times of ``transfers.txt`` may be longer.
    link_limit_m : float
        Farthest that a stop may lie from the streets [m].
    between_feeds : bool
        Whether one may change from a feed to another at all.
    """

    kmh: float
    max_s: int
    link_limit_m: float = 500.0
    between_feeds: bool = True


def stop_transfers(
    feeds: Sequence[Feed],
    stops: StopTable,
    streets: Streets | CrowFly,
    walking: Walking,
    *,
    same_place: np.ndarray,
    rules: Sequence[Rule],
    split: Split,
) -> Transfers:
    """Work out every change between stops.

    Parameters
    ----------
    feeds : sequence of Feed
    stops : StopTable
        Without copies.
    streets : Streets or CrowFly
    walking : Walking
    same_place : ndarray of int32, shape (k, 2)
        Pairs of stops of different feeds that are one place.
    rules : sequence of Rule
        Of ``transfers.txt``.
    split : Split
        The stops and their copies.

    Returns
    -------
    Transfers
        Between stops and copies.
    """
    n = len(stops.x)
    notes: list[Note] = []
    layers = [*_street_layers(stops, streets, walking, notes)]
    detour = streets.detour if isinstance(streets, CrowFly) else _DETOUR
    pairs = np.concatenate((_same_station(stops), same_place, same_place[:, ::-1])).astype(np.int64)
    direct = _straight_s(stops, pairs[:, 0], pairs[:, 1], walking.kmh, detour)
    layers.append(_shorter((pairs[:, 0], pairs[:, 1], direct), layers, n, walking.max_s))
    layers.append(_pathways(feeds, stops, walking.kmh))
    rows, columns, seconds = _joined(layers)
    if not walking.between_feeds:
        inside = stops.feed[rows] == stops.feed[columns]
        rows, columns, seconds = rows[inside], columns[inside], seconds[inside]
    walks = pack_times(rows, columns, seconds, n)
    return _with_rules(walks, stops, rules, split, notes, pace_s_per_m=detour / (walking.kmh * _WALK_MPS))


def _with_rules(
    walks: SparseTimes, stops: StopTable, rules: Sequence[Rule], split: Split, notes: list[Note], *, pace_s_per_m: float
) -> Transfers:
    """Put what the operators say on top of the walks."""
    n = len(split.original)
    min_transfer_s = np.zeros(n, dtype=np.int32)
    if not rules:
        empty = np.empty((0, 2), dtype=np.int32)
        return Transfers(walks, min_transfer_s, empty, tuple(notes), empty)
    known = resolve(rules, split, notes)
    forbidden = np.column_stack((known.a, known.b))[known.kind == 3].astype(np.int32)
    timed = known.seconds >= 0
    stated = np.column_stack((known.a, known.b))[timed].astype(np.int32)
    own = timed & (known.a == known.b)
    min_transfer_s[known.a[own]] = known.seconds[own]
    # Recommended changes that no street makes: a straight line, put first so that any walk replaces it.
    advised = (known.kind != 3) & ~timed
    p, q = known.a[advised], known.b[advised]
    here, there = split.original[p], split.original[q]
    metres = np.hypot(stops.x[here] - stops.x[there], stops.y[here] - stops.y[there])
    straight = np.rint(metres * pace_s_per_m).astype(np.int64)
    rows, columns, seconds = _joined(
        [(p, q, straight), with_copies(walks, split.original), (known.a[timed], known.b[timed], known.seconds[timed])]
    )
    allowed = ~is_among(rows, columns, forbidden, n)
    footpaths = pack_times(rows[allowed], columns[allowed], seconds[allowed], n)
    return Transfers(footpaths, min_transfer_s, forbidden, tuple(notes), stated)


def walks_with_new_stops(
    footpaths: SparseTimes,
    x: np.ndarray,
    y: np.ndarray,
    streets: Streets | CrowFly,
    *,
    walk_kmh: float,
    max_transfer_s: int,
    link_limit_m: float = 500.0,
) -> SparseTimes:
    """Footpaths among more stops: those there are, and the walks to and from the new ones.

    Parameters
    ----------
    footpaths : SparseTimes
        Between the first stops.
    x, y : ndarray of float64, shape (n,)
        All stops, the new ones last [m].
    streets : Streets or CrowFly
    walk_kmh : float
        [km/h].
    max_transfer_s : int
        Longest walk [s].
    link_limit_m : float
        Farthest that a stop may lie from the streets [m].

    Returns
    -------
    SparseTimes
    """
    n, known = len(x), footpaths.n_rows
    zeros = np.zeros(n, dtype=np.int32)
    stops = StopTable(x, y, zeros, zeros, np.full(n, -1, dtype=np.int64))
    layers = _street_layers(stops, streets, Walking(walk_kmh, max_transfer_s, link_limit_m), [])
    rows, columns, seconds = _joined(layers)
    fresh = (rows >= known) | (columns >= known)
    old = rows_of(footpaths.indptr)
    return pack_times(
        np.concatenate((old, rows[fresh])),
        np.concatenate((footpaths.indices, columns[fresh])),
        np.concatenate((footpaths.seconds, seconds[fresh])),
        n,
    )


def _straight_s(stops: StopTable, a: np.ndarray, b: np.ndarray, walk_kmh: float, detour: float) -> np.ndarray:
    metres = np.hypot(stops.x[a] - stops.x[b], stops.y[a] - stops.y[b]) * detour
    return np.rint(metres / (walk_kmh * _WALK_MPS)).astype(np.int64)


def _crow_fly(stops: StopTable, which: np.ndarray, walk_kmh: float, detour: float, max_s: int) -> Entries:
    """Both directions of every pair within reach that has one of `which` in it."""
    points = np.column_stack((stops.x, stops.y))
    found = cKDTree(points).query_pairs(max_s * walk_kmh * _WALK_MPS / detour, output_type="ndarray").astype(np.int64)
    found = found[which[found[:, 0]] | which[found[:, 1]]]
    rows, columns = np.concatenate((found, found[:, ::-1])).T
    seconds = _straight_s(stops, rows, columns, walk_kmh, detour)
    near = seconds <= max_s
    return rows[near], columns[near], seconds[near]


def _street_layers(stops: StopTable, streets: Streets | CrowFly, walking: Walking, notes: list[Note]) -> list[Entries]:
    if isinstance(streets, CrowFly):
        return [_crow_fly(stops, np.ones(len(stops.x), bool), walking.kmh, streets.detour, walking.max_s)]
    xy = np.column_stack((stops.x, stops.y))
    links = link_points(streets, xy, mode="walk", limit_m=walking.link_limit_m, connector_kmh=walking.kmh)
    times = nearby(streets, links, links, mode="walk", max_s=walking.max_s, speed_kmh=walking.kmh)
    rows = rows_of(times.indptr)
    off_street = ~np.asarray(links.ok, dtype=bool)
    layers = [(rows, times.indices.astype(np.int64), times.seconds.astype(np.int64))]
    if off_street.any():
        n = int(off_street.sum())
        notes.append(
            note("stops_off_street", n=n, all=len(off_street), limit_m=round(walking.link_limit_m), detour=_DETOUR)
        )
        layers.insert(0, _crow_fly(stops, off_street, walking.kmh, _DETOUR, walking.max_s))
    return layers


def _same_station(stops: StopTable) -> np.ndarray:
    order = np.argsort(stops.station, kind="stable")
    order = order[stops.station[order] >= 0]
    pairs = []
    for members in np.split(order, np.flatnonzero(np.diff(stops.station[order])) + 1):
        a, b = np.meshgrid(members, members)
        pairs.append(np.column_stack((a.ravel(), b.ravel()))[a.ravel() != b.ravel()])
    return np.concatenate(pairs).astype(np.int32) if pairs else np.empty((0, 2), np.int32)


def _shorter(entries: Entries, layers: list[Entries], n: int, max_s: int) -> Entries:
    """Entries that are within reach and below what the layers so far say."""
    rows, columns, seconds = (np.concatenate([layer[part] for layer in layers]) for part in range(3))
    known = pack_times(rows, columns, seconds, n)
    key = rows_of(known.indptr) * n + known.indices
    wanted = entries[0].astype(np.int64) * n + entries[1]
    at = np.searchsorted(key, wanted)
    there = at < len(key)
    there[there] = key[at[there]] == wanted[there]
    current = np.full(len(wanted), max_s, dtype=np.int64)
    current[there] = known.seconds[at[there]]
    better = entries[2] <= current
    return entries[0][better], entries[1][better], entries[2][better]


def _pathways(feeds: Sequence[Feed], stops: StopTable, walk_kmh: float) -> Entries:
    parts: list[Entries] = []
    for number, feed in enumerate(feeds):
        ways = feed.pathways
        if ways.empty:
            continue
        place = {name: index for index, name in enumerate(feed.stops["stop_id"])}
        seconds = ways["traversal_s"].to_numpy().astype(np.float64)
        by_length = ways["length_m"].to_numpy() / (walk_kmh * _WALK_MPS)
        seconds = np.where(seconds >= 0, seconds, by_length)
        usable = np.isfinite(seconds)
        a = np.array([place[name] for name in ways["from_stop_id"]])[usable]
        b = np.array([place[name] for name in ways["to_stop_id"]])[usable]
        back = ways["both_ways"].to_numpy()[usable]
        # scipy drops explicit zeros: a free passage costs a hundredth of a second.
        cost = np.maximum(seconds[usable], 0.01)
        graph = coo_matrix(
            (np.concatenate((cost, cost[back])), (np.concatenate((a, b[back])), np.concatenate((b, a[back])))),
            shape=(len(feed.stops),) * 2,
        ).tocsr()
        mine = np.flatnonzero((stops.feed == number) & np.isin(stops.row, np.concatenate((a, b))))
        reach = dijkstra(graph, indices=stops.row[mine])[:, stops.row[mine]]
        i, j = np.nonzero(np.isfinite(reach) & ~np.eye(len(mine), dtype=bool))
        parts.append((mine[i], mine[j], np.ceil(reach[i, j] - 0.5).astype(np.int64)))
    return _joined(parts)


def _joined(parts: list[Entries]) -> Entries:
    if not parts:
        empty = np.empty(0, np.int64)
        return empty, empty, empty
    rows, columns, seconds = (np.concatenate([part[k] for part in parts]).astype(np.int64) for k in range(3))
    return rows, columns, seconds
