"""Install the peers we are measured against, each into its own environment under ``.peers/``.

Run ``python tests/benchmarks/install_peers.py [name …]``. OSRM and Valhalla publish wheels for Python 3.12 and later
only: an interpreter is looked for on the PATH and under pyenv. A peer that cannot be had here is said so and skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".peers"


@dataclass(frozen=True)
class Peer:
    """What one peer needs: packages of the index, the module they must give, Python versions that have wheels."""

    packages: tuple[str, ...]
    module: str
    versions: tuple[str, ...] = ()


PEERS = {
    "cafein": Peer(("cafein", "h3"), "cafein"),
    "ferrobus": Peer(("ferrobus", "pandas", "numpy"), "ferrobus"),
    "pandana": Peer(("pandana", "scipy"), "pandana"),
    "osrm": Peer(("osrm-bindings", "numpy"), "osrm", ("3.12", "3.13")),
    "valhalla": Peer(("pyvalhalla", "numpy"), "valhalla", ("3.12", "3.13")),
}


def _candidates(versions: tuple[str, ...]) -> list[str]:
    """Interpreters to try, in order: this one, then each version on the PATH and under pyenv."""
    if not versions:
        return [sys.executable]
    found = [sys.executable]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in versions:
        on_path = shutil.which(f"python{version}")
        found += [on_path] if on_path else []
        found += [str(path / "bin" / "python") for path in sorted(pyenv.glob(f"{version}*"), reverse=True)]
    return found


def interpreter(versions: tuple[str, ...]) -> str | None:
    """First interpreter that runs and is of one of the versions (any when none is asked for)."""
    for candidate in _candidates(versions):
        asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
        except OSError:
            continue
        if done.returncode == 0 and (not versions or done.stdout.strip() in versions):
            return candidate
    return None


def python_of(name: str) -> Path | None:
    """Interpreter of a peer that is installed and imports, else None."""
    python = HOME / name / "bin" / "python"
    if not python.exists():
        return None
    works = subprocess.run([python, "-c", f"import {PEERS[name].module}"], capture_output=True)
    return python if works.returncode == 0 else None


def version_of(name: str) -> str:
    """Name and version of a peer that is installed."""
    package = PEERS[name].packages[0]
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([HOME / name / "bin" / "python", "-c", code], capture_output=True, text=True)
    return f"{name} {done.stdout.strip()}"


def install(name: str) -> str:
    """Make the environment of one peer; return what became of it."""
    peer = PEERS[name]
    base = interpreter(peer.versions)
    if base is None:
        return "not available: no Python " + " or ".join(peer.versions) + " on the PATH or under pyenv"
    folder = HOME / name
    python = folder / "bin" / "python"
    if python_of(name) is None:
        made = subprocess.run([base, "-m", "venv", "--clear", str(folder)], capture_output=True, text=True)
        if made.returncode:
            return "not available: " + (made.stderr.strip().splitlines() or ["no venv"])[-1]
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.packages]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return "not available: " + (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    return f"ready, {version_of(name)}" if python_of(name) else f"installed, but {peer.module} does not import"


if __name__ == "__main__":
    for asked_for in sys.argv[1:] or PEERS:
        print(f"{asked_for}: {install(asked_for)}", flush=True)
