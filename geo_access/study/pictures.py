"""The pictures of a study: maps for the screen, sheets for paper, and the page that leads to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import shapely

from geo_access.clock import parse_clock
from geo_access.maps.content import MapContent, network_layers
from geo_access.maps.index import ComparedMap, Comparison, FrontPage, write_compare, write_index
from geo_access.maps.interactive import write_metier_map
from geo_access.maps.paper import can_draw
from geo_access.network.model import CrowFly
from geo_access.study.bands import bands_label
from geo_access.study.file import StudyFile, isochrone_profile
from geo_access.study.folder import slugs
from geo_access.study.ran import Ran
from geo_access.surfaces.extent import area_ends, street_extent
from geo_access.words.words import text, written_date

__all__ = ["Pictures", "map_contents", "study_sources", "write_front_page", "write_pictures"]


@dataclass(frozen=True, eq=False)
class Pictures:
    """What was drawn, by code of métier.

    Attributes
    ----------
    contents : tuple of MapContent
    maps, sheets, printable : mapping of str to pathlib.Path
        Interactive map, and the sheet as PNG and as PDF, where the ``report`` extra is installed.
    multiples : tuple of pathlib.Path
        Pages with all métiers, with that extra.
    compare : tuple of pathlib.Path
        The page with two maps side by side, where there are two.
    """

    contents: tuple[MapContent, ...]
    maps: dict[str, Path]
    sheets: dict[str, Path]
    printable: dict[str, Path]
    multiples: tuple[Path, ...]
    compare: tuple[Path, ...]


def study_sources(file: StudyFile) -> tuple[str, ...]:
    """Name the sources and vintages of a study's tables and streets, one line each."""
    tables = (*file.origins.layers, file.origins.points, file.training, file.employers, file.carpool)
    sources = [f"{table.source} ({table.vintage})" if table.vintage else table.source for table in tables if table]
    streets = text("source.osm", file.study.language) if file.network.osm else ""
    return tuple(dict.fromkeys(source for source in (*sources, streets) if source))


def map_contents(ran: Ran) -> tuple[MapContent, ...]:
    """Gather what the map of each métier shows, in the order of the study file."""
    file, network, bands = ran.file, ran.network, ran.bands
    layers, extent = network_layers(network), street_extent(network)
    sources = study_sources(file)
    told = [warning.told(file.study.language) for warning in network.warnings if warning.key == "aligned"]
    return tuple(
        MapContent(
            metier_code=metier.code,
            metier_name=metier.name,
            territory=file.study.territory or file.study.name,
            zones=ran.inputs.zones,
            flags=ran.flags,
            bands=bands.get(metier.code),
            band_ends=_farthest_ends(bands.get(metier.code), extent, cell_m=file.output.cell_m),
            bands_label=bands_label(file),
            bands_for=(isochrone_profile(file).id, "job" if file.training is None else "training"),
            counts=ran.counts[ran.counts["metier"] == metier.code] if metier.code in bands else None,
            training=ran.inputs.training,
            employers=ran.inputs.employers,
            layers=layers,
            profile_names={profile.id: profile.name for profile in file.profiles},
            schedule_names={
                "own_hours": text("schedule.own_hours", file.study.language),
                **{schedule.id: schedule.name for schedule in file.schedules},
            },
            sources=tuple(dict.fromkeys((*sources, *told))),
            manifest_id=ran.manifest.id,
            synthetic=file.study.synthetic,
            crow_fly=isinstance(network.streets, CrowFly),
            language=file.study.language,
        )
        for metier in file.metiers
    )


def _farthest_ends(
    bands: gpd.GeoDataFrame | None, extent: shapely.Geometry | None, *, cell_m: float
) -> gpd.GeoSeries | None:
    """Where the farthest isochrone ends for want of streets; None where it nowhere does."""
    if bands is None or not len(bands):
        return None
    farthest = bands.geometry.loc[[bands["minutes"].idxmax()]]
    ends = area_ends(farthest, extent, cell_m=cell_m)
    return None if ends.is_empty.all() else ends


def _comparisons(file: StudyFile, contents: tuple[MapContent, ...]) -> list[Comparison]:
    """Comparisons that the study allows: two métiers; without and with a car; the day and the earliest shift."""
    found = [Comparison(text("compare.metiers", file.study.language), (0, 1))] if len(contents) > 1 else []
    keys = [question.key for question in contents[0].questions()]
    if not keys:
        return found
    first = keys[0]

    def pair(left: str, right: str, other: tuple[str, ...]) -> Comparison:
        name = text("compare.pair", file.study.language, left=left, right=right)
        return Comparison(name, (0, 0), (0, keys.index(other)))

    names = {profile.id: profile.name for profile in file.profiles}
    cars = {profile.id for profile in file.profiles if profile.mode == "car"}
    by_car = next((key for key in keys if key[0] in cars and key[1:] == first[1:]), None)
    if by_car is not None and first[0] not in cars:
        found.append(pair(names[first[0]], names[by_car[0]], by_car))
    hours = {schedule.id: schedule for schedule in file.schedules}
    shifts = [key for key in keys if key[0] == first[0] and key[2] in hours and key[2] != first[2]]
    early = min(shifts, key=lambda key: parse_clock(hours[key[2]].start), default=None)
    if early is not None and first[2] in hours:
        found.append(pair(hours[first[2]].name, hours[early[2]].name, early))
    return found


def write_pictures(folder: Path, file: StudyFile, contents: tuple[MapContent, ...]) -> Pictures:
    """Write one interactive map and, with the ``report`` extra, one sheet per métier, and the pages with all of them.

    Parameters
    ----------
    folder : pathlib.Path
        Output folder.
    file : StudyFile
    contents : tuple of MapContent

    Returns
    -------
    Pictures
    """
    maps, sheets, printable = {}, {}, {}
    names = slugs([content.metier_code for content in contents])
    for content in contents:
        name = names[content.metier_code]
        maps[content.metier_code] = write_metier_map(content, folder / "maps" / f"{name}.html")
        if can_draw():
            from geo_access.maps.sheet import print_sheets  # noqa: PLC0415 — an extra

            sheets[content.metier_code], printable[content.metier_code] = print_sheets(
                content, [folder / "maps" / f"{name}.{kind}" for kind in ("png", "pdf")], size="A4"
            )
    multiples: tuple[Path, ...] = ()
    if can_draw():
        from geo_access.maps.sheet import print_multiples  # noqa: PLC0415 — an extra

        multiples = (print_multiples(contents, folder / "maps" / "all.png"),)
    sides = [
        ComparedMap(
            content.metier_name,
            maps[content.metier_code],
            tuple(question.label for question in content.questions()),
        )
        for content in contents
    ]
    compare: tuple[Path, ...] = ()
    if sum(max(1, len(side.questions)) for side in sides) > 1:
        page = folder / "maps" / "compare.html"
        presets = _comparisons(file, contents)
        compare = (write_compare(page, maps=sides, presets=presets, language=contents[0].language),)
    return Pictures(contents, maps, sheets, printable, multiples, compare)


def write_front_page(
    folder: Path, file: StudyFile, pictures: Pictures, *, report: tuple[Path, ...], tables: tuple[Path, ...]
) -> Path:
    """Write ``index.html``."""
    day = written_date(file.study.date, file.study.language)
    shown = FrontPage(
        title=file.study.name,
        contents=pictures.contents,
        maps=pictures.maps,
        sheets={code: [path, pictures.printable[code]] for code, path in pictures.sheets.items()},
        multiples=pictures.multiples,
        compare=pictures.compare,
        report=report,
        tables=tables,
        subtitle=" · ".join(part for part in (file.study.territory, day) if part),
        language=file.study.language,
    )
    return write_index(folder, shown)
