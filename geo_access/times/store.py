"""What was found out about networks, kept by the question, by place and by site; what other timetables know as well."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo_access.network.model import Network, Timetable
from geo_access.network.timetable.differences import touched_spans
from geo_access.routing.doorways import Doorways, DoorwaysKnown, Places, PlacesKnown
from geo_access.routing.recent import Recent
from geo_access.times.ways import Spreading

__all__ = ["Column", "Key", "Kin", "KnownAnswers", "KnownColumns", "Store"]

Column = dict[str, np.ndarray]
_MOST_LAYOUTS = 12
# Identity of the timetable or of the streets, question, whether homeward, number of the site.
Key = tuple[int, object, bool, int]


@dataclass(frozen=True, eq=False)
class KnownColumns:
    """Answers to one question, several sites that know as many places.

    Attributes
    ----------
    rides : bool
        Whether they rest on the timetable, or on the streets alone.
    question : object
        The query, or the query and what else was asked.
    homeward : bool
    sites : ndarray of int64, shape (n_sites,)
        Numbers of the places.
    parts : mapping of str to ndarray, shape (n_sites, n_places, …)
    """

    rides: bool
    question: object
    homeward: bool
    sites: np.ndarray
    parts: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class KnownAnswers:
    """What a store knows of one network, as values that can be kept."""

    places: PlacesKnown
    doorways: DoorwaysKnown
    columns: tuple[KnownColumns, ...]


@dataclass(frozen=True, eq=False)
class Kin:
    """Another timetable of the same streets, most of which is the same service: what it knows holds here too.

    Attributes
    ----------
    store : Store
        Where its answers are.
    timetable : Timetable
        Its trips.
    spans : ndarray of int64, shape (k, 2)
        When the trips run in which the two differ [s].
    """

    store: Store
    timetable: Timetable
    spans: np.ndarray

    @property
    def source(self) -> int:
        """Identity of the timetable."""
        return id(self.timetable)

    def same_between(self, low_s: int, high_s: int) -> bool:
        """Whether no journey within these hours can differ."""
        return not bool(((self.spans[:, 0] <= high_s) & (self.spans[:, 1] >= low_s)).any())


class Store:
    """Columns of answers, one for each question and site; the one not asked for longest goes first.

    Parameters
    ----------
    most_bytes : int
        Kept at once.
    workers : Spreading, optional
        Who works out large answers on the networks that they hold.
    """

    def __init__(self, *, most_bytes: int = 512 << 20, workers: Spreading | None = None) -> None:
        self._most_bytes = most_bytes
        self.workers = workers
        self._bytes = 0
        self._columns: OrderedDict[Key, Column] = OrderedDict()
        # Equal questions as one object: thousands of keys are then compared by identity.
        self._questions: dict[object, object] = {}
        self._places: dict[int, tuple[object, Places]] = {}
        # The streets around places see the stops: a line that is extended has stops of its own.
        self._doorways: Recent[tuple[object, ...], Doorways] = Recent(most_bytes=0, most=_MOST_LAYOUTS)
        self._first_layout: dict[int, tuple[object, ...]] = {}
        self._timetables: dict[int, object] = {}
        # The first timetable of some streets, and the store of its answers.
        self._first: dict[int, tuple[Store, Timetable]] = {}

    def doorways(self, network: Network) -> Doorways:
        """Return what is known of the streets around places: shared by networks with the same streets and stops."""
        streets = network.streets
        # The objects are held, so that their identities stay theirs.
        _, places = self._places.setdefault(id(streets), (streets, Places(network)))
        key = self._key_of(network)
        found = self._doorways.get(key)
        if found is None:
            found = self._doorways.put(key, Doorways(network, places), 0)
        # The layout of the first network is asked for in the end, however many edits were tried since.
        self._doorways.get(self._first_layout.setdefault(id(streets), key))
        return found

    def _key_of(self, network: Network) -> tuple[object, ...]:
        """Name what doorways depend on: the streets, and where the stops are."""
        timetable = network.timetable
        if timetable is None:
            return (id(network.streets),)
        self._timetables[id(timetable)] = timetable
        ids = "\0".join(map(str, timetable.stop_id)).encode()
        return id(network.streets), timetable.stop_x.tobytes(), timetable.stop_y.tobytes(), ids

    @property
    def most_bytes(self) -> int:
        """Kept at once."""
        return self._most_bytes

    @property
    def n_bytes(self) -> int:
        """Kept at this moment."""
        return self._bytes

    def beside(self) -> Store:
        """Return a store of its own columns that shares what is known of the streets."""
        other = Store(most_bytes=self._most_bytes, workers=self.workers)
        other._places, other._doorways, other._first = self._places, self._doorways, self._first
        other._first_layout = self._first_layout
        return other

    def kin(self, network: Network) -> Kin | None:
        """Return the first timetable of the same streets, where this one differs from it in some trips only."""
        timetable = network.timetable
        if timetable is None:
            return None
        store, first = self._first.setdefault(id(network.streets), (self, timetable))
        spans = None if first is timetable else touched_spans(first, timetable)
        return None if spans is None else Kin(store, first, spans)

    def same(self, question: object) -> object:
        """Return the question as the keys of columns hold it."""
        return self._questions.setdefault(question, question)

    def known_column(self, key: Key) -> Column | None:
        """Return the arrays of one question and site, where there are any."""
        column = self._columns.get(key)
        if column is not None:
            self._columns.move_to_end(key)
        return column

    def aside(self, network: Network) -> Store:
        """Return a store that knows the streets around the places of a network, and remembers for itself alone."""
        other = Store(most_bytes=self._most_bytes, workers=self.workers)
        doorways = self.doorways(network).aside()
        other._places[id(network.streets)] = network.streets, doorways.places
        other._doorways.put(self._key_of(network), doorways, 0)
        return other

    def known_of(self, network: Network) -> KnownAnswers:
        """Return all that is known of a network."""
        doorways = self.doorways(network)
        rides = {id(network.streets): False, id(network.timetable): True}
        groups: dict[tuple[int, object, bool, int], list[tuple[int, Column]]] = {}
        for (source, question, homeward, site), column in self._columns.items():
            if source in rides:
                length = len(next(iter(column.values())))
                groups.setdefault((source, question, homeward, length), []).append((site, column))
        columns = tuple(
            KnownColumns(
                rides[source],
                question,
                homeward,
                np.array([site for site, _ in own], np.int64),
                {name: np.stack([column[name] for _, column in own]) for name in own[0][1]},
            )
            for (source, question, homeward, _), own in groups.items()
        )
        return KnownAnswers(doorways.places.known(), doorways.known(), columns)

    def know(self, network: Network, known: KnownAnswers) -> None:
        """Take over what was known of the same network; only before anything else is asked."""
        doorways = self.doorways(network)
        doorways.places.know(known.places)
        doorways.know(known.doorways)
        for own in known.columns:
            source = id(network.timetable if own.rides else network.streets)
            question = self.same(own.question)
            for row, site in enumerate(own.sites.tolist()):
                column = {name: part[row] for name, part in own.parts.items()}
                self._columns[source, question, own.homeward, site] = column
                self._bytes += sum(part.nbytes for part in column.values())

    def column(self, key: Key, n_rows: int, empty: dict[str, Any]) -> Column:
        """Return the arrays of one question and site, `n_rows` long at least."""
        column = self._columns.pop(key, None)
        known = 0 if column is None else len(next(iter(column.values())))
        if column is None or known < n_rows:
            more = {name: np.full((n_rows - known, *np.shape(value)), value) for name, value in empty.items()}
            grown = more if column is None else {k: np.concatenate((column[k], more[k])) for k in more}
            self._bytes += sum(part.nbytes for part in more.values())
            column = grown
        self._columns[key] = column
        return column

    def trim(self) -> None:
        """Forget what was not asked for longest, down to the bytes allowed."""
        while self._bytes > self._most_bytes and self._columns:
            _, column = self._columns.popitem(last=False)
            self._bytes -= sum(part.nbytes for part in column.values())
