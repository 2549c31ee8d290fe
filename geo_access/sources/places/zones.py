"""Zones as their producers ship them: priority neighbourhoods, communes, IRIS, EPCI, or any polygons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo_access.crs import WGS84
from geo_access.errors import Fault, InputError, raise_faults
from geo_access.sources.tables.read import read_table, table_notes
from geo_access.sources.tables.text import fold, pick_columns, to_text
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["Zoning", "read_zones", "recognise_zoning", "zonings"]


@dataclass(frozen=True)
class Zoning:
    """How a zoning is recognised.

    Attributes
    ----------
    kind : str
        Our word for it, the value of ``zone_kind``.
    title : str
        Name and vintage.
    ids, names : tuple of str
        Columns that hold code and name, best first; compared without case or accents. ``#`` stands for a year.
    pattern : str
        Regular expression that its codes match.
    """

    kind: str
    title: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    pattern: str


_COMMUNE = r"(?:\d{2}|2[AB])\d{3}"
_ZONINGS = (
    Zoning(
        "qpv",
        "QPV 2024",
        ("code_qp", "code_qp24", "codgeo", "qp_code"),
        ("lib_qp", "nom_qp", "libgeo", "lib_qp24"),
        r"QN(?:\d{2}|2[AB]|97\d|98\d)?\w{3,7}",
    ),
    Zoning(
        "qpv",
        "QPV 2015",
        ("code_qp", "codgeo", "code_quartier", "qp_code"),
        ("nom_qp", "lib_qp", "libgeo"),
        r"QP\w{3}\d{3}",
    ),
    Zoning(
        "iris",
        "IRIS",
        ("code_iris", "iris_code", "dcomiris", "iris"),
        ("nom_iris", "iris_name", "libiris", "lib_iris"),
        rf"{_COMMUNE}\d{{4}}",
    ),
    Zoning(
        "epci",
        "EPCI",
        ("siren_epci", "code_epci", "epci_code", "epci", "code_siren", "siren"),
        ("nom_epci", "epci_name", "libepci", "lib_epci", "raison_sociale", "nom"),
        r"2\d{8}",
    ),
    Zoning(
        "ze",
        "Zones d'emploi",
        ("ze2020", "ze2020_code", "ze2010", "code_zone_emploi"),
        ("libze2020", "lib_ze2020", "ze2020_name", "libze2010", "nom"),
        r"\d{4}",
    ),
    Zoning(
        "bmo",
        "Bassins BMO",
        ("be#", "code_bassin_#", "code_bassin", "cbassin"),
        ("nombe#", "lib_bassin_#", "nom_bassin", "lib_bassin"),
        r"\w{4,5}",
    ),
    Zoning(
        "commune",
        "Communes",
        ("insee_com", "code_insee", "codgeo", "depcom", "com_code", "code_commune", "insee", "com", "code"),
        ("nom_com", "libelle", "libgeo", "lib_com", "nom_commune", "com_name", "nom", "commune"),
        _COMMUNE,
    ),
    Zoning(
        "departement",
        "Départements",
        ("insee_dep", "code_dept", "code_departement", "dep", "code"),
        ("nom_dep", "nom_departement", "libelle", "nom"),
        r"\d{2}|2[AB]|97\d",
    ),
)
_RECOGNISED_SHARE = 0.95


def zonings() -> tuple[Zoning, ...]:
    """List the zonings that are recognised by their columns and codes.

    Returns
    -------
    tuple of Zoning

    Examples
    --------
    >>> sorted({zoning.kind for zoning in zonings()})
    ['bmo', 'commune', 'departement', 'epci', 'iris', 'qpv', 'ze']
    """
    return _ZONINGS


def recognise_zoning(table: pd.DataFrame) -> tuple[Zoning, str] | None:
    """Recognise a zoning from the names of the columns and the shape of the codes.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of the layer.

    Returns
    -------
    (Zoning, str) or None
        The zoning and the column of its codes.

    Examples
    --------
    >>> zoning, column = recognise_zoning(pd.DataFrame({"CODE_QP": ["QN05911M"], "LIB_QP": ["x"]}))
    >>> zoning.title, column
    ('QPV 2024', 'CODE_QP')
    """
    by_name = {fold(column).replace(" ", ""): column for column in map(str, table.columns)}
    for zoning in _ZONINGS:
        for name in _of_any_year(zoning.ids, by_name):
            column = by_name.get(name)
            if column is None or column == "geometry":
                continue
            codes = to_text(table[column]).dropna()
            matching = sum(re.fullmatch(zoning.pattern, code) is not None for code in codes)
            if len(codes) and matching >= _RECOGNISED_SHARE * len(codes) and codes.nunique() > 0.5 * len(codes):
                return zoning, column
    return None


def _of_any_year(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """Spell names out for the columns that are there, folded: of several years the latest comes first."""
    found = []
    for name in names:
        plain = fold(name.replace("#", "")).replace(" ", "")
        if "#" not in name:
            found.append(plain)
            continue
        years = [(match[1], column) for column in known if (match := re.fullmatch(rf"{plain}(\d{{2,4}})", column))]
        found += [column for _, column in sorted(years, key=lambda pair: int(pair[0]) % 100, reverse=True)]
    return found


def read_zones(
    path: str | Path,
    *,
    id: str | None = None,  # noqa: A002 — the column's name in the study file
    name: str | None = None,
    kind: str | None = None,
    kind_column: str | None = None,
    layer: str | None = None,
    crs: str | int | None = None,
    condition: str | None = None,
) -> gpd.GeoDataFrame:
    """Read polygons as zones.

    Parameters
    ----------
    path : str or pathlib.Path
        GeoPackage, GeoJSON, shapefile, a zip of one or several of them, or a CSV with a WKT column.
    id, name : str, optional
        Columns of code and name; recognised for the French zonings, see :func:`zonings`.
    kind : str, optional
        Value of ``zone_kind`` for all zones; that of the zoning recognised, else ``zone``.
    kind_column : str, optional
        Column that holds the kind of each zone, instead of `kind`.
    layer : str, optional
        Layer of the file, or part of the name of a file of the zip.
    crs : str or int, optional
        CRS of a layer that does not say it.
    condition : str, optional
        Which rows to keep, see `geo_access.sources.tables.choose.choose_rows`.

    Returns
    -------
    geopandas.GeoDataFrame
        ``zone_id, zone_name, zone_kind, geometry`` in EPSG:4326, and the columns of the file that have other names.
        ``attrs["notes"]`` says what was mended.

    Raises
    ------
    InputError
        With every zone that has no code or no polygon, and the nearest name of a column that is missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "z.geojson"
    >>> square = gpd.GeoDataFrame(
    ...     {"code_qp": ["QN05911M"], "lib_qp": ["Moulins"]}, geometry=[shapely.box(3, 50, 4, 51)], crs=4326
    ... )
    >>> square.to_file(file)
    >>> read_zones(file)[["zone_id", "zone_name", "zone_kind"]].values.tolist()
    [['QN05911M', 'Moulins', 'qpv']]
    """
    if kind is not None and kind_column is not None:
        raise refusal("places.kind_twice")
    where = Path(path).name
    raw = read_table(path, layer=layer, condition=condition)
    table = _with_geometry(raw, where, crs)
    if table.empty:
        raise InputError(f"{where}: no row → this layer holds no zone", key="zones_empty", values={"file": where})
    recognised = recognise_zoning(table)
    columns = _columns(table, where, id, name, kind_column, recognised)
    ids = to_text(table[columns["id"]])
    names = to_text(table[columns["name"]]) if "name" in columns else ids
    if "kind" in columns:
        kinds = to_text(table[columns["kind"]]).fillna("zone")
    else:
        word = kind or (recognised[0].kind if recognised and id in (None, recognised[1]) else "zone")
        kinds = pd.Series(word, index=table.index, dtype=object)
    _check_rows(ids, table.geometry, where)
    used = {*columns.values(), "geometry", "zone_id", "zone_name", "zone_kind"}
    extra = [column for column in table.columns if column not in used]
    zones = gpd.GeoDataFrame(
        {
            "zone_id": ids,
            "zone_name": names.where(names.notna(), ids),
            "zone_kind": kinds,
            **{column: table[column] for column in extra},
        },
        geometry=table.geometry.to_numpy(),
        crs=table.crs,
    )
    mended = _mended(zones, where)
    mended.attrs["notes"] = [*table_notes(raw), *mended.attrs["notes"]]
    return mended


def _with_geometry(table: Any, where: str, crs: str | int | None) -> Any:
    if "geometry" not in table or not hasattr(table, "crs"):
        table = _from_wkt(table, where, crs)
    if table.crs is None:
        if crs is None:
            raise InputError(
                f"{where}: the layer does not say its CRS → give crs=, for instance 2154",
                key="no_crs",
                values={"file": where},
            )
        table = table.set_crs(crs)
    west, _, east, north = table.total_bounds
    if CRS.from_user_input(table.crs).is_geographic and max(abs(west), abs(east)) > 360.0:
        raise refusal("places.not_degrees", where=where, east=f"{east:.0f}", north=f"{north:.0f}")
    return table


def _from_wkt(table: pd.DataFrame, where: str, crs: str | int | None) -> Any:
    texts = [column for column in table.columns if fold(column) in ("wkt", "geometry", "geom", "the geom")]
    if not texts:
        raise InputError(
            f"{where}: no geometry → give a GeoPackage, GeoJSON or shapefile, or a column of WKT",
            key="zones_no_geometry",
            values={"file": where},
        )
    shapes = shapely.from_wkt(table[texts[0]].to_numpy(dtype=object), on_invalid="ignore")
    return gpd.GeoDataFrame(table.drop(columns=texts[0]), geometry=shapes, crs=crs or WGS84)


def _columns(
    table: pd.DataFrame,
    where: str,
    given_id: str | None,
    given_name: str | None,
    given_kind: str | None,
    recognised: tuple[Zoning, str] | None,
) -> dict[str, str]:
    known = [str(column) for column in table.columns if column != "geometry"]
    names: tuple[str, ...] = ("zone_name", "name", "nom", "libelle", "lib")
    if recognised:
        names = tuple(_of_any_year(recognised[0].names, [fold(column).replace(" ", "") for column in known]))
    ids = (recognised[1],) if recognised else ("zone_id", "id", "code")
    given = {"id": given_id, "name": given_name, "kind": given_kind}
    wanted = {"id": ("zone_id", *ids), "name": ("zone_name", *names), "kind": ("zone_kind",)}
    return pick_columns(known, wanted, where=where, given=given, optional=("name", "kind"))


def _check_rows(ids: pd.Series, shapes: gpd.GeoSeries, where: str) -> None:
    faults = [
        fault(f"{where}: row {row + 1}", "places.zone_no_code") for row in np.flatnonzero(ids.isna().to_numpy())[:20]
    ]
    kinds = shapely.get_type_id(shapes.to_numpy())
    flat = shapely.is_empty(shapes.to_numpy()) | ~np.isin(kinds, (3, 6, 7))
    corners, owners = shapely.get_coordinates(shapes.to_numpy(), return_index=True)
    nowhere = np.unique(owners[~np.isfinite(corners).all(axis=1)])
    faults += [fault(f"{where}: {ids.iloc[row]}", "places.zone_nowhere") for row in nowhere[:20]]
    faults += [
        Fault(
            f"{where}: {ids.iloc[row]}",
            "no polygon",
            "a zone needs an outline: give the layer of outlines",
            key="zone_without_outline",
        )
        for row in np.flatnonzero(flat)[:20]
    ]
    raise_faults(faults)


def _mended(zones: gpd.GeoDataFrame, where: str) -> gpd.GeoDataFrame:
    """Make outlines valid, join the parts of one zone, and say so."""
    notes: list[Note] = []
    invalid = ~shapely.is_valid(zones.geometry.to_numpy())
    if invalid.any():
        shapes = zones.geometry.to_numpy().copy()
        shapes[invalid] = [_polygons(shape) for shape in shapely.make_valid(shapes[invalid])]
        zones = zones.set_geometry(gpd.GeoSeries(shapes, index=zones.index, crs=zones.crs))
        notes.append(note("mended", where=where, n=int(invalid.sum())))
    repeated = zones["zone_id"].duplicated(keep=False)
    if repeated.any():
        parts = int(repeated.sum())
        whole = int(zones.loc[repeated, "zone_id"].nunique())
        merged = zones.dissolve(by="zone_id", as_index=False, sort=False, aggfunc="first")
        zones = gpd.GeoDataFrame(merged[list(zones.columns)], geometry="geometry", crs=zones.crs)
        notes.append(note("joined", where=where, n=parts, codes=whole))
    zones = zones.to_crs(WGS84).reset_index(drop=True)
    zones.attrs["notes"] = notes
    return zones


def _polygons(shape: shapely.Geometry) -> shapely.Geometry:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shape
