"""Workers of a scheduler give the same bytes as one process, and nothing half done is called whole."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster

from geo_access.errors import CapacityError, InputError, MissingFileError
from geo_access.network.storage import save_network
from geo_access.routing.query import Query, Window
from geo_access.times import cluster, stream, tiles
from geo_access.times.checked import network_sha256
from geo_access.times.cluster import Workers, meet_workers
from geo_access.times.matrix import travel_times
from geo_access.times.round_trip import Ask, NetworkTimes, Sites, connect_points, foresee_moves, round_trip
from geo_access.times.store import Store
from tests.times.worlds import WALK, H, bus, country, layer

NETWORK = country([bus([0, 1], 7 * H + 600 * k) for k in range(9)], [(0.0, 0.0), (10_000.0, 0.0)])
HOMES = layer(**{f"h{k}": (0.0, 50.0 * k) for k in range(20)})
SITES = layer(a=(10_000.0, 100.0), b=(10_000.0, 900.0))
ASKED: dict[str, Any] = {"depart": "07:00-07:30", "percentiles": (25, 75), **WALK}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_BLOCK_BYTES", 1000)
    monkeypatch.setattr(stream, "_COMPUTED_BYTES", 1500)


@pytest.fixture(scope="module")
def pool() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as made:
        yield made


@pytest.fixture
def client(pool: LocalCluster) -> Iterator[Client]:
    with Client(pool) as made:
        yield made


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_BLOCK_BYTES", 1000)
        folder = tmp_path_factory.mktemp("alone") / "times"
        travel_times(NETWORK, HOMES, SITES, sink=folder, **ASKED)
    assert len(list(folder.glob("part-*"))) > 3
    return contents(folder)


def test_two_workers_write_the_bytes_of_one_process(client: Client, tmp_path: Path, alone: dict[str, bytes]) -> None:
    streamed = travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", client=client, **ASKED)
    assert contents(tmp_path / "times") == alone
    assert len(streamed.to_frame()) == 40
    # Taken up again, nothing is left to do: the workers are not even asked.
    again = travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", client=client, **ASKED)
    assert again.parts == streamed.parts


def test_a_part_that_was_lost_is_all_that_is_computed_again(
    client: Client, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    folder = tmp_path / "times"
    travel_times(NETWORK, HOMES, SITES, sink=folder, client=client, **ASKED)
    before = {file.name: file.stat().st_mtime_ns for file in folder.glob("part-*")}
    (folder / "part-00001.parquet").write_bytes(b"")
    # What a worker left that died while it wrote goes with the next run.
    (folder / "part-00002.0123abcd.writing").write_bytes(b"half")
    travel_times(NETWORK, HOMES, SITES, sink=folder, client=client, **ASKED)
    assert contents(folder) == alone
    changed = {name for name, at in before.items() if (folder / name).stat().st_mtime_ns != at}
    assert changed == {"part-00001.parquet"}


def test_a_worker_killed_while_it_works_costs_its_block_only(tmp_path: Path, alone: dict[str, bytes]) -> None:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as pool,
        Client(pool) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))
        fired = threading.Event()

        def kill() -> None:
            while not list((tmp_path / "times").glob("part-*.parquet")):
                time.sleep(0.01)
            os.kill(victim, signal.SIGKILL)
            fired.set()

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", client=client, **ASKED)
        killer.join(timeout=10)
    assert fired.is_set()
    assert contents(tmp_path / "times") == alone


def test_a_scheduler_that_vanishes_is_told_and_the_work_taken_up(tmp_path: Path, alone: dict[str, bytes]) -> None:
    pool = LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0")
    client = Client(pool)
    real = cluster.Workers.write_parts

    def vanishing(self: Workers, *arguments: Any, **options: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, found in enumerate(real(self, *arguments, **options)):
            yield found
            if number == 0:
                pool.close()
                client.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster.Workers, "write_parts", vanishing)
        with pytest.raises(CapacityError, match=r"no longer answers|could not compute"):
            travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", client=client, **ASKED)
    assert contents(tmp_path / "times") != alone
    travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", **ASKED)
    assert contents(tmp_path / "times") == alone


def test_workers_of_other_versions_are_refused_before_anything_is_asked(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = cluster._versions()
    monkeypatch.setattr(client, "run", lambda *_: {"tcp://a": own, "tcp://b": {**own, "numpy": "1.0"}})
    with pytest.raises(CapacityError, match=r"numpy 1\.0 ≠"):
        Workers(client, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_of_other_versions_that_comes_later_computes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = cluster._OpenNetwork(tmp_path, network_sha256(NETWORK), 1)
    monkeypatch.setattr(cluster, "_versions", lambda: {**plugin.versions, "numba": "0.1"})
    with pytest.raises(RuntimeError, match=r"numba 0\.1 ≠"):
        plugin.setup(None)
    monkeypatch.setattr(cluster, "get_worker", lambda: SimpleNamespace(plugins={"network": plugin}))
    with pytest.raises(RuntimeError, match="other versions than the client"):
        cluster._opened("network")


def test_no_worker_is_told(tmp_path: Path) -> None:
    with (
        LocalCluster(n_workers=0, dashboard_address=":0") as pool,
        Client(pool) as client,
        pytest.raises(CapacityError, match="no worker came"),
    ):
        Workers(client, tmp_path, wait_s=0.2)


def test_a_client_without_a_folder_is_refused(client: Client) -> None:
    with pytest.raises(InputError, match="sink="):
        travel_times(NETWORK, HOMES, SITES, client=client, **ASKED)  # type: ignore[call-overload]


def test_another_network_in_the_shared_folder_is_refused(client: Client, tmp_path: Path) -> None:
    workers = Workers(client, tmp_path)
    other = country([bus([0, 1], 8 * H)], [(0.0, 0.0), (10_000.0, 0.0)])
    folder = tmp_path / f"network-{network_sha256(other)[:12]}"
    with pytest.MonkeyPatch.context() as patch:
        # Something else is saved in its place between the two.
        patch.setattr(cluster, "save_at", lambda network, target: save_network(NETWORK, target))
        with pytest.raises(MissingFileError, match="another network") as told:
            workers.open(other)
    assert str(folder) in str(told.value)
    assert not workers.holds(other)


def test_a_full_disk_of_a_worker_is_told_and_no_part_called_whole(client: Client, tmp_path: Path) -> None:
    workers, gone = Workers(client, tmp_path / "shared"), tmp_path / "gone" / "part-00000.parquet"
    starts, ends = (
        cluster.Points(f["id"].to_numpy(object), np.zeros((len(f), 2)), np.ones(len(f), bool)) for f in (HOMES, SITES)
    )
    asked = Query("transit", depart=Window(7 * H, 7 * H), walk_kmh=3.6)
    with pytest.raises(CapacityError, match="could not compute or write"):
        list(workers.write_parts(NETWORK, [cluster.Part(starts, gone)], ends, asked, ids_kept=True))


@pytest.mark.parametrize("mode", ["transit", "walk"])
def test_round_trips_of_workers_are_those_of_the_client(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(cluster, "_WORTH_SENDING", 2)
    workers = Workers(client, tmp_path)
    workers.open(NETWORK)
    sent: list[int] = []
    real = Workers.ways
    monkeypatch.setattr(Workers, "ways", lambda self, *given: (sent.append(1), real(self, *given))[1])
    rng = np.random.default_rng(1)
    homes = np.column_stack((rng.uniform(0, 300, 23), rng.uniform(0, 900, 23)))
    xy = np.array([[10_000.0, 100.0], [10_000.0, 900.0], [200.0, 50.0]])
    sites = Sites(np.array(["a", "b", "c"], object), np.array(["", "", ""], object), xy)
    ask = Ask(
        Query(mode, walk_kmh=3.6, max_s=3600), arrive_s=8 * H, leave_s=8 * H, spread_s=600 if mode == "transit" else 0
    )
    found = []
    for source in (NetworkTimes(NETWORK), NetworkTimes(NETWORK, store=Store(workers=workers))):
        connection = connect_points(source, homes, sites, ask)
        foresee_moves(connection, np.arange(23), sites, ask, [-900, 900])
        found.append(round_trip(connection, np.arange(23), sites, ask, explain=True))
    assert sent
    for name in ("out_s", "back_s", "out_p25_s", "out_reason", "back_reason", "out_beyond_s", "next_arrival_s"):
        here, there = (getattr(trip, name) for trip in found)
        np.testing.assert_array_equal(here, there, err_msg=name)
    assert np.isfinite(found[0].out_s).any()


def test_no_scheduler_at_an_address_is_told(tmp_path: Path) -> None:
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with (
            pytest.raises(CapacityError, match="no scheduler answers"),
            meet_workers(address, tmp_path, wait_s=0.5),
        ):
            raise AssertionError("nobody is there")


def test_workers_fetch_the_network_from_an_object_store_and_write_there(
    client: Client, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    travel_times(NETWORK, HOMES, SITES, sink=f"file://{tmp_path}/bucket/times", client=client, **ASKED)
    assert contents(tmp_path / "bucket" / "times") == alone
    assert list((tmp_path / "bucket" / "times-network").glob("network-*/*"))


def test_tiles_by_workers_are_the_bytes_of_one_process(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "SQUARE_M", 300.0)
    travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "alone", tile_km=0.3, **ASKED)
    travel_times(NETWORK, HOMES, SITES, sink=tmp_path / "times", tile_km=0.9, client=client, **ASKED)
    assert len(list((tmp_path / "alone").glob("part-*"))) > 3
    assert contents(tmp_path / "times") == contents(tmp_path / "alone")
