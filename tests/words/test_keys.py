"""Every error that the code raises has a key; every key has words in both languages, with the values that are given."""

from __future__ import annotations

import ast
import string
from dataclasses import dataclass
from pathlib import Path

import geo_access
from geo_access.words.catalogue import LANGUAGES, catalogue

PACKAGE = Path(geo_access.__file__).parent
ERRORS = {
    "InputError",
    "MissingFileError",
    "ServiceDateError",
    "CoverageError",
    "SnapError",
    "CapacityError",
    "GeoAccessError",
    "RefusedError",
    "Fault",
}
# The catalogue itself cannot be asked for its own words; these messages are for those who write code.
ALONE = {"words/catalogue.py", "words/words.py"}


@dataclass(frozen=True)
class Call:
    """One place where an error, a fault or a note is made."""

    where: str
    name: str
    key: str | None
    values: frozenset[str] | None

    def __str__(self) -> str:
        return f"{self.where} {self.name}({self.key!r})"


def text_of(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def named(node: ast.Call) -> frozenset[str] | None:
    """Names of the values given; None where they are not spelt out."""
    if any(word.arg is None for word in node.keywords):
        return None
    return frozenset(str(word.arg) for word in node.keywords)


def calls() -> list[Call]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name, line = node.func.id, f"{where}:{node.lineno}"
            words = {word.arg: word.value for word in node.keywords}
            if name in ERRORS:
                given = words.get("values")
                keys = None if not isinstance(given, ast.Dict) else [text_of(key) for key in given.keys]
                values = frozenset(str(key) for key in keys) if keys is not None and None not in keys else None
                if name == "Fault" and len(node.args) > 3:
                    words["key"] = node.args[3]
                told = "key" in words or "faults" in words
                found.append(Call(line, name, text_of(words.get("key")) if told else "", values))
            elif name == "refusal" and node.args:
                found.append(Call(line, name, text_of(node.args[0]), named(node)))
            elif name == "fault" and len(node.args) > 1:
                found.append(Call(line, name, text_of(node.args[1]), named(node)))
            elif name == "note" and node.args:
                found.append(Call(line, name, text_of(node.args[0]), named(node)))
    return found


def fields(entry: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(entry) if name}


def test_every_error_has_a_key() -> None:
    bare = [call for call in calls() if call.key == "" and call.where.partition(":")[0] not in ALONE]
    assert [str(call) for call in bare] == []


def test_every_key_has_words_in_both_languages_with_the_values_given() -> None:
    wrong = []
    for call in calls():
        if not call.key:
            continue
        entry = f"{'note' if call.name == 'note' else 'error'}.{call.key}"
        for language in LANGUAGES:
            words = catalogue(language).get(entry)
            if words is None or (call.values is not None and fields(words) != set(call.values)):
                wrong.append(f"{call}: {language} has {words!r}")
    assert wrong == []
