"""The values of the diagnosis: thresholds, schedules, profiles, rules, reasons and what they are decided on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from geo_access.clock import DAY_S, parse_clock
from geo_access.errors import Fault, raise_faults
from geo_access.routing.public import Profile
from geo_access.routing.query import MODES

__all__ = [
    "RULES_VERSION",
    "Confidence",
    "FlagReason",
    "FlagRules",
    "Level",
    "Metier",
    "Profile",
    "Schedule",
    "Threshold",
]

RULES_VERSION = "geo-access/1"
KINDS = ("training", "job")


class Level(StrEnum):
    """Level of a flag; `SANS_OBJET` where the question does not arise.

    Examples
    --------
    >>> [level.value for level in Level]
    ['adéquat', 'fragile', 'inadéquat', 'sans objet']
    """

    ADEQUAT = "adéquat"
    FRAGILE = "fragile"
    INADEQUAT = "inadéquat"
    SANS_OBJET = "sans objet"


class Confidence(StrEnum):
    """How sure a level is."""

    SUR = "sûr"
    PROBABLE = "probable"
    INDECIDABLE = "indécidable"


class FlagReason(IntEnum):
    """Why residents cannot reach enough places; `REACHES` for those who can.

    Each resident who cannot has exactly one reason: the first that holds in the order of `diagnosis.reasons`.

    Examples
    --------
    >>> FlagReason.CAR_ONLY.name, len(FlagReason) - 1
    ('CAR_ONLY', 11)
    """

    REACHES = 0
    NO_SUPPLY_FOR_METIER = 1
    SUPPLY_FULL = 2
    BEYOND_THRESHOLD_EVEN_BY_CAR = 3
    CAR_ONLY = 4
    NO_SERVICE_AT_THAT_HOUR = 5
    NO_RETURN_TRIP = 6
    WALK_TOO_LONG = 7
    TOO_MANY_TRANSFERS = 8
    NO_SERVICE_THAT_DAY = 9
    UNLOCATED_SUPPLY = 10
    UNSNAPPED = 11


@dataclass(frozen=True)
class Metier:
    """A métier and the levels of training that suit it.

    Attributes
    ----------
    code : str
        ROME code, or any code that the supply and the need share.
    name : str
    family : str
    min_level, max_level : int
        Training levels that count as supply for it, 1–8 (3 = CAP, 8 = doctorat), both included.
    """

    code: str
    name: str = ""
    family: str = ""
    min_level: int = 1
    max_level: int = 8

    def faults(self) -> list[Fault]:
        """Return what is wrong with it."""
        found = []
        if not self.code:
            found.append(Fault("métier", "it has no code", "give its ROME code"))
        if not 1 <= self.min_level <= self.max_level <= 8:
            levels = f"levels {self.min_level}–{self.max_level}"
            found.append(Fault(f"métier {self.code}", f"{levels} are not ascending within 1–8", "swap or correct them"))
        return found


@dataclass(frozen=True)
class Threshold:
    """What counts as too far, and who says so.

    Attributes
    ----------
    id, name : str
    minutes : float
        Longest door-to-door time, each way [min].
    kind : str
        ``training`` or ``job``.
    source : str
        Law, study or decision it comes from.
    status : str
        In force, repealed, proposed, …
    mode : str or None
        The only mode it applies to; None for all.

    Examples
    --------
    >>> Threshold("t60", "une heure", 60, "training", source="exemple").limit_s
    3600.0
    """

    id: str
    name: str
    minutes: float
    kind: str
    source: str
    status: str = ""
    mode: str | None = None

    @property
    def limit_s(self) -> float:
        """The threshold in seconds [s]."""
        return float(self.minutes) * 60.0

    def faults(self) -> list[Fault]:
        """Return what is wrong with it."""
        where = f"threshold {self.id}"
        found = [] if self.minutes > 0 else [Fault(where, f"{self.minutes} minutes", "give more than 0 minutes")]
        if self.kind not in KINDS:
            found.append(Fault(where, f"kind {self.kind!r}", "training or job"))
        if self.mode is not None and self.mode not in MODES:
            found.append(Fault(where, f"mode {self.mode!r} is unknown", "one of " + ", ".join(MODES)))
        if not self.source:
            found.append(Fault(where, "no source", "say who set it; « hypothèse de l'étude » is a source"))
        return found


@dataclass(frozen=True)
class Schedule:
    """The hours to be there.

    Attributes
    ----------
    id, name : str
    kind : str
        ``training`` or ``job``.
    start, end : str
        Clock texts; past midnight, write past 24 h.
    slack_before_min, slack_after_min : float
        How long before the start to be at the door, and how long after the end to leave it [min].

    Examples
    --------
    >>> Schedule("p1", "poste du matin", "job", "05:00", "13:00").arrive_s
    17700
    """

    id: str
    name: str
    kind: str
    start: str
    end: str
    slack_before_min: float = 5.0
    slack_after_min: float = 5.0

    @property
    def arrive_s(self) -> int:
        """Latest arrival at the door [s]."""
        return parse_clock(self.start) - round(self.slack_before_min * 60)

    @property
    def leave_s(self) -> int:
        """Earliest departure from the door [s]."""
        return parse_clock(self.end) + round(self.slack_after_min * 60)

    def faults(self) -> list[Fault]:
        """Return what is wrong with it."""
        where = f"schedule {self.id}"
        found = [] if self.kind in KINDS else [Fault(where, f"kind {self.kind!r}", "training or job")]
        start_s, end_s = parse_clock(self.start), parse_clock(self.end)
        if end_s <= start_s:
            night = f"{(end_s + DAY_S) // 3600}:{end_s % 3600 // 60:02d}"
            found.append(
                Fault(where, f"ends at {self.end}, before it starts at {self.start}", f"the next morning is {night}")
            )
        if self.slack_before_min < 0 or self.slack_after_min < 0:
            found.append(Fault(where, "negative slack", "give 0 minutes or more"))
        return found


@dataclass(frozen=True)
class FlagRules:
    """The rules of the flag, printed with every result.

    Attributes
    ----------
    min_opportunities : int
        Places (or openings) that a resident must be able to reach.
    adequate_share, fragile_share : float
        Shares of residents from which a zone is adequate, and fragile; 0–1.
    threshold_margin : float
        The threshold is also tried this much shorter and longer, for the confidence; a share of it.
    radius_m : float
        Radius of the usual search, for comparison [m].
    midday_start, midday_end : str
        Hours of the counterfactual "had it been in the middle of the day".
    longer_access_min : float
        Walk to and from a stop in the counterfactual "had one walked further" [min].
    deadline_spread_s : int
        Window of deadlines before the start over which percentiles 25 and 75 are taken [s].
    version : str

    Examples
    --------
    >>> print(FlagRules().text())
    geo-access/1: adéquat ≥ 80 %, fragile ≥ 50 %, ≥ 1 place, seuil ± 10 %, rayon 5 km
    """

    min_opportunities: int = 1
    adequate_share: float = 0.8
    fragile_share: float = 0.5
    threshold_margin: float = 0.10
    radius_m: float = 5000.0
    midday_start: str = "12:00"
    midday_end: str = "14:00"
    longer_access_min: float = 45.0
    deadline_spread_s: int = 1800
    version: str = RULES_VERSION

    def text(self) -> str:
        """Return the rules on one line, as they are printed with the results."""
        return (
            f"{self.version}: adéquat ≥ {self.adequate_share * 100:g} %, fragile ≥ {self.fragile_share * 100:g} %, "
            f"≥ {self.min_opportunities} place{'s' if self.min_opportunities > 1 else ''}, "
            f"seuil ± {self.threshold_margin * 100:g} %, rayon {self.radius_m / 1000:g} km"
        )

    def faults(self) -> list[Fault]:
        """Return what is wrong with them."""
        found = []
        if not 0 < self.fragile_share < self.adequate_share <= 1:
            shares = f"fragile {self.fragile_share}, adequate {self.adequate_share}"
            found.append(Fault("rules", f"{shares} are out of order", "0 < fragile < adequate ≤ 1"))
        if self.min_opportunities < 1:
            found.append(Fault("rules", f"min_opportunities = {self.min_opportunities}", "1 or more"))
        if not 0 <= self.threshold_margin < 1:
            found.append(Fault("rules", f"threshold_margin = {self.threshold_margin}", "0 or more, below 1"))
        if not self.radius_m > 0:
            found.append(Fault("rules", f"radius_m = {self.radius_m}", "more than 0 m"))
        if not self.longer_access_min > 0:
            found.append(Fault("rules", f"longer_access_min = {self.longer_access_min}", "more than 0 minutes"))
        if parse_clock(self.midday_end) <= parse_clock(self.midday_start):
            found.append(Fault("rules", "midday ends before it starts", "for instance 12:00 and 14:00"))
        return found

    def validate(self) -> None:
        """Raise `InputError` with everything wrong with the rules."""
        raise_faults(self.faults())
