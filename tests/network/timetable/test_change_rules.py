"""Random transfers.txt: what every pair of trips needs at every pair of stops equals the rules of GTFS read plainly."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import CrowFly
from geo_access.network.timetable.timetable import build_timetable
from geo_access.routing.transfers import usable_footpaths
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import write_feed

# At 4/3 m/s and a detour of 1.2, 100 m take 90 s and 400 m 360 s; D is out of reach.
STOPS = {"S": (50, 0), "A": (0, 0), "B": (100, 0), "C": (400, 0), "D": (5000, 0)}
STATION = {"A": "S", "B": "S"}
COLUMNS = {"S": {"location_type": 1}, "A": {"parent_station": "S"}, "B": {"parent_station": "S"}}
ROUTES = ["p", "p", "q", "q", "r"]
# GTFS, from the most specific down: what the two sides give.
ORDER = [
    {("trip", "trip")},
    {("trip", "route"), ("route", "trip")},
    {("trip", ""), ("", "trip")},
    {("route", "route")},
    {("route", ""), ("", "route")},
    {("", "")},
]
MARGIN_S, LONGEST_S = 60, 600


def random_rules(rng: np.random.Generator) -> list[dict]:
    rows = []
    levels = [[0], [0, 1], [0, 1, 1, 2]][int(rng.integers(3))]
    for _ in range(int(rng.integers(1, 13))):
        kind = int(rng.choice([0, 1, 2, 2, 2, 3]))
        row: dict = {
            "transfer_type": kind,
            "min_transfer_time": int(rng.choice([0, 30, 420, 900])) if kind == 2 else "",
        }
        for way in ("from", "to"):
            row[f"{way}_stop_id"] = str(rng.choice(["A", "A", "B", "S", "S", "C", "D"]))
            level = int(rng.choice(levels))
            trip = int(rng.integers(len(ROUTES)))
            row[f"{way}_route_id"] = ROUTES[trip] if level == 1 else ""
            row[f"{way}_trip_id"] = f"t{trip}" if level == 2 else ""
        rows.append(row)
    return rows


def needed(rows: list[dict], before: tuple[int, str], after: tuple[int, str]) -> int | None:
    """Seconds from getting off a trip at a stop to boarding another at a stop; None where one cannot."""
    best: tuple[tuple[int, int, bool, int], dict] | None = None
    for number, row in enumerate(rows):
        names, platforms, holds = [], 0, True
        for way, (trip, stop) in (("from", before), ("to", after)):
            platforms += row[f"{way}_stop_id"] == stop
            holds &= row[f"{way}_stop_id"] in (stop, STATION.get(stop))
            holds &= row[f"{way}_trip_id"] in ("", f"t{trip}") and row[f"{way}_route_id"] in ("", ROUTES[trip])
            names.append("trip" if row[f"{way}_trip_id"] else "route" if row[f"{way}_route_id"] else "")
        place = next(k for k, kinds in enumerate(ORDER) if tuple(names) in kinds)
        rank = (-place, platforms, row["transfer_type"] == 3, number)
        if holds and (best is None or rank > best[0]):
            best = (rank, row)
    kind = best[1]["transfer_type"] if best else 0
    if best and kind:
        return None if kind == 3 else 0 if kind == 1 else best[1]["min_transfer_time"]
    walk_s = abs(STOPS[before[1]][0] - STOPS[after[1]][0]) * 9 // 10
    return walk_s + MARGIN_S if walk_s <= LONGEST_S else None


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_every_pair_of_trips_needs_what_the_most_specific_row_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = random_rules(rng)
    trips, called = [], []
    for number, route in enumerate(ROUTES):
        stops = rng.permutation(["A", "B", "C", "D"])[: int(rng.integers(2, 5))].tolist()
        called.append(stops)
        trips.append(
            {
                "calls": " ".join(f"{stop} {8 + number:02d}:{5 * k:02d}" for k, stop in enumerate(stops)),
                "route_id": route,
            }
        )
    with TemporaryDirectory() as folder:
        path = write_feed(Path(folder) / "f.zip", STOPS, trips, stop_columns=COLUMNS, transfers=rows)
        timetable = build_timetable(
            [read_gtfs(path)], day=date(2026, 3, 17), epsg=2154, streets=CrowFly(2154, detour=1.2)
        )
    usable = usable_footpaths(timetable, walk_kmh=4.8, max_transfer_s=LONGEST_S, min_transfer_s=MARGIN_S)
    least = [dict(zip(*(side.tolist() for side in usable.row(p)), strict=True)) for p in range(usable.n_rows)]
    at = {}
    for t in np.flatnonzero(timetable.trip_day == 0).tolist():
        events = timetable.event_stop[timetable.trip_indptr[t] : timetable.trip_indptr[t + 1]].tolist()
        at |= {(int(timetable.trip_id[t][1:]), str(timetable.stop_id[p])): p for p in events}
    assert set(at) == {(number, stop) for number, stops in enumerate(called) for stop in stops}
    for before, p in at.items():
        for after, q in at.items():
            assert least[p].get(q) == needed(rows, before, after), (before, after, rows)
