"""Residents of the question that the report speaks of: asked or not, by reason, the share who reach."""

from __future__ import annotations

import pandas as pd

from geo_access.diagnosis.model import FlagReason, Metier
from geo_access.report.context import ReportContext

__all__ = ["REACHES", "blocked_of", "is_asked", "named_metier", "only_remote", "reach_of", "reach_rows", "share_of"]

REACHES = FlagReason.REACHES.name


def is_asked(context: ReportContext, kind: str) -> bool:
    """Whether the summary's public was studied for a kind of trip."""
    return bool(len(context.question(context.reach, kind)))


def reach_rows(context: ReportContext, metier: str, kind: str, *, profile: str | None = None) -> pd.DataFrame:
    """Rows of the summary's question for one métier."""
    rows = context.question(context.reach, kind, profile=profile)
    return rows[rows["metier"].astype(str) == metier]


def reach_of(context: ReportContext, metier: str, kind: str, *, profile: str | None = None) -> pd.Series:
    """Residents by reason for one métier, the most frequent reason first; empty when nothing was studied."""
    rows = reach_rows(context, metier, kind, profile=profile)
    return rows.groupby(rows["reason"].astype(str))["residents"].sum().sort_values(ascending=False, kind="stable")


def share_of(reached: pd.Series) -> float:
    """Share of the residents who reach, 0–1; NaN without residents."""
    total = float(reached.sum())
    return float(reached.get(REACHES, 0.0)) / total if total > 0 else float("nan")


def blocked_of(reached: pd.Series) -> pd.Series:
    """Keep those who do not reach."""
    return reached.drop(REACHES, errors="ignore")


def only_remote(reached: pd.Series) -> bool:
    """Tell if there is nowhere to go to: all that is offered comes to the person, or to the screen."""
    return len(reached) > 0 and set(reached.index) == {FlagReason.ONLY_REMOTE.name}


def named_metier(metier: Metier) -> str:
    """Name of a métier, or its code."""
    return metier.name or metier.code
