"""Whether the candidates of a métier live where its offers are: `dares_mismatch`.

Our reckoning of what Dares documents as *inadéquation géographique*: the dissimilarity of the two geographic
distributions, standardised over métiers and cut at the quintiles. The official class, where it was imported, stands
beside ours and is never merged with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo_access.errors import raise_faults
from geo_access.words.told import fault

__all__ = ["MismatchReference", "dares_mismatch", "duncan_index"]


def duncan_index(candidates: np.ndarray, offers: np.ndarray) -> float:
    """Share of the candidates who would have to change zone to be spread as the offers are.

    ``D = ½ Σ_z |C_z / C − O_z / O|`` (Duncan & Duncan 1955). 0 (same distribution) to 1 (never in the same zone); NaN
    where there is no candidate or no offer.

    Parameters
    ----------
    candidates, offers : ndarray of float, shape (n_zones,)
        ≥ 0.

    Returns
    -------
    float

    Examples
    --------
    >>> duncan_index(np.array([3.0, 1.0]), np.array([1.0, 3.0]))
    0.5
    """
    total_c, total_o = float(np.sum(candidates)), float(np.sum(offers))
    if not (total_c > 0 and total_o > 0):
        return float("nan")
    return float(0.5 * np.abs(np.asarray(candidates) / total_c - np.asarray(offers) / total_o).sum())


@dataclass(frozen=True)
class MismatchReference:
    """Distribution of the index over métiers in a reference period.

    Attributes
    ----------
    mean, deviation : float
        Over métiers with enough zones, candidates and offers.
    cuts : tuple of float
        The four quintiles, ascending.
    source : str
        Period and zoning.
    """

    mean: float
    deviation: float
    cuts: tuple[float, float, float, float]
    source: str


def _bootstrap(
    candidates: np.ndarray, offers: np.ndarray, index: float, repeats: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the basic bootstrap interval, 5–95 %, of individuals drawn anew into zones.

    Drawing adds noise, and noise adds dissimilarity: the basic interval reflects the quantiles around the estimate,
    which takes most of this bias out, where the percentile interval would double it.
    """
    drawn_c = rng.multinomial(max(round(candidates.sum()), 1), candidates / candidates.sum(), size=repeats)
    drawn_o = rng.multinomial(max(round(offers.sum()), 1), offers / offers.sum(), size=repeats)
    drawn = 0.5 * np.abs(
        drawn_c / drawn_c.sum(axis=1, keepdims=True) - drawn_o / drawn_o.sum(axis=1, keepdims=True)
    ).sum(axis=1)
    low, high = np.quantile(drawn, [0.05, 0.95])
    return float(np.clip(2 * index - high, 0, 1)), float(np.clip(2 * index - low, 0, 1))


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    needed = ("metier", "zone_id", "candidates", "offers")
    faults = [fault("mismatch", "column_missing", column=c) for c in needed if c not in table.columns]
    raise_faults(faults)
    clean = pd.DataFrame(
        {
            "metier": table["metier"].astype(str),
            "zone_id": table["zone_id"].astype(str),
            "candidates": pd.to_numeric(table["candidates"], errors="coerce").astype(float),
            "offers": pd.to_numeric(table["offers"], errors="coerce").astype(float),
        }
    )
    for column in ("candidates", "offers"):
        bad = clean[~np.isfinite(clean[column]) | (clean[column] < 0)]
        faults += [
            fault(f"mismatch: métier {row.metier}, zone {row.zone_id}", "measures.mismatch_number", column=column)
            for row in bad.head(20).itertuples()
        ]
    twice = clean[clean.duplicated(["metier", "zone_id"])]
    faults += [
        fault(f"mismatch: métier {row.metier}, zone {row.zone_id}", "measures.mismatch_twice")
        for row in twice.head(20).itertuples()
    ]
    raise_faults(faults)
    return clean


def dares_mismatch(
    table: pd.DataFrame,
    *,
    min_zones: int = 50,
    min_candidates: float = 200,
    min_offers: float = 200,
    repeats: int = 500,
    seed: int = 0,
    reference: MismatchReference | None = None,
    official: pd.DataFrame | None = None,
    source: str = "",
) -> tuple[pd.DataFrame, MismatchReference]:
    """Geographic mismatch of each métier over any zoning, with an interval, a floor, and the official class beside it.

    The index of `duncan_index` is centred and reduced over the métiers above the floor, and cut at their quintiles:
    class 5 is the strongest mismatch. Métiers below the floor keep their index and interval and get no class.

    Parameters
    ----------
    table : DataFrame
        One row per métier × zone: ``metier, zone_id, candidates, offers``.
    min_zones : int
        Floor, zones in which the métier appears.
    min_candidates, min_offers : float
        Floors of the totals.
    repeats : int
        Bootstrap draws.
    seed : int
        Of the draws.
    reference : MismatchReference, optional
        Mean, deviation and quintiles of another period; by default those of the table.
    official : DataFrame, optional
        ``metier, official_class``: imported, shown beside ours.
    source : str
        Source and vintage, repeated on every row.

    Returns
    -------
    DataFrame
        One row per métier: ``mismatch, mismatch_low, mismatch_high`` (5–95 %), ``standardised, mismatch_class`` (1–5),
        ``above_floor``, totals, ``official_class``, ``source``.
    MismatchReference
        What the classes were cut at.

    Raises
    ------
    InputError
        With every fault of the table.

    Examples
    --------
    >>> rows = [("A", "x", 3, 1), ("A", "y", 1, 3), ("B", "x", 2, 2), ("B", "y", 2, 2)]
    >>> table = pd.DataFrame(rows, columns=["metier", "zone_id", "candidates", "offers"])
    >>> found, _ = dares_mismatch(table, min_zones=1, min_candidates=1, min_offers=1, repeats=50)
    >>> found[["metier", "mismatch"]].values.tolist()
    [['A', 0.5], ['B', 0.0]]
    """
    clean = _checked(table)
    rng = np.random.default_rng(seed)
    rows = []
    for metier, part in clean.groupby("metier", sort=True):
        candidates, offers = part["candidates"].to_numpy(), part["offers"].to_numpy()
        index = duncan_index(candidates, offers)
        low, high = (
            _bootstrap(candidates, offers, index, repeats, rng) if np.isfinite(index) else (float("nan"), float("nan"))
        )
        rows.append((metier, len(part), candidates.sum(), offers.sum(), index, low, high))
    names = ["metier", "zones", "candidates", "offers", "mismatch", "mismatch_low", "mismatch_high"]
    found = pd.DataFrame(rows, columns=names)
    enough = (found["zones"] >= min_zones) & (found["candidates"] >= min_candidates) & (found["offers"] >= min_offers)
    found["above_floor"] = enough & found["mismatch"].notna()
    chosen = _reference(found.loc[found["above_floor"], "mismatch"].to_numpy(float), source, reference)
    standardised = (found["mismatch"] - chosen.mean) / chosen.deviation if chosen.deviation > 0 else np.nan
    found["standardised"] = pd.array(np.where(found["above_floor"], standardised, np.nan), dtype="Float64")
    classes = 1 + np.searchsorted(np.array(chosen.cuts), found["mismatch"].to_numpy(float), side="left")
    found["mismatch_class"] = pd.array(classes, dtype="Int8")
    found.loc[~found["above_floor"], "mismatch_class"] = pd.NA
    if official is not None:
        imported = official[["metier", "official_class"]].drop_duplicates("metier").astype({"metier": str})
        found = found.merge(imported, on="metier", how="left")
        found["official_class"] = found["official_class"].astype("Int8")
    found["source"] = source
    return found, chosen


def _reference(values: np.ndarray, source: str, given: MismatchReference | None) -> MismatchReference:
    if given is not None:
        return given
    if not len(values):
        return MismatchReference(float("nan"), float("nan"), (float("nan"),) * 4, source)
    low, second, third, high = np.quantile(values, [0.2, 0.4, 0.6, 0.8]).tolist()
    return MismatchReference(float(values.mean()), float(values.std()), (low, second, third, high), source)
