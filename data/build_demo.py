"""Write the synthetic demo territory into a folder: same bytes on every run.

    python data/build_demo.py [FOLDER]        (default: data/demo)

No clock, no internet, seeded random numbers. The pieces are in ``data/demo_build``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from demo_build import feeds, need, osm_file, people, streets, supply, truths
from demo_build.transit import Router

HERE = Path(__file__).resolve().parent


def build(folder: Path) -> None:
    """Write every file of the demo territory but the hand-written ones (``study.toml``, ``README.md``)."""
    folder.mkdir(parents=True, exist_ok=True)
    network = streets.build_streets()
    cars = streets.car_graph(network)
    router = Router(cars, network.xy)
    tram, tracks = feeds.write_feeds(folder, router)
    osm_file.write_osm(folder / "streets.osm.bz2", network, tram=[tram], rail=list(tracks))
    tiles, districts = people.communes(), people.districts()
    people.write_zones(folder / "zones.geojson", tiles, districts)
    cells = people.populated_cells(network, tiles, districts)
    cells.drop(columns=["x", "y"]).to_csv(folder / "points.csv", index=False, lineterminator="\n", float_format="%.6f")
    supply.write_training(folder / "training.csv")
    supply.write_employment(folder / "employment.csv")
    supply.write_employers(folder / "employers.csv")
    need.write_needs(folder)
    walk = streets.walk_graph(network)
    truths.write_truths(
        folder / "truths.json", network=network, cars=cars, walk=walk, cells=cells, tiles=tiles, districts=districts
    )


def main() -> None:
    """Build into the folder given on the command line."""
    parser = argparse.ArgumentParser(description="Write the synthetic demo territory.")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "demo")
    folder = parser.parse_args().folder
    build(folder)
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir()) if file.is_file()}
    for name, size in sizes.items():
        print(f"{size / 1000:10.1f} kB  {name}")
    print(f"{np.sum(list(sizes.values())) / 1000:10.1f} kB  in all")


if __name__ == "__main__":
    main()
