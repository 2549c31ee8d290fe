"""Errors in the reader's language."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping

from geo_access.errors import Fault, GeoAccessError
from geo_access.words.told import told_values
from geo_access.words.words import catalogue, text

__all__ = ["error_text", "fault_text"]


_MACHINE = {
    errno.ENOENT: "os.not_found",
    errno.EACCES: "os.permission",
    errno.EPERM: "os.permission",
    errno.EISDIR: "os.is_folder",
    errno.ENOTDIR: "os.not_folder",
    errno.EEXIST: "os.exists",
    errno.ENOSPC: "os.disk_full",
    errno.EDQUOT: "os.disk_full",
    errno.EROFS: "os.read_only",
    errno.ENAMETOOLONG: "os.long_name",
}


def _machine(error: OSError, language: str) -> str:
    """Say what the machine refused; in its own words where it names neither a number nor a file."""
    if error.errno is None and error.filename is None:
        return str(error)
    key = _MACHINE.get(error.errno or 0, "os.other")
    file = error.filename if error.filename is not None else "?"
    values = {"file": file} if key != "os.other" else {"file": file, "why": error.strerror}
    return text(f"error.{key}", language, **values)


def _told(key: str, values: Mapping[str, object], english: str, language: str) -> str:
    """Words of an entry, or the error's own words where the catalogue has none that fit."""
    entry = f"error.{key}"
    if not key or entry not in catalogue(language):
        return english
    return text(entry, language, **told_values(values, language))


# A row of a table counts its data alone, a line of a file all of it: two words in each language.
_NUMBERED = re.compile(r"(?<=: )(row|line) (\d+)$")


def _where(where: str, language: str) -> str:
    return _NUMBERED.sub(lambda found: text(f"at.{found[1]}", language, n=found[2]), where)


def fault_text(fault: Fault, language: str) -> str:
    """Where, what and what to do, of one fault, in a language."""
    own = str(fault).removeprefix(f"{fault.where}: ")
    colon = text("colon", language)
    where = _where(fault.where, language) if fault.place is None else fault.place.told(language)
    return f"{where}{colon} {_told(fault.key, fault.values, own, language)}"


def error_text(error: BaseException, language: str = "fr") -> str:
    r"""Message of an error in a language; in English where the catalogue does not know it.

    Parameters
    ----------
    error : BaseException
        A `GeoAccessError` carries keys and values; an `OSError` is told by its number; another in its own words.
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    str
        One or several lines of plain text.

    Examples
    --------
    >>> error_text(GeoAccessError("x: empty", faults=[Fault("x.csv", "empty", "add rows", key="study.missing")]))
    'x.csv\u202f: cette clé manque → ajoutez-la'
    """
    if not isinstance(error, GeoAccessError):
        return _machine(error, language) if isinstance(error, OSError) else str(error)
    if error.key:
        return _told(error.key, error.values, str(error), language)
    if not error.faults:
        return str(error)
    lines = [fault_text(fault, language) for fault in error.faults]
    head = [text("error.faults", language, n=len(lines))] if len(lines) > 1 else []
    return "\n  ".join([*head, *lines])
