"""What a time is made of: access, wait, ride, change, egress; worked out for the pairs asked, at one departure."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.network.model import Network, SparseTimes
from geo_access.routing.graphs import footpaths_of, forward_graph, graph_key
from geo_access.routing.legs import connect, mode_legs
from geo_access.routing.lines import Lines
from geo_access.routing.pareto import Route, routes_to, spread_from
from geo_access.routing.reasons import Reason
from geo_access.travel_times.core import timetable_of
from geo_access.travel_times.matrix import known_times, make_query
from geo_access.travel_times.points import read_points

__all__ = ["time_components"]

_MOST_RIDES = 8
_PARTS = ("access_s", "wait_s", "ride_s", "transfer_s", "egress_s", "rides")


def time_components(
    network: Network,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    depart: str,
    mode: str = "transit",
    max_minutes: float = 120,
    id_column: str = "id",
    **limits: Any,
) -> pd.DataFrame:
    """Split the earliest journey of every pair into its parts.

    Parameters
    ----------
    network : Network
    origins, destinations : geopandas.GeoDataFrame
        Points with ids.
    depart : str
        One moment, such as ``"08:00"``.
    mode : str
        A mode with transit.
    max_minutes : float
        Longest time of interest [min].
    id_column : str
    **limits
        Other fields of `Query`.

    Returns
    -------
    pandas.DataFrame
        One row per pair: ids, ``travel_time_s, access_s, wait_s, ride_s, transfer_s, egress_s`` [s], ``rides``,
        missing where there is no journey; ``reason`` says why. The parts add up to the time: `wait_s` is at home
        before the first vehicle, `transfer_s` all between getting off and the next departure. Without any vehicle all
        of it is `access_s`.

    Raises
    ------
    InputError
    """
    query = make_query(network, mode=mode, depart=depart, max_minutes=max_minutes, **limits)
    if query.depart is None or query.depart.count != 1:
        raise InputError("components belong to one departure → give depart='08:00', not a window")
    starts = read_points(origins, network, name="origins", id_column=id_column)
    ends = read_points(destinations, network, name="destinations", id_column=id_column)
    timetable, key = timetable_of(network), graph_key(query)
    graph, paths = forward_graph(timetable, key), footpaths_of(timetable, key)
    legs = connect(network, starts.xy, ends.xy, query, mode_legs(query))
    ready_s = query.depart.start_s
    reason = known_times(network, starts, ends, query).reason
    rows = []
    for o, origin in enumerate(starts.ids):
        spread = spread_from(
            graph, paths, _as_dict(legs.access, o), ready_s, max_s=query.max_s,
            max_rides=query.max_rides or _MOST_RIDES, min_transfer_s=query.min_transfer_s,
        )  # fmt: skip
        for d, destination in enumerate(ends.ids):
            routes = routes_to(spread, _as_dict(legs.egress, d))[:1]
            direct = int(legs.direct_s[o, d])
            parts: dict[str, int | None] = dict.fromkeys(("travel_time_s", *_PARTS))
            if direct <= query.max_s and not (routes and routes[0].arrive_s - ready_s < direct):
                parts = {**dict.fromkeys(_PARTS, 0), "travel_time_s": direct, "access_s": direct}
            elif routes:
                parts = _parts(routes[0], graph.lines, ready_s)
            rows.append({"origin_id": origin, "destination_id": destination, **parts})
    frame = pd.DataFrame(rows).astype(dict.fromkeys(("travel_time_s", *_PARTS), "Int32"))
    names = np.array([cause.name for cause in Reason], dtype=object)
    frame["reason"] = pd.Categorical(names[reason.ravel()], categories=list(names))
    return frame


def _as_dict(times: SparseTimes, row: int) -> dict[int, int]:
    stops, seconds = times.row(row)
    return {int(stop): int(s) for stop, s in zip(stops, seconds)}


def _parts(route: Route, lines: Lines, ready_s: int) -> dict[str, int | None]:
    board = np.array([lines.event_departure_s[ride.board] for ride in route.rides], dtype=int)
    off = np.array([lines.event_arrival_s[ride.off] for ride in route.rides], dtype=int)
    return {
        "travel_time_s": route.arrive_s - ready_s,
        "access_s": route.access_s,
        "wait_s": int(board[0]) - route.access_s - ready_s,
        "ride_s": int((off - board).sum()),
        "transfer_s": int((board[1:] - off[:-1]).sum()),
        "egress_s": route.egress_s,
        "rides": len(route.rides),
    }
