"""Four timetables: urban, coach, rail, and the neighbour country's."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import networkx as nx
import numpy as np
import shapely
from demo_build import geography as geo

FIRST_DAY, LAST_DAY = "20260302", "20260703"
Rows = list[tuple[object, ...]]


def clock(seconds: float) -> str:
    """Return a GTFS time; hours run past 24."""
    total = round(seconds)
    return f"{total // 3600:02d}:{total % 3600 // 60:02d}:{total % 60:02d}"


def at(hours: int, minutes: int = 0) -> int:
    """Seconds of a clock time."""
    return hours * 3600 + minutes * 60


def every(first: int, last: int, step_min: float) -> list[int]:
    """Departures from `first` to `last`, both counted, every `step_min` minutes."""
    return list(range(first, last + 1, int(step_min * 60)))


@dataclass
class FeedTables:
    """One feed being written: header and rows of each file."""

    name: str
    tables: dict[str, tuple[str, Rows]] = field(default_factory=dict)

    def add(self, file: str, header: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Add rows to a file of the feed."""
        self.tables.setdefault(file, (header, []))[1].extend(rows)

    def write(self, path: Path) -> None:
        """Write the feed, stored without compression and without a clock: the same bytes everywhere."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(self.tables):
                header, rows = self.tables[file]
                text = io.StringIO()
                text.write(header + "\n")
                for row in rows:
                    text.write(",".join(_quoted(value) for value in row) + "\n")
                entry = zipfile.ZipInfo(file, (2026, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                entry.create_system = 3
                archive.writestr(entry, text.getvalue().encode("utf-8"))


def _quoted(value: object) -> str:
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


def feed_tables(name: str, agency: str, *, zone: str = "Europe/Paris", language: str = "fr") -> FeedTables:
    """Start a feed with its agency and its licence."""
    feed = FeedTables(name)
    feed.add(
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone,agency_lang",
        [(name, f"{agency} (réseau synthétique)", "https://example.org/synthetic", zone, language)],
    )
    feed.add(
        "feed_info.txt",
        "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version",
        [
            (
                "geo_access demo — synthetic data CC0 1.0",
                "https://example.org/synthetic",
                language,
                FIRST_DAY,
                LAST_DAY,
                "1",
            )
        ],
    )
    return feed


@dataclass
class StopBook:
    """Stops of one feed: a place within `merge_m` of a stop is that stop."""

    prefix: str
    merge_m: float = 170.0
    xy: list[tuple[float, float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def stop(self, x: float, y: float, name: str = "") -> int:
        """Return the stop at a place, made when there is none near."""
        if self.xy and not name:
            distance = np.hypot(*(np.array(self.xy) - (x, y)).T)
            if distance.min() < self.merge_m:
                return int(np.argmin(distance))
        if name and name in self.names:
            return self.names.index(name)
        self.xy.append((x, y))
        self.names.append(name)
        return len(self.xy) - 1

    def stop_id(self, index: int) -> str:
        """Return the public id of a stop."""
        return f"{self.prefix}{index + 1:03d}"

    def rows(self) -> Rows:
        """Rows of ``stops.txt``."""
        places = geo.lonlat(np.array(self.xy))
        return [
            (self.stop_id(i), self.names[i], f"{lat:.6f}", f"{lon:.6f}") for i, (lon, lat) in enumerate(places.tolist())
        ]


STOP_WORDS = (
    "Église",
    "Mairie",
    "Moulin",
    "Écoles",
    "Marché",
    "Tisserands",
    "Pont",
    "Hôpital",
    "Lycée",
    "Stade",
    "Cimetière",
    "Piscine",
    "Théâtre",
    "Caserne",
    "Verger",
    "Canal",
    "Brasserie",
    "Filature",
    "Calvaire",
    "Chapelle",
    "Jardins",
    "Poste",
    "Halles",
    "Citadelle",
    "Abattoirs",
)


def nearest_place(x: float, y: float) -> str:
    """Name of the settlement around a place, or the nearest one."""
    best = min(
        (*geo.PLACES, geo.FOREIGN), key=lambda place: float(np.hypot(x - place.xy[0], y - place.xy[1])) - place.radius_m
    )
    return best.name


def name_stops(book: StopBook) -> None:
    """Name the stops that have no name yet, each name once."""
    taken = set(book.names)
    for i, (x, y) in enumerate(book.xy):
        if book.names[i]:
            continue
        town = nearest_place(x, y)
        for k in range(len(STOP_WORDS) * 8):
            word = STOP_WORDS[(i * 7 + k) % len(STOP_WORDS)]
            name = f"{town} {word}" + (f" {k // len(STOP_WORDS) + 1}" if k >= len(STOP_WORDS) else "")
            if name not in taken:
                taken.add(name)
                book.names[i] = name
                break


class Router:
    """Find a way for a line along the car network through given places."""

    def __init__(self, graph: nx.DiGraph, xy: list[tuple[float, float]]) -> None:
        self._graph = graph
        self._nodes = np.array(sorted(max(nx.strongly_connected_components(graph), key=len)))
        self._xy = np.array(xy)

    def legs(self, points_km: Sequence[tuple[float, float]]) -> list[np.ndarray]:
        """Lines in local metres between the street nodes nearest to successive `points_km`, by the fastest streets."""
        places = np.array(points_km) * 1000.0
        nodes = [int(self._nodes[int(np.argmin(np.hypot(*(self._xy[self._nodes] - place).T)))]) for place in places]
        return [self._xy[nx.shortest_path(self._graph, a, b, weight="local")] for a, b in itertools.pairwise(nodes)]


def stops_along(legs: Sequence[np.ndarray], spacing_m: float, book: StopBook) -> tuple[list[int], list[float]]:
    """Put stops at both ends of each leg and about every `spacing_m` between, and how far along each lies [m]."""
    stops: list[int] = []
    along: list[float] = []
    before = 0.0
    for leg in legs:
        shape = shapely.LineString(leg)
        for metres in np.linspace(0.0, shape.length, max(1, round(shape.length / spacing_m)) + 1).tolist():
            point = shape.interpolate(metres)
            index = book.stop(round(point.x, 1), round(point.y, 1))
            if index not in stops:
                stops.append(index)
                along.append(before + metres)
        before += shape.length
    return stops, along


@dataclass(frozen=True)
class Line:
    """Stops of a line, and seconds from its first stop at each."""

    route_id: str
    stops: tuple[str, ...]
    offsets_s: tuple[int, ...]

    def back(self) -> Line:
        """Return the line the other way."""
        last = self.offsets_s[-1]
        return Line(self.route_id, self.stops[::-1], tuple(last - s for s in self.offsets_s[::-1]))


def add_trip(
    feed: FeedTables,
    line: Line,
    trip_id: str,
    service: str,
    start_s: int,
    *,
    direction: int,
    headsign: str,
    block: str = "",
    blank: frozenset[str] = frozenset(),
    bikes: int = 0,
) -> None:
    """Add one trip; the stops in `blank` have no times."""
    feed.add(
        "trips.txt",
        "route_id,service_id,trip_id,trip_headsign,direction_id,block_id,bikes_allowed",
        [(line.route_id, service, trip_id, headsign, direction, block, bikes)],
    )
    rows: Rows = []
    for i, (stop, offset) in enumerate(zip(line.stops, line.offsets_s, strict=True)):
        time = "" if stop in blank else clock(start_s + offset)
        rows.append((trip_id, time, time, stop, i + 1))
    feed.add("stop_times.txt", "trip_id,arrival_time,departure_time,stop_id,stop_sequence", rows)


def add_departures(
    feed: FeedTables, line: Line, departures: Iterable[int], service: str, *, direction: int, headsign: str
) -> None:
    """Add a trip for each departure time, ids by line, service and direction."""
    for i, start in enumerate(departures):
        add_trip(
            feed,
            line,
            f"{line.route_id}-{service[0]}{direction}-{i + 1:03d}",
            service,
            start,
            direction=direction,
            headsign=headsign,
        )


def offsets(along_m: Sequence[float], speed_kmh: float, dwell_s: int = 0) -> tuple[int, ...]:
    """Seconds from the first stop, whole half-minutes."""
    return tuple(int(round((metres * 3.6 / speed_kmh + i * dwell_s) / 30.0) * 30) for i, metres in enumerate(along_m))
