"""Distances and times that law and practice name: with their dates, the modes and the way of measuring they speak of.

None is in force for offers of work in France: since 2019 the law gives no kilometre and no minute. What is quoted is
quoted as what it is, with the alternative that the text gives beside the time; a study takes a time as a yardstick.
Kilometres count where the study says how they are measured: no text that a study may name says it for a point and a
place, so that none counts unasked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from geo_access.words.words import text

__all__ = ["NORMS", "Norm", "norms_table"]


@dataclass(frozen=True)
class Norm:
    """A threshold that a text names.

    Attributes
    ----------
    id : str
    minutes : float or None
        Longest time [min]; None where the text gives none.
    km : float or None
        Distance that the text gives beside the time, or alone [km].
    each_way : bool
        Whether the figures are for one way; else there and back together.
    modes : tuple of str
        Modes that the text speaks of; empty for any.
    kind : str
        ``job``, ``training`` or ``service``.
    since, until : datetime.date or None
        In force from, and up to and not including.
    sure : bool
        Read in an official text, or in two sources that agree; else in one secondary source.

    Examples
    --------
    >>> NORMS["ORE_2008"].minutes, NORMS["ORE_2008"].km, NORMS["ORE_2008"].until.year
    (60.0, 30.0, 2019)
    """

    id: str
    minutes: float | None
    km: float | None
    each_way: bool
    modes: tuple[str, ...]
    kind: str
    since: date | None
    until: date | None = None
    sure: bool = True

    def told(self, what: str, language: str) -> str:
        """Words on it: ``name``, ``source``, ``status``, ``alternative``, ``measured`` or ``computed``."""
        return text(f"norm.{self.id}.{what}", language)


NORMS = {
    norm.id: norm
    for norm in (
        Norm("ORE_2008", 60.0, 30.0, True, ("transit",), "job", date(2008, 8, 1), date(2019, 1, 1)),
        Norm("ZONE_PRIVILEGIEE_2025", None, None, True, (), "job", date(2025, 3, 22)),
        Norm("AIDE_MOBILITE_FT", 120.0, 60.0, False, ("car",), "job", date(2022, 12, 1)),
        Norm("FRANCE_SERVICES_2019", 30.0, None, True, ("car",), "service", date(2019, 4, 30), sure=False),
        Norm("VIE_COURANTE_2016", 7.0, None, True, ("car",), "service", date(2016, 1, 1)),
    )
}
"""By id."""


def norms_table(language: str = "fr") -> pd.DataFrame:
    """Give all that is known of the norms, a row each.

    Parameters
    ----------
    language : str

    Returns
    -------
    DataFrame
        ``norm, name, minutes, km, each_way, modes, kind, since, until, source, status, alternative, measured, computed,
        sure``; `computed` says whether a study counts the kilometres, and why not.

    Examples
    --------
    >>> table = norms_table("en").set_index("norm")
    >>> table.loc["ORE_2008", "status"]
    'historical: not in force since 2019-01-01, a yardstick here'
    """
    told = ("source", "status", "alternative", "measured", "computed")
    rows = [
        {
            "norm": norm.id,
            "name": norm.told("name", language),
            "minutes": norm.minutes,
            "km": norm.km,
            "each_way": norm.each_way,
            "modes": ", ".join(norm.modes),
            "kind": norm.kind,
            "since": None if norm.since is None else norm.since.isoformat(),
            "until": None if norm.until is None else norm.until.isoformat(),
            **{what: norm.told(what, language) for what in told},
            "sure": norm.sure,
        }
        for norm in NORMS.values()
    ]
    return pd.DataFrame(rows)
