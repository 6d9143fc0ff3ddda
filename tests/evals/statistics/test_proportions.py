"""Tango, Clopper-Pearson, McNemar and the rule of three, against published examples and exact enumeration."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom, norm, t

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.binomial import clopper_pearson, mcnemar, rule_of_three
from ctxpipe.evals.statistics.tango import tango_interval, tango_statistic


def test_tango_gives_the_example_of_its_paper() -> None:
    # Tango (1998), section 6.1, soft contact lenses: 43 pairs alike, 1 loss, no gain; margin 0.1
    assert round(tango_statistic(1, 0, 44, -0.1), 3) == 1.709
    assert round(float(norm.sf(tango_statistic(1, 0, 44, -0.1))), 3) == 0.044
    assert round(tango_interval(1, 0, 44, level=0.90)[0], 3) == -0.096


@pytest.mark.parametrize(
    ("losses", "gains", "n", "interval"),
    [
        (16, 6, 161, (-0.1240, -0.0054)),  # Cavo et al. 2012, in Fagerland, Lydersen & Laake (2014), Stat. Med. 33
        (7, 1, 21, (-0.517, -0.026)),  # Bentur et al. 2009, in the same
    ],
)
def test_tango_gives_published_intervals(losses: int, gains: int, n: int, interval: tuple[float, float]) -> None:
    assert tango_interval(losses, gains, n) == pytest.approx(interval, abs=5e-4 if n == 21 else 5e-5)


def test_tango_is_mcnemar_at_no_difference() -> None:
    assert tango_statistic(16, 6, 161, 0.0) == pytest.approx(-10 / math.sqrt(22))


@pytest.mark.parametrize(("losses", "gains", "n"), [(1, 0, 44), (16, 6, 161), (0, 3, 20), (5, 5, 10), (2, 9, 30)])
@pytest.mark.parametrize("difference", [-0.4, -0.1, 0.05, 0.3])
def test_the_statistic_uses_the_restricted_maximum_likelihood(
    losses: int, gains: int, n: int, difference: float
) -> None:
    def minus_log_likelihood(loss: float) -> float:
        cells = ((losses, loss), (gains, loss + difference), (n - losses - gains, 1 - 2 * loss - difference))
        return -sum(count * math.log(max(p, 1e-300)) for count, p in cells if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    best = minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    variance = n * (2 * best + difference - difference**2)
    expected = (gains - losses - n * difference) / math.sqrt(variance)
    assert tango_statistic(losses, gains, n, difference) == pytest.approx(expected, rel=1e-4)


@given(st.integers(1, 60), st.data())
def test_tango_interval_is_where_the_statistic_meets_the_quantile(n: int, data: st.DataObject) -> None:
    losses = data.draw(st.integers(0, n))
    gains = data.draw(st.integers(0, n - losses))
    lower, upper = tango_interval(losses, gains, n)
    assert -1 <= lower <= (gains - losses) / n <= upper <= 1
    assert lower < upper
    for limit, value in ((lower, norm.ppf(0.975)), (upper, norm.ppf(0.025))):
        if abs(limit) < 1:
            assert tango_statistic(losses, gains, n, limit) == pytest.approx(value, abs=1e-5)
    assert tango_interval(gains, losses, n) == pytest.approx((-upper, -lower), abs=1e-9)


def test_no_flip_is_not_a_point() -> None:
    z2 = float(norm.ppf(0.975)) ** 2
    assert tango_interval(0, 0, 50) == pytest.approx((-z2 / (50 + z2), z2 / (50 + z2)))


def test_coverage_at_a_true_loss_of_2_percent_in_50_items() -> None:
    """Exact, by the binomial distribution of the losses: Tango covers, Student's t misses one time in three."""
    chances = binom.pmf(range(51), 50, 0.02)
    tango = sum(p for k, p in enumerate(chances) if tango_interval(k, 0, 50)[0] <= -0.02 <= tango_interval(k, 0, 50)[1])
    student = 0.0
    for k, p in enumerate(chances):
        values = np.repeat([-1.0, 0.0], [k, 50 - k])
        half = t.ppf(0.975, 49) * values.std(ddof=1) / math.sqrt(50)
        student += p * (values.mean() - half <= -0.02 <= values.mean() + half)
    assert tango == pytest.approx(0.997, abs=0.001)
    assert student == pytest.approx(0.635, abs=0.002)


def test_coverage_over_pairs_of_flips_is_near_the_level() -> None:
    """Exact, by the trinomial distribution, at n = 40 with 10% losses and 6% gains."""
    n, loss, gain = 40, 0.10, 0.06
    covered = 0.0
    for losses, gains in product(range(n + 1), repeat=2):
        if losses + gains > n:
            continue
        ways = math.comb(n, losses) * math.comb(n - losses, gains)
        chance = ways * loss**losses * gain**gains * (1 - loss - gain) ** (n - losses - gains)
        if chance > 1e-9:
            lower, upper = tango_interval(losses, gains, n)
            covered += chance * (lower <= gain - loss <= upper)
    assert 0.94 < covered < 0.97


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0), (math.nan, 0, 5)])
def test_tango_refuses_what_is_no_table(counts: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError, match="not a paired table"):
        tango_interval(*counts)


@pytest.mark.parametrize(
    ("count", "n", "interval"),
    [
        # Newcombe (1998), "Two-sided confidence intervals for the single proportion", Stat. Med. 17, table I, method 5
        (81, 263, (0.2527, 0.3676)),
        (15, 148, (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1684)),
        (1, 29, (0.0009, 0.1776)),
        (13, 16, (0.5435, 0.9595)),  # Fagerland, Lydersen & Laake (2017), chapter 2
    ],
)
def test_clopper_pearson_gives_published_intervals(count: int, n: int, interval: tuple[float, float]) -> None:
    assert clopper_pearson(count, n) == pytest.approx(interval, abs=5e-5)


def test_a_one_sided_bound_has_all_the_error_on_its_side() -> None:
    low, high = clopper_pearson(3, 40, side="upper")
    assert low == 0
    assert binom.cdf(3, 40, high) == pytest.approx(0.05)
    low, high = clopper_pearson(3, 40, side="lower")
    assert high == 1
    assert binom.sf(2, 40, low) == pytest.approx(0.05)
    with pytest.raises(UsageError, match="5 of 4"):
        clopper_pearson(5, 4)


def test_mcnemar_gives_the_published_p() -> None:
    assert round(mcnemar(16, 6), 6) == 0.052479  # Fagerland et al. (2013): exact conditional test
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 5) == mcnemar(5, 0) == 2 / 2**5
    with pytest.raises(UsageError, match="not counts"):
        mcnemar(-1, 2)


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_the_rule_of_three_is_the_exact_bound_rounded_up(n: int) -> None:
    exact = 1 - 0.05 ** (1 / n)
    assert exact < rule_of_three(n) < 1.06 * exact
    assert rule_of_three(2) == 1
    with pytest.raises(UsageError, match="a bound needs at least one item"):
        rule_of_three(0)
