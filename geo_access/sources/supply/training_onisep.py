"""Onisep Idéo: initial training actions (lycée, supérieur), placed by their own coordinates or by the structures.

The national catalogue of apprenticeship training (catalogue-apprentissage).
"""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.sources.supply.crosswalk_files import read_certifications
from geo_access.sources.supply.training import TrainingRows, read_level, read_voie
from geo_access.sources.tables.points import find_positions
from geo_access.sources.tables.read import read_table, table_notes
from geo_access.sources.tables.report import ReadingReport
from geo_access.sources.tables.text import pick_columns, to_numbers, to_text
from geo_access.words.note import Note, note

__all__ = ["read_apprenticeship", "read_onisep"]

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
            rows.kept.append((row, course_id or f"row {row + 1}", note("loss.no_establishment")))
            continue
        listed = sites.get(uai)
        point = own.geometry.iloc[row] if own is not None else None
        point = point if point is not None else (listed[1] if listed else None)
        why = None if point is not None else note("loss.establishment_nowhere")
        metiers = romes.get(course_id or "", ())
        missing = note("loss.no_certifications") if not romes else note("loss.course_without_rome")
        kind = " ".join(filter(None, (texts.get("type", nothing)[row], course)))
        rows.add(
            row,
            metiers,
            missing,
            why,
            site_id=uai,
            site_name=texts.get("site_name", nothing)[row] or uai,
            provider_type=listed[0] if listed else texts.get("status", nothing)[row],
            level=read_level(texts.get("level", nothing)[row]) or read_level(kind),
            voie=read_voie(texts.get("schooling", nothing)[row]) or "scolaire",
            places=np.nan,
            modality="on_site",
            position_quality="exact",
            geometry=point,
            course=course,
            course_id=course_id,
        )
    return rows.finish(len(table), notes=[note("onisep_places"), *table_notes(table)])


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


_ROME = re.compile(r"[A-N]\d{4}")
_PAIR = re.compile(r"\s*\[?\s*(-?\d+(?:\.\d+)?)\s*[,;]\s*(-?\d+(?:\.\d+)?)\s*\]?\s*")
_APPRENTICESHIP_COLUMNS = {
    "id": ("cle_ministere_educatif", "id_rco_formation", "id"),
    "romes": ("rome_codes", "codes_rome"),
    "given": ("lieu_formation_geo_coordonnees",),
    "computed": ("lieu_formation_geo_coordonnees_computed",),
    "distance": ("distance",),
    "level": ("niveau",),
    "places": ("capacite",),
    "remote": ("entierement_a_distance",),
    "site": ("uai_formation", "etablissement_lieu_formation_uai", "etablissement_lieu_formation_siret"),
    "site_name": (
        "etablissement_lieu_formation_enseigne",
        "etablissement_formateur_enseigne",
        "etablissement_gestionnaire_entreprise_raison_sociale",
        "lieu_formation_adresse",
    ),
    "course": ("intitule_long", "intitule_court", "rncp_intitule"),
    "rncp": ("rncp_code",),
    "diploma": ("cfd",),
    "start": ("date_debut",),
    "end": ("date_fin",),
    "commune": ("code_commune_insee",),
    "published": ("published",),
}
_NEEDED = ("id", "romes")
# Beyond this gap between the position given and the one computed from the address, neither is believed to the street.
_DOUBT_M = 2_000.0


def read_apprenticeship(path: str | Path) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read the catalogue of apprenticeship training.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV or JSON export: ``cle_ministere_educatif, rome_codes, lieu_formation_geo_coordonnees`` ("lat,lon"),
        ``niveau, capacite, entierement_a_distance, distance`` …

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        Training schema plus ``course, rncp, diploma, start_date, end_date, commune, offer_id, row``. Where the
        catalogue's own check finds the position more than 2 km from the address, the quality is ``commune``.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "c.csv"
    >>> _ = file.write_text("cle_ministere_educatif;rome_codes;lieu_formation_geo_coordonnees;niveau;"
    ...     "capacite\nK1;H2913, H2902;50.63,3.06;3 (CAP...);12\n")
    >>> offers, report = read_apprenticeship(file)
    >>> offers["metier"].tolist(), offers["level"].tolist(), offers.geometry.x.tolist()
    (['H2913', 'H2902'], [3, 3], [3.06, 3.06])
    """
    where = Path(path).name
    table = read_table(path)
    found = pick_columns(
        table.columns, _APPRENTICESHIP_COLUMNS, where=where, optional=set(_APPRENTICESHIP_COLUMNS) - set(_NEEDED)
    )
    empty: list[str | None] = [None] * len(table)
    texts = {name: to_text(table[found[name]]).tolist() if name in found else empty for name in _APPRENTICESHIP_COLUMNS}
    nothing = pd.Series(np.nan, index=table.index)
    places = (to_numbers(table[found["places"]]) if "places" in found else nothing).tolist()
    gaps = (to_numbers(table[found["distance"]]) if "distance" in found else nothing).tolist()
    rows = TrainingRows(where)
    for row, identifier in enumerate(texts["id"]):
        if identifier is None:
            rows.kept.append((row, f"row {row + 1}", note("loss.no_id")))
            continue
        if (texts["published"][row] or "").lower() in ("false", "non", "0"):
            rows.kept.append((row, identifier, note("loss.unpublished")))
            continue
        point, why = _point(texts["given"][row] or texts["computed"][row])
        quality = "commune" if gaps[row] > _DOUBT_M else "exact"
        remote = (texts["remote"][row] or "").lower() in ("true", "oui", "1", "vrai")
        romes = tuple(dict.fromkeys(_ROME.findall(texts["romes"][row] or "")))
        rows.add(
            row,
            romes,
            note("loss.no_rome"),
            why,
            site_id=texts["site"][row] or identifier,
            site_name=texts["site_name"][row] or texts["site"][row] or identifier,
            provider_type="CFA",
            level=read_level(texts["level"][row]),
            voie="apprentissage",
            places=places[row],
            modality="remote" if remote else "on_site",
            position_quality=quality,
            geometry=point,
            course=texts["course"][row],
            rncp=texts["rncp"][row],
            diploma=texts["diploma"][row],
            start_date=texts["start"][row],
            end_date=texts["end"][row],
            commune=texts["commune"][row],
            offer_id=identifier,
        )
    return rows.finish(len(table), notes=table_notes(table))


def _point(text: str | None) -> tuple[object, Note | None]:
    """Point of a "latitude,longitude" text, or why there is none."""
    match = _PAIR.fullmatch(text or "")
    if match is None:
        return None, note("loss.no_position") if text is None else note("loss.unreadable_position")
    lat, lon = float(match[1]), float(match[2])
    if abs(lat) > 90 or abs(lon) > 180 or (lat == 0 and lon == 0):
        return None, note("loss.not_degrees_or_zero")
    return shapely.Point(lon, lat), None
