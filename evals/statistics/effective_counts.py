"""Effective number of independent items for clustered right-or-wrong outcomes."""

from __future__ import annotations

import numpy as np

from ctxpipe.evals.statistics.design import Design, Floats

PRIOR_PAIRS = 3
"""Weight of the worst case in pairs of events: three pairs in different clusters would exclude, with 95% confidence,
that events always come in the same cluster (the rule of three)."""


def effective_items(values: Floats, design: Design) -> float:
    """Number of independent items that would bound the macro mean as well as these n do.

    n over the design effect, which is at least 1 (Rao & Scott 1992, Biometrics 48:577-585). With few events the design
    effect cannot be estimated: a single flip looks the same whether or not its cluster always flips as a whole. So it
    is averaged with the worst case, in which whole clusters flip. The worst case has the weight of three pairs of
    events, the estimate that of the k (k - 1) / 2 pairs of k events. Without events the number of clusters counts.

    Args:
        values: Shape (n,); every value but the most common is an event.
        design: Clusters and strata of the n items.

    Returns:
        Between the number of effective clusters and n.
    """
    clusters = design.effective_clusters()
    worst = design.items / clusters
    seen = design.design_effect(values)
    if seen is None:
        return clusters
    _, counts = np.unique(values, return_counts=True)
    events = design.items - int(counts.max())
    pairs = events * (events - 1) / 2
    effect = (pairs * max(seen, 1.0) + PRIOR_PAIRS * worst) / (pairs + PRIOR_PAIRS)
    return float(design.items / effect)
