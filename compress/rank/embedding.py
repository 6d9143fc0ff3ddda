"""Ranking by embeddings: cosine between the question and each text with its headings."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Self

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.rank.resources import Embedder, Resources
from ctxpipe.compress.types import OnProgress, RankingText


class EmbeddingBorrower:
    """Base of rankers that embed through an ``EmbeddingRanker``."""

    _embedding: EmbeddingRanker

    def with_resources(self, resources: Resources) -> Self:
        """A copy that uses the lent embedder, unless it has its own."""
        made = copy(self)
        made._embedding = self._embedding.with_resources(resources)
        return made


class EmbeddingRanker:
    """Cosine of sentence embeddings (Reimers and Gurevych, 2019), from MiniLM-L6 by default."""

    name = "embedding"

    def __init__(self, *, embedder: Embedder | None = None, headings: bool = True) -> None:
        self._embedder = embedder
        self._is_default = embedder is None
        self._headings = headings

    def with_resources(self, resources: Resources) -> Self:
        """A copy that uses the lent embedder, unless it has its own."""
        made = copy(self)
        made._embedder = self._embedder or resources.embedder
        return made

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded when first needed."""
        if self._embedder is None:
            from ctxpipe.compress.rank.embedder import OnnxEmbedder

            self._embedder = OnnxEmbedder.load()
        return self._embedder

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts by cosine, -1 to 1: float32 of shape (texts,)."""
        rows = self.encode(texts, on_progress)
        scores: FloatArray = rows @ self.embedder.encode([question])[0]
        return scores

    def encode(self, texts: Sequence[RankingText], on_progress: OnProgress | None = None) -> FloatArray:
        """Embeddings of texts, float32 of shape (len(texts), dimension), rows of unit length."""
        uses = self._headings and self._is_default
        known = {place: text.vector for place, text in enumerate(texts) if uses and text.vector is not None}
        missing = [place for place in range(len(texts)) if place not in known]
        made = self.embedder.encode([self._full(texts[place]) for place in missing], on_progress=on_progress)
        if not known:
            return made
        rows = np.empty((len(texts), made.shape[1]), dtype=np.float32)
        rows[missing] = made
        rows[list(known)] = list(known.values())
        return rows

    def _full(self, text: RankingText) -> str:
        return embedded_text(text.headings, text.text) if self._headings else text.text


def embedded_text(headings: Sequence[str], text: str) -> str:
    """What is embedded of a text: the headings above it, and the text."""
    return ". ".join((*headings, text))
