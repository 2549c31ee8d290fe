"""Points linked once and streets searched once, for whoever asks a network many questions from the same places."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np

from geo_access.network.model import Network
from geo_access.network.search.links import Links
from geo_access.routing.legs import Doors, Ends, Legs, join_doors, link, link_key, mode_legs, open_doors
from geo_access.routing.query import Query
from geo_access.routing.recent import Recent, bytes_of
from geo_access.routing.widening import SearchedDoors, widened_doors
from geo_access.words.told import refusal

__all__ = ["Doorways", "DoorwaysKnown", "Places", "PlacesKnown"]

# Both ends joined, the latest: direct ways between all pairs take room.
_MOST_JOINED = 12
_MOST_DIRECT_BYTES = 256 << 20
# Streets searched around places: a region's homes by bicycle see a thousand stops each.
_MOST_DOORS_BYTES = 512 << 20


# Numbers of the homes, of the sites, and what is asked of the streets.
_Pairing = tuple[bytes, bytes, Query]
_Opened = tuple[bytes, Query, Legs]


@dataclass(frozen=True, eq=False)
class PlacesKnown:
    """Places and their links.

    Attributes
    ----------
    xy : ndarray of float64, shape (n, 2)
        In the order of their numbers [m].
    links : tuple of (tuple, ndarray of int64, Links)
        By `link_key`: the row of each place among the links (−1: not linked yet), and the links.
    """

    xy: np.ndarray
    links: tuple[tuple[tuple[object, ...], np.ndarray, Links], ...]


_MOST_ASKED = 8
_MOST_TAKEN = 12


class Places:
    """Places of the world, each numbered and linked to the same streets once.

    Parameters
    ----------
    network : Network
        Only its streets count.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._row_of: dict[bytes, int] = {}
        self._rows_of: dict[bytes, np.ndarray] = {}
        self._links: dict[tuple[object, ...], tuple[np.ndarray, Links]] = {}
        # Links of the same places are the same object: what a search lays out of them is kept with them.
        self._taken: OrderedDict[tuple[bytes, tuple[object, ...]], Links] = OrderedDict()
        # The first doors of some places: those to the stops of a network with other stops begin with them.
        self.searched: Recent[_Opened, SearchedDoors] = Recent(most_bytes=_MOST_DOORS_BYTES, least=2)
        # Of all networks on these streets, each by a mark of its own: what they take together is bounded.
        self.doors: Recent[tuple[object, _Opened], Doors] = Recent(most_bytes=_MOST_DOORS_BYTES, least=2)
        self.joined: Recent[tuple[object, _Pairing], tuple[Ends, Ends]] = Recent(
            most_bytes=_MOST_DIRECT_BYTES, most=_MOST_JOINED
        )
        # Direct ways there and back, which know no stops.
        self._direct: Recent[_Pairing, tuple[np.ndarray, np.ndarray]] = Recent(most_bytes=_MOST_DIRECT_BYTES)

    def rows(self, xy: np.ndarray) -> np.ndarray:
        """Return the number of each place, int64 (n,): equal for equal coordinates, in the order first seen."""
        places = np.ascontiguousarray(xy, dtype=np.float64).reshape(-1, 2)
        # The homes of a study are asked for over and over; numbers never change.
        asked, row_of = places.tobytes(), self._row_of
        found = self._rows_of.pop(asked, None)
        if found is None:
            each = places.view("V16").ravel().tolist()
            found = np.array([row_of.setdefault(place, len(row_of)) for place in each], dtype=np.int64)
            found.flags.writeable = False
            while len(self._rows_of) >= _MOST_ASKED:
                del self._rows_of[next(iter(self._rows_of))]
        self._rows_of[asked] = found
        return found

    def aside(self) -> Places:
        """Return places that know what these do, and remember for themselves alone."""
        other = Places(self._network)
        other._row_of = dict(self._row_of)
        other._links = {key: (at.copy(), links) for key, (at, links) in self._links.items()}
        other.searched, other.doors, other.joined = self.searched.copy(), self.doors.copy(), self.joined.copy()
        other._direct = self._direct.copy()
        return other

    def direct(self, key: _Pairing) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
        """Return the direct ways there and back that were found by some network on these streets."""
        known = self._direct.get(key)
        return (None, None) if known is None else known

    def keep_direct(self, key: _Pairing, there_s: np.ndarray, back_s: np.ndarray) -> None:
        """Keep direct ways for the other networks on these streets; those not asked for longest go first."""
        self._direct.put(key, (there_s, back_s), there_s.nbytes + back_s.nbytes)

    def known(self) -> PlacesKnown:
        """Return what is known, as values that can be kept."""
        xy = np.frombuffer(b"".join(self._row_of), np.float64).reshape(-1, 2)
        return PlacesKnown(xy, tuple((key, at, links) for key, (at, links) in self._links.items()))

    def know(self, known: PlacesKnown) -> None:
        """Take over what was known of the same streets; only before anything else is asked."""
        self.rows(known.xy)
        self._links = {key: (np.array(at), links) for key, at, links in known.links}

    def link(self, xy: np.ndarray, mode: str, query: Query) -> Links:
        """Link points to the streets of one mode, each place once for every limit and walking speed.

        Parameters
        ----------
        xy : ndarray of float64, shape (n, 2)
            [m], in the network's CRS.
        mode : str
            Street mode.
        query : Query

        Returns
        -------
        Links
        """
        rows, key = self.rows(xy), link_key(mode, query)
        taken = self._taken.pop((rows.tobytes(), key), None)
        if taken is None:
            taken = self._link(rows, xy, mode, query)
            while len(self._taken) >= _MOST_TAKEN:
                self._taken.popitem(last=False)
        self._taken[rows.tobytes(), key] = taken
        return taken

    def _link(self, rows: np.ndarray, xy: np.ndarray, mode: str, query: Query) -> Links:
        key = link_key(mode, query)
        at, kept = self._links.get(key, (np.empty(0, np.int64), None))
        if len(at) < len(self._row_of):
            at = np.concatenate((at, np.full(len(self._row_of) - len(at), -1)))
        unknown = np.flatnonzero(at[rows] < 0)
        new, first = np.unique(rows[unknown], return_index=True)
        if len(new) or kept is None:
            fresh = link(self._network, xy[unknown[first]], mode, query)
            at[new] = np.arange(len(new)) + (0 if kept is None else len(kept))
            kept = fresh if kept is None else _joined(kept, fresh)
        self._links[key] = at, kept
        return kept.take(at[rows])


@dataclass(frozen=True, eq=False)
class DoorwaysKnown:
    """Streets searched around places.

    Attributes
    ----------
    doors : tuple of (ndarray of int64, Query, Legs, Doors)
        Numbers of the places, what was asked of the streets, and what was found.
    """

    doors: tuple[tuple[np.ndarray, Query, Legs, Doors], ...]


class Doorways:
    """Streets around places, searched once to and from the stops of a network.

    Parameters
    ----------
    network : Network
        Its streets and the positions of its stops count.
    places : Places
        Of the same streets.
    """

    def __init__(self, network: Network, places: Places) -> None:
        self._network = network
        self.places = places
        self._mark = object()

    def aside(self) -> Doorways:
        """Return doorways that know what these do, and remember for themselves alone."""
        other = Doorways(self._network, self.places.aside())
        other._mark = self._mark
        return other

    def known(self) -> DoorwaysKnown:
        """Return what is known, as values that can be kept; services on demand are searched again."""
        return DoorwaysKnown(
            tuple(
                (np.frombuffer(rows, np.int64), query, legs, doors)
                for (mark, (rows, query, legs)), doors in self.places.doors.items()
                if mark is self._mark and doors.flex is None
            )
        )

    def know(self, known: DoorwaysKnown) -> None:
        """Take over what was known of the same streets and stops."""
        for rows, query, legs, doors in known.doors:
            self.places.doors.put((self._mark, (rows.tobytes(), query, legs)), doors, _walks_bytes(doors))

    def connect_both(self, home_xy: np.ndarray, site_xy: np.ndarray, query: Query) -> tuple[Ends, Ends]:
        """Search the streets for the way there and the way back: the bicycle, or the car, waits at the home's end.

        Parameters
        ----------
        home_xy, site_xy : ndarray of float64, shapes (n_o, 2), (n_d, 2)
            [m], in the network's CRS.
        query : Query
            Of the way there; the way back has its limits, each at the same place.

        Returns
        -------
        there, back : Ends
            Homes × sites, and sites × homes.
        """
        legs = mode_legs(query)
        key = self.places.rows(home_xy).tobytes(), self.places.rows(site_xy).tobytes(), query.streets
        known = self.places.joined.get((self._mark, key))
        if known is not None:
            return known
        homes = self._open(home_xy, replace(query, max_egress_s=query.max_access_s), legs.start, legs)
        sites = self._open(site_xy, replace(query, max_access_s=query.max_egress_s), legs.end, legs)
        there_s, back_s = self.places.direct(key)
        there = join_doors(self._network, homes, sites, query, legs, direct_s=there_s)
        back = join_doors(self._network, sites, homes, query, legs.reversed(), direct_s=back_s)
        self.places.keep_direct(key, there.direct_s, back.direct_s)
        return self.places.joined.put((self._mark, key), (there, back), there.direct_s.nbytes + back.direct_s.nbytes)

    def _open(self, xy: np.ndarray, query: Query, mode: str, legs: Legs) -> Doors:
        """Search the streets around points where journeys both start and end."""
        at_end = Legs(mode, mode, legs.direct)
        key = self.places.rows(xy).tobytes(), query.streets, at_end
        known = self.places.doors.get((self._mark, key))
        if known is not None:
            return known
        found = self._searched(xy, query, at_end, key)
        return self.places.doors.put((self._mark, key), found, _walks_bytes(found))

    def _searched(self, xy: np.ndarray, query: Query, legs: Legs, key: _Opened) -> Doors:
        """Search what no network on the same streets has searched before."""
        timetable, linker = self._network.timetable, self.places.link
        if timetable is None:
            raise refusal("no_timetable")
        stop_xy = np.column_stack((timetable.stop_x, timetable.stop_y))
        stop_rows, known = self.places.rows(stop_xy), self.places.searched.get(key)
        if known is not None:
            stops = {legs.start: linker(stop_xy, legs.start, query)}
            doors = widened_doors(self._network, known, stop_rows, stops, query)
            if doors is not None:
                return doors
        doors = open_doors(self._network, xy, query, legs, serve="both", linker=linker)
        if known is None:
            self.places.searched.put(key, SearchedDoors(stop_rows, doors), _walks_bytes(doors))
        return doors


def _walks_bytes(doors: Doors) -> int:
    """Count what the ways to stops and from stops take; the points' links are shared."""
    return bytes_of(doors.to_stops) + bytes_of(doors.from_stops)


def _joined(kept: Links, fresh: Links) -> Links:
    """Return the links of both, one after the other."""
    parts = {
        name: np.concatenate((value, getattr(fresh, name))) for name, value in kept.__dict__.items() if name != "mode"
    }
    return Links(mode=kept.mode, **parts)
