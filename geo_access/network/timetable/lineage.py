"""What an edited timetable keeps of the one it was made from: trips known as the same without comparing them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo_access.network.model import Timetable

__all__ = ["Lineage", "descended", "lineage_of"]

_LINEAGE = "lineage"


@dataclass(frozen=True, eq=False)
class Lineage:
    """Where the trips of a timetable come from.

    Attributes
    ----------
    root : Timetable
        The first one: as it was built, before any edit.
    trip : ndarray of int64, shape (n_trips,)
        Trip of the root that each trip is, call by call; −1 for a new one.
    """

    root: Timetable
    trip: np.ndarray


def lineage_of(timetable: Timetable) -> Lineage:
    """Return where the trips of a timetable come from: of itself, unless an edit made it.

    Parameters
    ----------
    timetable : Timetable

    Returns
    -------
    Lineage
    """
    known: Lineage | None = timetable.__dict__.get(_LINEAGE)
    return Lineage(timetable, np.arange(timetable.n_trips)) if known is None else known


def descended(after: Timetable, before: Timetable, trip: np.ndarray | None = None) -> Timetable:
    """Note that a timetable was made from another one.

    Parameters
    ----------
    after, before : Timetable
    trip : ndarray of int64, shape (n_trips,), optional
        Trip of `before` that each trip of `after` is, −1 for a new one; the same ones by default.

    Returns
    -------
    Timetable
        `after`.
    """
    known = lineage_of(before)
    # The last entry stands for a new trip: also where every trip was taken out before.
    source = known.trip if trip is None else np.append(known.trip, -1)[trip]
    after.__dict__[_LINEAGE] = Lineage(known.root, source)
    return after
