"""What the data do not cover: towns without urban stops, sites off the network, supply that stands nowhere.

Missing data is not a finding: residents whose answer hangs on it are told apart, with the cause, before any level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from geo_access.arrays import rows_of
from geo_access.diagnosis.model import FlagReason, FlagRules
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.network.model import Timetable
from geo_access.times.round_trip import RoundTrip

__all__ = ["Town", "UncoveredTowns", "uncovered_towns", "unmeasured"]

# GTFS route types of trains, ferries and aircraft: they stop in a town, they do not serve it.
_NOT_URBAN = (2, 4, 1000, 1100, 1200, *range(100, 118))
_NEAR_A_STOP_M = 1000.0


@dataclass(frozen=True)
class Town:
    """A town whose urban transport no feed tells of.

    Attributes
    ----------
    zone_id, name : str
    residents : float
    stops : int
        Stops of buses, tramways and the like near its residents that day.
    """

    zone_id: str
    name: str
    residents: float
    stops: int


@dataclass(frozen=True, eq=False)
class UncoveredTowns:
    """Towns without urban stops, and who lives there.

    Attributes
    ----------
    towns : tuple of Town
        The largest first.
    points : ndarray of bool, shape (n_points,)
        Points of these towns.
    """

    towns: tuple[Town, ...]
    points: np.ndarray


def uncovered_towns(residents: Residents, timetable: Timetable | None, rules: FlagRules) -> UncoveredTowns:
    """Find the towns of `rules.urban_from` residents or more that no feed serves as a town.

    A town is covered when, near its populated points, vehicles other than trains, ferries and aircraft call that day
    at `rules.urban_stops_per_10k` stops or more per 10,000 residents.

    Parameters
    ----------
    residents : Residents
    timetable : Timetable or None
        None: no vehicle is asked for, and nothing is missing.
    rules : FlagRules

    Returns
    -------
    UncoveredTowns
    """
    mask = np.zeros(len(residents.point_ids), dtype=bool)
    if timetable is None:
        return UncoveredTowns((), mask)
    people = np.asarray(residents.weights.sum(axis=1)).ravel()
    large = np.flatnonzero((people >= rules.urban_from) & (residents.zone_kinds != "qpv"))
    stops = _urban_stops(timetable)
    towns = []
    for zone in large[np.argsort(-people[large], kind="stable")].tolist():
        row = residents.membership[zone]
        own = row.indices[(row.data > 0) & (residents.population[row.indices] > 0)]
        near = _stops_near(residents.xy[own], stops)
        if near < rules.urban_stops_per_10k * people[zone] / 10_000:
            mask[own] = True
            name = str(residents.zone_names[zone])
            towns.append(Town(str(residents.zone_ids[zone]), name, float(people[zone]), near))
    return UncoveredTowns(tuple(towns), mask)


def _urban_stops(timetable: Timetable) -> np.ndarray:
    """Positions of the stops at which something urban calls that day, float64 (n, 2) [m]."""
    trip = rows_of(timetable.trip_indptr)
    urban = ~np.isin(np.asarray(timetable.route_type), _NOT_URBAN)
    calls = (np.asarray(timetable.trip_day)[trip] == 0) & urban[np.asarray(timetable.trip_route)[trip]]
    served = np.unique(np.asarray(timetable.event_stop)[calls])
    return np.column_stack([np.asarray(timetable.stop_x)[served], np.asarray(timetable.stop_y)[served]])


def _stops_near(xy: np.ndarray, stops: np.ndarray) -> int:
    if not len(stops) or not len(xy):
        return 0
    distance, _ = cKDTree(xy).query(stops, distance_upper_bound=_NEAR_A_STOP_M)
    return int(np.isfinite(distance).sum())


def unmeasured(
    residents: Residents, offers: Offers, trip: RoundTrip, *, towns: np.ndarray | None
) -> list[tuple[FlagReason, np.ndarray]]:
    """Say where what is not known may be what is missing, by cause, from the weakest to the strongest.

    Supply that stands nowhere, that says no métier or whose sites are off the network decides where there is as much
    of it as of the supply that can be travelled to; by département where both the rows and the residents tell theirs.

    Parameters
    ----------
    residents : Residents
    offers : Offers
    trip : RoundTrip
    towns : ndarray of bool, shape (n_points,), or None
        Points of towns without urban stops, for a public that rides; None for one that does not.

    Returns
    -------
    list of (FlagReason, ndarray of bool)
        Masks of shape (n_points, n_metiers), or that broadcast to it.
    """
    located = offers.located_all
    found: list[tuple[FlagReason, np.ndarray]] = []
    if towns is not None and towns.any():
        found.append((FlagReason.FEEDS_MISSING, towns[:, None]))
    if offers.uncoded_places:
        found.append((FlagReason.UNCODED_SUPPLY, (offers.uncoded_places >= np.maximum(located, 1))[None, :]))
    if offers.unlocated_places.any():
        found.append((FlagReason.UNLOCATED_SUPPLY, _unlocated(residents, offers)))
    if trip.unsnapped_sites is not None and trip.unsnapped_sites.any():
        owner = rows_of(offers.indptr)
        off = trip.unsnapped_sites[offers.site]
        lost = np.bincount(owner, weights=np.where(off, offers.all_places, 0), minlength=len(offers.metiers))
        found.append((FlagReason.OFF_NETWORK, ((lost > 0) & (lost >= located - lost))[None, :]))
    if trip.unsnapped_points is not None and trip.unsnapped_points.any():
        found.append((FlagReason.OFF_NETWORK, trip.unsnapped_points[:, None]))
    if offers.named is not None and not offers.uncoded_places:
        found.append((FlagReason.UNNAMED_METIER, (~offers.named & ~offers.exists)[None, :]))
    return found


def _unlocated(residents: Residents, offers: Offers) -> np.ndarray:
    """Whether as many places stand nowhere as somewhere, bool (n_points, n_metiers)."""
    everywhere = (offers.unlocated_places > 0) & (offers.unlocated_places >= offers.located_all)
    shape = (len(residents.point_ids), len(offers.metiers))
    mask = np.broadcast_to(everywhere[None, :], shape).copy()
    if residents.departments is None or offers.by_department is None:
        return mask
    located, lost = offers.by_department
    unplaced = lost[:, offers.departments.index("")] if "" in offers.departments else 0 * located[:, 0]
    for column, name in enumerate(offers.departments):
        here = residents.departments == name
        if not name or not here.any():
            continue
        own = lost[:, column] + unplaced
        mask[here] = ((own > 0) & (own >= located[:, column]))[None, :]
    known = np.isin(residents.departments, [name for name in offers.departments if name])
    elsewhere = ~known & (residents.departments != "")
    mask[elsewhere] = ((unplaced > 0) & (unplaced >= offers.located_all))[None, :]
    return mask
