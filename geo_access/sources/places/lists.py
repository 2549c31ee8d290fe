"""Lists of communes that make zones: density grid, ZRR and FRR, basins, EPCI.

Codes of another year's communes: the moves of the Code officiel géographique.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo_access.errors import Fault
from geo_access.sources.tables.read import read_table
from geo_access.sources.tables.text import fold, pick_columns, to_text
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = [
    "CogMoves",
    "explain_unknown",
    "gather_communes",
    "read_cog_moves",
    "read_commune_status",
    "read_density",
    "read_membership",
    "rural_zones",
]

_COMMUNE_NAMES = (
    "insee_com",
    "codgeo",
    "code_commune",
    "depcom",
    "code_commune_insee",
    "insee",
    "com",
    "code_insee",
    "insee_code",
    "fields.insee_code",
)
# INSEE's communal density grid in seven levels; rural is 5 to 7.
_DENSITY = {
    "grands centres urbains": 1,
    "centres urbains intermediaires": 2,
    "petites villes": 3,
    "ceintures urbaines": 4,
    "bourgs ruraux": 5,
    "rural a habitat disperse": 6,
    "rural a habitat tres disperse": 7,
}
RURAL_LEVELS = (5, 6, 7)


def read_density(path: str | Path, *, layer: str | None = None) -> pd.DataFrame:
    r"""Read INSEE's density grid, whatever its year calls the columns.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV or workbook with the commune and the level, as a number 1–7 or as its label.
    layer : str, optional
        Sheet.

    Returns
    -------
    pandas.DataFrame
        ``commune, density`` (1–7, Int64; missing outside metropolitan France where INSEE gives none), ``rural`` (bool:
        levels 5–7).

    Raises
    ------
    InputError
        When columns are missing, or the grid has only the 3 or 4 levels of former years.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "d.csv"
    >>> _ = file.write_text("insee_com,niveau_densite\n02002,Rural à habitat dispersé\n59350,1\n")
    >>> read_density(file).astype(object).values.tolist()
    [['02002', 6, True], ['59350', 1, False]]
    """
    where = Path(path).name
    table = read_table(path, layer=layer)
    wanted = {
        "commune": _COMMUNE_NAMES,
        "density": ("dens7", "dens", "niveau_densite", "libdens7", "libdens", "densite7", "densite"),
    }
    found = pick_columns(table.columns, wanted, where=where)
    levels = [_level(text) for text in to_text(table[found["density"]])]
    result = pd.DataFrame(
        {"commune": to_text(table[found["commune"]]), "density": pd.Series(levels, dtype="Int64")}
    ).dropna(subset=["commune"])
    known = result["density"].dropna()
    if len(known) > 1000 and known.max() < 5:
        raise refusal("places.density_levels", where=where, n=known.max())
    rural = result["density"].isin(RURAL_LEVELS).fillna(value=False).astype(bool)
    return result.assign(rural=rural).reset_index(drop=True)


def _level(text: str | None) -> int | None:
    if text is None:
        return None
    number = re.fullmatch(r"[1-7]", text)
    return int(number[0]) if number else _DENSITY.get(fold(text))


def read_commune_status(path: str | Path, *, layer: str | None = None) -> pd.DataFrame:
    r"""Read a list of communes under ZRR or FRR.

    Parameters
    ----------
    path : str or pathlib.Path
        CSV, workbook or JSON with the commune and its status.
    layer : str, optional
        Sheet.

    Returns
    -------
    pandas.DataFrame
        ``commune, status`` as written, ``scheme`` (zrr, frr, frr+ or none), ``part`` (bool: only a part of it).

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "f.csv"
    >>> _ = file.write_text("CODGEO;FRR\n02001;FRR+\n02002;FRR\n02003;NC\n")
    >>> read_commune_status(file)["scheme"].tolist()
    ['frr+', 'frr', 'none']
    """
    where = Path(path).name
    table = read_table(path, layer=layer)
    wanted = {
        "commune": _COMMUNE_NAMES,
        "status": ("frr", "zrr", "zrr_simp", "status", "fields.status", "classement", "zonage", "niveau", "statut"),
    }
    found = pick_columns(table.columns, wanted, where=where)
    status = to_text(table[found["status"]])
    zrr = "zrr" in fold(where + " " + found["status"]).replace(" ", "")
    schemes = [_scheme(text, default="zrr" if zrr else "frr") for text in status]
    part = status.str.upper().isin(["P", "PARTIEL", "PC"]) | status.fillna("").map(lambda text: "partiel" in fold(text))
    data = {"commune": to_text(table[found["commune"]]), "status": status, "scheme": schemes, "part": part}
    return pd.DataFrame(data).dropna(subset=["commune"]).reset_index(drop=True)


def _scheme(text: str | None, *, default: str) -> str:
    words = fold(text or "")
    if words in ("", "nc", "non", "0", "non classee", "n", "non concernee") or words.startswith("nc "):
        return "none"
    if (text or "").replace(" ", "").upper().startswith("FRR+") or "frr plus" in words:
        return "frr+"
    return "frr" if words.startswith("frr") else "zrr" if "zrr" in words and not words.startswith("ex") else default


def read_membership(
    path: str | Path, *, zone: str, name: str | None = None, commune: str | None = None, layer: str | None = None
) -> pd.DataFrame:
    r"""Read which zone each commune belongs to (EPCI, zone d'emploi, basin).

    Parameters
    ----------
    path : str or pathlib.Path
        Table of communes.
    zone, name, commune : str
        Columns of the zone's code, of its name, and of the commune's code (recognised when not given).
    layer : str, optional
        Sheet.

    Returns
    -------
    pandas.DataFrame
        ``commune, zone_id, zone_name``; communes without zone are left out.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "b.csv"
    >>> _ = file.write_text("CODE_COMMUNE_INSEE,BE19,NOMBE19\n02001,3205,CHAUNY\n")
    >>> read_membership(file, zone="BE19", name="NOMBE19").values.tolist()
    [['02001', '3205', 'CHAUNY']]
    """
    table = read_table(path, layer=layer)
    given = {"zone": zone, "name": name, "commune": commune}
    found = pick_columns(table.columns, {"commune": _COMMUNE_NAMES}, where=Path(path).name, given=given)
    codes = to_text(table[found["zone"]])
    names = to_text(table[found["name"]]) if "name" in found else codes
    result = pd.DataFrame({"commune": to_text(table[found["commune"]]), "zone_id": codes, "zone_name": names})
    return result.dropna(subset=["commune", "zone_id"]).drop_duplicates("commune").reset_index(drop=True)


def gather_communes(communes: gpd.GeoDataFrame, membership: pd.DataFrame, *, kind: str) -> gpd.GeoDataFrame:
    """Make zones of communes.

    Parameters
    ----------
    communes : geopandas.GeoDataFrame
        Zones of kind commune: ``zone_id`` is the commune's code.
    membership : pandas.DataFrame
        Of :func:`read_membership`.
    kind : str
        ``zone_kind`` of the zones made.

    Returns
    -------
    geopandas.GeoDataFrame
        ``zone_id, zone_name, zone_kind``, polygons. ``attrs["notes"]`` counts the communes found on one side only:
        often the sign of two vintages.

    Raises
    ------
    InputError
        When no commune is common to both.

    Examples
    --------
    >>> from shapely import box
    >>> communes = gpd.GeoDataFrame({"zone_id": ["1", "2"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=2154)
    >>> table = pd.DataFrame({"commune": ["1", "2"], "zone_id": ["A", "A"], "zone_name": ["a", "a"]})
    >>> gather_communes(communes, table, kind="epci").geometry.area.tolist()
    [2.0]
    """
    own = communes[["zone_id", "geometry"]].rename(columns={"zone_id": "commune"})
    merged = own.merge(membership, on="commune")
    if merged.empty:
        raise refusal("places.list_flat")
    zones = merged.dissolve(by="zone_id", as_index=False, aggfunc="first")[["zone_id", "zone_name", "geometry"]]
    zones.insert(2, "zone_kind", kind)
    alone = len(set(own["commune"]) - set(membership["commune"]))
    flat = len(set(membership["commune"]) - set(own["commune"]))
    notes = [note("communes_alone", n=alone)] if alone else []
    notes += [note("communes_flat", n=flat)] if flat else []
    zones.attrs["notes"] = notes
    return zones


def rural_zones(
    communes: gpd.GeoDataFrame, density: pd.DataFrame, *, levels: Collection[int] = RURAL_LEVELS
) -> gpd.GeoDataFrame:
    """Keep the communes that the density grid calls rural, as zones of kind ``rural``.

    Parameters
    ----------
    communes : geopandas.GeoDataFrame
        Zones of kind commune.
    density : pandas.DataFrame
        Of :func:`read_density`.
    levels : collection of int
        Levels of the grid that count.

    Returns
    -------
    geopandas.GeoDataFrame
        The rows of `communes` kept, with ``density``.

    Raises
    ------
    InputError
        When no commune is common to both.

    Examples
    --------
    >>> from shapely import box
    >>> communes = gpd.GeoDataFrame({"zone_id": ["1", "2"], "zone_kind": "commune"}, geometry=[box(0, 0, 1, 1)] * 2)
    >>> rural_zones(communes, pd.DataFrame({"commune": ["1", "2"], "density": [6, 1]}))["zone_id"].tolist()
    ['1']
    """
    by_code = density.drop_duplicates("commune").set_index("commune")["density"]
    found = communes["zone_id"].map(by_code)
    if found.isna().all():
        raise refusal("places.no_density")
    rural = communes[found.isin(list(levels)).fillna(value=False).to_numpy(dtype=bool)].copy()
    rural["zone_kind"] = "rural"
    rural["density"] = found[rural.index]
    return rural.reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class CogMoves:
    """Changes of commune codes, in order of date.

    Attributes
    ----------
    moves : tuple of (str, str, tuple of str)
        Date of effect (ISO), code before, codes after.
    """

    moves: tuple[tuple[str, str, tuple[str, ...]], ...]

    def carry(self, codes: Iterable[str], *, since: str, until: str) -> tuple[list[str], list[Note]]:
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
            raise refusal("places.passage", since=since, until=until)
        forward: dict[str, str] = {}
        notes: list[tuple[str, Note]] = []
        for date, before, after in self.moves:
            if since < date <= until:
                if len(after) > 1 and before not in after:
                    notes.append(
                        (
                            before,
                            note("commune_split", before=before, after=", ".join(after), date=date, taken=after[0]),
                        )
                    )
                target = before if before in after else after[0]
                for start, end in list(forward.items()):
                    if end == before:
                        forward[start] = target
                forward.setdefault(before, target)
        asked = list(codes)
        used = set(asked)
        return [forward.get(code, code) for code in asked], [told for before, told in notes if before in used]


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
        place = f"{where}: commune {code}"
        if code in after:
            date, new = after[code]
            faults.append(fault(place, "places.commune_became", codes=", ".join(new), date=date))
        elif code in before_of:
            date, old = before_of[code]
            faults.append(fault(place, "places.commune_was", code=old, date=date))
        else:
            faults.append(fault(place, "places.commune_unknown"))
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
        "date": ("date_eff",),
        "before": ("com_av",),
        "after": ("com_ap",),
        "type_before": ("typecom_av",),
        "type_after": ("typecom_ap",),
    }
    found = pick_columns(table.columns, wanted, where=where, optional=("type_before", "type_after"))
    texts = {name: to_text(table[column]).tolist() for name, column in found.items()}
    whole = ["COM"] * len(table)
    changes: dict[tuple[str, str], list[str]] = {}
    rows = zip(
        texts["date"],
        texts["before"],
        texts["after"],
        texts.get("type_before", whole),
        texts.get("type_after", whole),
        strict=True,
    )
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
