"""What if: the study under other assumptions, and what became of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import Point

from geo_access.clock import parse_clock
from geo_access.crs import WGS84
from geo_access.errors import Fault, GeoAccessError, raise_faults
from geo_access.network.model import CrowFly, Network, Streets, Timetable
from geo_access.network.search.links import link_points
from geo_access.network.timetable.edits import RemoveTrips, RepeatTrip
from geo_access.network.timetable.naming import Finder
from geo_access.network.timetable.scenario import apply_edits
from geo_access.routing.query import Query
from geo_access.study.changes import (
    CancelTrips,
    Change,
    FareFree,
    HoursMoved,
    LineBooked,
    RulesChanged,
    ScenarioSection,
    SessionAdded,
    SessionClosed,
    SessionMoved,
    StreetsChanged,
    ThresholdChanged,
    TripRepeated,
)
from geo_access.study.file import StudyFile
from geo_access.study.inputs import StudyInputs
from geo_access.study.network import study_network
from geo_access.study.sections import CostsSection
from geo_access.study.thresholds import ThresholdSection
from geo_access.words.note import Note, note
from geo_access.words.told import fault

__all__ = ["Assumptions", "PlacedChange", "apply_changes", "apply_placed", "scenario_changes"]


@dataclass(frozen=True, eq=False)
class Assumptions:
    """What a diagnosis rests on.

    Attributes
    ----------
    file : StudyFile
        Thresholds, rules, publics and schedules.
    inputs : StudyInputs
        Supply and need.
    network : Network
    """

    file: StudyFile
    inputs: StudyInputs
    network: Network


def scenario_changes(scenarios: Sequence[ScenarioSection], scenario_id: str) -> tuple[Change, ...]:
    """Return the changes of a scenario, those it builds on first.

    Parameters
    ----------
    scenarios : sequence of ScenarioSection
    scenario_id : str

    Returns
    -------
    tuple of Change

    Raises
    ------
    InputError
        For an unknown scenario, or one that builds on itself.
    """
    by_id = {item.id: item for item in scenarios}
    chain: list[ScenarioSection] = []
    wanted: str | None = scenario_id
    while wanted is not None:
        if wanted not in by_id:
            raise_faults([fault("scenarios", "scenario.unknown", name=wanted, known=", ".join(by_id))])
        if by_id[wanted] in chain:
            raise_faults([fault(f"scenarios: {scenario_id}", "scenario.circle", name=wanted)])
        chain.insert(0, by_id[wanted])
        wanted = by_id[wanted].after
    return tuple(change for item in chain for change in item.changes)


def apply_changes(base: Assumptions, changes: Sequence[Change], *, where: str = "scenario") -> Assumptions:
    """Apply changes in order; what is given stays as it is.

    Parameters
    ----------
    base : Assumptions
    changes : sequence of Change
    where : str
        What the faults name.

    Returns
    -------
    Assumptions
        Shares all that no change touches.

    Raises
    ------
    InputError
        With everything that cannot be applied: names that are unknown (the nearest ones are told) or ambiguous, edits
        that contradict one another, changes that change nothing.
    """
    placed = [PlacedChange(change, f"{where}: {k}. {change.change}") for k, change in enumerate(changes, start=1)]
    return apply_placed(base, placed)


@dataclass(frozen=True)
class PlacedChange:
    """A change, and where it is written.

    Attributes
    ----------
    change : Change
    where : str
        What a fault names.
    place : Note, optional
        The same in the reader's language.
    """

    change: Change
    where: str
    place: Note | None = None

    def told(self, found: Fault) -> Fault:
        """Say of a fault that it stands here."""
        if found.where.startswith("edits") or found.where == self.where:
            return replace(found, where=self.where, place=self.place)
        # What is wrong lies in a file that the change names.
        place = self.place
        if place is not None:
            values = dict(place.values)
            place = note(place.key, **{**values, "where": f"{values['where']}: {found.where}"})
        return replace(found, where=f"{self.where}: {found.where}", place=place)


def apply_placed(base: Assumptions, changes: Sequence[PlacedChange]) -> Assumptions:
    """Apply changes in order, as `apply_changes` does, each with its own place.

    Parameters
    ----------
    base : Assumptions
    changes : sequence of PlacedChange

    Returns
    -------
    Assumptions

    Raises
    ------
    InputError
        With everything that cannot be applied.
    """
    faults: list[Fault] = []
    found = base
    # Streets come first: what is drawn on them (new stops, run times) is drawn on those that there will be.
    for placed in sorted(changes, key=lambda item: not isinstance(item.change, StreetsChanged)):
        try:
            found = _applied(found, placed.change, placed.where)
        except GeoAccessError as error:
            own = error.faults or (Fault(placed.where, str(error), key=error.key, values=error.values),)
            faults += [placed.told(item) for item in own]
    raise_faults(faults)
    return found


def _applied(base: Assumptions, change: Change, where: str) -> Assumptions:
    if isinstance(change, SessionAdded | SessionMoved | SessionClosed):
        return replace(base, inputs=_training_changed(base, change, where))
    if isinstance(change, HoursMoved):
        return replace(base, inputs=_hours_moved(base.inputs, change, where))
    if isinstance(change, ThresholdChanged):
        return replace(base, file=_threshold_changed(base.file, change, where))
    if isinstance(change, RulesChanged):
        flag = base.file.flag.model_copy(update=change.given)
        if flag.fragile_share >= flag.adequate_share:
            shares = {"fragile": flag.fragile_share, "adequate": flag.adequate_share}
            raise_faults([fault(where, "study.shares", **shares)])
        return replace(base, file=base.file.model_copy(update={"flag": flag}))
    if isinstance(change, StreetsChanged):
        return _streets_changed(base, change, where)
    if isinstance(change, LineBooked):
        return replace(base, network=_line_booked(base.network, change, where))
    if isinstance(change, FareFree):
        costs = base.file.costs or CostsSection()
        paid = costs.model_copy(update={"pass_month_eur": change.pass_month_eur})
        return replace(base, file=base.file.model_copy(update={"costs": paid}))
    return replace(base, network=apply_edits(base.network, [_service_edit(base.network, change, where)]))


# --- supply ---------------------------------------------------------------------------------------------------------


def _training_changed(
    base: Assumptions, change: SessionAdded | SessionMoved | SessionClosed, where: str
) -> StudyInputs:
    table = base.inputs.training
    if table is None:
        raise_faults([fault(where, "scenario.no_training")])
    assert table is not None  # noqa: S101 — refused above
    if isinstance(change, SessionAdded):
        codes = [metier.code for metier in base.file.metiers]
        if change.metier not in codes:
            raise_faults([fault(where, "scenario.no_metier", name=change.metier, known=", ".join(codes))])
        return replace(base.inputs, training=_with_session(base, table, change, where))
    site = change.origin if isinstance(change, SessionMoved) else change.site
    mine = table["site_id"].astype(str) == site
    if change.metier is not None:
        mine &= table["metier"].astype(str) == change.metier
    if not mine.any():
        named = f"{site} ({change.metier})" if change.metier else site
        raise_faults([fault(where, "scenario.no_session", name=named, near=_near_sites(table, site))])
    if isinstance(change, SessionClosed):
        return replace(base.inputs, training=table[~mine].reset_index(drop=True))
    place = _place(base, change, where)
    moved = table.copy()
    for column, value in place.items():
        moved.loc[mine, column] = value
    return replace(base.inputs, training=moved)


def _place(base: Assumptions, change: SessionAdded | SessionMoved, where: str) -> dict[str, Any]:
    """Columns of a table that say where a site is."""
    inputs = base.inputs
    if change.site is None:
        point = gpd.GeoSeries([Point(float(change.lon or 0.0), float(change.lat or 0.0))], crs=WGS84)
        name = change.name or change.where
        _refuse_off_streets(base.network.streets, point, name, where)
        return {
            "site_id": f"+{name}",
            "site_name": name,
            "position_quality": "exact",
            "geometry": point.to_crs(_crs(inputs)).iloc[0],
        }
    for table in (inputs.training, inputs.employers):
        if table is None:
            continue
        rows = table[table["site_id"].astype(str) == change.site]
        if len(rows):
            first = rows.iloc[0]
            geometry = gpd.GeoSeries([first.geometry], crs=table.crs).to_crs(_crs(inputs)).iloc[0]
            return {
                "site_id": first["site_id"],
                "site_name": first["site_name"],
                "position_quality": first["position_quality"],
                "geometry": geometry,
            }
    known = inputs.training if inputs.training is not None else inputs.employers
    raise_faults([fault(where, "scenario.no_site", name=change.site, near=_near_sites(known, change.site))])
    raise AssertionError


def _refuse_off_streets(streets: Streets | CrowFly, point: gpd.GeoSeries, name: str, where: str) -> None:
    """Refuse a place that no street of any mode leads to: nobody would gain, and nothing would say why."""
    if isinstance(streets, CrowFly):
        return
    xy = point.to_crs(streets.epsg).get_coordinates().to_numpy(np.float64)
    limit_m = Query("walk").link_limit_m
    if not any(link_points(streets, xy, mode=mode, limit_m=limit_m).ok.any() for mode in streets.graphs):
        raise_faults([fault(where, "scenario.off_streets", name=name, metres=f"{limit_m:g}")])


def _crs(inputs: StudyInputs) -> Any:
    table = inputs.training if inputs.training is not None else inputs.employers
    return WGS84 if table is None else table.crs


def _near_sites(table: gpd.GeoDataFrame | None, wanted: str) -> str:
    import difflib  # noqa: PLC0415 — only where a name is unknown

    if table is None:
        return "–"
    known = table["site_id"].astype(str).unique().tolist()
    return ", ".join(difflib.get_close_matches(wanted, known, n=4, cutoff=0.3) or known[:6])


def _with_session(base: Assumptions, table: gpd.GeoDataFrame, change: SessionAdded, where: str) -> gpd.GeoDataFrame:
    row: dict[str, Any] = dict.fromkeys(table.columns, pd.NA)
    row |= {"metier": change.metier, "level": change.level, "places": change.places, "modality": "on_site"}
    row |= {"filled": 0} if "filled" in table else {}
    row |= _place(base, change, where)
    row |= {"row": -1} if "row" in table else {}
    added = gpd.GeoDataFrame([row], geometry="geometry", crs=table.crs)
    typed = added.astype({name: kind for name, kind in table.dtypes.items() if name != "geometry"}, errors="ignore")
    return gpd.GeoDataFrame(pd.concat([table, typed], ignore_index=True), geometry="geometry", crs=table.crs)


def _hours_moved(inputs: StudyInputs, change: HoursMoved, where: str) -> StudyInputs:
    table = inputs.employers
    if table is None:
        raise_faults([fault(where, "scenario.no_employers")])
    assert table is not None  # noqa: S101 — refused above
    at_site = table["site_id"].astype(str) == change.site
    if not at_site.any():
        raise_faults([fault(where, "scenario.no_site", name=change.site, near=_near_sites(table, change.site))])
    same = np.array(
        [
            _same_clock(start, change.start) and _same_clock(end, change.end)
            for start, end in zip(table["shift_start"], table["shift_end"])
        ]
    )
    mine = at_site & same
    if not mine.any():
        hours = ", ".join(
            sorted({f"{s}–{e}" for s, e in zip(table[at_site]["shift_start"], table[at_site]["shift_end"])})
        )
        raise_faults(
            [fault(where, "scenario.no_shift", name=change.site, asked=f"{change.start}–{change.end}", known=hours)]
        )
    moved = table.copy()
    moved.loc[mine, "shift_start"], moved.loc[mine, "shift_end"] = change.new_start, change.new_end
    return replace(inputs, employers=moved)


def _same_clock(given: object, wanted: str) -> bool:
    return given is not None and given is not pd.NA and parse_clock(str(given)) == parse_clock(wanted)


# --- rules ----------------------------------------------------------------------------------------------------------


def _threshold_changed(file: StudyFile, change: ThresholdChanged, where: str) -> StudyFile:
    known = [item.id for item in file.thresholds]
    if change.id not in known:
        raise_faults([fault(where, "scenario.no_threshold", name=change.id, known=", ".join(known))])
    moved = tuple(_at_other(item, change, where) if item.id == change.id else item for item in file.thresholds)
    return file.model_copy(update={"thresholds": moved})


def _at_other(section: ThresholdSection, change: ThresholdChanged, where: str) -> ThresholdSection:
    """Return a threshold at other minutes or kilometres; its norm, if any, stays named as what it was."""
    given: dict[str, object] = {} if change.minutes is None else {"minutes": change.minutes}
    if change.without_kilometres:
        if section.measured is None:
            raise_faults([fault(where, "scenario.no_kilometres", name=section.id)])
        given |= {"kilometres": None, "measured": None}
    if change.kilometres is not None:
        measured = change.measured or section.measured
        if measured is None:
            raise_faults([fault(where, "study.threshold_measured")])
        given |= {"kilometres": change.kilometres, "measured": measured}
    return section.model_copy(update=given)


# --- network --------------------------------------------------------------------------------------------------------


def _streets_changed(base: Assumptions, change: StreetsChanged, where: str) -> Assumptions:
    """Build the network anew with the drawn streets; what is drawn next is drawn on top of both."""
    osm = (*base.file.network.osm, change.file)
    file = base.file.model_copy(update={"network": base.file.network.model_copy(update={"osm": osm})})
    network = study_network(file)
    if _same_streets(base.network.streets, network.streets):
        raise_faults([fault(where, "scenario.same_streets", file=change.file.name)])
    return replace(base, file=file, network=network)


def _same_streets(one: Streets | CrowFly, other: Streets | CrowFly) -> bool:
    """Whether two networks have the same nodes, and the same ways between them in the same time."""
    if isinstance(one, CrowFly) or isinstance(other, CrowFly):
        return False
    nodes = (one.node_x, other.node_x), (one.node_y, other.node_y)
    ways = [
        (getattr(graph, name), getattr(other.graphs[mode], name))
        for mode, graph in one.graphs.items()
        if mode in other.graphs
        for name in ("indptr", "heads", "deciseconds", "edges")
    ]
    return one.graphs.keys() == other.graphs.keys() and all(np.array_equal(a, b) for a, b in (*nodes, *ways))


def _line_booked(network: Network, change: LineBooked, where: str) -> Network:
    """Let a line be booked, or no longer, on every day that the timetable holds."""
    timetable = network.timetable
    if timetable is None:
        raise_faults([fault(where, "edit.no_timetable")])
    assert timetable is not None  # noqa: S101 — refused above
    finder = Finder(timetable, where)
    line = finder.line(change.line)
    raise_faults(finder.faults)
    mine = timetable.trip_route == line
    if not (timetable.trip_on_demand[mine] != change.booked).any():
        key = "scenario.booked_already" if change.booked else "scenario.never_booked"
        raise_faults([fault(where, key, line=change.line)])
    booked = np.where(mine, change.booked, timetable.trip_on_demand)
    return replace(
        network, timetable=replace(timetable, trip_on_demand=booked), warnings=(*network.warnings, change.told())
    )


def _service_edit(network: Network, change: Any, where: str) -> Any:
    timetable = network.timetable
    if isinstance(change, CancelTrips):
        return _cancelled(timetable, change, where)
    if isinstance(change, TripRepeated) and change.trip is None and timetable is not None:
        return _repeated(timetable, change, where)
    return change.edit()


def _cancelled(timetable: Timetable | None, change: CancelTrips, where: str) -> RemoveTrips:
    """Draw the trips that do not run: the same for the same seed, whatever the order of the feed."""
    if timetable is None:
        raise_faults([fault(where, "edit.no_timetable")])
    assert timetable is not None  # noqa: S101 — refused above
    mine = np.ones(timetable.n_trips, dtype=bool)
    if change.line is not None:
        finder = Finder(timetable, where)
        line = finder.line(change.line)
        raise_faults(finder.faults)
        mine = timetable.trip_route == line
    trips = np.unique(timetable.trip_id[mine])
    count = round(change.share * len(trips))
    if not count:
        raise_faults([fault(where, "scenario.nothing_cancelled", share=change.share, n=len(trips))])
    drawn = np.random.default_rng(change.seed).permutation(len(trips))[:count]
    return RemoveTrips(trip_ids=tuple(str(trip) for trip in trips[np.sort(drawn)]))


def _repeated(timetable: Timetable, change: TripRepeated, where: str) -> RepeatTrip:
    """Find the trip of a line that leaves nearest to an hour, towards a headsign."""
    finder = Finder(timetable, where)
    line = finder.line(str(change.line))
    raise_faults(finder.faults)
    mine = np.flatnonzero((timetable.trip_route == line) & (timetable.trip_day == 0))
    if change.towards is not None:
        heads = timetable.trip_headsign[mine].astype(str)
        last = timetable.stop_name[timetable.event_stop[timetable.trip_indptr[mine + 1] - 1]].astype(str)
        mine, known = mine[(heads == change.towards) | (last == change.towards)], sorted({*heads, *last} - {""})
        if not len(mine):
            raise_faults([fault(where, "scenario.no_direction", name=change.towards, known=", ".join(known[:8]))])
    if not len(mine):
        raise_faults([fault(where, "edit.line_without_trips", name=change.line)])
    leaves = timetable.event_departure_s[timetable.trip_indptr[mine]]
    near = parse_clock(change.near or change.start)
    return RepeatTrip(str(timetable.trip_id[mine[np.argmin(np.abs(leaves - near))]]), change.start)
