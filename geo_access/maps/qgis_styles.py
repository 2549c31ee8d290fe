"""Styles for QGIS: the colours and hatches of the maps, and columns by their names in words, as QML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from geo_access.maps.palettes import CONFIDENCE_HATCHES, LEVEL_COLOURS, band_colours
from geo_access.words.words import catalogue, text

__all__ = ["DOCTYPE", "QGIS_VERSION", "bands_style", "column_aliases", "levels_style", "qml", "symbol_options"]

QGIS_VERSION = "3.28.0-Firenze"
DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_BORDER, _HATCH = "91,91,91,255", "34,34,34,255"
_NOT_MEASURED = "indécidable"


def symbol_options(parent: ET.Element, values: Mapping[str, str]) -> None:
    """Write the settings of a symbol's layer as QGIS does.

    Parameters
    ----------
    parent : xml.etree.ElementTree.Element
    values : mapping of str to str
    """
    options = ET.SubElement(parent, "Option", type="Map")
    for name, value in values.items():
        ET.SubElement(options, "Option", name=name, type="QString", value=value)


def _rgba(colour: str, alpha: int = 255) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + f",{alpha}"


def _symbol(parent: ET.Element, kind: str, name: str) -> ET.Element:
    return ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0")


def _layer(symbol: ET.Element, kind: str, values: Mapping[str, str]) -> ET.Element:
    layer = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    symbol_options(layer, values)
    return layer


def _fill(symbol: ET.Element, colour: str, *, border: str = _BORDER, width_mm: str = "0.15") -> ET.Element:
    values = {"color": colour, "style": "solid", "outline_color": border, "outline_style": "solid"}
    return _layer(symbol, "SimpleFill", values | {"outline_width": width_mm, "outline_width_unit": "MM"})


def _hatch(symbol: ET.Element, name: str, angle: int, place: int) -> None:
    """Lines across a fill: a layer of its own, with the symbol of its lines inside."""
    layer = _layer(
        symbol, "LinePatternFill", {"angle": str(angle), "distance": "1.6", "distance_unit": "MM", "color": _HATCH}
    )
    line = _symbol(layer, "line", f"@{name}@{place}")
    _layer(line, "SimpleLine", {"line_color": _HATCH, "line_width": "0.25", "line_width_unit": "MM"})


def levels_style(language: str = "fr") -> ET.Element:
    """Draw the flags: a colour for each level, hatched by confidence; grey, hatched, where nobody can tell.

    Parameters
    ----------
    language : str

    Returns
    -------
    xml.etree.ElementTree.Element
        ``renderer-v2``.

    Examples
    --------
    >>> len(levels_style().findall("categories/category"))
    13
    """
    renderer = ET.Element("renderer-v2", type="categorizedSymbol", symbollevels="0", forceraster="0")
    renderer.set("attr", f"\"level\" || if(\"level\" = '{_NOT_MEASURED}', '', ' / ' || \"confidence\")")
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    entries = [
        (level, confidence)
        for level in LEVEL_COLOURS
        for confidence in (("",) if level == _NOT_MEASURED else CONFIDENCE_HATCHES)
    ]
    for number, (level, confidence) in enumerate(entries):
        label = text(f"level.{level}", language)
        if confidence:
            label += f" ({text(f'confidence.{confidence}', language).lower()})"
        value = f"{level} / {confidence}" if confidence else level
        ET.SubElement(
            categories, "category", type="string", render="true", value=value, label=label, symbol=str(number)
        )
        symbol = _symbol(symbols, "fill", str(number))
        _fill(symbol, _rgba(LEVEL_COLOURS[level], 200))
        hatches = "xxxx" if level == _NOT_MEASURED else CONFIDENCE_HATCHES[confidence]
        for place, angle in enumerate({"": (), "////": (45,), "xxxx": (45, 135)}[hatches], start=1):
            _hatch(symbol, str(number), angle, place)
    return renderer


def bands_style(minutes: Sequence[float], language: str = "fr") -> ET.Element:
    """Draw the isochrones: near is dark and lies on top; the column ``cut_by_extent`` tells those that the extract cut.

    Parameters
    ----------
    minutes : sequence of float
        Cutoffs, ascending [min].
    language : str

    Returns
    -------
    xml.etree.ElementTree.Element
        ``renderer-v2``.

    Examples
    --------
    >>> [part.get("label") for part in bands_style([15, 30], "en").iter("category")]
    ['15 min', '30 min']
    """
    renderer = ET.Element("renderer-v2", type="categorizedSymbol", symbollevels="0", forceraster="0", attr="minutes")
    renderer.set("enableorderby", "1")
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for number, (cutoff, colour) in enumerate(zip(minutes, band_colours(len(minutes)), strict=True)):
        label = text("band", language, minutes=f"{cutoff:g}")
        category = {"type": "double", "render": "true", "value": f"{cutoff:g}", "label": label, "symbol": str(number)}
        ET.SubElement(categories, "category", category)
        _fill(_symbol(symbols, "fill", str(number)), _rgba(colour), border="255,255,255,255", width_mm="0.3")
    order = ET.SubElement(renderer, "orderby")
    ET.SubElement(order, "orderByClause", asc="0", nullsFirst="0").text = '"minutes"'
    return renderer


def column_aliases(columns: Sequence[str], table: str, language: str = "fr") -> ET.Element:
    """Give columns the names that people read, from the dictionary of columns.

    Parameters
    ----------
    columns : sequence of str
        In the order of the layer.
    table : str
        Name of the table in the dictionary.
    language : str

    Returns
    -------
    xml.etree.ElementTree.Element
        ``aliases``; a column that the dictionary does not know keeps its own name.

    Examples
    --------
    >>> column_aliases(["minutes"], "isochrones", "en")[0].get("name")
    'Minutes [min]; polygons are nested'
    """
    words = catalogue(language)
    aliases = ET.Element("aliases")
    for index, column in enumerate(columns):
        reason = words.get(f"reason.{column.removeprefix('share_').upper()}") if column.startswith("share_") else None
        told = words.get(f"column.{table}.{column}") or reason or ""
        ET.SubElement(aliases, "alias", index=str(index), field=column, name=told.rstrip("."))
    return aliases


def qml(*parts: ET.Element) -> str:
    """Put a renderer and aliases together as a style of a layer.

    Parameters
    ----------
    *parts : xml.etree.ElementTree.Element

    Returns
    -------
    str
        QML, the same for the same parts.
    """
    style = ET.Element("qgis", version=QGIS_VERSION, styleCategories="Symbology|Fields")
    style.extend(parts)
    ET.SubElement(style, "layerGeometryType").text = "2"
    return DOCTYPE + ET.tostring(style, encoding="unicode")
