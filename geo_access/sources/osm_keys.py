"""Which keys and tags of OSM are read of ways, of nodes and of what stands beside them."""

from __future__ import annotations

__all__ = [
    "HIGH_KERBS",
    "NODE_KEYS",
    "NODE_KEY_SET",
    "READ_KEYS",
    "SOLID_KEYS",
    "UNDEFINED",
    "WAY_KEYS",
    "WAY_KEY_SET",
    "is_street",
]

WAY_KEYS = (
    "highway",
    "route",
    "railway",
    "public_transport",
    "man_made",
    "access",
    "foot",
    "bicycle",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "motorroad",
    "oneway",
    "oneway:bicycle",
    "oneway:foot",
    "oneway:vehicle",
    "oneway:motor_vehicle",
    "oneway:motorcar",
    "conveying",
    "cycleway",
    "cycleway:left",
    "cycleway:right",
    "cycleway:both",
    "cycleway:left:oneway",
    "cycleway:right:oneway",
    "ramp:bicycle",
    "ramp:wheelchair",
    "kerb",
    "footway",
    "junction",
    "lanes",
    "lts",
    "maxspeed",
    "maxspeed:forward",
    "maxspeed:backward",
    "maxspeed:type",
    "maxspeed:source",
    "source:maxspeed",
    "zone:maxspeed",
    "zone:traffic",
    "surface",
    "wheelchair",
    "sidewalk",
    "area",
    "service",
    "duration",
    "bridge",
    "tunnel",
    "covered",
    "indoor",
    "layer",
    "level",
    "opening_hours",
)
NODE_KEYS = (
    "barrier",
    "highway",
    "kerb",
    "locked",
    "access",
    "foot",
    "bicycle",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "wheelchair",
    "opening_hours",
    "traffic_signals:direction",
    "direction",
)
UNDEFINED = 2147483647
# Nodes at which cars turn round.
TURNING_PLACES = frozenset({"turning_circle", "turning_loop", "mini_roundabout"})
# What wheels do not climb.
HIGH_KERBS = frozenset({"raised", "regular"})
_ACCESS = ("access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar")
_ONE_SIDE = tuple(f"{key}:{side}" for key in (*_ACCESS, "maxspeed") for side in ("forward", "backward"))
_ONE_WAY = ("oneway", "oneway:bicycle", "oneway:foot", "oneway:motor_vehicle", "oneway:vehicle")
_CONDITIONAL = tuple(f"{key}:conditional" for key in (*_ACCESS, *_ONE_WAY, *_ONE_SIDE, "maxspeed"))
WAY_KEY_SET = frozenset((*WAY_KEYS, *_ONE_SIDE, *_CONDITIONAL))
NODE_KEY_SET = frozenset((*NODE_KEYS, *(f"{key}:conditional" for key in _ACCESS)))
READ_KEYS = {
    "NODE": ("highway", "barrier", "kerb"),
    "WAY": (
        *("highway", "route", "railway", "public_transport", "man_made", "building"),
        *("natural", "barrier", "leisure", "amenity", "waterway"),
    ),
    "RELATION": ("type",),
}
# What tells whether something stands in the way of walkers.
SOLID_KEYS = ("building", "layer", "area", "barrier", "natural", "waterway", "leisure", "amenity")
_MOVED_ALONG = frozenset(
    {("railway", "platform"), ("public_transport", "platform"), ("route", "ferry"), ("man_made", "pier")}
)


def is_street(tags: tuple[tuple[str, str], ...]) -> bool:
    """Whether people move along what has these tags.

    Examples
    --------
    >>> is_street((("man_made", "pier"),)), is_street((("man_made", "tower"),))
    (True, False)
    """
    return any(key == "highway" or (key, value) in _MOVED_ALONG for key, value in tags)
