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

__all__ = ["Headways", "Runs", "runs_around", "wait_steps"]

# A city of 10 million has some 100,000 departures a day.
_MOST_RUNS = 500_000
# Of the vehicles drawn closer than one headway, over a day: some 200 MB with what a search holds of them.
_MOST_CHARGED_CALLS = 5_000_000
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
        Count half a headway of wait at each boarding instead, whenever one comes (Osuna & Newell 1972, regular
        vehicles, passengers at random). Vehicles are drawn every `step_s`, or every headway where that is shorter,
        half a headway after the start first. That for the one drawn is waited half a step on average; the rest,
        (headway − step) / 2, is charged at each boarding. So the wait is half a headway on average over any step, and
        at a given minute at most half a step off. Who comes before a period waits half a headway from its start.
    step_s : int
        Spacing under `expected_wait` [s]; wider on a feed too large for it (`wait_steps`), which its notes say.

    Examples
    --------
    >>> Headways().phase
    0.5
    """

    phase: float = 0.5
    expected_wait: bool = False
    step_s: int = 60

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
    wait_s : ndarray of int32, shape (n,)
        Wait that each boarding costs beyond that for the vehicle drawn [s].
    label : ndarray of object (str), shape (n,)
        Appended to the trip's id.
    """

    trip: np.ndarray
    shift_s: np.ndarray
    day: np.ndarray
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
                np.full(n, "", object),
            )
        )
        if (runs_today & repeated).any():
            pieces.append(_spelled_out(feed, runs_today, shift, relative, headways))
    runs = Runs(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in Runs.__dataclass_fields__))
    last = times.arrival_s[times.trip_indptr[1:][runs.trip] - 1] + runs.shift_s
    start = times.departure_s[times.trip_indptr[:-1][runs.trip]] + runs.shift_s
    keep = ((runs.day >= 0) | (last >= -_EVENING_S)) & ((runs.day <= 0) | (start < LAST_CLOCK_S))
    return Runs(*(getattr(runs, name)[keep] for name in Runs.__dataclass_fields__))


def wait_steps(feed: Feed, headways: Headways) -> np.ndarray:
    """Spacing of the vehicles in each period of a feed's headway trips [s].

    One headway; under `Headways.expected_wait` `Headways.step_s`, or the smallest multiple of it with which the
    vehicles of a day call no more than five million times.

    Parameters
    ----------
    feed : Feed
    headways : Headways

    Returns
    -------
    ndarray of int64, shape (n_frequencies,)
    """
    periods = feed.frequencies
    start, end, headway = (periods[name].to_numpy(dtype=np.int64) for name in ("start_s", "end_s", "headway_s"))
    loose = ~periods["exact"].to_numpy(dtype=bool)
    if not headways.expected_wait or not loose.any():
        return headway
    counts = dict(zip(feed.trips["trip_id"], np.diff(feed.stop_times.trip_indptr), strict=True))
    calls = np.array([counts[name] for name in periods["trip_id"]], dtype=np.int64)

    def spaced(step_s: int) -> np.ndarray:
        return np.where(loose, np.minimum(headway, step_s), headway)

    def too_many(step_s: int) -> bool:
        vehicles = (end - start) // spaced(step_s) + 1
        return int((vehicles * calls)[loose].sum()) > _MOST_CHARGED_CALLS

    step_s = headways.step_s
    while step_s < headway[loose].max() and too_many(step_s):
        step_s += headways.step_s
    return spaced(step_s)


@dataclass(frozen=True)
class _Period:
    """A row of frequencies.txt, and how far apart its vehicles are drawn [s]."""

    trip: str
    start_s: int
    end_s: int
    headway_s: int
    exact: bool
    step_s: int

    def leaves(self, headways: Headways, *, goes_on: bool) -> range:
        """Departures from the first stop [s]."""
        if self.exact:
            return range(self.start_s, self.end_s, self.step_s)
        after = self.headway_s // 2 if headways.expected_wait else int(headways.phase * self.headway_s)
        # Who comes before the end still waits half a headway where the trip is repeated beyond it.
        until = self.end_s + self.headway_s // 2 if headways.expected_wait and goes_on else self.end_s
        first = self.start_s + after
        # A period shorter than the phase still has its one departure.
        return range(first if first < until else self.start_s, until, self.step_s)

    def wait_s(self, headways: Headways) -> int:
        """Wait that a boarding costs beyond that for the vehicle drawn [s].

        Drawn every `step_s`, it is waited for half a step on average: together half a headway.
        """
        return (self.headway_s - self.step_s) // 2 if headways.expected_wait and not self.exact else 0


def _periods(feed: Feed, headways: Headways) -> list[_Period]:
    table = feed.frequencies[["trip_id", "start_s", "end_s", "headway_s", "exact"]]
    table = table.assign(step=wait_steps(feed, headways))
    return [
        _Period(trip, int(start), int(end), int(headway), bool(exact), int(step))
        for trip, start, end, headway, exact, step in table.itertuples(index=False)
    ]


def _spelled_out(feed: Feed, runs_today: np.ndarray, shift: int, relative: int, headways: Headways) -> Runs:
    place = {name: index for index, name in enumerate(feed.trips["trip_id"])}
    times = feed.stop_times
    # Two periods of a trip may send a vehicle at the same second: it is one, that which is waited for least.
    waits: dict[tuple[int, int], int] = {}
    periods = [period for period in _periods(feed, headways) if runs_today[place[period.trip]]]
    loose: dict[str, list[_Period]] = {}
    for period in periods:
        if not period.exact:
            loose.setdefault(period.trip, []).append(period)
    for period in periods:
        trip = place[period.trip]
        if len(waits) + (period.end_s - period.start_s) // period.step_s > _MOST_RUNS:
            raise refusal("timetable.too_many_runs", CapacityError, feed=feed.name, most=_MOST_RUNS, trip=period.trip)
        goes_on = any(other.start_s <= period.end_s < other.end_s for other in loose.get(period.trip, ()))
        wait = period.wait_s(headways)
        for leave in period.leaves(headways, goes_on=goes_on):
            waits[trip, leave] = min(wait, waits.get((trip, leave), wait))
    trips, leaves = (np.array([key[k] for key in waits], dtype=np.int64) for k in (0, 1))
    return Runs(
        trips.astype(np.int32),
        leaves - times.departure_s[times.trip_indptr[:-1][trips]] + shift,
        np.full(len(waits), relative, np.int8),
        np.array(list(waits.values()), np.int32),
        np.array([_clock_label(leave) for _, leave in waits], object),
    )


def _clock_label(seconds: int) -> str:
    return f"#{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}"
