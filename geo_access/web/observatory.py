"""The observatory's door: tables by métier, sector, territory and public, and exactly what is shown as a file."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.diagnose import DiagnosedCase
from geo_access.diagnosis.need import need_by_metier
from geo_access.errors import InputError
from geo_access.sources.places.zones import read_zones
from geo_access.sources.tables.write import harmless
from geo_access.study.findings import adequacy_components, study_mismatch
from geo_access.study.prepared import PreparedStudy
from geo_access.web.planner import zone_curve
from geo_access.web.questions import ExportQuestion, ObservatoryQuestion, TerritoryQuestion
from geo_access.web.zonings import counted_once, zonings_of

__all__ = [
    "MEDIA",
    "export_file",
    "observatory_answer",
    "observatory_table",
    "provenance",
    "supply_apart",
    "territory_answer",
]

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


def observatory_table(prepared: PreparedStudy, question: ObservatoryQuestion) -> pd.DataFrame:
    """Rows of one entry under the filters: residents who get there and back, zones by level, places.

    Parameters
    ----------
    prepared : PreparedStudy
    question : ObservatoryQuestion

    Returns
    -------
    pandas.DataFrame
        The columns of the entry (of a territory's zoning only its name), then ``residents`` (person × question pairs
        when an entry sums several métiers or publics; `pairs` says how many), ``reach``, ``share`` (0–1), ``adequate``,
        ``fragile``, ``inadequate``, ``undecided`` (zones), ``places``, ``remote_places``; the three components by
        métier or sector of training, ``mismatch_corrected`` (0–1) and ``official_class`` by métier where the study has
        such a table;
        ``masked``: whether residents are too few for their share.

    Raises
    ------
    InputError
        When nothing is left by the filters; for a zoning that no layer of the study tells.
    """
    units = _units(prepared, question)
    flags = prepared.diagnosis.flags if units is None else units
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
    if units is not None:
        return _as_shown(_grouped(rows.assign(counted=True), _KEYS["territory"]).assign(masked=False), question)
    rows = rows.assign(counted=_counted(prepared, rows, question))
    if question.by == "territory" and question.zoning is not None:
        return _as_shown(_by_zoning(prepared, question.zoning, rows).assign(masked=False), question)
    table = _with_components(prepared, question, _grouped(rows, _KEYS[question.by]))
    table = _with_need(prepared, question, _with_mismatch(prepared, question, table))
    return _as_shown(_masked(prepared, table), question)


def _units(prepared: PreparedStudy, question: ObservatoryQuestion) -> pd.DataFrame | None:
    """Return the flags of a zoning that a section of the study names, without the units held back."""
    if question.by != "territory" or all(section.id != question.zoning for section in prepared.file.zonings):
        return None
    table = prepared.by_zoning
    return None if table is None else table[(table["zoning"] == question.zoning) & table["residents"].notna()]


def _counted(prepared: PreparedStudy, rows: pd.DataFrame, question: ObservatoryQuestion) -> np.ndarray:
    """Rows whose residents make the totals, bool (n_rows,): nobody twice, whatever layers lie over each other."""
    if question.zone is not None or question.zone_kind is not None:
        return np.ones(len(rows), dtype=bool)
    residents = prepared.diagnosis.residents
    once = dict(zip(residents.zone_ids.astype(str).tolist(), counted_once(residents).tolist(), strict=True))
    return rows["zone_id"].astype(str).map(once).to_numpy(bool)


def _by_zoning(prepared: PreparedStudy, zoning: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Gather the zones of each EPCI, basin or CLPE; what is held back of a zone is in none of their figures."""
    groups = next((item for item in zonings_of(prepared) if item.id == zoning), None)
    if groups is None:
        known = ", ".join(item.id for item in zonings_of(prepared)) or "–"
        raise InputError(
            f"no layer of the study has a column of the zoning {zoning!r} → one of {known}",
            key="web.no_zoning",
            values={"zoning": zoning, "known": known},
        )
    residents = prepared.diagnosis.residents
    of = dict(zip(residents.zone_ids.astype(str).tolist(), groups.of.tolist(), strict=True))
    held = set(residents.zone_ids[prepared.held_back].astype(str).tolist())
    zone = rows["zone_id"].astype(str)
    inside = rows.assign(zone_name=zone.map(of))[~zone.isin(held) & (zone.map(of) != "") & rows["counted"]]
    if inside.empty:
        raise InputError("no row fits these filters → widen them", key="web.no_rows")
    return _grouped(inside, ["zone_name"])


def _with_components(prepared: PreparedStudy, question: ObservatoryQuestion, table: pd.DataFrame) -> pd.DataFrame:
    """Set the three components beside the table by métier or sector of training; they are those of the first public."""
    by = {"metier": "metier", "sector": "family"}.get(question.by)
    if by is None or question.kind != "training":
        return table
    zones = None if question.zone is None else [question.zone]
    times = prepared.kept.on(prepared.network)
    found = adequacy_components(prepared.file, prepared.inputs, times, prepared.diagnosis, by=by, zones=zones)
    if found is None:
        return table
    kept = found[[by, *(name for name in COMPONENTS if name in found)]].astype({by: str})
    return table.merge(kept, on=by, how="left")


def _with_mismatch(prepared: PreparedStudy, question: ObservatoryQuestion, table: pd.DataFrame) -> pd.DataFrame:
    """Set the geographic mismatch after Dares, and its official class, beside the table by métier; never merged."""
    found = study_mismatch(prepared.file, prepared.inputs) if question.by == "metier" else None
    if found is None:
        return table
    kept = found[["metier", *(name for name in MISMATCH if name in found)]].astype({"metier": str})
    return table.merge(kept, on="metier", how="left")


def _with_need(prepared: PreparedStudy, question: ObservatoryQuestion, table: pd.DataFrame) -> pd.DataFrame:
    """Set hiring projects and tension beside the table by métier: of all the basins of the study, never merged."""
    need = prepared.inputs.beside.need
    if need is None or question.by != "metier":
        return table
    return table.merge(need_by_metier(need), on="metier", how="left")


def _masked(prepared: PreparedStudy, table: pd.DataFrame) -> pd.DataFrame:
    """Hide what the study holds back: zones with so few people that a share would say something of somebody."""
    held = prepared.diagnosis.residents.zone_ids[prepared.held_back].astype(str)
    few = table["zone_id"].isin(held) if "zone_id" in table else pd.Series(data=False, index=table.index)
    shown = table.assign(masked=few)
    shown.loc[few, ["share", "reach", "residents"]] = np.nan
    return shown


def _as_shown(table: pd.DataFrame, question: ObservatoryQuestion) -> pd.DataFrame:
    """Keep the rows whose names hold the words typed, in the order chosen."""
    if question.contains:
        keys = [name for name in _KEYS[question.by] if name in table]
        words = table[keys].astype(str).agg(" ".join, axis=1).str.casefold()
        table = table[words.str.contains(question.contains.casefold(), regex=False)]
    if question.order in table:
        table = table.sort_values(question.order, ascending=not question.down, kind="stable", na_position="last")
    return table.reset_index(drop=True)


def observatory_answer(prepared: PreparedStudy, question: ObservatoryQuestion) -> dict[str, Any]:
    """Tell the table, the supply behind it, and the curves of its rows.

    Parameters
    ----------
    prepared : PreparedStudy
    question : ObservatoryQuestion

    Returns
    -------
    dict
        ``columns`` and ``rows`` of `observatory_table`; ``supply`` (métier, level, voie, modality: sessions, places,
        free); ``maps`` and ``curves``, by métier or public: share of each zone, and share of all residents within each
        minute, there and back;
        ``provenance``.

    Raises
    ------
    InputError
        When nothing is left by the filters.
    """
    table = observatory_table(prepared, question)
    return {
        "columns": list(table.columns),
        "rows": table.to_numpy(object).tolist(),
        "supply": supply_apart(prepared, question).to_dict("records"),
        "curves": _curves(prepared, question, table),
        "maps": _maps(prepared, question, table),
        "provenance": provenance(prepared),
    }


def supply_apart(prepared: PreparedStudy, question: ObservatoryQuestion) -> pd.DataFrame:
    """Count the training by level, voie and modality, remote and mobile apart.

    Parameters
    ----------
    prepared : PreparedStudy
    question : ObservatoryQuestion

    Returns
    -------
    pandas.DataFrame
        ``metier``, then ``level``, ``voie``, ``modality`` where the study tells them; ``sessions``, ``places`` and,
        where it is known how many are taken, ``free``. Empty for jobs.
    """
    training = prepared.inputs.training
    if training is None or question.kind != "training":
        return pd.DataFrame(columns=["metier", "sessions", "places"])
    families = {item.code: item.family for item in prepared.metiers}
    kept = training["metier"].astype(str).isin(list(families))
    if question.metier is not None:
        kept &= training["metier"].astype(str) == question.metier
    if question.family is not None:
        kept &= training["metier"].astype(str).map(families) == question.family
    rows = training[kept]
    keys = [name for name in ("metier", "level", "voie", "modality") if name in rows]
    places = pd.to_numeric(rows["places"], errors="coerce")
    counted = pd.DataFrame({name: rows[name].astype(str) for name in keys}).assign(sessions=1, places=places)
    if "filled" in rows:
        counted["free"] = places - pd.to_numeric(rows["filled"], errors="coerce")
    return counted.groupby(keys, sort=True).sum(numeric_only=True, min_count=1).reset_index()


def _curves(prepared: PreparedStudy, question: ObservatoryQuestion, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Share of all residents within each minute, row by row of an entry by métier or public."""
    residents = prepared.diagnosis.residents
    everyone = sparse.csr_matrix(residents.population[None, :])
    found = []
    for case, metier in _shown_pairs(prepared, question, table):
        share = zone_curve(everyone, prepared.minutes_needed(case, metier))[0]
        found.append({"profile": case.profile.id, "metier": metier, "share": np.round(share, 4).tolist()})
    return found


def _maps(prepared: PreparedStudy, question: ObservatoryQuestion, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Share of each zone, row by row of an entry by métier or public; None where too few live or nobody asks."""
    found = []
    for case, metier in _shown_pairs(prepared, question, table):
        flags = prepared.flags_of(case, metier)
        share = flags["reachable_share"].to_numpy(np.float64, na_value=np.nan)
        share[prepared.held_back] = np.nan
        shares = [None if np.isnan(value) else round(value, 3) for value in share.tolist()]
        found.append({"profile": case.profile.id, "metier": metier, "shares": shares})
    return found


def _shown_pairs(
    prepared: PreparedStudy, question: ObservatoryQuestion, table: pd.DataFrame
) -> list[tuple[DiagnosedCase, str]]:
    """Cases and métiers of the first rows of an entry by métier or public."""
    publics = [question.profile] if question.profile is not None else [item.id for item in prepared.profiles]
    if question.by == "metier":
        pairs = [(publics[0], str(code)) for code in table["metier"].head(_MOST_CURVES)]
    elif question.by == "public" and question.metier is not None:
        pairs = [(str(profile), question.metier) for profile in table["profile"].head(_MOST_CURVES)]
    else:
        return []
    cases = {case.profile.id: case for case in reversed(prepared.diagnosis.cases) if case.kind == question.kind}
    return [(cases[profile], metier) for profile, metier in pairs if profile in cases]


def territory_answer(prepared: PreparedStudy, question: TerritoryQuestion) -> dict[str, Any]:
    """Tell all métiers of one zone for one public, to be printed on a page.

    Returns
    -------
    dict
        ``zone``, ``name``, ``kind``, ``residents``, ``threshold``, ``rows`` (métier by métier), ``provenance``.

    Raises
    ------
    InputError
        For a zone or a public that the study does not hold.
    """
    profile, flags = prepared.profile(question.profile), prepared.diagnosis.flags
    mine = flags[
        (flags["zone_id"].astype(str) == question.zone)
        & (flags["profile"] == profile.id)
        & (flags["kind"] == question.kind)
    ]
    if mine.empty:
        raise InputError(
            f"zone {question.zone!r} is not in the study → choose one of the table",
            key="web.no_zone",
            values={"zone": question.zone},
        )
    first = mine.iloc[0]
    rows = mine[(mine["schedule"] == first["schedule"]) & (mine["threshold"] == first["threshold"])]
    told = rows[list(_TERRITORY)].astype(object).where(rows[list(_TERRITORY)].notna(), None)
    few = question.zone in prepared.diagnosis.residents.zone_ids[prepared.held_back].astype(str).tolist()
    return {
        "zone": question.zone,
        "name": str(first["zone_name"]),
        "kind": str(first["zone_kind"]),
        "residents": None if few else float(first["residents"]),
        "masked": few,
        "threshold": float(first["threshold_min"]),
        "rows": [] if few else told.to_dict("records"),
        "provenance": provenance(prepared),
    }


COMPONENTS = (
    "share_candidates_near",
    "share_need_near",
    "places_per_need",
    "filling_rate",
    "employment_rate",
    "employment_source",
)
"""Columns of the three components, never summed into one."""
MISMATCH = ("mismatch_corrected", "official_class")
"""Of the table of the study's section ``[mismatch]``, for the whole of that table's territory."""
_MOST_CURVES = 8
_TERRITORY = (
    "metier",
    "metier_name",
    "level",
    "confidence",
    "reachable_share",
    "main_reason",
    "out_lack_min",
    "back_lack_min",
    "median_time_min",
    "nearest_site_name",
    "free_places",
    "saturation",
    "remote_places",
)


def _grouped(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    share = pd.to_numeric(rows["reachable_share"], errors="coerce").astype(float)
    residents = pd.to_numeric(rows["residents"], errors="coerce").astype(float)
    level = rows["level"].astype(str)
    table = pd.DataFrame(
        {
            **{key: rows[key].astype(str) for key in keys},
            # A zone inside another (a QPV in its commune) is not counted twice among all residents.
            "residents": residents.where(rows["counted"], 0.0) if "zone_id" not in keys else residents,
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
        head = io.StringIO()
        # One cell a line, whatever the name of the study holds.
        csv.writer(head, lineterminator="\n").writerows(
            [" ".join(f"# {key}: {value}".split())] for key, value in said.items()
        )
        return ("\ufeff" + head.getvalue() + harmless(table).to_csv(index=False)).encode("utf-8")
    if question.form == "xlsx":
        stream = io.BytesIO()
        with pd.ExcelWriter(stream, engine="openpyxl") as book:
            harmless(table).to_excel(book, sheet_name="table", index=False)
            supply = supply_apart(prepared, question)
            if len(supply):
                harmless(supply).to_excel(book, sheet_name="supply", index=False)
            harmless(pd.DataFrame(said.items(), columns=["", " "])).to_excel(book, sheet_name="sources", index=False)
        return stream.getvalue()
    if question.by != "territory":
        raise InputError("only the table by territory has outlines → choose CSV or XLSX", key="web.no_outline")
    layer = _outlined(prepared, question, table)
    with tempfile.TemporaryDirectory(prefix="geo-access-") as folder:
        path = Path(folder) / "table.gpkg"
        layer.assign(manifest=said["manifest"]).to_file(path, layer="table", driver="GPKG")
        return path.read_bytes()


def _outlined(prepared: PreparedStudy, question: ExportQuestion, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Give the rows their outlines: of a zone its own, of a zoning those of its zones together."""
    zones = prepared.inputs.zones[["zone_id", "geometry"]].astype({"zone_id": str})
    key = "zone_id"
    section = next((item for item in prepared.file.zonings if item.id == question.zoning), None)
    if section is not None:
        zones = read_zones(section.file)[["zone_id", "geometry"]].astype({"zone_id": str})
    groups = next((item for item in zonings_of(prepared) if item.id == question.zoning), None)
    if groups is not None and section is None:
        of = dict(zip(prepared.diagnosis.residents.zone_ids.astype(str), groups.of, strict=True))
        key, zones = "zone_name", zones.assign(zone_name=zones["zone_id"].map(of))[["zone_name", "geometry"]]
        zones = zones[zones["zone_name"].isin(table["zone_name"])].dissolve(by="zone_name").reset_index()
    return gpd.GeoDataFrame(table.merge(zones, on=key, how="left"), geometry="geometry", crs=zones.crs)


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
