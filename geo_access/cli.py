"""The command line: read the request, call the stages, show. Exit codes: 0 done, 1 bad input, 2 usage."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from geo_access.console import Command, Group, asked_language, speak_plainly
from geo_access.errors import GeoAccessError
from geo_access.manifest import code_version
from geo_access.start import add_start_commands
from geo_access.study.last_net import TERMINATED, Terminated, clean_stop, report_unexpected
from geo_access.web.commands import add_commands
from geo_access.words.messages import error_text
from geo_access.words.words import format_number, text

if TYPE_CHECKING:
    import pandas as pd

    from geo_access.study.study import RunSummary, Study

__all__ = ["app", "main"]


app = typer.Typer(
    name="geo-access",
    cls=Group,
    help="help.app",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_OUT = Annotated[Path, typer.Option("--out", help="help.out")]
_OVERWRITE = Annotated[bool, typer.Option("--overwrite", help="help.overwrite")]
_QUIET = Annotated[bool, typer.Option("--quiet", help="help.quiet")]
_JSON = Annotated[bool, typer.Option("--json", help="help.json")]


def _console() -> Console:
    return Console(highlight=False)


# Set by the script of `completion` when a shell asks what may follow.
_COMPLETE = "_GEO_ACCESS_COMPLETE"
# As shells number a program that was stopped by hand.
_INTERRUPTED = 130


class Language(StrEnum):
    """Languages of the messages."""

    fr = "fr"
    en = "en"


class Shell(StrEnum):
    """Shells that complete what is typed."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"


def _version(value: bool) -> None:
    if value:
        _console().print(f"geo-access {code_version()}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    lang: Annotated[
        Language,
        typer.Option("--lang", envvar="GEO_ACCESS_LANG", help="help.lang"),
    ] = Language.fr,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="help.version")] = False,
) -> None:
    del version
    context.obj = lang.value


@contextmanager
def _told_in(language: str, hidden: Sequence[str] = ()) -> Iterator[None]:
    """Tell the errors of the block in a language, and leave with exit code 1."""
    try:
        yield
    except (GeoAccessError, OSError) as error:
        console = Console(stderr=True, highlight=False)
        console.print(
            f"[bold red]{text('cli.error', language)}[/] {escape(error_text(error, language))}", soft_wrap=True
        )
        raise typer.Exit(1) from None
    except KeyboardInterrupt as stop:
        Console(stderr=True, highlight=False).print(text("cli.interrupted", language))
        raise typer.Exit(TERMINATED if isinstance(stop, Terminated) else _INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:  # noqa: BLE001 — the last net
        said = report_unexpected(error, language, hidden=hidden)
        Console(stderr=True, highlight=False).print(
            f"[bold red]{text('cli.error', language)}[/] {escape(said)}", soft_wrap=True
        )
        raise typer.Exit(1) from None


def _study(path: Path, language: str) -> Study:
    """Read a study file; what is wrong in it is told in the language of the command line."""
    with _told_in(language):
        from geo_access.study.study import Study

        return Study.from_file(path)


def _show(console: Console, summary: RunSummary) -> None:
    columns = ("cli.metier", "cli.adequate", "cli.fragile", "cli.inadequate", "cli.residents")
    console.print(f"[bold]{text('cli.flags_title', summary.language)}[/]")
    for public, kind in dict.fromkeys((row[1], row[2]) for row in summary.flag_rows):
        table = Table(title=escape(f"{public} – {kind}"), title_justify="left")
        for key in columns:
            table.add_column(text(key, summary.language), justify="left" if key == "cli.metier" else "right")
        for metier, own, own_kind, *figures in summary.flag_rows:
            if (own, own_kind) == (public, kind):
                table.add_row(escape(metier), *figures)
        console.print(table)
    for warning in summary.warnings:
        console.print(f"[yellow]![/] {escape(warning.told(summary.language))}")
    paths = Table(title=text("cli.written", summary.language), title_justify="left", show_header=False)
    for path, size in summary.written:
        written = format_number(size / 1e6, summary.language, decimals=2)
        paths.add_row(escape(path), text("cli.megabytes", summary.language, n=written))
    console.print(paths)
    console.print(f"[bold]{escape(str(summary.folder / 'index.html'))}[/]")


def _run(study: Study, out: Path, *, overwrite: bool, quiet: bool, machine: bool, scheduler: str | None = None) -> None:
    """Run a study; tell all, only what a machine reads, or nothing but errors."""
    language = study.file.study.language
    if quiet or machine:
        with _told_in(language):
            summary = study.run(out, overwrite=overwrite, scheduler=scheduler)
        if machine:
            _write_json(summary.to_dict())
        return
    console = _console()
    console.print(f"[bold]{escape(study.file.study.name)}[/]")
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        task = bar.add_task(text("cli.starting", language), total=1.0)

        def progress(stage: str, share: float) -> None:
            bar.update(task, description=text(f"stage.{stage}", language), completed=share)

        with _told_in(language):
            summary = study.run(
                out, overwrite=overwrite, progress=progress, announce=console.print, scheduler=scheduler
            )
        bar.update(task, completed=1.0)
    _show(console, summary)


def _write_json(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False, indent=2) + "\n")


@app.command(cls=Command, help="help.demo")
def demo(
    context: typer.Context,
    out: _OUT = Path("out/demo"),
    overwrite: _OVERWRITE = False,
    quiet: _QUIET = False,
    machine: _JSON = False,
) -> None:
    """Run the demonstration study (a synthetic territory); it replaces a demonstration only."""
    from geo_access.study.folder import holds_result_of
    from geo_access.study.study import demo_study_path

    with _told_in(context.obj):
        path = demo_study_path()
    study = _study(path, context.obj)
    replaced = overwrite or holds_result_of(out, study.file.study.name)
    _run(study, out, overwrite=replaced, quiet=quiet, machine=machine)


@app.command(cls=Command, help="help.run")
def run(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="help.study")],
    out: _OUT = Path("out/etude"),
    overwrite: _OVERWRITE = False,
    quiet: _QUIET = False,
    machine: _JSON = False,
    scheduler: Annotated[str | None, typer.Option("--scheduler", help="help.scheduler")] = None,
) -> None:
    """Run a study: times, flags, maps, report."""
    _run(_study(study, context.obj), out, overwrite=overwrite, quiet=quiet, machine=machine, scheduler=scheduler)


@app.command(cls=Command, help="help.check")
def check(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="help.study")],
    machine: _JSON = False,
) -> None:
    """Check everything, compute nothing; all faults are listed at once."""
    console = _console()
    with _told_in(context.obj):
        from geo_access.errors import raise_faults
        from geo_access.study.check import check_study

        report = check_study(study, language=context.obj)
    if machine:
        _write_json(report.to_dict())
        raise typer.Exit(1 if report.faults else 0)
    language = report.language
    if report.rows:
        table = Table(title=text("cli.read_title", language), title_justify="left")
        for key in ("cli.source", "cli.read", "cli.kept", "cli.located"):
            table.add_column(text(key, language), overflow="fold")
        for *cells, _ in report.rows:
            table.add_row(*(escape(str(cell)) for cell in cells))
        console.print(table)
        # Reasons are sentences: a column of a console is too narrow for them.
        for source, *_, lost in report.rows:
            if lost:
                console.print(escape(text("cli.lost", language, source=source, lost=lost)))
    for warning in report.warnings:
        console.print(f"[yellow]![/] {escape(warning.told(language))}")
    with _told_in(language):
        raise_faults(report.faults)
    if report.plan is not None:
        console.print(escape(report.plan.told(language)), soft_wrap=True)
    console.print(f"[green]{text('cli.check_ok', language)}[/]")


@app.command(cls=Command, help="help.calendar")
def calendar(
    context: typer.Context,
    feeds: Annotated[list[Path], typer.Argument(help="help.feeds")],
) -> None:
    """Trips per day of each feed, and the days on which all run."""
    from geo_access.study.network import calendar_lines

    console = _console()
    with _told_in(context.obj):
        for line in calendar_lines(feeds, language=context.obj):
            console.print(line, markup=False, soft_wrap=True)


@app.command(cls=Command, help="help.sheet")
def sheet(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="help.study")],
    origin: Annotated[str, typer.Option("--from", help="help.origin")],
    metier: Annotated[str, typer.Option("--metier", help="help.metier")],
    profile: Annotated[str | None, typer.Option("--profile", help="help.profile")] = None,
    addresses: Annotated[
        list[Path] | None,
        typer.Option("--addresses", help="help.addresses"),
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="help.online")] = False,
    out: Annotated[Path, typer.Option("--out", help="help.sheet_out")] = Path("out/fiches"),
) -> None:
    """Write a person's sheet: what they can reach, by which journeys, and if not, why."""
    from geo_access.study.inputs import find_origin

    loaded = _study(study, context.obj)
    language = loaded.file.study.language
    with _told_in(language, hidden=(origin,)):
        place = find_origin(
            origin,
            loaded.file,
            addresses=addresses or (),
            online=online,
            tell=lambda said: _console().print(escape(said.told(language)), soft_wrap=True),
        )
        path = loaded.sheet(out, origin=place, metier=metier, profile=profile)
    _console().print(f"[bold]{escape(str(path))}[/]", soft_wrap=True)


@app.command(cls=Command, help="help.validate")
def validate(
    context: typer.Context,
    feed: Annotated[Path, typer.Argument(help="help.feed")],
    out: Annotated[Path | None, typer.Option("--out", help="help.notices_out")] = None,
    overwrite: _OVERWRITE = False,
) -> None:
    """Say what is wrong with a GTFS feed, and what reading does about it."""
    from pandas import concat

    from geo_access.sources.gtfs.feed import feed_report
    from geo_access.sources.gtfs.several import read_feeds
    from geo_access.sources.tables.write import free_file, write_csv
    from geo_access.study.network import build_lines

    console = _console()
    with _told_in(context.obj):
        read = read_feeds(feed)
        reports = [feed_report(each, language=context.obj) for each in read.feeds]
        if out is not None:
            write_csv(concat([notices for notices, _ in reports]), free_file(out, overwrite=overwrite))
    for said in read.notes:
        console.print(escape(said.told(context.obj)), soft_wrap=True)
    for each, place, (_, summary) in zip(read.feeds, read.paths, reports, strict=True):
        _notices(console, feed.name if len(reports) == 1 else each.name, summary, language=context.obj)
        with _told_in(context.obj):
            for line in build_lines(each, place, language=context.obj):
                console.print(escape(line), soft_wrap=True)


def _notices(console: Console, title: str, summary: pd.DataFrame, *, language: str) -> None:
    table = Table(title=title, title_justify="left")
    for column in ("severity", "file", "count", "finding", "done"):
        table.add_column(text(f"cli.notice.{column}", language), overflow="fold")
    for row in summary.to_dict("records"):
        cells = (
            text(f"cli.severity.{row['severity']}", language),
            row["file"],
            format_number(row["count"], language),
            f"{row['message']} ({row['code']})",
            text(f"note.action.{row['action']}", language),
        )
        table.add_row(*(escape(str(cell)) for cell in cells))
    console.print(table)


@app.command(cls=Command, help="help.compare")
def compare(
    context: typer.Context,
    before: Annotated[Path, typer.Argument(help="help.compare_before")],
    after: Annotated[Path, typer.Argument(help="help.compare_after")],
    out: _OUT = Path("out/comparaison"),
    overwrite: _OVERWRITE = False,
) -> None:
    """Say what differs between two results."""
    with _told_in(context.obj):
        from geo_access.study.compare import compare_runs
        from geo_access.study.comparison_maps import run_outlines
        from geo_access.study.folder import output_folder
        from geo_access.study.scenario_outputs import write_comparison

        found = compare_runs(before, after)
        with output_folder(out, overwrite=overwrite) as result:
            outlines, names = run_outlines(before, after), (before.name, after.name)
            write_comparison(result.folder, found, names=names, outlines=outlines, language=context.obj)
    _console().print(f"[bold]{escape(str(out / 'index.html'))}[/]", soft_wrap=True)


@app.command(cls=Command, help="help.lines")
def lines(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="help.study")],
    out: Annotated[Path, typer.Option("--out", help="help.lines_out")] = Path("out/lignes.csv"),
    line: Annotated[list[str] | None, typer.Option("--line", help="help.lines_line")] = None,
    overwrite: _OVERWRITE = False,
) -> None:
    """Judge every line of a study."""
    from geo_access.maps.paper import can_draw
    from geo_access.sources.tables.write import free_file, write_csv
    from geo_access.study.lines import judge_lines
    from geo_access.study.lines_map import draw_judged
    from geo_access.study.prepared import prepare_study

    console = _console()
    loaded = _study(study, context.obj)
    language = loaded.file.study.language
    with _told_in(language), Progress(console=console) as bar:
        picture = out.with_name(f"{out.name.removesuffix(out.suffix)}_map.png")
        for path in (out, picture):
            free_file(path, overwrite=overwrite).parent.mkdir(parents=True, exist_ok=True)
        task = bar.add_task(text("stage.lines", language), total=1.0)
        prepared = prepare_study(study)
        table = judge_lines(prepared, lines=line or (), progress=lambda _, share: bar.update(task, completed=share))
        write_csv(table, out)
        if can_draw():
            draw_judged(prepared, table, picture)
    if not can_draw():
        console.print(escape(text("paper.undrawn", language)), soft_wrap=True)
    console.print(f"[bold]{escape(str(out))}[/]", soft_wrap=True)


@app.command(cls=Command, help="help.schema")
def schema(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", help="help.schema_out")] = None,
    overwrite: _OVERWRITE = False,
) -> None:
    """Write the JSON schema of the study file, for editors."""
    from geo_access.study.schema import study_schema

    written = json.dumps(study_schema(context.obj), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        sys.stdout.write(written)
        return
    with _told_in(context.obj):
        from geo_access.sources.tables.write import free_file

        free_file(out, overwrite=overwrite).write_text(written, encoding="utf-8")
    said = text("cli.schema_written", context.obj, file=out, name=out.name)
    _console().print(escape(said), soft_wrap=True)


add_start_commands(app, _told_in)
add_commands(app, _told_in)


@app.command(cls=Command, help="help.completion")
def completion(
    shell: Annotated[Shell, typer.Argument(help="help.completion_shell")],
) -> None:
    """Print the script that completes commands and options in a shell."""
    script = import_module("typer.completion").get_completion_script
    sys.stdout.write(script(prog_name="geo-access", complete_var=_COMPLETE, shell=shell.value) + "\n")


def main() -> None:
    """Run the command line; bad input ends with exit code 1 and a message, never with a traceback."""
    speak_plainly()
    if _COMPLETE in os.environ:
        import_module("typer.completion").completion_init()
    language = asked_language(sys.argv[1:])
    with clean_stop():
        try:
            app()
        except Exception as error:  # noqa: BLE001 — the last net
            sys.exit(report_unexpected(error, language))
