"""A connection held: which missed change, of a few minutes, is worth computing the network anew for.

A trip that people could board near home comes to a stop just after another has left that goes to the site, or the same
on the way home. Were the second to wait, who would be there in time, and how long would they travel? Two vehicles are
looked at, no more. Nothing here is a finding: `geo_access.diagnosis.service_remedies` computes each anew, with all that
the delay takes from those who ride the trip today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from geo_access.arrays import ranges, rows_of
from geo_access.diagnosis.line_trips import Wanted, columns_by_stop, places_gained
from geo_access.diagnosis.search_bounds import Proposed, SearchBound, ServiceLimits, cut
from geo_access.network.model import SparseTimes, Timetable
from geo_access.network.timetable.edits import HoldConnection
from geo_access.routing.legs import Ends

__all__ = ["LONGEST_WAIT_MIN", "Changing", "HeldChange", "MissedConnection", "propose_held"]

LONGEST_WAIT_MIN = 10
"""A trip is let wait for so long at most [min]."""

_MINUTE_S, _DAY_S = 60, 86_400


@dataclass(frozen=True)
class MissedConnection:
    """A change that people miss by a few minutes.

    Attributes
    ----------
    feeder, trip : int
        Rows of the timetable: the trip that comes, and the one that has left.
    arrives, leaves : int
        Events of theirs: where one gets off, and where one would board.
    short_s : int
        By how much it is missed, the change included [s].
    homeward : bool
    """

    feeder: int
    trip: int
    arrives: int
    leaves: int
    short_s: int
    homeward: bool


@dataclass(frozen=True, eq=False)
class HeldChange:
    """One connection held, or one each way, and whom it should bring there.

    Attributes
    ----------
    held : tuple of MissedConnection
    edits : tuple of HoldConnection
    worth : float
        Residents × métiers that it should bring there.
    """

    held: tuple[MissedConnection, ...]
    edits: tuple[HoldConnection, ...]
    worth: float


@dataclass(frozen=True, eq=False)
class Changing:
    """How one changes vehicle.

    Attributes
    ----------
    paths : SparseTimes
        Stop × stop, from getting off to being ready to board [s].
    as_built : bool
        Whether that is the timetable's own change, which an edit assumes unless it is told otherwise.
    """

    paths: SparseTimes
    as_built: bool


@dataclass(eq=False)
class _Found:
    """A missed connection and whom it would serve: by site, the points."""

    missed: MissedConnection
    served: dict[int, np.ndarray] = field(default_factory=dict)


def _made_of_headways(trip_ids: np.ndarray) -> np.ndarray:
    """Whether a trip is one of those that ``frequencies.txt`` makes of another: its minute is not one to wait for."""
    tails = (str(name).rpartition("#") for name in trip_ids.tolist())
    return np.array([bool(mark) and tail.isdigit() for _, mark, tail in tails], dtype=bool)


class _Events:
    """Calls of the day that everybody may use at a minute that is fixed, in order of trips."""

    def __init__(self, timetable: Timetable) -> None:
        plain = (timetable.trip_day == 0) & ~timetable.trip_on_demand
        if len(timetable.route_kind):
            plain &= timetable.route_kind[timetable.trip_route] == 0
        plain &= ~_made_of_headways(timetable.trip_id)
        trips = rows_of(timetable.trip_indptr)
        self.timetable = timetable
        self.indptr = timetable.trip_indptr
        self.trip, self.usable = trips, plain[trips]
        self.stop = timetable.event_stop.astype(np.int64)
        self.arrival = timetable.event_arrival_s.astype(np.int64)
        self.departure = timetable.event_departure_s.astype(np.int64)
        self.board = timetable.event_board & self.usable
        self.alight = timetable.event_alight & self.usable

    def before(self, event: int) -> np.ndarray:
        """Return the calls of the same trip before one."""
        return np.arange(self.indptr[self.trip[event]], event)

    def after(self, event: int) -> np.ndarray:
        """Return the calls of the same trip after one."""
        return np.arange(event + 1, self.indptr[self.trip[event] + 1])

    def best_before(self, values: np.ndarray) -> np.ndarray:
        """Return the largest value of the calls before each, within its trip; −inf for none."""
        out = np.full(len(values), -np.inf)
        for first, last in _spans(self.indptr, np.isfinite(values)):
            out[first + 1 : last] = np.maximum.accumulate(values[first : last - 1])
        return out

    def best_after(self, values: np.ndarray) -> np.ndarray:
        """Return the smallest value of the calls after each, within its trip; inf for none."""
        out = np.full(len(values), np.inf)
        for first, last in _spans(self.indptr, np.isfinite(values)):
            out[first : last - 1] = np.minimum.accumulate(values[first + 1 : last][::-1])[::-1]
        return out


def _spans(indptr: np.ndarray, told: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the first and the last event of the trips that have some value told."""
    count = np.concatenate(([0], np.cumsum(told)))
    some = np.flatnonzero(count[indptr[1:]] > count[indptr[:-1]])
    yield from zip(indptr[some].tolist(), indptr[some + 1].tolist(), strict=True)


class _Missed:
    """Pairs calls with those that a change misses by a little: where one gets off (`comes`), or where one boards."""

    def __init__(self, events: _Events, paths: SparseTimes, *, comes: bool) -> None:
        matrix = sparse.csr_matrix((paths.seconds + 1, paths.indices, paths.indptr), shape=(paths.n_rows, paths.n_cols))
        usable = np.flatnonzero(events.board if comes else events.alight)
        self.events, self.comes = events, comes
        self.changes = matrix if comes else matrix.tocsc()
        self.moment = events.departure if comes else events.arrival
        self.order = usable[np.lexsort((self.moment[usable], events.stop[usable]))]
        self.low = int(self.moment.min(initial=0)) - _DAY_S
        self.scale = int(self.moment.max(initial=0)) - self.low + _DAY_S
        self.keys = events.stop[self.order] * self.scale + self.moment[self.order] - self.low

    def pairs(self, calls: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return where one gets off, where one would board, and by how much it is missed [s]."""
        events, longest_s = self.events, LONGEST_WAIT_MIN * _MINUTE_S
        counts = np.diff(self.changes.indptr)[events.stop[calls]]
        entries = ranges(self.changes.indptr[events.stop[calls]], counts)
        other, took = self.changes.indices[entries].astype(np.int64), self.changes.data[entries].astype(np.int64) - 1
        mine = np.repeat(calls, counts)
        # Off at a: on board from a + took − longest until just before a + took. Boarding at d: the other way round.
        low = events.arrival[mine] + took - longest_s if self.comes else events.departure[mine] - took + 1
        first = np.searchsorted(self.keys, other * self.scale + low - self.low)
        last = np.searchsorted(self.keys, other * self.scale + low + longest_s - self.low)
        met = self.order[ranges(first, last - first)]
        mine, took = np.repeat(mine, last - first), np.repeat(took, last - first)
        off, on = (mine, met) if self.comes else (met, mine)
        short_s = events.arrival[off] + took - events.departure[on]
        good = events.trip[off] != events.trip[on]
        return off[good], on[good], short_s[good]


@dataclass(frozen=True, eq=False)
class _Way:
    """One direction: walks of homes and of sites by stop, and the calls that a trip brings some home to, or from."""

    homeward: bool
    homes: sparse.csc_matrix
    sites: sparse.csr_matrix
    from_homes: np.ndarray

    def site_walk(self, site: int) -> np.ndarray:
        """Return the walk between a site and every stop, inf where too far (n_stops,) [s]."""
        part = slice(self.sites.indptr[site], self.sites.indptr[site + 1])
        walk_s = np.full(self.sites.shape[1], np.inf)
        walk_s[self.sites.indices[part]] = self.sites.data[part] - 1.0
        return walk_s


def _way(events: _Events, homes: SparseTimes, sites: SparseTimes, *, homeward: bool) -> _Way:
    by_stop = columns_by_stop(homes)
    near = (np.diff(by_stop.indptr) > 0)[events.stop]
    if homeward:
        moments = np.where(events.alight & near, events.arrival, np.inf)
        from_homes = np.isfinite(events.best_after(moments))
    else:
        moments = np.where(events.board & near, events.departure, -np.inf)
        from_homes = np.isfinite(events.best_before(moments))
    return _Way(homeward, by_stop, columns_by_stop(sites).tocsr(), from_homes)


def _connections(
    events: _Events, missed: _Missed, way: _Way, walk_s: np.ndarray, due: float, limit_s: float, *, most: int
) -> tuple[list[MissedConnection], int]:
    """List the changes missed by a little that lead to a site in time, or away from it, the shortest waits first.

    At most `most`, and how many there are.
    """
    walk = walk_s[events.stop]
    if way.homeward:
        leaves = np.where(events.board, events.departure - walk, -np.inf)
        reach = events.best_before(np.where((leaves >= due) & (leaves <= due + limit_s), leaves, -np.inf))
        ends = np.flatnonzero(events.alight & np.isfinite(reach))
    else:
        reach = events.best_after(np.where(events.alight, events.arrival + walk, np.inf))
        ends = np.flatnonzero(events.board & (reach <= due) & (reach >= due - limit_s))
    off, on, short_s = missed.pairs(ends)
    good = way.from_homes[on] if way.homeward else way.from_homes[off] & (reach[on] + short_s <= due)
    order = np.flatnonzero(good)[np.argsort(short_s[good], kind="stable")]
    # Of two trips the shortest wait alone: the first of each pair in this order.
    pairs = events.trip[off[order]].astype(np.int64) * events.timetable.n_trips + events.trip[on[order]]
    first = order[np.sort(np.unique(pairs, return_index=True)[1])]
    found = [
        MissedConnection(
            int(events.trip[off[k]]), int(events.trip[on[k]]), int(off[k]), int(on[k]), int(short_s[k]), way.homeward
        )
        for k in first[:most].tolist()
    ]
    return found, len(first)


def _took_s(events: _Events, way: _Way, due: float, missed: MissedConnection) -> np.ndarray:
    """Return the time between each home and the hour of a site, were a trip to wait; inf for none [s]."""
    if way.homeward:
        last = events.after(missed.leaves)
        calls = last[events.alight[last]]
        return -_at_homes(way.homes, events.stop[calls], -(events.arrival[calls] + missed.short_s)) - due
    first = events.before(missed.arrives)
    calls = first[events.board[first]]
    return due - _at_homes(way.homes, events.stop[calls], events.departure[calls])


def _at_homes(homes: sparse.csc_matrix, stops: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Return the last moment less the walk over some calls, for each home; −inf where none is near (n_points,) [s]."""
    best = np.full(homes.shape[0], -np.inf)
    for stop, moment in zip(stops.tolist(), moments.tolist(), strict=True):
        part = slice(homes.indptr[stop], homes.indptr[stop + 1])
        rows = homes.indices[part]
        best[rows] = np.maximum(best[rows], moment - (homes.data[part] - 1.0))
    return best


def propose_held(
    timetable: Timetable, wanted: Wanted, ends: tuple[Ends, Ends], changing: Changing, *, limits: ServiceLimits
) -> Proposed[HeldChange]:
    """Choose the connections worth holding, those that should bring most further residents per connection first.

    Parameters
    ----------
    timetable : Timetable
    wanted : Wanted
    ends : tuple of Ends
        Walks of the same points and sites to and from the stops, on the way there and on the way back.
    changing : Changing
    limits : ServiceLimits

    Returns
    -------
    Proposed of HeldChange
        At most ``limits.held``.
    """
    if limits.held <= 0:
        return Proposed()
    residents, metiers = wanted.residents_by_site(), wanted.metiers()
    searched = _find(_Events(timetable), wanted, ends, changing.paths, residents.sum(axis=0), limits)
    left = wanted.lacking.copy()
    options = _options(searched.changes, wanted, residents)
    counted = [(parts, _gains(parts, wanted)) for parts in options[: limits.counted]]
    chosen: list[HeldChange] = []
    while counted and len(chosen) < limits.held:
        worths = [float(left[gains].sum()) / len(parts) for parts, gains in counted]
        first = int(np.argmax(worths))
        if worths[first] <= 0:
            break
        parts, gains = counted.pop(first)
        missed_parts = tuple(part.missed for part in parts)
        edits = tuple(_edit(timetable, item, changing) for item in missed_parts)
        chosen.append(HeldChange(missed_parts, edits, float(left[gains].sum())))
        left[gains] = 0
    more = len(chosen) + sum(float(left[gains].sum()) > 0 for _, gains in counted)
    bounds = cut("connections_counted", min(limits.counted, len(options)), len(options), metiers)
    bounds += cut("held_connection", len(chosen), more, metiers)
    return Proposed(tuple(chosen), (*searched.bounds, *bounds))


def _find(
    events: _Events,
    wanted: Wanted,
    ends: tuple[Ends, Ends],
    paths: SparseTimes,
    lacked: np.ndarray,
    limits: ServiceLimits,
) -> Proposed[_Found]:
    """Find the changes missed by a little that would bring somebody who lacks a métier to a site of it, or home."""
    there, back = ends
    ways = (
        (_way(events, there.access, there.egress, homeward=False), wanted.arrive_s),
        (_way(events, back.egress, back.access, homeward=True), wanted.leave_s),
    )
    lacks = wanted.lacking.any(axis=1)
    found: dict[tuple[int, int], _Found] = {}
    bounds: list[SearchBound] = []
    order = np.argsort(-lacked, kind="stable")[: np.count_nonzero(lacked)].tolist()
    for way, moments in ways:
        pairs, left = _Missed(events, paths, comes=way.homeward), limits.each_way
        for number, site in enumerate(order):
            if left <= 0:
                bounds += cut("sites_of_connections", number, len(order), wanted.metiers())
                break
            walk_s, due, most = way.site_walk(site), float(moments[site]), min(left, limits.at_a_site)
            connections, n = _connections(events, pairs, way, walk_s, due, wanted.limit_s, most=most)
            bounds += cut("connections_of_a_site", len(connections), n, wanted.metiers(site), site=site)
            left -= len(connections)
            for missed in connections:
                points = np.flatnonzero((_took_s(events, way, due, missed) <= wanted.limit_s) & lacks)
                if len(points):
                    found.setdefault((missed.arrives, missed.leaves), _Found(missed)).served[site] = points
    return Proposed(tuple(found.values()), tuple(bounds))


def _options(found: Sequence[_Found], wanted: Wanted, residents: np.ndarray) -> list[tuple[_Found, ...]]:
    """Return connections alone, and one each way for the same site; those that promise most first."""
    out_ok, back_ok = wanted.trip.out_s <= wanted.limit_s, wanted.trip.back_s <= wanted.limit_s
    scored: list[tuple[float, tuple[_Found, ...]]] = []
    best: dict[tuple[bool, int], tuple[float, _Found]] = {}
    for item in found:
        other = out_ok if item.missed.homeward else back_ok
        alone = sum(float(residents[points, site][other[points, site]].sum()) for site, points in item.served.items())
        if alone > 0:
            scored.append((alone, (item,)))
        for site, points in item.served.items():
            either = float(residents[points, site].sum())
            key = item.missed.homeward, site
            if key not in best or either > best[key][0]:
                best[key] = either, item
    for (homeward, site), (_, there) in best.items():
        if homeward or (True, site) not in best:
            continue
        back = best[True, site][1]
        both = np.intersect1d(there.served[site], back.served[site])
        both = both[~(out_ok[both, site] | back_ok[both, site])]
        if len(both) and residents[both, site].sum() > 0:
            scored.append((float(residents[both, site].sum()) / 2, (there, back)))
    scored.sort(key=lambda item: (-item[0], sum(part.missed.short_s for part in item[1])))
    return [parts for _, parts in scored]


def _gains(parts: Iterable[_Found], wanted: Wanted) -> np.ndarray:
    """Points × métiers that are reached with the connections held and not today, bool."""
    out_s, back_s = wanted.trip.out_s.copy(), wanted.trip.back_s.copy()
    for item in parts:
        for site, points in item.served.items():
            (back_s if item.missed.homeward else out_s)[points, site] = 0
    return places_gained(out_s, back_s, wanted)


def _edit(timetable: Timetable, item: MissedConnection, changing: Changing) -> HoldConnection:
    """Let the trip wait as many whole minutes as the change is missed by."""
    change_min = None
    short_s = item.short_s
    if not changing.as_built:
        # A change of whole minutes: the driver's timetable is one of minutes.
        change_s = item.short_s + int(
            timetable.event_departure_s[item.leaves] - timetable.event_arrival_s[item.arrives]
        )
        change_min = float(-(-change_s // _MINUTE_S))
        short_s += round(change_min * _MINUTE_S) - change_s
    return HoldConnection(
        str(timetable.stop_id[timetable.event_stop[item.leaves]]),
        float(-(-short_s // _MINUTE_S)),
        trip_ids=(str(timetable.trip_id[item.trip]),),
        feeder_ids=(str(timetable.trip_id[item.feeder]),),
        change_min=change_min,
    )
