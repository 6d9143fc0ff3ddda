"""Stratified cluster bootstrap of macro means, for several columns with the same draws."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.draws import CELLS, drawn_counts

DRAWS = 10_000

MULTINOMIAL_COST = 20
"""Drawing one multinomial count takes about as long as drawing this many single clusters."""


def bootstrap_means(values: Floats, design: Design, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Macro means of resampled data.

    Clusters are drawn with replacement within each block of strata; a stratum's mean is its drawn total over its drawn
    count, and the strata are averaged. All columns see the same draws, so differences and ratios of columns are paired.
    Davison & Hinkley (1997), *Bootstrap Methods and their Application*, sections 3.2 and 3.8.

    Args:
        values: Shape (n,) or (n, k).
        design: Clusters and strata of the n items.
        draws: Number of resamples.
        seed: The same seed, values and design give the same result.

    Returns:
        Shape (draws,) or (draws, k).
    """
    table = values.reshape(len(values), -1).astype(np.float64)
    totals = np.zeros((draws, table.shape[1]))
    voices = np.zeros((draws, 1))
    for block, generator in enumerate(np.random.default_rng(seed).spawn(int(design.block.max()) + 1)):
        profiles, strata = _profiles(table, design, block)
        for start, sums in _resample(profiles, draws, generator, seed=seed, block=block):
            per_stratum = sums.reshape(len(sums), strata, -1)
            counts = per_stratum[:, :, -1:]
            drawn = counts > 0
            means = np.divide(per_stratum[:, :, :-1], counts, out=np.zeros_like(per_stratum[:, :, :-1]), where=drawn)
            totals[start : start + len(sums)] += means.sum(axis=1)
            voices[start : start + len(sums)] += drawn.sum(axis=1)
    result = totals / voices
    return result if values.ndim > 1 else result[:, 0]


def _profiles(table: Floats, design: Design, block: int) -> tuple[Floats, int]:
    """Contribution of each cluster of a block: shape (m_h, S_h * (k + 1)), per stratum k totals and the item count.

    Rows are sorted, so that the draws depend only on the data and not on names of clusters or the order of items.
    """
    chosen = design.block[design.cluster] == block
    clusters, cluster = np.unique(design.cluster[chosen], return_inverse=True)
    strata, stratum = np.unique(design.stratum[chosen], return_inverse=True)
    cell = cluster * len(strata) + stratum
    columns = [*table[chosen].T, np.ones(int(chosen.sum()))]
    size = len(clusters) * len(strata)
    sums = np.stack([np.bincount(cell, weights=column, minlength=size) for column in columns], axis=1)
    rows = sums.reshape(len(clusters), len(strata) * len(columns))
    return np.asarray(rows[np.lexsort(rows.T[::-1])], dtype=np.float64), len(strata)


def _resample(
    profiles: Floats, draws: int, generator: np.random.Generator, *, seed: int, block: int
) -> Iterator[tuple[int, Floats]]:
    """Yield the index of the first draw of a batch, and the batch's summed profiles, sorted."""
    m = len(profiles)
    first = np.concatenate([[True], (profiles[1:] != profiles[:-1]).any(axis=1)])
    if first.sum() * MULTINOMIAL_COST >= m:
        for start, counts in drawn_counts(generator, m, draws, seed=seed, block=block):
            yield start, counts @ profiles
        return
    distinct, times = profiles[first], np.diff(np.append(np.flatnonzero(first), m))
    batch = max(1, CELLS // len(distinct))
    for start in range(0, draws, batch):
        yield start, generator.multinomial(m, times / m, size=min(batch, draws - start)) @ distinct


def expanded_interval(replicates: Floats, design: Design, *, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval, widened for few clusters.

    The tails taken are Phi(-sqrt(m / (m - H)) t), t the quantile of Student's distribution with m - H degrees of
    freedom: Hesterberg (2015), "What Teachers Should Know About the Bootstrap", The American Statistician 69, section
    3.1 ("expanded percentile interval"), with m clusters in H blocks for n observations in one sample.

    Args:
        replicates: Resampled statistics, shape (draws,); those that are not finite are left out.
        design: Clusters and strata that were resampled.
        level: Two-sided coverage.

    Returns:
        Lower and upper limit; infinite when there are no degrees of freedom or nothing finite.
    """
    freedom = design.degrees_of_freedom
    kept = replicates[np.isfinite(replicates)]
    if freedom < 1 or not len(kept):
        return -math.inf, math.inf
    quantile = stats.t.ppf((1 + level) / 2, freedom)
    tail = float(stats.norm.cdf(-math.sqrt(design.clusters / freedom) * quantile))
    lower, upper = np.quantile(kept, [tail, 1 - tail])
    return float(lower), float(upper)
