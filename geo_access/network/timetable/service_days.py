"""Which day of its calendar each feed contributes: the day asked for, or the one that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from geo_access.errors import GeoAccessError, ServiceDateError
from geo_access.sources.gtfs.calendar import common_day, departures_on, equivalent_day, service_periods
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import worst_lines
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["FeedDays", "feed_days"]

_WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class FeedDays:
    """The day that each feed runs as.

    Attributes
    ----------
    days : tuple of datetime.date
        One per feed.
    notes : tuple of Note
        Feeds that run as on another day, or have no trip on theirs.
    """

    days: tuple[date, ...]
    notes: tuple[Note, ...]


def _spoken(day: date) -> str:
    return f"{_WEEKDAY_NAMES[day.weekday()]} {day.isoformat()}"


def _span(feed: Feed, day: date) -> tuple[date, date] | None:
    """Span of the feed's calendar that holds the day, or the nearest to it."""
    spans = service_periods(feed)
    return min(spans, key=lambda span: max((span[0] - day).days, (day - span[1]).days, 0)) if spans else None


def feed_days(
    feeds: Sequence[Feed], day: date, *, align: str | None = None, school_breaks: Sequence[tuple[date, date]] = ()
) -> FeedDays:
    """Find the day of each feed's calendar that answers for `day`.

    Parameters
    ----------
    feeds : sequence of Feed
    day : datetime.date
    align : str, optional
        ``"equivalent-day"`` to let a feed run as on another day of its calendar.
    school_breaks : sequence of (date, date)

    Returns
    -------
    FeedDays

    Raises
    ------
    ServiceDateError
        A feed's calendar does not hold the day (and `align` does not help), or no feed has a trip on it.
    """
    counted = [departures_on(feed, day) for feed in feeds]
    spans = [_span(feed, day) for feed in feeds]
    outside = [
        not count and (span is None or not span[0] <= day <= span[1])
        for count, span in zip(counted, spans, strict=True)
    ]
    days, notes, helpless = [], [], []
    for feed, span, out in zip(feeds, spans, outside, strict=True):
        stand_in = equivalent_day(feed, day, school_breaks=school_breaks) if out and align else None
        if stand_in is not None and span is not None:
            notes.append(note("aligned", feed=feed.name, day=stand_in, first=span[0], last=span[1], asked=day))
        elif out:
            helpless.append(feed)
        days.append(stand_in or day)
    if helpless:
        raise _outside(feeds, counted, day, aligned=align is not None, breaks=school_breaks)
    counts = [departures_on(feed, that_day) for feed, that_day in zip(feeds, days, strict=True)]
    if not any(counts):
        raise _outside(feeds, counted, day, aligned=align is not None, breaks=school_breaks)
    notes += [
        note("no_trip", feed=feed.name, day=that_day)
        for feed, that_day, count in zip(feeds, days, counts, strict=True)
        if count == 0
    ]
    return FeedDays(tuple(days), tuple(notes))


def _outside(
    feeds: Sequence[Feed], counted: Sequence[int], day: date, *, aligned: bool, breaks: Sequence[tuple[date, date]]
) -> GeoAccessError:
    told: list[tuple[str, dict[str, object]]] = []
    for feed, runs in zip(feeds, counted, strict=True):
        span = _span(feed, day)
        known: dict[str, object] = {"feed": feed.name, "trips": runs, "day": day}
        if span:
            told.append(("no_service_feed", {**known, "first": span[0], "last": span[1]}))
            stand_in = None if runs else equivalent_day(feed, day, school_breaks=breaks)
            if stand_in is not None and not aligned and not span[0] <= day <= span[1]:
                told.append(("no_service_would", {"day": stand_in}))
        else:
            lost = tuple(worst_lines(feed.notices))
            told.append(("no_service_never", {**known, "lost": lost}) if lost else ("no_service_no_day", known))
    nearest = common_day(feeds, day)
    advice: list[tuple[str, dict[str, object]]] = [
        ("no_service_nearest", {"nearest": nearest}) if nearest else ("no_service_none", {})
    ]
    if not aligned:
        advice.append(("no_service_align", {}))
    return refusal("no_service", ServiceDateError, day=day, feeds=tuple(told), advice=tuple(advice))
