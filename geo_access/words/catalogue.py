"""The catalogue: every sentence that a person reads, French and English side by side, as TOML files by room.

An entry is a table named by its key, with ``fr`` and ``en``. A file that holds a key twice, or only one language, is
refused when it is read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from geo_access.errors import InputError

__all__ = ["LANGUAGES", "catalogue"]

LANGUAGES = ("fr", "en")
# Narrow no-break spaces, where French typography wants them.
_NARROW = re.compile(r" (?=[:;?!%»])|(?<=«) ")


@cache
def _entries() -> Mapping[str, Mapping[str, str]]:
    """Read all files once: by language, by key."""
    found: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    files = resources.files("geo_access.words").joinpath("catalogue")
    for file in sorted(files.iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml"):
            continue
        for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if set(entry) != set(LANGUAGES) or key in found["fr"]:
                raise ValueError(f"{file.name}: entry {key!r} needs fr and en, and stands once in the catalogue")
            found["fr"][key] = _NARROW.sub("\u202f", entry["fr"])
            found["en"][key] = entry["en"]
    return {language: MappingProxyType(entries) for language, entries in found.items()}


def catalogue(language: str = "fr") -> Mapping[str, str]:
    """All entries of a language.

    Parameters
    ----------
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    mapping of str to str

    Raises
    ------
    InputError
        For another language.

    Examples
    --------
    >>> catalogue("en")["level.adéquat"]
    'Adequate'
    """
    found = _entries().get(language)
    if found is None:
        raise InputError(f"language {language!r} is unknown → one of {', '.join(LANGUAGES)}")
    return found
