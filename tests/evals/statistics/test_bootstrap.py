"""Designs and the cluster bootstrap, against exact enumeration and textbook formulas."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics import draws
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design
from ctxpipe.evals.statistics.draws import drawn_counts
from ctxpipe.evals.statistics.effective_counts import effective_items
from ctxpipe.evals.statistics.retained import gain_retained


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def names(count: int, size: int = 1) -> list[str]:
    return [f"c{i // size}" for i in range(count)]


def test_a_macro_mean_gives_every_stratum_one_vote() -> None:
    design = Design.of(names(4), ["a", "a", "a", "b"])
    assert design.mean(np.asarray([0.0, 0.0, 0.3, 1.0])) == pytest.approx((0.1 + 1) / 2)
    assert design.weights() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_single_items_have_the_textbook_variance_and_no_design_effect(rng: np.random.Generator) -> None:
    values = rng.normal(size=40)
    design = Design.of(names(40))
    assert design.variance(values) == pytest.approx(values.var(ddof=1) / 40)
    assert design.design_effect(values) == 1
    assert design.effective_clusters() == effective_items(values, design) == 40


def test_strata_add_their_variances(rng: np.random.Generator) -> None:
    values = rng.normal(size=50)
    strata = ["a"] * 20 + ["b"] * 30
    expected = (values[:20].var(ddof=1) / 20 + values[20:].var(ddof=1) / 30) / 4
    assert Design.of(names(50), strata).variance(values) == pytest.approx(expected)


def test_copies_within_a_cluster_do_not_shrink_the_variance(rng: np.random.Generator) -> None:
    values = rng.normal(size=40)
    once, thrice = Design.of(names(40)), Design.of(names(120, 3))
    assert thrice.variance(np.repeat(values, 3)) == pytest.approx(once.variance(values))
    assert thrice.effective_clusters() == pytest.approx(40)
    assert thrice.design_effect(np.repeat(values, 3)) == pytest.approx(3, rel=0.03)


def test_a_cluster_in_two_strata_ties_them(rng: np.random.Generator) -> None:
    """The same questions at two lengths: the sum over both is one observation, and errors do not average out."""
    values = rng.normal(size=30)
    both = np.concatenate([values, values])
    tied = Design.of(names(30) * 2, ["short"] * 30 + ["long"] * 30)
    apart = Design.of(names(60), ["short"] * 30 + ["long"] * 30)
    assert tied.variance(both) == pytest.approx(Design.of(names(30)).variance(values))
    assert apart.variance(both) == pytest.approx(tied.variance(both) / 2)
    assert bootstrap_means(both, tied).std() == pytest.approx(tied.variance(both) ** 0.5, rel=0.05)
    assert bootstrap_means(both, apart).std() == pytest.approx(apart.variance(both) ** 0.5, rel=0.05)


def test_one_cluster_or_equal_values_have_no_design_effect() -> None:
    assert Design.of(["c"] * 5).design_effect(np.arange(5.0)) is None
    assert Design.of(names(6, 2)).design_effect(np.ones(6)) is None
    assert Design.of(["c"]).design_effect(np.ones(1)) is None


def test_a_design_needs_items_with_matching_names() -> None:
    with pytest.raises(UsageError, match="no items"):
        Design.of([])
    with pytest.raises(UsageError, match="2 items have clusters and 1 have strata"):
        Design.of(["a", "b"], ["s"])


def test_draws_have_the_exact_distribution() -> None:
    """All 4^4 resamples of four clusters of unequal size, against their frequency in the draws."""
    values, clusters = np.asarray([1.0, 2.0, 4.0, 8.0, 0.0, 3.0]), ["a", "a", "b", "c", "c", "d"]
    groups = [values[[c == name for c in clusters]] for name in "abcd"]
    exact = Counter(round(float(np.concatenate(drawn).mean()), 9) for drawn in itertools.product(groups, repeat=4))
    means = bootstrap_means(values, Design.of(clusters), draws=40_000)
    seen = Counter(np.round(means, 9).tolist())
    assert set(seen) <= set(exact)
    expected = np.asarray([40_000 * exact[key] / 4**4 for key in exact])
    observed = np.asarray([seen[key] for key in exact])
    assert stats.chisquare(observed, expected).pvalue > 0.001


def test_both_ways_of_drawing_agree(rng: np.random.Generator) -> None:
    """Few distinct clusters are drawn as a multinomial, many one by one; a little noise forces the second."""
    values = np.repeat([0.0, 1.0], [900, 100])
    design = Design.of(names(1000))
    noisy = values + rng.normal(size=1000) * 1e-9
    grouped, single = (bootstrap_means(one, design).round(6) for one in (values, noisy))
    assert grouped.mean() == pytest.approx(0.1, abs=0.001)
    assert stats.ks_2samp(grouped, single).pvalue > 0.001


def test_columns_share_their_draws(rng: np.random.Generator) -> None:
    values = rng.normal(size=30)
    means = bootstrap_means(np.stack([values, 2 * values + 1], axis=1), Design.of(names(30)))
    assert means[:, 1] == pytest.approx(2 * means[:, 0] + 1)


@pytest.mark.parametrize("clusters", [1, 7, 300, 2_000])
def test_draws_that_are_remembered_are_the_draws(rng: np.random.Generator, clusters: int) -> None:
    """Each arm of a suite has other values and the same draws; a large suite's are made anew, and are the same too."""
    values = rng.normal(size=clusters)
    design = Design.of(names(clusters))
    first, again = (bootstrap_means(values, design, draws=300, seed=clusters) for _ in range(2))
    assert again.tolist() == first.tolist()
    counts = [
        np.concatenate(
            [batch for _, batch in drawn_counts(np.random.default_rng(3), clusters, 300, seed=3, block=block)]
        )
        for block in (10, 10, 11)
    ]
    assert (counts[0] == counts[1]).all()
    assert (counts[0] == counts[2]).all(), "another block's draws are its generator's, here the same one's"
    assert (counts[0].sum(axis=1) == clusters).all()


def test_no_more_draws_are_remembered_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "REMEMBERED", 1_000)
    monkeypatch.setattr(draws, "_LARGEST", 500)
    monkeypatch.setattr(draws, "_held", draws.OrderedDict())
    for clusters in (4, 5, 50, 3):
        list(drawn_counts(np.random.default_rng(0), clusters, 100, seed=0, block=0))
    assert [key[2] for key in draws._held] == [5, 3], "50 is too large, and 4 had to go"


def test_neither_the_order_of_items_nor_the_names_of_clusters_matter(rng: np.random.Generator) -> None:
    values, clusters, strata = rng.normal(size=60), names(60, 3), ["a", "b"] * 30
    order = rng.permutation(60)
    first = bootstrap_means(values, Design.of(clusters, strata), draws=50)
    moved = Design.of([f"x{99 - int(clusters[i][1:])}" for i in order], [strata[i] for i in order])
    assert bootstrap_means(values[order], moved, draws=50) == pytest.approx(first)
    assert (bootstrap_means(values, Design.of(clusters, strata), draws=50, seed=1) != first).all()


def test_the_interval_is_the_percentiles_for_many_clusters_and_wider_for_few(rng: np.random.Generator) -> None:
    replicates = rng.normal(size=200_000)
    many, few = Design.of(names(5000)), Design.of(names(5))
    assert expanded_interval(replicates, many) == pytest.approx((-1.96, 1.96), abs=0.03)
    # Hesterberg (2015): with n = 5 the tails are those of sqrt(5 / 4) t
    wide = float(np.sqrt(5 / 4) * stats.t.ppf(0.975, 4))
    assert expanded_interval(replicates, few) == pytest.approx((-wide, wide), rel=0.03)
    assert expanded_interval(replicates, Design.of(["c"] * 9)) == (-np.inf, np.inf)


def test_coverage_of_the_bootstrap_with_clusters() -> None:
    draw = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        values = (draw.normal(size=(40, 1)) + draw.normal(size=(40, 4))).ravel()
        design = Design.of(names(160, 4))
        low, high = expanded_interval(bootstrap_means(values, design, draws=400), design)
        covered += low <= 0 <= high
    assert 0.90 < covered / 200 < 0.99


def test_memory_stays_bounded(rng: np.random.Generator) -> None:
    design, values = Design.of(names(20_000)), rng.normal(size=20_000)
    tracemalloc.start()
    try:
        bootstrap_means(values, design, draws=100)
        bootstrap_means(np.round(values, 1), design, draws=10_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6


def test_few_flips_are_taken_for_the_worst_case_and_many_for_what_they_are() -> None:
    design = Design.of(names(1000, 20))
    found = []
    for flips in (0, 1, 2, 5, 20, 50):
        values = np.zeros(1000)
        values[np.arange(flips) * 20] = -1
        found.append(effective_items(values, design))
    assert found[0] == pytest.approx(50)
    assert found == sorted(found)
    assert found[1] < 60
    assert 900 < found[-1] <= 1000


def test_flips_of_whole_clusters_count_as_clusters() -> None:
    values = np.zeros(1000)
    values[:200] = -1
    assert effective_items(values, Design.of(names(1000, 20))) == pytest.approx(50, rel=0.05)


def test_gain_retained_is_a_ratio_of_means_with_an_interval(rng: np.random.Generator) -> None:
    closed, raw = rng.normal(5, 1, 200), rng.normal(3, 1, 200)
    design = Design.of(names(200))
    same = gain_retained(closed, raw, raw, design)
    assert (same.value, *same.interval) == pytest.approx((1, 1, 1))
    assert gain_retained(closed, closed, raw, design).value == 0
    arm = raw - 0.2 + rng.normal(0, 0.1, 200)
    better = gain_retained(closed, arm, raw, design)
    assert better.value == pytest.approx((closed - arm).mean() / (closed - raw).mean())
    assert 1 < better.interval[0] < better.value < better.interval[1] < 1.3
    with pytest.raises(UsageError, match="no gain to retain"):
        gain_retained(raw, arm, closed, design)
