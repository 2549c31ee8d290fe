"""Print sheets: a métier on one page, and all métiers on one page, as PNG or PDF."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from geo_access.maps.content import MapContent, Question
from geo_access.maps.drawing import (
    EMPLOYER_MARKER,
    MARKERS,
    Ground,
    draw_band_ends,
    draw_bands,
    draw_frame,
    draw_names,
    draw_network,
    draw_outlines,
    draw_sites,
    draw_zones,
    ground_of,
)
from geo_access.maps.palettes import (
    CONFIDENCE_HATCHES,
    EMPLOYER_COLOUR,
    LEVEL_COLOURS,
    PLACES_LEGEND,
    SITE_COLOUR,
    band_colours,
    symbol_radius,
)
from geo_access.words.told import refusal
from geo_access.words.words import plural, text

__all__ = ["PAPER_INCHES", "print_multiples", "print_sheet", "print_sheets"]

# Landscape, width × height [in].
PAPER_INCHES = {"A4": (11.693, 8.268), "A3": (16.535, 11.693)}
_INK = "#2d1e5f"
# Symbols on half a page against those on a screen.
_SITES = 0.8
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "hatch.linewidth": 0.5,
    # Type 3 keeps the words as words and is written in a third of the time that subsets of TrueType take.
    "pdf.fonttype": 3,
    "svg.hashsalt": "geo-access",
    "text.parse_math": False,
}


_SYMBOL: Any = {"linestyle": "none", "markerfacecolor": SITE_COLOUR, "markeredgecolor": "white"}


def _page(size: str) -> tuple[Figure, float]:
    if size not in PAPER_INCHES:
        raise refusal("map.paper", size=size, known=", ".join(PAPER_INCHES))
    figure = Figure(figsize=PAPER_INCHES[size], facecolor="white")
    FigureCanvasAgg(figure)
    return figure, PAPER_INCHES[size][0] / PAPER_INCHES["A4"][0]


def _save(figure: Figure, path: Path, dpi: int, title: str) -> Path:
    kind = path.suffix.lower()
    if kind not in (".png", ".pdf"):
        raise refusal("map.picture_format", file=path.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No clock in the file: the same study gives the same bytes.
    metadata = {"Title": title, "CreationDate": None} if kind == ".pdf" else {"Title": title, "Software": "geo-access"}
    figure.savefig(path, dpi=dpi, metadata=metadata)
    return path


def _header(figure: Figure, title: str, subtitle: str, labels: Sequence[str], zoom: float) -> None:
    figure.text(0.03, 0.955, title, fontsize=15 * zoom, fontweight="bold", va="center", color="#111111")
    figure.text(0.03, 0.922, subtitle, fontsize=9 * zoom, va="center", color="#333333")
    for i, label in enumerate(labels):
        figure.text(
            0.97,
            0.96 - 0.033 * i,
            label,
            fontsize=9 * zoom,
            fontweight="bold",
            ha="right",
            va="center",
            color="white",
            bbox={"facecolor": "#7a1f0f", "edgecolor": "none", "boxstyle": "square,pad=0.35"},
        )
    figure.add_artist(Line2D([0.03, 0.97], [0.9, 0.9], color=_INK, linewidth=1.2 * zoom))


def _footer(figure: Figure, content: MapContent, zoom: float) -> None:
    written = text("footer", content.language, manifest=content.manifest_id, sources=" · ".join(content.sources))
    figure.text(0.03, 0.012, textwrap.fill(written, 215), fontsize=6 * zoom, va="bottom", color="#444444")


def _legend(
    figure: Figure,
    entries: tuple[list[Artist], list[str]],
    *,
    title: str,
    at: tuple[float, float],
    columns: int,
    zoom: float,
    line_height: float = 0.7,
) -> None:
    """Put a legend whose upper left corner is at a place of the page, from its lower left, in shares of its sides."""
    made = figure.legend(
        *entries,
        title=title,
        loc="upper left",
        bbox_to_anchor=at,
        ncols=columns,
        frameon=False,
        fontsize=7.5 * zoom,
        title_fontsize=8 * zoom,
        borderaxespad=0,
        handlelength=2.2,
        columnspacing=1.4,
        labelspacing=0.55,
        alignment="left",
        handleheight=line_height,
    )
    made.get_title().set_fontweight("bold")


def _level_handles(language: str) -> tuple[list[Artist], list[str]]:
    handles: list[Artist] = [Patch(facecolor=c, edgecolor="#333333", linewidth=0.5) for c in LEVEL_COLOURS.values()]
    return handles, [text(f"level.{level}", language) for level in LEVEL_COLOURS]


def _confidence_handles(content: MapContent) -> tuple[list[Artist], list[str]]:
    red = LEVEL_COLOURS["inadéquat"]
    handles: list[Artist] = [
        Patch(facecolor=red, edgecolor="#333333", linewidth=0.5, hatch=hatch or None)
        for hatch in CONFIDENCE_HATCHES.values()
    ]
    labels = [text(f"confidence.{item}", content.language) for item in CONFIDENCE_HATCHES]
    if (content.zones["zone_kind"].astype(str) == "qpv").any():
        handles.append(Patch(facecolor="white", edgecolor="black", linewidth=1.4))
        labels.append(text("zone_kind.qpv", content.language))
    return handles, labels


def _size_handles(scale: float) -> tuple[list[Artist], list[str]]:
    handles: list[Artist] = [
        Line2D([], [], marker="o", markersize=1.24 * scale * symbol_radius(n), **_SYMBOL) for n in PLACES_LEGEND
    ]
    return handles, [str(n) for n in PLACES_LEGEND]


def _provider_handles(content: MapContent, zoom: float) -> tuple[list[Artist], list[str]]:
    used = set(content.training_sites()["provider_type"].dropna().astype(str))
    shown = {kind: shape for kind, shape in content.shapes().items() if kind in used}
    handles: list[Artist] = [Line2D([], [], marker=MARKERS[s], markersize=7 * zoom, **_SYMBOL) for s in shown.values()]
    labels = [kind if len(kind) <= 30 else kind[:29] + "…" for kind in shown]
    if len(content.employer_sites()):
        star: Any = {**_SYMBOL, "markerfacecolor": EMPLOYER_COLOUR}
        handles.append(Line2D([], [], marker=EMPLOYER_MARKER, markersize=9 * zoom, **star))
        labels.append(text("legend.employer", content.language))
    return handles, labels


def _panel_title(ax: Axes, title: str, note: str, zoom: float) -> None:
    ax.set_title(title, loc="left", fontsize=10 * zoom, fontweight="bold", pad=4 + 12 * zoom)
    ax.annotate(
        note,
        (0, 1),
        (0, 3.5 * zoom),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=7 * zoom,
        va="bottom",
        color="#333333",
    )


def print_sheet(content: MapContent, path: Path, *, size: str = "A4", question: int = 0, dpi: int = 200) -> Path:
    """Print a métier on one landscape page: isochrones on the left, levels of the zones on the right.

    Parameters
    ----------
    content : MapContent
    path : pathlib.Path
        ``.png`` or ``.pdf``.
    size : str
        ``A4`` or ``A3``.
    question : int
        Which public, hours and threshold, in the order of `MapContent.questions`.
    dpi : int
        Of a PNG [1/in].

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        For an unknown paper, format or question, or when there is nothing to draw.
    """
    return print_sheets(content, [path], size=size, question=question, dpi=dpi)[0]


def print_sheets(
    content: MapContent, paths: Sequence[Path], *, size: str = "A4", question: int = 0, dpi: int = 200
) -> list[Path]:
    """Print a métier's page to several files, drawn once.

    Parameters
    ----------
    content : MapContent
    paths : sequence of pathlib.Path
        ``.png`` or ``.pdf``.
    size : str
        ``A4`` or ``A3``.
    question : int
        Which public, hours and threshold, in the order of `MapContent.questions`.
    dpi : int
        Of a PNG [1/in].

    Returns
    -------
    list of pathlib.Path
        `paths`.

    Raises
    ------
    InputError
        As `print_sheet`.
    """
    questions = content.questions()
    if questions and not 0 <= question < len(questions):
        raise refusal("map.question", question=question, n=len(questions), last=len(questions) - 1)
    asked = questions[question] if questions else None
    language = content.language
    with mpl.rc_context(_STYLE):
        figure, zoom = _page(size)
        ground = ground_of(content)
        _header(figure, content.title, f"{content.territory} · {content.metier_code}", content.labels, zoom)
        left, right = (figure.add_axes((x, 0.235, 0.462, 0.6)) for x in (0.03, 0.508))
        _draw_access(left, ground, content, zoom)
        draw_frame(right, ground, language)
        draw_zones(right, ground, asked)
        draw_network(right, ground, content, lines=False)
        draw_sites(right, ground, content, scale=_SITES * zoom * content.symbol_scale())
        draw_names(right, ground, asked)
        note = content.bands_label if content.ordered_bands() is not None else text("no_site", language)
        _panel_title(left, text("sheet.access", language), note, zoom)
        _panel_title(right, text("sheet.zones", language), asked.label if asked else text("no_flag", language), zoom)
        _sheet_legends(figure, content, zoom)
        _summary(figure, content, asked, zoom)
        _footer(figure, content, zoom)
        return [_save(figure, path, dpi, content.title) for path in paths]


def _draw_access(ax: Axes, ground: Ground, content: MapContent, zoom: float) -> None:
    draw_frame(ax, ground, content.language)
    bands = content.ordered_bands()
    if bands is not None:
        draw_bands(ax, ground, bands)
    if content.band_ends is not None:
        draw_band_ends(ax, ground, content.band_ends)
    draw_network(ax, ground, content, lines=True)
    draw_outlines(ax, ground)
    draw_sites(ax, ground, content, scale=_SITES * zoom * content.symbol_scale())


def _sheet_legends(figure: Figure, content: MapContent, zoom: float) -> None:
    language, top = content.language, 0.215
    bands = content.ordered_bands()
    if bands is not None:
        colours = band_colours(len(bands))
        handles: list[Artist] = [Patch(facecolor=colour, edgecolor="#5b5b5b", linewidth=0.5) for colour in colours]
        labels = [text("band", language, minutes=f"{minutes:g}") for minutes in bands["minutes"]]
        columns, figures = content.band_figures()
        if "residents" in columns:
            at = columns.index("residents")
            labels = [
                f"{label} – {plural('residents', row[at], language)}"
                for label, row in zip(labels, figures, strict=True)
            ]
        _legend(figure, (handles, labels), title=text("bands", language), at=(0.03, top), columns=1, zoom=zoom)
    if len(content.training_sites()):
        handles, labels = _size_handles(_SITES * zoom * content.symbol_scale())
        _legend(
            figure,
            (handles, labels),
            title=text("sheet.sizes", language),
            at=(0.195, top),
            columns=3,
            zoom=zoom,
            line_height=3.2,
        )
    handles, labels = _provider_handles(content, zoom)
    if handles:
        _legend(
            figure, (handles, labels), title=text("legend.providers", language), at=(0.35, top), columns=1, zoom=zoom
        )
    handles, labels = _level_handles(language)
    _legend(figure, (handles, labels), title=text("level", language), at=(0.508, top), columns=1, zoom=zoom)
    handles, labels = _confidence_handles(content)
    _legend(figure, (handles, labels), title=text("confidence", language), at=(0.61, top), columns=1, zoom=zoom)


def _summary(figure: Figure, content: MapContent, asked: Question | None, zoom: float) -> None:
    """Write in words what the right-hand map says: zones by level, and what blocks most of them."""
    if asked is None:
        return
    language = content.language
    levels = asked.rows["level"].astype(str)
    lines = [
        plural(f"sheet.zones.{level}", int((levels == level).sum()), language)
        for level in ("inadéquat", "fragile", "adéquat")
    ]
    unlocated = content.unlocated_places()
    if unlocated:
        lines.append(plural("sheet.unlocated", unlocated, language))
    style: Any = {"fontsize": 7.1 * zoom, "va": "top", "linespacing": 1.6}
    figure.text(0.764, 0.2135, text("sheet.summary", language), fontsize=8 * zoom, fontweight="bold", va="top")
    figure.text(0.764, 0.195, "\n".join(lines), **style)
    short = asked.rows[levels.isin(["inadéquat", "fragile"])]
    if "main_reason" in short and short["main_reason"].notna().any():
        counts = short["main_reason"].dropna().astype(str).value_counts()
        # What does not fit the margin would be cut off without a word.
        reasons = [
            textwrap.shorten(
                plural("sheet.reason", int(n), language, reason=text(f"reason.{name}", language)), 46, placeholder="…"
            )
            for name, n in list(counts.items())[:3]
        ]
        figure.text(0.764, 0.195 - 0.02 * len(lines), text("sheet.reasons", language), color="#333333", **style)
        figure.text(0.772, 0.175 - 0.02 * len(lines), "\n".join(reasons), **style)


def print_multiples(
    contents: Sequence[MapContent], path: Path, *, size: str = "A3", question: int = 0, dpi: int = 150
) -> Path:
    """Print the levels of all métiers on one page, one small map each.

    Parameters
    ----------
    contents : sequence of MapContent
        One for each métier, at least one.
    path : pathlib.Path
        ``.png`` or ``.pdf``.
    size : str
        ``A4`` or ``A3``.
    question : int
        Which public, hours and threshold; a métier that has fewer shows its last.
    dpi : int
        Of a PNG [1/in].

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        For no métier, an unknown paper or format.
    """
    if not contents:
        raise refusal("map.no_metier")
    first = contents[0]
    grounds = [ground_of(content) for content in contents]
    columns = _best_columns(len(contents), grounds[0], PAPER_INCHES.get(size, PAPER_INCHES["A4"]))
    rows = -(-len(contents) // columns)
    asked = list(dict.fromkeys(_asked_label(content, question) for content in contents))
    with mpl.rc_context(_STYLE):
        figure, zoom = _page(size)
        labels = tuple(dict.fromkeys(label for content in contents for label in content.labels))
        _header(figure, text("multiples.title", first.language), first.territory, labels, zoom)
        width, height = 0.94 / columns, 0.73 / rows
        for i, content in enumerate(contents):
            row, column = divmod(i, columns)
            box = (
                0.03 + column * width,
                0.885 - (row + 1) * height,
                width - 0.012,
                height - (0.032 if len(asked) == 1 else 0.045),
            )
            _multiple(figure.add_axes(box), grounds[i], content, question, note=len(asked) > 1)
        handles, names = _level_handles(first.language)
        _legend(figure, (handles, names), title=text("level", first.language), at=(0.03, 0.125), columns=2, zoom=zoom)
        handles, names = _confidence_handles(first)
        _legend(
            figure, (handles, names), title=text("confidence", first.language), at=(0.3, 0.125), columns=2, zoom=zoom
        )
        if len(asked) == 1:
            figure.text(
                0.56, 0.122, text("legend.question", first.language), fontsize=8 * zoom, fontweight="bold", va="top"
            )
            figure.text(0.56, 0.099, textwrap.fill(asked[0], 72), fontsize=7.5 * zoom, va="top", linespacing=1.5)
        _footer(figure, first, zoom)
        return _save(figure, path, dpi, text("multiples.title", first.language))


def _best_columns(count: int, ground: Ground, paper: tuple[float, float]) -> int:
    """Columns of equal maps on the paper that leave each map largest."""
    west, south, east, north = ground.bounds
    wide, high = east - west, north - south

    def scale(columns: int) -> float:
        rows = -(-count // columns)
        return min(0.94 * paper[0] / columns / wide, (0.73 * paper[1] / rows - 0.35) / high)

    return max(range(1, count + 1), key=scale)


def _asked(content: MapContent, question: int) -> Question | None:
    questions = content.questions()
    return questions[min(question, len(questions) - 1)] if questions else None


def _asked_label(content: MapContent, question: int) -> str:
    asked = _asked(content, question)
    return asked.label if asked else text("no_flag", content.language)


def _multiple(ax: Axes, ground: Ground, content: MapContent, question: int, *, note: bool) -> None:
    asked = _asked(content, question)
    draw_frame(ax, ground, content.language, furniture=False)
    draw_zones(ax, ground, asked)
    draw_sites(ax, ground, content, scale=0.6 * content.symbol_scale())
    name = content.metier_name
    ax.set_title(
        f"{content.metier_code} · {name if len(name) <= 38 else name[:37] + '…'}", loc="left", fontsize=10, pad=4
    )
    if note:
        label = textwrap.shorten(_asked_label(content, question), 78, placeholder="…")
        style: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top", "color": "#333333"}
        ax.annotate(label, (0, 0), (0, -3), fontsize=5.5, **style)
