"""Zonings of the observatory: columns of the study's layers put its zones together, and nobody is counted twice."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from geo_access.diagnosis.residents import Residents
from geo_access.errors import InputError
from geo_access.study.prepared import PreparedStudy, prepare_study
from geo_access.web.observatory import export_file, observatory_table
from geo_access.web.questions import ExportQuestion, ObservatoryQuestion
from geo_access.web.zonings import counted_once, zonings_of
from tests.study.test_zonings import study_with

ASKED = {"by": "territory", "profile": "sans_voiture", "metier": "F1602"}


@pytest.fixture(scope="module")
def zoned(prepared: PreparedStudy) -> PreparedStudy:
    """The demo, whose zones say in which EPCI and CLPE they lie; one zone says of no CLPE."""
    zones = prepared.inputs.zones
    number = np.arange(len(zones))
    clpe = pd.Series(np.where(number % 3 == 0, "Nord", "Sud"), zones.index, dtype=object)
    clpe.iloc[0] = None
    more = zones.assign(
        NOM_EPCI=np.where(number < 10, "CA du Val", "CC du Haut"), clpe=clpe, code_commune=zones["zone_id"]
    )
    return replace(prepared, inputs=replace(prepared.inputs, zones=more))


def test_columns_of_the_layers_are_zonings_and_own_codes_are_not(zoned: PreparedStudy, prepared: PreparedStudy) -> None:
    assert [item.id for item in zonings_of(zoned)] == ["epci", "clpe"]
    assert zonings_of(prepared) == []


def test_a_zoning_adds_its_zones_up_and_none_is_counted_twice(zoned: PreparedStudy) -> None:
    zones = observatory_table(zoned, ObservatoryQuestion.model_validate(ASKED)).set_index("zone_id")
    table = observatory_table(zoned, ObservatoryQuestion.model_validate({**ASKED, "zoning": "clpe"}))
    own = zoned.inputs.zones.set_index(zoned.inputs.zones["zone_id"].astype(str))
    for row in table.to_dict("records"):
        mine = zones.loc[own.index[(own["clpe"] == row["zone_name"]) & (own["zone_kind"] != "qpv")]]
        mine = mine[~mine["masked"]]
        assert row["residents"] == pytest.approx(mine["residents"].sum())
        assert row["share"] == pytest.approx(mine["reach"].sum() / mine["residents"].sum())
        assert row["inadequate"] == mine["inadequate"].sum()
    assert sorted(table["zone_name"]) == ["Nord", "Sud"]
    with pytest.raises(InputError, match="epci, clpe"):
        observatory_table(zoned, ObservatoryQuestion.model_validate({**ASKED, "zoning": "bassin"}))


def test_the_geopackage_of_a_zoning_has_outlines_of_its_zones_together(zoned: PreparedStudy) -> None:
    content = export_file(zoned, ExportQuestion.model_validate({**ASKED, "zoning": "epci", "form": "gpkg"}))
    layer = gpd.read_file(io.BytesIO(content))
    table = observatory_table(zoned, ObservatoryQuestion.model_validate({**ASKED, "zoning": "epci"}))
    assert layer["share"].tolist() == pytest.approx(table["share"].tolist())
    assert set(layer["manifest"]) == {zoned.manifest_id}
    own = zoned.inputs.zones.to_crs(2154)
    for row, shape in zip(layer["zone_name"], layer.to_crs(2154).geometry, strict=True):
        whole = own.geometry[own["NOM_EPCI"] == row].union_all()
        assert shape.symmetric_difference(whole).area < 1e-6 * whole.area


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["commune", "commune", "epci", "qpv"], [True, True, False, False]),
        (["qpv", "qpv", "epci", "commune"], [False, False, True, False]),
        (["urban", "rural", "epci", "qpv"], [True, True, False, False]),
    ],
)
def test_layers_that_lie_over_each_other_are_counted_once(kinds: list[str], expected: list[bool]) -> None:
    """Two points: zone 0 holds the first, zone 1 the second, zone 2 both, zone 3 half of the first."""
    share = sparse.csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.0]]))
    names, people = np.array(list("abcd"), dtype=object), np.array([10.0, 20.0])
    point = np.array(["p", "q"], dtype=object)
    town = Residents(
        point, np.zeros((2, 2)), people, people, np.zeros(2, bool), names, names, np.array(kinds, object), share
    )
    assert counted_once(town).tolist() == expected


def test_a_zoning_of_the_study_is_told_by_its_own_units(tmp_path: Path) -> None:
    """The small study's points of 1, 2 and 4 people lie in the unit, the one of 8 in none."""
    small = prepare_study(study_with(tmp_path / "s"))
    assert [(item.id, item.name) for item in zonings_of(small)] == [("ze2020", "Zones d’emploi")]
    profile = small.profiles[0].id
    asked = {"by": "territory", "profile": profile, "metier": small.metiers[0].code, "zoning": "ze2020"}
    table = observatory_table(small, ObservatoryQuestion.model_validate(asked)).set_index("zone_id")
    whole = small.by_zoning
    assert whole is not None
    held = whole.groupby("zone_id")["residents"].first()
    assert table["residents"].to_dict() == {zone: people for zone, people in held.items() if pd.notna(people)}
    assert table["residents"].sum() <= small.diagnosis.residents.population.sum()
    file = export_file(small, ExportQuestion.model_validate({**asked, "form": "gpkg"}))
    layer = gpd.read_file(io.BytesIO(file)).set_index("zone_id")
    assert layer.geometry.notna()["3206"]
