"""The run of a study: computed as one value, then written, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from geo_access.manifest import Manifest
from geo_access.network.streets.congestion import DRIVEN, car_label
from geo_access.report.study_report import write_report
from geo_access.study.bands import band_counts, isochrone_notes, study_isochrones
from geo_access.study.estimate import estimate_of
from geo_access.study.file import StudyFile
from geo_access.study.findings import findings, study_diagnosis, with_remedies
from geo_access.study.gis import write_gis
from geo_access.study.inputs import StudyInputs
from geo_access.study.opened import open_study
from geo_access.study.outputs import write_manifest, write_tables
from geo_access.study.pictures import map_contents, write_front_page, write_pictures
from geo_access.study.prepared import PreparedStudy
from geo_access.study.provenance import need_sources, study_tables
from geo_access.study.ran import Ran, key_tables, report_context
from geo_access.study.scenario_outputs import write_scenarios
from geo_access.times.kept import KeptTimes
from geo_access.words.note import Note

if TYPE_CHECKING:
    from geo_access.times.cluster import Workers

__all__ = ["compute_run", "write_run"]

Progress = Callable[[str, float], None]
Announce = Callable[[str], None]


def compute_run(
    file: StudyFile,
    path: Path,
    *,
    sha256: str,
    progress: Progress,
    announce: Announce,
    workers: Workers | None = None,
) -> Ran:
    """Read a study, diagnose it, draw its isochrones and seek its remedies; nothing is written.

    Parameters
    ----------
    file : StudyFile
    path : pathlib.Path
        Of the study file.
    sha256 : str
        Of the bytes that were read of it.
    progress : callable
        Called with a stage and the share done, 0–1.
    announce : callable
        Called with the estimate of memory and time, when the tables are read.
    workers : Workers, optional
        Who works out the times on the study's networks.

    Returns
    -------
    Ran

    Raises
    ------
    GeoAccessError
        With all that is wrong, where, and what to do.
    """
    progress("read", 0.0)

    def read(inputs: StudyInputs) -> None:
        announce(estimate_of(file, inputs).told(file.study.language))
        progress("network", 0.05)

    opened = open_study(file, path, when_read=read)
    progress("diagnose", 0.15)
    kept = KeptTimes(workers=workers)
    if workers is not None:
        for network in (opened.network, opened.days.other, *opened.days.ordinary):
            if network is not None:
                workers.open(network)
    times = kept.on(opened.network)
    diagnosis = study_diagnosis(
        file, opened.inputs, times, lambda _, share: progress("diagnose", 0.15 + 0.4 * share), days=opened.days
    )
    base = PreparedStudy(file, path, opened.inputs, opened.network, diagnosis, kept)
    progress("isochrones", 0.55)
    bands = study_isochrones(file, base.inputs, base.network)
    undrawn = isochrone_notes(file, base.inputs, bands)
    manifest = _manifest(base, {path.name: sha256, **base.network.inputs, **opened.watched.hashes}, notes=undrawn)
    counts = band_counts(file, base.inputs, bands)
    progress("remedies", 0.6)
    found = findings(file, base.inputs, times, diagnosis)
    manifest = replace(manifest, warnings=tuple(dict.fromkeys((*manifest.warnings, *found.notes))))
    flags = with_remedies(diagnosis.flags, found.remedies, language=file.study.language)
    return Ran(base, found, flags, bands, counts, manifest)


def write_run(folder: Path, ran: Ran, *, progress: Progress) -> tuple[tuple[str, int], ...]:
    """Write pictures, scenarios, report, tables, GIS project, front page and manifest.

    Parameters
    ----------
    folder : pathlib.Path
    ran : Ran
    progress : callable
        Called with a stage and the share done, 0–1.

    Returns
    -------
    tuple of (str, int)
        What was written, relative to `folder`, and bytes.
    """
    file = ran.file
    progress("scenarios", 0.65)
    scenarios, changes = write_scenarios(
        folder, ran.base, progress=lambda stage, share: progress(stage, 0.65 + 0.05 * share)
    )
    progress("maps", 0.7)
    contents = tuple(replace(content, changes=changes) for content in map_contents(ran))
    pictures = write_pictures(folder, file, contents)
    progress("report", 0.85)
    context = report_context(ran, sheets=pictures.sheets, sources=contents[0].sources, scenarios=scenarios)
    report = tuple(write_report(folder, context))
    progress("write", 0.95)
    extra = {
        **ran.found.tables(),
        **_need_tables(ran),
        "band_counts": ran.counts,
        "gtfs_notices": ran.notices,
        **key_tables(ran),
    }
    tables = write_tables(folder, ran, extra=extra)
    tables += write_gis(folder, contents, ran.flags, title=file.study.name, epsg=ran.network.epsg)
    write_front_page(folder, file, pictures, report=report, tables=tables)
    write_manifest(folder, ran.manifest)
    return tuple(
        (entry.relative_to(folder).as_posix(), entry.stat().st_size)
        for entry in sorted(folder.rglob("*"))
        if entry.is_file() and "assets" not in entry.parts and not entry.name.startswith(".")
    )


def _need_tables(ran: Ran) -> Mapping[str, pd.DataFrame]:
    need = ran.inputs.beside.need
    return {} if need is None else need.tables()


def _manifest(base: PreparedStudy, hashes: Mapping[str, str], *, notes: Sequence[Note]) -> Manifest:
    file, inputs, network, diagnosis = base.file, base.inputs, base.network, base.diagnosis
    driven = [car_label(network.streets)] if any(profile.mode in DRIVEN for profile in file.profiles) else []
    warnings = dict.fromkeys((*network.warnings, *inputs.warnings, *diagnosis.manifest.warnings, *driven, *notes))
    return Manifest(
        inputs=dict(hashes),
        query=diagnosis.manifest.query,
        warnings=tuple(warnings),
        extra={
            "study": file.study.name,
            "synthetic": file.study.synthetic,
            "service_date": str(file.study.date),
            "rules": diagnosis.rules.text(),
            "sources": {key: f"{table.source} {table.vintage}".strip() for key, table in study_tables(file).items()}
            | need_sources(file),
            "reading": [report.to_dict() for report in inputs.reports],
            "counts": {
                "points": len(inputs.points),
                "zones": len(inputs.zones),
                "sites": {kind: len(sites) for kind, sites in diagnosis.sites.items()},
            },
        },
    )
