"""The tables and layers of a study, as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.adequacy.diagnose import Diagnosis
from geo_access.adequacy.model import RoundTrip
from geo_access.network.links_report import write_link_report
from geo_access.routing.reasons import Reason
from geo_access.study_inputs import StudyInputs
from geo_access.study_outputs import TravelTimeWriter, write_flags

__all__ = ["pair_reasons", "write_tables"]


def write_tables(
    folder: Path, inputs: StudyInputs, diagnosis: Diagnosis, bands: dict[str, gpd.GeoDataFrame],
    flags: pd.DataFrame, *, links: gpd.GeoDataFrame, extra: Mapping[str, pd.DataFrame],
) -> tuple[Path, ...]:  # fmt: skip
    """Write travel times, flags, isochrones, links and the `extra` tables (CSV by name); return the files."""
    times = folder / "travel_times.parquet"
    writer = TravelTimeWriter(times, inputs.points)
    names = [reason.name for reason in Reason]
    for (profile, kind, schedule), trip in diagnosis.times.items():
        writer.write(
            profile=profile,
            schedule=f"{kind}:{schedule}",
            site_ids=diagnosis.sites[kind].ids,
            out_s=trip.out_s,
            back_s=trip.back_s,
            reason=pair_reasons(trip),
            reason_names=names,
        )
    writer.close()
    written = [times, *write_flags(folder, inputs.zones, flags)]
    for name, table in extra.items():
        if len(table):
            written.append(folder / f"{name}.csv")
            table.to_csv(written[-1], index=False, encoding="utf-8")
    if len(links):
        written += write_link_report(links, folder)
    if bands:
        layers = [part.assign(metier=code) for code, part in bands.items()]
        crs = layers[0].crs
        frame = gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), geometry="geometry", crs=crs)
        written.append(folder / "isochrones.gpkg")
        frame.to_crs(4326).to_file(written[-1], layer="isochrones", driver="GPKG")
    return tuple(written)


def pair_reasons(trip: RoundTrip) -> np.ndarray:
    """Reason of each pair of a round trip, uint8 (n_points, n_sites): the way there first, then the way back."""
    there = np.zeros(trip.out_s.shape, np.uint8) if trip.out_reason is None else trip.out_reason
    back = np.zeros(trip.back_s.shape, np.uint8) if trip.back_reason is None else trip.back_reason
    no_return = np.where(back == Reason.NO_TRIP_IN_WINDOW, np.uint8(Reason.NO_RETURN_TRIP), back)
    return np.where(there != Reason.OK, there, no_return)
