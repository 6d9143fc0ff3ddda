"""Runs arms over items: one record each, appended at once, so that a stopped run can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ctxpipe.errors import UsageError
from ctxpipe.evals.runs.arms import Arm, defaults
from ctxpipe.evals.runs.contexts import ContextMaker
from ctxpipe.evals.runs.folder import RunFolder, RunSettings
from ctxpipe.evals.runs.pool import Pool, pooled_documents
from ctxpipe.evals.runs.recorder import Recorder
from ctxpipe.evals.runs.records import RecordFile, latest
from ctxpipe.evals.suites.suites import check_suite, suite_samples
from ctxpipe.evals.targets.cache import ResultCache
from ctxpipe.evals.targets.generation import Generated, Generator
from ctxpipe.evals.targets.likelihood import Likelihood, LikelihoodTarget
from ctxpipe.evals.types import Sample
from ctxpipe.models.tokenizer import TargetTokenizer

LAYERS = (1, 2, 3)
OnProgress = Callable[[int, int, str], None]
"""Called with the records done, those in all, and the suite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """The plan of a run.

    Attributes:
        suites: Names of generated tasks and known sets, or files.
        arms: Arms; every item is run in every arm.
        out: Folder of the run; an existing run is resumed.
        data: Folder of the known sets.
        layers: Of 1 (content of the context), 2 (likelihood of the right answer) and 3 (generated answer).
        limit: Most items of a suite, at each length; None for all.
        seed: Seed for the choice of items and for generated tasks.
        lengths: Source tokens of generated tasks.
        tokenizer: Model whose tokens are counted.
        retry_errors: Retry items that ended in an error.
        reuse_scores: Compute scores once for all rates; compression is then not timed.
        pool: Folder or corpus file. Methods search its documents and those of all items; controls use only those of
            their item.
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
    reuse_scores: bool = False
    pool: Path | None = None

    def __post_init__(self) -> None:
        if not self.layers or not set(self.layers) <= set(LAYERS):
            raise UsageError(f"layers are 1, 2 and 3, not {', '.join(map(str, self.layers)) or 'none'}")
        if not self.suites:
            raise UsageError("no suite was given")
        for name in self.suites:
            check_suite(name, self.data)


@dataclass(slots=True, kw_only=True)
class RunOutcome:
    """The result of a run: records written, records that existed, and new ones without a score."""

    written: int = 0
    found: int = 0
    errors: int = 0
    truncated: int = 0
    notes: list[str] = field(default_factory=list)


def run(
    plan: RunPlan,
    target: LikelihoodTarget | None = None,
    generator: Generator | None = None,
    *,
    on_progress: OnProgress | None = None,
) -> RunOutcome:
    """Run every item and arm that has no record yet.

    Args:
        plan: What to run.
        target: Computes layer 2; needed only for that layer.
        generator: Answers in layer 3; needed only for that layer.
        on_progress: Called as records are done.

    Raises:
        UsageError: if the folder has a run with another seed, other layers or another target.
        UnreachableError: if the target's server cannot be reached; finished records stay, and the same call resumes.
        CtxpipeError: if another run writes to the folder.
        ReadError: if a suite cannot be read.
    """
    for layer, needed in ((2, target), (3, generator)):
        if layer in plan.layers and needed is None:
            raise UsageError(f"layer {layer} needs a target")
    if generator is None and any(arm.name == "cover" for arm in plan.arms):
        raise UsageError("the arm cover needs a target that answers: add layer 3 (--layers 1,3)")
    folder = RunFolder(plan.out)
    outcome = RunOutcome()
    with ExitStack() as stack:
        file = stack.enter_context(RecordFile(folder.records))
        outcome.notes += file.notes
        folder.start(_settings(plan, target, generator))
        samples = folder.keep(_samples(plan, TargetTokenizer.load(plan.tokenizer)))
        pool = None if plan.pool is None else Pool(samples, pooled_documents(plan.pool))
        maker = ContextMaker(plan.tokenizer, reuse_scores=plan.reuse_scores, generator=generator, pool=pool)
        recorder = Recorder(plan.layers, plan.seed, maker)
        if target is not None:
            likelihoods = ResultCache(folder.cache, Likelihood, target.revision, target.score)
            recorder.likelihoods = stack.enter_context(likelihoods)
            recorder.models[target.model] = target.revision
        if generator is not None:
            answers = ResultCache(folder.cache, Generated, generator.revision, generator.answer)
            recorder.answers = stack.enter_context(answers)
            recorder.models.setdefault(generator.model, generator.revision)
        _ArmRun(plan, recorder, file, outcome, on_progress or _nothing).over(samples)
    return outcome


def _settings(plan: RunPlan, target: LikelihoodTarget | None, generator: Generator | None) -> RunSettings:
    asked = target or generator
    return RunSettings(
        seed=plan.seed,
        layers=tuple(sorted(plan.layers)),
        tokenizer=plan.tokenizer,
        target="" if asked is None else f"{asked.model} {asked.revision}",
        answer_tokens=None if generator is None else generator.max_tokens,
        default="+".join(defaults()),
        pool=None if plan.pool is None else str(plan.pool.absolute()),
    )


def _nothing(done: int, total: int, suite: str) -> None:
    return None


def _samples(plan: RunPlan, tokenizer: TargetTokenizer) -> list[Sample]:
    samples: dict[str, Sample] = {}
    for name in dict.fromkeys(plan.suites):
        for sample in suite_samples(
            name,
            data=plan.data,
            limit=plan.limit,
            seed=plan.seed,
            lengths=plan.lengths,
            count_many=lambda texts: tokenizer.count_many(texts).tolist(),
        ):
            if sample.id in samples:
                raise UsageError(f"two suites have an item {sample.id!r}; run them into separate folders")
            samples[sample.id] = sample
    return list(samples.values())


@dataclass(frozen=True, slots=True)
class _ArmRun:
    plan: RunPlan
    recorder: Recorder
    file: RecordFile
    outcome: RunOutcome
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
            for record in self.recorder.records(sample, waiting):
                self.file.append(record)
                self.outcome.written += 1
                self.outcome.errors += record.status == "error"
                self.outcome.truncated += record.status == "truncated"
            done += len(self.plan.arms)
        self.on_progress(total, total, "")
