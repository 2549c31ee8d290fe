"""Lines, stops, trips and feeds by the names that people use, with the nearest ones where a name is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from geo_access.errors import Fault
from geo_access.network.model import Timetable
from geo_access.network.timetable.stops import plain_name
from geo_access.words.told import fault

__all__ = ["Finder", "line_index"]

_MOST_LISTED = 8


def _listed(names: Iterable[str]) -> str:
    shown = list(dict.fromkeys(names))
    more = f" (+{len(shown) - _MOST_LISTED})" if len(shown) > _MOST_LISTED else ""
    return ", ".join(shown[:_MOST_LISTED]) + more


def _nearest(wanted: str, names: Iterable[str]) -> str:
    known = {name.casefold(): name for name in names if name}
    near = difflib.get_close_matches(wanted.casefold(), list(known), n=4, cutoff=0.5)
    return _listed([known[name] for name in near] or sorted(known.values()))


def line_index(timetable: Timetable, name: str) -> list[int]:
    """Routes that are meant by an id, else by the name that is printed; several where it is ambiguous.

    Parameters
    ----------
    timetable : Timetable
    name : str

    Returns
    -------
    list of int
        Empty where there is none.
    """
    by_id = np.flatnonzero(timetable.route_id == name)
    if len(by_id):
        return by_id.tolist()
    printed = np.flatnonzero(timetable.route_name == name)
    if not len(printed):
        wanted = plain_name(name)
        printed = np.array(
            [k for k, other in enumerate(timetable.route_name) if wanted and plain_name(other) == wanted]
        )
    return [int(k) for k in printed]


@dataclass
class Finder:
    """Looks names up in a timetable and keeps what is wrong with them.

    Attributes
    ----------
    timetable : Timetable
    where : str
        Which edit asks.
    faults : list of Fault
    """

    timetable: Timetable
    where: str
    faults: list[Fault] = field(default_factory=list)

    def add(self, key: str, **values: object) -> None:
        """Keep a fault."""
        self.faults.append(fault(self.where, key, **values))

    def line(self, name: str) -> int | None:
        """Return the one route of that id or name that still has trips."""
        t = self.timetable
        found = line_index(t, name)
        if not found:
            self.add("edit.no_line", name=name, near=_nearest(name, [*t.route_name, *t.route_id]))
            return None
        if len(found) > 1:
            ids = _listed(f"{t.route_id[k]} ({t.route_feed[k]})" for k in found)
            self.add("edit.several_lines", name=name, n=len(found), ids=ids)
            return None
        if not (t.trip_route == found[0]).any():
            self.add("edit.line_without_trips", name=name)
            return None
        return found[0]

    def stop(self, name: str) -> list[int] | None:
        """Return the stop of that id, else the one of that name, with the copies that single trips call at."""
        t = self.timetable
        found = np.flatnonzero(t.stop_id == name)
        if not len(found):
            found = np.flatnonzero(t.stop_name == name)
        if not len(found):
            self.add("edit.no_stop", name=name, near=_nearest(name, [*t.stop_name, *t.stop_id]))
            return None
        ids = list(dict.fromkeys(t.stop_id[found].tolist()))
        if len(ids) > 1:
            self.add("edit.several_stops", name=name, n=len(ids), ids=_listed(map(str, ids)))
            return None
        return [int(k) for k in found]

    def trips(self, names: Sequence[str]) -> list[str]:
        """Return the trips of those ids; the id of the feed stands for all that ``frequencies.txt`` makes of it."""
        known = np.unique(self.timetable.trip_id)
        bare = np.array([str(name).rpartition("#")[0] if "#" in str(name) else "" for name in known], dtype=object)
        out: list[str] = []
        for name in dict.fromkeys(names):
            found = known[(known == name) | (bare == name)].tolist()
            if not found:
                self.add("edit.no_trip", name=name, near=_nearest(name, map(str, known)))
            out += [str(one) for one in found]
        return out

    def feed(self, name: str) -> bool:
        """Tell whether there is such a feed."""
        known = np.unique(self.timetable.route_feed).tolist()
        if name not in known:
            self.add("edit.no_feed", name=name, near=_listed(map(str, known)))
        return name in known
