"""Besoins en main-d'œuvre (France Travail): hiring intentions by basin and family of métiers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.sources.crosswalk import Crosswalk
from geo_access.sources.reading_report import ReadingReport, make_report
from geo_access.sources.tables import read_table
from geo_access.sources.tables_text import fold, pick_columns, to_numbers, to_text

__all__ = ["bmo_to_rome", "read_bmo"]

_STAR = "*"


def read_bmo(path: str | Path, *, layer: str | None = None) -> tuple[pd.DataFrame, ReadingReport]:
    """Read the BMO survey of a year.

    The names of the columns change every year (``BE25``, ``NOMBE25``): they are recognised. A star is a figure under
    statistical secrecy: unknown, never zero.

    Parameters
    ----------
    path : str or pathlib.Path
        Workbook or CSV.
    layer : str, optional
        Sheet; the largest one when not given.

    Returns
    -------
    (pandas.DataFrame, ReadingReport)
        ``year, family`` (BMO code, a FAP), ``family_label, department, basin, basin_label, projects`` (hirings meant),
        ``difficult`` (of which thought difficult), ``seasonal``: NaN where secret; ``projects_secret`` (bool).

    Raises
    ------
    InputError
        When columns are missing.
    """
    where = Path(path).name
    table = read_table(path, layer=layer)
    names = [str(column) for column in table.columns]
    basin = [name for name in names if re.fullmatch(r"be ?\d{2}", fold(name))]
    basin_label = [name for name in names if re.fullmatch(r"nom ?be ?\d{2}", fold(name))]
    wanted = {
        "family": ("code metier bmo", "code_metier_bmo", "metier_bmo", "fap"),
        "family_label": ("nom metier bmo", "nom_metier_bmo", "lbl_fap"),
        "department": ("dept", "dep", "departement"),
        "basin": tuple(basin) or ("be25", "be"),
        "basin_label": tuple(basin_label) or ("nombe25", "nombe"),
        "projects": ("met",),
        "difficult": ("xmet",),
        "seasonal": ("smet",),
        "year": ("annee",),
    }
    found = pick_columns(names, wanted, where=where, optional=("family_label", "basin_label", "year", "difficult",
                                                               "seasonal", "department"))  # fmt: skip
    result = pd.DataFrame(
        {name: to_text(table[found[name]]) for name in wanted if name in found and name not in _FIGURES}
    )
    secret = {}
    for name in _FIGURES:
        if name in found:
            texts = to_text(table[found[name]])
            secret[name] = (texts == _STAR).to_numpy()
            result[name] = to_numbers(texts).where(~pd.Series(secret[name], index=texts.index))
    result["projects_secret"] = secret["projects"]
    if "year" not in result:
        year = re.search(r"\d{2}", found["basin"])
        result["year"] = f"20{year[0]}" if year else None
    ids = (result["basin"].fillna("?") + "/" + result["family"].fillna("?")).tolist()
    lost = [(int(row), ids[row], "no family or no basin")
            for row in np.flatnonzero((result["family"].isna() | result["basin"].isna()).to_numpy())]  # fmt: skip
    hidden = int(secret["projects"].sum())
    notes = [f"{hidden:,} figures of hiring projects are secret (*): unknown, not zero"] if hidden else []
    kept = result.drop(index=[row for row, _, _ in lost]).reset_index(drop=True)
    return kept, make_report(where, len(table), kept=lost, notes=notes)


_FIGURES = ("projects", "difficult", "seasonal")


def bmo_to_rome(table: pd.DataFrame, crosswalk: Crosswalk) -> pd.DataFrame:
    """Spread the hiring projects of each family over its ROME codes, by the weights of the crosswalk.

    Parameters
    ----------
    table : pandas.DataFrame
        Of :func:`read_bmo`.
    crosswalk : Crosswalk
        Linking ``fap225`` (or ``fap87``) to ``rome``.

    Returns
    -------
    pandas.DataFrame
        ``basin, rome, projects, secret_families`` (families of the métier whose figure is secret there, so that
        ``projects`` is a lower bound), ``ambiguous``. Families without ROME keep their projects with ``rome`` None:
        the sum over a basin equals that of the table.

    Raises
    ------
    InputError
        When the codes are no FAP.

    Examples
    --------
    >>> from geo_access.sources.crosswalk import make_crosswalk
    >>> walk = make_crosswalk([("fap225", "D2Z40", "rome", "H2913", 1), ("fap225", "D2Z40", "rome", "H2902", 1)])
    >>> table = pd.DataFrame({"basin": ["3201"], "family": ["D2Z40"], "projects": [10.0], "projects_secret": [False]})
    >>> bmo_to_rome(table, walk)[["rome", "projects"]].values.tolist()
    [['H2902', 5.0], ['H2913', 5.0]]
    """
    families = table["family"].dropna().unique().tolist()
    fine = [code for code in families if re.fullmatch(r"[A-Z]\d[A-Z]\d{2}", code)]
    coarse = [code for code in families if re.fullmatch(r"[A-Z]\d[A-Z]", code)]
    if not fine and not coarse:
        raise InputError("BMO: no family code such as D2Z40 → these are not FAP codes; map them first")
    maps = [crosswalk.map(fine, source="fap225", target="rome")] if fine else []
    maps += [crosswalk.map(coarse, source="fap87", target="rome")] if coarse else []
    links = pd.concat(maps).rename(columns={"source": "family", "target": "rome"})
    links["weight"] = links["weight"].where(links["rome"].notna(), 1.0)
    merged = table.merge(links[["family", "rome", "weight", "ambiguous"]], on="family", how="left")
    merged["weight"] = merged["weight"].fillna(1.0)
    merged["projects"] *= merged["weight"]
    merged["rome"] = merged["rome"].astype(object).where(merged["rome"].notna(), None)
    merged["ambiguous"] = merged["ambiguous"].fillna(value=False).astype(bool)
    grouped = merged.groupby(["basin", "rome"], dropna=False, sort=True)
    result = grouped.agg(
        projects=("projects", "sum"), secret_families=("projects_secret", "sum"), ambiguous=("ambiguous", "any")
    )
    return result.reset_index()
