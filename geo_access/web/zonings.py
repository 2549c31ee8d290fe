"""Zonings beside the study's own zones: its section ``[[zonings]]``, and columns of its layers.

A zoning of the section has its own outlines, and its units are flagged from the points. A column says in which EPCI,
basin or CLPE each zone lies: its groups are the sums of their zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.residents import Residents
from geo_access.study.prepared import PreparedStudy

__all__ = ["ZoneGroups", "counted_once", "zonings_of"]


@dataclass(frozen=True, eq=False)
class ZoneGroups:
    """One zoning of a study's zones.

    Attributes
    ----------
    id : str
        Of the section, or key of the catalogue after ``web.zoning_``.
    name : str
        As the study gives it; empty for a column, which the catalogue names.
    of : ndarray of object, shape (n_zones,)
        Name of the group of each zone, in the order of the residents; empty where none is given. Of a section, the
        unit in which most of its people live.
    """

    id: str
    name: str
    of: np.ndarray


# By zoning: columns that hold its names, then its codes; compared without case. Names are what people read.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "commune": ("nom_com", "nom_commune", "libcom", "insee_com", "code_insee", "depcom", "code_commune", "commune"),
    "epci": ("nom_epci", "epci_name", "libepci", "lib_epci", "siren_epci", "code_epci", "epci"),
    "ze": ("libze2020", "lib_ze2020", "ze2020_name", "zone_emploi", "ze2020", "ze2010"),
    "bassin": (
        "nom_bassin",
        "lib_bassin",
        "bassin_formation",
        "bassin_emploi",
        "bassin_vie",
        "libbv2022",
        "bv2022",
        "code_bassin",
        "bassin",
    ),
    "clpe": ("nom_clpe", "lib_clpe", "nom_spel", "lib_spel", "code_clpe", "code_spel", "clpe", "spel"),
    "qpv": ("nom_qp", "lib_qp", "code_qp", "qpv"),
    "zrr": ("zonage_frr", "frr", "zonage_zrr", "zrr_simp", "zrr"),
    "departement": ("nom_dep", "nom_departement", "insee_dep", "code_departement", "dep"),
}


def zonings_of(prepared: PreparedStudy) -> list[ZoneGroups]:
    """Find the zonings that the study names, and those that columns of its layers tell.

    Parameters
    ----------
    prepared : PreparedStudy

    Returns
    -------
    list of ZoneGroups
        Of columns those that put two zones together or leave one out: the zones' own codes are no zoning beside them.
    """
    named = [
        ZoneGroups(zoning.id, zoning.name, _most_people(prepared, units))
        for zoning, units in prepared.zoning_units.items()
    ]
    return named + [item for item in _of_columns(prepared) if all(item.id != other.id for other in named)]


def _most_people(prepared: PreparedStudy, units: pd.DataFrame) -> np.ndarray:
    """Name of the unit in which most people of each zone live; empty outside all units."""
    residents, inside = prepared.diagnosis.residents, units[units["unit_id"].notna()]
    unit, names = pd.factorize(inside["unit_name"].astype(str))
    point = pd.Index(residents.point_ids).get_indexer(inside["point_id"].astype(str))
    shares = sparse.csr_matrix(
        (inside["share"].to_numpy(np.float64), (point, unit)), shape=(len(residents.point_ids), len(names))
    )
    people = np.asarray((residents.weights @ shares).todense())
    of = np.full(len(residents.zone_ids), "", dtype=object)
    if len(names):
        some = people.max(axis=1) > 0
        of[some] = np.asarray(names, dtype=object)[people.argmax(axis=1)[some]]
    return of


def _of_columns(prepared: PreparedStudy) -> list[ZoneGroups]:
    zones = prepared.inputs.zones
    order = pd.Index(zones["zone_id"].astype(str)).get_indexer(prepared.diagnosis.residents.zone_ids.astype(str))
    by_name = {str(name).casefold(): name for name in reversed(list(zones.columns))}
    found = []
    for zoning, names in _COLUMNS.items():
        column = next((by_name[name] for name in names if name in by_name), None)
        if column is None:
            continue
        values = zones[column].iloc[order]
        of = values.astype(str).str.strip().where(values.notna(), "").to_numpy(object)
        told = of[of != ""]
        if len(told) and len(np.unique(told.astype(str))) < len(of):
            found.append(ZoneGroups(zoning, "", of))
    return found


def counted_once(residents: Residents) -> np.ndarray:
    """Zones whose residents make a total, nobody counted twice.

    A study may hold layers that lie over each other: QPV and communes, communes and EPCI. Kinds of zones join the total
    in the order of the layers, QPV last, as long as none of their points is in it already.

    Parameters
    ----------
    residents : Residents

    Returns
    -------
    ndarray of bool, shape (n_zones,)
    """
    kinds = residents.zone_kinds.astype(str)
    counted = np.zeros(len(kinds), dtype=bool)
    covered = np.zeros(residents.membership.shape[1])
    for kind in sorted(dict.fromkeys(kinds.tolist()), key=lambda name: name == "qpv"):
        mine = kinds == kind
        share = np.asarray(residents.membership[mine].sum(axis=0)).ravel()
        twice = residents.population[covered + share > 1 + _SOME].sum()
        # Points at an outline may lie in two zones by a rounding.
        if twice <= _AT_OUTLINES * (residents.population * share).sum():
            counted |= mine
            covered += share
    return counted


_SOME = 1e-6
_AT_OUTLINES = 0.01
