"""Where one can board: at all within a span, and for each reader the boardings worth having, for all places."""

from __future__ import annotations

import numpy as np

from geo_access.kernels import njit
from geo_access.network.search.kernels import longer
from geo_access.routing.tables import Asked, LineTables, Span, Walks

__all__ = ["boardable", "list_boardings"]

_BUCKET_BITS = 6


@njit(cache=True, nogil=True)
def list_boardings(  # noqa: C901
    first_reader: int,
    last_reader: int,
    counts: np.ndarray,
    walks: Walks,
    lines: LineTables,
    rank: np.ndarray,
    when: tuple[Span, Asked],
) -> tuple[np.ndarray, np.ndarray]:
    """List keys and rows of the boardings of some readers, the greatest key first; `boardings` says what they are."""
    span, asked = when
    first, last, low_s, high_s = span
    leave_by_s, step_s, count = asked
    indptr, stops, seconds = walks
    departure, trip_indptr, line_indptr = lines.departure, lines.trip_indptr, lines.line_indptr
    stop_indptr, stop_line, stop_position = lines.stop_indptr, lines.stop_line, lines.stop_position
    n_lines = len(line_indptr) - 1
    longest = 0
    for line in range(n_lines):
        trip = line_indptr[line]
        longest = max(longest, trip_indptr[trip + 1] - trip_indptr[trip])
    call_start = np.zeros(n_lines + 1, np.int64)
    for line in range(n_lines):
        trip = line_indptr[line]
        call_start[line + 1] = call_start[line] + trip_indptr[trip + 1] - trip_indptr[trip]
    walk = np.empty(call_start[n_lines], np.int32)
    walk_of = np.full(call_start[n_lines], -1, np.int32)
    line_of = np.full(n_lines, -1, np.int32)
    near_lines = np.empty(n_lines, np.int64)
    position = np.empty(longest, np.int64)
    out_key = np.empty(1024, np.int32)
    out_row = np.empty(1024, np.int32)
    n_out = 0
    for reader in range(first_reader, last_reader):
        n_near = 0
        for k in range(indptr[reader], indptr[reader + 1]):
            for c in range(stop_indptr[stops[k]], stop_indptr[stops[k] + 1]):
                line = stop_line[c]
                call = call_start[line] + stop_position[c]
                walk[call] = seconds[k]
                walk_of[call] = reader
                if line_of[line] != reader:
                    line_of[line] = reader
                    near_lines[n_near] = line
                    n_near += 1
        begin = n_out
        for j in range(n_near):
            line = near_lines[j]
            n_positions = 0
            for call in range(call_start[line], call_start[line + 1]):
                if walk_of[call] == reader:
                    position[n_positions] = call - call_start[line]
                    n_positions += 1
            # Trips of a line run in order: the first worth looking at leaves the last position in time.
            left = line_indptr[line]
            right = line_indptr[line + 1]
            while left < right:
                middle = (left + right) // 2
                if departure[trip_indptr[middle] + position[n_positions - 1]] < low_s:
                    left = middle + 1
                else:
                    right = middle
            for trip in range(left, line_indptr[line + 1]):
                base = trip_indptr[trip]
                if departure[base + position[0]] > high_s:
                    break
                if n_out + n_positions > len(out_key):
                    out_key = longer(out_key, 2 * len(out_key) + n_positions)
                    out_row = longer(out_row, 2 * len(out_row) + n_positions)
                # Along one trip a later position is worth boarding at only where one may leave home later for it.
                best = np.int64(-1)
                for c in range(n_positions):
                    f = base + position[c]
                    leave = departure[f] - walk[call_start[line] + position[c]] - low_s
                    if leave < 0 or leave > leave_by_s - low_s:
                        continue
                    key = leave if count == 0 else min(leave // step_s, count - 1)
                    row = rank[f + 1]
                    if key > best and first <= row < last:
                        best = key
                        out_key[n_out] = key
                        out_row[n_out] = row - first
                        n_out += 1
        counts[reader] = n_out - begin
        _sort_falling(out_key[begin:n_out], out_row[begin:n_out], _BUCKET_BITS if count == 0 else 0)
    return out_key[:n_out].copy(), out_row[:n_out].copy()


@njit(cache=True, nogil=True)
def _sort_falling(
    key: np.ndarray,
    row: np.ndarray,
    bits: int,
) -> None:
    """Sort by falling key, equal keys as they come: into buckets of ``2 ** bits``, then by insertion."""
    n = len(key)
    if n == 0:
        return
    highest = key[0]
    for k in range(1, n):
        highest = max(highest, key[k])
    highest >>= bits
    start = np.zeros(highest + 2, np.int64)
    for k in range(n):
        start[highest - (key[k] >> bits) + 1] += 1
    for b in range(highest + 1):
        start[b + 1] += start[b]
    old_key = key.copy()
    old_row = row.copy()
    for k in range(n):
        b = highest - (old_key[k] >> bits)
        key[start[b]] = old_key[k]
        row[start[b]] = old_row[k]
        start[b] += 1
    for k in range(1, n):
        this_key = key[k]
        this_row = row[k]
        j = k - 1
        while j >= 0 and key[j] < this_key:
            key[j + 1] = key[j]
            row[j + 1] = row[j]
            j -= 1
        key[j + 1] = this_key
        row[j + 1] = this_row


@njit(cache=True)
def boardable(lines: LineTables, rank: np.ndarray, span: Span, leave_by_s: int) -> np.ndarray:
    """List the events where one may get on within the span, their next one being within it too."""
    first, last, low_s, _ = span
    n_stops = len(lines.stop_indptr) - 1
    out = np.empty(last - first, np.int64)
    n = 0
    for stop in range(n_stops):
        for c in range(lines.stop_indptr[stop], lines.stop_indptr[stop + 1]):
            line = lines.stop_line[c]
            k = lines.stop_position[c]
            left = lines.line_indptr[line]
            right = lines.line_indptr[line + 1]
            end = right
            while left < right:
                middle = (left + right) // 2
                if lines.departure[lines.trip_indptr[middle] + k] < low_s:
                    left = middle + 1
                else:
                    right = middle
            for trip in range(left, end):
                f = lines.trip_indptr[trip] + k
                if lines.departure[f] > leave_by_s:
                    break
                if first <= rank[f + 1] < last:
                    out[n] = f
                    n += 1
    return out[:n].copy()
