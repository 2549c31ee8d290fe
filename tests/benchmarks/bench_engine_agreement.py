"""How far our times at 14:00 lie from those of cafein and ferrobus on Porto Alegre, as they come and at one convention.

``python tests/benchmarks/bench_engine_agreement.py``. No times of computing: differences of results only, over all
pairs of 1,227 hexagons that both reach. Conventions are matched through public options, one after the other, so that
each line says what one of them is worth; the pairs that differ most are then told leg by leg by both.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from bench_engine import DATA, DAY, PEERS, write_even_feeds
from pyproj import Transformer

from geo_access.network.build import build_network
from geo_access.network.model import Network
from geo_access.routing.journeys import explain_query
from geo_access.routing.query import Query, Window
from geo_access.times.core import point_times

AT = Window(14 * 3600, 14 * 3600)
RAW = (str(DATA / "poa_eptc.zip"), str(DATA / "poa_trensurb.zip"))

CAFEIN = """
import json, sys, warnings, numpy as np, pandas as pd, geopandas as gpd
warnings.simplefilter("ignore")
from cafein import DetailedItineraries, TransportNetwork, TravelTimeMatrix
asked = json.load(open(sys.argv[1]))
cells = pd.read_csv(asked["data"] + "/poa_hexgrid.csv")
points = gpd.GeoDataFrame(cells[["id"]], geometry=gpd.points_from_xy(cells.lon, cells.lat), crs=4326)
network = TransportNetwork.from_gtfs(asked["feeds"], osm_pbf=asked["data"] + "/poa_osm.pbf", walking_speed_kmph=3.6,
                                     snap_distance=asked["snap_m"])
shared = dict(departure=asked["day"] + " 14:00:00", walking_speed_kmph=3.6, max_walking_time=20,
              snap_distance=asked["snap_m"], output_time_units="seconds")
if asked["pairs"]:
    told = []
    for o, d in asked["pairs"]:
        ends = points.iloc[[o]], points.iloc[[d]]
        frame = pd.DataFrame(DetailedItineraries(network, *ends, geometries=False, **shared))
        if len(frame):
            best = frame.groupby("option").arrival_s.max().idxmin()
            frame = frame[frame.option == best]
        rows = frame.itertuples()
        told.append([[r.leg_type, r.route_short_name, int(r.departure_s), int(r.arrival_s)] for r in rows])
    json.dump(told, open(asked["out"], "w"))
else:
    frame = TravelTimeMatrix(network, points, destinations=points, **shared)
    index = {k: i for i, k in enumerate(points.id)}
    m = np.full((len(points), len(points)), np.nan)
    m[frame.from_id.map(index), frame.to_id.map(index)] = frame.travel_time
    np.save(asked["out"], m)
"""

FERROBUS = """
import datetime, json, sys, ferrobus, numpy as np
asked = json.load(open(sys.argv[1]))
model = ferrobus.create_transit_model(asked["data"] + "/poa_osm.pbf", asked["feeds"],
                                      datetime.date.fromisoformat(asked["day"]), max_transfer_time=1200)
def point(lat, lon):
    try:
        return ferrobus.create_transit_point(lat, lon, model, 1200, 1000)
    except Exception:
        return None
points = [point(*p) for p in asked["points"]]
kept = [i for i, p in enumerate(points) if p is not None]
found = ferrobus.travel_time_matrix(model, [points[i] for i in kept], 14 * 3600, 7)
m = np.full((len(points), len(points)), np.nan)
m[np.ix_(kept, kept)] = np.array(found, dtype=float)
np.save(asked["out"], m)
"""


@dataclass(frozen=True)
class Setting:
    """One set of conventions: what it says, our query, the feeds that we read, and what the peer is asked."""

    says: str
    query: Query
    even: bool
    peer: tuple[str, float, bool]


def settings() -> list[Setting]:
    """Ours as it comes, then one convention after the other as the peer has it."""
    own = Query("transit", depart=AT, walk_kmh=3.6)
    change = replace(own, min_transfer_s=0)
    walks = replace(change, max_transfer_s=1200, max_direct_s=1200)
    fast = replace(own, walk_kmh=5.04)
    return [
        Setting("cafein: both as they come", own, even=False, peer=("cafein", 1600.0, False)),
        Setting("cafein: + blank times evenly, stops within 500 m", own, even=True, peer=("cafein", 500.0, True)),
        Setting("cafein: + no time kept for a change", change, even=True, peer=("cafein", 500.0, True)),
        Setting("cafein: + 20 min between stops and all the way", walks, even=True, peer=("cafein", 500.0, True)),
        Setting("ferrobus: ours as it comes at its 5.04 km/h", fast, even=False, peer=("ferrobus", 0.0, True)),
        Setting("ferrobus: + blank times filled evenly", fast, even=True, peer=("ferrobus", 0.0, True)),
        Setting(
            "ferrobus: + no time kept for a change, 20 min between stops, 40 min all the way",
            replace(fast, min_transfer_s=0, max_transfer_s=1200, max_direct_s=2400),
            even=True,
            peer=("ferrobus", 0.0, True),
        ),
        Setting(
            "ferrobus: + a transfer walk may follow the last ride (egress to 40 min)",
            replace(fast, min_transfer_s=0, max_transfer_s=1200, max_direct_s=2400, max_egress_s=2400),
            even=True,
            peer=("ferrobus", 0.0, True),
        ),
    ]


def ask_peer(
    name: str, feeds: tuple[str, ...], snap_m: float, folder: Path, pairs: list[tuple[int, int]] | None = None
) -> Path | None:
    """Run a peer in its own environment; return the file it wrote."""
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        print(f"{name}: not installed (install_peers.py)")
        return None
    out = folder / ("legs.json" if pairs else f"{name}.npy")
    points = pd.read_csv(DATA / "poa_hexgrid.csv")[["lat", "lon"]].to_numpy().tolist()
    asked = {"data": str(DATA), "day": DAY, "feeds": list(feeds), "snap_m": snap_m, "points": points, "out": str(out)}
    (folder / "asked.json").write_text(json.dumps(asked | {"pairs": pairs or []}))
    script = {"cafein": CAFEIN, "ferrobus": FERROBUS}[name]
    done = subprocess.run([python, "-c", script, folder / "asked.json"], capture_output=True, text=True)
    if done.returncode:
        print(f"{name}: failed\n{done.stderr[-2000:]}")
        return None
    return out


def gaps(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, str]:
    """Differences over the pairs both reach (NaN elsewhere), and their distribution in words."""
    both = np.isfinite(ours) & np.isfinite(theirs) & ~np.eye(len(ours), dtype=bool)
    gap = np.where(both, ours - theirs, np.nan)
    found = gap[both]
    low, middle, high = np.quantile(found, (0.1, 0.5, 0.9))
    off = np.abs(found)
    only = (np.isfinite(ours) & ~np.isfinite(theirs)).mean(), (~np.isfinite(ours) & np.isfinite(theirs)).mean()
    return gap, (
        f"both {both.mean():.1%} (only ours {only[0]:.1%}, only theirs {only[1]:.1%}); p10 {low:+.0f}, median "
        f"{middle:+.0f}, p90 {high:+.0f} s; absolute median {np.median(off):.0f}, p90 {np.quantile(off, 0.9):.0f} s; "
        f"within 10 s {(off <= 10).mean():.1%}, within 60 s {(off <= 60).mean():.1%}"
    )


def tell_worst(
    network: Network, query: Query, xy: np.ndarray, gap: np.ndarray, feeds: tuple[str, ...], folder: Path
) -> None:
    """Tell the pairs that differ most, three each way, by both."""
    order = np.argsort(np.nan_to_num(gap).ravel())
    pairs = [divmod(int(k), len(gap)) for k in (*order[-1:-200:-70], *order[:200:70])]
    legs = ask_peer("cafein", feeds, 500.0, folder, pairs)
    theirs = json.loads(legs.read_text()) if legs else [[]] * len(pairs)
    for (o, d), told in zip(pairs, theirs, strict=True):
        print(f"  {o} → {d}: ours − cafein {gap[o, d]:+.0f} s")
        journeys = explain_query(network, xy[o : o + 1], xy[d : d + 1], query)
        mine = [
            f"{leg.line or leg.kind} {leg.start_s - AT.start_s}–{leg.end_s - AT.start_s}" for leg in journeys[0].legs
        ]
        peer = [f"{line if kind == 'transit' else kind} {a - AT.start_s}–{b - AT.start_s}" for kind, line, a, b in told]
        print("    ours:   " + ", ".join(mine))
        print("    cafein: " + ", ".join(peer))


def main() -> None:
    """Compare, print."""
    cells = pd.read_csv(DATA / "poa_hexgrid.csv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        even = tuple(write_even_feeds(folder))
        networks, peers = {}, {}
        for setting in settings():
            if setting.peer not in peers:
                peer, snap_m, evenly = setting.peer
                out = ask_peer(peer, even if evenly else RAW, snap_m, folder)
                peers[setting.peer] = None if out is None else np.load(out)
            if setting.even not in networks:
                networks[setting.even] = build_network(
                    DATA / "poa_osm.pbf",
                    even if setting.even else RAW,
                    date=DAY,
                    modes=("walk",),
                    walk_kmh=5.04,
                    max_transfer_s=1200,
                )
            theirs, network = peers[setting.peer], networks[setting.even]
            if theirs is None:
                continue
            to_metric = Transformer.from_crs(4326, network.epsg, always_xy=True)
            xy = np.column_stack(to_metric.transform(cells.lon, cells.lat))
            gap, words = gaps(point_times(network, xy, xy, setting.query).seconds[:, :, 0], theirs)
            print(f"{setting.says}\n  {words}", flush=True)
            if setting.says.startswith("cafein: + 20"):
                tell_worst(network, setting.query, xy, gap, even, folder)


if __name__ == "__main__":
    main()
