"""A travel-time surface as bytes: minutes on a grid of the screen's projection, with codes for what has no time.

The page colours the bytes itself, so that moving a cutoff costs no request. A minute is rounded up: a cell is within a
cutoff of c minutes exactly when its seconds are at most 60 c.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from pyproj import Transformer

from geo_access.surfaces.lattice import Frame
from geo_access.surfaces.surface import Surface

__all__ = ["NO_TIME", "OUTSIDE", "minute_codes", "pack_surface", "unpack_surface"]

NO_TIME, OUTSIDE = 254, 255
_LONGEST_MIN = 250
_MOST_CELLS = 1_200_000
# The two projections differ smoothly: exact on a coarse lattice, linear between its nodes (below a metre).
_NODES = 33


def minute_codes(seconds: np.ndarray) -> np.ndarray:
    """Minutes rounded up, uint8; `NO_TIME` where there is none.

    Examples
    --------
    >>> minute_codes(np.array([0.0, 60.0, 60.1, np.nan])).tolist()
    [0, 1, 2, 254]
    """
    minutes = np.ceil(np.nan_to_num(seconds, nan=np.inf) / 60.0)
    return np.where(minutes <= _LONGEST_MIN, minutes, NO_TIME).astype(np.uint8)


def pack_surface(surface: Surface, *, extra: dict[str, Any]) -> bytes:
    """Write a surface for the page.

    Parameters
    ----------
    surface : Surface
    extra : dict
        Further values of the header.

    Returns
    -------
    bytes
        Four bytes of length (little endian), the header as JSON, then rows × cols bytes from the north-west.
    """
    frame = surface.frame
    codes = minute_codes(np.where(surface.values_s <= surface.query.max_s, surface.values_s, np.nan))
    west, south, east, north = _mercator_box(frame)
    cell = max((east - west) / max(frame.cols, 1), np.sqrt((east - west) * (north - south) / _MOST_CELLS), 1.0)
    cols, rows = max(1, int(np.ceil((east - west) / cell))), max(1, int(np.ceil((north - south) / cell)))
    x, y = _metric_positions(frame.epsg, (west, south, east, north), rows, cols)
    column = np.rint((x - frame.origin_x) / frame.cell_m).astype(np.int64)
    row = np.rint((y - frame.origin_y) / frame.cell_m).astype(np.int64)
    inside = (column >= 0) & (column < frame.cols) & (row >= 0) & (row < frame.rows)
    grid = np.full((rows, cols), OUTSIDE, np.uint8)
    grid[inside] = codes[row[inside], column[inside]]
    corners = Transformer.from_crs(3857, 4326, always_xy=True)
    (left, right), (top, bottom) = corners.transform([west, east], [north, south])
    header = {
        "rows": rows,
        "cols": cols,
        "no_time": NO_TIME,
        "outside": OUTSIDE,
        "corners": [[left, top], [right, top], [right, bottom], [left, bottom]],
        **extra,
    }
    head = json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<I", len(head)) + head + grid.tobytes()


def unpack_surface(packed: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """Read what `pack_surface` wrote: the header, and uint8 (rows, cols) from the north-west."""
    (length,) = struct.unpack_from("<I", packed)
    header = json.loads(packed[4 : 4 + length])
    grid = np.frombuffer(packed, np.uint8, offset=4 + length)
    return header, grid.reshape(header["rows"], header["cols"])


def _mercator_box(frame: Frame) -> tuple[float, float, float, float]:
    """Box of the frame's edges in the screen's projection [m of EPSG:3857]."""
    west, south, east, north = frame.bounds
    half = frame.cell_m / 2
    along = np.linspace(0, 1, 9)
    x = np.concatenate(
        [west - half + along * (east - west + frame.cell_m)] * 2 + [np.full(9, west - half), np.full(9, east + half)]
    )
    y = np.concatenate(
        [np.full(9, south - half), np.full(9, north + half)]
        + [south - half + along * (north - south + frame.cell_m)] * 2
    )
    mx, my = Transformer.from_crs(frame.epsg, 3857, always_xy=True).transform(x, y)
    return float(np.min(mx)), float(np.min(my)), float(np.max(mx)), float(np.max(my))


def _metric_positions(
    epsg: int, box: tuple[float, float, float, float], rows: int, cols: int
) -> tuple[np.ndarray, np.ndarray]:
    """Metric coordinates of the screen's cells, float64 (rows, cols) [m], row 0 northernmost."""
    west, south, east, north = box
    node_x, node_y = np.meshgrid(np.linspace(west, east, _NODES), np.linspace(north, south, _NODES))
    exact = Transformer.from_crs(3857, epsg, always_xy=True).transform(node_x, node_y)
    u = (np.arange(cols) + 0.5) / cols * (_NODES - 1)
    v = (np.arange(rows) + 0.5) / rows * (_NODES - 1)
    i, j = np.minimum(u.astype(int), _NODES - 2), np.minimum(v.astype(int), _NODES - 2)
    du, dv = u - i, (v - j)[:, None]

    def between(values: np.ndarray) -> np.ndarray:
        top = values[j][:, i] * (1 - du) + values[j][:, i + 1] * du
        bottom = values[j + 1][:, i] * (1 - du) + values[j + 1][:, i + 1] * du
        return np.asarray(top * (1 - dv) + bottom * dv)

    return between(np.asarray(exact[0])), between(np.asarray(exact[1]))
