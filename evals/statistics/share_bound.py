"""Bounds for whether a score is at least a share of another score on the same items."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.bootstrap import expanded_interval
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.effective_counts import effective_items

EDGE = 1e-12


def share_bounds(scores: Floats, means: Floats, design: Design, *, share: float, level: float = 0.95) -> Floats:
    """One-sided lower bounds of the macro mean of ``score - share * base``, paired by item.

    mean(score) / mean(base) >= share is equivalent to mean(score - share * base) >= 0, a mean of differences per item:
    Fieller (1954), J. Royal Statistical Society B 16:175-185; as a test that a share of an effect is kept, Rothmann et
    al. (2003), "Design and analysis of non-inferiority mortality trials in oncology", Statistics in Medicine
    22:239-264. Both means are estimated, and variance that the items share cancels.

    If all scores are right or wrong, the difference has four values and the bound is ``multinomial_bound`` on effective
    counts, which accounts for 20 of 20 right not being certainty; otherwise it is the bootstrap's.

    Args:
        scores: Shape (n, K), the base first.
        means: Bootstrap means of ``scores - share * scores[:, :1]``, shape (draws, K).
        design: Clusters and strata of the n items.
        share: Above 0.
        level: One-sided coverage.

    Returns:
        Shape (K,).
    """
    base, differences = scores[:, 0], scores - share * scores[:, :1]
    if not np.isin(scores, (0.0, 1.0)).all():
        return np.asarray([expanded_interval(column, design, level=2 * level - 1)[0] for column in means.T])
    bounds = np.empty(scores.shape[1])
    weights = design.weights()
    for k, (column, difference) in enumerate(zip(scores.T, differences.T, strict=True)):
        n = effective_items(difference, design)
        # The base compared with itself is right in both or wrong in both.
        pairs = ((1, 1), (0, 0)) if k == 0 else ((1, 1), (1, 0), (0, 1), (0, 0))
        counts = [n * float(weights[(column == a) & (base == b)].sum()) for a, b in pairs]
        bounds[k] = multinomial_bound([a - share * b for a, b in pairs], counts, level=level)
    return bounds


def multinomial_bound(values: Sequence[float], counts: Sequence[float], *, level: float = 0.95) -> float:
    """One-sided lower score bound of the mean of a variable that has a few values.

    The smallest mean m that is not rejected: (observed - m) / sqrt(v / n) is at most the normal quantile, where v is
        the variance under the most likely probabilities with mean m. For the values 1, -1 and 0 of a difference of
        paired answers this is Tango's bound (1998, Statistics in Medicine 17:891-908); for the values of ``a - r * b``
        it is, at m = 0, the score test of a ratio of paired proportions, Nam & Blackwelder (2002), Statistics in
        Medicine 21:689-699.

    Args:
        values: Distinct possible values.
        counts: Count of each, 0 included; need not be whole.
        level: One-sided coverage.

    Raises:
        UsageError: if all counts are 0, or one is below 0.
    """
    v, n = np.asarray(values, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    total = float(n.sum())
    if not total > 0 or (n < 0).any() or v.shape != n.shape:
        raise UsageError(f"{list(counts)} are not counts of {len(v)} values")
    seen, least = float(n @ v) / total, float(v.min())
    quantile = float(norm.ppf(level))

    def excess(mean: float) -> float:
        shares = _likeliest(v - mean, n)
        spread = math.sqrt(float(shares @ (v - mean) ** 2) / total)
        return ((seen - mean) / spread if spread > 0 else math.inf) - quantile

    low, high = least + EDGE, seen - EDGE
    if low >= high or excess(low) <= 0:
        return least
    return float(brentq(excess, low, high, xtol=1e-12))


def _likeliest(values: Floats, counts: Floats) -> Floats:
    """Probabilities of maximum likelihood under a mean of 0, for an observed mean above 0.

    With a Lagrange multiplier t they are n_j / (n + t v_j), Owen (1988), Biometrika 75:237-249, for the observed
    values. If even the greatest t leaves the mean above 0, the rest goes to the smallest value, which was not observed.
    """
    total, there = float(counts.sum()), counts > 0
    greatest = total / -float(values.min())

    def mean(t: float) -> float:
        return float(np.sum(counts[there] * values[there] / (total + t * values[there])))

    place = int(values.argmin())
    shares = np.zeros(len(values))
    t = greatest
    if there[place] or mean(greatest) < 0:
        end = greatest * (1 - 1e-15) if there[place] else greatest
        t = float(brentq(mean, 0.0, end, xtol=1e-14 * total)) if mean(end) < 0 else end
    shares[there] = counts[there] / (total + t * values[there])
    shares[place] += max(0.0, 1.0 - float(shares.sum()))
    return shares
