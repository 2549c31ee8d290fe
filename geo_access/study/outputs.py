"""What a study leaves behind: its tables and layers, as files."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from geo_access.manifest import Manifest, write_whole
from geo_access.network.search.links_report import write_link_report
from geo_access.routing.causes import Reason
from geo_access.sources.tables.write import LAST_CHANGE, same_bytes, write_csv
from geo_access.study.folder import MARK, output_files
from geo_access.study.ran import Ran
from geo_access.times.round_trip import RoundTrip, Sites

__all__ = ["TravelTimeWriter", "write_flags", "write_manifest", "write_tables"]


def _clock(seconds: int) -> str:
    """Hours of the service day: the next morning past 24 h, as the employers' table has it."""
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"


class TravelTimeWriter:
    """Writes travel times to one GeoParquet file, a profile and schedule at a time.

    One row per origin and destination; the geometry is the origin's point (EPSG:4326). Nothing is lost: a pair
    without a time carries its reason.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    points : geopandas.GeoDataFrame
        Origins, with ``point_id``.
    """

    def __init__(self, path: Path, points: gpd.GeoDataFrame) -> None:
        lonlat = points.to_crs(4326)
        self._ids = points["point_id"].astype(str).to_numpy()
        self._wkb = shapely.to_wkb(lonlat.geometry.to_numpy())
        bounds = [round(float(value), 6) for value in lonlat.total_bounds]
        geo = (
            '{"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", '
            f'"geometry_types": ["Point"], "bbox": {bounds}}}}}}}'
        )
        text = pa.dictionary(pa.int32(), pa.string())
        self._schema = pa.schema(
            [
                ("profile", text),
                ("schedule", text),
                ("origin_id", text),
                ("destination_id", text),
                ("shift_start", text),
                ("shift_end", text),
                ("out_s", pa.int32()),
                ("back_s", pa.int32()),
                ("out_beyond_s", pa.int32()),
                ("back_beyond_s", pa.int32()),
                ("reason", text),
                ("out_reason", text),
                ("back_reason", text),
                ("geometry", pa.binary()),
            ],
            metadata={"geo": geo},
        )
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, *, profile: str, schedule: str, sites: Sites, trip: RoundTrip) -> None:
        """Append all pairs of one profile and schedule.

        Parameters
        ----------
        profile, schedule : str
        sites : Sites
            Columns of the times; an employer with two shifts stands twice, told apart by ``shift_start`` and
            ``shift_end``.
        trip : RoundTrip
            (n_points, n_sites) [s]. ``out_beyond_s`` and ``back_beyond_s`` are ways that only take longer than was
            asked for.
        """
        n_points, n_sites = trip.out_s.shape
        count = n_points * n_sites
        rows = np.repeat(np.arange(n_points, dtype=np.int32), n_sites)
        columns = np.tile(np.arange(n_sites, dtype=np.int32), n_points)

        def constant(value: str) -> pa.Array:
            return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([value]))

        def coded(codes: np.ndarray, values: list[str]) -> pa.Array:
            return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values, pa.string()))

        def hours(seconds: np.ndarray | None) -> pa.Array:
            if seconds is None:
                missing = pa.array(np.zeros(count, np.int32), mask=np.ones(count, bool))
                return pa.DictionaryArray.from_arrays(missing, pa.array([""], pa.string()))
            code, known = pd.factorize(seconds)
            return coded(code[columns], [_clock(int(value)) for value in known])

        def whole(values: np.ndarray | None) -> pa.Array:
            if values is None:
                return pa.nulls(count, pa.int32())
            flat = values.ravel()
            missing = np.isnan(flat)
            return pa.array(np.where(missing, 0, np.round(flat)).astype(np.int32), mask=missing)

        def causes(reason: np.ndarray | None) -> pa.Array:
            codes = np.zeros((n_points, n_sites), np.uint8) if reason is None else reason
            return coded(codes.ravel(), [reason.name for reason in Reason])

        self._writer.write_table(
            pa.Table.from_arrays(
                [
                    constant(profile),
                    constant(schedule),
                    coded(rows, self._ids.tolist()),
                    coded(columns, [str(i) for i in sites.ids]),
                    hours(sites.start_s),
                    hours(sites.end_s),
                    whole(trip.out_s),
                    whole(trip.back_s),
                    whole(trip.out_beyond_s),
                    whole(trip.back_beyond_s),
                    causes(trip.reason),
                    causes(trip.out_reason),
                    causes(trip.back_reason),
                    pa.array(self._wkb, pa.binary()).take(pa.array(rows)),
                ],
                schema=self._schema,
            )
        )

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def write_flags(folder: Path, zones: gpd.GeoDataFrame, flags: pd.DataFrame) -> list[Path]:
    """Write the flags as CSV (no geometry) and GeoPackage (zone outlines).

    The GeoPackage holds each outline once: a layer ``zones``, a table ``flag_rows``, and the layer ``flags`` that
    joins them, as GIS programs show it.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write ``flags.csv`` and ``flags.gpkg``.
    zones : geopandas.GeoDataFrame
        With ``zone_id``.
    flags : pandas.DataFrame
        One row per zone × métier × profile × kind × schedule × threshold.

    Returns
    -------
    list of pathlib.Path
        The two files.
    """
    # Thresholds and rules stand once in their own tables; the rows refer to them by id.
    flags = flags.drop(columns=[name for name in ("threshold_source",) if name in flags])
    table = folder / "flags.csv"
    write_csv(flags, table)
    package = folder / "flags.gpkg"
    outlines = zones[["zone_id", "geometry"]].to_crs(4326)
    plain = flags.copy()
    for column in plain.columns:
        if isinstance(plain[column].dtype, pd.CategoricalDtype):
            plain[column] = plain[column].astype(str)
    with same_bytes():
        outlines.to_file(package, layer="zones", driver="GPKG")
        pyogrio.write_dataframe(plain, package, layer="flag_rows", driver="GPKG", append=True)
    _join_in_package(package, list(plain.columns), outlines)
    return [table, package]


def _join_in_package(package: Path, columns: list[str], outlines: gpd.GeoDataFrame) -> None:
    """Register a spatial view that joins the flags with the outlines (GeoPackage 1.3, clause 2.1.5 and annex F.8)."""
    chosen = ", ".join(f'r."{column}"' for column in columns)
    west, south, east, north = (float(value) for value in outlines.total_bounds)
    with closing(sqlite3.connect(package)) as base, base:
        base.execute(
            f"CREATE VIEW flags AS SELECT r.fid AS OGC_FID, z.geom AS geom, {chosen} "  # noqa: S608 — our own columns
            "FROM flag_rows r JOIN zones z ON z.zone_id = r.zone_id"
        )
        base.execute(
            "INSERT INTO gpkg_contents "
            "(table_name, identifier, data_type, last_change, srs_id, min_x, min_y, max_x, max_y) "
            "VALUES ('flags', 'flags', 'features', ?, 4326, ?, ?, ?, ?)",
            (LAST_CHANGE, west, south, east, north),
        )
        base.execute(
            "INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) "
            "SELECT 'flags', 'geom', geometry_type_name, 4326, 0, 0 "
            "FROM gpkg_geometry_columns WHERE table_name = 'zones'"
        )


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write ``manifest.json``, last of all: it lists every file of the folder with its SHA-256."""
    return write_whole(folder / MARK, replace(manifest, files=output_files(folder)).to_json())


def write_tables(folder: Path, ran: Ran, *, extra: Mapping[str, pd.DataFrame]) -> tuple[Path, ...]:
    """Write travel times, flags, isochrones, links and the `extra` tables (CSV by name); return the files."""
    inputs, bands = ran.inputs, ran.bands
    times = folder / "travel_times.parquet"
    writer = TravelTimeWriter(times, inputs.points)
    for (profile, kind, schedule), trip in ran.diagnosis.times.items():
        writer.write(profile=profile, schedule=f"{kind}:{schedule}", sites=ran.diagnosis.sites[kind], trip=trip)
    writer.close()
    written = [times, *write_flags(folder, inputs.zones, ran.flags)]
    for name, table in extra.items():
        if len(table):
            written.append(folder / f"{name}.csv")
            write_csv(table, written[-1])
    if len(ran.links):
        written += write_link_report(ran.links, folder)
    if bands:
        layers = [part.assign(metier=code) for code, part in bands.items()]
        crs = layers[0].crs
        frame = gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), geometry="geometry", crs=crs)
        written.append(folder / "isochrones.gpkg")
        with same_bytes():
            frame.to_crs(4326).to_file(written[-1], layer="isochrones", driver="GPKG")
    return tuple(written)
