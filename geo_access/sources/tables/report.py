"""What a reader did with its rows: how many it read, kept, located and mapped, and why the rest was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from geo_access.words.note import Note, notes_plain

__all__ = ["STAGES", "Loss", "ReadingReport", "make_report"]

Loss = tuple[int, str, Note]
"""Row of the file, id, and why it is lost."""

STAGES = ("kept", "located", "mapped")

_SHOWN = 12
_LOST_COLUMNS = ("row", "id", "stage", "reason")


@dataclass(frozen=True, eq=False)
class ReadingReport:
    """Row counts of one source, and every row that a stage lost.

    Attributes
    ----------
    source : str
        Name of the file or of the producer.
    read : int
        Rows of the file.
    kept : int
        Rows that are usable at all.
    located : int or None
        Rows read that have a position; None where positions make no sense for the source.
    mapped : int or None
        Rows read that have a métier; None where métiers make no sense for the source.
    lost : pandas.DataFrame
        ``row`` (0-based row of the file), ``id``, ``stage`` (kept, located, mapped), ``reason`` (Note): one line per
        row and stage; a row may be lost at several stages.
    notes : tuple of Note
        What a reader of the figures should know.

    Examples
    --------
    >>> from geo_access.words.note import note
    >>> report = make_report("sites.csv", 3, located=[(1, "b", note("loss.no_place"))])
    >>> report.kept, report.located
    (3, 2)
    >>> report.losses().to_dict("records")
    [{'stage': 'located', 'reason': 'no position', 'rows': 1, 'example': 'b'}]
    """

    source: str
    read: int
    kept: int
    located: int | None
    mapped: int | None
    lost: pd.DataFrame
    notes: tuple[Note, ...] = ()

    def losses(self, language: str = "en") -> pd.DataFrame:
        """Rows lost by stage and reason, the most frequent first.

        Parameters
        ----------
        language : str
            Of the reasons: ``fr`` or ``en``.

        Returns
        -------
        pandas.DataFrame
            ``stage``, ``reason``, ``rows``, ``example`` (id of the first such row).
        """
        if self.lost.empty:
            return pd.DataFrame(columns=["stage", "reason", "rows", "example"])
        grouped = self.lost.groupby(["stage", "reason"], sort=False)
        table = grouped.agg(rows=("row", "size"), example=("id", "first")).reset_index()
        order = table["stage"].map({stage: place for place, stage in enumerate(STAGES)})
        told = pd.Series([why.told(language) for why in table["reason"]], index=table.index, dtype=object)
        table = table.assign(order=order, reason=told)
        table = table.sort_values(["order", "rows"], ascending=[True, False], kind="stable")
        return table[["stage", "reason", "rows", "example"]].reset_index(drop=True)

    def counted(self) -> tuple[tuple[int, Note], ...]:
        """How many rows each reason cost, in the order of `losses`."""
        by_words = {str(why): why for why in self.lost["reason"]}
        return tuple((int(row["rows"]), by_words[str(row["reason"])]) for row in self.losses().to_dict("records"))

    def to_dict(self) -> dict[str, object]:
        """Plain values for a manifest or a report; reasons by their key, and in English."""
        keys = {str(why): why.key for why in self.lost["reason"].unique()}
        return {
            "source": self.source,
            "read": self.read,
            "kept": self.kept,
            "located": self.located,
            "mapped": self.mapped,
            "losses": [{**row, "key": keys[row["reason"]]} for row in self.losses().to_dict("records")],
            "notes": notes_plain(self.notes),
        }

    def __str__(self) -> str:
        """Render as a short text."""
        counts = [f"{self.read:,} rows read", f"{self.kept:,} kept"]
        for name, value in (("located", self.located), ("with a métier", self.mapped)):
            if value is not None:
                counts.append(f"{value:,} {name} ({value / self.read:.0%})" if self.read else f"0 {name}")
        lines = [f"{self.source}: {', '.join(counts)}"]
        lines += [
            f"  not {stage}: {rows:,} — {reason} (e.g. {example})"
            for stage, reason, rows, example in self.losses().head(_SHOWN).itertuples(index=False, name=None)
        ]
        others = len(self.losses()) - _SHOWN
        lines += [f"  and {others} other reasons: see losses()"] if others > 0 else []
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])


def make_report(
    source: str,
    read: int,
    *,
    kept: Sequence[Loss] = (),
    located: Sequence[Loss] | None = None,
    mapped: Sequence[Loss] | None = None,
    notes: Sequence[Note] = (),
) -> ReadingReport:
    """Build a report from the rows lost at each stage, each as (row, id, reason).

    Parameters
    ----------
    source : str
        Name of the source.
    read : int
        Rows of the file.
    kept, located, mapped : sequence of (int, str, Note), optional
        Rows lost there; None where the stage makes no sense. A row not kept is neither located nor mapped.
    notes : sequence of Note
        Remarks.

    Returns
    -------
    ReadingReport

    Examples
    --------
    >>> from geo_access.words.note import note
    >>> print(make_report("x.csv", 2, kept=[(0, "a", note("loss.no_id"))], mapped=[]))
    x.csv: 2 rows read, 1 kept, 1 with a métier (50%)
      not kept: 1 — no id (e.g. a)
    """
    dropped = {row for row, _, _ in kept}
    lost: Mapping[str, Sequence[Loss] | None] = {"kept": kept, "located": located, "mapped": mapped}
    records = [
        (row, identifier, stage, reason)
        for stage, rows in lost.items()
        for row, identifier, reason in rows or ()
        if stage == "kept" or row not in dropped
    ]
    table = pd.DataFrame.from_records(records, columns=list(_LOST_COLUMNS))

    def passed(stage: str) -> int | None:
        if lost[stage] is None:
            return None
        return read - len(dropped | {row for row, _, _ in lost[stage] or ()})

    return ReadingReport(
        source=source,
        read=read,
        kept=read - len(dropped),
        located=passed("located"),
        mapped=passed("mapped"),
        lost=table,
        notes=tuple(notes),
    )
