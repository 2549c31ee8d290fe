"""How our driving and walking times differ from those of OSRM, Valhalla, cafein and pandana, and why.

``python tests/benchmarks/bench_streets_agreement.py [car walk]``. Driving: between street nodes, so that nothing is
snapped, in five places (the last two were not looked at when the constants were chosen); then OSRM without its turn
costs, without its signals, and ours with each one's speeds, which names the causes. Walking: 1,227 hexagons of Porto
Alegre at 4.8 km/h; what of the differences belongs to the two ends (snapping), and the pairs that differ most.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from pyproj import Transformer
from street_peers import (
    EXTRACTS,
    OSRM_NO_SIGNALS,
    OSRM_NO_TURNS,
    OSRM_WALK_48,
    ask,
    car_nodes,
    places,
    said,
)

from geo_access.network.streets.streets import build_streets

N_NODES = 300
CLASSES_KM = ((0, 2), (2, 5), (5, 10), (10, 20), (20, 100))
FREE = {"signal_s": 0.0, "junction_s": 0.0}
# Valhalla's default speeds in towns, motorway to service [km/h]; a limit is its speed.
VALHALLA_KMH = {
    "motorway": 89.0,
    "trunk": 73.0,
    "primary": 57.0,
    "secondary": 49.0,
    "tertiary": 40.0,
    "unclassified": 35.0,
    "residential": 30.0,
    "service": 20.0,
}
OSRM_KMH = {
    "motorway": 90.0,
    "motorway_link": 45.0,
    "trunk": 85.0,
    "trunk_link": 40.0,
    "primary": 65.0,
    "primary_link": 30.0,
    "secondary": 55.0,
    "secondary_link": 25.0,
    "tertiary": 40.0,
    "tertiary_link": 20.0,
    "unclassified": 25.0,
    "residential": 25.0,
    "living_street": 10.0,
    "service": 15.0,
}


def spread(values: np.ndarray) -> str:
    """Median, p10 and p90."""
    low, middle, high = np.percentile(values, [10, 50, 90])
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def car_times(city: str, folder: Path) -> dict[str, np.ndarray]:
    """Seconds between the same nodes by program and variant, and the metres of OSRM's routes."""
    np.save(folder / "points.npy", car_nodes(city, N_NODES))
    common = {"osm": EXTRACTS[city], "points": folder / "points.npy", "repeats": 1}
    found: dict[str, np.ndarray] = {}
    ours = {
        "ours": {},
        "ours, no delays": FREE,
        "ours, no junctions": {"junction_s": 0.0},
        "ours, OSRM's speeds, no delays": FREE | {"limit_factor": 0.8, "class_kmh": OSRM_KMH},
        "ours, Valhalla's speeds, no delays": FREE | {"limit_factor": 1.0, "class_kmh": VALHALLA_KMH},
    }
    for name, change in ours.items():
        answer = ask("ours", folder, **common, modes=["car"], car=change)
        assert answer, "our own side failed"
        found[name] = answer[1]["car seconds"]
    theirs = {
        "OSRM": [],
        "OSRM, no turn costs": OSRM_NO_TURNS,
        "OSRM, no turn costs, no signals": OSRM_NO_TURNS + OSRM_NO_SIGNALS,
    }
    for name, change in theirs.items():
        answer = ask("osrm", folder, **common, profile="car", method="MLD", replace=change)
        if answer:
            found |= {name: answer[1]["seconds"]} | ({"metres": answer[1]["metres"]} if name == "OSRM" else {})
    answer = ask("valhalla", folder, **common, costing="auto")
    if answer:
        found["Valhalla"] = answer[1]["seconds"]
        found["Valhalla metres"] = answer[1]["metres"]
    answer = ask("cafein", folder, **common, modes=["car"])
    if answer:
        found["cafein"] = answer[1]["car seconds"]
    if {"OSRM", "Valhalla"} <= set(found):
        found["consensus"] = np.sqrt(found["OSRM"] * found["Valhalla"])
    return found


def car() -> None:
    """Print distributions of ratios by city and distance, then the causes."""
    print(f"Driving between street nodes; {said('osrm')}, {said('valhalla')}, {said('cafein')}; median (p10–p90)")
    causes = []
    for city in EXTRACTS:
        with tempfile.TemporaryDirectory() as name:
            found = car_times(city, Path(name))
        if "consensus" not in found:
            continue
        reached = np.isfinite(found["ours"]) & np.isfinite(found["consensus"]) & (found["consensus"] > 120)
        missing = np.isfinite(found["ours"]).mean(), np.isfinite(found["Valhalla"]).mean()
        print(
            f"\n{city}: {reached.sum()} pairs of two minutes or more; reached by ours {missing[0]:.1%}, Valhalla "
            f"{missing[1]:.1%}"
        )
        columns = [peer for peer in ("consensus", "OSRM", "Valhalla", "cafein") if peer in found]
        print("| distance | pairs | " + " | ".join(f"ours / {peer}" for peer in columns) + " | OSRM / Valhalla |")
        for low, high in ((0, 1_000), *CLASSES_KM):
            rows = reached & (found["metres"] >= low * 1e3) & (found["metres"] < high * 1e3)
            if rows.sum() < 100:
                continue
            cells = []
            for peer in columns:
                both = rows & np.isfinite(found[peer])
                cells.append(spread(found["ours"][both] / found[peer][both]))
            cells.append(spread(found["OSRM"][rows] / found["Valhalla"][rows]))
            label = "all" if high == 1_000 else f"{low}–{high} km"
            print(f"| {label} | {rows.sum()} | " + " | ".join(cells) + " |")

        def share(name: str, of: str, found: dict = found, rows: np.ndarray = reached) -> str:
            """Median ratio of two variants."""
            both = rows & np.isfinite(found[name]) & np.isfinite(found[of])
            return f"{np.median(found[name][both] / found[of][both]):.2f}"

        causes.append(
            [
                city,
                share("OSRM", "OSRM, no turn costs"),
                share("OSRM, no turn costs", "OSRM, no turn costs, no signals"),
                share("ours, no junctions", "ours, no delays"),
                share("ours", "ours, no junctions"),
                share("ours, no delays", "OSRM, no turn costs, no signals"),
                share("ours, OSRM's speeds, no delays", "OSRM, no turn costs, no signals"),
                share("ours, no delays", "ours, Valhalla's speeds, no delays"),
                share("Valhalla", "ours, Valhalla's speeds, no delays"),
                share("Valhalla metres", "metres"),
            ]
        )
    print("\nCauses, median factors")
    print(
        "| place | OSRM: turns | OSRM: signals | ours: signals | ours: junctions | speeds: ours / OSRM "
        "| same speeds: ours / OSRM | speeds: ours / Valhalla | Valhalla: delays | metres, Valhalla / OSRM "
        "|"
    )
    for row in causes:
        print("| " + " | ".join(row) + " |")


def walk_times(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Walking times between the hexagons of Porto Alegre by program, at 4.8 km/h."""
    city = "Porto Alegre"
    points = places(city)
    np.save(folder / "points.npy", points)
    common = {"osm": EXTRACTS[city], "points": folder / "points.npy", "repeats": 1}
    answer = ask("ours", folder, **common, modes=["walk", "bike", "car"], ask=["walk"])
    assert answer, "our own side failed"
    found = {"ours": {key.removeprefix("walk "): value for key, value in answer[1].items()}}
    answer = ask("osrm", folder, **common, profile="foot", method="MLD", replace=OSRM_WALK_48)
    if answer:
        found["OSRM foot"] = answer[1]
    bare = [*OSRM_WALK_48, ["traffic_signal_penalty        = 2", "traffic_signal_penalty = 0"]]
    answer = ask("osrm", folder, **common, profile="foot", method="MLD", replace=bare)
    if answer:
        found["OSRM foot, no signals"] = answer[1]
    options = {"walking_speed": 4.8}
    answer = ask("valhalla", folder, **common, costing="pedestrian", options=options)
    if answer:
        found["Valhalla pedestrian"] = answer[1]
    answer = ask("cafein", folder, **common, modes=["walk"])
    if answer:
        found["cafein, its 3.6 km/h scaled"] = {"seconds": answer[1]["walk seconds"] * 3.6 / 4.8}
    streets = build_streets(EXTRACTS[city], modes=("walk", "bike", "car"))
    graph = streets.graphs["walk"]
    place = np.concatenate((np.arange(len(streets.node_id)), graph.copy_of))
    tails = np.repeat(np.arange(graph.n_states), np.diff(graph.indptr))
    data = {"x": streets.node_x[place], "y": streets.node_y[place], "tails": tails, "heads": graph.heads}
    on_walk = np.zeros(graph.n_states, dtype=bool)
    on_walk[tails] = True
    number = np.cumsum(on_walk) - 1  # pandana snaps to any node it is given: only those that one can walk
    data = {"x": data["x"][on_walk], "y": data["y"][on_walk], "tails": number[tails], "heads": number[graph.heads]}
    np.savez(folder / "graph.npz", **data, weights=graph.deciseconds.astype(float))
    xy = np.column_stack(Transformer.from_crs(4326, streets.epsg, always_xy=True).transform(*points.T))
    np.save(folder / "xy.npy", xy)
    answer = ask("pandana", folder, graph=folder / "graph.npz", xy=folder / "xy.npy")
    if answer:
        found["pandana, nearest node"] = {"seconds": answer[1]["lengths"] / 10, "snap_m": answer[1]["snap_m"]}
    found["ours"]["place"] = xy
    return found


def ends_share(gap: np.ndarray) -> float:
    """Share of the variance of differences that belongs to the origin and the destination, not to the way between."""
    rows = np.isfinite(gap)
    filled = np.where(rows, gap, np.nanmean(gap))
    start, end = filled.mean(axis=1, keepdims=True), filled.mean(axis=0, keepdims=True)
    rest = filled - start - end + filled.mean()
    return 1.0 - float(np.var(rest[rows]) / np.var(gap[rows]))


def worst(gap: np.ndarray, seconds: np.ndarray) -> list[tuple[int, int]]:
    """Five pairs that differ most, each origin and destination once; two minutes or more."""
    size = np.where(np.isfinite(gap) & (seconds > 120), np.abs(gap), -1.0)
    chosen: list[tuple[int, int]] = []
    for flat in np.argsort(size, axis=None)[::-1]:
        i, j = np.unravel_index(flat, size.shape)
        used = {k for pair in chosen for k in pair}
        if {int(i), int(j)} & used or i == j:
            continue
        chosen.append((int(i), int(j)))
        if len(chosen) == 5:
            break
    return chosen


def walk() -> None:
    """Print the distribution of differences, what the ends explain, and the worst pairs."""
    with tempfile.TemporaryDirectory() as name:
        found = walk_times(Path(name))
    ours = found.pop("ours")
    seconds, connector, place = ours["seconds"], ours["connector_s"], ours["place"]
    print(f"\nWalking, {len(seconds)} hexagons of Porto Alegre at 4.8 km/h; ours − theirs [s]")
    linked = np.isfinite(connector)
    ends = f"{spread(ours['snap_m'][linked])} m, {spread(connector[linked])} s"
    print(
        f"from a hexagon's middle to its street: {ends}; {(~linked).sum()} lie beyond 500 m of any and are not linked"
    )
    print(
        "| program | both reach | only ours | only theirs | median (p10–p90) | absolute median, p90 | ratio "
        "| of it the ends explain | without our ends: median (p10–p90) |"
    )
    for peer, theirs in found.items():
        other = theirs["seconds"]
        n = len(other)
        mine = seconds[:n]
        off = ~np.eye(len(seconds), dtype=bool)[:n]
        both = np.isfinite(mine) & np.isfinite(other) & off
        gap = np.where(both, mine - other, np.nan).astype(np.float64)
        bare = gap - connector[:n, None] - connector[None, :]
        ratio = mine[both & (other > 60)] / other[both & (other > 60)]
        print(
            f"| {peer} | {both.mean():.1%} | {(np.isfinite(mine) & ~np.isfinite(other) & off).mean():.1%} "
            f"| {(~np.isfinite(mine) & np.isfinite(other) & off).mean():.1%} | {spread(gap[both])} "
            f"| {np.median(np.abs(gap[both])):.0f}, {np.percentile(np.abs(gap[both]), 90):.0f} | {spread(ratio)} "
            f"| {ends_share(gap):.0%} | {spread(bare[both])} |"
        )
    for peer, theirs in found.items():
        other = theirs["seconds"]
        gap = seconds[: len(other)] - other
        print(f"\n{peer}, five worst pairs: hexagons; straight line; ours, theirs; our ends; their ends, way [m]")
        for i, j in worst(gap, other):
            straight = np.hypot(*(place[i] - place[j]))
            snap = theirs.get("snap_m")
            ends = f"{snap[i]:.0f} + {snap[j]:.0f}" if snap is not None else "?"
            way = f", {theirs['metres'][i, j]:.0f}" if "metres" in theirs else ""
            print(
                f"  {i} → {j}: {straight:.0f} m; {seconds[i, j]:.0f} s, {other[i, j]:.0f} s; "
                f"{ours['snap_m'][i]:.0f} + {ours['snap_m'][j]:.0f}; {ends}{way}",
                flush=True,
            )


if __name__ == "__main__":
    for part in sys.argv[1:] or ("car", "walk"):
        {"car": car, "walk": walk}[part]()
