"""Whether a gain in effective length may be claimed, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ctxpipe.evals.paired.estimate import estimated, right_or_wrong, spread_of
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.effective_length import SHARE, LengthGain

NEEDED = ("head-tail", "bm25")
"""Baselines that must be beaten: beginning and end of the raw context, and its best sentences by BM25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The conditions of a claim, at the longest measured length at which the arm works.

    Attributes:
        tokens: That length, in source tokens.
        holds: Whether the gain may be claimed.
        as_good_as_raw: Whether raw's lead at that length is below what the threshold allows, with 95% confidence.
        beats: For each baseline of the same budget, whether the arm is better there with 95% confidence.
        why_not: What is missing; empty if the gain may be claimed.
    """

    tokens: int
    holds: bool
    as_good_as_raw: bool
    beats: Mapping[str, bool]
    why_not: str


def claim_of(
    tokens: Sequence[int],
    gain: LengthGain,
    arm: Floats,
    raw: Floats,
    baselines: Mapping[str, Floats],
    design: Design,
    *,
    seed: int = 0,
) -> Claim | None:
    """Decide whether a gain may be claimed.

    It may if its interval is above 1, the arm is not inferior to raw at the claimed length, and it is better there than
    both baselines of the same budget.

    Args:
        tokens: Lengths, ascending, K of them.
        gain: The arm's gain.
        arm, raw: Scores of shape (n, K); higher is better.
        baselines: Scores of the baselines with the arm's budget, by name.
        design: Clusters and strata of the n questions.
        seed: Seed of the bootstraps.

    Returns:
        None if the arm works at no length.
    """
    working = [k for k, bound in enumerate(gain.compressed_lower) if bound >= 0]
    if not working:
        return None
    at = working[-1]
    forgiven = (1 - SHARE) * design.mean(raw[:, 0])
    lower, _ = _limits(arm[:, at], raw[:, at], design, seed, one_sided=True)
    beats = {
        name: _limits(arm[:, at], scores[:, at], design, seed, one_sided=False)[0] > 0
        for name, scores in baselines.items()
    }
    why_not = _missing(gain, lower > -forgiven, beats)
    return Claim(
        tokens=tokens[at], holds=not why_not, as_good_as_raw=lower > -forgiven, beats=beats, why_not="; ".join(why_not)
    )


def _missing(gain: LengthGain, as_good: bool, beats: Mapping[str, bool]) -> list[str]:
    missing = []
    if gain.gain is None or gain.interval is None:
        missing.append("raw and the arm both work at the longest length, or neither does at the shortest")
    elif gain.interval[0] <= 1:
        missing.append("the gain's interval reaches down to 1")
    if missing:  # the other conditions do not matter then
        return missing
    if not as_good:
        missing.append("it is not shown to be as good as raw there")
    if lost := [name for name, better in beats.items() if not better]:
        missing.append(f"it is not shown to be better than {' or '.join(lost)} there")
    if absent := [name for name in NEEDED if name not in beats]:
        missing.append(f"{' and '.join(absent)} with the same budget was not run")
    return missing


def _limits(one: Floats, other: Floats, design: Design, seed: int, *, one_sided: bool) -> tuple[float, float]:
    binary, scale = right_or_wrong(one, other), spread_of(one, other)
    estimate = estimated(one - other, design, binary=binary, scale=scale, seed=seed)
    return estimate.bounds if one_sided else estimate.interval
