"""Changes of lines as remedies, on drawn lines with the engine itself: what lifts and at which minute is reckoned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from geo_access.diagnosis.diagnose import DiagnosedCase, Diagnosis, diagnose
from geo_access.diagnosis.model import FlagRules, Profile, Threshold
from geo_access.diagnosis.remedies import smallest_remedies
from geo_access.diagnosis.service_plan import service_plan
from geo_access.diagnosis.service_remedies import (
    SERVICE,
    ServiceEngines,
    ServiceLimits,
    ServiceTrials,
    try_changes,
    with_lines,
)
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.timetable.edits import Edit, ExtendLine, RepeatTrip, SetHeadway
from geo_access.times.round_trip import NetworkTimes, connect_points, round_trip
from tests.feeds import ORIGIN_XY, Trip, write_feed

from .fabric import EPSG, WELDER, members, zones

BUS = Profile("tc", "sans voiture", "transit", max_rides=3)
DAY = "2026-03-17"


def at(x: float, y: float = 0.0) -> Point:
    return Point(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)


@dataclass(frozen=True)
class Tried:
    network: Network
    diagnosis: Diagnosis
    case: DiagnosedCase
    engines: ServiceEngines
    trials: ServiceTrials

    def of(self, remedy: str) -> list[Any]:
        return [item for item in self.trials.tried if item.remedy == remedy]

    def out_min(self, edits: Sequence[Edit]) -> np.ndarray:
        """Minutes to each job from each home, with changes."""
        ask, sites = self.diagnosis.asks["tc", "job", "own_hours"], self.diagnosis.sites["job"]
        xy = self.diagnosis.residents.xy
        connection = connect_points(self.engines.on(edits), xy, sites, ask)
        return round_trip(connection, np.arange(len(xy)), sites, ask).out_s / 60

    def table(self) -> pd.DataFrame:
        return smallest_remedies(self.diagnosis, self.engines.times, self.case, changes=self.trials.tried)


def tried(
    folder: Path,
    stops: dict[str, tuple[float, float]],
    trips: Sequence[Trip],
    jobs: Sequence[tuple[str, float, str, str]],
    homes: dict[str, float],
    *,
    minutes: float = 45,
    least: int = 1,
    limits: ServiceLimits | None = None,
    **feed: Any,
) -> Tried:
    """Diagnose zones of one home of 100 people each; jobs are (site, x, start, end), one opening each."""
    path = write_feed(folder / "feed.zip", stops, trips, **feed)
    network = build_network(gtfs=path, date=DAY, crow_fly_detour=1.0, epsg=EPSG)
    diagnosis = diagnosed(network, jobs, homes, minutes=minutes, least=least)
    engines = ServiceEngines(NetworkTimes(network))
    case = diagnosis.case("tc", "job")
    return Tried(network, diagnosis, case, engines, try_changes(diagnosis, engines, case, limits=limits))


def diagnosed(
    network: Network,
    jobs: Sequence[tuple[str, float, str, str]],
    homes: dict[str, float],
    *,
    minutes: float = 45,
    least: int = 1,
) -> Diagnosis:
    """Diagnose these homes and jobs on a network."""
    points = gpd.GeoDataFrame(
        {"point_id": [f"p{k}" for k in range(len(homes))], "population": 100.0},
        geometry=[at(x) for x in homes.values()],
        crs=EPSG,
    )
    employers = gpd.GeoDataFrame(
        {
            "site_id": [site for site, *_ in jobs],
            "metier": "H2913",
            "openings": 1,
            "shift_start": [start for _, _, start, _ in jobs],
            "shift_end": [end for *_, end in jobs],
            "position_quality": "exact",
        },
        geometry=[at(x) for _, x, _, _ in jobs],
        crs=EPSG,
    )
    return diagnose(
        network,
        zones=zones(*homes),
        points=points,
        membership=members(*[(f"p{k}", zone) for k, zone in enumerate(homes)]),
        metiers=[WELDER],
        profiles=[BUS],
        thresholds=[Threshold("t", "", minutes, "job", source="exemple")],
        schedules=[],
        employers=employers,
        rules=FlagRules(deadline_spread_s=0, min_opportunities=least),
    )


# 9 km in 18 minutes; from the home to the stop and from the stop to the door 80 m, a minute at 4.8 km/h.
LINE = {"A": (0.0, 0.0), "B": (9_000.0, 0.0)}
HOME, WORK = -80.0, 9_080.0
BACK = ["B 16:45 A 17:03", "B 17:45 A 18:03"]


def test_two_shifts_an_hour_apart_need_a_headway_where_one_trip_is_not_enough(tmp_path: Path) -> None:
    # At the door at 08:25 and 09:25; the buses of 07:30 and 08:20 are there 36 minutes too early, 45 minutes at most.
    found = tried(
        tmp_path,
        LINE,
        ["A 07:30 B 07:48", "A 08:20 B 08:38", *BACK],
        [("early", WORK, "08:30", "16:30"), ("late", WORK, "09:30", "17:30")],
        {"home": HOME},
        least=2,
    )
    assert not found.case.points.reached.any()
    assert not any(item.reached.any() for item in found.of("trip_on_a_line"))
    (headway,) = found.of("headway_on_a_line")
    # 08:25 less a minute's walk and 18 minutes: 08:06, and one an hour later; the way home is as it was.
    assert headway.edits == (SetHeadway("r", 60, "08:06:00", "09:07:00"),)
    assert headway.detail == "R: 60 min, 08:06–09:06"
    assert headway.reached.all()
    row = found.table().set_index("remedy").loc["headway_on_a_line"]
    assert (row["detail"], row["line"], row["share_after"], row["residents_gained"]) == (
        headway.detail,
        "R",
        1.0,
        100.0,
    )
    assert row["lifts"]
    # 08:25 less 08:05, a minute before the bus; a minute later it is too late, and an hour is lost.
    assert found.out_min(headway.edits).tolist() == [[20.0, 20.0]]
    assert (found.out_min([SetHeadway("r", 60, "08:07:00", "09:08:00")]) > 45).all()
    plan = service_plan(found.diagnosis, found.engines, found.case, found.trials)
    assert plan.loc[0, ["changes", "remedy", "residents_unflagged"]].tolist() == [1, "headway_on_a_line", 100.0]
    assert len(plan) == 1


def test_one_shift_needs_one_trip_which_asks_less_than_a_headway(tmp_path: Path) -> None:
    found = tried(
        tmp_path,
        LINE,
        ["A 07:30 B 07:48", *BACK],
        [("early", WORK, "08:30", "16:30")],
        {"home": HOME},
    )
    (trip,) = found.of("trip_on_a_line")
    assert trip.edits == (RepeatTrip("t0", "08:06:00"),)
    assert trip.reached.all()
    # The bicycle asks nobody, 38 minutes; of what the operator can do, one trip is told beside it.
    told = found.table().set_index("remedy")["smallest"]
    assert told.to_dict() == {"bike_to_the_stop": True, "trip_on_a_line": False}
    assert list(SERVICE) == ["held_connection", "trip_on_a_line", "headway_on_a_line", "extended_line"]


def test_a_line_that_does_not_run_then_has_no_headway_to_speak_of(tmp_path: Path) -> None:
    # The line runs in the evening only: a trip in the morning is a new one, not a denser headway.
    found = tried(tmp_path, LINE, ["A 19:00 B 19:18", *BACK], [("early", WORK, "08:30", "16:30")], {"home": HOME})
    assert not found.of("headway_on_a_line")
    assert [item.edits for item in found.of("trip_on_a_line")] == [(RepeatTrip("t0", "08:06:00"),)]


def extended(tmp_path: Path, homes: dict[str, float], work: float, **options: Any) -> Tried:
    return tried(
        tmp_path,
        LINE,
        ["A 07:20 B 07:38", "B 16:55 A 17:13"],
        [("usine", work, "08:00", "16:30")],
        homes,
        minutes=60,
        **options,
    )


def test_a_line_is_extended_to_those_who_live_beyond_its_end(tmp_path: Path) -> None:
    # 3 km before the first stop: nobody walks so far; 3 km by bus bring them to the 07:20, which is in time.
    found = extended(tmp_path, {"beyond": -3_000.0, "near": HOME}, WORK)
    assert found.diagnosis.flags.set_index("zone_id")["main_reason"].dropna().to_dict() == {"beyond": "TOO_FAR_TO_WALK"}
    (longer,) = [item for item in found.of("extended_line") if item.reached.all()]
    (edit,) = longer.edits
    assert isinstance(edit, ExtendLine)
    assert (edit.line, edit.terminus, edit.minutes) == ("r", "A", None)
    assert longer.detail == "R: Stop A → BEYOND"
    row = found.table().set_index("remedy").loc["extended_line"]
    assert (row["zone_id"], row["share_before"], row["share_after"]) == ("beyond", 0.0, 1.0)


def test_a_line_is_extended_to_a_site_beyond_its_end(tmp_path: Path) -> None:
    found = extended(tmp_path, {"near": HOME}, 12_000.0)
    (longer,) = [item for item in found.of("extended_line") if item.reached.all()]
    (edit,) = longer.edits
    assert isinstance(edit, ExtendLine)
    assert (edit.line, edit.terminus) == ("r", "B")


@pytest.mark.parametrize("route_type", [0, 1, 2, 4, 109])
def test_rails_and_boats_are_not_extended_over_streets(tmp_path: Path, route_type: int) -> None:
    found = extended(tmp_path, {"beyond": -3_000.0}, WORK, route_types={"r": route_type})
    assert not found.of("extended_line")


@pytest.mark.parametrize("books", [False, True])
def test_a_service_to_book_is_told_to_those_who_do_not_book(tmp_path: Path, books: bool) -> None:
    ask = {"pickup_type": 2, "drop_off_type": 2} if books else {}
    there = [{"stop_id": "A", "departure_time": "08:00:00"}, {"stop_id": "B", "arrival_time": "08:18:00"}]
    back = [{"stop_id": "B", "departure_time": "16:45:00"}, {"stop_id": "A", "arrival_time": "17:03:00"}]
    trips = [{"calls": [call | ask for call in way], "trip_id": name} for name, way in (("t", there), ("u", back))]
    found = tried(tmp_path, LINE, trips, [("usine", WORK, "08:30", "16:30")], {"home": HOME}, minutes=30)
    assert bool(found.case.points.reached.all()) is not books
    table = found.table()
    if not books:
        assert not len(table)
        return
    # 26 minutes with the bus that one books, 38 by bicycle; a shared car asks a neighbour, booking nobody.
    assert table["remedy"].tolist() == ["booked_transport"]
    assert table.loc[0, ["share_before", "share_after", "lifts"]].tolist() == [0.0, 1.0, True]


def test_what_is_told_of_a_change_is_what_a_diagnosis_on_the_changed_network_finds(tmp_path: Path) -> None:
    found = extended(tmp_path, {"beyond": -3_000.0, "near": HOME}, WORK)
    assert found.trials.tried
    for item in found.trials.tried:
        again = found.engines.on(item.edits).network
        assert again.timetable is not None
        whole = diagnosed(again, [("usine", WORK, "08:00", "16:30")], {"beyond": -3_000.0, "near": HOME}, minutes=60)
        assert whole.case("tc", "job").points.reached.tolist() == item.reached.tolist()
        assert again.timetable.notes[-1].key.startswith("edit.")
        # On every service day that the feed runs, not on one day's list.
        changed = np.setdiff1d(again.timetable.trip_id, found.network.timetable.trip_id)  # type: ignore[union-attr]
        if len(changed):
            days = again.timetable.trip_day[np.isin(again.timetable.trip_id, changed)]
            assert set(days.tolist()) == {-1, 0, 1}


def test_whom_a_change_takes_a_metier_is_told_beside_whom_it_gives_one(tmp_path: Path) -> None:
    found = extended(tmp_path, {"beyond": -3_000.0, "near": HOME}, WORK)
    (longer,) = [item for item in found.of("extended_line") if item.reached.all()]
    assert (found.table()["residents_lost"] == 0).all()
    # The same change, were it to leave only those beyond the terminus with the job: a hundred lose it.
    turned = replace(longer, reached=~found.case.points.reached)
    told = with_lines(
        pd.DataFrame({"remedy": [longer.remedy, ""], "detail": [longer.detail, ""], "share_after": [0.5, 0.0]}),
        found.diagnosis,
        found.case,
        [turned],
    )
    assert told["residents_lost"].tolist() == [100.0, 0.0]
    assert list(told.columns) == ["remedy", "detail", "line", "trip", "minute", "share_after", "residents_lost"]
