"""The headline of a report: which rates of a method are safe, and which baselines it beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ctxpipe.errors import UnknownNameError
from ctxpipe.evals.paired.comparison import compare
from ctxpipe.evals.runs.arms import BASELINES
from ctxpipe.evals.statistics.multiplicity import fixed_sequence
from ctxpipe.evals.summary.rows import SummaryRow, shared
from ctxpipe.evals.types import ArmName, ByItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The headline of a report.

    Attributes:
        method: The method.
        arm: Its smallest safe rate, tested from the largest on; the largest if none is safe.
        verdicts: Verdict of each of its arms, from the largest to the smallest.
        safe: Number of safe arms by fixed-sequence testing.
        beats: For each baseline at the same rate, whether the arm is better with 95% confidence.
    """

    method: str
    arm: str
    verdicts: tuple[tuple[str, str], ...]
    safe: int
    beats: Mapping[str, bool]


def headline_of(
    rows: Sequence[SummaryRow], by_arm: Mapping[str, ByItem], score: str, margin: float, method: str | None, seed: int
) -> Headline | None:
    """The headline of rows over all suites; None if nothing was compared with raw.

    Raises:
        UnknownNameError: if the method has no row.
    """
    methods = list(dict.fromkeys(row.method for row in rows if row.method and row.versus(score)))
    if method is not None and method not in methods:
        raise UnknownNameError("method in this run", method, methods)
    if not methods:
        return None
    named = method or (
        "default" if "default" in methods else next((m for m in methods if m not in BASELINES), methods[0])
    )
    own = sorted((row for row in rows if row.method == named), key=lambda row: -(row.achieved or 0.0))
    verdicts = [(row.arm, comparison.verdict) for row in own if (comparison := row.versus(score))]
    safe = fixed_sequence([verdict for _, verdict in verdicts])
    arm = verdicts[max(0, safe - 1)][0]
    beats = {}
    for baseline in BASELINES:
        other = ArmName.of(arm).with_method(baseline)
        keys = sorted(by_arm[other].keys() & by_arm[arm].keys()) if other in by_arm and baseline != named else []
        if keys and shared(score, by_arm[other], by_arm[arm]):
            pairs = ([by_arm[one][key] for key in keys] for one in (other, arm))
            low, high = compare(*pairs, score=score, margin=margin, seed=seed).ci95
            beats[baseline] = high < 0 if score == "nll" else low > 0
    return Headline(method=named, arm=arm, verdicts=tuple(verdicts), safe=safe, beats=beats)
