"""A public: how a group of people gets about, and the one place where that becomes a query."""

from __future__ import annotations

from dataclasses import dataclass, replace

from geo_access.errors import Fault
from geo_access.routing.query import MODES, Query, Window, stress_faults
from geo_access.routing.riders import kind_faults
from geo_access.words.told import fault

__all__ = ["Profile"]


@dataclass(frozen=True)
class Profile:
    """How a public gets about.

    Attributes
    ----------
    id, name : str
    mode : str
        One of `geo_access.routing.query.MODES`.
    walk_kmh, bike_kmh : float
        Speeds [km/h].
    max_access_min : float
        Longest walk (or ride) to a stop, and from one [min].
    max_rides : int or None
        Most vehicles boarded.
    max_transfer_min : float
        Longest walk between two stops [min].
    on_demand : bool
        Whether it books: trips and services on demand count.
    school_lines, paratransit : bool
        Whether lines for pupils, and for people with a disability, count.
    line_kinds : tuple of (str, str)
        Lines, and whom they are for, as in `Query`.
    max_stress : int or None
        Highest level of traffic stress that it cycles on, as in `Query`.
    park_and_ride : tuple of str
        Stops at which a car may be left, as in `Query`.

    Examples
    --------
    >>> Profile("cycliste", "à vélo au bus", "bike+transit", max_access_min=45, max_rides=1).query().max_egress_s
    2700
    """

    id: str
    name: str
    mode: str
    walk_kmh: float = 4.8
    bike_kmh: float = 15.0
    max_access_min: float = 20.0
    max_rides: int | None = None
    on_demand: bool = False
    school_lines: bool = True
    paratransit: bool = False
    line_kinds: tuple[tuple[str, str], ...] = ()
    max_stress: int | None = None
    max_transfer_min: float = 10.0
    park_and_ride: tuple[str, ...] = ()

    @property
    def uses_transit(self) -> bool:
        """Whether the profile boards vehicles of the timetable."""
        return self.query().uses_transit

    def query(
        self,
        *,
        depart: Window | None = None,
        arrive: Window | None = None,
        percentiles: tuple[int, ...] = (50,),
        max_s: int = 7200,
    ) -> Query:
        """Return what this public asks of a network: the only place where one becomes the other.

        Parameters
        ----------
        depart, arrive : Window, optional
            Moments; left out on streets, where they do not matter.
        percentiles : tuple of int
        max_s : int
            Longest time of interest [s].

        Returns
        -------
        Query
        """
        access_s = round(self.max_access_min * 60)
        plain = Query(
            self.mode,
            percentiles=percentiles,
            max_s=max_s,
            walk_kmh=self.walk_kmh,
            bike_kmh=self.bike_kmh,
            max_access_s=access_s,
            max_egress_s=access_s,
            max_transfer_s=round(self.max_transfer_min * 60),
            max_rides=self.max_rides,
            on_demand=self.on_demand,
            school_lines=self.school_lines,
            paratransit=self.paratransit,
            line_kinds=self.line_kinds,
            max_stress=self.max_stress,
            park_and_ride=self.park_and_ride,
        )
        return replace(plain, depart=depart, arrive=arrive) if plain.uses_transit else plain

    def faults(self) -> list[Fault]:
        """Return what is wrong with it."""
        where = f"profile {self.id}"
        found = []
        if not self.mode:
            found.append(fault(where, "routing.no_mode", known=", ".join(MODES)))
        elif self.mode not in MODES:
            found.append(fault(where, "mode_unknown", mode=self.mode, known=", ".join(MODES)))
        found += [
            fault(where, "routing.above_zero", name=name, value=value)
            for name, value in (
                ("walk_kmh", self.walk_kmh),
                ("bike_kmh", self.bike_kmh),
                ("max_access_min", self.max_access_min),
                ("max_transfer_min", self.max_transfer_min),
            )
            if not value > 0
        ]
        if self.max_rides is not None and self.max_rides < 1:
            found.append(fault(where, "routing.no_ride", n=self.max_rides))
        found += [replace(one, where=f"{where}, {one.where}") for one in stress_faults(self.max_stress, self.mode)]
        return found + kind_faults(self.line_kinds)
