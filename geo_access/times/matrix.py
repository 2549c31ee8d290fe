"""`travel_times`: every origin to every destination, each pair with a time or a reason.

What a time is made of: access, wait, ride, change, egress; worked out for the pairs asked, at one departure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.given import Reading, finite, read_number, read_truth
from geo_access.manifest import Manifest
from geo_access.network.model import Network, Timetable
from geo_access.network.streets.congestion import car_notes
from geo_access.routing.asked import Asking, ClockLike, Limits, MinutesLike, WindowLike, make_query
from geo_access.routing.causes import Reason
from geo_access.routing.exits import access_at, direct_at, exits_of
from geo_access.routing.graphs import footpaths_of, forward_graph, graph_key
from geo_access.routing.legs import connect, mode_legs
from geo_access.routing.lines import Lines
from geo_access.routing.pareto import Route, routes_to, spread_from
from geo_access.routing.query import Query
from geo_access.times.address import Address, Place, place_of
from geo_access.times.checked import known_times, network_sha256
from geo_access.times.core import timetable_of
from geo_access.times.points import Points, read_points
from geo_access.times.result import Asked, TravelTimes
from geo_access.times.stream import StreamedTimes, Streaming, WriteParts, check_capacity, reduce_blocks, write_blocks
from geo_access.times.tiles import Tile, Tiling, WriteTiles, write_tiles
from geo_access.words.told import refusal

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["manifest_of", "time_components", "travel_times"]


def manifest_of(network: Network, query: Query, *layers: tuple[str, Points]) -> Manifest:
    """Return the provenance of a run on a network."""
    extra: dict[str, Any] = {"epsg": network.epsg}
    if network.timetable is not None:
        extra["service_day"] = network.timetable.day
    inputs = dict(network.inputs)
    for name, points in layers:
        digest = hashlib.sha256(np.ascontiguousarray(points.xy).tobytes())
        digest.update("\0".join(map(str, points.ids)).encode())
        inputs[name] = digest.hexdigest()
    warnings = (*network.warnings, *car_notes(network.streets, query.mode))
    return Manifest(inputs, asdict(query), warnings, extra)


class _TimesAsked(Asking, total=False):
    """Options of `travel_times` whatever becomes of its pairs."""

    id_column: str
    memory_gb: float
    progress: bool


class _StreamAsked(_TimesAsked, total=False):
    """Options of `travel_times` when its pairs go to a folder."""

    tile_km: float | None
    client: Client | None


@overload
def travel_times(
    network: Network,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame | None = None,
    *,
    sink: None = None,
    reduce: None = None,
    **asked: Unpack[_TimesAsked],
) -> TravelTimes: ...
@overload
def travel_times(
    network: Network,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame | None = None,
    *,
    sink: str | Path,
    reduce: None = None,
    **asked: Unpack[_StreamAsked],
) -> StreamedTimes: ...
@overload
def travel_times(
    network: Network,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame | None = None,
    *,
    sink: None = None,
    reduce: Callable[[TravelTimes], Any],
    **asked: Unpack[_TimesAsked],
) -> Any: ...
def travel_times(
    network: Network,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame | None = None,
    *,
    mode: str | Sequence[str] = "transit",
    depart: WindowLike | None = None,
    arrive: WindowLike | None = None,
    earliest: ClockLike | None = None,
    percentiles: float | Sequence[float] = (50,),
    max_minutes: MinutesLike = 120,
    day: date | str | None = None,
    id_column: str = "id",
    sink: str | Path | None = None,
    reduce: Callable[[TravelTimes], Any] | None = None,
    memory_gb: float = 4.0,
    progress: bool = False,
    tile_km: float | None = None,
    client: Client | None = None,
    **limits: Unpack[Limits],
) -> Any:
    """Door-to-door times between all origins and all destinations; no pair is ever lost.

    Parameters
    ----------
    network : Network
    origins, destinations : geopandas.GeoDataFrame
        Points with ids, any declared CRS; the origins themselves when no destinations are given.
    mode : str, Mode or sequence of str
        ``walk``, ``bike``, ``car``, ``transit``, ``bike+transit`` … (`Mode`); ``["WALK", "TRANSIT"]`` is read too.
    depart, arrive : str, time, datetime, Window or pair of them, optional
        ``"08:00"``, ``"07:00-09:00"`` or ``("07:00", "09:00")``; a mode with transit needs exactly one of them.
    earliest : str, time, datetime or int, optional
        Earliest departure of an arrive-by query; an int is seconds of the service day.
    percentiles : int or sequence of int
        Of the times over the window.
    max_minutes : float or timedelta
        Longest door-to-door time of interest [min].
    day : date or str, optional
        The service day meant; refused when the network holds another.
    id_column : str
    sink : str or Path, optional
        Folder to write the pairs to, in parts; a run that was interrupted goes on where it stopped. A string like
        ``s3://bucket/times`` is an address of an object store, read and written through `fsspec`.
    reduce : callable, optional
        Called with the `TravelTimes` of each block of origins; only its results are kept.
    memory_gb : float
        Refuse a matrix above this size [GB]; with `sink` or `reduce`, hold no more than this beside the network.
    progress : bool
        Show a progress bar while writing or reducing.
    tile_km : float, optional
        With `sink`: compute by tiles of this side [km], for a territory where most pairs are far apart. Pairs that
        cannot be within `max_minutes` even if nobody ever waits get no row, and are counted in the notes; all others
        have the row they have without tiles. The side changes memory and time, and not one byte.
    client : distributed.Client, optional
        With `sink`: the workers of its scheduler compute and write the parts, the same bytes whatever their number.
        They must see the folder, and beside it ``<sink>-network``, where the network is saved for them.
    **limits
        Other fields of `Query`: ``walk_kmh``, ``max_access_s``, ``max_rides`` …

    Returns
    -------
    TravelTimes, or StreamedTimes with `sink`, or the joined results of `reduce`

    Raises
    ------
    InputError, ServiceDateError, CoverageError, CapacityError

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> from shapely import Point
    >>> places = gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=[Point(0, 0), Point(600, 0)], crs=2154)
    >>> result = travel_times(Network(2154, CrowFly(2154, detour=1.0), None, {}), places, mode="walk", walk_kmh=3.6)
    >>> result.at(50).tolist()
    [[0.0, 600.0], [600.0, 0.0]]
    """
    query = make_query(
        network,
        mode=mode,
        depart=depart,
        arrive=arrive,
        earliest=earliest,
        percentiles=percentiles,
        max_minutes=max_minutes,
        day=day,
        **limits,
    )
    read = Reading()
    memory_gb = read("memory_gb", read_number, memory_gb, name="memory_gb", above=0, example="4")
    progress = read("progress", read_truth, progress, name="progress")
    place = None if sink is None else read("sink", place_of, sink)
    read.finish()
    _check_outlet(place, reduce, tile_km, client)
    starts = read_points(origins, network, name="origins", id_column=id_column)
    ends = (
        starts if destinations is None else read_points(destinations, network, name="destinations", id_column=id_column)
    )
    manifest = manifest_of(network, query, ("origins", starts), ("destinations", ends))

    asked = Asked(network, starts, ends)

    def between(block: Points, others: Points) -> TravelTimes:
        times = known_times(network, block, others, query, around=tile_km is not None)
        return TravelTimes(
            block.ids, others.ids, query, times.seconds, times.reason, times.feasible_share, manifest, asked
        )

    def compute(block: Points) -> TravelTimes:
        return between(block, ends)

    streaming = Streaming(compute, starts, len(ends.ids), query, memory_gb, progress)
    if place is not None:
        # The same files make other networks with edits, modes or speeds: a folder belongs to the arrays themselves.
        manifest = replace(manifest, extra={**manifest.extra, "network_sha256": network_sha256(network)})
        if tile_km is not None:
            tiling = Tiling(between, network, starts, ends, query, tile_km, memory_gb, progress)
            tiled = None if client is None else _tiles_by_workers(client, network, ends, query, place)
            return write_tiles(tiling, manifest, place, elsewhere=tiled)
        elsewhere = None if client is None else _by_workers(client, network, ends, query, place)
        return write_blocks(streaming, manifest, place, elsewhere=elsewhere)
    if reduce is not None:
        return reduce_blocks(streaming, reduce)
    check_capacity(len(starts.ids), len(ends.ids), query, memory_gb=memory_gb)
    return compute(starts)


def _check_outlet(sink: Place | None, reduce: object, tile_km: object, client: object) -> None:
    """Refuse what becomes of the pairs in two ways, or in none that there is."""
    if sink is not None and reduce is not None:
        raise refusal("times.sink_and_reduce")
    if reduce is not None and not callable(reduce):
        raise refusal("given.function", value=repr(reduce))
    if tile_km is not None and (sink is None or not (finite(tile_km) or 0) > 0):
        raise refusal("times.tile_km", value=repr(tile_km))
    if client is not None and not hasattr(client, "scheduler_info"):
        raise refusal("given.client", given=type(client).__name__)
    if client is not None and sink is None:
        raise refusal("cluster.no_sink")


def _by_workers(client: Client, network: Network, ends: Points, query: Query, sink: Place) -> WriteParts:
    """Let the workers of a scheduler compute and write the parts."""
    from geo_access.times.cluster import Part, Workers  # noqa: PLC0415 — an extra

    def written(blocks: list[Points], files: list[Place], ids_kept: bool) -> Iterator[tuple[int, dict[str, Any]]]:
        if not blocks:
            return iter(())
        workers = Workers(client, _beside(sink))
        parts = [Part(block, file.resolve()) for block, file in zip(blocks, files, strict=True)]
        return workers.write_parts(network, parts, ends, query, ids_kept=ids_kept)

    return written


def _tiles_by_workers(client: Client, network: Network, ends: Points, query: Query, sink: Place) -> WriteTiles:
    """Let the workers of a scheduler compute tiles and write their parts."""
    from geo_access.times.cluster import Workers  # noqa: PLC0415 — an extra

    def written(tiles: list[Tile], ids_kept: bool) -> Iterator[tuple[int, dict[str, Any]]]:
        if not tiles:
            return iter(())
        workers = Workers(client, _beside(sink))
        seen = [
            replace(tile, parts=tuple(replace(part, file=part.file.resolve()) for part in tile.parts)) for tile in tiles
        ]
        return workers.write_tiles(network, seen, ends, query, ids_kept=ids_kept)

    return written


def _beside(sink: Place) -> Place:
    """Return the folder in which workers find the network."""
    if isinstance(sink, Address):
        return sink.beside("-network")
    folder = sink.resolve()
    return folder.with_name(f"{folder.name}-network")


_MOST_RIDES = 8
_PARTS = ("access_s", "wait_s", "ride_s", "transfer_s", "egress_s", "rides")


def time_components(
    network: Network,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    depart: WindowLike,
    mode: str | Sequence[str] = "transit",
    max_minutes: MinutesLike = 120,
    id_column: str = "id",
    **limits: Unpack[Limits],
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
        raise refusal("times.components")
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
            graph,
            paths,
            access_at(legs.access, o, ready_s),
            ready_s,
            max_s=query.max_s,
            max_rides=query.max_rides or _MOST_RIDES,
            min_transfer_s=query.min_transfer_s,
        )
        for d, destination in enumerate(ends.ids):
            routes = routes_to(spread, exits_of(legs.egress, d))[:1]
            direct = int(legs.direct_s[o, d])
            if (booked := direct_at(legs.access, o, d, ready_s)) is not None:
                direct = min(direct, booked[0] - ready_s)
            parts: dict[str, int | None] = dict.fromkeys(("travel_time_s", *_PARTS))
            if direct <= query.max_s and not (routes and routes[0].arrive_s - ready_s < direct):
                parts = {**dict.fromkeys(_PARTS, 0), "travel_time_s": direct, "access_s": direct}
            elif routes:
                parts = _parts(routes[0], timetable, graph.lines, ready_s)
            rows.append({"origin_id": origin, "destination_id": destination, **parts})
    frame = pd.DataFrame(rows).astype(dict.fromkeys(("travel_time_s", *_PARTS), "Int32"))
    names = np.array([cause.name for cause in Reason], dtype=object)
    frame["reason"] = pd.Categorical(names[reason.ravel()], categories=list(names))
    return frame


def _parts(route: Route, timetable: Timetable, lines: Lines, ready_s: int) -> dict[str, int | None]:
    boarded = np.array([ride.board for ride in route.rides], dtype=int)
    board = lines.event_departure_s[boarded] + timetable.charged_s(lines.event_source[boarded])
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
