"""Try a study through `check` and `run`: what became of it, how long it took, what it said."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from geo_access.errors import GeoAccessError, raise_faults
from geo_access.study.check import check_study
from geo_access.study.study import Study

__all__ = ["Trial", "try_study"]


@dataclass(frozen=True)
class Trial:
    """What became of a study.

    Attributes
    ----------
    outcome : str
        ``ran``, ``refused``, ``traceback`` (another error than ours), ``promise`` (`run` refused what `check` had
        accepted), ``other words`` (both refused, not for the same reason).
    said : str
        The message, or the end of the traceback.
    seconds : float
        Of both.
    counted : str
        Points, zones and sites of the result; empty when there is none.
    noted : str
        What the result says was lost, repaired or assumed.
    """

    outcome: str
    said: str
    seconds: float
    counted: str = ""
    noted: str = ""


def _attempt(work: object) -> tuple[str, str]:
    """Give the kind of end and its words."""
    try:
        work()  # type: ignore[operator]
    except (GeoAccessError, OSError) as error:
        return "refused", str(error)
    except Exception:  # noqa: BLE001 — what nobody foresaw is what is looked for
        return "traceback", traceback.format_exc(limit=-4)
    return "ran", ""


def try_study(path: Path, out: Path) -> Trial:
    """Check and run a study."""
    start = time.perf_counter()
    checked, said = _attempt(lambda: raise_faults(check_study(path).faults))
    ran, told = _attempt(lambda: Study.from_file(path).run(out))
    seconds = time.perf_counter() - start
    if "traceback" in (checked, ran):
        return Trial("traceback", said if checked == "traceback" else told, seconds)
    if ran == "refused" and checked == "ran":
        return Trial("promise", told, seconds)
    if checked == "refused" and ran == "ran":
        return Trial("promise", f"check alone refused: {said}", seconds)
    if said != told:
        return Trial("other words", f"{said}\n≠ {told}", seconds)
    if ran == "refused":
        return Trial(ran, told, seconds)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    noted = [manifest["warnings"], [(report["losses"], report["notes"]) for report in manifest["reading"]]]
    return Trial(ran, told, seconds, json.dumps(manifest["counts"]), json.dumps(noted))
