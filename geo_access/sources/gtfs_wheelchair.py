"""What of a feed a wheelchair can use, as far as the feed says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from geo_access.sources.gtfs import Feed
from geo_access.sources.gtfs_notices import NoticeBook
from geo_access.sources.gtfs_repair import pick_calls

__all__ = ["wheelchair_feed"]


def wheelchair_feed(feed: Feed) -> Feed:
    """Keep the trips and the stops that the feed says a wheelchair can use.

    A trip is kept where ``wheelchair_accessible`` is 1, and one gets on and off where ``wheelchair_boarding`` of the
    stop is 1, or is not given and that of its station is 1 (as GTFS has it). What a feed does not say counts as no: a
    journey that nobody vouches for is none to send a person on.

    Parameters
    ----------
    feed : Feed

    Returns
    -------
    Feed
        With notices ``wheelchair_not_stated`` that count the trips and stops about which nothing is said.

    Examples
    --------
    >>> from geo_access.sources.gtfs import read_gtfs
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
            book.add("wheelchair_not_stated", "WARNING", file, row=int(frame["row"].iloc[rows[0]]), count=len(rows),
                     entity=str(frame.iloc[rows[0]]["trip_id" if file == "trips.txt" else "stop_id"]), action="dropped",
                     message=f"{column} says nothing: not counted as usable in a wheelchair")  # fmt: skip
    kept = pick_calls(times, (trip_says == 1)[times.trip()])
    closed = stop_says[kept.stop] != 1
    kept = replace(
        kept, pickup=np.where(closed, 1, kept.pickup).astype(np.uint8),
        drop_off=np.where(closed, 1, kept.drop_off).astype(np.uint8),
    )  # fmt: skip
    return replace(feed, stop_times=kept, notices=(*feed.notices, *book.found))


def _said(frame: pd.DataFrame, column: str) -> np.ndarray:
    """0 where nothing is said, else 1 for yes and 2 for no."""
    texts = frame[column].to_numpy() if column in frame else np.full(len(frame), "", dtype=object)
    return np.where(texts == "1", 1, np.where(texts == "2", 2, 0))
