"""The study file: one TOML that says where, when, for whom, and what counts as too far.

Everything is checked before anything is computed, and all faults are reported at once; an unknown key is a fault that
names the nearest known one. Relative paths are relative to the file.
"""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from geo_access.clock import DAY_S, parse_clock
from geo_access.errors import Fault, InputError, MissingFileError, raise_faults
from geo_access.routing.query import MODES

__all__ = ["StudyFile", "read_study_file"]

_MAX_STUDY_BYTES = 1_000_000

# Keys whose values are paths, wherever they stand in the file.
_ONE_FILE = ("file", "schools", "communes", "naf_rome")
_LIST_OF_FILES = ("osm", "gtfs")

Mode = Literal[
    "walk", "bike", "car", "transit", "bike+transit", "bike_aboard+transit", "park_and_ride", "driven+transit"
]
assert set(get_args(Mode)) == set(MODES)  # noqa: S101 — the two lists are one vocabulary; checked at import

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Minutes = Annotated[float, Field(gt=0, le=1440)]
Kind = Literal["training", "job"]


def _clock(value: object) -> str:
    """Accept a clock text and refuse what the clock cannot read."""
    text = str(value)
    parse_clock(text)
    return text


Clock = Annotated[str, BeforeValidator(_clock)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class General(_Section):
    """``[study]``: name, day and language."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    territory: str = ""
    date: dt.date
    other_date: dt.date | None = None
    language: Literal["fr", "en"] = "fr"
    synthetic: bool = False
    epsg: int | None = None


class NetworkSection(_Section):
    """``[network]``: streets and timetables."""

    streets: Literal["osm", "crow-fly"] = "osm"
    osm: tuple[Path, ...] = ()
    gtfs: tuple[Path, ...] = ()
    align: Literal["none", "equivalent-day"] = "none"
    detour: Annotated[float, Field(ge=1, le=3)] = 1.3
    car_kmh: Annotated[float, Field(gt=0, le=130)] = 50.0
    car_congestion: Annotated[float, Field(ge=1, le=5)] = 1.0
    max_transfer_min: Minutes = 10
    walk_kmh: Annotated[float, Field(gt=0, le=10)] = 4.8

    @model_validator(mode="after")
    def _streets_have_files(self) -> NetworkSection:
        if self.streets == "osm" and not self.osm:
            raise ValueError('streets = "osm" needs osm = ["file.osm.pbf"], or write streets = "crow-fly"')
        if self.streets == "crow-fly" and self.osm:
            raise ValueError('streets = "crow-fly" ignores osm: remove osm, or write streets = "osm"')
        if self.streets == "osm" and "detour" in self.model_fields_set:
            raise ValueError('detour is only for streets = "crow-fly": remove it')
        return self


class Table(_Section):
    """A table of the user: its file, its layer, and which of its columns is which of ours."""

    file: Path
    layer: str | None = None
    crs: str | int | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    source: str = ""
    vintage: str = ""


class Origins(_Section):
    """``[origins]``: zones, and the populated points that stand for them."""

    zones: Table
    points: Table


class TrainingTable(Table):
    """``[training]``: what is taught where."""

    format: Literal["plain", "uai_mef_rome"] = "plain"
    schools: Path | None = None


class EmployersTable(Table):
    """``[employers]``: who recruits where, and for which hours."""

    format: Literal["plain", "siae"] = "plain"
    communes: Path | None = None
    naf_rome: Path | None = None

    @model_validator(mode="after")
    def _siae_needs_communes(self) -> EmployersTable:
        if (self.format == "siae") != (self.communes is not None):
            raise ValueError('format = "siae" needs communes = "communes.csv" to check positions, and no other does')
        if self.naf_rome is not None and self.format != "siae":
            raise ValueError('naf_rome is only for format = "siae": the other tables name their métiers')
        return self


class Metier(_Section):
    """``[[metiers]]``: one métier of the study."""

    code: Identifier
    name: str
    family: str = ""
    min_level: Annotated[int, Field(ge=1, le=8)] = 1
    max_level: Annotated[int, Field(ge=1, le=8)] = 8


class ProfileSection(_Section):
    """``[[profiles]]``: how a public gets about."""

    id: Identifier
    name: str
    mode: Mode
    walk_kmh: Annotated[float, Field(gt=0, le=10)] = 4.8
    bike_kmh: Annotated[float, Field(gt=0, le=40)] = 15.0
    max_access_min: Minutes = 20
    max_rides: Annotated[int, Field(ge=1, le=12)] | None = None


class ThresholdSection(_Section):
    """``[[thresholds]]``: what counts as too far, and who says so."""

    id: Identifier
    name: str
    minutes: Minutes
    kind: Kind
    source: str
    status: str = ""


class ScheduleSection(_Section):
    """``[[schedules]]``: the hours to be there, on that day."""

    id: Identifier
    name: str
    kind: Kind
    start: Clock
    end: Clock
    slack_before_min: Annotated[float, Field(ge=0, le=120)] = 5
    slack_after_min: Annotated[float, Field(ge=0, le=120)] = 5

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> ScheduleSection:
        start_s, end_s = parse_clock(self.start), parse_clock(self.end)
        if end_s <= start_s:
            raise ValueError(
                f"ends at {self.end}, before it starts at {self.start}: a night shift that ends on the next morning "
                f"is written past 24 h, here {(end_s + DAY_S) // 3600}:{end_s % 3600 // 60:02d}"
            )
        return self


class FlagSection(_Section):
    """``[flag]``: the levels of the flag."""

    min_opportunities: Annotated[int, Field(ge=1)] = 1
    adequate_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    fragile_share: Annotated[float, Field(gt=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> FlagSection:
        if self.fragile_share >= self.adequate_share:
            raise ValueError(f"fragile_share {self.fragile_share} must lie below adequate_share {self.adequate_share}")
        return self


class OutputSection(_Section):
    """``[output]``: what is drawn."""

    isochrone_minutes: tuple[Annotated[int, Field(gt=0, le=240)], ...] = (15, 30, 45, 60)
    isochrone_profile: Identifier | None = None
    cell_m: Annotated[float, Field(ge=10, le=5000)] = 100.0

    @model_validator(mode="after")
    def _ascending(self) -> OutputSection:
        if list(self.isochrone_minutes) != sorted(set(self.isochrone_minutes)) or not self.isochrone_minutes:
            raise ValueError(f"isochrone_minutes {list(self.isochrone_minutes)} must ascend, each once")
        return self


class StudyFile(_Section):
    """The whole study file, validated; paths are absolute.

    Examples
    --------
    >>> sorted(StudyFile.model_fields)[:4]
    ['employers', 'employment', 'flag', 'metiers']
    """

    study: General
    network: NetworkSection
    origins: Origins
    training: TrainingTable | None = None
    employers: EmployersTable | None = None
    employment: Table | None = None
    metiers: Annotated[tuple[Metier, ...], Field(min_length=1)]
    profiles: Annotated[tuple[ProfileSection, ...], Field(min_length=1)]
    thresholds: Annotated[tuple[ThresholdSection, ...], Field(min_length=1)]
    schedules: Annotated[tuple[ScheduleSection, ...], Field(min_length=1)]
    flag: FlagSection = FlagSection()
    output: OutputSection = OutputSection()

    @model_validator(mode="after")
    def _consistent(self) -> StudyFile:
        problems = []
        if self.training is None and self.employers is None:
            problems.append("give [training], [employers] or both: there is nothing to reach")
        for name, ids in (
            ("metiers", [metier.code for metier in self.metiers]),
            ("profiles", [profile.id for profile in self.profiles]),
            ("thresholds", [threshold.id for threshold in self.thresholds]),
            ("schedules", [schedule.id for schedule in self.schedules]),
        ):
            problems += [f"{name}: {item!r} is given twice" for item in sorted({i for i in ids if ids.count(i) > 1})]
        kinds = [kind for kind, table in (("training", self.training), ("job", self.employers)) if table is not None]
        problems += [f"thresholds: none of kind {k!r}" for k in kinds if k not in {t.kind for t in self.thresholds}]
        if "training" in kinds and "training" not in {schedule.kind for schedule in self.schedules}:
            problems.append("schedules: none of kind 'training'")
        transit = [profile.id for profile in self.profiles if profile.mode not in ("walk", "bike", "car")]
        if transit and not self.network.gtfs:
            problems.append(f"profiles {', '.join(transit)} ride transit, but [network] names no gtfs")
        chosen = self.output.isochrone_profile
        if chosen is not None and chosen not in {profile.id for profile in self.profiles}:
            problems.append(f"output.isochrone_profile: {chosen!r} is no profile of the study")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _named_files(content: Any, key: str = "") -> list[tuple[str, Path]]:
    """Every file that the raw content names, with the key that names it."""
    if isinstance(content, dict):
        pairs = [_named_files(value, f"{key}.{name}".lstrip(".")) for name, value in content.items()]
        return [pair for part in pairs for pair in part]
    last = key.rpartition(".")[2]
    if isinstance(content, list) and last in _LIST_OF_FILES:
        return [(f"{key}[{i}]", Path(item)) for i, item in enumerate(content) if isinstance(item, str)]
    if isinstance(content, str) and last in _ONE_FILE:
        return [(key, Path(content))]
    return []


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """Keys that the section at `location` accepts."""
    model: Any = StudyFile
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            return []
        candidates = [field.annotation, *get_args(field.annotation)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
        if model is None:
            return []
    return list(model.model_fields)


def _fault(path: Path, error: Any) -> Fault:
    location = tuple(error["loc"])
    where = f"{path.name}: " + (
        "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".") or "whole file"
    )
    if error["type"] == "extra_forbidden":
        known = _known_keys(location)
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.4)
        return Fault(where, "unknown key", f"did you mean {near[0]!r}?" if near else "known keys: " + ", ".join(known))
    if error["type"] == "missing":
        return Fault(where, "this key is missing", "add it")
    message = error["msg"].removeprefix("Value error, ")
    what, _, remedy = message.partition(" → ")
    return Fault(where, what, remedy)


def _innermost(errors: list[Any]) -> list[Any]:
    """Drop the errors that only say that something inside them is wrong."""
    locations = [tuple(error["loc"]) for error in errors]
    return [
        error
        for error, own in zip(errors, locations, strict=True)
        if not own or not any(len(other) > len(own) and other[: len(own)] == own for other in locations)
    ]


def _absolute(content: Any, base: Path) -> Any:
    """Make every path of the file absolute, relative to the file."""
    if isinstance(content, dict):
        return {
            key: str((base / value).resolve())
            if key in _ONE_FILE and isinstance(value, str)
            else [str((base / item).resolve()) if isinstance(item, str) else item for item in value]
            if key in _LIST_OF_FILES and isinstance(value, list)
            else _absolute(value, base)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_absolute(item, base) for item in content]
    return content


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
    if not path.is_file():
        raise MissingFileError(f"{path}: no such study file → check the path, or start from `geo-access demo`")
    if path.stat().st_size > _MAX_STUDY_BYTES:
        raise InputError(f"{path}: larger than 1 MB → this is not a study file")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start}) → save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error} → mend that line") from error
    content = _absolute(content, path.parent)
    missing = [
        Fault(f"{path.name}: {key}", f"file not found: {file}", "check the path; it is relative to the study file")
        for key, file in _named_files(content)
        if not file.exists()
    ]
    try:
        study = StudyFile.model_validate(content)
    except ValidationError as error:
        raise_faults([_fault(path, item) for item in _innermost(error.errors())] + missing)
        raise
    raise_faults(missing, error=MissingFileError)
    return study
