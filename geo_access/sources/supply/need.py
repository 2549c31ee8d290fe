"""Dares and France Travail indicators of tension: imported as they are, with their source and year, never merged.

Besoins en main-d'œuvre (France Travail): hiring intentions by basin and family of métiers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from geo_access.errors import raise_faults
from geo_access.sources.supply.crosswalk import Crosswalk, family_code
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.report import ReadingReport, make_report
from geo_access.sources.tables.text import NOT_DISCLOSED, fold, pick_columns, to_numbers, to_text
from geo_access.words.note import note
from geo_access.words.told import fault, refusal

__all__ = ["bmo_to_rome", "family_links", "read_atypical_hours", "read_bmo", "read_rome_bassin", "read_tensions"]

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
    "class_tension": ("categorie tension", "tension_discret"),
    "class_hiring": ("intensite d'embauches",),
    "class_training": ("lien formation-emploi",),
    "class_labour": ("manque de main-d'œuvre disponible",),
    "class_lasting": ("non-durabilite de l'emploi",),
    "class_conditions": ("conditions de travail contraignantes",),
    "class_mismatch": ("inadequation geographique",),
    "class_pay": ("non_attractivite_salariale",),
    "employment": ("emploi moyen",),
}
# A column of this name states the nomenclature: 228 families are those of FAP 2021.
_OF_2021 = ("code_fap_228",)
# A line over all families or all basins is no family of its own: its projects are in the others.
_TOTALS = ("total", "ensemble", "tous", "toutes", "tous metiers", "tous les metiers", "france", "france entiere")
_MOST_FAULTS = 20
_RANKS = (1, 2, 3, 4, 5)


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
        (row, f"{metier}/{basin}", note("loss.need_incomplete"))
        for row, (metier, basin, offers, candidates) in enumerate(
            zip(result["metier"], result["zone_id"], result["offers"], result["candidates"], strict=True)
        )
        if not metier or not basin or pd.isna(offers) or pd.isna(candidates)
    ]
    kept = result.drop(index=[row for row, _, _ in lost]).reset_index(drop=True)
    return kept, make_report(where, len(table), kept=lost)


def read_tensions(path: str | Path, *, layer: str | None = None) -> pd.DataFrame:
    r"""Read the indicators of tension by family of métiers, nation, region or department.

    Parameters
    ----------
    path : str or pathlib.Path
        The long table up to 2022, or a sheet of the workbook of 2023 and later.
    layer : str, optional
        Sheet: one each for the nation, regions and departments.

    Returns
    -------
    pandas.DataFrame
        ``fap, scheme`` (fap225 or fap87; fap2021 where the file has 228 families), ``scope`` (nat, reg, dep), ``region,
        department, tension, class_…`` (1–5; missing where Dares gives none; ``class_pay`` from 2024), ``employment``;
        from 2023 ``tension_imputed`` (few observations) and ``enough`` (of this family itself); ``year, source``.

    Raises
    ------
    InputError
        When columns are missing, a class is none of 1 to 5, or nothing states the nomenclature: it is not guessed from
        the look of a code.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "t.csv"
    >>> _ = file.write_text("fap,Inadéquation géographique,Année,niveau_geo,niveau_fap\nA0Z40,5.0,2019,nat,fap 225\n")
    >>> read_tensions(file).astype(object).loc[0, ["fap", "scheme", "class_mismatch", "year"]].tolist()
    ['A0Z40', 'fap225', 5, '2019']
    """
    where = Path(path).name
    table = read_table(path, layer=layer)
    wanted = {
        "fap": (*_OF_2021, "fap", "fap_code"),
        "year": ("annee",),
        "scope": ("niveau_geo",),
        "scheme": ("niveau_fap",),
        "region": ("reg", "code_region"),
        "department": ("dep", "code_departement"),
        "tension_imputed": ("tension_valeurs_imputees_volumetrie_insuffisante",),
        "enough": ("croisement_ou_volumetrie_suffisante",),
        **_FACTORS,
    }
    optional = ("scope", "scheme", "region", "department", "tension_imputed", "enough", *_FACTORS)
    found = pick_columns(table.columns, wanted, where=where, optional=optional)
    of_2021 = fold(found["fap"]).replace(" ", "_") in _OF_2021
    if "scheme" not in found and not of_2021:
        raise refusal("supply.no_nomenclature", where=where)
    texts = ("fap", "year", "scope", "region", "department")
    result = pd.DataFrame({name: to_text(table[found[name]]) for name in texts if name in found})
    result["fap"] = _codes(result["fap"])
    for name in ("region", "department"):
        if name in result:
            # The long table writes a region as 32.0, and some sheets a department without its first zero.
            result[name] = [None if code is None else code.removesuffix(".0").zfill(2) for code in result[name]]
    if "scheme" in found:
        result["scheme"] = [fold(text or "").replace(" ", "") or None for text in to_text(table[found["scheme"]])]
    else:
        result["scheme"] = "fap2021"
        result["scope"] = "dep" if "department" in found else "reg" if "region" in found else "nat"
    if "tension_imputed" in found:
        told = to_text(table[found["tension_imputed"]])
        result["tension_imputed"] = (told.notna() & ~told.isin(["0", "non", "Non"])).to_numpy()
    if "enough" in found:
        result["enough"] = to_text(table[found["enough"]]).fillna("").str.upper().str.contains("FAP228").to_numpy()
    faults = []
    for name in _FACTORS:
        if name in found:
            numbers, ranked = to_numbers(table[found[name]]), name.startswith("class_")
            wrong = (_open(to_text(table[found[name]])) & numbers.isna()).to_numpy()
            if ranked:
                wrong = wrong | (numbers.notna() & ~numbers.isin(_RANKS)).to_numpy()
                numbers = numbers.where(numbers.isin(_RANKS)).astype("Int64")
            key = "supply.rank" if ranked else "supply.no_number"
            faults += [
                fault(f"{where}: row {row + 1}", key, column=found[name])
                for row in np.flatnonzero(wrong & result["fap"].notna().to_numpy()).tolist()
            ]
            result[name] = numbers
    raise_faults(faults[:_MOST_FAULTS])
    return result.assign(source=f"Dares – France Travail, {where}")


def _codes(told: pd.Series) -> pd.Series:
    """Codes of families as their nomenclature writes them; missing where there is none, or a total over families."""
    codes = [family_code(code) for code in told]
    return pd.Series([None if fold(code or "") in _TOTALS else code for code in codes], told.index, dtype=object)


def _open(told: pd.Series) -> pd.Series:
    """Cells that hold something, and nothing that stands for a secret."""
    return told.notna() & ~told.str.lower().isin(NOT_DISCLOSED)


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
        ``difficult`` (of which thought difficult), ``seasonal``: NaN where secret; ``projects_secret`` (bool); ``clpe``
        (local committee for employment, from 2026); ``nomenclature`` (fap2009 up to 2023, fap2021 from 2024).

    Raises
    ------
    InputError
        When columns are missing, neither a column nor a name tells the vintage, or with every figure that is none.
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
        "clpe": ("clpe",),
    }
    optional = ("clpe", "family_label", "basin_label", "year", "difficult", "seasonal", "department")
    found = pick_columns(names, wanted, where=where, optional=optional)
    result = pd.DataFrame(
        {name: to_text(table[found[name]]) for name in wanted if name in found and name not in _FIGURES}
    )
    result["family"] = _codes(result["family"])
    result["basin"] = result["basin"].where(~result["basin"].map(lambda told: fold(told or "")).isin(_TOTALS), None)
    nameless = (result["family"].isna() | result["basin"].isna()).to_numpy()
    texts = {name: to_text(table[found[name]]) for name in _FIGURES if name in found}
    result = result.assign(**_figures(texts, where, ~nameless))
    result["projects_secret"] = texts["projects"].str.lower().isin(NOT_DISCLOSED).to_numpy()
    if "year" not in result:
        year = re.search(r"\d{2}", found["basin"])
        result["year"] = f"20{year[0]}" if year else None
    result["nomenclature"] = _nomenclature(result["year"], where, ~nameless)
    ids = (result["basin"].fillna("?") + "/" + result["family"].fillna("?")).tolist()
    silent = ~nameless & (result["projects"].isna() & ~result["projects_secret"]).to_numpy()
    twice = ~nameless & ~silent & result.astype(object).duplicated().to_numpy()
    causes = (("loss.no_family", nameless), ("loss.no_projects", silent), ("loss.repeated", twice))
    lost = [(int(row), ids[row], note(key)) for key, out in causes for row in np.flatnonzero(out)]
    hidden = int(result.loc[~twice, "projects_secret"].sum())
    notes = [note("projects_secret", n=hidden)] if hidden else []
    kept = result.drop(index=[row for row, _, _ in lost]).reset_index(drop=True)
    return kept, make_report(where, len(table), kept=lost, notes=notes)


def _figures(texts: Mapping[str, pd.Series], where: str, named: np.ndarray) -> dict[str, pd.Series]:
    """Numbers of projects; NaN where secret or blank, a fault where there is neither number nor star, or too many."""
    numbers = {name: to_numbers(told) for name, told in texts.items()}
    faults = []
    for name, told in texts.items():
        wrong = (
            _open(told) & named & (numbers[name].isna() | (numbers[name] < 0) | (numbers[name] > numbers["projects"]))
        )
        faults += [
            fault(f"{where}: row {row + 1}", "supply.projects", value=str(told.iloc[row]))
            for row in np.flatnonzero(wrong.to_numpy())
        ]
    raise_faults(faults[:_MOST_FAULTS])
    return numbers


# From this vintage on the families of BMO are those of FAP 2021 (Dares).
_FIRST_OF_2021 = 2024


def _nomenclature(years: pd.Series, where: str, named: np.ndarray) -> pd.Series:
    """Name the nomenclature of each row by its vintage, never by the look of its codes."""
    number = pd.to_numeric(years, errors="coerce")
    undated = np.flatnonzero(number.isna().to_numpy() & named)
    if len(undated) and len(undated) == np.count_nonzero(named):
        raise refusal("supply.no_vintage", where=where)
    raise_faults(
        fault(f"{where}: row {row + 1}", "supply.no_year", value=str(years.iloc[row] or ""))
        for row in undated[:_MOST_FAULTS].tolist()
    )
    return pd.Series(np.where(number >= _FIRST_OF_2021, "fap2021", "fap2009"), index=years.index, dtype=object)


_FIGURES = ("projects", "difficult", "seasonal")


def bmo_to_rome(table: pd.DataFrame, crosswalk: Crosswalk) -> pd.DataFrame:
    """Spread the hiring projects of each family over its ROME codes, by the weights of the crosswalk.

    A table of 2024 or later is in FAP 2021 (its column ``nomenclature`` says so); its crosswalk is asked for.

    Parameters
    ----------
    table : pandas.DataFrame
        Of :func:`read_bmo`.
    crosswalk : Crosswalk
        Linking ``fap225`` (or ``fap87``), or ``fap2021``, to ``rome``.

    Returns
    -------
    pandas.DataFrame
        ``basin, rome, projects`` (NaN where all the families of the métier are secret there), ``difficult, seasonal``
        and the projects that they speak of, ``difficult_of, seasonal_of`` (families whose both figures are told);
        ``families``, of which ``secret_families`` (so that ``projects`` is a lower bound), ``ambiguous`` (a family of
        several codes). Families without ROME keep their projects with ``rome`` None: the sum over a basin equals that
        of the table.

    Raises
    ------
    InputError
        When the codes are no FAP, or those of 2021 and the crosswalk holds no such families.

    Examples
    --------
    >>> from geo_access.sources.supply.crosswalk import make_crosswalk
    >>> walk = make_crosswalk([("fap225", "D2Z40", "rome", "H2913", 1), ("fap225", "D2Z40", "rome", "H2902", 1)])
    >>> table = pd.DataFrame({"basin": ["3201"], "family": ["D2Z40"], "projects": [10.0], "projects_secret": [False]})
    >>> bmo_to_rome(table, walk)[["rome", "projects"]].values.tolist()
    [['H2902', 5.0], ['H2913', 5.0]]
    """
    return _spread(table, family_links(table, crosswalk))


def family_links(table: pd.DataFrame, crosswalk: Crosswalk) -> pd.DataFrame:
    """Lead the families of a BMO table to ROME codes.

    Parameters
    ----------
    table : pandas.DataFrame
        Of :func:`read_bmo`, of one nomenclature.
    crosswalk : Crosswalk

    Returns
    -------
    pandas.DataFrame
        As `Crosswalk.map`; a family without ROME has one row with ``target`` None.

    Raises
    ------
    InputError
        When the codes are no FAP, or those of 2021 and the crosswalk holds no such families.
    """
    families = table["family"].dropna().unique().tolist()
    if "nomenclature" in table and (table["nomenclature"] == "fap2021").any():
        return _links_of_2021(families, crosswalk)
    fine = [code for code in families if re.fullmatch(r"[A-Z]\d[A-Z]\d{2}", code)]
    coarse = [code for code in families if re.fullmatch(r"[A-Z]\d[A-Z]", code)]
    if not fine and not coarse:
        raise refusal("supply.not_fap")
    maps = [crosswalk.map(fine, source="fap225", target="rome")] if fine else []
    maps += [crosswalk.map(coarse, source="fap87", target="rome")] if coarse else []
    return pd.concat(maps)


def _links_of_2021(families: list[str], crosswalk: Crosswalk) -> pd.DataFrame:
    if not (crosswalk.links[["source_scheme", "target_scheme"]] == "fap2021").to_numpy().any():
        raise refusal("supply.no_fap2021")
    return crosswalk.map(families, source="fap2021", target="rome")


def _spread(table: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Share projects out by the links; families without any keep theirs with ``rome`` None."""
    links = links.rename(columns={"source": "family", "target": "rome"})
    links["weight"] = links["weight"].where(links["rome"].notna(), 1.0)
    merged = table.merge(links[["family", "rome", "weight", "ambiguous"]], on="family", how="left")
    merged["weight"] = merged["weight"].fillna(1.0)
    merged["projects"] *= merged["weight"]
    for name in ("difficult", "seasonal"):
        figures = merged[name] * merged["weight"] if name in merged else pd.Series(np.nan, index=merged.index)
        merged[name] = figures
        # A share is of the projects of the families that tell both figures.
        merged[f"{name}_of"] = merged["projects"].where(figures.notna())
        merged[name] = figures.where(merged["projects"].notna())
    merged["rome"] = merged["rome"].astype(object).where(merged["rome"].notna(), None)
    merged["ambiguous"] = merged["ambiguous"].fillna(value=False).astype(bool)
    sums = ["projects", "difficult", "difficult_of", "seasonal", "seasonal_of"]
    grouped = merged.groupby(["basin", "rome"], dropna=False, sort=True)
    result = (
        grouped[sums]
        .sum(min_count=1)
        .join(
            grouped.agg(
                families=("family", "nunique"),
                secret_families=("projects_secret", "sum"),
                ambiguous=("ambiguous", "any"),
            )
        )
    )
    return result.reset_index()
