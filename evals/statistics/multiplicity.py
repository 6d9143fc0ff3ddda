"""Several rates tested at one error level for all of them."""

from __future__ import annotations

from collections.abc import Iterable

from ctxpipe.evals.statistics.noninferiority import Verdict


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
