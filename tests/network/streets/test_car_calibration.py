"""Driving times beside two engines that are widely used: their answers, recorded, and ours.

Recorded on 2026-11-21 with OSRM (osrm-bindings 26.10.0, its car profile, MLD) and Valhalla (pyvalhalla 3.9.1, auto, no
traffic, no hour of departure) on the extracts of ../shared/data. Pairs of street nodes, so that no engine snaps: every
tenth or so of a random draw, by distance; none was left out for its result. `bench_streets_agreement.py` has all pairs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from geo_access.network.search.links import link_points
from geo_access.network.search.search import street_matrix
from geo_access.network.streets.modes import PROFILES
from geo_access.network.streets.rules import way_speeds_kmh
from geo_access.network.streets.streets import build_streets
from tests.network.drawn import at, drawn_streets
from tests.shared import shared_path

# from lon, lat; to lon, lat; OSRM [s]; Valhalla [s]
KNOWN = {
    "porto_alegre/poa_osm.pbf": [
        (-51.158959, -30.065715, -51.169593, -30.077069, 335, 236),
        (-51.246087, -30.080359, -51.224837, -30.060262, 433, 301),
        (-51.194982, -30.061496, -51.153368, -30.065152, 507, 423),
        (-51.231333, -30.097496, -51.197692, -30.062599, 597, 474),
        (-51.194982, -30.061496, -51.237690, -30.094886, 708, 595),
        (-51.169296, -30.014544, -51.149286, -30.063996, 770, 621),
        (-51.218189, -30.075574, -51.152737, -30.046120, 956, 731),
        (-51.224646, -30.043518, -51.168666, -30.002887, 1012, 823),
        (-51.172522, -30.101415, -51.158469, -30.030115, 1232, 995),
        (-51.174054, -30.003845, -51.160242, -30.097801, 1843, 1583),
    ],
    "osm/porto_portugal.osm.pbf": [
        (-8.496797, 41.338650, -8.473515, 41.359556, 526, 413),
        (-8.614933, 41.113581, -8.552166, 41.177974, 783, 723),
        (-8.577279, 41.165333, -8.601218, 41.254777, 886, 821),
        (-8.405846, 41.228631, -8.491880, 41.351619, 1495, 1348),
        (-8.700021, 41.238636, -8.648924, 41.372181, 1723, 1408),
        (-8.598654, 40.991481, -8.665023, 41.190031, 1687, 1358),
        (-8.516384, 40.985379, -8.411193, 41.160958, 1647, 1321),
        (-8.444325, 41.187945, -8.584069, 40.997324, 1673, 1405),
        (-8.535679, 41.181247, -8.771549, 41.386274, 1934, 1787),
        (-8.604820, 41.018425, -8.376348, 41.391919, 3263, 2879),
    ],
    "hauts_de_france/lille_drive.osm.pbf": [
        (3.055097, 50.643878, 3.054027, 50.637916, 197, 217),
        (3.073507, 50.618404, 3.068098, 50.632645, 232, 245),
        (3.070102, 50.639077, 3.061704, 50.626071, 332, 283),
        (3.066524, 50.630221, 3.076513, 50.618772, 228, 184),
        (3.047749, 50.626585, 3.077755, 50.629553, 319, 253),
        (3.029654, 50.625390, 3.055071, 50.627157, 369, 309),
        (3.056984, 50.634666, 3.051079, 50.618237, 320, 253),
        (3.071518, 50.631582, 3.037339, 50.628576, 394, 468),
        (3.059580, 50.619515, 3.055097, 50.643878, 436, 362),
        (3.075279, 50.641953, 3.049424, 50.621433, 576, 468),
    ],
}


@pytest.mark.reference
@pytest.mark.parametrize("extract", KNOWN)
def test_driving_times_are_those_of_osrm_and_valhalla(extract: str) -> None:
    known = np.array(KNOWN[extract])
    streets = build_streets(shared_path(extract), modes=("car",))
    to_metres = Transformer.from_crs(4326, streets.epsg, always_xy=True)
    starts, ends = (np.column_stack(to_metres.transform(known[:, k], known[:, k + 1])) for k in (0, 2))
    links = [link_points(streets, xy, mode="car", limit_m=1.0) for xy in (starts, ends)]
    assert all(side.ok.all() for side in links)
    ours = street_matrix(streets, *links, mode="car").diagonal()
    consensus = np.sqrt(known[:, 4] * known[:, 5])
    ratio = ours / consensus
    assert np.median(ratio) == pytest.approx(1.0, abs=0.06)
    assert ((ratio > 0.75) & (ratio < 1.25)).all()
    # Between the two engines, or within a tenth of them, for nearly all.
    low, high = known[:, 4:].min(axis=1), known[:, 4:].max(axis=1)
    assert ((ours > 0.9 * low) & (ours < 1.1 * high)).mean() >= 0.8


def test_a_limit_is_driven_at_nine_tenths() -> None:
    assert way_speeds_kmh({"highway": "secondary", "maxspeed": "50"}, PROFILES["car"]) == pytest.approx((45.0, 45.0))
    assert way_speeds_kmh({"highway": "motorway", "maxspeed": "130"}, PROFILES["car"])[0] == pytest.approx(117.0)


def test_the_delays_at_a_junction_and_at_a_signal(tmp_path: Path) -> None:
    road = {"highway": "tertiary", "maxspeed": "50"}
    streets, where = drawn_streets(
        tmp_path,
        "\n    e   f   g\n\n    a   b   c   d\n",
        {"abcd": road, "eb": road, "fc": road},
        modes=("car",),
        nodes={"c": {"highway": "traffic_signals"}},
    )
    links = link_points(streets, at(where, "ad"), mode="car")
    seconds = street_matrix(streets, links, links, mode="car")
    # 300 m at 45 km/h are 24 s; b is a junction of three streets, c has signals; d, where the way ends, costs nothing.
    assert seconds[0, 1] == pytest.approx(24.0 + 1.2 + 2.0, abs=0.1)
    assert seconds[1, 0] == pytest.approx(24.0 + 1.2 + 2.0, abs=0.1)


def test_yards_that_open_onto_a_street_make_no_junction(tmp_path: Path) -> None:
    road, yard = {"highway": "tertiary", "maxspeed": "50"}, {"highway": "service"}
    drawing = "\n    e   f\n\n    a   b   c   d\n"
    streets, where = drawn_streets(tmp_path, drawing, {"abcd": road, "eb": yard, "fc": road}, modes=("car",))
    links = link_points(streets, at(where, "ad"), mode="car")
    # 300 m at 45 km/h; a yard at b, a street at c.
    assert street_matrix(streets, links, links, mode="car")[0, 1] == pytest.approx(24.0 + 1.2, abs=0.1)
