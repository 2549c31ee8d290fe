"""Services on demand around one day: every ride from a place to a place that a trip offers, on the day's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import shapely
from pyproj import Transformer

from geo_access.arrays import indptr_of
from geo_access.clock import ServiceDay
from geo_access.network.model import FlexRides
from geo_access.network.timetable.change_rules import StopTable
from geo_access.sources.gtfs.calendar import services_on
from geo_access.sources.gtfs.flex import BookingRule, FlexCall, FlexPlace, FlexTrip
from geo_access.sources.gtfs.model import Feed
from geo_access.words.note import Note, note

__all__ = ["ASSUMED_FACTOR", "ASSUMED_OFFSET_S", "flex_notes", "flex_rides"]

ASSUMED_FACTOR = 1.5
"""Ride over the drive by car, for services that do not say how long they take: others are taken up on the way."""
ASSUMED_OFFSET_S = 300.0
"""And on top of it [s]."""

_MOST_NAMED = 8


@dataclass
class _Tables:
    """Rows of `FlexRides`, one after the other."""

    places: dict[tuple[int, str, tuple[int, ...]], int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    zones: list[shapely.Geometry | None] = field(default_factory=list)
    stops: list[tuple[int, ...]] = field(default_factory=list)
    rules: dict[BookingRule, int] = field(default_factory=dict)
    rides: list[tuple[object, ...]] = field(default_factory=list)

    def place(self, number: int, place: FlexPlace) -> int:
        key = (number, place.id if place.zone is not None else "", place.stops)
        if key not in self.places:
            self.places[key] = len(self.names)
            self.names.append(place.name)
            self.zones.append(place.zone)
            self.stops.append(place.stops)
        return self.places[key]

    def rule(self, rule: BookingRule | None) -> int:
        return -1 if rule is None else self.rules.setdefault(rule, len(self.rules))


def flex_rides(
    feeds: Sequence[Feed], days: Sequence[date], zone: str, stops: StopTable, *, epsg: int, prefixed: bool
) -> FlexRides | None:
    """List the rides on demand of the day before, the day and the day after.

    Parameters
    ----------
    feeds : sequence of Feed
    days : sequence of datetime.date
        Day of each feed's own calendar.
    zone : str
        Time zone of the clock.
    stops : StopTable
        Without copies for the changes of single routes: a service on demand is none of those.
    epsg : int
        CRS of the stops.
    prefixed : bool
        Whether ids carry the name of their feed.

    Returns
    -------
    FlexRides or None
        None where no feed has any.
    """
    if not any(feed.flex for feed in feeds):
        return None
    tables = _Tables()
    first_route = 0
    for number, (feed, day) in enumerate(zip(feeds, days, strict=True)):
        route_of = {name: first_route + row for row, name in enumerate(feed.routes["route_id"])}
        prefix = f"{feed.name}:" if prefixed else ""
        for relative in (-1, 0, 1):
            that_day = day + timedelta(days=relative)
            later = ServiceDay(day, zone).to_seconds(ServiceDay(that_day, feed.zone).origin())
            active = set(services_on(feed, that_day))
            for trip in feed.flex:
                row = feed.trips.iloc[trip.trip]
                if row["service_id"] in active:
                    names = (prefix + str(row["trip_id"]), route_of[row["route_id"]])
                    _add(tables, number, trip, names, later)
        first_route += len(feed.routes)
    return _packed(tables, stops, epsg)


def _add(tables: _Tables, number: int, trip: FlexTrip, names: tuple[str, int], later: int) -> None:
    scheduled = any(call.timed for call in trip.calls)
    stated = not np.isnan(trip.factor)
    factor, offset_s = (trip.factor, trip.offset_s) if stated else (ASSUMED_FACTOR, ASSUMED_OFFSET_S)
    alone = len(trip.calls) == 1
    for k, a in enumerate(trip.calls):
        for b in trip.calls if alone else trip.calls[k + 1 :]:
            if not (a.pickup and b.drop_off) or (a.timed and b.timed):
                continue
            open_s, close_s, due_from_s, due_s, fixed_s = _windows(a, b, scheduled=scheduled)
            rule = tables.rule(a.pickup_rule or b.drop_off_rule)
            ends = (tables.place(number, a.place), tables.place(number, b.place))
            hours = (open_s + later, close_s + later, due_from_s + later, due_s + later)
            if fixed_s != 0 or not scheduled:
                tables.rides.append((*names, *ends, rule, *hours, factor, offset_s, fixed_s))


def _windows(a: FlexCall, b: FlexCall, *, scheduled: bool) -> tuple[int, int, int, int, int]:
    """Windows of a ride, and how long it takes: −1 where the drive decides.

    Along a trip that also has timed calls the vehicle passes some time within the window: one is ready when it opens,
    and set down when it closes at the latest.
    """
    if not scheduled:
        return a.start_s, a.end_s, b.start_s, b.end_s, -1
    leave = a.end_s if a.timed else a.start_s
    arrive = b.start_s if b.timed else b.end_s
    return leave, leave, arrive, arrive, max(0, arrive - leave)


def _packed(tables: _Tables, stops: StopTable, epsg: int) -> FlexRides | None:
    if not tables.rides:
        return None
    to_metric = Transformer.from_crs(4326, epsg, always_xy=True)
    number_of: dict[tuple[int, int], list[int]] = {}
    for stop, key in enumerate(zip(stops.feed.tolist(), stops.row.tolist(), strict=True)):
        number_of.setdefault(key, []).append(stop)
    shapes, members = [], []
    for (feed, _, rows), zone in zip(tables.places, tables.zones, strict=True):
        if zone is None:
            shapes.append("")
            inside = np.array([stop for row in rows for stop in number_of.get((feed, row), ())], dtype=np.int64)
        else:
            drawn = shapely.transform(zone, lambda xy: np.column_stack(to_metric.transform(xy[:, 0], xy[:, 1])))
            shapes.append(shapely.to_wkt(drawn, rounding_precision=2))
            inside = np.flatnonzero(shapely.contains_xy(drawn, stops.x, stops.y))
        members.append(inside.astype(np.int32))
    columns = list(zip(*tables.rides, strict=True))
    whole = ("route", "origin", "target", "rule", "open_s", "close_s", "due_from_s", "due_s")
    arrays = {name: np.array(column, dtype=np.int32) for name, column in zip(whole, columns[1:9], strict=True)}
    return FlexRides(
        place_name=np.array(tables.names, dtype=str),
        place_wkt=tuple(shapes),
        place_indptr=indptr_of([len(part) for part in members]),
        place_stop=np.concatenate(members),
        trip_id=np.array(columns[0], dtype=str),
        factor=np.array(columns[9], dtype=np.float64),
        offset_s=np.array(columns[10], dtype=np.float64),
        fixed_s=np.array(columns[11], dtype=np.int32),
        rules=tuple((r.kind, r.minutes, r.days, r.until_s, r.phone, r.url) for r in tables.rules),
        **arrays,
    )


def flex_notes(feeds: Sequence[Feed]) -> list[Note]:
    """Say which services on demand there are, and which durations were assumed."""
    notes = []
    for feed in feeds:
        if not feed.flex:
            continue
        names = _line_names(feed)
        more = ", …" if len(names) > _MOST_NAMED else ""
        shown = ", ".join(names[:_MOST_NAMED]) + more
        notes.append(note("flex.services", feed=feed.name, n=len(names), names=shown))
        silent = [trip for trip in feed.flex if np.isnan(trip.factor) and not any(call.timed for call in trip.calls)]
        if silent:
            n = len(_line_names(replace(feed, flex=tuple(silent))))
            values = {"factor": f"{ASSUMED_FACTOR:g}", "minutes": f"{ASSUMED_OFFSET_S / 60:g}"}
            notes.append(note("flex.assumed", feed=feed.name, n=n, **values))
    return notes


def _line_names(feed: Feed) -> list[str]:
    routes = feed.routes.set_index("route_id")
    ids = dict.fromkeys(feed.trips["route_id"].iloc[[trip.trip for trip in feed.flex]])
    return [str(routes.at[i, "route_short_name"] or routes.at[i, "route_long_name"] or i) for i in ids]
