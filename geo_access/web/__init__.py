"""The workshop: a local page where planner, adviser, observatory and employer ask, thin over a prepared study."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from geo_access.errors import InputError
from geo_access.web.outside import Outside

__all__ = ["Outside", "open_workshop"]

_NOTHING = Outside()


def open_workshop(
    study: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token: str = "",
    outside: Outside = _NOTHING,
    open_page: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the workshop of a study until Ctrl-C; needs the extra ``[web]``.

    Parameters
    ----------
    study : str or pathlib.Path
        The study file.
    host, port : str, int
        Where to listen; 0 for a free port.
    token : str
        Asked of every request when the host is not this machine.
    outside : Outside
        What may be asked of servers beyond this machine: nothing by default.
    open_page : bool
        Whether to open the page in the default browser.
    announce : callable
        Told the page's address.

    Raises
    ------
    InputError
        Without the extra, for a study that cannot be read, a port that is taken, an open host without a token,
        a base map that is not known.
    """
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise InputError(
            f"the workshop needs {', '.join(missing)} → pip install 'geo-access[web]'",
            key="web.extra",
            values={"missing": ", ".join(missing)},
        )
    from geo_access.web.serve import Address, serve  # noqa: PLC0415 — the extra may be missing

    serve(study, Address(host, port, token), outside=outside, open_page=open_page, announce=announce)
