"""Contexts of arms.

The context of every arm is the text that the pipeline returns, in the same prompt. Titles of passages are used by the
ranking but are not in any arm's text, so that no arm has information outside of its tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ctxpipe.compress.cache.score_cache import MEGABYTES
from ctxpipe.errors import UsageError
from ctxpipe.evals.runs.arms import METHODS, Arm, defaults
from ctxpipe.evals.runs.documents import document_of
from ctxpipe.evals.targets.generation import Generated, Generator
from ctxpipe.evals.types import Sample

if TYPE_CHECKING:
    from ctxpipe.compress.rank.resources import Effort
    from ctxpipe.compress.types import Document, Ranker, Scorer
    from ctxpipe.evals.runs.pool import Pool
    from ctxpipe.models.tokenizer import TargetTokenizer
    from ctxpipe.pipeline.pipeline import Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmContext:
    """The context of an item in an arm.

    Attributes:
        text: The context.
        source_tokens, kept_tokens: Tokens of the item's documents and of the text.
        spans: Kept stretches of the item's documents as (document, start, end).
        timings: Seconds per stage.
        reused_scores: Whether models' scores could come from an earlier call or rate.
        frames: Ranges of the text that are no source: labels, marks, repeated chains.
        budget: Most tokens that the text may have; None where there is no limit.
        scores: Scores of a pool; see ``Pool.scores``.
        answer: The answer, in arms that answer while they make the context.
    """

    text: str
    source_tokens: int
    kept_tokens: int
    spans: tuple[tuple[int, int, int], ...]
    timings: Mapping[str, float]
    reused_scores: bool = False
    frames: tuple[tuple[int, int], ...] = ()
    budget: int | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    answer: Generated | None = None


class ContextMaker:
    """Makes contexts and keeps the models of each method loaded.

    Args:
        tokenizer: Model whose tokens are counted: the target's.
        reuse_scores: Use the score cache. Scores are then computed once for all rates, and compression times are not
            those of a first call; contexts are marked.
        generator: Answers in the arm ``cover``; needed only for that.
        pool: Documents that methods search, in place of an item's own.
    """

    def __init__(
        self,
        tokenizer: str = "smollm2-135m",
        *,
        reuse_scores: bool = False,
        generator: Generator | None = None,
        pool: Pool | None = None,
    ) -> None:
        self.pool = pool
        self.tokenizer_name = tokenizer
        self._generator = generator
        self._score_cache = MEGABYTES if reuse_scores else 0
        self._pipelines: dict[tuple[str | int, ...], Pipeline] = {}

    @property
    def tokenizer(self) -> TargetTokenizer:
        """The tokenizer that counts."""
        return self._pipeline("none", "none").tokenizer

    def make(self, arm: Arm, sample: Sample) -> ArmContext | None:
        """The context of an item in an arm; None if the arm does not apply (no evidence is marked).

        Raises:
            CtxpipeError: from the pipeline.
        """
        whole = held = [i for i, passage in enumerate(sample.documents) if passage.text.strip()]
        if arm.name == "gold":
            wanted = {e.document for e in sample.evidence} | {i for i in held if sample.documents[i].gold}
            held = [i for i in held if i in wanted]
            if not held:
                return None
        if arm.name == "cover":
            return self._cover(sample, held)
        if arm.name not in ("closed", "gold"):
            return self._compress(arm, sample, held)
        tokens = sum(self.tokenizer.count_long(sample.documents[i].text) for i in whole)
        if arm.name == "closed":
            return ArmContext(text="", source_tokens=tokens, kept_tokens=0, spans=(), timings={})
        return replace(self._compress(arm, sample, held), source_tokens=tokens)

    def fits(self, context: ArmContext) -> Callable[[str], bool] | None:
        """Whether a text has no more tokens than the context's budget; None where there is none."""
        budget = context.budget
        return None if budget is None else lambda text: self.tokenizer.count_long(text) <= budget

    def _compress(self, arm: Arm, sample: Sample, held: Sequence[int]) -> ArmContext:
        rank, prune = (arm.rank, arm.prune) if arm.method else ("none", "none")
        if arm.name == "identity":
            rank, prune = METHODS["default"]
        whole = arm.rate is None and arm.budget is None
        pipeline = self._pipeline(rank, prune, arm.effort)
        pool = self.pool if arm.method else None
        context = pipeline.compress(
            _documents(sample, held) if pool is None else pool.collection,
            question=sample.question,
            rate=1.0 if whole else arm.rate,
            budget=arm.budget,
        )
        own = tuple((held[span.document], span.start, span.end) for span in context.spans) if pool is None else ()
        return ArmContext(
            text=context.text,
            source_tokens=context.source_tokens,
            kept_tokens=context.kept_tokens,
            spans=own if pool is None else pool.spans(sample, context),
            timings=context.timings,
            reused_scores=pipeline.remembers,
            frames=context.frames,
            budget=None if whole else context.budget,
            scores={} if pool is None else pool.scores(sample, context),
        )

    def _cover(self, sample: Sample, held: Sequence[int]) -> ArmContext:
        """The sentences that the notes on all windows cite, and the answer from the notes."""
        from ctxpipe.pipeline.pipeline import Pipeline

        if self._generator is None:
            raise UsageError("the arm cover needs a target that answers: layer 3")
        pipeline = Pipeline(
            target=self._generator.engine,
            tokenizer=self.tokenizer_name,
            max_tokens=self._generator.max_tokens,
            score_cache=self._score_cache,
        )
        run = pipeline.cover(_documents(sample, held), question=sample.question, concurrency=self._generator.concurrent)
        context = run.context
        return ArmContext(
            text=context.text,
            source_tokens=context.source_tokens,
            kept_tokens=context.kept_tokens,
            spans=tuple((held[span.document], span.start, span.end) for span in context.spans),
            timings=run.timings,
            reused_scores=run.cover is not None and run.cover.stored > 0,
            frames=context.frames,
            answer=Generated(
                text=run.answer.text,
                prompt_tokens=run.prompt_tokens,
                completion_tokens=run.answer.completion_tokens,
                seconds=run.timings["cover"] + run.timings["ask"],
            ),
        )

    def _pipeline(self, rank: str | Ranker, prune: str | Scorer, effort: Effort = "default") -> Pipeline:
        from ctxpipe.pipeline.pipeline import Pipeline

        # Full and short names of the same method share their loaded models.
        default_rank, default_prune = defaults()
        rank = default_rank if rank == "auto" else rank
        prune = default_prune if prune == "auto" else prune
        key = tuple(one if isinstance(one, str) else id(one) for one in (rank, prune, effort))
        if key not in self._pipelines:
            self._pipelines[key] = Pipeline(
                rank=rank,
                effort=effort,
                prune=prune,
                tokenizer=self.tokenizer_name,
                score_cache=self._score_cache,
            )
        return self._pipelines[key]


def _documents(sample: Sample, held: Sequence[int]) -> list[Document]:
    return [document_of(sample.documents[i], sample.documents[i].source or str(i)) for i in held]
