"""Where the search of remedies stops, a run says so: in a table, in its notes, in both languages."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from geo_access.diagnosis.search_bounds import STEPS
from geo_access.study.file import read_study_file
from geo_access.study.search_told import bound_notes
from geo_access.study.study import Study
from tests.study.drawn_world import write_world


def test_a_run_tells_what_it_did_not_look_at(tmp_path: Path) -> None:
    result = Study.from_file(write_world(tmp_path, seed=2)).run(tmp_path / "out")
    table = pd.read_csv(result.folder / "search_bounds.csv")
    # Six sites have places, a line is extended to four at most; four lines might run more often, one is computed.
    sites = table[(table["step"] == "sites_to_extend_to") & (table["schedule"] == "own_hours")]
    assert sites[["profile", "looked_at", "found", "metiers"]].to_numpy().tolist() == [["bus", 4, 6, "M0001 M0003"]]
    assert (table["looked_at"] < table["found"]).all()
    assert set(table["step"]) <= set(STEPS)
    report = (result.folder / "report.html").read_text(encoding="utf-8")
    manifest = (result.folder / "manifest.json").read_text(encoding="utf-8")
    assert "4 sur 6 pour Bus, emploi, horaires de chaque employeur, M0001, M0003" in report.replace("\u202f", " ")
    assert "4 of 6 for Bus, jobs, each employer’s own hours, M0001, M0003" in manifest
    assert "horaires déplacés de −60, −30, −15, +15, +30, +60 min" in report.replace("\u202f", " ")
    keys = [getattr(said, "key", "") for said in result.warnings]
    assert keys.count("diagnosis.trips_tried") == keys.count("search.remedy_limits") == 1
    assert keys.count("search.bound") == table["step"].nunique()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_step_has_its_sentence_and_names_three_questions(tmp_path: Path, language: str) -> None:
    file = read_study_file(write_world(tmp_path, seed=1))
    asked = {"profile": "bus", "kind": "training", "threshold": "t", "metiers": "M0001 M0002"}
    rows = [
        asked | {"step": step, "schedule": "day", "looked_at": 1500, "found": 2310 + k, "site_id": "", "site_name": ""}
        for step in STEPS
        for k in range(5)
    ]
    rows[0] |= {"site_id": "s1", "site_name": "CFA"}
    notes = bound_notes(pd.DataFrame(rows), file)
    told = [said.told(language).replace("\u202f", " ").replace("\u00a0", " ") for said in notes]
    assert len(told) == len(set(told)) == len(STEPS)
    assert "CFA (s1)" in told[0]
    of = {"fr": "1 500 sur 2 311 pour Bus", "en": "1,500 of 2,311 for Bus"}[language]
    others = {"fr": "2 autres", "en": "2 others"}[language]
    assert all(of in sentence and others in sentence for sentence in told)
