"""Comparison of a method with baselines at the same token budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ctxpipe.evals.paired.comparison import Comparison, compare
from ctxpipe.evals.summary.rows import SummaryRow, shared
from ctxpipe.evals.types import ArmName, ByItem

CUT, SEARCHED = "head-tail", "bm25"
"""The baselines: beginning and end of the raw context, and its best sentences by BM25."""
LEAST_CUT = 0.98
"""Share of the tokens above which all methods keep the same text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualBudget:
    """One arm on one suite, and the baselines with its budget on the same questions.

    Attributes:
        suite, arm: Names.
        source_tokens, kept_tokens: Means per item.
        mean: Macro mean of the arm's score.
        against: For each baseline (``head-tail``, ``bm25``), the comparison of the baseline (A) with the arm (B).
    """

    suite: str
    arm: str
    source_tokens: float
    kept_tokens: float
    mean: float
    against: Mapping[str, Comparison]

    def better(self, baseline: str) -> bool | None:
        """Whether the arm is better than the baseline with 95% confidence; False if it is worse, None otherwise."""
        comparison = self.against[baseline]
        low, high = comparison.ci95
        if low <= 0 <= high:
            return None
        return (high < 0) is comparison.lower_is_better


def equal_budgets(
    rows: Sequence[SummaryRow],
    by_suite: Mapping[str, Mapping[str, ByItem]],
    method: str | None,
    *,
    score: str,
    margin: float,
    seed: int,
) -> tuple[EqualBudget, ...]:
    """Compare the method's arms with baselines of the same rate or budget, if both were run.

    Args:
        rows: Rows of every suite and arm.
        by_suite: Records by suite, arm and item.
        method: The method; None for none.
        score: The score to compare.
        margin: Largest acceptable loss.
        seed: Seed of the bootstraps.
    """
    entries = []
    for row in rows:
        if row.method != method or not method or (row.achieved or 1.0) > LEAST_CUT:
            continue
        arms = by_suite[row.suite]
        against = {}
        for baseline in (CUT, SEARCHED):
            pair = (arms.get(ArmName.of(row.arm).with_method(baseline)), arms[row.arm])
            if baseline != method and pair[0] and shared(score, pair[0], pair[1]):
                keys = sorted(pair[0].keys() & pair[1].keys())
                both = ([one[key] for key in keys] for one in pair if one is not None)
                against[baseline] = compare(*both, score=score, margin=margin, seed=seed)
        if against:
            entries.append(_entry(row, arms[row.arm], against))
    return tuple(entries)


def _entry(row: SummaryRow, records: ByItem, against: Mapping[str, Comparison]) -> EqualBudget:
    sizes = [
        (one.source_tokens, one.kept_tokens)
        for one in records.values()
        if one.source_tokens is not None and one.kept_tokens is not None
    ]
    source, kept = (sum(column) / len(sizes) for column in zip(*sizes, strict=True))
    mean = next(iter(against.values())).mean_b
    return EqualBudget(suite=row.suite, arm=row.arm, source_tokens=source, kept_tokens=kept, mean=mean, against=against)
