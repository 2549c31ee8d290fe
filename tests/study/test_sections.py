"""The sections that become values of the domain have their names and their defaults."""

from __future__ import annotations

import dataclasses

import pytest
from pydantic_core import PydanticUndefined

from geo_access.diagnosis.model import FlagRules, Metier, Schedule, Threshold
from geo_access.routing.public import Profile
from geo_access.study.sections import (
    FlagSection,
    MetierSection,
    ProfileSection,
    ScheduleSection,
    Section,
)
from geo_access.study.thresholds import ThresholdSection


@pytest.mark.parametrize(
    ("section", "domain"),
    [
        (MetierSection, Metier),
        (ProfileSection, Profile),
        (ThresholdSection, Threshold),
        (ScheduleSection, Schedule),
        (FlagSection, FlagRules),
    ],
)
def test_a_section_has_the_names_and_the_defaults_of_what_it_becomes(section: type[Section], domain: type) -> None:
    fields = {field.name: field for field in dataclasses.fields(domain)}
    assert set(section.model_fields) <= set(fields)
    for name, given in section.model_fields.items():
        default = given.get_default(call_default_factory=True)
        own = fields[name].default
        if default is PydanticUndefined or own is dataclasses.MISSING or given.is_required():
            continue
        if name == "line_kinds":
            default = tuple(default.items())
        if name == "park_and_ride":
            # The file of the places becomes the stops near them: none without a file.
            assert default is None
            default = ()
        assert default == own, name
