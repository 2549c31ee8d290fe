"""Employers: one row per site × métier × shift, whatever the source.

Schema
------
``site_id, site_name`` · ``metier`` (code, None when unknown) · ``openings`` (jobs to fill) · ``shift_start, shift_end``
(clock texts, past 24 h for the next morning; None when unknown) · ``position_quality`` · Point in EPSG:4326 or None.

Inclusive employers (SIAE, GEIQ) as their market publishes them, with the positions that contradict their address.

Hours of work from text: which rule read them, and which text said so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.crs import WGS84
from geo_access.sources.places.geocode import check_positions
from geo_access.sources.supply.same_sites import REPEATED, repeated_rows, split_shared_ids
from geo_access.sources.tables.points import LAT_NAMES, LON_NAMES, find_positions, read_sites, split_codes
from geo_access.sources.tables.read import read_table, table_notes
from geo_access.sources.tables.report import Loss, ReadingReport, make_report
from geo_access.sources.tables.text import fold, pick_columns, to_numbers, to_text
from geo_access.words.note import Note, note

__all__ = ["EMPLOYER_COLUMNS", "Shift", "employers_frame", "read_clock", "read_employers", "read_shifts", "read_siae"]

_SIAE_COLUMNS = {
    "siret": ("siret",),
    "naf": ("naf", "ape", "activite"),
    "kind": ("kind", "type"),
    "name": ("name", "nom", "raison_sociale"),
    "post_code": ("post_code", "code_postal"),
    "city": ("city", "ville"),
    "score": ("geocoding_score", "result_score", "score"),
    "x": LON_NAMES,
    "y": LAT_NAMES,
}
_EXACT_SCORE = 0.8
_STREET_SCORE = 0.5


def read_siae(
    path: str | Path,
    *,
    communes: gpd.GeoDataFrame,
    romes_of_naf: Mapping[str, Sequence[str]] | None = None,
    max_km: float = 15.0,
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    """Read inclusive employers, and catch those placed far from their own postcode and city.

    Their métiers are not in the file: they come from the activity (NAF) when `romes_of_naf` is given.

    Parameters
    ----------
    path : str or pathlib.Path
        ``siret, naf, kind, name, post_code, city, lon, lat, geocoding_score``.
    communes : geopandas.GeoDataFrame
        Of :func:`geo_access.sources.places.geocode.read_communes`.
    romes_of_naf : mapping of str to sequence of str, optional
        Activity → ROME codes, see :meth:`geo_access.sources.supply.crosswalk.Crosswalk.map`.
    max_km : float
        Greatest distance from the commune's point [km].

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        The employers' schema plus ``naf, kind, post_code, city, geocoding_score, row``. A position that contradicts the
        address is taken away (``position_quality`` none) and listed. Quality: a geocoding score of 0.8 or more is
        exact, 0.5 or more street, else commune.

    Raises
    ------
    InputError
        When columns are missing.
    """
    where = Path(path).name
    table = read_table(path)
    found = pick_columns(table.columns, _SIAE_COLUMNS, where=where, optional=("naf", "kind", "score"))
    empty = pd.Series([None] * len(table), dtype=object)
    texts = {
        name: to_text(table[found[name]]) if name in found else empty
        for name in ("siret", "naf", "kind", "name", "post_code", "city")
    }
    scores = to_numbers(table[found["score"]]) if "score" in found else pd.Series(1.0, index=table.index)
    positions = find_positions(table, where=where, x=found["x"], y=found["y"])
    wrong = check_positions(
        positions.geometry, communes, post_codes=texts["post_code"], cities=texts["city"], max_km=max_km
    )
    records = []
    lost: dict[str, list[Loss]] = {"kept": [], "located": [], "mapped": []}
    for row, siret in enumerate(texts["siret"].tolist()):
        if siret is None:
            lost["kept"].append((row, f"row {row + 1}", note("loss.no_siret")))
            continue
        why = positions.reasons[row] or wrong[row]
        if why:
            lost["located"].append((row, siret, why))
        naf = texts["naf"].iloc[row]
        metiers = tuple((romes_of_naf or {}).get(str(naf).replace(".", "").upper(), ()))
        if not metiers:
            lost["mapped"].append((row, siret, _why_unmapped(naf, romes_of_naf is not None)))
        score = float(scores.iloc[row])
        quality = "exact" if score >= _EXACT_SCORE else "street" if score >= _STREET_SCORE else "commune"
        values = {
            "site_id": siret,
            "site_name": texts["name"].iloc[row],
            "openings": None,
            "shift_start": None,
            "shift_end": None,
            "position_quality": "none" if why else quality,
            "naf": naf,
            "kind": texts["kind"].iloc[row],
            "post_code": texts["post_code"].iloc[row],
            "city": texts["city"].iloc[row],
            "geocoding_score": score,
            "row": row,
            "geometry": None if why else positions.geometry.iloc[row],
        }
        records += [{**values, "metier": metier} for metier in metiers or (None,)]
    notes = ([] if romes_of_naf else [note("no_metier_in_file")]) + table_notes(table)
    return employers_frame(records, where, len(table), notes=notes, **lost)


def _why_unmapped(naf: str | None, has_table: bool) -> Note:
    if not has_table:
        return note("loss.no_metier_in_file")
    return note("loss.no_activity") if naf is None else note("loss.activity_unmapped", naf=naf.upper())


EMPLOYER_COLUMNS = (
    "site_id",
    "site_name",
    "metier",
    "openings",
    "shift_start",
    "shift_end",
    "position_quality",
)

_WANTED: Mapping[str, Sequence[str]] = {
    "site_id": ("site_id", "siret", "id"),
    "site_name": ("site_name", "name", "nom", "raison_sociale", "enseigne", "entreprise"),
    "metier": ("metier", "code_rome", "rome", "rome_code"),
    "openings": ("openings", "postes", "nombre_postes", "nb_postes", "offres"),
    "shift_start": ("shift_start", "debut", "heure_debut"),
    "shift_end": ("shift_end", "fin", "heure_fin"),
    "position_quality": ("position_quality", "qualite_position", "qualite_xy"),
    "x": LON_NAMES,
    "y": LAT_NAMES,
}
_OPTIONAL = {"site_name", "openings", "shift_start", "shift_end", "position_quality"}


def read_employers(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
    crs: str | int | None = None,
    condition: str | None = None,
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read a plain table of employers.

    Parameters
    ----------
    path : str or pathlib.Path
        Any format of :func:`geo_access.sources.tables.read.read_table`.
    columns : mapping of str to str, optional
        Our name → column of the file, for those that are not recognised. Needed: ``site_id``, ``metier`` and a position
        (geometry, or ``x`` and ``y``).
    layer : str, optional
        Layer or sheet.
    crs : str or int, optional
        CRS of the numbers; degrees when not given.
    condition : str, optional
        Which rows to keep, see `geo_access.sources.tables.choose.choose_rows`.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        The employers' schema plus ``row`` and the file's other columns. ``openings`` is 1 where the file does not say,
        and the report says so. Rows without position or métier are kept and listed.

    Raises
    ------
    InputError
        With every column that is missing and the nearest one.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "e.csv"
    >>> _ = file.write_text("site_id,metier,shift_start,shift_end,lon,lat\nE1,H2902,21h,5h,3.1,50.6\n")
    >>> employers, report = read_employers(file)
    >>> employers.astype(object).loc[0, ["metier", "openings", "shift_start", "shift_end"]].tolist()
    ['H2902', 1, '21:00', '29:00']
    """
    where = Path(path).name
    table = read_table(path, layer=layer, condition=condition)
    given = dict(columns or {})
    names = [str(column) for column in table.columns if column != "geometry"]
    has_shape = "geometry" in table.columns
    wanted = {name: own for name, own in _WANTED.items() if not (has_shape and name in ("x", "y"))}
    unknown = {name: (name,) for name in given if name not in wanted}
    found = pick_columns(names, {**wanted, **unknown}, where=where, given=given, optional=_OPTIONAL)
    sites = read_sites(table, found, where=where, crs=crs)
    codes = split_codes(table[found["metier"]])
    openings = to_numbers(table[found["openings"]]) if "openings" in found else pd.Series(np.nan, index=table.index)
    starts, ends, unread = _hours(table, found)
    extra = [name for name in names if name not in found.values() and name not in (*EMPLOYER_COLUMNS, "row")]
    # Older pandas gives no record at all for a table without columns.
    others = table[extra].to_dict("records") if extra else [{}] * len(table)
    shapes = sites.positions.geometry.to_numpy()
    records: list[dict[str, Any]] = []
    lost: dict[str, list[Loss]] = {"kept": [], "mapped": []}
    # Where the file does not count its jobs, each row is one, be it written like another.
    again = repeated_rows(table)
    alike = int((again & openings.isna().to_numpy()).sum())
    for row, identifier in enumerate(sites.ids.tolist()):
        if identifier is None:
            lost["kept"].append((row, f"row {row + 1}", note("loss.no_site_id")))
            continue
        if again[row] and not np.isnan(openings.iloc[row]):
            lost["kept"].append((row, identifier, REPEATED))
            continue
        if not codes[row]:
            lost["mapped"].append((row, identifier, note("loss.no_metier")))
        values = {
            **{str(name): value for name, value in others[row].items()},
            "site_id": identifier,
            "site_name": sites.names.iloc[row],
            "openings": openings.iloc[row],
            "shift_start": starts[row],
            "shift_end": ends[row],
            "position_quality": sites.quality[row],
            "row": row,
            "geometry": shapes[row],
        }
        records += [{**values, "metier": code} for code in codes[row] or (None,)]
    nowhere = sites.positions.lost(sites.ids)
    notes = [note("unread_hours", n=unread)] if unread else []
    notes += table_notes(table) + ([note("sites.alike", n=alike)] if alike else [])
    report_rows = {"kept": lost["kept"], "located": nowhere, "mapped": lost["mapped"]}
    return employers_frame(records, where, len(table), notes=notes, **report_rows)


def employers_frame(
    records: list[dict[str, Any]],
    source: str,
    read: int,
    *,
    kept: Sequence[Loss],
    located: Sequence[Loss],
    mapped: Sequence[Loss],
    notes: Sequence[Note] = (),
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    """Turn records into the employers' schema, and report.

    Parameters
    ----------
    records : list of dict
        Values by column; missing ``openings`` count as 1 and are noted.
    source : str
        Name of the file.
    read : int
        Rows of the file.
    kept, located, mapped : sequence of (int, str, Note)
        Losses: row, id, reason.
    notes : sequence of Note
        Remarks.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
    """
    extra = list(dict.fromkeys(name for record in records[:1] for name in record))
    columns = [*EMPLOYER_COLUMNS, *(name for name in extra if name not in (*EMPLOYER_COLUMNS, "row", "geometry"))]
    table = pd.DataFrame.from_records(records, columns=[*columns, "row", "geometry"])
    openings = to_numbers(table["openings"])
    unknown = openings.isna()
    table["openings"] = openings.fillna(1.0).round().astype("int64")
    if unknown.any():
        notes = (*notes, note("one_job", n=int(unknown.sum())))
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(table["geometry"].to_numpy(), crs=WGS84))
    frame, shared = split_shared_ids(frame)
    report = make_report(source, read, kept=kept, located=located, mapped=mapped, notes=(*notes, *shared))
    frame.attrs["report"] = report.to_dict()
    return frame, report


def _hours(table: pd.DataFrame, found: Mapping[str, str]) -> tuple[list[str | None], list[str | None], int]:
    """Shift hours of each row, both or neither, and how many could not be read."""
    nothing: list[str | None] = [None] * len(table)
    if "shift_start" not in found or "shift_end" not in found:
        return nothing, list(nothing), 0
    texts = [to_text(table[found[name]]).tolist() for name in ("shift_start", "shift_end")]
    starts, ends, unread = list(nothing), list(nothing), 0
    for row, (first, last) in enumerate(zip(*texts, strict=True)):
        start, end = read_clock(first), read_clock(last)
        if start is None or end is None:
            unread += first is not None or last is not None
            continue
        starts[row], ends[row] = start, after(start, end)
    return starts, ends, unread


_CLOCK = re.compile(r"(\d{1,2})\s*(?:[hH:]\s*([0-5]\d)?)(?::\d{2})?(?:\s*(?:heures?|min))?")
_CLOCK_TEXT = r"(\d{1,2})\s*(?:h|:|heures?)\s*([0-5]\d)?"
_RANGE = re.compile(rf"{_CLOCK_TEXT}\s*(?:a|-|–|/|jusqu'?\s*a|et|>)\s*{_CLOCK_TEXT}")
_DAY_S = 86_400


@dataclass(frozen=True)
class Shift:
    """Hours to be there.

    Attributes
    ----------
    start, end : str
        Clock texts; the end of a night shift is written past 24 h (``29:00``).
    rule : str
        Rule that read them.
    text : str
        The words it read.
    assumed : bool
        Whether the text gives a pattern only (3x8, night) and the hours are the customary ones.
    """

    start: str
    end: str
    rule: str
    text: str
    assumed: bool


# Customary hours of patterns that a text names without giving clocks. They are assumptions and travel as such.
_PATTERNS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "3x8",
        r"\b(3 ?x ?8|3 8|4 ?x ?8|5 ?x ?8|trois huit|posted? en 3)\b",
        (("05:00", "13:00"), ("13:00", "21:00"), ("21:00", "29:00")),
    ),
    ("2x8", r"\b(2 ?x ?8|2 8|deux huit|en 2 equipes|equipes alternantes)\b", (("05:00", "13:00"), ("13:00", "21:00"))),
    ("night", r"\b(travail de nuit|horaires? de nuit|de nuit|nuit)\b", (("21:00", "29:00"),)),
    ("2x12", r"\b(2 ?x ?12|journees? de 12 ?h|12 heures)\b", (("07:00", "19:00"), ("19:00", "31:00"))),
    (
        "split",
        r"\b(coupes?|horaires? decoupes?|fractionnes?|en coupure|coupures?)\b",
        (("09:00", "14:00"), ("18:00", "22:00")),
    ),
    ("morning", r"\b(matin|travail du matin|equipe du matin)\b", (("05:00", "13:00"),)),
    ("afternoon", r"\b(apres midi|equipe d apres midi)\b", (("13:00", "21:00"),)),
    ("evening", r"\b(soir|soiree)\b", (("17:00", "22:00"),)),
    ("day", r"\b(travail en journee|horaires? normaux|horaires? de jour|de jour|journee)\b", (("08:30", "17:00"),)),
)


def read_clock(value: object) -> str | None:
    """Clock text ``HH:MM`` of ``5h``, ``05h30``, ``5:00``, or None.

    Examples
    --------
    >>> [read_clock(text) for text in ("5h", "05h30", "21:00:00", "29:00", "soir", None)]
    ['05:00', '05:30', '21:00', '29:00', None, None]
    """
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    return _clock(match[1], match[2])


def _clock(hours: str, minutes: str | None) -> str | None:
    return f"{int(hours):02d}:{int(minutes or 0):02d}" if int(hours) <= 48 else None


def read_shifts(text: str) -> tuple[Shift, ...]:
    """Shifts that a free text speaks of: clocks when it gives them, else the customary hours of the pattern it names.

    Parameters
    ----------
    text : str
        For instance ``"35H Travail en 3x8"`` or ``"de 6h à 13h30"``.

    Returns
    -------
    tuple of Shift
        Empty when the text says nothing of hours. An end before its start is the next morning.

    Examples
    --------
    >>> [(shift.start, shift.end, shift.rule) for shift in read_shifts("Horaires : 21h à 5h, du lundi au vendredi")]
    [('21:00', '29:00', 'clock range')]
    >>> [(shift.start, shift.assumed) for shift in read_shifts("35H Travail en 2x8")]
    [('05:00', True), ('13:00', True)]
    """
    plain = text.lower().replace("à", "a").replace("\u00a0", " ")
    found = []
    for match in _RANGE.finditer(plain):
        start, end = _clock(match[1], match[2]), _clock(match[3], match[4])
        if start is None or end is None or int(match[1]) > 24 or int(match[3]) > 24 or start == end:
            continue
        found.append(Shift(start, after(start, end), "clock range", match[0].strip(), assumed=False))
    if found:
        return tuple(dict.fromkeys(found))
    words = fold(text)
    for rule, pattern, hours in _PATTERNS:
        hit = re.search(pattern, words)
        if hit:
            return tuple(Shift(start, end, rule, hit[0], assumed=True) for start, end in hours)
    return ()


def after(start: str, end: str) -> str:
    """Return the end of a shift, written past 24 h when it falls on the next morning.

    Examples
    --------
    >>> after("21:00", "05:00"), after("08:00", "16:00")
    ('29:00', '16:00')
    """
    seconds = [int(clock[:-3]) * 3600 + int(clock[-2:]) * 60 for clock in (start, end)]
    if seconds[1] > seconds[0]:
        return end
    total = seconds[1] + _DAY_S
    return f"{total // 3600:02d}:{total % 3600 // 60:02d}"
