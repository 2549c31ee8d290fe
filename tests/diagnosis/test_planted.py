"""One zone for each reason, each doubt, each kind of missing data and each remedy, by arithmetic: all of them found."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from geo_access.clock import parse_clock
from geo_access.diagnosis.confidence import Variant
from geo_access.diagnosis.diagnose import diagnose_with
from geo_access.diagnosis.evidence import TimesSources
from geo_access.diagnosis.flag import flag_zones
from geo_access.diagnosis.model import UNMEASURED, Asked, Confidence, FlagReason, Level, Metier
from geo_access.diagnosis.points import Evidence
from geo_access.diagnosis.remedies import REMEDIES, smallest_remedies
from geo_access.diagnosis.service_remedies import TriedChange
from geo_access.diagnosis.supply import training_offers
from geo_access.network.timetable.edits import RepeatTrip
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query
from geo_access.times.round_trip import RoundTrip

from .fabric import ASKED, DAY, EPSG, HOUR, NONE, RULES, TRANSIT, WELDER, TableTimes, residents_of, training

# Be there at 8:00, leave at 17:00; the threshold is an hour.
DUE, FREE = 8 * 60, 17 * 60


@dataclass(frozen=True)
class Way:
    """Minutes of one way, or why there is none and when something runs [min of the day]."""

    minutes: float = NONE
    beyond: float = NONE
    reason: int = 0
    at: float = NONE


@dataclass(frozen=True)
class Plant:
    """A zone: both ways, what each lacks by arithmetic, and what it must be called."""

    name: str
    out: Way
    back: Way
    lacks: tuple[float, float]
    level: str = "inadéquat"
    doubts: dict[str, float] = field(default_factory=dict)


def absent() -> Way:
    return Way(reason=Reason.DISCONNECTED)


FINE = Way(20)
PLANTED = [
    Plant("REACHES", FINE, Way(59), (NONE, NONE), "adéquat"),
    Plant("SLOW_OUT", Way(75), FINE, (15, NONE)),
    Plant("SLOW_BACK", FINE, Way(beyond=150, reason=Reason.OVER_CUTOFF), (NONE, 90)),
    Plant("SLOW_BOTH", Way(61), Way(62), (1, 2)),
    Plant("LATE_OUT", Way(reason=Reason.FIRST_TRIP_TOO_LATE, at=DUE + 23), FINE, (23, NONE)),
    Plant("EARLY_BACK", FINE, Way(reason=Reason.LAST_TRIP_TOO_EARLY, at=FREE - 40), (NONE, 40)),
    Plant(
        "HOURS_BOTH",
        Way(reason=Reason.FIRST_TRIP_TOO_LATE, at=DUE + 5),
        Way(reason=Reason.LAST_TRIP_TOO_EARLY, at=FREE - 300),
        (5, 300),
    ),
    Plant("ABSENT_OUT", absent(), FINE, (NONE, NONE)),
    Plant("ABSENT_BACK", FINE, Way(reason=Reason.NO_SERVICE_THAT_DAY), (NONE, NONE)),
    Plant("ABSENT_BOTH", absent(), absent(), (NONE, NONE)),
    Plant(
        "TOO_FAR_TO_WALK",
        Way(reason=Reason.NO_STOP_WITHIN_WALK),
        Way(reason=Reason.NO_STOP_WITHIN_WALK),
        (NONE, NONE),
    ),
    Plant("TOO_MANY_CHANGES", Way(reason=Reason.TOO_MANY_RIDES), FINE, (NONE, NONE)),
    Plant("SEVERAL", Way(75), absent(), (15, NONE)),
    Plant(
        "OFF_NETWORK",
        Way(reason=Reason.UNSNAPPED_ORIGIN),
        Way(reason=Reason.UNSNAPPED_ORIGIN),
        (NONE, NONE),
        "indécidable",
    ),
    Plant("FEEDS_MISSING", absent(), absent(), (NONE, NONE), "indécidable"),
]
_ROWS = [
    # Supply that decides nothing by travel: métier, what its rows say, level and reason.
    ("A1101", {"x": None, "places": 12}, "indécidable", "UNLOCATED_SUPPLY"),
    ("A1201", {"modality": "remote", "places": 40}, "sans objet", "ONLY_REMOTE"),
    ("A1301", {"x": 0.0, "places": 0}, "inadéquat", "TOO_FEW_PLACES"),
]


def table(ways: list[Way], what: str) -> np.ndarray:
    scale = 60.0 if what != "reason" else 1
    kind = np.uint8 if what == "reason" else np.float32
    return np.array([[getattr(way, what) * scale] for way in ways]).astype(kind)


def territory() -> pd.DataFrame:
    """Flags of the planted zones, one resident point each."""
    names = [plant.name for plant in PLANTED]
    residents = residents_of([100.0] * len(PLANTED), names)
    sites, offers = training_offers(training([{"site_id": "s", "x": 0.0}]), [WELDER], epsg=EPSG)
    out, back = [plant.out for plant in PLANTED], [plant.back for plant in PLANTED]
    trip = RoundTrip(
        table(out, "minutes"),
        table(back, "minutes"),
        out_reason=table(out, "reason"),
        back_reason=table(back, "reason"),
        out_beyond_s=table(out, "beyond"),
        back_beyond_s=table(back, "beyond"),
        next_arrival_s=table(out, "at"),
        last_departure_s=table(back, "at"),
        unsnapped_points=np.array([name == "OFF_NETWORK" for name in names]),
    )
    evidence = Evidence(
        trip,
        arrive_s=np.array([DUE * 60]),
        leave_s=np.array([FREE * 60]),
        towns=np.array([name == "FEEDS_MISSING" for name in names]),
    )
    flags = flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED)
    return flags.astype({"zone_id": str}).set_index("zone_id")


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.name)
def test_each_planted_reason_is_found_with_its_minutes(plant: Plant) -> None:
    row = territory().loc[plant.name]
    told = "REACHES" if pd.isna(row["main_reason"]) else str(row["main_reason"])
    assert told == plant.name
    assert str(row["level"]) == plant.level
    lacks = [float(row[name]) if not pd.isna(row[name]) else NONE for name in ("out_lack_min", "back_lack_min")]
    np.testing.assert_allclose(lacks, plant.lacks, atol=1e-4)
    if plant.name != "REACHES":
        assert float(row[f"share_{plant.name.lower()}"]) == 1.0


def supply_flags(rows: list[dict[str, object]], metiers: list[Metier], uncoded: int = 0) -> pd.DataFrame:
    """Flags of a zone 10 minutes from every site."""
    frame = training(rows)
    frame["metier"] = frame["metier"].where(frame["metier"] != "-", None)
    sites, offers = training_offers(frame, metiers, epsg=EPSG)
    residents = residents_of([100.0], ["z"])
    seconds = np.full((1, len(sites)), 600, np.float32)
    flags = flag_zones(residents, sites, offers=offers, evidence=Evidence(RoundTrip(seconds, seconds)), question=ASKED)
    return flags.astype({"metier": str}).set_index("metier")


def test_each_planted_kind_of_supply_is_found() -> None:
    rows: list[dict[str, object]] = [{"site_id": "w", "x": 0.0}]
    rows += [{"site_id": code, "metier": code, "x": 0.0} | more for code, more, _, _ in _ROWS]
    metiers = [WELDER, *(Metier(code) for code, _, _, _ in _ROWS), Metier("Z9999")]
    flags = supply_flags(rows, metiers)
    assert str(flags.loc["H2913", "level"]) == "adéquat"
    for code, _, level, reason in _ROWS:
        row = flags.loc[code]
        told = row["cause"] if level != "inadéquat" else row["main_reason"]
        assert (str(row["level"]), str(told)) == (level, reason), code
    assert (str(flags.loc["Z9999", "level"]), str(flags.loc["Z9999", "cause"])) == ("indécidable", "UNNAMED_METIER")
    # Rows that say no métier may hold what is missing.
    blank = supply_flags([{"site_id": "w", "x": 0.0, "metier": "-", "places": 50}], [Metier("H2913")])
    assert (str(blank.loc["H2913", "level"]), str(blank.loc["H2913", "cause"])) == ("indécidable", "UNCODED_SUPPLY")


def test_every_reason_and_every_kind_of_missing_data_is_planted() -> None:
    planted = (
        {plant.name for plant in PLANTED} | {reason for *_, reason in _ROWS} | {"UNNAMED_METIER", "UNCODED_SUPPLY"}
    )
    assert planted == {reason.name for reason in FlagReason}
    assert {reason.name for reason in UNMEASURED} <= planted
    assert {"adéquat", "inadéquat", "indécidable", "sans objet"} <= {level.value for level in Level}


DOUBTS = [
    # Zone, minutes as planned, minutes with the variant: what makes the level less sure, and by how much.
    ("sure", 20.0, {}, Confidence.SUR, ""),
    ("cancelled", 20.0, {"cancelled": 90.0}, Confidence.PROBABLE, "cancelled"),
    ("school_lines", 20.0, {"school_lines": NONE}, Confidence.PROBABLE, "school_lines"),
    ("other_date", 20.0, {"other_date": NONE}, Confidence.INDECIDABLE, "other_date"),
    ("imputed", 20.0, {}, Confidence.PROBABLE, "imputed"),
    ("threshold", 58.0, {}, Confidence.SUR, ""),
]


def test_each_planted_doubt_is_found_and_what_was_chosen_stands_apart() -> None:
    names = [name for name, *_ in DOUBTS]
    residents = residents_of([100.0] * len(DOUBTS), names, imputed=[name == "imputed" for name in names])
    sites, offers = training_offers(training([{"site_id": "s", "x": 0.0}]), [WELDER], epsg=EPSG)
    usual = np.array([[minutes * 60] for _, minutes, *_ in DOUBTS], np.float32)
    variants = []
    for variant in ("cancelled", "school_lines", "other_date"):
        moved = [[more.get(variant, minutes) * 60] for _, minutes, more, *_ in DOUBTS]
        seconds = np.array(moved, np.float32)
        variants.append(Variant(variant, RoundTrip(seconds, seconds)))
    evidence = Evidence(RoundTrip(usual, usual), variants=tuple(variants))
    flags = flag_zones(residents, sites, offers=offers, evidence=evidence, question=ASKED)
    rows = flags.astype({"zone_id": str}).set_index("zone_id")
    for name, _, _, confidence, doubt in DOUBTS:
        assert (str(rows.loc[name, "confidence"]), str(rows.loc[name, "doubts"])) == (confidence.value, doubt), name
    assert str(rows.loc["threshold", "sensitive"]) == "threshold"
    assert rows.loc["imputed", "imputed_share"] == 1.0


# Zone → what alone brings it under the hour.
LIFTED = (
    "bike_to_the_stop",
    "covoiturage",
    "hours_moved",
    "held_connection",
    "trip_on_a_line",
    "headway_on_a_line",
    "extended_line",
    "session_at_existing_site",
    "weekly_stay",
    "",
)


def test_each_planted_remedy_is_found_and_nothing_is_promised_where_nothing_lifts() -> None:
    residents = residents_of([100.0] * len(LIFTED), [name or "nothing" for name in LIFTED])
    rows = [{"site_id": "weld", "x": 9e3}, {"site_id": "care", "x": 1e3, "metier": "J1506", "places": 20}]
    nurse = Metier("J1506", "Soins infirmiers", "Santé")
    sites, offers = training_offers(training(rows), [WELDER, nurse], epsg=EPSG)
    moved_to = (parse_clock("08:55"), parse_clock("17:35"))

    def minutes(query: Query, there: bool) -> list[list[float]]:
        window = query.arrive or query.depart
        found = []
        for name in LIFTED:
            # 100 minutes to the welders; a week's stay may be four hours away, which 300 minutes are not.
            weld = 100.0 if name == "weekly_stay" else 300.0
            weld = 50.0 if name == "bike_to_the_stop" and query.mode == "bike+transit" else weld
            weld = 30.0 if name == "covoiturage" and query.mode == "car" else weld
            late = query.mode == "transit" and window is not None and window.start_s in moved_to
            weld = 55.0 if name == "hours_moved" and late else weld
            found.append([weld, 40.0 if name == "session_at_existing_site" else 300.0])
        return found

    times = TableTimes(residents.xy, sites.xy, minutes)
    diagnosis = diagnose_with(
        TimesSources(times),
        residents=residents,
        supply={"training": (sites, offers)},
        asked=Asked([TRANSIT], [HOUR], [DAY], RULES),
    )
    changes = []
    for remedy in ("extended_line", "headway_on_a_line", "trip_on_a_line", "held_connection"):
        reached = np.zeros((len(LIFTED), 2), bool)
        reached[LIFTED.index(remedy), 0] = True
        minute = "07:20" if remedy == "trip_on_a_line" else ""
        changes.append(
            TriedChange(remedy, (RepeatTrip("t1", "07:20:00"),), "L8", "t1", minute, f"L8: {remedy}", reached)
        )
    table = smallest_remedies(diagnosis, times, diagnosis.case("tc", "training"), changes=changes)
    welding = table[(table["metier"] == "H2913") & table["smallest"]].set_index("zone_id")
    assert dict(welding["remedy"]) == {name or "nothing": name for name in LIFTED}
    assert welding["lifts"].to_dict() == {name or "nothing": bool(name) for name in LIFTED}
    assert welding.loc["trip_on_a_line", ["line", "minute"]].tolist() == ["L8", "07:20"]
    assert welding.loc["hours_moved", "detail"] == "+30 min"
    assert (welding["share_after"] == [1.0] * 9 + [0.0]).all()
    # A longer threshold is told as a sensitivity, never as a remedy.
    # What is booked needs a timetable: see test_service_remedies.
    assert set(REMEDIES) == {name for name in LIFTED if name} | {"booked_transport", "longer_threshold"}
