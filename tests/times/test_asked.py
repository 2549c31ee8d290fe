"""What people naturally write is taken, or refused with what to do; never a raw traceback."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

import geo_access as ga
from geo_access.errors import GeoAccessError
from geo_access.modes import MODES, Mode, read_mode
from geo_access.network.model import Network
from geo_access.routing.query import Query
from tests.shared import ROOT
from tests.times.worlds import PLAIN, WALK, H, bus, country, layer

LINE = [(0.0, 0.0), (10_000.0, 0.0)]
HOME, SITE = layer(home=(0.0, 300.0)), layer(site=(10_000.0, 200.0))
BUSES = country([bus([0, 1], round(h * H)) for h in (7, 7.5, 8)], LINE)
DAY = BUSES.timetable.day
# Ready at 07:10: at the stop 07:15, bus of 07:30, there 07:40 and 200 s on foot.
AT_710 = 30 * 60 + 200


def asked(**given: object) -> Query:
    return ga.travel_times(BUSES, HOME, SITE, **{**WALK, **given}).query


@pytest.mark.parametrize(
    "depart",
    [
        "07:10",
        time(7, 10),
        datetime.combine(DAY, time(7, 10)),
        pd.Timestamp(f"{DAY} 07:10"),
        np.datetime64(f"{DAY}T07:10"),
    ],
)
def test_one_moment_however_it_is_written(depart: object) -> None:
    times = ga.travel_times(BUSES, HOME, SITE, depart=depart, **WALK)
    assert times.at(50)[0, 0] == AT_710


@pytest.mark.parametrize("depart", [("07:00", "08:30"), [time(7), time(8, 30)], "07:00-08:30"])
def test_a_window_however_it_is_written(depart: object) -> None:
    assert asked(depart=depart).depart.count == 90


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"percentiles": 50}, "percentiles", (50,)),
        ({"percentiles": np.array([25, 75])}, "percentiles", (25, 75)),
        ({"percentiles": [10.0]}, "percentiles", (10,)),
        ({"max_minutes": timedelta(hours=1)}, "max_s", 3600),
        ({"max_minutes": pd.Timedelta(minutes=30)}, "max_s", 1800),
        ({"max_minutes": np.timedelta64(20, "m")}, "max_s", 1200),
        ({"max_minutes": np.float32(30)}, "max_s", 1800),
        ({"mode": ["WALK", "TRANSIT"]}, "mode", "transit"),
        ({"mode": "Transit"}, "mode", "transit"),
        ({"mode": Mode.BIKE_TRANSIT}, "mode", "bike+transit"),
        ({"max_rides": np.int64(1)}, "max_rides", 1),
        ({"max_access_s": 300.0}, "max_access_s", 300),
    ],
)
def test_what_is_meant_is_taken(given: dict[str, object], field: str, value: object) -> None:
    query = asked(depart="07:10", **given)
    assert getattr(query, field) == value
    assert type(getattr(query, field)) is type(value)
    hash(query)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"percentiles": (0.5,)}, "looks like a share → percentiles go from 0 to 100: write 50"),
        ({"percentiles": "50"}, "'50' is no percentile"),
        ({"percentiles": 120}, "not within 0–100"),
        ({"max_minutes": "30"}, "max_minutes: '30' is no duration"),
        ({"max_minutes": float("nan")}, "max_minutes: nan is no duration"),
        ({"max_minutes": pd.NaT}, "is no duration"),
        ({"mode": 3}, "mode 3 is no mode"),
        ({"mode": []}, "is no mode"),
        ({"mode": ["CAR", "TRANSIT"]}, "is unknown"),
        ({"depart": 8}, "8 is not a clock time"),
        ({"depart": pd.NaT}, "is not a clock time"),
        ({"depart": ("07:00",)}, "is no window"),
        ({"depart": ("08:00", "07:00")}, "ends before it starts"),
        ({"depart": datetime(2026, 3, 17, 7, tzinfo=ZoneInfo("Europe/Paris"))}, "time zone"),
        ({"depart": datetime.combine(DAY + timedelta(days=1), time(7))}, "the network holds"),
        ({"max_s": 3600}, "max_s= and max_minutes= say the same thing"),
        ({"earliest_s": 3600}, "earliest_s= and earliest="),
        ({"max_acces_s": 600}, r"unknown option 'max_acces_s' \(max_access_s\?\)"),
        ({"minutes": 30}, r"unknown option 'minutes' \(max_minutes\?\)"),
        ({"max_rides": "2"}, "max_rides: '2' is not a number"),
        ({"max_rides": 1.5}, "max_rides: 1.5 is not a whole number"),
        ({"walk_kmh": float("nan")}, "walk_kmh: nan is not a number"),
        ({"on_demand": "yes"}, "on_demand: 'yes' is neither True nor False"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(given: dict[str, object], message: str) -> None:
    with pytest.raises(GeoAccessError, match=message):
        asked(**{"depart": "07:10", **given})


def test_all_faults_at_once() -> None:
    with pytest.raises(GeoAccessError) as refused:
        asked(depart="7h", percentiles=0.5, max_minutes="x", max_rides="2", walk_kmh="fast")
    for part in ("7h", "looks like a share", "max_minutes", "max_rides", "walk_kmh"):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (pd.DataFrame({"id": ["a"], "lon": [3.0], "lat": [50.0]}), "DataFrame is not a layer of points"),
        (Point(3, 50), "Point is not a layer of points"),
        ("Lille", "str is not a layer of points"),
        (None, "NoneType is not a layer of points"),
        (gpd.GeoSeries([Point(3, 50)], crs=4326), "GeoSeries is not a layer of points"),
    ],
)
def test_places_that_are_no_layer_are_refused_kindly(place: object, message: str) -> None:
    with pytest.raises(GeoAccessError, match=message):
        ga.travel_times(BUSES, place, SITE, depart="07:10", **WALK)


def test_other_verbs_read_the_same() -> None:
    there = ga.shift_test(BUSES, HOME, SITE, start=time(8), end="16:00", max_minutes=timedelta(hours=2), **WALK)
    assert there.last_out_s[0, 0] == 7.5 * H - 300
    with pytest.raises(GeoAccessError, match="slack_before_min: 'five' is no duration"):
        ga.shift_test(BUSES, HOME, SITE, start="08:00", end="16:00", slack_before_min="five")
    town = Network(2154, PLAIN, None, {})
    bands = ga.isochrones(town, SITE, minutes=30, mode="WALK")
    assert bands["minutes"].tolist() == [30.0]
    assert ga.isochrones(town, SITE, minutes=timedelta(minutes=30))["minutes"].tolist() == [30.0]
    for bad in ("30", float("nan"), [15, "30"], None):
        with pytest.raises(GeoAccessError, match="minutes"):
            ga.isochrones(town, SITE, minutes=bad)


def test_every_mode_is_one_word_of_the_vocabulary() -> None:
    assert {mode.value for mode in Mode} == set(MODES)
    assert all(read_mode(word) == word and Mode(word).uses_transit == Query(word).uses_transit for word in MODES)


VERBS = (
    "travel_times",
    "shift_test",
    "chain_times",
    "isochrones",
    "explain",
    "build_network",
    "flag_zones",
    "from_osmnx",
)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_shows_what_it_takes(verb: str) -> None:
    function = getattr(ga, verb)
    kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    assert inspect.Parameter.VAR_POSITIONAL not in kinds
    assert "Parameters" in (inspect.getdoc(function) or "")


RIGHT = """
from datetime import time, timedelta
import geopandas as gpd
import geo_access as ga

def ask(network: ga.Network, homes: gpd.GeoDataFrame) -> None:
    times: ga.TravelTimes = ga.travel_times(network, homes, mode="transit", depart=("07:00", "08:30"), max_rides=2)
    ga.travel_times(network, homes, mode=ga.Mode.BIKE_TRANSIT, depart=time(7), percentiles=50)
    ga.travel_times(network, homes, mode="walk", max_minutes=timedelta(hours=1))
    ga.travel_times(network, homes, mode=["WALK", "TRANSIT"], arrive="09:00", max_access_s=900)
    ga.shift_test(network, homes, homes, start="05:00", end=time(13), max_rides=1)
    ga.isochrones(network, homes, minutes=30, mode="walk", max_access_s=600)
    print(times.at(50))
"""
WRONG = {
    "mode=3": "travel_times(network, homes, mode=3)",
    "max_s beside max_minutes": "travel_times(network, homes, max_s=3600)",
    "an unknown option": "travel_times(network, homes, max_ride=1)",
    "text for minutes": "travel_times(network, homes, max_minutes='30')",
    "text for rides": "shift_test(network, homes, homes, start='05:00', end='13:00', max_rides='1')",
    "a word that is none of two": "isochrones(network, homes, by='zone')",
    "text for on_demand": "travel_times(network, homes, on_demand='yes')",
}


def test_a_type_checker_reads_a_user_s_script(tmp_path: Path) -> None:
    wrong = "import geopandas as gpd\nimport geo_access as ga\n\n"
    wrong += "def ask(network: ga.Network, homes: gpd.GeoDataFrame) -> None:\n"
    wrong += "".join(f"    ga.{call}\n" for call in WRONG.values())
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(wrong)
    # By the project's settings (strict) and beside its cache: what `make lint` has read is not read again.
    command = [sys.executable, "-m", "mypy", str(tmp_path / "right.py"), str(tmp_path / "wrong.py")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "right.py" not in run.stdout, run.stdout
    refused = {int(line.split(":")[1]) for line in run.stdout.splitlines() if "wrong.py" in line and "error" in line}
    assert refused == set(range(5, 5 + len(WRONG))), run.stdout


def test_the_day_may_be_said() -> None:
    assert asked(depart="07:10", day=DAY) == asked(depart="07:10", day=str(DAY))
    with pytest.raises(GeoAccessError, match="the network holds"):
        asked(depart="07:10", day=date(2020, 1, 1))
