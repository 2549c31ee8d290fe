"""A timetable as a service: each trip once, on its own clock, with the days around that it runs on.

An edit changes the service; what the arrays draw (the evening before, the day, the morning after) follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from geo_access.arrays import indptr_of
from geo_access.clock import LAST_CLOCK_S, ServiceDay
from geo_access.network.model import Timetable
from geo_access.network.timetable.lineage import descended

__all__ = [
    "DAYS",
    "EVENING_S",
    "ServiceTrip",
    "day_offsets",
    "put_in",
    "retimed",
    "seated_again",
    "service_trips",
    "take_out",
    "trip_days",
]

DAYS = (-1, 0, 1)
# A shift that starts at midnight is reached by the vehicles of the evening before.
EVENING_S = 4 * 3600
_SAME_PLACE_M = 200.0

_TRIP_ARRAYS = ("trip_id", "trip_headsign", "trip_route", "trip_day", "trip_bikes", "trip_on_demand", "trip_block")
_EVENT_ARRAYS = ("event_stop", "event_arrival_s", "event_departure_s", "event_board", "event_alight")


@dataclass(frozen=True)
class ServiceTrip:
    """One trip of the service.

    Attributes
    ----------
    trip_id, headsign : str
    route : int
    stops : tuple of int
    arrival_s, departure_s : tuple of int
        On the clock of its own service day [s], a wait charged at boarding not taken off.
    board, alight : tuple of bool
    days : tuple of int
        Service days around that it runs on, of −1, 0 and 1.
    bikes, on_demand : bool
    wait_s : int
        Charged at each boarding [s], as `Timetable.trip_wait_s`.
    """

    trip_id: str
    headsign: str
    route: int
    stops: tuple[int, ...]
    arrival_s: tuple[int, ...]
    departure_s: tuple[int, ...]
    board: tuple[bool, ...]
    alight: tuple[bool, ...]
    days: tuple[int, ...] = DAYS
    bikes: bool = False
    on_demand: bool = False
    wait_s: int = 0

    def moved(self, seconds: int, *, trip_id: str | None = None) -> ServiceTrip:
        """Return the trip at another time, under another id if one is given."""
        return replace(
            self,
            trip_id=trip_id or self.trip_id,
            arrival_s=tuple(at + seconds for at in self.arrival_s),
            departure_s=tuple(at + seconds for at in self.departure_s),
        )


def day_offsets(timetable: Timetable) -> dict[int, int]:
    """Return the seconds between the origin of each service day of `DAYS` and that of the day itself."""
    home = ServiceDay(timetable.day, timetable.zone)
    return {day: home.offset_s(timetable.day + timedelta(days=day)) for day in DAYS}


def trip_days(timetable: Timetable) -> np.ndarray:
    """Service days that each trip runs on, whether or not it is drawn on them: ndarray of bool, shape (n_trips, 3)."""
    if len(timetable.trip_days) == timetable.n_trips:
        return (timetable.trip_days[:, None] >> np.arange(3)) & 1 == 1
    _, which = np.unique(timetable.trip_id, return_inverse=True)
    runs = np.zeros((int(which.max(initial=-1)) + 1, 3), dtype=bool)
    runs[which, timetable.trip_day.astype(np.int64) + 1] = True
    return runs[which]


def service_trips(timetable: Timetable, which: np.ndarray) -> list[ServiceTrip]:
    """Return trips once each, on their own clock; both copies of one with stops that must be booked.

    Parameters
    ----------
    timetable : Timetable
    which : ndarray of bool, shape (n_trips,)

    Returns
    -------
    list of ServiceTrip
        In the order of the timetable; drawn on the day itself rather than around it. A trip that an edit let run at
        other times on another day comes once for each of its times, with the days of each.
    """
    offsets, days = day_offsets(timetable), trip_days(timetable)
    drawn: dict[tuple[str, bool], dict[tuple[bytes, bytes], list[int]]] = {}
    for trip in np.flatnonzero(which).tolist():
        part = slice(int(timetable.trip_indptr[trip]), int(timetable.trip_indptr[trip + 1]))
        back = offsets[int(timetable.trip_day[trip])]
        times = (timetable.event_arrival_s[part] - back).tobytes(), (timetable.event_departure_s[part] - back).tobytes()
        key = str(timetable.trip_id[trip]), bool(timetable.trip_on_demand[trip])
        drawn.setdefault(key, {}).setdefault(times, []).append(trip)
    out = []
    for by_times in drawn.values():
        # Of each of its times, the trip drawn nearest to the day itself; days not drawn are as the nearest of all.
        alike = sorted(sorted(same, key=lambda trip: abs(timetable.trip_day[trip])) for same in by_times.values())
        alike.sort(key=lambda same: abs(timetable.trip_day[same[0]]))
        seen = {int(timetable.trip_day[trip]) for same in alike for trip in same}
        for number, same in enumerate(alike):
            runs = {int(timetable.trip_day[trip]) for trip in same}
            if number == 0:
                runs |= {day for day in DAYS if days[same[0], day + 1] and day not in seen}
            out.append(_service_trip(timetable, same[0], offsets, runs))
    return out


def _service_trip(timetable: Timetable, trip: int, offsets: dict[int, int], runs: set[int]) -> ServiceTrip:
    part = slice(int(timetable.trip_indptr[trip]), int(timetable.trip_indptr[trip + 1]))
    back = offsets[int(timetable.trip_day[trip])]
    wait = int(timetable.trip_wait_s[trip]) if len(timetable.trip_wait_s) else 0
    return ServiceTrip(
        str(timetable.trip_id[trip]),
        str(timetable.trip_headsign[trip]),
        int(timetable.trip_route[trip]),
        tuple(timetable.event_stop[part].tolist()),
        tuple((timetable.event_arrival_s[part] - back).tolist()),
        tuple((timetable.event_departure_s[part] - back + wait).tolist()),
        tuple(timetable.event_board[part].tolist()),
        tuple(timetable.event_alight[part].tolist()),
        tuple(day for day in DAYS if day in runs),
        bool(timetable.trip_bikes[trip]),
        bool(timetable.trip_on_demand[trip]),
        wait,
    )


def take_out(timetable: Timetable, gone: np.ndarray) -> Timetable:
    """Return the timetable without some trips.

    Parameters
    ----------
    timetable : Timetable
    gone : ndarray of bool, shape (n_trips,)

    Returns
    -------
    Timetable
    """
    if not gone.any():
        return timetable
    counts = np.diff(timetable.trip_indptr)
    events = ~np.repeat(gone, counts)
    number = np.cumsum(~gone) - 1
    seats = timetable.in_seat[~gone[timetable.in_seat].any(axis=1)]
    arrays: dict[str, Any] = {name: getattr(timetable, name)[~gone] for name in _TRIP_ARRAYS}
    arrays |= {name: getattr(timetable, name)[events] for name in _EVENT_ARRAYS}
    if len(timetable.trip_days):
        arrays["trip_days"] = timetable.trip_days[~gone]
    if len(timetable.trip_wait_s):
        arrays["trip_wait_s"] = timetable.trip_wait_s[~gone]
    indptr = indptr_of(counts[~gone])
    seats = number[seats].astype(np.int32).reshape(-1, 2)
    left = replace(timetable, trip_indptr=indptr, in_seat=seats, **arrays)
    return descended(left, timetable, np.flatnonzero(~gone))


def put_in(timetable: Timetable, trips: Iterable[ServiceTrip]) -> Timetable:
    """Return the timetable with more trips, drawn on every service day that they run on.

    Parameters
    ----------
    timetable : Timetable
    trips : iterable of ServiceTrip

    Returns
    -------
    Timetable
        Without those of the day before that have ended by 20:00, nor those of the day after that start past 48:00.
    """
    offsets = day_offsets(timetable)
    drawn = [
        (trip, day, offsets[day])
        for trip in trips
        for day in trip.days
        if (day >= 0 or trip.arrival_s[-1] + offsets[day] >= -EVENING_S)
        and (day <= 0 or trip.departure_s[0] + offsets[day] < LAST_CLOCK_S)
    ]
    if not drawn:
        return timetable
    added = {
        "trip_id": np.array([trip.trip_id for trip, _, _ in drawn], dtype=str),
        "trip_headsign": np.array([trip.headsign for trip, _, _ in drawn], dtype=str),
        "trip_route": np.array([trip.route for trip, _, _ in drawn], dtype=np.int32),
        "trip_day": np.array([day for _, day, _ in drawn], np.int8),
        "trip_bikes": np.array([trip.bikes for trip, _, _ in drawn], dtype=bool),
        "trip_on_demand": np.array([trip.on_demand for trip, _, _ in drawn], dtype=bool),
        "trip_block": np.full(len(drawn), -1, np.int32),
        "event_stop": _flat([trip.stops for trip, _, _ in drawn], np.int32),
        "event_arrival_s": _flat([[at + by for at in trip.arrival_s] for trip, _, by in drawn], np.int32),
        "event_departure_s": _flat(
            [[at + by - trip.wait_s for at in trip.departure_s] for trip, _, by in drawn], np.int32
        ),
        "event_board": _flat([trip.board for trip, _, _ in drawn], bool),
        "event_alight": _flat([trip.alight for trip, _, _ in drawn], bool),
    }
    if len(timetable.trip_days) == timetable.n_trips:
        mask = [sum(1 << (day + 1) for day in trip.days) for trip, _, _ in drawn]
        added["trip_days"] = np.array(mask, np.uint8)
    if len(timetable.trip_wait_s) == timetable.n_trips:
        added["trip_wait_s"] = np.array([trip.wait_s for trip, _, _ in drawn], np.int32)
    arrays: dict[str, Any] = {name: np.concatenate((getattr(timetable, name), value)) for name, value in added.items()}
    lengths = np.cumsum([len(trip.stops) for trip, _, _ in drawn])
    indptr = np.concatenate((timetable.trip_indptr, timetable.trip_indptr[-1] + lengths)).astype(np.int64)
    more = replace(timetable, trip_indptr=indptr, **arrays)
    known = np.concatenate((np.arange(timetable.n_trips), np.full(len(drawn), -1)))
    return descended(more, timetable, known)


def retimed(timetable: Timetable, gone: np.ndarray, trips: Iterable[ServiceTrip]) -> Timetable:
    """Return the timetable with trips at other times; vehicles and days that trips run on stay as they were.

    Parameters
    ----------
    timetable : Timetable
    gone : ndarray of bool, shape (n_trips,)
        All that is drawn of these trips.
    trips : iterable of ServiceTrip
        The same trips at their new times; one id may have other times on other days.

    Returns
    -------
    Timetable
    """
    known_days = len(timetable.trip_days) == timetable.n_trips
    rows = np.flatnonzero(gone).tolist()
    ids, days = timetable.trip_id.tolist(), timetable.trip_day.tolist()
    block = {(ids[row], days[row]): int(timetable.trip_block[row]) for row in rows}
    mask = {ids[row]: int(timetable.trip_days[row]) for row in rows} if known_days else {}
    kept = int((~gone).sum())
    changed = put_in(take_out(timetable, gone), trips)
    new = list(zip(changed.trip_id[kept:].tolist(), changed.trip_day[kept:].tolist(), strict=True))
    blocks = changed.trip_block.copy()
    blocks[kept:] = [block.get(key, -1) for key in new]
    run_on = changed.trip_days.copy()
    if known_days:
        run_on[kept:] = [mask[name] for name, _ in new]
    return descended(replace(changed, trip_block=blocks, trip_days=run_on), changed)


def _flat(parts: Sequence[Sequence[int]], dtype: type) -> np.ndarray:
    return np.array([value for part in parts for value in part], dtype=dtype)


def seated_again(before: Timetable, after: Timetable) -> tuple[Timetable, int]:
    """Give trips that were put in anew their seats back, where they still follow each other.

    Parameters
    ----------
    before, after : Timetable
        Before trips were taken out and put in again under their ids, and after.

    Returns
    -------
    timetable : Timetable
    lost : int
        Pairs of the day whose trips are both there, and that do not follow each other any more.
    """

    def keys(t: Timetable) -> list[tuple[str, int, bool]]:
        return list(zip(t.trip_id.tolist(), t.trip_day.tolist(), t.trip_on_demand.tolist(), strict=True))

    if not len(before.in_seat):
        return after, 0
    old, place = keys(before), {key: trip for trip, key in enumerate(keys(after))}
    first, last = after.trip_indptr[:-1], after.trip_indptr[1:] - 1
    pairs, lost = {(int(a), int(b)) for a, b in after.in_seat.tolist()}, 0
    for a, b in before.in_seat.tolist():
        one, other = place.get(old[a]), place.get(old[b])
        if one is None or other is None or (one, other) in pairs:
            continue
        here, there = after.event_stop[last[one]], after.event_stop[first[other]]
        metres = np.hypot(after.stop_x[here] - after.stop_x[there], after.stop_y[here] - after.stop_y[there])
        apart = metres > _SAME_PLACE_M and not _same_ends(before, a, b, int(here), int(there))
        if apart or after.event_arrival_s[first[other]] < after.event_departure_s[last[one]]:
            lost += int(after.trip_day[one] == 0)
            continue
        pairs.add((one, other))
    seated = replace(after, in_seat=np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2))
    return descended(seated, after), lost


def _same_ends(before: Timetable, a: int, b: int, here: int, there: int) -> bool:
    ends = before.event_stop[before.trip_indptr[a + 1] - 1], before.event_stop[before.trip_indptr[b]]
    return (int(ends[0]), int(ends[1])) == (here, there)
