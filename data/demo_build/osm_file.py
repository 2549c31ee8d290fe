"""Write the streets as an OSM file: ids by order, rounded coordinates, no clock.

Compressed with bzip2, whose bytes do not vary with the version of the library, as those of zlib and of PBF writers do.
"""

from __future__ import annotations

import bz2
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from demo_build import geography as geo
from demo_build.streets import Streets, Tags

FIRST_NODE, FIRST_WAY, FIRST_RELATION = 1_000_001, 2_000_001, 3_000_001
_STAMP = 'version="1" timestamp="2026-01-01T00:00:00Z" changeset="1" uid="1" user="synthetic"'


def _tags(tags: Tags) -> str:
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in sorted(tags.items()))


def _extra_lines(tram: list[np.ndarray], rail: list[np.ndarray]) -> list[tuple[np.ndarray, Tags]]:
    """Lines and areas that nobody walks or drives on: water, rails, the border."""
    water = np.array(geo.river_polygon().exterior.coords)
    lines: list[tuple[np.ndarray, Tags]] = [(water, {"natural": "water", "water": "river", "name": geo.RIVER_NAME})]
    lines.append((geo.river_line(), {"waterway": "river", "name": geo.RIVER_NAME}))
    lines += [(line, {"railway": "tram", "name": "Tramway de Valmont"}) for line in tram]
    lines += [(line, {"railway": "rail", "name": "Ligne régionale"}) for line in rail]
    lines.append(
        (
            np.array(geo.BORDER_KM) * 1000.0,
            {"boundary": "administrative", "admin_level": "2", "name": "Frontière — Voisinie"},
        )
    )
    return lines


def write_osm(path: Path, streets: Streets, *, tram: list[np.ndarray], rail: list[np.ndarray]) -> None:
    """Write nodes, ways and relations of the synthetic territory to an ``.osm.bz2`` file."""
    used = sorted({node for way in streets.ways for node in way.nodes})
    number = {node: FIRST_NODE + i for i, node in enumerate(used)}
    places = geo.lonlat(np.array(streets.xy)[used])
    rows = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="data/build_demo.py">']
    rows.append(f"<!-- {geo.LICENCE} -->")
    extra = _extra_lines(tram, rail)
    extra_nodes = np.vstack([geo.lonlat(line) for line, _ in extra])
    low = np.vstack([places, extra_nodes]).min(axis=0)
    high = np.vstack([places, extra_nodes]).max(axis=0)
    rows.append(f'<bounds minlon="{low[0]:.6f}" minlat="{low[1]:.6f}" maxlon="{high[0]:.6f}" maxlat="{high[1]:.6f}"/>')
    for node, (lon, lat) in zip(used, places.tolist(), strict=True):
        head = f'<node id="{number[node]}" {_STAMP} lon="{lon:.6f}" lat="{lat:.6f}"'
        tags = _tags(streets.node_tags.get(node, {}))
        rows.append(f"{head}>{tags}</node>" if tags else f"{head}/>")
    first_extra = FIRST_NODE + len(used)
    for i, (lon, lat) in enumerate(extra_nodes.tolist()):
        rows.append(f'<node id="{first_extra + i}" {_STAMP} lon="{lon:.6f}" lat="{lat:.6f}"/>')
    settlements = (*geo.PLACES, geo.FOREIGN)
    centres = geo.lonlat(np.array([place.xy for place in settlements]))
    for i, (place, (lon, lat)) in enumerate(zip(settlements, centres.tolist(), strict=True)):
        kind = "village" if place.kind == "rural" else "city" if place.name == "Valmont" else "town"
        tags = _tags({"place": kind, "name": place.name, "note": "synthetic"})
        number_here = first_extra + len(extra_nodes) + i
        rows.append(f'<node id="{number_here}" {_STAMP} lon="{lon:.6f}" lat="{lat:.6f}">{tags}</node>')
    for i, way in enumerate(streets.ways):
        refs = "".join(f'<nd ref="{number[node]}"/>' for node in way.nodes)
        rows.append(f'<way id="{FIRST_WAY + i}" {_STAMP}>{refs}{_tags(way.tags)}</way>')
    at, way_id = first_extra, FIRST_WAY + len(streets.ways)
    for line, tags in extra:
        ids = list(range(at, at + len(line)))
        if tags.get("natural") == "water":
            ids[-1] = ids[0]
        refs = "".join(f'<nd ref="{node}"/>' for node in ids)
        rows.append(f'<way id="{way_id}" {_STAMP}>{refs}{_tags(tags)}</way>')
        at, way_id = at + len(line), way_id + 1
    way_number = {id(way): FIRST_WAY + i for i, way in enumerate(streets.ways)}
    for i, (source, via, target, kind) in enumerate(streets.restrictions):
        members = (
            f'<member type="way" ref="{way_number[id(source)]}" role="from"/>'
            f'<member type="node" ref="{number[via]}" role="via"/>'
            f'<member type="way" ref="{way_number[id(target)]}" role="to"/>'
        )
        tags = _tags({"type": "restriction", "restriction": kind})
        rows.append(f'<relation id="{FIRST_RELATION + i}" {_STAMP}>{members}{tags}</relation>')
    rows.append("</osm>")
    path.write_bytes(bz2.compress("\n".join(rows).encode("utf-8"), 9))
