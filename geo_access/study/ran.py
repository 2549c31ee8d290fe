"""What a run has found: the one value from which its pictures, report, tables and manifest are made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo_access.diagnosis.diagnose import Diagnosis
from geo_access.diagnosis.dictionary import flag_dictionary, rules_table, thresholds_table
from geo_access.manifest import Manifest
from geo_access.network.model import CrowFly, Network
from geo_access.network.timetable.stops import network_notices
from geo_access.report.context import ReportContext, SourceReading
from geo_access.report.scenario import ChangePage
from geo_access.report.tables import axis_table, bare_departments, lift_table, reach_table
from geo_access.study.bands import bands_label
from geo_access.study.file import StudyFile, flag_rules, study_schedules, study_thresholds
from geo_access.study.findings import Findings
from geo_access.study.inputs import StudyInputs
from geo_access.study.network import links_table
from geo_access.study.prepared import PreparedStudy

__all__ = ["Ran", "key_tables", "report_context"]


@dataclass(frozen=True, eq=False)
class Ran:
    """A study that was computed and is not yet written.

    Attributes
    ----------
    base : PreparedStudy
        Its tables, network, flags and the times known.
    found : Findings
    flags : pandas.DataFrame
        Those of the diagnosis, with the smallest remedy in words.
    bands : mapping of str to geopandas.GeoDataFrame
        Isochrones by code of métier.
    counts : pandas.DataFrame
        Places, residents and jobs within each band.
    manifest : Manifest
    """

    base: PreparedStudy
    found: Findings
    flags: pd.DataFrame
    bands: dict[str, gpd.GeoDataFrame]
    counts: pd.DataFrame
    manifest: Manifest

    @property
    def file(self) -> StudyFile:
        """The study that was asked."""
        return self.base.file

    @property
    def inputs(self) -> StudyInputs:
        """Its tables."""
        return self.base.inputs

    @property
    def network(self) -> Network:
        """Its streets and timetables."""
        return self.base.network

    @property
    def diagnosis(self) -> Diagnosis:
        """Its flags, by question."""
        return self.base.diagnosis

    @cached_property
    def notices(self) -> pd.DataFrame:
        """What the timetables' reading said, feed by feed."""
        return network_notices(self.network, language=self.file.study.language)

    @cached_property
    def links(self) -> gpd.GeoDataFrame:
        """How points, sites and stops hang on the streets."""
        return links_table(self.inputs, self.base.kept.on(self.network))


def key_tables(ran: Ran) -> dict[str, pd.DataFrame]:
    """Tables that the rows of the flags refer to, and what their columns mean."""
    language = ran.file.study.language
    columns = [str(name) for name in ran.flags.columns if name != "threshold_source"]
    return {
        "flags_dictionary": flag_dictionary(columns, language),
        "thresholds": thresholds_table(study_thresholds(ran.file), language),
        "rules": rules_table(flag_rules(ran.file)),
    }


def _by_name(file: StudyFile, table: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """Tables of the other zonings by the names that the study gives them."""
    if table is None:
        return {}
    return {section.name: table[table["zoning"] == section.id] for section in file.zonings}


def report_context(
    ran: Ran, *, sheets: dict[str, Path], sources: tuple[str, ...], scenarios: tuple[ChangePage, ...] = ()
) -> ReportContext:
    """Gather what the report is written from."""
    file, diagnosis, found = ran.file, ran.diagnosis, ran.found
    cases = diagnosis.cases
    return ReportContext(
        name=file.study.name,
        territory=file.study.territory or file.study.name,
        service_date=file.study.date,
        metiers=cases[0].offers.metiers,
        profiles=tuple({case.profile.id: case.profile for case in cases}.values()),
        thresholds=tuple({case.threshold.id: case.threshold for case in cases}.values()),
        schedules=tuple(study_schedules(file)),
        rules=diagnosis.rules,
        flags=ran.flags,
        reach=reach_table(diagnosis),
        lifts=lift_table(diagnosis),
        axes=axis_table(diagnosis),
        towns=diagnosis.towns,
        bare_departments=bare_departments(diagnosis),
        manifest=ran.manifest,
        sheets=sheets,
        supply_adequacy=found.components,
        counts=ran.counts,
        notices=ran.notices,
        links=ran.links,
        bands_label=bands_label(file),
        remedies=found.remedies[found.remedies["lifts"]] if len(found.remedies) else None,
        trip_plan=found.trip_plan,
        session_plan=found.plan,
        curves=found.curves,
        observed=found.observed,
        mismatch=found.mismatch,
        need=ran.inputs.beside.need,
        zonings=_by_name(file, found.by_zoning),
        readings=tuple(
            SourceReading(
                report.source,
                report.read,
                report.kept,
                report.located,
                report.counted(),
            )
            for report in ran.inputs.reports
        ),
        sources=sources,
        scenarios=scenarios,
        language=file.study.language,
        synthetic=file.study.synthetic,
        crow_fly=isinstance(ran.network.streets, CrowFly),
    )
