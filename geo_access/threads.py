"""Kernels side by side: a range of rows cut into pieces, each piece a call in a thread.

Not numba's ``parallel=True``: it compiles a kernel twice, and its ``workqueue`` layer aborts a process in which two
threads enter such kernels at once. A kernel that releases the interpreter needs neither.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

from numba import config, get_num_threads, set_num_threads

__all__ = ["in_pieces", "use_threads"]

_Found = TypeVar("_Found")
# More pieces than threads: who is done early takes another.
_PER_THREAD = 4


def use_threads(threads: int) -> None:
    """Let kernels that are called from this thread use so many threads, no more than numba has.

    Parameters
    ----------
    threads : int
        One at least.
    """
    set_num_threads(max(1, min(threads, vars(config)["NUMBA_NUM_THREADS"])))


def in_pieces(
    kernel: Callable[..., _Found], n_rows: int, *arguments: Any, per_thread: int = _PER_THREAD
) -> list[_Found]:
    """Call ``kernel(first, last, *arguments)`` on pieces that together are ``range(n_rows)``.

    Parameters
    ----------
    kernel : callable
        Compiled with ``nogil=True``; writes only what belongs to its rows, so that the pieces change nothing.
    n_rows : int
        Nothing is called for none.
    *arguments
        The same for every piece.
    per_thread : int
        Pieces for each of numba's threads (``numba.get_num_threads()``).

    Returns
    -------
    list
        What the kernel returned for each piece, in the order of the rows.

    Examples
    --------
    >>> sum(in_pieces(lambda first, last, rows: sum(rows[first:last]), 3, [1, 2, 4]))
    7
    """
    threads = get_num_threads()
    pieces = min(n_rows, threads * per_thread)
    bounds = [n_rows * piece // pieces for piece in range(pieces + 1)] if pieces else []
    spans = list(pairwise(bounds))
    if len(spans) < 2 or threads < 2:
        return [kernel(first, last, *arguments) for first, last in spans]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda span: kernel(*span, *arguments), spans))
