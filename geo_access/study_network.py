"""The network of a study: its streets, its timetables of the day, and what its feeds say of themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from geo_access.network.build import build_network
from geo_access.network.model import CrowFly, Network
from geo_access.network.service_days import feed_days
from geo_access.network.streets_congestion import congestion_at, with_congestion
from geo_access.sources.gtfs import feed_report, read_gtfs
from geo_access.sources.gtfs_school import Breaks, read_school_breaks, school_breaks
from geo_access.study_file import StudyFile

__all__ = ["check_feeds", "study_network"]


def check_feeds(file: StudyFile) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Read the timetables and look for the day in their calendars; rows for `CheckReport`, and notes.

    Raises
    ------
    ServiceDateError
        When a feed does not run on the study's day.
    """
    if not file.network.gtfs:
        return [], ()
    feeds = [read_gtfs(path) for path in file.network.gtfs]
    align = file.network.align if file.network.align != "none" else None
    days = feed_days(feeds, file.study.date, align=align, school_breaks=_holidays(file))
    rows: list[tuple[str, ...]] = []
    for feed in feeds:
        losses, _ = feed_report(feed)
        told = "; ".join(f"{count} × {code}" for code, count in losses.groupby("code", sort=False).size().items())
        calls, trips = len(feed.stop_times.stop), len(feed.trips)
        rows.append((feed.name, f"{calls} calls, {trips} trips", "", f"{len(feed.stops)} stops", told))
    return rows, days.notes


def _holidays(file: StudyFile) -> Breaks:
    """School holidays that tell a feed's equivalent days apart; none unless the study names them."""
    section = file.network
    if section.school_breaks is not None:
        return read_school_breaks(section.school_breaks, place=section.school_place)
    return school_breaks(section.school_zone) if section.school_zone is not None else ()


def study_network(file: StudyFile, *, day: date | None = None) -> Network:
    """Build the network of a study, with its car speed or congestion applied."""
    section = file.network
    network = build_network(
        list(section.osm) or None,
        list(section.gtfs) or None,
        date=day or file.study.date,
        crow_fly_detour=section.detour if section.streets == "crow-fly" else None,
        align=section.align if section.align != "none" else None,
        school_breaks=_holidays(file),
        walk_kmh=section.walk_kmh,
        max_transfer_s=round(section.max_transfer_min * 60),
        epsg=file.study.epsg,
    )
    streets = network.streets
    if isinstance(streets, CrowFly):
        factor, _ = congestion_at(section.car_congestion, section.car_hour)
        speeds = {**streets.speeds_kmh, "car": section.car_kmh / factor}
        return replace(network, streets=replace(streets, speeds_kmh=speeds))
    return replace(network, streets=with_congestion(streets, section.car_congestion, hour=section.car_hour))
