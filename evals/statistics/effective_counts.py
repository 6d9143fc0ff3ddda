"""How many independent items clustered right-or-wrong outcomes are worth."""

from __future__ import annotations

import numpy as np

from ctxpipe.evals.statistics.design import Design, Floats

PRIOR_PAIRS = 3
"""Pairs of events that the worst case is worth: three pairs in different clusters would exclude, with 95% confidence,
that events always come in one cluster (the rule of three)."""


def effective_items(values: Floats, design: Design) -> float:
    """Number of independent items that would bound the macro mean as well as these n do.

    n over the design effect, not below 1 (Rao & Scott 1992, Biometrics 48:577-585). With few items that differ from the
    rest, the design effect cannot be seen: one flip looks the same whether its cluster always flips as a whole or not.
    So it is averaged with its worst case, whole clusters going one way, which counts as much as three pairs of events
    against the k (k - 1) / 2 pairs that k events make. Without any event, clusters are what counts.

    Args:
        values: Shape (n,), where the commonest value is no event.
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
