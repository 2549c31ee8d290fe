"""One hour or 30 km: whoever is within either gets there, and every answer says the same."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_access.diagnosis import distance
from geo_access.diagnosis.confidence import Variant
from geo_access.diagnosis.dictionary import flag_dictionary, thresholds_table
from geo_access.diagnosis.distance import Beside, within_distance
from geo_access.diagnosis.flag import concat_flags, flag_zones
from geo_access.diagnosis.lifts import Counterfactual
from geo_access.diagnosis.model import FlagReason, FlagRules, Profile, Question, Threshold
from geo_access.diagnosis.points import Evidence, PointFlags, flag_points, shared_places
from geo_access.diagnosis.residents import Residents
from geo_access.diagnosis.supply import Offers
from geo_access.diagnosis.supply_adequacy import employer_need
from geo_access.errors import InputError
from geo_access.study.file import checked_changes, read_study_file, study_thresholds
from geo_access.study.levels import LevelEngine
from geo_access.study.lines import reached_with
from geo_access.study.prepared import prepare_study
from geo_access.study.scenario import apply_changes
from geo_access.study.study import Study
from geo_access.study.whatif import run_scenario
from geo_access.times.round_trip import RoundTrip, Sites
from tests.diagnosis.fabric import RULES, WELDER, residents_of
from tests.study.count_edits import compare, differing
from tests.study.drawn_world import write_world

HOUR_OR_30 = Threshold("t", "une heure ou 30 km", 60, "training", source="exemple", kilometres=30, measured="crow_fly")
HOUR = replace(HOUR_OR_30, kilometres=None, measured=None)


def place(km: float) -> Sites:
    """One site so many kilometres east of `residents_of`'s first point."""
    return Sites(np.array(["s"], object), np.array(["S"], object), np.array([[700_000 + 1000 * km, 7_000_000.0]]))


def offers(*places: int) -> Offers:
    n, zero = len(places), np.zeros(1, np.int64)
    counts = np.array(places, np.int64)
    site = np.arange(n, dtype=np.int32)
    return Offers((WELDER,), np.array([0, n]), site, counts, counts, np.ones(n, bool), zero, zero, zero)


def trip(minutes: float) -> RoundTrip:
    seconds = np.array([[60 * minutes]], np.float32)
    return RoundTrip(seconds, seconds.copy())


def points(km: float, minutes: float, threshold: Threshold, rules: FlagRules = RULES) -> PointFlags:
    people, evidence = residents_of([100.0], ["a"]), Evidence(trip(minutes))
    return flag_points(people, place(km), offers(10), evidence, threshold=threshold, rules=rules)


@pytest.mark.parametrize(
    ("km", "minutes", "reached", "by_distance", "reason", "lack_min"),
    [
        (29, 75, True, True, FlagReason.REACHES, None),
        (31, 59, True, False, FlagReason.REACHES, None),
        (29, 59, True, False, FlagReason.REACHES, None),
        (30, float("nan"), True, True, FlagReason.REACHES, None),
        (31, 61, False, False, FlagReason.SLOW_BOTH, 1),
        (31, float("nan"), False, False, FlagReason.ABSENT_BOTH, None),
    ],
)
@pytest.mark.parametrize("version", ["geo-access/1", "geo-access/2"])
def test_either_is_enough(
    km: float,
    minutes: float,
    reached: bool,
    by_distance: bool,
    reason: FlagReason,
    lack_min: float | None,
    version: str,
) -> None:
    found = points(km, minutes, HOUR_OR_30, replace(RULES, version=version))
    assert found.reached.tolist() == [[reached]]
    assert found.by_distance is not None
    assert found.by_distance.tolist() == [[by_distance]]
    assert found.places.tolist() == [[10 if reached else 0]]
    assert found.places_per_candidate[0, 0] == pytest.approx(10 / 100 if reached else 0)
    if version == "geo-access/2":
        assert FlagReason(int(found.reason[0, 0])) is reason
        assert np.isnan(found.out_lack_s[0, 0]) if lack_min is None else found.out_lack_s[0, 0] == 60 * lack_min
    # What is shown stays what was measured.
    measured = 60 * minutes if minutes == minutes else np.inf
    assert found.best_s[0, 0] == measured


def test_times_alone_say_nothing_of_a_distance() -> None:
    assert points(1, 75, HOUR).by_distance is None
    assert not points(1, 75, HOUR).reached.any()


def test_doubts_and_lifts_read_the_distance_too() -> None:
    people, never = residents_of([100.0], ["a"]), trip(float("nan"))
    evidence = Evidence(
        trip(75),
        lifted=(Counterfactual("bike", np.array([0]), never),),
        variants=(Variant("cancelled", never), Variant("other_date", trip(90))),
    )
    near = flag_points(people, place(26), offers(10), evidence, threshold=HOUR_OR_30, rules=RULES)
    assert all(doubt.reached.all() for doubt in near.doubts)
    assert near.lifts["bike"].all()
    # A tenth shorter is 27 km and 54 minutes: 29 km away it is the threshold that decides.
    edge = flag_points(people, place(29), offers(10), evidence, threshold=HOUR_OR_30, rules=RULES)
    told = [(doubt.name, bool(doubt.reached.all())) for doubt in edge.doubts]
    assert told == [("cancelled", True), ("other_date", True), ("threshold", False), ("threshold", True)]


def test_a_site_known_by_its_commune_may_stand_nearer_or_farther() -> None:
    unsure = replace(offers(10), sure_position=np.array([False]))
    found = flag_points(
        residents_of([100.0], ["a"]), place(29.9), unsure, Evidence(trip(300)), threshold=HOUR_OR_30, rules=RULES
    )
    assert [bool(d.reached.all()) for d in found.doubts if d.name == "position"] == [True, False]


def test_a_point_off_the_streets_is_as_near_as_it_is() -> None:
    off = RoundTrip(*(np.full((1, 1), np.nan, np.float32) for _ in range(2)), unsnapped_points=np.array([True]))
    people = residents_of([100.0], ["a"])
    for km, reason in ((29, FlagReason.REACHES), (31, FlagReason.OFF_NETWORK)):
        found = flag_points(people, place(km), offers(10), Evidence(off), threshold=HOUR_OR_30, rules=RULES)
        assert FlagReason(int(found.reason[0, 0])) is reason


def test_sharing_in_parts_is_sharing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    people = residents_of(rng.uniform(1, 50, 9).tolist(), ["a"] * 9)
    sites = Sites(np.arange(3).astype(object), np.arange(3).astype(object), people.xy[[0, 4, 8]] + 500.0)
    times = RoundTrip(*(rng.uniform(0, 9000, (9, 3)).astype(np.float32) for _ in range(2)))
    beside = Beside(replace(HOUR_OR_30, kilometres=2), people.xy, sites.xy)
    whole = shared_places(people, offers(3, 0, 8), times, beside)
    monkeypatch.setattr(distance, "_PAIRS", 4)
    np.testing.assert_array_equal(shared_places(people, offers(3, 0, 8), times, beside), whole)
    read = beside.read(times)
    reading = shared_places(people, offers(3, 0, 8), read, Beside(HOUR, people.xy, sites.xy))
    np.testing.assert_array_equal(reading, whole)


@given(data=st.data(), km=st.floats(0.001, 12))
def test_kilometres_add_those_within_and_nobody_else(data: st.DataObject, km: float) -> None:
    n_points, n_sites = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    minutes = st.one_of(st.just(float("nan")), st.integers(0, 150).map(float))
    table = st.lists(st.lists(minutes, min_size=n_sites, max_size=n_sites), min_size=n_points, max_size=n_points)
    times = RoundTrip(*(np.array(data.draw(table), np.float32) * 60 for _ in range(2)))
    places = data.draw(st.lists(st.integers(0, 3), min_size=n_sites, max_size=n_sites))
    rules = replace(RULES, min_opportunities=data.draw(st.integers(1, 4)))
    people = residents_of([10.0] * n_points, ["a"] * n_points)
    xy = people.xy[0] + np.column_stack((np.arange(n_sites) * 2500.0, np.full(n_sites, 400.0)))
    sites = Sites(np.arange(n_sites).astype(object), np.arange(n_sites).astype(object), xy)

    def found(threshold: Threshold) -> PointFlags:
        return flag_points(people, sites, offers(*places), Evidence(times), threshold=threshold, rules=rules)

    plain, none, all_ = (found(t) for t in (HOUR, at(1e-6), at(1e5)))
    for name in ("reached", "reason", "places", "places_per_candidate", "out_lack_s", "back_lack_s"):
        np.testing.assert_array_equal(getattr(none, name), getattr(plain, name))
    assert all_.places.tolist() == [[sum(places)]] * n_points
    assert all_.reached.all() == (sum(places) >= rules.min_opportunities)
    # Independently: pairs, then sums.
    near = np.hypot(*(people.xy[:, None, k] - xy[None, :, k] for k in (0, 1))) <= 1000 * km
    either = near | ((times.out_s <= 3600) & (times.back_s <= 3600))
    some = found(at(km))
    assert some.places[:, 0].tolist() == (either @ np.array(places)).tolist()
    assert (some.reached >= plain.reached).all()
    assert some.by_distance is not None
    np.testing.assert_array_equal(some.by_distance, some.reached & ~plain.reached)


def at(km: float) -> Threshold:
    return replace(HOUR_OR_30, kilometres=km)


def flags_of(threshold: Threshold, people: Residents, km: float, minutes: float) -> pd.DataFrame:
    profile, evidence = Profile("p", "", "transit"), Evidence(trip(minutes))
    return flag_zones(
        people, place(km), offers=offers(10), evidence=evidence, question=Question(threshold, profile), rules=RULES
    )


def test_the_flags_say_which_of_the_two_it_was() -> None:
    people = residents_of([100.0], ["a"])
    row = flags_of(HOUR_OR_30, people, 29, 75).iloc[0]
    assert (row["level"], row["threshold_km"], row["by_distance_share"]) == ("adéquat", 30, 1)
    assert flags_of(HOUR_OR_30, people, 31, 59).iloc[0]["by_distance_share"] == 0
    plain = flags_of(HOUR, people, 29, 75)
    assert "threshold_km" not in plain
    both = concat_flags([plain, flags_of(HOUR_OR_30, people, 29, 75)])
    assert both["by_distance_share"].isna().tolist() == [True, False]
    for language in ("fr", "en"):
        assert flag_dictionary(["threshold_km", "by_distance_share"], language).notna().all().all()
    table = thresholds_table([HOUR_OR_30])
    assert table.loc[0, ["kilometres", "measured_as"]].tolist() == [30, "crow_fly"]
    assert "kilometres" not in thresholds_table([HOUR])


def test_a_session_near_an_employer_counts_by_distance() -> None:
    far = np.array([[9000.0]])
    for km, need in ((29, 4), (31, 0)):
        beside = Beside(HOUR_OR_30, place(0).xy, place(km).xy)
        table = employer_need(offers(4), offers(10), far, limit_s=3600, beside=beside)
        assert table["need_near"].tolist() == [need]


def test_the_distance_itself_is_within() -> None:
    ends = np.array([[30_000.0, 0.0], [30_000.1, 0.0]])
    assert within_distance(np.zeros((1, 2)), ends, 30).tolist() == [[True, False]]


# --- studies --------------------------------------------------------------------------------------------------------


def study(folder: Path, seed: int, more: str) -> Path:
    """Write a drawn study whose threshold for training names kilometres."""
    path = write_world(folder, seed=seed, drawn=seed == 3)
    text = path.read_text(encoding="utf-8").replace('id = "t"\n', f'id = "t"\n{more}', 1)
    text = text.replace("minutes = 30\n", "minutes = 10\n", 1)
    path.write_text(text, encoding="utf-8")
    return path


KM = 'kilometres = {km}\nmeasured = "crow_fly"\n'


@pytest.mark.parametrize("seed", [1, 3])
def test_what_if_is_the_full_recomputation(tmp_path: Path, seed: int) -> None:
    world = prepare_study(study(tmp_path, seed, KM.format(km=2)))
    (tmp_path / "plain").mkdir()
    plain = prepare_study(study(tmp_path / "plain", seed, ""))
    case, before = (w.case("bus", "training", "day") for w in (world, plain))
    assert case.points.by_distance is not None
    assert case.points.by_distance.any()
    np.testing.assert_array_equal(case.points.reached & ~case.points.by_distance, before.points.reached)
    engine, times = LevelEngine(), world.kept.on(world.network)
    assert not differing(engine.levels(world.assumptions, times).table(), world.diagnosis.flags)
    assert not differing(engine.levels(plain.assumptions, plain.kept.on(plain.network)).table(), plain.diagnosis.flags)
    for column, metier in enumerate(item.code for item in case.offers.metiers):
        needed = world.minutes_needed(case, metier)
        np.testing.assert_array_equal(needed <= case.threshold.minutes, case.points.reached[:, column])
    for key, reached in reached_with(world, times).items():
        same = next(c for c in world.diagnosis.cases if (c.profile.id, c.kind, c.schedule, c.threshold.id) == key)
        np.testing.assert_array_equal(reached, same.points.reached)
    pick = random.Random(seed)  # noqa: S311 — not for secrets
    for _ in range(4):
        edits, wrong = compare(world, engine, pick)
        assert not wrong, edits
    changes = checked_changes([{"change": "threshold", "id": "t", "minutes": 4}])
    assumed = apply_changes(world.assumptions, changes)
    after = engine.levels(assumed, times).case("bus", "training", "day")
    assert after.threshold.kilometres == 2
    assert (after.reached >= case.points.by_distance).all()


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ("kilometres = 30\n", "crow_fly"),
        ('measured = "crow_fly"\n', "go together"),
        ('kilometres = 30\nmeasured = "by_road"\n', "by_road"),
        ('kilometres = 0\nmeasured = "crow_fly"\n', "kilometres"),
        ('kilometres = 30\nmeasured = "by feel"\n', "measured"),
    ],
)
def test_kilometres_without_a_way_of_measuring_are_refused(tmp_path: Path, more: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read_study_file(study(tmp_path, 0, more))


def test_a_threshold_by_hand_is_checked_alike() -> None:
    for wrong in (
        replace(HOUR, kilometres=30.0),
        replace(HOUR, measured="crow_fly"),
        replace(HOUR_OR_30, measured="by_road"),
        replace(HOUR_OR_30, kilometres=float("nan")),
    ):
        assert len(wrong.faults()) == 1
    assert not HOUR_OR_30.faults()


def test_the_kilometres_of_a_norm_count_where_the_study_says_how(tmp_path: Path) -> None:
    norm = 'norm = "ORE_2008"\n'
    path = study(tmp_path, 0, norm)
    text = path.read_text(encoding="utf-8").replace("minutes = 10\n", "", 1)
    path.write_text(text, encoding="utf-8")
    told = study_thresholds(read_study_file(path))[0]
    assert (told.minutes, told.kilometres) == (60, None)
    path.write_text(text.replace(norm, norm + 'measured = "crow_fly"\n'), encoding="utf-8")
    counted = study_thresholds(read_study_file(path))[0]
    assert (counted.minutes, counted.kilometres, counted.measured) == (60, 30, "crow_fly")
    path.write_text(text.replace(norm, norm + KM.format(km=20)), encoding="utf-8")
    with pytest.raises(InputError, match="says 30 km, not 20"):
        read_study_file(path)


def scenario(changes: str) -> str:
    return f'\n[[scenarios]]\nid = "a"\nname = "A"\n\n[[scenarios.changes]]\nchange = "threshold"\nid = "t"\n{changes}'


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (KM.format(km=1), {"kilometres": 12}, (10, KM.format(km=12))),
        (KM.format(km=2), {"kilometres": 0.5, "minutes": 14}, (14, KM.format(km=0.5))),
        (KM.format(km=6), {"without_kilometres": True}, (10, "")),
        (KM.format(km=6), {"without_kilometres": True, "minutes": 5}, (5, "")),
        ("", {"kilometres": 6, "measured": "crow_fly"}, (10, KM.format(km=6))),
    ],
)
def test_a_scenario_at_other_kilometres_is_the_study_that_names_them(
    tmp_path: Path, before: str, change: dict[str, object], after: tuple[int, str]
) -> None:
    world = prepare_study(study(tmp_path, 1, before))
    (tmp_path / "after").mkdir()
    path = study(tmp_path / "after", 1, after[1])
    text = path.read_text(encoding="utf-8").replace("minutes = 10\n", f"minutes = {after[0]}\n", 1)
    path.write_text(text, encoding="utf-8")
    whole = prepare_study(path).diagnosis.flags
    changes = checked_changes([{"change": "threshold", "id": "t", **change}])
    outcome = run_scenario(world, changes)
    pd.testing.assert_frame_equal(outcome.flags, whole)
    levels = LevelEngine().levels(apply_changes(world.assumptions, changes), world.kept.on(world.network))
    assert not differing(levels.table(), whole)
    # Of a larger distance nobody loses, of none nobody gains; who is won is counted once.
    found = outcome.delta.people
    own = found[(found["threshold"] == "t") & (found["profile"] == "bus")]
    case, then = (d.diagnosis.case("bus", "training") for d in (world, outcome.after))
    people = world.diagnosis.residents.population
    won, lost = then.points.reached & ~case.points.reached, case.points.reached & ~then.points.reached
    assert own["residents_won"].tolist() == pytest.approx((people @ won).tolist())
    assert own["residents_lost"].tolist() == pytest.approx((people @ lost).tolist())
    assert (won | lost).any()
    for language, said in (("fr", "seuil t"), ("en", "threshold t")):
        assert outcome.told[0].told(language).startswith(said)


@pytest.mark.parametrize(
    ("before", "change", "match"),
    [
        ("", "kilometres = 6\n", "go together"),
        ("", "without_kilometres = true\n", "counts no kilometres"),
        ("", "", "nothing is changed"),
        ("", 'measured = "crow_fly"\nminutes = 5\n', "go together"),
        ("", 'kilometres = 6\nmeasured = "by_road"\n', "by_road"),
        (KM.format(km=2), "kilometres = 0\n", "kilometres"),
        (KM.format(km=2), "kilometres = 6\nwithout_kilometres = true\n", "contradict"),
        (
            KM.format(km=2),
            'kilometres = 6\n[[scenarios.changes]]\nchange = "threshold"\nid = "t"\nwithout_kilometres = true\n',
            "threshold t: kilometres",
        ),
    ],
)
def test_other_kilometres_that_cannot_be_are_refused_by_check_in_the_words_of_run(
    tmp_path: Path, before: str, change: str, match: str
) -> None:
    path = study(tmp_path, 1, before)
    path.write_text(path.read_text(encoding="utf-8") + scenario(change), encoding="utf-8")
    told = []
    for refuse in (lambda: Study.from_file(path).check(), lambda: Study.from_file(path).run(tmp_path / "out")):
        with pytest.raises(InputError, match=match) as refused:
            refuse()
        told.append(str(refused.value))
    assert told[0] == told[1]
    assert not (tmp_path / "out").exists()


def test_minutes_and_kilometres_of_one_threshold_may_be_changed_one_by_one(tmp_path: Path) -> None:
    path = study(tmp_path, 1, KM.format(km=2))
    two = 'minutes = 12\n[[scenarios.changes]]\nchange = "threshold"\nid = "t"\nkilometres = 3\n'
    path.write_text(path.read_text(encoding="utf-8") + scenario(two), encoding="utf-8")
    file = read_study_file(path)
    world = prepare_study(path)
    after = apply_changes(world.assumptions, file.scenarios[0].changes)
    told = study_thresholds(after.file)[0]
    assert (told.minutes, told.kilometres, told.measured) == (12, 3, "crow_fly")
