"""The need as published, read for a study: vintage, nomenclature and place stated, every row left aside counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import pandas as pd

from geo_access.errors import Fault, GeoAccessError, raise_faults
from geo_access.sources.supply.crosswalk import Crosswalk
from geo_access.sources.supply.crosswalk_files import build_crosswalk
from geo_access.sources.supply.need import read_bmo, read_tensions
from geo_access.sources.supply.rome_hours import read_rome_hours
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.report import Loss, ReadingReport, make_report
from geo_access.sources.tables.text import fold, pick_columns, to_text
from geo_access.study.need_sections import BasinsTable, HiringTable, NeedsSection, PassageTable, TensionTable
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["NOMENCLATURES", "ReadNeeds", "losses_of", "need_format", "read_basins", "read_needs"]

_MOST_NAMED = 6
_BASIN = re.compile(r"(?:code )?(?:bassin|be)(?: emploi)? ?(\d{2}|\d{4})?")
_BASIN_NAME = re.compile(r"(?:lib|nom|libelle) ?(?:bassin|be)(?: emploi)? ?(?:\d{2}|\d{4})?")
_ZONE = ("zone_id", "code_commune", "code_commune_insee", "commune", "codgeo", "depcom", "insee", "code_insee", "com")
NOMENCLATURES = {"fap2021": "FAP 2021", "fap2009": "FAP 2009", "fap225": "FAP 2009 (225)", "fap87": "FAP 2009 (87)"}

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class ReadNeeds:
    """Tables of ``[needs]`` as they were read; None where the study names none.

    Attributes
    ----------
    bmo : pandas.DataFrame or None
        Of one vintage, with ``row`` (of the file).
    bmo_read : ReadingReport or None
    passages : Crosswalk or None
    tensions : pandas.DataFrame or None
        Of one year, nomenclature and place.
    tensions_read : ReadingReport or None
    basins : pandas.DataFrame or None
        ``zone_id, basin, basin_name``, and in ``attrs`` the ``year`` that the column tells.
    hours : pandas.DataFrame or None
        ``metier, label``.
    """

    bmo: pd.DataFrame | None
    bmo_read: ReadingReport | None
    passages: Crosswalk | None
    tensions: pd.DataFrame | None
    tensions_read: ReadingReport | None
    basins: pd.DataFrame | None
    hours: pd.DataFrame | None


def read_needs(section: NeedsSection) -> ReadNeeds:
    """Read the tables of ``[needs]``.

    Parameters
    ----------
    section : NeedsSection

    Returns
    -------
    ReadNeeds

    Raises
    ------
    InputError
        With every fault of every table at once.
    """
    faults: list[Fault] = []

    def tried(key: str, read: Callable[[], Found]) -> Found | None:
        try:
            return read()
        except GeoAccessError as error:
            own = error.faults or (Fault("", str(error), key=error.key, values=error.values),)
            faults.extend(replace(each, where=f"{key}: {each.where}".rstrip(": "), place=None) for each in own)
        return None

    bmo = tension = basins = hours = passages = None
    if section.bmo is not None:
        asked = section.bmo
        bmo = tried("bmo", lambda: _read_bmo(asked))
    if section.tensions is not None:
        wanted = section.tensions
        tension = tried("tensions", lambda: _read_tensions(wanted))
    if section.fap2021_rome is not None or section.fap2009_rome is not None:
        passages = tried("fap_rome", lambda: _passages(section.fap2021_rome, section.fap2009_rome))
    if section.basins is not None:
        table = section.basins
        basins = tried("basins", lambda: read_basins(table))
    if section.rome_hours is not None:
        labels = section.rome_hours
        hours = tried("rome_hours", lambda: read_rome_hours(labels.file))
    for key, found in (("bmo", bmo), ("tensions", tension)):
        if found is not None:
            tried(key, lambda found=found: _same_nomenclature(section, found[0]))  # type: ignore[misc]
    raise_faults(faults)
    return ReadNeeds(
        bmo=None if bmo is None else bmo[0],
        bmo_read=None if bmo is None else bmo[1],
        passages=passages,
        tensions=None if tension is None else tension[0],
        tensions_read=None if tension is None else tension[1],
        basins=basins,
        hours=hours,
    )


def _read_bmo(asked: HiringTable) -> tuple[pd.DataFrame, ReadingReport]:
    """Read the rows of one vintage, and of the departments asked for; the others are counted as left aside."""
    table, report = read_bmo(asked.file, layer=asked.layer)
    name = asked.file.name
    left = set(report.lost["row"])
    table["row"] = [row for row in range(report.read) if row not in left]
    years = sorted(set(table["year"].astype(str)))
    if asked.vintage is None and len(years) > 1:
        raise refusal("needs.vintages", file=name, years=", ".join(years))
    if asked.vintage is not None and asked.vintage not in years:
        raise refusal("needs.no_such_vintage", file=name, vintage=asked.vintage, years=", ".join(years))
    vintage = asked.vintage or (years[0] if years else "")
    lost = [(int(row), str(id_), why) for row, id_, why in report.lost[["row", "id", "reason"]].itertuples(index=False)]
    lost += losses_of(table, table["year"].astype(str) != vintage, note("loss.other_vintage"))
    table = table[table["year"].astype(str) == vintage]
    if asked.departments:
        if "department" not in table:
            raise refusal("needs.no_department", file=name)
        out = ~table["department"].astype(str).isin(asked.departments)
        lost += losses_of(table, out, note("loss.other_department"))
        table = table[~out]
    if table.empty:
        raise refusal("needs.nothing_left", file=name)
    return table.reset_index(drop=True), make_report(name, report.read, kept=lost, notes=report.notes)


def losses_of(table: pd.DataFrame, out: pd.Series, why: Note) -> list[Loss]:
    """Rows of a table that are left aside, with the reason: ``row`` is that of the file."""
    ids = table["fap"] if "fap" in table else table["basin"].astype(str) + "/" + table["family"].astype(str)
    return [(int(row), str(id_), why) for row, id_ in zip(table.loc[out, "row"], ids[out], strict=True)]


def _read_tensions(asked: TensionTable) -> tuple[pd.DataFrame, ReadingReport]:
    """Read the lines of one year, of one place and of the finest families; the others are counted as left aside."""
    table, name = read_tensions(asked.file, layer=asked.layer), asked.file.name
    read = len(table)
    table["row"] = range(read)
    nameless = table["fap"].isna()
    years = sorted(set(table.loc[~nameless, "year"].dropna().astype(str)))
    if asked.vintage is None and len(years) != 1:
        raise refusal("needs.vintages", file=name, years=", ".join(years) or "–")
    if asked.vintage is not None and asked.vintage not in years:
        raise refusal("needs.no_such_vintage", file=name, vintage=asked.vintage, years=", ".join(years))
    lost = losses_of(table, nameless, note("loss.no_family"))
    table = table[~nameless]
    of_year = table["year"].astype(str) == (asked.vintage or years[0])
    here = _of_place(table, asked)
    known = table["scheme"].notna()
    schemes = set(table.loc[of_year & here & known, "scheme"])
    if not schemes:
        raise refusal("needs.no_place", file=name, places=_places(table[of_year & known]))
    finest = next((scheme for scheme in ("fap2021", "fap225", "fap87") if scheme in schemes), "")
    if not finest:
        raise refusal("needs.unknown_families", file=name, families=", ".join(sorted(schemes)))
    fine = (table["scheme"] == finest) & known
    lost += losses_of(table, ~of_year, note("loss.other_vintage"))
    lost += losses_of(table, of_year & ~here, note("loss.other_place"))
    lost += losses_of(table, of_year & here & ~fine, note("loss.coarser_family"))
    kept = table[of_year & here & fine]
    twice = kept.loc[kept["fap"].duplicated(), "fap"].astype(str).unique()
    if len(twice):
        raise refusal("needs.family_twice", file=name, families=", ".join(twice[:_MOST_NAMED]))
    return kept.reset_index(drop=True), make_report(name, read, kept=lost)


def _of_place(table: pd.DataFrame, asked: TensionTable) -> pd.Series:
    """Which lines are of the place that is asked for; without one, those of the nation."""
    scope = table["scope"].astype(str).str.lower().str[:3] if "scope" in table else pd.Series("nat", table.index)
    wanted = {"dep": asked.department, "reg": asked.region}
    for key, column in (("dep", "department"), ("reg", "region")):
        code = wanted[key]
        if code is not None:
            codes = table[column].astype(str) if column in table else pd.Series("", table.index)
            return (scope == key) & (codes == code)
    return scope == "nat"


def _places(table: pd.DataFrame) -> str:
    """Levels of a table of tensions, with the first codes of each."""
    found = []
    for scope, rows in table.groupby(table["scope"].astype(str)):
        column = {"dep": "department", "reg": "region"}.get(str(scope).lower()[:3], "")
        codes = sorted(set(rows[column].dropna().astype(str))) if column in rows else []
        named = ", ".join(codes[:_MOST_NAMED]) + (" …" if len(codes) > _MOST_NAMED else "")
        found.append(f"{scope} ({named})" if named else str(scope))
    return "; ".join(found)


def _passages(of_2021: PassageTable | None, of_2009: PassageTable | None) -> Crosswalk:
    plain = of_2009 is not None and of_2009.file.suffix.lower() in (".csv", ".xlsx", ".parquet")
    return build_crosswalk(
        fap2021_passage=None if of_2021 is None else of_2021.file,
        fap_rome=of_2009.file if of_2009 is not None and plain else None,
        fap_passage=of_2009.file if of_2009 is not None and not plain else None,
    )


def _same_nomenclature(section: NeedsSection, table: pd.DataFrame) -> None:
    """Make sure that the study gives the passage of the very nomenclature that the table is in."""
    told = str(table["nomenclature" if "nomenclature" in table else "scheme"].iloc[0])
    key = "fap2021_rome" if told == "fap2021" else "fap2009_rome"
    if getattr(section, key) is None:
        raise refusal("needs.other_nomenclature", told=NOMENCLATURES.get(told, told), key=key)


def read_basins(table: BasinsTable) -> pd.DataFrame:
    """Read the basin of each commune; the columns of any year are known by their form.

    Parameters
    ----------
    table : BasinsTable

    Returns
    -------
    pandas.DataFrame
        ``zone_id, basin, basin_name``; in ``attrs`` the ``year`` that the column tells, empty when it tells none.

    Raises
    ------
    InputError
        When columns are missing, or with every commune that lies in two basins.
    """
    rows, name = read_table(table.file, layer=table.layer), table.file.name
    names = [str(column) for column in rows.columns]
    basin = tuple(each for each in names if _BASIN.fullmatch(fold(each)))
    label = tuple(each for each in names if _BASIN_NAME.fullmatch(fold(each)))
    wanted = {"zone_id": _ZONE, "basin": basin or ("basin",), "basin_name": label or ("basin_name",)}
    given = {str(ours): theirs for ours, theirs in table.columns.items()}
    found = pick_columns(names, wanted, where=name, given=given, optional=("basin_name",))
    result = pd.DataFrame({key: to_text(rows[column]) for key, column in found.items()})
    if "basin_name" not in result:
        result["basin_name"] = result["basin"]
    result = result.dropna(subset=["zone_id", "basin"]).drop_duplicates(["zone_id", "basin"])
    twice = result.loc[result["zone_id"].duplicated(), "zone_id"].tolist()
    raise_faults(fault(f"{name}: {zone}", "needs.two_basins") for zone in twice[:20])
    year = _BASIN.fullmatch(fold(found["basin"]))
    digits = "" if year is None or year[1] is None else year[1]
    result.attrs["year"] = digits if len(digits) != 2 else f"20{digits}"
    return result.reset_index(drop=True)


def need_format(columns: Iterable[object]) -> str:
    """Key of ``[needs]`` that a table is for, by its columns; empty for any other table.

    Examples
    --------
    >>> need_format(["annee", "Code métier BMO", "BE26", "met"]), need_format(["code_commune", "code_bassin_2027"])
    ('bmo', 'basins')
    >>> need_format(["code_rome", "libelle_rome"])
    ''
    """
    names = {fold(str(column)) for column in columns}
    if names & {"code metier bmo", "metier bmo"} and "met" in names:
        return "bmo"
    if names & {"code fap 228", "niveau fap"}:
        return "tensions"
    if names & {"fap341", "fap2021", "code341"} and names & {"rome", "code rome"}:
        return "fap2021_rome"
    if names & {fold(each) for each in _ZONE} and any(_dated_basin(each) for each in names):
        return "basins"
    return "rome_hours" if names & {"contextestravail", "contextes travail"} else ""


def _dated_basin(column: str) -> bool:
    """Tell a column of basins' codes from one that merely names a basin."""
    found = _BASIN.fullmatch(column)
    return found is not None and (found[1] is not None or column.startswith("code"))
