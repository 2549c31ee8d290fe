"""Ways to spoil a small study, by family; each is drawn from a seed and says what it did."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from tests.reliability.small_study import FEED, points, write_feed, write_small_study, write_transit_study

__all__ = ["FAMILIES", "Spoilt", "spoil"]


@dataclass(frozen=True)
class Spoilt:
    """A study with one thing wrong.

    Attributes
    ----------
    path : pathlib.Path
        Study file.
    what : str
        What was done to it.
    """

    path: Path
    what: str


CELLS = (
    "",
    " ",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e308",
    "-1",
    "0",
    "²",
    "٣",
    "9" * 5000,
    "99999:99",
    "25:61",
    "-0.0",
    "1e-320",
    "x" * 200_000,
    "\x00",
    "a\x00b",
    '"',
    "'",
    "\n",
    "\r\n",
    ";",
    ",",
    "=1+1",
    "<script>",
    "é",
    "\ud7ff",
    "１２",
    "1,5",
    "1 000",
    "NULL",
    "None",
    "true",
    "3.02",
    "50.05",
    "700000",
    "6600000",
    "180.1",
    "-91",
    "0x10",
    "1_000",
    "𝟙",
    "½",
)
SETTINGS = (
    '""',
    '"x"',
    "0",
    "-1",
    "1e308",
    "-1e308",
    "nan",
    "inf",
    "-inf",
    "9" * 5000,
    "99999999999999999999",
    "true",
    "[]",
    "[1, 2, 15]",
    "[15, 15]",
    "[240]",
    "[1]",
    "{}",
    '"99999:99"',
    '"25:00"',
    '"47:59"',
    '"²"',
    '"\\u0000"',
    '"../../x"',
    '"/dev/zero"',
    '"/"',
    '"."',
    "1979-05-27",
    "0001-01-01",
    "9999-12-31",
    "2026-03-17T07:00:00",
    '"' + "y" * 300 + '"',
    '"transit"',
    '"park_and_ride"',
    '"bike+transit"',
    '"driven+transit"',
    '"walk"',
    "2154",
    "4326",
    "27572",
    "3857",
    "999999",
    "0.001",
    '"EPSG:2154"',
    '"EPSG:99999"',
    "[[[]]]",
    '"points.csv"',
    '"zones.geojson"',
    '"study.toml"',
)
ENCODINGS = ("utf-16", "utf-32", "cp1252", "cp500", "utf-8-sig", "mac_roman", "shift_jis", "utf-7")


def _of_toml(home: Path, pick: random.Random) -> Spoilt:
    path = (write_transit_study if pick.random() < 0.5 else write_small_study)(home)
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [k for k, line in enumerate(lines) if " = " in line]
    row = pick.choice(rows)
    key = lines[row].partition(" = ")[0]
    value = pick.choice(SETTINGS)
    lines[row] = f"{key} = {value}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Spoilt(path, f"{key} = {value[:40]}")


EXTRA = (
    ("[study]", "other_date = 2026-03-18"),
    ("[study]", "other_date = 2030-01-01"),
    ("[study]", "epsg = 27700"),
    ("[network]", "detour = 3"),
    ("[network]", "car_kmh = 0.0001"),
    ("[network]", "max_transfer_min = 1440"),
    ("[network]", "walk_kmh = 0.0001"),
    ("[network]", 'align = "equivalent-day"'),
    ("[network]", "car_congestion = 5"),
    ("[network]", 'school_zone = "B"'),
    ("[output]", 'isochrone_profile = "voiture"'),
    ("[output]", 'isochrone_profile = "personne"'),
    ("[training]", 'layer = "x"'),
    ("[training]", 'format = "lheo"'),
    ("[training]", 'columns = { site_id = "nope" }'),
    ("[employers]", 'format = "offers"'),
    ("[origins.points]", 'columns = { population = "lat" }'),
    ("[origins.points]", 'columns = { job_seekers = "point_id" }'),
    ("[origins.zones]", 'layer = "absent"'),
    ("[origins.zones]", "crs = 99999"),
    ("[study]", 'language = "en"'),
    ("[origins.zones]", 'columns = { zone_id = "zone_kind" }'),
)


def _of_keys(home: Path, pick: random.Random) -> Spoilt:
    path = (write_transit_study if pick.random() < 0.5 else write_small_study)(home)
    text = path.read_text(encoding="utf-8")
    way = pick.randrange(6)
    if way < 3:
        section, line = pick.choice(EXTRA)
        text, what = text.replace(section, f"{section}\n{line}", 1), line
    elif way == 3:
        lines = text.splitlines()
        row = pick.randrange(len(lines))
        what = f"without {lines.pop(row)!r}"
        text = "\n".join(lines) + "\n"
    elif way == 4:
        depth = pick.choice((100, 10_000))
        text, what = f"x = {'[' * depth}{']' * depth}\n" + text, f"nested {depth}"
    else:
        cut = pick.randrange(len(text))
        text, what = text[:cut] + pick.choice(("\x00", "\ufeff", "é", '"', "[", "")) + text[cut + 1 :], f"char {cut}"
    path.write_text(text, encoding="utf-8")
    return Spoilt(path, what)


TABLES = ("points.csv", "training.csv", "employers.csv")


def _of_cells(home: Path, pick: random.Random) -> Spoilt:
    path = write_small_study(home)
    name = pick.choice(TABLES)
    rows = list(csv.reader((home / name).open(encoding="utf-8", newline="")))
    row, column = pick.randrange(len(rows)), pick.randrange(len(rows[0]))
    value = pick.choice(CELLS)
    rows[row][column] = value
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (home / name).write_text(text.getvalue(), encoding="utf-8", errors="surrogatepass")
    return Spoilt(path, f"{name} row {row} column {column}: {value[:20]!r}")


def _of_bytes(home: Path, pick: random.Random) -> Spoilt:
    path = write_transit_study(home)
    name = pick.choice((*TABLES, "zones.geojson", "streets.osm", "bus.zip", "study.toml"))
    file = home / name
    content = bytearray(file.read_bytes())
    way = pick.randrange(5)
    if way == 0:
        for _ in range(pick.choice((1, 3, 30))):
            content[pick.randrange(len(content))] = pick.randrange(256)
        what = "bytes changed"
    elif way == 1:
        del content[pick.randrange(len(content)) :]
        what = f"cut to {len(content)}"
    elif way == 2:
        encoding = pick.choice(ENCODINGS)
        content = bytearray(bytes(content).decode("latin-1").encode(encoding, errors="replace"))
        what = encoding
    elif way == 3:
        content[0:0] = pick.choice((b"\x00" * 50, b"\xff\xfe", b"\n" * 5000, b"<html>", b"PK\x03\x04"))
        what = "something before"
    else:
        start = pick.randrange(len(content))
        content += content[start:]
        what = f"end twice from {start}"
    file.write_bytes(bytes(content))
    return Spoilt(path, f"{name}: {what}")


def _of_rows(home: Path, pick: random.Random) -> Spoilt:
    path = write_small_study(home)
    name = pick.choice(TABLES)
    rows = (home / name).read_text(encoding="utf-8").splitlines()
    way = pick.randrange(7)
    if way == 0:
        rows.append(rows[pick.randrange(1, len(rows))])
        what = "a row twice"
    elif way == 1:
        rows = rows[:1]
        what = "no rows"
    elif way == 2:
        cells = [row.split(",") for row in rows]
        column = pick.randrange(len(cells[0]))
        what = f"without {cells[0][column]}"
        rows = [",".join(row[:column] + row[column + 1 :]) for row in cells]
    elif way == 3:
        first = rows[0].split(",")
        first[pick.randrange(len(first))] = first[pick.randrange(len(first))]
        rows[0], what = ",".join(first), "a column named twice"
    elif way == 4:
        rows[pick.randrange(1, len(rows))] += ",1,2,3"
        what = "a longer row"
    elif way == 5:
        rows[pick.randrange(1, len(rows))] = ",".join(rows[-1].split(",")[:2])
        what = "a shorter row"
    else:
        rows[pick.randrange(len(rows))] += '"'
        what = "a quote"
    (home / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return Spoilt(path, f"{name}: {what}")


RINGS: tuple[Any, ...] = (
    [],
    [[3.0, 50.0]],
    [[3.0, 50.0], [3.1, 50.0]],
    [[3.0, 50.0], [3.1, 50.0], [3.0, 50.0]],
    [[3.0, 50.0], [3.1, 50.1], [3.1, 50.0], [3.0, 50.1], [3.0, 50.0]],
    [[3.0, 50.0], [3.0, 50.0], [3.0, 50.0], [3.0, 50.0]],
    [[float("nan"), 50.0], [3.1, 50.0], [3.1, 50.1], [float("nan"), 50.0]],
    [[1e308, 50.0], [3.1, 50.0], [3.1, 50.1]],
    [[3.0, 50.0], [3.1, 50.0], [3.1, 50.1], [3.0, 50.1]],
    [[3.0], [3.1], [3.1], [3.0]],
    [["a", "b"]] * 4,
    [None] * 4,
    [[700000, 6600000], [700100, 6600000], [700100, 6600100], [700000, 6600000]],
    5,
    "ring",
    None,
)


def _of_zones(home: Path, pick: random.Random) -> Spoilt:
    path = write_small_study(home)
    content = json.loads((home / "zones.geojson").read_text(encoding="utf-8"))
    feature = pick.choice(content["features"])
    way = pick.randrange(8)
    if way < 3:
        ring = pick.choice(RINGS)
        feature["geometry"]["coordinates"] = [ring]
        what = f"ring {str(ring)[:40]}"
    elif way == 3:
        kind, at = pick.choice(
            (("Point", [3.05, 50.05]), ("LineString", [[3, 50], [3.1, 50]]), ("Polygon", []), ("x", 1))
        )
        feature["geometry"] = {"type": kind, "coordinates": at}
        what = kind
    elif way == 4:
        feature["geometry"] = pick.choice((None, {}, [], {"type": "GeometryCollection", "geometries": []}))
        what = "no geometry"
    elif way == 5:
        key = pick.choice(list(feature["properties"]))
        feature["properties"][key] = pick.choice((None, 5, -1.5, True, [], {"a": 1}, "z3.0", "x" * 70_000, "\u0000"))
        what = f"{key} {str(feature['properties'][key])[:20]}"
    elif way == 6:
        content["features"] = pick.choice(([], [feature] * 2, {}, None, [None], ["x"]))
        what = "features"
    else:
        content["crs"] = {"type": "name", "properties": {"name": pick.choice(("EPSG:2154", "urn:x", "EPSG:4326", ""))}}
        what = "crs"
    (home / "zones.geojson").write_text(json.dumps(content), encoding="utf-8")
    return Spoilt(path, what)


VALUES = (
    "",
    "0",
    "-1",
    "nan",
    "179.99999",
    "-180",
    "90",
    "1e308",
    "9" * 400,
    "x",
    "²",
    "\u0000x",
    "&lt;",
    "900",
    "50.05",
)


def _of_streets(home: Path, pick: random.Random) -> Spoilt:
    path = write_transit_study(home)
    lines = (home / "streets.osm").read_text(encoding="utf-8").splitlines()
    row = pick.randrange(1, len(lines) - 1)
    attribute = pick.choice(("id", "lat", "lon", "ref", "v", "k", "version"))
    value = pick.choice(VALUES)
    before, found, rest = lines[row].partition(f"{attribute}='")
    if found and pick.random() < 0.8:
        lines[row] = before + found + value.replace("\u0000", "") + rest[rest.index("'") :]
        what = f"line {row}: {attribute} = {value[:20]}"
    elif pick.random() < 0.5:
        lines.insert(row, lines[pick.randrange(len(lines))])
        what = f"line {row}: another before"
    else:
        what = f"without {lines.pop(row)[:40]}"
    (home / "streets.osm").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Spoilt(path, what)


TIMES = (*CELLS, "08:00:00", "8:5:0", "47:59:59", "20260317", "20261331", "00000000", "A", "t1", "999", "2147483648")


def _of_feeds(home: Path, pick: random.Random) -> Spoilt:
    path = write_transit_study(home)
    tables = dict(FEED)
    name = pick.choice(list(tables))
    rows = [row.split(",") for row in tables[name].splitlines()]
    way = pick.randrange(6)
    if way < 4:
        row, column = pick.randrange(len(rows)), pick.randrange(len(rows[0]))
        rows[row][column] = pick.choice(TIMES)
        what = f"{name} row {row} column {column}: {rows[row][column][:20]!r}"
        tables[name] = "\n".join(",".join(cells) for cells in rows) + "\n"
    elif way == 4:
        del tables[name]
        what = f"without {name}"
    else:
        tables[name] = pick.choice(("", "\n" * 10_000, tables[name].splitlines()[0] + "\n", "\x00", "a,b\n1"))
        what = f"{name} = {tables[name][:10]!r}"
    write_feed(home / "bus.zip", {key: text.encode("utf-8", "replace").decode("utf-8") for key, text in tables.items()})
    return Spoilt(path, what)


def _of_formats(home: Path, pick: random.Random) -> Spoilt:
    path = write_small_study(home)
    frame = pd.DataFrame(points())
    kind = pick.choice(("parquet", "xlsx", "json", "zip", "geojson"))
    if pick.random() < 0.5:
        column = pick.choice(list(frame.columns))
        frame[column] = frame[column].astype(object)
        frame.loc[pick.randrange(len(frame)), column] = pick.choice((None, "x", float("nan"), "²"))
        frame[column] = frame[column].map(lambda value: None if value is None else str(value))
    file = home / f"points.{kind}"
    if kind == "parquet":
        frame.to_parquet(file)
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        for row in [list(frame.columns), *frame.astype(object).where(frame.notna(), None).to_numpy().tolist()]:
            book.active.append(row)
        if pick.random() < 0.3:
            book.create_sheet("Autre").append(["note"])
        book.save(file)
    elif kind == "zip":
        write_feed(file, {"points.csv": frame.to_csv(index=False)})
    else:
        file.write_text(frame.to_json(orient="records"), encoding="utf-8")
    content = bytearray(file.read_bytes())
    what = "whole"
    if pick.random() < 0.7:
        for _ in range(pick.choice((1, 5, 50))):
            content[pick.randrange(len(content))] ^= 1 << pick.randrange(8)
        what = "bits flipped"
    file.write_bytes(bytes(content))
    path.write_text(path.read_text(encoding="utf-8").replace("points.csv", file.name), encoding="utf-8")
    return Spoilt(path, f"{kind} {what}")


FAMILIES: dict[str, Callable[[Path, random.Random], Spoilt]] = {
    "settings": _of_toml,
    "keys": _of_keys,
    "cells": _of_cells,
    "rows": _of_rows,
    "bytes": _of_bytes,
    "zones": _of_zones,
    "streets": _of_streets,
    "feeds": _of_feeds,
    "formats": _of_formats,
}


def spoil(home: Path, family: str, seed: int) -> Spoilt:
    """Write a spoilt study into an empty folder: the same seed, the same study."""
    return FAMILIES[family](home, random.Random(f"{family} {seed}"))  # noqa: S311 — not for secrets
