"""A scenario run against the prepared study: the study as it would be, and what became of everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from geo_access.study.changes import Change
from geo_access.study.delta import Delta, compare_prepared
from geo_access.study.scenario import apply_changes
from geo_access.times.round_trip import RoundTrip
from geo_access.words.note import Note

if TYPE_CHECKING:
    from geo_access.study.prepared import PreparedStudy, Progress

__all__ = ["Outcome", "run_scenario"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """A scenario and what it does.

    Attributes
    ----------
    before, after : PreparedStudy
    changes : tuple of Change
    """

    before: PreparedStudy
    after: PreparedStudy
    changes: tuple[Change, ...]

    @cached_property
    def delta(self) -> Delta:
        """Who gained and who lost."""
        return compare_prepared(self.before, self.after)

    @property
    def flags(self) -> pd.DataFrame:
        """Flags of the study as it would be."""
        return self.after.diagnosis.flags

    @property
    def times(self) -> Mapping[tuple[str, str, str], RoundTrip]:
        """Times as they would be, by public, kind and schedule."""
        return self.after.diagnosis.times

    @property
    def told(self) -> tuple[Note, ...]:
        """The changes in words."""
        return tuple(change.told() for change in self.changes)


def _silent(stage: str, share: float) -> None:
    del stage, share


def run_scenario(
    base: PreparedStudy, changes: Sequence[Change], *, where: str = "scenario", progress: Progress = _silent
) -> Outcome:
    """Apply changes to a prepared study and diagnose it again; only what they touch is computed.

    Parameters
    ----------
    base : PreparedStudy
    changes : sequence of Change
    where : str
        What the faults name.
    progress : callable
        Called with a stage and the share done, 0–1.

    Returns
    -------
    Outcome

    Raises
    ------
    InputError
        With everything that cannot be applied.

    Examples
    --------
    See `geo_access.study.workbench.Workbench.scenario`, the verb that users call.
    """
    assumed = apply_changes(base.assumptions, changes, where=where)
    return Outcome(base, base.assuming(assumed, progress=progress), tuple(changes))
