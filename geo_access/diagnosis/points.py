"""What each populated point can reach, métier by métier: two axes, what is missing, and under what doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from geo_access.diagnosis.confidence import Doubt, Variant, doubts
from geo_access.diagnosis.coverage import unmeasured
from geo_access.diagnosis.distance import Beside
from geo_access.diagnosis.kernels import fca_demand, fca_sums, nearest_offer, places_within, places_within_radius
from geo_access.diagnosis.lifts import LIFTS, Counterfactual
from geo_access.diagnosis.model import FlagReason, FlagRules, Threshold
from geo_access.diagnosis.reasons import binding_offers, pair_states, single_obstacle, travel_reasons
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.diagnosis.version_one import first_reasons
from geo_access.errors import Fault, raise_faults
from geo_access.times.round_trip import RoundTrip, Sites
from geo_access.words.told import fault

__all__ = ["Evidence", "PointFlags", "flag_points", "shared_places"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything about times that a case is decided on.

    Attributes
    ----------
    trip : RoundTrip
        (n_points, n_sites), as the profile travels at the hours asked.
    arrive_s, leave_s : ndarray of int64, shape (n_sites,), or None
        Latest arrival and earliest departure at each site [s], for how late and how early a trip is.
    lifted : tuple of Counterfactual
        Times with one limit lifted, for the points that cannot.
    variants : tuple of Variant
        Times with one thing that varies, for all points.
    towns : ndarray of bool, shape (n_points,), or None
        Points of towns whose urban transport no feed tells of, for a public that rides.
    walk_kmh : float
        Walking speed of the public [km/h].
    """

    trip: RoundTrip
    arrive_s: np.ndarray | None = None
    leave_s: np.ndarray | None = None
    lifted: tuple[Counterfactual, ...] = ()
    variants: tuple[Variant, ...] = ()
    towns: np.ndarray | None = None
    walk_kmh: float = 4.8

    def faults(self, n_points: int, n_sites: int) -> list[Fault]:
        """Return what is wrong with shapes, values and names."""
        found = self.trip.faults(n_points, n_sites, where="times")
        for item in self.lifted:
            found += item.trip.faults(len(item.points), n_sites, where=f"counterfactual {item.name}")
            if item.name not in LIFTS:
                found.append(fault("counterfactual", "one_of", name=item.name, known=", ".join(LIFTS)))
        for variant in self.variants:
            found += variant.trip.faults(n_points, n_sites, where=f"variant {variant.name}")
        return found


@dataclass(frozen=True, eq=False)
class PointFlags:
    """What each populated point can reach, métier by métier; arrays are (n_points, n_metiers).

    Attributes
    ----------
    reached : ndarray of bool
        Whether n places are within the threshold, there and back, free or not (after ``geo-access/1``: free).
    reason : ndarray of uint8
        `FlagReason` (after ``geo-access/1``: `FirstReason`).
    places, free_places : ndarray of int64
        Places within reach, and those free among them.
    counted_places, taken_places : ndarray of int64
        Among the places within reach, those of which it is known how many are taken, and those that are.
    places_per_candidate : ndarray of float32
        Free places per candidate after sharing each site among all who can reach it (2SFCA).
    best_s : ndarray of float32
        Time to the nearest site with a place [s], inf where none can be reached in the day.
    nearest : ndarray of int32
        That site, −1 where none.
    binding : ndarray of int32
        The site that comes nearest to being reached, which the reason speaks of; −1 where none.
    out_lack_s, back_lack_s : ndarray of float32
        What each way lacks there [s]: beyond the threshold, after the start, before the end; NaN where nothing tells.
    in_radius : ndarray of bool
        Whether n places lie within the straight-line radius.
    doubts : tuple of Doubt
    lifts : mapping of str to ndarray of bool
        Who would reach n places with one limit lifted.
    by_distance : ndarray of bool, or None
        Who reaches n places by the distance beside the threshold, and not by its minutes alone; None where it has none.
    """

    reached: np.ndarray
    reason: np.ndarray
    places: np.ndarray
    free_places: np.ndarray
    counted_places: np.ndarray
    taken_places: np.ndarray
    places_per_candidate: np.ndarray
    best_s: np.ndarray
    nearest: np.ndarray
    binding: np.ndarray
    out_lack_s: np.ndarray
    back_lack_s: np.ndarray
    in_radius: np.ndarray
    doubts: tuple[Doubt, ...] = ()
    lifts: Mapping[str, np.ndarray] = field(default_factory=dict)
    by_distance: np.ndarray | None = None


def flag_points(
    residents: Residents, sites: Sites, offers: Offers, evidence: Evidence, *, threshold: Threshold, rules: FlagRules
) -> PointFlags:
    """Decide, for every populated point and métier, whether enough places can be reached, and if not why.

    Parameters
    ----------
    residents : Residents
    sites : Sites
        Columns of the times.
    offers : Offers
    evidence : Evidence
    threshold : Threshold
    rules : FlagRules

    Returns
    -------
    PointFlags

    Raises
    ------
    InputError
        When shapes disagree, times are negative or the rules are out of order.
    """
    faults = rules.faults() + threshold.faults() + evidence.faults(len(residents.point_ids), len(sites))
    raise_faults(faults)
    n, limit_s, beside = rules.min_opportunities, threshold.limit_s, Beside(threshold, residents.xy, sites.xy)
    trip = beside.read(evidence.trip)
    wanted = offers.open_places if rules.first else offers.all_places
    offered = (offers.indptr, offers.site, wanted)

    def within(places: np.ndarray) -> np.ndarray:
        return np.asarray(places_within(trip.out_s, trip.back_s, limit_s, False, offers.indptr, offers.site, places))

    places, free = within(offers.all_places), within(offers.open_places)
    reached = (free if rules.first else places) >= n
    best_s, nearest = nearest_offer(evidence.trip.out_s, *offered)
    lifted = _read_lifted(evidence.lifted, beside)
    lifts = _lifts(lifted, offers, reached, limit_s=limit_s, n=n)
    reason, binding, lacks_s = _told(residents, offers, replace(evidence, trip=trip), lifts, limit_s=limit_s, n=n)
    if rules.first:
        reason = first_reasons(offers, trip, reached, limit_s=limit_s, n=n, counterfactuals=lifted)
    else:
        reason[reached] = FlagReason.REACHES
    counted = np.where(offers.counted_places > 0, offers.taken_places, 0)
    return PointFlags(
        reached=reached,
        reason=reason,
        places=places,
        free_places=free,
        counted_places=within(offers.counted_places),
        taken_places=within(counted),
        places_per_candidate=shared_places(residents, offers, evidence.trip, beside),
        best_s=best_s,
        nearest=nearest,
        binding=binding,
        out_lack_s=np.where(reached, np.float32(np.nan), lacks_s[0]),
        back_lack_s=np.where(reached, np.float32(np.nan), lacks_s[1]),
        in_radius=places_within_radius(residents.xy, sites.xy, rules.radius_m, *offered) >= n,
        doubts=doubts(offers, evidence.trip, evidence.variants, beside=beside, rules=rules, walk_kmh=evidence.walk_kmh),
        lifts=lifts,
        by_distance=_by_distance(offered, evidence.trip, reached, beside, n),
    )


def _told(
    residents: Residents, offers: Offers, evidence: Evidence, lifts: Mapping[str, np.ndarray], *, limit_s: float, n: int
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Reason of each point and métier, the site that it speaks of, and what each way lacks there [s]."""
    # The states of all pairs are as large as the times: they go with this function.
    states = pair_states(evidence.trip, limit_s, arrive_s=evidence.arrive_s, leave_s=evidence.leave_s)
    binding = binding_offers(states, offers, n)
    reason, out_lack_s, back_lack_s = travel_reasons(states, binding)
    reason = single_obstacle(reason, states, binding, lifts)
    return _with_causes(reason, residents, offers, evidence, n), binding, (out_lack_s, back_lack_s)


def _by_distance(
    offered: tuple[np.ndarray, ...], trip: RoundTrip, reached: np.ndarray, beside: Beside, n: int
) -> np.ndarray | None:
    """Who reaches by the distance, and not by the minutes alone."""
    if not beside.asked:
        return None
    alone = places_within(trip.out_s, trip.back_s, beside.threshold.limit_s, False, *offered) >= n
    return np.asarray(reached & ~alone)


def shared_places(residents: Residents, offers: Offers, trip: RoundTrip, beside: Beside) -> np.ndarray:
    """Free places per candidate, each site shared among all who can reach it (2SFCA).

    Parameters
    ----------
    residents : Residents
        All who may reach the sites.
    offers : Offers
    trip : RoundTrip
        As measured.
    beside : Beside
        Threshold, each way.

    Returns
    -------
    ndarray of float32, shape (n_points, n_metiers)
    """
    limit_s, demand = beside.threshold.limit_s, np.zeros(trip.out_s.shape[1], dtype=np.float64)
    for rows, part in beside.parts(trip):
        fca_demand(part.out_s, part.back_s, limit_s, residents.candidates[rows], demand)
    everyone = demand[offers.site]
    ratio = np.divide(offers.open_places, everyone, out=np.zeros(len(everyone)), where=everyone > 0)
    total = np.zeros((len(trip.out_s), len(offers.indptr) - 1), dtype=np.float32)
    for rows, part in beside.parts(trip):
        total[rows] = fca_sums(part.out_s, part.back_s, limit_s, offers.indptr, offers.site, ratio)
    return total


def _with_causes(reason: np.ndarray, residents: Residents, offers: Offers, evidence: Evidence, n: int) -> np.ndarray:
    """Put what the data do not tell, and what is only taught elsewhere than at a place, over the reasons of travel."""
    few = offers.located_all + offers.unlocated_places < n
    apart = offers.remote_places + offers.mobile_places > 0
    reason[:, few & apart & (offers.located_all + offers.unlocated_places == 0)] = FlagReason.ONLY_REMOTE
    shape = reason.shape
    for cause, mask in unmeasured(residents, offers, evidence.trip, towns=evidence.towns):
        told = reason == FlagReason.ONLY_REMOTE
        if cause in (FlagReason.FEEDS_MISSING, FlagReason.OFF_NETWORK):
            # No vehicle and no street would make places that there are not.
            told |= reason == FlagReason.TOO_FEW_PLACES
        reason[np.broadcast_to(mask, shape) & ~told] = cause
    return reason


def _read_lifted(lifted: Sequence[Counterfactual], beside: Beside) -> tuple[Counterfactual, ...]:
    """Read the times with a limit lifted as the threshold does."""
    if not beside.asked:
        return tuple(lifted)
    return tuple(replace(item, trip=beside.at(item.points).read(item.trip)) for item in lifted)


def _lifts(
    lifted: Sequence[Counterfactual], offers: Offers, reached: np.ndarray, *, limit_s: float, n: int
) -> dict[str, np.ndarray]:
    """Who would reach n places with each limit lifted, those who do already included."""
    offered = (offers.indptr, offers.site, offers.all_places)
    found = {}
    for item in lifted:
        would = reached.copy()
        would[item.points] |= places_within(item.trip.out_s, item.trip.back_s, limit_s, False, *offered) >= n
        found[item.name] = would
    return found
