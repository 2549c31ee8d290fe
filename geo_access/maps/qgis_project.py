"""A project of QGIS: layers by relative path with their styles, and a page to print, in one file."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from pyproj import CRS

from geo_access.maps.qgis_styles import DOCTYPE, QGIS_VERSION, symbol_options

__all__ = ["ProjectLayer", "QgisProject", "write_project"]

# Numbers that QGIS gives to the kinds of things on a page (QgsLayoutItemRegistry).
_PAGE, _MAP, _LABEL, _LEGEND, _SCALE = "65638", "65639", "65641", "65642", "65646"
_MAP_MM = (205, 170)
_LEGEND_PT = {"title": 9, "group": 9, "subgroup": 7, "symbol": 7, "symbolLabel": 7}
_EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class ProjectLayer:
    """One layer of a project.

    Attributes
    ----------
    id, name, group : str
        Own id, name for readers, and the group it stands in.
    source : str
        Path relative to the project, the layer in the file, and a filter, as the provider ``ogr`` reads them.
    renderer, aliases : xml.etree.ElementTree.Element
        From `geo_access.maps.qgis_styles`.
    shown : bool
    """

    id: str
    name: str
    group: str
    source: str
    renderer: ET.Element
    aliases: ET.Element
    shown: bool


@dataclass(frozen=True, eq=False)
class QgisProject:
    """What a project holds.

    Attributes
    ----------
    title : str
    layers : tuple of ProjectLayer
        Top first.
    epsg : int
        CRS that is drawn.
    extent : tuple of float
        West, south, east, north in that CRS [m].
    page_name, footer : str
        Name of the page to print; sources under its map.
    """

    title: str
    layers: tuple[ProjectLayer, ...]
    epsg: int
    extent: tuple[float, float, float, float]
    page_name: str
    footer: str


def _crs(parent: ET.Element, name: str, epsg: int) -> None:
    """Write a CRS in full: QGIS takes no authority's code alone, and would show the map in no CRS at all."""
    system = ET.SubElement(ET.SubElement(parent, name), "spatialrefsys", nativeFormat="Wkt")
    ET.SubElement(system, "wkt").text = CRS.from_epsg(epsg).to_wkt()
    ET.SubElement(system, "authid").text = f"EPSG:{epsg}"


def _bounds(parent: ET.Element, extent: tuple[float, float, float, float]) -> None:
    box = ET.SubElement(parent, "extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True):
        ET.SubElement(box, name).text = f"{value:.1f}"


def _tree(root: ET.Element, layers: Sequence[ProjectLayer]) -> None:
    top = ET.SubElement(root, "layer-tree-group")
    groups: dict[str, ET.Element] = {}
    for layer in layers:
        if layer.group not in groups:
            checked = "Qt::Checked" if layer.shown else "Qt::Unchecked"
            groups[layer.group] = ET.SubElement(
                top, "layer-tree-group", name=layer.group, checked=checked, expanded="1" if layer.shown else "0"
            )
        ET.SubElement(
            groups[layer.group],
            "layer-tree-layer",
            id=layer.id,
            name=layer.name,
            source=layer.source,
            providerKey="ogr",
            checked="Qt::Checked",
            expanded="1" if layer.shown else "0",
        )


def _map_layer(parent: ET.Element, layer: ProjectLayer) -> None:
    made = ET.SubElement(
        parent,
        "maplayer",
        type="vector",
        geometry="Polygon",
        wkbType="MultiPolygon",
        readOnly="0",
        hasScaleBasedVisibilityFlag="0",
        styleCategories="AllStyleCategories",
    )
    ET.SubElement(made, "id").text = layer.id
    ET.SubElement(made, "datasource").text = layer.source
    ET.SubElement(made, "layername").text = layer.name
    _crs(made, "srs", 4326)
    ET.SubElement(made, "provider", encoding="UTF-8").text = "ogr"
    made.extend((layer.renderer, layer.aliases))


def _item(page: ET.Element, kind: str, place_mm: str, size_mm: str, **more: str) -> ET.Element:
    values = {"type": kind, "position": f"{place_mm},mm", "positionOnPage": f"{place_mm},mm", "size": f"{size_mm},mm"}
    return ET.SubElement(page, "LayoutItem", values | {"referencePoint": "0", "visibility": "1"} | more)


def _font(size_pt: float) -> str:
    """Letters as QGIS before 3.24 reads them."""
    return f"Open Sans,{size_pt:g},-1,5,50,0,0,0,0,0"


def _letters(parent: ET.Element, size_pt: float) -> None:
    """Letters as QGIS from 3.24 on reads them."""
    ET.SubElement(parent, "text-style", fontFamily="Open Sans", fontSize=f"{size_pt:g}", fontSizeUnit="Point")


def _legend(page: ET.Element, layers: Sequence[ProjectLayer]) -> None:
    """Names of layers are sentences: they are cut at their commas, in letters that stand in the margin.

    Only the layers that the page shows are there: QGIS lists all of the project otherwise.
    """
    more = {"map_uuid": "map", "legendFilterByAtlas": "0", "wrapChar": ", ", "symbolWidth": "5", "symbolHeight": "2.6"}
    legend = _item(page, _LEGEND, "220,22", "67,150", uuid="legend", **more)
    _tree(legend, [layer for layer in layers if layer.shown])
    styles = ET.SubElement(legend, "styles")
    for name, size_pt in _LEGEND_PT.items():
        above_mm = "0.8" if name == "symbol" else "2"
        style = ET.SubElement(
            styles,
            "style",
            name=name,
            alignment="1",
            indent="0",
            marginTop=above_mm,
            marginLeft="1",
            font=_font(size_pt),
        )
        _letters(style, size_pt)


def _segment_km(extent: tuple[float, float, float, float]) -> float:
    """Length of half the scale bar: a round number of kilometres, about a tenth of the map's width."""
    tenth_km = (extent[2] - extent[0]) / 10_000
    decade = 10.0 ** math.floor(math.log10(max(tenth_km, 0.01)))
    return max(step * decade for step in (1, 2, 5) if step * decade <= max(tenth_km, 0.01))


def _widened(extent: tuple[float, float, float, float], ratio: float) -> tuple[float, float, float, float]:
    """Extent of that width over height around another: QGIS makes the map's frame as tall as its extent asks."""
    west, south, east, north = extent
    width, height = max(east - west, (north - south) * ratio), max(north - south, (east - west) / ratio)
    x, y = (west + east) / 2, (south + north) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _page(root: ET.Element, project: QgisProject) -> None:
    """A4, landscape: title, map, legend, scale bar, sources."""
    layouts = ET.SubElement(root, "Layouts")
    page = ET.SubElement(layouts, "Layout", name=project.page_name, units="mm", printResolution="300")
    pages = ET.SubElement(page, "PageCollection")
    paper = ET.SubElement(pages, "symbol", type="fill", name="", alpha="1")
    white = ET.SubElement(paper, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
    symbol_options(white, {"color": "255,255,255,255", "style": "solid", "outline_style": "no"})
    _item(pages, _PAGE, "0,0", "297,210", uuid="page")
    width_mm, height_mm = _MAP_MM
    size_mm = f"{width_mm},{height_mm}"
    drawn = _item(page, _MAP, "10,22", size_mm, id="map", uuid="map", followPreset="false", keepLayerSet="false")
    shown = _widened(project.extent, width_mm / height_mm)
    ET.SubElement(
        drawn, "Extent", dict(zip(("xmin", "ymin", "xmax", "ymax"), (f"{v:.1f}" for v in shown), strict=True))
    )
    title = _item(page, _LABEL, "10,8", "277,11", uuid="title", labelText=project.title, htmlState="0")
    ET.SubElement(title, "LabelFont", description=_font(16))
    _letters(title, 16)
    _legend(page, project.layers)
    _item(
        page,
        _SCALE,
        "220,178",
        "67,12",
        uuid="scale",
        mapUuid="map",
        style="Single Box",
        unitType="km",
        unitLabel="km",
        numMapUnitsPerScaleBarUnit="1",
        numUnitsPerSegment=f"{_segment_km(project.extent):g}",
        numSegments="2",
    )
    sources = _item(page, _LABEL, "10,195", "277,12", uuid="sources", labelText=project.footer, htmlState="0")
    ET.SubElement(sources, "LabelFont", description=_font(7))
    _letters(sources, 7)


def write_project(path: Path, project: QgisProject) -> Path:
    """Write a project; the same content is the same bytes.

    Parameters
    ----------
    path : pathlib.Path
        ``.qgz``, in the folder that the layers' sources start from.
    project : QgisProject

    Returns
    -------
    pathlib.Path
        `path`.
    """
    root = ET.Element("qgis", version=QGIS_VERSION, projectname=project.title)
    ET.SubElement(root, "homePath", path="")
    ET.SubElement(root, "title").text = project.title
    _crs(root, "projectCrs", project.epsg)
    _tree(root, project.layers)
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    ET.SubElement(canvas, "units").text = "meters"
    _bounds(canvas, project.extent)
    _crs(canvas, "destinationsrs", project.epsg)
    drawn = ET.SubElement(root, "projectlayers")
    order = ET.SubElement(root, "layerorder")
    for layer in project.layers:
        _map_layer(drawn, layer)
        ET.SubElement(order, "layer", id=layer.id)
    properties = ET.SubElement(root, "properties")
    ET.SubElement(ET.SubElement(properties, "Paths"), "Absolute", type="bool").text = "false"
    # Without this the CRS above is not read.
    ET.SubElement(ET.SubElement(properties, "SpatialRefSys"), "ProjectionsEnabled", type="int").text = "1"
    _page(root, project)
    member = zipfile.ZipInfo(f"{path.stem}.qgs", _EARLIEST)
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, DOCTYPE + ET.tostring(root, encoding="unicode"))
    return path
