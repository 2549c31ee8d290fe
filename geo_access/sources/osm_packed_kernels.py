"""Compiled reading of the numbers of a PBF block: every step stays inside of the bytes that it was given."""

from __future__ import annotations

import numpy as np

from geo_access.kernels import njit

__all__ = ["DisorderError", "SpoiltError", "find_relations", "read_ways", "tag_runs", "unpack", "unzigzag"]


class SpoiltError(ValueError):
    """A file that breaks off or points beyond itself: no reader can read it."""


class DisorderError(ValueError):
    """A file that is not sorted, or that has deleted objects or numbers of a draft: to be gathered whole."""


@njit(cache=True, nogil=True)
def _varint(data: np.ndarray, at: int, end: int) -> tuple[np.uint64, int]:
    value, shift = np.uint64(0), np.uint64(0)
    while True:
        if at >= end or shift > np.uint64(63):
            raise SpoiltError("a number does not end")
        byte = np.uint64(data[at])
        at += 1
        value |= (byte & np.uint64(127)) << shift
        if byte < np.uint64(128):
            return value, at
        shift += np.uint64(7)


@njit(cache=True, nogil=True)
def _signed(value: np.uint64) -> np.int64:
    return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1))


@njit(cache=True, nogil=True)
def _field(data: np.ndarray, at: int, end: int) -> tuple[np.int64, np.int64, int, int]:
    """Field number, value of a number (-1: bytes), begin of its bytes and where the next field begins."""
    key, at = _varint(data, at, end)
    number, wire = np.int64(key >> np.uint64(3)), key & np.uint64(7)
    if wire == np.uint64(0):
        value, after = _varint(data, at, end)
        return number, np.int64(value), at, after
    if wire == np.uint64(1) or wire == np.uint64(5):
        raise ValueError("a field of an unknown kind")
    if wire != np.uint64(2):
        raise SpoiltError("a field of no kind")
    size, at = _varint(data, at, end)
    if size > np.uint64(end - at):
        raise SpoiltError("a field beyond the end")
    return number, np.int64(-1), at, at + int(size)


@njit(cache=True, nogil=True)
def unpack(data: np.ndarray, at: int, end: int) -> np.ndarray:
    """Numbers in some bytes, one after the other.

    Parameters
    ----------
    data : ndarray of uint8
    at, end : int
        Where they begin and end.

    Returns
    -------
    ndarray of uint64

    Raises
    ------
    SpoiltError
        When the last number does not end there.
    """
    found = np.empty(end - at, dtype=np.uint64)
    n = 0
    while at < end:
        found[n], at = _varint(data, at, end)
        n += 1
    return found[:n]


def unzigzag(values: np.ndarray) -> np.ndarray:
    """Give the signed numbers, int64, that PBF writes as 0, 1, 2, 3 …: 0, -1, 1, -2 and so on."""
    one = np.uint64(1)
    signed: np.ndarray = (values >> one).astype(np.int64) ^ -(values & one).astype(np.int64)
    return signed


@njit(cache=True, nogil=True)
def tag_runs(pairs: np.ndarray, flags: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which nodes have a key that is looked for, and where their tags are.

    Parameters
    ----------
    pairs : ndarray of int64
        Key, value, key, value … and 0 after each node.
    flags : ndarray of uint8, shape (n_strings,)
        Whether a string is such a key.

    Returns
    -------
    row, begin, end : ndarray of int64
        Row of the node, and where its pairs begin and end.
    """
    row, begin, end = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
    n, node, first, at, wanted = 0, 0, 0, 0, False
    while at < len(pairs):
        if pairs[at] == 0:
            if wanted:
                row[n], begin[n], end[n] = node, first, at
                n += 1
            at += 1
            node, first, wanted = node + 1, at, False
            continue
        if not 0 < pairs[at] < len(flags) or at + 1 >= len(pairs) or not 0 <= pairs[at + 1] < len(flags):
            raise SpoiltError("a tag without its string")
        wanted |= flags[pairs[at]] > 0
        at += 2
    return row[:n], begin[:n], end[:n]


@njit(cache=True, nogil=True)
def _info(data: np.ndarray, at: int, end: int) -> np.int64:
    """Version of an object; raise where it is deleted."""
    version = np.int64(0)
    while at < end:
        number, value, _, at = _field(data, at, end)
        if number == 1:
            version = value
        elif number == 6 and value == 0:
            raise DisorderError("a deleted object")
    return version


@njit(cache=True, nogil=True)
def read_ways(
    data: np.ndarray, at: int, end: int, flags: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ways of one group.

    Parameters
    ----------
    data : ndarray of uint8
    at, end : int
        Where the group begins and ends.
    flags : ndarray of uint8, shape (n_strings,)
        1: a key whose tag is kept; 2: a key whose ways are kept; 3: both.
    chosen : ndarray of int64
        Sorted ids; where there are some, these ways are kept, without tags.

    Returns
    -------
    ways : ndarray of int64, shape (n, 4)
        Id, version, number of tags kept, number of nodes.
    tags : ndarray of int64, shape (n_tags, 2)
        Strings of key and value.
    refs : ndarray of int64
    span : ndarray of int64, shape (2,)
        First and last way of the group, kept or not.

    Raises
    ------
    DisorderError
        When it is not sorted, has deleted ways or numbers of drafts.
    SpoiltError
        When it points beyond itself.
    ValueError
        When it has others than are known here.
    """
    size = end - at
    ways, tags, refs = np.empty((size // 2, 4), np.int64), np.empty((size // 2, 2), np.int64), np.empty(size, np.int64)
    n, n_tags, n_refs = 0, 0, 0
    span = np.zeros(2, np.int64)
    while at < end:
        group, value, at, after = _field(data, at, end)
        if group != 3 or value != -1:
            raise ValueError("a group of several kinds")
        spans = np.zeros((9, 2), np.int64)
        number = np.int64(0)
        while at < after:
            field, value, begin, stop = _field(data, at, after)
            if field == 1:
                number = value
            elif field == 2 or field == 3 or field == 4 or field == 8:
                if value != -1 or spans[field, 1] != 0:
                    raise ValueError("a list in pieces")
                spans[field, 0], spans[field, 1] = begin, stop
            at = stop
        if number <= span[1]:
            raise DisorderError("ways that are not sorted")
        span[0], span[1] = (number if span[0] == 0 else span[0]), number
        version = _info(data, spans[4, 0], spans[4, 1])
        first, wanted = n_tags, False
        key_at, value_at = spans[2, 0], spans[3, 0]
        while key_at < spans[2, 1]:
            key, key_at = _varint(data, key_at, spans[2, 1])
            text, value_at = _varint(data, value_at, spans[3, 1])
            if key >= np.uint64(len(flags)) or text >= np.uint64(len(flags)):
                raise SpoiltError("a tag without its string")
            wanted |= flags[key] >= 2
            if flags[key] & np.uint8(1):
                tags[n_tags, 0], tags[n_tags, 1] = np.int64(key), np.int64(text)
                n_tags += 1
        if len(chosen) > 0:
            place = np.searchsorted(chosen, number)
            wanted = bool(place < len(chosen) and chosen[place] == number)
            n_tags = first
        ref, ref_at, first_ref = np.int64(0), spans[8, 0], n_refs
        while ref_at < spans[8, 1]:
            step, ref_at = _varint(data, ref_at, spans[8, 1])
            ref += _signed(step)
            if ref <= 0:
                raise DisorderError("a node of a draft")
            refs[n_refs] = ref
            n_refs += 1
        if not wanted:
            # Its nodes were looked at all the same: what is read a second time is known to be whole.
            n_tags, n_refs = first, first_ref
            continue
        ways[n, 0], ways[n, 1], ways[n, 2], ways[n, 3] = number, version, n_tags - first, n_refs - first_ref
        n += 1
    return ways[:n].copy(), tags[:n_tags].copy(), refs[:n_refs].copy(), span


@njit(cache=True, nogil=True)
def find_relations(data: np.ndarray, at: int, end: int, flags: np.ndarray) -> np.ndarray:
    """Relations of one group with a key and a value that are looked for.

    Parameters
    ----------
    data : ndarray of uint8
    at, end : int
        Where the group begins and ends.
    flags : ndarray of uint8, shape (n_strings,)
        1: such a key, 2: such a value.

    Returns
    -------
    ndarray of int64, shape (n, 12)
        Id, version, and where keys, values, roles and members and their kinds begin and end, in pairs.

    Raises
    ------
    DisorderError
        When it has deleted relations or numbers of drafts.
    SpoiltError
        When it points beyond itself.
    ValueError
        When it has others than are known here.
    """
    found = np.empty(((end - at) // 2, 12), np.int64)
    n = 0
    while at < end:
        group, value, at, after = _field(data, at, end)
        if group != 4 or value != -1:
            raise ValueError("a group of several kinds")
        spans = np.zeros((11, 2), np.int64)
        number = np.int64(0)
        while at < after:
            field, value, begin, stop = _field(data, at, after)
            if field == 1:
                number = value
            elif 2 <= field <= 10:
                if value != -1 or spans[field, 1] != 0:
                    raise ValueError("a list in pieces")
                spans[field, 0], spans[field, 1] = begin, stop
            at = stop
        version = _info(data, spans[4, 0], spans[4, 1])
        key_at, value_at, wanted = spans[2, 0], spans[3, 0], False
        while key_at < spans[2, 1]:
            key, key_at = _varint(data, key_at, spans[2, 1])
            text, value_at = _varint(data, value_at, spans[3, 1])
            if key >= np.uint64(len(flags)) or text >= np.uint64(len(flags)):
                raise SpoiltError("a tag without its string")
            wanted |= flags[key] == 1 and flags[text] == 2
        if not wanted:
            continue
        if number <= 0:
            raise DisorderError("a number of a draft")
        found[n, 0], found[n, 1] = number, version
        for k, kept in enumerate((2, 3, 8, 9, 10)):
            found[n, 2 + 2 * k], found[n, 3 + 2 * k] = spans[kept, 0], spans[kept, 1]
        n += 1
    return found[:n].copy()
