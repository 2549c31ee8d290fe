"""`explain`: the journeys behind a time, leg by leg, and the sentence an adviser can read out.

Rides drawn along the shapes of their feeds: the part of the shape between the stops called at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, Point

from geo_access.crs import WGS84
from geo_access.errors import SnapError, raise_faults
from geo_access.given import finite, read_layer
from geo_access.network.model import Network, Timetable
from geo_access.network.search.links_checks import check_coverage, check_places
from geo_access.network.search.search import StreetPath, street_path
from geo_access.network.timetable.riders import PARATRANSIT, SCHOOL
from geo_access.routing.asked import Limits, MinutesLike, WindowLike, make_query
from geo_access.routing.exits import FlexLeg, access_at, direct_at, exits_of
from geo_access.routing.graphs import backward_graph, footpaths_of, forward_graph, graph_key
from geo_access.routing.legs import Ends, Legs, connect, link, mode_legs, street_speed
from geo_access.routing.pareto import Route, routes_to, spread_from
from geo_access.routing.profile import Pairs, Samples, profile_times
from geo_access.routing.query import Query
from geo_access.routing.riders import asked_kinds
from geo_access.routing.sentences import tell
from geo_access.routing.shapes import shape_lines
from geo_access.sources.gtfs.flex import BookingRule
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["Journey", "Leg", "explain", "explain_query"]


_MOST_RIDES = 8
_NOT_EVERYONE = {SCHOOL: "school", PARATRANSIT: "paratransit"}


@dataclass(frozen=True, eq=False)
class Leg:
    """One part of a journey.

    Attributes
    ----------
    kind : str
        ``walk``, ``bike``, ``car``, ``driven``, ``on_demand`` or ``ride``.
    line, direction : str
        Name of the line and where it heads; empty on streets.
    from_name, to_name : str
        Stops; empty at the doors.
    start_s, end_s : int
        Service time [s].
    xy : ndarray of float64, shape (k, 2)
        Along the streets, straight where there are none; for a ride along the line's shape when it is known, else
        through the stops called at [m].
    route_type : int
        GTFS route type of a ride, −1 on streets.
    trip_id : str
        Trip ridden, as the timetable names it; empty on streets.
    booking : Note or None
        Until when the ride must be booked, where the operator says so.
    riders : Note or None
        Who the line is for, where that is not everyone.
    """

    kind: str
    line: str
    direction: str
    from_name: str
    to_name: str
    start_s: int
    end_s: int
    xy: np.ndarray
    route_type: int = -1
    trip_id: str = ""
    booking: Note | None = None
    riders: Note | None = None


@dataclass(frozen=True, eq=False)
class Journey:
    """From door to door.

    Attributes
    ----------
    legs : tuple of Leg
    epsg : int
        CRS of the legs.
    walk_s : int
        On foot (or by the access mode) in all [s].
    """

    legs: tuple[Leg, ...]
    epsg: int
    walk_s: int

    @property
    def leave_s(self) -> int:
        """Moment of leaving [s]."""
        return self.legs[0].start_s

    @property
    def arrive_s(self) -> int:
        """Moment of arrival [s]."""
        return self.legs[-1].end_s

    @property
    def rides(self) -> int:
        """Vehicles boarded."""
        return sum(leg.kind in ("ride", "on_demand") for leg in self.legs)

    def sentence(self, *, language: str = "fr") -> str:
        """Return the journey in sentences to be read aloud, in French or in English (``"en"``)."""
        return tell(self.legs, language=language)

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """Return one row per leg, with its line in the network's CRS."""
        rows = [
            {
                "leg": number,
                "kind": leg.kind,
                "line": leg.line,
                "direction": leg.direction,
                "from": leg.from_name,
                "to": leg.to_name,
                "start_s": leg.start_s,
                "end_s": leg.end_s,
                "metres": round(_metres(leg.xy)),
            }
            for number, leg in enumerate(self.legs, start=1)
        ]
        return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=[LineString(leg.xy) for leg in self.legs], crs=self.epsg)


def _metres(xy: np.ndarray) -> float:
    return float(np.hypot(*np.diff(xy, axis=0).T).sum())


def explain(
    network: Network,
    origin: gpd.GeoDataFrame | tuple[float, float],
    destination: gpd.GeoDataFrame | tuple[float, float],
    *,
    mode: str | Sequence[str] = "transit",
    depart: WindowLike | None = None,
    arrive: WindowLike | None = None,
    max_minutes: MinutesLike = 120,
    shapes: Sequence[str | Path] = (),
    **limits: Unpack[Limits],
) -> list[Journey]:
    """Find the journeys between two places that are best in arrival, rides and walking.

    Parameters
    ----------
    network : Network
        With a timetable.
    origin, destination : geopandas.GeoDataFrame or tuple of float
        A layer of one point, or longitude and latitude [degrees].
    mode : str, Mode or sequence of str
        A mode with transit.
    depart, arrive : str, time, datetime, Window or pair of them
        One of them; of a window, the first instant.
    max_minutes : float or timedelta
        Longest time of interest [min].
    shapes : sequence of path
        The feeds again, in the order the network was built from: rides are drawn along their ``shapes.txt``.
    **limits
        Other fields of `Query`.

    Returns
    -------
    list of Journey
        In the order of arrival; empty when there is none.

    Raises
    ------
    InputError
        When the query is faulty, or a place is not one point that says its CRS.
    SnapError
        When a place lies too far from the streets, or its numbers cannot be meant.
    CoverageError
        When a place lies more than 50 km from the network.
    """
    query = make_query(network, mode=mode, depart=depart, arrive=arrive, max_minutes=max_minutes, **limits)
    start_xy, end_xy = _one_point(network, origin, "origin"), _one_point(network, destination, "destination")
    journeys = explain_query(network, start_xy, end_xy, query)
    if not journeys:
        _check_links(network, query, origin=start_xy, destination=end_xy)
    return _along_shapes(journeys, shapes) if shapes else journeys


def _check_links(network: Network, query: Query, **places: np.ndarray) -> None:
    """Refuse a place from which no journey can start, or to which none can lead, for want of a street."""
    modes = mode_legs(query)
    faults = [
        fault(name, "routing.far_from_streets", m=query.link_limit_m)
        for name, mode in (("origin", modes.start), ("destination", modes.end))
        if not link(network, places[name], mode, query).ok[0]
    ]
    raise_faults(faults, error=SnapError)


def _along_shapes(journeys: list[Journey], paths: Sequence[str | Path]) -> list[Journey]:
    rides = [(leg.trip_id, leg.xy) for journey in journeys for leg in journey.legs if leg.kind == "ride"]
    lines = iter(shape_lines(paths, rides, epsg=journeys[0].epsg) if rides else [])
    return [
        replace(
            journey,
            legs=tuple(replace(leg, xy=next(lines)) if leg.kind == "ride" else leg for leg in journey.legs),
        )
        for journey in journeys
    ]


def _one_point(network: Network, place: object, name: str) -> np.ndarray:
    """Position of a place, float64 (1, 2) [m], in the network's CRS."""
    if isinstance(place, tuple | list | np.ndarray):
        degrees = [finite(value) for value in place]
        if len(degrees) != 2 or None in degrees:
            raise refusal("given.place", value=repr(place))
        place = gpd.GeoDataFrame(geometry=[Point(degrees)], crs=WGS84)
    if not isinstance(place, gpd.GeoDataFrame):
        raise refusal("given.place", value=type(place).__name__)
    layer = read_layer(place, name)
    if len(layer) != 1 or layer.crs is None or set(layer.geom_type) != {"Point"} or layer.is_empty.any():
        raise refusal("routing.one_point")
    point = layer.geometry.to_crs(network.epsg).iloc[0]
    xy = np.array([[point.x, point.y]])
    check_places(xy, network, name)
    check_coverage(xy, network, name)
    return xy


def explain_query(network: Network, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query) -> list[Journey]:
    """Find the journeys between two points in metres.

    Parameters
    ----------
    network : Network
    origin_xy, destination_xy : ndarray of float64, shape (1, 2)
        [m], in the network's CRS.
    query : Query
        With transit; the first instant of its window counts.

    Returns
    -------
    list of Journey
    """
    query.validate()
    timetable = network.timetable
    if timetable is None or not query.uses_transit:
        raise refusal("routing.journeys")
    key = graph_key(query)
    ends = connect(network, origin_xy, destination_xy, query, mode_legs(query))
    ready_s, max_s = _setting_out(timetable, ends, query)
    if ready_s is None:
        return []
    graph = forward_graph(timetable, key)
    spread = spread_from(
        graph,
        footpaths_of(timetable, key),
        access_at(ends.access, 0, ready_s),
        ready_s,
        max_s=max_s,
        max_rides=query.max_rides or _MOST_RIDES,
        min_transfer_s=query.min_transfer_s,
    )
    routes = routes_to(spread, exits_of(ends.egress, 0))
    legs = mode_legs(query)
    journeys = []
    direct = int(ends.direct_s[0, 0])
    ways = _Ways(network, query)
    if direct <= max_s:
        leave_s = ready_s if query.arrive is None else ready_s + max_s - direct
        kind, line = ways.direct([mode for mode, _ in legs.direct], origin_xy[0], destination_xy[0])
        by = Leg(kind, "", "", "", "", leave_s, leave_s + direct, line)
        journeys.append(Journey((by,), network.epsg, direct))
        routes = [route for route in routes if route.arrive_s < ready_s + direct or route.walk_s < direct]
    booked = direct_at(ends.access, 0, 0, ready_s)
    if booked is not None and booked[0] <= ready_s + max_s:
        on_foot = booked[1].before_s + booked[1].after_s
        way = _on_demand(timetable, booked[1], booked[0] - booked[1].seconds, (origin_xy[0], destination_xy[0]), ways)
        journeys.append(Journey(way, network.epsg, on_foot))
        routes = [route for route in routes if route.arrive_s < booked[0] or route.walk_s < on_foot]
    for route in routes:
        told = _tell(timetable, graph.lines.event_source, route, origin_xy[0], destination_xy[0], legs, ways)
        journeys.append(Journey(told, network.epsg, route.walk_s))
    return sorted(journeys, key=lambda journey: (journey.arrive_s, journey.rides))


@dataclass(frozen=True)
class _Ways:
    """Lines along the streets under the limits of a query, and who the lines of the timetable are for."""

    network: Network
    query: Query

    def riders(self, timetable: Timetable, route: int) -> Note | None:
        """Say who a line is for, where that is not everyone."""
        kind = asked_kinds(timetable, self.query.line_kinds)[route]
        return note(f"journey.riders.{_NOT_EVERYONE[kind]}") if kind in _NOT_EVERYONE else None

    def kind(self, mode: str) -> str:
        """Name a street mode for the one who travels: a car is driven by another where one is given a lift."""
        return "driven" if mode == "car" and self.query.mode == "driven+transit" else mode.partition(":")[0]

    def line(self, mode: str, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Draw the way from a place to another, straight where the streets have none [m]."""
        path = self._path(mode, start, end)
        return path.xy if len(path.xy) > 1 else np.vstack((start, end))

    def direct(self, modes: list[str], start: np.ndarray, end: np.ndarray) -> tuple[str, np.ndarray]:
        """Tell which mode is the fastest all the way, and draw its way."""
        paths = {mode: self._path(mode, start, end) for mode in modes}
        mode = min(modes, key=lambda name: np.inf if (took := paths[name].seconds) is None else took)
        return self.kind(mode), self.line(mode, start, end)

    def _path(self, mode: str, start: np.ndarray, end: np.ndarray) -> StreetPath:
        return street_path(
            self.network.streets,
            start,
            end,
            mode=mode,
            speed_kmh=street_speed(self.query, mode),
            limit_m=self.query.link_limit_m,
            connector_kmh=self.query.walk_kmh,
        )


def _setting_out(timetable: Timetable, ends: Ends, query: Query) -> tuple[int | None, int]:
    """Moment to set out and longest time; for a deadline, the last moment that still meets it."""
    if query.depart is not None:
        return query.depart.start_s, query.max_s
    if query.arrive is None:
        raise refusal("no_moment")
    samples = Samples(query.arrive.start_s, 60, 1, deadline=True, bound_s=query.earliest_s)
    seconds, _ = profile_times(
        backward_graph(timetable, graph_key(query)),
        Pairs(ends.access, ends.egress),
        samples.reversed(),
        max_s=query.max_s,
        max_rides=query.max_rides,
        ranks=np.zeros(1, np.int64),
    )
    if np.isnan(seconds[0, 0, 0]):
        direct = int(ends.direct_s[0, 0])
        return (samples.first_s - direct, direct) if direct <= query.max_s else (None, 0)
    took = int(seconds[0, 0, 0])
    return samples.first_s - took, took


def _tell(
    tt: Timetable,
    source: np.ndarray,
    route: Route,
    origin: np.ndarray,
    destination: np.ndarray,
    street: Legs,
    ways: _Ways,
) -> tuple[Leg, ...]:
    legs: list[Leg] = []
    at, at_name, now_s = origin, "", 0
    for number, ride in enumerate(route.rides):
        events = source[ride.board : ride.off + 1]
        stops = tt.event_stop[events]
        xy = np.column_stack((tt.stop_x[stops], tt.stop_y[stops]))
        trip = int(np.searchsorted(tt.trip_indptr, events[0], side="right")) - 1
        board_s, off_s = int(tt.event_departure_s[events[0]]), int(tt.event_arrival_s[events[-1]])
        names = str(tt.stop_name[stops[0]]), str(tt.stop_name[stops[-1]])
        waited_s = int(tt.charged_s(events[:1])[0])
        if number == 0 and route.first_leg is not None:
            leave_s = min(route.first_leg.close_s, board_s - route.first_leg.seconds)
            legs += _on_demand(tt, route.first_leg, leave_s, (origin, xy[0]), ways, names=("", names[0]))
            at = xy[0]
        elif number == 0:
            mode, from_s, until_s = street.start, board_s - route.access_s, board_s
        else:
            mode, from_s, until_s = "walk", now_s, now_s + route.changes_s[number - 1]
        if (number == 0 and route.first_leg is None) or not np.array_equal(at, xy[0]):
            line = ways.line(mode, at, xy[0])
            legs.append(Leg(ways.kind(mode), "", "", at_name, names[0], from_s, until_s, line))
        route_of = int(tt.trip_route[trip])
        legs.append(
            Leg(
                "ride",
                str(tt.route_name[route_of]),
                str(tt.trip_headsign[trip]),
                *names,
                board_s + waited_s,
                off_s,
                xy,
                int(tt.route_type[route_of]),
                str(tt.trip_id[trip]),
                riders=ways.riders(tt, route_of),
            )
        )
        at, at_name, now_s = xy[-1], names[1], off_s
    if route.last_leg is not None:
        leave_s = max(now_s, route.last_leg.open_s)
        legs += _on_demand(tt, route.last_leg, leave_s, (at, destination), ways, names=(at_name, ""))
        return tuple(legs)
    home = ways.line(street.end, at, destination)
    legs.append(Leg(ways.kind(street.end), "", "", at_name, "", now_s, now_s + route.egress_s, home))
    return tuple(legs)


def _on_demand(
    tt: Timetable,
    leg: FlexLeg,
    leave_s: int,
    ends: tuple[np.ndarray, np.ndarray],
    ways: _Ways,
    *,
    names: tuple[str, str] = ("", ""),
) -> tuple[Leg, ...]:
    """Tell a leg on demand: the walk to where one is taken up, the ride, the walk from where one is set down."""
    if tt.flex is None:
        raise refusal("routing.leg_on_demand")
    stops = [(int(stop), np.array([tt.stop_x[stop], tt.stop_y[stop]])) for stop in (leg.from_stop, leg.to_stop)]
    (up, up_xy), (down, down_xy) = stops
    up_xy, down_xy = (ends[0] if up < 0 else up_xy), (ends[1] if down < 0 else down_xy)
    up_name, down_name = ("" if stop < 0 else str(tt.stop_name[stop]) for stop in (up, down))
    taken_s, left_s = leave_s + leg.before_s, leave_s + leg.seconds - leg.after_s
    legs = []
    if leg.before_s and not np.array_equal(ends[0], up_xy):
        line = ways.line("walk", ends[0], up_xy)
        legs.append(Leg("walk", "", "", names[0], up_name, leave_s, taken_s, line))
    route, rule = int(tt.flex.route[leg.ride]), int(tt.flex.rule[leg.ride])
    booking = None if rule < 0 else BookingRule.of(tt.flex.rules[rule]).told()
    legs.append(
        Leg(
            "on_demand",
            str(tt.route_name[route]),
            "",
            up_name,
            down_name,
            taken_s,
            left_s,
            ways.line("car", up_xy, down_xy),
            int(tt.route_type[route]),
            str(tt.flex.trip_id[leg.ride]),
            booking,
            ways.riders(tt, route),
        )
    )
    if leg.after_s and not np.array_equal(down_xy, ends[1]):
        line = ways.line("walk", down_xy, ends[1])
        legs.append(Leg("walk", "", "", down_name, names[1], left_s, leave_s + leg.seconds, line))
    return tuple(legs)
