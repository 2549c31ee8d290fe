"""The isochrones of a study: one set of bands per métier."""

from __future__ import annotations

import geopandas as gpd
import shapely

from geo_access.isochrones.bands import isochrones
from geo_access.maps.strings import text
from geo_access.network.model import Network
from geo_access.study_file import StudyFile
from geo_access.study_inputs import StudyInputs
from geo_access.study_values import isochrone_profile, isochrone_schedule

__all__ = ["bands_label", "located", "study_isochrones"]


def located(table: gpd.GeoDataFrame | None, metier: str) -> gpd.GeoDataFrame | None:
    """Rows of a métier that have a position and are given there; None when there is none."""
    if table is None:
        return None
    geometry = table.geometry.to_numpy()
    here = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = table[(table["metier"].astype(str) == metier).to_numpy() & here]
    if "modality" in rows.columns:
        rows = rows[rows["modality"].astype(str).isin(("on_site", "hybrid"))]
    return rows if len(rows) else None


def study_isochrones(file: StudyFile, inputs: StudyInputs, network: Network) -> dict[str, gpd.GeoDataFrame]:
    """Isochrones to the nearest site of each métier, by métier code; métiers without a site have none."""
    profile = isochrone_profile(file)
    kind = "training" if inputs.training is not None else "job"
    schedule = isochrone_schedule(file)
    on_streets = profile.mode in ("walk", "bike", "car")
    found = {}
    for metier in file.metiers:
        sites = located(inputs.training if kind == "training" else inputs.employers, metier.code)
        if sites is None:
            continue
        if kind == "training":
            sites = sites[sites["level"].isna() | sites["level"].between(metier.min_level, metier.max_level)]
        if not len(sites):
            continue
        found[metier.code] = isochrones(
            network,
            sites,
            minutes=file.output.isochrone_minutes,
            mode=profile.mode if on_streets else "transit",
            arrive=None if on_streets else schedule.start,
            walk_kmh=profile.walk_kmh,
            bike_kmh=profile.bike_kmh,
            cell_m=file.output.cell_m,
            reverse=True,
        )
    return found


def bands_label(file: StudyFile) -> str:
    """Words for what the isochrones of a study show."""
    profile, language = isochrone_profile(file), file.study.language
    if profile.mode in ("walk", "bike", "car"):
        return text("bands.any", language, mode=text(f"mode.{profile.mode}", language))
    hour = isochrone_schedule(file).start
    return text("bands.arrive", language, mode=text("mode.transit", language), hour=hour)
