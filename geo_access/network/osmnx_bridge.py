"""To and from the graphs of OSMnx: what users already have, and what they may want back."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo_access.crs import metric_epsg
from geo_access.errors import Fault, InputError, raise_faults
from geo_access.network.islands import mainland
from geo_access.network.links import graph_of
from geo_access.network.model import Streets
from geo_access.network.profiles import PROFILES, way_speeds_kmh
from geo_access.network.streets import MIN_ISLAND_NODES
from geo_access.network.streets_split import ranges
from geo_access.network.streets_turns import assemble

__all__ = ["from_osmnx", "to_networkx"]


def _first(value: Any) -> Any:
    """First of the values that OSMnx merged into a list."""
    return value[0] if isinstance(value, list) and value else value


def _faults(graph: Any) -> list[Fault]:
    faults = [
        Fault(f"graph: node {node}", "no x and y", "make the graph with OSMnx, or set both")
        for node, data in list(graph.nodes(data=True))
        if not all(np.isfinite(float(data.get(axis, np.nan))) for axis in ("x", "y"))
    ]
    faults += [
        Fault(f"graph: edge {tail} → {head}", "no length", "call osmnx.distance.add_edge_lengths first")
        for tail, head, data in graph.edges(data=True)
        if not float(data.get("length", np.nan)) >= 0
    ]
    if "crs" not in graph.graph:
        faults.append(Fault("graph", "it does not say its CRS", 'set graph.graph["crs"], for instance "EPSG:4326"'))
    if not graph.is_directed():
        faults.append(Fault("graph", "undirected", "give the directed graph, before osmnx.convert.to_undirected"))
    if not graph.number_of_edges():
        faults.append(Fault("graph", "it has no edge", "check the place and the network type"))
    return faults[:20]


def from_osmnx(
    graph: Any, *, mode: str = "walk", epsg: int | None = None, min_island_nodes: int = MIN_ISLAND_NODES
) -> Streets:
    """Read a graph of OSMnx as streets of one mode.

    Two directed edges of one way, of one length, in opposite directions, are the two directions of one street. Turn
    restrictions and barriers are not in such graphs.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        With ``x``, ``y``, ``length`` [m] and ``crs``; ``highway``, ``maxspeed``, … where there are some.
    mode : str
        Profile whose speeds apply; an edge without ``highway`` takes the reference speed.
    epsg : int, optional
        Metric CRS; by default that of `geo_access.crs.metric_epsg`.
    min_island_nodes : int
        Strongly connected parts with fewer nodes are left out; the largest always stays.

    Returns
    -------
    Streets

    Raises
    ------
    InputError
        With every node without position and every edge without length.
    """
    from pyproj import Transformer  # noqa: PLC0415 — importing the room stays cheap

    if mode not in PROFILES:
        raise InputError(f"mode {mode!r}: unknown → choose among {', '.join(PROFILES)}")
    raise_faults(_faults(graph))
    names = list(graph.nodes)
    number = {node: k for k, node in enumerate(names)}
    raw = np.array([[float(graph.nodes[node]["x"]), float(graph.nodes[node]["y"])] for node in names])
    crs = graph.graph["crs"]
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(*np.median(raw, axis=0))
    code = epsg or metric_epsg(float(lon), float(lat))
    project = Transformer.from_crs(crs, code, always_xy=True)
    directed = [(number[a], number[b], data) for a, b, data in graph.edges(data=True) if a != b]
    edges, along, against = _pair_up(directed)
    source, target = (np.array([edge[k] for edge in edges], dtype=np.int32) for k in (0, 1))
    lines = [np.array(data["geometry"].coords)[:, :2] if "geometry" in data else raw[[a, b]] for a, b, data in edges]
    sizes = np.array([len(line) for line in lines], dtype=np.int64)
    profile = PROFILES[mode]
    tags = [{key: str(_first(value)) for key, value in data.items() if key != "oneway"} for _, _, data in edges]
    kmh = np.array([way_speeds_kmh(t, profile)[0] if "highway" in t else profile.reference_kmh for t in tags])
    length = np.array([float(data["length"]) for _, _, data in edges])
    there, back = np.flatnonzero(along & (kmh > 0)), np.flatnonzero(against & (kmh > 0))
    open_here = np.concatenate((there, back))
    tails = np.concatenate((source[there], target[back]))
    arcs = np.column_stack((tails, np.concatenate((target[there], source[back])), open_here)).astype(np.int64)
    keep, islands = mainland(arcs[:, 0], arcs[:, 1], len(names), min_nodes=min_island_nodes)
    arcs, open_here = arcs[keep], open_here[keep]
    deciseconds = np.maximum(1, np.rint(length[open_here] / kmh[open_here] * 36.0)).astype(np.int32)
    classes = [t.get("highway", "unknown") for t in tags]
    class_names = tuple(sorted(set(classes)))
    node_xy = np.column_stack(project.transform(raw[:, 0], raw[:, 1]))
    line_xy = np.concatenate(lines)
    return Streets(
        epsg=code,
        node_id=np.array([int(node) if str(node).lstrip("-").isdigit() else k for k, node in enumerate(names)]),
        node_x=np.ascontiguousarray(node_xy[:, 0]),
        node_y=np.ascontiguousarray(node_xy[:, 1]),
        edge_source=source,
        edge_target=target,
        edge_length_m=length.astype(np.float32),
        edge_class=np.array([class_names.index(name) for name in classes], dtype=np.uint8),
        edge_way_id=np.array([_way_id(data) for _, _, data in edges], dtype=np.int64),
        geometry_indptr=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        geometry_xy=np.column_stack(project.transform(line_xy[:, 0], line_xy[:, 1])),
        class_names=class_names,
        graphs={mode: assemble(arcs, deciseconds, n_nodes=len(names), forbidden={}, speed_kmh=profile.reference_kmh)},
        notes=(f"{mode}: from an OSMnx graph, {len(arcs)} arcs; {islands} islands left out",),
    )


_Edge = tuple[int, int, dict[str, Any]]


def _pair_up(directed: list[_Edge]) -> tuple[list[_Edge], np.ndarray, np.ndarray]:
    """Streets behind directed edges, and whether each is open along its line and against it."""
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
    return edges, np.ones(len(edges), dtype=bool), np.array(both, dtype=bool)


def _way_id(data: dict[str, Any]) -> int:
    value = _first(data.get("osmid", -1))
    return int(value) if str(value).lstrip("-").isdigit() else -1


def to_networkx(streets: Streets, *, mode: str = "walk") -> Any:
    """Give the streets of one mode as a graph that OSMnx understands.

    Parameters
    ----------
    streets : Streets
    mode : str

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are OSM ids with ``x``, ``y``; edges carry ``osmid, highway, length`` [m], ``travel_time_s`` and
        ``geometry``. CRS of the streets. Turn restrictions do not fit such a graph and are left out.

    Raises
    ------
    InputError
        When the streets were not built for the mode.
    """
    import networkx as nx  # noqa: PLC0415 — importing the room stays cheap
    import shapely  # noqa: PLC0415

    arcs = graph_of(streets, mode)
    n_nodes = len(streets.node_id)
    plain = slice(0, int(arcs.indptr[n_nodes]))
    tails = np.repeat(np.arange(n_nodes), np.diff(arcs.indptr[: n_nodes + 1]))
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
            geometry=lines[edge] if along else shapely.reverse(lines[edge]),
        )
    return graph
