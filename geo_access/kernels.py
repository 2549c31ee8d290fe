"""numba's compiler, with a cache of kernels that an upgrade of this package cannot break.

numba reads what it kept of a kernel before it looks whether the source is still the same. The kept signatures name
classes of ours; where a release renames one, reading fails, and so would every command of whoever upgraded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import IndexDataCacheFile

__all__ = ["njit"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _Index(IndexDataCacheFile):
    """An index of compiled kernels that counts as empty where it speaks of what is gone."""

    def _load_index(self) -> Any:
        try:
            kept: Any = super()._load_index()  # type: ignore[no-untyped-call]
        except (AttributeError, ImportError, EOFError):
            return {}
        return kept


def njit(**options: Any) -> Callable[[_Function], _Function]:
    """Compile a function as ``numba.njit(**options)`` does.

    Parameters
    ----------
    **options
        Of ``numba.njit``.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> @njit(nogil=True)
    ... def twice(n: int) -> int:
    ...     return 2 * n
    >>> twice(4)
    8
    """

    def compiled(function: _Function) -> _Function:
        kernel: Any = numba.njit(**options)(function)
        index = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
        if type(index) is IndexDataCacheFile:
            index.__class__ = _Index
        return cast("_Function", kernel)

    return compiled
