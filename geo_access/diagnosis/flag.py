"""The flag: zone × métier × profile → two axes, what is missing, how sure, and the numbers they rest on.

*Geography*: for every populated point, can at least n places be reached within the named threshold, arriving for the
schedule, and back within it too? The level of a zone comes from the share of its residents who can. *Saturation*: free
places per candidate among those within reach, and how full they are. The two are never merged. What is taught without
a place to go to (remote, mobile) has its own columns. It is ours; it is neither the mismatch of Dares
(`dares_mismatch`) nor the adequacy of OPCO 2i (`supply_adequacy`).

Missing data is not a finding: where residents whose answer the data do not tell decide the level, it is
``indécidable``, with the cause. Confidence: ``sûr`` when nothing that can really vary changes the level;
``indécidable`` when it leads from adéquat to inadéquat or back; else ``probable``. What was only chosen (threshold,
hours) is shown apart, as ``sensitive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.distance_columns import distance_columns, no_distance
from geo_access.diagnosis.kernels import zone_lacks, zone_medians
from geo_access.diagnosis.levels import (
    LEVELS,
    OPEN,
    SANS_OBJET,
    level_codes,
    only_remote,
    open_level_codes,
    share_of,
)
from geo_access.diagnosis.lifts import LIFTS
from geo_access.diagnosis.model import (
    UNMEASURED,
    Confidence,
    FlagReason,
    FlagRules,
    Question,
    Saturation,
)
from geo_access.diagnosis.points import Evidence, PointFlags, flag_points
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.diagnosis.unasked import UNASKED, unasked_causes
from geo_access.diagnosis.version_one import FirstReason
from geo_access.given import Reading, require_kind
from geo_access.times.round_trip import Sites

__all__ = ["LIFT_COLUMNS", "REASON_COLUMNS", "aggregate_flags", "concat_flags", "flag_zones", "reason_columns"]

_CONFIDENCES = tuple(item.value for item in Confidence)
_SATURATIONS = tuple(item.value for item in Saturation)
_ADEQUAT, _FRAGILE, _INADEQUAT = range(3)
_SUR, _PROBABLE, _INDECIDABLE = range(3)
_ROOM, _TENSE, _FULL, _NOT_MEASURED, _NO_QUESTION = range(5)
# A zone where nobody lives, or nobody knows who: causes of « sans objet » beside the reasons and those of `UNASKED`.
_NOBODY = ("NO_RESIDENTS", "POPULATION_UNKNOWN")
# One cancelled trip is rare by nature, and the weeks without school lines are known: neither leaves a level undecided.
_MILD = ("cancelled", "school_lines")


def _reasons(rules: FlagRules) -> tuple[IntEnum, ...]:
    every = FirstReason if rules.first else FlagReason
    return tuple(reason for reason in every if reason.name != "REACHES")


def reason_columns(rules: FlagRules) -> tuple[str, ...]:
    """Columns of the shares by reason, which sum to 1, after a version of the rules.

    Examples
    --------
    >>> len(reason_columns(FlagRules())), len(reason_columns(FlagRules(version="geo-access/1")))
    (19, 11)
    """
    return tuple(f"share_{reason.name.lower()}" for reason in _reasons(rules))


REASON_COLUMNS = reason_columns(FlagRules())
LIFT_COLUMNS = tuple(f"lifted_by_{name}" for name in LIFTS)


def _unmeasured(points: PointFlags, rules: FlagRules) -> np.ndarray:
    """Points whose answer the data do not tell, bool (n_points, n_metiers)."""
    if rules.first:
        return np.zeros(points.reached.shape, dtype=bool)
    return np.isin(points.reason, UNMEASURED) & ~points.reached


class _Tried:
    """Levels under each doubt, against the level itself, and how far the share goes."""

    def __init__(
        self, residents: Residents, points: PointFlags, level: np.ndarray, unknown: np.ndarray, rules: FlagRules
    ) -> None:
        weights = residents.weights
        usual = share_of(weights, points.reached)
        self.low, self.high = usual, usual + share_of(weights, unknown)
        self.level = level
        self.moved: dict[tuple[str, bool], np.ndarray] = {}
        self.confidence = np.full(level.shape, _SUR, dtype=np.uint8)
        for doubt in points.doubts:
            share, open_ = share_of(weights, doubt.reached), share_of(weights, unknown & ~doubt.reached)
            self._put(doubt.name, doubt.varies or rules.first, open_level_codes(share, open_, rules))
            if doubt.varies or rules.first:
                np.minimum(self.low, share, out=self.low)
                np.maximum(self.high, share + open_, out=self.high)
        if residents.doubtful.any():
            certain = sparse.csr_matrix(weights.multiply(~residents.doubtful[None, :]))
            share, open_ = share_of(certain, points.reached), share_of(certain, unknown)
            self._put("imputed", True, open_level_codes(share, open_, rules))
            total = np.asarray(weights.sum(axis=1)).ravel()
            mostly = np.asarray(certain.sum(axis=1)).ravel() < 0.5 * total
            self._put("imputed", True, np.where(mostly[:, None] & (level < SANS_OBJET), SANS_OBJET + 2, level))

    def _put(self, name: str, varies: bool, other: np.ndarray) -> None:
        known = (other != SANS_OBJET) & (self.level < SANS_OBJET)
        moved = known & (other != self.level)
        self.moved[name, varies] = self.moved.get((name, varies), np.zeros(moved.shape, dtype=bool)) | moved
        if not varies:
            return
        far = moved & (np.minimum(self.level, other) == _ADEQUAT) & (np.maximum(self.level, other) == _INADEQUAT)
        worst = _PROBABLE if name in _MILD else _INDECIDABLE
        self.confidence[moved] = np.maximum(self.confidence[moved], _PROBABLE)
        self.confidence[far] = np.maximum(self.confidence[far], worst)

    def names(self, *, varies: bool) -> pd.Categorical:
        """Names of the doubts that move the level, in one text per row."""
        own = [(name, mask) for (name, kind), mask in self.moved.items() if kind is varies]
        code = np.zeros(self.level.shape, dtype=np.int16)
        for bit, (_, mask) in enumerate(own):
            code |= (mask.astype(np.int16)) << bit
        texts = [
            " ".join(name for bit, (name, _) in enumerate(own) if number >> bit & 1) for number in range(1 << len(own))
        ]
        return _repeat(texts, code.ravel())


def _supply_doubt(confidence: np.ndarray, offers: Offers, level: np.ndarray, rules: FlagRules) -> np.ndarray:
    """Lower the confidence of zones that are not adequate while some supply stands nowhere or says no métier."""
    short = (level != _ADEQUAT) & (level != SANS_OBJET)
    lost = offers.unlocated_places + (0 if rules.first else offers.uncoded_places)
    confidence = np.where(short & (lost > 0)[None, :], np.maximum(confidence, _PROBABLE), confidence)
    if rules.first:
        mostly = offers.unlocated_places >= np.maximum(offers.located_all, 1)
        confidence = np.where(short & mostly[None, :], _INDECIDABLE, confidence)
    confidence = np.where(level == OPEN, _INDECIDABLE, confidence)
    return np.where(level == SANS_OBJET, _SUR, confidence).astype(np.uint8)


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


def _cause(
    level: np.ndarray, shares: np.ndarray, rules: FlagRules, unasked: np.ndarray, remote: np.ndarray, nobody: np.ndarray
) -> pd.Categorical:
    """Why a level is open, or why no question arises; missing elsewhere.

    `unasked` is −1 for métiers that are asked, `nobody` for zones where somebody lives.
    """
    reasons = _reasons(rules)
    names = [*(reason.name for reason in reasons), *UNASKED, *_NOBODY]
    code = np.full(level.shape, -1, dtype=np.int64)
    if not rules.first:
        rows = [reasons.index(reason) for reason in UNMEASURED]
        main = np.array(rows)[np.argmax(np.nan_to_num(shares[rows]), axis=0)]
        code = np.where(level == OPEN, main, code)
        code = np.where((level == SANS_OBJET) & remote[None, :], names.index(FlagReason.ONLY_REMOTE.name), code)
    code = np.where((level == SANS_OBJET) & (unasked >= 0)[None, :], len(reasons) + unasked[None, :], code)
    code = np.where((level == SANS_OBJET) & (nobody >= 0)[:, None], len(names) - len(_NOBODY) + nobody[:, None], code)
    return _repeat(names, code.ravel())


def _level_columns(
    residents: Residents, offers: Offers, points: PointFlags, unasked: np.ndarray, rules: FlagRules
) -> dict[str, object]:
    """Level, its cause, confidence, shares, reasons, what lifts them, and the radius result."""
    weights = residents.weights
    remote = only_remote(offers, rules)
    unknown = _unmeasured(points, rules)
    share, open_ = share_of(weights, points.reached), share_of(weights, unknown)
    share[:, (unasked >= 0) | remote] = np.nan
    level = open_level_codes(share, open_, rules)
    cannot, main = _reason_shares(weights, points, level, rules)
    tried = _Tried(residents, points, level, unknown, rules)
    confidence = _supply_doubt(tried.confidence, offers, level, rules)
    tried.low[level == SANS_OBJET] = tried.high[level == SANS_OBJET] = np.nan
    radius_share = share_of(weights, points.in_radius)
    radius_level = np.where(level == SANS_OBJET, SANS_OBJET, level_codes(radius_share, rules))
    names = reason_columns(rules)
    nobody = np.where(np.asarray(weights.sum(axis=1)).ravel() <= 0, 0, -1)
    if residents.unknown_zones is not None:
        nobody[(nobody == 0) & residents.unknown_zones] = 1
    return {
        "level": _coded(level, LEVELS, ordered=True),
        "confidence": _coded(confidence, _CONFIDENCES, ordered=True),
        "cause": _cause(level, cannot, rules, unasked, remote, nobody),
        "doubts": tried.names(varies=True),
        "sensitive": tried.names(varies=False),
        "reachable_share": _nullable(share),
        "reachable_share_low": _nullable(tried.low),
        "reachable_share_high": _nullable(tried.high),
        "unmeasured_share": _nullable(np.where(level == SANS_OBJET, np.nan, open_)),
        "main_reason": _repeat([reason.name for reason in _reasons(rules)], main.ravel()),
        **{name: _nullable(cannot[i]) for i, name in enumerate(names)},
        **_lack_columns(residents, points, level),
        **_lift_columns(residents, points, level, share),
        "radius_km": np.full(level.size, rules.radius_m / 1000, dtype=np.float32),
        "radius_share": _nullable(radius_share),
        "radius_level": _coded(radius_level, LEVELS, ordered=True),
    }


def _reason_shares(
    weights: sparse.csr_matrix, points: PointFlags, level: np.ndarray, rules: FlagRules
) -> tuple[np.ndarray, np.ndarray]:
    """Share of each reason among those who cannot (n_reasons, n_zones, n_metiers), and the largest; −1 for none."""
    reasons = _reasons(rules)
    cannot = np.empty((len(reasons), *level.shape))
    for number, reason in enumerate(reasons):
        cannot[number] = share_of(weights, points.reason == reason)
    with np.errstate(invalid="ignore", divide="ignore"):
        cannot /= cannot.sum(axis=0)
    cannot[:, level == SANS_OBJET] = np.nan
    # The first of the largest, reason by reason: argmax over the first axis would copy all.
    main, most = np.zeros(level.shape, dtype=np.int8), cannot[0].copy()
    for number in range(1, len(reasons)):
        more = cannot[number] > most
        main[more], most[more] = number, cannot[number][more]
    main[np.isnan(most)] = -1
    return cannot, main


def _lack_columns(residents: Residents, points: PointFlags, level: np.ndarray) -> dict[str, object]:
    """Median minutes that each way lacks, over the residents for whom a number tells it."""
    weights = residents.weights
    found: dict[str, object] = {}
    for name, lack_s in (("out_lack_min", points.out_lack_s), ("back_lack_min", points.back_lack_s)):
        median_s = zone_lacks(weights.indptr, weights.indices, weights.data, lack_s)
        found[name] = _nullable(np.where(level == SANS_OBJET, np.nan, median_s / 60))
    return found


def _lift_columns(residents: Residents, points: PointFlags, level: np.ndarray, share: np.ndarray) -> dict[str, object]:
    """Share of those who cannot whom each lift would help; missing where it was not tried or nobody needs it."""
    found: dict[str, object] = {}
    cannot = np.where((level == SANS_OBJET) | (share >= 1 - 1e-9), np.nan, 1 - share)
    for name, column in zip(LIFTS, LIFT_COLUMNS, strict=True):
        would = points.lifts.get(name)
        gained = np.full(level.shape, np.nan) if would is None else share_of(residents.weights, would & ~points.reached)
        found[column] = _nullable(np.clip(gained / cannot, 0, 1))
    return found


def _saturation_columns(
    residents: Residents, points: PointFlags, level: np.ndarray, rules: FlagRules
) -> dict[str, object]:
    """Say how much room there is among the places within reach: the second axis."""
    weights = residents.weights
    with np.errstate(invalid="ignore", divide="ignore"):
        filling = (weights @ points.taken_places.astype(np.float64)) / (weights @ points.counted_places.astype(float))
        with_room = points.reached & (points.free_places >= rules.min_opportunities)
        room = share_of(weights, with_room) / share_of(weights, points.reached)
    per_100 = 100 * share_of(weights, points.places_per_candidate)
    code = np.full(level.shape, _ROOM, dtype=np.uint8)
    code[(filling >= rules.tense_filling) | (room < rules.adequate_share - 1e-9) | (per_100 < rules.tense_per_100)] = (
        _TENSE
    )
    code[(room < rules.fragile_share - 1e-9) | (per_100 < rules.full_per_100)] = _FULL
    code[np.isnan(filling)] = _NOT_MEASURED
    code[(level == SANS_OBJET) | np.isnan(room)] = _NO_QUESTION
    return {
        "saturation": _coded(code, _SATURATIONS),
        "reachable_places": _nullable(share_of(weights, points.places)),
        "free_places": _nullable(share_of(weights, points.free_places)),
        "filling_rate": _nullable(filling),
        "places_per_100_candidates": _nullable(per_100),
        "places_allotted": _nullable(np.where(level == SANS_OBJET, np.nan, _allotted(residents, points))),
    }


def _allotted(residents: Residents, points: PointFlags) -> np.ndarray:
    """Free places that fall to the candidates of each zone when each site is shared among all who can reach it.

    Spatial availability, ``V_z = Σ_{i in z} P_i A_i`` with A of the two-step catchment (Soukhov et al. 2023).
    """
    own = points.places_per_candidate.astype(np.float64) * residents.candidates[:, None]
    return np.asarray(residents.membership @ own)


def _imputed(residents: Residents) -> np.ndarray:
    """Share of each zone's residents at points whose number was estimated, or whose place is doubtful."""
    total = np.asarray(residents.weights.sum(axis=1)).ravel()
    doubtful = np.asarray(residents.weights @ residents.doubtful.astype(np.float64)).ravel()
    return doubtful / np.where(total > 0, total, np.nan)


def _supply_columns(residents: Residents, sites: Sites, offers: Offers, points: PointFlags) -> dict[str, object]:
    """Nearest site and time, and supply without a trip."""
    weights = residents.weights
    metier = np.tile(np.arange(len(offers.metiers)), len(residents.zone_ids))
    median_s, usual = zone_medians(
        weights.indptr, weights.indices, weights.data, points.best_s, points.nearest, len(sites)
    )
    none = np.zeros((2, len(offers.metiers)), dtype=np.int64)
    hybrid, afest = none if offers.partial_places is None else offers.partial_places
    return {
        "nearest_site_id": _repeat(sites.ids, usual.ravel()),
        "nearest_site_name": _repeat(sites.names, usual.ravel()),
        "median_time_min": _nullable(median_s / 60),
        "located_places": offers.located_all[metier].astype(np.int32),
        "located_free_places": offers.located_open[metier].astype(np.int32),
        "unlocated_places": offers.unlocated_places[metier].astype(np.int32),
        "uncoded_places": np.full(metier.size, offers.uncoded_places, dtype=np.int32),
        "remote_places": offers.remote_places[metier].astype(np.int32),
        "mobile_places": offers.mobile_places[metier].astype(np.int32),
        "hybrid_places": hybrid[metier].astype(np.int32),
        "afest_places": afest[metier].astype(np.int32),
    }


def aggregate_flags(
    residents: Residents,
    sites: Sites,
    offers: Offers,
    points: PointFlags,
    *,
    question: Question,
    rules: FlagRules,
    needed: np.ndarray | None = None,
) -> pd.DataFrame:
    """Sum the points' answers into zones; parameters and columns as in `flag_zones`."""
    n_zones, n_metiers = len(residents.zone_ids), len(offers.metiers)
    n = n_zones * n_metiers
    zone = np.repeat(np.arange(n_zones), n_metiers)
    metier = np.tile(np.arange(n_metiers), n_zones)
    threshold = question.threshold
    asked = offers.exists | (needed if needed is not None else np.full(n_metiers, question.kind == "training"))
    population = np.asarray(residents.weights.sum(axis=1)).ravel()
    unasked = np.where(asked, -1, unasked_causes(offers, question.kind, question.schedule))
    levels = _level_columns(residents, offers, points, unasked, rules)
    level = levels["level"]
    code = np.asarray(level.codes if isinstance(level, pd.Categorical) else level).reshape(n_zones, n_metiers)
    columns = {
        "zone_id": _repeat(residents.zone_ids, zone),
        "zone_name": _repeat(residents.zone_names, zone),
        "zone_kind": _repeat(residents.zone_kinds, zone),
        "metier": _repeat([m.code for m in offers.metiers], metier),
        "metier_name": _repeat([m.name or m.code for m in offers.metiers], metier),
        "family": _repeat([m.family for m in offers.metiers], metier),
        "profile": _constant(question.profile.id, n),
        "kind": _constant(question.kind, n),
        "schedule": _constant(question.schedule, n),
        "threshold": _constant(threshold.id, n),
        "threshold_min": np.full(n, threshold.minutes, dtype=np.float32),
        "threshold_source": _constant(threshold.source, n),
        "residents": population[zone].astype(np.float32),
        "people": _constant(rules.people, n),
        "imputed_share": _nullable(_imputed(residents)[zone]),
        **levels,
        **_saturation_columns(residents, points, code, rules),
        **_supply_columns(residents, sites, offers, points),
        "rules": _constant(rules.version, n),
        **distance_columns(residents, points, code == SANS_OBJET, threshold),
    }
    return pd.DataFrame(columns, copy=False)


def flag_zones(
    residents: Residents,
    sites: Sites,
    *,
    offers: Offers,
    evidence: Evidence,
    question: Question,
    rules: FlagRules | None = None,
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
    evidence : Evidence
        Times there and back, (n_points, n_sites) [s], and what they are doubted by.
    question : Question
        Threshold, public, kind of site and schedule.
    rules : FlagRules, optional
        Defaults to ``FlagRules()``.
    needed : ndarray of bool, shape (n_metiers,), optional
        Whether anybody recruits for the métier. A métier that nobody teaches and nobody needs is ``sans objet``; one
        that is needed and that no row of training names is ``indécidable``. Without it, every métier of a training
        study counts as needed.

    Returns
    -------
    DataFrame
        One row per zone × métier; the columns are described by `geo_access.diagnosis.dictionary.flag_dictionary`.
        The shares of the reasons sum to 1 over those who do not reach (missing where everybody does). What has no
        value is ``pd.NA``, never NaN.

    Raises
    ------
    InputError
        When shapes disagree, times are negative, or rules or threshold are out of order.

    Examples
    --------
    >>> from geo_access.diagnosis.model import Metier, Profile, Threshold
    >>> from geo_access.times.round_trip import RoundTrip
    >>> zero = np.zeros(1, dtype=np.int64)
    >>> residents = Residents(
    ...     point_ids=np.array(["p", "q"], object), xy=np.array([[0.0, 0.0], [9e3, 0.0]]),
    ...     population=np.array([60.0, 40.0]), candidates=np.array([60.0, 40.0]), doubtful=np.zeros(2, bool),
    ...     zone_ids=np.array(["z"], object), zone_names=np.array(["Z"], object), zone_kinds=np.array(["qpv"], object),
    ...     membership=sparse.csr_matrix(np.ones((1, 2))))
    >>> sites = Sites(np.array(["s"], object), np.array(["CFA"], object), np.array([[1e3, 0.0]]))
    >>> offers = Offers((Metier("H2913"),), np.array([0, 1]), np.array([0], np.int32), np.array([12]), np.array([12]),
    ...                 np.array([True]), zero, zero, zero)
    >>> trip = RoundTrip(np.array([[900.0], [1800.0]], np.float32), np.array([[900.0], [4500.0]], np.float32))
    >>> hour = Threshold("t60", "une heure", 60, "training", source="exemple")
    >>> flags = flag_zones(residents, sites, offers=offers, evidence=Evidence(trip),
    ...                    question=Question(hour, Profile("tc", "", "transit")))
    >>> flags[["level", "reachable_share", "main_reason", "back_lack_min"]].iloc[0].tolist()
    ['fragile', np.float32(0.6), 'SLOW_BACK', np.float32(15.0)]
    """
    read = Reading()
    for name, value, kind in (
        ("residents", residents, Residents),
        ("sites", sites, Sites),
        ("offers", offers, Offers),
        ("evidence", evidence, Evidence),
        ("question", question, Question),
        ("rules", rules, (FlagRules, type(None))),
    ):
        read(name, require_kind, value, kinds=kind, name=name, made_by="geo_access.diagnosis")
    read.finish()
    chosen = FlagRules() if rules is None else rules
    points = flag_points(residents, sites, offers, evidence, threshold=question.threshold, rules=chosen)
    return aggregate_flags(residents, sites, offers, points, question=question, rules=chosen, needed=needed)


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
    every = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    for name in every:
        # Only thresholds that name a distance have its columns.
        parts = [frame[name] if name in frame else no_distance(len(frame)) for frame in frames]
        if isinstance(parts[0].dtype, pd.CategoricalDtype) and not parts[0].dtype.ordered:
            # An empty case has categories of no particular type; one type for all lets them unite.
            names: list[Any] = [part.cat.categories.astype(object) for part in parts]
            plain = [part.cat.rename_categories(of_part) for part, of_part in zip(parts, names)]
            columns[name] = pd.Series(pd.api.types.union_categoricals(plain))
        else:
            columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns, copy=False)
