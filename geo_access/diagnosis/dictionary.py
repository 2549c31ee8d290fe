"""What each column of the flags means: written beside the table, so that it can be read without this code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from geo_access.diagnosis.model import FlagRules, Threshold
from geo_access.diagnosis.norms import norms_table
from geo_access.words.words import text

__all__ = ["flag_dictionary", "rules_table", "thresholds_table"]


def _entry(column: str, language: str) -> tuple[str, str]:
    """Give unit and meaning of a column."""
    for prefix, of in (("share_", "reason"), ("lifted_by_", "lift")):
        if column.startswith(prefix):
            name = column.removeprefix(prefix)
            what = text(f"{of}.{name.upper() if of == 'reason' else name}", language)
            key = prefix.rstrip("_")
            return text(f"unit.{key}", language), text(f"column.{key}", language, what=what)
    return text(f"unit.{column}", language), text(f"column.{column}", language)


def flag_dictionary(columns: Iterable[str], language: str = "fr") -> pd.DataFrame:
    """Describe columns of the flags.

    Parameters
    ----------
    columns : iterable of str
        Columns of `geo_access.diagnosis.flag.flag_zones`, and ``remedy``.
    language : str

    Returns
    -------
    DataFrame
        Column, unit and meaning, one row each.

    Examples
    --------
    >>> flag_dictionary(["level", "share_slow_out"], "en").iloc[1].tolist()
    ['share_slow_out', '0–1', 'Among those who do not manage it: way there too long.']
    """
    rows = [(column, *_entry(column, language)) for column in columns]
    return pd.DataFrame(rows, columns=[text(f"dictionary.{name}", language) for name in ("column", "unit", "meaning")])


def thresholds_table(thresholds: Sequence[Threshold], language: str = "fr") -> pd.DataFrame:
    """Give the thresholds of a study, one row each: who set them, and what the text says beside the minutes."""
    rows = [(t.id, t.name, t.minutes, t.kind, t.mode or "", t.source, t.status, t.norm or "") for t in thresholds]
    names = ["threshold", "name", "minutes", "kind", "mode", "source", "status", "norm"]
    table = pd.DataFrame(rows, columns=names)
    if any(t.kilometres is not None for t in thresholds):
        table["kilometres"] = pd.array([t.kilometres for t in thresholds], dtype="Float64")
        table["measured_as"] = [t.measured or "" for t in thresholds]
    norms = norms_table(language)[["norm", "km", "modes", "since", "until", "alternative", "measured"]]
    return table.merge(norms, on="norm", how="left")


def rules_table(rules: FlagRules) -> pd.DataFrame:
    """Give the rules of a study, one row each."""
    items = [(name, value) for name, value in vars(rules).items() if name != "version"]
    frame = pd.DataFrame(items, columns=["rule", "value"])
    return frame.assign(rules=rules.version)[["rules", "rule", "value"]]
