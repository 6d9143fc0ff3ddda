"""Compare two arms on the same items: the difference, its interval, and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import SerializerFunctionWrapHandler, model_serializer

from ctxpipe.errors import UsageError
from ctxpipe.evals.paired.estimate import Estimate, estimated, right_or_wrong, spread_of
from ctxpipe.evals.paired.held import scored
from ctxpipe.evals.paired.pairs import Pairs, Source, outcomes, pair, pair_with_raw
from ctxpipe.evals.statistics.binomial import mcnemar
from ctxpipe.evals.statistics.design import FEW_CLUSTERS, Design, Floats
from ctxpipe.evals.statistics.effective_counts import effective_items
from ctxpipe.evals.statistics.noninferiority import Verdict, check_margin, items_to_decide, verdict
from ctxpipe.evals.types import ByItem
from ctxpipe.json_form import JsonForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(JsonForm):
    """A comparison of arm A with arm B.

    Attributes:
        score: Name of the score.
        lower_is_better: Whether a lower score is better (negative log-likelihood).
        n: Items compared, including those without a score in one arm.
        clusters, strata: Number of source documents and of slices.
        mean_a, mean_b: Macro means over the strata.
        difference: ``mean_b - mean_a``.
        ci95: Two-sided 95% interval of the difference.
        method: How the interval was made.
        a_better, b_better: Items on which each arm is better; for right-or-wrong scores, the discordant counts.
        mcnemar_p: Exact McNemar p for right-or-wrong scores, else None. It treats items as independent.
        margin: Largest acceptable loss.
        loss_bound: One-sided 95% upper bound of the loss; ``safe`` if it is below the margin.
        verdict: ``safe``, ``harmful`` or ``inconclusive``.
        n_needed: Items that would decide an inconclusive comparison with 80% power, with clusters of the same size;
            None if it is decided, or if there is only one cluster, where more items would not help.
        design_effect: Variance of the difference over that of independent items; None if it cannot be estimated.
        errors_a, errors_b, truncated_a, truncated_b: Items by status.
        not_applicable: Items left out because neither arm has the score.
        left_out: Items left out because A is raw and has no score for them.
        seed: Seed of the bootstrap.
        notes: Remarks for the reader.
    """

    score: str
    lower_is_better: bool
    n: int
    clusters: int
    strata: int
    mean_a: float
    mean_b: float
    difference: float
    ci95: tuple[float, float]
    method: str
    a_better: int
    b_better: int
    mcnemar_p: float | None
    margin: float
    loss_bound: float
    verdict: Verdict
    n_needed: int | None
    design_effect: float | None
    errors_a: int
    errors_b: int
    truncated_a: int
    truncated_b: int
    not_applicable: int
    left_out: int
    seed: int
    notes: tuple[str, ...]

    @model_serializer(mode="wrap")
    def _with_one_object_of_counts(self, fields_of: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = fields_of(self)
        return fields | {"discordant": {name: fields.pop(name) for name in ("a_better", "b_better")}}


def compare(
    records_a: Source,
    records_b: Source,
    *,
    score: str | None = None,
    margin: float = 0.05,
    seed: int = 0,
    arm_a: str | None = None,
    arm_b: str | None = None,
) -> Comparison:
    """Compare two arms on the same items.

    Right-or-wrong scores get Tango's interval on counts divided by the design effect, others the stratified cluster
    bootstrap. An item without a score because of an error or a truncation counts as the worst score in that arm. The
    verdict is ``safe`` only if it would also be safe with the best score for every such item of A. If A's arm is named
    ``raw``, such items of A are left out instead, and a note says so.

    Args:
        records_a: The arm to compare with (usually ``raw``): a record file, records, or parsed lines. Each has an id, a
            cluster and a score, at the top level or in ``scores``.
        records_b: The other arm, on the same items.
        score: Name of the score; None takes ``score``, ``survival``, or the only one that both share.
        margin: Largest acceptable loss, in units of the score; fix it before looking.
        seed: Seed of the bootstrap.
        arm_a: The arm to use, if the source has several.
        arm_b: The same for B.

    Raises:
        ReadError: if a file cannot be read or a line lacks a field; it names the line.
        UsageError: if the arms hold different items, or the margin is not above 0.
        UnknownNameError: if no record has the score or the arm.
    """
    check_margin(margin)
    notes: list[str] = []
    a = outcomes(records_a, "A", arm=arm_a, notes=notes)
    b = outcomes(records_b, "B", arm=arm_b, notes=notes)
    try:
        pairs = pair(a, b, score)
    except UsageError as exc:
        if notes:  # an incomplete last line is a frequent reason for different items
            raise UsageError(f"{exc} ({'; '.join(notes)})") from exc
        raise
    return compare_pairs(pairs, margin=margin, seed=seed, notes=notes)


def compare_with_raw(raw: ByItem, arm: ByItem, *, score: str, margin: float, seed: int = 0) -> Comparison | None:
    """Compare an arm of a run with raw, on the items that are in both and have a raw score.

    If raw does not fit the window, nothing can be lost, and an unbounded score has no worst value to assign; the curves
    over lengths show the effect of compression there. A missing score of the arm counts as its worst.

    Args:
        raw: Records of raw by item.
        arm: Those of the arm.
        score: Name of the score.
        margin: Largest acceptable loss, in units of the score.
        seed: Seed of the bootstrap.

    Returns:
        None if no item has the score in both.

    Raises:
        ReadError: if the arm has no score for an item of raw and did not fail on it.
        UsageError: if the arms disagree on an item's cluster or stratum, or the margin is not above 0.
    """
    check_margin(margin)
    if not scored(score, raw, arm)[0]:
        return None
    return compare_pairs(pair_with_raw(raw, arm, score), margin=margin, seed=seed)


def compare_pairs(pairs: Pairs, *, margin: float, seed: int = 0, notes: list[str] | None = None) -> Comparison:
    """Compare joined arms; see ``compare``.

    Raises:
        UsageError: if no item is left, or none has a score.
    """
    notes = list(notes or ())
    design = Design.of(pairs.clusters, pairs.strata)
    lower_is_better = pairs.score == "nll" or pairs.score.endswith("_nll")
    sign = -1.0 if lower_is_better else 1.0
    a, b, doubtful = _filled(pairs, sign, notes)
    scale, binary, gains = spread_of(a, b), right_or_wrong(a, b), sign * (b - a)
    estimate = estimated(gains, design, binary=binary, scale=scale, seed=seed)
    verdicts = {verdict(*estimate.bounds, margin)}
    if doubtful is not None:
        worst = estimated(sign * (b - doubtful), design, binary=binary, scale=scale, seed=seed)
        verdicts.add(verdict(*worst.bounds, margin))
    decided = _agreed(verdicts, design, notes)
    worse, better = int((gains < 0).sum()), int((gains > 0).sum())
    _note_design(design, worse + better, estimate, notes)
    if pairs.not_applicable:
        notes.append(f"{pairs.not_applicable:,} items have no score {pairs.score!r} in either arm and were left out")
    if pairs.left_out:
        of = f"{pairs.left_out:,} of {pairs.left_out + design.items:,} items"
        notes.append(f"{of} have no score {pairs.score!r} in raw (error or truncated) and were left out")
    interval = estimate.interval if sign > 0 else (-estimate.interval[1], -estimate.interval[0])
    return Comparison(
        score=pairs.score,
        lower_is_better=lower_is_better,
        n=design.items,
        clusters=design.clusters,
        strata=len(design.strata),
        mean_a=design.mean(a),
        mean_b=design.mean(b),
        difference=design.mean(b - a),
        ci95=interval,
        method=estimate.method,
        a_better=worse,
        b_better=better,
        mcnemar_p=mcnemar(worse, better) if binary else None,
        margin=margin,
        loss_bound=-estimate.bounds[0],
        verdict=decided,
        n_needed=_needed(gains, margin, scale, design) if decided == "inconclusive" else None,
        design_effect=design.design_effect(gains),
        errors_a=pairs.status_a.count("error"),
        errors_b=pairs.status_b.count("error"),
        truncated_a=pairs.status_a.count("truncated"),
        truncated_b=pairs.status_b.count("truncated"),
        not_applicable=pairs.not_applicable,
        left_out=pairs.left_out,
        seed=seed,
        notes=tuple(notes),
    )


def _filled(pairs: Pairs, sign: float, notes: list[str]) -> tuple[Floats, Floats, Floats | None]:
    """Scores of A and B with missing ones replaced by the worst, and A's also with the best if any are missing."""
    known = np.concatenate([pairs.a, pairs.b])
    known = known[~np.isnan(known)]
    if not len(known):
        raise UsageError(f"no item has a score {pairs.score!r} in either arm")
    ends = (0.0, 1.0) if known.min() >= 0 and known.max() <= 1 else (float(known.min()), float(known.max()))
    worst, best = ends if sign > 0 else ends[::-1]
    for side, values in (("A", pairs.a), ("B", pairs.b)):
        if missing := int(np.isnan(values).sum()):
            why = "no score (error or truncated)"
            notes.append(f"{missing:,} of {len(values):,} items have {why} in {side}; each counts as {worst:g}")
    gone = np.isnan(pairs.a)
    doubtful = np.where(gone, best, pairs.a) if gone.any() else None
    return np.where(gone, worst, pairs.a), np.where(np.isnan(pairs.b), worst, pairs.b), doubtful


def _agreed(verdicts: set[Verdict], design: Design, notes: list[str]) -> Verdict:
    if design.clusters == 1:
        notes.append("all items are from one cluster, so nothing can be said about other documents")
        return "inconclusive"
    if len(verdicts) > 1:
        notes.append("the items without a score in A could hide a loss beyond the margin")
        return "inconclusive"
    return verdicts.pop()


def _note_design(design: Design, differing: int, estimate: Estimate, notes: list[str]) -> None:
    if not differing:
        notes.append(
            f"no item differs; with 95% confidence the loss is below {-estimate.bounds[0]:.4f} (rule of three)"
        )
    if 1 < design.clusters < FEW_CLUSTERS:
        notes.append(f"only {design.clusters} clusters: below {FEW_CLUSTERS} intervals tend to be too narrow")
    single = int((np.bincount(design.block) == 1).sum())
    if single and design.clusters > 1:
        notes.append(
            f"{single} strata have only one cluster, whose variance cannot be estimated and is not in the interval"
        )


def _needed(gains: Floats, margin: float, scale: float, design: Design) -> int | None:
    if design.clusters == 1:
        return None
    effect = design.items / effective_items(gains, design)
    spread = float(design.weights() @ gains**2) * effect
    if spread == 0:
        return math.floor(3 * scale / margin * effect) + 1
    return items_to_decide(margin, spread, design.mean(gains), design.items)
