"""Conditional tags of OSM, read for one day and time of day.

A small part of two grammars of the OSM wiki, "Conditional restrictions" and "Key:opening_hours/specification": months,
dates, weekdays, times of day, ``off``; rules after ``;`` override, those after a comma stand beside. What lies outside
(weeks, Easter, sunrise, school holidays, what a user is) is not guessed: the tag stays as it is without the condition,
and is counted. A service day is taken as no public holiday.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

__all__ = ["conditional_value", "holds", "resolved"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_MONTH, _DAY = "|".join(_MONTHS), "|".join(_DAYS)
_DATE = rf"(?:(\d{{4}})\s+)?({_MONTH})(?:\s+(\d{{1,2}})(?!\d|:\d))?"
_DATES = re.compile(rf"{_DATE}(?:\s*-\s*(?:{_DATE}|(\d{{1,2}})(?!\d|:\d)))?")
_WEEKDAYS = re.compile(rf"(ph|sh|{_DAY})(?:\s*-\s*({_DAY}))?(?![a-z\[])")
_TIMES = re.compile(r"(\d{1,2}):(\d{2})(?:\s*-\s*(\d{1,2}):(\d{2})|(\+))")
# "Mo-Fr 08:00-12:00, Sa 09:00-12:00": after times, a comma and days begin a further rule beside the first.
_BESIDE = re.compile(rf"(?:(?<=:\d\d)|(?<=\+)|(?<=off))\s*,\s*(?=(?:ph|sh|{_DAY}|{_MONTH})\b)", re.IGNORECASE)
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


def _weekdays_hold(match: re.Match[str], day: dt.date) -> bool:
    first, last = match.groups()
    if first == "ph":
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


class _Rule:
    """One rule: which days, which times, open or not."""

    def __init__(self, text: str) -> None:
        plain = re.sub(r'"[^"]*"', "", text).strip().lower().replace("24/7", "00:00-24:00")
        self.dates, rest = _listed(_DATES, plain)
        self.weekdays, rest = _listed(_WEEKDAYS, rest.lstrip(": "))
        self.times, rest = _listed(_TIMES, rest.lstrip(": "))
        rest = rest.strip(" ,")
        self.open = rest not in ("off", "closed")
        self.understood = rest in ("", "off", "closed", "open") and bool(
            self.dates or self.weekdays or self.times or rest
        )
        # Whose school holidays, and when, nothing here knows.
        self.understood &= all(match[1] != "sh" for match in self.weekdays)

    def on(self, day: dt.date) -> bool:
        """Whether the rule is about a day."""
        in_dates = not self.dates or any(_dates_hold(match, day) for match in self.dates)
        return in_dates and (not self.weekdays or any(_weekdays_hold(match, day) for match in self.weekdays))

    def covers(self, moment: dt.datetime) -> bool:
        """Whether a moment lies in the rule's times, those that began the evening before included."""
        if not self.times:
            return self.on(moment.date())
        minute = moment.hour * 60 + moment.minute
        for shift, day in ((0, moment.date()), (1440, moment.date() - dt.timedelta(days=1))):
            for match in self.times if self.on(day) else ():
                start = int(match[1]) * 60 + int(match[2])
                end = 1440 if match[5] else int(match[3]) * 60 + int(match[4])
                end += 1440 if end <= start else 0
                if start <= minute + shift < end:
                    return True
        return False


def holds(text: str, moment: dt.datetime) -> bool | None:
    """Whether opening hours, or a condition written like them, hold at a moment.

    Parameters
    ----------
    text : str
        ``Mo-Fr 07:00-09:00,16:00-19:00; Sa off``, ``Apr-Oct``, ``22:00-06:00``.
    moment : datetime.datetime

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
    for text_rule in text.split(";"):
        if not text_rule.strip():
            continue
        rules = [_Rule(part) for part in _BESIDE.split(text_rule.strip())]
        if not all(rule.understood for rule in rules):
            return None
        for k, rule in enumerate(rules):
            if rule.covers(moment):
                state = rule.open
            elif k == 0 and rule.on(moment.date()) and rule.open and (rule.weekdays or rule.dates):
                state = False
    return state


def _condition_holds(text: str, moment: dt.datetime) -> bool | None:
    """Whether a condition of ``:conditional`` holds for a person on foot, by bicycle or by car."""
    parts = re.split(r"\s+and\s+", text.strip().strip("()").strip(), flags=re.IGNORECASE)
    found = [False if _OTHERS.search(part.lower()) else holds(part, moment) for part in parts]
    if any(value is False for value in found):
        return False
    return None if any(value is None for value in found) else True


def conditional_value(text: str, moment: dt.datetime) -> tuple[str | None, bool]:
    """Value that ``value @ (condition); …`` gives at a moment; the last that holds wins.

    Parameters
    ----------
    text : str
    moment : datetime.datetime

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
        state = _condition_holds(condition, moment) if at else None
        if state is None:
            understood = False
        elif state:
            # The last that holds wins, whatever stood before it.
            value, understood = said.strip(), True
    return (value if understood else None), understood


def resolved(tags: Mapping[str, str], moment: dt.datetime | None) -> tuple[dict[str, str], bool | None]:
    """Tags without conditions, as they hold at a moment.

    Parameters
    ----------
    tags : mapping of str to str
    moment : datetime.datetime or None
        Without it no condition is read.

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
        found, known = conditional_value(value, moment)
        understood &= known
        if found is not None:
            plain[key.removesuffix(":conditional")] = found
    if hours is not None:
        state = holds(hours, moment)
        understood &= state is not None
        if state is False:
            closing = {"access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar"}
            plain = {key: value for key, value in plain.items() if key not in closing} | {"access": "no"}
    return plain, understood
