"""Employers: one row per site × métier × shift, whatever the source.

Schema
------
``site_id, site_name`` · ``metier`` (code, None when unknown) · ``openings`` (jobs to fill) · ``shift_start, shift_end``
(clock texts, past 24 h for the next morning; None when unknown) · ``position_quality`` · Point in EPSG:4326 or None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.crs import WGS84
from geo_access.sources.employers_hours import after, read_clock
from geo_access.sources.reading_report import ReadingReport, make_report
from geo_access.sources.tables import read_table
from geo_access.sources.tables_points import LAT_NAMES, LON_NAMES
from geo_access.sources.tables_sites import read_sites, split_codes
from geo_access.sources.tables_text import pick_columns, to_numbers, to_text

__all__ = ["EMPLOYER_COLUMNS", "employers_frame", "read_employers"]

EMPLOYER_COLUMNS = (
    "site_id", "site_name", "metier", "openings", "shift_start", "shift_end", "position_quality",
)  # fmt: skip

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
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read a plain table of employers.

    Parameters
    ----------
    path : str or pathlib.Path
        Any format of :func:`geo_access.sources.tables.read_table`.
    columns : mapping of str to str, optional
        Our name → column of the file, for those that are not recognised. Needed: ``site_id``, ``metier`` and a position
        (geometry, or ``x`` and ``y``).
    layer : str, optional
        Layer or sheet.
    crs : str or int, optional
        CRS of the numbers; degrees when not given.

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
    table = read_table(path, layer=layer)
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
    others = table[extra].to_dict("records")
    shapes = sites.positions.geometry.to_numpy()
    records: list[dict[str, Any]] = []
    lost: dict[str, list[tuple[int, str, str]]] = {"kept": [], "mapped": []}
    for row, identifier in enumerate(sites.ids.tolist()):
        if identifier is None:
            lost["kept"].append((row, f"row {row + 1}", "no site id"))
            continue
        if not codes[row]:
            lost["mapped"].append((row, identifier, "no métier code (blank or a placeholder)"))
        values = {
            **{str(name): value for name, value in others[row].items()},
            "site_id": identifier, "site_name": sites.names.iloc[row], "openings": openings.iloc[row],
            "shift_start": starts[row], "shift_end": ends[row], "position_quality": sites.quality[row], "row": row,
            "geometry": shapes[row],
        }  # fmt: skip
        records += [{**values, "metier": code} for code in codes[row] or (None,)]
    nowhere = sites.positions.lost(sites.ids)
    notes = [f"{unread} rows with hours that cannot be read: left unknown"] if unread else []
    report_rows = {"kept": lost["kept"], "located": nowhere, "mapped": lost["mapped"]}
    return employers_frame(records, where, len(table), notes=notes, **report_rows)


def employers_frame(
    records: list[dict[str, Any]],
    source: str,
    read: int,
    *,
    kept: Sequence[tuple[int, str, str]],
    located: Sequence[tuple[int, str, str]],
    mapped: Sequence[tuple[int, str, str]],
    notes: Sequence[str] = (),
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
    kept, located, mapped : sequence of (int, str, str)
        Losses: row, id, reason.
    notes : sequence of str
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
        notes = (*notes, f"{int(unknown.sum())} rows do not say how many jobs: counted as 1 each")
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(table["geometry"].to_numpy(), crs=WGS84))
    report = make_report(source, read, kept=kept, located=located, mapped=mapped, notes=notes)
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
