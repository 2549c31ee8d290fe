"""Draw the streets: winding roads, boulevards, organic blocks between them, a motorway on its own level."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

import networkx as nx
import numpy as np
import shapely
from demo_build import geography as geo
from scipy.spatial import Voronoi, cKDTree

Tags = dict[str, str]
CAR_CLASSES = frozenset(
    (
        "motorway",
        "motorway_link",
        "primary",
        "secondary",
        "tertiary",
        "unclassified",
        "residential",
        "living_street",
        "service",
    )
)
STREET_NAMES = (
    "des Lilas",
    "du Moulin",
    "de l'Église",
    "des Tisserands",
    "du Puits",
    "des Écoles",
    "de la Gare",
    "des Tilleuls",
    "du Marais",
    "des Mineurs",
    "de la Paix",
    "du Four",
    "des Jardins",
    "de la Brasserie",
    "des Acacias",
    "du Canal",
    "de la Liberté",
    "des Prés",
    "du Calvaire",
    "des Fileurs",
    "de la Poste",
    "du Verger",
    "des Carrières",
    "de la Fontaine",
    "du Château",
    "des Saules",
)


@dataclass
class Way:
    """One OSM way: node keys in order and tags."""

    nodes: list[int]
    tags: Tags


@dataclass
class Streets:
    """Nodes (local metres), ways, node tags and turn restrictions."""

    xy: list[tuple[float, float]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    node_tags: dict[int, Tags] = field(default_factory=dict)
    restrictions: list[tuple[Way, int, Way, str]] = field(default_factory=list)
    _index: dict[tuple[int, int], int] = field(default_factory=dict)

    def node(self, x: float, y: float) -> int:
        """Return the node at a place, made when there is none within its decimetre."""
        key = (round(x * 10), round(y * 10))
        if key not in self._index:
            self._index[key] = len(self.xy)
            self.xy.append((key[0] / 10, key[1] / 10))
        return self._index[key]


def _road_lines(rng: np.random.Generator) -> list[tuple[geo.Road, shapely.LineString]]:
    """Return each road as a line: straight and smooth in the towns, winding between them."""
    lines = []
    for road in geo.ROADS:
        points = geo.wind(np.array(road.points, dtype=float) * 1000.0, road.wind, rng)
        lines.append((road, shapely.LineString(_smooth_keeping(points, np.array(road.points) * 1000.0))))
    return lines


def _smooth_keeping(points: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Cut corners, but keep the line running through the `fixed` points, where other roads join it."""
    keep = [i for i, p in enumerate(points) if np.min(np.hypot(*(fixed - p).T)) < 0.5]
    parts = []
    for a, b in itertools.pairwise(keep):
        part = points[a : b + 1]
        parts.append(geo.smooth(part, 2) if len(part) > 2 else part)
    return np.vstack([parts[0], *[part[1:] for part in parts[1:]]])


def _blocks(
    centre: np.ndarray, outline: shapely.Polygon, block_m: float, rng: np.random.Generator
) -> list[shapely.LineString]:
    """Return the edges between irregular blocks inside `outline`: a Voronoi diagram of jittered seeds."""
    reach = float(np.max(np.hypot(*(np.array(outline.exterior.coords) - centre).T))) + 3 * block_m
    rows = np.arange(-reach, reach, block_m * 0.87)
    seeds = [
        centre + np.array([x + (i % 2) * block_m / 2, y]) + rng.uniform(-0.36, 0.36, 2) * block_m
        for i, y in enumerate(rows)
        for x in np.arange(-reach, reach, block_m)
    ]
    turn = rng.uniform(0, np.pi)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    diagram = Voronoi((np.array(seeds) - centre) @ spin.T + centre)
    corners = np.round(diagram.vertices, 1)
    inside = shapely.contains_xy(outline, corners[:, 0], corners[:, 1])
    edges = []
    for a, b in diagram.ridge_vertices:
        if a >= 0 and b >= 0 and inside[a] and inside[b] and np.hypot(*(corners[a] - corners[b])) > 12:
            p, q = sorted([tuple(corners[a]), tuple(corners[b])])
            edges.append((p, q))
    return [shapely.LineString(edge) for edge in sorted(set(edges))]


def _all_blocks(rng: np.random.Generator, roads: list[shapely.LineString]) -> list[tuple[shapely.LineString, str]]:
    """Block edges of every settlement and zone, off the river and not alongside a road."""
    edges: list[tuple[shapely.LineString, str]] = []
    for place in (*geo.PLACES, geo.FOREIGN):
        shape = geo.outline(place.xy, place.radius_m, rng)
        edges += [(edge, place.name) for edge in _blocks(place.xy, shape, place.block_m, rng)]
    for patch in (*geo.INDUSTRIAL, geo.PENINSULA):
        centre = np.array([patch.x, patch.y]) * 1000.0
        shape = geo.outline(centre, patch.radius_m, rng, lobes=3)
        edges += [(edge, patch.name) for edge in _blocks(centre, shape, patch.block_m, rng)]
    peninsula = shapely.Point(geo.PENINSULA.x * 1000, geo.PENINSULA.y * 1000).buffer(470)
    water = geo.river_polygon().buffer(18)
    alongside = shapely.union_all(roads).buffer(42, quad_segs=2)
    shapely.prepare(water)
    shapely.prepare(alongside)
    shapely.prepare(peninsula)
    meander = shapely.Polygon(
        np.array(
            [
                (35.9, 14.4),
                (37.9, 14.4),
                (37.62, 15.3),
                (37.52, 16.1),
                (37.05, 16.62),
                (36.4, 16.62),
                (35.95, 16.1),
                (35.85, 15.3),
            ]
        )
        * 1000
    )
    kept = []
    for edge, name in edges:
        foreign = name != geo.PENINSULA.name and edge.intersects(meander)
        if edge.intersects(water) or alongside.contains(edge) or foreign:
            continue
        if name == geo.PENINSULA.name and not peninsula.contains(edge):
            continue
        kept.append((edge, name))
    return kept


def _noded(
    roads: list[tuple[geo.Road, shapely.LineString]], blocks: list[tuple[shapely.LineString, str]]
) -> list[tuple[np.ndarray, int, int]]:
    """Cut all lines where they meet; each piece with the road (or −1) and the block (or −1) it comes from."""
    lines = [line for _, line in roads] + [edge for edge, _ in blocks]
    pieces = shapely.get_parts(shapely.union_all(lines))
    road_tree = shapely.STRtree([line for _, line in roads])
    block_tree = shapely.STRtree([edge for edge, _ in blocks])
    result = []
    for piece in pieces:
        coordinates = np.round(shapely.get_coordinates(piece), 1)
        middle = shapely.Point(0.5 * (coordinates[0] + coordinates[1]))
        near = road_tree.query(middle, predicate="dwithin", distance=0.2)
        if len(near):
            road, block = int(near.min()), -1
        else:
            road, block = -1, int(np.min(block_tree.query(middle, predicate="dwithin", distance=0.5)))
        if tuple(coordinates[-1]) < tuple(coordinates[0]) and road < 0:
            coordinates = coordinates[::-1]
        result.append((coordinates, road, block))
    return sorted(result, key=lambda item: (item[1], item[2], item[0].tolist()))


def _connected(pieces: list[tuple[np.ndarray, int, int]]) -> list[tuple[np.ndarray, int, int]]:
    """Keep the largest connected part, and drop stubs shorter than 50 m."""
    while True:
        graph = nx.MultiGraph()
        for i, (line, _, _) in enumerate(pieces):
            graph.add_edge(tuple(line[0]), tuple(line[-1]), key=i)
        largest = max(nx.connected_components(graph), key=lambda part: (len(part), min(part)))
        kept = []
        for line, road, block in pieces:
            ends = tuple(line[0]), tuple(line[-1])
            stub = (
                min(graph.degree(ends[0]), graph.degree(ends[1])) == 1 and float(np.hypot(*(line[-1] - line[0]))) < 50
            )
            if ends[0] in largest and ends[0] != ends[1] and not (stub and road < 0):
                kept.append((line, road, block))
        if len(kept) == len(pieces):
            return kept
        pieces = kept


def _urban_speed(road: geo.Road, middle: np.ndarray) -> int:
    for place in (*geo.PLACES, geo.FOREIGN):
        if np.hypot(*(middle - place.xy)) < place.radius_m:
            return min(50, road.speed_kmh)
    return road.speed_kmh


def _road_tags(road: geo.Road, line: np.ndarray, water: shapely.Polygon, inner: bool) -> Tags:
    speed = _urban_speed(road, line[len(line) // 2])
    tags = {"highway": road.highway, "maxspeed": str(speed), "surface": "asphalt"}
    if speed <= 50 and road.name:
        tags["name"] = road.name
    if road.ref:
        tags["ref"] = road.ref
    if shapely.LineString(line).intersects(water):
        tags |= {"bridge": "yes", "layer": "1"}
    if inner and road.highway in ("primary", "secondary"):
        tags |= {"sidewalk": "both", "cycleway": "track"}
    return tags


def _street_tags(name: str, middle: np.ndarray, rng: np.random.Generator, street: str) -> Tags:
    """Return the class of one block edge, by place and chance."""
    for _, x, y, radius in geo.PARKS:
        if np.hypot(middle[0] - x * 1000, middle[1] - y * 1000) < radius:
            return (
                {"highway": "footway", "surface": "fine_gravel"}
                if rng.random() < 0.7
                else {"highway": "cycleway", "foot": "yes"}
            )
    if name in {patch.name for patch in geo.INDUSTRIAL}:
        return {"highway": "unclassified", "maxspeed": "50", "name": "Rue de l'Industrie"}
    chance = rng.random()
    core_m = float(np.hypot(*(middle - geo.PLACES[0].xy)))
    if core_m < 500 and chance < 0.45:
        return {"highway": "pedestrian", "name": "Rue " + street}
    if core_m < 1300 and chance < 0.18:
        return {"highway": "living_street", "maxspeed": "20", "name": "Rue " + street}
    if chance < 0.03:
        return {"highway": "steps"} if chance < 0.006 else {"highway": "footway"}
    if chance < 0.06:
        return {"highway": "service", "maxspeed": "20"}
    if chance < 0.075:
        return {"highway": "cycleway", "foot": "yes"}
    return {"highway": "residential", "maxspeed": "30", "name": "Rue " + street}


def _make_one_way(streets: Streets, rng: np.random.Generator) -> None:
    """Make one residential street in seven one-way, where cars can still get everywhere and back."""
    chosen = [
        way
        for way in streets.ways
        if way.tags["highway"] == "residential"
        and way.tags.get("ref") is None
        and rng.random() < 0.16
        and way.tags["name"] != "Chemin de halage"
    ]
    for way in chosen:
        way.tags["oneway"] = "yes"
    while True:
        component = {}
        for label, part in enumerate(nx.strongly_connected_components(car_graph(streets))):
            for node in part:
                component[node] = label
        broken = [way for way in chosen if "oneway" in way.tags and len({component[node] for node in way.nodes}) > 1]
        if not broken:
            break
        for way in broken:
            del way.tags["oneway"]
    for i, way in enumerate(way for way in chosen if "oneway" in way.tags):
        if i % 2:
            way.tags["oneway:bicycle"] = "no"


def _way_arcs(streets: Streets, way: Way) -> list[tuple[int, int, float]]:
    xy = np.array([streets.xy[node] for node in way.nodes])
    return list(zip(way.nodes[:-1], way.nodes[1:], np.hypot(*np.diff(xy, axis=0).T).tolist(), strict=True))


def car_graph(streets: Streets) -> nx.DiGraph:
    """Return the free-flow car graph, `seconds` and `metres` on each arc."""
    graph = nx.DiGraph()
    for way in streets.ways:
        if way.tags.get("highway") not in CAR_CLASSES:
            continue
        speed = float(way.tags.get("maxspeed", "30"))
        for a, b, metres in _way_arcs(streets, way):
            seconds = metres * 3.6 / speed
            local = seconds * (9.0 if way.tags["highway"].startswith("motorway") else 1.0 if "ref" in way.tags else 1.3)
            graph.add_edge(a, b, metres=metres, seconds=seconds, local=local)
            if "oneway" not in way.tags:
                graph.add_edge(b, a, metres=metres, seconds=seconds, local=local)
    return graph


def walk_graph(streets: Streets) -> nx.Graph:
    """Return the walking graph, `metres` on each arc; no motorway."""
    graph = nx.Graph()
    for way in streets.ways:
        if way.tags.get("highway", "motorway").startswith("motorway"):
            continue
        for a, b, metres in _way_arcs(streets, way):
            graph.add_edge(a, b, metres=metres)
    return graph


def _heading(streets: Streets, way: Way, node: int) -> np.ndarray:
    """Direction in which `way` leaves `node`, one of its ends; unit length."""
    nodes = way.nodes if way.nodes[0] == node else way.nodes[::-1]
    step = np.array(streets.xy[nodes[1]]) - np.array(streets.xy[nodes[0]])
    return step / np.hypot(*step)


def _straightest(streets: Streets, node: int, ways: list[Way]) -> tuple[Way, Way] | None:
    """Return the two ways of one name that go straightest through `node`, bending by less than 50 degrees."""
    best, pair = -np.cos(np.radians(50.0)), None
    for i, first in enumerate(ways):
        for second in ways[i + 1 :]:
            same_way_on = "oneway" not in first.tags or (first.nodes[-1] == node) == (second.nodes[0] == node)
            cosine = float(_heading(streets, first, node) @ _heading(streets, second, node))
            if first is not second and first.tags == second.tags and same_way_on and cosine < best:
                best, pair = cosine, (first, second)
    return pair


def _join(streets: Streets) -> None:
    """Let streets run straight on through junctions, as in OSM: join ways of equal tags end to end."""
    ending: dict[int, list[Way]] = defaultdict(list)
    for way in streets.ways:
        if way.nodes[0] != way.nodes[-1]:
            ending[way.nodes[0]].append(way)
            ending[way.nodes[-1]].append(way)
    via = {node for _, node, _, _ in streets.restrictions}
    gone: set[int] = set()
    for node in sorted(ending):
        pair = None if node in via else _straightest(streets, node, ending[node])
        if (
            pair is None
            or len(pair[0].nodes) + len(pair[1].nodes) > 60
            or set(pair[0].nodes) & set(pair[1].nodes) != {node}
        ):
            continue
        first, second = pair if pair[0].nodes[-1] == node else pair[::-1]
        head = first.nodes if first.nodes[-1] == node else first.nodes[::-1]
        tail = second.nodes if second.nodes[0] == node else second.nodes[::-1]
        far = tail[-1]
        first.nodes = [*head, *tail[1:]]
        ending[far] = [first if way is second else way for way in ending[far]]
        ending[node] = [way for way in ending[node] if way is not first and way is not second]
        streets.restrictions = [
            (first if a is second else a, v, first if b is second else b, kind)
            for a, v, b, kind in streets.restrictions
        ]
        gone.add(id(second))
    streets.ways = [way for way in streets.ways if id(way) not in gone]


def _nearest(streets: Streets, candidates: np.ndarray, x: float, y: float) -> int:
    xy = np.array(streets.xy)[candidates]
    return int(candidates[int(np.argmin(np.hypot(xy[:, 0] - x, xy[:, 1] - y)))])


def _closest(streets: Streets, ring: list[int], node: int) -> int:
    """Return the node of `ring` closest to another node."""
    return _nearest(streets, np.array(ring), *streets.xy[node])


def _add_motorway(streets: Streets) -> None:
    """Two carriageways on their own level, joined to the roads by slip roads only."""
    middle = geo.smooth(np.array(geo.MOTORWAY_KM) * 1000.0, 3)
    line = shapely.LineString(middle)
    tags = {
        "highway": "motorway",
        "ref": "A 99",
        "oneway": "yes",
        "maxspeed": "110",
        "lanes": "2",
        "layer": "1",
        "bridge": "viaduct",
    }
    right, left = (shapely.get_coordinates(line.offset_curve(offset)) for offset in (-9.0, 9.0))
    road_nodes = np.array(
        sorted({node for way in streets.ways if way.tags["highway"] in ("primary", "secondary") for node in way.nodes})
    )
    carriageways = [list(dict.fromkeys(streets.node(x, y) for x, y in side)) for side in (right, left[::-1])]
    links = []
    for at, to in geo.INTERCHANGES:
        road_node = _nearest(streets, road_nodes, to[0] * 1000, to[1] * 1000)
        for carriageway in carriageways:
            middle_index = min(
                max(carriageway.index(_nearest(streets, np.array(carriageway), at[0] * 1000, at[1] * 1000)), 0),
                len(carriageway) - 1,
            )
            off, on = max(middle_index - 1, 0), min(middle_index + 1, len(carriageway) - 1)
            if off > 0:
                links.append([carriageway[off], road_node])
            if on < len(carriageway) - 1:
                links.append([road_node, carriageway[on]])
            if middle_index >= len(carriageway) - 2:
                links.append([carriageway[-1], road_node])
            if middle_index <= 1:
                links.append([road_node, carriageway[0]])
    for carriageway in carriageways:
        streets.ways.append(Way(carriageway, dict(tags)))
    for a, b in sorted({(a, b) for a, b in links if a != b}):
        streets.ways.append(Way([a, b], {"highway": "motorway_link", "oneway": "yes", "maxspeed": "50", "layer": "1"}))


def _add_roundabouts(streets: Streets) -> None:
    """Open three road junctions into roundabouts."""
    for x, y in ((26.6, 30.1), (36.3, 20.6), (35.55, 14.6)):
        streets_nodes = np.array(
            sorted(
                {node for way in streets.ways for node in way.nodes if way.tags["highway"] in ("primary", "secondary")}
            )
        )
        centre = _nearest(streets, streets_nodes, x * 1000, y * 1000)
        cx, cy = streets.xy[centre]
        ring = [
            streets.node(cx + 18 * np.cos(a), cy + 18 * np.sin(a))
            for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ]
        pieces: list[Way] = []
        for way in streets.ways:
            if centre not in way.nodes:
                pieces.append(way)
                continue
            at = way.nodes.index(centre)
            before, after = way.nodes[:at], way.nodes[at + 1 :]
            if before:
                pieces.append(Way([*before, _closest(streets, ring, before[-1])], dict(way.tags)))
            if after:
                pieces.append(Way([_closest(streets, ring, after[0]), *after], dict(way.tags)))
        streets.ways = pieces
        streets.ways.append(
            Way([*ring, ring[0]], {"highway": "secondary", "junction": "roundabout", "oneway": "yes", "maxspeed": "30"})
        )


def _turns_left(streets: Streets, first: Way, node: int, second: Way) -> bool:
    """Whether going from `first` through `node` into `second` is a left turn."""
    arriving, leaving = -_heading(streets, first, node), _heading(streets, second, node)
    return bool(arriving[0] * leaving[1] - arriving[1] * leaving[0] > 0.5)


def _add_signals_and_restrictions(streets: Streets) -> None:
    """Signals where two boulevards of Valmont cross, and no left turn at two of them."""
    touching: dict[int, list[int]] = defaultdict(list)
    for i, way in enumerate(streets.ways):
        if way.tags["highway"] in ("primary", "secondary", "tertiary") and "junction" not in way.tags:
            for node in sorted(set(way.nodes)):
                touching[node].append(i)
    centre = geo.PLACES[0].xy
    crossings = []
    for node in sorted(touching):
        names = {streets.ways[i].tags.get("name") for i in touching[node]}
        if len(names) >= 2 and np.hypot(*(np.array(streets.xy[node]) - centre)) < 2600:
            streets.node_tags[node] = {"highway": "traffic_signals"}
            crossings.append(node)
    for node in crossings:
        ending = [i for i in touching[node] if node in (streets.ways[i].nodes[0], streets.ways[i].nodes[-1])]
        pair = [
            (a, b)
            for a in ending
            for b in ending
            if streets.ways[a].tags.get("name") != streets.ways[b].tags.get("name")
        ]
        if pair and len(streets.restrictions) < 3:
            left = [
                (streets.ways[a], streets.ways[b])
                for a, b in pair
                if _turns_left(streets, streets.ways[a], node, streets.ways[b])
            ]
            if left:
                streets.restrictions.append((left[0][0], node, left[0][1], "no_left_turn"))


def _add_greenway(streets: Streets, rng: np.random.Generator) -> None:
    """Lay a cycle track on a former railway, joined at its ends and in Cantelle."""
    line = geo.smooth(geo.wind(np.array(geo.GREENWAY_KM) * 1000.0, 0.04, rng), 1)
    road_nodes = np.array(
        sorted({node for way in streets.ways for node in way.nodes if not way.tags["highway"].startswith("motorway")})
    )
    first, last = (_nearest(streets, road_nodes, *line[i]) for i in (0, -1))
    halt = int(np.argmin(np.hypot(*(line - np.array([31_000.0, 20_250.0])).T)))
    nodes = [first, *[streets.node(x, y) for x, y in line[1:-1]], last]
    tags = {
        "highway": "cycleway",
        "foot": "designated",
        "bicycle": "designated",
        "surface": "compacted",
        "name": "Voie verte de la Vère",
    }
    streets.ways.append(Way(nodes, tags))
    streets.ways.append(
        Way([nodes[halt], _nearest(streets, road_nodes, *line[halt])], {"highway": "cycleway", "foot": "designated"})
    )


def build_streets() -> Streets:
    """Draw the whole street network; same result on every run."""
    rng = geo.generator(1)
    roads = _road_lines(rng)
    blocks = _all_blocks(rng, [line for _, line in roads])
    pieces = _connected(_noded(roads, blocks))
    streets = Streets()
    water = geo.river_polygon()
    shapely.prepare(water)
    for line, road, block in pieces:
        middle = line[len(line) // 2]
        inner = bool(np.hypot(*(middle - geo.PLACES[0].xy)) < 3000)
        if road >= 0:
            tags = _road_tags(roads[road][0], line, water, inner)
        else:
            name = blocks[block][1]
            street = STREET_NAMES[int(middle[0] // 230 * 7 + middle[1] // 230 * 3) % len(STREET_NAMES)]
            tags = _street_tags(name, 0.5 * (line[0] + line[-1]), rng, street)
        nodes = [streets.node(x, y) for x, y in line]
        streets.ways.append(Way([node for i, node in enumerate(nodes) if i == 0 or node != nodes[i - 1]], tags))
    streets.ways = [way for way in streets.ways if len(way.nodes) > 1]
    _add_roundabouts(streets)
    _add_motorway(streets)
    _add_greenway(streets, rng)
    _make_one_way(streets, rng)
    _add_signals_and_restrictions(streets)
    _join(streets)
    return streets


def tree_of(streets: Streets, nodes: list[int]) -> tuple[cKDTree, np.ndarray]:
    """Return a search tree over some nodes, and their numbers."""
    chosen = np.array(sorted(nodes))
    return cKDTree(np.array(streets.xy)[chosen]), chosen
