"""Build: the demo's data travel in the wheel, from their one copy in data/demo."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DEMO = Path("data") / "demo"


class BuildWithDemo(build_py):
    """Beside the package's modules, the demo's files as ``geo_access/demo``."""

    def run(self) -> None:
        """Build, then lay the demo's files there; an editable install reads them where they are."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "geo_access" / "demo"
            target.mkdir(parents=True, exist_ok=True)
            for file in sorted(DEMO.iterdir()):
                shutil.copy2(file, target / file.name)


setup(cmdclass={"build_py": BuildWithDemo})
