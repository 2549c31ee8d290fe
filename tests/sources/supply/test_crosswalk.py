"""The crosswalk: weights that sum to one, ambiguity said, métiers found by their label."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.errors import InputError
from geo_access.sources.supply.crosswalk import Crosswalk, make_crosswalk
from geo_access.sources.supply.crosswalk_files import build_crosswalk
from tests.shared import shared_path

LINKS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 9)), min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(first=LINKS, second=LINKS)
def test_weights_sum_to_one_along_any_chain(first: list, second: list) -> None:
    walk = make_crosswalk(
        [("naf", a, "rome", b, w) for a, b, w in first] + [("fap225", a, "rome", b, w) for a, b, w in second]
    )
    for source, target in (("naf", "rome"), ("rome", "naf"), ("naf", "fap225")):
        table = walk.map("abcxyz?", source=source, target=target)
        totals = table.groupby("source")["weight"].sum()
        mapped = table[table["target"].notna()]["source"].unique()
        assert totals[list(mapped)].tolist() == pytest.approx([1.0] * len(mapped))
        assert set(table["source"]) == set("abcxyz?")
        sizes = table[table["target"].notna()].groupby("source").size()
        assert all(table.set_index("source").loc[[code], "ambiguous"].iloc[0] == (n > 1) for code, n in sizes.items())


def test_unknown_nomenclatures_and_unlinked_ones() -> None:
    walk = make_crosswalk([("naf", "a", "rome", "x", 1), ("fap225", "b", "fap87", "c", 1)])
    with pytest.raises(InputError, match="did you mean 'rome'"):
        walk.map(["a"], source="naf", target="romme")
    with pytest.raises(InputError, match="nothing leads"):
        walk.map(["a"], source="naf", target="fap87")
    with pytest.raises(InputError, match="negative"):
        make_crosswalk([("naf", "a", "rome", "x", -1)])


def test_search_forgives_accents_case_and_small_slips() -> None:
    walk = make_crosswalk(
        [], labels=[("rome", "H1504", "Électricien / Électricienne"), ("rome", "H2913", "Soudage manuel")]
    )
    assert walk.search("ELECTRICIEN")["code"].tolist() == ["H1504"]
    assert walk.search("électricen")["code"].tolist() == ["H1504"]
    assert walk.search("manuel soudage")["code"].tolist() == ["H2913"]
    assert walk.search("boulanger").empty
    assert walk.search("").empty


def test_the_sas_table_weighs_by_qualification(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(
        'value $FAP9RSQ\r\n"A1201","A1205" = "A0Z42"\r\nvalue $FAP9RAQ\r\n"H29130","H29131","H29132" = "D2Z42"\r\n'
        '"H29138" = "D6Z70"\r\n/* Qualité */'.encode("cp1252")
    )
    walk = build_crosswalk(fap_passage=tmp_path / "p.txt")
    table = walk.map(["A1201", "H2913"], source="rome", target="fap225")
    assert table["weight"].tolist() == [1.0, 0.75, 0.25]
    assert table["ambiguous"].tolist() == [False, True, True]
    (tmp_path / "q.txt").write_text("nothing here")
    with pytest.raises(InputError, match="no line such as"):
        build_crosswalk(fap_passage=tmp_path / "q.txt")


def everything() -> Crosswalk:
    return build_crosswalk(
        rome=shared_path("france/rome_v460.csv"),
        fap_passage=shared_path("france/passage_fap2009_romev3.txt"),
        fap_rome=shared_path("france/dares_fap225_rome.csv"),
        fap_labels=shared_path("france/intitule_fap2009.txt"),
        naf_hirings=shared_path("france/rome_naf_hirings_2021.csv"),
        naf_labels=shared_path("france/naf_labels.csv"),
        certifications=shared_path("france/certif_info.csv"),
        mef=shared_path("france/nMef.csv"),
    )


@pytest.mark.reference
def test_the_real_nomenclatures() -> None:
    walk = everything()
    assert walk.search("soudeur", scheme="rome_metier")["code"].tolist()[:1] == ["H2913"]
    assert walk.search("soudeur")["code"].tolist()[0] == "H2913"
    assert walk.label("D2Z", scheme="fap87") == "Ouvriers qualifiés travaillant par formage de métal"
    welders = walk.map(["H2913"], source="rome", target="fap225")
    assert welders["target"].tolist()[0] == "D2Z42"
    assert welders["ambiguous"].all()
    retail = walk.map(["23210031224"], source="mef", target="rome")
    assert set(retail["target"]) == {"D1106", "D1107", "D1214"}
    assert set(retail["via"]) == {"mef → diploma → rome"}
    machining = walk.map(["2562B"], source="naf", target="rome")
    assert machining["weight"].sum() == pytest.approx(1.0)
    industry = [code for code in walk.labels.query("scheme == 'rome'")["code"].unique() if code.startswith("H")]
    families = walk.map(industry, source="rome", target="opco2i")
    assert families["target"].notna().all()
    assert set(walk.labels.query("scheme == 'opco2i'")["code"]) >= set(families["target"])
    assert len(walk.labels.query("scheme == 'opco2i'")) == 7
    assert walk.map(["34947"], source="rncp", target="rome")["target"].notna().all()
