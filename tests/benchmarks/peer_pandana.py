"""pandana's side of a street benchmark: run by the Python of ``.peers/pandana`` on a graph that is given to it.

The job has ``graph`` (npz: x, y, tails, heads, weights), ``nodes`` or ``xy`` (npy: asked about; a place goes to the
nearest node, as pandana does), and ``out``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandana
from pandas import DataFrame, Series


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    data = np.load(job["graph"])
    begin = time.perf_counter()
    network = pandana.Network(
        Series(data["x"]),
        Series(data["y"]),
        Series(data["tails"]),
        Series(data["heads"]),
        DataFrame({"w": data["weights"]}),
        twoway=False,
    )
    build_s = time.perf_counter() - begin
    snap_m = np.zeros(0)
    if "xy" in job:
        xy = np.load(job["xy"])
        nodes = network.get_node_ids(Series(xy[:, 0]), Series(xy[:, 1])).to_numpy()
        snap_m = np.hypot(*(np.column_stack((data["x"], data["y"]))[nodes] - xy).T)
    else:
        nodes = np.load(job["nodes"])
    begin = time.perf_counter()
    lengths = network.shortest_path_lengths(np.repeat(nodes, len(nodes)), np.tile(nodes, len(nodes)))
    matrix_s = time.perf_counter() - begin
    matrix = np.array(lengths).reshape(len(nodes), -1)
    np.savez(job["out"] + ".npz", lengths=np.where(matrix > 4e6, np.nan, matrix), snap_m=snap_m)
    figures = {"build_s": build_s, "matrix_s": matrix_s}
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(job["out"] + ".json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
