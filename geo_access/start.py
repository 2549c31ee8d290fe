"""Commands to begin with: fetch a territory's open data, fetch the streets of a place, draft a study from a folder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date as Date  # noqa: N812 — `date` is an option
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geo_access.console import Command
from geo_access.errors import CoverageError, MissingFileError
from geo_access.words.messages import error_text
from geo_access.words.words import text

if TYPE_CHECKING:
    from geo_access.sources.fetch.catalogue_study import Gathered
    from geo_access.study.template import Draft

__all__ = ["add_start_commands"]

Telling = Callable[[str], AbstractContextManager[None]]
_OVERPASS = "https://overpass-api.de/api/interpreter"
_GEOCODER = "https://nominatim.openstreetmap.org/search"
_OVERWRITE = Annotated[bool, typer.Option("--overwrite", help="help.overwrite")]


def add_start_commands(app: typer.Typer, told_in: Telling) -> None:
    """Add ``fetch``, ``streets`` and ``init`` to the command line.

    Parameters
    ----------
    app : typer.Typer
    told_in : callable
        Gives a block whose errors are told in a language.
    """

    @app.command(cls=Command, help="help.fetch")
    def fetch(
        context: typer.Context,
        territory: Annotated[str, typer.Option("--territory", help="help.territory")],
        date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="help.day")],
        out: Annotated[Path, typer.Option("--out", help="help.out")] = Path("donnees"),
        also: Annotated[list[str] | None, typer.Option("--also", help="help.also")] = None,
        catalogue: Annotated[Path | None, typer.Option("--catalogue", help="help.catalogue")] = None,
    ) -> None:
        """Download the open data of a territory and prepare its study file."""
        with told_in(context.obj):
            from geo_access.sources.fetch.catalogue import read_catalogue  # noqa: PLC0415 — only for who asks
            from geo_access.sources.fetch.catalogue_study import gather_territory  # noqa: PLC0415

            tell = partial(Console(highlight=False).print, soft_wrap=True, markup=False)
            known = read_catalogue(catalogue)
            day = date.date()
            gathered = gather_territory(territory, out, day=day, also=also or (), catalogue=known, tell=tell)
            _prepare(gathered, out, day, context.obj)

    @app.command(cls=Command, help="help.streets")
    def streets(
        context: typer.Context,
        place: Annotated[str, typer.Argument(help="help.streets_place")],
        out: Annotated[Path, typer.Option("--out", help="help.out")] = Path("rues.osm"),
        overpass: Annotated[str, typer.Option("--overpass", help="help.overpass")] = _OVERPASS,
        geocoder: Annotated[str, typer.Option("--geocoder", help="help.geocoder")] = _GEOCODER,
        overwrite: _OVERWRITE = False,
    ) -> None:
        """Download the streets of a place, in any country, into a file that a study names."""
        with told_in(context.obj):
            from geo_access.sources.fetch.overpass import download_streets  # noqa: PLC0415 — only for who asks
            from geo_access.sources.fetch.silence import origin_of  # noqa: PLC0415
            from geo_access.sources.tables.write import free_file  # noqa: PLC0415

            target = free_file(out, overwrite=overwrite)
            console = Console(highlight=False)
            asked = {"place": place, "geocoder": origin_of(geocoder), "overpass": origin_of(overpass)}
            console.print(escape(text("streets.asking", context.obj, **asked)), soft_wrap=True)
            path = download_streets(place, target, overpass_url=overpass, geocoder_url=geocoder)
        console.print(f"[bold]{escape(str(path))}[/]", soft_wrap=True)

    @app.command(cls=Command, help="help.init")
    def init(
        context: typer.Context,
        folder: Annotated[Path, typer.Argument(help="help.init_folder")] = Path(),
        territory: Annotated[str | None, typer.Option("--territory", help="help.init_territory")] = None,
        date: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="help.init_day")] = None,
        metier: Annotated[list[str] | None, typer.Option("--metier", help="help.init_metier")] = None,
        overwrite: _OVERWRITE = False,
    ) -> None:
        """Recognise the files of a folder and write a commented study there."""
        from geo_access.study.template import draft_study  # noqa: PLC0415 — opens half of the house

        language = context.obj
        name = territory or (typer.prompt(text("init.ask", language)) if sys.stdin.isatty() else folder.resolve().name)
        with told_in(language):
            draft = draft_study(
                folder,
                territory=name,
                day=None if date is None else date.date(),
                metiers=metier or (),
                overwrite=overwrite,
                language=language,
            )
        _show_draft(draft, language)


def _prepare(gathered: Gathered, out: Path, day: Date, language: str) -> None:
    """Say what is to be brought by hand and where to put it, and write a study from what is there."""
    from geo_access.sources.fetch.catalogue_study import prepare_study  # noqa: PLC0415
    from geo_access.study.template import draft_study  # noqa: PLC0415

    console = Console(highlight=False)
    _show_missing(gathered, console, language)
    try:
        prepared = prepare_study(gathered, out, day=day, language=language)
    except CoverageError as lack:
        console.print(f"[yellow]![/] {escape(error_text(lack, language))}", soft_wrap=True)
        try:
            draft = draft_study(out, territory=gathered.territory.title, day=day, language=language)
        except MissingFileError:
            console.print(escape(text("fetch.again", language, folder=gathered.folder)), soft_wrap=True)
            raise typer.Exit(1) from None
        _show_draft(draft, language)
        return
    for said in prepared.notes:
        console.print(f"[yellow]![/] {escape(said.told(language))}", soft_wrap=True)
    console.print(f"[bold]{escape(str(prepared.study))}[/]", soft_wrap=True)


def _show_missing(gathered: Gathered, console: Console, language: str) -> None:
    """Say for each file that did not come: what it is, why, its address, and under which name to put it where."""
    if not gathered.missing:
        return
    said = text("fetch.missing", language, n=len(gathered.missing), folder=gathered.folder.resolve())
    console.print(f"[yellow]![/] {escape(said)}", soft_wrap=True)
    for item in gathered.missing:
        why = item.note.told(language) if item.note is not None else ""
        console.print(f"  [bold]{escape(item.title)}[/] ({escape(item.id)}) : {escape(why)}", soft_wrap=True)
        console.print(f"    {escape(item.url)}", soft_wrap=True)
        console.print(f"    → {escape(item.file)}", soft_wrap=True)


def _show_draft(draft: Draft, language: str) -> None:
    """Show what was recognised, what is missing, and what to do next."""
    console = Console(highlight=False)
    table = Table(title=text("init.found", language), title_justify="left", show_header=False)
    for each in draft.found:
        table.add_row(escape(each.path.name), text(f"init.role.{each.role}", language))
    console.print(table)
    for step in draft.steps:
        console.print(f"[yellow]![/] {escape(step)}", soft_wrap=True)
    values = {"study": draft.study, "out": draft.study.parent / "resultats"}
    console.print(escape(text("init.next" if draft.ready else "init.complete", language, **values)), soft_wrap=True)
