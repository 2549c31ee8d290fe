"""From the stops to the cells: as far as one may go from each, and as soon as any of them allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.network.model import Network
from geo_access.network.search.links import link_points
from geo_access.network.search.search import nearby
from geo_access.network.streets.streets import build_streets
from geo_access.routing.query import Query, Window
from geo_access.surfaces.lattice import prepare_lattice
from geo_access.surfaces.share import share_areas, share_surface
from geo_access.surfaces.stop_reach import stop_reach
from geo_access.surfaces.surface import travel_time_surface
from geo_access.times.core import point_times
from tests.routing.random_timetables import make_timetable
from tests.shared import shared_path
from tests.surfaces.desert import BLOCK_M, X0, Y0, at, grid_streets, site

EIGHT = 8 * 3600
SITE = np.array([[X0, Y0]])


def served(trips: list[list[tuple[int, int, int]]], stops: list[tuple[float, float]]) -> Network:
    """The town with buses, and no change on foot between stops."""
    xy = np.array([[X0 + BLOCK_M * x, Y0 + BLOCK_M * y] for x, y in stops])
    foot = np.full((len(stops), len(stops)), -1)
    timetable = replace(make_timetable(trips, len(stops), footpaths=foot, xy=xy), walk_kmh=4.8)
    return Network(2154, grid_streets(), timetable, {"feed": "0" * 64})


def bus(*calls: tuple[int, int]) -> list[tuple[int, int, int]]:
    return [(stop, EIGHT + second, EIGHT + second) for stop, second in calls]


def test_a_stop_too_far_to_go_on_from_gives_way_to_a_later_one_nearby() -> None:
    """From A, 17 blocks of 75 s are over the 20 minutes one walks; B comes later, 5 blocks away: 1,320 + 375 s."""
    network = served([bus((0, 0), (1, 300), (2, 1320))], [(0, 0), (8, 0), (30, 0)])
    surface = travel_time_surface(network, site((0, 0)), mode="transit", depart="08:00", cell_m=50)
    assert surface.at(at(25, 0))[0] == pytest.approx(1320 + 5 * 75, abs=0.5)
    assert surface.at(at(24, 0))[0] == pytest.approx(300 + 16 * 75, abs=0.5)
    assert surface.at(at(9, 1))[0] == pytest.approx(300 + 2 * 75, abs=0.5)


def test_a_share_counts_the_departures_that_arrive_in_time() -> None:
    """One bus, at 08:10, takes 5 minutes: to be 8 blocks on within 8, one leaves from 08:07 to 08:10, 4 of 20."""
    network = served([bus((0, 600), (1, 900))], [(0, 0), (8, 0)])
    share = share_surface(network, site((0, 0)), within_minutes=8, depart="08:00-08:20", cell_m=50)
    assert share.at(at(8, 0))[0] == pytest.approx(4 / 20)
    assert share.at(at(4, 0))[0] == 1.0
    assert share.at(at(9, 0))[0] == pytest.approx(2 / 20)
    assert share.at(at(20, 20))[0] == 0.0
    areas = share_areas(share, shares=(0.15, 0.9))
    assert areas["share"].tolist() == [0.15, 0.9]
    some, most = areas.geometry
    stop = site((8, 0)).geometry.iloc[0]
    assert some.covers(most)
    assert some.covers(stop)
    assert not most.covers(stop)
    assert most.covers(site((4, 0)).geometry.iloc[0])


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"within_minutes": 0, "depart": "08:00-09:00"}, "above 0"),
        ({"within_minutes": 30, "depart": "08:00"}, "several departures"),
        ({"within_minutes": 30, "depart": "08:00-09:00", "mode": "walk"}, "walk"),
    ],
)
def test_bad_questions_of_shares(ask: dict[str, object], said: str) -> None:
    network = served([bus((0, 600), (1, 900))], [(0, 0), (8, 0)])
    with pytest.raises(InputError, match=said):
        share_surface(network, site((0, 0)), **ask)
    share = share_surface(network, site((0, 0)), within_minutes=8, depart="08:00-08:02", cell_m=100)
    for shares in ((), (0.9, 0.5), (1.5,)):
        with pytest.raises(InputError, match="shares"):
            share_areas(share, shares=shares)


def test_a_cell_half_way_between_two_streets_is_walked_to_straight_from_the_stop_on_either() -> None:
    # Half a block, 50 m, on either side of the stop: 50 m × 1.3 at 4.8 km/h are 48.75 s; the bus leaves at 08:00.
    network = served([bus((0, 0), (1, 60))], [(25, 14.5), (0, 1)])
    surface = travel_time_surface(
        network, site((0, 0)), mode="transit", max_minutes=60, cell_m=50, reverse=True, arrive="08:25"
    )
    beside = np.array([[X0 + 2450, Y0 + 1450], [X0 + 2550, Y0 + 1450]], dtype=float)
    np.testing.assert_allclose(surface.at(beside), 1500 + 48.75, atol=0.5)


@st.composite
def towns(draw: st.DrawFn) -> Network:
    stops = draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=3, max_size=6, unique=True))
    trips = []
    for _ in range(draw(st.integers(1, 4))):
        line = draw(st.permutations(range(len(stops))))[: draw(st.integers(2, len(stops)))]
        second, calls = draw(st.integers(0, 1200)), []
        for stop in line:
            calls.append((stop, second))
            second += draw(st.integers(60, 900))
        trips.append(bus(*calls))
    return served(trips, [(x / 2, y / 2) for x, y in stops])


@settings(max_examples=25, deadline=None)
@given(network=towns(), reverse=st.booleans(), window=st.booleans(), seed=st.integers(0, 99))
def test_the_surface_equals_times_between_points(network: Network, reverse: bool, window: bool, seed: int) -> None:
    span = Window(EIGHT + 1500, EIGHT + 1800 if window else EIGHT + 1500)
    text = "08:25-08:30" if window else "08:25"
    hours = {"arrive": text} if reverse else {"depart": text}
    spans = {"arrive": span} if reverse else {"depart": span}
    surface = travel_time_surface(
        network, site((0, 0)), mode="transit", max_minutes=60, cell_m=50, reverse=reverse, **hours
    )
    rng = np.random.default_rng(seed)
    xy = np.column_stack((X0 + 50 * rng.integers(0, 60, 40), Y0 + 50 * rng.integers(0, 60, 40))).astype(float)
    query = Query(mode="transit", percentiles=(50,), max_s=3900, **spans)
    ends = (xy, SITE) if reverse else (SITE, xy)
    expected = point_times(network, *ends, query).seconds.reshape(-1)
    found = surface.at(xy)
    known = expected < 3600
    np.testing.assert_allclose(found[known], expected[known], atol=1.5)
    assert not (found[~known] < 3598).any()


@pytest.mark.reference
@pytest.mark.parametrize("mode", ["walk", "car"])
@pytest.mark.parametrize("reverse", [False, True])
def test_real_streets_with_barriers_and_banned_turns(mode: str, reverse: bool) -> None:
    """Every cell from every point, through the copies of nodes that barriers and bans make."""
    streets = build_streets(shared_path("zheleznogorsk/roads.osm.pbf"), modes=(mode,))
    lattice = prepare_lattice(streets, mode=mode, cell_m=200.0)
    rng = np.random.default_rng(3)
    nodes = rng.choice(len(streets.node_x), 40, replace=False)
    xy = np.column_stack((streets.node_x[nodes], streets.node_y[nodes])) + rng.uniform(-90, 90, (40, 2))
    stops = link_points(streets, xy, mode=mode)
    start_s = rng.uniform(0, 900, 40).astype(np.float32)
    reach = stop_reach(streets, stops, lattice, speed_kmh=None, walk_kmh=4.8, limit_s=600, reverse=reverse)
    frame = lattice.frame
    found = reach.cells(start_s, rows=slice(0, frame.rows), cols=slice(0, frame.cols), max_s=3600).ravel()
    ends = (lattice.links, stops) if reverse else (stops, lattice.links)
    pairs = nearby(streets, *ends, mode=mode, max_s=600)
    times = pairs.transpose() if reverse else pairs
    expected = np.full(len(found), np.inf)
    for stop in range(40):
        cells, seconds = times.row(stop)
        np.minimum.at(expected, cells, start_s[stop] + seconds)
    both = np.isfinite(found) & np.isfinite(expected)
    assert both.sum() > 200
    assert (np.isfinite(found) != np.isfinite(expected)).sum() <= 0.002 * both.sum()  # half a second at the limit
    np.testing.assert_allclose(found[both], expected[both], atol=1.0)
