"""Rankers by name."""

from __future__ import annotations

from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.rank.bm25 import BM25Ranker
from ctxpipe.compress.rank.embedding import EmbeddingRanker
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.types import Ranker
from ctxpipe.registry import Registry

RANKERS: Registry[Ranker] = Registry("ranker", "ctxpipe.rankers")
RANKERS.register("bm25", BM25Ranker)
RANKERS.register("embedding", EmbeddingRanker)
RANKERS.register("hybrid", HybridRanker)
RANKERS.register("learned", LearnedRanker)

EMBEDDING = frozenset({"embedding", "hybrid", "learned"})
"""Rankers that take an ``embedder``."""
CACHING = frozenset({"learned"})
"""Rankers that take a ``cache`` for what a model says of question and text together."""
NOTING = frozenset({"learned"})
"""Rankers that take an ``on_note``, called with a line for whoever reads the result."""
