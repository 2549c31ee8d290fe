"""Room 5: times as shapes — surface, contours, counts inside bands."""

from geo_access.callable_room import make_callable

make_callable(__name__, "geo_access.isochrones.bands", "isochrones")
