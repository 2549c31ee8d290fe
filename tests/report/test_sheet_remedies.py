"""Changes of lines on the adviser's sheet: a drawn line, one person and one job; the minute that lifts is reckoned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
from pyproj import Transformer
from shapely import Point

from geo_access.diagnosis.model import FlagRules, Metier, Profile, Threshold
from geo_access.diagnosis.service_remedies import ServiceEngines, ServiceLimits
from geo_access.network.build import build_network
from geo_access.network.model import CrowFly, Network
from geo_access.network.timetable.edits import RepeatTrip
from geo_access.report.sheet import Person, SheetStudy, adviser_sheet
from geo_access.times.round_trip import NetworkTimes
from tests.feeds import ORIGIN_EPSG, ORIGIN_XY, write_feed

# A place that the rounding of the sheet leaves where it is.
HOME = (3.0, 50.6)
_X, _Y = Transformer.from_crs(4326, ORIGIN_EPSG, always_xy=True).transform(*HOME)


def at(x: float) -> tuple[float, float]:
    """A place so many metres east of the home, as the feed is drawn."""
    return _X - ORIGIN_XY[0] + x, _Y - ORIGIN_XY[1]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """9 km in 18 minutes; the bus of 07:30 is 36 minutes too early; 80 m on foot at both ends, a minute each."""
    trips = ["A 07:30 B 07:48", "B 16:45 A 17:03"]
    feed = write_feed(tmp_path / "feed.zip", {"A": at(80.0), "B": at(9_080.0)}, trips)
    return build_network(gtfs=feed, date="2026-03-17", crow_fly_detour=1.0, epsg=ORIGIN_EPSG)


def sheet(
    folder: Path,
    network: Network,
    minutes: float,
    *,
    language: str = "fr",
    mode: str = "transit",
    shifts: Sequence[str] = ("08:30",),
) -> str:
    """Text of the sheet; all shifts are wanted."""
    x, y = (origin + moved for origin, moved in zip(ORIGIN_XY, at(9_160.0), strict=True))
    jobs = gpd.GeoDataFrame(
        {
            "site_id": [f"usine {start}" for start in shifts],
            "site_name": "Usine",
            "metier": "H2913",
            "openings": 1,
            "shift_start": list(shifts),
            "shift_end": "16:30",
            "position_quality": "exact",
        },
        geometry=[Point(x, y)] * len(shifts),
        crs=ORIGIN_EPSG,
    )
    study = SheetStudy(
        [Threshold("t", "", minutes, "job", source="exemple")],
        [],
        date(2026, 3, 17),
        employers=jobs,
        rules=FlagRules(deadline_spread_s=0, min_opportunities=len(shifts)),
        limits=ServiceLimits(held=1, trips=2, headways=0, extensions=2),
    )
    person = Person(HOME, Metier("H2913", "Soudage"), Profile("p", "Sans voiture", mode))
    page = adviser_sheet(folder / "sheet.html", network=network, person=person, study=study, language=language)
    return page.read_text(encoding="utf-8").replace("\u202f", " ")


def test_the_trip_that_the_shift_needs_is_found_at_its_minute_and_does_lift(tmp_path: Path, network: Network) -> None:
    # At the door at 08:25: less a minute's walk and 18 minutes, 08:06. The bicycle, 38 minutes, asks nobody.
    html = sheet(tmp_path, network, 45)
    assert "Aucun employeur accessible en 45 min" in html
    assert "à lui seul : « Rejoindre l’arrêt à vélo »" in html
    assert "Sur les lignes, ce changement suffit aussi à lui seul : « Ajouter une course : R : 08:06 »" in html
    assert "sur 5 au plus (correspondance tenue" in html
    engines = ServiceEngines(NetworkTimes(network))
    in_time, too_late = (engines.on([RepeatTrip("t0", start)]).network for start in ("08:06:00", "08:07:00"))
    assert "1 employeur à portée" in sheet(tmp_path, in_time, 45)
    assert "Aucun employeur accessible" in sheet(tmp_path, too_late, 45)


def test_where_no_change_of_a_line_could_be_enough_the_sheet_says_so(tmp_path: Path, network: Network) -> None:
    # 18 minutes on board alone; and of two shifts that are both wanted, one trip more serves one.
    assert "the search found no change" in sheet(tmp_path, network, 15, language="en")
    assert "the search found no change" in sheet(tmp_path, network, 45, language="en", shifts=("08:30", "09:30"))


def test_who_boards_nothing_and_who_has_no_timetable_hears_nothing_of_lines(tmp_path: Path, network: Network) -> None:
    for known in (network, Network(ORIGIN_EPSG, CrowFly(ORIGIN_EPSG), None, {})):
        html = sheet(tmp_path, known, 45, mode="walk")
        assert "Ce qui bloque d’abord" in html
        assert "lignes" not in html
