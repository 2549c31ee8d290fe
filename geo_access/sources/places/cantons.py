"""Rural communes grouped to their canton, and their people smoothed: what INSEE advises for small numbers.

INSEE (documentation of the grid, 7737357): no cell is read alone; in the country nothing below a canton, and smoothed.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from geo_access.sources.places.lists import gather_communes
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.text import pick_columns, to_text
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["group_rural", "read_cantons", "smooth_membership"]

_COMMUNES = ("com", "codgeo", "commune", "depcom", "insee", "code_commune", "insee_com")
_CANTONS = ("can", "canton", "code_canton", "cv", "canton_ville")
_NAMES = ("libcan", "lib_canton", "nom_canton", "canton_name", "libelle_canton")


def read_cantons(path: str | Path) -> pd.DataFrame:
    r"""Read which canton each commune belongs to, as INSEE's list of communes has it (``COM``, ``CAN``).

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    pandas.DataFrame
        ``commune, zone_id, zone_name``; rows without a canton (delegated communes, districts) are left out.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "v_commune_2025.csv"
    >>> _ = file.write_text("TYPECOM,COM,CAN\nCOM,02001,0204\nCOMD,02002,\n")
    >>> read_cantons(file).values.tolist()
    [['02001', '0204', '0204']]
    """
    table = read_table(path)
    wanted = {"commune": _COMMUNES, "canton": _CANTONS, "name": _NAMES}
    found = pick_columns(table.columns, wanted, where=Path(path).name, optional=("name",))
    codes = to_text(table[found["canton"]])
    names = to_text(table[found["name"]]) if "name" in found else codes
    every = pd.DataFrame({"commune": to_text(table[found["commune"]]), "zone_id": codes, "zone_name": names})
    return every.dropna(subset=["commune", "zone_id"]).drop_duplicates("commune").reset_index(drop=True)


def group_rural(
    zones: gpd.GeoDataFrame, membership: pd.DataFrame, cantons: pd.DataFrame, rural: Collection[str]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, Note]:
    """Put the cantons in the place of their rural communes.

    Parameters
    ----------
    zones : geopandas.GeoDataFrame
        ``zone_id`` (for a commune its code), ``zone_name, zone_kind``.
    membership : pandas.DataFrame
        ``point_id, zone_id, share``.
    cantons : pandas.DataFrame
        Of `read_cantons`.
    rural : collection of str
        Codes of the rural communes.

    Returns
    -------
    zones : geopandas.GeoDataFrame
        The zones that stay, then a zone of kind ``canton`` for the rural communes of each canton.
    membership : pandas.DataFrame
        The same points: none leaves.
    note : Note
        How many communes were grouped.

    Raises
    ------
    InputError
        When no zone is a rural commune with a canton.
    """
    of_commune = cantons.set_index("commune")["zone_id"]
    own = zones["zone_id"].astype(str)
    grouped = own.isin(set(map(str, rural))) & own.isin(set(of_commune.index))
    if not grouped.any():
        raise refusal("places.no_rural_commune")
    made = gather_communes(
        gpd.GeoDataFrame(zones[grouped].assign(zone_id=own[grouped])), _prefixed(cantons), kind="canton"
    )
    kept = pd.concat([zones[~grouped], made.to_crs(zones.crs)], ignore_index=True)
    found = gpd.GeoDataFrame(kept, geometry="geometry", crs=zones.crs)
    found.attrs.update(zones.attrs)
    renamed = membership.assign(
        zone_id=[
            f"canton-{of_commune[zone]}" if inside else zone
            for zone, inside in zip(
                membership["zone_id"].astype(str),
                membership["zone_id"].astype(str).isin(set(own[grouped])),
                strict=True,
            )
        ]
    )
    summed = renamed.groupby(["point_id", "zone_id"], sort=False)["share"].sum().reset_index()
    summed["share"] = summed["share"].clip(upper=1.0)
    summed.attrs.update(membership.attrs)
    return found, summed, note("cantons.grouped", n=int(grouped.sum()), cantons=len(made))


def _prefixed(cantons: pd.DataFrame) -> pd.DataFrame:
    """Codes of cantons look like those of other zonings: they say what they are."""
    return cantons.assign(zone_id="canton-" + cantons["zone_id"].astype(str))


def smooth_membership(
    membership: pd.DataFrame, point_ids: np.ndarray, xy: np.ndarray, zones: Collection[str], *, km: float
) -> pd.DataFrame:
    """Spread the people of each point of some zones over the points of these zones around.

    Biweight kernel, conservative: ``K(d) = (1 − (d / h)²)²`` for d < h, divided by its sum over the points around, so
    that each person counts once (the kernel of INSEE's package ``btb``).

    Parameters
    ----------
    membership : pandas.DataFrame
        ``point_id, zone_id, share``.
    point_ids : ndarray of object, shape (n_points,)
    xy : ndarray of float64, shape (n_points, 2)
        Metric CRS [m].
    zones : collection of str
        Zones that are smoothed.
    km : float
        Radius h of the kernel [km].

    Returns
    -------
    pandas.DataFrame
        As `membership`: the share of each point that is counted in each zone. The shares of a point over the smoothed
        zones sum to what they summed to.

    Examples
    --------
    >>> table = pd.DataFrame({"point_id": ["a", "b"], "zone_id": ["x", "y"], "share": [1.0, 1.0]})
    >>> places = np.array([[0.0, 0.0], [500.0, 0.0]])
    >>> smooth_membership(table, np.array(["a", "b"], object), places, ["x", "y"], km=1)["share"].round(2).tolist()
    [0.64, 0.36, 0.36, 0.64]
    """
    smoothed = membership["zone_id"].astype(str).isin(set(map(str, zones)))
    mine = membership[smoothed]
    if mine.empty:
        return membership
    index = pd.Index(np.asarray(point_ids, dtype=object).astype(str))
    rows = np.unique(index.get_indexer(mine["point_id"].astype(str)))
    tree, h = cKDTree(xy[rows]), km * 1000.0
    near = tree.sparse_distance_matrix(tree, h, output_type="coo_matrix")
    weight = sparse.csr_matrix(((1 - (near.data / h) ** 2) ** 2, (near.row, near.col)), shape=near.shape)
    # A distance of nought is no entry of a sparse matrix: each point stands for itself with weight one.
    weight = sparse.csr_matrix(weight + sparse.diags(1.0 - weight.diagonal()))
    spread = sparse.csr_matrix(weight @ sparse.diags(1.0 / np.asarray(weight.sum(axis=0)).ravel()))
    at, names = pd.factorize(mine["zone_id"].astype(str), sort=True)
    column = np.searchsorted(rows, index.get_indexer(mine["point_id"].astype(str)))
    member = sparse.csr_matrix((mine["share"].to_numpy(float), (at, column)), shape=(len(names), len(rows)))
    # A zone counts of each person what the kernel leaves at the points of the zone.
    found = sparse.coo_matrix(member @ spread)
    table = pd.DataFrame(
        {"point_id": index[rows[found.col]], "zone_id": np.asarray(names)[found.row], "share": found.data.clip(0, 1)}
    )
    merged = pd.concat([membership[~smoothed], table[table["share"] > 1e-9]], ignore_index=True)
    merged.attrs.update(membership.attrs)
    return merged
