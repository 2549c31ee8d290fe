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
from geo_access.given import require_kind
from geo_access.words.told import fault

__all__ = ["MismatchFloor", "MismatchReference", "dares_mismatch", "duncan_index"]


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


# Multiples of the observed differences that are drawn from, and draws of each.
_SCALES = np.linspace(0.0, 1.25, 11)
# Tails that hold 90 % of the cases once measured: the shape of the differences is itself taken from a sample.
_TAILS = (0.02, 0.5, 0.98)


def _corrected(
    candidates: np.ndarray, offers: np.ndarray, index: float, repeats: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Estimate the index without the noise of small numbers, and an interval, by drawing people into zones anew.

    Chance spreads two equal distributions apart, so that the index of a sample is too large. The differences between
    the two distributions are scaled by s, ``p_s = m + s (p − m)`` around the pooled one m, individuals are drawn from
    both, and the s is sought at which the observed index is the median of those drawn (for the bounds: a tail of them).
    The estimate is the index of that s.
    """
    pooled = (candidates + offers) / (candidates.sum() + offers.sum())
    shares = candidates / candidates.sum(), offers / offers.sum()
    sizes = max(round(candidates.sum()), 1), max(round(offers.sum()), 1)
    true, tails = [], []
    for scale in _SCALES:
        spread = [np.clip(pooled + scale * (share - pooled), 0.0, None) for share in shares]
        spread = [share / share.sum() for share in spread]
        true.append(0.5 * np.abs(spread[0] - spread[1]).sum())
        drawn = [rng.multinomial(size, share, size=repeats) / size for size, share in zip(sizes, spread, strict=True)]
        tails.append(np.quantile(0.5 * np.abs(drawn[0] - drawn[1]).sum(axis=1), _TAILS))
    rising = np.maximum.accumulate(np.array(tails), axis=0)
    middle, low, high = (
        float(np.interp(index, rising[:, tail], true)) if index > rising[0, tail] else 0.0 for tail in (1, 2, 0)
    )
    return middle, low, high


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    require_kind(table, pd.DataFrame, "mismatch", made_by="metier, zone_id, candidates, offers")
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


@dataclass(frozen=True)
class MismatchFloor:
    """How much of a métier there must be for a class.

    Attributes
    ----------
    zones : int
        Zones in which it appears.
    candidates, offers : float
        Totals.
    """

    zones: int = 50
    candidates: float = 200
    offers: float = 200


def dares_mismatch(
    table: pd.DataFrame,
    *,
    floor: MismatchFloor | None = None,
    repeats: int = 200,
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
    floor : MismatchFloor, optional
        Below which a métier gets no class; by default that of Dares.
    repeats : int
        Draws for each of eleven scales of the difference.
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
        One row per métier: ``mismatch`` as Dares reckons it, ``mismatch_corrected`` for the noise of small numbers,
        ``mismatch_low, mismatch_high`` (an interval meant to hold the truth in 90 % of cases), ``standardised,
        mismatch_class`` (1–5), ``above_floor``, totals, ``official_class``, ``source``.
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
    >>> found, _ = dares_mismatch(table, floor=MismatchFloor(1, 1, 1), repeats=50)
    >>> found[["metier", "mismatch"]].values.tolist()
    [['A', 0.5], ['B', 0.0]]
    """
    clean = _checked(table)
    rng = np.random.default_rng(seed)
    rows = []
    for metier, part in clean.groupby("metier", sort=True):
        candidates, offers = part["candidates"].to_numpy(), part["offers"].to_numpy()
        index = duncan_index(candidates, offers)
        unknown = (float("nan"),) * 3
        corrected = _corrected(candidates, offers, index, repeats, rng) if np.isfinite(index) else unknown
        rows.append((metier, len(part), candidates.sum(), offers.sum(), index, *corrected))
    names = ["metier", "zones", "candidates", "offers", "mismatch", "mismatch_corrected"]
    names += ["mismatch_low", "mismatch_high"]
    found = pd.DataFrame(rows, columns=names)
    least = MismatchFloor() if floor is None else floor
    enough = (found["zones"] >= least.zones) & (found["candidates"] >= least.candidates)
    enough &= found["offers"] >= least.offers
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
