"""Why no question arises for a métier: nobody teaches it, nobody seeks it (at these hours), or others' hours."""

from __future__ import annotations

import numpy as np

from geo_access.diagnosis.model import OWN_HOURS
from geo_access.diagnosis.supply import Offers

__all__ = ["UNASKED", "unasked_causes"]

UNASKED = ("NOT_ASKED", "NOT_SOUGHT", "OTHER_HOURS", "OTHER_METIERS")
"""Causes of « sans objet » for a métier: of training, of jobs, of jobs at the hours of a schedule."""


def unasked_causes(offers: Offers, kind: str, schedule: str) -> np.ndarray:
    """Say for each métier why no question would arise where none does.

    Parameters
    ----------
    offers : Offers
        Of the hours asked.
    kind, schedule : str

    Returns
    -------
    ndarray of int64, shape (n_metiers,)
        Index into `UNASKED`.
    """
    found = np.full(len(offers.metiers), UNASKED.index("NOT_ASKED" if kind == "training" else "NOT_SOUGHT"))
    if kind == "job" and schedule != OWN_HOURS:
        if offers.named is not None:
            found[offers.named] = UNASKED.index("OTHER_HOURS")
        if offers.asked is not None:
            found[~offers.asked] = UNASKED.index("OTHER_METIERS")
    return found
