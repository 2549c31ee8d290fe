"""Choose rows of a table by a condition that a person writes: ``dep == '59' and population > 500``.

The condition is read into a tree and walked; nothing of it is ever executed. A column's name stands as it is, or
between backquotes where it has spaces. Compared with a number, a column is read as numbers; compared with a text, as
text.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from geo_access.errors import InputError
from geo_access.sources.tables.text import pick_columns, to_numbers, to_text
from geo_access.words.note import note

__all__ = ["choose_rows"]

_MOST_CHARACTERS = 2000
_QUOTED = re.compile(r"`([^`]+)`")
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
}


def choose_rows(table: pd.DataFrame, condition: str, *, where: str) -> pd.DataFrame:
    """Keep the rows of a table that a condition holds for.

    Parameters
    ----------
    table : pandas.DataFrame
        Also a GeoDataFrame; its ``attrs["notes"]`` gains how many rows were left out.
    condition : str
        ``==  !=  <  <=  >  >=  in  not in  and  or  not``, parentheses, lists, and ``column.startswith('59')``,
        ``.endswith``, ``.contains``. A missing cell equals nothing.
    where : str
        Name of the table, for the message.

    Returns
    -------
    pandas.DataFrame
        The rows kept, numbered anew.

    Raises
    ------
    InputError
        When the condition cannot be read, names no column of the table, or no row is left.

    Examples
    --------
    >>> towns = pd.DataFrame({"dep": ["59", "62", "59"], "people": ["1 200", "90", None]})
    >>> choose_rows(towns, "dep == '59' and people > 500", where="towns.csv")["people"].tolist()
    ['1 200']
    >>> choose_rows(towns, "not dep.startswith('5')", where="towns.csv")["dep"].tolist()
    ['62']
    """
    kept = _Reader(table, condition, where).mask()
    if not kept.any():
        raise InputError(
            f"{where}: no row where {condition} → check the values of that column",
            key="where.none",
            values={"file": where, "condition": condition},
        )
    chosen = table[kept].reset_index(drop=True)
    left_out = note("tables.where", file=where, condition=condition, n=int((~kept).sum()), kept=int(kept.sum()))
    chosen.attrs["notes"] = [*table.attrs.get("notes", ()), left_out]
    return chosen


class _Reader:
    """One condition over one table."""

    def __init__(self, table: pd.DataFrame, condition: str, where: str) -> None:
        self._table, self._condition, self._where = table, condition, where
        self._quoted: dict[str, str] = {}

    def mask(self) -> np.ndarray:
        if len(self._condition) > _MOST_CHARACTERS:
            raise self._refusal(f"more than {_MOST_CHARACTERS} characters")

        def stand_in(match: re.Match[str]) -> str:
            name = f"column_{len(self._quoted)}_"
            self._quoted[name] = match[1]
            return name

        try:
            tree = ast.parse(_QUOTED.sub(stand_in, self._condition.strip()), mode="eval")
            return self._truth(tree.body)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, InputError):
                raise
            raise self._refusal(str(error).split(" (")[0]) from error

    def _refusal(self, why: str) -> InputError:
        return InputError(
            f"{self._where}: the condition {self._condition!r} cannot be read: {why} → for instance dep == '59', "
            "population > 500, insee.startswith('59') or kind in ['QPV', 'commune']",
            key="where.unreadable",
            values={"file": self._where, "condition": self._condition, "why": why},
        )

    def _column(self, node: ast.expr) -> pd.Series:
        if not isinstance(node, ast.Name):
            raise self._refusal(f"a column is wanted in place of {ast.unparse(node)}")
        name = self._quoted.get(node.id, node.id)
        known = [column for column in self._table.columns if column != "geometry"]
        return self._table[pick_columns(known, {name: (name,)}, where=self._where)[name]]

    def _truth(self, node: ast.expr) -> np.ndarray:
        if isinstance(node, ast.BoolOp):
            parts = [self._truth(value) for value in ast.iter_child_nodes(node) if isinstance(value, ast.expr)]
            joined = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return np.asarray(joined.reduce(parts))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self._truth(node.operand)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compared(node.left, node.ops[0], node.comparators[0])
        if isinstance(node, ast.Call):
            return self._tested(node)
        raise self._refusal(f"no condition: {ast.unparse(node)}")

    def _compared(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> np.ndarray:
        column = self._column(left)
        try:
            value = ast.literal_eval(right)
        except ValueError as error:
            raise self._refusal(
                f"a text in quotes, a number or a list is wanted in place of {ast.unparse(right)}"
            ) from error
        if isinstance(how, (ast.In, ast.NotIn)):
            if not isinstance(value, (list, tuple, set)):
                raise self._refusal("a list in brackets is wanted after in")
            held = np.logical_or.reduce([self._equal(column, each) for each in value] or [np.zeros(len(column), bool)])
            return ~held if isinstance(how, ast.NotIn) else held
        if isinstance(how, ast.NotEq):
            return ~self._equal(column, value)
        compare = _COMPARE.get(type(how))
        if compare is None or isinstance(value, (bool, list, tuple, set, dict, bytes)) or value is None:
            raise self._refusal(f"a text in quotes or a number is wanted in place of {ast.unparse(right)}")
        return self._ordered(column, compare, value)

    def _equal(self, column: pd.Series, value: object) -> np.ndarray:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self._refusal(f"a text in quotes or a number is wanted in place of {value!r}")
        return self._ordered(column, operator.eq, value)

    @staticmethod
    def _ordered(column: pd.Series, compare: Callable[[Any, Any], Any], value: object) -> np.ndarray:
        if isinstance(value, str):
            words = to_text(column).tolist()
            return np.array([isinstance(word, str) and bool(compare(word, value)) for word in words], dtype=bool)
        return np.asarray(compare(to_numbers(column).to_numpy(), value), dtype=bool)

    def _tested(self, node: ast.Call) -> np.ndarray:
        test = _TESTS.get(node.func.attr) if isinstance(node.func, ast.Attribute) else None
        wanted = node.args[0] if len(node.args) == 1 and not node.keywords else None
        if test is None or not isinstance(wanted, ast.Constant) or not isinstance(wanted.value, str):
            raise self._refusal(
                f"only column.startswith('…'), .endswith('…') and .contains('…'), not {ast.unparse(node)}"
            )
        assert isinstance(node.func, ast.Attribute)  # noqa: S101 — as `test` was found
        words = to_text(self._column(node.func.value)).tolist()
        return np.array([isinstance(word, str) and test(word, wanted.value) for word in words], dtype=bool)
