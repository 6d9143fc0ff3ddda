"""The interval of a paired difference and its method."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ctxpipe.evals.statistics.binomial import rule_of_three
from ctxpipe.evals.statistics.bootstrap import DRAWS, bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.effective_counts import effective_items
from ctxpipe.evals.statistics.tango import tango_interval

FEW_DIFFERENCES = 10
"""With fewer differing clusters, resampling says little about unseen clusters."""

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Limits of a gain, which is positive if B is better.

    Attributes:
        interval: Two-sided 95% interval.
        bounds: One-sided 95% lower and upper bound.
        method: How they were made.
    """

    interval: Limits
    bounds: Limits
    method: str


def right_or_wrong(a: Floats, b: Floats) -> bool:
    """Whether all scores are 0 or 1."""
    return bool(np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all())


def spread_of(a: Floats, b: Floats) -> float:
    """Largest possible difference of one item: 1 for scores from 0 to 1, else the observed range."""
    seen = np.concatenate([a, b])
    if seen.min() >= 0 and seen.max() <= 1:
        return 1.0
    return float(np.ptp(seen)) or float(np.abs(seen).max())


def estimated(gains: Floats, design: Design, *, binary: bool, scale: float, seed: int) -> Estimate:
    """Compute interval and bounds of the macro mean of paired gains.

    Right-or-wrong scores: Tango's score interval on effective counts, because a bootstrap of a few flips is too narrow.
    Other scores: the stratified cluster bootstrap, joined with Tango's interval if few clusters differ. No difference:
    the rule of three, because an unseen loss is not a loss of 0.

    Args:
        gains: Shape (n,), positive if B is better.
        design: Clusters and strata of the n items.
        binary: Whether the scores are 0 or 1.
        scale: Largest possible difference of one item.
        seed: Seed of the bootstrap.
    """
    if not gains.any():
        bound = scale * rule_of_three(effective_items(gains, design))
        interval, _ = _tango(gains, scale, design)
        return Estimate(interval=interval, bounds=(-bound, bound), method="Tango score; rule of three for the bound")
    if binary:
        interval, bounds = _tango(gains, scale, design)
        effect = design.items / effective_items(gains, design)
        of = f" on counts over a design effect of {effect:.2f}" if design.clusters < design.items else ""
        return Estimate(interval=interval, bounds=bounds, method=f"Tango score{of}")
    differing = len(np.unique(design.cluster[gains != 0]))
    method = f"stratified cluster bootstrap ({DRAWS:,} draws)"
    means = bootstrap_means(gains, design, seed=seed)
    interval, bounds = expanded_interval(means, design), expanded_interval(means, design, level=0.90)
    if differing < FEW_DIFFERENCES or design.degrees_of_freedom < 1:
        method += f", joined with Tango score on the summed differences (clusters that differ: {differing})"
        wide, wide_bounds = _tango(gains, scale, design)
        interval, bounds = _joined(interval, wide), _joined(bounds, wide_bounds)
    return Estimate(interval=interval, bounds=bounds, method=method)


def _tango(gains: Floats, scale: float, design: Design) -> tuple[Limits, Limits]:
    """Tango's 95% and 90% intervals of the macro mean.

    A difference between 0 and the scale counts as that fraction of a flip, whose variance is an upper bound.
    """
    n = effective_items(gains, design)
    losses = design.mean(np.maximum(-gains, 0)) / scale * n
    wins = design.mean(np.maximum(gains, 0)) / scale * n
    wide, narrow = tango_interval(losses, wins, n), tango_interval(losses, wins, n, level=0.90)
    return (scale * wide[0], scale * wide[1]), (scale * narrow[0], scale * narrow[1])


def _joined(one: Limits, other: Limits) -> Limits:
    if not math.isfinite(one[0]):
        return other
    return min(one[0], other[0]), max(one[1], other[1])
