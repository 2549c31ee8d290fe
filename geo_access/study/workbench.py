"""A prepared study in Python: its places, its flags, its isochrones, and any number of what-ifs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from geo_access.given import require_kind
from geo_access.network.model import Network
from geo_access.study.bands import band_counts, located, study_isochrones
from geo_access.study.changes import Change
from geo_access.study.delta import Delta
from geo_access.study.file import checked_changes
from geo_access.study.findings import Findings, findings
from geo_access.study.inputs import find_origin
from geo_access.study.prepared import PreparedStudy
from geo_access.study.whatif import Outcome, run_scenario
from geo_access.times.round_trip import RoundTrip

__all__ = ["Scenario", "Workbench"]

Kind = Literal["training", "job"]


@dataclass(frozen=True, eq=False)
class Workbench:
    """A study that was read, built and diagnosed once, to be asked in Python; made by `Study.prepare`.

    Attributes
    ----------
    base : PreparedStudy
        Inputs, network, diagnosis and the times known so far.
    """

    base: PreparedStudy

    def __post_init__(self) -> None:
        """Refuse what is no prepared study, such as the path of one."""
        require_kind(self.base, PreparedStudy, "base", made_by="Study.from_file(…).prepare()")

    def __repr__(self) -> str:
        """Return one line: what the study asks, of whom, where."""
        asked = f"{len(self.base.metiers)} métiers × {len(self.base.profiles)} publics"
        return f"Workbench({self.base.file.study.name!r}: {asked}, {len(self.zones):,} zones, {self.network!r})"

    @property
    def network(self) -> Network:
        """Streets and the timetable of the study's day."""
        return self.base.network

    @property
    def zones(self) -> gpd.GeoDataFrame:
        """Zones that are judged: ``zone_id, zone_name, zone_kind``, polygons in their file's CRS."""
        return self.base.inputs.zones

    @cached_property
    def points(self) -> gpd.GeoDataFrame:
        """Populated points: ``id, population``, …; Point, in their file's CRS."""
        return self.base.inputs.points.rename(columns={"point_id": "id"})

    @property
    def flags(self) -> pd.DataFrame:
        """One row per zone, métier, public, kind, schedule and threshold: level, share, reason, confidence.

        ``geo-access run`` writes them as ``flags.csv``; ``flags_dictionary.csv`` says what each column means.
        """
        return self.base.diagnosis.flags

    def save(self, folder: str | Path | None = None, *, step_free: bool = False) -> Path:
        """Write all that is known into a folder, which `Study.open` opens in a moment.

        Parameters
        ----------
        folder : str or pathlib.Path, optional
            Beside the study file by default; what was prepared there before is replaced.
        step_free : bool
            Whether to write the network without a step too: its streets are read once more for it.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        InputError
            When the folder holds something else, or when this is not the study of the file: a scenario, a part of it.
        """
        return self.base.save(folder, step_free=step_free)

    @property
    def rules(self) -> str:
        """Version and figures of the rules by which the flags were decided."""
        return self.base.diagnosis.rules.text()

    @property
    def manifest_id(self) -> str:
        """Fingerprint of everything that was read and asked [hexadecimal]: what a paper should cite."""
        return self.base.manifest_id

    def supply(self, metier: str, *, kind: Kind = "training") -> gpd.GeoDataFrame:
        """Offers of a métier that have a position, one row each: sessions, or openings.

        Parameters
        ----------
        metier : str
            Code of a métier of the study.
        kind : {"training", "job"}

        Returns
        -------
        geopandas.GeoDataFrame
            As the study read them; without rows when there are none. Remote and mobile offers have no place.

        Raises
        ------
        InputError
            When the study has no such métier.
        """
        self.base.metier(metier)
        table = self.base.inputs.training if kind == "training" else self.base.inputs.employers
        found = located(table, metier)
        if found is None:
            return self.points.iloc[:0][["geometry"]] if table is None else table.iloc[:0]
        return found

    def sites(self, metier: str | None = None, *, kind: Kind = "training") -> gpd.GeoDataFrame:
        """Places where something is offered, each once.

        Parameters
        ----------
        metier : str, optional
            Code of a métier of the study; all of them by default.
        kind : {"training", "job"}

        Returns
        -------
        geopandas.GeoDataFrame
            ``id, name, offered``: places or openings offered there [count]; Point, in the CRS of the network.

        Raises
        ------
        InputError
            When the study has no such métier.
        """
        codes = [item.code for item in self.base.metiers] if metier is None else [metier]
        rows = pd.concat([self.supply(code, kind=kind).to_crs(self.network.epsg) for code in codes])
        columns = ["id", "name", "offered", "geometry"]
        if rows.empty:
            return gpd.GeoDataFrame(columns=columns, geometry="geometry", crs=self.network.epsg)
        amount = "places" if kind == "training" else "openings"
        by_site = rows.groupby("site_id", sort=False)
        table = by_site.first()[["geometry"]].assign(
            name=by_site["site_name"].first() if "site_name" in rows else "",
            offered=by_site[amount].sum() if amount in rows else by_site.size(),
        )
        table = table.rename_axis("id").reset_index()[columns]
        return gpd.GeoDataFrame(table, geometry="geometry", crs=self.network.epsg)

    def isochrones(self, *, profile: str | None = None) -> dict[str, gpd.GeoDataFrame]:
        """Isochrones to the nearest site of each métier, asked exactly as the flags are.

        Parameters
        ----------
        profile : str, optional
            Id of a public; by default the one that the study draws.

        Returns
        -------
        dict of str to geopandas.GeoDataFrame
            By code of the métier; ``minutes`` and nested polygons, in the CRS of the network. Métiers without a site
            have none.

        Raises
        ------
        InputError
            When the study has no such public.
        """
        chosen = None if profile is None else self.base.profile(profile).id
        return study_isochrones(self.base.file, self.base.inputs, self.network, profile=chosen)

    def band_counts(self, bands: Mapping[str, gpd.GeoDataFrame]) -> pd.DataFrame:
        """Count who and what lies within each band of each métier; residents and supply, each with its share of all.

        Parameters
        ----------
        bands : mapping of str to geopandas.GeoDataFrame
            From `isochrones`.

        Returns
        -------
        pandas.DataFrame
            ``metier, minutes, area_km2, residents``, …: the columns of ``band_counts.csv``.
        """
        return band_counts(self.base.file, self.base.inputs, dict(bands))

    @cached_property
    def findings(self) -> Findings:
        """Remedies, plans of sessions and of trips, components of the supply: each recomputed, none guessed."""
        times = self.base.kept.on(self.network)
        return findings(self.base.file, self.base.inputs, times, self.base.diagnosis)

    def origin(self, words: str, *, addresses: Sequence[str | Path] = ()) -> tuple[float, float]:
        """Longitude and latitude of a person's place; nothing of it is kept, and nothing leaves the machine.

        Parameters
        ----------
        words : str
            ``"lon,lat"``, or an address on one line.
        addresses : sequence of str or pathlib.Path
            Files of the Base adresse nationale; those of the study by default.

        Returns
        -------
        tuple of float
            Longitude and latitude [degrees].

        Raises
        ------
        InputError
            When nothing says where to look an address up, or it is unknown, doubtful or ambiguous.
        """
        return find_origin(words, self.base.file, addresses=[Path(path) for path in addresses])

    def scenario(self, changes: Sequence[Change | Mapping[str, Any]]) -> Scenario:
        """Apply changes and diagnose again; only what they touch is computed.

        Parameters
        ----------
        changes : sequence of Change or mapping
            Mappings are written as in the study file's ``[[scenarios.changes]]``.

        Returns
        -------
        Scenario

        Raises
        ------
        InputError
            With every change that is wrong or cannot be applied.

        Examples
        --------
        >>> import geo_access as ga
        >>> bench = ga.Study.demo().only(metiers=["H2913"], profiles=["sans_voiture"]).prepare()
        >>> longer = bench.scenario([{"change": "threshold", "id": "formation_60", "minutes": 90}])
        >>> float(longer.delta.people["residents_lost"].sum())
        0.0
        """
        given = [item.model_dump(mode="python") if not isinstance(item, Mapping) else dict(item) for item in changes]
        return Scenario(run_scenario(self.base, checked_changes(given)))


@dataclass(frozen=True, eq=False)
class Scenario:
    """A what-if and what it does to whom; made by `Workbench.scenario`.

    Attributes
    ----------
    outcome : Outcome
        Both studies, and the changes between them.
    """

    outcome: Outcome

    def __repr__(self) -> str:
        """Return one line: the changes, in the language of the study."""
        return f"Scenario({'; '.join(self.told)})"

    @cached_property
    def after(self) -> Workbench:
        """The study as it would be: to be drawn, counted, and changed further."""
        return Workbench(self.outcome.after)

    @property
    def flags(self) -> pd.DataFrame:
        """Flags after the change."""
        return self.outcome.after.diagnosis.flags

    @property
    def times(self) -> Mapping[tuple[str, str, str], RoundTrip]:
        """Times after the change, points × sites, by public, kind and schedule."""
        return self.outcome.times

    @property
    def delta(self) -> Delta:
        """Who gained and who lost, counted apart: ``people`` by question, ``zones`` that moved."""
        return self.outcome.delta

    @property
    def told(self) -> tuple[str, ...]:
        """The changes in words, in the language of the study."""
        language = self.outcome.before.file.study.language
        return tuple(item.told(language) for item in self.outcome.told)
