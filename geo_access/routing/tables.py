"""What the kernels of the timetable search take: arrays that belong together, under one name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Alightings", "Asked", "Boardings", "Departures", "LegTables", "LineTables", "Onward", "Span", "Walks"]


class LineTables(NamedTuple):
    """The arrays of `Lines` that searches read, under the same names without their first word."""

    stop: np.ndarray
    arrival: np.ndarray
    departure: np.ndarray
    alight: np.ndarray
    trip_indptr: np.ndarray
    line_indptr: np.ndarray
    stop_indptr: np.ndarray
    stop_line: np.ndarray
    stop_position: np.ndarray


class Walks(NamedTuple):
    """Walks by row (CSR): stop and time of each [s]."""

    indptr: np.ndarray
    stop: np.ndarray
    seconds: np.ndarray


class LegTables(NamedTuple):
    """LegTables by row (CSR) that one may set out on from `open_s` to `close_s`: stop, time [s], hours [s]."""

    indptr: np.ndarray
    stop: np.ndarray
    seconds: np.ndarray
    open_s: np.ndarray
    close_s: np.ndarray


class Span(NamedTuple):
    """Part of a timetable: ranks ``first … last − 1``, whose events arrive from `low_s` to `high_s`, both included."""

    first: int
    last: int
    low_s: int
    high_s: int


class Onward(NamedTuple):
    """What follows each event, by rank: the next of its trip (−1: none), and the events after those one changes to."""

    following: np.ndarray
    change_indptr: np.ndarray
    change_to: np.ndarray
    circular: bool


class Alightings(NamedTuple):
    """Ranks of the events where one may get off, by stop (CSR, ascending), and the arrival at every rank [s]."""

    indptr: np.ndarray
    rank: np.ndarray
    arrival_s: np.ndarray


class Boardings(NamedTuple):
    """Boardings by reader (CSR), the greatest key first: key, and rank after the span's first of the event after it."""

    indptr: np.ndarray
    key: np.ndarray
    row: np.ndarray


class Departures(NamedTuple):
    """Departures by stop (CSR), the earliest first: seconds, and rank of the event after each."""

    indptr: np.ndarray
    leaves: np.ndarray
    row: np.ndarray


class Asked(NamedTuple):
    """When one sets out: up to `leave_by_s` [s], and with `n_instants` at one of so many, `step_s` apart [s]."""

    leave_by_s: int
    step_s: int
    n_instants: int
