"""The study file: one TOML that says where, when, for whom, and what counts as too far.

Everything is checked before anything is computed, and all faults are reported at once; an unknown key is a fault that
names the nearest known one. Relative paths are relative to the file.

The study file's sections as the values that the rooms below work with.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from geo_access.diagnosis.model import FlagRules, Metier, Profile, Schedule, Threshold
from geo_access.diagnosis.norms import NORMS
from geo_access.errors import Fault, InputError, MissingFileError, raise_faults
from geo_access.network.model import Network
from geo_access.routing.park_and_ride import park_and_ride_stops
from geo_access.sources.places.meeting_places import read_parking_places
from geo_access.study.change_lines import change_line, change_lines
from geo_access.study.changes import Change, ScenarioSection
from geo_access.study.need_schedules import possible_schedules
from geo_access.study.need_sections import NeedsSection
from geo_access.study.raw import read_content
from geo_access.study.sections import (
    AddressesSection,
    CostsSection,
    EmployersTable,
    FlagSection,
    FlowsSection,
    General,
    MetierSection,
    MismatchSection,
    NetworkSection,
    Origins,
    OutputSection,
    ProfileSection,
    PublicationSection,
    ScheduleSection,
    Section,
    Table,
    TrainingTable,
    ZoningSection,
)
from geo_access.study.thresholds import ThresholdSection
from geo_access.words.note import note
from geo_access.words.told import fault

__all__ = [
    "StudyFile",
    "checked_changes",
    "flag_rules",
    "isochrone_profile",
    "isochrone_schedule",
    "read_study_file",
    "sound_part",
    "study_metiers",
    "study_profiles",
    "study_schedules",
    "study_thresholds",
    "validated",
]

# pydantic's kinds of error → entries of the catalogue, and what they carry.
_KINDS = {
    "greater_than": ("study.above", ("gt",)),
    "greater_than_equal": ("study.at_least", ("ge",)),
    "less_than": ("study.below", ("lt",)),
    "less_than_equal": ("study.at_most", ("le",)),
    "literal_error": ("study.one_of", ("expected",)),
    "string_pattern_mismatch": ("study.pattern", ("pattern",)),
    "string_too_short": ("study.empty", ()),
    "too_short": ("study.empty", ()),
    "string_too_long": ("study.too_long", ("max_length",)),
}
_FAMILIES = {
    "date": "study.date",
    "int": "study.number",
    "float": "study.number",
    "bool": "study.boolean",
    "string": "study.text",
    "tuple": "study.list",
    "model": "study.section",
    "path": "study.text",
}


class CarpoolSection(Section):
    """``[carpool]``: places where people meet to share a car, for the sheet of a person."""

    file: Path
    source: str = ""
    vintage: str = ""


class StudyFile(Section):
    """The whole study file, validated; paths are absolute.

    Examples
    --------
    >>> sorted(StudyFile.model_fields)[:4]
    ['addresses', 'carpool', 'costs', 'employers']
    """

    study: General
    network: NetworkSection
    origins: Origins
    training: TrainingTable | None = None
    employers: EmployersTable | None = None
    employment: Table | None = None
    addresses: AddressesSection | None = None
    costs: CostsSection | None = None
    flows: FlowsSection | None = None
    carpool: CarpoolSection | None = None
    mismatch: MismatchSection | None = None
    needs: NeedsSection | None = None
    publication: PublicationSection = PublicationSection()
    metiers: Annotated[tuple[MetierSection, ...], Field(min_length=1)]
    profiles: Annotated[tuple[ProfileSection, ...], Field(min_length=1)]
    thresholds: Annotated[tuple[ThresholdSection, ...], Field(min_length=1)]
    schedules: Annotated[tuple[ScheduleSection, ...], Field(min_length=1)]
    flag: FlagSection = FlagSection()
    output: OutputSection = OutputSection()
    zonings: tuple[ZoningSection, ...] = ()
    scenarios: tuple[ScenarioSection, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> StudyFile:
        found = self._problems()
        if found:
            # One error of pydantic carries them all; `_faults` tells them apart again.
            raise PydanticCustomError("study.problems", "contradictions between sections", {"found": found})
        return self

    def _problems(self) -> list[tuple[str, dict[str, str]]]:
        """List what contradicts itself between the sections: key of the message, and its values."""
        found: list[tuple[str, dict[str, str]]] = []
        if self.training is None and self.employers is None:
            found.append(("study.nothing_to_reach", {}))
        for name, ids in (
            ("metiers", [metier.code.upper() for metier in self.metiers]),
            ("profiles", [profile.id for profile in self.profiles]),
            ("thresholds", [threshold.id for threshold in self.thresholds]),
            ("schedules", [schedule.id for schedule in self.schedules]),
            ("zonings", [zoning.id for zoning in self.zonings]),
            ("scenarios", [scenario.id for scenario in self.scenarios]),
        ):
            twice = sorted({each for each in ids if ids.count(each) > 1})
            found += [("study.twice", {"section": name, "id": each}) for each in twice]
        kinds = [kind for kind, table in (("training", self.training), ("job", self.employers)) if table is not None]
        known = {threshold.kind for threshold in self.thresholds}
        found += [("study.no_kind", {"section": "thresholds", "kind": kind}) for kind in kinds if kind not in known]
        codes = {metier.code.casefold() for metier in self.metiers}
        for schedule in self.schedules:
            strange = [code for code in schedule.metiers if code.casefold() not in codes]
            if strange:
                listed = ", ".join(metier.code for metier in self.metiers)
                told = {"id": schedule.id, "metiers": ", ".join(strange), "known": listed}
                found.append(("study.schedule_metiers", told))
        if "training" in kinds and "training" not in {schedule.kind for schedule in self.schedules}:
            found.append(("study.no_kind", {"section": "schedules", "kind": "training"}))
        transit = [profile.id for profile in self.profiles if profile.mode not in ("walk", "bike", "car")]
        # A faulty section is none while what is sound around it is looked into.
        network: NetworkSection | None = self.network
        if transit and network is not None and not network.gtfs:
            found.append(("study.no_gtfs", {"profiles": ", ".join(transit)}))
        calm = [profile for profile in self.profiles if profile.max_stress is not None]
        pushing = [profile.id for profile in calm if not profile.mode.startswith("bike")]
        if pushing:
            found.append(("study.stress_mode", {"profiles": ", ".join(pushing)}))
        if calm and network is not None and network.streets == "crow-fly":
            found.append(("study.stress_streets", {"profiles": ", ".join(profile.id for profile in calm)}))
        chosen = self.output.isochrone_profile
        if chosen is not None and chosen not in {profile.id for profile in self.profiles}:
            found.append(("study.no_profile", {"id": chosen}))
        return found


def _models(annotation: Any) -> list[Any]:
    """Sections that may stand where this is annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """Keys that the section at `location` accepts."""
    models: list[Any] = [StudyFile]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        holding = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        # Of sections told apart by their kind, the location names the kind.
        named = [
            model for model in models if "change" in model.model_fields and model.model_fields["change"].default == part
        ]
        models = [model for annotation in holding for model in _models(annotation)] if holding else named or models
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def _faults(path: Path, error: Any) -> list[Fault]:
    """Tell one error of pydantic as faults, with the entries of the catalogue that say it."""
    location = tuple(error["loc"])
    spelt = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    where = f"{path.name}: {spelt}" if spelt else path.name
    kind, given = str(error["type"]), error.get("ctx", {})
    if kind == "study.problems":
        return [fault(where, key, **values) for key, values in given["found"]]
    if kind == "extra_forbidden":
        known = _known_keys(location)
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.4)
        if near:
            return [fault(where, "study.unknown_near", near=near[0])]
        return [fault(where, "study.unknown", known=", ".join(known))]
    if kind == "union_tag_invalid":
        expected = str(given["expected_tags"]).replace("'", "")
        return [fault(f"{where}.{str(given['discriminator']).strip(chr(39))}", "study.one_of", expected=expected)]
    if kind in ("missing", "union_tag_not_found"):
        return [fault(where, "study.missing")]
    if kind.startswith("study."):
        return [fault(where, kind, **given)]
    if kind == "too_short" and given["min_length"] > 1:
        return [fault(where, "study.at_least_so_many", n=given["min_length"])]
    key, carried = _KINDS.get(kind, (_FAMILIES.get(kind.partition("_")[0], "study.value"), ()))
    return [fault(where, key, **{name: str(given[name]).replace(" or ", ", ") for name in carried})]


def _innermost(errors: list[Any]) -> list[Any]:
    """Drop the errors that only say that something inside them is wrong."""
    locations = [tuple(error["loc"]) for error in errors]
    return [
        error
        for error, own in zip(errors, locations, strict=True)
        if not own or not any(len(other) > len(own) and other[: len(own)] == own for other in locations)
    ]


def read_study_file(path: str | Path) -> StudyFile:
    """Read and check a study file.

    Parameters
    ----------
    path : str or pathlib.Path
        TOML file.

    Returns
    -------
    StudyFile

    Raises
    ------
    MissingFileError
        When the study file, or a file it names, does not exist.
    InputError
        When it is not TOML, or with every key that is wrong.
    """
    path = Path(path)
    content, missing = read_content(path)
    study, faults = validated(path, content)
    raise_faults([*faults, *missing], error=InputError if faults else MissingFileError)
    assert study is not None  # noqa: S101 — without faults there is one
    return study


def validated(path: Path, content: dict[str, Any]) -> tuple[StudyFile | None, list[Fault]]:
    """Validate the content of a study file: the study, or all that is wrong with its keys and sections."""
    try:
        return _with_possible_hours(StudyFile.model_validate(content)), []
    except ValidationError as error:
        wrong = _innermost(error.errors())
        return None, [_with_line(path, content, item, told) for item in wrong for told in _faults(path, item)]


def _with_possible_hours(study: StudyFile) -> StudyFile:
    """Add the schedules that the study asks to be made of ROME's hours."""
    asked = None if study.needs is None else study.needs.rome_hours
    if asked is None:
        return study
    codes, language = [metier.code for metier in study.metiers], study.study.language
    made = possible_schedules(asked, codes, study.schedules, language=language)
    return study.model_copy(update={"schedules": (*study.schedules, *made)}) if made else study


def _with_line(path: Path, content: Mapping[str, Any], error: Any, told: Fault) -> Fault:
    """Say the scenario, and the line on which a faulty change of it stands, or it itself."""
    location, sections = tuple(error["loc"]), content.get("scenarios")
    lines = change_lines(path.read_text(encoding="utf-8-sig")) if path.is_file() else []
    if not isinstance(sections, list) or len(lines) != len(sections):
        return told
    if told.key == "study.twice" and told.values["section"] == "scenarios":
        last = max(k for k, section in enumerate(sections) if section.get("id") == told.values["id"])
        return _placed(told, path, lines[last][0], "scenarios")
    if location[:1] != ("scenarios",) or len(location) < 3:
        return told
    _, scenario, field, *inner = location
    section = sections[scenario]
    spelt = [f"scenarios: {section.get('id', scenario + 1)}"]
    if field != "changes" or not inner or not isinstance(inner[0], int):
        return _placed(told, path, lines[scenario][0], ": ".join([*spelt, str(field)]))
    line = change_line(lines[scenario], inner[0] + 1, of=len(section["changes"]))
    change = section["changes"][inner[0]]
    kind = change.get("change") if isinstance(change, dict) else None
    spelt.append(f"{inner[0] + 1}. {kind}" if kind else f"{inner[0] + 1}.")
    keys = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner[1:] if part != kind]
    key = "".join(keys).lstrip(".") or told.where.rpartition(".")[2] * (error["type"] == "union_tag_invalid")
    return _placed(told, path, line, ": ".join([*spelt, *([key] if key else [])]))


def _placed(told: Fault, path: Path, line: int | None, where: str) -> Fault:
    place = note("scenario.place", file=path.name, line=line, where=where)
    return replace(told, where=f"{path.name}, line {line}: {where}", place=place)


def checked_changes(content: list[Any], where: str = "scenario") -> tuple[Change, ...]:
    """Validate changes that come from elsewhere than the study file, by the same models.

    Parameters
    ----------
    content : list
        Plain values, one mapping per change.
    where : str
        What the faults name.

    Returns
    -------
    tuple of Change

    Raises
    ------
    InputError
        With every key that is wrong.
    """
    try:
        return TypeAdapter(tuple[Change, ...]).validate_python(content)
    except ValidationError as error:
        raise_faults([told for item in _innermost(error.errors()) for told in _faults(Path(where), item)])
        raise


def sound_part(path: Path, content: dict[str, Any]) -> tuple[StudyFile, list[Fault]]:
    """Take the sections of a faulty study file that are sound, and list how they contradict each other.

    Parameters
    ----------
    path : pathlib.Path
    content : dict
        Raw content, as `read_content` gives it.

    Returns
    -------
    StudyFile
        Not validated as a whole: a section that is wrong or not there is None, or empty.
    list of Fault
        Contradictions between sound sections; none that may come from a faulty one.
    """
    sections: dict[str, Any] = {}
    broken: set[str] = set()
    for name, field in StudyFile.model_fields.items():
        kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        sections[name] = None if field.is_required() else field.get_default()
        if field.is_required() and name not in content:
            broken.add(name)
            continue
        try:
            if name in content:
                sections[name] = TypeAdapter(kind).validate_python(_without_unknown(content, name))
        except ValidationError:
            broken.add(name)
    lists = ("metiers", "profiles", "thresholds", "schedules")
    study = StudyFile.model_construct(**{**sections, **{name: sections[name] or () for name in lists}})
    said = [fault(path.name, key, **values) for key, values in study._problems() if not _READS[key] & broken]
    return study, said


# Sections that a contradiction is about: where one of them is faulty, it may only seem so.
_READS = {
    "study.nothing_to_reach": {"training", "employers"},
    "study.twice": set[str](),
    "study.no_kind": {"thresholds", "schedules", "training", "employers"},
    "study.no_gtfs": {"network", "profiles"},
    "study.stress_mode": {"profiles"},
    "study.stress_streets": {"network", "profiles"},
    "study.no_profile": {"profiles", "output"},
    "study.schedule_metiers": {"schedules", "metiers"},
}


def _without_unknown(content: Mapping[str, Any], name: str) -> Any:
    """Content of a section without the keys that it does not know: its other keys are still worth reading."""

    def known_only(value: Any, location: tuple[int | str, ...]) -> Any:
        if isinstance(value, list):
            return [known_only(item, location) for item in value]
        if not isinstance(value, dict):
            return value
        keys = _known_keys((*location, ""))
        return {key: known_only(item, (*location, key)) for key, item in value.items() if key in keys or not keys}

    return known_only(content[name], (name,))


def study_metiers(file: StudyFile) -> list[Metier]:
    """Return the métiers of a study."""
    return [Metier(**metier.model_dump()) for metier in file.metiers]


def study_profiles(file: StudyFile, network: Network) -> list[Profile]:
    """Return the publics of a study, with the stops of its network at which they may leave a car."""
    return [
        Profile(
            **{
                **public.model_dump(),
                "max_transfer_min": file.network.max_transfer_min,
                "line_kinds": tuple(public.line_kinds.items()),
                "park_and_ride": ()
                if public.park_and_ride is None
                else park_and_ride_stops(network, read_parking_places(public.park_and_ride)[0]),
            }
        )
        for public in file.profiles
    ]


def study_thresholds(file: StudyFile) -> list[Threshold]:
    """Return the thresholds of a study, with their sources: those of the norm where one is named."""
    language, found = file.study.language, []
    for section in file.thresholds:
        given = section.model_dump()
        norm = None if section.norm is None else NORMS[section.norm]
        if norm is not None:
            # A scenario may ask what other minutes or kilometres would say.
            given |= {"minutes": section.minutes or norm.minutes}
            given |= {name: given[name] or norm.told(name, language) for name in ("source", "status")}
            # The text does not say how its kilometres are measured: they count where the study says how.
            given["kilometres"] = None if section.measured is None else section.kilometres or norm.km
        found.append(Threshold(**{**given, "norm": section.norm}))
    return found


def study_schedules(file: StudyFile) -> list[Schedule]:
    """Return the hours of a study."""
    return [Schedule(**schedule.model_dump()) for schedule in file.schedules]


def flag_rules(file: StudyFile) -> FlagRules:
    """Return the rules of the flag."""
    return FlagRules(**file.flag.model_dump())


def isochrone_profile(file: StudyFile) -> ProfileSection:
    """Return the profile whose isochrones are drawn: the one named, else the first."""
    chosen = file.output.isochrone_profile
    return next((p for p in file.profiles if p.id == chosen), file.profiles[0])


def isochrone_schedule(file: StudyFile) -> ScheduleSection:
    """Return the schedule whose isochrones are drawn: the first for training, else for jobs."""
    kind = "training" if file.training is not None else "job"
    return next((s for s in file.schedules if s.kind == kind), file.schedules[0])
