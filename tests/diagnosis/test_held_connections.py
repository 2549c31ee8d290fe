"""Connections held as remedies, on drawn lines with the engine itself: which, how long, who gains and who loses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from geo_access.diagnosis.search_bounds import SearchBound, ServiceLimits, bounds_table
from geo_access.diagnosis.service_plan import service_plan
from geo_access.diagnosis.service_remedies import SERVICE, ServiceTrials
from geo_access.network.timetable.edits import HoldConnection
from geo_access.network.timetable.scenario import apply_edits
from geo_access.report.changes import change_told

from .test_service_remedies import DAY, Tried, diagnosed, tried

# Homes near A and near X, work near D: 8 km by bus to the change at B, 8 more to D, and on to E. The walks are 80 m.
STOPS = {"A": (0.0, 0.0), "B": (8_000.0, 0.0), "D": (16_000.0, 0.0), "X": (7_000.0, 2_000.0), "E": (19_000.0, 0.0)}
HOME, WORK, FAR = -80.0, 16_080.0, 19_080.0
BACK = [{"calls": "E 17:00 D 17:05 B 17:20", "route_id": "h"}, {"calls": "B 17:25 A 17:40", "route_id": "f"}]
COUNTS = ["residents_unflagged", "residents_flagged", "residents_gained", "residents_lost"]
SHIFT = ("usine", WORK, "07:40", "16:55")


def missed(
    folder: Path, *, feeder: str = "A 07:00 B 07:15", held: str = "B 07:13 D 07:30 E 07:36", **options: object
) -> Tried:
    """At B at 7:15, a minute to change: three minutes too late for the bus of 7:13 that is at work at 7:30."""
    trips = [
        {"calls": feeder, "route_id": "f", "trip_id": "f1"},
        {"calls": held, "route_id": "h", "trip_id": "h1"},
        *BACK,
    ]
    jobs = options.pop("jobs", [SHIFT])
    homes = options.pop("homes", {"home": HOME})
    return tried(folder, STOPS, trips, jobs, homes, **options)  # type: ignore[arg-type]


def test_a_change_missed_by_three_minutes_is_held_for_three(tmp_path: Path) -> None:
    found = missed(tmp_path)
    assert not found.case.points.reached.any()
    (held,) = found.of("held_connection")
    assert held.edits == (HoldConnection("B", 3, trip_ids=("h1",), feeder_ids=("f1",)),)
    assert held.reached.all()
    assert (held.line, held.trip, held.minute) == ("H", "h1", "07:13")
    assert held.detail == "H: Stop B 07:13 +3 min ← F 07:15"
    # A minute's walk before 7:00, at the door at 7:34, a minute before one must be there: 36 minutes.
    assert found.out_min(held.edits).tolist() == [[36.0]]
    row = found.table().set_index("remedy").loc["held_connection"]
    assert (row["share_before"], row["share_after"], row["residents_gained"], row["residents_lost"]) == (0, 1, 100, 0)
    assert row["lifts"]


def test_on_the_way_home_too_and_one_each_way_where_both_are_missed(tmp_path: Path) -> None:
    trips = [
        {"calls": "A 07:00 B 07:15", "route_id": "f", "trip_id": "f1"},
        {"calls": "B 07:13 D 07:30", "route_id": "h", "trip_id": "h1"},
        {"calls": "D 17:05 B 17:20", "route_id": "h", "trip_id": "h2"},
        {"calls": "B 17:16 A 17:31", "route_id": "f", "trip_id": "f2"},
    ]
    found = tried(tmp_path, STOPS, trips, [SHIFT], {"home": HOME})
    both = [item for item in found.of("held_connection") if item.reached.all()]
    assert [item.edits for item in both] == [
        (
            HoldConnection("B", 3, trip_ids=("h1",), feeder_ids=("f1",)),
            HoldConnection("B", 5, trip_ids=("f2",), feeder_ids=("h2",)),
        )
    ]
    # With the way there as it should be, the way home alone is asked for.
    trips[1] = {"calls": "B 07:17 D 07:34", "route_id": "h", "trip_id": "h1"}
    alone = tried(tmp_path, STOPS, trips, [SHIFT], {"home": HOME})
    (held,) = [item for item in alone.of("held_connection") if item.reached.all()]
    assert held.edits == (HoldConnection("B", 5, trip_ids=("f2",), feeder_ids=("h2",)),)


@pytest.mark.parametrize(
    ("held", "sought"),
    [
        ("B 07:06 D 07:23", True),  # missed by ten minutes
        ("B 07:05 D 07:22", False),  # by eleven: a vehicle is not let wait so long
        ("B 07:13 D 07:31", True),  # held, at the door at 7:35, when one must be there
        ("B 07:13 D 07:32", False),  # a minute later is too late
    ],
)
def test_what_a_wait_cannot_mend_is_not_proposed(tmp_path: Path, held: str, sought: bool) -> None:
    found = missed(tmp_path, held=held)
    assert bool(found.of("held_connection")) is sought
    assert all(item.reached.all() for item in found.of("held_connection"))


def test_who_comes_too_late_because_of_the_wait_is_told_and_never_netted(tmp_path: Path) -> None:
    # Two zones at A miss the bus to the works at D; those who board it at F, behind D, are at E at 7:43, a minute
    # before they must be, and three minutes too late if it waits. D is 4 km from F: 50 minutes on foot.
    stops = {"A": (0.0, 0.0), "B": (8_000.0, 0.0), "D": (16_000.0, 0.0), "F": (20_000.0, 0.0), "E": (28_000.0, 0.0)}
    trips = [
        {"calls": "A 07:00 B 07:15", "route_id": "f", "trip_id": "f1"},
        {"calls": "B 07:13 D 07:28 F 07:34 E 07:42", "route_id": "h", "trip_id": "h1"},
        {"calls": "E 17:05 F 17:13 D 17:19 B 17:34", "route_id": "h", "trip_id": "h2"},
        {"calls": "B 17:36 A 17:43", "route_id": "f", "trip_id": "f2"},
    ]
    jobs = [("near", 16_080.0, "07:38", "17:00"), ("far", 28_080.0, "07:49", "16:55")]
    homes = {"one": HOME, "two": HOME, "behind": 19_920.0}
    found = tried(tmp_path, stops, trips, jobs, homes)
    assert found.case.points.reached.ravel().tolist() == [False, False, True]
    (held,) = found.of("held_connection")
    assert held.reached.ravel().tolist() == [True, True, False]
    # The same as a diagnosis on the network that waits, begun anew.
    again = diagnosed(found.engines.on(held.edits).network, jobs, homes)
    assert again.case("tc", "job").points.reached.tolist() == held.reached.tolist()
    levels = again.flags.astype({"zone_id": str}).set_index("zone_id")["level"].astype(str)
    assert levels.to_dict() == {"one": "adéquat", "two": "adéquat", "behind": "inadéquat"}
    rows = found.table().set_index(["zone_id", "remedy"])["residents_lost"]
    assert rows["one", "held_connection"] == rows["two", "held_connection"] == 100.0
    assert change_told(held.remedy, held.detail, 100.0, "en").endswith(
        "; but 100 residents no longer reach a métier that they reach today"
    )
    only = ServiceTrials((held,), 2, 0)
    plan = service_plan(found.diagnosis, found.engines, found.case, only)
    assert plan.loc[0, COUNTS].tolist() == [200.0, 100.0, 200.0, 100.0]
    # With as many losers as there are people to gain, it is no plan.
    (tmp_path / "even").mkdir()
    even = tried(tmp_path / "even", stops, trips, jobs, {"one": HOME, "behind": 19_920.0})
    (held,) = even.of("held_connection")
    assert not len(service_plan(even.diagnosis, even.engines, even.case, ServiceTrials((held,), 1, 0)))


def test_everybody_else_is_where_a_timetable_with_the_wait_brings_them(tmp_path: Path) -> None:
    found = missed(tmp_path)
    (held,) = found.of("held_connection")
    changed = apply_edits(found.network, held.edits).timetable
    assert changed is not None
    late = (changed.trip_id == "h1") & (changed.trip_day == 0)
    first = changed.trip_indptr[:-1][late][0]
    assert changed.event_departure_s[first : first + 3].tolist() == [26_160, 27_180, 27_540]
    assert str(changed.day) == DAY
    plan = service_plan(found.diagnosis, found.engines, found.case, found.trials)
    assert plan.loc[0, ["remedy", *COUNTS]].tolist() == ["held_connection", 100.0, 0.0, 100.0, 0.0]


def test_what_takes_nobody_a_metier_asks_less_than_what_does(tmp_path: Path) -> None:
    found = missed(tmp_path, homes={"home": HOME, "near work": 15_920.0})
    assert found.case.points.reached.ravel().tolist() == [False, True]
    (held,) = found.of("held_connection")
    assert held.reached.all()
    # Were the same wait to take those who live near work their job, the bus more would be the smallest change.
    taking = replace(held, reached=np.array([[True], [False]]))
    bus = replace(held, remedy="trip_on_a_line", detail="bus")
    for changes, first in (((held, bus), "held_connection"), ((taking, bus), "trip_on_a_line")):
        table = replace(found, trials=ServiceTrials(changes, 1, 0)).table()
        service = table[table["remedy"].isin(SERVICE)]
        assert service["remedy"].tolist() == [first]
    # Of one kind, one that takes is not preferred for the few that it serves more.
    only = replace(found, trials=ServiceTrials((held, replace(taking, detail="taking")), 1, 0)).table()
    assert only[only["remedy"].isin(SERVICE)]["residents_lost"].tolist() == [0.0]


def test_a_line_of_which_only_the_headway_is_told_has_no_minute_to_wait_for(tmp_path: Path) -> None:
    frequencies = [{"trip_id": "h1", "start_time": "07:13:00", "end_time": "07:14:00", "headway_secs": 3600}]
    found = missed(tmp_path, frequencies=frequencies)
    assert not found.case.points.reached.any()
    assert not found.of("held_connection")


def test_a_search_that_reaches_its_bound_says_so_with_counts(tmp_path: Path) -> None:
    # Two buses have just left when one comes: with one looked at for each site, one of two is left, and that is told.
    trips = [
        {"calls": "A 07:00 B 07:15", "route_id": "f", "trip_id": "f1"},
        {"calls": "B 07:13 D 07:30", "route_id": "h", "trip_id": "h1"},
        {"calls": "B 07:14 D 07:31", "route_id": "g", "trip_id": "g1"},
        {"calls": "D 17:05 B 17:20", "route_id": "h"},
        {"calls": "B 17:25 A 17:40", "route_id": "f"},
    ]
    job = ("usine", WORK, "07:45", "16:55")

    def searched(name: str, **bounds: int) -> tuple[Tried, dict[str, SearchBound]]:
        (tmp_path / name).mkdir()
        found = tried(tmp_path / name, STOPS, trips, [job], {"home": HOME}, limits=ServiceLimits(**bounds))
        return found, {item.step: item for item in found.trials.bounds}

    whole, told = searched("whole")
    assert not {"connections_of_a_site", "sites_of_connections", "connections_counted"} & told.keys()
    assert whole.of("held_connection")
    found, told = searched("site", at_a_site=1)
    assert told["connections_of_a_site"] == SearchBound("connections_of_a_site", 1, 2, (0,), 0)
    # The shortest wait is looked at: two minutes for G.
    assert [item.trip for item in found.of("held_connection")] == ["g1"]
    table = bounds_table(found.trials.bounds, found.case, found.diagnosis.sites["job"]).set_index("step")
    row = table.loc["connections_of_a_site"]
    assert row[["profile", "kind", "looked_at", "found", "metiers", "site_id"]].tolist() == [
        *("tc", "job", 1, 2, "H2913", "usine")
    ]
    _, told = searched("counted", counted=1)
    assert (told["connections_counted"].looked_at, told["connections_counted"].found) == (1, 2)
    nothing, told = searched("none", held=0, trips=0, headways=0, extensions=0)
    assert (nothing.trials.tried, told) == ((), {})


def test_sites_that_a_direction_has_no_room_for_are_counted(tmp_path: Path) -> None:
    jobs = [SHIFT, ("atelier", WORK + 80, "07:40", "16:55"), ("dépôt", WORK + 160, "07:42", "16:55")]
    found = missed(tmp_path, jobs=jobs, limits=ServiceLimits(each_way=1))
    told = [item for item in found.trials.bounds if item.step == "sites_of_connections"]
    # Nothing is missed on the way home, so that all three were looked at there.
    assert told == [SearchBound("sites_of_connections", 1, 3, (0,))]


@pytest.mark.parametrize(("zones", "left"), [(1, 2), (2, 1), (3, 0)])
def test_zones_that_are_not_sought_for_are_counted(tmp_path: Path, zones: int, left: int) -> None:
    homes = {"one": HOME, "two": HOME, "three": HOME}
    found = missed(tmp_path, homes=homes, limits=ServiceLimits(zones=zones))
    told = [item for item in found.trials.bounds if item.step == "situations"]
    assert told == ([SearchBound("situations", zones, 3, (0,))] if left else [])
    assert found.trials.zones_left == left
