"""GTFS: one file or folder in, one `Feed` of typed tables out, with a notice for everything that is wrong.

What of a feed a wheelchair can use, as far as the feed says.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from geo_access.manifest import sha256_file
from geo_access.sources.gtfs.calendars import read_calendar, read_calendar_dates, read_frequencies, without_periods
from geo_access.sources.gtfs.cells import WEEKDAYS, join_ids, plain_codes
from geo_access.sources.gtfs.clocks import plain_clocks
from geo_access.sources.gtfs.flex import GEOJSON, read_flex
from geo_access.sources.gtfs.links import read_pathways, read_transfers
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import Notice, NoticeBook, notice_summary, notices_frame
from geo_access.sources.gtfs.read import container_of, read_files
from geo_access.sources.gtfs.repair import check_feed, pick_calls, repair_stop_times
from geo_access.sources.gtfs.rows import RawTable, read_raw
from geo_access.sources.gtfs.step_free import step_free
from geo_access.sources.gtfs.stop_times import COLUMNS, StopTimes, read_stop_times
from geo_access.sources.gtfs.tables import read_routes, read_stops, read_trips
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = ["feed_report", "read_gtfs", "read_shapes", "wheelchair_feed"]


def read_gtfs(
    path: str | Path, *, name: str | None = None, zone: str | None = None, exchanged: bool | None = None
) -> Feed:
    """Read a GTFS feed.

    Parameters
    ----------
    path : str or pathlib.Path
        A zip or a folder; the tables may lie in a folder inside. Of several feeds in one file, the one wanted:
        ``file.zip/folder``, ``file.zip/inner.zip``, or one of its tables (`several.read_feeds` reads them all).
    name : str, optional
        Name of the feed; the file's name without ending by default.
    zone : str, optional
        IANA time zone for a feed whose ``agency.txt`` gives none that is known; elsewhere the file decides.
    exchanged : bool, optional
        Whether the file writes latitudes as longitudes; told from the time zone by default.

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
    _require(files, path)
    geojson = files.pop(GEOJSON, None)
    raw = {
        table: read_raw(table, files.pop(table), notices, columns=COLUMNS if table == "stop_times" else None)
        for table in list(files)
    }
    _require_columns(raw, path)
    plain = {name: plain_clocks(plain_codes(table, notices), notices) for name, table in raw.items()}
    raw = join_ids(plain, notices)
    agency = _frame(raw, "agency")
    used_zone = _zone(agency, zone, label, notices)
    stops = read_stops(raw["stops"], notices, zone=used_zone, exchanged=exchanged)
    trips = read_trips(raw["trips"], notices)
    routes = read_routes(raw.get("routes"), trips, notices)
    lon, lat = stops["stop_lon"].to_numpy(), stops["stop_lat"].to_numpy()
    trip_ids, stop_ids = trips["trip_id"].to_numpy(), stops["stop_id"].to_numpy()
    usable = np.isfinite(lon) & np.isfinite(lat)
    flex = read_flex(raw, geojson, trips, stops, notices, zone=used_zone)
    times = read_stop_times(raw.pop("stop_times"), trip_ids, stop_ids, usable, notices)
    times = repair_stop_times(times, lon, lat, trip_ids, notices)
    frequencies = read_frequencies(raw.get("frequencies"), trip_ids, notices)
    idle = without_periods(raw.get("frequencies"), frequencies, trip_ids, notices)
    times = _without_idle(times, idle, trip_ids, notices)
    feed = Feed(
        name=label,
        zone=used_zone,
        sha256=sha256_file(container_of(path)[0]),
        agency=agency,
        stops=stops,
        routes=routes,
        trips=trips,
        stop_times=times,
        calendar=read_calendar(raw.get("calendar"), notices),
        calendar_dates=read_calendar_dates(raw.get("calendar_dates"), notices),
        frequencies=frequencies,
        transfers=read_transfers(raw.get("transfers"), stop_ids, routes["route_id"].to_numpy(), trip_ids, notices),
        pathways=read_pathways(raw.get("pathways"), stops, notices),
        feed_info=_frame(raw, "feed_info"),
        flex=flex,
    )
    check_feed(feed, notices)
    return replace(feed, notices=tuple(notices.found))


def _without_idle(times: StopTimes, idle: np.ndarray, trip_ids: np.ndarray, notices: NoticeBook) -> StopTimes:
    """Leave out the calls of trips that are repeated, but in no period that can be read."""
    if not idle.any():
        return times
    of_idle = idle[times.trip()]
    rows, names = times.row[of_idle], trip_ids[times.trip()[of_idle]]
    code, file = "repeated_trip_without_period", "stop_times.txt"
    notices.add_rows(Notice(code, "ERROR", file, action="dropped", says=note("gtfs.no_period")), rows, names)
    return pick_calls(times, ~of_idle)


def _frame(raw: dict[str, RawTable], table: str) -> pd.DataFrame:
    return raw[table].frame() if table in raw else pd.DataFrame({"row": np.empty(0, np.int64)})


def _require(files: dict[str, bytes], path: Path) -> None:
    if GEOJSON in files:
        # A service between zones alone has no stops.
        files.setdefault("stops", b"stop_id,stop_name,stop_lat,stop_lon\n")
    missing = [f"{table}.txt" for table in ("stops", "trips", "stop_times") if table not in files]
    if missing:
        raise refusal("gtfs.file_missing", file=path.name, missing=", ".join(missing))
    if "calendar" not in files and "calendar_dates" not in files:
        raise refusal("gtfs.calendar_missing", file=path.name)


# Without rows of these there is no timetable; the others may be empty.
_NEEDED = ("stops", "trips", "routes", "stop_times")


def _require_columns(raw: dict[str, RawTable], path: Path) -> None:
    required = {
        "stops": ("stop_id", "stop_lat", "stop_lon"),
        "trips": ("route_id", "service_id", "trip_id"),
        "routes": ("route_id",),
        "stop_times": ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
        "calendar": ("service_id", *WEEKDAYS, "start_date", "end_date"),
        "calendar_dates": ("service_id", "date", "exception_type"),
        "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
        "pathways": ("from_stop_id", "to_stop_id"),
    }
    times = raw["stop_times"].columns
    if {"location_id", "location_group_id"} & set(times):
        # Rows of zones and windows have neither stop nor hours.
        required["stop_times"] = ("trip_id", "stop_sequence")
    missing = [
        f"{table}.txt: {column}"
        for table, columns in required.items()
        if table in raw and (len(raw[table]) or table in _NEEDED)
        for column in columns
        if column not in raw[table].columns
    ]
    if missing:
        raise refusal("gtfs.column_missing", file=path.name, missing=", ".join(missing))


def _zone(agency: pd.DataFrame, given: str | None, label: str, notices: NoticeBook) -> str:
    named = list(dict.fromkeys(agency["agency_timezone"])) if "agency_timezone" in agency else []
    known = [name for name in named if _is_zone(name)]
    for name in named:
        if name not in known:
            notices.add(
                Notice("invalid_timezone", "ERROR", "agency.txt", 2, name, action="repaired", says=note("gtfs.zone"))
            )
    if len(known) > 1:
        notices.add(
            Notice(
                "inconsistent_agency_timezone",
                "ERROR",
                "agency.txt",
                entity=", ".join(known),
                action="repaired",
                says=note("gtfs.zones", zone=known[0]),
            )
        )
    if known:
        return known[0]
    if given is None:
        if any(named):
            said = ", ".join(f"{name[:40]!r}" for name in named[:3])
            raise refusal("gtfs.no_known_zone", file=label, named=said)
        raise refusal("gtfs.no_zone", file=label)
    if not _is_zone(given):
        raise refusal("gtfs.zone_unknown", zone=given)
    notices.add(
        Notice(
            "missing_required_field",
            "ERROR",
            "agency.txt",
            entity="agency_timezone",
            action="repaired",
            says=note("gtfs.zone_given", zone=given),
        )
    )
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


def feed_report(feed: Feed, *, language: str = "en") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Report what is wrong with a feed: every notice, and the counts by kind.

    Parameters
    ----------
    feed : Feed
    language : str
        Of the column ``message``: ``fr`` or ``en``.

    Returns
    -------
    notices : pandas.DataFrame
        One line per finding: ``feed, severity, code, file, row, entity, action, count, message``.
    summary : pandas.DataFrame
        ``feed, severity, code, file, action, count, example, message``, errors first.

    Examples
    --------
    >>> notices, summary = feed_report(read_gtfs("data/demo/gtfs_rail.zip"))
    >>> bool((summary["severity"] == "ERROR").any())
    False
    """
    return (
        notices_frame(feed.notices, feed=feed.name, language=language),
        notice_summary(feed.notices, feed=feed.name, language=language),
    )


def wheelchair_feed(feed: Feed) -> Feed:
    """Keep the trips and the stops that the feed says a wheelchair can use.

    A trip is kept where ``wheelchair_accessible`` is 1, and one gets on and off where ``wheelchair_boarding`` of the
    stop is 1, or is not given and that of its station is 1 (as GTFS has it). What a feed does not say counts as no: a
    journey that nobody vouches for is none to send a person on. Stairs and escalators of ``pathways.txt`` are taken
    out, and with them the changes inside stations that need one (`step_free`).

    Parameters
    ----------
    feed : Feed

    Returns
    -------
    Feed
        With notices ``wheelchair_not_stated`` that count the trips and stops about which nothing is said.

    Examples
    --------
    >>> from geo_access.sources.gtfs.feed import read_gtfs
    >>> feed = wheelchair_feed(read_gtfs("data/demo/gtfs_rail.zip"))
    >>> len(feed.stop_times.stop), feed.notices[-1].code
    (0, 'wheelchair_not_stated')
    """
    times, stops = feed.stop_times, feed.stops
    trip_says = _said(feed.trips, "wheelchair_accessible")
    stop_says = _said(stops, "wheelchair_boarding")
    place = {name: row for row, name in enumerate(stops["stop_id"])}
    station = np.array([place.get(name, -1) for name in stops["parent_station"]], dtype=np.int64)
    inherits = (stop_says == 0) & (station >= 0)
    stop_says = np.where(inherits, stop_says[station], stop_says)
    book = NoticeBook()
    rides = np.flatnonzero(np.diff(times.trip_indptr) > 0)
    called = np.flatnonzero(np.bincount(times.stop, minlength=len(stops)))
    for frame, file, column, rows in (
        (feed.trips, "trips.txt", "wheelchair_accessible", rides[trip_says[rides] == 0]),
        (stops, "stops.txt", "wheelchair_boarding", called[stop_says[called] == 0]),
    ):
        if len(rows):
            book.add(
                Notice(
                    "wheelchair_not_stated",
                    "WARNING",
                    file,
                    int(frame["row"].iloc[rows[0]]),
                    str(frame.iloc[rows[0]]["trip_id" if file == "trips.txt" else "stop_id"]),
                    action="dropped",
                    says=note("gtfs.wheelchair_unsaid", column=column),
                    count=len(rows),
                )
            )
    kept = pick_calls(times, (trip_says == 1)[times.trip()])
    closed = stop_says[kept.stop] != 1
    kept = replace(
        kept,
        pickup=np.where(closed, 1, kept.pickup).astype(np.uint8),
        drop_off=np.where(closed, 1, kept.drop_off).astype(np.uint8),
    )
    feed = step_free(feed, book)
    return replace(feed, stop_times=kept, notices=(*feed.notices, *book.found))


def _said(frame: pd.DataFrame, column: str) -> np.ndarray:
    """0 where nothing is said, else 1 for yes and 2 for no."""
    texts = frame[column].to_numpy() if column in frame else np.full(len(frame), "", dtype=object)
    return np.where(texts == "1", 1, np.where(texts == "2", 2, 0))
