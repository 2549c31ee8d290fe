"""Chains of errands: home → crèche → training → home, with dwell times and opening hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.clock import format_clock, parse_clock
from geo_access.errors import InputError
from geo_access.manifest import Manifest
from geo_access.network.model import Network
from geo_access.routing.query import Query, Window
from geo_access.travel_times.core import instant_times
from geo_access.travel_times.matrix import make_query, manifest_of
from geo_access.travel_times.points import Points, read_points

__all__ = ["ChainTimes", "Stage", "chain_times"]

_STEP_S = 60
_LAST_S = 36 * 3600


@dataclass(frozen=True, eq=False)
class Stage:
    """One errand.

    Attributes
    ----------
    name : str
    place : geopandas.GeoDataFrame or None
        A layer of one point, with an id; None for each person's own home.
    dwell_min : float
        Time spent there [min].
    opens, closes : str or None
        Clock texts: earlier arrivals wait for the door, later ones are too late.
    """

    name: str
    place: gpd.GeoDataFrame | None
    dwell_min: float = 0.0
    opens: str | None = None
    closes: str | None = None


@dataclass(frozen=True, eq=False)
class ChainTimes:
    """The best way through a chain for every home.

    Attributes
    ----------
    home_ids : ndarray of object, shape (n,)
    stages : tuple of str
    feasible : ndarray of bool, shape (n,)
    leave_s : ndarray of float32, shape (n,)
        Departure from home with the shortest total [s of the service day]; NaN when infeasible.
    total_s : ndarray of float32, shape (n,)
        From leaving home to the end of the last errand [s].
    arrive_s : ndarray of float32, shape (n, n_stages)
        Arrival at each stage on that way [s of the service day].
    broken_leg : ndarray of int16, shape (n,)
        Leg that nobody gets past whenever they leave, from 1; 0 when feasible.
    manifest : Manifest
    """

    home_ids: np.ndarray
    stages: tuple[str, ...]
    feasible: np.ndarray
    leave_s: np.ndarray
    total_s: np.ndarray
    arrive_s: np.ndarray
    broken_leg: np.ndarray
    manifest: Manifest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per home: departure, total, arrivals, and the leg that breaks."""
        names = np.array(["", *self.stages], dtype=object)
        columns: dict[str, object] = {
            "home_id": self.home_ids,
            "feasible": self.feasible,
            "leave": [None if np.isnan(value) else format_clock(value) for value in self.leave_s],
            "total_s": pd.array(self.total_s.astype(float), dtype="Float64").astype("Int32"),
            "broken_leg": self.broken_leg,
            "broken_at": names[self.broken_leg],
        }
        for k, name in enumerate(self.stages):
            values = self.arrive_s[:, k]
            columns[f"arrive_{name}"] = [None if np.isnan(value) else format_clock(value) for value in values]
        return pd.DataFrame(columns)


def chain_times(
    network: Network,
    homes: gpd.GeoDataFrame,
    stages: Sequence[Stage],
    *,
    depart: str | Window,
    mode: str = "transit",
    max_minutes: float = 120,
    id_column: str = "id",
    **limits: Any,
) -> ChainTimes:
    """Find for every home the best departure through a chain of errands.

    Between errands one leaves on the next whole minute.

    Parameters
    ----------
    network : Network
    homes : geopandas.GeoDataFrame
        Points with ids.
    stages : sequence of Stage
        In order; a stage without place means home.
    depart : str or Window
        Departures from home to try, each minute.
    mode : str
        One of `MODES`.
    max_minutes : float
        Longest single leg [min].
    id_column : str
    **limits
        Other fields of `Query`.

    Returns
    -------
    ChainTimes

    Raises
    ------
    InputError
        When there are no stages, the first is home, two follow each other at home, or hours run backwards.
    """
    window = Window.parse(depart) if isinstance(depart, str) else depart
    on_streets = mode in ("walk", "bike", "car")
    query = make_query(network, mode=mode, depart=None if on_streets else window, max_minutes=max_minutes, **limits)
    at_home = read_points(homes, network, name="homes", id_column=id_column)
    places = _places(network, stages)
    count, n = window.count, len(at_home.ids)
    now = np.broadcast_to(window.start_s + window.step_s * np.arange(count, dtype=float), (n, count)).copy()
    leave = now.copy()
    arrivals = np.full((n, count, len(stages)), np.nan)
    broken = np.zeros((n, count), np.int16)
    here: Points | None = None
    for k, (stage, there) in enumerate(zip(stages, places, strict=True)):
        arrive = now + _leg(network, at_home, here, there, now, query)
        opens, closes = _hours(stage)
        arrive[arrive > closes] = np.nan
        arrivals[:, :, k] = arrive
        broken[(broken == 0) & np.isnan(arrive)] = k + 1
        now = np.maximum(arrive, opens) + round(stage.dwell_min * 60)
        now = np.ceil(now / _STEP_S) * _STEP_S if k + 1 < len(stages) else now
        here = there
    total = now - leave
    best = np.argmin(np.where(np.isnan(total), np.inf, total), axis=1)
    row = np.arange(n)
    feasible = ~np.isnan(total[row, best])
    last_leg = np.where(feasible, 0, broken.max(axis=1)).astype(np.int16)
    return ChainTimes(
        at_home.ids, tuple(stage.name for stage in stages), feasible,
        np.where(feasible, leave[row, best], np.nan).astype(np.float32), total[row, best].astype(np.float32),
        np.where(feasible[:, None], arrivals[row, best], np.nan).astype(np.float32), last_leg,
        manifest_of(network, query, ("homes", at_home)),
    )  # fmt: skip


def _places(network: Network, stages: Sequence[Stage]) -> list[Points | None]:
    if not stages:
        raise InputError("a chain without stages → give at least one errand")
    places: list[Points | None] = []
    previous: gpd.GeoDataFrame | None = None
    for stage in stages:
        if stage.place is None and previous is None:
            raise InputError(f"stage {stage.name!r} goes from home to home → give it a place, or leave it out")
        opens, closes = _hours(stage)
        if closes < opens or stage.dwell_min < 0:
            raise InputError(f"stage {stage.name!r}: hours or dwell run backwards → opens ≤ closes, dwell ≥ 0")
        point = None if stage.place is None else read_points(stage.place, network, name=f"stage {stage.name!r}")
        if point is not None and len(point.ids) != 1:
            raise InputError(f"stage {stage.name!r} has {len(point.ids)} points → give one place per stage")
        places.append(point)
        previous = stage.place
    return places


def _hours(stage: Stage) -> tuple[float, float]:
    opens = -np.inf if stage.opens is None else float(parse_clock(stage.opens))
    return opens, np.inf if stage.closes is None else float(parse_clock(stage.closes))


def _leg(
    network: Network, homes: Points, here: Points | None, there: Points | None, now: np.ndarray, query: Query
) -> np.ndarray:
    """Seconds of one leg for every home and every departure of `now` (n, count), on whole steps."""
    starts, ends = homes if here is None else here, homes if there is None else there
    seconds = np.full(now.shape, np.nan)
    known = np.isfinite(now)
    if not known.any():
        return seconds
    if not query.uses_transit:
        times = instant_times(network, starts.xy, ends.xy, query)
        return np.broadcast_to(times[:, :, 0].reshape(-1, 1) if times.size > 1 else times[0, 0, 0], now.shape).copy()
    first, last = int(now[known].min()), min(int(now[known].max()), _LAST_S)
    step = _STEP_S if query.depart is None or here is not None else query.depart.step_s
    window = Window(first, max(first, last) + step, step)
    times = instant_times(network, starts.xy, ends.xy, replace(query, depart=window))
    table = times.reshape(-1, window.count)
    column = np.where(known, (np.where(known, now, first) - first) / step, 0).astype(int)
    inside = known & (column < window.count)
    row = np.arange(len(now))[:, None] if len(table) > 1 else np.zeros((len(now), 1), int)
    values = table[np.broadcast_to(row, now.shape), np.minimum(column, window.count - 1)]
    seconds[inside] = values[inside]
    return seconds
