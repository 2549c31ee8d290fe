"""Rides drawn along the shapes of their feeds: the part of the shape between the stops called at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pyproj import Transformer
from shapely import LineString, Point
from shapely.ops import substring

from geo_access.sources.gtfs.feed import read_shapes
from geo_access.sources.gtfs.notices import NoticeBook
from geo_access.sources.gtfs.read import read_files
from geo_access.sources.gtfs.rows import read_raw

__all__ = ["shape_lines"]

# A shape farther than this from a stop is not that of the ride.
_OFF_SHAPE_M = 200.0
# What the timetable appends to the trips of frequencies.txt.
_RUN_LABEL = re.compile(r"(#\d{6}|~\d+@\d+)$")


def shape_lines(paths: Sequence[str | Path], rides: Sequence[tuple[str, np.ndarray]], *, epsg: int) -> list[np.ndarray]:
    """Draw rides along ``shapes.txt``.

    Parameters
    ----------
    paths : sequence of path
        The feeds of the timetable.
    rides : sequence of (str, ndarray of float64, shape (k, 2))
        Trip as the timetable names it, and the stops called at [m].
    epsg : int
        CRS of the stops.

    Returns
    -------
    list of ndarray of float64, shape (n_points, 2)
        [m]; the stops themselves where a trip has no shape, or one that passes more than 200 m from a stop.
    """
    shape_of: dict[str, LineString] = {}
    wanted = {_RUN_LABEL.sub("", trip) for trip, _ in rides}
    to_metric = Transformer.from_crs(4326, epsg, always_xy=True)
    for path in paths:
        prefix = f"{Path(path).stem}:"
        shapes = _trip_shapes(Path(path))
        mine = {trip: shapes.get(trip.removeprefix(prefix), "") for trip in wanted - shape_of.keys()}
        if not any(mine.values()):
            continue
        points = read_shapes(path)
        for trip, shape in mine.items():
            part = points[points["shape_id"] == shape] if shape else points.iloc[:0]
            if len(part) > 1:
                shape_of[trip] = LineString(np.column_stack(to_metric.transform(part["lon"], part["lat"])))
    return [_between(shape_of.get(_RUN_LABEL.sub("", trip)), stops) for trip, stops in rides]


def _trip_shapes(path: Path) -> dict[str, str]:
    notices = NoticeBook()
    files = read_files(path, notices, tables=("trips",))
    if "trips" not in files:
        return {}
    raw = read_raw("trips", files["trips"], notices)
    return dict(zip(raw.text("trip_id"), raw.text("shape_id"), strict=True))


def _between(shape: LineString | None, stops: np.ndarray) -> np.ndarray:
    if shape is None:
        return stops
    at = 0.0
    places = []
    for stop in stops:
        # Stops come in the order of the line: each is looked for after the one before.
        rest = substring(shape, at, shape.length)
        if rest.distance(Point(stop)) > _OFF_SHAPE_M:
            return stops
        at += rest.project(Point(stop)) if isinstance(rest, LineString) else 0.0
        places.append(at)
    part = substring(shape, places[0], places[-1])
    return np.asarray(part.coords) if isinstance(part, LineString) else stops
