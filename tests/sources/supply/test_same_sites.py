"""Ids shared by two places, rows written twice, numbers given twice: nothing is dropped or chosen in silence."""

from __future__ import annotations

from pathlib import Path

from geo_access.sources.supply.employers import read_employers
from geo_access.sources.supply.employers_sirene import read_sirene
from geo_access.sources.supply.same_sites import REPEATED
from geo_access.sources.supply.training import read_training
from geo_access.sources.supply.training_education import read_schools
from geo_access.sources.supply.training_lheo import read_lheo


def keys(notes: tuple[object, ...]) -> list[str]:
    return [getattr(note, "key", "") for note in notes]


def written(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_an_id_at_two_places_is_two_sites(tmp_path: Path) -> None:
    # 0.001° of latitude is 111 m; 0.0001° is 11 m: the same place, written twice.
    file = written(
        tmp_path / "t.csv",
        "site_id,metier,places,lon,lat",
        "A,F1602,10,3.0,50.0",
        "A,F1602,20,3.0,50.001",
        "A,H2902,5,3.0,50.0001",
        "B,F1602,1,3.1,50.0",
        "A,F1602,7,,",
    )
    offers, report = read_training(file)
    assert offers["site_id"].tolist() == ["A", "A#2", "A", "B", "A"]
    assert offers["places"].sum() == 43
    assert "sites.shared_id" in keys(report.notes)
    assert report.kept == 5


def test_a_row_written_twice_is_listed_not_counted(tmp_path: Path) -> None:
    rows = ["A,F1602 H2902,10,3.0,50.0", "B,F1602,1,3.1,50.0", "A,F1602 H2902,10,3.0,50.0", "A,F1602,10,3.0,50.0"]
    offers, report = read_training(written(tmp_path / "t.csv", "site_id,metier,places,lon,lat", *rows))
    assert offers["row"].tolist() == [0, 0, 1, 3]
    assert report.losses().to_dict("records") == [{"stage": "kept", "reason": str(REPEATED), "rows": 1, "example": "A"}]


def test_employers_repeat_only_where_jobs_are_counted(tmp_path: Path) -> None:
    counted = written(tmp_path / "a.csv", "site_id,metier,openings,lon,lat", *["E,H2902,3,3.0,50.0"] * 2)
    found, report = read_employers(counted)
    assert (found["openings"].sum(), report.kept) == (3, 1)
    each = written(tmp_path / "b.csv", "site_id,metier,lon,lat", *["E,H2902,3.0,50.0"] * 2)
    found, report = read_employers(each)
    assert (found["openings"].sum(), report.kept) == (2, 2)
    assert "sites.alike" in keys(report.notes)


def test_lheo_numbers_given_twice_keep_both_actions(tmp_path: Path) -> None:
    def action(lat: float) -> str:
        place = f"<latitude>{lat}</latitude><longitude>3.05</longitude>"
        return f'<action numero="A"><lieu-de-formation><coordonnees>{place}</coordonnees></lieu-de-formation></action>'

    course = '<formation numero="F"><code-ROME>H2913</code-ROME>{}</formation>'
    text = "<lheo><offres>" + course.format(action(50.61)) + course.format(action(50.72)) + "</offres></lheo>"
    offers, report = read_lheo(written(tmp_path / "o.xml", text))
    assert offers["site_id"].tolist() == ["A", "A#2"]
    assert report.kept == 2
    assert "sites.shared_id" in keys(report.notes)
    again = "<lheo><offres>" + course.format(action(50.61) * 2) + "</offres></lheo>"
    offers, report = read_lheo(written(tmp_path / "p.xml", again))
    assert (len(offers), report.read, report.losses()["reason"].tolist()) == (1, 2, [str(REPEATED)])


def test_registers_that_give_an_id_twice_say_so(tmp_path: Path) -> None:
    stock = tmp_path / "stock.csv"
    head = "siret,activitePrincipaleEtablissement,codeCommuneEtablissement,enseigne1Etablissement"
    stock.write_text(f"{head}\n1,25.62B,59350,ACME\n1,25.62B,59350,OTHER\n2,25.62B,59350,TWO\n")
    found, report = read_sirene(stock, departments=["59"])
    assert found["site_name"].tolist() == ["ACME", "TWO"]
    assert "stock.csv: 1 row repeats a SIRET (1): the first row of each counts" in [str(note) for note in report.notes]
    schools = tmp_path / "s.csv"
    schools.write_text("uai,name,lat,lon\n0590005K,LP,50.37,3.49\n0590005K,LPO,50.4,3.5\n")
    listed = read_schools(schools)
    assert listed["site_name"].tolist() == ["LP"]
    assert [str(note) for note in listed.attrs["notes"]] == [
        "s.csv: 1 row repeats a UAI (0590005K): the first row of each counts"
    ]
