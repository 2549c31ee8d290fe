"""The tables of training and employers, each in the format that its producer ships."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd

from geo_access.sources.crosswalk_files import build_crosswalk
from geo_access.sources.employers import read_employers
from geo_access.sources.employers_offers import read_offers
from geo_access.sources.employers_siae import read_siae
from geo_access.sources.employers_sirene import read_sirene
from geo_access.sources.geocode import read_communes
from geo_access.sources.reading_report import ReadingReport
from geo_access.sources.training import read_training
from geo_access.sources.training_apprenticeship import read_apprenticeship
from geo_access.sources.training_education import read_capacities, read_uai_mef_rome
from geo_access.sources.training_lheo import read_lheo
from geo_access.sources.training_onisep import read_onisep
from geo_access.study_sections import EmployersTable, TrainingTable

__all__ = ["read_employers_table", "read_training_table"]

# An activity counts for a métier when at least this share of its hirings was for it.
_LEAST_HIRING_SHARE = 0.01

_Read = tuple[gpd.GeoDataFrame, ReadingReport]


def _communes(path: Path | None) -> gpd.GeoDataFrame | None:
    return None if path is None else read_communes(path)


def read_training_table(table: TrainingTable) -> _Read:
    """Read what is taught where.

    Parameters
    ----------
    table : TrainingTable
        Section ``[training]``; the study file has checked that its keys fit its format.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        Schema of `geo_access.sources.training.read_training`.

    Raises
    ------
    InputError
        When the file is not what its format says.
    """
    if table.format == "uai_mef_rome":
        return read_uai_mef_rome(table.file, schools=table.schools)
    if table.format == "lheo":
        return read_lheo(table.file, communes=_communes(table.communes))
    if table.format == "onisep":
        return read_onisep(table.file, structures=table.structures, certifications=table.certifications)
    if table.format == "apprenticeship":
        return read_apprenticeship(table.file)
    if table.format == "capacities":
        paths = {"mef": table.mef, "certifications": table.certifications, "schools": table.schools}
        return read_capacities(table.file, **{key: path for key, path in paths.items() if path is not None})
    return read_training(table.file, columns=table.columns, crs=table.crs, layer=table.layer)


def _romes_of_naf(path: Path | None, codes: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
    """Métiers of the study that each activity hires for, from observed hirings; None without that table."""
    if path is None:
        return None
    crosswalk = build_crosswalk(naf_hirings=path)
    activities = sorted(set(crosswalk.links.loc[crosswalk.links["source_scheme"] == "naf", "source"]))
    hired = crosswalk.targets(activities, source="naf", target="rome", min_weight=_LEAST_HIRING_SHARE)
    wanted = set(codes)
    return {naf: tuple(rome for rome in romes if rome in wanted) for naf, romes in hired.items() if wanted & set(romes)}


def read_employers_table(table: EmployersTable, codes: Sequence[str]) -> _Read:
    """Read who recruits where.

    Parameters
    ----------
    table : EmployersTable
        Section ``[employers]``; the study file has checked that its keys fit its format.
    codes : sequence of str
        Métiers of the study; activities are led to these alone.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        Schema of `geo_access.sources.employers.read_employers`.

    Raises
    ------
    InputError
        When the file is not what its format says.
    """
    if table.format == "siae":
        return read_siae(
            table.file, communes=read_communes(str(table.communes)), romes_of_naf=_romes_of_naf(table.naf_rome, codes)
        )
    if table.format == "offers":
        return read_offers(table.file, communes=_communes(table.communes))
    if table.format == "sirene":
        return read_sirene(
            table.file,
            departments=table.departments or (),
            located=table.located,
            naf=table.activities,
            romes_of_naf=_romes_of_naf(table.naf_rome, codes),
            min_headcount=table.min_headcount,
        )
    return read_employers(table.file, columns=table.columns, crs=table.crs, layer=table.layer)
