"""Small studies drawn from a seed: towns, streets or straight lines, lines, sessions, shifts, edits of all kinds."""

from __future__ import annotations

import csv
import itertools
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyproj import Transformer

from geo_access.network.model import Network
from geo_access.study.scenario import Assumptions
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed

METIERS = ("M0001", "M0002", "M0003")
_TO_DEGREES = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
_STUDY = """[study]
name = "Drawn"
date = 2026-03-17
epsg = {epsg}

[network]
{streets}
gtfs = [{feeds}]
max_transfer_min = 10

[origins.zones]
file = "zones.geojson"

[origins.points]
file = "points.csv"
crs = 4326

[training]
file = "training.csv"
crs = 4326

[employers]
file = "employers.csv"
crs = 4326

{metiers}
[[profiles]]
id = "bus"
name = "Bus"
mode = "transit"
max_access_min = 12

[[profiles]]
id = "car"
name = "Car"
mode = "car"

[[thresholds]]
id = "t"
name = "To training"
minutes = 30
kind = "training"
{near}source = "drawn"

[[thresholds]]
id = "j"
name = "To work"
minutes = 25
kind = "job"
source = "drawn"

[[schedules]]
id = "day"
name = "Day"
kind = "training"
start = "09:00"
end = "17:00"

[[schedules]]
id = "early"
name = "Early"
kind = "job"
start = "06:00"
end = "14:00"

[flag]
min_opportunities = {least}
"""


def degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place [m from the origin]."""
    lon, lat = _TO_DEGREES.transform(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)
    return round(lon, 6), round(lat, 6)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_world(folder: Path, *, seed: int, drawn: bool = False, km: float | None = None) -> Path:
    """Write a study; all in it is decided by the seed; `drawn` for streets; `km` that a threshold counts too."""
    pick = random.Random(seed)  # noqa: S311 — not for secrets
    n_towns = pick.randint(2, 4)
    towns = [(pick.uniform(0, 14_000), pick.uniform(0, 9_000)) for _ in range(n_towns)]
    zones, points = [], []
    for z, (x, y) in enumerate(towns):
        ring = [
            degrees(x + dx, y + dy) for dx, dy in ((-900, -900), (900, -900), (900, 900), (-900, 900), (-900, -900))
        ]
        properties = {"zone_id": f"z{z}", "zone_name": f"Town {z}", "zone_kind": "commune"}
        zones.append(
            {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        )
        for p in range(pick.randint(3, 8)):
            lon, lat = degrees(x + pick.uniform(-700, 700), y + pick.uniform(-700, 700))
            points.append({"point_id": f"p{z}_{p}", "lon": lon, "lat": lat, "population": pick.randint(1, 90)})
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": zones}))
    _rows(folder / "points.csv", points)
    _rows(folder / "training.csv", _sessions(pick, towns))
    _rows(folder / "employers.csv", _shifts(pick, towns))
    stops, trips = _service(pick, towns)
    write_feed(folder / "feed.zip", stops, trips)
    # Next year's timetable: the same stops and lines, every trip nine minutes later and a third of them gone.
    write_feed(folder / "next_year.zip", stops, [_later(trip, 9) for k, trip in enumerate(trips) if k % 3])
    feeds = ['"feed.zip"']
    if seed % 3 == 2:
        _rail(folder / "rail.zip", towns)
        feeds.append('"rail.zip"')
    if drawn:
        _streets(folder, towns)
    streets = 'streets = "osm"\nosm = ["streets.osm"]' if drawn else 'streets = "crow-fly"'
    metiers = "".join(f'[[metiers]]\ncode = "{code}"\nname = "{code}"\n\n' for code in METIERS)
    study = folder / "study.toml"
    study.write_text(
        _STUDY.format(
            epsg=ORIGIN_EPSG,
            feeds=", ".join(feeds),
            streets=streets,
            metiers=metiers,
            least=pick.choice((1, 1, 8)),
            near="" if km is None else f'kilometres = {km}\nmeasured = "crow_fly"\n',
        ),
        encoding="utf-8",
    )
    return study


def _later(trip: dict[str, Any], minutes: int) -> dict[str, Any]:
    words = trip["calls"].split()
    calls = "  ".join(
        f"{stop} {_clock(int(at[:2]) * 60 + int(at[3:]) + minutes)}" for stop, at in zip(words[::2], words[1::2])
    )
    return trip | {"calls": calls}


def _rail(path: Path, towns: list[tuple[float, float]]) -> None:
    """Write the feed of another operator: a train each hour from town to town and back."""
    stops = {f"R{z}": (x + 60, y - 40) for z, (x, y) in enumerate(towns)}
    trips = []
    for way in (sorted(stops), sorted(stops, reverse=True)):
        for start in range(310, 1_300, 60):
            calls = "  ".join(f"{stop} {_clock(start + 6 * k)}" for k, stop in enumerate(way))
            trips.append({"calls": calls, "route_id": "TER", "trip_id": f"r{way[0]}_{start}", "headsign": way[-1]})
    write_feed(path, stops, trips)


_STEP_M, _SIDE = 300, 7


def _streets(folder: Path, towns: list[tuple[float, float]]) -> None:
    """Write a grid of streets for each town and roads between them, and two drafts of an editor on top of it.

    ``opened.osm`` joins the first town to the last by a straight road; ``closed.osm`` takes the first road away.
    """
    nodes, ways, middles = [], [], []
    for z, (x, y) in enumerate(towns):
        first = 1 + z * _SIDE * _SIDE
        for k in range(_SIDE * _SIDE):
            i, j = k % _SIDE - _SIDE // 2, k // _SIDE - _SIDE // 2
            nodes.append((first + k, degrees(x + i * _STEP_M, y + j * _STEP_M)))
        rows = [[first + j * _SIDE + i for i in range(_SIDE)] for j in range(_SIDE)]
        ways += [(refs, "residential") for refs in [*rows, *map(list, zip(*rows))]]
        middles.append(first + _SIDE * _SIDE // 2)
    roads = [([a, b], "secondary") for a, b in itertools.pairwise(middles)]
    ways = [*roads, *ways]
    _osm(folder / "streets.osm", nodes, [(k, refs, kind, "") for k, (refs, kind) in enumerate(ways, start=1)])
    place = dict(nodes)
    ends = [(ref, place[ref]) for ref in (middles[0], middles[-1])]
    between = tuple(round((ends[0][1][k] + ends[1][1][k]) / 2, 6) for k in (0, 1))
    _osm(folder / "opened.osm", [*ends, (-1, between)], [(-2, [middles[0], -1, middles[-1]], "primary", "")])
    gone = [(1, roads[0][0], "secondary", " action='delete'")]
    _osm(folder / "closed.osm", [(ref, place[ref]) for ref in roads[0][0]], gone)


def _osm(path: Path, nodes: list[Any], ways: list[tuple[int, list[int], str, str]]) -> None:
    rows = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6' generator='drawn'>"]
    rows += [f"<node id='{number}' version='1' lat='{lat}' lon='{lon}'/>" for number, (lon, lat) in nodes]
    for number, refs, kind, more in ways:
        inside = "".join(f"<nd ref='{ref}'/>" for ref in refs) + f"<tag k='highway' v='{kind}'/>"
        rows.append(f"<way id='{number}' version='1'{more}>{inside}</way>")
    path.write_text("\n".join([*rows, "</osm>"]), encoding="utf-8")


def _place(pick: random.Random, towns: list[tuple[float, float]]) -> tuple[float, float]:
    x, y = pick.choice(towns)
    return degrees(x + pick.uniform(-600, 600), y + pick.uniform(-600, 600))


def _sessions(pick: random.Random, towns: list[tuple[float, float]]) -> list[dict[str, Any]]:
    rows = []
    for number in range(pick.randint(2, 4)):
        lon, lat = _place(pick, towns)
        for metier in pick.sample(METIERS[:2], pick.randint(1, 2)):
            places = pick.randint(1, 12)
            row = {"site_id": f"T{number}", "site_name": f"School {number}", "metier": metier, "level": 3}
            row |= {"places": places, "filled": pick.randint(0, places), "modality": "on_site"}
            rows.append(row | {"position_quality": pick.choice(("exact", "commune")), "lon": lon, "lat": lat})
    return rows


def _shifts(pick: random.Random, towns: list[tuple[float, float]]) -> list[dict[str, Any]]:
    rows = []
    for number in range(pick.randint(2, 4)):
        lon, lat = _place(pick, towns)
        for start, end in pick.sample([("06:00", "14:00"), ("14:00", "22:00"), ("08:00", "16:30")], pick.randint(1, 2)):
            row = {"site_id": f"E{number}", "site_name": f"Works {number}", "metier": pick.choice(METIERS)}
            row |= {"openings": pick.randint(1, 9), "shift_start": start, "shift_end": end}
            rows.append(row | {"position_quality": "exact", "lon": lon, "lat": lat})
    return rows


def _service(pick: random.Random, towns: list[tuple[float, float]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    stops = {f"S{z}{k}": (x + 350 * k, y + 200 * k) for z, (x, y) in enumerate(towns) for k in range(2)}
    trips = []
    for line in range(pick.randint(2, 3)):
        order = pick.sample(sorted(stops), min(len(stops), pick.randint(3, 5)))
        headway = pick.choice((20, 30, 60))
        for way in (order, order[::-1]):
            for number, start in enumerate(range(pick.randint(300, 400), 1_300, headway)):
                calls = "  ".join(f"{stop} {_clock(start + 7 * k)}" for k, stop in enumerate(way))
                name = f"t{line}_{way[0]}_{number}"
                trips.append({"calls": calls, "route_id": f"L{line}", "trip_id": name, "headsign": way[-1]})
    return stops, trips


def random_edits(pick: random.Random, study: Path) -> list[dict[str, Any]]:
    """Draw one to three changes that name what the study holds; some of them cannot be applied together."""
    with (study.parent / "training.csv").open(encoding="utf-8") as stream:
        sessions = list(csv.DictReader(stream))
    with (study.parent / "employers.csv").open(encoding="utf-8") as stream:
        shifts = list(csv.DictReader(stream))
    return [_edit(pick, study.parent, sessions, shifts) for _ in range(pick.randint(1, 3))]


def _edit(
    pick: random.Random, folder: Path, sessions: list[dict[str, str]], shifts: list[dict[str, str]]
) -> dict[str, Any]:
    session, shift = pick.choice(sessions), pick.choice(shifts)
    lon = round(float(session["lon"]) + pick.uniform(-0.02, 0.02), 6)
    here = {"lon": lon, "lat": float(session["lat"]), "name": f"New {lon}"}
    line, start = f"L{pick.randint(0, 2)}", pick.randint(300, 1_200)
    window = {"start": _clock(start), "end": _clock(start + 180)}
    place = {"metier": pick.choice(METIERS), "level": 3, "places": pick.randint(1, 9)}
    stop = {"name": "New stop", "lon": round(float(session["lon"]) + 0.001, 6), "lat": here["lat"]}
    near, away = pick.choice(("S00", "S01")), pick.choice(("S10", "S11"))
    kinds: list[dict[str, Any]] = [
        {"change": "session_added", **place, **here},
        {"change": "session_added", **place, "site": session["site_id"]},
        {"change": "session_moved", "origin": session["site_id"], **here},
        {"change": "session_closed", "site": session["site_id"], "metier": session["metier"]},
        {"change": "session_closed", "site": session["site_id"]},
        {"change": "hours_moved", "site": shift["site_id"], "start": shift["shift_start"], "end": shift["shift_end"]}
        | {"new_start": _clock(start), "new_end": _clock(start + 480)},
        {"change": "threshold", "id": pick.choice("tj"), "minutes": pick.randint(5, 70)},
        {"change": "rules", "min_opportunities": pick.randint(1, 12)},
        {"change": "rules", "adequate_share": 0.95, "fragile_share": pick.choice((0.3, 0.6))},
        {"change": "fare_free"},
        *_service_edits(pick, line, start),
        {"change": "add_line", "line": "N1", "stops": ["S00", stop, "S11"], "headway_min": 20, **window}
        | {"minutes": [6, 7]},
        {"change": "add_line", "line": "N2", "stops": [near, away], "headway_min": 30, **window},
        {"change": "extend_line", "line": line, "terminus": pick.choice((near, away)), "stops": [stop], "minutes": [4]},
        {"change": "divert_line", "line": line, "leave": near, "join": away, "stops": [stop], "minutes": [5, 5]},
        {"change": "replace_feed", "feed": "feed", "file": str(folder / "next_year.zip")},
    ]
    if (folder / "rail.zip").exists():
        kinds += [{"change": "close_feed", "feed": pick.choice(("feed", "rail"))}, _headway_of_trains(pick)]
    if (folder / "streets.osm").exists():
        kinds += [
            {"change": "streets", "file": str(folder / f"{name}.osm")}
            for name in ("opened", "closed")
            for _ in range(2)
        ]
    return pick.choice(kinds)


def _headway_of_trains(pick: random.Random) -> dict[str, Any]:
    return {"change": "headway", "line": "TER", "headway_min": pick.choice((20, 90)), "start": "05:00", "end": "20:00"}


def _service_edits(pick: random.Random, line: str, start: int) -> list[dict[str, Any]]:
    """Draw changes of trips and lines that exist."""
    window = {"start": _clock(start), "end": _clock(start + 180)}
    stop, other = pick.sample(("S00", "S01", "S10", "S11"), 2)
    calls = [[stop, _clock(start)], [other, _clock(start + pick.randint(3, 20))]]
    return [
        {"change": "headway", "line": line, "headway_min": pick.choice((7, 15, 45)), **window},
        {"change": "shift_trips", "line": line, "minutes": pick.choice((-20, 5, 30)), **window},
        {"change": "remove_trips", "line": line, **window},
        {"change": "hold_connection", "stop": stop, "line": line, "feeder": f"L{pick.randint(0, 2)}"}
        | {"minutes": pick.choice((3, 8, 20)), **pick.choice(({}, window, {"change_min": 2}))},
        {"change": "add_trip", "trip": f"more {start}", "line": line, "calls": calls},
        {"change": "close_line", "line": line},
        {"change": "close_stop", "stop": stop},
        {"change": "repeat_trip", "line": line, "near": _clock(start), "start": _clock(start + 11)},
        {"change": "cancel_trips", "share": 0.4, "seed": start},
        {"change": "cancel_trips", "share": 0.5, "seed": start, "line": line},
        {"change": "line_booked", "line": line},
    ]


def anew(network: Network) -> Network:
    """Return the same network without what is known of where its trips come from: nothing is carried then."""
    timetable = network.timetable
    return network if timetable is None else replace(network, timetable=replace(timetable))


def recomputed(assumed: Assumptions) -> Assumptions:
    """Return the same assumptions on such a network."""
    return replace(assumed, network=anew(assumed.network))
