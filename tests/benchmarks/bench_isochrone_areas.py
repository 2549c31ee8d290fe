"""Areas within 15, 30, 45 and 60 minutes of the 15 points of interest of Porto Alegre, beside those of the peers.

``python tests/benchmarks/bench_isochrone_areas.py [walk car transit]``. Walking against Valhalla's contours at 4.8 km/h
and cafein's H3 cells at its 3.6 km/h; driving against both, each at its own speeds; transit at 14:00 against cafein
(3.6 km/h) and ferrobus (5.04 km/h). Two measures: the area of the polygons, and the street nodes inside both over those
inside either, which does not depend on how an area is drawn. For cafein also our node times drawn as its cells are.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from bench_engine import write_even_feeds
from pyproj import Transformer
from street_peers import DATA, EXTRACTS, ask, load, said

from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.network.search.links import link_points
from geo_access.network.search.search import node_times
from geo_access.network.streets import streets as streets_module
from geo_access.surfaces.isochrones import isochrones

MINUTES = (15, 30, 45, 60)
PLACE = DATA / "porto_alegre"
FEEDS = [PLACE / "poa_eptc.zip", PLACE / "poa_trensurb.zip"]
DAY, DEPART = "2019-05-13", "14:00"
RESOLUTION = 9
# Valhalla drives at the limit; the rest of its time is what turns cost it.
AT_THE_LIMIT = {"limit_factor": 1.0, "signal_s": 0.0, "junction_s": 0.0}

Shapes = dict[tuple[int, int], shapely.Geometry]


def sites() -> gpd.GeoDataFrame:
    """Points of interest."""
    table = pd.read_csv(PLACE / "poa_points_of_interest.csv")
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table.lon, table.lat), crs=4326)


def ours(network: Network, *, later_min: int = 0, **asked: object) -> tuple[Shapes, float]:
    """Polygons by site and cutoff, that much later, and the median time of the four around one site [s]."""
    where, shapes, spent = sites(), {}, []
    for row in range(len(where)):
        begin = time.perf_counter()
        cutoffs = [minutes + later_min for minutes in MINUTES]
        bands = isochrones(network, where.iloc[[row]], minutes=cutoffs, **asked)  # type: ignore[arg-type]
        spent.append(time.perf_counter() - begin)
        shapes |= {(row, minutes): shape for minutes, shape in zip(MINUTES, bands.geometry)}
    return shapes, float(np.median(spent))


def of_answer(folder: Path, name: str, epsg: int) -> Shapes:
    """Polygons that a peer wrote, valid and in metres."""
    path = folder / f"{name}.answer.geojson"
    if path.exists():
        frame = gpd.read_file(path).set_crs(4326, allow_override=True)
    else:
        table = pd.DataFrame(json.loads((folder / f"{name}.answer.wkt.json").read_text()))
        frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries.from_wkt(table["wkt"]), crs=4326)
    frame = frame.to_crs(epsg)
    return {(int(r.site), int(r.minutes)): shapely.make_valid(r.geometry) for r in frame.itertuples()}


def beside(title: str, mine: Shapes, theirs: Shapes, nodes: np.ndarray, alike: np.ndarray | None = None) -> None:
    """Print one row for each cutoff: areas, their ratio over the sites, and the nodes inside both."""
    print(f"\n{title}, {load()}")
    print(
        "| minutes | ours [km²] | theirs [km²] | ours / theirs, median (p10–p90) | street nodes in both / in either "
        "| theirs / our nodes drawn as theirs |"
    )
    for column, minutes in enumerate(MINUTES):
        rows = [row for row in range(len(sites())) if (row, minutes) in mine and (row, minutes) in theirs]
        a = np.array([mine[row, minutes].area for row in rows]) / 1e6
        b = np.array([theirs[row, minutes].area for row in rows]) / 1e6
        shared = []
        for row in rows:
            here, there = (shapely.contains_xy(shape[row, minutes], *nodes.T) for shape in (mine, theirs))
            shared.append((here & there).sum() / max((here | there).sum(), 1))
        low, middle, high = np.percentile(a / b, [10, 50, 90])
        drawn = "" if alike is None else f"{np.median(b / alike[rows, column]):.2f}"
        print(
            f"| {minutes} | {np.median(a):.2f} | {np.median(b):.2f} | {middle:.2f} ({low:.2f}–{high:.2f}) "
            f"| {np.median(shared):.2f} | {drawn} |",
            flush=True,
        )


def node_file(network: Network, mode: str, walk_kmh: float, path: Path) -> np.ndarray:
    """Write our times at street nodes from each site; return the nodes' positions [m]."""
    streets = network.streets
    xy = np.array([[point.x, point.y] for point in sites().to_crs(network.epsg).geometry])
    links = link_points(streets, xy, mode=mode, connector_kmh=walk_kmh)
    speed = {"speed_kmh": walk_kmh} if mode == "walk" else {}
    seconds = [
        node_times(streets, links.take(np.array([k])), mode=mode, max_s=3600, **speed) for k in range(len(links))
    ]
    place = np.column_stack((streets.node_x, streets.node_y))
    used = np.isfinite(seconds).any(axis=0)
    to_degrees = Transformer.from_crs(network.epsg, 4326, always_xy=True)
    lonlat = np.column_stack(to_degrees.transform(*place[used].T))
    np.savez(path, lonlat=lonlat, seconds=np.nan_to_num(np.array(seconds)[:, used], nan=np.inf))
    return place


def on_streets(mode: str, folder: Path) -> None:
    """Walking or driving."""
    network = build_network([EXTRACTS["Porto Alegre"]], date=DAY, modes=("walk", "car"))
    np.save(folder / "points.npy", np.array([[p.x, p.y] for p in sites().geometry]))
    common = {"osm": EXTRACTS["Porto Alegre"], "points": folder / "points.npy", "minutes": MINUTES}
    walk_kmh = 3.6 if mode == "walk" else 4.8  # cafein's
    nodes = node_file(network, mode, walk_kmh, folder / "nodes.npz")
    mine, spent = ours(network, mode=mode)
    options = {"walking_speed": 4.8} if mode == "walk" else {}
    costing = "pedestrian" if mode == "walk" else "auto"
    answer = ask("valhalla", folder, **common, costing=costing, options=options)
    if answer:
        theirs = of_answer(folder, "valhalla", network.epsg)
        times = f"{spent * 1e3:.0f} and {answer[0]['contours_s'] * 1e3:.0f} ms a site"
        beside(f"{mode}, ours and {said('valhalla')} {costing}, {times}", mine, theirs, nodes)
        if mode == "car":
            car = streets_module.PROFILES["car"]
            streets_module.PROFILES = {**streets_module.PROFILES, "car": replace(car, **AT_THE_LIMIT)}  # type: ignore[arg-type]
            fast = build_network([EXTRACTS["Porto Alegre"]], date=DAY, modes=("walk", "car"))
            streets_module.PROFILES = {**streets_module.PROFILES, "car": car}
            beside("car, ours at the limit without delays, and Valhalla", ours(fast, mode="car")[0], theirs, nodes)
    if mode == "walk":
        mine, spent = ours(network, mode="walk", walk_kmh=3.6)
    answer = ask("cafein_areas", folder, **common, mode=mode, resolution=RESOLUTION, nodes=folder / "nodes.npz")
    if answer:
        theirs = of_answer(folder, "cafein_areas", network.epsg)
        speed = " at 3.6 km/h" if mode == "walk" else ""
        times = f"{spent * 1e3:.0f} and {answer[0]['contours_s'] * 1e3:.0f} ms a site"
        title = f"{mode}, ours and {said('cafein')}{speed}, H3 cells of level {RESOLUTION}, {times}"
        beside(title, mine, theirs, nodes, np.array(answer[0]["drawn_alike_km2"]))


def by_transit(folder: Path) -> None:
    """Transit at 14:00."""
    network = build_network([EXTRACTS["Porto Alegre"]], FEEDS, date=DAY, modes=("walk",))
    nodes = np.column_stack((network.streets.node_x, network.streets.node_y))
    np.save(folder / "points.npy", np.array([[p.x, p.y] for p in sites().geometry]))
    common = {
        "osm": EXTRACTS["Porto Alegre"],
        "points": folder / "points.npy",
        "minutes": MINUTES,
        "resolution": RESOLUTION,
    }
    kmh = {"cafein": 3.6, "ferrobus": 5.04}
    feeds = {"gtfs": FEEDS, "mode": "transit", "departure": f"{DAY} {DEPART}:00", "walk_kmh": kmh["cafein"]}
    lon, lat = Transformer.from_crs(network.epsg, 4326, always_xy=True).transform(*nodes.T)
    area = shapely.box(lon.min(), lat.min(), lon.max(), lat.max()).wkt
    jobs = {
        "cafein": feeds,
        "ferrobus": {"gtfs": write_even_feeds(folder / "even"), "day": DAY, "depart_s": 14 * 3600, "area": area},
    }
    for peer, job in jobs.items():
        answer = ask(f"{peer}_areas", folder, **common, **job)
        if answer:
            mine, spent = ours(network, mode="transit", depart=DEPART, walk_kmh=kmh[peer], cell_m=100.0)
            theirs = of_answer(folder, f"{peer}_areas", network.epsg)
            times = f"{spent * 1e3:.0f} and {answer[0]['contours_s'] * 1e3:.0f} ms a site"
            title = f"transit {DEPART}, ours and {said(peer)} at {kmh[peer]:g} km/h, H3 cells of level {RESOLUTION}"
            beside(f"{title}, {times}", mine, theirs, nodes)
        if answer and peer == "cafein":  # what our times are longer by (bench_engine.py): blank stop times, changes
            mine, _ = ours(network, later_min=2, mode="transit", depart=DEPART, walk_kmh=kmh[peer], cell_m=100.0)
            beside("the same, ours two minutes later than the cutoff", mine, theirs, nodes)


def main() -> None:
    """Print the tables."""
    for mode in sys.argv[1:] or ("walk", "car", "transit"):
        with tempfile.TemporaryDirectory() as name:
            by_transit(Path(name)) if mode == "transit" else on_streets(mode, Path(name))


if __name__ == "__main__":
    main()
