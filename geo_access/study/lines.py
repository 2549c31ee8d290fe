"""Every line judged: who would lose their way without it, and who would gain with one trip more.

Each answer is that of a full recomputation with the line closed, or the trip added: the streets at both ends and all
that the line cannot touch are shared, nothing is estimated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import pandas as pd
from scipy import sparse

from geo_access.diagnosis.model import FlagRules
from geo_access.diagnosis.supply import Offers
from geo_access.errors import raise_faults
from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.edits import CloseLine, Edit, RepeatTrip
from geo_access.network.timetable.naming import Finder, line_reference
from geo_access.network.timetable.scenario import apply_edits
from geo_access.study.prepared import PreparedStudy, Progress, silent
from geo_access.times.longest import longest_ways, spans_asked
from geo_access.times.round_trip import NetworkTimes
from geo_access.words.told import fault

__all__ = ["Trial", "judge_lines", "line_trials", "reached_with", "tried"]

_MOST_GAP_S = 3600
_Case = tuple[str, str, str, str]


@dataclass(frozen=True)
class Trial:
    """One edit of a line that is tried."""

    line: int
    what: str
    edit: Edit
    at_s: int


def judge_lines(prepared: PreparedStudy, *, lines: Sequence[str] = (), progress: Progress = silent) -> pd.DataFrame:
    """Recompute the study without each line, and with one trip earlier and later on it.

    One trip earlier leaves as long before the first as the second leaves after it, at most an hour, in each direction
    of the line; one later mirrors it.

    Parameters
    ----------
    prepared : PreparedStudy
        With a timetable.
    lines : sequence of str
        Lines to judge, by id or by the name that is printed; all of them when none is named.
    progress : callable
        Called with a stage and the share done, 0–1.

    Returns
    -------
    pandas.DataFrame
        One row per line, trial (``closed``, ``earlier``, ``later``), métier, public, kind, schedule and threshold for
        which anybody gains or loses: ``line``, ``line_name``, ``towards``, ``at`` (clock of the trip added),
        ``won``, ``lost`` (residents), ranked by residents lost, then won.

    Raises
    ------
    InputError
        When the study has no timetable, or a line is unknown or ambiguous.
    """
    timetable = prepared.network.timetable
    if timetable is None:
        raise_faults([fault("study", "lines.no_timetable")])
    assert timetable is not None  # noqa: S101 — refused above
    finder = Finder(timetable, "lines")
    chosen = [finder.line(name) for name in lines]
    raise_faults(finder.faults)
    trials = [trial for trial in line_trials(timetable) if not lines or trial.line in chosen]
    before = reached_with(prepared, prepared.kept.on(prepared.network))
    rows = []
    for number, trial in enumerate(trials):
        progress("lines", number / max(len(trials), 1))
        edited = tried(prepared.network, timetable, trial)
        after = reached_with(prepared, prepared.kept.passing(edited), before=before)
        rows += list(_rows(prepared, timetable, trial, before, after))
    progress("lines", 1.0)
    columns = ["line", "line_name", "trial", "towards", "at", *_KEYS, "won", "lost"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["lost", "won", "line", "trial"], ascending=[False, False, True, True], ignore_index=True)


_KEYS = ("metier", "profile", "kind", "schedule", "threshold")


def reached_with(
    prepared: PreparedStudy, times: NetworkTimes, *, before: Mapping[_Case, np.ndarray] | None = None
) -> dict[_Case, np.ndarray]:
    """Who reaches enough places on another network, for every case that boards vehicles.

    Parameters
    ----------
    prepared : PreparedStudy
    times : NetworkTimes
        On that network.
    before : mapping, optional
        What was found on the network of the study: lent where no trip differs at the hours of a case.

    Returns
    -------
    dict of (profile, kind, schedule, threshold) to ndarray of bool, shape (n_points, n_metiers)
    """
    diagnosis = prepared.diagnosis
    found: dict[_Case, np.ndarray] = {}
    for (profile, kind, schedule), ask in diagnosis.asks.items():
        if not ask.uses_transit:
            continue
        cases = [
            case
            for case in diagnosis.cases
            if (case.profile.id, case.kind) == (profile, kind) and prepared.times_key(case) == schedule
        ]
        limits = [case.threshold.limit_s for case in diagnosis.cases if (case.profile.id, case.kind) == (profile, kind)]
        if not cases:
            continue
        # Nothing beyond the longest threshold counts: what runs earlier or later than that need not be searched again.
        asked = replace(ask, spread_s=0).travelling(max_s=min(ask.max_s, ceil(max(limits))))
        keys = [(profile, kind, case.schedule, case.threshold.id) for case in cases]
        sites = diagnosis.sites[kind]
        if before is not None and times.known.timetable_within(spans_asked(asked, sites)) is prepared.network.timetable:
            found |= {key: before[key] for key in keys}
            continue
        longest = longest_ways(times.known, diagnosis.residents.xy, sites, asked).seconds
        for key, case in zip(keys, cases, strict=True):
            within, beside = longest <= np.float64(case.threshold.limit_s), diagnosis.beside(case)
            if beside.asked:
                within |= beside.near().T
            found[key] = _enough(within, case.offers, prepared.rules)
    return found


def _enough(near: np.ndarray, offers: Offers, rules: FlagRules) -> np.ndarray:
    """Tell who has enough places of each métier among the sites that are near: (n_points, n_metiers)."""
    places = offers.open_places if rules.first else offers.all_places
    shape = (len(offers.metiers), len(near))
    offered = sparse.csr_matrix((places.astype(np.int32), offers.site, offers.indptr), shape=shape)
    return np.ascontiguousarray(rules.min_opportunities <= (offered @ near.astype(np.int32)).T)


def line_trials(timetable: Timetable) -> Iterator[Trial]:
    """Yield each line closed, then one trip before the first and after the last of each of its directions."""
    leaves = timetable.event_departure_s[timetable.trip_indptr[:-1]]
    for line in np.unique(timetable.trip_route).tolist():
        yield Trial(line, "closed", CloseLine(line_reference(timetable, line)), -1)
        today = np.flatnonzero((timetable.trip_route == line) & (timetable.trip_day == 0))
        last_stop = timetable.event_stop[timetable.trip_indptr[today + 1] - 1]
        for end in np.unique(last_stop).tolist():
            mine = today[last_stop == end]
            mine = mine[np.argsort(leaves[mine], kind="stable")]
            gap_s = int(min(_MOST_GAP_S, leaves[mine[1]] - leaves[mine[0]])) if len(mine) > 1 else _MOST_GAP_S
            tail_s = int(min(_MOST_GAP_S, leaves[mine[-1]] - leaves[mine[-2]])) if len(mine) > 1 else _MOST_GAP_S
            for what, trip, at_s in (
                ("earlier", mine[0], int(leaves[mine[0]]) - max(gap_s, 300)),
                ("later", mine[-1], int(leaves[mine[-1]]) + max(tail_s, 300)),
            ):
                if at_s >= 0:
                    yield Trial(line, what, RepeatTrip(str(timetable.trip_id[trip]), _clock(at_s)), at_s)


def tried(network: Network, timetable: Timetable, trial: Trial) -> Network:
    """Return the network of a trial; without its only line, vehicles run that nobody may board."""
    if trial.what == "closed" and (timetable.trip_route == trial.line).all():
        nobody = np.zeros_like(timetable.event_board)
        return replace(network, timetable=replace(timetable, event_board=nobody))
    return apply_edits(network, [trial.edit])


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def _rows(
    prepared: PreparedStudy,
    timetable: Timetable,
    trial: Trial,
    before: dict[_Case, np.ndarray],
    after: dict[_Case, np.ndarray],
) -> Iterator[tuple[object, ...]]:
    population = prepared.diagnosis.residents.population
    towards = ""
    if isinstance(trial.edit, RepeatTrip):
        trip = int(np.flatnonzero(timetable.trip_id == trial.edit.trip_id)[0])
        towards = str(timetable.stop_name[timetable.event_stop[timetable.trip_indptr[trip + 1] - 1]])
    for (profile, kind, schedule, threshold), old in before.items():
        new = after[profile, kind, schedule, threshold]
        if new is old:
            continue
        won, lost = population @ (new & ~old), population @ (old & ~new)
        for column in np.flatnonzero((won > 0) | (lost > 0)).tolist():
            yield (
                str(timetable.route_id[trial.line]),
                str(timetable.route_name[trial.line]),
                trial.what,
                towards,
                _clock(trial.at_s)[:5] if trial.at_s >= 0 else "",
                prepared.metiers[column].code,
                profile,
                kind,
                schedule,
                threshold,
                float(won[column]),
                float(lost[column]),
            )
