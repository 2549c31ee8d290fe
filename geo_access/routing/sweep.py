"""The backward sweep: from up to 32 places at once, the best arrival from every event of the timetable.

``value[e, place]`` is the best arrival at the place for whoever is aboard when the vehicle arrives at event e. It is
the least of three: staying aboard (the trip's next event), getting off and walking to the place, getting off and
changing (the event after the one boarded). All three read later events, so one pass over the events in decreasing
time suffices. Nothing is ever added while sweeping: values are arrivals, fixed when getting off for good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from geo_access.arrays import indptr_of
from geo_access.kernels import njit
from geo_access.network.model import SparseTimes
from geo_access.routing.boarding import boardable
from geo_access.routing.lanes import LANES, lanes_min
from geo_access.routing.lines import Lines, filed, reverse_lines
from geo_access.routing.tables import Alightings, Departures, Onward, Span, Walks
from geo_access.routing.timed import timed_of, walk_off_timed, walks_of
from geo_access.threads import in_pieces

__all__ = ["LANES", "NEVER", "SweepGraph", "build_graph", "reverse_graph", "sweep"]

NEVER = np.int32(2**31 - 1)
"""No time, inside kernels only."""
_FIRST_OF_ALL_S = np.int32(-(2**31))


@dataclass(frozen=True, eq=False)
class SweepGraph:
    """Events in increasing time, numbered by rank, and what follows each.

    Attributes
    ----------
    lines : Lines
    transfer_indptr : ndarray of int64, shape (n_events + 1,)
    transfer_board : ndarray of int32, shape (n_transfers,)
        By event of `lines`: the events one may board after getting off at it.
    rank : ndarray of int32, shape (n_events,)
        Position of each event of `lines` in time.
    arrival_s : ndarray of int32, shape (n_events,)
        By rank, non-decreasing [s].
    following : ndarray of int32, shape (n_events,)
        By rank: rank of the trip's next event, or −1.
    change_indptr : ndarray of int64, shape (n_events + 1,)
    change_to : ndarray of int32, shape (n_transfers,)
        By rank: ranks of the events after those boarded.
    alight_indptr : ndarray of int64, shape (n_stops + 1,)
    alight_rank : ndarray of int32, shape (n_alightings,)
        By stop: ranks of the events where one may get off, ascending.
    circular : bool
        Whether some change leads to an event of the same second that was swept before.
    backwards : bool
        Whether the clock runs backwards.
    """

    lines: Lines
    transfer_indptr: np.ndarray
    transfer_board: np.ndarray
    rank: np.ndarray
    arrival_s: np.ndarray
    following: np.ndarray
    change_indptr: np.ndarray
    change_to: np.ndarray
    alight_indptr: np.ndarray
    alight_rank: np.ndarray
    circular: bool
    backwards: bool = False

    def span(self, low_s: int, high_s: int) -> Span:
        """Return the part whose events arrive from `low_s` to `high_s`, both included [s]."""
        first, last = np.searchsorted(self.arrival_s, [low_s, high_s + 1])
        return Span(int(first), int(last), low_s, high_s)

    @property
    def onward(self) -> Onward:
        """What follows each event."""
        return Onward(self.following, self.change_indptr, self.change_to, self.circular)

    @property
    def alightings(self) -> Alightings:
        """Where one may get off."""
        return Alightings(self.alight_indptr, self.alight_rank, self.arrival_s)

    @cached_property
    def departures(self) -> Departures:
        """Every departure of the timetable where one may get on [s], kept once asked for."""
        tables, whole = self.lines.tables, Span(0, len(self.rank), int(_FIRST_OF_ALL_S), int(NEVER))
        event = boardable(tables, self.rank, whole, whole.high_s)
        event = event[np.argsort(tables.departure[event], kind="stable")]
        indptr, order = filed(tables.stop[event], self.lines.n_stops)
        event = event[order]
        return Departures(indptr, tables.departure[event], self.rank[event + 1])


def build_graph(lines: Lines, transfer_indptr: np.ndarray, transfer_board: np.ndarray) -> SweepGraph:
    """Give events their number in time and lay the transfers out by rank."""
    n = lines.n_events
    first_s, last_s = (int(at(lines.event_arrival_s, initial=0)) for at in (np.min, np.max))
    _, order = filed(lines.event_arrival_s - np.int32(first_s), last_s - first_s + 1)
    rank = np.empty(n, dtype=np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    following = np.full(n, -1, dtype=np.int32)
    onward = np.ones(n, dtype=bool)
    onward[lines.trip_indptr[1:] - 1] = False
    inner = np.flatnonzero(onward)
    following[rank[inner]] = rank[inner + 1]
    counts = np.diff(transfer_indptr)
    change_indptr = indptr_of(counts[order])
    change_to, circular = _by_rank(order, transfer_indptr, transfer_board, rank, change_indptr)
    off = order[lines.event_alight[order]]
    stops = lines.event_stop[off]
    alight_indptr, by_stop = filed(stops, lines.n_stops)
    return SweepGraph(
        lines,
        transfer_indptr,
        transfer_board,
        rank,
        lines.event_arrival_s[order],
        following,
        change_indptr,
        change_to,
        alight_indptr,
        rank[off][by_stop],
        bool(circular),
    )


def reverse_graph(graph: SweepGraph) -> SweepGraph:
    """Return the graph of the same timetable backwards in time: each change is kept, the other way round."""
    indptr, board = _turned(graph.transfer_indptr, graph.transfer_board)
    return replace(build_graph(reverse_lines(graph.lines), indptr, board), backwards=not graph.backwards)


@njit(cache=True)
def _turned(indptr: np.ndarray, board: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """File the changes by the event that is boarded, now got off at; events are numbered from the last."""
    n = len(indptr) - 1
    into = np.zeros(n + 1, np.int64)
    for k in range(len(board)):
        into[n - board[k]] += 1
    for e in range(n):
        into[e + 1] += into[e]
    cursor = into[:-1].copy()
    out = np.empty(len(board), np.int32)
    for e in range(n - 1, -1, -1):
        for k in range(indptr[e], indptr[e + 1]):
            off = n - 1 - board[k]
            out[cursor[off]] = n - 1 - e
            cursor[off] += 1
    return into, out


@njit(cache=True)
def _by_rank(
    order: np.ndarray,
    indptr: np.ndarray,
    board: np.ndarray,
    rank: np.ndarray,
    change_indptr: np.ndarray,
) -> tuple[np.ndarray, bool]:
    out = np.empty(len(board), np.int32)
    circular = False
    for r in range(len(order)):
        e = order[r]
        k = change_indptr[r]
        for j in range(indptr[e], indptr[e + 1]):
            out[k] = rank[board[j] + 1]
            circular |= out[k] <= r
            k += 1
    return out, circular


def sweep(
    graph: SweepGraph,
    places: SparseTimes,
    blocks: range,
    span: Span,
    *,
    max_rides: int | None = None,
    dtype: type = np.uint16,
) -> np.ndarray:
    """Best arrival at each place from every event between two times.

    Parameters
    ----------
    graph : SweepGraph
    places : SparseTimes
        Walk from the stops to each place (places × stops) [s].
    blocks : range
        Blocks of `LANES` places.
    span : Span
        Events considered, and the latest arrival at the place.
    max_rides : int, optional
        Vehicles that may still be ridden, the present one included.
    dtype : type
        numpy.uint16, or numpy.int32 where the span is longer than 65,000 s.

    Returns
    -------
    ndarray, shape (n_blocks, n_ranks, LANES)
        Seconds after the span's `low_s`; the largest value of the type where there is none.
    """
    never, first_place = dtype(np.iinfo(dtype).max), blocks.start * LANES
    value: np.ndarray = np.full((len(blocks), span.last - span.first, LANES), never, dtype)
    n_blocks = len(blocks)
    in_pieces(_walk_off, n_blocks, value, first_place, walks_of(places), graph.alightings, span)
    timed = timed_of(places, backwards=graph.backwards)
    if timed is not None:
        walk_off_timed(value, first_place, LANES, timed.tables, graph.alightings, span)
    if max_rides is None:
        in_pieces(_relax, n_blocks, value, graph.onward, span)
        return value
    walk_off = value.copy()
    in_pieces(_ride, n_blocks, value, graph.following, span)
    for _ in range(max_rides - 1):
        more = walk_off.copy()
        in_pieces(_relax_layer, n_blocks, more, value, graph.onward, span)
        value = more
    return value


@njit(cache=True)
def first_at(rank: np.ndarray, begin: int, end: int, least: int) -> int:
    """Return where ranks of `least` or more begin (numba compiles its `searchsorted` for most of a second)."""
    while begin < end:
        middle = (begin + end) >> 1
        if rank[middle] < least:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True, nogil=True)
def _walk_off(
    first_block: int,
    last_block: int,
    value: np.ndarray,
    first_place: int,
    walks: Walks,
    alightings: Alightings,
    span: Span,
) -> None:
    """Get off for good: the arrival at each place from every event whose stop is within a walk of it."""
    indptr, stops, seconds = walks
    alight_indptr, alight_rank, arrival_s = alightings
    first, last, low_s, high_s = span
    for b in range(first_block, last_block):
        for lane in range(LANES):
            place = first_place + b * LANES + lane
            if place >= len(indptr) - 1:
                break
            for k in range(indptr[place], indptr[place + 1]):
                stop = stops[k]
                end = alight_indptr[stop + 1]
                for j in range(first_at(alight_rank, alight_indptr[stop], end, first), end):
                    r = alight_rank[j]
                    if r >= last:
                        break
                    at = arrival_s[r] + seconds[k]
                    if at <= high_s and at - low_s < value[b, r - first, lane]:
                        value[b, r - first, lane] = at - low_s


@njit(cache=True, nogil=True)
def _relax(first_block: int, last_block: int, value: np.ndarray, onward: Onward, span: Span) -> None:
    """Lower every event by what follows it, from the last to the first.

    One pass settles all, as what follows an event is later. Only where a change takes no time can it lead to an event
    of the same second that was swept before; passes are then repeated until no value falls.
    """
    following, change_indptr, change_to, circular = onward
    first, last = span.first, span.last
    for b in range(first_block, last_block):
        v = value[b]
        again = True
        while again:
            again = False
            before = np.int64(0)
            after = np.int64(0)
            for r in range(last - 1, first - 1, -1):
                row = v[r - first]
                if circular:
                    for lane in range(LANES):
                        before += row[lane]
                n = following[r]
                if first <= n < last:
                    lanes_min(v, r - first, v, n - first)
                for k in range(change_indptr[r], change_indptr[r + 1]):
                    n = change_to[k]
                    if first <= n < last:
                        lanes_min(v, r - first, v, n - first)
                if circular:
                    for lane in range(LANES):
                        after += row[lane]
            again = circular and after != before


@njit(cache=True, nogil=True)
def _ride(first_block: int, last_block: int, value: np.ndarray, following: np.ndarray, span: Span) -> None:
    """Lower every event by the next of its trip: arrivals without another vehicle."""
    first, last = span.first, span.last
    for b in range(first_block, last_block):
        v = value[b]
        for r in range(last - 1, first - 1, -1):
            n = following[r]
            if first <= n < last:
                lanes_min(v, r - first, v, n - first)


@njit(cache=True, nogil=True)
def _relax_layer(
    first_block: int, last_block: int, value: np.ndarray, fewer: np.ndarray, onward: Onward, span: Span
) -> None:
    """Lower arrivals by one ride more than `fewer`: changes read the layer below, so that no pass need be repeated."""
    following, change_indptr, change_to, _ = onward
    first, last = span.first, span.last
    for b in range(first_block, last_block):
        v = value[b]
        less = fewer[b]
        for r in range(last - 1, first - 1, -1):
            n = following[r]
            if first <= n < last:
                lanes_min(v, r - first, v, n - first)
            for k in range(change_indptr[r], change_indptr[r + 1]):
                n = change_to[k]
                if first <= n < last:
                    lanes_min(v, r - first, less, n - first)
