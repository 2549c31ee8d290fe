"""Lines, stops, trips and feeds by the names that people use, with the nearest ones where a name is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from geo_access.clock import parse_clock
from geo_access.errors import Fault, InputError
from geo_access.network.model import Timetable
from geo_access.network.timetable.stops import plain_name
from geo_access.words.told import fault

__all__ = ["Finder", "line_index", "line_reference", "meant_lines"]

_MOST_LISTED = 8
# Stops of one name that lie farther from the first are other places.
_ONE_PLACE_M = 500.0


def _listed(names: Iterable[str]) -> str:
    shown = list(dict.fromkeys(names))
    more = f" (+{len(shown) - _MOST_LISTED})" if len(shown) > _MOST_LISTED else ""
    return ", ".join(shown[:_MOST_LISTED]) + more


def _nearest(wanted: str, names: Iterable[str]) -> str:
    known = {name.casefold(): name for name in names if name}
    # Of several feeds an id is found without its feed: it is as near without it.
    for name in list(known.values()):
        known.setdefault(name.partition(":")[2].casefold() or name.casefold(), name)
    near = difflib.get_close_matches(wanted.casefold(), list(known), n=4, cutoff=0.5)
    return _listed([known[name] for name in near] or sorted(set(known.values())))


def line_index(timetable: Timetable, name: str) -> list[int]:
    """Routes that are meant by an id, else by the name that is printed; several where it is ambiguous.

    Parameters
    ----------
    timetable : Timetable
    name : str
        An id as the feed has it, with ``feed:`` before it or not, or what is printed.

    Returns
    -------
    list of int
        Empty where there is none.
    """
    found = _by_id(name, timetable.route_id, timetable.route_feed)
    if not len(found):
        found = _printed(timetable, name)
    if not len(found):
        wanted = plain_name(name)
        found = np.array([k for k, other in enumerate(timetable.route_name) if wanted and plain_name(other) == wanted])
    return [int(k) for k in found]


def meant_lines(timetable: Timetable, name: str) -> list[int]:
    """Routes that somebody may mean: also those on which another line's id is printed.

    Parameters
    ----------
    timetable : Timetable
    name : str

    Returns
    -------
    list of int
        With ``feed:`` before an id it means that one alone.
    """
    found = line_index(timetable, name)
    if any(name == _with_feed(timetable.route_id[k], timetable.route_feed[k]) for k in found):
        return found
    return sorted({*found, *_printed(timetable, name).tolist()})


def line_reference(timetable: Timetable, line: int) -> str:
    """Return what names one line and no other: its id, with its feed before it where the id alone is not enough.

    Parameters
    ----------
    timetable : Timetable
    line : int

    Returns
    -------
    str
    """
    own = str(timetable.route_id[line])
    return own if meant_lines(timetable, own) == [line] else _with_feed(own, timetable.route_feed[line])


def _with_feed(own: str, feed: str) -> str:
    return own if own.startswith(f"{feed}:") else f"{feed}:{own}"


def _printed(timetable: Timetable, name: str) -> np.ndarray:
    return np.flatnonzero(timetable.route_name == name)


def _by_id(name: str, ids: np.ndarray, feeds: np.ndarray) -> np.ndarray:
    """Rows of an id: as it stands, or as its feed has it, without or with the feed's name before it."""
    found = np.flatnonzero(ids == name)
    if len(found):
        return found
    rows = [
        np.flatnonzero((ids == wanted) & (feeds == feed)) for feed in np.unique(feeds) for wanted in _ids(name, feed)
    ]
    return np.concatenate([found, *rows])


def _ids(name: str, feed: str) -> set[str]:
    """Ids by which a timetable may know what its feed calls by a name, or somebody by feed and name."""
    return {f"{feed}:{name}", name.removeprefix(f"{feed}:")}


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
        found = meant_lines(t, name)
        if not found:
            self.add("edit.no_line", name=name, near=_nearest(name, [*t.route_name, *t.route_id]))
            return None
        if len(found) > 1:
            ids = _listed(f"{line_reference(t, k)} ({t.route_feed[k]})" for k in found)
            self.add("edit.several_lines", name=name, n=len(found), ids=ids)
            return None
        if not (t.trip_route == found[0]).any():
            self.add("edit.line_without_trips", name=name)
            return None
        return found[0]

    def stop(self, name: str) -> list[int] | None:
        """Return the stop of that id, else the one of that name, with the copies that single trips call at."""
        t = self.timetable
        found = _by_id(name, t.stop_id, t.stop_feed)
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

    def place(self, name: str) -> list[int] | None:
        """Return the stop of that id, else all stops of that name that lie together: the platforms of a station."""
        t = self.timetable
        named = np.flatnonzero(t.stop_name == name)
        if len(_by_id(name, t.stop_id, t.stop_feed)) or len(named) < 2:
            return self.stop(name)
        gaps_m = np.hypot(t.stop_x[named] - t.stop_x[named[0]], t.stop_y[named] - t.stop_y[named[0]])
        return self.stop(name) if gaps_m.max() > _ONE_PLACE_M else [int(k) for k in named]

    def clock(self, text: str | None, default: int) -> int:
        """Return a clock text as seconds of the service day [s]; the default where there is none, or none that is."""
        if text is None:
            return default
        try:
            return parse_clock(text)
        except InputError:
            self.add("edit.clock", value=text)
            return default

    def span(self, start: str | None, end: str | None) -> tuple[int, int]:
        """Return a window of clock texts as seconds, open where one is not given [s]."""
        low, high = self.clock(start, -(2**31)), self.clock(end, 2**31)
        if high <= low:
            self.add("edit.empty_window", window=f"{start}–{end}")
        return low, high

    def trips(self, names: Sequence[str]) -> list[str]:
        """Return the trips of those ids; the id of the feed stands for all that ``frequencies.txt`` makes of it."""
        known = set(self.timetable.trip_id.tolist())
        generated: dict[str, list[str]] = {}
        for one in known:
            if "#" in one:
                generated.setdefault(one.rpartition("#")[0], []).append(one)
        feeds = np.unique(self.timetable.route_feed).tolist()
        out: list[str] = []
        for name in dict.fromkeys(names):
            as_written = {name} if name in known or name in generated else set()
            ids = as_written or {own for feed in feeds for own in _ids(name, feed) if own in known or own in generated}
            if not ids:
                self.add("edit.no_trip", name=name, near=_nearest(name, sorted(known)))
            if len(ids) > 1:
                self.add("edit.several_trips", name=name, n=len(ids), ids=_listed(sorted(ids)))
            found = {one for own in ids for one in (own, *generated.get(own, ())) if one in known}
            out += sorted(found)
        return out

    def feed(self, name: str) -> bool:
        """Tell whether there is such a feed."""
        known = np.unique(self.timetable.route_feed).tolist()
        if name not in known:
            self.add("edit.no_feed", name=name, near=_listed(map(str, known)))
        return name in known
