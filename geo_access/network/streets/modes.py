"""Who may use which street, and how fast: walking, cycling, driving and step-free walking, as data.

Sources: OSM wiki "OSM tags for routing/Access restrictions" (France) for the defaults by class; Code de la route
R413-2, R413-3 and R412-35 for the implicit limits (130, 110, 80, 50 and 20 km/h); zone 30: R110-2.

Car times are free flow, without traffic, calibrated against two engines that are widely used, on nothing measured on
a road. Where a limit is known the car goes at 0.9 of it, between the 0.8 of OSRM's car profile (``speed_reduction``)
and the 1.0 of Valhalla (its documentation, "Speed values"). A signal costs 2 s, as in OSRM; any other junction of three
streets or more costs 1 s, which stands for their costs by angle of turn. Speeds by class, for ways without a limit, lie
between theirs (OSRM 65/55/40/25/25, Valhalla in towns 57/49/40/35/30 km/h from primary to residential), but for the
motorway, 110: 0.85 of the French limit. With these three numbers the median ratio to the geometric mean of OSRM 26.10
and Valhalla 3.9.1 (2026-11-21) is 1.01 in Porto Alegre, 1.02 in Porto and 0.99 in Lille, and 1.11 in Monaco and 1.07 in
Zheleznogorsk, which were not looked at before. OSRM itself is 16 to 22 % slower than Valhalla: so far apart are two
careful guesses. Known answers: ``tests/network/test_car_calibration.py``; causes: ``tests/benchmarks/RESULTS.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PROFILES", "Profile", "barrier_blocks", "forbids_turn", "way_speeds_kmh"]

_YES = frozenset({"yes", "designated", "permissive", "destination", "official", "public", "dismount", "limited"})
_NO = frozenset(
    {
        "no",
        "private",
        "use_sidepath",
        "agricultural",
        "forestry",
        "delivery",
        "military",
        "emergency",
        "permit",
        "customers",
        "restricted",
        "psv",
        "bus",
    }
)
_IMPLICIT_KMH = {
    "urban": 50.0,
    "rural": 80.0,
    "trunk": 110.0,
    "motorway": 130.0,
    "zone30": 30.0,
    "30": 30.0,
    "living_street": 20.0,
    "walk": 20.0,
    "zone20": 20.0,
    "20": 20.0,
    "nsl_single": 96.0,
    "nsl_dual": 112.0,
    "bicycle_road": 30.0,
}
_CONTRAFLOW = frozenset({"opposite", "opposite_lane", "opposite_track", "opposite_share_busway"})


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
    """

    name: str
    reference_kmh: float
    class_kmh: Mapping[str, float]
    access_keys: tuple[str, ...]
    permitted_kmh: float
    never: frozenset[str] = frozenset({"proposed", "construction", "abandoned", "razed", "platform_edge", "no"})
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
]
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
        never=_WALK.never | {"motorway", "motorway_link", "steps"},
        oneway_keys=("oneway", "oneway:bicycle"),
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
    ),
    "car": Profile(
        name="car",
        reference_kmh=50.0,
        class_kmh={
            "motorway": 110.0,
            "motorway_link": 55.0,
            "trunk": 85.0,
            "trunk_link": 45.0,
            "primary": 60.0,
            "primary_link": 35.0,
            "secondary": 50.0,
            "secondary_link": 30.0,
            "tertiary": 40.0,
            "tertiary_link": 25.0,
            "unclassified": 35.0,
            "residential": 28.0,
            "living_street": 15.0,
            "service": 15.0,
            "road": 30.0,
        },
        access_keys=("access", "vehicle", "motor_vehicle", "motorcar"),
        permitted_kmh=15.0,
        never=_WALK.never | {"footway", "steps", "cycleway", "corridor", "platform", "bridleway"},
        oneway_keys=("oneway",),
        limit_factor=0.9,
        barriers=_WALLS
        | {
            "bollard",
            "block",
            "cycle_barrier",
            "stile",
            "kissing_gate",
            "turnstile",
            "gate",
            "swing_gate",
            "chain",
            "jersey_barrier",
            "full-height_turnstile",
            "step",
            "log",
            "motorcycle_barrier",
            "rope",
            "planter",
        },
        signal_s=2.0,
        junction_s=1.0,
        restriction_keys=("restriction", "restriction:motorcar", "restriction:motor_vehicle"),
        exception="motorcar",
        ferry_kmh=15.0,
    ),
}


def _permission(tags: Mapping[str, str], keys: tuple[str, ...]) -> str | None:
    """Verdict of the most specific key that says something known: ``yes``, ``no`` or None."""
    for key in reversed(keys):
        value = tags.get(key)
        if value in _NO:
            return "no"
        if value in _YES:
            return "yes"
    return None


def _limit_kmh(tags: Mapping[str, str]) -> float | None:
    """Speed limit that the tags state or imply [km/h]."""
    for key in ("maxspeed", "zone:maxspeed", "source:maxspeed"):
        value = tags.get(key, "").strip().lower()
        number = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*(mph|km/h|kmh)?", value)
        if number and float(number[1]) > 0:
            return float(number[1]) * (1.609344 if number[2] == "mph" else 1.0)
        name = value.rpartition(":")[2]
        if key != "zone:maxspeed" and not value.count(":") and name.isdigit():
            continue
        if name in _IMPLICIT_KMH:
            return _IMPLICIT_KMH[name]
    return 20.0 if tags.get("highway") == "living_street" else None


def _ferry_speed_kmh(tags: Mapping[str, str], profile: Profile, length_m: float) -> float:
    match = re.fullmatch(r"(\d+):(\d{2})(?::(\d{2}))?", tags.get("duration", ""))
    duration_s = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0) if match else 0
    return length_m / duration_s * 3.6 if duration_s > 0 and length_m > 0 else profile.ferry_kmh


def _opened(tags: Mapping[str, str], profile: Profile) -> bool:
    """Whether a key of the profile's own, not one for all or for all vehicles, says yes."""
    own = profile.access_keys[2:] or profile.access_keys[-1:]
    return any(tags.get(key) in _YES for key in own)


def _base_speed_kmh(tags: Mapping[str, str], profile: Profile, length_m: float) -> float:
    """Speed before directions are looked at; 0 where the profile may not go [km/h]."""
    highway = tags.get("highway", "")
    permission = _permission(tags, profile.access_keys)
    closed = any(tags.get(key) in values for key, values in profile.required_not.items())
    if highway in profile.never or permission == "no" or closed or tags.get("area") == "yes":
        return 0.0
    if not highway:
        explicit = _opened(tags, profile)
        allowed = explicit or (profile.name.startswith("walk") and permission is None)
        return _ferry_speed_kmh(tags, profile, length_m) if allowed else 0.0
    speed = profile.class_kmh.get(highway, 0.0)
    if speed == 0.0:
        speed = profile.permitted_kmh if _opened(tags, profile) else 0.0
    if profile.dismount_kmh and tags.get("bicycle") == "dismount":
        return profile.dismount_kmh
    if profile.limit_factor:
        limit = _limit_kmh(tags)
        if limit is not None and speed > 0:
            speed = limit * profile.limit_factor
    return speed * profile.surface_factor.get(tags.get("surface", ""), 1.0)


def _direction(tags: Mapping[str, str], profile: Profile) -> int:
    """1 along the way only, −1 against it only, 0 both."""
    if not profile.oneway_keys:
        return 0
    contraflow = any(
        tags.get(key) in _CONTRAFLOW for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
    )
    if "oneway:bicycle" in profile.oneway_keys and contraflow:
        return 0
    for key in reversed(profile.oneway_keys):
        value = tags.get(key)
        if value in ("yes", "true", "1"):
            return 1
        if value in ("-1", "reverse"):
            return -1
        if value in ("no", "false", "0"):
            return 0
    one_way = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    return int(one_way)


def way_speeds_kmh(tags: Mapping[str, str], profile: Profile, *, length_m: float = 0.0) -> tuple[float, float]:
    """Speed along a way and against it.

    Parameters
    ----------
    tags : mapping of str to str
        Tags of the way.
    profile : Profile
    length_m : float
        Length of the way [m]; read for ferries with a ``duration`` only.

    Returns
    -------
    forward_kmh, backward_kmh : float
        [km/h]; 0 where the profile may not go.

    Examples
    --------
    >>> way_speeds_kmh({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, PROFILES["bike"])
    (15.0, 15.0)
    >>> way_speeds_kmh({"highway": "tertiary", "oneway": "yes", "maxspeed": "FR:zone30"}, PROFILES["car"])
    (27.0, 0.0)
    """
    speed = _base_speed_kmh(tags, profile, length_m)
    direction = _direction(tags, profile)
    return (speed if direction >= 0 else 0.0), (speed if direction <= 0 else 0.0)


def barrier_blocks(tags: Mapping[str, str], profile: Profile) -> bool:
    """Whether the node with these tags stops the profile.

    Examples
    --------
    >>> [barrier_blocks({"barrier": "bollard"}, PROFILES[mode]) for mode in ("car", "bike")]
    [True, False]
    """
    if "barrier" not in tags:
        return False
    permission = _permission(tags, profile.access_keys)
    if permission is not None:
        return permission == "no"
    closed = any(tags.get(key) in values for key, values in profile.required_not.items())
    return closed or tags["barrier"] in profile.barriers


def forbids_turn(tags: tuple[tuple[str, str], ...], profile: Profile) -> str | None:
    """Kind of turn restriction that binds the profile: ``no``, ``only`` or None.

    Examples
    --------
    >>> forbids_turn((("restriction", "no_left_turn"), ("except", "bicycle")), PROFILES["bike"]) is None
    True
    """
    values = dict(tags)
    exempt = {name.strip() for name in values.get("except", "").split(";")}
    if profile.exception in exempt or (profile.name == "car" and "motor_vehicle" in exempt):
        return None
    for key in reversed(profile.restriction_keys):
        kind = values.get(key, "").partition("_")[0]
        if kind in ("no", "only"):
            return kind
    return None
