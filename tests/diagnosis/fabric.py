"""A territory small enough to count by hand, and an engine that answers from a table of minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geo_access.diagnosis.model import FlagRules, Metier, Profile, Question, Schedule, Threshold
from geo_access.diagnosis.residents import Residents, read_residents
from geo_access.routing.causes import Reason
from geo_access.routing.query import Query

EPSG = 2154
NONE = float("nan")

TRANSIT = Profile("tc", "sans voiture", "transit", max_rides=3)
CAR = Profile("car", "voiture", "car")
HOUR = Threshold("t60", "une heure", 60, "training", source="exemple")
ASKED = Question(HOUR, TRANSIT)
JOB_HOUR = Threshold("j60", "une heure", 60, "job", source="exemple")
DAY = Schedule("day", "journée", "training", "08:30", "17:00")
RULES = FlagRules(deadline_spread_s=0)
WELDER = Metier("H2913", "Soudage", "Production")


def zones(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"zone_id": ids, "zone_name": [i.upper() for i in ids], "zone_kind": "urban"})


def points(population: list[float], **columns: object) -> gpd.GeoDataFrame:
    n = len(population)
    return gpd.GeoDataFrame(
        {"point_id": [f"p{i}" for i in range(n)], "population": population, **columns},
        geometry=[Point(700_000 + 1000 * i, 7_000_000) for i in range(n)],
        crs=EPSG,
    )


def members(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame({"point_id": [p for p, _ in pairs], "zone_id": [z for _, z in pairs], "share": 1.0})


def residents_of(population: list[float], zone_of: list[str], **columns: object) -> Residents:
    names = list(dict.fromkeys(zone_of))
    pairs = [(f"p{i}", zone) for i, zone in enumerate(zone_of)]
    return read_residents(points(population, **columns), members(*pairs), zones(*names), epsg=EPSG)


def training(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows)
    defaults = {"metier": "H2913", "level": 3, "places": 10, "modality": "on_site", "position_quality": "exact"}
    for name, value in defaults.items():
        if name not in table:
            table[name] = value
        table[name] = table[name].where(table[name].notna(), value)
    x = table.pop("x") if "x" in table else pd.Series(0.0, index=table.index)
    geometry = [None if pd.isna(value) else Point(700_000 + value, 7_001_000) for value in x]
    return gpd.GeoDataFrame(table, geometry=geometry, crs=EPSG)


@dataclass(frozen=True)
class Pairs:
    seconds: np.ndarray
    reason: np.ndarray
    beyond_s: np.ndarray | None = None
    missed_s: np.ndarray | None = None


@dataclass
class TableTimes:
    """Answers ``minutes(query, there)``, a points × sites table; remembers what it was asked."""

    home_xy: np.ndarray
    site_xy: np.ndarray
    minutes: Callable[[Query, bool], list[list[float]]]
    asked: list[Query] = field(default_factory=list)

    def connect(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> TableConnection:
        query.validate()
        return TableConnection(self, places_of(home_xy, self.home_xy), places_of(site_xy, self.site_xy))


@dataclass
class TableConnection:
    table: TableTimes
    home_rows: np.ndarray
    site_rows: np.ndarray

    def times(self, homes: np.ndarray, sites: np.ndarray, query: Query, *, homeward: bool, explain: bool) -> Pairs:
        query.validate()
        self.table.asked.append(query)
        minutes = np.array(self.table.minutes(query, not homeward), dtype=np.float32)
        part = minutes[np.ix_(self.home_rows[homes], self.site_rows[sites])] * 60
        reason = np.where(np.isnan(part), Reason.DISCONNECTED, Reason.OK).astype(np.uint8)
        return Pairs(np.repeat(part[:, :, None], len(query.percentiles), axis=2), reason)


def places_of(xy: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Row of each point among the known ones."""
    return np.array([int(np.flatnonzero((known == point).all(axis=1))[0]) for point in xy], dtype=int)
