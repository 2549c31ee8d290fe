"""What the colour of a map may say, and the legend of each choice."""

from __future__ import annotations

from collections.abc import Mapping

from geo_access.maps.content import MapContent
from geo_access.maps.palettes import band_colours
from geo_access.words.note import note
from geo_access.words.words import text

__all__ = ["SATURATION_COLOURS", "access_classes", "cut_sentence", "view_label", "views"]

# Teal to brown: no colour of the levels, so that nobody takes one axis for the other.
SATURATION_COLOURS: Mapping[str, str] = {
    "places libres": "#35978f",
    "tendu": "#dfc27d",
    "saturé": "#8c510a",
    "non mesuré": "#b9b9b9",
    "sans objet": "#f4f4f2",
}
_USUAL_MINUTES = (15.0, 30.0, 45.0, 60.0)


def _limits(content: MapContent) -> tuple[float, ...]:
    bands = content.ordered_bands()
    return _USUAL_MINUTES if bands is None else tuple(float(minutes) for minutes in bands["minutes"])


def views(content: MapContent) -> tuple[str, ...]:
    """Choices of what the colour says, the first one shown first.

    They are ``access``, ``level``, ``saturation``, and ``change_0``… for each scenario.

    Parameters
    ----------
    content : MapContent

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> zones = gpd.GeoDataFrame({"zone_id": [], "zone_name": [], "zone_kind": []}, geometry=[], crs=4326)
    >>> columns = ["zone_id", "metier", "level", "profile", "kind", "schedule", "threshold"]
    >>> views(MapContent("A", "A", "", zones, pd.DataFrame(columns=columns)))
    ('level',)
    """
    questions = content.questions()
    timed = any(
        "median_time_min" in question.rows and question.rows["median_time_min"].notna().any() for question in questions
    )
    told = any("saturation" in question.rows for question in questions)
    access = ("access",) if content.ordered_bands() is not None or timed else ()
    changes = tuple(f"change_{number}" for number in range(len(content.changes))) if questions else ()
    return (*access, *(("level",) if questions or not access else ()), *(("saturation",) if told else ()), *changes)


def view_label(content: MapContent, view: str) -> str:
    """Words of a choice of `views`; a scenario is told by its name."""
    kind, _, number = view.partition("_")
    if kind != "change":
        return text(f"view.{view}", content.language)
    return text("view.change", content.language, name=content.changes[int(number)].name)


def access_classes(content: MapContent) -> list[dict[str, object]]:
    """Colour and words of the access times of zones, nearest first: the limits and colours of the isochrones.

    Parameters
    ----------
    content : MapContent

    Returns
    -------
    list of dict
        ``minutes`` [min], ``colour``, ``label``.
    """
    limits = _limits(content)
    return [
        {"minutes": minutes, "colour": colour, "label": text("band", content.language, minutes=f"{minutes:g}")}
        for minutes, colour in zip(limits, band_colours(len(limits)), strict=True)
    ]


def cut_sentence(content: MapContent) -> str:
    """Say from which cutoff on the isochrones end where the streets read end; empty where none does.

    Parameters
    ----------
    content : MapContent
    """
    bands = content.ordered_bands()
    if bands is None or "cut_by_extent" not in bands or not bands["cut_by_extent"].any():
        return ""
    first = float(bands.loc[bands["cut_by_extent"].astype(bool), "minutes"].min())
    told = note("surfaces.cut_by_extent", minutes=f"{first:g}").told(content.language)
    return text("band.cut", content.language, note=told)
