"""Rows of 32 numbers as single machine operations.

numba's loops over 32 lanes check for aliasing and overlap each time; these few operations are written as LLVM vectors
instead, which every processor lowers to what it has. Rows must be C-contiguous and exactly `LANES` wide.
"""
# ruff: noqa: ARG001  (an intrinsic is typed by the arguments that its body receives as values)

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = [
    "LANES",
    "lanes_any_below",
    "lanes_count_within",
    "lanes_min",
    "lanes_min_within",
    "lanes_minus",
    "lanes_or",
    "lanes_sort",
]

LANES = 32
"""Places swept together: with 16-bit times their row fills one cache line."""


def _row(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> tuple[Any, Any]:
    """Pointer to a row as a vector, and the alignment to assume."""
    view = context.make_array(array_type)(context, builder, array)
    item = context.get_data_type(array_type.dtype)
    step = builder.mul(builder.trunc(index, ir.IntType(64)), ir.Constant(ir.IntType(64), LANES))
    pointer_add: Any = cgutils.pointer_add
    place = pointer_add(
        builder, view.data, builder.mul(step, ir.Constant(ir.IntType(64), array_type.dtype.bitwidth // 8))
    )
    return builder.bitcast(place, ir.VectorType(item, LANES).as_pointer()), array_type.dtype.bitwidth // 8


def _load(builder: Any, row: tuple[Any, Any]) -> Any:
    value = builder.load(row[0])
    value.align = row[1]
    return value


def _store(builder: Any, value: Any, row: tuple[Any, Any]) -> None:
    builder.store(value, row[0]).align = row[1]


def _less(builder: Any, dtype: Any, a: Any, b: Any) -> Any:
    return builder.icmp_signed("<", a, b) if dtype.signed else builder.icmp_unsigned("<", a, b)


def _min(typing_context: Any, to: Any, i: Any, source: Any, j: Any) -> Any:
    """``to[i] = minimum(to[i], source[j])`` for two arrays of `LANES` columns."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mine = _row(context, builder, signature.args[0], args[0], args[1])
        theirs = _row(context, builder, signature.args[2], args[2], args[3])
        a, b = _load(builder, mine), _load(builder, theirs)
        _store(builder, builder.select(_less(builder, to.dtype, b, a), b, a), mine)
        return context.get_dummy_value()

    return types.void(to, types.int64, source, types.int64), codegen


def _or(typing_context: Any, to: Any, i: Any, source: Any, j: Any) -> Any:
    """``to[i] = to[i] | source[j]`` for two arrays of `LANES` columns."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mine = _row(context, builder, signature.args[0], args[0], args[1])
        theirs = _row(context, builder, signature.args[2], args[2], args[3])
        _store(builder, builder.or_(_load(builder, mine), _load(builder, theirs)), mine)
        return context.get_dummy_value()

    return types.void(to, types.int64, source, types.int64), codegen


def _sort(typing_context: Any, rows: Any, i: Any, j: Any) -> Any:
    """Leave the lesser of rows i and j in i and the greater in j, lane by lane."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low = _row(context, builder, signature.args[0], args[0], args[1])
        high = _row(context, builder, signature.args[0], args[0], args[2])
        a, b = _load(builder, low), _load(builder, high)
        less = _less(builder, rows.dtype, a, b)
        _store(builder, builder.select(less, a, b), low)
        _store(builder, builder.select(less, b, a), high)
        return context.get_dummy_value()

    return types.void(rows, types.int64, types.int64), codegen


def _minus(typing_context: Any, to: Any, i: Any, source: Any, j: Any, less: Any) -> Any:
    """``to[i] = source[j] − less`` for two arrays of `LANES` columns."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mine = _row(context, builder, signature.args[0], args[0], args[1])
        theirs = _row(context, builder, signature.args[2], args[2], args[3])
        spread = _spread(builder, context.get_data_type(to.dtype), args[4])
        _store(builder, builder.sub(_load(builder, theirs), spread), mine)
        return context.get_dummy_value()

    return types.void(to, types.int64, source, types.int64, types.int64), codegen


def _min_within(typing_context: Any, to: Any, i: Any, source: Any, j: Any, limit: Any) -> Any:
    """``to[i] = minimum(to[i], source[j])`` where ``source[j] ≤ limit``, for two arrays of `LANES` columns."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mine = _row(context, builder, signature.args[0], args[0], args[1])
        theirs = _row(context, builder, signature.args[2], args[2], args[3])
        a, b = _load(builder, mine), _load(builder, theirs)
        most = _spread(builder, context.get_data_type(to.dtype), args[4])
        lower = builder.and_(_less(builder, to.dtype, b, a), builder.not_(_less(builder, to.dtype, most, b)))
        _store(builder, builder.select(lower, b, a), mine)
        return context.get_dummy_value()

    return types.void(to, types.int64, source, types.int64, types.int64), codegen


def _count_within(typing_context: Any, counts: Any, i: Any, source: Any, j: Any, limit: Any) -> Any:
    """``counts[i] += source[j] ≤ limit`` for two arrays of `LANES` columns."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mine = _row(context, builder, signature.args[0], args[0], args[1])
        values = _load(builder, _row(context, builder, signature.args[2], args[2], args[3]))
        most = _spread(builder, context.get_data_type(source.dtype), args[4])
        within = builder.not_(_less(builder, source.dtype, most, values))
        more = builder.zext(within, ir.VectorType(context.get_data_type(counts.dtype), LANES))
        _store(builder, builder.add(_load(builder, mine), more), mine)
        return context.get_dummy_value()

    return types.void(counts, types.int64, source, types.int64, types.int64), codegen


def _spread(builder: Any, item: Any, number: Any) -> Any:
    """One number in every lane."""
    nothing = ir.Constant(ir.VectorType(item, LANES), ir.Undefined)
    single = builder.insert_element(nothing, builder.trunc(number, item), _zero())
    return builder.shuffle_vector(single, nothing, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _zero() -> Any:
    return ir.Constant(ir.IntType(32), 0)


def _any_below(typing_context: Any, rows: Any, i: Any, limits: Any, j: Any) -> Any:
    """Whether any lane of ``rows[i]`` is below that of ``limits[j]``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = _load(builder, _row(context, builder, signature.args[0], args[0], args[1]))
        bounds = _load(builder, _row(context, builder, signature.args[2], args[2], args[3]))
        bits = builder.bitcast(_less(builder, rows.dtype, values, bounds), ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))

    return types.boolean(rows, types.int64, limits, types.int64), codegen


# numba's decorator hides the typing context from callers, not from type checkers.
lanes_min: Any = intrinsic(_min)
lanes_or: Any = intrinsic(_or)
lanes_sort: Any = intrinsic(_sort)
lanes_min_within: Any = intrinsic(_min_within)
lanes_minus: Any = intrinsic(_minus)
lanes_any_below: Any = intrinsic(_any_below)
lanes_count_within: Any = intrinsic(_count_within)
