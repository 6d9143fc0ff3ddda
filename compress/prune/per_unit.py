"""Scores of units from values of a model's tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.types import OnProgress, ScoringText, TokenScores


class ByTokens(ABC):
    """A scorer whose units get the mean score of their tokens; see ``per_unit``."""

    @abstractmethod
    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[TokenScores]:
        """Score the model's tokens."""

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Score units by their tokens."""
        return by_unit(texts, self.score_tokens(texts, question, on_progress))


def by_unit(texts: Sequence[ScoringText], tokens: Sequence[TokenScores]) -> list[FloatArray]:
    """The scores of each text's units, float32 of shape (units,), from those of its tokens; see ``per_unit``."""
    return [per_unit(scores, text.start, text.end) for text, scores in zip(texts, tokens, strict=True)]


def per_unit(tokens: TokenScores, start: IntArray, end: IntArray) -> FloatArray:
    """Mean over the tokens that overlap each unit.

    A unit without tokens (characters that the tokenizer drops) gets the mean of the tokens around it, or 0 if there are
    none, so every unit has a score.

    Args:
        tokens: Ascending offsets, and their values.
        start, end: int64 of shape (n,): the units' offsets, in any order.

    Returns:
        float32 of shape (n,).
    """
    size = len(tokens.values)
    if size == 0:
        return np.zeros(len(start), dtype=np.float32)
    first = np.searchsorted(tokens.end, start, side="right")
    last = np.searchsorted(tokens.start, end, side="left")
    bare = last <= first
    first = np.where(bare, np.clip(last - 1, 0, size - 1), first)
    last = np.where(bare, np.clip(last + 1, 1, size), last)
    sums = np.concatenate([[0.0], np.cumsum(tokens.values, dtype=np.float64)])
    means: FloatArray = ((sums[last] - sums[first]) / (last - first)).astype(np.float32)
    return means
