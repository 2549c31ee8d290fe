"""The employers' side: which shifts are served, and for how many of those who look for work."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.clock import plain_clock
from geo_access.diagnosis.diagnose import OWN_HOURS, Diagnosis
from geo_access.diagnosis.distance import within_distance
from geo_access.errors import raise_faults
from geo_access.measures.measures import check_amounts
from geo_access.times.round_trip import RoundTrip
from geo_access.words.told import fault, refusal

__all__ = ["employer_transit_test"]


def _job_times(diagnosis: Diagnosis, profile: str) -> RoundTrip:
    trip = diagnosis.times.get((profile, "job", OWN_HOURS))
    if trip is None:
        known = ", ".join(sorted({p for p, kind, _ in diagnosis.times if kind == "job"})) or "–"
        raise refusal("diagnosis.no_employer_times", profile=profile, known=known)
    return trip


def employer_transit_test(
    diagnosis: Diagnosis,
    *,
    profile: str,
    limit_min: float,
    kilometres: float | None = None,
    candidates: np.ndarray | None = None,
) -> pd.DataFrame:
    """Test for every employer and shift which share of the job-seekers can be there in time, and back.

    Parameters
    ----------
    diagnosis : Diagnosis
        With employers.
    profile : str
        Id of the profile, such as one without a car.
    limit_min : float
        Longest time each way [min].
    kilometres : float, optional
        Distance that is enough whatever the time, as the crow flies [km].
    candidates : ndarray of float, shape (n_points,), optional
        Job-seekers at each point, for instance those of one métier; by default the residents' candidates.

    Returns
    -------
    DataFrame
        One row per site × shift: ``site_id, site_name, shift_start, shift_end, candidates, candidates_there,
        candidates_there_and_back, share_there_and_back`` (pd.NA without candidates), ``served`` and ``obstacle``:
        ``""``, ``UNSNAPPED``, ``NEVER_THERE`` (nobody, however long it takes), ``NO_WAY_BACK``, or ``TOO_FAR``. Shifts
        that nobody can work are those with ``served`` False. With kilometres also ``limit_km``.

    Raises
    ------
    InputError
        When the diagnosis has no employers for the profile, or the limit is not above 0.
    """
    if not limit_min > 0:
        raise_faults([fault("limit_min", "diagnosis.limit_min", value=limit_min)])
    people = diagnosis.residents.candidates
    if candidates is not None:
        check_amounts(candidates=(candidates, len(people)))
        people = np.asarray(candidates, dtype=np.float64)
    trip = _job_times(diagnosis, profile)
    sites = diagnosis.sites["job"]
    limit_s = limit_min * 60
    there, back = trip.out_s <= limit_s, trip.back_s <= limit_s
    if kilometres is not None:
        near = within_distance(diagnosis.residents.xy, sites.xy, kilometres)
        there, back = there | near, back | near
    both = people @ (there & back)
    total = float(people.sum())
    inhabited = people > 0
    ever_there = ~np.isnan(trip.out_s[inhabited]).all(axis=0)
    ever_both = (~np.isnan(trip.out_s[inhabited]) & ~np.isnan(trip.back_s[inhabited])).any(axis=0)
    obstacle = np.where(
        both > 0, "", np.where(~ever_there, "NEVER_THERE", np.where(~ever_both, "NO_WAY_BACK", "TOO_FAR"))
    )
    if trip.unsnapped_sites is not None:
        obstacle = np.where(trip.unsnapped_sites & (both <= 0), "UNSNAPPED", obstacle)
    start_s = sites.start_s if sites.start_s is not None else np.zeros(len(sites))
    end_s = sites.end_s if sites.end_s is not None else np.zeros(len(sites))
    share = np.divide(both, total, out=np.full(len(sites), np.nan), where=total > 0)
    also = {} if kilometres is None else {"limit_km": float(kilometres)}
    return pd.DataFrame(
        {
            "site_id": sites.ids,
            "site_name": sites.names,
            "shift_start": [_hours(s) for s in start_s],
            "shift_end": [_hours(s) for s in end_s],
            "candidates": total,
            "candidates_there": people @ there,
            "candidates_there_and_back": both,
            "share_there_and_back": pd.Series(pd.array(share, dtype="Float64")).where(~np.isnan(share)),
            "served": both > 0,
            "obstacle": obstacle,
            "profile": profile,
            "limit_min": float(limit_min),
            **also,
        }
    )


def _hours(seconds: float) -> str:
    """Hours that `travel_times.parquet` has, too: past 24:00 after midnight, seconds only where there are some."""
    return plain_clock(round(float(seconds))).removesuffix(":00")
