"""Which vehicles run on the days around the one asked for: dated trips, and headway trips spelled out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from geo_access.clock import LAST_CLOCK_S, ServiceDay
from geo_access.errors import CapacityError, raise_faults
from geo_access.sources.gtfs.calendar import services_on
from geo_access.sources.gtfs.model import Feed
from geo_access.words.told import fault, refusal

__all__ = ["Headways", "Runs", "charged_periods", "runs_around"]

# A city of 10 million has some 100,000 departures a day.
_MOST_RUNS = 500_000
# Each is a vehicle boarded at one call only, and the call of a line of 60 stops is ridden by 60 of them.
_MOST_CHARGED_RUNS = 150_000
# A shift that starts at midnight is reached by the vehicles of the evening before.
_EVENING_S = 4 * 3600


@dataclass(frozen=True)
class Headways:
    """How trips of ``exact_times=0`` are spelled out: nobody knows when they leave, only how often.

    Attributes
    ----------
    phase : float
        Share of the headway between the start of the period and the first departure, 0 ≤ phase < 1. The default
        one half makes the wait at the start of the period its expectation; every later departure follows exactly
        one headway after the other, so that results never change from run to run.
    expected_wait : bool
        Charge everybody half a headway of wait instead, whenever they come: vehicles are then there every `step_s`
        and each boarding costs half the headway (Osuna & Newell 1972, regular vehicles, passengers at random). Of a
        feed too large for that, the periods of the shortest headways keep regular vehicles, on which the wait is
        half a headway on average over the departures of a window; its notes say how much that is off at most
        (`charged_periods`).
    step_s : int
        Spacing of departures under `expected_wait` [s]; adds at most itself to the wait.

    Examples
    --------
    >>> Headways().phase
    0.5
    """

    phase: float = 0.5
    expected_wait: bool = False
    step_s: int = 120

    def validate(self) -> None:
        """Raise `InputError` when phase or step cannot be."""
        faults = []
        if not 0 <= self.phase < 1:
            faults.append(fault("headways.phase", "timetable.phase", value=self.phase))
        if self.step_s < 1:
            faults.append(fault("headways.step_s", "timetable.step", value=self.step_s))
        raise_faults(faults)


@dataclass(frozen=True, eq=False)
class Runs:
    """Vehicles of one feed around one day.

    Attributes
    ----------
    trip : ndarray of int32, shape (n,)
        Row of ``Feed.trips``.
    shift_s : ndarray of int64, shape (n,)
        Added to the times of the trip to be on the clock of the day [s].
    day : ndarray of int8, shape (n,)
        Service day, relative: −1, 0, 1.
    first : ndarray of int32, shape (n,)
        Call of the trip that the run starts at; above 0 only under `Headways.expected_wait`.
    wait_s : ndarray of int32, shape (n,)
        Wait charged for boarding at that call [s]; −1 for a run that is boarded anywhere.
    label : ndarray of object (str), shape (n,)
        Appended to the trip's id.
    """

    trip: np.ndarray
    shift_s: np.ndarray
    day: np.ndarray
    first: np.ndarray
    wait_s: np.ndarray
    label: np.ndarray


def runs_around(feed: Feed, day: date, zone: str, headways: Headways) -> Runs:
    """List the vehicles of a feed on the day before, the day, and the day after.

    Parameters
    ----------
    feed : Feed
    day : datetime.date
        Of the feed's own calendar.
    zone : str
        Time zone of the clock wanted; the feed may have another.
    headways : Headways

    Returns
    -------
    Runs
        Without those of the day before that have ended by 20:00, nor those of the day after that start past 48:00.
    """
    trips, times = feed.trips, feed.stop_times
    counts = np.diff(times.trip_indptr)
    repeated = trips["trip_id"].isin(set(feed.frequencies["trip_id"])).to_numpy()
    home = ServiceDay(day, zone)
    pieces: list[Runs] = []
    for relative in (-1, 0, 1):
        that_day = day + timedelta(days=relative)
        origin = ServiceDay(that_day, feed.zone).origin()
        shift = home.to_seconds(origin)
        runs_today = trips["service_id"].isin(set(services_on(feed, that_day))).to_numpy() & (counts > 1)
        dated = np.flatnonzero(runs_today & ~repeated)
        n = len(dated)
        pieces.append(
            Runs(
                dated.astype(np.int32),
                np.full(n, shift),
                np.full(n, relative, np.int8),
                np.zeros(n, np.int32),
                np.full(n, -1, np.int32),
                np.full(n, "", object),
            )
        )
        if (runs_today & repeated).any():
            pieces.append(_spelled_out(feed, runs_today, shift, relative, headways))
    runs = Runs(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in Runs.__dataclass_fields__))
    last = times.arrival_s[times.trip_indptr[1:][runs.trip] - 1] + runs.shift_s
    start = times.departure_s[times.trip_indptr[:-1][runs.trip] + runs.first] + runs.shift_s
    keep = ((runs.day >= 0) | (last >= -_EVENING_S)) & ((runs.day <= 0) | (start < LAST_CLOCK_S))
    return Runs(*(getattr(runs, name)[keep] for name in Runs.__dataclass_fields__))


def charged_periods(feed: Feed, headways: Headways) -> np.ndarray:
    """Tell the periods of a feed's headway trips of which each boarding costs half the headway.

    It takes a vehicle for every step and call of every period. Where these would be more than 150,000 a day, the
    periods of the longest headways come first; in the others vehicles leave one headway after the other instead.
    Whoever comes at any time of such a period waits between nothing and one headway, each as likely: half a headway
    on average over the departures of a window, and, ends of periods apart, at most half a headway off at any minute.

    Parameters
    ----------
    feed : Feed
    headways : Headways

    Returns
    -------
    ndarray of bool, shape (n_frequencies,)
    """
    periods = feed.frequencies
    loose = ~periods["exact"].to_numpy(dtype=bool)
    if not headways.expected_wait or not loose.any():
        return np.zeros(len(periods), dtype=bool)
    counts = dict(zip(feed.trips["trip_id"], np.diff(feed.stop_times.trip_indptr), strict=True))
    calls = np.array([counts[name] for name in periods["trip_id"]], dtype=np.int64) - 1
    start, end, headway = (periods[name].to_numpy(dtype=np.int64) for name in ("start_s", "end_s", "headway_s"))
    cost = ((end - start + headway // 2) // np.minimum(headway, headways.step_s) + 1) * calls
    order = np.argsort(-headway, kind="stable")
    order = order[loose[order]]
    # All periods of one headway or none, so that what is left can be said in one number.
    fits = np.cumsum(cost[order]) <= _MOST_CHARGED_RUNS
    left = headway[order][~fits]
    return loose & (headway > (left.max() if len(left) else -1))


def _spelled_out(feed: Feed, runs_today: np.ndarray, shift: int, relative: int, headways: Headways) -> Runs:
    place = {name: index for index, name in enumerate(feed.trips["trip_id"])}
    times = feed.stop_times
    rows: list[tuple[int, int, int, int, str]] = []
    # Two periods of a trip may send a vehicle at the same second: it is one.
    seen: set[tuple[int, int]] = set()
    periods = feed.frequencies[["trip_id", "start_s", "end_s", "headway_s", "exact"]]
    periods = periods.assign(charged=charged_periods(feed, headways))
    for trip_id, start, end, headway, exact, charged in periods.itertuples(index=False):
        trip = place[trip_id]
        if not runs_today[trip]:
            continue
        if len(rows) + (end - start) // headway > _MOST_RUNS:
            raise refusal("timetable.too_many_runs", CapacityError, feed=feed.name, most=_MOST_RUNS, trip=trip_id)
        origin = int(times.departure_s[times.trip_indptr[trip]])
        if not charged:
            wanted = start if exact else start + int(headways.phase * headway)
            # A period shorter than the phase still has its one departure.
            leaves = [
                leave for leave in range(wanted if wanted < end else start, end, headway) if (trip, leave) not in seen
            ]
            seen.update((trip, leave) for leave in leaves)
            rows += [(trip, leave - origin, 0, -1, _clock_label(leave)) for leave in leaves]
            continue
        calls = range(int(times.trip_indptr[trip + 1] - times.trip_indptr[trip]) - 1)
        steps = range(start, end + headway // 2, min(headways.step_s, headway))
        rows += [(trip, leave - origin, call, headway // 2, f"~{leave}@{call}") for leave in steps for call in calls]
    trip_rows, shifts, firsts, waits, labels = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Runs(
        np.array(trip_rows, np.int32),
        np.array(shifts, np.int64) + shift,
        np.full(len(rows), relative, np.int8),
        np.array(firsts, np.int32),
        np.array(waits, np.int32),
        np.array(labels, object),
    )


def _clock_label(seconds: int) -> str:
    return f"#{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}"
