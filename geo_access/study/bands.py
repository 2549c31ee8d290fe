"""The isochrones of a study: one set of bands per métier, and who and what lies within them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.diagnosis.supply import TRAVELLED
from geo_access.errors import SnapError
from geo_access.network.model import Network
from geo_access.routing.query import Window
from geo_access.study.file import (
    StudyFile,
    isochrone_profile,
    isochrone_schedule,
    study_profiles,
    study_schedules,
)
from geo_access.study.inputs import StudyInputs
from geo_access.study.sections import MetierSection
from geo_access.surfaces.counts import count_points
from geo_access.surfaces.isochrones import Drawing, query_isochrones
from geo_access.surfaces.lattice import Canvas
from geo_access.words.note import Note, note
from geo_access.words.words import text

__all__ = ["band_counts", "bands_label", "isochrone_notes", "located", "study_isochrones"]


def located(table: gpd.GeoDataFrame | None, metier: str) -> gpd.GeoDataFrame | None:
    """Rows of a métier that have a position and are given there; None when there is none."""
    if table is None:
        return None
    geometry = table.geometry.to_numpy()
    here = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = table[(table["metier"].astype(str) == metier).to_numpy() & here]
    if "modality" in rows.columns:
        rows = rows[rows["modality"].astype(str).isin(TRAVELLED)]
    return rows if len(rows) else None


def _of_level(sites: gpd.GeoDataFrame, metier: MetierSection) -> gpd.GeoDataFrame:
    """Sessions whose level is that of the métier, or is not said."""
    return sites[sites["level"].isna() | sites["level"].between(metier.min_level, metier.max_level)]


def study_isochrones(
    file: StudyFile, inputs: StudyInputs, network: Network, *, profile: str | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Isochrones to the nearest site of each métier, by métier code; métiers without a site have none.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    network : Network
    profile : str, optional
        Id of the public; by default the one that the study names, else its first.

    Returns
    -------
    dict of str to geopandas.GeoDataFrame
        Asked as the flags are: the public's mode and limits, in time for the schedule with its slack.
    """
    chosen = isochrone_profile(file).id if profile is None else profile
    public = next(item for item in study_profiles(file, network) if item.id == chosen)
    named = isochrone_schedule(file).id
    deadline_s = next(item for item in study_schedules(file) if item.id == named).arrive_s
    query = public.query(arrive=Window(deadline_s, deadline_s), max_s=60 * max(file.output.isochrone_minutes))
    found = {}
    for code, sites in _isochrone_sites(file, inputs).items():
        # Sites that are far from every street have no area; `isochrone_notes` says so.
        with suppress(SnapError):
            found[code] = query_isochrones(
                network,
                sites,
                query,
                minutes=file.output.isochrone_minutes,
                drawing=Drawing(Canvas(file.output.cell_m, reverse=True)),
            )
    return found


def _isochrone_sites(file: StudyFile, inputs: StudyInputs) -> dict[str, gpd.GeoDataFrame]:
    """Sites that isochrones are drawn to, by métier code; none without a position."""
    found = {}
    for metier in file.metiers:
        sites = located(inputs.training if inputs.training is not None else inputs.employers, metier.code)
        if sites is not None and inputs.training is not None:
            sites = _of_level(sites, metier)
        if sites is not None and len(sites):
            found[metier.code] = sites
    return found


def isochrone_notes(file: StudyFile, inputs: StudyInputs, bands: Mapping[str, gpd.GeoDataFrame]) -> tuple[Note, ...]:
    """Name the métiers that have sites but no isochrone.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    bands : mapping of str to geopandas.GeoDataFrame
        From `study_isochrones`.

    Returns
    -------
    tuple of Note
    """
    return tuple(
        note("isochrones_far", metier=code, n=len(sites))
        for code, sites in _isochrone_sites(file, inputs).items()
        if code not in bands
    )


def bands_label(file: StudyFile) -> str:
    """Words for what the isochrones of a study show."""
    profile, language = isochrone_profile(file), file.study.language
    to = text(f"bands.to.{'job' if file.training is None else 'training'}", language)
    if profile.mode in ("walk", "bike", "car"):
        return text("bands.any", language, to=to, mode=text(f"mode.{profile.mode}", language))
    hour = isochrone_schedule(file).start
    return text("bands.arrive", language, to=to, mode=text(f"mode.{profile.mode}", language), hour=hour)


def _residents(inputs: StudyInputs) -> gpd.GeoDataFrame:
    """Points with their residents, and where the study knows them those who live in a QPV and the job-seekers."""
    quarters = inputs.zones.loc[inputs.zones["zone_kind"].astype(str) == "qpv", "zone_id"].astype(str)
    inside = inputs.membership[inputs.membership["zone_id"].astype(str).isin(quarters)]
    shares = inside.groupby(inside["point_id"].astype(str))["share"].sum().clip(upper=1.0)
    share = inputs.points["point_id"].astype(str).map(shares).fillna(0.0).to_numpy(np.float64)
    columns = {"residents": inputs.points["population"]}
    if len(quarters):
        columns["qpv_residents"] = inputs.points["population"] * share
    if "job_seekers" in inputs.points:
        columns["job_seekers"] = pd.to_numeric(inputs.points["job_seekers"], errors="coerce")
    return gpd.GeoDataFrame(columns, geometry=inputs.points.geometry.to_numpy(), crs=inputs.points.crs)


def band_counts(file: StudyFile, inputs: StudyInputs, bands: dict[str, gpd.GeoDataFrame]) -> pd.DataFrame:
    """Count who and what lies within each band of each métier.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    bands : mapping of str to geopandas.GeoDataFrame
        From `study_isochrones`.

    Returns
    -------
    pandas.DataFrame
        ``metier, minutes, area_km2`` and, up to that cutoff, ``residents``, ``qpv_residents`` (where the study has
        such zones), ``job_seekers`` (where the points tell them), ``places`` and ``openings`` of the métier (where the
        study has them), each with its share of all (``…_share``, 0–1).
    """
    people = _residents(inputs)
    counted = [str(column) for column in people.columns if column != "geometry"]
    parts = []
    for metier in file.metiers:
        areas = bands.get(metier.code)
        if areas is None:
            continue
        tables = [count_points(areas, people, columns=counted)]
        for table, column in ((inputs.training, "places"), (inputs.employers, "openings")):
            sites = located(table, metier.code)
            if sites is not None:
                sites = _of_level(sites, metier) if column == "places" else sites
                numbers = sites.assign(**{column: pd.to_numeric(sites[column], errors="coerce")})
                tables.append(count_points(areas, numbers, columns=[column]).drop(columns="minutes"))
        counts = pd.concat(tables, axis=1)
        counts.insert(1, "area_km2", areas["area_km2"].round(3).to_numpy())
        parts.append(counts.assign(metier=metier.code))
    if not parts:
        return pd.DataFrame(columns=["metier", "minutes"])
    found = pd.concat(parts, ignore_index=True)
    return found[["metier", *(column for column in found.columns if column != "metier")]]
