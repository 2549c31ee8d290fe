"""The house keeps its shape: imports run downwards, the public surface stays narrow, importing stays cheap."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import networkx as nx

import geo_access

PACKAGE = Path(geo_access.__file__).parent
ROOMS = [
    "errors clock crs manifest modes arrays threads kernels",
    "words",
    "given",
    "sources",
    "network",
    "routing",
    "times",
    "surfaces",
    "measures",
    "diagnosis",
    "maps",
    "report",
    "study",
    "console",
    "start web",
    "cli",
    "__main__",
]
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms.split()}
PLOTTING = {"folium", "matplotlib", "branca", "weasyprint", "jinja2"}
HEAVY = {"numba", "geopandas", "osmium", "osmnx", "matplotlib", "folium", "rasterio", "scipy", "pandas", "numpy"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append(node.module or "")
    return found


def module_name(path: Path) -> str:
    return ".".join(("geo_access", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_module_has_a_floor() -> None:
    assert {room_of(path) for path in modules()} <= set(FLOOR)


def test_imports_run_down_the_house_only() -> None:
    upstairs = []
    for path in modules():
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "geo_access" and len(parts) > 1 and FLOOR[parts[1]] > FLOOR[room_of(path)]:
                upstairs.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert upstairs == []


def test_imports_form_no_circle() -> None:
    graph = nx.DiGraph()
    names = {module_name(path): path for path in modules()}
    for name, path in names.items():
        graph.add_edges_from((name, other) for other in imports(path) if other in names and other != name)
    assert [circle for circle in nx.strongly_connected_components(graph) if len(circle) > 1] == []


def test_only_maps_and_reports_draw() -> None:
    drawing = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if PLOTTING & {name.split(".")[0] for name in imports(path)} and room_of(path) not in ("maps", "report")
    }
    assert drawing == set()


def test_only_sources_reach_the_internet() -> None:
    network = {"requests", "urllib", "http", "httpx", "pooch", "socket"}
    reaching = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if network & {name.split(".")[0] for name in imports(path)} and room_of(path) not in ("sources", "web")
    }
    assert reaching == set()


def test_kernels_are_compiled_by_our_own_decorator_only() -> None:
    """numba's own reads kernels of another release as a traceback."""
    bare = [
        path.name for path in modules() if re.search(r"^from numba import .*\bn?jit\b", path.read_text(), re.MULTILINE)
    ]
    assert bare == []


def test_public_surface_is_narrow_and_resolves() -> None:
    assert len(geo_access.__all__) <= 25
    for name in geo_access.__all__:
        assert getattr(geo_access, name) is not None, name


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, geo_access; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY & set(loaded) == set()


def test_every_module_stays_under_its_ceiling() -> None:
    long = {str(path.relative_to(PACKAGE)): n for path in modules() if (n := len(path.read_text().splitlines())) > 500}
    assert long == {}


def test_every_module_is_reached_from_a_command_or_a_public_name() -> None:
    """What nobody can call is published or deleted."""
    names = {module_name(path): path for path in modules()}
    graph = nx.DiGraph()
    for name, path in names.items():
        graph.add_node(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                graph.add_edges_from((name, alias.name) for alias in node.names if alias.name in names)
            elif isinstance(node, ast.ImportFrom):
                inside = (f"{node.module}.{alias.name}" for alias in node.names)
                graph.add_edges_from((name, other) for other in (str(node.module), *inside) if other in names)
    starts = {getattr(geo_access, name).__module__ for name in geo_access.__all__ if name != "measures"}
    starts |= {"geo_access.measures", "geo_access.__main__"}
    reached = starts.union(*(nx.descendants(graph, start) for start in starts))
    rooms = {name for name in names if names[name].name == "__init__.py"}
    assert sorted(set(names) - reached - rooms) == []


def test_unknown_public_name_is_an_attribute_error() -> None:
    assert not hasattr(geo_access, "no_such_name")
    assert "travel_times" in dir(importlib.import_module("geo_access"))
