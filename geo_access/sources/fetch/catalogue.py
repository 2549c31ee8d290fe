"""The catalogue: where each open data set lies, under which licence and vintage, and for which territory."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from geo_access.errors import Fault, raise_faults
from geo_access.sources.tables.read import require_file
from geo_access.sources.tables.text import fold
from geo_access.words.note import Note, note
from geo_access.words.told import fault, refusal

__all__ = ["Catalogue", "IndexChoice", "Source", "Territory", "choose_gtfs", "gtfs_of_index", "read_catalogue"]

ROLES = ("osm", "gtfs", "gtfs_index", "zones", "points", "training", "employers", "reference", "other")
_FILE_NAME = re.compile(r"[\w.-]{1,100}")
_MAX_INDEX_BYTES = 200_000_000


@dataclass(frozen=True)
class Source:
    """One data set.

    Attributes
    ----------
    id, role, title, producer, url, licence, vintage : str
        What it is and where it lies; `role` is what it serves for in a study.
    file : str
        Name it is stored under.
    departments : tuple of str
        Departments it serves; empty for all.
    sha256 : str, optional
        Checksum that the file must have, when the source is frozen.
    checked : str
        ``seen`` when the address was seen in public text, ``to verify`` when it is from memory, ``by hand`` when only
        the page is known: the user downloads the file and puts it into the cache.
    default : bool
        Whether it is fetched without being named.
    """

    id: str
    role: str
    title: str
    producer: str
    url: str
    file: str
    licence: str
    vintage: str
    departments: tuple[str, ...] = ()
    sha256: str | None = None
    checked: str = "to verify"
    default: bool = True


@dataclass(frozen=True)
class Territory:
    """A territory to fetch.

    Attributes
    ----------
    name, title : str
        Short and full name.
    departments : tuple of str
        Those it touches.
    region : str
        Code of its region; empty when it is none.
    epci, communes : tuple of str
        Codes that limit it; empty for whole departments.
    """

    name: str
    title: str
    departments: tuple[str, ...]
    region: str = ""
    epci: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """Sources, named territories and the extracts of OpenStreetMap.

    Attributes
    ----------
    sources : tuple of Source
    territories : tuple of Territory
    osm_url, osm_licence : str
        Address with ``{extract}``.
    osm_extracts : mapping of str to tuple of str
        Extract → departments.
    """

    sources: tuple[Source, ...]
    territories: tuple[Territory, ...]
    osm_url: str
    osm_licence: str
    osm_extracts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def territory(self, text: str) -> Territory:
        """Territory of a name, or of INSEE codes of departments or communes separated by commas.

        Parameters
        ----------
        text : str
            ``MEL``, ``Hauts-de-France``, ``59,62``, ``02691,02361``.

        Returns
        -------
        Territory

        Raises
        ------
        InputError
            When it is neither.

        Examples
        --------
        >>> read_catalogue().territory("02691, 59350").departments
        ('02', '59')
        """
        for known in self.territories:
            if fold(text) in (fold(known.name), fold(known.title)):
                return known
        codes = [part.strip().upper() for part in text.split(",") if part.strip()]
        whole = [code for code in codes if re.fullmatch(r"\d{2}|2[AB]|97\d", code)]
        communes = [code for code in codes if re.fullmatch(r"(\d{2}|2[AB])\d{3}", code)]
        if not codes or len(whole) + len(communes) != len(codes):
            names = ", ".join(known.name for known in self.territories)
            raise refusal("fetch.territory", territory=text, known=names)
        own = {code[:3] if code.startswith("97") else code[:2] for code in communes}
        departments = tuple(sorted({*whole, *own}))
        return Territory("_".join(codes[:3]).lower(), text, departments, communes=tuple(communes) if not whole else ())

    def select(self, territory: Territory, *, also: Sequence[str] = ()) -> tuple[Source, ...]:
        """Choose the sources of a territory: those fetched by default, those named, its OpenStreetMap extracts.

        Parameters
        ----------
        territory : Territory
            Of :meth:`territory`.
        also : sequence of str
            Ids of sources that are only on demand.

        Returns
        -------
        tuple of Source

        Raises
        ------
        InputError
            When an id is unknown.

        Examples
        --------
        >>> catalogue = read_catalogue()
        >>> [s.id for s in catalogue.select(catalogue.territory("Hauts-de-France")) if s.role == "osm"]
        ['osm_belgium', 'osm_nord-pas-de-calais', 'osm_picardie']
        """
        unknown = sorted(set(also) - {source.id for source in self.sources})
        if unknown:
            known = ", ".join(source.id for source in self.sources)
            raise refusal("fetch.source", source=unknown[0], known=known)
        own = set(territory.departments)
        chosen = [
            source
            for source in self.sources
            if (source.default or source.id in also) and (not source.departments or own & set(source.departments))
        ]
        for extract, departments in self.osm_extracts.items():
            if own & set(departments):
                chosen.append(
                    Source(
                        id=f"osm_{extract}",
                        role="osm",
                        title=f"OpenStreetMap, {extract}",
                        producer="Geofabrik",
                        url=self.osm_url.format(extract=extract),
                        file=f"{extract}-latest.osm.pbf",
                        licence=self.osm_licence,
                        vintage="day of download",
                        checked="to verify",
                    )
                )
        return tuple(chosen)


def read_catalogue(path: str | Path | None = None) -> Catalogue:
    """Read a catalogue; the one that ships with the package when no path is given.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        TOML of the same form as ``sources/data/catalogue.toml``: to add one's own sources or mirrors.

    Returns
    -------
    Catalogue

    Raises
    ------
    InputError
        With every entry that is wrong.

    Examples
    --------
    >>> catalogue = read_catalogue()
    >>> all(source.licence and source.vintage for source in catalogue.sources)
    True
    """
    if path is None:
        where = "catalogue.toml"
        text = files("geo_access.sources.data").joinpath("catalogue.toml").read_text(encoding="utf-8")
    else:
        file = require_file(path)
        where, text = file.name, file.read_bytes().decode("utf-8-sig", errors="replace")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refusal("study.not_toml", file=where, why=error) from error
    faults: list[Fault] = []
    sources = [_source(entry, where, faults) for entry in content.get("source", [])]
    ids = [source.id for source in sources if source]
    faults += [fault(f"{where}: {each}", "fetch.id_twice") for each in _twice(ids)]
    raise_faults(faults)
    fabric = content.get("geofabrik", {})
    return Catalogue(
        sources=tuple(source for source in sources if source),
        territories=tuple(_territory(entry) for entry in content.get("territory", [])),
        osm_url=fabric.get("url", ""),
        osm_licence=fabric.get("licence", ""),
        osm_extracts={name: tuple(codes) for name, codes in fabric.get("extracts", {}).items()},
    )


def _twice(ids: list[str]) -> list[str]:
    return sorted({each for each in ids if ids.count(each) > 1})


def _source(entry: Mapping[str, Any], where: str, faults: list[Fault]) -> Source | None:
    name = f"{where}: source {entry.get('id', '?')}"
    needed = ("id", "role", "title", "producer", "url", "file", "licence", "vintage")
    own = [fault(name, "fetch.key_missing", key=key) for key in needed if not entry.get(key)]
    unknown = sorted(set(entry) - set(Source.__dataclass_fields__))
    own += [fault(name, "fetch.key_unknown", key=key) for key in unknown]
    if not own and entry["role"] not in ROLES:
        own.append(fault(name, "fetch.role", role=entry["role"], known=", ".join(ROLES)))
    if not own and urlsplit(entry["url"]).scheme not in ("http", "https"):
        own.append(fault(name, "fetch.not_http"))
    if not own and not _is_plain_name(entry["file"]):
        own.append(fault(name, "fetch.file_name", file=entry["file"]))
    faults += own
    return None if own else Source(**{**entry, "departments": tuple(entry.get("departments", ()))})


def _is_plain_name(name: str) -> bool:
    return _FILE_NAME.fullmatch(name) is not None and not name.startswith(".")


def _territory(entry: Mapping[str, Any]) -> Territory:
    lists = {key: tuple(entry.get(key, ())) for key in ("departments", "epci", "communes")}
    return Territory(
        name=entry["name"], title=entry.get("title", entry["name"]), region=entry.get("region", ""), **lists
    )


@dataclass(frozen=True)
class IndexChoice:
    """Timetables chosen in the national index.

    Attributes
    ----------
    sources : tuple of Source
        The most local first.
    notes : tuple of Note
        What was chosen, and what was left out and why.
    """

    sources: tuple[Source, ...]
    notes: tuple[Note, ...]


def gtfs_of_index(path: str | Path, territory: Territory, *, day: date | None = None) -> tuple[Source, ...]:
    """Timetables of a territory in the index of the national access point: the sources of `choose_gtfs`."""
    return choose_gtfs(path, territory, day=day).sources


def choose_gtfs(path: str | Path, territory: Territory, *, day: date | None = None) -> IndexChoice:
    """Choose the timetables of a territory in the index of the national access point.

    The most local come first: of a commune, an EPCI, a département, the region, the country. One whose timetable ends
    before `day` is left out, and so is a wider one whose networks all have a more local file of their own.

    Parameters
    ----------
    path : str or pathlib.Path
        Saved answer of ``/api/datasets``.
    territory : Territory
        Whose departments, region, EPCI or communes the data set must cover; national ones are taken too.
    day : datetime.date, optional
        Of the study; without it nothing counts as expired.

    Returns
    -------
    IndexChoice
        Available GTFS resources, by their stable address.

    Raises
    ------
    InputError
        When the file is not such an index.
    """
    found: list[_Listed] = []
    for dataset in _index(path):
        rank = _rank(dataset.get("covered_area"), territory) if isinstance(dataset, dict) else None
        if rank is None:
            continue
        for resource in dataset.get("resources") or []:
            source = _resource(dataset, resource) if isinstance(resource, dict) else None
            if source is not None and source.url not in {item.source.url for item in found}:
                found.append(_Listed(rank, source, *_metadata(resource)))
    found.sort(key=lambda item: item.rank)
    chosen: list[_Listed] = []
    notes: list[Note] = []
    for item in found:
        title = item.source.title
        local = {name for other in chosen if other.rank < item.rank for name in other.networks}
        if day is not None and item.last is not None and item.last < day:
            notes.append(note("gtfs.index_expired", title=title, last=item.last, day=day))
        elif item.networks and item.networks <= local:
            notes.append(note("gtfs.index_repeats", title=title, networks=", ".join(sorted(item.networks))))
        else:
            chosen.append(item)
    if chosen:
        titles = ", ".join(item.source.title for item in chosen)
        notes.insert(0, note("gtfs.index_chosen", n=len(chosen), titles=titles))
    return IndexChoice(tuple(item.source for item in chosen), tuple(notes))


@dataclass(frozen=True)
class _Listed:
    """A resource of the index: how wide its area is, its last day, and the networks that it says it holds."""

    rank: int
    source: Source
    last: date | None
    networks: frozenset[str]


def _metadata(resource: Mapping[str, Any]) -> tuple[date | None, frozenset[str]]:
    known = resource.get("metadata")
    if not isinstance(known, dict):
        return None, frozenset()
    try:
        last = date.fromisoformat(str(known.get("end_date"))[:10])
    except ValueError:
        last = None
    networks = known.get("networks")
    return last, frozenset(fold(str(name)) for name in networks) if isinstance(networks, list) else frozenset()


def _index(path: str | Path) -> list[Any]:
    """Read the data sets of a saved index."""
    file = require_file(path)
    if file.stat().st_size > _MAX_INDEX_BYTES:
        raise refusal("fetch.index_large", file=file.name, mb=round(_MAX_INDEX_BYTES / 1e6))
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise refusal("fetch.index_json", file=file.name) from error
    if not isinstance(content, list):
        raise refusal("fetch.index_shape", file=file.name)
    return content


# How wide an area is, the most local first.
_RANKS = {"commune": 0, "epci": 1, "departement": 2, "region": 3, "pays": 4, "country": 4}


def _rank(areas: Any, territory: Territory) -> int | None:
    """Width of the widest area of a data set, where one of them is of the territory; None where none is."""
    kinds = [area for area in (areas if isinstance(areas, list) else [areas]) if isinstance(area, dict)]
    if not any(_covers(area, territory) for area in kinds):
        return None
    return max(_RANKS.get(fold(str(area.get("type", ""))), 0) for area in kinds)


def _covers(area: Mapping[str, Any], territory: Territory) -> bool:
    kind, code = fold(str(area.get("type", ""))), str(area.get("insee", ""))
    if kind in ("pays", "country"):
        return True
    if kind in ("region", "departement"):
        return code in ({territory.region} if kind == "region" else territory.departments)
    if kind == "epci":
        return code in territory.epci
    return kind == "commune" and (code in territory.communes or code.startswith(territory.departments))


def _resource(dataset: Mapping[str, Any], resource: Mapping[str, Any]) -> Source | None:
    url = str(resource.get("url") or resource.get("original_url") or "")
    usable = str(resource.get("format", "")).upper() == "GTFS" and resource.get("is_available", True)
    if not usable or urlsplit(url).scheme not in ("http", "https"):
        return None
    number = re.sub(r"\W", "", str(resource.get("id") or resource.get("datagouv_id") or ""))[:40]
    slug = re.sub(r"[^a-z0-9]+", "_", fold(str(dataset.get("slug") or dataset.get("title") or "gtfs")))[:50].strip("_")
    return Source(
        id=f"pan_{number or slug}",
        role="gtfs",
        title=str(dataset.get("title") or slug),
        producer="transport.data.gouv.fr",
        url=url,
        file=f"gtfs_{slug}_{number}.zip",
        licence=str(dataset.get("licence") or "see the page of the data set"),
        vintage=str(resource.get("updated") or "day of download"),
        checked="seen",
    )
