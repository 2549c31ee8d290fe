"""Scenarios: what they change is what a full run of the changed study would say, and no loser is hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from geo_access.errors import InputError
from geo_access.study.changes import Change, ScenarioSection, SessionAdded, SessionClosed, ThresholdChanged
from geo_access.study.file import read_study_file
from geo_access.study.findings import findings
from geo_access.study.inputs import read_inputs
from geo_access.study.network import study_network
from geo_access.study.prepared import PreparedStudy, diagnose_assumptions
from geo_access.study.scenario import Assumptions, apply_changes, scenario_changes
from geo_access.study.whatif import Outcome, run_scenario
from geo_access.times.kept import KeptTimes
from geo_access.words.messages import error_text
from tests.shared import ROOT
from tests.study.drawn_world import recomputed

CHANGE = TypeAdapter(Change)
KEYS = ["zone_id", "metier", "profile", "kind", "schedule", "threshold"]


# What the scenarios below speak of: three métiers, one public on foot and by bus, one by car.
METIERS, PROFILES, SCHEDULES = (
    ("F1602", "H2913", "N4101"),
    ("sans_voiture", "voiture"),
    ("journee_formation", "poste_matin"),
)


@pytest.fixture(scope="module")
def base() -> PreparedStudy:
    path = ROOT / "data" / "demo" / "study.toml"
    file = read_study_file(path)
    kept = {
        "metiers": tuple(item for item in file.metiers if item.code in METIERS),
        "profiles": tuple(item for item in file.profiles if item.id in PROFILES),
        "schedules": tuple(item for item in file.schedules if item.id in SCHEDULES),
        "scenarios": (),
    }
    small = file.model_copy(update=kept)
    assumed = Assumptions(small, read_inputs(small, path), study_network(small))
    return diagnose_assumptions(assumed, path, kept=KeptTimes())


def change(**fields: object) -> Change:
    return CHANGE.validate_python(fields)


def people(outcome: Outcome, metier: str, profile: str = "sans_voiture", kind: str = "training") -> pd.Series:
    table = outcome.delta.people
    return table[(table["metier"] == metier) & (table["profile"] == profile) & (table["kind"] == kind)].iloc[0]


def assert_equals_full_run(base: PreparedStudy, outcome: Outcome) -> None:
    """Nothing of the times known before stands behind the flags of the scenario but what is true of it."""
    alone = diagnose_assumptions(
        recomputed(apply_changes(base.assumptions, outcome.changes)), base.path, kept=KeptTimes()
    ).diagnosis.flags
    mine = outcome.after.diagnosis.flags
    pd.testing.assert_frame_equal(
        mine.sort_values(KEYS).reset_index(drop=True), alone.sort_values(KEYS).reset_index(drop=True)
    )


def test_a_bus_at_half_past_four_opens_the_industrial_zone_at_five(base: PreparedStudy) -> None:
    # L8 leaves Fergny at 05:50 and takes 20 min: 06:10. One trip at 04:25 is there at 04:45, before 04:55.
    bus = change(change="repeat_trip", line="L8", near="05:50", start="04:25")
    outcome = run_scenario(base, [bus])
    table = outcome.delta.people
    jobs = table[(table["kind"] == "job") & (table["profile"] == "sans_voiture") & (table["schedule"] == "poste_matin")]
    assert jobs["residents_won"].max() > 10_000
    assert (table["residents_lost"] == 0).all()
    assert (table.loc[table["profile"] == "voiture", "residents_won"] == 0).all()
    assert_equals_full_run(base, outcome)


def test_a_minute_at_a_change_of_bus_opens_welding_to_a_village(base: PreparedStudy) -> None:
    # L1 comes to Chapelle at 08:38, as L4 leaves: a minute to change, and 3,016 people of Lomprez are in time.
    asked = {"stop": "Valmont Chapelle 2", "line": "L4", "start": "08:38", "end": "08:39", "feeder": "L1"}
    outcome = run_scenario(base, [change(change="hold_connection", minutes=1, **asked)])
    row = people(outcome, "H2913")
    assert row["residents_won"] > 3_000
    assert (outcome.delta.people["residents_lost"] == 0).all()
    assert_equals_full_run(base, outcome)


def test_a_study_finds_that_bus_by_itself(base: PreparedStudy) -> None:
    found = findings(base.file, base.inputs, base.kept.on(base.network), base.diagnosis)
    remedies = found.remedies
    early = remedies[(remedies["line"] == "L8") & (remedies["schedule"] == "poste_matin") & remedies["lifts"]]
    assert len(early)
    assert (early["share_before"] == 0).any()
    assert early["share_after"].max() > 0.97
    # 20 minutes by bus and the walk to the door, before 04:55.
    assert early["minute"].between("04:20", "04:35").all()
    # Beside the smallest change, never in its place: one row of each zone and question is the smallest.
    question = ["zone_id", "metier", "profile", "kind", "schedule", "threshold"]
    assert remedies[remedies["smallest"]].groupby(question).size().eq(1).all()
    assert found.trip_plan is not None
    first = found.trip_plan[(found.trip_plan["schedule"] == "poste_matin") & (found.trip_plan["changes"] == 1)]
    assert first["residents_gained"].iloc[0] > 10_000
    held = remedies[(remedies["remedy"] == "held_connection") & (remedies["line"] == "L4") & remedies["lifts"]]
    assert "Lomprez" in set(held["zone_name"])
    # How many changes were recomputed, and where the search stopped before its end.
    keys = [told.key for told in found.notes]
    assert keys.count("diagnosis.trips_tried") == 1
    assert set(keys) == {"diagnosis.trips_tried", "search.bound", "search.remedy_limits"}
    assert "were recomputed" in str(found.notes[keys.index("diagnosis.trips_tried")])


def test_a_welding_session_in_a_full_town_frees_places_and_takes_no_way_away(base: PreparedStudy) -> None:
    # H2913 has 22 places, all taken: nobody reaches a free one. A session of 12 places changes that, not the map.
    outcome = run_scenario(base, [SessionAdded(site="T01", metier="H2913", level=3, places=12)])
    row = people(outcome, "H2913")
    column = [m.code for m in base.metiers].index("H2913")
    assert (base.case("sans_voiture", "training", "journee_formation").points.free_places[:, column] == 0).all()
    assert row["free_won"] > 0
    assert row["free_lost"] == row["residents_lost"] == 0
    assert people(outcome, "F1602")["free_won"] == people(outcome, "F1602")["residents_won"] == 0
    assert_equals_full_run(base, outcome)


def test_closing_a_site_hides_no_loser_and_closing_it_twice_is_a_fault(base: PreparedStudy) -> None:
    outcome = run_scenario(base, [SessionClosed(site="T01"), SessionClosed(site="T02")])
    row = people(outcome, "F1602")
    assert row["residents_won"] == 0
    assert row["reached_after"] == row["reached_before"] - row["residents_lost"]
    with pytest.raises(InputError, match="no session at T01"):
        run_scenario(base, [SessionClosed(site="T01"), SessionClosed(site="T01")])


def test_a_longer_threshold_gains_and_loses_nobody(base: PreparedStudy) -> None:
    outcome = run_scenario(base, [ThresholdChanged(id="formation_60", minutes=75)])
    assert people(outcome, "N4101")["residents_won"] > 0
    assert (outcome.delta.people["residents_lost"] == 0).all()
    assert_equals_full_run(base, outcome)


def test_the_groups_that_gain_are_counted_apart(base: PreparedStudy) -> None:
    place = {"name": "Sombreuil", "lon": 4.36, "lat": 50.02}
    outcome = run_scenario(base, [SessionAdded(**place, metier="N4101", level=3, places=12)])
    row = people(outcome, "N4101", profile="voiture")
    residents = base.diagnosis.residents
    column = [m.code for m in base.metiers].index("N4101")
    old, new = (
        study.case("voiture", "training", "journee_formation").points.reached[:, column]
        for study in (base, outcome.after)
    )
    won = new & ~old
    rural = np.asarray(residents.membership[residents.zone_kinds.astype(str) == "rural"].sum(axis=0)).ravel()
    assert row["residents_won"] == pytest.approx(residents.population[won].sum())
    assert row["residents_won"] > 0
    assert row["rural_won"] == pytest.approx((residents.population * np.minimum(rural, 1))[won].sum())
    youth = base.inputs.points.set_index("point_id")["youth_15_24"].loc[residents.point_ids[won]].sum()
    assert row["youth_won"] == pytest.approx(youth)
    assert_equals_full_run(base, outcome)


def test_moved_hours_touch_one_employer(base: PreparedStudy) -> None:
    later = change(change="hours_moved", site="E002", start="05:00", end="13:00", new_start="07:00", new_end="15:00")
    outcome = run_scenario(base, [later])
    trip = outcome.after.diagnosis.times["sans_voiture", "job", "own_hours"]
    sites = outcome.after.diagnosis.sites["job"]
    moved = (sites.ids == "E002") & (sites.start_s == 7 * 3600)
    assert moved.sum() == 1
    assert np.isfinite(trip.out_s[:, moved]).any()


def test_a_tenth_of_the_trips_cancelled_is_the_same_for_the_same_seed(base: PreparedStudy) -> None:
    draws = [
        apply_changes(base.assumptions, [change(change="cancel_trips", share=0.1, seed=seed)]) for seed in (1, 1, 2)
    ]
    trips = [set(draw.network.timetable.trip_id.tolist()) for draw in draws]
    assert trips[0] == trips[1] != trips[2]
    everyone = len(set(base.network.timetable.trip_id.tolist()))
    assert len(trips[0]) == everyone - round(0.1 * everyone)


@pytest.mark.parametrize(
    ("fields", "french"),
    [
        ({"change": "close_line", "line": "L88"}, "L8"),
        ({"change": "session_closed", "site": "T99"}, "sites proches"),
        ({"change": "session_added", "site": "T99", "metier": "H2913", "level": 3, "places": 5}, "aucun site"),
        ({"change": "session_added", "site": "T01", "metier": "Z1", "level": 3, "places": 5}, "n’est pas dans l’étude"),
        ({"change": "threshold", "id": "x", "minutes": 30}, "aucun seuil"),
        (
            {
                "change": "hours_moved",
                "site": "E001",
                "start": "04:00",
                "end": "12:00",
                "new_start": "06:00",
                "new_end": "14:00",
            },
            "05:00–13:00",
        ),
        ({"change": "repeat_trip", "line": "L8", "towards": "Nulle part", "start": "04:25"}, "vers :"),
        ({"change": "cancel_trips", "share": 0.0001, "line": "L8"}, "n’en fait aucune"),
    ],
)
def test_a_change_that_names_nothing_is_told_with_the_nearest_names(
    base: PreparedStudy, fields: dict, french: str
) -> None:
    with pytest.raises(InputError) as error:
        apply_changes(base.assumptions, [change(**fields)], where="scenarios: x")
    told = error_text(error.value, "fr").replace("\u202f", " ")
    assert french in told
    assert "scenarios: x: 1." in told


def test_all_faults_of_a_scenario_come_at_once(base: PreparedStudy) -> None:
    wrong = [change(change="close_line", line="L88"), change(change="session_closed", site="T99")]
    with pytest.raises(InputError) as error:
        apply_changes(base.assumptions, wrong)
    assert len(error.value.faults) == 2


def test_scenarios_build_on_one_another_and_not_on_themselves() -> None:
    def section(name: str, after: str | None) -> ScenarioSection:
        return ScenarioSection(id=name, name=name, after=after, changes=(SessionClosed(site=name),))

    chain = [section("a", None), section("b", "a")]
    assert [item.site for item in scenario_changes(chain, "b")] == ["a", "b"]
    with pytest.raises(InputError, match="builds on itself"):
        scenario_changes([section("a", "b"), section("b", "a")], "a")
    with pytest.raises(InputError, match="not in the study"):
        scenario_changes(chain, "c")


def test_a_change_without_effect_says_so(base: PreparedStudy) -> None:
    # A place more where places are free already.
    outcome = run_scenario(base, [SessionAdded(site="T01", metier="F1602", level=3, places=1)])
    assert outcome.delta.changes_nothing


@pytest.mark.parametrize(
    "fields",
    [
        {"change": "session_added", "metier": "H2913", "level": 3, "places": 0, "site": "T01"},
        {"change": "session_added", "metier": "H2913", "level": 3, "places": 5},
        {"change": "session_added", "metier": "H2913", "level": 3, "places": 5, "site": "T01", "lon": 3.0, "lat": 50.0},
        {"change": "repeat_trip", "start": "04:25"},
        {"change": "dance"},
        {"change": "hold_connection", "stop": "A", "minutes": 0, "line": "L8", "feeder": "K1"},
        {"change": "hold_connection", "stop": "A", "minutes": 500, "line": "L8", "feeder": "K1"},
        {"change": "headway", "line": "L8", "headway_min": 0, "start": "05:00", "end": "06:00"},
    ],
)
def test_a_change_that_cannot_be_is_refused_when_it_is_read(fields: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        change(**fields)


def test_a_line_to_be_booked_is_lost_to_those_who_do_not_book(base: PreparedStudy) -> None:
    closed = run_scenario(base, [change(change="close_line", line="L8")])
    booked = run_scenario(base, [change(change="line_booked", line="L8")])
    assert_equals_full_run(base, booked)
    pd.testing.assert_series_equal(
        people(booked, "H2913", kind="job")[["residents_lost", "residents_won"]],
        people(closed, "H2913", kind="job")[["residents_lost", "residents_won"]],
    )
    assert booked.delta.people["residents_lost"].sum() > 0
    back = apply_changes(booked.after.assumptions, [change(change="line_booked", line="L8", booked=False)])
    assert not back.network.timetable.trip_on_demand.any()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"change": "line_booked", "line": "L8", "booked": False}, "no trip of line 'L8'"),
        ({"change": "line_booked", "line": "L88"}, "L8"),
        (
            {"change": "hold_connection", "stop": "Nowhere", "minutes": 5, "line": "L8", "feeder": "K1"},
            "no stop 'Nowhere'",
        ),
        ({"change": "hold_connection", "stop": "Nowhere", "minutes": 5, "line": "L88", "feeder": "K1"}, "nearest: L8"),
        ({"change": "hold_connection", "stop": "Nowhere", "minutes": 5, "line": "L8"}, "a line or trips for each"),
    ],
)
def test_a_change_of_a_line_that_changes_nothing_or_names_nothing_is_refused(
    base: PreparedStudy, fields: dict, word: str
) -> None:
    with pytest.raises(InputError, match=word):
        apply_changes(base.assumptions, [change(**fields)])


def test_free_transport_changes_the_cost_and_no_time(base: PreparedStudy) -> None:
    outcome = run_scenario(base, [change(change="fare_free")])
    assert outcome.delta.changes_nothing
    assert outcome.after.file.costs is not None
    assert outcome.after.file.costs.pass_month_eur == 0.0
