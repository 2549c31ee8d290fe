"""Métiers: the crosswalk between nomenclatures, and the search by label."""

from __future__ import annotations

from geo_access.sources.crosswalk import SCHEMES, Crosswalk, make_crosswalk
from geo_access.sources.crosswalk_files import build_crosswalk
from geo_access.sources.metiers_certifications import read_certifications, read_mef, romes_of_diplomas

__all__ = [
    "SCHEMES",
    "Crosswalk",
    "build_crosswalk",
    "make_crosswalk",
    "read_certifications",
    "read_mef",
    "romes_of_diplomas",
]
