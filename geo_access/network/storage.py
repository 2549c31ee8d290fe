"""A network as a folder: a ``.npy`` per array, a JSON index with their SHA-256; opened memory-mapped, no pickle."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from geo_access.errors import InputError, MissingFileError
from geo_access.given import read_path, require_kind
from geo_access.manifest import sha256_file, write_whole
from geo_access.network.model import CrowFly, FlexRides, ModeGraph, Network, SparseTimes, Squares, Streets, Timetable
from geo_access.network.search.hierarchy import Hierarchy
from geo_access.words.note import Note
from geo_access.words.told import refusal

__all__ = ["FORMAT", "KEPT_CHANGES", "open_network", "save_network"]

FORMAT = "geo-access-network/3"
_INDEX = "network.json"
_UNFINISHED = "array.writing"
# An array's file carries the beginning of its SHA-256: a network saved over another touches none of its arrays.
_OURS = re.compile(r"[\w.]+\.[0-9a-f]{12}\.npy")
KEPT_CHANGES = "kept_changes"
"""Where a timetable keeps changes of vehicle found for it: by label, two arrays that only `routing` reads."""
_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (Network, Streets, Squares, CrowFly, ModeGraph, Hierarchy, Note, Timetable, SparseTimes, FlexRides)
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
        if is_dataclass(value) and not isinstance(value, type | Note):
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
        if isinstance(value, Note):
            return {"kind": "note", **value.to_dict()}
        if isinstance(value, np.generic):
            return value.item()
        return value

    def array(self, values: np.ndarray, name: str) -> dict[str, str]:
        plain = values.astype(np.str_) if values.dtype == object else values
        unfinished = self.folder / _UNFINISHED
        try:
            with unfinished.open("wb") as stream:
                np.save(stream, np.ascontiguousarray(plain), allow_pickle=False)
            digest = sha256_file(unfinished)
            file = f"{name.removeprefix('network.')}.{digest[:12]}.npy"
            unfinished.replace(self.folder / file)
        finally:
            unfinished.unlink(missing_ok=True)
        self.checksums[file] = digest
        return {"kind": "array", "file": file, "was": "object" if values.dtype == object else ""}


def _digest(checksums: dict[str, str]) -> str:
    """Return one checksum for all arrays of the timetable."""
    mine = sorted(f"{file} {checksum}" for file, checksum in checksums.items() if file.startswith("timetable."))
    return hashlib.sha256("\n".join(mine).encode()).hexdigest()


def save_network(network: Network, folder: str | Path) -> Path:
    """Save a network; hierarchies that were built, and changes that were kept, are saved with it.

    The index is written last and at once: killed at any moment, the folder still opens as what it held before.

    Parameters
    ----------
    network : Network
    folder : path
        Made when absent; must be empty, or hold a network already (which is replaced; other files stay).

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
    require_kind(network, Network, "network", made_by="build_network(…)")
    target = read_path(folder, "folder")
    if target.exists() and not target.is_dir():
        raise refusal("saved.is_file", folder=target)
    if target.is_dir() and not (target / _INDEX).is_file() and any(not _is_ours(path) for path in target.iterdir()):
        raise refusal("saved.foreign", folder=target)
    target.mkdir(parents=True, exist_ok=True)
    before = _listed(target / _INDEX)
    writer = _Writer(target)
    tree = writer.plain(network, "network")
    index = {
        "format": FORMAT,
        "index_sha256": _seal(tree, writer.checksums),
        "network": tree,
        "sha256": writer.checksums,
    }
    write_whole(target / _INDEX, json.dumps(index, ensure_ascii=False, indent=1) + "\n")
    for path in target.iterdir():
        if (_is_ours(path) or path.name in before) and path.name not in writer.checksums:
            path.unlink()
    return target


def _listed(index: Path) -> set[str]:
    """Arrays of the network that is replaced, whatever version saved it."""
    try:
        names = json.loads(index.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    return {name for name in names if str(name).endswith(".npy")}


def _is_ours(path: Path) -> bool:
    """Whether a file of the folder was written by `save_network`, be it one that was killed."""
    return path.name in (_UNFINISHED, f"{_INDEX}.writing") or _OURS.fullmatch(path.name) is not None


def _seal(tree: Any, checksums: Any) -> str:
    """Return the checksum of an index's own content."""
    return hashlib.sha256(json.dumps([tree, checksums], sort_keys=True, default=str).encode()).hexdigest()


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
        if kind == "note":
            return Note.from_dict(node)
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
            raise refusal("saved.unlisted", folder=self.folder, file=file)
        if not path.is_file():
            raise refusal("saved.missing", MissingFileError, file=path)
        if sha256_file(path) != self.checksums[file]:
            raise refusal("saved.changed", file=path)
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
    source = read_path(folder, "folder")
    path = source / _INDEX
    if not path.is_file():
        raise refusal("saved.absent", MissingFileError, file=path)
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        known = index["format"] == FORMAT
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refusal("saved.no_index", file=path) from error
    if not known:
        raise refusal("saved.format", file=path, format=index["format"], known=FORMAT)
    if _seal(index.get("network"), index.get("sha256")) != index.get("index_sha256"):
        raise refusal("saved.index_changed", file=path)
    try:
        network = _Reader(source, index["sha256"]).value(index["network"])
    except InputError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise refusal("saved.damaged", file=path, why=error) from error
    if not isinstance(network, Network):
        raise refusal("saved.no_network", file=path)
    return network
