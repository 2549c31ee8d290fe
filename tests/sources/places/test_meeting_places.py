"""Car parks and places to share a car, in the layouts that France publishes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo_access.errors import InputError
from geo_access.sources.places.meeting_places import read_carpool_places, read_parking_places

BNLS = (
    "id;nom;insee;adresse;url;type_usagers;gratuit;nb_places;nb_pr;nb_pmr;nb_voitures_electriques;nb_velo;nb_2r_el;"
    "nb_autopartage;nb_2_rm;nb_covoit;hauteur_max;num_siret;Xlong;Ylat;tarif_pmr;tarif_1h;tarif_2h;tarif_3h;tarif_4h;"
    "tarif_24h;abo_resident;abo_non_resident;type_ouvrage;info"
)
BNLC = (
    "id_lieu,nom_lieu,ad_lieu,com_lieu,insee,type,date_maj,ouvert,source,xlong,ylat,nbre_pl,nbre_pmr,duree,horaires,"
    "proprio,lumiere,comm"
)


def bnls(number: int, spaces: str, lon: str = "3.07", lat: str = "50.63") -> str:
    return (
        f"59350-P-{number:03d};Parc {number};59350;Rue;;tous;1;300;{spaces};6;;;;0;;;200;;{lon};{lat};;;;;;;;;ouvrage;"
    )


def bnlc(number: int, is_open: str, lon: str = "3.13", lat: str = "50.62") -> str:
    return f"59009-C-{number:03d},Aire {number},Rue,Ascq,59009,Aire,2025-01-01,{is_open},x,{lon},{lat},30,1,,24/7,x,,"


def test_park_and_ride_is_where_places_are_kept_for_it(tmp_path: Path) -> None:
    rows = [bnls(1, "120"), bnls(2, "0"), bnls(3, ""), bnls(4, "50", lat=""), bnls(5, "15", "3,08", "50,64")]
    (tmp_path / "bnls.csv").write_bytes(("\ufeff" + "\n".join([BNLS, *rows]) + "\n").encode())
    places, report = read_parking_places(tmp_path / "bnls.csv")
    assert places["id"].tolist() == ["59350-P-001", "59350-P-005"]
    assert places["name"].tolist() == ["Parc 1", "Parc 5"]
    assert places["capacity"].tolist() == [120, 15]
    assert [(round(p.x, 3), round(p.y, 3)) for p in places.geometry] == [(3.07, 50.63), (3.08, 50.64)]
    assert report.read == report.kept + 3


def test_a_layer_of_points_is_taken_whole_and_osm_by_its_tag(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"name": ["Gare"]}, geometry=[shapely.Point(704_000, 7_060_000)], crs=2154)
    layer.to_file(tmp_path / "parcs.gpkg")
    places, _ = read_parking_places(tmp_path / "parcs.gpkg")
    assert places["name"].tolist() == ["Gare"]
    assert places.crs == 4326
    node = (
        "<node id='{}' version='1' lat='50.63' lon='3.07'><tag k='amenity' v='parking'/>"
        "<tag k='park_ride' v='{}'/></node>"
    )
    (tmp_path / "p.osm").write_text(f"<osm version='0.6'>{node.format(1, 'yes')}{node.format(2, 'no')}</osm>")
    assert read_parking_places(tmp_path / "p.osm")[0]["id"].tolist() == ["node/1"]


def test_places_to_share_a_car_are_those_that_are_open(tmp_path: Path) -> None:
    rows = [bnlc(1, "true"), bnlc(2, "false"), bnlc(3, ""), bnlc(4, "True", lon="")]
    (tmp_path / "bnlc.csv").write_text("\n".join([BNLC, *rows]) + "\n", encoding="utf-8")
    places, report = read_carpool_places(tmp_path / "bnlc.csv")
    assert places["id"].tolist() == ["59009-C-001", "59009-C-003"]
    assert places["capacity"].tolist() == [30, 30]
    assert report.read == report.kept + 2


def test_a_file_without_a_single_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bnls.csv").write_text("\n".join([BNLS, bnls(1, "0")]) + "\n")
    with pytest.raises(InputError, match=r"bnls\.csv: no place"):
        read_parking_places(tmp_path / "bnls.csv")
