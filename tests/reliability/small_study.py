"""A small sound study in its own folder, over straight lines: what the mutated ones are made from."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from geo_access.maps import sheet
from geo_access.study import run

STUDY = """
[study]
name = "Essai"
date = 2026-03-17
epsg = 2154

[network]
streets = "crow-fly"

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

[[metiers]]
code = "F1602"
name = "Électricité bâtiment"

[[metiers]]
code = "H2913"
name = "Soudage"

[[profiles]]
id = "velo"
name = "À vélo"
mode = "bike"

[[profiles]]
id = "voiture"
name = "En voiture"
mode = "car"

[[thresholds]]
id = "t"
name = "Trente minutes"
minutes = 30
kind = "training"
source = "essai"

[[thresholds]]
id = "e"
name = "Trente minutes"
minutes = 30
kind = "job"
source = "essai"

[[schedules]]
id = "jour"
name = "Jour"
kind = "training"
start = "09:00"
end = "17:00"

[output]
isochrone_minutes = [15, 30]
cell_m = 500
"""


def square(lon: float, name: str, kind: str) -> dict[str, Any]:
    """Feature of a zone, a tenth of a degree wide."""
    ring = [[lon, 50.0], [lon + 0.1, 50.0], [lon + 0.1, 50.1], [lon, 50.1], [lon, 50.0]]
    return {
        "type": "Feature",
        "properties": {"zone_id": f"z{lon:.1f}", "zone_name": name, "zone_kind": kind},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def zones() -> dict[str, Any]:
    features = [square(3.0, "Centre", "urban"), square(3.1, "Est", "qpv"), square(3.2, "Loin", "rural")]
    return {"type": "FeatureCollection", "features": features}


def points() -> list[dict[str, Any]]:
    return [{"point_id": f"p{i}", "lon": 3.03 + 0.08 * i, "lat": 50.05, "population": 2**i} for i in range(4)]


def training() -> list[dict[str, Any]]:
    site = {
        "site_name": "Lycée",
        "level": 3,
        "voie": "continue",
        "places": 5,
        "modality": "on_site",
        "lon": 3.02,
        "lat": 50.05,
    }
    return [{"site_id": f"t{code}", "metier": code, **site} for code in ("F1602", "H2913")]


def employers() -> list[dict[str, Any]]:
    job = {"metier": "F1602", "openings": 3, "shift_start": "08:00", "shift_end": "16:00", "lat": 50.05}
    return [{"site_id": f"e{i}", **job, "lon": 3.04 + i / 1e3} for i in range(3)]


def write_csv_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def osm_xml() -> str:
    """Streets of a grid of 6 × 3 crossings, 0.05° by 0.04°, over the three zones."""
    nodes = {(i, j): 100 + 10 * i + j for i in range(6) for j in range(3)}
    rows = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6' generator='drawn'>"]
    rows += [
        f"<node id='{n}' version='1' lat='{50.01 + 0.04 * j:.4f}' lon='{3.01 + 0.05 * i:.4f}'/>"
        for (i, j), n in nodes.items()
    ]
    lines = [[nodes[i, j] for i in range(6)] for j in range(3)] + [[nodes[i, j] for j in range(3)] for i in range(6)]
    for number, line in enumerate(lines, start=1):
        refs = "".join(f"<nd ref='{ref}'/>" for ref in line)
        rows.append(f"<way id='{number}' version='1'>{refs}<tag k='highway' v='residential'/></way>")
    return "\n".join([*rows, "</osm>"]) + "\n"


FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\na,Essai,https://example.org,Europe/Paris\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nA,Centre,50.05,3.02\nB,Est,50.05,3.12\nC,Loin,50.05,3.22\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nr,a,1,Ligne 1,3\n",
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "s,1,1,1,1,1,0,0,20260101,20261231\n"
    ),
    "trips.txt": "route_id,service_id,trip_id\nr,s,t1\nr,s,t2\nr,s,t3\nr,s,t4\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    + "".join(
        f"{trip},{hour:02d}:{minute:02d}:00,{hour:02d}:{minute:02d}:00,{stop},{k}\n"
        for trip, hour, stops in (("t1", 8, "CBA"), ("t2", 7, "CBA"), ("t3", 17, "ABC"), ("t4", 18, "ABC"))
        for k, (stop, minute) in enumerate(zip(stops, (5, 15, 25), strict=True))
    ),
}


def write_feed(path: Path, tables: dict[str, str]) -> None:
    """Write a GTFS zip of which every byte is known."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in tables.items():
            archive.writestr(zipfile.ZipInfo(name), text)


def write_transit_study(home: Path) -> Path:
    """Write the small study with streets and a bus line."""
    path = write_small_study(home)
    (home / "streets.osm").write_text(osm_xml(), "utf-8")
    write_feed(home / "bus.zip", FEED)
    text = path.read_text(encoding="utf-8")
    text = text.replace('streets = "crow-fly"', 'osm = ["streets.osm"]\ngtfs = ["bus.zip"]')
    path.write_text(text.replace('mode = "bike"', 'mode = "transit"', 1), encoding="utf-8")
    return path


def write_small_study(home: Path) -> Path:
    """Write the study's five files into a folder; give the study file."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "zones.geojson").write_text(json.dumps(zones(), ensure_ascii=False), "utf-8")
    for name, rows in (("points", points()), ("training", training()), ("employers", employers())):
        write_csv_rows(home / f"{name}.csv", rows)
    (home / "study.toml").write_text(STUDY, "utf-8")
    return home / "study.toml"


def leave_paper_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what is drawn for paper by empty files."""

    def sheets(_: Any, paths: list[Path], **__: Any) -> list[Path]:
        for path in paths:
            path.write_bytes(b"")
        return list(paths)

    def page(_: Any, path: Path, **__: Any) -> Path:
        path.write_bytes(b"")
        return path

    monkeypatch.setattr(sheet, "print_sheets", sheets)
    monkeypatch.setattr(sheet, "print_multiples", page)
    monkeypatch.setattr(run, "write_report", lambda *_: [])
