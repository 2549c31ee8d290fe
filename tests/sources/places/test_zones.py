"""Zones: recognised, mended, joined, made of communes, carried between vintages."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely import box

from geo_access.errors import InputError
from geo_access.sources.places.geocode import read_communes
from geo_access.sources.places.lists import (
    CogMoves,
    explain_unknown,
    gather_communes,
    read_cog_moves,
    read_commune_status,
    read_density,
    read_membership,
    rural_zones,
)
from geo_access.sources.places.zones import read_zones, recognise_zoning
from tests.shared import shared_path


def layer(**columns: list[str]) -> gpd.GeoDataFrame:
    n = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[box(3 + i, 50, 4 + i, 51) for i in range(n)], crs=4326)


@pytest.mark.parametrize(
    ("columns", "title"),
    [
        ({"code_qp": ["QN05911M", "QN00201N"]}, "QPV 2024"),
        ({"CODE_QP": ["QP059001", "QP02A004"]}, "QPV 2015"),
        ({"CODGEO": ["59350", "2A004"]}, "Communes"),
        ({"CODE_IRIS": ["593500106", "593500107"]}, "IRIS"),
        ({"code_epci": ["200093201", "245900410"]}, "EPCI"),
        ({"ze2020": ["3216", "3220"]}, "Zones d'emploi"),
        ({"BE25": ["3201", "3202"]}, "Bassins BMO"),
        ({"code_dept": ["59", "2A"]}, "Départements"),
    ],
)
def test_french_zonings_are_recognised(columns: dict[str, list[str]], title: str) -> None:
    found = recognise_zoning(pd.DataFrame(columns))
    assert found is not None
    assert found[0].title == title


def test_foreign_polygons_need_only_an_id(tmp_path: Path) -> None:
    layer(mijn_code=["B-1", "B-2"], naam=["Moeskroen", "Kortrijk"]).to_file(tmp_path / "be.gpkg")
    zones = read_zones(tmp_path / "be.gpkg", id="mijn_code", name="naam", kind="foreign")
    assert zones["zone_id"].tolist() == ["B-1", "B-2"]
    assert set(zones["zone_kind"]) == {"foreign"}
    with pytest.raises(InputError, match="did you mean 'mijn_code'"):
        read_zones(tmp_path / "be.gpkg", id="mijn_kode")


def test_the_zip_of_the_producer_gives_the_layer_in_degrees(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "q.zip", "w") as archive:
        for name, crs in (("QP2024_France_hexagonale_LB93", 2154), ("QP2024_France_Hexagonale_Outre_Mer_WGS84", 4326)):
            frame = layer(code_qp=["QN05911M"], lib_qp=["x"]).to_crs(crs)
            frame.to_file(tmp_path / f"{name}.geojson")
            archive.write(tmp_path / f"{name}.geojson", f"GEOJSON/{name}.geojson")
            frame.to_file(tmp_path / f"{name}.shp")
            for part in tmp_path.glob(f"{name}.[sdpc]*"):
                archive.write(part, f"SHP/{part.name}")
    assert read_zones(tmp_path / "q.zip").total_bounds.round(6).tolist() == [3, 50, 4, 51]
    lambert = read_zones(tmp_path / "q.zip", layer="LB93")
    assert lambert.total_bounds.round(5).tolist() == [3, 50, 4, 51]


def test_parts_of_a_zone_are_joined_and_crossed_outlines_mended(tmp_path: Path) -> None:
    bow = shapely.Polygon([(3, 50), (4, 51), (4, 50), (3, 51)])
    frame = layer(code_qp=["QN05911M", "QN05911M", "QN05912M"])
    frame.loc[2, "geometry"] = bow
    frame.to_file(tmp_path / "q.geojson")
    zones = read_zones(tmp_path / "q.geojson")
    assert zones["zone_id"].tolist() == ["QN05911M", "QN05912M"]
    assert zones.geometry.is_valid.all()
    assert len(zones.attrs["notes"]) == 2


@pytest.mark.filterwarnings("ignore:.crs. was not provided")
def test_bad_layers_are_refused_with_all_their_faults(tmp_path: Path) -> None:
    frame = layer(code_qp=["QN05911M", "", "QN05913M"])
    frame.loc[2, "geometry"] = shapely.Point(3, 50)
    frame.to_file(tmp_path / "q.geojson")
    with pytest.raises(InputError) as caught:
        read_zones(tmp_path / "q.geojson", id="code_qp")
    assert len(caught.value.faults) == 2
    metres = layer(code_qp=["QN05911M"]).to_crs(2154).set_crs(4326, allow_override=True)
    metres.to_file(tmp_path / "m.gpkg")
    with pytest.raises(InputError, match="EPSG:2154"):
        read_zones(tmp_path / "m.gpkg")
    layer(code_qp=["QN05911M"]).set_crs(None, allow_override=True).to_file(tmp_path / "n.shp")
    with pytest.raises(InputError, match="does not say its CRS"):
        read_zones(tmp_path / "n.shp")
    assert len(read_zones(tmp_path / "n.shp", crs=4326)) == 1
    (tmp_path / "t.csv").write_text("code;nom\n1;a\n")
    with pytest.raises(InputError, match="no geometry"):
        read_zones(tmp_path / "t.csv")


def test_density_is_read_as_numbers_or_labels_and_old_grids_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("CODGEO;DENS\n" + "\n".join(f"{i:05d};{1 + i % 4}" for i in range(1, 1500)))
    with pytest.raises(InputError, match="7 levels"):
        read_density(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("CODGEO;DENS\n01001;7\n01002;4\n")
    assert read_density(tmp_path / "b.csv")["rural"].tolist() == [True, False]


def test_communes_make_zones_and_what_does_not_match_is_counted() -> None:
    communes = layer(zone_id=["1", "2", "3"])
    table = pd.DataFrame({"commune": ["1", "2", "9"], "zone_id": "A", "zone_name": "a"})
    zones = gather_communes(communes, table, kind="epci")
    assert zones.geometry.iloc[0].area == pytest.approx(2.0)
    assert len(zones.attrs["notes"]) == 2
    with pytest.raises(InputError, match="vintage"):
        gather_communes(communes, table.assign(commune="x"), kind="epci")


def test_codes_are_carried_through_mergers_and_splits(tmp_path: Path) -> None:
    (tmp_path / "v_mvt.csv").write_text(
        "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\n"
        "32,2016-01-01,COM,80001,COM,80002\n32,2016-01-01,COM,80002,COM,80002\n"
        "32,2019-01-01,COM,80002,COM,80003\n32,2019-01-01,COM,80002,COMD,80002\n"
        "21,2020-01-01,COM,80004,COM,80005\n21,2020-01-01,COM,80004,COM,80006\n"
    )
    moves = read_cog_moves(tmp_path / "v_mvt.csv")
    codes, notes = moves.carry(["80001", "80002", "80004", "80009"], since="2015-01-01", until="2024-01-01")
    assert codes == ["80003", "80003", "80005", "80009"]
    assert "80004 was split" in str(notes[0])
    assert moves.carry(["80001"], since="2017-01-01", until="2018-01-01")[0] == ["80001"]
    assert moves.carry(["80001"], since="2015-01-01", until="2018-01-01")[0] == ["80002"]
    with pytest.raises(InputError, match="not before"):
        CogMoves(()).carry([], since="2024-01-01", until="2015-01-01")
    (tmp_path / "p.csv").write_text("CODGEO_2018,CODGEO_2019,CODGEO_2020\n59404,59350,59350\n59512,59512,59512\n")
    assert read_cog_moves(tmp_path / "p.csv").moves == (("2019-01-01", "59404", ("59350",)),)


def test_codes_of_another_vintage_are_explained() -> None:
    moves = CogMoves((("2019-01-01", "59404", ("59350",)),))
    gone, unborn, odd = (
        explain_unknown([code], known, moves, where="list")[0]
        for code, known in (("59404", {"59350"}), ("59350", {"59404"}), ("99999", {"59350"}))
    )
    assert "became 59350 on 2019-01-01" in gone.what
    assert "was 59404 before" in unborn.what
    assert odd.what == "unknown"
    assert explain_unknown(["59350"], {"59350"}, moves, where="list") == []


@pytest.mark.reference
@pytest.mark.parametrize(("name", "count"), [("occitanie", 105), ("rennes", 6)])
def test_real_neighbourhoods(name: str, count: int) -> None:
    zones = read_zones(shared_path(f"france/qpv2015_{name}.geojson"))
    assert len(zones) == count
    assert set(zones["zone_kind"]) == {"qpv"}
    assert zones.geometry.is_valid.all()


@pytest.mark.reference
def test_real_communes_and_their_lists() -> None:
    communes = read_communes(shared_path("hauts_de_france/communes.csv"))
    assert len(communes) == 3787
    assert communes["PMUN"].astype(int).sum() == 5_995_292
    outlines = read_zones(shared_path("hauts_de_france/communes_2018.geojson"))
    density = read_density(shared_path("france/densite.csv"))
    assert density["density"].notna().all()
    rural = rural_zones(outlines, density)
    assert 0.7 * len(outlines) < len(rural) < 0.9 * len(outlines)
    basins = read_membership(shared_path("france/commune_bassin_bmo.csv"), zone="BE19", name="NOMBE19")
    gathered = gather_communes(outlines, basins, kind="bmo")
    assert gathered.geometry.to_crs(2154).area.sum() == pytest.approx(
        outlines.geometry.to_crs(2154).area.sum(), rel=1e-3
    )
    zrr = read_commune_status(shared_path("france/ZRR_20221109.json"))
    assert zrr["scheme"].value_counts().to_dict() == {"zrr": 17730, "none": 17235}
    assert zrr["part"].sum() == 36


@pytest.mark.parametrize(
    ("code", "name"), [("BE26", "NOMBE26"), ("BE19", "NOMBE19"), ("code_bassin_2026", "lib_bassin_2026")]
)
def test_basins_of_any_year_are_recognised_by_the_pattern_of_their_columns(
    tmp_path: Path, code: str, name: str
) -> None:
    squares = [shapely.box(k, 50, k + 1, 51) for k in range(3)]
    table = gpd.GeoDataFrame({code: ["3201", "3202", "3203"], name: ["A", "B", "C"]}, geometry=squares, crs=4326)
    file = tmp_path / "zones.gpkg"
    table.to_file(file, driver="GPKG")
    zones = read_zones(file)
    assert zones["zone_id"].tolist() == ["3201", "3202", "3203"]
    assert zones["zone_name"].tolist() == ["A", "B", "C"]
    assert set(zones["zone_kind"]) == {"bmo"}
