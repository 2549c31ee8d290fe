"""The planner's door: zones by métier, public and hours, surfaces around a place, the trips themselves."""

from __future__ import annotations

import base64
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse
from shapely import Point

from geo_access.clock import parse_clock
from geo_access.crs import WGS84
from geo_access.diagnosis.diagnose import DiagnosedCase
from geo_access.diagnosis.model import FlagRules, Threshold
from geo_access.diagnosis.remedies import find_remedies
from geo_access.errors import CoverageError, InputError, SnapError
from geo_access.study.prepared import PreparedStudy
from geo_access.surfaces.surface import travel_time_surface
from geo_access.web.questions import CaseQuestion, SurfaceQuestion, ZoneQuestion
from geo_access.web.surface_bytes import pack_surface
from geo_access.words.words import text

__all__ = [
    "CURVE_MINUTES",
    "SHOWN",
    "case_answer",
    "place_of",
    "site_position",
    "surface_answer",
    "told_case",
    "zone_answer",
    "zone_curve",
]

# Longest threshold that the slider knows [min].
CURVE_MINUTES = 120
_SHARE_UNITS = 10_000
_SURFACE_CELLS = 700_000


def case_answer(prepared: PreparedStudy, question: CaseQuestion) -> dict[str, Any]:
    """Zones for one métier, public and schedule: levels at the study's threshold, and the curve behind them.

    Parameters
    ----------
    prepared : PreparedStudy
    question : CaseQuestion

    Returns
    -------
    dict
        ``zones`` (columns of the flags), ``curve`` (uint16 shares of residents × 10,000 rounded down, zones × minutes 0
        to `CURVE_MINUTES`, base64): the page compares them with the rules' shares, so that a moved threshold gives the
        very levels that a run would.
    """
    case = prepared.case(question.profile, question.kind, question.schedule)
    flags = prepared.flags_of(case, question.metier)
    columns = {
        name: flags[name].astype(object).where(flags[name].notna(), None).tolist() for name in SHOWN if name in flags
    }
    needed = prepared.minutes_needed(case, question.metier)
    return told_case(prepared, needed, case.threshold, prepared.rules, columns)


def told_case(
    prepared: PreparedStudy,
    needed_min: np.ndarray,
    threshold: Threshold,
    rules: FlagRules,
    columns: dict[str, list[Any]],
) -> dict[str, Any]:
    """Write one case for the page.

    Parameters
    ----------
    prepared : PreparedStudy
        Whose residents they are; of zones held back no share is told.
    needed_min : ndarray of float32, shape (n_points,)
        Shortest threshold with which each point reaches enough places [min]; infinite where none does.
    threshold : Threshold
    rules : FlagRules
    columns : dict of str to list
        Of the zones.

    Returns
    -------
    dict
    """
    shares = zone_curve(prepared.diagnosis.residents.weights, needed_min)
    shares[prepared.held_back] = 0.0
    units = np.floor(np.nan_to_num(shares, nan=0.0) * _SHARE_UNITS + 1e-6).astype("<u2")
    return {
        "threshold": threshold.minutes,
        "threshold_name": threshold.name,
        "threshold_source": _source_told(threshold, prepared.file.study.language),
        "threshold_status": threshold.status,
        "adequate": rules.adequate_share,
        "fragile": rules.fragile_share,
        "places": rules.min_opportunities,
        "minutes": CURVE_MINUTES,
        "zones": columns,
        "curve": base64.b64encode(units.tobytes()).decode(),
    }


def _source_told(threshold: Threshold, language: str) -> str:
    """Who says so, and the distance that is enough as well."""
    if threshold.kilometres is None:
        return threshold.source
    told = text("band", language, minutes=f"{threshold.minutes:g}")
    return f"{text('threshold.or_km', language, minutes=told, km=f'{threshold.kilometres:g}')} ; {threshold.source}"


SHOWN = (
    "zone_id",
    "zone_name",
    "zone_kind",
    "residents",
    "level",
    "confidence",
    "reachable_share",
    "main_reason",
    "out_lack_min",
    "back_lack_min",
    "median_time_min",
    "reachable_places",
    "free_places",
    "filling_rate",
    "places_per_100_candidates",
    "located_places",
    "remote_places",
    "nearest_site_id",
    "nearest_site_name",
    "saturation",
    "cause",
    "doubts",
    "sensitive",
)


def zone_curve(weights: sparse.csr_matrix, needed_min: np.ndarray) -> np.ndarray:
    """Share of each zone's residents who reach enough places within m minutes, there and back.

    Parameters
    ----------
    weights : scipy.sparse.csr_matrix of float64, shape (n_zones, n_points)
        Residents.
    needed_min : ndarray of float32, shape (n_points,)
        [min]; infinite where no threshold suffices.

    Returns
    -------
    ndarray of float64, shape (n_zones, CURVE_MINUTES + 1)
        0–1; NaN for a zone without residents.
    """
    within = np.where(np.isfinite(needed_min), np.ceil(needed_min - 1e-9), CURVE_MINUTES + 1)
    first = within.clip(0, CURVE_MINUTES + 1).astype(np.int64)
    cells = weights.tocoo()
    size = CURVE_MINUTES + 2
    at = cells.row.astype(np.int64) * size + first[cells.col]
    counts = np.bincount(at, weights=cells.data, minlength=weights.shape[0] * size).reshape(-1, size)
    everyone = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.cumsum(counts, axis=1)[:, : CURVE_MINUTES + 1] / np.where(everyone > 0, everyone, np.nan))


def zone_answer(prepared: PreparedStudy, question: ZoneQuestion) -> dict[str, Any]:
    """Why a zone is as it is: reasons with their shares, and the changes that were applied and recomputed.

    Raises
    ------
    InputError
        For a zone that the study does not hold.
    """
    case = prepared.case(question.profile, question.kind, question.schedule)
    flags = prepared.flags_of(case, question.metier)
    if question.zone not in flags.index:
        raise InputError(
            f"zone {question.zone!r} is not in the study → choose one of the table",
            key="web.no_zone",
            values={"zone": question.zone},
        )
    row: dict[str, Any] = {str(name): value for name, value in flags.loc[question.zone].items()}
    reasons = {
        name.removeprefix("share_").upper(): float(row[name])
        for name in row
        if name.startswith("share_") and pd.notna(row[name]) and float(row[name]) > 0
    }
    return {
        "zone": question.zone,
        "name": str(row["zone_name"]),
        "level": str(row["level"]),
        "confidence": str(row["confidence"]),
        "share": row["reachable_share"],
        "residents": float(row["residents"]),
        "reasons": dict(sorted(reasons.items(), key=lambda item: -item[1])),
        "main": row["main_reason"],
        "out_lack_min": row["out_lack_min"],
        "back_lack_min": row["back_lack_min"],
        "lifts": _lifts(row),
        "doubts": str(row["doubts"]).split(),
        "sensitive": str(row["sensitive"]).split(),
        "saturation": str(row["saturation"]),
        "free_places": row["free_places"],
        "per_100": row["places_per_100_candidates"],
        "remedies": _remedies(prepared, question, case) if row["level"] in ("fragile", "inadéquat") else [],
    }


def _lifts(row: dict[str, Any]) -> dict[str, float]:
    """Share of those who cannot whom each single change of the trip would bring there and back, the largest first."""
    found = {
        name.removeprefix("lifted_by_"): float(value)
        for name, value in row.items()
        if name.startswith("lifted_by_") and pd.notna(value) and float(value) > 0
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _remedies(prepared: PreparedStudy, question: ZoneQuestion, case: DiagnosedCase) -> list[dict[str, Any]]:
    tried = find_remedies(
        prepared.diagnosis,
        prepared.kept.on(prepared.network),
        case,
        zone_id=question.zone,
        metier=question.metier,
    )
    keep = ["remedy", "detail", "share_before", "share_after", "residents_gained", "lifts"]
    return [{str(name): value for name, value in found.items()} for found in tried[keep].to_dict("records")]


def site_position(prepared: PreparedStudy, kind: str, site: str) -> tuple[np.ndarray, str]:
    """Metric position float64 (1, 2) [m] and name of a site of the study.

    Raises
    ------
    InputError
        When there is no such site.
    """
    sites = prepared.diagnosis.sites.get(kind)
    rows = np.flatnonzero(sites.ids.astype(str) == site) if sites is not None else np.empty(0, np.int64)
    if sites is None or not len(rows):
        raise InputError(
            f"site {site!r} is not in the study → choose one of the table", key="web.no_site", values={"site": site}
        )
    return sites.xy[rows[:1]], str(sites.names[rows[0]])


def place_of(prepared: PreparedStudy, lon: float, lat: float) -> np.ndarray:
    """Metric position float64 (1, 2) [m] of a place.

    Raises
    ------
    CoverageError
        When it lies outside the territory: farther from every populated point than anybody walks.
    """
    point = gpd.GeoSeries([Point(lon, lat)], crs=WGS84).to_crs(prepared.network.epsg)
    xy = np.array([[point.x.iloc[0], point.y.iloc[0]]])
    if not np.isfinite(xy).all():
        xy = np.full((1, 2), np.inf)
    nearest_m = float(np.hypot(*(prepared.diagnosis.residents.xy - xy).T).min())
    if not nearest_m <= _OUTSIDE_M:
        raise CoverageError(
            f"this place lies {nearest_m / 1000:.0f} km outside the territory → choose one inside",
            key="web.outside",
            values={"km": f"{nearest_m / 1000:.0f}" if np.isfinite(nearest_m) else "?"},
        )
    return xy


_OUTSIDE_M = 10_000.0


def surface_answer(prepared: PreparedStudy, question: SurfaceQuestion) -> bytes:
    """Minutes around a place or a site, with the residents, job-seekers and places within each minute.

    Returns
    -------
    bytes
        As `pack_surface` writes it.

    Raises
    ------
    GeoAccessError
        For a site that is none, a place outside the territory or off the streets.
    """
    network, residents = prepared.network, prepared.diagnosis.residents
    if question.site is not None:
        xy, name = site_position(prepared, question.kind, question.site)
    else:
        xy, name = place_of(prepared, float(question.lon or 0.0), float(question.lat or 0.0)), ""
    at = question.at if question.mode not in ("walk", "bike", "car") else None
    try:
        surface = travel_time_surface(
            network,
            gpd.GeoDataFrame(geometry=[Point(xy[0])], crs=network.epsg),
            mode=question.mode,
            arrive=at if question.towards else None,
            depart=None if question.towards else at,
            max_minutes=question.minutes,
            walk_kmh=question.walk_kmh,
            cell_m=_cell_m(prepared),
            reverse=question.towards,
        )
    except SnapError:
        # One place of a map is meant, not a table of them.
        raise SnapError("this place lies too far from any street → choose one nearer", key="web.off_streets") from None
    seconds = surface.at(residents.xy)
    codes = np.ceil(np.nan_to_num(seconds, nan=np.inf) / 60.0)
    steps = np.arange(question.minutes + 1)

    def curve(values: np.ndarray) -> list[float]:
        return [float(values[codes <= minute].sum()) for minute in steps.tolist()]

    extra = {
        "name": name,
        "at_s": parse_clock(question.at),
        "towards": question.towards,
        "mode": question.mode,
        "minutes": question.minutes,
        "residents": curve(residents.population),
        "candidates": curve(residents.candidates),
        "everyone": float(residents.population.sum()),
        "crow_fly": surface.crow_fly,
        "manifest": surface.manifest_id,
    }
    return pack_surface(surface, extra=extra)


def _cell_m(prepared: PreparedStudy) -> float:
    """Cell that keeps the territory's grid within what a click can wait for [m]."""
    xy = prepared.diagnosis.residents.xy
    width, height = np.ptp(xy, axis=0) + 2000.0
    return float(max(50.0, 25.0 * np.ceil(np.sqrt(width * height / _SURFACE_CELLS) / 25.0)))
