"""The report counts what the readers say they lost."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.sources.tables.report import make_report
from geo_access.words.note import note

LOSSES = st.lists(
    st.tuples(st.integers(0, 9), st.just("id"), st.sampled_from([note("loss.no_id"), note("loss.no_place")])),
    max_size=8,
    unique_by=lambda x: x[0],
)


@settings(max_examples=60, deadline=None)
@given(kept=LOSSES, located=LOSSES, mapped=LOSSES)
def test_counts_agree_with_the_rows_listed(kept: list, located: list, mapped: list) -> None:
    report = make_report("s", 10, kept=kept, located=located, mapped=mapped)
    gone = {row for row, _, _ in kept}
    assert report.kept == 10 - len(gone)
    assert report.located == 10 - len(gone | {row for row, _, _ in located})
    assert report.mapped == 10 - len(gone | {row for row, _, _ in mapped})
    assert report.losses()["rows"].sum() == len(report.lost)
    assert len(report.lost[report.lost["stage"] == "located"]) == report.kept - report.located
    assert json.loads(json.dumps(report.to_dict()))["read"] == 10
    assert str(report).startswith("s: 10 rows read")


def test_a_long_list_of_reasons_is_cut_in_print_only() -> None:
    report = make_report("s", 50, mapped=[(i, "x", note("fetched", source="s", what=f"reason {i}")) for i in range(40)])
    assert "and 28 other reasons" in str(report)
    assert len(report.losses()) == 40
