"""Who may ride: lines for everyone, for pupils, for people with a disability that books them.

A line is told by its route type (712 and 713 of the extended types), by its own name or that of its agency, or by its
calendar: one that runs on school days alone, at most four times a day, while others of its feed run in the holidays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from geo_access.sources.gtfs.calendar import school_breaks, services_on
from geo_access.sources.gtfs.model import Feed
from geo_access.words.note import Note, note

__all__ = ["EVERYONE", "KINDS", "PARATRANSIT", "SCHOOL", "RouteKinds", "route_kinds"]

EVERYONE, SCHOOL, PARATRANSIT = 0, 1, 2
KINDS = {"everyone": EVERYONE, "school": SCHOOL, "paratransit": PARATRANSIT}
"""How a kind of line is written in a query."""

_SCHOOL_NAME = re.compile(r"\bscolaires?\b|\bramassage\b|\bRPI\b|\bsch(ool|ul)[ -]?(bus|line)?\b", re.IGNORECASE)
_PARATRANSIT_NAME = re.compile(
    r"\bhandi(?!sport|cap[ée]?s?\b)\w*|\bt?pmr\b|\bparatransit\b|mobilit[ée] r[ée]duite|personnes? handicap"
    r"|dial.a.ride",
    re.IGNORECASE,
)
# Days looked at of each sort, and how many runs a day a line of pupils has at most.
_DAYS_SEEN = 4
_MOST_RUNS = 4
_MOST_NAMED = 12


@dataclass(frozen=True, eq=False)
class RouteKinds:
    """Who the lines of a timetable are for.

    Attributes
    ----------
    kind : ndarray of uint8, shape (n_routes,)
        `EVERYONE`, `SCHOOL` or `PARATRANSIT`.
    notes : tuple of Note
        The lines that are not for everyone, by feed.
    """

    kind: np.ndarray
    notes: tuple[Note, ...]


def route_kinds(feeds: Sequence[Feed], *, breaks: Sequence[tuple[date, date]] = ()) -> RouteKinds:
    """Tell the lines of feeds that are not for everyone.

    Parameters
    ----------
    feeds : sequence of Feed
    breaks : sequence of (date, date)
        School holidays; by default those that all zones of France share, for a feed on French time.

    Returns
    -------
    RouteKinds
    """
    kinds, notes = [], []
    for feed in feeds:
        routes = feed.routes
        said = _said(feed)
        types = routes["route_type"].to_numpy()
        kind = np.full(len(routes), EVERYONE, dtype=np.uint8)
        kind[_matching(said, _SCHOOL_NAME) | (types == 712)] = SCHOOL
        kind[_in_term_only(feed, breaks) & (kind == EVERYONE)] = SCHOOL
        kind[_matching(said, _PARATRANSIT_NAME) | (types == 713)] = PARATRANSIT
        kinds.append(kind)
        short, long = routes["route_short_name"], routes["route_long_name"]
        names = short.where(short != "", long).where((short != "") | (long != ""), routes["route_id"]).to_numpy()
        for code, key in ((SCHOOL, "riders.school"), (PARATRANSIT, "riders.paratransit")):
            mine = list(dict.fromkeys(names[kind == code].tolist()))
            if mine:
                more = ", …" if len(mine) > _MOST_NAMED else ""
                lines = ", ".join(map(str, mine[:_MOST_NAMED])) + more
                notes.append(note(key, feed=feed.name, n=int((kind == code).sum()), lines=lines))
    return RouteKinds(np.concatenate(kinds) if kinds else np.empty(0, np.uint8), tuple(notes))


def _said(feed: Feed) -> np.ndarray:
    """All that names a line: its own names and its agency's."""
    routes, agency = feed.routes, feed.agency
    columns = ("route_short_name", "route_long_name", "route_desc")
    parts = [routes[name].astype(str) for name in columns if name in routes]
    if "agency_name" in agency and len(agency):
        ids = agency["agency_id"] if "agency_id" in agency else pd.Series([""] * len(agency))
        names = dict(zip(ids.astype(str), agency["agency_name"].astype(str), strict=True))
        alone = agency["agency_name"].iloc[0] if len(agency) == 1 else ""
        owner = routes["agency_id"].astype(str) if "agency_id" in routes else pd.Series([""] * len(routes))
        parts.append(owner.map(names).fillna(str(alone)))
    out = np.full(len(routes), "", dtype=object)
    for part in parts:
        out = out + " " + part.to_numpy(dtype=object)
    return out


def _matching(texts: np.ndarray, pattern: re.Pattern[str]) -> np.ndarray:
    return np.array([pattern.search(str(text)) is not None for text in texts], dtype=bool)


def _in_term_only(feed: Feed, breaks: Sequence[tuple[date, date]]) -> np.ndarray:
    """Tell the lines that run on school days and on no weekday of the holidays, a few times a day."""
    none = np.zeros(len(feed.routes), dtype=bool)
    term, holidays = _days_of(feed, breaks)
    if len(term) < _DAYS_SEEN or len(holidays) < _DAYS_SEEN // 2:
        return none
    place = {name: row for row, name in enumerate(feed.routes["route_id"])}
    route = feed.trips["route_id"].map(place).to_numpy(dtype=np.int64)
    repeated = feed.trips["trip_id"].isin(set(feed.frequencies["trip_id"])).to_numpy()
    service, names = pd.factorize(feed.trips["service_id"].to_numpy())

    def runs(day: date) -> np.ndarray:
        on = np.isin(names.astype(str), services_on(feed, day).astype(str))[service]
        return np.bincount(route[on], weights=np.where(repeated, _MOST_RUNS + 1, 1)[on], minlength=len(none))

    taught = np.array([runs(day) for day in term])
    few = (taught.max(axis=0) <= _MOST_RUNS) & ((taught > 0).mean(axis=0) >= 0.5)
    if not few.any():
        return none
    free = np.array([runs(day) for day in holidays])
    others_run = (free.sum(axis=1) > 0).mean() >= 0.5
    return few & (free == 0).all(axis=0) & others_run


def _days_of(feed: Feed, breaks: Sequence[tuple[date, date]]) -> tuple[list[date], list[date]]:
    """Weekdays of the feed's calendar in term and in the holidays, a few of each, evenly spread."""
    stamps = [*feed.calendar["start_date"], *feed.calendar["end_date"], *feed.calendar_dates["date"]]
    if not stamps or (not breaks and feed.zone != "Europe/Paris"):
        return [], []
    zones = [breaks] if breaks else [school_breaks(zone) for zone in ("A", "B", "C")]
    known = [(min(span[0] for span in zone), max(span[1] for span in zone)) for zone in zones]
    first = max(min(stamps).date(), *(start for start, _ in known))
    last = min(max(stamps).date(), *(end for _, end in known))
    days = [first + timedelta(days=k) for k in range((last - first).days + 1)]
    days = [day for day in days if day.weekday() < 5]
    held = [[any(start <= day <= end for start, end in zone) for zone in zones] for day in days]
    term = [day for day, zone in zip(days, held, strict=True) if not any(zone)]
    holidays = [day for day, zone in zip(days, held, strict=True) if all(zone)]
    return _spread(term), _spread(holidays)


def _spread(days: list[date]) -> list[date]:
    if len(days) <= _DAYS_SEEN:
        return days
    return [days[k] for k in np.linspace(0, len(days) - 1, _DAYS_SEEN).astype(int)]
