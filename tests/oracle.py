"""What the engine must equal: plain Python, one ready instant at a time, every journey tried.

States are "aboard when the vehicle arrives at event e, after r rides". From each, stay aboard, or get off, walk and
board anything that leaves in time. No pruning, no profile, no shared code with the engine.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from geo_access.network.model import Timetable

INF = math.inf
Call = tuple[int, int, int, bool, bool]
Walks = dict[int, float]


class Door(dict):
    """Walks to or from stops, and legs that run at certain hours: (stop, seconds, open, close)."""

    legs: Sequence[tuple[int, int, float, float]] = ()

    def always(self) -> Door:
        out = Door(self)
        out.legs = [(stop, seconds, -INF, INF) for stop, seconds, _, _ in self.legs]
        return out


class Journeys:
    """All journeys of a few vehicles.

    A vehicle is a list of calls (stop, arrival, departure, board, alight); `changes` gives for each stop the seconds
    from getting off there to being ready to board elsewhere; `follows` are pairs of vehicles ridden on in-seat;
    `between` gives for two stops the seconds that certain pairs of vehicles need instead.
    """

    def __init__(
        self,
        vehicles: Sequence[Sequence[Call]],
        changes: Sequence[Walks],
        follows: Iterable[tuple[int, int]] = (),
        between: Mapping[tuple[int, int], Mapping[tuple[int, int], float]] | None = None,
    ) -> None:
        self.calls = [call for vehicle in vehicles for call in vehicle]
        self.vehicle = [v for v, vehicle in enumerate(vehicles) for _ in vehicle]
        self.between = between or {}
        self.change = [dict(ways) for ways in changes]
        for p, q in self.between:
            self.change[p].setdefault(q, INF)
        starts = [0]
        for vehicle in vehicles:
            starts.append(starts[-1] + len(vehicle))
        self.next: dict[int, list[int]] = {e: [e + 1] for e in range(len(self.calls))}
        for v in range(len(vehicles)):
            if vehicles[v]:
                self.next[starts[v + 1] - 1] = [
                    starts[after]
                    for before, after in follows
                    if before == v != after and vehicles[after] and vehicles[after][0][1] >= vehicles[v][-1][2]
                ]
        self.ridden: dict[tuple[int, float, float], tuple[Walks, dict[int, int]]] = {}
        self.boards: dict[int, list[int]] = {}
        for e, (stop, _, _, board, _) in enumerate(self.calls):
            if board:
                self.boards.setdefault(stop, []).append(e)

    def rides(self, access: Walks, ready_s: float, leave_by_s: float = INF) -> dict[int, int]:
        """Fewest rides with which one can be aboard at each event, setting out between two moments.

        The same question has the same answer: it is kept, with the doors it was asked for.
        """
        asked = (id(access), ready_s, leave_by_s)
        if asked not in self.ridden:
            self.ridden[asked] = (access, self._rides(access, ready_s, leave_by_s))
        return self.ridden[asked][1]

    def _rides(self, access: Walks, ready_s: float, leave_by_s: float) -> dict[int, int]:
        found, queue = {}, deque()
        for leave, f in self.leaving(access):
            if ready_s <= leave <= leave_by_s:
                queue.extend((e, 1) for e in self.next[f])
        while queue:
            e, r = queue.popleft()
            if found.get(e, INF) <= r:
                continue
            found[e] = r
            # In order of rides: staying aboard goes before whatever changes vehicle.
            queue.extendleft((g, r) for g in self.next[e])
            at, arrival_s, _, _, alight = self.calls[e]
            if alight:
                for stop, walk in self.change[at].items():
                    other = self.between.get((at, stop), {})
                    for f in self.boards.get(stop, ()):
                        need = other.get((self.vehicle[e], self.vehicle[f]), walk) if other else walk
                        if self.calls[f][2] >= arrival_s + need:
                            queue.extend((g, r + 1) for g in self.next[f] if found.get(g, INF) > r + 1)
        return found

    def leaving(self, access: Walks) -> list[tuple[float, int]]:
        """Latest moments to leave the door for each boarding, by each way to it."""
        out = [(self.calls[f][2] - walk, f) for stop, walk in access.items() for f in self.boards.get(stop, ())]
        for stop, seconds, opens, closes in getattr(access, "legs", ()):
            for f in self.boards.get(stop, ()):
                leave = min(self.calls[f][2] - seconds, closes)
                if leave >= opens:
                    out.append((leave, f))
        return out

    @staticmethod
    def home(stop: int, at: float, egress: Walks) -> float:
        """Moment at the door for who gets off at a stop at a moment."""
        best = at + egress.get(stop, INF)
        for other, seconds, opens, closes in getattr(egress, "legs", ()):
            if other == stop and at <= closes:
                best = min(best, max(at, opens) + seconds)
        return best

    def arrivals(self, access: Walks, ready_s: float, *, max_rides: int | None = None) -> Walks:
        """Earliest arrival by vehicle at each stop [s]."""
        out: Walks = {}
        for e, r in self.rides(access, ready_s).items():
            stop, arrival_s, _, _, alight = self.calls[e]
            if alight and (max_rides is None or r <= max_rides):
                out[stop] = min(out.get(stop, arrival_s), arrival_s)
        return out

    def seconds(
        self,
        access: Walks,
        egress: Walks,
        ready_s: int,
        *,
        direct_s: float = INF,
        max_s: int = 7200,
        max_rides: int | None = None,
        straight: Sequence[tuple[int, float, float]] = (),
    ) -> float:
        """Door-to-door seconds when ready at `ready_s`; infinite when beyond `max_s`."""
        best = direct_s
        for stop, at in self.arrivals(access, ready_s, max_rides=max_rides).items():
            best = min(best, self.home(stop, at, egress) - ready_s)
        for seconds, opens, closes in straight:
            if ready_s <= closes:
                best = min(best, max(ready_s, opens) + seconds - ready_s)
        return best if best <= max_s else INF

    def latest_leave(
        self,
        access: Walks,
        egress: Walks,
        deadline_s: int,
        *,
        direct_s: float = INF,
        max_s: int = 7200,
        max_rides: int | None = None,
        earliest_s: float = -INF,
        straight: Sequence[tuple[int, float, float]] = (),
    ) -> float:
        """Latest moment to leave and arrive by `deadline_s`: every moment at which a vehicle is caught is tried."""
        moments = {leave for leave, _ in self.leaving(access)}
        best = deadline_s - direct_s
        for seconds, opens, closes in straight:
            if min(closes, deadline_s - seconds) >= opens:
                best = max(best, min(closes, deadline_s - seconds))
        for moment in sorted(moments, reverse=True):
            if moment <= best or moment < deadline_s - max_s:
                break
            if self.seconds(access, egress, moment, max_s=deadline_s - moment, max_rides=max_rides) < INF:
                best = moment
                break
        return best if best >= max(deadline_s - max_s, earliest_s) else -INF


class Oracle(Journeys):
    """All journeys of one small timetable, under the limits of a query."""

    def __init__(
        self,
        tt: Timetable,
        *,
        walk_kmh: float = 4.8,
        max_transfer_s: int = 600,
        min_transfer_s: int = 60,
        bikes: bool = False,
        on_demand: bool = False,
        school_lines: bool = True,
        paratransit: bool = False,
        line_kinds: Sequence[tuple[str, str]] = (),
    ) -> None:
        kinds = ["everyone"] * len(tt.route_id)
        for route, code in enumerate(tt.route_kind.tolist()):
            kinds[route] = ("everyone", "school", "paratransit")[code]
        for line, kind in line_kinds:
            kinds = [kind if line in (tt.route_id[r], tt.route_name[r]) else old for r, old in enumerate(kinds)]
        ridden = {"everyone"}
        ridden |= {"school"} if school_lines else set()
        ridden |= {"paratransit"} if paratransit else set()
        runs = [
            (not bikes or tt.trip_bikes[t])
            and (on_demand or not tt.trip_on_demand[t])
            and kinds[tt.trip_route[t]] in ridden
            for t in range(tt.n_trips)
        ]
        columns = (tt.event_stop, tt.event_arrival_s, tt.event_departure_s, tt.event_board, tt.event_alight)
        calls = list(zip(*(column.tolist() for column in columns), strict=True))
        vehicles = [calls[tt.trip_indptr[t] : tt.trip_indptr[t + 1]] if runs[t] else [] for t in range(tt.n_trips)]
        banned = {tuple(pair) for pair in tt.forbidden.tolist()}
        stated = {tuple(pair) for pair in tt.stated.tolist()}
        changes: list[Walks] = []
        for p in range(tt.n_stops):
            own = int(tt.min_transfer_s[p])
            ways = {p: own if (p, p) in stated else max(min_transfer_s, own)}
            for q, seconds in zip(*tt.footpaths.row(p), strict=True):
                walk = math.ceil(seconds * tt.walk_kmh / walk_kmh - 1e-6)
                if (p, int(q)) in stated:
                    ways[int(q)] = int(seconds)
                elif walk <= max_transfer_s and q != p:
                    ways[int(q)] = walk + min_transfer_s
            changes.append({q: s for q, s in ways.items() if (p, q) not in banned})
        super().__init__(vehicles, changes, tt.in_seat.tolist())
