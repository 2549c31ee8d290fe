"""Which lines a public may ride."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo_access.errors import Fault, raise_faults
from geo_access.network.model import Timetable
from geo_access.network.timetable.naming import line_index
from geo_access.network.timetable.riders import KINDS, PARATRANSIT, SCHOOL
from geo_access.words.told import fault

__all__ = ["asked_kinds", "kind_faults", "open_routes"]


def kind_faults(line_kinds: Sequence[tuple[str, str]]) -> list[Fault]:
    """Return what is wrong with a list of lines and kinds, whatever the timetable."""
    known = ", ".join(KINDS)
    return [
        fault(f"line_kinds: {line}", "riders.kind", kind=kind, known=known)
        for line, kind in line_kinds
        if kind not in KINDS
    ]


def asked_kinds(timetable: Timetable, line_kinds: Sequence[tuple[str, str]] = ()) -> np.ndarray:
    """Tell who each route is for: as the feed lets think, unless one is told otherwise.

    Parameters
    ----------
    timetable : Timetable
    line_kinds : sequence of (str, str)
        As `open_routes`.

    Returns
    -------
    ndarray of uint8, shape (n_routes,)
        `EVERYONE`, `SCHOOL` or `PARATRANSIT` of `network.timetable.riders`.

    Raises
    ------
    InputError
        With every line that the timetable does not have, and every kind that is unknown.

    Examples
    --------
    >>> from geo_access.network.build import build_network
    >>> rail = build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3).timetable
    >>> set(asked_kinds(rail).tolist())
    {0}
    """
    n = len(timetable.route_id)
    kind = timetable.route_kind.copy() if len(timetable.route_kind) == n else np.zeros(n, dtype=np.uint8)
    faults = kind_faults(line_kinds)
    for line, name in line_kinds:
        found = line_index(timetable, line)
        if not found:
            faults.append(fault(f"line_kinds: {line}", "riders.no_line", line=line))
        kind[found] = KINDS.get(name, 0)
    raise_faults(faults)
    return kind


def open_routes(
    timetable: Timetable, *, school_lines: bool, paratransit: bool, line_kinds: Sequence[tuple[str, str]] = ()
) -> np.ndarray:
    """Tell the routes that a public may ride.

    Parameters
    ----------
    timetable : Timetable
    school_lines : bool
        Whether lines for pupils count.
    paratransit : bool
        Whether lines for people with a disability count.
    line_kinds : sequence of (str, str)
        Lines, by id or printed name, and what they are instead of what the feed lets think: ``everyone``, ``school`` or
        ``paratransit``.

    Returns
    -------
    ndarray of bool, shape (n_routes,)

    Raises
    ------
    InputError
        With every line that the timetable does not have, and every kind that is unknown.

    Examples
    --------
    >>> from geo_access.network.build import build_network
    >>> rail = build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3).timetable
    >>> line = str(rail.route_name[0])
    >>> open_routes(rail, school_lines=False, paratransit=False, line_kinds=((line, "school"),)).tolist()[0]
    False
    """
    kind = asked_kinds(timetable, line_kinds)
    ridden: np.ndarray = (school_lines | (kind != SCHOOL)) & (paratransit | (kind != PARATRANSIT))
    return ridden
