"""Documents in, a context of at most so many tokens out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from ctxpipe.compress import blend
from ctxpipe.compress import pool as pooling
from ctxpipe.compress.budget import ENOUGH, priority, select
from ctxpipe.compress.control import mute, neutralise
from ctxpipe.compress.pool import Sentences, Structure
from ctxpipe.compress.render import Pool, merge, render
from ctxpipe.compress.types import (
    BoolArray,
    CompressedContext,
    Document,
    FloatArray,
    IntArray,
    Ranker,
    Scorer,
    SourceInfo,
    Span,
)
from ctxpipe.compress.units import build_units
from ctxpipe.errors import UsageError

OnStage = Callable[[str, int, int], None]
"""Called with the stage's name, work done and work in all."""

_POOL_WHOLE = 1.5
_POOL_PRUNED = 2.5
"""How many budgets of ranked sentences the selector sees when sentences stay whole, and when they are pruned."""
_CUT_FINELY = 3
SEPARATOR = "\n\n"


class Tokenizer(Protocol):
    """What compression needs of a tokenizer; ``ctxpipe.compress.tokenizer.TargetTokenizer`` is one."""

    @property
    def name(self) -> str:
        """The model as it was named."""
        ...

    @property
    def special_strings(self) -> tuple[str, ...]:
        """Text of every control token."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text, special tokens of its own not added."""
        ...

    def count_long(self, text: str) -> int:
        """The same for a text of any length, in bounded memory."""
        ...

    def count_many(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text, int64 of shape (len(texts),)."""
        ...

    def starts_many(self, texts: Sequence[str]) -> list[IntArray]:
        """Character offsets at which the tokens of each text begin."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimates:
    """A tokenizer that counts control strings as the ordinary text that they will be."""

    tokenizer: Tokenizer

    def count_many(self, texts: Sequence[str]) -> IntArray:
        return self.tokenizer.count_many([mute(text, self.tokenizer.special_strings) for text in texts])

    def starts_many(self, texts: Sequence[str]) -> list[IntArray]:
        return self.tokenizer.starts_many([mute(text, self.tokenizer.special_strings) for text in texts])


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressor:
    """Chunk, rank, prune and select under one budget.

    Attributes:
        tokenizer: The target's; budgets count in it.
        ranker: Used when there is a question; None ranks nothing.
        scorer: Prunes inside sentences.
        rank, prune: Names of the two, for the record.
    """

    tokenizer: Tokenizer
    ranker: Ranker | None
    scorer: Scorer
    rank: str
    prune: str

    def compress(
        self,
        documents: Sequence[Document],
        *,
        question: str | None = None,
        budget: int | None = None,
        rate: float | None = None,
        on_stage: OnStage | None = None,
    ) -> CompressedContext:
        """Keep what matters most, in at most ``budget`` tokens.

        Args:
            documents: In the order in which they should be read.
            question: What will be asked; without one nothing is ranked.
            budget: Most tokens, or
            rate: Share of the source's tokens, above 0 and at most 1.
            on_stage: Called as work goes on.

        Raises:
            UsageError: for a budget below 1, a rate outside (0, 1], both or neither, or no documents.
        """
        check_size(budget, rate)
        if not documents:
            raise UsageError("there is no document to compress")
        return _Job(self, tuple(documents), question or None, on_stage or _nothing).run(budget, rate)


def check_size(budget: int | None, rate: float | None) -> None:
    """Refuse a budget or rate that makes no sense.

    Raises:
        UsageError: unless exactly one is given, the budget is at least 1 or the rate is in (0, 1].
    """
    if (budget is None) == (rate is None):
        raise UsageError("give either a budget in tokens or a rate, not both and not neither")
    if budget is not None and budget < 1:
        raise UsageError(f"the budget must be at least 1 token, not {budget}")
    if rate is not None and not 0 < rate <= 1:
        raise UsageError(f"the rate must be above 0 and at most 1, not {rate}")


def _nothing(stage: str, done: int, total: int) -> None:
    return None


class _Job:
    """One compression: its documents, what is known of them so far, and the time each stage took."""

    def __init__(
        self, owner: Compressor, documents: tuple[Document, ...], question: str | None, on_stage: OnStage
    ) -> None:
        self.owner = owner
        self.documents = documents
        self.question = question
        self.on_stage = on_stage
        self.timings: dict[str, float] = {}

    def run(self, budget: int | None, rate: float | None) -> CompressedContext:
        with self._stage("count"):
            sources = self._sources()
        total = sum(source.tokens for source in sources)
        allowed = budget if budget is not None else max(1, math.floor((rate or 0.0) * total))
        if rate == 1 or total <= allowed:
            whole = self._whole(sources, allowed, force=rate == 1)
            if whole is not None:
                return whole
        with self._stage("chunk"):
            structures = [pooling.structure_of(document) for document in self.documents]
            found = self._sentences(structures, sources, total, allowed)
        found = self._ranked(found, total, allowed)
        with self._stage("prune"):
            pool, scores = self._scored(structures, found, allowed, frozenset())
        with self._stage("select"):
            kept, tokens = self._select(pool, scores, allowed)
            if tokens < allowed * ENOUGH and tokens < total * ENOUGH:
                pool, kept = self._cut_finely(structures, found, pool, scores, kept, allowed)
        return self._context(pool, kept, sources, allowed)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        self.on_stage(name, 0, 0)
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started

    def _sources(self) -> tuple[SourceInfo, ...]:
        result = []
        for index, document in enumerate(self.documents):
            self.on_stage("count", index, len(self.documents))
            tokens = self.owner.tokenizer.count_long(document.text)
            result.append(
                SourceInfo(source=document.source, kind=document.kind, characters=len(document.text), tokens=tokens)
            )
        return tuple(result)

    def _whole(self, sources: tuple[SourceInfo, ...], budget: int, *, force: bool) -> CompressedContext | None:
        """Everything, when it fits; text and spans are the documents as they are."""
        held = [(i, d) for i, d in enumerate(self.documents) if d.text]
        text = neutralise(SEPARATOR.join(d.text for _, d in held), self.owner.tokenizer.special_strings)
        tokens = self.owner.tokenizer.count_long(text)
        if tokens > budget and not force:
            return None
        spans = tuple(Span(document=i, start=0, end=len(d.text)) for i, d in held)
        return self._result(text, spans, (), sources, tokens, max(budget, tokens))

    def _sentences(
        self, structures: Sequence[Structure], sources: Sequence[SourceInfo], total: int, budget: int
    ) -> Sentences:
        ratios = [max(0.25, s.characters / max(1, s.tokens)) for s in sources]
        passages = pooling.passages(self.documents, structures, ratios)
        if self.question and self.owner.ranker is not None:
            average = sum(s.characters for s in sources) / max(1, total)
            passages = pooling.shortlist(self.documents, passages, self.question, budget, average)
        return pooling.sentences_of(self.documents, structures, passages)

    def _ranked(self, found: Sentences, total: int, budget: int) -> Sentences:
        characters = sum(len(d.text) for d in self.documents) / max(1, total)
        whole = self.owner.prune == "none"
        if self.question and self.owner.ranker is not None:
            with self._stage("rank"):
                found = pooling.rank(
                    self.documents, found, self.owner.ranker, self.question, partial(self.on_stage, "rank")
                )
            return pooling.best(found, (_POOL_WHOLE if whole else _POOL_PRUNED) * budget * characters + 2000)
        return pooling.best(found, _POOL_WHOLE * budget * characters + 2000) if whole else found

    def _scored(
        self, structures: Sequence[Structure], found: Sentences, budget: int, fine: frozenset[int]
    ) -> tuple[Pool, FloatArray]:
        pool = self._pool(structures, found, budget, fine)
        texts, members = blend.scoring_texts(pool, found)
        own = [s.values for s in self.owner.scorer.score(texts, self.question, partial(self.on_stage, "prune"))]
        return pool, blend.unit_scores(pool, found, members, own, fine)

    def _pool(self, structures: Sequence[Structure], found: Sentences, budget: int, fine: frozenset[int]) -> Pool:
        parts = []
        bounds = np.searchsorted(np.asarray(found.document), np.arange(len(self.documents) + 1))
        for index, document in enumerate(self.documents):
            first, last = int(bounds[index]), int(bounds[index + 1])
            if first == last:
                continue
            units = build_units(
                document,
                structures[index],
                found.segments[first:last],
                _Estimates(tokenizer=self.owner.tokenizer),
                whole=max(16, budget // 8),
                fine=frozenset(i - first for i in fine if first <= i < last),
            )
            parts.append((index, units, first))
        return merge(self.documents, parts)

    def _select(self, pool: Pool, scores: FloatArray, budget: int) -> tuple[BoolArray, int]:
        def count(kept: BoolArray) -> int:
            return self.owner.tokenizer.count(self._text(pool, kept)[0])

        kept = select(scores, pool.units, budget, count)
        return kept, count(kept)

    def _cut_finely(
        self,
        structures: Sequence[Structure],
        found: Sentences,
        pool: Pool,
        scores: FloatArray,
        kept: BoolArray,
        budget: int,
    ) -> tuple[Pool, BoolArray]:
        """Cut the first few segments that did not fit into small pieces, when nothing whole fills the budget."""
        order = priority(scores, pool.units)
        waiting = pool.units.segment[order[~kept[order]]]
        fine = frozenset(list(dict.fromkeys(waiting[waiting >= 0].tolist()))[:_CUT_FINELY])
        finer, finer_scores = self._scored(structures, found, budget, fine)
        again, tokens = self._select(finer, finer_scores, budget)
        before = self.owner.tokenizer.count(self._text(pool, kept)[0])
        return (finer, again) if tokens > before else (pool, kept)

    def _text(self, pool: Pool, kept: BoolArray) -> tuple[str, tuple[Span, ...]]:
        rendered = render(pool, kept)
        return neutralise(rendered.text, self.owner.tokenizer.special_strings), rendered.spans

    def _context(self, pool: Pool, kept: BoolArray, sources: tuple[SourceInfo, ...], budget: int) -> CompressedContext:
        text, spans = self._text(pool, kept)
        shielded = np.flatnonzero(kept & pool.units.protected)
        protected = tuple(
            Span(document=int(pool.owner[i]), start=int(pool.units.start[i]), end=int(pool.units.end[i]))
            for i in shielded
        )
        return self._result(text, spans, protected, sources, self.owner.tokenizer.count(text), budget)

    def _result(
        self,
        text: str,
        spans: tuple[Span, ...],
        protected: tuple[Span, ...],
        sources: tuple[SourceInfo, ...],
        tokens: int,
        budget: int,
    ) -> CompressedContext:
        return CompressedContext(
            text=text,
            spans=spans,
            documents=self.documents,
            sources=sources,
            source_tokens=sum(source.tokens for source in sources),
            kept_tokens=tokens,
            budget=budget,
            question=self.question,
            rank=self.owner.rank if self.question else "none",
            prune=self.owner.prune,
            tokenizer=self.owner.tokenizer.name,
            protected=protected,
            timings=dict(self.timings),
        )
