"""The longest source at which an arm works, and the factor by which compression extends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.bootstrap import DRAWS, bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.share_bound import share_bounds

SHARE = 0.85
"""Share of the score at the shortest length from which a length counts as working: Modarressi et al. (2025), NoLiMa."""

Censored = Literal["", "at least", "below", "at most"]

_OUTSIDE: dict[int, Censored] = {0: "", 1: "at least", -1: "below"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveLength:
    """A length in source tokens; if censored, ``at least`` the longest measured or ``below`` the shortest."""

    length: float
    censored: Censored = ""

    def __str__(self) -> str:
        sign = {"at least": ">= ", "below": "< "}.get(self.censored, "")
        return f"{sign}{self.length:,.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthGain:
    """Effective lengths of two arms and their ratio.

    Attributes:
        threshold: Score at or above which a length works: a share of the raw score at the shortest length.
        raw, compressed: Effective lengths.
        raw_interval, compressed_interval: Two-sided 95% intervals of the lengths, clipped to the measured lengths.
        raw_lower, compressed_lower: Fitted one-sided 95% lower bounds of score minus threshold at each length; a length
            works if its bound is at least 0.
        gain: compressed / raw; None if both are censored on the same side, so that the ratio is unknown.
        censored: ``at least`` or ``at most`` if one of the lengths is censored.
        interval: Two-sided interval of the ratio, with lengths clipped to the measured ones.
        censored_share: Share of the draws with a censored length.
    """

    threshold: float
    raw: EffectiveLength
    compressed: EffectiveLength
    raw_interval: tuple[float, float]
    compressed_interval: tuple[float, float]
    raw_lower: tuple[float, ...]
    compressed_lower: tuple[float, ...]
    gain: float | None
    censored: Censored
    interval: tuple[float, float] | None
    censored_share: float


def crossing(lengths: Floats, scores: Floats, threshold: float) -> EffectiveLength:
    """The length at which a falling curve goes below a threshold; ``crossings`` for one curve."""
    at, outside = crossings(lengths, scores[None], threshold)
    return EffectiveLength(length=float(at[0]), censored=_OUTSIDE[int(outside[0])])


def crossings(lengths: Floats, scores: Floats, threshold: float) -> tuple[Floats, NDArray[np.int8]]:
    """The lengths at which falling curves go below a threshold.

    The scores are first made non-increasing by isotonic regression, so a curve above the threshold at one length is
    above it at every shorter one. Between the last length above and the first below, the fit is interpolated linearly
    in log length.

    Args:
        lengths: Ascending, shape (K,), in tokens.
        scores: Shape (d, K), a curve a row.
        threshold: The score that must be reached.

    Returns:
        Lengths of shape (d,), clipped to the measured ones; and a code: 0 for a crossing inside, 1 if the curve is
        still above at the longest length, -1 if it is below at the shortest.
    """
    fit = falling(scores)
    below = fit < threshold
    first = np.where(below.any(axis=1), below.argmax(axis=1), len(lengths))
    outside = np.where(first == 0, -1, first == len(lengths)).astype(np.int8)
    at = np.where(outside < 0, lengths[0], lengths[-1]).astype(np.float64)
    inside = np.flatnonzero(outside == 0)
    after = first[inside]
    high, low = fit[inside, after - 1], fit[inside, after]
    part = (high - threshold) / (high - low)
    logs = np.log(lengths)
    at[inside] = np.exp(logs[after - 1] + part * (logs[after] - logs[after - 1]))
    return at, outside


def falling(scores: Floats) -> Floats:
    """Closest non-increasing sequences to the scores along the last axis, by least squares.

    The least over s <= i of the greatest over t >= i of the mean of s to t, the min-max formula for isotonic
    regression: Robertson, Wright & Dykstra (1988), *Order Restricted Statistical Inference*, section 1.4. It takes K^3
    vectorised steps, which suits few lengths and many resamples. Rows that fall already are unchanged.
    """
    fit = np.array(scores, dtype=np.float64)
    rising = (np.diff(fit, axis=-1) > 0).any(axis=-1)
    rows = fit[rising]
    size = fit.shape[-1]
    means = {(s, t): rows[..., s : t + 1].mean(axis=-1) for s in range(size) for t in range(s, size)}
    pooled = [
        np.min([np.max([means[s, t] for t in range(i, size)], axis=0) for s in range(i + 1)], axis=0)
        for i in range(size)
    ]
    fit[rising] = np.stack(pooled, axis=-1)
    return fit


def length_gain(
    lengths: Sequence[int],
    raw: Floats,
    compressed: Floats,
    design: Design,
    *,
    share: float = SHARE,
    closed: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> LengthGain:
    """Effective lengths of the raw and the compressed arm on the same questions, and their ratio.

    A length works if score - share * raw score at the shortest length, paired by question, has a one-sided 95% lower
    bound of at least 0 (``share_bounds``). The effective length is where the isotonic fit of these bounds falls below
    0. The threshold is measured on the same questions, so the bound includes its error and excludes variance that the
    questions share. In each draw of the joint bootstrap all curves and the threshold move, and the bounds keep their
    distance from the means.

    Args:
        lengths: Source tokens, ascending, K of them, at least two.
        raw: Scores of the raw arm, shape (n, K): one row a question, the same at every length.
        compressed: Scores of the compressed arm, shape (n, K).
        design: Clusters and strata of the n questions.
        share: Threshold as a share of the raw score at the shortest length.
        closed: Score without any context, which the threshold must exceed.
        draws: Bootstrap resamples.
        seed: Seed of the resamples.

    Raises:
        UsageError: if lengths do not ascend, shapes do not match, or the threshold is not above the closed-book score.
    """
    sizes = _checked(lengths, raw, compressed, design)
    k = len(sizes)
    scores = np.concatenate([raw, compressed], axis=1)
    threshold = share * design.mean(raw[:, 0])
    if closed is not None and threshold <= closed:
        raise UsageError(
            f"{share:.0%} of the raw score at {lengths[0]:,} tokens is {threshold:.3f}, not above the {closed:.3f} "
            "that the model scores without any context; these questions cannot distinguish lengths"
        )
    above = scores - share * raw[:, :1]
    means = bootstrap_means(above, design, draws=draws, seed=seed)
    bounds = share_bounds(scores, means, design, share=share)
    before, after = crossing(sizes, bounds[:k], 0.0), crossing(sizes, bounds[k:], 0.0)
    gain, censored = _ratio(before, after)
    moved = means - (np.asarray([design.mean(column) for column in above.T]) - bounds)
    drawn_before, outside_before = crossings(sizes, moved[:, :k], 0.0)
    drawn_after, outside_after = crossings(sizes, moved[:, k:], 0.0)
    return LengthGain(
        threshold=threshold,
        raw=before,
        compressed=after,
        raw_interval=expanded_interval(drawn_before, design),
        compressed_interval=expanded_interval(drawn_after, design),
        raw_lower=tuple(falling(bounds[:k]).tolist()),
        compressed_lower=tuple(falling(bounds[k:]).tolist()),
        gain=gain,
        censored=censored,
        interval=None if gain is None else expanded_interval(drawn_after / drawn_before, design),
        censored_share=float(np.mean((outside_before != 0) | (outside_after != 0))),
    )


def _checked(lengths: Sequence[int], raw: Floats, compressed: Floats, design: Design) -> Floats:
    sizes = np.asarray(lengths, dtype=np.float64)
    if len(sizes) < 2 or sizes[0] <= 0 or (np.diff(sizes) <= 0).any():
        raise UsageError("effective length needs two or more ascending lengths")
    shape = (design.items, len(sizes))
    if raw.shape != shape or compressed.shape != shape:
        raise UsageError(f"scores must have the shape {shape}: one row a question, one column a length")
    return sizes


def _ratio(raw: EffectiveLength, compressed: EffectiveLength) -> tuple[float | None, Censored]:
    ratio = compressed.length / raw.length
    match raw.censored, compressed.censored:
        case ("", ""):
            return ratio, ""
        case ("below", "") | ("", "at least") | ("below", "at least"):
            return ratio, "at least"
        case ("at least", "") | ("", "below") | ("at least", "below"):
            return ratio, "at most"
    return None, ""
