"""numba's compiler, with a cache of kernels that neither an upgrade of this package nor an edit can spoil.

numba reads what it kept of a kernel before it looks whether the source is still the same. The kept signatures name
classes of ours; where a release renames one, reading fails, and so would every command of whoever upgraded. And it
looks at the kernel's own file only: a kernel that calls another one, of a file that has changed since, would go on
with the old one. Here a kept kernel counts as long as no file with kernels has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core.caching import IndexDataCacheFile
from numba.extending import intrinsic

__all__ = ["kernels_stamp", "njit", "trailing_zeros"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _Index(IndexDataCacheFile):
    """An index of compiled kernels that counts as empty where it speaks of what is gone."""

    def _load_index(self) -> Any:
        try:
            kept: Any = super()._load_index()  # type: ignore[no-untyped-call]
        except (AttributeError, ImportError, EOFError):
            return {}
        return kept


@lru_cache
def kernels_stamp(folder: Path = Path(__file__).parent) -> str:
    """Hash what all files with kernels say.

    Parameters
    ----------
    folder : Path
        Of a package.

    Returns
    -------
    str
        The same as long as none of them changes.
    """
    digest = blake2b(digest_size=16)
    for path in sorted(folder.rglob("*.py")):
        text = path.read_bytes()
        if b"import njit" in text:
            digest.update(b"%s %d\n" % (path.relative_to(folder).as_posix().encode(), len(text)) + text)
    return digest.hexdigest()


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
            index._source_stamp = (index._source_stamp, kernels_stamp())
        return cast("_Function", kernel)

    return compiled


def _trailing_zeros(typing_context: Any, word: Any) -> Any:  # noqa: ARG001 — an intrinsic is typed by its arguments
    """Tell how many bits below the lowest one set, of a word of 64 that is not 0: one machine operation."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


# numba's decorator hides the typing context from callers, not from type checkers.
trailing_zeros: Any = intrinsic(_trailing_zeros)
