"""Points as users give them: a layer with ids, checked once, turned into metres."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from geo_access.crs import to_metric
from geo_access.errors import raise_faults
from geo_access.given import read_layer
from geo_access.network.model import Network
from geo_access.network.search.links_checks import check_coverage, check_places
from geo_access.words.told import fault

__all__ = ["Points", "read_points", "select_points", "take_points"]

# No street link reaches this far: points all beyond it were given in another place or another CRS.
_NOWHERE_M = 1.0e9


@dataclass(frozen=True, eq=False)
class Points:
    """Points ready for a search.

    Attributes
    ----------
    ids : ndarray of object, shape (n,)
        The user's own.
    xy : ndarray of float64, shape (n, 2)
        [m]; far outside any network where the position is unknown.
    known : ndarray of bool, shape (n,)
        Whether the row has a position.
    """

    ids: np.ndarray
    xy: np.ndarray
    known: np.ndarray


def read_points(layer: gpd.GeoDataFrame, network: Network, *, name: str, id_column: str = "id") -> Points:
    """Check a layer of points and bring it to the network's CRS.

    Parameters
    ----------
    layer : geopandas.GeoDataFrame
        Column `id_column` and points; a missing geometry is kept, as a point that cannot be linked.
    network : Network
    name : str
        What to call the layer in messages.
    id_column : str

    Returns
    -------
    Points

    Raises
    ------
    InputError
        With every fault found: no rows, no ids, duplicate ids, no CRS, other geometry than points.
    SnapError
        With every point that looks swapped, like degrees, or sits at (0, 0).
    CoverageError
        When no point lies within 50 km of the network.
    """
    layer = read_layer(layer, name)
    faults = []
    if len(layer) == 0:
        faults.append(fault(name, "points.none"))
    if id_column not in layer.columns:
        faults.append(fault(name, "points.no_id", column=id_column))
    else:
        ids = layer[id_column]
        if ids.isna().any():
            faults.append(fault(name, "points.without_id", n=int(ids.isna().sum())))
        twice = ids[ids.astype(str).duplicated()].astype(str).unique()
        if len(twice):
            faults.append(fault(name, "points.ids_twice", ids=", ".join(twice[:5])))
    if layer.crs is None:
        faults.append(fault(name, "layer_no_crs_degrees"))
    known = ~(layer.geometry.isna() | layer.geometry.is_empty).to_numpy()
    other = sorted(set(layer.geometry[known].geom_type) - {"Point"})
    if other:
        faults.append(fault(name, "points.kinds", kinds=", ".join(other)))
    raise_faults(faults)
    metric = to_metric(layer, network.epsg).geometry
    xy = np.full((len(layer), 2), _NOWHERE_M)
    xy[known, 0] = metric[known].x.to_numpy()
    xy[known, 1] = metric[known].y.to_numpy()
    _refuse_misplaced(xy, known, layer[id_column].tolist(), network, name)
    finite = np.isfinite(xy).all(axis=1)
    xy[~finite] = _NOWHERE_M
    known &= finite
    check_coverage(xy[known], network, name)
    return Points(layer[id_column].to_numpy(dtype=object), xy, known)


def select_points(points: Points, rows: slice) -> Points:
    """Return a block of points."""
    return Points(points.ids[rows], points.xy[rows], points.known[rows])


def take_points(points: Points, rows: np.ndarray) -> Points:
    """Return some points, in the order of their rows."""
    return Points(points.ids[rows], points.xy[rows], points.known[rows])


def _refuse_misplaced(xy: np.ndarray, known: np.ndarray, ids: list[object], network: Network, name: str) -> None:
    rows = np.flatnonzero(known)
    check_places(xy[rows], network, name, ids=[ids[row] for row in rows])
