"""Journeys are told leg by leg, drawn along the streets, and read out in French."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from geo_access.errors import InputError, SnapError
from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.routing.journeys import Leg, explain
from geo_access.routing.sentences import tell
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed
from tests.network.drawn import drawn_streets
from tests.routing.random_timetables import make_timetable
from tests.times.worlds import WALK, H, bus, country, layer

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
        "Partez à 7 h 15. Marchez 5 minutes jusqu'à « s0 ». À 7 h 20, prenez le bus 1 en direction de « to s1 »"
        " à « s0 » ; descendez à « s1 » à 7 h 30. Marchez 2 minutes jusqu'à « s2 ». À 7 h 40, prenez le bus Liane 2"
        " en direction de « to s3 » à « s2 » ; descendez à « s3 » à 7 h 50. Marchez 2 minutes. Vous arrivez à 7 h 51 :"
        " 37 minutes en tout, avec une correspondance."
    )
    assert journey.sentence(language="en") == (
        "Leave at 07:15. Walk 5 minutes to “s0”. At 07:20 take bus 1 towards “to s1” at “s0”; get off at “s1” at 07:30."
        " Walk 2 minutes to “s2”. At 07:40 take bus Liane 2 towards “to s3” at “s2”; get off at “s3” at 07:50. Walk 2"
        " minutes. You arrive at 07:51: 37 minutes in all, with one change."
    )
    frame = journey.to_geodataframe()
    assert frame.crs.to_epsg() == 2154
    assert frame.geometry.length.round().tolist() == [300, 10_000, 120, 10_000, 100]
    assert frame["metres"].tolist() == [300, 10_000, 120, 10_000, 100]


def ride(line: str, kind: int, start_s: int, end_s: int) -> Leg:
    return Leg("ride", line, "", "A", "B", start_s, end_s, np.zeros((2, 2)), kind)


@pytest.mark.parametrize(
    ("line", "kind", "french", "english"),
    [
        ("M1", 1, "le métro M1", "metro M1"),
        ("Tram A", 0, "le tram A", "tram A"),
        ("K40", 2, "le train K40", "train K40"),
        ("12", 715, "le bus 12", "bus 12"),
        ("912", 200, "le car 912", "coach 912"),
        ("X", 1500, "la ligne X", "line X"),
        ("", 3, "le bus ", "bus "),
    ],
)
def test_vehicles_are_named_for_what_they_are(line: str, kind: int, french: str, english: str) -> None:
    leg = ride(line, kind, 8 * H, 9 * H)
    assert f"prenez {french.strip()} à" in tell([leg])
    assert f"take {english.strip()} at" in tell([leg], language="en")


def test_the_day_is_named_when_it_changes() -> None:
    night = [ride("1", 3, 24 * H - 600, 24 * H + 300), ride("2", 3, 24 * H + 900, 25 * H + 240)]
    assert tell(night) == (
        "Partez à 23 h 50. À 23 h 50, prenez le bus 1 à « A » ; descendez à « B » à 0 h 05 le lendemain."
        " Restez à « A ». À 0 h 15, prenez le bus 2 ; descendez à « B » à 1 h 04. Vous arrivez à 1 h 04 :"
        " 1 h 14 en tout, avec une correspondance."
    )
    evening = [ride("1", 3, -600, 300)]
    assert tell(evening) == (
        "Partez à 23 h 50 la veille. À 23 h 50, prenez le bus 1 à « A » ; descendez à « B » à 0 h 05 le jour même."
        " Vous arrivez à 0 h 05 : 15 minutes en tout."
    )
    short = [
        Leg("walk", "", "", "", "B", 0, 20, np.zeros((2, 2))),
        Leg("walk", "", "", "", "", 20, 80, np.zeros((2, 2))),
    ]
    assert "Marchez moins d'une minute jusqu'à « B ». Marchez 1 minute." in tell(short)
    with pytest.raises(InputError, match="language"):
        tell(evening, language="nl")


def test_arrive_by_finds_the_last_journey() -> None:
    (journey,) = explain(NETWORK, HOME, SITE, arrive="08:00", **WALK)
    assert journey.leave_s == 7 * H + 1200 - 300
    assert explain(NETWORK, HOME, SITE, arrive="07:30", **WALK) == []


def test_walking_all_the_way_is_a_journey() -> None:
    journeys = explain(NETWORK, HOME, layer(s=(0.0, 900.0)), depart="06:50", **WALK)
    assert [(j.rides, j.walk_s) for j in journeys] == [(0, 600)]
    assert "Marchez 10 minutes" in journeys[0].sentence()


def test_each_mode_says_how_one_moves() -> None:
    home = layer(h=(0.0, 4_000.0))
    asked = {"depart": "06:50", "bike_kmh": 18.0, **WALK}
    told = {
        mode: explain(NETWORK, home, SITE, mode=mode, **more, **asked)[0].sentence()
        for mode, more in (
            ("bike+transit", {}),
            ("driven+transit", {"max_access_s": 400}),
            ("park_and_ride", {"park_and_ride": ("s0",)}),
        )
    }
    assert "Roulez 13 minutes à vélo jusqu'à « s0 »" in told["bike+transit"]
    assert "Faites-vous conduire 6 minutes jusqu'à « s0 »" in told["driven+transit"]
    assert "Roulez 6 minutes en voiture jusqu'à « s0 »" in told["park_and_ride"]
    all_the_way = explain(NETWORK, home, layer(s=(0.0, 300.0)), mode="driven+transit", depart="06:50", **WALK)
    assert [leg.kind for leg in all_the_way[0].legs] == ["driven"]


def test_walks_are_drawn_along_the_streets(tmp_path: Path) -> None:
    # A–B–C is a right angle, D hangs below C: from A to the stop at C one goes round by B.
    drawing = """
    A       B

            C       D
    """
    streets, where = drawn_streets(
        tmp_path, drawing, {"ABC": {"highway": "residential"}, "CD": {"highway": "residential"}}
    )
    xy = np.array([where["C"], (where["C"][0] + 9_000, where["C"][1])])
    trip = bus([0, 1], 7 * H)
    timetable = make_timetable([trip], 2, xy=xy, board=[[True, True]])
    network = Network(streets.epsg, streets, timetable, {})
    start, end = layer(a=where["A"]), layer(d=where["D"])
    (walk,) = explain(network, start, end, depart="06:50", walk_kmh=3.6, max_access_s=3000)
    line = walk.to_geodataframe().geometry.iloc[0]
    corner = abs(where["B"][0] - where["A"][0]) + abs(where["B"][1] - where["C"][1])
    assert line.length == pytest.approx(corner + where["D"][0] - where["C"][0], abs=0.5)
    assert walk.walk_s == round(line.length)
    assert np.hypot(*(np.array(line.coords) - where["B"]).T).min() < 0.1


def test_rides_are_drawn_along_their_shapes(tmp_path: Path) -> None:
    # Two trips of a line that goes round a square: the second shape is 3 km away and is not believed.
    stops = {"A": (0, 0), "B": (2000, 0), "C": (2000, 2000)}
    trips = [
        {"calls": "A 07:00 B 07:05 C 07:10", "shape_id": "square"},
        {"calls": "A 08:00 B 08:05 C 08:10", "shape_id": "elsewhere"},
        {"calls": "A 09:00 B 09:05 C 09:10"},
    ]
    corners = {
        "square": [(-500, 0), (0, 0), (0, -300), (2000, -300), (2000, 0), (2000, 2000), (2000, 2500)],
        "elsewhere": [(0, 3000), (2000, 3000)],
    }
    from pyproj import Transformer  # noqa: PLC0415

    to_degrees = Transformer.from_crs(ORIGIN_EPSG, 4326, always_xy=True)
    rows = []
    for name, points in corners.items():
        for number, (x, y) in enumerate(points):
            lon, lat = to_degrees.transform(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)
            rows.append({"shape_id": name, "shape_pt_lat": lat, "shape_pt_lon": lon, "shape_pt_sequence": number})
    feed = write_feed(tmp_path / "f.zip", stops, trips, shapes=rows)
    network = build_network(gtfs=feed, date="2026-03-17", crow_fly_detour=1.0, epsg=ORIGIN_EPSG)
    ends = [layer(p=(ORIGIN_XY[0] + x, ORIGIN_XY[1] + y)) for x, y in (stops["A"], stops["C"])]
    lengths = []
    for hour in ("07:00", "08:00", "09:00"):
        (journey, *_) = explain(network, *ends, depart=hour, shapes=[feed], max_direct_s=0)
        lengths.append(round(journey.to_geodataframe().geometry.length[1]))
    assert lengths == [300 + 2000 + 300 + 2000, 4000, 4000]


def test_places_off_the_streets(tmp_path: Path) -> None:
    streets, where = drawn_streets(tmp_path, "A       B", {"AB": {"highway": "residential"}})
    xy = np.array([where["A"], where["B"]])
    network = Network(streets.epsg, streets, make_timetable([bus([0, 1], 7 * H)], 2, xy=xy), {})
    near, far = layer(a=where["A"]), layer(b=(where["B"][0] + 900, where["B"][1]))
    with pytest.raises(SnapError, match="destination: it lies more than 500 m from the streets"):
        explain(network, near, far, depart="06:50")
    to_degrees = near.to_crs(4326).geometry.iloc[0]
    assert explain(network, (to_degrees.x, to_degrees.y), layer(b=where["B"]), depart="06:50")
    with pytest.raises(SnapError):
        explain(network, (to_degrees.y, to_degrees.x), far, depart="06:50")


def test_bad_places() -> None:
    with pytest.raises(InputError, match="one point"):
        explain(NETWORK, layer(a=(0, 0), b=(1, 1)), SITE, depart="06:50")
    with pytest.raises(InputError, match="says its CRS"):
        explain(NETWORK, HOME.set_crs(None, allow_override=True), SITE, depart="06:50")
    with pytest.raises(InputError, match="transit"):
        explain(NETWORK, HOME, SITE, mode="walk")
    with pytest.raises(InputError, match="unknown option 'walk'"):
        explain(NETWORK, HOME, SITE, depart="06:50", walk=3)
