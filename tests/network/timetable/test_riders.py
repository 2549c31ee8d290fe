"""Lines that are not for everyone: told by type, name, agency and calendar; counted as the public says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point

from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.timetable.riders import route_kinds
from geo_access.routing.journeys import explain
from geo_access.routing.public import Profile
from geo_access.routing.query import Window
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.times.matrix import travel_times
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, feed_tables, table_text, write_tables

STOPS = {"A": (0, 0), "B": (6000, 0), "C": (12_000, 0)}
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def written(tmp_path: Path, trips: list, routes: dict[str, dict], **tables: object) -> Path:
    rows = feed_tables(STOPS, trips, **tables)
    rows["routes"] = [row | routes.get(row["route_id"], {}) for row in rows["routes"]]
    return write_tables(tmp_path / "f.zip", {f"{name}.txt": table_text(part) for name, part in rows.items()})


def built(tmp_path: Path, trips: list, routes: dict[str, dict], **tables: object) -> Network:
    path = written(tmp_path, trips, routes, **tables)
    return build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.0)


def place(name: str) -> gpd.GeoDataFrame:
    point = Point(ORIGIN_XY[0] + STOPS[name][0], ORIGIN_XY[1])
    return gpd.GeoDataFrame({"id": [name]}, geometry=[point], crs=ORIGIN_EPSG)


def minutes(network: Network, start: str, end: str, **limits: object) -> float:
    return float(travel_times(network, place(start), place(end), depart="07:55", **limits).seconds[0, 0, 0]) / 60


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"route_type": 712}, 1),
        ({"route_type": 713}, 2),
        ({"route_long_name": "Circuit scolaire 12"}, 1),
        ({"route_short_name": "HANDIBUS"}, 2),
        ({"route_desc": "Transport de personnes à mobilité réduite"}, 2),
        ({"route_long_name": "Gare – Lycée Pasteur"}, 0),
        ({"route_long_name": "Complexe handisport"}, 0),
        ({"route_long_name": "RPI Vendeuil-Caply"}, 1),
        ({"route_type": 700}, 0),
    ],
)
def test_a_line_is_told_by_type_and_name(tmp_path: Path, columns: dict, kind: int) -> None:
    feed = read_gtfs(written(tmp_path, ["A 08:00 B 08:10"], {"r": columns}))
    assert route_kinds([feed]).kind.tolist() == [kind]


def test_a_line_is_told_by_its_calendar(tmp_path: Path) -> None:
    # Christmas 2025 is free in all zones: one line does not run then, another does; ten runs a day are no school line.
    weekdays = {day: int(day in WEEK[:5]) for day in WEEK}
    calendar = [
        weekdays | {"service_id": "term1", "start_date": "20251105", "end_date": "20251219"},
        weekdays | {"service_id": "term2", "start_date": "20260105", "end_date": "20260206"},
        weekdays | {"service_id": "all", "start_date": "20251105", "end_date": "20260206"},
    ]
    trips = [
        {"calls": "A 07:30 B 07:50", "route_id": route, "service_id": name}
        for route, names in (("s", ("term1", "term2")), ("r", ("all",)))
        for name in names
    ]
    trips += [
        {"calls": f"A {h:02d}:30 B {h:02d}:50", "route_id": "often", "service_id": name}
        for h in range(7, 17)
        for name in ("term1", "term2")
    ]
    feed = read_gtfs(written(tmp_path, trips, {}, calendar=calendar))
    kinds = route_kinds([feed])
    assert dict(zip(feed.routes["route_id"], kinds.kind.tolist(), strict=True)) == {"s": 1, "r": 0, "often": 0}
    assert str(kinds.notes[0]).startswith("f: 1 line is for schools")
    # Holidays of its own that the feed runs through: no line is told.
    assert route_kinds([feed], breaks=[(date(2025, 11, 10), date(2025, 11, 28))]).kind.sum() == 0


def test_who_rides_is_the_public_s(tmp_path: Path) -> None:
    trips = [{"calls": "A 08:00 B 08:10", "route_id": "s"}, {"calls": "A 08:00 C 08:15", "route_id": "h"}]
    network = built(tmp_path, trips, {"s": {"route_type": 712}, "h": {"route_type": 713}})
    assert minutes(network, "A", "B") == 15
    assert np.isnan(minutes(network, "A", "B", school_lines=False))
    assert np.isnan(minutes(network, "A", "C"))
    assert minutes(network, "A", "C", paratransit=True) == 20
    assert minutes(network, "A", "C", line_kinds=(("H", "everyone"),)) == 20
    assert np.isnan(minutes(network, "A", "B", school_lines=False, line_kinds=(("S", "school"),)))
    assert minutes(network, "A", "B", school_lines=False, line_kinds=(("s", "everyone"),)) == 15
    with pytest.raises(InputError, match="no line 'L'"):
        minutes(network, "A", "B", line_kinds=(("L", "school"),))
    with pytest.raises(InputError, match="no kind of line"):
        minutes(network, "A", "B", line_kinds=(("s", "pupils"),))
    assert any("it counts" in str(line) for line in network.warnings)
    assert Profile("p", "", "transit", paratransit=True, school_lines=False).query(depart=Window(0, 0)).paratransit


def test_a_way_by_a_school_line_says_so(tmp_path: Path) -> None:
    # To C by the school line alone, to B by the bus of 08:05 as well, which is there first.
    trips = [
        {"calls": "A 08:10 B 08:20 C 08:30", "route_id": "s"},
        {"calls": "A 08:05 B 08:15", "route_id": "r"},
    ]
    network = built(tmp_path, trips, {"s": {"route_type": 712}})

    def told(end: str, **limits: Any) -> list[str]:
        ways = explain(network, place("A"), place(end), mode="transit", depart="08:00", **limits)
        return [way.sentence() for way in ways]

    (to_c,) = told("C")
    assert "elle ne circule pas pendant les vacances." in to_c
    assert "scolaire" not in told("B")[0]
    assert "scolaire" not in told("C", line_kinds=(("s", "everyone"),))[0]
