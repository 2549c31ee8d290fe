"""The need led to the métiers and the zones of a study: every row that was read is kept, or said where it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.diagnosis.need import Need, account_of_projects, metier_projects, metier_tensions, need_table, rome_of
from geo_access.sources.supply.crosswalk import Crosswalk
from geo_access.sources.supply.need import bmo_to_rome, family_links
from geo_access.sources.supply.rome_hours import POSSIBLE_SHIFTS, PossibleShift, possible_shifts
from geo_access.sources.tables.report import Loss, ReadingReport, make_report
from geo_access.sources.tables.text import fold
from geo_access.study.need_sections import HiringTable, NeedsSection, RomeHoursTable, TensionTable
from geo_access.study.needs import NOMENCLATURES, ReadNeeds, losses_of
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["JoinedNeeds", "joined_needs", "label_shifts"]

_MOST_NAMED = 6


@dataclass(frozen=True, eq=False)
class JoinedNeeds:
    """The need of a study's métiers, and what became of the rows.

    Attributes
    ----------
    need : Need or None
    reports : tuple of ReadingReport
    notes : tuple of Note
    """

    need: Need | None = None
    reports: tuple[ReadingReport, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class _Part:
    """One table of the need, what became of its rows, and what is to be said of it."""

    table: pd.DataFrame
    report: ReadingReport | None = None
    accounts: pd.DataFrame | None = None
    notes: list[Note] = field(default_factory=list)


def joined_needs(
    section: NeedsSection, read: ReadNeeds, *, zones: gpd.GeoDataFrame, metiers: Sequence[str], language: str
) -> JoinedNeeds:
    """Lead the need to the métiers and the zones of a study.

    Parameters
    ----------
    section : NeedsSection
    read : ReadNeeds
        What `section` names, as read.
    zones : geopandas.GeoDataFrame
        ``zone_id``, polygons.
    metiers : sequence of str
        Codes of the study.
    language : str
        Of the sources of possible hours.

    Returns
    -------
    JoinedNeeds

    Raises
    ------
    InputError
        When no zone lies in a basin, or no basin of the study has a line.
    """
    basins = projects = tensions = shifts = None
    if read.basins is not None and section.basins is not None:
        basins = _zone_basins(section.basins.file.name, read.basins, zones)
    if read.bmo is not None and section.bmo is not None and read.passages is not None:
        projects = _projects(section.bmo, read, None if basins is None else basins.table, metiers)
    if read.tensions is not None and section.tensions is not None and read.passages is not None:
        tensions = _tensions(section.tensions, read, metiers)
    if read.hours is not None and section.rome_hours is not None:
        shifts = _shifts(section.rome_hours, read.hours, metiers, language)
    named = {"projects": projects, "tensions": tensions, "shifts": shifts}
    tables = {name: None if part is None else part.table for name, part in named.items()}
    parts = [part for part in (basins, *named.values()) if part is not None]
    return JoinedNeeds(
        Need(
            need_table(metiers, **tables),
            accounts=None if projects is None else projects.accounts,
            tensions=tables["tensions"],
            shifts=tables["shifts"],
            basins=None if basins is None else basins.table,
        ),
        tuple(part.report for part in parts if part.report is not None),
        tuple(said for part in parts for said in part.notes),
    )


def _zone_basins(file: str, table: pd.DataFrame, zones: gpd.GeoDataFrame) -> _Part:
    """Find the basin of each zone: by its code, else by the coded zone that it lies in."""
    found = pd.DataFrame({"zone_id": zones["zone_id"].astype(str).to_numpy(object)})
    found = found.merge(table, on="zone_id", how="left")
    coded = found["basin"].notna().to_numpy()
    if not coded.any():
        raise refusal("needs.no_zone_in_basins", file=file)
    found["found_by"] = ["table" if known else None for known in coded.tolist()]
    shapes = zones.geometry
    inside = gpd.GeoDataFrame({"at": np.flatnonzero(~coded)}, geometry=shapes[~coded].representative_point().values)
    coded_zones = gpd.GeoDataFrame({"of": np.flatnonzero(coded)}, geometry=shapes[coded].values)
    pairs = gpd.sjoin(inside, coded_zones, predicate="within").drop_duplicates("at")
    at, of = pairs["at"].to_numpy(), pairs["of"].to_numpy()
    for name in ("basin", "basin_name"):
        found.loc[at, name] = found.loc[of, name].to_numpy()
    found.loc[at, "found_by"] = "position"
    nowhere = int(found["basin"].isna().sum())
    notes = [note("needs.zones_nowhere", n=nowhere, all=len(found))] if nowhere else []
    notes += [note("needs.zones_by_position", n=len(at))] if len(at) else []
    return _Part(found, notes=notes)


def _known_losses(report: ReadingReport) -> list[Loss]:
    rows = report.lost[["row", "id", "reason"]].itertuples(index=False, name=None)
    return [(int(row), str(id_), why) for row, id_, why in rows]


def _projects(asked: HiringTable, read: ReadNeeds, basins: pd.DataFrame | None, metiers: Sequence[str]) -> _Part:
    bmo, report, passages = read.bmo, read.bmo_read, read.passages
    assert bmo is not None and report is not None and passages is not None  # noqa: S101, PT018 — the caller has looked
    name, vintage = asked.file.name, str(bmo["year"].iloc[0])
    lost, notes = _known_losses(report), []
    wanted = list(dict.fromkeys(bmo["basin"].astype(str)))
    if basins is not None:
        wanted = list(dict.fromkeys(basins["basin"].dropna().astype(str)))
        out = ~bmo["basin"].astype(str).isin(wanted)
        if out.all():
            raise refusal("needs.no_line_in_basins", file=name, basins=", ".join(wanted[:_MOST_NAMED]))
        lost += losses_of(bmo, out, note("loss.other_basin"))
        bmo = bmo[~out]
        notes += _basin_notes(read, wanted, set(bmo["basin"].astype(str)), vintage)
    without, others = _families(bmo, passages, metiers)
    if without >= set(bmo["family"]):
        raise refusal("needs.no_family_in_passage", file=name, families=_named(sorted(without)))
    lost += losses_of(bmo, bmo["family"].isin(without), note("loss.family_without_rome"))
    lost += losses_of(bmo, bmo["family"].isin(others), note("loss.other_metier"))
    spread = bmo_to_rome(bmo, passages)
    table = metier_projects(spread, metiers, wanted)
    labels = bmo["basin_label"] if "basin_label" in bmo else bmo["basin"]
    named = dict(zip(bmo["basin"].astype(str), labels.astype(str), strict=True))
    table.insert(2, "basin_name", [named.get(str(code), "") for code in table["basin"]])
    if "clpe" in bmo:
        told = bmo[bmo["clpe"].notna()].groupby("basin")["clpe"].unique()
        table.insert(3, "clpe", [" | ".join(map(str, told.get(code, ()))) for code in table["basin"]])
    table["vintage"], table["nomenclature"] = vintage, NOMENCLATURES[str(bmo["nomenclature"].iloc[0])]
    table["source"] = asked.source or f"BMO, {name}"
    accounts = account_of_projects(spread, metiers)
    notes += _project_notes(table, accounts, bmo[bmo["family"].isin(without)], metiers)
    return _Part(table, make_report(name, report.read, kept=lost, notes=report.notes), accounts, notes)


def _families(bmo: pd.DataFrame, passages: Crosswalk, metiers: Sequence[str]) -> tuple[set[str], set[str]]:
    """Families that lead to no ROME code, and those that lead to other métiers than the study's alone."""
    links = family_links(bmo, passages)
    own = {rome_of(code) for code in metiers}
    led = links[links["target"].notna()]
    serving = set(led.loc[led["target"].isin(own), "source"])
    # A code that is no family at all has no link to be looked for.
    return set(bmo["family"]) - set(led["source"]), set(led["source"]) - serving


def _basin_notes(read: ReadNeeds, wanted: list[str], told: set[str], vintage: str) -> list[Note]:
    silent = [code for code in wanted if code not in told]
    year = "" if read.basins is None else str(read.basins.attrs.get("year", ""))
    found = []
    if silent:
        found.append(note("needs.silent_basins", n=len(silent), all=len(wanted), basins=_named(silent)))
    if year and year != vintage:
        found.append(note("needs.basins_of_another_year", year=year, vintage=vintage))
    return found


def _named(codes: Sequence[str]) -> str:
    return ", ".join(codes[:_MOST_NAMED]) + (" …" if len(codes) > _MOST_NAMED else "")


def _matched(key: str, metiers: Sequence[str], told: set[str]) -> Note:
    """How many of the study's métiers a table speaks of."""
    missing = [code for code in metiers if code not in told]
    if missing:
        return note(f"needs.{key}_some", n=len(metiers) - len(missing), all=len(metiers), codes=_named(missing))
    return note(f"needs.{key}_all", all=len(metiers))


def _project_notes(
    table: pd.DataFrame, accounts: pd.DataFrame, without: pd.DataFrame, metiers: Sequence[str]
) -> list[Note]:
    told = set(table.loc[table["projects_state"] != "no_line", "metier"])
    sums = {name: round(float(accounts[name].sum())) for name in ("projects", "of_study", "of_others", "without_rome")}
    vintage, nomenclature = str(table["vintage"].iloc[0]), str(table["nomenclature"].iloc[0])
    found = [
        _matched("bmo", metiers, told),
        note("needs.account", vintage=vintage, nomenclature=nomenclature, **sums),
    ]
    if len(without):
        families = without["family"].astype(str).unique().tolist()
        projects = round(float(without["projects"].sum()))
        found.append(note("needs.no_rome", n=len(families), families=_named(families), projects=projects))
    if table["shared"].any():
        found.append(note("needs.shared", n=int(table.loc[table["shared"], "metier"].nunique()), all=len(metiers)))
    return found


def _tensions(asked: TensionTable, read: ReadNeeds, metiers: Sequence[str]) -> _Part:
    lines, report, passages = read.tensions, read.tensions_read, read.passages
    assert lines is not None and report is not None and passages is not None  # noqa: S101, PT018 — the caller has looked
    scheme, name = str(lines["scheme"].iloc[0]), asked.file.name
    codes = {code: rome_of(code) for code in metiers}
    led = passages.map(codes.values(), source="rome", target=scheme)
    led = led[led["target"].notna()]
    weights = {str(code): dict(zip(own["target"], own["weight"], strict=True)) for code, own in led.groupby("source")}
    if not lines["fap"].isin(passages.links.loc[passages.links["source_scheme"] == scheme, "source"]).any():
        raise refusal("needs.no_family_in_passage", file=name, families=_named(sorted(set(lines["fap"].astype(str)))))
    families = {metier: weights.get(code, {}) for metier, code in codes.items()}
    table = metier_tensions(lines, families)
    place = asked.department or asked.region or "nat"
    table["scope"] = "dep" if asked.department else "reg" if asked.region else "nat"
    table["place"] = place
    table["year"], table["nomenclature"] = str(lines["year"].iloc[0]), NOMENCLATURES[scheme]
    table["source"] = asked.source or f"Dares – France Travail, {name}"
    serving = lines["fap"].isin(table["family"])
    lost = [*_known_losses(report), *losses_of(lines, ~serving, note("loss.other_metier"))]
    notes = [_matched("tensions", metiers, set(table["metier"]))]
    return _Part(table, make_report(name, report.read, kept=lost), notes=notes)


def label_shifts(section: RomeHoursTable) -> Sequence[PossibleShift]:
    """Hours that labels may mean: those that the study states, else the assumptions of ours, named as such."""
    if not section.shifts:
        return POSSIBLE_SHIFTS
    return tuple(PossibleShift(fold(each.label), each.hours, each.source) for each in section.shifts)


def _shifts(section: RomeHoursTable, hours: pd.DataFrame, metiers: Sequence[str], language: str) -> _Part:
    codes = {code.strip().upper(): code for code in metiers}
    table = possible_shifts(hours, list(codes), shifts=label_shifts(section), language=language)
    table["metier"] = [codes[str(code)] for code in table["metier"]]
    known = set(hours["metier"].astype(str))
    told = {given for code, given in codes.items() if {code, rome_of(code)} & known}
    notes = [_matched("hours", metiers, told), note("needs.labels")]
    if not section.shifts:
        notes.append(note("needs.hours_assumed"))
    if section.schedules:
        notes.append(note("needs.schedules_made"))
    return _Part(table, notes=notes)
