"""Baselines that any other scorer must beat at the same budget, and the scorer that prunes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.types import OnProgress, ScoringText


class NoScorer:
    """Prunes nothing inside a sentence: units have the rank of their sentence, or the order of the source."""

    name = "none"

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Zero for every unit: float32 of shape (units,) for each text."""
        return [np.zeros(len(text.start), dtype=np.float32) for text in texts]


class HeadTailScorer:
    """Keeps the beginning and the end, in equal parts: the usual truncation."""

    name = "head-tail"

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Minus the distance to the nearer end of all texts, in units: float32 of shape (units,) for each text."""
        sizes = [len(text.start) for text in texts]
        position = np.arange(sum(sizes), dtype=np.float32)
        values = -np.minimum(position, position[::-1])
        return np.split(values, np.cumsum(sizes)[:-1])


class RandomScorer:
    """Keeps units at random, seeded by the text, so that equal input gives equal output."""

    name = "random"

    def __init__(self, *, seed: int = 0) -> None:
        self._seed = seed

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Uniform in [0, 1): float32 of shape (units,) for each text."""
        return [self._draw(text) for text in texts]

    def _draw(self, text: ScoringText) -> FloatArray:
        digest = hashlib.sha256(f"{self._seed}\0{text.text}".encode(errors="surrogatepass")).digest()
        return np.random.default_rng(list(digest)).random(len(text.start), dtype=np.float32)
