"""Makes the records of one item: contexts, and the target's results with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from ctxpipe.errors import CtxpipeError, UnreachableError, UsageError
from ctxpipe.evals.runs.arms import Arm
from ctxpipe.evals.runs.contexts import ArmContext, ContextMaker
from ctxpipe.evals.scores.metrics import answer_scores, context_scores
from ctxpipe.evals.targets.cache import ResultCache
from ctxpipe.evals.targets.generation import Generated
from ctxpipe.evals.targets.likelihood import Ask, Likelihood, ask_hash, ask_of
from ctxpipe.evals.types import Record, Sample

T = TypeVar("T", Likelihood, Generated)


class _Made(NamedTuple):
    arm: Arm
    context: ArmContext


@dataclass(slots=True)
class Recorder:
    """Makes records.

    Attributes:
        layers: Layers to run, of 1, 2 and 3.
        seed: Seed of the run.
        maker: Makes contexts.
        likelihoods, answers: Targets of layers 2 and 3; None without them.
        models: Revision of each model, for the records.
    """

    layers: Sequence[int]
    seed: int
    maker: ContextMaker
    likelihoods: ResultCache[Likelihood] | None = None
    answers: ResultCache[Generated] | None = None
    models: dict[str, str] = field(default_factory=dict)

    def records(self, sample: Sample, arms: Sequence[Arm]) -> Iterator[Record]:
        """Make the item's records; the target is asked about all arms in one batch.

        Raises:
            UnreachableError: if the target's server cannot be reached. Any other error becomes a record.
        """
        if not arms:
            return
        raw = "\n\n".join(passage.text for passage in sample.documents)
        made: list[_Made] = []
        for arm in arms:
            try:
                context = self.maker.make(arm, sample)
            except CtxpipeError as exc:
                yield self._failed(sample, arm, exc)
                continue
            if context is not None:
                made.append(_Made(arm, context))
        asks = [ask_of(sample, context.text) for _, context in made]
        try:
            likelihoods = _asked(self.likelihoods, asks, made)
            answers = self._answers(asks, made)
        except UnreachableError:
            raise
        except CtxpipeError as exc:
            yield from (self._failed(sample, arm, exc, context) for arm, context in made)
            return
        for one, ask, likelihood, answer in zip(made, asks, likelihoods, answers, strict=True):
            try:
                record = self._record(sample, one, raw, ask, likelihood, answer)
            except UsageError as exc:  # a likelihood that is not a finite number
                record = self._failed(sample, one.arm, exc, one.context)
            yield record

    def _answers(self, asks: Sequence[Ask], made: Sequence[_Made]) -> Sequence[Generated | None]:
        """The arm's own answers, else the target's."""
        if self.answers is None:
            return [None] * len(asks)
        waiting = [place for place, one in enumerate(made) if one.context.answer is None]
        asked = _asked(self.answers, [asks[i] for i in waiting], [made[i] for i in waiting])
        answers = [one.context.answer for one in made]
        for place, answer in zip(waiting, asked, strict=True):
            answers[place] = answer
        return answers

    def _record(
        self,
        sample: Sample,
        made: _Made,
        raw: str,
        ask: Ask,
        likelihood: Likelihood | None,
        answer: Generated | None,
    ) -> Record:
        context = made.context
        scores: dict[str, float] = {}
        if 1 in self.layers:
            scores |= context_scores(
                sample,
                context.text,
                raw,
                context.spans,
                frames=context.frames,
                fits=self.maker.fits(context),
                pooled=bool(made.arm.method) and self.maker.pool is not None,
            )
            scores |= context.scores
        if likelihood is not None and likelihood.nll is not None:
            scores["nll"] = likelihood.nll
        if answer is not None and answer.text is not None:
            scores |= answer_scores(sample, answer.text)
        fits = (likelihood is None or likelihood.nll is not None) and (answer is None or answer.text is not None)
        prompts = [one.prompt_tokens for one in (answer, likelihood) if one is not None]
        return replace(
            self._blank(sample, made.arm),
            scores=scores,
            source_tokens=context.source_tokens,
            kept_tokens=context.kept_tokens,
            prompt_tokens=prompts[0] if prompts else None,
            completion_tokens=None if answer is None else answer.completion_tokens,
            timings={
                name: round(seconds, 6) for name, seconds in {**context.timings, **_times(likelihood, answer)}.items()
            },
            status="ok" if fits else "truncated",
            prompt_hash=ask_hash(ask),
            answer=(answer.text or "") if answer is not None else "",
            spans=context.spans,
            reused_scores=context.reused_scores,
        )

    def _failed(self, sample: Sample, arm: Arm, exc: CtxpipeError, context: ArmContext | None = None) -> Record:
        return replace(
            self._blank(sample, arm),
            status="error",
            error=" ".join(str(exc).split()) or type(exc).__name__,
            source_tokens=context.source_tokens if context else None,
            kept_tokens=context.kept_tokens if context else None,
            spans=context.spans if context else (),
        )

    def _blank(self, sample: Sample, arm: Arm) -> Record:
        return Record(
            id=sample.id,
            cluster=sample.cluster,
            stratum=sample.stratum,
            arm=arm.name,
            rate=arm.rate,
            method=arm.method,
            models=self.models,
            seed=self.seed,
        )


def _asked(cache: ResultCache[T] | None, asks: Sequence[Ask], made: Sequence[_Made]) -> Sequence[T | None]:
    if cache is None:
        return [None] * len(asks)
    return cache.get(asks, [int(one.arm.name == "raw2") for one in made])


def _times(likelihood: Likelihood | None, answer: Generated | None) -> dict[str, float]:
    """Seconds of the target: for the answer if it answered, else for the likelihood."""
    times = {} if likelihood is None else {"target": likelihood.seconds}
    if answer is not None and answer.text is not None:
        times["target"] = answer.seconds
        if answer.first_token_seconds is not None:
            times["first_token"] = answer.first_token_seconds
    return times
