"""Bounds of what is kept of another score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.bootstrap import bootstrap_means
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.share_bound import multinomial_bound, share_bounds
from ctxpipe.evals.statistics.tango import tango_interval

Z = 1.6448536269514722


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 200))
def test_of_a_difference_it_is_tangos_bound(losses: int, gains: int, same: int) -> None:
    n = losses + gains + same
    expected = tango_interval(losses, gains, n, level=0.9)[0]
    assert multinomial_bound([1, -1, 0], [gains, losses, same]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("right", "n"), [(20, 20), (13, 20), (0, 20), (1, 7), (2.5, 9.5)])
def test_of_one_proportion_it_is_wilsons_bound(right: float, n: float) -> None:
    p = right / n
    centre, spread = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    expected = max(0.0, (centre - spread) / (1 + Z * Z / n))
    assert multinomial_bound([1, 0], [right, n - right]) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("table", [(20, 3, 5, 2), (12, 0, 4, 4), (9, 1, 0, 10), (30, 2, 12, 6)])
def test_at_0_it_is_the_score_test_of_a_ratio_of_paired_proportions(table: tuple[int, int, int, int]) -> None:
    """The share at which the bound is 0 is rejected by Nam and Blackwelder's statistic at its very level."""
    both, only_a, only_b, neither = table
    n = sum(table)
    low, high = 0.01, 2.0
    for _ in range(60):
        share = (low + high) / 2
        above = multinomial_bound([1 - share, 1, -share, 0], [both, only_a, only_b, neither]) >= 0
        low, high = (share, high) if above else (low, share)
    only_a_p, only_b_p = likeliest(table, low)
    statistic = (both + only_a - low * (both + only_b)) / math.sqrt(n * low * (only_a_p + only_b_p))
    assert statistic == pytest.approx(Z, abs=1e-3)


def likeliest(table: tuple[int, int, int, int], share: float) -> tuple[float, float]:
    """Probabilities of the unequal pairs, the likeliest under P(a) = share * P(b), by search over P(b)."""

    def cells(p: float, both: float) -> tuple[float, float, float, float]:
        return both, share * p - both, p - both, 1 - p - share * p + both

    def worth(p: float, both: float) -> float:
        found = cells(p, both)
        if min(found) < -1e-12:
            return -math.inf
        return sum(k * math.log(max(q, 1e-300)) for k, q in zip(table, found, strict=True) if k)

    def best_both(p: float) -> float:
        ends = max(0.0, p + share * p - 1), min(p, share * p)
        return float(minimize_scalar(lambda b: -worth(p, b), bounds=ends, method="bounded", options={"xatol": 1e-10}).x)

    ends = 1e-6, min(1.0, 1 / share) - 1e-9
    p = minimize_scalar(lambda q: -worth(q, best_both(q)), bounds=ends, method="bounded", options={"xatol": 1e-9}).x
    found = cells(float(p), best_both(float(p)))
    return found[1], found[2]


def bounds_of(base: Floats, other: Floats, design: Design, share: float = 0.85) -> tuple[float, float]:
    scores = np.stack([base, other], axis=1)
    itself, bound = share_bounds(scores, bootstrap_means(scores - share * scores[:, :1], design), design, share=share)
    return float(itself), float(bound)


@pytest.mark.parametrize(("n", "enough"), [(15, False), (16, True)])
def test_all_right_of_a_few_are_not_certainty(n: int, enough: bool) -> None:
    """Of n pairs that are right in both, z = sqrt(n) 0.15 / sqrt(0.85 * 0.15), the variance at a share of 0.85."""
    assert (math.sqrt(n) * 0.15 / math.sqrt(0.85 * 0.15) > Z) is enough
    itself, bound = bounds_of(np.ones(n), np.ones(n), Design.of([str(i) for i in range(n)]))
    assert (bound >= 0) is enough
    assert itself == pytest.approx(0.15 * n / (n + Z * Z))  # Wilson's bound: what is kept of itself is all of it


def test_items_of_one_source_count_as_their_worth() -> None:
    other, base = np.repeat((np.random.default_rng(1).random(20) < 0.7).astype(float), 4), np.ones(80)
    _, alone = bounds_of(base, other, Design.of([str(i) for i in range(80)]))
    _, together = bounds_of(base, other, Design.of([str(i // 4) for i in range(80)]))
    _, few = bounds_of(base[::4], other[::4], Design.of([str(i) for i in range(20)]))
    assert together < alone - 0.03
    assert together == pytest.approx(few, abs=0.02)


def test_other_scores_get_the_bound_of_the_bootstrap() -> None:
    draw = np.random.default_rng(0)
    base = draw.uniform(0.1, 0.9, 400)
    other = base * draw.normal(0.88, 0.05, 400)
    differences = other - 0.85 * base
    _, bound = bounds_of(base, other, Design.of([str(i) for i in range(400)]))
    assert bound == pytest.approx(differences.mean() - Z * differences.std() / 20, abs=0.001)
    assert bound > 0  # though the mean's own interval reaches below: what easy and hard items share cancels
    assert other.mean() - Z * other.std() / 20 < 0.85 * base.mean()


def test_no_counts_are_refused() -> None:
    for values, counts in (([1, 0], [0, 0]), ([1, 0], [-1, 3]), ([1, 0, -1], [1, 2])):
        with pytest.raises(UsageError, match="not counts"):
            multinomial_bound(values, counts)
