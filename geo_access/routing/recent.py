"""What was asked for last, within so many bytes: what a large territory cannot hold is worked out again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields, is_dataclass
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

__all__ = ["Recent", "bytes_of", "kept_recently"]

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
_Asked = ParamSpec("_Asked")


class Recent(Generic[_Key, _Value]):
    """Values by key; those not asked for longest are forgotten first.

    Parameters
    ----------
    most_bytes : int
        Kept at once.
    least : int
        Values kept however large they are.
    most : int, optional
        Values kept however small they are.

    Examples
    --------
    >>> recent = Recent(most_bytes=10, least=1)
    >>> recent.put("a", "first", 6), recent.put("b", "second", 6)
    ('first', 'second')
    >>> recent.get("a"), recent.get("b")
    (None, 'second')
    """

    def __init__(self, *, most_bytes: int, least: int = 1, most: int | None = None) -> None:
        self._most_bytes, self._least, self._most = most_bytes, least, most
        self._bytes = 0
        self._values: OrderedDict[_Key, tuple[_Value, int]] = OrderedDict()

    def get(self, key: _Key) -> _Value | None:
        """Return the value, or None where it is not known."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: _Key, value: _Value, n_bytes: int) -> _Value:
        """Keep a value, and return it."""
        self._bytes += n_bytes - self._values.pop(key, (value, 0))[1]
        self._values[key] = value, n_bytes
        while len(self._values) > self._least and (
            self._bytes > self._most_bytes or (self._most is not None and len(self._values) > self._most)
        ):
            self._bytes -= self._values.popitem(last=False)[1][1]
        return value

    def items(self) -> Iterator[tuple[_Key, _Value]]:
        """Yield what is known, that asked for last at the end."""
        for key, (value, _) in self._values.items():
            yield key, value

    def copy(self) -> Recent[_Key, _Value]:
        """Return the same values, forgotten on their own."""
        other: Recent[_Key, _Value] = Recent(most_bytes=self._most_bytes, least=self._least, most=self._most)
        other._bytes, other._values = self._bytes, self._values.copy()
        return other

    def clear(self) -> None:
        """Forget all."""
        self._bytes = 0
        self._values.clear()


def bytes_of(value: Any) -> int:
    """Count the bytes of the arrays of a value, those of the values that it holds included."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if is_dataclass(value) and not isinstance(value, type):
        return sum(bytes_of(getattr(value, field.name)) for field in fields(value))
    return 0


class _Kept(Generic[_Asked, _Value]):
    """A function whose answers are kept."""

    def __init__(self, function: Callable[_Asked, _Value], recent: Recent[Any, _Value]) -> None:
        self._function, self._recent = function, recent
        update_wrapper(self, function)

    def __call__(self, *asked: _Asked.args, **named: _Asked.kwargs) -> _Value:
        key = asked, tuple(sorted(named.items()))
        known = self._recent.get(key)
        if known is not None:
            return known
        found = self._function(*asked, **named)
        return self._recent.put(key, found, bytes_of(found))

    def cache_clear(self) -> None:
        """Forget all answers."""
        self._recent.clear()


def kept_recently(
    *, most_bytes: int, least: int, most: int
) -> Callable[[Callable[_Asked, _Value]], _Kept[_Asked, _Value]]:
    """Keep the last answers of a function whose arguments can be hashed and whose answers hold arrays.

    Parameters
    ----------
    most_bytes, least, most : int
        As for `Recent`.
    """
    return lambda function: _Kept(function, Recent(most_bytes=most_bytes, least=least, most=most))
