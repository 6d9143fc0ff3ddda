"""Up to what length an arm works, against what it does with the whole of the shortest context."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctxpipe.errors import UsageError
from ctxpipe.evals.statistics.bootstrap import bootstrap_means, expanded_interval
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.effective_length import SHARE, crossing, length_gain
from ctxpipe.evals.statistics.share_bound import share_bounds

LENGTHS = (512, 1024, 2048, 4096)


def right(chances: tuple[float, ...], n: int = 300, seed: int = 0) -> np.ndarray:
    """Answers to the same n questions, each with its own difficulty."""
    difficulty = np.random.default_rng(seed).permutation((np.arange(n) + 0.5) / n)
    return (difficulty[:, None] < np.asarray(chances)).astype(float)


def test_gain_is_found_with_its_interval() -> None:
    design = Design.of([str(i) for i in range(300)])
    found = length_gain(LENGTHS, right((0.95, 0.9, 0.6, 0.3)), right((0.95, 0.94, 0.93, 0.6)), design, closed=0.1)
    assert found.threshold == pytest.approx(0.85 * 0.95)
    assert 1024 < found.raw.length < 2048 < found.compressed.length < 4096
    assert found.gain == pytest.approx(found.compressed.length / found.raw.length)
    assert found.interval is not None
    assert 1.5 < found.interval[0] < found.gain < found.interval[1] < 3
    assert (found.censored, found.censored_share) == ("", 0)
    assert all(low < mean for low, mean in zip(found.raw_lower, (0.95, 0.9, 0.6, 0.3), strict=True))


def test_equal_arms_gain_nothing() -> None:
    design = Design.of([str(i) for i in range(300)])
    same = right((0.95, 0.9, 0.6, 0.3))
    found = length_gain(LENGTHS, same, same, design)
    assert (found.gain, found.interval) == (1, (1, 1))


def test_the_threshold_moves_with_the_draws() -> None:
    """When all lengths rise and fall together, what is 85% of the shortest does too, and the crossing stays put."""
    level = np.random.default_rng(1).uniform(0.2, 1.0, size=(400, 1))
    raw, compressed = level * np.asarray([1, 0.9, 0.6, 0.3]), level * np.asarray([1, 0.98, 0.93, 0.5])
    found = length_gain(LENGTHS, raw, compressed, Design.of([str(i) for i in range(400)]), draws=1000)
    assert found.interval is not None
    assert found.gain is not None
    assert found.interval[1] - found.interval[0] < 0.005 * found.gain


@pytest.mark.parametrize(
    ("raw", "compressed", "censored", "defined"),
    [
        ((0.95, 0.9, 0.6, 0.3), (0.95, 0.95, 0.95, 0.95), "at least", True),
        ((0.95, 0.9, 0.6, 0.3), (0.5, 0.5, 0.5, 0.5), "at most", True),
        ((0.95, 0.95, 0.95, 0.95), (0.95, 0.9, 0.6, 0.3), "at most", True),
        ((0.95, 0.95, 0.95, 0.95), (0.95, 0.95, 0.95, 0.95), "", False),
    ],
)
def test_a_gain_between_censored_lengths_is_a_bound_or_nothing(
    raw: tuple[float, ...], compressed: tuple[float, ...], censored: str, defined: bool
) -> None:
    design = Design.of([str(i) for i in range(300)])
    found = length_gain(LENGTHS, right(raw), right(compressed), design, draws=200)
    assert found.censored == censored
    assert (found.gain is not None) is defined
    assert (found.interval is not None) is defined
    assert found.censored_share > 0.9


def test_questions_that_cannot_tell_lengths_apart_are_refused() -> None:
    design = Design.of([str(i) for i in range(300)])
    scores = right((0.5, 0.5, 0.5, 0.5))
    with pytest.raises(UsageError, match=r"85% of the raw score at 512 tokens is 0\.425, not above the 0\.450"):
        length_gain(LENGTHS, scores, scores, design, closed=0.45)
    with pytest.raises(UsageError, match="ascending lengths"):
        length_gain((512, 512), scores[:, :2], scores[:, :2], design)
    with pytest.raises(UsageError, match=r"shape \(300, 4\)"):
        length_gain(LENGTHS, scores[:, :3], scores, design)


def faded(draw: np.random.Generator, kept: tuple[float, ...], n: int, spread: float) -> Floats:
    """Scores of n questions of very different difficulty, which keep these shares of it at each length."""
    level = draw.beta(0.7, 2.0, size=(n, 1))
    return np.asarray(level * np.asarray(kept) * draw.uniform(1 - spread, 1 + spread, size=(n, len(kept))))


def answered(draw: np.random.Generator, kept: tuple[float, ...], n: int) -> Floats:
    """Right or wrong answers of n questions: nine in ten of the shortest context, and these shares of that."""
    difficulty = np.where(draw.random((n, 1)) < 0.7, draw.random((n, 1)), draw.random((n, len(kept))))
    return (difficulty < 0.9 * np.asarray(kept)).astype(float)


def paired(design: Design, scores: Floats, seed: int) -> float:
    """The effective length of the raw arm, without the rest of ``length_gain``."""
    means = bootstrap_means(scores - SHARE * scores[:, :1], design, draws=400, seed=seed)
    return crossing(np.asarray(LENGTHS, dtype=float), share_bounds(scores, means, design, share=SHARE), 0.0).length


def unpaired(design: Design, scores: Floats, seed: int) -> float:
    """The length up to which the mean's own lower bound is above a threshold taken as known."""
    means = bootstrap_means(scores, design, draws=400, seed=seed)
    bounds = np.asarray([expanded_interval(column, design, level=0.9)[0] for column in means.T])
    return crossing(np.asarray(LENGTHS, dtype=float), bounds, SHARE * float(scores[:, 0].mean())).length


KEPT = (1.0, 0.95, 0.90, 0.70)
"""Shares kept at each length; in log length 85% are reached a quarter of the way from the third to the fourth."""
TRUE = 2048 * 2**0.25


@pytest.mark.parametrize(("kind", "n", "runs"), [("graded", 20, 300), ("right or wrong", 60, 200)])
def test_a_length_beyond_the_true_one_is_claimed_in_at_most_one_run_of_twenty(kind: str, n: int, runs: int) -> None:
    draw = np.random.default_rng(7)
    design = Design.of([str(i) for i in range(n)])
    beyond = 0
    for run in range(runs):
        scores = faded(draw, KEPT, n, 0.3) if kind == "graded" else answered(draw, KEPT, n)
        beyond += paired(design, scores, run) > TRUE
    assert 0.005 <= beyond / runs <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_pairing_finds_lengths_that_means_alone_do_not() -> None:
    draw = np.random.default_rng(3)
    design = Design.of([str(i) for i in range(20)])
    together, alone = [], []
    for run in range(60):
        scores = faded(draw, KEPT, 20, 0.1)
        together.append(paired(design, scores, run))
        alone.append(unpaired(design, scores, run))
    reached = 1900
    assert np.mean(np.asarray(together) >= reached) > 0.8
    assert np.mean(np.asarray(alone) >= reached) < 0.1
    assert np.median(together) > 2 * np.median(alone)
