"""The files that the crosswalk is made of, each as its producer ships it.

Certifications and the métiers they lead to, from ``certif_info`` (Certif Info, Onisep and Carif-Oref).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pandas as pd

from geo_access.sources.supply.crosswalk import Crosswalk, family_code, make_crosswalk
from geo_access.sources.tables.read import read_table, require_file
from geo_access.sources.tables.text import detect_encoding, pick_columns, to_numbers, to_text
from geo_access.words.told import refusal

__all__ = ["build_crosswalk", "read_certifications", "read_mef", "romes_of_diplomas"]

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


Link = tuple[str, str, str, str, float, str]
Label = tuple[str, str, str]

_MAX_TEXT_BYTES = 5_000_000
_FAP = re.compile(r"[A-Z]\d[A-Z]\d{2}")
_FAP2021 = re.compile(r"[A-Z][0-9A-Z][A-Z](?:\d{2}[a-z]?|xxx)")
_ROME = re.compile(r"[A-N]\d{4}")


def build_crosswalk(
    *,
    rome: str | Path | None = None,
    fap_passage: str | Path | None = None,
    fap_rome: str | Path | None = None,
    fap2021_passage: str | Path | None = None,
    fap_labels: str | Path | None = None,
    naf_hirings: str | Path | None = None,
    naf_labels: str | Path | None = None,
    certifications: str | Path | None = None,
    mef: str | Path | None = None,
) -> Crosswalk:
    """Build the crosswalk from whichever files are at hand.

    Parameters
    ----------
    rome : str or pathlib.Path, optional
        ROME 4 with parents (``rome_v460.csv``): labels, métier → fiche.
    fap_passage : str or pathlib.Path, optional
        The Dares SAS table (``passage_fap2009_romev3.txt``): ROME → FAP, with or without the qualification. Where the
        family depends on the qualification (0–9), each family weighs as many qualifications as lead to it.
    fap_rome : str or pathlib.Path, optional
        FAP 225 → ROME as a plain list (``dares_fap225_rome.csv``); used for FAP → ROME.
    fap2021_passage : str or pathlib.Path, optional
        The Dares table ROME × qualification → FAP 2021 (``Dares_Table_passage_ROME_Qualif_to_FAP2021…csv``).
    fap_labels : str or pathlib.Path, optional
        Labels of the FAP (``intitule_fap2009.txt``).
    naf_hirings : str or pathlib.Path, optional
        Hirings by ROME × NAF: the weights between activity and métier.
    naf_labels : str or pathlib.Path, optional
        Labels of the NAF.
    certifications : str or pathlib.Path, optional
        ``certif_info.csv``: RNCP, FORMACODE, NSF, diploma → ROME.
    mef : str or pathlib.Path, optional
        ``nMef.csv``: MEF → diploma.

    Returns
    -------
    Crosswalk
        Also ROME → the seven families of OPCO 2i, by the prefixes of ``data/opco2i_families.csv``: a reading of the
        family names of ours, since OPCO 2i publishes no table by ROME; métiers outside industry have none.

    Raises
    ------
    InputError
        When a file is not what it should be.

    Examples
    --------
    >>> walk = build_crosswalk()
    >>> walk.label("Conception et R&D", scheme="opco2i")
    'Conception et R&D'
    """
    links: list[Link] = []
    labels: list[Label] = []
    if rome is not None:
        new_links, new_labels = _read_rome(rome)
        links += new_links
        labels += new_labels
    if fap_passage is not None:
        links += _read_fap_passage(fap_passage)
    if fap_rome is not None:
        links += _read_fap_rome(fap_rome)
    if fap2021_passage is not None:
        links += _read_fap2021(fap2021_passage)
    if fap_labels is not None:
        labels += _read_fap_labels(fap_labels)
    if naf_hirings is not None:
        new_links, new_labels = _read_hirings(naf_hirings)
        links += new_links
        labels += new_labels
    if naf_labels is not None:
        labels += _read_naf_labels(naf_labels)
    if certifications is not None:
        new_links, new_labels = _read_certification_links(certifications)
        links += new_links
        labels += new_labels
    if mef is not None:
        courses = read_mef(mef)
        links += [("mef", str(code), "diploma", str(d), 1.0, Path(mef).name) for code, d in courses["diploma"].items()]
        if "label" in courses:
            labels += [("mef", str(code), str(text)) for code, text in courses["label"].items()]
    families = {fap for scheme, code, _, target, _, _ in links for fap in (code, target) if _FAP.fullmatch(fap)}
    links += [("fap225", fap, "fap87", fap[:3], 1.0, "the first three characters") for fap in sorted(families)]
    own, own_labels = _opco_families(links, labels)
    return make_crosswalk(links + own, labels=labels + own_labels)


def _read_rome(path: str | Path) -> tuple[list[Link], list[Label]]:
    where = Path(path).name
    table = read_table(path)
    wanted = {
        "code": ("code_rome", "code", "rome"),
        "label": ("libelle_rome", "libelle", "label"),
        "parent": ("code_rome_parent", "parent"),
    }
    found = pick_columns(table.columns, wanted, where=where, optional=("parent",))
    texts = {name: to_text(table[column]) for name, column in found.items()}
    labels: list[Label] = []
    links: list[Link] = []
    parents = texts.get("parent", texts["code"])
    for code, label, parent in zip(texts["code"], texts["label"], parents, strict=True):
        if not code or not label:
            continue
        labels.append(("rome_metier", code, label))
        if code == parent:
            labels.append(("rome", code, label))
        if parent:
            links.append(("rome_metier", code, "rome", parent, 1.0, where))
    return links, labels


def _sas_formats(path: str | Path) -> Iterator[tuple[str, list[str], str]]:
    """Yield (format, keys, value) of the lines ``"A","B" = "C"`` of a SAS format file."""
    file = require_file(path)
    if file.stat().st_size > _MAX_TEXT_BYTES:
        raise refusal("supply.sas_large", file=file.name)
    content = file.read_bytes()
    current = ""
    for line in content.decode(detect_encoding(content), errors="replace").splitlines():
        head = re.match(r"\s*value\s+(\$\w+)", line, re.IGNORECASE)
        if head:
            current = head[1].upper()
            continue
        left, equals, right = line.partition("=")
        keys, value = re.findall(r'"([^"]*)"', left), re.search(r'"([^"]*)"', right)
        if equals and current and keys and value:
            yield current, keys, value[1]


def _read_fap_passage(path: str | Path) -> list[Link]:
    where = Path(path).name
    counts: dict[tuple[str, str, bool], int] = {}
    for _, keys, family in _sas_formats(path):
        for key in keys:
            if _FAP.fullmatch(family) and _ROME.fullmatch(key[:5]) and len(key) in (5, 6):
                index = (key[:5], family, len(key) == 6)
                counts[index] = counts.get(index, 0) + 1
    if not counts:
        raise refusal("supply.no_passage", where=where)
    return [
        ("rome", rome, "fap225", fap, float(count), where + (" (depends on qualification)" if qualified else ""))
        for (rome, fap, qualified), count in counts.items()
    ]


def _read_fap_rome(path: str | Path) -> list[Link]:
    where = Path(path).name
    table = read_table(path)
    wanted = {"fap": ("fap", "fap_code", "fap225"), "rome": ("rome", "rome_code", "code_rome")}
    found = pick_columns(table.columns, wanted, where=where)
    pairs = zip(to_text(table[found["fap"]]), to_text(table[found["rome"]]), strict=True)
    known = dict.fromkeys((f, r) for f, r in pairs if f and r and _FAP.fullmatch(f) and _ROME.fullmatch(r))
    return [("fap225", fap, "rome", rome, 1.0, where) for fap, rome in known]


def _read_fap2021(path: str | Path) -> list[Link]:
    """Links of ROME codes to families of 2021, at the level of the file and at that of five characters."""
    where = Path(path).name
    table = read_table(path)
    found = pick_columns(
        list(table.columns),
        {"rome": ("rome", "code_rome"), "fap": ("fap341", "fap2021", "code341", "fap228")},
        where=where,
    )
    counts: dict[tuple[str, str], int] = {}
    for told_rome, told_family in zip(to_text(table[found["rome"]]), to_text(table[found["fap"]]), strict=True):
        rome, family = (told_rome or "").upper(), family_code(told_family)
        if rome and family and _ROME.fullmatch(rome) and _FAP2021.fullmatch(family):
            for code in dict.fromkeys((family, family[:5])):
                counts[rome, code] = counts.get((rome, code), 0) + 1
    if not counts:
        raise refusal("supply.no_passage", where=where)
    return [("rome", rome, "fap2021", family, float(n), where) for (rome, family), n in counts.items()]


def _read_fap_labels(path: str | Path) -> list[Label]:
    labels = []
    for _, keys, value in _sas_formats(path):
        label = value.partition(":")[2].strip()
        scheme = {5: "fap225", 3: "fap87"}.get(len(keys[0]))
        if label and scheme and re.fullmatch(r"[A-Z]\d[A-Z](\d{2})?", keys[0]):
            labels.append((scheme, keys[0], label))
    return labels


def _read_hirings(path: str | Path) -> tuple[list[Link], list[Label]]:
    where = Path(path).name
    table = read_table(path)
    wanted = {
        "rome": ("rome_id", "rome", "code_rome"),
        "naf": ("naf_id", "naf", "code_naf"),
        "hirings": ("hirings", "embauches"),
        "rome_label": ("rome_label",),
        "naf_label": ("naf_label",),
    }
    found = pick_columns(table.columns, wanted, where=where, optional=("rome_label", "naf_label"))
    texts = {name: to_text(table[column]) for name, column in found.items() if name != "hirings"}
    counts = to_numbers(table[found["hirings"]]).fillna(0.0).tolist()
    codes = [(naf or "").replace(".", "").upper() for naf in texts["naf"]]
    links: list[Link] = [
        ("naf", naf, "rome", rome, count, where)
        for naf, rome, count in zip(codes, texts["rome"], counts, strict=True)
        if naf and rome
    ]
    labels: list[Label] = []
    for scheme, keys, name in (("rome", texts["rome"], "rome_label"), ("naf", codes, "naf_label")):
        if name in texts:
            known = dict(zip(keys, texts[name], strict=True))
            labels += [(scheme, code, label) for code, label in known.items() if code and label]
    return links, labels


def _read_naf_labels(path: str | Path) -> list[Label]:
    table = read_table(path)
    wanted = {"code": ("naf_id", "code", "naf"), "label": ("naf_label", "libelle", "label")}
    found = pick_columns(table.columns, wanted, where=Path(path).name)
    pairs = zip(to_text(table[found["code"]]), to_text(table[found["label"]]), strict=True)
    return [("naf", code.replace(".", ""), label) for code, label in pairs if code and label]


def _read_certification_links(path: str | Path) -> tuple[list[Link], list[Label]]:
    where = Path(path).name
    table = read_certifications(path)
    links: list[Link] = []
    labels: list[Label] = []
    for scheme in ("rncp", "formacode", "nsf", "diploma"):
        for code, romes, label in zip(table[scheme], table["romes"], table["label"], strict=True):
            if not isinstance(code, str):
                continue
            # One certification is one vote, shared between its métiers.
            links += [(scheme, code, "rome", rome, 1.0 / len(romes), where) for rome in romes]
            if scheme in ("rncp", "diploma") and isinstance(label, str):
                labels.append((scheme, code, label))
    return links, labels


def _opco_families(links: list[Link], labels: list[Label]) -> tuple[list[Link], list[Label]]:
    with files("geo_access.sources.data").joinpath("opco2i_families.csv").open(encoding="utf-8") as stream:
        table = pd.read_csv(stream, dtype={"family": str, "rome_prefix": str})
    romes = {code for scheme, code, _ in labels if scheme == "rome"}
    romes |= {code for scheme, code, *_ in links if scheme == "rome"}
    romes |= {target for _, _, scheme, target, *_ in links if scheme == "rome"}
    own: list[Link] = [
        ("rome", rome, "opco2i", str(family), float(weight), "prefixes of opco2i_families.csv, a reading of ours")
        for rome in sorted(romes)
        for family, prefix, weight in table.itertuples(index=False, name=None)
        if rome.startswith(str(prefix))
    ]
    return own, [("opco2i", str(family), str(family)) for family in table["family"].unique()]
