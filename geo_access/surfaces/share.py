"""How often one gets there: the share of a window's departures (or deadlines) with a trip within a time.

Who can work a shift: there in time for its start, and home again after its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Unpack

import geopandas as gpd
import numpy as np

from geo_access.clock import format_clock
from geo_access.errors import raise_faults
from geo_access.given import require_kind
from geo_access.manifest import fingerprint
from geo_access.modes import read_mode
from geo_access.network.model import Network
from geo_access.routing.asked import Limits, MinutesLike, WindowLike, read_minutes, refuse_twice
from geo_access.routing.query import Query, Window
from geo_access.surfaces.bands import nested_polygons
from geo_access.surfaces.lattice import Canvas, Frame
from geo_access.surfaces.surface import (
    Surface,
    cells_at,
    instants_over,
    make_surface_query,
    query_surface,
    site_positions,
)
from geo_access.times.shift import Shift
from geo_access.words.note import note
from geo_access.words.told import fault, refusal

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
    within_minutes: MinutesLike,
    mode: str | Sequence[str] = "transit",
    depart: WindowLike | None = None,
    arrive: WindowLike | None = None,
    cell_m: float = 50.0,
    reverse: bool = False,
    **limits: Unpack[Limits],
) -> ShareSurface:
    """Compute for every cell how many of a window's departures get there in time.

    Parameters
    ----------
    network : Network
        With a timetable.
    sites : geopandas.GeoDataFrame
        Points with a CRS; the nearest counts at each moment.
    within_minutes : float or timedelta
        Longest time, wait included [min].
    mode : str, Mode or sequence of str
        A mode that boards vehicles.
    depart, arrive : str, Window or pair of clock texts, optional
        Exactly one window, such as ``"07:00-09:00"``.
    cell_m : float
        Cell size [m].
    reverse : bool
        False: from the sites to the cells; True: who can reach them.
    **limits
        Other fields of `Query`.

    Returns
    -------
    ShareSurface

    Raises
    ------
    InputError
        For a mode without hours, a single moment, a cutoff that is no duration.
    """
    refuse_twice(limits, max_minutes="within_minutes")
    within_min = read_minutes(within_minutes, "within_minutes")
    if not within_min > 0:
        raise refusal("surfaces.within", value=within_minutes)
    query = make_surface_query(network, mode=mode, depart=depart, arrive=arrive, max_minutes=within_min, **limits)
    window = query.arrive if query.depart is None else query.depart
    if window is None or window.count < 2:
        raise refusal("surfaces.share_window")
    xy = site_positions(sites, epsg=network.epsg)
    within_s = 60.0 * within_min

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
    require_kind(surface, ShareSurface, "surface", made_by="share_surface(…)")
    faults = [fault("shares", "surfaces.share", value=value) for value in shares if not 0 < value <= 1]
    if not faults and list(shares) != sorted(set(shares)):
        faults.append(fault("shares", "surfaces.shares_order"))
    if not len(shares):
        faults.append(fault("shares", "surfaces.no_share"))
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


def shift_surface(
    network: Network,
    sites: gpd.GeoDataFrame,
    *,
    start: str | time,
    end: str | time,
    mode: str | Sequence[str] = "transit",
    slack_before_min: MinutesLike = 5.0,
    slack_after_min: MinutesLike = 5.0,
    max_minutes: MinutesLike = 60.0,
    cell_m: float = 100.0,
    **limits: Unpack[Limits],
) -> Surface:
    """Longer of the two ways between each cell and the site that serves it best, for one shift.

    Parameters
    ----------
    network : Network
    sites : geopandas.GeoDataFrame
        Points with a CRS; rows without position are left out.
    start, end : str or time
        Clock texts; an end before the start lies on the next morning.
    mode : str, Mode or sequence of str
        Without parking.
    slack_before_min, slack_after_min : float or timedelta
        Margin to be there before the start, and to leave after the end [min].
    max_minutes : float or timedelta
        Longest way of interest, each way [min].
    cell_m : float
        Cell size [m].
    **limits
        Other fields of `Query`, of the way there; the way back has them turned round.

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
    shift = Shift.parse(start, end, slack_before_min=slack_before_min, slack_after_min=slack_after_min)
    how = read_mode(mode)
    arrive = Window(shift.deadline_s, shift.deadline_s) if how.uses_transit else None
    there = make_surface_query(network, mode=how, depart=None, arrive=arrive, max_minutes=max_minutes, **limits)
    back = replace(
        there,
        arrive=None,
        depart=Window(shift.ready_s, shift.ready_s) if how.uses_transit else None,
        max_access_s=there.max_egress_s,
        max_egress_s=there.max_access_s,
    )
    best: Surface | None = None
    for x, y in site_positions(sites, epsg=network.epsg):
        one = gpd.GeoDataFrame(geometry=gpd.points_from_xy([x], [y]), crs=network.epsg)
        out = query_surface(network, one, there, Canvas(cell_m, reverse=True))
        home = query_surface(network, one, back, Canvas(cell_m))
        both = out.combined(home, np.maximum)
        best = both if best is None else best.combined(both, np.fmin)
    assert best is not None  # noqa: S101 — site_positions refuses to give none
    hours = note("shift_hours", start=format_clock(shift.start_s), end=format_clock(shift.end_s))
    return Surface(best.values_s, best.frame, best.query, True, best.crow_fly, best.inputs, (*best.notes, hours, _NOTE))
