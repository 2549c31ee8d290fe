"""Small GTFS feeds written from a drawing: stops in metres, trips as lists of (stop, time)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyproj import Transformer

ORIGIN_EPSG = 2154
ORIGIN_XY = (700_000.0, 7_060_000.0)

Call = tuple[str, ...]
Trip = Sequence[Call] | str | Mapping[str, Any]

_CALENDAR = {
    "service_id": "all",
    "monday": 1,
    "tuesday": 1,
    "wednesday": 1,
    "thursday": 1,
    "friday": 1,
    "saturday": 1,
    "sunday": 1,
    "start_date": "20260101",
    "end_date": "20261231",
}


def calls_of(text: str) -> list[Call]:
    """Read ``"A 08:00  B 08:10/08:12  C 08:20"``: stop, then departure, or arrival/departure, or - for blank."""
    words = text.split()
    return [
        (stop, *("" if part == "-" else part for part in at.split("/"))) for stop, at in zip(words[::2], words[1::2])
    ]


def full_time(text: str) -> str:
    """``8:05`` and ``08:05`` as ``08:05:00``."""
    if not text or text.count(":") != 1:
        return text
    hours, minutes = text.split(":")
    return f"{int(hours):02d}:{minutes}:00"


def feed_tables(
    stops: Mapping[str, tuple[float, float]],
    trips: Sequence[Trip],
    *,
    calendar: Sequence[Mapping[str, Any]] | None = None,
    calendar_dates: Sequence[Mapping[str, Any]] = (),
    stop_columns: Mapping[str, Mapping[str, Any]] | None = None,
    zone: str = "Europe/Paris",
    route_types: Mapping[str, int] | None = None,
    **tables: Sequence[Mapping[str, Any]],
) -> dict[str, list[dict[str, Any]]]:
    """Rows of each table. A trip is a text, a list of calls, or a mapping with `calls` and columns of trips.txt.

    A call is (stop, time) or (stop, arrival, departure), or a mapping of columns of stop_times.txt.
    Keywords left over (``frequencies=``, ``transfers=``, …) are written as they are.
    """
    to_degrees = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
    out: dict[str, list[dict[str, Any]]] = {
        "agency": [
            {"agency_id": "a", "agency_name": "Drawn", "agency_url": "https://example.org", "agency_timezone": zone}
        ]
    }
    out["stops"] = []
    for stop, (x, y) in stops.items():
        lon, lat = to_degrees.transform(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)
        row = {"stop_id": stop, "stop_name": f"Stop {stop}", "stop_lat": f"{lat:.7f}", "stop_lon": f"{lon:.7f}"}
        out["stops"].append(row | dict((stop_columns or {}).get(stop, {})))
    out["trips"], out["stop_times"] = [], []
    for number, trip in enumerate(trips):
        given = dict(trip) if isinstance(trip, Mapping) else {"calls": trip}
        calls = given.pop("calls")
        row = {"route_id": "r", "service_id": "all", "trip_id": f"t{number}"} | given
        out["trips"].append(row)
        for sequence, call in enumerate(calls_of(calls) if isinstance(calls, str) else calls):
            if isinstance(call, Mapping):
                cells = dict(call)
            else:
                cells = {"stop_id": call[0], "arrival_time": full_time(call[1]), "departure_time": full_time(call[-1])}
            out["stop_times"].append({"trip_id": row["trip_id"], "stop_sequence": sequence} | cells)
    routes = dict.fromkeys(row["route_id"] for row in out["trips"])
    out["routes"] = [
        {
            "route_id": route,
            "agency_id": "a",
            "route_short_name": route.upper(),
            "route_type": (route_types or {}).get(route, 3),
        }
        for route in routes
    ]
    out["calendar"] = [dict(row) for row in ([_CALENDAR] if calendar is None else calendar)]
    out["calendar_dates"] = [dict(row) for row in calendar_dates]
    for name, rows in tables.items():
        out[name] = [dict(row) for row in rows]
    return {name: rows for name, rows in out.items() if rows}


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV text; the columns are all that any row has."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write_tables(path: Path, texts: Mapping[str, str | bytes]) -> Path:
    """Write named texts as a zip (``.zip``) or as a folder."""
    data = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in data.items():
                archive.writestr(name, content)
    else:
        path.mkdir(parents=True, exist_ok=True)
        for name, content in data.items():
            (path / name).write_bytes(content)
    return path


def write_feed(path: Path, stops: Mapping[str, tuple[float, float]], trips: Sequence[Trip], **options: Any) -> Path:
    """Write a drawn feed to a zip or a folder; options as in `feed_tables`.

    >>> write_feed(tmp / "f.zip", {"A": (0, 0), "B": (1000, 0)}, ["A 08:00 B 08:10"])  # doctest: +SKIP
    """
    tables = feed_tables(stops, trips, **options)
    return write_tables(path, {f"{name}.txt": table_text(rows) for name, rows in tables.items()})
