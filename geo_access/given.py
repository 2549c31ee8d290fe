"""Arguments as people give them: numbers, paths, days and layers of whatever kind, taken or refused by name."""

from __future__ import annotations

import datetime as dt
import numbers
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.errors import Fault, InputError, raise_faults
from geo_access.words.told import fault, refusal

__all__ = ["Reading", "finite", "read_day", "read_layer", "read_number", "read_path", "read_truth", "require_kind"]

Kind = TypeVar("Kind")


class Reading:
    """Reads arguments one after the other, and refuses all that are wrong at once.

    Examples
    --------
    >>> read = Reading()
    >>> read("date", read_day, "2026-03-17")
    datetime.date(2026, 3, 17)
    >>> read.finish()
    """

    def __init__(self) -> None:
        self._refused: list[tuple[str, InputError]] = []

    def __call__(self, name: str, reader: Callable[..., Any], value: object, /, **how: Any) -> Any:
        """Return what ``reader(value, **how)`` reads, or keep its refusal and return None."""
        try:
            return reader(value, **how)
        except InputError as refused:
            self._refused.append((name, refused))
            return None

    def finish(self) -> None:
        """Raise the one refusal, or one that holds all."""
        if len(self._refused) == 1:
            raise self._refused[0][1]
        faults: list[Fault] = []
        for name, refused in self._refused:
            faults += refused.faults or [fault(name, refused.key, **refused.values)]
        raise_faults(faults)


def _one(refused: Fault) -> InputError:
    return InputError(str(refused), faults=[refused])


def finite(value: object) -> float | None:
    """Return a finite number as such, whoever's type it is; None where it is none.

    Examples
    --------
    >>> finite(np.int8(3)), finite("3"), finite(float("nan")), finite(True)
    (3.0, None, None, None)
    """
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, numbers.Real):
        return None
    try:
        number = float(value)
    except (TypeError, OverflowError):
        return None
    return number if np.isfinite(number) else None


def read_number(
    value: object,
    name: str,
    *,
    least: float | None = None,
    above: float | None = None,
    whole: bool = False,
    example: str = "30",
) -> float:
    """Read a finite number.

    Parameters
    ----------
    value : object
        A number of Python, NumPy or pandas.
    name : str
        What to call it in a message.
    least, above : float, optional
        Smallest allowed, or a bound that it must exceed.
    whole : bool
        Whether it must be a whole number.
    example : str
        Of a number that would do.

    Returns
    -------
    float

    Raises
    ------
    InputError

    Examples
    --------
    >>> read_number(np.float32(50), "cell_m", above=0)
    50.0
    """
    number = finite(value)
    if number is None:
        raise _one(fault(name, "asked.number", value=repr(value), example=example))
    if whole and number != int(number):
        raise _one(fault(name, "asked.whole", value=repr(value), example=example))
    if above is not None and number <= above:
        raise _one(fault(name, "given.above", value=number, least=above))
    if least is not None and number < least:
        raise _one(fault(name, "given.least", value=number, least=least))
    return number


def read_truth(value: object, name: str) -> bool:
    """Read True or False; a text or a number is neither.

    Raises
    ------
    InputError
    """
    if not isinstance(value, bool | np.bool_):
        raise _one(fault(name, "asked.truth", value=repr(value)))
    return bool(value)


def read_path(value: object, name: str) -> Path:
    """Read a path: text, bytes or anything that stands for one.

    Raises
    ------
    InputError

    Examples
    --------
    >>> read_path(b"out", "folder").name
    'out'
    """
    if not isinstance(value, str | bytes | os.PathLike) or not os.fspath(value):
        raise _one(fault(name, "given.path", value=repr(value)))
    return Path(os.fsdecode(value))


def read_day(value: object) -> dt.date:
    """Read a day: ``"2026-03-17"``, a date, or a datetime of any library.

    Raises
    ------
    InputError

    Examples
    --------
    >>> read_day(np.datetime64("2026-03-17T08:00"))
    datetime.date(2026, 3, 17)
    """
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, dt.date) and not pd.isna(value):
        return value.date() if isinstance(value, dt.datetime) else value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise refusal("network.date", value=value) from error
    raise refusal("network.date", value=repr(value))


def read_layer(value: object, name: str) -> gpd.GeoDataFrame:
    """Take a layer with a geometry column.

    Raises
    ------
    InputError
        When it is no GeoDataFrame, or one without geometries.
    """
    if not isinstance(value, gpd.GeoDataFrame):
        raise refusal("points.not_a_layer", name=name, kind=type(value).__name__)
    if value.active_geometry_name is None:
        raise refusal("points.no_geometry", name=name)
    return value


def require_kind(value: Any, kinds: type[Kind] | Sequence[type[Kind]], name: str, *, made_by: str) -> Kind:
    """Refuse what is not of a class of ours.

    Parameters
    ----------
    value : object
    kinds : type or sequence of type
    name : str
        What to call it in a message.
    made_by : str
        Where such a thing comes from, in code: ``build_network(…)``.

    Returns
    -------
    object
        The value.

    Raises
    ------
    InputError
    """
    wanted = (kinds,) if isinstance(kinds, type) else tuple(kinds)
    if not isinstance(value, wanted):
        names = " / ".join(kind.__name__ for kind in wanted)
        raise _one(fault(name, "given.kind", given=type(value).__name__, wanted=names, made_by=made_by))
    return value
