"""What the page may ask, each field checked before anything is computed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geo_access.errors import InputError
from geo_access.routing.query import MODES

__all__ = [
    "AdviserQuestion",
    "AdviserTripQuestion",
    "CaseQuestion",
    "EmployerQuestion",
    "ExportQuestion",
    "JobQuestion",
    "JourneyQuestion",
    "ObservatoryQuestion",
    "SaveQuestion",
    "ScenarioQuestion",
    "SurfaceQuestion",
    "TerritoryQuestion",
    "ZoneQuestion",
    "read_question",
]

Name = Annotated[str, Field(min_length=1, max_length=200)]
Clock = Annotated[str, Field(pattern=r"^([0-3]?\d|4[0-7]):[0-5]\d$")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Minutes = Annotated[int, Field(ge=1, le=180)]
Kind = Literal["training", "job"]


class Question(BaseModel):
    """No field that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Asked = TypeVar("_Asked", bound=Question)


class CaseQuestion(Question):
    """One métier for one public, at the hours of one schedule."""

    metier: Name
    profile: Name
    kind: Kind
    schedule: Name


class ZoneQuestion(CaseQuestion):
    """Why one zone is as it is."""

    zone: Name
    minutes: Minutes


class ScenarioQuestion(CaseQuestion):
    """The same question with changes; each change is checked as the study file's own."""

    changes: Annotated[tuple[Any, ...], Field(max_length=200)] = ()
    after: Name | None = None
    revision: Annotated[int, Field(ge=0)] = 0


class SaveQuestion(Question):
    """A scenario to be written into the study file, which must be as the page last knew it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    after: Name | None = None
    changes: Annotated[tuple[Any, ...], Field(min_length=1, max_length=200)]
    known: Annotated[str, Field(max_length=100)] = ""
    replace: bool = False


class JobQuestion(Question):
    """How far long work is, or that it shall stop."""

    job: Annotated[str, Field(min_length=1, max_length=60)]
    stop: bool = False


class SurfaceQuestion(Question):
    """Minutes around a place or a site."""

    mode: str
    lon: Longitude | None = None
    lat: Latitude | None = None
    site: Name | None = None
    kind: Kind = "training"
    at: Clock = "08:00"
    towards: bool = True
    minutes: Minutes = 60
    walk_kmh: Annotated[float, Field(ge=1, le=10)] = 4.8

    @model_validator(mode="after")
    def _one_place(self) -> SurfaceQuestion:
        if (self.site is None) == (self.lon is None or self.lat is None):
            raise ValueError("site, or lon and lat")
        if self.mode not in MODES or self.mode == "park_and_ride":
            raise ValueError("mode")
        return self


class JourneyQuestion(Question):
    """The trip itself, from a zone's most peopled point or a place to a site, there and back."""

    profile: Name
    kind: Kind
    schedule: Name
    site: Name
    zone: Name | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None

    @model_validator(mode="after")
    def _one_place(self) -> JourneyQuestion:
        if (self.zone is None) == (self.lon is None or self.lat is None):
            raise ValueError("zone, or lon and lat")
        return self


class AdviserQuestion(Question):
    """One person, of whom nothing is kept."""

    address: Annotated[str, Field(max_length=300)] = ""
    lon: Longitude | None = None
    lat: Latitude | None = None
    metiers: Annotated[tuple[Name, ...], Field(min_length=1, max_length=500)]
    profiles: Annotated[tuple[Name, ...], Field(min_length=1, max_length=8)]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = ("training", "job")
    minutes: Minutes = 60
    leave_after: Clock | None = None
    home_by: Clock | None = None
    walk_minutes: Annotated[int, Field(ge=1, le=90)] | None = None
    radius_km: Annotated[float, Field(gt=0, le=500)] | None = None
    via_address: Annotated[str, Field(max_length=300)] = ""
    via_lon: Longitude | None = None
    via_lat: Latitude | None = None
    stop_minutes: Annotated[int, Field(ge=0, le=120)] = 10
    licence: bool = False
    car: bool = True
    shared_car: bool = False
    step_free: bool = False
    days_per_month: Annotated[int, Field(ge=1, le=31)] = 20
    fiscal_cv: Annotated[int, Field(ge=3, le=7)] = 5
    lifts: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> AdviserQuestion:
        if bool(self.address) == (self.lon is not None and self.lat is not None):
            raise ValueError("address, or lon and lat")
        at = (self.via_lon is not None, self.via_lat is not None)
        if at[0] != at[1] or (self.via_address and any(at)):
            raise ValueError("via_address, or via_lon and via_lat")
        return self

    @property
    def stops(self) -> bool:
        """Whether there is a stop on the way."""
        return bool(self.via_address) or self.via_lon is not None


class AdviserTripQuestion(AdviserQuestion):
    """The trip to one of the places that were found, as the first public named."""

    kind: Kind
    site: Name
    arrive: Clock
    leave: Clock


class EmployerQuestion(Question):
    """Who can come to a site for a shift and get home."""

    site: Name | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    start: Clock
    end: Clock
    profile: Name
    minutes: Minutes = 60

    @model_validator(mode="after")
    def _one_place(self) -> EmployerQuestion:
        if (self.site is None) == (self.lon is None or self.lat is None):
            raise ValueError("site, or lon and lat")
        return self


class ObservatoryQuestion(Question):
    """Rows of the observatory: filters, and the column they are ordered by."""

    by: Literal["metier", "sector", "territory", "public"] = "metier"
    metier: Name | None = None
    family: Name | None = None
    zone: Name | None = None
    zone_kind: Name | None = None
    zoning: Name | None = None
    profile: Name | None = None
    kind: Kind = "training"
    contains: Annotated[str, Field(max_length=100)] = ""
    order: Annotated[str, Field(max_length=60)] = ""
    down: bool = False


class TerritoryQuestion(Question):
    """One zone, for all its métiers."""

    zone: Name
    profile: Name
    kind: Kind = "training"


class ExportQuestion(ObservatoryQuestion):
    """The same rows, as a file."""

    form: Literal["csv", "xlsx", "gpkg"] = "csv"


def read_question(model: type[_Asked], body: object) -> _Asked:
    """Check a body against its form.

    Raises
    ------
    InputError
        That names every field at fault.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in item["loc"]) or str(item["msg"]) for item in error.errors())
        raise InputError(
            f"the question cannot be read: {fields} → correct these fields",
            key="web.fields",
            values={"fields": fields},
        ) from None
