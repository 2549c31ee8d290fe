"""How often one gets there: the share of a window's departures (or deadlines) with a trip within a time.

Who can work a shift: there in time for its start, and home again after its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np

from geo_access.clock import DAY_S, format_clock, parse_clock
from geo_access.errors import Fault, InputError, raise_faults
from geo_access.manifest import fingerprint
from geo_access.network.model import Network
from geo_access.routing.query import Query
from geo_access.surfaces.bands import nested_polygons
from geo_access.surfaces.lattice import Frame
from geo_access.surfaces.surface import (
    Surface,
    cells_at,
    instants_over,
    make_surface_query,
    site_positions,
    travel_time_surface,
)
from geo_access.words.note import note

__all__ = ["ShareSurface", "share_areas", "share_surface", "shift_surface"]

# One minus a share, as "minutes" for the outlines: fine enough for one departure in a thousand.
_SCALE_S = 60_000.0


@dataclass(frozen=True, eq=False)
class ShareSurface:
    """Share of the moments of a window from which each cell is within reach.

    Attributes
    ----------
    share : ndarray of float32, shape (rows, cols)
        0–1.
    frame : Frame
    within_s : float
        Longest time [s].
    query : Query
    reverse : bool
        Towards the sites.
    inputs : mapping of str to str
        SHA-256 of what the network was built from.
    """

    share: np.ndarray
    frame: Frame
    within_s: float
    query: Query
    reverse: bool
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def manifest_id(self) -> str:
        """Short hash of inputs, query, grid, cutoff and direction."""
        return fingerprint(dict(self.inputs), self.query, self.frame, self.reverse, self.within_s)

    def at(self, xy: np.ndarray) -> np.ndarray:
        """Return the share at points, float32 (n,); 0 outside the grid.

        Parameters
        ----------
        xy : ndarray of float64, shape (n, 2)
            Metric CRS of the frame [m].
        """
        return np.nan_to_num(cells_at(self.share, self.frame, xy))


def share_surface(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    within_minutes: float,
    mode: str = "transit",
    depart: str | None = None,
    arrive: str | None = None,
    walk_kmh: float = 4.8,
    bike_kmh: float = 15.0,
    cell_m: float = 50.0,
    reverse: bool = False,
) -> ShareSurface:
    """Compute for every cell how many of a window's departures get there in time.

    Parameters
    ----------
    network : Network
        With a timetable.
    sites : geopandas.GeoDataFrame
        Points with a CRS; the nearest counts at each moment.
    within_minutes : float
        Longest time, wait included [min].
    mode : str
        A mode that boards vehicles.
    depart, arrive : str, optional
        Exactly one window, such as ``"07:00-09:00"``.
    walk_kmh, bike_kmh : float
        [km/h].
    cell_m : float
        Cell size [m].
    reverse : bool
        False: from the sites to the cells; True: who can reach them.

    Returns
    -------
    ShareSurface

    Raises
    ------
    InputError
        For a mode without hours, a single moment, a cutoff that is no duration.
    """
    if not (np.isfinite(within_minutes) and within_minutes > 0):
        raise InputError(f"within_minutes = {within_minutes} → give a number of minutes above 0")
    query = make_surface_query(
        mode, depart=depart, arrive=arrive, earliest=None, percentile=50, max_minutes=within_minutes,
        walk_kmh=walk_kmh, bike_kmh=bike_kmh,
    )  # fmt: skip
    window = query.arrive if query.depart is None else query.depart
    if window is None or window.count < 2:
        raise InputError("a share is over several departures → give a window such as depart='07:00-09:00'")
    xy = site_positions(sites, epsg=network.epsg)
    within_s = 60.0 * within_minutes

    def counted(times: np.ndarray) -> np.ndarray:
        return (times <= within_s + 0.5).sum(axis=0, dtype=np.float32) / np.float32(len(times))

    share, frame = instants_over(network, xy, query, counted, reverse=reverse, cell_m=cell_m)
    return ShareSurface(share, frame, within_s, query, reverse, network.inputs)


def share_areas(surface: ShareSurface, *, shares: Sequence[float] = (0.5, 0.9)) -> gpd.GeoDataFrame:
    """Areas reached at least so often, each within the one before.

    Parameters
    ----------
    surface : ShareSurface
    shares : sequence of float
        Ascending, above 0 and up to 1.

    Returns
    -------
    geopandas.GeoDataFrame
        ``share, area_km2, geometry`` in the surface's metric CRS.

    Raises
    ------
    InputError
        For shares out of range or out of order.
    """
    faults = [Fault("shares", f"{value!r} is no share", "between 0 and 1") for value in shares if not 0 < value <= 1]
    if not faults and list(shares) != sorted(set(shares)):
        faults.append(Fault("shares", "they must ascend, each given once", "such as (0.5, 0.9)"))
    if not len(shares):
        faults.append(Fault("shares", "none given", "such as (0.5, 0.9)"))
    raise_faults(faults)
    # The most frequent area is the smallest: it takes the place of the shortest time.
    missed = np.where(surface.share > 0, 1.0 - surface.share.astype(np.float64), np.nan) * _SCALE_S
    cutoffs = [(1.0 - value) * _SCALE_S / 60.0 + 1e-3 for value in reversed(shares)]
    areas = nested_polygons(missed, x=surface.frame.x, y=surface.frame.y, minutes=cutoffs)[::-1]
    return gpd.GeoDataFrame(
        {"share": list(shares), "area_km2": [area.area / 1e6 for area in areas]},
        geometry=areas,
        crs=surface.frame.epsg,
    )


_NOTE = note("longer_way")


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
    hours = note("shift_hours", start=format_clock(start_s), end=format_clock(end_s))
    return Surface(best.values_s, best.frame, best.query, True, best.crow_fly, best.inputs, (*best.notes, hours, _NOTE))
