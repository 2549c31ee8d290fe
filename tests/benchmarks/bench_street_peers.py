"""Our walking and driving times beside OSRM's and Valhalla's, between random points near streets.

``python tests/benchmarks/bench_street_peers.py [folder] [city …]``. 300 points within 30 m of a street of the mode, all
pairs, each program with its own way of joining points to streets; ours without the two walks off the street, which
OSRM does not count, and all at 4.8 km/h on foot. Shares are of pairs that both reach and that take two minutes or more
by the peer. Points and answers of the peers stay in the folder: asked again, only ours are
computed anew.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from street_peers import EXTRACTS, OSM, OSRM_WALK_48, ask, load, near_streets, said

CITIES = (*EXTRACTS, *OSM)
LONG_S = 120.0


def _pbf(path: Path, folder: Path) -> Path:
    """OSRM and Valhalla read ``.osm.pbf``."""
    if path.suffix == ".pbf":
        return path
    out = folder / f"{path.name.partition('.')[0]}.osm.pbf"
    if not out.exists():
        code = (
            "import osmium, sys; w = osmium.SimpleWriter(sys.argv[2])\n"
            "for item in osmium.FileProcessor(sys.argv[1]): w.add(item)\n"
            "w.close()"
        )
        subprocess.run([sys.executable, "-c", code, path, out], check=True)
    return out


def times(city: str, mode: str, folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Answers of every program for one mode."""
    source = {**EXTRACTS, **OSM}[city]
    kept = folder / "points.npy"
    points = np.load(kept) if kept.exists() else near_streets(source, mode, 300)
    np.save(kept, points)
    common = {"points": kept, "repeats": 1}
    own = ask("ours", folder, **common, osm=source, modes=["walk", "bike", "car"], ask=[mode])
    assert own, "our own side failed"
    found = {"ours": {key.removeprefix(f"{mode} "): value for key, value in own[1].items()} | {"points": points}}
    common["osm"] = _pbf(source, folder)
    walk = mode == "walk"
    changes = {"profile": "foot", "replace": OSRM_WALK_48} if walk else {"profile": "car"}
    costing = {"costing": "pedestrian", "options": {"walking_speed": 4.8}} if walk else {"costing": "auto"}
    for name, asked in (("osrm", {"method": "CH", **changes}), ("valhalla", costing)):
        before = folder / f"{name}.npz"
        answer = None if before.exists() else ask(name, folder, **common, **asked)
        if answer:
            found[name] = answer[1]
        elif before.exists():
            found[name] = dict(np.load(before))
    return found


def rows(city: str, mode: str, found: dict[str, dict[str, np.ndarray]]) -> list[str]:
    """Lines of the table."""
    ours = found["ours"]
    ends = ours["connector_s"]
    net = ours["seconds"] - ends[:, None] - ends[None, :]
    apart = ~np.eye(len(net), dtype=bool)
    peers = {name: found[name]["seconds"] for name in ("osrm", "valhalla") if name in found}
    if len(peers) == 2:
        peers["consensus"] = np.sqrt(peers["osrm"] * peers["valhalla"])
    lines = []
    for name, seconds in peers.items():
        both = np.isfinite(net) & np.isfinite(seconds) & (seconds >= LONG_S) & apart
        gap = np.abs(net - seconds)[both]
        ratio = net[both] / seconds[both]
        alone = int((np.isfinite(seconds) & ~np.isfinite(net) & apart).sum())
        own = int((np.isfinite(net) & ~np.isfinite(seconds) & apart).sum())
        within = f"{(gap <= 60).mean():.1%} | {(np.abs(ratio - 1) <= 0.1).mean():.1%}"
        lines.append(
            f"| {city} | {mode} | {name} | {int(both.sum())} | {within} | {np.median(ratio):.3f} | {own} / {alone} |"
        )
    return lines


def main(folder: Path, cities: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{said('osrm')}, {said('valhalla')}, {load()}", flush=True)
    print("| place | mode | beside | pairs | within 60 s | within 10 % | median ratio | only ours / only theirs |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    for city in cities:
        for mode in ("walk", "car"):
            place = folder / f"{CITIES.index(city)}_{mode}"  # OSRM reads no name with a space in it
            place.mkdir(exist_ok=True)
            found = times(city, mode, place)
            for name, arrays in found.items():
                np.savez(place / f"{name}.npz", **arrays)
            print("\n".join(rows(city, mode, found)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("out/street_peers"), sys.argv[2:] or list(CITIES))
