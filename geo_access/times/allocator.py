"""What a worker does with memory that it has freed: it keeps some, for the arrays of the next part.

Dask starts its workers with ``MALLOC_TRIM_THRESHOLD_=65536``: every freed array goes back to the system at once, and
the next one is handed over page by page, each page a fault. A part of a table then costs tens of thousands of faults,
which are dear on virtual machines, dearer where two processes fault at once.
"""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory"]

# Numbers of `mallopt` in glibc's <malloc.h>.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_KEPT_BYTES = 256 << 20
_PAD_BYTES = 64 << 20
# The most that glibc takes: larger arrays are mapped one by one, whatever is asked.
_LARGEST_BYTES = 32 << 20


def keep_freed_memory() -> bool:
    """Let this process keep up to 256 MB of freed memory in place of giving it back and asking for it again.

    Returns
    -------
    bool
        Whether the C library took it; False, and nothing changed, where it is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    asked = ((_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_TOP_PAD, _PAD_BYTES), (_M_MMAP_THRESHOLD, _LARGEST_BYTES))
    return sum(mallopt(number, value) for number, value in asked) == len(asked)
