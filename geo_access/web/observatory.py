"""The observatory's door: tables by métier, sector, territory and public, and exactly what is shown as a file."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.study.prepared import PreparedStudy
from geo_access.web.questions import ExportQuestion, ObservatoryQuestion

__all__ = ["MEDIA", "export_file", "observatory_table"]

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
}
_KEYS = {
    "metier": ["metier", "metier_name", "family"],
    "sector": ["family"],
    "territory": ["zone_id", "zone_name", "zone_kind"],
    "public": ["profile"],
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def observatory_table(prepared: PreparedStudy, question: ObservatoryQuestion) -> pd.DataFrame:
    """Rows of one entry under the filters: residents who get there and back, zones by level, places.

    Parameters
    ----------
    prepared : PreparedStudy
    question : ObservatoryQuestion

    Returns
    -------
    pandas.DataFrame
        The columns of the entry, then ``residents`` (person × question pairs when an entry sums several métiers or
        publics; `pairs` says how many), ``reach``, ``share`` (0–1), ``adequate``, ``fragile``, ``inadequate``,
        ``undecided`` (zones), ``places``, ``remote_places``.

    Raises
    ------
    InputError
        When nothing is left by the filters.
    """
    flags = prepared.diagnosis.flags
    kept = flags["kind"] == question.kind
    if question.kind == "job":
        kept &= flags["schedule"] == "own_hours"
    for column, value in (
        ("metier", question.metier),
        ("family", question.family),
        ("zone_id", question.zone),
        ("zone_kind", question.zone_kind),
        ("profile", question.profile),
    ):
        if value is not None:
            kept &= flags[column].astype(str) == value
    rows = flags[kept]
    if rows.empty:
        raise InputError("no row fits these filters → widen them", key="web.no_rows")
    first_threshold = rows["threshold"].iloc[0]
    rows = rows[rows["threshold"] == first_threshold]
    return _grouped(rows, _KEYS[question.by])


def _grouped(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    share = pd.to_numeric(rows["reachable_share"], errors="coerce").astype(float)
    residents = pd.to_numeric(rows["residents"], errors="coerce").astype(float)
    level = rows["level"].astype(str)
    table = pd.DataFrame(
        {
            **{key: rows[key].astype(str) for key in keys},
            # A zone inside another (a QPV in its commune) is not counted twice among all residents.
            "residents": residents.where(rows["zone_kind"].astype(str) != "qpv", 0.0)
            if "zone_id" not in keys
            else residents,
        }
    )
    table["reach"] = table["residents"] * share.fillna(0.0)
    for name, value in (("adequate", "adéquat"), ("fragile", "fragile"), ("inadequate", "inadéquat")):
        table[name] = (level == value).astype(int)
    table["undecided"] = (~level.isin(["adéquat", "fragile", "inadéquat"])).astype(int)
    grouped = table.groupby(keys, sort=False, dropna=False).sum(numeric_only=True).reset_index()
    offered = rows.drop_duplicates(["metier"]) if "metier" in rows else rows
    if "metier" in keys or keys == ["family"]:
        places = offered.groupby(keys[0] if "metier" in keys else "family", observed=True)[
            ["located_places", "remote_places"]
        ].sum()
        grouped = grouped.merge(places.reset_index().astype({places.index.name: str}), on=places.index.name, how="left")
    grouped.insert(
        len(keys), "share", np.where(grouped["residents"] > 0, grouped["reach"] / grouped["residents"], np.nan)
    )
    return grouped


def _neutral(table: pd.DataFrame) -> pd.DataFrame:
    """Cells that a spreadsheet would run as formulas, made text."""
    safe = table.copy()
    for column in safe.columns:
        if safe[column].dtype == object or pd.api.types.is_string_dtype(safe[column]):
            safe[column] = [
                f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
                for value in safe[column]
            ]
    return safe


def export_file(prepared: PreparedStudy, question: ExportQuestion) -> bytes:
    """Write the table that is shown, with its sources and the hash of what it rests on.

    Returns
    -------
    bytes
        CSV with a first line of provenance, a workbook with a second sheet, or a GeoPackage with the outlines.

    Raises
    ------
    InputError
        When an entry without outlines is asked for as a GeoPackage.
    """
    table = observatory_table(prepared, question)
    said = provenance(prepared)
    if question.form == "csv":
        lines = [f"# {key}: {value}" for key, value in said.items()]
        return ("\ufeff" + "\n".join(lines) + "\n" + _neutral(table).to_csv(index=False)).encode("utf-8")
    if question.form == "xlsx":
        stream = io.BytesIO()
        with pd.ExcelWriter(stream, engine="openpyxl") as book:
            _neutral(table).to_excel(book, sheet_name="table", index=False)
            pd.DataFrame(said.items(), columns=["", " "]).to_excel(book, sheet_name="sources", index=False)
        return stream.getvalue()
    if question.by != "territory":
        raise InputError("only the table by territory has outlines → choose CSV or XLSX", key="web.no_outline")
    zones = prepared.inputs.zones[["zone_id", "geometry"]].astype({"zone_id": str})
    layer = gpd.GeoDataFrame(table.merge(zones, on="zone_id", how="left"), geometry="geometry", crs=zones.crs)
    with tempfile.TemporaryDirectory(prefix="geo-access-") as folder:
        path = Path(folder) / "table.gpkg"
        layer.assign(manifest=said["manifest"]).to_file(path, layer="table", driver="GPKG")
        return path.read_bytes()


def provenance(prepared: PreparedStudy) -> dict[str, Any]:
    """Gather sources, day and hash of what is shown."""
    file = prepared.file
    named = [
        f"{table.source} ({table.vintage})".replace(" ()", "")
        for table in (*file.origins.layers, file.origins.points, file.training, file.employers)
        if table is not None and table.source
    ]
    return {
        "study": file.study.name,
        "day": str(file.study.date),
        "sources": "; ".join(dict.fromkeys(named)),
        "manifest": prepared.manifest_id,
    }
