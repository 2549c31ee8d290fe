"""Inclusive employers (SIAE, GEIQ) as their market publishes them, with the positions that contradict their address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo_access.sources.employers import employers_frame
from geo_access.sources.geocode import check_positions
from geo_access.sources.reading_report import ReadingReport
from geo_access.sources.tables import read_table
from geo_access.sources.tables_points import LAT_NAMES, LON_NAMES, find_positions
from geo_access.sources.tables_text import pick_columns, to_numbers, to_text

__all__ = ["read_siae"]

_WANTED = {
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
        Of :func:`geo_access.sources.geocode.read_communes`.
    romes_of_naf : mapping of str to sequence of str, optional
        Activity → ROME codes, see :meth:`geo_access.sources.crosswalk.Crosswalk.map`.
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
    found = pick_columns(table.columns, _WANTED, where=where, optional=("naf", "kind", "score"))
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
    lost: dict[str, list[tuple[int, str, str]]] = {"kept": [], "located": [], "mapped": []}
    for row, siret in enumerate(texts["siret"].tolist()):
        if siret is None:
            lost["kept"].append((row, f"row {row + 1}", "no SIRET"))
            continue
        why = positions.reasons[row] or wrong[row]
        if why:
            lost["located"].append((row, siret, str(why)))
        naf = texts["naf"].iloc[row]
        metiers = tuple((romes_of_naf or {}).get(str(naf).replace(".", "").upper(), ()))
        if not metiers:
            lost["mapped"].append((row, siret, _why_unmapped(naf, romes_of_naf is not None)))
        score = float(scores.iloc[row])
        quality = "exact" if score >= _EXACT_SCORE else "street" if score >= _STREET_SCORE else "commune"
        values = {
            "site_id": siret, "site_name": texts["name"].iloc[row], "openings": None, "shift_start": None,
            "shift_end": None, "position_quality": "none" if why else quality, "naf": naf,
            "kind": texts["kind"].iloc[row], "post_code": texts["post_code"].iloc[row],
            "city": texts["city"].iloc[row], "geocoding_score": score, "row": row,
            "geometry": None if why else positions.geometry.iloc[row],
        }  # fmt: skip
        records += [{**values, "metier": metier} for metier in metiers or (None,)]
    notes = [] if romes_of_naf else ["the file names no métier: give romes_of_naf to map activities"]
    return employers_frame(records, where, len(table), notes=notes, **lost)


def _why_unmapped(naf: str | None, has_table: bool) -> str:
    if not has_table:
        return "the file names no métier"
    return "no activity code" if naf is None else f"activity {naf.upper()}: no métier known"
