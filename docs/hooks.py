"""Parts of the pages that are made from the package itself, so that they cannot go stale."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import geo_access
from geo_access.study.schema import Key, study_keys
from geo_access.words.words import catalogue, text

ROOT = Path(__file__).resolve().parents[1]
_HEADINGS = {"table": "Toute table (`file`, `where`…)", "metiers": "metiers", "origins": "origins"}


def study_page() -> str:
    """Every key of the study file, section by section."""
    parts = []
    for section, keys in groupby(study_keys("fr"), key=lambda key: key.section):
        own = list(keys)
        written = f"[[{section}]]" if own[0].repeated else f"[{section}]"
        title = _HEADINGS["table"] if section == "table" else f"`{written}`"
        rows = [_row(key) for key in own]
        head = ["| clé | valeurs | par défaut | ce que c’est |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {title} {{ #{section} }}", "", *head, *rows]))
    return "\n\n".join(parts)


def _row(key: Key) -> str:
    cells = [
        f"`{key.name}`" + (" **(obligatoire)**" if key.needed else ""),
        f"`{key.values}`",
        f"`{key.default}`" if key.default not in ("", '""', "[]") else "",
        key.meaning,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def columns_page() -> str:
    """Every column that a run writes, from the catalogue; the shares of each reason from the reasons themselves."""
    french, english = catalogue("fr"), catalogue("en")
    found = [key for key in french if key.startswith("column.") and key.count(".") == 2]
    parts = []
    for file, keys in groupby(found, key=lambda key: key.split(".")[1]):
        rows = [f"| `{key.split('.', 2)[2]}` | {french[key]} | {english[key]} |" for key in keys]
        rows += [_share(key) for key in french if key.startswith("reason.")] if file == "flags" else []
        head = ["| colonne | ce que c’est | what it is |", "|---|---|---|"]
        parts.append("\n".join([f"## {french[f'columns.{file}']} {{ #{file} }}", "", *head, *rows]))
    return "\n\n".join(parts)


def _share(key: str) -> str:
    told = [
        text("column.share_of_reason", language, reason=text(key, language).rstrip(".")) for language in ("fr", "en")
    ]
    return f"| `share_{key.partition('.')[2].lower()}` | {told[0]} | {told[1]} |"


def words_page() -> str:
    """Levels, certainties and reasons as pages show them, in both languages."""
    french, english = catalogue("fr"), catalogue("en")
    wanted = [key for key in french if key.split(".")[0] in ("level", "confidence", "reason") and "." in key]
    rows = [f"| `{key.split('.', 1)[1]}` | {french[key]} | {english[key]} |" for key in wanted]
    return "\n".join(["| dans les tables | en français | in English |", "|---|---|---|", *rows])


def results_page() -> str:
    """Take measured tables of the engine, the streets and the areas from the benchmark file, as they stand."""
    text = (ROOT / "tests" / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    wanted = ("engine", "engine agreement", "streets", "isochrones")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    kept = [section for section in sections if section.partition("\n")[0].strip() in wanted]
    return "\n".join(f"## {section.strip()}\n" for section in kept)


def contributing_page() -> str:
    """Show CONTRIBUTING.md as it stands."""
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def api_page() -> str:
    """Name every public name where it lives, verbs before what they return."""
    measures = geo_access.measures
    verbs = [name for name in geo_access.__all__ if name.islower() and getattr(geo_access, name) is not measures]
    values = [name for name in geo_access.__all__ if not name.islower()]
    parts = []
    rooms = (
        ("Verbs", verbs, geo_access),
        ("Values, results and errors", values, geo_access),
        ("Measures: `ga.measures`", measures.__all__, measures),
    )
    for title, names, room in rooms:
        homes = [getattr(room, name).__module__ for name in names]
        parts.append(f"## {title}\n\n" + "\n".join(f"::: {home}.{name}" for home, name in zip(homes, names)))
    return "\n\n".join(parts)


PARTS = {
    "api": api_page,
    "study": study_page,
    "columns": columns_page,
    "words": words_page,
    "results": results_page,
    "contributing": contributing_page,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put each made part where its marker stands."""
    return re.sub(r"<!-- made: (\w+) -->", lambda match: PARTS[match[1]](), markdown)
