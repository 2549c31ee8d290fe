"""Run the tests of the rooms that changed: python .ci/quick.py [COMMIT]  (default: origin/main, else HEAD)."""

import subprocess
import sys
from pathlib import Path

BUDGET_S = 45
ALWAYS = ("tests/test_structure.py", "tests/words")


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def changed(since: str | None) -> list[str]:
    """Files that differ from the commit, and those that git does not know yet."""
    base = since or ("origin/main" if _git("rev-parse", "--verify", "-q", "origin/main") else "HEAD")
    return [*_git("diff", "--name-only", base), *_git("ls-files", "--others", "--exclude-standard")]


def tests_of(name: str) -> Path | None:
    """The tests of a changed file: the file itself, or the tests of the nearest room that has any."""
    path = Path(name)
    if path.parts[0] == "tests" and path.name.startswith("test_"):
        return path
    if path.parts[0] not in ("geo_access", "tests") or "benchmarks" in path.parts:
        return None
    rooms = Path("tests", *path.parts[1:]).with_suffix("").parents
    own = Path("tests", f"test_{path.stem}.py")
    return own if own.exists() else next((room for room in rooms if len(room.parts) > 1 and room.is_dir()), None)


def main() -> int:
    """Run what always holds, then changed test files, then rooms."""
    wanted = {found for name in changed(sys.argv[1] if len(sys.argv) > 1 else None) if (found := tests_of(name))}
    chosen = sorted((str(path) for path in wanted if path.exists()), key=lambda name: (not name.endswith(".py"), name))
    print("make quick:", *chosen or ["nothing of geo_access/ or tests/ changed"], flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", f"--budget-s={BUDGET_S}", "-m", "not browser"]
    return subprocess.run([*command, *ALWAYS, *chosen], check=False).returncode


sys.exit(main())
