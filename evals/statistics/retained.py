"""Gain retained: the share of the raw context's gain in likelihood that is left after compression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.bootstrap import DRAWS, bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """Share of the context's gain that an arm retains, and its two-sided interval.

    Above 1, removing noise helped; below 0, the arm is worse than no context.
    """

    value: float
    interval: tuple[float, float]


def gain_retained(
    closed: Floats,
    arm: Floats,
    raw: Floats,
    design: Design,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Retained:
    """(NLL_closed - NLL_arm) / (NLL_closed - NLL_raw), a ratio of macro means.

    A ratio of means instead of a mean of ratios, whose denominators are near 0 for items that the model knows without
    any context (Cochran 1977, *Sampling Techniques*, section 6.2). Numerator and denominator share their draws.

    Args:
        closed: Mean negative log-likelihood of the right answer without context, shape (n,), in nats per token.
        arm: The same with the arm's context.
        raw: The same with the whole context.
        design: Clusters and strata of the n items.
        level: Two-sided coverage of the interval.
        draws: Bootstrap resamples.
        seed: Seed of the resamples.

    Raises:
        UsageError: if the whole context does not help on average, so that there is no gain to retain.
    """
    numerator, denominator = closed - arm, closed - raw
    whole = design.mean(denominator)
    if whole <= 0:
        raise UsageError(f"the raw context changes the likelihood by {whole:.4f} nats; there is no gain to retain")
    means = bootstrap_means(np.stack([numerator, denominator], axis=1), design, draws=draws, seed=seed)
    ratios = np.divide(means[:, 0], means[:, 1], out=np.full(draws, np.nan), where=means[:, 1] > 0)
    return Retained(value=design.mean(numerator) / whole, interval=expanded_interval(ratios, design, level=level))
