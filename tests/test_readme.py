"""What the README shows runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(block.strip().splitlines()) <= 40
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 — our own README
    said = capsys.readouterr().out
    assert "OK" in said
    assert re.search(r"\d+% of the cells", said)
    bands = gpd.read_file(tmp_path / "bands.geojson")
    assert bands["minutes"].tolist() == [15, 30, 45]


def test_every_file_it_names_exists() -> None:
    named = set(re.findall(r"\]\(([\w./]+)\)", README)) | set(
        re.findall(r"`((?:notebooks|tests|data|maps)/[\w./]+)`", README)
    )
    missing = sorted(name for name in named if not (ROOT / name).exists())
    assert missing == []
    assert len([name for name in named if name.endswith(".png")]) == 7
