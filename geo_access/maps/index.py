"""The front page of a study's output folder, and the page that sets two maps side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from markupsafe import Markup

from geo_access.maps.content import MapContent
from geo_access.maps.interactive import page_template
from geo_access.maps.page_data import embedded_json
from geo_access.words.told import refusal
from geo_access.words.words import catalogue, format_number, text

__all__ = ["ComparedMap", "Comparison", "FrontPage", "write_compare", "write_index"]


@dataclass(frozen=True)
class ComparedMap:
    """A map that may stand on either side of the page of comparisons.

    Attributes
    ----------
    name : str
    file : pathlib.Path
    questions : tuple of str
        Labels of its publics, hours and thresholds, in the order of the map.
    """

    name: str
    file: Path
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two maps and two questions that are worth setting side by side.

    Attributes
    ----------
    name : str
    maps, questions : tuple of int
        Left and right: which map, and which of its questions.
    """

    name: str
    maps: tuple[int, int]
    questions: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class FrontPage:
    """What the front page of a study's folder leads to; all files lie in that folder.

    Attributes
    ----------
    title : str
        Name of the study.
    contents : sequence of MapContent
        One for each métier, in the order to show.
    maps : mapping of str to pathlib.Path
        Interactive map by code of métier.
    sheets : mapping of str to sequence of pathlib.Path
        Print sheets by code of métier.
    multiples : sequence of pathlib.Path
        Pages of all métiers; PNGs are shown.
    compare, report, tables : sequence of pathlib.Path
    subtitle : str
        Territory, day, what else stands under the title.
    language : str
    """

    title: str
    contents: Sequence[MapContent] = ()
    maps: Mapping[str, Path] = field(default_factory=dict)
    sheets: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    multiples: Sequence[Path] = ()
    compare: Sequence[Path] = ()
    report: Sequence[Path] = ()
    tables: Sequence[Path] = ()
    subtitle: str = ""
    language: str = "fr"


def _href(file: Path, folder: Path) -> str:
    """Address of a file of the folder, relative to it and quoted."""
    try:
        relative = file.resolve().relative_to(folder.resolve())
    except ValueError:
        raise refusal("map.outside_folder", file=file, folder=folder) from None
    return PurePosixPath("/", relative.as_posix()).as_uri().removeprefix("file:///")


def _size(file: Path, language: str) -> str:
    kilobytes = file.stat().st_size / 1000
    unit = "ko" if language == "fr" else "kB"
    return f"{format_number(max(1.0, kilobytes), language)}\u202f{unit}"


def _inadequate(content: MapContent) -> str:
    """Inadequate zones of the first question, of all zones it flags."""
    questions = content.questions()
    if not questions:
        return "–"
    levels = questions[0].rows["level"].astype(str)
    counts = (int((levels == "inadéquat").sum()), int((levels != "sans objet").sum()))
    return " / ".join(format_number(count, content.language) for count in counts)


def write_index(folder: Path, shown: FrontPage) -> Path:
    """Write ``index.html``, which leads to everything in the folder.

    Parameters
    ----------
    folder : pathlib.Path
        Output folder.
    shown : FrontPage

    Returns
    -------
    pathlib.Path
        ``folder/index.html``.

    Raises
    ------
    InputError
        When a file lies outside the folder.
    """
    contents, language = shown.contents, shown.language
    words = catalogue(language)
    first = contents[0] if contents else None

    def named(files: Sequence[Path]) -> list[dict[str, str]]:
        return [
            {
                "href": _href(file, folder),
                "name": file.name,
                "words": words.get(f"index.file.{file.name}", file.name),
            }
            for file in files
        ]

    metiers = [
        {
            "code": content.metier_code,
            "name": content.metier_name,
            "map": _href(shown.maps[content.metier_code], folder) if content.metier_code in shown.maps else "",
            "sheets": [
                {"href": _href(file, folder), "name": file.suffix[1:].upper()}
                for file in shown.sheets.get(content.metier_code, ())
            ],
            "inadequate": _inadequate(content),
        }
        for content in contents
    ]
    page = page_template("index.html").render(
        words=words,
        language=language,
        title=shown.title,
        subtitle=shown.subtitle,
        labels=tuple(dict.fromkeys(label for content in contents for label in content.labels)),
        report=named(shown.report),
        asked=next((question.label for content in contents for question in content.questions()[:1]), ""),
        metiers=metiers,
        sheets=any(metier["sheets"] for metier in metiers),
        gallery=[
            {"href": _href(file, folder), "alt": text("multiples.title", language)}
            for file in shown.multiples
            if file.suffix.lower() == ".png"
        ],
        compare=named(shown.compare),
        tables=[{**item, "size": _size(file, language)} for item, file in zip(named(shown.tables), shown.tables)],
        sources=first.sources if first else (),
        manifest=first.manifest_id if first else "",
    )
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def write_compare(
    path: Path, *, maps: Sequence[ComparedMap], presets: Sequence[Comparison] = (), language: str = "fr"
) -> Path:
    """Write a page with two maps side by side that move together.

    Parameters
    ----------
    path : pathlib.Path
        HTML file, in the folder of the maps.
    maps : sequence of ComparedMap
        Maps to choose from; the first two are shown.
    presets : sequence of Comparison
        Comparisons offered as buttons.
    language : str

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        When there is nothing to compare, a map lies outside the folder, or a comparison names what is not there.
    """
    if sum(max(1, len(item.questions)) for item in maps) < 2:
        raise refusal("map.one_to_compare", n=len(maps))
    wrong = [
        preset.name
        for preset in presets
        for which, question in zip(preset.maps, preset.questions, strict=True)
        if not (0 <= which < len(maps) and 0 <= question < max(1, len(maps[which].questions)))
    ]
    if wrong:
        raise refusal("map.no_such_pair", pair=wrong[0])
    known = [
        {"name": item.name, "href": _href(item.file, path.parent), "questions": list(item.questions)} for item in maps
    ]
    offered = [{"name": item.name, "maps": item.maps, "questions": item.questions} for item in presets]
    page = page_template("compare.html").render(
        words=catalogue(language),
        language=language,
        maps=known,
        presets=offered,
        data=Markup(embedded_json({"maps": known, "presets": offered})),  # noqa: S704 — cannot end its element
    )
    path.write_text(page, encoding="utf-8")
    return path
