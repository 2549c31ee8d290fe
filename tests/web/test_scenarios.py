"""The planner's changes: the fast answer is that of a full run; saving keeps the file; nothing is done in silence."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from geo_access.errors import GeoAccessError
from geo_access.study.changes import ScenarioSection, SessionAdded, ThresholdChanged
from geo_access.study.file import checked_changes
from geo_access.study.prepared import PreparedStudy
from geo_access.study.whatif import run_scenario
from geo_access.web.app import make_app
from geo_access.web.guard import Access
from geo_access.web.saving import file_mark, save_scenario, scenario_toml
from geo_access.web.workshop import Workshop
from tests.shared import ROOT

TRAINING = {"metier": "N4101", "profile": "sans_voiture", "kind": "training", "schedule": "journee_formation"}
MORNING = {"metier": "H2913", "profile": "sans_voiture", "kind": "job", "schedule": "poste_matin"}
SESSION = {
    "change": "session_added",
    "lon": 4.51416,
    "lat": 50.0719,
    "name": "Salle",
    "metier": "N4101",
    "level": 3,
    "places": 12,
}
EARLY_BUS = {"change": "repeat_trip", "line": "L8", "near": "05:50", "start": "04:25"}
DEMO = ROOT / "data" / "demo" / "study.toml"


@pytest.mark.parametrize(("case", "change"), [(TRAINING, SESSION), (MORNING, EARLY_BUS)])
def test_the_fast_answer_has_the_figures_of_a_full_run(
    client: TestClient, prepared: PreparedStudy, case: dict, change: dict
) -> None:
    answer = client.post("/api/scenario", json={**case, "changes": [change], "revision": 7}).json()
    outcome = run_scenario(prepared, checked_changes([change]))
    people = outcome.delta.people.set_index(["metier", "profile", "kind", "schedule"])
    row = people.loc[tuple(case[name] for name in ("metier", "profile", "kind", "schedule"))]
    assert answer["revision"] == 7
    for name in ("residents", "job_seekers"):
        assert answer["won"][name][60] == pytest.approx(row[f"{name}_won"], abs=1e-3)
        assert answer["lost"][name][60] == pytest.approx(row[f"{name}_lost"], abs=1e-3)
    assert answer["won"]["residents"][60] > 0
    assert answer["why"] is None
    after = outcome.after.flags_of(outcome.after.case(case["profile"], case["kind"], case["schedule"]), case["metier"])
    assert answer["case"]["zones"]["level"] == after["level"].astype(str).tolist()
    shares = after["reachable_share"].astype(float).tolist()
    assert answer["case"]["zones"]["reachable_share"] == pytest.approx(shares, abs=1e-6, nan_ok=True)
    assert answer["sure"] is False
    details = client.post("/api/scenario-details", json={**case, "changes": [change], "revision": 7}).json()
    assert details["revision"] == 7
    for name in ("level", "saturation", "confidence"):
        assert details["case"]["zones"][name] == after[name].astype(str).tolist()
    assert details["case"]["curve"] == answer["case"]["curve"]


@pytest.mark.parametrize(
    ("case", "change", "word"),
    [
        (TRAINING, {"change": "close_line", "line": "N1"}, "aucun temps"),
        ({**TRAINING, "profile": "voiture"}, {"change": "close_line", "line": "L8"}, "ne prend pas les transports"),
        ({**TRAINING, "metier": "F1602"}, SESSION, "un autre métier"),
    ],
)
def test_a_change_without_effect_says_why(client: TestClient, case: dict, change: dict, word: str) -> None:
    answer = client.post("/api/scenario", json={**case, "changes": [change]}).json()
    assert word in answer["why"]
    assert max(answer["won"]["residents"]) == max(answer["lost"]["residents"]) == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ([{"change": "close_line", "line": "L88"}], "L8"),
        ([{"change": "session_closed", "site": "T999"}], "T999"),
        ([{"change": "headway", "line": "L8", "headway_min": -1, "start": "05:00", "end": "09:00"}], "headway_min"),
        ([{"change": "teleport"}], "scenario"),
        ([{"change": "streets", "file": "/etc/passwd"}], "fichier d’étude"),
        ([{"change": "close_line", "line": "L8"}, {"change": "close_line", "line": "L8"}], "2"),
        (["x"], "scenario"),
        ([], "ajoutez-en un"),
    ],
)
def test_a_change_that_was_not_applied_is_an_error(client: TestClient, changes: list, word: str) -> None:
    answer = client.post("/api/scenario", json={**TRAINING, "changes": changes})
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert "Traceback" not in answer.text


def test_saving_keeps_comments_and_every_other_byte(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO.parent, folder)
    study = folder / "study.toml"
    before = study.read_text(encoding="utf-8")
    section = ScenarioSection(id="essai", name="Essai", changes=(SessionAdded(**SESSION),))
    mark = save_scenario(study, section, known=file_mark(study))
    after = study.read_text(encoding="utf-8")
    assert after.startswith(before.rstrip("\n"))
    assert mark == file_mark(study)
    saved = tomllib.loads(after)["scenarios"][-1]
    assert saved["id"] == "essai"
    assert checked_changes(saved["changes"]) == section.changes
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in DEMO.parent.iterdir())
    with pytest.raises(GeoAccessError, match="already"):
        save_scenario(study, section, known=mark)
    longer = ScenarioSection(id="essai", name="Essai 2", changes=(ThresholdChanged(id="formation_60", minutes=90),))
    save_scenario(study, longer, known=mark, replace=True)
    replaced = tomllib.loads(study.read_text(encoding="utf-8"))["scenarios"]
    assert [item["name"] for item in replaced if item["id"] == "essai"] == ["Essai 2"]
    assert len(replaced) == len(tomllib.loads(before)["scenarios"]) + 1


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO.parent, folder)
    study = folder / "study.toml"
    known = file_mark(study)
    study.write_text(study.read_text(encoding="utf-8") + "\n# note\n", encoding="utf-8")
    before = study.read_bytes()
    section = ScenarioSection(id="essai", name="Essai", changes=(SessionAdded(**SESSION),))
    with pytest.raises(GeoAccessError, match="changed since"):
        save_scenario(study, section, known=known)
    assert study.read_bytes() == before


def test_the_page_saves_exports_and_says_conflicts(prepared: PreparedStudy, access: Access, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO.parent, folder)
    study = folder / "study.toml"
    workshop = Workshop(replace(prepared, path=study), mark=file_mark(study))
    host = next(iter(access.hosts))
    with TestClient(make_app(workshop, access), base_url=f"http://{host}") as asking:
        asking.headers.update({"Origin": f"http://{host}", "X-Geo-Access-Launch": access.launch})
        body = {"id": "salle", "name": "Salle", "changes": [SESSION]}
        written = asking.post("/api/scenario-toml", json=body).text
        assert checked_changes(tomllib.loads(written)["scenarios"][0]["changes"]) == (SessionAdded(**SESSION),)
        start = asking.get("/api/start").json()
        saved = asking.post("/api/scenario-save", json={**body, "known": start["mark"]}).json()
        assert saved["scenarios"][-1]["id"] == "salle"
        stale = asking.post("/api/scenario-save", json={**body, "id": "b", "known": start["mark"]})
        assert stale.status_code == 400
        assert "a changé" in stale.json()["error"]
        for name in ("../x", "a/b", ""):
            assert asking.post("/api/scenario-save", json={**body, "id": name}).status_code == 400


def test_a_scenario_is_written_as_the_study_file_holds_it() -> None:
    section = ScenarioSection(id="a", name='A "quoted" name\n', changes=(SessionAdded(**SESSION),))
    read = ScenarioSection.model_validate(tomllib.loads(scenario_toml(section))["scenarios"][0])
    assert read == section


def test_long_work_tells_how_far_it_is_and_stops(client: TestClient) -> None:
    job = client.post("/api/scenario-full", json={**TRAINING, "changes": [SESSION]}).json()["job"]
    while (told := client.post("/api/job", json={"job": job}).json())["state"] in ("waiting", "running"):
        pass
    assert told["state"] == "done"
    assert {row["metier"] for row in told["result"]["people"]} == {"N4101"}
    assert all("residents_lost" in row for row in told["result"]["people"])
    lines = client.post("/api/lines", json={}).json()["job"]
    assert client.post("/api/job", json={"job": lines, "stop": True}).json()["state"] in (
        "waiting",
        "running",
        "stopped",
    )
    assert client.post("/api/case", json=TRAINING).status_code == 200
    while (told := client.post("/api/job", json={"job": lines}).json())["state"] in ("waiting", "running"):
        pass
    assert told["state"] == "stopped"
    assert client.post("/api/job", json={"job": "nothing"}).status_code == 400
