"""Hours of work from text: which rule read them, and which text said so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from geo_access.sources.tables_text import fold

__all__ = ["Shift", "read_clock", "read_shifts"]

_CLOCK = re.compile(r"(\d{1,2})\s*(?:[hH:]\s*([0-5]\d)?)(?::\d{2})?(?:\s*(?:heures?|min))?")
_CLOCK_TEXT = r"(\d{1,2})\s*(?:h|:|heures?)\s*([0-5]\d)?"
_RANGE = re.compile(rf"{_CLOCK_TEXT}\s*(?:a|-|–|/|jusqu'?\s*a|et|>)\s*{_CLOCK_TEXT}")
_DAY_S = 86_400


@dataclass(frozen=True)
class Shift:
    """Hours to be there.

    Attributes
    ----------
    start, end : str
        Clock texts; the end of a night shift is written past 24 h (``29:00``).
    rule : str
        Rule that read them.
    text : str
        The words it read.
    assumed : bool
        Whether the text gives a pattern only (3x8, night) and the hours are the customary ones.
    """

    start: str
    end: str
    rule: str
    text: str
    assumed: bool


# Customary hours of patterns that a text names without giving clocks. They are assumptions and travel as such.
_PATTERNS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("3x8", r"\b(3 ?x ?8|3 8|4 ?x ?8|5 ?x ?8|trois huit|posted? en 3)\b",
     (("05:00", "13:00"), ("13:00", "21:00"), ("21:00", "29:00"))),
    ("2x8", r"\b(2 ?x ?8|2 8|deux huit|en 2 equipes|equipes alternantes)\b", (("05:00", "13:00"), ("13:00", "21:00"))),
    ("night", r"\b(travail de nuit|horaires? de nuit|de nuit|nuit)\b", (("21:00", "29:00"),)),
    ("2x12", r"\b(2 ?x ?12|journees? de 12 ?h|12 heures)\b", (("07:00", "19:00"), ("19:00", "31:00"))),
    ("split", r"\b(coupes?|horaires? decoupes?|fractionnes?|en coupure|coupures?)\b",
     (("09:00", "14:00"), ("18:00", "22:00"))),
    ("morning", r"\b(matin|travail du matin|equipe du matin)\b", (("05:00", "13:00"),)),
    ("afternoon", r"\b(apres midi|equipe d apres midi)\b", (("13:00", "21:00"),)),
    ("evening", r"\b(soir|soiree)\b", (("17:00", "22:00"),)),
    ("day", r"\b(travail en journee|horaires? normaux|horaires? de jour|de jour|journee)\b", (("08:30", "17:00"),)),
)  # fmt: skip


def read_clock(value: object) -> str | None:
    """Clock text ``HH:MM`` of ``5h``, ``05h30``, ``5:00``, or None.

    Examples
    --------
    >>> [read_clock(text) for text in ("5h", "05h30", "21:00:00", "29:00", "soir", None)]
    ['05:00', '05:30', '21:00', '29:00', None, None]
    """
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    return _clock(match[1], match[2])


def _clock(hours: str, minutes: str | None) -> str | None:
    return f"{int(hours):02d}:{int(minutes or 0):02d}" if int(hours) <= 48 else None


def read_shifts(text: str) -> tuple[Shift, ...]:
    """Shifts that a free text speaks of: clocks when it gives them, else the customary hours of the pattern it names.

    Parameters
    ----------
    text : str
        For instance ``"35H Travail en 3x8"`` or ``"de 6h à 13h30"``.

    Returns
    -------
    tuple of Shift
        Empty when the text says nothing of hours. An end before its start is the next morning.

    Examples
    --------
    >>> [(shift.start, shift.end, shift.rule) for shift in read_shifts("Horaires : 21h à 5h, du lundi au vendredi")]
    [('21:00', '29:00', 'clock range')]
    >>> [(shift.start, shift.assumed) for shift in read_shifts("35H Travail en 2x8")]
    [('05:00', True), ('13:00', True)]
    """
    plain = text.lower().replace("à", "a").replace("\u00a0", " ")
    found = []
    for match in _RANGE.finditer(plain):
        start, end = _clock(match[1], match[2]), _clock(match[3], match[4])
        if start is None or end is None or int(match[1]) > 24 or int(match[3]) > 24 or start == end:
            continue
        found.append(Shift(start, after(start, end), "clock range", match[0].strip(), assumed=False))
    if found:
        return tuple(dict.fromkeys(found))
    words = fold(text)
    for rule, pattern, hours in _PATTERNS:
        hit = re.search(pattern, words)
        if hit:
            return tuple(Shift(start, end, rule, hit[0], assumed=True) for start, end in hours)
    return ()


def after(start: str, end: str) -> str:
    """Return the end of a shift, written past 24 h when it falls on the next morning.

    Examples
    --------
    >>> after("21:00", "05:00"), after("08:00", "16:00")
    ('29:00', '16:00')
    """
    seconds = [int(clock[:-3]) * 3600 + int(clock[-2:]) * 60 for clock in (start, end)]
    if seconds[1] > seconds[0]:
        return end
    total = seconds[1] + _DAY_S
    return f"{total // 3600:02d}:{total % 3600 // 60:02d}"
