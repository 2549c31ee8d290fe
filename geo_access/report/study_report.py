"""The study report: one page that stands alone, in plain words, for the screen and for paper."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from geo_access.report.annex import annex_content
from geo_access.report.chapters import (
    flagged_content,
    metier_content,
    unknown_content,
    zonings_content,
)
from geo_access.report.context import ReportContext
from geo_access.report.need import need_content
from geo_access.report.plan import plan_tables
from geo_access.report.printing import can_print, write_pdf
from geo_access.report.scenario import ChangePage
from geo_access.report.summary import summary_content
from geo_access.report.words import embedded_png, environment
from geo_access.words.words import written_date

__all__ = ["render_report", "write_report"]


def render_report(context: ReportContext, *, pdf: bool) -> str:
    """Render the report as one HTML text with everything in it: styles, pictures, bars.

    Parameters
    ----------
    context : ReportContext
    pdf : bool
        Whether a PDF goes with it; the page says so, or says that there is none.

    Returns
    -------
    str

    Raises
    ------
    InputError
        With everything missing in the context.
    """
    context.validate()
    language = context.language
    profile = context.profiles[0]
    content: dict[str, Any] = {
        "context": context,
        "day": written_date(context.service_date, language),
        "profile": profile.name or profile.id,
        "pdf": pdf,
        "summary": summary_content(context),
        "flagged": flagged_content(context),
        "zonings": zonings_content(context),
        "metiers": [metier_content(context, metier) for metier in context.metiers],
        "need": need_content(context),
        "plans": plan_tables(context),
        "scenarios": [_scenario(page) for page in context.scenarios],
        "unknown": unknown_content(context),
        "annex": annex_content(context),
    }
    return (
        environment(language, ("report.html", "need.html", "scenarios.html", "annex.html"))
        .get_template("report.html")
        .render(content)
    )


def _scenario(page: ChangePage) -> dict[str, Any]:
    pictures = [{"src": embedded_png(Path(src)), "alt": alt} for src, alt in page.pictures]
    return {field.name: getattr(page, field.name) for field in fields(page)} | {"pictures": pictures}


def write_report(folder: Path, context: ReportContext) -> list[Path]:
    """Write ``report.html``, and ``report.pdf`` when weasyprint is installed.

    Parameters
    ----------
    folder : pathlib.Path
        Output folder; made when absent.
    context : ReportContext

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    InputError
        With everything missing in the context.
    """
    html = render_report(context, pdf=can_print())
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    page.write_text(html, encoding="utf-8")
    written = [page]
    if write_pdf(html, folder / "report.pdf"):
        written.append(folder / "report.pdf")
    return written
