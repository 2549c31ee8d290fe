"""Scenarios written into the study file: only that file, its comments kept, and never over somebody else's edit."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

from geo_access.errors import MissingFileError, raise_faults
from geo_access.study.changes import ScenarioSection
from geo_access.study.file import StudyFile, read_study_file, validated
from geo_access.words.told import refusal

__all__ = ["file_mark", "save_scenario", "scenario_toml"]

_WORKING = "geo-access"
# A study file is written in milliseconds: a working file this old is that of a process that was killed.
_ABANDONED_S = 60.0


def file_mark(path: str | Path) -> str:
    """Hash of a file's bytes: as the page last knew it.

    Raises
    ------
    MissingFileError
        When it cannot be read.
    """
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        raise refusal("study.no_file", MissingFileError, file=str(path)) from None


def scenario_toml(scenario: ScenarioSection) -> str:
    """Write a scenario as the study file holds it.

    Examples
    --------
    >>> from geo_access.study.changes import ThresholdChanged
    >>> one = ScenarioSection(id="long", name="90 min", changes=(ThresholdChanged(id="formation_60", minutes=90),))
    >>> print(scenario_toml(one).splitlines()[0])
    [[scenarios]]
    """
    document = tomlkit.document()
    document.append("scenarios", _list_of([_table(scenario)]))
    return tomlkit.dumps(document)


def save_scenario(path: str | Path, scenario: ScenarioSection, *, known: str, replace: bool = False) -> str:
    """Write a scenario into a study file; everything else of the file stays as it is, comments included.

    Parameters
    ----------
    path : str or pathlib.Path
        The study file.
    scenario : ScenarioSection
    known : str
        `file_mark` of the file as it was read: another one is somebody else's edit, and nothing is written.
    replace : bool
        Whether a scenario of the same id may be replaced.

    Returns
    -------
    str
        The new `file_mark`.

    Raises
    ------
    InputError
        When the file changed meanwhile, holds the id already, cannot be written, or would not be a valid study.
    """
    target = Path(path).resolve()
    before = _bytes(target)
    if hashlib.sha256(before).hexdigest() != known:
        raise refusal("scenario.file_changed", file=target.name)
    document = tomlkit.parse(before.decode("utf-8-sig"))
    held: Any = document.get("scenarios")
    if held is None:
        document.append("scenarios", _list_of([_table(scenario)]))
    else:
        names = [str(item.get("id")) for item in held]
        if scenario.id not in names:
            held.append(_table(scenario))
        elif not replace:
            raise refusal("scenario.held", id=scenario.id)
        else:
            held[names.index(scenario.id)] = _table(scenario)
    content = tomlkit.dumps(document).encode()
    _checked(target, content)
    _written(target, content, before)
    return hashlib.sha256(content).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise refusal("study.no_file", MissingFileError, file=str(path)) from None


def _table(scenario: ScenarioSection) -> Table:
    table = tomlkit.table()
    table["id"], table["name"] = scenario.id, scenario.name
    if scenario.after is not None:
        table["after"] = scenario.after
    changes = []
    for change in scenario.changes:
        own = tomlkit.table()
        for name, value in sorted(
            change.model_dump(mode="json", exclude_none=True, exclude_defaults=False).items(),
            key=lambda item: item[0] != "change",
        ):
            if value not in ("", []):
                own[name] = value
        changes.append(own)
    table.append("changes", _list_of(changes))
    return table


def _list_of(tables: list[Table]) -> AoT:
    listed = tomlkit.aot()
    for item in tables:
        listed.append(item)
    return listed


def _checked(path: Path, content: bytes) -> None:
    """Refuse to write what would not be read again as a study, or what has lost something of it."""
    study, faults = validated(path, tomllib.loads(content.decode()))
    raise_faults(faults)
    before: StudyFile = read_study_file(path)
    kept = {item.id for item in before.scenarios} - {item.id for item in study.scenarios if study} if study else set()
    if kept:
        raise refusal("scenario.would_lose", ids=", ".join(sorted(kept)))


def _working_files(path: Path) -> Iterator[Path]:
    """Working files beside the study file."""
    yield from path.parent.glob(f".{path.name}.{_WORKING}-????????")


def _written(path: Path, content: bytes, before: bytes) -> None:
    """Replace the file whole, or not at all; what a killed process left half written goes."""
    mode = path.stat().st_mode & 0o777
    name = ""
    try:
        for left in _working_files(path):
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                left.unlink()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.{_WORKING}-", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        if path.read_bytes() != before:
            raise refusal("scenario.file_changed", file=path.name)
        Path(name).replace(path)
        name = ""
    except OSError as error:
        raise refusal("scenario.not_written", file=path.name, why=error.strerror or "") from None
    finally:
        if name:
            with contextlib.suppress(OSError):
                Path(name).unlink()
