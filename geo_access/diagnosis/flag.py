"""The flag ``geo-access/1``: zone × métier × profile → level, reasons, confidence, and the numbers they rest on.

For every populated point: can at least n places be reached within the named threshold, arriving for the schedule, and
back within it too? The level of a zone comes from the share of its residents who can. It is ours; it is neither the
mismatch of Dares (`dares_mismatch`) nor the adequacy of OPCO 2i (`supply_adequacy`).

Confidence: ``sûr`` when no doubt changes the level; ``indécidable`` when doubts lead from adéquat to inadéquat, or
when as many places have no position as have one; else ``probable``. The doubts tried: the threshold 10 % shorter and
longer, percentiles 25 and 75 of the time there, sites placed to the street or better only, residents who were counted
rather than imputed only. A zone that is not adequate while some supply has no position is never ``sûr``, nor is one
in which most residents are imputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.kernels import (
    fca_ratios,
    fca_sums,
    nearest_offer,
    places_within,
    places_within_radius,
    zone_medians,
)
from geo_access.diagnosis.model import Confidence, FlagReason, FlagRules, Level, Profile, Threshold
from geo_access.diagnosis.reasons import Counterfactual, point_reasons
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.errors import raise_faults
from geo_access.times.round_trip import RoundTrip, Sites

__all__ = ["REASON_COLUMNS", "PointFlags", "aggregate_flags", "concat_flags", "flag_points", "flag_zones"]

_REASONS = tuple(reason for reason in FlagReason if reason is not FlagReason.REACHES)
REASON_COLUMNS = tuple(f"share_{reason.name.lower()}" for reason in _REASONS)
_LEVELS = tuple(level.value for level in Level)
_CONFIDENCES = tuple(item.value for item in Confidence)
_ADEQUAT, _FRAGILE, _INADEQUAT, _SANS_OBJET = range(4)
_SUR, _PROBABLE, _INDECIDABLE = range(3)


@dataclass(frozen=True, eq=False)
class PointFlags:
    """What each populated point can reach, métier by métier; arrays are (n_points, n_metiers).

    Attributes
    ----------
    reached : ndarray of bool
        Whether n free places are within the threshold, there and back.
    reason : ndarray of uint8
        `FlagReason`.
    places : ndarray of int64
        Free places within reach.
    places_per_candidate : ndarray of float32
        Places per candidate after sharing each site among all who can reach it (2SFCA).
    best_s : ndarray of float32
        Time to the nearest site with a free place [s], inf where none can be reached in the day.
    nearest : ndarray of int32
        That site, −1 where none.
    in_radius : ndarray of bool
        Whether n free places lie within the straight-line radius.
    doubts : tuple of ndarray of bool
        `reached`, recomputed under each doubt about times and positions.
    """

    reached: np.ndarray
    reason: np.ndarray
    places: np.ndarray
    places_per_candidate: np.ndarray
    best_s: np.ndarray
    nearest: np.ndarray
    in_radius: np.ndarray
    doubts: tuple[np.ndarray, ...]


def _doubts(offers: Offers, trip: RoundTrip, limit_s: float, rules: FlagRules) -> tuple[np.ndarray, ...]:
    """Who reaches n places under each doubt about the threshold, the times and the positions."""
    n = rules.min_opportunities
    offered = (offers.indptr, offers.site, offers.open_places)
    found = [
        places_within(trip.out_s, trip.back_s, limit_s * factor, False, *offered) >= n
        for factor in (1 - rules.threshold_margin, 1 + rules.threshold_margin)
    ]
    found += [
        places_within(out_s, trip.back_s, limit_s, False, *offered) >= n
        for out_s in (trip.out_p25_s, trip.out_p75_s)
        if out_s is not None
    ]
    if not offers.sure_position.all():
        sure = np.where(offers.sure_position, offers.open_places, 0)
        found.append(places_within(trip.out_s, trip.back_s, limit_s, False, offers.indptr, offers.site, sure) >= n)
    return tuple(found)


def flag_points(
    residents: Residents,
    sites: Sites,
    offers: Offers,
    trip: RoundTrip,
    *,
    threshold: Threshold,
    rules: FlagRules,
    counterfactuals: Sequence[Counterfactual] = (),
) -> PointFlags:
    """Decide, for every populated point and métier, whether enough places can be reached, and if not why.

    Parameters
    ----------
    residents : Residents
    sites : Sites
        Columns of the times.
    offers : Offers
    trip : RoundTrip
        (n_points, n_sites), as the profile travels at the hours asked.
    threshold : Threshold
    rules : FlagRules
    counterfactuals : sequence of Counterfactual
        Times with one limit lifted, for the points that need them.

    Returns
    -------
    PointFlags

    Raises
    ------
    InputError
        When shapes disagree, times are negative or the rules are out of order.
    """
    faults = rules.faults() + threshold.faults()
    faults += trip.faults(len(residents.point_ids), len(sites), where="times")
    for item in counterfactuals:
        faults += item.trip.faults(len(item.points), len(sites), where=f"counterfactual {item.name}")
    raise_faults(faults)
    n, limit_s = rules.min_opportunities, threshold.limit_s
    offered = (offers.indptr, offers.site, offers.open_places)
    places = places_within(trip.out_s, trip.back_s, limit_s, False, *offered)
    reached = places >= n
    ratio = fca_ratios(trip.out_s, trip.back_s, limit_s, residents.candidates, offers.site, offers.open_places)
    best_s, nearest = nearest_offer(trip.out_s, *offered)
    return PointFlags(
        reached=reached,
        reason=point_reasons(offers, trip, reached, limit_s=limit_s, n=n, counterfactuals=counterfactuals),
        places=places,
        places_per_candidate=fca_sums(trip.out_s, trip.back_s, limit_s, offers.indptr, offers.site, ratio),
        best_s=best_s,
        nearest=nearest,
        in_radius=places_within_radius(residents.xy, sites.xy, rules.radius_m, *offered) >= n,
        doubts=_doubts(offers, trip, limit_s, rules),
    )


def _levels(share: np.ndarray, rules: FlagRules) -> np.ndarray:
    """Code of the level of each share, uint8; a NaN share is sans objet."""
    # Shares are sums of float64 weights: a zone at exactly 80 % must not miss it by rounding.
    level = np.full(share.shape, _INADEQUAT, dtype=np.uint8)
    level[share >= rules.fragile_share - 1e-9] = _FRAGILE
    level[share >= rules.adequate_share - 1e-9] = _ADEQUAT
    level[np.isnan(share)] = _SANS_OBJET
    return level


def _share(weights: sparse.csr_matrix, indicator: np.ndarray) -> np.ndarray:
    """Share of each zone's residents for whom the indicator holds, float64 (n_zones, n_metiers), NaN without any."""
    total = np.asarray(weights.sum(axis=1)).ravel()
    with np.errstate(invalid="ignore"):
        return np.asarray(weights @ indicator.astype(np.float64)) / np.where(total > 0, total, np.nan)[:, None]


def _confidence(
    weights: sparse.csr_matrix,
    residents: Residents,
    points: PointFlags,
    offers: Offers,
    level: np.ndarray,
    rules: FlagRules,
) -> np.ndarray:
    """Code of the confidence in each level, uint8 (n_zones, n_metiers)."""
    lowest, highest = level.copy(), level.copy()
    certain = sparse.csr_matrix(weights.multiply(~residents.doubtful[None, :]))
    tried = [_levels(_share(weights, indicator), rules) for indicator in points.doubts]
    if residents.doubtful.any():
        tried.append(_levels(_share(certain, points.reached), rules))
    for other in tried:
        known = other != _SANS_OBJET
        lowest = np.where(known, np.minimum(lowest, other), lowest)
        highest = np.where(known, np.maximum(highest, other), highest)
    confidence = np.where(lowest == highest, _SUR, _PROBABLE).astype(np.uint8)
    confidence[(lowest == _ADEQUAT) & (highest == _INADEQUAT)] = _INDECIDABLE
    total = np.asarray(weights.sum(axis=1)).ravel()
    mostly_imputed = np.asarray(certain.sum(axis=1)).ravel() < 0.5 * total
    confidence[mostly_imputed] = np.maximum(confidence[mostly_imputed], _PROBABLE)
    short = level != _ADEQUAT
    unlocated = np.broadcast_to(offers.unlocated_places > 0, level.shape)
    mostly_unlocated = np.broadcast_to(offers.unlocated_places >= np.maximum(offers.located_all, 1), level.shape)
    confidence = np.where(short & unlocated, np.maximum(confidence, _PROBABLE), confidence)
    confidence = np.where(short & mostly_unlocated, _INDECIDABLE, confidence).astype(np.uint8)
    confidence[level == _SANS_OBJET] = _SUR
    return confidence


def _coded(codes: np.ndarray, categories: Sequence[str], *, ordered: bool = False) -> pd.Categorical:
    dtype = pd.CategoricalDtype(list(categories), ordered=ordered)
    return pd.Categorical.from_codes(codes.ravel(), dtype=dtype)


def _constant(value: str, n: int) -> pd.Categorical:
    return _coded(np.zeros(n, dtype=np.int8), [value])


def _nullable(values: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Float32 with pd.NA instead of NaN, for tables that end on maps."""
    flat = np.asarray(values, dtype=np.float32).ravel()
    missing = ~np.isfinite(flat)
    return pd.arrays.FloatingArray(np.where(missing, np.float32(0), flat), missing)


def _repeat(values: Sequence[str] | np.ndarray, codes: np.ndarray) -> pd.Categorical:
    """Categorical of `values` (which may repeat) at `codes`; −1 is missing."""
    number, categories = pd.factorize(np.asarray(values, dtype=object))
    return _coded(np.where(codes >= 0, np.append(number, -1)[codes], -1), list(categories))


def _level_columns(
    residents: Residents, offers: Offers, points: PointFlags, asked: np.ndarray, rules: FlagRules
) -> dict[str, object]:
    """Level, confidence, shares, reasons and the radius result."""
    weights = residents.weights
    share = _share(weights, points.reached)
    share[:, ~asked] = np.nan
    level = _levels(share, rules)
    cannot = np.stack([_share(weights, points.reason == reason) for reason in _REASONS])
    with np.errstate(invalid="ignore", divide="ignore"):
        cannot /= cannot.sum(axis=0)
    cannot[:, level == _SANS_OBJET] = np.nan
    main = np.where(np.isnan(cannot[0]), -1, np.argmax(np.nan_to_num(cannot), axis=0))
    tried = np.stack([share, *(_share(weights, indicator) for indicator in points.doubts)])
    tried[:, level == _SANS_OBJET] = np.nan
    confidence = _confidence(weights, residents, points, offers, level, rules)
    radius_share = _share(weights, points.in_radius)
    radius_level = np.where(level == _SANS_OBJET, _SANS_OBJET, _levels(radius_share, rules))
    return {
        "level": _coded(level, _LEVELS, ordered=True),
        "confidence": _coded(confidence, _CONFIDENCES, ordered=True),
        "reachable_share": _nullable(share),
        "reachable_share_low": _nullable(tried.min(axis=0)),
        "reachable_share_high": _nullable(tried.max(axis=0)),
        "main_reason": _repeat([reason.name for reason in _REASONS], main.ravel()),
        **{name: _nullable(cannot[i]) for i, name in enumerate(REASON_COLUMNS)},
        "radius_km": np.full(level.size, rules.radius_m / 1000, dtype=np.float32),
        "radius_share": _nullable(radius_share),
        "radius_level": _coded(radius_level, _LEVELS, ordered=True),
    }


def _supply_columns(residents: Residents, sites: Sites, offers: Offers, points: PointFlags) -> dict[str, object]:
    """Nearest site and time, places within reach, places per candidate, and supply without a trip."""
    weights = residents.weights
    metier = np.tile(np.arange(len(offers.metiers)), len(residents.zone_ids))
    median_s, usual = zone_medians(
        weights.indptr, weights.indices, weights.data, points.best_s, points.nearest, len(sites)
    )
    return {
        "nearest_site_id": _repeat(sites.ids, usual.ravel()),
        "nearest_site_name": _repeat(sites.names, usual.ravel()),
        "median_time_min": _nullable(median_s / 60),
        "reachable_places": _nullable(_share(weights, points.places)),
        "places_per_100_candidates": _nullable(100 * _share(weights, points.places_per_candidate)),
        "located_places": offers.located_open[metier].astype(np.int32),
        "unlocated_places": offers.unlocated_places[metier].astype(np.int32),
        "remote_places": offers.remote_places[metier].astype(np.int32),
        "mobile_places": offers.mobile_places[metier].astype(np.int32),
    }


def aggregate_flags(
    residents: Residents,
    sites: Sites,
    offers: Offers,
    points: PointFlags,
    *,
    threshold: Threshold,
    profile: Profile,
    kind: str,
    schedule: str,
    rules: FlagRules,
    needed: np.ndarray | None = None,
) -> pd.DataFrame:
    """Sum the points' answers into zones; parameters and columns as in `flag_zones`."""
    n_zones, n_metiers = len(residents.zone_ids), len(offers.metiers)
    n = n_zones * n_metiers
    zone = np.repeat(np.arange(n_zones), n_metiers)
    metier = np.tile(np.arange(n_metiers), n_zones)
    asked = offers.exists | (needed if needed is not None else np.full(n_metiers, kind == "training"))
    population = np.asarray(residents.weights.sum(axis=1)).ravel()
    columns = {
        "zone_id": _repeat(residents.zone_ids, zone),
        "zone_name": _repeat(residents.zone_names, zone),
        "zone_kind": _repeat(residents.zone_kinds, zone),
        "metier": _repeat([m.code for m in offers.metiers], metier),
        "metier_name": _repeat([m.name or m.code for m in offers.metiers], metier),
        "family": _repeat([m.family for m in offers.metiers], metier),
        "profile": _constant(profile.id, n),
        "kind": _constant(kind, n),
        "schedule": _constant(schedule, n),
        "threshold": _constant(threshold.id, n),
        "threshold_min": np.full(n, threshold.minutes, dtype=np.float32),
        "threshold_source": _constant(threshold.source, n),
        "residents": population[zone].astype(np.float32),
        **_level_columns(residents, offers, points, asked, rules),
        **_supply_columns(residents, sites, offers, points),
        "rules": _constant(rules.text(), n),
    }
    return pd.DataFrame(columns, copy=False)


def flag_zones(
    residents: Residents,
    sites: Sites,
    *,
    offers: Offers,
    trip: RoundTrip,
    threshold: Threshold,
    profile: Profile,
    kind: str = "training",
    schedule: str = "",
    rules: FlagRules | None = None,
    counterfactuals: Sequence[Counterfactual] = (),
    needed: np.ndarray | None = None,
) -> pd.DataFrame:
    """Flag every zone for every métier, once times exist.

    Parameters
    ----------
    residents : Residents
        Populated points and the zones they stand for.
    sites : Sites
        Training sites, or employers with one shift each: the columns of the times.
    offers : Offers
        Places (openings) per métier and site.
    trip : RoundTrip
        Times there and back, (n_points, n_sites) [s].
    threshold : Threshold
        Longest time, each way.
    profile : Profile
        The public the times were computed for.
    kind : str
        ``training`` or ``job``.
    schedule : str
        Id of the schedule, for the table.
    rules : FlagRules, optional
        Defaults to ``FlagRules()``.
    counterfactuals : sequence of Counterfactual
        Times with one limit lifted, for the points that cannot.
    needed : ndarray of bool, shape (n_metiers,), optional
        Whether anybody recruits for the métier. A métier that nobody teaches and nobody needs is ``sans objet``; one
        that is needed and not taught is ``inadéquat``. Without it, every métier of a training study counts as needed.

    Returns
    -------
    DataFrame
        One row per zone × métier: level, confidence, ``reachable_share`` and its lowest and highest value under doubt,
        the reasons as shares of those who cannot (summing to 1; missing where everybody can), the radius result,
        nearest site and median time there, mean places within reach, places per 100 candidates after sharing each
        site among all who can reach it, places without a position, remote and mobile, and the rules. What has no
        value is ``pd.NA``, never NaN.

    Raises
    ------
    InputError
        When shapes disagree, times are negative, or rules or threshold are out of order.

    Examples
    --------
    >>> from geo_access.diagnosis.model import Metier
    >>> zero = np.zeros(1, dtype=np.int64)
    >>> residents = Residents(
    ...     point_ids=np.array(["p", "q"], object), xy=np.array([[0.0, 0.0], [9e3, 0.0]]),
    ...     population=np.array([60.0, 40.0]), candidates=np.array([60.0, 40.0]), doubtful=np.zeros(2, bool),
    ...     zone_ids=np.array(["z"], object), zone_names=np.array(["Z"], object), zone_kinds=np.array(["qpv"], object),
    ...     membership=sparse.csr_matrix(np.ones((1, 2))))
    >>> sites = Sites(np.array(["s"], object), np.array(["CFA"], object), np.array([[1e3, 0.0]]))
    >>> offers = Offers((Metier("H2913"),), np.array([0, 1]), np.array([0], np.int32), np.array([12]), np.array([12]),
    ...                 np.array([True]), zero, zero, zero)
    >>> trip = RoundTrip(np.array([[900.0], [1800.0]], np.float32), np.array([[900.0], [np.nan]], np.float32))
    >>> flags = flag_zones(residents, sites, offers=offers, trip=trip, profile=Profile("tc", "sans voiture", "transit"),
    ...                    threshold=Threshold("t60", "une heure", 60, "training", source="exemple"))
    >>> flags[["level", "reachable_share", "main_reason"]].iloc[0].tolist()
    ['fragile', np.float32(0.6), 'NO_RETURN_TRIP']
    """
    chosen = FlagRules() if rules is None else rules
    points = flag_points(
        residents, sites, offers, trip, threshold=threshold, rules=chosen, counterfactuals=counterfactuals
    )
    return aggregate_flags(
        residents, sites, offers, points,
        threshold=threshold, profile=profile, kind=kind, schedule=schedule, rules=chosen, needed=needed,
    )  # fmt: skip


def concat_flags(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table of flags from several, categories kept compact.

    Parameters
    ----------
    frames : sequence of DataFrame
        Results of `flag_zones`, at least one.

    Returns
    -------
    DataFrame
    """
    columns = {}
    for name in frames[0].columns:
        parts = [frame[name] for frame in frames]
        if isinstance(parts[0].dtype, pd.CategoricalDtype) and not parts[0].dtype.ordered:
            # An empty case has categories of no particular type; one type for all lets them unite.
            names: list[Any] = [part.cat.categories.astype(object) for part in parts]
            plain = [part.cat.rename_categories(of_part) for part, of_part in zip(parts, names)]
            columns[name] = pd.Series(pd.api.types.union_categoricals(plain))
        else:
            columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns, copy=False)
