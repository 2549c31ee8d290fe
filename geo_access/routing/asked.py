"""What people write, read once: hours, minutes, percentiles and limits become the values of a query."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd

from geo_access.clock import parse_clock
from geo_access.errors import Fault, InputError, ServiceDateError, raise_faults
from geo_access.given import Reading, finite, read_day, require_kind
from geo_access.modes import read_mode
from geo_access.network.model import Network
from geo_access.routing.query import Query, Window
from geo_access.words.told import fault, refusal

__all__ = [
    "Asking",
    "ClockLike",
    "Limits",
    "MinutesLike",
    "WindowLike",
    "make_query",
    "read_clock",
    "read_limits",
    "read_minutes",
    "read_percentiles",
    "read_window",
    "refuse_twice",
]

ClockLike = str | time | datetime | int
"""``"08:00"``, a `datetime.time`, a `datetime` (or pandas Timestamp) of the service day, or seconds of that day."""
WindowLike = str | time | datetime | Window | tuple["str | time | datetime", "str | time | datetime"]
"""One moment, or ``"07:00-09:00"``, or ``("07:00", "09:00")``."""
MinutesLike = float | timedelta
"""Minutes, or a duration."""


class Limits(TypedDict, total=False):
    """Limits of a search, by the names of `Query`."""

    walk_kmh: float
    bike_kmh: float
    max_access_s: int
    max_egress_s: int
    max_transfer_s: int
    min_transfer_s: int
    max_rides: int | None
    on_demand: bool
    max_direct_s: int | None
    park_and_ride: Sequence[str]
    link_limit_m: float
    school_lines: bool
    paratransit: bool
    line_kinds: Sequence[tuple[str, str]]
    max_stress: int | None


class Asking(Limits, total=False):
    """What a verb is asked, by the names of `make_query`."""

    mode: str | Sequence[str]
    depart: WindowLike | None
    arrive: WindowLike | None
    earliest: ClockLike | None
    percentiles: float | Sequence[float]
    max_minutes: MinutesLike
    day: date | str | None


# Fields of a query that the verbs take in people's units.
_SAID_OTHERWISE = {"max_s": "max_minutes", "earliest_s": "earliest"}
_WHOLE = frozenset(
    ("max_access_s", "max_egress_s", "max_transfer_s", "min_transfer_s", "max_rides", "max_direct_s", "max_stress")
)
_TRUTHS = frozenset(("on_demand", "school_lines", "paratransit"))
_OPTIONAL = frozenset(("max_rides", "max_direct_s", "max_stress"))
_EXAMPLES = {"walk_kmh": "4.8", "bike_kmh": "15", "max_rides": "2", "max_stress": "2", "link_limit_m": "500"}


def refuse_twice(given: Mapping[str, object], **own: str) -> None:
    """Refuse options that a verb has under a name of its own.

    Parameters
    ----------
    given : mapping
        Options by name.
    **own : str
        The verb's own name by the other: ``max_minutes="minutes"``.

    Raises
    ------
    InputError
    """
    raise_faults(fault(name, "asked.twice", name=f"{name}=", other=f"{own[name]}=") for name in given if name in own)


def read_clock(value: object) -> int:
    """Read one moment [s of the service day].

    Parameters
    ----------
    value : str, datetime.time, datetime.datetime, pandas.Timestamp or numpy.datetime64
        Local time; the day of a datetime is that of `day_of`.

    Returns
    -------
    int

    Raises
    ------
    InputError
        When it is no time of the day, or has a time zone.

    Examples
    --------
    >>> read_clock("08:00"), read_clock(time(8, 30))
    (28800, 30600)
    """
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, str):
        return parse_clock(value)
    if isinstance(value, datetime | time) and not _is_nat(value):
        if value.tzinfo is not None:
            raise refusal("asked.zone", value=str(value))
        return value.hour * 3600 + value.minute * 60 + value.second
    raise refusal("asked.clock", value=repr(value))


def _is_nat(value: object) -> bool:
    return isinstance(value, type(pd.NaT))


def day_of(value: object) -> date | None:
    """Return the day that a moment names, or None."""
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, tuple | list) and value:
        return day_of(value[0])
    return value.date() if isinstance(value, datetime) and not _is_nat(value) else None


def read_window(value: object) -> Window | None:
    """Read one moment or a window.

    Parameters
    ----------
    value : object
        ``"08:00"``, ``"07:00-09:00"``, ``("07:00", "09:00")``, anything that `read_clock` reads, a `Window` or None.

    Returns
    -------
    Window or None

    Raises
    ------
    InputError

    Examples
    --------
    >>> read_window(("07:00", "08:30")) == read_window("07:00-08:30")
    True
    """
    if value is None or isinstance(value, Window):
        return value
    if isinstance(value, str):
        return Window.parse(value)
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise refusal("asked.window", value=repr(value))
        window = Window(read_clock(value[0]), read_clock(value[1]))
        window.validate()
        return window
    moment = read_clock(value)
    return Window(moment, moment)


def read_minutes(value: object, name: str = "max_minutes") -> float:
    """Read a duration [min].

    Parameters
    ----------
    value : float, timedelta, numpy or pandas equivalents
    name : str
        What to call it in a message.

    Returns
    -------
    float

    Raises
    ------
    InputError
        When it is text, not a number, or not finite.

    Examples
    --------
    >>> read_minutes(timedelta(hours=1)), read_minutes(np.int64(30))
    (60.0, 30.0)
    """
    if isinstance(value, timedelta | np.timedelta64) and not pd.isna(value):
        return pd.Timedelta(value).total_seconds() / 60
    number = finite(value)
    if number is None:
        refused = fault(name, "asked.minutes", value=repr(value))
        raise InputError(str(refused), faults=[refused])
    return number


def read_percentiles(value: object) -> tuple[int, ...]:
    """Read percentiles: one number or several, 0–100.

    Raises
    ------
    InputError
        When one is no whole number within 0–100, or looks like a share.

    Examples
    --------
    >>> read_percentiles(50), read_percentiles([25.0, np.int64(75)])
    ((50,), (25, 75))
    """
    values: Sequence[object]
    if isinstance(value, numbers.Real):
        values = (value,)
    elif isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        values = tuple(value)
    else:
        values = (value,)
    faults = []
    for one in values:
        number = finite(one)
        if number is not None and 0 < number < 1:
            faults.append(fault("percentiles", "asked.share", value=repr(one), percent=f"{100 * number:g}"))
        elif number is None or number != int(number):
            faults.append(fault("percentiles", "asked.percentile", value=repr(one)))
    raise_faults(faults)
    return tuple(int(finite(one) or 0) for one in values)


def read_limits(limits: Mapping[str, object]) -> dict[str, Any]:
    """Check the limits of a search and bring numpy's numbers to Python's.

    Parameters
    ----------
    limits : mapping
        By the names of `Query`.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        With every fault: an unknown name (and the one that was meant), a value given twice under two names, a value of
        another kind.

    Examples
    --------
    >>> read_limits({"max_rides": np.int64(1), "walk_kmh": 4})
    {'max_rides': 1, 'walk_kmh': 4.0}
    """
    faults: list[Fault] = []
    known = [name for name in Query.__dataclass_fields__ if name not in _SAID_OTHERWISE]
    found: dict[str, Any] = {}
    for name, value in limits.items():
        if name in _SAID_OTHERWISE:
            faults.append(fault(name, "asked.twice", name=f"{name}=", other=f"{_SAID_OTHERWISE[name]}="))
        elif name not in known:
            near = difflib.get_close_matches(name, [*known, *_SAID_OTHERWISE.values()], n=1)
            meant = f" ({near[0]}?)" if near else ""
            raise InputError(
                f"unknown option {name!r}{meant} → the options of a search are {', '.join(known)}",
                key="asked.unknown",
                values={"name": name, "near": meant, "known": ", ".join(known)},
            )
        elif value is None and name in _OPTIONAL:
            found[name] = None
        else:
            wrong, found[name] = _read_one(name, value)
            faults += wrong
    raise_faults(faults)
    return found


def _listed(value: object) -> tuple[Any, ...]:
    """Return several values as they are, one alone as the only one."""
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)


def _read_one(name: str, value: object) -> tuple[list[Fault], Any]:
    if name == "park_and_ride":
        stops = _listed(value)
        if not all(isinstance(stop, str) for stop in stops):
            return [fault(name, "given.stops", value=repr(value))], None
        return [], stops
    if name == "line_kinds":
        lines = tuple(tuple(line) if isinstance(line, list) else line for line in _listed(value))
        if not all(isinstance(line, tuple) and len(line) == 2 and set(map(type, line)) == {str} for line in lines):
            return [fault(name, "given.lines", value=repr(value))], None
        return [], lines
    if name in _TRUTHS:
        if isinstance(value, bool | np.bool_):
            return [], bool(value)
        return [fault(name, "asked.truth", value=repr(value))], None
    number, example = finite(value), _EXAMPLES.get(name, "600")
    if number is None:
        return [fault(name, "asked.number", value=repr(value), example=example)], None
    if name in _WHOLE and number != int(number):
        return [fault(name, "asked.whole", value=repr(value), example=example)], None
    return [], int(number) if name in _WHOLE else number


def make_query(
    network: Network,
    *,
    mode: str | Sequence[str] = "transit",
    depart: WindowLike | None = None,
    arrive: WindowLike | None = None,
    earliest: ClockLike | None = None,
    percentiles: float | Sequence[float] = (50,),
    max_minutes: MinutesLike = 120,
    day: date | str | None = None,
    **limits: Unpack[Limits],
) -> Query:
    """Build a query from what people write.

    Parameters
    ----------
    network : Network
    mode : str, Mode or sequence of str
    depart, arrive : str, time, datetime, Window or pair of them, optional
        ``"08:00"``, ``"07:00-09:00"`` or ``("07:00", "09:00")``.
    earliest : str, time, datetime or int, optional
        Earliest departure of an arrive-by query; an int is seconds of the service day.
    percentiles : int or sequence of int
    max_minutes : float or timedelta
        Longest door-to-door time of interest [min].
    day : date or str, optional
        The service day meant; refused when the network holds another. A datetime says it too.
    **limits
        Other fields of `Query`, by name.

    Returns
    -------
    Query

    Raises
    ------
    InputError, ServiceDateError
        With every fault of the arguments.

    Examples
    --------
    >>> from geo_access.network.model import CrowFly
    >>> make_query(Network(2154, CrowFly(2154), None, {}), mode="walk", max_minutes=30).max_s
    1800
    """
    require_kind(network, Network, "network", made_by="build_network(…), open_network(…)")
    read = Reading()
    how = read("mode", read_mode, mode)
    asked = {
        "depart": read("depart", read_window, depart),
        "arrive": read("arrive", read_window, arrive),
        "earliest_s": earliest
        if earliest is None or isinstance(earliest, int)
        else read("earliest", read_clock, earliest),
        "percentiles": read("percentiles", read_percentiles, percentiles),
        "max_s": read("max_minutes", lambda value: round(read_minutes(value) * 60), max_minutes),
    }
    chosen = read("limits", read_limits, limits)
    read.finish()
    for moment in (day, *(day_of(value) for value in (depart, arrive, earliest))):
        _check_day(network, moment)
    query = Query(str(how), **asked, **chosen)
    query.validate()
    timetable = network.timetable
    if query.uses_transit and timetable is None:
        raise refusal("no_timetable")
    strange = sorted(set(query.park_and_ride) - set(timetable.stop_id.tolist() if timetable else ()))
    if strange:
        raise refusal(
            "routing.no_such_stops", n=len(strange), all=len(query.park_and_ride), stops=", ".join(strange[:5])
        )
    return query


def _check_day(network: Network, day: date | str | None) -> None:
    if day is None:
        return
    wanted = read_day(day)
    if network.timetable is not None and network.timetable.day != wanted:
        raise refusal(
            "routing.other_day", ServiceDateError, held=str(network.timetable.day), wanted=str(wanted), date=str(wanted)
        )
