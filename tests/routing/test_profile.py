"""The profile search equals the oracle, journey by journey and minute by minute."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_access.network.model import SparseTimes
from geo_access.routing import instant
from geo_access.routing.graphs import GraphKey, backward_graph, forward_graph
from geo_access.routing.order import sorting_network
from geo_access.routing.profile import NEVER, Pairs, Samples, profile_times
from geo_access.routing.timed import select_rows
from tests.oracle import INF, Oracle
from tests.routing.random_timetables import random_timetable, random_walks, sparse


def as_dict(walks: SparseTimes, row: int) -> dict[int, int]:
    return {int(stop): int(s) for stop, s in zip(*walks.row(row), strict=True)}


def key_of(rng: np.random.Generator) -> GraphKey:
    return GraphKey(
        walk_kmh=float(rng.choice([3.6, 4.8, 6.0])),
        max_transfer_s=int(rng.choice([200, 600])),
        min_transfer_s=int(rng.choice([0, 60])),
        bikes=bool(rng.random() < 0.2),
        on_demand=bool(rng.random() < 0.3),
    )


OFTEN = 33


def _often(pairs: Pairs) -> Pairs:
    """Pairs with every place `OFTEN` times."""
    rows = np.tile(np.arange(pairs.places.n_rows), OFTEN)
    return Pairs(select_rows(pairs.places, rows), pairs.readers, np.tile(pairs.direct, (1, OFTEN)))


def every(count: int) -> np.ndarray:
    return np.arange(count)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_departure_and_deadline_equals_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timetable = random_timetable(rng, grain_s=int(rng.choice([60, 20])))
    key = key_of(rng)
    oracle = Oracle(timetable, **{k: getattr(key, k) for k in key.__dataclass_fields__})
    n_o, n_d = 3, 2
    access = sparse(random_walks(rng, n_o, timetable.n_stops))
    egress = sparse(random_walks(rng, n_d, timetable.n_stops))
    direct = rng.integers(200, 5000, (n_o, n_d)).astype(np.int32)
    direct[rng.random((n_o, n_d)) < 0.6] = NEVER
    max_s = int(rng.choice([1200, 3600]))
    max_rides = None if rng.random() < 0.4 else int(rng.integers(1, 4))
    start, count = int(rng.integers(0, 40)) * 60, int(rng.integers(1, 9))
    bound = None if rng.random() < 0.5 else start - int(rng.integers(0, 30)) * 60

    sampled: dict[bool, list[list[list[float]]]] = {False: [], True: []}
    for deadline, rows in sampled.items():
        for o in range(n_o):
            row = []
            for d in range(n_d):
                near, far = as_dict(access, o), as_dict(egress, d)
                by_foot = float(direct[o, d]) if direct[o, d] != NEVER else INF
                times = []
                for k in range(count):
                    at = start + 120 * k
                    limits = {"direct_s": by_foot, "max_s": max_s, "max_rides": max_rides}
                    if deadline:
                        earliest = -INF if bound is None else bound
                        times.append(at - oracle.latest_leave(near, far, at, earliest_s=earliest, **limits))
                    else:
                        times.append(oracle.seconds(near, far, at, **limits))
                row.append(sorted(times))
            rows.append(row)

    for deadline, expected in sampled.items():
        samples = Samples(start, 120, count, deadline, bound if deadline else None)
        limits = {"max_s": max_s, "max_rides": max_rides, "ranks": every(count)}
        ahead = profile_times(forward_graph(timetable, key), Pairs(egress, access, direct), samples, **limits)
        back = profile_times(
            backward_graph(timetable, key), Pairs(access, egress, direct.T.copy()), samples.reversed(), **limits
        )
        wanted = np.array(expected, dtype=float)
        wanted[np.isinf(wanted)] = np.nan
        np.testing.assert_array_equal(ahead[0], wanted)
        np.testing.assert_array_equal(back[0].transpose(1, 0, 2), wanted)
        np.testing.assert_array_equal(ahead[1], np.isfinite(wanted).sum(axis=2))
        np.testing.assert_array_equal(back[1].T, ahead[1])
        # Places again and again, too many to be read stop by stop: readers then list their boardings.
        again = profile_times(forward_graph(timetable, key), _often(Pairs(egress, access, direct)), samples, **limits)
        np.testing.assert_array_equal(again[0], np.tile(ahead[0], (1, OFTEN, 1)))
        np.testing.assert_array_equal(again[1], np.tile(ahead[1], (1, OFTEN)))


@pytest.mark.parametrize("n", [2, 3, 5, 7, 8, 12, 120])
def test_the_sorting_network_sorts(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(50):
        values = rng.integers(0, 5, n)
        expected = sorted(values)
        for low, high in sorting_network(n, tuple(range(n))):
            values[low], values[high] = min(values[low], values[high]), max(values[low], values[high])
        assert values.tolist() == expected


@pytest.mark.parametrize(("n", "ranks"), [(2, (1,)), (7, (3,)), (12, (0, 11)), (121, (6, 30, 60, 90, 114))])
def test_a_network_for_some_ranks_puts_those_in_their_place_with_fewer_comparisons(
    n: int, ranks: tuple[int, ...]
) -> None:
    network = sorting_network(n, ranks)
    assert len(network) < len(sorting_network(n, tuple(range(n)))) or n < 3
    rng = np.random.default_rng(n)
    for _ in range(50):
        values = rng.integers(0, 50, n)
        expected = sorted(values)
        for low, high in network:
            values[low], values[high] = min(values[low], values[high]), max(values[low], values[high])
        assert [values[rank] for rank in ranks] == [expected[rank] for rank in ranks]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_one_deadline_alone_is_that_deadline_of_a_window(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timetable = random_timetable(rng, grain_s=int(rng.choice([60, 20])))
    key = key_of(rng)
    # More places than a word has bits.
    n_o, n_d = 4, int(rng.choice([1, 63, 64, 65, 130]))
    access = sparse(random_walks(rng, n_o, timetable.n_stops))
    egress = sparse(random_walks(rng, n_d, timetable.n_stops))
    direct = rng.integers(200, 5000, (n_o, n_d)).astype(np.int32)
    direct[rng.random((n_o, n_d)) < 0.6] = NEVER
    rides = None if rng.random() < 0.4 else int(rng.integers(1, 4))
    limits = {"max_s": int(rng.choice([1200, 3600])), "max_rides": rides}
    at_s = int(rng.integers(0, 60)) * 60
    bound = None if rng.random() < 0.5 else at_s - int(rng.integers(-5, 50)) * 60
    graph, pairs = forward_graph(timetable, key), Pairs(egress, access, direct)
    alone = profile_times(graph, pairs, Samples(at_s, 60, 1, True, bound), ranks=every(1), **limits)
    with mock.patch.object(instant, "_LATEST_BYTES", 1):
        word_by_word = profile_times(graph, pairs, Samples(at_s, 60, 1, True, bound), ranks=every(1), **limits)
    np.testing.assert_array_equal(word_by_word[0], alone[0])
    window = Samples(at_s, 60, 2, True, bound)
    both = profile_times(graph, pairs, window, ranks=every(2), ordered=False, **limits)
    np.testing.assert_array_equal(alone[0][:, :, 0], both[0][:, :, 0])
    np.testing.assert_array_equal(alone[1], np.isfinite(both[0][:, :, 0]))
