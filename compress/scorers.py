"""Scorers by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from ctxpipe.compress.learned.scorer import LearnedScorer
from ctxpipe.compress.prune.baselines import HeadTailScorer, NoScorer, RandomScorer
from ctxpipe.compress.prune.llmlingua import LLMLinguaScorer, LongLLMLinguaScorer
from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
from ctxpipe.compress.prune.reference.scorer import ReferenceScorer
from ctxpipe.compress.types import Scorer
from ctxpipe.errors import UsageError
from ctxpipe.registry import Registry

SCORERS: Registry[Scorer] = Registry("scorer", "ctxpipe.scorers", "score")
SCORERS.register("none", NoScorer)
SCORERS.register("head-tail", HeadTailScorer)
SCORERS.register("random", RandomScorer)
SCORERS.register("llmlingua2", LLMLingua2Scorer)
SCORERS.register("llmlingua", LLMLinguaScorer)
SCORERS.register("longllmlingua", LongLLMLinguaScorer)
SCORERS.register("llmlingua-walk", partial(LLMLinguaScorer, walk=True))
SCORERS.register("longllmlingua-walk", partial(LongLLMLinguaScorer, walk=True))
SCORERS.register("reference", ReferenceScorer)
SCORERS.register("learned", LearnedScorer)
SCORERS.alias("surprisal", "llmlingua")
SCORERS.alias("contrastive", "longllmlingua")

DEFAULT_PRUNE = "none"
"""The scorer behind ``"auto"``: no token pruner measured better than whole sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """The scorer that prunes, its model, and where the model runs.

    Attributes:
        scorer: A registered name, ``"auto"``, or an object with ``score``.
        model: Model of a named scorer; None for its default.
        url: vLLM server that runs the model instead of this machine. Its key is read from ``CTXPIPE_PRUNE_API_KEY``.

    Raises:
        UnknownNameError: for an unknown scorer.
        UsageError: for an object that is not a scorer, a model or URL without effect, or an invalid URL.
    """

    scorer: str | Scorer = "auto"
    model: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.scorer, str):
            name = DEFAULT_PRUNE if self.scorer == "auto" else SCORERS.name_of(self.scorer)
            object.__setattr__(self, "scorer", name)
        SCORERS.check(self.scorer)
        if not isinstance(self.scorer, str):
            if self.model is not None or self.url is not None:
                raise UsageError(f"{self.name} is an object with its own model; give a model or URL only with a name")
        elif self.url is not None:
            from ctxpipe.compress.prune.hosted.scorer import check_hosted

            check_hosted(self.scorer, self.url)
        elif self.model is not None and not SCORERS.takes(self.scorer, "model"):
            raise UsageError(f"--prune {self.scorer} uses no model, so --prune-model has no effect")

    @classmethod
    def of(cls, given: str | Scorer | Pruning, *, model: str | None = None, url: str | None = None) -> Pruning:
        """Make options from the short form: a name, an object, or options."""
        made = given if isinstance(given, Pruning) else cls(scorer=given)
        return replace(made, model=made.model if model is None else model, url=made.url if url is None else url)

    @property
    def name(self) -> str:
        """The scorer's name, for results."""
        return SCORERS.name_of(self.scorer)

    def make(self, *, trust_remote_code: bool = False) -> Scorer:
        """Make the scorer. Models are loaded when it first scores."""
        if not isinstance(self.scorer, str):
            return self.scorer
        if self.url is not None:
            from ctxpipe.compress.prune.hosted.scorer import HostedScorer

            return HostedScorer(self.scorer, self.url, model=self.model, trust_remote_code=trust_remote_code)
        options: dict[str, object] = {} if self.model is None else {"model": self.model}
        if trust_remote_code and SCORERS.takes(self.scorer, "trust_remote_code"):
            options["trust_remote_code"] = True
        return SCORERS.create(self.scorer, **options)
