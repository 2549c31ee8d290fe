"""Timetables as operators publish them: read, repaired, reported."""
