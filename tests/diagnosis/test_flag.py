"""The flag on arrays: levels, confidence, radius, medians, shared places — against counting by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from geo_access.diagnosis.flag import REASON_COLUMNS, concat_flags, flag_points, flag_zones
from geo_access.diagnosis.model import FlagReason, FlagRules, Metier, Threshold
from geo_access.diagnosis.reasons import COUNTERFACTUALS, Counterfactual, point_reasons
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers, training_offers
from geo_access.errors import InputError
from geo_access.times.round_trip import RoundTrip, Sites

from .fabric import EPSG, HOUR, NONE, TRANSIT, WELDER, residents_of, training

LINE_RULES = FlagRules()


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
    return flag_zones(residents, sites, offers=offers, trip=trip, threshold=HOUR, profile=TRANSIT, rules=rules).iloc[0]


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
        (20.0, {"quality": "commune"}, "indécidable"),
        (20.0, {"imputed": [True]}, "probable"),
    ],
)
def test_confidence_follows_the_doubts(minutes: float, columns: dict[str, object], confidence: str) -> None:
    quality = str(columns.pop("quality", "exact"))
    residents, sites, offers, trip = one_site([minutes], population=[100.0], quality=quality, **columns)
    row = flag_zones(residents, sites, offers=offers, trip=trip, threshold=HOUR, profile=TRANSIT).iloc[0]
    assert row["confidence"] == confidence


def test_percentiles_of_the_window_make_a_flag_probable() -> None:
    # Two points of equal weight: at percentile 75 one of them falls beyond the hour, and adéquat becomes fragile.
    residents, sites, offers, trip = one_site([30.0, 40.0], population=[50.0, 50.0])
    slower = trip.out_s + np.array([[0.0], [1800.0]], dtype=np.float32)
    windowed = RoundTrip(trip.out_s, trip.back_s, trip.out_s, slower)
    row = flag_zones(residents, sites, offers=offers, trip=windowed, threshold=HOUR, profile=TRANSIT).iloc[0]
    assert (row["level"], row["confidence"]) == ("adéquat", "probable")
    assert (row["reachable_share_low"], row["reachable_share_high"]) == (0.5, 1.0)


def test_supply_without_position_leaves_an_inadequate_zone_undecided() -> None:
    residents = residents_of([100.0], ["z"])
    rows = [{"site_id": "far", "x": 9e5, "places": 10}, {"site_id": "where", "x": None, "places": 10}]
    sites, offers = training_offers(training(rows), [WELDER], epsg=EPSG)
    trip = RoundTrip(np.full((1, 1), NONE, np.float32), np.full((1, 1), NONE, np.float32))
    row = flag_zones(residents, sites, offers=offers, trip=trip, threshold=HOUR, profile=TRANSIT).iloc[0]
    assert (row["level"], row["confidence"], row["unlocated_places"]) == ("inadéquat", "indécidable", 10)


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
        residents.point_ids, residents.xy, residents.population, residents.candidates, residents.doubtful,
        names, names, names, both,
    )  # fmt: skip
    flags = flag_zones(overlapping, sites, offers=offers, trip=trip, threshold=HOUR, profile=TRANSIT)
    # Ten places for a hundred candidates, whichever zone one asks from.
    assert flags["places_per_100_candidates"].tolist() == [pytest.approx(10.0)] * 2
    assert flags["residents"].tolist() == [100.0, 30.0]


def test_shapes_and_signs_are_checked() -> None:
    residents, sites, offers, trip = one_site([10.0], population=[1.0])
    for bad in (RoundTrip(trip.out_s[:, :0], trip.back_s), RoundTrip(-trip.out_s, trip.back_s)):
        with pytest.raises(InputError):
            flag_zones(residents, sites, offers=offers, trip=bad, threshold=HOUR, profile=TRANSIT)
    backwards = Counterfactual("teleport", np.array([0]), trip)
    with pytest.raises(InputError, match="teleport"):
        flag_zones(
            residents, sites, offers=offers, trip=trip, threshold=HOUR, profile=TRANSIT, counterfactuals=[backwards]
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
        tuple(Metier(f"M{i}") for i in range(n_metiers)), np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        site.astype(np.int32), np.maximum(every - rng.integers(0, 3, len(site)), 0), every, rng.random(len(site)) < 0.7,
        rng.integers(0, 2, n_metiers), rng.integers(0, 2, n_metiers), rng.integers(0, 2, n_metiers),
    )  # fmt: skip
    population = rng.integers(0, 50, n_points).astype(float)
    residents = Residents(
        np.arange(n_points).astype(object), rng.uniform(0, 9000, (n_points, 2)), population,
        rng.integers(0, 50, n_points).astype(float), rng.random(n_points) < 0.3, np.array(["a", "b"], object),
        np.array(["A", "B"], object), np.array(["", ""], object), sparse.csr_matrix(rng.random((2, n_points)).round(1)),
    )  # fmt: skip
    ids = np.arange(n_sites).astype(object)
    sites = Sites(ids, ids, rng.uniform(0, 9000, (n_sites, 2)))
    some = np.flatnonzero(rng.random(n_points) < 0.7)
    lifted = [Counterfactual(name, some, RoundTrip(times()[some], times()[some])) for name in COUNTERFACTUALS]
    trip = RoundTrip(times(), times(), times(), times(), rng.random(n_points) < 0.2, rng.random(n_sites) < 0.2)
    return residents, sites, offers, trip, lifted, int(rng.integers(1, 4))


def count(offers: Offers, m: int, within, places: np.ndarray) -> int:
    return sum(int(places[k]) for k in range(offers.indptr[m], offers.indptr[m + 1]) if within(offers.site[k]))


def reason_by_hand(p: int, m: int, offers: Offers, trip: RoundTrip, lifted: list[Counterfactual], n: int) -> FlagReason:
    """The order of the module's docstring, read aloud."""

    def both(t: RoundTrip, row: int):
        return lambda s: t.out_s[row, s] <= 3600 and t.back_s[row, s] <= 3600

    def total(places: np.ndarray) -> int:
        return count(offers, m, lambda _: True, places)

    if count(offers, m, both(trip, p), offers.open_places) >= n:
        return FlagReason.REACHES
    if total(offers.all_places) + offers.unlocated_places[m] < n:
        return FlagReason.NO_SUPPLY_FOR_METIER
    if total(offers.all_places) < n:
        return FlagReason.UNLOCATED_SUPPLY
    if total(offers.open_places) < n or count(offers, m, both(trip, p), offers.all_places) >= n:
        return FlagReason.SUPPLY_FULL
    taught = [offers.site[k] for k in range(offers.indptr[m], offers.indptr[m + 1])]
    if trip.unsnapped_points[p] or all(trip.unsnapped_sites[s] for s in taught):
        return FlagReason.UNSNAPPED
    if count(offers, m, lambda s: trip.out_s[p, s] <= 3600, offers.open_places) >= n:
        return FlagReason.NO_RETURN_TRIP
    for item in lifted:
        rows = np.flatnonzero(item.points == p)
        if len(rows) and count(offers, m, both(item.trip, int(rows[0])), offers.open_places) >= n:
            return COUNTERFACTUALS[item.name]
    return FlagReason.BEYOND_THRESHOLD_EVEN_BY_CAR


@settings(max_examples=60, deadline=None)
@given(territories())
def test_reasons_equal_the_order_read_aloud(territory) -> None:
    residents, _, offers, trip, lifted, n = territory
    n_points, n_metiers = len(residents.point_ids), len(offers.metiers)
    expected = [[reason_by_hand(p, m, offers, trip, lifted, n) for m in range(n_metiers)] for p in range(n_points)]
    reached = np.array(expected) == FlagReason.REACHES
    found = point_reasons(offers, trip, reached, limit_s=3600, n=n, counterfactuals=lifted)
    assert found.tolist() == expected


@settings(max_examples=60, deadline=None)
@given(territories())
def test_no_share_leaves_its_range_and_no_place_is_made_or_lost(territory) -> None:
    residents, sites, offers, trip, lifted, n = territory
    rules = FlagRules(min_opportunities=n)
    threshold = Threshold("t", "", 60, "training", source="test")
    flags = flag_zones(
        residents, sites, offers=offers, trip=trip, threshold=threshold, profile=TRANSIT, rules=rules,
        counterfactuals=lifted,
    )  # fmt: skip
    points = flag_points(residents, sites, offers, trip, threshold=threshold, rules=rules, counterfactuals=lifted)
    shares = flags[list(REASON_COLUMNS)].to_numpy(float, na_value=np.nan)
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
        flag_zones(residents, sites, offers=offers, trip=trip, threshold=HOUR, profile=p, schedule=p.id)
        for p in (TRANSIT, TRANSIT)
    ]
    table = concat_flags(frames)
    assert len(table) == 2
    assert isinstance(table["zone_id"].dtype, pd.CategoricalDtype)


def test_a_case_without_a_site_unites_with_the_others() -> None:
    residents, sites, offers, trip = one_site([10.0], population=[1.0])
    nowhere, nothing = training_offers(training([{"site_id": "s", "x": None}]), [WELDER], epsg=EPSG)
    empty = np.empty((1, 0), dtype=np.float32)
    arguments = {"threshold": HOUR, "profile": TRANSIT}
    table = concat_flags(
        [
            flag_zones(residents, nowhere, offers=nothing, trip=RoundTrip(empty, empty), **arguments),
            flag_zones(residents, sites, offers=offers, trip=trip, **arguments),
        ]
    )
    assert table["nearest_site_id"].tolist()[1] == "s"
    assert table["main_reason"].tolist()[0] == "UNLOCATED_SUPPLY"
