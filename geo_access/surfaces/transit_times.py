"""Times at cells by the timetable: from the vehicles' stops on foot, or all the way without a vehicle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import shapely
from numba import get_num_threads

from geo_access.network.model import CrowFly, Network, Streets
from geo_access.network.search.links import link_points
from geo_access.routing.legs import link, mode_legs, street_speed
from geo_access.routing.query import Query, Window
from geo_access.routing.spread import stop_arrivals
from geo_access.surfaces.crow_fly import nearest_site_times, spread_from_points
from geo_access.surfaces.lattice import Canvas, Frame, Lattice
from geo_access.surfaces.on_demand import booked_values
from geo_access.surfaces.stop_reach import StopReach, stop_reach
from geo_access.surfaces.street_times import MARGIN_S, check_lattice, lattice_for, street_values
from geo_access.times.core import percentile_ranks
from geo_access.words.told import refusal

__all__ = [
    "Ground",
    "direct_values",
    "each_moment",
    "moments",
    "one_instant",
    "over_moments",
    "percentile_times",
    "prepare_ground",
    "stop_seconds",
]

# Times of all moments held at once: 256 MB of float32.
_VALUES_AT_ONCE = 64_000_000


def one_instant(query: Query, *, reverse: bool) -> int | None:
    """Instant at the sites from which one pass over the timetable answers; None when the question is another.

    Parameters
    ----------
    query : Query
        With a mode that boards vehicles.
    reverse : bool
        Whether the sites are the destinations.

    Returns
    -------
    int or None
        Departure from the sites, or deadline at them [s].
    """
    window: Window | None = query.arrive if reverse else query.depart
    return window.start_s if window is not None and window.count == 1 else None


def stop_seconds(network: Network, site_xy: np.ndarray, query: Query, *, reverse: bool) -> np.ndarray:
    """Seconds between the nearest site and each stop, at the one instant of the query.

    Parameters
    ----------
    network : Network
        With a timetable.
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    query : Query
    reverse : bool
        False: from the sites; True: to them.

    Returns
    -------
    ndarray of float32, shape (n_stops,)
        [s]; NaN where no vehicle comes.
    """
    legs = mode_legs(query)
    doors = link(network, site_xy, legs.end if reverse else legs.start, query)
    return stop_arrivals(network, doors, query=query, reverse=reverse)


@dataclass(frozen=True, eq=False)
class Ground:
    """The grid that is asked for, and how its cells are reached from the stops.

    Attributes
    ----------
    network : Network
        With a timetable.
    frame : Frame
    query : Query
    reverse : bool
        From the cells to the stops.
    reach : StopReach or None
        None over straight lines.
    barriers : shapely geometry, optional
        Metric CRS; no cell is reached across them.
    """

    network: Network
    frame: Frame
    query: Query
    reverse: bool
    reach: StopReach | None
    barriers: shapely.Geometry | None = None

    def from_stops(self, stop_s: np.ndarray) -> np.ndarray:
        """Find the times at cells by way of the stops, float32 (rows, cols) [s]; infinite where none serves the cell.

        Parameters
        ----------
        stop_s : ndarray of float32, shape (n_stops,)
            From `stop_seconds`.
        """
        frame, query = self.frame, self.query
        if self.reach is not None:
            return _on_frame(self.reach, frame, stop_s, max_s=query.max_s + MARGIN_S)
        timetable, streets = self.network.timetable, self.network.streets
        assert timetable is not None and isinstance(streets, CrowFly)  # noqa: S101, PT018 — the caller has looked
        mode, limit_s = _cell_mode(query, reverse=self.reverse)
        speed = street_speed(query, mode) or float(streets.speeds_kmh[mode])
        values = np.full((frame.rows, frame.cols), np.inf, np.float32)
        spread_from_points(
            values,
            np.column_stack((timetable.stop_x, timetable.stop_y)),
            stop_s,
            (frame.origin_x, frame.origin_y, frame.cell_m),
            streets.detour * 3.6 / speed,
            float(limit_s),
        )
        return values


def _on_frame(reach: StopReach, frame: Frame, stop_s: np.ndarray, *, max_s: float) -> np.ndarray:
    """Lay the cells of the lattice that are on the frame."""
    values = np.full((frame.rows, frame.cols), np.inf, np.float32)
    rows, cols = reach.lattice.frame.window(frame.bounds)
    found = reach.cells(stop_s, rows=rows, cols=cols, max_s=max_s)
    found, part = _shared_part(found, reach.lattice.frame.part(rows, cols), frame)
    values[part] = found
    return values


def _cell_mode(query: Query, *, reverse: bool) -> tuple[str, int]:
    """Street mode between the cells and the stops, and its longest ride or walk [s]."""
    legs = mode_legs(query)
    return (legs.start, query.max_access_s) if reverse else (legs.end, query.max_egress_s)


def prepare_ground(
    network: Network,
    frame: Frame,
    query: Query,
    *,
    reverse: bool,
    lattice: Lattice | None = None,
    barriers: shapely.Geometry | None = None,
) -> Ground:
    """Make the way between stops and cells ready, once for all moments of the query.

    Parameters
    ----------
    network : Network
        With a timetable.
    frame : Frame
    query : Query
    reverse : bool
    lattice : Lattice, optional
        Prepared for the mode between stops and cells.
    barriers : shapely geometry, optional
        Metric CRS; no cell is reached across them.

    Returns
    -------
    Ground
    """
    if isinstance(network.streets, CrowFly):
        return Ground(network, frame, query, reverse, None, barriers)
    mode, limit_s = _cell_mode(query, reverse=reverse)
    if lattice is None:
        lattice = lattice_for(
            network.streets,
            mode,
            cell_m=frame.cell_m,
            limit_m=query.link_limit_m,
            bounds=frame.bounds,
            barriers=barriers,
        )
    else:
        check_lattice(lattice, network.streets, mode)
    speed = street_speed(query, mode)
    return Ground(
        network,
        frame,
        query,
        reverse,
        _reach(network, lattice, query.link_limit_m, speed, query.walk_kmh, float(limit_s), reverse),
        barriers,
    )


@lru_cache(maxsize=4)
def _reach(
    network: Network,
    lattice: Lattice,
    link_limit_m: float,
    speed_kmh: float | None,
    walk_kmh: float,
    limit_s: float,
    reverse: bool,
) -> StopReach:
    """Keep the stops on their streets for the next request on the same network and grid."""
    timetable, streets = network.timetable, network.streets
    assert timetable is not None and isinstance(streets, Streets)  # noqa: S101, PT018 — the caller has looked
    stops = link_points(
        streets,
        np.column_stack((timetable.stop_x, timetable.stop_y)),
        mode=lattice.mode,
        limit_m=link_limit_m,
        connector_kmh=walk_kmh,
    )
    return stop_reach(streets, stops, lattice, speed_kmh=speed_kmh, walk_kmh=walk_kmh, limit_s=limit_s, reverse=reverse)


def direct_values(
    network: Network,
    site_xy: np.ndarray,
    frame: Frame,
    query: Query,
    *,
    reverse: bool,
    barriers: shapely.Geometry | None = None,
) -> np.ndarray:
    """Find the times at cells without any vehicle of the timetable.

    Parameters
    ----------
    network : Network
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    frame : Frame
    query : Query
        With a mode that boards vehicles.
    reverse : bool
    barriers : shapely geometry, optional
        Metric CRS; no cell is reached across them.

    Returns
    -------
    ndarray of float32, shape (rows, cols)
        [s]; infinite where too far.
    """
    streets = network.streets
    values = np.full((frame.rows, frame.cols), np.inf, np.float32)
    for mode, limit_s in mode_legs(query).direct:
        if isinstance(streets, CrowFly):
            speed = street_speed(query, mode) or float(streets.speeds_kmh[mode])
            found = nearest_site_times(frame, site_xy, streets=streets, speed_kmh=speed)
            part = (slice(0, frame.rows), slice(0, frame.cols))
        else:
            canvas = Canvas(cell_m=frame.cell_m, reverse=reverse, barriers=barriers)
            found, where, _ = street_values(network, site_xy, query, canvas, mode=mode, limit_s=limit_s)
            found, part = _shared_part(found, where, frame)
        found = np.where(found <= limit_s, found, np.float32(np.inf))
        values[part] = np.minimum(values[part], found)
    return values


def _shared_part(found: np.ndarray, where: Frame, frame: Frame) -> tuple[np.ndarray, tuple[slice, slice]]:
    """Part of `found` that lies on `frame`, and where: both grids are aligned on multiples of the cell."""
    row = round((where.origin_y - frame.origin_y) / frame.cell_m)
    col = round((where.origin_x - frame.origin_x) / frame.cell_m)
    first_row, last_row = max(0, row), min(frame.rows, row + where.rows)
    first_col, last_col = max(0, col), min(frame.cols, col + where.cols)
    if last_row <= first_row or last_col <= first_col:
        return found[:0, :0], (slice(0, 0), slice(0, 0))
    cut = found[first_row - row : last_row - row, first_col - col : last_col - col]
    return cut, (slice(first_row, last_row), slice(first_col, last_col))


def moments(query: Query) -> tuple[Query, ...]:
    """Return the query at each instant of its window, or at each of its deadlines."""
    window = query.arrive if query.depart is None else query.depart
    if window is None:
        raise refusal("no_moment")
    instants = [window.start_s + k * window.step_s for k in range(window.count)]
    if query.depart is None:
        return tuple(replace(query, arrive=Window(instant, instant)) for instant in instants)
    return tuple(replace(query, depart=Window(instant, instant)) for instant in instants)


def each_moment(
    ground: Ground, site_xy: np.ndarray, *, direct: np.ndarray, stop_s: Sequence[np.ndarray] | None = None
) -> np.ndarray:
    """Find the times at the cells at each moment of the query, from the site that is best each time.

    Parameters
    ----------
    ground : Ground
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    direct : ndarray of float32, shape (rows, cols)
        Without a vehicle [s], infinite where too far.
    stop_s : sequence of ndarray, optional
        `stop_seconds` at each moment, where they are known.

    Returns
    -------
    ndarray of float32, shape (n_moments, rows, cols)
        [s]; infinite where there is none.
    """
    network, query, reverse = ground.network, ground.query, ground.reverse
    asked = moments(query)
    known = stop_s if stop_s is not None else [stop_seconds(network, site_xy, one, reverse=reverse) for one in asked]
    found = np.empty((len(asked), *direct.shape), np.float32)
    booked = booked_values(
        network, site_xy, ground.frame, query, reverse=reverse, margin_s=MARGIN_S, barriers=ground.barriers
    )

    def fill(k: int) -> None:
        values = np.minimum(ground.from_stops(known[k]), direct)
        if booked is not None:
            values = np.minimum(values, booked[k])
        arrive = asked[k].arrive
        if query.earliest_s is not None and arrive is not None:
            values[values > arrive.start_s - query.earliest_s] = np.inf
        found[k] = values

    with ThreadPoolExecutor(get_num_threads()) as threads:
        list(threads.map(fill, range(len(asked))))
    return found


def percentile_times(network: Network, site_xy: np.ndarray, frame: Frame, query: Query, canvas: Canvas) -> np.ndarray:
    """Percentile over the moments of the query of the times at each cell.

    Parameters
    ----------
    network, frame, query
        See `prepare_ground`; the query has one percentile.
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    canvas : Canvas

    Returns
    -------
    ndarray of float32, shape (rows, cols)
        [s]; infinite where there is none.
    """
    rank = int(percentile_ranks(query.percentiles, len(moments(query)))[0])

    def reduce(times: np.ndarray) -> np.ndarray:
        times[times > query.max_s + MARGIN_S] = np.inf
        return np.partition(times, rank, axis=0)[rank]

    return over_moments(network, site_xy, frame, query, reduce, canvas)


def over_moments(
    network: Network,
    site_xy: np.ndarray,
    frame: Frame,
    query: Query,
    reduce: Callable[[np.ndarray], np.ndarray],
    canvas: Canvas,
) -> np.ndarray:
    """Reduce the times of all moments cell by cell, some rows of the grid at a time.

    Parameters
    ----------
    network, frame, query
        See `prepare_ground`.
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    reduce : function
        From float32 (n_moments, rows, cols) [s], infinite where there is none, to (rows, cols).

    canvas : Canvas
        Its bounds and cell size are those of the frame.

    Returns
    -------
    ndarray of float32, shape (rows, cols)
    """
    asked = moments(query)
    stop_s = [stop_seconds(network, site_xy, one, reverse=canvas.reverse) for one in asked]
    direct = direct_values(network, site_xy, frame, query, reverse=canvas.reverse, barriers=canvas.barriers)
    step = max(1, _VALUES_AT_ONCE // (len(asked) * max(1, frame.cols)))
    parts = []
    for row in range(0, frame.rows, step):
        rows = slice(row, min(row + step, frame.rows))
        some = frame.part(rows, slice(0, frame.cols))
        ground = prepare_ground(
            network, some, query, reverse=canvas.reverse, lattice=canvas.lattice, barriers=canvas.barriers
        )
        parts.append(reduce(each_moment(ground, site_xy, direct=direct[rows], stop_s=stop_s)))
    return np.concatenate(parts).astype(np.float32, copy=False)
