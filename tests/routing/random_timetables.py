"""Small random timetables with everything that goes wrong in real ones."""

from __future__ import annotations

from datetime import date

import numpy as np

from geo_access.network.model import SparseTimes, Timetable


def sparse(dense: np.ndarray) -> SparseTimes:
    """Pack a matrix of seconds where negative means none."""
    rows, columns = np.nonzero(dense >= 0)
    indptr = np.concatenate(([0], np.cumsum((dense >= 0).sum(axis=1)))).astype(np.int64)
    return SparseTimes(indptr, columns.astype(np.int32), dense[rows, columns].astype(np.int32), dense.shape[1])


def make_timetable(
    trips: list[list[tuple[int, int, int]]],
    n_stops: int,
    *,
    footpaths: np.ndarray | None = None,
    board: list[list[bool]] | None = None,
    alight: list[list[bool]] | None = None,
    min_transfer_s: np.ndarray | None = None,
    forbidden: list[tuple[int, int]] = (),
    in_seat: list[tuple[int, int]] = (),
    bikes: list[bool] | None = None,
    on_demand: list[bool] | None = None,
    xy: np.ndarray | None = None,
    routes: list[str] | None = None,
) -> Timetable:
    """Timetable from trips given as lists of (stop, arrival, departure)."""
    calls = [call for trip in trips for call in trip]
    n = len(trips)
    xy = np.zeros((n_stops, 2)) if xy is None else xy
    names = np.array([f"s{k}" for k in range(n_stops)])
    flat = np.array(calls, dtype=np.int32).reshape(-1, 3)
    none = np.full((n_stops, n_stops), -1)
    return Timetable(
        day=date(2026, 3, 17),
        zone="Europe/Paris",
        epsg=2154,
        stop_id=names,
        stop_name=names,
        stop_feed=np.full(n_stops, "feed"),
        stop_x=xy[:, 0].astype(float),
        stop_y=xy[:, 1].astype(float),
        route_id=np.array(routes or ["r"]),
        route_name=np.array(routes or ["r"]),
        route_feed=np.full(len(routes or ["r"]), "feed"),
        route_type=np.full(len(routes or ["r"]), 3, np.int16),
        trip_id=np.array([f"t{k}" for k in range(n)]),
        trip_headsign=np.array([f"to s{trip[-1][0]}" for trip in trips]),
        trip_route=np.arange(n, dtype=np.int32) if routes else np.zeros(n, np.int32),
        trip_day=np.zeros(n, np.int8),
        trip_bikes=np.array(bikes or [True] * n, bool),
        trip_on_demand=np.array(on_demand or [False] * n, bool),
        trip_block=np.full(n, -1, np.int32),
        trip_indptr=np.concatenate(([0], np.cumsum([len(trip) for trip in trips]))).astype(np.int64),
        event_stop=flat[:, 0],
        event_arrival_s=flat[:, 1],
        event_departure_s=flat[:, 2],
        event_board=np.array([x for row in board for x in row] if board else [True] * len(calls), bool),
        event_alight=np.array([x for row in alight for x in row] if alight else [True] * len(calls), bool),
        footpaths=sparse(none if footpaths is None else footpaths),
        min_transfer_s=np.zeros(n_stops, np.int32) if min_transfer_s is None else min_transfer_s.astype(np.int32),
        forbidden=np.array(forbidden, np.int32).reshape(-1, 2),
        in_seat=np.array(in_seat, np.int32).reshape(-1, 2),
        walk_kmh=4.8,
    )


def random_timetable(rng: np.random.Generator, *, grain_s: int = 60) -> Timetable:
    """Draw a timetable; with a coarse grain, many events share a second."""
    n_stops = int(rng.integers(2, 8))
    patterns = [rng.integers(0, n_stops, int(rng.integers(2, 6))) for _ in range(int(rng.integers(1, 5)))]
    trips, board, alight = [], [], []
    strict_flags = rng.random() < 0.5
    for _ in range(int(rng.integers(1, 14))):
        pattern = patterns[int(rng.integers(len(patterns)))]
        now = int(rng.integers(-10, 60)) * 60
        trip = []
        for stop in pattern:
            now += int(rng.integers(0, 6)) * grain_s
            arrival = now
            now += int(rng.integers(0, 2)) * grain_s if rng.random() < 0.3 else 0
            trip.append((int(stop), arrival, now))
        trips.append(trip)
        board.append([strict_flags or rng.random() < 0.9 for _ in trip])
        alight.append([strict_flags or rng.random() < 0.9 for _ in trip])
    foot = rng.integers(0, 8, (n_stops, n_stops)) * 60
    foot[rng.random((n_stops, n_stops)) < 0.7] = -1
    np.fill_diagonal(foot, -1)
    n = len(trips)
    pairs = [(int(a), int(b)) for a, b in rng.integers(0, n_stops, (2, 2))] if rng.random() < 0.4 else []
    seats = []
    if rng.random() < 0.5:
        for a in range(n):
            after = [b for b in range(n) if b != a and trips[b][0][1] > trips[a][-1][2]]
            if after and rng.random() < 0.3:
                seats += [
                    (a, int(b)) for b in rng.choice(after, size=min(len(after), int(rng.integers(1, 3))), replace=False)
                ]
    return make_timetable(
        trips,
        n_stops,
        footpaths=foot,
        board=board,
        alight=alight,
        min_transfer_s=rng.integers(0, 3, n_stops) * 60,
        forbidden=pairs,
        in_seat=seats,
        bikes=[bool(rng.random() < 0.7) for _ in trips],
        on_demand=[bool(rng.random() < 0.1) for _ in trips],
    )


def random_walks(rng: np.random.Generator, n_rows: int, n_stops: int) -> np.ndarray:
    """Seconds between doors and stops, −1 where too far."""
    dense = rng.integers(0, 400, (n_rows, n_stops))
    dense[rng.random((n_rows, n_stops)) < 0.5] = -1
    return dense
