"""A room that bears the name of its verb: ``geo_access.travel_times`` is a package and is called as a function.

Importing a sub-package puts it over a function of the same name in its parent. Calling the package then calls the
verb, so that both ``geo_access.travel_times(network, …)`` and ``geo_access.travel_times.shift`` hold in any order.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["make_callable"]


class _CallableRoom(ModuleType):
    """A package whose call is that of one function in it."""

    _verb: tuple[str, str]

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the room's verb."""
        home, name = self._verb
        return getattr(import_module(home), name)(*arguments, **options)


def make_callable(package: str, home: str, verb: str) -> None:
    """Let a package be called as the function that it is named for.

    Parameters
    ----------
    package : str
        Name of the package, imported.
    home, verb : str
        Module and name of the function.
    """
    module: Any = sys.modules[package]
    module.__class__ = _CallableRoom
    module._verb = (home, verb)
