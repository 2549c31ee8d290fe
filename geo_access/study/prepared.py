"""A prepared study: read, built and diagnosed once, so that any number of questions can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from geo_access.diagnosis.diagnose import OWN_HOURS, DiagnosedCase, Diagnosis
from geo_access.diagnosis.levels import seconds_to_places
from geo_access.diagnosis.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.publication import held_back_zones
from geo_access.diagnosis.zonings import Zoning
from geo_access.errors import InputError
from geo_access.manifest import fingerprint
from geo_access.network.model import CrowFly, Network
from geo_access.routing.graphs import keep_changes
from geo_access.routing.query import Window
from geo_access.sources.places.geocode import Addresses, read_addresses
from geo_access.study.beside import publication
from geo_access.study.file import (
    StudyFile,
    flag_rules,
    read_study_file,
    study_metiers,
    study_profiles,
    study_schedules,
    study_thresholds,
)
from geo_access.study.findings import study_diagnosis
from geo_access.study.inputs import StudyInputs
from geo_access.study.network import OtherDays
from geo_access.study.opened import open_study
from geo_access.study.prepared_folder import (
    PreparedParts,
    hash_sources,
    open_parts,
    open_step_free,
    prepared_folder,
    save_parts,
)
from geo_access.study.scenario import Assumptions
from geo_access.study.step_free import step_free_network
from geo_access.study.zonings import read_units, zonings_table
from geo_access.times.kept import KeptTimes
from geo_access.times.round_trip import RoundTrip
from geo_access.words.told import refusal

__all__ = ["PreparedStudy", "diagnose_assumptions", "open_prepared", "prepare_study"]

Progress = Callable[[str, float], None]
_Named = TypeVar("_Named", Profile, Schedule)


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """A study whose tables are read, whose network is built and whose flags are known.

    Attributes
    ----------
    file : StudyFile
    path : pathlib.Path
        Of the study file.
    inputs : StudyInputs
    network : Network
    diagnosis : Diagnosis
    kept : KeptTimes
        Times known so far, by what they depend on: scenarios add to them.
    sources : mapping of str to str
        SHA-256 of the files it was read from; empty where it is not as read, but changed.
    folder : pathlib.Path or None
        That it was opened from.

    Examples
    --------
    >>> study = prepare_study("data/demo/study.toml")
    >>> study.case("voiture", "training", "journee_formation").threshold.minutes
    60.0
    """

    file: StudyFile
    path: Path
    inputs: StudyInputs
    network: Network
    diagnosis: Diagnosis
    kept: KeptTimes
    sources: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None

    def save(self, folder: str | Path | None = None, *, step_free: bool = False) -> Path:
        """Write all that is known into a folder, which `open_prepared` opens in a moment.

        Parameters
        ----------
        folder : str or pathlib.Path, optional
            Beside the study file by default; what was prepared there before is replaced.
        step_free : bool
            Whether to write the network without a step too: its streets are read once more for it. Without it the
            first question that asks for it does.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        InputError
            When the folder holds something else, or when this is not a study as it was read.
        """
        if not self.sources:
            raise refusal("prepared.not_as_read", study=self.path.name)
        for profile in self.profiles if self.network.timetable is not None else ():
            if profile.uses_transit:
                keep_changes(self.network, profile.query(arrive=Window(0, 0)))
        answers = self.kept.known_of(self.network)
        level = self.step_free.network if step_free and not isinstance(self.network.streets, CrowFly) else None
        parts = PreparedParts(self.inputs, self.network, self.diagnosis, answers, self.sources, level)
        return save_parts(parts, prepared_folder(self.path) if folder is None else folder)

    def assuming(self, assumed: Assumptions, *, progress: Progress | None = None) -> PreparedStudy:
        """Return the study under other assumptions, with the times that are known already."""
        return diagnose_assumptions(assumed, self.path, kept=self.kept, progress=progress or silent)

    @property
    def assumptions(self) -> Assumptions:
        """What the diagnosis rests on."""
        return Assumptions(self.file, self.inputs, self.network)

    @cached_property
    def metiers(self) -> tuple[Metier, ...]:
        """Métiers of the study."""
        return tuple(study_metiers(self.file))

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """Publics of the study."""
        return tuple(study_profiles(self.file, self.network))

    @cached_property
    def thresholds(self) -> tuple[Threshold, ...]:
        """Thresholds of the study."""
        return tuple(study_thresholds(self.file))

    @cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        """Schedules of the study."""
        return tuple(study_schedules(self.file))

    @cached_property
    def rules(self) -> FlagRules:
        """Rules of the flag."""
        return flag_rules(self.file)

    @cached_property
    def held_back(self) -> np.ndarray:
        """Zones with too few people for their numbers to be published, bool (n_zones,)."""
        return held_back_zones(self.diagnosis.residents, publication(self.file))

    @cached_property
    def zoning_units(self) -> dict[Zoning, pd.DataFrame]:
        """Which points stand in which unit of the study's other zonings, as `read_units` gives them."""
        return read_units(self.file, self.inputs.points)

    @cached_property
    def by_zoning(self) -> pd.DataFrame | None:
        """Flags of the units of the study's other zonings; None where it names none."""
        return zonings_table(self.file, self.inputs, self.diagnosis)

    @cached_property
    def address_books(self) -> tuple[Addresses, ...]:
        """Files of the Base adresse nationale that the study names, read once; none where it names none."""
        section = self.file.addresses
        return () if section is None else tuple(read_addresses(path) for path in section.files)

    @cached_property
    def step_free(self) -> PreparedStudy:
        """The same study on streets, stops and trips without a step, for questions of one person.

        Its flags stay those of the study: nobody asked them again.

        Raises
        ------
        InputError
            Where the study has straight lines for streets, or its files changed since it was prepared.
        """
        kept = None if self.folder is None else open_step_free(self.folder)
        network = step_free_network(self.file, self.network) if kept is None else kept
        return replace(self, network=network, sources={}, folder=None)

    @cached_property
    def manifest_id(self) -> str:
        """Short hash of what everything here rests on."""
        return fingerprint(dict(self.network.inputs), self.diagnosis.manifest.query, str(self.file.study.date))

    def profile(self, profile_id: str) -> Profile:
        """Return a public by its id.

        Raises
        ------
        InputError
            When the study has none of that id.
        """
        return _by_id(self.profiles, profile_id, "profile")

    def schedule(self, schedule_id: str) -> Schedule:
        """Return a schedule by its id.

        Raises
        ------
        InputError
            When the study has none of that id.
        """
        return _by_id(self.schedules, schedule_id, "schedule")

    def metier(self, code: str) -> Metier:
        """Return a métier by its code.

        Raises
        ------
        InputError
            When the study has none of that code.
        """
        found = next((item for item in self.metiers if item.code == code), None)
        if found is None:
            known = ", ".join(item.code for item in self.metiers)
            raise InputError(
                f"métier {code!r} is not in the study → one of {known}",
                key="web.unknown",
                values={"what": "métier", "value": code, "known": known},
            )
        return found

    def case(self, profile: str, kind: str, schedule: str) -> DiagnosedCase:
        """Return the first diagnosed case of a public, a kind and a schedule.

        Raises
        ------
        InputError
            When the study holds none.
        """
        return self.diagnosis.case(profile, kind, schedule=schedule)

    def flags_of(self, case: DiagnosedCase, metier: str, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the flags of one case and métier, one row per zone in the order of `diagnosis.residents`.

        Parameters
        ----------
        case : DiagnosedCase
            Of this study.
        metier : str
        columns : sequence of str, optional
            By default all.

        Returns
        -------
        pandas.DataFrame
            Indexed by zone.

        Raises
        ------
        InputError
            When the study has no such métier.
        """
        # The table of a case lists zones in order, and within a zone its métiers.
        start = 0
        for other in self.diagnosis.cases:
            if other is case:
                break
            start += len(other.offers.metiers) * len(self.diagnosis.residents.zone_ids)
        zones = np.arange(len(self.diagnosis.residents.zone_ids))
        rows = start + zones * len(case.offers.metiers) + self._column(case, metier)
        flags = self.diagnosis.flags if columns is None else self.diagnosis.flags[list(columns)]
        mine = flags.iloc[rows]
        return mine.set_index(pd.Index(self.diagnosis.residents.zone_ids.astype(str), name="zone_id"))

    def _column(self, case: DiagnosedCase, metier: str) -> int:
        return [item.code for item in case.offers.metiers].index(self.metier(metier).code)

    def times_key(self, case: DiagnosedCase) -> str:
        """Return the schedule under which the times of a case are filed: its own, or each employer's own hours."""
        own = (case.profile.id, case.kind, case.schedule)
        return case.schedule if own in self.diagnosis.times else OWN_HOURS

    def minutes_needed(self, case: DiagnosedCase, metier: str) -> np.ndarray:
        """Shortest threshold with which each point reaches enough places, there and back.

        Parameters
        ----------
        case : DiagnosedCase
        metier : str
            Code of a métier of the study.

        Returns
        -------
        ndarray of float32, shape (n_points,)
            [min]; infinite where no threshold within the search suffices.

        Raises
        ------
        InputError
            When the study has no such métier.
        """
        offers, column = case.offers, self._column(case, metier)
        part = slice(int(offers.indptr[column]), int(offers.indptr[column + 1]))
        offered = offers.open_places if self.rules.first else offers.all_places
        counts = offered[part] > 0
        sites, places = offers.site[part][counts], offered[part][counts]
        trip = self.diagnosis.times[case.profile.id, case.kind, self.times_key(case)]
        beside = self.diagnosis.beside(case)
        read = replace(beside, site_xy=beside.site_xy[sites]).read(
            RoundTrip(trip.out_s[:, sites], trip.back_s[:, sites])
        )
        needed_s = seconds_to_places(read.out_s, read.back_s, places, self.rules.min_opportunities)
        return needed_s / np.float32(60)


def _by_id(items: tuple[_Named, ...], wanted: str, what: str) -> _Named:
    for item in items:
        if item.id == wanted:
            return item
    known = ", ".join(item.id for item in items)
    raise InputError(
        f"{what} {wanted!r} is not in the study → one of {known}",
        key="web.unknown",
        values={"what": what, "value": wanted, "known": known},
    )


def silent(stage: str, share: float) -> None:
    """Tell nobody how far the work is."""
    del stage, share


def diagnose_assumptions(
    assumed: Assumptions,
    path: Path,
    *,
    kept: KeptTimes,
    days: OtherDays | None = None,
    progress: Progress = silent,
) -> PreparedStudy:
    """Diagnose what is assumed, with the times that are known already.

    Parameters
    ----------
    assumed : Assumptions
    path : pathlib.Path
        Of the study file.
    kept : KeptTimes
    days : OtherDays, optional
        Networks of other days, for the certainty of a study. A scenario has none: its changes are of its own day.
    progress : callable
        Called with a stage and the share done, 0–1.

    Returns
    -------
    PreparedStudy
    """
    file = assumed.file
    diagnosis = study_diagnosis(
        file,
        assumed.inputs,
        kept.on(assumed.network),
        lambda _, share: progress("diagnose", share),
        days=days,
    )
    return PreparedStudy(file, path, assumed.inputs, assumed.network, diagnosis, kept)


def prepare_study(path: str | Path, *, file: StudyFile | None = None, progress: Progress = silent) -> PreparedStudy:
    """Read a study, build its network and diagnose it.

    Parameters
    ----------
    path : str or pathlib.Path
        The study file.
    file : StudyFile, optional
        Its content, where that was read already or asks less.
    progress : callable
        Called with a stage and the share done, 0–1.

    Returns
    -------
    PreparedStudy

    Raises
    ------
    GeoAccessError
        With everything wrong in the study.
    """
    progress("read", 0.0)
    written = read_study_file(path)
    whole, file = file is None or file == written, written if file is None else file
    opened = open_study(file, Path(path), when_read=lambda _: progress("network", 0.1))
    # Hashed afterwards: nothing changed since before it was read, so these are the bytes that were.
    sources = hash_sources(file, Path(path)) if whole else {}
    opened.watched.confirm()
    assumed = Assumptions(file, opened.inputs, opened.network)
    found = diagnose_assumptions(
        assumed,
        Path(path),
        kept=KeptTimes(),
        days=opened.days,
        progress=lambda stage, share: progress(stage, 0.3 + 0.7 * share),
    )
    progress("write", 1.0)
    return replace(found, sources=sources)


def open_prepared(study: str | Path, folder: str | Path | None = None) -> PreparedStudy:
    """Open a study that was prepared, in a moment: its arrays are memory-mapped.

    Parameters
    ----------
    study : str or pathlib.Path
        The study file.
    folder : str or pathlib.Path, optional
        Beside the study file by default.

    Returns
    -------
    PreparedStudy

    Raises
    ------
    InputError
        When nothing is prepared there, when a file of the study changed since, or when another version prepared it.
    """
    path = Path(study)
    file = read_study_file(path)
    source = prepared_folder(path) if folder is None else Path(folder)
    parts = open_parts(source, file, path)
    kept = KeptTimes()
    kept.know(parts.network, parts.answers)
    return PreparedStudy(file, path, parts.inputs, parts.network, parts.diagnosis, kept, parts.sources, source)
