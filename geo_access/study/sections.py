"""The sections of a study file, each checked by itself: what may stand there, and what goes with what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from geo_access.clock import DAY_S, parse_clock
from geo_access.diagnosis.residents import People
from geo_access.errors import InputError
from geo_access.routing.query import MODES
from geo_access.sources.web import is_loopback

__all__ = [
    "AddressesSection",
    "CostsSection",
    "EmployersTable",
    "FlagSection",
    "FlowsSection",
    "General",
    "Identifier",
    "Kind",
    "MetierSection",
    "MismatchSection",
    "NetworkSection",
    "Origins",
    "OutputSection",
    "ProfileSection",
    "PublicationSection",
    "ScheduleSection",
    "Section",
    "Table",
    "TrainingTable",
    "ZoningSection",
]

Mode = Literal[
    "walk", "bike", "car", "transit", "bike+transit", "bike_aboard+transit", "park_and_ride", "driven+transit"
]
assert set(get_args(Mode)) == set(MODES)  # noqa: S101 — the two lists are one vocabulary; checked at import

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Minutes = Annotated[float, Field(gt=0, le=1440)]
Congestion = Annotated[float, Field(ge=1, le=5)]
Hour = Annotated[int, Field(ge=0, le=23)]
Kind = Literal["training", "job"]


def _clock(value: object) -> str:
    """Accept a clock text and refuse what the clock cannot read."""
    text = str(value)
    try:
        parse_clock(text)
    except InputError as error:
        raise PydanticCustomError("study.clock", "{message}", {"message": str(error), "value": text}) from error
    return text


Clock = Annotated[str, BeforeValidator(_clock)]


class Section(BaseModel):
    """A section: no key that is not known, nothing that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class General(Section):
    """``[study]``: name, day and language."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    territory: str = ""
    date: dt.date
    other_date: dt.date | None = None
    ordinary_dates: tuple[dt.date, ...] = ()
    language: Literal["fr", "en"] = "fr"
    synthetic: bool = False
    epsg: int | None = None


class NetworkSection(Section):
    """``[network]``: streets and timetables.

    ``car_congestion`` is a factor on driving times, or factors by hour (``{7 = 1.3, 8 = 1.4}``) with the ``car_hour``
    that the study drives at.
    """

    streets: Literal["osm", "crow-fly"] = "osm"
    osm: tuple[Path, ...] = ()
    gtfs: tuple[Path, ...] = ()
    align: Literal["none", "equivalent-day"] = "none"
    school_zone: Literal["A", "B", "C"] | None = None
    school_breaks: Path | None = None
    school_place: str | None = None
    detour: Annotated[float, Field(ge=1, le=3)] = 1.3
    car_kmh: Annotated[float, Field(gt=0, le=130)] = 50.0
    car_congestion: Congestion | dict[Hour, Congestion] = 1.0
    car_hour: Hour | None = None
    max_transfer_min: Minutes = 10
    walk_kmh: Annotated[float, Field(gt=0, le=10)] = 4.8

    @model_validator(mode="after")
    def _streets_have_files(self) -> NetworkSection:
        if self.streets == "osm" and not self.osm:
            raise PydanticCustomError(
                "study.osm_needed", 'streets = "osm" needs osm = ["file.osm.pbf"], or write streets = "crow-fly"'
            )
        if self.streets == "crow-fly" and self.osm:
            raise PydanticCustomError(
                "study.osm_ignored", 'streets = "crow-fly" ignores osm: remove osm, or write streets = "osm"'
            )
        if self.streets == "osm" and "detour" in self.model_fields_set:
            raise PydanticCustomError("study.detour_ignored", 'detour is only for streets = "crow-fly": remove it')
        return self

    @model_validator(mode="after")
    def _hour_goes_with_factors(self) -> NetworkSection:
        by_hour = isinstance(self.car_congestion, dict)
        if by_hour != (self.car_hour is not None):
            raise PydanticCustomError(
                "study.hour_and_factors",
                "car_hour and factors of car_congestion by hour go together: give both or none",
            )
        return self

    @model_validator(mode="after")
    def _holidays_serve(self) -> NetworkSection:
        named = [key for key in ("school_zone", "school_breaks") if getattr(self, key) is not None]
        if len(named) == 2:
            raise PydanticCustomError("study.holidays_twice", "give school_zone or school_breaks, not both")
        if named and self.align == "none":
            raise PydanticCustomError(
                "study.holidays_ignored",
                '{key} is only for align = "equivalent-day": remove it, or align the calendars',
                {"key": named[0]},
            )
        if self.school_place is not None and self.school_breaks is None:
            raise PydanticCustomError("study.place_ignored", "school_place picks rows of school_breaks: name that file")
        return self


class Table(Section):
    """A table of the user: its file, its layer, which of its columns is which of ours, and which rows count.

    ``where`` keeps the rows that a condition holds for (``dep == '59'``), ``mask`` those that lie in the polygons of a
    layer.
    """

    file: Path
    layer: str | None = None
    crs: str | int | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    where: Annotated[str, Field(max_length=2000)] = ""
    mask: Path | None = None
    source: str = ""
    vintage: str = ""


class Origins(Section):
    """``[origins]``: zones, and the populated points that stand for them.

    Further layers of zones (communes beside priority neighbourhoods) stand in ``[[origins.more_zones]]``.
    """

    zones: Table
    points: Table
    more_zones: tuple[Table, ...] = ()

    @property
    def layers(self) -> tuple[Table, ...]:
        """All layers of zones, in the order of the file."""
        return (self.zones, *self.more_zones)


# Format of a table → keys that it needs, keys that it may have. What is in neither is refused: nothing is ignored.
Formats = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
_PLAIN = ((), ("columns", "crs", "layer", "where"))


class _SourceTable(Table):
    """A table that may come as its producer ships it."""

    formats: ClassVar[Formats] = {}

    @model_validator(mode="after")
    def _keys_fit_the_format(self) -> _SourceTable:
        form = str(getattr(self, "format", "plain"))
        needed, optional = self.formats[form]
        given = self.model_fields_set
        missing = [key for key in needed if key not in given]
        if missing:
            raise PydanticCustomError(
                "study.format_needs", 'format = "{format}" needs {keys}', {"format": form, "keys": ", ".join(missing)}
            )
        everywhere = {"file", "source", "vintage", "format", "mask", *needed, *optional}
        ignored = sorted(given - everywhere)
        if ignored:
            raise PydanticCustomError(
                "study.format_ignores",
                'format = "{format}" ignores {keys}: remove it',
                {"format": form, "keys": ", ".join(ignored)},
            )
        return self


class TrainingTable(_SourceTable):
    """``[training]``: what is taught where, as a plain table or as a producer ships it."""

    formats: ClassVar[Formats] = {
        "plain": _PLAIN,
        "uai_mef_rome": ((), ("schools",)),
        "lheo": ((), ("communes",)),
        "onisep": ((), ("structures", "certifications")),
        "apprenticeship": ((), ()),
        "capacities": (("mef", "certifications", "schools"), ()),
    }

    format: Literal["plain", "uai_mef_rome", "lheo", "onisep", "apprenticeship", "capacities"] = "plain"
    schools: Path | None = None
    communes: Path | None = None
    structures: Path | None = None
    certifications: Path | None = None
    mef: Path | None = None


class EmployersTable(_SourceTable):
    """``[employers]``: who recruits where, and for which hours, as a plain table or as a producer ships it."""

    formats: ClassVar[Formats] = {
        "plain": _PLAIN,
        "siae": (("communes",), ("naf_rome",)),
        "offers": ((), ("communes",)),
        "sirene": (("departments", "naf_rome"), ("located", "activities", "min_headcount")),
    }

    format: Literal["plain", "siae", "offers", "sirene"] = "plain"
    communes: Path | None = None
    naf_rome: Path | None = None
    located: Path | None = None
    departments: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    activities: tuple[str, ...] = ()
    min_headcount: Annotated[int, Field(ge=0)] = 0


class CostsSection(Section):
    """``[costs]``: prices that the territory knows and no feed tells."""

    pass_month_eur: Annotated[float, Field(ge=0, le=1000)] | None = None
    source: str = ""


class FlowsSection(Section):
    """``[flows]``: observed trips between home and work, to check the times against what people do."""

    file: Path
    columns: dict[Literal["home", "work", "mode", "people"], str] = Field(default_factory=dict)
    source: str = ""
    vintage: str = ""


class MismatchSection(Section):
    """``[mismatch]``: candidates and offers by métier and zone, for the geographic mismatch after Dares."""

    file: Path
    format: Literal["plain", "rome_bassin"] = "plain"
    min_zones: Annotated[int, Field(ge=1)] = 50
    min_candidates: Annotated[float, Field(ge=0)] = 200
    min_offers: Annotated[float, Field(ge=0)] = 200
    source: str = ""


class PublicationSection(Section):
    """``[publication]``: what is too small to be published, and how small communes are grouped."""

    min_households: Annotated[float, Field(ge=0)] = 11
    min_residents: Annotated[float, Field(ge=0)] = 0
    cantons: Path | None = None
    density: Path | None = None
    smooth_km: Annotated[float, Field(ge=0, le=50)] = 0

    @model_validator(mode="after")
    def _of_cantons(self) -> PublicationSection:
        if self.cantons is None and (self.density is not None or self.smooth_km > 0):
            raise PydanticCustomError(
                "study.cantons_needed", "density and smooth_km are of rural communes by canton: give cantons too", {}
            )
        return self


class AddressesSection(Section):
    """``[addresses]``: where the adviser's command looks an address up; the address itself is never written."""

    files: tuple[Path, ...] = ()
    service: Annotated[str, Field(pattern=r"^https?://")] | None = None

    @model_validator(mode="after")
    def _not_in_clear(self) -> AddressesSection:
        if self.service is not None and not self.service.startswith("https://") and not is_loopback(self.service):
            raise PydanticCustomError(
                "study.service_in_clear", "service would send addresses in clear: write https://", {}
            )
        return self

    @model_validator(mode="after")
    def _one_of_both(self) -> AddressesSection:
        if bool(self.files) == (self.service is not None):
            raise PydanticCustomError("study.addresses", "give files or service, one of the two")
        return self


class MetierSection(Section):
    """``[[metiers]]``: one métier of the study."""

    code: Identifier
    name: str
    family: str = ""
    min_level: Annotated[int, Field(ge=1, le=8)] = 1
    max_level: Annotated[int, Field(ge=1, le=8)] = 8

    @model_validator(mode="after")
    def _levels_ascend(self) -> MetierSection:
        if self.min_level > self.max_level:
            told = "levels {first}–{last} are not ascending within 1–8: swap or correct them"
            raise PydanticCustomError("study.levels", told, {"first": self.min_level, "last": self.max_level})
        return self


class ProfileSection(Section):
    """``[[profiles]]``: how a public gets about."""

    id: Identifier
    name: str
    mode: Mode
    walk_kmh: Annotated[float, Field(gt=0, le=10)] = 4.8
    bike_kmh: Annotated[float, Field(gt=0, le=40)] = 15.0
    max_access_min: Minutes = 20
    max_rides: Annotated[int, Field(ge=1, le=12)] | None = None
    on_demand: bool = False
    school_lines: bool = True
    paratransit: bool = False
    line_kinds: dict[str, Literal["everyone", "school", "paratransit"]] = Field(default_factory=dict)
    max_stress: Annotated[int, Field(ge=1, le=4)] | None = None
    park_and_ride: Path | None = None

    @model_validator(mode="after")
    def _parks_somewhere(self) -> ProfileSection:
        if (self.mode == "park_and_ride") != (self.park_and_ride is not None):
            raise PydanticCustomError(
                "study.park_and_ride",
                'mode = "park_and_ride" and park_and_ride, the file of the places where a car is left, go together',
                {},
            )
        return self


class ZoningSection(Section):
    """``[[zonings]]``: another division of the territory, whose units are flagged from the same points."""

    id: Identifier
    name: str
    file: Path
    vintage: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]


class ScheduleSection(Section):
    """``[[schedules]]``: the hours to be there, on that day."""

    id: Identifier
    name: str
    kind: Kind
    start: Clock
    end: Clock
    slack_before_min: Annotated[float, Field(ge=0, le=120)] = 5
    slack_after_min: Annotated[float, Field(ge=0, le=120)] = 5
    metiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _metiers_of_jobs(self) -> ScheduleSection:
        if self.metiers and self.kind != "job":
            raise PydanticCustomError(
                "study.schedule_metiers_kind", 'metiers is only for hours of kind = "job": remove it', {}
            )
        return self

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> ScheduleSection:
        start_s, end_s = parse_clock(self.start), parse_clock(self.end)
        if end_s <= start_s:
            raise PydanticCustomError(
                "study.ends_before",
                "ends at {end}, before it starts at {start}: a night shift that ends on the next morning is written "
                "past 24 h, here {instead}",
                {
                    "start": self.start,
                    "end": self.end,
                    "instead": f"{(end_s + DAY_S) // 3600}:{end_s % 3600 // 60:02d}",
                },
            )
        return self


class FlagSection(Section):
    """``[flag]``: the levels of the flag."""

    min_opportunities: Annotated[int, Field(ge=1)] = 1
    adequate_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    fragile_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    tense_filling: Annotated[float, Field(gt=0, le=1)] = 0.9
    tense_per_100: Annotated[float, Field(ge=0)] = 1.0
    full_per_100: Annotated[float, Field(ge=0)] = 0.1
    urban_from: Annotated[float, Field(gt=0)] = 20_000
    urban_stops_per_10k: Annotated[float, Field(ge=0)] = 2.0
    version: Literal["geo-access/1", "geo-access/2"] = "geo-access/2"
    people: People = "residents"

    @model_validator(mode="after")
    def _full_below_tense(self) -> FlagSection:
        if self.full_per_100 > self.tense_per_100:
            raise PydanticCustomError(
                "study.tense",
                "full_per_100 {full} must not lie above tense_per_100 {tense}",
                {"full": self.full_per_100, "tense": self.tense_per_100},
            )
        return self

    @model_validator(mode="after")
    def _ordered(self) -> FlagSection:
        if self.fragile_share >= self.adequate_share:
            raise PydanticCustomError(
                "study.shares",
                "fragile_share {fragile} must lie below adequate_share {adequate}",
                {"fragile": self.fragile_share, "adequate": self.adequate_share},
            )
        return self


class OutputSection(Section):
    """``[output]``: what is drawn."""

    isochrone_minutes: tuple[Annotated[int, Field(gt=0, le=240)], ...] = (15, 30, 45, 60)
    isochrone_profile: Identifier | None = None
    cell_m: Annotated[float, Field(ge=10, le=5000)] = 100.0

    @model_validator(mode="after")
    def _ascending(self) -> OutputSection:
        if list(self.isochrone_minutes) != sorted(set(self.isochrone_minutes)) or not self.isochrone_minutes:
            raise PydanticCustomError(
                "study.minutes_ascend",
                "isochrone_minutes {given} must ascend, each once",
                {"given": str(list(self.isochrone_minutes))},
            )
        return self
