"""What stands in the way of somebody who walks across a square: buildings, waters, walls, fences and hedges."""

from __future__ import annotations

from typing import Any

__all__ = ["NO_WALLS", "is_opening", "is_solid", "is_wall"]

NO_WALLS = frozenset({"no", "roof", "canopy", "carport"})
_WATERS = (
    ("natural", "water"),
    ("waterway", "riverbank"),
    ("waterway", "dock"),
    ("leisure", "swimming_pool"),
    ("amenity", "fountain"),
)
_WALLS = frozenset({"wall", "city_wall", "retaining_wall", "fence", "hedge", "guard_rail", "railing"})
_OPENINGS = frozenset(
    {"gate", "entrance", "kissing_gate", "swing_gate", "lift_gate", "sliding_gate", "turnstile", "stile", "bollard"}
    | {"cycle_barrier", "full-height_turnstile", "wicket_gate", "sally_port", "block", "no", "hampshire_gate"}
)
_SHUT = frozenset({"no", "private"})


def is_solid(tags: Any) -> bool:
    """Whether a closed line is the wall of a building on the ground, or the shore of a water; one walks below a roof.

    Examples
    --------
    >>> is_solid({"building": "yes"}), is_solid({"building": "roof"}), is_solid({"leisure": "swimming_pool"})
    (True, False, True)
    """
    if tags.get("layer", "0") not in ("0", ""):
        return False
    if tags.get("building", "no") not in NO_WALLS:
        return True
    # A hedge as an area is one as a line is: nobody walks through it.
    if tags.get("area") == "yes" and tags.get("barrier") in _WALLS:
        return True
    return any(tags.get(key) == value for key, value in _WATERS)


def is_wall(tags: Any) -> bool:
    """Whether a line is a wall, a fence or a hedge on the ground.

    Examples
    --------
    >>> is_wall({"barrier": "hedge"}), is_wall({"barrier": "kerb"}), is_wall({"barrier": "wall", "layer": "-1"})
    (True, False, False)
    """
    return tags.get("barrier") in _WALLS and tags.get("layer", "0") in ("0", "")


def is_opening(tags: Any) -> bool:
    """Whether a node of a wall lets people through: a gate that is not said to be locked or private.

    Examples
    --------
    >>> is_opening({"barrier": "gate"}), is_opening({"barrier": "gate", "locked": "yes"}), is_opening({})
    (True, False, False)
    """
    if tags.get("barrier") not in _OPENINGS or tags.get("locked") == "yes":
        return False
    return tags.get("foot", tags.get("access", "yes")) not in _SHUT
