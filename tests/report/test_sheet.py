"""The adviser's sheet: exact trips by arithmetic in the desert, rounded place, nothing personal."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from geo_access.diagnosis.model import Metier, Profile, Schedule, Threshold
from geo_access.errors import CoverageError, InputError
from geo_access.network.model import CrowFly, Network
from geo_access.report.sheet import Person, SheetStudy, adviser_sheet
from geo_access.report.sheet_ways import written_steps
from geo_access.routing.journeys import Journey, Leg

NAME = "<script>alert(1)</script>"
ORIGIN = (3.0004321, 50.6)


def training(longitude: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "site_id": ["s"],
            "site_name": [NAME],
            "provider_type": ["CFA"],
            "metier": ["A1"],
            "level": [3],
            "voie": ["continue"],
            "places": [10],
            "modality": ["on_site"],
            "position_quality": ["exact"],
        },
        geometry=[Point(longitude, 50.6)],
        crs=4326,
    )


def sheet(
    path: Path,
    longitude: float,
    *,
    origin: tuple[float, float] = ORIGIN,
    language: str = "fr",
    table: gpd.GeoDataFrame | None = None,
    residents: gpd.GeoDataFrame | None = None,
    sources: tuple[str, ...] = (),
    carpool: gpd.GeoDataFrame | None = None,
) -> str:
    study = SheetStudy(
        [Threshold("t", "une heure", 60, "training", source="exemple")],
        [Schedule("s", "journée", "training", "09:00", "17:00")],
        date(2026, 3, 17),
        training=training(longitude) if table is None else table,
        residents=residents,
        sources=sources,
        carpool=carpool,
        synthetic=True,
    )
    person = Person(origin, Metier("A1", "Soudage"), Profile("w", "À pied", "walk"))
    network = Network(2154, CrowFly(2154), None, {})
    return adviser_sheet(path, network=network, person=person, study=study, language=language).read_text(
        encoding="utf-8"
    )


def test_a_near_site_is_told_with_its_times(tmp_path: Path) -> None:
    html = sheet(tmp_path / "sheet.html", 3.02)
    assert "1 formation à portée" in html
    assert NAME not in html
    assert "&lt;script&gt;" in html
    assert "de 09:00 à 17:00" in html


def test_a_far_site_names_the_first_obstacle_and_its_remedy(tmp_path: Path) -> None:
    html = sheet(tmp_path / "sheet.html", 3.2)
    assert "Aucune formation accessible" in html
    assert "Ce qui bloque d’abord" in html
    assert "Piste" in html


def test_only_the_rounded_place_is_written(tmp_path: Path) -> None:
    html = sheet(tmp_path / "sheet.html", 3.02)
    assert "3.0004321" not in html
    assert "longitude 3.000" in html
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.html"]


def many(n: int = 12) -> gpd.GeoDataFrame:
    """One site every 0.004° of longitude, the farthest first; the first is full, the second at two levels."""
    rows = [
        (
            f"s{i}",
            f"Site {i:02d}",
            "CFA",
            "A1",
            3,
            "continue",
            10 + i,
            10 if i == 0 else 4,
            "on_site",
            "exact",
            Point(3.0 + 0.004 * (n - i), 50.6),
        )
        for i in range(n)
    ]
    rows += [
        ("s1", "Site 01", "CFA", "A1", 4, "continue", 6, None, "on_site", "exact", rows[1][-1]),
        ("s1", "Site 01", "CFA", "B2", 4, "continue", 600, 0, "on_site", "exact", rows[1][-1]),
        ("lost", "Sans adresse", "CFA", "A1", 3, "continue", 17, 0, "on_site", "none", None),
    ]
    columns = [
        "site_id",
        "site_name",
        "provider_type",
        "metier",
        "level",
        "voie",
        "places",
        "filled",
        "modality",
        "position_quality",
        "geometry",
    ]
    return gpd.GeoDataFrame(rows, columns=columns, crs=4326)


def test_every_place_within_reach_is_told_nearest_first_with_its_levels_and_places(tmp_path: Path) -> None:
    html = sheet(tmp_path / "sheet.html", 0.0, table=many())
    assert "11 formations à portée" in html
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(\d+)</td><td>(\d+)</td><td>(.*?)</td>', html)
    assert [name for name, *_ in rows] == [f"Site {i:02d}" for i in range(11, 0, -1)]
    assert [int(there) for _, there, *_ in rows] == sorted(int(there) for _, there, *_ in rows)
    # 11 places of which 4 are taken; 6 of which nobody told; the 600 places are of another métier.
    assert rows[-1][3].replace("\u202f", " ") == (
        "niveau 3 : 11 places, dont 7 libres ; niveau 4 : 6 places (places libres : non renseignées)"
    )
    assert "complets\u202f: Site 00" in html
    assert "17 places de formation n’ont pas d’adresse connue" in html
    assert html.count('<div class="trip">') == 10
    assert "Trajets détaillés des 10 premiers lieux" in html


def test_straight_lines_files_and_sources_are_said_as_on_the_map(tmp_path: Path) -> None:
    html = sheet(tmp_path / "sheet.html", 3.02, sources=("Carreaux 2021 (Insee)",))
    assert "Distances à vol d’oiseau × détour" in html
    assert "Carreaux 2021 (Insee)" in html


def test_a_shared_car_names_where_it_goes(tmp_path: Path) -> None:
    """15 km are 3 h on foot and well under an hour by car, 200 km are neither."""
    near, far = (
        training(3.2).assign(site_name="Lycée de la Plaine"),
        training(6.0).assign(site_id="f", site_name="Loin"),
    )
    html = sheet(tmp_path / "sheet.html", 0.0, table=pd.concat([near, far], ignore_index=True))
    assert re.search(r"<li>Lycée de la Plaine\u202f: \d+ min à l’aller, \d+ min au retour</li>", html)
    assert "<li>Loin" not in html


def test_an_employer_with_two_shifts_is_one_employer_with_the_openings_of_each(tmp_path: Path) -> None:
    """Two openings in the morning and three in the afternoon are never said as five and five."""
    shifts = pd.concat(
        [
            training(3.02).assign(openings=2, shift_start="05:00", shift_end="13:00"),
            training(3.02).assign(openings=3, shift_start="13:00", shift_end="21:00"),
        ],
        ignore_index=True,
    )
    study = SheetStudy(
        [Threshold("t", "une heure", 60, "job", source="exemple")],
        [Schedule("s", "poste", "job", "05:00", "13:00")],
        date(2026, 3, 17),
        employers=gpd.GeoDataFrame(shifts.assign(site_name="Verrerie")),
    )
    person = Person(ORIGIN, Metier("A1", "Soudage"), Profile("w", "À pied", "walk"))
    network = Network(2154, CrowFly(2154), None, {})
    html = adviser_sheet(tmp_path / "s.html", network=network, person=person, study=study, language="en").read_text()
    assert "1 employer within" in html
    assert re.findall(r'<th scope="row">(.*?)</th><td>\d+</td><td>\d+</td><td>(.*?)</td>', html) == [
        ("Verrerie (from 13:00 to 21:00)", "3 openings"),
        ("Verrerie (from 05:00 to 13:00)", "2 openings"),
    ]


def test_where_a_shared_car_is_met_is_told_by_the_walk(tmp_path: Path) -> None:
    """At 50.6° N a thousandth of a degree of longitude is 70.8 m: 600 m are 780 m of streets, 9.75 min at 4.8 km/h."""
    places = gpd.GeoDataFrame(
        {
            "id": ["near", "P2", "far"],
            "name": ["Aire du <Lion>", "", "Loin"],
            "capacity": pd.array([30, None, 5], "Int32"),
        },
        geometry=[Point(3.0 + 600 / 70_840, 50.6), Point(3.0, 50.61), Point(3.0, 50.7)],
        crs=4326,
    )
    html = sheet(tmp_path / "sheet.html", 3.2, carpool=places)
    told = re.findall(r"<li>([^/]*? à pied)</li>", html.partition("Où retrouver")[2])
    # 0.01° of latitude is 1,112 m: 1,446 m of streets, 18.1 min.
    assert told == [
        "Aire du &lt;Lion&gt; (30 places de stationnement)\u202f: 10 min à pied",
        "P2\u202f: 18 min à pied",
    ]
    html = sheet(tmp_path / "far.html", 3.2, carpool=places.iloc[2:], language="en")
    assert "the nearest is Loin (5 parking places), 11.1 km as the crow flies" in html
    html = sheet(tmp_path / "there.html", 3.001, carpool=places)
    assert "à pied</li>" not in html, "who gets there needs no driver"


def test_a_home_outside_the_territory_is_refused_with_the_distance(tmp_path: Path) -> None:
    """One degree of latitude is 111.3 km there in Lambert-93's metres, give or take a kilometre."""
    residents = gpd.GeoDataFrame({"point_id": ["p"]}, geometry=[Point(3.0, 49.6)], crs=4326)
    with pytest.raises(CoverageError, match=r"this place lies 11[01] km outside the territory") as caught:
        sheet(tmp_path / "sheet.html", 3.02, residents=residents)
    assert caught.value.key == "web.outside", "the words of the workshop"
    assert not list(tmp_path.iterdir())


def leg(kind: str, start_s: float, end_s: float) -> Leg:
    return Leg(kind, "12" if kind == "ride" else "", "", "Gare", "Place", start_s, end_s, np.zeros((2, 2)))


def test_the_minutes_of_the_steps_add_up_and_waits_are_said() -> None:
    """Leaves 7:00:40, boards 7:05:30 after 4 min 20 on foot, rides to 7:20:10, changes, arrives 7:58:50 for 8:05."""
    legs = (leg("walk", 25240, 25500), leg("ride", 25530, 26410), leg("walk", 26410, 26500), leg("ride", 26800, 28730))
    lines = written_steps(Journey(legs, 2154, 350), 25240, 29100)
    minutes = [int(number) for line in lines for number in re.findall(r"(\d+)\s?min", line)]
    assert sum(minutes) == 65, "from 7:00 to 8:05"
    assert sum("attente" in line for line in lines) == 1
    assert lines[-1].replace("\u202f", " ") == "sur place : 7 min d’avance, jusqu’à 08:05"


def test_english(tmp_path: Path) -> None:
    assert "1 training site within" in sheet(tmp_path / "sheet.html", 3.02, language="en")


@pytest.mark.parametrize("origin", [(181.0, 0.0), (0.0, 95.0), (float("nan"), 0.0)])
def test_no_place_on_earth(tmp_path: Path, origin: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="no place on Earth"):
        sheet(tmp_path / "sheet.html", 3.02, origin=origin)
