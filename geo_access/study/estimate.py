"""What a run will take, said beforehand: processor time and memory, from counts of the work."""

from __future__ import annotations

from dataclasses import dataclass

from geo_access.modes import Mode
from geo_access.study.file import StudyFile
from geo_access.study.inputs import StudyInputs
from geo_access.words.words import format_number, text

__all__ = ["Estimate", "estimate_of"]

# Processor time [s] and memory [MB] of each count of work, fitted to what five studies took
# (tests/benchmarks/bench_estimates.py, a quiet machine): 4 points over straight lines (5 s, 594 MB), the same with
# streets and a bus (5 s, 629 MB), 20,000 points (7 s, 709 MB), the demo's first métier and public (9 s, 746 MB), the
# whole demo with its three scenarios (58 s, 1,418 MB). Beside other programs the same work takes a third more.
_REPORT_S = 2.3
_FLOOR_S = 1.4
_TRANSIT_S = 0.3
_MAP_S = 0.5
_MAP_ZONE_S = 0.017
_FILE_S = 0.2
_FILE_MB_S = 0.15
# A site asked for one public at one time: there and back, and the questions that lift its limits.
_SWEEP_S = 0.008
_REMEDY_SWEEP_S = 0.006
_REMEDY_S = 0.4
_PAIR_S = 5e-7
_POINT_S = 3e-5
# A scenario is diagnosed on its own day and compared with what was, in shares of the diagnosis of one day.
_SCENARIO_S = 0.5
_SCENARIO_SHARE = 1.7
_FLOOR_MB = 490.0
_MAP_MB = 45.0
_TIMETABLE_MB = 35.0
_STREETS_MB = 120.0
_POINT_MB = 0.005
_PAIR_MB = 1.3e-6
# Times that are kept, and the most that the store keeps.
_KEPT_MB = 1.1e-4
_MOST_KEPT_MB = 537.0
_SHORT_S = 90.0


@dataclass(frozen=True)
class Estimate:
    """About what a run takes.

    Attributes
    ----------
    points, sites, profiles : int
        What is counted.
    seconds : float
        Of processor [s].
    megabytes : float
        At the most [MB].
    """

    points: int
    sites: int
    profiles: int
    seconds: float
    megabytes: float

    def told(self, language: str = "fr") -> str:
        """Say it in a sentence."""
        short = self.seconds < _SHORT_S
        return text(
            "cli.estimate_seconds" if short else "cli.estimate",
            language,
            points=format_number(self.points, language),
            sites=format_number(self.sites, language),
            profiles=self.profiles,
            memory_mb=format_number(self.megabytes, language),
            **{
                "seconds" if short else "minutes": format_number(self.seconds if short else self.seconds / 60, language)
            },
        )


def estimate_of(file: StudyFile, inputs: StudyInputs) -> Estimate:
    """Estimate the processor time and the memory of a run.

    Parameters
    ----------
    file : StudyFile
    inputs : StudyInputs

    Returns
    -------
    Estimate
        From counts of points, sites, publics, hours, days, métiers and scenarios, and the size of the network's files.
    """
    tables = {"training": inputs.training, "job": inputs.employers}
    sites = {kind: 0 if table is None else int(table["site_id"].nunique()) for kind, table in tables.items()}
    points, metiers, scenarios = len(inputs.points), len(file.metiers), len(file.scenarios)
    riding = sum(Mode(profile.mode).uses_transit for profile in file.profiles)
    hours = {kind: sum(schedule.kind == kind for schedule in file.schedules) for kind in sites}
    # Without hours in the study, employers are asked at their own.
    sweeps = riding * sum(count * max(1, hours[kind]) for kind, count in sites.items())
    days = 1 + len(file.study.ordinary_dates) + (file.study.other_date is not None)
    pairs = points * sum(sites.values()) * len(file.profiles)
    read_mb = sum(path.stat().st_size for path in (*file.network.osm, *file.network.gtfs) if path.is_file()) / 1e6
    one_day = (_TRANSIT_S if riding else 0.0) + _SWEEP_S * sweeps + _PAIR_S * pairs
    seconds = _REPORT_S + _FLOOR_S + _POINT_S * points + days * one_day
    seconds += days * (_FILE_S + _FILE_MB_S * read_mb if read_mb else 0.0)
    seconds += metiers * (_MAP_S + _MAP_ZONE_S * len(inputs.zones) + _REMEDY_S * riding) + _REMEDY_SWEEP_S * sweeps
    seconds += scenarios * (_SCENARIO_S + _SCENARIO_SHARE * one_day)
    megabytes = _FLOOR_MB + _MAP_MB * metiers + _POINT_MB * points + _PAIR_MB * pairs
    megabytes += (_TIMETABLE_MB if riding else 0.0) + (_STREETS_MB if file.network.osm else 0.0)
    megabytes += min(_MOST_KEPT_MB, _KEPT_MB * points * sweeps * (1 + scenarios))
    return Estimate(points, sum(sites.values()), len(file.profiles), seconds, megabytes)
