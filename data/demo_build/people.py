"""Zones that tile the territory, priority districts inside them, and the populated 200 m cells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from demo_build import geography as geo
from demo_build.streets import Streets
from scipy.spatial import Voronoi, cKDTree

CELL_M = 200.0
HAMLET_CELLS = 60
PLANTED = (*geo.PLATEAU, "Saint-Aubrac", "Les Essarts")


@dataclass(frozen=True)
class District:
    """A priority district (QPV): name, centre [km], radius [m]."""

    zone_id: str
    name: str
    x: float
    y: float
    radius_m: float


DISTRICTS = (
    District("QN9001", "Les Filatures", 23.7, 27.4, 430),
    District("QN9002", "Beau-Séjour", 22.8, 23.55, 380),
    District("QN9003", "Le Moulin-Brûlé", 19.05, 26.2, 400),
    District("QN9004", "Cité des Forges", 33.0, 33.3, 380),
    District("QN9005", "Fosse Sainte-Barbe", 36.8, 17.8, 360),
    District("QN9006", "La Presqu'île", geo.PENINSULA.x, geo.PENINSULA.y, 340),
)
URBAN_COMMUNES = tuple(place for place in geo.PLACES if place.kind == "urban")


def commune_id(index: int) -> str:
    """Return the made-up code of a commune: department 99 does not exist."""
    return f"99{index + 1:03d}"


def communes() -> list[tuple[geo.Place, shapely.Polygon]]:
    """Return communes that tile the territory: small cells given to the nearest place, larger places pulling harder."""
    rng = geo.generator(2)
    territory = shapely.Polygon(geo.smooth(np.vstack([geo.OUTLINE_KM, geo.OUTLINE_KM[:1]]) * 1000.0, 2))
    step = 800.0
    seeds = (
        np.array([(x, y) for y in np.arange(-2000, 56000, step) for x in np.arange(-4000, 80000, step)])
        + rng.uniform(-0.4, 0.4, (len(np.arange(-2000, 56000, step)) * len(np.arange(-4000, 80000, step)), 2)) * step
    )
    diagram = Voronoi(seeds)
    corners = np.round(diagram.vertices)
    centres = np.array([place.xy for place in geo.PLACES])
    reach = np.array([place.radius_m for place in geo.PLACES])
    cells: dict[int, list[shapely.Polygon]] = {i: [] for i in range(len(geo.PLACES))}
    for seed, region in enumerate(diagram.point_region):
        ring = diagram.regions[region]
        if -1 in ring or not ring:
            continue
        cell = shapely.make_valid(shapely.Polygon(corners[ring]))
        if shapely.contains_xy(territory, *seeds[seed]):
            distance = np.hypot(*(centres - seeds[seed]).T)
            cells[int(np.argmin(distance - 0.9 * reach))].append(cell)
    result = []
    for i, place in enumerate(geo.PLACES):
        shape = shapely.set_precision(shapely.union_all(cells[i]), 1.0)
        if shape.geom_type == "MultiPolygon":
            shape = max(shape.geoms, key=lambda part: part.area)
        result.append((place, shapely.normalize(shape)))
    return result


def districts() -> list[tuple[District, shapely.Polygon]]:
    """Return the outlines of the priority districts."""
    rng = geo.generator(3)
    result = []
    for district in DISTRICTS:
        shape = geo.outline(np.array([district.x, district.y]) * 1000.0, district.radius_m, rng, lobes=4)
        corners = np.round(np.array(shape.exterior.coords)[::3])
        result.append((district, shapely.normalize(shapely.Polygon(corners))))
    return result


def write_zones(
    path: Path, tiles: list[tuple[geo.Place, shapely.Polygon]], qpv: list[tuple[District, shapely.Polygon]]
) -> None:
    """Write communes and districts as GeoJSON, one feature a line."""
    rows = []
    for i, (place, shape) in enumerate(tiles):
        rows.append((commune_id(i), place.name, place.kind, shape))
    rows += [(district.zone_id, f"{district.name} (QPV)", "qpv", shape) for district, shape in qpv]
    features = []
    for zone_id, name, kind, shape in rows:
        rings = [geo.lonlat(np.array(ring.coords)).tolist() for ring in (shape.exterior, *shape.interiors)]
        properties = {"zone_id": zone_id, "zone_name": name, "zone_kind": kind, "synthetic": True}
        feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": rings}}
        features.append(json.dumps(feature, ensure_ascii=False))
    head = (
        '{"type": "FeatureCollection", "name": "zones", "licence": '
        + json.dumps(geo.LICENCE, ensure_ascii=False)
        + ', "features": [\n'
    )
    path.write_text(head + ",\n".join(features) + "\n]}\n", encoding="utf-8", newline="\n")


def _inside_any(xy: np.ndarray, shapes: list[shapely.Polygon]) -> np.ndarray:
    hit = np.zeros(len(xy), dtype=bool)
    for shape in shapes:
        hit |= shapely.contains_xy(shape, xy[:, 0], xy[:, 1])
    return hit


def _hamlets(
    streets: Streets, taken: np.ndarray, tiles: list[tuple[geo.Place, shapely.Polygon]], rng: np.random.Generator
) -> np.ndarray:
    """Return lone cells along the country roads, but not around the planted places."""
    roads = sorted({node for way in streets.ways for node in way.nodes if way.tags["highway"] == "tertiary"})
    spots = np.array(streets.xy)[roads]
    cells = np.unique(np.floor(spots / CELL_M), axis=0) * CELL_M + CELL_M / 2
    cells = cells[cKDTree(taken).query(cells)[0] > 500.0]
    open_country = [shape for place, shape in tiles if place.kind == "rural" and place.name not in PLANTED]
    cells = cells[_inside_any(cells, open_country)]
    return cells[np.sort(rng.permutation(len(cells))[:HAMLET_CELLS])]


def populated_cells(
    streets: Streets, tiles: list[tuple[geo.Place, shapely.Polygon]], qpv: list[tuple[District, shapely.Polygon]]
) -> pd.DataFrame:
    """Return the populated 200 m cells: where there are residential streets, fewer people away from the centre."""
    rng = geo.generator(4)
    homes = sorted(
        {
            node
            for way in streets.ways
            for node in way.nodes
            if way.tags["highway"] in ("residential", "living_street", "pedestrian")
            and way.tags.get("name") != "Chemin de halage"
        }
    )
    tree = cKDTree(np.array(streets.xy)[homes])
    grid = np.array(
        [(x, y) for y in np.arange(100, 51_000, CELL_M) for x in np.arange(100, 74_000, CELL_M)], dtype=float
    )
    near = tree.query(grid)[0] < 105.0
    inside = _inside_any(grid, [shape for _, shape in tiles])
    water = geo.river_polygon()
    grid = grid[near & inside & ~shapely.contains_xy(water, grid[:, 0], grid[:, 1])]
    industrial = [shapely.Point(p.x * 1000, p.y * 1000).buffer(p.radius_m + 100) for p in geo.INDUSTRIAL]
    industrial += [shapely.Point(x * 1000, y * 1000).buffer(radius) for _, x, y, radius in geo.PARKS]
    peninsula = shapely.Point(geo.PENINSULA.x * 1000, geo.PENINSULA.y * 1000).buffer(geo.PENINSULA.radius_m + 400)
    presqu_ile = qpv[-1][1]
    grid = grid[~_inside_any(grid, industrial)]
    grid = grid[~(_inside_any(grid, [peninsula]) & (grid[:, 1] < 16_400) & ~_inside_any(grid, [presqu_ile]))]
    town = len(grid)
    grid = np.vstack([grid, _hamlets(streets, grid, tiles, rng)])
    rows = []
    for i, (x, y) in enumerate(grid.tolist()):
        owner = next((i for i, (_, shape) in enumerate(tiles) if shapely.contains_xy(shape, x, y)))
        place = tiles[owner][0]
        distance = float(np.hypot(x - place.xy[0], y - place.xy[1])) / place.radius_m
        district = any(shapely.contains_xy(shape, x, y) for _, shape in qpv)
        mean = place.density * np.exp(-1.1 * distance**2) * (1.7 if district else 1.0) if i < town else 9.0
        people = mean * rng.lognormal(0.0, 0.35)
        rows.append((x, y, max(round(float(people)), 3), district, place.kind if i < town else "rural"))
    cells = pd.DataFrame(rows, columns=["x", "y", "population", "district", "kind"])
    return _with_publics(cells.sort_values(["y", "x"], ignore_index=True), rng)


def _with_publics(cells: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add job-seekers, 15–24 year olds, poor households; below 11 households a cell is marked imputed."""
    population = cells["population"].to_numpy()
    qpv = cells["district"].to_numpy()
    n = len(cells)
    seekers = np.where(qpv, 0.115, 0.055) * rng.uniform(0.7, 1.3, n)
    young = np.where(qpv, 0.155, np.where(cells["kind"] == "rural", 0.095, 0.125)) * rng.uniform(0.8, 1.2, n)
    households = population / 2.25
    poor = np.where(qpv, 0.44, 0.14) * rng.uniform(0.7, 1.3, n)
    place = geo.lonlat(cells[["x", "y"]].to_numpy())
    corner = np.floor(cells[["x", "y"]].to_numpy() / CELL_M).astype(int)
    return pd.DataFrame(
        {
            "point_id": [f"c{a:03d}_{b:03d}" for a, b in corner.tolist()],
            "lon": place[:, 0],
            "lat": place[:, 1],
            "population": population,
            "job_seekers": np.round(population * seekers).astype(int),
            "youth_15_24": np.round(population * young).astype(int),
            "poor_households": np.round(households * poor).astype(int),
            "imputed": np.where(households < 11, "true", "false"),
            "x": cells["x"],
            "y": cells["y"],
        }
    )
