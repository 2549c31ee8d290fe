"""Onisep Idéo: initial training actions (lycée, supérieur), placed by their own coordinates or by the structures."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.sources.metiers_certifications import read_certifications
from geo_access.sources.reading_report import ReadingReport
from geo_access.sources.tables import read_table
from geo_access.sources.tables_points import find_positions
from geo_access.sources.tables_text import pick_columns, to_text
from geo_access.sources.training import TrainingRows, read_level, read_voie

__all__ = ["read_onisep"]

_WANTED = {
    "course": ("formation (for) libelle", "for libelle", "libelle formation", "formation_for_libelle"),
    "course_id": ("for url et id onisep", "for_url_et_id_onisep", "url et id onisep"),
    "type": ("for type", "for_type", "libelle type formation"),
    "level": ("for niveau de sortie", "for_niveau_de_sortie", "niveau de sortie", "for niveau"),
    "site_name": ("lieu d'enseignement (ens) libelle", "ens libelle", "lieu_d_enseignement_ens_libelle"),
    "site_id": ("ens code uai", "ens_code_uai", "code uai", "uai"),
    "site_url": ("ens url et id onisep", "ens_url_et_id_onisep"),
    "status": ("ens statut", "ens_statut", "statut"),
    "schooling": ("af modalites scolarite", "af_modalites_scolarite", "modalites scolarite"),
    "x": ("ens longitude", "ens_longitude", "longitude (x)", "longitude"),
    "y": ("ens latitude", "ens_latitude", "latitude (y)", "latitude"),
}
_STRUCTURES = {
    "uai": ("code uai", "code_uai", "uai"),
    "type": ("type d'etablissement", "type_detablissement", "type"),
    "x": ("longitude (x)", "longitude_x", "longitude"),
    "y": ("latitude (y)", "latitude_y", "latitude"),
}


def read_onisep(
    path: str | Path, *, structures: str | Path | None = None, certifications: str | Path | None = None
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read the actions de formation of Onisep.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV of the actions (lycée ``605340ddc19a9``, supérieur ``605344579a7d7``).
    structures : str or pathlib.Path, optional
        CSV of the structures, for the positions by UAI.
    certifications : str or pathlib.Path, optional
        ``certif_info.csv``: its ``codeIdeo2`` leads from Onisep's ``FOR.…`` to ROME.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        Training schema plus ``course, course_id, row``. Onisep gives no number of places.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("FOR type;Formation (FOR) libellé;FOR URL et ID Onisep;ENS code UAI;ENS longitude;"
    ...     "ENS latitude\nCAP;CAP métallier;https://www.onisep.fr/FOR.1;0590005K;3.49;50.37\n")
    >>> offers, report = read_onisep(file)
    >>> offers.astype(object).loc[0, ["site_id", "level", "course_id"]].tolist(), report.mapped
    (['0590005K', 3, 'FOR.1'], 0)
    """
    where = Path(path).name
    table = read_table(path)
    optional = {"type", "level", "site_name", "site_url", "status", "schooling", "x", "y"}
    has_uai = "site_id" in pick_columns(table.columns, _WANTED, where=where, optional={*_WANTED})
    optional |= {"site_id"} if not has_uai else set()
    found = pick_columns(table.columns, _WANTED, where=where, optional=optional)
    texts = {name: to_text(table[column]).tolist() for name, column in found.items() if name not in ("x", "y")}
    nothing: list[str | None] = [None] * len(table)
    romes = _romes_of_ideo(certifications)
    own = find_positions(table, where=where, x=found["x"], y=found["y"]) if {"x", "y"} <= set(found) else None
    sites = _read_structures(structures)
    rows = TrainingRows(where)
    for row, course in enumerate(texts["course"]):
        uai = texts.get("site_id", nothing)[row] or _onisep_id(texts.get("site_url", nothing)[row], "ENS")
        course_id = _onisep_id(texts["course_id"][row], "FOR")
        if uai is None:
            rows.kept.append((row, course_id or f"row {row + 1}", "no establishment (UAI or ENS id)"))
            continue
        listed = sites.get(uai)
        point = own.geometry.iloc[row] if own is not None else None
        point = point if point is not None else (listed[1] if listed else None)
        why = None if point is not None else "no position for its establishment"
        metiers = romes.get(course_id or "", ())
        missing = "no table of certifications given" if not romes else "its course has no ROME code in certif_info"
        kind = " ".join(filter(None, (texts.get("type", nothing)[row], course)))
        rows.add(
            row, metiers, missing, why, site_id=uai, site_name=texts.get("site_name", nothing)[row] or uai,
            provider_type=listed[0] if listed else texts.get("status", nothing)[row],
            level=read_level(texts.get("level", nothing)[row]) or read_level(kind),
            voie=read_voie(texts.get("schooling", nothing)[row]) or "scolaire", places=np.nan, modality="on_site",
            position_quality="exact", geometry=point, course=course, course_id=course_id,
        )  # fmt: skip
    return rows.finish(len(table), notes=["Onisep gives no number of places"])


def _onisep_id(text: str | None, prefix: str) -> str | None:
    match = re.search(rf"{prefix}\.\d+", text or "")
    return match[0] if match else None


def _romes_of_ideo(path: str | Path | None) -> dict[str, tuple[str, ...]]:
    if path is None:
        return {}
    table = read_certifications(path)
    found: dict[str, dict[str, None]] = {}
    for ideo, romes in zip(table["ideo"], table["romes"], strict=True):
        if isinstance(ideo, str):
            found.setdefault(ideo, {}).update(dict.fromkeys(romes))
    return {ideo: tuple(romes) for ideo, romes in found.items() if romes}


def _read_structures(path: str | Path | None) -> dict[str, tuple[str | None, object]]:
    if path is None:
        return {}
    where = Path(path).name
    table = read_table(path)
    found = pick_columns(table.columns, _STRUCTURES, where=where, optional=("type",))
    points = find_positions(table, where=where, x=found["x"], y=found["y"]).geometry
    kinds = to_text(table[found["type"]]) if "type" in found else pd.Series([None] * len(table), dtype=object)
    known = zip(to_text(table[found["uai"]]), kinds, points, strict=True)
    return {uai: (kind, point) for uai, kind, point in known if uai}
