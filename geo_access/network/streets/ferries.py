"""Ferries: over which length the ``duration`` of a crossing is shared.

Editors split a crossing into several ways and leave the whole duration on each. Pieces are one crossing where two of
them, with one and the same duration, meet in mid-water: at a node that no other way has.
"""

from __future__ import annotations

import numpy as np

from geo_access.sources.osm import OsmWays

__all__ = ["ferry_lengths_m"]

_EARTH_M = 6_371_009.0


def _length_m(ways: OsmWays, way: int) -> float:
    """Length of a way on the sphere [m]."""
    part = slice(ways.indptr[way], ways.indptr[way + 1])
    lat = np.radians(ways.lat[part])
    dy = np.diff(lat)
    dx = np.diff(np.radians(ways.lon[part])) * np.cos((lat[1:] + lat[:-1]) / 2)
    return float(np.nansum(np.hypot(dx, dy)) * _EARTH_M)


def ferry_lengths_m(ways: OsmWays, which: np.ndarray) -> dict[int, float]:
    """Length of the whole crossing that each of some ferry ways is a piece of.

    Parameters
    ----------
    ways : OsmWays
    which : ndarray of int64
        Positions of the ferry ways that state a duration.

    Returns
    -------
    dict of int to float
        [m].
    """
    length = {way: _length_m(ways, way) for way in which.tolist()}
    group = {way: way for way in length}
    ends = [
        (int(node), way)
        for way in group
        for node in ways.node_id[[ways.indptr[way], ways.indptr[way + 1] - 1]].tolist()
    ]
    used = np.unique(ways.node_id[np.isin(ways.node_id, [node for node, _ in ends])], return_counts=True)
    times_used = dict(zip(used[0].tolist(), used[1].tolist(), strict=True))
    meeting: dict[int, list[int]] = {}
    for node, way in ends:
        meeting.setdefault(node, []).append(way)
    for node, pieces in meeting.items():
        durations = {ways.tag_sets[ways.way_tags[way]]["duration"] for way in pieces}
        if len(set(pieces)) == 2 == times_used[node] and len(durations) == 1:
            first, second = (group[way] for way in set(pieces))
            group = {way: first if of == second else of for way, of in group.items()}
    total: dict[int, float] = {}
    for way, of in group.items():
        total[of] = total.get(of, 0.0) + length[way]
    return {way: total[of] for way, of in group.items()}
