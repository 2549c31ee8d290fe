"""Vocational courses of the schools: school (UAI) × course (MEF), then diploma, then métier (ROME).

Two ways in: a file already joined (``uai, mef11, …, Code_Rome_1–5``), or the national chain — capacities (UAI × MEF),
the list of courses (MEF → diploma), the certifications (diploma → ROME) and the schools (UAI → position).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.sources.supply.crosswalk_files import read_certifications, read_mef, romes_of_diplomas
from geo_access.sources.supply.same_sites import repeated_ids
from geo_access.sources.supply.training import TrainingRows
from geo_access.sources.tables.points import LAT_NAMES, LON_NAMES, find_positions
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.report import ReadingReport
from geo_access.sources.tables.text import pick_columns, to_numbers, to_text
from geo_access.words.note import Note, note

__all__ = ["level_of_diploma", "read_capacities", "read_schools", "read_uai_mef_rome"]

_LEVEL_OF_FIRST_DIGIT = {"5": 3, "4": 4, "3": 5, "2": 6, "1": 7}
_COMMON_YEAR = note("loss.common_year")
_NO_ROME = note("loss.diploma_without_rome")
_SCHOOL_WANTED = {
    "uai": ("uai", "numero_uai", "code_uai", "identifiant_de_l_etablissement", "numero_etablissement"),
    "site_name": ("name", "nom_etablissement", "appellation_officielle", "denomination_principale", "nom"),
    "provider_type": ("nature", "nature_uai_libe", "libelle_nature", "type_etablissement"),
    "commune": ("insee", "code_commune", "code_insee"),
    "x": ("lon", "longitude", "coordonnee_x", "x"),
    "y": ("lat", "latitude", "coordonnee_y", "y"),
}


def level_of_diploma(code: str | None) -> int | None:
    """European level of an 8-digit diploma code: its first digit is the old French level.

    Examples
    --------
    >>> level_of_diploma("50031224"), level_of_diploma("40025214"), level_of_diploma("32031209"), level_of_diploma(None)
    (3, 4, 5, None)
    """
    return _LEVEL_OF_FIRST_DIGIT.get(code[:1]) if isinstance(code, str) and len(code) == 8 else None


def read_schools(path: str | Path, *, crs: str | int | None = None) -> gpd.GeoDataFrame:
    r"""Read a list of schools with their positions.

    Parameters
    ----------
    path : str or pathlib.Path
        Annuaire de l'éducation, or any table with a UAI and coordinates.
    crs : str or int, optional
        CRS of the coordinates; degrees when not given.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``uai``; ``site_name, provider_type, commune``, Point in EPSG:4326 or None. ``attrs["notes"]`` names the
        codes that several rows give: the first counts.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "s.csv"
    >>> _ = file.write_text("uai,name,lat,lon\n0590005K,LP,50.37,3.49\n")
    >>> read_schools(file).loc["0590005K", "site_name"]
    'LP'
    """
    where = Path(path).name
    table = read_table(path)
    names = [str(column) for column in table.columns if column != "geometry"]
    has_shape = "geometry" in table.columns
    wanted = {name: own for name, own in _SCHOOL_WANTED.items() if not (has_shape and name in ("x", "y"))}
    found = pick_columns(names, wanted, where=where, optional=("site_name", "provider_type", "commune"))
    positions = find_positions(table, where=where, x=found.get("x"), y=found.get("y"), crs=crs)
    empty = pd.Series([None] * len(table), dtype=object)
    data = {
        name: to_text(table[found[name]]) if name in found else empty
        for name in ("uai", "site_name", "provider_type", "commune")
    }
    schools = gpd.GeoDataFrame(data, geometry=positions.geometry.to_numpy(), crs=positions.geometry.crs)
    named = schools.dropna(subset=["uai"])
    again = named["uai"].duplicated()
    once = named[~again].set_index("uai")
    once.attrs["notes"] = [repeated_ids("UAI", named.loc[again, "uai"], where)] if again.any() else []
    return once


def read_uai_mef_rome(path: str | Path, *, schools: str | Path | None = None) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read courses already joined to their diploma and métiers.

    ``places`` are the pupils counted that year in that year of the course, not the capacity: a course of two years
    gives two rows.

    Parameters
    ----------
    path : str or pathlib.Path
        Columns ``uai, name, lat, lon, mef11, LIBELLE_LONG, eleves, cd8, Code_Rome_1 … 5``.
    schools : str or pathlib.Path, optional
        List of schools that places those without coordinates, and says what they are.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        Training schema plus ``course`` (label), ``mef11, diploma, row``.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "f.csv"
    >>> _ = file.write_text("uai,lat,lon,mef11,LIBELLE_LONG,eleves,cd8,Code_Rome_1\n"
    ...     "0590005K,50.37,3.49,23210031224,1CAP2 VENTE,44,50031224,D1106\n")
    >>> offers, report = read_uai_mef_rome(file)
    >>> offers.astype(object).loc[0, ["metier", "level", "places"]].tolist(), report.mapped
    (['D1106', 3, 44], 1)
    """
    where = Path(path).name
    table = read_table(path)
    romes = {f"rome{place}": (f"code_rome_{place}", f"rome_{place}") for place in range(1, 6)}
    wanted = {
        "uai": ("uai", "numero_uai"),
        "site_name": ("name", "nom_etablissement"),
        "mef11": ("mef11", "mef_stat_11", "mef_bcp_11"),
        "course": ("libelle_long", "libelle_formation"),
        "places": ("eleves", "capacite", "places", "nombre_d_eleves_total"),
        "diploma": ("cd8", "formation_diplome"),
        "x": LON_NAMES,
        "y": LAT_NAMES,
        **romes,
    }
    optional = {"site_name", "course", "places", "diploma", "x", "y", *list(romes)[1:]}
    found = pick_columns(table.columns, wanted, where=where, optional=optional)
    texts = pd.DataFrame(
        {name: to_text(table[column]) for name, column in found.items() if name not in ("places", "x", "y")}
    )
    texts["places"] = to_numbers(table[found["places"]]) if "places" in found else np.nan
    codes = [name for name in romes if name in texts]
    texts["romes"] = [
        tuple(dict.fromkeys(code for code in row if code))
        for row in texts[codes].astype(object).where(texts[codes].notna(), None).itertuples(index=False)
    ]
    if "x" in found and "y" in found:
        located = find_positions(table, where=where, x=found["x"], y=found["y"]).geometry
        texts["geometry"] = located.to_numpy()
    directory = read_schools(schools) if schools is not None else None
    notes = [note("pupils")]
    return _education_rows(texts, directory, where, notes)


def read_capacities(
    path: str | Path, *, mef: str | Path, certifications: str | Path, schools: str | Path
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read the capacities of the schools and walk the chain to the métier and the place.

    Parameters
    ----------
    path : str or pathlib.Path
        Table UAI × MEF × capacity (Affelnet, Orion).
    mef, certifications, schools : str or pathlib.Path
        ``nMef.csv``, ``certif_info.csv``, list of schools.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        Training schema plus ``course, mef11, diploma, row``.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> texts = {"cap": "UAI;MEF STAT 11;Capacité carte scolaire\n0590005K;23210031224;24\n",
    ...     "mef": "MEF_STAT_11;FORMATION_DIPLOME;LIBELLE_LONG\n23210031224;50031224;1CAP2 VENTE\n",
    ...     "certif": "Code_Diplome;Libelle_Diplome;Code_Rome_1;Code_Scolarité\n1;CAP vente;D1106;50031224\n",
    ...     "schools": "uai;lat;lon\n0590005K;50.37;3.49\n"}
    >>> for name, text in texts.items():
    ...     _ = (folder / f"{name}.csv").write_text(text)
    >>> offers, _ = read_capacities(folder / "cap.csv", mef=folder / "mef.csv", certifications=folder / "certif.csv",
    ...     schools=folder / "schools.csv")
    >>> offers.astype(object).loc[0, ["site_id", "metier", "places"]].tolist()
    ['0590005K', 'D1106', 24]
    """
    where = Path(path).name
    table = read_table(path)
    wanted = {
        "uai": ("uai", "etablissement d'accueil", "code_uai", "numero_uai"),
        "mef11": ("mef_stat_11", "mefstat11", "mef11", "mef bcp 11"),
        "places": ("capacite_carte_scolaire", "capacite", "nb_places", "nombre d'eleves : total"),
    }
    found = pick_columns(table.columns, wanted, where=where)
    courses = read_mef(mef)
    romes = romes_of_diplomas(read_certifications(certifications))
    texts = pd.DataFrame({name: to_text(table[found[name]]) for name in ("uai", "mef11")})
    texts["places"] = to_numbers(table[found["places"]])
    texts["diploma"] = texts["mef11"].map(courses["diploma"]).astype(object)
    texts["course"] = texts["mef11"].map(courses["label"]).astype(object) if "label" in courses else None
    texts["romes"] = [romes.get(diploma, ()) if isinstance(diploma, str) else () for diploma in texts["diploma"]]
    texts["unknown_mef"] = ~texts["mef11"].isin(courses.index)
    return _education_rows(texts, read_schools(schools), where, [])


def _education_rows(
    texts: pd.DataFrame, directory: gpd.GeoDataFrame | None, where: str, notes: list[Note]
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    listed = set(directory.index) if directory is not None else set()
    covered = {uai[:3] for uai in listed}
    if "geometry" in texts:
        covered |= {uai[:3] for uai in texts.loc[texts["geometry"].notna(), "uai"] if isinstance(uai, str)}
    rows = TrainingRows(where)
    for row, values in enumerate(texts.astype(object).where(texts.notna(), None).to_dict("records")):
        uai = values["uai"]
        if uai is None:
            rows.kept.append((row, f"row {row + 1}", note("loss.no_uai")))
            continue
        school = directory.loc[uai] if directory is not None and uai in listed else None
        point = values.get("geometry")
        if point is None and school is not None:
            point = school.geometry
        rows.add(
            row,
            values["romes"],
            _why_unmapped(values),
            None if point is not None else _why_nowhere(uai, covered),
            site_id=uai,
            site_name=values.get("site_name") or getattr(school, "site_name", None) or uai,
            provider_type=school.provider_type if school is not None else None,
            level=level_of_diploma(values.get("diploma")),
            voie="scolaire",
            places=values["places"],
            modality="on_site",
            position_quality="exact",
            geometry=point,
            course=values.get("course"),
            mef11=values["mef11"],
            diploma=values.get("diploma"),
        )
    said = [] if directory is None else directory.attrs.get("notes", [])
    return rows.finish(len(texts), notes=[*notes, *said])


def _why_unmapped(values: Mapping[Any, Any]) -> Note:
    if values.get("unknown_mef"):
        return note("loss.unknown_mef")
    if str(values.get("course") or "").startswith("2NDPRO"):
        return _COMMON_YEAR
    return _NO_ROME


def _why_nowhere(uai: str, covered: set[str]) -> Note:
    if uai[:3] not in covered:
        department = uai[1:3] if uai[0] == "0" else uai[:3]
        return note("loss.school_elsewhere", department=department)
    return note("loss.school_unknown")
