"""What a study says beyond its flags: components of adequacy, remedies, tables by zoning, the report's context."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from geo_access.adequacy.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.adequacy.remedy_table import smallest_remedies
from geo_access.adequacy.round_trips import NetworkTimes
from geo_access.adequacy.supply_adequacy import employer_need, supply_adequacy
from geo_access.manifest import Manifest
from geo_access.maps.strings import text
from geo_access.network.model import CrowFly, Network
from geo_access.report.context import ReportContext, SourceReading, reach_table
from geo_access.routing.query import Query, Window
from geo_access.study_bands import bands_label
from geo_access.study_file import StudyFile
from geo_access.study_inputs import StudyInputs
from geo_access.study_values import study_schedules
from geo_access.travel_times.core import point_times

__all__ = ["Findings", "findings", "report_context", "with_remedies"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Tables computed from a diagnosis.

    Attributes
    ----------
    components : pandas.DataFrame or None
        Geographic, quantitative and employment components per métier; None without both training and employers.
    remedies : pandas.DataFrame
        Smallest single change per flagged zone × métier × profile × kind.
    """

    components: pd.DataFrame | None
    remedies: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Both by name, those that there are."""
        named = {"remedies": self.remedies, "supply_adequacy": self.components}
        return {name: table for name, table in named.items() if table is not None}


def _first_case(diagnosis: Diagnosis, profile: str, kind: str) -> DiagnosedCase | None:
    """Return the case that the report speaks of: the first schedule, or each employer's own hours."""
    own = [case for case in diagnosis.cases if case.profile.id == profile and case.kind == kind]
    return next((case for case in own if case.schedule == OWN_HOURS), own[0] if own else None)


def _components(file: StudyFile, inputs: StudyInputs, network: Network, diagnosis: Diagnosis) -> pd.DataFrame | None:
    profile = diagnosis.cases[0].profile
    training, jobs = (_first_case(diagnosis, profile.id, kind) for kind in ("training", "job"))
    if training is None or jobs is None or not len(diagnosis.sites["training"]) or not len(diagnosis.sites["job"]):
        return None
    schedule = next(item for item in file.schedules if item.kind == "training")
    on_streets = profile.mode in ("walk", "bike", "car")
    query = Query(
        profile.mode,
        arrive=None if on_streets else Window.parse(schedule.start),
        max_s=round(training.threshold.limit_s),
        walk_kmh=profile.walk_kmh,
        bike_kmh=profile.bike_kmh,
        max_access_s=round(profile.max_access_min * 60),
        max_egress_s=round(profile.max_access_min * 60),
        max_rides=profile.max_rides,
    )
    seconds = point_times(network, diagnosis.sites["job"].xy, diagnosis.sites["training"].xy, query).seconds[:, :, 0]
    need = employer_need(jobs.offers, training.offers, seconds, limit_s=training.threshold.limit_s)
    source = "; ".join(table.source for table in (file.training, file.employers) if table is not None and table.source)
    return supply_adequacy(training, diagnosis.residents, need=need, employment=inputs.employment, source=source)


def findings(file: StudyFile, inputs: StudyInputs, network: Network, diagnosis: Diagnosis) -> Findings:
    """Compute components and remedies.

    Remedies are sought for the first profile: each one is a recomputation for the whole territory.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs
    network : Network
    diagnosis : Diagnosis

    Returns
    -------
    Findings
    """
    profile = diagnosis.cases[0].profile.id
    parts = []
    for kind in diagnosis.sites:
        case = _first_case(diagnosis, profile, kind)
        if case is None or not len(diagnosis.sites[kind]):
            continue
        table = smallest_remedies(
            diagnosis,
            NetworkTimes(network),
            profile=profile,
            kind=kind,
            schedule=case.schedule,
            threshold=case.threshold.id,
        )
        table = table.assign(lifts=table["remedy"].astype(str) != "")
        parts.append(table.assign(profile=profile, kind=kind, schedule=case.schedule, threshold=case.threshold.id))
    columns = ["zone_id", "metier", "profile", "kind", "schedule", "threshold", "remedy", "detail"]
    remedies = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return Findings(_components(file, inputs, network, diagnosis), remedies)


def with_remedies(flags: pd.DataFrame, remedies: pd.DataFrame, *, language: str) -> pd.DataFrame:
    """Return the flags with a column ``remedy``: the smallest change that lifts the flag, in words.

    Parameters
    ----------
    flags, remedies : pandas.DataFrame
    language : str

    Returns
    -------
    pandas.DataFrame
        As `flags`; ``remedy`` is missing where none was sought or none was found.
    """
    found = remedies[remedies["remedy"].astype(str) != ""]
    words = [
        text(f"report.change.{remedy}", language, detail=detail)
        for remedy, detail in zip(found["remedy"], found["detail"], strict=True)
    ]
    keys = ["zone_id", "metier", "profile", "kind", "schedule", "threshold"]
    lookup = pd.Series(words, index=pd.MultiIndex.from_frame(found[keys].astype(str)), dtype=object)
    asked = pd.MultiIndex.from_frame(flags[keys].astype(str))
    return flags.assign(remedy=lookup.reindex(asked).to_numpy() if len(lookup) else np.full(len(flags), None, object))


def report_context(
    file: StudyFile,
    inputs: StudyInputs,
    network: Network,
    diagnosis: Diagnosis,
    found: Findings,
    manifest: Manifest,
    *,
    flags: pd.DataFrame,
    sheets: dict[str, Path],
    sources: tuple[str, ...],
    counts: pd.DataFrame,
    notices: pd.DataFrame,
    links: pd.DataFrame,
) -> ReportContext:
    """Gather what the report is written from."""
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
        flags=flags,
        reach=reach_table(diagnosis),
        manifest=manifest,
        sheets=sheets,
        supply_adequacy=found.components,
        counts=counts,
        notices=notices,
        links=links,
        bands_label=bands_label(file),
        remedies=found.remedies[found.remedies["lifts"]] if len(found.remedies) else None,
        readings=tuple(
            SourceReading(
                report.source,
                report.read,
                report.kept,
                report.located,
                tuple((int(row["rows"]), str(row["reason"])) for row in report.losses().to_dict("records")),
            )
            for report in inputs.reports
        ),
        sources=sources,
        language=file.study.language,
        synthetic=file.study.synthetic,
        crow_fly=isinstance(network.streets, CrowFly),
    )
