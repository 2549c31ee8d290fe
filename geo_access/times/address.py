"""Folders of an object store: what parts of times are written to where machines share no disk.

An address such as ``s3://bucket/times`` is read through `fsspec`, with whatever credentials the machine has. An object
is written whole or not at all: there is nothing unfinished to clear away, and nothing to rename.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from geo_access.errors import CapacityError, import_extra
from geo_access.given import read_path
from geo_access.manifest import sha256_file, write_whole
from geo_access.network.model import Network
from geo_access.network.storage import save_network
from geo_access.words.told import refusal

__all__ = ["Address", "Place", "place_of", "read_table", "save_at", "sha256_of", "write_text", "writing"]


@dataclass(frozen=True)
class Address:
    """A folder or an object, by its address; the few things of `pathlib.Path` that parts need.

    Attributes
    ----------
    url : str

    Examples
    --------
    >>> (Address("memory://times") / "part-00000.parquet").name
    'part-00000.parquet'
    """

    url: str

    def __str__(self) -> str:
        """Return the address."""
        return self.url

    def __truediv__(self, name: str) -> Address:
        """Return what is in the folder under a name."""
        return Address(f"{self.url.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """Last part of the address."""
        return self.url.rstrip("/").rpartition("/")[2]

    def beside(self, ending: str) -> Address:
        """Return the address with something after its name."""
        return Address(self.url.rstrip("/") + ending)

    def _opened(self) -> tuple[Any, str]:
        """Return the file system and the path in it."""
        core = import_extra("fsspec.core", "dask")
        try:
            files, path = core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise refusal("stream.address", address=self.url, cause=str(error)) from error
        # What others wrote since is there, too.
        files.invalidate_cache()
        return files, path

    def exists(self) -> bool:
        """Whether there is something."""
        files, path = self._opened()
        return bool(files.exists(path))

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        files, path = self._opened()
        return bool(files.isdir(path))

    def is_file(self) -> bool:
        """Whether it is an object."""
        files, path = self._opened()
        return bool(files.isfile(path))

    def mkdir(self, *, parents: bool = True, exist_ok: bool = True) -> None:
        """Make the folder, where the store knows folders."""
        files, path = self._opened()
        if parents:
            files.makedirs(path, exist_ok=exist_ok)

    def iterdir(self) -> Iterator[Address]:
        """Yield what is in the folder."""
        files, path = self._opened()
        for found in files.ls(path, detail=False) if files.exists(path) else ():
            yield self / str(found).rstrip("/").rpartition("/")[2]

    def read_bytes(self) -> bytes:
        """Read the object."""
        files, path = self._opened()
        return bytes(files.cat_file(path))

    def read_text(self, encoding: str = "utf-8") -> str:
        """Read the object as text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes) -> None:
        """Write the object."""
        files, path = self._opened()
        files.pipe_file(path, content)

    def unlink(self) -> None:
        """Delete the object."""
        files, path = self._opened()
        files.rm_file(path)

    def resolve(self) -> Address:
        """Return the address, which is the same everywhere."""
        return self

    def upload(self, folder: Path) -> None:
        """Put a folder of this machine there, file by file."""
        for entry in (folder, *sorted(folder.rglob("*"))):
            there = self if entry == folder else self / entry.relative_to(folder).as_posix()
            if entry.is_file():
                there.write_bytes(entry.read_bytes())
            else:
                there.mkdir()

    def download(self, folder: Path) -> Path:
        """Fetch all that is in the folder to one of this machine."""
        files, path = self._opened()
        for found in files.find(path):
            target = folder / str(found).removeprefix(path).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files.cat_file(found))
        return folder


Place = Path | Address


def place_of(sink: str | Path) -> Place:
    """Return the folder, or the address where it is written as one.

    Examples
    --------
    >>> place_of("s3://bucket/times")
    Address(url='s3://bucket/times')
    """
    return Address(sink) if isinstance(sink, str) and "://" in sink else read_path(sink, "sink")


@contextlib.contextmanager
def writing(place: Place) -> Iterator[None]:
    """Tell a full disk, a store that is full or gone: what is whole stays, and the same run goes on with it."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error) or type(error).__name__
        raise refusal("stream.unwritten", CapacityError, file=place, cause=cause) from error


def sha256_of(place: Place) -> str:
    """Hash what a file or an object holds."""
    return sha256_file(place) if isinstance(place, Path) else hashlib.sha256(place.read_bytes()).hexdigest()


def write_text(place: Place, text: str) -> None:
    """Write a text that is whole or not there at all."""
    if isinstance(place, Path):
        write_whole(place, text)
    else:
        place.write_bytes(text.encode("utf-8"))


def read_table(place: Place) -> pd.DataFrame:
    """Read a table of parquet."""
    return pd.read_parquet(place if isinstance(place, Path) else io.BytesIO(place.read_bytes()))


def save_at(network: Network, place: Place) -> Place:
    """Save a network in a folder, or at an address.

    Returns
    -------
    Path or Address
        Where it is.

    Raises
    ------
    CapacityError
        When the store does not take it.
    """
    if isinstance(place, Path):
        return save_network(network, place)
    with tempfile.TemporaryDirectory() as here, writing(place):
        place.upload(save_network(network, Path(here) / "network"))
    return place
