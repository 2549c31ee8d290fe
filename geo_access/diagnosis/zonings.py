"""Tables by zoning: QPV, commune, EPCI, zone d'emploi, SPEL, département, region — any grouping of the zones.

Zonings overlap and change: a table takes a membership of points in the zoning's units, with its vintage, and weighs by
residents. Small numbers are held back as they are in the flags, so that nobody can be picked out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.diagnose import Diagnosis
from geo_access.diagnosis.flag import aggregate_flags, concat_flags
from geo_access.diagnosis.publication import Publication, hold_back
from geo_access.diagnosis.residents import Residents
from geo_access.errors import raise_faults
from geo_access.words.told import fault

__all__ = ["NO_UNIT", "Zoning", "regroup", "table_by_zoning"]

NO_UNIT = "hors zonage"


@dataclass(frozen=True)
class Zoning:
    """A division of the territory.

    Attributes
    ----------
    id, name : str
    vintage, source : str
        Zonings change: written on every row.
    """

    id: str
    name: str
    vintage: str
    source: str


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
    diagnosis: Diagnosis, units: pd.DataFrame, *, zoning: Zoning, publication: Publication | None = None
) -> pd.DataFrame:
    """Flag the units of a zoning from the same points, weighing by residents.

    Parameters
    ----------
    diagnosis : Diagnosis
    units : DataFrame
        ``point_id, unit_id``, optionally ``unit_name`` and ``share``.
    zoning : Zoning
    publication : Publication, optional
        Floors below which the numbers of a unit are held back; by default those of ``Publication()``.

    Returns
    -------
    DataFrame
        The columns of the flags, after ``zoning, vintage, source``.

    Raises
    ------
    InputError
        When units cannot be used.
    """
    residents = regroup(diagnosis.residents, units, kind=zoning.id)
    needed = next((case.offers.exists for case in diagnosis.cases if case.kind == "job"), None)
    table = concat_flags(
        [
            aggregate_flags(
                residents,
                diagnosis.sites[case.kind],
                case.offers,
                case.points,
                question=case.question,
                rules=diagnosis.rules,
                needed=needed if case.kind == "training" else None,
            )
            for case in diagnosis.cases
        ]
    )
    told, _, _ = hold_back(table, residents, Publication() if publication is None else publication)
    for place, name in enumerate(("zoning", "vintage", "source")):
        told.insert(place, name, zoning.id if name == "zoning" else getattr(zoning, name))
    return told
