"""The national catalogue of apprenticeship training (catalogue-apprentissage)."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.sources.reading_report import ReadingReport
from geo_access.sources.tables import read_table
from geo_access.sources.tables_text import pick_columns, to_numbers, to_text
from geo_access.sources.training import TrainingRows, read_level

__all__ = ["read_apprenticeship"]

_ROME = re.compile(r"[A-N]\d{4}")
_PAIR = re.compile(r"\s*\[?\s*(-?\d+(?:\.\d+)?)\s*[,;]\s*(-?\d+(?:\.\d+)?)\s*\]?\s*")
_WANTED = {
    "id": ("cle_ministere_educatif", "id_rco_formation", "id"),
    "romes": ("rome_codes", "codes_rome"),
    "given": ("lieu_formation_geo_coordonnees",),
    "computed": ("lieu_formation_geo_coordonnees_computed",),
    "distance": ("distance",),
    "level": ("niveau",),
    "places": ("capacite",),
    "remote": ("entierement_a_distance",),
    "site": ("uai_formation", "etablissement_lieu_formation_uai", "etablissement_lieu_formation_siret"),
    "site_name": ("etablissement_lieu_formation_enseigne", "etablissement_formateur_enseigne",
                  "etablissement_gestionnaire_entreprise_raison_sociale", "lieu_formation_adresse"),
    "course": ("intitule_long", "intitule_court", "rncp_intitule"),
    "rncp": ("rncp_code",),
    "diploma": ("cfd",),
    "start": ("date_debut",),
    "end": ("date_fin",),
    "commune": ("code_commune_insee",),
    "published": ("published",),
}  # fmt: skip
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
    found = pick_columns(table.columns, _WANTED, where=where, optional=set(_WANTED) - set(_NEEDED))
    empty: list[str | None] = [None] * len(table)
    texts = {name: to_text(table[found[name]]).tolist() if name in found else empty for name in _WANTED}
    nothing = pd.Series(np.nan, index=table.index)
    places = (to_numbers(table[found["places"]]) if "places" in found else nothing).tolist()
    gaps = (to_numbers(table[found["distance"]]) if "distance" in found else nothing).tolist()
    rows = TrainingRows(where)
    for row, identifier in enumerate(texts["id"]):
        if identifier is None:
            rows.kept.append((row, f"row {row + 1}", "no id"))
            continue
        if (texts["published"][row] or "").lower() in ("false", "non", "0"):
            rows.kept.append((row, identifier, "not published in the catalogue"))
            continue
        point, why = _point(texts["given"][row] or texts["computed"][row])
        quality = "commune" if gaps[row] > _DOUBT_M else "exact"
        remote = (texts["remote"][row] or "").lower() in ("true", "oui", "1", "vrai")
        romes = tuple(dict.fromkeys(_ROME.findall(texts["romes"][row] or "")))
        rows.add(
            row, romes, "no ROME code", why, site_id=texts["site"][row] or identifier,
            site_name=texts["site_name"][row] or texts["site"][row] or identifier, provider_type="CFA",
            level=read_level(texts["level"][row]), voie="apprentissage", places=places[row],
            modality="remote" if remote else "on_site", position_quality=quality, geometry=point,
            course=texts["course"][row], rncp=texts["rncp"][row], diploma=texts["diploma"][row],
            start_date=texts["start"][row], end_date=texts["end"][row], commune=texts["commune"][row],
            offer_id=identifier,
        )  # fmt: skip
    return rows.finish(len(table))


def _point(text: str | None) -> tuple[object, str | None]:
    """Point of a "latitude,longitude" text, or why there is none."""
    match = _PAIR.fullmatch(text or "")
    if match is None:
        return None, "no position in the file" if text is None else "position that cannot be read"
    lat, lon = float(match[1]), float(match[2])
    if abs(lat) > 90 or abs(lon) > 180 or (lat == 0 and lon == 0):
        return None, "position is not in degrees (beyond ±180, ±90), or is (0, 0)"
    return shapely.Point(lon, lat), None
