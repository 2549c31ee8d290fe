"""What a travel-time run gives back: every pair, with a time or a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.clock import format_clock
from geo_access.errors import InputError
from geo_access.manifest import Manifest
from geo_access.network.model import Network
from geo_access.routing.causes import Reason
from geo_access.routing.journeys import Journey, explain_query
from geo_access.routing.query import Query
from geo_access.times.points import Points
from geo_access.words.told import refusal

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
            When the times were put together by hand: they have no places.
        """
        if self.asked is None:
            raise refusal("times.no_places")
        origins = self.asked.origins
        at = {str(name): row for row, name in enumerate(origins.ids)}
        rows = np.repeat([at[str(name)] for name in self.origin_ids], len(self.destination_ids))
        points = gpd.points_from_xy(*origins.xy[rows].T, crs=self.asked.network.epsg)
        points = gpd.GeoSeries(points).where(origins.known[rows], None)
        gpd.GeoDataFrame(self.to_frame(), geometry=points).to_crs(4326).to_parquet(path, index=False)
        return Path(path)

    def at(self, percentile: int) -> np.ndarray:
        """Return the times of one percentile, float32 (n_o, n_d) [s], NaN where there is none."""
        return self.seconds[:, :, self.query.percentiles.index(percentile)]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: ids, ``travel_time_pXX_s`` (nullable integers), share, reason."""
        n_o, n_d = self.reason.shape
        columns: dict[str, object] = {
            "origin_id": np.repeat(self.origin_ids, n_d),
            "destination_id": np.tile(self.destination_ids, n_o),
        }
        for k, percentile in enumerate(self.query.percentiles):
            values = np.round(self.seconds[:, :, k].ravel().astype(np.float64))
            columns[f"travel_time_p{percentile:02d}_s"] = pd.array(values, dtype="Float64").astype("Int32")
        columns["feasible_share"] = self.feasible_share.ravel()
        names = np.array([reason.name for reason in Reason], dtype=object)
        columns["reason"] = pd.Categorical(names[self.reason.ravel()], categories=names)
        return pd.DataFrame(columns)


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
