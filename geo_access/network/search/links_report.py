"""What became of each point when it was put onto the streets, as a layer one can look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geo_access.network.model import CrowFly, Streets
from geo_access.network.search.links import LINK_REASONS, Links

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["link_report", "write_link_report"]


def link_report(streets: Streets | CrowFly, links: Links, *, ids: Sequence[object]) -> gpd.GeoDataFrame:
    """List every point with the street it was linked to.

    Parameters
    ----------
    streets : Streets or CrowFly
    links : Links
    ids : sequence
        The user's own id of each point.

    Returns
    -------
    geopandas.GeoDataFrame
        ``id, mode, reason`` (``OK``, ``NO_POSITION``, ``BEYOND_LIMIT``), ``distance_m`` (also given beyond the limit,
        NaN where nothing is within 2 km), ``access_connector_s, edge_class, way_id, x_m, y_m`` (the point); the
        geometry is the line from the point to its street, None where there is none. CRS of the streets.

    Examples
    --------
    >>> from geo_access.network.search.links import link_points
    >>> plain = CrowFly(2154)
    >>> link_report(plain, link_points(plain, np.array([[1.0, 2.0]]), mode="walk"), ids=["a"]).reason.tolist()
    ['OK']
    """
    import geopandas as gpd  # noqa: PLC0415 — importing the room stays cheap
    import shapely  # noqa: PLC0415

    on_street = links.edge >= 0
    classes = np.full(len(links), "", dtype=object)
    ways = np.full(len(links), -1, dtype=np.int64)
    if isinstance(streets, Streets):
        names = np.array([*streets.class_names, ""], dtype=object)
        classes[on_street] = names[streets.edge_class[links.edge[on_street]]]
        ways[on_street] = streets.edge_way_id[links.edge[on_street]]
    ends = np.stack((np.column_stack((links.x, links.y)), np.column_stack((links.linked_x, links.linked_y))), axis=1)
    lines = np.full(len(links), None, dtype=object)
    lines[links.ok] = shapely.linestrings(ends[links.ok])
    return gpd.GeoDataFrame(
        {
            "id": list(ids),
            "mode": links.mode,
            "reason": [LINK_REASONS[code] for code in links.reason],
            "distance_m": links.distance_m,
            "access_connector_s": links.connector_s,
            "edge_class": classes,
            "way_id": ways,
            "x_m": links.x,
            "y_m": links.y,
        },
        geometry=lines,
        crs=streets.epsg,
    )


def write_link_report(report: gpd.GeoDataFrame, folder: str | Path, *, name: str = "links") -> tuple[Path, Path]:
    """Write a link report as a table and as layers to lay over a map.

    Parameters
    ----------
    report : geopandas.GeoDataFrame
        Of `link_report`, or several of them joined.
    folder : path
        Existing folder.
    name : str
        File name without ending.

    Returns
    -------
    csv, gpkg : pathlib.Path
        The table: every row, no geometry, metres and seconds to one decimal. The GeoPackage, in EPSG:4326: layer
        ``points`` with every row (no geometry where there is no position), layer ``connectors`` with the lines from
        the points that are linked to their streets.
    """
    import geopandas as gpd  # noqa: PLC0415 — importing the room stays cheap

    from geo_access.sources.tables.write import same_bytes, write_csv  # noqa: PLC0415 — likewise

    table, package = Path(folder) / f"{name}.csv", Path(folder) / f"{name}.gpkg"
    bare = report.drop(columns="geometry").round({"distance_m": 1, "access_connector_s": 1, "x_m": 1, "y_m": 1})
    write_csv(bare, table)
    package.unlink(missing_ok=True)
    placed = np.isfinite(report["x_m"]) & np.isfinite(report["y_m"])
    points = gpd.points_from_xy(report["x_m"], report["y_m"])
    points[~placed.to_numpy()] = None
    plain = bare.drop(columns=["x_m", "y_m"])
    with same_bytes():
        gpd.GeoDataFrame(plain, geometry=points, crs=report.crs).to_crs(4326).to_file(package, layer="points")
    linked = report.geometry.notna()
    lines = gpd.GeoDataFrame(plain[linked], geometry=report.geometry[linked], crs=report.crs)
    if len(lines):
        with same_bytes():
            lines.to_crs(4326).to_file(package, layer="connectors")
    return table, package
