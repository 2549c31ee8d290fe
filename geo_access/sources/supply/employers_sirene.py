"""Establishments of SIRENE: the stock and the geolocated file, both filtered while they are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.sources.supply.employers import employers_frame
from geo_access.sources.supply.same_sites import repeated_ids
from geo_access.sources.tables.report import Loss, ReadingReport
from geo_access.sources.tables.stream import column_names, stream_table
from geo_access.sources.tables.text import pick_columns, to_numbers, to_text
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = ["HEADCOUNT_BANDS", "read_sirene"]

HEADCOUNT_BANDS: Mapping[str, tuple[int, int]] = {
    "00": (0, 0),
    "01": (1, 2),
    "02": (3, 5),
    "03": (6, 9),
    "11": (10, 19),
    "12": (20, 49),
    "21": (50, 99),
    "22": (100, 199),
    "31": (200, 249),
    "32": (250, 499),
    "41": (500, 999),
    "42": (1000, 1999),
    "51": (2000, 4999),
    "52": (5000, 9999),
    "53": (10000, 20000),
}

_STOCK = {
    "siret": ("siret",),
    "naf": ("activitePrincipaleEtablissement", "naf"),
    "band": ("trancheEffectifsEtablissement", "tranche_effectifs"),
    "state": ("etatAdministratifEtablissement", "etat"),
    "diffusion": ("statutDiffusionEtablissement", "statut_diffusion"),
    "commune": ("codeCommuneEtablissement", "code_commune"),
    "sign": ("enseigne1Etablissement", "enseigne"),
    "usual": ("denominationUsuelleEtablissement",),
    "number": ("numeroVoieEtablissement",),
    "street_type": ("typeVoieEtablissement",),
    "street": ("libelleVoieEtablissement",),
    "post_code": ("codePostalEtablissement",),
    "city": ("libelleCommuneEtablissement",),
}
_STOCK_NEEDED = ("siret", "naf", "commune")
_PLACE = {
    "siret": ("siret",),
    "lon": ("x_longitude", "longitude"),
    "lat": ("y_latitude", "latitude"),
    "quality": ("qualite_xy",),
    "qpv2024": ("plg_qp24",),
    "distance_m": ("distance_precision",),
}
# Classes of INSEE's qualite_xy: 11 the number, 12 the street, 21 and 22 drawn in the street, 33 in the commune.
_QUALITY = {"11": "exact", "12": "street", "21": "street", "22": "street", "33": "commune"}
_HIDDEN = ("N", "P")
_MANY = 2_000_000


def read_sirene(
    stock: str | Path,
    *,
    departments: Collection[str],
    located: str | Path | None = None,
    naf: Collection[str] = (),
    romes_of_naf: Mapping[str, Sequence[str]] | None = None,
    min_headcount: int = 0,
    batch_rows: int = 100_000,
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read the active establishments of some departments, and place them.

    Both files are read in batches: what is kept is what the departments and activities let through.

    Parameters
    ----------
    stock : str or pathlib.Path
        ``StockEtablissement`` (parquet, CSV, or a zip of one CSV).
    departments : collection of str
        ``"59"``, ``"2A"``, ``"974"``…
    located : str or pathlib.Path, optional
        INSEE's geolocated file, joined on SIRET.
    naf : collection of str, optional
        Activities to keep, as prefixes without dots (``"25"``, ``"2562B"``); all when empty.
    romes_of_naf : mapping of str to sequence of str, optional
        Activity → ROME codes; without it, ``metier`` is unknown.
    min_headcount : int
        Establishments whose band lies wholly below are left out; those of unknown band stay only when it is 0.
    batch_rows : int
        Rows of a batch.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        The employers' schema plus ``naf, headcount_min, headcount_max`` (from the band), ``commune, address, qpv2024,
        distance_precision_m, diffusible, row``. Establishments that object to the diffusion of their data keep neither
        name nor address. The report counts the rows let through: ``row`` counts among them.

    Raises
    ------
    InputError
        When no department is given, columns are missing, or a file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "stock.csv"
    >>> _ = file.write_text("siret,activitePrincipaleEtablissement,codeCommuneEtablissement,enseigne1Etablissement,"
    ...     "statutDiffusionEtablissement\n1,25.62B,59350,ACME,P\n2,25.62B,75101,X,O\n")
    >>> found, report = read_sirene(file, departments=["59"])
    >>> found.astype(object)[["site_id", "site_name", "naf", "diffusible"]].values.tolist()
    [['1', None, '2562B', False]]
    """
    if not departments:
        raise refusal("supply.no_department")
    kept = _filtered_stock(Path(stock), frozenset(departments), tuple(naf), min_headcount, batch_rows)
    places = _filtered_places(Path(located), set(kept["siret"]), batch_rows) if located is not None else {}
    records: list[dict[str, Any]] = []
    nowhere: list[Loss] = []
    unmapped: list[Loss] = []
    missing = note("loss.not_geolocated") if located is not None else note("loss.no_geolocated_file")
    for row, values in enumerate(kept.to_dict("records")):
        siret = values["siret"]
        place = places.get(siret)
        if place is None:
            nowhere.append((row, siret, missing))
        metiers = tuple((romes_of_naf or {}).get(values["naf"] or "", ()))
        if not metiers:
            why = note("loss.sirene_no_metier") if romes_of_naf is None else note("loss.activity_without_metier")
            unmapped.append((row, siret, why))
        records += [{**_record(row, values, place), "metier": metier} for metier in metiers or (None,)]
    hidden = int((~kept["diffusible"].astype(bool)).sum()) if len(kept) else 0
    notes = [*kept.attrs["notes"], *([note("hidden", n=hidden)] if hidden else [])]
    return employers_frame(records, Path(stock).name, len(kept), kept=(), located=nowhere, mapped=unmapped, notes=notes)


def _record(row: int, values: Mapping[Any, Any], place: tuple[Any, ...] | None) -> dict[str, Any]:
    low, high = HEADCOUNT_BANDS.get(values["band"] or "", (None, None))
    geometry, quality, qpv, distance = place or (None, "none", None, np.nan)
    return {
        "site_id": values["siret"],
        "site_name": values["name"],
        "openings": None,
        "shift_start": None,
        "shift_end": None,
        "position_quality": quality,
        "naf": values["naf"],
        "headcount_min": low,
        "headcount_max": high,
        "commune": values["commune"],
        "address": values["address"],
        "qpv2024": qpv,
        "distance_precision_m": distance,
        "diffusible": values["diffusible"],
        "row": row,
        "geometry": geometry,
    }


def _filtered_stock(
    path: Path, departments: frozenset[str], naf: tuple[str, ...], min_headcount: int, batch_rows: int
) -> pd.DataFrame:
    optional = set(_STOCK) - set(_STOCK_NEEDED)
    found = pick_columns(column_names(path), _STOCK, where=path.name, optional=optional)
    prefixes = tuple(sorted(departments))
    activities = tuple(code.replace(".", "").upper() for code in naf)
    parts: list[pd.DataFrame] = []
    total = 0
    for raw in stream_table(path, columns=list(found.values()), batch_rows=batch_rows):
        batch = raw.rename(columns={theirs: ours for ours, theirs in found.items()})
        wanted = batch["commune"].astype("string").str.startswith(prefixes, na=False)
        if activities:
            codes = batch["naf"].astype("string").str.replace(".", "", regex=False).str.upper()
            wanted &= codes.str.startswith(activities, na=False)
        if "state" in batch:
            wanted &= batch["state"].astype("string").fillna("A") == "A"
        part = _plain(batch[wanted.to_numpy(dtype=bool)])
        if min_headcount > 0:
            tops = part["band"].map(lambda band: HEADCOUNT_BANDS.get(band or "", (0, -1))[1])
            part = part[tops >= min_headcount]
        total += len(part)
        if total > _MANY:
            raise refusal("supply.too_many", file=path.name, n=_MANY)
        if len(part):
            parts.append(part)
    empty = pd.DataFrame(columns=["siret", "naf", "band", "commune", "name", "address", "diffusible"])
    found_rows = pd.concat([empty, *parts], ignore_index=True)
    again = found_rows["siret"].duplicated()
    once = found_rows[~again]
    once.attrs["notes"] = [repeated_ids("SIRET", found_rows.loc[again, "siret"], path.name)] if again.any() else []
    return once


def _plain(batch: pd.DataFrame) -> pd.DataFrame:
    """Keep what we need of a batch; hidden establishments lose name and address here, before anything stores them."""
    texts = {name: to_text(batch[name]) for name in _STOCK if name in batch}
    nothing = pd.Series([None] * len(batch), index=batch.index, dtype=object)
    hidden = texts.get("diffusion", nothing).isin(_HIDDEN).to_numpy()
    usual = texts.get("usual", nothing)
    name = texts.get("sign", nothing).where(texts.get("sign", nothing).notna(), usual)
    lines = [texts.get(part, nothing) for part in ("number", "street_type", "street", "post_code", "city")]
    address = [" ".join(word for word in words if word) or None for words in zip(*lines, strict=True)]
    code = texts["naf"].map(lambda text: text.replace(".", "").upper() if text else None)
    return pd.DataFrame(
        {
            "siret": _sirets(batch["siret"]),
            "naf": code.astype(object),
            "band": texts.get("band", nothing),
            "commune": texts["commune"],
            "name": name.mask(hidden, None),
            "address": pd.Series(address, index=batch.index).astype(object).mask(hidden, None),
            "diffusible": ~hidden,
        }
    ).dropna(subset=["siret"])


def _sirets(values: pd.Series) -> pd.Series:
    """SIRET as text; a file that stores it as a number has lost its leading zeros."""
    texts = to_text(values)
    return texts.str.zfill(14) if pd.api.types.is_numeric_dtype(values) else texts


def _filtered_places(path: Path, sirets: set[str], batch_rows: int) -> dict[str, tuple[Any, ...]]:
    found = pick_columns(column_names(path), _PLACE, where=path.name, optional=("quality", "qpv2024", "distance_m"))
    places: dict[str, tuple[Any, ...]] = {}
    for raw in stream_table(path, columns=list(found.values()), batch_rows=batch_rows):
        batch = raw.rename(columns={theirs: ours for ours, theirs in found.items()})
        batch["siret"] = _sirets(batch["siret"])
        own = batch[batch["siret"].isin(sirets).to_numpy()]
        if own.empty:
            continue
        lon, lat = to_numbers(own["lon"]).to_numpy(), to_numbers(own["lat"]).to_numpy()
        nothing = pd.Series([None] * len(own), index=own.index, dtype=object)
        quality = to_text(own["quality"]) if "quality" in own else nothing
        qpv = to_text(own["qpv2024"]) if "qpv2024" in own else nothing
        gap = to_numbers(own["distance_m"]) if "distance_m" in own else pd.Series(np.nan, index=own.index)
        rows = zip(own["siret"], lon, lat, quality, qpv, gap, strict=True)
        for siret, x, y, grade, neighbourhood, metres in rows:
            if np.isfinite(x) and np.isfinite(y) and abs(x) <= 180 and abs(y) <= 90:
                inside = neighbourhood if neighbourhood not in ("HZ", "CSZ") else None
                places[siret] = (shapely.Point(x, y), _QUALITY.get(grade or "11", "street"), inside, metres)
    return places
