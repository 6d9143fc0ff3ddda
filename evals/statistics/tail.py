"""The mean of the worst losses."""

from __future__ import annotations

import math

import numpy as np

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.design import Floats, Ints


def cvar(losses: Floats, share: float = 0.10) -> float:
    """Conditional value at risk: the mean of the worst ``share`` of the losses.

    The loss at the boundary counts with the fraction that is inside, which makes the measure coherent: Rockafellar &
    Uryasev (2002), "Conditional value-at-risk for general loss distributions", Journal of Banking & Finance 26, eq. 25.

    Args:
        losses: One per document, shape (n,); higher is worse.
        share: Above 0, at most 1.

    Raises:
        UsageError: if there are no losses or the share is outside its range.
    """
    if not len(losses) or not 0 < share <= 1:
        raise UsageError(f"the worst {share:.0%} of {len(losses)} losses cannot be averaged")
    worst = np.sort(losses)[::-1]
    inside = share * len(worst)
    whole = min(math.floor(inside + 1e-9), len(worst))
    rest = inside - whole
    total = float(worst[:whole].sum())
    if rest > 1e-9:
        total += rest * float(worst[whole])
    return total / inside


def cluster_means(values: Floats, cluster: Ints) -> Floats:
    """Mean of the values in each cluster, shape (m,), in the order of the cluster codes."""
    return np.asarray(np.bincount(cluster, weights=values) / np.bincount(cluster), dtype=np.float64)
