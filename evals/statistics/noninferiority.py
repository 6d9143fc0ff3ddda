"""Whether a loss is acceptable, harmful, or not decided."""

from __future__ import annotations

import math
from typing import Literal

from scipy.stats import norm

from ctxpipe.errors import UsageError

Verdict = Literal["safe", "harmful", "inconclusive"]

ALPHA = 0.05
POWER = 0.80
NEAREST = 0.1
"""Smallest assumed distance of the true loss from the margin, as a share of it; at the margin no sample decides."""


def verdict(lower: float, upper: float, margin: float) -> Verdict:
    """Compare the one-sided bounds of a difference (after - before, higher is better) with a margin fixed beforehand.

    ``safe`` if the lower bound excludes a loss of the margin, ``harmful`` if the upper bound shows a larger loss, else
    ``inconclusive``. Piaggio et al. (2012), CONSORT for non-inferiority trials, JAMA 308:2594-2604, figure 1.

    Args:
        lower: Lower one-sided bound of the difference.
        upper: Upper one-sided bound.
        margin: Largest acceptable loss, above 0.

    Raises:
        UsageError: if the margin is not above 0.
    """
    check_margin(margin)
    if lower > -margin:
        return "safe"
    return "harmful" if upper < -margin else "inconclusive"


def items_needed(
    margin: float, variance: float, *, difference: float = 0.0, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Number of items for which the verdict is likely to be ``safe``.

    n = (z_alpha + z_power)^2 variance / (margin + difference)^2, rounded up: Lu & Bean (1995), "On the sample size for
    one-sided equivalence of sensitivities based upon McNemar's test", Statistics in Medicine 14:1831-1839, equation
    for a known discordance. It also gives the items for ``harmful`` if the true loss is above the margin.

    Args:
        margin: Largest acceptable loss.
        variance: Variance of one item's difference. For right or wrong it is the share of discordant items (less the
            squared difference, which is 0 when nothing is lost), times the design effect for clustered items.
        difference: True difference to plan for.
        alpha: One-sided error.
        power: Probability of the verdict.

    Raises:
        UsageError: if margin or variance is not above 0, or the difference is exactly at the margin.
    """
    check_margin(margin)
    gap = abs(margin + difference)
    if variance <= 0 or gap == 0:
        raise UsageError(f"no number of items decides a variance of {variance} at a distance of {gap} from the margin")
    quantiles = float(norm.ppf(1 - alpha) + norm.ppf(power))
    return math.ceil(quantiles**2 * variance / gap**2)


def items_to_decide(margin: float, spread: float, difference: float, n: int) -> int:
    """Number of items that would decide an inconclusive comparison of n items.

    It assumes no true difference. If n items should already have been enough for that, it assumes the observed
    difference.

    Args:
        margin: Largest acceptable loss.
        spread: Mean squared difference of an item, times the design effect.
        difference: Observed difference (after - before).
        n: Items so far.
    """
    needed = items_needed(margin, spread)
    if needed > n:
        return needed
    gap = max(abs(margin + difference), NEAREST * margin)
    return max(n + 1, items_needed(margin, max(spread - difference**2, spread * NEAREST), difference=gap - margin))


def check_margin(margin: float) -> None:
    """Check that a margin is above 0.

    Raises:
        UsageError: if it is not above 0.
    """
    if not 0 < margin < math.inf:
        raise UsageError(f"the margin must be above 0, not {margin}")
