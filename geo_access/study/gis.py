"""A run folder for QGIS: layers that carry their styles, and a project that shows them as the maps do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pyproj import Transformer

from geo_access.maps.content import MapContent, Question
from geo_access.maps.qgis_project import ProjectLayer, QgisProject, write_project
from geo_access.maps.qgis_styles import bands_style, column_aliases, levels_style, qml
from geo_access.sources.tables.write import write_styles
from geo_access.words.words import text

__all__ = ["write_gis"]

_PROJECT = "study.qgz"
_BAND_COLUMNS = ("fid", "minutes", "area_km2", "cut_by_extent", "metier")


def _filter(**equal: str) -> str:
    parts = []
    for column, value in equal.items():
        quoted = value.replace("'", "''")
        parts.append(f"\"{column}\" = '{quoted}'")
    return " AND ".join(parts)


def _source(file: str, layer: str, condition: str) -> str:
    return f"./{file}|layername={layer}|subset={condition}"


def _levels_layer(number: int, content: MapContent, question: Question, columns: Sequence[str]) -> ProjectLayer:
    names = ("profile", "kind", "schedule", "threshold")
    condition = _filter(metier=content.metier_code, **dict(zip(names, question.key, strict=True)))
    return ProjectLayer(
        f"flags_of_metier_{number}",
        f"{text('level', content.language)} : {question.label}",
        content.metier_name,
        _source("flags.gpkg", "flags", condition),
        levels_style(content.language),
        column_aliases(columns, "flags", content.language),
        number == 0,
    )


def _bands_layer(number: int, content: MapContent, minutes: Sequence[float]) -> ProjectLayer:
    label = text("bands", content.language)
    return ProjectLayer(
        f"isochrones_of_metier_{number}",
        f"{label} : {content.bands_label}" if content.bands_label else label,
        content.metier_name,
        _source("isochrones.gpkg", "isochrones", _filter(metier=content.metier_code)),
        bands_style(minutes, content.language),
        column_aliases(_BAND_COLUMNS, "isochrones", content.language),
        number == 0,
    )


def write_gis(
    folder: Path, contents: Sequence[MapContent], flags: pd.DataFrame, *, title: str, epsg: int
) -> tuple[Path, ...]:
    """Put styles into the layers of a run folder and write the project that shows them.

    Each métier is a group: its isochrones over its levels, for the public and hours that its map shows first. The
    filter of a layer is plain text in QGIS: another public is a change of a word.

    Parameters
    ----------
    folder : pathlib.Path
        With ``flags.gpkg`` and, where there are any, ``isochrones.gpkg``.
    contents : sequence of MapContent
    flags : pandas.DataFrame
        As they were written.
    title : str
        Name of the study.
    epsg : int
        Metric CRS in which the project is drawn.

    Returns
    -------
    tuple of pathlib.Path
        ``study.qgz``.
    """
    language = contents[0].language
    columns = ["OGC_FID", *(str(name) for name in flags.columns if name != "threshold_source")]
    write_styles(
        folder / "flags.gpkg",
        "flags",
        "geom",
        qml(levels_style(language), column_aliases(columns, "flags", language)),
        text("level", language),
    )
    drawn = [frame for frame in (content.ordered_bands() for content in contents) if frame is not None]
    minutes = sorted({float(value) for frame in drawn for value in frame["minutes"]})
    if drawn:
        style = qml(bands_style(minutes, language), column_aliases(_BAND_COLUMNS, "isochrones", language))
        write_styles(folder / "isochrones.gpkg", "isochrones", "geom", style, text("bands", language))
    layers = []
    for number, content in enumerate(contents):
        if content.ordered_bands() is not None:
            layers.append(_bands_layer(number, content, minutes))
        layers += [_levels_layer(number, content, question, columns) for question in content.questions()[:1]]
    west, south, east, north = contents[0].extent()
    to_metres = Transformer.from_crs(4326, epsg, always_xy=True)
    footer = [*contents[0].labels, *contents[0].sources]
    if contents[0].manifest_id:
        footer.append(f"{text('manifest', language)} {contents[0].manifest_id}")
    project = QgisProject(
        title,
        tuple(layers),
        epsg,
        to_metres.transform_bounds(west, south, east, north),
        text("qgis.page", language),
        " · ".join(footer),
    )
    return (write_project(folder / _PROJECT, project),)
