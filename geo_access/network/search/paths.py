"""The way from a point to another on the streets: its line, its metres, its seconds, the streets it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geo_access.arrays import rows_of
from geo_access.network.model import CrowFly, ModeGraph, Streets
from geo_access.network.search.crow_fly import UNBOUNDED_DS, check_search, crow_fly_matrix, slots, time_factor
from geo_access.network.search.doors import arcs_of, edges_of, hub_states, seeds
from geo_access.network.search.hubs import hubs_of, standing_xy
from geo_access.network.search.kernels import INFINITE, along_shared_edges, grow, node_at, workspace
from geo_access.network.search.links import Links, graph_of, link_points
from geo_access.network.search.off_street import square_pairs, straight_pairs
from geo_access.network.search.squares import line_between
from geo_access.network.search.street_doors import street_entries
from geo_access.network.search.tables import OnEdge
from geo_access.words.told import refusal

if TYPE_CHECKING:
    import shapely

__all__ = ["StreetPath", "street_path"]


@dataclass(frozen=True, eq=False)
class StreetPath:
    """The fastest way between two points, in the direction travelled.

    Attributes
    ----------
    mode : str
    epsg : int
        CRS of `xy`.
    reason : str
        ``OK``, ``UNSNAPPED_ORIGIN``, ``UNSNAPPED_DESTINATION``, ``OVER_CUTOFF`` or ``DISCONNECTED``.
    seconds : float or None
        Door to door, what `street_matrix` gives [s]; None where there is no way.
    street_m : float
        Along the streets, or over the straight line times its detour without streets [m].
    connector_m : tuple of float
        Line from the start to its street or to the entrance of its square, and from the last one to the end [m].
    connector_s : tuple of float
        Time on both [s]: distance × detour at walking speed, without detour inside squares.
    xy : ndarray of float64, shape (n_points, 2)
        The line from the start to the end, connectors included [m]; empty where there is no way.
    edge : ndarray of int32, shape (n_pieces,)
        Edges of `Streets`, in order; the first and the last may be taken in part.
    along : ndarray of bool, shape (n_pieces,)
        Whether the edge is taken in the direction it was drawn.
    way_id : ndarray of int64, shape (n_pieces,)
        OSM way of each piece, −1 where unknown.
    edge_class : tuple of str
        ``highway`` of each piece.
    piece_m : ndarray of float64, shape (n_pieces,)
        [m].
    piece_s : ndarray of float64, shape (n_pieces,)
        Delays at the end of a piece (signals, junctions) included [s].
    straight : bool
        Whether there were no streets, so that the line is a straight one.
    """

    mode: str
    epsg: int
    reason: str
    seconds: float | None
    street_m: float
    connector_m: tuple[float, float]
    connector_s: tuple[float, float]
    xy: np.ndarray
    edge: np.ndarray
    along: np.ndarray
    way_id: np.ndarray
    edge_class: tuple[str, ...]
    piece_m: np.ndarray
    piece_s: np.ndarray
    straight: bool = False

    @property
    def line(self) -> shapely.LineString:
        """The way as a line in `epsg`; empty where there is none or both ends are the same point."""
        import shapely  # noqa: PLC0415 — importing the room stays cheap

        return shapely.LineString(self.xy if len(self.xy) > 1 else None)


@dataclass(frozen=True, eq=False)
class _Found:
    """Pieces of a way: edge, direction, part of the edge in the order travelled, time [0.1 s].

    `doors` are the nodes where one leaves the square of the start and enters that of the end, −1 without one; `door_ds`
    the ways to them inside [0.1 s].
    """

    edge: np.ndarray
    along: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    deciseconds: np.ndarray
    doors: tuple[int, int] = (-1, -1)
    door_ds: tuple[int, int] = (0, 0)

    @property
    def total_ds(self) -> int:
        """Time of all pieces and of the ways inside squares [0.1 s]."""
        return int(self.deciseconds.sum()) + sum(self.door_ds)


def street_path(
    streets: Streets | CrowFly,
    from_xy: np.ndarray,
    to_xy: np.ndarray,
    *,
    mode: str,
    speed_kmh: float | None = None,
    max_s: float | None = None,
    limit_m: float = 500.0,
    connector_kmh: float = 4.8,
) -> StreetPath:
    """Find the fastest way from a point to another.

    Parameters
    ----------
    streets : Streets or CrowFly
    from_xy, to_xy : ndarray of float64, shape (2,)
        Start and end in the CRS of the streets [m].
    mode : str
    speed_kmh : float, optional
        Walking or cycling speed; by default the one the streets were built with [km/h].
    max_s : float, optional
        Longest time of interest, connectors included [s].
    limit_m : float
        Farthest straight line from a point to its street [m].
    connector_kmh : float
        Walking speed off the street [km/h].

    Returns
    -------
    StreetPath
        Its `seconds` are those of `street_matrix` for the same points and parameters. Where there is no way, its
        `reason` says why and its line is empty.

    Raises
    ------
    InputError
        When a point has not the shape (2,), the mode is not in the network, or a parameter makes no sense.
    SnapError
        When a point cannot be in the territory (see `link_points`).

    Examples
    --------
    >>> path = street_path(CrowFly(2154, detour=1.5), np.array([0, 0]), np.array([0, 400]), mode="walk", speed_kmh=3.6)
    >>> path.seconds, path.street_m, path.xy.tolist()
    (600.0, 600.0, [[0.0, 0.0], [0.0, 400.0]])
    """
    ends = [np.asarray(point, dtype=np.float64) for point in (from_xy, to_xy)]
    if any(point.shape != (2,) for point in ends):
        raise refusal("streets.path_shapes", shape=str(ends[0].shape), shape2=str(ends[1].shape))
    links = link_points(streets, np.stack(ends), mode=mode, limit_m=limit_m, connector_kmh=connector_kmh)
    source, target = links.take(np.array([0])), links.take(np.array([1]))
    check_search(source, target, mode, max_s)
    if not links.ok.all():
        return _no_way(streets, links, "UNSNAPPED_DESTINATION" if links.ok[0] else "UNSNAPPED_ORIGIN")
    if isinstance(streets, CrowFly):
        return _straight(streets, links, speed_kmh=speed_kmh, max_s=max_s)
    graph = graph_of(streets, mode)
    factor = time_factor(graph.speed_kmh, speed_kmh, mode)
    found = _search(streets, graph, source, target)
    none = _no_way(streets, links, "DISCONNECTED")
    told = none if found is None else _told(streets, links, found, factor=factor, max_s=max_s)
    best = told
    for square, pairs in (
        (-1, straight_pairs(source, target)),
        (int(source.square[0]), square_pairs(streets, source, target, walk_kmh=graph.speed_kmh / factor)),
    ):
        seconds = float(pairs.seconds[0]) if len(pairs.seconds) else np.inf
        if seconds < (np.inf if best.seconds is None else best.seconds) and (max_s is None or seconds <= max_s):
            best = _across(streets, none, links, seconds, square=square)
    return best


def _no_way(streets: Streets | CrowFly, links: Links, reason: str) -> StreetPath:
    whole, real = np.empty(0, dtype=np.int32), np.empty(0)
    return StreetPath(
        mode=links.mode,
        epsg=streets.epsg,
        reason=reason,
        seconds=None,
        street_m=np.nan,
        connector_m=_pair(links.distance_m),
        connector_s=_pair(links.connector_s),
        xy=np.empty((0, 2)),
        edge=whole,
        along=whole.astype(bool),
        way_id=whole.astype(np.int64),
        edge_class=(),
        piece_m=real,
        piece_s=real,
        straight=isinstance(streets, CrowFly),
    )


def _across(streets: Streets, none: StreetPath, links: Links, seconds: float, *, square: int) -> StreetPath:
    """From one point to the other without a street, straight or inside a square: one connector."""
    ends = np.column_stack((links.x, links.y))
    if square >= 0:
        first, last = standing_xy(links)
        ends = _without_repeats(np.concatenate((ends[:1], line_between(streets, square, first, last), ends[1:])))
    metres = float(np.hypot(*np.diff(ends, axis=0).T).sum())
    found = {"reason": "OK", "seconds": seconds, "street_m": 0.0, "xy": ends}
    return StreetPath(**{**none.__dict__, **found, "connector_m": (metres, 0.0), "connector_s": (seconds, 0.0)})


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _straight(streets: CrowFly, links: Links, *, speed_kmh: float | None, max_s: float | None) -> StreetPath:
    none = _no_way(streets, links, "OVER_CUTOFF")
    ends = (links.take(np.array([0])), links.take(np.array([1])))
    seconds = crow_fly_matrix(streets, *ends, max_s=max_s, speed_kmh=speed_kmh)[0, 0]
    if np.isnan(seconds):
        return none
    xy = _without_repeats(np.column_stack((links.x, links.y)))
    metres = float(np.hypot(*(xy[-1] - xy[0]))) * streets.detour
    return StreetPath(**{**none.__dict__, "reason": "OK", "seconds": float(seconds), "street_m": metres, "xy": xy})


def _search(streets: Streets, graph: ModeGraph, source: Links, target: Links) -> _Found | None:
    """Search as the matrix does, then follow the arcs back; the limit grows until nothing shorter can be left."""
    arcs, begin = arcs_of(graph), seeds(streets, graph, source)
    along, on_edge = street_entries(target.points, edges_of(streets, graph))
    hubs = hubs_of(streets, target, speed_kmh=graph.speed_kmh)
    hub_state, hub = hub_states(graph, hubs)
    state_of = np.concatenate((rows_of(along.indptr), hub_state))
    entry_ds = np.concatenate((along.cost, hubs.deciseconds[hub]))
    metres = float(np.hypot(source.x[0] - target.x[0], source.y[0] - target.y[0]))
    limit = min(int(metres / graph.speed_kmh * 72.0) + 6_000, UNBOUNDED_DS)
    while True:
        work = workspace(graph.n_states, slots(graph, begin.cost), len(graph.heads) + len(begin.state))
        grow(arcs, begin.state, begin.cost, limit, work)
        near = work.dist[state_of]
        totals = np.where(near < INFINITE, near.astype(np.int64) + entry_ds, int(INFINITE))
        best = int(totals.argmin()) if len(totals) else -1
        reached = int(totals[best]) if best >= 0 else int(INFINITE)
        if reached <= limit or limit == UNBOUNDED_DS:
            break
        limit = UNBOUNDED_DS
    beside = _on_one_edge(source, target, on_edge, reached)
    if beside is not None:
        return beside
    if reached >= INFINITE:
        return None
    own_doors = len(hubs_of(streets, source, speed_kmh=graph.speed_kmh).node)
    start = _Ends(begin.state, begin.cost, len(begin.state) - own_doors)
    door = int(hubs.node[hub[best - len(along.cost)]]) if best >= len(along.cost) else -1
    last = _Last(int(state_of[best]), int(entry_ds[best]), door)
    return _followed(streets, graph, source, target, work.via, start, last)


def _on_one_edge(source: Links, target: Links, on_edge: OnEdge, reached: int) -> _Found | None:
    """Return the way along the edge that both points share, where none is faster."""
    if source.edge[0] != target.edge[0]:
        return None
    found = np.full((1, 1), INFINITE, dtype=np.int32)
    along_shared_edges(found, source.points, target.points, on_edge, False)
    if found[0, 0] > reached or found[0, 0] >= INFINITE:
        return None
    begin, end = source.fraction, target.fraction
    forwards = (end > begin) | ((end == begin) & (source.forward_ds >= 0))
    return _Found(source.edge, forwards, begin, end, found[0].copy())


class _Ends(NamedTuple):
    """Seeds of a point: states, times [0.1 s], and how many of them lie on its street; the others are doors."""

    state: np.ndarray
    deciseconds: np.ndarray
    n_street: int


class _Last(NamedTuple):
    """Where a way ends: state, time from there [0.1 s], and the door of the square, −1 on the street."""

    state: int
    deciseconds: int
    door: int


def _followed(
    streets: Streets,
    graph: ModeGraph,
    source: Links,
    target: Links,
    via: np.ndarray,
    begin: _Ends,
    last: _Last,
) -> _Found:
    """Arcs behind a state, with the parts of edges before and after them."""
    place = np.concatenate((np.arange(len(streets.node_id)), graph.copy_of))
    pieces: list[tuple[int, bool, float, float, int]] = []
    state = last.state
    if last.door < 0 and _node(streets, target) < 0:
        along = bool(streets.edge_source[target.edge[0]] == place[state])
        entry = (0.0 if along else 1.0, float(target.fraction[0]), last.deciseconds)
        pieces.append((int(target.edge[0]), along, *entry))
    while via[state] >= 0:
        arc = int(via[state])
        state = int(np.searchsorted(graph.indptr, arc, side="right")) - 1
        edge = int(graph.edges[arc])
        along = bool(streets.edge_source[edge] == place[state])
        pieces.append((edge, along, 0.0 if along else 1.0, 1.0 if along else 0.0, int(graph.deciseconds[arc])))
    seed = -1 - int(via[state])
    out = seed >= begin.n_street
    if not out and _node(streets, source) < 0:
        along = seed == 0 and bool(source.forward_ds[0] >= 0)
        start = (float(source.fraction[0]), 1.0 if along else 0.0, int(begin.deciseconds[seed]))
        pieces.append((int(source.edge[0]), along, *start))
    pieces.reverse()
    return _Found(
        np.array([piece[0] for piece in pieces], dtype=np.int32),
        np.array([piece[1] for piece in pieces], dtype=bool),
        np.array([piece[2] for piece in pieces], dtype=np.float64),
        np.array([piece[3] for piece in pieces], dtype=np.float64),
        np.array([piece[4] for piece in pieces], dtype=np.int32),
        (int(place[begin.state[seed]]) if out else -1, last.door),
        (int(begin.deciseconds[seed]) if out else 0, last.deciseconds if last.door >= 0 else 0),
    )


def _node(streets: Streets, link: Links) -> int:
    return int(node_at(link.edge[0], link.fraction[0], streets.edge_source, streets.edge_target))


def _told(streets: Streets, links: Links, found: _Found, *, factor: float, max_s: float | None) -> StreetPath:
    """Pieces as a path; the seconds are summed in the precision of the matrix."""
    none = _no_way(streets, links, "OVER_CUTOFF")
    start, end = np.column_stack((links.x, links.y))
    same = bool((start == end).all())
    seconds = np.float32(found.total_ds) * np.float32(factor / 10.0) + links.connector_s[0] + links.connector_s[1]
    seconds = np.float32(0.0) if same else seconds
    if max_s is not None and seconds > max_s:
        return none
    if same:
        return StreetPath(
            **{
                **none.__dict__,
                "reason": "OK",
                "seconds": 0.0,
                "street_m": 0.0,
                "connector_m": (0.0, 0.0),
                "connector_s": (0.0, 0.0),
                "xy": start[None, :],
            }
        )
    first, last = (_connector(streets, links, found, row) for row in (0, 1))
    parts = [first]
    parts += [
        _cut(streets, edge, begin, stop)
        for edge, begin, stop in zip(found.edge.tolist(), found.begin.tolist(), found.end.tolist())
    ]
    parts.append(last[::-1])
    off_m = [float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in (first, last)]
    off_s = links.connector_s + np.array(found.door_ds) * (factor / 10.0)
    share = np.abs(found.end - found.begin)
    metres = streets.edge_length_m[found.edge].astype(np.float64) * share
    return StreetPath(
        mode=links.mode,
        epsg=streets.epsg,
        reason="OK",
        seconds=float(seconds),
        street_m=float(metres.sum()),
        connector_m=(off_m[0], off_m[1]),
        connector_s=_pair(off_s),
        xy=_without_repeats(np.concatenate(parts)),
        edge=found.edge,
        along=found.along,
        way_id=np.asarray(streets.edge_way_id)[found.edge],
        edge_class=tuple(streets.class_names[code] for code in streets.edge_class[found.edge]),
        piece_m=metres,
        piece_s=found.deciseconds * (factor / 10.0),
    )


def _connector(streets: Streets, links: Links, found: _Found, row: int) -> np.ndarray:
    """Line from a point to its street, or inside its square to the door."""
    point, linked = np.array([links.x[row], links.y[row]]), np.array([links.linked_x[row], links.linked_y[row]])
    node = found.doors[row]
    if node < 0:
        return np.stack((point, linked))
    door = np.array([streets.node_x[node], streets.node_y[node]])
    inside = line_between(streets, int(links.square[row]), standing_xy(links)[row], door)
    return np.concatenate((point[None], inside))


def _cut(streets: Streets, edge: int, begin: float, end: float) -> np.ndarray:
    """Line of an edge from one fraction of it to another, in that direction."""
    line = np.asarray(streets.geometry_xy[streets.geometry_indptr[edge] : streets.geometry_indptr[edge + 1]])
    walked = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))
    low, high = min(begin, end) * walked[-1], max(begin, end) * walked[-1]
    inside = line[(walked > low) & (walked < high)]
    ends = np.column_stack([np.interp([low, high], walked, line[:, axis]) for axis in (0, 1)])
    cut = np.concatenate((ends[:1], inside, ends[1:]))
    return cut if end >= begin else cut[::-1]


def _without_repeats(xy: np.ndarray) -> np.ndarray:
    """Line without points closer than a centimetre to the one before; the last point always stays."""
    step = np.hypot(*np.diff(xy, axis=0).T)
    line = xy[np.concatenate(([True], step > 0.01))]
    if len(line) > 1:
        line[-1] = xy[-1]
    return line
