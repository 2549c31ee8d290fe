"""Room 4: times as results — matrices, windows, shifts, chains, streams."""

from geo_access.callable_room import make_callable

make_callable(__name__, "geo_access.travel_times.matrix", "travel_times")
