"""What people do, as a check: observed trips between home and work against the times of the study.

An observed trip by public transport that the timetables call impossible is no finding about the person who makes it:
it names a feed or a stop that is missing. Where people work inside a zone is not observed; the most populated points of
the zone stand for it, and a pair is called unreachable only when none of them can be reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo_access.diagnosis.distance import within_distance
from geo_access.diagnosis.lifts import profile_ask
from geo_access.diagnosis.model import Profile, Schedule
from geo_access.diagnosis.residents import Residents
from geo_access.routing.causes import Reason
from geo_access.times.round_trip import Ask, NetworkTimes, RoundTrip, Sites, connect_points, round_trip

__all__ = ["ObservedTrips", "compare_observed"]

_STAND_FOR_WORK = 3
_SITES_AT_ONCE = 32
_LEAST_SEARCH_S = 7200
_DAY = Schedule("day", "", "job", "09:00", "17:00")
_ORDER = ("transit", "car", "bike", "walk", "motorcycle", "none")
_OFF_STREETS = (Reason.UNSNAPPED_ORIGIN.name, Reason.UNSNAPPED_DESTINATION.name)
_PAIR = ["home", "work"]
_PAIR_COLUMNS = [*_PAIR, "mode", "people", "share_within", "reachable", "reason"]


@dataclass(frozen=True, eq=False)
class ObservedTrips:
    """Observed trips beside the study's times.

    Attributes
    ----------
    by_mode : DataFrame
        ``mode, people`` observed; ``measured`` of them between zones of the study that meet its streets, by a mode that
        it computes;
        ``within`` the threshold, there and back; ``share_within`` of those measured, 0–1 (``pd.NA`` without any);
        ``unreachable``: of those measured, with no way at all, however slow.
    gaps : DataFrame
        Pairs that people travel by public transport and that the study calls unreachable, the most travelled first:
        ``home, work, home_name, work_name, people, reason``.
    """

    by_mode: pd.DataFrame
    gaps: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Ends:
    """Zones by id: their points, and the points that stand for working there."""

    residents: Residents

    def points(self, zone: int) -> tuple[np.ndarray, np.ndarray]:
        """Points of a zone, and how many people live at each."""
        row = self.residents.weights[zone]
        return row.indices[row.data > 0], row.data[row.data > 0]

    def work(self, zone: int) -> np.ndarray:
        """Most populated points of a zone."""
        points, people = self.points(zone)
        return points[np.argsort(-people, kind="stable")[:_STAND_FOR_WORK]]


def compare_observed(
    flows: pd.DataFrame,
    residents: Residents,
    times: NetworkTimes,
    *,
    profiles: Sequence[Profile],
    limit_s: float,
    kilometres: float | None = None,
    schedule: Schedule | None = None,
) -> ObservedTrips:
    """Compare observed trips with what the study's network allows, mode by mode.

    A mode is asked as the first public of the study that travels so, else with the usual speeds. The share of a pair
    is that of the residents of the home zone who reach the nearest point that stands for the work zone within the
    threshold and get back; it is weighted by the people observed.

    Parameters
    ----------
    flows : DataFrame
        ``home, work`` (ids of zones), ``mode``, ``people``; of
        `geo_access.sources.places.commuting.read_commuting`.
    residents : Residents
    times : NetworkTimes
    profiles : sequence of Profile
    limit_s : float
        Threshold, each way [s].
    kilometres : float, optional
        Distance that is enough whatever the time, as the crow flies [km].
    schedule : Schedule, optional
        Hours at work; by default 09:00–17:00.

    Returns
    -------
    ObservedTrips
    """
    row_of = {str(zone): row for row, zone in enumerate(residents.zone_ids.tolist())}
    known = flows.assign(from_row=flows["home"].map(row_of), to_row=flows["work"].map(row_of))
    ends = _Ends(residents)
    rows: list[tuple[object, ...]] = []
    pairs: list[pd.DataFrame] = []
    for mode in [name for name in _ORDER if (flows["mode"] == name).any()]:
        own = known[known["mode"] == mode]
        people = float(own["people"].sum())
        ask = _ask(mode, profiles, times, limit_s, _DAY if schedule is None else schedule)
        inside = own.dropna(subset=["from_row", "to_row"])
        if ask is None or not len(inside):
            rows.append((mode, people, 0.0, 0.0, pd.NA, 0.0))
            continue
        found = _pairs(inside.astype({"from_row": int, "to_row": int}), ends, times, ask, (limit_s, kilometres))
        # Places off the streets say nothing of the timetable.
        found = found[~found["reason"].isin(_OFF_STREETS)]
        measured = float(found["people"].sum())
        within = float((found["people"] * found["share_within"]).sum())
        share = within / measured if measured > 0 else pd.NA
        rows.append((mode, people, measured, within, share, float(found.loc[~found["reachable"], "people"].sum())))
        pairs.append(found)
    names = ["mode", "people", "measured", "within", "share_within", "unreachable"]
    by_mode = pd.DataFrame(rows, columns=names)
    by_mode["share_within"] = by_mode["share_within"].astype("Float64")
    every = pd.concat(pairs, ignore_index=True) if pairs else pd.DataFrame(columns=_PAIR_COLUMNS)
    return ObservedTrips(by_mode, _gaps(every, residents))


def _ask(mode: str, profiles: Sequence[Profile], times: NetworkTimes, limit_s: float, schedule: Schedule) -> Ask | None:
    """Ask as the first public of that mode; None for what the study does not compute."""
    if mode in ("motorcycle", "none") or (mode == "transit" and times.network.timetable is None):
        return None
    public = next((item for item in profiles if item.mode == mode), None)
    return profile_ask(
        Profile(f"observed_{mode}", "", mode) if public is None else public,
        arrive_s=schedule.arrive_s,
        leave_s=schedule.leave_s,
        slack_s=(0, 0),
        max_s=int(max(_LEAST_SEARCH_S, np.ceil(limit_s))),
        spread_s=0,
    )


def _pairs(
    flows: pd.DataFrame, ends: _Ends, times: NetworkTimes, ask: Ask, limit: tuple[float, float | None]
) -> pd.DataFrame:
    """Share within the threshold, whether there is any way, and the usual cause, of each pair of zones."""
    found, (limit_s, kilometres) = [], limit
    for part in _blocks(flows, ends):
        work = {zone: ends.work(zone) for zone in part["to_row"].unique().tolist()}
        homes = np.unique(np.concatenate([ends.points(zone)[0] for zone in part["from_row"].unique().tolist()]))
        places = np.unique(np.concatenate(list(work.values())))
        xy = ends.residents.xy
        sites = Sites(ends.residents.point_ids[places], ends.residents.point_ids[places], xy[places])
        connection = connect_points(times, xy[homes], sites, ask)
        trip = round_trip(connection, np.arange(len(homes)), sites, ask, explain=True)
        near = trip.out_s <= limit_s
        near &= trip.back_s <= limit_s
        if kilometres is not None:
            near |= within_distance(xy[homes], xy[places], kilometres)
        for row in part.to_dict("records"):
            points, people = ends.points(int(row["from_row"]))
            here = np.searchsorted(homes, points)
            there = np.searchsorted(places, work[int(row["to_row"])])
            judged = _judged(trip, np.ix_(here, there), people, near)
            found.append((row["home"], row["work"], row["mode"], float(row["people"]), *judged))
    return pd.DataFrame(found, columns=_PAIR_COLUMNS)


def _blocks(flows: pd.DataFrame, ends: _Ends) -> list[pd.DataFrame]:
    """Split pairs by work zone, so many zones that their points fill one sweep; empty zones go."""
    zones = [zone for zone in np.unique(flows["to_row"]).tolist() if len(ends.work(zone))]
    peopled = flows["from_row"].map(lambda zone: len(ends.points(int(zone))[0]) > 0)
    step = max(1, _SITES_AT_ONCE // _STAND_FOR_WORK)
    parts = (flows[flows["to_row"].isin(zones[k : k + step]) & peopled] for k in range(0, len(zones), step))
    return [part for part in parts if len(part)]


def _judged(
    trip: RoundTrip, cells: tuple[np.ndarray, ...], people: np.ndarray, near: np.ndarray
) -> tuple[float, bool, str]:
    out_s, back_s = trip.out_s[cells], trip.back_s[cells]
    within = near[cells].any(axis=1)
    some = np.ones(out_s.shape, dtype=bool)
    for seconds, beyond in ((out_s, trip.out_beyond_s), (back_s, trip.back_beyond_s)):
        some &= ~np.isnan(seconds) if beyond is None else ~np.isnan(seconds) | ~np.isnan(beyond[cells])
    share = float(people[within].sum() / people.sum())
    if some.any():
        return share, True, ""
    causes = trip.reason[cells]
    codes, counts = np.unique(causes[causes != Reason.OK], return_counts=True)
    return share, False, Reason(codes[counts.argmax()]).name if len(codes) else ""


def _gaps(pairs: pd.DataFrame, residents: Residents) -> pd.DataFrame:
    names = dict(zip(residents.zone_ids.astype(str).tolist(), residents.zone_names.astype(str).tolist(), strict=True))
    lost = pairs[(pairs["mode"] == "transit") & ~pairs["reachable"].astype(bool)]
    lost = lost.sort_values(["people", *_PAIR], ascending=[False, True, True], kind="stable").reset_index(drop=True)
    named = lost.assign(home_name=lost["home"].map(names), work_name=lost["work"].map(names))
    return named[[*_PAIR, "home_name", "work_name", "people", "reason"]]
