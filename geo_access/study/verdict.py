"""What a run would refuse in the tables, and what they do not cover: asked when they are read, so that `check` says it.

Everything here stands on the tables alone. What only the network tells (points off the streets, towns without urban
stops) is told by the run, on the first page.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo_access.diagnosis.model import Metier
from geo_access.diagnosis.residents import read_residents
from geo_access.diagnosis.supply import TRAVELLED, job_offers, training_offers
from geo_access.errors import Fault, GeoAccessError
from geo_access.words.note import Note, note
from geo_access.words.told import fault

__all__ = ["supply_notes", "table_faults", "zone_notes"]

_ANY_METRIC_CRS = 3857
_MOST_FAULTS = 20
_MOST_NAMED = 5
_LONGEST_CODE = 20
# Likeness of two codes of five characters that differ by one of them, or by two exchanged.
_ONE_SLIP = 0.79

_COUNTED = {"training": "places", "employers": "openings"}

_Tables = Mapping[str, gpd.GeoDataFrame | None]


def table_faults(
    zones: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    membership: pd.DataFrame,
    tables: _Tables,
    *,
    metiers: list[Metier],
    names: Mapping[str, str],
    people: str = "residents",
) -> list[Fault]:
    """Find everything in the tables that a run would refuse.

    Parameters
    ----------
    zones, points : geopandas.GeoDataFrame
    membership : pandas.DataFrame
    tables : mapping of str to geopandas.GeoDataFrame or None
        ``training`` and ``employers``.
    metiers : list of Metier
    names : mapping of str to str
        File of each table, for the messages.
    people : str
        Who is counted.

    Returns
    -------
    list of Fault
    """
    faults = _tried(
        names["points"], lambda: read_residents(points, membership, zones, epsg=_ANY_METRIC_CRS, people=people)
    )
    readers: dict[str, Callable[..., Any]] = {"training": training_offers, "employers": job_offers}
    for key, table in tables.items():
        if table is None:
            continue
        faults += _tried(names[key], lambda table=table, key=key: readers[key](table, metiers, epsg=_ANY_METRIC_CRS))  # type: ignore[misc]
    return faults + _unnamed(tables, metiers)


def _tried(where: str, read: Callable[[], Any]) -> list[Fault]:
    try:
        read()
    except GeoAccessError as error:
        return [replace(item, where=f"{where}: {item.where}") for item in error.faults] or [
            Fault(where, str(error), key=error.key, values=error.values)
        ]
    return []


def _placed(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    geometry = table.geometry.to_numpy()
    return table[~(shapely.is_missing(geometry) | shapely.is_empty(geometry))]


def _codes(table: gpd.GeoDataFrame | None) -> set[str]:
    if table is None:
        return set()
    return {str(code).strip().upper() for code in table["metier"].dropna()}


def _unnamed(tables: _Tables, metiers: list[Metier]) -> list[Fault]:
    """Find métiers that no row of any table names while one names a code one slip away: that is a typing fault.

    A métier that nothing resembles is no fault: it is told with the coverage, and its level is not measured.
    """
    known = set().union(*(_codes(table) for table in tables.values()))
    others = sorted(known - {metier.code.strip().upper() for metier in metiers})
    found = []
    for metier in metiers:
        if metier.code.strip().upper() in known or not known:
            continue
        near = difflib.get_close_matches(metier.code.strip().upper(), others, n=1, cutoff=_ONE_SLIP)
        if near:
            found.append(fault(f"metiers: {metier.code}", "study.metier_unnamed", near=near[0]))
    return found


def _others(key: str, table: gpd.GeoDataFrame, metiers: list[Metier]) -> list[Note]:
    """Tell how many rows are of métiers that the study does not have."""
    wanted = {metier.code.strip().upper() for metier in metiers}
    codes = table["metier"].dropna().astype(str).str.strip()
    others = codes[~codes.str.upper().isin(wanted)]
    if others.empty:
        return []
    known = sorted(others.unique())
    named = ", ".join(code[:_LONGEST_CODE] for code in known[:_MOST_NAMED]) + (" …" if len(known) > _MOST_NAMED else "")
    return [note(f"coverage.{key}.others", n=len(others), all=len(table), codes=named)]


def supply_notes(tables: _Tables, points: gpd.GeoDataFrame, metiers: list[Metier]) -> list[Note]:
    """Tell, with numbers, what the tables cover: métiers named, rows coded, sites located, more taken than there are.

    Parameters
    ----------
    tables : mapping of str to geopandas.GeoDataFrame or None
        ``training`` and ``employers``.
    points : geopandas.GeoDataFrame
    metiers : list of Metier

    Returns
    -------
    list of Note
    """
    found = []
    for key, table in tables.items():
        if table is None:
            continue
        codes = _codes(table)
        missing = [metier.code for metier in metiers if metier.code.strip().upper() not in codes]
        if missing:
            named = ", ".join(missing[:_MOST_NAMED])
            found.append(note(f"coverage.{key}.unnamed", n=len(missing), all=len(metiers), codes=named))
        found += _others(key, table, metiers)
        blank = int(table["metier"].isna().sum())
        if blank:
            found.append(note(f"coverage.{key}.uncoded", n=blank, all=len(table)))
        column = _COUNTED[key]
        uncounted = int(table[column].isna().sum()) if column in table else 0
        if uncounted:
            # As the diagnosis says it, so that it is told once.
            found.append(note("uncounted", n=uncounted, table=key, column=column))
        # What is taught at a distance, or comes to the person, needs no place to travel to.
        travelled = table[table["modality"].fillna(TRAVELLED[0]).isin(TRAVELLED)] if "modality" in table else table
        nowhere = len(travelled) - len(_placed(travelled))
        if nowhere:
            found.append(note(f"coverage.{key}.unlocated", n=nowhere, all=len(travelled)))
    training = tables.get("training")
    if training is not None and "filled" in training.columns:
        over = training["filled"] > training["places"]
        if over.any():
            named = ", ".join(training.loc[over.fillna(False), "site_id"].astype(str).unique()[:_MOST_NAMED])
            found.append(note("coverage.overfull", n=int(over.sum()), sites=named))
    if "imputed" in points.columns:
        imputed = points["imputed"].fillna(False).astype(bool)
        people = pd.to_numeric(points["population"], errors="coerce").fillna(0)
        if imputed.any() and people.sum() > 0:
            share = 100 * float(people[imputed].sum() / people.sum())
            found.append(note("coverage.imputed", share=round(share)))
    return found


def zone_notes(membership: pd.DataFrame, zones: gpd.GeoDataFrame) -> list[Note]:
    """Say which zones no populated point stands for, and of which the population is not known.

    Parameters
    ----------
    membership : pandas.DataFrame
        Of `geo_access.sources.places.population.assign_zones`.
    zones : geopandas.GeoDataFrame

    Returns
    -------
    list of Note
    """
    unknown = zones.attrs.get("population_unknown", [])
    empty = [str(zone) for zone in membership.attrs.get("zones_without_points", []) if str(zone) not in unknown]
    found: list[Note] = list(zones.attrs.get("notes", []))
    for key, some in (("empty_zones", empty), ("unknown_zones", unknown)):
        if some:
            named = ", ".join(some[:_MOST_NAMED]) + (f" … ({len(some)})" if len(some) > _MOST_NAMED else "")
            found.append(note(key, zones=named))
    return found
