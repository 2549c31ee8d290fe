"""How far the search of changes goes, and what it says where it stops: so many were looked at, of so many.

A search that is bounded and does not say so would tell that nothing lifts a flag where nothing was tried. Each bound
is a value of `ServiceLimits`; each one that a search reaches is a `SearchBound`, with what lies beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import pandas as pd

if TYPE_CHECKING:
    from geo_access.diagnosis.diagnose import DiagnosedCase
    from geo_access.times.round_trip import Sites

__all__ = ["STEPS", "Proposed", "SearchBound", "ServiceLimits", "bounds_table", "cut"]

STEPS = (
    "situations",
    "connections_of_a_site",
    "sites_of_connections",
    "connections_counted",
    "held_connection",
    "trips_counted",
    "trip_on_a_line",
    "headway_on_a_line",
    "zones_to_extend_to",
    "sites_to_extend_to",
    "lines_to_extend",
    "extended_line",
    "applied",
    "service_plan",
    "session_plan",
)
"""Where a search may stop before its end, in the order in which it comes there."""

BOUND_COLUMNS = ("step", "looked_at", "found", "metiers", "site_id", "site_name")

Change = TypeVar("Change")


@dataclass(frozen=True)
class ServiceLimits:
    """How many changes of the service are tried for one question.

    Attributes
    ----------
    zones : int
        Zones × métiers with most residents who do not get there.
    held, trips, headways, extensions : int
        Changes of each kind that are computed anew.
    homes, sites : int
        Zones, and sites, that lines might be extended to.
    termini : int
        Lines that might be extended to each of them, those that end nearest.
    at_a_site : int
        Missed connections that are looked at for one site, those that ask for the shortest wait first.
    each_way : int
        The same in one direction, for all sites, those that most people lack first. Some 80 µs each.
    counted : int
        Connections, and trips, whose residents are counted one by one before the best are computed anew.
    planned : int
        Changes of a plan.
    """

    zones: int = 60
    held: int = 3
    trips: int = 4
    headways: int = 1
    extensions: int = 2
    homes: int = 12
    sites: int = 4
    termini: int = 2
    at_a_site: int = 1_500
    each_way: int = 30_000
    counted: int = 60
    planned: int = 3


@dataclass(frozen=True)
class SearchBound:
    """A bound that a search has reached.

    Attributes
    ----------
    step : str
        One of `STEPS`.
    looked_at, found : int
        How many were looked at, of how many there were.
    metiers : tuple of int
        Rows of the métiers for which it was sought.
    site : int
        Row of the site, −1 where it is of none.
    """

    step: str
    looked_at: int
    found: int
    metiers: tuple[int, ...] = ()
    site: int = -1


@dataclass(frozen=True, eq=False)
class Proposed(Generic[Change]):
    """Changes that are worth computing anew, and where their search stopped before its end.

    Attributes
    ----------
    changes : tuple
    bounds : tuple of SearchBound
    """

    changes: tuple[Change, ...] = ()
    bounds: tuple[SearchBound, ...] = ()


def cut(step: str, looked_at: int, found: int, metiers: Iterable[int], *, site: int = -1) -> tuple[SearchBound, ...]:
    """Return the bound of a step where it was reached, nothing where all was looked at.

    Examples
    --------
    >>> cut("trip_on_a_line", 4, 4, [0])
    ()
    >>> cut("trip_on_a_line", 4, 9, [0])[0].found
    9
    """
    return (SearchBound(step, looked_at, found, tuple(metiers), site),) if found > looked_at else ()


def bounds_table(bounds: Sequence[SearchBound], case: DiagnosedCase, sites: Sites) -> pd.DataFrame:
    """Tell the bounds that the searches of one question reached.

    Parameters
    ----------
    bounds : sequence of SearchBound
    case : DiagnosedCase
    sites : Sites
        Of the kind of the question.

    Returns
    -------
    DataFrame
        ``profile, kind, schedule, threshold, step, looked_at, found, metiers`` (codes with spaces between),
        ``site_id, site_name`` (empty where it is of no one site).
    """
    rows = []
    for item in bounds:
        codes = " ".join(case.offers.metiers[number].code for number in item.metiers)
        site = (str(sites.ids[item.site]), str(sites.names[item.site])) if item.site >= 0 else ("", "")
        rows.append((item.step, item.looked_at, item.found, codes, *site))
    table = pd.DataFrame(rows, columns=list(BOUND_COLUMNS))
    asked = {"profile": case.profile.id, "kind": case.kind, "schedule": case.schedule, "threshold": case.threshold.id}
    for at, (name, value) in enumerate(asked.items()):
        table.insert(at, name, value)
    return table
