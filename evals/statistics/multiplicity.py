"""Tests of several rates at one joint error level."""

from __future__ import annotations

from collections.abc import Iterable

from ctxpipe.evals.statistics.noninferiority import Verdict


def fixed_sequence(verdicts: Iterable[Verdict]) -> int:
    """Number of rates, tested from the largest to the smallest, that are safe at one joint error level.

    Testing stops at the first that is not safe; later ones do not count. Maurer, Hothorn &
    Lehmacher (1995), in Vollmar (ed.), *Biometrie in der chemisch-pharmazeutischen Industrie* 6:3-18.
    """
    count = 0
    for one in verdicts:
        if one != "safe":
            break
        count += 1
    return count
