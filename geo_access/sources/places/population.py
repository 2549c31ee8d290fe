"""Populated points, and which of them stand for which zone.

A zone is represented by the points where people live, never by its centroid.

INSEE grid cells: their place is written in their name.

Cells spread over the buildings in them: people of a cell live in its houses, not in its fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.crs import WGS84
from geo_access.errors import Fault, raise_faults
from geo_access.sources.tables.points import find_positions
from geo_access.sources.tables.read import read_table, table_notes
from geo_access.sources.tables.report import Loss, ReadingReport, make_report
from geo_access.sources.tables.text import pick_columns, to_numbers, to_text
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = [
    "CELL_EPSG",
    "PUBLICS",
    "Cells",
    "assign_zones",
    "cell_squares",
    "decode_cells",
    "read_population",
    "spread_over_buildings",
    "zones_unknown",
]

CELL_EPSG = 3035

# Nowhere do as many live at one point: a slip of the pen, or another column.
_MOST_PEOPLE = 1e9
_NAME = re.compile(r"(?:CRS3035)?RES(\d+)(k?m)N(\d+)E(\d+)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Cells:
    """Grid cells decoded from their names.

    Attributes
    ----------
    west_m, south_m : ndarray of float64, shape (n,)
        South-west corner [m], EPSG:3035; NaN where the name is not one.
    size_m : ndarray of float64, shape (n,)
        Side [m].
    """

    west_m: np.ndarray
    south_m: np.ndarray
    size_m: np.ndarray

    def centres(self) -> gpd.GeoSeries:
        """Centres of the cells, EPSG:4326; None where the name is not one."""
        known = np.isfinite(self.size_m)
        points = np.full(len(known), None, dtype=object)
        half = self.size_m[known] / 2.0
        points[known] = shapely.points(self.west_m[known] + half, self.south_m[known] + half)
        return gpd.GeoSeries(points, crs=CELL_EPSG).to_crs(WGS84)


def decode_cells(names: pd.Series) -> Cells:
    """Decode names such as ``CRS3035RES200mN2029800E4252400``: size, northing, easting of the south-west corner.

    Parameters
    ----------
    names : pandas.Series of str
        Names, upper or lower case.

    Returns
    -------
    Cells

    Examples
    --------
    >>> cells = decode_cells(pd.Series(["CRS3035RES200mN2029800E4252400", "59350"]))
    >>> cells.west_m.tolist(), cells.size_m.tolist()
    ([4252400.0, nan], [200.0, nan])
    """
    values = np.full((len(names), 3), np.nan)
    for row, name in enumerate(names.tolist()):
        match = _NAME.fullmatch(name.strip()) if isinstance(name, str) else None
        if match:
            scale = 1000.0 if match[2].lower() == "km" else 1.0
            values[row] = (float(match[4]), float(match[3]), float(match[1]) * scale)
    return Cells(west_m=values[:, 0], south_m=values[:, 1], size_m=values[:, 2])


def cell_squares(centres: gpd.GeoSeries, size_m: np.ndarray) -> gpd.GeoSeries:
    """Outlines of cells from their centres.

    Parameters
    ----------
    centres : geopandas.GeoSeries of Point
        Centres, any CRS.
    size_m : ndarray of float64, shape (n,)
        Side [m].

    Returns
    -------
    geopandas.GeoSeries of Polygon, EPSG:3035
        Squares.

    Examples
    --------
    >>> centre = gpd.GeoSeries([shapely.Point(4252500, 2029900)], crs=3035)
    >>> cell_squares(centre, np.array([200.0])).area.tolist()
    [40000.0]
    """
    metric = centres.to_crs(CELL_EPSG)
    # To the millimetre: a centre that went through degrees comes back a tenth of that away, and cells must tile.
    x, y = metric.x.to_numpy().round(3), metric.y.to_numpy().round(3)
    half = np.asarray(size_m, dtype="float64") / 2.0
    return gpd.GeoSeries(shapely.box(x - half, y - half, x + half, y + half), index=centres.index, crs=CELL_EPSG)


_CELL_IDS = ("idcar_200m", "idinspire", "id_inspire", "id_carr_200m", "idcar_1km", "id_carr1km", "idk")
_IDS = ("point_id", "id", "code", "com", "insee", "codgeo", *_CELL_IDS)
_POPULATION = ("population", "ind", "pop", "pmun", "ptot", "habitants", "weight", "poids")
_IMPUTED = ("imputed", "i_est_200", "i_est_cr", "i_est", "i_est_1km")
PUBLICS: Mapping[str, tuple[str, ...]] = {
    "youth_18_24": ("youth_18_24", "ind_18_24"),
    "youth_15_24": ("youth_15_24", "ind_15_24", "pop1524"),
    "youth_16_25": ("youth_16_25", "ind_16_25", "pop1625"),
    "job_seekers": ("job_seekers", "defm_abc", "demandeurs_emploi", "demandeurs"),
    "poor_households": ("poor_households", "men_pauv"),
    "households": ("households", "men", "menages"),
}
_MIN_SHARE = 1e-6
# Age bands of INSEE's grid, and how many of their years of age lie from 16 to 25.
_BANDS_16_25 = {"ind_11_17": 2 / 7, "ind_18_24": 7 / 7, "ind_25_39": 1 / 15}


def read_population(
    path: str | Path,
    *,
    id: str | None = None,  # noqa: A002 — the column's name in the study file
    population: str | None = None,
    x: str | None = None,
    y: str | None = None,
    crs: str | int | None = None,
    layer: str | None = None,
    imputed: str | None = None,
    weights: Mapping[str, str] | None = None,
    bbox_lonlat: tuple[float, float, float, float] | None = None,
    condition: str | None = None,
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    r"""Read populated points: INSEE cells, addresses, or any points with a weight.

    Cells are placed by their name (EPSG:3035), whatever coordinates the file has beside it.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV, parquet, GeoPackage, GeoJSON, shapefile or a zip of one.
    id, population, x, y, imputed : str, optional
        Columns; the usual names are recognised in any case.
    crs : str or int, optional
        CRS of `x` and `y`, or of a layer that does not say it.
    layer : str, optional
        Layer of the file.
    weights : mapping of str to str, optional
        Other weights: our name → column; :data:`PUBLICS` are taken when the file has them.
    bbox_lonlat : tuple of float, optional
        West, south, east, north [degrees]: of a vector layer, only what touches it is read; of another table, the
        points outside are left out and counted in the notes.
    condition : str, optional
        Which rows to keep, see `geo_access.sources.tables.choose.choose_rows`.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        ``point_id``, ``population`` [persons], ``imputed`` (bool), ``quality`` (``observed`` or ``imputed``),
        ``cell_m`` (side of the cell [m], NaN for a point), the weights, Point in EPSG:4326. Rows without position or
        without population are left out and listed in the report.

    Raises
    ------
    InputError
        When columns are missing, ids repeat, or no row is usable.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "cells.csv"
    >>> _ = file.write_text("Idcar_200m,Ind,I_est_200\nCRS3035RES200mN3060000E3830000,12.5,1\n")
    >>> points, report = read_population(file)
    >>> points[["population", "imputed", "cell_m"]].values.tolist(), report.kept
    ([[12.5, True, 200.0]], 1)
    """
    where = Path(path).name
    vector = Path(path).suffix.lower() in (".gpkg", ".geojson", ".shp")
    table = read_table(path, layer=layer, bbox_lonlat=bbox_lonlat if vector else None, condition=condition)
    given = {"id": id, "population": population, "imputed": imputed, **(weights or {})}
    columns = _columns(table, given, where)
    ids = to_text(table[columns["id"]]) if "id" in columns else pd.Series(map(str, range(1, len(table) + 1)))
    ids = ids.astype(object).where(ids.notna(), None)
    cells = decode_cells(ids)
    if np.isfinite(cells.size_m).any() and x is None and y is None:
        geometry = cells.centres()
        reasons = np.full(len(table), note("loss.cell_name"), dtype=object)
        reasons[np.isfinite(cells.size_m)] = None
    else:
        found = find_positions(table, where=where, x=x, y=y, crs=crs)
        geometry, reasons = found.geometry.reset_index(drop=True), found.reasons
    people = to_numbers(table[columns["population"]]).to_numpy()
    lost = _unusable(ids, people, reasons)
    keep = np.ones(len(table), dtype=bool)
    keep[[row for row, _, _ in lost]] = False
    if not keep.any():
        why = lost[0][2] if lost else note("no_row")
        raise refusal("places.no_row_usable", where=where, why=why)
    notes: list[Note] = table_notes(table)
    if bbox_lonlat is not None and not vector:
        inside = shapely.intersects(shapely.box(*bbox_lonlat), geometry.to_numpy())
        notes += [note("outside", n=int((keep & ~inside).sum()))]
        keep &= inside
    _check_unique(ids[keep], where)
    notes += _told_twice(ids[keep], geometry[keep], people[keep])
    estimated = _flags(table[columns["imputed"]]) if "imputed" in columns else np.zeros(len(table), dtype=bool)
    notes += [note("imputed", n=int(estimated[keep].sum()))] if estimated[keep].any() else []
    data: dict[str, object] = {
        "point_id": ids[keep].to_numpy(),
        "population": people[keep],
        "imputed": estimated[keep],
        "quality": np.where(estimated[keep], "imputed", "observed"),
        "cell_m": cells.size_m[keep],
    }
    for name in (*PUBLICS, *(weights or {})):
        if name in columns:
            data[name] = to_numbers(table[columns[name]]).to_numpy()[keep]
    if "youth_16_25" not in data and (young := _youth_of_bands(table)) is not None:
        data["youth_16_25"] = young[keep]
        notes.append(note("youth_of_bands"))
    points = gpd.GeoDataFrame(data, geometry=geometry.to_numpy()[keep], crs=WGS84)
    report = make_report(where, len(table), kept=lost, notes=notes)
    points.attrs["report"] = report.to_dict()
    secret = np.array([why is not None and why.key == "loss.no_population" for _, _, why in lost], dtype=bool)
    rows = np.array([row for row, _, _ in lost], dtype=np.int64)[secret]
    points.attrs["population_unknown"] = shapely.get_coordinates(geometry.to_numpy()[rows]).tolist()
    return points, report


def _columns(table: pd.DataFrame, given: Mapping[str, str | None], where: str) -> dict[str, str]:
    known = [str(column) for column in table.columns if column != "geometry"]
    wanted = {"id": (*_CELL_IDS, *_IDS), "population": _POPULATION, "imputed": _IMPUTED, **PUBLICS}
    return pick_columns(known, wanted, where=where, given=given, optional=("id", "imputed", *PUBLICS))


def _youth_of_bands(table: pd.DataFrame) -> np.ndarray | None:
    """People from 16 to 25 by INSEE's age bands, as if each age of a band were as frequent; None without the bands."""
    by_name = {str(column).lower(): column for column in table.columns}
    if not all(name in by_name for name in _BANDS_16_25):
        return None
    parts = [to_numbers(table[by_name[name]]).to_numpy() * share for name, share in _BANDS_16_25.items()]
    return np.asarray(np.sum(parts, axis=0))


def _unusable(ids: pd.Series, people: np.ndarray, reasons: np.ndarray) -> list[Loss]:
    lost = []
    for row, (identifier, weight, why) in enumerate(zip(ids.tolist(), people.tolist(), reasons.tolist(), strict=True)):
        if identifier is None:
            lost.append((row, f"row {row + 1}", note("loss.no_id")))
        elif why is not None:
            lost.append((row, identifier, why))
        elif np.isnan(weight):
            lost.append((row, identifier, note("loss.no_population")))
        elif weight < 0:
            lost.append((row, identifier, note("loss.negative_population")))
        elif weight > _MOST_PEOPLE:
            lost.append((row, identifier, note("loss.population_beyond")))
    return lost


def _check_unique(ids: pd.Series, where: str) -> None:
    repeated = ids[ids.duplicated()].unique()[:20]
    raise_faults(
        Fault(f"{where}: id {each}", "given twice", "give each point its own id", key="id_twice") for each in repeated
    )


def _told_twice(ids: pd.Series, geometry: gpd.GeoSeries, people: np.ndarray) -> list[Note]:
    """Say which points have the place and the people of another, under another id: the same home twice, perhaps."""
    same = pd.DataFrame({"x": geometry.x.to_numpy(), "y": geometry.y.to_numpy(), "people": people})
    again = same.duplicated().to_numpy() & (people > 0)
    if not again.any():
        return []
    named = ", ".join(ids.to_numpy()[again][:5])
    return [note("points.told_twice", n=int(again.sum()), ids=named, people=float(people[again].sum()))]


def _flags(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=bool)
    texts = to_text(values).fillna("").str.lower()
    return (texts.isin(["1", "true", "oui", "yes", "o", "vrai"])).to_numpy(dtype=bool)


def zones_unknown(points: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, membership: pd.DataFrame) -> list[str]:
    """Zones that no populated point stands for, and in which points lie whose population is secret or missing.

    Parameters
    ----------
    points : geopandas.GeoDataFrame
        Of `read_population`.
    zones : geopandas.GeoDataFrame
        ``zone_id``, polygons.
    membership : pandas.DataFrame
        Of `assign_zones`.

    Returns
    -------
    list of str
    """
    lonlat = points.attrs.get("population_unknown", [])
    empty = {str(zone) for zone in membership.attrs.get("zones_without_points", [])}
    if not lonlat or not empty:
        return []
    places = gpd.GeoSeries(shapely.points(lonlat), crs=WGS84).to_crs(zones.crs)
    own = zones[zones["zone_id"].astype(str).isin(empty)]
    found = own.geometry.intersects(shapely.MultiPoint(places.get_coordinates().to_numpy()))
    return own.loc[found, "zone_id"].astype(str).tolist()


def assign_zones(points: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, *, min_share: float = _MIN_SHARE) -> pd.DataFrame:
    """Say which points stand for which zones, many to many.

    A cell belongs to a zone by the share of its area inside it, so that a neighbourhood smaller than a cell still has
    its part; a plain point belongs wholly or not. The area share supposes people spread evenly over a cell.

    Parameters
    ----------
    points : geopandas.GeoDataFrame
        ``point_id``, Point; ``cell_m`` [m] marks the cells.
    zones : geopandas.GeoDataFrame
        ``zone_id``, polygons; they may overlap.
    min_share : float
        Shares below are dropped: they come from outlines that touch.

    Returns
    -------
    pandas.DataFrame
        ``point_id, zone_id, share`` (0–1]. ``attrs["zones_without_points"]`` lists the zones that no populated point
        stands for, ``attrs["zones_smaller_than_a_cell"]`` those known only by parts of cells, ``attrs["notes"]`` says
        both in words.

    Raises
    ------
    InputError
        When a layer does not say its CRS or ids repeat.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(
    ...     {"point_id": ["a", "b"]}, geometry=gpd.points_from_xy([3.0, 9.0], [50.0, 50.0]), crs=4326
    ... )
    >>> zones = gpd.GeoDataFrame({"zone_id": ["z"]}, geometry=[shapely.box(2, 49, 4, 51)], crs=4326)
    >>> assign_zones(points, zones).values.tolist()
    [['a', 'z', 1.0]]
    """
    for frame, name in ((points, "points"), (zones, "zones")):
        if frame.crs is None:
            raise refusal("frame_no_crs", name=name)
    _check_unique(zones["zone_id"], "zones")
    _check_unique(points["point_id"], "points")
    size_m = points["cell_m"].to_numpy(dtype="float64") if "cell_m" in points else np.full(len(points), np.nan)
    cell = np.isfinite(size_m) & (size_m > 0)
    place, zone, share = _shares(points, zones, size_m, cell)
    strong = share >= min_share
    place, zone, share = place[strong], zone[strong], share[strong]
    order = np.lexsort((place, zone))
    place, zone, share = place[order], zone[order], share[order]
    table = pd.DataFrame(
        {
            "point_id": points["point_id"].to_numpy()[place],
            "zone_id": zones["zone_id"].to_numpy()[zone],
            "share": share,
        }
    )
    weights = points["population"].to_numpy(dtype="float64") if "population" in points else np.ones(len(points))
    people = np.bincount(zone, weights=weights[place] * share, minlength=len(zones))
    empty = zones["zone_id"].to_numpy()[people <= 0].tolist()
    whole = np.bincount(zone, weights=(share > 1 - 1e-9).astype(float), minlength=len(zones)) > 0
    partial = zones["zone_id"].to_numpy()[(people > 0) & ~whole].tolist()
    table.attrs.update(zones_without_points=empty, zones_smaller_than_a_cell=partial, notes=_notes(empty, partial))
    return table


def _shares(
    points: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, size_m: np.ndarray, cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (point, zone) with the share of the point in the zone."""
    degrees = points.geometry.to_crs(WGS84).to_numpy()
    shapes = zones.geometry.to_crs(WGS84).to_numpy()
    plain = np.flatnonzero(~cell)
    inside, of_zone = shapely.STRtree(shapes).query(degrees[plain], predicate="intersects")
    pairs = [(plain[inside], of_zone, np.ones(len(inside)))]
    if cell.any():
        rows = np.flatnonzero(cell)
        squares = cell_squares(points.geometry.iloc[rows], size_m[rows]).to_numpy()
        metric = zones.geometry.to_crs(CELL_EPSG).to_numpy()
        at, of_zone = shapely.STRtree(metric).query(squares, predicate="intersects")
        overlap = shapely.area(shapely.intersection(squares[at], metric[of_zone])) / shapely.area(squares[at])
        pairs.append((rows[at], of_zone, np.where(overlap > 1 - 1e-9, 1.0, overlap)))
    place, zone, share = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return place, zone, share


def _notes(empty: list[str], partial: list[str]) -> list[Note]:
    def some(ids: list[str]) -> str:
        return ", ".join(map(str, ids[:10])) + (", …" if len(ids) > 10 else "")

    notes = [note("zones_without_points", n=len(empty), zones=some(empty))] if empty else []
    return notes + ([note("zones_of_parts", n=len(partial), zones=some(partial))] if partial else [])


def spread_over_buildings(points: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Spread the people of each cell over its buildings, by footprint.

    A neighbourhood smaller than a cell then gets the people of its own buildings, instead of its share of the ground.
    A building on the edge counts in each cell for its part there; a cell without building stays a cell.

    Parameters
    ----------
    points : geopandas.GeoDataFrame
        ``point_id, population, cell_m`` [m] and weights, of `read_population`.
    buildings : geopandas.GeoDataFrame
        Residential footprints (polygons), any CRS.

    Returns
    -------
    geopandas.GeoDataFrame
        Points as given, but a cell with buildings is replaced by one point per building part (``point_id`` =
        ``cell#n``, ``cell_m`` NaN); numbers are split by area, so that each cell keeps its totals.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> cell = gpd.GeoDataFrame({"point_id": ["c"], "population": [10.0], "cell_m": [200.0]},
    ...     geometry=[shapely.Point(4_000_100, 3_000_100)], crs=3035)
    >>> houses = gpd.GeoDataFrame(geometry=[shapely.box(4_000_000, 3_000_000, 4_000_010, 3_000_030),
    ...     shapely.box(4_000_100, 3_000_100, 4_000_110, 3_000_110)], crs=3035)
    >>> spread_over_buildings(cell, houses)[["point_id", "population"]].values.tolist()
    [['c#1', 7.5], ['c#2', 2.5]]
    """
    needed = ("point_id", "population", "cell_m")
    raise_faults(fault("points", "column_missing", column=name) for name in needed if name not in points)
    size_m = points["cell_m"].to_numpy(dtype="float64")
    rows = np.flatnonzero(np.isfinite(size_m))
    squares = cell_squares(points.geometry.iloc[rows], size_m[rows]).to_numpy()
    shapes = shapely.make_valid(buildings.geometry.to_crs(CELL_EPSG).to_numpy())
    at, of_building = shapely.STRtree(shapes).query(squares, predicate="intersects")
    parts = shapely.intersection(squares[at], shapes[of_building])
    area = shapely.area(parts)
    built = area > 0
    at, parts, area = at[built], parts[built], area[built]
    order = np.argsort(at, kind="stable")
    at, parts, area = at[order], parts[order], area[order]
    share = area / np.bincount(at, weights=area, minlength=len(rows))[at]
    first = np.searchsorted(at, at, side="left")
    spread = points.iloc[rows[at]].copy()
    spread["point_id"] = [
        f"{cell}#{n + 1}" for cell, n in zip(spread["point_id"], np.arange(len(at)) - first, strict=True)
    ]
    spread["cell_m"] = np.nan
    for name in spread.columns:
        if spread[name].dtype.kind in "fiu" and name != "cell_m":
            spread[name] = spread[name].to_numpy(dtype="float64") * share
    homes = gpd.GeoSeries(shapely.point_on_surface(parts), crs=CELL_EPSG).to_crs(points.crs or WGS84)
    spread = spread.set_geometry(gpd.GeoSeries(homes.to_numpy(), index=spread.index, crs=homes.crs))
    replaced = np.zeros(len(points), dtype=bool)
    replaced[rows[at]] = True
    result = pd.concat([points[~replaced], spread], ignore_index=True)
    return gpd.GeoDataFrame(result, geometry="geometry", crs=points.crs)
