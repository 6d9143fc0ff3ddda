"""Tails, frontiers and effective lengths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.bootstrap import bootstrap_means
from ctxpipe.evals.statistics.design import Design
from ctxpipe.evals.statistics.effective_length import (
    EffectiveLength,
    crossing,
    crossings,
    falling,
    length_gain,
    lower_bounds,
)
from ctxpipe.evals.statistics.frontier import dominated, frontier_frequency
from ctxpipe.evals.statistics.tail import cluster_means, cvar

LENGTHS = (512, 1024, 2048, 4096)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.floats(0.02, 1))
def test_cvar_is_the_minimum_of_rockafellar_and_uryasev(losses: list[float], share: float) -> None:
    values = np.asarray(losses)
    # the minimum over c of c + E[(loss - c)+] / share is reached at one of the losses
    expected = min(c + np.maximum(values - c, 0).mean() / share for c in values)
    assert cvar(values, share) == pytest.approx(expected, abs=1e-6)


def test_cvar_of_the_worst_tenth() -> None:
    assert cvar(np.asarray([0.0] * 18 + [0.5, 1.0])) == 0.75
    assert cvar(np.asarray([0.0] * 14 + [1.0])) == pytest.approx(1 / 1.5)
    for losses, share in (([], 0.1), ([1.0], 0.0), ([1.0], 1.1)):
        with pytest.raises(UsageError, match="cannot be averaged"):
            cvar(np.asarray(losses), share)


def test_cluster_means() -> None:
    assert cluster_means(np.asarray([1.0, 2, 6]), np.asarray([1, 0, 1])).tolist() == [2, 3.5]


points = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


@given(points)
def test_what_is_not_dominated_is_the_lower_left_staircase(found: list[tuple[int, int]]) -> None:
    costs, losses = np.asarray(found, dtype=float).T
    least: dict[int, float] = {}
    best = math.inf
    for cost in sorted({c for c, _ in found}):
        lowest = min(loss for c, loss in found if c == cost)
        if lowest < best:
            least[cost] = best = lowest
    assert dominated(costs, losses).tolist() == [least.get(cost) != loss for cost, loss in found]


def test_frontier_frequency_counts_draws() -> None:
    costs = np.asarray([0.1, 0.5, 0.9])
    losses = np.asarray([[0.3, 0.2, 0.1], [0.3, 0.4, 0.1], [0.1, 0.2, 0.3], [0.3, 0.2, 0.2]])
    assert frontier_frequency(costs, losses).tolist() == [1.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("scores", "length", "censored"),
    [
        ((0.9, 0.9, 0.7, 0.5), math.exp((math.log(1024) + math.log(2048)) / 2), ""),
        ((0.9, 0.8, 0.7, 0.5), 1024, ""),
        ((0.9, 0.9, 0.9, 0.9), 4096, "at least"),
        ((0.9, 0.9, 0.9, 0.8), 4096, "at least"),
        ((0.7, 0.6, 0.5, 0.4), 512, "below"),
        ((0.7, 0.6, 0.5, 0.9), 512, "below"),
        # isotonic: 0.75 and 0.89 pool to 0.82, above the threshold at both
        ((0.9, 0.75, 0.89, 0.5), 2048 * 2 ** ((0.82 - 0.8) / (0.82 - 0.5)), ""),
    ],
)
def test_crossing(scores: tuple[float, ...], length: float, censored: str) -> None:
    found = crossing(np.asarray(LENGTHS, dtype=float), np.asarray(scores), 0.8)
    assert found.length == pytest.approx(length)
    assert found.censored == censored


curves = st.integers(1, 7).flatmap(
    lambda k: st.lists(st.lists(st.floats(0, 1), min_size=k, max_size=k), min_size=1, max_size=20)
)


@given(curves)
def test_falling_is_the_isotonic_regression_of_every_row(rows: list[list[float]]) -> None:
    scores = np.asarray(rows)
    fit = falling(scores)
    for row, found in zip(scores, fit, strict=True):
        assert found == pytest.approx(isotonic_regression(row, increasing=False).x, abs=1e-12)
        if (np.diff(row) <= 0).all():
            assert found.tolist() == row.tolist()


def test_crossings_are_those_of_each_curve() -> None:
    lengths, draw = np.asarray(LENGTHS, dtype=float), np.random.default_rng(0)
    scores, thresholds = draw.random((500, 4)) + np.asarray([0.6, 0.4, 0.2, 0]), draw.random(500) + 0.3
    found, outside = crossings(lengths, scores, thresholds)
    assert set(outside.tolist()) == {-1, 0, 1}
    for row, limit, length, where in zip(scores, thresholds, found, outside, strict=True):
        one = crossing(lengths, row, float(limit))
        assert (one.length, one.censored) == (length, {0: "", 1: "at least", -1: "below"}[int(where)])
        fit = isotonic_regression(row, increasing=False).x
        if where == 0:
            assert np.interp(np.log(length), np.log(lengths), fit) == pytest.approx(limit)
        else:
            assert (fit >= limit).all() if where > 0 else fit[0] < limit


def test_a_length_is_written_with_its_censoring() -> None:
    assert str(EffectiveLength(length=8192.0, censored="at least")) == ">= 8,192"
    assert str(EffectiveLength(length=512.0, censored="below")) == "< 512"
    assert str(EffectiveLength(length=1234.5)) == "1,234"


def right(chances: tuple[float, ...], n: int = 300, seed: int = 0) -> np.ndarray:
    """Answers to the same n questions, each with its own difficulty."""
    difficulty = np.random.default_rng(seed).permutation((np.arange(n) + 0.5) / n)
    return (difficulty[:, None] < np.asarray(chances)).astype(float)


def test_gain_is_found_with_its_interval() -> None:
    design = Design.of([str(i) for i in range(300)])
    found = length_gain(LENGTHS, right((0.95, 0.9, 0.6, 0.3)), right((0.95, 0.94, 0.93, 0.6)), design, closed=0.1)
    assert found.threshold == pytest.approx(0.85 * 0.95)
    assert 1024 < found.raw.length < 2048 < found.compressed.length < 4096
    assert found.gain == pytest.approx(found.compressed.length / found.raw.length)
    assert found.interval is not None
    assert 1.5 < found.interval[0] < found.gain < found.interval[1] < 3
    assert (found.censored, found.censored_share) == ("", 0)
    assert all(low < mean for low, mean in zip(found.raw_lower, (0.95, 0.9, 0.6, 0.3), strict=True))


def test_equal_arms_gain_nothing() -> None:
    design = Design.of([str(i) for i in range(300)])
    same = right((0.95, 0.9, 0.6, 0.3))
    found = length_gain(LENGTHS, same, same, design)
    assert (found.gain, found.interval) == (1, (1, 1))


def test_the_threshold_moves_with_the_draws() -> None:
    """When all lengths rise and fall together, what is 85% of the shortest does too, and the crossing stays put."""
    level = np.random.default_rng(1).uniform(0.2, 1.0, size=(400, 1))
    raw, compressed = level * np.asarray([1, 0.9, 0.6, 0.3]), level * np.asarray([1, 0.98, 0.93, 0.5])
    found = length_gain(LENGTHS, raw, compressed, Design.of([str(i) for i in range(400)]), draws=1000)
    assert found.interval is not None
    assert found.gain is not None
    assert found.interval[1] - found.interval[0] < 0.005 * found.gain


@pytest.mark.parametrize(
    ("raw", "compressed", "censored", "defined"),
    [
        ((0.95, 0.9, 0.6, 0.3), (0.95, 0.95, 0.95, 0.95), "at least", True),
        ((0.95, 0.9, 0.6, 0.3), (0.5, 0.5, 0.5, 0.5), "at most", True),
        ((0.95, 0.95, 0.95, 0.95), (0.95, 0.9, 0.6, 0.3), "at most", True),
        ((0.95, 0.95, 0.95, 0.95), (0.95, 0.95, 0.95, 0.95), "", False),
    ],
)
def test_a_gain_between_censored_lengths_is_a_bound_or_nothing(
    raw: tuple[float, ...], compressed: tuple[float, ...], censored: str, defined: bool
) -> None:
    design = Design.of([str(i) for i in range(300)])
    found = length_gain(LENGTHS, right(raw), right(compressed), design, draws=200)
    assert found.censored == censored
    assert (found.gain is not None) is defined
    assert (found.interval is not None) is defined
    assert found.censored_share > 0.9


def test_twenty_right_of_twenty_are_not_certainty() -> None:
    design = Design.of([str(i) for i in range(20)])
    scores = np.ones((20, 1))
    (bound,) = lower_bounds(scores, bootstrap_means(scores, design), design)
    assert bound == pytest.approx(0.05 ** (1 / 20))
    clustered = Design.of([str(i // 4) for i in range(20)])
    (bound,) = lower_bounds(scores, bootstrap_means(scores, clustered), clustered)
    assert bound == pytest.approx(0.05 ** (1 / 5))


def test_other_scores_get_the_bound_of_the_bootstrap() -> None:
    scores = np.random.default_rng(0).normal(0.5, 0.1, size=(400, 1))
    design = Design.of([str(i) for i in range(400)])
    (bound,) = lower_bounds(scores, bootstrap_means(scores, design), design)
    assert bound == pytest.approx(scores.mean() - 1.645 * scores.std() / 20, abs=0.001)


def test_questions_that_cannot_tell_lengths_apart_are_refused() -> None:
    design = Design.of([str(i) for i in range(300)])
    scores = right((0.5, 0.5, 0.5, 0.5))
    with pytest.raises(UsageError, match=r"85% of the raw score at 512 tokens is 0\.425, not above the 0\.450"):
        length_gain(LENGTHS, scores, scores, design, closed=0.45)
    with pytest.raises(UsageError, match="ascending lengths"):
        length_gain((512, 512), scores[:, :2], scores[:, :2], design)
    with pytest.raises(UsageError, match=r"shape \(300, 4\)"):
        length_gain(LENGTHS, scores[:, :3], scores, design)
