"""The adviser's sheet: exact trips by arithmetic in the desert, rounded place, nothing personal."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point

from geo_access.diagnosis.model import Metier, Profile, Schedule, Threshold
from geo_access.errors import InputError
from geo_access.network.model import CrowFly, Network
from geo_access.report.sheet import adviser_sheet

NAME = "<script>alert(1)</script>"
ORIGIN = (3.0004321, 50.6)


def training(longitude: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "site_id": ["s"], "site_name": [NAME], "provider_type": ["CFA"], "metier": ["A1"], "level": [3],
            "voie": ["continue"], "places": [10], "modality": ["on_site"], "position_quality": ["exact"],
        },
        geometry=[Point(longitude, 50.6)], crs=4326,
    )  # fmt: skip


def sheet(path: Path, longitude: float, *, origin: tuple[float, float] = ORIGIN, language: str = "fr") -> str:
    return adviser_sheet(
        path,
        network=Network(2154, CrowFly(2154), None, {}),
        origin=origin,
        metier=Metier("A1", "Soudage"),
        profile=Profile("w", "À pied", "walk"),
        thresholds=[Threshold("t", "une heure", 60, "training", source="exemple")],
        schedules=[Schedule("s", "journée", "training", "09:00", "17:00")],
        service_date=date(2026, 3, 17),
        training=training(longitude),
        synthetic=True,
        language=language,
    ).read_text(encoding="utf-8")


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


def test_english(tmp_path: Path) -> None:
    assert "1 training site within" in sheet(tmp_path / "sheet.html", 3.02, language="en")


@pytest.mark.parametrize("origin", [(181.0, 0.0), (0.0, 95.0), (float("nan"), 0.0)])
def test_no_place_on_earth(tmp_path: Path, origin: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="no place on Earth"):
        sheet(tmp_path / "sheet.html", 3.02, origin=origin)
