"""Commands of the workshop: prepare a study, and serve its page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from geo_access.console import Command
from geo_access.web import Outside, open_workshop
from geo_access.words.words import format_number, text

__all__ = ["add_commands"]

Telling = Callable[[str], AbstractContextManager[None]]


def add_commands(app: typer.Typer, told_in: Telling) -> None:
    """Add ``prepare`` and ``serve`` to the command line.

    Parameters
    ----------
    app : typer.Typer
    told_in : callable
        Gives a block whose errors are told in a language.
    """

    @app.command(cls=Command, help="help.prepare")
    def prepare(
        context: typer.Context,
        study: Annotated[Path, typer.Argument(help="help.study")],
        out: Annotated[Path | None, typer.Option("--out", help="help.prepare_out")] = None,
        step_free: Annotated[bool, typer.Option("--step-free/--no-step-free", help="help.prepare_step_free")] = True,
    ) -> None:
        """Read, build and diagnose a study once, into a folder that opens in a moment."""
        with told_in(context.obj):
            _prepared(study, out, context.obj, step_free=step_free)

    @app.command(cls=Command, help="help.serve")
    def serve(
        context: typer.Context,
        study: Annotated[Path, typer.Argument(help="help.study")],
        port: Annotated[int, typer.Option("--port", min=0, max=65535, help="help.port")] = 8765,
        host: Annotated[str, typer.Option("--host", help="help.host")] = "127.0.0.1",
        token: Annotated[str, typer.Option("--token", help="help.token")] = "",
        online: Annotated[bool, typer.Option("--online", help="help.serve_online")] = False,
        tiles: Annotated[str, typer.Option("--tiles", help="help.tiles")] = "",
        browser: Annotated[bool, typer.Option("--browser/--no-browser", help="help.browser")] = True,
    ) -> None:
        """Open the workshop: a local page to ask questions and see the answers at once."""
        console = Console(highlight=False)
        with told_in(context.obj):
            open_workshop(
                study,
                host=host,
                port=port,
                token=token,
                outside=Outside(addresses=online, tiles=tiles),
                open_page=browser,
                announce=lambda page: console.print(f"[bold]{escape(page)}[/]", soft_wrap=True),
            )


def _prepared(study: Path, out: Path | None, language: str, *, step_free: bool) -> None:
    # Opens half of the house: only for who prepares.
    from geo_access.study.study import Study  # noqa: PLC0415

    console = Console(highlight=False)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        task = bar.add_task(text("cli.starting", language), total=1.0)

        def progress(stage: str, share: float) -> None:
            bar.update(task, description=text(f"stage.{stage}", language), completed=share)

        folder = Study.from_file(study).prepare(progress=progress).save(out, step_free=step_free)
        bar.update(task, completed=1.0)
    size_mb = sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file()) / 1e6
    said = text("cli.prepared", language, folder=folder, mb=format_number(size_mb, language))
    console.print(escape(said), soft_wrap=True)
