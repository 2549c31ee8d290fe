"""How the network was met, point by point and site by site, as a table to keep."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.network.links import link_points
from geo_access.network.links_report import link_report
from geo_access.network.model import CrowFly, Network
from geo_access.study_inputs import StudyInputs

__all__ = ["links_table"]


def links_table(inputs: StudyInputs, network: Network) -> gpd.GeoDataFrame:
    """List how each point and each site was linked to the streets on foot.

    Parameters
    ----------
    inputs : StudyInputs
    network : Network

    Returns
    -------
    geopandas.GeoDataFrame
        ``table`` (points, training, employers), then the columns of `network.links_report.link_report` and the lines
        to the streets; empty over straight lines, where nothing is linked.
    """
    tables = {"points": (inputs.points, "point_id")}
    for name, sites in (("training", inputs.training), ("employers", inputs.employers)):
        if sites is not None:
            tables[name] = (sites.drop_duplicates("site_id"), "site_id")
    if isinstance(network.streets, CrowFly):
        return gpd.GeoDataFrame(
            {name: [] for name in ("table", "id", "mode", "reason", "distance_m")}, geometry=[], crs=network.epsg
        )
    parts = []
    for name, (table, identifier) in tables.items():
        links = link_points(network.streets, _positions(table, network.epsg), mode="walk")
        report = link_report(network.streets, links, ids=table[identifier].tolist())
        parts.append(report.assign(table=name))
    found = pd.concat(parts, ignore_index=True)
    return found[["table", *(column for column in found.columns if column != "table")]]


def _positions(table: gpd.GeoDataFrame, epsg: int) -> np.ndarray:
    """Coordinates in the network's CRS, NaN where there is no position; float64 (n, 2)."""
    shapes = table.geometry.to_crs(epsg).to_numpy()
    here = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    xy = np.full((len(shapes), 2), np.nan)
    xy[here] = shapely.get_coordinates(shapes[here])
    return xy
