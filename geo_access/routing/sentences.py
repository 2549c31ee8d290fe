"""A journey in words, to be read aloud: French first, English by option."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from geo_access.clock import DAY_S
from geo_access.words.note import Note
from geo_access.words.told import refusal
from geo_access.words.words import text

__all__ = ["tell"]


class _Leg(Protocol):
    """What is read of a leg (see `geo_access.routing.journeys.Leg`)."""

    @property
    def kind(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def from_name(self) -> str: ...
    @property
    def to_name(self) -> str: ...
    @property
    def start_s(self) -> int: ...
    @property
    def end_s(self) -> int: ...
    @property
    def route_type(self) -> int: ...
    @property
    def booking(self) -> Note | None: ...
    @property
    def riders(self) -> Note | None: ...


@dataclass(frozen=True)
class _Words:
    clock: str
    day: dict[int, str]
    other_day: str
    leave: str
    arrive: str
    street: dict[str, str]
    until: str
    ride: str
    towards: str
    same_stop: str
    vehicle: dict[str, str]
    moment: str
    one_minute: str
    minutes: str
    hours: str
    changes: tuple[str, str, str]


_FR = _Words(
    clock="{hour} h {minute:02d}",
    day={-1: " la veille", 0: " le jour même", 1: " le lendemain"},
    other_day=" {days:+d} jours",
    leave="Partez à {at}",
    arrive="Vous arrivez à {at} : {length} en tout{changes}.",
    street={
        "walk": "Marchez {length}{until}.",
        "bike": "Roulez {length} à vélo{until}.",
        "car": "Roulez {length} en voiture{until}.",
        "driven": "Faites-vous conduire {length}{until}.",
    },
    until=" jusqu'à « {name} »",
    ride="À {start}, prenez {vehicle}{towards} à « {from_name} » ; descendez à « {to_name} » à {end}.",
    towards=" en direction de « {name} »",
    same_stop="Restez à « {from_name} ». À {start}, prenez {vehicle}{towards} ; descendez à « {to_name} » à {end}.",
    vehicle={
        "tram": "le tram {line}",
        "metro": "le métro {line}",
        "rail": "le train {line}",
        "bus": "le bus {line}",
        "coach": "le car {line}",
        "ferry": "le bateau {line}",
        "cable": "le téléphérique {line}",
        "funicular": "le funiculaire {line}",
        "": "la ligne {line}",
    },
    moment="moins d'une minute",
    one_minute="1 minute",
    minutes="{minutes} minutes",
    hours="{hours} h {minutes:02d}",
    changes=("", ", avec une correspondance", ", avec {changes} correspondances"),
)

_EN = _Words(
    clock="{hour:02d}:{minute:02d}",
    day={-1: " the day before", 0: " the same day", 1: " the next day"},
    other_day=" {days:+d} days",
    leave="Leave at {at}",
    arrive="You arrive at {at}: {length} in all{changes}.",
    street={
        "walk": "Walk {length}{until}.",
        "bike": "Cycle {length}{until}.",
        "car": "Drive {length}{until}.",
        "driven": "Be driven {length}{until}.",
    },
    until=" to “{name}”",
    ride="At {start} take {vehicle}{towards} at “{from_name}”; get off at “{to_name}” at {end}.",
    towards=" towards “{name}”",
    same_stop="Stay at “{from_name}”. At {start} take {vehicle}{towards}; get off at “{to_name}” at {end}.",
    vehicle={
        "tram": "tram {line}",
        "metro": "metro {line}",
        "rail": "train {line}",
        "bus": "bus {line}",
        "coach": "coach {line}",
        "ferry": "ferry {line}",
        "cable": "cable car {line}",
        "funicular": "funicular {line}",
        "": "line {line}",
    },
    moment="less than a minute",
    one_minute="1 minute",
    minutes="{minutes} minutes",
    hours="{hours} h {minutes:02d}",
    changes=("", ", with one change", ", with {changes} changes"),
)

_LANGUAGES = {"fr": _FR, "en": _EN}

# GTFS route types, and the extended ones by their hundreds.
_BASIC = {0: "tram", 1: "metro", 2: "rail", 3: "bus", 4: "ferry", 5: "tram", 6: "cable", 7: "funicular", 11: "bus"}
_EXTENDED = {
    1: "rail",
    2: "coach",
    4: "metro",
    7: "bus",
    8: "bus",
    9: "tram",
    10: "ferry",
    12: "ferry",
    13: "cable",
    14: "funicular",
}


def tell(legs: Sequence[_Leg], *, language: str = "fr") -> str:
    """Tell a journey leg by leg.

    Parameters
    ----------
    legs : sequence of Leg
        In order; at least one.
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    str
        Sentences to be read aloud. A day is named when it differs from the one named before, the service day first.

    Raises
    ------
    InputError
        When the language is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from geo_access.routing.journeys import Leg
    >>> walk = Leg("walk", "", "", "", "", 25200, 25500, np.zeros((2, 2)))
    >>> tell([walk])
    'Partez à 7 h 00. Marchez 5 minutes. Vous arrivez à 7 h 05 : 5 minutes en tout.'
    """
    words = _LANGUAGES.get(language)
    if words is None:
        raise refusal("routing.language", language=language, known=", ".join(_LANGUAGES))
    clock = _Clock(words)
    parts = [words.leave.format(at=clock.say(legs[0].start_s)) + "."]
    for number, leg in enumerate(legs):
        if leg.kind == "ride":
            stays = number > 0 and legs[number - 1].kind == "ride"
            frame = words.same_stop if stays else words.ride
            parts.append(
                frame.format(
                    start=clock.say(leg.start_s),
                    vehicle=_vehicle(words, leg),
                    towards=words.towards.format(name=leg.direction) if leg.direction else "",
                    from_name=leg.from_name,
                    to_name=leg.to_name,
                    end=clock.say(leg.end_s),
                )
            )
        elif leg.kind == "on_demand":
            parts += _on_demand(leg, clock, language)
        elif leg.end_s > leg.start_s:
            until = words.until.format(name=leg.to_name) if leg.to_name else ""
            parts.append(words.street[leg.kind].format(length=_length(words, leg.end_s - leg.start_s), until=until))
        if leg.riders is not None:
            parts.append(leg.riders.told(language))
    changes = max(0, sum(leg.kind in ("ride", "on_demand") for leg in legs) - 1)
    parts.append(
        words.arrive.format(
            at=clock.say(legs[-1].end_s),
            length=_length(words, legs[-1].end_s - legs[0].start_s),
            changes=words.changes[min(changes, 2)].format(changes=changes),
        )
    )
    return " ".join(parts)


def _on_demand(leg: _Leg, clock: _Clock, language: str) -> list[str]:
    """Tell a ride on demand and until when it is booked."""
    places = {
        f"{way}_place": text(f"journey.{way}_place", language, name=name) if name else ""
        for way, name in (("from", leg.from_name), ("to", leg.to_name))
    }
    start, end = clock.say(leg.start_s), clock.say(leg.end_s)
    told = text("journey.on_demand", language, start=start, end=end, line=leg.line, **places).replace("  ", " ")
    booking = [] if leg.booking is None else [text("journey.booking", language, booking=leg.booking.told(language))]
    return [told, *booking]


class _Clock:
    """Clock times in words; remembers the day it named last."""

    def __init__(self, words: _Words) -> None:
        self.words = words
        self.named = 0

    def say(self, seconds: int) -> str:
        day, rest = divmod(int(seconds), DAY_S)
        text = self.words.clock.format(hour=rest // 3600, minute=rest % 3600 // 60)
        if day != self.named:
            text += self.words.day.get(day, self.words.other_day.format(days=day))
            self.named = day
        return text


def _vehicle(words: _Words, leg: _Leg) -> str:
    kind = _BASIC.get(leg.route_type, _EXTENDED.get(leg.route_type // 100, ""))
    frame = words.vehicle[kind]
    name = frame.split(" ")[-2].casefold()
    line = leg.line
    if line.casefold().startswith(f"{name} "):
        line = line[len(name) + 1 :]
    return frame.format(line=line).strip()


def _length(words: _Words, seconds: int) -> str:
    minutes = round(seconds / 60)
    if seconds < 30:
        return words.moment
    if minutes <= 1:
        return words.one_minute
    if minutes < 60:
        return words.minutes.format(minutes=minutes)
    return words.hours.format(hours=minutes // 60, minutes=minutes % 60)
