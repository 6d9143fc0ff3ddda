"""Exact intervals and tests for counts."""

from __future__ import annotations

from typing import Literal

from scipy.stats import binomtest

from ctxpipe.errors import UsageError


def clopper_pearson(
    count: int, n: int, *, level: float = 0.95, side: Literal["both", "lower", "upper"] = "both"
) -> tuple[float, float]:
    """Exact interval for a proportion.

    Clopper & Pearson (1934), "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26:404-413, as in scipy.

    Args:
        count: Successes.
        n: Trials, 1 or more.
        level: Coverage.
        side: ``upper`` gives (0, bound) with all the error above, ``lower`` gives (bound, 1).

    Raises:
        UsageError: if ``count`` is not between 0 and ``n``.
    """
    if n < 1 or not 0 <= count <= n:
        raise UsageError(f"{count} of {n} is not a proportion")
    alternative = {"both": "two-sided", "lower": "greater", "upper": "less"}[side]
    interval = binomtest(count, n, alternative=alternative).proportion_ci(confidence_level=level, method="exact")
    return float(interval.low), float(interval.high)


def mcnemar(losses: int, gains: int) -> float:
    """Exact two-sided p of McNemar's test: a binomial test of equal losses and gains; 1 without any flip.

    McNemar (1947), Psychometrika 12:153-157; the exact conditional form, Fagerland, Lydersen & Laake (2013), "The
    McNemar test for binary matched-pairs data", BMC Medical Research Methodology 13:91.

    Args:
        losses: Items right before and wrong after.
        gains: Items wrong before and right after.

    Raises:
        UsageError: for a negative count.
    """
    if losses < 0 or gains < 0:
        raise UsageError(f"{losses} losses and {gains} gains are not counts")
    return float(binomtest(losses, losses + gains).pvalue) if losses + gains else 1.0


def rule_of_three(n: float) -> float:
    """Upper 95% bound of a rate that was never seen in n independent items: 3 / n, at most 1.

    Hanley & Lippman-Hand (1983), "If nothing goes wrong, is everything all right?", JAMA 249:1743-1745.

    Raises:
        UsageError: if n is not above 0.
    """
    if n <= 0:
        raise UsageError("a bound needs at least one item")
    return min(1.0, 3.0 / n)
