"""Who can work a shift: there in time for its start, and home again after its end."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from geo_access.clock import DAY_S, format_clock, parse_clock
from geo_access.errors import InputError
from geo_access.isochrones.surface import Surface, site_positions, travel_time_surface
from geo_access.network.model import Network
from geo_access.routing.query import Query

__all__ = ["shift_surface"]

_NOTE = "the longer of the way there and the way back, to the same site"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def shift_surface(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    start: str,
    end: str,
    mode: str = "transit",
    slack_before_min: float = 5.0,
    slack_after_min: float = 5.0,
    max_minutes: float = 60.0,
    walk_kmh: float = 4.8,
    bike_kmh: float = 15.0,
    cell_m: float = 100.0,
) -> Surface:
    """Longer of the two ways between each cell and the site that serves it best, for one shift.

    Parameters
    ----------
    network : Network
    sites : geopandas.GeoDataFrame
        Points with a CRS; rows without position are left out.
    start, end : str
        Clock texts; an end before the start lies on the next morning.
    mode : str
        One of `geo_access.routing.query.MODES` without parking.
    slack_before_min, slack_after_min : float
        Margin to be there before the start, and to leave after the end [min].
    max_minutes : float
        Longest way of interest, each way [min].
    walk_kmh, bike_kmh : float
        Speeds [km/h].
    cell_m : float
        Cell size [m].

    Returns
    -------
    Surface
        NaN where the way there or the way back is missing; there and back always mean the same site.

    Raises
    ------
    InputError
        For hours that are no shift, or what `travel_time_surface` refuses.

    Examples
    --------
    >>> from shapely import Point
    >>> from geo_access.network.model import CrowFly
    >>> sites = gpd.GeoDataFrame(geometry=[Point(700000, 6600000)], crs=2154)
    >>> network = Network(2154, CrowFly(2154, detour=1.2), None, {})
    >>> surface = shift_surface(network, sites, start="05:00", end="13:00", mode="walk", walk_kmh=4.32)
    >>> surface.at(np.array([[700300.0, 6600400.0]])).tolist()
    [500.0]
    """
    start_s, end_s = parse_clock(start), parse_clock(end)
    if start_s == end_s:
        raise InputError(f"the shift starts and ends at {start} → give the hours worked")
    if slack_before_min < 0 or slack_after_min < 0:
        raise InputError("a slack below 0 minutes means being late → give 0 or more")
    end_s = end_s if end_s > start_s else end_s + DAY_S
    deadline_s, ready_s = start_s - round(60 * slack_before_min), end_s + round(60 * slack_after_min)
    boards = Query(mode=mode, depart=None).uses_transit
    common = {"mode": mode, "max_minutes": max_minutes, "walk_kmh": walk_kmh, "bike_kmh": bike_kmh, "cell_m": cell_m}
    there = {"arrive": _clock(deadline_s)} if boards else {}
    back = {"depart": _clock(ready_s)} if boards else {}
    best: Surface | None = None
    for x, y in site_positions(sites, epsg=network.epsg):
        one = gpd.GeoDataFrame(geometry=gpd.points_from_xy([x], [y]), crs=network.epsg)
        out = travel_time_surface(network, one, reverse=True, **there, **common)  # type: ignore[arg-type]
        home = travel_time_surface(network, one, **back, **common)  # type: ignore[arg-type]
        both = out.combined(home, np.maximum)
        best = both if best is None else best.combined(both, np.fmin)
    assert best is not None  # noqa: S101 — site_positions refuses to give none
    hours = f"shift {format_clock(start_s)}–{format_clock(end_s)}"
    return Surface(best.values_s, best.frame, best.query, True, best.crow_fly, best.inputs, (*best.notes, hours, _NOTE))
