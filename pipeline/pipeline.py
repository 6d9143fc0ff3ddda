"""The main interface: a pipeline that reads, compresses and asks, and keeps its models loaded."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Literal

from ctxpipe.compress.cache.score_cache import MEGABYTES, Caching
from ctxpipe.compress.rank.resources import Effort
from ctxpipe.compress.scorers import Pruning
from ctxpipe.compress.select.formats import Format, Numbered
from ctxpipe.compress.select.keep import Keep
from ctxpipe.compress.types import OnStage, Ranker, Scorer
from ctxpipe.errors import UsageError
from ctxpipe.pipeline.ask.fit import Compress, Request, ask, check_request
from ctxpipe.pipeline.compressing import Compressing, OnFailure
from ctxpipe.pipeline.corpus.gather import Gatherer, Sources
from ctxpipe.pipeline.cover.cover import cover as read_all
from ctxpipe.pipeline.cover.job import Job
from ctxpipe.pipeline.cover.store import AnswerStore
from ctxpipe.pipeline.cover.types import Cost, Cover, How
from ctxpipe.pipeline.keywords import former_keywords
from ctxpipe.pipeline.method import Method
from ctxpipe.pipeline.readers.reader import check_errors
from ctxpipe.pipeline.target import Connection
from ctxpipe.pipeline.types import Run
from ctxpipe.remote.cancel import in_thread
from ctxpipe.serving.engines import Target
from ctxpipe.serving.types import Engine, OnText

MAX_TOKENS = 512
"""Default number of tokens reserved for the answer."""


class Pipeline(Compressing):
    """Reads, compresses, asks and cites, and keeps its models loaded between calls.

    ``prune``, ``keep``, ``score_cache`` and ``target`` take a plain value or an object with all options of their kind.

    Args:
        rank: ``"bm25"``, ``"embedding"``, ``"hybrid"``, ``"learned"``, another registered ranker, ``"none"``, or
            ``"auto"``, the one that measured best; or an object with ``rank``. Without a question ``"spread"`` takes
            the place of all but ``"none"``, which keeps the beginning.
        effort: How much of long documents is ranked, and read by the learned ranking: ``"fast"``, ``"default"``,
            ``"high"``.
        prune: ``"none"`` (whole sentences), ``"llmlingua"``, ``"longllmlingua"``, a baseline (``"random"``,
            ``"head-tail"``), another registered scorer, or ``"auto"``; an object that has ``score``; or a ``Pruning``.
        prune_model: Model that the pruner scores with; None for its own default.
        prune_url: vLLM server that runs the pruner's model in place of this machine. Its key is read from
            ``CTXPIPE_PRUNE_API_KEY``.
        keep: Regular expressions (of the ``regex`` library), or a ``Keep``; what matches is kept before anything else.
        score_cache: Megabytes of scores and embeddings kept in the user's cache for later calls, of this process and
            others, or a ``Caching``; 0 neither uses nor keeps any.
        format: How kept text is written: ``"labelled"``, ``"plain"``, ``"numbered"``, ``"xml"``, ``"json"``, another
            registered format, or an object that has ``write``. None writes ``"labelled"`` and asks with
            ``"numbered"``, so that the answer can cite.
        tree: Whether a tree of what was read stands before the kept text, in at most a tenth of the budget.
        tokenizer: Model whose tokens budgets count; None for the target's.
        target: ``"local"``, the URL of an OpenAI-compatible server, another registered engine, an object with
            ``answer``, or a ``Target``.
        model: The target's model; None for the embedded one, or a server's only one.
        max_tokens: Tokens reserved for the answer.
        decode_errors: For undecodable bytes: ``"strict"`` refuses the file, ``"replace"`` replaces them by U+FFFD.
        all_files: Whether directories and patterns give ignored, vendored, built, lock, minified, generated and hidden
            files too.
        trust_remote_code: Whether code that ships with a model may run.
        processes: How many prepare documents that have millions of characters together. With more than one, each
            imports the calling program, which must be safe to import.
        on_stage: Called with a stage's name, work done and total work.
        on_failure: Called for each document that cannot be read; the others are still read. None raises the first
            error.

    Raises:
        UsageError: for unknown names and invalid options, at once and not at first use.
    """

    @former_keywords
    def __init__(
        self,
        *,
        rank: str | Ranker = "auto",
        effort: Effort = "default",
        prune: str | Scorer | Pruning = "auto",
        prune_model: str | None = None,
        prune_url: str | None = None,
        keep: str | Sequence[str] | Keep = (),
        score_cache: int | Caching = MEGABYTES,
        format: str | Format | None = None,
        tree: bool = False,
        tokenizer: str | None = None,
        target: str | Engine | Target = "local",
        model: str | None = None,
        max_tokens: int = MAX_TOKENS,
        decode_errors: Literal["strict", "replace"] = "strict",
        all_files: bool = False,
        trust_remote_code: bool = False,
        processes: int = 1,
        on_stage: OnStage | None = None,
        on_failure: OnFailure | None = None,
    ) -> None:
        if max_tokens < 1:
            raise UsageError(f"max_tokens must be at least 1, not {max_tokens}")
        if processes < 1:
            raise UsageError(f"processes must be at least 1, not {processes}")
        check_errors(decode_errors)
        self.max_tokens = max_tokens
        self._cache = Caching.of(score_cache).open()
        notes: list[str] = []
        told: OnStage = on_stage or (lambda stage, done, total: None)
        super().__init__(
            method=Method(
                rank=rank,
                effort=effort,
                pruning=Pruning.of(prune, model=prune_model, url=prune_url),
                keep=Keep.of(keep),
                format=format,
                tree=tree,
                cache=self._cache,
                trust_remote_code=trust_remote_code,
                on_note=notes.append,
            ),
            target=Connection(
                Target.of(target, model=model),
                tokenizer=tokenizer,
                trust_remote_code=trust_remote_code,
                on_stage=told,
                on_note=notes.append,
            ),
            gatherer=Gatherer(
                errors=decode_errors,
                all_files=all_files,
                cache=self._cache is not None,
                on_progress=lambda done, total: told("read", done, total),
                processes=processes,
            ),
            notes=notes,
            on_stage=told,
            on_failure=on_failure,
        )

    @property
    def target(self) -> str:
        """The target's name or URL."""
        return self._target.target.name

    @property
    def engine(self) -> Engine:
        """The engine, connected when first needed."""
        return self._target.engine

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
        """Ask a question about documents.

        Args:
            documents: See ``compress``.
            question: The question; it is never compressed.
            budget: Most tokens of context; by default what the target reads well (600 for a model on this machine's
                processor, else 32,768), or what the window leaves room for where that is less.
            rate: Share of the source's tokens, in place of a budget.
            raw: Send everything, uncompressed.
            on_text: Called with each piece of the answer as it arrives.

        Raises:
            UsageError: for an empty question or an invalid budget.
            WindowError: if the question does not fit, or with ``raw`` if everything together does not.
            ReadError: if a document cannot be read.
            ModelError: if a model cannot be loaded.
            EngineError: if the target does not answer.
        """
        check_request(question, budget, rate, raw)
        started = time.perf_counter()
        sources = self.prepare(documents)
        reading = time.perf_counter() - started
        return self.ask(
            question,
            lambda budget, rate: self.context_of(sources, question, budget, rate, asks=True),
            budget=budget,
            rate=rate,
            raw=raw,
            on_text=on_text,
            reading=reading,
        )

    def ask(
        self,
        question: str,
        compress: Compress,
        *,
        budget: int | None = None,
        rate: float | None = None,
        raw: bool = False,
        on_text: OnText | None = None,
        reading: float = 0.0,
    ) -> Run:
        """Ask with contexts that are made elsewhere; see ``query``.

        Args:
            question: The question.
            compress: Makes the context of a budget or a rate; called until the prompt fits.
            budget: See ``query``.
            rate: See ``query``.
            raw: See ``query``.
            on_text: See ``query``.
            reading: Seconds that reading took, for the record.
        """
        check_request(question, budget, rate, raw)
        self.on_stage("connect", 0, 0)
        started = time.perf_counter()
        engine = self.engine
        connecting = time.perf_counter() - started
        request = Request(
            question=question,
            budget=budget,
            rate=rate,
            raw=raw,
            max_tokens=self.max_tokens,
            engine=engine,
            target=self.target,
            compress=compress,
            on_stage=self.on_stage,
            on_text=on_text,
        )
        return ask(request, {"read": reading, "connect": connecting})

    def cover(
        self,
        documents: Sources,
        *,
        question: str,
        how: How = "whole",
        window: int | None = None,
        concurrency: int | None = None,
        on_cost: Callable[[Cost], None] | None = None,
        on_text: OnText | None = None,
    ) -> Run:
        """Ask a question that needs all of the documents: what was decided, how many there are, a summary.

        The documents are cut into overlapping windows that fit the target. The target notes what each window says on
        the question, and answers from the notes; if they do not fit into one prompt, it joins groups of them first.
        Questions for lists and numbers of things (in English) are answered from lists without repetitions. Notes are
        stored beside the score cache, so the same call continues a stopped run.

        Args:
            documents: See ``compress``.
            question: The question.
            how: ``"whole"`` reads everything; ``"compress"`` makes windows of four times the size and compresses each.
            window: Most tokens of a window; None for 1,500 with a model on this machine's processor, else 8,000.
            concurrency: Requests at a time; None for 8 at a server and 1 on this machine.
            on_cost: Called with the number of requests and their tokens before any; an exception that it raises ends
                the run.
            on_text: Called with each piece of the answer as it arrives.

        Returns:
            The answer; its context holds the cited sentences, its citations are those of the answer.

        Raises:
            UsageError: for an empty question or an invalid option.
            WindowError: if the question does not fit.
            ReadError: if a document cannot be read.
            ModelError: if a model cannot be loaded.
            EngineError: if no window or the last request is answered. The failure of a single window is a note.
        """
        check_request(question, None, None, False)
        started = time.perf_counter()
        sources = self.read(documents)
        reading = time.perf_counter() - started
        self.on_stage("connect", 0, 0)
        started = time.perf_counter()
        engine, tokenizer = self.engine, self._target.counter(asking=True).tokenizer
        compressor = dataclasses.replace(self._method.compressor(tokenizer), format=Numbered())
        job = Job(
            documents=sources,
            question=question,
            engine=engine,
            target=self.target,
            max_tokens=self.max_tokens,
            tokenizer=tokenizer,
            compress=lambda parts, budget: compressor.compress(parts, question=question, budget=budget),
            store=AnswerStore.beside(engine, self._cache),
            options=Cover(how=how, window=window, concurrency=concurrency, on_cost=on_cost),
            on_stage=self.on_stage,
            on_text=on_text,
            on_note=self._notes.append,
        )
        run = read_all(job, {"read": reading, "connect": time.perf_counter() - started})
        noted, self._notes[:] = tuple(self._notes), []
        return dataclasses.replace(run, context=dataclasses.replace(run.context, notes=noted))

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
        """``query`` in a thread, for event loops; ``on_text`` is called in that thread.

        Cancelling the task closes the connection to a server, which then stops working on the answer.
        """
        return await in_thread(
            self.query, documents, question=question, budget=budget, rate=rate, raw=raw, on_text=on_text
        )
