"""The demo territory: the same bytes on every run, small, labelled synthetic, and true to what DATA.md says of it."""

from __future__ import annotations

import bz2
import csv
import io
import itertools
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo"
FEEDS = ("gtfs_interurbain.zip", "gtfs_rail.zip", "gtfs_urbain.zip", "gtfs_voisinie.zip")
HAND_WRITTEN = {"study.toml", "README.md"}
SERVICE_DAY = date(2026, 3, 17)
TRUTHS = json.loads((DEMO / "truths.json").read_text(encoding="utf-8"))["truths"]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def table(name: str) -> list[dict[str, str]]:
    return rows_of((DEMO / name).read_text(encoding="utf-8"))


def feed(name: str) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(DEMO / name) as archive:
        return {file: rows_of(archive.read(file).decode("utf-8")) for file in archive.namelist()}


@pytest.fixture(scope="module")
def feeds() -> dict[str, dict[str, list[dict[str, str]]]]:
    return {name: feed(name) for name in FEEDS}


@pytest.fixture(scope="module")
def zones() -> dict[str, tuple[str, str, shapely.Polygon]]:
    features = json.loads((DEMO / "zones.geojson").read_text(encoding="utf-8"))["features"]
    return {
        f["properties"]["zone_id"]: (
            f["properties"]["zone_name"],
            f["properties"]["zone_kind"],
            shapely.geometry.shape(f["geometry"]),
        )
        for f in features
    }


@pytest.fixture(scope="module")
def osm() -> ET.Element:
    return ET.fromstring(bz2.decompress((DEMO / "streets.osm.bz2").read_bytes()))  # noqa: S314


def seconds(clock: str) -> int:
    hours, minutes, rest = (int(part) for part in clock.split(":"))
    return hours * 3600 + minutes * 60 + rest


def services(content: dict[str, list[dict[str, str]]], day: date) -> set[str]:
    running = {
        row["service_id"]
        for row in content.get("calendar.txt", [])
        if row[f"{day:%A}".lower()] == "1" and row["start_date"] <= f"{day:%Y%m%d}" <= row["end_date"]
    }
    for row in content.get("calendar_dates.txt", []):
        if row["date"] == f"{day:%Y%m%d}":
            (running.add if row["exception_type"] == "1" else running.discard)(row["service_id"])
    return running


def calls(content: dict[str, list[dict[str, str]]], route: str, day: date = SERVICE_DAY) -> list[list[dict[str, str]]]:
    """Return the calls of each trip of a route on a day."""
    running = services(content, day)
    trips = {t["trip_id"] for t in content["trips.txt"] if t["route_id"] == route and t["service_id"] in running}
    found: dict[str, list[dict[str, str]]] = {}
    for row in content["stop_times.txt"]:
        if row["trip_id"] in trips:
            found.setdefault(row["trip_id"], []).append(row)
    return list(found.values())


def test_the_script_writes_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "data" / "build_demo.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    made = {file.name for file in tmp_path.iterdir()}
    assert made == {file.name for file in DEMO.iterdir()} - HAND_WRITTEN
    differing = [name for name in sorted(made) if (tmp_path / name).read_bytes() != (DEMO / name).read_bytes()]
    assert not differing


def test_it_stays_below_three_megabytes() -> None:
    assert sum(file.stat().st_size for file in DEMO.rglob("*") if file.is_file()) <= 3_000_000


@pytest.mark.parametrize("name", ["README.md", "study.toml", "truths.json", "zones.geojson"])
def test_the_label_synthetic_is_on_every_file_that_can_carry_it(name: str) -> None:
    assert re.search("synth[eé]ti", (DEMO / name).read_text(encoding="utf-8"), re.IGNORECASE)


def test_the_label_is_on_the_feeds_and_the_streets(feeds: dict[str, dict[str, list[dict[str, str]]]]) -> None:
    for content in feeds.values():
        assert "synthetic" in content["feed_info.txt"][0]["feed_publisher_name"]
        assert "synthétique" in content["agency.txt"][0]["agency_name"]
    assert b"synthetic data" in bz2.decompress((DEMO / "streets.osm.bz2").read_bytes())[:2000]


def test_zip_entries_have_no_clock_and_no_compression() -> None:
    for name in FEEDS:
        with zipfile.ZipFile(DEMO / name) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(2026, 1, 1, 0, 0, 0)}
            assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


class TestStreets:
    def test_every_kind_of_street_is_there(self, osm: ET.Element) -> None:
        tags = Counter((tag.get("k"), tag.get("v")) for way in osm.iter("way") for tag in way.iter("tag"))
        for value in (
            "motorway",
            "motorway_link",
            "primary",
            "secondary",
            "tertiary",
            "unclassified",
            "residential",
            "living_street",
            "pedestrian",
            "footway",
            "cycleway",
            "steps",
            "service",
        ):
            assert tags["highway", value] > 0, value
        assert tags["oneway", "yes"] > 100
        assert tags["oneway:bicycle", "no"] > 30
        assert tags["cycleway", "track"] > 10
        assert tags["junction", "roundabout"] == 3
        assert tags["natural", "water"] == 1
        assert tags["railway", "tram"] == 1

    def test_signals_and_turn_restrictions(self, osm: ET.Element) -> None:
        signals = [n for n in osm.iter("node") for t in n.iter("tag") if t.get("v") == "traffic_signals"]
        assert len(signals) >= 10
        ways = {way.get("id"): [nd.get("ref") for nd in way.iter("nd")] for way in osm.iter("way")}
        relations = list(osm.iter("relation"))
        assert len(relations) == 3
        for relation in relations:
            member = {m.get("role"): m.get("ref") for m in relation.iter("member")}
            assert member["via"] in (ways[member["from"]][0], ways[member["from"]][-1])
            assert member["via"] in (ways[member["to"]][0], ways[member["to"]][-1])

    def test_references_are_whole_and_no_way_repeats_a_node(self, osm: ET.Element) -> None:
        nodes = {node.get("id") for node in osm.iter("node")}
        assert len(nodes) == len(list(osm.iter("node")))
        for way in osm.iter("way"):
            refs = [nd.get("ref") for nd in way.iter("nd")]
            assert len(refs) >= 2
            assert nodes.issuperset(refs)
            assert all(a != b for a, b in itertools.pairwise(refs))

    def test_the_river_has_few_bridges(self, osm: ET.Element) -> None:
        place = {n.get("id"): (float(n.get("lon", 0)), float(n.get("lat", 0))) for n in osm.iter("node")}
        water, crossing = None, []
        for way in osm.iter("way"):
            tags = {t.get("k"): t.get("v") for t in way.iter("tag")}
            line = [place[nd.get("ref")] for nd in way.iter("nd")]
            if tags.get("natural") == "water":
                water = shapely.Polygon(line)
            elif "highway" in tags:
                crossing.append((tags, shapely.LineString(line)))
        assert water is not None
        over = [tags for tags, line in crossing if line.intersects(water)]
        assert 5 <= len(over) <= 40
        assert all("bridge" in tags or tags["highway"] in ("cycleway", "motorway", "motorway_link") for tags in over)


class TestFeeds:
    @pytest.mark.parametrize("name", FEEDS)
    def test_references_are_whole(self, feeds: dict[str, dict[str, list[dict[str, str]]]], name: str) -> None:
        content = feeds[name]
        stops = {row["stop_id"] for row in content["stops.txt"]}
        trips = {row["trip_id"] for row in content["trips.txt"]}
        assert len(trips) == len(content["trips.txt"])
        assert len(stops) == len(content["stops.txt"])
        assert {row["stop_id"] for row in content["stop_times.txt"]} == stops
        assert {row["trip_id"] for row in content["stop_times.txt"]} == trips
        assert {row["route_id"] for row in content["trips.txt"]} == {row["route_id"] for row in content["routes.txt"]}
        assert all(row["stop_name"] for row in content["stops.txt"])
        assert len({row["stop_name"] for row in content["stops.txt"]}) == len(stops)

    @pytest.mark.parametrize("name", FEEDS)
    def test_times_never_run_backwards(self, feeds: dict[str, dict[str, list[dict[str, str]]]], name: str) -> None:
        trip, last = "", -1
        for row in feeds[name]["stop_times.txt"]:
            if row["trip_id"] != trip:
                trip, last = row["trip_id"], -1
                assert row["departure_time"]
            if row["departure_time"]:
                assert seconds(row["arrival_time"]) >= last
                last = seconds(row["departure_time"])

    def test_all_run_on_the_service_day_and_for_months_around(
        self, feeds: dict[str, dict[str, list[dict[str, str]]]]
    ) -> None:
        for content in feeds.values():
            assert services(content, SERVICE_DAY)
            for week in range(10):
                assert services(content, SERVICE_DAY + timedelta(days=7 * week))

    def test_school_and_holiday_services_take_turns(self, feeds: dict[str, dict[str, list[dict[str, str]]]]) -> None:
        urban = feeds["gtfs_urbain.zip"]
        assert services(urban, SERVICE_DAY) == {"SCOLAIRE"}
        assert services(urban, date(2026, 4, 14)) == {"VACANCES"}
        assert services(urban, date(2026, 5, 1)) == {"WEEKEND"}

    def test_each_feed_has_its_difficulty(self, feeds: dict[str, dict[str, list[dict[str, str]]]]) -> None:
        assert "calendar.txt" not in feeds["gtfs_interurbain.zip"]
        rail = feeds["gtfs_rail.zip"]
        blocks = Counter(row["block_id"] for row in rail["trips.txt"])
        assert set(blocks.values()) == {2}
        assert sum(row["arrival_time"] == "" for row in rail["stop_times.txt"]) > 100
        assert {row["exact_times"] for row in feeds["gtfs_voisinie.zip"]["frequencies.txt"]} == {"0", "1"}
        assert feeds["gtfs_voisinie.zip"]["agency.txt"][0]["agency_timezone"] != "Europe/Paris"
        late = max(seconds(row["departure_time"]) for row in feeds["gtfs_urbain.zip"]["stop_times.txt"])
        assert late > 28 * 3600

    def test_border_stops_stand_twice_within_thirty_metres(
        self, feeds: dict[str, dict[str, list[dict[str, str]]]]
    ) -> None:
        ours = {row["stop_name"]: row for row in feeds["gtfs_interurbain.zip"]["stops.txt"]}
        theirs = {row["stop_name"]: row for row in feeds["gtfs_voisinie.zip"]["stops.txt"]}
        for name in TRUTHS["border_gain"]["duplicated_stops"]:
            north = (float(ours[name]["stop_lat"]) - float(theirs[name]["stop_lat"])) * 111_200
            east = (
                (float(ours[name]["stop_lon"]) - float(theirs[name]["stop_lon"])) * 111_200 * np.cos(np.radians(50.2))
            )
            assert 5 < np.hypot(north, east) < 30


class TestPeople:
    def test_communes_tile_and_districts_lie_inside(self, zones: dict[str, tuple[str, str, shapely.Polygon]]) -> None:
        communes = [shape for _, kind, shape in zones.values() if kind in ("urban", "rural")]
        whole = shapely.union_all(communes)
        assert all(shape.is_valid for _, _, shape in zones.values())
        assert sum(shape.area for shape in communes) == pytest.approx(whole.area, rel=1e-6)
        districts = [shape for _, kind, shape in zones.values() if kind == "qpv"]
        assert len(districts) == 6
        assert all(any(commune.contains(shape) for commune in communes) for shape in districts)
        assert Counter(kind for _, kind, _ in zones.values()) == {"urban": 8, "rural": 25, "qpv": 6}

    def test_cells_are_populated_and_every_zone_has_some(
        self, zones: dict[str, tuple[str, str, shapely.Polygon]]
    ) -> None:
        points = table("points.csv")
        assert 1400 <= len(points) <= 1700
        assert len({row["point_id"] for row in points}) == len(points)
        x = np.array([float(row["lon"]) for row in points])
        y = np.array([float(row["lat"]) for row in points])
        for name, _, shape in zones.values():
            assert shapely.contains_xy(shape, x, y).sum() >= 5, name
        inside = np.zeros(len(points), dtype=int)
        for _, kind, shape in zones.values():
            if kind != "qpv":
                inside += shapely.contains_xy(shape, x, y)
        assert set(inside.tolist()) == {1}
        for row in points:
            people = int(row["population"])
            assert people >= 3
            assert 0 <= int(row["job_seekers"]) <= people
            assert 0 <= int(row["youth_15_24"]) <= people
            assert 0 <= int(row["poor_households"]) <= people
            assert row["imputed"] == ("true" if people / 2.25 < 11 else "false")


class TestSupply:
    def test_training(self) -> None:
        rows = table("training.csv")
        assert len({row["site_id"] for row in rows}) == 25
        assert len({row["metier"] for row in rows}) == 6
        assert {int(row["level"]) for row in rows} == {3, 4, 5, 6, 7}
        assert {row["voie"] for row in rows} == {"scolaire", "apprentissage", "continue"}
        modality = Counter(row["modality"] for row in rows)
        assert (modality["remote"], modality["mobile"]) == (1, 1)
        without = [row for row in rows if not row["lon"]]
        assert sorted(row["modality"] for row in without) == ["on_site", "remote"]
        assert all((row["position_quality"] == "none") == (not row["lon"]) for row in rows)
        assert all(0 <= int(row["filled"]) <= int(row["places"]) for row in rows)

    def test_employers(self) -> None:
        rows = table("employers.csv")
        assert len({row["site_id"] for row in rows}) == 80
        assert len({(row["site_id"], row["metier"], row["shift_start"]) for row in rows}) == len(rows)
        shifts = {(row["shift_start"], row["shift_end"]) for row in rows if "ZI des Laminoirs" in row["site_name"]}
        assert shifts == {("05:00", "13:00"), ("13:00", "21:00"), ("21:00", "29:00")}

    def test_the_full_metier_has_no_place_left(self) -> None:
        rows = [row for row in table("training.csv") if row["metier"] == TRUTHS["supply_full"]["metier"]]
        assert sum(int(row["places"]) for row in rows) == TRUTHS["supply_full"]["places"]
        assert all(row["places"] == row["filled"] for row in rows)


class TestPlantedTruths:
    """By counting in the files; tests of the stages check that the engine finds the same."""

    def test_no_bus_reaches_the_laminoirs_before_ten_past_six(
        self, feeds: dict[str, dict[str, list[dict[str, str]]]]
    ) -> None:
        urban = feeds["gtfs_urbain.zip"]
        stop = next(row["stop_id"] for row in urban["stops.txt"] if row["stop_name"] == "ZI des Laminoirs")
        arrivals = [row["arrival_time"] for row in urban["stop_times.txt"] if row["stop_id"] == stop]
        assert min(arrivals) == TRUTHS["industrial_zone_at_five"]["first_arrival"] == "06:10:00"
        trips = calls(urban, "L8")
        assert all(abs(seconds(t[-1]["arrival_time"]) - seconds(t[0]["departure_time"])) == 1200 for t in trips)

    def test_saint_aubrac_has_a_morning_bus_and_none_back_in_the_evening(
        self, feeds: dict[str, dict[str, list[dict[str, str]]]]
    ) -> None:
        trips = calls(feeds["gtfs_interurbain.zip"], "303")
        assert [t[0]["departure_time"] for t in trips] == ["08:08:00", "12:35:00"]
        first_stop = trips[0][0]["stop_id"]
        others = [r for r in feeds["gtfs_interurbain.zip"]["stop_times.txt"] if r["stop_id"] == first_stop]
        assert {row["trip_id"].split("-")[0] for row in others} == {"303"}

    def test_the_peninsula_is_a_long_walk_from_any_stop(self) -> None:
        truth = TRUTHS["walk_too_long"]
        assert truth["walk_limit_m"] == 20 / 60 * 4800
        assert truth["least_walk_m"] > truth["walk_limit_m"] * 1.05
        # 45 minutes of walking, the counterfactual, reach it from every cell.
        assert truth["most_walk_m"] < 45 / 60 * 4800

    def test_the_plateau_is_beyond_an_hour_by_car(self) -> None:
        truth = TRUTHS["plateau_beyond_by_car"]
        sites = {row["site_id"] for row in table("training.csv") if row["metier"] == truth["metier"]}
        assert sites == {"T22", "T23", "T24"}
        assert truth["least_min"] > 60

    def test_only_the_neighbours_bus_leaves_brugelle_in_time(
        self, feeds: dict[str, dict[str, list[dict[str, str]]]]
    ) -> None:
        ours = feeds["gtfs_interurbain.zip"]
        names = {row["stop_id"]: row["stop_name"] for row in ours["stops.txt"]}
        departures = [
            seconds(row["departure_time"])
            for row in ours["stop_times.txt"]
            if names[row["stop_id"]].startswith("Brugelle") and "-L0-" in row["trip_id"]
        ]
        assert min(departures) >= 9 * 3600
        frequent = [row for row in feeds["gtfs_voisinie.zip"]["frequencies.txt"] if row["trip_id"].startswith("71-")]
        assert {(r["trip_id"], r["start_time"]) for r in frequent} == {("71-0", "05:33:00"), ("71-1", "05:53:00")}
        assert {(r["headway_secs"], r["exact_times"]) for r in frequent} == {("1800", "1")}

    def test_no_stop_near_les_essarts(
        self,
        feeds: dict[str, dict[str, list[dict[str, str]]]],
        zones: dict[str, tuple[str, str, shapely.Polygon]],
    ) -> None:
        shape = zones[TRUTHS["car_only"]["zone_id"]][2]
        stops = [row for content in feeds.values() for row in content["stops.txt"]]
        x, y = (np.array([float(row[key]) for row in stops]) for key in ("stop_lon", "stop_lat"))
        assert not shapely.contains_xy(shape, x, y).any()

    def test_the_night_bus_is_there_before_five(self, feeds: dict[str, dict[str, list[dict[str, str]]]]) -> None:
        last = [t for t in calls(feeds["gtfs_urbain.zip"], "N1") if t[0]["departure_time"] == "28:15:00"]
        assert len(last) == 1
        assert seconds(last[0][-1]["arrival_time"]) - 86_400 < 4 * 3600 + 55 * 60
