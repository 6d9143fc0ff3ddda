"""From documents to contexts: what a pipeline does before it asks."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ctxpipe.compress.chat.document import chat_in, compress_chat
from ctxpipe.compress.chat.messages import CompressedMessages, compress_messages
from ctxpipe.compress.chat.shape import Message
from ctxpipe.compress.prepare.collection import Collection
from ctxpipe.compress.select.budget import check_size
from ctxpipe.compress.types import CompressedContext, Document, OnStage, with_timing
from ctxpipe.errors import EngineError, ReadError
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.corpus.gather import Gatherer, Sources
from ctxpipe.pipeline.counted import SAMPLE, fit_counted, restated
from ctxpipe.pipeline.method import Method
from ctxpipe.pipeline.target import Connection
from ctxpipe.remote.anthropic import AnthropicCounter

_SHARE = re.compile(r"\b(\d[\d,]*) of (\d[\d,]*)\b")
OnFailure = Callable[[ReadError], None]


class Compressing:
    """Reads documents and makes contexts of them; ``Pipeline`` adds questions to a target.

    Args:
        method: Ranks, prunes and writes.
        target: Whose tokens are counted.
        gatherer: Reads.
        notes: Collects notes for the user, which the next result carries.
        on_stage: Called with a stage's name, work done and total work.
        on_failure: Called for each document that cannot be read; None raises the first error.
    """

    def __init__(
        self,
        *,
        method: Method,
        target: Connection,
        gatherer: Gatherer,
        notes: list[str],
        on_stage: OnStage,
        on_failure: OnFailure | None,
    ) -> None:
        self._method = method
        self._target = target
        self._gatherer = gatherer
        self._notes = notes
        self.on_stage = on_stage
        self.on_failure = on_failure

    @property
    def rank(self) -> str:
        """Name of the ranker."""
        return self._method.rank

    @property
    def prune(self) -> str:
        """Name of the pruner."""
        return self._method.prune

    @property
    def remembers(self) -> bool:
        """Whether scores of its ranker or scorer can come from an earlier call."""
        return self._method.remembers

    @property
    def tokenizer(self) -> TargetTokenizer:
        """The tokenizer that counts budgets: the named one, else the target model's, else that of ``smollm2-135m``.

        A server can serve its model under another name, and the model's files can be unreachable. The embedded model's
        tokenizer is then exact enough for compression; the prompt is fitted by the server's own count.
        """
        return self._target.counter().tokenizer

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on what has been read that no result has carried yet."""
        return tuple(self._notes)

    def read(self, documents: Sources) -> tuple[Document, ...]:
        """Read paths (files, directories, globs, ``-``, corpus files); documents are returned unchanged.

        Raises:
            ReadError: the first failure, unless ``on_failure`` is set; and if nothing could be read.
        """
        return self.prepare(documents).documents

    def prepare(self, documents: Sources) -> Collection:
        """Read paths to a collection, which answers any number of questions and prepares each document once.

        Args:
            documents: See ``compress``.

        Raises:
            ReadError: see ``read``.
            CorpusError: if a corpus file cannot be opened.
        """
        self.on_stage("read", 0, 0)
        gathered = self._gatherer.gather(documents)
        for place, failure in enumerate(gathered.failures, start=1):
            if self.on_failure is None or (place == len(gathered.failures) and not gathered.collection.prepared):
                raise failure
            self.on_failure(failure)
        self._notes.extend(gathered.notes)
        return gathered.collection

    def compress(
        self,
        documents: Sources,
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
    ) -> CompressedContext:
        """Compress documents to at most ``budget`` tokens, or to a share ``rate`` of their tokens.

        Args:
            documents: One or several paths (a ``str`` is a path; text is passed as a ``Document``), a corpus file, a
                ``Corpus``, or what ``prepare`` gave.
            question: The question; the best text for it is kept. Without a question, what
                says most of the whole.
            budget: Most tokens of the result.
            rate: Share of the source's tokens, above 0 and at most 1.

        Raises:
            UsageError: unless exactly one of budget and rate is given and valid.
            ReadError: see ``read``.
            ModelError: if a model cannot be loaded.
        """
        check_size(budget, rate)
        started = time.perf_counter()
        sources = self.prepare(documents)
        reading = time.perf_counter() - started
        context = self.context_of(sources, question, budget, rate)
        return with_timing(context, "read", reading)

    def context_of(
        self,
        documents: Collection,
        question: str | None,
        budget: int | None,
        rate: float | None,
        *,
        asks: bool = False,
    ) -> CompressedContext:
        """Compress prepared documents; see ``compress``.

        Args:
            documents: What ``prepare`` gave, or a ``Corpus``.
            question: See ``compress``.
            budget: See ``compress``.
            rate: See ``compress``.
            asks: Whether the target will be asked with it, which numbers the excerpts.
        """
        started = time.perf_counter()
        counter = self._target.counter(asking=asks)
        loading = time.perf_counter() - started
        compressor = self._method.compressor(counter.tokenizer, asks=asks)
        chat = chat_in(documents.documents[0]) if len(documents.prepared) == 1 else None

        def made(budget: int | None) -> CompressedContext:
            if chat is not None:
                return compress_chat(compressor, chat, question=question, budget=budget, rate=rate)
            return compressor.compress(documents, question=question, budget=budget, rate=rate, on_stage=self.on_stage)

        api = counter.api
        context = made(budget) if api is None else _counted(made, api, counter.tokenizer, documents, budget)
        self._gatherer.keep(documents, counter.tokenizer)
        noted, self._notes[:] = ("" if api else counter.note, *self._notes), []
        context = dataclasses.replace(context, notes=(*filter(None, noted), *context.notes))
        return with_timing(context, "tokenizer", loading)

    def compress_messages(
        self,
        messages: Sequence[Message],
        *,
        budget: int,
        question: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> CompressedMessages:
        """Fit a chat into a budget by whole turns.

        System and developer messages and the last user turn stay whole; a tool call and its results go together; long
        texts are cut like documents, and marked. Without a question the oldest turns go first, with one the least
        relevant. A message counts its texts, its calls as JSON and 4 tokens of the template.

        Args:
            messages: The chat in OpenAI's form.
            budget: Most tokens, tools included.
            question: What the kept turns should serve.
            tools: Schemas of the tools that may be called; they are not changed.

        Raises:
            UsageError: for a budget below 1, or messages without roles or content.
            ChatBudgetError: when what must stay is more than the budget.
            ModelError: if a model cannot be loaded.
        """
        counter = self._target.counter()
        made = compress_messages(
            self._method.compressor(counter.tokenizer), messages, budget=budget, question=question, tools=tools
        )
        noted, self._notes[:] = (counter.note, *_summed(self._notes)), []
        return dataclasses.replace(made, notes=(*filter(None, noted), *made.notes))

    async def acompress(
        self,
        documents: Sources,
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
    ) -> CompressedContext:
        """``compress`` in a thread, for event loops."""
        return await asyncio.to_thread(self.compress, documents, question=question, budget=budget, rate=rate)


def _counted(
    made: Callable[[int | None], CompressedContext],
    api: AnthropicCounter,
    estimate: TargetTokenizer,
    documents: Collection,
    budget: int | None,
) -> CompressedContext:
    """A context whose size an API has counted; if it does not count, the estimate holds, and a note says so."""
    place = api.transport.base
    try:
        if budget is None:
            context = made(None)
            tokens = api.count(context.text)
            ratio = tokens / context.kept_tokens if tokens else 1.0
            context = restated(context, tokens, ratio, budget=max(tokens, round(ratio * context.budget)))
        else:
            sample = documents.prepared[0].document.text[:SAMPLE] if documents.prepared else ""
            ratio = max(1, api.count(sample)) / max(1, estimate.count(sample))
            context = fit_counted(made, api.count, budget=budget, ratio=ratio)
    except EngineError as error:
        told = f"{place} does not count ({error}), so tokens are estimated, rather too many than too few"
        context = made(budget)
        return dataclasses.replace(context, notes=(told, *context.notes))
    told = f"{place} counted what was kept, to which that was sent, and a sample; tokens of the sources are estimated"
    return dataclasses.replace(context, notes=(told, *context.notes))


def _summed(notes: Iterable[str]) -> list[str]:
    """Notes on many texts as notes on all: each once, and "2 of 7" of one with "3 of 4" of another as "5 of 11"."""
    shares: dict[tuple[str, str], list[int]] = {}
    for note in notes:
        head, some, of, tail = (*_SHARE.split(note, 1), "", "", "")[:4]
        numbers = [int(number.replace(",", "") or 0) for number in (some, of)]
        shares[head, tail] = [a + b for a, b in zip(shares.get((head, tail), [0, 0]), numbers, strict=True)]
    return [f"{head}{some:,} of {of:,}{tail}" if of else head for (head, tail), (some, of) in shares.items()]
