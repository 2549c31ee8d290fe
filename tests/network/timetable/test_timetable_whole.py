"""Random feeds with calendars of every kind, headways and blocks: the vehicles equal a reading by hand, every time."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import CrowFly, Network, Timetable
from geo_access.network.storage import open_network, save_network
from geo_access.network.timetable.timetable import build_timetable
from geo_access.sources.gtfs.cells import WEEKDAYS
from geo_access.sources.gtfs.feed import read_gtfs
from tests.feeds import write_feed

DAY = date(2026, 3, 17)
STOPS = {"A": (0, 0), "B": (150, 0), "C": (1000, 0)}
Vehicles = dict[tuple[int, str], list[tuple[str, int]]]


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}:00"


def random_feed(rng: np.random.Generator) -> tuple[list[dict], dict[str, list[dict]]]:
    """Trips, no two of which start in one minute, and the other tables; either calendar may be missing."""
    services = ["u", "v", "w"]
    tables: dict[str, list[dict]] = {"calendar": [], "calendar_dates": [], "frequencies": []}
    kinds = ["calendar", "calendar_dates"] if rng.random() < 0.34 else [str(rng.choice(["calendar", "calendar_dates"]))]
    if "calendar" in kinds:
        for service in services:
            marks = dict(zip(WEEKDAYS, (rng.random(7) < 0.7).astype(int).tolist(), strict=True))
            first = f"202603{int(rng.integers(1, 19)):02d}"
            tables["calendar"].append({"service_id": service, "start_date": first, "end_date": "20260331"} | marks)
    if "calendar_dates" in kinds:
        for service in services:
            for day in range(15, 20):
                if rng.random() < 0.5:
                    kind = int(rng.choice([1, 1, 2]))
                    row = {"service_id": service, "date": f"202603{day:02d}", "exception_type": kind}
                    tables["calendar_dates"].append(row)
    # Some service runs on the day, else nothing is built.
    tables["calendar_dates"] = [
        r for r in tables["calendar_dates"] if (r["service_id"], r["date"]) != ("u", "20260317")
    ]
    tables["calendar_dates"].append({"service_id": "u", "date": "20260317", "exception_type": 1})
    trips = []
    starts = rng.choice(np.arange(0, 1500, 7), int(rng.integers(1, 9)), replace=False)
    for number, start in enumerate(sorted(starts.tolist())):
        now, calls = int(start), []
        for stop in rng.choice(list(STOPS), int(rng.integers(2, 5))):
            calls.append((str(stop), clock(now)))
            now += int(rng.integers(0, 25))
        service = "u" if number == 0 else str(rng.choice(services))
        block = str(rng.choice(["", "x", "y"]))
        trips.append({"calls": calls, "service_id": service, "block_id": block})
        if rng.random() < 0.25:
            begin = int(rng.integers(0, 1440))
            for _ in range(int(rng.integers(1, 3))):
                end = begin + int(rng.integers(1, 200))
                headway = int(rng.integers(5, 60)) * 60
                times = {"start_time": clock(begin), "end_time": clock(end), "headway_secs": headway}
                exact = {"exact_times": str(rng.choice(["", "0", "1"]))}
                tables["frequencies"].append({"trip_id": f"t{number}"} | times | exact)
                begin = end
    return trips, tables


def seconds(text: str) -> int:
    hours, minutes, rest = (int(part) for part in text.split(":"))
    return hours * 3600 + minutes * 60 + rest


def runs(tables: dict[str, list[dict]], service: str, day: date) -> bool:
    text = day.strftime("%Y%m%d")
    for row in tables["calendar_dates"]:
        if (row["service_id"], row["date"]) == (service, text):
            return bool(row["exception_type"] == 1)
    return any(
        row["service_id"] == service and row["start_date"] <= text <= row["end_date"] and row[WEEKDAYS[day.weekday()]]
        for row in tables["calendar"]
    )


def expected(trips: list[dict], tables: dict[str, list[dict]]) -> tuple[Vehicles, set[tuple]]:
    """Vehicles by service day and id, and those ridden on in the seat, one row after the other."""
    out: Vehicles = {}
    seats = set()
    for relative in (-1, 0, 1):
        blocks: dict[str, list[str]] = {}
        repeated: set[str] = set()
        for number, trip in enumerate(trips):
            if not runs(tables, trip["service_id"], DAY + timedelta(days=relative)):
                continue
            calls = [(stop, seconds(at)) for stop, at in trip["calls"]]
            periods = [row for row in tables["frequencies"] if row["trip_id"] == f"t{number}"]
            leaves = []
            for row in periods:
                start, end, headway = seconds(row["start_time"]), seconds(row["end_time"]), row["headway_secs"]
                first = start if row["exact_times"] == "1" or start + headway // 2 >= end else start + headway // 2
                leaves += range(first, end, headway)
            copies = (
                [(f"t{number}", 0)]
                if not periods
                else [
                    (f"t{number}#{clock(at // 60).replace(':', '')[:4]}{at % 60:02d}", at - calls[0][1])
                    for at in leaves
                ]
            )
            for name, shift in copies:
                moved = [(stop, at + shift + relative * 86_400) for stop, at in calls]
                if (relative >= 0 or moved[-1][1] >= -4 * 3600) and (relative <= 0 or moved[0][1] < 48 * 3600):
                    out[relative, name] = moved
                    # Without fixed times nobody knows which vehicle goes on.
                    if trip["block_id"] and all(row["exact_times"] == "1" for row in periods):
                        blocks.setdefault(trip["block_id"], []).append(name)
                        repeated |= {name} if periods else set()
        for names in blocks.values():
            free = sorted(names, key=lambda name: out[relative, name][0][1])
            chosen = pairwise(free)
            if repeated & set(names):
                # Whoever ends first takes the first departure not yet taken.
                chosen, arrivals = [], sorted(free, key=lambda name: out[relative, name][-1][1])
                for a in arrivals:
                    for b in [b for b in free if b != a and goes_on(out[relative, a], out[relative, b])][:1]:
                        chosen.append((a, b))
                        free.remove(b)
            seats |= {((relative, a), (relative, b)) for a, b in chosen if goes_on(out[relative, a], out[relative, b])}
    return out, seats


def goes_on(before: list, after: list) -> bool:
    (here, end), (there, start) = before[-1], after[0]
    return abs(STOPS[here][0] - STOPS[there][0]) <= 200 and 0 <= start - end <= 1800


def vehicles(timetable: Timetable) -> tuple[Vehicles, set[tuple]]:
    out: Vehicles = {}
    names = list(zip(timetable.trip_day.tolist(), timetable.trip_id.tolist(), strict=True))
    for trip, name in enumerate(names):
        part = slice(timetable.trip_indptr[trip], timetable.trip_indptr[trip + 1])
        stops = timetable.stop_id[timetable.event_stop[part]].tolist()
        out[name] = list(zip(stops, timetable.event_arrival_s[part].tolist(), strict=True))
    return out, {(names[a], names[b]) for a, b in timetable.in_seat.tolist()}


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_vehicles_equal_a_reading_by_hand_and_never_change(seed: int) -> None:
    trips, tables = random_feed(np.random.default_rng(seed))
    with TemporaryDirectory() as folder:
        path = write_feed(Path(folder) / "f.zip", STOPS, trips, **tables)
        made = [
            build_timetable([read_gtfs(path)], day=DAY, epsg=2154, streets=CrowFly(2154, detour=1.2)) for _ in range(2)
        ]
        network = Network(2154, CrowFly(2154, detour=1.2), made[0], {})
        opened = open_network(save_network(network, Path(folder) / "saved")).timetable
    assert vehicles(made[0]) == expected(trips, tables)
    for other in (made[1], opened):
        assert other is not None
        for field in fields(Timetable):
            one, same = getattr(made[0], field.name), getattr(other, field.name)
            if isinstance(one, np.ndarray):
                assert one.dtype == same.dtype, field.name
                np.testing.assert_array_equal(one, same, err_msg=field.name)
            elif field.name == "footpaths":
                np.testing.assert_array_equal(one.seconds, same.seconds)
                np.testing.assert_array_equal(one.indices, same.indices)
            else:
                assert one == same, field.name
