"""What an OSM file is, by what it begins with: names of files that were passed on lie."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["is_bomb", "kind_of", "osm_file", "xml_opener"]

_FORMATS = {".pbf": "pbf", ".o5m": "o5m"}
_MAGIC = {"gz": b"\x1f\x8b", "bz2": b"BZh"}
_OPENERS: Mapping[str, Any] = {"": open, "gz": gzip.open, "bz2": bz2.open}
_HEAD_BYTES = 64
_LOOKED_BYTES = 32 << 20
_MOST_SWELLING = 100


def kind_of(path: Path) -> tuple[str, str]:
    """Tell what a file is and how it is packed; where its beginning says nothing, the end of its name does.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    (str, str)
        ``osm`` (XML), ``pbf`` or ``o5m``; ``gz``, ``bz2`` or nothing.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "streets.osm.pbf"
    >>> _ = file.write_bytes(gzip.compress(b"<osm/>"))
    >>> kind_of(file)
    ('osm', 'gz')
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"OSMHeader" in head:
        return "pbf", ""
    if head.startswith(b"\xff\xe0\x04o5m2"):
        return "o5m", ""
    packed = next((name for name, magic in _MAGIC.items() if head.startswith(magic)), "")
    if packed or head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return "osm", packed
    suffixes = [suffix.lower() for suffix in path.suffixes]
    named = suffixes[-1].removeprefix(".") if suffixes[-1] in (".gz", ".bz2") else ""
    return _FORMATS.get(suffixes[-1], "osm"), named


def _format(path: Path) -> str:
    """Format of a file in osmium's words; whether it is a history is what its name says."""
    plain, packed = kind_of(path)
    history = any(suffix.lower() == ".osh" for suffix in path.suffixes)
    if plain == "pbf":
        return "osh.pbf" if history else "pbf"
    if history and plain == "osm":
        plain = "osh"
    return ".".join(filter(None, (plain, packed)))


def osm_file(path: Path, text: bytes | None = None) -> Any:
    """Open an OSM file as what it is.

    Parameters
    ----------
    path : Path
    text : bytes, optional
        What the file holds, unpacked already.

    Returns
    -------
    osmium.io.File or osmium.io.FileBuffer
    """
    import osmium  # noqa: PLC0415 — importing the room stays cheap

    if text is not None:
        return osmium.io.FileBuffer(text, _format(path).partition(".")[0])
    return osmium.io.File(str(path), _format(path))


def is_bomb(path: Path) -> bool:
    """Tell whether a packed file unpacks to a hundred times its size or more, which streets never do (ten to forty).

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    bool
        After its first 32 MB unpacked: what swells only later is not seen.
    """
    packed = kind_of(path)[1]
    if not packed:
        return False
    total = 0
    with path.open("rb") as raw, _OPENERS[packed](raw) as unpacked:
        try:
            while total < _LOOKED_BYTES:
                block = unpacked.read(1 << 20)
                if not block:
                    return False
                total += len(block)
        except (OSError, EOFError, zlib.error):
            # What cannot be unpacked is said by the reader.
            return False
        return total > _MOST_SWELLING * raw.tell()


def xml_opener(path: Path) -> Any:
    """Return what opens the XML in a file; None for another format."""
    plain, packed = kind_of(path)
    return _OPENERS[packed] if plain == "osm" else None
