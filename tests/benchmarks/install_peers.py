"""Install the peers we are measured against, each into its own environment under ``.peers/``.

Run ``python tests/benchmarks/install_peers.py [name …]``. A peer that cannot be installed here is said so and skipped.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".peers"
PEERS = {
    "cafein": ["cafein"],
    "ferrobus": ["ferrobus"],
    "pandana": ["pandana", "scipy"],
    "osrm": ["osrm-bindings"],
    "valhalla": ["pyvalhalla"],
}


def install(name: str) -> bool:
    """Make the environment of one peer; return whether it works."""
    folder = HOME / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[name]]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stderr.strip().splitlines()
    print(
        f"{name}: {'ready' if done.returncode == 0 else 'not available: ' + (lines[-1] if lines else '?')}", flush=True
    )
    return done.returncode == 0


if __name__ == "__main__":
    for peer in sys.argv[1:] or PEERS:
        install(peer)
