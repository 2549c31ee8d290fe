"""Who lives where: populated points, and the zones they belong to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.supply import department_of
from geo_access.errors import Fault, raise_faults
from geo_access.words.told import fault

__all__ = ["PEOPLE", "People", "Residents", "read_residents"]

People = Literal[
    "residents",
    "youth_16_25",
    "youth_18_24",
    "youth_15_24",
    "job_seekers",
    "poor_households",
    "households",
    "qpv",
    "zrr",
]
"""Who may be counted: everybody, a column of the points, residents of priority neighbourhoods or of ZRR (now FRR)."""
PEOPLE: tuple[People, ...] = get_args(People)

# Kinds of zones whose residents are counted.
_IN_ZONES = {"qpv": ("qpv",), "zrr": ("zrr", "frr", "frr+")}

_MOST_FAULTS = 50
_DOUBTFUL_POSITIONS = ("commune", "none")


@dataclass(frozen=True, eq=False)
class Residents:
    """Populated points and the zones they stand for.

    A zone is its populated points, never its centroid. A point may lie in several zones (a QPV lies in a commune).

    Attributes
    ----------
    point_ids : ndarray of object, shape (n_points,)
    xy : ndarray of float64, shape (n_points, 2)
        Metric CRS of the territory [m].
    population : ndarray of float64, shape (n_points,)
        Residents, ≥ 0.
    candidates : ndarray of float64, shape (n_points,)
        Who competes for places and openings: job-seekers where they are known, else residents.
    doubtful : ndarray of bool, shape (n_points,)
        Points whose population was imputed, or whose position is known to the commune only.
    zone_ids, zone_names, zone_kinds : ndarray of object, shape (n_zones,)
    membership : scipy.sparse.csr_matrix of float64, shape (n_zones, n_points)
        Share of the point that lies in the zone, 0–1.
    departments : ndarray of object, shape (n_points,), or None
        Département of each point, empty where the zones do not tell it.
    households : ndarray of float64, shape (n_points,), or None
        For the floor of publication; None where the points do not tell them.
    unknown_zones : ndarray of bool, shape (n_zones,), or None
        Zones whose only points have a population that is secret or missing; None: that is not told.
    """

    point_ids: np.ndarray
    xy: np.ndarray
    population: np.ndarray
    candidates: np.ndarray
    doubtful: np.ndarray
    zone_ids: np.ndarray
    zone_names: np.ndarray
    zone_kinds: np.ndarray
    membership: sparse.csr_matrix
    departments: np.ndarray | None = None
    households: np.ndarray | None = None
    unknown_zones: np.ndarray | None = None

    @cached_property
    def weights(self) -> sparse.csr_matrix:
        """Residents of each point in each zone, csr float64 (n_zones, n_points)."""
        return sparse.csr_matrix(self.membership.multiply(self.population[None, :]))

    def take(self, rows: slice) -> Residents:
        """Return some of the points, in all zones."""
        return replace(
            self,
            point_ids=self.point_ids[rows],
            xy=self.xy[rows],
            population=self.population[rows],
            candidates=self.candidates[rows],
            doubtful=self.doubtful[rows],
            membership=self.membership[:, rows],
            departments=None if self.departments is None else self.departments[rows],
            households=None if self.households is None else self.households[rows],
        )


def _number(points: pd.DataFrame, column: str, faults: list[Fault]) -> np.ndarray:
    values = pd.to_numeric(points[column], errors="coerce").to_numpy(np.float64)
    ids = points["point_id"].astype(str).to_numpy()
    bad = ~np.isfinite(values) | (values < 0)
    faults += [
        fault(f"points: id {ids[i]}", "diagnosis.point_number", column=column)
        for i in np.flatnonzero(bad)[:_MOST_FAULTS]
    ]
    return values


def _counted(
    points: pd.DataFrame, membership: pd.DataFrame, zones: pd.DataFrame, people: str, faults: list[Fault]
) -> np.ndarray:
    """Weight of each point: how many of the people that are counted live there."""
    population = _number(points, "population", faults)
    if people == "residents":
        return population
    if people not in _IN_ZONES:
        if people not in points.columns:
            known = ", ".join(name for name in PEOPLE if name in points.columns) or "–"
            faults.append(fault("points", "diagnosis.people_column", people=people, known=known))
            return population
        return _number(points, people, faults)
    kinds = zones["zone_kind"].astype(str).str.lower() if "zone_kind" in zones.columns else pd.Series("", zones.index)
    inside = set(zones.loc[kinds.isin(_IN_ZONES[people]), "zone_id"].astype(str))
    if not inside:
        faults.append(fault("zones", "diagnosis.people_zones", people=people, kinds=", ".join(_IN_ZONES[people])))
        return population
    own = membership[membership["zone_id"].astype(str).isin(inside)]
    share = own["share"] if "share" in own.columns else pd.Series(1.0, own.index)
    by_point = pd.to_numeric(share).groupby(own["point_id"].astype(str)).sum().clip(upper=1.0)
    return population * points["point_id"].astype(str).map(by_point).fillna(0.0).to_numpy(np.float64)


def read_residents(
    points: gpd.GeoDataFrame, membership: pd.DataFrame, zones: pd.DataFrame, *, epsg: int, people: str = "residents"
) -> Residents:
    """Points, zones and membership as arrays.

    Parameters
    ----------
    points : GeoDataFrame
        ``point_id, population``, optionally ``job_seekers``, ``imputed`` (bool) and ``quality``; Point geometry.
    membership : DataFrame
        ``point_id, zone_id, share`` (0–1; 1 where the column is absent).
    zones : DataFrame
        ``zone_id``, optionally ``zone_name`` and ``zone_kind``; in ``attrs["population_unknown"]`` ids of zones whose
        only points have a population that is secret or missing.
    epsg : int
        Metric CRS of the positions given back.
    people : str
        Who is counted, one of `PEOPLE`: the weights of every share. Who competes for places stays who it was.

    Returns
    -------
    Residents

    Raises
    ------
    InputError
        With every fault: duplicated ids, negative population, unknown ids in the membership, shares beyond 0–1.

    Examples
    --------
    >>> from shapely import Point
    >>> points = gpd.GeoDataFrame({"point_id": ["p"], "population": [40]}, geometry=[Point(7e5, 7e6)], crs=2154)
    >>> member = pd.DataFrame({"point_id": ["p"], "zone_id": ["z"], "share": [1.0]})
    >>> read_residents(points, member, pd.DataFrame({"zone_id": ["z"]}), epsg=2154).weights.toarray().tolist()
    [[40.0]]
    """
    faults = [
        fault(table, "column_missing", column=name)
        for table, frame, names in (
            ("points", points, ("point_id", "population")),
            ("membership", membership, ("point_id", "zone_id")),
            ("zones", zones, ("zone_id",)),
        )
        for name in names
        if name not in frame.columns
    ]
    raise_faults(faults)
    point_ids = points["point_id"].astype(str).to_numpy(object)
    zone_ids = zones["zone_id"].astype(str).to_numpy(object)
    for table, ids in (("points", point_ids), ("zones", zone_ids)):
        twice = pd.Index(ids)[pd.Index(ids).duplicated()].unique()[:_MOST_FAULTS]
        faults += [fault(f"{table}: id {item}", "id_rows_twice") for item in twice]
    everyone = _number(points, "population", faults)
    candidates = _number(points, "job_seekers", faults) if "job_seekers" in points.columns else everyone
    population = _counted(points, membership, zones, people, faults) if people != "residents" else everyone
    if points.crs is None:
        faults.append(fault("points", "layer_no_crs"))
    share = (
        pd.to_numeric(membership["share"], errors="coerce").to_numpy(np.float64)
        if "share" in membership.columns
        else np.ones(len(membership))
    )
    if not np.all((share >= 0) & (share <= 1)):
        faults.append(fault("membership", "diagnosis.point_shares"))
    if not faults:
        row = pd.Index(zone_ids).get_indexer(membership["zone_id"].astype(str))
        column = pd.Index(point_ids).get_indexer(membership["point_id"].astype(str))
        for where, index, key in (("zones", row, "zone_id"), ("points", column, "point_id")):
            unknown = membership[key].astype(str).to_numpy()[index < 0]
            faults += [
                fault("membership", "diagnosis.not_in_table", column=key, item=u, table=where)
                for u in pd.unique(unknown)[:20]
            ]
    raise_faults(faults)

    doubtful = np.zeros(len(points), dtype=bool)
    if "imputed" in points.columns:
        doubtful |= points["imputed"].fillna(False).astype(bool).to_numpy()
    if "quality" in points.columns:
        doubtful |= points["quality"].astype(str).isin(_DOUBTFUL_POSITIONS).to_numpy()
    geometry = points.geometry.to_crs(epsg)
    matrix = sparse.csr_matrix((share, (row, column)), shape=(len(zone_ids), len(point_ids)))
    return Residents(
        point_ids,
        np.column_stack((geometry.x.to_numpy(), geometry.y.to_numpy())),
        population,
        candidates,
        doubtful,
        zone_ids,
        _text(zones, "zone_name", zone_ids),
        _text(zones, "zone_kind", np.full(len(zone_ids), "", dtype=object)),
        matrix,
        _point_departments(points, zone_ids, row, column),
        _households(points),
        np.isin(zone_ids, [str(zone) for zone in zones.attrs.get("population_unknown", ())]),
    )


def _households(points: pd.DataFrame) -> np.ndarray | None:
    if "households" not in points.columns:
        return None
    return np.nan_to_num(pd.to_numeric(points["households"], errors="coerce").to_numpy(np.float64))


def _point_departments(points: pd.DataFrame, zone_ids: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Département of each point: its own column, else that of a zone whose id is an Insee commune code."""
    found = np.full(len(points), "", dtype=object)
    of_zone = np.array([department_of(str(zone)) for zone in zone_ids], dtype=object)
    told = of_zone[row] != "" if len(row) else np.zeros(0, dtype=bool)
    found[column[told]] = of_zone[row[told]]
    if "department" in points.columns:
        given = points["department"].fillna("").astype(str).to_numpy(object)
        found = np.where(given != "", given, found)
    return found


def _text(frame: pd.DataFrame, column: str, otherwise: np.ndarray) -> np.ndarray:
    return frame[column].astype(str).to_numpy(object) if column in frame.columns else otherwise
