"""From stop to stop without a vehicle: transfers.txt and pathways.txt to types."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.sources.gtfs.cells import read_numbers
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.sources.gtfs.positions import great_circle_m
from geo_access.sources.gtfs.rows import RawTable
from geo_access.words.note import note

__all__ = ["read_pathways", "read_transfers"]


def read_transfers(
    raw: RawTable | None, stop_ids: np.ndarray, route_ids: np.ndarray, trip_ids: np.ndarray, notices: NoticeBook
) -> pd.DataFrame:
    """Read transfers.txt; rows of unknown stops, routes or trips are dropped."""
    texts = ("from_stop_id", "to_stop_id", "from_route_id", "to_route_id", "from_trip_id", "to_trip_id")
    if raw is None or not len(raw):
        frame = pd.DataFrame({name: np.empty(0, object) for name in texts})
        return frame.assign(
            transfer_type=np.empty(0, np.int8), min_transfer_s=np.empty(0, np.int32), row=np.empty(0, int)
        )
    frame = pd.DataFrame({name: raw.text(name) for name in texts})
    frame["row"] = raw.row
    frame["transfer_type"] = np.array([int(text or "0") for text in raw.text("transfer_type")], dtype=np.int8)
    seconds = pd.to_numeric(pd.Series(raw.text("min_transfer_time")), errors="coerce").fillna(-1)
    frame["min_transfer_s"] = seconds.clip(-1, 86_400).astype(np.int32)
    known = np.ones(len(frame), dtype=bool)
    for what, ids in (("stop", stop_ids), ("route", route_ids), ("trip", trip_ids)):
        names = {*ids, ""}
        for column in (f"from_{what}_id", f"to_{what}_id"):
            lost = known & ~frame[column].isin(names).to_numpy()
            if lost.any():
                notices.add_rows(
                    Notice(
                        "foreign_key_violation",
                        "ERROR",
                        raw.file,
                        action="dropped",
                        says=note(f"gtfs.lost_{what}_of", column=column),
                    ),
                    raw.row[lost],
                    frame[column].to_numpy()[lost],
                )
            known &= ~lost
    placed = (frame["from_stop_id"] != "") & (frame["to_stop_id"] != "")
    placeless = known & ~placed.to_numpy() & (frame["transfer_type"] <= 3).to_numpy()
    if placeless.any():
        notices.add_rows(
            Notice(
                "missing_required_field", "ERROR", raw.file, action="dropped", says=note("gtfs.transfer_without_stop")
            ),
            raw.row[placeless],
            [""] * int(placeless.sum()),
        )
        known &= ~placeless
    return frame[known].reset_index(drop=True)


# What a way costs that says neither its time nor its length. GTFS gives no numbers: a lift with its wait, a gate, and
# a step at 100 a minute, between what Fruin (1971) counts upwards and downwards, are assumptions, and said.
_LIFT_S = 60
_GATE_S = 5
_STEP_S = 0.6
_STAIRS, _LIFT, _GATES = 2, 5, (6, 7)


def read_pathways(raw: RawTable | None, stops: pd.DataFrame, notices: NoticeBook) -> pd.DataFrame:
    """Read pathways.txt: ways inside stations.

    A way without a time takes its length at walking speed; without a length, its steps, the time of a lift, or the
    straight line between its ends (a node without a position lies at its station): each said. What has none of these
    is listed as not used.

    Parameters
    ----------
    raw : RawTable, optional
    stops : pandas.DataFrame
        As `read_stops` gives them.
    notices : NoticeBook

    Returns
    -------
    pandas.DataFrame
        ``from_stop_id, to_stop_id``, `both_ways` bool, `traversal_s` int32 [s] (−1 where not given), `length_m`
        float64 [m] (NaN where not given), `mode` int8 (`pathway_mode`, 0 where not said), `stairs` int32 (steps,
        negative downwards, 0 where not given), ``row``.
    """
    if raw is None or not len(raw):
        return pd.DataFrame(
            {
                "from_stop_id": np.empty(0, object),
                "to_stop_id": np.empty(0, object),
                "both_ways": np.empty(0, bool),
                "traversal_s": np.empty(0, np.int32),
                "length_m": np.empty(0),
                "mode": np.empty(0, np.int8),
                "stairs": np.empty(0, np.int32),
                "row": np.empty(0, np.int64),
            }
        )
    frame = pd.DataFrame({"from_stop_id": raw.text("from_stop_id"), "to_stop_id": raw.text("to_stop_id")})
    frame["both_ways"] = raw.text("is_bidirectional") != "0"
    seconds, length, stairs = (read_numbers(raw, name, notices) for name in ("traversal_time", "length", "stair_count"))
    for name, numbers in (("traversal_time", seconds), ("length", length), ("stair_count", stairs)):
        odd = (raw.text(name) != "") & ~(np.isfinite(numbers) & ((numbers >= 0) | (name == "stair_count")))
        if odd.any():
            notices.add_rows(
                Notice(
                    "number_out_of_range",
                    "ERROR",
                    raw.file,
                    action="repaired",
                    says=note("gtfs.number_unsaid", column=name),
                ),
                raw.row[odd],
                raw.text(name)[odd],
            )
    frame["traversal_s"] = np.clip(np.nan_to_num(seconds, nan=-1), -1, 86_400).astype(np.int32)
    frame["length_m"] = np.where(length >= 0, length, np.nan)
    frame["mode"] = np.array([int(text or "0") for text in raw.text("pathway_mode")], dtype=np.int8)
    frame["stairs"] = np.clip(np.nan_to_num(stairs, nan=0), -10_000, 10_000).astype(np.int32)
    frame["row"] = raw.row
    stop_ids = stops["stop_id"].to_numpy()
    known = (frame["from_stop_id"].isin(set(stop_ids)) & frame["to_stop_id"].isin(set(stop_ids))).to_numpy()
    if not known.all():
        notices.add_rows(
            Notice(
                "foreign_key_violation",
                "ERROR",
                raw.file,
                action="dropped",
                says=note("gtfs.lost_stop_of", column="from_stop_id, to_stop_id"),
            ),
            raw.row[~known],
            frame["from_stop_id"].to_numpy()[~known],
        )
    return _with_times(frame[known].reset_index(drop=True), stops, notices)


def _with_times(ways: pd.DataFrame, stops: pd.DataFrame, notices: NoticeBook) -> pd.DataFrame:
    """Fill the time or the length of ways that give neither."""
    mode, stairs = ways["mode"].to_numpy(), ways["stairs"].to_numpy()
    seconds, metres = ways["traversal_s"].to_numpy().copy(), ways["length_m"].to_numpy().copy()
    place = pd.Series(np.arange(len(stops)), index=stops["stop_id"].to_numpy())
    a, b = (place.reindex(ways[name]).to_numpy(dtype=np.int64) for name in ("from_stop_id", "to_stop_id"))
    lon, lat = stops["stop_lon"].to_numpy(), stops["stop_lat"].to_numpy()
    line = great_circle_m(lon[a], lat[a], lon[b], lat[b])
    unsaid = (seconds < 0) & ~np.isfinite(metres)
    by_steps = (seconds < 0) & (mode == _STAIRS) & (stairs != 0)
    by_lift = unsaid & (mode == _LIFT)
    by_line = unsaid & ~by_steps & ~by_lift & np.isfinite(line)
    seconds = np.where(by_lift, _LIFT_S, seconds)
    seconds = np.where(by_steps, np.ceil(np.abs(stairs) * _STEP_S), seconds).astype(np.int32)
    metres = np.where(by_line, line, metres)
    gates = by_line & np.isin(mode, _GATES)
    seconds = np.where(gates, _GATE_S, seconds).astype(np.int32)
    lost = unsaid & ~by_steps & ~by_lift & ~by_line
    rows, names = ways["row"].to_numpy(), (ways["from_stop_id"] + " → " + ways["to_stop_id"]).to_numpy()
    for mask, says, values in (
        (by_steps, "way_by_steps", {"s": f"{_STEP_S:g}"}),
        (by_lift, "way_by_lift", {"s": _LIFT_S}),
        (gates, "way_by_gate", {"s": _GATE_S}),
        (by_line & ~gates, "way_by_line", {}),
    ):
        if mask.any():
            notices.add_rows(
                Notice(
                    "pathway_time_assumed",
                    "WARNING",
                    "pathways.txt",
                    action="repaired",
                    says=note(f"gtfs.{says}", **values),
                ),
                rows[mask],
                names[mask],
            )
    if lost.any():
        notices.add_rows(
            Notice("pathway_not_used", "WARNING", "pathways.txt", action="dropped", says=note("gtfs.way_unknown")),
            rows[lost],
            names[lost],
        )
    return ways.assign(traversal_s=seconds, length_m=metres)
