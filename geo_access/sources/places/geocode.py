"""Positions from addresses, on the user's own machine: a BAN file, then the commune as a labelled fallback.

Also the opposite question: does a position agree with the postcode and commune written beside it?
"""

from __future__ import annotations

import difflib
import gzip
import re
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.crs import WGS84
from geo_access.errors import CapacityError
from geo_access.sources.tables.points import LAT_NAMES, LON_NAMES, find_positions
from geo_access.sources.tables.read import read_table, require_file
from geo_access.sources.tables.text import fold, pick_columns, to_numbers, to_text
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = [
    "Addresses",
    "check_positions",
    "far_from_communes",
    "geocode",
    "plain_street",
    "read_addresses",
    "read_communes",
    "split_number",
]

_EARTH_KM = 6371.0088
_STREET_SCORE = 0.75
_MAX_UNPACKED_BYTES = 2_000_000_000
_ABBREVIATIONS = {
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "boul": "boulevard",
    "r": "rue",
    "pl": "place",
    "rte": "route",
    "ch": "chemin",
    "chem": "chemin",
    "imp": "impasse",
    "all": "allee",
    "sq": "square",
    "fg": "faubourg",
    "fbg": "faubourg",
    "za": "zone artisanale",
    "zi": "zone industrielle",
    "st": "saint",
    "ste": "sainte",
    "gal": "general",
    "mal": "marechal",
    "dr": "docteur",
    "pt": "petit",
    "gd": "grand",
    "gde": "grande",
    "cdt": "commandant",
    "qu": "quai",
    "res": "residence",
    "lot": "lotissement",
}
_NUMBER = re.compile(r"^\s*(\d{1,4})(?:\s*(bis|ter|quater|[a-d]))?\b[\s,]*", re.IGNORECASE)


def read_communes(path: str | Path) -> gpd.GeoDataFrame:
    r"""Read a table of communes with a point each.

    Parameters
    ----------
    path : str or pathlib.Path
        Columns of code, name and coordinates.

    Returns
    -------
    geopandas.GeoDataFrame
        ``commune, commune_name, department``, the file's other columns, Point in EPSG:4326.

    Raises
    ------
    InputError
        When columns are missing or a commune has no position.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "c.csv"
    >>> _ = file.write_text("COM,Commune,lon,lat\n2A004,Ajaccio,8.73,41.93\n")
    >>> read_communes(file)[["commune", "department"]].values.tolist()
    [['2A004', '2A']]
    """
    where = Path(path).name
    table = read_table(path)
    names = [str(column) for column in table.columns if column != "geometry"]
    wanted = {
        "commune": ("com", "code_insee", "codgeo", "insee_com", "code_commune", "code"),
        "commune_name": ("commune", "nom_commune", "libgeo", "libelle", "nom"),
        **({} if "geometry" in table.columns else {"x": LON_NAMES, "y": LAT_NAMES}),
    }
    found = pick_columns(names, wanted, where=where)
    positions = find_positions(table, where=where, x=found.get("x"), y=found.get("y"))
    codes = to_text(table[found["commune"]])
    lost = positions.lost(codes)
    if lost:
        raise refusal("places.commune_nowhere", where=where, code=lost[0][1], why=lost[0][2], n=len(lost))
    extra = [name for name in names if name not in found.values()]
    data = {
        "commune": codes,
        "commune_name": to_text(table[found["commune_name"]]),
        "department": [code[:3] if code.startswith("97") else code[:2] for code in codes.fillna("")],
        **{name: table[name] for name in extra if name not in ("commune", "commune_name", "department")},
    }
    return gpd.GeoDataFrame(data, geometry=positions.geometry.to_numpy(), crs=WGS84)


def _plain_city(text: str | None) -> str:
    words = [_ABBREVIATIONS.get(word, word) if word in ("st", "ste") else word for word in fold(text or "").split()]
    if "cedex" in words:
        words = words[: words.index("cedex")]
    return " ".join(word for word in words if not word.isdigit())


def _department_of_postcode(code: str | None) -> tuple[str, ...]:
    if not code or not re.fullmatch(r"\d{5}", code.zfill(5)):
        return ()
    code = code.zfill(5)
    if code.startswith("20"):
        return ("2A", "2B")
    return (code[:3],) if code.startswith("97") else (code[:2],)


def _distance_km(lon: float, lat: float, other_lon: np.ndarray, other_lat: np.ndarray) -> np.ndarray:
    """Great-circle distance [km], haversine on the mean sphere."""
    phi, other_phi = np.radians(lat), np.radians(other_lat)
    half = np.sin((other_phi - phi) / 2) ** 2
    half = half + np.cos(phi) * np.cos(other_phi) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    return 2 * _EARTH_KM * np.arcsin(np.sqrt(half))


def check_positions(
    positions: gpd.GeoSeries,
    communes: gpd.GeoDataFrame,
    *,
    post_codes: pd.Series,
    cities: pd.Series,
    max_km: float = 15.0,
) -> np.ndarray:
    """Say which positions contradict the postcode and city written beside them.

    The city is looked up by name in the department of the postcode; where that name is unknown, the nearest commune of
    the department counts. Homonyms count at their nearest.

    Parameters
    ----------
    positions : geopandas.GeoSeries of Point
        Positions; None is left alone.
    communes : geopandas.GeoDataFrame
        Of :func:`read_communes`.
    post_codes, cities : pandas.Series
        As written in the source.
    max_km : float
        Greatest distance from the commune's point [km]. 15 km covers the largest communes of metropolitan France but a
        handful.

    Returns
    -------
    ndarray of object, shape (n,)
        Reason (Note), None where the position agrees or nothing can be said.

    Examples
    --------
    >>> communes = gpd.GeoDataFrame({"commune": ["62427"], "commune_name": ["Hénin-Beaumont"], "department": ["62"]},
    ...     geometry=[shapely.Point(2.95, 50.42)], crs=4326)
    >>> where = gpd.GeoSeries([shapely.Point(2.94, 50.42), shapely.Point(6.65, 47.71)], crs=4326)
    >>> town = {"post_codes": pd.Series(["62110"] * 2), "cities": pd.Series(["HENIN BEAUMONT"] * 2)}
    >>> [str(why) for why in check_positions(where, communes, **town)]
    ['None', 'position lies 404 km from HENIN BEAUMONT (62110)']
    """
    degrees = positions.to_crs(WGS84)
    places = communes.geometry.to_crs(WGS84)
    lon, lat = places.x.to_numpy(), places.y.to_numpy()
    by_department: dict[str, list[int]] = {}
    by_name: dict[tuple[str, str], list[int]] = {}
    for row, (name, department) in enumerate(zip(communes["commune_name"], communes["department"], strict=True)):
        by_department.setdefault(department, []).append(row)
        by_name.setdefault((_plain_city(name), department), []).append(row)
    reasons = np.full(len(degrees), None, dtype=object)
    for row, (point, code, city) in enumerate(zip(degrees, to_text(post_codes), to_text(cities), strict=True)):
        departments = _department_of_postcode(code)
        named = [at for department in departments for at in by_name.get((_plain_city(city), department), [])]
        known = named or [at for department in departments for at in by_department.get(department, [])]
        if point is None or not known:
            continue
        distance = float(_distance_km(point.x, point.y, lon[known], lat[known]).min())
        if distance > max_km:
            km = round(distance)
            reasons[row] = (
                note("loss.far_from_city", km=km, city=city, code=code)
                if named
                else note("loss.far_from_department", km=km, department=departments[0], code=code)
            )
    return reasons


def far_from_communes(positions: gpd.GeoSeries, communes: gpd.GeoDataFrame, *, max_km: float = 30.0) -> np.ndarray:
    """Say which positions lie far from every commune known: in the sea, or in another territory.

    Parameters
    ----------
    positions : geopandas.GeoSeries of Point
        Positions; None is left alone.
    communes : geopandas.GeoDataFrame
        Of :func:`read_communes`.
    max_km : float
        Greatest distance from the nearest commune's point [km].

    Returns
    -------
    ndarray of object, shape (n,)
        Reason (Note), or None.

    Examples
    --------
    >>> communes = gpd.GeoDataFrame({"commune": ["62193"]}, geometry=[shapely.Point(1.87, 50.95)], crs=4326)
    >>> where = gpd.GeoSeries([shapely.Point(1.9, 50.9), shapely.Point(2.0, 52.5)], crs=4326)
    >>> [str(why) for why in far_from_communes(where, communes)]
    ['None', 'position lies 173 km from the nearest known commune: in the sea, or elsewhere']
    """
    places = communes.geometry.to_crs(WGS84)
    lon, lat = places.x.to_numpy(), places.y.to_numpy()
    reasons = np.full(len(positions), None, dtype=object)
    for row, point in enumerate(positions.to_crs(WGS84)):
        if point is None or point.is_empty:
            continue
        distance = float(_distance_km(point.x, point.y, lon, lat).min())
        if distance > max_km:
            reasons[row] = note("loss.far_from_communes", km=round(distance))
    return reasons


@dataclass(frozen=True, eq=False)
class Addresses:
    """Addresses of a BAN file, ready to be searched.

    Attributes
    ----------
    streets : mapping of str to mapping of str to mapping of str to (float, float)
        Commune code → street in plain words → number (``""`` for the street's middle) → (longitude, latitude).
    communes_of_postcode : mapping of str to tuple of str
        Postcode → commune codes.
    commune_names : mapping of str to str
        Commune code → name, where the file gives it.
    """

    streets: Mapping[str, Mapping[str, Mapping[str, tuple[float, float]]]]
    communes_of_postcode: Mapping[str, tuple[str, ...]]
    commune_names: Mapping[str, str] = field(default_factory=dict)


def read_addresses(path: str | Path) -> Addresses:
    r"""Read a department file of the Base adresse nationale.

    Parameters
    ----------
    path : str or pathlib.Path
        ``adresses-59.csv`` or ``adresses-59.csv.gz``: ``numero, rep, nom_voie, code_postal, code_insee, nom_commune,
        lon, lat``.

    Returns
    -------
    Addresses

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text(
    ...     "numero;nom_voie;code_postal;code_insee;lon;lat\n7;Rue Faidherbe;59000;59350;3.06;50.63\n"
    ... )
    >>> read_addresses(file).streets["59350"]["rue faidherbe"]["7"]
    (3.06, 50.63)
    """
    wanted = {
        "number": ("numero",),
        "suffix": ("rep",),
        "street": ("nom_voie", "nom_ld"),
        "post_code": ("code_postal",),
        "commune": ("code_insee",),
        "city": ("nom_commune",),
        "lon": ("lon", "longitude"),
        "lat": ("lat", "latitude"),
    }
    table = _read_maybe_gz(Path(path))
    found = pick_columns(table.columns, wanted, where=Path(path).name, optional=("suffix", "city"))
    lon, lat = (to_numbers(table[found[name]]).to_numpy() for name in ("lon", "lat"))
    texts = {name: to_text(table[found[name]]).tolist() for name in found if name not in ("lon", "lat")}
    suffixes = texts.get("suffix", [None] * len(table))
    streets: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
    codes: dict[str, dict[str, None]] = {}
    plain: dict[str, str] = {}
    for row, (commune, street) in enumerate(zip(texts["commune"], texts["street"], strict=True)):
        if not commune or not street or not np.isfinite(lon[row]) or not np.isfinite(lat[row]):
            continue
        name = plain.setdefault(street, plain_street(street))
        number = f"{texts['number'][row] or ''}{(suffixes[row] or '').lower()[:1]}"
        streets.setdefault(commune, {}).setdefault(name, {}).setdefault(number, (float(lon[row]), float(lat[row])))
        codes.setdefault(texts["post_code"][row] or "", {})[commune] = None
    for each in streets.values():
        for numbers in each.values():
            places = sorted(numbers.values())
            numbers.setdefault("", places[len(places) // 2])
    cities = dict(zip(texts["commune"], texts.get("city", [None] * len(table)), strict=True))
    return Addresses(
        streets=streets,
        communes_of_postcode={code: tuple(some) for code, some in codes.items()},
        commune_names={code: name for code, name in cities.items() if code and name},
    )


def _read_maybe_gz(path: Path) -> pd.DataFrame:
    """Read a table as the BAN ships it: a CSV, compressed by itself; no more than a large department unpacks."""
    if path.suffix.lower() != ".gz":
        return read_table(path)
    file = require_file(path)
    with tempfile.TemporaryDirectory() as folder:
        plain, left = Path(folder) / file.stem, _MAX_UNPACKED_BYTES
        try:
            with gzip.open(file) as packed, plain.open("wb") as unpacked:
                while block := packed.read(1 << 20):
                    left -= len(block)
                    if left < 0:
                        raise refusal(
                            "places.gzip_large",
                            CapacityError,
                            file=file.name,
                            gb=round(_MAX_UNPACKED_BYTES / 1e9),
                        )
                    unpacked.write(block)
        except (OSError, EOFError, zlib.error) as error:
            raise refusal("places.gzip", file=file.name, why=error) from error
        return read_table(plain)


def plain_street(text: str) -> str:
    """Street in plain words, abbreviations written out.

    Examples
    --------
    >>> plain_street("Bd. du Gal de Gaulle")
    'boulevard du general de gaulle'
    """
    return " ".join(_ABBREVIATIONS.get(word, word) for word in fold(text).split())


def geocode(
    table: pd.DataFrame,
    *,
    address: str,
    post_code: str,
    city: str,
    communes: gpd.GeoDataFrame,
    addresses: Sequence[Addresses] = (),
    commune: str | None = None,
) -> gpd.GeoDataFrame:
    """Place rows by their address: the number, else the street, else the commune, and say which.

    The score is the likeness of the street's name (Ratcliff–Obershelp, 0–1); below 0.75 the street is not believed and
    the commune's point is given.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows.
    address, post_code, city : str
        Columns.
    communes : geopandas.GeoDataFrame
        Of :func:`read_communes`.
    addresses : sequence of Addresses
        BAN files; without any, only communes are found.
    commune : str, optional
        Column of the commune's code, more certain than postcode and city.

    Returns
    -------
    geopandas.GeoDataFrame
        Index of `table`; ``position_quality`` (exact, street, commune, none), ``score``, ``commune``, ``reason`` (None
        when placed), Point in EPSG:4326 or None.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> communes = gpd.GeoDataFrame({"commune": ["59350"], "commune_name": ["Lille"], "department": ["59"]},
    ...     geometry=[shapely.Point(3.06, 50.63)], crs=4326)
    >>> rows = pd.DataFrame({"a": ["7 rue Faidherbe"], "cp": ["59000"], "v": ["LILLE CEDEX"]})
    >>> placed = geocode(rows, address="a", post_code="cp", city="v", communes=communes)
    >>> placed[["position_quality", "score"]].values.tolist()
    [['commune', 0.0]]
    """
    given = {"address": address, "post_code": post_code, "city": city, "commune": commune}
    found = pick_columns(table.columns, {}, where="table", given=given)
    texts = {name: to_text(table[column]).tolist() for name, column in found.items()}
    codes = texts.get("commune", [None] * len(table))
    points = communes.geometry.to_crs(WGS84)
    middle = dict(zip(communes["commune"], zip(points.x, points.y, strict=True), strict=True))
    by_name: dict[tuple[str, str], str] = {}
    for code, name, department in zip(
        communes["commune"], communes["commune_name"], communes["department"], strict=True
    ):
        by_name.setdefault((_plain_city(name), department), code)
    records = []
    for line, postal, town, own in zip(texts["address"], texts["post_code"], texts["city"], codes, strict=True):
        departments = _department_of_postcode(postal)
        named = next((by_name[key] for d in departments if (key := (_plain_city(town), d)) in by_name), None)
        code = own if own in middle else named
        possible = (
            [code] if code else [c for book in addresses for c in book.communes_of_postcode.get(postal or "", ())]
        )
        hit = max(
            (_street(line, each, addresses) for each in possible), default=("none", 0.0, None), key=lambda h: h[1]
        )
        quality, score, place = hit
        if place is None and code in middle:
            quality, score, place = "commune", 0.0, middle[code]
        why = None if place else note("loss.address_unfound", town=town or "?", postal=postal or "?")
        records.append((quality if place else "none", score, code, why, shapely.Point(place) if place else None))
    columns = ["position_quality", "score", "commune", "reason", "geometry"]
    frame = pd.DataFrame.from_records(records, columns=columns, index=table.index)
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(frame["geometry"].to_numpy(), index=table.index, crs=WGS84))


def split_number(line: str) -> tuple[str, str]:
    """Split the number, with the letter of its suffix, from the rest of an address line.

    Examples
    --------
    >>> split_number("12 bis, rue Faidherbe"), split_number("place de la Gare")
    (('12b', 'rue Faidherbe'), ('', 'place de la Gare'))
    """
    match = _NUMBER.match(line)
    if match is None:
        return "", line
    return f"{match[1]}{(match[2] or '').lower()[:1]}", line[match.end() :]


def _street(
    line: str | None, commune: str, books: Sequence[Addresses]
) -> tuple[str, float, tuple[float, float] | None]:
    """Best street of a commune for an address line: (quality, score, place)."""
    if not line:
        return "none", 0.0, None
    number, rest = split_number(line)
    name = plain_street(rest)
    streets: dict[str, Mapping[str, tuple[float, float]]] = {}
    for book in books:
        streets.update(book.streets.get(commune, {}))
    if name in streets:
        best, score = name, 1.0
    else:
        near = difflib.get_close_matches(name, list(streets), n=1, cutoff=_STREET_SCORE)
        if not near:
            return "none", 0.0, None
        best, score = near[0], round(difflib.SequenceMatcher(None, name, near[0]).ratio(), 3)
    numbers = streets[best]
    if number and number in numbers:
        return "exact", score, numbers[number]
    return "street", score, numbers[""]
