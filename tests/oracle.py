"""What the engine must equal: plain Python, one ready instant at a time, every journey tried.

States are "aboard when the vehicle arrives at event e, after r rides". From each, stay aboard, or get off, walk and
board anything that leaves in time. No pruning, no profile, no shared code with the engine.
"""

from __future__ import annotations

import math
from collections import deque

from geo_access.network.model import Timetable

INF = math.inf


class Oracle:
    """All journeys of one small timetable."""

    def __init__(
        self, timetable: Timetable, *, walk_kmh: float = 4.8, max_transfer_s: int = 600, min_transfer_s: int = 60,
        bikes: bool = False, on_demand: bool = False,
    ) -> None:  # fmt: skip
        self.tt = tt = timetable
        runs = [(not bikes or tt.trip_bikes[t]) and (on_demand or not tt.trip_on_demand[t]) for t in range(tt.n_trips)]
        self.events = [e for t in range(tt.n_trips) if runs[t] for e in range(tt.trip_indptr[t], tt.trip_indptr[t + 1])]
        self.next: dict[int, list[int]] = {}
        for t in range(tt.n_trips):
            first, end = int(tt.trip_indptr[t]), int(tt.trip_indptr[t + 1])
            for e in range(first, end - 1):
                self.next[e] = [e + 1]
            self.next[end - 1] = [
                int(tt.trip_indptr[after])
                for before, after in tt.in_seat.tolist()
                if before == t and before != after and runs[after]
                and tt.event_arrival_s[tt.trip_indptr[after]] >= tt.event_departure_s[end - 1]
            ]  # fmt: skip
        banned = {tuple(pair) for pair in tt.forbidden.tolist()}
        self.change: list[dict[int, int]] = []
        for p in range(tt.n_stops):
            ways = {p: max(min_transfer_s, int(tt.min_transfer_s[p]))}
            for q, seconds in zip(*tt.footpaths.row(p), strict=True):
                walk = math.ceil(seconds * tt.walk_kmh / walk_kmh - 1e-6)
                if walk <= max_transfer_s and q != p:
                    ways[int(q)] = walk + min_transfer_s
            self.change.append({q: s for q, s in ways.items() if (p, q) not in banned})
        self.boards: list[list[int]] = [[] for _ in range(tt.n_stops)]
        for e in self.events:
            if tt.event_board[e]:
                self.boards[tt.event_stop[e]].append(e)

    def rides(self, access: dict[int, int], ready_s: int) -> dict[int, int]:
        """Fewest rides with which one can be aboard at each event, setting out at `ready_s`."""
        tt, found, queue = self.tt, {}, deque()
        for stop, walk in access.items():
            for f in self.boards[stop]:
                if tt.event_departure_s[f] >= ready_s + walk:
                    queue.extend((e, 1) for e in self.next[f])
        while queue:
            e, r = queue.popleft()
            if found.get(e, INF) <= r:
                continue
            found[e] = r
            # In order of rides: staying aboard goes before whatever changes vehicle.
            queue.extendleft((g, r) for g in self.next[e])
            if tt.event_alight[e]:
                for stop, walk in self.change[tt.event_stop[e]].items():
                    for f in self.boards[stop]:
                        if tt.event_departure_s[f] >= tt.event_arrival_s[e] + walk:
                            queue.extend((g, r + 1) for g in self.next[f])
        return found

    def arrivals(self, access: dict[int, int], ready_s: int, *, max_rides: int | None = None) -> dict[int, int]:
        """Earliest arrival by vehicle at each stop [s]."""
        tt, out = self.tt, {}
        for e, r in self.rides(access, ready_s).items():
            if tt.event_alight[e] and (max_rides is None or r <= max_rides):
                stop = int(tt.event_stop[e])
                out[stop] = min(out.get(stop, INF), int(tt.event_arrival_s[e]))
        return out

    def seconds(
        self, access: dict[int, int], egress: dict[int, int], ready_s: int, *, direct_s: float = INF,
        max_s: int = 7200, max_rides: int | None = None,
    ) -> float:  # fmt: skip
        """Door-to-door seconds when ready at `ready_s`; infinite when beyond `max_s`."""
        best = direct_s
        for stop, at in self.arrivals(access, ready_s, max_rides=max_rides).items():
            best = min(best, at + egress.get(stop, INF) - ready_s)
        return best if best <= max_s else INF

    def latest_leave(
        self, access: dict[int, int], egress: dict[int, int], deadline_s: int, *, direct_s: float = INF,
        max_s: int = 7200, max_rides: int | None = None, earliest_s: float = -INF,
    ) -> float:  # fmt: skip
        """Latest moment to leave and arrive by `deadline_s`: every moment at which a vehicle is caught is tried."""
        moments = {int(self.tt.event_departure_s[f]) - walk for stop, walk in access.items() for f in self.boards[stop]}
        best = deadline_s - direct_s
        for moment in sorted(moments, reverse=True):
            if moment <= best:
                break
            took = self.seconds(access, egress, moment, max_s=deadline_s - moment, max_rides=max_rides)
            if took < INF:
                best = moment
                break
        return best if best >= max(deadline_s - max_s, earliest_s) else -INF
