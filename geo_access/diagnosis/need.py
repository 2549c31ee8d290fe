"""The need of employers beside the flag: hiring projects, tensions and possible hours by métier, never merged into it.

What is secret is said to be so; every project that was read is counted somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = [
    "CLASSES",
    "Need",
    "account_of_projects",
    "metier_projects",
    "metier_tensions",
    "need_by_metier",
    "need_table",
    "rome_of",
]

CLASSES = (
    "class_tension",
    "class_hiring",
    "class_labour",
    "class_lasting",
    "class_conditions",
    "class_mismatch",
    "class_training",
    "class_pay",
)
"""Indicators of Dares, each a class from 1 to 5; the last is the weak attraction of wages, from 2024 on."""

_TENSION = ("tension", *CLASSES, "tension_imputed", "enough")
_ROME_LENGTH = 5


@dataclass(frozen=True, eq=False)
class Need:
    """The need as published, for the métiers of a study; None where the study names no such table.

    Attributes
    ----------
    table : pandas.DataFrame
        Of `need_table`: one row per métier × basin.
    accounts : pandas.DataFrame or None
        Of `account_of_projects`.
    tensions : pandas.DataFrame or None
        Of `metier_tensions`.
    shifts : pandas.DataFrame or None
        ``metier, label, start, end, source``: hours that the labels of ROME may mean.
    basins : pandas.DataFrame or None
        ``zone_id, basin, basin_name, found_by`` (``table``, ``position``, or missing): the basin of each zone.
    """

    table: pd.DataFrame
    accounts: pd.DataFrame | None = None
    tensions: pd.DataFrame | None = None
    shifts: pd.DataFrame | None = None
    basins: pd.DataFrame | None = None

    def tables(self) -> dict[str, pd.DataFrame]:
        """All by the name of their file, those that there are."""
        named = {
            "need": self.table,
            "need_accounts": self.accounts,
            "need_tensions": self.tensions,
            "need_shifts": self.shifts,
            "need_basins": self.basins,
        }
        return {name: table for name, table in named.items() if table is not None}


def rome_of(code: str) -> str:
    """ROME fiche of a métier's code: five characters, whatever their case.

    Examples
    --------
    >>> rome_of(" h2913 ")
    'H2913'
    """
    return code.strip().upper()[:_ROME_LENGTH]


def metier_projects(spread: pd.DataFrame, metiers: Sequence[str], basins: Iterable[str]) -> pd.DataFrame:
    """Hiring projects of each métier in each basin.

    Parameters
    ----------
    spread : pandas.DataFrame
        Of `geo_access.sources.supply.need.bmo_to_rome`.
    metiers : sequence of str
        Codes of the study; of longer ones than ROME's the fiche counts.
    basins : iterable of str
        Basins of the study.

    Returns
    -------
    pandas.DataFrame
        ``metier, basin, projects`` (NaN where not told), ``projects_state``: ``known``; ``at_least`` (some families are
        secret); ``secret`` (all are); ``no_line`` (the table has no line of the métier there, which is no zero);
        ``difficult_share, seasonal_share`` (0–1, of the projects that tell them; NaN where none does) and what they are
        made of, ``difficult, difficult_of, seasonal, seasonal_of``; ``families, secret_families``; ``shared`` (a family
        serves several métiers, its projects are shared out).

    Examples
    --------
    >>> row = {"basin": "3201", "rome": "H2913", "projects": 8.0, "difficult": 6.0, "difficult_of": 8.0}
    >>> row |= {"seasonal": 0.0, "seasonal_of": 8.0, "families": 1, "secret_families": 0, "ambiguous": False}
    >>> found = metier_projects(pd.DataFrame([row]), ["H2913", "J1501"], ["3201"])
    >>> found[["metier", "projects", "projects_state", "difficult_share"]].values.tolist()
    [['H2913', 8.0, 'known', 0.75], ['J1501', nan, 'no_line', nan]]
    """
    asked = pd.MultiIndex.from_product([list(metiers), list(basins)], names=["metier", "basin"])
    table = asked.to_frame(index=False).astype(object)
    table["rome"] = [rome_of(code) for code in table["metier"]]
    table = table.merge(spread[spread["rome"].notna()], on=["basin", "rome"], how="left")
    for name in ("difficult", "seasonal"):
        told = table[f"{name}_of"].where(table[f"{name}_of"] > 0)
        table[f"{name}_share"] = table[name] / told
    for name in ("families", "secret_families"):
        table[name] = table[name].fillna(0).astype(int)
    states = [table["families"] == 0, table["secret_families"] == table["families"], table["secret_families"] > 0]
    table["projects_state"] = np.select(states, ["no_line", "secret", "at_least"], default="known")
    table["shared"] = table["ambiguous"].fillna(value=False).astype(bool)
    names = ["metier", "basin", "projects", "projects_state", "difficult_share", "seasonal_share"]
    names += ["difficult", "difficult_of", "seasonal", "seasonal_of"]
    return table[[*names, "families", "secret_families", "shared"]]


def account_of_projects(spread: pd.DataFrame, metiers: Sequence[str]) -> pd.DataFrame:
    """Say where every hiring project of a basin went, so that none is lost unsaid.

    Parameters
    ----------
    spread : pandas.DataFrame
        Of `geo_access.sources.supply.need.bmo_to_rome`.
    metiers : sequence of str
        Codes of the study.

    Returns
    -------
    pandas.DataFrame
        ``basin, projects`` = ``of_study`` + ``of_others`` (other métiers) + ``without_rome`` (families that the
        crosswalk leads nowhere), of what is told: NaN where a part is secret as a whole; ``secret_lines`` beside: lines
        (a family, for each métier that it serves) whose figure is not told.

    Examples
    --------
    >>> rows = [("3201", "H2913", 8.0, 0), ("3201", "A1101", 5.0, 0), ("3201", None, 600.0, 2)]
    >>> spread = pd.DataFrame(rows, columns=["basin", "rome", "projects", "secret_families"])
    >>> account_of_projects(spread, ["h2913"]).values.tolist()
    [['3201', 613.0, 8.0, 5.0, 600.0, 2]]
    """
    own = {rome_of(code) for code in metiers}
    rome = spread["rome"]
    part = np.select([rome.isna(), rome.isin(own)], ["without_rome", "of_study"], default="of_others")
    parts = ["of_study", "of_others", "without_rome"]
    own_lines = spread.assign(part=part, lines=1)
    # A part whose lines are all secret has no sum: not told, which is no zero.
    sums, lines = (
        own_lines.groupby(["basin", "part"], as_index=False)[name]
        .sum(min_count=1)
        .pivot_table(index="basin", columns="part", values=name, aggfunc="first", dropna=False)
        .reindex(columns=parts)
        for name in ("projects", "lines")
    )
    table = sums.where(lines.notna(), 0.0)
    table.insert(0, "projects", spread.groupby("basin")["projects"].sum(min_count=1))
    table["secret_lines"] = spread.groupby("basin")["secret_families"].sum().astype(int)
    return table.rename_axis(columns=None).reset_index()


def metier_tensions(tensions: pd.DataFrame, families: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Give each métier the lines of its families: all of them, the heaviest first, never a mean of classes.

    Parameters
    ----------
    tensions : pandas.DataFrame
        Of `geo_access.sources.supply.need.read_tensions`, of one year, nomenclature and place.
    families : mapping of str to mapping of str to float
        By métier, the weight of each family.

    Returns
    -------
    pandas.DataFrame
        ``metier, family, weight`` (0–1, of the families that have a line), ``tension``, the classes of `CLASSES` that
        the table has, ``tension_imputed, enough`` where it has them.

    Examples
    --------
    >>> lines = pd.DataFrame({"fap": ["D2X12"], "class_tension": [5], "class_pay": [1]})
    >>> metier_tensions(lines, {"H2913": {"D2X12": 0.5, "D2X13": 0.5}}).values.tolist()
    [['H2913', 'D2X12', 1.0, 5, 1]]
    """
    kept = [name for name in _TENSION if name in tensions]
    told = set(tensions["fap"])
    rows = []
    for metier, weights in families.items():
        own = {family: weight for family, weight in weights.items() if family in told}
        total = sum(own.values())
        ordered = sorted(own, key=lambda family: (-own[family], family))
        rows += [(metier, family, own[family] / total) for family in ordered]
    found = pd.DataFrame(rows, columns=["metier", "family", "weight"])
    lines = tensions.rename(columns={"fap": "family"})[["family", *kept]]
    return found.merge(lines, on="family", how="left")


def need_table(
    metiers: Sequence[str],
    *,
    projects: pd.DataFrame | None,
    tensions: pd.DataFrame | None,
    shifts: pd.DataFrame | None,
) -> pd.DataFrame:
    """Set projects, tension and possible hours side by side, one row per métier × basin.

    Parameters
    ----------
    metiers : sequence of str
    projects : pandas.DataFrame or None
        Of `metier_projects`, perhaps with more columns; without it there is one row per métier.
    tensions : pandas.DataFrame or None
        Of `metier_tensions`: the line of the heaviest family stands here, all of them in their own table.
    shifts : pandas.DataFrame or None
        ``metier, label, start, end``.

    Returns
    -------
    pandas.DataFrame
        Columns of `projects`; ``tension_family, tension_families`` (how many), ``tension`` and the classes;
        ``possible_shifts`` as ``05:00–13:00 | 13:00–21:00``.

    Examples
    --------
    >>> shifts = pd.DataFrame({"metier": ["J1501"] * 2, "start": ["21:00", None], "end": ["29:00", None]})
    >>> need_table(["J1501"], projects=None, tensions=None, shifts=shifts)["possible_shifts"].tolist()
    ['21:00–29:00']
    """
    table = pd.DataFrame({"metier": list(metiers)}, dtype=object) if projects is None else projects
    if tensions is not None:
        names = ["metier", "family", *(name for name in _TENSION if name in tensions)]
        first = tensions[names].drop_duplicates("metier").rename(columns={"family": "tension_family"})
        first["tension_families"] = first["metier"].map(tensions["metier"].value_counts())
        table = table.merge(first, on="metier", how="left")
        table["tension_families"] = table["tension_families"].fillna(0).astype(int)
    if shifts is not None:
        timed = shifts[shifts["start"].notna()]
        spans = (timed["start"] + "–" + timed["end"]).groupby(timed["metier"])
        told = {str(metier): " | ".join(dict.fromkeys(own)) for metier, own in spans}
        table = table.assign(possible_shifts=[told.get(str(metier), "") for metier in table["metier"]])
    return table


def need_by_metier(need: Need) -> pd.DataFrame:
    """Sum the need up over the basins of the study, one row per métier.

    Parameters
    ----------
    need : Need

    Returns
    -------
    pandas.DataFrame
        ``metier``; ``need_projects`` (NaN where none is told) and ``need_state`` (as ``projects_state``; ``at_least``
        when a figure of any basin is secret), ``need_difficult, need_seasonal`` (0–1, of the projects that tell it);
        ``need_tension, need_tension_high, need_mismatch, need_mismatch_high``: lowest and highest class of Dares (1–5)
        among the families of the métier. Only what the study names.

    Examples
    --------
    >>> rows = [("H2913", 10.0, "known", 6.0, 8.0, 0.0, 8.0), ("H2913", None, "secret", None, None, None, None)]
    >>> names = ["metier", "projects", "projects_state", "difficult", "difficult_of", "seasonal", "seasonal_of"]
    >>> need_by_metier(Need(pd.DataFrame(rows, columns=names))).values.tolist()
    [['H2913', 10.0, 'at_least', 0.75, 0.0]]
    """
    rows = []
    for metier, own in need.table.groupby("metier", sort=False):
        row: dict[str, object] = {"metier": str(metier)}
        if "projects" in own:
            row |= {"need_projects": own["projects"].sum(min_count=1), "need_state": _state(own)}
            for name in ("difficult", "seasonal"):
                base = float(own[f"{name}_of"].sum())
                row[f"need_{name}"] = float(own[name].sum()) / base if base > 0 else float("nan")
        for name in ("tension", "mismatch"):
            if need.tensions is not None and f"class_{name}" in need.tensions:
                ranks = need.tensions.loc[need.tensions["metier"] == metier, f"class_{name}"].dropna()
                ends = (float(ranks.min()), float(ranks.max())) if len(ranks) else (float("nan"),) * 2
                row |= {f"need_{name}": ends[0], f"need_{name}_high": ends[1]}
        rows.append(row)
    return pd.DataFrame(rows)


def _state(own: pd.DataFrame) -> str:
    states = set(own["projects_state"].astype(str))
    if own["projects"].isna().all():
        return "secret" if "secret" in states else "no_line"
    return "at_least" if states & {"secret", "at_least"} else "known"
