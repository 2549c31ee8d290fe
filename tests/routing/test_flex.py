"""Services on demand: zones, groups of stops and windows, alone and with lines, there and back."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Transformer
from shapely import Point

from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.storage import open_network, save_network
from geo_access.network.timetable.flex import ASSUMED_FACTOR, ASSUMED_OFFSET_S
from geo_access.routing.causes import Reason
from geo_access.routing.journeys import explain_query
from geo_access.routing.query import Query, Window
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.gtfs.flex import BookingRule
from geo_access.times.core import PointTimes, point_times
from geo_access.times.shift import shift_test
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, feed_tables, table_text, write_tables

H = 3600
# By car 40 km/h × 1.0: 90 s a kilometre.
STOPS = {"A": (0, 0), "B": (10_000, 0), "G1": (0, 3000), "G2": (4000, 3000)}


def box(west: float, south: float, east: float, north: float) -> list:
    to_degrees = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [[list(to_degrees.transform(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)) for x, y in corners]]


def ride(place: str, start: str, end: str, **more: object) -> dict:
    kind = "location_id" if place.startswith("z") else "location_group_id" if place.startswith("g") else "stop_id"
    window = {"start_pickup_drop_off_window": start, "end_pickup_drop_off_window": end}
    return {kind: place, **window, "pickup_type": 2, "drop_off_type": 2, **more}


def at(stop: str, clock: str) -> dict:
    return {"stop_id": stop, "arrival_time": clock, "departure_time": clock}


def built(tmp_path: Path, trips: list, *, zones: dict[str, list] | None = None, **tables: object) -> Network:
    rows = feed_tables(STOPS, trips, **tables)
    files = {f"{name}.txt": table_text(part) for name, part in rows.items()}
    if zones:
        features = [
            {
                "id": name,
                "type": "Feature",
                "properties": {"stop_name": f"Zone {name}"},
                "geometry": {"type": "Polygon", "coordinates": ring},
            }
            for name, ring in zones.items()
        ]
        files["locations.geojson"] = json.dumps({"type": "FeatureCollection", "features": features})
    path = write_tables(tmp_path / "f.zip", files)
    return build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.0)


def ask(network: Network, start: tuple, end: tuple, moment: str, *, arrive: bool = False, **more: object) -> PointTimes:
    xy = [np.array([[ORIGIN_XY[0] + x, ORIGIN_XY[1] + y]]) for x, y in (start, end)]
    when = {"arrive" if arrive else "depart": Window.parse(moment)}
    return point_times(network, *xy, Query("transit", **{"on_demand": True, "max_direct_s": 0, **when, **more}))


def seconds(*args: object, **more: object) -> float:
    return float(ask(*args, **more).seconds[0, 0, 0])


SAFE = {"safe_duration_factor": 2, "safe_duration_offset": 120}
ZONE = {"z1": box(-1000, -1000, 5000, 5000)}


def zone_trip(start: str = "08:00:00", end: str = "12:00:00", **more: object) -> dict:
    return {"calls": [ride("z1", start, end, drop_off_type=1), ride("z1", start, end, pickup_type=1)]} | SAFE | more


def test_door_to_door_inside_a_zone(tmp_path: Path) -> None:
    network = built(tmp_path, [zone_trip(), "A 10:00 B 10:10"], zones=ZONE)
    home, site = (0, 2000), (3000, 2000)
    # 3 km by car are 270 s, × 2 + 120: 660 s; who is ready before 8 waits.
    assert seconds(network, home, site, "09:00") == 660
    assert seconds(network, home, site, "07:50") == 600 + 660
    # The last ride must be over at 12.
    assert seconds(network, home, site, "11:49") == 660
    late = ask(network, home, site, "11:50")
    assert np.isnan(late.seconds[0, 0, 0])
    assert Reason(late.reason[0, 0]) == Reason.ON_DEMAND_CLOSED
    # Arriving: the latest moment to leave; nobody is set down after 12.
    assert seconds(network, home, site, "10:00", arrive=True) == 660
    assert seconds(network, home, site, "12:30", arrive=True) == 1800 + 660
    assert np.isnan(seconds(network, home, site, "08:10", arrive=True))
    # A site outside the zone, and a public that does not book.
    assert np.isnan(seconds(network, home, (6000, 2000), "09:00"))
    assert np.isnan(seconds(network, home, site, "09:00", on_demand=False))
    assert any("on demand" in str(line) for line in network.warnings)


def test_a_window_of_departures_and_its_percentiles(tmp_path: Path) -> None:
    network = built(tmp_path, [zone_trip(), "A 10:00 B 10:10"], zones=ZONE)
    times = ask(network, (0, 2000), (3000, 2000), "07:40-08:10", percentiles=(0, 50, 100))
    # 20 instants before eight wait 20…1 min, 10 do not.
    assert times.seconds[0, 0].tolist() == [660, 660 + 300, 660 + 1200]
    assert times.feasible_share[0, 0] == 1


def test_on_demand_to_a_line_and_from_it(tmp_path: Path) -> None:
    network = built(tmp_path, [zone_trip(), "A 10:00 B 10:10", "B 11:00 A 11:10"], zones=ZONE)
    home, site = (3000, 4000), (10_000, 0)
    # 5 km straight: 450 s × 2 + 120 = 1020 s to A, a minute to change; the bus at 10:00.
    assert seconds(network, home, site, "09:42") == 28 * 60
    assert np.isnan(seconds(network, home, site, "09:43"))
    assert seconds(network, home, site, "10:10", arrive=True) == 600 + 60 + 1020
    # Back: at A 11:10, a minute, the ride home.
    assert seconds(network, site, home, "10:55") == 15 * 60 + 60 + 1020
    assert seconds(network, site, home, "11:28", arrive=True) == 28 * 60


def told(network: Network, start: tuple, end: tuple, **more: object) -> list:
    xy = [np.array([[ORIGIN_XY[0] + x, ORIGIN_XY[1] + y]]) for x, y in (start, end)]
    return explain_query(network, *xy, Query("transit", on_demand=True, max_direct_s=0, **more))


def test_journeys_say_until_when_to_book(tmp_path: Path) -> None:
    rules = [
        {"booking_rule_id": "eve", "booking_type": 2, "prior_notice_last_day": 1, "prior_notice_last_time": "17:00:00"}
    ]
    trip = zone_trip()
    trip["calls"] = [call | {"pickup_booking_rule_id": "eve"} for call in trip["calls"]]
    network = built(tmp_path, [trip, "A 10:00 B 10:10", "B 11:00 A 11:10"], zones=ZONE, booking_rules=rules)
    home, site = (3000, 4000), (10_000, 0)
    (way,) = told(network, home, site, arrive=Window.parse("10:10"))
    # 1020 s to A, a minute to change: picked up at 9:42.
    assert [(leg.kind, leg.start_s - 10 * H, leg.end_s - 10 * H) for leg in way.legs] == [
        ("on_demand", -1080, -60),
        ("ride", 0, 600),
        ("walk", 600, 600),
    ]
    assert "Il faut réserver la veille avant 17 h." in way.sentence().replace("\u202f", " ").replace("\xa0", " ")
    assert "You must book the day before until 17:00." in way.sentence(language="en")
    (back,) = told(network, site, home, depart=Window.parse("10:55"))
    assert [(leg.kind, leg.start_s - 11 * H, leg.end_s - 11 * H) for leg in back.legs] == [
        ("walk", 0, 0),
        ("ride", 0, 600),
        ("on_demand", 660, 1680),
    ]
    (alone,) = told(network, (0, 2000), (3000, 2000), depart=Window.parse("07:50"))
    assert [(leg.kind, leg.start_s, leg.end_s) for leg in alone.legs] == [("on_demand", 8 * H, 8 * H + 660)]
    assert alone.walk_s == 0


def test_groups_of_stops_are_walked_to(tmp_path: Path) -> None:
    groups = [{"location_group_id": "g1", "stop_id": stop} for stop in ("G1", "G2")]
    trip = {"calls": [ride("g1", "08:00:00", "12:00:00"), ride("g1", "08:00:00", "12:00:00")]} | SAFE
    network = built(tmp_path, [trip, "A 10:00 B 10:10"], location_group_stops=groups)
    # 400 m at 4.8 km/h are 300 s; 4 km by car 360 s × 2 + 120 = 840 s; 200 m are 150 s.
    assert seconds(network, (0, 3400), (4000, 2800), "09:00") == 300 + 840 + 150
    assert seconds(network, (0, 3400), (4000, 2800), "07:50") == 600 + 840 + 150


def test_durations_that_nobody_states_are_assumed_aloud(tmp_path: Path) -> None:
    trip = zone_trip(safe_duration_factor="", safe_duration_offset="")
    network = built(tmp_path, [trip, "A 10:00 B 10:10"], zones=ZONE)
    assert seconds(network, (0, 2000), (3000, 2000), "09:00") == 270 * ASSUMED_FACTOR + ASSUMED_OFFSET_S
    assert any("how long" in str(line) for line in network.warnings)


@pytest.mark.parametrize(
    ("factor", "offset", "took_s", "odd"),
    [("1,5", "60.0", 270 * 1.5 + 60, 0), ("\uff12", "", 270 * 2, 0), ("x", "60", 270 + 60, 1), ("-1", "x", None, 2)],
)
def test_durations_are_read_as_meant_or_said(tmp_path: Path, factor: str, offset: str, took_s: float, odd: int) -> None:
    trip = zone_trip(safe_duration_factor=factor, safe_duration_offset=offset)
    network = built(tmp_path, [trip, "A 10:00 B 10:10"], zones=ZONE)
    assumed = 270 * ASSUMED_FACTOR + ASSUMED_OFFSET_S
    assert seconds(network, (0, 2000), (3000, 2000), "09:00") == (assumed if took_s is None else took_s)
    told = [n for n in read_gtfs(tmp_path / "f.zip").notices if n.code == "number_out_of_range"]
    assert [(n.file, n.entity) for n in told] == [("trips.txt", "t0")] * odd


def test_a_deviated_line_goes_by_its_hours(tmp_path: Path) -> None:
    calls = [at("A", "08:00:00"), ride("z1", "08:00:00", "08:20:00"), at("B", "08:40:00")]
    network = built(tmp_path, [{"calls": calls}], zones=ZONE)
    # From the zone one is ready when it opens, 8:00, and at B at 8:40; from A set down by 8:20.
    assert seconds(network, (3000, 4000), (10_000, 0), "07:55") == 45 * 60
    assert np.isnan(seconds(network, (3000, 4000), (10_000, 0), "08:01"))
    assert seconds(network, (0, 0), (3000, 4000), "07:55") == 25 * 60
    assert seconds(network, (0, 0), (10_000, 0), "07:55", on_demand=False) == 45 * 60


def test_a_feed_of_services_on_demand_alone(tmp_path: Path) -> None:
    network = built(tmp_path, [zone_trip()], zones=ZONE)
    assert network.timetable.n_trips == 0
    assert seconds(network, (0, 2000), (3000, 2000), "09:00") == 660
    opened = open_network(save_network(network, tmp_path / "saved"))
    assert seconds(opened, (0, 2000), (3000, 2000), "09:00") == 660


def test_shifts_there_and_back(tmp_path: Path) -> None:
    trips = [zone_trip("06:00:00", "19:00:00"), "A 07:00 B 07:10", "B 16:00 A 16:10"]
    network = built(tmp_path, trips, zones=ZONE)
    home, site = [
        gpd.GeoDataFrame({"id": ["x"]}, geometry=[Point(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)], crs=ORIGIN_EPSG)
        for x, y in ((3000, 4000), (10_000, 0))
    ]
    shift = shift_test(network, home, site, start="07:30", end="15:45", on_demand=True, max_minutes=120)
    # 5 min of slack at both ends. Out: 1020 s on demand, a minute, the bus of 7:00 to 7:10, and until 7:25; back: the
    # bus of 16:00 from 15:50, a minute, 1020 s.
    assert shift.out_s[0, 0] == 1020 + 60 + 600 + 900
    assert shift.back_s[0, 0] == 600 + 600 + 60 + 1020
    closed = shift_test(network, home, site, start="07:30", end="19:30", on_demand=True, max_minutes=120)
    assert Reason(closed.out_reason[0, 0]) == Reason.OK
    assert np.isnan(closed.back_s[0, 0])
    plain = shift_test(network, home, site, start="07:30", end="15:45", max_minutes=120)
    assert Reason(plain.reason[0, 0]) == Reason.NO_STOP_WITHIN_WALK


@pytest.mark.parametrize(
    ("rule", "french"),
    [
        (BookingRule(2, days=1, until_s=17 * H), "réserver la veille avant 17 h"),
        (BookingRule(2, days=2, until_s=int(9.5 * H), phone="03 44"), "réserver l’avant-veille avant 9 h 30 (03 44)"),
        (BookingRule(2, days=5), "réserver 5 jours avant"),
        (BookingRule(1, minutes=120), "réserver au moins 2 h avant"),
        (BookingRule(1, minutes=90), "réserver au moins 90 min avant"),
        (BookingRule(0), "réserver au moment de partir"),
    ],
)
def test_until_when_to_book(rule: BookingRule, french: str) -> None:
    assert rule.told().told("fr").replace("\u202f", " ").replace("\xa0", " ") == french


@pytest.mark.parametrize("named", ["id", "location_id", "stop_id"])
def test_zones_turned_or_named_among_their_properties_are_read_aloud(tmp_path: Path, named: str) -> None:
    tables = feed_tables(STOPS, [zone_trip(), "A 10:00 B 10:10"])
    files = {f"{name}.txt": table_text(part) for name, part in tables.items()}
    ring = [[point[::-1] for point in ZONE["z1"][0]]]
    feature = {"type": "Feature", "properties": {named: "z1"}, "geometry": {"type": "Polygon", "coordinates": ring}}
    files["locations.geojson"] = json.dumps({"type": "FeatureCollection", "features": [feature]})
    path = write_tables(tmp_path / "f.zip", files)
    network = build_network(gtfs=path, date="2026-03-17", epsg=2154, crow_fly_detour=1.0)
    assert seconds(network, (0, 2000), (3000, 2000), "09:00") == 660
    told = [(n.code, n.file, n.action) for n in read_gtfs(path).notices if n.file == "locations.geojson"]
    assert ("swapped_coordinates", "locations.geojson", "repaired") in told
    assert ("missing_required_field", "locations.geojson", "repaired") in told
