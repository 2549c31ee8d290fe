"""The study file described for editors and for people: a JSON schema, and every key with what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from geo_access.study.file import StudyFile
from geo_access.study.sections import Section, Table
from geo_access.words.words import catalogue, text

__all__ = ["Key", "study_keys", "study_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Key:
    """One key of the study file.

    Attributes
    ----------
    section : str
        As the file writes it, without brackets: ``network``, ``origins.zones``; ``table`` stands for every table.
    name : str
    repeated : bool
        Whether the section stands in double brackets, once for each item.
    needed : bool
        Whether it must be given.
    values : str
        What may stand there.
    default : str
        As TOML; empty when there is none.
    meaning : str
        One or two sentences in the reader's language.
    """

    section: str
    name: str
    repeated: bool
    needed: bool
    values: str
    default: str
    meaning: str


def _section_of(field: FieldInfo) -> type[Section] | None:
    pending: list[Any] = [field.annotation]
    while pending:
        kind = pending.pop()
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
        pending += get_args(kind)
    return None


def _entry(section: str, name: str) -> str:
    """Entry of the catalogue: of the section itself, or of what all tables share."""
    own = f"key.{section}.{name}"
    return own if own in catalogue("en") else f"key.table.{name}"


def study_keys(language: str = "fr") -> tuple[Key, ...]:
    """Every key that a study file may have, section by section.

    Parameters
    ----------
    language : str
        ``fr`` or ``en``.

    Returns
    -------
    tuple of Key
        The keys that all tables share come once, in the section ``table``.

    Examples
    --------
    >>> next(key for key in study_keys("en") if key.name == "max_transfer_min").default
    '10'
    """
    shape = StudyFile.model_json_schema()["$defs"]
    return tuple(_keys("table", Table, shape, language, repeated=False)) + tuple(
        key
        for name, field in StudyFile.model_fields.items()
        if (model := _section_of(field)) is not None
        for key in _keys(name, model, shape, language, repeated="tuple" in str(field.annotation))
    )


def _keys(
    section: str, model: type[Section], shape: Mapping[str, Any], language: str, *, repeated: bool
) -> Iterator[Key]:
    properties = shape[model.__name__]["properties"]
    for name, field in model.model_fields.items():
        if section != "table" and issubclass(model, Table) and name in Table.model_fields:
            continue
        yield Key(
            section=section,
            name=name,
            repeated=repeated,
            needed=field.is_required(),
            values=_values(properties[name]),
            default=_default(field),
            meaning=text(_entry(section, name), language),
        )
    for name, inner in _nested(model):
        yield from _keys(f"{section}.{name}", inner, shape, language, repeated=False)


def _nested(model: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    """Sections with keys of their own that stand once inside a section: a table's are told under ``table``."""
    for name, field in model.model_fields.items():
        inner = _section_of(field)
        if inner is not None and inner is not Table and "tuple" not in str(field.annotation):
            yield name, inner


def _values(shape: Mapping[str, Any]) -> str:
    """Write what a JSON schema allows, as people write it."""
    if "anyOf" in shape:
        return " | ".join(_values(each) for each in shape["anyOf"] if each.get("type") != "null")
    if "enum" in shape:
        return " | ".join(map(str, shape["enum"]))
    if "$ref" in shape or "oneOf" in shape:
        return "table"
    kind = str(shape.get("type", ""))
    if kind == "array":
        return f"[{_values(shape.get('items', {}))}, …]"
    low, high = shape.get("minimum", shape.get("exclusiveMinimum")), shape.get("maximum")
    limits = f" {'>' if 'exclusiveMinimum' in shape else '≥'} {low:g}" if low is not None else ""
    limits += f" ≤ {high:g}" if high is not None else ""
    return str(shape.get("format", kind)) + limits


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required() or value is None or value is PydanticUndefined or isinstance(value, Section):
        return ""
    return json.dumps(value, ensure_ascii=False)


def study_schema(language: str = "fr") -> dict[str, Any]:
    """JSON schema of the study file, for editors that complete and check TOML as it is typed.

    Parameters
    ----------
    language : str
        Of the descriptions.

    Returns
    -------
    dict
        Draft 2020-12.

    Examples
    --------
    >>> study_schema("en")["$defs"]["NetworkSection"]["properties"]["gtfs"]["description"]
    'GTFS timetables (.zip or folder), one per operator.'
    """
    schema = StudyFile.model_json_schema()
    whole = {name: model for name, field in StudyFile.model_fields.items() if (model := _section_of(field))}
    names = {
        inner.__name__: f"{name}.{key}"
        for name, model in whole.items()
        if not issubclass(model, Table)
        for key, inner in _nested(model)
    }
    names |= {model.__name__: name for name, model in whole.items()} | {"Table": "table"}
    for model, shape in schema["$defs"].items():
        shape.pop("description", None)
        for name, each in shape.get("properties", {}).items():
            each.pop("title", None)
            if model in names:
                each["description"] = text(_entry(names[model], name), language)
    return {"$schema": _DIALECT, **schema, "title": "geo-access", "description": text("cli.schema_title", language)}
