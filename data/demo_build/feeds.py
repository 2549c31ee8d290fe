"""What runs: the lines of the four networks, and the gaps planted in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from demo_build import geography as geo
from demo_build.transit import (
    FIRST_DAY,
    LAST_DAY,
    FeedTables,
    Line,
    Router,
    StopBook,
    add_departures,
    add_trip,
    at,
    every,
    feed_tables,
    name_stops,
    offsets,
    stops_along,
)

CENTRE = (22.0, 26.0)
STATIONS = {
    "Valmont Gare": (22.85, 25.35),
    "Fergny Gare": (34.55, 32.6),
    "Houillères Gare": (35.55, 17.95),
    "Berselle Halte": (29.1, 30.35),
    "Cantelle Halte": (31.1, 20.1),
    "Pont-Haut Gare": (46.7, 13.15),
}
BORDER_STOPS = {"Brugelle Douane": (27.62, 47.35), "Brugelle Mairie": (27.0, 46.03), "Brugelle Sud": (27.55, 45.25)}
HOLIDAYS = ("20260406", "20260501", "20260508", "20260514", "20260525")
SCHOOL_BREAK = ("20260413", "20260424")

# Route, colour, kind (0 tram, 3 bus), stops every … m, km/h, way points [km].
URBAN = (
    (
        "T1",
        "Tram Templeuil – Valmont – Marquelles",
        0,
        520,
        21.0,
        ((24.7, 30.1), (24.0, 29.0), (23.1, 27.5), CENTRE, (20.7, 24.3), (19.0, 22.3)),
    ),
    (
        "L1",
        "Lomprez – Valmont – Saint-Vrain",
        3,
        430,
        18.0,
        ((18.4, 29.5), (20.7, 27.4), CENTRE, (22.85, 25.35), (23.8, 24.9), (26.3, 22.9)),
    ),
    ("L2", "Valmont Nord – Midi", 3, 430, 18.0, ((21.6, 28.6), CENTRE, (22.2, 24.6), (22.5, 22.9))),
    (
        "L3",
        "Port fluvial – Valmont – Fonderies",
        3,
        430,
        18.0,
        ((17.0, 25.1), (18.4, 25.3), CENTRE, (23.2, 26.3), (24.9, 26.0)),
    ),
    ("L4", "Rocade Est", 3, 430, 18.0, ((24.0, 29.0), (25.0, 27.6), (24.9, 26.0), (24.6, 24.4), (22.6, 22.9))),
    (
        "L5",
        "Moulin-Brûlé – Templeuil",
        3,
        430,
        18.0,
        ((19.6, 26.35), (20.2, 27.0), (19.8, 28.3), (21.7, 28.4), (24.0, 29.0), (24.7, 30.1)),
    ),
    ("L6", "Fergny Ouest – Est", 3, 400, 18.0, ((32.6, 33.6), (34.0, 33.0), (34.55, 32.6), (35.3, 32.0))),
    ("L7", "Fergny Sud – Nord", 3, 400, 18.0, ((33.2, 31.7), (34.0, 33.0), (34.5, 34.4))),
    ("L9", "Houillères – Parc des Verreries", 3, 420, 20.0, ((34.5, 17.5), (36.0, 17.3), (37.4, 17.9), (38.9, 19.6))),
    ("L10", "Houillères Nord – Quai", 3, 400, 18.0, ((35.5, 18.8), (35.55, 17.95), (36.0, 17.3), (36.5, 16.85))),
)
# The zone of the Laminoirs: the first bus from Fergny gets there at 06:10; nothing before.
LAMINOIRS_FIRST_ARRIVAL_S = at(6, 10)
LAMINOIRS_LAST_BACK_S = at(21, 15)
LAMINOIRS_RIDE_S = 20 * 60


def _days(first: str, last: str) -> list[dt.date]:
    start, end = (dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=dt.UTC).date() for day in (first, last))
    return [start + dt.timedelta(days=i) for i in range((end - start).days + 1)]


def _urban_calendar(feed: FeedTables) -> None:
    feed.add(
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
        [
            ("SCOLAIRE", 1, 1, 1, 1, 1, 0, 0, FIRST_DAY, LAST_DAY),
            ("VACANCES", 0, 0, 0, 0, 0, 0, 0, FIRST_DAY, LAST_DAY),
            ("WEEKEND", 0, 0, 0, 0, 0, 1, 1, FIRST_DAY, LAST_DAY),
        ],
    )
    rows: list[tuple[object, ...]] = []
    for day in _days(*SCHOOL_BREAK):
        if day.weekday() < 5:
            rows += [("SCOLAIRE", f"{day:%Y%m%d}", 2), ("VACANCES", f"{day:%Y%m%d}", 1)]
    rows += [row for day in HOLIDAYS for row in (("SCOLAIRE", day, 2), ("WEEKEND", day, 1))]
    feed.add("calendar_dates.txt", "service_id,date,exception_type", sorted(rows, key=str))


def _add_route(feed: FeedTables, route_id: str, name: str, kind: int) -> None:
    feed.add(
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name,route_type",
        [(route_id, feed.name, route_id, name, kind)],
    )


def _line(
    route_id: str, book: StopBook, legs: Sequence[np.ndarray], spacing_m: float, speed_kmh: float, dwell_s: int = 0
) -> Line:
    stops, along = stops_along(legs, spacing_m, book)
    return Line(route_id, tuple(book.stop_id(i) for i in stops), offsets(along, speed_kmh, dwell_s))


def urban_feed(router: Router) -> tuple[FeedTables, np.ndarray]:
    """Tram and buses of Valmont, Fergny and Houillères; gives back the tram's line too."""
    feed = feed_tables("URB", "Val’Mobilités")
    _urban_calendar(feed)
    book = StopBook("U")
    book.stop(CENTRE[0] * 1000, CENTRE[1] * 1000, "Valmont Grand-Place")
    for name in ("Valmont Gare", "Fergny Gare", "Houillères Gare"):
        x, y = STATIONS[name]
        book.stop(x * 1000, y * 1000, name)
    tram = np.empty((0, 2))
    for route_id, name, kind, spacing, speed, points in URBAN:
        path = router.legs(points)
        if kind == 0:
            tram = np.vstack([path[0], *[leg[1:] for leg in path[1:]]])
        line = _line(route_id, book, path, spacing, speed)
        _add_route(feed, route_id, name, kind)
        peak, day = (8, 12) if kind == 0 else ((15, 20) if route_id in ("L1", "L2", "L3") else (20, 30))
        first = at(5, 10) if route_id in ("T1", "L1", "L2", "L3") else at(5, 50)
        times = {
            "SCOLAIRE": [
                *every(first, at(9), peak),
                *every(at(9, 20), at(16), day),
                *every(at(16, 10), at(19, 10), peak),
                *every(at(19, 40), at(22, 40), 30),
            ],
            "VACANCES": [*every(first, at(19, 10), day * 1.5), *every(at(19, 40), at(22, 40), 60)],
            "WEEKEND": every(at(6, 30), at(22, 30), 30 if kind == 0 else 60),
        }
        for service, departures in times.items():
            add_departures(feed, line, departures, service, direction=0, headsign=name.rpartition(" – ")[2])
            add_departures(feed, line.back(), departures, service, direction=1, headsign=name.partition(" – ")[0])
    _laminoirs(feed, book, router)
    _night_bus(feed, book, router)
    name_stops(book)
    feed.add("stops.txt", "stop_id,stop_name,stop_lat,stop_lon", book.rows())
    return feed, tram


def _laminoirs(feed: FeedTables, book: StopBook, router: Router) -> None:
    """L8: Fergny – Laminoirs, 20 minutes, first arrival 06:10, last way back 21:20."""
    legs = router.legs(((33.1, 33.9), (34.0, 33.0), (34.55, 32.6), (35.4, 33.6), (41.0, 35.6)))
    stops, along = stops_along(legs[:-1], 430, book)
    ride_m = along[-1] + shapely.LineString(legs[-1]).length
    stops, along = [*stops, book.stop(*legs[-1][-1].tolist(), name="ZI des Laminoirs")], [*along, ride_m]
    line = Line(
        "L8",
        tuple(book.stop_id(i) for i in stops),
        tuple(int(round(m / ride_m * LAMINOIRS_RIDE_S / 30) * 30) for m in along),
    )
    _add_route(feed, "L8", "Fergny – ZI des Laminoirs", 3)
    out = [LAMINOIRS_FIRST_ARRIVAL_S - LAMINOIRS_RIDE_S, *every(at(6, 20), at(20, 20), 20)]
    back = every(at(6, 35), LAMINOIRS_LAST_BACK_S, 20)
    for service in ("SCOLAIRE", "VACANCES"):
        add_departures(feed, line, out, service, direction=0, headsign="ZI des Laminoirs")
        add_departures(feed, line.back(), back, service, direction=1, headsign="Fergny")


def _night_bus(feed: FeedTables, book: StopBook, router: Router) -> None:
    """N1: past midnight on the evening's service day; its 28:15 brings the 05:00 shift to the river port."""
    path = router.legs(((24.7, 30.1), (24.0, 29.0), CENTRE, (20.6, 25.9), (18.4, 25.3), (17.0, 25.1)))
    line = _line("N1", book, path, 430, 24.0)
    _add_route(feed, "N1", "Nuit Templeuil – Valmont – Port fluvial", 3)
    for service in ("SCOLAIRE", "VACANCES", "WEEKEND"):
        departures = [at(23, 45), at(24, 45), at(25, 45), at(28, 15)]
        add_departures(feed, line, departures, service, direction=0, headsign="Port fluvial")
        add_departures(
            feed, line.back(), [at(24, 15), at(25, 15), at(29, 15)], service, direction=1, headsign="Templeuil"
        )


# Route, name, km/h, way points [km], departures outward (towards the first-named town), departures back.
Clock = tuple[int, int]
COACHES: tuple[tuple[str, str, float, tuple[tuple[float, float], ...], tuple[Clock, ...], tuple[Clock, ...]], ...] = (
    # Brugelle: nothing arrives in Valmont between 06:00 and 09:30, and nothing leaves after 17:00.
    (
        "301",
        "Brugelle – Frévelin – Valmont",
        40.0,
        (BORDER_STOPS["Brugelle Douane"], (27.0, 46.0), (26.0, 41.5), (24.0, 37.0), (22.0, 33.5), CENTRE),
        ((9, 40), (13, 10), (16, 30)),
        ((8, 30), (12, 0), (15, 10)),
    ),
    (
        "302",
        "Haut-Mesnil – Pont-Haut",
        34.0,
        ((70.5, 12.0), (67.0, 7.6), (63.0, 11.0), (57.4, 13.4), STATIONS["Pont-Haut Gare"]),
        ((6, 20), (13, 0)),
        ((12, 20), (18, 5)),
    ),
    # Saint-Aubrac: there at 08:08, back at 12:35 and never in the evening.
    (
        "303",
        "Saint-Aubrac – Ormeval – Valmont",
        50.0,
        ((8.0, 17.0), (12.0, 17.6), (16.0, 18.8), (19.0, 22.3), CENTRE),
        ((8, 8),),
        ((12, 35),),
    ),
    (
        "303E",
        "Ormeval – Valmont",
        38.0,
        ((16.0, 18.8), (19.0, 22.3), CENTRE),
        ((8, 14), (13, 30)),
        ((16, 50), (17, 24), (18, 24)),
    ),
    (
        "304",
        "Fergny – Berselle – Valmont",
        36.0,
        ((34.0, 33.0), (31.6, 31.6), (29.0, 30.6), (26.6, 30.1), (24.3, 29.2), CENTRE),
        (),
        (),
    ),
    (
        "305",
        "Houillères – Cantelle – Valmont",
        36.0,
        ((36.0, 17.3), (33.4, 18.4), (31.0, 19.9), (28.0, 21.8), (26.0, 23.3), CENTRE),
        (),
        (),
    ),
    (
        "306",
        "Houillères – Rosières – Villers – Valmont",
        40.0,
        (
            (36.0, 17.3),
            (35.0, 15.8),
            (35.55, 14.6),
            (34.4, 11.4),
            (30.0, 9.0),
            (22.0, 12.0),
            (22.6, 17.0),
            (22.5, 22.8),
            CENTRE,
        ),
        ((6, 40), (7, 40), (12, 10), (17, 22), (18, 10)),
        ((6, 40), (7, 20), (12, 10), (16, 15), (17, 20), (18, 20)),
    ),
    (
        "307",
        "Gréval – Aubrecourt – Fergny",
        42.0,
        ((49.0, 32.0), (47.8, 27.0), (44.0, 22.0), (40.4, 25.0), (36.0, 28.0), (34.0, 33.0)),
        ((7, 50), (13, 10)),
        ((12, 15), (17, 20), (18, 15)),
    ),
    (
        "308",
        "Hautbois – Wavrelles – Valmont",
        40.0,
        ((5.0, 27.0), (9.0, 31.6), (14.0, 33.2), (18.4, 29.5), (20.7, 27.4), CENTRE),
        ((6, 55), (7, 52), (13, 15)),
        ((12, 15), (17, 22), (18, 22)),
    ),
    (
        "309",
        "Tournevent – Fergny",
        40.0,
        ((40.0, 42.4), (36.4, 38.2), (34.0, 33.0)),
        ((8, 16), (13, 20)),
        ((12, 20), (17, 22), (18, 20)),
    ),
    (
        "310",
        "Linselin – Frévelin – Valmont",
        40.0,
        ((18.0, 40.3), (24.0, 37.0), (22.0, 33.5), CENTRE),
        ((6, 55), (8, 0), (13, 20)),
        ((12, 15), (17, 22), (18, 15)),
    ),
    (
        "311",
        "Escaulieu – Villers – Valmont",
        40.0,
        ((12.0, 10.0), (17.0, 10.4), (22.0, 12.0), (22.6, 17.0), (22.5, 22.8), CENTRE),
        ((7, 49), (13, 15)),
        ((12, 20), (17, 22), (18, 10)),
    ),
    (
        "312",
        "Noirval – Houillères",
        40.0,
        ((31.0, 24.6), (35.4, 24.0), (36.3, 20.6), (36.0, 17.3)),
        ((8, 18), (13, 20)),
        ((12, 20), (17, 25)),
    ),
    (
        "313",
        "Montceau – Houillères",
        40.0,
        ((41.0, 9.5), (36.8, 10.6), (34.4, 11.4), (35.55, 14.6), (35.0, 15.8), (36.0, 17.3)),
        ((8, 13), (13, 15)),
        ((12, 15), (17, 30)),
    ),
)


def coach_feed(router: Router) -> FeedTables:
    """Coaches between the towns and the villages; the days are listed one by one in ``calendar_dates.txt``."""
    feed = feed_tables("CAR", "Cars du Haut-Pays")
    feed.add(
        "calendar_dates.txt",
        "service_id,date,exception_type",
        [
            ("LV", f"{day:%Y%m%d}", 1)
            for day in _days(FIRST_DAY, LAST_DAY)
            if day.weekday() < 5 and f"{day:%Y%m%d}" not in HOLIDAYS
        ],
    )
    book = StopBook("C", merge_m=260.0)
    for name, (x, y) in BORDER_STOPS.items():
        book.stop(x * 1000, y * 1000, name)
    book.stop(35_550.0, 14_600.0, "Pont de la Vère")
    book.stop(CENTRE[0] * 1000, CENTRE[1] * 1000, "Valmont Grand-Place")
    for route_id, name, speed, points, out, back in COACHES:
        line = _line(route_id, book, router.legs(points), 1900, speed, dwell_s=20)
        if route_id == "301":
            line = _through_border(line, book)
        _add_route(feed, route_id, name, 3)
        frequent = [
            *every(at(5, 40), at(8, 40), 30),
            *every(at(9, 40), at(15, 40), 60),
            *every(at(16, 10), at(19, 10), 30),
            at(20, 10),
        ]
        out_s = [at(*clock) for clock in out] or frequent
        back_s = [at(*clock) for clock in back] or frequent
        add_departures(feed, line, out_s, "LV", direction=0, headsign=name.rpartition(" – ")[2])
        add_departures(feed, line.back(), back_s, "LV", direction=1, headsign=name.partition(" – ")[0])
    name_stops(book)
    feed.add("stops.txt", "stop_id,stop_name,stop_lat,stop_lon", book.rows())
    return feed


def _through_border(line: Line, book: StopBook) -> Line:
    """Make the coach call at the three named stops of Brugelle, six and four minutes apart."""
    named = tuple(book.stop_id(book.names.index(name)) for name in BORDER_STOPS)
    rest = [(stop, s) for stop, s in zip(line.stops, line.offsets_s, strict=True) if stop not in named and s > 360]
    return Line(line.route_id, (*named, *(stop for stop, _ in rest)), (0, 180, 330, *(s for _, s in rest)))


TRACKS = {
    "R1": (("Fergny Gare", "Berselle Halte", "Valmont Gare"), (0, 420, 840)),
    "R2": (("Valmont Gare", "Cantelle Halte", "Houillères Gare", "Pont-Haut Gare"), (0, 480, 900, 1680)),
}
TRAINS = {
    "SEM": (
        *every(at(5, 35), at(8, 35), 30),
        *every(at(9, 35), at(15, 35), 60),
        *every(at(16, 5), at(19, 5), 30),
        at(20, 5),
        at(21, 15),
    ),
    "WE": tuple(every(at(7, 35), at(19, 35), 120)),
}
STAND_S = 180  # at Valmont, where the train changes its number but not its passengers


def rail_feed() -> tuple[FeedTables, list[np.ndarray]]:
    """Regional trains: one vehicle runs on from Fergny – Valmont as Valmont – Pont-Haut; halts have no times."""
    feed = feed_tables("FER", "Trains du Val")
    feed.add(
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
        [("SEM", 1, 1, 1, 1, 1, 0, 0, FIRST_DAY, LAST_DAY), ("WE", 0, 0, 0, 0, 0, 1, 1, FIRST_DAY, LAST_DAY)],
    )
    _add_route(feed, "R1", "Fergny – Valmont", 2)
    _add_route(feed, "R2", "Valmont – Houillères – Pont-Haut", 2)
    ids = {name: f"F{i + 1}" for i, name in enumerate(STATIONS)}
    west, south = (Line(route, tuple(ids[n] for n in names), times) for route, (names, times) in TRACKS.items())
    blank = frozenset(stop for name, stop in ids.items() if name.endswith("Halte"))
    for service, departures in TRAINS.items():
        for i, start in enumerate(departures):
            back = start + 120
            for letter, direction, line, leaves, headsign in (
                ("A", 0, west, start, "Valmont Gare"),
                ("A", 0, south, start + west.offsets_s[-1] + STAND_S, "Pont-Haut Gare"),
                ("B", 1, south.back(), back, "Valmont Gare"),
                ("B", 1, west.back(), back + south.offsets_s[-1] + STAND_S, "Fergny Gare"),
            ):
                trip, block = f"{line.route_id}-{service}-{direction}-{i + 1:02d}", f"{service}-{letter}{i + 1:02d}"
                add_trip(
                    feed,
                    line,
                    trip,
                    service,
                    leaves,
                    direction=direction,
                    headsign=headsign,
                    block=block,
                    blank=blank,
                    bikes=1,
                )
    places = geo.lonlat(np.array(list(STATIONS.values())) * 1000.0)
    feed.add(
        "stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon",
        [
            (ids[name], name, f"{lat:.6f}", f"{lon:.6f}")
            for name, (lon, lat) in zip(STATIONS, places.tolist(), strict=True)
        ],
    )
    return feed, [geo.smooth(np.array([STATIONS[n] for n in names]) * 1000.0, 2) for names, _ in TRACKS.values()]


def _shifted(place: tuple[float, float], east_m: float, north_m: float) -> tuple[float, float]:
    return place[0] * 1000 + east_m, place[1] * 1000 + north_m


def foreign_feed() -> FeedTables:
    """Write the neighbour country's buses: Brugelle's stops again, 15–24 m away, and headways instead of trips."""
    feed = feed_tables("VOI", "Grensveld Openbaar Vervoer", zone="Europe/Brussels", language="nl")
    feed.add(
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
        [("WD", 1, 1, 1, 1, 1, 0, 0, "20260201", "20260831")],
    )
    stops: dict[str, tuple[float, float]] = {
        "Grensveld Station": _shifted((29.2, 49.8), 0, 0),
        "Grensveld Markt": _shifted((28.75, 49.2), 0, 0),
        "Grensveld School": _shifted((29.5, 50.3), 0, 0),
        "Grensveld Zuid": _shifted((28.4, 48.65), 0, 0),
    }
    stops |= {name: _shifted(place, 14.0, 9.0 + 2 * i) for i, (name, place) in enumerate(BORDER_STOPS.items())}
    stops["Fergny Gare"] = _shifted(STATIONS["Fergny Gare"], 18.0, -11.0)
    ids = {name: f"V{i + 1:02d}" for i, name in enumerate(stops)}
    cross = Line(
        "71",
        tuple(ids[n] for n in ("Grensveld Station", "Grensveld Markt", *BORDER_STOPS, "Fergny Gare")),
        (0, 120, 360, 600, 780, 2040),
    )
    town = Line(
        "G1",
        tuple(ids[n] for n in ("Grensveld Zuid", "Grensveld Markt", "Grensveld Station", "Grensveld School")),
        (0, 150, 330, 480),
    )
    _add_route(feed, "71", "Grensveld – Brugelle – Fergny", 3)
    _add_route(feed, "G1", "Grensveld Stadslijn", 3)
    rows: list[tuple[object, ...]] = []
    for line, step, exact, first in (
        (cross, 1800, 1, ("05:33:00", "05:53:00")),
        (town, 900, 0, ("05:30:00", "05:30:00")),
    ):
        for direction, run in enumerate((line, line.back())):
            trip = f"{line.route_id}-{direction}"
            add_trip(feed, run, trip, "WD", at(6), direction=direction, headsign=line.route_id)
            rows.append((trip, first[direction], "21:30:00", step, exact))
    feed.add("frequencies.txt", "trip_id,start_time,end_time,headway_secs,exact_times", rows)
    places = geo.lonlat(np.array(list(stops.values())))
    feed.add(
        "stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon",
        [
            (ids[name], name, f"{lat:.6f}", f"{lon:.6f}")
            for name, (lon, lat) in zip(stops, places.tolist(), strict=True)
        ],
    )
    return feed


def write_feeds(folder: Path, router: Router) -> tuple[np.ndarray, Sequence[np.ndarray]]:
    """Write the four feeds; give back the tram's and the railway's lines."""
    urban, tram = urban_feed(router)
    rail, tracks = rail_feed()
    urban.write(folder / "gtfs_urbain.zip")
    coach_feed(router).write(folder / "gtfs_interurbain.zip")
    rail.write(folder / "gtfs_rail.zip")
    foreign_feed().write(folder / "gtfs_voisinie.zip")
    return tram, tracks
