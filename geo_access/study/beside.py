"""Tables beside places and offers: what people do, where candidates and offers are, rates after training, cantons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.crs import metric_epsg
from geo_access.diagnosis.need import Need
from geo_access.diagnosis.norms import NORMS
from geo_access.diagnosis.publication import Publication
from geo_access.errors import raise_faults
from geo_access.sources.places.cantons import group_rural, read_cantons, smooth_membership
from geo_access.sources.places.commuting import read_commuting
from geo_access.sources.places.lists import read_density
from geo_access.sources.supply.need import read_rome_bassin
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.report import ReadingReport
from geo_access.sources.tables.text import pick_columns, to_numbers, to_text
from geo_access.study.file import StudyFile
from geo_access.study.sections import FlowsSection, MismatchSection, PublicationSection, Table
from geo_access.words.note import Note, note
from geo_access.words.told import fault

__all__ = [
    "Beside",
    "Grouped",
    "grouped_zones",
    "norm_notes",
    "publication",
    "read_employment",
    "read_flows",
    "read_mismatch",
]


@dataclass(frozen=True, eq=False)
class Beside:
    """Tables that check the diagnosis or stand beside it.

    Attributes
    ----------
    flows : DataFrame or None
        ``home, work, mode, people``.
    mismatch : DataFrame or None
        ``metier, zone_id, candidates, offers``, and ``official_class`` where the file imports it.
    need : Need or None
        Hiring projects, tensions and possible hours by métier.
    carpool : GeoDataFrame or None
        ``id, name, capacity`` of the places where people meet to share a car, points, EPSG:4326.
    """

    flows: pd.DataFrame | None = None
    mismatch: pd.DataFrame | None = None
    need: Need | None = None
    carpool: gpd.GeoDataFrame | None = None


@dataclass(frozen=True, eq=False)
class Grouped:
    """Zones and membership, rural communes perhaps in their cantons.

    Attributes
    ----------
    zones : geopandas.GeoDataFrame
    membership : DataFrame
    renamed : mapping of str to str
        Zone that each grouped commune went into.
    notes : tuple of Note
    """

    zones: gpd.GeoDataFrame
    membership: pd.DataFrame
    renamed: Mapping[str, str]
    notes: tuple[Note, ...] = ()


def publication(file: StudyFile) -> Publication:
    """Return the floors of publication."""
    section = file.publication
    return Publication(section.min_households, section.min_residents)


def norm_notes(file: StudyFile) -> tuple[Note, ...]:
    """Say where a norm is applied to publics that its text does not speak of, and which kilometres count."""
    found = []
    for section in file.thresholds:
        norm = None if section.norm is None else NORMS[section.norm]
        if norm is not None and norm.km is not None:
            key = "threshold_km_told" if section.measured is None else "threshold_km_chosen"
            found.append(note(key, norm=norm.id, km=f"{norm.km:g}"))
        kilometres = section.kilometres or (norm.km if norm is not None and section.measured is not None else None)
        if kilometres is not None:
            minutes = section.minutes or (0.0 if norm is None else norm.minutes)
            found.append(note("threshold_km", name=section.name, minutes=minutes, km=f"{kilometres:g}"))
        if norm is None or not norm.modes:
            continue
        others = [public.name for public in file.profiles if public.mode not in norm.modes]
        if others:
            found.append(note("norm_mode", norm=norm.id, modes=_named(norm.modes), profiles=", ".join(others)))
    return tuple(dict.fromkeys(found))


def _named(modes: Sequence[str]) -> tuple[Note, ...]:
    """Modes that a norm speaks of, in words."""
    return tuple(note(f"norm_mode.{mode}") for mode in modes)


def read_flows(section: FlowsSection, homes: Collection[str] | None) -> tuple[pd.DataFrame, ReadingReport]:
    """Read observed trips, those that start in the zones of the study."""
    columns = {str(ours): theirs for ours, theirs in section.columns.items()}
    return read_commuting(section.file, vintage=section.vintage, columns=columns, communes=homes)


def read_mismatch(section: MismatchSection) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Read candidates and offers by métier and zone, with the official classes where the file has them."""
    if section.format == "rome_bassin":
        table, report = read_rome_bassin(section.file)
        named = table.rename(columns={"class_mismatch": "official_class"})
        return named, report.notes
    rows = read_table(section.file)
    wanted = {name: (name,) for name in ("metier", "zone_id", "candidates", "offers", "official_class")}
    found = pick_columns(list(rows.columns), wanted, where=section.file.name, optional=("official_class",))
    table = pd.DataFrame({name: to_text(rows[found[name]]) for name in ("metier", "zone_id")})
    for name in ("candidates", "offers"):
        table[name] = to_numbers(rows[found[name]]).to_numpy()
    faults = [
        fault(f"{section.file.name}: row {row + 1}", "study.mismatch_row")
        for row in np.flatnonzero(table.isna().any(axis=1) | (table[["candidates", "offers"]] < 0).any(axis=1)).tolist()
    ]
    raise_faults(faults[:20])
    if "official_class" in found:
        table["official_class"] = to_numbers(rows[found["official_class"]]).astype("Int64").to_numpy()
    return table, ()


def read_employment(table: Table) -> pd.DataFrame:
    """Read employment rates after training, per métier.

    Raises
    ------
    InputError
        With every rate beyond 0–1.
    """
    rows = read_table(table.file, layer=table.layer, condition=table.where or None)
    wanted = {name: (name,) for name in ("metier", "employment_rate", "employment_source")}
    found = pick_columns(list(rows.columns), wanted, where=table.file.name, given=table.columns)
    rates = to_numbers(rows[found["employment_rate"]])
    faults = [
        fault(f"{table.file.name}: row {row + 1}", "study.employment_rate")
        for row, rate in enumerate(rates)
        if not 0 <= rate <= 1
    ]
    raise_faults(faults)
    texts = {name: to_text(rows[found[name]]) for name in ("metier", "employment_source")}
    return pd.DataFrame(
        {"metier": texts["metier"], "employment_rate": rates, "employment_source": texts["employment_source"]}
    )


def grouped_zones(
    section: PublicationSection, zones: gpd.GeoDataFrame, membership: pd.DataFrame, points: gpd.GeoDataFrame
) -> Grouped:
    """Group rural communes to cantons and smooth their people, where the study asks for it.

    Rural are the communes of levels 5–7 of INSEE's density grid, where it is given, else the zones of kind ``rural``.

    Parameters
    ----------
    section : PublicationSection
    zones : geopandas.GeoDataFrame
    membership : DataFrame
    points : geopandas.GeoDataFrame

    Returns
    -------
    Grouped

    Raises
    ------
    InputError
        When no zone is a rural commune with a canton.
    """
    if section.cantons is None:
        return Grouped(zones, membership, {})
    cantons = read_cantons(section.cantons)
    if section.density is not None:
        density = read_density(section.density)
        rural = density.loc[density["rural"], "commune"].astype(str).tolist()
    else:
        rural = zones.loc[zones["zone_kind"].astype(str) == "rural", "zone_id"].astype(str).tolist()
    kept, member, said = group_rural(zones, membership, cantons, rural)
    gone = set(zones["zone_id"].astype(str)) - set(kept["zone_id"].astype(str))
    of_commune = cantons.set_index("commune")["zone_id"].astype(str)
    found = Grouped(kept, member, {code: f"canton-{of_commune[code]}" for code in gone}, (said,))
    if not section.smooth_km:
        return found
    west, south, east, north = points.to_crs(4326).total_bounds
    metric = points.geometry.to_crs(metric_epsg((west + east) / 2, (south + north) / 2))
    xy = np.column_stack((metric.x, metric.y))
    made = kept.loc[kept["zone_kind"].astype(str) == "canton", "zone_id"].astype(str).tolist()
    smoothed = smooth_membership(member, points["point_id"].to_numpy(object), xy, made, km=section.smooth_km)
    return replace(found, membership=smoothed, notes=(said, note("cantons.smoothed", km=section.smooth_km)))
