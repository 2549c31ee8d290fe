"""A whole country: tile by tile of homes, each with only the places that can be reached from it within the limit.

The homes are cut once, by squares of a fixed grid: a square keeps the destinations that its lower bounds let stand
(`geo_access.routing.bounds`), and the parts written are rows of a square. A tile is no more than squares computed
together, so its size changes memory and time, and not one byte.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from geo_access.errors import CapacityError
from geo_access.manifest import Manifest
from geo_access.network.model import Network
from geo_access.routing.bounds import bounds_of
from geo_access.routing.query import Query
from geo_access.times.address import Place
from geo_access.times.parts import one_type, open_parts, write_part
from geo_access.times.points import Points, take_points
from geo_access.times.result import TravelTimes
from geo_access.times.stream import StreamedTimes, bytes_per_pair, row_blocks, storable
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["SQUARE_M", "Tile", "TilePart", "Tiling", "WriteTiles", "tile_times", "write_tiles"]

SQUARE_M = 20_000.0
"""Side of the squares that decide which pairs are written [m], aligned with the CRS of the network."""

_LOG = logging.getLogger("geo_access")
_COMPUTED_BYTES = 512 << 20

ComputePairs = Callable[[Points, Points], TravelTimes]


@dataclass(frozen=True, eq=False)
class Tiling:
    """All pairs of a question that can be within its limit, to be computed tile by tile.

    Attributes
    ----------
    compute : callable
        From a block of origins and some destinations to their `TravelTimes`.
    network : Network
    origins, destinations : Points
    query : Query
    tile_km : float
        Longest side of a tile [km]; at least one square of `SQUARE_M`.
    memory_gb : float
        Most that may be held at once beside the network [GB].
    progress : bool
        Show a bar on the error stream.
    """

    compute: ComputePairs
    network: Network
    origins: Points
    destinations: Points
    query: Query
    tile_km: float
    memory_gb: float = 4.0
    progress: bool = False


@dataclass(frozen=True, eq=False)
class _Part:
    """Some homes of one square, and the destinations within its reach: rows of the origins, of the destinations."""

    square: tuple[int, int]
    homes: np.ndarray
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class TilePart:
    """One part of a tile.

    Attributes
    ----------
    number : int
        Of the part, in the order of the run.
    file : Path or Address
    n_homes : int
        Homes of the tile that are its own, after those of the parts before.
    places : ndarray of int64
        Rows of the destinations, ascending.
    """

    number: int
    file: Place
    n_homes: int
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class Tile:
    """Homes whose parts are computed at once.

    Attributes
    ----------
    origins : Points
    parts : tuple of TilePart
    """

    origins: Points
    parts: tuple[TilePart, ...]


WriteTiles = Callable[[list[Tile], bool], Iterator[tuple[int, dict[str, Any]]]]


def write_tiles(
    asked: Tiling, manifest: Manifest, folder: Place, *, elsewhere: WriteTiles | None = None
) -> StreamedTimes:
    """Write all pairs that can be within the limit to a folder; parts that are already there and whole are kept.

    Parameters
    ----------
    asked : Tiling
    manifest : Manifest
    folder : Path or Address
    elsewhere : callable, optional
        Computes and writes the tiles in place of this process: from tiles and whether ids keep their type, to each
        part's number and entry in the ledger, in any order.

    Returns
    -------
    StreamedTimes
        Its notes count the pairs left out, none of which can be within the limit even if nobody waits.

    Raises
    ------
    InputError
        When the folder holds another run, or the query takes services on demand.
    CapacityError
        When not even one part fits `memory_gb`.
    """
    parts = _parts(asked)
    manifest = replace(manifest, extra={**manifest.extra, "within_reach_of_squares_m": SQUARE_M})
    opened = open_parts(asked.origins.ids, manifest, folder, len(parts))
    n_pairs = len(asked.origins.ids) * len(asked.destinations.ids)
    kept = sum(len(part.homes) * len(part.places) for part in parts)
    _LOG.info("%d of %d pairs can be within the limit, in %d parts", kept, n_pairs, len(parts))
    todo = [number for number, file in enumerate(opened.files) if file.name not in opened.ledger]
    grouped = ([todo[k] for k in group] for group in _tiles([parts[number] for number in todo], asked))
    tiles = [_tile(asked, numbers, parts, opened.files) for numbers in grouped]
    done = _written(asked, tiles, opened.ids_kept) if elsewhere is None else elsewhere(tiles, opened.ids_kept)
    for number, entry in done:
        opened.keep(opened.files[number], entry)
    notes = (*opened.notes, *_left_out(asked, parts, n_pairs - kept))
    for said in notes:
        _LOG.warning("%s", said)
    return StreamedTimes(folder, opened.files, asked.query, opened.manifest, notes)


def _written(asked: Tiling, tiles: list[Tile], ids_kept: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Compute and write in this process."""
    screen = Console(stderr=True)
    for tile in track(tiles, description="travel times", console=screen, disable=not asked.progress):
        for part, times in zip(tile.parts, tile_times(asked.compute, tile, asked.destinations), strict=True):
            yield part.number, write_part(storable(times, ids_kept), part.file)


def _left_out(asked: Tiling, parts: list[_Part], n_pairs: int) -> list[Note]:
    if not n_pairs:
        return []
    alone = len(asked.origins.ids) - sum(len(part.homes) for part in parts)
    minutes = round(asked.query.max_s / 60, 1)
    return [note("times.tiles_left_out", n=n_pairs, origins=alone, minutes=minutes)]


def _parts(asked: Tiling) -> list[_Part]:
    """Cut the homes: by square, along a curve that keeps neighbours together, then by what one file should hold."""
    origins, destinations = asked.origins, asked.destinations
    bounds = bounds_of(asked.network, destinations.xy, asked.query)
    nowhere = np.flatnonzero(~destinations.known)
    every = np.arange(len(destinations.ids))
    found = []
    for square, homes in _squares(origins):
        if square is None:
            places, corner = every, (0, 0)  # no position: the reason why is written for every pair
        else:
            low = np.array(square) * SQUARE_M
            places, corner = np.union1d(bounds.within(low, low + SQUARE_M), nowhere), square
        if len(places):
            cuts = row_blocks(len(homes), len(places), asked.query)
            found += [_Part(corner, homes[cut], places) for cut in cuts]
    return found


def _squares(origins: Points) -> Iterator[tuple[tuple[int, int] | None, np.ndarray]]:
    """Yield the squares that have homes, along Morton's curve, with their rows; at last homes without a position."""
    known = np.flatnonzero(origins.known)
    cell = np.floor(origins.xy[known] / SQUARE_M).astype(np.int64)
    squares, at = np.unique(cell, axis=0, return_inverse=True)
    at = at.reshape(-1)
    place = np.argsort(_morton(squares - squares.min(axis=0)), kind="stable") if len(squares) else np.zeros(0, np.int64)
    by_square = np.split(known[np.argsort(at, kind="stable")], np.cumsum(np.bincount(at, minlength=len(squares)))[:-1])
    for k in place.tolist():
        yield (int(squares[k, 0]), int(squares[k, 1])), by_square[k]
    lost = np.flatnonzero(~origins.known)
    if len(lost):
        yield None, lost


def _morton(cell: np.ndarray) -> np.ndarray:
    """Interleave the bits of columns and rows."""
    code = np.zeros(len(cell), np.int64)
    for bit in range(24):
        code |= ((cell[:, 0] >> bit) & 1) << (2 * bit) | ((cell[:, 1] >> bit) & 1) << (2 * bit + 1)
    return code


def _tiles(parts: list[_Part], asked: Tiling) -> Iterator[list[int]]:
    """Group parts that follow each other into tiles: no wider than asked, no larger than memory."""
    per_pair = 2 * bytes_per_pair(asked.query)
    allowed = min(_COMPUTED_BYTES, int(asked.memory_gb * 1e9))
    wide = max(1, int(asked.tile_km * 1000 // SQUARE_M))
    tile: list[int] = []
    rows, seen, low, high = 0, np.zeros(0, np.int64), (0, 0), (0, 0)
    for number, part in enumerate(parts):
        least_gb = len(part.homes) * len(part.places) * per_pair / 1e9
        if least_gb > asked.memory_gb:
            raise refusal(
                "times.memory_part",
                CapacityError,
                n=len(part.homes),
                sites=len(part.places),
                gb=round(least_gb, 2),
                limit_gb=asked.memory_gb,
            )
        if tile:
            places = np.union1d(seen, part.places)
            low_ = (min(low[0], part.square[0]), min(low[1], part.square[1]))
            high_ = (max(high[0], part.square[0]), max(high[1], part.square[1]))
            fits = max(high_[0] - low_[0], high_[1] - low_[1]) < wide
            if fits and (rows + len(part.homes)) * len(places) * per_pair <= allowed:
                tile.append(number)
                rows, seen, low, high = rows + len(part.homes), places, low_, high_
                continue
            yield tile
        tile, rows, seen, low, high = [number], len(part.homes), part.places, part.square, part.square
    if tile:
        yield tile


def _tile(asked: Tiling, numbers: list[int], parts: list[_Part], files: tuple[Place, ...]) -> Tile:
    homes = np.concatenate([parts[number].homes for number in numbers])
    cut = [(number, files[number], len(parts[number].homes), parts[number].places) for number in numbers]
    return Tile(take_points(asked.origins, homes), tuple(TilePart(*fields) for fields in cut))


def tile_times(compute: ComputePairs, tile: Tile, destinations: Points) -> Iterator[TravelTimes]:
    """Compute a tile at once, and hand out each part with its own destinations.

    Parameters
    ----------
    compute : callable
        From a block of origins and some destinations to their `TravelTimes`.
    tile : Tile
    destinations : Points
        All of them.

    Yields
    ------
    TravelTimes
    """
    places = np.unique(np.concatenate([part.places for part in tile.parts]))
    many = compute(tile.origins, take_points(destinations, places))
    if not one_type(destinations.ids):
        many = replace(many, destination_ids=many.destination_ids.astype(str).astype(object))
    start = 0
    for part in tile.parts:
        rows, columns = slice(start, start + part.n_homes), np.searchsorted(places, part.places)
        start += part.n_homes
        yield replace(
            many,
            origin_ids=many.origin_ids[rows],
            destination_ids=many.destination_ids[columns],
            seconds=many.seconds[rows][:, columns],
            reason=many.reason[rows][:, columns],
            feasible_share=many.feasible_share[rows][:, columns],
        )
