"""Carif-Oref training offers in LHEO 2.x XML: read one course at a time, whatever the version's namespace.

The daily hours of a training are not in LHEO (the hours found there are those of information meetings): the study's
schedule for training applies.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely
from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeTree

from geo_access.crs import WGS84
from geo_access.errors import CapacityError
from geo_access.sources.supply.same_sites import REPEATED
from geo_access.sources.supply.training import TrainingRows
from geo_access.sources.tables.read import require_file
from geo_access.sources.tables.report import ReadingReport
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["read_lheo"]

# The dictionary of LHEO counts the old French levels: 4 is V (CAP), 5 is IV, 6 is III (BTS), 7 is II, 8 is I.
_LEVELS = {"4": 3, "5": 4, "6": 5, "7": 6, "8": 7}
_MODALITIES = {"0": "on_site", "1": "remote", "2": "hybrid"}
_MAX_ELEMENTS = 500_000
_ROME = re.compile(r"[A-N]\d{4}")


def read_lheo(path: str | Path, *, communes: gpd.GeoDataFrame | None = None) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    """Read training actions from LHEO XML, streamed: the memory it takes does not grow with the file.

    Parameters
    ----------
    path : str or pathlib.Path
        XML with root ``lheo``.
    communes : geopandas.GeoDataFrame, optional
        Of `read_communes`: places an action without position at its commune's point.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        Training schema, one row per action × métier, plus ``course, rncp, start_date, end_date`` (ISO), ``sessions``,
        ``commune, post_code, city, row``. A row of the report is an action.

    Raises
    ------
    InputError
        When the XML is malformed, declares entities or a DTD, or is no LHEO of offers.
    CapacityError
        When a single course is larger than any real one.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "o.xml"
    >>> _ = file.write_text('<lheo xmlns="http://www.lheo.org/2.3"><offres><formation numero="F1">'
    ...     '<domaine-formation><code-ROME>H2913</code-ROME></domaine-formation>'
    ...     '<code-niveau-sortie>4</code-niveau-sortie><action numero="A1">'
    ...     '<modalites-enseignement>1</modalites-enseignement></action></formation></offres></lheo>')
    >>> offers, report = read_lheo(file)
    >>> offers.astype(object).loc[0, ["site_id", "metier", "level", "modality"]].tolist()
    ['A1', 'H2913', 3, 'remote']
    """
    file = require_file(path)
    places = _commune_points(communes)
    rows = TrainingRows(file.name)
    row = 0
    seen: set[bytes] = set()
    for formation in _formations(file):
        actions = [element for element in formation if _tag(element) == "action"]
        if not actions:
            rows.kept.append((row, formation.get("numero") or f"course {row + 1}", note("loss.no_action")))
            row += 1
        for action in actions:
            told = hashlib.sha256(f"{formation.get('numero')}".encode() + SafeTree.tostring(action)).digest()
            if told in seen:
                rows.kept.append((row, action.get("numero") or f"action {row + 1}", REPEATED))
                row += 1
                continue
            seen.add(told)
            _add_action(rows, row, formation, action, places)
            row += 1
    notes = [note("lheo_levels")] if row else []
    return rows.finish(row, notes=notes)


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _formations(file: Path) -> Iterator[Any]:
    """Yield each ``formation`` and forget it afterwards."""
    elements, root, parent = 0, None, None
    stack: list[Any] = []
    try:
        for event, element in SafeTree.iterparse(file, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                stack.append(element)
                if root is None:
                    root = element
                    if _tag(root) != "lheo":
                        raise refusal("supply.xml_root", file=file.name, root=_tag(root))
                elements += 1
                if elements > _MAX_ELEMENTS:
                    raise refusal("supply.xml_course", CapacityError, file=file.name, n=_MAX_ELEMENTS)
                continue
            stack.pop()
            if _tag(element) == "formation":
                yield element
                parent = stack[-1] if stack else None
                if parent is not None:
                    parent.remove(element)
                elements = 0
    except DefusedXmlException as error:
        raise refusal("supply.xml_entities", file=file.name) from error
    except SafeTree.ParseError as error:
        raise refusal("supply.xml", file=file.name, why=error) from error


def _all(element: Any, name: str, *, outside: tuple[str, ...] = ()) -> Iterator[Any]:
    for child in element:
        tag = _tag(child)
        if tag in outside:
            continue
        if tag == name:
            yield child
        yield from _all(child, name, outside=outside)


def _text(element: Any, name: str, *, outside: tuple[str, ...] = ()) -> str | None:
    """First text that says something: LHEO writes ``-`` where it has nothing to say."""
    for found in _all(element, name, outside=outside):
        text = " ".join("".join(found.itertext()).split())
        if text and text != "-":
            return text
    return None


def _add_action(rows: TrainingRows, row: int, formation: Any, action: Any, places: dict[str, Any]) -> None:
    site = next(_all(action, "lieu-de-formation"), None)
    texts = {
        name: _text(site, tag) if site is not None else None
        for name, tag in (
            ("commune", "code-INSEE-commune"),
            ("post_code", "codepostal"),
            ("city", "ville"),
            ("line", "ligne"),
            ("lat", "latitude"),
            ("lon", "longitude"),
            ("name", "nom"),
            ("org", "denomination"),
        )
    }
    point, quality, why = _place(texts, places)
    romes = [code for e in _all(formation, "code-ROME") if _ROME.fullmatch(code := (e.text or "").strip().upper())]
    dates = sorted(
        date
        for session in _all(action, "session")
        for period in session
        if _tag(period) == "periode"
        for end in period
        if (date := _date((end.text or "").strip()))
    )
    provider = next(_all(formation, "organisme-formation-responsable"), formation)
    organisation = _text(provider, "nom-organisme") or _text(provider, "raison-sociale")
    rows.add(
        row,
        tuple(dict.fromkeys(romes)),
        note("loss.lheo_no_rome"),
        why,
        site_id=(site is not None and _numbered(site)) or action.get("numero") or f"{formation.get('numero')}#{row}",
        site_name=texts["org"] or texts["name"] or texts["line"] or organisation,
        provider_type=None,
        level=_LEVELS.get(_text(formation, "code-niveau-sortie") or ""),
        voie=_voie(action),
        places=_places(action),
        modality=_modality(action),
        position_quality=quality,
        geometry=point,
        course=_text(formation, "intitule-formation"),
        rncp=_text(formation, "code-RNCP"),
        start_date=dates[0] if dates else None,
        end_date=dates[-1] if dates else None,
        sessions=sum(1 for _ in _all(action, "session")),
        commune=texts["commune"],
        post_code=texts["post_code"],
        city=texts["city"],
    )


def _numbered(site: Any) -> str | None:
    return next((e.get("numero") for e in site.iter() if _tag(e) == "coordonnees" and e.get("numero")), None)


def _place(texts: dict[str, str | None], places: dict[str, Any]) -> tuple[Any, str, Note | None]:
    try:
        lon, lat = (float((texts[name] or "").replace(",", ".")) for name in ("lon", "lat"))
    except ValueError:
        why = note("loss.no_position")
    else:
        if lon == round(lon) and lat == round(lat):
            why = note("loss.rounded")
        elif abs(lon) > 180 or abs(lat) > 90:
            why = note("loss.not_degrees")
        else:
            return shapely.Point(lon, lat), "exact", None
    commune = places.get(texts["commune"] or "")
    return (commune, "commune", None) if commune is not None else (None, "none", why)


def _commune_points(communes: gpd.GeoDataFrame | None) -> dict[str, Any]:
    if communes is None:
        return {}
    return dict(zip(communes["commune"], communes.geometry.to_crs(WGS84), strict=True))


def _modality(action: Any) -> str:
    """Modality of the teaching; ``a-distance`` under ``recrutement`` is about the information meeting."""
    coded = _MODALITIES.get(_text(action, "modalites-enseignement") or "", "on_site")
    remote = _text(action, "a-distance", outside=("recrutement", "session"))
    return "remote" if coded == "on_site" and remote in ("1", "true", "oui") else coded


def _voie(action: Any) -> str:
    marks = {
        (element.get("info") or ""): (element.text or "").strip()
        for element in action.iter()
        if _tag(element) == "extra"
    }
    if marks.get("contrat-apprentissage") == "1":
        return "apprentissage"
    return "scolaire" if marks.get("formation-initiale") == "1" else "continue"


def _places(action: Any) -> float | None:
    found = [
        float(text)
        for name in ("nb-places-financees", "nombre-places", "nb-places")
        for element in _all(action, name, outside=("recrutement",))
        if (text := (element.text or "").strip()).isdigit()
    ]
    return sum(found) if found else None


def _date(text: str) -> str | None:
    """ISO date of ``YYYYMMDD``; zeros and nines mean that nobody knows."""
    known = re.fullmatch(r"((?:19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", text)
    return f"{known[1]}-{known[2]}-{known[3]}" if known else None
