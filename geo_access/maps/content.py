"""What one map of one métier shows, gathered once for the screen and for paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.arrays import rows_of
from geo_access.errors import raise_faults
from geo_access.maps.palettes import provider_shapes, symbol_radius
from geo_access.network.model import Network, Streets
from geo_access.words.told import fault, refusal
from geo_access.words.words import text

__all__ = ["MapChange", "MapContent", "NetworkLayers", "Question", "network_layers"]

_MAIN_ROADS = ("motorway", "trunk", "primary", "secondary")
_QUESTION = ["profile", "kind", "schedule", "threshold"]
_COUNTED = ("residents", "qpv_residents", "job_seekers", "places", "openings")
# Symbols may cover this much of a map of a screen's size; an employer's symbol covers so much.
_COVERED_PX2 = 8000.0
_EMPLOYER_PX2 = 100.0
_ZONES_AT_FULL_WIDTH = 200


@dataclass(frozen=True, eq=False)
class NetworkLayers:
    """Lines to find one's way on a map without tiles.

    Attributes
    ----------
    lines : geopandas.GeoDataFrame
        Transit routes: ``name, route_type``, straight from stop to stop (EPSG:4326).
    stops : geopandas.GeoDataFrame
        Stops served that day: ``name`` (EPSG:4326).
    roads : geopandas.GeoDataFrame
        Main roads: ``rank`` 0 (motorway) to 3 (EPSG:4326).
    """

    lines: gpd.GeoDataFrame
    stops: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame


def _transit_lines(network: Network) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Routes as merged stop-to-stop lines, and the stops they call at."""
    table = network.timetable
    columns = {"name": np.array([], object), "route_type": np.array([], np.int16)}
    if table is None or not len(table.event_stop):
        empty = gpd.GeoDataFrame(columns, geometry=[], crs=network.epsg)
        return empty, empty[["name", "geometry"]]
    trip = rows_of(table.trip_indptr)
    today = table.trip_day[trip] == 0
    follows = (trip[1:] == trip[:-1]) & today[1:]
    a, b = np.asarray(table.event_stop[:-1])[follows], np.asarray(table.event_stop[1:])[follows]
    route = np.asarray(table.trip_route)[trip[1:][follows]]
    pairs = np.unique(np.column_stack([route, np.minimum(a, b), np.maximum(a, b)]), axis=0)
    pairs = pairs[pairs[:, 1] != pairs[:, 2]]
    xy = np.column_stack([table.stop_x, table.stop_y])
    hops = np.asarray(shapely.linestrings(np.stack([xy[pairs[:, 1]], xy[pairs[:, 2]]], axis=1)))
    routes = np.unique(pairs[:, 0])
    merged = [shapely.line_merge(shapely.multilinestrings(hops[pairs[:, 0] == r])) for r in routes]
    lines = gpd.GeoDataFrame(
        {"name": np.asarray(table.route_name)[routes], "route_type": np.asarray(table.route_type)[routes]},
        geometry=merged,
        crs=network.epsg,
    )
    served = np.unique(np.asarray(table.event_stop)[today])
    stops = gpd.GeoDataFrame(
        {"name": np.asarray(table.stop_name)[served]}, geometry=shapely.points(xy[served]), crs=network.epsg
    )
    return lines, stops


def _main_roads(network: Network) -> gpd.GeoDataFrame:
    """Collect the main roads, one line for each rank."""
    streets = network.streets
    ranks, shapes = [], []
    if isinstance(streets, Streets):
        line_of = rows_of(streets.geometry_indptr)
        names = [name.removesuffix("_link") for name in streets.class_names]
        for rank, wanted in enumerate(_MAIN_ROADS):
            classes = [i for i, name in enumerate(names) if name == wanted]
            edges = np.isin(streets.edge_class, classes)
            points = edges[line_of]
            if not points.any():
                continue
            _, index = np.unique(line_of[points], return_inverse=True)
            made = np.asarray(shapely.linestrings(np.asarray(streets.geometry_xy)[points], indices=index))
            shapes.append(shapely.simplify(shapely.line_merge(shapely.multilinestrings(made)), 20.0))
            ranks.append(rank)
    return gpd.GeoDataFrame({"rank": ranks}, geometry=shapes, crs=network.epsg)


def network_layers(network: Network) -> NetworkLayers:
    """Lines, stops and main roads of a network, once for all maps of a study.

    Parameters
    ----------
    network : Network

    Returns
    -------
    NetworkLayers
        Empty layers where the network has no timetable, or no streets.

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> len(network_layers(Network(2154, CrowFly(2154), None, {})).lines)
    0
    """
    lines, stops = _transit_lines(network)
    return NetworkLayers(lines.to_crs(4326), stops.to_crs(4326), _main_roads(network).to_crs(4326))


@dataclass(frozen=True, eq=False)
class Question:
    """One public at given hours under one threshold, with the level of each zone.

    Attributes
    ----------
    label : str
        For the reader.
    rows : pandas.DataFrame
        Flags, indexed by ``zone_id`` as text.
    key : tuple of str
        Profile, kind, schedule, threshold.
    """

    label: str
    rows: pd.DataFrame
    key: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class MapChange:
    """What a scenario changes, for the view « change » of a map.

    Attributes
    ----------
    name : str
        Of the scenario.
    zones : pandas.DataFrame
        Zones that move: ``metier, profile, kind, schedule, threshold, zone_id, share_before, share_after`` (0–1).
    """

    name: str
    zones: pd.DataFrame

    def points(self, metier: str, key: tuple[str, ...]) -> dict[str, float]:
        """Change of the share of residents by zone, under one question of a métier [percentage points]."""
        mine = self.zones[self.zones["metier"].astype(str) == metier]
        for column, value in zip(("profile", "kind", "schedule", "threshold"), key):
            mine = mine[mine[column].astype(str) == value]
        moved = (mine["share_after"].fillna(0.0) - mine["share_before"].fillna(0.0)) * 100
        return dict(zip(mine["zone_id"].astype(str).tolist(), moved.round(1).tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class MapContent:
    """Everything a map of one métier shows.

    Attributes
    ----------
    metier_code, metier_name : str
    territory : str
        Name of the place, for titles.
    zones : geopandas.GeoDataFrame
        ``zone_id, zone_name, zone_kind`` and polygons, any CRS.
    flags : pandas.DataFrame
        From `geo_access.diagnosis.flag.flag_zones`; rows of other métiers are left out here.
    bands : geopandas.GeoDataFrame, optional
        From `geo_access.surfaces.bands.isochrones`.
    band_ends : geopandas.GeoSeries, optional
        Parts of the outline of the farthest isochrone where the streets that were read end: drawn dashed.
    bands_label : str
        What the isochrones show, for instance « en transports en commun, arrivée à 8 h 30 ».
    bands_for : tuple of str
        Profile and kind that the isochrones answer for; over another question they are not drawn. Empty: over all.
    counts : pandas.DataFrame, optional
        ``minutes`` and what lies within each band: some of ``residents, qpv_residents, job_seekers, places,
        openings``, cumulative.
    training, employers : geopandas.GeoDataFrame, optional
        Tables of the study; rows of other métiers and rows without position are left out here.
    layers : NetworkLayers, optional
        From `network_layers`.
    changes : tuple of MapChange
        Scenarios of the study: each is one more thing that the colour may say.
    profile_names, schedule_names : mapping of str to str
        Names of the ids in `flags`.
    sources : tuple of str
        Sources and vintages, one line each.
    manifest_id : str
        Fingerprint of the study.
    synthetic, crow_fly : bool
        Said in large on the map.
    language : str
        ``fr`` or ``en``.

    Raises
    ------
    InputError
        When a table lacks a column or a layer does not say its CRS.
    """

    metier_code: str
    metier_name: str
    territory: str
    zones: gpd.GeoDataFrame
    flags: pd.DataFrame
    bands: gpd.GeoDataFrame | None = None
    band_ends: gpd.GeoSeries | None = None
    bands_label: str = ""
    bands_for: tuple[str, ...] = ()
    counts: pd.DataFrame | None = None
    training: gpd.GeoDataFrame | None = None
    employers: gpd.GeoDataFrame | None = None
    layers: NetworkLayers | None = None
    changes: tuple[MapChange, ...] = ()
    profile_names: Mapping[str, str] = field(default_factory=dict)
    schedule_names: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    manifest_id: str = ""
    synthetic: bool = False
    crow_fly: bool = False
    language: str = "fr"

    def __post_init__(self) -> None:
        """Check the tables' columns and their CRS."""
        needed = {
            "zones": (self.zones, ("zone_id", "zone_name", "zone_kind")),
            "flags": (self.flags, ("zone_id", "metier", "level", *_QUESTION)),
            "bands": (self.bands, ("minutes",)),
            "counts": (self.counts, ("minutes",)),
            "training": (self.training, ("site_id", "site_name", "provider_type", "metier", "places")),
            "employers": (self.employers, ("site_id", "site_name", "metier", "openings")),
        }
        faults = [
            fault(f"map: {name}", "map.no_column", column=column)
            for name, (table, columns) in needed.items()
            if table is not None
            for column in columns
            if column not in table.columns
        ]
        faults += [
            fault(f"map: {name}", "map.no_crs")
            for name, (table, _) in needed.items()
            if isinstance(table, gpd.GeoDataFrame) and table.crs is None
        ]
        raise_faults(faults)
        text("legend", self.language)

    @property
    def title(self) -> str:
        """Headline of the map."""
        return text("map.title", self.language, metier=self.metier_name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Warnings said in large: synthetic data, straight-line distances."""
        crow_fly = self.crow_fly or bool(self.bands is not None and self.bands.attrs.get("crow_fly"))
        said = (("synthetic", self.synthetic), ("crow_fly", crow_fly))
        return tuple(text(key, self.language) for key, holds in said if holds)

    def questions(self) -> list[Question]:
        """Publics, hours and thresholds under which the zones were flagged, in the order of the table."""
        return list(self._questions)

    @cached_property
    def _questions(self) -> tuple[Question, ...]:
        rows = self.flags[self.flags["metier"].astype(str) == self.metier_code]
        found = []
        for key, part in rows.groupby(_QUESTION, sort=False, observed=True, dropna=False):
            profile, kind, schedule, threshold = (str(item) for item in key)
            minutes = part["threshold_min"].iloc[0] if "threshold_min" in part else None
            limit = threshold if minutes is None else text("band", self.language, minutes=f"{minutes:g}")
            km = part["threshold_km"].iloc[0] if "threshold_km" in part else pd.NA
            if not pd.isna(km):
                limit = text("threshold.or_km", self.language, minutes=limit, km=f"{km:g}")
            words = [
                self.profile_names.get(profile, profile),
                text(f"kind.{kind}", self.language).lower(),
                self.schedule_names.get(schedule, schedule),
                limit,
            ]
            label = ", ".join(word for word in words if word)
            rows_by_zone = part.set_index(part["zone_id"].astype(str))
            found.append(Question(label[:1].upper() + label[1:], rows_by_zone, (profile, kind, schedule, threshold)))
        return tuple(found)

    def training_sites(self) -> gpd.GeoDataFrame:
        """Located sites of the métier, one row each with the sum of its places, largest first (EPSG:4326)."""
        return self._training_sites

    @cached_property
    def _training_sites(self) -> gpd.GeoDataFrame:
        return self._sites(self.training, "places", ("provider_type", "position_quality"))

    def employer_sites(self) -> gpd.GeoDataFrame:
        """Located employers of the métier, one row each with the sum of its openings (EPSG:4326)."""
        return self._employer_sites

    @cached_property
    def _employer_sites(self) -> gpd.GeoDataFrame:
        return self._sites(self.employers, "openings", ("shift_start", "shift_end", "position_quality"))

    def _sites(self, table: gpd.GeoDataFrame | None, count: str, kept: tuple[str, ...]) -> gpd.GeoDataFrame:
        columns = ["site_id", "site_name", count, *kept]
        if table is None:
            return gpd.GeoDataFrame({column: [] for column in columns}, geometry=[], crs=4326)
        geometry = table.geometry.to_numpy()
        located = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
        rows = table[located & (table["metier"].astype(str) == self.metier_code).to_numpy()].copy()
        rows["site_id"] = rows["site_id"].astype(str)
        present = [column for column in kept if column in rows]
        grouped = rows.groupby("site_id", sort=False, observed=True)
        sites = grouped[["site_name", *present]].first()
        sites[count] = grouped[count].sum()
        if "filled" in rows:
            # A sum of what nobody told is unknown, not nought.
            free = (rows[count] - rows["filled"]).clip(lower=0)
            sites["free_places"] = free.groupby(rows["site_id"], sort=False, observed=True).sum(min_count=1)
        shapes = grouped["geometry"].first()
        frame = gpd.GeoDataFrame(sites.reset_index(), geometry=shapes.to_numpy(), crs=table.crs).to_crs(4326)
        return frame.sort_values(count, ascending=False, kind="stable", ignore_index=True)

    def unlocated_places(self) -> int:
        """Places of the métier at sites whose position nobody gave."""
        if self.training is None:
            return 0
        geometry = self.training.geometry.to_numpy()
        lost = shapely.is_missing(geometry) | shapely.is_empty(geometry)
        rows = self.training[lost & (self.training["metier"].astype(str) == self.metier_code).to_numpy()]
        return int(rows["places"].fillna(0).sum())

    def symbol_scale(self) -> float:
        """Size of the symbols on a map of the whole territory: smaller where they would cover it, 0.3 to 1."""
        radii = np.array([symbol_radius(places) for places in self.training_sites()["places"].fillna(0)])
        covered_px2 = float(np.pi * (radii**2).sum()) + _EMPLOYER_PX2 * len(self.employer_sites())
        return float(np.clip((_COVERED_PX2 / max(covered_px2, 1.0)) ** 0.5, 0.3, 1.0))

    def crowding(self) -> float:
        """Width of the zones' borders on a map of the whole territory: thinner where zones are many, 0.2 to 1."""
        return float(np.clip((_ZONES_AT_FULL_WIDTH / max(len(self.zones), 1)) ** 0.5, 0.2, 1.0))

    def band_figures(self) -> tuple[tuple[str, ...], list[list[float]]]:
        """Columns of `counts` that have words, and their figures, a row for each band."""
        bands = self.ordered_bands()
        if self.counts is None or bands is None:
            return (), []
        columns = tuple(name for name in _COUNTED if name in self.counts.columns)
        known = self.counts.set_index("minutes")[list(columns)].reindex(bands["minutes"])
        return columns, known.to_numpy(np.float64).tolist()

    def shapes(self) -> dict[str, str]:
        """Symbol of each provider type, the same on all maps of a study; the commonest types get the plainest."""
        if self.training is None:
            return {}
        counts = self.training["provider_type"].dropna().astype(str).value_counts()
        return provider_shapes(sorted(counts.index, key=lambda kind: (-counts[kind], kind)))

    def ordered_zones(self) -> gpd.GeoDataFrame:
        """Zones that have an outline, large first: a quarter is drawn over its commune."""
        zones = self.zones[~shapely.is_missing(self.zones.geometry.to_numpy())]
        shapes = zones.geometry.to_numpy()
        mended = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
        zones = zones.set_geometry(gpd.GeoSeries(mended, index=zones.index, crs=zones.crs))
        size = shapely.area(zones.to_crs(3857).geometry.to_numpy())
        return zones.iloc[np.argsort(-size, kind="stable")]

    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east, north of zones and sites [degrees].

        Raises
        ------
        InputError
            When there is neither a zone nor a site to draw.
        """
        boxes = [self.zones.to_crs(4326).total_bounds]
        boxes += [sites.total_bounds for sites in (self.training_sites(), self.employer_sites()) if len(sites)]
        box = np.array(boxes)
        box = box[np.isfinite(box).all(axis=1)]
        if not len(box):
            raise refusal("map.nothing", code=self.metier_code)
        west, south = box[:, :2].min(axis=0)
        east, north = box[:, 2:].max(axis=0)
        return float(west), float(south), float(east), float(north)

    def ordered_bands(self) -> gpd.GeoDataFrame | None:
        """Bands by ascending cutoff; None when there is nothing to draw."""
        if self.bands is None or not len(self.bands) or self.bands.geometry.is_empty.all():
            return None
        return self.bands.sort_values("minutes", ignore_index=True)
