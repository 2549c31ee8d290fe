"""Observed trips between home and work, by commune and mode: what people do, beside what a timetable says they could.

INSEE's census file of commuters (``FD_MOBPRO_…``, ``rp-mobpro-….parquet``: one row per person in employment) or a plain
table ``home, work, mode, people``. Of INSEE's codes of the mode the meaning changed with the vintage: 2017 split
bicycles from mopeds. The vintage is stated, or the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from geo_access.errors import raise_faults
from geo_access.sources.tables.report import ReadingReport, make_report
from geo_access.sources.tables.stream import column_names, stream_table
from geo_access.sources.tables.text import fold, pick_columns, to_numbers, to_text
from geo_access.words.note import note
from geo_access.words.told import fault, refusal

__all__ = ["FLOW_MODES", "read_commuting"]

FLOW_MODES = ("walk", "bike", "motorcycle", "car", "transit", "none")
"""Modes of an observed trip; ``none`` works where they live."""

# INSEE, dictionary of MOBPRO: modality of TRANS → mode, from the vintage on.
_TRANS: tuple[tuple[int, Mapping[str, str]], ...] = (
    (2017, {"1": "none", "2": "walk", "3": "bike", "4": "motorcycle", "5": "car", "6": "transit"}),
    (2006, {"1": "none", "2": "walk", "3": "motorcycle", "4": "car", "5": "transit"}),
)
_PLAIN = {
    "home": ("home", "domicile", "origin", "commune"),
    "work": ("work", "travail", "destination", "dclt"),
    "mode": ("mode", "transport", "trans"),
    "people": ("people", "flux", "flow", "trips", "ipondi"),
}
_WORDS = {
    "walk": ("walk", "marche", "a pied", "marche a pied", "pied"),
    "bike": ("bike", "velo", "bicycle"),
    "motorcycle": ("motorcycle", "deux roues", "moto", "deux roues motorise"),
    "car": ("car", "voiture", "automobile"),
    "transit": ("transit", "transports en commun", "tc", "public transport", "transport en commun"),
    "none": ("none", "aucun", "pas de transport"),
}
_MODE_OF = {word: mode for mode, words in _WORDS.items() for word in words}
_ABROAD = ("99999", "ZZZZZ")
_YEAR = re.compile(r"(?:19|20)\d{2}")


def read_commuting(
    path: str | Path,
    *,
    vintage: str = "",
    columns: Mapping[str, str] | None = None,
    communes: Collection[str] | None = None,
) -> tuple[pd.DataFrame, ReadingReport]:
    r"""Read observed trips between home and work.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV, zip of one CSV, or parquet; read in batches, only the columns needed.
    vintage : str
        Year of the census; by default the year in the name of the file. Needed for INSEE's codes.
    columns : mapping of str to str, optional
        Our name (``home, work, mode, people``) → column of the file.
    communes : collection of str, optional
        Codes of the study: trips of other homes are left out and counted.

    Returns
    -------
    (pandas.DataFrame, ReadingReport)
        ``home, work, mode`` (one of `FLOW_MODES`), ``people``, summed. Rows whose mode or place is not told, and those
        who work abroad, are left out and listed.

    Raises
    ------
    InputError
        When columns are missing, numbers are none, modes are unknown, or INSEE's codes come without a vintage.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "FD_MOBPRO_2021.csv"
    >>> _ = file.write_text("COMMUNE;DCLT;TRANS;IPONDI\n59350;59512;6;1.5\n59350;59512;6;2.5\n59350;59512;5;1\n")
    >>> read_commuting(file)[0].values.tolist()
    [['59350', '59512', 'car', 1.0], ['59350', '59512', 'transit', 4.0]]
    """
    file = Path(path)
    found = pick_columns(column_names(file), _PLAIN, where=file.name, given=columns, optional=("people",))
    codes = _codes(found["mode"], vintage, file.name)
    parts, lost, first = [], dict.fromkeys(("elsewhere", "abroad", "no_place", "no_mode"), 0), 0
    unknown: dict[str, int] = {}
    for raw in stream_table(file, columns=list(found.values())):
        table, dropped = _read_part(raw.reset_index(drop=True), found, codes, communes, unknown, first)
        parts.append(table)
        first += len(raw)
        for why, count in dropped.items():
            lost[why] += count
    faults = [fault(f"{file.name}: row {row + 1}", "places.flow_mode", mode=word) for word, row in unknown.items()]
    raise_faults(faults[:20])
    every = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["home", "work", "mode", "people"])
    flows = every.groupby(["home", "work", "mode"])["people"].sum().reset_index()
    notes = [note(f"flows.{why}", n=count) for why, count in lost.items() if count]
    report = make_report(file.name, first, kept=[], notes=notes)
    return flows, report


def _codes(column: str, vintage: str, where: str) -> Mapping[str, str] | None:
    """Meaning of INSEE's codes for the vintage; None where the column is not INSEE's."""
    if fold(column) != "trans":
        return None
    years = _YEAR.findall(vintage) or _YEAR.findall(where)
    if not years:
        raise refusal("places.flow_vintage", where=where)
    year = int(years[-1])
    return next((codes for since, codes in _TRANS if year >= since), _TRANS[-1][1])


def _read_part(
    raw: pd.DataFrame,
    found: Mapping[str, str],
    codes: Mapping[str, str] | None,
    communes: Collection[str] | None,
    unknown: dict[str, int],
    first: int,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Read one batch: the rows that count, and how many do not, by reason."""
    table = pd.DataFrame({name: to_text(raw[found[name]]) for name in ("home", "work", "mode")})
    table["people"] = to_numbers(raw[found["people"]]) if "people" in found else 1.0
    dropped: dict[str, int] = {}
    if communes is not None:
        own = table["home"].isin(set(communes))
        dropped["elsewhere"] = int((table["home"].notna() & ~own).sum())
        table = table[own | table["home"].isna()]
    placed = table["home"].notna() & table["work"].notna()
    dropped["no_place"] = int((~placed).sum())
    table = table[placed]
    abroad = table["work"].isin(_ABROAD)
    dropped["abroad"] = int(abroad.sum())
    table = table[~abroad]
    told = table["mode"].notna() & (table["mode"].str.upper() != "Z") & (table["people"] >= 0)
    dropped["no_mode"] = int((~told).sum())
    table = table[told]
    known = codes if codes is not None else _MODE_OF
    # A spreadsheet that met an empty cell writes 5.0 for the code 5.
    named = table["mode"].str.removesuffix(".0") if codes is not None else table["mode"].map(fold)
    modes = named.map(known)
    for row, word in table.loc[modes.isna(), "mode"].drop_duplicates().items():
        unknown.setdefault(str(word), first + int(str(row)))
    return table.assign(mode=modes).dropna(subset=["mode"]), dropped
