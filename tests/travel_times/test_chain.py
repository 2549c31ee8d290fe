"""Chains of errands from arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from geo_access.errors import InputError
from geo_access.travel_times.chain import Stage, chain_times
from tests.travel_times.worlds import WALK, H, bus, country, layer

LINE = [(0.0, 0.0), (10_000.0, 0.0)]
NETWORK = country([bus([0, 1], 7 * H), bus([0, 1], 8 * H), bus([1, 0], 17 * H)], LINE)
NURSERY = Stage("crèche", layer(c=(0.0, 600.0)), dwell_min=10, opens="07:30", closes="09:00")
SCHOOL = Stage("formation", layer(f=(10_000.0, 0.0)), dwell_min=420, closes="09:00")


def test_home_nursery_training_home() -> None:
    homes = layer(near=(0.0, 300.0), lost=(40_000.0, 0.0))
    chain = chain_times(
        NETWORK, homes, [NURSERY, SCHOOL, Stage("maison", None)], depart="07:00-08:00", max_minutes=180, **WALK
    )
    # Latest useful departure 7:35: nursery 7:40, leave 7:50, 600 s of walking, bus of 8:00;
    # 8:10 + 7 h = 15:10; bus of 17:00.
    assert chain.feasible.tolist() == [True, False]
    assert chain.leave_s[0] == 7 * H + 35 * 60
    assert chain.arrive_s[0].tolist() == [7 * H + 40 * 60, 8 * H + 600, 17 * H + 600 + 300]
    assert chain.total_s[0] == 17 * H + 900 - (7 * H + 35 * 60)
    assert chain.broken_leg.tolist() == [0, 1]


def test_the_leg_that_breaks_is_named() -> None:
    late = Stage("crèche", layer(c=(0.0, 600.0)), dwell_min=10, opens="08:00")
    chain = chain_times(NETWORK, layer(a=(0.0, 300.0)), [late, SCHOOL], depart="07:00", **WALK)
    assert chain.to_frame().loc[0, "broken_at"] == "formation"
    assert np.isnan(chain.total_s[0])


def test_a_chain_on_foot() -> None:
    stages = [Stage("crèche", layer(c=(0.0, 600.0)), dwell_min=5), Stage("maison", None)]
    chain = chain_times(NETWORK, layer(a=(0.0, 300.0), b=(0.0, 500.0)), stages, depart="07:00", mode="walk", **WALK)
    assert chain.total_s.tolist() == [300 + 300 + 300, 120 + 300 + 100]


@pytest.mark.parametrize(
    "stages",
    [
        [],
        [Stage("maison", None)],
        [Stage("x", layer(a=(0, 0), b=(1, 1)))],
        [Stage("x", layer(a=(0, 0)), opens="9:00", closes="8:00")],
    ],
)
def test_bad_chains_get_one_clear_error(stages: list[Stage]) -> None:
    with pytest.raises(InputError):
        chain_times(NETWORK, layer(a=(0.0, 300.0)), stages, depart="07:00", **WALK)
