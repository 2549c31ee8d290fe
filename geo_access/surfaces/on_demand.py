"""Times at cells by services on demand: who can book from here, alone and on the way to or from a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from geo_access.network.model import Network
from geo_access.routing.flex import Offers, offers_of
from geo_access.routing.query import Query
from geo_access.surfaces.lattice import Frame
from geo_access.times.core import instant_times

__all__ = ["booked_box", "booked_values"]

# Times held at once: 32 MB of float32 before the nearest site is taken.
_TIMES_AT_ONCE = 8_000_000
# No service on demand drives farther: 130 km/h.
_FASTEST_M_S = 36.0


def _zones(offers: Offers) -> list[shapely.Geometry]:
    """Zones that a ride which is open starts or ends in."""
    rides = offers.rides
    places = np.unique(np.concatenate((rides.origin[offers.open_], rides.target[offers.open_])))
    return [zone for place in places.tolist() if (zone := offers.zones[place]) is not None]


def booked_box(network: Network, site_xy: np.ndarray, query: Query) -> np.ndarray:
    """Corners of what services on demand may reach from the sites within the query, float64 (k, 2) [m].

    Parameters
    ----------
    network : Network
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    query : Query

    Returns
    -------
    ndarray of float64, shape (k, 2)
        [m]; none where the query does not book, or there is nothing to book.
    """
    offers = offers_of(network, query)
    zones = [] if offers is None else _zones(offers)
    if not zones:
        return np.empty((0, 2))
    far_m = query.max_s * _FASTEST_M_S
    near = shapely.box(*(site_xy.min(axis=0) - far_m), *(site_xy.max(axis=0) + far_m))
    west, south, east, north = shapely.bounds(shapely.intersection(near, shapely.box(*shapely.total_bounds(zones))))
    return np.empty((0, 2)) if np.isnan(west) else np.array([[west, south], [east, north]])


def booked_values(
    network: Network,
    site_xy: np.ndarray,
    frame: Frame,
    query: Query,
    *,
    reverse: bool,
    margin_s: float,
    barriers: shapely.Geometry | None = None,
) -> np.ndarray | None:
    """Find the times at the cells with services on demand, at each moment of the query.

    Each cell is asked as a door in its middle: zones, windows and the change to a line are those of the matrices.

    Parameters
    ----------
    network : Network
    site_xy : ndarray of float64, shape (n, 2)
        [m].
    frame : Frame
    query : Query
    reverse : bool
        False: from the sites; True: to them.
    margin_s : float
        How much longer than the query's limit a time may be [s].
    barriers : shapely geometry, optional
        Metric CRS; no cell lies in them.

    Returns
    -------
    ndarray of float32, shape (n_moments, rows, cols), or None
        [s], infinite where there is none; None where the query does not book, or there is nothing to book.
    """
    offers = offers_of(network, query)
    if offers is None or not offers.open_.any():
        return None
    window = query.arrive if query.depart is None else query.depart
    x, y = (part.ravel() for part in np.meshgrid(frame.x, frame.y))
    asked = _served(offers, site_xy, x, y)
    if barriers is not None:
        asked &= ~shapely.contains_xy(barriers, x, y)
    count = 1 if window is None else window.count
    values = np.full((count, len(x)), np.inf, np.float32)
    longer = replace(query, max_s=int(query.max_s + margin_s))
    step = max(1, _TIMES_AT_ONCE // (count * len(site_xy)))
    cells = np.flatnonzero(asked)
    for first in range(0, len(cells), step):
        mine = cells[first : first + step]
        doors = np.column_stack((x[mine], y[mine]))
        ends = (doors, site_xy) if reverse else (site_xy, doors)
        times = instant_times(network, *ends, longer)
        best = np.where(np.isnan(times), np.float32(np.inf), times).min(axis=1 if reverse else 0)
        values[:, mine] = best.T
    return values.reshape(count, frame.rows, frame.cols)


def _served(offers: Offers, site_xy: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cells to which a ride may matter: those in a zone, or all where a ride serves the sites or stops of lines."""
    zones = _zones(offers)
    rides = offers.rides
    places = np.concatenate((rides.origin[offers.open_], rides.target[offers.open_]))
    to_stops = any(offers.zones[place] is None for place in np.unique(places).tolist())
    at_sites = any(shapely.contains_xy(zone, site_xy[:, 0], site_xy[:, 1]).any() for zone in zones)
    if to_stops or at_sites:
        return np.ones(len(x), dtype=bool)
    inside = np.zeros(len(x), dtype=bool)
    for zone in zones:
        inside |= shapely.contains_xy(zone, x, y)
    return inside
