"""Where the person of an adviser's sheet starts from: coordinates, or an address that is looked up and forgotten."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from geo_access.errors import InputError
from geo_access.sources.find_address import BAN_SERVICE, choose_address, search_books, search_service
from geo_access.sources.geocode import read_addresses
from geo_access.study_file import StudyFile

__all__ = ["find_origin"]

_LONLAT = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*")


def find_origin(
    words: str, file: StudyFile, *, addresses: Sequence[Path] = (), online: bool = False
) -> tuple[float, float]:
    """Longitude and latitude of what stands after ``--from``.

    Parameters
    ----------
    words : str
        ``lon,lat``, or an address on one line.
    file : StudyFile
        Its section ``[addresses]`` serves when neither `addresses` nor `online` is given.
    addresses : sequence of pathlib.Path
        Files of the Base adresse nationale: the address does not leave the machine.
    online : bool
        Whether the address may be sent to the national service.

    Returns
    -------
    tuple of float
        Longitude and latitude [degrees].

    Raises
    ------
    InputError
        When nothing says where to look an address up, or it is unknown, doubtful or ambiguous.
    """
    given = _LONLAT.fullmatch(words)
    if given is not None:
        return float(given[1]), float(given[2])
    section = file.addresses
    books: Sequence[Path] = addresses
    service = BAN_SERVICE if online else None
    if not books and not online and section is not None:
        books, service = section.files, section.service
    if books:
        found = choose_address(search_books(words, [read_addresses(path) for path in books]))
    elif service is not None:
        found = choose_address(search_service(words, service))
    else:
        raise InputError(
            "--from is an address, but nothing says where to look it up → --addresses adresses-59.csv.gz (a file of "
            "the national address base, offline), or --online (the address is then sent to the national geocoding "
            "service), or longitude,latitude, for instance --from 3.06,50.63",
            key="address_source",
        )
    return found.lon, found.lat
