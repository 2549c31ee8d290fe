"""What the command line says and how: help in the reader's language, output that any console can take."""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

from geo_access.words.words import LANGUAGES, catalogue, text

# typer brings its own classes of errors, or those of click, by its version.
_UsageError: Any = typer.BadParameter.__mro__[1]

__all__ = ["Command", "Group", "asked_language", "speak_plainly", "usage_text"]


def asked_language(arguments: Sequence[str]) -> str:
    """Language asked for, found before anything is parsed: the help needs it."""
    asked = os.environ.get("GEO_ACCESS_LANG", "fr")
    for option, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if option == "--lang" or option.startswith("--lang="):
            asked = value if option == "--lang" else option.partition("=")[2]
    return asked if asked in LANGUAGES else "fr"


def _tell_help(command: Any, language: str) -> None:
    """Put the words of a language in place of the keys ``help.…`` of a command, its options and its commands."""
    for part in (command, *command.params, *getattr(command, "commands", {}).values()):
        key = vars(part).setdefault("help_key", getattr(part, "help", None))
        if key in catalogue(language):
            part.help = text(key, language)
        kind = getattr(part, "param_type_name", "command")
        part.rich_help_panel = text(_PANELS[kind], language)


_PANELS = {"argument": "usage.arguments", "option": "usage.options", "command": "usage.commands"}
# Words that the help of typer takes from here; it has no argument for them.
_RICH_WORDS = {
    "DEFAULT_STRING": "usage.default",
    "REQUIRED_LONG_STRING": "usage.required",
    "ENVVAR_STRING": "usage.variable",
}


@contextmanager
def _rich_words(language: str) -> Iterator[None]:
    """Lend the help of typer the words of a language, and take them back."""
    before = {name: getattr(rich_utils, name) for name in _RICH_WORDS}
    for name, key in _RICH_WORDS.items():
        setattr(rich_utils, name, text(key, language, value="{}"))
    try:
        yield
    finally:
        for name, words in before.items():
            setattr(rich_utils, name, words)


def _language(context: Any) -> str:
    said = context.find_root().obj
    return said if said in LANGUAGES else "fr"


class _Told:
    """What commands and their group share: help and usage in the reader's language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        language = _language(ctx)
        _tell_help(self, language)
        with _rich_words(language):
            super().format_help(ctx, formatter)  # type: ignore[misc]

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write how the command is called."""
        pieces = " ".join(self.collect_usage_pieces(ctx))  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, pieces, prefix=text("usage.usage", _language(ctx)))

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``, told in the reader's language."""
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = text("help.help", _language(ctx))
            option.rich_help_panel = text("usage.options", _language(ctx))
        return option


class Command(_Told, TyperCommand):
    """A command whose help is in the reader's language."""


class Group(_Told, TyperGroup):
    """All commands; knows the language before anything is parsed, and tells what nobody can call in it."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the language, then parse."""
        return super().make_context(info_name, args, parent=parent, obj=asked_language(args), **extra)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is called."""
        if args and self.get_command(ctx, args[0]) is None:
            near = difflib.get_close_matches(args[0], self.commands, n=1)
            key = "usage.no_command_near" if near else "usage.no_command"
            values = {"near": near[0]} if near else {"known": ", ".join(self.commands)}
            raise _UnknownError(text(key, _language(ctx), name=args[0], **values), ctx=ctx)
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; a call that cannot be meant ends with one sentence and exit code 2."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        given = list(sys.argv[1:] if args is None else args)
        language = asked_language(given)
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except _UsageError as error:
            if type(error).__name__ != "NoArgsIsHelpError":
                said = usage_text(error, given, language)
                console = Console(stderr=True, highlight=False)
                console.print(f"[bold red]{text('cli.error', language)}[/] {escape(said)}", soft_wrap=True)
            sys.exit(2)
        except typer.Abort:
            Console(stderr=True, highlight=False).print(text("cli.interrupted", language))
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


class _UnknownError(_UsageError):  # type: ignore[misc]
    """A command that there is not; its message is in the reader's language already."""


def usage_text(error: Any, arguments: Sequence[str], language: str) -> str:
    """Tell a call that cannot be meant.

    Parameters
    ----------
    error : typer's UsageError
    arguments : sequence of str
        As they were given.
    language : str

    Returns
    -------
    str
    """
    if isinstance(error, _UnknownError):
        return str(error.message)
    context = error.ctx
    command = context.command_path if context is not None else "geo-access"
    kind = type(error).__name__
    if kind == "NoSuchOption":
        near = difflib.get_close_matches(error.option_name, error.possibilities or (), n=1)
        key = "usage.no_option_near" if near else "usage.no_option"
        return text(key, language, name=error.option_name, command=command, near=near[0] if near else "")
    if kind == "BadOptionUsage":
        return text("usage.option_alone", language, name=error.option_name, command=command)
    if getattr(error, "param", None) is not None:
        return _parameter_text(error, arguments, command, language)
    commands = getattr(getattr(context, "command", None), "commands", None)
    if commands:
        return text("usage.no_command_given", language, known=", ".join(commands))
    return text("usage.extra", language, command=command)


_EXPECTED = {
    "lang": "usage.expected.lang",
    "port": "usage.expected.port",
    "date": "usage.expected.date",
    "shell": "usage.expected.shell",
}


def _parameter_text(error: Any, arguments: Sequence[str], command: str, language: str) -> str:
    """Tell what is missing or refused at one option or argument."""
    param = error.param
    named = param.param_type_name == "option"
    name = param.opts[0] if named else (param.name or "")
    if type(error).__name__ == "MissingParameter":
        return text("usage.missing", language, name=name, command=command)
    # What an option takes is said by its name: typer keeps it elsewhere in every version.
    expected = text(_EXPECTED.get(param.name, "usage.expected.help"), language, command=command)
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        option, equals, value = word.partition("=")
        if named and option in param.opts:
            return text(
                "usage.value_given", language, name=name, value=value if equals else following, expected=expected
            )
    return text("usage.value", language, name=name, expected=expected)


def speak_plainly() -> None:
    """Write UTF-8 where output goes to a file or a pipe; on a screen that cannot, replace what it lacks.

    Under a locale without accents the name of a file comes as bytes in disguise: they are written as they came.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        utf8 = stream.encoding.lower().replace("-", "") == "utf8"
        if stream.isatty() and not utf8:
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
