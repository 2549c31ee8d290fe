"""The section ``[needs]`` of a study file: hiring projects, tensions and hours as their producers publish them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from geo_access.clock import parse_clock
from geo_access.study.sections import Clock, Section

__all__ = [
    "BasinsTable",
    "HiringTable",
    "LabelHours",
    "NeedsSection",
    "PassageTable",
    "Published",
    "RomeHoursTable",
    "TensionTable",
]

Year = Annotated[str, Field(pattern=r"^20\d\d$")]
Department = Annotated[str, Field(pattern=r"^(\d{2}|2[AB]|97\d)$")]


class Published(Section):
    """A table as its producer publishes it."""

    file: Path
    source: str = ""


class HiringTable(Published):
    """``[needs.bmo]``: the survey Besoins en main-d'œuvre of a year."""

    layer: str | None = None
    vintage: Year | None = None
    departments: tuple[Department, ...] = ()


class TensionTable(Published):
    """``[needs.tensions]``: indicators of Dares, for the nation, a region or a department."""

    layer: str | None = None
    vintage: Year | None = None
    region: Annotated[str, Field(pattern=r"^\d{2}$")] | None = None
    department: Department | None = None

    @model_validator(mode="after")
    def _one_place(self) -> TensionTable:
        if self.region is not None and self.department is not None:
            raise PydanticCustomError("study.tension_place", "give region or department, not both")
        return self


class PassageTable(Published):
    """``[needs.fap2021_rome]``, ``[needs.fap2009_rome]``: which families are which métiers of ROME."""


class BasinsTable(Published):
    """``[needs.basins]``: which basin each commune lies in."""

    layer: str | None = None
    columns: dict[Literal["zone_id", "basin", "basin_name"], str] = Field(default_factory=dict)


class LabelHours(Section):
    """Hours that a label of ROME may mean, as the study assumes them, and where that comes from."""

    label: str
    hours: tuple[tuple[Clock, Clock], ...]
    source: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _end_after_they_start(self) -> LabelHours:
        for start, end in self.hours:
            if parse_clock(end) <= parse_clock(start):
                raise PydanticCustomError(
                    "study.label_hours",
                    "{start}–{end} ends before it starts: past midnight hours go on past 24 h",
                    {"start": start, "end": end},
                )
        return self


class RomeHoursTable(Published):
    """``[needs.rome_hours]``: labels of working hours in ROME, and the hours that they may mean."""

    shifts: tuple[LabelHours, ...] = ()
    schedules: bool = False

    @model_validator(mode="after")
    def _hours_are_stated(self) -> RomeHoursTable:
        if self.schedules and not self.shifts:
            raise PydanticCustomError("study.hours_stated", "schedules out of labels need their hours: give shifts")
        return self


class NeedsSection(Section):
    """``[needs]``: what employers look for, beside the flag."""

    bmo: HiringTable | None = None
    tensions: TensionTable | None = None
    fap2021_rome: PassageTable | None = None
    fap2009_rome: PassageTable | None = None
    basins: BasinsTable | None = None
    rome_hours: RomeHoursTable | None = None

    @model_validator(mode="after")
    def _each_serves(self) -> NeedsSection:
        families = [key for key in ("bmo", "tensions") if getattr(self, key) is not None]
        passages = [key for key in ("fap2021_rome", "fap2009_rome") if getattr(self, key) is not None]
        if not families and self.rome_hours is None:
            raise PydanticCustomError("study.needs_empty", "needs names none of bmo, tensions and rome_hours")
        if families and not passages:
            raise PydanticCustomError(
                "study.needs_passage", "{keys} are told by family: name fap2021_rome", {"keys": ", ".join(families)}
            )
        idle = [] if families else passages
        idle += ["basins"] if self.basins is not None and self.bmo is None else []
        if idle:
            raise PydanticCustomError(
                "study.needs_ignored", "{keys} serve nothing here: remove them", {"keys": ", ".join(idle)}
            )
        return self

    @property
    def named(self) -> dict[str, Published]:
        """Tables that are named, by their key."""
        return {key: table for key, table in self if isinstance(table, Published)}
