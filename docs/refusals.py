"""What the page "When it says no" shows: cases that spoil the demo or a call, and the message each gives.

``python docs/refusals.py`` writes the page again; tests/docs/test_refusals.py holds page and program together.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from geo_access.errors import GeoAccessError
from geo_access.sources.gtfs.feed import read_gtfs
from geo_access.sources.places.meeting_places import read_carpool_places
from geo_access.sources.tables.read import read_table
from geo_access.study.study import Study
from geo_access.study.template import draft_study
from geo_access.surfaces.counts import write_bands
from geo_access.words.messages import error_text

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "refus.md"


@dataclass(frozen=True)
class Refusal:
    """One thing that goes wrong, and how it is brought about."""

    title: str
    bring: Callable[[Path], object]


def _spoilt(*pairs: tuple[str, str]) -> Callable[[Path], object]:
    """Check the demo's study with some of its text replaced."""

    def bring(home: Path) -> object:
        study = home / "study.toml"
        text = study.read_text(encoding="utf-8")
        for old, new in pairs:
            if old not in text:
                raise LookupError(old)
            text = text.replace(old, new, 1)
        study.write_text(text, encoding="utf-8")
        return Study.from_file(study).check()

    return bring


def _table(name: str, content: str) -> Callable[[Path], object]:
    """Check the demo's study with one of its tables replaced."""

    def bring(home: Path) -> object:
        (home / name).write_text(content, encoding="utf-8")
        return Study.from_file(home / "study.toml").check()

    return bring


def _written(name: str, content: str, read: Callable[[Path], object]) -> Callable[[Path], object]:
    """Read a file of the user's."""

    def bring(home: Path) -> object:
        (home / name).write_text(content, encoding="utf-8")
        return read(home / name)

    return bring


_DAY = "date = 2026-03-17"
_ZONES = 'file = "zones.geojson"'
CASES = (
    Refusal("Le fichier d’étude n’existe pas", lambda home: Study.from_file(home / "absent.toml")),
    Refusal("Ce n’est pas du TOML", _spoilt(("[network]", "[network"))),
    Refusal("Une clé mal écrite", _spoilt((_DAY, f'{_DAY}\nlangage = "fr"'))),
    Refusal(
        "Plusieurs fautes d’un coup",
        _spoilt(
            ("walk_kmh = 4.8", "walk_kmh = -1"),
            ('"points.csv"', '"habitants.csv"'),
            ('mode = "transit"', 'mode = "tram"'),
        ),
    ),
    Refusal("Un jour où rien ne circule", _spoilt((_DAY, "date = 2027-03-17"))),
    Refusal("Un poste de nuit écrit avant minuit", _spoilt(('end = "29:00"', 'end = "05:00"'))),
    Refusal("Une condition qui ne se lit pas", _spoilt((_ZONES, f"{_ZONES}\nwhere = \"zone_kind = 'qpv'\""))),
    Refusal("Une condition sans ligne", _spoilt((_ZONES, f"{_ZONES}\nwhere = \"zone_kind == 'région'\""))),
    Refusal("Une colonne mal nommée", _spoilt((_ZONES, f"{_ZONES}\nwhere = \"zone_kin == 'qpv'\""))),
    Refusal("Une table sans les colonnes qu’il faut", _table("training.csv", "site,code\nT1,F1602\n")),
    Refusal("Une couche de zones vide", _table("zones.geojson", '{"type": "FeatureCollection", "features": []}')),
    Refusal("Un GTFS qui n’en est pas un", lambda home: read_gtfs(home / "points.csv")),
    Refusal("Un dossier sans données", lambda home: draft_study(home / "vide", territory="x")),
    Refusal("Une étude déjà là", lambda home: draft_study(home, territory="x")),
    Refusal("Un classeur abîmé", _written("formations.xlsx", "des octets quelconques", read_table)),
    Refusal(
        "Des lieux de covoiturage tous fermés",
        _written("bnlc.csv", "id_lieu,ouvert,Xlong,Ylat,nbre_pl\nC1,false,3.1,50.6,30\n", read_carpool_places),
    ),
    Refusal(
        "Un format qui ne s’écrit pas", lambda home: write_bands(gpd.GeoDataFrame(geometry=[]), home / "aires.shp")
    ),
)


def message(case: Refusal) -> str:
    """Say what the program says, in French, without the place where it was tried."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        shutil.copytree(ROOT / "data" / "demo", home)
        (home / "vide").mkdir()
        try:
            case.bring(home)
        except GeoAccessError as error:
            return error_text(error, "fr").replace(f"{home}/", "").replace(str(home), ".")
    raise AssertionError(f"{case.title}: not refused")


def page() -> str:
    """Write the page, with every message as it is."""
    parts = [f"## {case.title}\n\n```text\n{message(case)}\n```\n" for case in CASES]
    head = (
        "# Quand il refuse\n\nChaque message dit quoi, où, et que faire ; toutes les fautes d’une étude viennent "
        "ensemble, et rien n’est écrit à moitié. Ceux de cette page sont produits par un test.\n"
    )
    return "\n".join([head, *parts])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
