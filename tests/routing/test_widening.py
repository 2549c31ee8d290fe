"""Streets around points are searched once for the stops that networks share; what is new is found all the same."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from geo_access.network.model import CrowFly, Network, Streets
from geo_access.routing import widening
from geo_access.routing.doorways import Doorways, Places
from geo_access.routing.legs import Ends
from geo_access.routing.query import Query, Window
from tests.network.drawn import drawn_streets
from tests.routing.random_timetables import random_timetable
from tests.times.worlds import PLAIN

GRID = """
a   b   c   d   e

f   g   h   i   j

k   l   m   n   o
"""
STREET = {"highway": "residential"}
WAYS = {
    "abcde": STREET,
    "fghij": STREET,
    "klmno": {**STREET, "oneway": "yes"},
    "afk": STREET,
    "chm": STREET,
    "ejo": STREET,
}


def same(one: tuple[Ends, Ends], other: tuple[Ends, Ends]) -> None:
    for ours, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(ours.direct_s, theirs.direct_s)
        np.testing.assert_array_equal(ours.origin_ok, theirs.origin_ok)
        for name in ("access", "egress"):
            for part in fields(getattr(ours, name)):
                np.testing.assert_array_equal(
                    getattr(getattr(ours, name), part.name), getattr(getattr(theirs, name), part.name)
                )


def with_stops(streets: Streets | CrowFly, xy: np.ndarray) -> Network:
    drawn = random_timetable(np.random.default_rng(1))
    ids = np.array([f"s{k}" for k in range(len(xy))], dtype=object)
    return Network(2154, streets, replace(drawn, stop_id=ids, stop_x=xy[:, 0], stop_y=xy[:, 1]), {})


@pytest.mark.parametrize("mode", ["transit", "bike+transit", "bike_aboard+transit"])
@pytest.mark.parametrize("drawn", [True, False])
def test_stops_moved_added_and_taken_away_are_found_as_by_a_search_of_all(
    tmp_path: Path, mode: str, drawn: bool
) -> None:
    streets: Streets | CrowFly = PLAIN
    low, wide = np.zeros(2), 1500.0
    if drawn:
        streets, where = drawn_streets(tmp_path, GRID, WAYS, modes=("walk", "bike"))
        low, wide = np.min(list(where.values()), axis=0), 400.0
    query = Query(mode, arrive=Window(1800, 1800), max_access_s=240, max_egress_s=180, bike_kmh=12.0)
    rng = np.random.default_rng(7)
    homes, sites, stops, more = (low + rng.uniform(0, wide, (n, 2)) for n in (9, 4, 8, 3))
    places = Places(with_stops(streets, stops))
    Doorways(with_stops(streets, stops), places).connect_both(homes, sites, query)
    trials = (
        np.vstack((stops, more)),  # a line more
        np.vstack((more[:1], stops[:3], stops[5:], stops[:1])),  # some are gone, one stands twice, all in another order
        stops[:4],
        low + rng.uniform(0, wide, (5, 2)),  # nothing in common
    )
    for xy in trials:
        network = with_stops(streets, xy)
        widened = Doorways(network, places).connect_both(homes, sites, query)
        same(widened, Doorways(network, Places(network)).connect_both(homes, sites, query))
        assert widened[0].access.n_cols == len(xy)


def test_only_the_new_stop_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    homes, sites, stops = (rng.uniform(0, 1500, (n, 2)) for n in (9, 4, 8))
    query = Query("transit", arrive=Window(1800, 1800))
    network = with_stops(PLAIN, stops)
    places = Places(network)
    Doorways(network, places).connect_both(homes, sites, query)
    searched: list[int] = []
    search = widening.stop_walks

    def counted(*arguments: object, **named: object) -> object:
        searched.append(len(named["stops"].ok))  # type: ignore[attr-defined]
        return search(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(widening, "stop_walks", counted)
    longer = with_stops(PLAIN, np.vstack((stops, rng.uniform(0, 1500, (1, 2)))))
    Doorways(longer, places).connect_both(homes, sites, query)
    # Homes and sites, each there and back.
    assert searched == [1, 1, 1, 1]
