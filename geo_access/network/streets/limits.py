"""What tags say of speeds and durations: limits posted or implied by country, and how long a ferry takes.

Implicit limits: OSM wiki "Default speed limits" (read 2026-11); France: Code de la route R413-2, R413-3, R412-35,
R110-2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

__all__ = ["ferry_s", "limit_kmh", "nonsense_limit"]

_MPH = 1.609344
# Slower than a walk or faster than any limit that is posted (140 km/h in Poland): a slip of the keyboard.
_LEAST_KMH, _MOST_KMH = 3.0, 150.0
_EVERYWHERE = {"zone30": 30.0, "30": 30.0, "zone20": 20.0, "20": 20.0, "living_street": 20.0, "bicycle_road": 30.0}
_URBAN_RURAL_TRUNK_MOTORWAY = {
    "AT": (50, 100, 100, 130),
    "BE": (50, 90, 120, 120),
    "BE-BRU": (30, 70, 120, 120),
    "BE-VLG": (50, 70, 120, 120),
    "BG": (50, 90, 120, 140),
    "BR": (60, 80, 110, 110),
    "CH": (50, 80, 100, 120),
    "CZ": (50, 90, 110, 130),
    "DE": (50, 100, 100, 130),
    "DK": (50, 80, 80, 130),
    "EE": (50, 90, 90, 90),
    "ES": (50, 90, 90, 120),
    "FI": (50, 80, 80, 120),
    "FR": (50, 80, 110, 130),
    "GR": (50, 90, 110, 130),
    "HR": (50, 90, 110, 130),
    "HU": (50, 90, 110, 130),
    "IT": (50, 90, 110, 130),
    "LT": (50, 90, 90, 130),
    "LU": (50, 90, 90, 130),
    "LV": (50, 90, 90, 90),
    "NL": (50, 80, 100, 100),
    "NO": (50, 80, 80, 90),
    "PL": (50, 90, 100, 140),
    "PT": (50, 90, 100, 120),
    "RO": (50, 90, 100, 130),
    "RU": (60, 90, 90, 110),
    "SE": (50, 70, 90, 110),
    "SI": (50, 90, 110, 130),
    "SK": (50, 90, 130, 130),
    "UA": (50, 90, 110, 130),
}
_BRITISH = {
    "nsl_restricted": 30 * _MPH,
    "nsl_single": 60 * _MPH,
    "nsl_dual": 70 * _MPH,
    "motorway": 70 * _MPH,
    "urban": 30 * _MPH,
    "rural": 60 * _MPH,
    "trunk": 70 * _MPH,
}
_WALK_KMH = {"DE": 7.0, "AT": 5.0}
_TYPES = ("zone:maxspeed", "maxspeed:type", "source:maxspeed", "maxspeed:source", "zone:traffic")
_NUMBER = re.compile(r"(-?\d{1,4}(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?")


@lru_cache(maxsize=1024)
def _number_kmh(value: str) -> float | None:
    """Lowest number of a value such as ``50``, ``30 mph``, ``50;30`` [km/h]; None where it holds anything else."""
    found = []
    for part in re.split(r"[;|]", value):
        match = _NUMBER.fullmatch(part.strip().lower())
        if match is None:
            return None
        found.append(float(match[1]) * (_MPH if match[2] == "mph" else 1.0))
    return min(found)


def nonsense_limit(tags: Mapping[str, str]) -> bool:
    """Whether a posted limit cannot be meant: negative, 0, beyond 150 km/h, or a number with something else about it.

    Examples
    --------
    >>> [nonsense_limit({"maxspeed": value}) for value in ("999", "-30", "50", "FR:urban", "5O")]
    [True, True, False, False, True]
    """
    for key in ("maxspeed", "maxspeed:forward", "maxspeed:backward"):
        text = tags.get(key, "").strip()
        value = _number_kmh(text)
        if value is None and text[:1] in "-0123456789" and text and _implicit_kmh(text) is None:
            return True
        if value is not None and not _LEAST_KMH <= value <= _MOST_KMH:
            return True
    return False


@lru_cache(maxsize=1024)
def _implicit_kmh(value: str) -> float | None:
    """Limit that a name such as ``FR:urban`` or ``DE:zone:30`` stands for [km/h]."""
    country, _, rest = value.strip().partition(":")
    name = (rest or country).lower().replace("zone:", "zone").rpartition(":")[2]
    region = country.strip().upper() if rest else "FR"
    code = region[:2]
    if name == "walk":
        return _WALK_KMH.get(code, _EVERYWHERE["living_street"])
    if code in ("GB", "UK") and (zone := re.fullmatch(r"(?:zone)?(\d{2})", name)):
        return float(zone[1]) * _MPH
    if name in _EVERYWHERE:
        return _WALK_KMH.get(code, 20.0) if name == "living_street" else _EVERYWHERE[name]
    if code in ("GB", "UK") or name.startswith("nsl_"):
        return _BRITISH.get(name)
    ranks = ("urban", "rural", "trunk", "motorway")
    if name not in ranks:
        zone = re.fullmatch(r"(?:zone)?(\d{2,3})", name) if rest else None
        return float(zone[1]) if zone and _LEAST_KMH <= float(zone[1]) <= _MOST_KMH else None
    limits = _URBAN_RURAL_TRUNK_MOTORWAY.get(region, _URBAN_RURAL_TRUNK_MOTORWAY.get(code))
    return float(limits[ranks.index(name)]) if limits else None


def limit_kmh(tags: Mapping[str, str], toward: str = "forward") -> float | None:
    """Speed limit that the tags state or imply.

    Parameters
    ----------
    tags : mapping of str to str
    toward : str
        ``forward`` or ``backward``, as the way is drawn.

    Returns
    -------
    float or None
        [km/h]; None where nothing is said, or what is said cannot be meant. Names without a country are French.

    Examples
    --------
    >>> limit_kmh({"maxspeed": "50", "maxspeed:backward": "30"}, "backward"), limit_kmh({"maxspeed": "DE:rural"})
    (30.0, 100.0)
    >>> limit_kmh({"maxspeed": "999"}) is None
    True
    """
    for key in (f"maxspeed:{toward}", "maxspeed"):
        number = _number_kmh(tags.get(key, ""))
        if number is not None:
            if _LEAST_KMH <= number <= _MOST_KMH:
                return number
            continue
        implied = _implicit_kmh(tags.get(key, ""))
        if implied is not None:
            return implied
    for key in _TYPES:
        # A bare number in the source of a limit is no limit: "source:maxspeed=2014".
        value = tags.get(key, "")
        if key == "zone:maxspeed" and _number_kmh(value) is not None:
            return _number_kmh(value)
        implied = None if value.strip().isdigit() else _implicit_kmh(value)
        if implied is not None:
            return implied
    return _EVERYWHERE["living_street"] if tags.get("highway") == "living_street" else None


def _one_duration_s(value: str) -> float:
    text = value.strip().lower().replace(",", ".")
    if clock := re.fullmatch(r"(\d{1,3}):(\d{2})(?::(\d{2}))?", text):
        return int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + int(clock[3] or 0)
    if plain := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(min|mins|mn|minutes|minute|m)?\.?", text):
        return float(plain[1]) * 60.0
    words = r"(\d+(?:\.\d+)?)\s*(?:h|hr|hrs|hour|hours)(?:\s*(\d{1,2})\s*(?:m|min|mins|minutes)?)?"
    if hours := re.fullmatch(words, text):
        return float(hours[1]) * 3600.0 + int(hours[2] or 0) * 60.0
    number = r"(\d+(?:\.\d+)?)"
    iso = re.fullmatch(rf"p(?:{number}d)?(?:t(?:{number}h)?(?:{number}m)?(?:{number}s)?)?", text)
    if iso is None:
        return 0.0
    return sum(float(part or 0) * unit for part, unit in zip(iso.groups(), (86_400, 3600, 60, 1), strict=True))


def ferry_s(value: str) -> float:
    """Time that ``duration`` states.

    Parameters
    ----------
    value : str
        ``20`` and ``20 min`` (minutes), ``0:20``, ``00:20:00``, ``1 h 20``, ``PT20M``; of a range or a list the mean.

    Returns
    -------
    float
        [s]; 0 where it cannot be read.

    Examples
    --------
    >>> [ferry_s(value) for value in ("20", "20 min", "PT20M", "0:20", "00:20-00:30", "soon")]
    [1200.0, 1200.0, 1200.0, 1200.0, 1500.0, 0.0]
    """
    found = [_one_duration_s(part) for part in re.split(r"[;]|(?<=\d)\s*[-–]\s*(?=\d)", value) if part.strip()]
    return sum(found) / len(found) if found and all(found) else 0.0
