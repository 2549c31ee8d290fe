"""GTFS: one file or folder in, one `Feed` of typed tables out, with a notice for everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.manifest import sha256_file
from geo_access.sources.gtfs_notices import Notice, NoticeBook, notice_summary, notices_frame
from geo_access.sources.gtfs_read import RawTable, read_files, read_raw
from geo_access.sources.gtfs_repair import repair_stop_times
from geo_access.sources.gtfs_stop_times import COLUMNS, StopTimes, read_stop_times
from geo_access.sources.gtfs_tables import (
    read_calendar,
    read_calendar_dates,
    read_frequencies,
    read_pathways,
    read_routes,
    read_stops,
    read_transfers,
    read_trips,
)
from geo_access.sources.gtfs_validate import check_feed

__all__ = ["Feed", "feed_report", "read_gtfs", "read_shapes"]


@dataclass(frozen=True, eq=False)
class Feed:
    """One GTFS feed, read, repaired and checked.

    Tables are DataFrames with the columns of the file as text (ids kept as they came) but those listed here, and
    with `row`, the record of the file (the header is 1). Nothing writes to them.

    Attributes
    ----------
    name : str
        Names the feed in every message and prefixes its ids where several feeds meet.
    zone : str
        IANA time zone.
    sha256 : str
        Of the file or folder.
    agency, routes, trips, pathways, feed_info : pandas.DataFrame
        `routes.route_type` int16, `trips.bikes_allowed` text.
    stops : pandas.DataFrame
        `stop_lon`, `stop_lat` float64 degrees (NaN where unusable), `location_type` int8.
    stop_times : StopTimes
        Calls as arrays over the rows of `trips` and `stops`.
    calendar : pandas.DataFrame
        `monday` … `sunday` bool, `start_date`, `end_date` datetime64.
    calendar_dates : pandas.DataFrame
        `date` datetime64, `exception_type` int8.
    frequencies : pandas.DataFrame
        `start_s`, `end_s`, `headway_s` int32, `exact` bool.
    transfers : pandas.DataFrame
        `transfer_type` int8, `min_transfer_s` int32 (−1 where not given).
    notices : tuple of Notice
    """

    name: str
    zone: str
    sha256: str
    agency: pd.DataFrame
    stops: pd.DataFrame
    routes: pd.DataFrame
    trips: pd.DataFrame
    stop_times: StopTimes
    calendar: pd.DataFrame
    calendar_dates: pd.DataFrame
    frequencies: pd.DataFrame
    transfers: pd.DataFrame
    pathways: pd.DataFrame
    feed_info: pd.DataFrame
    notices: tuple[Notice, ...] = ()


def read_gtfs(path: str | Path, *, name: str | None = None, zone: str | None = None) -> Feed:
    """Read a GTFS feed.

    Parameters
    ----------
    path : str or pathlib.Path
        A zip or a folder; the tables may lie in a folder inside.
    name : str, optional
        Name of the feed; the file's name without ending by default.
    zone : str, optional
        IANA time zone for a feed whose ``agency.txt`` gives none that is known; elsewhere the file decides.

    Returns
    -------
    Feed

    Raises
    ------
    MissingFileError
        No such file.
    InputError
        Not a zip, a required table or column is missing, no calendar, a table is not CSV.
    CapacityError
        The zip unpacks to more than any real feed.

    Examples
    --------
    >>> feed = read_gtfs("data/demo/gtfs_rail.zip")
    >>> feed.zone, len(feed.trips) > 0
    ('Europe/Paris', True)
    """
    path = Path(path)
    notices = NoticeBook()
    label = name or path.name.removesuffix(".zip")
    files = read_files(path, notices)
    files.pop("shapes", None)
    _require(files, path)
    raw = {
        table: read_raw(table, files.pop(table), notices, columns=COLUMNS if table == "stop_times" else None)
        for table in list(files)
    }
    _require_columns(raw, path)
    agency = _frame(raw, "agency")
    stops = read_stops(raw["stops"], notices)
    trips = read_trips(raw["trips"], notices)
    routes = read_routes(raw.get("routes"), trips, notices)
    lon, lat = stops["stop_lon"].to_numpy(), stops["stop_lat"].to_numpy()
    trip_ids, stop_ids = trips["trip_id"].to_numpy(), stops["stop_id"].to_numpy()
    usable = np.isfinite(lon) & np.isfinite(lat)
    times = read_stop_times(raw.pop("stop_times"), trip_ids, stop_ids, usable, notices)
    times = repair_stop_times(times, lon, lat, trip_ids, notices)
    feed = Feed(
        name=label,
        zone=_zone(agency, zone, label, notices),
        sha256=sha256_file(path),
        agency=agency,
        stops=stops,
        routes=routes,
        trips=trips,
        stop_times=times,
        calendar=read_calendar(raw.get("calendar"), notices),
        calendar_dates=read_calendar_dates(raw.get("calendar_dates"), notices),
        frequencies=read_frequencies(raw.get("frequencies"), trip_ids, notices),
        transfers=read_transfers(raw.get("transfers"), stop_ids, routes["route_id"].to_numpy(), trip_ids, notices),
        pathways=read_pathways(raw.get("pathways"), stop_ids, notices),
        feed_info=_frame(raw, "feed_info"),
    )
    check_feed(feed, notices)
    return replace(feed, notices=tuple(notices.found))


def _frame(raw: dict[str, RawTable], table: str) -> pd.DataFrame:
    return raw[table].frame() if table in raw else pd.DataFrame({"row": np.empty(0, np.int64)})


def _require(files: dict[str, bytes], path: Path) -> None:
    missing = [f"{table}.txt" for table in ("stops", "trips", "stop_times") if table not in files]
    if missing:
        raise InputError(
            f"{path.name}: missing_required_file {', '.join(missing)} → ask the producer for a complete feed"
        )
    if "calendar" not in files and "calendar_dates" not in files:
        raise InputError(
            f"{path.name}: missing_calendar_and_calendar_date_files: neither calendar.txt nor calendar_dates.txt says "
            "when trips run → ask the producer for a complete feed"
        )


def _require_columns(raw: dict[str, RawTable], path: Path) -> None:
    required = {
        "stops": ("stop_id", "stop_lat", "stop_lon"),
        "trips": ("route_id", "service_id", "trip_id"),
        "routes": ("route_id",),
        "stop_times": ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
    }
    missing = [
        f"{table}.txt: {column}" for table, columns in required.items() if table in raw for column in columns
        if column not in raw[table].columns
    ]  # fmt: skip
    if missing:
        raise InputError(f"{path.name}: missing_required_column {', '.join(missing)} → name the columns as GTFS does")


def _zone(agency: pd.DataFrame, given: str | None, label: str, notices: NoticeBook) -> str:
    named = list(dict.fromkeys(agency["agency_timezone"])) if "agency_timezone" in agency else []
    known = [name for name in named if _is_zone(name)]
    for name in named:
        if name not in known:
            notices.add("invalid_timezone", "ERROR", "agency.txt", action="repaired", entity=name, row=2,
                        message="not an IANA time zone")  # fmt: skip
    if len(known) > 1:
        notices.add("inconsistent_agency_timezone", "ERROR", "agency.txt", action="repaired", entity=", ".join(known),
                    message=f"several time zones in one feed: {known[0]} counts")  # fmt: skip
    if known:
        return known[0]
    if given is None:
        said = f" ({', '.join(f'{name[:40]!r}' for name in named[:3])}, row 2)" if any(named) else ""
        raise InputError(
            f"{label}: agency.txt gives no known time zone{said} → write one such as Europe/Paris in agency_timezone, "
            "or pass zone='Europe/Paris'"
        )
    if not _is_zone(given):
        raise InputError(f"{given!r} is not an IANA time zone → for instance zone='Europe/Paris'")
    notices.add("missing_required_field", "ERROR", "agency.txt", action="repaired", entity="agency_timezone",
                message=f"no known time zone: {given} as asked")  # fmt: skip
    return given


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def read_shapes(path: str | Path) -> pd.DataFrame:
    """Lines of the routes on the map; most feeds of coaches and some of cities ship none.

    Parameters
    ----------
    path : str or pathlib.Path
        The feed.

    Returns
    -------
    pandas.DataFrame
        `shape_id`, `lon`, `lat` (degrees, EPSG:4326), in drawing order; empty where there is no ``shapes.txt``.

    Examples
    --------
    >>> read_shapes("data/demo/gtfs_rail.zip").columns.tolist()
    ['shape_id', 'lon', 'lat']
    """
    path = Path(path)
    notices = NoticeBook()
    files = read_files(path, notices, tables=("shapes",))
    if "shapes" not in files:
        return pd.DataFrame({"shape_id": np.empty(0, object), "lon": np.empty(0), "lat": np.empty(0)})
    raw = read_raw("shapes", files["shapes"], notices)
    columns = {"lon": "shape_pt_lon", "lat": "shape_pt_lat", "sequence": "shape_pt_sequence"}
    frame = pd.DataFrame({"shape_id": raw.text("shape_id")})
    for column, source in columns.items():
        frame[column] = pd.to_numeric(pd.Series(raw.text(source)), errors="coerce")
    frame = frame.dropna(subset=["lon", "lat", "sequence"])
    frame = frame.sort_values(["shape_id", "sequence"], kind="stable")
    return frame[["shape_id", "lon", "lat"]].reset_index(drop=True)


def feed_report(feed: Feed) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Report what is wrong with a feed: every notice, and the counts by kind.

    Returns
    -------
    notices : pandas.DataFrame
        One line per finding: ``feed, severity, code, file, row, entity, action, count, message``.
    summary : pandas.DataFrame
        ``feed, severity, code, file, action, count, example``, errors first.

    Examples
    --------
    >>> notices, summary = feed_report(read_gtfs("data/demo/gtfs_rail.zip"))
    >>> bool((summary["severity"] == "ERROR").any())
    False
    """
    return notices_frame(feed.notices, feed=feed.name), notice_summary(feed.notices, feed=feed.name)
