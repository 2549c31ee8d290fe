"""Errors in French and English: every key has both, and the messages met most are told in French."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

import geo_access
from geo_access.errors import Fault, GeoAccessError, InputError, raise_faults
from geo_access.sources.places.zones import read_zones
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.text import pick_columns
from geo_access.study.file import read_study_file
from geo_access.study.folder import output_folder
from geo_access.words.catalogue import LANGUAGES, catalogue
from geo_access.words.messages import error_text
from geo_access.words.note import Note, note, notes_of, notes_plain
from tests.study.test_file import GOOD, write

PACKAGE = Path(geo_access.__file__).parent
NAMED = re.compile(r"key=\"([a-z0-9_.]+)\"|PydanticCustomError\(\s*\"([a-z0-9_.]+)\"|\"(study\.[a-z0-9_]+)\"")


def test_every_key_in_the_code_has_words_in_both_languages() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    keys = {next(filter(None, found)) for text in texts for found in NAMED.findall(text)} - {
        "study.problems",
        "study.toml",
        "study.qgz",
    }
    assert len(keys) > 40
    for language in LANGUAGES:
        entries = catalogue(language)
        assert sorted(key for key in keys if f"error.{key}" not in entries) == [], language


def test_no_entry_is_without_use() -> None:
    code = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    keys = [key.removeprefix("error.") for key in catalogue("fr") if key.startswith("error.")]
    assert [key for key in keys if f'"{key}"' not in code and f'"error.{key}"' not in code] == []


def caught(call) -> GeoAccessError:
    with pytest.raises(GeoAccessError) as error:
        call()
    return error.value


@pytest.mark.parametrize(
    ("old", "new", "french"),
    [
        ('name = "Essai"', 'name = "Essai"\nlangage = "en"', "clé inconnue → vouliez-vous écrire « language »"),
        ('name = "Essai"\n', "", "cette clé manque"),
        ("minutes = 60", "minutes = -3", "doit être supérieure à 0"),
        ("minutes = 60", 'minutes = "une heure"', "ce n’est pas un nombre"),
        ('mode = "transit"', 'mode = "tram"', "valeur inconnue"),
        ('date = "2026-03-17"', 'date = "2026-02-30"', "ce n’est pas une date"),
        ('start = "09:00"', 'start = "9h"', "n’est pas une heure"),
        ('end = "17:00"', 'end = "08:00"', "avant de commencer"),
        ('gtfs = ["feed.zip"]', "", "prennent les transports"),
        ('[training]\nfile = "training.csv"', "", "rien à atteindre"),
        ('streets = "crow-fly"', 'streets = "osm"', "demande osm"),
        ('file = "training.csv"', 'file = "training.csv"\nformat = "capacities"', "demande mef"),
        ('file = "training.csv"', 'file = "training.csv"\nschools = "points.csv"', "ignore schools"),
        ('file = "points.csv"', 'file = "absent.csv"', "fichier introuvable"),
        ("[network]", "[network", "n’est pas du TOML"),
    ],
)
def test_faults_of_a_study_file_read_in_french(tmp_path: Path, old: str, new: str, french: str) -> None:
    assert old in GOOD
    error = caught(lambda: read_study_file(write(tmp_path, GOOD.replace(old, new, 1))))
    assert french in error_text(error, "fr").replace("\u202f", " ")
    english = error_text(error, "en")
    assert french not in english
    assert "study.toml" in english


def test_tables_and_folders_read_in_french(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "plain.csv").write_text("code,name\n1,a\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    calls = {
        "n’existe pas": lambda: read_table(tmp_path / "none.csv"),
        "est vide": lambda: read_table(tmp_path / "empty.csv"),
        "aucune géométrie": lambda: read_zones(tmp_path / "plain.csv", id="code"),
        "vouliez-vous dire « population »": lambda: pick_columns(["population"], {"w": ("popluation",)}, where="x"),
        "les colonnes sont": lambda: pick_columns(["a"], {"population": ("population",)}, where="x"),
        "autre chose qu’un résultat": lambda: output_folder(tmp_path / "mine", overwrite=True).__enter__(),
    }
    for french, call in calls.items():
        assert french in error_text(caught(call), "fr").replace("\u202f", " ")


def test_several_faults_are_counted_and_one_without_key_stays_english() -> None:
    error = caught(lambda: raise_faults([Fault("a", "odd", "mend"), Fault("b", "x", key="study.missing")]))
    assert error_text(error, "fr") == "2 fautes\u202f:\n  a\u202f: odd → mend\n  b\u202f: cette clé manque → ajoutez-la"
    assert error_text(error, "en") == "2 faults:\n  a: odd → mend\n  b: this key is missing → add it"
    assert error_text(InputError("plain words")) == "plain words"
    assert error_text(OSError("disk full")) == "disk full"


@pytest.mark.parametrize(
    ("said", "french"),
    [
        (
            note(
                "notice",
                feed="rail",
                file="stop_times.txt",
                says=note("gtfs.interpolated"),
                n=1200,
                action=note("action.repaired"),
            ),
            "rail, stop_times.txt : heures vides calculées entre les passages à heure connue (1 200 cas, réparés)",
        ),
        (
            note(
                "aligned",
                feed="ter",
                day=date(2025, 2, 4),
                first=date(2025, 1, 5),
                last=date(2025, 2, 28),
                asked=date(2026, 3, 17),
            ),
            "circule comme le mardi 4 février 2025",
        ),
        (note("frequencies", feed="v", n=2, file="frequencies.txt", share=0.5), "premier départ 0,5 intervalle"),
        (note("no_hours", n=472, start="08:00", end="16:00"), "08:00–16:00 est supposé"),
        (note("crow_fly", factor=1.3), "vol d’oiseau × 1,3"),
    ],
)
def test_notes_are_told_in_french_and_keep_their_key_in_a_file(said: Note, french: str) -> None:
    assert french in said.told("fr").replace("\u202f", " ")
    assert notes_of(json.loads(json.dumps(notes_plain([said])))) == (said,)
    assert french not in str(said)
