"""The judged lines on a map: each by the residents who would lose their way without it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.errors import import_extra
from geo_access.network.model import Timetable
from geo_access.study.prepared import PreparedStudy
from geo_access.words.words import text, written_date

__all__ = ["carried", "draw_judged"]


def carried(judged: pd.DataFrame) -> pd.Series:
    """Residents who would lose their way without each line, at the question where most of them do.

    Parameters
    ----------
    judged : pandas.DataFrame
        From `geo_access.study.lines.judge_lines`.

    Returns
    -------
    pandas.Series
        By id of the line; sums over métiers would count the same people many times.

    Examples
    --------
    >>> trials = {"line": ["a", "a", "b"], "trial": ["closed", "closed", "later"], "lost": [3.0, 5.0, 0.0]}
    >>> carried(pd.DataFrame(trials)).to_dict()
    {'a': 5.0}
    """
    closed = judged[judged["trial"] == "closed"]
    most: pd.Series = closed.groupby("line")["lost"].max()
    return most


def draw_judged(prepared: PreparedStudy, judged: pd.DataFrame, path: Path) -> Path:
    """Draw the lines of a study by the people whom they carry.

    Parameters
    ----------
    prepared : PreparedStudy
        With a timetable.
    judged : pandas.DataFrame
        From `geo_access.study.lines.judge_lines`.
    path : pathlib.Path
        PNG.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        When the ``report`` extra is not installed.
    """
    import_extra("matplotlib", "report")
    from geo_access.maps.line_map import LineMap, draw_lines  # noqa: PLC0415 — an extra

    network, file = prepared.network, prepared.file
    assert network.timetable is not None  # noqa: S101 — lines were judged
    language = file.study.language
    lines = _ways(network.timetable, network.epsg)
    lines = lines.assign(people=lines["line"].map(carried(judged)).fillna(0.0))
    day = written_date(file.study.date, language)
    content = LineMap(
        gpd.GeoDataFrame(prepared.inputs.zones[["geometry"]].to_crs(network.epsg)),
        gpd.GeoDataFrame(lines),
        text("lines.map_title", language),
        text("lines.map_below", language),
        text("scenario.footer", language, manifest=prepared.manifest_id, day=day, sources=file.study.name),
        language,
    )
    return draw_lines(content, path)


def _ways(timetable: Timetable, epsg: int) -> gpd.GeoDataFrame:
    """Straight ways between the stops of each line that runs on the day."""
    trip = np.repeat(np.arange(timetable.n_trips), np.diff(timetable.trip_indptr))
    follows = (trip[1:] == trip[:-1]) & (timetable.trip_day[trip[1:]] == 0)
    ends = timetable.event_stop[:-1][follows], timetable.event_stop[1:][follows]
    hops = np.column_stack((timetable.trip_route[trip[1:]][follows], np.minimum(*ends), np.maximum(*ends)))
    hops = np.unique(hops[hops[:, 1] != hops[:, 2]], axis=0)
    xy = np.column_stack((timetable.stop_x, timetable.stop_y))
    drawn = shapely.linestrings(np.stack((xy[hops[:, 1]], xy[hops[:, 2]]), axis=1))
    routes = np.unique(hops[:, 0])
    shapes = [shapely.line_merge(shapely.multilinestrings(drawn[hops[:, 0] == route])) for route in routes]
    columns = {"line": timetable.route_id[routes].astype(str), "name": timetable.route_name[routes].astype(str)}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=epsg)
