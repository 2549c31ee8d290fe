"""Provenance: what went in, what was asked, which code answered."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from geo_access.errors import Told

__all__ = ["Manifest", "code_version", "fingerprint", "manifest_schema", "read_manifest", "sha256_file", "write_whole"]

_BLOCK_BYTES = 1 << 20
_REPORTED = ("numpy", "pandas", "geopandas", "shapely", "numba", "osmium", "pyproj")


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, or of a folder's files with their names.

    Parameters
    ----------
    path : pathlib.Path
        File or folder.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
    for entry in files:
        if entry is not path:
            digest.update(entry.relative_to(path).as_posix().encode())
        with entry.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def code_version() -> str:
    """Version of this package, as installed."""
    try:
        return version("geo-access")
    except PackageNotFoundError:
        return "0+unknown"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(item) for key, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, date | Path):
        return str(value)
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        return value.item()
    return value


def fingerprint(*values: Any) -> str:
    """Short hash of plain values, dataclasses and mappings: equal content, equal text.

    Examples
    --------
    >>> fingerprint({"a": 1}) == fingerprint({"a": 1}), len(fingerprint(1))
    (True, 16)
    """
    text = json.dumps([_plain(value) for value in values], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Manifest:
    """What a result was made from; carried by every result, map and report.

    Attributes
    ----------
    inputs : mapping of str to str
        SHA-256 of each input by name.
    query : mapping
        The question, as plain values.
    warnings : tuple of Note
        What a reader should know before relying on the result.
    extra : mapping
        Feed validity, scenario edits, sources and licences.
    files : mapping of str to str
        SHA-256 of each file of the result, by its path in the result's folder; not part of `id`.
    """

    inputs: Mapping[str, str]
    query: Mapping[str, Any]
    warnings: tuple[Told, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Short hash of inputs, query and code version."""
        return fingerprint(self.inputs, self.query, self.extra, code_version())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; no clock and no path of the machine in them."""
        versions = {}
        for name in _REPORTED:
            try:
                versions[name] = version(name)
            except PackageNotFoundError:
                continue
        return {
            "id": self.id,
            "geo_access": code_version(),
            "python": platform.python_version(),
            "libraries": versions,
            "inputs": dict(sorted(self.inputs.items())),
            "query": _plain(self.query),
            "warnings": [warning.to_dict() for warning in self.warnings],
            **{key: _plain(value) for key, value in self.extra.items()},
            **({"files": dict(sorted(self.files.items()))} if self.files else {}),
        }

    def to_json(self) -> str:
        """Return the manifest as indented JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, default=str) + "\n"


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that the manifests of results and of streamed times keep to.

    Examples
    --------
    >>> sorted(manifest_schema()["required"])
    ['geo_access', 'id', 'inputs', 'libraries', 'python', 'query', 'warnings']
    """
    file = resources.files("geo_access").joinpath("manifest.schema.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


_BEGINNING = '{\n  "id": "'


class Readable(Protocol):
    """A file, or an object of a store."""

    def read_text(self, encoding: str) -> str:
        """Return its text."""


def read_manifest(path: Readable) -> dict[str, Any] | None:
    """Read a manifest that this program wrote, even one that a full disk cut short.

    Parameters
    ----------
    path : pathlib.Path
        ``manifest.json`` of a result.

    Returns
    -------
    dict or None
        Its content; empty when the file is empty or stops in its middle; None when there is no such file, or it is
        another program's.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if not text.strip("\x00 \n"):
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {} if text.startswith(_BEGINNING) else None
    return content if isinstance(content, dict) and "geo_access" in content and "inputs" in content else None


def write_whole(path: Path, text: str) -> Path:
    """Write a text that is whole or not there at all, however the process ends.

    Parameters
    ----------
    path : pathlib.Path
        Replaced when it exists.
    text : str
        Written in UTF-8.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    fresh = path.with_name(f"{path.name}.writing")
    try:
        with fresh.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path
