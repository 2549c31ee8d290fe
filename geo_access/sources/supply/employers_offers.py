"""Job offers of France Travail, saved as JSON or as a layer of points: positions, licences, and hours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from geo_access.crs import WGS84
from geo_access.errors import CapacityError
from geo_access.sources.supply.employers import Shift, employers_frame, read_shifts
from geo_access.sources.tables.read import require_file
from geo_access.sources.tables.report import Loss, ReadingReport
from geo_access.words.note import Note, note
from geo_access.words.told import refusal

__all__ = ["read_offers"]

_MAX_BYTES = 500_000_000


def read_offers(
    path: str | Path, *, communes: gpd.GeoDataFrame | None = None
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    """Read saved answers of the API Offres d'emploi v2.

    Hours come from ``contexteTravail.horaires``, else ``dureeTravailLibelle``, else the description, and only there
    when clocks are written; the rule that read them travels with the row. A pattern without clocks (3x8, night) gives
    its customary hours, marked ``hours_assumed``.

    Parameters
    ----------
    path : str or pathlib.Path
        JSON: one answer (``resultats``), a list of offers, or one offer or answer per line.
    communes : geopandas.GeoDataFrame, optional
        Of `read_communes`: places an offer at its commune when it has no position.

    Returns
    -------
    (geopandas.GeoDataFrame, ReadingReport)
        The employers' schema, one row per offer × shift, plus ``title, contract, apprenticeship, licence`` (the driving
        licence asked for), ``licence_required, naf, commune, hours_rule, hours_text, hours_assumed, row``. An offer
        whose position is its commune's has ``position_quality`` commune. Openings of an offer with several shifts are
        those of the offer on each row, since who works which shift is not said.

    Raises
    ------
    InputError
        When the file holds no offers.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "o.json"
    >>> _ = file.write_text('{"resultats": [{"id": "1", "romeCode": "H2913", "nombrePostes": 2, "lieuTravail": '
    ...     '{"latitude": 50.6, "longitude": 3.1}, "contexteTravail": {"horaires": ["35H Travail en 2x8"]}}]}')
    >>> offers, _ = read_offers(file)
    >>> offers[["metier", "openings", "shift_start", "hours_rule"]].values.tolist()
    [['H2913', 2, '05:00', '2x8'], ['H2913', 2, '13:00', '2x8']]
    """
    file = require_file(path)
    if file.stat().st_size > _MAX_BYTES:
        raise refusal("supply.offers_large", CapacityError, file=file.name, mb=round(_MAX_BYTES / 1e6))
    centres = {} if communes is None else dict(zip(communes["commune"], communes.geometry.to_crs(WGS84), strict=True))
    records: list[dict[str, Any]] = []
    lost: dict[str, list[Loss]] = {"kept": [], "located": [], "mapped": []}
    seen: set[str] = set()
    row = -1
    without_hours = 0
    for row, offer in enumerate(_offers(file)):
        identifier = str(offer.get("id") or "")
        if not identifier:
            lost["kept"].append((row, f"offer {row + 1}", note("loss.no_id")))
            continue
        if identifier in seen:
            lost["kept"].append((row, identifier, note("loss.same_offer")))
            continue
        seen.add(identifier)
        point, quality, why = _place(_mapping(offer.get("lieuTravail")), centres)
        if why:
            lost["located"].append((row, identifier, why))
        rome = offer.get("romeCode") or None
        if rome is None:
            lost["mapped"].append((row, identifier, note("loss.no_rome_code")))
        shifts = _shifts(offer)
        without_hours += not shifts
        values = _values(offer, identifier, rome, point, quality, row)
        records += [{**values, **_hours(shift)} for shift in shifts or (None,)]
    if row < 0:
        raise refusal("supply.no_offer", file=file.name)
    notes = [note("offers_silent", n=without_hours)] if without_hours else []
    assumed = len({record["row"] for record in records if record["hours_assumed"]})
    notes += [note("offers_assumed", n=assumed)] if assumed else []
    return employers_frame(records, file.name, row + 1, notes=notes, **lost)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _offers(file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        try:
            answers = [json.loads(text)]
        except json.JSONDecodeError:
            answers = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise refusal("supply.not_json", file=file.name, why=error) from error
    for answer in answers:
        found = answer.get("resultats", [answer]) if isinstance(answer, Mapping) else answer
        for offer in found if isinstance(found, list) else []:
            if isinstance(offer, Mapping):
                yield offer


def _place(site: Mapping[str, Any], centres: Mapping[str, Any]) -> tuple[Any, str, Note | None]:
    lon, lat = site.get("longitude"), site.get("latitude")
    commune = centres.get(str(site.get("commune") or ""))
    numbers = isinstance(lon, (int, float)) and isinstance(lat, (int, float))
    if numbers and abs(float(lon or 0)) <= 180 and abs(float(lat or 0)) <= 90 and (lon, lat) != (0, 0):
        return shapely.Point(float(lon or 0), float(lat or 0)), "street", None
    if commune is not None:
        return commune, "commune", None
    return None, "none", note("loss.no_place_no_commune") if centres else note("loss.no_place")


def _shifts(offer: Mapping[str, Any]) -> tuple[Shift, ...]:
    hours = _mapping(offer.get("contexteTravail")).get("horaires") or []
    texts = [text for text in hours if isinstance(text, str)] if isinstance(hours, list) else []
    texts.append(str(offer.get("dureeTravailLibelle") or ""))
    for text in texts:
        found = read_shifts(text)
        if found:
            return found
    return tuple(shift for shift in read_shifts(str(offer.get("description") or "")) if not shift.assumed)


def _hours(shift: Shift | None) -> dict[str, Any]:
    if shift is None:
        return {"shift_start": None, "shift_end": None, "hours_rule": None, "hours_text": None, "hours_assumed": False}
    return {
        "shift_start": shift.start,
        "shift_end": shift.end,
        "hours_rule": shift.rule,
        "hours_text": shift.text,
        "hours_assumed": shift.assumed,
    }


def _values(
    offer: Mapping[str, Any], identifier: str, rome: str | None, point: Any, quality: str, row: int
) -> dict[str, Any]:
    licences = [item for item in offer.get("permis") or [] if isinstance(item, Mapping)]
    company = _mapping(offer.get("entreprise")).get("nom")
    return {
        "site_id": identifier,
        "site_name": company or offer.get("intitule"),
        "metier": rome,
        "openings": offer.get("nombrePostes"),
        "position_quality": quality,
        "title": offer.get("intitule"),
        "contract": offer.get("typeContrat"),
        "apprenticeship": bool(offer.get("alternance")) or offer.get("natureContrat") in ("E2", "FS"),
        "licence": ", ".join(str(item.get("libelle")) for item in licences) or None,
        "licence_required": any(item.get("exigence") == "E" for item in licences),
        "naf": offer.get("codeNAF"),
        "commune": _mapping(offer.get("lieuTravail")).get("commune"),
        "row": row,
        "geometry": point,
    }
