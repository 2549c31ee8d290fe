"""When a feed runs: the one function over both calendar files, validity, and equivalent days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from geo_access.sources.gtfs import Feed
from geo_access.sources.gtfs_tables import WEEKDAYS

__all__ = ["common_day", "equivalent_day", "services_on", "trips_per_day", "validity"]

# A calendar that runs "for ever" (end_date 2099) is looked at for this long.
_LONGEST_DAYS = 3660
# A typical day has at least this share of the weekday's median of trips; fewer is a holiday timetable.
_TYPICAL_SHARE = 0.9


def services_on(feed: Feed, day: date) -> np.ndarray:
    """Services that run on a day: ``calendar.txt``, then the exceptions of ``calendar_dates.txt``.

    Parameters
    ----------
    feed : Feed
    day : datetime.date

    Returns
    -------
    ndarray of object (str)
        Ids, sorted.

    Examples
    --------
    >>> from geo_access.sources.gtfs import read_gtfs
    >>> services_on(read_gtfs("data/demo/gtfs_rail.zip"), date(2026, 3, 17)).tolist()
    ['SEM']
    """
    stamp = pd.Timestamp(day)
    weekly = feed.calendar
    runs = (weekly["start_date"] <= stamp) & (weekly["end_date"] >= stamp) & weekly[WEEKDAYS[day.weekday()]]
    services = set(weekly.loc[runs, "service_id"])
    today = feed.calendar_dates[feed.calendar_dates["date"] == stamp]
    services |= set(today.loc[today["exception_type"] == 1, "service_id"])
    services -= set(today.loc[today["exception_type"] == 2, "service_id"])
    return np.array(sorted(services), dtype=object)


def _departures(feed: Feed) -> pd.Series:
    """Departures that each service stands for: its usable trips, headway trips counted as often as they leave."""
    weight = (np.diff(feed.stop_times.trip_indptr) > 1).astype(np.int64)
    if len(feed.frequencies):
        periods = feed.frequencies
        runs = -(-(periods["end_s"] - periods["start_s"]) // periods["headway_s"])
        repeated = feed.trips["trip_id"].map(runs.groupby(periods["trip_id"]).sum()).fillna(1).to_numpy(dtype=np.int64)
        weight *= repeated
    return pd.Series(weight).groupby(feed.trips["service_id"].to_numpy()).sum()


def trips_per_day(feed: Feed) -> pd.DataFrame:
    """Departures of each day from the first to the last day of the calendar: the heat strip.

    Parameters
    ----------
    feed : Feed

    Returns
    -------
    pandas.DataFrame
        `date` datetime64, `trips` int64, one row per day without gaps; empty where the calendar is.

    Examples
    --------
    >>> from geo_access.sources.gtfs import read_gtfs
    >>> strip = trips_per_day(read_gtfs("data/demo/gtfs_rail.zip"))
    >>> str(strip["date"].iloc[0].date()), bool((strip["trips"] > 0).all())
    ('2026-03-02', True)
    """
    weight = _departures(feed)
    weekly, exceptions = feed.calendar, feed.calendar_dates
    stamps = [*weekly["start_date"], *weekly["end_date"], *exceptions["date"]]
    if not stamps:
        return pd.DataFrame({"date": np.empty(0, "datetime64[s]"), "trips": np.empty(0, np.int64)})
    first = np.datetime64(min(stamps), "D")
    n_days = min((max(stamps) - min(stamps)).days + 1, _LONGEST_DAYS)
    days = first + np.arange(n_days)
    names = {name: place for place, name in enumerate(weight.index)}
    active = np.zeros((len(names), n_days), dtype=bool)
    # 1970-01-01 was a Thursday.
    weekday = (days.astype(int) + 3) % 7
    marks = weekly[list(WEEKDAYS)].to_numpy(dtype=bool)
    for service, start, end, mark in zip(
        weekly["service_id"], weekly["start_date"], weekly["end_date"], marks, strict=True
    ):
        if service in names:
            within = (days >= np.datetime64(start, "D")) & (days <= np.datetime64(end, "D"))
            active[names[service]] |= within & mark[weekday]
    column = (exceptions["date"].to_numpy(dtype="datetime64[D]") - first).astype(int)
    line = exceptions["service_id"].map(names).fillna(-1).to_numpy(dtype=np.int64)
    ok = (line >= 0) & (column >= 0) & (column < n_days)
    active[line[ok], column[ok]] = exceptions["exception_type"].to_numpy()[ok] == 1
    counts = np.rint(weight.to_numpy(np.float64) @ active.astype(np.float64)).astype(np.int64)
    return pd.DataFrame({"date": days.astype("datetime64[s]"), "trips": counts})


def validity(feed: Feed) -> tuple[date, date] | None:
    """First and last day with a trip, or None for a feed that never runs."""
    strip = trips_per_day(feed)
    running = strip.loc[strip["trips"] > 0, "date"]
    return (running.iloc[0].date(), running.iloc[-1].date()) if len(running) else None


def common_day(feeds: Sequence[Feed], day: date) -> date | None:
    """Nearest day on which every feed runs, the same weekday preferred; None where there is none.

    Parameters
    ----------
    feeds : sequence of Feed
    day : datetime.date
        Asked for.
    """
    shared: set[date] | None = None
    for feed in feeds:
        strip = trips_per_day(feed)
        running = {stamp.date() for stamp in strip.loc[strip["trips"] > 0, "date"]}
        shared = running if shared is None else shared & running
    if not shared:
        return None
    alike = [other for other in shared if other.weekday() == day.weekday()]
    return min(alike or shared, key=lambda other: (abs((other - day).days), other))


def equivalent_day(feed: Feed, day: date, *, school_breaks: Sequence[tuple[date, date]] = ()) -> date | None:
    """Day of the feed's own calendar that stands for a day outside it.

    The nearest day of the same weekday, inside a school break if and only if `day` is (where breaks are given and the
    feed has such days), and typical: with at least nine tenths of the median of trips of those days, so that public
    holidays and the first and last days of a calendar are passed over.

    Parameters
    ----------
    feed : Feed
    day : datetime.date
    school_breaks : sequence of (date, date)
        First and last day of each school holiday.

    Returns
    -------
    datetime.date or None
        None for a feed that never runs on that weekday.

    Examples
    --------
    >>> from geo_access.sources.gtfs import read_gtfs
    >>> str(equivalent_day(read_gtfs("data/demo/gtfs_rail.zip"), date(2025, 11, 4)))
    '2026-03-03'
    """
    strip = trips_per_day(feed)
    strip = strip[(strip["trips"] > 0) & (strip["date"].dt.day_of_week == day.weekday())]
    if strip.empty:
        return None
    in_break = np.array([_within(stamp.date(), school_breaks) for stamp in strip["date"]], dtype=bool)
    same_term = strip[in_break == _within(day, school_breaks)]
    strip = same_term if len(same_term) else strip
    typical = strip[strip["trips"] >= _TYPICAL_SHARE * strip["trips"].median()]
    gap = np.abs((typical["date"] - pd.Timestamp(day)) // timedelta(days=1))
    return typical["date"].iloc[int(np.argmin(gap.to_numpy()))].date()


def _within(day: date, spans: Sequence[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in spans)
