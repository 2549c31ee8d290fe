"""Asking one program about streets, each in its own process and environment: a job in, figures and matrices out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from install_peers import python_of, version_of
from pyproj import Transformer

from geo_access.network.model import Streets
from geo_access.network.streets.streets import build_streets

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data"
EXTRACTS = {
    "Porto Alegre": DATA / "porto_alegre" / "poa_osm.pbf",
    "Porto": DATA / "osm" / "porto_portugal.osm.pbf",
    "Lille": DATA / "hauts_de_france" / "lille_drive.osm.pbf",
    "Monaco": DATA / "osm" / "monaco.osm.pbf",
    "Zheleznogorsk": DATA / "zheleznogorsk" / "roads.osm.pbf",
}
OSM = {
    "Champs-Élysées": DATA / "osm" / "champs_elysees.osm.bz2",
    "Portland": DATA / "osm" / "portland-central-filtered.osm.pbf",
}
# The peers' own files: a text in their profile and what stands in its place.
OSRM_WALK_48 = [["local walking_speed = 5\n", "local walking_speed = 4.8\n"]]
OSRM_NO_TURNS = [
    ["turn_penalty              = 7.5", "turn_penalty              = 0"],
    ["oncoming_turn_penalty     = 2.0", "oncoming_turn_penalty     = 0"],
]
OSRM_NO_SIGNALS = [["u_turn_penalty                 = 20,", "u_turn_penalty = 20, traffic_signal_penalty = 0,"]]

Answer = tuple[dict[str, float], dict[str, np.ndarray]]


def said(name: str) -> str:
    """Name and version of a program."""
    return "geo_access" if name == "ours" else version_of(name)


def ask(name: str, folder: Path, **job: object) -> Answer | None:
    """Figures (seconds, MB) and arrays of one program; None, and a word why, when it cannot answer."""
    python = Path(sys.executable) if name == "ours" else python_of(name.partition("_")[0])
    if python is None:
        print(f"  {name}: not installed here (install_peers.py)", flush=True)
        return None
    out = folder / f"{name}.answer"
    path = folder / f"{name}.job.json"
    path.write_text(json.dumps({"folder": str(folder / name), "out": str(out), **job}, default=str))
    done = subprocess.run([python, HERE / f"peer_{name}.py", path], capture_output=True, text=True)
    if done.returncode:
        print(f"  {name}: failed: {(done.stderr.strip().splitlines() or ['no word'])[-1]}", flush=True)
        return None
    figures = json.loads(Path(f"{out}.json").read_text())
    arrays = Path(f"{out}.npz")
    return figures, dict(np.load(arrays)) if arrays.exists() else {}


def load() -> str:
    """How busy the machine is."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def places(city: str) -> np.ndarray:
    """Longitude and latitude of what is asked about: hexagons in Porto Alegre, 2,000 spots beside streets in Porto."""
    if city == "Porto Alegre":
        return pd.read_csv(DATA / "porto_alegre" / "poa_hexgrid.csv")[["lon", "lat"]].to_numpy()
    streets = build_streets(EXTRACTS[city], modes=("walk",))
    chosen = np.random.default_rng(2026).choice(len(streets.node_x), 2_000, replace=False)
    return _degrees(streets, streets.node_x[chosen] + 15.0, streets.node_y[chosen] + 10.0)


def car_nodes(city: str, n: int, seed: int = 1) -> np.ndarray:
    """Longitude and latitude of street nodes that a car can enter and leave: nothing is snapped there.

    Nodes on motorways, trunk roads, ramps and service ways are left out, so that a start or an end there is one that
    every program accepts.
    """
    streets = build_streets(EXTRACTS[city], modes=("car",))
    graph = streets.graphs["car"]
    n_nodes = len(streets.node_id)
    town = ("primary", "secondary", "tertiary", "unclassified", "residential", "living_street")
    ordinary = np.isin(np.array(streets.class_names)[streets.edge_class], town)
    tails = np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))
    arcs = np.flatnonzero(tails < n_nodes)
    good, other = (np.zeros(n_nodes, dtype=bool) for _ in range(2))
    good[tails[arcs[ordinary[graph.edges[arcs]]]]] = True
    other[tails[arcs[~ordinary[graph.edges[arcs]]]]] = True
    entered = np.bincount(graph.heads[graph.heads < n_nodes], minlength=n_nodes) > 0
    usable = np.flatnonzero(good & ~other & entered)
    chosen = np.random.default_rng(seed).choice(usable, min(n, len(usable)), replace=False)
    return _degrees(streets, streets.node_x[chosen], streets.node_y[chosen])


def near_streets(osm: Path, mode: str, n: int, seed: int = 27) -> np.ndarray:
    """Longitude and latitude of random points within 30 m of a street that a mode may use, by length of street."""
    streets = build_streets(osm, modes=(mode,))
    rng = np.random.default_rng(seed)
    edges = np.unique(streets.graphs[mode].edges)
    if len(streets.edge_stops):
        edges = edges[streets.edge_stops[edges]]
    length = streets.edge_length_m[edges].astype(np.float64)
    first = streets.geometry_indptr[rng.choice(edges, n, p=length / length.sum())]
    start, end = streets.geometry_xy[first], streets.geometry_xy[first + 1]
    turn, far = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 30.0, n)
    at = (
        start + rng.uniform(0, 1, (n, 1)) * (end - start) + far[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))
    )
    return _degrees(streets, at[:, 0], at[:, 1])


def _degrees(streets: Streets, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.column_stack(Transformer.from_crs(streets.epsg, 4326, always_xy=True).transform(x, y))
