"""The numbers of one arm in one suite, compared with raw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctxpipe.errors import UsageError
from ctxpipe.evals.paired.comparison import Comparison, compare_with_raw
from ctxpipe.evals.paired.flips import AnswerFlips, Flips, answer_flips_of, flips_of
from ctxpipe.evals.paired.held import ArmRecords, held, scored
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.retained import Retained, gain_retained
from ctxpipe.evals.statistics.tail import cluster_means, cvar
from ctxpipe.evals.types import ByItem, Record

_OF_TARGET = ("target", "first_token")
_MAIN_SCORES = ("survival", "nll", "answer")
TRUST_SCORES = ("attributed", "whole", "trail")
"""Scores of layer 1 that say whether a reader may believe what was kept."""
POOL_SCORES = ("shortlist", "passages")
"""Scores of a pool: whether all gold documents are in the shortlist, and in the context."""
OTHER_SCORES = ("evidence", "gold", *TRUST_SCORES, *POOL_SCORES, "numbers", "units", "negations", "names")


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """One arm in one suite.

    Attributes:
        suite: Stratum, or ``all``, in which every stratum has the same weight.
        arm, method: Names; no method for a control.
        n, clusters: Number of items and of source documents.
        achieved: Macro mean of the share of tokens kept.
        survival, nll, answer: Macro means; None if there are none.
        other: Macro means of the other scores.
        survival_vs_raw, nll_vs_raw, answer_vs_raw: Comparisons with raw, on the items that are in both and have a raw
            score.
        retained: Gain retained, on the items with a likelihood in raw, closed and the arm.
        retained_n: Number of these items.
        flips, answer_flips: Flips by survival and by generated answers.
        cvar: Mean loss of the headline score in the worst tenth of the source documents.
        seconds: Mean seconds per item: ``compress``, ``target``, and ``first_token`` for the target's time to first
            token. Items whose scores could be reused have no compression time.
        reused: Number of those items.
        tokens: Mean tokens per item: ``prompt`` and ``completion``, or ``context`` if no target was asked.
        errors, truncated: Items by status.
    """

    suite: str
    arm: str
    method: str
    n: int
    clusters: int
    achieved: float | None
    survival: float | None
    nll: float | None
    answer: float | None
    other: Mapping[str, float]
    survival_vs_raw: Comparison | None
    nll_vs_raw: Comparison | None
    answer_vs_raw: Comparison | None
    retained: Retained | None
    retained_n: int
    flips: Flips | None
    answer_flips: AnswerFlips | None
    cvar: float | None
    seconds: Mapping[str, float]
    reused: int
    tokens: Mapping[str, float]
    errors: int
    truncated: int

    def versus(self, score: str) -> Comparison | None:
        """The comparison with raw by the headline score."""
        return {"nll": self.nll_vs_raw, "answer": self.answer_vs_raw}.get(score, self.survival_vs_raw)


def row_of(
    suite: str, arm: str, records: ByItem, controls: Mapping[str, ByItem], *, score: str, margin: float, seed: int
) -> SummaryRow:
    """Compute the row of an arm.

    Args:
        suite: Name of the suite.
        arm: Name of the arm.
        records: The arm's records.
        controls: Records of ``raw`` and ``closed``, if they were run.
        score: The headline score, for the tail.
        margin: Largest acceptable loss.
        seed: Seed of the bootstraps.
    """
    table = held(records)
    ordered, places = list(table.values()), table.design
    means = {name: _mean(places, table.column(name)) for name in (*_MAIN_SCORES, *OTHER_SCORES)}
    raw = controls.get("raw")
    retained, retained_n = _retained(records, controls, seed) if arm not in ("raw", "closed") else (None, 0)
    return SummaryRow(
        suite=suite,
        arm=arm,
        method=ordered[0].method,
        n=len(ordered),
        clusters=places.clusters,
        achieved=_mean(places, np.asarray([_kept_share(record) for record in ordered], dtype=np.float64)),
        survival=means["survival"],
        nll=means["nll"],
        answer=means["answer"],
        other={name: mean for name in OTHER_SCORES if (mean := means[name]) is not None},
        survival_vs_raw=_versus(raw, records, arm, "survival", margin, seed),
        nll_vs_raw=_versus(raw, records, arm, "nll", margin, seed),
        answer_vs_raw=_versus(raw, records, arm, "answer", margin, seed),
        retained=retained,
        retained_n=retained_n,
        flips=flips_of(raw, records) if raw and arm != "raw" else None,
        answer_flips=answer_flips_of(raw, records, controls.get("raw2")) if raw and arm != "raw" else None,
        cvar=_tail(raw, records, arm, score),
        seconds=_seconds(ordered),
        reused=sum(record.reused_scores for record in ordered),
        tokens=_tokens(ordered),
        errors=sum(record.status == "error" for record in ordered),
        truncated=sum(record.status == "truncated" for record in ordered),
    )


def shared(score: str, *arms: ByItem) -> list[str]:
    """Items that have the score in all arms, sorted."""
    return scored(score, *arms)[0]


def columns(score: str, keys: Sequence[str], *arms: ByItem) -> Floats:
    """Scores of shape (items, arms)."""
    return np.asarray([[arm[key].scores[score] for arm in arms] for key in keys], dtype=np.float64)


def design_of(keys: Sequence[str], records: ByItem) -> Design:
    """Clusters and strata of items."""
    if isinstance(records, ArmRecords) and keys == records.ids:
        return records.design
    return Design.of([records[key].cluster for key in keys], [records[key].stratum for key in keys])


def losses_of(score: str, keys: Sequence[str], raw: ByItem, arm: ByItem) -> Floats:
    """Loss of each item against raw, positive if the arm is worse: float64 of shape (items,)."""
    return _losses(score, columns(score, keys, raw, arm))


def _losses(score: str, values: Floats) -> Floats:
    return np.asarray((values[:, 0] - values[:, 1]) * (-1 if score == "nll" else 1), dtype=np.float64)


def _mean(places: Design, given: Floats) -> float | None:
    """Macro mean over the strata of the values that are not NaN."""
    known = ~np.isnan(given)
    counts = np.bincount(places.stratum[known], minlength=len(places.strata))
    sums = np.bincount(places.stratum[known], weights=given[known], minlength=len(places.strata))
    return float((sums[counts > 0] / counts[counts > 0]).mean()) if known.any() else None


def _kept_share(record: Record) -> float | None:
    if not record.source_tokens or record.kept_tokens is None:
        return None
    # Labels are counted as kept, so a whole document has more tokens than its source.
    return min(1.0, record.kept_tokens / record.source_tokens)


def _versus(raw: ByItem | None, arm: ByItem, name: str, score: str, margin: float, seed: int) -> Comparison | None:
    return None if raw is None or name == "raw" else compare_with_raw(raw, arm, score=score, margin=margin, seed=seed)


def _retained(arm: ByItem, controls: Mapping[str, ByItem], seed: int) -> tuple[Retained | None, int]:
    if not {"raw", "closed"} <= controls.keys():
        return None, 0
    raw, closed = controls["raw"], controls["closed"]
    keys, values = scored("nll", closed, arm, raw)
    if not keys:
        return None, 0
    try:
        design = design_of(keys, raw)
        return gain_retained(values[:, 0], values[:, 1], values[:, 2], design, seed=seed), len(keys)
    except UsageError:  # the raw context does not help, so there is no gain to retain
        return None, len(keys)


def _tail(raw: ByItem | None, arm: ByItem, name: str, score: str) -> float | None:
    if raw is None or name == "raw":
        return None
    keys, values = scored(score, raw, arm)
    return cvar(cluster_means(_losses(score, values), design_of(keys, raw).cluster)) if keys else None


def _seconds(records: Sequence[Record]) -> dict[str, float]:
    compressing = [
        sum(s for stage, s in r.timings.items() if stage not in _OF_TARGET)
        for r in records
        if r.timings and not r.reused_scores
    ]
    seconds = {"compress": compressing} | {
        name: [r.timings[name] for r in records if name in r.timings] for name in _OF_TARGET
    }
    return {what: float(np.mean(values)) for what, values in seconds.items() if values}


def _tokens(records: Sequence[Record]) -> dict[str, float]:
    tokens = {
        "prompt": [r.prompt_tokens for r in records if r.prompt_tokens is not None],
        "completion": [r.completion_tokens for r in records if r.completion_tokens is not None],
        "context": [r.kept_tokens for r in records if r.kept_tokens is not None],
    }
    return {what: float(np.mean(values)) for what, values in tokens.items() if values}
