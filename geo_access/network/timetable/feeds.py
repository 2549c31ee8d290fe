"""Edits of whole feeds: one taken out, one put in the place of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from geo_access.arrays import rows_of
from geo_access.clock import ServiceDay
from geo_access.errors import Fault, GeoAccessError
from geo_access.network.model import CrowFly, Network, SparseTimes, Streets, Timetable
from geo_access.network.timetable.changes import pack_times, walks_with_new_stops
from geo_access.network.timetable.edits import ReplaceFeed
from geo_access.network.timetable.naming import Finder
from geo_access.network.timetable.service import take_out
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.feed import read_gtfs

__all__ = ["close_feed", "replace_feed"]

# A timetable knows its walks a quarter farther than it was asked for, see `build_timetable`.
_FASTER = 1.25
_STOP_ARRAYS = ("stop_id", "stop_name", "stop_feed", "stop_x", "stop_y", "min_transfer_s")
_ROUTE_ARRAYS = ("route_id", "route_name", "route_feed", "route_type")
_TRIP_ARRAYS = ("trip_id", "trip_headsign", "trip_day", "trip_bikes", "trip_on_demand")
_EVENT_ARRAYS = ("event_board", "event_alight")


def close_feed(timetable: Timetable, feed: str, finder: Finder) -> Timetable:
    """Take the trips of a feed out; its stops stay, as places where nothing calls."""
    if not finder.feed(feed):
        return timetable
    return take_out(timetable, timetable.route_feed[timetable.trip_route] == feed)


def replace_feed(network: Network, edit: ReplaceFeed, finder: Finder) -> Network:
    """Put another file in the place of a feed, with its stops, lines, trips and changes.

    One changes between it and the other feeds on foot, as far as the network knows walks between stops.
    """
    timetable = network.timetable
    if timetable is None or not finder.feed(edit.feed):
        return network
    try:
        feed = read_gtfs(Path(edit.path), name=edit.feed)
        fresh = build_timetable(
            [feed],
            day=timetable.day,
            epsg=timetable.epsg,
            streets=network.streets,
            walk_kmh=timetable.walk_kmh,
            max_transfer_s=int(timetable.reach_s / _FASTER),
        )
    except GeoAccessError as error:
        finder.faults.append(Fault(finder.where, str(error), key=error.key, values=error.values))
        return network
    left = _without_feed(timetable, edit.feed)
    if left.n_stops:
        fresh = _prefixed(fresh, f"{edit.feed}:")
    names = {edit.feed, f"{edit.feed}.zip"}
    inputs = {name: digest for name, digest in network.inputs.items() if name not in names}
    inputs[Path(edit.path).name] = feed.sha256
    joined = _joined(left, fresh, network.streets)
    return replace(network, timetable=joined, inputs=inputs, warnings=(*network.warnings, *fresh.notes))


def _without_feed(timetable: Timetable, feed: str) -> Timetable:
    """Take trips, lines and stops of a feed out."""
    t = take_out(timetable, timetable.route_feed[timetable.trip_route] == feed)
    routes, stops = t.route_feed != feed, t.stop_feed != feed
    # A line of another feed, or of an edit, may call at a stop of this one: such a stop stays.
    stops[t.event_stop] = True
    number = np.cumsum(stops) - 1
    rows = rows_of(t.footpaths.indptr)
    inside = stops[rows] & stops[t.footpaths.indices]
    walks = pack_times(
        number[rows[inside]], number[t.footpaths.indices[inside]], t.footpaths.seconds[inside], int(stops.sum())
    )
    arrays: dict[str, Any] = {name: getattr(t, name)[stops] for name in _STOP_ARRAYS}
    arrays |= {name: getattr(t, name)[routes] for name in _ROUTE_ARRAYS}
    if len(t.route_kind):
        arrays["route_kind"] = t.route_kind[routes]
    for name in ("forbidden", "stated"):
        pairs = getattr(t, name)
        arrays[name] = number[pairs[stops[pairs].all(axis=1)]].astype(np.int32).reshape(-1, 2)
    return replace(
        t,
        footpaths=walks,
        event_stop=number[t.event_stop].astype(np.int32),
        trip_route=(np.cumsum(routes) - 1)[t.trip_route].astype(np.int32),
        **arrays,
    )


def _prefixed(timetable: Timetable, prefix: str) -> Timetable:
    named: dict[str, Any] = {
        name: np.char.add(prefix, getattr(timetable, name)) for name in ("stop_id", "route_id", "trip_id")
    }
    return replace(timetable, **named)


def _joined(a: Timetable, b: Timetable, streets: Streets | CrowFly) -> Timetable:
    """Put two timetables of one day together, on the clock of the first."""
    later = ServiceDay(a.day, a.zone).to_seconds(ServiceDay(b.day, b.zone).origin())
    x, y = np.concatenate((a.stop_x, b.stop_x)), np.concatenate((a.stop_y, b.stop_y))
    arrays: dict[str, Any] = {
        name: np.concatenate((getattr(a, name), getattr(b, name)))
        for name in (*_STOP_ARRAYS, *_ROUTE_ARRAYS, *_TRIP_ARRAYS, *_EVENT_ARRAYS)
    }
    for name in ("event_arrival_s", "event_departure_s"):
        arrays[name] = np.concatenate((getattr(a, name), getattr(b, name) + np.int32(later)))
    for name, by in (
        ("trip_route", len(a.route_id)),
        ("event_stop", a.n_stops),
        ("forbidden", a.n_stops),
        ("stated", a.n_stops),
        ("in_seat", a.n_trips),
    ):
        arrays[name] = np.concatenate((getattr(a, name), getattr(b, name) + np.int32(by)))
    blocks = np.where(b.trip_block < 0, -1, b.trip_block + int(a.trip_block.max(initial=-1)) + 1)
    known = len(a.trip_days) == a.n_trips and len(b.trip_days) == b.n_trips
    waits = [t.trip_wait_s if len(t.trip_wait_s) else np.zeros(t.n_trips, np.int32) for t in (a, b)]
    kinds = [t.route_kind if len(t.route_kind) else np.zeros(len(t.route_id), np.uint8) for t in (a, b)]
    return replace(
        a,
        footpaths=_walks(a, b, x, y, streets),
        trip_block=np.concatenate((a.trip_block, blocks.astype(np.int32))),
        trip_indptr=np.concatenate((a.trip_indptr, a.trip_indptr[-1] + b.trip_indptr[1:])),
        trip_days=np.concatenate((a.trip_days, b.trip_days)) if known else np.empty(0, np.uint8),
        trip_wait_s=np.concatenate(waits) if len(a.trip_wait_s) or len(b.trip_wait_s) else a.trip_wait_s,
        route_kind=np.concatenate(kinds),
        **arrays,
    )


def _walks(a: Timetable, b: Timetable, x: np.ndarray, y: np.ndarray, streets: Streets | CrowFly) -> SparseTimes:
    """Keep the walks inside each, and add those between the two."""
    n, known = len(x), a.n_stops
    reach_s = min(a.reach_s, b.reach_s)
    both = walks_with_new_stops(a.footpaths, x, y, streets, walk_kmh=a.walk_kmh, max_transfer_s=reach_s)
    rows = rows_of(both.indptr)
    keep = (rows < known) | (both.indices < known)
    inner = rows_of(b.footpaths.indptr) + known
    return pack_times(
        np.concatenate((rows[keep], inner)),
        np.concatenate((both.indices[keep], b.footpaths.indices + known)),
        np.concatenate((both.seconds[keep], b.footpaths.seconds)),
        n,
    )
