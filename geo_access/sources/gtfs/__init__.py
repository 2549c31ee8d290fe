"""Timetables as operators publish them: read, repaired, reported."""

from geo_access.sources.gtfs.feed import feed_report, read_gtfs
from geo_access.sources.gtfs.several import read_feeds

__all__ = ["feed_report", "read_feeds", "read_gtfs"]
