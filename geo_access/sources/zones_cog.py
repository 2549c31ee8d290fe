"""Codes of another year's communes: the moves of the Code officiel géographique."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from geo_access.errors import Fault, InputError
from geo_access.sources.tables import read_table
from geo_access.sources.tables_text import pick_columns, to_text

__all__ = ["CogMoves", "explain_unknown", "read_cog_moves"]


@dataclass(frozen=True, eq=False)
class CogMoves:
    """Changes of commune codes, in order of date.

    Attributes
    ----------
    moves : tuple of (str, str, tuple of str)
        Date of effect (ISO), code before, codes after.
    """

    moves: tuple[tuple[str, str, tuple[str, ...]], ...]

    def carry(self, codes: Iterable[str], *, since: str, until: str) -> tuple[list[str], list[str]]:
        """Bring commune codes from one date's geography to another's.

        Parameters
        ----------
        codes : iterable of str
            Codes at `since`.
        since, until : str
            ISO dates, `since` < `until`.

        Returns
        -------
        (list of str, list of str)
            Codes at `until`, in order; and remarks: each commune that was split is left with its first successor.

        Raises
        ------
        InputError
            When `since` is not before `until`.

        Examples
        --------
        >>> moves = CogMoves((("2019-01-01", "59404", ("59350",)),))
        >>> moves.carry(["59404", "59512"], since="2018-01-01", until="2024-01-01")
        (['59350', '59512'], [])
        """
        if since >= until:
            raise InputError(f"passage of communes: {since} is not before {until} → codes are carried forward in time")
        forward: dict[str, str] = {}
        notes: list[str] = []
        for date, before, after in self.moves:
            if since < date <= until:
                if len(after) > 1 and before not in after:
                    notes.append(f"commune {before} was split into {', '.join(after)} on {date}: {after[0]} was taken")
                target = before if before in after else after[0]
                for start, end in list(forward.items()):
                    if end == before:
                        forward[start] = target
                forward.setdefault(before, target)
        asked = list(codes)
        used = set(asked)
        return [forward.get(code, code) for code in asked], [n for n in notes if n.split()[1] in used]


def explain_unknown(codes: Iterable[str], known: Collection[str], moves: CogMoves, *, where: str) -> list[Fault]:
    """Say of each commune code that a list does not know what became of it.

    Parameters
    ----------
    codes : iterable of str
        Codes in use.
    known : collection of str
        Codes of the list.
    moves : CogMoves
        Of :func:`read_cog_moves`.
    where : str
        Name of the table, for the message.

    Returns
    -------
    list of Fault
        One per unknown code, in order.

    Examples
    --------
    >>> moves = CogMoves((("2019-01-01", "59404", ("59350",)),))
    >>> print(explain_unknown(["59404"], {"59350"}, moves, where="zrr.csv")[0])
    zrr.csv: commune 59404: became 59350 on 2019-01-01 → carry the codes to the same vintage
    """
    after = {before: (date, codes_after) for date, before, codes_after in moves.moves}
    before_of: dict[str, tuple[str, str]] = {}
    for date, before, codes_after in moves.moves:
        for code in codes_after:
            before_of.setdefault(code, (date, before))
    faults = []
    for code in dict.fromkeys(codes):
        if code in known:
            continue
        if code in after:
            date, new = after[code]
            what, remedy = f"became {', '.join(new)} on {date}", "carry the codes to the same vintage"
        elif code in before_of:
            date, old = before_of[code]
            what, remedy = f"was {old} before {date}", "carry the list to the same vintage"
        else:
            what, remedy = "unknown", "check the code"
        faults.append(Fault(f"{where}: commune {code}", what, remedy))
    return faults


def read_cog_moves(path: str | Path) -> CogMoves:
    r"""Read the changes of communes of the Code officiel géographique.

    Parameters
    ----------
    path : str or pathlib.Path
        ``v_mvt_commune_….csv`` (``DATE_EFF, TYPECOM_AV, COM_AV, TYPECOM_AP, COM_AP``), or the passage table (columns
        ``CODGEO_2018``, ``CODGEO_2019`` …).

    Returns
    -------
    CogMoves

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "v_mvt.csv"
    >>> _ = file.write_text("MOD,DATE_EFF,TYPECOM_AV,COM_AV,TYPECOM_AP,COM_AP\n"
    ...     "32,2019-01-01,COM,59404,COM,59350\n32,2019-01-01,COM,59404,COMD,59404\n")
    >>> read_cog_moves(file).moves
    (('2019-01-01', '59404', ('59350',)),)
    """
    where = Path(path).name
    table = read_table(path)
    years = sorted(name for name in map(str, table.columns) if re.fullmatch(r"CODGEO_\d{4}", name))
    if len(years) > 1:
        return _moves_of_vintages(table, years)
    wanted = {
        "date": ("date_eff",), "before": ("com_av",), "after": ("com_ap",), "type_before": ("typecom_av",),
        "type_after": ("typecom_ap",),
    }  # fmt: skip
    found = pick_columns(table.columns, wanted, where=where, optional=("type_before", "type_after"))
    texts = {name: to_text(table[column]).tolist() for name, column in found.items()}
    whole = ["COM"] * len(table)
    changes: dict[tuple[str, str], list[str]] = {}
    rows = zip(
        texts["date"], texts["before"], texts["after"], texts.get("type_before", whole), texts.get("type_after", whole),
        strict=True,
    )  # fmt: skip
    for date, before, after, type_before, type_after in rows:
        if date and before and after and type_before == "COM" and type_after == "COM":
            changes.setdefault((date[:10], before), []).append(after)
    return _ordered(changes)


def _moves_of_vintages(table: pd.DataFrame, years: list[str]) -> CogMoves:
    changes: dict[tuple[str, str], list[str]] = {}
    for earlier, later in pairwise(years):
        for before, after in zip(to_text(table[earlier]), to_text(table[later]), strict=True):
            if before and after:
                changes.setdefault((f"{later[-4:]}-01-01", before), []).append(after)
    return _ordered(changes)


def _ordered(changes: Mapping[tuple[str, str], list[str]]) -> CogMoves:
    moves = [(date, before, tuple(dict.fromkeys(after))) for (date, before), after in changes.items()]
    return CogMoves(tuple(sorted(move for move in moves if move[2] != (move[1],))))
