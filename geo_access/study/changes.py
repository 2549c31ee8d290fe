"""What a scenario changes: supply, hours, timetable, streets, rules, each as a value that the study file can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from geo_access.clock import parse_clock
from geo_access.network.timetable import edits
from geo_access.study.sections import Clock, Identifier, Minutes, Section
from geo_access.study.thresholds import ThresholdChanged
from geo_access.words.note import Note, note

__all__ = [
    "CancelTrips",
    "Change",
    "ConnectionHeld",
    "FareFree",
    "HoursMoved",
    "LineBooked",
    "RulesChanged",
    "ScenarioSection",
    "ServiceChange",
    "SessionAdded",
    "SessionClosed",
    "SessionMoved",
    "StreetsChanged",
    "ThresholdChanged",
]

Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Places = Annotated[int, Field(ge=1, le=100_000)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Placed(Section):
    """Something at a site of the study, or at a new place."""

    site: Text | None = None
    name: str = ""
    lon: Longitude | None = None
    lat: Latitude | None = None

    @model_validator(mode="after")
    def _one_place(self) -> _Placed:
        if (self.site is None) == (self.lon is None or self.lat is None):
            raise PydanticCustomError("study.one_place", "a site of the study, or lon and lat: give one of the two")
        return self

    @property
    def where(self) -> str:
        """Site or place, for people."""
        return self.site or self.name or f"{self.lon:.4f}, {self.lat:.4f}"


class SessionAdded(_Placed):
    """A training session more, at a site of the study or at a new place."""

    change: Literal["session_added"] = "session_added"
    metier: Text
    level: Annotated[int, Field(ge=1, le=8)]
    places: Places

    def told(self) -> Note:
        """Say the change."""
        return note(
            "scenario.session_added", where=self.where, metier=self.metier, level=self.level, places=self.places
        )


class SessionMoved(_Placed):
    """All that a site teaches of a métier is taught elsewhere."""

    change: Literal["session_moved"] = "session_moved"
    origin: Text
    metier: Text | None = None

    def told(self) -> Note:
        """Say the change."""
        return note("scenario.session_moved", origin=self.origin, metier=self.metier or "*", where=self.where)


class SessionClosed(Section):
    """A site that teaches a métier no longer, or nothing at all."""

    change: Literal["session_closed"] = "session_closed"
    site: Text
    metier: Text | None = None

    def told(self) -> Note:
        """Say the change."""
        return note("scenario.session_closed", site=self.site, metier=self.metier or "*")


class HoursMoved(Section):
    """An employer's shift at other hours."""

    change: Literal["hours_moved"] = "hours_moved"
    site: Text
    start: Clock
    end: Clock
    new_start: Clock
    new_end: Clock

    @model_validator(mode="after")
    def _ends_after(self) -> HoursMoved:
        start_s, end_s = parse_clock(self.new_start), parse_clock(self.new_end)
        if end_s <= start_s:
            raise PydanticCustomError(
                "study.ends_before",
                "ends at {end}, before it starts at {start}: a night shift that ends on the next morning is written "
                "past 24 h, here {instead}",
                {
                    "start": self.new_start,
                    "end": self.new_end,
                    "instead": f"{end_s // 3600 + 24}:{end_s % 3600 // 60:02d}",
                },
            )
        return self

    def told(self) -> Note:
        """Say the change."""
        old, new = f"{self.start}–{self.end}", f"{self.new_start}–{self.new_end}"
        return note("scenario.hours_moved", site=self.site, old=old, new=new)


class CancelTrips(Section):
    """A share of the trips cancelled, drawn at random with a stated seed: a day when drivers are missing."""

    change: Literal["cancel_trips"] = "cancel_trips"
    share: Annotated[float, Field(gt=0, lt=1)]
    seed: Annotated[int, Field(ge=0)] = 0
    line: Text | None = None

    def told(self) -> Note:
        """Say the change."""
        percent = f"{100 * self.share:g}"
        if self.line is None:
            return note("scenario.cancel_trips_anywhere", percent=percent, seed=self.seed)
        return note("scenario.cancel_trips", percent=percent, seed=self.seed, line=self.line)


class LineBooked(Section):
    """A line that must be booked from now on, or no longer: those who do not book lose it, or gain it."""

    change: Literal["line_booked"] = "line_booked"
    line: Text
    booked: bool = True

    def told(self) -> Note:
        """Say the change."""
        return note("scenario.line_booked" if self.booked else "scenario.line_unbooked", line=self.line)


class FareFree(Section):
    """Another price of the monthly pass, free by default: no time changes, what a month costs does."""

    change: Literal["fare_free"] = "fare_free"
    pass_month_eur: Annotated[float, Field(ge=0, le=1000)] = 0.0

    def told(self) -> Note:
        """Say the change."""
        if self.pass_month_eur == 0:
            return note("scenario.fare_free")
        return note("scenario.fare", euros=f"{self.pass_month_eur:g}")


class StreetsChanged(Section):
    """Streets drawn in an editor: OSM with negative ids, on top of the study's."""

    change: Literal["streets"] = "streets"
    file: Path

    def told(self) -> Note:
        """Say the change."""
        return note("scenario.streets", file=self.file.name)


class RulesChanged(Section):
    """Other rules of the flag."""

    change: Literal["rules"] = "rules"
    min_opportunities: Annotated[int, Field(ge=1)] | None = None
    adequate_share: Annotated[float, Field(gt=0, le=1)] | None = None
    fragile_share: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _some_rule(self) -> RulesChanged:
        if not self.given:
            raise PydanticCustomError("study.no_rule", "no rule is changed: give at least one")
        return self

    @property
    def given(self) -> dict[str, float]:
        """Fields that are changed."""
        named = ("min_opportunities", "adequate_share", "fragile_share")
        return {name: value for name in named if (value := getattr(self, name)) is not None}

    def told(self) -> Note:
        """Say the change."""
        return note("scenario.rules", rules=", ".join(f"{name} = {value:g}" for name, value in self.given.items()))


class _Service(Section):
    """A change of the timetable."""

    def told(self) -> Note:
        """Say the change."""
        return self.edit().describe()

    def edit(self) -> edits.Edit:
        """Return it as the network takes it."""
        raise TypeError(type(self).__name__)


class TripRepeated(_Service):
    """A trip once more at another hour: one named by its id, or the one of a line that leaves nearest to an hour."""

    change: Literal["repeat_trip"] = "repeat_trip"
    start: Clock
    trip: Text | None = None
    line: Text | None = None
    towards: Text | None = None
    near: Clock | None = None

    @model_validator(mode="after")
    def _one_trip(self) -> TripRepeated:
        if (self.trip is None) == (self.line is None):
            raise PydanticCustomError("study.one_trip", "trip, or line (with towards and near): give one of the two")
        return self

    def told(self) -> Note:
        """Say the change."""
        if self.line is None:
            return super().told()
        near, start = self.near or self.start, self.start
        if self.towards is None:
            return note("scenario.repeat_trip", line=self.line, near=near, start=start)
        return note("scenario.repeat_trip_towards", line=self.line, towards=self.towards, near=near, start=start)

    def edit(self) -> edits.RepeatTrip:
        """Return it as the network takes it; a trip that is named by its line is found by `study.scenario` first."""
        return edits.RepeatTrip(self.trip or "", self.start)


class TripAdded(_Service):
    """A trip with its own calls."""

    change: Literal["add_trip"] = "add_trip"
    trip: Text
    line: Text
    calls: Annotated[tuple[tuple[Text, Clock], ...], Field(min_length=2)]

    def edit(self) -> edits.AddTrip:
        """Return it as the network takes it."""
        return edits.AddTrip(self.trip, self.calls, self.line)


class TripsRemoved(_Service):
    """Trips that run no longer: by their ids, or of a line within a window."""

    change: Literal["remove_trips"] = "remove_trips"
    trips: tuple[Text, ...] = ()
    line: Text | None = None
    start: Clock | None = None
    end: Clock | None = None

    def edit(self) -> edits.RemoveTrips:
        """Return it as the network takes it."""
        return edits.RemoveTrips(self.trips, self.line, self.start, self.end)


class TripsShifted(_Service):
    """Trips that run some minutes later, or earlier."""

    change: Literal["shift_trips"] = "shift_trips"
    minutes: Annotated[float, Field(ge=-1440, le=1440)]
    trips: tuple[Text, ...] = ()
    line: Text | None = None
    start: Clock | None = None
    end: Clock | None = None

    def edit(self) -> edits.ShiftTrips:
        """Return it as the network takes it."""
        return edits.ShiftTrips(self.minutes, self.trips, self.line, self.start, self.end)


class ConnectionHeld(_Service):
    """Trips that wait at a stop for those who change from another line, some minutes at most."""

    change: Literal["hold_connection"] = "hold_connection"
    stop: Text
    minutes: Annotated[float, Field(gt=0, le=120)]
    line: Text | None = None
    trips: tuple[Text, ...] = ()
    start: Clock | None = None
    end: Clock | None = None
    feeder: Text | None = None
    feeder_trips: tuple[Text, ...] = ()
    change_min: Annotated[float, Field(ge=0, le=120)] | None = None

    def edit(self) -> edits.HoldConnection:
        """Return it as the network takes it."""
        window, fed = (self.start, self.end), (self.feeder, self.feeder_trips)
        return edits.HoldConnection(self.stop, self.minutes, self.line, self.trips, *window, *fed, self.change_min)


class HeadwaySet(_Service):
    """A line that runs every so many minutes within a window."""

    change: Literal["headway"] = "headway"
    line: Text
    headway_min: Minutes
    start: Clock
    end: Clock

    def edit(self) -> edits.SetHeadway:
        """Return it as the network takes it."""
        return edits.SetHeadway(self.line, self.headway_min, self.start, self.end)


class NewStop(Section):
    """A stop that does not exist yet."""

    name: Text
    lon: Longitude
    lat: Latitude


Call = Annotated[
    Annotated[Text, Tag("id")] | Annotated[NewStop, Tag("place")],
    Discriminator(lambda given: "id" if isinstance(given, str) else "place"),
]


def _calls(stops: tuple[str | NewStop, ...]) -> tuple[str | edits.NewStop, ...]:
    return tuple(stop if isinstance(stop, str) else edits.NewStop(stop.name, stop.lon, stop.lat) for stop in stops)


class LineAdded(_Service):
    """A new line over stops of the timetable or new ones; run times from the streets unless given."""

    change: Literal["add_line"] = "add_line"
    line: Text
    stops: Annotated[tuple[Call, ...], Field(min_length=2)]
    headway_min: Minutes
    start: Clock
    end: Clock
    minutes: tuple[Minutes, ...] | None = None
    both_ways: bool = True

    def edit(self) -> edits.AddLine:
        """Return it as the network takes it."""
        return edits.AddLine(
            self.line, _calls(self.stops), self.headway_min, self.start, self.end, self.minutes, self.both_ways
        )


class LineExtended(_Service):
    """A line that goes on beyond a terminus."""

    change: Literal["extend_line"] = "extend_line"
    line: Text
    terminus: Text
    stops: Annotated[tuple[Call, ...], Field(min_length=1)]
    minutes: tuple[Minutes, ...] | None = None

    def edit(self) -> edits.ExtendLine:
        """Return it as the network takes it."""
        return edits.ExtendLine(self.line, self.terminus, _calls(self.stops), self.minutes)


class LineDiverted(_Service):
    """A line that goes another way between two of its stops."""

    change: Literal["divert_line"] = "divert_line"
    line: Text
    leave: Text
    join: Text
    stops: tuple[Call, ...]
    minutes: tuple[Minutes, ...] | None = None

    def edit(self) -> edits.DivertLine:
        """Return it as the network takes it."""
        return edits.DivertLine(self.line, self.leave, self.join, _calls(self.stops), self.minutes)


class LineClosed(_Service):
    """A line that runs no longer."""

    change: Literal["close_line"] = "close_line"
    line: Text

    def edit(self) -> edits.CloseLine:
        """Return it as the network takes it."""
        return edits.CloseLine(self.line)


class StopClosed(_Service):
    """A stop that is served no longer."""

    change: Literal["close_stop"] = "close_stop"
    stop: Text

    def edit(self) -> edits.CloseStop:
        """Return it as the network takes it."""
        return edits.CloseStop(self.stop)


class FeedClosed(_Service):
    """All that one feed of the study brings runs no longer."""

    change: Literal["close_feed"] = "close_feed"
    feed: Text

    def edit(self) -> edits.CloseFeed:
        """Return it as the network takes it."""
        return edits.CloseFeed(self.feed)


class FeedReplaced(_Service):
    """Another feed in place of one of the study: next year's network."""

    change: Literal["replace_feed"] = "replace_feed"
    feed: Text
    file: Path

    def edit(self) -> edits.ReplaceFeed:
        """Return it as the network takes it."""
        return edits.ReplaceFeed(self.feed, str(self.file))


ServiceChange = (
    TripRepeated
    | TripAdded
    | TripsRemoved
    | TripsShifted
    | ConnectionHeld
    | HeadwaySet
    | LineAdded
    | LineExtended
    | LineDiverted
    | LineClosed
    | StopClosed
    | FeedClosed
    | FeedReplaced
)
Change = Annotated[
    SessionAdded
    | SessionMoved
    | SessionClosed
    | HoursMoved
    | CancelTrips
    | LineBooked
    | FareFree
    | StreetsChanged
    | ThresholdChanged
    | RulesChanged
    | ServiceChange,
    Field(discriminator="change"),
]


class ScenarioSection(Section):
    """``[[scenarios]]``: a name and what it changes, against the study or on top of another scenario."""

    id: Identifier
    name: Text
    after: Identifier | None = None
    changes: Annotated[tuple[Change, ...], Field(min_length=1, max_length=200)]
