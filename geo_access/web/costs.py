"""What a month of trips costs by mode, and which aids are worth a look; nobody is told to be eligible."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["car_month_eur", "costs_of", "worth_a_look"]

_MONTHS = 12


@lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    return tomllib.loads(resources.files("geo_access.web").joinpath("aids.toml").read_text(encoding="utf-8"))


def car_month_eur(km_per_month: float, *, fiscal_cv: int = 5) -> float:
    """Cost of a month by car, by the tax scale: its bracket is that of a whole year of such months.

    Parameters
    ----------
    km_per_month : float
        [km].
    fiscal_cv : int
        Fiscal power, 3–7 (7 stands for more).

    Returns
    -------
    float
        [€].

    Examples
    --------
    5 CV, 1 000 km a month: (0.357 × 12 000 + 1 395) / 12.

    >>> round(car_month_eur(1000.0), 2)
    473.25
    >>> round(car_month_eur(100.0), 2)
    63.6
    """
    row = next(item for item in _rules()["car"]["scale"] if item["cv"] == min(max(fiscal_cv, 3), 7))
    km = km_per_month * _MONTHS
    if km <= 5_000:
        year = row["rate"] * km
    elif km <= 20_000:
        year = row["slope"] * km + row["fixed"]
    else:
        year = row["last"] * km
    return float(year / _MONTHS)


def costs_of(
    *, boards: bool, car_km: float | None, days: int, fiscal_cv: int, pass_month_eur: float | None
) -> dict[str, Any]:
    """Cost of a month for one way of travelling.

    Parameters
    ----------
    boards : bool
        Whether vehicles of the timetable are boarded.
    car_km : float or None
        There and back by car [km]; None where no street leads there.
    days : int
        Days per month.
    fiscal_cv : int
    pass_month_eur : float or None
        Of the study; None: unknown.

    Returns
    -------
    dict
        ``transit`` and ``car`` [€ per month], each None where unknown or not used; ``car_km`` per month.
    """
    month_km = None if car_km is None else car_km * days
    return {
        "transit": pass_month_eur if boards else None,
        "uses_transit": boards,
        "car": None if month_km is None else car_month_eur(month_km, fiscal_cv=fiscal_cv),
        "car_km": month_km,
        "car_source": _rules()["car"]["source"],
    }


def worth_a_look(rows: list[dict[str, Any]], *, licence: bool, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    """Aids that are worth a look for these trips; whoever grants one judges it, often on another calculator.

    Parameters
    ----------
    rows : list of dict
        With ``there_min``, ``back_min``, ``kind`` and, where it is known, ``car_km`` there and back.
    licence : bool
        Whether the person holds a licence.
    kinds : tuple of str

    Returns
    -------
    list of dict
        ``id``, ``source``, ``read``.
    """
    found = []
    for aid in _rules()["aids"]:
        far = any(
            row["there_min"] + row["back_min"] > aid.get("round_trip_min", 0)
            or (row.get("car_km") or 0.0) > aid.get("round_trip_km", 0)
            for row in rows
        )
        fits = {
            "mobility": far,
            "licence": not licence,
            "apprentice_licence": not licence and "training" in kinds,
            "child": True,
            "employer_pass": any(row["kind"] == "job" and row.get("uses_transit") for row in rows),
        }
        if fits[aid["id"]]:
            found.append({"id": aid["id"], "source": aid["source"], "read": aid["read"].isoformat()})
    return found
