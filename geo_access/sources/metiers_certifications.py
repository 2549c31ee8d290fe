"""Certifications and the métiers they lead to, from ``certif_info`` (Certif Info, Onisep and Carif-Oref)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from geo_access.sources.tables import read_table
from geo_access.sources.tables_text import pick_columns, to_numbers, to_text

__all__ = ["read_certifications", "read_mef", "romes_of_diplomas"]

_ROMES = tuple(f"Code_Rome_{place}" for place in range(1, 6))


def read_certifications(path: str | Path) -> pd.DataFrame:
    r"""Read the certifications with their codes in the other nomenclatures.

    Parameters
    ----------
    path : str or pathlib.Path
        ``certif_info.csv``.

    Returns
    -------
    pandas.DataFrame
        ``certif_info, label, type, level`` (European, Int64), ``formacode, nsf, rncp, diploma`` (code scolarité, the
        ``FORMATION_DIPLOME`` of the MEF list), ``former_diploma``,
        ``ideo`` (Onisep's ``FOR.…``), ``romes`` (tuple of ROME codes, in the file's order).

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "c.csv"
    >>> _ = file.write_text("Code_Diplome;Libelle_Diplome;Code_Rome_1;Code_Scolarité\n1;CAP vente;D1106;50031224\n")
    >>> read_certifications(file).loc[0, ["diploma", "romes"]].tolist()
    ['50031224', ('D1106',)]
    """
    where = Path(path).name
    table = read_table(path)
    wanted = {
        "certif_info": ("code_diplome", "code_certifinfo"),
        "label": ("libelle_diplome", "libelle"),
        "type": ("libelle_type_diplome",),
        "level": ("code_niveau_europeen", "niveau"),
        "formacode": ("code_formacode",),
        "nsf": ("code_nsf",),
        "rncp": ("code_rncp",),
        "diploma": ("code_scolarite",),
        "former_diploma": ("code_ancien_scolarite",),
        "ideo": ("codeideo2", "code_ideo2"),
        **{name: (name,) for name in _ROMES},
    }
    optional = {"type", "level", "formacode", "nsf", "rncp", "diploma", "former_diploma", "ideo", *_ROMES[1:]}
    found = pick_columns(table.columns, wanted, where=where, optional=optional)
    texts = {name: to_text(table[found[name]]) for name in wanted if name in found}
    empty = pd.Series([None] * len(table), dtype=object)
    romes = [texts[name].tolist() for name in _ROMES if name in texts]
    result = pd.DataFrame({name: texts.get(name, empty) for name in wanted if name not in (*_ROMES, "level")})
    result["level"] = to_numbers(texts.get("level", empty)).astype("Int64")
    result["romes"] = [tuple(dict.fromkeys(code for code in codes if code)) for codes in zip(*romes, strict=True)]
    return result


def read_mef(path: str | Path) -> pd.DataFrame:
    r"""Read the national list of courses (MEF): which diploma each prepares, in which year.

    Parameters
    ----------
    path : str or pathlib.Path
        ``nMef.csv`` of the Base centrale des nomenclatures.

    Returns
    -------
    pandas.DataFrame
        Index ``mef11`` (MEF_STAT_11, each once); ``diploma`` (FORMATION_DIPLOME), ``label, years, year``.

    Raises
    ------
    InputError
        When columns are missing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m.csv"
    >>> _ = file.write_text("MEF_STAT_11;FORMATION_DIPLOME;LIBELLE_LONG\n23210031224;50031224;1CAP2 VENTE\n")
    >>> read_mef(file).loc["23210031224", "diploma"]
    '50031224'
    """
    table = read_table(path)
    wanted = {
        "mef11": ("mef_stat_11", "mefstat11", "mef11"),
        "diploma": ("formation_diplome", "code_formation_diplome"),
        "label": ("libelle_long", "libelle_edition"),
        "years": ("duree_dispositif",),
        "year": ("annee_dispositif",),
    }
    found = pick_columns(table.columns, wanted, where=Path(path).name, optional=("label", "years", "year"))
    result = pd.DataFrame({name: to_text(table[column]) for name, column in found.items()})
    result = result.dropna(subset=["mef11"]).drop_duplicates("mef11")
    return result.set_index("mef11")


def romes_of_diplomas(certifications: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """ROME codes of each diploma, of all the certifications that bear its code.

    Parameters
    ----------
    certifications : pandas.DataFrame
        Of :func:`read_certifications`.

    Returns
    -------
    dict of str to tuple of str
        Diploma → ROME codes; diplomas without any are absent.

    Examples
    --------
    >>> table = pd.DataFrame({"diploma": ["5", "5"], "romes": [("D1106",), ("D1106", "D1214")]})
    >>> romes_of_diplomas(table)
    {'5': ('D1106', 'D1214')}
    """
    found: dict[str, dict[str, None]] = {}
    for diploma, romes in zip(certifications["diploma"], certifications["romes"], strict=True):
        if isinstance(diploma, str):
            found.setdefault(diploma, {}).update(dict.fromkeys(romes))
    return {diploma: tuple(romes) for diploma, romes in found.items() if romes}
