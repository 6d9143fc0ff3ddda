"""How scores of several sources become one, and what a passage gains by being named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxpipe.compress.learned.files import ScoreWeights
from ctxpipe.compress.learned.links import Link
from ctxpipe.compress.learned.scores import LINK_FROM, LINK_MOST, added, evened, linked

NUMBERS = st.floats(-50, 50, width=32).map(lambda value: round(value, 2))
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, st.integers(1, 90)), min_size=2, max_size=20)
WEIGHTS = ScoreWeights(fusion=0.5, first=1.0, second=0.4, link=0.3)


def columns(rows: list[tuple[float, float, float, int]]) -> tuple[np.ndarray, ...]:
    return *(np.array([row[i] for row in rows], dtype=np.float64) for i in range(3)), np.array([r[3] for r in rows])


def link(members: list[int], named_by: list[int]) -> Link:
    return Link(np.array(members), np.array(named_by))


@settings(max_examples=40)
@given(ROWS, st.floats(0.5, 3), st.floats(-9, 9))
def test_sums_do_not_depend_on_scale_and_shift(
    rows: list[tuple[float, float, float, int]], scale: float, shift: float
) -> None:
    fusion, first, second, size = columns(rows)
    named = [link([0], [1])]
    expected = added(fusion, first, second, WEIGHTS, size, named)
    np.testing.assert_allclose(added(scale * fusion + shift, first, second, WEIGHTS, size, named), expected, atol=1e-5)
    np.testing.assert_allclose(added(fusion, scale * first + shift, second, WEIGHTS, size, named), expected, atol=1e-5)
    without = added(fusion, first, np.full(len(rows), np.nan), WEIGHTS, size)
    np.testing.assert_array_equal(without, added(fusion, first, None, WEIGHTS, size))


@settings(max_examples=60)
@given(ROWS)
def test_evening_out_keeps_the_order_and_the_mean(rows: list[tuple[float, float, float, int]]) -> None:
    values, _, other, size = columns(rows)
    chosen = other > np.median(other) - 1e-9
    found = evened(values, chosen, size)
    assert not found[~chosen].any()
    assert found.mean() == pytest.approx(0, abs=1e-9)
    for a in np.flatnonzero(chosen):
        for b in np.flatnonzero(chosen):
            assert (found[a] > found[b]) == (values[a] > values[b])


@settings(max_examples=40)
@given(ROWS)
def test_a_document_twice_as_long_is_evened_out_alike(rows: list[tuple[float, float, float, int]]) -> None:
    values, _, _, size = columns(rows)
    once = evened(values, np.ones(len(rows), dtype=np.bool_), size)
    twice = evened(np.tile(values, 2), np.ones(2 * len(rows), dtype=np.bool_), np.tile(size, 2))
    np.testing.assert_allclose(twice, np.tile(once, 2), atol=1e-9)


def test_ranks_count_tokens_and_not_sentences() -> None:
    every = np.ones(3, dtype=np.bool_)
    found = evened(np.array([3.0, 2.0, 1.0]), every, np.array([10, 30, 60]))
    reciprocals = 1 / (0.03 + np.array([0.1, 0.4, 1.0]))
    expected = (np.array([1, 0, -1]) / np.sqrt(2 / 3) + (reciprocals - reciprocals.mean()) / reciprocals.std()) / 2
    np.testing.assert_allclose(found, expected)
    assert not evened(np.zeros(3), ~every, np.ones(3, dtype=np.int64)).any()


def test_what_a_good_sentence_names_is_raised_and_no_more_than_so_far() -> None:
    total = np.array([5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 99.0])
    read = np.array([True] * 6 + [False])
    spread = total[read].std()
    gain = linked(total, read, [link([1, 2], [0, 3]), link([4], [5])])
    assert gain[1] == gain[2] == pytest.approx(5 - total[read].mean() - LINK_FROM * spread)
    assert not gain[[0, 3, 4, 5, 6]].any()
    total = np.array([1000.0, *np.zeros(200)])
    read = np.ones(201, dtype=np.bool_)
    assert linked(total, read, [link([1], [0])])[1] == pytest.approx(LINK_MOST * total.std())
    assert not linked(total, read, []).any()


def test_what_was_not_read_has_no_sum() -> None:
    first = np.array([1.0, np.nan, 0.0])
    found = added(np.array([0.0, 9.0, 1.0]), first, np.array([np.nan, np.nan, 4.0]), WEIGHTS, np.array([5, 5, 5]))
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])
