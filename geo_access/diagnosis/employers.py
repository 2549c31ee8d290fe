"""The employers' side: which shifts transit serves, for whom, and who can reach a site."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.clock import format_clock
from geo_access.diagnosis.diagnose import OWN_HOURS, Diagnosis
from geo_access.errors import raise_faults
from geo_access.measures.measures import check_amounts
from geo_access.times.round_trip import RoundTrip
from geo_access.words.told import fault, refusal

__all__ = ["employer_catchment", "employer_transit_test"]


def _job_times(diagnosis: Diagnosis, profile: str) -> RoundTrip:
    trip = diagnosis.times.get((profile, "job", OWN_HOURS))
    if trip is None:
        known = ", ".join(sorted({p for p, kind, _ in diagnosis.times if kind == "job"})) or "–"
        raise refusal("diagnosis.no_employer_times", profile=profile, known=known)
    return trip


def employer_transit_test(
    diagnosis: Diagnosis, *, profile: str, limit_min: float, candidates: np.ndarray | None = None
) -> pd.DataFrame:
    """Test for every employer and shift: which share of the job-seekers can be there in time, and back.

    Parameters
    ----------
    diagnosis : Diagnosis
        With employers.
    profile : str
        Id of the profile, such as one without a car.
    limit_min : float
        Longest time each way [min].
    candidates : ndarray of float, shape (n_points,), optional
        Job-seekers at each point, for instance those of one métier; by default the residents' candidates.

    Returns
    -------
    DataFrame
        One row per site × shift: ``site_id, site_name, shift_start, shift_end, candidates, candidates_there,
        candidates_there_and_back, share_there_and_back`` (pd.NA without candidates), ``served`` and ``obstacle``:
        ``""``, ``unsnapped``, ``never there`` (nobody, however long it takes), ``no way back``, or ``too far``. Sites
        that transit cannot serve at all are those with ``served`` False.

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
    both = people @ (there & back)
    total = float(people.sum())
    inhabited = people > 0
    ever_there = ~np.isnan(trip.out_s[inhabited]).all(axis=0)
    ever_both = (~np.isnan(trip.out_s[inhabited]) & ~np.isnan(trip.back_s[inhabited])).any(axis=0)
    obstacle = np.where(
        both > 0, "", np.where(~ever_there, "never there", np.where(~ever_both, "no way back", "too far"))
    )
    if trip.unsnapped_sites is not None:
        obstacle = np.where(trip.unsnapped_sites, "unsnapped", obstacle)
    start_s = sites.start_s if sites.start_s is not None else np.zeros(len(sites))
    end_s = sites.end_s if sites.end_s is not None else np.zeros(len(sites))
    share = np.divide(both, total, out=np.full(len(sites), np.nan), where=total > 0)
    return pd.DataFrame(
        {
            "site_id": sites.ids,
            "site_name": sites.names,
            "shift_start": [format_clock(s) for s in start_s],
            "shift_end": [format_clock(s) for s in end_s],
            "candidates": total,
            "candidates_there": people @ there,
            "candidates_there_and_back": both,
            "share_there_and_back": pd.Series(pd.array(share, dtype="Float64")).where(~np.isnan(share)),
            "served": both > 0,
            "obstacle": obstacle,
            "profile": profile,
            "limit_min": float(limit_min),
        }
    )


def employer_catchment(
    diagnosis: Diagnosis, site_id: str, *, profile: str, minutes: tuple[float, ...] = (15, 30, 45, 60)
) -> pd.DataFrame:
    """Count who can reach an employer, shift by shift: residents and candidates there and back, band by band.

    Parameters
    ----------
    diagnosis : Diagnosis
        With employers.
    site_id : str
    profile : str
    minutes : tuple of float
        Bands, ascending [min]; each counts everybody within it.

    Returns
    -------
    DataFrame
        One row per shift × band: ``site_id, shift_start, shift_end, minutes, residents, candidates``. Never falls from
        one band to the next.

    Raises
    ------
    InputError
        When the site is unknown, or the bands do not ascend.
    """
    trip = _job_times(diagnosis, profile)
    sites = diagnosis.sites["job"]
    columns = np.flatnonzero(sites.ids == str(site_id))
    faults = [] if len(columns) else [fault("site_id", "diagnosis.no_employer", site=site_id)]
    if list(minutes) != sorted(set(minutes)) or not minutes or minutes[0] <= 0:
        faults.append(fault("minutes", "diagnosis.minutes", list=str(minutes)))
    raise_faults(faults)
    rows = []
    for column in columns:
        slower = np.fmax(trip.out_s[:, column], trip.back_s[:, column])
        missing = np.isnan(trip.out_s[:, column]) | np.isnan(trip.back_s[:, column])
        for band in minutes:
            within = ~missing & (slower <= band * 60)
            rows.append(
                (
                    str(site_id),
                    format_clock(sites.start_s[column]) if sites.start_s is not None else "",
                    format_clock(sites.end_s[column]) if sites.end_s is not None else "",
                    float(band),
                    float(diagnosis.residents.population[within].sum()),
                    float(diagnosis.residents.candidates[within].sum()),
                )
            )
    names = ["site_id", "shift_start", "shift_end", "minutes", "residents", "candidates"]
    return pd.DataFrame(rows, columns=names)
