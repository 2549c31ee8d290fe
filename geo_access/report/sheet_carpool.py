"""Where the person of a sheet can meet who shares a car: the places that the study names, by their walk."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis
from geo_access.report.sheet_ways import whole_minutes
from geo_access.times.round_trip import NetworkTimes
from geo_access.words.words import format_number, plural, text

__all__ = ["told_meeting_places"]

# Twice the quarter of an hour that people are thought to walk to a stop.
_WALK_S = 1800.0
_MOST = 5


def told_meeting_places(
    times: NetworkTimes, diagnosis: Diagnosis, case: DiagnosedCase, places: gpd.GeoDataFrame, language: str
) -> list[str]:
    """Name the meeting places within half an hour's walk of one person, nearest first; else the nearest, and how far.

    Parameters
    ----------
    times : NetworkTimes
        On the network of the diagnosis.
    diagnosis : Diagnosis
        Of one person: a zone that is one point.
    case : DiagnosedCase
    places : geopandas.GeoDataFrame
        ``id, name, capacity``, points, from `geo_access.sources.places.meeting_places.read_carpool_places`.
    language : str

    Returns
    -------
    list of str
        Five at most.
    """
    home = diagnosis.residents.xy
    points = places.to_crs(times.network.epsg).geometry
    xy = np.column_stack((points.x, points.y))
    straight_m = np.hypot(*(xy - home[0]).T)
    walk = diagnosis.asks[case.profile.id, case.kind, case.schedule].travelling(mode="walk", max_rides=None)
    near = np.flatnonzero(straight_m <= walk.travel.walk_kmh / 3.6 * _WALK_S)
    walked_s = np.full(len(places), np.nan)
    if near.size:
        query = walk.query()
        connection = times.connect(home, xy[near], query)
        found = connection.times(np.arange(1), np.arange(near.size), query, homeward=False, explain=False)
        walked_s[near] = found.seconds[0, :, 0]
    chosen = [int(place) for place in np.argsort(walked_s, kind="stable")[:_MOST] if walked_s[place] <= _WALK_S]
    if not chosen:
        nearest = int(straight_m.argmin())
        km = format_number(float(straight_m[nearest]) / 1000, language, decimals=1)
        return [text("person.meeting_far", language, name=_named(places, nearest, language), km=km)]
    return [
        text(
            "person.meeting_at",
            language,
            name=_named(places, place, language),
            minutes=whole_minutes(float(walked_s[place])),
        )
        for place in chosen
    ]


def _named(places: gpd.GeoDataFrame, row: int, language: str) -> str:
    """Name of a place, or its id, and how many cars it holds where that is said."""
    name = str(places["name"].iloc[row]) or str(places["id"].iloc[row])
    cars = places["capacity"].iloc[row]
    return name if pd.isna(cars) else f"{name} ({plural('person.cars', int(cars), language)})"
