"""One reader for the tables that people bring: CSV, parquet, spreadsheets, JSON records and vector layers."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import struct
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from openpyxl.utils.exceptions import InvalidFileException
from pyproj import Transformer

from geo_access.crs import WGS84
from geo_access.errors import CapacityError, InputError, MissingFileError
from geo_access.sources.tables.choose import choose_rows
from geo_access.sources.tables.sheets import check_zip, read_sheet, some
from geo_access.sources.tables.text import detect_encoding, detect_separator, fold
from geo_access.words.note import note
from geo_access.words.told import refusal

__all__ = [
    "MAX_BYTES",
    "MAX_ROWS",
    "TEXT_SUFFIXES",
    "parse_csv",
    "read_table",
    "require_file",
    "table_notes",
    "text_format",
]

MAX_BYTES = 2_000_000_000
MAX_ROWS = 5_000_000

_SAMPLE_BYTES = 1 << 18
_LONG_CELL = 100_000
_SPREADSHEETS = (".xlsx", ".xlsm")
TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
# A GeoJSON up to this size is counted beside GDAL; larger ones come from programs.
_MOST_COUNTED_BYTES = 30_000_000
_VECTORS = {".gpkg": b"SQLite format 3", ".geojson": b"{", ".shp": b"\x00\x00\x27\x0a"}
_VECTOR_ORDER = (".gpkg", ".geojson", ".shp", ".json")
# What the libraries below raise on damaged files.
_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    SyntaxError,
    EOFError,
    csv.Error,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    pa.lib.ArrowException,
    shapely.errors.ShapelyError,
    InvalidFileException,
)


def require_file(path: str | Path) -> Path:
    """Path of a file that exists and is not empty.

    Parameters
    ----------
    path : str or pathlib.Path
        A local file.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    MissingFileError
        When there is no such file.
    InputError
        When it is empty.
    """
    file = Path(path)
    if not os.path.isfile(file):  # noqa: PTH113 — false, not an error, for a name that no file can have
        raise MissingFileError(f"{path}: no such file → check the path", key="no_such_file", values={"file": path})
    if file.stat().st_size == 0:
        raise InputError(
            f"{file.name}: the file is empty → download it again", key="empty_file", values={"file": file.name}
        )
    return file


def read_table(
    path: str | Path,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    columns: Sequence[str] | None = None,
    bbox_lonlat: tuple[float, float, float, float] | None = None,
    condition: str | None = None,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
) -> pd.DataFrame:
    r"""Read a table of any of the usual formats, whole.

    Every cell of a CSV or spreadsheet comes as text, missing where blank, so that codes keep their zeros: numbers are
    read by :func:`geo_access.sources.tables.text.to_numbers`. A spreadsheet's header row is found below its title
    lines. A vector layer comes as a GeoDataFrame in its own CRS.

    Parameters
    ----------
    path : str or pathlib.Path
        ``.csv .txt .tsv .parquet .xlsx .json .geojson .gpkg .shp``, or a ``.zip`` of one of them.
    layer : str, optional
        Layer of a GeoPackage, sheet of a workbook, or part of the name of a file of the zip.
    encoding, separator : str, optional
        Of a text; found from its beginning when not given.
    columns : sequence of str, optional
        The only columns to read of a parquet file or text.
    bbox_lonlat : tuple of float, optional
        West, south, east, north [degrees]: only the features of a vector layer that touch it are read. Other formats
        have no geometry to choose by: refused with them.
    condition : str, optional
        Which rows to keep, see `choose_rows`.
    max_rows, max_bytes : int
        Bounds beyond which the table is refused.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame

    Raises
    ------
    MissingFileError
        When the file does not exist.
    InputError
        When it is not what its name says, or is damaged.
    CapacityError
        When it is larger than the bounds.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "communes.csv").write_bytes("code;nom\n02001;Abbécourt\n".encode("cp1252"))
    >>> read_table(folder / "communes.csv").to_dict("records")
    [{'code': '02001', 'nom': 'Abbécourt'}]
    """
    file = require_file(path)
    if file.stat().st_size > max_bytes:
        raise refusal(
            "table.large",
            CapacityError,
            file=file.name,
            mb=round(file.stat().st_size / 1e6),
            limit=round(max_bytes / 1e6),
        )
    suffix = file.suffix.lower()
    reader = _reader_of(file, suffix)
    try:
        table = reader(
            file,
            layer=layer,
            encoding=encoding,
            separator=separator,
            columns=columns,
            bbox_lonlat=bbox_lonlat,
            max_rows=max_rows,
            max_bytes=max_bytes,
        )
    except (InputError, CapacityError):
        raise
    except MemoryError as error:
        raise refusal("table.memory", CapacityError, file=file.name) from error
    except _DAMAGE as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"{file.name}: cannot be read as {suffix}: {first} → download or export it again",
            key="unreadable_file",
            values={"file": file.name, "format": suffix, "why": first},
        ) from error
    if bbox_lonlat is not None and not isinstance(table, gpd.GeoDataFrame):
        raise refusal("table.bbox", file=file.name)
    if len(table) > max_rows:
        raise refusal("table.rows", CapacityError, file=file.name, n=max_rows)
    tidy = _tidy(table, file.name)
    return choose_rows(tidy, condition, where=file.name) if condition else tidy


def _reader_of(file: Path, suffix: str) -> Callable[..., pd.DataFrame]:
    if suffix in TEXT_SUFFIXES:
        return _read_text
    readers: dict[str, Callable[..., pd.DataFrame]] = {
        ".parquet": _read_parquet,
        ".zip": _read_zip,
        ".json": _read_json,
        **dict.fromkeys(_SPREADSHEETS, read_sheet),
        **dict.fromkeys(_VECTORS, _read_vector),
    }
    if suffix not in readers:
        known = " ".join(sorted({*TEXT_SUFFIXES, *readers}))
        raise InputError(
            f"{file.name}: format {suffix or 'without extension'} is not read → give one of {known}",
            key="format_not_read",
            values={"file": file.name, "format": suffix or "?", "known": known},
        )
    return readers[suffix]


def _tidy(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Clean the column names, and drop the nameless empty columns that a spreadsheet leaves on the right."""
    names = ["" if re.fullmatch(r"Unnamed: \d+", str(column)) else str(column).strip() for column in table.columns]
    names = [re.sub(r"\s+", " ", column.replace("\ufeff", "")).strip('`" ') for column in names]
    keep = [
        place
        for place, column in enumerate(names)
        if column or not (table.iloc[:, place].isna() | (table.iloc[:, place].astype(str).str.strip() == "")).all()
    ]
    table = table.iloc[:, keep]
    names = [names[place] or f"column {place + 1}" for place in keep]
    seen: dict[str, int] = {}
    for place, column in enumerate(names):
        seen[column] = seen.get(column, 0) + 1
        if seen[column] > 1:
            names[place] = f"{column} ({seen[column]})"
    if not names:
        raise refusal("table.no_column", file=name)
    if isinstance(table, gpd.GeoDataFrame):
        geometry = table.columns.get_loc(table.geometry.name)
        names[geometry] = "geometry"
        table.columns = pd.Index(names)
        return table.set_geometry("geometry")
    table = table.copy()
    table.columns = pd.Index(names)
    return table.reset_index(drop=True)


def text_format(file: Path, encoding: str | None, separator: str | None) -> tuple[str, str]:
    """Find the encoding and separator of a text table, unless given, from its beginning.

    Raises
    ------
    InputError
        When the content is binary, a web page or XML.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        sample = stream.read(_SAMPLE_BYTES)
        used = encoding or detect_encoding(sample, whole=size <= _SAMPLE_BYTES)
        if encoding is None and used == "utf-8-sig":
            used = _confirm_utf8(file) or detect_encoding(_all_or_part(file), whole=True)
    text = sample.decode(used, errors="replace")
    if "\x00" in text:
        raise refusal("table.binary", file=file.name)
    if text.lstrip().startswith(("<!DOCTYPE", "<html", "<HTML", "<?xml")):
        raise refusal("table.web_page", file=file.name)
    if size > len(sample):
        text = text[: text.rfind("\n")]
    return used, separator or detect_separator(text)


def _confirm_utf8(file: Path) -> str | None:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        try:
            while stream.read(_SAMPLE_BYTES):
                pass
        except UnicodeDecodeError:
            return None
    return "utf-8-sig"


def _all_or_part(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(64 * _SAMPLE_BYTES)


def _read_text(
    file: Path,
    *,
    encoding: str | None,
    separator: str | None,
    columns: Sequence[str] | None,
    max_rows: int,
    **_: Any,
) -> pd.DataFrame:
    used, delimiter = text_format(file, encoding, separator)
    frame = parse_csv(file, used, delimiter, columns=columns, nrows=max_rows + 1)
    lengths = (frame[column].str.len().max() for column in frame.columns)
    if any(length > _LONG_CELL for length in lengths):
        raise refusal("table.long_cell", file=file.name, n=_LONG_CELL)
    if len(frame) and not _ends(file):
        frame.attrs["notes"] = [note("table.no_end", file=file.name)]
    return frame


def _ends(file: Path) -> bool:
    """Tell whether the last line is ended, as programs that write tables do: that of a file cut short is not."""
    with file.open("rb") as stream:
        # Two bytes each in UTF-16.
        stream.seek(-2, os.SEEK_END)
        return not {10, 13}.isdisjoint(stream.read())


def parse_csv(file: Path, encoding: str, delimiter: str, *, columns: Sequence[str] | None, **options: Any) -> Any:
    """Read a text table with every cell as text, refusing rows longer than the header.

    Raises
    ------
    InputError
        With what is wrong in the file.
    """
    try:
        with warnings.catch_warnings():
            # Rows longer than the header would be cut with a mere warning: here it is an error.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                file,
                sep=delimiter,
                encoding=encoding,
                dtype=str,
                index_col=False,
                na_values=[""],
                keep_default_na=False,
                skipinitialspace=True,
                usecols=list(columns) if columns else None,
                **options,
            )
    except pd.errors.ParserWarning as error:
        raise refusal("table.ragged", file=file.name, separator=delimiter) from error
    except pd.errors.EmptyDataError as error:
        raise refusal("empty_file", file=file.name) from error
    except UnicodeDecodeError as error:
        raise refusal("table.encoding", file=file.name, byte=error.start, encoding=encoding) from error


def _read_parquet(file: Path, *, columns: Sequence[str] | None, max_rows: int, **_: Any) -> pd.DataFrame:
    source = pq.ParquetFile(file)
    if source.metadata.num_rows > max_rows:
        raise refusal("table.rows_of", CapacityError, file=file.name, n=source.metadata.num_rows, limit=max_rows)
    if b"geo" in (source.schema_arrow.metadata or {}) and columns is None:
        return gpd.read_parquet(file)
    return source.read(columns=list(columns) if columns else None).to_pandas()


def _read_json(file: Path, *, layer: str | None, **options: Any) -> pd.DataFrame:
    content = json.loads(file.read_bytes().decode("utf-8-sig"))
    if isinstance(content, dict) and content.get("type") in ("FeatureCollection", "Feature"):
        return _read_vector(file, layer=layer, **options)
    if isinstance(content, dict):
        lists = [key for key, value in content.items() if isinstance(value, list)]
        if layer in lists or len(lists) == 1:
            content = content[layer if layer in lists else lists[0]]
    if not isinstance(content, list) or not all(isinstance(record, dict) for record in content):
        raise refusal("table.json", file=file.name)
    return pd.json_normalize(content, max_level=2)


def table_notes(table: pd.DataFrame) -> list[Any]:
    """Give the notes of reading a table: what `read_table` chose in it.

    Examples
    --------
    >>> table_notes(pd.DataFrame({"a": [1]}))
    []
    """
    return list(table.attrs.get("notes", ()))


def _read_vector(
    file: Path,
    *,
    layer: str | None,
    max_rows: int,
    bbox_lonlat: tuple[float, float, float, float] | None = None,
    member: str | None = None,
    **_: Any,
) -> gpd.GeoDataFrame:
    source = f"/vsizip/{file.resolve()}/{member}" if member else str(file)
    magic = _VECTORS.get(Path(member or file).suffix.lower(), b"{")
    if member:
        with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
            start = stream.read(64)
    else:
        with file.open("rb") as stream:
            start = stream.read(64)
    # GDAL opens by content: a description file under another name could make it read anything, anywhere.
    if not start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t").startswith(magic):
        raise refusal("table.extension", file=member or file.name)
    if not member and file.suffix.lower() == ".shp":
        absent = [part for part in (".dbf", ".shx") if not _sibling(file, part)]
        if absent:
            raise refusal("table.parts", file=file.name, parts=" and ".join(absent))
    names = [str(name) for name, _ in pyogrio.list_layers(source)]
    if layer is not None and member is None and layer not in names:
        raise refusal("table.no_layer", file=file.name, layer=layer, known=", ".join(names))
    if layer is None and len(names) > 1:
        raise refusal("table.layers", file=file.name, n=len(names), known=", ".join(names))
    chosen = layer if layer in names else names[0]
    bounds = None if bbox_lonlat is None else _own_bounds(source, chosen, bbox_lonlat, file.name)
    # A ring that is none reads as no geometry: who reads the layer says which row has none.
    # A limit is room taken at once for as many rows: it is set only where the layer holds more.
    many = pyogrio.read_info(source, layer=chosen, force_feature_count=True)["features"] > max_rows
    limit = max_rows + 1 if many else None
    frame = pyogrio.read_dataframe(source, layer=chosen, max_features=limit, bbox=bounds, on_invalid="ignore")
    if magic == b"{" and not many and bounds is None:
        _check_features(file, member, len(frame))
    return frame if isinstance(frame, gpd.GeoDataFrame) else pd.DataFrame(frame)


def _check_features(file: Path, member: str | None, n: int) -> None:
    """Refuse a GeoJSON of which GDAL leaves out what does not call itself a feature, without a word."""
    if member or file.stat().st_size > _MOST_COUNTED_BYTES:
        return
    try:
        features = json.loads(file.read_bytes().decode("utf-8-sig")).get("features")
    except (ValueError, AttributeError, RecursionError):
        return
    if isinstance(features, list) and len(features) > n:
        raise refusal("table.features", file=file.name, n=len(features) - n, all=len(features))


def _own_bounds(
    source: str, layer: str, bbox_lonlat: tuple[float, float, float, float], name: str
) -> tuple[float, float, float, float]:
    """Bounds in the CRS of the layer."""
    crs = pyogrio.read_info(source, layer=layer)["crs"]
    if crs is None:
        raise InputError(
            f"{name}: the layer does not say its CRS → export it with its CRS", key="no_crs", values={"file": name}
        )
    return Transformer.from_crs(WGS84, crs, always_xy=True).transform_bounds(*bbox_lonlat)


def _sibling(file: Path, suffix: str) -> bool:
    return file.with_suffix(suffix).exists() or file.with_suffix(suffix.upper()).exists()


def _read_zip(file: Path, *, layer: str | None, max_bytes: int, **options: Any) -> pd.DataFrame:
    with zipfile.ZipFile(file) as archive:
        check_zip(archive, file.name, max_bytes)
        names = [info.filename for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
    suffixes = (*_VECTOR_ORDER, *TEXT_SUFFIXES, *_SPREADSHEETS, ".parquet")
    tables = [name for name in names if Path(name).suffix.lower() in suffixes]
    chosen = [name for name in tables if fold(layer) in fold(name)] if layer else tables
    if not chosen:
        if layer:
            raise refusal("table.no_table_named", file=file.name, layer=layer, known=some(names))
        raise refusal("table.no_table", file=file.name, known=some(names))
    best = min(_zip_rank(name) for name in chosen)
    chosen = [name for name in chosen if _zip_rank(name) == best]
    if len(chosen) > 1:
        raise refusal("table.several", file=file.name, known=some(chosen))
    member = chosen[0]
    suffix = Path(member).suffix.lower()
    if suffix in _VECTOR_ORDER:
        return _read_vector(file, layer=layer, member=member, **options)
    return _unpacked(file, member, suffix, layer=layer, max_bytes=max_bytes, **options)


def _zip_rank(name: str) -> tuple[int, bool]:
    """Vector layers before plain tables, then the one in degrees when a producer ships several projections."""
    suffix = Path(name).suffix.lower()
    rank = _VECTOR_ORDER.index(suffix) if suffix in _VECTOR_ORDER else len(_VECTOR_ORDER)
    return rank, "wgs84" not in name.lower()


def _unpacked(file: Path, member: str, suffix: str, **options: Any) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"table{suffix}"
        with zipfile.ZipFile(file) as archive, archive.open(member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        return _reader_of(target, suffix)(target, **{**options, "layer": None})
