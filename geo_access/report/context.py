"""What the study report is written from, gathered once as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from geo_access.diagnosis.coverage import Town
from geo_access.diagnosis.diagnose import OWN_HOURS
from geo_access.diagnosis.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.need import Need
from geo_access.diagnosis.observed import ObservedTrips
from geo_access.errors import raise_faults
from geo_access.manifest import Manifest
from geo_access.report.scenario import ChangePage
from geo_access.words.note import Note
from geo_access.words.told import fault

__all__ = ["ReportContext", "SourceReading"]

_FLAG_COLUMNS = (
    "zone_id",
    "zone_name",
    "zone_kind",
    "metier",
    "profile",
    "kind",
    "schedule",
    "threshold",
    "residents",
    "level",
    "confidence",
    "unlocated_places",
)
_REACH_COLUMNS = ("metier", "profile", "kind", "schedule", "threshold", "reason", "residents")


@dataclass(frozen=True)
class SourceReading:
    """What one source gave, and what it lost.

    Attributes
    ----------
    source : str
    read, kept : int
        Rows.
    located : int or None
        Rows with a position; None where positions make no sense.
    losses : tuple of (int, Note)
        Rows lost, and why.
    """

    source: str
    read: int
    kept: int
    located: int | None = None
    losses: tuple[tuple[int, Note], ...] = ()


@dataclass(frozen=True, eq=False)
class ReportContext:
    """Everything the study report says.

    Attributes
    ----------
    name, territory : str
    service_date : datetime.date
        Day whose timetables were used.
    metiers, profiles, thresholds, schedules : tuple
        Classes of `geo_access.diagnosis.model`; the first profile is that of the summary.
    rules : FlagRules
    flags : pandas.DataFrame
        From `geo_access.diagnosis.diagnose.Diagnosis.flags`.
    reach : pandas.DataFrame
        From `geo_access.report.tables.reach_table`: residents by métier, question and reason, each counted once.
    sheets : mapping of str to pathlib.Path
        PNG by code of métier.
    supply_adequacy : pandas.DataFrame, optional
        From `geo_access.diagnosis.supply_adequacy.supply_adequacy`, one row per métier.
    lifts : pandas.DataFrame, optional
        From `geo_access.report.tables.lift_table`: residents whom each lift would help.
    axes : pandas.DataFrame, optional
        From `geo_access.report.tables.axis_table`: the second axis, and supply without a trip.
    towns : tuple of geo_access.diagnosis.coverage.Town
        Towns whose urban transport no feed tells of.
    bare_departments : tuple of str
        Départements whose training has no position at all.
    counts : pandas.DataFrame, optional
        ``metier, minutes`` and what lies within each isochrone: some of ``residents, qpv_residents, job_seekers,
        places, openings``, cumulative.
    bands_label : str
        What the isochrones show.
    notices, links : pandas.DataFrame, optional
        From `geo_access.study.network`: findings of the timetables, and how points met the streets.
    remedies : pandas.DataFrame, optional
        Rows of `geo_access.diagnosis.remedies.find_remedies`, of one or of many zones and métiers.
    trip_plan : pandas.DataFrame, optional
        Of `geo_access.diagnosis.service_plan.service_plan`, for the first public.
    session_plan : pandas.DataFrame, optional
        Of `geo_access.diagnosis.siting.sessions_for_metier`, for all métiers.
    zonings : mapping of str to pandas.DataFrame
        Tables of `geo_access.diagnosis.zonings.table_by_zoning` by name of the zoning.
    curves : pandas.DataFrame, optional
        Of `geo_access.diagnosis.curves.reach_curves`.
    observed : ObservedTrips, optional
        Observed trips beside the times.
    mismatch : pandas.DataFrame, optional
        Of `geo_access.measures.mismatch.dares_mismatch`.
    need : Need, optional
        Hiring projects, tensions and possible hours of the study's métiers.
    readings : tuple of SourceReading
    sources : tuple of str
        Sources with vintage and licence, one line each.
    scenarios : tuple of ChangePage
        What each scenario of the study changes, with the files of its pictures.
    manifest : Manifest
        Its warnings are printed, its id stands in the footer.
    language : str
        ``fr`` or ``en``.
    synthetic : bool
        Said in large on the report.
    crow_fly : bool
        Whether distances are straight lines.
    """

    name: str
    territory: str
    service_date: date
    metiers: tuple[Metier, ...]
    profiles: tuple[Profile, ...]
    thresholds: tuple[Threshold, ...]
    schedules: tuple[Schedule, ...]
    rules: FlagRules
    flags: pd.DataFrame
    reach: pd.DataFrame
    manifest: Manifest
    sheets: Mapping[str, Path] = field(default_factory=dict)
    supply_adequacy: pd.DataFrame | None = None
    lifts: pd.DataFrame | None = None
    axes: pd.DataFrame | None = None
    towns: tuple[Town, ...] = ()
    bare_departments: tuple[str, ...] = ()
    counts: pd.DataFrame | None = None
    bands_label: str = ""
    notices: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    remedies: pd.DataFrame | None = None
    trip_plan: pd.DataFrame | None = None
    session_plan: pd.DataFrame | None = None
    zonings: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    curves: pd.DataFrame | None = None
    observed: ObservedTrips | None = None
    mismatch: pd.DataFrame | None = None
    need: Need | None = None
    readings: tuple[SourceReading, ...] = ()
    sources: tuple[str, ...] = ()
    scenarios: tuple[ChangePage, ...] = ()
    language: str = "fr"
    synthetic: bool = False
    crow_fly: bool = False

    def validate(self) -> None:
        """Raise `InputError` with every column, profile and picture that is missing."""
        faults = [
            fault(f"report: {table}", "report.no_column", column=name)
            for table, frame, names in (("flags", self.flags, _FLAG_COLUMNS), ("reach", self.reach, _REACH_COLUMNS))
            for name in names
            if name not in frame.columns
        ]
        faults += [
            fault(f"report: {name}", "none_given")
            for name, items in (("metiers", self.metiers), ("profiles", self.profiles))
            if not items
        ]
        faults += [
            fault(f"report: sheet of {code}", "report.no_picture", file=path.name)
            for code, path in self.sheets.items()
            if not path.is_file()
        ]
        raise_faults(faults)

    def question(self, frame: pd.DataFrame, kind: str, *, profile: str | None = None) -> pd.DataFrame:
        """Rows of one public at the hours that the report speaks of: the first schedule, or each employer's own.

        Parameters
        ----------
        frame : pandas.DataFrame
            `flags` or `reach`.
        kind : str
            ``training`` or ``job``.
        profile : str, optional
            Profile id; by default the first.
        """
        wanted = self.profiles[0].id if profile is None else profile
        rows = frame[(frame["kind"].astype(str) == kind) & (frame["profile"].astype(str) == wanted)]
        if not len(rows):
            return rows
        schedules = rows["schedule"].astype(str)
        first = OWN_HOURS if (schedules == OWN_HOURS).any() else schedules.iloc[0]
        rows = rows[schedules == first]
        return rows[rows["threshold"].astype(str) == str(rows["threshold"].iloc[0])]
