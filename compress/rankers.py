"""Rankers by name."""

from __future__ import annotations

from ctxpipe.compress.bm25 import BM25Ranker
from ctxpipe.compress.embedding import EmbeddingRanker
from ctxpipe.compress.hybrid import HybridRanker
from ctxpipe.compress.types import Ranker
from ctxpipe.registry import Registry

RANKERS: Registry[Ranker] = Registry("ranker", "ctxpipe.rankers")
RANKERS.register("bm25", BM25Ranker)
RANKERS.register("embedding", EmbeddingRanker)
RANKERS.register("hybrid", HybridRanker)

EMBEDDING = frozenset({"embedding", "hybrid"})
"""Rankers that take an ``embedder``."""
