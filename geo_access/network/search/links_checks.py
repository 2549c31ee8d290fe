"""Positions that cannot be meant: swapped, at (0, 0), degrees read as metres — found point by point, named at once.

A point that is merely far stays, with the reason ``UNSNAPPED_*``: it may be true. A point is refused when it lies
300 km or more from the territory *and* its numbers say what went wrong: exchanged they fall into the territory, or they
are a tool's default, or they are degrees. A territory where longitude and latitude are within 3° of each other cannot
show the exchange; such points stay far.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo_access.errors import CoverageError, Fault, SnapError, raise_faults
from geo_access.network.model import CrowFly, Network
from geo_access.words.told import fault, refusal

__all__ = ["Extent", "check_coverage", "check_places", "extent_of", "misplaced", "network_parts"]

_FAR_M = 300_000.0
_AROUND_M = 50_000.0
_NULL_ISLAND_M = 20_000.0
_SHOWN = 20

Extent = tuple[float, float, float, float]


def extent_of(*parts: np.ndarray) -> Extent | None:
    """West, south, east and north of some points, float64 (n, 2) each; None without any.

    Examples
    --------
    >>> extent_of(np.array([[0.0, 5.0], [2.0, 1.0]]))
    (0.0, 1.0, 2.0, 5.0)
    """
    full = [part for part in parts if len(part)]
    if not full:
        return None
    low = np.min([part.min(axis=0) for part in full], axis=0)
    high = np.max([part.max(axis=0) for part in full], axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _within(xy: np.ndarray, extent: Extent, margin_m: float) -> np.ndarray:
    low, high = np.array(extent[:2]) - margin_m, np.array(extent[2:]) + margin_m
    return np.asarray(np.all((xy >= low) & (xy <= high), axis=1))


def misplaced(
    xy: np.ndarray, *, extent: Extent | None, epsg: int, where: str = "points", ids: Sequence[object] | None = None
) -> list[Fault]:
    """List the points whose numbers cannot be what was meant.

    Parameters
    ----------
    xy : ndarray of float64, shape (n, 2)
        Points in `epsg` [m]; NaN for both where a point has no position, which is no fault.
    extent : (west, south, east, north) or None
        Of the territory, in `epsg` [m]; without it only (0, 0) and half positions are seen.
    epsg : int
        Metric CRS.
    where : str
        Name of the table, for the messages.
    ids : sequence, optional
        The points' ids, for the messages; row numbers from 1 without them.

    Returns
    -------
    list of Fault
        Empty when all is well; at most 20 points are named, the others counted.

    Examples
    --------
    >>> france = (650_000.0, 6_550_000.0, 750_000.0, 6_650_000.0)
    >>> points = np.array([[700_000.0, 6_600_000.0], [6_600_000.0, 700_000.0], [3.0, 46.5]])
    >>> [fault.what for fault in misplaced(points, extent=france, epsg=2154, where="homes", ids=["a", "b", "c"])]
    ['x and y look swapped', 'it looks like degrees, not metres of EPSG:2154']
    """
    finite = np.isfinite(xy)
    half = ~finite.all(axis=1) & ~np.isnan(xy).all(axis=1)
    told = dict.fromkeys(np.flatnonzero(half).tolist(), "point_half")
    told |= dict.fromkeys(np.flatnonzero(np.isinf(xy).any(axis=1)).tolist(), "point_unprojectable")
    placed = finite.all(axis=1)
    odd = placed if extent is None else placed & ~_within(np.where(placed[:, None], xy, 0.0), extent, _FAR_M)
    rows = np.flatnonzero(odd)
    if len(rows):
        told |= _causes(xy[rows], rows, extent, epsg)
    names = range(1, len(xy) + 1) if ids is None else ids
    kind = "row" if ids is None else "id"
    shown = sorted(told)[:_SHOWN]
    faults = [fault(f"{where}: {kind} {names[row]}", told[row], epsg=str(epsg)) for row in shown]
    if len(told) > _SHOWN:
        faults.append(fault(where, "points_more", n=len(told) - _SHOWN))
    return faults


def _causes(xy: np.ndarray, rows: np.ndarray, extent: Extent | None, epsg: int) -> dict[int, str]:
    """Say what is wrong with points far from the territory, by row; the clearest cause wins."""
    from pyproj import Transformer  # noqa: PLC0415 — importing the room stays cheap

    to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
    to_metres = Transformer.from_crs(4326, epsg, always_xy=True)
    null_x, null_y = to_metres.transform(0.0, 0.0)
    causes: list[tuple[np.ndarray, str]] = []
    if extent is not None:
        lon, lat = to_degrees.transform(xy[:, 0], xy[:, 1])
        exchanged = np.column_stack(to_metres.transform(lat, lon))
        small = (np.abs(xy) <= 180.0).all(axis=1)
        read = np.where(small[:, None], xy, np.nan)
        first = np.column_stack(to_metres.transform(read[:, 1], read[:, 0]))
        causes = [
            (_within(exchanged, extent, _AROUND_M), "point_swapped"),
            (_within(xy[:, ::-1], extent, _AROUND_M), "point_axes"),
            (small, "point_degrees"),
            (_within(first, extent, _AROUND_M), "point_degrees_swapped"),
            ((xy == 0.0).all(axis=1), "point_zero"),
        ]
    null_island = np.hypot(xy[:, 0] - null_x, xy[:, 1] - null_y) <= (_NULL_ISLAND_M if extent is not None else 1.0)
    causes.append((null_island, "point_null_island"))
    return {int(row): key for mask, key in causes for row in rows[mask]}


def network_parts(network: Network) -> list[np.ndarray]:
    """Positions of the streets' nodes and of the stops, float64 (n, 2) each [m]."""
    parts = []
    if not isinstance(network.streets, CrowFly):
        parts.append(np.column_stack((network.streets.node_x, network.streets.node_y)))
    if network.timetable is not None:
        parts.append(np.column_stack((network.timetable.stop_x, network.timetable.stop_y)))
    return parts


def check_places(xy: np.ndarray, network: Network, name: str, *, ids: Sequence[object] | None = None) -> None:
    """Refuse places whose numbers cannot be what was meant on this network.

    Parameters
    ----------
    xy : ndarray of float64, shape (n, 2)
        In the network's CRS [m].
    network : Network
    name : str
        What to call them in a message.
    ids : sequence, optional

    Raises
    ------
    SnapError
        With every place that looks swapped, like degrees, or sits at (0, 0).
    """
    extent = extent_of(*network_parts(network))
    raise_faults(misplaced(xy, extent=extent, epsg=network.epsg, where=name, ids=ids), error=SnapError)


def check_coverage(xy: np.ndarray, network: Network, name: str) -> None:
    """Refuse places of which none lies within 50 km of the network.

    Raises
    ------
    CoverageError
    """
    extent = extent_of(*network_parts(network))
    if extent is not None and len(xy) and not _within(xy, extent, _AROUND_M).any():
        raise refusal("points.far", CoverageError, name=name, n=len(xy), epsg=str(network.epsg))
