"""How one travels: the one vocabulary of modes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from geo_access.errors import InputError

__all__ = ["MODES", "STREET_MODES", "Mode", "read_mode"]


class Mode(StrEnum):
    """A mode of travel; a text of the same value is as good.

    Examples
    --------
    >>> Mode("bike+transit").uses_transit, Mode.CAR == "car"
    (True, True)
    """

    WALK = "walk"
    BIKE = "bike"
    CAR = "car"
    TRANSIT = "transit"
    BIKE_TRANSIT = "bike+transit"
    BIKE_ABOARD_TRANSIT = "bike_aboard+transit"
    PARK_AND_RIDE = "park_and_ride"
    DRIVEN_TRANSIT = "driven+transit"

    @property
    def uses_transit(self) -> bool:
        """Whether it boards vehicles of a timetable, so that hours matter."""
        return self not in STREET_MODES


STREET_MODES = (Mode.WALK, Mode.BIKE, Mode.CAR)
MODES = tuple(mode.value for mode in Mode)

# What other routers call the parts of a journey.
_PARTS = {
    "walk": "walk",
    "foot": "walk",
    "pedestrian": "walk",
    "bike": "bike",
    "bicycle": "bike",
    "cycle": "bike",
    "car": "car",
    "drive": "car",
    "driving": "car",
    "transit": "transit",
    "bus": "transit",
    "rail": "transit",
    "public_transport": "transit",
}
_JOINED = {
    frozenset(("walk",)): Mode.WALK,
    frozenset(("bike",)): Mode.BIKE,
    frozenset(("car",)): Mode.CAR,
    frozenset(("transit",)): Mode.TRANSIT,
    frozenset(("walk", "transit")): Mode.TRANSIT,
    frozenset(("bike", "transit")): Mode.BIKE_TRANSIT,
    frozenset(("walk", "bike", "transit")): Mode.BIKE_TRANSIT,
}


def read_mode(value: str | Sequence[str]) -> Mode:
    """Read a mode as people write it.

    Parameters
    ----------
    value : str or sequence of str
        One of `MODES`, in any case, or the parts of a journey as other routers list them: ``["WALK", "TRANSIT"]``.

    Returns
    -------
    Mode

    Raises
    ------
    InputError
        When it is none of them.

    Examples
    --------
    >>> read_mode("Transit").value, read_mode(["BICYCLE", "TRANSIT"]).value
    ('transit', 'bike+transit')
    """
    known = ", ".join(MODES)
    parts = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple | set) else None
    if not parts or not all(isinstance(part, str) for part in parts):
        raise InputError(f"mode {value!r} is no mode → one of {known}", key="mode_unknown", values=_told(value))
    words = [part.strip().lower() for part in parts]
    if len(words) == 1 and words[0] in MODES:
        return Mode(words[0])
    joined = _JOINED.get(frozenset(_PARTS.get(word, word) for word in words))
    if joined is None:
        raise InputError(f"mode {value!r} is unknown → one of {known}", key="mode_unknown", values=_told(value))
    return joined


def _told(value: object) -> dict[str, object]:
    return {"mode": repr(value), "known": ", ".join(MODES)}
