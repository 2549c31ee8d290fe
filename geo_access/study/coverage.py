"""How much of the population a street file covers, told before anything is computed from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from geo_access.sources.places.population import read_population

__all__ = ["share_covered"]

# Larger files without an extent in their header are the extracts of whole regions: reading them through takes minutes.
_MOST_BYTES = 30_000_000
_MARGIN_DEG = 0.005


def share_covered(streets: Sequence[Path], points: Path) -> float:
    """Share of the population that lies within the extents of street files, or half a kilometre from them.

    An extent is a rectangle: 1 means that nothing speaks against the files, not that each point has a street.

    Parameters
    ----------
    streets : sequence of pathlib.Path
        OpenStreetMap files.
    points : pathlib.Path
        Populated points, as `geo_access.sources.places.population.read_population` reads them.

    Returns
    -------
    float
        From 0 to 1; 1 where an extent is not known or nobody lives at the points.
    """
    homes, _ = read_population(points)
    homes = homes[(homes["population"] > 0) & homes.geometry.notna() & ~homes.geometry.is_empty].to_crs(4326)
    people = homes["population"].to_numpy(dtype=np.float64)
    lon, lat = homes.geometry.x.to_numpy(), homes.geometry.y.to_numpy()
    covered = np.zeros(len(homes), dtype=bool)
    for path in streets:
        extent = _extent(path)
        if extent is None:
            return 1.0
        west, south, east, north = extent
        covered |= (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    return float(people[covered].sum() / people.sum()) if people.sum() > 0 else 1.0


def _extent(path: Path) -> tuple[float, float, float, float] | None:
    """West, south, east and north [°] of a file, with a margin; as its header says, else of its nodes."""
    import osmium  # noqa: PLC0415 — importing the room stays cheap
    from osmium.osm.types import Node  # noqa: PLC0415

    try:
        with osmium.io.Reader(str(path), osmium.osm.osm_entity_bits.NOTHING) as reader:
            box = reader.header().box()
        if box.valid():
            low, high = box.bottom_left, box.top_right
            corners = np.array([[low.lon, low.lat], [high.lon, high.lat]])
        elif path.stat().st_size > _MOST_BYTES:
            return None
        else:
            nodes = (each for each in osmium.FileProcessor(str(path), osmium.osm.NODE) if isinstance(each, Node))
            corners = np.array([[node.lon, node.lat] for node in nodes if node.location.valid()])
    except (RuntimeError, OSError):
        return None
    if not len(corners):
        return None
    (west, south), (east, north) = corners.min(axis=0) - _MARGIN_DEG, corners.max(axis=0) + _MARGIN_DEG
    return float(west), float(south), float(east), float(north)
