"""A tiny study with hostile names, as the diagnosis would give it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.image import imsave

from geo_access.diagnosis.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.manifest import Manifest
from geo_access.report.context import ReportContext, SourceReading
from geo_access.words.note import note

HOSTILE = "<script>alert(1)</script> & « l'Été »"
POPULATION = 12_345.0


def flag_row(zone: str, kind_of_zone: str, metier: str, level: str, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "zone_id": zone,
        "zone_name": f"{HOSTILE} {zone}",
        "zone_kind": kind_of_zone,
        "metier": metier,
        "profile": "p",
        "kind": "training",
        "schedule": "s",
        "threshold": "t",
        "residents": 1234.0,
        "level": level,
        "confidence": "sûr",
        "unlocated_places": 3,
    }
    return row | changes


def reach_row(metier: str, reason: str, residents: float, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "metier": metier,
        "profile": "p",
        "kind": "training",
        "schedule": "s",
        "threshold": "t",
        "reason": reason,
        "residents": residents,
    }
    return row | changes


def picture(folder: Path) -> Path:
    path = folder / "map.png"
    imsave(path, np.eye(4))
    return path


def tiny_context(**changes: object) -> ReportContext:
    context = ReportContext(
        name=HOSTILE,
        territory=HOSTILE,
        service_date=date(2026, 3, 17),
        metiers=(Metier("A1", HOSTILE), Metier("B2", "Soudage")),
        profiles=(Profile("p", "Sans voiture", "transit"), Profile("v", "Voiture", "car")),
        thresholds=(Threshold("t", "une heure", 60, "training", source=HOSTILE, status="en vigueur"),),
        schedules=(Schedule("s", "journée", "training", "09:00", "17:00"),),
        rules=FlagRules(),
        flags=pd.DataFrame(
            [
                flag_row("z1", "qpv", "A1", "inadéquat"),
                flag_row("z2", "rural", "A1", "adéquat", confidence="indécidable"),
                flag_row("z1", "qpv", "B2", "fragile", confidence="probable"),
                flag_row("z2", "rural", "B2", "sans objet"),
            ]
        ),
        reach=pd.DataFrame(
            [
                reach_row("A1", "REACHES", POPULATION * 0.25),
                reach_row("A1", "SLOW_BOTH", POPULATION * 0.5),
                reach_row("A1", "ABSENT_BACK", POPULATION * 0.25),
                reach_row("B2", "REACHES", POPULATION),
                reach_row("A1", "REACHES", POPULATION, profile="v"),
            ]
        ),
        manifest=Manifest(inputs={HOSTILE: "0" * 64}, query={}, warnings=(note("fetch.reason", why=HOSTILE),)),
        readings=(
            SourceReading(
                HOSTILE,
                1200,
                1190,
                1100,
                ((90, note("loss.no_position")), (10, note("fetch.reason", why=HOSTILE))),
            ),
        ),
        sources=(HOSTILE,),
        synthetic=True,
    )
    return replace(context, **changes)  # type: ignore[arg-type]
