"""Values as a folder: an index in JSON, every array in one file that opens memory-mapped, no pickle.

What may stand in it: plain values, tuples, lists, mappings with any of these as keys, arrays, tables, sparse matrices,
and the dataclasses that whoever reads names; nothing else is ever made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from geo_access.errors import InputError
from geo_access.words.note import Note
from geo_access.words.told import refusal

__all__ = ["read_values", "write_values"]

_INDEX, _ARRAYS = "values.json", "values.bin"
_ALIGNED = 64
_PIECE_BYTES, _BLOCK_BYTES = 64 << 20, 1 << 20
# Longer texts are written one by one: an array gives each the room of the longest.
_LONGEST_TEXT = 120
_PLAIN = (bool, int, float, str)


def _name(made: type) -> str:
    """Name of a class that no other has."""
    return f"{made.__module__}.{made.__qualname__}"


class _Writer:
    """Values made plain, their arrays appended to one file."""

    def __init__(self, stream: Any, classes: Iterable[type]) -> None:
        self._stream, self._at = stream, stream.tell()
        self._classes = {_name(made) for made in classes}

    def plain(self, value: Any) -> Any:
        if value is None or type(value) in _PLAIN:
            return value
        if value is pd.NA:
            return {"kind": "NA"}
        if isinstance(value, Note):
            return {"kind": "note", **value.to_dict()}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, pd.DataFrame):
            return self._table(value)
        if sparse.issparse(value):
            matrix = sparse.csr_matrix(value)
            parts = {name: self._array(getattr(matrix, name)) for name in ("data", "indices", "indptr")}
            return {"kind": "csr", "shape": list(matrix.shape), **parts}
        if is_dataclass(value) and _name(type(value)) in self._classes:
            parts = {item.name: self.plain(getattr(value, item.name)) for item in fields(value)}
            return {"kind": "made", "class": _name(type(value)), "fields": parts}
        return self._gathered(value)

    def _gathered(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {"kind": "mapping", "items": [[self.plain(key), self.plain(part)] for key, part in value.items()]}
        if isinstance(value, tuple | list):
            return {"kind": type(value).__name__, "items": [self.plain(part) for part in value]}
        if isinstance(value, np.generic):
            return self.plain(value.item())
        if isinstance(value, Enum):
            return self.plain(value.value)
        if isinstance(value, date):
            return {"kind": "date", "iso": value.isoformat()}
        if isinstance(value, int | str | float):
            return value
        raise TypeError(f"{type(value).__name__} cannot be stored → give plain values, arrays or tables")

    def _array(self, values: np.ndarray) -> dict[str, Any]:
        if values.dtype == object:
            return self._objects(values)
        whole = np.ascontiguousarray(values)
        self._stream.write(b"\0" * (-self._at % _ALIGNED))
        self._at += -self._at % _ALIGNED
        found = {"kind": "array", "dtype": whole.dtype.str, "shape": list(values.shape), "at": self._at}
        self._stream.write(whole.tobytes())
        self._at += whole.nbytes
        return found

    def _objects(self, values: np.ndarray) -> dict[str, Any]:
        listed = values.ravel().tolist()
        if listed and all(type(item) is str and len(item) <= _LONGEST_TEXT and "\0" not in item for item in listed):
            return {"kind": "texts", "of": self._array(np.array(listed, dtype=np.str_)), "shape": list(values.shape)}
        return {"kind": "objects", "items": [self.plain(item) for item in listed], "shape": list(values.shape)}

    def _table(self, table: pd.DataFrame) -> dict[str, Any]:
        index = None if isinstance(table.index, pd.RangeIndex) else self._array(table.index.to_numpy())
        return {
            "kind": "table",
            "rows": len(table),
            "index": index,
            "attrs": self.plain(dict(table.attrs)),
            "geometry": str(table.geometry.name) if isinstance(table, gpd.GeoDataFrame) else None,
            "columns": [[self.plain(name), self._column(table[name])] for name in table.columns],
        }

    def _column(self, column: pd.Series) -> dict[str, Any]:
        kind = column.dtype
        if isinstance(kind, pd.CategoricalDtype):
            codes, known = self._array(column.cat.codes.to_numpy()), kind.categories
            listed = self._column(pd.Series(known, dtype=known.dtype))
            return {"as": "category", "codes": codes, "known": listed, "ordered": kind.ordered}
        if isinstance(kind, pd.StringDtype):
            na = "NA" if kind.na_value is pd.NA else "nan"
            return {"as": "string", "storage": kind.storage, "na": na, "of": self._array(column.to_numpy(object))}
        if str(kind) == "geometry":
            parts = [b"" if one is None else one for one in shapely.to_wkb(column.to_numpy())]
            ends = np.cumsum([0, *map(len, parts)]).astype(np.int64)
            return {
                "as": "geometry",
                "crs": None if column.array.crs is None else column.array.crs.to_wkt(),
                "ends": self._array(ends),
                "wkb": self._array(np.frombuffer(b"".join(parts), np.uint8)),
            }
        within: Any = getattr(kind, "numpy_dtype", None)
        if within is not None and getattr(kind, "na_value", None) is pd.NA:
            mask = np.asarray(column.isna())
            values = column.to_numpy(dtype=within, na_value=within.type(0))
            return {"as": "masked", "dtype": str(kind), "values": self._array(values), "mask": self._array(mask)}
        return {"as": "plain", "of": self._array(column.to_numpy())}


class _Reader:
    """Values read back, of the classes that are named."""

    def __init__(self, raw: np.ndarray, classes: Mapping[str, type]) -> None:
        self._raw, self._classes = raw, classes

    def value(self, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        kind = node["kind"]
        if kind in ("array", "texts", "objects"):
            return self.array(node)
        if kind == "mapping":
            return {self.value(key): self.value(part) for key, part in node["items"]}
        if kind in ("tuple", "list"):
            items = [self.value(part) for part in node["items"]]
            return tuple(items) if kind == "tuple" else items
        if kind == "made":
            parts = {name: self.value(part) for name, part in node["fields"].items()}
            return self._classes[node["class"]](**parts)
        simple: dict[str, Any] = {
            "NA": lambda: pd.NA,
            "note": lambda: Note.from_dict(node),
            "date": lambda: date.fromisoformat(node["iso"]),
            "csr": lambda: sparse.csr_matrix(
                tuple(self.array(node[name]) for name in ("data", "indices", "indptr")), shape=tuple(node["shape"])
            ),
            "table": lambda: self.table(node),
        }
        return simple[kind]()

    def array(self, node: dict[str, Any]) -> np.ndarray:
        shape = tuple(node["shape"])
        if node["kind"] == "texts":
            return self.array(node["of"]).astype(object).reshape(shape)
        if node["kind"] == "objects":
            found = np.empty(len(node["items"]), dtype=object)
            for number, item in enumerate(node["items"]):
                found[number] = self.value(item)
            return found.reshape(shape)
        dtype = np.dtype(node["dtype"])
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        part = self._raw[node["at"] : node["at"] + size]
        return np.asarray(part).view(dtype).reshape(shape)

    def table(self, node: dict[str, Any]) -> pd.DataFrame:
        known = None if node["index"] is None else self.array(node["index"])
        index = pd.RangeIndex(node["rows"]) if known is None else pd.Index(known, dtype=known.dtype)
        columns = {self.value(name): self._column(part, index) for name, part in node["columns"]}
        frame = pd.DataFrame(columns, index=index, copy=False)
        if node["geometry"] is not None:
            frame = gpd.GeoDataFrame(frame, geometry=node["geometry"])
        frame.attrs.update(self.value(node["attrs"]))
        return frame

    def _column(self, node: dict[str, Any], index: pd.Index) -> pd.Series:
        how = node["as"]
        if how == "category":
            known = self._column(node["known"], pd.RangeIndex(_length(node["known"])))
            dtype = pd.CategoricalDtype(pd.Index(known, dtype=known.dtype), ordered=node["ordered"])
            return pd.Series(pd.Categorical.from_codes(self.array(node["codes"]), dtype=dtype), index=index)
        if how == "string":
            written = pd.StringDtype(node["storage"], na_value=pd.NA if node["na"] == "NA" else np.nan)
            return pd.Series(self.array(node["of"]), index=index, dtype=written)
        if how == "geometry":
            ends, raw = self.array(node["ends"]), self.array(node["wkb"]).tobytes()
            parts = [raw[a:b] or None for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
            return gpd.GeoSeries(shapely.from_wkb(np.array(parts, dtype=object)), index=index, crs=node["crs"])
        if how == "masked":
            made: Any = pd.api.types.pandas_dtype(node["dtype"])
            made = made.construct_array_type()
            return pd.Series(made(self.array(node["values"]), self.array(node["mask"])), index=index)
        values = self.array(node["of"])
        return pd.Series(values, index=index, dtype=values.dtype, copy=False)


def _sealed(path: Path) -> str:
    """SHA-256 of the SHA-256 of a file's pieces, which are read side by side: a city's answers are gigabytes."""

    def piece(start: int) -> bytes:
        digest, left = hashlib.sha256(), _PIECE_BYTES
        with path.open("rb") as stream:
            stream.seek(start)
            while left and (block := stream.read(min(left, _BLOCK_BYTES))):
                digest.update(block)
                left -= len(block)
        return digest.digest()

    with ThreadPoolExecutor() as pool:
        pieces = pool.map(piece, range(0, path.stat().st_size, _PIECE_BYTES))
        return hashlib.sha256(b"".join(pieces)).hexdigest()


def _length(node: dict[str, Any]) -> int:
    inner: Any = node.get("of") or node.get("values") or node.get("codes") or node.get("ends")
    return int(inner["shape"][0])


def write_values(folder: Path, value: Any, classes: Iterable[type] = ()) -> None:
    """Write a value into a folder that exists.

    Parameters
    ----------
    folder : pathlib.Path
    value : object
        Plain values, arrays, tables, sparse matrices, the dataclasses named, and what gathers them.
    classes : iterable of type
        Dataclasses that may stand in it; reading names them again.

    Raises
    ------
    TypeError
        For anything else.
    """
    with (folder / _ARRAYS).open("wb") as stream:
        stream.write(b"\0" * _ALIGNED)
        tree = _Writer(stream, classes).plain(value)
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    seal = {"arrays": _sealed(folder / _ARRAYS), "tree": hashlib.sha256(text.encode()).hexdigest()}
    (folder / _INDEX).write_text(json.dumps(seal) + "\n" + text + "\n", encoding="utf-8")


def read_values(folder: Path, classes: Iterable[type]) -> Any:
    """Read a value; its arrays are memory-mapped, copied only where they are written to.

    Parameters
    ----------
    folder : pathlib.Path
        As `write_values` wrote it.
    classes : iterable of type
        Dataclasses that may stand in it.

    Returns
    -------
    object

    Raises
    ------
    InputError
        When a file is missing, has changed or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_values(Path(folder), {("a", 1): np.arange(3)})
    ...     read_values(Path(folder), ())
    {('a', 1): array([0, 1, 2])}
    """
    try:
        seal, _, text = (folder / _INDEX).read_text(encoding="utf-8").partition("\n")
        text, known = text.rstrip("\n"), json.loads(seal)
        if hashlib.sha256(text.encode()).hexdigest() != known["tree"]:
            raise refusal("prepared.damaged", folder=folder, file=_INDEX)
        if _sealed(folder / _ARRAYS) != known["arrays"]:
            raise refusal("prepared.damaged", folder=folder, file=_ARRAYS)
        raw = np.memmap(folder / _ARRAYS, dtype=np.uint8, mode="c")
        return _Reader(np.asarray(raw), {_name(made): made for made in classes}).value(json.loads(text))
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise refusal("prepared.damaged", folder=folder, file=_INDEX) from error
