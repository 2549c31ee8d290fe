"""Tiles lose no pair within the limit, and their size changes not one byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from geo_access.errors import CapacityError, InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.routing import around
from geo_access.routing.query import Query, Window
from geo_access.times import stream, tiles
from geo_access.times.matrix import travel_times
from geo_access.times.stream import StreamedTimes
from tests.routing.oracle_worlds import layer as placed
from tests.routing.oracle_worlds import random_world, write_world
from tests.routing.random_timetables import make_timetable, sparse
from tests.routing.test_oracle_worlds import check_query, random_query
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

WORLDS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "phases": [Phase.generate],
    "derandomize": True,
}


@pytest.fixture(autouse=True)
def _always_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little worlds would be swept whole."""
    monkeypatch.setattr(around, "_WORTH_CUTTING", 2.0)


def asked_of(query: Query) -> dict[str, object]:
    fields = {name: getattr(query, name) for name in Query.__dataclass_fields__ if name not in ("earliest_s", "max_s")}
    return {**fields, "earliest": query.earliest_s, "max_minutes": query.max_s / 60}


def compare(network: Network, homes: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, asked: dict[str, object]) -> int:
    """Compare tiles of three sizes with each other and with the whole; return how many pairs were left out."""
    whole = travel_times(network, homes, sites, **asked)
    pairs = (
        whole.to_frame().astype({"origin_id": str, "destination_id": str}).set_index(["origin_id", "destination_id"])
    )
    with TemporaryDirectory() as place:
        runs = [
            travel_times(network, homes, sites, sink=Path(place) / str(km), tile_km=km, **asked)
            for km in (0.001, 0.7, 100.0)
        ]
        written = [[part.read_bytes() for part in run.parts] for run in runs]
        assert written[0] == written[1] == written[2]
        rows = table_of(runs[0])
    kept = rows.set_index(["origin_id", "destination_id"])
    assert kept.index.is_unique
    pd.testing.assert_frame_equal(kept.astype(str), pairs.loc[kept.index].astype(str))
    lost = pairs.drop(kept.index)
    assert (lost["feasible_share"] == 0).all()
    counted = [dict(said.values)["n"] for said in runs[0].notes if said.key == "times.tiles_left_out"]
    assert sum(counted) == len(lost)
    return len(lost)


def table_of(run: StreamedTimes) -> pd.DataFrame:
    return run.to_frame().astype({"origin_id": str, "destination_id": str})


def test_a_train_carries_over_tiles_and_a_walk_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 60 m a minute on foot, a train from 0 to 30 km in 20 minutes, an hour in all: what is left is 40 minutes of walks,
    # of which 20 at most to a stop. The town at 60 km is out of reach whatever the hour, and so is its own from there.
    monkeypatch.setattr(tiles, "SQUARE_M", 1000.0)
    network = country([bus([0, 1], 7 * H, leg_s=1200)], [(0.0, 0.0), (30_000.0, 0.0)])
    homes = layer(a=(50.0, 300.0), b=(30_100.0, 0.0), c=(60_000.0, 0.0), lost=None)
    sites = layer(s=(30_000.0, 600.0), t=(0.0, 900.0), u=(60_200.0, 0.0))
    asked = {"depart": "06:50", "max_minutes": 60, "max_access_s": 1200, "max_egress_s": 1200, **WALK}
    run = travel_times(network, homes, sites, sink=tmp_path / "times", tile_km=5, **asked)
    rows = run.to_frame().set_index(["origin_id", "destination_id"])
    pairs = {("a", "s"), ("a", "t"), ("b", "s"), ("c", "u"), *(("lost", site) for site in "stu")}
    assert set(rows.index) == pairs
    # Ten minutes until the train, twenty in it, 600 m on foot.
    assert rows.loc[("a", "s"), "travel_time_p50_s"] == 600 + 1200 + 600
    assert set(rows.loc["lost", "reason"]) == {"UNSNAPPED_ORIGIN"}
    assert [(said.key, dict(said.values)["n"], dict(said.values)["origins"]) for said in run.notes] == [
        ("times.tiles_left_out", 4 * 3 - len(pairs), 0)
    ]


def test_two_towns_on_a_plain() -> None:
    """Two towns 6 km apart, trains between them and buses within: tiled = whole, whatever the tile."""
    left_out = [two_towns(seed) for seed in (4, 6, 7, 9, 10, 11)]
    assert sum(left_out) > 40


def two_towns(seed: int) -> int:
    rng = np.random.default_rng(seed)
    towns = np.array([(0.0, 0.0), (6_000.0, 500.0)])
    xy = np.concatenate([town + rng.uniform(-400, 400, (3, 2)) for town in towns])
    trips = []
    for _ in range(int(rng.integers(1, 9))):
        stops = rng.permutation(6)[: int(rng.integers(2, 5))]
        at = int(rng.integers(0, 1800))
        trip = []
        for stop in stops.tolist():
            trip.append((stop, at, at + int(rng.choice([0, 0, 30]))))
            at = trip[-1][2] + int(rng.choice([0, 60, 120, 300]))  # timetables in whole minutes have rides of 0 s
        trips.append(trip)
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    foot = np.where((apart <= 300) & (apart > 0), np.ceil(apart), -1).astype(int)
    seats = [(0, 1)] if len(trips) > 1 and rng.random() < 0.5 else []
    timetable = replace(make_timetable(trips, 6, xy=xy, in_seat=seats), footpaths=sparse(foot), walk_kmh=3.6)
    network = Network(2154, PLAIN, timetable, {})
    drawn = [np.concatenate([town + rng.uniform(-700, 700, (n, 2)) for town in towns]) for n in (4, 2)]
    homes, sites = (layer(**{f"{name}{k}": tuple(at) for k, at in enumerate(rows)}) for name, rows in zip("hs", drawn))
    late = rng.random() < 0.4
    asked = {
        "arrive" if late else "depart": "00:30-00:40" if late else "00:00-00:10",
        "mode": str(rng.choice(["transit", "transit", "bike+transit", "driven+transit"])),
        "max_minutes": int(rng.choice([5, 10, 20, 60])),
        "max_access_s": int(rng.choice([200, 600])),
        "max_egress_s": int(rng.choice([200, 600])),
        "max_rides": [None, 1, 2][int(rng.integers(3))],
        "min_transfer_s": int(rng.choice([0, 60])),
        "percentiles": (0, 50, 100),
        **WALK,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "SQUARE_M", float(rng.choice([250.0, 700.0, 3000.0])))
        return compare(network, homes, sites, asked)


@settings(max_examples=3, **WORLDS)
@given(seed=st.integers(0, 2**32 - 1))
def test_tiles_of_the_oracle_s_worlds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    world = random_world(rng)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        network = write_world(world, Path(folder))
        patch.setattr(tiles, "SQUARE_M", 150.0)
        for _ in range(2):
            query = replace(random_query(world, rng), link_limit_m=60.0, on_demand=False)
            check_query(world, network, query)
            compare(network, placed(world.homes, "h"), placed(world.sites, "s"), asked_of(query))


@settings(max_examples=3, **WORLDS)
@given(seed=st.integers(0, 2**32 - 1))
def test_there_and_back_over_two_tiles(seed: int) -> None:
    """Two towns 6 km apart, each with its tile: the way there by a deadline and the way home are the oracle's."""
    rng = np.random.default_rng(seed)
    world = random_world(rng, apart_m=6000.0)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        network = write_world(world, Path(folder))
        patch.setattr(tiles, "SQUARE_M", 2000.0)
        query = replace(random_query(world, rng), link_limit_m=60.0, on_demand=False)
        start_s = (query.arrive or query.depart or Window(0, 0)).start_s
        there = replace(query, depart=None, arrive=Window(start_s, start_s + 300, 60), earliest_s=None)
        home = replace(query, arrive=None, depart=Window(start_s, start_s + 600, 120), earliest_s=None)
        check_query(world, network, there)
        homes, sites = placed(world.homes, "h"), placed(world.sites, "s")
        compare(network, homes, sites, asked_of(there))
        compare(network, sites, homes, asked_of(home))


@pytest.mark.parametrize("mode", ["walk", "bike", "car"])
def test_streets_alone(mode: str) -> None:
    homes = layer(**{f"h{k}": (700.0 * k, 0.0) for k in range(9)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "SQUARE_M", 500.0)
        lost = compare(Network(2154, PLAIN, None, {}), homes, homes, {"mode": mode, "max_minutes": 5})
    assert lost > 0


def test_a_run_goes_on_where_it_stopped_and_another_tile_is_the_same_run(tmp_path: Path) -> None:
    network = country([bus([0, 1], 7 * H)], [(0.0, 0.0), (90_000.0, 0.0)])
    homes = layer(**{f"h{k}": (30_000.0 * k, 50.0) for k in range(4)})
    asked = {"depart": "07:00", **WALK}
    first = travel_times(network, homes, homes, sink=tmp_path / "times", tile_km=20, **asked)
    before = [part.read_bytes() for part in first.parts]
    assert len(before) == 4
    first.parts[1].unlink()
    first.parts[2].write_bytes(b"half")
    again = travel_times(network, homes, homes, sink=tmp_path / "times", tile_km=200, **asked)
    assert [part.read_bytes() for part in again.parts] == before
    assert "stream.computed_again" in {said.key for said in again.notes}
    with pytest.raises(InputError, match="another run"):
        travel_times(network, homes, homes, sink=tmp_path / "times", **asked)


def test_what_tiles_refuse(tmp_path: Path) -> None:
    network = country([bus([0, 1], 7 * H)], [(0.0, 0.0), (9_000.0, 0.0)])
    homes = layer(a=(0.0, 50.0), b=(9_000.0, 50.0))
    asked = {"depart": "07:00", **WALK}
    with pytest.raises(InputError, match="tile_km=50"):
        travel_times(network, homes, homes, tile_km=50, **asked)  # type: ignore[call-overload]
    for side in (0.0, -5.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="tile_km="):
            travel_times(network, homes, homes, sink=tmp_path / "t", tile_km=side, **asked)
    with pytest.raises(CapacityError):
        travel_times(network, homes, homes, sink=tmp_path / "t", tile_km=50, memory_gb=1e-9, **asked)


def places_of(file: Path, id_column: str, many: int) -> gpd.GeoDataFrame:
    table = pd.read_csv(file).dropna(subset=["lon"]).drop_duplicates(id_column).head(many)
    at = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame({"id": table[id_column].astype(str)}, geometry=at, crs=4326)


def streamed_tiled_and_whole(network: Network, homes: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> None:
    """Memory, blocks and tiles of three sizes say the same of the way there and of the way home."""
    out = {"depart": "07:00-08:00", "percentiles": (5, 50, 95), "max_minutes": 40}
    back = {"arrive": "18:00-18:30", "percentiles": (50,), "max_minutes": 40}
    for starts, ends, asked in ((homes, sites, out), (sites, homes, back)):
        compare(network, starts, ends, asked)
        whole = travel_times(network, starts, ends, **asked).to_frame()
        with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
            patch.setattr(stream, "_BLOCK_BYTES", 20_000)
            streamed = travel_times(network, starts, ends, sink=Path(place) / "times", **asked)
            assert len(streamed.parts) > 1
            pd.testing.assert_frame_equal(streamed.to_frame().astype(str), whole.astype(str))


def test_the_demo_there_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "SQUARE_M", 5_000.0)
    demo = Path(__file__).parents[2] / "data" / "demo"
    network = build_network(gtfs=demo / "gtfs_interurbain.zip", date="2026-03-17", crow_fly_detour=1.3)
    homes, sites = places_of(demo / "points.csv", "point_id", 60), places_of(demo / "training.csv", "site_id", 12)
    streamed_tiled_and_whole(network, homes, sites)
