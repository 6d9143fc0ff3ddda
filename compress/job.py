"""One compression, stage by stage."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ctxpipe.compress import blend
from ctxpipe.compress import pool as pooling
from ctxpipe.compress.budget import ENOUGH, priority, select
from ctxpipe.compress.control import neutralise
from ctxpipe.compress.counting import Estimates
from ctxpipe.compress.pool import Sentences, Structure
from ctxpipe.compress.render import Pool, merge, render
from ctxpipe.compress.types import BoolArray, CompressedContext, Document, FloatArray, OnStage, SourceInfo, Span
from ctxpipe.compress.units import build_units

if TYPE_CHECKING:
    from ctxpipe.compress.compressor import Compressor

_POOL_WHOLE = 1.5
_POOL_PRUNED = 2.5
"""How many budgets of ranked sentences the selector sees when sentences stay whole, and when they are pruned."""
_CUT_FINELY = 3
SEPARATOR = "\n\n"
"""What stands between documents that are kept whole."""


class Job:
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
        """Do it; exactly one of the two is given and has been checked."""
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
        ranked = self._ranked(found)
        with self._stage("prune"):
            found, pool = self._pooled(structures, ranked, total, allowed)
            scores = self._scored(pool, found, frozenset())
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

    def _ranked(self, found: Sentences) -> Sentences:
        if not self.question or self.owner.ranker is None:
            return found
        with self._stage("rank"):
            progress = partial(self.on_stage, "rank")
            return pooling.rank(self.documents, found, self.owner.ranker, self.question, progress)

    def _pooled(
        self, structures: Sequence[Structure], ranked: Sentences, total: int, budget: int
    ) -> tuple[Sentences, Pool]:
        """The sentences that the selector sees, and their units: all, or the best few budgets' worth."""
        whole = self.owner.prune == "none"
        if ranked.score is None and not whole:
            return ranked, self._pool(structures, ranked, budget, frozenset())
        wanted = (_POOL_WHOLE if whole else _POOL_PRUNED) * budget
        characters = wanted * sum(len(d.text) for d in self.documents) / max(1, total) + 2000
        while True:
            found = pooling.best(ranked, characters)
            pool = self._pool(structures, found, budget, frozenset())
            # Characters a token differ between documents, so the average may have promised too much.
            if len(found.segments) == len(ranked.segments) or pool.units.cost.sum() >= min(wanted, 1.25 * budget):
                return found, pool
            characters *= 2

    def _scored(self, pool: Pool, found: Sentences, fine: frozenset[int]) -> FloatArray:
        texts, members = blend.scoring_texts(pool, found)
        own = [s.values for s in self.owner.scorer.score(texts, self.question, partial(self.on_stage, "prune"))]
        return blend.unit_scores(pool, found, members, own, fine)

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
                Estimates(tokenizer=self.owner.tokenizer),
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
        finer = self._pool(structures, found, budget, fine)
        again, tokens = self._select(finer, self._scored(finer, found, fine), budget)
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
