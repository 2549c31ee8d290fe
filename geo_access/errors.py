"""Errors that say what happened, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Protocol

__all__ = [
    "CapacityError",
    "CoverageError",
    "Fault",
    "GeoAccessError",
    "InputError",
    "MissingFileError",
    "ServiceDateError",
    "SnapError",
    "Told",
    "import_extra",
    "raise_faults",
]


class Told(Protocol):
    """Words in the reader's language."""

    def told(self, language: str = "fr") -> str:
        """Words in a language."""
        ...

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        ...


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with the input.

    Attributes
    ----------
    where : str
        File, line, key or id.
    what : str
        What is wrong there.
    remedy : str
        What the user can do about it; may be empty.
    key : str
        Entry ``error.<key>`` of the catalogue that says `what` and `remedy` in other languages; may be empty.
    values : mapping of str to object
        What that entry puts in its braces.
    place : Note, optional
        `where` in the reader's language, when it holds words.

    Examples
    --------
    >>> print(Fault(where="study.toml: origins.zones", what="file not found", remedy="check the path"))
    study.toml: origins.zones: file not found → check the path
    """

    where: str
    what: str
    remedy: str = ""
    key: str = field(default="", compare=False)
    values: Mapping[str, object] = field(default_factory=dict, compare=False)
    place: Told | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Render on one line."""
        tail = f" → {self.remedy}" if self.remedy else ""
        return f"{self.where}: {self.what}{tail}"


class GeoAccessError(Exception):
    """Base of every error raised on purpose.

    Parameters
    ----------
    message : str
        What, where and what to do, in one or a few lines.
    faults : iterable of Fault
        The single faults behind the message, when several were found at once.
    key : str
        Entry ``error.<key>`` of the catalogue that says the whole message in other languages; may be empty.
    values : mapping of str to object, optional
        What that entry puts in its braces.
    """

    def __init__(
        self,
        message: str,
        *,
        faults: Iterable[Fault] = (),
        key: str = "",
        values: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.key = key
        self.values: Mapping[str, object] = dict(values or {})


class InputError(GeoAccessError, ValueError):
    """An input (file, table, argument) that cannot be used as it is."""


class MissingFileError(InputError, FileNotFoundError):
    """A file that the study names does not exist or cannot be read."""


class ServiceDateError(InputError):
    """No service on the day asked for: the date lies outside a feed's calendar."""


class CoverageError(InputError):
    """The data do not cover the area asked for."""


class SnapError(InputError):
    """Points that cannot be placed on the network as given."""


class CapacityError(GeoAccessError, MemoryError):
    """The run would not fit in the memory allowed."""


def raise_faults(faults: Iterable[Fault], *, error: type[GeoAccessError] = InputError) -> None:
    """Raise one error that lists every fault, or return when there is none.

    Parameters
    ----------
    faults : iterable of Fault
        All that validation found.
    error : type of GeoAccessError
        Class to raise.

    Raises
    ------
    GeoAccessError
        Of class `error`, when `faults` is not empty.

    Examples
    --------
    >>> raise_faults([])
    >>> raise_faults([Fault("zones.gpkg: id 3", "no population", "give a weight > 0")])
    Traceback (most recent call last):
    ...
    geo_access.errors.InputError: zones.gpkg: id 3: no population → give a weight > 0
    """
    found = tuple(faults)
    if not found:
        return
    head = f"{len(found)} faults:\n  " if len(found) > 1 else ""
    raise error(head + "\n  ".join(str(fault) for fault in found), faults=found)


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module of a library that only an extra of the package installs.

    Parameters
    ----------
    module : str
        Dotted name.
    extra : str
        The extra: ``raster``, ``report``, ``siting``.

    Raises
    ------
    InputError
        When it is not installed, with the command that installs it.

    Examples
    --------
    >>> import_extra("no_such_library.part", "raster")
    Traceback (most recent call last):
    ...
    geo_access.errors.InputError: no_such_library is not installed → pip install "geo-access[raster]"
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise InputError(
            f'{library} is not installed → pip install "geo-access[{extra}]"',
            key="extra_missing",
            values={"library": library, "extra": extra},
        ) from error
