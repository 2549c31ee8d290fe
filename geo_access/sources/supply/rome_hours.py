"""Working hours that ROME names for a métier, and the shifts that they may mean: possible ones, never frequencies.

ROME gives labels ("Travail posté (2x8, 3x8, 5x8, etc.)"), no hours. The hours here are assumptions of ours, each with
where it comes from; whoever knows better gives others. A label does not say how many posts work so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeTree

from geo_access.sources.tables.read import require_file
from geo_access.sources.tables.text import fold
from geo_access.words.note import Note, note, told_in
from geo_access.words.told import refusal

__all__ = ["POSSIBLE_SHIFTS", "PossibleShift", "possible_shifts", "read_rome_hours"]

_HOURS = ("horaires et duree du travail", "horaire et duree travail")
_OURS = note("hours.ours")


@dataclass(frozen=True)
class PossibleShift:
    """Hours that a label of ROME may mean.

    Attributes
    ----------
    label : str
        Beginning of the label, folded (without accents or case).
    shifts : tuple of (str, str)
        Start and end; past midnight written past 24 h. Empty: no verdict is given.
    source : Note or str
        Where the hours come from: of the catalogue, or in the words of whoever gives them.
    """

    label: str
    shifts: tuple[tuple[str, str], ...]
    source: Note | str


POSSIBLE_SHIFTS = (
    PossibleShift("travail poste", (("05:00", "13:00"), ("13:00", "21:00"), ("21:00", "29:00")), _OURS),
    PossibleShift("travail de nuit", (("21:00", "29:00"),), _OURS),
    PossibleShift("travail en horaires decales", (("06:00", "14:00"), ("14:00", "22:00")), _OURS),
    PossibleShift("travail par roulement", (("08:20", "17:30"),), note("hours.ours_weekend")),
    PossibleShift("travail en astreinte", (), note("hours.ours_on_call")),
    PossibleShift("", (("08:20", "17:30"),), note("hours.mean_of_2010")),
)
"""Defaults, all of them parameters; the last one stands for a métier without a label that is known."""


def read_rome_hours(path: str | Path) -> pd.DataFrame:
    r"""Read the working hours that ROME's fiches name (``contextes_travail``), XML or JSON.

    Parameters
    ----------
    path : str or pathlib.Path
        ``unix_fiche_emploi_metier_v…_iso8859-15.xml``, or the same as JSON, or the answer of the API (a list of métiers
        with ``code`` and ``contextesTravail``).

    Returns
    -------
    pandas.DataFrame
        ``metier`` (ROME code), ``label``: one row per métier and label of its hours.

    Raises
    ------
    InputError
        When the file is neither, or names no fiche.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "rome.json"
    >>> works = [{"libelle": "Travail de nuit", "categorie": "HORAIRE_ET_DUREE_TRAVAIL"}]
    >>> _ = file.write_text(json.dumps([{"code": "J1501", "contextesTravail": works}]))
    >>> read_rome_hours(file).values.tolist()
    [['J1501', 'Travail de nuit']]
    """
    file = require_file(path)
    rows = list(_of_json(file) if file.suffix.lower() == ".json" else _of_xml(file))
    if not rows:
        raise refusal("supply.no_fiche", where=file.name)
    found = dict.fromkeys((code, label) for code, labels in rows for label in labels)
    return pd.DataFrame(list(found), columns=["metier", "label"])


def _of_json(file: Path) -> Iterator[tuple[str, list[str]]]:
    raw = file.read_bytes()
    try:
        words = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = raw.decode("iso8859-15")
    try:
        content = json.loads(words)
    except (ValueError, RecursionError) as error:
        raise refusal("table.damaged", file=file.name, why=str(error)) from error
    for fiche in _fiches(content):
        code = fiche.get("code") or fiche.get("code_rome") or _mapping(fiche.get("rome")).get("code_rome")
        if code:
            given = fiche.get("contextesTravail") or fiche.get("contextes_travail") or []
            yield str(code), _labels(given)


def _fiches(content: Any) -> list[Mapping[str, Any]]:
    while isinstance(content, Mapping):
        inner = content.get("fiches_metier") or content.get("fiche_metier") or content.get("metiers")
        if inner is None:
            return [content]
        content = inner
    return [item for item in content if isinstance(item, Mapping)] if isinstance(content, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _labels(given: Any) -> list[str]:
    """Labels of hours: a flat list with categories, or types of context with their items."""
    if isinstance(given, Mapping):
        given = given.get("type_contexte", [])
    found = []
    for item in given if isinstance(given, Sequence) and not isinstance(given, str) else [given]:
        entry = _mapping(item)
        kind = fold(str(entry.get("categorie") or entry.get("libelle") or ""))
        if kind not in _HOURS:
            continue
        inner = entry.get("items")
        inner = _mapping(inner).get("item", inner) if inner is not None else entry
        for each in inner if isinstance(inner, list) else [inner]:
            label = _mapping(each).get("libelle")
            found += [str(label)] if label else []
    return found


def _of_xml(file: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        for _, element in SafeTree.iterparse(file, events=("end",), forbid_dtd=True):
            if element.tag != "fiche_metier":
                continue
            code = element.findtext("rome/code_rome") or element.findtext("code_rome") or ""
            labels = [
                (item.findtext("libelle") or "").strip()
                for kind in element.iterfind("contextes_travail/type_contexte")
                if fold(kind.findtext("libelle") or "") in _HOURS
                for item in kind.iterfind("items/item")
            ]
            element.clear()
            if code:
                yield code.strip(), [label for label in labels if label]
    except (SafeTree.ParseError, DefusedXmlException) as error:
        raise refusal("table.damaged", file=file.name, why=str(error) or type(error).__name__) from error


def possible_shifts(
    hours: pd.DataFrame,
    metiers: Sequence[str],
    *,
    shifts: Sequence[PossibleShift] = POSSIBLE_SHIFTS,
    language: str = "fr",
) -> pd.DataFrame:
    """Give each métier the shifts that its labels may mean.

    Parameters
    ----------
    hours : DataFrame
        Of `read_rome_hours`.
    metiers : sequence of str
        ROME codes; a code of more characters than five takes the labels of its fiche.
    shifts : sequence of PossibleShift
        Assumptions; one with an empty label stands for métiers that have none of the others.
    language : str
        In which the sources of the catalogue are told: ``fr`` or ``en``.

    Returns
    -------
    DataFrame
        ``metier, label, start, end, source``; a métier on call only has a row without hours.

    Examples
    --------
    >>> hours = pd.DataFrame({"metier": ["H2913"], "label": ["Travail posté (2x8, 3x8, 5x8, etc.)"]})
    >>> possible_shifts(hours, ["H2913"])["start"].tolist()
    ['05:00', '13:00', '21:00']
    """
    named = [item for item in shifts if item.label]
    usual = next((item for item in shifts if not item.label), None)
    rows: list[tuple[str, str, str | None, str | None, str]] = []
    for metier in metiers:
        own = hours.loc[hours["metier"].isin({metier, metier[:5]}), "label"].astype(str).tolist()
        told = [(label, item) for label in own for item in named if fold(label).startswith(item.label)]
        for label, item in told or ([("", usual)] if usual is not None else []):
            source = told_in(item.source, language)
            rows += [(metier, label, start, end, source) for start, end in item.shifts]
            rows += [] if item.shifts else [(metier, label, None, None, source)]
    return pd.DataFrame(rows, columns=["metier", "label", "start", "end", "source"])
