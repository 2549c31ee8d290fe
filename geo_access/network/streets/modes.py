"""Who may use which street, and how fast: walking, cycling, driving and step-free walking, as data.

Sources: OSM wiki "OSM tags for routing/Access restrictions" (France) for the defaults by class; Code de la route
R413-2, R413-3 and R412-35 for the implicit limits (130, 110, 80, 50 and 20 km/h); zone 30: R110-2.

Car times are free flow, without traffic, calibrated against two engines that are widely used, on nothing measured on a
road. Where a limit is known the car goes at 0.9 of it, between the 0.8 of OSRM's car profile (``speed_reduction``) and
the 1.0 of Valhalla (its documentation, "Speed values"). A signal costs those who face it 2 s, as in OSRM; any other
junction of three streets or more costs 1.2 s, which stands for their costs by angle of turn; yards and car parks that
open onto a street make no junction. Speeds by class, for ways without a limit, are near those of OSRM (65/55/40/25/25
km/h from primary to residential; Valhalla has 57/49/40/35/30 in towns and more outside), but for the motorway, 110:
0.85 of the French limit. With these numbers the median ratio to the geometric mean of OSRM 26.10 and Valhalla 3.9.1
between points near streets (2026-11-27) is 0.99 in Porto Alegre, 0.99 in Porto, 1.00 in Lille, 1.03 in Monaco and 0.98
in Zheleznogorsk, and 85 to 94 % of the pairs are within 10 % of it. OSRM itself is 16 to 22 % slower than Valhalla: so
far apart are two careful guesses. Known answers: ``tests/network/test_car_calibration.py``; causes:
``tests/benchmarks/RESULTS.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PROFILES", "Profile"]


_NOT_THERE = frozenset(
    {"proposed", "planned", "construction", "disused", "abandoned", "dismantled", "demolished", "removed", "razed"}
    | {"cancelled", "platform_edge", "no"}
)


@dataclass(frozen=True)
class Profile:
    """What one way of moving may use.

    Attributes
    ----------
    name : str
    reference_kmh : float
        Speed that a query's own speed is compared with [km/h].
    class_kmh : mapping of str to float
        Speed by value of ``highway`` [km/h]; a class that is absent needs an explicit permission.
    access_keys : tuple of str
        From the most general to the most specific.
    permitted_kmh : float
        Speed on a class that only a permission opens [km/h]; 0 when no permission does.
    never : frozenset of str
        Classes that no tag opens.
    oneway_keys : tuple of str
        Read from the last to the first; empty when directions do not matter.
    limit_factor : float
        Speed driven over speed allowed; 0 when limits do not matter.
    surface_factor : mapping of str to float
        Factor on the speed by value of ``surface``.
    dismount_kmh : float
        Speed where ``bicycle=dismount`` [km/h]; 0 when not applicable.
    barriers : frozenset of str
        Values of ``barrier`` that stop this profile when the node says nothing else.
    required_not : mapping of str to frozenset of str
        Tag values that close a way (``wheelchair=no``).
    signal_s : float
        Mean wait at traffic signals [s].
    junction_s : float
        Mean delay at a junction of at least three streets [s]; stands for turn costs, whatever the angle.
    restriction_keys : tuple of str
        Turn restrictions that bind this profile; empty for none.
    exception : str
        Name of this profile in ``except=``.
    ferry_kmh : float
        Speed on ferries without ``duration`` [km/h].
    visit_words : frozenset of str
        Values of access that let one in, or out, but not through (``destination``).
    motorroad : bool
        Whether ``motorroad=yes`` leaves a way open without a permission of the profile's own.
    pushed : mapping of str to str
        Classes on which a bicycle is pushed at `dismount_kmh`, and the tag that must not say ``no`` (empty for none).
    open_gates : frozenset of str
        Values of ``barrier`` without further tags that are taken as open, and counted.
    node_kerbs : frozenset of str
        Values of ``kerb`` that stop this profile.
    ramp : str
        Tag of a ramp beside steps that opens steps which are closed otherwise.
    """

    name: str
    reference_kmh: float
    class_kmh: Mapping[str, float]
    access_keys: tuple[str, ...]
    permitted_kmh: float
    never: frozenset[str] = _NOT_THERE
    oneway_keys: tuple[str, ...] = ()
    limit_factor: float = 0.0
    surface_factor: Mapping[str, float] = field(default_factory=dict)
    dismount_kmh: float = 0.0
    barriers: frozenset[str] = frozenset()
    required_not: Mapping[str, frozenset[str]] = field(default_factory=dict)
    signal_s: float = 0.0
    junction_s: float = 0.0
    restriction_keys: tuple[str, ...] = ()
    exception: str = ""
    ferry_kmh: float = 12.0
    visit_words: frozenset[str] = frozenset({"customers", "delivery"})
    motorroad: bool = False
    pushed: Mapping[str, str] = field(default_factory=dict)
    open_gates: frozenset[str] = frozenset()
    node_kerbs: frozenset[str] = frozenset()
    ramp: str = ""


_WALK_CLASSES = [
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "pedestrian",
    "footway",
    "path",
    "track",
    "steps",
    "service",
    "road",
    "cycleway",
    "bridleway",
    "corridor",
    "platform",
    "trunk",
    "trunk_link",
    "crossing",
    "elevator",
    "pier",
]
_GATES = frozenset({"gate", "swing_gate", "lift_gate", "sliding_gate", "hampshire_gate"})
_VISITS = frozenset({"destination", "customers", "delivery", "private"})
_WALK_KMH = 4.8
_WALLS = frozenset({"wall", "fence", "hedge", "debris"})
_ROUGH = frozenset(
    {"gravel", "sand", "mud", "cobblestone", "unhewn_cobblestone", "grass", "pebblestone", "ground", "dirt"}
)

_WALK = Profile(
    name="walk",
    reference_kmh=_WALK_KMH,
    class_kmh=dict.fromkeys(_WALK_CLASSES, _WALK_KMH) | {"steps": 3.6},
    access_keys=("access", "foot"),
    permitted_kmh=_WALK_KMH,
    oneway_keys=("oneway:foot",),
    barriers=_WALLS,
)

PROFILES: Mapping[str, Profile] = {
    "walk": _WALK,
    "walk_step_free": Profile(
        name="walk_step_free",
        reference_kmh=_WALK_KMH,
        class_kmh=dict.fromkeys([name for name in _WALK_CLASSES if name != "steps"], _WALK_KMH),
        access_keys=("access", "foot"),
        permitted_kmh=_WALK_KMH,
        never=_WALK.never | {"steps"},
        barriers=_WALLS
        | {"stile", "kissing_gate", "turnstile", "full-height_turnstile", "cycle_barrier", "step", "log"},
        required_not={"wheelchair": frozenset({"no"}), "surface": _ROUGH},
        oneway_keys=("oneway:foot",),
        node_kerbs=frozenset({"raised", "regular"}),
        ramp="ramp:wheelchair",
    ),
    "bike": Profile(
        name="bike",
        reference_kmh=15.0,
        class_kmh=dict.fromkeys(
            [
                "primary",
                "primary_link",
                "secondary",
                "secondary_link",
                "tertiary",
                "tertiary_link",
                "unclassified",
                "residential",
                "road",
                "living_street",
                "cycleway",
            ],
            15.0,
        )
        | {"trunk_link": 15.0, "service": 13.0, "track": 11.0, "path": 11.0, "pedestrian": 6.0, "bridleway": 8.0},
        access_keys=("access", "vehicle", "bicycle"),
        permitted_kmh=13.0,
        never=_WALK.never | {"motorway", "motorway_link"},
        oneway_keys=("oneway", "oneway:vehicle", "oneway:bicycle"),
        surface_factor={
            "gravel": 0.75,
            "fine_gravel": 0.9,
            "compacted": 0.9,
            "unpaved": 0.8,
            "ground": 0.7,
            "dirt": 0.7,
            "earth": 0.7,
            "grass": 0.55,
            "sand": 0.4,
            "mud": 0.4,
            "cobblestone": 0.65,
            "unhewn_cobblestone": 0.55,
            "sett": 0.8,
            "pebblestone": 0.65,
            "wood": 0.85,
        },
        dismount_kmh=_WALK_KMH,
        barriers=_WALLS | {"stile", "kissing_gate", "turnstile", "full-height_turnstile"},
        signal_s=4.0,
        restriction_keys=("restriction", "restriction:bicycle"),
        exception="bicycle",
        visit_words=_VISITS,
        pushed={"steps": "ramp:bicycle", "footway": ""},
    ),
    "car": Profile(
        name="car",
        reference_kmh=50.0,
        class_kmh={
            "motorway": 110.0,
            "motorway_link": 58.0,
            "trunk": 90.0,
            "trunk_link": 48.0,
            "primary": 66.0,
            "primary_link": 37.0,
            "secondary": 56.0,
            "secondary_link": 32.0,
            "tertiary": 46.0,
            "tertiary_link": 28.0,
            "unclassified": 39.0,
            "residential": 31.0,
            "living_street": 15.0,
            "service": 15.0,
            "road": 32.0,
        },
        access_keys=("access", "vehicle", "motor_vehicle", "motorcar"),
        permitted_kmh=15.0,
        never=_WALK.never | {"footway", "steps", "cycleway", "corridor", "platform", "bridleway", "elevator", "pier"},
        oneway_keys=("oneway", "oneway:vehicle", "oneway:motor_vehicle", "oneway:motorcar"),
        limit_factor=0.9,
        barriers=_WALLS
        | {
            "bollard",
            "block",
            "cycle_barrier",
            "stile",
            "kissing_gate",
            "turnstile",
            "chain",
            "jersey_barrier",
            "full-height_turnstile",
            "step",
            "log",
            "motorcycle_barrier",
            "rope",
            "planter",
            "wicket_gate",
            "bus_trap",
            "sump_buster",
            "door",
            "horse_stile",
            "tank_trap",
            "ditch",
            "guard_rail",
            "handrail",
            "city_wall",
            "retaining_wall",
        },
        signal_s=2.0,
        junction_s=1.2,
        restriction_keys=("restriction", "restriction:motorcar", "restriction:motor_vehicle"),
        exception="motorcar",
        visit_words=_VISITS,
        motorroad=True,
        open_gates=_GATES,
        ferry_kmh=15.0,
    ),
}
