"""Names of lines, stops and trips: as the feed has them, as they are printed, and which ones are ambiguous."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo_access.errors import InputError
from geo_access.network.build import build_network
from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.edits import AddTrip, CloseLine, CloseStop, RemoveTrips, RepeatTrip
from geo_access.network.timetable.naming import line_index, line_reference, meant_lines
from geo_access.network.timetable.scenario import apply_edits
from tests.feeds import feed_tables, table_text, write_tables

STOPS = {"A": (0, 0), "B": (1000, 0), "C": (5000, 0)}


def feed(folder: Path, name: str, trips: list[dict[str, str]], printed: dict[str, str]) -> Path:
    """Write a feed whose routes print other names than their ids."""
    tables = feed_tables(STOPS, trips)
    for route in tables["routes"]:
        route["route_short_name"] = printed[route["route_id"]]
    return write_tables(folder / f"{name}.zip", {f"{table}.txt": table_text(rows) for table, rows in tables.items()})


def built(*feeds: Path) -> Network:
    return build_network(gtfs=list(feeds), date="2026-03-17", epsg=2154, crow_fly_detour=1.2)


def timetable_of(network: Network) -> Timetable:
    assert network.timetable is not None
    return network.timetable


@pytest.fixture
def one(tmp_path: Path) -> Network:
    """Line 8 prints 12, line x prints 8, line y prints Y."""
    trips = [{"calls": f"A {h:02d}:00 B {h:02d}:10", "route_id": r, "trip_id": r} for h, r in ((7, "8"), (8, "x"))]
    trips.append({"calls": "B 10:00 C 10:20", "route_id": "y", "trip_id": "y"})
    return built(feed(tmp_path, "f", trips, {"8": "12", "x": "8", "y": "Y"}))


@pytest.fixture
def two(tmp_path: Path) -> Network:
    """Two operators who both number from one: t1 runs on line 1 of each; only the town's bus calls at C."""
    town = [{"calls": "A 07:00 B 07:10", "route_id": "1", "trip_id": "t1"}]
    town.append({"calls": "B 10:00 C 10:20", "route_id": "2", "trip_id": "t2"})
    rail = [{"calls": "A 09:00 B 09:05", "route_id": "1", "trip_id": "t1"}]
    paths = (
        feed(tmp_path, "town", town, {"1": "L1", "2": "L2"}),
        feed(tmp_path, "rail", rail, {"1": "T1"}),
    )
    return built(*paths)


def lines_left(network: Network) -> set[str]:
    t = timetable_of(network)
    return {str(t.route_name[k]) for k in t.trip_route.tolist()}


def test_a_name_that_is_an_id_and_printed_on_another_line_is_ambiguous(one: Network) -> None:
    with pytest.raises(InputError, match=r"2 lines are called '8' → give one of these ids: f:8 \(f\), x \(f\)"):
        apply_edits(one, [CloseLine("8")])
    with pytest.raises(InputError, match="2 lines are called '8'"):
        apply_edits(one, [AddTrip("new", (("A", "05:00"), ("B", "05:10")), "8")])
    assert lines_left(apply_edits(one, [CloseLine("f:8")])) == {"8", "Y"}
    assert lines_left(apply_edits(one, [CloseLine("x")])) == {"12", "Y"}
    assert lines_left(apply_edits(one, [CloseLine("12")])) == {"8", "Y"}


def test_a_reference_means_one_line_alone(one: Network, two: Network) -> None:
    for network in (one, two):
        t = timetable_of(network)
        for line in range(len(t.route_id)):
            assert meant_lines(t, line_reference(t, line)) == [line]
    t = timetable_of(one)
    assert [line_reference(t, line) for line in line_index(t, "Y")] == ["y"]


def test_ids_of_one_feed_are_known_without_its_name(two: Network) -> None:
    assert lines_left(apply_edits(two, [CloseLine("2")])) == {"L1", "T1"}
    assert lines_left(apply_edits(two, [RemoveTrips(("t2",))])) == {"L1", "T1"}
    closed = timetable_of(apply_edits(two, [CloseStop("town:C")]))
    assert not closed.event_board[closed.event_stop == closed.stop_id.tolist().index("town:C")].any()


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (CloseLine("1"), r"2 lines are called '1' → give one of these ids: town:1 \(town\), rail:1 \(rail\)"),
        (RemoveTrips(("t1",)), "2 trips have the id 't1' → give one of these: rail:t1, town:t1"),
        (RepeatTrip("t1", "05:00"), "2 trips have the id 't1'"),
        (CloseStop("A"), "2 stops are called 'A' → give one of these ids: "),
    ],
)
def test_ids_of_two_feeds_are_ambiguous(two: Network, edit: CloseLine | RemoveTrips | CloseStop, told: str) -> None:
    with pytest.raises(InputError, match=told):
        apply_edits(two, [edit])
    assert lines_left(apply_edits(two, [RepeatTrip("rail:t1", "05:00"), CloseLine("town:1")])) == {"L2", "T1"}
