"""What a travel-time run gives back: every pair, with a time or a reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo_access.manifest import Manifest
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query

__all__ = ["TravelTimes"]


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
    """

    origin_ids: np.ndarray
    destination_ids: np.ndarray
    query: Query
    seconds: np.ndarray
    reason: np.ndarray
    feasible_share: np.ndarray
    manifest: Manifest

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
