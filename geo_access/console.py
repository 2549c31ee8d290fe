"""What the command line says and how: help in the reader's language, output that any console can take."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from geo_access.words.words import LANGUAGES, catalogue, text

__all__ = ["Command", "Group", "asked_language", "speak_plainly"]


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


def _told_option(option: Any, context: Any) -> Any:
    if option is not None:
        option.help = text("help.help", context.find_root().obj or "fr")
    return option


class Command(TyperCommand):
    """A command whose help is in the reader's language."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _tell_help(self, ctx.find_root().obj or "fr")
        super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``, told in the reader's language."""
        return _told_option(super().get_help_option(ctx), ctx)


class Group(TyperGroup):
    """All commands; knows the language before anything is parsed."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the language, then parse."""
        return super().make_context(info_name, args, parent=parent, obj=asked_language(args), **extra)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _tell_help(self, ctx.find_root().obj or "fr")
        super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``, told in the reader's language."""
        return _told_option(super().get_help_option(ctx), ctx)


def speak_plainly() -> None:
    """Write UTF-8 where output goes to a file or a pipe; on a screen that cannot, replace what it lacks."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper) or stream.encoding.lower().replace("-", "") == "utf8":
            continue
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8")
