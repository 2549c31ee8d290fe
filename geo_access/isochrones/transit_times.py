"""Times at cells by the timetable: from the vehicles' stops on foot, or all the way without a vehicle."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numba import njit

from geo_access.isochrones.crow_fly import nearest_site_times, spread_from_points
from geo_access.isochrones.lattice import Frame, cell_links
from geo_access.isochrones.street_times import street_values
from geo_access.network.model import CrowFly, Network, SparseTimes
from geo_access.routing.graphs import backward_graph, forward_graph, graph_key
from geo_access.routing.legs import link, mode_legs, stop_walks, street_speed
from geo_access.routing.profile import profile_times
from geo_access.routing.query import Query, Window
from geo_access.routing.spread import stop_arrivals
from geo_access.routing.sweep import NEVER
from geo_access.travel_times.core import percentile_ranks, samples_of

__all__ = ["direct_values", "from_stops", "one_instant", "stop_seconds", "window_times"]


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


@njit(cache=True)
def _from_table(
    values_s: np.ndarray, indptr: np.ndarray, indices: np.ndarray, seconds: np.ndarray, start_s: np.ndarray
) -> None:  # pragma: no cover - compiled
    for row in range(start_s.shape[0]):
        start = start_s[row]
        if not start >= 0.0:
            continue
        for k in range(indptr[row], indptr[row + 1]):
            value = start + seconds[k]
            if value < values_s[indices[k]]:
                values_s[indices[k]] = value


def _cell_mode(query: Query, *, reverse: bool) -> tuple[str, int]:
    """Street mode between the cells and the stops, and its longest ride or walk [s]."""
    legs = mode_legs(query)
    return (legs.start, query.max_access_s) if reverse else (legs.end, query.max_egress_s)


@lru_cache(maxsize=4)
def _stop_table(network: Network, frame: Frame, query: Query, mode: str, reverse: bool) -> SparseTimes:
    """Way between each stop and the cells around it, kept for the next request on the same network and grid."""
    cells = cell_links(network.streets, frame, mode=mode, limit_m=query.link_limit_m, walk_kmh=query.walk_kmh)
    return stop_walks(network, cells, query, mode, to_stops=reverse).transpose()


def from_stops(network: Network, frame: Frame, stop_s: np.ndarray, query: Query, *, reverse: bool) -> np.ndarray:
    """Find the times at cells by way of the stops.

    Parameters
    ----------
    network : Network
        With a timetable.
    frame : Frame
    stop_s : ndarray of float32, shape (n_stops,)
        From `stop_seconds`.
    query : Query
    reverse : bool

    Returns
    -------
    ndarray of float32, shape (rows, cols)
        [s]; infinite where no stop serves the cell.
    """
    values = np.full((frame.rows, frame.cols), np.inf, np.float32)
    mode, limit_s = _cell_mode(query, reverse=reverse)
    timetable, streets = network.timetable, network.streets
    assert timetable is not None  # noqa: S101 — the caller has looked
    if isinstance(streets, CrowFly):
        speed = street_speed(query, mode) or float(streets.speeds_kmh[mode])
        spread_from_points(
            values,
            np.column_stack((timetable.stop_x, timetable.stop_y)),
            stop_s,
            frame.origin_x,
            frame.origin_y,
            frame.cell_m,
            streets.detour * 3.6 / speed,
            float(limit_s),
        )
        return values
    walks = _stop_table(network, frame, _timeless(query), mode, reverse)
    _from_table(values.reshape(-1), walks.indptr, walks.indices, walks.seconds, stop_s)
    return values


def _timeless(query: Query) -> Query:
    """Return the query at no particular moment: walks between stops and cells are the same at all of them."""
    return replace(query, depart=Window(0, 0), arrive=None, earliest_s=None, percentiles=(50,), max_s=1)


def direct_values(network: Network, site_xy: np.ndarray, frame: Frame, query: Query, *, reverse: bool) -> np.ndarray:
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
            found, where, _ = street_values(
                network, site_xy, query, mode=mode, limit_s=limit_s, reverse=reverse, cell_m=frame.cell_m
            )
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


def _nearest_door(walks: SparseTimes) -> SparseTimes:
    """Take all sites for one: each stop is as far as it is from the nearest of them."""
    best = np.full(walks.n_cols, np.iinfo(np.int32).max, np.int32)
    np.minimum.at(best, walks.indices, walks.seconds)
    stops = np.flatnonzero(best < np.iinfo(np.int32).max).astype(np.int32)
    return SparseTimes(np.array([0, len(stops)], np.int64), stops, best[stops], walks.n_cols)


def window_times(network: Network, site_xy: np.ndarray, frame: Frame, query: Query, *, reverse: bool) -> np.ndarray:
    """Percentile over a window (or for deadlines) of the times at each cell, from the site that is best each time.

    Parameters
    ----------
    network : Network
        With a timetable.
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    frame : Frame
    query : Query
        With one percentile.
    reverse : bool

    Returns
    -------
    ndarray of float32, shape (rows, cols)
        [s]; infinite where there is none.
    """
    timetable = network.timetable
    assert timetable is not None  # noqa: S101 — the caller has looked
    legs, key, samples = mode_legs(query), graph_key(query), samples_of(query)
    doors = link(network, site_xy, legs.end if reverse else legs.start, query)
    places = _nearest_door(stop_walks(network, doors, query, legs.end if reverse else legs.start, to_stops=not reverse))
    mode, _ = _cell_mode(query, reverse=reverse)
    readers = _stop_table(network, frame, _timeless(query), mode, reverse).transpose()
    direct = direct_values(network, site_xy, frame, query, reverse=reverse).reshape(-1, 1)
    seconds, _ = profile_times(
        forward_graph(timetable, key) if reverse else backward_graph(timetable, key),
        places,
        readers,
        np.where(np.isfinite(direct), direct, NEVER).astype(np.int32),
        samples if reverse else samples.reversed(),
        max_s=query.max_s,
        max_rides=query.max_rides,
        ranks=percentile_ranks(query.percentiles, samples.count),
    )
    found = seconds[:, 0, 0].reshape(frame.rows, frame.cols)
    return np.where(np.isnan(found), np.float32(np.inf), found)
