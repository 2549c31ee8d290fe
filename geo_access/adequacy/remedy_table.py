"""The smallest single change that lifts each flag, for a whole territory at once.

The same recomputations as `geo_access.adequacy.remedies`, made once for all points; a longer threshold is tried in
steps of five minutes. Trips on named lines are tried zone by zone, there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from geo_access.adequacy.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.adequacy.kernels import places_within
from geo_access.adequacy.model import RoundTrip
from geo_access.adequacy.remedies import RemedyLimits
from geo_access.adequacy.round_trips import Ask, TimesSource, connect_points, round_trip

__all__ = ["smallest_remedies"]

_STEP_MIN = 5.0
_COLUMNS = ("zone_id", "zone_name", "metier", "remedy", "detail", "share_before", "share_after", "residents_gained")


def _reached(case: DiagnosedCase, trip: RoundTrip, limit_s: float, n: int) -> np.ndarray:
    offers = case.offers
    offered = (offers.indptr, offers.site, offers.open_places)
    return places_within(trip.out_s, trip.back_s, limit_s, False, *offered) >= n


def _with_session(case: DiagnosedCase, trip: RoundTrip, reached: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each site, and who reaches the métier once a session large enough is held there."""
    within = (trip.out_s <= case.threshold.limit_s) & (trip.back_s <= case.threshold.limit_s)
    for site in range(within.shape[1]):
        yield site, reached | within[:, site, None]


def _changes(
    diagnosis: Diagnosis, case: DiagnosedCase, trip: RoundTrip, ask: Ask, times: TimesSource, limits: RemedyLimits
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield each change from the smallest to the largest, and who reaches the métier with it."""
    n, sites = diagnosis.rules.min_opportunities, diagnosis.sites[case.kind]
    xy, limit_s = diagnosis.residents.xy, case.threshold.limit_s

    def anew(changed: Ask) -> RoundTrip:
        return round_trip(connect_points(times, xy, sites, changed), np.arange(len(xy)), sites, changed)

    def longer(from_min: float, to_min: float, name: str) -> Iterator[tuple[str, str, np.ndarray]]:
        for extra in np.arange(from_min, to_min + 1e-6, _STEP_MIN):
            yield name, f"+{extra:g} min", _reached(case, trip, limit_s + extra * 60, n)

    plain = replace(ask, spread_s=0)
    yield from longer(_STEP_MIN, limits.slight_min, "slightly_longer_threshold")
    if plain.mode == "transit":
        yield "bike_to_the_stop", "bike+transit", _reached(case, anew(replace(plain, mode="bike+transit")), limit_s, n)
    if case.kind == "training":
        for site, reached in _with_session(case, trip, _reached(case, trip, limit_s, n)):
            yield "session_at_existing_site", f"{sites.ids[site]} ({sites.names[site]})", reached
    if plain.mode != "car":
        shared = anew(replace(plain, mode="car", max_rides=None))
        near = np.hypot(*(xy[:, None, k] - sites.xy[None, :, k] for k in (0, 1))) * limits.detour
        near = near <= limits.covoiturage_km * 1000
        shared = RoundTrip(np.where(near, shared.out_s, np.nan), np.where(near, shared.back_s, np.nan))
        yield "covoiturage", f"≤ {limits.covoiturage_km:g} km", _reached(case, shared, limit_s, n)
    longest_min = min(limits.longest_min, ask.max_s / 60) - limit_s / 60
    yield from longer(limits.slight_min + _STEP_MIN, longest_min, "longer_threshold")
    if case.kind == "training":
        weekly_s = limits.weekly_min * 60
        weekly = anew(replace(plain, max_s=int(max(weekly_s, ask.max_s))))
        yield "weekly_stay", f"≤ {limits.weekly_min:g} min", _reached(case, weekly, weekly_s, n)


def smallest_remedies(
    diagnosis: Diagnosis,
    times: TimesSource,
    *,
    profile: str,
    kind: str = "training",
    schedule: str | None = None,
    threshold: str | None = None,
    limits: RemedyLimits | None = None,
) -> pd.DataFrame:
    """Find, for every zone and métier that is not adequate, the smallest single change that makes it so.

    Parameters
    ----------
    diagnosis : Diagnosis
    times : TimesSource
        The engine on the same network: ``NetworkTimes(network)``.
    profile : str
    kind : str
        ``training`` or ``job``.
    schedule, threshold : str, optional
        Ids; by default the first diagnosed.
    limits : RemedyLimits, optional

    Returns
    -------
    DataFrame
        One row per flagged zone × métier: ``zone_id, zone_name, metier, remedy, detail, share_before, share_after,
        residents_gained``. Where nothing lifts it ``remedy`` and ``detail`` are empty and the shares equal; among
        several sites the one with which most residents get there is named.

    Raises
    ------
    InputError
        When nothing was diagnosed for these.
    """
    case = diagnosis.case(profile, kind, schedule=schedule, threshold=threshold)
    key = (profile, kind, case.schedule if kind == "training" else OWN_HOURS)
    trip, ask, rules = diagnosis.times[key], diagnosis.asks[key], diagnosis.rules
    weights = diagnosis.residents.weights
    total = np.asarray(weights.sum(axis=1)).ravel()[:, None]

    def share(reached: np.ndarray) -> np.ndarray:
        return np.asarray(weights @ reached.astype(np.float64)) / np.where(total > 0, total, 1.0)

    before = share(case.points.reached)
    left = (before < rules.adequate_share - 1e-9) & (total > 0) & case.offers.exists[None, :]
    remedy = np.full(before.shape, "", dtype=object)
    detail = np.full(before.shape, "", dtype=object)
    after = before.copy()
    for name, words, reached in _changes(diagnosis, case, trip, ask, times, limits or RemedyLimits()):
        found = share(reached)
        lifts = left & (remedy == "") & (found >= rules.adequate_share - 1e-9)
        # Sites are one kind of change: a later one replaces an earlier one when it serves more residents.
        if name == "session_at_existing_site":
            lifts |= (remedy == name) & (found > after + 1e-12)
        remedy[lifts], detail[lifts], after[lifts] = name, words, found[lifts]
    zone, metier = np.nonzero(left)
    codes = np.array([m.code for m in case.offers.metiers], dtype=object)
    columns = (
        diagnosis.residents.zone_ids[zone],
        diagnosis.residents.zone_names[zone],
        codes[metier],
        remedy[zone, metier],
        detail[zone, metier],
        before[zone, metier],
        after[zone, metier],
        (after - before)[zone, metier] * total[zone, 0],
    )
    table = pd.DataFrame(dict(zip(_COLUMNS, columns)))
    return table.assign(profile=profile, kind=kind, schedule=case.schedule, threshold=case.threshold.id)
