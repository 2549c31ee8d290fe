"""The flags of a study, and the table of them that is shown at the end of a run."""

from __future__ import annotations

from collections.abc import Callable

from geo_access.adequacy.diagnose import OWN_HOURS, Diagnosis, diagnose
from geo_access.maps.strings import format_number, text
from geo_access.network.model import Network
from geo_access.study_file import StudyFile
from geo_access.study_inputs import StudyInputs
from geo_access.study_values import flag_rules, study_metiers, study_profiles, study_schedules, study_thresholds

__all__ = ["flag_summary", "study_diagnosis"]

Progress = Callable[[str, float], None]


def study_diagnosis(
    file: StudyFile, inputs: StudyInputs, network: Network, progress: Progress, *, other_day: Network | None = None
) -> Diagnosis:
    """Compute the flags of a study; `other_day` tells "no service that day" from "no service"."""
    return diagnose(
        network,
        zones=inputs.zones,
        points=inputs.points,
        membership=inputs.membership,
        metiers=study_metiers(file),
        profiles=study_profiles(file),
        thresholds=study_thresholds(file),
        schedules=study_schedules(file),
        training=inputs.training,
        employers=inputs.employers,
        rules=flag_rules(file),
        other_day=other_day,
        progress=progress,
    )


def flag_summary(file: StudyFile, diagnosis: Diagnosis) -> tuple[tuple[str, ...], ...]:
    """Rows of the table shown at the end: zones by level and residents who get there, métier by métier."""
    language = file.study.language
    population = diagnosis.residents.population
    everyone = max(float(population.sum()), 1.0)
    rows = []
    for case in diagnosis.cases:
        if case.kind == "job" and case.schedule != OWN_HOURS:
            continue
        flags = diagnosis.flags
        own = (
            (flags["profile"] == case.profile.id) & (flags["kind"] == case.kind) & (flags["schedule"] == case.schedule)
        )
        levels = flags[own & (flags["threshold"] == case.threshold.id)].groupby(["metier", "level"], observed=False)
        zones = levels.size()
        for column, metier in enumerate(case.offers.metiers):
            reached = float(population[case.points.reached[:, column]].sum()) / everyone
            counts = (int(zones.get((metier.code, level), 0)) for level in ("adéquat", "fragile", "inadéquat"))
            rows.append(
                (
                    f"{metier.name} ({metier.code})",
                    case.profile.name,
                    text(f"kind.{case.kind}", language),
                    *(format_number(count, language) for count in counts),
                    f"{format_number(100 * reached, language)} %",
                )
            )
    return tuple(rows)
