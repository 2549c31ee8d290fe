"""What the tags of a way, a node or a restriction mean for a profile.

Access values are read as the OSM wiki words them ("Key:access"): of a list (``agricultural;destination``) the most open
value counts, a word that is not known closes what it is about. ``destination``, ``customers``, ``delivery`` and, for
vehicles, ``private`` let one in or out, not through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from geo_access.network.streets.limits import ferry_s, limit_kmh
from geo_access.network.streets.modes import PROFILES, Profile

__all__ = [
    "Permission",
    "barrier_blocks",
    "forbids_turn",
    "may_stop",
    "permission",
    "street_class",
    "visit_only",
    "way_speeds_kmh",
]

_OPEN = frozenset(
    {"yes", "designated", "permissive", "destination", "official", "public", "dismount", "limited", "discouraged"}
    | {"optional_sidepath", "true", "1"}
)
_CLOSED = frozenset(
    {"no", "private", "use_sidepath", "agricultural", "forestry", "delivery", "military", "emergency", "permit"}
    | {"customers", "restricted", "psv", "bus", "false", "0"}
)
_SILENT = frozenset({"", "unknown", "undefined", "variable"})
_CONTRAFLOW = frozenset({"opposite", "opposite_lane", "opposite_track", "opposite_share_busway"})
_WALLED = PROFILES["walk"].barriers
_PLATFORMS = (("railway", "platform"), ("public_transport", "platform"))


class Permission(NamedTuple):
    """What access tags say: `open` True, False or None (nothing), `visit` for no through traffic, words not known."""

    open: bool | None
    visit: bool = False
    unknown: tuple[str, ...] = ()


def _words(value: str) -> list[str]:
    return [word.strip().lower() for word in value.split(";")]


def _verdict(value: str, profile: Profile) -> Permission:
    """Read one value, the most open of a list."""
    words = [word for word in _words(value) if word not in _SILENT]
    if not words:
        return Permission(None)
    unknown = tuple(word for word in words if word not in _OPEN | _CLOSED)
    visits = [word for word in words if word in profile.visit_words]
    opened = [word for word in words if word in _OPEN and word not in visits]
    return Permission(bool(opened or visits), not opened and bool(visits), unknown)


def permission(tags: Mapping[str, str], profile: Profile) -> Permission:
    """Read the most specific access key of a profile that says something.

    Parameters
    ----------
    tags : mapping of str to str
    profile : Profile

    Returns
    -------
    Permission

    Examples
    --------
    >>> from geo_access.network.streets.modes import PROFILES
    >>> permission({"motor_vehicle": "agricultural;destination"}, PROFILES["car"])
    Permission(open=True, visit=True, unknown=())
    >>> permission({"access": "residents"}, PROFILES["walk"])
    Permission(open=False, visit=False, unknown=('residents',))
    """
    for key in reversed(profile.access_keys):
        if key in tags:
            found = _verdict(tags[key], profile)
            if found.open is not None:
                return found
    return Permission(None)


def street_class(tags: Mapping[str, str]) -> str:
    """Class of a way: its ``highway``, else platform, pier, or ferry.

    Examples
    --------
    >>> street_class({"railway": "platform"}), street_class({"route": "ferry"})
    ('platform', 'ferry')
    """
    highway = tags.get("highway", "")
    if highway and highway != "no":
        return highway
    if any(tags.get(key) == value for key, value in _PLATFORMS):
        return "platform"
    if tags.get("man_made") == "pier":
        return "pier"
    return "ferry" if tags.get("route") == "ferry" else highway


def _opened(tags: Mapping[str, str], profile: Profile) -> bool:
    """Whether a key of the profile's own, not one for all or for all vehicles, says yes."""
    own = profile.access_keys[2:] or profile.access_keys[-1:]
    return any(bool(_verdict(tags[key], profile).open) for key in own if key in tags)


def _closed(tags: Mapping[str, str], profile: Profile) -> bool:
    if any(tags.get(key) in values for key, values in profile.required_not.items()):
        return True
    if tags.get("kerb") in profile.node_kerbs and tags.get("wheelchair") != "yes":
        return True
    return tags.get("motorroad") == "yes" and not profile.motorroad and not _opened(tags, profile)


def _ramp(tags: Mapping[str, str], key: str) -> bool:
    return tags.get(key, "no") not in ("no", "0", "")


def _pushed(tags: Mapping[str, str], profile: Profile, name: str) -> bool:
    """Whether a bicycle is pushed here: where the tag says so, or the class of the street."""
    if not profile.dismount_kmh:
        return False
    if tags.get("bicycle") == "dismount":
        return True
    if name not in profile.pushed or tags.get("footway") == "sidewalk":
        return False
    needed = profile.pushed[name]
    foot = tags.get("foot", tags.get("access", "yes"))
    return _ramp(tags, needed) if needed else not _opened(tags, profile) and foot not in _CLOSED


def _base_speed_kmh(tags: Mapping[str, str], profile: Profile, length_m: float) -> float:
    """Speed before directions are looked at; 0 where the profile may not go [km/h]."""
    name = street_class(tags)
    verdict = permission(tags, profile).open
    if verdict is False or _closed(tags, profile):
        return 0.0
    if name in profile.never:
        return profile.reference_kmh if name == "steps" and _ramp(tags, profile.ramp) else 0.0
    if tags.get("area") == "yes" and profile.limit_factor:
        return 0.0
    if name == "ferry":
        if verdict is None and not profile.name.startswith("walk"):
            return 0.0
        seconds = ferry_s(tags.get("duration", ""))
        return length_m / seconds * 3.6 if seconds > 0 and length_m > 0 else profile.ferry_kmh
    if _pushed(tags, profile, name):
        return profile.dismount_kmh
    if profile.pushed.get(name):
        return 0.0
    speed = profile.class_kmh.get(name, 0.0)
    if speed == 0.0:
        speed = profile.permitted_kmh if _opened(tags, profile) else 0.0
    return speed * profile.surface_factor.get(tags.get("surface", ""), 1.0)


def _direction(tags: Mapping[str, str], profile: Profile) -> int | None:
    """1 along the way only, −1 against it only, 0 both, None neither."""
    pushed = _pushed(tags, profile, street_class(tags))
    on_foot = pushed or profile.name.startswith("walk")
    conveying = tags.get("conveying", "") if on_foot else ""
    if conveying in ("forward", "backward"):
        return 1 if conveying == "forward" else -1
    if conveying == "reversible":
        return None
    if conveying == "yes" and tags.get("oneway") in ("yes", "-1"):
        # A moving staircase that is one-way is so for those who stand on it.
        return 1 if tags["oneway"] == "yes" else -1
    # Who pushes a bicycle walks: what is one-way for vehicles is not for him.
    keys = ("oneway:foot",) if pushed else profile.oneway_keys
    if "oneway:bicycle" in keys and "oneway:bicycle" not in tags and _contraflow(tags):
        return 0
    for key in reversed(keys):
        value = tags.get(key)
        if value in ("yes", "true", "1"):
            return 1
        if value in ("-1", "reverse"):
            return -1
        if value in ("no", "false", "0", "alternating"):
            return 0
        if value == "reversible":
            return None
    one_way = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    return int(one_way and "oneway" in keys)


def _contraflow(tags: Mapping[str, str]) -> bool:
    """Whether a cycle lane or track leads against a one-way street, or cyclists may ride against it."""
    if tags.get("bicycle:forward" if tags.get("oneway") == "-1" else "bicycle:backward") in ("yes", "designated"):
        return True
    if any(tags.get(key) in _CONTRAFLOW for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")):
        return True
    against = "1" if tags.get("oneway") == "-1" else "-1"
    return any(
        tags.get(f"cycleway:{side}:oneway") in ("no", against)
        and tags.get(f"cycleway:{side}", tags.get("cycleway:both", "no")) not in ("no", "separate")
        for side in ("left", "right")
    )


def _sides(tags: Mapping[str, str], profile: Profile) -> tuple[bool, bool]:
    """Whether ``vehicle:forward`` and the like leave a way open along it, and against it."""
    found = []
    for side in ("forward", "backward"):
        own = {key: tags[f"{key}:{side}"] for key in profile.access_keys if f"{key}:{side}" in tags}
        # "bicycle=yes" stands above "vehicle:backward=no": the more specific key counts.
        plain = {key: tags[key] for key in profile.access_keys if key in tags and key not in own}
        verdict = permission(plain | own, profile) if own else Permission(None)
        found.append(verdict.open is not False)
    return found[0], found[1]


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

    Notes
    -----
    ``oneway=reversible`` (and ``conveying=reversible`` on foot) is open in neither direction: nothing says which one
    holds. ``oneway=alternating`` is open in both.

    Examples
    --------
    >>> from geo_access.network.streets.modes import PROFILES
    >>> way_speeds_kmh({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, PROFILES["bike"])
    (15.0, 15.0)
    >>> way_speeds_kmh({"highway": "tertiary", "oneway": "yes", "maxspeed": "FR:zone30"}, PROFILES["car"])
    (27.0, 0.0)
    """
    speed = _base_speed_kmh(tags, profile, length_m)
    direction = _direction(tags, profile)
    if speed == 0.0 or direction is None:
        return 0.0, 0.0
    both = [speed, speed]
    if profile.limit_factor and street_class(tags) != "ferry":
        for side, toward in enumerate(("forward", "backward")):
            limit = limit_kmh(tags, toward)
            # A surface slows the class's own speed; a limit is what is driven where it is posted.
            both[side] = speed if limit is None else limit * profile.limit_factor
    along, against = _sides(tags, profile)
    return (both[0] if direction >= 0 and along else 0.0), (both[1] if direction <= 0 and against else 0.0)


def visit_only(tags: Mapping[str, str], profile: Profile) -> bool:
    """Whether a way with these tags may be entered or left, but not passed through.

    Examples
    --------
    >>> from geo_access.network.streets.modes import PROFILES
    >>> [visit_only({"highway": "service", "access": "private"}, PROFILES[mode]) for mode in ("car", "walk")]
    [True, False]
    """
    return permission(tags, profile).visit


def may_stop(tags: Mapping[str, str]) -> bool:
    """Whether one may join or leave a way between its ends: no tunnel, no covered other level, motorway or ferry.

    Examples
    --------
    >>> [may_stop(tags) for tags in ({"highway": "footway", "tunnel": "yes"}, {"route": "ferry"}, {"highway": "path"})]
    [False, False, True]
    """
    if street_class(tags) in _NO_STOP or tags.get("motorroad") == "yes":
        return False
    # A passage through a building opens onto it.
    if tags.get("tunnel", "no") not in ("no", "building_passage", "arcade", "colonnade"):
        return False
    # A corridor on "0;1" is entered from the ground.
    elsewhere = any(not {"0", ""} & set(_words(tags.get(key, ""))) for key in ("layer", "level"))
    return not (elsewhere and tags.get("covered", tags.get("indoor", "no")) != "no")


_NO_STOP = frozenset({"motorway", "motorway_link", "ferry"})


def barrier_blocks(tags: Mapping[str, str], profile: Profile) -> bool:
    """Whether the node with these tags stops the profile.

    Parameters
    ----------
    tags : mapping of str to str
        Tags of a barrier, a kerb, a crossing or an elevator.
    profile : Profile

    Returns
    -------
    bool

    Examples
    --------
    >>> from geo_access.network.streets.modes import PROFILES
    >>> [barrier_blocks({"barrier": "bollard"}, PROFILES[mode]) for mode in ("car", "bike")]
    [True, False]
    >>> [barrier_blocks({"barrier": "gate"} | more, PROFILES["car"]) for more in ({}, {"locked": "yes"})]
    [False, True]
    """
    if tags.get("kerb") in profile.node_kerbs and tags.get("wheelchair") != "yes":
        return True
    # A kerb drawn as a barrier, and nothing said of its height, is one that wheels do not climb.
    kerb = profile.node_kerbs and tags.get("barrier") == "kerb" and "kerb" not in tags
    if kerb and tags.get("wheelchair") not in ("yes", "limited"):
        return True
    if any(tags.get(key) in values for key, values in profile.required_not.items()):
        return True
    if "barrier" not in tags and tags.get("highway") != "elevator":
        return False
    if tags.get("locked", "").lower() == "yes":
        return not _opened(tags, profile)
    for key in reversed(profile.access_keys):
        found = _verdict(tags.get(key, ""), profile)
        if found.open is not None:
            return not found.open or "private" in _words(tags[key])
    if tags.get("wheelchair") == "yes" and "wheelchair" in profile.required_not:
        return tags.get("barrier") in _WALLED
    return tags.get("barrier") in profile.barriers


def forbids_turn(tags: Iterable[tuple[str, str]], profile: Profile) -> str | None:
    """Kind of turn restriction that binds the profile: ``no``, ``only`` or None.

    Examples
    --------
    >>> from geo_access.network.streets.modes import PROFILES
    >>> forbids_turn((("restriction", "no_left_turn"), ("except", "bicycle")), PROFILES["bike"]) is None
    True
    """
    values = dict(tags)
    exempt = set(_words(values.get("except", "").replace(",", ";")))
    if profile.exception in exempt or (profile.name == "car" and "motor_vehicle" in exempt):
        return None
    for key in reversed(profile.restriction_keys):
        value = values.get(key, "").strip().lower()
        kind = value.partition("_")[0]
        # "no_right_turn_on_red" tells how to wait, not where to go.
        if kind in ("no", "only") and not value.endswith("_on_red"):
            return kind
    return None
