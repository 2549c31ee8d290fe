"""What is not published: numbers of so few households that somebody could be picked out.

The floor of fiscal grid data is 11 households (INSEE): sure, and held to wherever the points tell households. For other
numbers no rule was found; the study may set one. Where a single zone of a layer falls below the floor, the total of the
layer would give it away: the next smallest is held back with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo_access.diagnosis.model import Level, Saturation
from geo_access.diagnosis.residents import Residents

__all__ = ["HELD_BACK", "OF_THE_STUDY", "Publication", "held_back_zones", "hold_back", "zones_held_back"]

HELD_BACK = "HELD_BACK"
"""Cause of the level of a zone whose numbers are not published."""

OF_THE_STUDY = (
    "threshold_min",
    "radius_km",
    "located_places",
    "located_free_places",
    "unlocated_places",
    "uncoded_places",
    "remote_places",
    "mobile_places",
    "hybrid_places",
    "afest_places",
)
"""Numbers of the whole study: they tell of nobody, and are not held back."""


@dataclass(frozen=True)
class Publication:
    """Floors below which a zone's numbers are not published.

    Attributes
    ----------
    min_households : float
        Where the points tell households; 11 for the fiscal grid.
    min_residents : float
        Of the people counted, whatever the points tell; 0 for none.

    Examples
    --------
    >>> Publication().min_households
    11.0
    """

    min_households: float = 11.0
    min_residents: float = 0.0


def zones_held_back(residents: Residents, rules: Publication) -> tuple[np.ndarray, np.ndarray]:
    """Find the zones below a floor, and those that would reveal one.

    Parameters
    ----------
    residents : Residents
    rules : Publication

    Returns
    -------
    below, beside : ndarray of bool, shape (n_zones,)
        Zones below a floor; zones held back since the only other one of their layer (zones that do not overlap) would
        follow from the total.
    """
    people = np.asarray(residents.weights.sum(axis=1)).ravel()
    below = (people > 0) & (people < rules.min_residents)
    if residents.households is not None:
        homes = np.asarray(residents.membership @ residents.households).ravel()
        below |= (people > 0) & (homes < rules.min_households)
    beside = np.zeros_like(below)
    for layer in _layers(residents):
        if (below & layer).sum() != 1:
            continue
        others = np.flatnonzero(layer & ~below & (people > 0))
        if len(others):
            beside[others[np.argmin(people[others])]] = True
    return below, beside


def _layers(residents: Residents) -> list[np.ndarray]:
    """Zones that share a territory out among them, whose total therefore tells of each: by what does not overlap."""
    kinds = residents.zone_kinds.astype(str)
    every, plain = np.ones(len(kinds), dtype=bool), kinds != "qpv"

    def overlap(chosen: np.ndarray) -> bool:
        return bool((np.asarray(residents.membership[chosen].sum(axis=0)) > 1 + 1e-6).any())

    if not overlap(every):
        return [every]
    if plain.any() and not overlap(plain):
        return [plain, ~plain]
    return [kinds == kind for kind in np.unique(kinds).tolist()]


def held_back_zones(residents: Residents, rules: Publication) -> np.ndarray:
    """Return the zones whose numbers `hold_back` takes out, bool (n_zones,)."""
    below, beside = zones_held_back(residents, rules)
    return below | beside if below.any() else np.zeros_like(below)


def hold_back(flags: pd.DataFrame, residents: Residents, rules: Publication) -> tuple[pd.DataFrame, int, int]:
    """Take the numbers of zones below the floor out of the flags.

    Parameters
    ----------
    flags : DataFrame
        Of `geo_access.diagnosis.flag.flag_zones`.
    residents : Residents
    rules : Publication

    Returns
    -------
    flags : DataFrame
        The same rows; those of a zone held back are ``sans objet`` with the cause ``HELD_BACK``, and their numbers are
        ``pd.NA``.
    below, beside : int
        How many zones were held back for themselves, and to keep another from following from a total.
    """
    below, beside = zones_held_back(residents, rules)
    if not below.any():
        return flags, 0, 0
    held = set(residents.zone_ids[below | beside].astype(str).tolist())
    rows = flags["zone_id"].astype(str).isin(held).to_numpy()
    return _emptied(flags, rows), int(below.sum()), int(beside.sum())


def _emptied(flags: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Return the flags with rows of which only the question stays."""
    columns: dict[str, object] = {}
    words = {"level": Level.SANS_OBJET.value, "radius_level": Level.SANS_OBJET.value}
    words |= {"saturation": Saturation.SANS_OBJET.value, "cause": HELD_BACK, "doubts": "", "sensitive": ""}
    for name in flags.columns:
        column = flags[name]
        if name in words and name in flags:
            columns[name] = _told(column, rows, words[name])
        elif name in ("main_reason", "nearest_site_id", "nearest_site_name"):
            columns[name] = column.where(~rows)
        elif pd.api.types.is_float_dtype(column.dtype) and name not in OF_THE_STUDY:
            columns[name] = column.astype("Float32").where(~rows)
        else:
            columns[name] = column
    return pd.DataFrame(columns, copy=False)


def _told(column: pd.Series, rows: np.ndarray, word: str) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype) and word not in column.cat.categories:
        column = column.cat.add_categories([word])
    return column.where(~rows, word)
