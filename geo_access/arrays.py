"""The array idioms of the package: rows laid end to end behind an ``indptr``, runs of equal keys, masks.

A table of rows of unlike length is held as CSR everywhere: row ``r`` owns the entries ``indptr[r]:indptr[r + 1]``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

# Whole numbers that nothing is hidden in: digits of π.
SEEDS = (0x243F6A8885A308D3, 0x13198A2E03707344)


def indptr_of(counts: ArrayLike) -> np.ndarray:
    """Lay rows of these sizes end to end.

    Parameters
    ----------
    counts : array-like of int, shape (n_rows,)
        Entries of each row.

    Returns
    -------
    ndarray of int64, shape (n_rows + 1,)
        Where each row begins; the last is where the entries end.

    Examples
    --------
    >>> indptr_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    # One pass: of millions of streets, each copy costs as much as the sum.
    sizes = np.asarray(counts)
    found = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, dtype=np.int64, out=found[1:])
    return found


def indptr_of_rows(rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Lay entries end to end that are sorted by row.

    Parameters
    ----------
    rows : ndarray of int, shape (n_entries,)
        Row of each entry; only how many each row has counts.
    n_rows : int
        Number of rows.

    Returns
    -------
    ndarray of int64, shape (n_rows + 1,)

    Examples
    --------
    >>> indptr_of_rows(np.array([0, 0, 2]), 4).tolist()
    [0, 2, 2, 3, 3]
    """
    return indptr_of(np.bincount(rows, minlength=n_rows))


def grouped(rows: np.ndarray, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Put entries together by row.

    Parameters
    ----------
    rows : ndarray of int, shape (n_entries,)
        Row of each entry, in any order.
    n_rows : int
        Number of rows.

    Returns
    -------
    indptr : ndarray of int64, shape (n_rows + 1,)
    order : ndarray of int64, shape (n_entries,)
        Row r has the entries ``order[indptr[r]:indptr[r + 1]]``, ascending.

    Examples
    --------
    >>> indptr, order = grouped(np.array([2, 0, 2]), 3)
    >>> indptr.tolist(), order.tolist()
    ([0, 1, 1, 3], [1, 0, 2])
    """
    return indptr_of_rows(rows, n_rows), np.argsort(rows, kind="stable")


def rows_of(indptr: np.ndarray, dtype: DTypeLike = np.int64) -> np.ndarray:
    """Name the row of each entry.

    Parameters
    ----------
    indptr : ndarray of int, shape (n_rows + 1,)
    dtype : numpy dtype, default int64
        Of the answer.

    Returns
    -------
    ndarray of `dtype`, shape (n_entries,)

    Examples
    --------
    >>> rows_of(np.array([0, 2, 2, 3])).tolist()
    [0, 0, 2]
    """
    return np.repeat(np.arange(len(indptr) - 1, dtype=dtype), np.diff(indptr))


def ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Concatenate ``arange(start, start + count)`` of each pair.

    Parameters
    ----------
    starts, counts : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of int64, shape (sum of counts,)

    Examples
    --------
    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    indptr = indptr_of(counts)
    return np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], counts)


def entries_of_rows(indptr: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the entries of some rows, in the order of these rows.

    Parameters
    ----------
    indptr : ndarray of int, shape (n_rows + 1,)
    rows : ndarray of int, shape (n,)
        Rows wanted, repeats and any order allowed.

    Returns
    -------
    entries : ndarray of int64
        Where the entries of the wanted rows stand.
    indptr : ndarray of int64, shape (n + 1,)
        Row ``k`` of the answer owns ``entries[indptr[k]:indptr[k + 1]]``.

    Examples
    --------
    >>> entries, indptr = entries_of_rows(np.array([0, 2, 2, 5]), np.array([2, 0]))
    >>> entries.tolist(), indptr.tolist()
    ([2, 3, 4, 0, 1], [0, 3, 5])
    """
    counts = np.diff(indptr)[rows]
    return ranges(indptr[:-1][rows], counts), indptr_of(counts)


def places_in_rows(indptr: np.ndarray) -> np.ndarray:
    """Count the entries of each row from 0.

    Parameters
    ----------
    indptr : ndarray of int, shape (n_rows + 1,)

    Returns
    -------
    ndarray of int64, shape (n_entries,)

    Examples
    --------
    >>> places_in_rows(np.array([0, 2, 2, 5])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(indptr[-1], dtype=np.int64) - np.repeat(indptr[:-1], np.diff(indptr))


def sums_of_rows(values: np.ndarray, indptr: np.ndarray) -> np.ndarray:
    """Add the values of each row up; a row without entries has 0.

    Parameters
    ----------
    values : ndarray of int or bool, shape (n_entries,)
    indptr : ndarray of int, shape (n_rows + 1,)

    Returns
    -------
    ndarray of int64, shape (n_rows,)

    Examples
    --------
    >>> sums_of_rows(np.array([4, 1, 2]), np.array([0, 1, 1, 3])).tolist()
    [4, 0, 3]
    """
    return np.diff(indptr_of(values)[indptr])


def begins_run(*keys: np.ndarray) -> np.ndarray:
    """Tell which entries begin a run: the first, and each with a key unlike that of the entry before.

    Parameters
    ----------
    *keys : ndarray, shape (n,)
        Compared together; equal keys that do not touch are two runs.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> begins_run(np.array([7, 7, 8, 7])).tolist()
    [True, False, True, True]
    """
    begins = np.zeros(len(keys[0]), dtype=bool)
    begins[:1] = True
    for key in keys:
        begins[1:] |= key[1:] != key[:-1]
    return begins


def ends_run(*keys: np.ndarray) -> np.ndarray:
    """Tell which entries end a run: the last, and each with a key unlike that of the entry after.

    Parameters
    ----------
    *keys : ndarray, shape (n,)

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> ends_run(np.array([7, 7, 8, 7])).tolist()
    [False, True, True, True]
    """
    return np.roll(begins_run(*keys), -1)


def marked_rows_and_columns(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows and the columns of a mask that hold a mark: what is outside them need not be looked at.

    Parameters
    ----------
    mask : ndarray of bool, shape (n_rows, n_columns)

    Returns
    -------
    rows, columns : ndarray of int64

    Examples
    --------
    >>> [part.tolist() for part in marked_rows_and_columns(np.array([[False, True], [False, False]]))]
    [[0], [1]]
    """
    return np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))


def mixed(start: int | np.ndarray, columns: Sequence[np.ndarray]) -> np.ndarray:
    """Mix whole numbers into marks of 64 bits, one column after the other: the finaliser of splitmix64.

    Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators", OOPSLA. Rows that differ share a
    mark once in 2⁶⁴ pairs.

    Parameters
    ----------
    start : int or ndarray of uint64, shape (n,)
        One of `SEEDS`, or marks to go on with.
    columns : sequence of ndarray of int or bool, shape (n,)

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> one, other, again = mixed(SEEDS[0], [np.array([1, 2, 1])]).tolist()
    >>> one == again, one == other
    (True, False)
    """
    found: np.ndarray | np.uint64 = np.uint64(start) if isinstance(start, int) else start
    for column in columns:
        found = found ^ column.astype(np.int64).view(np.uint64)
        found = found + np.uint64(0x9E3779B97F4A7C15)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found = found ^ (found >> np.uint64(31))
    return np.asarray(found)
