"""A folder keeps all that this program did not write, whatever happens to the run that replaces its result."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest

from geo_access.errors import InputError
from geo_access.manifest import Manifest, manifest_schema, write_whole
from geo_access.study.folder import free_sheet, holds_result_of, output_files, output_folder, slugs


def write_result(out: Path, content: str, *, overwrite: bool = True) -> list[str]:
    """Write a result of two files; give what was said."""
    with output_folder(out, overwrite=overwrite) as result:
        (result.folder / "maps").mkdir()
        (result.folder / "flags.csv").write_text(content)
        (result.folder / "maps" / "a.html").write_text(content)
        manifest = Manifest({}, {}, extra={"study": "essai"}, files=output_files(result.folder))
        write_whole(result.folder / "manifest.json", manifest.to_json())
    return [note.key for note in result.notes]


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_new_result_replaces_only_what_the_earlier_one_wrote(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert write_result(out, "1") == []
    (out / "notes.txt").write_text("mine")
    (out / "maps" / "project.qgz").write_text("mine")
    (out / "perso" / "vide").mkdir(parents=True)
    assert write_result(out, "2") == ["out.kept"]
    assert (out / "flags.csv").read_text() == "2"
    assert (out / "notes.txt").read_text() == (out / "maps" / "project.qgz").read_text() == "mine"
    assert (out / "perso" / "vide").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    # Once more: the user's files are still nobody's result.
    assert write_result(out, "3") == ["out.kept"]
    assert names(out) == {"flags.csv", "maps/a.html", "manifest.json", "notes.txt", "maps/project.qgz"}


def test_a_file_of_ours_that_was_edited_is_the_users(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_result(out, "1")
    (out / "flags.csv").write_text("annotated")
    assert write_result(out, "2") == ["out.kept_aside"]
    assert (out / "flags.csv").read_text() == "2"
    assert (out / "flags.kept-1.csv").read_text() == "annotated"


def test_links_are_moved_and_never_followed(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "data"
    write_result(out, "1")
    elsewhere.mkdir()
    (elsewhere / "precious.csv").write_text("mine")
    (out / "data").symlink_to(elsewhere, target_is_directory=True)
    write_result(out, "2")
    assert (out / "data" / "precious.csv").read_text() == "mine"
    assert (out / "data").is_symlink()


def test_what_is_no_result_is_refused_and_untouched(tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "manifest.json").write_text('{"name": "a web application"}')
    (out / "index.html").write_text("mine")
    with pytest.raises(InputError, match="--out"):
        write_result(out, "1")
    assert (out / "index.html").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("left", ["", '{\n  "id": "0123', "\x00\x00\x00"])
def test_a_manifest_cut_by_a_full_disk_loses_nothing(tmp_path: Path, left: str) -> None:
    out = tmp_path / "out"
    write_result(out, "1")
    (out / "manifest.json").write_text(left)
    assert "out.kept_aside" in write_result(out, "2")
    assert (out / "flags.csv").read_text() == "2"
    assert (out / "flags.kept-1.csv").read_text() == "1"


def test_a_failed_run_leaves_the_earlier_result(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_result(out, "1")
    with suppress(KeyboardInterrupt), output_folder(out, overwrite=True) as result:
        (result.folder / "flags.csv").write_text("half")
        raise KeyboardInterrupt
    assert (out / "flags.csv").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


KILLED = """
import os, signal, sys
from pathlib import Path
from geo_access.study import folder
from tests.study.test_folder import write_result
calls = {name: getattr(os, name) for name in ("rename", "unlink")}
left = [int(sys.argv[2])]
def counted(name):
    def call(*a, **k):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return calls[name](*a, **k)
    return call
for name in calls:
    setattr(os, name, counted(name))
write_result(Path(sys.argv[1]), "2")
"""


def test_killed_between_any_two_moves_nothing_is_lost(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for moves in range(12):
        home = tmp_path / str(moves)
        out = home / "out"
        write_result(out, "1")
        (out / "notes.txt").write_text("mine")
        (out / "flags.csv").write_text("annotated")
        done = subprocess.run([sys.executable, "-c", KILLED, str(out), str(moves)], cwd=root, check=False)
        write_result(out, "3")
        assert (out / "notes.txt").read_text() == "mine", moves
        assert (out / "flags.csv").read_text() == "3", moves
        assert "annotated" in {path.read_text() for path in out.glob("flags.kept-*.csv")}, moves
        assert [path.name for path in home.iterdir()] == ["out"], moves
        assert not (out / ".geo-access-working").exists()
        if done.returncode == 0:
            return
    raise AssertionError("the run never ended by itself")


def test_manifests_keep_to_their_schema(tmp_path: Path) -> None:
    write_result(tmp_path / "out", "1")
    content = json.loads((tmp_path / "out" / "manifest.json").read_text())
    jsonschema.validate(content, manifest_schema())
    assert set(content["files"]) == {"flags.csv", "maps/a.html"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content | {"inputs": {"a.csv": "no hash"}}, manifest_schema())


def test_an_earlier_result_is_known_by_its_study(tmp_path: Path) -> None:
    write_result(tmp_path / "out", "1")
    assert holds_result_of(tmp_path / "out", "essai")
    assert not holds_result_of(tmp_path / "out", "autre")
    assert not holds_result_of(tmp_path, "essai")


def test_names_never_meet() -> None:
    codes = ["a..b", "a-b", "F1602", "f1602", "all", "compare", "CON", "été", "t", "../x", "F1602-2"]
    found = slugs(codes)
    assert list(found) == codes
    assert len({name.lower() for name in found.values()}) == len(codes)
    assert {found["a-b"], found["F1602"], found["F1602-2"]} == {"a-b", "F1602", "F1602-2"}
    assert found["été"] == "ete"
    assert not {"all", "compare", "con"} & {name.lower() for name in found.values()}


@pytest.mark.parametrize(
    "codes",
    [
        ["e", "\u00e9", "e\u0301"],
        ["\U0001f600", "\U0001f642", "---", ""],
        ["a", "a ", "a."],
        ["I", "i", "\u0130", "\u0131"],
        ["A" * 300, "A" * 299 + "b"],
        ["NUL", "nul", "Lpt1"],
    ],
)
def test_names_that_look_alike_never_meet(codes: list[str]) -> None:
    names = slugs(codes)
    assert list(names) == codes
    assert len({name.lower() for name in names.values()}) == len(codes)
    assert all(name.isascii() and 0 < len(name) < 80 and name.strip(".- ") == name for name in names.values())
    assert not {"nul", "lpt1"} & {name.lower() for name in names.values()}


def test_no_sheet_of_a_person_is_replaced(tmp_path: Path) -> None:
    first = free_sheet(tmp_path / "fiches")
    assert first == tmp_path / "fiches" / "fiche-1.html"
    first.parent.mkdir()
    first.write_text("somebody's")
    assert free_sheet(tmp_path / "fiches").name == "fiche-2.html"
    with pytest.raises(InputError, match="already"):
        free_sheet(first)
