"""Chains of errands: home → crèche → training → home, with dwell times and opening hours.

A stage may be any of several places. For every minute of leaving home the earliest moment of being done at each place
of a stage is kept, for whoever is done earlier may wait there: so the earliest chain is found without trying every
combination.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.clock import format_clock, parse_clock
from geo_access.errors import raise_faults
from geo_access.manifest import Manifest
from geo_access.modes import read_mode
from geo_access.network.model import Network
from geo_access.routing.asked import Limits, MinutesLike, WindowLike, make_query, read_minutes, read_window
from geo_access.routing.query import Query, Window
from geo_access.times.core import instant_times
from geo_access.times.matrix import manifest_of
from geo_access.times.points import Points, read_points, select_points
from geo_access.words.told import fault, refusal

__all__ = ["ChainTimes", "Stage", "chain_times"]

_STEP_S = 60
_LAST_S = 36 * 3600
# Homes worked out together: bounds the table of the way home, homes × places × minutes of the day.
_BLOCK_CELLS = 6_000_000


@dataclass(frozen=True, eq=False)
class Stage:
    """One errand.

    Attributes
    ----------
    name : str
    place : geopandas.GeoDataFrame or None
        Points with ids, any of which will do; None for each person's own home.
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
    place_ids : ndarray of object, shape (n, n_stages)
        The place of each stage on that way; None at home, or when infeasible.
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
    place_ids: np.ndarray
    broken_leg: np.ndarray
    manifest: Manifest

    def __repr__(self) -> str:
        """Return one line: how many homes, the errands, how many manage."""
        share = self.feasible.mean() if len(self.feasible) else 0.0
        return f"ChainTimes({len(self.home_ids)} homes, {' → '.join(self.stages)}: {share:.0%} manage)"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per home: departure, total, arrivals and places, and the leg that breaks."""
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
            columns[f"place_{name}"] = self.place_ids[:, k]
        return pd.DataFrame(columns)


def chain_times(
    network: Network,
    homes: gpd.GeoDataFrame,
    stages: Sequence[Stage],
    *,
    depart: WindowLike,
    mode: str | Sequence[str] = "transit",
    max_minutes: MinutesLike = 120,
    id_column: str = "id",
    **limits: Unpack[Limits],
) -> ChainTimes:
    """Find for every home the best departure through a chain of errands.

    Between errands one leaves on a whole minute, at once or later, whichever is home or at the next errand earlier: a
    leg is no longer than `max_minutes`, a wait before it may be.

    Parameters
    ----------
    network : Network
    homes : geopandas.GeoDataFrame
        Points with ids.
    stages : sequence of Stage
        In order; a stage without place means home.
    depart : str, time, datetime, Window or pair of them
        Departures from home to try, each minute.
    mode : str, Mode or sequence of str
    max_minutes : float or timedelta
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
    window, how = read_window(depart), read_mode(mode)
    if window is None:
        raise refusal("times.chain_no_moment")
    query = make_query(
        network, mode=how, depart=window if how.uses_transit else None, max_minutes=max_minutes, **limits
    )
    at_home = read_points(homes, network, name="homes", id_column=id_column)
    places = _places(network, stages, id_column)
    n = len(at_home.ids)
    widest = max((len(points.ids) for points in places if points is not None), default=1)
    step = max(1, _BLOCK_CELLS // (widest * (_LAST_S // _STEP_S) + window.count * widest * widest))
    blocks = [
        _chain(network, select_points(at_home, slice(first, first + step)), stages, places, window, query)
        for first in range(0, n, step)
    ]
    feasible, leave_s, total_s, arrive_s, ids, broken = (
        np.concatenate([block[part] for block in blocks]) for part in range(6)
    )
    return ChainTimes(
        at_home.ids,
        tuple(stage.name for stage in stages),
        feasible,
        leave_s,
        total_s,
        arrive_s,
        ids,
        broken,
        manifest_of(network, query, ("homes", at_home), *_layers(stages, places)),
    )


def _layers(stages: Sequence[Stage], places: Sequence[Points | None]) -> list[tuple[str, Points]]:
    return [
        (f"stage {number} {stage.name}", points)
        for number, (stage, points) in enumerate(zip(stages, places, strict=True), start=1)
        if points is not None
    ]


def _chain(
    network: Network,
    homes: Points,
    stages: Sequence[Stage],
    places: Sequence[Points | None],
    window: Window,
    query: Query,
) -> tuple[np.ndarray, ...]:
    """Chain of a block of homes: feasible, leave, total, arrivals, ids of the places, broken leg."""
    n, count = len(homes.ids), window.count
    leave = window.start_s + window.step_s * np.arange(count, dtype=float)
    # Homes × departures × places: done at the place, and how one came there.
    done = np.broadcast_to(leave[None, :, None], (n, count, 1)).copy()
    came_from: list[np.ndarray] = []
    arrivals: list[np.ndarray] = []
    broken = np.zeros((n, count), np.int16)
    here: Points | None = None
    for k, (stage, there) in enumerate(zip(stages, places, strict=True)):
        legs = _leg(network, homes, here, there, done, query, first=k == 0)
        reached = done[:, :, :, None] + legs
        source = np.argmin(np.where(np.isnan(reached), np.inf, reached), axis=2)
        arrive = np.take_along_axis(reached, source[:, :, None, :], axis=2)[:, :, 0, :]
        opens, closes = _hours(stage)
        arrive[arrive > closes] = np.nan
        came_from.append(source)
        arrivals.append(arrive)
        broken[(broken == 0) & np.isnan(arrive).all(axis=2)] = k + 1
        done = np.maximum(arrive, opens) + round(read_minutes(stage.dwell_min) * 60)
        done = np.ceil(done / _STEP_S) * _STEP_S if k + 1 < len(stages) else done
        here = there
    last = np.argmin(np.where(np.isnan(done), np.inf, done), axis=2)
    total = np.take_along_axis(done, last[:, :, None], axis=2)[:, :, 0] - leave[None, :]
    best = np.argmin(np.where(np.isnan(total), np.inf, total), axis=1)
    row = np.arange(n)
    feasible = ~np.isnan(total[row, best])
    arrive_s = np.full((n, len(stages)), np.nan, np.float32)
    ids = np.full((n, len(stages)), None, dtype=object)
    place = last[row, best]
    for k in range(len(stages) - 1, -1, -1):
        arrive_s[feasible, k] = arrivals[k][row, best, place][feasible]
        there = places[k]
        if there is not None:
            ids[feasible, k] = there.ids[place[feasible]]
        place = came_from[k][row, best, place]
    return (
        feasible,
        np.where(feasible, leave[best], np.nan).astype(np.float32),
        total[row, best].astype(np.float32),
        arrive_s,
        ids,
        np.where(feasible, 0, broken.max(axis=1)).astype(np.int16),
    )


def _places(network: Network, stages: Sequence[Stage], id_column: str) -> list[Points | None]:
    listed = isinstance(stages, Sequence) and all(isinstance(stage, Stage) for stage in stages)
    if not listed:
        raise refusal("given.stages", given=type(stages).__name__)
    if not stages:
        raise refusal("times.chain_empty")
    raise_faults(
        fault(f"stages[{number}]", "given.stage_name", value=repr(stage.name))
        for number, stage in enumerate(stages)
        if not isinstance(stage.name, str)
    )
    names = [stage.name for stage in stages]
    if len(set(names)) < len(names):
        raise refusal("times.chain_names", names=", ".join(names))
    places: list[Points | None] = []
    previous: gpd.GeoDataFrame | None = None
    for stage in stages:
        if stage.place is None and previous is None:
            raise refusal("times.chain_home", stage=stage.name)
        opens, closes = _hours(stage)
        if closes < opens or not read_minutes(stage.dwell_min, f"stage {stage.name!r}: dwell_min") >= 0:
            raise refusal("times.chain_hours", stage=stage.name)
        name = f"stage {stage.name!r}"
        places.append(
            None if stage.place is None else read_points(stage.place, network, name=name, id_column=id_column)
        )
        previous = stage.place
    return places


def _hours(stage: Stage) -> tuple[float, float]:
    opens = -np.inf if stage.opens is None else float(parse_clock(stage.opens))
    return opens, np.inf if stage.closes is None else float(parse_clock(stage.closes))


def _leg(
    network: Network,
    homes: Points,
    here: Points | None,
    there: Points | None,
    done: np.ndarray,
    query: Query,
    *,
    first: bool,
) -> np.ndarray:
    """Seconds of one leg: homes × departures × places here × places there, leaving when `done` (NaN: never)."""
    n, count, n_here = done.shape
    n_there = 1 if there is None else len(there.ids)
    starts, ends = homes if here is None else here, homes if there is None else there
    seconds = np.full((n, count, n_here, n_there), np.nan)
    known = np.isfinite(done) & (done <= _LAST_S)
    if not known.any():
        return seconds
    at = np.zeros(done.shape, dtype=int)
    asked = query
    if query.uses_transit:
        begin = int(done[known].min())
        step = query.depart.step_s if first and query.depart is not None else _STEP_S
        end = int(done[known].max()) if first else _LAST_S
        asked = replace(query, depart=Window(begin, end + step, step))
        at = ((np.where(known, done, begin) - begin) / step).astype(int)
    times = instant_times(network, starts.xy, ends.xy, asked).astype(float)
    times[~starts.known] = np.nan
    times[:, ~ends.known] = np.nan
    if query.uses_transit and not first:
        # Whoever is done waits for the departure that arrives first.
        instants = step * np.arange(times.shape[2])
        arrival = np.nan_to_num(times + instants, nan=np.inf)[:, :, ::-1]
        times = np.minimum.accumulate(arrival, axis=2)[:, :, ::-1] - instants
        times[np.isinf(times)] = np.nan
    home = np.arange(n)[:, None, None, None]
    place_here, place_there = np.arange(n_here)[None, None, :, None], np.arange(n_there)[None, None, None, :]
    seconds = times[home if here is None else place_here, home if there is None else place_there, at[:, :, :, None]]
    seconds[~known] = np.nan
    return seconds
