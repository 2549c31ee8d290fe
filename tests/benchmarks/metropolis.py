"""A synthetic metropolis of 1.2 million people: streets from tiles of a real extract, everything else from a seed."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from scipy.spatial import cKDTree

from tests.shared import shared_path

_CALLS, _RUNS = 22, 16
_SHIFTS = (("05:00", "13:00"), ("13:00", "21:00"), ("21:00", "29:00"), ("08:00", "16:30"))
_STEP = 10_000_000_000


@dataclass(frozen=True)
class Size:
    """How large a drawn territory is, and for how many hours of training it is asked."""

    people: int = 1_200_000
    points: int = 15_000
    sites: int = 300
    trips: int = 40_000
    metiers: int = 50
    zones: int = 300
    tiles: int = 16
    hours: tuple[tuple[str, str], ...] = (("09:00", "17:00"),)


METROPOLIS = Size()
# 3,000 lines, 3 million calls a day; 27 tiles of Porto are 2 million nodes.
REGION = Size(6_000_000, 150_000, 800, 136_000, 20, 4_000, 27, (("09:00", "17:00"), ("06:00", "14:00")))


def make_metropolis(folder: Path, *, share: float = 1.0, seed: int = 5, size: Size = METROPOLIS) -> Path:
    """Write a share of the metropolis as a study; points, sites, trips and tiles shrink together.

    Parameters
    ----------
    folder : pathlib.Path
    share : float
    seed : int
    size : Size

    Returns
    -------
    pathlib.Path
        The study file.
    """
    rng = np.random.default_rng(seed)
    places = _streets(folder / "streets.osm.pbf", side=max(1, round(math.sqrt(size.tiles * share))))
    n_points = round(size.points * share)
    homes = places[rng.choice(len(places), n_points, replace=len(places) < n_points)]
    homes = homes + rng.normal(size=homes.shape) * 2e-4
    people = rng.pareto(2.2, n_points) + 0.2
    people = np.maximum(1, np.round(people / people.sum() * size.people * share)).astype(int)
    rows = [[f"p{k}", f"{x:.6f}", f"{y:.6f}", n] for k, ((x, y), n) in enumerate(zip(homes.tolist(), people.tolist()))]
    _table(folder / "points.csv", ["point_id", "lon", "lat", "population"], rows)
    _zones(folder / "zones.geojson", homes, max(1, round(math.sqrt(size.zones * share))))
    sites = places[rng.choice(len(places), round(size.sites * share))]
    _supply(folder, rng, sites, size)
    _feed(folder / "feed.zip", rng, places, max(2, round(size.trips * share / (2 * _RUNS))))
    study = folder / "study.toml"
    study.write_text(_study(size), encoding="utf-8")
    return study


def _streets(path: Path, *, side: int) -> np.ndarray:
    """Copy the extract side × side times, joined at the borders; where its junctions are, float64 (n, 2) [degrees]."""
    source = shared_path("osm/porto_portugal.osm.pbf")
    nodes = {node.id: (node.location.lon, node.location.lat) for node in _objects(source, "n")}
    ways = [
        (way.id, dict(way.tags), [ref.ref for ref in way.nodes])
        for way in _objects(source, "w")
        if "highway" in way.tags
    ]
    used = np.array(sorted({ref for _, _, refs in ways for ref in refs if ref in nodes}))
    xy = np.array([nodes[ref] for ref in used.tolist()])
    step = np.ptp(xy, axis=0) + 2e-4
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for k in range(side * side):
            shift = step * (k % side, k // side)
            for ref, (x, y) in zip(used.tolist(), (xy + shift).tolist()):
                writer.add_node(osmium.osm.mutable.Node(id=k * _STEP + ref, location=(x, y), version=1))
        for k in range(side * side):
            for number, tags, refs in ways:
                whole = [k * _STEP + ref for ref in refs if ref in nodes]
                if len(whole) > 1:
                    way = osmium.osm.mutable.Way(id=k * _STEP + number, nodes=whole, tags=tags, version=1)
                    writer.add_way(way)
        for number, (a, b) in enumerate(_joins(xy, step, side)):
            refs = [tile * _STEP + int(used[row]) for tile, row in (a, b)]
            tags = {"highway": "secondary"}
            writer.add_way(osmium.osm.mutable.Way(id=side**2 * _STEP + number + 1, nodes=refs, tags=tags, version=1))
    drawn = np.array([nodes[refs[0]] for _, tags, refs in ways if tags["highway"] in _LIVED and refs[0] in nodes])
    return np.concatenate([drawn + step * (k % side, k // side) for k in range(side * side)])


_LIVED = ("residential", "tertiary", "secondary", "unclassified", "living_street")


def _objects(path: Path, kinds: str) -> Iterator[Any]:
    wanted = {"n": osmium.osm.NODE, "w": osmium.osm.WAY}[kinds]
    yield from osmium.FileProcessor(str(path), wanted)


def _joins(xy: np.ndarray, step: np.ndarray, side: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs of (tile, row) that join neighbouring tiles, eight a border."""
    tree, low, high = cKDTree(xy), xy.min(axis=0), xy.max(axis=0)
    for k in range(side * side):
        for axis, other in ((0, k + 1 if k % side < side - 1 else -1), (1, k + side if k // side < side - 1 else -1)):
            for along in np.linspace(0.1, 0.9, 8) if other >= 0 else ():
                end, start = high.copy(), low.copy()
                end[1 - axis] = start[1 - axis] = low[1 - axis] + along * step[1 - axis]
                yield (k, int(tree.query(end)[1])), (other, int(tree.query(start)[1]))


def _table(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])


def _zones(path: Path, homes: np.ndarray, side: int) -> None:
    (west, south), (east, north) = homes.min(axis=0) - 1e-3, homes.max(axis=0) + 1e-3
    x, y = np.linspace(west, east, side + 1), np.linspace(south, north, side + 1)
    features = []
    for i in range(side):
        for j in range(side):
            ring = [[x[i], y[j]], [x[i + 1], y[j]], [x[i + 1], y[j + 1]], [x[i], y[j + 1]], [x[i], y[j]]]
            properties = {"zone_id": f"z{i}_{j}", "zone_name": f"Zone {i}.{j}", "zone_kind": "commune"}
            shape = {"type": "Polygon", "coordinates": [ring]}
            features.append({"type": "Feature", "properties": properties, "geometry": shape})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def _codes(size: Size) -> list[str]:
    return [f"A{1000 + k}" for k in range(size.metiers)]


def _supply(folder: Path, rng: np.random.Generator, sites: np.ndarray, size: Size) -> None:
    codes, taught = _codes(size), round(0.4 * len(sites))
    training, jobs = [], []
    for k, (x, y) in enumerate(sites.tolist()):
        here = ["exact", f"{x:.6f}", f"{y:.6f}"]
        for metier in rng.choice(codes, 5, replace=False).tolist():
            if k < taught:
                places = int(rng.integers(8, 30))
                filled = int(rng.integers(0, places + 1))
                training.append([f"T{k}", f"School {k}", metier, 3, places, filled, "on_site", *here])
            else:
                start, end = _SHIFTS[int(rng.integers(len(_SHIFTS)))]
                jobs.append([f"E{k}", f"Works {k}", metier, int(rng.integers(1, 20)), start, end, *here])
    where = ["position_quality", "lon", "lat"]
    head = ["site_id", "site_name", "metier"]
    _table(folder / "training.csv", [*head, "level", "places", "filled", "modality", *where], training)
    _table(folder / "employers.csv", [*head, "openings", "shift_start", "shift_end", *where], jobs)


def _feed(path: Path, rng: np.random.Generator, places: np.ndarray, n_lines: int) -> None:
    """Write lines of 22 stops at junctions along a straight line, both ways, at headways that follow the hour."""
    tree, low, high = cKDTree(places), places.min(axis=0), places.max(axis=0)
    stops: dict[int, str] = {}
    trips, times = io.StringIO(), io.StringIO()
    trips.write("route_id,service_id,trip_id,trip_headsign\n")
    times.write("trip_id,arrival_time,departure_time,stop_id,stop_sequence\n")
    for line in range(n_lines):
        start, end = rng.uniform(low, high), rng.uniform(low, high)
        along = start + np.linspace(0, 1, _CALLS)[:, None] * (end - start) * min(1.0, 0.12 / np.hypot(*(end - start)))
        order = list(dict.fromkeys(tree.query(along)[1].tolist()))
        minutes = np.concatenate(([0], np.cumsum(rng.integers(1, 4, len(order) - 1)))) if len(order) > 1 else [0]
        for way in (order, order[::-1]) if len(order) > 1 else ():
            begins = np.sort(rng.triangular(4.75 * 60, 8 * 60, 23 * 60, _RUNS)).astype(int)
            for number, begin in enumerate(begins.tolist()):
                trip = f"t{line}_{way[0]}_{number}"
                trips.write(f"L{line},all,{trip},To {way[-1]}\n")
                for k, stop in enumerate(way):
                    stops.setdefault(stop, f"S{stop}")
                    at = begin + int(minutes[k])
                    clock = f"{at // 60:02d}:{at % 60:02d}:00"
                    times.write(f"{trip},{clock},{clock},S{stop},{k}\n")
    lines = "".join(f"{name},Stop {k},{places[k][1]:.6f},{places[k][0]:.6f}\n" for k, name in stops.items())
    texts = {
        "agency": "agency_id,agency_name,agency_url,agency_timezone\na,Drawn,http://example.org,Europe/Lisbon\n",
        "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "all,1,1,1,1,1,1,1,20260101,20261231\n",
        "routes": "route_id,agency_id,route_short_name,route_type\n"
        + "".join(f"L{line},a,L{line},3\n" for line in range(n_lines)),
        "stops": "stop_id,stop_name,stop_lat,stop_lon\n" + lines,
        "trips": trips.getvalue(),
        "stop_times": times.getvalue(),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as feed:
        for name, text in texts.items():
            feed.writestr(f"{name}.txt", text)


def _study(size: Size) -> str:
    metiers = "".join(
        f'[[metiers]]\ncode = "{code}"\nname = "Métier {code}"\nfamily = "F{k % 9}"\n\n'
        for k, code in enumerate(_codes(size))
    )
    profiles = "".join(
        f'[[profiles]]\nid = "{name}"\nname = "{name}"\nmode = "{mode}"\n\n'
        for name, mode in (("bus", "transit"), ("bike_bus", "bike+transit"), ("car", "car"))
    )
    thresholds = "".join(
        f'[[thresholds]]\nid = "{kind}"\nname = "{kind}"\nminutes = 60\nkind = "{kind}"\nsource = "drawn"\n\n'
        for kind in ("training", "job")
    )
    schedules = "".join(
        f'[[schedules]]\nid = "{name}"\nname = "{name}"\nkind = "{kind}"\nstart = "{start}"\nend = "{end}"\n\n'
        for name, kind, start, end in (
            *((f"day{k or ''}", "training", *hours) for k, hours in enumerate(size.hours)),
            ("early", "job", "05:00", "13:00"),
        )
    )
    tables = "".join(
        f'[{name}]\nfile = "{file}"\n{crs}source = "drawn"\n\n'
        for name, file, crs in (
            ("origins.zones", "zones.geojson", ""),
            ("origins.points", "points.csv", "crs = 4326\n"),
            ("training", "training.csv", "crs = 4326\n"),
            ("employers", "employers.csv", "crs = 4326\n"),
        )
    )
    return (
        '[study]\nname = "Metropolis"\ndate = 2026-03-17\nepsg = 32629\nsynthetic = true\n\n'
        '[network]\nstreets = "osm"\nosm = ["streets.osm.pbf"]\ngtfs = ["feed.zip"]\n\n'
        + tables
        + metiers
        + profiles
        + thresholds
        + schedules
    )
