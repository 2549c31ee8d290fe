"""OSM files → street network: nodes, edges, and one directed graph per profile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from geo_access.crs import metric_epsg, metric_fault
from geo_access.errors import GeoAccessError
from geo_access.network.model import ModeGraph, Streets
from geo_access.network.streets.areas import Opened, open_areas, squares_of
from geo_access.network.streets.congestion import FREE_FLOW, congestion_at, with_congestion
from geo_access.network.streets.elevation import slope_factors
from geo_access.network.streets.ferries import ferry_lengths_m
from geo_access.network.streets.graphs import EdgeUse, mode_graph
from geo_access.network.streets.limits import ferry_s
from geo_access.network.streets.modes import PROFILES, Profile
from geo_access.network.streets.moment import rules_at, tag_notes
from geo_access.network.streets.rules import may_stop, street_class, visit_only, way_speeds_kmh
from geo_access.network.streets.split import Pieces, split_ways
from geo_access.network.streets.stress import RULESET, check_stress, stress_level
from geo_access.sources.osm import OsmWays, read_osm
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["MIN_ISLAND_NODES", "build_streets"]

MIN_ISLAND_NODES = 40
_WRONG_CRS = {
    "unknown": "network.epsg_unknown_alone",
    "degrees": "network.epsg_degrees_alone",
    "kind": "network.epsg_kind_alone",
    "unit": "network.epsg_unit_alone",
}


def _profiles(modes: Sequence[str]) -> list[Profile]:
    unknown = [mode for mode in modes if mode not in PROFILES]
    if unknown or not modes:
        raise refusal("streets.modes", modes=str(list(modes)), known=", ".join(PROFILES))
    return [PROFILES[mode] for mode in dict.fromkeys(modes)]


def _speeds_by_way(ways: OsmWays, profile: Profile) -> np.ndarray:
    """Speed along and against each way, float64 (n_ways, 2) [km/h]; 0 = closed."""
    by_tags = np.array([way_speeds_kmh(tags, profile) for tags in ways.tag_sets]).reshape(-1, 2)
    speeds = by_tags[ways.way_tags]
    timed = np.array(
        [street_class(tags) == "ferry" and ferry_s(tags.get("duration", "")) > 0 for tags in ways.tag_sets]
    )
    for way, length_m in ferry_lengths_m(ways, np.flatnonzero(timed[ways.way_tags])).items():
        speeds[way] = way_speeds_kmh(ways.tag_sets[ways.way_tags[way]], profile, length_m=length_m)
    return speeds


def _edge_lengths_m(xy: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    steps = np.zeros(len(xy))
    steps[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
    steps[indptr[:-1]] = 0.0
    return np.add.reduceat(steps, indptr[:-1])


def _closed_rows(ways: OsmWays, closed_ways: Collection[int]) -> np.ndarray:
    """Which ways nobody uses, bool (n_ways,)."""
    unknown = sorted(set(closed_ways) - set(ways.way_id.tolist()))
    if unknown:
        shown = ", ".join(str(way) for way in unknown[:5])
        raise refusal("network.closed_unknown", ways=shown)
    return np.isin(ways.way_id, np.array(sorted(closed_ways), dtype=np.int64))


def _wrong_crs(wrong: str, epsg: int, place: tuple[float, float]) -> GeoAccessError:
    """Make the refusal of a CRS that does not measure metres at a place."""
    if wrong == "far":
        return refusal("network.epsg_far", epsg=str(epsg), lon=f"{place[0]:.2f}", lat=f"{place[1]:.2f}")
    return refusal(_WRONG_CRS[wrong], epsg=str(epsg))


def _bare_streets(opened: Opened, pieces: Pieces, epsg: int) -> Streets:
    """Streets without graphs: everything that is measured once for all profiles."""
    from pyproj import Transformer  # noqa: PLC0415 — importing the room stays cheap

    ways = opened.ways
    transformer = Transformer.from_crs(4326, epsg, always_xy=True)
    xy = np.column_stack(transformer.transform(pieces.geometry_lonlat[:, 0], pieces.geometry_lonlat[:, 1]))
    if not np.isfinite(xy).all():
        raise refusal("streets.projection", epsg=str(epsg))
    node_xy = np.empty((len(pieces.node_id), 2))
    node_xy[pieces.source] = xy[pieces.geometry_indptr[:-1]]
    node_xy[pieces.target] = xy[pieces.geometry_indptr[1:] - 1]
    classes = [street_class(tags) for tags in ways.tag_sets]
    names = tuple(sorted(set(classes)))[:255]
    of_tags = np.array([names.index(name) if name in names else len(names) - 1 for name in classes], dtype=np.uint8)
    return Streets(
        epsg=epsg,
        node_id=pieces.node_id,
        node_x=np.ascontiguousarray(node_xy[:, 0]),
        node_y=np.ascontiguousarray(node_xy[:, 1]),
        edge_source=pieces.source,
        edge_target=pieces.target,
        edge_length_m=_edge_lengths_m(xy, pieces.geometry_indptr).astype(np.float32),
        edge_class=of_tags[ways.way_tags[pieces.way]],
        edge_way_id=ways.way_id[pieces.way],
        geometry_indptr=pieces.geometry_indptr,
        geometry_xy=xy,
        class_names=names,
        graphs={},
        edge_stops=np.array([may_stop(tags) for tags in ways.tag_sets], dtype=bool)[ways.way_tags[pieces.way]],
        edge_stress=np.array([stress_level(tags) for tags in ways.tag_sets], dtype=np.uint8)[ways.way_tags[pieces.way]],
        squares=squares_of(opened, pieces, transformer),
    )


def build_streets(
    osm_paths: str | Path | Iterable[str | Path],
    *,
    epsg: int | None = None,
    modes: Sequence[str] = ("walk", "bike", "car"),
    bbox_lonlat: tuple[float, float, float, float] | None = None,
    dem: str | Path | None = None,
    car_congestion: float | Mapping[int, float] = 1.0,
    hour: int | None = None,
    moment: dt.datetime | None = None,
    school_breaks: Sequence[tuple[dt.date, dt.date]] = (),
    min_island_nodes: int = MIN_ISLAND_NODES,
    closed_ways: Collection[int] = (),
    max_stress: int | None = None,
) -> Streets:
    """Build the street network of a territory.

    Parameters
    ----------
    osm_paths : path or iterable of paths
        ``.osm.pbf``, ``.osm``, ``.osm.bz2``.
    epsg : int, optional
        Metric CRS; by default the one of `geo_access.crs.metric_epsg` at the middle of the streets.
    modes : sequence of str
        Profiles of `geo_access.network.streets.modes.PROFILES`.
    bbox_lonlat : (west, south, east, north), optional
        Keep the ways with a node in this box [degree]; give it with its buffer.
    dem : path, optional
        Elevation raster [m]: walking then follows Tobler's function, cycling the slope speeds of
        `geo_access.network.streets.elevation`.
    car_congestion : float or mapping of int to float
        Factor on free-flow driving times, 1–10, or one by hour of the day: ``{7: 1.3, 8: 1.4}``. Said in the notes.
    hour : int, optional
        Hour that driving times are for, with factors by hour.
    moment : datetime.datetime, optional
        Day and time that conditional tags and opening hours are read for; without it they are counted, not applied.
    school_breaks : sequence of (datetime.date, datetime.date)
        First and last day of school holidays, for conditions about them.
    min_island_nodes : int
        Strongly connected parts with fewer nodes are left out, per mode; the largest part always stays.
    closed_ways : collection of int
        OSM ids of ways that nobody uses.
    max_stress : int, optional
        Cyclists use streets up to this level of traffic stress, 1 to 4 (`geo_access.network.streets.stress`).

    Returns
    -------
    Streets

    Raises
    ------
    InputError
        When a file, a mode or the box cannot be used.
    CoverageError
        When no street is left.
    """
    profiles = _profiles(modes)
    congestion_at(car_congestion, hour)
    check_stress(max_stress, modes)
    ways = read_osm(osm_paths, bbox_lonlat=bbox_lonlat)
    rules, read = rules_at(ways, moment, school_breaks=tuple(sorted(school_breaks)))
    opened = open_areas(replace(ways, tag_sets=read.tag_sets, areas=read.areas))
    ways = opened.ways
    closed = _closed_rows(ways, closed_ways)
    speeds = {profile.name: _speeds_by_way(ways, profile) for profile in profiles}
    for values in speeds.values():
        values[closed] = 0.0
    calm: list[Note] = []
    if max_stress is not None:
        stressed = np.array([stress_level(tags) > max_stress for tags in ways.tag_sets], dtype=bool)[ways.way_tags]
        n = int((stressed & (speeds["bike"] > 0).any(axis=1)).sum())
        speeds["bike"][stressed] = 0.0
        calm.append(note("streets.stress", n=n, level=str(max_stress), rules=RULESET))
    usable = np.zeros(len(ways.way_id), dtype=bool)
    for values in speeds.values():
        usable |= (values > 0).any(axis=1)
    special = np.array(
        list(ways.node_tags) + [item.via_node for item in ways.restrictions if not item.via_ways], dtype=np.int64
    )
    pieces = split_ways(ways, usable, special)
    middle = np.median(pieces.geometry_lonlat, axis=0)
    place = (float(middle[0]), float(middle[1]))
    if epsg is not None and (wrong := metric_fault(epsg) or (metric_fault(epsg, place) and "far")):
        raise _wrong_crs(wrong, epsg, place)
    bare = _bare_streets(opened, pieces, epsg if epsg is not None else metric_epsg(*place))
    over_or_under = [any(tags.get(key, "no") != "no" for key in ("bridge", "tunnel")) for tags in ways.tag_sets]
    crossing = np.array(over_or_under, dtype=bool)[ways.way_tags[pieces.way]]
    slopes, said = slope_factors(bare, dem, crossing=crossing)
    graphs: dict[str, ModeGraph] = {}
    notes: list[Note] = [*ways.notes, *read.notes, *opened.notes, *calm, *tag_notes(ways, profiles)]
    for profile in profiles:
        visit = np.array([visit_only(tags, profile) for tags in ways.tag_sets], dtype=bool)
        use = EdgeUse(
            speeds_kmh=speeds[profile.name][pieces.way],
            slope=slopes["walk" if profile.name.startswith("walk") else profile.name],
            visit=visit[ways.way_tags[pieces.way]],
        )
        graphs[profile.name], found = mode_graph(profile, use, bare, rules, min_island_nodes=min_island_nodes)
        notes += found
        if profile.name == "car":
            notes.append(FREE_FLOW)
    return with_congestion(replace(bare, graphs=graphs, notes=(*notes, *said)), car_congestion, hour=hour)
