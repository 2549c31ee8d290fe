"""Costs by the tax scale, by hand; aids are told as worth a look, never as due."""

from __future__ import annotations

import pytest

from geo_access.web.costs import car_month_eur, costs_of, worth_a_look
from geo_access.words.catalogue import catalogue


@pytest.mark.parametrize(
    ("km", "cv", "year"),
    [
        (400, 3, 0.529 * 4_800),
        (1_000, 5, 0.357 * 12_000 + 1_395),
        (2_000, 4, 0.407 * 24_000),
        (1_000, 9, 0.394 * 12_000 + 1_515),
    ],
)
def test_a_month_by_car_is_a_twelfth_of_the_scales_year(km: float, cv: int, year: float) -> None:
    assert car_month_eur(km, fiscal_cv=cv) == pytest.approx(year / 12)


def test_a_price_that_nobody_gave_is_unknown_and_a_pass_counts_only_for_who_boards() -> None:
    unknown = costs_of(boards=True, car_km=10.0, days=20, fiscal_cv=5, pass_month_eur=None)
    assert (unknown["transit"], unknown["uses_transit"], unknown["car_km"]) == (None, True, 200.0)
    walked = costs_of(boards=False, car_km=None, days=20, fiscal_cv=5, pass_month_eur=35.0)
    assert (walked["transit"], walked["uses_transit"], walked["car"]) == (None, False, None)


@pytest.mark.parametrize(
    ("there", "back", "km", "looked_at"), [(60, 60, 60.0, False), (61, 60, 10.0, True), (20, 20, 60.1, True)]
)
def test_the_mobility_aid_is_worth_a_look_beyond_two_hours_or_sixty_kilometres(
    there: float, back: float, km: float, looked_at: bool
) -> None:
    row = {"there_min": there, "back_min": back, "car_km": km, "kind": "training"}
    found = {aid["id"] for aid in worth_a_look([row], licence=True, kinds=("training",))}
    assert ("mobility" in found) is looked_at
    assert "licence" not in found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_aid_is_to_be_checked_and_nobody_is_told_to_be_eligible(language: str) -> None:
    row = {"there_min": 99, "back_min": 99, "car_km": 99.0, "kind": "job", "uses_transit": True}
    found = worth_a_look([row], licence=False, kinds=("training", "job"))
    assert len(found) == 5
    words = catalogue(language)
    for aid in found:
        told = words[f"web.aid_{aid['id']}"].lower()
        assert ("à vérifier" if language == "fr" else "to be checked") in told
        assert "éligible" not in told
        assert "eligible" not in told
        assert aid["source"]
        assert aid["read"] == "2026-11-27"
