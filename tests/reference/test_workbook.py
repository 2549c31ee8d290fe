"""A workbook of tens of thousands of rows, as the ministry publishes it."""

from __future__ import annotations

import pytest

from geo_access.sources.tables.read import read_table
from tests.shared import shared_path


@pytest.mark.reference
def test_the_communes_of_all_epci_are_read_whole() -> None:
    assert len(read_table(shared_path("france/epcicom2024.xlsx"))) == 34931
