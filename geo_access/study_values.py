"""The study file's sections as the values that the rooms below work with."""

from __future__ import annotations

from geo_access.adequacy.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.study_file import StudyFile
from geo_access.study_sections import ProfileSection, ScheduleSection

__all__ = [
    "flag_rules",
    "isochrone_profile",
    "isochrone_schedule",
    "study_metiers",
    "study_profiles",
    "study_schedules",
    "study_thresholds",
]


def study_metiers(file: StudyFile) -> list[Metier]:
    """Return the métiers of a study."""
    return [Metier(m.code, m.name, m.family, m.min_level, m.max_level) for m in file.metiers]


def study_profiles(file: StudyFile) -> list[Profile]:
    """Return the publics of a study."""
    return [Profile(p.id, p.name, p.mode, p.walk_kmh, p.bike_kmh, p.max_access_min, p.max_rides) for p in file.profiles]


def study_thresholds(file: StudyFile) -> list[Threshold]:
    """Return the thresholds of a study, with their sources."""
    return [Threshold(t.id, t.name, t.minutes, t.kind, t.source, t.status) for t in file.thresholds]


def study_schedules(file: StudyFile) -> list[Schedule]:
    """Return the hours of a study."""
    return [
        Schedule(s.id, s.name, s.kind, s.start, s.end, s.slack_before_min, s.slack_after_min) for s in file.schedules
    ]


def flag_rules(file: StudyFile) -> FlagRules:
    """Return the rules of the flag."""
    return FlagRules(file.flag.min_opportunities, file.flag.adequate_share, file.flag.fragile_share)


def isochrone_profile(file: StudyFile) -> ProfileSection:
    """Return the profile whose isochrones are drawn: the one named, else the first."""
    chosen = file.output.isochrone_profile
    return next((p for p in file.profiles if p.id == chosen), file.profiles[0])


def isochrone_schedule(file: StudyFile) -> ScheduleSection:
    """Return the schedule whose isochrones are drawn: the first for training, else for jobs."""
    kind = "training" if file.training is not None else "job"
    return next((s for s in file.schedules if s.kind == kind), file.schedules[0])
