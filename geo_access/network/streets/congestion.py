"""Driving times slower than free flow: by one factor, or by the hour, and never without saying so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from geo_access.errors import raise_faults
from geo_access.network.model import CrowFly, Streets
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["DRIVEN", "FREE_FLOW", "car_label", "car_notes", "congestion_at", "with_congestion"]

DRIVEN = frozenset({"car", "park_and_ride", "driven+transit"})
FREE_FLOW = note("car_free")
_LABELS = frozenset({"car_free", "car_other_hour", "car_at_hour", "car_slowed"})
_LARGEST = 10.0


def congestion_at(factors: float | Mapping[int, float], hour: int | None) -> tuple[float, Note]:
    """Pick the factor of an hour, with the label that results must carry.

    Parameters
    ----------
    factors : float or mapping of int to float
        Factor on free-flow times, 1–10; or one by hour of the day (7 is 7:00–7:59), free flow at the others.
    hour : int or None
        Hour asked for, 0–23; only with factors by hour.

    Returns
    -------
    factor : float
    label : Note

    Raises
    ------
    InputError
        With every fault: factors or hours out of range, an hour missing or without use.

    Examples
    --------
    >>> str(congestion_at({7: 1.3, 8: 1.4}, 7)[1])
    'car: free flow × 1.3 at 7 h, as given'
    >>> str(congestion_at({7: 1.3, 8: 1.4}, 14)[1])
    'car: free flow, no traffic (at 14 h; factors are given for 7, 8 h)'
    """
    by_hour = dict(factors) if isinstance(factors, Mapping) else {}
    values = list(by_hour.values()) if isinstance(factors, Mapping) else [factors]
    faults = [
        fault(f"car_congestion {value}", "streets.congestion") for value in values if not 1.0 <= value <= _LARGEST
    ]
    faults += [
        fault(f"car_congestion: hour {key!r}", "streets.congestion_hour")
        for key in by_hour
        if not (isinstance(key, int | np.integer) and 0 <= key <= 23)
    ]
    if isinstance(factors, Mapping) and not by_hour:
        faults.append(fault("car_congestion", "streets.congestion_empty"))
    if by_hour and hour is None:
        faults.append(fault("hour", "streets.congestion_no_hour"))
    if hour is not None and not (by_hour and 0 <= hour <= 23):
        faults.append(fault("hour", "streets.congestion_hour_unused", hour=hour))
    raise_faults(faults)
    if isinstance(factors, Mapping):
        factor = float(factors.get(int(hour or 0), 1.0))
        known = ", ".join(str(key) for key in sorted(by_hour))
        if factor == 1.0:
            return 1.0, note("car_other_hour", hour=hour, hours=known)
        return factor, note("car_at_hour", factor=factor, hour=hour)
    return float(factors), FREE_FLOW if factors == 1.0 else note("car_slowed", factor=float(factors))


def with_congestion(streets: Streets, factors: float | Mapping[int, float], *, hour: int | None = None) -> Streets:
    """Slow the car down, delays at signals and junctions included; the notes say by how much.

    Parameters
    ----------
    streets : Streets
        With free-flow car times.
    factors : float or mapping of int to float
        As `congestion_at` takes them. They are the study's own: nothing in OSM tells traffic.
    hour : int, optional
        Hour asked for, with factors by hour.

    Returns
    -------
    Streets
        The same where no mode is the car.

    Raises
    ------
    InputError
        When a factor or an hour makes no sense, or the times are not free flow any more.
    """
    factor, label = congestion_at(factors, hour)
    if "car" not in streets.graphs:
        return streets
    before = car_label(streets)
    if before.key in ("car_at_hour", "car_slowed"):
        raise refusal("car_slowed_already", label=before)
    car = streets.graphs["car"]
    slower = np.rint(np.asarray(car.deciseconds, dtype=np.float64) * factor).astype(np.int32)
    # A fresh graph: a hierarchy that was opened or built belongs to the old times.
    graph = car if factor == 1.0 else replace(car, deciseconds=slower)
    notes = (*(item for item in streets.notes if item != before), label)
    return replace(streets, graphs={**streets.graphs, "car": graph}, notes=notes)


def car_label(streets: Streets | CrowFly) -> Note:
    """Say what driving times are: free flow, slowed by a given factor, or straight lines.

    Examples
    --------
    >>> str(car_label(CrowFly(2154, detour=1.3)))
    'car: straight lines × 1.3 at 40 km/h'
    """
    if isinstance(streets, CrowFly):
        return note("car_straight", detour=streets.detour, kmh=streets.speeds_kmh["car"])
    said = [item for item in streets.notes if isinstance(item, Note) and item.key in _LABELS]
    return said[0] if said else note("car_unknown")


def car_notes(streets: Streets | CrowFly, mode: str) -> tuple[Note, ...]:
    """Return what a result of a mode must say of its driving times; nothing where nobody drives.

    Examples
    --------
    >>> len(car_notes(CrowFly(2154, detour=1.3), "park_and_ride")), car_notes(CrowFly(2154), "walk")
    (1, ())
    """
    return (car_label(streets),) if mode in DRIVEN else ()
