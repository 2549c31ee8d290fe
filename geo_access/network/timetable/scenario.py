"""What if: changes to the service applied in order to a network, each recorded in its warnings.

An edit changes the service, not one day's list: it holds on the evening before and the morning after as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo_access.clock import parse_clock
from geo_access.errors import raise_faults
from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.edits import (
    AddLine,
    AddTrip,
    CloseFeed,
    CloseLine,
    CloseStop,
    DivertLine,
    Edit,
    ExtendLine,
    HoldConnection,
    RemoveTrips,
    RepeatTrip,
    ReplaceFeed,
    SetHeadway,
    ShiftTrips,
)
from geo_access.network.timetable.feeds import close_feed, replace_feed
from geo_access.network.timetable.held import hold_connection
from geo_access.network.timetable.lineage import descended
from geo_access.network.timetable.naming import Finder
from geo_access.network.timetable.paths import add_line, divert_line, extend_line, with_route
from geo_access.network.timetable.service import ServiceTrip, put_in, seated_again, service_trips, take_out
from geo_access.network.timetable.validity import validate_timetable
from geo_access.words.note import note
from geo_access.words.told import fault, refusal

__all__ = ["apply_edits"]

_DAY_MIN = 1440


def apply_edits(network: Network, edits: Sequence[Edit]) -> Network:
    """Apply changes to the service in order; the network given stays as it is.

    Parameters
    ----------
    network : Network
        With a timetable.
    edits : sequence of Edit
        See `geo_access.network.timetable.edits`.

    Returns
    -------
    Network
        Shares the streets, and every array that no edit touches; one warning per edit. Changes of vehicle, seats kept
        and walks to new stops are those of the edited service.

    Raises
    ------
    InputError
        With everything that is wrong with the edits: names that are unknown (the nearest ones are told) or ambiguous,
        vehicles that would go back in time, edits that contradict those before them, a service of which nothing is
        left.

    Examples
    --------
    >>> from geo_access.network.build import build_network
    >>> rail = build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3)
    >>> line = str(rail.timetable.route_name[0])
    >>> str(apply_edits(rail, [SetHeadway(line, 30, "05:00", "22:00")]).warnings[-1])
    'scenario: line R1 runs every 30 min in 05:00–22:00'
    """
    edits = tuple(edits)
    if not edits:
        return network
    if network.timetable is None:
        raise_faults([fault("edits", "edit.no_timetable")])
    faults = []
    for number, edit in enumerate(edits, start=1):
        finder = Finder(_timetable(network), f"edits: {number}. {type(edit).__name__}")
        changed = _applied(network, edit, finder)
        if not finder.faults and changed.timetable is not None and not changed.timetable.n_trips:
            finder.add("edit.nothing_left")
        faults += finder.faults
        if not finder.faults:
            network = changed
    raise_faults(faults)
    validate_timetable(_timetable(network))
    return network


def _timetable(network: Network) -> Timetable:
    if network.timetable is None:
        raise refusal("no_timetable_gtfs")
    return network.timetable


def _applied(network: Network, edit: Edit, finder: Finder) -> Network:
    """Return the network after one edit; as it was where the finder has faults."""
    timetable = _timetable(network)
    if isinstance(edit, ReplaceFeed):
        network = replace_feed(network, edit, finder)
        changed = _timetable(network)
    elif isinstance(edit, CloseFeed):
        changed = close_feed(timetable, edit.feed, finder)
    elif isinstance(edit, AddLine | ExtendLine | DivertLine):
        by_path = {AddLine: add_line, ExtendLine: extend_line, DivertLine: divert_line}
        changed = by_path[type(edit)](timetable, edit, network.streets, finder)  # type: ignore[operator]
    elif isinstance(edit, HoldConnection):
        changed = hold_connection(timetable, edit, finder)
    else:
        changed = _trips_changed(timetable, edit, finder)
    if finder.faults:
        return network
    changed, lost = seated_again(timetable, changed)
    said = [edit.describe(), *([note("edit.unseated", n=lost)] if lost else [])]
    changed = descended(replace(changed, notes=(*changed.notes, *said)), changed)
    return replace(network, timetable=changed, warnings=(*network.warnings, *said))


def _trips_changed(
    timetable: Timetable,
    edit: RemoveTrips | CloseLine | CloseStop | AddTrip | RepeatTrip | ShiftTrips | SetHeadway,
    finder: Finder,
) -> Timetable:
    if isinstance(edit, RemoveTrips):
        return take_out(timetable, _chosen(timetable, edit, finder).drawn)
    if isinstance(edit, CloseLine):
        line = finder.line(edit.line)
        return timetable if line is None else take_out(timetable, timetable.trip_route == line)
    if isinstance(edit, CloseStop):
        return _close_stop(timetable, edit, finder)
    if isinstance(edit, AddTrip):
        return _add_trip(timetable, edit, finder)
    if isinstance(edit, RepeatTrip):
        return _repeat_trip(timetable, edit, finder)
    if isinstance(edit, ShiftTrips):
        return _shift_trips(timetable, edit, finder)
    return _set_headway(timetable, edit, finder)


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Trips that an edit names: once each, and all that is drawn of them."""

    trips: list[ServiceTrip]
    drawn: np.ndarray


def _chosen(timetable: Timetable, edit: RemoveTrips | ShiftTrips | SetHeadway, finder: Finder) -> _Chosen:
    names = () if isinstance(edit, SetHeadway) else edit.trip_ids
    low, high = finder.span(edit.start, edit.end)
    if bool(names) == (edit.line is not None):
        finder.add("edit.which_trips")
    line = finder.line(edit.line) if edit.line is not None and not names else None
    wanted = finder.trips(names)
    if finder.faults:
        return _Chosen([], np.zeros(timetable.n_trips, dtype=bool))
    mine = timetable.trip_route == line if line is not None else np.isin(timetable.trip_id, np.array(wanted, dtype=str))
    trips = [trip for trip in service_trips(timetable, mine) if low <= trip.departure_s[0] < high]
    if not trips:
        finder.add("edit.no_trip_in_window", line=edit.line or ", ".join(names), window=f"{edit.start}–{edit.end}")
    # A trip that an edit before lets run at other times on another day may be in the window on one day alone.
    on_days = {(trip.trip_id, day) for trip in trips for day in trip.days}
    drawn = np.zeros(timetable.n_trips, dtype=bool)
    for row in np.flatnonzero(mine).tolist():
        drawn[row] = (str(timetable.trip_id[row]), int(timetable.trip_day[row])) in on_days
    return _Chosen(trips, drawn)


def _close_stop(timetable: Timetable, edit: CloseStop, finder: Finder) -> Timetable:
    stops = finder.stop(edit.stop)
    if stops is None:
        return timetable
    shut = np.isin(timetable.event_stop, stops)
    return replace(timetable, event_board=timetable.event_board & ~shut, event_alight=timetable.event_alight & ~shut)


def _add_trip(timetable: Timetable, edit: AddTrip, finder: Finder) -> Timetable:
    if edit.trip_id in set(timetable.trip_id.tolist()):
        finder.add("edit.known_already", name=edit.trip_id)
    if len(edit.calls) < 2:
        finder.add("edit.few_stops", what=edit.trip_id)
    stops = [finder.stop(stop) for stop, _ in edit.calls]
    times = tuple(finder.clock(at, 0) for _, at in edit.calls)
    if not finder.faults and list(times) != sorted(times):
        finder.add("edit.backwards", what=edit.trip_id)
    timetable, route = with_route(timetable, edit.line, edit.route_type, finder)
    if finder.faults or route is None:
        return timetable
    calls = tuple(stop[0] for stop in stops if stop is not None)
    everywhere = (True,) * len(calls)
    head = str(timetable.stop_name[calls[-1]])
    return put_in(timetable, [ServiceTrip(edit.trip_id, head, route, calls, times, times, everywhere, everywhere)])


def _repeat_trip(timetable: Timetable, edit: RepeatTrip, finder: Finder) -> Timetable:
    names = finder.trips([edit.trip_id])
    start_s = finder.clock(edit.start, 0)
    if finder.faults:
        return timetable
    copies = _copies(service_trips(timetable, timetable.trip_id == names[0]), start_s)
    if copies[0].trip_id in set(timetable.trip_id.tolist()):
        finder.add("edit.known_already", name=copies[0].trip_id)
    return put_in(timetable, copies)


def _copies(trips: Sequence[ServiceTrip], start_s: int) -> list[ServiceTrip]:
    """Copy a trip, for those who book and those who do not, to leave at a moment."""
    label = f"+{start_s // 3600:02d}{start_s // 60 % 60:02d}" + (f"{start_s % 60:02d}" if start_s % 60 else "")
    # It leaves at an hour that is known, whatever the copied one did.
    known = [replace(trip, wait_s=0) for trip in trips]
    return [trip.moved(start_s - trip.departure_s[0], trip_id=f"{trip.trip_id}{label}") for trip in known]


def _shift_trips(timetable: Timetable, edit: ShiftTrips, finder: Finder) -> Timetable:
    if not 0 < abs(edit.minutes) <= _DAY_MIN:
        finder.add("edit.shift", minutes=edit.minutes)
    chosen = _chosen(timetable, edit, finder)
    if finder.faults:
        return timetable
    moved = [trip.moved(round(edit.minutes * 60)) for trip in chosen.trips]
    return put_in(take_out(timetable, chosen.drawn), moved)


def _set_headway(timetable: Timetable, edit: SetHeadway, finder: Finder) -> Timetable:
    if not 1 <= edit.headway_min <= _DAY_MIN:
        finder.add("edit.headway", minutes=edit.headway_min)
    chosen = _chosen(timetable, edit, finder)
    if finder.faults:
        return timetable
    start_s, end_s = parse_clock(edit.start), parse_clock(edit.end)
    by_name: dict[str, list[ServiceTrip]] = {}
    for trip in chosen.trips:
        by_name.setdefault(trip.trip_id, []).append(trip)
    new: list[ServiceTrip] = []
    for day in (-1, 0, 1):
        patterns: dict[tuple[int, ...], list[list[ServiceTrip]]] = {}
        for copies in by_name.values():
            if any(day in trip.days for trip in copies):
                patterns.setdefault(copies[0].stops, []).append(copies)
        most = max((len(members) for members in patterns.values()), default=0)
        for members in patterns.values():
            middle = sorted(members, key=lambda copies: copies[0].departure_s[0])[len(members) // 2]
            step = max(1, round(edit.headway_min * 60 * most / len(members)))
            that_day = [replace(trip, days=(day,)) for trip in middle if day in trip.days]
            new += [trip for at in range(start_s, end_s, step) for trip in _copies(that_day, at)]
    return put_in(take_out(timetable, chosen.drawn), new)
