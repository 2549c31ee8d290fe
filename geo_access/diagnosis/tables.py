"""Tables by zoning: QPV, commune, EPCI, zone d'emploi, SPEL, département, region — any grouping of the zones.

Zonings overlap and change: a table takes a membership of points in the zoning's units, with its vintage, and weighs by
residents. Small numbers are held back and the rest is rounded, so that nobody can be picked out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.diagnose import Diagnosis
from geo_access.diagnosis.flag import aggregate_flags, concat_flags
from geo_access.diagnosis.residents import Residents
from geo_access.errors import raise_faults
from geo_access.words.told import fault

__all__ = ["NO_UNIT", "regroup", "table_by_zoning"]

NO_UNIT = "hors zonage"

# Supply is that of the whole study: it tells of nobody, and is not held back.
_OF_THE_STUDY = (
    "people",
    "located_places",
    "located_free_places",
    "unlocated_places",
    "uncoded_places",
    "remote_places",
    "mobile_places",
    "hybrid_places",
    "afest_places",
    "rules",
)


def regroup(residents: Residents, units: pd.DataFrame, *, kind: str) -> Residents:
    """Stand the same points in the units of another zoning.

    Parameters
    ----------
    residents : Residents
    units : DataFrame
        ``point_id, unit_id``, optionally ``unit_name`` and ``share`` (0–1): many to many. Points whose unit is missing
        stand together in the unit `NO_UNIT`: no resident leaves the table.
    kind : str
        Name of the zoning: ``epci``, ``zone_emploi``, …

    Returns
    -------
    Residents
        With the units as zones.

    Raises
    ------
    InputError
        When points are unknown, columns missing, or shares beyond 0–1.
    """
    missing = [name for name in ("point_id", "unit_id") if name not in units.columns]
    raise_faults(fault("units", "column_missing", column=name) for name in missing)
    column = pd.Index(residents.point_ids).get_indexer(units["point_id"].astype(str))
    share = (
        pd.to_numeric(units["share"], errors="coerce").to_numpy(np.float64)
        if "share" in units.columns
        else np.ones(len(units))
    )
    unknown = pd.unique(units["point_id"].astype(str).to_numpy()[column < 0])
    faults = [fault("units", "diagnosis.point_unknown", item=item) for item in unknown[:20]]
    if not np.all((share >= 0) & (share <= 1)):
        faults.append(fault("units", "diagnosis.point_shares"))
    raise_faults(faults)
    unit = units["unit_id"].astype(object).where(units["unit_id"].notna(), NO_UNIT).astype(str)
    row, ids = pd.factorize(unit, sort=True)
    names = np.asarray(ids, dtype=object).copy()
    if "unit_name" in units.columns:
        first = units.assign(unit_id=unit).drop_duplicates("unit_id").set_index("unit_id")
        names = first["unit_name"].astype(str).reindex(ids).to_numpy(object)
    return Residents(
        residents.point_ids,
        residents.xy,
        residents.population,
        residents.candidates,
        residents.doubtful,
        np.asarray(ids, dtype=object),
        names,
        np.full(len(ids), kind, dtype=object),
        sparse.csr_matrix((share, (row, column)), shape=(len(ids), len(residents.point_ids))),
        residents.departments,
        residents.households,
    )


def table_by_zoning(
    diagnosis: Diagnosis,
    units: pd.DataFrame,
    *,
    kind: str,
    vintage: str,
    source: str,
    min_residents: float = 11.0,
    round_to: float = 1.0,
) -> pd.DataFrame:
    """Flag the units of a zoning from the same points, weighing by residents.

    Parameters
    ----------
    diagnosis : Diagnosis
    units : DataFrame
        ``point_id, unit_id``, optionally ``unit_name`` and ``share``.
    kind : str
        Name of the zoning.
    vintage, source : str
        Of the zoning; written on every row, since zonings change.
    min_residents : float
        Units with fewer residents are held back: the row stays, its numbers are ``pd.NA``, ``held_back`` is True.
    round_to : float
        Residents are rounded to this.

    Returns
    -------
    DataFrame
        The columns of the flags, and ``zoning, vintage, source, held_back``.

    Raises
    ------
    InputError
        When units or parameters cannot be used.
    """
    faults = [fault(name, "diagnosis.not_given") for name, v in (("vintage", vintage), ("source", source)) if not v]
    if min_residents < 0 or not round_to > 0:
        faults.append(fault("floors", "diagnosis.floor", floor=min_residents, rounding=round_to))
    raise_faults(faults)
    residents = regroup(diagnosis.residents, units, kind=kind)
    needed = next((case.offers.exists for case in diagnosis.cases if case.kind == "job"), None)
    frames = []
    for case in diagnosis.cases:
        asked = needed if case.kind == "training" else None
        frames.append(
            aggregate_flags(
                residents,
                diagnosis.sites[case.kind],
                case.offers,
                case.points,
                threshold=case.threshold,
                profile=case.profile,
                kind=case.kind,
                schedule=case.schedule,
                rules=diagnosis.rules,
                needed=asked,
            )
        )
    table = concat_flags(frames)
    held = (table["residents"] < min_residents) & (table["residents"] > 0)
    table["residents"] = ((table["residents"] / round_to).round() * round_to).astype("Float64")
    for name in table.columns[table.columns.get_loc("residents") :]:
        if name not in _OF_THE_STUDY:
            table[name] = table[name].where(~held)
    return table.assign(zoning=kind, vintage=vintage, source=source, held_back=held)
