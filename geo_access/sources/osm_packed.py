"""Read an ordinary ``.osm.pbf`` with compiled loops: sorted, every object once, above 0, current, compressed with zlib.

What is anything else raises `ValueError` and is left to osmium, which reads all kinds and knows what is wrong with a
file; but for files that point beyond themselves, which may bring osmium down. The format is that of the OpenStreetMap
wiki, PBF Format (fileformat.proto, osmformat.proto).
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geo_access.arrays import indptr_of
from geo_access.sources.osm_keys import NODE_KEY_SET, READ_KEYS, SOLID_KEYS, UNDEFINED, WAY_KEY_SET
from geo_access.sources.osm_packed_kernels import (
    DisorderError,
    SpoiltError,
    find_relations,
    read_ways,
    tag_runs,
    unpack,
    unzigzag,
)

__all__ = ["Packed", "read_packed"]

_MOST_BLOB_BYTES = 32 << 20
_FEATURES = {b"OsmSchema-V0.6", b"DenseNodes"}
_NODE_FLAGS = {key.encode(): 1 for key in READ_KEYS["NODE"]}
_WAY_FLAGS = {key.encode(): 1 for key in (*WAY_KEY_SET, *SOLID_KEYS)}
_WAY_FLAGS |= {key.encode(): _WAY_FLAGS.get(key.encode(), 0) + 2 for key in READ_KEYS["WAY"]}
_MEMBERS = "nwr"
_NOBODY = np.zeros(0, dtype=np.int64)
_Span = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Packed:
    """What one file holds of streets and of what stands beside them.

    Attributes
    ----------
    way_id, version, counts : ndarray of int64, shape (n_ways,)
        `counts` is the number of nodes.
    way_tags : ndarray of int64, shape (n_ways,)
        Row of `tags`.
    tags : list of tuple of (str, str)
        Distinct combinations of the tags that are kept, as the file has them in order.
    node_id : ndarray of int64, shape (n_positions,)
    x, y : ndarray of int32, shape (n_positions,)
        [1e-7 degree]; `UNDEFINED` where the file lacks the node.
    nodes : list of (int, int, list of (str, str))
        Id, version and tags of nodes with a key that is looked for.
    relations : list of (int, int, dict, list of (str, int, str))
        Id, version, tags and members of turn restrictions and multipolygons.
    known : tuple of ndarray
        Sorted ids of all nodes of the file, their x and y.
    blobs : tuple of (int, int, int, int)
        Where blobs with ways begin in the file, their size, their first and last way.
    """

    way_id: np.ndarray
    version: np.ndarray
    counts: np.ndarray
    way_tags: np.ndarray
    tags: list[tuple[tuple[str, str], ...]]
    node_id: np.ndarray
    x: np.ndarray
    y: np.ndarray
    nodes: list[tuple[int, int, list[tuple[str, str]]]]
    relations: list[tuple[int, int, dict[str, str], list[tuple[str, int, str]]]]
    known: tuple[np.ndarray, np.ndarray, np.ndarray]
    blobs: tuple[tuple[int, int, int, int], ...]

    def lines(self, path: Path, wanted: Collection[int]) -> dict[int, list[tuple[int, int, int]]]:
        """Nodes and positions of some ways of the file, whatever they are.

        Parameters
        ----------
        path : Path
        wanted : collection of int

        Returns
        -------
        dict of int to list of (node, x, y)
            [1e-7 degree].
        """
        chosen = np.array(sorted(wanted), dtype=np.int64)
        found: dict[int, list[tuple[int, int, int]]] = {}
        with path.open("rb") as file:
            for place, size, low, high in self.blobs:
                mine = chosen[(chosen >= low) & (chosen <= high)]
                if not len(mine):
                    continue
                file.seek(place)
                block = _Block(_inflated(file.read(size)))
                for span in block.groups:
                    if block.kind(span) != 3:
                        continue
                    ways, _, refs, _ = read_ways(block.data, *span, block.flags({}), mine)
                    x, y = _placed(refs, self.known)
                    table, ends = list(zip(refs.tolist(), x.tolist(), y.tolist(), strict=True)), np.cumsum(ways[:, 3])
                    for (way, _, _, count), end in zip(ways.tolist(), ends.tolist(), strict=True):
                        found[way] = table[end - count : end]
        return found


def _placed(refs: np.ndarray, known: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    ids, x, y = known
    if not len(ids):
        return (np.full(len(refs), UNDEFINED, dtype=np.int32),) * 2
    at = np.minimum(np.searchsorted(ids, refs), len(ids) - 1)
    there = ids[at] == refs
    return np.where(there, x[at], np.int32(UNDEFINED)), np.where(there, y[at], np.int32(UNDEFINED))


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise SpoiltError("a number does not end")


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, _Span]]:
    """Fields of a message: number, value (-1: bytes) and where its bytes are."""
    while at < end:
        key, at = _number(data, at)
        if key & 7 in (1, 5):
            raise ValueError("a field of an unknown kind")
        if key & 7 not in (0, 2):
            raise SpoiltError("a field of no kind")
        value, at = _number(data, at)
        if key & 7 == 0:
            yield key >> 3, value, (at, at)
            continue
        if value > end - at:
            raise SpoiltError("a field beyond the end")
        yield key >> 3, -1, (at, at + value)
        at += value


def _inflated(blob: bytes) -> bytes:
    """Unpack a blob."""
    raw_size, text = None, None
    for field, value, (begin, end) in _fields(blob, 0, len(blob)):
        if field == 2:
            raw_size = value
        elif field == 1:
            text = blob[begin:end]
        elif field == 3:
            unpacked = zlib.decompressobj()
            text = unpacked.decompress(blob[begin:end], _MOST_BLOB_BYTES)
            if not unpacked.eof or len(text) != raw_size:
                raise ValueError("a blob of another size")
        else:
            raise ValueError("a blob packed otherwise")
    if text is None:
        raise ValueError("a blob without data")
    return text


def _blobs(path: Path) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Kind, place, size and data of the blobs of a file."""
    with path.open("rb") as file:
        while head := file.read(4):
            size = int.from_bytes(head, "big")
            if len(head) < 4 or size > 64 << 10:
                raise ValueError("no header")
            header = file.read(size)
            found = {field: (value, span) for field, value, span in _fields(header, 0, len(header))}
            if len(header) < size or 1 not in found or 3 not in found or not 0 < found[3][0] <= _MOST_BLOB_BYTES:
                raise ValueError("no header")
            place, size = file.tell(), found[3][0]
            blob = file.read(size)
            if len(blob) < size:
                raise SpoiltError("a blob cut short")
            yield header[slice(*found[1][1])], place, size, blob


def _check_header(text: bytes) -> None:
    """Raise for a file that needs more than this reader knows, or has the positions on its ways."""
    for field, _, (begin, end) in _fields(text, 0, len(text)):
        if field == 4 and text[begin:end] not in _FEATURES:
            raise ValueError("a feature that is not known here")
        if field == 5 and text[begin:end] == b"LocationsOnWays":
            raise ValueError("positions on ways")


class _Block:
    """One block: its bytes, where its groups are, and its strings."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.data = np.frombuffer(text, dtype=np.uint8)
        self.groups: list[_Span] = []
        self.strings: list[bytes] = []
        self.scale, self.offset = 100, [0, 0]
        for field, value, (begin, end) in _fields(text, 0, len(text)):
            if field == 1:
                self.strings = [text[slice(*span)] for _, _, span in _fields(text, begin, end)]
            elif field == 2:
                self.groups.append((begin, end))
            elif field == 17:
                self.scale = value
            elif field in (19, 20):
                self.offset[field - 19] = value - (1 << 64) if value >> 63 else value

    def kind(self, span: _Span) -> int:
        """Kind of a group: 1 nodes one by one, 2 nodes, 3 ways, 4 relations; 0 for an empty one."""
        return next((field for field, _, _ in _fields(self.text, *span)), 0)

    def flags(self, of: dict[bytes, int]) -> np.ndarray:
        """Tell the number that each string has, uint8."""
        return np.fromiter((of.get(text, 0) for text in self.strings), dtype=np.uint8, count=len(self.strings))

    def pair(self, key: int, value: int) -> tuple[str, str]:
        """Tag of two strings."""
        try:
            return self.strings[key].decode(), self.strings[value].decode()
        except (IndexError, UnicodeDecodeError) as error:
            raise SpoiltError("a tag without its string") from error

    def degrees(self, steps: np.ndarray, side: int) -> np.ndarray:
        """Positions [1e-7 degree] of the steps from one to the next."""
        found = np.cumsum(unzigzag(steps))
        if (self.scale, self.offset[side]) != (100, 0):
            # Whole numbers, towards zero as osmium has them.
            nano = found * self.scale + self.offset[side]
            found = np.sign(nano) * (np.abs(nano) // 100)
        return found.astype(np.int32)


class _Gathered:
    """What the blocks have given so far."""

    def __init__(self) -> None:
        self.ids: list[np.ndarray] = []
        self.x: list[np.ndarray] = []
        self.y: list[np.ndarray] = []
        self.nodes: list[tuple[int, int, list[tuple[str, str]]]] = []
        self.ways: list[np.ndarray] = []
        self.pairs: list[np.ndarray] = []
        self.refs: list[np.ndarray] = []
        self.tag_of: dict[tuple[str, str], int] = {}
        self.relations: list[tuple[int, int, dict[str, str], list[tuple[str, int, str]]]] = []
        self.blobs: list[tuple[int, int, int, int]] = []

    def take_nodes(self, block: _Block, span: _Span) -> None:
        """Keep ids and positions of all nodes, and the tags of some."""
        for _, _, (begin, end) in _fields(block.text, *span):
            parts = {field: at for field, _, at in _fields(block.text, begin, end)}
            info = {field: at for field, _, at in _fields(block.text, *parts.get(5, (0, 0)))}
            versions = unpack(block.data, *info.get(1, (0, 0)))
            if not unpack(block.data, *info.get(6, (0, 0))).all():
                raise DisorderError("a deleted object")
            ids, y, x = (unpack(block.data, *parts.get(field, (0, 0))) for field in (1, 8, 9))
            if not len(ids) == len(x) == len(y) or len(versions) not in (0, len(ids)):
                raise SpoiltError("nodes without positions")
            ids = np.cumsum(unzigzag(ids))
            self.ids.append(ids)
            self.x.append(block.degrees(x, 1))
            self.y.append(block.degrees(y, 0))
            tags = unpack(block.data, *parts.get(10, (0, 0))).astype(np.int64)
            for row, first, last in zip(*tag_runs(tags, block.flags(_NODE_FLAGS)), strict=True):
                found = tags[first:last].tolist()
                pairs = [block.pair(*pair) for pair in zip(found[::2], found[1::2], strict=True)]
                version = int(versions[row]) if len(versions) else 0
                self.nodes.append((int(ids[row]), version, [pair for pair in pairs if pair[0] in NODE_KEY_SET]))

    def take_ways(self, block: _Block, span: _Span) -> tuple[int, int]:
        """Keep the ways with a key that is looked for; tell the first and the last way of the group."""
        ways, tags, refs, ends = read_ways(block.data, *span, block.flags(_WAY_FLAGS), _NOBODY)
        codes, rows = np.unique(tags[:, 0] << 32 | tags[:, 1], return_inverse=True)
        numbers = [
            self.tag_of.setdefault(block.pair(code >> 32, code & 0xFFFFFFFF), len(self.tag_of))
            for code in codes.tolist()
        ]
        self.ways.append(ways)
        self.pairs.append(np.array(numbers, dtype=np.int64)[rows])
        self.refs.append(refs)
        return int(ends[0]), int(ends[1])

    def take_relations(self, block: _Block, span: _Span) -> None:
        """Keep turn restrictions and multipolygons."""
        wanted = {text: 2 for text in block.strings if text == b"multipolygon" or text.startswith(b"restriction")}
        rows = find_relations(block.data, *span, block.flags(wanted | {b"type": 1}))
        for number, version, *spans in rows.tolist():
            keys, values, roles, steps, kinds = (unpack(block.data, *spans[k : k + 2]) for k in range(0, len(spans), 2))
            tags = dict(block.pair(*pair) for pair in zip(keys.tolist(), values.tolist(), strict=True))
            refs = np.cumsum(unzigzag(steps)).tolist()
            members = [
                (_MEMBERS[kind], ref, block.strings[role].decode())
                for kind, ref, role in zip(kinds.tolist(), refs, roles.tolist(), strict=True)
            ]
            self.relations.append((number, version, tags, members))


def _rows_alike(counts: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows of numbers are the same: the first row of each kind, and the kind of each row, in order of firsts."""
    indptr = indptr_of(counts)
    place = (np.arange(len(values)) - np.repeat(indptr[:-1], counts)).astype(np.uint64)
    # splitmix64 of number and place, added up; rows that only seem to be the same are found out below.
    mixed = (values.astype(np.uint64) << np.uint64(20) | place) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    sums = np.concatenate(([np.uint64(0)], np.cumsum(mixed, dtype=np.uint64)))
    _, first, kind = np.unique(sums[indptr[1:]] - sums[indptr[:-1]], return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    first, kind = first[order], rank[kind]
    alike = first[kind]
    if (counts[alike] != counts).any():
        raise ValueError("two combinations of tags that seem to be one")
    if (values[np.repeat(indptr[alike], counts) + place.astype(np.int64)] != values).any():
        raise ValueError("two combinations of tags that seem to be one")
    return first, kind


def _packed(found: _Gathered) -> Packed:
    def joined(parts: list[np.ndarray], kind: type = np.int64) -> np.ndarray:
        return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)

    known = joined(found.ids), joined(found.x, np.int32), joined(found.y, np.int32)
    if len(known[0]) and (known[0][0] <= 0 or (np.diff(known[0]) <= 0).any()):
        raise DisorderError("nodes that are not sorted")
    ways = joined(found.ways).reshape(-1, 4)
    refs, pairs = joined(found.refs), joined(found.pairs)
    x, y = _placed(refs, known)
    first, way_tags = _rows_alike(ways[:, 2], pairs)
    names, starts = list(found.tag_of), indptr_of(ways[:, 2])
    tags = [tuple(names[pair] for pair in pairs[starts[row] : starts[row + 1]].tolist()) for row in first.tolist()]
    return Packed(
        way_id=ways[:, 0],
        version=ways[:, 1],
        counts=ways[:, 3],
        way_tags=way_tags,
        tags=tags,
        node_id=refs,
        x=x,
        y=y,
        nodes=found.nodes,
        relations=found.relations,
        known=known,
        blobs=tuple(found.blobs),
    )


def read_packed(path: Path) -> Packed:
    """Read the ways, nodes and relations that streets are made of.

    Parameters
    ----------
    path : Path
        A ``.osm.pbf``.

    Returns
    -------
    Packed

    Raises
    ------
    DisorderError
        When the file is not sorted, has deleted objects or numbers of an editor's draft.
    SpoiltError
        When it breaks off or points beyond itself.
    ValueError
        When it is not an ordinary one.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "streets.osm.pbf"
    >>> _ = file.write_bytes(b"no streets")
    >>> read_packed(file)
    Traceback (most recent call last):
    ...
    ValueError: no header
    """
    found = _Gathered()
    if path.stat().st_size == 0:
        raise ValueError("an empty file")
    last_kind, last_way = 2, 0
    for row, (kind, place, size, blob) in enumerate(_blobs(path)):
        if kind != (b"OSMData" if row else b"OSMHeader"):
            raise ValueError("a blob of another kind")
        text = _inflated(blob)
        if not row:
            _check_header(text)
            continue
        block = _Block(text)
        for span in block.groups:
            group = block.kind(span)
            if group < last_kind or group > 4:
                raise ValueError("groups in another order")
            last_kind = group
            if group == 2:
                found.take_nodes(block, span)
            elif group == 3:
                low, high = found.take_ways(block, span)
                if low <= last_way:
                    raise DisorderError("ways that are not sorted")
                last_way = high
                found.blobs.append((place, size, low, high))
            else:
                found.take_relations(block, span)
    return _packed(found)
