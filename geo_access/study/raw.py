"""The raw content of a study file: TOML of bounded size and depth, its paths made absolute, the files it names."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from geo_access.errors import Fault, MissingFileError
from geo_access.sources.gtfs.read import container_of
from geo_access.words.told import fault, refusal

__all__ = ["MAX_STUDY_BYTES", "read_content"]

MAX_STUDY_BYTES = 1_000_000

_DEEPEST = 50  # Dotted keys nest tables without a bracket.
# Keys whose values are paths, wherever they stand in the file.
_ONE_FILE = (
    "file",
    "schools",
    "communes",
    "naf_rome",
    "structures",
    "certifications",
    "mef",
    "located",
    "school_breaks",
    "mask",
    "cantons",
    "density",
    "park_and_ride",
)
_LIST_OF_FILES = ("osm", "gtfs", "files")


def _named_files(content: Any, key: str = "") -> list[tuple[str, Path]]:
    """Every file that the raw content names, with the key that names it; scenarios say theirs with their line."""
    if key == "scenarios":
        return []
    if isinstance(content, dict):
        pairs = [_named_files(value, f"{key}.{name}".lstrip(".")) for name, value in content.items()]
        return [pair for part in pairs for pair in part]
    last = key.rpartition(".")[2]
    if isinstance(content, list) and last in _LIST_OF_FILES:
        return [(f"{key}[{i}]", Path(item)) for i, item in enumerate(content) if isinstance(item, str)]
    if isinstance(content, list):
        return [pair for i, item in enumerate(content) for pair in _named_files(item, f"{key}[{i}]")]
    if isinstance(content, str) and last in _ONE_FILE:
        return [(key, Path(content))]
    return []


def _absolute(content: Any, base: Path, depth: int = 0) -> Any:
    """Make every path absolute, relative to the file."""
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(content, dict):
        return {
            key: _full(base, value)
            if key in _ONE_FILE and isinstance(value, str)
            else [_full(base, item) if isinstance(item, str) else item for item in value]
            if key in _LIST_OF_FILES and isinstance(value, list)
            else _absolute(value, base, depth + 1)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_absolute(item, base, depth + 1) for item in content]
    return content


def _full(base: Path, value: str) -> str:
    # A name that no file can have (NUL, thousands of letters) is an error of the system: here it is no file.
    try:
        return str((base / value).resolve())
    except (OSError, ValueError):
        return str(base / value)


def read_content(path: Path) -> tuple[dict[str, Any], list[Fault]]:
    """Read the raw content of a study file, its paths absolute, and list the files it names that are not there.

    Raises
    ------
    MissingFileError
        When there is no study file.
    InputError
        When it is no TOML.
    """
    if not path.is_file():
        raise refusal("study.no_file", MissingFileError, file=path)
    if path.stat().st_size > MAX_STUDY_BYTES:
        raise refusal("study.too_large", file=path)
    try:
        content = _absolute(tomllib.loads(path.read_text(encoding="utf-8-sig")), path.parent)
    except UnicodeDecodeError as error:
        raise refusal("study.not_utf8", file=path, byte=error.start) from error
    except RecursionError as error:
        raise refusal("study.too_deep", file=path) from error
    except ValueError as error:
        raise refusal("study.not_toml", file=path, why=error) from error
    return content, [
        fault(f"{path.name}: {key}", "study.file_not_found", file=file)
        for key, file in _named_files(content)
        if not os.path.exists(container_of(file)[0] if "gtfs" in key else file)  # noqa: PTH110 — true or false, never raises
    ]
