"""Journeys are told leg by leg, and in French."""

from __future__ import annotations

import pytest

from geo_access.errors import InputError
from geo_access.routing.journeys import explain
from tests.travel_times.worlds import WALK, H, bus, country, layer

XY = [(0.0, 0.0), (10_000.0, 0.0), (10_000.0, 120.0), (20_000.0, 120.0)]
TRIPS = [bus([0, 1], 7 * H), bus([0, 1], 7 * H + 1200), bus([2, 3], 7 * H + 2400)]
NETWORK = country(TRIPS, XY, routes=["1", "1", "Liane 2"])
HOME, SITE = layer(h=(0.0, 300.0)), layer(s=(20_000.0, 220.0))


def test_a_change_told_leg_by_leg() -> None:
    (journey,) = explain(NETWORK, HOME, SITE, depart="06:50", **WALK)
    # The bus of 7:20 still catches the one of 7:40: nobody need leave for the one of 7:00.
    assert [leg.kind for leg in journey.legs] == ["walk", "ride", "walk", "ride", "walk"]
    assert journey.leave_s == 7 * H + 1200 - 300
    assert journey.arrive_s == 7 * H + 2400 + 600 + 100
    assert journey.walk_s == 300 + 120 + 100
    assert journey.rides == 2
    assert journey.sentence() == (
        "Départ 07:15, puis 5 min à pied jusqu'à « s0 », puis 1 direction to s1 à 07:20 de « s0 » jusqu'à « s1 »"
        " (07:30)"
        ", puis 2 min à pied jusqu'à « s2 », puis Liane 2 direction to s3 à 07:40 de « s2 » jusqu'à « s3 » (07:50), "
        "puis 2 min à pied. Arrivée 07:51, 37 min, 1 correspondance."
    )
    frame = journey.to_geodataframe()
    assert frame.crs.to_epsg() == 2154
    assert frame.geometry.length.round().tolist() == [300, 10_000, 120, 10_000, 100]


def test_arrive_by_finds_the_last_journey() -> None:
    (journey,) = explain(NETWORK, HOME, SITE, arrive="08:00", **WALK)
    assert journey.leave_s == 7 * H + 1200 - 300
    assert explain(NETWORK, HOME, SITE, arrive="07:30", **WALK) == []


def test_walking_all_the_way_is_a_journey() -> None:
    journeys = explain(NETWORK, HOME, layer(s=(0.0, 900.0)), depart="06:50", **WALK)
    assert [(j.rides, j.walk_s) for j in journeys] == [(0, 600)]
    assert "10 min à pied" in journeys[0].sentence()


def test_bad_places() -> None:
    with pytest.raises(InputError, match="one point"):
        explain(NETWORK, layer(a=(0, 0), b=(1, 1)), SITE, depart="06:50")
    with pytest.raises(InputError, match="transit"):
        explain(NETWORK, HOME, SITE, mode="walk")
