"""The pictures of a study: maps for the screen, sheets for paper, and the page that leads to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo_access.manifest import Manifest
from geo_access.maps.content import MapContent, network_layers
from geo_access.maps.index import write_compare, write_index
from geo_access.maps.interactive import write_metier_map
from geo_access.maps.sheet import print_multiples, print_sheet
from geo_access.maps.strings import text
from geo_access.network.model import CrowFly, Network
from geo_access.study_file import StudyFile
from geo_access.study_inputs import StudyInputs
from geo_access.study_outputs import slug

__all__ = ["Pictures", "map_contents", "write_front_page", "write_pictures"]


@dataclass(frozen=True, eq=False)
class Pictures:
    """What was drawn, by code of métier.

    Attributes
    ----------
    contents : tuple of MapContent
    maps, sheets : mapping of str to pathlib.Path
        Interactive map, and PNG for print.
    multiples : tuple of pathlib.Path
        Pages with all métiers.
    compare : tuple of pathlib.Path
        The page with two maps side by side, where there are two.
    """

    contents: tuple[MapContent, ...]
    maps: dict[str, Path]
    sheets: dict[str, Path]
    multiples: tuple[Path, ...]
    compare: tuple[Path, ...]


def map_contents(
    file: StudyFile,
    inputs: StudyInputs,
    network: Network,
    flags: pd.DataFrame,
    bands: dict[str, gpd.GeoDataFrame],
    manifest: Manifest,
    *,
    bands_label: str,
) -> tuple[MapContent, ...]:
    """Gather what the map of each métier shows, in the order of the study file."""
    layers = network_layers(network)
    tables = (file.origins.zones, file.origins.points, file.training, file.employers)
    sources = [f"{table.source} ({table.vintage})" if table.vintage else table.source for table in tables if table]
    streets = text("source.osm", file.study.language) if file.network.osm else ""
    aligned = [warning for warning in network.warnings if "aligned" in warning]
    return tuple(
        MapContent(
            metier_code=metier.code,
            metier_name=metier.name,
            territory=file.study.territory or file.study.name,
            zones=inputs.zones,
            flags=flags,
            bands=bands.get(metier.code),
            bands_label=bands_label,
            training=inputs.training,
            employers=inputs.employers,
            layers=layers,
            profile_names={profile.id: profile.name for profile in file.profiles},
            schedule_names={
                "own_hours": text("schedule.own_hours", file.study.language),
                **{schedule.id: schedule.name for schedule in file.schedules},
            },
            sources=tuple(dict.fromkeys(source for source in (*sources, streets, *aligned) if source)),
            manifest_id=manifest.id,
            synthetic=file.study.synthetic,
            crow_fly=isinstance(network.streets, CrowFly),
            language=file.study.language,
        )
        for metier in file.metiers
    )


def write_pictures(folder: Path, contents: tuple[MapContent, ...]) -> Pictures:
    """Write one interactive map and one sheet per métier, and the pages with all of them.

    Parameters
    ----------
    folder : pathlib.Path
        Output folder.
    contents : tuple of MapContent

    Returns
    -------
    Pictures
    """
    maps, sheets = {}, {}
    for content in contents:
        name = slug(content.metier_code)
        maps[content.metier_code] = write_metier_map(content, folder / "maps" / f"{name}.html")
        sheets[content.metier_code] = print_sheet(content, folder / "maps" / f"{name}.png", size="A4")
    multiples = (print_multiples(contents, folder / "maps" / "all.png"),)
    compare: tuple[Path, ...] = ()
    if len(contents) > 1:
        pairs = [(content.metier_name, maps[content.metier_code]) for content in contents]
        compare = (write_compare(folder / "maps" / "compare.html", maps=pairs, language=contents[0].language),)
    return Pictures(contents, maps, sheets, multiples, compare)


def write_front_page(
    folder: Path, file: StudyFile, pictures: Pictures, *, report: tuple[Path, ...], tables: tuple[Path, ...]
) -> Path:
    """Write ``index.html``."""
    day = file.study.date.isoformat()
    return write_index(
        folder,
        title=file.study.name,
        contents=pictures.contents,
        maps=pictures.maps,
        sheets={code: [path] for code, path in pictures.sheets.items()},
        multiples=pictures.multiples,
        compare=pictures.compare,
        report=report,
        tables=tables,
        subtitle=" · ".join(part for part in (file.study.territory, day) if part),
        language=file.study.language,
    )
