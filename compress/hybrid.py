"""The fusion of words and meaning that is the default ranking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctxpipe.compress.bm25 import bm25
from ctxpipe.compress.embedding import Embedder, EmbeddingRanker
from ctxpipe.compress.types import FloatArray, OnProgress, RankingText


class HybridRanker:
    """BM25 and embeddings of sentences and of their passages, standardised and added, then a second look.

    Args:
        embedder: For the embeddings; MiniLM-L6 unless given.
    """

    name = "hybrid"

    def __init__(self, *, embedder: Embedder | None = None) -> None:
        self._embedding = EmbeddingRanker(embedder=embedder)

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts; only the order means anything."""
        words = bm25([" ".join((*t.headings, t.text)) for t in texts], question)
        meaning = self._embedding.rank(texts, question, on_progress)
        return (_standard(words) + _standard(meaning)).astype(np.float32)


def _standard(values: FloatArray) -> FloatArray:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread else values * 0
