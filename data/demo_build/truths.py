"""The planted truths: numbers computed here from lengths, speeds and timetables, without the package under test."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import shapely
from demo_build import feeds, need, people, supply
from demo_build import geography as geo
from demo_build.streets import Streets
from demo_build.transit import clock
from scipy.spatial import cKDTree

WALK_KMH, WALK_LIMIT_MIN, THRESHOLD_MIN = 4.8, 20, 60


def _nearest(streets: Streets, graph: nx.Graph, xy: np.ndarray) -> list[int]:
    nodes = np.array(sorted(graph.nodes))
    return nodes[cKDTree(np.array(streets.xy)[nodes]).query(xy)[1]].tolist()


def _zone_ids(tiles: list[tuple[geo.Place, shapely.Polygon]]) -> dict[str, str]:
    return {place.name: people.commune_id(i) for i, (place, _) in enumerate(tiles)}


def _in(cells: pd.DataFrame, shape: shapely.Polygon) -> np.ndarray:
    return np.flatnonzero(shapely.contains_xy(shape, cells["x"].to_numpy(), cells["y"].to_numpy()))


def _plateau_car_minutes(
    streets: Streets, cars: nx.DiGraph, cells: pd.DataFrame, tiles: list[tuple[geo.Place, shapely.Polygon]]
) -> dict[str, Any]:
    """Free-flow minutes by car from the plateau's cells to the nearest centre of the métier taught only in Valmont."""
    main = cars.subgraph(max(nx.strongly_connected_components(cars), key=len))
    sites = [
        place
        for *_, metier, _level, _voie, _places, _filled, _modality, _quality, place in supply.TRAINING
        if metier == supply.ONLY_IN_METROPOLIS and place
    ]
    targets = _nearest(streets, main, np.array(sites) * 1000.0)
    to_site = nx.multi_source_dijkstra_path_length(main.reverse(copy=False), set(targets), weight="seconds")
    result = {}
    for place, shape in tiles:
        if place.name in geo.PLATEAU:
            inside = _in(cells, shape)
            nodes = _nearest(streets, main, cells[["x", "y"]].to_numpy()[inside])
            minutes = [to_site[node] / 60 for node in nodes]
            result[place.name] = {
                "cells": len(inside),
                "least_min": round(min(minutes), 1),
                "most_min": round(max(minutes), 1),
            }
    return result


def _stop_places(folder: Path) -> np.ndarray:
    rows = []
    for file in sorted(folder.glob("gtfs_*.zip")):
        with zipfile.ZipFile(file) as archive, archive.open("stops.txt") as stream:
            rows.append(pd.read_csv(stream)[["stop_lon", "stop_lat"]].to_numpy())
    return np.vstack(rows)


def _peninsula(
    folder: Path,
    streets: Streets,
    walk: nx.Graph,
    cells: pd.DataFrame,
    districts: list[tuple[people.District, shapely.Polygon]],
) -> dict[str, Any]:
    """Metres on foot from the peninsula's cells to the nearest stop of any feed."""
    shape = next(shape for district, shape in districts if district.zone_id == "QN9006")
    inside = _in(cells, shape)
    stops = _nearest(streets, walk, geo.local_metres(_stop_places(folder)))
    to_stop = nx.multi_source_dijkstra_path_length(walk, set(stops), weight="metres")
    metres = [to_stop[node] for node in _nearest(streets, walk, cells[["x", "y"]].to_numpy()[inside])]
    return {
        "reason": "TOO_FAR_TO_WALK",
        "zone_id": "QN9006",
        "cells": len(inside),
        "least_walk_m": round(min(metres)),
        "most_walk_m": round(max(metres)),
        "walk_limit_m": round(WALK_LIMIT_MIN * WALK_KMH / 60 * 1000),
    }


def _by_timetable(ids: dict[str, str], cells: pd.DataFrame) -> dict[str, Any]:
    """Truths that lie in the timetables and the tables."""
    full = [offer for offer in supply.TRAINING if offer[3] == supply.FULL_METIER]
    return {
        "industrial_zone_at_five": {
            "reason": "LATE_OUT",
            "zone_id": ids["Fergny"],
            "site_prefix": "Laminage",
            "zone_name": geo.LAMINOIRS.name,
            "shift_start": "05:00",
            "shift_end": "13:00",
            "first_arrival": clock(feeds.LAMINOIRS_FIRST_ARRIVAL_S),
            "ride_s": feeds.LAMINOIRS_RIDE_S,
            "last_departure_back": clock(feeds.LAMINOIRS_LAST_BACK_S),
        },
        "border_gain": {
            "zone_id": ids["Brugelle"],
            "feed": "gtfs_voisinie.zip",
            "metiers": ["F1602", "H2902", "J1501"],
            "line": "71",
            "gained_sites": ["T04", "T09", "T17"],
            "duplicated_stops": sorted(feeds.BORDER_STOPS),
        },
        "no_return": {
            "reason": "EARLY_BACK",
            "zone_id": ids["Saint-Aubrac"],
            "line": "303",
            "metiers": ["F1602", "I1304", "J1501", "N4101"],
            "out_departure": "08:08:00",
            "only_return": "12:35:00",
        },
        "supply_full": {
            "saturation": "saturé",
            "metier": supply.FULL_METIER,
            "places": sum(offer[6] for offer in full),
            "filled": sum(offer[7] for offer in full),
            "job_seekers": int(cells["job_seekers"].sum()),
        },
        "car_only": {"reason": "TOO_FAR_TO_WALK", "zone_id": ids["Les Essarts"]},
        "night_bus": {
            "zone_id": "QN9001",
            "zone_name": geo.PORT.name,
            "line": "N1",
            "departure": "28:15:00",
            "shift_start": "05:00",
        },
    }


def write_truths(
    path: Path,
    *,
    network: Streets,
    cars: nx.DiGraph,
    walk: nx.Graph,
    cells: pd.DataFrame,
    tiles: list[tuple[geo.Place, shapely.Polygon]],
    districts: list[tuple[people.District, shapely.Polygon]],
) -> None:
    """Write the planted truths, each with the arithmetic's numbers; the feeds lie in the same folder already."""
    ids = _zone_ids(tiles)
    plateau = _plateau_car_minutes(network, cars, cells, tiles)
    truths = _by_timetable(ids, cells) | {
        "plateau_beyond_by_car": {
            "not_lifted_by": "car",
            "metier": supply.ONLY_IN_METROPOLIS,
            "zone_ids": [ids[name] for name in geo.PLATEAU],
            "car_free_flow": plateau,
            "least_min": min(entry["least_min"] for entry in plateau.values()),
        },
        "walk_too_long": _peninsula(path.parent, network, walk, cells, districts),
        "need": need.need_truth(),
    }
    content = {
        "synthetic": True,
        "licence": geo.LICENCE,
        "service_date": geo.SERVICE_DATE,
        "epsg": geo.EPSG,
        "walk_kmh": WALK_KMH,
        "walk_limit_min": WALK_LIMIT_MIN,
        "threshold_min": THRESHOLD_MIN,
        "truths": truths,
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
