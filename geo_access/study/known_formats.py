"""A producer's file given as a plain table: which ``format`` it has, said where its columns are found missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from geo_access.errors import Fault, GeoAccessError, InputError, raise_faults
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.text import fold
from geo_access.words.told import fault

__all__ = ["format_hint", "format_of_columns", "format_of_file"]

# (section, format) → columns of which each group must show one; names without accents, case or separators.
_SIGNATURES: dict[tuple[str, str], tuple[frozenset[str], ...]] = {
    ("training", "uai_mef_rome"): (frozenset({"uai"}), frozenset({"mef11", "coderome1"})),
    ("training", "apprenticeship"): (
        frozenset({"cleministereeducatif", "idrcoformation"}),
        frozenset({"romecodes", "codesrome"}),
    ),
    ("training", "onisep"): (
        frozenset({"formationforlibelle", "forlibelle", "forurletidonisep"}),
        frozenset({"lieudenseignementenslibelle", "enslibelle", "enscodeuai", "ensurletidonisep"}),
    ),
    ("employers", "siae"): (frozenset({"siret"}), frozenset({"naf"}), frozenset({"kind"})),
    ("employers", "sirene"): (
        frozenset({"siret"}),
        frozenset({"activiteprincipaleetablissement"}),
        frozenset({"etatadministratifetablissement", "codecommuneetablissement"}),
    ),
    ("employers", "offers"): (frozenset({"romecode"}), frozenset({"lieutravail", "lieutravaillibelle"})),
}
_HEAD_BYTES = 65_536


def _names(columns: Sequence[object]) -> set[str]:
    return {fold(str(column)).replace(" ", "").replace("_", "").replace("'", "") for column in columns}


def format_of_columns(columns: Sequence[object]) -> tuple[str, str] | None:
    """Section and ``format`` of a producer's table, by its columns.

    Parameters
    ----------
    columns : sequence
        Names as the file has them.

    Returns
    -------
    tuple of str or None
        As ``("training", "uai_mef_rome")``; None for a table of one's own.

    Examples
    --------
    >>> format_of_columns(["UAI", "MEF11", "Nom", "Code_Rome_1"])
    ('training', 'uai_mef_rome')
    >>> format_of_columns(["site_id", "metier", "places"]) is None
    True
    """
    names = _names(columns)
    return next((known for known, groups in _SIGNATURES.items() if all(group & names for group in groups)), None)


def format_of_file(path: str | Path) -> tuple[str, str] | None:
    """Section and ``format`` of a producer's file, by what is in it.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    tuple of str or None
        None for what is not known, or cannot be read.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).decode("utf-8", errors="replace").lower()
        if "<lheo" in head:
            return "training", "lheo"
        if '"resultats"' in head or ('"romecode"' in head and '"lieutravail"' in head):
            return "employers", "offers"
        table = read_table(file)
    except (GeoAccessError, OSError):
        return None
    return format_of_columns(list(table.columns)) if isinstance(table, pd.DataFrame) else None


@contextmanager
def format_hint(section: str, path: Path, given: str) -> Iterator[None]:
    """Add to what a reader refuses of a file that the file is a producer's, and how to say so.

    Parameters
    ----------
    section : str
        ``training`` or ``employers``.
    path : pathlib.Path
    given : str
        Its ``format`` in the study.

    Raises
    ------
    InputError
        What the reader raised, with one fault more where the format is known and another.
    """
    try:
        yield
    except InputError as error:
        known = format_of_file(path)
        if known is None or known == (section, given):
            raise
        said = error.faults or (Fault(path.name, str(error), "", key=error.key, values=error.values),)
        raise_faults([*said, fault(path.name, "study.known_format", section=known[0], format=known[1])])
