"""Small studies drawn from a seed, straight lines for streets: towns, lines, sessions, shifts, edits of all kinds."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

from pyproj import Transformer

from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed

METIERS = ("M0001", "M0002", "M0003")
_TO_DEGREES = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
_STUDY = """[study]
name = "Drawn"
date = 2026-03-17
epsg = {epsg}

[network]
streets = "crow-fly"
gtfs = ["feed.zip"]
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
source = "drawn"

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


def write_world(folder: Path, *, seed: int) -> Path:
    """Write a study; everything in it is decided by the seed."""
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
    metiers = "".join(f'[[metiers]]\ncode = "{code}"\nname = "{code}"\n\n' for code in METIERS)
    study = folder / "study.toml"
    study.write_text(_STUDY.format(epsg=ORIGIN_EPSG, metiers=metiers, least=pick.choice((1, 1, 8))), encoding="utf-8")
    return study


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
                trips.append({"calls": calls, "route": f"L{line}", "trip_id": name, "headsign": way[-1]})
    return stops, trips


def random_edits(pick: random.Random, study: Path) -> list[dict[str, Any]]:
    """Draw one to three changes that name what the study holds; some of them cannot be applied together."""
    with (study.parent / "training.csv").open(encoding="utf-8") as stream:
        sessions = list(csv.DictReader(stream))
    with (study.parent / "employers.csv").open(encoding="utf-8") as stream:
        shifts = list(csv.DictReader(stream))
    return [_edit(pick, sessions, shifts) for _ in range(pick.randint(1, 3))]


def _edit(pick: random.Random, sessions: list[dict[str, str]], shifts: list[dict[str, str]]) -> dict[str, Any]:
    session, shift = pick.choice(sessions), pick.choice(shifts)
    lon = round(float(session["lon"]) + pick.uniform(-0.02, 0.02), 6)
    here = {"lon": lon, "lat": float(session["lat"]), "name": f"New {lon}"}
    line, start = f"L{pick.randint(0, 2)}", pick.randint(300, 1_200)
    window = {"start": _clock(start), "end": _clock(start + 180)}
    kinds: list[dict[str, Any]] = [
        {"change": "session_added", "metier": pick.choice(METIERS), "level": 3, "places": pick.randint(1, 9), **here},
        {"change": "session_moved", "origin": session["site_id"], **here},
        {"change": "session_closed", "site": session["site_id"], "metier": session["metier"]},
        {"change": "hours_moved", "site": shift["site_id"], "start": shift["shift_start"], "end": shift["shift_end"]}
        | {"new_start": _clock(start), "new_end": _clock(start + 480)},
        {"change": "threshold", "id": pick.choice("tj"), "minutes": pick.randint(5, 70)},
        {"change": "rules", "min_opportunities": pick.randint(1, 12)},
        {"change": "headway", "line": line, "headway_min": pick.choice((7, 15, 45)), **window},
        {"change": "shift_trips", "line": line, "minutes": pick.choice((-20, 5, 30)), **window},
        {"change": "close_line", "line": line},
        {"change": "repeat_trip", "line": line, "near": _clock(start), "start": _clock(start + 11)},
        {"change": "cancel_trips", "share": 0.4, "seed": start},
        {"change": "line_booked", "line": line},
        {"change": "add_line", "line": "N1", "stops": ["S00", "S11"], "headway_min": 20, **window},
    ]
    return pick.choice(kinds)
