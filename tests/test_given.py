"""Arguments of every public verb that are of another kind than asked: taken, or refused by name, never a traceback."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from shapely import MultiPoint, Point

import geo_access as ga
from geo_access.errors import GeoAccessError
from geo_access.network.model import CrowFly, Network
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

LINE = [(0.0, 0.0), (10_000.0, 0.0)]
HOME, SITE = layer(home=(0.0, 300.0)), layer(site=(10_000.0, 200.0))
BUSES = country([bus([0, 1], round(h * H)) for h in (7, 7.5, 8)], LINE)
TOWN = Network(2154, PLAIN, None, {})
TIMES = np.array([[600.0, 1200.0], [np.nan, 300.0]])
m = ga.measures


def built(**given: Any) -> Network:
    return ga.build_network(**{"date": "2026-03-17", "crow_fly_detour": 1.3, "epsg": 2154, **given})


def times(**given: Any) -> object:
    return ga.travel_times(BUSES, HOME, SITE, **{**WALK, "depart": "07:10", **given})


def explained(place: Any) -> object:
    return ga.explain(BUSES, place, SITE, depart="07:10", **WALK)


def bands(**given: Any) -> gpd.GeoDataFrame:
    return ga.isochrones(TOWN, SITE, **{"minutes": 10, "cell_m": 200, **given})


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no network": (lambda: ga.travel_times("net", HOME, SITE, depart="07:10"), "network: str does not do, Network"),
    "no network, shift": (lambda: ga.shift_test(None, HOME, SITE, start="8:00", end="16:00"), "network: NoneType"),
    "no network, areas": (lambda: ga.isochrones(PLAIN, SITE), "network: CrowFly does not do"),
    "no network, saved": (lambda: ga.save_network("net", "out"), "network: str"),
    "no network, graph": (lambda: ga.to_networkx(3), "streets: int"),
    "straight lines as a graph": (lambda: ga.to_networkx(PLAIN), "no streets|straight|crow"),
    "one network of days": (lambda: ga.shift_days("net", HOME, SITE, start="8:00", end="16:00"), r"networks\[0\]: str"),
    "day in words": (lambda: times(day="17 mars"), "'17 mars' is not a day"),
    "stop ids as a number": (lambda: times(mode="park_and_ride", park_and_ride=3), "3 is no list of stops"),
    "lines without kinds": (lambda: times(line_kinds=["x"]), "is no list of lines"),
    "a duration that is none": (lambda: times(max_minutes=np.timedelta64("NaT")), "is no duration"),
    "memory in words": (lambda: times(memory_gb="4"), "memory_gb: '4' is not a number"),
    "no memory": (lambda: times(memory_gb=-1), "memory_gb: -1 does not fit"),
    "a number as folder": (lambda: times(sink=3), "sink: 3 is no path"),
    "a number as function": (lambda: times(reduce=3), "3 is no function"),
    "a text as side": (lambda: times(tile_km="5", sink="x"), "tile_km='5'"),
    "a number as scheduler": (lambda: times(client=3, sink="x"), "client: int is no scheduler"),
    "a percentile not asked": (lambda: times().at(99), "99"),
    "areas of a table": (lambda: ga.isochrones(TOWN, pd.DataFrame({"x": [1]})), "DataFrame is not a layer"),
    "areas of a path": (lambda: ga.isochrones(TOWN, Path("sites.gpkg")), "Path is not a layer"),
    "a layer without geometry": (lambda: ga.isochrones(TOWN, gpd.GeoDataFrame({"id": ["a"]})), "has no geometry"),
    "origins without geometry": (
        lambda: ga.travel_times(BUSES, gpd.GeoDataFrame({"id": ["a"]}), SITE, depart="07:10"),
        "has no geometry",
    ),
    "cells in words": (lambda: bands(cell_m="50", min_hole_m2=-1), r"cell_m: '50'(?s:.)*min_hole_m2: -1"),
    "a lattice of another kind": (lambda: bands(lattice=3), "lattice: int"),
    "barriers without geometry": (lambda: bands(barriers=pd.DataFrame()), "DataFrame is not a layer"),
    "minutes twice": (lambda: bands(max_minutes=30), "max_minutes= and minutes="),
    "percentiles twice": (lambda: bands(percentiles=50), "percentiles= and percentile="),
    "share, minutes twice": (
        lambda: m.share_surface(BUSES, SITE, within_minutes=30, max_minutes=30, depart="07:00-08:00"),
        "max_minutes= and within_minutes=",
    ),
    "a day of no week": (
        lambda: ga.shift_days([BUSES], HOME, SITE, start="8:00", end="16:00", days=3),
        "3",
    ),
    "one stage": (lambda: ga.chain_times(BUSES, HOME, ga.Stage("x", SITE, 5), depart="07:10"), "Stage is no list"),
    "a stage without a name": (
        lambda: ga.chain_times(BUSES, HOME, [ga.Stage(None, SITE, 5)], depart="07:10"),  # type: ignore[arg-type]
        "None is no name of a stage",
    ),
    "a stage as long as a text": (
        lambda: ga.chain_times(BUSES, HOME, [ga.Stage("x", SITE, "5")], depart="07:10"),  # type: ignore[arg-type]
        "'5' is no duration",
    ),
    "a place of several points": (
        lambda: explained(gpd.GeoDataFrame(geometry=[MultiPoint([(0, 300), (0, 400)])], crs=2154)),
        "one point",
    ),
    "a place without CRS": (lambda: explained(Point(3, 50)), "Point is no place"),
    "a place of three numbers": (lambda: explained((1.0, 2.0, 3.0)), "is no place"),
    "a place of texts": (lambda: explained(("3", "50")), "is no place"),
    "a place far away": (lambda: explained((100.0, 10.0)), "50 km of the network"),
    "speed in words": (lambda: built(walk_kmh="fast"), "walk_kmh: 'fast' is not a number"),
    "everything at once": (
        lambda: built(walk_kmh=float("nan"), align="x", bbox_lonlat=(4, 51, 3, 50), link_feeds="no", date=pd.NaT),
        r"NaT(?s:.)*align(?s:.)*walk_kmh: nan|date(?s:.)*align",
    ),
    "a mode that is none": (lambda: built(modes=["fly"]), r"modes \['fly'\]"),
    "a box of three": (lambda: built(bbox_lonlat=(1, 2, 3)), "bbox_lonlat: .*is no box"),
    "relief that is not there": (lambda: built(dem="nope.tif"), "nope.tif"),
    "an hour as a number": (lambda: built(street_time=8), "street_time: 8 is not a clock time"),
    "ways in words": (lambda: built(closed_ways="5"), "'5' is no list of ways"),
    "holidays turned round": (lambda: built(school_breaks=[("2026-02-01", "2026-01-01")]), "is no list of holidays"),
    "a graph as streets": (lambda: ga.build_network(date="2026-03-17", streets=nx.MultiDiGraph()), "from_osmnx"),
    "a number as streets": (lambda: ga.build_network(date="2026-03-17", streets=3), "streets: int"),
    "a number as a feed": (lambda: built(gtfs=[3]), r"gtfs\[0\]: 3 is no path"),
    "headways as a number": (lambda: built(headways=3), "headways: int"),
    "opened from a number": (lambda: ga.open_network(3), "folder: 3 is no path"),
    "no graph": (lambda: ga.from_osmnx(HOME), "GeoDataFrame is no graph"),
    "a study that is a number": (lambda: ga.Study.from_file(3), "path: 3 is no path"),
    "a workbench of a path": (lambda: ga.Workbench("study.toml"), "base: str does not do"),  # type: ignore[arg-type]
    "a query of texts": (lambda: ga.Query("walk", max_s="3").validate(), "max_s: '3'"),  # type: ignore[arg-type]
    "a window of texts": (lambda: ga.Window("07:00", "08:00").validate(), "start_s: '07:00'"),  # type: ignore[arg-type]
    "flags of nothing": (
        lambda: ga.flag_zones(None, None, offers=None, evidence=None, question=None),  # type: ignore[arg-type]
        r"residents: NoneType(?s:.)*question: NoneType",
    ),
    "results as times": (lambda: m.cumulative(times(), [1.0], cutoff_s=600), "TravelTimes is no table of times"),
    "times in a row": (lambda: m.cumulative(TIMES[0], [1.0, 2.0], cutoff_s=600), "is no table of times"),
    "a cutoff in words": (lambda: m.cumulative(TIMES, [1, 2], cutoff_s="3"), "cutoff_s: '3'"),
    "amounts in words": (lambda: m.two_step_fca(TIMES, ["a", "b"], [1, 2], cutoff_s=600), "no list of numbers"),
    "a number as decay": (lambda: m.gravity(TIMES, [1, 2], decay=3), "is no decay"),  # type: ignore[arg-type]
    "a decay in words": (lambda: m.Exponential("x"), "above 0"),  # type: ignore[arg-type]
    "n in words": (lambda: m.time_to_nearest(TIMES, [1, 2], n="1"), "1 or more"),
    "a quantile in words": (lambda: m.weighted_quantile([1, 2], "x"), "a share"),
    "a line in words": (lambda: m.fgt_poverty([1, 2], line="x"), "a line above 0"),
    "values in words": (lambda: m.gini(["a"]), "no list of numbers"),
    "mismatch of nothing": (lambda: m.dares_mismatch(None), "mismatch: NoneType"),
    "shares of a number": (lambda: m.share_areas(3), "surface: int"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_of_another_kind_is_refused_by_name(what: str) -> None:
    verb, message = REFUSED[what]
    with pytest.raises(GeoAccessError, match=message) as refused:
        verb()
    # Who catches Python's own errors catches these.
    assert isinstance(refused.value, ValueError | OSError | LookupError)


def test_what_is_meant_is_taken(tmp_path: Path) -> None:
    day = dt.date(2026, 3, 17)
    same = built()
    for given in (
        {"date": pd.Timestamp(day)},
        {"date": np.datetime64(day)},
        {"epsg": "EPSG:2154"},
        {"epsg": np.int64(2154)},
        {"modes": "walk"},
        {"max_transfer_s": dt.timedelta(minutes=10)},
        {"bbox_lonlat": np.array([3.0, 50.0, 4.0, 51.0])},
        {"street_time": "08:00"},
        {"school_breaks": [("2026-02-14", dt.date(2026, 3, 1))]},
    ):
        network = built(**given)
        assert network.epsg == same.epsg
        assert type(network.epsg) is int
        assert network.inputs == same.inputs
    folder = ga.save_network(TOWN, bytes(tmp_path / "saved"))  # type: ignore[arg-type]
    opened = ga.open_network(bytes(folder)).streets  # type: ignore[arg-type]
    assert isinstance(opened, CrowFly)
    whole_week = ga.shift_days([BUSES], HOME, SITE, start="08:00", end="16:00", days=[WEEKDAY], **WALK)
    assert whole_week.feasible_days.shape == (1, 1)
    late = ga.chain_times(BUSES, HOME, [ga.Stage("x", SITE, dt.timedelta(minutes=5))], depart="07:10", **WALK)  # type: ignore[arg-type]
    assert late.feasible.all()
    assert m.cumulative(TIMES.tolist(), [1, 2], cutoff_s=600).tolist() == [1.0, 2.0]
    table = pd.DataFrame(TIMES)
    assert m.two_step_fca(table, pd.Series([1.0, 2.0]), [1, 1], cutoff_s=600).tolist() == [1.0, 2.0]


WEEKDAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[BUSES.timetable.day.weekday()]
