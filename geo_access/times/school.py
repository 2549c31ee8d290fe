"""Which pairs have no other way than a line for pupils: one that does not run in the holidays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geo_access.arrays import marked_rows_and_columns
from geo_access.network.model import Network
from geo_access.network.timetable.riders import SCHOOL
from geo_access.routing.query import Query
from geo_access.times.core import point_times

__all__ = ["rests_on_school_lines"]


def rests_on_school_lines(
    network: Network, origin_xy: np.ndarray, destination_xy: np.ndarray, query: Query, seconds: np.ndarray
) -> np.ndarray:
    """Tell the pairs that have a time, and none without the lines for pupils.

    Parameters
    ----------
    network : Network
    origin_xy, destination_xy : ndarray of float64, shapes (n_o, 2), (n_d, 2)
        [m], in the network's CRS.
    query : Query
        What was asked.
    seconds : ndarray of float32, shape (n_o, n_d, n_percentiles)
        The times found with it; NaN where there is none [s].

    Returns
    -------
    ndarray of bool, shape (n_o, n_d)
        For the first percentile. Searched only between the origins and destinations that have some time.

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> none = np.full((1, 1, 1), np.nan, np.float32)
    >>> plain, place = Network(2154, CrowFly(2154), None, {}), np.zeros((1, 2))
    >>> rests_on_school_lines(plain, place, place, Query("walk"), none).tolist()
    [[False]]
    """
    known = ~np.isnan(seconds[:, :, 0])
    rests = np.zeros(known.shape, dtype=bool)
    timetable = network.timetable
    named = any(kind == "school" for _, kind in query.line_kinds)
    if timetable is None or not query.uses_transit or not query.school_lines or not known.any():
        return rests
    if not named and not (timetable.route_kind == SCHOOL).any():
        return rests
    rows, columns = marked_rows_and_columns(known)
    without = point_times(network, origin_xy[rows], destination_xy[columns], replace(query, school_lines=False))
    rests[np.ix_(rows, columns)] = known[np.ix_(rows, columns)] & np.isnan(without.seconds[:, :, 0])
    return rests
