"""Which zones and rows of a study count: several layers of zones as one, and masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.errors import Fault, raise_faults
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.report import ReadingReport
from geo_access.study.sections import Table
from geo_access.words.note import note
from geo_access.words.told import fault

__all__ = ["joined_zones", "masked", "masked_zones"]


def _area(path: Path) -> shapely.Geometry:
    """Union of the polygons of a mask, in degrees."""
    table: Any = read_table(path)
    shaped = isinstance(table, gpd.GeoDataFrame)
    polygons = table[table.geometry.notna() & table.geom_type.isin(("Polygon", "MultiPolygon"))] if shaped else table
    if not shaped or polygons.empty or table.crs is None:
        unplaced = shaped and not polygons.empty
        what, key = ("the layer does not say its CRS", "mask.no_crs") if unplaced else ("no polygon", "mask.empty")
        raise_faults([Fault(path.name, what, "a mask is a layer of polygons with a CRS", key=key)])
    if not np.isfinite(shapely.get_coordinates(polygons.geometry.to_numpy())).all():
        raise_faults([fault(path.name, "places.zone_nowhere")])
    return shapely.union_all(shapely.make_valid(polygons.to_crs(4326).geometry.to_numpy()))


def masked(read: tuple[gpd.GeoDataFrame, ReadingReport], table: Table) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    """Keep the points of a table that lie in its mask; those without position stay, and are counted as such.

    Parameters
    ----------
    read : (geopandas.GeoDataFrame, ReadingReport)
        As a reader gave them; EPSG:4326.
    table : Table
        Section of the study file.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        With a note of how many were left out.

    Raises
    ------
    InputError
        When the mask holds no polygon, or nothing lies in it.
    """
    if table.mask is None:
        return read
    frame, report = read
    outside = frame.geometry.notna().to_numpy() & ~shapely.intersects(_area(table.mask), frame.geometry.to_numpy())
    kept = _kept(frame, outside, table)
    said = note("tables.mask", file=table.file.name, mask=table.mask.name, n=int(outside.sum()), kept=len(kept))
    notes: list[Any] = [*report.notes, said]
    return kept, replace(report, notes=tuple(notes))


def masked_zones(zones: gpd.GeoDataFrame, table: Table) -> gpd.GeoDataFrame:
    """Keep the zones whose inner point lies in the mask of their layer.

    Parameters
    ----------
    zones : geopandas.GeoDataFrame
        EPSG:4326.
    table : Table
        Section of the study file.

    Returns
    -------
    geopandas.GeoDataFrame
        ``attrs["notes"]`` gains how many were left out.

    Raises
    ------
    InputError
        When the mask holds no polygon, or no zone lies in it.
    """
    if table.mask is None:
        return zones
    inner = zones.geometry.representative_point().to_numpy()
    outside = ~shapely.intersects(_area(table.mask), inner)
    kept = _kept(zones, outside, table)
    said = note("tables.mask", file=table.file.name, mask=table.mask.name, n=int(outside.sum()), kept=len(kept))
    kept.attrs["notes"] = [*zones.attrs.get("notes", ()), said]
    return kept


def _kept(frame: gpd.GeoDataFrame, outside: object, table: Table) -> gpd.GeoDataFrame:
    kept = frame[~pd.Series(outside, index=frame.index)].reset_index(drop=True)
    if kept.empty and table.mask is not None:
        values = {"mask": table.mask.name}
        what = f"nothing lies in the mask {table.mask.name}"
        fault = Fault(table.file.name, what, "check both", key="mask.none", values=values)
        raise_faults([fault])
    return kept


def joined_zones(layers: Sequence[tuple[Table, Callable[[], gpd.GeoDataFrame]]]) -> gpd.GeoDataFrame:
    """Read several layers of zones as one table, in their order.

    Parameters
    ----------
    layers : sequence of (Table, callable)
        Each section, and what reads it.

    Returns
    -------
    geopandas.GeoDataFrame
        As `read_zones`; ``attrs["notes"]`` of all.

    Raises
    ------
    InputError
        For a code that two layers give.
    """
    parts = [masked_zones(read(), table) for table, read in layers]
    zones = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)
    twice = zones.loc[zones["zone_id"].duplicated(), "zone_id"].unique()
    raise_faults(
        Fault(
            f"origins: zone {code}",
            "two layers give this code",
            "leave it out of one: where or mask",
            key="zones_in_two_layers",
        )
        for code in twice
    )
    zones.attrs["notes"] = [each for part in parts for each in part.attrs.get("notes", ())]
    return zones
