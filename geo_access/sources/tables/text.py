"""Text as producers ship it: encodings, separators, decimal commas, column names that change with the year."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from geo_access.errors import Fault, InputError, raise_faults
from geo_access.words.note import Note, note
from geo_access.words.told import fault

__all__ = ["NOT_DISCLOSED", "detect_encoding", "detect_separator", "fold", "pick_columns", "to_numbers", "to_text"]

NOT_DISCLOSED = frozenset({"*", "s", "ns", "nd", "n.d.", "nc", "n.c.", "c", "secret", "n/a", "na", "-", "..", "..."})

_SEPARATORS = (";", ",", "\t", "|")
# French letters as each single-byte table writes them; the table that yields most of them wins.
_LEGACY_ENCODINGS = ("cp1252", "cp850", "mac_roman")
_FRENCH = frozenset("éèêëàâäîïôöùûüçœÉÈÊËÀÂÎÏÔÙÛÇŒ’«»°")
_SPACES = re.compile(r"[\s\u00a0\u202f]+")
_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+")


def fold(text: str) -> str:
    """Lower-case text without accents, punctuation or double spaces, for comparing labels.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        ASCII letters, digits and single spaces.

    Examples
    --------
    >>> fold("Soudeur / Soudeuse à l'Œuvre"), fold("Code_QP")
    ('soudeur soudeuse a l oeuvre', 'code qp')
    """
    text = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def detect_encoding(sample: bytes, *, whole: bool = True) -> str:
    """Find the encoding of a text, from its first bytes.

    Parameters
    ----------
    sample : bytes
        The file, or its beginning.
    whole : bool
        Whether `sample` is the whole file; a cut sample may end inside a character.

    Returns
    -------
    str
        ``utf-8-sig``, ``utf-16``, ``cp1252``, ``cp850`` or ``mac_roman``.

    Examples
    --------
    >>> detect_encoding("élevage".encode()), detect_encoding("élevage porcin".encode("cp1252"))
    ('utf-8-sig', 'cp1252')
    """
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if not whole and error.start >= len(sample) - 4:
            return "utf-8-sig"
    else:
        return "utf-8-sig"
    scores = [
        sum(character in _FRENCH for character in sample.decode(encoding, errors="replace"))
        for encoding in _LEGACY_ENCODINGS
    ]
    return _LEGACY_ENCODINGS[scores.index(max(scores))]


def detect_separator(text: str) -> str:
    r"""Field separator of a delimited text: the one that splits its first lines most evenly.

    Parameters
    ----------
    text : str
        The beginning of the file.

    Returns
    -------
    str
        ``;``, ``,``, tab or ``|``; a comma when there is a single column.

    Examples
    --------
    >>> detect_separator("code;pop\n59350;1,5\n59512;2,5\n")
    ';'
    """
    lines = [line for line in text.splitlines() if line.strip()][:50]
    best, best_score = ",", (0.0, 0)
    for separator in _SEPARATORS:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = separator, score
    return best


def to_text(values: pd.Series) -> pd.Series:
    """Text of codes and ids, without the ``.0`` that a spreadsheet adds; blanks are missing.

    Parameters
    ----------
    values : pandas.Series
        Text or numbers.

    Returns
    -------
    pandas.Series of object
        Stripped text, ``None`` where missing.

    Examples
    --------
    >>> to_text(pd.Series([59350.0, None])).tolist(), to_text(pd.Series([" 02001", ""])).tolist()
    (['59350', None], ['02001', None])
    """
    floats = pd.api.types.is_float_dtype(values)
    out: list[str | None] = []
    for value in values.tolist():
        if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
            out.append(None)
            continue
        text = str(value).strip()
        whole = _WHOLE_FLOAT.fullmatch(text) if floats or isinstance(value, float) else None
        out.append((whole[1] if whole else text) or None)
    return pd.Series(out, index=values.index, dtype=object, name=values.name)


def to_numbers(values: pd.Series) -> pd.Series:
    """Numbers from text with decimal commas, thousands spaces and secrecy marks.

    The last of ``,`` and ``.`` is the decimal mark; a comma alone is decimal, as the French producers write. A secret
    (``*``, ``s``, ``nd`` …) is unknown, never zero.

    Parameters
    ----------
    values : pandas.Series
        Text or numbers.

    Returns
    -------
    pandas.Series of float64
        NaN where the text is no number.

    Examples
    --------
    >>> to_numbers(pd.Series(["16,61538462", "6 034", "1.234,5", "*", None])).tolist()
    [16.61538462, 6034.0, 1234.5, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("float64")
    return pd.Series(
        [_number(value) for value in values.tolist()], index=values.index, dtype="float64", name=values.name
    )


def _number(value: object) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str):
        return float("nan")
    text = _SPACES.sub("", value)
    comma, point = text.rfind(","), text.rfind(".")
    if comma > point:
        text = text.replace(".", "").replace(",", ".", 1) if text.count(",") == 1 else text.replace(",", "")
    elif comma >= 0:
        text = text.replace(",", "")
    try:
        number = float(text)
    except ValueError:
        return float("nan")
    return number if np.isfinite(number) else float("nan")


def _either(names: Sequence[str]) -> Note:
    """Names of columns of which one is wanted, as the reader's language sets them side by side."""
    *others, last = names
    found = note("column_named", name=last)
    for name in reversed(others):
        found = note("column_either", one=note("column_named", name=name), other=found)
    return found


def _no_column(where: str, wanted: Sequence[str], known: Sequence[str]) -> Fault:
    """Say that a column is missing, with the nearest one that exists or the list of them."""
    folded: dict[str, str] = {}
    for column in known:
        folded.setdefault(fold(column).replace(" ", ""), column)
    near = difflib.get_close_matches(fold(wanted[0]).replace(" ", ""), list(folded), n=1, cutoff=0.5)
    if near:
        return fault(where, "no_column_near", wanted=_either(wanted), near=folded[near[0]])
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return fault(where, "no_column", wanted=_either(wanted), known=shown)


def pick_columns(
    columns: Iterable[object],
    wanted: Mapping[str, Sequence[str]],
    *,
    where: str,
    given: Mapping[str, str | None] | None = None,
    optional: Iterable[str] = (),
) -> dict[str, str]:
    """Find which column of a table is which of ours, whatever its case, accents and underscores.

    Parameters
    ----------
    columns : iterable of str
        Columns of the table.
    wanted : mapping of str to sequence of str
        Our name → the names that producers give it, best first.
    where : str
        Name of the table, for the message.
    given : mapping of str to str, optional
        Our name → the column that the user names; it must exist.
    optional : iterable of str
        Names among `wanted` that may be absent.

    Returns
    -------
    dict of str to str
        Our name → column of the table, for those found.

    Raises
    ------
    InputError
        With every column missing and the nearest one that exists.

    Examples
    --------
    >>> pick_columns(["CODE_QP", "Nom_QP"], {"id": ["code_qp"], "name": ["lib_qp", "nom_qp"]}, where="qpv.gpkg")
    {'id': 'CODE_QP', 'name': 'Nom_QP'}
    """
    known = [str(column) for column in columns]
    exact = set(known)
    loose: dict[str, str] = {}
    for column in known:
        loose.setdefault(fold(column).replace(" ", ""), column)
    free = set(optional)
    found: dict[str, str] = {}
    faults: list[Fault] = []
    named = {ours: theirs for ours, theirs in (given or {}).items() if theirs is not None}
    for ours, theirs in named.items():
        match = theirs if theirs in exact else loose.get(fold(theirs).replace(" ", "") or theirs)
        if match is None:
            faults.append(_no_column(f"{where}: {ours}", [theirs], known))
        else:
            found[ours] = match
    for ours, names in wanted.items():
        if ours in named:
            continue
        candidates = (name if name in exact else loose.get(fold(name).replace(" ", "")) for name in names)
        first = next((match for match in candidates if match is not None), None)
        if first is not None:
            found[ours] = first
        elif ours not in free:
            faults.append(_no_column(f"{where}: {ours}", names[:4], known))
    raise_faults(faults, error=InputError)
    return found
