"""Street networks drawn in ASCII: letters are nodes on a grid, ways are words of letters."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from pyproj import Transformer

from geo_access.network.model import Streets
from geo_access.network.streets.streets import build_streets

EPSG = 2154
ORIGIN = (700_000.0, 6_600_000.0)
Tags = dict[str, str]


def positions(drawing: str, step_m: float = 100.0) -> dict[str, tuple[float, float]]:
    """Metric position of each letter: one column is `step_m` / 4 wide, one line `step_m` / 2 high."""
    lines = [line for line in drawing.splitlines() if line.strip()]
    found = {}
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            if letter.isalnum():
                found[letter] = (ORIGIN[0] + column * step_m / 4, ORIGIN[1] - row * step_m / 2)
    return found


def write_osm(
    path: Path,
    drawing: str,
    ways: dict[str, Tags],
    *,
    nodes: dict[str, Tags] | None = None,
    restrictions: list[tuple[str, str, str, Tags]] | None = None,
    step_m: float = 100.0,
    missing: str = "",
) -> dict[str, tuple[float, float]]:
    """Write the drawing as OSM XML; ids are the letters' code points, ways are numbered from 1."""
    where = positions(drawing, step_m)
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    rows = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6' generator='drawn'>"]
    for letter, (x, y) in sorted(where.items()):
        if letter in missing:
            continue
        lon, lat = to_degrees.transform(x, y)
        tags = "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in (nodes or {}).get(letter, {}).items())
        rows.append(f"<node id='{ord(letter)}' version='1' lat='{lat:.9f}' lon='{lon:.9f}'>{tags}</node>")
    number = {word: k for k, word in enumerate(ways, start=1)}
    for word, values in ways.items():
        refs = "".join(f"<nd ref='{ord(letter)}'/>" for letter in word.rstrip("'"))
        tags = "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in values.items())
        rows.append(f"<way id='{number[word]}' version='1'>{refs}{tags}</way>")
    for k, (start, via, end, values) in enumerate(restrictions or [], start=1):
        # Through a letter, or through ways: words with spaces between.
        members = [("way", number[word]) for word in via.split()] if len(via) > 1 else [("node", ord(via))]
        between = "".join(f"<member type='{kind}' ref='{ref}' role='via'/>" for kind, ref in members)
        tags = "".join(f"<tag k={quoteattr(key)} v={quoteattr(v)}/>" for key, v in values.items())
        rows.append(
            f"<relation id='{k}' version='1'><member type='way' ref='{number[start]}' role='from'/>"
            f"{between}<member type='way' ref='{number[end]}' role='to'/>"
            f"<tag k='type' v='restriction'/>{tags}</relation>"
        )
    rows.append("</osm>")
    path.write_text("\n".join(rows), encoding="utf-8")
    return where


def drawn_streets(tmp_path: Path, drawing: str, ways: dict[str, Tags], **more: object) -> tuple[Streets, dict]:
    """Build the drawing; small networks are islands too, so nothing is pruned but what cannot be left or entered."""
    options = ("modes", "min_island_nodes", "dem", "car_congestion", "hour", "moment", "school_breaks")
    build = {key: more.pop(key) for key in options if key in more}
    path = tmp_path / "drawn.osm"
    where = write_osm(path, drawing, ways, **more)  # type: ignore[arg-type]
    streets = build_streets(path, epsg=EPSG, min_island_nodes=build.pop("min_island_nodes", 1), **build)  # type: ignore[arg-type]
    return streets, where


def at(where: dict[str, tuple[float, float]], letters: str) -> np.ndarray:
    """Positions of some letters, float64 (n, 2)."""
    return np.array([where[letter] for letter in letters], dtype=np.float64).reshape(-1, 2)
