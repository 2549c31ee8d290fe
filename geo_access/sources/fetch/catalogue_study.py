"""From fetched files to a study: the tables of a territory in our plain schemas, and the study file that names them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import pandas as pd
import shapely

from geo_access.crs import LAMBERT_93
from geo_access.errors import CoverageError
from geo_access.sources.fetch.catalogue import Catalogue, Territory, choose_gtfs, read_catalogue
from geo_access.sources.fetch.download import Fetched, Transfer, fetch
from geo_access.sources.places.population import assign_zones, read_population
from geo_access.sources.places.zones import read_zones
from geo_access.sources.supply.training_education import read_capacities
from geo_access.sources.tables.report import ReadingReport
from geo_access.sources.tables.write import put_aside, write_csv
from geo_access.words.note import Note, note
from geo_access.words.told import refusal
from geo_access.words.words import text

__all__ = ["Gathered", "Prepared", "gather_territory", "prepare_study"]

_AROUND_M = 60_000.0
_METIERS = 5
_KNOCK_S = 5.0


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study made ready.

    Attributes
    ----------
    study : pathlib.Path
        The study file.
    reports : tuple of ReadingReport
        What each reader did.
    notes : tuple of Note
        What is missing and what to do about it.
    """

    study: Path
    reports: tuple[ReadingReport, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class Gathered:
    """What was fetched for a territory.

    Attributes
    ----------
    territory : Territory
    folder : pathlib.Path
        Where the files lie, or are to be put.
    fetched : tuple of Fetched
        One per source.
    notes : tuple of Note
        Which timetables were chosen, and why.
    """

    territory: Territory
    folder: Path
    fetched: tuple[Fetched, ...]
    notes: tuple[Note, ...] = ()

    @property
    def missing(self) -> tuple[Fetched, ...]:
        """Return the sources of which no file is there."""
        return tuple(item for item in self.fetched if item.status == "failed")


def gather_territory(
    territory: str,
    folder: str | Path,
    *,
    day: date,
    also: Sequence[str] = (),
    catalogue: Catalogue | None = None,
    transfer: Transfer | None = None,
    tell: Callable[[str], None] | None = None,
) -> Gathered:
    """Fetch all that a territory needs.

    Parameters
    ----------
    territory : str
        ``MEL``, ``Hauts-de-France``, or INSEE codes of departments or communes.
    folder : str or pathlib.Path
        The files go to ``cache/`` in it.
    day : datetime.date
        Service day of the study: a timetable that ends before is not fetched.
    also : sequence of str
        Ids of sources that are fetched on demand only, such as ``sirene``.
    catalogue : Catalogue, optional
        Another one than the package's.
    transfer : Transfer, optional
        Patience and limits. By default silent servers are found out within five seconds, all together.
    tell : callable, optional
        Called with a line of progress.

    Returns
    -------
    Gathered

    Raises
    ------
    InputError
        When the territory or a source is unknown.
    """
    known = catalogue or read_catalogue()
    how = Transfer(knock_s=_KNOCK_S) if transfer is None else transfer
    place = known.territory(territory)
    cache = Path(folder) / "cache"
    fetched = list(fetch(known.select(place, also=also), cache, transfer=how, tell=tell))
    notes: list[Note] = []
    have = {item.url for item in fetched}
    indices = [item for item in fetched if item.id in {s.id for s in known.sources if s.role == "gtfs_index"}]
    for index in indices:
        if index.status != "failed":
            choice = choose_gtfs(index.path, place, day=day)
            notes += choice.notes
            fetched += fetch([each for each in choice.sources if each.url not in have], cache, transfer=how, tell=tell)
    return Gathered(place, cache, tuple(fetched), tuple(notes))


def prepare_study(gathered: Gathered, folder: str | Path, *, day: date, language: str = "fr") -> Prepared:
    """Write the tables of a territory and a study file that uses them.

    Parameters
    ----------
    gathered : Gathered
        Of `gather_territory`; by id: ``qpv2024``, ``carreaux200m``, ``capacites``, ``mef``, ``certifications``,
        ``etablissements``, ``osm_…``, and timetables.
    folder : str or pathlib.Path
        Where to write ``zones.geojson, points.csv, training.csv, study.toml``.
    day : datetime.date
        Service day of the study.
    language : str
        Of the study and of its comments, ``fr`` or ``en``.

    Returns
    -------
    Prepared
        The study proposes the five métiers with most places; the user edits it.

    Raises
    ------
    CoverageError
        When there are no zones, no populated points or no training: the study would be empty.
    """
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    territory = gathered.territory
    have = {item.id: item for item in gathered.fetched if item.status != "failed"}
    changed = [item for item in gathered.fetched if item.status != "failed" and item.note is not None]
    notes = [*gathered.notes, *(note("fetched", source=item.id, what=item.note) for item in changed)]
    zones = _zones(have, territory, notes)
    points, report = _points(have, zones, notes)
    offers, supply = _training(have, zones, territory, notes)
    with TemporaryDirectory(dir=home, prefix=".geo-access-") as working:
        made = Path(working)
        zones.to_file(made / "zones.geojson", driver="GeoJSON")
        write_csv(_with_lonlat(points), made / "points.csv")
        write_csv(_with_lonlat(offers), made / "training.csv")
        (made / "study.toml").write_text(_study_text(territory, have, offers, day, language), encoding="utf-8")
        for name in ("zones.geojson", "points.csv", "training.csv", "study.toml"):
            _put(made / name, home / name, notes)
    return Prepared(study=home / "study.toml", reports=(report, supply), notes=tuple(notes))


def _put(made: Path, target: Path, notes: list[Note]) -> None:
    """Put a file in its place; another that is there, edited perhaps, is kept beside it and said."""
    if target.is_file() and target.read_bytes() == made.read_bytes():
        return
    aside = put_aside(target)
    if aside is not None:
        notes.append(note("fetch.kept_aside", file=target.name, kept=aside.name))
    made.rename(target)


def _need(have: dict[str, Fetched], names: Sequence[str], what: Note) -> list[Path]:
    absent = [name for name in names if name not in have]
    if absent:
        raise refusal("fetch.need", CoverageError, what=what, sources=", ".join(absent))
    return [Path(have[name].path) for name in names]


def _zones(have: dict[str, Fetched], territory: Territory, notes: list[Note]) -> gpd.GeoDataFrame:
    (path,) = _need(have, ["qpv2024"], note("fetch.need_zones"))
    zones = read_zones(path)
    notes += zones.attrs["notes"]
    own = zones[[_department(code) in territory.departments for code in zones["zone_id"]]]
    epci = next((name for name in own.columns if "epci" in name.lower() and "lib" not in name.lower()), None)
    if territory.epci and epci is not None:
        own = own[own[epci].astype(str).isin(territory.epci)]
    elif territory.epci:
        notes.append(note("epci_unsaid"))
    commune = next((name for name in own.columns if "insee" in name.lower() and "com" in name.lower()), None)
    if territory.communes and commune is not None:
        own = own[[any(code in str(text) for code in territory.communes) for text in own[commune]]]
    if own.empty:
        raise refusal("fetch.no_zone", CoverageError, territory=territory.title)
    return own[["zone_id", "zone_name", "zone_kind", "geometry"]].reset_index(drop=True)


def _department(code: str) -> str:
    """Department of a neighbourhood's code, which writes it on three characters."""
    text = code[2:5]
    return text.removeprefix("0")


def _points(
    have: dict[str, Fetched], zones: gpd.GeoDataFrame, notes: list[Note]
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    (path,) = _need(have, ["carreaux200m"], note("fetch.need_points"))
    west, south, east, north = zones.total_bounds
    # A cell wider than the neighbourhood may have its centre outside: a kilometre or so around.
    points, report = read_population(path, bbox_lonlat=(west - 0.02, south - 0.02, east + 0.02, north + 0.02))
    table = assign_zones(points, zones)
    notes += table.attrs["notes"]
    own = points[points["point_id"].isin(set(table["point_id"]))].reset_index(drop=True)
    if own.empty:
        raise refusal("fetch.no_point", CoverageError)
    return own, report


def _training(
    have: dict[str, Fetched], zones: gpd.GeoDataFrame, territory: Territory, notes: list[Note]
) -> tuple[gpd.GeoDataFrame, ReadingReport]:
    names = ["capacites", "mef", "certifications", "etablissements"]
    path, mef, certifications, schools = _need(have, names, note("fetch.need_training"))
    offers, report = read_capacities(path, mef=mef, certifications=certifications, schools=schools)
    around = shapely.buffer(shapely.box(*zones.to_crs(LAMBERT_93).total_bounds), _AROUND_M)
    located = offers.geometry.notna()
    near = pd.Series(data=False, index=offers.index)
    near[located] = offers.geometry[located].to_crs(LAMBERT_93).intersects(around)
    codes = {code.zfill(3) for code in territory.departments}
    nowhere = ~located & offers["site_id"].str[:3].isin(codes)
    own = offers[(near | nowhere) & offers["metier"].notna()].reset_index(drop=True)
    if own.empty:
        raise refusal("fetch.no_training", CoverageError)
    notes.append(note("training_around", n=len(own)))
    return own, report


def _with_lonlat(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    shape = frame.geometry
    return pd.DataFrame(frame.drop(columns="geometry")).assign(lon=shape.x.round(6), lat=shape.y.round(6))


def _quoted(value: str) -> str:
    """TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(character if character.isprintable() else " " for character in escaped) + '"'


def _paths(have: dict[str, Fetched], prefix: tuple[str, ...], suffix: str) -> str:
    own = [item for key, item in have.items() if key.startswith(prefix) or item.file.startswith(prefix)]
    files = dict.fromkeys(Path(item.path).resolve().as_posix() for item in own if item.file.endswith(suffix))
    return "[" + ", ".join(_quoted(file) for file in files) + "]"


def _table(name: str, file: str, item: Fetched) -> str:
    origin = _quoted(f"{item.id}, {item.licence}")
    return f"[{name}]\nfile = {_quoted(file)}\nsource = {origin}\nvintage = {_quoted(item.vintage)}\n"


def _study_text(territory: Territory, have: dict[str, Fetched], offers: pd.DataFrame, day: date, language: str) -> str:
    osm = _paths(have, ("osm_",), ".pbf")
    gtfs = _paths(have, ("gtfs_", "pan_"), ".zip")
    streets = f'streets = "osm"\nosm = {osm}' if osm != "[]" else 'streets = "crow-fly"'
    ranked = offers.groupby("metier")["places"].sum().sort_values(ascending=False, kind="stable").head(_METIERS)
    metiers = "\n".join(
        f"[[metiers]]\ncode = {_quoted(code)}\nname = {_quoted('ROME ' + code)}\n" for code in ranked.index
    )

    def words(key: str) -> str:
        return text(key, language, title=territory.title)

    transit = (
        f'[[profiles]]\nid = "sans_voiture"\nname = {_quoted(words("init.public.sans_voiture"))}\nmode = "transit"\n'
        if gtfs != "[]"
        else f'[[profiles]]\nid = "velo"\nname = {_quoted(words("init.public.velo"))}\nmode = "bike"\n'
    )
    return f"""# {words("fetch.study_head")}

[study]
name = {_quoted(territory.title)}
territory = {_quoted(territory.title)}
date = {day.isoformat()}
language = "{language}"

[network]
{streets}
gtfs = {gtfs}

{_table("origins.zones", "zones.geojson", have["qpv2024"])}
{_table("origins.points", "points.csv", have["carreaux200m"])}
{_table("training", "training.csv", have["capacites"])}
# {words("fetch.study_metiers")}
{metiers}
{transit}
[[profiles]]
id = "voiture"
name = {_quoted(words("init.public.voiture"))}
mode = "car"

[[thresholds]]
id = "formation_60"
name = {_quoted(words("init.threshold.training"))}
minutes = 60
kind = "training"
source = {_quoted(words("init.threshold.source"))}
status = {_quoted(words("init.threshold.status"))}

[[schedules]]
id = "journee_formation"
name = {_quoted(words("init.schedule.training"))}
kind = "training"
start = "09:00"
end = "17:00"
"""
