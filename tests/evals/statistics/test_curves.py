"""Tails, frontiers and effective lengths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.effective_length import EffectiveLength, crossing, crossings, falling
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
    scores = draw.random((500, 4)) + np.asarray([0.6, 0.4, 0.2, 0])
    found, outside = crossings(lengths, scores, 0.7)
    assert set(outside.tolist()) == {-1, 0, 1}
    for row, length, where in zip(scores, found, outside, strict=True):
        one = crossing(lengths, row, 0.7)
        assert (one.length, one.censored) == (length, {0: "", 1: "at least", -1: "below"}[int(where)])
        fit = isotonic_regression(row, increasing=False).x
        if where == 0:
            assert np.interp(np.log(length), np.log(lengths), fit) == pytest.approx(0.7)
        else:
            assert (fit >= 0.7).all() if where > 0 else fit[0] < 0.7


def test_a_length_is_written_with_its_censoring() -> None:
    assert str(EffectiveLength(length=8192.0, censored="at least")) == ">= 8,192"
    assert str(EffectiveLength(length=512.0, censored="below")) == "< 512"
    assert str(EffectiveLength(length=1234.5)) == "1,234"
