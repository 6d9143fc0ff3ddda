"""A ranker and a scorer without a model, for tests and trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.types import OnProgress, RankingText, ScoringText


class FakeRanker:
    """Scores each text by a function of text and question; by default by shared words."""

    name = "fake"

    def __init__(self, score: Callable[[RankingText, str], float] | None = None) -> None:
        self._score = score or _shared_words

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts: float32 of shape (texts,)."""
        return np.array([self._score(text, question) for text in texts], dtype=np.float32)


class FakeScorer:
    """Scores each unit by a function of its text; by default by its length."""

    name = "fake"

    def __init__(self, score: Callable[[str], float] = len) -> None:
        self._score = score

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Score units: float32 of shape (units,) for each text."""
        return [
            np.array([self._score(text.text[a:b]) for a, b in zip(text.start, text.end, strict=True)], dtype=np.float32)
            for text in texts
        ]


def _shared_words(text: RankingText, question: str) -> float:
    return float(len({*text.text.lower().split()} & {*question.lower().split()}))
