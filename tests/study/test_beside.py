"""The sections that stand beside the flags, through `check` and `run` of a small study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geo_access.errors import GeoAccessError
from geo_access.study.file import checked_changes
from geo_access.study.prepared import prepare_study
from geo_access.study.study import RunSummary, Study
from geo_access.study.whatif import run_scenario
from geo_access.web.observatory import observatory_table
from geo_access.web.questions import ObservatoryQuestion
from geo_access.words.messages import error_text
from tests.reliability.small_study import points, write_csv_rows, write_small_study

SECTIONS = """
[flag]
people = "job_seekers"

[flows]
file = "flux.csv"
source = "Recensement"

[mismatch]
file = "ecarts.csv"
min_zones = 1
min_candidates = 1
min_offers = 1
source = "Dares"

[publication]
min_households = 11
"""
FLOWS = "home,work,mode,people\nz3.0,z3.1,bike,5\nz3.0,z3.2,transit,3\nz9.9,z3.1,car,1\n"
MISMATCH = "metier,zone_id,candidates,offers,official_class\nF1602,z3.0,30,10,4\nF1602,z3.1,10,30,4\n"
# Eight people, and five households, in the only zone of its kind.
HOUSEHOLDS = (40, 30, 20, 5)


def study(home: Path, sections: str = SECTIONS, **tables: str) -> Study:
    """Write the small study with job-seekers, households and more sections."""
    path = write_small_study(home)
    rows = [row | {"job_seekers": 10, "households": n} for row, n in zip(points(), HOUSEHOLDS, strict=True)]
    write_csv_rows(home / "points.csv", rows)
    for name, content in {"flux": FLOWS, "ecarts": MISMATCH, **tables}.items():
        (home / f"{name}.csv").write_text(content, encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + sections, encoding="utf-8")
    return Study.from_file(path)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunSummary:
    home = tmp_path_factory.mktemp("beside")
    return study(home / "study").run(home / "out")


def test_the_observatory_sets_the_official_class_beside_by_metier(tmp_path: Path) -> None:
    prepared = prepare_study(study(tmp_path).path)
    table = observatory_table(prepared, ObservatoryQuestion(by="metier", kind="job")).set_index("metier")
    assert table.loc["F1602", "official_class"] == 4
    assert "mismatch_corrected" in table
    assert table.drop(index="F1602")["official_class"].isna().all()
    by_zone = observatory_table(prepared, ObservatoryQuestion(by="territory", kind="job"))
    assert "official_class" not in by_zone


def test_all_that_stands_beside_is_written_and_said(result: RunSummary) -> None:
    read = {name: pd.read_csv(result.folder / f"{name}.csv") for name in ("reach_curves", "observed_trips", "mismatch")}
    curve = read["reach_curves"]
    assert (
        curve.groupby(["metier", "profile", "kind", "schedule"])["share"]
        .apply(lambda s: s.is_monotonic_increasing)
        .all()
    )
    flows = read["observed_trips"].set_index("mode")
    assert flows.loc["bike", ["people", "measured"]].tolist() == [5, 5]
    # No timetable: what is travelled by public transport is not measured, and nothing is called impossible.
    assert flows.loc["transit", "measured"] == 0
    assert not (result.folder / "observed_gaps.csv").exists()
    # |30/40 − 10/40| twice, halved.
    assert read["mismatch"].loc[0, ["mismatch", "official_class"]].tolist() == [0.5, 4]
    report = (result.folder / "report.html").read_text(encoding="utf-8")
    for said in ("compte les demandeurs d’emploi", "Avant tout seuil", "À vol d’oiseau", "Classe officielle, importée"):
        assert said in report, said
    assert "Trajets domicile–travail observés" in report


def test_a_zone_of_five_households_is_not_published(result: RunSummary) -> None:
    flags = pd.read_csv(result.folder / "flags.csv")
    far = flags[flags["zone_id"] == "z3.2"]
    assert set(far["level"]) == {"sans objet"}
    assert set(far["cause"]) == {"HELD_BACK"}
    assert far[["residents", "reachable_share", "free_places", "places_allotted"]].isna().all().all()
    # The three zones share the territory out: the total would tell of the third, and the smallest other goes with it.
    near = flags[flags["zone_id"] == "z3.0"]
    assert set(near["cause"]) == {"HELD_BACK"}
    # No other table tells of them what the flags do not.
    remedies = pd.read_csv(result.folder / "remedies.csv")
    assert set(remedies["zone_id"]) == {"z3.1"}
    # Two points of ten job-seekers each, whoever else lives there.
    east = flags[flags["zone_id"] == "z3.1"]
    assert set(east["residents"]) == {20.0}
    assert set(east["people"]) == {"job_seekers"}
    assert any(getattr(said, "key", "") == "held_back" for said in result.warnings)


def test_what_a_scenario_changes_is_not_told_of_zones_that_are_not_published(tmp_path: Path) -> None:
    base = prepare_study(study(tmp_path).path)
    assert base.diagnosis.held_back is not None
    assert base.diagnosis.held_back.tolist() == base.held_back.tolist() == [True, False, True]
    outcome = run_scenario(base, checked_changes([{"change": "threshold", "id": "t", "minutes": 600}]))
    assert outcome.delta.people["residents_won"].max() > 0
    assert set(outcome.delta.zones["zone_id"]) == {"z3.1"}


def test_a_population_that_is_secret_is_not_nobody(tmp_path: Path) -> None:
    path = write_small_study(tmp_path)
    rows = points()[:3]
    rows[0] |= {"population": "s"}
    write_csv_rows(tmp_path / "points.csv", rows)
    prepared = prepare_study(path)
    flags = prepared.diagnosis.flags.astype({"zone_id": str, "cause": str, "level": str, "kind": str})
    own = flags[(flags["metier"].astype(str) == "F1602")].groupby("zone_id")
    # Of one zone the only point has a secret population; of another there is no point at all.
    assert {zone: set(rows["cause"].map(str)) for zone, rows in own} == {
        "z3.0": {"POPULATION_UNKNOWN"},
        "z3.1": {"nan"},
        "z3.2": {"NO_RESIDENTS"},
    }
    assert set(flags.loc[flags["zone_id"] != "z3.1", "level"]) == {"sans objet"}
    said = {note.key: note.told("en") for note in prepared.inputs.warnings}
    assert "z3.0" in said["unknown_zones"]
    assert "z3.2" in said["empty_zones"]
    assert "z3.0" not in said["empty_zones"]


def test_places_that_are_no_number_are_told_before_the_run_and_once(tmp_path: Path) -> None:
    path = write_small_study(tmp_path)
    text = (tmp_path / "training.csv").read_text(encoding="utf-8")
    (tmp_path / "training.csv").write_text(text.replace(",5,", ",douze,", 1), encoding="utf-8")
    prepared = prepare_study(path)
    own, found = prepared.inputs.warnings, prepared.diagnosis.manifest.warnings
    (said,) = [note for note in own if note.key == "uncounted"]
    assert dict(said.values) == {"n": 1, "table": "training", "column": "places"}
    assert said in found
    assert [note.key for note in Study.from_file(path).check().warnings if hasattr(note, "key")].count("uncounted") == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('code = "H2913"', 'code = "H2913"\nmin_level = 6\nmax_level = 3', "6–3"),
        ('code = "H2913"', 'code = "f1602"', "F1602"),
    ],
)
def test_metiers_that_run_would_refuse_or_count_twice_are_refused_by_check(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = write_small_study(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    told = []
    for ask in (lambda made: made.check(), lambda made: made.run(tmp_path / "out")):
        with pytest.raises(GeoAccessError) as error:
            ask(Study.from_file(path))
        told.append(error_text(error.value, "fr"))
    assert told[0] == told[1]
    assert said in told[0]


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "young people that no column tells": (SECTIONS.replace("job_seekers", "youth_16_25"), {}, "youth_16_25"),
    "a mode that is none": (SECTIONS, {"flux": "home,work,mode,people\nz3.0,z3.1,fusée,5\n"}, "fusée"),
    "codes of INSEE without a vintage": (SECTIONS, {"flux": "COMMUNE;DCLT;TRANS;IPONDI\nz3.0;z3.1;5;1\n"}, "vintage"),
    "candidates below nought": (SECTIONS, {"ecarts": MISMATCH.replace("30,10", "-3,10")}, "ecarts.csv"),
    "smoothing without cantons": (SECTIONS + "smooth_km = 5\n", {}, "cantons"),
    "cantons of other communes": (
        SECTIONS + 'cantons = "cantons.csv"\n',
        {"cantons": "COM,CAN\n59350,5901\n"},
        "cantons",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_check_and_run_refuse_them_with_the_same_words(tmp_path: Path, name: str) -> None:
    sections, tables, said = REFUSED[name]
    told = []
    asks: list[Callable[[], object]] = [
        lambda: study(tmp_path / "a", sections, **tables).check(),
        lambda: study(tmp_path / "b", sections, **tables).run(tmp_path / "out"),
    ]
    for ask in asks:
        with pytest.raises(GeoAccessError) as error:
            ask()
        told.append(error_text(error.value, "fr"))
    assert told[0] == told[1]
    assert said in told[0]
    assert not (tmp_path / "out").exists()
