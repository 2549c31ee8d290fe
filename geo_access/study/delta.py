"""Before and after: who gained and who lost, métier by métier; losers are never hidden behind a net figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import DiagnosedCase
from geo_access.diagnosis.model import Level

if TYPE_CHECKING:
    from geo_access.study.prepared import PreparedStudy

__all__ = ["Delta", "compare_prepared", "counted_groups"]

_KEYS = ("profile", "kind", "schedule", "threshold")


@dataclass(frozen=True, eq=False)
class Delta:
    """What differs between two diagnoses of the same residents.

    Attributes
    ----------
    people : pandas.DataFrame
        One row per métier, public, kind, schedule and threshold. Geography: ``residents_won``, ``residents_lost`` and
        the same for ``qpv``, ``rural``, ``youth``, ``job_seekers`` where the study knows them; ``reached_before``,
        ``reached_after``; ``zones_flagged``, ``zones_unflagged``, ``zones_unmeasured``. Saturation: ``free_won``,
        ``free_lost``: residents for whom enough free places come into reach, or go out of it. ``minutes_saved``: mean
        over the residents who could and can [min].
    zones : pandas.DataFrame
        Zones whose level or share moved: ``zone_id``, ``zone_name``, ``level_before``, ``level_after``,
        ``share_before``, ``share_after``, ``won``, ``lost`` (residents).
    """

    people: pd.DataFrame
    zones: pd.DataFrame

    @property
    def changes_nothing(self) -> bool:
        """Whether nobody gained, nobody lost and no level moved."""
        moved = self.people[["residents_won", "residents_lost", "free_won", "free_lost"]].to_numpy().sum()
        return bool(moved == 0 and self.zones.empty)


def compare_prepared(before: PreparedStudy, after: PreparedStudy) -> Delta:
    """Compare two diagnoses of the same residents, zones and questions.

    Parameters
    ----------
    before, after : PreparedStudy
        With the same points and zones; métiers, publics and schedules that both know are compared.

    Returns
    -------
    Delta
    """
    groups = counted_groups(before)
    people, zones = [], []
    known = {_key(case): case for case in after.diagnosis.cases}
    for case in before.diagnosis.cases:
        other = known.get(_key(case))
        if other is None:
            continue
        codes = [metier.code for metier in other.offers.metiers]
        for column, metier in enumerate(case.offers.metiers):
            if metier.code not in codes:
                continue
            there = codes.index(metier.code)
            moved = _Moved(case.points.reached[:, column], other.points.reached[:, there])
            minutes = _minutes_saved(before, after, case, other, metier.code)
            changed = _zones_changed(before, after, case, other, metier.code, moved)
            row = dict(zip(_KEYS, _key(case))) | {"metier": metier.code, "metier_name": metier.name}
            free = _Moved(
                case.points.free_places[:, column] >= before.rules.min_opportunities,
                other.points.free_places[:, there] >= after.rules.min_opportunities,
            )
            weight = groups["residents"]
            axis = {"free_won": float(weight[free.won].sum()), "free_lost": float(weight[free.lost].sum())}
            people.append(row | moved.counts(groups) | axis | {"minutes_saved": minutes} | _counted(changed))
            zones.append(changed.assign(**row))
    columns = ["metier", "metier_name", *_KEYS]
    table = pd.DataFrame(people)
    moved_zones = pd.concat(zones, ignore_index=True) if zones else pd.DataFrame(columns=columns)
    return Delta(table[columns + [name for name in table if name not in columns]], moved_zones)


def _key(case: DiagnosedCase) -> tuple[str, str, str, str]:
    return case.profile.id, case.kind, case.schedule, case.threshold.id


def counted_groups(prepared: PreparedStudy) -> dict[str, np.ndarray]:
    """Weights of the publics that are counted.

    Parameters
    ----------
    prepared : PreparedStudy

    Returns
    -------
    dict of str to ndarray of float64, shape (n_points,)
        ``residents``, and ``qpv``, ``rural``, ``youth``, ``job_seekers`` where the study knows them.
    """
    residents, points = prepared.diagnosis.residents, prepared.inputs.points
    found = {"residents": residents.population}
    for name in ("qpv", "rural"):
        inside = residents.zone_kinds.astype(str) == name
        if inside.any():
            share = np.asarray(residents.membership[inside].sum(axis=0)).ravel()
            found[name] = residents.population * np.minimum(share, 1.0)
    order = pd.Index(points["point_id"].astype(str)).get_indexer(residents.point_ids.astype(str))
    for name, column in (("youth", "youth_15_24"), ("job_seekers", "job_seekers")):
        if column in points:
            found[name] = pd.to_numeric(points[column], errors="coerce").fillna(0.0).to_numpy(np.float64)[order]
    return found


@dataclass(frozen=True, eq=False)
class _Moved:
    """Points that reached before and after, bool (n_points,)."""

    before: np.ndarray
    after: np.ndarray

    @property
    def won(self) -> np.ndarray:
        return self.after & ~self.before

    @property
    def lost(self) -> np.ndarray:
        return self.before & ~self.after

    def counts(self, groups: dict[str, np.ndarray]) -> dict[str, float]:
        found = {}
        for name, weight in groups.items():
            found[f"{name}_won"] = float(weight[self.won].sum())
            found[f"{name}_lost"] = float(weight[self.lost].sum())
        everyone = groups["residents"]
        found["reached_before"] = float(everyone[self.before].sum())
        found["reached_after"] = float(everyone[self.after].sum())
        return found


def _minutes_saved(
    before: PreparedStudy, after: PreparedStudy, case: DiagnosedCase, other: DiagnosedCase, metier: str
) -> float:
    """Mean minutes saved by the residents for whom a time is known in both, the longer of the two ways [min]."""
    old, new = before.minutes_needed(case, metier), after.minutes_needed(other, metier)
    both = np.isfinite(old) & np.isfinite(new)
    weight = before.diagnosis.residents.population * both
    if not weight.sum():
        return float("nan")
    gain = np.where(both, old.astype(np.float64) - np.where(both, new, 0.0), 0.0)
    return float((gain * weight).sum() / weight.sum())


def _zones_changed(
    before: PreparedStudy, after: PreparedStudy, case: DiagnosedCase, other: DiagnosedCase, metier: str, moved: _Moved
) -> pd.DataFrame:
    named = ["zone_id", "zone_name", "zone_kind", "level", "reachable_share"]
    old, new = before.flags_of(case, metier, columns=named), after.flags_of(other, metier, columns=named)
    weights = before.diagnosis.residents.weights
    table = pd.DataFrame(
        {
            "zone_id": old["zone_id"].to_numpy(),
            "zone_name": old["zone_name"].to_numpy(),
            "zone_kind": old["zone_kind"].astype(str).to_numpy(),
            "level_before": old["level"].astype(str).to_numpy(),
            "level_after": new["level"].astype(str).to_numpy(),
            "share_before": pd.to_numeric(old["reachable_share"], errors="coerce").to_numpy(np.float64),
            "share_after": pd.to_numeric(new["reachable_share"], errors="coerce").to_numpy(np.float64),
            "won": np.asarray(weights @ moved.won.astype(np.float64)).ravel(),
            "lost": np.asarray(weights @ moved.lost.astype(np.float64)).ravel(),
        }
    )
    touched = (table["won"] > 0) | (table["lost"] > 0) | (table["level_before"] != table["level_after"])
    # What a zone of too few people wins or loses would tell of them.
    return table[touched & ~before.held_back].reset_index(drop=True)


def _counted(zones: pd.DataFrame) -> dict[str, int]:
    moved = levels_moved(zones["level_before"], zones["level_after"])
    return {name: int(rows.sum()) for name, rows in moved.items()}


def levels_moved(before: pd.Series, after: pd.Series) -> dict[str, pd.Series]:
    """Tell which situations become inadequate, are so no more, and are measured no more.

    Parameters
    ----------
    before, after : pandas.Series of str
        Levels of the same situations.

    Returns
    -------
    dict of str to pandas.Series of bool
        ``zones_flagged``, ``zones_unflagged``, ``zones_unmeasured``. Whoever is not measured any more is not lifted.
    """
    measured = [level.value for level in (Level.ADEQUAT, Level.FRAGILE, Level.INADEQUAT)]
    bad_before, bad_after = before == Level.INADEQUAT.value, after == Level.INADEQUAT.value
    unmeasured = before.isin(measured) & (after == Level.INDECIDABLE.value)
    return {
        "zones_flagged": bad_after & ~bad_before,
        "zones_unflagged": bad_before & ~bad_after & ~unmeasured,
        "zones_unmeasured": unmeasured,
    }
