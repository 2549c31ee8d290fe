"""A network as a folder: a ``.npy`` per array, a JSON index with their SHA-256; opened memory-mapped, no pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from geo_access.errors import InputError, MissingFileError
from geo_access.manifest import sha256_file
from geo_access.network.model import CrowFly, ModeGraph, Network, SparseTimes, Streets, Timetable
from geo_access.network.search.hierarchy import Hierarchy

__all__ = ["FORMAT", "KEPT_CHANGES", "open_network", "save_network"]

FORMAT = "geo-access-network/1"
_INDEX = "network.json"
KEPT_CHANGES = "kept_changes"
"""Where a timetable keeps changes of vehicle found for it: by label, two arrays that only `routing` reads."""
_KINDS: dict[str, type] = {
    kind.__name__: kind for kind in (Network, Streets, CrowFly, ModeGraph, Hierarchy, Timetable, SparseTimes)
}


class _Writer:
    """Arrays written so far, by file name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checksums: dict[str, str] = {}

    def plain(self, value: Any, name: str) -> Any:
        """Turn a value into JSON, its arrays into files named after where they are."""
        if isinstance(value, np.ndarray):
            return self.array(value, name)
        if is_dataclass(value) and not isinstance(value, type):
            parts = {
                field.name: self.plain(getattr(value, field.name), f"{name}.{field.name}") for field in fields(value)
            }
            if isinstance(value, ModeGraph) and "hierarchy" in value.__dict__:
                parts["hierarchy"] = self.plain(value.hierarchy, f"{name}.hierarchy")
            kept = value.__dict__.get(KEPT_CHANGES) if isinstance(value, Timetable) else None
            if kept:
                parts[KEPT_CHANGES] = {
                    "kind": "mapping",
                    "of": _digest(self.checksums),
                    "fields": {label: self.plain(kept[label], f"changes.{k}") for k, label in enumerate(sorted(kept))},
                }
            return {"kind": type(value).__name__, "fields": parts}
        if isinstance(value, dict) or hasattr(value, "items"):
            return {
                "kind": "mapping",
                "fields": {key: self.plain(part, f"{name}.{key}") for key, part in value.items()},
            }
        if isinstance(value, tuple | list):
            return {"kind": "tuple", "items": [self.plain(part, f"{name}.{k}") for k, part in enumerate(value)]}
        if isinstance(value, date):
            return {"kind": "date", "iso": value.isoformat()}
        if isinstance(value, np.generic):
            return value.item()
        return value

    def array(self, values: np.ndarray, name: str) -> dict[str, str]:
        plain = values.astype(np.str_) if values.dtype == object else values
        file = f"{name.removeprefix('network.')}.npy"
        np.save(self.folder / file, np.ascontiguousarray(plain), allow_pickle=False)
        self.checksums[file] = sha256_file(self.folder / file)
        return {"kind": "array", "file": file, "was": "object" if values.dtype == object else ""}


def _digest(checksums: dict[str, str]) -> str:
    """Return one checksum for all arrays of the timetable."""
    mine = sorted(f"{file} {checksum}" for file, checksum in checksums.items() if file.startswith("timetable."))
    return hashlib.sha256("\n".join(mine).encode()).hexdigest()


def save_network(network: Network, folder: str | Path) -> Path:
    """Save a network; hierarchies that were built, and changes that were kept, are saved with it.

    Parameters
    ----------
    network : Network
    folder : path
        Made when absent; must be empty, or hold a network already (which is replaced).

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        When the folder holds something else.

    Examples
    --------
    >>> import tempfile
    >>> plain = Network(2154, CrowFly(2154, detour=1.25), None, {"streets": "none"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     opened = open_network(save_network(plain, folder))
    >>> opened.streets.detour
    1.25
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: it is a file → name a folder for the network")
    if target.is_dir() and any(target.iterdir()) and not (target / _INDEX).is_file():
        raise InputError(f"{target}: the folder holds other files → name an empty folder")
    target.mkdir(parents=True, exist_ok=True)
    if (target / _INDEX).is_file():
        (target / _INDEX).unlink()
        for old in target.glob("*.npy"):
            old.unlink()
    writer = _Writer(target)
    tree = writer.plain(network, "network")
    index = {"format": FORMAT, "network": tree, "sha256": writer.checksums}
    (target / _INDEX).write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return target


class _Reader:
    """Values read back, from files that the index names and whose checksums agree."""

    def __init__(self, folder: Path, checksums: dict[str, str]) -> None:
        self.folder = folder
        self.checksums = checksums

    def value(self, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        kind = node["kind"]
        if kind == "array":
            return self.array(node["file"], node["was"])
        if kind == "tuple":
            return tuple(self.value(part) for part in node["items"])
        if kind == "date":
            return date.fromisoformat(node["iso"])
        parts = {key: self.value(part) for key, part in node["fields"].items()}
        if kind == "mapping":
            return parts
        hierarchy = parts.pop("hierarchy", None) if kind == "ModeGraph" else None
        kept = parts.pop(KEPT_CHANGES, None) if kind == "Timetable" else None
        made = _KINDS[kind](**parts)
        if hierarchy is not None:
            made.__dict__["hierarchy"] = hierarchy
        # Changes found for other arrays than these are found again when they are asked for.
        if kept is not None and node["fields"][KEPT_CHANGES].get("of") == _digest(self.checksums):
            made.__dict__[KEPT_CHANGES] = kept
        return made

    def array(self, file: str, was: str) -> np.ndarray:
        path = self.folder / file
        if file not in self.checksums or Path(file).name != file:
            raise InputError(f"{self.folder}: array {file!r} is not in the index → build the network again")
        if not path.is_file():
            raise MissingFileError(f"{path}: missing from the saved network → build the network again")
        if sha256_file(path) != self.checksums[file]:
            raise InputError(f"{path}: its content has changed since it was saved → build the network again")
        # Copy-on-write: the file is never written, and numba sees the same array type as in a fresh network.
        values: np.ndarray = np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
        if was == "object":
            return values.astype(object)
        return values


def open_network(folder: str | Path) -> Network:
    """Open a saved network, its arrays memory-mapped.

    Parameters
    ----------
    folder : path
        As `save_network` wrote it.

    Returns
    -------
    Network

    Raises
    ------
    MissingFileError
        When the folder or a file of it is absent.
    InputError
        When it is no saved network, or a file has changed.
    """
    source = Path(folder)
    path = source / _INDEX
    if not path.is_file():
        raise MissingFileError(f"{path}: not found → name the folder that save_network wrote")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        known = index["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: it is no index of a saved network → build the network again") from error
    if not known:
        raise InputError(f"{path}: format {index['format']!r}, this version reads {FORMAT!r} → build the network again")
    try:
        network = _Reader(source, index["sha256"]).value(index["network"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: the index is damaged ({error}) → build the network again") from error
    if not isinstance(network, Network):
        raise InputError(f"{path}: it does not hold a network → build the network again")
    return network
