"""Level of traffic stress (LTS) of streets for cyclists, 1 to 4, from OSM tags: the ruleset ``geo-access-lts-1``.

The levels are those of Mekuria, Furth & Nixon (2012), *Low-Stress Bicycling and Network Connectivity*, Mineta
Transportation Institute report 11-19: 1 suits children, 2 most adults, 3 those used to traffic, 4 hardly anybody. What
OSM lacks (lane widths, parking, signals) is not guessed. Three rulesets that read OSM (R5's, Bike Ottawa's,
PeopleForBikes's) disagree, most on residential streets (always 1; 2; 1 or 3), so ours has a name of its own:

====================================================  ==============================================================
``lts=1..4`` on the way                                that level (as R5)
path, cycleway, pedestrian, or footway                 1: no cars
``cycleway=track`` (either side)                       1: apart from cars (R5 does not read it)
living street, or at most 20 km/h                      1
residential, service, track, at most 30 km/h           1
residential, service, track, unclassified              2 up to 50 km/h and 2 lanes; 3 up to 50 km/h and 3 lanes; else 4
tertiary and unclassified with a cycle lane            2 up to 50 km/h and 3 lanes, else 3
tertiary without                                       2 up to 30 km/h; 3 up to 50 km/h and 3 lanes; else 4
larger with a cycle lane                               3 up to 65 km/h (2 up to 40 km/h and 3 lanes), else 4
larger without                                         4 (3 up to 30 km/h and 2 lanes)
====================================================  ==============================================================

Without a limit a residential or service street counts as 50 km/h, another as 80 km/h; without lanes, as two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from geo_access.arrays import rows_of
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.streets.limits import limit_kmh
from geo_access.network.streets.split import mainland
from geo_access.words.told import refusal

__all__ = ["LEVELS", "RULESET", "calm_graph", "check_stress", "stress_level"]

LEVELS = (1, 2, 3, 4)
# As `build_streets` leaves islands out: who lives on a stretch that no calm street leads to is linked to those around.
_LEAST_NODES = 40

RULESET = "geo-access-lts-1"
_QUIET = frozenset({"path", "cycleway", "pedestrian", "footway", "bridleway", "steps", "corridor", "platform", "pier"})
_LOCAL = frozenset({"residential", "service", "track", "road"})
_NEVER = frozenset({"motorway", "motorway_link", "construction", "proposed"})
_SIDES = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
_TRACKS = frozenset({"track", "opposite_track", "separate"})
_LANES = frozenset({"lane", "opposite_lane", "share_busway", "opposite_share_busway"})


def _number(value: str) -> float | None:
    match = re.fullmatch(r"\d{1,2}(?:\.\d+)?", value.strip())
    return float(match[0]) if match else None


def check_stress(max_stress: int | None, modes: Sequence[str]) -> None:
    """Refuse a highest level that is none, or that no mode would heed.

    Parameters
    ----------
    max_stress : int or None
    modes : sequence of str

    Raises
    ------
    InputError
        When it is not 1 to 4, or nobody cycles.

    Examples
    --------
    >>> check_stress(2, ["walk", "bike"])
    """
    if max_stress is None:
        return
    if max_stress not in LEVELS:
        raise refusal("streets.stress_level", level=str(max_stress))
    if "bike" not in modes:
        raise refusal("streets.stress_mode")


def stress_level(tags: Mapping[str, str]) -> int:
    """Level of traffic stress of a way.

    Parameters
    ----------
    tags : mapping of str to str

    Returns
    -------
    int
        1 to 4; 0 where there is no street to cycle on.

    Examples
    --------
    >>> [stress_level(tags) for tags in (
    ...     {"highway": "cycleway"}, {"highway": "residential"}, {"highway": "primary", "maxspeed": "80"},
    ...     {"highway": "secondary", "maxspeed": "50", "cycleway": "lane"},
    ...     {"highway": "primary", "maxspeed": "80", "cycleway:right": "track"})]
    [1, 2, 4, 3, 1]
    """
    highway = tags.get("highway", "")
    stated = tags.get("lts", "")
    if stated in ("1", "2", "3", "4"):
        return int(stated)
    if not highway or highway in _NEVER:
        return 0
    sides = {tags.get(key, "") for key in _SIDES}
    if highway in _QUIET or sides & _TRACKS:
        return 1
    limit = limit_kmh(tags)
    kmh = limit if limit is not None else 50.0 if highway in _LOCAL else 80.0
    lanes = _number(tags.get("lanes", "")) or 2.0
    lane = bool(sides & _LANES)
    if highway == "living_street" or kmh <= 20:
        return 1
    if highway in _LOCAL or (highway == "unclassified" and not lane):
        if kmh <= 30 and highway in _LOCAL and lanes <= 2:
            return 1
        return 4 if kmh > 50 or lanes > 3 else 2 if lanes <= 2 else 3
    if highway.removesuffix("_link") in ("tertiary", "unclassified"):
        if lane:
            return 2 if kmh <= 50 and lanes <= 3 else 3
        return 2 if kmh <= 30 else 3 if kmh <= 50 and lanes <= 3 else 4
    if lane:
        return 2 if kmh <= 40 and lanes <= 3 else 3 if kmh <= 65 else 4
    return 3 if kmh <= 30 and lanes <= 2 else 4


def calm_graph(streets: Streets, max_stress: int) -> ModeGraph:
    """Graph of the streets that cyclists use up to a level of stress; kept with the streets.

    Parameters
    ----------
    streets : Streets
        Built for the mode ``bike``.
    max_stress : int
        1 to 4.

    Returns
    -------
    ModeGraph
        The states of the bike graph, without the arcs along streets of more stress, and without the islands of fewer
        than 40 nodes that this leaves; the largest stays.

    Raises
    ------
    InputError
        When nobody cycles on these streets, or their stress is not known (streets of OSMnx, or saved before it was).
    """
    check_stress(max_stress, tuple(streets.graphs))
    if len(streets.edge_stress) != len(streets.edge_source):
        raise refusal("streets.stress_unknown")
    kept: dict[int, ModeGraph] = streets.__dict__.setdefault("_calm", {})
    if max_stress not in kept:
        graph = streets.graphs["bike"]
        n_nodes = len(streets.node_id)
        place = np.concatenate((np.arange(n_nodes), graph.copy_of))
        tails = rows_of(graph.indptr)
        calm = np.flatnonzero(np.asarray(streets.edge_stress)[graph.edges] <= max_stress)
        joined, _ = mainland(place[tails[calm]], place[graph.heads[calm]], n_nodes, min_nodes=_LEAST_NODES)
        calm = calm[joined]
        counts = np.bincount(tails[calm], minlength=graph.n_states)
        kept[max_stress] = replace(
            graph,
            indptr=np.concatenate(([0], np.cumsum(counts))).astype(graph.indptr.dtype),
            heads=graph.heads[calm],
            deciseconds=graph.deciseconds[calm],
            edges=graph.edges[calm],
        )
    return kept[max_stress]
