"""Where stops lie: positions that cannot be, latitude and longitude exchanged, one stop or a whole file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import TZPATH

import numpy as np
import pandas as pd

from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.words.note import note

__all__ = [
    "great_circle_m",
    "say_missing",
    "single_exchanged",
    "some_exchanged",
    "usable_positions",
    "whole_file_exchanged",
    "zone_places",
]

_EARTH_RADIUS_M = 6_371_008.8
# A degree is about 110 km: a territory's stops lie within this much of the bulk of them.
_BULK_MARGIN_DEGREES = 1.0
_NULL_ISLAND_DEGREES = 0.1
# A territory on the line on which both are equal (Turkey's) lies on both sides of it by right.
_MIRRORED_DEGREES = 8.0
_FAR_DEGREES = 4.0
# The widest time zone, China's, reaches this far from the town it is named for.
_ZONE_REACH_M = 3_500_000.0
_ZONE_FAR_M = 2_000_000.0
_TOWN_REACH_M = 150_000.0


def great_circle_m(lon_a: np.ndarray, lat_a: np.ndarray, lon_b: np.ndarray, lat_b: np.ndarray) -> np.ndarray:
    """Distance on the mean sphere [m] between points in degrees (haversine formula).

    Examples
    --------
    >>> round(float(great_circle_m(np.array(3.0), np.array(50.0), np.array(3.0), np.array(51.0))) / 1000)
    111
    """
    a, b = np.radians(lat_a), np.radians(lat_b)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon_b - lon_a) / 2) ** 2
    return 2 * _EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))


@cache
def zone_places() -> dict[str, tuple[float, float]]:
    """Latitude and longitude [°] of the town that each IANA time zone is named for; empty without that table."""
    for package, file in (("tzdata", "zoneinfo/zone.tab"),):
        try:
            lines = resources.files(package).joinpath(file).read_text("utf-8").splitlines()
        except (ModuleNotFoundError, OSError):
            continue
        return _zone_lines(lines)
    for folder in TZPATH:
        try:
            return _zone_lines((Path(folder) / "zone.tab").read_text("utf-8").splitlines())
        except OSError:
            continue
    return {}


_PLACE = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")


def _zone_lines(lines: Sequence[str]) -> dict[str, tuple[float, float]]:
    found = {}
    for line in lines:
        cells = line.split("\t")
        match = _PLACE.fullmatch(cells[1]) if len(cells) > 2 and not line.startswith("#") else None
        if match is None:
            continue
        halves = (match.groups(default="0")[:4], match.groups(default="0")[4:])
        lat, lon = (
            (-1 if sign == "-" else 1) * (int(degrees) + int(minutes) / 60 + int(seconds) / 3600)
            for sign, degrees, minutes, seconds in halves
        )
        found[cells[2]] = (lat, lon)
    return found


def whole_file_exchanged(
    lat: np.ndarray, lon: np.ndarray, zone: str, notices: NoticeBook, *, file: str = "stops.txt"
) -> tuple[np.ndarray, np.ndarray]:
    """Exchange latitude and longitude of all stops where the whole file has them the wrong way round.

    That is so where most latitudes are beyond 90° and would do as longitudes, or where the middle of the stops lies
    far from the town of the agency's time zone (and from any other's), and near it exchanged.

    Parameters
    ----------
    lat, lon : ndarray of float64, shape (n,)
        [°]
    zone : str
        IANA time zone; "" where not known.
    notices : NoticeBook
    file : str
        Whose positions they are.

    Returns
    -------
    lat, lon : ndarray of float64, shape (n,)
    """
    known = _somewhere(lat, lon)
    if not known.any():
        return lat, lon
    impossible = (np.abs(lat[known]) > 90) & (np.abs(lat[known]) <= 180) & (np.abs(lon[known]) <= 90)
    middle = float(np.median(lat[known])), float(np.median(lon[known]))
    if impossible.mean() > 0.5:
        why = f"latitude {middle[0]:.1f}"
    elif max(np.abs(middle)) <= 90 and _better_exchanged(middle, zone):
        why = zone
    else:
        return lat, lon
    notices.add(
        Notice(
            "swapped_coordinates",
            "ERROR",
            file,
            action="repaired",
            says=note("gtfs.all_exchanged", why=why),
            count=int(known.sum()),
        )
    )
    return lon, lat


def _somewhere(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Tell which stops have a position; 0, 0 is none."""
    off_null_island = (np.abs(lat) >= _NULL_ISLAND_DEGREES) | (np.abs(lon) >= _NULL_ISLAND_DEGREES)
    placed: np.ndarray = np.isfinite(lat) & np.isfinite(lon) & off_null_island
    return placed


def _better_exchanged(middle: tuple[float, float], zone: str) -> bool:
    places = zone_places()
    if zone not in places:
        return False
    lat, lon = middle
    home = np.array(places[zone])
    given, turned = (
        float(great_circle_m(home[1], home[0], np.array(x), np.array(y))) for y, x in ((lat, lon), (lon, lat))
    )
    if turned > _ZONE_REACH_M or given < _ZONE_FAR_M or given < 1.5 * turned:
        return False
    towns = np.array(list(places.values()))
    nearest = float(great_circle_m(towns[:, 1], towns[:, 0], np.array(lon), np.array(lat)).min())
    # A feed of Réunion that gives the time zone of Paris lies where it says.
    return nearest > _TOWN_REACH_M


def some_exchanged(
    lat: np.ndarray, lon: np.ndarray, frame: pd.DataFrame, zone: str, notices: NoticeBook
) -> tuple[np.ndarray, np.ndarray]:
    """Exchange latitude and longitude of those stops that lie among the others only so, however many they are.

    Stops north-west and south-east of the line on which latitude and longitude are equal are two groups. Where one,
    mirrored, falls into the other, one of them is exchanged: the one that is far from the town of the agency's time
    zone and would lie near it, else the smaller. Two of a size of which nothing tells stay, with a notice.

    Parameters
    ----------
    lat, lon : ndarray of float64, shape (n,)
        [°]
    frame : pandas.DataFrame
        ``row``, ``stop_id``, ``stop_name`` of each.
    zone : str
        IANA time zone; "" where not known.
    notices : NoticeBook

    Returns
    -------
    lat, lon : ndarray of float64, shape (n,)
    """
    known = _somewhere(lat, lon)
    groups = [known & (lat > lon), known & (lat < lon)]
    sizes = [int(group.sum()) for group in groups]
    if min(sizes) == 0:
        return lat, lon
    middles = [(float(np.median(lat[group])), float(np.median(lon[group]))) for group in groups]
    if min(abs(y - x) for y, x in middles) < _MIRRORED_DEGREES:
        return lat, lon
    right, sure = _right_group(middles, sizes, zone)
    (south, north), (west, east) = (np.percentile(axis[groups[right]], (5, 95)) for axis in (lat, lon))
    margin = _BULK_MARGIN_DEGREES
    swapped = groups[1 - right] & (lon > south - margin) & (lon < north + margin)
    swapped &= (lat > west - margin) & (lat < east + margin)
    far = _FAR_DEGREES
    swapped &= ~((lat > south - far) & (lat < north + far) & (lon > west - far) & (lon < east + far))
    if not swapped.any():
        return lat, lon
    names = frame["stop_id"].to_numpy()[swapped] + " « " + frame["stop_name"].to_numpy()[swapped] + " »"
    notices.add_rows(
        Notice(
            "swapped_coordinates",
            "ERROR",
            "stops.txt",
            action="repaired" if sure else "kept",
            says=note("gtfs.exchanged" if sure else "gtfs.exchanged_or_others"),
        ),
        frame["row"].to_numpy()[swapped],
        names,
    )
    return (np.where(swapped, lon, lat), np.where(swapped, lat, lon)) if sure else (lat, lon)


def _right_group(middles: Sequence[tuple[float, float]], sizes: Sequence[int], zone: str) -> tuple[int, bool]:
    """Tell which of two mirrored groups of stops lies where it says, and whether anything told it."""
    for group in (0, 1):
        if max(np.abs(middles[group])) <= 90 and _better_exchanged(middles[group], zone):
            return 1 - group, True
        if abs(middles[group][0]) > 90:
            return 1 - group, True
    return int(sizes[1] > sizes[0]), sizes[0] != sizes[1]


def usable_positions(
    lat: np.ndarray, lon: np.ndarray, rows: np.ndarray, ids: np.ndarray, notices: NoticeBook
) -> tuple[np.ndarray, np.ndarray]:
    """Take away positions that cannot be; one that would do exchanged is left to `single_exchanged`."""
    near_origin = (np.abs(lat) < _NULL_ISLAND_DEGREES) & (np.abs(lon) < _NULL_ISLAND_DEGREES)
    outside = (np.abs(lat) > 90) | (np.abs(lon) > 180)
    # A latitude beyond ±90 that would do as a longitude may have been exchanged: left to the next check.
    hopeless = (outside & ((np.abs(lon) > 90) | (np.abs(lat) > 180))) & ~near_origin
    pole = (np.abs(lat) > 89) & ~outside
    for mask, code, says in (
        (near_origin, "point_near_origin", "near_origin"),
        (hopeless, "number_out_of_range", "not_degrees"),
        (pole, "point_near_pole", "at_pole"),
    ):
        if mask.any():
            notices.add_rows(
                Notice(code, "ERROR", "stops.txt", action="dropped", says=note(f"gtfs.{says}")), rows[mask], ids[mask]
            )
    bad = near_origin | hopeless | pole
    return np.where(bad, np.nan, lat), np.where(bad, np.nan, lon)


def single_exchanged(
    lat: np.ndarray, lon: np.ndarray, rows: np.ndarray, frame: pd.DataFrame, notices: NoticeBook
) -> tuple[np.ndarray, np.ndarray]:
    """Exchange latitude and longitude where the stop lies far from the bulk as given, and within it exchanged."""
    known = np.isfinite(lat) & np.isfinite(lon)
    if known.sum() < 4:
        return lat, lon
    (south, north), (west, east) = (np.percentile(axis[known], (5, 95)) for axis in (lat, lon))
    margin = _BULK_MARGIN_DEGREES

    def within(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        return (y > south - margin) & (y < north + margin) & (x > west - margin) & (x < east + margin)

    far = known & ~((lat > south - 4) & (lat < north + 4) & (lon > west - 4) & (lon < east + 4))
    swapped = far & within(lon, lat)
    if swapped.any():
        names = frame["stop_id"].to_numpy()[swapped] + " « " + frame["stop_name"].to_numpy()[swapped] + " »"
        notices.add_rows(
            Notice("swapped_coordinates", "ERROR", "stops.txt", action="repaired", says=note("gtfs.exchanged")),
            rows[swapped],
            names,
        )
    still = known & ~swapped & (np.abs(lat) > 90)
    if still.any():
        notices.add_rows(
            Notice("number_out_of_range", "ERROR", "stops.txt", action="dropped", says=note("gtfs.not_degrees")),
            rows[still],
            frame["stop_id"].to_numpy()[still],
        )
    new_lat, new_lon = np.where(swapped, lon, lat), np.where(swapped, lat, lon)
    return np.where(still, np.nan, new_lat), np.where(still, np.nan, new_lon)


def say_missing(lat: np.ndarray, borrowed: np.ndarray, frame: pd.DataFrame, notices: NoticeBook) -> None:
    """Say which stops have no position, or that of their station."""
    rows, ids = frame["row"].to_numpy(), frame["stop_id"].to_numpy()
    needs = (frame["location_type"] <= 1).to_numpy()
    for mask, action, says in (
        (borrowed & needs, "repaired", "position_of_station"),
        (~np.isfinite(lat) & needs, "dropped", "no_position"),
    ):
        if mask.any():
            notices.add_rows(
                Notice("stop_without_location", "ERROR", "stops.txt", action=action, says=note(f"gtfs.{says}")),
                rows[mask],
                ids[mask],
            )
