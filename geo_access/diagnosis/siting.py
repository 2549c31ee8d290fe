"""Where new sessions would serve the most people: location models of PySAL `spopt` on our times.

Existing sites stay; what is proposed is what to add. Pairs without a time are out of reach, whatever the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import Diagnosis
from geo_access.diagnosis.remedies import equipped_sites
from geo_access.errors import import_extra, raise_faults
from geo_access.measures.measures import check_amounts
from geo_access.words.told import fault, refusal

__all__ = ["propose_sessions", "sessions_for_metier"]

_MODELS = ("maximal_covering", "p_median", "covering")
_FAR = 1e7


def _spopt() -> tuple[Any, Any]:
    return import_extra("spopt.locate", "siting"), import_extra("pulp", "siting")


def _together(within: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points that the same sites serve, as one: the covering models see no difference."""
    patterns, index = np.unique(within, axis=0, return_inverse=True)
    return patterns, np.bincount(index.ravel(), weights=people, minlength=len(patterns))


def _covering(within: np.ndarray, people: np.ndarray, existing: np.ndarray) -> np.ndarray:
    locate, pulp = _spopt()
    served = np.asarray(np.any(within[:, existing], axis=1))
    open_to = within & ~served[:, None]
    reachable = open_to.any(axis=1) & (people > 0)
    if not reachable.any():
        return np.zeros(0, dtype=np.int64)
    patterns, _ = _together(open_to[reachable], people[reachable])
    model = locate.LSCP.from_cost_matrix(np.where(patterns, 0.0, 1.0), 0.5).solve(pulp.PULP_CBC_CMD(msg=False))
    return np.flatnonzero([bool(pairs) for pairs in _chosen(model, within.shape[1])])


def _maximal(within: np.ndarray, people: np.ndarray, existing: np.ndarray, p: int) -> np.ndarray:
    locate, pulp = _spopt()
    served = np.asarray(np.any(within[:, existing], axis=1))
    patterns, weight = _together(within & ~served[:, None], np.where(served, 0.0, people))
    useful = patterns.any(axis=1) & (weight > 0)
    candidates = np.flatnonzero(patterns[useful].any(axis=0) & ~existing)
    if not len(candidates):
        return candidates
    if len(candidates) <= p:
        return candidates
    cost = np.where(patterns[np.ix_(useful, candidates)], 0.0, 1.0)
    model = locate.MCLP.from_cost_matrix(cost, weight[useful], 0.5, p_facilities=p)
    model = model.solve(pulp.PULP_CBC_CMD(msg=False))
    return candidates[np.flatnonzero(_chosen(model, len(candidates)))]


def _median(
    seconds: np.ndarray, people: np.ndarray, existing: np.ndarray, p: int, capacities: np.ndarray | None
) -> np.ndarray:
    locate, pulp = _spopt()
    asked = people > 0
    cost = np.where(np.isnan(seconds[asked]), _FAR, seconds[asked]).astype(np.float64)
    fixed = np.flatnonzero(existing)
    total = min(p + len(fixed), seconds.shape[1])
    if capacities is not None and np.sort(capacities)[-total:].sum() < people.sum():
        raise refusal("diagnosis.no_placement")
    model = locate.PMedian.from_cost_matrix(
        cost,
        people[asked],
        p_facilities=total,
        predefined_facilities_arr=existing.astype(int) if len(fixed) else None,
        facility_capacities=capacities,
    ).solve(pulp.PULP_CBC_CMD(msg=False))
    chosen = np.flatnonzero(_chosen(model, seconds.shape[1]))
    return chosen[~existing[chosen]]


def _chosen(model: Any, n: int) -> np.ndarray:
    """Sites that the solution opens, bool (n,)."""
    if model.problem.status != 1:
        raise refusal("diagnosis.no_placement")
    return np.array([variable.value() is not None and variable.value() > 0.5 for variable in model.fac_vars[:n]])


def propose_sessions(
    seconds: np.ndarray,
    people: np.ndarray,
    site_ids: np.ndarray,
    *,
    limit_s: float,
    sessions: int | None = None,
    existing: np.ndarray | None = None,
    capacities: np.ndarray | None = None,
    model: str = "maximal_covering",
) -> pd.DataFrame:
    """Propose where to open sessions, and count the residents whom each un-flags.

    - ``maximal_covering`` (Church & ReVelle 1974): the given number of sessions, most residents within the threshold;
    - ``p_median`` (Hakimi 1964; with capacities): the given number of sessions, least total time of all residents;
    - ``covering`` (Toregas et al. 1971): the fewest sessions that serve every resident whom any site can serve.

    Parameters
    ----------
    seconds : ndarray of float, shape (n_points, n_sites)
        Slower of the ways there and back [s], NaN where there is none.
    people : ndarray of float, shape (n_points,)
        Residents, or candidates of the métier.
    site_ids : ndarray of object, shape (n_sites,)
        Where a session could be held, existing ones included.
    limit_s : float
        Threshold [s].
    sessions : int, optional
        How many to open; needed but for ``covering``.
    existing : ndarray of bool, shape (n_sites,), optional
        Sites that hold one already; they stay.
    capacities : ndarray of float, shape (n_sites,), optional
        Places of each site; ``p_median`` only.
    model : str

    Returns
    -------
    DataFrame
        One row per proposed session, in the order in which each adds most: ``site_id, residents_gained,
        residents_served, share_served`` (the two last cumulated, existing sites included), ``model``.

    Raises
    ------
    InputError
        When arguments disagree, `spopt` is absent, or no placement exists.
    """
    n_points, n_sites = seconds.shape
    check_amounts(people=(people, n_points))
    held = np.zeros(n_sites, dtype=bool) if existing is None else np.asarray(existing, dtype=bool)
    faults = [] if model in _MODELS else [fault("model", "one_of", name=model, known=", ".join(_MODELS))]
    if len(site_ids) != n_sites or held.shape != (n_sites,):
        faults.append(fault("sites", "diagnosis.siting_number"))
    if model != "covering" and (sessions is None or sessions < 1):
        faults.append(fault("sessions", "diagnosis.siting_sessions", value=sessions))
    if model == "covering" and sessions is not None:
        faults.append(fault("sessions", "diagnosis.siting_covering"))
    if capacities is not None and model != "p_median":
        faults.append(fault("capacities", "diagnosis.siting_capacities", model=model))
    if not limit_s > 0:
        faults.append(fault("limit_s", "above_zero", value=limit_s))
    raise_faults(faults)
    if capacities is not None:
        check_amounts(capacities=(capacities, n_sites))
    people = np.asarray(people, dtype=np.float64)
    within = np.asarray(seconds) <= limit_s
    if model == "covering":
        chosen = _covering(within, people, held)
    elif model == "p_median":
        chosen = _median(seconds, people, held, int(sessions or 0), capacities)
    else:
        chosen = _maximal(within, people, held, int(sessions or 0))
    return _by_gain(within, people, held, chosen, np.asarray(site_ids, dtype=object)).assign(model=model)


def _by_gain(
    within: np.ndarray, people: np.ndarray, held: np.ndarray, chosen: np.ndarray, site_ids: np.ndarray
) -> pd.DataFrame:
    served = np.asarray(np.any(within[:, held], axis=1))
    left = list(chosen)
    rows = []
    while left:
        gains = [float(people[within[:, site] & ~served].sum()) for site in left]
        best = int(np.argmax(gains))
        site = left.pop(best)
        served |= within[:, site]
        total = float(people.sum())
        reached = float(people[served].sum())
        rows.append((site_ids[site], gains[best], reached, reached / total if total > 0 else 0.0))
    return pd.DataFrame(rows, columns=["site_id", "residents_gained", "residents_served", "share_served"])


def sessions_for_metier(
    diagnosis: Diagnosis,
    metier: str,
    *,
    profile: str,
    sessions: int | None,
    model: str = "maximal_covering",
    schedule: str | None = None,
    threshold: str | None = None,
) -> pd.DataFrame:
    """Propose at which existing training sites to open sessions of a métier, and count whom each un-flags.

    Only sites that teach the métier's family or its level are proposed. Sites that teach the métier stay. A zone is
    lifted when its share of residents who get there and back reaches the adequate share.

    Parameters
    ----------
    diagnosis : Diagnosis
        With training.
    metier, profile : str
    sessions : int or None
        How many to open; None for the ``covering`` model.
    model : str
        As in `propose_sessions`.
    schedule, threshold : str, optional
        Ids; by default the first diagnosed.

    Returns
    -------
    DataFrame
        As `propose_sessions`, with ``site_name``, and cumulated ``zones_lifted`` and ``residents_unflagged`` (of the
        lifted zones; points in two zones count in both); ``sites_left``: how many further sites would still bring
        somebody there.

    Raises
    ------
    InputError
        When nothing was diagnosed for these.
    """
    case = diagnosis.case(profile, "training", schedule=schedule, threshold=threshold)
    codes = [m.code for m in case.offers.metiers]
    if metier not in codes:
        raise refusal("diagnosis.no_metier", metier=metier, known=", ".join(codes))
    number = codes.index(metier)
    trip = diagnosis.beside(case).read(diagnosis.times[profile, "training", case.schedule])
    sites = diagnosis.sites["training"]
    part = slice(case.offers.indptr[number], case.offers.indptr[number + 1])
    held = np.zeros(len(sites), dtype=bool)
    held[case.offers.site[part][case.offers.all_places[part] > 0]] = True
    # Only where the métier's family or its level is taught: rooms and teachers are not made by a model.
    equipped = np.logical_or.reduce([held, *equipped_sites(case.offers, number, len(sites))])
    slower = np.where(equipped[None, :], np.maximum(trip.out_s, trip.back_s), np.float32(np.nan))
    limit_s = case.threshold.limit_s
    people = diagnosis.residents.population
    found = propose_sessions(slower, people, sites.ids, limit_s=limit_s, sessions=sessions, existing=held, model=model)
    weights = diagnosis.residents.weights
    total = np.asarray(weights.sum(axis=1)).ravel()
    adequate = diagnosis.rules.adequate_share - 1e-9
    told = diagnosis.has_level(case)[:, number]

    def lifted(reached: np.ndarray) -> np.ndarray:
        return (np.asarray(weights @ reached.astype(np.float64)) >= adequate * total) & told

    reached = case.points.reached[:, number].copy()
    before = lifted(reached)
    rows = []
    for site_id in found["site_id"]:
        column = int(np.flatnonzero(sites.ids == site_id)[0])
        reached |= slower[:, column] <= limit_s
        new = lifted(reached) & ~before
        further = int(((slower <= limit_s) & ((people > 0) & ~reached)[:, None]).any(axis=0).sum())
        rows.append((sites.names[column], int(new.sum()), float(total[new].sum()), further))
    extra = pd.DataFrame(rows, columns=["site_name", "zones_lifted", "residents_unflagged", "sites_left"])
    return pd.concat([found, extra], axis=1).assign(metier=metier, profile=profile)
