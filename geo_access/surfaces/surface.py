"""The travel-time surface: door-to-door seconds at every cell of a grid, the last walk off the network included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Unpack

import geopandas as gpd
import numpy as np
import shapely

from geo_access.crs import to_metric
from geo_access.errors import InputError, raise_faults
from geo_access.given import read_layer
from geo_access.manifest import fingerprint
from geo_access.network.model import CrowFly, Network
from geo_access.network.search.links import graph_of
from geo_access.network.streets.congestion import car_notes
from geo_access.routing.asked import ClockLike, Limits, MinutesLike, WindowLike, make_query, refuse_twice
from geo_access.routing.legs import street_speed
from geo_access.routing.query import Query
from geo_access.surfaces.crow_fly import nearest_site_times
from geo_access.surfaces.lattice import Canvas, Frame, Lattice, blocked_cells, frame_around
from geo_access.surfaces.on_demand import booked_box
from geo_access.surfaces.street_times import MARGIN_S, street_values
from geo_access.surfaces.transit_times import (
    direct_values,
    each_moment,
    one_instant,
    over_moments,
    percentile_times,
    prepare_ground,
    stop_seconds,
)
from geo_access.words.note import Note
from geo_access.words.told import fault, refusal

__all__ = ["Surface", "query_surface", "site_positions", "travel_time_surface"]


Bounds = tuple[float, float, float, float]

# No vehicle of a timetable covers more in straight line: 360 km/h.
_FASTEST_M_S = 100.0


@dataclass(frozen=True, eq=False)
class Surface:
    """Door-to-door times at the centres of a grid's cells.

    Attributes
    ----------
    values_s : ndarray of float32, shape (rows, cols)
        [s]; NaN where there is no time. Row 0 is the southernmost, column 0 the westernmost.
    frame : Frame
        Grid and metric CRS.
    query : Query
        What was asked.
    reverse : bool
        False: from the nearest site to the cell; True: from the cell to the nearest site.
    crow_fly : bool
        Whether straight lines × detour stand in for streets; every picture says so.
    inputs : mapping of str to str
        SHA-256 of what the network was built from.
    notes : tuple of Note
        What a reader should know.
    """

    values_s: np.ndarray
    frame: Frame
    query: Query
    reverse: bool = False
    crow_fly: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def manifest_id(self) -> str:
        """Short hash of inputs, query, grid and direction."""
        return fingerprint(dict(self.inputs), self.query, self.frame, self.reverse, self.notes)

    def at(self, xy: np.ndarray) -> np.ndarray:
        """Return the times at points: the cell's centre nearest to each, float32 (n,) [s], NaN outside.

        Parameters
        ----------
        xy : ndarray of float64, shape (n, 2)
            Metric CRS of the frame [m].
        """
        return cells_at(self.values_s, self.frame, xy)

    def combined(self, other: Surface, rule: np.ufunc) -> Surface:
        """Return this surface joined cell by cell with another of the same cell size, over the area of both.

        Parameters
        ----------
        other : Surface
        rule : numpy.ufunc
            ``np.fmin`` for the better of the two, ``np.maximum`` for the worse where both have a time.
        """
        a, b = self.frame, other.frame
        if (a.cell_m, a.epsg) != (b.cell_m, b.epsg):
            raise refusal("surfaces.two_grids", a=a.cell_m, b=b.cell_m)
        both = _merged([frame.bounds for frame in (a, b) if frame.rows and frame.cols] or [a.bounds])
        frame = frame_around(both, cell_m=a.cell_m, epsg=a.epsg)
        return replace(self, values_s=rule(_laid_on(frame, self), _laid_on(frame, other)), frame=frame)

    def check_reaches(self, minutes: float) -> None:
        """Raise `InputError` when a cutoff [min] lies beyond the longest time of the query."""
        if minutes * 60 > self.query.max_s + 0.5:
            raise refusal("surfaces.beyond", minutes=minutes, most=self.query.max_s / 60)


def cells_at(values: np.ndarray, frame: Frame, xy: np.ndarray) -> np.ndarray:
    """Return the values of the cells whose centres are nearest to points, float32 (n,); NaN outside the frame."""
    cols = np.rint((xy[:, 0] - frame.origin_x) / frame.cell_m).astype(np.int64)
    rows = np.rint((xy[:, 1] - frame.origin_y) / frame.cell_m).astype(np.int64)
    inside = (rows >= 0) & (rows < frame.rows) & (cols >= 0) & (cols < frame.cols)
    found = np.full(len(xy), np.nan, np.float32)
    found[inside] = values[rows[inside], cols[inside]]
    return found


def _laid_on(frame: Frame, surface: Surface) -> np.ndarray:
    """Values of a surface on a grid that covers it, NaN beyond it."""
    values = np.full((frame.rows, frame.cols), np.nan, np.float32)
    row = round((surface.frame.origin_y - frame.origin_y) / frame.cell_m)
    col = round((surface.frame.origin_x - frame.origin_x) / frame.cell_m)
    values[row : row + surface.frame.rows, col : col + surface.frame.cols] = surface.values_s
    return values


def site_positions(sites: gpd.GeoDataFrame, *, epsg: int) -> np.ndarray:
    """Positions of the sites that have one.

    Parameters
    ----------
    sites : geopandas.GeoDataFrame
        Points with a CRS; rows without geometry (unlocated supply) are left out.
    epsg : int
        Metric CRS wanted.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Each position once [m].

    Raises
    ------
    InputError
        When there is no site, none has a position, or one is not a point.
    """
    sites = read_layer(sites, "sites")
    if not len(sites):
        raise InputError("no site to draw from → check the métier's code, or leave this métier out", key="no_site")
    metric = to_metric(sites, epsg).geometry
    geometry = metric.to_numpy()
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    if not present.any():
        raise InputError(
            f"none of the {len(sites)} sites has a position → locate at least one of them",
            key="no_site_located",
            values={"n": len(sites)},
        )
    kinds = shapely.get_type_id(geometry[present])
    raise_faults(
        fault(f"sites: row {sites.index[i]}", "surfaces.not_a_point")
        for i in np.flatnonzero(present)[np.flatnonzero(kinds != 0)][:20]
    )
    xy = np.asarray(shapely.get_coordinates(geometry[present]))
    return np.asarray(np.unique(xy, axis=0))


def make_surface_query(
    network: Network,
    *,
    mode: str | Sequence[str],
    depart: WindowLike | None,
    arrive: WindowLike | None,
    earliest: ClockLike | None = None,
    percentile: float = 50,
    max_minutes: MinutesLike,
    **limits: Unpack[Limits],
) -> Query:
    """Build and check the query of a surface; see `make_query`."""
    refuse_twice(limits, percentiles="percentile")
    query = make_query(
        network,
        mode=mode,
        depart=depart,
        arrive=arrive,
        earliest=earliest,
        percentiles=percentile,
        max_minutes=max_minutes,
        **limits,
    )
    if not query.uses_transit and (depart or arrive or earliest):
        raise refusal("surfaces.no_hours", mode=query.mode)
    return query


def _box(xy: np.ndarray, reach_m: float) -> Bounds:
    """West, south, east, north around points [m]."""
    west, south = xy.min(axis=0) - reach_m
    east, north = xy.max(axis=0) + reach_m
    return float(west), float(south), float(east), float(north)


def _merged(boxes: list[Bounds]) -> Bounds:
    lows, highs = np.array(boxes)[:, :2].min(axis=0), np.array(boxes)[:, 2:].max(axis=0)
    return float(lows[0]), float(lows[1]), float(highs[0]), float(highs[1])


@dataclass(frozen=True, eq=False)
class _Request:
    """A checked request: what is asked of which network, from where."""

    network: Network
    xy: np.ndarray
    query: Query
    canvas: Canvas

    def reach_m(self, mode: str, limit_s: float) -> float:
        """Farthest that a street mode gets over straight lines [m]."""
        streets = self.network.streets
        assert isinstance(streets, CrowFly)  # noqa: S101 — the caller has looked
        return limit_s * self.speed_kmh(mode) / 3.6 / streets.detour

    def speed_kmh(self, mode: str) -> float:
        """Speed of a street mode [km/h]."""
        streets = self.network.streets
        if (asked := street_speed(self.query, mode)) is not None:
            return asked
        return float(streets.speeds_kmh[mode] if isinstance(streets, CrowFly) else graph_of(streets, mode).speed_kmh)

    def frame(self, bounds: Bounds) -> Frame:
        """Grid over the bounds asked for, else over these."""
        if self.canvas.lattice is not None:
            return self.canvas.lattice.frame
        return frame_around(self.canvas.bounds or bounds, cell_m=self.canvas.cell_m, epsg=self.network.epsg)


def _street_surface(request: _Request) -> tuple[np.ndarray, Frame, tuple[Note, ...]]:
    """Walk, bike or car."""
    mode, streets = request.query.on_streets(request.query.mode), request.network.streets
    if isinstance(streets, CrowFly) and request.query.max_stress is not None:
        raise refusal("streets.stress_unknown")
    if isinstance(streets, CrowFly):
        frame = request.frame(_box(request.xy, request.reach_m(mode, request.query.max_s) + request.canvas.cell_m))
        values = nearest_site_times(frame, request.xy, streets=streets, speed_kmh=request.speed_kmh(mode))
        return values, frame, ()
    limit_s = request.query.max_s
    return street_values(request.network, request.xy, request.query, request.canvas, mode=mode, limit_s=limit_s)


def _foot_m(query: Query) -> float:
    """Farthest from a stop [m]."""
    return max(query.max_access_s, query.max_egress_s) * max(query.walk_kmh, query.bike_kmh) / 3.6


def _window_box(request: _Request) -> Bounds:
    """Around the sites and every stop that the fastest vehicle could come from."""
    timetable = request.network.timetable
    assert timetable is not None  # noqa: S101 — the caller has looked
    stops_xy = np.column_stack((timetable.stop_x, timetable.stop_y))
    near = np.hypot(*(stops_xy[:, None] - request.xy[None]).T).min(axis=0) <= request.query.max_s * _FASTEST_M_S
    booked = booked_box(request.network, request.xy, request.query)
    return _box(np.vstack([request.xy, stops_xy[near], booked]), _foot_m(request.query))


def instants_over(
    network: Network,
    xy: np.ndarray,
    query: Query,
    reduce: Callable[[np.ndarray], np.ndarray],
    *,
    reverse: bool,
    cell_m: float,
) -> tuple[np.ndarray, Frame]:
    """Reduce the times of every moment of a window to one value a cell, around the sites and the stops near them.

    Parameters
    ----------
    network : Network
    xy : ndarray of float64, shape (n, 2)
        Sites [m].
    query : Query
        With a mode that boards vehicles.
    reduce : function
        From float32 (n_moments, rows, cols) [s], infinite where there is none, to (rows, cols).
    reverse : bool
    cell_m : float
        [m].

    Returns
    -------
    values : ndarray of float32, shape (rows, cols)
    frame : Frame

    Raises
    ------
    InputError
        When the network has no timetable.
    """
    canvas = Canvas(cell_m=cell_m, reverse=reverse)
    request = _Request(network, xy, query, canvas)
    if network.timetable is None:
        raise refusal("no_timetable_gtfs")
    frame = request.frame(_window_box(request))
    values = over_moments(network, xy, frame, query, reduce, canvas)
    return values, frame


def _transit_surface(request: _Request) -> tuple[np.ndarray, Frame, tuple[Note, ...]]:
    """Every mode that boards vehicles."""
    network, query, reverse = request.network, request.query, request.canvas.reverse
    timetable = network.timetable
    if timetable is None:
        raise refusal("no_timetable")
    instant_s = one_instant(query, reverse=reverse)
    stops_xy = np.column_stack((timetable.stop_x, timetable.stop_y))
    lattice, barriers = request.canvas.lattice, request.canvas.barriers
    if instant_s is None:
        frame = request.frame(_window_box(request))
        values = percentile_times(network, request.xy, frame, query, request.canvas)
        return values, frame, ()
    stop_s = stop_seconds(network, request.xy, query, reverse=reverse)
    booked = booked_box(network, request.xy, query)
    frame = request.frame(_box(np.vstack([request.xy, stops_xy[stop_s >= 0], booked]), _foot_m(query)))
    ground = prepare_ground(network, frame, query, reverse=reverse, lattice=lattice, barriers=barriers)
    direct = direct_values(network, request.xy, frame, query, reverse=reverse, barriers=barriers)
    return each_moment(ground, request.xy, direct=direct, stop_s=[stop_s])[0], frame, ()


def travel_time_surface(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    mode: str | Sequence[str] = "walk",
    depart: WindowLike | None = None,
    arrive: WindowLike | None = None,
    earliest: ClockLike | None = None,
    percentile: float = 50,
    max_minutes: MinutesLike = 60.0,
    cell_m: float = 50.0,
    reverse: bool = False,
    bounds: Bounds | None = None,
    lattice: Lattice | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    **limits: Unpack[Limits],
) -> Surface:
    """Door-to-door time between every cell and the nearest of the sites.

    Parameters
    ----------
    network : Network
    sites : geopandas.GeoDataFrame
        Points with a CRS; rows without position are left out.
    mode : str, Mode or sequence of str
        ``walk``, ``bike``, ``car``, ``transit``, or a mix of `Mode` without parking.
    depart, arrive : str, time, datetime, Window or pair of them, optional
        ``"08:00"`` or ``"07:00-09:00"``; exactly one of them for transit, none for the others.
    earliest : str, time, datetime or int, optional
        No departure before this time; for `arrive`.
    percentile : int
        Percentile over the window, 0–100; 50 is the median.
    max_minutes : float or timedelta
        Longest time of interest [min].
    cell_m : float
        Cell size [m].
    reverse : bool
        False: from the sites to the cells; True: who can reach them.
    bounds : tuple of float, optional
        West, south, east, north in the metric CRS [m]; default: as far as the sites reach.
    lattice : Lattice, optional
        From `prepare_lattice`, to serve many requests on the same streets; it fixes the cell size.
    barriers : geopandas.GeoDataFrame, optional
        Water and no-go areas (polygons): no cell is reached through them.
    **limits
        Other fields of `Query`: ``walk_kmh``, ``max_access_s``, ``max_rides`` …

    Returns
    -------
    Surface

    Raises
    ------
    InputError
        For a query that contradicts itself, sites without position, a mode the network was not built for.
    CapacityError
        When the grid is too fine for the area.

    Examples
    --------
    >>> from shapely import Point
    >>> sites = gpd.GeoDataFrame(geometry=[Point(700000, 6600000)], crs=2154)
    >>> network = Network(2154, CrowFly(2154, detour=1.2), None, {})
    >>> surface = travel_time_surface(network, sites, max_minutes=10, walk_kmh=4.32)
    >>> surface.at(np.array([[700300.0, 6600400.0]])).tolist()
    [500.0]
    """
    query = make_surface_query(
        network,
        mode=mode,
        depart=depart,
        arrive=arrive,
        earliest=earliest,
        percentile=percentile,
        max_minutes=max_minutes,
        **limits,
    )
    canvas = Canvas(cell_m, reverse, bounds, lattice, walls_of(barriers, network))
    return query_surface(network, sites, query, canvas)


def walls_of(barriers: gpd.GeoDataFrame | None, network: Network) -> shapely.Geometry | None:
    """Return barriers as one geometry in the network's CRS, as a `Canvas` has them."""
    if barriers is None:
        return None
    return shapely.union_all(to_metric(read_layer(barriers, "barriers"), network.epsg).make_valid().to_numpy())


def query_surface(network: Network, sites: gpd.GeoDataFrame, query: Query, canvas: Canvas | None = None) -> Surface:
    """Answer a query, such as a public's, at every cell.

    Parameters
    ----------
    network, sites
        See `travel_time_surface`.
    query : Query
        With one percentile.
    canvas : Canvas, optional

    Returns
    -------
    Surface

    Raises
    ------
    InputError, CapacityError
    """
    canvas = canvas or Canvas()
    query.validate()
    xy = site_positions(sites, epsg=network.epsg)
    request = _Request(network, xy, query, canvas)
    values, frame, notes = _transit_surface(request) if query.uses_transit else _street_surface(request)
    values = np.where(values <= query.max_s + MARGIN_S, values, np.float32(np.nan))
    if canvas.barriers is not None and (query.uses_transit or isinstance(network.streets, CrowFly)):
        values[blocked_cells(frame, canvas.barriers)] = np.nan
    said = [*network.warnings, *car_notes(network.streets, query.mode), *notes]
    straight = isinstance(network.streets, CrowFly)
    return Surface(values, frame, query, canvas.reverse, straight, network.inputs, tuple(said))
