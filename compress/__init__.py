"""Text in, fewer tokens out. Knows tokenizers and scoring models; knows nothing of targets or servers.

The names below are imported when they are first used. ``ctxpipe.compress`` is also the function of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxpipe.lazy import lazy_names

if __name__ == "compress":
    raise ImportError("import ctxpipe.compress")

if TYPE_CHECKING:
    from ctxpipe.compress.cache.score_cache import Caching
    from ctxpipe.compress.chat.messages import CompressedMessages
    from ctxpipe.compress.fake import FakeRanker, FakeScorer
    from ctxpipe.compress.learned.ranker import LearnedRanker
    from ctxpipe.compress.learned.scorer import LearnedScorer
    from ctxpipe.compress.prune.baselines import HeadTailScorer, NoScorer, RandomScorer
    from ctxpipe.compress.prune.hosted.scorer import HostedScorer
    from ctxpipe.compress.prune.llmlingua import LLMLinguaScorer, LongLLMLinguaScorer
    from ctxpipe.compress.prune.llmlingua2.compat import LLMLingua2Compat
    from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
    from ctxpipe.compress.prune.reference.adapter import LLMLinguaReference
    from ctxpipe.compress.prune.reference.scorer import ReferenceScorer
    from ctxpipe.compress.rank.bm25 import BM25Ranker
    from ctxpipe.compress.rank.embedding import EmbeddingRanker
    from ctxpipe.compress.rank.hybrid import HybridRanker
    from ctxpipe.compress.rank.resources import BorrowingRanker, Embedder, Resources
    from ctxpipe.compress.rankers import RANKERS
    from ctxpipe.compress.scorers import SCORERS, Pruning
    from ctxpipe.compress.select.formats import FORMATS, Format, Fragment, Written
    from ctxpipe.compress.select.keep import Keep
    from ctxpipe.compress.types import (
        CacheableScorer,
        Excerpt,
        Identity,
        Ranker,
        RankingText,
        Scorer,
        ScoringText,
        TokenScorer,
        TokenScores,
    )

__all__ = [
    "FORMATS",
    "RANKERS",
    "SCORERS",
    "BM25Ranker",
    "BorrowingRanker",
    "CacheableScorer",
    "Caching",
    "CompressedMessages",
    "Embedder",
    "EmbeddingRanker",
    "Excerpt",
    "FakeRanker",
    "FakeScorer",
    "Format",
    "Fragment",
    "HeadTailScorer",
    "HostedScorer",
    "HybridRanker",
    "Identity",
    "Keep",
    "LLMLingua2Compat",
    "LLMLingua2Scorer",
    "LLMLinguaReference",
    "LLMLinguaScorer",
    "LearnedRanker",
    "LearnedScorer",
    "LongLLMLinguaScorer",
    "NoScorer",
    "Pruning",
    "RandomScorer",
    "Ranker",
    "RankingText",
    "ReferenceScorer",
    "Resources",
    "Scorer",
    "ScoringText",
    "TokenScorer",
    "TokenScores",
    "Written",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "cache.score_cache": "Caching",
        "chat.messages": "CompressedMessages",
        "fake": "FakeRanker FakeScorer",
        "learned.ranker": "LearnedRanker",
        "learned.scorer": "LearnedScorer",
        "prune.baselines": "HeadTailScorer NoScorer RandomScorer",
        "prune.hosted.scorer": "HostedScorer",
        "prune.llmlingua2.compat": "LLMLingua2Compat",
        "prune.llmlingua2.scorer": "LLMLingua2Scorer",
        "prune.reference.adapter": "LLMLinguaReference",
        "prune.reference.scorer": "ReferenceScorer",
        "prune.llmlingua": "LLMLinguaScorer LongLLMLinguaScorer",
        "rank.bm25": "BM25Ranker",
        "rank.embedding": "EmbeddingRanker",
        "rank.hybrid": "HybridRanker",
        "rank.resources": "BorrowingRanker Embedder Resources",
        "rankers": "RANKERS",
        "scorers": "SCORERS Pruning",
        "select.formats": "FORMATS Format Fragment Written",
        "select.keep": "Keep",
        "types": "CacheableScorer Excerpt Identity Ranker RankingText Scorer ScoringText TokenScorer TokenScores",
    },
)
