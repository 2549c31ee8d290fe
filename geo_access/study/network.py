"""The network of a study: its streets, its timetables of the day, and what its feeds say of themselves.

Which days each timetable runs, as a strip of characters to read before choosing the day of a study.

How the network was met, point by point and site by site, as a table to keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo_access.network.build import build_network
from geo_access.network.model import CrowFly, Network, Streets
from geo_access.network.search.links_report import link_report
from geo_access.network.streets.congestion import congestion_at, with_congestion
from geo_access.network.timetable.service_days import feed_days
from geo_access.routing.query import Query
from geo_access.sources.gtfs.calendar import Breaks, read_school_breaks, school_breaks, trips_per_day
from geo_access.sources.gtfs.feed import feed_report
from geo_access.sources.gtfs.model import Feed
from geo_access.sources.gtfs.several import read_feeds
from geo_access.study.file import StudyFile
from geo_access.study.inputs import StudyInputs
from geo_access.times.round_trip import NetworkTimes
from geo_access.words.note import Note
from geo_access.words.words import format_number, text

__all__ = [
    "OtherDays",
    "build_lines",
    "calendar_lines",
    "check_feeds",
    "check_read_feeds",
    "links_table",
    "other_days",
    "study_holidays",
    "study_network",
]


def check_feeds(file: StudyFile) -> tuple[list[tuple[str, ...]], tuple[Note, ...]]:
    """Read the timetables and look for the day in their calendars; rows for `CheckReport`, and notes.

    Raises
    ------
    ServiceDateError
        When a feed does not run on the study's day.
    """
    read = [read_feeds(path, day=file.study.date) for path in file.network.gtfs]
    rows, notes = check_read_feeds(file, [feed for each in read for feed in each.feeds])
    return rows, (*(said for each in read for said in each.notes), *notes)


def check_read_feeds(file: StudyFile, feeds: Sequence[Feed]) -> tuple[list[tuple[str, ...]], tuple[Note, ...]]:
    """Look for the study's day in the calendars of feeds that were read; as `check_feeds`."""
    if not feeds:
        return [], ()
    align = file.network.align if file.network.align != "none" else None
    days = feed_days(feeds, file.study.date, align=align, school_breaks=study_holidays(file))
    rows: list[tuple[str, ...]] = []
    for feed in feeds:
        losses, _ = feed_report(feed)
        language = file.study.language
        counted = losses.groupby("code", sort=False)["count"].sum()
        words = {each.code: each.says.told(language) for each in reversed(feed.notices)}
        told = text("semicolon", language).join(
            f"{format_number(n, language)} × {words[str(code)]}" for code, n in counted.items()
        )
        calls, trips = (format_number(n, language) for n in (len(feed.stop_times.stop), len(feed.trips)))
        stops = text("cli.check_stops", language, n=format_number(len(feed.stops), language))
        rows.append((feed.name, text("cli.check_calls", language, calls=calls, trips=trips), "", stops, told))
    return rows, days.notes


def study_holidays(file: StudyFile) -> Breaks:
    """School holidays that tell a feed's equivalent days apart; none unless the study names them."""
    section = file.network
    if section.school_breaks is not None:
        return read_school_breaks(section.school_breaks, place=section.school_place)
    return school_breaks(section.school_zone) if section.school_zone is not None else ()


def study_network(
    file: StudyFile,
    *,
    day: date | None = None,
    streets: Streets | CrowFly | None = None,
    wheelchair: bool = False,
) -> Network:
    """Build the network of a study, with its car speed or congestion applied.

    Parameters
    ----------
    file : StudyFile
    day : datetime.date, optional
        By default that of the study.
    streets : Streets or CrowFly, optional
        Of the study, where they are built already: only the timetables are read.
    wheelchair : bool
        Keep only the trips and stops that the feeds say a wheelchair can use.

    Returns
    -------
    Network
    """
    section, built = file.network, streets is not None
    # Walks between stops are limited in minutes: who walks faster than the network gets farther in them.
    fastest_kmh = max(section.walk_kmh, *(public.walk_kmh for public in file.profiles))
    network = build_network(
        None if built else list(section.osm) or None,
        list(section.gtfs) or None,
        date=day or file.study.date,
        streets=streets,
        crow_fly_detour=section.detour if section.streets == "crow-fly" and not built else None,
        align=section.align if section.align != "none" else None,
        school_breaks=study_holidays(file),
        walk_kmh=section.walk_kmh,
        max_transfer_s=round(section.max_transfer_min * 60 * fastest_kmh / section.walk_kmh),
        epsg=None if built else file.study.epsg,
        wheelchair=wheelchair,
    )
    if streets is not None:
        return network
    streets = network.streets
    if isinstance(streets, CrowFly):
        factor, _ = congestion_at(section.car_congestion, section.car_hour)
        speeds = {**streets.speeds_kmh, "car": section.car_kmh / factor}
        return replace(network, streets=replace(streets, speeds_kmh=speeds))
    return replace(network, streets=with_congestion(streets, section.car_congestion, hour=section.car_hour))


@dataclass(frozen=True, eq=False)
class OtherDays:
    """Networks of the other days that a study names.

    Attributes
    ----------
    other : Network or None
        Another kind of day.
    ordinary : tuple of Network
        Days like the one asked.
    """

    other: Network | None
    ordinary: tuple[Network, ...]


def other_days(file: StudyFile, network: Network) -> OtherDays:
    """Build the networks of the other days of a study.

    Days like the one asked keep its streets: what they make uncertain is the timetable.

    Parameters
    ----------
    file : StudyFile
    network : Network
        Of the study's own day.

    Returns
    -------
    OtherDays
    """
    section = file.study
    other = None if section.other_date is None else study_network(file, day=section.other_date)
    alike = (study_network(file, day=day, streets=network.streets) for day in section.ordinary_dates)
    return OtherDays(other, tuple(alike))


_SHADES = " ░▒▓█"
_MONTH_DAYS = 31


def _shade(trips: np.ndarray, most: int) -> str:
    """One character per day: the darker, the more trips against the busiest day."""
    step = np.ceil(trips / max(most, 1) * (len(_SHADES) - 1)).astype(int)
    return "".join(_SHADES[level] for level in step)


# Ten years on the screen; the calendar itself may be longer.
_MOST_MONTHS = 120


def _strip(name: str, strip: pd.DataFrame, language: str) -> list[str]:
    runs = strip[strip["trips"] > 0]
    if runs.empty:
        return [text("cli.calendar_empty", language, feed=name)]
    days = {"first": runs["date"].iloc[0].date(), "last": runs["date"].iloc[-1].date()}
    lines = [text("cli.calendar_feed", language, feed=name, days=format_number(len(runs), language), **days)]
    most = int(strip["trips"].max())
    months = [
        (month, part)
        for month, part in strip.groupby(strip["date"].dt.to_period("M"), sort=True)
        if part["trips"].any()
    ]
    if len(months) > _MOST_MONTHS:
        lines.append(text("cli.calendar_cut", language, n=len(months) - _MOST_MONTHS))
    for month, part in months[-_MOST_MONTHS:]:
        blank = " " * (part["date"].iloc[0].day - 1)
        cells = (blank + _shade(part["trips"].to_numpy(), most)).ljust(_MONTH_DAYS)
        low, high = int(part["trips"].min()), int(part["trips"].max())
        lines.append(f"  {month}  │{cells}│ {low}–{high}")
    return lines


def calendar_lines(feeds: Sequence[Path], *, language: str = "fr") -> list[str]:
    """Lines of the heat strips of some feeds, and the days on which all of them run.

    Parameters
    ----------
    feeds : sequence of pathlib.Path
        GTFS zips or folders.
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    list of str
        A month per line and feed, a character per day.

    Raises
    ------
    InputError
        For a feed that cannot be read.
    """
    lines: list[str] = []
    common: set[pd.Timestamp] | None = None
    for path in feeds:
        read = read_feeds(path)
        lines += [said.told(language) for said in read.notes]
        for feed in read.feeds:
            strip = trips_per_day(feed)
            lines += _strip(path.name if len(read.feeds) == 1 else feed.name, strip, language)
            served = set(strip.loc[strip["trips"] > 0, "date"])
            common = served if common is None else common & served
    if common:
        span = {"first": min(common).date(), "last": max(common).date()}
        lines.append(text("cli.calendar_common", language, n=format_number(len(common), language), **span))
    else:
        lines.append(text("cli.calendar_none", language))
    return lines


def build_lines(feed: Feed, path: Path, *, language: str = "fr") -> list[str]:
    """Lines of what a network built of one feed says of it, on the busiest day of its calendar.

    Parameters
    ----------
    feed : Feed
        As read from `path`.
    path : pathlib.Path
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    list of str
        The span of the calendar, the day taken, and each note of the network.

    Raises
    ------
    ServiceDateError
        For a feed that never runs, in the words with which a network refuses it.
    """
    strip = trips_per_day(feed)
    if strip.empty:
        feed_days([feed], date(2000, 1, 1))
    busiest = strip.iloc[int(strip["trips"].to_numpy().argmax())]
    network = build_network(gtfs=path, date=busiest["date"].date(), crow_fly_detour=1.3, max_transfer_s=60)
    days = int((strip["trips"] > 0).sum())
    span = {"first": strip["date"].iloc[0].date(), "last": strip["date"].iloc[-1].date()}
    lines = [
        text(
            "cli.validate_runs",
            language,
            feed=feed.name,
            trips=format_number(len(feed.trips), language),
            days=format_number(days, language),
            **span,
        ),
        text(
            "cli.validate_built",
            language,
            day=busiest["date"].date(),
            trips=format_number(int(busiest["trips"]), language),
        ),
    ]
    return lines + [f"  – {said.told(language)}" for said in network.warnings if said.key != "crow_fly"]


def links_table(inputs: StudyInputs, times: NetworkTimes) -> gpd.GeoDataFrame:
    """List how each point and each site was linked to the streets on foot.

    Parameters
    ----------
    inputs : StudyInputs
    times : NetworkTimes
        Of the run.

    Returns
    -------
    geopandas.GeoDataFrame
        ``table`` (points, training, employers), then the columns of `network.links_report.link_report` and the lines
        to the streets; empty over straight lines, where nothing is linked.
    """
    tables = {"points": (inputs.points, "point_id")}
    for name, sites in (("training", inputs.training), ("employers", inputs.employers)):
        if sites is not None:
            tables[name] = (sites.drop_duplicates("site_id"), "site_id")
    network, on_foot = times.network, Query("walk")
    if isinstance(network.streets, CrowFly):
        return gpd.GeoDataFrame(
            {name: [] for name in ("table", "id", "mode", "reason", "distance_m")}, geometry=[], crs=network.epsg
        )
    parts = []
    for name, (table, identifier) in tables.items():
        links = times.known.doorways.places.link(_positions(table, network.epsg), "walk", on_foot)
        report = link_report(network.streets, links, ids=table[identifier].tolist())
        parts.append(report.assign(table=name))
    found = pd.concat(parts, ignore_index=True)
    return found[["table", *(column for column in found.columns if column != "table")]]


def _positions(table: gpd.GeoDataFrame, epsg: int) -> np.ndarray:
    """Coordinates in the network's CRS, NaN where there is no position; float64 (n, 2)."""
    shapes = table.geometry.to_crs(epsg).to_numpy()
    here = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    xy = np.full((len(shapes), 2), np.nan)
    xy[here] = shapely.get_coordinates(shapes[here])
    return xy
