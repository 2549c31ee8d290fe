"""Compare whole worlds with the oracle and count what was compared: ``python -m tests.routing.count_oracle 0 2000``.

A cell is the time of one home, one site and one minute; of each home and site the percentiles, the share of the minutes
with a way and the cause of a missing time are compared, too. The same seed, the same world and questions.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from geo_access.routing.query import Query
from tests.routing.oracle_worlds import World, random_world, write_world
from tests.routing.test_oracle_worlds import COUNTS, check_query, random_query

QUERIES = 6


def kinds(world: World, query: Query) -> list[str]:
    """What of the world and the question makes journeys of a kind possible."""
    seats = (row["transfer_type"] == 4 for row in world.transfers)
    blocks = any(trip.get("block_id") for trip in world.trips) or any(seats)
    booked_stops = any(kind in (2, 3) for trip in world.trips for call in trip["calls"] for kind in call[3:])
    drawn = {
        "seats kept (blocks, transfers of type 4)": blocks,
        "stations": bool(world.stations),
        "ways inside stations": bool(world.ways),
        "frequencies": bool(world.frequencies),
        "expected waits": bool(world.frequencies) and world.expected_wait,
        "zones and groups on demand, booked": bool(world.flex) and query.on_demand and query.mode == "transit",
        "stops on demand, booked": booked_stops and query.on_demand,
        "stops on demand, not booked": booked_stops and not query.on_demand,
    }
    return [query.mode, *(name for name, there in drawn.items() if there)]


def compare(seed: int, counted: Counter[str]) -> list[str]:
    """Compare one world; give what differs."""
    rng = np.random.default_rng(seed)
    world = random_world(rng)
    found = []
    COUNTS["worlds"] += 1
    with TemporaryDirectory() as folder:
        network = write_world(world, Path(folder))
        for _ in range(QUERIES):
            query = random_query(world, rng)
            before = COUNTS["instants"]
            try:
                check_query(world, network, query)
            except AssertionError as error:
                found.append(f"seed {seed}: {error}")
            for kind in kinds(world, query):
                counted[kind] += COUNTS["instants"] - before
    return found


def main(first: int, last: int) -> None:
    """Compare the worlds of some seeds and print the count."""
    counted: Counter[str] = Counter()
    differences: list[str] = []
    for seed in range(first, last):
        differences += compare(seed, counted)
        if seed % 50 == 49 or seed == last - 1:
            state = {"seeds": [first, seed], **COUNTS, "differences": len(differences), "cells": dict(counted)}
            print(json.dumps(state), flush=True)  # noqa: T201 — this speaks on the screen
    print("\n".join(differences) or "no difference")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
