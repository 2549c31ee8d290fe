"""A study run on the workers of a scheduler has the tables of one run alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import LocalCluster

import geo_access as ga
from geo_access.errors import CapacityError
from geo_access.times import cluster
from tests.reliability.small_study import leave_paper_out, write_transit_study

TABLES = ("flags.csv", "remedies.csv", "reach_curves.csv", "travel_times.parquet")


def test_workers_write_the_tables_of_a_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_paper_out(monkeypatch)
    study = ga.Study.from_file(write_transit_study(tmp_path / "study"))
    study.run(tmp_path / "alone")
    monkeypatch.setattr(cluster, "_WORTH_SENDING", 2)
    sent = []
    real = cluster.Workers.ways
    monkeypatch.setattr(cluster.Workers, "ways", lambda self, *given: (sent.append(1), real(self, *given))[1])
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as pool:
        study.run(tmp_path / "spread", scheduler=pool.scheduler_address)
    assert len(sent) > 2
    for name in TABLES:
        assert (tmp_path / "spread" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name
    # The networks stay where the workers read them, and say whose they are.
    assert (tmp_path / "spread-network").is_dir()


def test_a_run_without_its_scheduler_leaves_nothing(tmp_path: Path) -> None:
    study = ga.Study.from_file(write_transit_study(tmp_path / "study"))
    with pytest.raises(CapacityError, match="no scheduler answers"):
        study.run(tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "out").exists()
