"""Read everything a study names, and say all that is wrong with it before anything is computed.

The tables of training and employers, each in the format that its producer ships.

Where the person of an adviser's sheet starts from: coordinates, or an address that is looked up and forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geo_access.errors import Fault, GeoAccessError, InputError, raise_faults
from geo_access.sources.places.find_address import BAN_SERVICE, choose_address, search_books, search_service
from geo_access.sources.places.geocode import Addresses, read_addresses, read_communes
from geo_access.sources.places.meeting_places import read_carpool_places
from geo_access.sources.places.population import assign_zones, read_population, zones_unknown
from geo_access.sources.places.zones import read_zones
from geo_access.sources.supply.crosswalk_files import build_crosswalk
from geo_access.sources.supply.employers import read_employers, read_siae
from geo_access.sources.supply.employers_offers import read_offers
from geo_access.sources.supply.employers_sirene import read_sirene
from geo_access.sources.supply.training import read_training
from geo_access.sources.supply.training_education import read_capacities, read_uai_mef_rome
from geo_access.sources.supply.training_lheo import read_lheo
from geo_access.sources.supply.training_onisep import read_apprenticeship, read_onisep
from geo_access.sources.tables.report import ReadingReport
from geo_access.sources.web import check_url
from geo_access.study.beside import Beside, grouped_zones, norm_notes, read_employment, read_flows, read_mismatch
from geo_access.study.choice import joined_zones, masked
from geo_access.study.file import StudyFile, study_metiers
from geo_access.study.known_formats import format_hint
from geo_access.study.needs import ReadNeeds, read_needs
from geo_access.study.needs_joined import JoinedNeeds, joined_needs
from geo_access.study.sections import EmployersTable, Table, TrainingTable
from geo_access.study.verdict import supply_notes, table_faults, zone_notes
from geo_access.words.note import Note, note
from geo_access.words.told import fault

__all__ = [
    "StudyInputs",
    "Tables",
    "attempt",
    "find_origin",
    "joined_inputs",
    "read_employers_table",
    "read_inputs",
    "read_tables",
    "read_training_table",
]

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
        Schema of `geo_access.sources.supply.training.read_training`.

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
    condition = table.where or None
    with format_hint("training", table.file, table.format):
        return read_training(table.file, columns=table.columns, crs=table.crs, layer=table.layer, condition=condition)


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
        Schema of `geo_access.sources.supply.employers.read_employers`.

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
    condition = table.where or None
    with format_hint("employers", table.file, table.format):
        return read_employers(table.file, columns=table.columns, crs=table.crs, layer=table.layer, condition=condition)


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
    warnings : tuple of Note
        What a reader of the results should know.
    beside : Beside
        Observed trips, and candidates and offers by métier and zone.
    """

    zones: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    membership: pd.DataFrame
    training: gpd.GeoDataFrame | None
    employers: gpd.GeoDataFrame | None
    employment: pd.DataFrame | None
    reports: tuple[ReadingReport, ...]
    warnings: tuple[Note, ...]
    beside: Beside = field(default_factory=Beside)


def attempt(where: str, faults: list[Fault], read: Callable[[], Any]) -> Any:
    """Run a reader; keep its faults for the list instead of stopping at the first."""
    try:
        return read()
    except GeoAccessError as error:
        faults += [replace(fault, where=f"{where}: {fault.where}", place=None) for fault in error.faults] or [
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
        condition=table.where or None,
    )


def _all_zones(layers: Sequence[Table]) -> gpd.GeoDataFrame:
    return joined_zones([(table, partial(_zones, table)) for table in layers])


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
        condition=table.where or None,
        weights={ours: theirs for ours, theirs in columns.items() if ours not in known} or None,
    )


def _with_hours(employers: gpd.GeoDataFrame, study: StudyFile) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Give employers without hours those of the first job schedule of all métiers, else the day's, and say so."""
    known = employers["shift_start"].notna() & employers["shift_end"].notna()
    if known.all():
        return employers, []
    schedule = next((item for item in study.schedules if item.kind == "job" and not item.metiers), None)
    start, end = (schedule.start, schedule.end) if schedule else ("09:00", "17:00")
    filled = employers.copy()
    filled.loc[~known, ["shift_start", "shift_end"]] = [start, end]
    return filled, [note("no_hours", n=int((~known).sum()), start=start, end=end)]


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
    tables = read_tables(study, path, faults)
    raise_faults(faults)
    found = attempt(path.name, faults, lambda: joined_inputs(study, tables))
    raise_faults(faults)
    assert isinstance(found, StudyInputs)  # noqa: S101 — a fault would have been raised
    return found


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables of a study as they were read; None where there is none, or it could not be read.

    Attributes
    ----------
    zones : geopandas.GeoDataFrame or None
    points, training, employers : (geopandas.GeoDataFrame, ReadingReport) or None
    employment : pandas.DataFrame or None
    flows : (pandas.DataFrame, ReadingReport) or None
    mismatch : (pandas.DataFrame, tuple of Note) or None
    needs : ReadNeeds or None
    carpool : (geopandas.GeoDataFrame, ReadingReport) or None
    """

    zones: gpd.GeoDataFrame | None
    points: _Read | None
    training: _Read | None
    employers: _Read | None
    employment: pd.DataFrame | None
    flows: tuple[pd.DataFrame, ReadingReport] | None = None
    mismatch: tuple[pd.DataFrame, tuple[Note, ...]] | None = None
    needs: ReadNeeds | None = None
    carpool: _Read | None = None


def read_tables(study: StudyFile, path: Path, faults: list[Fault]) -> Tables:
    """Read each table that a study names.

    Parameters
    ----------
    study : StudyFile
        Whole, or its sound part.
    path : pathlib.Path
        The study file, for the messages.
    faults : list of Fault
        Receives all that is wrong with the tables.

    Returns
    -------
    Tables
    """
    origins, codes = study.origins, [metier.code for metier in study.metiers]
    training, employers, employment = study.training, study.employers, study.employment
    flows, mismatch, needs, carpool = study.flows, study.mismatch, study.needs, study.carpool
    zones = points = None
    if origins is not None:
        zones = attempt(f"{path.name}: origins.zones", faults, lambda: _all_zones(origins.layers))
        points = attempt(
            f"{path.name}: origins.points", faults, lambda: masked(_points(origins.points), origins.points)
        )
    own = None if zones is None else zones["zone_id"].astype(str).tolist()
    return Tables(
        zones=zones,
        points=points,
        training=None
        if training is None
        else attempt(f"{path.name}: training", faults, lambda: masked(read_training_table(training), training)),
        employers=None
        if employers is None
        else attempt(
            f"{path.name}: employers", faults, lambda: masked(read_employers_table(employers, codes), employers)
        ),
        employment=None
        if employment is None
        else attempt(f"{path.name}: employment", faults, lambda: read_employment(employment)),
        flows=None if flows is None else attempt(f"{path.name}: flows", faults, lambda: read_flows(flows, own)),
        mismatch=None
        if mismatch is None
        else attempt(f"{path.name}: mismatch", faults, lambda: read_mismatch(mismatch)),
        needs=None if needs is None else attempt(f"{path.name}: needs", faults, lambda: read_needs(needs)),
        carpool=None
        if carpool is None
        else attempt(f"{path.name}: carpool", faults, lambda: read_carpool_places(carpool.file)),
    )


def _joined_needs(study: StudyFile, tables: Tables, zones: gpd.GeoDataFrame) -> JoinedNeeds:
    if study.needs is None or tables.needs is None:
        return JoinedNeeds()
    codes = [metier.code for metier in study.metiers]
    return joined_needs(study.needs, tables.needs, zones=zones, metiers=codes, language=study.study.language)


def joined_inputs(study: StudyFile, tables: Tables) -> StudyInputs:
    """Say which points stand for which zones, give employers their hours, gather the reports.

    Parameters
    ----------
    study : StudyFile
    tables : Tables
        With zones and points.

    Returns
    -------
    StudyInputs

    Raises
    ------
    InputError
        When no populated point lies in a zone, or a table holds what a run would refuse.
    """
    zones, points = tables.zones, tables.points
    assert zones is not None and points is not None  # noqa: S101, PT018 — the caller has looked
    membership = assign_zones(points[0], zones)
    if membership.empty:
        where = f"{study.origins.points.file.name} × {study.origins.zones.file.name}"
        raise_faults([fault(where, "no_point_in_zones")])
    grouped = grouped_zones(study.publication, zones, membership, points[0])
    faults: list[Fault] = []
    # Basins are told by commune: before communes go into their cantons.
    needs = attempt("needs", faults, partial(_joined_needs, study, tables, zones)) or JoinedNeeds()
    zones, membership = grouped.zones, grouped.membership
    zones.attrs["population_unknown"] = zones_unknown(points[0], zones, membership)
    read = (points, tables.training, tables.employers, tables.flows, tables.carpool)
    reports = [found[1] for found in read if found is not None]
    notes = [said for report in reports for said in report.notes]
    staffed, assumed = (None, []) if tables.employers is None else _with_hours(tables.employers[0], study)
    metiers = study_metiers(study)
    asked = {"training": None if tables.training is None else tables.training[0], "employers": staffed}
    names = {
        "points": study.origins.points.file.name,
        "training": "" if study.training is None else study.training.file.name,
        "employers": "" if study.employers is None else study.employers.file.name,
    }
    faults += table_faults(zones, points[0], membership, asked, metiers=metiers, names=names, people=study.flag.people)
    raise_faults(faults)
    renamed = {"home": grouped.renamed, "work": grouped.renamed}
    flows = None if tables.flows is None else tables.flows[0].replace(renamed)
    weighed = study.flag.people != "residents"
    mismatch, told = (None, ()) if tables.mismatch is None else tables.mismatch
    return StudyInputs(
        zones=zones,
        points=points[0],
        membership=membership,
        training=None if tables.training is None else tables.training[0],
        employers=staffed,
        employment=tables.employment,
        reports=(*reports, *needs.reports),
        warnings=(
            *zone_notes(membership, zones),
            *grouped.notes,
            *notes,
            *told,
            *(said for report in needs.reports for said in report.notes),
            *needs.notes,
            *assumed,
            *supply_notes(asked, points[0], metiers),
            *norm_notes(study),
            *((note("people_counted", people=note(f"people.{study.flag.people}")),) if weighed else ()),
        ),
        beside=Beside(flows, mismatch, needs.need, None if tables.carpool is None else tables.carpool[0]),
    )


_LONLAT = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*")


def find_origin(
    words: str,
    file: StudyFile,
    *,
    addresses: Sequence[Path | Addresses] = (),
    online: bool = False,
    tell: Callable[[Note], None] = lambda _: None,
) -> tuple[float, float]:
    """Longitude and latitude of what stands after ``--from``.

    Parameters
    ----------
    words : str
        ``lon,lat``, or an address on one line.
    file : StudyFile
        Its section ``[addresses]`` serves when neither `addresses` nor `online` is given.
    addresses : sequence of pathlib.Path or Addresses
        Files of the Base adresse nationale, or what was read of them: the address does not leave the machine.
    online : bool
        Whether the address may leave the machine: to the service that the study names, else to the national one.
        Without it nothing is sent, whatever the study says.
    tell : callable
        Called with where the address is sent, just before it is.

    Returns
    -------
    tuple of float
        Longitude and latitude [degrees].

    Raises
    ------
    InputError
        When nothing says where to look an address up, or it is unknown, doubtful or ambiguous.
    """
    given = _LONLAT.fullmatch(words)
    if given is not None:
        return float(given[1]), float(given[2])
    section = file.addresses
    books = addresses
    if not books and not online and section is not None:
        books = section.files
    service = (section.service if section is not None and section.service else BAN_SERVICE) if online else None
    if books:
        found = choose_address(
            search_books(words, [book if isinstance(book, Addresses) else read_addresses(book) for book in books])
        )
    elif service is not None:
        check_url(service)
        tell(note("address_sent", service=service))
        found = choose_address(search_service(words, service))
    else:
        raise InputError(
            "--from is an address, but nothing says where to look it up → --addresses adresses-59.csv.gz (a file of "
            "the national address base, offline), or --online (the address is then sent to the national geocoding "
            "service), or longitude,latitude, for instance --from 3.06,50.63",
            key="address_source",
        )
    return found.lon, found.lat
