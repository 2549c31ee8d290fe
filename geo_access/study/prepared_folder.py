"""A prepared study as a folder: tables, network, flags and the times known, bound to the bytes that they came from.

The folder opens memory-mapped, without any pickle. It is refused when a file of the study has changed, when the study
asks something else, or when another version wrote it; scenarios, costs, address files and the pages’ settings may
change freely.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from geo_access.diagnosis.diagnose import Diagnosis
from geo_access.manifest import code_version, sha256_file
from geo_access.network.model import Network
from geo_access.network.storage import FORMAT as NETWORK_FORMAT
from geo_access.network.storage import open_network, save_network
from geo_access.routing.query import Query
from geo_access.sources.gtfs.read import container_of
from geo_access.study.file import StudyFile
from geo_access.study.inputs import StudyInputs
from geo_access.study.provenance import table_files
from geo_access.study.stored import read_values, write_values
from geo_access.times.store import KnownAnswers
from geo_access.words.note import Note
from geo_access.words.told import refusal

__all__ = ["FORMAT", "PreparedParts", "hash_sources", "open_parts", "open_step_free", "prepared_folder", "save_parts"]

_MARK = "prepared.json"
_NETWORK = "network"
_STEP_FREE = "step_free"
# What of a study file changes nothing that is prepared.
_FREE = ("scenarios", "output", "costs", "addresses")
_SHOWN = 4


def _held_by(*roots: type) -> tuple[type, ...]:
    """Return all dataclasses that values of some classes are made of, as their fields say."""
    found: dict[type, None] = {}
    waiting: list[Any] = list(roots)
    while waiting:
        item = waiting.pop()
        waiting += typing.get_args(item)
        if isinstance(item, type) and is_dataclass(item) and item is not Note and item not in found:
            found[item] = None
            waiting += typing.get_type_hints(item).values()
    return tuple(found)


@dataclass(frozen=True, eq=False)
class PreparedParts:
    """What stands in the folder of a prepared study.

    Attributes
    ----------
    inputs : StudyInputs
    network : Network
    diagnosis : Diagnosis
    answers : KnownAnswers
        Links and times known of the network.
    sources : mapping of str to str
        SHA-256 of each file that was read, by its path from the study's folder.
    step_free : Network or None
        The network without a step, to be written beside; opened apart by `open_step_free`.
    """

    inputs: StudyInputs
    network: Network
    diagnosis: Diagnosis
    answers: KnownAnswers
    sources: Mapping[str, str]
    step_free: Network | None = None


# What a question of known times is made of is not told by its field: `Query`.
_CLASSES = _held_by(StudyInputs, Diagnosis, KnownAnswers, Query)


def _shape() -> str:
    """Short hash of what the classes hold: a folder of others than these cannot be read."""
    told = sorted(f"{made.__module__}.{made.__qualname__} {[item.name for item in fields(made)]}" for made in _CLASSES)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


FORMAT = f"geo-access-prepared/3-{_shape()} ({NETWORK_FORMAT})"


def prepared_folder(study: str | Path) -> Path:
    """Return where a study is prepared unless another folder is named: beside its file.

    Examples
    --------
    >>> prepared_folder("data/demo/study.toml").as_posix()
    'data/demo/study.prepared'
    """
    return Path(study).with_suffix(".prepared")


def hash_sources(file: StudyFile, study: Path) -> dict[str, str]:
    """Hash every file that a study is prepared from, and of the study itself what matters.

    Parameters
    ----------
    file : StudyFile
    study : pathlib.Path
        The study file.

    Returns
    -------
    dict of str to str
        SHA-256 by path from the study's folder; that of the study's own questions by the study's name.
    """
    feeds = [container_of(path)[0] for path in file.network.gtfs]
    breaks = () if file.network.school_breaks is None else (file.network.school_breaks,)
    found = {study.name: _questions(study)}
    for path in sorted({*table_files(file), *file.network.osm, *feeds, *breaks}):
        name = Path(os.path.relpath(path, study.resolve().parent)).as_posix()
        found[name] = sha256_file(path) if path.exists() else ""
    return found


def _questions(study: Path) -> str:
    """SHA-256 of all that a study file asks, whatever its comments and its order."""
    content = tomllib.loads(study.read_text(encoding="utf-8-sig"))
    asked = {key: value for key, value in content.items() if key not in _FREE}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def save_parts(parts: PreparedParts, folder: str | Path) -> Path:
    """Write a prepared study; a folder of an earlier one is replaced whole, once the new one is complete.

    Parameters
    ----------
    parts : PreparedParts
    folder : str or pathlib.Path

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        When the folder holds something else, or cannot be written.
    """
    target = Path(folder)
    if target.exists() and not (target / _MARK).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise refusal("prepared.foreign", folder=target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise refusal("prepared.not_written", folder=target, why=error.strerror or "") from None
    try:
        save_network(parts.network, working / _NETWORK)
        if parts.step_free is not None:
            save_network(parts.step_free, working / _STEP_FREE)
        whole = {"inputs": parts.inputs, "diagnosis": parts.diagnosis, "answers": parts.answers}
        write_values(working, whole, _CLASSES)
        mark = {"format": FORMAT, "version": code_version(), "sources": dict(parts.sources)}
        (working / _MARK).write_text(json.dumps(mark, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        working.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        working.replace(target)
    except OSError as error:
        raise refusal("prepared.not_written", folder=target, why=error.strerror or "") from None
    finally:
        shutil.rmtree(working, ignore_errors=True)
    return target


def open_parts(folder: str | Path, file: StudyFile, study: Path) -> PreparedParts:
    """Open a prepared study, its arrays memory-mapped.

    Parameters
    ----------
    folder : str or pathlib.Path
    file : StudyFile
        As it is now.
    study : pathlib.Path
        The study file.

    Returns
    -------
    PreparedParts

    Raises
    ------
    InputError
        When nothing is prepared there, when another version did, or when what it came from has changed: with the files.
    """
    source = Path(folder)
    mark = _mark(source, study)
    if (mark.get("format"), mark.get("version")) != (FORMAT, code_version()):
        raise refusal(
            "prepared.version",
            folder=source,
            made=f"{mark.get('version')}, {mark.get('format')}",
            known=f"{code_version()}, {FORMAT}",
            study=study.name,
        )
    now, then = hash_sources(file, study), mark.get("sources")
    changed = [name for name in {**then, **now} if now.get(name) != then.get(name)] if isinstance(then, dict) else ["?"]
    if changed:
        files = ", ".join(changed[:_SHOWN]) + (", …" if len(changed) > _SHOWN else "")
        raise refusal("prepared.stale", folder=source, files=files, study=study.name)
    values: Any = read_values(source, _CLASSES)
    try:
        inputs, diagnosis, answers = values["inputs"], values["diagnosis"], values["answers"]
    except (KeyError, TypeError) as error:
        raise refusal("prepared.damaged", folder=source, file=_MARK) from error
    return PreparedParts(inputs, open_network(source / _NETWORK), diagnosis, answers, now)


def open_step_free(folder: Path) -> Network | None:
    """Open the network without a step of a prepared study, memory-mapped; None where none was written.

    Parameters
    ----------
    folder : pathlib.Path
        Whose sources were compared already.
    """
    return open_network(folder / _STEP_FREE) if (folder / _STEP_FREE).is_dir() else None


def _mark(folder: Path, study: Path) -> dict[str, Any]:
    path = folder / _MARK
    if not path.is_file():
        raise refusal("prepared.absent", folder=folder, study=study.name)
    try:
        mark = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise refusal("prepared.damaged", folder=folder, file=_MARK) from error
    if not isinstance(mark, dict):
        raise refusal("prepared.damaged", folder=folder, file=_MARK)
    return mark
