"""Dares and France Travail indicators of tension: imported as they are, with their source and year, never merged."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from geo_access.sources.reading_report import ReadingReport, make_report
from geo_access.sources.tables import read_table
from geo_access.sources.tables_text import fold, pick_columns, to_numbers, to_text

__all__ = ["read_atypical_hours", "read_rome_bassin", "read_tensions"]

_CLASSES = {
    "class_tension": ("ind_tension_d",),
    "class_hiring": ("ind_int_emb_d",),
    "class_labour": ("ind_main_oeuvre_d",),
    "class_lasting": ("ind_dur_empl_d",),
    "class_conditions": ("ind_cond_travail_d",),
    "class_mismatch": ("ind_mismatch_geo_d",),
    "class_training": ("ind_specif_form_empl_d",),
}
_FACTORS = {
    "tension": ("tension", "ind_tension"),
    "class_tension": ("categorie tension",),
    "class_hiring": ("intensite d'embauches",),
    "class_training": ("lien formation-emploi",),
    "class_labour": ("manque de main-d'œuvre disponible",),
    "class_lasting": ("non-durabilite de l'emploi",),
    "class_conditions": ("conditions de travail contraignantes",),
    "class_mismatch": ("inadequation geographique",),
    "employment": ("emploi moyen",),
}


def read_rome_bassin(path: str | Path) -> tuple[pd.DataFrame, ReadingReport]:
    r"""Read offers and job-seekers by ROME × employment basin, with the official classes.

    Parameters
    ----------
    path : str or pathlib.Path
        ``rome_bassin_tension_2021.csv``: ``ROME, cbassin, oee, defm_abc, ind_…_d``; decimal commas.

    Returns
    -------
    (pandas.DataFrame, ReadingReport)
        ``metier, zone_id`` (basin), ``offers`` (``oee``: offers registered), ``candidates`` (``defm_abc``: job-seekers
        of categories A, B, C, mean over the year), the official classes 1–5 (``class_mismatch`` …, Int64), ``year``,
        ``source``. The table lists only the basins with enough observations.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "t.csv"
    >>> _ = file.write_text("annee;ROME;cbassin;oee;defm_abc;ind_mismatch_geo_d\n2021;A1101;0203;16,6;28,25;4\n")
    >>> table, report = read_rome_bassin(file)
    >>> table.astype(object).loc[0, ["zone_id", "offers", "candidates", "class_mismatch"]].tolist()
    ['0203', 16.6, 28.25, 4]
    """
    where = Path(path).name
    table = read_table(path)
    wanted = {
        "metier": ("rome",),
        "zone_id": ("cbassin", "bassin", "code_bassin"),
        "offers": ("oee",),
        "candidates": ("defm_abc", "defm"),
        "year": ("annee",),
        **_CLASSES,
    }
    found = pick_columns(table.columns, wanted, where=where, optional=("year", *_CLASSES))
    result = pd.DataFrame({name: to_text(table[found[name]]) for name in ("metier", "zone_id")})
    for name in ("offers", "candidates"):
        result[name] = to_numbers(table[found[name]])
    for name in _CLASSES:
        if name in found:
            result[name] = to_numbers(table[found[name]]).astype("Int64")
    result["year"] = to_text(table[found["year"]]) if "year" in found else None
    result["source"] = f"Dares – France Travail, {where}"
    lost = [
        (row, f"{metier}/{basin}", "no ROME, no basin or no figure")
        for row, (metier, basin, offers, candidates) in enumerate(
            zip(result["metier"], result["zone_id"], result["offers"], result["candidates"], strict=True)
        )
        if not metier or not basin or pd.isna(offers) or pd.isna(candidates)
    ]
    kept = result.drop(index=[row for row, _, _ in lost]).reset_index(drop=True)
    return kept, make_report(where, len(table), kept=lost)


def read_tensions(path: str | Path) -> pd.DataFrame:
    r"""Read the indicators of tension by family of métiers, nation, region or department.

    Parameters
    ----------
    path : str or pathlib.Path
        ``dares_tensions.csv``.

    Returns
    -------
    pandas.DataFrame
        ``fap, scheme`` (fap225 or fap87), ``scope`` (nat, reg, dep), ``region, department, tension, class_…`` (1–5;
        missing where Dares gives none), ``employment, year, source``.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "t.csv"
    >>> _ = file.write_text("fap,Inadéquation géographique,Année,niveau_geo,niveau_fap\nA0Z40,5.0,2019,nat,fap 225\n")
    >>> read_tensions(file).astype(object).loc[0, ["fap", "scheme", "class_mismatch", "year"]].tolist()
    ['A0Z40', 'fap225', 5, '2019']
    """
    where = Path(path).name
    table = read_table(path)
    wanted = {
        "fap": ("fap", "fap_code"), "year": ("annee",), "scope": ("niveau_geo",), "scheme": ("niveau_fap",),
        "region": ("reg",), "department": ("dep",), **_FACTORS,
    }  # fmt: skip
    optional = ("scope", "scheme", "region", "department", *_FACTORS)
    found = pick_columns(table.columns, wanted, where=where, optional=optional)
    texts = ("fap", "year", "scope", "region", "department")
    result = pd.DataFrame({name: to_text(table[found[name]]) for name in texts if name in found})
    if "scheme" in found:
        result["scheme"] = [fold(text or "").replace(" ", "") or None for text in to_text(table[found["scheme"]])]
    for name in _FACTORS:
        if name in found:
            numbers = to_numbers(table[found[name]])
            result[name] = numbers.astype("Int64") if name.startswith("class_") else numbers
    return result.assign(source=f"Dares – France Travail, {where}")


def read_atypical_hours(path: str | Path) -> pd.DataFrame:
    r"""Read the share of workers with atypical hours by family of métiers.

    Parameters
    ----------
    path : str or pathlib.Path
        ``dares_horaires_atypiques_latin1.csv``.

    Returns
    -------
    pandas.DataFrame
        ``fap, label, hours`` (travail de nuit, le samedi …), ``share`` (0–1; NaN where not given), ``year, source``.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "h.csv"
    >>> _ = file.write_text("Fap3,annee,Pourcentage,Horaire_atypique\nD2Z,2017-2019,31.09,Travail de nuit\n")
    >>> read_atypical_hours(file)[["fap", "hours", "share"]].values.tolist()
    [['D2Z', 'Travail de nuit', 0.3109]]
    """
    where = Path(path).name
    table = read_table(path)
    wanted = {
        "fap": ("fap3", "fap"),
        "label": ("libelle",),
        "hours": ("horaire_atypique",),
        "percent": ("pourcentage",),
        "year": ("annee",),
    }
    found = pick_columns(table.columns, wanted, where=where, optional=("label", "year"))
    result = pd.DataFrame({name: to_text(table[column]) for name, column in found.items() if name != "percent"})
    share = to_numbers(table[found["percent"]]) / 100.0
    return result.assign(share=share, source=f"Dares, {where}")
