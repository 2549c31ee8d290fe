"""Figures, dates and pictures as a reader of the report sees them."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from geo_access.diagnosis.model import Threshold
from geo_access.maps.palettes import LEVEL_COLOURS
from geo_access.words.told import refusal
from geo_access.words.words import catalogue, format_number, text

__all__ = ["bar", "embedded_png", "environment", "known_text", "minutes", "page_text", "share"]

_PICTURE_WIDTH_PX = 1700
_MOST_PIXELS = 60_000_000
_BAR_PX = (240, 14)


def share(value: float, language: str = "fr") -> str:
    r"""Write a share as a percentage; below 1 % or above 99 % without being all or nothing, it says so.

    Examples
    --------
    >>> share(0.254), share(0.0), share(0.996), share(0.004, "en")
    ('25\u202f%', '0\u202f%', 'plus de 99\u202f%', 'under 1%')
    """
    gap = "\u202f" if language == "fr" else ""
    if not math.isfinite(value):
        return text("report.unknown_figure", language)
    if 0 < value < 0.01:
        return text("report.under", language, figure=f"1{gap}%")
    if 0.99 < value < 1:
        return text("report.over", language, figure=f"99{gap}%")
    return f"{format_number(100 * value, language)}{gap}%"


def minutes(value: float, language: str = "fr") -> str:
    r"""Write a number of minutes in full.

    Examples
    --------
    >>> minutes(60)
    '60\u202fminutes'
    """
    form = "one" if abs(value) < 2 and (language == "fr" or value == 1) else "many"
    return text(f"report.minutes.{form}", language, n=f"{value:g}").replace(" ", "\u202f")


def limit_words(threshold: Threshold, language: str = "fr") -> str:
    r"""Write a threshold in full: its minutes, and the distance that is enough as well.

    Examples
    --------
    >>> rule = Threshold("t", "", 60, "job", source="s", kilometres=30, measured="crow_fly")
    >>> limit_words(rule, "en")
    '60\u202fminutes or 30 km as the crow flies'
    """
    told = minutes(threshold.minutes, language)
    if threshold.kilometres is None:
        return told
    return text("threshold.or_km", language, minutes=told, km=f"{threshold.kilometres:g}")


def known_text(prefix: str, name: str, language: str) -> str:
    """Words of the catalogue for a name of the user's data; else the name itself.

    Examples
    --------
    >>> known_text("zone_kind", "urban", "en"), known_text("zone_kind", "canton", "en")
    ('Urban commune', 'canton')
    """
    return catalogue(language).get(f"{prefix}.{name}", name)


def bar(value: float) -> Markup:
    """Draw a share as a horizontal bar, inline SVG; the figure beside it says the same to those who do not see it.

    Parameters
    ----------
    value : float
        0–1; what lies beyond is cut.

    Examples
    --------
    >>> 'width="120"' in bar(0.5)
    True
    """
    width, height = _BAR_PX
    filled = round(width * min(1.0, max(0.0, value if math.isfinite(value) else 0.0)))
    return Markup(
        '<svg class="bar" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true" focusable="false">'
        '<rect width="{w}" height="{h}" fill="#e8e8ee"/><rect width="{filled}" height="{h}" fill="{colour}"/></svg>'
    ).format(w=width, h=height, filled=filled, colour=LEVEL_COLOURS["inadéquat"])


def embedded_png(path: Path) -> str:
    """Picture as a ``data:`` address, at most 1 700 px wide and 256 colours, so that a report of many stays light.

    Raises
    ------
    InputError
        When the file is no PNG, or larger than any page.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 — only where there are pictures

    try:
        with Image.open(path, formats=("PNG",)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise refusal("report.png_large", file=path, width=picture.width, height=picture.height)
            flat = picture.convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise refusal("report.png", file=path) from error
    if flat.width > _PICTURE_WIDTH_PX:
        flat = flat.resize((_PICTURE_WIDTH_PX, round(flat.height * _PICTURE_WIDTH_PX / flat.width)))
    stream = io.BytesIO()
    # The fast octree: maps have few colours, and the report of many métiers should not wait for its pictures.
    flat.quantize(256, method=Image.Quantize.FASTOCTREE).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def page_text(name: str) -> str:
    """Text of a template or stylesheet of the package."""
    return resources.files("geo_access.report").joinpath("page", name).read_text(encoding="utf-8")


def environment(language: str, names: Sequence[str]) -> jinja2.Environment:
    """Templates that escape everything, with the words of a language as ``t``.

    Parameters
    ----------
    language : str
    names : sequence of str
        Templates that may be used.
    """
    made = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader({name: page_text(name) for name in names}),
    )
    made.globals["t"] = lambda key, **values: text(key, language, **values)
    made.globals["number"] = lambda value, decimals=0: format_number(value, language, decimals=decimals)
    made.globals["share"] = lambda value: share(value, language)
    made.globals["bar"] = bar
    made.globals["language"] = language
    made.globals["css"] = Markup(page_text("report.css"))  # noqa: S704 — our own stylesheet, no outside text
    return made
