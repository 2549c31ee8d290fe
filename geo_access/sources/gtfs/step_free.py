"""Ways inside stations that a wheelchair can take: no stairs, no escalator, nothing that does not say what it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.notices import Notice, NoticeBook
from geo_access.words.note import note

__all__ = ["step_free"]

# pathway_mode: not said, stairs, escalator.
_NOT_FOR_WHEELS = (0, 2, 4)
_FORBIDDEN = 3
_LAST_CHANGE_TYPE = 3
_AT_ONCE = 500


def step_free(feed: Feed, notices: NoticeBook) -> Feed:
    """Take the ways with steps out of ``pathways.txt``, and forbid the changes that rest on them alone.

    Where the ways of a station link two stops and those without steps do not, one does not change between them: the
    straight line between two platforms is none that a wheelchair can follow.

    Parameters
    ----------
    feed : Feed
    notices : NoticeBook

    Returns
    -------
    Feed
        With fewer `pathways`, and with rows of `transfers` (``transfer_type`` 3) for the changes that are lost.
    """
    ways = feed.pathways
    stepped = (ways["mode"].isin(_NOT_FOR_WHEELS) | (ways["stairs"] != 0)).to_numpy(dtype=bool)
    if not stepped.any():
        return feed
    names = (ways["from_stop_id"] + " → " + ways["to_stop_id"]).to_numpy()
    notices.add_rows(
        Notice("pathway_not_used", "WARNING", "pathways.txt", action="dropped", says=note("gtfs.way_not_step_free")),
        ways["row"].to_numpy()[stepped],
        names[stepped],
    )
    lost = _lost_changes(feed, stepped)
    return replace(feed, pathways=ways[~stepped].reset_index(drop=True), transfers=_forbid(feed.transfers, lost))


def _lost_changes(feed: Feed, stepped: np.ndarray) -> np.ndarray:
    """Pairs of stops linked by the ways of a station and not by those without steps: object (str), shape (n, 2)."""
    ways = feed.pathways
    nodes, ends = np.unique(ways[["from_stop_id", "to_stop_id"]].to_numpy().astype(str), return_inverse=True)
    a, b = ends.reshape(-1, 2).T
    both = ways["both_ways"].to_numpy(dtype=bool)
    every = _graph(a, b, both, len(nodes))
    plain = _graph(a[~stepped], b[~stepped], both[~stepped], len(nodes))
    called = set(feed.stops["stop_id"].to_numpy()[(feed.stops["location_type"] == 0).to_numpy()])
    platform = np.array([name in called for name in nodes], dtype=bool)
    station = connected_components(every, directed=False)[1]
    pairs: list[np.ndarray] = [np.empty((0, 2), dtype=object)]
    for part in np.unique(station[a[stepped]]):
        inside = np.flatnonzero(station == part)
        free = plain[inside][:, inside]
        mine = np.flatnonzero(platform[inside])
        for first in range(0, len(mine), _AT_ONCE):
            rows = mine[first : first + _AT_ONCE]
            reach = np.isfinite(dijkstra(free, indices=rows, unweighted=True)[:, mine])
            i, j = np.nonzero(~reach)
            pairs.append(np.column_stack((nodes[inside[rows[i]]], nodes[inside[mine[j]]])).astype(object))
    return np.concatenate(pairs)


def _graph(a: np.ndarray, b: np.ndarray, both: np.ndarray, n: int) -> csr_matrix:
    start, end = np.concatenate((a, b[both])), np.concatenate((b, a[both]))
    return coo_matrix((np.ones(len(start)), (start, end)), shape=(n, n)).tocsr()


def _forbid(transfers: pd.DataFrame, pairs: np.ndarray) -> pd.DataFrame:
    if not len(pairs):
        return transfers
    forbidden = {(str(a), str(b)) for a, b in pairs}
    stated = zip(transfers["from_stop_id"], transfers["to_stop_id"], transfers["transfer_type"], strict=True)
    kept = np.array([kind > _LAST_CHANGE_TYPE or (a, b) not in forbidden for a, b, kind in stated], dtype=bool)
    added = pd.DataFrame({"from_stop_id": pairs[:, 0], "to_stop_id": pairs[:, 1]}, dtype=object)
    for name in ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id"):
        added[name] = ""
    added["transfer_type"] = np.int8(_FORBIDDEN)
    added["min_transfer_s"] = np.int32(-1)
    added["row"] = 0
    whole = pd.concat([transfers[kept], added], ignore_index=True) if kept.any() else added
    return whole.astype({"transfer_type": np.int8, "min_transfer_s": np.int32, "row": np.int64})
