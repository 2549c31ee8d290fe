"""Layers of the page's own map: zones, streets, lines and sites of the study as GeoJSON, nothing from outside."""

from __future__ import annotations

import json
import struct
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer

from geo_access.arrays import rows_of
from geo_access.network.model import CrowFly, Network, Streets
from geo_access.study.prepared import PreparedStudy

__all__ = [
    "bounds_of",
    "feature_collection",
    "pack_mesh",
    "sites_layer",
    "stops_layer",
    "streets_layer",
    "zones_layer",
    "zones_mesh",
]

# About a metre: what a screen can tell.
_DECIMALS = 5
_MOST_VERTICES = 250_000
# Streets drawn first; the others join while there is room.
_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")


def feature_collection(shapes: np.ndarray, properties: list[dict[str, Any]], *, epsg: int) -> bytes:
    """Write shapes as GeoJSON in degrees, features numbered from 0.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
        In the CRS `epsg`.
    properties : list of dict
        One for each shape.
    epsg : int

    Returns
    -------
    bytes
        UTF-8.
    """
    to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)

    def degrees(xy: np.ndarray) -> np.ndarray:
        return np.round(np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])), _DECIMALS)

    placed = shapely.transform(shapes, degrees)
    features = [
        f'{{"type":"Feature","id":{number},"properties":{json.dumps(values, ensure_ascii=False)},"geometry":{shape}}}'
        for number, (shape, values) in enumerate(zip(shapely.to_geojson(placed), properties, strict=True))
    ]
    return ('{"type":"FeatureCollection","features":[' + ",".join(features) + "]}").encode()


def _as_metric(layer: gpd.GeoDataFrame, epsg: int) -> np.ndarray:
    return np.asarray(layer.geometry.to_crs(epsg).to_numpy())


def zones_layer(prepared: PreparedStudy) -> bytes:
    """Outlines of the zones in the order of the diagnosis, simplified to what a screen shows.

    Returns
    -------
    bytes
        GeoJSON; a feature's id is the row of the zone in every other answer.
    """
    residents, epsg = prepared.diagnosis.residents, prepared.network.epsg
    outlines = _outlines(prepared)
    properties = [
        {"row": row, "kind": str(kind), "name": str(name)}
        for row, (kind, name) in enumerate(zip(residents.zone_kinds, residents.zone_names))
    ]
    return feature_collection(outlines, properties, epsg=epsg)


def _outlines(prepared: PreparedStudy) -> np.ndarray:
    """Shapes of the zones in the order of the diagnosis, in the CRS of the network."""
    epsg = prepared.network.epsg
    by_id = dict(zip(prepared.inputs.zones["zone_id"].astype(str), _as_metric(prepared.inputs.zones, epsg)))
    outlines = np.array([by_id[str(zone)] for zone in prepared.diagnosis.residents.zone_ids], dtype=object)
    tolerance_m = 5.0
    while shapely.get_num_coordinates(outlines).sum() > _MOST_VERTICES and tolerance_m < 500:
        tolerance_m *= 2
        outlines = shapely.coverage_simplify(outlines, tolerance_m) if len(outlines) > 1 else outlines
    return outlines


def zones_mesh(prepared: PreparedStudy) -> bytes:
    """Triangles of the zones, once: the page colours them from one array of classes, whatever their number.

    Returns
    -------
    bytes
        As `pack_mesh` writes it; QPV, which lie over communes, come last.
    """
    kinds = prepared.diagnosis.residents.zone_kinds.astype(str)
    return pack_mesh(_outlines(prepared), kinds == "qpv", epsg=prepared.network.epsg)


def pack_mesh(outlines: np.ndarray, above: np.ndarray, *, epsg: int) -> bytes:
    """Cut shapes into triangles of the screen's projection.

    Parameters
    ----------
    outlines : ndarray of shapely geometries, shape (n,)
        In the CRS `epsg`.
    above : ndarray of bool, shape (n,)
        Shapes drawn over the others.
    epsg : int

    Returns
    -------
    bytes
        Four bytes of length (little endian), a header as JSON (``origin``: world coordinates 0–1, ``vertices``,
        ``below``: how many of them are drawn first), then float32 x, y from the origin and uint32 rows, a vertex each.
    """
    to_screen = Transformer.from_crs(epsg, 3857, always_xy=True)
    triangles, row = shapely.get_parts(shapely.constrained_delaunay_triangles(outlines), return_index=True)
    order = np.argsort(above[row], kind="stable")
    triangles, row = triangles[order], row[order]
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    x, y = to_screen.transform(corners[:, 0], corners[:, 1])
    world = np.column_stack((0.5 + np.asarray(x) / _WORLD_M, 0.5 - np.asarray(y) / _WORLD_M))
    origin = world.mean(axis=0) if len(world) else np.zeros(2)
    below = int(3 * (~above[row]).sum())
    header = {"origin": origin.tolist(), "vertices": len(world), "below": below, "rows": len(outlines)}
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 4)
    places = (world - origin).astype("<f4").tobytes() + np.repeat(row, 3).astype("<u4").tobytes()
    return struct.pack("<I", len(head)) + head + places


# Length of the equator in the screen's projection [m].
_WORLD_M = 2 * np.pi * 6_378_137.0


def streets_layer(network: Network) -> bytes:
    """Streets of the study as the base map: main ones first, the others while a browser can bear them."""
    streets = network.streets
    if isinstance(streets, CrowFly):
        return feature_collection(np.array([], dtype=object), [], epsg=network.epsg)
    shapes, classes = _street_lines(streets)
    rank = np.array([_rank(name) for name in streets.class_names])[classes]
    order = np.argsort(rank, kind="stable")
    room = np.cumsum(shapely.get_num_coordinates(shapes[order])) <= _MOST_VERTICES
    kept = order[room | (rank[order] == 0)]
    merged, properties = [], []
    for number, name in enumerate(streets.class_names):
        mine = kept[classes[kept] == number]
        if len(mine):
            merged.append(shapely.multilinestrings(shapely.simplify(shapes[mine], 3.0)))
            properties.append({"class": name.removesuffix("_link"), "rank": _rank(name)})
    return feature_collection(np.array(merged, dtype=object), properties, epsg=network.epsg)


def _rank(name: str) -> int:
    base = name.removesuffix("_link")
    return _MAIN.index(base) // 2 if base in _MAIN else 3


def _street_lines(streets: Streets) -> tuple[np.ndarray, np.ndarray]:
    indptr = np.asarray(streets.geometry_indptr)
    rows = rows_of(indptr)
    lines = shapely.linestrings(np.asarray(streets.geometry_xy), indices=rows)
    return np.asarray(lines), np.asarray(streets.edge_class).astype(np.int64)


def stops_layer(network: Network) -> bytes:
    """Write the stops of the timetable, with their ids and names, to draw lines over."""
    timetable = network.timetable
    if timetable is None:
        return feature_collection(np.array([], dtype=object), [], epsg=network.epsg)
    served = np.unique(timetable.event_stop)
    points = shapely.points(np.column_stack((timetable.stop_x[served], timetable.stop_y[served])))
    properties = [{"stop": str(timetable.stop_id[s]), "name": str(timetable.stop_name[s])} for s in served.tolist()]
    return feature_collection(np.asarray(points), properties, epsg=network.epsg)


def sites_layer(prepared: PreparedStudy) -> bytes:
    """Training sites and employers, each with the places it offers by métier."""
    shapes: list[shapely.Geometry] = []
    properties: list[dict[str, Any]] = []
    for kind, sites in prepared.diagnosis.sites.items():
        case = next(item for item in prepared.diagnosis.cases if item.kind == kind)
        offers = case.offers
        owner = rows_of(offers.indptr)
        for row in range(len(sites)):
            mine = np.flatnonzero(offers.site == row)
            shapes.append(shapely.Point(sites.xy[row]))
            properties.append(
                {
                    "kind": kind,
                    "site": str(sites.ids[row]),
                    "name": str(sites.names[row]),
                    "metiers": [offers.metiers[owner[k]].code for k in mine.tolist()],
                    "free": [int(offers.open_places[k]) for k in mine.tolist()],
                    "places": [int(offers.all_places[k]) for k in mine.tolist()],
                }
            )
    return feature_collection(np.array(shapes, dtype=object), properties, epsg=prepared.network.epsg)


def bounds_of(prepared: PreparedStudy) -> list[float]:
    """West, south, east, north of the zones [degrees]."""
    return [float(value) for value in prepared.inputs.zones.geometry.to_crs(4326).total_bounds]
