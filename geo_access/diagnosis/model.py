"""The values of the diagnosis: thresholds, schedules, profiles, rules, reasons and what they are decided on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from geo_access.clock import DAY_S, parse_clock
from geo_access.errors import Fault, raise_faults
from geo_access.routing.public import Profile
from geo_access.routing.query import MODES
from geo_access.words.told import fault

__all__ = [
    "OWN_HOURS",
    "RULES_VERSION",
    "RULES_VERSIONS",
    "UNMEASURED",
    "Asked",
    "Confidence",
    "FlagReason",
    "FlagRules",
    "Level",
    "Metier",
    "Profile",
    "Question",
    "Saturation",
    "Schedule",
    "Threshold",
]

RULES_VERSION = "geo-access/2"
RULES_VERSIONS = ("geo-access/1", "geo-access/2")
KINDS = ("training", "job")
OWN_HOURS = "own_hours"
"""Schedule of job rows that take every employer at the hours of its own shifts."""
MEASURES = ("crow_fly",)
"""Ways of measuring a distance that a study computes."""


class Level(StrEnum):
    """Level of a flag: `INDECIDABLE` where what is not known decides, `SANS_OBJET` where no question arises.

    Examples
    --------
    >>> [level.value for level in Level]
    ['adéquat', 'fragile', 'inadéquat', 'sans objet', 'indécidable']
    """

    ADEQUAT = "adéquat"
    FRAGILE = "fragile"
    INADEQUAT = "inadéquat"
    SANS_OBJET = "sans objet"
    INDECIDABLE = "indécidable"


class Saturation(StrEnum):
    """The second axis: whether what can be reached still has room; never mixed with the `Level`.

    Examples
    --------
    >>> Saturation.FULL.value
    'saturé'
    """

    ROOM = "places libres"
    TENSE = "tendu"
    FULL = "saturé"
    NOT_MEASURED = "non mesuré"
    SANS_OBJET = "sans objet"


class Confidence(StrEnum):
    """How sure a level is."""

    SUR = "sûr"
    PROBABLE = "probable"
    INDECIDABLE = "indécidable"


class FlagReason(IntEnum):
    """What is missing where residents do not reach enough places; `REACHES` for those who do.

    Reasons of travel name the direction that fails, at the site that comes nearest to being reached; no known time
    contradicts them. Those in `UNMEASURED` say that the data do not tell. Each resident has exactly one.

    Examples
    --------
    >>> FlagReason.SLOW_BACK.name, len(FlagReason) - 1
    ('SLOW_BACK', 19)
    """

    REACHES = 0
    SLOW_OUT = 1
    SLOW_BACK = 2
    SLOW_BOTH = 3
    LATE_OUT = 4
    EARLY_BACK = 5
    HOURS_BOTH = 6
    ABSENT_OUT = 7
    ABSENT_BACK = 8
    ABSENT_BOTH = 9
    TOO_FAR_TO_WALK = 10
    TOO_MANY_CHANGES = 11
    SEVERAL = 12
    TOO_FEW_PLACES = 13
    ONLY_REMOTE = 14
    OFF_NETWORK = 15
    FEEDS_MISSING = 16
    UNLOCATED_SUPPLY = 17
    UNCODED_SUPPLY = 18
    UNNAMED_METIER = 19


UNMEASURED = (
    FlagReason.OFF_NETWORK,
    FlagReason.FEEDS_MISSING,
    FlagReason.UNLOCATED_SUPPLY,
    FlagReason.UNCODED_SUPPLY,
    FlagReason.UNNAMED_METIER,
)
"""Reasons that say what the data do not: where they decide, the level is `Level.INDECIDABLE`."""


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
            found.append(fault("métier", "diagnosis.no_code"))
        if not 1 <= self.min_level <= self.max_level <= 8:
            found.append(fault(f"métier {self.code}", "diagnosis.levels", first=self.min_level, last=self.max_level))
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
    norm : str or None
        Id in `geo_access.diagnosis.norms.NORMS`, where a text names it.
    kilometres : float or None
        Distance that is enough whatever the time, each way [km]; None for none.
    measured : str or None
        How that distance is measured: one of `MEASURES`.

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
    norm: str | None = None
    kilometres: float | None = None
    measured: str | None = None

    @property
    def limit_s(self) -> float:
        """The threshold in seconds [s]."""
        return float(self.minutes) * 60.0

    def faults(self) -> list[Fault]:
        """Return what is wrong with it."""
        where = f"threshold {self.id}"
        found = [] if self.minutes > 0 else [fault(where, "diagnosis.threshold_minutes", value=self.minutes)]
        if self.kind not in KINDS:
            found.append(fault(where, "diagnosis.kind", kind=self.kind))
        if self.mode is not None and self.mode not in MODES:
            found.append(fault(where, "mode_unknown", mode=self.mode, known=", ".join(MODES)))
        if not self.source:
            found.append(fault(where, "diagnosis.no_source"))
        if self.kilometres is not None and not 0 < self.kilometres < math.inf:
            found.append(fault(where, "above_zero", value=self.kilometres))
        if (self.kilometres is None) != (self.measured is None):
            found.append(fault(where, "study.threshold_measured"))
        elif self.measured is not None and self.measured not in MEASURES:
            found.append(fault(where, "study.threshold_by_road", measured=self.measured))
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
    metiers : tuple of str
        Codes of the only métiers for which it is asked; all when empty. Of kind ``job`` only.

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
    metiers: tuple[str, ...] = ()

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
        found = [] if self.kind in KINDS else [fault(where, "diagnosis.kind", kind=self.kind)]
        start_s, end_s = parse_clock(self.start), parse_clock(self.end)
        if end_s <= start_s:
            night = f"{(end_s + DAY_S) // 3600}:{end_s % 3600 // 60:02d}"
            found.append(fault(where, "diagnosis.ends_before", end=self.end, start=self.start, night=night))
        if self.slack_before_min < 0 or self.slack_after_min < 0:
            found.append(fault(where, "diagnosis.slack"))
        if self.metiers and self.kind != "job":
            found.append(fault(where, "study.schedule_metiers_kind"))
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
    tense_filling : float
        Filling rate of the places within reach from which a zone is tense; 0–1. An assumption of the study.
    tense_per_100, full_per_100 : float
        Free places per 100 candidates, shared among all who reach them, below which a zone is tense, and full.
        Assumptions of the study.
    urban_from : float
        Residents from which a town is expected to have urban stops.
    urban_stops_per_10k : float
        Fewest stops of buses, tramways and the like per 10,000 residents for a town to count as covered.
    version : str
        ``geo-access/2``, or ``geo-access/1`` for comparison with earlier studies.
    people : str
        Who is counted, one of `geo_access.diagnosis.residents.PEOPLE`: the weights of every share.

    Examples
    --------
    >>> print(FlagRules().text())
    geo-access/2: adéquat ≥ 80 %, fragile ≥ 50 %, ≥ 1 place, seuil ± 10 %, rayon 5 km
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
    tense_filling: float = 0.9
    tense_per_100: float = 1.0
    full_per_100: float = 0.1
    urban_from: float = 20_000.0
    urban_stops_per_10k: float = 2.0
    version: str = RULES_VERSION
    people: str = "residents"

    @property
    def first(self) -> bool:
        """Whether these are the rules of the first version."""
        return self.version == "geo-access/1"

    def text(self) -> str:
        """Return the rules on one line, as they are printed with the results."""
        return (
            f"{self.version}: adéquat ≥ {self.adequate_share * 100:g} %, fragile ≥ {self.fragile_share * 100:g} %, "
            f"≥ {self.min_opportunities} place{'s' if self.min_opportunities > 1 else ''}, "
            f"seuil ± {self.threshold_margin * 100:g} %, rayon {self.radius_m / 1000:g} km"
            f"{'' if self.people == 'residents' else f', compte {self.people}'}"
        )

    def faults(self) -> list[Fault]:
        """Return what is wrong with them."""
        found = []
        if not 0 < self.fragile_share < self.adequate_share <= 1:
            found.append(
                fault("rules", "diagnosis.shares_order", fragile=self.fragile_share, adequate=self.adequate_share)
            )
        if self.min_opportunities < 1:
            found.append(fault("rules", "diagnosis.min_opportunities", value=self.min_opportunities))
        if not 0 <= self.threshold_margin < 1:
            found.append(fault("rules", "diagnosis.threshold_margin", value=self.threshold_margin))
        if not self.radius_m > 0:
            found.append(fault("rules", "diagnosis.radius", value=self.radius_m))
        if self.version not in RULES_VERSIONS:
            found.append(fault("rules", "diagnosis.version", version=self.version, known=", ".join(RULES_VERSIONS)))
        if not 0 < self.tense_filling <= 1:
            found.append(fault("rules", "diagnosis.tense_filling", value=self.tense_filling))
        if not 0 <= self.full_per_100 <= self.tense_per_100:
            found.append(fault("rules", "diagnosis.places_order", full=self.full_per_100, tense=self.tense_per_100))
        if not self.longer_access_min > 0:
            found.append(fault("rules", "diagnosis.longer_access", value=self.longer_access_min))
        if parse_clock(self.midday_end) <= parse_clock(self.midday_start):
            found.append(fault("rules", "diagnosis.midday"))
        return found

    def validate(self) -> None:
        """Raise `InputError` with everything wrong with the rules."""
        raise_faults(self.faults())


@dataclass(frozen=True)
class Asked:
    """What a diagnosis asks: for whom, at which hours, within what, by which rules.

    Attributes
    ----------
    profiles : sequence of Profile
    thresholds : sequence of Threshold
    schedules : sequence of Schedule
    rules : FlagRules
    """

    profiles: Sequence[Profile]
    thresholds: Sequence[Threshold]
    schedules: Sequence[Schedule]
    rules: FlagRules


@dataclass(frozen=True)
class Question:
    """One of the questions of a diagnosis: for which public, to which kind of site, at which hours, within what.

    Attributes
    ----------
    threshold : Threshold
        Longest time, each way.
    profile : Profile
        The public the times were computed for.
    kind : str
        ``training`` or ``job``.
    schedule : str
        Id of the schedule, for the table.
    """

    threshold: Threshold
    profile: Profile
    kind: str = "training"
    schedule: str = ""
