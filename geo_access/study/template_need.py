"""The section ``[needs]`` of a study to start from: what the folder holds of it, tried before it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from geo_access.errors import GeoAccessError
from geo_access.sources.places.zones import read_zones
from geo_access.study.need_sections import BasinsTable, NeedsSection
from geo_access.study.needs import read_basins, read_needs
from geo_access.study.recognise import Recognised
from geo_access.words.messages import error_text
from geo_access.words.words import text

__all__ = ["need_sections"]


def need_sections(
    found: Sequence[Recognised], *, name: Callable[[Path], str], language: str
) -> tuple[str, tuple[str, ...]]:
    """Write the tables of the need that a folder holds; one that a run would refuse stands there as a comment.

    Parameters
    ----------
    found : sequence of Recognised
        All files of the folder.
    name : callable
        How the study names a file.
    language : str

    Returns
    -------
    (str, tuple of str)
        TOML, empty without such tables; and why a table is a comment.
    """
    files = {each.format: each.path for each in reversed(found) if each.role == "need"}
    passages = {key: files[key] for key in ("fap2021_rome",) if key in files}
    steps: list[str] = []
    sound: dict[str, Path] = {}
    idle: dict[str, Path] = {}
    for key in ("bmo", "tensions", "rome_hours"):
        if key not in files:
            continue
        with_passage = {} if key == "rome_hours" else passages
        why = _refused({key: files[key], **with_passage}, language)
        if why:
            steps.append(text("init.need_idle", language, file=files[key].name, why=why))
        (idle if why else sound)[key] = files[key]
    if sound.keys() & {"bmo", "tensions"}:
        sound |= passages
    zones = [each.path for each in found if each.role == "zones"]
    if "basins" in files and "bmo" in sound:
        (sound if _shared_codes(files["basins"], zones[:1]) else idle)["basins"] = files["basins"]
    if not sound and not idle:
        return "", ()
    words = "".join(f"# {line}\n" for line in text("init.need", language).splitlines())
    words += "".join(f"\n[needs.{key}]\nfile = {name(path)}\n" for key, path in sound.items())
    words += "".join(f"\n# [needs.{key}]\n# file = {name(path)}\n" for key, path in idle.items())
    return words, tuple(steps)


def _refused(files: Mapping[str, Path], language: str) -> str:
    """Tell what a run would say of these tables; empty when it would take them."""
    try:
        read_needs(NeedsSection.model_validate({key: {"file": path} for key, path in files.items()}))
    except GeoAccessError as error:
        return error_text(error, language)
    except ValueError:
        return text("error.study.needs_passage", language, keys=", ".join(files))
    return ""


def _shared_codes(basins: Path, zones: Sequence[Path]) -> bool:
    """Whether a zone of the folder's first layer has its basin in the table."""
    try:
        table = read_basins(BasinsTable(file=basins))
        codes = {str(code) for path in zones for code in read_zones(path)["zone_id"]}
    except GeoAccessError:
        return False
    return bool(codes & set(table["zone_id"]))
