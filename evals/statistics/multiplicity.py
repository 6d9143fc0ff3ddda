"""Several tests at once: Holm across slices, a fixed sequence across rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ctxpipe.evals.statistics.noninferiority import Verdict


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values; those at or below alpha are rejected with a family-wise error of at most alpha.

    The i-th smallest of k is multiplied by k - i + 1, made not to decrease and capped at 1: Holm (1979), "A simple
    sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6:65-70.

    Args:
        p_values: In any order.

    Returns:
        In the same order.
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1)) if len(given) else given
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(p) for p in adjusted]


def fixed_sequence(verdicts: Iterable[Verdict]) -> int:
    """How many rates, tested from the gentlest to the harshest, are safe at one error level for all of them.

    Testing stops at the first that is not safe; a later one does not count even if it looks safe. Maurer, Hothorn &
    Lehmacher (1995), in Vollmar (ed.), *Biometrie in der chemisch-pharmazeutischen Industrie* 6:3-18.
    """
    count = 0
    for one in verdicts:
        if one != "safe":
            break
        count += 1
    return count
