"""Read everything a study names, and say all that is wrong with it before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geo_access.errors import Fault, GeoAccessError, raise_faults
from geo_access.sources.population import assign_zones, read_population
from geo_access.sources.reading_report import ReadingReport
from geo_access.sources.tables import read_table
from geo_access.sources.tables_text import pick_columns, to_numbers, to_text
from geo_access.sources.zones import read_zones
from geo_access.study_file import StudyFile
from geo_access.study_formats import read_employers_table, read_training_table
from geo_access.study_sections import Table

__all__ = ["StudyInputs", "read_inputs"]

_MOST_NAMED = 8


@dataclass(frozen=True, eq=False)
class StudyInputs:
    """The tables of a study, read and checked.

    Attributes
    ----------
    zones : geopandas.GeoDataFrame
        ``zone_id, zone_name, zone_kind``, polygons.
    points : geopandas.GeoDataFrame
        ``point_id, population``, …; Point.
    membership : pandas.DataFrame
        ``point_id, zone_id, share``.
    training, employers : geopandas.GeoDataFrame or None
        Offers and openings.
    employment : pandas.DataFrame or None
        ``metier, employment_rate, employment_source``: rates after training, given and never computed.
    reports : tuple of ReadingReport
        What each source lost, and why.
    warnings : tuple of str
        What a reader of the results should know.
    """

    zones: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    membership: pd.DataFrame
    training: gpd.GeoDataFrame | None
    employers: gpd.GeoDataFrame | None
    employment: pd.DataFrame | None
    reports: tuple[ReadingReport, ...]
    warnings: tuple[str, ...]


def _attempt(where: str, faults: list[Fault], read: Callable[[], Any]) -> Any:
    """Run a reader; keep its faults for the list instead of stopping at the first."""
    try:
        return read()
    except GeoAccessError as error:
        faults += [replace(fault, where=f"{where}: {fault.where}") for fault in error.faults] or [
            Fault(where, str(error), key=error.key, values=error.values)
        ]
    return None


def _zones(table: Table) -> gpd.GeoDataFrame:
    columns = dict(table.columns)
    return read_zones(
        table.file,
        id=columns.get("zone_id"),
        name=columns.get("zone_name"),
        kind_column=columns.get("zone_kind"),
        layer=table.layer,
        crs=table.crs,
    )


def _points(table: Table) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    columns = dict(table.columns)
    known = ("point_id", "population", "x", "y", "imputed")
    return read_population(
        table.file,
        id=columns.get("point_id"),
        population=columns.get("population"),
        x=columns.get("x"),
        y=columns.get("y"),
        imputed=columns.get("imputed"),
        crs=table.crs,
        layer=table.layer,
        weights={ours: theirs for ours, theirs in columns.items() if ours not in known} or None,
    )


def _employment(table: Table) -> pd.DataFrame:
    """Employment rates after training, per métier."""
    rows = read_table(table.file, layer=table.layer)
    wanted = {name: (name,) for name in ("metier", "employment_rate", "employment_source")}
    found = pick_columns(list(rows.columns), wanted, where=table.file.name, given=table.columns)
    rates = to_numbers(rows[found["employment_rate"]])
    faults = [
        Fault(f"{table.file.name}: row {row + 1}", "employment_rate is not within 0–1", "write 0.62 for 62 %")
        for row, rate in enumerate(rates)
        if not 0 <= rate <= 1
    ]
    raise_faults(faults)
    texts = {name: to_text(rows[found[name]]) for name in ("metier", "employment_source")}
    return pd.DataFrame(
        {"metier": texts["metier"], "employment_rate": rates, "employment_source": texts["employment_source"]}
    )


def _with_hours(employers: gpd.GeoDataFrame, study: StudyFile) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Give employers without hours those of the first job schedule, and say so; without one, leave the day's."""
    known = employers["shift_start"].notna() & employers["shift_end"].notna()
    if known.all():
        return employers, []
    schedule = next((item for item in study.schedules if item.kind == "job"), None)
    start, end = (schedule.start, schedule.end) if schedule else ("09:00", "17:00")
    filled = employers.copy()
    filled.loc[~known, ["shift_start", "shift_end"]] = [start, end]
    return filled, [f"{int((~known).sum())} employers give no hours: {start}–{end} is assumed for them"]


def _warnings(membership: pd.DataFrame, zones: gpd.GeoDataFrame) -> list[str]:
    empty = [str(zone) for zone in membership.attrs.get("zones_without_points", [])]
    found = [str(note) for note in zones.attrs.get("notes", [])]
    if empty:
        named = ", ".join(empty[:_MOST_NAMED]) + (f" … ({len(empty)})" if len(empty) > _MOST_NAMED else "")
        found.append(f"zones without any populated point, kept as « sans objet »: {named}")
    return found


def read_inputs(study: StudyFile, path: Path) -> StudyInputs:
    """Read the tables that a study names.

    Parameters
    ----------
    study : StudyFile
        Checked study file.
    path : pathlib.Path
        The study file, for the messages.

    Returns
    -------
    StudyInputs

    Raises
    ------
    InputError
        With every fault of every table at once.
    """
    faults: list[Fault] = []
    reports: list[ReadingReport] = []
    zones = _attempt(f"{path.name}: origins.zones", faults, lambda: _zones(study.origins.zones))
    points = _attempt(f"{path.name}: origins.points", faults, lambda: _points(study.origins.points))
    training = employers = None
    if study.training is not None:
        section = study.training
        training = _attempt(f"{path.name}: training", faults, lambda: read_training_table(section))
    if study.employers is not None:
        table = study.employers
        codes = [metier.code for metier in study.metiers]
        employers = _attempt(f"{path.name}: employers", faults, lambda: read_employers_table(table, codes))
    section_employment = study.employment
    employment = None
    if section_employment is not None:
        employment = _attempt(f"{path.name}: employment", faults, lambda: _employment(section_employment))
    raise_faults(faults)
    membership = assign_zones(points[0], zones)
    if membership.empty:
        where = f"{study.origins.points.file.name} × {study.origins.zones.file.name}"
        raise_faults(
            [
                Fault(
                    where,
                    "no populated point lies in any zone",
                    "check the CRS and the extent of both",
                    key="no_point_in_zones",
                )
            ]
        )
    reports += [found[1] for found in (points, training, employers) if found is not None]
    notes = [note for report in reports for note in report.notes]
    staffed, assumed = (None, []) if employers is None else _with_hours(employers[0], study)
    return StudyInputs(
        zones=zones,
        points=points[0],
        membership=membership,
        training=None if training is None else training[0],
        employers=staffed,
        employment=employment,
        reports=tuple(reports),
        warnings=(*_warnings(membership, zones), *notes, *assumed),
    )
