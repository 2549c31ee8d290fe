"""Columns of the flags on the distance that a threshold names beside its minutes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo_access.diagnosis.levels import share_of
from geo_access.diagnosis.model import Threshold
from geo_access.diagnosis.points import PointFlags
from geo_access.diagnosis.residents import Residents

__all__ = ["distance_columns", "no_distance"]


def distance_columns(
    residents: Residents, points: PointFlags, no_question: np.ndarray, threshold: Threshold
) -> dict[str, object]:
    """Distance beside the minutes, and who reaches by it alone; nothing where the threshold names none.

    Parameters
    ----------
    residents : Residents
    points : PointFlags
    no_question : ndarray of bool, shape (n_zones, n_metiers)
        Where no question arises.
    threshold : Threshold

    Returns
    -------
    dict
        ``threshold_km`` and ``by_distance_share`` (0–1 of the residents), a value per zone × métier.
    """
    if points.by_distance is None or threshold.kilometres is None:
        return {}
    share = np.where(no_question, np.nan, share_of(residents.weights, points.by_distance)).ravel()
    return {
        "threshold_km": pd.array(np.full(share.size, threshold.kilometres), dtype="Float32"),
        "by_distance_share": pd.arrays.FloatingArray(np.nan_to_num(share).astype(np.float32), np.isnan(share)),
    }


def no_distance(n: int) -> pd.Series:
    """Give the values of a column of `distance_columns` for `n` rows whose threshold names no distance."""
    return pd.Series(pd.array([pd.NA] * n, dtype="Float32"))
