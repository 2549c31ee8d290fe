"""The arrays that every search reads: streets, timetable, and the two together.

All positions are in one metric CRS (`Network.epsg`), all times are seconds of the clock in `geo_access.clock`.
Arrays may be memory-mapped: nothing writes to them after they were built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geo_access.arrays import indptr_of_rows, rows_of
from geo_access.words.note import Note

if TYPE_CHECKING:
    from geo_access.network.search.hierarchy import Hierarchy

__all__ = ["CrowFly", "FlexRides", "ModeGraph", "Network", "SparseTimes", "Squares", "Streets", "Timetable"]


@dataclass(frozen=True, eq=False)
class SparseTimes:
    """Times between two sets of points, only where they are within reach (CSR over the rows).

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_rows + 1,)
        Row r owns the entries ``indptr[r]:indptr[r + 1]``.
    indices : ndarray of int32, shape (nnz,)
        Column of each entry, ascending within a row.
    seconds : ndarray of int32, shape (nnz,)
        Time of each entry [s].
    n_cols : int
        Number of columns.
    """

    indptr: np.ndarray
    indices: np.ndarray
    seconds: np.ndarray
    n_cols: int

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    def row(self, r: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the columns and the seconds [s] of row `r`."""
        part = slice(self.indptr[r], self.indptr[r + 1])
        return self.indices[part], self.seconds[part]

    def transpose(self) -> SparseTimes:
        """Return the same entries with rows and columns exchanged."""
        rows = rows_of(self.indptr, np.int32)
        order = np.lexsort((rows, self.indices))
        indptr = indptr_of_rows(self.indices, self.n_cols)
        return SparseTimes(indptr, rows[order], self.seconds[order], self.n_rows)


@dataclass(frozen=True, eq=False)
class ModeGraph:
    """The directed street graph of one profile (walk, bike, car, …), CSR over the tails.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_nodes + 1,)
    heads : ndarray of int32, shape (n_arcs,)
    deciseconds : ndarray of int32, shape (n_arcs,)
        Traversal time at the profile's reference speed [0.1 s], ≥ 0.
    edges : ndarray of int32, shape (n_arcs,)
        Edge of `Streets` that the arc runs along.
    speed_kmh : float
        Reference speed [km/h]; a query at another walking or cycling speed scales times by the ratio.
    copy_of : ndarray of int32, shape (n_copies,)
        Nodes that have a copy, one for each street that may not go on everywhere (turn restriction, barrier): the
        states ``n_nodes + k``; `indptr` then has n_nodes + n_copies + 1 entries and heads may be copies.
    starts : ndarray of int32
        Copies that a journey starts in, rather than in their node, where it sets out along a street that one may not
        pass through.
    sealed : ndarray of int32
        Copies at the mouth of such a street that are reached through it: nothing that lies at the node is reached.
    """

    indptr: np.ndarray
    heads: np.ndarray
    deciseconds: np.ndarray
    edges: np.ndarray
    speed_kmh: float
    copy_of: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    starts: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    sealed: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))

    @property
    def n_states(self) -> int:
        """Number of nodes and copies."""
        return len(self.indptr) - 1

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The contraction hierarchy of this graph: opened with the network, else built when first asked for."""
        from geo_access.network.search.hierarchy import build_hierarchy  # noqa: PLC0415 — kernels compile on first use

        return build_hierarchy(self.indptr, self.heads, self.deciseconds)


@dataclass(frozen=True, eq=False)
class Squares:
    """Areas that people walk across in any direction, not along lines alone.

    Attributes
    ----------
    ring_indptr : ndarray of int64, shape (n_squares + 1,)
        Square s has the rings ``ring_indptr[s]:ring_indptr[s + 1]``: its rim, then holes and obstacles.
    point_indptr : ndarray of int64, shape (n_rings + 1,)
    xy : ndarray of float64, shape (n_points, 2)
        Rings, their first point again at the end [m].
    node_indptr : ndarray of int64, shape (n_squares + 1,)
    node : ndarray of int32
        Nodes of `Streets` where one comes in from other streets.
    corner_indptr : ndarray of int64, shape (n_squares + 1,)
    corner_xy : ndarray of float64, shape (n_corners, 2)
        Corners that one may have to go round [m].
    edge_square : ndarray of int32, shape (n_edges,)
        Square of each edge that is its rim or laid across it, −1 for others.
    """

    ring_indptr: np.ndarray
    point_indptr: np.ndarray
    xy: np.ndarray
    node_indptr: np.ndarray
    node: np.ndarray
    corner_indptr: np.ndarray
    corner_xy: np.ndarray
    edge_square: np.ndarray

    def __len__(self) -> int:
        """Return the number of squares."""
        return len(self.ring_indptr) - 1


@dataclass(frozen=True, eq=False)
class Streets:
    """A street network read from OSM.

    Attributes
    ----------
    epsg : int
        Metric CRS of the coordinates.
    node_id : ndarray of int64, shape (n_nodes,)
        OSM ids.
    node_x, node_y : ndarray of float64, shape (n_nodes,)
        [m].
    edge_source, edge_target : ndarray of int32, shape (n_edges,)
        Nodes, in the direction the way was drawn.
    edge_length_m : ndarray of float32, shape (n_edges,)
    edge_class : ndarray of uint8, shape (n_edges,)
        Index into `class_names`.
    edge_way_id : ndarray of int64, shape (n_edges,)
    geometry_indptr : ndarray of int64, shape (n_edges + 1,)
    geometry_xy : ndarray of float64, shape (n_points, 2)
        Full line of each edge, both ends included [m].
    class_names : tuple of str
        Values of ``highway=`` (and ``ferry``).
    graphs : mapping of str to ModeGraph
        By profile name.
    notes : tuple of Note
        What reading and pruning did: ways dropped, islands removed, counts.
    edge_stops : ndarray of bool, shape (n_edges,)
        Where one may join or leave the street between its ends: not in a tunnel, on a motorway, on a ferry. Empty where
        nothing is known: then everywhere.
    edge_stress : ndarray of uint8, shape (n_edges,)
        Level of traffic stress for cyclists, 1 to 4 (`geo_access.network.streets.stress`); 0 where nobody cycles. Empty
        where nothing is known.
    squares : Squares or None
        Areas walked across in any direction.
    """

    epsg: int
    node_id: np.ndarray
    node_x: np.ndarray
    node_y: np.ndarray
    edge_source: np.ndarray
    edge_target: np.ndarray
    edge_length_m: np.ndarray
    edge_class: np.ndarray
    edge_way_id: np.ndarray
    geometry_indptr: np.ndarray
    geometry_xy: np.ndarray
    class_names: tuple[str, ...]
    graphs: Mapping[str, ModeGraph]
    notes: tuple[Note, ...] = ()
    edge_stops: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    edge_stress: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.uint8))
    squares: Squares | None = None

    def __repr__(self) -> str:
        """Return one line: size, modes, CRS."""
        modes = ", ".join(self.graphs)
        return f"Streets({len(self.node_id):,} nodes, {len(self.edge_source):,} edges, {modes}; EPSG:{self.epsg})"


@dataclass(frozen=True)
class CrowFly:
    """No street data: straight lines times a detour factor, labelled so in every output.

    Attributes
    ----------
    epsg : int
        Metric CRS of the points.
    detour : float
        Network distance over straight-line distance, ≥ 1.
    speeds_kmh : mapping of str to float
        Reference speed of each mode [km/h].
    """

    epsg: int
    detour: float = 1.3
    speeds_kmh: Mapping[str, float] = field(default_factory=lambda: {"walk": 4.8, "bike": 15.0, "car": 40.0})


@dataclass(frozen=True, eq=False)
class FlexRides:
    """Services on demand around one service day: rides from a place to a place within windows.

    Attributes
    ----------
    place_name : ndarray of str, shape (n_places,)
    place_wkt : tuple of str
        Polygons of zones, in the CRS of the stops [m]; empty for places that are stops.
    place_indptr : ndarray of int64, shape (n_places + 1,)
        Stops inside the zone, or the stops that the place is: ``place_stop[place_indptr[p]:place_indptr[p + 1]]``.
    place_stop : ndarray of int32
    trip_id : ndarray of str, shape (n_rides,)
    route, origin, target, rule : ndarray of int32, shape (n_rides,)
        Route of the timetable, places where one is taken up and set down, booking rule (−1 where none is given).
    open_s, close_s : ndarray of int32, shape (n_rides,)
        One is taken up within [s].
    due_from_s, due_s : ndarray of int32, shape (n_rides,)
        One is set down within [s].
    factor, offset_s : ndarray of float64, shape (n_rides,)
        The ride takes the drive by car × `factor` + `offset_s` [s], rounded up.
    fixed_s : ndarray of int32, shape (n_rides,)
        The ride takes this long whatever the drive [s]; −1 where the drive decides.
    rules : tuple of tuple
        Fields of `sources.gtfs.flex.BookingRule`.
    """

    place_name: np.ndarray
    place_wkt: tuple[str, ...]
    place_indptr: np.ndarray
    place_stop: np.ndarray
    trip_id: np.ndarray
    route: np.ndarray
    origin: np.ndarray
    target: np.ndarray
    rule: np.ndarray
    open_s: np.ndarray
    close_s: np.ndarray
    due_from_s: np.ndarray
    due_s: np.ndarray
    factor: np.ndarray
    offset_s: np.ndarray
    fixed_s: np.ndarray
    rules: tuple[tuple[int | str, ...], ...] = ()

    def stops_of(self, place: int) -> np.ndarray:
        """Return the stops of a place, or inside it."""
        return self.place_stop[self.place_indptr[place] : self.place_indptr[place + 1]]


@dataclass(frozen=True, eq=False)
class Timetable:
    """What runs on one service day, with the nights before and after, as arrays.

    Trips of the previous and next service days are included with their times moved onto this day's clock, so a
    05:00 shift can ride the night bus and a night shift can ride home the next morning.

    Attributes
    ----------
    day : datetime.date
    zone : str
        IANA time zone.
    epsg : int
        Metric CRS of the stops.
    stop_id, stop_name, stop_feed : ndarray of str, shape (n_stops,)
        `stop_id` is namespaced ``feed:id`` when several feeds were merged. A stop comes again, under its own id, where
        ``transfers.txt`` has changes there that hold for single routes or trips only: those call at the copy.
    stop_x, stop_y : ndarray of float64, shape (n_stops,)
        [m].
    route_id, route_name, route_feed : ndarray of str, shape (n_routes,)
    route_type : ndarray of int16, shape (n_routes,)
        GTFS route type, extended types kept.
    trip_id, trip_headsign : ndarray of str, shape (n_trips,)
    trip_route : ndarray of int32, shape (n_trips,)
    trip_day : ndarray of int8, shape (n_trips,)
        −1, 0 or 1: service day the trip belongs to, relative to `day`.
    trip_bikes : ndarray of bool, shape (n_trips,)
        Whether ``bikes_allowed`` says 1.
    trip_on_demand : ndarray of bool, shape (n_trips,)
        Must be booked: left out of every search unless the query asks for it.
    trip_block : ndarray of int32, shape (n_trips,)
        Vehicle block on one service day, or −1.
    trip_indptr : ndarray of int64, shape (n_trips + 1,)
        Trip t calls at the events ``trip_indptr[t]:trip_indptr[t + 1]``.
    event_stop : ndarray of int32, shape (n_events,)
    event_arrival_s, event_departure_s : ndarray of int32, shape (n_events,)
        [s], non-decreasing along a trip.
    event_board, event_alight : ndarray of bool, shape (n_events,)
        Whether one may get on, or off.
    footpaths : SparseTimes
        Walk between stops (n_stops × n_stops), at `walk_kmh`, without the diagonal; ``transfers.txt`` already applied.
    min_transfer_s : ndarray of int32, shape (n_stops,)
        Least time to change vehicle at the same stop [s]; all of it where the stop is `stated` with itself.
    forbidden : ndarray of int32, shape (k, 2)
        Stop pairs between which changing is forbidden.
    in_seat : ndarray of int32, shape (k, 2)
        Trips that continue as another without leaving the seat.
    walk_kmh : float
        Speed behind `footpaths` [km/h].
    notes : tuple of Note
        What merging and repairing did.
    stated : ndarray of int32, shape (k, 2)
        Stop pairs whose change the operator times: nothing is added, no walking speed changes it, and it holds beyond
        the longest walk that a query accepts.
    reach_s : int
        Longest walk between stops that was searched, at `walk_kmh` [s].
    trip_days : ndarray of uint8, shape (n_trips,)
        Service days around that the trip runs on, whether drawn or not: 1 for the day before, 2 for the day, 4 for the
        day after, added up. Empty where it is not known.
    trip_wait_s : ndarray of int32, shape (n_trips,)
        Wait that each boarding costs [s], taken off the departures: who is at the stop by then is aboard that much
        later. Above 0 under `Headways.expected_wait` alone; empty where nobody waits so.
    route_kind : ndarray of uint8, shape (n_routes,)
        Who may ride: 0 everyone, 1 pupils (but others are not refused), 2 people with a disability that book. Empty for
        everyone everywhere.
    flex : FlexRides or None
        Services on demand, in no search that does not ask for them.
    """

    day: date
    zone: str
    epsg: int
    stop_id: np.ndarray
    stop_name: np.ndarray
    stop_feed: np.ndarray
    stop_x: np.ndarray
    stop_y: np.ndarray
    route_id: np.ndarray
    route_name: np.ndarray
    route_feed: np.ndarray
    route_type: np.ndarray
    trip_id: np.ndarray
    trip_headsign: np.ndarray
    trip_route: np.ndarray
    trip_day: np.ndarray
    trip_bikes: np.ndarray
    trip_on_demand: np.ndarray
    trip_block: np.ndarray
    trip_indptr: np.ndarray
    event_stop: np.ndarray
    event_arrival_s: np.ndarray
    event_departure_s: np.ndarray
    event_board: np.ndarray
    event_alight: np.ndarray
    footpaths: SparseTimes
    min_transfer_s: np.ndarray
    forbidden: np.ndarray
    in_seat: np.ndarray
    walk_kmh: float
    notes: tuple[Note, ...] = ()
    stated: np.ndarray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int32))
    reach_s: int = 86_400
    trip_days: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.uint8))
    trip_wait_s: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    route_kind: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.uint8))
    flex: FlexRides | None = None

    def __repr__(self) -> str:
        """Return one line: day, stops, lines, trips."""
        return f"Timetable({self.day}, {self.n_stops:,} stops, {len(self.route_id):,} lines, {self.n_trips:,} trips)"

    @property
    def n_stops(self) -> int:
        """Number of stops."""
        return len(self.stop_id)

    def charged_s(self, events: np.ndarray) -> np.ndarray:
        """Wait that boarding at each of some events costs beyond their departure, int64 [s]."""
        if not len(self.trip_wait_s):
            return np.zeros(len(events), dtype=np.int64)
        trips = np.searchsorted(self.trip_indptr, events, side="right") - 1
        return self.trip_wait_s[trips].astype(np.int64)

    @property
    def n_trips(self) -> int:
        """Number of trips."""
        return len(self.trip_id)


@dataclass(frozen=True, eq=False)
class Network:
    """Streets and timetable of one territory on one service day.

    Attributes
    ----------
    epsg : int
        The metric CRS of everything inside.
    streets : Streets or CrowFly
    timetable : Timetable or None
        None when no transit was given.
    inputs : mapping of str to str
        SHA-256 of each file the network was built from, by name.
    warnings : tuple of str
        What a reader of any result should know (aligned dates, crow-fly streets, lost rows).
    notices : mapping of str to tuple
        What reading the feeds found and did, by column: ``feed, severity, code, file, row, entity, action, count,
        message``, of equal length; as a table, `stop_links.network_notices`.
    """

    epsg: int
    streets: Streets | CrowFly
    timetable: Timetable | None
    inputs: Mapping[str, str]
    warnings: tuple[Note, ...] = ()
    notices: Mapping[str, tuple[str | int | None, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return one line: streets, and what runs on them."""
        return f"Network({self.streets!r}, {self.timetable!r}, {len(self.warnings)} warnings)"
