"""A study from its file to its folder: read the request, call the stages, write what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo_access.errors import Fault, GeoAccessError, InputError, Told, import_extra, raise_faults
from geo_access.given import read_path
from geo_access.manifest import fingerprint, sha256_file
from geo_access.maps.paper import can_draw
from geo_access.report.printing import can_print
from geo_access.report.sheet import Person, SheetStudy, adviser_sheet
from geo_access.study.check import CheckReport, check_study
from geo_access.study.file import (
    StudyFile,
    flag_rules,
    read_study_file,
    study_metiers,
    study_profiles,
    study_schedules,
    study_thresholds,
)
from geo_access.study.findings import (
    flag_summary,
)
from geo_access.study.folder import free_sheet, output_folder
from geo_access.study.inputs import read_inputs
from geo_access.study.network import study_network
from geo_access.study.pictures import study_sources
from geo_access.study.prepared import open_prepared, prepare_study
from geo_access.study.raw import MAX_STUDY_BYTES
from geo_access.study.run import compute_run, write_run
from geo_access.study.workbench import Workbench
from geo_access.words.note import note
from geo_access.words.told import fault

if TYPE_CHECKING:
    from geo_access.times.cluster import Workers

__all__ = ["CheckReport", "RunSummary", "Study", "demo_study_path"]

Progress = Callable[[str, float], None]
Announce = Callable[[str], None]


def demo_study_path() -> Path:
    """Path of the demo's study file: in the installed package, or in a clone.

    Raises
    ------
    InputError
        When neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "demo", package.parent / "data" / "demo"):
        if (folder / "study.toml").is_file():
            return folder / "study.toml"
    raise InputError(
        f"{package / 'demo'}: the demo's data are not here → install the package again",
        key="no_demo",
        values={"folder": package / "demo"},
    )


@dataclass(frozen=True)
class RunSummary:
    """What a run wrote, and the figures of its flags.

    Attributes
    ----------
    folder : pathlib.Path
    flag_rows : tuple of tuple of str
        Métier, profile, kind, zones by level, share of the residents who get there and back.
    written : tuple of (str, int)
        Path relative to `folder`, and bytes.
    warnings : tuple of Note
        What a reader should know; first, what stood in the folder and was kept.
    language : str
    """

    folder: Path
    flag_rows: tuple[tuple[str, ...], ...]
    written: tuple[tuple[str, int], ...]
    warnings: tuple[Told, ...]
    language: str

    def to_dict(self) -> dict[str, Any]:
        """Return what a run wrote and said as plain values."""
        columns = ("metier", "public", "kind", "adequate", "fragile", "inadequate", "residents")
        return {
            "folder": str(self.folder),
            "written": [{"path": path, "bytes": size} for path, size in self.written],
            "flags": [dict(zip(columns, row, strict=False)) for row in self.flag_rows],
            "warnings": [each.told(self.language) for each in self.warnings],
        }


def _silent(stage: str, share: float) -> None:
    del stage, share


def _quiet(line: str) -> None:
    del line


@contextmanager
def _workers(scheduler: str | None, out: Path) -> Iterator[Workers | None]:
    """Meet the workers of a scheduler, for as long as a run lasts."""
    if scheduler is None:
        yield None
        return
    import_extra("distributed", "dask")
    from geo_access.times.cluster import meet_workers  # noqa: PLC0415 — an extra

    folder = out.resolve()
    with meet_workers(scheduler, folder.with_name(f"{folder.name}-network")) as workers:
        yield workers


@dataclass(frozen=True, eq=False)
class Study:
    """A study file and where it came from.

    Attributes
    ----------
    file : StudyFile
    path : pathlib.Path
    sha256 : str
        Of the study file as it was read; empty for a study that was not read from one.
    """

    file: StudyFile
    path: Path
    sha256: str = ""

    @classmethod
    def from_file(cls, path: str | Path) -> Study:
        """Read and check a study file.

        Raises
        ------
        InputError
            With everything wrong in it, and in the tables and feeds that it names.
        """
        path = read_path(path, "path")
        known = path.is_file() and path.stat().st_size <= MAX_STUDY_BYTES
        digest = sha256_file(path) if known else ""
        try:
            file = read_study_file(path)
        except GeoAccessError as error:
            # What is wrong in the tables is told with what is wrong in the keys, as `check` tells it.
            raise_faults(check_study(path).faults, error=type(error))
            raise
        if sha256_file(path) != digest:
            raise_faults(
                [Fault(path.name, "the file changed while it was read", "run again", key="changed_while_read")]
            )
        return cls(file, path, digest)

    @classmethod
    def demo(cls) -> Study:
        """Return the study of the demo's synthetic territory, which travels with the package.

        Raises
        ------
        InputError
            When its data are not there.

        Examples
        --------
        >>> Study.demo().file.study.synthetic
        True
        """
        return cls.from_file(demo_study_path())

    def only(self, *, metiers: Sequence[str] | None = None, profiles: Sequence[str] | None = None) -> Study:
        """Ask fewer questions: some of the study's métiers and publics, in its order.

        Parameters
        ----------
        metiers : sequence of str, optional
            Codes; all of the study by default.
        profiles : sequence of str, optional
            Ids of publics; all of the study by default.

        Returns
        -------
        Study
            Isochrones are drawn for its first public where that of the study is left out. The scenarios of the
            file, which may speak of what is left out, are not in it.

        Raises
        ------
        InputError
            With every name that is not in the study, or when none is left.

        Examples
        --------
        >>> [metier.code for metier in Study.demo().only(metiers=["F1602"]).file.metiers]
        ['F1602']
        """
        codes = [metier.code for metier in self.file.metiers]
        ids = [profile.id for profile in self.file.profiles]
        asked = (("metiers", metiers, codes), ("profiles", profiles, ids))
        raise_faults(
            fault(option, "option_unknown", value=name, known=", ".join(known))
            for option, given, known in asked
            for name in ((known if given is None else given) or [""])
            if name not in known
        )
        kept = {name for option, given, known in asked for name in (known if given is None else given)}
        drawn = self.file.output.isochrone_profile
        output = self.file.output.model_copy(update={"isochrone_profile": drawn if drawn in kept else None})
        fewer = {
            "metiers": tuple(metier for metier in self.file.metiers if metier.code in kept),
            "profiles": tuple(profile for profile in self.file.profiles if profile.id in kept),
            "output": output,
            "scenarios": (),
        }
        return replace(self, file=self.file.model_copy(update=fewer))

    def prepare(self, *, progress: Progress = _silent) -> Workbench:
        """Read, build and diagnose, to ask in Python: places, flags, isochrones, remedies, scenarios.

        Parameters
        ----------
        progress : callable
            Called with a stage and the share done, 0–1.

        Returns
        -------
        Workbench

        Raises
        ------
        GeoAccessError
            With everything wrong in the study.
        """
        return Workbench(prepare_study(self.path, file=self.file, progress=progress))

    def open(self, folder: str | Path | None = None) -> Workbench:
        """Open what `Workbench.save` or ``geo-access prepare`` wrote: in a moment, as `prepare` would make it.

        Parameters
        ----------
        folder : str or pathlib.Path, optional
            Beside the study file by default.

        Returns
        -------
        Workbench

        Raises
        ------
        InputError
            When nothing is prepared there, when a file of the study changed since, or when another version did it.
        """
        return Workbench(open_prepared(self.path, folder))

    def check(self) -> CheckReport:
        """Read and validate everything, build the network, compute nothing: what `run` would refuse is refused here.

        Returns
        -------
        CheckReport

        Raises
        ------
        InputError
            With every fault of every table and feed.
        """
        report = check_study(self.path)
        raise_faults(report.faults)
        return report

    def run(
        self,
        out: str | Path,
        *,
        overwrite: bool = False,
        progress: Progress = _silent,
        announce: Announce = _quiet,
        scheduler: str | None = None,
    ) -> RunSummary:
        """Run the study and write its folder; nothing is left there when it fails.

        Parameters
        ----------
        out : str or pathlib.Path
            Folder to write.
        overwrite : bool
            Whether an earlier result may be replaced.
        progress : callable
            Called with a stage and the share done, 0–1.
        announce : callable
            Called with the estimate of memory and time, before the work begins.
        scheduler : str, optional
            Address of a Dask scheduler, ``tcp://host:8786``, whose workers work out the times on the study's networks;
            the results are the same. They must see ``<out>-network``, where the networks are saved for them.

        Returns
        -------
        RunSummary

        Raises
        ------
        GeoAccessError
            With what is wrong, where, and what to do.
        """
        out = Path(out)
        with output_folder(out, overwrite=overwrite) as result, _workers(scheduler, out) as workers:
            ran = compute_run(
                self.file, self.path, sha256=self.sha256, progress=progress, announce=announce, workers=workers
            )
            written = write_run(result.folder, ran, progress=progress)
        progress("write", 1.0)
        unprinted = (note("start.no_paper"),) if not can_draw() else () if can_print() else (note("start.no_pdf"),)
        notes: tuple[Told, ...] = (*result.notes, *ran.manifest.warnings, *unprinted)
        return RunSummary(out, flag_summary(self.file, ran.diagnosis), written, notes, self.file.study.language)

    def sheet(self, path: str | Path, *, origin: tuple[float, float], metier: str, profile: str | None = None) -> Path:
        """Write the adviser's page for one person; nothing personal is kept.

        Parameters
        ----------
        path : str or pathlib.Path
            HTML file to write, which must not exist, or a folder: sheets are numbered in it.
        origin : tuple of float
            Longitude and latitude [degrees].
        metier : str
            Code of a métier of the study.
        profile : str, optional
            Id of a public of the study; the first by default.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        InputError
            For a métier or a public that is not in the study, or a place that is none.
        """
        metiers = {item.code: item for item in study_metiers(self.file)}
        known_publics = [item.id for item in self.file.profiles]
        chosen = profile if profile is not None else known_publics[0]
        faults = [
            Fault(
                option,
                f"{value!r} is not in the study",
                "one of " + ", ".join(known),
                key="option_unknown",
                values={"value": value, "known": ", ".join(known)},
            )
            for option, value, known in (("--metier", metier, metiers), ("--profile", chosen, known_publics))
            if value not in known
        ]
        raise_faults(faults)
        path = free_sheet(Path(path))
        inputs, network = read_inputs(self.file, self.path), study_network(self.file)
        study = SheetStudy(
            study_thresholds(self.file),
            study_schedules(self.file),
            self.file.study.date,
            training=inputs.training,
            employers=inputs.employers,
            rules=flag_rules(self.file),
            residents=inputs.points,
            carpool=inputs.beside.carpool,
            sources=study_sources(self.file),
            manifest_id=fingerprint(network.inputs, metier, chosen),
            synthetic=self.file.study.synthetic,
        )
        public = next(item for item in study_profiles(self.file, network) if item.id == chosen)
        person = Person(origin, metiers[metier], public)
        return adviser_sheet(path, network=network, person=person, study=study, language=self.file.study.language)
