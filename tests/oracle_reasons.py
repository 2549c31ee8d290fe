"""Why there is no time: the relaxed questions asked plainly."""

from __future__ import annotations

from tests.oracle import INF, Journeys, Walks


def why_none(
    journeys: Journeys,
    access: Walks,
    egress: Walks,
    asked: tuple[int, int],
    *,
    deadline: bool,
    max_s: int,
    any_rides: bool,
    idle: bool = False,
) -> str:
    """Why there is no time between the first and the last instant asked: one relaxed question after the other.

    `any_rides`: there is one without the limit on rides; `idle`: whoever arrives later than need be counts too.
    """
    near = {*access, *(leg[0] for leg in getattr(access, "legs", ()))}
    there = {*egress, *(leg[0] for leg in getattr(egress, "legs", ()))}
    if not near or not there:
        return "NO_STOP_WITHIN_WALK"
    calls = journeys.calls
    stops = {stop for stop, events in journeys.boards.items() if any(journeys.next[e] for e in events)}
    gets_off = {calls[e][0] for following in journeys.next.values() for e in following if calls[e][4]}
    if not stops & near or not gets_off & there:
        return "NO_SERVICE_THAT_DAY"
    if any_rides:
        return "TOO_MANY_RIDES"
    first, last = asked
    ends = {e: journeys.home(call[0], call[1], egress) for e, call in enumerate(calls) if call[4]}
    ends = {e: at for e, at in ends.items() if at < INF}
    moments = {leave for leave, _ in journeys.leaving(access)}
    met = [[ends[e] for e in journeys.rides(access, m) if e in ends] for m in moments]
    ever = [at for ats in met if ats for at in (ats if idle else [min(ats)])]
    if deadline:
        soon = any(first - max_s <= at <= last for at in ever)
    else:
        soon = any(e in ends for e in journeys.rides(access, first, last + max_s))
    return "OVER_CUTOFF" if soon else "NO_TRIP_IN_WINDOW" if ever else "DISCONNECTED"
