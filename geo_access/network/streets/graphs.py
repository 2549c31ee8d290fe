"""The directed graph of one profile: arcs with times, without islands, with what one may not do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from geo_access.modes import STREET_MODES
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.streets.modes import Profile
from geo_access.network.streets.split import mainland
from geo_access.network.streets.turns import assemble, forbidden_turns, via_sequences
from geo_access.network.streets.zones import lay_zones
from geo_access.sources.osm import TURNING_PLACES, Restriction
from geo_access.words.note import Note, note

__all__ = ["EdgeUse", "Rules", "mode_graph"]


_YARDS = frozenset({"service", "track"})
_SIGNAL = 1
# The signal of one direction of a street, as its way is drawn.
_SIGNALS = {"forward": 2, "backward": 3}
_AFLOAT = frozenset({"pier", "platform", "elevator"})


@dataclass(frozen=True, eq=False)
class EdgeUse:
    """How one profile uses the edges.

    Attributes
    ----------
    speeds_kmh : ndarray of float64, shape (n_edges, 2)
        Along and against [km/h]; 0 = closed.
    slope : ndarray of float64, shape (n_edges, 2)
        Factor on the time.
    visit : ndarray of bool, shape (n_edges,)
        To be entered or left, not passed through.
    """

    speeds_kmh: np.ndarray
    slope: np.ndarray
    visit: np.ndarray


@dataclass(frozen=True, eq=False)
class Rules:
    """What stands at nodes and between ways, conditions already read.

    Attributes
    ----------
    node_tags : mapping of int to dict
        By OSM node id.
    restrictions : tuple of Restriction
    """

    node_tags: Mapping[int, dict[str, str]]
    restrictions: tuple[Restriction, ...]


def _bend_degree(streets: Streets, edge: int, node: int, out: int) -> float:
    """Turn from an edge over its end node into another, −180 to 180 [degree], to the left above 0."""
    toward = []
    for each, leaving in ((edge, False), (out, True)):
        line = streets.geometry_xy[streets.geometry_indptr[each] : streets.geometry_indptr[each + 1]]
        # The line as it starts at the node.
        line = line if streets.edge_source[each] == node else line[::-1]
        step = line[1] - line[0]
        toward.append(math.atan2(step[1], step[0]) + (0.0 if leaving else math.pi))
    return math.degrees((toward[1] - toward[0] + math.pi) % (2 * math.pi) - math.pi)


def _arcs(streets: Streets, use: EdgeUse) -> tuple[np.ndarray, np.ndarray]:
    """Rows tail, head, edge, and the seconds of each."""
    parts, times = [], []
    ends = (streets.edge_source, streets.edge_target)
    for direction in (0, 1):
        speeds = use.speeds_kmh[:, direction]
        edge = np.flatnonzero(speeds > 0)
        parts.append(np.column_stack((ends[direction][edge], ends[1 - direction][edge], edge)).astype(np.int64))
        times.append(streets.edge_length_m[edge] / speeds[edge] * 3.6 * use.slope[edge, direction])
    return np.concatenate(parts), np.concatenate(times)


def _junctions(arcs: np.ndarray, streets: Streets) -> np.ndarray:
    """Nodes where three streets or more meet, bool (n_nodes,); yards and car parks that open onto one do not count."""
    minor = [k for k, name in enumerate(streets.class_names) if name in _YARDS]
    low, high = arcs[:, :2].min(axis=1), arcs[:, :2].max(axis=1)
    n_nodes = len(streets.node_id)
    pair = np.unique((low * n_nodes + high)[~np.isin(streets.edge_class[arcs[:, 2]], minor)])
    degree = np.bincount(np.concatenate((pair // n_nodes, pair % n_nodes)), minlength=n_nodes)
    return degree >= 3


def _delays(
    arcs: np.ndarray, streets: Streets, profile: Profile, tagged: Sequence[tuple[int, Mapping[str, str]]]
) -> np.ndarray:
    """Seconds lost at the end of each arc, float64 (n_arcs,): at junctions, and at signals for its direction."""
    kind = np.zeros(len(streets.node_id), dtype=np.int8)
    for node, tags in tagged:
        if tags.get("highway") == "traffic_signals":
            faced = tags.get("traffic_signals:direction", tags.get("direction", ""))
            kind[node] = _SIGNALS.get(faced, _SIGNAL)
    at_end = kind[arcs[:, 1]]
    along = streets.edge_target[arcs[:, 2]] == arcs[:, 1]
    waits = (at_end == _SIGNAL) | (at_end == np.where(along, _SIGNALS["forward"], _SIGNALS["backward"]))
    return np.where(waits, profile.signal_s, np.where(_junctions(arcs, streets)[arcs[:, 1]], profile.junction_s, 0.0))


def mode_graph(
    profile: Profile, use: EdgeUse, streets: Streets, rules: Rules, *, min_island_nodes: int
) -> tuple[ModeGraph, list[Note]]:
    """Directed graph of one profile.

    Parameters
    ----------
    profile : Profile
    use : EdgeUse
    streets : Streets
        Without graphs.
    rules : Rules
    min_island_nodes : int
        Strongly connected parts with fewer nodes are left out.

    Returns
    -------
    graph : ModeGraph
    notes : list of Note
        Islands left out, zones, restrictions through ways.
    """
    arcs, seconds = _arcs(streets, use)
    n_nodes = len(streets.node_id)
    # A marina's pontoons that nobody joined to the shore are not worth a journey of their own.
    afloat = np.isin(streets.edge_class, [k for k, name in enumerate(streets.class_names) if name in _AFLOAT])
    ashore = np.zeros(n_nodes, dtype=bool)
    ashore[streets.edge_source[~afloat]], ashore[streets.edge_target[~afloat]] = True, True
    keep, islands = mainland(arcs[:, 0], arcs[:, 1], n_nodes, min_nodes=min_island_nodes, counted=ashore)
    lost = len(np.unique(arcs[~keep, 2]))
    arcs, seconds = arcs[keep], seconds[keep]

    number = {int(osm): k for k, osm in enumerate(streets.node_id)} if rules.node_tags or rules.restrictions else {}
    tagged = [(number[osm], tags) for osm, tags in rules.node_tags.items() if osm in number]
    delay = _delays(arcs, streets, profile, tagged)
    deciseconds = np.maximum(1, np.rint((seconds + delay) * 10.0)).astype(np.int32)
    limited, stuck = forbidden_turns(
        arcs,
        streets.edge_way_id,
        profile=profile,
        restrictions=[
            (number[item.via_node], item)
            for item in rules.restrictions
            if not item.via_ways and item.via_node in number
        ],
        barriers=tagged,
        bend=partial(_bend_degree, streets),
    )
    sequences, applied, unplaced = via_sequences(
        arcs,
        streets.edge_way_id,
        profile=profile,
        restrictions=[item for item in rules.restrictions if item.via_ways],
    )
    layers = lay_zones(arcs, use.visit[arcs[:, 2]], n_nodes)
    graph = assemble(
        layers,
        deciseconds,
        forbidden=limited,
        speed_kmh=profile.reference_kmh,
        sequences=sequences,
        turn_round=not profile.restriction_keys,
        turning_nodes=[node for node, tags in tagged if tags.get("highway") in TURNING_PLACES],
    )
    mode = note(f"street_mode.{profile.name}") if profile.name in STREET_MODES else profile.name
    notes = [note("streets.graph", mode=mode, arcs=len(arcs), turns=len(limited), copies=len(graph.copy_of))]
    if islands:
        notes.append(note("streets.islands", mode=mode, n=islands, nodes=min_island_nodes, edges=lost))
    if len(layers.starts):
        notes.append(note("streets.zones", mode=mode, n=len(np.unique(layers.arcs[len(arcs) :, 2]))))
    if stuck:
        notes.append(note("streets.turns_stuck", mode=mode, n=stuck))
    if applied or unplaced:
        notes.append(note("streets.via_restrictions", mode=mode, applied=applied, unplaced=unplaced))
    return graph, notes
