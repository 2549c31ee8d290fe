"""Random little worlds: written as files (streets as OSM XML, a feed as GTFS text), and read plainly for the oracle.

All lengths are multiples of 40 m and speeds divide them, so that every walk is a whole number of seconds whatever the
rounding; limits are chosen so that no walk is exactly as long as one.
"""

from __future__ import annotations

import heapq
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
from pyproj import Transformer
from shapely import Point

from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.timetable.runs import Headways
from geo_access.routing.query import Query
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, feed_tables, table_text, write_tables
from tests.oracle import INF, Call, Door, Journeys, Walks

BIKE_KMH = 18.0
REACH_S = 601
ZONE = "Europe/Paris"
EVENING_S = 4 * 3600
DAYS = (date(2026, 3, 17), date(2026, 3, 17), date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25))
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
XY = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """Somewhere along a street, perhaps set back from it; a street of −1 is nowhere near one."""

    street: int
    along_m: float
    back_m: float
    xy: XY


@dataclass(frozen=True)
class Street:
    """Between two corners; bicycles along it and against it."""

    a: int
    b: int
    length_m: float
    bikes: tuple[bool, bool]


@dataclass
class World:
    """What is drawn; times of trips are on the clock of `day`."""

    day: date
    corners: dict[int, XY]
    streets: list[Street]
    stops: list[Place]
    homes: list[Place]
    sites: list[Place]
    walk_kmh: float
    trips: list[dict] = field(default_factory=list)
    services: dict[str, tuple[set[int], set[date], set[date]]] = field(default_factory=dict)
    transfers: list[dict] = field(default_factory=list)
    frequencies: list[dict] = field(default_factory=list)
    expected_wait: bool = False
    route_types: dict[str, int] = field(default_factory=dict)
    zones: list[tuple[float, float, float, float]] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)
    flex: list[dict] = field(default_factory=list)
    stations: list[list[int]] = field(default_factory=list)
    ways: list[tuple[str, str, int, bool]] = field(default_factory=list)


def origin_s(day: date) -> float:
    """Noon minus twelve hours, in seconds of the epoch."""
    return datetime.combine(day, time(12), ZoneInfo(ZONE)).timestamp() - 12 * 3600


def shift_s(world: World, relative: int) -> int:
    return round(origin_s(world.day + timedelta(days=relative)) - origin_s(world.day))


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def random_world(rng: np.random.Generator, *, apart_m: float = 0.0) -> World:
    """Draw streets, stops along them, and a feed with everything that real ones have; two towns `apart_m` away."""
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    xs = np.concatenate(([0.0], np.cumsum(rng.choice([160, 240, 400], columns - 1))))
    ys = np.concatenate(([0], np.cumsum(rng.choice([160, 240, 400], rows - 1))))
    xs[(columns + 1) // 2 :] += apart_m
    corners = {r * columns + c: (float(xs[c]), float(ys[r])) for r in range(rows) for c in range(columns)}
    pairs = [(k, k + 1) for k in corners if (k + 1) % columns] + [
        (k, k + columns) for k in corners if k + columns in corners
    ]
    streets, joined = [], {k: k for k in corners}
    for k in rng.permutation(len(pairs)).tolist():
        a, b = pairs[k]
        length = abs(corners[a][0] - corners[b][0]) + abs(corners[a][1] - corners[b][1])
        if joined[a] != joined[b]:
            joined = {c: joined[b] if j == joined[a] else j for c, j in joined.items()}
            streets.insert(0, Street(a, b, length, (True, True)))
        elif rng.random() < 0.6:
            streets.append(Street(a, b, length, [(True, True), (True, False), (False, False)][int(rng.integers(3))]))
    n_tree = len(corners) - 1
    taken: set[Place] = set()
    back_m = [0.0, 40.0, -40.0] if rng.random() < 0.5 else [0.0]

    def place() -> Place:
        while True:
            k = int(rng.integers(n_tree))
            street = streets[k]
            along = float(rng.choice(np.arange(80, street.length_m, 80)))
            back = float(rng.choice(back_m)) if 80 <= along <= street.length_m - 80 else 0.0
            (ax, ay), (bx, by) = corners[street.a], corners[street.b]
            dx, dy = (bx - ax) / street.length_m, (by - ay) / street.length_m
            found = Place(k, along, abs(back), (ax + dx * along - dy * back, ay + dy * along + dx * back))
            if found not in taken:
                taken.add(found)
                return found

    n_places = sum(int(street.length_m // 80) - 1 for street in streets[:n_tree])
    stops = [place() for _ in range(min(int(rng.integers(2, 8)), n_places - 1))]
    if len(back_m) == 1:
        taken.clear()
    n_places -= len(taken)
    homes = [place() for _ in range(min(int(rng.integers(1, 4)), n_places))]
    sites = [place() for _ in range(min(int(rng.integers(1, 3)), n_places - len(homes)))] or [homes[0]]
    if rng.random() < 0.1:
        homes.append(Place(-1, 0, 0, (-900.0, -900.0)))
    speeds = [3.6, 4.8] if len(back_m) > 1 else [3.6, 4.8, 6.0]
    world = World(DAYS[int(rng.integers(len(DAYS)))], corners, streets, stops, homes, sites, float(rng.choice(speeds)))
    _draw_feed(world, rng, base_s=int(rng.choice([300, 8 * 3600, 8 * 3600, 24 * 3600 + 900])))
    return world


def _draw_feed(world: World, rng: np.random.Generator, *, base_s: int) -> None:
    world.base_s = base_s
    world.expected_wait = bool(rng.random() < 0.3)
    world.route_types = {f"r{k}": int(rng.choice([3, 3, 712, 713])) for k in (1, 2)}
    day, every = world.day, set(range(7))
    tomorrow, yesterday = day + timedelta(days=1), day - timedelta(days=1)
    world.services = {
        "daily": (every, set(), set()),
        "today": (set(), {day}, set()),
        "not today": (every, set(), {day}),
        "weekday": ({day.weekday()}, set(), set()),
        "yesterday": (set(), {yesterday}, set()),
        "tomorrow": ({tomorrow.weekday()}, set(), {day}),
    }
    n, grain_s = len(world.stops), int(rng.choice([60, 20]))
    patterns = [rng.integers(0, n, int(rng.integers(2, 6))) for _ in range(int(rng.integers(1, 5)))]
    for _ in range(int(rng.integers(2, 13))):
        service = str(rng.choice(["daily", "daily", "today", "weekday", "yesterday", "tomorrow", "not today"]))
        relative = {"yesterday": -1, "tomorrow": 1, "not today": -1}.get(service, 0)
        now = base_s + int(rng.integers(-5, 50)) * 60 - shift_s(world, relative)
        if not 0 <= now <= 46 * 3600:
            continue
        flat = rng.random() < 0.5
        calls = []
        for stop in patterns[int(rng.integers(len(patterns)))]:
            now += int(rng.integers(0, 6)) * grain_s
            arrival = now
            now += int(rng.integers(0, 2)) * grain_s if rng.random() < 0.3 else 0
            kinds = [0, 0] if flat else rng.choice([0, 0, 0, 0, 0, 0, 1, 1, 2, 3], 2).tolist()
            calls.append((int(stop), arrival, now, *kinds))
        bikes = str(rng.choice(["1", "1", "2", ""]))
        route = f"r{int(rng.integers(3))}"
        trip = {"calls": calls, "service_id": service, "bikes_allowed": bikes, "route_id": route}
        world.trips.append(trip | {"block_id": str(rng.choice(["", "", "v", "w"]))})
    # A day on which nothing runs is refused, whatever ran the night before.
    always = [
        (int(stop), base_s % 86_400 + 60 * k, base_s % 86_400 + 60 * k, 0, 0) for k, stop in enumerate(patterns[0])
    ]
    world.trips.append({"calls": always, "service_id": "daily", "bikes_allowed": "1", "route_id": "r0"})
    for number, trip in enumerate(world.trips):
        if rng.random() < 0.2:
            start = trip["calls"][0][2] - int(rng.integers(0, 20)) * 60
            for _ in range(int(rng.integers(1, 3))):
                end = start + int(rng.integers(1, 40)) * 60
                headway = int(rng.choice([150, 300, 600, 1200]))
                exact = str(rng.choice(["0", "1", ""]))
                if start >= 0:
                    row = {"trip_id": f"t{number}", "start_time": start, "end_time": end}
                    world.frequencies.append(row | {"headway_secs": headway, "exact_times": exact})
                # The next period follows, or lies within the one before.
                start = end if rng.random() < 0.5 else start + int(rng.integers(0, (end - start) // 60 + 1)) * 60
    if rng.random() < 0.4:
        _draw_stations(world, rng)
    _draw_transfers(world, rng)


def _draw_stations(world: World, rng: np.random.Generator) -> None:
    """Draw stations of two or three stops, and ways inside them: straight, or over a hall, one way or both."""
    order = rng.permutation(len(world.stops)).tolist()
    while len(order) >= 2 and len(world.stations) < 2:
        size = int(rng.integers(2, 4))
        members, order = sorted(order[:size]), order[size:]
        if len(members) > 1:
            world.stations.append(members)
    for number, members in enumerate(world.stations):
        nodes = [f"s{stop}" for stop in members] + [f"n{number}"]
        for a, b in itertools.combinations(nodes, 2):
            if rng.random() < 0.4:
                ends = (a, b) if rng.random() < 0.5 else (b, a)
                world.ways.append((*ends, int(rng.choice([1, 30, 60, 150, 400])), bool(rng.random() < 0.6)))


def station_id(world: World, stop: int) -> str:
    """Station of a stop, "" for none."""
    return next((f"P{k}" for k, members in enumerate(world.stations) if stop in members), "")


def _draw_transfers(world: World, rng: np.random.Generator) -> None:
    n = len(world.stops)
    pairs = set(map(tuple, rng.integers(0, n, (int(rng.integers(0, 5)), 2)).tolist()))
    for a, b in sorted(pairs):
        kind = int(rng.choice([1, 2, 2, 3]))
        # A row may name the station for all its platforms.
        names = [
            station if (station := station_id(world, stop)) and rng.random() < 0.5 else f"s{stop}" for stop in (a, b)
        ]
        row = {"from_stop_id": names[0], "to_stop_id": names[1], "transfer_type": kind}
        world.transfers.append(row | ({"min_transfer_time": int(rng.choice([0, 60, 240, 840]))} if kind == 2 else {}))
    if rng.random() < 0.5:
        _draw_special_transfers(world, rng)
    elif rng.random() < 0.7:
        _draw_flex(world, rng)
    repeated = {row["trip_id"] for row in world.frequencies}
    single = [k for k in range(len(world.trips)) if f"t{k}" not in repeated]
    for a, b in itertools.permutations(single, 2):
        if rng.random() < 0.1:
            kind = 4 if rng.random() < 0.8 else 5
            row = {"from_trip_id": f"t{a}", "to_trip_id": f"t{b}", "transfer_type": kind}
            world.transfers.append(row)


def _draw_flex(world: World, rng: np.random.Generator) -> None:
    """Draw services on demand in zones that no point lies on the edge of, and between groups of stops."""
    xs, ys = zip(*world.corners.values(), strict=True)
    for _ in range(2):
        west, east = sorted(rng.choice(np.arange(min(xs) - 100, max(xs) + 100, 20), 2, replace=False) + 7.0)
        south, north = sorted(rng.choice(np.arange(min(ys) - 100, max(ys) + 100, 20), 2, replace=False) + 7.0)
        world.zones.append((west, south, east, north))
        n = len(world.stops)
        world.groups.append(sorted(set(rng.integers(0, n, int(rng.integers(1, 4))).tolist())))
    for _ in range(int(rng.integers(1, 4))):
        calls = []
        for _ in range(int(rng.integers(1, 4))):
            start = max(0, world.base_s % 86_400 + int(rng.integers(-30, 40)) * 60)
            kind = str(rng.choice(["zone", "zone", "group"]))
            end = start + int(rng.integers(1, 90)) * 60
            flags = [(2, 2), (2, 1), (1, 2)][int(rng.integers(3))] if rng.random() < 0.5 else (2, 2)
            calls.append((kind, int(rng.integers(2)), start, end, *flags))
        stated = rng.random() < 0.6
        world.flex.append(
            {
                "calls": calls,
                "service_id": str(rng.choice(["daily", "today", "yesterday"])),
                "route_id": f"r{int(rng.integers(3))}",
                "factor": float(rng.choice([1, 1.5, 3])) if stated else None,
                "offset": int(rng.choice([0, 60, 240])) if stated else None,
            }
        )


def _draw_special_transfers(world: World, rng: np.random.Generator) -> None:
    """Draw changes for single routes and trips, at stops that they call at."""
    called = [sorted({call[0] for call in trip["calls"]}) for trip in world.trips]
    for _ in range(int(rng.integers(1, 7))):
        row = {}
        ends = []
        for way in ("from", "to"):
            trip = int(rng.integers(len(world.trips)))
            ends.append(int(rng.choice(called[trip])))
            level = int(rng.integers(3))
            row[f"{way}_stop_id"] = f"s{ends[-1]}"
            row[f"{way}_route_id"] = world.trips[trip]["route_id"] if level else ""
            row[f"{way}_trip_id"] = f"t{trip}" if level == 2 else ""
        near = street_seconds(world, *(world.stops[k] for k in ends), mode="walk", walk_kmh=world.walk_kmh) <= 600
        kind = int(rng.choice([0, 1, 2, 2, 3] if near else [1, 2, 2, 3]))
        row["transfer_type"] = kind
        row["min_transfer_time"] = int(rng.choice([0, 30, 180, 600])) if kind == 2 else ""
        if any(row[f"{way}_route_id"] for way in ("from", "to")):
            world.transfers.append(row)


def write_world(world: World, folder: Path) -> Network:
    """Write the files, and build the network from them."""
    to_degrees = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
    out = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6'>"]
    for k, (x, y) in world.corners.items():
        lon, lat = to_degrees.transform(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)
        out.append(f"<node id='{k + 1}' version='1' lat='{lat:.9f}' lon='{lon:.9f}'/>")
    for k, street in enumerate(world.streets, start=1):
        bikes = {(True, False): "<tag k='oneway' v='yes'/>", (False, False): "<tag k='bicycle' v='no'/>"}
        out.append(
            f"<way id='{k}' version='1'><nd ref='{street.a + 1}'/><nd ref='{street.b + 1}'/>"
            f"<tag k='highway' v='residential'/>{bikes.get(street.bikes, '')}</way>"
        )
    (folder / "streets.osm").write_text("\n".join([*out, "</osm>"]), encoding="utf-8")
    first, last = world.day - timedelta(days=9), world.day + timedelta(days=9)
    trips = [
        {
            "calls": [
                {
                    "stop_id": f"s{stop}",
                    "arrival_time": clock(arrival),
                    "departure_time": clock(departure),
                    "pickup_type": pickup,
                    "drop_off_type": drop_off,
                }
                for stop, arrival, departure, pickup, drop_off in trip["calls"]
            ]
        }
        | {name: trip[name] for name in ("service_id", "bikes_allowed", "route_id", "block_id") if name in trip}
        for trip in world.trips
    ]
    trips += [flex_trip(trip) for trip in world.flex]
    members = [
        {"location_group_id": f"g{k}", "stop_id": f"s{stop}"} for k, group in enumerate(world.groups) for stop in group
    ]
    dates = [
        {"service_id": name, "date": f"{day:%Y%m%d}", "exception_type": kind}
        for name, (_, added, removed) in world.services.items()
        for kind, days in ((1, added), (2, removed))
        for day in sorted(days)
    ]
    weekly = [
        {"service_id": name, "start_date": f"{first:%Y%m%d}", "end_date": f"{last:%Y%m%d}"}
        | {weekday: int(number in weekdays) for number, weekday in enumerate(WEEK)}
        for name, (weekdays, _, _) in world.services.items()
        if weekdays
    ]
    inside = {f"n{k}": {"location_type": 3, "parent_station": f"P{k}"} for k in range(len(world.stations))}
    stations = {f"P{k}": {"location_type": 1} for k in range(len(world.stations))}
    platforms = {f"s{k}": {"parent_station": station_id(world, k)} for k in range(len(world.stops))}
    halls = {
        f"{kind}{k}": world.stops[members[0]].xy for k, members in enumerate(world.stations) for kind in ("P", "n")
    }
    ways = [
        {"pathway_id": f"w{k}", "from_stop_id": a, "to_stop_id": b, "pathway_mode": 1, "traversal_time": seconds}
        | {"is_bidirectional": int(both)}
        for k, (a, b, seconds, both) in enumerate(world.ways)
    ]
    repeats = [row | {name: clock(row[name]) for name in ("start_time", "end_time")} for row in world.frequencies]
    rows = feed_tables(
        {f"s{k}": stop.xy for k, stop in enumerate(world.stops)} | halls,
        trips,
        stop_columns=platforms | stations | inside if world.stations else None,
        calendar=weekly,
        calendar_dates=dates,
        transfers=world.transfers,
        frequencies=repeats,
        route_types=world.route_types,
        location_group_stops=members,
        pathways=ways,
    )
    files = {f"{name}.txt": table_text(part) for name, part in rows.items()}
    if world.flex:
        files["locations.geojson"] = json.dumps({"features": [zone_feature(world, k) for k in range(2)]})
    write_tables(folder / "feed.zip", files)
    return build_network(
        folder / "streets.osm",
        folder / "feed.zip",
        date=world.day,
        modes=("walk", "bike", "car"),
        walk_kmh=world.walk_kmh,
        max_transfer_s=REACH_S,
        headways=Headways(expected_wait=world.expected_wait),
    )


def flex_trip(trip: dict) -> dict:
    """Rows of a service on demand."""
    calls = [
        {
            "location_id" if kind == "zone" else "location_group_id": f"{kind[0]}{number}",
            "start_pickup_drop_off_window": clock(start),
            "end_pickup_drop_off_window": clock(end),
            "pickup_type": pickup,
            "drop_off_type": drop_off,
        }
        for kind, number, start, end, pickup, drop_off in trip["calls"]
    ]
    stated = {"safe_duration_factor": trip["factor"], "safe_duration_offset": trip["offset"]}
    known = {name: value for name, value in stated.items() if value is not None}
    return {"calls": calls, "service_id": trip["service_id"], "route_id": trip["route_id"], **known}


def zone_feature(world: World, number: int) -> dict:
    west, south, east, north = world.zones[number]
    to_degrees = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = [list(to_degrees.transform(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)) for x, y in corners]
    return {"id": f"z{number}", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def layer(places: list[Place], prefix: str) -> gpd.GeoDataFrame:
    points = [Point(ORIGIN_XY[0] + place.xy[0], ORIGIN_XY[1] + place.xy[1]) for place in places]
    return gpd.GeoDataFrame({"id": [f"{prefix}{k}" for k in range(len(places))]}, geometry=points, crs=ORIGIN_EPSG)


def street_seconds(world: World, start: Place, end: Place, *, mode: str, walk_kmh: float) -> float:
    """Seconds from one place to another: shortest way over corners, off-street walks at both ends × 1.3."""
    if start == end:
        return 0.0
    if start.street < 0 or end.street < 0:
        return INF
    off_s = (start.back_m + end.back_m) * 1.3 / (walk_kmh / 3.6)
    pace = 3.6 / (walk_kmh if mode == "walk" else BIKE_KMH)
    best = INF
    if start.street == end.street:
        best = abs(start.along_m - end.along_m)
    ways: dict[int, list[tuple[int, float]]] = {k: [] for k in world.corners}
    for street in world.streets:
        ahead, back = (True, True) if mode == "walk" else street.bikes
        ways[street.a] += [(street.b, street.length_m)] * ahead
        ways[street.b] += [(street.a, street.length_m)] * back
    here, there = world.streets[start.street], world.streets[end.street]
    queue = [(start.along_m, here.a), (here.length_m - start.along_m, here.b)]
    settled: dict[int, float] = {}
    heapq.heapify(queue)
    while queue:
        metres, corner = heapq.heappop(queue)
        if corner not in settled:
            settled[corner] = metres
            for other, length in ways[corner]:
                heapq.heappush(queue, (metres + length, other))
    best = min(best, settled[there.a] + end.along_m, settled[there.b] + there.length_m - end.along_m)
    # Off the streets nobody walks farther than straight across, where that is no longer than both ways to the street.
    across_m = math.hypot(start.xy[0] - end.xy[0], start.xy[1] - end.xy[1])
    across_s = across_m * 1.3 / (walk_kmh / 3.6) if across_m <= start.back_m + end.back_m + 0.05 else INF
    return min(best * pace + off_s, across_s)


def vehicles_of(world: World, query: Query) -> tuple[list[list[Call]], list[tuple[int, int]], list[int]]:
    """Every vehicle of the day before, the day and the day after, which are ridden on in-seat, and the trip of each."""
    bikes, on_demand = query.mode == "bike_aboard+transit", query.on_demand
    shut = ({712} if not query.school_lines else set()) | ({713} if not query.paratransit else set())
    out: list[list[Call]] = []
    trips: list[int] = []
    named: dict[tuple[int, str], int] = {}
    blocks: dict[tuple[int, str], list[int]] = {}
    many: list[bool] = []
    loose: list[bool] = []
    unridden: set[int] = set()
    stated = {row[f"{way}_trip_id"] for row in world.transfers if row["transfer_type"] == 4 for way in ("from", "to")}
    repeats: dict[str, list[dict]] = {}
    for row in world.frequencies:
        repeats.setdefault(row["trip_id"], []).append(row)
    for relative in (-1, 0, 1):
        day = world.day + timedelta(days=relative)
        for number, trip in enumerate(world.trips):
            weekdays, added, removed = world.services[trip["service_id"]]
            if not ((day.weekday() in weekdays or day in added) and day not in removed):
                continue
            # Who may not ride a trip sees its vehicle go on without them: it stays in its block.
            closed = (bikes and trip["bikes_allowed"] != "1") or world.route_types.get(trip["route_id"]) in shut
            calls: list = trip["calls"]
            runs = [(shift_s(world, relative), 0, -1)]
            if f"t{number}" in repeats:
                # One vehicle where two periods send one at the same second.
                runs = list(
                    dict.fromkeys(
                        (shift_s(world, relative) + leave - calls[0][2], first, wait)
                        for row in repeats[f"t{number}"]
                        for leave, first, wait in _leaves(world, row, len(calls), repeats[f"t{number}"])
                    )
                )
            linked = f"t{number}" in stated or trip.get("block_id", "") != ""
            for shift, first, wait in runs:
                # Those who book call on all stops that are not closed, the others on the regular ones.
                calls = [
                    (
                        stop,
                        arrival + shift,
                        departure + shift,
                        pickup == 0 or (on_demand and pickup > 1),
                        drop_off == 0 or (on_demand and drop_off > 1),
                    )
                    for stop, arrival, departure, pickup, drop_off in trip["calls"][first:]
                ]
                starts = trip["calls"][0][2] + shift
                if wait >= 0:
                    stop, _, departure, board, alight = calls[0]
                    calls = [(stop, departure - wait, departure - wait, board, alight)] + [
                        (stop, arrival, departure, False, alight) for stop, arrival, departure, _, alight in calls[1:]
                    ]
                # Kept: what somebody can board and leave, or stay seated in, from the evening before until 48:00.
                rideable = linked or any(a[3] and b[4] for a, b in itertools.combinations(calls, 2))
                night = relative == -1 and calls[-1][1] < -EVENING_S
                if rideable and not night and not (relative == 1 and starts >= 48 * 3600):
                    named[relative, f"t{number}"] = len(out)
                    blocks.setdefault((relative, trip.get("block_id", "")), []).append(len(out))
                    fixed = all(row["exact_times"] == "1" for row in repeats.get(f"t{number}", []))
                    many.append(f"t{number}" in repeats)
                    loose.append(not fixed)
                    out.append(calls)
                    trips.append(number)
                    if closed:
                        unridden.add(len(out) - 1)
    seats = {
        pair
        for (_, block), members in blocks.items()
        if block
        for pair in _block_pairs(world, out, [v for v in members if not loose[v]], many)
    }
    for row in world.transfers:
        if row["transfer_type"] >= 4:
            for relative in (-1, 0, 1):
                before = named.get((relative, row["from_trip_id"]))
                after = named.get((relative, row["to_trip_id"]))
                if before is None:
                    continue
                if after is None or out[after][0][2] < out[before][-1][1]:
                    after = named.get((relative + 1, row["to_trip_id"]))
                seats = seats | {(before, after)} if row["transfer_type"] == 4 else seats - {(before, after)}
    ridden = [[] if v in unridden else calls for v, calls in enumerate(out)]
    return ridden, [(a, b) for a, b in seats if b is not None and not unridden & {a, b}], trips


def _block_pairs(
    world: World, vehicles: list[list[Call]], members: list[int], many: list[bool]
) -> list[tuple[int, int]]:
    """Vehicles of one block that go on as another: the next one to leave, or the first that no other has taken."""

    def goes_on(a: int, b: int) -> bool:
        end, start = vehicles[a][-1], vehicles[b][0]
        metres = math.dist(world.stops[end[0]].xy, world.stops[start[0]].xy)
        return metres <= 200 and 0 <= start[2] - end[1] <= 1800 and start[1] >= end[2]

    order = sorted(members, key=lambda v: vehicles[v][0][2])
    if not any(many[v] for v in members):
        return [(a, b) for a, b in itertools.pairwise(order) if goes_on(a, b)]
    free, out = list(order), []
    for a in sorted(order, key=lambda v: (vehicles[v][-1][1], vehicles[v][0][2])):
        taken = next((b for b in free if b != a and goes_on(a, b)), None)
        if taken is not None:
            out.append((a, taken))
            free.remove(taken)
    return out


def _leaves(world: World, row: dict, n_calls: int, rows: list[dict]) -> list[tuple[int, int, int]]:
    """Departures of a period, the call they are boarded from, and the wait charged there (−1: boarded anywhere)."""
    start, end, headway = row["start_time"], row["end_time"], row["headway_secs"]
    if row["exact_times"] == "1":
        return [(leave, 0, -1) for leave in range(start, end, headway)]
    first = start + headway // 2
    if not world.expected_wait:
        return [(leave, 0, -1) for leave in range(first if first < end else start, end, headway)]
    # Half a step of wait for the vehicle drawn and half of headway and step apart make half a headway, up to the end
    # of the period where the trip is repeated beyond it.
    step = min(60, headway)
    beyond = any(r["exact_times"] != "1" and r["start_time"] <= end < r["end_time"] for r in rows)
    until = end + headway // 2 if beyond else end
    times = range(first if first < until else start, until, step)
    return [(leave, call, (headway - step) // 2) for leave in times for call in range(n_calls - 1)]


def changes_of(world: World, query: Query) -> list[Walks]:
    """Seconds from getting off at a stop to being ready to board at another, for trips that no row names."""
    rows = [row for row in world.transfers if "from_stop_id" in row and "from_route_id" not in row]

    def platforms(name: str) -> list[int]:
        return world.stations[int(name[1:])] if name.startswith("P") else [int(name[1:])]

    # A row of platforms goes before one of their stations, then a forbidden change before others, then the later row.
    stated: dict[tuple[int, int], tuple[tuple[int, bool, int], dict]] = {}
    for place, row in enumerate(rows):
        ends = row["from_stop_id"], row["to_stop_id"]
        rank = sum(name.startswith("s") for name in ends), row["transfer_type"] == 3, place
        for pair in itertools.product(*map(platforms, ends)):
            if pair not in stated or stated[pair][0] < rank:
                stated[pair] = rank, row
    out = []
    for p in range(len(world.stops)):
        ways = {q: _change_s(world, query, p, q, stated.get((p, q), (None, None))[1]) for q in range(len(world.stops))}
        out.append({q: seconds for q, seconds in ways.items() if seconds < INF})
    return out


def _change_s(world: World, query: Query, p: int, q: int, row: dict | None) -> float:
    """Seconds that a row of transfers.txt means; without one, those of the walk and the margin."""
    kind = row["transfer_type"] if row else 0
    if row and kind:
        return INF if kind == 3 else 0 if kind == 1 else row["min_transfer_time"]
    if p == q:
        return query.min_transfer_s
    walk = walk_between_s(world, p, q) * world.walk_kmh / query.walk_kmh
    if walk == INF or math.ceil(walk - 1e-6) > query.max_transfer_s:
        return INF
    return math.ceil(walk - 1e-6) + query.min_transfer_s


def walk_between_s(world: World, p: int, q: int) -> float:
    """Seconds on foot at the speed of the network: by the streets, straight within a station, through its ways."""
    walk = street_seconds(world, world.stops[p], world.stops[q], mode="walk", walk_kmh=world.walk_kmh)
    walk = walk if walk <= REACH_S else INF
    if station_id(world, p) and station_id(world, p) == station_id(world, q):
        straight = round(math.dist(world.stops[p].xy, world.stops[q].xy) * 1.3 / (world.walk_kmh / 3.6))
        walk = min(walk, straight if straight <= REACH_S else INF)
    inside = way_s(world, f"s{p}", f"s{q}")
    return walk if inside == INF else inside


def way_s(world: World, start: str, end: str) -> float:
    """Seconds through the ways of pathways.txt, infinite where none leads there."""
    best, queue = {start: 0}, [start]
    while queue:
        here = queue.pop()
        for a, b, seconds, both in world.ways:
            for x, y in ((a, b), (b, a)) if both else ((a, b),):
                if x == here and best[here] + seconds < best.get(y, INF):
                    best[y] = best[here] + seconds
                    queue.append(y)
    return best.get(end, INF)


def between_of(world: World, query: Query, trips: list[int]) -> dict[tuple[int, int], dict[tuple[int, int], float]]:
    """Seconds between stops for the pairs of vehicles that a row names by route or trip, the most specific row."""
    order = ("trip trip", "route trip", "trip", "route route", "route")
    special = [row for row in world.transfers if "from_route_id" in row]

    def holds(row: dict, way: str, trip: int) -> bool:
        wanted = row[f"{way}_trip_id"] or row[f"{way}_route_id"]
        return wanted in ("", f"t{trip}" if row[f"{way}_trip_id"] else world.trips[trip]["route_id"])

    def rank(place: int) -> tuple[int, bool, int]:
        row = special[place]
        kinds = [
            "trip" if row[f"{way}_trip_id"] else "route" if row[f"{way}_route_id"] else "" for way in ("from", "to")
        ]
        return -order.index(" ".join(sorted(filter(None, kinds)))), row["transfer_type"] == 3, place

    out: dict[tuple[int, int], dict[tuple[int, int], float]] = {}
    for place in sorted(range(len(special)), key=rank):
        row = special[place]
        p, q = int(row["from_stop_id"][1:]), int(row["to_stop_id"][1:])
        pairs = out.setdefault((p, q), {})
        for v, before in enumerate(trips):
            for w, after in enumerate(trips):
                if holds(row, "from", before) and holds(row, "to", after):
                    pairs[v, w] = _change_s(world, query, p, q, row)
    return out


@dataclass(frozen=True)
class Asked:
    """The oracle for one query: journeys, walks at both ends, and the direct way."""

    journeys: Journeys
    access: list[Door]
    egress: list[Door]
    direct_s: list[list[float]]
    straight: dict[tuple[int, int], list[tuple[int, float, float]]]


def ask(world: World, query: Query, network: Network) -> Asked:
    """Read the world under the limits of a query; how long cars take is asked of the streets."""
    start = {"transit": "walk", "park_and_ride": "car", "driven+transit": "car"}.get(query.mode, "bike")
    end = "bike" if query.mode == "bike_aboard+transit" else "walk"
    walks = {"walk_kmh": query.walk_kmh}
    # A stop that no trip of the feed calls at is no stop of the timetable.
    called = {call[0] for trip in world.trips for call in trip["calls"]}
    in_groups = {call[1] for trip in world.flex if rideable(trip) for call in trip["calls"] if call[0] == "group"}
    called |= {stop for number in in_groups for stop in world.groups[number]}

    def near(places: list[Place], mode: str, limit_s: int, *, back: bool) -> list[Walks]:
        out = []
        for place in places:
            times = {}
            for s, stop in enumerate(world.stops):
                if s not in called:
                    continue
                if query.mode == "park_and_ride" and not back and f"s{s}" not in query.park_and_ride:
                    continue
                pair = (stop, place) if back else (place, stop)
                seconds = (
                    drives[id(place), id(stop)] if mode == "car" else street_seconds(world, *pair, mode=mode, **walks)
                )
                if seconds <= limit_s:
                    times[s] = round(seconds)
            out.append(times)
        return out

    drives = drives_of(world, network, query.walk_kmh) if start == "car" else {}
    farthest = query.max_access_s + query.max_egress_s if query.max_direct_s is None else query.max_direct_s
    farthest = min(farthest, query.max_s)
    direct = [
        [
            min(
                (
                    round(s)
                    for mode in {"walk", start} - {"car"}
                    if (s := street_seconds(world, a, b, mode=mode, **walks)) <= farthest
                ),
                default=INF,
            )
            for b in world.sites
        ]
        for a in world.homes
    ]
    if query.mode == "driven+transit":
        by_car = min(query.max_access_s, query.max_s)
        for h, home in enumerate(world.homes):
            for k, site in enumerate(world.sites):
                drive = drives[id(home), id(site)]
                direct[h][k] = min(direct[h][k], round(drive) if drive <= by_car else INF)
    vehicles, follows, trips = vehicles_of(world, query)
    changes = changes_of(world, query)
    journeys = Journeys(vehicles, changes, follows, between_of(world, query, trips))
    access = [Door(walks) for walks in near(world.homes, start, query.max_access_s, back=False)]
    egress = [Door(walks) for walks in near(world.sites, end, query.max_egress_s, back=True)]
    straight: dict[tuple[int, int], list[tuple[int, float, float]]] = {}
    if query.on_demand and query.mode == "transit" and world.flex:
        _book(Booked(world, query, network, called, changes), access, egress, straight)
    return Asked(journeys, access, egress, direct, straight)


def rideable(trip: dict) -> bool:
    """Whether a service on demand takes anybody up whom it sets down."""
    calls = trip["calls"]
    pairs = [(calls[0], calls[0])] if len(calls) == 1 else itertools.combinations(calls, 2)
    return any(a[4] != 1 and b[5] != 1 for a, b in pairs)


def drives_of(world: World, network: Network, walk_kmh: float) -> dict[tuple[int, int], float]:
    """Seconds by car from place to place, by identity, as the streets say."""
    places = [*world.homes, *world.sites, *world.stops]
    xy = np.array([[ORIGIN_XY[0] + p.xy[0], ORIGIN_XY[1] + p.xy[1]] for p in places])
    links = link_points(network.streets, xy, mode="car", connector_kmh=walk_kmh)
    seconds = street_matrix(network.streets, links, links, mode="car", max_s=None)
    # Halves of a second are rounded up or down by the last bit of a float: no question to ask of two programs.
    if np.any(np.abs(seconds % 1 - 0.5) < 1e-3):
        raise Tied
    return {
        (id(a), id(b)): INF if np.isnan(seconds[i, j]) else float(seconds[i, j])
        for i, a in enumerate(places)
        for j, b in enumerate(places)
    }


class Tied(Exception):  # noqa: N818 — not an error: a world that cannot be asked about
    """A drive of a half second."""


@dataclass(frozen=True, eq=False)
class Booked:
    """What services on demand are asked with."""

    world: World
    query: Query
    network: Network
    called: set[int]
    changes: list[Walks]

    def inside(self, kind: str, number: int, place: Place) -> bool:
        west, south, east, north = self.world.zones[number]
        return kind == "zone" and west < place.xy[0] < east and south < place.xy[1] < north

    def stops(self, kind: str, number: int) -> list[int]:
        """Stops where one goes on with a line, or comes from one."""
        if kind == "group":
            return self.world.groups[number]
        return [s for s in sorted(self.called) if self.inside(kind, number, self.world.stops[s])]

    @cached_property
    def drives(self) -> dict[tuple[int, int], float]:
        """Seconds by car from place to place, by identity."""
        return drives_of(self.world, self.network, self.query.walk_kmh)

    def drive_s(self, a: Place, b: Place) -> float:
        drive = self.drives[id(a), id(b)]
        # A ride is worked out from whole seconds of driving.
        return drive if drive == INF else round(drive)


def _book(booked: Booked, access: list[Door], egress: list[Door], straight: dict[tuple[int, int], list]) -> None:
    """Add the legs of every ride: from doors or stops, to doors or stops, within the hours of both ends."""
    world = booked.world
    shut = ({712} if not booked.query.school_lines else set()) | ({713} if not booked.query.paratransit else set())
    legs: tuple[list[list], list[list]] = [[] for _ in access], [[] for _ in egress]
    walks = [dict(door) for door in access], [dict(door) for door in egress]
    for trip in world.flex:
        if world.route_types.get(trip["route_id"]) in shut:
            continue
        weekdays, added, removed = world.services[trip["service_id"]]
        days = [
            shift_s(world, r)
            for r in (-1, 0, 1)
            if ((day := world.day + timedelta(days=r)).weekday() in weekdays or day in added) and day not in removed
        ]
        calls = trip["calls"]
        for i, j in [(0, 0)] if len(calls) == 1 else itertools.combinations(range(len(calls)), 2):
            if calls[i][4] == 1 or calls[j][5] == 1:
                continue
            up_home = _at_doors(booked, calls[i], world.homes, walks[0])
            down_site = _at_doors(booked, calls[j], world.sites, walks[1])
            down_line = [
                (q, seconds, world.stops[v])
                for v in booked.stops(*calls[j][:2])
                for q, seconds in booked.changes[v].items()
                if q in booked.called
            ]
            up_line = [
                (p, booked.changes[p][u], world.stops[u])
                for p in sorted(booked.called)
                for u in booked.stops(*calls[i][:2])
                if u in booked.changes[p]
            ]
            hours = calls[i][2:4], calls[j][2:4]
            for x, y, leg in _between(booked, trip, hours, days, up_home, down_line):
                legs[0][x].append((y, *leg))
            for x, y, leg in _between(booked, trip, hours, days, up_line, down_site):
                legs[1][y].append((x, *leg))
            for x, y, leg in _between(booked, trip, hours, days, up_home, down_site):
                straight.setdefault((x, y), []).append(leg)
    for doors, found in zip((access, egress), legs, strict=True):
        for door, mine in zip(doors, found, strict=True):
            door.legs = mine


def _at_doors(booked: Booked, call: tuple, places: list[Place], walks: list[dict]) -> list[tuple[int, float, Place]]:
    """Who is served at home or on site: the door inside the zone, or the stops of the group within a walk."""
    kind, number = call[:2]
    if kind == "zone":
        return [(k, 0, place) for k, place in enumerate(places) if booked.inside(kind, number, place)]
    stops = booked.world.stops
    return [(k, w[s], stops[s]) for k, w in enumerate(walks) for s in booked.stops(kind, number) if s in w]


def _between(
    booked: Booked, trip: dict, hours: tuple, days: list[int], ups: list[tuple], downs: list[tuple]
) -> Iterator[tuple[int, int, tuple[int, float, float]]]:
    """Legs from each to each: who, with whom, and seconds with the hours of leaving."""
    factor = 1.5 if trip["factor"] is None else trip["factor"]
    offset = 300 if trip["offset"] is None else trip["offset"]
    (open_a, close_a), (open_b, close_b) = hours
    for (x, before, at), (y, after, to) in itertools.product(ups, downs):
        drive = INF if at is to and at in booked.world.stops else booked.drive_s(at, to)
        if drive == INF:
            continue
        ride = math.ceil(drive * factor + offset - 1e-6)
        opens, closes = max(open_a, open_b - ride), min(close_a, close_b - ride)
        took = int(before + ride + after)
        if opens <= closes and took <= booked.query.max_s:
            for shift in days:
                yield x, y, (took, opens - before + shift, closes - before + shift)
