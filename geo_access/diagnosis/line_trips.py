"""One more trip on an existing line: which trip, at which minute, is worth computing the network anew for.

A trip that goes from near the residents to near the site without a change is moved so that it is just in time: its last
useful stop so long before the deadline as the real walk to the door takes, or its first so long after the end. The
ride and the walks tell how long each resident would travel; the candidates that would bring most residents there, per
trip to run, are returned. Nothing here is a finding: `geo_access.diagnosis.trip_remedies` computes each anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from geo_access.diagnosis.kernels import places_within
from geo_access.diagnosis.search_bounds import Proposed, ServiceLimits, cut
from geo_access.diagnosis.supply import Offers
from geo_access.network.model import SparseTimes, Timetable
from geo_access.routing.legs import Ends
from geo_access.times.round_trip import RoundTrip

__all__ = [
    "LineRide",
    "LineTrip",
    "TripChange",
    "Wanted",
    "columns_by_stop",
    "line_rides",
    "places_gained",
    "propose_trips",
]

_MINUTE_S = 60
# A trip made for one site also serves those whose own minute is a little later: nobody waits longer than this.
_WAIT_S = 900


@dataclass(frozen=True)
class LineTrip:
    """A trip to run once more.

    Attributes
    ----------
    trip : int
        Row of the timetable, of the trip to copy.
    start_s : int
        First departure of the copy [s of the service day].
    homeward : bool
        Whether it is for the way back.
    """

    trip: int
    start_s: int
    homeward: bool


@dataclass(frozen=True, eq=False)
class TripChange:
    """One trip on a line, or one each way on the same line, and whom it should bring there.

    Attributes
    ----------
    trips : tuple of LineTrip
    gains : ndarray of bool, shape (n_points, n_metiers)
        Points that would reach the métier and do not, reckoned from the ride and the walks.
    """

    trips: tuple[LineTrip, ...]
    gains: np.ndarray


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is asked of a new trip.

    Attributes
    ----------
    lacking : ndarray of float64, shape (n_points, n_metiers)
        Residents of flagged zones that do not reach the métier; 0 elsewhere.
    trip : RoundTrip
        Times of these points today.
    offers : Offers
    limit_s : float
        Threshold, each way [s].
    n : int
        Least number of places.
    arrive_s, leave_s : ndarray of int64, shape (n_sites,)
        Latest arrival at the door and earliest departure from it [s].
    """

    lacking: np.ndarray
    trip: RoundTrip
    offers: Offers
    limit_s: float
    n: int
    arrive_s: np.ndarray
    leave_s: np.ndarray

    def residents_by_site(self) -> np.ndarray:
        """Residents × métiers lacking at each point for which each site has places, float64 (n_points, n_sites)."""
        return np.asarray(self.lacking @ self._offered().T)

    def metiers(self, site: int | None = None) -> tuple[int, ...]:
        """Rows of the métiers that somebody lacks; of those, with a site, the ones that it has places for."""
        asked = self.lacking.any(axis=0)
        if site is not None:
            asked &= self._offered()[site] > 0
        return tuple(np.flatnonzero(asked).tolist())

    def _offered(self) -> np.ndarray:
        """Whether a site has places of a métier, float64 (n_sites, n_metiers)."""
        offered = np.zeros((self.trip.out_s.shape[1], self.lacking.shape[1]))
        for metier in range(self.lacking.shape[1]):
            part = slice(self.offers.indptr[metier], self.offers.indptr[metier + 1])
            offered[self.offers.site[part], metier] = self.offers.all_places[part] > 0
        return offered


@dataclass(frozen=True, eq=False)
class LineRide:
    """One pattern in one direction: the minute that each site needs, and how long who rides it travels.

    Attributes
    ----------
    trip : int
        Row of the timetable, of one trip of the pattern.
    route : int
    homeward : bool
    start_s : ndarray of int64, shape (n_sites,)
        First departure that is just in time for each site [s]; −1 for none.
    took_s : ndarray of float32, shape (n_points, n_sites)
        Door to door, without waiting [s]; inf where it does not go.
    within : ndarray of bool, shape (n_points, n_sites)
        Whether that is within the threshold.
    """

    trip: int
    route: int
    homeward: bool
    start_s: np.ndarray
    took_s: np.ndarray
    within: np.ndarray


def columns_by_stop(times: SparseTimes) -> sparse.csc_matrix:
    """Return walks between rows and stops by stop; one second is added, for a stored zero is no entry.

    Parameters
    ----------
    times : SparseTimes
        Rows × stops [s].

    Returns
    -------
    scipy.sparse.csc_matrix
        [s + 1].
    """
    matrix = sparse.csr_matrix((times.seconds + 1.0, times.indices, times.indptr), shape=(times.n_rows, times.n_cols))
    return matrix.tocsc()


def _walks(matrix: sparse.csc_matrix, stops: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return the walks between the rows and each call, inf where it is too far or doors stay shut [s]."""
    found = matrix[:, stops].toarray()
    return np.where((found > 0) & usable[None, :], found - 1.0, np.inf)


def _patterns(timetable: Timetable) -> list[int]:
    """One trip of the day for each line, sequence of stops and running times that everybody may board."""
    seen: dict[tuple[int, bytes, bytes], int] = {}
    plain = (timetable.trip_day == 0) & ~timetable.trip_on_demand
    if len(timetable.route_kind):
        plain &= timetable.route_kind[timetable.trip_route] == 0
    for trip in np.flatnonzero(plain).tolist():
        part = slice(timetable.trip_indptr[trip], timetable.trip_indptr[trip + 1])
        run = timetable.event_arrival_s[part] - timetable.event_departure_s[part][0]
        seen.setdefault((int(timetable.trip_route[trip]), timetable.event_stop[part].tobytes(), run.tobytes()), trip)
    return list(seen.values())


def line_rides(timetable: Timetable, wanted: Wanted, there: Ends, back: Ends) -> list[LineRide]:
    """Find every pattern that goes from some point to some site, or the other way round, without a change.

    Parameters
    ----------
    timetable : Timetable
    wanted : Wanted
    there, back : Ends
        Walks of the same points and sites to and from the stops.

    Returns
    -------
    list of LineRide
    """
    found: list[LineRide] = []
    walks = {
        False: (columns_by_stop(there.access), columns_by_stop(there.egress)),
        True: (columns_by_stop(back.egress), columns_by_stop(back.access)),
    }
    asks = np.flatnonzero(wanted.lacking.any(axis=0))
    for trip in _patterns(timetable):
        part = slice(timetable.trip_indptr[trip], timetable.trip_indptr[trip + 1])
        stops, board, alight = timetable.event_stop[part], timetable.event_board[part], timetable.event_alight[part]
        zero = int(timetable.event_departure_s[part][0])
        leaves, comes = timetable.event_departure_s[part] - zero, timetable.event_arrival_s[part] - zero
        for homeward, (homes, sites) in walks.items():
            near_home = _walks(homes, stops, alight if homeward else board)
            near_site = _walks(sites, stops, board if homeward else alight)
            if not len(asks) or np.isinf(near_home).all() or np.isinf(near_site).all():
                continue
            if homeward:
                start_s, took_s = _way_back(near_home, near_site, leaves, comes, wanted.leave_s)
            else:
                start_s, took_s = _way_there(near_home, near_site, leaves, comes, wanted.arrive_s)
            within = (took_s <= wanted.limit_s) & (start_s >= 0)[None, :]
            if within.any():
                took_s = took_s.astype(np.float32)
                found.append(LineRide(trip, int(timetable.trip_route[trip]), homeward, start_s, took_s, within))
    return found


def _way_there(
    near_home: np.ndarray, near_site: np.ndarray, leaves: np.ndarray, comes: np.ndarray, arrive_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Last minute at which the trip may start for each site (−1 for none), and how long each resident travels [s]."""
    # The first call is for boarding only: at call k one is on board since one of those before.
    leave = np.maximum.accumulate(leaves[None, :] - near_home, axis=1)[:, :-1]
    door = (comes[None, :] + near_site)[:, 1:]
    best = door.argmin(axis=1)
    at_door = door[np.arange(len(best)), best]
    took_s = at_door[None, :] - leave[:, best]
    slack = np.where(np.isfinite(at_door), arrive_s - at_door, -1.0)
    return (np.floor(slack / _MINUTE_S) * _MINUTE_S).astype(np.int64), took_s


def _way_back(
    near_home: np.ndarray, near_site: np.ndarray, leaves: np.ndarray, comes: np.ndarray, leave_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """First minute at which the trip may start for each site (−1 for none), and how long each resident travels [s]."""
    home = np.minimum.accumulate((comes[None, :] + near_home)[:, ::-1], axis=1)[:, ::-1][:, 1:]
    door = (leaves[None, :] - near_site)[:, :-1]
    best = door.argmax(axis=1)
    at_door = door[np.arange(len(best)), best]
    took_s = home[:, best] - at_door[None, :]
    start = np.where(np.isfinite(at_door), leave_s - at_door, -1.0)
    return (np.ceil(start / _MINUTE_S) * _MINUTE_S).astype(np.int64), took_s


def _served(ride: LineRide, start_s: int) -> np.ndarray:
    """Points × sites within the threshold when the trip starts at a minute, bool."""
    spare = (start_s - ride.start_s) if ride.homeward else (ride.start_s - start_s)
    return ride.within & ((spare >= 0) & (spare <= _WAIT_S))[None, :]


def _options(
    rides: list[LineRide], wanted: Wanted
) -> list[tuple[LineRide | tuple[LineRide, LineRide], tuple[int, ...]]]:
    """Rides alone, and one each way on a line, at the minute of each site; those that promise most first."""
    out_ok, back_ok = wanted.trip.out_s <= wanted.limit_s, wanted.trip.back_s <= wanted.limit_s
    residents = wanted.residents_by_site()
    found: list[tuple[float, int, LineRide | tuple[LineRide, LineRide], tuple[int, ...]]] = []
    best: dict[tuple[int, bool, int], tuple[float, LineRide]] = {}
    for ride in rides:
        other = out_ok if ride.homeward else back_ok
        alone = (residents * (ride.within & other)).sum(axis=0)
        either = (residents * ride.within).sum(axis=0)
        for site in np.flatnonzero(either > 0).tolist():
            if alone[site] > 0:
                found.append((float(alone[site]), len(found), ride, (int(ride.start_s[site]),)))
            key = ride.route, ride.homeward, site
            if key not in best or either[site] > best[key][0]:
                best[key] = float(either[site]), ride
    for (route, homeward, site), (_, there) in best.items():
        if homeward or (route, True, site) not in best:
            continue
        back = best[route, True, site][1]
        both = residents[:, site] * (there.within[:, site] & back.within[:, site])
        both = both[~(out_ok[:, site] | back_ok[:, site])]
        if both.sum() > 0:
            starts = int(there.start_s[site]), int(back.start_s[site])
            found.append((float(both.sum()) / 2, len(found), (there, back), starts))
    found.sort(key=lambda item: (-item[0], item[1]))
    return [(ride, starts) for _, _, ride, starts in found]


def _gains(rides: tuple[LineRide, ...], starts: tuple[int, ...], wanted: Wanted) -> np.ndarray:
    """Points × métiers that are reached with the trips and not today, bool."""
    out_s, back_s = wanted.trip.out_s.copy(), wanted.trip.back_s.copy()
    for ride, start_s in zip(rides, starts, strict=True):
        (back_s if ride.homeward else out_s)[_served(ride, start_s)] = 0
    return places_gained(out_s, back_s, wanted)


def places_gained(out_s: np.ndarray, back_s: np.ndarray, wanted: Wanted) -> np.ndarray:
    """Points × métiers of `wanted` with enough places within the threshold by these times, bool."""
    offered = (wanted.offers.indptr, wanted.offers.site, wanted.offers.all_places)
    return np.asarray(places_within(out_s, back_s, wanted.limit_s, False, *offered) >= wanted.n) & (wanted.lacking > 0)


def propose_trips(
    timetable: Timetable, wanted: Wanted, rides: list[LineRide], *, limits: ServiceLimits
) -> Proposed[TripChange]:
    """Choose the trips worth trying: each time the one that should bring most further residents, per trip to run.

    Parameters
    ----------
    timetable : Timetable
    wanted : Wanted
    rides : list of LineRide
    limits : ServiceLimits

    Returns
    -------
    Proposed of TripChange
        At most ``limits.trips``.
    """
    if limits.trips <= 0:
        return Proposed()
    counted: list[TripChange] = []
    seen = set()
    options = _options(rides, wanted)
    looked_at = 0
    for ride, starts in options:
        if len(counted) == limits.counted:
            break
        looked_at += 1
        pair = ride if isinstance(ride, tuple) else (ride,)
        trips = tuple(LineTrip(_nearest(timetable, r.trip, s), s, r.homeward) for r, s in zip(pair, starts))
        if trips not in seen:
            seen.add(trips)
            counted.append(TripChange(trips, _gains(pair, starts, wanted)))
    left = wanted.lacking.copy()
    chosen: list[TripChange] = []
    while counted and len(chosen) < limits.trips:
        worth = [float(left[item.gains].sum()) / len(item.trips) for item in counted]
        first = int(np.argmax(worth))
        if worth[first] <= 0:
            break
        chosen.append(counted.pop(first))
        left[chosen[-1].gains] = 0
    more = len(chosen) + sum(float(left[item.gains].sum()) > 0 for item in counted)
    bounds = cut("trips_counted", looked_at, len(options), wanted.metiers())
    return Proposed(tuple(chosen), bounds + cut("trip_on_a_line", len(chosen), more, wanted.metiers()))


def _nearest(timetable: Timetable, trip: int, start_s: int) -> int:
    """Return the trip of the same line, stops and running times that leaves nearest to a minute."""
    part = slice(timetable.trip_indptr[trip], timetable.trip_indptr[trip + 1])
    calls = timetable.event_stop[part]
    run = timetable.event_arrival_s[part] - timetable.event_departure_s[part][0]
    best, gap = trip, abs(int(timetable.event_departure_s[part][0]) - start_s)
    same = (timetable.trip_route == timetable.trip_route[trip]) & (timetable.trip_day == 0)
    for other in np.flatnonzero(same).tolist():
        own = slice(timetable.trip_indptr[other], timetable.trip_indptr[other + 1])
        zero = int(timetable.event_departure_s[own][0])
        if abs(zero - start_s) >= gap or own.stop - own.start != len(calls):
            continue
        alike = np.array_equal(timetable.event_stop[own], calls)
        if alike and np.array_equal(timetable.event_arrival_s[own] - zero, run):
            best, gap = other, abs(zero - start_s)
    return best
