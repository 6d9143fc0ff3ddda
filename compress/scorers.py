"""Scorers by name."""

from __future__ import annotations

from functools import partial

from ctxpipe.compress.learned.scorer import LearnedScorer
from ctxpipe.compress.prune.baselines import HeadTailScorer, NoScorer, RandomScorer
from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
from ctxpipe.compress.prune.reference.scorer import ReferenceScorer
from ctxpipe.compress.prune.surprisal import ContrastiveScorer, SurprisalScorer
from ctxpipe.compress.types import Scorer
from ctxpipe.registry import Registry

SCORERS: Registry[Scorer] = Registry("scorer", "ctxpipe.scorers")
SCORERS.register("none", NoScorer)
SCORERS.register("head-tail", HeadTailScorer)
SCORERS.register("random", RandomScorer)
SCORERS.register("surprisal", SurprisalScorer)
SCORERS.register("contrastive", ContrastiveScorer)
SCORERS.register("llmlingua2", LLMLingua2Scorer)
SCORERS.register("llmlingua", SurprisalScorer)
SCORERS.register("longllmlingua", ContrastiveScorer)
SCORERS.register("llmlingua-walk", partial(SurprisalScorer, walk=True))
SCORERS.register("longllmlingua-walk", partial(ContrastiveScorer, walk=True))
SCORERS.register("reference", ReferenceScorer)
SCORERS.register("learned", LearnedScorer)

MODEL_FREE = frozenset({"none", "head-tail", "random"})
"""Scorers that take no ``model``."""
