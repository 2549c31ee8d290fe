"""What is declared is what is tried: lower bounds, the demo's data, the extras and the versions of Python."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from itertools import chain

import pytest

from geo_access.errors import InputError, import_extra
from geo_access.study.study import demo_study_path
from tests.shared import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
RUNNING = [
    *PROJECT["dependencies"],
    *(each for extra in ("dask", "osmnx", "raster", "report", "siting", "web") for each in EXTRAS[extra]),
]
# Names under which libraries are imported, where they are not their own.
IMPORTED_AS = {"pillow": "PIL", "python-calamine": "python_calamine"}
# Libraries that come with one of ours, as a part of it.
COMPANIONS = {"affine": "rasterio", "branca": "folium", "llvmlite": "numba", "pydantic_core": "pydantic"}


def named(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement)[0].lower()


def test_each_lower_bound_is_the_one_that_is_tried() -> None:
    tried = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "tests" / "lowest.txt").read_text(), flags=re.MULTILINE))
    for requirement in RUNNING:
        bound = re.search(r">=([\d.]+)", requirement)
        assert bound, requirement
        own = [int(part) for part in bound[1].split(".")]
        installed = [int(part) for part in re.findall(r"\d+", tried[named(requirement)])][:3]
        assert installed[: len(own)] == own, requirement
        assert not any(installed[len(own) :]), requirement


def test_every_library_that_is_imported_is_declared() -> None:
    declared = {IMPORTED_AS.get(named(each), named(each)) for each in RUNNING} | {"geo_access", *COMPANIONS}
    found: dict[str, str] = {}
    for path in sorted((ROOT / "geo_access").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {name.split(".")[0]: path.name for name in modules}
    missing = {name: where for name, where in found.items() if name not in declared | set(sys.stdlib_module_names)}
    assert missing == {}
    assert set(COMPANIONS.values()) <= declared


def test_what_an_extra_brings_is_asked_for_by_name() -> None:
    """Without the extras every room is imported; only the modules that draw on matplotlib stand on one."""
    drawing = {f"geo_access.maps.{name}" for name in ("change", "drawing", "line_map", "sheet")}
    extras = chain.from_iterable(EXTRAS[extra] for extra in ("osmnx", "raster", "report", "siting"))
    brought = {IMPORTED_AS.get(named(each), named(each)) for each in extras}
    for path in sorted((ROOT / "geo_access").rglob("*.py")):
        own = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert own in drawing or not brought & {name.split(".")[0] for name in names}, path
            assert own in drawing or not drawing & set(names), path
    with pytest.raises(InputError, match=r'pip install "geo-access\[raster\]"'):
        import_extra("absent_library", "raster")


def test_the_demo_travels_in_one_copy() -> None:
    assert demo_study_path() == ROOT / "data" / "demo" / "study.toml"
    assert not (ROOT / "geo_access" / "demo").exists()
    assert "recursive-include data/demo *" in (ROOT / "MANIFEST.in").read_text(encoding="utf-8")


def test_the_workflow_covers_the_versions_of_python() -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    oldest = int(re.search(r">=3\.(\d+)", PROJECT["requires-python"])[1])  # type: ignore[index]
    assert re.findall(r'"3\.(\d+)"', workflow.partition("matrix")[2])[: 15 - oldest] == [
        str(minor) for minor in range(oldest, 15)
    ]
