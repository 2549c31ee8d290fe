"""Parts of streamed times on disk: which are whole, whose they are, and how ids are kept in them."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.manifest import Manifest, read_manifest
from geo_access.times.address import Address, Place, sha256_of, write_text, writing
from geo_access.words.note import Note, note

__all__ = ["OpenedParts", "claim_folder", "one_type", "open_parts", "sound_parts", "write_ledger", "write_part"]

_LEDGER = "parts.json"
_OURS = re.compile(r"part-\d{5}\.(parquet|([0-9a-f]{8}\.)?writing)|(manifest|parts)\.json(\.writing)?")
_NAMED = 5
_INT64 = np.iinfo(np.int64)


def one_type(ids: np.ndarray) -> bool:
    """Whether a column of a table holds these ids in the type that they have.

    Examples
    --------
    >>> one_type(np.array([1, 2], dtype=object)), one_type(np.array([1, "a"], dtype=object))
    (True, False)
    >>> one_type(np.array([10**30], dtype=object))
    False
    """
    kinds = {type(value) for value in ids.tolist()}
    if len(kinds) > 1 or not kinds <= {int, str, float, bool}:
        return not kinds
    return kinds != {int} or all(_INT64.min <= value <= _INT64.max for value in ids.tolist())


def claim_folder(folder: Place, manifest: Manifest) -> None:
    """Take a folder for a run: make it, go on with what this run began there, or refuse.

    Raises
    ------
    InputError
        When it is a file, or holds another run or other files.
    CapacityError
        When the disk or the store does not take anything.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"{folder} is a file → name a folder for the parts", key="stream.file", values={"folder": folder}
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    note = folder / "manifest.json"
    strange = sorted(entry.name for entry in folder.iterdir() if not _OURS.fullmatch(entry.name))
    owner = _owner(folder)
    if not note.exists() and owner is None and any(folder.iterdir()):
        raise InputError(
            f"{folder} holds other files → name an empty or new folder", key="stream.foreign", values={"folder": folder}
        )
    if owner is None and note.exists() and (read_manifest(note) is None or strange):
        raise InputError(
            f"{note} cannot be read → name another folder, or delete it",
            key="stream.unreadable",
            values={"file": note},
        )
    if owner is not None and owner != manifest.id:
        raise InputError(
            f"{folder} holds another run ({owner}, this one is {manifest.id}): query, points or network differ → "
            "name another folder, or delete it",
            key="stream.other_run",
            values={"folder": folder, "owner": owner, "own": manifest.id},
        )
    for left in folder.iterdir():
        if left.name.endswith(".writing") and _OURS.fullmatch(left.name):
            left.unlink()
    if (read_manifest(note) or {}).get("id") != manifest.id:
        with writing(note):
            write_text(note, manifest.to_json())


def _owner(folder: Place) -> str | None:
    """Run that a folder belongs to, by its manifest or its ledger; None when neither can be read."""
    for content in (read_manifest(folder / "manifest.json"), _read_ledger(folder)):
        owner = (content or {}).get("id")
        if isinstance(owner, str):
            return owner
    return None


def _read_ledger(folder: Place) -> Mapping[str, Any]:
    try:
        content = json.loads((folder / _LEDGER).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def sound_parts(folder: Place, parts: Sequence[Place], run: str) -> dict[str, dict[str, Any]]:
    """Rows and SHA-256 of the parts that are, byte for byte, what a run wrote; by name.

    Parameters
    ----------
    folder : Path or Address
    parts : sequence of Path or Address
        Parts wanted.
    run : str
        Id of the run's manifest.

    Returns
    -------
    dict of str to dict
        ``rows``, ``sha256``.
    """
    ledger = _read_ledger(folder)
    known = ledger.get("parts")
    if ledger.get("id") != run or not isinstance(known, dict):
        return {}
    entries = {part: known.get(part.name) for part in parts}
    return {
        part.name: entry
        for part, entry in entries.items()
        if isinstance(entry, dict) and part.is_file() and sha256_of(part) == entry.get("sha256")
    }


def write_part(frame: pd.DataFrame, part: Place, *, attempt: str = "") -> dict[str, Any]:
    """Write one part whole, and say its rows and SHA-256.

    Parameters
    ----------
    frame : DataFrame
    part : Path or Address
    attempt : str
        Eight hexadecimal digits, where several may write the same part at once.

    Returns
    -------
    dict
        ``rows``, ``sha256``.

    Raises
    ------
    CapacityError
        When the disk or the store does not take it.
    """
    if isinstance(part, Address):
        table = io.BytesIO()
        frame.to_parquet(table, index=False)
        content = table.getvalue()
        with writing(part):
            part.write_bytes(content)
        return {"rows": len(frame), "sha256": hashlib.sha256(content).hexdigest()}
    unfinished = part.with_suffix(f".{attempt}.writing" if attempt else ".writing")
    try:
        with writing(part):
            frame.to_parquet(unfinished, index=False)
            digest = sha256_of(unfinished)
            unfinished.replace(part)
    finally:
        unfinished.unlink(missing_ok=True)
    return {"rows": len(frame), "sha256": digest}


def write_ledger(folder: Place, entries: Mapping[str, Mapping[str, Any]], run: str) -> None:
    """Write down which parts are whole."""
    content = {"id": run, "parts": dict(sorted(entries.items()))}
    with writing(folder):
        write_text(folder / _LEDGER, json.dumps(content, indent=1) + "\n")


@dataclass(frozen=True, eq=False)
class OpenedParts:
    """A folder taken for a run, with what is whole in it.

    Attributes
    ----------
    folder : Path or Address
    files : tuple of Path or Address
        All parts of the run, written or not.
    ledger : dict of str to dict
        ``rows`` and ``sha256`` of the parts that are whole, by name; `keep` adds to it.
    ids_kept : bool
        Whether the origins' ids keep their type in a table.
    manifest : Manifest
    notes : tuple of Note
        Parts that were damaged; ids that a table can only keep as text.
    """

    folder: Place
    files: tuple[Place, ...]
    ledger: dict[str, dict[str, Any]]
    ids_kept: bool
    manifest: Manifest
    notes: tuple[Note, ...]

    def keep(self, file: Place, entry: dict[str, Any]) -> None:
        """Write down that a part is whole."""
        self.ledger[file.name] = entry
        write_ledger(self.folder, self.ledger, self.manifest.id)


def open_parts(origin_ids: np.ndarray, manifest: Manifest, folder: Place, n_parts: int) -> OpenedParts:
    """Take a folder for a run of so many parts, and look at what is whole there.

    Parameters
    ----------
    origin_ids : ndarray of object
    manifest : Manifest
        Its `id` says which run the folder belongs to.
    folder : Path or Address
    n_parts : int

    Returns
    -------
    OpenedParts

    Raises
    ------
    InputError
        When the folder holds another run, or is something else.
    """
    files = tuple(folder / f"part-{number:05d}.parquet" for number in range(n_parts))
    kept = one_type(origin_ids)
    kinds = "text" if not kept else type(next(iter(origin_ids.tolist()), "")).__name__
    manifest = replace(manifest, extra={**manifest.extra, "origin_ids": kinds})
    claim_folder(folder, manifest)
    ledger = sound_parts(folder, files, manifest.id)
    damaged = [file.name for file in files if file.exists() and file.name not in ledger]
    notes = [note("stream.computed_again", n=len(damaged), parts=", ".join(damaged[:_NAMED]))] if damaged else []
    notes += [] if kept else [note("stream.ids_as_text")]
    return OpenedParts(folder, files, ledger, kept, manifest, tuple(notes))
