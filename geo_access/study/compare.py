"""Two result folders of any dates compared: what differs in inputs, in levels, in people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from geo_access.errors import InputError, raise_faults
from geo_access.manifest import sha256_file
from geo_access.study.delta import levels_moved
from geo_access.words.told import fault

__all__ = ["RunComparison", "compare_runs", "read_run"]

_KEYS = ["zone_id", "metier", "profile", "kind", "schedule", "threshold"]
_NAMED = ("metiers", "profiles", "schedules")
_NEEDED = [*_KEYS, "zone_name", "zone_kind", "level", "reachable_share", "residents"]


@dataclass(frozen=True, eq=False)
class RunComparison:
    """What differs between two runs.

    Attributes
    ----------
    inputs : pandas.DataFrame
        ``what`` (an input file, or a field of the question), ``state`` (changed, added, removed), ``before``,
        ``after``.
    flags : pandas.DataFrame
        Situations of both runs whose level or share differs: keys, ``level_before``, ``level_after``,
        ``share_before``, ``share_after``, ``residents``.
    people : pandas.DataFrame
        One row per métier, public, kind, schedule and threshold: residents who reach before and after, those gained
        and lost summed zone by zone apart, zones flagged and un-flagged. A zone inside another (a priority district
        in its commune) is left out of the sums.
    situations : int
        Situations that both runs hold.
    only_before, only_after : int
        Situations that one run alone holds.
    manifests : tuple of (str, str)
        SHA-256 of the manifests of the two runs.
    names : mapping of str to mapping of str to str
        ``metiers``, ``profiles``, ``schedules``: name by code or id, of the second run where both know one.
    """

    inputs: pd.DataFrame
    flags: pd.DataFrame
    people: pd.DataFrame
    situations: int
    only_before: int
    only_after: int
    manifests: tuple[str, str]
    names: Mapping[str, Mapping[str, str]]


def read_run(folder: str | Path) -> tuple[dict[str, object], pd.DataFrame]:
    """Read the manifest and the flags of a result folder.

    Raises
    ------
    InputError
        When the folder is no result, or of a version that wrote other columns.
    """
    folder = Path(folder)
    flags, manifest = folder / "flags.csv", folder / "manifest.json"
    if not flags.is_file() or not manifest.is_file():
        raise_faults([fault(str(folder), "compare.no_run", folder=folder)])
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        table = pd.read_csv(flags, dtype=dict.fromkeys(_KEYS, str), low_memory=False)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{folder}: this folder is no result of geo-access ({error}) → give the folder of a run",
            key="compare.no_run",
            values={"folder": folder},
        ) from None
    missing = [column for column in _NEEDED if column not in table]
    if missing:
        raise_faults([fault(str(folder), "compare.other_columns", folder=folder, columns=", ".join(missing))])
    return content, table


def compare_runs(before: str | Path, after: str | Path) -> RunComparison:
    """Compare two result folders.

    Parameters
    ----------
    before, after : str or pathlib.Path
        Folders written by a run, of any dates or versions that share the columns of ``flags.csv``.

    Returns
    -------
    RunComparison

    Raises
    ------
    InputError
        When a folder is no result.
    """
    (old_manifest, old), (new_manifest, new) = read_run(before), read_run(after)
    both = old.copy().merge(new.copy(), on=_KEYS, how="outer", suffixes=("_before", "_after"), indicator=True)
    shared = both[both["_merge"] == "both"]
    rows = pd.DataFrame(
        {
            **{key: shared[key] for key in _KEYS},
            "zone_name": shared["zone_name_after"],
            "zone_kind": shared["zone_kind_after"].astype(str),
            "level_before": shared["level_before"].astype(str),
            "level_after": shared["level_after"].astype(str),
            "share_before": pd.to_numeric(shared["reachable_share_before"], errors="coerce"),
            "share_after": pd.to_numeric(shared["reachable_share_after"], errors="coerce"),
            "residents_before": pd.to_numeric(shared["residents_before"], errors="coerce").fillna(0.0),
            "residents_after": pd.to_numeric(shared["residents_after"], errors="coerce").fillna(0.0),
        }
    )
    differs = (rows["level_before"] != rows["level_after"]) | ~np.isclose(
        rows["share_before"].fillna(-1.0), rows["share_after"].fillna(-1.0), atol=5e-5
    )
    return RunComparison(
        _inputs(old_manifest, new_manifest),
        rows[differs].reset_index(drop=True),
        _people(rows),
        len(rows),
        int((both["_merge"] == "left_only").sum()),
        int((both["_merge"] == "right_only").sum()),
        (sha256_file(Path(before) / "manifest.json"), sha256_file(Path(after) / "manifest.json")),
        {what: _names(old_manifest, what) | _names(new_manifest, what) for what in _NAMED},
    )


def _names(manifest: Mapping[str, object], what: str) -> dict[str, str]:
    """Names by code or id, as far as a manifest of any version tells them."""
    query = manifest.get("query")
    listed = query.get(what) if isinstance(query, dict) else None
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return {str(item.get("code", item.get("id"))): str(item["name"]) for item in items if item.get("name")}


def _flat(content: object, name: str = "") -> dict[str, str]:
    if isinstance(content, dict):
        return {
            key: value for k, part in content.items() for key, value in _flat(part, f"{name}.{k}".lstrip(".")).items()
        }
    if isinstance(content, list):
        return {key: value for k, part in enumerate(content) for key, value in _flat(part, f"{name}[{k}]").items()}
    return {name: str(content)}


def _inputs(old: dict[str, object], new: dict[str, object]) -> pd.DataFrame:
    rows = []
    for section in ("service_date", "geo_access", "inputs", "query"):
        left, right = (_flat(one[section], section) if one.get(section) else {} for one in (old, new))
        for name in dict.fromkeys([*left, *right]):
            if left.get(name) == right.get(name):
                continue
            state = "changed" if name in left and name in right else "added" if name in right else "removed"
            rows.append((name, state, left.get(name, ""), right.get(name, "")))
    return pd.DataFrame(rows, columns=["what", "state", "before", "after"])


def _people(rows: pd.DataFrame) -> pd.DataFrame:
    keys = _KEYS[1:]
    whole = rows[rows["zone_kind"] != "qpv"]
    reach_before = whole["share_before"].fillna(0.0) * whole["residents_before"]
    reach_after = whole["share_after"].fillna(0.0) * whole["residents_after"]
    moved = reach_after - reach_before
    table = whole[keys].assign(
        reached_before=reach_before,
        reached_after=reach_after,
        gained=moved.clip(lower=0),
        lost=(-moved).clip(lower=0),
    )
    people = table.groupby(keys, sort=False, as_index=False).sum()
    moved_levels = levels_moved(rows["level_before"], rows["level_after"])
    zones = rows[keys].assign(**{name: found.astype(int) for name, found in moved_levels.items()})
    return people.merge(zones.groupby(keys, sort=False, as_index=False).sum(), on=keys, how="left")
