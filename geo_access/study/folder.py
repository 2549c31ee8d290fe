"""The folder of a result: built beside its place, moved there when whole; what this program did not write stays.

A result's manifest lists its files with their SHA-256. Only these, unchanged, are ever replaced or removed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from geo_access.errors import InputError
from geo_access.manifest import read_manifest, sha256_file
from geo_access.words.note import Note, note

try:
    import fcntl
except ImportError:  # Windows refuses to remove an open file: that serves as the lock there.
    fcntl = None  # type: ignore[assignment]

__all__ = ["MARK", "Output", "free_sheet", "holds_result_of", "output_files", "output_folder", "slugs"]

MARK = "manifest.json"
_WORKING = ".geo-access-working"
_OLD = "-old"
_SHOWN = 5
_LONGEST_NAME = 60
# Pages with all métiers, and what Windows keeps for devices.
_RESERVED = frozenset(
    {"all", "compare", "assets", "index", "con", "prn", "aux", "nul"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}
)


def _slug(text: str) -> str:
    # Letters without their accents stay readable.
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else " " for char in bare)
    return "-".join(kept.replace("..", " ").split()).strip(".-")[:_LONGEST_NAME] or "x"


def slugs(texts: Sequence[str]) -> dict[str, str]:
    """File names for some texts: readable, never a path, each its own whatever the case.

    Parameters
    ----------
    texts : sequence of str
        Codes, each once.

    Returns
    -------
    dict of str to str
        Text → letters, digits, dots and hyphens; a number is added where two would meet on a disk that does not tell
        upper from lower case, or would take the name of a page with all métiers.

    Examples
    --------
    >>> slugs(["F1602", "f1602", "a..b", "a-b", "../..", "all"])
    {'F1602': 'F1602', 'f1602': 'f1602-2', 'a..b': 'a-b-2', 'a-b': 'a-b', '../..': 'x', 'all': 'all-2'}
    """
    wanted = list(dict.fromkeys(texts))
    taken = set(_RESERVED)
    names: dict[str, str] = {}
    # A text that is a name already keeps it, whatever comes before it.
    for text in wanted:
        if _slug(text) == text and text.lower() not in taken:
            names[text] = text
            taken.add(text.lower())
    for text in (text for text in wanted if text not in names):
        base = name = _slug(text)
        number = 2
        while name.lower() in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name.lower())
        names[text] = name
    return {text: names[text] for text in wanted}


@dataclass(eq=False)
class Output:
    """A result being written.

    Attributes
    ----------
    folder : pathlib.Path
        Where to write it for now.
    notes : list of Note
        What was found at its place and kept, or cleaned; complete once the block has ended.
    """

    folder: Path
    notes: list[Note] = field(default_factory=list)


def _listed(folder: Path) -> Mapping[str, str]:
    """Files of a result by relative path, with their SHA-256; none when its manifest is empty or older than the list.

    Raises
    ------
    InputError
        When its manifest is another program's.
    """
    content: Any = read_manifest(folder / MARK)
    if content is None:
        raise InputError(
            f"{folder}: holds other files than a result of geo-access → choose another folder with --out",
            key="out_is_foreign",
            values={"folder": folder},
        )
    files = content.get("files")
    if not isinstance(files, dict):
        return {}
    inside = {str(name): str(digest) for name, digest in files.items()}
    return {name: digest for name, digest in inside.items() if ".." not in PurePosixPath(name).parts}


def holds_result_of(out: str | Path, study: str) -> bool:
    """Whether a folder holds an earlier result of the study of that name."""
    content = read_manifest(Path(out) / MARK)
    return bool(content) and content.get("study") == study  # type: ignore[union-attr]


def _check_place(out: Path, *, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: is a file → choose another output folder", key="out_is_file", values={"folder": out})
    if not any(out.iterdir()):
        return
    _listed(out)
    if not overwrite:
        raise InputError(
            f"{out}: holds an earlier result → add --overwrite, or choose another folder with --out",
            key="out_is_result",
            values={"folder": out},
        )


def _hold(folder: Path) -> int:
    """Mark a folder as being written by this process; the mark goes with the process, however it ends."""
    handle = os.open(folder / _WORKING, os.O_RDWR | os.O_CREAT, 0o600)
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _is_held(folder: Path) -> bool:
    try:
        handle = os.open(folder / _WORKING, os.O_RDWR)
    except OSError:
        return False
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _release(handle: int, folder: Path) -> None:
    os.close(handle)
    (folder / _WORKING).unlink(missing_ok=True)


def _recover(out: Path) -> list[Note]:
    """Finish or clean what runs that were killed left beside `out`."""
    notes = []
    if _is_held(out):
        return []
    for left in sorted(out.parent.glob(f".{out.name}-????????{_OLD}")):
        if left.is_dir() and read_manifest(left / MARK) is not None and not _is_held(left):
            if not out.exists():
                left.rename(out)
                notes.append(note("out.restored", folder=out.name))
            else:
                notes += _give_back(left, out, _listed(left))
    for left in sorted(out.parent.glob(f".{out.name}-????????")):
        if left.is_dir() and (left / _WORKING).is_file() and not _is_held(left):
            shutil.rmtree(left, ignore_errors=True)
            notes.append(note("out.cleaned", folder=left.name))
    (out / _WORKING).unlink(missing_ok=True)
    return notes


def _aside(path: Path) -> Path:
    """Give a free name beside one that is taken."""
    number = 1
    while os.path.lexists(free := path.with_name(f"{path.stem}.kept-{number}{path.suffix}")):
        number += 1
    return free


def _give_back(retired: Path, out: Path, listed: Mapping[str, str]) -> list[Note]:
    """Remove the earlier result from `retired`, move all else to `out`, and say what."""
    ours = {retired / name for name in listed}
    for path in ours:
        if path.is_file() and not path.is_symlink() and sha256_file(path) == listed[str(_relative(path, retired))]:
            path.unlink()
    kept, renamed = [], []
    for folder, _, files in os.walk(retired, topdown=False):
        here = Path(folder)
        for name in sorted(files):
            # The manifest goes last: it is what tells this folder from a stranger's, should this process be killed.
            if here == retired and name in (MARK, _WORKING):
                continue
            target = out / (here / name).relative_to(retired)
            target.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(target):
                target = _aside(target)
                renamed.append(f"{_relative(here / name, retired)} → {target.name}")
            else:
                kept.append(str(_relative(here / name, retired)))
            (here / name).rename(target)
        _move_links(here, retired, out, kept)
        if here != retired and not any(here.iterdir()) and not any(here in path.parents for path in ours):
            (out / here.relative_to(retired)).mkdir(parents=True, exist_ok=True)
        if here != retired:
            with suppress(OSError):
                here.rmdir()
    shutil.rmtree(retired, ignore_errors=True)
    found = []
    if kept:
        found.append(note("out.kept", n=len(kept), files=_some(sorted(kept))))
    if renamed:
        found.append(note("out.kept_aside", n=len(renamed), files=_some(sorted(renamed))))
    return found


def _move_links(here: Path, retired: Path, out: Path, kept: list[str]) -> None:
    """Move links to folders, which a walk lists as folders."""
    for entry in sorted(here.iterdir()):
        if entry.is_symlink():
            target = out / entry.relative_to(retired)
            target.parent.mkdir(parents=True, exist_ok=True)
            entry.rename(_aside(target) if os.path.lexists(target) else target)
            kept.append(str(_relative(entry, retired)))


def _relative(path: Path, folder: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(folder).as_posix())


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


@contextmanager
def output_folder(out: Path, *, overwrite: bool) -> Iterator[Output]:
    """Give a temporary folder, and put it at `out` when the block ends well.

    An earlier result is replaced file by file: what its manifest lists, unchanged since, goes; anything else stays
    where it is, or beside the new file of the same name. What a killed run left is restored or cleaned first.

    Parameters
    ----------
    out : pathlib.Path
        Final place.
    overwrite : bool
        Whether an earlier result of this program may be replaced.

    Raises
    ------
    InputError
        When `out` exists and may not be replaced: it is a file, holds something that is not a result of this
        program, or `overwrite` is false.
    """
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    notes = _recover(out)
    _check_place(out, overwrite=overwrite)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    handle = _hold(work)
    try:
        yield Output(work, notes)
        work.chmod(0o755)
        notes += _swap(work, out)
    finally:
        _release(handle, work if work.exists() else out)
        shutil.rmtree(work, ignore_errors=True)


def _swap(work: Path, out: Path) -> list[Note]:
    """Put a whole result at its place; the earlier one comes back when that fails."""
    if not out.exists():
        work.rename(out)
        return []
    retired = work.with_name(work.name + _OLD)
    listed = _listed(out) if any(out.iterdir()) else {}
    out.rename(retired)
    try:
        work.rename(out)
    except OSError:
        retired.rename(out)
        raise
    return _give_back(retired, out, listed)


def free_sheet(out: Path) -> Path:
    """Give the place of one person's sheet: no earlier sheet is ever replaced, and no name says who it is of.

    Parameters
    ----------
    out : pathlib.Path
        A file that does not exist, or a folder: then ``fiche-1.html`` in it, or the next number that is free.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        When the file exists.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "fiche-1.html").write_text("somebody's")
    >>> free_sheet(folder).name
    'fiche-2.html'
    """
    if out.suffix.lower() in (".html", ".htm"):
        if os.path.lexists(out):
            raise InputError(
                f"{out}: a sheet is there already → give another name, or a folder: sheets are numbered in it",
                key="sheet_exists",
                values={"file": out},
            )
        return out
    number = 1
    while os.path.lexists(path := out / f"fiche-{number}.html"):
        number += 1
    return path


def output_files(folder: Path) -> dict[str, str]:
    """List the files of a result with their SHA-256, for its manifest.

    Parameters
    ----------
    folder : pathlib.Path
        All of it but the mark of the process that writes it.

    Returns
    -------
    dict of str to str
        Path relative to `folder`, with ``/`` → 64 hexadecimal digits.
    """
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(_relative(path, folder)): sha256_file(path) for path in files if path.name != _WORKING}
