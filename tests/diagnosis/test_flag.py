"""The flag on arrays: levels, confidence, radius, medians, shared places — against counting by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from geo_access.diagnosis.confidence import Variant
from geo_access.diagnosis.dictionary import flag_dictionary
from geo_access.diagnosis.flag import concat_flags, flag_zones, reason_columns
from geo_access.diagnosis.lifts import LIFTS, Counterfactual
from geo_access.diagnosis.model import UNMEASURED, FlagReason, FlagRules, Metier, Question, Threshold
from geo_access.diagnosis.points import Evidence, flag_points
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers, training_offers
from geo_access.diagnosis.version_one import COUNTERFACTUALS, FirstReason, first_reasons
from geo_access.errors import InputError
from geo_access.routing.causes import Reason
from geo_access.times.round_trip import RoundTrip, Sites

from .fabric import ASKED, EPSG, HOUR, NONE, TRANSIT, WELDER, residents_of, training

LINE_RULES = FlagRules()
FIRST = FlagRules(version="geo-access/1")


def one_site(minutes_there: list[float], *, population: list[float], quality: str = "exact", **columns: object):
    """One zone of points, one site at x = 0, and the same minutes back."""
    residents = residents_of(population, ["z"] * len(population), **columns)
    sites, offers = training_offers(
        training([{"site_id": "s", "x": 0.0, "position_quality": quality}]), [WELDER], epsg=EPSG
    )
    seconds = np.array(minutes_there, dtype=np.float32)[:, None] * 60
    return residents, sites, offers, RoundTrip(seconds, seconds.copy())


def flag_of(minutes_there: list[float], population: list[float], rules: FlagRules = LINE_RULES, **columns: object):
    residents, sites, offers, trip = one_site(minutes_there, population=population, **columns)
    return flag_zones(residents, sites, offers=offers, evidence=Evidence(trip), question=ASKED, rules=rules).iloc[0]


@pytest.mark.parametrize(
    ("reach", "level"),
    [(80.0, "adéquat"), (79.0, "fragile"), (50.0, "fragile"), (49.0, "inadéquat"), (0.0, "inadéquat")],
)
def test_levels_turn_at_their_shares(reach: float, level: str) -> None:
    assert flag_of([10.0, 100.0], [reach, 100.0 - reach])["level"] == level


@pytest.mark.parametrize(
    ("minutes", "columns", "confidence"),
    [
        (20.0, {}, "sûr"),
        # 58 min is beyond 54: with the threshold 10 % shorter nobody reaches, and adéquat becomes inadéquat.
        (58.0, {}, "indécidable"),
        (64.0, {}, "indécidable"),
        # 36 min of walk across a commune of mean size: 20 becomes 56, still within the hour; 40 becomes 76.
        (20.0, {"quality": "commune"}, "sûr"),
        (40.0, {"quality": "commune"}, "indécidable"),
        (20.0, {"imputed": [True]}, "probable"),
    ],
)
def test_confidence_of_the_first_version(minutes: float, columns: dict[str, object], confidence: str) -> None:
    own = dict(columns)
    quality = str(own.pop("quality", "exact"))
    residents, sites, offers, trip = one_site([minutes], population=[100.0], quality=quality, **own)
    row = flag_zones(residents, sites, offers=offers, evidence=Evidence(trip), question=ASKED, rules=FIRST).iloc[0]
    assert row["confidence"] == confidence


def second(minutes: float, columns: dict[str, object], *, variants: tuple[Variant, ...] = ()):
    own = dict(columns)
    quality = str(own.pop("quality", "exact"))
    residents, sites, offers, trip = one_site([minutes], population=[100.0], quality=quality, **own)
    evidence = Evidence(trip, variants=variants)
    return flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED).iloc[0]


def other(minutes: float) -> RoundTrip:
    seconds = np.array([[minutes]], dtype=np.float32) * 60
    return RoundTrip(seconds, seconds.copy())


@pytest.mark.parametrize(
    ("minutes", "columns", "variant", "confidence", "doubts", "sensitive"),
    [
        (20.0, {}, None, "sûr", "", ""),
        # The threshold was chosen: it is shown apart and leaves the confidence alone.
        (58.0, {}, None, "sûr", "", "threshold"),
        # 36 min of walk across a commune of mean size: 20 becomes 56, 40 becomes 76.
        (20.0, {"quality": "commune"}, None, "sûr", "", ""),
        (40.0, {"quality": "commune"}, None, "indécidable", "position", ""),
        (20.0, {"imputed": [True]}, None, "probable", "imputed", ""),
        (20.0, {}, ("cancelled", 70.0), "probable", "cancelled", ""),
        (20.0, {}, ("cancelled", 50.0), "sûr", "", ""),
        (20.0, {}, ("other_date", NONE), "indécidable", "other_date", ""),
    ],
)
def test_confidence_comes_from_what_can_vary(minutes, columns, variant, confidence, doubts, sensitive) -> None:
    variants = () if variant is None else (Variant(variant[0], other(variant[1])),)
    row = second(minutes, columns, variants=variants)
    assert (row["confidence"], row["doubts"], row["sensitive"]) == (confidence, doubts, sensitive)


def test_percentiles_of_the_window_are_a_sensitivity() -> None:
    # Two points of equal weight: at percentile 75 one of them falls beyond the hour, and adéquat becomes fragile.
    residents, sites, offers, trip = one_site([30.0, 40.0], population=[50.0, 50.0])
    slower = trip.out_s + np.array([[0.0], [1800.0]], dtype=np.float32)
    evidence = Evidence(RoundTrip(trip.out_s, trip.back_s, trip.out_s, slower))
    row = flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED).iloc[0]
    assert (row["level"], row["confidence"], row["sensitive"]) == ("adéquat", "sûr", "hours")
    row = flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED, rules=FIRST).iloc[0]
    assert (row["level"], row["confidence"]) == ("adéquat", "probable")
    assert (row["reachable_share_low"], row["reachable_share_high"]) == (0.5, 1.0)


def unlocated(near: int, nowhere: int, *, department: str = "", zone: str = "z"):
    """One site out of reach, and places that stand nowhere."""
    residents = residents_of([100.0], [zone])
    rows = [{"site_id": "far", "x": 9e5, "places": near}, {"site_id": "where", "x": None, "places": nowhere}]
    table = training(rows)
    table["department"] = ["80", department]
    sites, offers = training_offers(table, [WELDER], epsg=EPSG)
    trip = RoundTrip(np.full((1, 1), NONE, np.float32), np.full((1, 1), NONE, np.float32))
    return flag_zones(residents, sites, offers=offers, evidence=Evidence(trip), question=ASKED).iloc[0]


def test_as_much_supply_without_position_as_with_one_leaves_the_level_open() -> None:
    row = unlocated(10, 10)
    assert (row["level"], row["cause"], row["confidence"]) == ("indécidable", "UNLOCATED_SUPPLY", "indécidable")
    assert (row["unlocated_places"], row["unmeasured_share"], row["share_unlocated_supply"]) == (10, 1.0, 1.0)
    row = unlocated(10, 9)
    assert (row["level"], row["confidence"], row["main_reason"]) == ("inadéquat", "probable", "ABSENT_BOTH")


def test_supply_without_position_counts_where_its_department_is() -> None:
    # Amiens is in the département of the unlocated schools, Lille is not.
    assert unlocated(10, 10, department="80", zone="80021")["level"] == "indécidable"
    row = unlocated(10, 10, department="80", zone="59350")
    assert (row["level"], row["confidence"]) == ("inadéquat", "probable")


def flag_of_times(out: float, back: float, **times: object):
    residents, sites, offers, _ = one_site([10.0], population=[100.0])

    def table(minutes: float) -> np.ndarray:
        return np.array([[minutes * 60]], dtype=np.float32)

    reasons = {k: np.array([[v]], np.uint8) for k, v in times.items() if k.endswith("reason")}
    more = {k: table(v) for k, v in times.items() if not k.endswith("reason")}
    evidence = Evidence(
        RoundTrip(table(out), table(back), **reasons, **more),
        arrive_s=np.array([8 * 3600]),
        leave_s=np.array([17 * 3600]),
    )
    return flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED).iloc[0]


LATE, EARLY, WALK = Reason.FIRST_TRIP_TOO_LATE, Reason.LAST_TRIP_TOO_EARLY, Reason.NO_STOP_WITHIN_WALK


@pytest.mark.parametrize(
    ("times", "reason", "lacks"),
    [
        ({"out": 75, "back": 20}, "SLOW_OUT", (15, None)),
        ({"out": 20, "back": 90}, "SLOW_BACK", (None, 30)),
        ({"out": 75, "back": 62}, "SLOW_BOTH", (15, 2)),
        # 150 minutes were not searched for as a time within two hours, but they are known: slow, not absent.
        ({"out": 20, "back": NONE, "back_beyond_s": 150, "back_reason": EARLY}, "SLOW_BACK", (None, 90)),
        ({"out": NONE, "back": 20, "out_reason": LATE, "next_arrival_s": 8 * 60 + 23}, "LATE_OUT", (23, None)),
        ({"out": 20, "back": NONE, "back_reason": EARLY, "last_departure_s": 16 * 60 + 45}, "EARLY_BACK", (None, 15)),
        (
            {
                "out": NONE,
                "back": NONE,
                "out_reason": LATE,
                "next_arrival_s": 8 * 60 + 5,
                "back_reason": EARLY,
                "last_departure_s": 12 * 60,
            },
            "HOURS_BOTH",
            (5, 300),
        ),
        ({"out": NONE, "back": 20, "out_reason": Reason.DISCONNECTED}, "ABSENT_OUT", (None, None)),
        ({"out": 20, "back": NONE, "back_reason": Reason.NO_SERVICE_THAT_DAY}, "ABSENT_BACK", (None, None)),
        ({"out": NONE, "back": NONE}, "ABSENT_BOTH", (None, None)),
        ({"out": NONE, "back": NONE, "out_reason": WALK, "back_reason": WALK}, "TOO_FAR_TO_WALK", (None, None)),
        ({"out": NONE, "back": 20, "out_reason": Reason.TOO_MANY_RIDES}, "TOO_MANY_CHANGES", (None, None)),
        ({"out": 75, "back": NONE}, "SEVERAL", (15, None)),
        ({"out": NONE, "back": NONE, "out_reason": Reason.UNSNAPPED_ORIGIN}, "OFF_NETWORK", (None, None)),
    ],
)
def test_each_reason_says_the_way_that_fails_and_by_how_much(times, reason, lacks) -> None:
    row = flag_of_times(**times)
    assert row["main_reason"] == reason
    assert (
        tuple(None if pd.isna(row[name]) else round(row[name]) for name in ("out_lack_min", "back_lack_min")) == lacks
    )
    assert row["level"] == ("indécidable" if reason == "OFF_NETWORK" else "inadéquat")


def test_the_reason_speaks_of_the_site_that_comes_nearest() -> None:
    # One site is five minutes away with no way back at all; at the other both ways are known, and too slow.
    residents = residents_of([100.0], ["z"])
    rows = [{"site_id": "a", "x": 0.0}, {"site_id": "b", "x": 10.0}]
    sites, offers = training_offers(training(rows), [WELDER], epsg=EPSG)
    trip = RoundTrip(np.array([[300, 4000]], np.float32), np.array([[NONE, 3900]], np.float32))
    row = flag_zones(residents, sites, offers=offers, evidence=Evidence(trip), question=ASKED).iloc[0]
    assert (row["main_reason"], round(float(row["out_lack_min"]), 1), row["back_lack_min"]) == ("SLOW_BOTH", 6.7, 5.0)


@pytest.mark.parametrize(
    ("filled", "population", "level", "saturation", "free", "rate"),
    [
        (0, 100.0, "adéquat", "places libres", 10, 0.0),
        (10, 100.0, "adéquat", "saturé", 0, 1.0),  # full, and still within reach
        (9, 50.0, "adéquat", "tendu", 1, 0.9),
        # One free place for two thousand candidates: 0.05 per hundred.
        (9, 2000.0, "adéquat", "saturé", 1, 0.9),
        (None, 100.0, "adéquat", "non mesuré", 10, None),
    ],
)
def test_saturation_is_an_axis_of_its_own(filled, population, level, saturation, free, rate) -> None:
    residents = residents_of([population], ["z"])
    table = training([{"site_id": "s", "x": 0.0}])
    if filled is not None:
        table["filled"] = filled
    sites, offers = training_offers(table, [WELDER], epsg=EPSG)
    evidence = Evidence(other(10.0))
    row = flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED).iloc[0]
    assert (row["level"], row["saturation"], row["free_places"]) == (level, saturation, free)
    assert (None if pd.isna(row["filling_rate"]) else round(float(row["filling_rate"]), 3)) == rate


def test_the_radius_hides_what_the_network_shows() -> None:
    # The site lies 1 km away as the crow flies, and 90 minutes by the network.
    row = flag_of([90.0], [100.0])
    assert (row["level"], row["radius_level"], row["radius_km"]) == ("inadéquat", "adéquat", 5.0)


def test_median_time_is_weighted_by_residents() -> None:
    assert flag_of([10.0, 20.0, 50.0], [10.0, 10.0, 81.0])["median_time_min"] == 50.0
    assert flag_of([10.0, 20.0, 50.0], [60.0, 10.0, 30.0])["median_time_min"] == 10.0
    assert flag_of([10.0, NONE], [40.0, 60.0])["median_time_min"] is pd.NA


def test_a_point_may_count_in_two_zones_and_competes_once() -> None:
    residents, sites, offers, trip = one_site([10.0, 10.0], population=[30.0, 70.0])
    both = sparse.csr_matrix(np.array([[1.0, 1.0], [1.0, 0.0]]))
    names = np.array(["commune", "qpv"], dtype=object)
    overlapping = Residents(
        residents.point_ids,
        residents.xy,
        residents.population,
        residents.candidates,
        residents.doubtful,
        names,
        names,
        names,
        both,
    )
    flags = flag_zones(overlapping, sites, offers=offers, evidence=Evidence(trip), question=ASKED)
    # Ten places for a hundred candidates, whichever zone one asks from.
    assert flags["places_per_100_candidates"].tolist() == [pytest.approx(10.0)] * 2
    assert flags["residents"].tolist() == [100.0, 30.0]


def test_shapes_and_signs_are_checked() -> None:
    residents, sites, offers, trip = one_site([10.0], population=[1.0])
    for bad in (RoundTrip(trip.out_s[:, :0], trip.back_s), RoundTrip(-trip.out_s, trip.back_s)):
        with pytest.raises(InputError):
            flag_zones(residents, sites, offers=offers, evidence=Evidence(bad), question=ASKED)
    backwards = Counterfactual("teleport", np.array([0]), trip)
    with pytest.raises(InputError, match="teleport"):
        flag_zones(
            residents,
            sites,
            offers=offers,
            evidence=Evidence(trip, lifted=(backwards,)),
            question=ASKED,
        )


@st.composite
def territories(draw: st.DrawFn):
    """Random little territories, asymmetric there and back, some pairs without a time."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_points, n_sites, n_metiers = (draw(st.integers(1, 5)) for _ in range(3))
    shape = (n_points, n_sites)

    def times() -> np.ndarray:
        return np.where(rng.random(shape) < 0.25, np.nan, rng.integers(0, 7200, shape)).astype(np.float32)

    counts = rng.integers(0, n_sites + 1, n_metiers)
    site = np.concatenate([np.sort(rng.permutation(n_sites)[:c]) for c in counts]) if counts.sum() else np.zeros(0)
    every = rng.integers(0, 4, len(site))
    offers = Offers(
        tuple(Metier(f"M{i}") for i in range(n_metiers)),
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        site.astype(np.int32),
        np.maximum(every - rng.integers(0, 3, len(site)), 0),
        every,
        rng.random(len(site)) < 0.7,
        rng.integers(0, 2, n_metiers),
        rng.integers(0, 2, n_metiers),
        rng.integers(0, 2, n_metiers),
    )
    population = rng.integers(0, 50, n_points).astype(float)
    residents = Residents(
        np.arange(n_points).astype(object),
        rng.uniform(0, 9000, (n_points, 2)),
        population,
        rng.integers(0, 50, n_points).astype(float),
        rng.random(n_points) < 0.3,
        np.array(["a", "b"], object),
        np.array(["A", "B"], object),
        np.array(["", ""], object),
        sparse.csr_matrix(rng.random((2, n_points)).round(1)),
    )
    ids = np.arange(n_sites).astype(object)
    sites = Sites(ids, ids, rng.uniform(0, 9000, (n_sites, 2)))
    some = np.flatnonzero(rng.random(n_points) < 0.7)
    lifted = [Counterfactual(name, some, RoundTrip(times()[some], times()[some])) for name in LIFTS]
    no_point, no_site = rng.random(n_points) < 0.2, rng.random(n_sites) < 0.2
    trip = RoundTrip(times(), times(), times(), times(), no_point, no_site, *causes(rng, shape))
    return residents, sites, offers, trip, lifted, int(rng.integers(1, 4))


def causes(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return tuple(rng.integers(3, 11, shape).astype(np.uint8) for _ in range(2))


def count(offers: Offers, m: int, within, places: np.ndarray) -> int:
    return sum(int(places[k]) for k in range(offers.indptr[m], offers.indptr[m + 1]) if within(offers.site[k]))


def reason_by_hand(
    p: int, m: int, offers: Offers, trip: RoundTrip, lifted: list[Counterfactual], n: int
) -> FirstReason:
    """The order of `version_one`, read aloud."""

    def both(t: RoundTrip, row: int):
        return lambda s: t.out_s[row, s] <= 3600 and t.back_s[row, s] <= 3600

    def total(places: np.ndarray) -> int:
        return count(offers, m, lambda _: True, places)

    if count(offers, m, both(trip, p), offers.open_places) >= n:
        return FirstReason.REACHES
    if total(offers.all_places) + offers.unlocated_places[m] < n:
        return FirstReason.NO_SUPPLY_FOR_METIER
    if total(offers.all_places) < n:
        return FirstReason.UNLOCATED_SUPPLY
    if total(offers.open_places) < n or count(offers, m, both(trip, p), offers.all_places) >= n:
        return FirstReason.SUPPLY_FULL
    taught = [offers.site[k] for k in range(offers.indptr[m], offers.indptr[m + 1])]
    if trip.unsnapped_points[p] or all(trip.unsnapped_sites[s] for s in taught):
        return FirstReason.UNSNAPPED
    if count(offers, m, lambda s: trip.out_s[p, s] <= 3600, offers.open_places) >= n:
        return FirstReason.NO_RETURN_TRIP
    for item in lifted:
        if item.name not in COUNTERFACTUALS:
            continue
        rows = np.flatnonzero(item.points == p)
        if len(rows) and count(offers, m, both(item.trip, int(rows[0])), offers.open_places) >= n:
            return COUNTERFACTUALS[item.name]
    return FirstReason.BEYOND_THRESHOLD_EVEN_BY_CAR


@settings(max_examples=60, deadline=None)
@given(territories())
def test_reasons_of_the_first_version_equal_the_order_read_aloud(territory) -> None:
    residents, _, offers, trip, lifted, n = territory
    n_points, n_metiers = len(residents.point_ids), len(offers.metiers)
    expected = [[reason_by_hand(p, m, offers, trip, lifted, n) for m in range(n_metiers)] for p in range(n_points)]
    reached = np.array(expected) == FirstReason.REACHES
    found = first_reasons(offers, trip, reached, limit_s=3600, n=n, counterfactuals=lifted)
    assert found.tolist() == expected


def several_or_one(out: int, back: int, lifts: dict[str, bool]) -> FlagReason:
    """Several obstacles, unless lifting one of them alone suffices."""
    for lift, rank, names in (
        ("unlimited_rides", 3, ("TOO_MANY_CHANGES",) * 2),
        ("midday", 2, ("LATE_OUT", "EARLY_BACK")),
        ("longer_walk", 5, ("TOO_FAR_TO_WALK",) * 2),
    ):
        if lifts.get(lift) and rank in (out, back):
            return FlagReason[names[0] if out == rank else names[1]]
    return FlagReason.SEVERAL


def nearest_by_hand(
    p: int, m: int, offers: Offers, trip: RoundTrip, n: int, lifts: dict[str, bool]
) -> tuple[FlagReason, float, float]:
    """The pair that comes nearest to being reached, and what it lacks, read aloud from the times."""
    rank = {
        "OVER_CUTOFF": 4,
        "FIRST_TRIP_TOO_LATE": 2,
        "LAST_TRIP_TOO_EARLY": 2,
        "TOO_MANY_RIDES": 3,
        "NO_STOP_WITHIN_WALK": 5,
    }

    def way(seconds: np.ndarray, reason: np.ndarray, s: int) -> tuple[int, float]:
        if not np.isnan(seconds[p, s]):
            return (0, 0.0) if seconds[p, s] <= 3600 else (1, float(seconds[p, s]) - 3600)
        return rank.get(Reason(reason[p, s]).name, 6), NONE

    pairs = []
    for k in range(offers.indptr[m], offers.indptr[m + 1]):
        s = offers.site[k]
        out, back = way(trip.out_s, trip.out_reason, s), way(trip.back_s, trip.back_reason, s)
        lack = sum(9e5 if np.isnan(x[1]) else x[1] for x in (out, back) if x[0])
        pairs.append(((max(out[0], back[0]), out[0] > 0 and back[0] > 0, lack), int(offers.all_places[k]), out, back))
    found = 0
    for _, places, out, back in sorted(pairs, key=lambda item: item[0]):
        found += places
        if found >= n and places:
            one = {1: "SLOW", 2: "HOUR", 4: "SLOW", 6: "ABSENT"}
            same = {3: "TOO_MANY_CHANGES", 5: "TOO_FAR_TO_WALK"}
            bad = {out[0], back[0]} - {0}
            if bad == {1, 4}:
                return FlagReason.SLOW_BOTH, out[1], back[1]
            if len(bad) > 1:
                return several_or_one(out[0], back[0], lifts), out[1], back[1]
            (kind,) = bad
            if kind in same:
                return FlagReason[same[kind]], out[1], back[1]
            side = "BOTH" if out[0] and back[0] else ("OUT" if out[0] else "BACK")
            named = {"HOUR_OUT": "LATE_OUT", "HOUR_BACK": "EARLY_BACK", "HOUR_BOTH": "HOURS_BOTH"}
            name = f"{one[kind]}_{side}"
            return FlagReason[named.get(name, name)], out[1], back[1]
    return FlagReason.TOO_FEW_PLACES, NONE, NONE


@settings(max_examples=60, deadline=None)
@given(territories())
def test_reasons_are_those_of_the_nearest_pair_and_no_time_contradicts_them(territory) -> None:
    residents, sites, offers, trip, lifted, n = territory
    threshold = Threshold("t", "", 60, "training", source="test")
    evidence = Evidence(trip, lifted=tuple(lifted))
    points = flag_points(residents, sites, offers, evidence, threshold=threshold, rules=FlagRules(min_opportunities=n))
    for p in range(len(residents.point_ids)):
        for m in range(len(offers.metiers)):
            reason = FlagReason(points.reason[p, m])
            within = lambda s, p=p: trip.out_s[p, s] <= 3600 and trip.back_s[p, s] <= 3600  # noqa: E731
            assert (reason is FlagReason.REACHES) == (count(offers, m, within, offers.all_places) >= n)
            if reason in (FlagReason.REACHES, FlagReason.ONLY_REMOTE, *UNMEASURED):
                continue
            expected, out_lack, back_lack = nearest_by_hand(
                p, m, offers, trip, n, {name: bool(would[p, m]) for name, would in points.lifts.items()}
            )
            assert reason is expected
            if reason.name.startswith("SLOW"):
                lacks = (points.out_lack_s[p, m], points.back_lack_s[p, m])
                told = [(0 if np.isnan(a) else a) for a in lacks]
                assert told == pytest.approx(np.nan_to_num([out_lack, back_lack]))


@settings(max_examples=60, deadline=None)
@given(territories(), st.sampled_from(["geo-access/1", "geo-access/2"]))
def test_no_share_leaves_its_range_and_no_place_is_made_or_lost(territory, version: str) -> None:
    residents, sites, offers, trip, lifted, n = territory
    rules = FlagRules(min_opportunities=n, version=version)
    threshold = Threshold("t", "", 60, "training", source="test")
    evidence = Evidence(trip, lifted=tuple(lifted))
    flags = flag_zones(
        residents, sites, offers=offers, evidence=evidence, question=Question(threshold, TRANSIT), rules=rules
    )
    points = flag_points(residents, sites, offers, evidence, threshold=threshold, rules=rules)
    shares = flags[list(reason_columns(rules))].to_numpy(float, na_value=np.nan)
    some = ~np.isnan(shares[:, 0])
    np.testing.assert_allclose(shares[some].sum(axis=1), 1, atol=1e-5)
    cannot = flags["reachable_share"].to_numpy(float, na_value=1.0) < 1 - 1e-6
    assert np.array_equal(some, cannot & (flags["level"] != "sans objet").to_numpy())
    low, base, high = (flags[f"reachable_share{x}"].to_numpy(float, na_value=0) for x in ("_low", "", "_high"))
    assert np.all((low >= 0) & (low <= base) & (base <= high) & (high <= 1 + 1e-6))
    # Every place that somebody can reach is given out once: Σ candidates × places per candidate = those places.
    for m in range(len(offers.metiers)):
        given_out = float(residents.candidates @ points.places_per_candidate[:, m])
        expected = 0
        for k in range(offers.indptr[m], offers.indptr[m + 1]):
            s = offers.site[k]
            who = (trip.out_s[:, s] <= 3600) & (trip.back_s[:, s] <= 3600)
            expected += int(offers.open_places[k]) * bool(residents.candidates[who].sum() > 0)
        assert given_out == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_tables_of_several_profiles_stay_compact() -> None:
    residents, sites, offers, trip = one_site([10.0], population=[1.0])
    frames = [
        flag_zones(residents, sites, offers=offers, evidence=Evidence(trip), question=Question(HOUR, p, schedule=p.id))
        for p in (TRANSIT, TRANSIT)
    ]
    table = concat_flags(frames)
    assert len(table) == 2
    assert isinstance(table["zone_id"].dtype, pd.CategoricalDtype)


def test_a_case_without_a_site_unites_with_the_others() -> None:
    residents, sites, offers, trip = one_site([10.0], population=[1.0])
    nowhere, nothing = training_offers(training([{"site_id": "s", "x": None}]), [WELDER], epsg=EPSG)
    empty = np.empty((1, 0), dtype=np.float32)
    arguments = {"question": ASKED}
    table = concat_flags(
        [
            flag_zones(residents, nowhere, offers=nothing, evidence=Evidence(RoundTrip(empty, empty)), **arguments),
            flag_zones(residents, sites, offers=offers, evidence=Evidence(trip), **arguments),
        ]
    )
    assert table["nearest_site_id"].tolist()[1] == "s"
    assert table["main_reason"].tolist()[0] == "UNLOCATED_SUPPLY"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("rules", [LINE_RULES, FIRST])
def test_every_column_has_a_meaning(language: str, rules: FlagRules) -> None:
    residents, sites, offers, trip = one_site([10.0], population=[1.0])
    flags = flag_zones(residents, sites, offers=offers, evidence=Evidence(trip), question=ASKED, rules=rules)
    columns = [name for name in flags.columns if name != "threshold_source"]
    table = flag_dictionary(columns, language)
    assert table.iloc[:, 0].tolist() == columns
    assert (table.iloc[:, 2].str.len() > 5).all()
