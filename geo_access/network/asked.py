"""What people ask of `build_network`, read once: every argument is taken or refused, whatever else is given."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo_access.clock import parse_clock
from geo_access.errors import raise_faults
from geo_access.given import Reading, finite, read_day, read_number, read_path, read_truth, require_kind
from geo_access.network.model import CrowFly, Streets
from geo_access.network.streets.modes import PROFILES
from geo_access.network.streets.stress import LEVELS
from geo_access.network.timetable.runs import Headways
from geo_access.words.told import fault, refusal

__all__ = ["BuildAsked", "read_build"]

_DAY_S = 86_400


@dataclass(frozen=True)
class BuildAsked:
    """Arguments of `build_network` by their names, each of its kind."""

    day: dt.date
    osm: list[Path]
    gtfs: list[Path]
    modes: tuple[str, ...]
    crow_fly_detour: float | None
    align: str | None
    school_breaks: tuple[tuple[dt.date, dt.date], ...]
    walk_kmh: float
    max_transfer_s: int
    bbox_lonlat: tuple[float, float, float, float] | None
    epsg: int | None
    dem: Path | None
    street_time: dt.time
    closed_ways: tuple[int, ...]
    max_stress: int | None
    headways: Headways | None
    link_feeds: bool
    wheelchair: bool
    streets: Streets | CrowFly | None


def _paths(value: object, name: str) -> list[Path]:
    if value is None:
        return []
    if isinstance(value, str | bytes | os.PathLike) or not isinstance(value, Iterable):
        return [read_path(value, name)]
    return [read_path(part, f"{name}[{number}]") for number, part in enumerate(value)]


def _modes(value: object) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    if not listed or any(not isinstance(mode, str) or mode not in PROFILES for mode in listed):
        raise refusal("streets.modes", modes=str(list(listed)), known=", ".join(PROFILES))
    return listed


def _align(value: object) -> str | None:
    if value is not None and value != "equivalent-day":
        raise_faults([fault("align", "timetable.align", value=repr(value))])
    return None if value is None else str(value)


def _breaks(value: object) -> tuple[tuple[dt.date, dt.date], ...]:
    pairs = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    found = []
    for pair in pairs:
        ends = tuple(pair) if isinstance(pair, Iterable) and not isinstance(pair, str) else ()
        if len(ends) != 2 or (first := read_day(ends[0])) > (last := read_day(ends[1])):
            raise_faults([fault("school_breaks", "given.breaks", value=repr(pair))])
        found.append((first, last))
    return tuple(found)


def _seconds(value: object, name: str) -> int:
    seconds = value.total_seconds() if isinstance(value, dt.timedelta) else value
    return int(read_number(seconds, name, least=0, whole=True, example="600"))


def _box(value: object) -> tuple[float, float, float, float] | None:
    if value is None:
        return None
    sides = [finite(side) for side in value] if isinstance(value, Iterable) and not isinstance(value, str) else []
    if len(sides) != 4 or None in sides:
        raise_faults([fault("bbox_lonlat", "given.box", value=repr(value))])
    west, south, east, north = (float(side or 0.0) for side in sides)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise_faults([fault("bbox_lonlat", "given.box", value=repr(value))])
    return west, south, east, north


def _epsg(value: object) -> int | None:
    if value is None:
        return None
    text = value.strip().upper().removeprefix("EPSG:") if isinstance(value, str) else ""
    if text.isdecimal():
        return int(text)
    return int(read_number(value, "epsg", above=0, whole=True, example="2154"))


def _dem(value: object) -> Path | None:
    return None if value is None else read_path(value, "dem")


def _street_time(value: object) -> dt.time:
    if isinstance(value, dt.datetime):
        return value.time()
    if isinstance(value, dt.time):
        return value
    seconds = parse_clock(value) if isinstance(value, str) else -1
    if not 0 <= seconds < _DAY_S:
        raise_faults([fault("street_time", "asked.clock", value=repr(value))])
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _ways(value: object) -> tuple[int, ...]:
    listed = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    numbers = [finite(way) for way in listed]
    if isinstance(value, str) or any(number is None or number != int(number) for number in numbers):
        raise_faults([fault("closed_ways", "given.ways", value=repr(value))])
    return tuple(int(number) for number in numbers if number is not None)


def _stress(value: object) -> int | None:
    if value is None:
        return None
    number = finite(value)
    if number not in LEVELS:
        raise refusal("streets.stress_level", level=repr(value))
    return int(number or 0)


def _streets(value: Any) -> Streets | CrowFly | None:
    if value is None:
        return None
    if all(hasattr(value, part) for part in ("nodes", "edges", "is_directed")):
        raise_faults([fault("streets", "given.streets_graph", given=type(value).__name__)])
    kinds: tuple[type[Streets | CrowFly], ...] = (Streets, CrowFly)
    found: Streets | CrowFly = require_kind(value, kinds, "streets", made_by="from_osmnx(G), build_network(…).streets")
    return found


def _headways(value: Any) -> Headways | None:
    return None if value is None else require_kind(value, Headways, "headways", made_by="Headways(…)")


def read_build(**given: Any) -> BuildAsked:
    """Read the arguments of `build_network`, by their names.

    Raises
    ------
    InputError
        With every argument that is of another kind than asked, or out of its range.
    """
    read = Reading()
    detour = given["crow_fly_detour"]
    asked = {
        "day": read("date", read_day, given["date"]),
        "osm": read("osm", _paths, given["osm"], name="osm"),
        "gtfs": read("gtfs", _paths, given["gtfs"], name="gtfs"),
        "modes": read("modes", _modes, given["modes"]),
        "crow_fly_detour": None
        if detour is None
        else read("crow_fly_detour", read_number, detour, name="crow_fly_detour", example="1.3"),
        "align": read("align", _align, given["align"]),
        "school_breaks": read("school_breaks", _breaks, given["school_breaks"]),
        "walk_kmh": read("walk_kmh", read_number, given["walk_kmh"], name="walk_kmh", above=0, example="4.8"),
        "max_transfer_s": read("max_transfer_s", _seconds, given["max_transfer_s"], name="max_transfer_s"),
        "bbox_lonlat": read("bbox_lonlat", _box, given["bbox_lonlat"]),
        "epsg": read("epsg", _epsg, given["epsg"]),
        "dem": read("dem", _dem, given["dem"]),
        "street_time": read("street_time", _street_time, given["street_time"]),
        "closed_ways": read("closed_ways", _ways, given["closed_ways"]),
        "max_stress": read("max_stress", _stress, given["max_stress"]),
        "headways": read("headways", _headways, given["headways"]),
        "link_feeds": read("link_feeds", read_truth, given["link_feeds"], name="link_feeds"),
        "wheelchair": read("wheelchair", read_truth, given["wheelchair"], name="wheelchair"),
        "streets": read("streets", _streets, given["streets"]),
    }
    read.finish()
    return BuildAsked(**asked)
