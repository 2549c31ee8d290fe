"""The shift test: there in time for the start, and home again after the end, on that service day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Unpack

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.clock import DAY_S, format_clock
from geo_access.manifest import Manifest
from geo_access.modes import read_mode
from geo_access.network.model import Network
from geo_access.routing.asked import ClockLike, Limits, MinutesLike, make_query, read_clock, read_minutes
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query, Window
from geo_access.times.matrix import manifest_of
from geo_access.times.points import Points, read_points
from geo_access.times.round_trip import Ask, NetworkTimes, Sites, connect_points, round_trip
from geo_access.words.told import refusal

__all__ = ["Shift", "ShiftTimes", "shift_test", "shift_times"]

SIDES = ("", "out", "back", "both")


@dataclass(frozen=True)
class Shift:
    """Start and end of work on the service day's clock.

    Attributes
    ----------
    start_s, end_s : int
        [s]; the end of a night shift lies past 24 h.
    slack_before_s, slack_after_s : int
        Margin to be there before the start, and to leave after the end [s].

    Examples
    --------
    >>> Shift.parse("21:00", "05:00", slack_before_min=5, slack_after_min=5).end_s // 3600
    29
    """

    start_s: int
    end_s: int
    slack_before_s: int = 300
    slack_after_s: int = 300

    @classmethod
    def parse(
        cls,
        start: str | time,
        end: str | time,
        *,
        slack_before_min: MinutesLike = 5,
        slack_after_min: MinutesLike = 5,
    ) -> Shift:
        """Read clock texts; an end before the start lies on the next day."""
        start_s, end_s = read_clock(start), read_clock(end)
        before_min, after_min = (
            read_minutes(value, name)
            for value, name in ((slack_before_min, "slack_before_min"), (slack_after_min, "slack_after_min"))
        )
        if start_s == end_s:
            raise refusal("times.shift_empty", clock=start)
        if before_min < 0 or after_min < 0:
            raise refusal("times.slack")
        end_s = end_s if end_s > start_s else end_s + DAY_S
        return cls(start_s, end_s, round(before_min * 60), round(after_min * 60))

    @property
    def deadline_s(self) -> int:
        """Latest arrival at work [s]."""
        return self.start_s - self.slack_before_s

    @property
    def ready_s(self) -> int:
        """Earliest departure from work [s]."""
        return self.end_s + self.slack_after_s


@dataclass(frozen=True, eq=False)
class ShiftTimes:
    """There and back for one shift, every home with every site.

    The reason of a pair is that of the way out, or where that one exists of the way back. Beside the causes of
    `travel_times`:

    - ``OVER_CUTOFF``: one is there in time, or gets home, but that takes longer than allowed; `out_beyond_s` and
      `back_beyond_s` say how long, up to 4 h with vehicles;
    - ``FIRST_TRIP_TOO_LATE``: no journey arrives by the deadline within 4 h, but one within the limits arrives up to
      12 h later;
    - ``LAST_TRIP_TOO_EARLY``: none gets home within 4 h once the shift is over, but one within the limits sets out up
      to 12 h earlier;
    - ``NO_RETURN_TRIP``: none at any of these hours, and none that changes too often (``TOO_MANY_RIDES``) or has its
      stops too far away (``NO_STOP_WITHIN_WALK``).

    Attributes
    ----------
    home_ids, site_ids : ndarray of object, shapes (n_o,), (n_d,)
    shift : Shift
    query : Query
        Of the way out.
    out_s : ndarray of float32, shape (n_o, n_d)
        From leaving home to the deadline, the wait at work included [s]; NaN where one cannot be there in time.
    back_s : ndarray of float32, shape (n_o, n_d)
        From being ready to leave work to home, the wait at work included [s]; NaN where one cannot get home.
    last_out_s : ndarray of float32, shape (n_o, n_d)
        Latest moment to leave home and be in time [s of the service day].
    home_at_s : ndarray of float32, shape (n_o, n_d)
        Earliest moment to be home [s of the service day].
    next_arrival_s : ndarray of float32, shape (n_o, n_d)
        Where one cannot be there in time, or only too slowly: the first arrival after the deadline, within 12 h
        [s of the service day].
    last_back_s : ndarray of float32, shape (n_o, n_d)
        Where one cannot get home, or only too slowly: the last departure from work that does, at most 12 h before the
        end [s of the service day].
    binding : ndarray of uint8, shape (n_o, n_d)
        1 when the way out decides, 2 the way back, 3 both: the one that is missing, else the longer.
    reason : ndarray of uint8, shape (n_o, n_d)
        `Reason`, 0 where both ways exist.
    out_reason, back_reason : ndarray of uint8, shape (n_o, n_d)
        `Reason` of each way.
    out_beyond_s, back_beyond_s : ndarray of float32, shape (n_o, n_d)
        Where a way at these hours exists but takes longer than allowed: its time, up to 4 h with vehicles [s].
    manifest : Manifest
    """

    home_ids: np.ndarray
    site_ids: np.ndarray
    shift: Shift
    query: Query
    out_s: np.ndarray
    back_s: np.ndarray
    last_out_s: np.ndarray
    home_at_s: np.ndarray
    next_arrival_s: np.ndarray
    last_back_s: np.ndarray
    binding: np.ndarray
    reason: np.ndarray
    out_reason: np.ndarray
    back_reason: np.ndarray
    out_beyond_s: np.ndarray
    back_beyond_s: np.ndarray
    manifest: Manifest

    @property
    def feasible(self) -> np.ndarray:
        """Whether one gets there and back, bool (n_o, n_d)."""
        return self.reason == Reason.OK

    def __repr__(self) -> str:
        """Return one line: how many pairs, which hours, how many work."""
        n_o, n_d = self.reason.shape
        share = self.feasible.mean() if self.feasible.size else 0.0
        hours = f"{format_clock(self.shift.start_s)}-{format_clock(self.shift.end_s)}"
        return f"ShiftTimes({n_o} × {n_d} pairs, {self.query.mode}, {hours}: {share:.0%} there and back)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: ids, seconds, clock texts, binding side, reason of the pair and of each way."""
        n_o, n_d = self.reason.shape
        columns: dict[str, object] = {
            "home_id": np.repeat(self.home_ids, n_d),
            "site_id": np.tile(self.site_ids, n_o),
        }
        for name in ("out_s", "back_s"):
            columns[name] = pd.array(np.round(getattr(self, name).ravel().astype(float)), dtype="Float64").astype(
                "Int32"
            )
        for name in ("last_out_s", "home_at_s", "next_arrival_s", "last_back_s"):
            values = getattr(self, name).ravel()
            columns[name.removesuffix("_s")] = [None if np.isnan(value) else format_clock(value) for value in values]
        columns["binding"] = pd.Categorical(np.array(SIDES, dtype=object)[self.binding.ravel()], categories=list(SIDES))
        names = np.array([reason.name for reason in Reason], dtype=object)
        for name in ("reason", "out_reason", "back_reason"):
            columns[name] = pd.Categorical(names[getattr(self, name).ravel()], categories=list(names))
        return pd.DataFrame(columns)


def shift_test(
    network: Network,
    homes: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    start: str | time,
    end: str | time,
    mode: str | Sequence[str] = "transit",
    slack_before_min: MinutesLike = 5,
    slack_after_min: MinutesLike = 5,
    max_minutes: MinutesLike = 120,
    id_column: str = "id",
    earliest: ClockLike | None = None,
    day: date | str | None = None,
    **limits: Unpack[Limits],
) -> ShiftTimes:
    """Test whether one gets to work in time for a shift, and home again after it.

    Parameters
    ----------
    network : Network
    homes, sites : geopandas.GeoDataFrame
        Points with ids, any declared CRS.
    start, end : str or time
        Clock texts; an end before the start is on the next day (``"21:00"``, ``"05:00"``).
    mode : str, Mode or sequence of str
    slack_before_min, slack_after_min : float or timedelta
        Margins [min].
    max_minutes : float or timedelta
        Longest way out, and longest way back [min].
    id_column : str
    earliest : str, time, datetime or int, optional
        No way out sets out before.
    day : date or str, optional
        The service day meant; refused when the network holds another.
    **limits
        Other fields of `Query`.

    Returns
    -------
    ShiftTimes

    Raises
    ------
    InputError

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> from shapely import Point
    >>> town = Network(2154, CrowFly(2154, detour=1.0), None, {})
    >>> home = gpd.GeoDataFrame({"id": ["h"]}, geometry=[Point(0, 0)], crs=2154)
    >>> site = gpd.GeoDataFrame({"id": ["s"]}, geometry=[Point(600, 0)], crs=2154)
    >>> times = shift_test(town, home, site, start="05:00", end="13:00", mode="walk", walk_kmh=3.6)
    >>> times.to_frame()[["out_s", "back_s", "last_out", "reason"]].values.tolist()
    [[600, 600, '04:45', 'OK']]
    """
    shift = Shift.parse(start, end, slack_before_min=slack_before_min, slack_after_min=slack_after_min)
    how = read_mode(mode)
    arrive = Window(shift.deadline_s, shift.deadline_s) if how.uses_transit else None
    query = make_query(network, mode=how, arrive=arrive, earliest=earliest, max_minutes=max_minutes, day=day, **limits)
    at_home = read_points(homes, network, name="homes", id_column=id_column)
    at_work = read_points(sites, network, name="sites", id_column=id_column)
    return shift_times(network, at_home, at_work, shift, query)


def shift_times(network: Network, homes: Points, sites: Points, shift: Shift, query: Query) -> ShiftTimes:
    """Test one shift on checked points.

    Parameters
    ----------
    network : Network
    homes, sites : Points
    shift : Shift
    query : Query
        With a mode with transit its deadline is replaced by the shift's.

    Returns
    -------
    ShiftTimes
    """
    manifest = manifest_of(network, query, ("homes", homes), ("sites", sites))
    ask = Ask(query, arrive_s=shift.deadline_s, leave_s=shift.ready_s)
    places = Sites(sites.ids, sites.ids, sites.xy)
    connection = connect_points(NetworkTimes(network), homes.xy, places, ask)
    trip = round_trip(connection, np.arange(len(homes.ids)), places, ask, explain=True)
    out, back = trip.out_s, trip.back_s
    reasons = [trip.reason, _known(trip.out_reason), _known(trip.back_reason)]
    hints = (trip.next_arrival_s, trip.last_departure_s, trip.out_beyond_s, trip.back_beyond_s)
    later, earlier, out_beyond, back_beyond = map(_known, hints)
    for known, axis, cause in (
        (sites.known, 1, Reason.UNSNAPPED_DESTINATION),
        (homes.known, 0, Reason.UNSNAPPED_ORIGIN),
    ):
        unknown = np.broadcast_to(~known[None, :] if axis else ~known[:, None], out.shape)
        for codes in reasons:
            codes[unknown] = cause
        for values in (out, back, later, earlier, out_beyond, back_beyond):
            values[unknown] = np.nan
    no_out, no_back = np.isnan(out), np.isnan(back)
    binding = np.where(no_out & no_back, 3, np.where(no_out | (~no_back & (out >= back)), 1, 2)).astype(np.uint8)
    return ShiftTimes(
        homes.ids,
        sites.ids,
        shift,
        query,
        out,
        back,
        np.float32(shift.deadline_s) - out,
        np.float32(shift.ready_s) + back,
        later,
        earlier,
        binding,
        reasons[0],
        reasons[1],
        reasons[2],
        out_beyond,
        back_beyond,
        manifest,
    )


def _known(found: np.ndarray | None) -> np.ndarray:
    assert found is not None  # noqa: S101 — a trip that was to be explained carries all of them
    return found
