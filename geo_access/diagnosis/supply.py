"""Supply and need as arrays: sites, and the places each offers per métier.

Only supply that is given at a place gets a travel time. Remote and mobile supply is counted apart, and so is supply
whose position nobody gave.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.arrays import indptr_of_rows, rows_of
from geo_access.clock import parse_clock
from geo_access.diagnosis.model import Metier
from geo_access.errors import Fault, GeoAccessError, raise_faults
from geo_access.times.round_trip import Sites
from geo_access.words.told import fault

__all__ = ["TRAVELLED", "Offers", "department_of", "job_offers", "training_offers"]

TRAVELLED = ("on_site", "hybrid", "afest")
"""Modalities of training that one travels to."""
_MODALITIES = (*TRAVELLED, "remote", "mobile")
_SURE_POSITIONS = ("exact", "street")
_MOST_COUNTED = 1e9
_MOST_FAULTS = 50


@dataclass(frozen=True, eq=False)
class Offers:
    """Places per métier and site, grouped by métier (CSR), and what has no place to travel to.

    Attributes
    ----------
    metiers : tuple of Metier
    indptr : ndarray of int64, shape (n_metiers + 1,)
        Métier m owns the offers ``indptr[m]:indptr[m + 1]``.
    site : ndarray of int32, shape (n_offers,)
        Column of the travel times.
    open_places, all_places : ndarray of int64, shape (n_offers,)
        Places still free, and places in all.
    sure_position : ndarray of bool, shape (n_offers,)
        Whether the site is placed to the address or the street, not to the commune.
    unlocated_places, remote_places, mobile_places : ndarray of int64, shape (n_metiers,)
    known_fill : ndarray of bool, shape (n_offers,), or None
        Whether the source says how many places are taken; None: it does everywhere.
    named : ndarray of bool, shape (n_metiers,), or None
        Whether any row names the métier, at whatever level; None: those that are offered.
    partial_places : ndarray of int64, shape (2, n_metiers), or None
        Places of hybrid training and of training at work (AFEST); those at a place are among the places travelled to.
    uncoded_places : int
        Places of rows that say no métier: they may be of any.
    departments : tuple of str
        Of the supply, ``""`` where it is not told.
    by_department : ndarray of int64, shape (2, n_metiers, n_departments), or None
        Places with a position, and without.
    asked : ndarray of bool, shape (n_metiers,), or None
        Métiers that the hours are asked for; None: all.
    """

    metiers: tuple[Metier, ...]
    indptr: np.ndarray
    site: np.ndarray
    open_places: np.ndarray
    all_places: np.ndarray
    sure_position: np.ndarray
    unlocated_places: np.ndarray
    remote_places: np.ndarray
    mobile_places: np.ndarray
    known_fill: np.ndarray | None = None
    named: np.ndarray | None = None
    partial_places: np.ndarray | None = None
    uncoded_places: int = 0
    departments: tuple[str, ...] = ()
    by_department: np.ndarray | None = None
    asked: np.ndarray | None = None

    @property
    def taken_places(self) -> np.ndarray:
        """Places known to be taken, int64 (n_offers,)."""
        return self.all_places - self.open_places

    @property
    def counted_places(self) -> np.ndarray:
        """Places of which it is known how many are taken, int64 (n_offers,)."""
        return self.all_places if self.known_fill is None else np.where(self.known_fill, self.all_places, 0)

    @property
    def located_open(self) -> np.ndarray:
        """Free places with a position, int64 (n_metiers,)."""
        return self._per_metier(self.open_places)

    @property
    def located_all(self) -> np.ndarray:
        """Places with a position, int64 (n_metiers,)."""
        return self._per_metier(self.all_places)

    @property
    def exists(self) -> np.ndarray:
        """Whether the métier is offered at all, in whatever form, bool (n_metiers,)."""
        present = np.diff(self.indptr) > 0
        return present | (self.unlocated_places + self.remote_places + self.mobile_places > 0)

    def only(self, sites: np.ndarray) -> Offers:
        """Return the offers at the sites where the mask, bool (n_sites,), holds; supply without a trip stays."""
        return self._rows(sites[self.site])

    def of_metiers(self, codes: Sequence[str]) -> Offers:
        """Return the offers of some métiers, nothing of the others; of all where no code is given."""
        if not codes:
            return self
        wanted = {_fold_code(code) for code in codes}
        asked = np.array([_fold_code(metier.code) in wanted for metier in self.metiers], dtype=bool)
        kept = asked[rows_of(self.indptr)]
        own = self._rows(kept)
        return replace(
            own,
            unlocated_places=np.where(asked, self.unlocated_places, 0),
            remote_places=np.where(asked, self.remote_places, 0),
            mobile_places=np.where(asked, self.mobile_places, 0),
            partial_places=None if self.partial_places is None else np.where(asked, self.partial_places, 0),
            by_department=None if self.by_department is None else np.where(asked[:, None], self.by_department, 0),
            asked=asked,
        )

    def _rows(self, kept: np.ndarray) -> Offers:
        owner = rows_of(self.indptr)[kept]
        return replace(
            self,
            indptr=indptr_of_rows(owner, len(self.metiers)),
            site=self.site[kept],
            open_places=self.open_places[kept],
            all_places=self.all_places[kept],
            sure_position=self.sure_position[kept],
            known_fill=None if self.known_fill is None else self.known_fill[kept],
        )

    def _per_metier(self, values: np.ndarray) -> np.ndarray:
        owner = rows_of(self.indptr)
        return np.bincount(owner, weights=values, minlength=len(self.metiers)).astype(np.int64)


def department_of(code: str) -> str:
    """Département of an Insee commune code, a postal code or a school's code (UAI); empty when it tells none.

    Examples
    --------
    >>> [department_of(text) for text in ("80021", "2A004", "97411", "0590001A", "C-12")]
    ['80', '2A', '974', '59', '']
    """
    school = re.fullmatch(r"(?:0(\d{2})|(97\d))\d{4}[A-Z]", code)
    if school is not None:
        return school[1] or school[2]
    commune = re.fullmatch(r"(97\d|\d{2}|2[AB])\d{2,3}", code)
    return "" if commune is None else commune[1]


_DEPARTMENT_COLUMNS = ("department", "departement", "code_departement")
_PLACE_COLUMNS = ("commune", "insee", "code_insee", "postal_code", "code_postal", "uai", "site_id")


def _departments(frame: pd.DataFrame) -> np.ndarray:
    """Département of each row, object (n,), empty where nothing tells it."""
    found = np.full(len(frame), "", dtype=object)
    for name in _DEPARTMENT_COLUMNS:
        if name in frame.columns:
            given = frame[name].fillna("").astype(str).str.strip().to_numpy(object)
            found = np.where(found == "", given, found)
    for name in _PLACE_COLUMNS:
        if name in frame.columns:
            read = np.array([department_of(str(text).strip()) for text in frame[name]], dtype=object)
            found = np.where(found == "", read, found)
    return found


def _fold(codes: pd.Series) -> np.ndarray:
    """Codes as they are compared: without case, without spaces around; missing stays None."""
    text = codes.astype(object).where(codes.notna(), None)
    return np.array([None if c is None else str(c).strip().upper() for c in text], dtype=object)


def _what_is_known(
    table: pd.DataFrame, suited: pd.DataFrame, metiers: tuple[Metier, ...], count: str
) -> dict[str, Any]:
    """Whether each métier is named, what rows say no métier, and places by département with and without position."""
    given = set(table["metier"].dropna())
    names = tuple(sorted(set(suited["department"]) | {""}))
    by = np.zeros((2, len(metiers), len(names)), dtype=np.int64)
    if len(suited):
        column = pd.Index(names).get_indexer(pd.Index(suited["department"]))
        here = np.isfinite(suited["x"].to_numpy(np.float64))
        travelled = (
            suited["modality"].isin(TRAVELLED).to_numpy() if "modality" in suited else np.ones(len(suited), bool)
        )
        rows = suited["metier_index"].to_numpy(np.int64)
        for layer, mask in ((0, here & travelled), (1, ~here & travelled)):
            np.add.at(by[layer], (rows[mask], column[mask]), suited[count].to_numpy(np.int64)[mask])
    return {
        "named": np.array([_fold_code(metier.code) in given for metier in metiers], dtype=bool),
        "uncoded_places": int(table.loc[table["metier"].isna(), count].sum()),
        "departments": names,
        "by_department": by,
    }


def _fold_code(code: str) -> str:
    return code.strip().upper()


def _count_faults(frame: pd.DataFrame, column: str, table: str) -> list[Fault]:
    raw = frame[column]
    values = pd.to_numeric(raw, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    ids = frame["site_id"].astype(str).to_numpy()
    # Numbers beyond those of any country are no counts, and would turn negative as whole numbers.
    unreadable = ~(np.abs(values) < _MOST_COUNTED) & raw.notna().to_numpy()
    found = []
    for mask, key in ((unreadable, "diagnosis.no_number"), ((values < 0) & ~unreadable, "diagnosis.negative")):
        rows = np.flatnonzero(mask)[:_MOST_FAULTS]
        found += [fault(f"{table}: site {ids[i]}", key, column=column) for i in rows]
    return found


def _counts(frame: pd.DataFrame, column: str, *, unknown: int) -> np.ndarray:
    """Whole numbers of a column, int64 (n,), `unknown` where it is empty."""
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(values), unknown, values).astype(np.int64)


def _missing_columns(frame: pd.DataFrame, needed: Sequence[str], table: str) -> list[Fault]:
    return [fault(table, "column_missing", column=name) for name in needed if name not in frame.columns]


def _coordinates(frame: pd.DataFrame, epsg: int, table: str) -> np.ndarray:
    """Metric positions, float64 (n, 2), NaN where a row has none."""
    xy = np.full((len(frame), 2), np.nan)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        return xy
    if frame.crs is None:
        raise_faults([fault(table, "layer_no_crs_degrees")])
    geometry = frame.geometry.to_crs(epsg)
    placed = ~(geometry.isna() | geometry.is_empty).to_numpy()
    if placed.any():
        xy[placed, 0] = geometry[placed].x.to_numpy()
        xy[placed, 1] = geometry[placed].y.to_numpy()
    if "position_quality" in frame.columns:
        xy[(frame["position_quality"].astype(str) == "none").to_numpy()] = np.nan
    return xy


def _sure_positions(frame: pd.DataFrame) -> np.ndarray:
    if "position_quality" not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return frame["position_quality"].astype(str).isin(_SURE_POSITIONS).to_numpy()


def _names(frame: pd.DataFrame) -> np.ndarray:
    column = "site_name" if "site_name" in frame.columns else "site_id"
    return frame[column].astype(str).to_numpy(object)


def _pack(rows: pd.DataFrame, metiers: tuple[Metier, ...], extra: dict[str, Any]) -> Offers:
    """Group located rows (columns metier_index, site, open, all, sure) by métier."""
    ordered = rows.sort_values(["metier_index", "site"], kind="stable")
    indptr = indptr_of_rows(ordered["metier_index"].to_numpy(np.int64), len(metiers))
    return Offers(
        metiers,
        indptr,
        ordered["site"].to_numpy(np.int32),
        ordered["open"].to_numpy(np.int64),
        ordered["all"].to_numpy(np.int64),
        ordered["sure"].to_numpy(bool),
        known_fill=ordered["told"].to_numpy(bool),
        **extra,
    )


def training_offers(training: pd.DataFrame, metiers: Sequence[Metier], *, epsg: int) -> tuple[Sites, Offers]:
    """Read training supply as arrays, level by level.

    An offer counts for a métier when its code is the métier's and its level lies within the métier's levels: a place
    in an engineering school is no supply for a CAP need. A column ``filled``, where there is one, says how many
    places are taken. An offer whose places are unknown (empty) counts as one place: it exists, and no more is known.

    Parameters
    ----------
    training : GeoDataFrame
        One row per site × métier × level: ``site_id, metier, level, places, modality, position_quality``, geometry.
    metiers : sequence of Metier
    epsg : int
        Metric CRS of the positions given back.

    Returns
    -------
    Sites, Offers

    Raises
    ------
    InputError
        With every fault: missing columns, unreadable or negative places, unknown modality.

    Examples
    --------
    >>> from shapely import Point
    >>> table = gpd.GeoDataFrame(
    ...     {"site_id": ["a", "b"], "metier": ["H2913", "H2913"], "level": [3, 7], "places": [12, 20],
    ...      "modality": ["on_site", "on_site"], "position_quality": ["exact", "exact"]},
    ...     geometry=[Point(7e5, 7e6), Point(7.1e5, 7e6)], crs=2154)
    >>> sites, offers = training_offers(table, [Metier("H2913", max_level=4)], epsg=2154)
    >>> sites.ids.tolist(), offers.located_open.tolist()
    (['a'], [12])
    """
    raise_faults(_missing_columns(training, ("site_id", "metier", "level", "places"), "training"))
    faults = _count_faults(training, "places", "training")
    if "filled" in training.columns:
        faults += _count_faults(training, "filled", "training")
    modality = _modality(training)
    unknown = sorted(set(modality) - set(_MODALITIES))
    faults += [fault("training", "diagnosis.modality", name=name, known=", ".join(_MODALITIES)) for name in unknown]
    raise_faults(faults)

    metiers = tuple(metiers)
    xy = _coordinates(training, epsg, "training")
    every = _counts(training, "places", unknown=1)
    has_fill = "filled" in training.columns
    taken = _counts(training, "filled", unknown=0) if has_fill else 0 * every
    told = training["filled"].notna().to_numpy(bool) if has_fill else np.zeros(len(training), dtype=bool)
    told = told & training["places"].notna().to_numpy(bool)
    table = pd.DataFrame(
        {
            "site_id": training["site_id"].astype(str).to_numpy(object),
            "name": _names(training),
            "metier": _fold(training["metier"]),
            "department": _departments(training),
            "level": pd.to_numeric(training["level"], errors="coerce").to_numpy(np.float64, na_value=np.nan),
            "all": every,
            "open": np.maximum(every - taken, 0),
            "told": told,
            "modality": modality,
            "sure": _sure_positions(training),
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )
    suited = _suited(table, metiers)
    placed = suited["modality"].isin(TRAVELLED) & np.isfinite(suited["x"])
    apart = {
        "unlocated_places": suited["modality"].isin(TRAVELLED) & ~placed,
        "remote_places": suited["modality"] == "remote",
        "mobile_places": suited["modality"] == "mobile",
    }
    extra: dict[str, Any] = {name: _sums(suited[mask], len(metiers)) for name, mask in apart.items()}
    partial = [_sums(suited[suited["modality"] == name], len(metiers)) for name in ("hybrid", "afest")]
    extra |= {"partial_places": np.array(partial), **_what_is_known(table, suited, metiers, "all")}
    located = suited[placed].copy()
    first = located.drop_duplicates("site_id")
    index = pd.Index(first["site_id"])
    located["site"] = index.get_indexer(located["site_id"])
    sites = Sites(
        first["site_id"].to_numpy(object), first["name"].to_numpy(object), first[["x", "y"]].to_numpy(np.float64)
    )
    return sites, _pack(located, metiers, extra)


def _modality(training: pd.DataFrame) -> np.ndarray:
    if "modality" not in training.columns:
        return np.full(len(training), "on_site", dtype=object)
    return training["modality"].astype(str).to_numpy(object)


def _suited(table: pd.DataFrame, metiers: tuple[Metier, ...]) -> pd.DataFrame:
    """Rows × the métiers they supply; a row without a level suits every level of its métier."""
    codes, level = table["metier"].to_numpy(object), table["level"].to_numpy(np.float64)
    any_level, nobody = np.isnan(level), np.zeros(0, np.int64)
    rows = [
        np.flatnonzero(
            (codes == _fold_code(metier.code)) & (any_level | (level >= metier.min_level) & (level <= metier.max_level))
        )
        for metier in metiers
    ]
    counts = [len(own) for own in rows]
    found = table.iloc[np.concatenate([nobody, *rows])].reset_index(drop=True)
    return found.assign(metier_index=np.repeat(np.arange(len(metiers)), counts))


def _sums(rows: pd.DataFrame, n_metiers: int) -> np.ndarray:
    return np.bincount(rows["metier_index"], weights=rows["all"], minlength=n_metiers).astype(np.int64)


def _shift_s(text: object, where: str, faults: list[Fault]) -> int:
    try:
        return parse_clock(str(text))
    except GeoAccessError as error:
        faults.append(Fault(where, str(error), key=error.key, values=error.values))
        return 0


def _shifts(employers: pd.DataFrame, ids: np.ndarray, faults: list[Fault]) -> tuple[list[int], list[int]]:
    """Read the hours of each row [s], and put what cannot be a shift among the faults."""
    starts = [_shift_s(t, f"employers: site {i}", faults) for i, t in zip(ids, employers["shift_start"])]
    ends = [_shift_s(t, f"employers: site {i}", faults) for i, t in zip(ids, employers["shift_end"])]
    backwards = [site for site, start, end in zip(ids, starts, ends) if end <= start]
    faults += [fault(f"employers: site {site}", "diagnosis.shift_ends") for site in backwards[:_MOST_FAULTS]]
    return starts, ends


def job_offers(employers: pd.DataFrame, metiers: Sequence[Metier], *, epsg: int) -> tuple[Sites, Offers]:
    """Read openings as arrays; every employer row keeps the hours of its own shift.

    A row whose openings are unknown (empty) counts as one.

    Parameters
    ----------
    employers : GeoDataFrame
        One row per site × métier × shift: ``site_id, metier, openings, shift_start, shift_end``, geometry.
    metiers : sequence of Metier
    epsg : int
        Metric CRS of the positions given back.

    Returns
    -------
    Sites, Offers
        A site stands once per shift.

    Raises
    ------
    InputError
        With every fault: missing columns, unreadable or negative openings, shifts that end before they start.

    Examples
    --------
    >>> from shapely import Point
    >>> table = gpd.GeoDataFrame(
    ...     {"site_id": ["a", "a"], "metier": ["H2913"] * 2, "openings": [2, 1],
    ...      "shift_start": ["05:00", "13:00"], "shift_end": ["13:00", "21:00"]},
    ...     geometry=[Point(7e5, 7e6)] * 2, crs=2154)
    >>> sites, offers = job_offers(table, [Metier("H2913")], epsg=2154)
    >>> sites.start_s.tolist(), offers.located_open.tolist()
    ([18000, 46800], [3])
    """
    needed = ("site_id", "metier", "openings", "shift_start", "shift_end")
    raise_faults(_missing_columns(employers, needed, "employers"))
    faults = _count_faults(employers, "openings", "employers")
    ids = employers["site_id"].astype(str).to_numpy(object)
    starts, ends = _shifts(employers, ids, faults)
    raise_faults(faults)

    metiers = tuple(metiers)
    xy = _coordinates(employers, epsg, "employers")
    openings = _counts(employers, "openings", unknown=1)
    table = pd.DataFrame(
        {
            "site_id": ids,
            "name": _names(employers),
            "metier": _fold(employers["metier"]),
            "department": _departments(employers),
            "level": np.nan,
            "all": openings,
            "open": openings,
            "told": True,
            "sure": _sure_positions(employers),
            "start_s": starts,
            "end_s": ends,
            "x": xy[:, 0],
            "y": xy[:, 1],
        }
    )
    suited = _suited(table, metiers)
    placed = np.isfinite(suited["x"])
    none = np.zeros(len(metiers), dtype=np.int64)
    extra: dict[str, Any] = {
        "unlocated_places": _sums(suited[~placed], len(metiers)),
        "remote_places": none,
        "mobile_places": none.copy(),
        **_what_is_known(table, suited, metiers, "all"),
    }
    located = suited[placed].copy()
    keys = ["site_id", "start_s", "end_s"]
    first = located.drop_duplicates(keys)
    located["site"] = pd.MultiIndex.from_frame(first[keys]).get_indexer(pd.MultiIndex.from_frame(located[keys]))
    sites = Sites(
        first["site_id"].to_numpy(object),
        first["name"].to_numpy(object),
        first[["x", "y"]].to_numpy(np.float64),
        first["start_s"].to_numpy(np.int64),
        first["end_s"].to_numpy(np.int64),
    )
    return sites, _pack(located, metiers, extra)
