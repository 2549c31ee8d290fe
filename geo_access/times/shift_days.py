"""The same shift on several weekdays: each day tested on a network of that day, and the worst of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Unpack

import geopandas as gpd
import numpy as np
import pandas as pd

from geo_access.errors import raise_faults
from geo_access.given import require_kind
from geo_access.network.model import Network
from geo_access.routing.asked import ClockLike, Limits, MinutesLike
from geo_access.routing.causes import Reason
from geo_access.times.shift import ShiftTimes, shift_test
from geo_access.words.told import fault, refusal

__all__ = ["WEEKDAYS", "ShiftDays", "parse_days", "shift_days"]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_days(text: str | Sequence[str]) -> tuple[int, ...]:
    """Read weekdays, from Monday = 0.

    Parameters
    ----------
    text : str or sequence of str
        Days and runs of days, separated by commas or one by one.

    Returns
    -------
    tuple of int
        Ascending, each once.

    Raises
    ------
    InputError
        When a day is unknown.

    Examples
    --------
    >>> parse_days("mon-fri"), parse_days("sun, fri-sat"), parse_days("sat-mon")
    ((0, 1, 2, 3, 4), (4, 5, 6), (0, 5, 6))
    """
    found: set[int] = set()
    days = [text] if isinstance(text, str) else list(text) if isinstance(text, Iterable) else [text]
    for part in (part for day in days for part in str(day).lower().split(",")):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or any(end not in WEEKDAYS for end in ends):
            raise refusal("times.weekday", day=str(part.strip()), known=", ".join(WEEKDAYS))
        first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        found.update((first + k) % 7 for k in range((last - first) % 7 + 1))
    return tuple(sorted(found))


class ShiftOptions(Limits, total=False):
    """What `shift_test` takes beside the hours, by name."""

    mode: str | Sequence[str]
    slack_before_min: MinutesLike
    slack_after_min: MinutesLike
    max_minutes: MinutesLike
    id_column: str
    earliest: ClockLike | None


@dataclass(frozen=True, eq=False)
class ShiftDays:
    """One shift on several weekdays, every home with every site.

    Attributes
    ----------
    service_days : tuple of datetime.date
        Day that each weekday was tested on, in the order of the week; a night shift belongs to the day it starts on.
    times : tuple of ShiftTimes
        One for each.
    """

    service_days: tuple[date, ...]
    times: tuple[ShiftTimes, ...]

    @property
    def feasible_days(self) -> np.ndarray:
        """Number of days on which one gets there and back, int64 (n_o, n_d)."""
        return np.sum([day.feasible for day in self.times], axis=0)

    @property
    def feasible(self) -> np.ndarray:
        """Whether one gets there and back on all of them, bool (n_o, n_d)."""
        return self.feasible_days == len(self.times)

    @property
    def out_s(self) -> np.ndarray:
        """Longest way out of all days, float32 (n_o, n_d) [s]; NaN where a day has none."""
        return np.max([day.out_s for day in self.times], axis=0)

    @property
    def back_s(self) -> np.ndarray:
        """Longest way back of all days, float32 (n_o, n_d) [s]; NaN where a day has none."""
        return np.max([day.back_s for day in self.times], axis=0)

    @property
    def reason(self) -> np.ndarray:
        """`Reason` of the first day that is not feasible, uint8 (n_o, n_d); 0 where all are."""
        found = np.zeros_like(self.times[0].reason)
        for day in self.times:
            found = np.where(found == Reason.OK, day.reason, found)
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: ids, days that work and that do not, the longest ways, the first day's reason."""
        frame = self.times[0].to_frame()[["home_id", "site_id"]]
        names = np.array([WEEKDAYS[day.weekday()] for day in self.service_days])
        works = np.stack([day.feasible.ravel() for day in self.times], axis=1)
        frame["days_feasible"] = [" ".join(names[row]) for row in works]
        frame["days_missing"] = [" ".join(names[~row]) for row in works]
        for name in ("out_s", "back_s"):
            seconds = np.round(getattr(self, name).ravel().astype(float))
            frame[name] = pd.array(seconds, dtype="Float64").astype("Int32")
        causes = np.array([reason.name for reason in Reason], dtype=object)
        frame["reason"] = pd.Categorical(causes[self.reason.ravel()], categories=list(causes))
        return frame

    def each_day(self) -> pd.DataFrame:
        """Return one row per pair and day: `service_day` and the columns of `ShiftTimes.to_frame`."""
        parts = []
        for day, times in zip(self.service_days, self.times, strict=True):
            part = times.to_frame()
            part.insert(0, "service_day", day.isoformat())
            parts.append(part)
        return pd.concat(parts, ignore_index=True)


def shift_days(
    networks: Sequence[Network],
    homes: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    start: str,
    end: str,
    days: str | Sequence[str] = "mon-fri",
    **asked: Unpack[ShiftOptions],
) -> ShiftDays:
    """Test a shift on each of its weekdays.

    Parameters
    ----------
    networks : sequence of Network
        Each with the timetable of one service day; one for every weekday asked, others are not looked at.
    homes, sites : geopandas.GeoDataFrame
        As for `shift_test`.
    start, end : str
        Clock texts; an end before the start is on the next day.
    days : str or sequence of str
        Weekdays on which the shift starts, such as ``"mon-fri"`` or ``"sat,sun"``.
    **asked
        Other options of `shift_test`.

    Returns
    -------
    ShiftDays

    Raises
    ------
    InputError
        When a day is unknown, has no network or has several, or a network has no timetable.
    """
    wanted = parse_days(days)
    faults = []
    by_day: dict[int, list[tuple[date, Network]]] = {day: [] for day in wanted}
    held = []
    listed: Sequence[Network] = list(networks) if isinstance(networks, Iterable) else [networks]
    for number, network in enumerate(listed):
        require_kind(network, Network, f"networks[{number}]", made_by="build_network(…), open_network(…)")
        if network.timetable is None:
            faults.append(fault(f"networks[{number}]", "times.no_day"))
            continue
        held.append(network.timetable.day)
        if network.timetable.day.weekday() in by_day:
            by_day[network.timetable.day.weekday()].append((network.timetable.day, network))
    for day, found in by_day.items():
        if len(found) > 1:
            which = ", ".join(str(service_day) for service_day, _ in found)
            faults.append(fault(f"networks: {WEEKDAYS[day]}", "times.several_days", days=which))
        elif not found:
            near = min(held, default=None)
            where = f"networks: {WEEKDAYS[day]}"
            faults.append(
                fault(where, "times.no_service_day")
                if near is None
                else fault(where, "times.no_service_on", date=str(_on(day, near)))
            )
    raise_faults(faults)
    tested = [by_day[day][0] for day in wanted]
    return ShiftDays(
        tuple(service_day for service_day, _ in tested),
        tuple(shift_test(network, homes, sites, start=start, end=end, **asked) for _, network in tested),
    )


def _on(weekday: int, near: date) -> date:
    """Return the day of the same week."""
    return near + timedelta(days=weekday - near.weekday())
