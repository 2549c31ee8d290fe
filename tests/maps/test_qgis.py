"""A run folder in QGIS, by its XML: styles in the packages, a project by relative paths, the same bytes twice."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import pytest

from geo_access.maps.palettes import BAND_COLOURS, LEVEL_COLOURS
from geo_access.sources.tables.write import same_bytes
from geo_access.study.gis import write_gis
from geo_access.study.outputs import write_flags
from tests.maps.territory import content, flags, zones

QUOTED = "Cours d'été"


pytestmark = pytest.mark.filterwarnings("error:geometry column type:RuntimeWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("run"))


def written(folder: Path) -> Path:
    areas = zones()
    table = flags(areas).assign(schedule=QUOTED)
    shown = content(flags=table, metier_name="Peinture & <décor>")
    shown.bands["cut_by_extent"] = shown.bands["minutes"] >= 60
    write_flags(folder, areas, table)
    with same_bytes():
        shown.bands.assign(metier="F1606").to_crs(4326).to_file(
            folder / "isochrones.gpkg", layer="isochrones", driver="GPKG"
        )
    write_gis(folder, [shown], table, title="Étude <1>", epsg=2154)
    return folder


def project(folder: Path) -> ET.Element:
    with zipfile.ZipFile(folder / "study.qgz") as archive:
        assert archive.namelist() == ["study.qgs"]
        return ET.fromstring(archive.read("study.qgs"))  # noqa: S314 — written just now


def style(folder: Path, package: str) -> ET.Element:
    with closing(sqlite3.connect(folder / package)) as base:
        rows = base.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchall()
        geometry = dict(base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        assert base.execute("SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'").fetchone()
    ((layer, column, default, text),) = rows
    assert (geometry[layer], default) == (column, 1)
    return ET.fromstring(text)  # noqa: S314 — written just now


def colour(symbol: ET.Element, name: str = "color") -> tuple[int, ...]:
    value = symbol.find(f"layer/Option/Option[@name='{name}']").get("value")
    return tuple(int(part) for part in value.split(",")[:3])


def hexes(text: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(text[1:]))


def test_levels_have_the_colours_of_the_map_and_hatches_by_confidence(folder: Path) -> None:
    renderer = style(folder, "flags.gpkg").find("renderer-v2")
    symbols = {symbol.get("name"): symbol for symbol in renderer.findall("symbols/symbol")}
    seen = {}
    for category in renderer.findall("categories/category"):
        symbol = symbols[category.get("symbol")]
        level = category.get("value").split(" / ")[0]
        assert colour(symbol) == hexes(LEVEL_COLOURS[level])
        seen[category.get("label")] = len(symbol.findall("layer[@class='LinePatternFill']"))
    assert (seen["Inadéquat (sûr)"], seen["Inadéquat (probable)"], seen["Inadéquat (indécidable)"]) == (0, 1, 2)
    assert seen["Non mesuré"] == 2


def test_isochrones_are_drawn_far_first(folder: Path) -> None:
    renderer = style(folder, "isochrones.gpkg").find("renderer-v2")
    assert [part.get("value") for part in renderer.findall("categories/category")] == ["15", "30", "45", "60"]
    assert [colour(symbol) for symbol in renderer.findall("symbols/symbol")] == [hexes(c) for c in BAND_COLOURS[:4]]
    order = renderer.find("orderby/orderByClause")
    assert (renderer.get("enableorderby"), order.text, order.get("asc")) == ("1", '"minutes"', "0")


def test_columns_have_names_in_french(folder: Path) -> None:
    aliases = {part.get("field"): part.get("name") for part in style(folder, "flags.gpkg").iter("alias")}
    columns = gpd.read_file(folder / "flags.gpkg", layer="flags", rows=1).columns
    assert set(columns) - {"geometry"} <= set(aliases)
    assert [name for name, told in aliases.items() if not told] == ["OGC_FID"]


def test_the_project_finds_its_layers_beside_it_and_every_one_has_rows(folder: Path) -> None:
    root = project(folder)
    assert root.find("properties/Paths/Absolute").text == "false"
    drawn = root.findall("projectlayers/maplayer")
    tree = [layer.get("id") for layer in root.find("layer-tree-group").iter("layer-tree-layer")]
    assert [layer.find("id").text for layer in drawn] == tree == ["isochrones_of_metier_0", "flags_of_metier_0"]
    for layer, rows in zip(drawn, (4, len(zones())), strict=True):
        path, name, subset = layer.find("datasource").text.split("|")
        assert path.startswith("./")
        found = gpd.read_file(
            folder / path, layer=name.removeprefix("layername="), where=subset.removeprefix("subset=")
        )
        assert len(found) == rows
        assert layer.find("renderer-v2") is not None
    (page,) = root.findall("Layouts/Layout")
    assert {item.get("type") for item in page.findall("LayoutItem")} == {"65639", "65641", "65642", "65646"}
    # The zones fill the height of the frame, which is wider than they are: 205 × 170 mm around 30 × 30 km.
    extent = page.find("LayoutItem[@type='65639']/Extent")
    assert float(extent.get("ymin")) == pytest.approx(7_040_000, abs=500)
    assert float(extent.get("xmin")) == pytest.approx(695_000 - 30_000 * 205 / 170 / 2, abs=500)


def test_the_same_study_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = written(tmp_path)
    for name in ("study.qgz", "flags.gpkg", "isochrones.gpkg"):
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_what_qgis_leaves_out_in_silence_is_written_as_it_asks(folder: Path) -> None:
    """QGIS 3.22 renders a blank page otherwise: a CRS by its code alone, or one not enabled, is not read; an id of ten
    letters or fewer is replaced, and the tree no longer finds its layer; a frame takes the shape of its extent.
    """
    root = project(folder)
    assert "Lambert-93" in root.findtext("projectCrs/spatialrefsys/wkt")
    assert root.findtext("properties/SpatialRefSys/ProjectionsEnabled") == "1"
    assert all(len(layer.findtext("id")) > 10 for layer in root.iter("maplayer"))
    (frame,) = [item for item in root.iter("LayoutItem") if item.get("uuid") == "map"]
    width, height = (float(part) for part in frame.get("size").split(",")[:2])
    extent = {name: float(value) for name, value in frame.find("Extent").attrib.items()}
    across, up = extent["xmax"] - extent["xmin"], extent["ymax"] - extent["ymin"]
    assert across / up == pytest.approx(width / height, rel=1e-4)
    bar = next(item for item in root.iter("LayoutItem") if item.get("uuid") == "scale")
    # Two segments of a round number of kilometres, in kilometres.
    assert bar.get("numMapUnitsPerScaleBarUnit") == "1"
    assert across / 25_000 <= float(bar.get("numUnitsPerSegment")) <= across / 9_000
    (legend,) = [item for item in root.iter("LayoutItem") if item.get("uuid") == "legend"]
    assert [layer.get("id") for layer in legend.iter("layer-tree-layer")] == [
        "isochrones_of_metier_0",
        "flags_of_metier_0",
    ]
    styles = {style.get("name"): style for item in root.iter("LayoutItem") for style in item.iter("style")}
    assert styles["subgroup"].get("font").split(",")[1] == styles["subgroup"].find("text-style").get("fontSize") == "7"
