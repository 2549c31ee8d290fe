"""What is asked, as a value: hashable, comparable, printable in the manifest."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from geo_access.clock import parse_clock
from geo_access.errors import Fault, raise_faults
from geo_access.given import finite
from geo_access.modes import MODES
from geo_access.routing.riders import kind_faults
from geo_access.words.told import fault

__all__ = ["MODES", "Query", "Window", "stress_faults"]


def stress_faults(max_stress: int | None, mode: str) -> list[Fault]:
    """Return what is wrong with a highest level of traffic stress for a mode of travel."""
    found: list[Fault] = []
    if max_stress is None:
        return found
    if isinstance(max_stress, bool) or max_stress not in (1, 2, 3, 4):
        found.append(fault("max_stress", "query.stress", level=str(max_stress)))
    if mode in MODES and not mode.startswith("bike"):
        found.append(fault("max_stress", "query.stress_mode", mode=mode))
    return found


@dataclass(frozen=True)
class Window:
    """Departures (or arrivals) from `start_s` up to, not including, `end_s`, every `step_s`.

    Attributes
    ----------
    start_s, end_s : int
        Service time [s]; equal for a single instant.
    step_s : int
        Sampling step [s].

    Examples
    --------
    >>> Window.parse("07:00-09:00").count, Window.parse("08:00").count
    (120, 1)
    """

    start_s: int
    end_s: int
    step_s: int = 60

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``"08:00"`` or ``"07:00-09:00"``."""
        start, _, end = text.partition("-")
        start_s = parse_clock(start)
        window = cls(start_s, parse_clock(end) if end else start_s)
        window.validate()
        return window

    @property
    def count(self) -> int:
        """Number of instants sampled."""
        return max(1, -(-(self.end_s - self.start_s) // self.step_s))

    def validate(self) -> None:
        """Raise `InputError` when the window is empty or runs backwards."""
        raise_faults(
            fault(f"window: {name}", "asked.number", value=repr(value), example="25200")
            for name, value in vars(self).items()
            if finite(value) is None
        )
        faults = []
        if self.end_s < self.start_s:
            faults.append(fault("window", "query.window_backwards"))
        if self.step_s <= 0:
            faults.append(fault("window", "query.step", step_s=self.step_s))
        raise_faults(faults)


_NUMBERS = frozenset(
    (
        *("walk_kmh", "bike_kmh", "max_s", "max_access_s", "max_egress_s", "max_transfer_s", "min_transfer_s"),
        *("max_rides", "max_direct_s", "max_stress", "link_limit_m", "earliest_s"),
    )
)
_HASH = "_hash"


@dataclass(frozen=True)
class Query:
    """One question to the network; every field has a default but the mode.

    Attributes
    ----------
    mode : str
        One of `MODES`.
    depart : Window or None
        Departure window. Exactly one of `depart` and `arrive` for a mode with transit; neither matters on streets.
    arrive : Window or None
        Arrive-by deadlines; with `earliest_s`, no departure before it.
    earliest_s : int or None
        Earliest departure allowed for an arrive-by query [s].
    percentiles : tuple of int
        Percentiles of door-to-door time over the window, 0–100, ascending.
    max_s : int
        Longest door-to-door time of interest [s].
    walk_kmh, bike_kmh : float
        Speeds [km/h].
    max_access_s, max_egress_s, max_transfer_s : int
        Longest walk (or ride by the access mode) to the first stop, from the last one, and between two [s].
    min_transfer_s : int
        Least time to change vehicles [s], on top of the walk.
    max_rides : int or None
        Most vehicles boarded; None for no limit.
    on_demand : bool
        Whether trips that must be booked count; with the mode ``transit``, services on demand between zones or groups
        of stops as well, at either end or all the way: no vehicle of `max_rides`, as a lift is none.
    max_direct_s : int or None
        Longest way without any vehicle in a mode with transit [s]; None for `max_access_s` plus `max_egress_s`.
    park_and_ride : tuple of str
        Ids of the stops where a car may be left; the mode ``park_and_ride`` needs at least one.
    link_limit_m : float
        Farthest that a door or a stop may lie from the streets [m].
    school_lines : bool
        Whether lines for pupils count.
    paratransit : bool
        Whether lines for people with a disability count.
    line_kinds : tuple of (str, str)
        Lines, by id or printed name, and whom they are for instead of what the feed lets think: ``everyone``,
        ``school`` or ``paratransit``.
    max_stress : int or None
        Highest level of traffic stress that the cyclist accepts, 1 (children) to 4; None for any
        (`geo_access.network.streets.stress`). For modes with a bicycle only.
    """

    mode: str
    depart: Window | None = None
    arrive: Window | None = None
    earliest_s: int | None = None
    percentiles: tuple[int, ...] = (50,)
    max_s: int = 7200
    walk_kmh: float = 4.8
    bike_kmh: float = 15.0
    max_access_s: int = 1200
    max_egress_s: int = 1200
    max_transfer_s: int = 600
    min_transfer_s: int = 60
    max_rides: int | None = None
    on_demand: bool = False
    max_direct_s: int | None = None
    park_and_ride: tuple[str, ...] = ()
    link_limit_m: float = 500.0
    school_lines: bool = True
    paratransit: bool = False
    line_kinds: tuple[tuple[str, str], ...] = ()
    max_stress: int | None = None

    def __hash__(self) -> int:
        """Hash the fields once: a query names thousands of answers."""
        known = self.__dict__.get(_HASH)
        if known is None:
            known = self.__dict__[_HASH] = hash(tuple(getattr(self, each.name) for each in fields(self)))
        return int(known)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the hash out: another process makes others of the same words."""
        return {name: value for name, value in self.__dict__.items() if name != _HASH}

    def on_streets(self, mode: str) -> str:
        """Name the graph of the streets that this query uses in a street mode.

        Examples
        --------
        >>> [Query("bike", max_stress=level).on_streets("bike") for level in (None, 2)]
        ['bike', 'bike:2']
        """
        return mode if mode != "bike" or self.max_stress is None else f"{mode}:{self.max_stress}"

    @property
    def uses_transit(self) -> bool:
        """Whether the mode boards vehicles of the timetable."""
        return self.mode == "transit" or self.mode.endswith("+transit") or self.mode == "park_and_ride"

    @property
    def streets(self) -> Query:
        """The same query without what only matters between vehicles: equal where the streets are searched alike.

        Examples
        --------
        >>> early, late = (Query("transit", depart=Window.parse(text), max_rides=1) for text in ("07:00", "19:00"))
        >>> early.streets == late.streets
        True
        """
        farthest = self.max_direct_s if self.max_direct_s is not None else self.max_access_s + self.max_egress_s
        plain = replace(
            self,
            depart=None,
            arrive=None,
            earliest_s=None,
            percentiles=(50,),
            max_transfer_s=0,
            min_transfer_s=0,
            max_rides=None,
        )
        if self.on_demand and self.uses_transit:
            # Services on demand lead to other stops than those walked to, within the whole time.
            return replace(
                plain, arrive=Window(0, 0), max_transfer_s=self.max_transfer_s, min_transfer_s=self.min_transfer_s
            )
        if not self.uses_transit:
            return replace(plain, max_access_s=1, max_egress_s=1, max_direct_s=None)
        return replace(plain, arrive=Window(0, 0), max_s=min(self.max_s, max(farthest, self.max_access_s)))

    def validate(self) -> None:
        """Raise `InputError` that lists everything wrong with the query."""
        raise_faults(
            fault(name, "asked.number", value=repr(value), example="600")
            for name, value in vars(self).items()
            if name in _NUMBERS and value is not None and finite(value) is None
        )
        faults = []
        if self.mode not in MODES:
            faults.append(fault("mode", "query.mode", mode=self.mode, known=", ".join(MODES)))
        if self.uses_transit and (self.depart is None) == (self.arrive is None):
            faults.append(fault("depart / arrive", "query.one_moment"))
        faults += [
            fault(name, "query.above_zero", value=value)
            for name, value in (
                ("walk_kmh", self.walk_kmh),
                ("bike_kmh", self.bike_kmh),
                ("max_s", self.max_s),
                ("max_access_s", self.max_access_s),
                ("max_egress_s", self.max_egress_s),
                ("link_limit_m", self.link_limit_m),
            )
            if not value > 0
        ]
        faults += [
            fault(name, "query.not_negative", value=value)
            for name, value in (("max_transfer_s", self.max_transfer_s), ("min_transfer_s", self.min_transfer_s))
            if value < 0
        ]
        if (self.mode == "park_and_ride") != bool(self.park_and_ride) and self.mode in MODES:
            faults.append(fault("park_and_ride", "query.park_and_ride"))
        for name, window in (("depart", self.depart), ("arrive", self.arrive)):
            if window is not None and (window.end_s < window.start_s or window.step_s <= 0):
                faults.append(fault(name, "query.window", window=window))
        if self.max_direct_s is not None and self.max_direct_s < 0:
            faults.append(fault("max_direct_s", "query.not_negative", value=self.max_direct_s))
        if not self.percentiles or any(not 0 <= p <= 100 for p in self.percentiles):
            faults.append(fault("percentiles", "query.percentiles", percentiles=self.percentiles))
        elif list(self.percentiles) != sorted(set(self.percentiles)):
            faults.append(fault("percentiles", "query.percentiles_order", percentiles=self.percentiles))
        if self.max_rides is not None and self.max_rides < 1:
            faults.append(fault("max_rides", "query.rides", rides=self.max_rides))
        if self.arrive is not None and self.earliest_s is not None and self.arrive.start_s < self.earliest_s:
            faults.append(fault("arrive", "query.arrive_before"))
        faults += kind_faults(self.line_kinds) + stress_faults(self.max_stress, self.mode)
        raise_faults(faults)
