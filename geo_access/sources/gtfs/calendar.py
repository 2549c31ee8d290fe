"""When a feed runs: the one function over both calendar files, validity, and equivalent days.

School holidays: the days on which French buses run their other timetable.

The table of the package is the national school calendar (ministère de l'Éducation nationale, arrêtés of 7 December 2022
for 2023–2024 to 2025–2026, published at education.gouv.fr/calendrier-scolaire): zone B, that of the académie de Lille,
from September 2023 to August 2026, zones A and C from September 2024. Days off it count as term. Other years and places
come from a CSV that the user names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from geo_access.errors import MissingFileError, raise_faults
from geo_access.sources.gtfs.cells import WEEKDAYS
from geo_access.sources.gtfs.model import Feed
from geo_access.words.told import fault, refusal

__all__ = [
    "Breaks",
    "common_day",
    "departures_on",
    "equivalent_day",
    "read_school_breaks",
    "school_breaks",
    "service_periods",
    "services_on",
    "trips_per_day",
    "validity",
]

# Longer than any school holiday: where nothing runs for so long, the feed's calendar is in two pieces.
_SILENCE_DAYS = 92
_HALF_YEAR_WEEKS = 26
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
    >>> from geo_access.sources.gtfs.feed import read_gtfs
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
    weight[[trip.trip for trip in feed.flex]] = 1
    if len(feed.frequencies):
        periods = feed.frequencies
        runs = -(-(periods["end_s"] - periods["start_s"]) // periods["headway_s"])
        repeated = feed.trips["trip_id"].map(runs.groupby(periods["trip_id"]).sum()).fillna(1).to_numpy(dtype=np.int64)
        weight *= repeated
    return pd.Series(weight).groupby(feed.trips["service_id"].to_numpy()).sum()


def departures_on(feed: Feed, day: date) -> int:
    """Count the departures of one day, as `services_on` has it.

    Parameters
    ----------
    feed : Feed
    day : datetime.date

    Returns
    -------
    int

    Examples
    --------
    >>> from geo_access.sources.gtfs.feed import read_gtfs
    >>> departures_on(read_gtfs("data/demo/gtfs_rail.zip"), date(2026, 3, 17)) > 0
    True
    """
    weight = _departures(feed)
    return int(weight[weight.index.isin(services_on(feed, day))].sum())


def trips_per_day(feed: Feed) -> pd.DataFrame:
    """Departures of each day from the first to the last on which anything runs: what the heat strip draws from.

    Parameters
    ----------
    feed : Feed

    Returns
    -------
    pandas.DataFrame
        `date` datetime64, `trips` int64, one row per day without gaps; empty for a feed that never runs.

    Examples
    --------
    >>> from geo_access.sources.gtfs.feed import read_gtfs
    >>> strip = trips_per_day(read_gtfs("data/demo/gtfs_rail.zip"))
    >>> str(strip["date"].iloc[0].date()), bool((strip["trips"] > 0).all())
    ('2026-03-02', True)
    """
    weight = _departures(feed)
    weekly = feed.calendar[feed.calendar["service_id"].isin(weight.index)]
    exceptions = feed.calendar_dates[feed.calendar_dates["service_id"].isin(weight.index)]
    nothing = pd.DataFrame({"date": np.empty(0, "datetime64[s]"), "trips": np.empty(0, np.int64)})
    starts, ends = (
        weekly[name].to_numpy(dtype="datetime64[D]").astype(np.int64) for name in ("start_date", "end_date")
    )
    dated = exceptions["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    if not len(starts) and not len(dated):
        return nothing
    first = int(np.concatenate((starts, dated)).min())
    n_days = int(np.concatenate((ends, dated)).max()) - first + 1
    counts = np.zeros(n_days, dtype=np.int64)
    marks = weekly[list(WEEKDAYS)].to_numpy(dtype=bool)
    worth = weight.reindex(weekly["service_id"]).to_numpy(dtype=np.int64)
    # By differences, so that a calendar from 1970 to 2099 costs its days, not days times services.
    for weekday in range(7):
        steps = np.zeros(n_days + 1, dtype=np.int64)
        on = marks[:, weekday]
        np.add.at(steps, starts[on] - first, worth[on])
        np.add.at(steps, ends[on] + 1 - first, -worth[on])
        # 1970-01-01 was a Thursday.
        those = slice((weekday - 3 - first) % 7, None, 7)
        counts[those] = np.cumsum(steps)[:-1][those]
    counts += _exceptional(weekly, exceptions, weight, first, n_days)
    running = np.flatnonzero(counts)
    if not len(running):
        return nothing
    span = slice(int(running[0]), int(running[-1]) + 1)
    days = np.datetime64(first, "D") + np.arange(n_days)[span]
    return pd.DataFrame({"date": days.astype("datetime64[s]"), "trips": counts[span]})


def _exceptional(
    weekly: pd.DataFrame, exceptions: pd.DataFrame, weight: pd.Series, first: int, n_days: int
) -> np.ndarray:
    """Departures that the exceptions add to each day or take from it: ndarray of int64, shape (n_days,)."""
    change = np.zeros(n_days, dtype=np.int64)
    if exceptions.empty:
        return change
    place = pd.Series(np.arange(len(weekly)), index=weekly["service_id"].to_numpy())
    line = place.reindex(exceptions["service_id"]).fillna(-1).to_numpy(dtype=np.int64)
    dated = exceptions["date"].to_numpy(dtype="datetime64[D]")
    runs = np.zeros(len(exceptions), dtype=bool)
    has = line >= 0
    if has.any():
        own = weekly.iloc[line[has]]
        within = (own["start_date"].to_numpy("datetime64[D]") <= dated[has]) & (
            own["end_date"].to_numpy("datetime64[D]") >= dated[has]
        )
        weekday = (dated[has].astype(np.int64) + 3) % 7
        runs[has] = within & own[list(WEEKDAYS)].to_numpy(dtype=bool)[np.arange(len(own)), weekday]
    added = exceptions["exception_type"].to_numpy() == 1
    sign = (added & ~runs).astype(np.int64) - (~added & runs).astype(np.int64)
    worth = weight.reindex(exceptions["service_id"]).to_numpy(dtype=np.int64)
    np.add.at(change, dated.astype(np.int64) - first, sign * worth)
    return change


def service_periods(feed: Feed) -> tuple[tuple[date, date], ...]:
    """Spans in which a feed runs, apart where nothing runs for more than three months.

    A stray date far from the rest is a span of its own, and stretches none.

    Parameters
    ----------
    feed : Feed

    Returns
    -------
    tuple of (datetime.date, datetime.date)
        First and last day of each, in order; empty for a feed that never runs.

    Examples
    --------
    >>> from geo_access.sources.gtfs.feed import read_gtfs
    >>> [len(span) for span in service_periods(read_gtfs("data/demo/gtfs_rail.zip"))]
    [2]
    """
    return _periods(trips_per_day(feed))


def _periods(strip: pd.DataFrame) -> tuple[tuple[date, date], ...]:
    running = strip.loc[strip["trips"] > 0, "date"].to_numpy(dtype="datetime64[D]")
    if not len(running):
        return ()
    parts = np.split(running, np.flatnonzero(np.diff(running).astype(np.int64) > _SILENCE_DAYS) + 1)
    return tuple((part[0].item(), part[-1].item()) for part in parts)


def validity(feed: Feed) -> tuple[date, date] | None:
    """First and last day with a trip, or None for a feed that never runs."""
    strip = trips_per_day(feed)
    return (strip["date"].iloc[0].date(), strip["date"].iloc[-1].date()) if len(strip) else None


def common_day(feeds: Sequence[Feed], day: date) -> date | None:
    """Nearest day on which every feed runs, the same weekday preferred; None where there is none.

    Parameters
    ----------
    feeds : sequence of Feed
    day : datetime.date
        Asked for.
    """
    shared: np.ndarray | None = None
    for feed in feeds:
        strip = trips_per_day(feed)
        running = strip.loc[strip["trips"] > 0, "date"].to_numpy(dtype="datetime64[D]")
        shared = running if shared is None else np.intersect1d(shared, running)
    if shared is None or not len(shared):
        return None
    alike = shared[(shared.astype(np.int64) + 3) % 7 == day.weekday()]
    choice = alike if len(alike) else shared
    nearest: date = choice[np.argmin(np.abs((choice - np.datetime64(day, "D")).astype(np.int64)))].item()
    return nearest


def equivalent_day(feed: Feed, day: date, *, school_breaks: Sequence[tuple[date, date]] = ()) -> date | None:
    """Day of the feed's own calendar that stands for a day outside it.

    The nearest day of the same weekday, inside a school break if and only if `day` is (where breaks are given and the
    feed has such days), and typical: with at least nine tenths of the median of trips of the half year of those days
    that is nearest, so that public holidays, stray dates and the first and last days of a calendar are passed over,
    and an older timetable of more trips is not taken for the present one.

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
    >>> from geo_access.sources.gtfs.feed import read_gtfs
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
    gap = np.abs((strip["date"].to_numpy("datetime64[D]") - np.datetime64(day, "D")).astype(np.int64))
    near = strip.iloc[np.argsort(gap, kind="stable")[:_HALF_YEAR_WEEKS]]
    typical = near[near["trips"] >= _TYPICAL_SHARE * near["trips"].median()]
    stand_in: date = typical["date"].iloc[0].date()
    return stand_in


def _within(day: date, spans: Sequence[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in spans)


Breaks = tuple[tuple[date, date], ...]

_TABLE = Path(__file__).parents[1] / "data" / "school_breaks.csv"
_PARIS = ZoneInfo("Europe/Paris")
_LARGEST_BYTES = 16 << 20


def school_breaks(zone: str = "B") -> Breaks:
    """School holidays of a French zone, from the table of the package.

    Parameters
    ----------
    zone : {'A', 'B', 'C'}
        B is that of Lille.

    Returns
    -------
    tuple of (datetime.date, datetime.date)
        First and last day without lessons of each holiday, in order: what `build_network` takes as `school_breaks`.

    Raises
    ------
    InputError
        For another zone.

    Examples
    --------
    >>> winter = school_breaks("B")[-4]
    >>> winter[0].isoformat(), winter[1].isoformat()
    ('2026-02-14', '2026-03-01')
    """
    table = _known()
    if zone not in table:
        raise refusal("gtfs.school_zone", zone=zone, known=", ".join(table))
    return table[zone]


@cache
def _known() -> dict[str, Breaks]:
    frame = pd.read_csv(_TABLE, dtype=str)
    found: dict[str, list[tuple[date, date]]] = {}
    for zone, first, last in zip(frame["zone"], frame["first"], frame["last"], strict=True):
        found.setdefault(zone, []).append((date.fromisoformat(first), date.fromisoformat(last)))
    return {zone: tuple(sorted(breaks)) for zone, breaks in found.items()}


def read_school_breaks(path: str | Path, *, place: str | None = None) -> Breaks:
    r"""School holidays from a CSV of one's own, or from the ministry's open data as they come.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV in UTF-8, separated by commas or semicolons. Either with the columns ``first`` and ``last`` (ISO dates,
        both without lessons), or the export ``fr-en-calendrier-scolaire`` with ``start_date`` and ``end_date`` (the
        day on which lessons start again), ``location`` and ``zones``.
    place : str, optional
        Rows to keep by their ``location``, ``zones`` or ``zone``, such as ``"Lille"`` or ``"Zone B"``; all without.

    Returns
    -------
    tuple of (datetime.date, datetime.date)
        In order, each once.

    Raises
    ------
    MissingFileError
        No such file.
    InputError
        With every line that is no holiday, or when no row is of `place`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "breaks.csv"
    ...     _ = file.write_text("first,last\n2027-02-20,2027-03-07\n")
    ...     read_school_breaks(file)
    ((datetime.date(2027, 2, 20), datetime.date(2027, 3, 7)),)
    """
    path = Path(path)
    if not path.is_file():
        raise refusal("gtfs.holidays_no_file", MissingFileError, file=path)
    if path.stat().st_size > _LARGEST_BYTES:
        raise refusal("gtfs.holidays_large", file=path.name)
    try:
        text = path.read_text(encoding="utf-8-sig")
        mark = ";" if ";" in text.partition("\n")[0] else ","
        frame = pd.read_csv(StringIO(text), dtype=str, sep=mark, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise refusal("gtfs.holidays_csv", file=path.name, why=error) from error
    frame.columns = [str(name).strip().lower() for name in frame.columns]
    ours = {"first", "last"} <= set(frame.columns)
    if not ours and not {"start_date", "end_date"} <= set(frame.columns):
        raise refusal("gtfs.holidays_columns", file=path.name, columns=", ".join(frame.columns))
    if place is not None:
        named = [frame[name].str.strip() == place for name in ("location", "zones", "zone") if name in frame]
        frame = frame[pd.concat(named, axis=1).any(axis=1)] if named else frame[:0]
        if frame.empty:
            raise refusal("gtfs.holidays_place", file=path.name, place=place)
    columns = ("first", "last") if ours else ("start_date", "end_date")
    found, faults = set(), []
    for row, first, last in zip(frame.index + 2, *(frame[name] for name in columns), strict=True):
        try:
            start, end = _day(first), _day(last) - timedelta(days=0 if ours else 1)
        except ValueError:
            faults.append(fault(f"{path.name}: line {row}", "gtfs.holidays_dates", first=first, last=last))
            continue
        if end < start:
            faults.append(fault(f"{path.name}: line {row}", "gtfs.holidays_backwards", last=last, first=first))
        found.add((start, end))
    raise_faults(faults)
    return tuple(sorted(found))


def _day(text: str) -> date:
    """Day of an ISO date, or of an instant as the ministry writes them (midnight in Paris, told in UTC)."""
    instant = datetime.fromisoformat(text.strip())
    return (instant.astimezone(_PARIS) if instant.tzinfo is not None else instant).date()
