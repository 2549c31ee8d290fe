"""To and from the graphs of OSMnx: what users already have, and what they may want back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Any

import numpy as np

from geo_access.arrays import indptr_of, ranges, rows_of
from geo_access.crs import metric_epsg
from geo_access.errors import CoverageError, Fault, import_extra, raise_faults
from geo_access.given import require_kind
from geo_access.network.model import CrowFly, ModeGraph, Network, Streets
from geo_access.network.search.links import graph_of
from geo_access.network.streets.congestion import FREE_FLOW
from geo_access.network.streets.modes import PROFILES, Profile
from geo_access.network.streets.rules import visit_only, way_speeds_kmh
from geo_access.network.streets.split import mainland
from geo_access.network.streets.streets import MIN_ISLAND_NODES
from geo_access.network.streets.turns import assemble
from geo_access.network.streets.zones import lay_zones
from geo_access.sources.osm import WAY_KEYS
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["from_osmnx", "to_networkx"]


_Edge = tuple[int, int, dict[str, Any]]
_COMBINATIONS = 64
_INDIFFERENT = ("bridge", "tunnel", "service", "sidewalk")


def _first(value: Any) -> Any:
    """First of the values that OSMnx merged into a list."""
    return value[0] if isinstance(value, list) and value else value


def _faults(graph: Any) -> list[Fault]:
    if not all(hasattr(graph, part) for part in ("nodes", "edges", "is_directed")):
        raise refusal("given.graph", given=type(graph).__name__)
    faults = [
        fault(f"graph: node {node}", "streets.graph_no_xy")
        for node, data in list(graph.nodes(data=True))
        if not all(np.isfinite(float(data.get(axis, np.nan))) for axis in ("x", "y"))
    ]
    faults += [
        fault(f"graph: edge {tail} → {head}", "streets.graph_no_length")
        for tail, head, data in graph.edges(data=True)
        if not float(data.get("length", np.nan)) >= 0
    ]
    if "crs" not in graph.graph:
        faults.append(fault("graph", "streets.graph_no_crs"))
    if not graph.is_directed():
        faults.append(fault("graph", "streets.graph_undirected"))
    if not graph.number_of_edges():
        faults.append(fault("graph", "streets.graph_empty"))
    return faults[:20]


def from_osmnx(
    graph: Any,
    *,
    mode: str | Sequence[str] = "walk",
    epsg: int | None = None,
    min_island_nodes: int = MIN_ISLAND_NODES,
) -> Streets:
    """Read a graph of OSMnx as streets of one or several modes.

    What such a graph does not hold cannot be known: turn restrictions, barriers, signals and ferries are not in it, and
    OSMnx keeps few tags (add ``foot``, ``bicycle``, ``motor_vehicle``, ``surface``, ``oneway:bicycle`` to
    ``osmnx.settings.useful_tags_way`` before downloading; without them the class alone decides). A graph of network
    type ``drive`` has no footways: take ``all`` for several modes. `build_streets` on an OSM file has all of this; the
    notes say what was missed.

    Two directed edges of one way, of one length, in opposite directions, are the two directions of one street. A street
    with one direction is one-way for the car and the bike, not on foot. Where OSMnx merged ways of several classes into
    one edge, the slowest counts, and the edge is closed when one of them is.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        With ``x``, ``y``, ``length`` [m] and ``crs``; ``highway``, ``maxspeed``, … where there are some.
    mode : str or sequence of str
        Profiles whose speeds apply; an edge without ``highway`` takes the reference speed.
    epsg : int, optional
        Metric CRS; by default that of `geo_access.crs.metric_epsg`.
    min_island_nodes : int
        Strongly connected parts with fewer nodes are left out, per mode; the largest always stays.

    Returns
    -------
    Streets

    Raises
    ------
    InputError
        With every node without position and every edge without length.
    CoverageError
        When no edge is open to a mode.
    """
    modes = [mode] if isinstance(mode, str) else list(dict.fromkeys(mode))
    unknown = [name for name in modes if name not in PROFILES]
    if not modes:
        raise refusal("streets.no_mode", known=", ".join(PROFILES))
    if unknown:
        raise refusal("streets.modes_unknown", modes=", ".join(unknown), known=", ".join(PROFILES))
    raise_faults(_faults(graph))
    number = {node: k for k, node in enumerate(graph.nodes)}
    directed = [(number[a], number[b], data) for a, b, data in graph.edges(data=True) if a != b]
    edges, both = _pair_up(directed)
    bare = _bare(graph, edges, epsg)
    graphs: dict[str, ModeGraph] = {}
    notes: list[Note] = []
    for name in modes:
        profile = PROFILES[name]
        graphs[name], said = _mode_graph(bare, edges, both, profile, min_island_nodes)
        notes.append(said)
        if name == "car":
            notes.append(FREE_FLOW)
    return replace(bare, graphs=graphs, notes=(*notes, *_missed(graph, edges)))


def _missed(graph: Any, edges: list[_Edge]) -> list[Note]:
    """Say what the graph cannot tell."""
    notes = [note("streets.osmnx")]
    present = {key for _, _, data in edges for key in data}
    absent = [key for key in ("foot", "bicycle", "motor_vehicle", "surface") if key not in present]
    if absent:
        notes.append(note("streets.osmnx_tags", tags=", ".join(absent)))
    mixed = sum(isinstance(data.get("highway"), list) for _, _, data in edges)
    if mixed:
        notes.append(note("streets.osmnx_mixed", n=mixed))
    loops = sum(a == b for a, b in graph.edges())
    if loops:
        notes.append(note("streets.osmnx_loops", n=loops))
    return notes


def _bare(graph: Any, edges: list[_Edge], epsg: int | None) -> Streets:
    """Nodes, edges and lines of the graph in a metric CRS."""
    from pyproj import Transformer  # noqa: PLC0415 — importing the room stays cheap

    names = list(graph.nodes)
    raw = np.array([[float(graph.nodes[node]["x"]), float(graph.nodes[node]["y"])] for node in names])
    crs = graph.graph["crs"]
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(*np.median(raw, axis=0))
    code = epsg or metric_epsg(float(lon), float(lat))
    project = Transformer.from_crs(crs, code, always_xy=True)
    lines = [np.array(data["geometry"].coords)[:, :2] if "geometry" in data else raw[[a, b]] for a, b, data in edges]
    line_xy = np.concatenate(lines)
    node_xy = np.column_stack(project.transform(raw[:, 0], raw[:, 1]))
    classes = [str(_first(data.get("highway", "unknown"))) for _, _, data in edges]
    class_names = tuple(sorted(set(classes)))
    return Streets(
        epsg=code,
        node_id=np.array([int(node) if str(node).lstrip("-").isdigit() else k for k, node in enumerate(names)]),
        node_x=np.ascontiguousarray(node_xy[:, 0]),
        node_y=np.ascontiguousarray(node_xy[:, 1]),
        edge_source=np.array([edge[0] for edge in edges], dtype=np.int32),
        edge_target=np.array([edge[1] for edge in edges], dtype=np.int32),
        edge_length_m=np.array([float(data["length"]) for _, _, data in edges], dtype=np.float32),
        edge_class=np.array([class_names.index(name) for name in classes], dtype=np.uint8),
        edge_way_id=np.array([_way_id(data) for _, _, data in edges], dtype=np.int64),
        geometry_indptr=indptr_of([len(line) for line in lines]),
        geometry_xy=np.column_stack(project.transform(line_xy[:, 0], line_xy[:, 1])),
        class_names=class_names,
        graphs={},
    )


def _speeds_kmh(data: dict[str, Any], both: bool, profile: Profile) -> tuple[float, float]:
    """Speed along an edge and against it: the least over all classes and limits that were merged into it."""
    if "highway" not in data:
        return profile.reference_kmh, profile.reference_kmh if both or not profile.oneway_keys else 0.0
    kept = {
        key: data[key] if isinstance(data[key], list) else [data[key]]
        for key in WAY_KEYS
        if key in data and key not in _INDIFFERENT
    }
    kept["oneway"] = ["no" if both else "yes"]
    if kept["highway"] == ["ferry"]:
        kept["route"] = kept.pop("highway")
    found = [
        way_speeds_kmh(dict(zip(kept, map(str, values))), profile, length_m=float(data["length"]))
        for values in islice(product(*kept.values()), _COMBINATIONS)
    ]
    return min(along for along, _ in found), min(against for _, against in found)


def _visit(data: dict[str, Any], profile: Profile) -> bool:
    """Whether an edge is for those who start or end there, by any of the values merged into it."""
    tags = {key: str(_first(data[key])) for key in profile.access_keys if key in data}
    return visit_only(tags, profile)


def _mode_graph(
    bare: Streets, edges: list[_Edge], both: np.ndarray, profile: Profile, min_island_nodes: int
) -> tuple[ModeGraph, Note]:
    """Graph of one profile, and what became of its islands."""
    kmh = np.array([_speeds_kmh(data, bool(two), profile) for (_, _, data), two in zip(edges, both)]).reshape(-1, 2)
    ends = (bare.edge_source, bare.edge_target)
    parts = [
        np.column_stack((ends[way][rows], ends[1 - way][rows], rows)).astype(np.int64)
        for way, rows in enumerate((np.flatnonzero(kmh[:, 0] > 0), np.flatnonzero(kmh[:, 1] > 0)))
    ]
    arcs = np.concatenate(parts)
    if not len(arcs):
        raise refusal("streets.graph_closed", CoverageError, mode=profile.name)
    speed = np.concatenate([kmh[part[:, 2], way] for way, part in enumerate(parts)])
    keep, islands = mainland(arcs[:, 0], arcs[:, 1], len(bare.node_id), min_nodes=min_island_nodes)
    arcs, speed = arcs[keep], speed[keep]
    length = np.array([float(data["length"]) for _, _, data in edges])[arcs[:, 2]]
    deciseconds = np.maximum(1, np.rint(length / speed * 36.0)).astype(np.int32)
    visits = np.array([_visit(data, profile) for _, _, data in edges], dtype=bool)
    layers = lay_zones(arcs, visits[arcs[:, 2]], len(bare.node_id))
    graph = assemble(layers, deciseconds, forbidden={}, speed_kmh=profile.reference_kmh)
    return graph, note("streets.osmnx_graph", mode=profile.name, arcs=len(arcs), islands=islands)


def _pair_up(directed: list[_Edge]) -> tuple[list[_Edge], np.ndarray]:
    """Streets behind directed edges, and whether the graph has each of them both ways."""
    edges: list[_Edge] = []
    both: list[bool] = []
    waiting: dict[tuple[int, int, int, float], list[int]] = {}
    for source, target, data in directed:
        way, length = _way_id(data), round(float(data["length"]), 2)
        opposite = waiting.get((target, source, way, length))
        if opposite:
            both[opposite.pop()] = True
            continue
        waiting.setdefault((source, target, way, length), []).append(len(edges))
        edges.append((source, target, data))
        both.append(False)
    return edges, np.array(both, dtype=bool)


def _way_id(data: dict[str, Any]) -> int:
    value = _first(data.get("osmid", -1))
    return int(value) if str(value).lstrip("-").isdigit() else -1


def to_networkx(streets: Streets | Network, *, mode: str = "walk") -> Any:
    """Give the streets of one mode as a graph that OSMnx understands.

    Parameters
    ----------
    streets : Streets or Network
        A network's are its own.
    mode : str

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are OSM ids with ``x``, ``y``; edges carry ``osmid, highway, length`` [m], ``travel_time_s``,
        ``stress`` (1 to 4 for cyclists, 0 where unknown) and ``geometry``. CRS of the streets. Turn restrictions
        do not fit such a graph and are left out.

    Raises
    ------
    InputError
        When the streets were not built for the mode.
    """
    nx = import_extra("networkx", "osmnx")
    import shapely  # noqa: PLC0415

    require_kind(streets, (Streets, Network, CrowFly), "streets", made_by="build_network(…)")
    streets = _streets_of(streets)
    arcs = graph_of(streets, mode)
    n_nodes = len(streets.node_id)
    plain = slice(0, int(arcs.indptr[n_nodes]))
    tails = rows_of(arcs.indptr[: n_nodes + 1])
    place = np.concatenate((np.arange(n_nodes), arcs.copy_of))
    heads, edges = place[arcs.heads[plain]], arcs.edges[plain]
    sizes = np.diff(streets.geometry_indptr)
    lines = shapely.linestrings(
        streets.geometry_xy[ranges(streets.geometry_indptr[:-1], sizes)],
        indices=np.repeat(np.arange(len(sizes)), sizes),
    )
    graph = nx.MultiDiGraph(crs=f"EPSG:{streets.epsg}")
    used = np.unique(np.concatenate((tails, heads)))
    graph.add_nodes_from(
        (int(streets.node_id[k]), {"x": float(streets.node_x[k]), "y": float(streets.node_y[k])}) for k in used
    )
    for tail, head, edge, time in zip(tails.tolist(), heads.tolist(), edges.tolist(), arcs.deciseconds[plain].tolist()):
        along = streets.edge_source[edge] == tail
        graph.add_edge(
            int(streets.node_id[tail]),
            int(streets.node_id[head]),
            osmid=int(streets.edge_way_id[edge]),
            highway=streets.class_names[streets.edge_class[edge]],
            length=float(streets.edge_length_m[edge]),
            travel_time_s=time / 10.0,
            stress=int(streets.edge_stress[edge]) if len(streets.edge_stress) else 0,
            geometry=lines[edge] if along else shapely.reverse(lines[edge]),
        )
    return graph


def _streets_of(given: Streets | Network) -> Streets:
    streets = given.streets if isinstance(given, Network) else given
    if not isinstance(streets, Streets):
        raise refusal("network.no_graph")
    return streets
