"""A study opened: its tables read, its network built, all that is wrong told at once, by `check` and `run` alike.

Whatever would stop the computing afterwards is looked for here, so that `run` never refuses what `check` accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np

from geo_access.diagnosis.residents import read_residents
from geo_access.diagnosis.supply import job_offers, training_offers
from geo_access.errors import Fault, GeoAccessError, raise_faults
from geo_access.network.model import CrowFly, Network
from geo_access.network.search.links import link_points
from geo_access.network.search.links_checks import extent_of, misplaced, network_parts
from geo_access.routing.query import Query
from geo_access.study.contents import Contents, read_contents
from geo_access.study.file import StudyFile, study_metiers, study_profiles
from geo_access.study.inputs import StudyInputs, read_inputs
from geo_access.study.network import OtherDays, other_days, study_network
from geo_access.study.provenance import Watched, watch
from geo_access.study.scenario import Assumptions
from geo_access.study.written_scenarios import check_scenarios
from geo_access.study.zonings import read_units
from geo_access.words.note import Note, note

__all__ = ["OpenedStudy", "Unopened", "off_streets", "open_study", "try_to_open"]

_ON_FOOT = Query("walk")


@dataclass(frozen=True, eq=False)
class OpenedStudy:
    """What a study is computed from.

    Attributes
    ----------
    inputs : StudyInputs
    network : Network
    days : OtherDays
        Networks of the other days that the study names.
    watched : Watched
        Hashes of the tables as they were read.
    """

    inputs: StudyInputs
    network: Network
    days: OtherDays
    watched: Watched


@dataclass(frozen=True)
class Unopened:
    """Why a study cannot be computed.

    Attributes
    ----------
    faults : tuple of Fault
        All, each with the key of the study that names its file where there is one.
    contents : Contents
        What was read all the same.
    error : type of GeoAccessError
        What to raise with them.
    """

    faults: tuple[Fault, ...]
    contents: Contents
    error: type[GeoAccessError]


def _nobody(inputs: StudyInputs) -> None:
    del inputs


def open_study(file: StudyFile, path: Path, *, when_read: Callable[[StudyInputs], None] = _nobody) -> OpenedStudy:
    """Read the tables, build the network, and look at both together.

    Parameters
    ----------
    file : StudyFile
    path : pathlib.Path
        The study file, for the messages.
    when_read : callable
        Called with the tables once they are read, before the network is built.

    Returns
    -------
    OpenedStudy

    Raises
    ------
    GeoAccessError
        With every fault of every table, of the streets and of the timetables at once.
    """
    opened = try_to_open(file, path, when_read=when_read)
    if isinstance(opened, OpenedStudy):
        return opened
    raise_faults(opened.faults, error=opened.error)
    raise AssertionError("a study that failed to open says why")


def try_to_open(
    file: StudyFile, path: Path, *, when_read: Callable[[StudyInputs], None] = _nobody
) -> OpenedStudy | Unopened:
    """Open a study as `open_study` does; where it cannot be, say all that is wrong, in the words of `run` and `check`.

    Parameters
    ----------
    file : StudyFile
    path : pathlib.Path
        The study file, for the messages.
    when_read : callable
        Called with the tables once they are read, before the network is built.

    Returns
    -------
    OpenedStudy or Unopened
    """
    try:
        return _opened(file, path, when_read)
    except GeoAccessError as error:
        own = error.faults or (Fault(path.name, str(error), key=error.key, values=error.values),)
        inside = read_contents(file, path)
        told = {(each.key, each.what) for each in inside.faults}
        faults = (*inside.faults, *(each for each in own if (each.key, each.what) not in told))
        return Unopened(tuple(dict.fromkeys(faults)), inside, type(error))


def _opened(file: StudyFile, path: Path, when_read: Callable[[StudyInputs], None]) -> OpenedStudy:
    watched = watch(file)
    failed: list[GeoAccessError] = []
    inputs = network = days = None
    try:
        inputs = read_inputs(file, path)
        when_read(inputs)
    except GeoAccessError as error:
        failed.append(error)
    try:
        network = study_network(file)
        days = other_days(file, network)
    except GeoAccessError as error:
        failed.append(error)
    _raise_all(failed, path)
    if inputs is None or network is None or days is None:
        raise AssertionError("a study that failed to open says why")
    watched.confirm()
    raise_faults(_misplaced(inputs, network))
    _foresee(file, inputs, network)
    check_scenarios(Assumptions(file, inputs, network), path)
    return OpenedStudy(inputs, network, days, watched)


def _raise_all(failed: list[GeoAccessError], path: Path) -> None:
    if len(failed) == 1:
        raise failed[0]
    faults = [
        fault
        for error in failed
        for fault in error.faults or (Fault(path.name, str(error), key=error.key, values=error.values),)
    ]
    raise_faults(faults)


def _misplaced(inputs: StudyInputs, network: Network) -> list[Fault]:
    """Positions that cannot be meant: (0, 0), swapped, in another CRS, or all far from the network."""
    west, south, east, north = inputs.zones.to_crs(network.epsg).total_bounds
    # As the crow flies there is neither street nor stop: the zones are the territory.
    extent = extent_of(*(network_parts(network) or [np.array([[west, south], [east, north]])]))
    tables = {
        "points": (inputs.points, "point_id"),
        "training": (inputs.training, "site_id"),
        "employers": (inputs.employers, "site_id"),
    }
    faults: list[Fault] = []
    for name, (table, identifier) in tables.items():
        if table is not None:
            xy, ids = _positions(table, identifier, network.epsg)
            faults += misplaced(xy, extent=extent, epsg=network.epsg, where=name, ids=ids)
    return faults


def off_streets(opened: OpenedStudy) -> tuple[Note, ...]:
    """Say how many populated points and sites no street of the study comes near: nobody walks from or to them."""
    network, found = opened.network, []
    if isinstance(network.streets, CrowFly):
        return ()
    tables = (("points", opened.inputs.points), ("sites", opened.inputs.training), ("sites", opened.inputs.employers))
    for name, table in tables:
        if table is None:
            continue
        xy, _ = _positions(table, "point_id" if name == "points" else "site_id", network.epsg)
        limit_m = _ON_FOOT.link_limit_m
        links = link_points(network.streets, xy, mode="walk", limit_m=limit_m)
        if lost := int((~links.ok).sum()):
            found.append(note(f"check.{name}_off_streets", n=lost, all=len(xy), limit_m=round(limit_m)))
    return tuple(found)


def _foresee(file: StudyFile, inputs: StudyInputs, network: Network) -> None:
    """Make what the diagnosis starts with, so that it cannot refuse it later."""
    metiers = study_metiers(file)
    study_profiles(file, network)
    read_units(file, inputs.points)
    read_residents(inputs.points, inputs.membership, inputs.zones, epsg=network.epsg, people=file.flag.people)
    if inputs.training is not None:
        training_offers(inputs.training, metiers, epsg=network.epsg)
    if inputs.employers is not None:
        job_offers(inputs.employers, metiers, epsg=network.epsg)


def _positions(table: gpd.GeoDataFrame, identifier: str, epsg: int) -> tuple[np.ndarray, list[object]]:
    here = table.geometry.notna() & ~table.geometry.is_empty
    placed = table[here].to_crs(epsg)
    return np.column_stack((placed.geometry.x, placed.geometry.y)), placed[identifier].tolist()
