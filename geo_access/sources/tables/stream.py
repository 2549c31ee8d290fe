"""Tables too large to hold: read in batches, only the columns asked for."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from geo_access.errors import InputError
from geo_access.sources.tables.read import TEXT_SUFFIXES, parse_csv, require_file, text_format
from geo_access.sources.tables.text import detect_separator, pick_columns
from geo_access.words.told import refusal

__all__ = ["column_names", "stream_table"]


def stream_table(path: str | Path, *, columns: Sequence[str], batch_rows: int = 100_000) -> Iterator[pd.DataFrame]:
    r"""Read a table of any size in batches, only the columns asked for.

    Parameters
    ----------
    path : str or pathlib.Path
        ``.parquet``, ``.csv`` or a ``.zip`` of one CSV.
    columns : sequence of str
        Exact names of the columns.
    batch_rows : int
        Rows of a batch: the memory it takes does not grow with the file.

    Yields
    ------
    pandas.DataFrame
        As much text as the file has; parquet keeps its types.

    Raises
    ------
    InputError
        When a column is missing or the file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("x,y\n1,2\n3,4\n5,6\n")
    >>> [batch["y"].tolist() for batch in stream_table(file, columns=["y"], batch_rows=2)]
    [['2', '4'], ['6']]
    """
    file = require_file(path)
    known = column_names(file)
    pick_columns(known, {}, where=file.name, given={column: column for column in columns})
    try:
        if file.suffix.lower() == ".parquet":
            for batch in pq.ParquetFile(file).iter_batches(batch_size=batch_rows, columns=list(columns)):
                yield batch.to_pandas()
            return
        yield from _stream_text(file, columns, batch_rows)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise refusal("table.damaged", file=file.name, why=str(error).splitlines()[0]) from error


def _stream_text(file: Path, columns: Sequence[str], batch_rows: int) -> Iterator[pd.DataFrame]:
    if file.suffix.lower() == ".zip":
        with zipfile.ZipFile(file) as archive, archive.open(_single_text(archive, file)) as stream:
            yield from pd.read_csv(
                stream,
                sep=_zip_separator(file),
                encoding="utf-8-sig",
                dtype=str,
                usecols=list(columns),
                keep_default_na=False,
                na_values=[""],
                chunksize=batch_rows,
            )
        return
    encoding, delimiter = text_format(file, None, None)
    yield from parse_csv(file, encoding, delimiter, columns=columns, chunksize=batch_rows)


def _single_text(archive: zipfile.ZipFile, file: Path) -> str:
    texts = [name for name in archive.namelist() if Path(name).suffix.lower() in TEXT_SUFFIXES]
    if len(texts) != 1:
        raise refusal("table.texts", file=file.name, n=len(texts))
    return texts[0]


def _zip_separator(file: Path) -> str:
    with zipfile.ZipFile(file) as archive, archive.open(_single_text(archive, file)) as stream:
        return detect_separator(stream.read(65_536).decode("utf-8-sig", errors="replace").rpartition("\n")[0])


def column_names(path: str | Path) -> list[str]:
    """Names of the columns of a CSV, zip of one CSV, or parquet file, without reading its rows.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        When the file is of another format or damaged.
    """
    file = require_file(path)
    suffix = file.suffix.lower()
    try:
        if suffix == ".parquet":
            return list(pq.ParquetFile(file).schema_arrow.names)
        if suffix == ".zip":
            with zipfile.ZipFile(file) as archive, archive.open(_single_text(archive, file)) as stream:
                return list(pd.read_csv(stream, sep=_zip_separator(file), encoding="utf-8-sig", nrows=0).columns)
        if suffix in TEXT_SUFFIXES:
            encoding, delimiter = text_format(file, None, None)
            return list(parse_csv(file, encoding, delimiter, columns=None, nrows=0).columns)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise refusal("table.damaged", file=file.name, why=str(error).splitlines()[0]) from error
    raise refusal("table.stream", file=file.name)
