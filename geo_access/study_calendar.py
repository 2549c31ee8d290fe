"""Which days each timetable runs, as a strip of characters to read before choosing the day of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from geo_access.maps.strings import format_number, text
from geo_access.sources.gtfs import read_gtfs
from geo_access.sources.gtfs_calendar import trips_per_day

__all__ = ["calendar_lines"]

_SHADES = " ░▒▓█"
_MONTH_DAYS = 31


def _shade(trips: np.ndarray, most: int) -> str:
    """One character per day: the darker, the more trips against the busiest day."""
    step = np.ceil(trips / max(most, 1) * (len(_SHADES) - 1)).astype(int)
    return "".join(_SHADES[level] for level in step)


def _strip(name: str, strip: pd.DataFrame, language: str) -> list[str]:
    runs = strip[strip["trips"] > 0]
    if runs.empty:
        return [text("cli.calendar_empty", language, feed=name)]
    days = {"first": runs["date"].iloc[0].date(), "last": runs["date"].iloc[-1].date()}
    lines = [text("cli.calendar_feed", language, feed=name, days=format_number(len(runs), language), **days)]
    most = int(strip["trips"].max())
    months = strip["date"].dt.to_period("M")
    for month, part in strip.groupby(months, sort=True):
        blank = " " * (part["date"].iloc[0].day - 1)
        cells = (blank + _shade(part["trips"].to_numpy(), most)).ljust(_MONTH_DAYS)
        low, high = int(part["trips"].min()), int(part["trips"].max())
        lines.append(f"  {month}  │{cells}│ {low}–{high}")
    return lines


def calendar_lines(feeds: Sequence[Path], *, language: str = "fr") -> list[str]:
    """Lines of the heat strips of some feeds, and the days on which all of them run.

    Parameters
    ----------
    feeds : sequence of pathlib.Path
        GTFS zips or folders.
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    list of str
        A month per line and feed, a character per day.

    Raises
    ------
    InputError
        For a feed that cannot be read.
    """
    lines: list[str] = []
    common: set[pd.Timestamp] | None = None
    for path in feeds:
        strip = trips_per_day(read_gtfs(path))
        lines += _strip(path.name, strip, language)
        served = set(strip.loc[strip["trips"] > 0, "date"])
        common = served if common is None else common & served
    if common:
        span = {"first": min(common).date(), "last": max(common).date()}
        lines.append(text("cli.calendar_common", language, n=format_number(len(common), language), **span))
    else:
        lines.append(text("cli.calendar_none", language))
    return lines
