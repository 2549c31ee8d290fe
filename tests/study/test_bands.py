"""Counts within bands: who lives in a QPV, which sessions fit the métier, which sites have a place to go to."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from geo_access.study.bands import band_counts, bands_label
from geo_access.study.inputs import StudyInputs
from geo_access.study.study import Study, demo_study_path

BANDS = gpd.GeoDataFrame(
    {"minutes": [15, 30], "area_km2": [1.0, 4.0]}, geometry=[box(0, 0, 10, 10), box(0, 0, 20, 20)], crs=2154
)


def inputs(*, quarter: bool = True) -> StudyInputs:
    """Residents are powers of two: 1 and 2 within 15 minutes, 4 within 30, 8 beyond; half of the 2 is in a QPV."""
    points = gpd.GeoDataFrame(
        {"point_id": list("abcd"), "population": [1, 2, 4, 8], "job_seekers": [1, 0, 2, 4]},
        geometry=[Point(1, 1), Point(9, 9), Point(15, 15), Point(90, 90)],
        crs=2154,
    )
    zones = gpd.GeoDataFrame(
        {"zone_id": ["c", "q"], "zone_name": ["C", "Q"], "zone_kind": ["urban", "qpv" if quarter else "urban"]},
        geometry=[box(0, 0, 99, 99), box(0, 0, 2, 2)],
        crs=2154,
    )
    membership = pd.DataFrame({"point_id": list("abcdb"), "zone_id": list("ccccq"), "share": [1.0, 1, 1, 1, 0.5]})
    training = gpd.GeoDataFrame(
        {
            "site_id": list("stuv"),
            "metier": "F1602",
            "level": [3, 7, 3, None],
            "places": [1, 2, 4, 8],
            "modality": ["on_site", "on_site", "remote", "hybrid"],
        },
        geometry=[Point(5, 5), Point(5, 5), Point(5, 5), Point(15, 5)],
        crs=2154,
    )
    employers = gpd.GeoDataFrame(
        {"site_id": list("ef"), "metier": ["F1602", "H2913"], "openings": [16, 32]},
        geometry=[Point(15, 15), Point(1, 1)],
        crs=2154,
    )
    return StudyInputs(zones, points, membership, training, employers, None, (), ())


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.from_file(demo_study_path())


def test_each_thing_counts_once_and_only_where_it_fits(study: Study) -> None:
    counts = band_counts(study.file, inputs(), {"F1602": BANDS})
    assert counts["metier"].tolist() == ["F1602"] * 2
    assert counts["residents"].tolist() == [3, 7]
    assert counts["qpv_residents"].tolist() == [1, 1], "half of the two residents of the second point"
    assert counts["job_seekers"].tolist() == [1, 3]
    # Level 7 is not that of the métier (3–4), and nobody travels to a remote session; a level not said may fit.
    assert counts["places"].tolist() == [1, 9]
    assert counts["openings"].tolist() == [0, 16]
    assert counts["residents_share"].tolist() == pytest.approx([3 / 15, 7 / 15])


def test_without_quarters_nothing_is_said_of_them(study: Study) -> None:
    counts = band_counts(study.file, inputs(quarter=False), {"F1602": BANDS})
    assert "qpv_residents" not in counts
    assert band_counts(study.file, inputs(), {}).empty


def test_the_label_says_what_the_bands_lead_to(study: Study) -> None:
    assert "site de formation le plus proche" in bands_label(study.file)
    assert "09:00" in bands_label(study.file)
    jobs = study.file.model_copy(update={"training": None})
    assert "employeur le plus proche" in bands_label(dataclasses.replace(study, file=jobs).file)
