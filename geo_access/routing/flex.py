"""Services on demand as legs: from a door or a stop to a door or a stop, within their hours.

A zone takes people up and sets them down at any door inside it, and at its stops when they come from, or go on with,
another vehicle. A group of stops, or a single one, is walked to and from. The ride takes the drive by car × factor +
offset (`FlexRides`); before another vehicle, and after one, comes the change between the stops on foot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely

from geo_access.arrays import rows_of
from geo_access.network.model import CrowFly, FlexRides, Network, SparseTimes, Timetable
from geo_access.network.search.links import Links, link_points
from geo_access.network.search.search import nearby
from geo_access.routing.query import Query
from geo_access.routing.riders import open_routes
from geo_access.routing.timed import LEG_ARRAYS, TimedLegs, pruned
from geo_access.routing.transfers import usable_footpaths
from geo_access.words.told import refusal

__all__ = ["FlexEnd", "Offers", "flex_legs", "offers_of"]


@dataclass(frozen=True, eq=False)
class Offers:
    """Services on demand of a network, for one query.

    Attributes
    ----------
    network : Network
    timetable : Timetable
    rides : FlexRides
    open_ : ndarray of bool, shape (n_rides,)
        Rides of lines that the public may ride.
    query : Query
    """

    network: Network
    timetable: Timetable
    rides: FlexRides
    open_: np.ndarray
    query: Query

    @cached_property
    def zones(self) -> list[shapely.Geometry | None]:
        """Polygons of the places, None for stops."""
        found = [shapely.from_wkt(text) if text else None for text in self.rides.place_wkt]
        shapely.prepare([zone for zone in found if zone is not None])
        return found

    @cached_property
    def stops(self) -> Links:
        """The stops, linked to the streets for cars."""
        t = self.timetable
        return self.link(np.column_stack((t.stop_x, t.stop_y)))

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Seconds from getting off at stop `a` to being ready at stop `b`."""
        paths = usable_footpaths(
            self.timetable,
            walk_kmh=self.query.walk_kmh,
            max_transfer_s=self.query.max_transfer_s,
            min_transfer_s=self.query.min_transfer_s,
        )
        rows = rows_of(paths.indptr)
        return pd.DataFrame({"a": rows, "b": paths.indices, "change_s": paths.seconds})

    def link(self, xy: np.ndarray) -> Links:
        """Link points to the streets for cars."""
        limit_m = self.query.link_limit_m
        return link_points(self.network.streets, xy, mode="car", limit_m=limit_m, connector_kmh=self.query.walk_kmh)

    def shapes(self) -> Iterator[tuple[tuple[int, int, float, float, int], np.ndarray]]:
        """Yield the rides that lead from one place to another in the same time, one array of numbers each."""
        r = self.rides
        groups: dict[tuple[int, int, float, float, int], list[int]] = {}
        for k in np.flatnonzero(self.open_).tolist():
            key = (int(r.origin[k]), int(r.target[k]), float(r.factor[k]), float(r.offset_s[k]), int(r.fixed_s[k]))
            groups.setdefault(key, []).append(k)
        for shape, members in groups.items():
            yield shape, np.array(members)


def offers_of(network: Network, query: Query) -> Offers | None:
    """Return the services on demand that a query may use; None where there are none, or it does not book.

    Raises
    ------
    InputError
        When there are some, and the streets know no cars.
    """
    timetable = network.timetable
    if timetable is None or timetable.flex is None or not query.on_demand or query.mode != "transit":
        return None
    streets = network.streets
    if "car" not in (streets.speeds_kmh if isinstance(streets, CrowFly) else streets.graphs):
        raise refusal("flex.no_car")
    ridden = open_routes(
        timetable, school_lines=query.school_lines, paratransit=query.paratransit, line_kinds=query.line_kinds
    )
    return Offers(network, timetable, timetable.flex, ridden[timetable.flex.route], query)


@dataclass(frozen=True, eq=False)
class FlexEnd:
    """Points at one end of journeys, as services on demand see them.

    Attributes
    ----------
    offers : Offers
    xy : ndarray of float64, shape (n, 2)
        [m].
    links : Links
        The points, linked to the streets for cars.
    to_stops, from_stops : SparseTimes or None
        Walks between the points and the stops, as in `Doors`.
    """

    offers: Offers
    xy: np.ndarray
    links: Links
    to_stops: SparseTimes | None
    from_stops: SparseTimes | None

    def touching(self, place: int, *, leaving: bool) -> pd.DataFrame:
        """Points that a place serves: `point`, `node` (a door, or a stop after all the doors), `walk_s`."""
        zone = self.offers.zones[place]
        if zone is not None:
            inside = np.flatnonzero(shapely.contains_xy(zone, self.xy[:, 0], self.xy[:, 1]) & self.links.ok)
            return pd.DataFrame({"point": inside, "node": inside, "walk_s": np.zeros(len(inside), dtype=np.int64)})
        walks = self.to_stops if leaving else self.from_stops
        if walks is None:
            raise refusal("routing.doors")
        point = rows_of(walks.indptr)
        mine = np.isin(walks.indices, self.offers.rides.stops_of(place))
        node = walks.indices[mine].astype(np.int64) + len(self.xy)
        return pd.DataFrame({"point": point[mine], "node": node, "walk_s": walks.seconds[mine].astype(np.int64)})

    def nodes(self, which: np.ndarray) -> Links:
        """Links of doors and, after them, stops."""
        doors = which[which < len(self.xy)]
        stops = which[which >= len(self.xy)] - len(self.xy)
        if not len(stops):
            return self.links.take(doors)
        if not len(doors):
            return self.offers.stops.take(stops)
        raise refusal("routing.zone_and_stops")

    @cached_property
    def to_legs(self) -> TimedLegs:
        """Legs from the points to stops where another vehicle is boarded."""
        parts = []
        for shape, members in self.offers.shapes():
            pick = self.touching(shape[0], leaving=True)
            drop = self._changes(shape[1], leaving=True)
            parts.append(_joined(self.offers, shape, members, (pick, self), (drop, None)))
        return _packed(parts, len(self.xy), by="point")

    @cached_property
    def from_legs(self) -> TimedLegs:
        """Legs from stops where another vehicle was left to the points."""
        parts = []
        for shape, members in self.offers.shapes():
            pick = self._changes(shape[0], leaving=False)
            drop = self.touching(shape[1], leaving=False)
            parts.append(_joined(self.offers, shape, members, (pick, None), (drop, self)))
        return _packed(parts, len(self.xy), by="other")

    def _changes(self, place: int, *, leaving: bool) -> pd.DataFrame:
        """List the stops of a place and the changes from them, or to them from the vehicle before."""
        here, there = ("a", "b") if leaving else ("b", "a")
        changes = self.offers.changes
        mine = changes[changes[here].isin(self.offers.rides.stops_of(place))]
        return pd.DataFrame({"point": mine[there], "node": mine[here], "walk_s": mine["change_s"].astype(np.int64)})


def flex_legs(origins: FlexEnd, destinations: FlexEnd) -> TimedLegs:
    """Return the legs all the way from origins to destinations.

    Parameters
    ----------
    origins, destinations : FlexEnd

    Returns
    -------
    TimedLegs
        By origin.
    """
    parts = []
    for shape, members in origins.offers.shapes():
        pick = origins.touching(shape[0], leaving=True)
        drop = destinations.touching(shape[1], leaving=False)
        parts.append(_joined(origins.offers, shape, members, (pick, origins), (drop, destinations)))
    return _packed(parts, len(origins.xy), by="point")


def _joined(
    offers: Offers,
    shape: tuple[int, int, float, float, int],
    members: np.ndarray,
    pick: tuple[pd.DataFrame, FlexEnd | None],
    drop: tuple[pd.DataFrame, FlexEnd | None],
) -> pd.DataFrame:
    """Join walks before a ride, the ride, and walks after it; then the hours of each ride of that shape."""
    before, after = pick[0], drop[0]
    rides = _rides(offers, shape, (before, pick[1]), (after, drop[1]))
    one = before.merge(rides, left_on="node", right_on="from_node").merge(
        after, left_on="to_node", right_on="node", suffixes=("", "_after")
    )
    table = one.merge(_hours(offers.rides, members), how="cross")
    open_s = np.maximum(table["open_s"], table["due_from_s"] - table["ride_s"])
    close_s = np.minimum(table["close_s"], table["due_s"] - table["ride_s"])
    legs = pd.DataFrame(
        {
            "point": table["point"],
            "other": table["point_after"],
            "seconds": table["walk_s"] + table["ride_s"] + table["walk_s_after"],
            "open_s": open_s - table["walk_s"],
            "close_s": close_s - table["walk_s"],
            "ride": table["ride"],
            "before_s": table["walk_s"],
            "after_s": table["walk_s_after"],
            "from_stop": table["from_stop"],
            "to_stop": table["to_stop"],
        }
    )
    return legs[(open_s <= close_s) & (legs["seconds"] <= offers.query.max_s)]


def _hours(rides: FlexRides, members: np.ndarray) -> pd.DataFrame:
    names = ("open_s", "close_s", "due_from_s", "due_s")
    hours = pd.DataFrame({name: getattr(rides, name)[members].astype(np.int64) for name in names})
    return hours.assign(ride=members)


def _rides(
    offers: Offers,
    shape: tuple[int, int, float, float, int],
    pick: tuple[pd.DataFrame, FlexEnd | None],
    drop: tuple[pd.DataFrame, FlexEnd | None],
) -> pd.DataFrame:
    """Rides between the nodes of two ends [s]; a stop is no ride away from itself."""
    _, _, factor, offset_s, fixed_s = shape
    sides = []
    for frame, end in (pick, drop):
        node = np.unique(frame["node"].to_numpy(dtype=np.int64))
        first = 0 if end is None else len(end.xy)
        # Stops have one number whichever end they are met at; doors have none in common.
        name = np.where(node >= first, node - first, -1)
        sides.append((node, name, offers.stops.take(node) if end is None else end.nodes(node)))
    (a, a_stop, a_links), (b, b_stop, b_links) = sides
    if not len(a) or not len(b):
        i, j, ride = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    elif fixed_s >= 0:
        i, j = (part.ravel() for part in np.meshgrid(np.arange(len(a)), np.arange(len(b)), indexing="ij"))
        ride = np.full(len(i), fixed_s, dtype=np.int64)
    else:
        limit_s = max(0.0, (offers.query.max_s - offset_s) / factor)
        # Seconds are rounded: one more than the limit, so that none is lost on the way.
        drive = nearby(offers.network.streets, a_links, b_links, mode="car", max_s=limit_s + 1)
        i, j = rows_of(drive.indptr), drive.indices.astype(np.int64)
        ride = np.ceil(drive.seconds * factor + offset_s - 1e-6).astype(np.int64)
    apart = (a_stop[i] < 0) | (a_stop[i] != b_stop[j])
    columns = {"from_node": a[i], "to_node": b[j], "ride_s": ride, "from_stop": a_stop[i], "to_stop": b_stop[j]}
    return pd.DataFrame({name: values[apart] for name, values in columns.items()})


def _packed(parts: list[pd.DataFrame], n_points: int, *, by: str) -> TimedLegs:
    """File legs by the points at one end; the other end is the stop, or the other point."""
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["point", *LEG_ARRAYS])
    if by == "other":
        frame = frame.rename(columns={"point": "other", "other": "point"})
    columns = {name: frame[name].to_numpy(dtype=np.int64).astype(np.int32) for name in LEG_ARRAYS}
    legs = TimedLegs(np.empty(0, np.int64), *(columns[name] for name in LEG_ARRAYS))
    return pruned(n_points, frame["point"].to_numpy(dtype=np.int64), legs)
