"""What a run will take, said beforehand: processor time and memory, from counts of the work."""

from __future__ import annotations

from dataclasses import dataclass

from geo_access.study.file import StudyFile
from geo_access.study.inputs import StudyInputs
from geo_access.words.words import format_number, text

__all__ = ["Estimate", "estimate_of"]

# Processor time and memory: once, for each métier drawn, for each site and public swept, for each pair. Fitted to what
# was measured: 4 points (5 s, 496 MB; with a bus 6.6 s, 531 MB), 1,640 points and 105 sites (37 s, 836 MB), and a
# region of 151,480 points (180 s, 1.6 GB); each is met within × 1.2.
_FLOOR_S = 2.0
_DRAWN_S = 1.5
_SWEEP_S = 0.083
_PAIR_S = 2e-7
_FLOOR_MB = 490.0
_DRAWN_MB = 45.0
_BYTES_PER_PAIR = 4.7
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
    """
    sites = sum(table["site_id"].nunique() for table in (inputs.training, inputs.employers) if table is not None)
    sweeps = sites * len(file.profiles)
    pairs = len(inputs.points) * sweeps
    drawn = len(file.metiers)
    seconds = _FLOOR_S + drawn * _DRAWN_S + sweeps * _SWEEP_S + pairs * _PAIR_S
    megabytes = _FLOOR_MB + drawn * _DRAWN_MB + pairs * _BYTES_PER_PAIR / 1e6
    return Estimate(len(inputs.points), int(sites), len(file.profiles), seconds, megabytes)
