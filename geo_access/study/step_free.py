"""The same territory without a step: streets, stations, stops and trips that one can use on wheels."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from geo_access.errors import ServiceDateError
from geo_access.network.model import CrowFly, Network
from geo_access.network.streets.congestion import with_congestion
from geo_access.network.streets.streets import build_streets
from geo_access.study.file import StudyFile
from geo_access.study.network import study_holidays, study_network
from geo_access.words.told import refusal

__all__ = ["step_free_network", "trips_vouched_for"]

_STREETS_READ_AT = dt.time(8)


def step_free_network(file: StudyFile, network: Network) -> Network:
    """Build the network of a study in which nobody climbs a step.

    On foot it has the streets of the profile ``walk_step_free`` (no steps without a ramp, no raised kerb, no rough
    surface, as far as OSM tells) under the name ``walk``: whatever walks, also to a stop and between two, keeps to
    them. Of the timetables it has what `geo_access.sources.gtfs.feed.wheelchair_feed` keeps.

    Parameters
    ----------
    file : StudyFile
    network : Network
        Of the study: what is built must come from the same files.

    Returns
    -------
    Network
        Without any trip where the feeds vouch for none, see `trips_vouched_for`.

    Raises
    ------
    InputError
        Where the study has no streets, but straight lines: they know of no step; where its files changed since.
    """
    section = file.network
    if isinstance(network.streets, CrowFly):
        raise refusal("study.step_free_streets")
    streets = build_streets(
        list(section.osm),
        epsg=network.epsg,
        modes=("walk_step_free", "bike", "car"),
        moment=dt.datetime.combine(file.study.date, _STREETS_READ_AT),
        school_breaks=study_holidays(file),
    )
    streets = with_congestion(streets, section.car_congestion, hour=section.car_hour)
    graphs = {name: graph for name, graph in streets.graphs.items() if name != "walk_step_free"}
    level = replace(streets, graphs={"walk": streets.graphs["walk_step_free"], **graphs})
    try:
        found = study_network(file, streets=level, wheelchair=bool(section.gtfs))
    except ServiceDateError:
        # No trip of the day is vouched for: one still gets about on these streets.
        on_foot = file.model_copy(update={"network": section.model_copy(update={"gtfs": ()})})
        found = study_network(on_foot, streets=level)
    # The streets were read here: their hashes are known by what the whole network was built from.
    changed = [name for name, digest in found.inputs.items() if network.inputs.get(name) != digest]
    if changed:
        raise refusal("study.step_free_changed", files=", ".join(changed))
    return replace(found, inputs=dict(network.inputs))


def trips_vouched_for(network: Network) -> int:
    """Count the trips of a network's timetable; none where it has no timetable.

    Examples
    --------
    >>> from geo_access.network.build import build_network
    >>> trips_vouched_for(build_network(gtfs="data/demo/gtfs_rail.zip", date="2026-03-17", crow_fly_detour=1.3)) > 0
    True
    """
    return 0 if network.timetable is None else int(network.timetable.n_trips)
