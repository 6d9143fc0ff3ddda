"""Pareto-optimal operating points, and how certain that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctxpipe.evals.statistics.design import Floats


def dominated(costs: Floats, losses: Floats) -> NDArray[np.bool_]:
    """Which points are dominated: another is no worse in both and better in one. Equal points are not dominated.

    Args:
        costs: Shape (..., p); lower is better (keep rate, seconds, money).
        losses: Same shape; lower is better.

    Returns:
        bool of the same shape. Leading axes (bootstrap draws) are separate problems.
    """
    cost, other_cost = costs[..., :, None], costs[..., None, :]
    loss, other_loss = losses[..., :, None], losses[..., None, :]
    no_worse = (other_cost <= cost) & (other_loss <= loss)
    better = (other_cost < cost) | (other_loss < loss)
    return np.asarray((no_worse & better).any(axis=-1))


def frontier_frequency(costs: Floats, losses: Floats) -> Floats:
    """Share of bootstrap draws in which each point is on the frontier.

    Args:
        costs: Shape (draws, p), or (p,) for known costs.
        losses: Shape (draws, p): means of the same resamples for all points, from ``bootstrap_means``.

    Returns:
        Shape (p,), 0 to 1.
    """
    return np.asarray(1.0 - dominated(np.broadcast_to(costs, losses.shape), losses).mean(axis=0), dtype=np.float64)
