"""A denser headway or a longer way of an existing line: which are worth computing the network anew for.

A headway: a line that goes from near the residents to near the site without a change, and runs around the hours asked,
but leaves them waiting; it is made to run regularly, so that one of its vehicles is just in time. An extension: a line
whose last stop lies near residents, or near a site, that are too far to walk from any stop.

What is reckoned here chooses what to try, no more: `geo_access.diagnosis.service_remedies` computes each anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pyproj import Transformer

from geo_access.clock import plain_clock
from geo_access.diagnosis.line_trips import LineRide, Wanted, places_gained
from geo_access.diagnosis.search_bounds import Proposed, ServiceLimits, cut
from geo_access.network.model import Timetable
from geo_access.network.timetable.edits import Edit, ExtendLine, NewStop, SetHeadway
from geo_access.times.round_trip import RoundTrip

__all__ = ["HEADWAYS_MIN", "LineChange", "Place", "Reach", "propose_extensions", "propose_headways"]

HEADWAYS_MIN = (60, 30, 20, 15, 10)
"""Minutes between vehicles that are tried, the least change first."""

# A wider headway is taken when it should bring at least this share of those that the densest would.
_NEARLY_ALL = 0.75
_MINUTE_S = 60
# Sites whose minute is farther from that of the site with most residents are another change.
_AROUND_S = 5_400
# A line is not run more often for less than this.
_SHORTEST_S = 3_600
# A line is extended so far at most, as the crow flies; nearer than a walk nobody needs it.
_FARTHEST_M, _NEAREST_M = 8_000.0, 300.0
# Only to choose what to try: road over straight line, a bus on it, one stop, a walk.
_DETOUR, _BUS_MPS, _DWELL_S, _WALK_MPS = 1.3, 8.0, 30.0, 1.2


@dataclass(frozen=True, eq=False)
class LineChange:
    """A change of a line that is worth trying.

    Attributes
    ----------
    remedy : str
        ``headway_on_a_line`` or ``extended_line``.
    edits : tuple of Edit
    route : int
        Row of the timetable's lines.
    detail : str
        What is done to the line, in a few words of no language.
    worth : float
        Residents × métiers that it should bring there.
    """

    remedy: str
    edits: tuple[Edit, ...]
    route: int
    detail: str
    worth: float


# --- headways -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """Regular departures for one direction: from `low_s` every `step_s`, before `high_s` [s]."""

    homeward: bool
    low_s: int
    high_s: int
    step_s: int

    def waits_s(self, ride: LineRide) -> np.ndarray:
        """How long who rides for each site waits because the line runs so; inf where it does not, (n_sites,) [s]."""
        need_s = ride.start_s
        wait_s = (self.low_s - need_s if ride.homeward else need_s - self.low_s) % self.step_s
        left_s = need_s + wait_s if ride.homeward else need_s - wait_s
        runs = (need_s >= 0) & (left_s >= self.low_s) & (left_s < self.high_s)
        return np.where(runs, wait_s, np.inf)


def _grid(rides: Sequence[LineRide], residents: np.ndarray, step_s: int) -> _Grid | None:
    """Lay departures so that one is just in time for the site with most residents, and others near it have theirs."""
    worth = np.array([(residents * ride.within).sum(axis=0) for ride in rides])
    if not worth.size or not worth.max() > 0:
        return None
    first, site = np.unravel_index(int(np.argmax(worth)), worth.shape)
    best = int(rides[int(first)].start_s[site])
    needs = np.concatenate([ride.start_s[worth[k] > 0] for k, ride in enumerate(rides)])
    needs = needs[(needs >= 0) & (np.abs(needs - best) <= _AROUND_S)]
    before, after = best - int(needs.min()), int(needs.max()) - best
    if rides[0].homeward:
        after = max(after, _SHORTEST_S - before)
        low, high = best - before // step_s * step_s, best - (-after // step_s) * step_s
    else:
        before = max(before, _SHORTEST_S - after)
        low, high = best + (-before // step_s) * step_s, best + after // step_s * step_s
    return _Grid(rides[0].homeward, low, high + _MINUTE_S, step_s) if low >= 0 else None


def _running(timetable: Timetable, route: int, grid: _Grid) -> int:
    """Trips of the day, of the sequence of stops that has most of them, that leave in the window."""
    mine = np.flatnonzero((timetable.trip_route == route) & (timetable.trip_day == 0))
    leaves = timetable.event_departure_s[timetable.trip_indptr[mine]]
    counts: dict[bytes, int] = {}
    for trip in mine[(leaves >= grid.low_s) & (leaves < grid.high_s)].tolist():
        stops = timetable.event_stop[timetable.trip_indptr[trip] : timetable.trip_indptr[trip + 1]].tobytes()
        counts[stops] = counts.get(stops, 0) + 1
    return max(counts.values(), default=0)


def _grids(
    timetable: Timetable, route: int, rides: Sequence[LineRide], residents: np.ndarray, step_s: int
) -> list[_Grid]:
    """Windows of a line, one a direction, where it runs today and less often than this."""
    found: list[_Grid] = []
    for homeward in (False, True):
        grid = _grid([ride for ride in rides if ride.homeward is homeward], residents, step_s)
        if grid is None or any(grid.low_s < other.high_s and other.low_s < grid.high_s for other in found):
            continue
        if 0 < _running(timetable, route, grid) < -(-(grid.high_s - grid.low_s) // step_s):
            found.append(grid)
    return found


def _headway(
    timetable: Timetable, route: int, rides: Sequence[LineRide], wanted: Wanted, residents: np.ndarray
) -> LineChange | None:
    """Choose the widest headway that should bring nearly all of those that the densest would."""
    tried: list[tuple[float, int, list[_Grid]]] = []
    for minutes in HEADWAYS_MIN:
        every = _grids(timetable, route, rides, residents, minutes * _MINUTE_S)
        # One direction alone asks less than both.
        choices = [[grid] for grid in every] + ([every] if len(every) > 1 else [])
        tried += [(_worth(rides, grids, wanted), minutes, grids) for grids in choices]
    most = max((worth for worth, _, _ in tried), default=0.0)
    if most <= 0:
        return None
    worth, minutes, grids = next(item for item in tried if item[0] >= _NEARLY_ALL * most)
    line = str(timetable.route_id[route])
    edits = tuple(SetHeadway(line, minutes, plain_clock(grid.low_s), plain_clock(grid.high_s)) for grid in grids)
    windows = [f"{plain_clock(grid.low_s)[:5]}–{plain_clock(grid.high_s - _MINUTE_S)[:5]}" for grid in grids]
    return LineChange("headway_on_a_line", edits, route, f"{minutes} min, {', '.join(windows)}", worth)


def _worth(rides: Sequence[LineRide], grids: Sequence[_Grid], wanted: Wanted) -> float:
    """Residents × métiers within the threshold when the line runs so."""
    out_s, back_s = wanted.trip.out_s.copy(), wanted.trip.back_s.copy()
    for grid in grids:
        for ride in rides:
            if ride.homeward is grid.homeward:
                met = ride.took_s + grid.waits_s(ride)[None, :] <= wanted.limit_s
                (back_s if ride.homeward else out_s)[met] = 0
    return float(wanted.lacking[places_gained(out_s, back_s, wanted)].sum())


def propose_headways(
    timetable: Timetable, wanted: Wanted, rides: Sequence[LineRide], *, limits: ServiceLimits
) -> Proposed[LineChange]:
    """Choose the lines whose denser headway is worth trying, those that should bring most residents first.

    Parameters
    ----------
    timetable : Timetable
    wanted : Wanted
    rides : sequence of LineRide
        Of the same timetable and points.
    limits : ServiceLimits

    Returns
    -------
    Proposed of LineChange
        At most ``limits.headways``.
    """
    if limits.headways <= 0:
        return Proposed()
    residents = wanted.residents_by_site()
    by_route: dict[int, list[LineRide]] = {}
    for ride in rides:
        by_route.setdefault(ride.route, []).append(ride)
    found = [_headway(timetable, route, own, wanted, residents) for route, own in by_route.items()]
    useful = sorted((item for item in found if item is not None), key=lambda item: -item.worth)
    chosen = tuple(useful[: limits.headways])
    return Proposed(chosen, cut("headway_on_a_line", len(chosen), len(useful), wanted.metiers()))


# --- extensions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Place:
    """Where a line might be extended to.

    Attributes
    ----------
    name : str
        Of the zone or the site.
    xy : ndarray of float64, shape (2,)
        Metric CRS [m].
    site : int
        The site that it is, −1 for a place of residents.
    """

    name: str
    xy: np.ndarray
    site: int = -1


@dataclass(frozen=True, eq=False)
class Reach:
    """What is asked of the engine to choose extensions: times from termini, and to them.

    Attributes
    ----------
    points_xy : ndarray of float64, shape (n_points, 2)
        The points of `Wanted` [m].
    walk_s : float
        Longest walk to a stop [s].
    from_termini : callable
        Positions (n, 2) → `RoundTrip` (n, n_sites), between them and the sites at their hours.
    to_termini : callable
        Positions (n, 2), the site of each, and seconds of ride beyond each → `RoundTrip` (n_points, n): between the
        points and them, so much earlier and later than the hours of the site.
    """

    points_xy: np.ndarray
    walk_s: float
    from_termini: Callable[[np.ndarray], RoundTrip]
    to_termini: Callable[[np.ndarray, np.ndarray, np.ndarray], RoundTrip]


@dataclass(frozen=True, eq=False)
class _Extension:
    place: Place
    route: int
    stop: int
    ride_s: float


def _on_the_road(route_type: np.ndarray) -> np.ndarray:
    """Whether lines of these GTFS types run on streets, without rails or wires of their own: buses and coaches."""
    return (route_type == 3) | ((route_type >= 200) & (route_type < 300)) | ((route_type >= 700) & (route_type < 800))


def _termini(timetable: Timetable) -> np.ndarray:
    """Line and stop where trips of the day begin or end, int64 (n, 2); circular trips have none."""
    plain = np.flatnonzero((timetable.trip_day == 0) & ~timetable.trip_on_demand)
    first = timetable.event_stop[timetable.trip_indptr[plain]]
    last = timetable.event_stop[timetable.trip_indptr[plain + 1] - 1]
    route, open_ended = timetable.trip_route[plain], first != last
    pairs = [np.column_stack((route[open_ended], stop[open_ended])) for stop in (first, last)]
    return np.unique(np.concatenate(pairs).astype(np.int64), axis=0)


def _candidates(timetable: Timetable, places: Sequence[Place], most: int) -> tuple[list[_Extension], int]:
    """Pair each place with the lines that end nearest to it, and say how many pairs there are."""
    termini = _termini(timetable)
    ours = _on_the_road(timetable.route_type[termini[:, 0]])
    if len(timetable.route_kind):
        ours &= timetable.route_kind[termini[:, 0]] == 0
    termini = termini[ours]
    found, near_enough = [], 0
    for place in places:
        away_m = np.hypot(timetable.stop_x[termini[:, 1]] - place.xy[0], timetable.stop_y[termini[:, 1]] - place.xy[1])
        near = [k for k in np.argsort(away_m, kind="stable").tolist() if _NEAREST_M < away_m[k] <= _FARTHEST_M]
        near_enough += len(near)
        for k in near[:most]:
            ride_s = float(away_m[k]) * _DETOUR / _BUS_MPS + _DWELL_S
            found.append(_Extension(place, int(termini[k, 0]), int(termini[k, 1]), ride_s))
    return found, near_enough


def _reckoned(
    timetable: Timetable, wanted: Wanted, reach: Reach, found: Sequence[_Extension]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Reckon times there and back with each extension, as far as that goes without computing it."""
    xy = np.column_stack((timetable.stop_x, timetable.stop_y))[[item.stop for item in found]]
    homes = np.array([item.place.site < 0 for item in found])
    ride_s = np.array([item.ride_s for item in found])
    sites = np.array([item.place.site for item in found])
    beyond = reach.from_termini(xy[homes]) if homes.any() else None
    until = reach.to_termini(xy[~homes], sites[~homes], ride_s[~homes]) if (~homes).any() else None
    number = np.where(homes, np.cumsum(homes), np.cumsum(~homes)) - 1
    times = []
    for k, item in enumerate(found):
        out_s, back_s = wanted.trip.out_s.copy(), wanted.trip.back_s.copy()
        if beyond is not None and homes[k]:
            walk_s = np.hypot(*(reach.points_xy - item.place.xy).T) * _DETOUR / _WALK_MPS
            near = np.where(walk_s <= reach.walk_s, walk_s + item.ride_s, np.nan)[:, None]
            out_s = np.fmin(out_s, near + beyond.out_s[number[k]][None, :])
            back_s = np.fmin(back_s, near + beyond.back_s[number[k]][None, :])
        elif until is not None:
            out_s[:, item.place.site] = np.fmin(out_s[:, item.place.site], until.out_s[:, number[k]] + item.ride_s)
            back_s[:, item.place.site] = np.fmin(back_s[:, item.place.site], until.back_s[:, number[k]] + item.ride_s)
        times.append((out_s, back_s))
    return times


def propose_extensions(
    timetable: Timetable, wanted: Wanted, places: Sequence[Place], reach: Reach, *, limits: ServiceLimits
) -> Proposed[LineChange]:
    """Choose the extensions worth trying, those that should bring most residents first.

    Parameters
    ----------
    timetable : Timetable
    wanted : Wanted
    places : sequence of Place
    reach : Reach
    limits : ServiceLimits

    Returns
    -------
    Proposed of LineChange
        At most ``limits.extensions``, of different places.
    """
    if limits.extensions <= 0:
        return Proposed()
    found, near_enough = _candidates(timetable, places, limits.termini)
    bounds = cut("lines_to_extend", len(found), near_enough, wanted.metiers())
    if not found:
        return Proposed((), bounds)
    worths = [
        float(wanted.lacking[places_gained(out_s, back_s, wanted)].sum())
        for out_s, back_s in _reckoned(timetable, wanted, reach, found)
    ]
    to_degrees = Transformer.from_crs(timetable.epsg, 4326, always_xy=True)
    chosen: dict[str, LineChange] = {}
    for k in np.argsort([-worth for worth in worths], kind="stable").tolist():
        item = found[k]
        if worths[k] <= 0 or len(chosen) == limits.extensions:
            break
        if item.place.name in chosen:
            continue
        lon, lat = (float(value) for value in to_degrees.transform(*item.place.xy))
        stop = NewStop(item.place.name, lon, lat)
        edit = ExtendLine(str(timetable.route_id[item.route]), str(timetable.stop_id[item.stop]), (stop,))
        detail = f"{timetable.stop_name[item.stop]} → {item.place.name}"
        chosen[item.place.name] = LineChange("extended_line", (edit,), item.route, detail, worths[k])
    useful = {item.place.name for item, worth in zip(found, worths, strict=True) if worth > 0}
    bounds += cut("extended_line", len(chosen), len(useful), wanted.metiers())
    return Proposed(tuple(chosen.values()), bounds)
