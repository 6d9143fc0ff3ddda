"""Rankers by name."""

from __future__ import annotations

from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.rank.bm25 import BM25Ranker
from ctxpipe.compress.rank.embedding import EmbeddingRanker
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.rank.resources import BorrowingRanker, Resources
from ctxpipe.compress.rank.spread import SpreadRanker
from ctxpipe.compress.types import Ranker
from ctxpipe.registry import Registry

RANKERS: Registry[Ranker] = Registry("ranker", "ctxpipe.rankers", "rank")
RANKERS.register("bm25", BM25Ranker)
RANKERS.register("embedding", EmbeddingRanker)
RANKERS.register("hybrid", HybridRanker)
RANKERS.register("learned", LearnedRanker)
RANKERS.register("spread", SpreadRanker)

DEFAULT_RANK = "learned"
"""The ranking behind ``"auto"``: the one that measured best."""
UNASKED_RANK = "spread"
"""The ranking without a question, which other rankers need."""
NO_RANK = "none"


def make_ranker(rank: str | Ranker, resources: Resources) -> Ranker | None:
    """Make the ranker of a name, or take an object, and lend it resources; None for ``"none"``.

    Raises:
        UnknownNameError: for an unknown name.
        UsageError: for an object that is not a ranker.
    """
    if isinstance(rank, str) and rank == NO_RANK:
        return None
    RANKERS.check(rank)
    made = RANKERS.create(rank) if isinstance(rank, str) else rank
    return made.with_resources(resources) if isinstance(made, BorrowingRanker) else made
