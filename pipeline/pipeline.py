"""The one obvious way in: a pipeline that keeps its models loaded, and two functions that make one."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from os import PathLike
from typing import Any, Literal

from ctxpipe.compress.cache.score_cache import MEGABYTES, ScoreCache
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.prune.cached import RememberingScorer
from ctxpipe.compress.rank.cached import RememberingEmbedder
from ctxpipe.compress.rankers import CACHING, EMBEDDING, NOTING, RANKERS
from ctxpipe.compress.scorers import MODEL_FREE, SCORERS
from ctxpipe.compress.select.budget import check_size
from ctxpipe.compress.select.keep import Keep, split_tokens
from ctxpipe.compress.types import CompressedContext, Document, OnStage, Scorer, with_timing
from ctxpipe.errors import ModelError, ReadError, UsageError
from ctxpipe.models import resolve as models
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.old_names import old_keywords
from ctxpipe.pipeline.ask.fit import Request, ask, check_request
from ctxpipe.pipeline.readers.read import read
from ctxpipe.pipeline.types import Run
from ctxpipe.remote.cancel import in_thread
from ctxpipe.serving.engines import connect
from ctxpipe.serving.types import Engine, OnText

Source = str | PathLike[str] | Document
Sources = Source | Sequence[Source]
OnFailure = Callable[[ReadError], None]

DEFAULT_TOKENIZER = "smollm2-135m"
DEFAULT_EMBEDDER = "minilm-l6"
DEFAULT_RANK = "learned"
DEFAULT_PRUNE = "none"
MAX_TOKENS = 512
"""Room left for the answer unless told otherwise."""


class Pipeline:
    """Reads, compresses, asks and cites, and keeps its models loaded between calls.

    Args:
        rank: ``"bm25"``, ``"embedding"``, ``"hybrid"``, ``"learned"``, another registered ranker, ``"none"``, or
            ``"auto"``: the one that measured best. Used when there is a question.
        prune: ``"none"`` (whole sentences), ``"surprisal"``, ``"contrastive"``, a floor (``"random"``,
            ``"head-tail"``), another registered scorer, or ``"auto"``.
        prune_model: Model that the pruner scores with; None for its own default.
        prune_url: vLLM server that runs the pruner's model in place of this machine. Its key is read from
            ``CTXPIPE_PRUNE_API_KEY``.
        keep: Regular expressions (of the ``regex`` library); what matches is kept before anything else.
        force_tokens: Strings, or a text with commas between them, that stay wherever anything else of their sentence
            does.
        score_cache: Megabytes of scores and embeddings kept in the user's cache for later calls, of this process and
            others; 0 neither uses nor keeps any.
        tokenizer: Model whose tokens budgets count; None for the target's.
        target: ``"local"``, the URL of an OpenAI-compatible server, or another registered engine.
        model: The target's model; None for the embedded one, or the only one that a server has.
        window: The target's window in tokens, when it cannot say itself.
        max_tokens: Room left for the answer.
        timeout: Seconds to wait for an answer.
        endpoint: How a server is asked: ``"chat"``, ``"completion"`` (plain turns, for base models), or ``"auto"``: by
            whether the model has a chat template.
        decode_errors: What undecodable bytes do: ``"strict"`` refuses the file, ``"replace"`` marks them.
        trust_remote_code: Whether code that comes with a model may run.
        engine: An engine to use in place of ``target``.
        on_stage: Called with a stage's name, work done and work in all.
        on_failure: Called for each document that cannot be read, and the others go on; None raises the first.

    Raises:
        UsageError: for unknown names, here and not later.
    """

    @old_keywords(scorer="prune_model", scorer_url="prune_url", errors="decode_errors")
    def __init__(
        self,
        *,
        rank: str = "auto",
        prune: str = "auto",
        prune_model: str | None = None,
        prune_url: str | None = None,
        keep: Sequence[str] = (),
        force_tokens: str | Sequence[str] = (),
        score_cache: int = MEGABYTES,
        tokenizer: str | None = None,
        target: str = "local",
        model: str | None = None,
        window: int | None = None,
        max_tokens: int = MAX_TOKENS,
        timeout: float = 300.0,
        endpoint: Literal["auto", "chat", "completion"] = "auto",
        decode_errors: Literal["strict", "replace"] = "strict",
        trust_remote_code: bool = False,
        engine: Engine | None = None,
        on_stage: OnStage | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        if max_tokens < 1:
            raise UsageError(f"the answer needs room for at least 1 token, not {max_tokens}")
        self.rank = DEFAULT_RANK if rank == "auto" else rank
        self.prune = DEFAULT_PRUNE if prune == "auto" else prune
        self.target = target
        self.model = model
        self.window = window
        self.max_tokens = max_tokens
        self.timeout = timeout
        self.endpoint: Literal["auto", "chat", "completion"] = endpoint
        self.decode_errors: Literal["strict", "replace"] = decode_errors
        self._tokenizer_name = tokenizer
        self._prune_model = prune_model
        self._trust = trust_remote_code
        self._engine = engine
        self.on_stage: OnStage = on_stage or (lambda stage, done, total: None)
        self.on_failure = on_failure
        self._keep = Keep(
            patterns=(keep,) if isinstance(keep, str) else tuple(keep),
            force_tokens=split_tokens(force_tokens) if isinstance(force_tokens, str) else tuple(force_tokens),
        )
        self._notes: list[str] = []
        self._cache = _cache(score_cache)
        # Who asked for no ranking by name need not hear what part of it was left to another.
        noting = rank != "auto"
        self._ranker = None if self.rank == "none" else RANKERS.create(self.rank, **self._ranker_options(noting))
        self._scorer = self._remembering(self._make_scorer(prune_url))

    def _ranker_options(self, noting: bool) -> dict[str, object]:
        options: dict[str, object] = {"on_note": self._notes.append} if noting and self.rank in NOTING else {}
        if self._cache is not None and self.rank in EMBEDDING:
            options["embedder"] = RememberingEmbedder.of(DEFAULT_EMBEDDER, self._cache, self._notes.append)
        if self._cache is not None and self.rank in CACHING:
            options["cache"] = self._cache
        return options

    def _remembering(self, scorer: Scorer) -> Scorer:
        return scorer if self._cache is None else RememberingScorer(scorer, self._cache, self._notes.append)

    def _make_scorer(self, url: str | None) -> Scorer:
        if url is None:
            return SCORERS.create(self.prune, **self._scorer_options())
        from ctxpipe.compress.prune.hosted.scorer import HostedScorer

        return HostedScorer(self.prune, url, model=self._prune_model, trust_remote_code=self._trust)

    def _scorer_options(self) -> dict[str, object]:
        if self.prune in MODEL_FREE:
            if self._prune_model is not None:
                raise UsageError(f"--prune {self.prune} uses no model, so --prune-model has no effect")
            return {}
        options: dict[str, object] = {"trust_remote_code": self._trust} if self._trust else {}
        return options if self._prune_model is None else {**options, "model": self._prune_model}

    @cached_property
    def engine(self) -> Engine:
        """The target, connected when first needed."""
        if self._engine is not None:
            return self._engine
        return connect(
            self.target,
            model=self.model,
            timeout=self.timeout,
            window=self.window,
            trust_remote_code=self._trust,
            resolve=models.resolve,
            count_text=self._count_text,
            endpoint=self.endpoint,
        )

    def _count_text(self, text: str) -> int:
        return self.tokenizer.count_long(text)

    @cached_property
    def tokenizer(self) -> TargetTokenizer:
        """What budgets count in: the one named, else the target model's, else the embedded model's.

        A server's model may go by a name of its own, and its files may be out of reach. What then counts is near
        enough to compress by; the prompt is made to fit by the server's own count.
        """
        if self._tokenizer_name or (self.model and self.target == "local"):
            return self._load_tokenizer(self._tokenizer_name or str(self.model))
        if self.target == "local" or "engine" not in self.__dict__:
            return self._load_tokenizer(self.model or DEFAULT_TOKENIZER)
        for name in filter(None, (self.engine.model, getattr(self.engine, "tokenizer", None))):
            try:
                # No server may name the code that runs here.
                return TargetTokenizer.load(name, trust_remote_code=self._trust and name == self.model)
            except (ModelError, UsageError):
                continue
        self._notes.append(
            f"the tokenizer of {self.engine.model} is out of reach, so {DEFAULT_TOKENIZER}'s counts in its place; "
            "name one with --tokenizer"
        )
        return self._load_tokenizer(DEFAULT_TOKENIZER)

    def _load_tokenizer(self, name: str) -> TargetTokenizer:
        return TargetTokenizer.load(name, trust_remote_code=self._trust)

    def read(self, documents: Sources) -> tuple[Document, ...]:
        """Read paths (files, directories, globs, ``-``); documents pass through.

        Raises:
            ReadError: the first failure, unless ``on_failure`` takes them; and if nothing could be read.
        """
        self.on_stage("read", 0, 0)
        listed = [documents] if isinstance(documents, (str, PathLike, Document)) else list(documents)
        result = read(listed, errors=self.decode_errors)
        for place, failure in enumerate(result.failures, start=1):
            if self.on_failure is None or (place == len(result.failures) and not result.documents):
                raise failure
            self.on_failure(failure)
        return result.documents

    def compress(
        self,
        documents: Sources,
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
    ) -> CompressedContext:
        """Keep what matters most of some documents in at most ``budget`` tokens, or ``rate`` of their tokens.

        Args:
            documents: A path or several (a ``str`` is a path; text comes as a ``Document``).
            question: What will be asked; the best text for it is kept. Without one, nothing is ranked.
            budget: Most tokens of the result.
            rate: Share of the source's tokens, above 0 and at most 1.

        Raises:
            UsageError: unless exactly one of budget and rate is given and makes sense.
            ReadError: see ``read``.
            ModelError: if a model cannot be had.
        """
        check_size(budget, rate)
        started = time.perf_counter()
        found = self.read(documents)
        reading = time.perf_counter() - started
        context = self._compress(found, question, budget, rate)
        return with_timing(context, "read", reading)

    def _compress(
        self, documents: Sequence[Document], question: str | None, budget: int | None, rate: float | None
    ) -> CompressedContext:
        started = time.perf_counter()
        tokenizer = self.tokenizer
        loading = time.perf_counter() - started
        compressor = Compressor(
            tokenizer=tokenizer,
            ranker=self._ranker,
            scorer=self._scorer,
            rank=self.rank,
            prune=self.prune,
            keep=self._keep,
        )
        context = compressor.compress(documents, question=question, budget=budget, rate=rate, on_stage=self.on_stage)
        noted, self._notes[:] = tuple(self._notes), []
        return with_timing(dataclasses.replace(context, notes=(*noted, *context.notes)), "tokenizer", loading)

    def query(
        self,
        documents: Sources,
        *,
        question: str,
        budget: int | None = None,
        rate: float | None = None,
        raw: bool = False,
        on_text: OnText | None = None,
    ) -> Run:
        """Ask a question of some documents.

        Args:
            documents: As for ``compress``.
            question: The question; it is never compressed.
            budget: Most tokens of context; by default as many as the window leaves room for.
            rate: Share of the source's tokens, instead of a budget.
            raw: Send everything, uncompressed.
            on_text: Called with each piece of the answer as it arrives.

        Raises:
            UsageError: for an empty question, or a budget that makes no sense.
            WindowError: if the question alone does not fit, or with ``raw`` everything together.
            ReadError, ModelError, EngineError: as their names say.
        """
        check_request(question, budget, rate, raw)
        started = time.perf_counter()
        found = self.read(documents)
        reading = time.perf_counter() - started
        self.on_stage("connect", 0, 0)
        started = time.perf_counter()
        engine = self.engine
        connecting = time.perf_counter() - started
        request = Request(
            documents=found,
            question=question,
            budget=budget,
            rate=rate,
            raw=raw,
            max_tokens=self.max_tokens,
            engine=engine,
            target=self.target,
            compress=self._compress,
            special_strings=lambda: self.tokenizer.special_strings,
            on_stage=self.on_stage,
            on_text=on_text,
        )
        return ask(request, {"read": reading, "connect": connecting})

    async def acompress(
        self,
        documents: Sources,
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
    ) -> CompressedContext:
        """``compress`` in a thread, so that an event loop goes on."""
        return await asyncio.to_thread(self.compress, documents, question=question, budget=budget, rate=rate)

    async def aquery(
        self,
        documents: Sources,
        *,
        question: str,
        budget: int | None = None,
        rate: float | None = None,
        raw: bool = False,
        on_text: OnText | None = None,
    ) -> Run:
        """``query`` in a thread, so that an event loop goes on; ``on_text`` is called from that thread.

        Cancelling the task closes the connection to a server, which then stops working on the answer.
        """
        return await in_thread(
            self.query, documents, question=question, budget=budget, rate=rate, raw=raw, on_text=on_text
        )


def _cache(megabytes: int) -> ScoreCache | None:
    if megabytes < 0:
        raise UsageError(f"the score cache may take 0 megabytes or more, not {megabytes}")
    return ScoreCache(megabytes=megabytes) if megabytes else None


def compress(
    documents: Sources,
    *,
    question: str | None = None,
    budget: int | None = None,
    rate: float | None = None,
    **options: Any,
) -> CompressedContext:
    """Keep what matters most of some documents in at most ``budget`` tokens.

    Example::

        context = compress(["report.pdf", Document(text="...", source="note")], question="Who signed?", budget=6000)
        context.text, context.kept_tokens, context.spans

    Args:
        documents: A path or several; text comes as a ``Document``.
        question: What will be asked.
        budget: Most tokens of the result, or
        rate: share of the source's tokens, above 0 and at most 1.
        **options: As for ``Pipeline``.

    Raises:
        CtxpipeError: see ``Pipeline.compress``.
    """
    return Pipeline(**options).compress(documents, question=question, budget=budget, rate=rate)


def query(
    documents: Sources,
    *,
    question: str,
    budget: int | None = None,
    rate: float | None = None,
    raw: bool = False,
    on_text: OnText | None = None,
    **options: Any,
) -> Run:
    """Ask a question of documents of any length.

    Example::

        run = query("report.pdf", question="What did the auditors find?")
        run.answer.text, run.citations

    Args:
        documents: A path or several; text comes as a ``Document``.
        question: The question.
        budget: Most tokens of context; by default as many as the window leaves room for.
        rate: Share of the source's tokens, instead of a budget.
        raw: Send everything, uncompressed.
        on_text: Called with each piece of the answer as it arrives.
        **options: As for ``Pipeline``.

    Raises:
        CtxpipeError: see ``Pipeline.query``.
    """
    pipeline = Pipeline(**options)
    return pipeline.query(documents, question=question, budget=budget, rate=rate, raw=raw, on_text=on_text)
