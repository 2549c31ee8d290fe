"""Errors, coordinate systems and the manifest: the words that every room uses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point

from geo_access.crs import check_lonlat, metric_epsg, to_metric
from geo_access.errors import CapacityError, Fault, GeoAccessError, InputError, MissingFileError, raise_faults
from geo_access.manifest import Manifest, fingerprint, sha256_file
from geo_access.routing.query import Query, Window


def test_each_error_is_the_builtin_a_caller_would_catch() -> None:
    assert issubclass(InputError, ValueError)
    assert issubclass(MissingFileError, FileNotFoundError)
    assert issubclass(CapacityError, MemoryError)
    assert all(issubclass(error, GeoAccessError) for error in (InputError, MissingFileError, CapacityError))


def test_faults_are_listed_together() -> None:
    faults = [Fault("a.csv: line 2", "no id", "add it"), Fault("a.csv: line 7", "no id", "add it")]
    with pytest.raises(InputError, match=r"2 faults:\n  a\.csv: line 2: no id → add it\n  a\.csv: line 7") as caught:
        raise_faults(faults)
    assert caught.value.faults == tuple(faults)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [(3.06, 50.63, 2154), (3.39, 50.6, 2154), (-51.2, -30.0, 32722), (93.5, 56.2, 32646), (179.99, 10, 32660)],
)
def test_metric_crs_of_a_place(lon: float, lat: float, epsg: int) -> None:
    assert metric_epsg(lon, lat) == epsg


def test_coordinates_that_cannot_be_are_all_named() -> None:
    lon = np.array([3.0, np.nan, 0.0, 700_000.0])
    lat = np.array([50.0, 50.0, 0.0, 6_600_000.0])
    with pytest.raises(InputError) as caught:
        check_lonlat(lon, lat, np.array(["a", "b", "c", "d"]), where="sites.csv")
    assert {fault.where for fault in caught.value.faults} == {f"sites.csv: id {name}" for name in "bcd"}


def test_a_layer_without_crs_is_refused() -> None:
    with pytest.raises(InputError, match="does not say its CRS"):
        to_metric(gpd.GeoDataFrame(geometry=[Point(3, 50)]), 2154)


def test_manifest_depends_on_content_not_on_order_or_place(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"x")
    digest = sha256_file(tmp_path / "a")
    assert digest == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert sha256_file(tmp_path / "b") != digest
    first = Manifest({"a": digest, "b": digest}, {"mode": "walk"})
    second = Manifest({"b": digest, "a": digest}, {"mode": "walk"})
    assert first.id == second.id
    assert first.id != Manifest(first.inputs, {"mode": "bike"}).id
    assert str(tmp_path) not in first.to_json()
    assert json.loads(first.to_json())["inputs"]["a"] == digest


def test_fingerprint_tells_queries_apart() -> None:
    query = Query("transit", depart=Window.parse("08:00"))
    assert fingerprint(query) == fingerprint(Query("transit", depart=Window.parse("08:00:00")))
    assert fingerprint(query) != fingerprint(Query("transit", depart=Window.parse("08:01")))
    assert fingerprint(date(2026, 3, 17), np.int64(3)) == fingerprint("2026-03-17", 3)


def test_query_lists_all_its_faults() -> None:
    with pytest.raises(InputError) as caught:
        Query("tram", walk_kmh=-1, max_s=0, percentiles=(50, 120), max_rides=0).validate()
    assert {fault.where for fault in caught.value.faults} == {"mode", "walk_kmh", "max_s", "percentiles", "max_rides"}


@pytest.mark.parametrize("text", ["09:00-08:00", "9h-10h", "", "07:00-49:00"])
def test_windows_that_cannot_be(text: str) -> None:
    with pytest.raises(InputError):
        Window.parse(text)
