"""A commented study to start from, with what a folder holds already named in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geo_access.crs import metric_epsg
from geo_access.errors import GeoAccessError, InputError, MissingFileError
from geo_access.sources.gtfs.calendar import common_day, trips_per_day
from geo_access.sources.gtfs.several import read_feeds
from geo_access.sources.places.population import read_population
from geo_access.study.coverage import share_covered
from geo_access.study.file import read_study_file
from geo_access.study.recognise import Recognised, recognise
from geo_access.study.template_need import need_sections
from geo_access.words.words import text

__all__ = ["Draft", "draft_study"]

_METIERS = 5
_MOST_SQUARES = 150
# Under this share of the population, streets cannot carry the study.
_LEAST_COVERED = 0.5


@dataclass(frozen=True)
class Draft:
    """A study file that was written, and what its author should know.

    Attributes
    ----------
    study : pathlib.Path
    found : tuple of Recognised
    steps : tuple of str
        What is missing and what to do next, in the reader's language.
    ready : bool
        Whether the file can be checked as it is.
    """

    study: Path
    found: tuple[Recognised, ...]
    steps: tuple[str, ...]
    ready: bool


def draft_study(
    folder: str | Path,
    *,
    territory: str,
    day: dt.date | None = None,
    metiers: Sequence[str] = (),
    overwrite: bool = False,
    language: str = "fr",
) -> Draft:
    """Recognise the files of a folder and write ``study.toml`` there.

    Parameters
    ----------
    folder : str or pathlib.Path
    territory : str
        Name of the territory, for titles.
    day : datetime.date, optional
        Service day; by default a Tuesday or so on which all timetables run.
    metiers : sequence of str
        Codes; by default the most frequent in the tables.
    overwrite : bool
        Whether an existing ``study.toml`` may be replaced.
    language : str
        Language of the comments and of the study, ``fr`` or ``en``.

    Returns
    -------
    Draft

    Raises
    ------
    InputError
        When there is a study already, or nothing in the folder can be used.
    """
    home = Path(folder)
    found = recognise(home)
    path = home / "study.toml"
    if path.exists() and not overwrite:
        raise InputError(
            f"{path}: there is a study already → --overwrite replaces it",
            key="init.exists",
            values={"file": path},
        )
    known = [each for each in found if each.role != "unknown"]
    if not known:
        raise MissingFileError(
            f"{home}: nothing there is a timetable, a street map, zones, points, training or employers → put the files "
            "into it, or begin with geo-access fetch",
            key="init.nothing",
            values={"folder": home},
        )
    writer = _Writer(home, found, language)
    # Under a locale without accents words of a command come as bytes in disguise.
    words = territory.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    content = writer.study(words, day, metiers)
    path.write_text(content, encoding="utf-8", newline="\n")
    return Draft(path, found, tuple(writer.steps), _reads(path) and not writer.incomplete)


def _reads(path: Path) -> bool:
    try:
        read_study_file(path)
    except GeoAccessError:
        return False
    return True


class _Writer:
    """Writes one study, and collects what is missing."""

    def __init__(self, home: Path, found: Sequence[Recognised], language: str) -> None:
        self._home, self._found, self._language = home, found, language
        self.steps: list[str] = []
        self.incomplete = False

    def _all(self, *roles: str) -> list[Recognised]:
        return [each for each in self._found if each.role in roles]

    def _say(self, key: str, **values: object) -> str:
        return text(f"init.{key}", self._language, **values)

    def _comment(self, key: str, **values: object) -> str:
        return "".join(f"# {line}\n" for line in self._say(key, **values).splitlines())

    def _name(self, path: Path) -> str:
        try:
            return _quoted(path.relative_to(self._home).as_posix())
        except ValueError:
            return _quoted(path.resolve().as_posix())

    def study(self, territory: str, day: dt.date | None, metiers: Sequence[str]) -> str:
        """Text of the file, section by section."""
        feeds, streets = self._all("feed"), self._all("streets")
        chosen = day or self._day(feeds)
        offers = self._offers()
        general = (
            f"[study]\nname = {_quoted(territory)}\nterritory = {_quoted(territory)}\n"
            f'{self._comment("date")}date = {chosen.isoformat()}\nlanguage = "{self._language}"\n'
        )
        files = ", ".join(self._name(each.path) for each in streets)
        elsewhere = self._elsewhere(streets)
        lines = f'streets = "osm"\nosm = [{files}]' if streets else 'streets = "crow-fly"'
        if elsewhere:
            lines = f'{self._comment("streets_kept")}streets = "crow-fly"\n# streets = "osm"\n# osm = [{files}]'
        gtfs = ", ".join(self._name(each.path) for each in feeds)
        network = f"[network]\n{self._comment('network')}{lines}\ngtfs = [{gtfs}]\n"
        if not feeds and (elsewhere or not streets):
            general += self._metres()
        if not streets:
            self.steps.append(self._say("no_streets"))
        if not feeds:
            self.steps.append(self._say("no_feeds"))
        parts = [
            self._comment("head", territory=territory),
            general,
            network,
            self._zones(),
            self._points(),
            offers,
            self._metiers(metiers),
            self._profiles(bool(feeds), bool(streets) and not elsewhere),
            self._thresholds(),
            self._schedules(),
            *self._need(),
            *self._carpool(),
            self._rest(),
        ]
        return "\n".join(parts)

    def _elsewhere(self, streets: Sequence[Recognised]) -> bool:
        """Tell if the streets leave most people out: then the first map is as the crow flies, and says so."""
        points = [*self._all("points"), *self._all("communes")]
        if not streets or not points:
            return False
        share = share_covered([each.path for each in streets], points[0].path)
        if share >= _LEAST_COVERED:
            return False
        files = ", ".join(each.path.name for each in streets)
        self.steps.append(self._say("streets_elsewhere", files=files, percent=f"{share:.0%}".rstrip("%")))
        return True

    def _metres(self) -> str:
        """System of coordinates of the territory, which neither streets nor stops tell."""
        points = [*self._all("points"), *self._all("communes")]
        if not points:
            return ""
        west, south, east, north = read_population(points[0].path)[0].total_bounds
        return f"{self._comment('epsg')}epsg = {metric_epsg((west + east) / 2, (south + north) / 2)}\n"

    def _day(self, feeds: Sequence[Recognised]) -> dt.date:
        """Find the Tuesday on which most trips run, else the nearest day that all feeds have."""
        if not feeds:
            self.steps.append(self._say("no_day"))
            return dt.date(2026, 3, 17)
        read = [feed for each in feeds for feed in read_feeds(each.path).feeds]
        strips = [trips_per_day(feed) for feed in read]
        busiest = max((strip for strip in strips if len(strip)), key=lambda strip: strip["trips"].sum(), default=None)
        if busiest is None:
            self.steps.append(self._say("no_common_day"))
            return dt.date(2026, 3, 17)
        tuesdays = busiest[busiest["date"].dt.day_of_week == 1]
        best = (tuesdays if len(tuesdays) else busiest).sort_values(["trips", "date"], ascending=[False, True])
        wanted: dt.date = best["date"].iloc[0].date()
        shared = common_day(read, wanted)
        if shared is None:
            self.steps.append(self._say("no_common_day"))
            return wanted
        self.steps.append(self._say("day", day=shared.isoformat()))
        return shared

    def _zones(self) -> str:
        layers = self._all("zones")
        if not layers:
            return self._squares()
        first, *others = layers
        words = f"[origins.zones]\n{self._comment('zones')}file = {self._name(first.path)}\n# where = \"dep == '59'\"\n"
        for each in others:
            words += f"\n{self._comment('more_zones')}# [[origins.more_zones]]\n# file = {self._name(each.path)}\n"
        return words

    def _squares(self) -> str:
        """Squares over the populated points, for a folder without any outline: a first map, said to be that."""
        points = [*self._all("points"), *self._all("communes")]
        if not points:
            self.steps.append(self._say("no_zones"))
            self.incomplete = True
            return f'[origins.zones]\n{self._comment("no_zones")}file = ""\n'
        path = self._home / "zones_carrees.geojson"
        side_m = _write_squares(points[0].path, path)
        self.steps.append(self._say("squares", file=path.name, km=f"{side_m / 1000:g}"))
        return f"[origins.zones]\n{self._comment('squares_comment')}file = {_quoted(path.name)}\n"

    def _points(self) -> str:
        points = [*self._all("points"), *self._all("communes")]
        if not points:
            self.steps.append(self._say("no_points"))
            self.incomplete = True
            return f'[origins.points]\n{self._comment("no_points")}file = ""\n'
        return f"[origins.points]\n{self._comment('points')}file = {self._name(points[0].path)}\n"

    def _offers(self) -> str:
        training, employers = self._all("training"), self._all("employers")
        schools, communes = self._all("schools"), self._all("communes")
        words = ""
        if training:
            first = training[0]
            words += f"[training]\nfile = {self._name(first.path)}\n"
            words += f'format = "{first.format}"\n' if first.format != "plain" else ""
            if first.format == "uai_mef_rome" and schools:
                words += f"schools = {self._name(schools[0].path)}\n"
        usable = [each for each in employers if each.format == "plain" or communes]
        if usable:
            first = usable[0]
            words += f"\n[employers]\nfile = {self._name(first.path)}\n"
            if first.format == "siae":
                words += f'format = "siae"\ncommunes = {self._name(communes[0].path)}\n'
        if not words:
            self.steps.append(self._say("no_offers"))
            self.incomplete = True
            return f'[training]\n{self._comment("no_offers")}file = ""\n'
        return words

    def _metiers(self, given: Sequence[str]) -> str:
        own = dict.fromkeys(code for each in self._all("training", "employers") for code in each.codes)
        codes = list(given) or list(own)[:_METIERS]
        if not codes:
            self.steps.append(self._say("no_metiers"))
            codes = ["F1602"]
        rows = "\n".join(f"[[metiers]]\ncode = {_quoted(code)}\nname = {_quoted(code)}\n" for code in codes)
        return f"{self._comment('metiers')}{rows}"

    def _profiles(self, feeds: bool, streets: bool) -> str:
        modes = [("transit", "sans_voiture")] if feeds else []
        modes += [("bike", "velo"), ("car", "voiture")] if streets or not feeds else []
        rows = "\n".join(
            f'[[profiles]]\nid = "{id_}"\nname = {_quoted(self._say(f"public.{id_}"))}\nmode = "{mode}"\n'
            for mode, id_ in modes
        )
        return f"{self._comment('profiles')}{rows}"

    def _kinds(self) -> list[str]:
        kinds = [kind for role, kind in (("training", "training"), ("employers", "job")) if self._all(role)]
        return kinds or ["training"]

    def _thresholds(self) -> str:
        rows = "\n".join(
            f'[[thresholds]]\nid = "{kind}_60"\nname = {_quoted(self._say(f"threshold.{kind}"))}\nminutes = 60\n'
            f'kind = "{kind}"\nsource = {_quoted(self._say("threshold.source"))}\n'
            f"status = {_quoted(self._say('threshold.status'))}\n"
            for kind in self._kinds()
        )
        return f"{self._comment('thresholds')}{rows}"

    def _schedules(self) -> str:
        hours = {"training": ("09:00", "17:00"), "job": ("05:00", "13:00")}
        rows = "\n".join(
            f'[[schedules]]\nid = "{kind}"\nname = {_quoted(self._say(f"schedule.{kind}"))}\nkind = "{kind}"\n'
            f'start = "{hours[kind][0]}"\nend = "{hours[kind][1]}"\n'
            for kind in self._kinds()
        )
        return f"{self._comment('schedules')}{rows}"

    def _need(self) -> list[str]:
        words, steps = need_sections(self._found, name=self._name, language=self._language)
        self.steps.extend(steps)
        return [words] if words else []

    def _carpool(self) -> list[str]:
        places = self._all("carpool")
        return [f"[carpool]\n{self._comment('carpool')}file = {self._name(places[0].path)}\n"] if places else []

    def _rest(self) -> str:
        flag = f"{self._comment('flag')}[flag]\nmin_opportunities = 1\nadequate_share = 0.8\nfragile_share = 0.5\n"
        return f"{flag}\n{self._comment('beside')}"


def _quoted(words: str) -> str:
    """TOML basic string."""
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(character if character.isprintable() else " " for character in escaped) + '"'


def _write_squares(points: Path, path: Path) -> float:
    """Write squares that hold all populated points, not more than a hundred or so; return their side [m]."""
    homes, _ = read_population(points)
    homes = homes[homes["population"] > 0]
    west, south, east, north = homes.total_bounds
    metric = homes.to_crs(metric_epsg((west + east) / 2, (south + north) / 2))
    xy = np.column_stack((metric.geometry.x, metric.geometry.y))
    side_m = 1000.0
    while len(np.unique(np.floor(xy / side_m), axis=0)) > _MOST_SQUARES:
        side_m *= 2
    corners = np.unique(np.floor(xy / side_m), axis=0) * side_m
    shapes = shapely.box(corners[:, 0], corners[:, 1], corners[:, 0] + side_m, corners[:, 1] + side_m)
    names = [f"{int(x // 1000)}_{int(y // 1000)}" for x, y in corners]
    table = {"zone_id": names, "zone_name": names, "zone_kind": "carre"}
    gpd.GeoDataFrame(table, geometry=shapes, crs=metric.crs).to_crs(4326).to_file(path, driver="GeoJSON")
    return side_m
