"""What a travel-time run gives back: every pair, with a time or a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.clock import format_clock
from geo_access.errors import InputError, import_extra, raise_faults
from geo_access.given import read_path
from geo_access.manifest import Manifest
from geo_access.network.model import Network
from geo_access.routing.asked import MinutesLike, read_minutes
from geo_access.routing.causes import Reason
from geo_access.routing.journeys import Journey, explain_query
from geo_access.routing.query import Query
from geo_access.sources.tables.write import made_room
from geo_access.times.points import Points
from geo_access.words.told import fault, refusal

__all__ = ["Asked", "TravelTimes"]


@dataclass(frozen=True, eq=False)
class Asked:
    """The network and the places that times were asked of.

    Attributes
    ----------
    network : Network
    origins, destinations : Points
    """

    network: Network
    origins: Points
    destinations: Points


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """Door-to-door times between all origins and all destinations.

    Attributes
    ----------
    origin_ids, destination_ids : ndarray of object, shapes (n_o,), (n_d,)
        The user's own ids.
    query : Query
    seconds : ndarray of float32, shape (n_o, n_d, n_percentiles)
        Door-to-door time [s]; NaN where there is none.
    reason : ndarray of uint8, shape (n_o, n_d)
        `Reason` of each pair, 0 where the first percentile has a time.
    feasible_share : ndarray of float32, shape (n_o, n_d)
        Share of the window's departures (or deadlines) with a trip within the limits, 0–1.
    manifest : Manifest
        Query, inputs' hashes, versions and warnings.
    asked : Asked or None
        What they were asked of, to explain a pair; None for times put together by hand.
    """

    origin_ids: np.ndarray
    destination_ids: np.ndarray
    query: Query
    seconds: np.ndarray
    reason: np.ndarray
    feasible_share: np.ndarray
    manifest: Manifest
    asked: Asked | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """Return one line: how many pairs, what was asked, how many have a time and how long it is."""
        n_o, n_d = self.reason.shape
        window = self.query.depart or self.query.arrive
        when = ""
        if window is not None:
            moments = dict.fromkeys((format_clock(window.start_s), format_clock(window.end_s)))
            when = f", {'depart' if self.query.depart is not None else 'arrive'} {'-'.join(moments)}"
        first = self.seconds[:, :, 0]
        known = ~np.isnan(first)
        middle = f", median {np.median(first[known]) / 60:.0f} min" if known.any() else ""
        share = known.mean() if known.size else 0.0
        return f"TravelTimes({n_o} × {n_d} pairs, {self.query.mode}{when}: {share:.0%} have a time{middle})"

    def explain(self, origin_id: object, destination_id: object) -> list[Journey]:
        """Find the journeys behind the time of one pair, at the first instant asked.

        Parameters
        ----------
        origin_id, destination_id : object
            As in `origin_ids` and `destination_ids`.

        Returns
        -------
        list of Journey
            The best in arrival, rides and walking, in the order of arrival; empty where there is none.

        Raises
        ------
        InputError
            When an id is none of them, or the times boarded no vehicle or were put together by hand.
        """
        if self.asked is None or not self.query.uses_transit:
            raise refusal("times.not_explained", mode=self.query.mode)
        start = _place(self.asked.origins, origin_id, "origin")
        end = _place(self.asked.destinations, destination_id, "destination")
        return explain_query(self.asked.network, start, end, self.query)

    def to_geoparquet(self, path: str | Path) -> Path:
        """Write one row per pair, with the point of its origin (EPSG:4326).

        Parameters
        ----------
        path : str or pathlib.Path

        Returns
        -------
        pathlib.Path

        Raises
        ------
        InputError
            When the times were put together by hand: they have no places; for a name that does not end in .parquet, is
            that of a folder, or whose folder cannot be made.
        """
        target = read_path(path, "path")
        if target.suffix.lower() != ".parquet":
            raise refusal("times.parquet", file=target.name)
        places = self._origins()
        rows = np.repeat(np.arange(len(self.origin_ids)), len(self.destination_ids))
        table = gpd.GeoDataFrame(self.to_frame(), geometry=places.to_numpy()[rows], crs=places.crs)
        table.to_crs(4326).to_parquet(made_room(target), index=False)
        return target

    def to_geodataframe(self, *, percentile: int | None = None) -> gpd.GeoDataFrame:
        """Return one row per origin: how far the nearest destination is, and which one that is.

        Parameters
        ----------
        percentile : int, optional
            One of those asked; the first by default.

        Returns
        -------
        geopandas.GeoDataFrame
            ``origin_id``, ``minutes`` to the nearest destination [min] (missing where none has a time),
            ``destination_id``, ``reached``: how many have a time; Point, in the CRS of the network.

        Raises
        ------
        InputError
            When the percentile was not asked, or the times were put together by hand.
        """
        places = self._origins()
        seconds = np.where(np.isnan(self._asked(percentile)), np.inf, self._asked(percentile))
        none = np.full(len(seconds), np.inf, np.float32)
        nearest = seconds.argmin(axis=1) if seconds.shape[1] else np.zeros(len(seconds), np.int64)
        best = seconds[np.arange(len(seconds)), nearest] if seconds.shape[1] else none
        columns = {
            "origin_id": self.origin_ids,
            "minutes": np.where(np.isinf(best), np.nan, best / 60),
            "destination_id": np.array(
                [
                    None if np.isinf(time) else self.destination_ids[column]
                    for time, column in zip(best, nearest, strict=True)
                ],
                dtype=object,
            ),
            "reached": np.isfinite(seconds).sum(axis=1),
        }
        return gpd.GeoDataFrame(columns, geometry=places.to_numpy(), crs=places.crs)

    def plot(self, *, percentile: int | None = None, **drawn: Any) -> Any:
        """Draw the origins in the colour of their minutes to the nearest destination; grey where there is none.

        Parameters
        ----------
        percentile : int, optional
            One of those asked; the first by default.
        **drawn
            Passed to `geopandas.GeoDataFrame.plot`: ``ax``, ``cmap``, ``markersize``, …

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InputError
            When the percentile was not asked, or the times were put together by hand, or without the ``report`` extra.
        """
        import_extra("matplotlib", "report")
        style = {"cmap": "viridis_r", "legend": True, "markersize": 6, "missing_kwds": {"color": "lightgrey"}}
        return self.to_geodataframe(percentile=percentile).plot(column="minutes", **{**style, **drawn})

    def accessibility(
        self,
        opportunities: Sequence[float] | np.ndarray | None = None,
        *,
        minutes: MinutesLike | Sequence[MinutesLike] = (15, 30, 45, 60),
        percentile: int | None = None,
    ) -> pd.DataFrame:
        """Return what each origin has within some times: ``A_i = Σ_j O_j [t_ij ≤ T]`` (Wickstrom 1971).

        Other measures (gravity, competition, equity) are those of `geo_access.measures`, over ``at(percentile)``.

        Parameters
        ----------
        opportunities : sequence of float, optional
            Of each destination, ≥ 0; 1 each by default.
        minutes : float, timedelta or sequence of them
            Longest times, included [min].
        percentile : int, optional
            One of those asked; the first by default.

        Returns
        -------
        pandas.DataFrame
            ``origin_id``, and for each time ``within_<minutes>_min``.

        Raises
        ------
        InputError
            When there is not one number per destination, one is missing, negative or no number, a time is no positive
            number of minutes, or the percentile was not asked.
        """
        n_d = len(self.destination_ids)
        limits = _limits(minutes)
        try:
            given = np.ones(n_d) if opportunities is None else np.asarray(opportunities, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise refusal("measures.amounts") from error
        if given.shape != (n_d,):
            raise refusal("measures.one_number_each", shape=str(given.shape), n=n_d)
        if not (np.isfinite(given).all() and (given >= 0).all()):
            raise refusal("measures.amounts")
        seconds = self._asked(percentile)
        within = {f"within_{limit:g}_min": (seconds <= 60 * limit) @ given for limit in limits}
        return pd.DataFrame({"origin_id": self.origin_ids, **within})

    def _origins(self) -> gpd.GeoSeries:
        """Points of the origins, in the CRS of the network; none where a place was not known."""
        if self.asked is None:
            raise refusal("times.no_places")
        origins = self.asked.origins
        at = {str(name): row for row, name in enumerate(origins.ids)}
        rows = [at[str(name)] for name in self.origin_ids]
        points = gpd.GeoSeries(gpd.points_from_xy(*origins.xy[rows].T, crs=self.asked.network.epsg))
        return points.where(origins.known[rows], None)

    def _asked(self, percentile: int | None) -> np.ndarray:
        return self.at(self.query.percentiles[0] if percentile is None else percentile)

    def at(self, percentile: int) -> np.ndarray:
        """Return the times of one percentile, float32 (n_o, n_d) [s], NaN where there is none.

        Raises
        ------
        InputError
            When that percentile was not asked.
        """
        asked = self.query.percentiles
        if percentile not in asked:
            raise refusal("times.percentile_not_asked", percentile=repr(percentile), asked=", ".join(map(str, asked)))
        return self.seconds[:, :, asked.index(percentile)]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: ids, ``travel_time_pXX_s`` (nullable integers), share, reason."""
        n_o, n_d = self.reason.shape
        columns: dict[str, object] = {
            "origin_id": np.repeat(self.origin_ids, n_d),
            "destination_id": np.tile(self.destination_ids, n_o),
        }
        for k, percentile in enumerate(self.query.percentiles):
            values = np.round(self.seconds[:, :, k].ravel())
            none = np.isnan(values)
            whole = np.where(none, np.float32(0), values).astype(np.int32)
            columns[f"travel_time_p{percentile:02d}_s"] = pd.arrays.IntegerArray(whole, none)
        columns["feasible_share"] = self.feasible_share.ravel()
        names = pd.Index([reason.name for reason in Reason])
        columns["reason"] = pd.Categorical.from_codes(self.reason.ravel().astype(np.int8), categories=names)
        return pd.DataFrame(columns)


def _limits(minutes: MinutesLike | Sequence[MinutesLike]) -> list[float]:
    """Longest times [min], each above 0."""
    one = isinstance(minutes, (str, timedelta)) or not isinstance(minutes, Iterable)
    given = cast("Sequence[MinutesLike]", [minutes] if one else minutes)
    limits = [read_minutes(value, "minutes") for value in given]
    wrong = [value for value in limits if not (np.isfinite(value) and value > 0)]
    raise_faults([fault("minutes", "surfaces.cutoff", value=value) for value in wrong])
    return limits


def _place(points: Points, name: object, what: str) -> np.ndarray:
    found = np.flatnonzero(points.ids.astype(str) == str(name))
    if not len(found):
        some = ", ".join(map(str, points.ids[:5]))
        raise InputError(
            f"{what} {name!r} is none of the {len(points.ids)} asked → one of {some} …",
            key="times.no_such_place",
            values={"name": repr(name), "n": len(points.ids), "some": some},
        )
    return points.xy[found[:1]]
