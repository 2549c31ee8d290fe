"""Thresholds of a study file, and what a scenario changes of them: minutes, and kilometres beside them."""

from __future__ import annotations

from typing import Annotated, Literal, LiteralString

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from geo_access.diagnosis.model import MEASURES
from geo_access.diagnosis.norms import NORMS
from geo_access.study.sections import Identifier, Kind, Minutes, Section
from geo_access.words.note import Note, note

__all__ = ["ThresholdChanged", "ThresholdSection"]

Kilometres = Annotated[float, Field(gt=0, le=1000)]
Measured = Literal["crow_fly", "by_road"]


def _measured_words() -> tuple[LiteralString, LiteralString]:
    """Give key and words of kilometres that nothing measures, or of a measure of none."""
    told = 'kilometres and measured, the way they are measured, go together: measured = "crow_fly"'
    return "study.threshold_measured", told


def _refuse_by_road(measured: str | None) -> None:
    """Refuse a way of measuring a distance that a study does not compute."""
    if measured is not None and measured not in MEASURES:
        raise PydanticCustomError(
            "study.threshold_by_road",
            'measured = "{measured}" is not computed by a study: measured = "crow_fly", or minutes alone',
            {"measured": measured},
        )


class ThresholdSection(Section):
    """``[[thresholds]]``: what counts as too far, and who says so."""

    id: Identifier
    name: str
    minutes: Minutes | None = None
    kind: Kind
    source: str = ""
    status: str = ""
    norm: Literal["ORE_2008", "FRANCE_SERVICES_2019", "VIE_COURANTE_2016"] | None = None
    kilometres: Kilometres | None = None
    measured: Measured | None = None

    @model_validator(mode="after")
    def _said_by_somebody(self) -> ThresholdSection:
        named = None if self.norm is None else NORMS[self.norm].minutes
        if named is None:
            if self.minutes is None or not self.source:
                raise PydanticCustomError(
                    "study.threshold_source",
                    "minutes and source, or the norm that gives them: one of both is needed",
                    {},
                )
        elif self.minutes is not None and self.minutes != named:
            raise PydanticCustomError(
                "study.threshold_norm",
                "{norm} says {named} minutes, not {minutes}: take minutes away, or norm",
                {"norm": str(self.norm), "named": f"{named:g}", "minutes": f"{self.minutes:g}"},
            )
        return self

    @model_validator(mode="after")
    def _kilometres_are_measured_somehow(self) -> ThresholdSection:
        norm_km = None if self.norm is None else NORMS[self.norm].km
        if self.norm is not None and self.kilometres not in (None, norm_km):
            values = {"norm": str(self.norm), "kilometres": f"{self.kilometres:g}"}
            values["named"] = "–" if norm_km is None else f"{norm_km:g}"
            told = "{norm} says {named} km, not {kilometres}: take kilometres away, or norm"
            raise PydanticCustomError("study.threshold_norm_km", told, values)
        named = self.kilometres is not None or norm_km is not None
        if (self.kilometres is not None and self.measured is None) or (self.measured is not None and not named):
            raise PydanticCustomError(*_measured_words())
        _refuse_by_road(self.measured)
        return self


class ThresholdChanged(Section):
    """A threshold of the study at other minutes, at other kilometres beside them, or at none."""

    change: Literal["threshold"] = "threshold"
    id: Identifier
    minutes: Minutes | None = None
    kilometres: Kilometres | None = None
    measured: Measured | None = None
    without_kilometres: bool = False

    @model_validator(mode="after")
    def _something_changes(self) -> ThresholdChanged:
        if self.minutes is None and self.kilometres is None and not self.without_kilometres:
            raise PydanticCustomError(
                "study.threshold_change", "nothing is changed: give minutes, kilometres or without_kilometres", {}
            )
        if self.without_kilometres and (self.kilometres is not None or self.measured is not None):
            raise PydanticCustomError(
                "study.threshold_both_km", "kilometres and without_kilometres contradict each other: give one", {}
            )
        if self.measured is not None and self.kilometres is None:
            raise PydanticCustomError(*_measured_words())
        _refuse_by_road(self.measured)
        return self

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of what is set."""
        kilometres = self.kilometres is not None or self.without_kilometres
        return (*(("minutes",) if self.minutes is not None else ()), *(("kilometres",) if kilometres else ()))

    def told(self) -> Note:
        """Say the change."""
        if "kilometres" not in self.sets:
            return note("scenario.threshold", id=self.id, minutes=f"{self.minutes:g}")
        distance = note("scenario.no_km") if self.without_kilometres else note("scenario.or_km", km=self.kilometres)
        if self.minutes is None:
            return note("scenario.threshold_km", id=self.id, distance=distance)
        return note("scenario.threshold_both", id=self.id, minutes=f"{self.minutes:g}", distance=distance)
