"""Streets searched around points, for a network that has other stops: only what is new is searched.

A line that is extended by one stop leaves thousands of stops where they are, and with them all ways to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geo_access.network.model import Network, SparseTimes
from geo_access.network.search.kernels import invert
from geo_access.network.search.links import Links
from geo_access.routing.flex import offers_of
from geo_access.routing.legs import Doors, stop_walks
from geo_access.routing.query import Query
from geo_access.routing.timed import select_rows

__all__ = ["SearchedDoors", "widened_doors"]


@dataclass(frozen=True, eq=False)
class SearchedDoors:
    """Doors of some points, and the stops that they were opened to.

    Attributes
    ----------
    stops : ndarray of int64, shape (n_stops,)
        Number of the place where each stop is: equal for equal places.
    doors : Doors
    """

    stops: np.ndarray
    doors: Doors


def widened_doors(
    network: Network, known: SearchedDoors, stop_rows: np.ndarray, stops: Mapping[str, Links], query: Query
) -> Doors | None:
    """Return the doors of the same points to the stops of another network on the same streets.

    Parameters
    ----------
    network : Network
        With the other stops.
    known : SearchedDoors
        Opened with the same query, in both directions.
    stop_rows : ndarray of int64, shape (n_stops,)
        Numbers of the places of its stops.
    stops : mapping of str to Links
        Its stops, by street mode.
    query : Query

    Returns
    -------
    Doors or None
        What `geo_access.routing.legs.open_doors` finds; None where most stops are new, or where more than their places
        counts: services on demand, stops chosen by name.
    """
    if query.mode == "park_and_ride" or known.doors.flex is not None or offers_of(network, query) is not None:
        return None
    at = np.full(int(max(known.stops.max(initial=0), stop_rows.max(initial=0))) + 1, -1, np.int64)
    at[known.stops] = np.arange(len(known.stops))
    column = at[stop_rows]
    new = np.flatnonzero(column < 0)
    if 2 * len(new) > len(column):
        return None
    column[new] = len(known.stops) + np.arange(len(new))
    (mode, links), *_ = stops.items()
    found = []
    for out, walks in ((True, known.doors.to_stops), (False, known.doors.from_stops)):
        if walks is None:
            return None
        points = known.doors.links[mode]
        more = stop_walks(network, points, query, mode, to_stops=out, stops=links.take(new)) if len(new) else None
        found.append(_columns(walks, more, column))
    return Doors(known.doors.links, found[0], found[1], stops)


def _columns(walks: SparseTimes, more: SparseTimes | None, column: np.ndarray) -> SparseTimes:
    """Return some columns of two tables of the same rows, the second after the first."""
    indptr, rows, seconds = invert(walks.indptr, walks.indices, walks.seconds, walks.n_cols)
    if more is not None:
        theirs = invert(more.indptr, more.indices, more.seconds, more.n_cols)
        indptr = np.concatenate((indptr, indptr[-1] + theirs[0][1:]))
        rows, seconds = np.concatenate((rows, theirs[1])), np.concatenate((seconds, theirs[2]))
    some = select_rows(SparseTimes(indptr, rows, seconds, walks.n_rows), column)
    turned = invert(some.indptr, some.indices, some.seconds, walks.n_rows)
    return SparseTimes(*turned, n_cols=len(column))
