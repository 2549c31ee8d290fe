"""Conditional tags of OSM, read for one day and time of day.

A part of two grammars of the OSM wiki, "Conditional restrictions" and "Key:opening_hours/specification": years, months,
dates, weeks, weekdays and the n-th of a month, Easter, holidays, times of day and of the sun, ``off``; rules after
``;`` override, those after a comma stand beside, those after ``||`` hold where none before does. What lies outside
(what a user is, the weather, holidays and a sun that the almanac does not know) is not guessed: the tag stays as it is
without the condition, and is counted. Compared with opening-hours-py, a kept library of 13 MB in compiled code, which
knows no conditions: with these few lines it need not be installed.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Mapping

from geo_access.network.streets.almanac import Almanac, easter

__all__ = ["conditional_value", "holds", "resolved"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_MONTH, _DAY = "|".join(_MONTHS), "|".join(_DAYS)
_DATE = rf"(?:(\d{{4}})\s+)?({_MONTH})(?:\s+(\d{{1,2}})(?!\d|:\d))?"
_DATES = re.compile(rf"{_DATE}(?:\s*-\s*(?:{_DATE}|(\d{{1,2}})(?!\d|:\d)))?")
_YEARS = re.compile(rf"(\d{{4}})(?:\s*-\s*(\d{{4}})|(\+))?(?!\d|:|\s*-|\s+(?:{_MONTH}|easter))")
_WEEKS = re.compile(r"(\d{1,2})(?:\s*-\s*(\d{1,2})(?:/(\d{1,2}))?)?(?!\d|:)")
_NTH = r"(?:-[1-5]|[1-5](?:-[1-5])?)"
_WEEKDAYS = re.compile(rf"(ph|sh|{_DAY})(?:\s*-\s*({_DAY}))?(?:\[({_NTH}(?:,\s*{_NTH})*)\])?(?![a-z\[])")
_EASTER = re.compile(r"(easter)(?:\s*([+-]\s*\d{1,3})\s*days?)?(?!\s*[-+])")
_SUN = r"sunrise|sunset|dawn|dusk"
_CLOCK = rf"(\d{{1,2}}:\d{{2}}|{_SUN}|\((?:{_SUN})\s*[+-]\s*\d{{1,2}}:\d{{2}}\))"
_TIMES = re.compile(rf"{_CLOCK}(?:\s*-\s*{_CLOCK}|(\+))")
_NO_ALMANAC = Almanac()
# "Mo-Fr 08:00-12:00, Sa 09:00-12:00": after times, a comma and days begin a further rule beside the first.
_BESIDE = re.compile(
    rf"(?:(?<=:\d\d)|(?<=[+)])|(?<=off)|(?<=sunrise)|(?<=sunset)|(?<=dawn)|(?<=dusk))\s*,\s*"
    rf"(?=(?:ph|sh|{_DAY}|{_MONTH}|week|easter|\d{{4}})\b(?!:))",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"weight|length|height|width|axle|hgv|goods|trailer|bus|psv|coach|taxi|moped|motorcycle|emergency|hov|tourist|"
    r"agricultural|forestry|caravan|hazmat|maxweight"
)


def _dates_hold(match: re.Match[str], day: dt.date) -> bool:
    year, month, first, year_2, month_2, last, last_alone = match.groups()
    start = (_MONTHS.index(month) + 1, int(first or 1))
    if month_2:
        end = (_MONTHS.index(month_2) + 1, int(last or 31))
    elif last_alone:
        end = (start[0], int(last_alone))
    else:
        end = (start[0], int(first or 31))
    if year and not int(year) <= day.year <= int(year_2 or year):
        return False
    if year and year_2:
        return (int(year), *start) <= (day.year, day.month, day.day) <= (int(year_2), *end)
    here = (day.month, day.day)
    return start <= here <= end if start <= end else here >= start or here <= end


def _years_hold(match: re.Match[str], day: dt.date) -> bool:
    first, last, on = match.groups()
    return int(first) <= day.year <= (9999 if on else int(last or first))


def _weeks_hold(match: re.Match[str], day: dt.date) -> bool:
    first, last, step = (int(value) if value else None for value in match.groups())
    week = day.isocalendar().week
    start, end = first or 0, last or first or 0
    inside = start <= week <= end if start <= end else week >= start or week <= end
    return inside and (week - start) % (step or 1) == 0


def _easter_holds(match: re.Match[str], day: dt.date) -> bool:
    return day == easter(day.year) + dt.timedelta(int((match[2] or "0").replace(" ", "")))


def _nth_holds(numbers: str, day: dt.date) -> bool:
    """Whether a day is one of the n-th of its weekday in its month: ``1``, ``1,3``, ``2-4``, ``-1``."""
    days = calendar.monthrange(day.year, day.month)[1]
    here = ((day.day - 1) // 7 + 1, -((days - day.day) // 7 + 1))
    for part in numbers.replace(" ", "").split(","):
        first, dash, last = part.partition("-") if not part.startswith("-") else (part, "", "")
        if dash and int(first) <= here[0] <= int(last):
            return True
        if not dash and int(first) in here:
            return True
    return False


def _weekdays_hold(match: re.Match[str], day: dt.date, almanac: Almanac) -> bool:
    first, last, numbers = match.groups()
    if first in ("ph", "sh"):
        return bool(almanac.public(day) if first == "ph" else almanac.school(day))
    if numbers and not _nth_holds(numbers, day):
        return False
    start = _DAYS.index(first)
    end = _DAYS.index(last) if last else start
    return (day.weekday() - start) % 7 <= (end - start) % 7


def _listed(pattern: re.Pattern[str], text: str) -> tuple[list[re.Match[str]], str]:
    """Match a list with commas at the start of a text; return the matches, and what follows."""
    found: list[re.Match[str]] = []
    rest = text.strip()
    while match := pattern.match(rest):
        found.append(match)
        after = rest[match.end() :].lstrip()
        if not (after.startswith(",") and pattern.match(after[1:].lstrip())):
            return found, after
        rest = after[1:].lstrip()
    return found, rest


_SELECTORS = (_YEARS, _DATES, _EASTER)
_HOLD = {_YEARS: _years_hold, _DATES: _dates_hold, _EASTER: _easter_holds}


class _Rule:
    """One rule: which days, which times, open or not."""

    def __init__(self, text: str, almanac: Almanac) -> None:
        plain = re.sub(r'"[^"]*"', "", text).strip().lower().replace("24/7", "00:00-24:00")
        self.almanac = almanac
        self.dates: list[tuple[re.Pattern[str], list[re.Match[str]]]] = []
        rest = plain
        for pattern in _SELECTORS:
            found, rest = _listed(pattern, rest.lstrip(": "))
            self.dates += [(pattern, found)] if found else []
        self.weeks: list[re.Match[str]] = []
        if rest.startswith("week"):
            self.weeks, rest = _listed(_WEEKS, rest.removeprefix("week"))
        self.weekdays, rest = _listed(_WEEKDAYS, rest.lstrip(": "))
        # "SH Mo-Fr": in the holidays, on these days.
        self.narrowed: list[re.Match[str]] = []
        if self.weekdays and all(match[1] in ("ph", "sh") for match in self.weekdays):
            self.narrowed, rest = _listed(_WEEKDAYS, rest)
        self.times, rest = _listed(_TIMES, rest.lstrip(": "))
        rest = rest.strip(" ,")
        self.open = rest not in ("off", "closed")
        self.picks = bool(self.dates or self.weeks or self.weekdays)
        self.understood = rest in ("", "off", "closed", "open") and bool(self.picks or self.times or rest)
        self.school = any(match[1] == "sh" for match in self.weekdays)

    def known(self, moment: dt.datetime) -> bool:
        """Whether the almanac knows all that the rule asks of a day."""
        day = moment.date()
        if self.school and self.almanac.school(day) is None:
            return False
        clocks = [clock for match in self.times for clock in (match[1], match[2]) if clock]
        return all(self._minute(clock, day) is not None for clock in clocks)

    def on(self, day: dt.date) -> bool:
        """Whether the rule is about a day."""
        if not all(any(_HOLD[pattern](match, day) for match in found) for pattern, found in self.dates):
            return False
        if self.weeks and not any(_weeks_hold(match, day) for match in self.weeks):
            return False
        return all(
            not found or any(_weekdays_hold(match, day, self.almanac) for match in found)
            for found in (self.weekdays, self.narrowed)
        )

    def _minute(self, clock: str, day: dt.date) -> int | None:
        event = re.match(rf"\(?({_SUN})(?:\s*([+-])\s*(\d+):(\d+))?", clock)
        if event is None:
            hours, _, minutes = clock.partition(":")
            return int(hours) * 60 + int(minutes)
        found = self.almanac.sun_minute(event[1], day)
        shift = int(event[3] or 0) * 60 + int(event[4] or 0)
        return None if found is None else found + (-shift if event[2] == "-" else shift)

    def covers(self, moment: dt.datetime) -> bool:
        """Whether a moment lies in the rule's times, those that began the evening before included."""
        if not self.times:
            return self.on(moment.date())
        minute = moment.hour * 60 + moment.minute
        for shift, day in ((0, moment.date()), (1440, moment.date() - dt.timedelta(days=1))):
            for match in self.times if self.on(day) else ():
                start = self._minute(match[1], day) or 0
                end = 1440 if match[3] else self._minute(match[2], day) or 0
                end += 1440 if end <= start else 0
                if start <= minute + shift < end:
                    return True
        return False


def holds(text: str, moment: dt.datetime, *, almanac: Almanac = _NO_ALMANAC) -> bool | None:
    """Whether opening hours, or a condition written like them, hold at a moment.

    Parameters
    ----------
    text : str
        ``Mo-Fr 07:00-09:00,16:00-19:00; Sa off``, ``Apr-Oct``, ``22:00-06:00``.
    moment : datetime.datetime
    almanac : Almanac
        What is known of the place and its calendar.

    Returns
    -------
    bool or None
        None where the text is not understood.

    Examples
    --------
    >>> moment = dt.datetime(2026, 3, 17, 8, 0)  # a Tuesday
    >>> [holds(text, moment) for text in ("Mo-Fr 07:00-09:00", "Sa,Su", "Apr-Oct", "22:00-06:00", "sunrise-sunset")]
    [True, False, False, False, None]
    """
    state: bool | None = False
    for k, group in enumerate(text.split("||")):
        if state is not True and (k == 0 or group.strip()):
            state = _group_holds(group, moment, almanac)
        if state is None:
            return None
    return state


def _group_holds(text: str, moment: dt.datetime, almanac: Almanac) -> bool | None:
    """Whether rules hold that override each other; None where one is not understood."""
    state: bool | None = False
    for text_rule in text.split(";"):
        if not text_rule.strip():
            continue
        rules = [_Rule(part, almanac) for part in _BESIDE.split(text_rule.strip())]
        if not all(rule.understood and rule.known(moment) for rule in rules):
            return None
        for k, rule in enumerate(rules):
            if rule.covers(moment):
                state = rule.open
            elif k == 0 and rule.on(moment.date()) and rule.open and rule.picks:
                state = False
    return state


def _condition_holds(text: str, moment: dt.datetime, almanac: Almanac) -> bool | None:
    """Whether a condition of ``:conditional`` holds for a person on foot, by bicycle or by car."""
    parts = re.split(r"\s+and\s+", text.strip().strip("()").strip(), flags=re.IGNORECASE)
    found = [False if _OTHERS.search(part.lower()) else holds(part, moment, almanac=almanac) for part in parts]
    if any(value is False for value in found):
        return False
    return None if any(value is None for value in found) else True


def conditional_value(text: str, moment: dt.datetime, *, almanac: Almanac = _NO_ALMANAC) -> tuple[str | None, bool]:
    """Value that ``value @ (condition); …`` gives at a moment; the last that holds wins.

    Parameters
    ----------
    text : str
    moment : datetime.datetime
    almanac : Almanac
        What is known of the place and its calendar.

    Returns
    -------
    value : str or None
        None where no condition holds.
    understood : bool

    Examples
    --------
    >>> moment = dt.datetime(2026, 3, 17, 8, 0)
    >>> conditional_value("no @ (Mo-Fr 07:00-09:00); yes @ (Sa)", moment)
    ('no', True)
    >>> conditional_value("no @ (wet)", moment)
    (None, False)
    """
    value, understood = None, True
    for part in re.split(r";(?![^()]*\))", text):
        said, at, condition = part.partition("@")
        if not part.strip():
            continue
        state = _condition_holds(condition, moment, almanac) if at else None
        if state is None:
            understood = False
        elif state:
            # The last that holds wins, whatever stood before it.
            value, understood = said.strip(), True
    return (value if understood else None), understood


def resolved(
    tags: Mapping[str, str], moment: dt.datetime | None, *, almanac: Almanac = _NO_ALMANAC
) -> tuple[dict[str, str], bool | None]:
    """Tags without conditions, as they hold at a moment.

    Parameters
    ----------
    tags : mapping of str to str
    moment : datetime.datetime or None
        Without it no condition is read.
    almanac : Almanac
        What is known of the place and its calendar.

    Returns
    -------
    tags : dict of str to str
        ``opening_hours`` that are over close all that the tags are about.
    understood : bool or None
        None where there was no condition.

    Examples
    --------
    >>> moment = dt.datetime(2026, 3, 17, 8, 0)
    >>> resolved({"highway": "footway", "opening_hours": "Apr-Oct"}, moment)
    ({'highway': 'footway', 'access': 'no'}, True)
    """
    conditions = {key: value for key, value in tags.items() if key.endswith(":conditional") or key == "opening_hours"}
    plain = {key: value for key, value in tags.items() if key not in conditions}
    if not conditions:
        return plain, None
    if moment is None:
        return plain, False
    understood = True
    hours = conditions.pop("opening_hours", None)
    for key, value in conditions.items():
        found, known = conditional_value(value, moment, almanac=almanac)
        understood &= known
        if found is not None:
            plain[key.removesuffix(":conditional")] = found
    if hours is not None:
        state = holds(hours, moment, almanac=almanac)
        understood &= state is not None
        if state is False:
            closing = {"access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar"}
            plain = {key: value for key, value in plain.items() if key not in closing} | {"access": "no"}
    return plain, understood
