"""Other divisions of the territory that a study names: their units flagged from the same points."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from geo_access.diagnosis.diagnose import Diagnosis
from geo_access.diagnosis.zonings import Zoning, table_by_zoning
from geo_access.sources.places.population import assign_zones
from geo_access.sources.places.zones import read_zones
from geo_access.study.beside import publication
from geo_access.study.file import StudyFile
from geo_access.study.inputs import StudyInputs

__all__ = ["read_units", "zonings_table"]

_WHOLE = 1 - 1e-6


def read_units(file: StudyFile, points: gpd.GeoDataFrame) -> dict[Zoning, pd.DataFrame]:
    """Say which points stand in which unit of each zoning.

    Parameters
    ----------
    file : StudyFile
    points : geopandas.GeoDataFrame
        Populated points of the study.

    Returns
    -------
    dict of Zoning to DataFrame
        ``point_id, unit_id, unit_name, share``; what of a point lies in no unit has the unit NaN.

    Raises
    ------
    InputError
        When a layer cannot be read.
    """
    found = {}
    for section in file.zonings:
        zones = read_zones(section.file)
        inside = assign_zones(points, zones).rename(columns={"zone_id": "unit_id"})
        names = dict(zip(zones["zone_id"].astype(str), zones["zone_name"].astype(str), strict=True))
        inside["unit_name"] = inside["unit_id"].astype(str).map(names)
        covered = inside.groupby("point_id")["share"].sum().reindex(points["point_id"], fill_value=0.0)
        rest = covered[covered < _WHOLE]
        outside = pd.DataFrame(
            {"point_id": rest.index, "unit_id": None, "unit_name": None, "share": 1 - rest.to_numpy()}
        )
        parts = [part for part in (inside[["point_id", "unit_id", "unit_name", "share"]], outside) if len(part)]
        zoning = Zoning(section.id, section.name, section.vintage, section.source)
        found[zoning] = pd.concat(parts, ignore_index=True)
    return found


def zonings_table(file: StudyFile, inputs: StudyInputs, diagnosis: Diagnosis) -> pd.DataFrame | None:
    """Flag the units of all zonings of a study.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    diagnosis : Diagnosis

    Returns
    -------
    DataFrame or None
        Of `geo_access.diagnosis.zonings.table_by_zoning`, zoning by zoning; None where the study names none.
    """
    tables = [
        table_by_zoning(diagnosis, units, zoning=zoning, publication=publication(file))
        for zoning, units in read_units(file, inputs.points).items()
    ]
    return pd.concat(tables, ignore_index=True) if tables else None
