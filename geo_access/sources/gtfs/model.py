"""One GTFS feed as typed tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from geo_access.sources.gtfs.flex import FlexTrip
from geo_access.sources.gtfs.notices import Notice
from geo_access.sources.gtfs.stop_times import StopTimes

__all__ = ["Feed"]


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
    flex : tuple of FlexTrip
        Services on demand between zones, groups of stops, and stops within windows.
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
    flex: tuple[FlexTrip, ...] = ()
