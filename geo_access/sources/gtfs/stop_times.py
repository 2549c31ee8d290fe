"""stop_times.txt to arrays: references resolved, calls in order, clock texts to seconds.

Rules, each reported as a notice:

- a row of an unknown trip or stop is dropped, and so is the second of two rows with one place in a trip;
- a row of a zone, a group of stops or a window (GTFS-Flex) is left to `flex`;
- a row at a stop without a usable position is dropped, the trip rides through;
- a clock text that cannot be read counts as blank; a trip with a time beyond 48 h is dropped whole;
- where only one of arrival and departure is given, it counts for both;
- what follows is in `gtfs_repair`: order of times, blanks, trips too short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.arrays import begins_run, indptr_of_rows, rows_of
from geo_access.sources.gtfs.cells import read_numbers
from geo_access.sources.gtfs.clocks import BEYOND, BLANK, UNREADABLE, clock_seconds
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.rows import RawTable
from geo_access.words.note import note

__all__ = ["COLUMNS", "StopTimes", "flexible_rows", "read_stop_times"]

_LARGEST_SEQUENCE = 2**53
_FILE = "stop_times.txt"

COLUMNS = (
    "trip_id",
    "arrival_time",
    "departure_time",
    "stop_id",
    "stop_sequence",
    "pickup_type",
    "drop_off_type",
    "shape_dist_traveled",
    "location_group_id",
    "location_id",
    "continuous_pickup",
    "continuous_drop_off",
    "start_pickup_drop_off_window",
    "end_pickup_drop_off_window",
    "pickup_booking_rule_id",
    "drop_off_booking_rule_id",
)


@dataclass(frozen=True, eq=False)
class StopTimes:
    """All calls of a feed, trip by trip and in order.

    Attributes
    ----------
    trip_indptr : ndarray of int64, shape (n_trips + 1,)
        Trip t (row of ``Feed.trips``) owns the calls ``trip_indptr[t]:trip_indptr[t + 1]``; none where it was dropped.
    stop : ndarray of int32, shape (n,)
        Row of ``Feed.stops``.
    sequence : ndarray of int64, shape (n,)
        As in the file.
    arrival_s, departure_s : ndarray of int32, shape (n,)
        Seconds since noon − 12 h of the service day [s], non-decreasing along a trip.
    pickup, drop_off : ndarray of uint8, shape (n,)
        GTFS types 0–3.
    interpolated : ndarray of bool, shape (n,)
        Whether the time was blank in the file.
    distance : ndarray of float64, shape (n,)
        ``shape_dist_traveled`` as given, NaN where not.
    row : ndarray of int64, shape (n,)
        Record of the file, the header being 1.
    """

    trip_indptr: np.ndarray
    stop: np.ndarray
    sequence: np.ndarray
    arrival_s: np.ndarray
    departure_s: np.ndarray
    pickup: np.ndarray
    drop_off: np.ndarray
    interpolated: np.ndarray
    distance: np.ndarray
    row: np.ndarray

    def trip(self) -> np.ndarray:
        """Row of ``Feed.trips`` of each call: ndarray of int32, shape (n,)."""
        return rows_of(self.trip_indptr, np.int32)


def _lookup(values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    place = {name: index for index, name in enumerate(ids)}
    return np.fromiter((place.get(value, -1) for value in values), dtype=np.int32, count=len(values))


def _types(raw: RawTable, name: str) -> np.ndarray:
    values, codes = raw.coded(name)
    return np.array([int(text or "0") for text in values], dtype=np.uint8)[codes]


def _refuse(
    keep: np.ndarray, bad: np.ndarray, code: str, raw: RawTable, entities: np.ndarray, notices: NoticeBook, says: str
) -> None:
    rows = np.flatnonzero(keep & bad)
    if len(rows):
        notices.add_rows(
            Notice(code, "ERROR", _FILE, action="dropped", says=note(f"gtfs.{says}")), raw.row[rows], entities[rows]
        )
        keep[rows] = False


def flexible_rows(raw: RawTable) -> np.ndarray:
    """Tell the rows of services on demand: of zones, of groups of stops, of windows (ndarray of bool, shape (n,))."""
    flexible = np.zeros(len(raw), dtype=bool)
    columns = ("location_group_id", "location_id", "start_pickup_drop_off_window", "end_pickup_drop_off_window")
    for column in columns:
        values, codes = raw.coded(column)
        flexible |= (values != "")[codes] if len(values) else False
    return flexible


def _flexible(raw: RawTable, keep: np.ndarray, trip_name: np.ndarray, notices: NoticeBook) -> None:
    """Leave rows of services on demand to `flex.read_flex`, and count where one may hail the vehicle between stops."""
    keep &= ~flexible_rows(raw)
    hailed = np.zeros(len(raw), dtype=bool)
    for column in ("continuous_pickup", "continuous_drop_off"):
        values, codes = raw.coded(column)
        hailed |= np.isin(values.astype(str), ("0", "2", "3"))[codes] if len(values) else False
    if hailed.any():
        first = int(np.flatnonzero(hailed)[0])
        notices.add(
            Notice(
                "continuous_stopping_not_used",
                "INFO",
                _FILE,
                int(raw.row[first]),
                str(trip_name[first]),
                action="kept",
                says=note("gtfs.hailing"),
                count=int(hailed.sum()),
            )
        )


def read_stop_times(
    raw: RawTable, trip_ids: np.ndarray, stop_ids: np.ndarray, stop_ok: np.ndarray, notices: NoticeBook
) -> StopTimes:
    """Resolve and order the rows of stop_times.txt; blanks stay `BLANK`.

    Parameters
    ----------
    raw : RawTable
    trip_ids, stop_ids : ndarray of str
        Ids of ``Feed.trips`` and ``Feed.stops``.
    stop_ok : ndarray of bool, shape (n_stops,)
        Whether the stop has a usable position.
    notices : NoticeBook

    Returns
    -------
    StopTimes
    """
    trip_text, trip_code = raw.coded("trip_id")
    stop_text, stop_code = raw.coded("stop_id")
    trip = _lookup(trip_text, trip_ids)[trip_code]
    stop = _lookup(stop_text, stop_ids)[stop_code]
    sequence = read_numbers(raw, "stop_sequence", notices)
    sequence[np.abs(sequence) > _LARGEST_SEQUENCE] = np.nan
    trip_name = trip_text[trip_code] if len(raw) else np.empty(0, object)
    stop_name = stop_text[stop_code] if len(raw) else np.empty(0, object)
    keep = np.ones(len(raw), dtype=bool)
    _refuse(keep, trip < 0, "foreign_key_violation", raw, trip_name, notices, "lost_trip")
    _flexible(raw, keep, trip_name, notices)
    _refuse(keep, stop < 0, "foreign_key_violation", raw, stop_name, notices, "lost_stop")
    _refuse(keep, ~np.isfinite(sequence), "missing_required_field", raw, trip_name, notices, "sequence")
    if len(stop_ok):
        nowhere = ~stop_ok[np.maximum(stop, 0)]
        _refuse(keep, nowhere, "stop_without_location", raw, stop_name, notices, "call_without_position")
    kept = np.flatnonzero(keep)
    order = _in_order(trip[kept], sequence[kept])
    rows = kept if order is None else kept[order]
    rows = rows[_first_of_each(raw, trip[rows], sequence[rows], rows, trip_name, notices)]
    arrival, departure, beyond = _times(raw, rows, trip_name, notices)
    dropped = np.zeros(len(trip_ids), dtype=bool)
    dropped[trip[rows[beyond]]] = True
    stays = ~dropped[trip[rows]]
    others = rows[~stays & ~beyond]
    if len(others):
        code, where = "time_beyond_48_hours", raw.row[others]
        notices.add_rows(
            Notice(code, "ERROR", _FILE, action="dropped", says=note("gtfs.beyond_elsewhere")), where, trip_name[others]
        )
    rows, arrival, departure = rows[stays], arrival[stays], departure[stays]
    indptr = indptr_of_rows(trip[rows], len(trip_ids))
    distance = read_numbers(raw, "shape_dist_traveled", notices)
    return StopTimes(
        indptr,
        stop[rows],
        sequence[rows].astype(np.int64),
        arrival,
        departure,
        _types(raw, "pickup_type")[rows],
        _types(raw, "drop_off_type")[rows],
        np.zeros(len(rows), bool),
        distance[rows],
        raw.row[rows],
    )


def _in_order(trip: np.ndarray, sequence: np.ndarray) -> np.ndarray | None:
    """Order by trip and sequence; None when the rows are in it already."""
    step = np.diff(trip)
    if bool(((step > 0) | ((step == 0) & (np.diff(sequence) >= 0))).all()):
        return None
    return np.lexsort((sequence, trip))


def _first_of_each(
    raw: RawTable, trip: np.ndarray, sequence: np.ndarray, rows: np.ndarray, names: np.ndarray, notices: NoticeBook
) -> np.ndarray:
    again = ~begins_run(trip, sequence)
    if again.any():
        notices.add_rows(
            Notice("duplicate_key", "ERROR", _FILE, action="dropped", says=note("gtfs.sequence_twice")),
            raw.row[rows[again]],
            names[rows[again]],
        )
    return ~again


def _times(
    raw: RawTable, rows: np.ndarray, trip_name: np.ndarray, notices: NoticeBook
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrival and departure [s], and which rows lie beyond 48 h."""
    both, beyond = [], np.zeros(len(rows), dtype=bool)
    for name in ("arrival_time", "departure_time"):
        texts, codes = raw.coded(name)
        seconds = clock_seconds(texts)[codes][rows]
        wrong = np.flatnonzero(seconds == UNREADABLE)
        if len(wrong):
            notices.add_rows(
                Notice("invalid_time", "ERROR", _FILE, action="repaired", says=note("gtfs.clock", column=name)),
                raw.row[rows[wrong]],
                texts[codes[rows[wrong]]],
            )
        beyond |= seconds == BEYOND
        both.append(np.where(seconds < 0, BLANK, seconds).astype(np.int32))
    if beyond.any():
        late = np.flatnonzero(beyond)
        notices.add_rows(
            Notice("time_beyond_48_hours", "ERROR", _FILE, action="dropped", says=note("gtfs.beyond")),
            raw.row[rows[late]],
            trip_name[rows[late]],
        )
    arrival, departure = both
    single = np.flatnonzero((arrival == BLANK) != (departure == BLANK))
    if len(single):
        notices.add_rows(
            Notice(
                "stop_time_with_only_arrival_or_departure_time",
                "WARNING",
                _FILE,
                action="repaired",
                says=note("gtfs.one_of_two"),
            ),
            raw.row[rows[single]],
            trip_name[rows[single]],
        )
    arrival, departure = (
        np.where(arrival == BLANK, departure, arrival),
        np.where(departure == BLANK, arrival, departure),
    )
    return arrival, departure, beyond
