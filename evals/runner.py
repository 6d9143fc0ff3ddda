"""Runs arms over items: one record each, appended as soon as it is known, so that a stopped run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ctxpipe.errors import CtxpipeError, UnreachableError, UsageError
from ctxpipe.evals.arms import Arm, ArmContext, ContextMaker
from ctxpipe.evals.cache import LikelihoodCache
from ctxpipe.evals.folder import RunFolder, Settings
from ctxpipe.evals.likelihood import Ask, Likelihood, Target, ask_hash, ask_of
from ctxpipe.evals.metrics import context_scores
from ctxpipe.evals.records import RecordFile, latest
from ctxpipe.evals.suites import check_suite, suite_samples
from ctxpipe.evals.types import Record, Sample

if TYPE_CHECKING:
    from ctxpipe.compress.tokenizer import TargetTokenizer

LAYERS = (1, 2)
OnProgress = Callable[[int, int, str], None]
"""Called with the records done, those in all, and the suite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        suites: Names of generated tasks and known sets, or files.
        arms: Every item is run in every one.
        out: Folder of the run; one that exists is gone on with.
        data: Folder of the known sets.
        layers: Of 1 (what the context holds) and 2 (likelihood of the answer).
        limit: Most items of a suite, at each length; None for all.
        seed: Of the choice of items and of what is generated.
        lengths: Source tokens of generated tasks.
        tokenizer: Model whose tokens are counted.
        retry_errors: Try again what ended in an error before.
    """

    suites: tuple[str, ...]
    arms: tuple[Arm, ...]
    out: Path
    data: Path | None = None
    layers: tuple[int, ...] = (1,)
    limit: int | None = None
    seed: int = 0
    lengths: tuple[int, ...] = ()
    tokenizer: str = "smollm2-135m"
    retry_errors: bool = False

    def __post_init__(self) -> None:
        if not self.layers or not set(self.layers) <= set(LAYERS):
            raise UsageError(f"layers are {' and '.join(map(str, LAYERS))}, not {', '.join(map(str, self.layers))}")
        if not self.suites:
            raise UsageError("there is no suite to run")
        for name in self.suites:
            check_suite(name, self.data)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a run did: records written, those that were there before, and how many of the new ones had no score."""

    written: int = 0
    found: int = 0
    errors: int = 0
    truncated: int = 0
    notes: list[str] = field(default_factory=list)


def run(plan: Plan, target: Target | None = None, *, on_progress: OnProgress | None = None) -> Outcome:
    """Run what has not been run.

    Args:
        plan: What to run.
        target: What computes layer 2; without that layer none is needed.
        on_progress: Called as records are done.

    Raises:
        UsageError: if the folder holds a run with another seed, other layers or another target.
        UnreachableError: if the target's server is gone; what is done stays, and the same call goes on with it.
        CtxpipeError: if another run writes to the folder.
        ReadError: if a suite cannot be read.
    """
    if 2 in plan.layers and target is None:
        raise UsageError("layer 2 needs a target")
    maker = ContextMaker(plan.tokenizer)
    settings = Settings(
        seed=plan.seed,
        layers=tuple(sorted(plan.layers)),
        tokenizer=plan.tokenizer,
        target="" if target is None else f"{target.model} {target.revision}",
    )
    folder = RunFolder(plan.out)
    outcome = Outcome()
    with ExitStack() as stack:
        file = stack.enter_context(RecordFile(folder.records))
        outcome.notes += file.notes
        folder.start(settings)
        samples = folder.keep(_samples(plan, maker.tokenizer))
        cache = stack.enter_context(LikelihoodCache(folder.cache, target)) if target else None
        _Run(plan, maker, cache, file, outcome, on_progress or _nothing).over(samples)
    return outcome


def _nothing(done: int, total: int, suite: str) -> None:
    return None


def _samples(plan: Plan, tokenizer: TargetTokenizer) -> list[Sample]:
    found: dict[str, Sample] = {}
    for name in dict.fromkeys(plan.suites):
        for sample in suite_samples(
            name,
            data=plan.data,
            limit=plan.limit,
            seed=plan.seed,
            lengths=plan.lengths,
            count_many=lambda texts: tokenizer.count_many(texts).tolist(),
        ):
            if sample.id in found:
                raise UsageError(f"two suites hold an item {sample.id!r}; run them into folders of their own")
            found[sample.id] = sample
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Run:
    plan: Plan
    maker: ContextMaker
    cache: LikelihoodCache | None
    file: RecordFile
    outcome: Outcome
    on_progress: OnProgress

    def over(self, samples: Sequence[Sample]) -> None:
        before = {
            key
            for key, record in latest(self.file.records).items()
            if not (self.plan.retry_errors and record.status == "error")
        }
        total = len(samples) * len(self.plan.arms)
        done = 0
        for sample in samples:
            self.on_progress(done, total, sample.stratum or sample.dataset)
            waiting = [arm for arm in self.plan.arms if (sample.id, arm.name) not in before]
            self.outcome.found += len(self.plan.arms) - len(waiting)
            for record in self._records(sample, waiting):
                self.file.append(record)
                self.outcome.written += 1
                self.outcome.errors += record.status == "error"
                self.outcome.truncated += record.status == "truncated"
            done += len(self.plan.arms)
        self.on_progress(total, total, "")

    def _records(self, sample: Sample, arms: Sequence[Arm]) -> Iterator[Record]:
        """The item's records; the likelihoods of all arms are asked for together."""
        if not arms:
            return
        raw = "\n\n".join(passage.text for passage in sample.documents)
        made: list[tuple[Arm, ArmContext]] = []
        for arm in arms:
            try:
                context = self.maker.make(arm, sample)
            except CtxpipeError as exc:
                yield self._failed(sample, arm, exc)
                continue
            if context is not None:
                made.append((arm, context))
        asks = [ask_of(sample, context.text) for _, context in made]
        try:
            found = self._likelihoods(asks, [arm for arm, _ in made])
        except UnreachableError:
            raise
        except CtxpipeError as exc:
            yield from (self._failed(sample, arm, exc, context) for arm, context in made)
            return
        for (arm, context), ask, likelihood in zip(made, asks, found, strict=True):
            try:
                record = self._record(sample, arm, context, raw, ask, likelihood)
            except UsageError as exc:  # a likelihood that is no finite number
                record = self._failed(sample, arm, exc, context)
            yield record

    def _likelihoods(self, asks: Sequence[Ask], arms: Sequence[Arm]) -> list[Likelihood | None]:
        if self.cache is None:
            return [None] * len(asks)
        return [*self.cache.score(asks, [int(arm.name == "raw2") for arm in arms])]

    def _record(
        self, sample: Sample, arm: Arm, context: ArmContext, raw: str, ask: Ask, likelihood: Likelihood | None
    ) -> Record:
        scores: dict[str, float] = {}
        if 1 in self.plan.layers:
            scores |= context_scores(sample, context.text, raw, context.spans)
        timings = dict(context.timings)
        if likelihood is not None:
            timings["target"] = likelihood.seconds
            if likelihood.nll is not None:
                scores["nll"] = likelihood.nll
        return replace(
            self._blank(sample, arm),
            scores=scores,
            source_tokens=context.source_tokens,
            kept_tokens=context.kept_tokens,
            timings={name: round(seconds, 6) for name, seconds in timings.items()},
            status="truncated" if likelihood is not None and likelihood.nll is None else "ok",
            prompt_hash=ask_hash(ask),
            spans=context.spans,
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
        models = {} if self.cache is None else {self.cache.target.model: self.cache.target.revision}
        return Record(
            id=sample.id,
            cluster=sample.cluster,
            stratum=sample.stratum,
            arm=arm.name,
            rate=arm.rate,
            method=arm.method,
            models=models,
            seed=self.plan.seed,
        )
