"""Tango's score interval for the difference of two proportions on the same items."""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.stats import norm

from ctxpipe.errors import UsageError

EDGE = 1e-12


def tango_statistic(losses: float, gains: float, n: float, difference: float) -> float:
    """Score statistic for the hypothesis that P(gain) - P(loss) is ``difference``; standard normal under it.

    Tango (1998), "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17:891-908, equations (24) to (26), with his Delta = -difference, b = gains and
    c = losses. At a difference of 0 it is McNemar's (gains - losses) / sqrt(gains + losses).

    Args:
        losses: Items right before and wrong after; need not be whole (see ``tango_interval``).
        gains: Items wrong before and right after.
        n: All items.
        difference: Between -1 and 1, both excluded.

    Returns:
        The statistic, decreasing in ``difference``; 0 at the observed difference.
    """
    numerator = gains - losses - n * difference
    if numerator == 0:
        return 0.0
    linear = -(gains + losses) + (2 * n - gains + losses) * difference
    constant = -losses * difference * (1 - difference)
    root = math.sqrt(max(0.0, linear * linear - 8 * n * constant))
    # the form of the quadratic's root without cancellation
    loss = (root - linear) / (4 * n) if linear <= 0 else -2 * constant / (root + linear)
    variance = n * (2 * loss + difference * (1 - difference))
    return numerator / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, numerator)


def tango_interval(losses: float, gains: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Interval for P(gain) - P(loss): the differences whose score statistic is within the normal quantile.

    Without discordant items it is +-z^2 / (n + z^2), not a point. For clustered items, counts divided by the design
    effect may be given: Rao & Scott (1992), "A simple method for the analysis of clustered binary data", Biometrics
    48:577-585, and Korn & Graubard (1998), Survey Methodology 24:193-201, for small counts.

    Args:
        losses: Items right before and wrong after.
        gains: Items wrong before and right after.
        n: All items, above 0.
        level: Two-sided coverage.

    Raises:
        UsageError: if these are not counts of a paired table.
    """
    if not (n > 0 and losses >= 0 and gains >= 0 and losses + gains <= n * (1 + 1e-9)) or not 0 < level < 1:
        raise UsageError(f"{losses} losses and {gains} gains of {n} items at level {level} are not a paired table")
    z = float(norm.ppf((1 + level) / 2))
    seen = (gains - losses) / n

    def excess(difference: float, sign: int) -> float:
        return tango_statistic(losses, gains, n, difference) - sign * z

    low, high = -1 + EDGE, 1 - EDGE
    lower = -1.0 if seen <= low or excess(low, 1) <= 0 else float(brentq(excess, low, seen, args=(1,), xtol=1e-13))
    upper = 1.0 if seen >= high or excess(high, -1) >= 0 else float(brentq(excess, seen, high, args=(-1,), xtol=1e-13))
    return lower, upper
