"""One address of one person as a place: on the user's own machine, or at the national service when they say so.

Nothing is written: neither the address asked for nor what was found.
"""

from __future__ import annotations

import difflib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo_access.errors import InputError
from geo_access.sources.places.geocode import Addresses, plain_street, split_number
from geo_access.sources.tables.text import fold
from geo_access.sources.web import RefusedError, check_url, open_url

__all__ = ["BAN_SERVICE", "Candidate", "choose_address", "search_books", "search_service"]

# The national service (Base adresse nationale), in the words of its documentation: ``q``, ``limit``, GeoJSON back.
BAN_SERVICE = "https://data.geopf.fr/geocodage/search"

_EARTH_M = 6_371_008.8
_LEAST_SCORE = 0.6
# A runner-up that scores about as well, elsewhere, makes an address ambiguous.
_NEAR_SCORE = 0.05
_ELSEWHERE_M = 300.0
_MOST = 5
_MAX_ANSWER_BYTES = 1_000_000
_POSTCODE = re.compile(r"\b(\d{5})\b")
_PRECISE = ("housenumber", "street", "locality")


@dataclass(frozen=True)
class Candidate:
    """An address that resembles the one asked for.

    Attributes
    ----------
    label : str
        As its source writes it.
    score : float
        Likeness, 0–1.
    precision : str
        ``housenumber``, ``street``, ``locality`` or ``municipality``, in the words of the BAN.
    lon, lat : float
        [degrees].
    """

    label: str
    score: float
    precision: str
    lon: float
    lat: float


def _parts(address: str) -> tuple[str, str, str, str]:
    """Split an address on one line into number, street, postcode and city; each may be empty."""
    found = _POSTCODE.search(address)
    if found is not None:
        line, city = address[: found.start()], address[found.end() :]
    else:
        line, _, city = address.rpartition(",") if "," in address else (address, "", "")
    number, street = split_number(line.strip(" ,"))
    return number, plain_street(street), found[1] if found else "", fold(city)


def _communes(book: Addresses, postcode: str, city: str) -> Iterator[tuple[str, float]]:
    """Communes to look in, and how well each fits what the address says of it."""
    if postcode:
        yield from ((code, 1.0) for code in book.communes_of_postcode.get(postcode, ()))
        return
    for code in book.streets:
        name = fold(book.commune_names.get(code, ""))
        yield code, 1.0 if not city or name == city else difflib.SequenceMatcher(None, name, city).ratio()


def search_books(address: str, books: Sequence[Addresses], *, limit: int = _MOST) -> list[Candidate]:
    """Find addresses like one in files of the Base adresse nationale.

    The score is the likeness of the street (Ratcliff–Obershelp, 0–1) times that of the commune; a number that the
    street does not have lowers it by a tenth.

    Parameters
    ----------
    address : str
        On one line: ``12 rue Faidherbe, 59000 Lille``.
    books : sequence of Addresses
        From `geo_access.sources.places.geocode.read_addresses`.
    limit : int
        Most candidates.

    Returns
    -------
    list of Candidate
        Best first.

    Examples
    --------
    >>> book = Addresses({"59350": {"rue faidherbe": {"12": (3.06, 50.63), "": (3.07, 50.63)}}}, {"59000": ("59350",)})
    >>> search_books("12 r. Faidherbe 59000 Lille", [book])[0].precision
    'housenumber'
    """
    number, street, postcode, city = _parts(address)
    if not street:
        return []
    found = []
    for book in books:
        for code, fit in _communes(book, postcode, city):
            streets = book.streets.get(code, {})
            for name in difflib.get_close_matches(street, list(streets), n=limit, cutoff=_LEAST_SCORE / 2):
                likeness = 1.0 if name == street else difflib.SequenceMatcher(None, street, name).ratio()
                exact = number in streets[name] and bool(number)
                score = likeness * fit * (1.0 if exact or not number else 0.9)
                lon, lat = streets[name][number if exact else ""]
                label = " ".join(part for part in (number if exact else "", name) if part)
                town = book.commune_names.get(code, code)
                found.append(
                    Candidate(f"{label}, {town}", round(score, 3), "housenumber" if exact else "street", lon, lat)
                )
    return sorted(found, key=lambda each: -each.score)[:limit]


def search_service(
    address: str, service: str = BAN_SERVICE, *, limit: int = _MOST, timeout_s: float = 15.0
) -> list[Candidate]:
    """Ask a service that speaks as the national one does: the address leaves the machine.

    Parameters
    ----------
    address : str
        On one line.
    service : str
        https address of ``/search``, or http on this machine.
    limit : int
        Most candidates.
    timeout_s : float
        Longest silence [s].

    Returns
    -------
    list of Candidate
        Best first.

    Raises
    ------
    InputError
        When the service is not asked over https, does not answer, or not in its format; the message never holds the
        address.
    """
    check_url(service)
    host = str(urllib.parse.urlsplit(service).hostname)
    query = urllib.parse.urlencode({"q": address, "limit": limit})
    request = urllib.request.Request(  # noqa: S310 — the door checks the scheme
        f"{service}?{query}", headers={"User-Agent": "geo-access", "Accept": "application/json"}
    )
    try:
        with open_url(request, timeout_s=timeout_s, public_only=False) as answer:
            # An answer cut at the limit is no longer JSON.
            found = [_candidate(feature) for feature in json.loads(answer.read(_MAX_ANSWER_BYTES))["features"]]
    except RefusedError:
        raise
    except urllib.error.HTTPError as error:
        error.close()
        raise _unheard(host, f"{error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise _unheard(host, str(getattr(error, "reason", error)) or type(error).__name__) from None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise _unheard(host, f"{type(error).__name__}: not an answer of the BAN") from None
    return sorted(found, key=lambda each: -each.score)[:limit]


def _unheard(host: str, why: str) -> InputError:
    return InputError(
        f"the address service {host} does not answer well ({why}) → try again, or give --addresses",
        key="address_service",
        values={"host": host, "why": why},
    )


def _candidate(feature: Mapping[str, Any]) -> Candidate:
    known = feature["properties"]
    lon, lat = (float(value) for value in feature["geometry"]["coordinates"][:2])
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError("no place on Earth")
    return Candidate(str(known["label"])[:200], float(known["score"]), str(known["type"]), lon, lat)


def _apart_m(a: Candidate, b: Candidate) -> float:
    phi, other = np.radians(a.lat), np.radians(b.lat)
    half = np.sin((other - phi) / 2) ** 2
    half += np.cos(phi) * np.cos(other) * np.sin(np.radians(b.lon - a.lon) / 2) ** 2
    return float(2 * _EARTH_M * np.arcsin(np.sqrt(half)))


def choose_address(candidates: Sequence[Candidate]) -> Candidate:
    """Take the best candidate when it is good, precise and alone.

    Parameters
    ----------
    candidates : sequence of Candidate
        Best first.

    Returns
    -------
    Candidate

    Raises
    ------
    InputError
        When there is none; when the best scores below 0.6 or is a whole commune; when another scores within 0.05 of it
        more than 300 m away. The candidates are listed.

    Examples
    --------
    >>> choose_address([Candidate("1 Rue Neuve 59000 Lille", 0.97, "housenumber", 3.06, 50.63)]).lon
    3.06
    """
    if not candidates:
        raise InputError("--from: no address like it → check the spelling, add the postcode", key="address_unknown")
    best = candidates[0]
    listed = "\n".join(f"  {each.label} ({each.score:.2f})" for each in candidates[:_MOST])
    if best.score < _LEAST_SCORE or best.precision not in _PRECISE:
        raise InputError(
            f"--from: doubtful address → write one of these in full:\n{listed}",
            key="address_doubtful",
            values={"candidates": listed},
        )
    rivals = [each for each in candidates[1:] if each.score >= best.score - _NEAR_SCORE]
    if any(_apart_m(best, each) > _ELSEWHERE_M for each in rivals):
        raise InputError(
            f"--from: several addresses fit → write one of these in full:\n{listed}",
            key="address_ambiguous",
            values={"candidates": listed},
        )
    return best
