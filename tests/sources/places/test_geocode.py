"""Addresses to positions and back: a label on everything that is less than exact."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo_access.errors import InputError
from geo_access.sources.places.geocode import check_positions, far_from_communes, geocode, read_addresses, read_communes

COMMUNES = gpd.GeoDataFrame(
    {
        "commune": ["59350", "59512", "62765"],
        "commune_name": ["Lille", "Roubaix", "Saint-Omer"],
        "department": ["59", "59", "62"],
    },
    geometry=[shapely.Point(3.06, 50.63), shapely.Point(3.18, 50.69), shapely.Point(2.26, 50.75)],
    crs=4326,
)


def ban(folder: Path) -> Path:
    file = folder / "adresses-59.csv"
    file.write_text(
        "id;numero;rep;nom_voie;code_postal;code_insee;nom_commune;lon;lat\n"
        "1;7;;Rue du Général Leclerc;59000;59350;Lille;3.05;50.62\n"
        "2;7;bis;Rue du Général Leclerc;59000;59350;Lille;3.0501;50.6201\n"
        "3;9;;Rue du Général Leclerc;59000;59350;Lille;3.0502;50.6202\n"
        "4;1;;Rue Faidherbe;59100;59512;Roubaix;3.17;50.69\n"
    )
    return file


@pytest.mark.parametrize(
    ("line", "code", "city", "quality", "lon"),
    [
        ("7 RUE DU GAL LECLERC", "59000", "LILLE CEDEX 9", "exact", 3.05),
        ("7 bis, rue du Général Leclerc", "59000", "Lille", "exact", 3.0501),
        ("99 rue du Général Leclerc", "59000", "Lille", "street", 3.0501),
        ("rue du General Leclrc", "59000", "Lille", "street", 3.0501),
        ("3 allée inconnue", "59000", "Lille", "commune", 3.06),
        (None, "62500", "St Omer", "commune", 2.26),
        ("1 rue Faidherbe", "59100", "ville mal écrite", "exact", 3.17),
        ("1 rue X", "75001", "Paris", "none", None),
    ],
)
def test_each_address_gets_the_best_position_and_its_label(
    tmp_path: Path, line: str | None, code: str, city: str, quality: str, lon: float | None
) -> None:
    rows = pd.DataFrame({"adresse": [line], "cp": [code], "ville": [city]})
    book = read_addresses(ban(tmp_path))
    found = geocode(rows, address="adresse", post_code="cp", city="ville", communes=COMMUNES, addresses=[book]).iloc[0]
    assert found["position_quality"] == quality
    assert (found["geometry"].x if lon else found["geometry"]) == lon
    assert (found["reason"] is None or pd.isna(found["reason"])) == (quality != "none")
    assert (found["score"] >= 0.75) == (quality in ("exact", "street"))


def test_positions_are_held_against_postcode_and_city() -> None:
    places = gpd.GeoSeries(
        [shapely.Point(3.06, 50.63), shapely.Point(1.44, 43.6), None, shapely.Point(2.3, 50.7)], crs=4326
    )
    codes = pd.Series(["59000", "59650", "59000", "62500"])
    cities = pd.Series(["LILLE", "Toulouse", "Lille", "Saint-Omer Cedex"])
    reasons = check_positions(places, COMMUNES, post_codes=codes, cities=cities)
    assert [reason is None for reason in reasons] == [True, False, True, True]
    assert "of its postcode 59650" in str(reasons[1])
    unknown = check_positions(places, COMMUNES, post_codes=pd.Series(["?"] * 4), cities=cities)
    assert all(reason is None for reason in unknown)


def test_communes_need_points(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("COM,Commune,lon,lat\n59350,Lille,3.06,50.63\n59512,Roubaix,,\n")
    with pytest.raises(InputError, match="59512"):
        read_communes(tmp_path / "c.csv")


def test_a_position_in_the_sea_is_said() -> None:
    places = gpd.GeoSeries([shapely.Point(3.0, 50.6), shapely.Point(2.2, 51.6), None], crs=4326)
    reasons = far_from_communes(places, COMMUNES)
    assert [reason is None for reason in reasons] == [True, False, True]
    assert "in the sea" in str(reasons[1])
