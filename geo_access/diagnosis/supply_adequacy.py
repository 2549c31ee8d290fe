"""`supply_adequacy`: the supply of a métier against its need, in three components that are never merged.

After OPCO 2i, whose study names an *adéquation géographique*, an *adéquation quantitative* and the employment rate
after training, and gives no formula: ours are below. The three stand side by side; there is no composite.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import DiagnosedCase
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.errors import raise_faults
from geo_access.words.told import fault

__all__ = ["basin_need", "employer_need", "filling_rate", "supply_adequacy"]

_RATIOS = {
    "share_candidates_near": ("candidates_near", "candidates"),
    "share_need_near": ("need_near", "need"),
    "places_per_need": ("places_reached", "need"),
    "filling_rate": ("placed", "places"),
}


def filling_rate(candidates: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Candidates placed on trainings over the places available (*taux de remplissage*).

    ``candidates / places``: the one formula that the CPRDFOP gives. ≥ 0, above 1 when there are more candidates than
    places; NaN where there is no place.

    Parameters
    ----------
    candidates, places : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> filling_rate(np.array([9.0, 3.0]), np.array([12.0, 0.0])).tolist()
    [0.75, nan]
    """
    places = np.asarray(places, dtype=np.float64)
    return np.divide(candidates, places, out=np.full(places.shape, np.nan), where=places > 0)


def employer_need(
    jobs: Offers, training: Offers, seconds: np.ndarray, *, limit_s: float, beside: Beside | None = None
) -> pd.DataFrame:
    """Need at employers, and how much of it lies near a suitable session.

    Parameters
    ----------
    jobs, training : Offers
        Over the same métiers.
    seconds : ndarray of float, shape (n_job_sites, n_training_sites)
        Time between them [s], NaN where there is none.
    limit_s : float
        Threshold [s].
    beside : Beside, optional
        Between the employers and the training, for the distance that the threshold names.

    Returns
    -------
    DataFrame
        One row per métier: ``metier, need, need_near``; openings whose employer has no position count in the need only.

    Raises
    ------
    InputError
        When the métiers differ.

    Examples
    --------
    >>> from geo_access.diagnosis.model import Metier
    >>> zero = np.zeros(1, dtype=np.int64)
    >>> def offers(n):
    ...     return Offers((Metier("A"),), np.array([0, 1]), np.array([0], np.int32), np.array([n]), np.array([n]),
    ...                   np.array([True]), zero, zero, zero)
    >>> employer_need(offers(4), offers(10), np.array([[900.0]]), limit_s=3600).values.tolist()
    [['A', 4, 4]]
    """
    if [m.code for m in jobs.metiers] != [m.code for m in training.metiers]:
        raise_faults([fault("need", "diagnosis.other_metiers")])
    near = np.asarray(seconds) <= limit_s
    if beside is not None:
        near |= beside.near()
    rows = []
    for m, metier in enumerate(jobs.metiers):
        taught = slice(training.indptr[m], training.indptr[m + 1])
        sessions = training.site[taught][training.all_places[taught] > 0]
        needed = slice(jobs.indptr[m], jobs.indptr[m + 1])
        reached = near[jobs.site[needed]][:, sessions].any(axis=1)
        need = int(jobs.located_all[m] + jobs.unlocated_places[m])
        rows.append((metier.code, need, int(jobs.all_places[needed][reached].sum())))
    return pd.DataFrame(rows, columns=["metier", "need", "need_near"])


def basin_need(need: pd.DataFrame, case: DiagnosedCase, residents: Residents) -> pd.DataFrame:
    """Need spread over a basin's residents: as near to a session as they are.

    Parameters
    ----------
    need : DataFrame
        ``metier, zone_id, need``: recruitment projects per zone; zones of the residents.
    case : DiagnosedCase
        Training, for one profile and threshold.
    residents : Residents

    Returns
    -------
    DataFrame
        ``metier, need, need_near``.

    Raises
    ------
    InputError
        With unknown zones, and missing or negative needs (a secret number is left out, not zero).
    """
    amount = pd.to_numeric(need["need"], errors="coerce").to_numpy(np.float64)
    zone = pd.Index(residents.zone_ids).get_indexer(need["zone_id"].astype(str))
    unknown = need["zone_id"].astype(str).to_numpy()[zone < 0]
    faults = [fault("need", "diagnosis.zone_unknown", item=z) for z in pd.unique(unknown)[:20]]
    if not np.all(np.isfinite(amount) & (amount >= 0)):
        faults.append(fault("need", "diagnosis.secret_numbers"))
    raise_faults(faults)
    weights = residents.weights
    total = np.asarray(weights.sum(axis=1)).ravel()
    share = np.asarray(weights @ case.points.reached) / np.where(total > 0, total, 1.0)[:, None]
    codes = [m.code for m in case.offers.metiers]
    metier = pd.Index(codes).get_indexer(pd.Index(need["metier"].astype(str)))
    known = metier >= 0
    rows = np.zeros((len(codes), 2))
    np.add.at(rows[:, 0], metier[known], amount[known])
    np.add.at(rows[:, 1], metier[known], amount[known] * share[zone[known], metier[known]])
    return pd.DataFrame({"metier": codes, "need": rows[:, 0], "need_near": rows[:, 1]})


def supply_adequacy(
    case: DiagnosedCase,
    residents: Residents,
    *,
    need: pd.DataFrame,
    employment: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    zones: Sequence[str] | None = None,
    by: str = "metier",
) -> pd.DataFrame:
    """Set the three components side by side, per métier or family, over a territory.

    - geographic: ``share_candidates_near`` = candidates who reach a suitable session and get back / candidates;
      ``share_need_near`` = need within the threshold of a suitable session / need. 0–1.
    - quantitative: ``places_per_need`` = places within reach of the territory's candidates, after sharing each site
      among all who can reach it (``Σ P_i A_i``) / need, ≥ 0, 1 when they match; ``filling_rate`` = candidates placed /
      places.
    - ``employment_rate``: given with its source and horizon, never computed.

    Parameters
    ----------
    case : DiagnosedCase
        Training, for one profile and threshold; its métiers carry the levels.
    residents : Residents
    need : DataFrame
        ``metier, need, need_near``, from `employer_need` or `basin_need`.
    employment : DataFrame, optional
        ``metier, employment_rate, employment_source``.
    candidates : DataFrame, optional
        ``metier, placed``: candidates placed on trainings, for the filling rate.
    zones : sequence of str, optional
        Territory: ids of the zones it is made of; all points by default. Points in several of them count once.
    by : str
        ``metier`` or ``family``.

    Returns
    -------
    DataFrame
        One row per métier or family; what has no denominator is ``pd.NA``.

    Raises
    ------
    InputError
        When `by` is unknown, a zone is, or an employment rate leaves 0–1.
    """
    faults = [] if by in ("metier", "family") else [fault("by", "diagnosis.by", by=by)]
    missing = sorted(set(map(str, zones or ())) - set(residents.zone_ids))
    faults += [fault("zones", "diagnosis.zone_of_unknown", item=z) for z in missing[:20]]
    if employment is not None and not employment["employment_rate"].dropna().between(0, 1).all():
        faults.append(fault("employment", "diagnosis.rates"))
    raise_faults(faults)
    inside = np.ones(len(residents.point_ids))
    if zones is not None:
        chosen = np.isin(residents.zone_ids, list(map(str, zones)))
        inside = np.minimum(np.asarray(residents.membership[chosen].sum(axis=0)).ravel(), 1.0)
    people = residents.candidates * inside
    table = pd.DataFrame(
        {
            "metier": [m.code for m in case.offers.metiers],
            "family": [m.family for m in case.offers.metiers],
            "levels": [f"{m.min_level}–{m.max_level}" for m in case.offers.metiers],
            "candidates": people.sum(),
            "candidates_near": people @ case.points.reached,
            "places": case.offers.located_all + case.offers.unlocated_places,
            "places_remote": case.offers.remote_places + case.offers.mobile_places,
            "places_reached": people @ case.points.places_per_candidate.astype(np.float64),
        }
    ).merge(need[["metier", "need", "need_near"]].astype({"metier": str}), on="metier", how="left")
    if candidates is not None:
        table = table.merge(candidates[["metier", "placed"]].astype({"metier": str}), on="metier", how="left")
    if by == "family":
        sums = [c for c in table.columns if c not in ("metier", "family", "levels", "candidates")]
        grouped = table.groupby("family", sort=True)
        # Candidates of a family are the same people for each of its métiers: shares are means over métiers.
        table = grouped[sums].sum(min_count=1).reset_index()
        table["candidates"] = grouped["candidates"].sum().to_numpy()
    elif employment is not None:
        table = table.merge(employment.astype({"metier": str}), on="metier", how="left")
    for name, (top, bottom) in _RATIOS.items():
        if top in table.columns:
            value = filling_rate(table[top].to_numpy(float), table[bottom].fillna(0).to_numpy(float))
            table[name] = pd.Series(pd.array(value, dtype="Float64")).where(~np.isnan(value))
    return table.assign(profile=case.profile.id, threshold=case.threshold.id, schedule=case.schedule)
