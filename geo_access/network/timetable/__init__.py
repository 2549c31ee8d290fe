"""The timetable of a day: calls, runs of vehicles, changes, edits."""
