"""Closed lines of OSM nodes: rings, and rings made of several lines end to end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from geo_access.sources.osm_keys import UNDEFINED

__all__ = ["Lines", "Ring", "closed_line", "joined", "ring_of"]

Lines = dict[int, list[tuple[int, int, int]]]


@dataclass(frozen=True, eq=False)
class Ring:
    """A closed line.

    Attributes
    ----------
    node_id : ndarray of int64, shape (n + 1,)
        The last is the first.
    lonlat : ndarray of float64, shape (n + 1, 2)
        [degree], EPSG:4326.
    """

    node_id: np.ndarray
    lonlat: np.ndarray


def ring_of(line: Sequence[tuple[int, int, int]]) -> Ring | None:
    """Close a line that ends where it begins and whose positions are known."""
    if len(line) < 4 or line[0][0] != line[-1][0]:
        return None
    table = np.array(line, dtype=np.int64)
    return closed_line(table[:, 0], table[:, 1], table[:, 2])


def closed_line(node_id: np.ndarray, x: np.ndarray, y: np.ndarray) -> Ring | None:
    """Ring of some nodes [1e-7 degree]; None where they make none."""
    if len(node_id) < 4 or node_id[0] != node_id[-1] or (x == UNDEFINED).any():
        return None
    return Ring(node_id.astype(np.int64), np.column_stack((x, y)) * 1e-7)


def joined(lines: Iterable[list[tuple[int, int, int]]]) -> list[Ring]:
    """Rings that some lines make end to end."""
    open_lines = [line for line in lines if len(line) > 1]
    rings: list[Ring] = []
    while open_lines:
        line = open_lines.pop()
        while line[0][0] != line[-1][0]:
            k = next((k for k, other in enumerate(open_lines) if line[-1][0] in (other[0][0], other[-1][0])), None)
            if k is None:
                break
            other = open_lines.pop(k)
            line = line + (other if other[0][0] == line[-1][0] else other[::-1])[1:]
        ring = ring_of(line)
        if ring is not None:
            rings.append(ring)
    return rings
